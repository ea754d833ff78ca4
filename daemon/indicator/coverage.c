#include "daemon/indicator/coverage.h"

#include "daemon/indicator/rows.h"
#include "daemon/indicator/units.h"
#include "daemon/indicator/window.h"
#include "proto/codes.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What was found of one atom in one unit. */
struct tally {
	int128 sum; /* of fewer than 2^63 cells of 63 bits: cannot overflow */
	uint64_t newest;
	uint32_t statuses;
	uint32_t got; /* areas of the unit that have it */
};

/* An area that reports, where its cell lies, and on which days its code is in force. */
struct lane {
	uint32_t row, slot, unit, area;
	int32_t first_day, last_day;
};

/* The areas of one level inside the expected units, ascending. */
struct lanes {
	bool ready;
	bool changing; /* not all of them are in force at all times */
	struct lane *lane;
	uint32_t count;
	uint32_t *needed; /* per unit: how many there are */
};

/* An atom during one evaluation. */
struct part {
	const struct formula_atom *atom;
	const struct statistic *statistic;
	const struct lanes *lanes;
	bool point, blind; /* blind: its window can hold nothing */
	struct window window;
	uint32_t group;        /* of matched atoms, if not a point */
	const bool *cut;       /* per lane: does it count for the sum; NULL: all do */
	struct tally *total;   /* per unit */
	struct tally *at_hand; /* per unit: the cell that is being matched */
	uint32_t *needed;      /* per unit: areas in force in the native period at hand */
	bool *whole;           /* points, per unit: it has its value */
	uint32_t looked;       /* points: native periods looked at */
};

/* Atoms whose windows are matched cell by cell. */
struct group {
	uint32_t length;
	enum period_frequency frequency;
	uint32_t parts, cells; /* how many atoms; how many cells the longest has */
	uint32_t newest;       /* cells up to the newest that any unit has; 0: none has any */
	uint32_t open;         /* cells up to the newest that any unit could have */
	uint32_t *unbroken;    /* per unit: cells from the window's start without a gap */
};

struct coverage {
	const struct catalogue *catalogue;
	struct places places;
	struct rows rows;
	uint32_t statuses_with_value;
	/* the evaluation under way */
	const struct formula *formula;
	struct units units;
	struct lanes lanes[LEVEL_COUNT];
	struct part part[FORMULA_ATOMS_MAX];
	struct group group[FORMULA_ATOMS_MAX];
	uint32_t group_count;
	struct fraction atoms[FORMULA_ATOMS_MAX];
	uint32_t cells;
	struct trail *trail; /* NULL: nobody wants to know */
	/* memory for the largest evaluation so far, and at least for each of the catalogue's */
	size_t lanes_most, units_most[LEVEL_COUNT];
	size_t atom_units, atom_lanes; /* room of what is per atom */
	struct tally *tallies;         /* two per atom and unit: totals, then what is at hand */
	uint32_t *unbroken, *needed;   /* per atom and unit */
	bool *whole;                   /* per atom and unit */
	bool *cuts;                    /* per atom and lane */
	bool *answered;                /* per lane */
	bool *was_carried, *reported;  /* per unit */
	bool *alive, *turned;          /* per unit, for points */
	uint32_t *missing, *carried;   /* per area */
};

/* ---- memory ---- */

static size_t largest(const struct catalogue *catalogue, unsigned level)
{
	size_t count = 1;
	for (uint32_t i = 0; i < catalogue->area_count; i++)
		if (catalogue->areas[i].inside[level].count > count)
			count = catalogue->areas[i].inside[level].count;
	return count;
}

static bool allocate(struct coverage *coverage)
{
	bool done = true;
	for (unsigned level = 0; level < LEVEL_COUNT; level++) {
		coverage->units_most[level] = largest(coverage->catalogue, level);
		if (coverage->units_most[level] > coverage->lanes_most)
			coverage->lanes_most = coverage->units_most[level];
	}
	const size_t most = coverage->lanes_most;
	for (unsigned level = 0; level < LEVEL_COUNT; level++) {
		struct lanes *lanes = &coverage->lanes[level];
		lanes->lane = calloc(most, sizeof *lanes->lane);
		lanes->needed = calloc(most, sizeof *lanes->needed);
		done = done && lanes->lane && lanes->needed;
	}
	coverage->answered = calloc(most, sizeof *coverage->answered);
	coverage->was_carried = calloc(most, sizeof *coverage->was_carried);
	coverage->reported = calloc(most, sizeof *coverage->reported);
	coverage->alive = calloc(most, sizeof *coverage->alive);
	coverage->turned = calloc(most, sizeof *coverage->turned);
	coverage->missing = calloc(most, sizeof *coverage->missing);
	coverage->carried = calloc(most, sizeof *coverage->carried);
	return done && coverage->answered && coverage->was_carried && coverage->reported && coverage->alive &&
	       coverage->turned && coverage->missing && coverage->carried;
}

