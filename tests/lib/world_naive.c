#include "tests/lib/world_naive.h"

#include "proto/codes.h"
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

__extension__ typedef __int128 wide;

struct ratio {
	wide over, under;
};

struct task {
	struct world *world;
	const struct formula *formula;
	unsigned decimals;
	bool complete;
	uint32_t area;
	struct period period;
	uint32_t unit[WORLD_AREAS]; /* of each area of the units' level inside the evaluated one */
	bool *due;
};

static void must(bool holds)
{
	assert(holds);
}

/* ---- ratios ---- */

static struct ratio ratio_of(wide over, wide under)
{
	wide a = over < 0 ? -over : over, b = under < 0 ? -under : under;
	while (b != 0) {
		const wide rest = a % b;
		a = b;
		b = rest;
	}
	if (under < 0)
		a = -a;
	return (struct ratio){over / a, under / a};
}

static wide round_off(struct ratio value, unsigned decimals)
{
	wide scale = 1;
	while (decimals-- > 0)
		scale *= 10;
	const wide twice = 2 * (value.over < 0 ? -value.over : value.over) * scale;
	const wide rounded = (twice + value.under) / (2 * value.under);
	return value.over < 0 ? -rounded : rounded;
}

/* ---- places ---- */

static bool is_inside(const struct world *world, uint32_t area, uint32_t aggregate)
{
	for (; area != CATALOGUE_NONE; area = world->areas[area].parent) {
		if (area == aggregate)
			return true;
		for (uint32_t i = 0; i < world->member_count[aggregate]; i++)
			if (world->members[aggregate][i] == area)
				return true;
	}
	return false;
}

/* Nothing of the aggregate lies below the level: its members and everything in them are in whole areas of
 * it. */
static bool lies_below(const struct world *world, uint32_t aggregate, enum area_level level)
{
	const struct area *areas = world->areas;
	if (areas[aggregate].level != LEVEL_GROUP)
		return areas[aggregate].level > level;
	for (uint32_t i = 0; i < world->catalogue.group_first; i++) {
		uint32_t whole = i;
		if (areas[i].level <= level || !is_inside(world, i, aggregate))
			continue;
		while (areas[whole].level > level)
			whole = areas[whole].parent;
		if (!is_inside(world, whole, aggregate))
			return true;
	}
	return false;
}

static const struct statistic *statistic_of(const struct task *task, uint32_t atom)
{
	return &task->world->statistics[task->formula->atoms[atom].statistic];
}

static enum area_level unit_level(const struct task *task)
{
	enum area_level level = LEVEL_COMMUNITY;
	for (uint32_t i = 0; i < task->formula->atom_count; i++)
		if (statistic_of(task, i)->level < level)
			level = statistic_of(task, i)->level;
	return level;
}

static bool is_not_here(const struct task *task)
{
	for (uint32_t i = 0; i < task->formula->atom_count; i++) {
		const struct statistic *statistic = statistic_of(task, i);
		const uint32_t within = task->formula->atoms[i].within;
		if (lies_below(task->world, task->area, statistic->level))
			return true;
		if (within != CATALOGUE_NONE && lies_below(task->world, within, statistic->level))
			return true;
		if (statistic->kind == KIND_LEVEL && task->world->areas[task->area].level != statistic->level)
			return true;
	}
	return false;
}

/* ---- cells ---- */

static const struct cell *cell_of(const struct task *task, uint32_t atom, uint32_t area, struct period period)
{
	const struct cell_source source = world_source(task->world);
	const struct cell_row *row;
	const uint32_t id = task->world->areas[area].id;
	const int fault = source.row(source.context, statistic_of(task, atom)->id, period, id / 32, &row);
	assert(fault == 0);
	*task->due |= world_touched(task->world, task->formula->atoms[atom].statistic, area, period);
	if (!row || row->cell[id % 32].entry == 0 || strchr("OLQ", row->cell[id % 32].status))
		return NULL;
	return &row->cell[id % 32];
}

