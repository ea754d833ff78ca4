/* Places: where a formula can be evaluated at all, and the units its coverage is counted in.
 *
 * Immutable once made; any thread. */
#ifndef SUANPAN_INDICATOR_PLACES_H
#define SUANPAN_INDICATOR_PLACES_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/formula.h"
#include <stdbool.h>
#include <stdint.h>

struct places {
	const struct catalogue *catalogue;
	bool *whole; /* per group and level: is it made of whole areas of that level? */
};

int MUST_CHECK places_init(struct places *places, const struct catalogue *catalogue);
void places_done(struct places *places);

/* The coarsest level any statistic of the formula is reported at. */
enum area_level places_unit_level(const struct catalogue *catalogue, const struct formula *formula);

/* Whether the area or group is made of whole areas of the level (an area of the level itself is). */
bool places_made_of(const struct places *places, uint32_t area, enum area_level level);

/* Whether every statistic of the formula can have a value there: VALUE_NOT_HERE otherwise. */
bool places_allow(const struct places *places, const struct formula *formula, uint32_t area);

#endif
