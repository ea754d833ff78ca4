/* Observations out of nothing: a cell source for any statistic, period and row, the same for the same seed. Some rows are not
 * there, some cells are empty, and some values are at the edge of what fits. */
#ifndef SUANPAN_TESTS_LIB_MADE_CELLS_H
#define SUANPAN_TESTS_LIB_MADE_CELLS_H

#include "daemon/indicator/evaluate.h"
#include <stdint.h>

struct made_cells {
	uint64_t seed;
};

/* Borrows `made`, which may change between evaluations. */
struct cell_source made_cells_source(struct made_cells *made);

#endif
