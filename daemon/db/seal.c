#include "daemon/db/seal.h"

#include "daemon/base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define SEAL_MAGIC  "\211SPSEAL\n"
#define SEAL_FORMAT 1
#define PAGE_SIZE   ((size_t)4096)    /* of the seal; LMDB's is the machine's, and does not matter here */
#define CHUNK_SIZE  (256 * PAGE_SIZE) /* read at once */

/* The file: this, a sum for each page (XXH3-64, seeded with the page's number; the last page may be
 * short), and XXH3-64 of all that. */
struct seal_head {
	char magic[8];
	uint32_t format, page_size;
	uint64_t bytes; /* of data.mdb */
	uint64_t pages;
};
_Static_assert(sizeof(struct seal_head) == 32, "on disk");

static uint64_t page_sum(const void *page, size_t size, uint64_t number)
{
	return XXH3_64bits_withSeed(page, size, number);
}

static uint64_t pages_in(uint64_t bytes)
{
	return bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);
}

static size_t at_most(uint64_t left, size_t most)
{
	return left < most ? (size_t)left : most;
}

/* ---- writing ---- */

struct sealing {
	int data, out;
	XXH3_state_t *all; /* of what was written so far */
	char *chunk;       /* CHUNK_SIZE */
};

static int put(struct sealing *sealing, const void *bytes, size_t size)
{
	XXH3_64bits_update(sealing->all, bytes, size);
	return file_write(sealing->out, bytes, size);
}

static int put_sums(struct sealing *sealing, uint64_t first_page, size_t size)
{
	uint64_t sums[CHUNK_SIZE / PAGE_SIZE];
	size_t count = 0;
	for (size_t at = 0; at < size; at += PAGE_SIZE, count++)
		sums[count] =
		    page_sum(sealing->chunk + at, at_most(size - at, PAGE_SIZE), first_page + count);
	return put(sealing, sums, count * sizeof sums[0]);
}

static int put_all(struct sealing *sealing, const struct seal_head *head)
{
	int result = put(sealing, head, sizeof *head);
	for (uint64_t at = 0; at < head->bytes && result == 0; at += CHUNK_SIZE) {
		size_t size = at_most(head->bytes - at, CHUNK_SIZE);
		result = file_read(sealing->data, sealing->chunk, size, at);
		if (result == 0)
			result = put_sums(sealing, at / PAGE_SIZE, size);
	}
	uint64_t sum = XXH3_64bits_digest(sealing->all);
	return result == 0 ? file_write(sealing->out, &sum, sizeof sum) : result;
}

/* data.mdb goes to disk first: pages of a write that was given up are not, and would be missed after a
 * power loss. */
static int write_part(struct sealing *sealing)
{
	struct seal_head head = {.format = SEAL_FORMAT, .page_size = (uint32_t)PAGE_SIZE};
	memcpy(head.magic, SEAL_MAGIC, sizeof head.magic);
	int result = fsync(sealing->data) == 0 ? 0 : -errno;
	if (result == 0)
		result = file_size(sealing->data, &head.bytes);
	head.pages = pages_in(head.bytes);
	if (result == 0)
		result = put_all(sealing, &head);
	if (result == 0 && fsync(sealing->out) != 0)
		result = -errno;
	return result;
}

static int make_part(const char *folder)
{
	struct sealing sealing = {.data = -1, .out = -1};
	sealing.all = XXH3_createState();
	sealing.chunk = malloc(CHUNK_SIZE);
	int result = sealing.all && sealing.chunk ? 0 : -ENOMEM;
	if (result == 0)
		result = file_open(folder, SEAL_DATA_FILE, O_RDONLY, &sealing.data);
	if (result == 0)
		result = file_open(folder, SEAL_PART_FILE, O_WRONLY | O_CREAT | O_TRUNC, &sealing.out);
	if (result == 0) {
		XXH3_64bits_reset(sealing.all);
		result = write_part(&sealing);
	}
	if (sealing.out >= 0 && close(sealing.out) != 0 && result == 0)
		result = -errno;
	if (sealing.data >= 0)
		close(sealing.data);
	free(sealing.chunk);
	XXH3_freeState(sealing.all);
	return result;
}

