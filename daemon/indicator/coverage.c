#include "daemon/indicator/coverage.h"

#include "daemon/indicator/rows.h"
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

/* An area that reports, and where its cell lies. */
struct lane {
	uint32_t row, slot, unit, area;
};

/* The areas of one level inside the evaluated one, by unit. */
struct lanes {
	bool ready;
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
};

/* Atoms whose windows are matched cell by cell. */
struct group {
	uint32_t length;
	enum period_frequency frequency;
	uint32_t parts, cells; /* how many atoms; how many cells the longest has */
	uint32_t newest;       /* cells up to the newest that any unit has; 0: none has any */
	uint32_t *unbroken;    /* per unit: cells from the window's start without a gap */
};

struct coverage {
	const struct catalogue *catalogue;
	struct places places;
	struct rows rows;
	uint32_t statuses_with_value;
	/* the evaluation under way */
	const struct formula *formula;
	struct area_list units;
	struct lanes lanes[LEVEL_COUNT];
	struct part part[FORMULA_ATOMS_MAX];
	struct group group[FORMULA_ATOMS_MAX];
	uint32_t group_count;
	struct fraction atoms[FORMULA_ATOMS_MAX];
	uint32_t cells;
	/* memory for the largest evaluation */
	size_t lanes_most;
	struct tally *tallies;       /* two per atom and unit: totals, then what is at hand */
	uint32_t *unbroken;          /* per atom and unit */
	bool *cuts;                  /* per atom and lane */
	bool *answered;              /* per lane */
	bool *was_carried;           /* per unit */
	uint32_t *missing, *carried; /* per unit */
};

/* ---- memory ---- */

struct sizes {
	size_t units, lanes;           /* most in one evaluation */
	size_t atom_units, atom_lanes; /* most of the product */
};