static bool plan_of(const struct task *task, int year, int *ret_first)
{
	for (uint32_t i = 0; i < task->world->catalogue.plan_count; i++) {
		const struct plan *plan = &task->world->plans[i];
		if (plan->first_year <= year && year <= plan->last_year) {
			*ret_first = plan->first_year;
			return true;
		}
	}
	return false;
}

/* The period an atom means: 0, or VALUE_NO_PLAN. */
static int meant_of(const struct task *task, uint32_t index, struct period *ret_meant)
{
	const struct formula_atom *atom = &task->formula->atoms[index];
	int first;
	*ret_meant = task->period;
	if (atom->baseline) {
		if (!plan_of(task, period_year(task->period), &first))
			return VALUE_NO_PLAN;
		must(period_shift_years(*ret_meant, first - 1 - period_year(*ret_meant), ret_meant));
	}
	must(period_shift_years(*ret_meant, atom->years, ret_meant));
	must(period_shift(*ret_meant, atom->periods, ret_meant));
	return 0;
}

#define CELLS_MOST 8000

/* The native periods of an atom's window. */
struct slots {
	uint32_t count, length;
	struct period period[CELLS_MOST];
};

static int slots_of(const struct task *task, uint32_t index, struct slots *ret_slots)
{
	const struct formula_atom *atom = &task->formula->atoms[index];
	const enum period_frequency native = statistic_of(task, index)->frequency;
	struct period meant, from;
	int first;
	if (meant_of(task, index, &meant))
		return VALUE_NO_PLAN;
	const enum period_frequency frequency = period_frequency_of(meant);
	ret_slots->count = ret_slots->length = 0;
	from = meant;
	if (native < frequency)
		return 0;
	if (atom->window == WINDOW_YEAR_TO_DATE) {
		from = period_make(PERIOD_DAY, period_year(meant), 0);
	} else if (atom->window == WINDOW_CUMULATIVE) {
		if (!plan_of(task, period_year(meant), &first))
			return VALUE_NO_PLAN;
		from = period_make(PERIOD_DAY, first, 0);
	} else if (atom->window == WINDOW_ROLLING) {
		for (unsigned i = 1; i < atom->rolling; i++)
			must(period_shift(from, -1, &from));
	}
	const int32_t start = period_first_day(from), end = period_last_day(meant);
	for (struct period at = period_of_day(start, native); period_first_day(at) <= end; at.code++)
		if (period_first_day(at) >= start && period_last_day(at) <= end)
			ret_slots->period[ret_slots->count++] = at;
	ret_slots->length = ret_slots->count;
	if (native == PERIOD_DAY && frequency != PERIOD_DAY)
		ret_slots->length = (uint32_t)period_distance(period_of_day(start, PERIOD_MONTH),
		                                              period_of_day(end, PERIOD_MONTH)) +
		                    1;
	return 0;
}

/* ---- one atom in one unit ---- */

struct found {
	bool all;        /* every area of the unit has it */
	bool carried;    /* one of them from an older period */
	uint32_t cells;  /* how many have it */
	uint32_t needed; /* how many have to */
	uint32_t passed; /* cells that were met on the way, and do not stand */
	wide sum;        /* of those within the cut */
	uint64_t newest;
	uint32_t statuses;
};

static void find_cell(const struct task *task, uint32_t atom, uint32_t area, const struct cell *cell,
                      struct found *found)
{
	const uint32_t within = task->formula->atoms[atom].within;
	found->cells++;
	if (within != CATALOGUE_NONE && !is_inside(task->world, area, within))
		return;
	found->sum += cell->value;
	found->statuses |= UINT32_C(1) << (cell->status - 'A');
	if (cell->entry > found->newest)
		found->newest = cell->entry;
}

/* ---- units: codes that follow one another ---- */

/* The area of the level that holds it. */
static uint32_t above_at(const struct world *world, uint32_t area, enum area_level level)
{
	while (area != CATALOGUE_NONE && world->areas[area].level != level)
		area = world->areas[area].parent;
	return area;
}

