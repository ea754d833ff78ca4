#include "daemon/indicator/units.h"

#include <errno.h>
#include <stdlib.h>

bool units_in_force_on(const struct area *area, int32_t day)
{
	return area->first_day <= day && day <= area->last_day;
}

bool units_in_force_in(const struct area *area, struct period period)
{
	return units_in_force_on(area, period_first_day(period)) &&
	       units_in_force_on(area, period_last_day(period));
}

bool units_in_force_always(const struct area *area)
{
	return area->first_day == INT32_MIN && area->last_day == INT32_MAX;
}

uint32_t units_place(const struct area_list *list, uint32_t area)
{
	uint32_t low = 0, high = list->count;
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		if (list->area[middle] < area)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->count && list->area[low] == area ? low : CATALOGUE_NONE;
}

int units_init(struct units *units, const struct catalogue *catalogue)
{
	*units = (struct units){.catalogue = catalogue};
	for (uint32_t i = 0; i < catalogue->group_first; i++)
		if (!units_in_force_always(&catalogue->areas[i]))
			units->changing[catalogue->areas[i].level] = true;
	units->numbers = calloc((size_t)catalogue->area_count + 1, sizeof *units->numbers);
	units->roots = calloc((size_t)catalogue->area_count + 1, sizeof *units->roots);
	if (units->numbers && units->roots)
		return 0;
	units_done(units);
	return -ENOMEM;
}

void units_done(struct units *units)
{
	free(units->numbers);
	free(units->roots);
	units->numbers = units->roots = NULL;
}

/* ---- codes joined to units ---- */

/* Each place's root is the lowest place of its unit. */
static uint32_t root_of(uint32_t *roots, uint32_t at)
{
	while (roots[at] != at)
		at = roots[at] = roots[roots[at]];
	return at;
}

static void join(uint32_t *roots, uint32_t a, uint32_t b)
{
	a = root_of(roots, a);
	b = root_of(roots, b);
	if (a < b)
		roots[b] = a;
	else
		roots[a] = b;
}

static void join_successors(const struct units *units)
{
	for (uint32_t i = 0; i < units->areas.count; i++)
		units->roots[i] = i;
	for (uint32_t i = 0; i < units->areas.count; i++) {
		const struct area_list *successors =
		    &units->catalogue->areas[units->areas.area[i]].successors;
		for (uint32_t n = 0; n < successors->count; n++) {
			const uint32_t at = units_place(&units->areas, successors->area[n]);
			if (at != CATALOGUE_NONE)
				join(units->roots, i, at);
		}
	}
}

/* Numbers the units of which a code is in force on the day; answers how many there are. */
static uint32_t number_on(const struct units *units, int32_t day)
{
	const struct area *areas = units->catalogue->areas;
	uint32_t *numbers = units->numbers, count = 0;
	for (uint32_t i = 0; i < units->areas.count; i++)
		numbers[i] = UNITS_NONE;
	for (uint32_t i = 0; i < units->areas.count; i++)
		if (units_in_force_on(&areas[units->areas.area[i]], day))
			numbers[root_of(units->roots, i)] = 0;
	for (uint32_t i = 0; i < units->areas.count; i++) {
		const uint32_t root = root_of(units->roots, i);
		if (root == i && numbers[i] != UNITS_NONE)
			numbers[i] = count++;
		else
			numbers[i] = numbers[root];
	}
	return count;
}

void units_find(struct units *units, uint32_t area, enum area_level level, struct period period)
{
	units->areas = units->catalogue->areas[area].inside[level];
	units->day = period_last_day(period);
	units->count = units->areas.count;
	units->unit_of = NULL;
	if (!units->changing[level])
		return;
	join_successors(units);
	units->unit_of = units->numbers;
	units->count = number_on(units, units->day);
	if (units->count > 0)
		return;
	units->day = period_first_day(period);
	units->count = number_on(units, units->day);
}

uint32_t units_of_place(const struct units *units, uint32_t i)
{
	return units->unit_of ? units->unit_of[i] : i;
}