int seal_write(const char *folder)
{
	char part[FILE_PATH_SIZE], path[FILE_PATH_SIZE];
	int result = file_path(folder, SEAL_PART_FILE, part);
	if (result == 0)
		result = file_path(folder, SEAL_FILE, path);
	if (result != 0)
		return result;
	result = make_part(folder);
	if (result == 0 && rename(part, path) != 0)
		result = -errno;
	if (result == 0)
		return file_sync_folder(folder);
	unlink(part);
	return result;
}

int seal_remove(const char *folder)
{
	char part[FILE_PATH_SIZE], path[FILE_PATH_SIZE];
	int result = file_path(folder, SEAL_PART_FILE, part);
	if (result == 0)
		result = file_path(folder, SEAL_FILE, path);
	if (result != 0)
		return result;
	unlink(part); /* of a sealing that was killed; means nothing to anyone */
	if (unlink(path) == 0)
		return file_sync_folder(folder);
	return errno == ENOENT ? 0 : -errno;
}

/* ---- verifying ---- */

struct verifying {
	const char *folder;
	int seal, data;
	struct seal_head head;
	char *chunk; /* CHUNK_SIZE */
	uint64_t told;
	void (*tell)(void *context, const char *finding);
	void *context;
	struct seal_report report;
};

/* Whoever writes has removed the seal before. If what was read is still what stands there, nobody did: a
 * file that is open here keeps its number, so no other can have it. */