static bool follows(const struct world *world, uint32_t before, uint32_t after)
{
	const struct area_list *list = &world->areas[before].successors;
	for (uint32_t i = 0; i < list->count; i++)
		if (list->area[i] == after)
			return true;
	return false;
}

/* Each area's unit goes by the least index of its areas, inside the evaluated area. */
static void find_units(const struct task *task, uint32_t *ret_unit)
{
	const struct world *world = task->world;
	const uint32_t count = world->catalogue.group_first;
	const enum area_level level = unit_level(task);
	for (uint32_t i = 0; i < count; i++)
		ret_unit[i] =
		    world->areas[i].level == level && is_inside(world, i, task->area) ? i : CATALOGUE_NONE;
	for (bool changed = true; changed;) {
		changed = false;
		for (uint32_t a = 0; a < count; a++)
			for (uint32_t b = 0; b < count; b++) {
				if (ret_unit[a] == CATALOGUE_NONE || ret_unit[b] == CATALOGUE_NONE ||
				    !follows(world, a, b) || ret_unit[a] == ret_unit[b])
					continue;
				if (ret_unit[a] < ret_unit[b])
					ret_unit[b] = ret_unit[a];
				else
					ret_unit[a] = ret_unit[b];
				changed = true;
			}
	}
}

static bool on_day(const struct area *area, int32_t day)
{
	return day >= area->first_day && day <= area->last_day;
}

static bool is_area_of(const struct task *task, uint32_t atom, uint32_t area, uint32_t unit)
{
	if (task->world->areas[area].level != statistic_of(task, atom)->level ||
	    !is_inside(task->world, area, task->area))
		return false;
	const uint32_t above = above_at(task->world, area, unit_level(task));
	return above != CATALOGUE_NONE && task->unit[above] == unit;
}

/* An area of the unit that can report the native period. */
static bool is_needed(const struct task *task, uint32_t atom, uint32_t area, uint32_t unit,
                      struct period period)
{
	const struct area *code = &task->world->areas[area];
	if (!on_day(code, period_first_day(period)) || !on_day(code, period_last_day(period)))
		return false;
	return is_area_of(task, atom, area, unit);
}

static void end_found(const struct task *task, uint32_t atom, uint32_t unit, struct period period,
                      struct found *found)
{
	for (uint32_t area = 0; area < task->world->catalogue.group_first; area++)
		found->needed += is_needed(task, atom, area, unit, period);
	found->all = found->needed > 0 && found->cells == found->needed;
}

/* A flow or average in one native period. */
static struct found find_slot(const struct task *task, uint32_t atom, uint32_t unit, struct period period)
{
	struct found found = {0};
	for (uint32_t area = 0; area < task->world->catalogue.group_first; area++) {
		const struct cell *cell =
		    is_needed(task, atom, area, unit, period) ? cell_of(task, atom, area, period) : NULL;
		if (cell)
			find_cell(task, atom, area, cell, &found);
	}
	end_found(task, atom, unit, period, &found);
	return found;
}

static bool is_young(const struct task *task, uint32_t atom, struct period at, struct period meant)
{
	return period_months_between_ends(at, meant) <= (int)statistic_of(task, atom)->carry_months;
}

/* Whether the same areas of the unit are in force in both periods. */
static bool same_areas(const struct task *task, uint32_t atom, uint32_t unit, struct period a,
                       struct period b)
{
	for (uint32_t area = 0; area < task->world->catalogue.group_first; area++)
		if (is_needed(task, atom, area, unit, a) != is_needed(task, atom, area, unit, b))
			return false;
	return true;
}

/* What the areas in force in `from` have in it, or before it back to `last`. */
static struct found find_stretch(const struct task *task, uint32_t atom, uint32_t unit, struct period newest,
                                 struct period from, struct period last)
{
	struct found found = {0};
	for (uint32_t area = 0; area < task->world->catalogue.group_first; area++) {
		for (struct period at = from; is_needed(task, atom, area, unit, from) && at.code >= last.code;
		     at.code--) {
			const struct cell *cell = cell_of(task, atom, area, at);
			if (!cell)
				continue;
			find_cell(task, atom, area, cell, &found);
			found.carried |= at.code != newest.code;
			break;
		}
	}
	end_found(task, atom, unit, from, &found);
	return found;
}

