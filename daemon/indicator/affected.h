/* Which values a changed observation can have changed: (indicator, area, period), each once.
 *
 * Pure. Collects over a whole commit: add every touched observation, then walk the result in (indicator,
 * area, period) order. A value exists from the first observation of any of its statistics up to the
 * *frontier*: the last day of the newest native period anyone has reported for one of them. */
#ifndef SUANPAN_INDICATOR_AFFECTED_H
#define SUANPAN_INDICATOR_AFFECTED_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/indicator/evaluate.h"
#include <stdint.h>

struct affected_value {
	uint32_t indicator, area; /* indexes */
	struct period period;
};

struct affected;

int MUST_CHECK affected_new(const struct catalogue *catalogue, struct affected **ret_affected);
void affected_free(struct affected *affected);
/* For the next commit: forgets what was added. What a frontier was after the last one it now was before. */
void affected_reset(struct affected *affected);

/* How far each statistic reaches: last day of its newest reported native period; INT32_MIN before the first.
 * Set before adding, with the frontiers as they are after the commit's observations, and what they were
 * before it. Needed for those that moved, and once for all at the start; a frontier never goes back. */
void affected_set_frontier(struct affected *affected, uint32_t statistic, int32_t before, int32_t after);

/* One observation of (statistic, area, native period) came, changed or went. */
int MUST_CHECK affected_add(struct affected *affected, uint32_t statistic, uint32_t area,
                            struct period period);

/* Sorted, without repetitions; valid until the next add or reset. `source` shows the cells as they are after the commit.
 * Answers 0, a fault of the source, or -ENOMEM.
 *
 * Listed is what looks at a touched observation: what has it in a window, and where it is a stock, what meets it on its
 * way back from the newest. A newer observation of the same area hides it (but not where codes came or went between the
 * two: there a few are listed that another code's newer observations hide). Where a frontier moved, listed are
 * also the values that thereby begin to exist: of the new periods those that see anything (a single observation dated 2199
 * does not list all months until then). Never too few. */
int MUST_CHECK affected_list(struct affected *affected, const struct cell_source *source,
                             const struct affected_value **ret_values, size_t *ret_count);

#endif
