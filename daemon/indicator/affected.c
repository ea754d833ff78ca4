/* Three steps, each with its repetitions taken out, so that a commit of thousands of observations of one city
 * does not multiply: *touches* (statistic, area or aggregate, native period), from these *stretches*
 * (indicator, area, evaluated periods from-to of one frequency), from these the values. */
#include "daemon/indicator/affected.h"

#include "daemon/indicator/places.h"
#include "daemon/indicator/window.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* `code` is the native period of a touch, and the first evaluated one of a stretch. */
struct touch {
	uint32_t statistic, area, code;
};

struct stretch {
	uint32_t indicator, area, first, last; /* codes of periods of one frequency */
};

struct touches {
	struct touch *at;
	size_t count, room;
};

struct stretches {
	struct stretch *at;
	size_t count, room;
};

struct values {
	struct affected_value *at;
	size_t count, room;
};

/* That an indicator looks at a statistic through one of its atoms. */
struct use {
	uint32_t statistic, indicator, atom;
};

struct frontier {
	int32_t before, after;
};

struct affected {
	const struct catalogue *catalogue;
	struct places places;
	struct use *uses;    /* by statistic */
	uint32_t *first_use; /* per statistic, and one behind the last */
	struct frontier *statistics, *indicators;
	struct touches touches;
	struct stretches stretches;
	struct values values;
};

/* The array with room for one more behind `count`; NULL, and the old one still stands, if there is none. */
static void *with_room(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	const size_t more = *room ? *room * 2 : 256;
	void *larger = more > SIZE_MAX / size ? NULL : realloc(array, more * size);
	if (larger)
		*room = more;
	return larger;
}

