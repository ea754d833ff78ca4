/* Observations that are to be in the store and are not yet, by their place: what an accepted report of the group brings, and what
 * the report brings that is being looked at. Of a place the one added last. Pure; one thread at a time. */
#ifndef SUANPAN_INTAKE_OVERLAY_H
#define SUANPAN_INTAKE_OVERLAY_H

#include "daemon/base/fault.h"
#include "daemon/catalogue/observation.h"
#include <stddef.h>
#include <stdint.h>

struct overlay_entry;

/* All zero is empty. */
struct overlay {
	struct overlay_entry *table; /* open addressing; from malloc */
	size_t capacity, count;
};

void overlay_done(struct overlay *overlay);
void overlay_clear(struct overlay *overlay); /* keeps its memory */
/* The observation must stay as long as it is in there; its value and status are read when it is looked up. */
int MUST_CHECK overlay_add(struct overlay *overlay, const struct observation *observation);
/* NULL: there is none. */
const struct observation *overlay_find(const struct overlay *overlay, uint32_t statistic, uint32_t area,
                                       struct period period);
/* Adds everything of the other one. */
int MUST_CHECK overlay_take(struct overlay *overlay, const struct overlay *other);

#endif