static bool is_still_there(const struct verifying *verifying)
{
	char path[FILE_PATH_SIZE];
	struct stat opened, named;
	return file_path(verifying->folder, SEAL_FILE, path) == 0 && fstat(verifying->seal, &opened) == 0 &&
	       stat(path, &named) == 0 && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/* Answers 0, or SEAL_NONE: what was found was somebody's writing. */
static int find(struct verifying *verifying, const char *format, ...) PRINTF_LIKE(2, 3);
static int find(struct verifying *verifying, const char *format, ...)
{
	char text[256];
	va_list list;
	if (!is_still_there(verifying))
		return SEAL_NONE;
	verifying->told++;
	if (!verifying->tell)
		return 0;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	verifying->tell(verifying->context, text);
	return 0;
}

static int distrust(struct verifying *verifying, const char *why)
{
	int result = find(verifying, SEAL_FILE " is damaged itself: %s", why);
	return result != 0 ? result : (int)SEAL_DAMAGED;
}

/* The seal's own bytes, before any of them is believed. */
static int check_sum_of_seal(struct verifying *verifying, uint64_t bytes)
{
	XXH3_state_t *all = XXH3_createState();
	uint64_t sum, summed = bytes - sizeof sum;
	int result = all ? 0 : -ENOMEM;
	if (result == 0)
		XXH3_64bits_reset(all);
	for (uint64_t at = 0; at < summed && result == 0; at += CHUNK_SIZE) {
		size_t size = at_most(summed - at, CHUNK_SIZE);
		result = file_read(verifying->seal, verifying->chunk, size, at);
		if (result == 0)
			XXH3_64bits_update(all, verifying->chunk, size);
	}
	if (result == 0)
		result = file_read(verifying->seal, &sum, sizeof sum, summed);
	if (result == 0 && sum != XXH3_64bits_digest(all))
		result = distrust(verifying, "its checksum does not match");
	XXH3_freeState(all);
	return result;
}

static int check_seal(struct verifying *verifying)
{
	struct seal_head *head = &verifying->head;
	uint64_t bytes = 0;
	int result = file_size(verifying->seal, &bytes);
	if (result != 0)
		return result;
	if (bytes < sizeof *head + sizeof(uint64_t))
		return distrust(verifying, "it is too short");
	result = check_sum_of_seal(verifying, bytes);
	if (result == 0)
		result = file_read(verifying->seal, head, sizeof *head, 0);
	if (result != 0)
		return result;
	if (memcmp(head->magic, SEAL_MAGIC, sizeof head->magic) != 0)
		return distrust(verifying, "it is something else");
	if (head->format != SEAL_FORMAT || head->page_size != PAGE_SIZE)
		return FAULT_FORMAT;
	if (head->pages != pages_in(head->bytes) ||
	    bytes != sizeof *head + (head->pages + 1) * sizeof(uint64_t))
		return distrust(verifying, "it does not hold what it says");
	return 0;
}

static int judge_page(struct verifying *verifying, uint64_t page, const char *bytes, size_t size,
                      uint64_t sum)
{
	uint64_t from = page * PAGE_SIZE;
	if (page_sum(bytes, size, page) == sum)
		return 0;
	verifying->report.damaged++;
	return find(verifying,
	            SEAL_DATA_FILE ": page %" PRIu64 " (bytes %" PRIu64 " to %" PRIu64
	                           ") is not as it was sealed",
	            page, from, from + size - 1);
}

/* What cannot be read together is read page by page, so that a bad sector costs its own page's name and no
 * other's. */
static int judge_apart(struct verifying *verifying, uint64_t first, size_t size, const uint64_t *sums)
{
	int result = 0;
	for (size_t at = 0, i = 0; at < size && result == 0; at += PAGE_SIZE, i++) {
		size_t left = at_most(size - at, PAGE_SIZE);
		int fault = file_read(verifying->data, verifying->chunk, left, (first + i) * PAGE_SIZE);
		if (fault == 0) {
			result = judge_page(verifying, first + i, verifying->chunk, left, sums[i]);
			continue;
		}
		verifying->report.damaged++;
		result = find(verifying, SEAL_DATA_FILE ": page %" PRIu64 " %s%s", first + i,
		              fault == FAULT_CORRUPT ? "is cut off" : "cannot be read: ",
		              fault == FAULT_CORRUPT ? "" : fault_text(fault));
	}
	return result;
}

static int judge_chunk(struct verifying *verifying, uint64_t first, size_t size)
{
	uint64_t sums[CHUNK_SIZE / PAGE_SIZE], count = pages_in(size);
	int result = file_read(verifying->seal, sums, count * sizeof sums[0],
	                       sizeof(struct seal_head) + first * sizeof sums[0]);
	if (result != 0)
		return result;
	if (file_read(verifying->data, verifying->chunk, size, first * PAGE_SIZE) != 0)
		return judge_apart(verifying, first, size, sums);
	for (size_t at = 0, i = 0; at < size && result == 0; at += PAGE_SIZE, i++)
		result = judge_page(verifying, first + i, verifying->chunk + at,
		                    at_most(size - at, PAGE_SIZE), sums[i]);
	return result;
}

static int judge_data(struct verifying *verifying)
{
	uint64_t bytes = 0;
	int result = file_size(verifying->data, &bytes);
	if (result == 0 && bytes != verifying->head.bytes)
		result = find(verifying,
		              SEAL_DATA_FILE " has %" PRIu64 " bytes, and had %" PRIu64 " when it was sealed",
		              bytes, verifying->head.bytes);
	verifying->report.bytes = verifying->head.bytes;
	verifying->report.pages = verifying->head.pages;
	for (uint64_t at = 0; at < verifying->head.bytes && result == 0; at += CHUNK_SIZE)
		result =
		    judge_chunk(verifying, at / PAGE_SIZE, at_most(verifying->head.bytes - at, CHUNK_SIZE));
	return result == 0 && verifying->told > 0 ? (int)SEAL_DAMAGED : result;
}

static int verify(struct verifying *verifying)
{
	verifying->chunk = malloc(CHUNK_SIZE);
	if (!verifying->chunk)
		return -ENOMEM;
	int result = file_open(verifying->folder, SEAL_DATA_FILE, O_RDONLY, &verifying->data);
	if (result == -ENOENT) {
		result = find(verifying, SEAL_DATA_FILE " is not there, and its seal is");
		return result != 0 ? result : (int)SEAL_DAMAGED;
	}
	if (result == 0)
		result = check_seal(verifying);
	return result == 0 ? judge_data(verifying) : result;
}

int seal_verify(const char *folder, void (*tell)(void *context, const char *finding), void *context,
                struct seal_report *ret_report)
{
	struct verifying verifying = {
	    .folder = folder, .seal = -1, .data = -1, .tell = tell, .context = context};
	char data[FILE_PATH_SIZE];
	int result = file_open(folder, SEAL_FILE, O_RDONLY, &verifying.seal);
	if (result == -ENOENT) {
		result = file_path(folder, SEAL_DATA_FILE, data);
		return result != 0 ? result : access(data, F_OK) == 0 ? (int)SEAL_NONE : -errno;
	}
	if (result != 0)
		return result;
	result = verify(&verifying);
	if (result == 0 || result == SEAL_DAMAGED)
		*ret_report = verifying.report;
	free(verifying.chunk);
	if (verifying.data >= 0)
		close(verifying.data);
	close(verifying.seal);
	return result;
}
