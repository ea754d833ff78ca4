#include "daemon/archive/archive.h"

#include "daemon/archive/segment.h"
#include <dirent.h>
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

#define READ_AT_ONCE ((size_t)1 << 20)

/* ---- the folder ---- */

static int compare_entries(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;
	return (*a > *b) - (*a < *b);
}

static int add_entry(uint64_t **entries, size_t *count, uint64_t entry)
{
	uint64_t *grown = realloc(*entries, (*count + 1) * sizeof *grown);
	if (!grown)
		return -ENOMEM;
	*entries = grown;
	grown[(*count)++] = entry;
	return 0;
}

int archive_list(const char *folder, uint64_t **ret_first_entries, size_t *ret_count)
{
	uint64_t *entries = NULL, entry;
	size_t count = 0;
	int result = 0;
	DIR *directory = opendir(folder);
	if (!directory)
		return -errno;
	for (struct dirent *file; result == 0 && (file = readdir(directory));)
		if (segment_parse_name(file->d_name, &entry))
			result = add_entry(&entries, &count, entry);
	closedir(directory);
	if (result != 0) {
		free(entries);
		return result;
	}
	if (count > 0)
		qsort(entries, count, sizeof *entries, compare_entries);
	*ret_first_entries = entries;
	*ret_count = count;
	return 0;
}

/* ---- the reader ---- */

struct archive_reader {
	char *folder;
	uint64_t *segments; /* their first entries */
	size_t segment_count, next_segment;
	uint64_t from; /* what comes before is read, and not given */
	int fd;        /* of the segment being read; -1 between segments */
	struct archive_place place;
	bool knows_chain;  /* place.chain is what comes before the next entry */
	uint64_t expected; /* the next entry; 0: any */
	uint8_t
	    *buffer; /* what stands in the file from place.offset on, `filled` bytes of it, from `start` */
	size_t capacity, start, filled;
	char text[256];
};

static void PRINTF_LIKE(2, 3) say(struct archive_reader *reader, const char *format, ...)
{
	char name[SEGMENT_NAME_SIZE];
	segment_name(reader->place.segment, name);
	int length =
	    snprintf(reader->text, sizeof reader->text, "%s, byte %" PRIu64 ": ", name, reader->place.offset);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reader->text + length, sizeof reader->text - (size_t)length, format, arguments);
	va_end(arguments);
}

static int damaged(struct archive_reader *reader, const char *what)
{
	say(reader, "entry %" PRIu64 ": %s", reader->place.entry + 1, what);
	return ARCHIVE_DAMAGED;
}

/* ---- bytes ---- */

static int make_capacity(struct archive_reader *reader, size_t wanted)
{
	if (reader->start > 0)
		memmove(reader->buffer, reader->buffer + reader->start, reader->filled);
	reader->start = 0;
	if (wanted <= reader->capacity)
		return 0;
	uint8_t *grown = realloc(reader->buffer, wanted);
	if (!grown)
		return -ENOMEM;
	reader->buffer = grown;
	reader->capacity = wanted;
	return 0;
}

/* At least `wanted` bytes behind the place are in the buffer, unless the file ends before. */
static int fill(struct archive_reader *reader, size_t wanted)
{
	if (reader->filled >= wanted)
		return 0;
	int result = make_capacity(reader, wanted > READ_AT_ONCE ? wanted : READ_AT_ONCE);
	while (result == 0 && reader->filled < wanted) {
		ssize_t got =
		    pread(reader->fd, reader->buffer + reader->filled, reader->capacity - reader->filled,
		          (off_t)(reader->place.offset + reader->filled));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		reader->filled += (size_t)got;
	}
	return result;
}

static void take(struct archive_reader *reader, size_t size)
{
	reader->start += size;
	reader->filled -= size;
	reader->place.offset += size;
}

bool archive_reader_is_in_last(const struct archive_reader *reader)
{
	return reader->next_segment == reader->segment_count;
}

/* An end that is not whole is what an append may leave behind, but only at the very end of all. */
static int ends_early(struct archive_reader *reader, const char *what)
{
	if (!archive_reader_is_in_last(reader))
		return damaged(reader, "the file ends within it");
	say(reader, "%s is not whole", what);
	return ARCHIVE_TORN;
}

/* ---- headers ---- */

static const char *header_verdict_text(int verdict)
{
	switch (verdict) {
	case SEGMENT_FOREIGN:
		return "is no segment of an archive";
	case SEGMENT_NEWER:
		return "was written by a newer version of Suanpan";
	default:
		return "the header does not match its checksum";
	}
}