static bool stands_on(const struct task *task, uint32_t atom, uint32_t unit, int32_t day)
{
	for (uint32_t area = 0; area < task->world->catalogue.group_first; area++)
		if (is_area_of(task, atom, area, unit) && on_day(&task->world->areas[area], day))
			return true;
	return false;
}

/* A stock or level: the newest stretch of native periods with the same areas in which each of them has one. */
static struct found find_point(const struct task *task, uint32_t atom, uint32_t unit, struct period meant)
{
	struct found found = {0};
	const int32_t end = period_last_day(meant);
	struct period newest = period_of_day(end, statistic_of(task, atom)->frequency);
	uint32_t passed = 0;
	if (period_last_day(newest) > end)
		newest.code--;
	if (!stands_on(task, atom, unit, end))
		return found;
	for (struct period from = newest, last; is_young(task, atom, from, meant);
	     from.code = last.code - 1) {
		last = from;
		while (is_young(task, atom, (struct period){last.code - 1}, meant) &&
		       same_areas(task, atom, unit, from, (struct period){last.code - 1}))
			last.code--;
		found = find_stretch(task, atom, unit, newest, from, last);
		found.passed = passed;
		if (found.all)
			return found;
		passed += found.cells;
	}
	return (struct found){.passed = passed};
}

/* ---- the whole ---- */

static struct slots all_slots[NAIVE_ATOMS]; /* too large for the stack, and to be cleared each time */

struct naive {
	struct task task;
	struct slots *slots;
	struct naive_answer out;
	bool no_plan, blind, sums_so_far, under_way, anything;
	bool point[FORMULA_ATOMS_MAX], lost[FORMULA_ATOMS_MAX];
	struct period meant[FORMULA_ATOMS_MAX];
	bool expected[WORLD_AREAS], reported[WORLD_AREAS], carried[WORLD_AREAS], matched_any;
	int32_t day; /* of the names */
	uint32_t statuses;
	wide sum[NAIVE_ATOMS];
	uint32_t parts[NAIVE_ATOMS];
};

static bool in_one_group(const struct naive *naive, uint32_t a, uint32_t b)
{
	return !naive->point[a] && !naive->point[b] && !naive->lost[a] && !naive->lost[b] &&
	       naive->slots[a].length == naive->slots[b].length &&
	       statistic_of(&naive->task, a)->frequency == statistic_of(&naive->task, b)->frequency;
}

/* Whether the cell at this position counts for the unit: each atom matched with `atom` has it. */
static bool is_matched(const struct naive *naive, uint32_t atom, uint32_t unit, uint32_t position)
{
	bool any = false;
	for (uint32_t i = 0; i < naive->task.formula->atom_count; i++) {
		if (!in_one_group(naive, atom, i) || position >= naive->slots[i].count)
			continue;
		any = true;
		if (!find_slot(&naive->task, i, unit, naive->slots[i].period[position]).all)
			return false;
	}
	return any;
}

static uint32_t longest(const struct naive *naive, uint32_t atom)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < naive->task.formula->atom_count; i++)
		if (in_one_group(naive, atom, i) && naive->slots[i].count > count)
			count = naive->slots[i].count;
	return count;
}

static bool is_unit(const struct naive *naive, uint32_t area)
{
	return naive->task.unit[area] == area && naive->expected[area];
}

