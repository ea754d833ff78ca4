/* One file of the archive, as bytes.
 *
 *     header   magic "SuanpanA", format u32, zero u32, first entry u64, chain of the entry before it (32
 *              bytes), XXH3-64 of all that
 *     record   length u32 of what follows the checksum, entry u64, XXH3-64 of length, entry and what
 *              follows, then struct journal_record and the payload
 *
 * All little-endian. A file is named by its first entry, twenty digits and ".seg". Nothing in a file is
 * ever changed; only its end may be cut off, where an append did not come to its end. */
#ifndef SUANPAN_ARCHIVE_SEGMENT_H
#define SUANPAN_ARCHIVE_SEGMENT_H

#include "daemon/base/fault.h"
#include "daemon/journal/journal.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEGMENT_FORMAT      1
#define SEGMENT_HEADER_SIZE 64
#define SEGMENT_RECORD_HEAD 20
#define SEGMENT_NAME_SIZE   sizeof "00000000000000000001.seg"
/* A record's length is believed up to here; a catalogue of many thousand areas has some megabytes. */
#define SEGMENT_RECORD_MAX  ((uint32_t)1 << 30)

void segment_name(uint64_t first_entry, char ret_name[SEGMENT_NAME_SIZE]);
bool segment_parse_name(const char *name, uint64_t *ret_first_entry);

struct segment_header {
	uint64_t first_entry;
	uint8_t chain_before[JOURNAL_HASH_SIZE];
};
void segment_pack_header(const struct segment_header *header, uint8_t ret_bytes[SEGMENT_HEADER_SIZE]);

/* Of a record with a payload of `size` bytes. */
size_t segment_record_size(size_t size);
/* Writes segment_record_size(item->size) bytes. */
void segment_pack_record(const struct journal_item *item, uint8_t *ret_bytes);

/* How far the newest segments are on disk for certain: a file of its own beside them, written when a sync has returned and not synced
 * itself. So it may be behind, or not there at all, and is never ahead. It tells what a power cut left of an append, of which any
 * block may be missing, from damage. */
#define SEGMENT_MARK_NAME "synced"
#define SEGMENT_MARK_SIZE 24
struct segment_mark {
	uint64_t segment, offset; /* everything before that place */
};
void segment_pack_mark(const struct segment_mark *mark, uint8_t ret_bytes[SEGMENT_MARK_SIZE]);
bool segment_unpack_mark(const void *bytes, size_t size, struct segment_mark *ret_mark);

enum segment_verdict {
	SEGMENT_SHORT = 1,   /* the bytes end before it does */
	SEGMENT_DAMAGED = 2, /* the checksum does not match */
	SEGMENT_FOREIGN = 3, /* not of this kind */
	SEGMENT_NEWER = 4,   /* of a format that this program does not know */
};
int MUST_CHECK segment_unpack_header(const void *bytes, size_t size, struct segment_header *ret_header);
/* The record at the start of the bytes: its item, whose payload lies in them, and how many bytes it takes. */
int MUST_CHECK segment_unpack_record(const void *bytes, size_t size, struct journal_item *ret_item,
                                     size_t *ret_size);
/* Whether a whole record, with an entry in first..last, begins anywhere in the bytes: then what stands
 * before it was damaged; else it is an end that was torn. */
bool segment_holds_record(const void *bytes, size_t size, uint64_t first, uint64_t last);

#endif