static int check_header(struct archive_reader *reader, int verdict, const struct segment_header *header)
{
	if (verdict == SEGMENT_SHORT)
		return ends_early(reader, "the header");
	if (verdict != 0) {
		say(reader, "%s", header_verdict_text(verdict));
		return ARCHIVE_DAMAGED;
	}
	if (header->first_entry != reader->place.segment) {
		say(reader, "its name says entry %" PRIu64 ", its header %" PRIu64, reader->place.segment,
		    header->first_entry);
		return ARCHIVE_DAMAGED;
	}
	if (reader->knows_chain &&
	    memcmp(reader->place.chain, header->chain_before, sizeof header->chain_before) != 0) {
		say(reader, "does not follow from the segment before: its hash is another");
		return ARCHIVE_DAMAGED;
	}
	return 0;
}

static int open_file(struct archive_reader *reader, uint64_t segment)
{
	char name[SEGMENT_NAME_SIZE], *path;
	struct stat status = {.st_size = 0};
	segment_name(segment, name);
	if (asprintf(&path, "%s/%s", reader->folder, name) < 0)
		return -ENOMEM;
	reader->fd = open(path, O_RDONLY | O_CLOEXEC);
	int result = reader->fd < 0 || fstat(reader->fd, &status) < 0 ? -errno : 0;
	free(path);
	if (result != 0)
		return result;
	reader->place.segment = segment;
	reader->place.offset = 0;
	reader->place.size = (uint64_t)status.st_size;
	reader->start = reader->filled = 0;
	return 0;
}

static int open_segment(struct archive_reader *reader)
{
	struct segment_header header;
	uint64_t segment = reader->segments[reader->next_segment];
	if (reader->expected != 0 && segment != reader->expected) {
		snprintf(reader->text, sizeof reader->text,
		         "entries %" PRIu64 " to %" PRIu64 " are missing: no segment holds them",
		         reader->expected, segment - 1);
		return ARCHIVE_DAMAGED;
	}
	int result = open_file(reader, segment);
	reader->next_segment++;
	reader->expected = segment;
	reader->place.entry = segment - 1;
	if (result == 0)
		result = fill(reader, SEGMENT_HEADER_SIZE);
	if (result != 0)
		return result;
	result =
	    check_header(reader, segment_unpack_header(reader->buffer, reader->filled, &header), &header);
	if (result != 0)
		return result;
	memcpy(reader->place.chain, header.chain_before, sizeof reader->place.chain);
	reader->knows_chain = true;
	take(reader, SEGMENT_HEADER_SIZE);
	return 0;
}

static void close_segment(struct archive_reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	reader->fd = -1;
}

/* ---- records ---- */

/* How long the record says it is, if the file has room for it. */
static size_t wanted_size(const struct archive_reader *reader)
{
	uint32_t length;
	memcpy(&length, reader->buffer + reader->start, sizeof length);
	return SEGMENT_RECORD_HEAD + (size_t)length;
}

static int unpack(struct archive_reader *reader, struct journal_item *ret_item, size_t *ret_size)
{
	uint64_t left = reader->place.size - reader->place.offset;
	int result = fill(reader, SEGMENT_RECORD_HEAD);
	if (result == 0 && reader->filled >= SEGMENT_RECORD_HEAD && wanted_size(reader) <= left)
		result = fill(reader, wanted_size(reader));
	return result != 0 ? result
	                   : segment_unpack_record(reader->buffer + reader->start, reader->filled, ret_item,
	                                           ret_size);
}

static int check_item(struct archive_reader *reader, const struct journal_item *item)
{
	if (item->entry != reader->expected) {
		say(reader, "entry %" PRIu64 " stands where entry %" PRIu64 " is expected", item->entry,
		    reader->expected);
		return ARCHIVE_DAMAGED;
	}
	int verdict = journal_check(reader->place.chain, &item->record, item->payload, item->size);
	return verdict != 0 ? damaged(reader, journal_verdict_text(verdict)) : 0;
}