static void look_at_atoms(struct naive *naive)
{
	const struct task *task = &naive->task;
	naive->sums_so_far = true;
	for (uint32_t i = 0; i < task->formula->atom_count; i++) {
		const enum statistic_kind kind = statistic_of(task, i)->kind;
		naive->point[i] = kind == KIND_STOCK || kind == KIND_LEVEL;
		naive->sums_so_far &= kind == KIND_FLOW;
		const int verdict = naive->point[i] ? meant_of(task, i, &naive->meant[i])
		                                    : slots_of(task, i, &naive->slots[i]);
		naive->no_plan |= verdict == VALUE_NO_PLAN;
		naive->lost[i] = verdict != 0 || (!naive->point[i] && naive->slots[i].count == 0);
		naive->blind |= naive->lost[i];
	}
	for (uint32_t i = 1; i < task->formula->atom_count; i++)
		naive->sums_so_far &= in_one_group(naive, 0, i);
	naive->sums_so_far &= !naive->blind;
}

static void expect_on(struct naive *naive, int32_t day)
{
	naive->day = day;
	for (uint32_t area = 0; area < naive->task.world->catalogue.group_first; area++)
		if (naive->task.unit[area] != CATALOGUE_NONE &&
		    on_day(&naive->task.world->areas[area], day) &&
		    !naive->expected[naive->task.unit[area]]) {
			naive->expected[naive->task.unit[area]] = true;
			naive->out.expected++;
		}
}

static void find_expected(struct naive *naive)
{
	expect_on(naive, period_last_day(naive->task.period));
	if (naive->out.expected == 0)
		expect_on(naive, period_first_day(naive->task.period));
}

static void count_cells(struct naive *naive)
{
	const struct task *task = &naive->task;
	for (uint32_t i = 0; i < task->formula->atom_count; i++)
		for (uint32_t unit = 0; unit < task->world->catalogue.group_first && !naive->lost[i];
		     unit++) {
			if (!is_unit(naive, unit))
				continue;
			if (naive->point[i]) {
				const struct found found = find_point(task, i, unit, naive->meant[i]);
				naive->out.cells += found.cells + found.passed;
			}
			for (uint32_t at = 0; !naive->point[i] && at < naive->slots[i].count; at++)
				naive->out.cells +=
				    find_slot(task, i, unit, naive->slots[i].period[at]).cells;
		}
}

/* Whether any unit could have the cell at the position. */
static bool is_open(const struct naive *naive, uint32_t atom, uint32_t position)
{
	for (uint32_t unit = 0; unit < naive->task.world->catalogue.group_first; unit++) {
		bool open = is_unit(naive, unit);
		for (uint32_t i = 0; i < naive->task.formula->atom_count && open; i++)
			if (in_one_group(naive, atom, i) && position < naive->slots[i].count)
				open = find_slot(&naive->task, i, unit, naive->slots[i].period[position])
				           .needed > 0;
		if (open)
			return true;
	}
	return false;
}

static bool is_over(const struct naive *naive, uint32_t atom, uint32_t newest)
{
	for (uint32_t at = newest; at < longest(naive, atom); at++)
		if (is_open(naive, atom, at))
			return false;
	return true;
}

/* One past the newest cell any unit has, for the group of the atom. */
static uint32_t newest_of(const struct naive *naive, uint32_t atom)
{
	for (uint32_t at = longest(naive, atom); at > 0; at--)
		for (uint32_t unit = 0; unit < naive->task.world->catalogue.group_first; unit++)
			if (is_unit(naive, unit) && is_matched(naive, atom, unit, at - 1))
				return at;
	return 0;
}

static bool reaches(const struct naive *naive, uint32_t atom, uint32_t unit, uint32_t newest)
{
	for (uint32_t at = 0; at < newest; at++)
		if (!is_matched(naive, atom, unit, at))
			return false;
	return newest > 0;
}

