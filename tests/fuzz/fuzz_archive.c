/* The archive's segments as bytes: whatever stands in them is read up to what is wrong with it, which is said in a sentence.
 *
 * The first byte says what is made right before reading, so that mutations get beyond the doors: the checksums (1), the hashes of
 * the payloads and of the chain (2), the entries' numbers (4), the files' names (8). Then come the bytes; wherever a header's magic
 * stands in them another file begins. The folder is in memory where there is such a place. */
#include "daemon/archive/archive.h"
#include "daemon/archive/segment.h"
#include "daemon/journal/journal.h"
#include "proto/codes.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/scratch.h"
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 3
#define MAGIC     "SuanpanA"

enum { RIGHT_SUMS = 1, RIGHT_HASHES = 2, RIGHT_ENTRIES = 4, RIGHT_NAMES = 8 };

static char *folder;
static int folder_fd;

static void leave(void)
{
	close(folder_fd);
	scratch_free(folder);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	folder = scratch_new();
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder_fd < 0 || sodium_init() < 0)
		abort();
	atexit(leave);
	return 0;
}

/* ---- from bytes to files ---- */

struct running {
	unsigned flags;
	uint64_t next; /* entry */
	uint8_t chain[JOURNAL_HASH_SIZE];
};

static void mend_hashes(struct running *running, struct journal_record *record, const uint8_t *payload,
                        size_t size)
{
	crypto_generichash_state state;
	crypto_generichash(record->payload_hash, JOURNAL_HASH_SIZE, payload, size, NULL, 0);
	if (record->kind == JOURNAL_REFUSED)
		memset(record->payload_hash, 7, JOURNAL_HASH_SIZE); /* of bytes that are not there */
	crypto_generichash_init(&state, NULL, 0, JOURNAL_HASH_SIZE);
	crypto_generichash_update(&state, running->chain, JOURNAL_HASH_SIZE);
	crypto_generichash_update(&state, (const unsigned char *)record,
	                          offsetof(struct journal_record, chain));
	crypto_generichash_final(&state, record->chain, JOURNAL_HASH_SIZE);
}

/* The record at the start of the bytes; answers how many it takes, 0 if it is not whole. */
static size_t mend_record(struct running *running, uint8_t *bytes, size_t size)
{
	struct journal_item item;
	uint32_t length;
	if (size < SEGMENT_RECORD_HEAD + sizeof item.record)
		return 0;
	memcpy(&length, bytes, sizeof length);
	if (length < sizeof item.record || length > size - SEGMENT_RECORD_HEAD)
		return 0;
	memcpy(&item.entry, bytes + sizeof length, sizeof item.entry);
	memcpy(&item.record, bytes + SEGMENT_RECORD_HEAD, sizeof item.record);
	if (running->flags & RIGHT_ENTRIES)
		item.entry = running->next;
	item.size = length - sizeof item.record;
	uint8_t *payload = malloc(item.size + 1);
	assert(payload);
	memcpy(payload, bytes + SEGMENT_RECORD_HEAD + sizeof item.record, item.size);
	item.payload = payload;
	if (running->flags & RIGHT_HASHES)
		mend_hashes(running, &item.record, payload, item.size);
	memcpy(running->chain, item.record.chain, JOURNAL_HASH_SIZE);
	running->next = item.entry + 1;
	segment_pack_record(&item, bytes);
	free(payload);
	return SEGMENT_RECORD_HEAD + (size_t)length;
}

static void mend_header(struct running *running, uint8_t *bytes)
{
	struct segment_header header;
	memcpy(&header.first_entry, bytes + 16, sizeof header.first_entry);
	memcpy(header.chain_before, bytes + 24, JOURNAL_HASH_SIZE);
	if (running->flags & RIGHT_ENTRIES)
		header.first_entry = running->next;
	if (running->flags & RIGHT_HASHES)
		memcpy(header.chain_before, running->chain, JOURNAL_HASH_SIZE);
	segment_pack_header(&header, bytes);
	running->next = header.first_entry;
}