static int read_record(struct archive_reader *reader, struct journal_item *ret_item)
{
	struct journal_item item;
	size_t size;
	int result = unpack(reader, &item, &size);
	if (result < 0)
		return result;
	if (result == SEGMENT_SHORT)
		return ends_early(reader, "the last record");
	if (result != 0)
		return damaged(reader, "it does not match its checksum");
	result = check_item(reader, &item);
	if (result != 0)
		return result;
	reader->place.entry = item.entry;
	memcpy(reader->place.chain, item.record.chain, sizeof reader->place.chain);
	reader->expected++;
	take(reader, size);
	*ret_item = item;
	return 0;
}

static int next_in_any(struct archive_reader *reader, struct journal_item *ret_item)
{
	for (;;) {
		int result = reader->fd < 0 && !archive_reader_is_in_last(reader) ? open_segment(reader) : 0;
		if (result != 0)
			return result;
		if (reader->fd >= 0 && reader->place.offset < reader->place.size)
			return read_record(reader, ret_item);
		if (archive_reader_is_in_last(reader))
			return JOURNAL_END;
		close_segment(reader);
	}
}

int archive_reader_next(struct archive_reader *reader, struct journal_item *ret_item)
{
	struct journal_item item = {.entry = 0};
	int result;
	do
		result = next_in_any(reader, &item);
	while (result == 0 && item.entry < reader->from);
	if (result == 0)
		*ret_item = item;
	return result;
}

static int next_of_source(void *context, struct journal_item *ret_item)
{
	int result = archive_reader_next(context, ret_item);
	return result == ARCHIVE_TORN ? (int)JOURNAL_END : result;
}

struct journal_source archive_reader_source(struct archive_reader *reader)
{
	return (struct journal_source){.context = reader, .next = next_of_source};
}

const char *archive_reader_text(const struct archive_reader *reader)
{
	return reader->text;
}

struct archive_place archive_reader_place(const struct archive_reader *reader)
{
	return reader->place;
}

int archive_reader_rest(struct archive_reader *reader, void **ret_bytes, size_t *ret_size)
{
	size_t left = (size_t)(reader->place.size - reader->place.offset);
	int result = reader->fd >= 0 ? fill(reader, left) : 0;
	if (result != 0)
		return result;
	void *copy = malloc(reader->filled > 0 ? reader->filled : 1);
	if (!copy)
		return -ENOMEM;
	if (reader->filled > 0)
		memcpy(copy, reader->buffer + reader->start, reader->filled);
	*ret_bytes = copy;
	*ret_size = reader->filled;
	return 0;
}

/* The last segment that begins at or before the entry. */
static int find_start(struct archive_reader *reader, uint64_t entry)
{
	if (reader->segment_count == 0 || (entry != 0 && reader->segments[0] > entry))
		return ARCHIVE_NONE;
	while (entry != 0 && reader->next_segment + 1 < reader->segment_count &&
	       reader->segments[reader->next_segment + 1] <= entry)
		reader->next_segment++;
	reader->from = entry;
	return 0;
}

int archive_reader_open(const char *folder, uint64_t entry, struct archive_reader **ret_reader)
{
	struct archive_reader *reader = calloc(1, sizeof *reader);
	if (!reader)
		return -ENOMEM;
	reader->fd = -1;
	reader->folder = strdup(folder);
	int result =
	    reader->folder ? archive_list(folder, &reader->segments, &reader->segment_count) : -ENOMEM;
	if (result == 0)
		result = find_start(reader, entry);
	if (result != 0) {
		archive_reader_close(reader);
		return result;
	}
	*ret_reader = reader;
	return 0;
}

void archive_reader_close(struct archive_reader *reader)
{
	if (!reader)
		return;
	close_segment(reader);
	free(reader->folder);
	free(reader->segments);
	free(reader->buffer);
	free(reader);
}

static int newest_of_segment(const char *folder, uint64_t segment, uint64_t *ret_entry)
{
	struct archive_reader *reader;
	struct journal_item item;
	int verdict = 0;
	int result = archive_reader_open(folder, segment, &reader);
	if (result != 0)
		return result;
	while (verdict == 0)
		verdict = archive_reader_next(reader, &item);
	*ret_entry = reader->place.entry;
	archive_reader_close(reader);
	return verdict < 0 ? verdict : 0;
}

int archive_newest(const char *folder, uint64_t *ret_entry)
{
	uint64_t *segments = NULL, last;
	size_t count = 0;
	int result = archive_list(folder, &segments, &count);
	if (result != 0)
		return result;
	last = count > 0 ? segments[count - 1] : 0;
	free(segments);
	*ret_entry = 0;
	return last > 0 ? newest_of_segment(folder, last, ret_entry) : 0;
}
