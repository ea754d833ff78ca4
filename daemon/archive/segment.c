#include "daemon/archive/segment.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static const char magic[8] = {'S', 'u', 'a', 'n', 'p', 'a', 'n', 'A'};

/* As it is on disk. */
struct header_record {
	char magic[8];
	uint32_t format, zero;
	uint64_t first_entry;
	uint8_t chain_before[JOURNAL_HASH_SIZE];
	uint64_t checksum;
};
_Static_assert(sizeof(struct header_record) == SEGMENT_HEADER_SIZE, "on disk");

void segment_name(uint64_t first_entry, char ret_name[SEGMENT_NAME_SIZE])
{
	snprintf(ret_name, SEGMENT_NAME_SIZE, "%020" PRIu64 ".seg", first_entry);
}

bool segment_parse_name(const char *name, uint64_t *ret_first_entry)
{
	char again[SEGMENT_NAME_SIZE];
	uint64_t entry = 0;
	if (strlen(name) != SEGMENT_NAME_SIZE - 1)
		return false;
	for (int i = 0; i < 20; i++)
		entry = entry * 10 + (uint64_t)(name[i] - '0');
	segment_name(entry, again); /* not digits, or beyond 64 bits: another name */
	if (strcmp(name, again) != 0 || entry == 0)
		return false;
	*ret_first_entry = entry;
	return true;
}

/* ---- header ---- */

static uint64_t checksum_of_header(const struct header_record *record)
{
	return XXH3_64bits(record, offsetof(struct header_record, checksum));
}

void segment_pack_header(const struct segment_header *header, uint8_t ret_bytes[SEGMENT_HEADER_SIZE])
{
	struct header_record record = {.format = SEGMENT_FORMAT, .first_entry = header->first_entry};
	memcpy(record.magic, magic, sizeof magic);
	memcpy(record.chain_before, header->chain_before, JOURNAL_HASH_SIZE);
	record.checksum = checksum_of_header(&record);
	memcpy(ret_bytes, &record, sizeof record);
}

int segment_unpack_header(const void *bytes, size_t size, struct segment_header *ret_header)
{
	struct header_record record;
	if (size < sizeof record)
		return SEGMENT_SHORT;
	memcpy(&record, bytes, sizeof record);
	if (memcmp(record.magic, magic, sizeof magic) != 0)
		return SEGMENT_FOREIGN;
	if (record.checksum != checksum_of_header(&record))
		return SEGMENT_DAMAGED;
	if (record.format > SEGMENT_FORMAT)
		return SEGMENT_NEWER;
	ret_header->first_entry = record.first_entry;
	memcpy(ret_header->chain_before, record.chain_before, JOURNAL_HASH_SIZE);
	return 0;
}

/* ---- mark ---- */

void segment_pack_mark(const struct segment_mark *mark, uint8_t ret_bytes[SEGMENT_MARK_SIZE])
{
	const uint64_t checksum = XXH3_64bits(mark, sizeof *mark);
	memcpy(ret_bytes, mark, sizeof *mark);
	memcpy(ret_bytes + sizeof *mark, &checksum, sizeof checksum);
}

bool segment_unpack_mark(const void *bytes, size_t size, struct segment_mark *ret_mark)
{
	uint64_t checksum;
	if (size != SEGMENT_MARK_SIZE)
		return false;
	memcpy(&checksum, (const uint8_t *)bytes + sizeof *ret_mark, sizeof checksum);
	if (checksum != XXH3_64bits(bytes, sizeof *ret_mark))
		return false;
	memcpy(ret_mark, bytes, sizeof *ret_mark);
	return true;
}

/* ---- records ---- */

struct record_head {
	uint32_t length;
	uint64_t entry, checksum;
};

static uint64_t checksum_of_record(const struct record_head *head, const void *body)
{
	uint8_t named[sizeof head->length + sizeof head->entry];
	memcpy(named, &head->length, sizeof head->length);
	memcpy(named + sizeof head->length, &head->entry, sizeof head->entry);
	return XXH3_64bits_withSeed(body, head->length, XXH3_64bits(named, sizeof named));
}

static void read_head(const uint8_t *bytes, struct record_head *ret_head)
{
	memcpy(&ret_head->length, bytes, 4);
	memcpy(&ret_head->entry, bytes + 4, 8);
	memcpy(&ret_head->checksum, bytes + 12, 8);
}

size_t segment_record_size(size_t size)
{
	return SEGMENT_RECORD_HEAD + sizeof(struct journal_record) + size;
}

void segment_pack_record(const struct journal_item *item, uint8_t *ret_bytes)
{
	uint8_t *body = ret_bytes + SEGMENT_RECORD_HEAD;
	struct record_head head = {.length = (uint32_t)(sizeof item->record + item->size),
	                           .entry = item->entry};
	memcpy(body, &item->record, sizeof item->record);
	if (item->size > 0)
		memcpy(body + sizeof item->record, item->payload, item->size);
	head.checksum = checksum_of_record(&head, body);
	memcpy(ret_bytes, &head.length, 4);
	memcpy(ret_bytes + 4, &head.entry, 8);
	memcpy(ret_bytes + 12, &head.checksum, 8);
}

int segment_unpack_record(const void *bytes, size_t size, struct journal_item *ret_item, size_t *ret_size)
{
	const uint8_t *body = (const uint8_t *)bytes + SEGMENT_RECORD_HEAD;
	struct record_head head;
	if (size < SEGMENT_RECORD_HEAD)
		return SEGMENT_SHORT;
	read_head(bytes, &head);
	if (head.length < sizeof ret_item->record || head.length > SEGMENT_RECORD_MAX)
		return SEGMENT_DAMAGED;
	if (head.length > size - SEGMENT_RECORD_HEAD)
		return SEGMENT_SHORT;
	if (head.checksum != checksum_of_record(&head, body))
		return SEGMENT_DAMAGED;
	ret_item->entry = head.entry;
	memcpy(&ret_item->record, body, sizeof ret_item->record);
	ret_item->payload = body + sizeof ret_item->record;
	ret_item->size = head.length - sizeof ret_item->record;
	*ret_size = SEGMENT_RECORD_HEAD + (size_t)head.length;
	return 0;
}

bool segment_holds_record(const void *bytes, size_t size, uint64_t first, uint64_t last)
{
	const uint8_t *start = bytes;
	for (size_t at = 0; at + SEGMENT_RECORD_HEAD <= size; at++) {
		struct journal_item item;
		struct record_head head;
		size_t taken;
		read_head(start + at, &head); /* most offsets are told by the entry alone */
		if (head.entry >= first && head.entry <= last &&
		    segment_unpack_record(start + at, size - at, &item, &taken) == 0)
			return true;
	}
	return false;
}
