/* Rows of cells, each asked of its source once while an evaluation has use for it.
 *
 * A small table without memory of its own to grow: where two rows want one place the newer one has it. Owner:
 * one evaluator. */
#ifndef SUANPAN_INDICATOR_ROWS_H
#define SUANPAN_INDICATOR_ROWS_H

#include "daemon/indicator/evaluate.h"

#define ROWS_KEPT 1024 /* a power of two */

struct row_kept {
	uint64_t evaluation; /* 0: none */
	uint32_t statistic_id, row_number;
	struct period period;
	const struct cell_row *row;
};

struct rows {
	const struct cell_source *source;
	uint64_t evaluation;
	struct row_kept kept[ROWS_KEPT];
};

/* Forgets everything and reads from `source` from now on. */
void rows_begin(struct rows *rows, const struct cell_source *source);
/* Answers 0 with the row, NULL if it has no cells, or a fault of the source. */
int MUST_CHECK rows_find(struct rows *rows, uint32_t statistic_id, struct period period, uint32_t row_number,
                         const struct cell_row **ret_row);

#endif
