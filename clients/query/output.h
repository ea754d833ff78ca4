/* Rows on their way out: one description of the columns, three forms.
 *
 *   table  for people, in their language: titles, aligned by display width, printed when the last row is there; colours
 *          only on a terminal that has them, and not where NO_COLOR (no-color.org) is set
 *   csv    RFC 4180, header first, lines end with LF, rows as they come
 *   json   an array of objects, rows as they come; live: an object a line
 *
 * Nothing is printed before the first row or output_close, so that a failed question leaves standard output
 * empty. Text is UTF-8 and goes out as it came in. */
#ifndef SUANPAN_CLIENTS_QUERY_OUTPUT_H
#define SUANPAN_CLIENTS_QUERY_OUTPUT_H

#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum output_format { OUTPUT_TABLE, OUTPUT_CSV, OUTPUT_JSON };

enum column_type {
	COLUMN_TEXT,
	COLUMN_NUMBER, /* JSON: its very digits; a text that is not a JSON number goes out as a string */
	COLUMN_LIST,   /* JSON: an array; CSV: joined by ';' */
	COLUMN_FLAG,   /* true or false */
};

/* What a getter fills in; all of it starts as zero, which is an absent value: null, or an empty field. */
struct cell {
	const char *text;   /* the row's own, static, or `scratch` */
	char *const *items; /* COLUMN_LIST, instead of text */
	size_t count;
	size_t whole;       /* how many there are where `items` is only the first of them; or 0 */
	const char *colour; /* on a terminal that has them: "red" */
	char scratch[384];
};

/* Where a cell comes from: a field of the row's struct as protobuf-c lays it out, or a getter. */
enum column_source {
	COLUMN_FROM_GETTER,
	COLUMN_FROM_STRING,         /* char *; NULL is absent */
	COLUMN_FROM_STRINGS,        /* char **, and how many at `beside` */
	COLUMN_FROM_COUNT,          /* uint64_t */
	COLUMN_FROM_FLAG,           /* protobuf_c_boolean */
	COLUMN_FROM_OPTIONAL_COUNT, /* uint64_t, and whether it is there at `beside` */
};

#define COLUMN_STRING(of, field) .source = COLUMN_FROM_STRING, .at = offsetof(of, field)
#define COLUMN_STRINGS(of, field)                                                                            \
	.source = COLUMN_FROM_STRINGS, .at = offsetof(of, field), .beside = offsetof(of, n_##field)
#define COLUMN_COUNT(of, field) .source = COLUMN_FROM_COUNT, .at = offsetof(of, field)
#define COLUMN_IS(of, field)    .source = COLUMN_FROM_FLAG, .at = offsetof(of, field)
#define COLUMN_OPTIONAL_COUNT(of, field)                                                                     \
	.source = COLUMN_FROM_OPTIONAL_COUNT, .at = offsetof(of, field), .beside = offsetof(of, has_##field)

struct column {
	const char *header; /* the word in CSV and JSON; NULL: only in tables */
	const char *title;  /* in tables, spoken by language_text; NULL: only in CSV and JSON */
	enum column_type type;
	bool right; /* aligned in tables */
	bool wraps; /* onto more lines where the terminal is too narrow */
	bool folds; /* the same between words, of one column at most, and so that nothing is cut */
	bool
	    spoken; /* in tables its words are spoken by language_text; clients/po/answers.c has those of the daemon */
	bool if_filled; /* tables leave it out when no row has it */
	size_t most;    /* names in one cell of a table; 0: 20 */
	size_t from;    /* tables narrower than so many columns leave it out */
	enum column_source source;
	size_t at, beside;
	void (*get)(const void *row, struct cell *cell);
};

/* What a getter calls for a number that is not text yet. */
void cell_count(uint64_t count, struct cell *cell);

struct output_shape {
	enum output_format format;
	const struct column *columns; /* ends with a column without header and title */
	bool live;                    /* every row goes out at once; a table becomes plain lines */
	bool bare;                    /* a table without its titles */
	size_t width; /* of a table that goes to no terminal, unless COLUMNS says; 0: as wide as it gets */
	const char *nothing; /* said on standard error where a table has no rows */
};

struct output;

/* `shape` and the columns live as long as the output. */
int MUST_CHECK output_open(FILE *stream, const struct output_shape *shape, struct output **ret_output);
/* Getters are called before it returns; the row may die then. */
int MUST_CHECK output_row(struct output *output, const void *row);
/* The columns of a terminal; of what is none those that COLUMNS says, or else `otherwise`. 0: any number. */
size_t output_width(FILE *stream, size_t otherwise);
/* The members of one JSON object, for what is no plain array of rows: "name": "Liwan", "count": 3 */
void output_members(FILE *stream, const struct column *columns, const void *row);
/* Prints what is still to print if `status` is EXIT_DONE, and frees. Answers the exit status: `status`, or
 * EXIT_REFUSED with a sentence when the stream could not be written. */
int output_close(struct output *output, int status);

#endif
