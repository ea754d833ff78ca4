/* Units: who stands behind a value at one area and period, now that codes come and go. What a unit is, and
 * which are expected, is defined in evaluate.h.
 *
 * Keeps the scratch memory of one owner; one thread at a time. */
#ifndef SUANPAN_INDICATOR_UNITS_H
#define SUANPAN_INDICATOR_UNITS_H

#include "daemon/catalogue/catalogue.h"
#include <stdbool.h>
#include <stdint.h>

#define UNITS_NONE UINT32_MAX /* the area's unit is not expected */

struct units {
	const struct catalogue *catalogue;
	bool changing[LEVEL_COUNT]; /* codes of the level come or go */
	/* what units_find found: */
	struct area_list areas; /* of the level, inside the asked one */
	uint32_t
	    *unit_of;   /* for each of these: its unit, or UNITS_NONE; NULL: each is the unit of its place */
	uint32_t count; /* of expected units */
	int32_t day;    /* the codes in force on it are those to name */
	/* memory */
	uint32_t *numbers, *roots;
};

int MUST_CHECK units_init(struct units *units, const struct catalogue *catalogue);
void units_done(struct units *units); /* all zero is fine */

/* The expected units of a level at one area or group and period. */
void units_find(struct units *units, uint32_t area, enum area_level level, struct period period);
/* The unit of the areas' i-th. */
uint32_t units_of_place(const struct units *units, uint32_t i);

/* Whether the code is in force on the day; during the whole period; at all times. */
bool units_in_force_on(const struct area *area, int32_t day);
bool units_in_force_in(const struct area *area, struct period period);
bool units_in_force_always(const struct area *area);

/* Place of the area in an ascending list; CATALOGUE_NONE: it is not there. */
uint32_t units_place(const struct area_list *list, uint32_t area);

#endif
