#include "clients/report/spool_record.h"
#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

/* ---- seals ---- */

static uint64_t seal_of(const MDB_val *key, const MDB_val *value)
{
	const uint8_t *body = value->mv_data;
	return XXH3_64bits_withSeed(body + SEAL_SIZE, value->mv_size - SEAL_SIZE,
	                            XXH3_64bits(key->mv_data, key->mv_size));
}

void spool_set_seal(const MDB_val *key, const MDB_val *value)
{
	uint8_t *at = value->mv_data;
	put_u64(&at, seal_of(key, value));
}

bool spool_seal_holds(const MDB_val *key, const MDB_val *value)
{
	const uint8_t *at = value->mv_data;
	return value->mv_size >= SEAL_SIZE && get_u64(&at) == seal_of(key, value);
}

/* ---- reports ---- */

size_t spool_body_size(const struct spool_report *report)
{
	size_t size = BODY_HEAD + report->payload_size + report->row_count * 2 * sizeof(uint32_t);
	for (size_t i = 0; i < report->file_count; i++)
		size += strlen(report->files[i]) + 1;
	return size;
}

void spool_write_body(const struct spool_report *report, uint8_t *at)
{
	put_u64(&at, (uint64_t)report->wall_ms);
	put_u32(&at, (uint32_t)report->payload_size);
	put_u32(&at, (uint32_t)report->row_count);
	put_u32(&at, (uint32_t)report->file_count);
	put_bytes(&at, report->payload, report->payload_size);
	for (size_t i = 0; i < report->row_count; i++) {
		put_u32(&at, report->places[i].file);
		put_u32(&at, report->places[i].line);
	}
	for (size_t i = 0; i < report->file_count; i++)
		put_bytes(&at, report->files[i], strlen(report->files[i]) + 1);
}

/* As many as are said to be there, each with its NUL, and nothing behind the last. */
static bool holds_names(const uint8_t *names, size_t size, size_t count)
{
	size_t found = 0;
	for (size_t i = 0; i < size; i++)
		found += names[i] == '\0';
	return found == count && (size == 0 || names[size - 1] == '\0');
}

/* The sizes that a body claims; false if they do not add up to what is there. */
static bool read_sizes(const uint8_t *body, size_t size, struct spool_report *ret_head)
{
	if (size < BODY_HEAD)
		return false;
	struct spool_report head = {.wall_ms = (int64_t)get_u64(&body)};
	head.payload_size = get_u32(&body);
	head.row_count = get_u32(&body);
	head.file_count = get_u32(&body);
	size_t named = size - BODY_HEAD;
	uint64_t fixed = head.payload_size + (uint64_t)head.row_count * 2 * sizeof(uint32_t);
	if (fixed > named || !holds_names(body + fixed, named - fixed, head.file_count))
		return false;
	*ret_head = head;
	return true;
}

/* One block: the struct, the names' pointers, the places, the payload, the names. */
static struct spool_report *copy_body(const uint8_t *from, size_t size, const struct spool_report *head)
{
	size_t tail = size - BODY_HEAD - head->payload_size - head->row_count * 2 * sizeof(uint32_t);
	size_t block = sizeof(struct spool_report) + head->file_count * sizeof(char *) +
	               head->row_count * sizeof(struct spool_place) + head->payload_size + tail + 1;
	struct spool_report *report = malloc(block);
	if (!report)
		return NULL;
	const char **files = (const char **)(report + 1);
	struct spool_place *places = (struct spool_place *)(files + head->file_count);
	uint8_t *payload = (uint8_t *)(places + head->row_count);
	char *names = (char *)payload + head->payload_size;

	from += BODY_HEAD;
	memcpy(payload, from, head->payload_size);
	from += head->payload_size;
	for (size_t i = 0; i < head->row_count; i++) {
		places[i].file = get_u32(&from);
		places[i].line = get_u32(&from);
	}
	memcpy(names, from, tail);
	names[tail] = '\0';
	const char *end = names + tail;
	for (size_t i = 0; i < head->file_count; i++) {
		files[i] = names;
		names += names < end ? strlen(names) + 1 : 0;
	}
	*report = *head;
	report->payload = payload;
	report->places = places;
	report->files = files;
	return report;
}

int spool_copy_report(const MDB_val *value, size_t head, struct spool_report **ret_report)
{
	struct spool_report sizes;
	if (value->mv_size < SEAL_SIZE + head)
		return FAULT_CORRUPT;
	const uint8_t *body = (const uint8_t *)value->mv_data + SEAL_SIZE + head;
	size_t size = value->mv_size - SEAL_SIZE - head;
	if (!read_sizes(body, size, &sizes))
		return FAULT_CORRUPT;
	struct spool_report *report = copy_body(body, size, &sizes);
	if (!report)
		return -ENOMEM;
	*ret_report = report;
	return 0;
}