static void find_reported(struct naive *naive)
{
	const struct task *task = &naive->task;
	uint32_t newest[FORMULA_ATOMS_MAX] = {0};
	for (uint32_t i = 0; i < task->formula->atom_count; i++) {
		if (naive->point[i] || naive->lost[i])
			continue;
		newest[i] = newest_of(naive, i);
		naive->parts[i] = newest[i] < naive->slots[i].count ? newest[i] : naive->slots[i].count;
		naive->under_way |= !is_over(naive, i, newest[i]);
		naive->matched_any |= newest[i] > 0;
	}
	for (uint32_t unit = 0; unit < task->world->catalogue.group_first; unit++) {
		if (!is_unit(naive, unit))
			continue;
		bool reported = !naive->blind, carried = false;
		for (uint32_t i = 0; i < task->formula->atom_count && reported; i++) {
			if (naive->point[i]) {
				const struct found found = find_point(task, i, unit, naive->meant[i]);
				reported = found.all;
				carried |= found.carried;
			} else {
				reported = reaches(naive, i, unit, newest[i]);
			}
		}
		naive->out.reported += reported;
		naive->reported[unit] = reported;
		naive->carried[unit] = carried;
	}
	for (uint32_t area = 0; area < task->world->catalogue.group_first; area++) {
		const uint32_t unit = task->unit[area];
		if (unit == CATALOGUE_NONE || !naive->expected[unit] ||
		    !on_day(&task->world->areas[area], naive->day))
			continue;
		naive->out.missing[area] = !naive->reported[unit];
		naive->out.carried[area] = naive->reported[unit] && naive->carried[unit];
	}
}

static void take(struct naive *naive, uint32_t atom, const struct found *found)
{
	naive->sum[atom] += found->sum;
	naive->statuses |= found->statuses;
	if (found->newest > naive->out.newest_entry)
		naive->out.newest_entry = found->newest;
}

static void add_up(struct naive *naive)
{
	const struct task *task = &naive->task;
	naive->anything = naive->sums_so_far ? naive->matched_any : naive->out.reported > 0;
	for (uint32_t i = 0; i < task->formula->atom_count && naive->anything; i++) {
		for (uint32_t unit = 0; unit < task->world->catalogue.group_first; unit++) {
			if (!is_unit(naive, unit) || !(naive->sums_so_far || naive->reported[unit]))
				continue;
			if (naive->point[i]) {
				const struct found found = find_point(task, i, unit, naive->meant[i]);
				take(naive, i, &found);
			}
			for (uint32_t at = 0; !naive->point[i] && at < naive->slots[i].count; at++) {
				const struct found found =
				    find_slot(task, i, unit, naive->slots[i].period[at]);
				if (is_matched(naive, i, unit, at))
					take(naive, i, &found);
			}
		}
	}
}

static enum value_state grow(struct ratio now, struct ratio before, int years, struct ratio *ret)
{
	if (years <= 0)
		return VALUE_UNDEFINED;
	if (before.over == 0)
		return VALUE_DIVISION_BY_ZERO;
	const struct ratio factor = ratio_of(now.over * before.under, now.under * before.over);
	if (factor.over < 0)
		return VALUE_UNDEFINED;
	*ret = ratio_of((factor.over - factor.under) * 100, factor.under);
	if (years == 1)
		return VALUE_PRESENT;
	const long double root =
	    powl((long double)factor.over / (long double)factor.under, 1.0L / (long double)years);
	const long double percent = roundl((root - 1) * 100 * 1e12L);
	*ret = ratio_of((wide)percent, 1000000000000);
	return VALUE_PRESENT;
}

static bool is_less(struct ratio a, struct ratio b)
{
	return a.over * b.under < b.over * a.under;
}

static enum value_state apply(enum formula_op op, struct ratio a, struct ratio b, int years,
                              struct ratio *ret)
{
	if (op == FORMULA_AVERAGE_GROWTH)
		return grow(a, b, years, ret);
	if (op == FORMULA_DIVIDE && b.over == 0)
		return VALUE_DIVISION_BY_ZERO;
	if (op == FORMULA_DIVIDE)
		*ret = ratio_of(a.over * b.under, a.under * b.over);
	else if (op == FORMULA_MULTIPLY)
		*ret = ratio_of(a.over * b.over, a.under * b.under);
	else if (op == FORMULA_ADD)
		*ret = ratio_of(a.over * b.under + b.over * a.under, a.under * b.under);
	else if (op == FORMULA_SUBTRACT)
		*ret = ratio_of(a.over * b.under - b.over * a.under, a.under * b.under);
	else
		*ret = is_less(a, b) == (op == FORMULA_MIN) ? a : b;
	return VALUE_PRESENT;
}