static int32_t later(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

/* ---- making ---- */

static int list_uses(struct affected *affected)
{
	const struct catalogue *catalogue = affected->catalogue;
	uint32_t *first = affected->first_use, count = 0;
	for (uint32_t i = 0; i < catalogue->indicator_count; i++)
		count += catalogue->indicators[i].formula->atom_count;
	affected->uses = calloc((size_t)count + 1, sizeof *affected->uses);
	if (!affected->uses)
		return -ENOMEM;
	count = 0;
	for (uint32_t statistic = 0; statistic < catalogue->statistic_count; statistic++) {
		first[statistic] = count;
		for (uint32_t i = 0; i < catalogue->indicator_count; i++) {
			const struct formula *formula = catalogue->indicators[i].formula;
			for (uint32_t atom = 0; atom < formula->atom_count; atom++)
				if (formula->atoms[atom].statistic == statistic)
					affected->uses[count++] = (struct use){
					    .statistic = statistic, .indicator = i, .atom = atom};
		}
	}
	first[catalogue->statistic_count] = count;
	return 0;
}

int affected_new(const struct catalogue *catalogue, struct affected **ret_affected)
{
	struct affected *affected = calloc(1, sizeof *affected);
	if (!affected)
		return -ENOMEM;
	affected->catalogue = catalogue;
	affected->first_use = calloc((size_t)catalogue->statistic_count + 1, sizeof *affected->first_use);
	affected->statistics = calloc((size_t)catalogue->statistic_count + 1, sizeof *affected->statistics);
	affected->indicators = calloc((size_t)catalogue->indicator_count + 1, sizeof *affected->indicators);
	if (!affected->first_use || !affected->statistics || !affected->indicators ||
	    places_init(&affected->places, catalogue) || list_uses(affected)) {
		affected_free(affected);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < catalogue->statistic_count; i++)
		affected->statistics[i] = (struct frontier){.before = INT32_MIN, .after = INT32_MIN};
	*ret_affected = affected;
	return 0;
}

void affected_free(struct affected *affected)
{
	if (!affected)
		return;
	places_done(&affected->places);
	free(affected->uses);
	free(affected->first_use);
	free(affected->statistics);
	free(affected->indicators);
	free(affected->touches.at);
	free(affected->stretches.at);
	free(affected->values.at);
	free(affected);
}

void affected_reset(struct affected *affected)
{
	for (uint32_t i = 0; i < affected->catalogue->statistic_count; i++)
		affected->statistics[i].before = affected->statistics[i].after;
	affected->touches.count = affected->stretches.count = affected->values.count = 0;
}

void affected_set_frontier(struct affected *affected, uint32_t statistic, int32_t before, int32_t after)
{
	affected->statistics[statistic] = (struct frontier){.before = before, .after = later(before, after)};
}

/* ---- touches ---- */

static int compare_touches(const void *left, const void *right)
{
	const struct touch *a = left, *b = right;
	if (a->statistic != b->statistic)
		return a->statistic < b->statistic ? -1 : 1;
	if (a->area != b->area)
		return a->area < b->area ? -1 : 1;
	return (a->code > b->code) - (a->code < b->code);
}

static void settle_touches(struct touches *touches)
{
	size_t kept = 0;
	if (touches->count > 1)
		qsort(touches->at, touches->count, sizeof *touches->at, compare_touches);
	for (size_t i = 0; i < touches->count; i++)
		if (kept == 0 || compare_touches(&touches->at[kept - 1], &touches->at[i]) != 0)
			touches->at[kept++] = touches->at[i];
	touches->count = kept;
}

static int add_touch(struct touches *touches, struct touch touch)
{
	size_t used = touches->count;
	if (used == touches->room) {
		/* Settling pays only if it makes much room; otherwise the next one would soon follow. */
		settle_touches(touches);
		used = touches->count > touches->room / 2 ? touches->room : touches->count;
	}
	struct touch *at = with_room(touches->at, used, &touches->room, sizeof *at);
	if (!at)
		return -ENOMEM;
	touches->at = at;
	touches->at[touches->count++] = touch;
	return 0;
}

int affected_add(struct affected *affected, uint32_t statistic, uint32_t area, struct period period)
{
	const struct area_list *aggregates = &affected->catalogue->areas[area].counts_towards;
	if (affected->first_use[statistic] == affected->first_use[statistic + 1])
		return 0;
	for (uint32_t i = 0; i < aggregates->count; i++) {
		const int fault = add_touch(
		    &affected->touches,
		    (struct touch){.statistic = statistic, .area = aggregates->area[i], .code = period.code});
		if (fault)
			return fault;
	}
	return 0;
}

/* ---- stretches ---- */

/* Where the stretches of one use go. */
struct spread {
	struct affected *affected;
	uint32_t indicator, area;
	int32_t frontier;
};

static int add_stretch(void *context, struct period first, struct period last)
{
	const struct spread *spread = context;
	struct stretches *stretches = &spread->affected->stretches;
	const struct period end = period_of_day(spread->frontier, period_frequency_of(first));
	if (last.code > end.code)
		last = end;
	if (first.code > last.code)
		return 0;
	struct stretch *at = with_room(stretches->at, stretches->count, &stretches->room, sizeof *at);
	if (!at)
		return -ENOMEM;
	stretches->at = at;
	stretches->at[stretches->count++] = (struct stretch){
	    .indicator = spread->indicator, .area = spread->area, .first = first.code, .last = last.code};
	return 0;
}

static int spread_use(struct affected *affected, const struct use *use, const struct touch *touch)
{
	const struct indicator *indicator = &affected->catalogue->indicators[use->indicator];
	const struct formula_atom *atom = &indicator->formula->atoms[use->atom];
	struct spread spread = {.affected = affected,
	                        .indicator = use->indicator,
	                        .area = touch->area,
	                        .frontier = affected->indicators[use->indicator].after};
	if (spread.frontier == INT32_MIN || !places_allow(&affected->places, indicator->formula, touch->area))
		return 0;
	int fault = 0;
	for (int frequency = indicator->frequency; frequency >= PERIOD_ANNUAL && !fault; frequency--)
		fault = window_reach(affected->catalogue, atom, (struct period){touch->code},
		                     (enum period_frequency)frequency, add_stretch, &spread);
	return fault;
}

static int spread_touches(struct affected *affected)
{
	settle_touches(&affected->touches);
	for (size_t i = 0; i < affected->touches.count; i++) {
		const struct touch *touch = &affected->touches.at[i];
		for (uint32_t use = affected->first_use[touch->statistic];
		     use < affected->first_use[touch->statistic + 1]; use++) {
			const int fault = spread_use(affected, &affected->uses[use], touch);
			if (fault)
				return fault;
		}
	}
	return 0;
}

/* ---- frontiers that moved ---- */

static void find_frontiers(struct affected *affected)
{
	const struct catalogue *catalogue = affected->catalogue;
	for (uint32_t i = 0; i < catalogue->indicator_count; i++) {
		const struct formula *formula = catalogue->indicators[i].formula;
		struct frontier frontier = {.before = INT32_MIN, .after = INT32_MIN};
		for (uint32_t atom = 0; atom < formula->atom_count; atom++) {
			const struct frontier *one = &affected->statistics[formula->atoms[atom].statistic];
			frontier.before = later(frontier.before, one->before);
			frontier.after = later(frontier.after, one->after);
		}
		affected->indicators[i] = frontier;
	}
}

/* How far anything that was there before can be seen: beyond it the new periods are empty, however far one
 * observation dated into the future moves the frontier. */
static bool find_horizon(const struct affected *affected, const struct formula *formula,
                         enum period_frequency frequency, struct period *ret_last)
{
	const struct catalogue *catalogue = affected->catalogue;
	bool found = false;
	for (uint32_t i = 0; i < formula->atom_count; i++) {
		const uint32_t statistic = formula->atoms[i].statistic;
		const int32_t before = affected->statistics[statistic].before;
		struct period last;
		if (before == INT32_MIN)
			continue;
		const struct period newest =
		    period_of_day(before, catalogue->statistics[statistic].frequency);
		if (!window_horizon(catalogue, &formula->atoms[i], newest, frequency, &last))
			continue;
		if (!found || last.code > ret_last->code)
			*ret_last = last;
		found = true;
	}
	return found;
}

static int spread_over_areas(struct affected *affected, uint32_t indicator, struct period first,
                             struct period last)
{
	const struct catalogue *catalogue = affected->catalogue;
	struct spread spread = {
	    .affected = affected, .indicator = indicator, .frontier = affected->indicators[indicator].after};
	for (spread.area = 0; spread.area < catalogue->area_count; spread.area++) {
		if (!places_allow(&affected->places, catalogue->indicators[indicator].formula, spread.area))
			continue;
		const int fault = add_stretch(&spread, first, last);
		if (fault)
			return fault;
	}
	return 0;
}

static int spread_frontier(struct affected *affected, uint32_t index)
{
	const struct indicator *indicator = &affected->catalogue->indicators[index];
	const struct frontier *frontier = &affected->indicators[index];
	if (frontier->before == INT32_MIN || frontier->after == frontier->before)
		return 0;
	for (int i = indicator->frequency; i >= PERIOD_ANNUAL; i--) {
		const enum period_frequency frequency = (enum period_frequency)i;
		struct period first = period_of_day(frontier->before, frequency), last;
		if (!period_shift(first, 1, &first) ||
		    !find_horizon(affected, indicator->formula, frequency, &last) || last.code < first.code)
			continue;
		const int fault = spread_over_areas(affected, index, first, last);
		if (fault)
			return fault;
	}
	return 0;
}

/* ---- the list ---- */

static int compare_stretches(const void *left, const void *right)
{
	const struct stretch *a = left, *b = right;
	if (a->indicator != b->indicator)
		return a->indicator < b->indicator ? -1 : 1;
	if (a->area != b->area)
		return a->area < b->area ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return (a->last > b->last) - (a->last < b->last);
}

static bool overlap(const struct stretch *earlier, const struct stretch *next)
{
	return earlier->indicator == next->indicator && earlier->area == next->area &&
	       next->first <= earlier->last;
}

static int list_values(struct affected *affected)
{
	struct stretches *stretches = &affected->stretches;
	struct values *values = &affected->values;
	if (stretches->count > 1)
		qsort(stretches->at, stretches->count, sizeof *stretches->at, compare_stretches);
	for (size_t i = 0; i < stretches->count;) {
		struct stretch merged = stretches->at[i++];
		for (; i < stretches->count && overlap(&merged, &stretches->at[i]); i++)
			if (stretches->at[i].last > merged.last)
				merged.last = stretches->at[i].last;
		for (uint32_t code = merged.first; code <= merged.last; code++) {
			struct affected_value *at =
			    with_room(values->at, values->count, &values->room, sizeof *at);
			if (!at)
				return -ENOMEM;
			values->at = at;
			values->at[values->count++] = (struct affected_value){
			    .indicator = merged.indicator, .area = merged.area, .period = {code}};
		}
	}
	return 0;
}

int affected_list(struct affected *affected, const struct affected_value **ret_values, size_t *ret_count)
{
	affected->stretches.count = affected->values.count = 0;
	find_frontiers(affected);
	int fault = spread_touches(affected);
	for (uint32_t i = 0; i < affected->catalogue->indicator_count && !fault; i++)
		fault = spread_frontier(affected, i);
	if (!fault)
		fault = list_values(affected);
	if (fault)
		return fault;
	*ret_values = affected->values.at;
	*ret_count = affected->values.count;
	return 0;
}