/* What was there is forgotten; out of memory everything stands as it was. */
static int grow_atom_units(struct coverage *coverage, size_t count)
{
	if (count <= coverage->atom_units)
		return 0;
	struct tally *tallies = calloc(2 * count, sizeof *tallies);
	uint32_t *unbroken = calloc(count, sizeof *unbroken);
	uint32_t *needed = calloc(count, sizeof *needed);
	bool *whole = calloc(count, sizeof *whole);
	if (!tallies || !unbroken || !needed || !whole) {
		free(tallies);
		free(unbroken);
		free(needed);
		free(whole);
		return -ENOMEM;
	}
	free(coverage->tallies);
	free(coverage->unbroken);
	free(coverage->needed);
	free(coverage->whole);
	coverage->tallies = tallies;
	coverage->unbroken = unbroken;
	coverage->needed = needed;
	coverage->whole = whole;
	coverage->atom_units = count;
	return 0;
}

static int grow_atom_lanes(struct coverage *coverage, size_t count)
{
	if (count <= coverage->atom_lanes)
		return 0;
	bool *cuts = calloc(count, sizeof *cuts);
	if (!cuts)
		return -ENOMEM;
	free(coverage->cuts);
	coverage->cuts = cuts;
	coverage->atom_lanes = count;
	return 0;
}

static int make_room_for(struct coverage *coverage, const struct formula *formula)
{
	const size_t units = coverage->units_most[places_unit_level(coverage->catalogue, formula)];
	const int fault = grow_atom_units(coverage, units * formula->atom_count);
	return fault ? fault : grow_atom_lanes(coverage, coverage->lanes_most * formula->atom_count);
}

/* So that only formulas from outside ever need more. */
static int make_room_for_catalogue(struct coverage *coverage)
{
	const struct catalogue *catalogue = coverage->catalogue;
	int fault = 0;
	for (uint32_t i = 0; i < catalogue->indicator_count && !fault; i++)
		fault = make_room_for(coverage, catalogue->indicators[i].formula);
	return fault;
}

static uint32_t status_bit(char status)
{
	return status >= 'A' && status <= 'Z' ? UINT32_C(1) << (status - 'A') : 0;
}

int coverage_new(const struct catalogue *catalogue, struct coverage **ret_coverage)
{
	struct coverage *coverage = calloc(1, sizeof *coverage);
	if (!coverage)
		return -ENOMEM;
	coverage->catalogue = catalogue;
	for (int status = 'A'; status <= 'Z'; status++)
		if (status_is_valid((char)status) && status_has_value((char)status))
			coverage->statuses_with_value |= status_bit((char)status);
	if (places_init(&coverage->places, catalogue) || units_init(&coverage->units, catalogue) ||
	    !allocate(coverage) || make_room_for_catalogue(coverage)) {
		coverage_free(coverage);
		return -ENOMEM;
	}
	*ret_coverage = coverage;
	return 0;
}

void coverage_free(struct coverage *coverage)
{
	if (!coverage)
		return;
	for (unsigned level = 0; level < LEVEL_COUNT; level++) {
		free(coverage->lanes[level].lane);
		free(coverage->lanes[level].needed);
	}
	places_done(&coverage->places);
	units_done(&coverage->units);
	free(coverage->tallies);
	free(coverage->unbroken);
	free(coverage->needed);
	free(coverage->whole);
	free(coverage->cuts);
	free(coverage->answered);
	free(coverage->was_carried);
	free(coverage->reported);
	free(coverage->alive);
	free(coverage->turned);
	free(coverage->missing);
	free(coverage->carried);
	free(coverage);
}

const struct places *coverage_places(const struct coverage *coverage)
{
	return &coverage->places;
}

/* ---- laying out one evaluation ---- */