static enum value_state work_out(const struct naive *naive, struct ratio *ret)
{
	struct ratio stack[FORMULA_DEPTH_MAX] = {{0, 1}};
	int depth = 0, first = 0;
	const int years = plan_of(&naive->task, period_year(naive->task.period), &first)
	                      ? period_year(naive->task.period) - first + 1
	                      : 0;
	for (uint32_t i = 0; i < naive->task.formula->step_count; i++) {
		const struct formula_step *step = &naive->task.formula->steps[i];
		if (step->op == FORMULA_NUMBER) {
			stack[depth++] = ratio_of(step->number, 1000);
		} else if (step->op == FORMULA_ATOM) {
			wide under = 1;
			for (unsigned n = 0; n < statistic_of(&naive->task, step->atom)->decimals; n++)
				under *= 10;
			if (statistic_of(&naive->task, step->atom)->kind == KIND_AVERAGE)
				under *= naive->parts[step->atom];
			stack[depth++] = ratio_of(naive->sum[step->atom], under);
		} else if (step->op == FORMULA_NEGATE) {
			stack[depth - 1].over = -stack[depth - 1].over;
		} else {
			depth--;
			const enum value_state state =
			    apply(step->op, stack[depth - 1], stack[depth], years, &stack[depth - 1]);
			if (state != VALUE_PRESENT)
				return state;
		}
	}
	*ret = stack[0];
	return VALUE_PRESENT;
}

static char naive_status(const struct naive *naive)
{
	char status = 'A';
	if (naive->out.reported < naive->out.expected || naive->under_way)
		return 'P';
	for (char letter = 'B'; letter <= 'Z'; letter++)
		if (naive->statuses >> (letter - 'A') & 1)
			status = status == 'A' ? letter : 'P';
	return status;
}

static void conclude(struct naive *naive)
{
	struct naive_answer *out = &naive->out;
	struct ratio result;
	if (naive->no_plan) {
		out->state = VALUE_NO_PLAN;
		out->expected = out->reported = 0;
		memset(out->missing, 0, sizeof out->missing);
	} else if (!naive->anything) {
		out->state = VALUE_NO_DATA;
	} else if (naive->task.complete && out->reported < out->expected) {
		out->state = VALUE_INCOMPLETE;
	} else {
		out->state = work_out(naive, &result);
		if (out->state == VALUE_PRESENT)
			out->units = (int64_t)round_off(result, naive->task.decimals);
	}
	out->status = naive_status(naive);
}

void naive_evaluate(const struct naive_question *question, struct naive_answer *ret_answer)
{
	bool due = false;
	struct naive naive = {.task = {.world = question->world,
	                               .formula = question->formula,
	                               .decimals = question->decimals,
	                               .complete = question->complete,
	                               .area = question->area,
	                               .period = question->period,
	                               .due = &due},
	                      .slots = all_slots,
	                      .out = {.status = 'A'}};
	assert(question->formula->atom_count <= NAIVE_ATOMS);
	if (is_not_here(&naive.task)) {
		naive.out.state = VALUE_NOT_HERE;
	} else {
		find_units(&naive.task, naive.task.unit);
		look_at_atoms(&naive);
		find_expected(&naive);
		count_cells(&naive);
		if (!naive.no_plan) {
			find_reported(&naive);
			add_up(&naive);
		}
		conclude(&naive);
	}
	naive.out.due = due;
	naive.out.anything = naive.anything && !naive.no_plan;
	for (uint32_t i = 0; i < question->formula->atom_count; i++) {
		naive.out.sum[i] = (int64_t)naive.sum[i];
		naive.out.parts[i] = naive.parts[i];
	}
	*ret_answer = naive.out;
}
