/* From the rows of CSV files to observations, with everything that is wrong with them.
 *
 * A file starts with the header `statistic,area,period,value`, in this order, and may have the columns
 * `status` and `note` after them in any order. Blanks around a cell do not count, except in notes. With a
 * vocabulary every row is checked as the daemon will check it; without one only its form is. Rows whose cells
 * are all empty are skipped (spreadsheets leave them behind). */
#ifndef SUANPAN_CLIENTS_REPORT_ROWS_H
#define SUANPAN_CLIENTS_REPORT_ROWS_H

#include "clients/report/complaints.h"
#include "clients/report/vocabulary.h"
#include "clients/report/words.h"
#include "daemon/base/fault.h"
#include "proto/period.h"
#include <stddef.h>
#include <stdint.h>

struct observation {
	int64_t value;    /* units of 10^-decimals; 0 where the status has no value */
	const char *note; /* NULL: none */
	struct period period;
	uint32_t statistic, area; /* into rows->statistics and rows->areas */
	uint32_t file, line;
	uint8_t decimals; /* after rows_finish the same in all rows of a statistic */
	char status;
};

struct lookup;

struct rows {
	struct observation *list;
	size_t count, room;
	struct words statistics, areas; /* the codes that occur */
	const struct vocabulary *vocabulary;
	uint32_t reporter; /* into the vocabulary's, or WORDS_NONE: scopes are not checked */
	struct complaints *complaints;
	struct lookup *seen_statistics, *seen_areas, *seen_periods;
};

/* `vocabulary` may be NULL. All arguments are borrowed until rows_free. */
int MUST_CHECK rows_new(const struct vocabulary *vocabulary, uint32_t reporter, struct complaints *complaints,
                        struct rows **ret_rows);
void rows_free(struct rows *rows); /* NULL is fine */

/* Reads one file; `file` is its number in complaints and observations. `bytes` (room for one more) are
 * changed, and must live as long as the rows. What is wrong goes to the complaints; answers 0 or a fault. */
int MUST_CHECK rows_read(struct rows *rows, uint32_t file, char *bytes, size_t size);

/* After the last file: finds repeated rows (`files` are for naming the other place), and gives all values of
 * a statistic the same decimals. */
int MUST_CHECK rows_finish(struct rows *rows, const char *const files[]);

#endif