static void add_lanes(struct lanes *lanes, const struct area *areas, const struct area_list *inside,
                      uint32_t unit)
{
	lanes->needed[unit] += inside->count;
	for (uint32_t i = 0; i < inside->count; i++) {
		const struct area *area = &areas[inside->area[i]];
		lanes->changing |= !units_in_force_always(area);
		lanes->lane[lanes->count++] = (struct lane){.row = area->id / CELLS_PER_ROW,
		                                            .slot = area->id % CELLS_PER_ROW,
		                                            .unit = unit,
		                                            .area = inside->area[i],
		                                            .first_day = area->first_day,
		                                            .last_day = area->last_day};
	}
}

static const struct lanes *lay_lanes(struct coverage *coverage, enum area_level level)
{
	const struct area *areas = coverage->catalogue->areas;
	const struct units *units = &coverage->units;
	struct lanes *lanes = &coverage->lanes[level];
	if (lanes->ready)
		return lanes;
	lanes->ready = true;
	lanes->changing = false;
	lanes->count = 0;
	memset(lanes->needed, 0, units->count * sizeof *lanes->needed);
	for (uint32_t i = 0; i < units->areas.count; i++)
		if (units_of_place(units, i) != UNITS_NONE)
			add_lanes(lanes, areas, &areas[units->areas.area[i]].inside[level],
			          units_of_place(units, i));
	return lanes;
}

/* Lanes and the list of the part that counts are both ascending. */
static void lay_cut(const struct lanes *lanes, const struct area_list *counts, bool *ret_cut)
{
	uint32_t at = 0;
	for (uint32_t i = 0; i < lanes->count; i++) {
		while (at < counts->count && counts->area[at] < lanes->lane[i].area)
			at++;
		ret_cut[i] = at < counts->count && counts->area[at] == lanes->lane[i].area;
	}
}

static void join_group(struct coverage *coverage, struct part *part)
{
	uint32_t at = 0;
	while (at < coverage->group_count && (coverage->group[at].length != part->window.length ||
	                                      coverage->group[at].frequency != part->statistic->frequency))
		at++;
	struct group *group = &coverage->group[at];
	if (at == coverage->group_count) {
		coverage->group_count++;
		*group = (struct group){.length = part->window.length,
		                        .frequency = part->statistic->frequency,
		                        .unbroken = coverage->unbroken + (size_t)at * coverage->units.count};
	}
	part->group = at;
	group->parts++;
	if (part->window.cells > group->cells)
		group->cells = part->window.cells;
}

/* Answers 0 or WINDOW_NO_PLAN. */
static int lay_part(struct coverage *coverage, uint32_t index, struct period period)
{
	const struct catalogue *catalogue = coverage->catalogue;
	struct part *part = &coverage->part[index];
	const size_t units = coverage->units.count;
	*part = (struct part){.atom = &coverage->formula->atoms[index]};
	part->statistic = &catalogue->statistics[part->atom->statistic];
	part->point = window_is_point(part->statistic);
	part->lanes = lay_lanes(coverage, part->statistic->level);
	part->total = coverage->tallies + 2 * units * index;
	part->at_hand = part->total + units;
	part->needed = coverage->needed + units * index;
	part->whole = coverage->whole + units * index;
	memcpy(part->needed, part->lanes->needed, units * sizeof *part->needed);
	const int verdict = window_find(catalogue, part->atom, period, &part->window);
	part->blind = verdict != 0;
	if (part->atom->within != CATALOGUE_NONE) {
		bool *cut = coverage->cuts + index * coverage->lanes_most;
		lay_cut(part->lanes, &catalogue->areas[part->atom->within].inside[part->statistic->level],
		        cut);
		part->cut = cut;
	}
	if (!part->blind && !part->point)
		join_group(coverage, part);
	return verdict == WINDOW_NO_PLAN ? verdict : 0;
}

static bool lay_out(struct coverage *coverage, const struct formula *formula, uint32_t area,
                    struct period period)
{
	const struct catalogue *catalogue = coverage->catalogue;
	bool planned = true;
	coverage->formula = formula;
	units_find(&coverage->units, area, places_unit_level(catalogue, formula), period);
	coverage->group_count = 0;
	coverage->cells = 0;
	for (unsigned level = 0; level < LEVEL_COUNT; level++)
		coverage->lanes[level].ready = false;
	for (uint32_t i = 0; i < formula->atom_count; i++)
		planned &= lay_part(coverage, i, period) == 0;
	const size_t units = coverage->units.count;
	memset(coverage->tallies, 0, 2 * units * formula->atom_count * sizeof *coverage->tallies);
	memset(coverage->unbroken, 0, coverage->group_count * units * sizeof *coverage->unbroken);
	memset(coverage->whole, 0, units * formula->atom_count * sizeof *coverage->whole);
	memset(coverage->was_carried, 0, units * sizeof *coverage->was_carried);
	return planned;
}

