/* Four steps, each with its repetitions taken out, so that a commit of thousands of observations of one city does not
 * multiply: *observations* (statistic, area, native period), from these *touches* (statistic, area or aggregate, native
 * period), from these *stretches* (indicator, area, evaluated periods from-to of one frequency), from these the
 * values. */
#include "daemon/indicator/affected.h"

#include "daemon/indicator/places.h"
#include "daemon/indicator/rows.h"
#include "daemon/indicator/units.h"
#include "daemon/indicator/window.h"
#include "proto/codes.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

struct observation {
	uint32_t statistic, area, code;
};

/* An observation as an aggregate sees it. */
struct touch {
	uint32_t statistic, area, code;
	uint32_t levels; /* a bit for each level of the areas that hold the observation's, itself included */
	uint32_t
	    passing;    /* the observation's area if it or one above is not always in force; CATALOGUE_NONE */
	uint32_t hider; /* a newer observation of the same area, hiding this one; UINT32_MAX: there is none */
};

struct stretch {
	uint32_t indicator, area, first, last; /* codes of periods of one frequency */
};

struct observations {
	struct observation *at;
	size_t count, room;
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
	struct units units;
	struct rows rows;
	struct use *uses;    /* by statistic */
	uint32_t *first_use; /* per statistic, and one behind the last */
	struct frontier *statistics, *indicators;
	struct observations observations;
	struct touches touches;
	struct stretches stretches;
	struct values values;
	bool *seen; /* per area: something can be seen there; elsewhere nobody looks */
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
	affected->seen = calloc((size_t)catalogue->area_count + 1, sizeof *affected->seen);
	if (!affected->first_use || !affected->statistics || !affected->indicators || !affected->seen ||
	    places_init(&affected->places, catalogue) || units_init(&affected->units, catalogue) ||
	    list_uses(affected)) {
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
	units_done(&affected->units);
	free(affected->uses);
	free(affected->first_use);
	free(affected->statistics);
	free(affected->indicators);
	free(affected->seen);
	free(affected->observations.at);
	free(affected->touches.at);
	free(affected->stretches.at);
	free(affected->values.at);
	free(affected);
}

void affected_reset(struct affected *affected)
{
	for (uint32_t i = 0; i < affected->catalogue->statistic_count; i++)
		affected->statistics[i].before = affected->statistics[i].after;
	affected->observations.count = affected->touches.count = 0;
	affected->stretches.count = affected->values.count = 0;
}

void affected_set_frontier(struct affected *affected, uint32_t statistic, int32_t before, int32_t after)
{
	affected->statistics[statistic] = (struct frontier){.before = before, .after = later(before, after)};
}

/* ---- observations ---- */

static int compare_observations(const void *left, const void *right)
{
	const struct observation *a = left, *b = right;
	if (a->statistic != b->statistic)
		return a->statistic < b->statistic ? -1 : 1;
	if (a->area != b->area)
		return a->area < b->area ? -1 : 1;
	return (a->code > b->code) - (a->code < b->code);
}

static void settle_observations(struct observations *all)
{
	size_t kept = 0;
	if (all->count > 1)
		qsort(all->at, all->count, sizeof *all->at, compare_observations);
	for (size_t i = 0; i < all->count; i++)
		if (kept == 0 || compare_observations(&all->at[kept - 1], &all->at[i]) != 0)
			all->at[kept++] = all->at[i];
	all->count = kept;
}

int affected_add(struct affected *affected, uint32_t statistic, uint32_t area, struct period period)
{
	struct observations *all = &affected->observations;
	if (affected->first_use[statistic] == affected->first_use[statistic + 1])
		return 0;
	size_t used = all->count;
	if (used == all->room) {
		/* Settling pays only if it makes much room; otherwise the next one would soon follow. */
		settle_observations(all);
		used = all->count > all->room / 2 ? all->room : all->count;
	}
	struct observation *at = with_room(all->at, used, &all->room, sizeof *at);
	if (!at)
		return -ENOMEM;
	all->at = at;
	all->at[all->count++] =
	    (struct observation){.statistic = statistic, .area = area, .code = period.code};
	return 0;
}

/* ---- touches ---- */

static int compare_places(const struct touch *a, const struct touch *b)
{
	if (a->statistic != b->statistic)
		return a->statistic < b->statistic ? -1 : 1;
	if (a->area != b->area)
		return a->area < b->area ? -1 : 1;
	if (a->code != b->code)
		return a->code < b->code ? -1 : 1;
	if (a->levels != b->levels)
		return a->levels < b->levels ? -1 : 1;
	return (a->passing > b->passing) - (a->passing < b->passing);
}

/* The one that is hidden last comes first. */
static int compare_touches(const void *left, const void *right)
{
	const struct touch *a = left, *b = right;
	const int order = compare_places(a, b);
	return order ? order : (a->hider < b->hider) - (a->hider > b->hider);
}

static void settle_touches(struct touches *touches)
{
	size_t kept = 0;
	if (touches->count > 1)
		qsort(touches->at, touches->count, sizeof *touches->at, compare_touches);
	for (size_t i = 0; i < touches->count; i++)
		if (kept == 0 || compare_places(&touches->at[kept - 1], &touches->at[i]) != 0)
			touches->at[kept++] = touches->at[i];
	touches->count = kept;
}

static int add_touch(struct touches *touches, const struct touch *touch)
{
	struct touch *at = with_room(touches->at, touches->count, &touches->room, sizeof *at);
	if (!at)
		return -ENOMEM;
	touches->at = at;
	touches->at[touches->count++] = *touch;
	return 0;
}

static int find_cell(struct affected *affected, uint32_t statistic, uint32_t area, struct period period,
                     bool *ret_found)
{
	const uint32_t id = affected->catalogue->areas[area].id;
	const struct cell_row *row;
	const int fault = rows_find(&affected->rows, affected->catalogue->statistics[statistic].id, period,
	                            id / CELLS_PER_ROW, &row);
	if (fault)
		return fault;
	const struct cell *cell = row ? &row->cell[id % CELLS_PER_ROW] : NULL;
	*ret_found = cell && cell->entry != 0 && status_is_valid(cell->status) &&
	             status_has_value(cell->status) &&
	             units_in_force_in(&affected->catalogue->areas[area], period);
	return 0;
}

/* The first day after `day` on which a code of the level comes into force, or no longer is. */
static int32_t next_turn(const struct affected *affected, enum area_level level, int32_t day)
{
	int32_t turn = INT32_MAX;
	for (uint32_t i = 0; affected->units.changing[level] && i < affected->catalogue->group_first; i++) {
		const struct area *area = &affected->catalogue->areas[i];
		if (area->level != level)
			continue;
		if (area->first_day > day && area->first_day < turn)
			turn = area->first_day;
		if (area->last_day >= day && area->last_day < turn - 1)
			turn = area->last_day + 1;
	}
	return turn;
}

/* The next newer observation of the same area hides this one, as long as the same codes are in force: only then it is
 * sure that nobody looks behind it. */
static int find_hider(struct affected *affected, const struct observation *seen, uint32_t *ret_hider)
{
	const struct statistic *statistic = &affected->catalogue->statistics[seen->statistic];
	const struct period native = {seen->code};
	const int32_t turn = next_turn(affected, statistic->level, period_first_day(native));
	*ret_hider = UINT32_MAX;
	if (!window_is_point(statistic))
		return 0;
	struct period at = native;
	while (period_shift(at, 1, &at)) {
		const int32_t day = period_last_day(at);
		bool found = false;
		if (day > affected->statistics[seen->statistic].after || day >= turn ||
		    period_months_between_ends(native, at) > (int)statistic->carry_months)
			return 0;
		const int fault = find_cell(affected, seen->statistic, seen->area, at, &found);
		if (fault)
			return fault;
		if (found) {
			*ret_hider = at.code;
			return 0;
		}
	}
	return 0;
}

static int touch_aggregates(struct affected *affected, const struct observation *seen)
{
	const struct area *areas = affected->catalogue->areas;
	const struct area_list *aggregates = &areas[seen->area].counts_towards;
	struct touch touch = {.statistic = seen->statistic, .code = seen->code, .passing = CATALOGUE_NONE};
	if (!units_in_force_in(&areas[seen->area], (struct period){seen->code}))
		return 0;
	for (uint32_t at = seen->area; at != CATALOGUE_NONE; at = areas[at].parent) {
		touch.levels |= UINT32_C(1) << areas[at].level;
		if (!units_in_force_always(&areas[at]))
			touch.passing = seen->area;
	}
	int fault = find_hider(affected, seen, &touch.hider);
	for (uint32_t i = 0; i < aggregates->count && !fault; i++) {
		touch.area = aggregates->area[i];
		fault = add_touch(&affected->touches, &touch);
	}
	return fault;
}

static int find_touches(struct affected *affected)
{
	int fault = 0;
	settle_observations(&affected->observations);
	affected->touches.count = 0;
	for (size_t i = 0; i < affected->observations.count && !fault; i++)
		fault = touch_aggregates(affected, &affected->observations.at[i]);
	settle_touches(&affected->touches);
	return fault;
}

/* ---- stretches ---- */

/* Whether the unit that holds the area is expected, and so looked at. */
static bool is_expected(struct affected *affected, uint32_t aggregate, enum area_level level, uint32_t area,
                        struct period period)
{
	const struct area *areas = affected->catalogue->areas;
	while (area != CATALOGUE_NONE && areas[area].level != level)
		area = areas[area].parent;
	if (area == CATALOGUE_NONE)
		return false;
	if (units_in_force_always(&areas[area]))
		return true;
	units_find(&affected->units, aggregate, level, period);
	const uint32_t place = units_place(&affected->units.areas, area);
	return place != CATALOGUE_NONE && units_of_place(&affected->units, place) != UNITS_NONE;
}

/* Where the stretches of one use go. */
struct spread {
	struct affected *affected;
	uint32_t indicator, area;
	int32_t frontier;
	uint32_t passing;      /* as in the touch */
	enum area_level level; /* of the indicator's units */
};

static int keep_stretch(const struct spread *spread, struct period first, struct period last)
{
	struct stretches *stretches = &spread->affected->stretches;
	struct stretch *at = with_room(stretches->at, stretches->count, &stretches->room, sizeof *at);
	if (!at)
		return -ENOMEM;
	stretches->at = at;
	stretches->at[stretches->count++] = (struct stretch){
	    .indicator = spread->indicator, .area = spread->area, .first = first.code, .last = last.code};
	return 0;
}

static int add_stretch(void *context, struct period first, struct period last)
{
	const struct spread *spread = context;
	const struct period end = period_of_day(spread->frontier, period_frequency_of(first));
	if (last.code > end.code)
		last = end;
	if (first.code > last.code)
		return 0;
	if (spread->passing == CATALOGUE_NONE)
		return keep_stretch(spread, first, last);
	int fault = 0;
	for (; first.code <= last.code && !fault; first.code++)
		if (is_expected(spread->affected, spread->area, spread->level, spread->passing, first))
			fault = keep_stretch(spread, first, first);
	return fault;
}

static int spread_use(struct affected *affected, const struct use *use, const struct touch *touch)
{
	const struct indicator *indicator = &affected->catalogue->indicators[use->indicator];
	const struct formula_atom *atom = &indicator->formula->atoms[use->atom];
	struct spread spread = {.affected = affected,
	                        .indicator = use->indicator,
	                        .area = touch->area,
	                        .frontier = affected->indicators[use->indicator].after,
	                        .passing = touch->passing,
	                        .level = places_unit_level(affected->catalogue, indicator->formula)};
	const struct period hider = {touch->hider == UINT32_MAX ? 0 : touch->hider};
	if (!(touch->levels >> spread.level & 1))
		return 0;
	if (spread.frontier == INT32_MIN || !places_allow(&affected->places, indicator->formula, touch->area))
		return 0;
	int fault = 0;
	for (int frequency = indicator->frequency; frequency >= PERIOD_ANNUAL && !fault; frequency--)
		fault = window_reach(affected->catalogue, atom, (struct period){touch->code}, hider,
		                     (enum period_frequency)frequency, add_stretch, &spread);
	return fault;
}

static int spread_touches(struct affected *affected)
{
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

/* An indicator in a period that begins to exist. */
struct arrival {
	uint32_t indicator;
	enum area_level level;
	struct period period;
	uint32_t unseen; /* areas it can be evaluated in, and nothing was seen in yet */
};

static void begin_arrival(struct affected *affected, struct arrival *arrival)
{
	const struct catalogue *catalogue = affected->catalogue;
	const struct formula *formula = catalogue->indicators[arrival->indicator].formula;
	arrival->unseen = 0;
	for (uint32_t area = 0; area < catalogue->area_count; area++) {
		affected->seen[area] = !places_allow(&affected->places, formula, area);
		arrival->unseen += !affected->seen[area];
	}
}

static int keep_seen(struct affected *affected, struct arrival *arrival, uint32_t area)
{
	const struct area_list *aggregates = &affected->catalogue->areas[area].counts_towards;
	int fault = 0;
	for (uint32_t i = 0; i < aggregates->count && !fault; i++) {
		const struct spread spread = {
		    .affected = affected, .indicator = arrival->indicator, .area = aggregates->area[i]};
		if (affected->seen[spread.area] ||
		    !is_expected(affected, spread.area, arrival->level, area, arrival->period))
			continue;
		affected->seen[spread.area] = true;
		arrival->unseen--;
		fault = keep_stretch(&spread, arrival->period, arrival->period);
	}
	return fault;
}

static int look_in_period(struct affected *affected, struct arrival *arrival, uint32_t statistic,
                          struct period native)
{
	const struct catalogue *catalogue = affected->catalogue;
	const struct area_list *all =
	    &catalogue->areas[catalogue->root].inside[catalogue->statistics[statistic].level];
	int fault = 0;
	for (uint32_t i = 0; i < all->count && arrival->unseen > 0 && !fault; i++) {
		bool found = false;
		fault = find_cell(affected, statistic, all->area[i], native, &found);
		if (!fault && found)
			fault = keep_seen(affected, arrival, all->area[i]);
	}
	return fault;
}

/* The periods of one atom's window, the newest first: there most areas are found soonest. */
static int look_through(struct affected *affected, struct arrival *arrival, const struct formula_atom *atom)
{
	const struct statistic *statistic = &affected->catalogue->statistics[atom->statistic];
	const bool point = window_is_point(statistic);
	struct window window;
	int fault = 0;
	if (window_find(affected->catalogue, atom, arrival->period, &window))
		return 0;
	for (uint32_t i = 0; i < window.cells && arrival->unseen > 0 && !fault; i++) {
		const struct period native = window_cell(&window, point, point ? i : window.cells - 1 - i);
		if (period_last_day(native) <= affected->statistics[atom->statistic].after)
			fault = look_in_period(affected, arrival, atom->statistic, native);
	}
	return fault;
}

static int arrive(struct affected *affected, struct arrival *arrival)
{
	const struct formula *formula = affected->catalogue->indicators[arrival->indicator].formula;
	int fault = 0;
	begin_arrival(affected, arrival);
	for (uint32_t i = 0; i < formula->atom_count && !fault; i++)
		fault = look_through(affected, arrival, &formula->atoms[i]);
	return fault;
}

static int spread_frontier(struct affected *affected, uint32_t index)
{
	const struct indicator *indicator = &affected->catalogue->indicators[index];
	const struct frontier *frontier = &affected->indicators[index];
	int fault = 0;
	if (frontier->before == INT32_MIN || frontier->after == frontier->before)
		return 0;
	for (int i = indicator->frequency; i >= PERIOD_ANNUAL && !fault; i--) {
		const enum period_frequency frequency = (enum period_frequency)i;
		const struct period end = period_of_day(frontier->after, frequency);
		struct period last;
		struct arrival arrival = {
		    .indicator = index, .level = places_unit_level(affected->catalogue, indicator->formula)};
		if (!period_shift(period_of_day(frontier->before, frequency), 1, &arrival.period) ||
		    !find_horizon(affected, indicator->formula, frequency, &last))
			continue;
		for (; arrival.period.code <= last.code && arrival.period.code <= end.code && !fault;
		     arrival.period.code++)
			fault = arrive(affected, &arrival);
	}
	return fault;
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

int affected_list(struct affected *affected, const struct cell_source *source,
                  const struct affected_value **ret_values, size_t *ret_count)
{
	affected->stretches.count = affected->values.count = 0;
	rows_begin(&affected->rows, source);
	find_frontiers(affected);
	int fault = find_touches(affected);
	if (!fault)
		fault = spread_touches(affected);
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
