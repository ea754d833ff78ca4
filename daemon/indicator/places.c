#include "daemon/indicator/places.h"

#include <errno.h>
#include <stdlib.h>

static bool list_holds(const struct area_list *list, uint32_t area)
{
	uint32_t low = 0, high = list->count;
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		if (list->area[middle] < area)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->count && list->area[low] == area;
}

static uint32_t ancestor_at(const struct catalogue *catalogue, uint32_t area, enum area_level level)
{
	while (area != CATALOGUE_NONE && catalogue->areas[area].level > level)
		area = catalogue->areas[area].parent;
	return area;
}

/* Nothing finer inside the group may stand without its area of this level. */
static bool group_is_whole(const struct catalogue *catalogue, const struct area *group, enum area_level level)
{
	const struct area_list *whole = &group->inside[level];
	for (unsigned finer = level + 1; finer < LEVEL_COUNT; finer++) {
		const struct area_list *parts = &group->inside[finer];
		for (uint32_t i = 0; i < parts->count; i++)
			if (!list_holds(whole, ancestor_at(catalogue, parts->area[i], level)))
				return false;
	}
	return true;
}

int places_init(struct places *places, const struct catalogue *catalogue)
{
	const uint32_t groups = catalogue->area_count - catalogue->group_first;
	bool *whole = calloc((size_t)groups * LEVEL_COUNT + 1, sizeof *whole);
	if (!whole)
		return -ENOMEM;
	for (uint32_t group = 0; group < groups; group++)
		for (unsigned level = 0; level < LEVEL_COUNT; level++)
			whole[group * LEVEL_COUNT + level] = group_is_whole(
			    catalogue, &catalogue->areas[catalogue->group_first + group], level);
	*places = (struct places){.catalogue = catalogue, .whole = whole};
	return 0;
}

void places_done(struct places *places)
{
	free(places->whole);
	places->whole = NULL;
}

enum area_level places_unit_level(const struct catalogue *catalogue, const struct formula *formula)
{
	enum area_level level = LEVEL_COUNT - 1;
	for (uint32_t i = 0; i < formula->atom_count; i++) {
		const struct statistic *statistic = &catalogue->statistics[formula->atoms[i].statistic];
		if (statistic->level < level)
			level = statistic->level;
	}
	return level;
}

bool places_made_of(const struct places *places, uint32_t area, enum area_level level)
{
	const struct catalogue *catalogue = places->catalogue;
	if (area >= catalogue->group_first)
		return places->whole[(area - catalogue->group_first) * LEVEL_COUNT + level];
	return catalogue->areas[area].level <= level;
}

bool places_allow(const struct places *places, const struct formula *formula, uint32_t area)
{
	const struct catalogue *catalogue = places->catalogue;
	for (uint32_t i = 0; i < formula->atom_count; i++) {
		const struct formula_atom *atom = &formula->atoms[i];
		const struct statistic *statistic = &catalogue->statistics[atom->statistic];
		if (statistic->kind == KIND_LEVEL && catalogue->areas[area].level != statistic->level)
			return false;
		if (!places_made_of(places, area, statistic->level))
			return false;
		if (atom->within != CATALOGUE_NONE && !places_made_of(places, atom->within, statistic->level))
			return false;
	}
	return true;
}