/* ---- reading cells ---- */

/* One pass over the lanes of a part in one native period. */
struct pass {
	const struct part *part;
	struct period period;
	struct tally *into;
	bool *answered;      /* points: lanes that need no older cell; NULL for windows */
	bool *carried;       /* points: units to mark, NULL at the newest period */
	struct group *alone; /* a group of one atom in areas that are units: each cell found is matched */
	uint32_t position;   /* in that group */
};

static void count_unit_cell(struct group *group, uint32_t unit, uint32_t position)
{
	if (group->unbroken[unit] == position)
		group->unbroken[unit] = position + 1;
	group->newest = position + 1;
}

static bool in_force(const struct lane *lane, struct period period)
{
	return lane->first_day <= period_first_day(period) && period_last_day(period) <= lane->last_day;
}

/* How many areas of each unit are in force in the native period. */
static void find_needed(const struct coverage *coverage, const struct part *part, struct period period)
{
	const struct lanes *lanes = part->lanes;
	if (!lanes->changing)
		return;
	memset(part->needed, 0, coverage->units.count * sizeof *part->needed);
	for (uint32_t i = 0; i < lanes->count; i++)
		part->needed[lanes->lane[i].unit] += in_force(&lanes->lane[i], period);
}

static void note_cell(const struct coverage *coverage, const struct pass *pass, const struct lane *lane,
                      const struct cell *cell, bool counts)
{
	if (!coverage->trail)
		return;
	const struct trail_cell note = {.unit = lane->unit,
	                                .kept = pass->answered || pass->alone,
	                                .seen = {.atom = (uint32_t)(pass->part - coverage->part),
	                                         .area = lane->area,
	                                         .period = pass->period,
	                                         .cell = *cell,
	                                         .counted = counts,
	                                         .carried = pass->carried != NULL}};
	trail_note(coverage->trail, &note);
}

static void take_cell(const struct coverage *coverage, const struct pass *pass, const struct lane *lane,
                      const struct cell *cell, uint32_t status)
{
	const size_t at = (size_t)(lane - pass->part->lanes->lane);
	const bool counts = !pass->part->cut || pass->part->cut[at];
	struct tally *tally = &pass->into[lane->unit];
	note_cell(coverage, pass, lane, cell, counts);
	if (pass->answered)
		pass->answered[at] = true;
	if (pass->carried)
		pass->carried[lane->unit] = true;
	if (pass->alone)
		count_unit_cell(pass->alone, lane->unit, pass->position);
	tally->got++;
	if (!counts)
		return;
	tally->sum += cell->value;
	tally->statuses |= status;
	if (cell->entry > tally->newest)
		tally->newest = cell->entry;
}

/* Answers the status of an observation that can be seen, 0 without one. */
static uint32_t look_at(const struct coverage *coverage, const struct pass *pass, const struct lane *lane,
                        const struct cell *cell)
{
	if (pass->answered && pass->answered[lane - pass->part->lanes->lane])
		return 0;
	if (cell->entry == 0 || (pass->part->lanes->changing && !in_force(lane, pass->period)))
		return 0;
	return status_bit(cell->status) & coverage->statuses_with_value;
}

static int read_pass(struct coverage *coverage, const struct pass *pass, uint32_t *ret_found)
{
	const struct lanes *lanes = pass->part->lanes;
	const struct lane *lane = lanes->lane, *const end = lane + lanes->count;
	uint32_t found = 0;
	while (lane < end) {
		const struct cell_row *row;
		const uint32_t number = lane->row;
		const int fault =
		    rows_find(&coverage->rows, pass->part->statistic->id, pass->period, number, &row);
		if (fault)
			return fault;
		for (; lane < end && lane->row == number; lane++) {
			const struct cell *cell = row ? &row->cell[lane->slot] : NULL;
			const uint32_t status = cell ? look_at(coverage, pass, lane, cell) : 0;
			if (!status)
				continue;
			take_cell(coverage, pass, lane, cell, status);
			found++;
		}
	}
	coverage->cells += found;
	*ret_found = found;
	return 0;
}

