/* From observations to reports, as few and as small as the contract's columns make them.
 *
 * Rows are sorted by statistic, period and area and cut where a report would pass BUILD_BYTES_MAX or
 * BUILD_ROWS_MAX. Cutting comes first, with room for any number; packing comes when the spool has given the
 * numbers. */
#ifndef SUANPAN_CLIENTS_REPORT_BUILD_H
#define SUANPAN_CLIENTS_REPORT_BUILD_H

#include "clients/report/rows.h"
#include "clients/report/spool.h"
#include "daemon/base/fault.h"
#include <stddef.h>
#include <stdint.h>

#define BUILD_BYTES_MAX 60000
#define BUILD_ROWS_MAX  8192

struct build;

/* What each report of the push says besides its rows; NULL: nothing. */
struct build_words {
	const char *reporter;
	const char *confirm, *correction; /* reasons: one line of at most BUILD_REASON_MAX bytes */
};
#define BUILD_REASON_MAX 256

/* Borrows everything until build_free, but for `words` itself. `files` are the names that places and `source` speak of, without
 * folders. */
int MUST_CHECK build_new(const struct rows *rows, const char *const files[], size_t file_count,
                         const struct build_words *words, struct build **ret_build);
void build_free(struct build *build); /* NULL is fine */
size_t build_report_count(const struct build *build);

/* Packs the at-th report under state->next, with state->oldest, and adds it to the batch. Answers 0 or a
 * fault. */
int MUST_CHECK build_put_report(const struct build *build, size_t at, int64_t wall_ms,
                                struct spool_batch *batch);

/* For tests and measurements: the packed bytes alone (malloc, the caller's to free). */
int MUST_CHECK build_pack_report(const struct build *build, size_t at, const struct spool_state *state,
                                 void **ret_bytes, size_t *ret_size);

#endif