static size_t largest(const struct catalogue *catalogue, unsigned level)
{
	size_t count = 0;
	for (uint32_t i = 0; i < catalogue->area_count; i++)
		if (catalogue->areas[i].inside[level].count > count)
			count = catalogue->areas[i].inside[level].count;
	return count;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void measure(const struct catalogue *catalogue, struct sizes *sizes)
{
	size_t count[LEVEL_COUNT];
	*sizes = (struct sizes){.units = 1, .lanes = 1};
	for (unsigned level = 0; level < LEVEL_COUNT; level++) {
		count[level] = largest(catalogue, level);
		sizes->units = sizes->lanes = larger(sizes->lanes, count[level]);
	}
	sizes->atom_units = sizes->units; /* a lone statistic of any level */
	sizes->atom_lanes = sizes->lanes;
	for (uint32_t i = 0; i < catalogue->indicator_count; i++) {
		const struct formula *formula = catalogue->indicators[i].formula;
		const size_t units = count[places_unit_level(catalogue, formula)];
		sizes->atom_units = larger(sizes->atom_units, units * formula->atom_count);
		sizes->atom_lanes = larger(sizes->atom_lanes, sizes->lanes * formula->atom_count);
	}
}

static bool allocate(struct coverage *coverage, const struct sizes *sizes)
{
	bool done = true;
	for (unsigned level = 0; level < LEVEL_COUNT; level++) {
		struct lanes *lanes = &coverage->lanes[level];
		lanes->lane = calloc(sizes->lanes, sizeof *lanes->lane);
		lanes->needed = calloc(sizes->units, sizeof *lanes->needed);
		done = done && lanes->lane && lanes->needed;
	}
	coverage->tallies = calloc(2 * sizes->atom_units, sizeof *coverage->tallies);
	coverage->unbroken = calloc(sizes->atom_units, sizeof *coverage->unbroken);
	coverage->cuts = calloc(sizes->atom_lanes, sizeof *coverage->cuts);
	coverage->answered = calloc(sizes->lanes, sizeof *coverage->answered);
	coverage->was_carried = calloc(sizes->units, sizeof *coverage->was_carried);
	coverage->missing = calloc(sizes->units, sizeof *coverage->missing);
	coverage->carried = calloc(sizes->units, sizeof *coverage->carried);
	return done && coverage->tallies && coverage->unbroken && coverage->cuts && coverage->answered &&
	       coverage->was_carried && coverage->missing && coverage->carried;
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
	struct sizes sizes;
	measure(catalogue, &sizes);
	coverage->catalogue = catalogue;
	coverage->lanes_most = sizes.lanes;
	for (int status = 'A'; status <= 'Z'; status++)
		if (status_is_valid((char)status) && status_has_value((char)status))
			coverage->statuses_with_value |= status_bit((char)status);
	if (places_init(&coverage->places, catalogue) || !allocate(coverage, &sizes)) {
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
	free(coverage->tallies);
	free(coverage->unbroken);
	free(coverage->cuts);
	free(coverage->answered);
	free(coverage->was_carried);
	free(coverage->missing);
	free(coverage->carried);
	free(coverage);
}

const struct places *coverage_places(const struct coverage *coverage)
{
	return &coverage->places;
}

/* ---- laying out one evaluation ---- */

static const struct lanes *lay_lanes(struct coverage *coverage, enum area_level level)
{
	const struct area *areas = coverage->catalogue->areas;
	struct lanes *lanes = &coverage->lanes[level];
	if (lanes->ready)
		return lanes;
	lanes->ready = true;
	lanes->count = 0;
	for (uint32_t unit = 0; unit < coverage->units.count; unit++) {
		const struct area_list *inside = &areas[coverage->units.area[unit]].inside[level];
		lanes->needed[unit] = inside->count;
		for (uint32_t i = 0; i < inside->count; i++) {
			const uint32_t id = areas[inside->area[i]].id;
			lanes->lane[lanes->count++] = (struct lane){.row = id / CELLS_PER_ROW,
			                                            .slot = id % CELLS_PER_ROW,
			                                            .unit = unit,
			                                            .area = inside->area[i]};
		}
	}
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
	coverage->units = catalogue->areas[area].inside[places_unit_level(catalogue, formula)];
	coverage->group_count = 0;
	coverage->cells = 0;
	for (unsigned level = 0; level < LEVEL_COUNT; level++)
		coverage->lanes[level].ready = false;
	for (uint32_t i = 0; i < formula->atom_count; i++)
		planned &= lay_part(coverage, i, period) == 0;
	const size_t units = coverage->units.count;
	memset(coverage->tallies, 0, 2 * units * formula->atom_count * sizeof *coverage->tallies);
	memset(coverage->unbroken, 0, coverage->group_count * units * sizeof *coverage->unbroken);
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

static void take_cell(const struct pass *pass, const struct lane *lane, const struct cell *cell,
                      uint32_t status)
{
	const size_t at = (size_t)(lane - pass->part->lanes->lane);
	struct tally *tally = &pass->into[lane->unit];
	if (pass->answered)
		pass->answered[at] = true;
	if (pass->carried)
		pass->carried[lane->unit] = true;
	if (pass->alone)
		count_unit_cell(pass->alone, lane->unit, pass->position);
	tally->got++;
	if (pass->part->cut && !pass->part->cut[at])
		return;
	tally->sum += cell->value;
	tally->statuses |= status;
	if (cell->entry > tally->newest)
		tally->newest = cell->entry;
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
			if (!row || (pass->answered && pass->answered[lane - lanes->lane]))
				continue;
			const struct cell *cell = &row->cell[lane->slot];
			const uint32_t status = status_bit(cell->status) & coverage->statuses_with_value;
			if (cell->entry == 0 || !status)
				continue;
			take_cell(pass, lane, cell, status);
			found++;
		}
	}
	coverage->cells += found;
	*ret_found = found;
	return 0;
}

/* Back from the newest period until every lane has answered or the rest would be too old. */
static int gather_point(struct coverage *coverage, const struct part *part)
{
	uint32_t open = part->lanes->count;
	memset(coverage->answered, 0, open * sizeof *coverage->answered);
	for (uint32_t back = 0; back < part->window.cells && open > 0; back++) {
		const struct pass pass = {.part = part,
		                          .period = window_cell(&part->window, true, back),
		                          .into = part->total,
		                          .answered = coverage->answered,
		                          .carried = back > 0 ? coverage->was_carried : NULL};
		uint32_t found;
		const int fault = read_pass(coverage, &pass, &found);
		if (fault)
			return fault;
		open -= found;
	}
	return 0;
}

static bool has_all(const struct part *part, const struct tally *tally, uint32_t unit)
{
	return tally[unit].got == part->lanes->needed[unit] && tally[unit].got > 0;
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

/* Takes the cell at hand into the totals of the units where every atom of the group has it. */
static void match_position(struct coverage *coverage, uint32_t index, uint32_t position)
{
	for (uint32_t unit = 0; unit < coverage->units.count; unit++) {
		bool matched = true;
		for (uint32_t i = 0; i < coverage->formula->atom_count && matched; i++)
			if (in_group_at(&coverage->part[i], index, position))
				matched = has_all(&coverage->part[i], coverage->part[i].at_hand, unit);
		if (!matched)
			continue;
		for (uint32_t i = 0; i < coverage->formula->atom_count; i++)
			if (in_group_at(&coverage->part[i], index, position))
				add_tally(&coverage->part[i].total[unit], &coverage->part[i].at_hand[unit]);
		count_unit_cell(&coverage->group[index], unit, position);
	}
}

static int gather_matched(struct coverage *coverage, uint32_t index)
{
	for (uint32_t position = 0; position < coverage->group[index].cells; position++) {
		uint32_t found_any = 0;
		for (uint32_t i = 0; i < coverage->formula->atom_count; i++) {
			const struct part *part = &coverage->part[i];
			if (!in_group_at(part, index, position))
				continue;
			const struct pass pass = {.part = part,
			                          .period = window_cell(&part->window, false, position),
			                          .into = part->at_hand};
			uint32_t found;
			memset(part->at_hand, 0, coverage->units.count * sizeof *part->at_hand);
			const int fault = read_pass(coverage, &pass, &found);
			if (fault)
				return fault;
			found_any |= found;
		}
		if (found_any)
			match_position(coverage, index, position);
	}
	return 0;
}

/* The common case, and the one with the most cells: nothing to match, so straight into the totals. */
static int gather_alone(struct coverage *coverage, const struct part *part)
{
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
		    part->statistic->level == units)
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
		if (part->point && !has_all(part, part->total, unit))
			return false;
	}
	for (uint32_t i = 0; i < coverage->group_count; i++) {
		const struct group *group = &coverage->group[i];
		if (group->newest == 0 || group->unbroken[unit] < group->newest)
			return false;
	}
	return true;
}