static bool has_all(const struct part *part, const struct tally *tally, uint32_t unit)
{
	return tally[unit].got == part->needed[unit] && tally[unit].got > 0;
}

/* Units of which no code is in force at the point have nothing there, and are not looked at. */
static void begin_point(struct coverage *coverage, const struct part *part)
{
	const struct lanes *lanes = part->lanes;
	const int32_t day = period_last_day(part->window.meant);
	memset(coverage->answered, 0, lanes->count * sizeof *coverage->answered);
	memset(coverage->alive, 0, coverage->units.count * sizeof *coverage->alive);
	for (uint32_t i = 0; i < lanes->count; i++)
		coverage->alive[lanes->lane[i].unit] |=
		    lanes->lane[i].first_day <= day && day <= lanes->lane[i].last_day;
	for (uint32_t i = 0; i < lanes->count; i++)
		coverage->answered[i] = !coverage->alive[lanes->lane[i].unit];
}

/* From here back other codes are in force than in the period after: what a unit has found so far is all it needs, or
 * none of it stands. */
static void turn_to(struct coverage *coverage, const struct part *part, struct period period, size_t mark)
{
	const struct lanes *lanes = part->lanes;
	const struct period after = {period.code + 1};
	memset(coverage->turned, 0, coverage->units.count * sizeof *coverage->turned);
	for (uint32_t i = 0; i < lanes->count; i++)
		coverage->turned[lanes->lane[i].unit] |=
		    in_force(&lanes->lane[i], period) != in_force(&lanes->lane[i], after);
	for (uint32_t unit = 0; unit < coverage->units.count; unit++) {
		if (!coverage->turned[unit] || part->whole[unit])
			continue;
		part->total[unit] = (struct tally){0};
		trail_keep(coverage->trail, mark, unit, false);
	}
	for (uint32_t i = 0; i < lanes->count; i++) {
		const uint32_t unit = lanes->lane[i].unit;
		if (coverage->turned[unit])
			coverage->answered[i] = part->whole[unit] || !coverage->alive[unit];
	}
	find_needed(coverage, part, period);
}

/* Answers how many units that could still have a value have none yet. */
static uint32_t find_whole(const struct coverage *coverage, const struct part *part)
{
	uint32_t open = 0;
	for (uint32_t unit = 0; unit < coverage->units.count; unit++) {
		part->whole[unit] = part->whole[unit] || has_all(part, part->total, unit);
		open += coverage->alive[unit] && !part->whole[unit];
	}
	return open;
}

/* Back from the newest period until every unit has its value or the rest would be too old. */
static int gather_point(struct coverage *coverage, struct part *part)
{
	const size_t mark = trail_mark(coverage->trail);
	uint32_t open = 1;
	begin_point(coverage, part);
	find_needed(coverage, part, part->window.first);
	for (part->looked = 0; part->looked < part->window.cells && open > 0; part->looked++) {
		const struct pass pass = {.part = part,
		                          .period = window_cell(&part->window, true, part->looked),
		                          .into = part->total,
		                          .answered = coverage->answered,
		                          .carried = part->looked > 0 ? coverage->was_carried : NULL};
		if (part->looked > 0 && part->lanes->changing)
			turn_to(coverage, part, pass.period, mark);
		uint32_t found;
		const int fault = read_pass(coverage, &pass, &found);
		if (fault)
			return fault;
		open = find_whole(coverage, part);
	}
	return 0;
}

static bool in_group_at(const struct part *part, uint32_t group, uint32_t position)
{
	return !part->blind && !part->point && part->group == group && position < part->window.cells;
}

static void add_tally(struct tally *total, const struct tally *more)
{
	total->sum += more->sum;
	total->statuses |= more->statuses;
	if (more->newest > total->newest)
		total->newest = more->newest;
}

static bool is_matched(const struct coverage *coverage, uint32_t index, uint32_t position, uint32_t unit)
{
	bool matched = true;
	for (uint32_t i = 0; i < coverage->formula->atom_count && matched; i++)
		if (in_group_at(&coverage->part[i], index, position))
			matched = has_all(&coverage->part[i], coverage->part[i].at_hand, unit);
	return matched;
}