static void mend(struct running *running, uint8_t *bytes, size_t size)
{
	if (!(running->flags & RIGHT_SUMS) || size < SEGMENT_HEADER_SIZE)
		return;
	mend_header(running, bytes);
	for (size_t at = SEGMENT_HEADER_SIZE, taken = 1; taken > 0; at += taken)
		taken = mend_record(running, bytes + at, size - at);
}

static void write_segment(const struct running *running, unsigned number, const uint8_t *bytes, size_t size)
{
	uint64_t entry = number + 1;
	char name[SEGMENT_NAME_SIZE];
	if (running->flags & RIGHT_NAMES && size >= SEGMENT_HEADER_SIZE)
		memcpy(&entry, bytes + 16, sizeof entry);
	segment_name(entry, name);
	int file = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0 || write(file, bytes, size) != (ssize_t)size || close(file) != 0)
		abort();
}

static void empty_folder(void)
{
	DIR *directory = opendir(folder);
	assert(directory);
	for (struct dirent *file; (file = readdir(directory));)
		if (file->d_name[0] != '.' && unlinkat(folder_fd, file->d_name, 0) != 0)
			abort();
	closedir(directory);
}

static void write_files(unsigned flags, uint8_t *bytes, size_t size)
{
	struct running running = {.flags = flags, .next = 1};
	empty_folder();
	for (unsigned number = 0; number < FILES_MAX; number++) {
		uint8_t *next = size > 1 ? memmem(bytes + 1, size - 1, MAGIC, sizeof MAGIC - 1) : NULL;
		size_t length = next && number + 1 < FILES_MAX ? (size_t)(next - bytes) : size;
		mend(&running, bytes, length);
		write_segment(&running, number, bytes, length);
		if (length == size)
			return;
		bytes += length;
		size -= length;
	}
}

/* ---- what must hold ---- */

static void check_record(const uint8_t *bytes, size_t size)
{
	struct journal_item item;
	size_t taken;
	if (segment_unpack_record(bytes, size, &item, &taken) != 0)
		return;
	assert(taken <= size && segment_record_size(item.size) == taken);
	uint8_t *again = malloc(taken);
	assert(again);
	segment_pack_record(&item, again);
	assert(memcmp(again, bytes, taken) == 0);
	assert(segment_holds_record(bytes, size, item.entry, item.entry));
	free(again);
}

static void read_all(uint64_t from)
{
	struct archive_reader *reader;
	struct journal_item item;
	uint64_t before = 0;
	int result = archive_reader_open(folder, from, &reader);
	assert(result == 0 || result == ARCHIVE_NONE);
	if (result != 0)
		return;
	while ((result = archive_reader_next(reader, &item)) == 0) {
		assert(item.entry >= from && (before == 0 || item.entry == before + 1));
		before = item.entry;
	}
	assert(result == JOURNAL_END || result == ARCHIVE_TORN || result == ARCHIVE_DAMAGED);
	if (result != JOURNAL_END) {
		const char *text = archive_reader_text(reader);
		assert(*text && text_is_valid(text, strlen(text)));
	}
	if (result == ARCHIVE_TORN) {
		void *rest;
		size_t size;
		if (archive_reader_rest(reader, &rest, &size) != 0)
			abort();
		assert(!segment_holds_record(rest, 0, 1, UINT64_MAX));
		free(rest);
	}
	struct archive_place place = archive_reader_place(reader);
	assert(place.offset <= place.size);
	archive_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint64_t newest;
	if (size < 1)
		return 0;
	uint8_t *copy = malloc(size);
	assert(copy);
	memcpy(copy, bytes + 1, size - 1);
	write_files(bytes[0], copy, size - 1);
	if (size > 1 + SEGMENT_HEADER_SIZE)
		check_record(copy + SEGMENT_HEADER_SIZE, size - 1 - SEGMENT_HEADER_SIZE);
	free(copy);
	read_all(0);
	read_all(2);
	int result = archive_newest(folder, &newest);
	assert(result == 0 || result == ARCHIVE_DAMAGED || result == FAULT_CORRUPT);
	return 0;
}
