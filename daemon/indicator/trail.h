/* Trail: every observation an evaluation came across, and whether it is in the total; for explanations only. */
#ifndef SUANPAN_INDICATOR_TRAIL_H
#define SUANPAN_INDICATOR_TRAIL_H

#include "daemon/indicator/evaluate.h"
#include <stddef.h>

struct trail_cell {
	uint32_t unit;
	bool kept; /* it stands for its unit; whether that counts is known at the end */
	struct explained_cell seen;
};

/* All zero is an empty one. Sticky: after a failure it notes nothing more, and trail_end says so. */
struct trail {
	struct trail_cell *cells;
	size_t count, room;
	bool failed;
};

void trail_done(struct trail *trail);
/* To all of these NULL is fine, and means that nobody wants to know. */
size_t trail_mark(const struct trail *trail);
void trail_note(struct trail *trail, const struct trail_cell *cell);
/* What the cells of the unit that were noted since `mark` turned out to be. */
void trail_keep(struct trail *trail, size_t mark, uint32_t unit, bool kept);
/* Counts the kept ones of units in `reported`, of every unit without it; sorts by atom, period and area. */
int MUST_CHECK trail_end(struct trail *trail, bool anything, const bool *reported);

#endif