/* Whether the unit could have it: each atom has areas in force there. */
static bool is_open(const struct coverage *coverage, uint32_t index, uint32_t position, uint32_t unit)
{
	bool open = true;
	for (uint32_t i = 0; i < coverage->formula->atom_count && open; i++)
		if (in_group_at(&coverage->part[i], index, position))
			open = coverage->part[i].needed[unit] > 0;
	return open;
}

/* Takes the cell at hand into the totals of the units where every atom of the group has it. */
static void match_position(struct coverage *coverage, uint32_t index, uint32_t position, size_t mark)
{
	struct group *group = &coverage->group[index];
	for (uint32_t unit = 0; unit < coverage->units.count; unit++) {
		if (is_open(coverage, index, position, unit))
			group->open = position + 1;
		if (!is_matched(coverage, index, position, unit))
			continue;
		for (uint32_t i = 0; i < coverage->formula->atom_count; i++)
			if (in_group_at(&coverage->part[i], index, position))
				add_tally(&coverage->part[i].total[unit], &coverage->part[i].at_hand[unit]);
		trail_keep(coverage->trail, mark, unit, true);
		count_unit_cell(group, unit, position);
	}
}

static int read_position(struct coverage *coverage, uint32_t index, uint32_t position)
{
	for (uint32_t i = 0; i < coverage->formula->atom_count; i++) {
		const struct part *part = &coverage->part[i];
		if (!in_group_at(part, index, position))
			continue;
		const struct pass pass = {.part = part,
		                          .period = window_cell(&part->window, false, position),
		                          .into = part->at_hand};
		uint32_t found;
		memset(part->at_hand, 0, coverage->units.count * sizeof *part->at_hand);
		find_needed(coverage, part, pass.period);
		const int fault = read_pass(coverage, &pass, &found);
		if (fault)
			return fault;
	}
	return 0;
}

static int gather_matched(struct coverage *coverage, uint32_t index)
{
	for (uint32_t position = 0; position < coverage->group[index].cells; position++) {
		const size_t mark = trail_mark(coverage->trail);
		const int fault = read_position(coverage, index, position);
		if (fault)
			return fault;
		match_position(coverage, index, position, mark);
	}
	return 0;
}

/* The common case, and the one with the most cells: nothing to match, so straight into the totals. */
static int gather_alone(struct coverage *coverage, const struct part *part)
{
	coverage->group[part->group].open = part->window.cells;
	for (uint32_t position = 0; position < part->window.cells; position++) {
		const struct pass pass = {.part = part,
		                          .period = window_cell(&part->window, false, position),
		                          .into = part->total,
		                          .alone = &coverage->group[part->group],
		                          .position = position};
		uint32_t found;
		const int fault = read_pass(coverage, &pass, &found);
		if (fault)
			return fault;
	}
	return 0;
}

static int gather_group(struct coverage *coverage, uint32_t index)
{
	const enum area_level units = places_unit_level(coverage->catalogue, coverage->formula);
	for (uint32_t i = 0; i < coverage->formula->atom_count; i++) {
		const struct part *part = &coverage->part[i];
		if (in_group_at(part, index, 0) && coverage->group[index].parts == 1 &&
		    part->statistic->level == units && !part->lanes->changing)
			return gather_alone(coverage, part);
	}
	return gather_matched(coverage, index);
}

static int gather_cells(struct coverage *coverage)
{
	int fault = 0;
	for (uint32_t i = 0; i < coverage->formula->atom_count && !fault; i++)
		if (coverage->part[i].point && !coverage->part[i].blind)
			fault = gather_point(coverage, &coverage->part[i]);
	for (uint32_t i = 0; i < coverage->group_count && !fault; i++)
		fault = gather_group(coverage, i);
	return fault;
}

/* ---- who has reported, and the totals over them ---- */

static bool any_is_blind(const struct coverage *coverage)
{
	for (uint32_t i = 0; i < coverage->formula->atom_count; i++)
		if (coverage->part[i].blind)
			return true;
	return false;
}

static bool has_reported(const struct coverage *coverage, uint32_t unit)
{
	for (uint32_t i = 0; i < coverage->formula->atom_count; i++) {
		const struct part *part = &coverage->part[i];
		if (part->point && !part->whole[unit])
			return false;
	}
	for (uint32_t i = 0; i < coverage->group_count; i++) {
		const struct group *group = &coverage->group[i];
		if (group->newest == 0 || group->unbroken[unit] < group->newest)
			return false;
	}
	return true;
}

