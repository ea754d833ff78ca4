/* The archive: the journal's entries again, in plain files beside the store, for copies elsewhere and for
 * the day the store is lost.
 *
 * A folder of segments (segment.h), each a run of entries; the run goes on from one to the next. What
 * stands in it is what the store committed, in the same order and the same chain; so it is behind the
 * store or level with it, never ahead. */
#ifndef SUANPAN_ARCHIVE_ARCHIVE_H
#define SUANPAN_ARCHIVE_ARCHIVE_H

#include "daemon/base/fault.h"
#include "daemon/journal/journal.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum archive_verdict {
	/* JOURNAL_END is 1 */
	ARCHIVE_NONE = 2, /* no segment there, or none that reaches back to the entry asked for */
	ARCHIVE_TORN =
	    3, /* the last segment's end is not a whole record: an append that did not come to its end */
	ARCHIVE_DAMAGED =
	    4, /* anything else that is not as it was written; the sentence is archive_reader_text's */
};

/* The first entries of the segments in a folder, ascending; from malloc. Other files are passed over.
 * -ENOENT: no such folder. */
int MUST_CHECK archive_list(const char *folder, uint64_t **ret_first_entries, size_t *ret_count);

/* Reads entries in order, and checks everything on the way: checksums, that none is missing, the chain,
 * the payloads' hashes. */
struct archive_reader;
/* From `entry` on (which must not be before the first one there is), or with 0 from the first one there
 * is. */
int MUST_CHECK archive_reader_open(const char *folder, uint64_t entry, struct archive_reader **ret_reader);
void archive_reader_close(struct archive_reader *reader); /* NULL is fine */
/* 0, JOURNAL_END, ARCHIVE_TORN, ARCHIVE_DAMAGED, or a fault. The payload lives until the next call. */
int MUST_CHECK archive_reader_next(struct archive_reader *reader, struct journal_item *ret_item);
/* "SEGMENT, byte OFFSET: entry N: WHAT", after a verdict. Lives as long as the reader. */
const char *archive_reader_text(const struct archive_reader *reader);
/* As a source, which ends where the last record is not whole: it was not acked out of the archive, the
 * store has it. */
struct journal_source archive_reader_source(struct archive_reader *reader);
/* The newest entry in the archive: reads the last segment as far as it is whole. 0: none. */
int MUST_CHECK archive_newest(const char *folder, uint64_t *ret_entry);

/* Where the reader is: behind the last entry it gave. Until it has given one, before the first. */
struct archive_place {
	uint64_t segment; /* its first entry */
	uint64_t offset;  /* in its file; 0: its header is not whole */
	uint64_t size;    /* of the file */
	uint64_t entry;   /* the last one */
	uint8_t chain[JOURNAL_HASH_SIZE];
};
struct archive_place archive_reader_place(const struct archive_reader *reader);
/* Whether no segment follows the one it is in. */
bool archive_reader_is_in_last(const struct archive_reader *reader);
/* What stands between the place and the end of its file; from malloc. */
int MUST_CHECK archive_reader_rest(struct archive_reader *reader, void **ret_bytes, size_t *ret_size);

#endif