static void find_reported(struct coverage *coverage, struct covered *covered)
{
	const bool nobody = any_is_blind(coverage) || coverage->formula->atom_count == 0;
	covered->expected = coverage->units.count;
	covered->missing = coverage->missing;
	covered->carried = coverage->carried;
	for (uint32_t unit = 0; unit < coverage->units.count; unit++) {
		const uint32_t area = coverage->units.area[unit];
		if (nobody || !has_reported(coverage, unit)) {
			coverage->missing[covered->missing_count++] = area;
			continue;
		}
		covered->reported++;
		if (coverage->was_carried[unit])
			coverage->carried[covered->carried_count++] = area;
	}
}

/* All atoms flows of one matched group: then also the cells of units that are behind count. */
static bool is_sum_so_far(const struct coverage *coverage)
{
	for (uint32_t i = 0; i < coverage->formula->atom_count; i++)
		if (coverage->part[i].blind || coverage->part[i].statistic->kind != KIND_FLOW)
			return false;
	return coverage->group_count == 1;
}

static struct tally total_of(const struct coverage *coverage, const struct part *part,
                             const struct covered *covered, bool everyone)
{
	struct tally total = {0};
	uint32_t missing = 0;
	for (uint32_t unit = 0; unit < coverage->units.count; unit++) {
		const bool behind = missing < covered->missing_count &&
		                    covered->missing[missing] == coverage->units.area[unit];
		missing += behind;
		if (everyone || !behind)
			add_tally(&total, &part->total[unit]);
	}
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

static void find_totals(struct coverage *coverage, struct covered *covered)
{
	const bool everyone = is_sum_so_far(coverage);
	covered->present = everyone ? coverage->group[0].newest > 0 : covered->reported > 0;
	if (!covered->present)
		return;
	covered->atoms = coverage->atoms;
	for (uint32_t i = 0; i < coverage->group_count; i++)
		covered->under_way |= coverage->group[i].newest < coverage->group[i].cells;
	for (uint32_t i = 0; i < coverage->formula->atom_count; i++) {
		const struct part *part = &coverage->part[i];
		const struct tally total = total_of(coverage, part, covered, everyone);
		covered->statuses |= total.statuses;
		if (total.newest > covered->newest_entry)
			covered->newest_entry = total.newest;
		if (fraction_of_total(total.sum, part->statistic->decimals, shares_of(coverage, part),
		                      &coverage->atoms[i]))
			covered->overflow = true;
	}
}

int coverage_gather(struct coverage *coverage, const struct formula *formula, uint32_t area,
                    struct period period, const struct cell_source *source, struct covered *ret_covered)
{
	struct covered covered = {0};
	rows_begin(&coverage->rows, source);
	covered.no_plan = !lay_out(coverage, formula, area, period);
	const int fault = gather_cells(coverage);
	if (fault)
		return fault;
	covered.cells = coverage->cells;
	if (!covered.no_plan) {
		find_reported(coverage, &covered);
		find_totals(coverage, &covered);
	}
	*ret_covered = covered;
	return 0;
}