/* A unit goes by the names of its codes in force. */
static void name_units(const struct coverage *coverage, struct covered *covered)
{
	const struct units *units = &coverage->units;
	for (uint32_t i = 0; i < units->areas.count; i++) {
		const uint32_t unit = units_of_place(units, i), area = units->areas.area[i];
		if (unit == UNITS_NONE || !units_in_force_on(&coverage->catalogue->areas[area], units->day))
			continue;
		if (!coverage->reported[unit])
			coverage->missing[covered->missing_count++] = area;
		else if (coverage->was_carried[unit])
			coverage->carried[covered->carried_count++] = area;
	}
}

static void find_reported(const struct coverage *coverage, struct covered *covered)
{
	const bool nobody = any_is_blind(coverage) || coverage->formula->atom_count == 0;
	covered->expected = coverage->units.count;
	covered->missing = coverage->missing;
	covered->carried = coverage->carried;
	for (uint32_t unit = 0; unit < coverage->units.count; unit++) {
		coverage->reported[unit] = !nobody && has_reported(coverage, unit);
		covered->reported += coverage->reported[unit];
	}
	name_units(coverage, covered);
}

/* All atoms flows of one matched group: then also the cells of units that are behind count. */
static bool is_sum_so_far(const struct coverage *coverage)
{
	for (uint32_t i = 0; i < coverage->formula->atom_count; i++)
		if (coverage->part[i].blind || coverage->part[i].statistic->kind != KIND_FLOW)
			return false;
	return coverage->group_count == 1;
}

static struct tally total_of(const struct coverage *coverage, const struct part *part, bool everyone)
{
	struct tally total = {0};
	for (uint32_t unit = 0; unit < coverage->units.count; unit++)
		if (everyone || coverage->reported[unit])
			add_tally(&total, &part->total[unit]);
	return total;
}

/* Cells that an average's mean is taken over. */
static uint32_t shares_of(const struct coverage *coverage, const struct part *part)
{
	if (part->statistic->kind != KIND_AVERAGE)
		return 1;
	const uint32_t newest = coverage->group[part->group].newest;
	return newest < part->window.cells ? newest : part->window.cells;
}

static void find_totals(struct coverage *coverage, struct covered *covered, bool everyone)
{
	covered->present = everyone ? coverage->group[0].newest > 0 : covered->reported > 0;
	if (!covered->present)
		return;
	covered->atoms = coverage->atoms;
	for (uint32_t i = 0; i < coverage->group_count; i++)
		covered->under_way |= coverage->group[i].newest < coverage->group[i].open;
	for (uint32_t i = 0; i < coverage->formula->atom_count; i++) {
		const struct part *part = &coverage->part[i];
		const struct tally total = total_of(coverage, part, everyone);
		covered->statuses |= total.statuses;
		if (total.newest > covered->newest_entry)
			covered->newest_entry = total.newest;
		if (fraction_of_total(total.sum, part->statistic->decimals, shares_of(coverage, part),
		                      &coverage->atoms[i]))
			covered->overflow = true;
	}
}

int coverage_gather(struct coverage *coverage, const struct formula *formula, uint32_t area,
                    struct period period, const struct cell_source *source, struct trail *trail,
                    struct covered *ret_covered)
{
	struct covered covered = {0};
	int fault = make_room_for(coverage, formula);
	if (fault)
		return fault;
	rows_begin(&coverage->rows, source);
	coverage->trail = trail;
	covered.no_plan = !lay_out(coverage, formula, area, period);
	fault = gather_cells(coverage);
	if (fault)
		return fault;
	const bool everyone = is_sum_so_far(coverage);
	covered.cells = coverage->cells;
	if (!covered.no_plan) {
		find_reported(coverage, &covered);
		find_totals(coverage, &covered, everyone);
	}
	fault = trail_end(trail, covered.present, everyone ? NULL : coverage->reported);
	if (!fault)
		*ret_covered = covered;
	return fault;
}

bool coverage_window(const struct coverage *coverage, uint32_t atom, struct period *ret_from,
                     struct period *ret_to)
{
	const struct part *part = &coverage->part[atom];
	if (part->blind || (part->point && part->looked == 0))
		return false;
	const struct period first = window_cell(&part->window, part->point, 0);
	const struct period last =
	    window_cell(&part->window, part->point, (part->point ? part->looked : part->window.cells) - 1);
	*ret_from = part->point ? last : first;
	*ret_to = part->point ? first : last;
	return true;
}
