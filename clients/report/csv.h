/* A reader of CSV as RFC 4180 has it, from a buffer in memory.
 *
 * Fields are separated by commas and may be quoted; a quoted field may hold commas, line ends and doubled
 * quotes. Lines end in LF or CRLF. The bytes must be UTF-8, with or without a byte order mark: another
 * encoding is refused for the whole file, because half of its names would be garbage. Blank lines are
 * skipped.
 *
 * The reader unescapes in place, so the buffer changes; the fields of a record point into it and live as long
 * as it does. Nothing is allocated. */
#ifndef SUANPAN_CLIENTS_REPORT_CSV_H
#define SUANPAN_CLIENTS_REPORT_CSV_H

#include "daemon/base/fault.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CSV_FIELDS_MAX 32
#define CSV_BYTES_MAX  ((size_t)512 << 20)

struct csv_field {
	char *text; /* ends with a NUL, which is not counted */
	size_t length;
	uint32_t line; /* where it starts; counted from 1 */
};

struct csv_record {
	uint32_t line;
	size_t count;
	struct csv_field fields[CSV_FIELDS_MAX];
};

enum csv_verdict {
	CSV_END = 1, /* no more records */
	CSV_MISTAKE =
	    2, /* csv->mistake says what and where; after csv_next, the next call goes on behind it */
};

struct csv {
	char *at, *end;
	uint32_t line;
	struct {
		uint32_t line;
		char text[160];
	} mistake;
};

/* `bytes` has room for one byte more than `size`, and is the reader's to change. Answers 0, or CSV_MISTAKE if
 * this is no UTF-8 text. */
int MUST_CHECK csv_init(struct csv *csv, char *bytes, size_t size);

/* The next record: 0, CSV_END, or CSV_MISTAKE (the first one in that record). */
int MUST_CHECK csv_next(struct csv *csv, struct csv_record *ret_record);

/* Reads a stream to its end, into memory from malloc with room for one byte more. -EFBIG beyond
 * CSV_BYTES_MAX. */
int MUST_CHECK csv_read_stream(FILE *stream, char **ret_bytes, size_t *ret_size);

#endif
