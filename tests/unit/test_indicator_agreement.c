/* The evaluator against a second one that knows none of its parts: written from the prose of evaluate.h, by
 * days and by search, without a thought for speed. Both must agree on thousands of random questions. */
#include "daemon/indicator/evaluate.h"

#include "proto/codes.h"
#include "tests/lib/random_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <math.h>

#include <cmocka.h>

__extension__ typedef __int128 wide;

struct ratio {
	wide over, under;
};

/* One formula at one area and period. */
struct task {
	struct world *world;
	const struct formula *formula;
	unsigned decimals;
	bool complete;
	uint32_t area;
	struct period period;
};

struct expectation {
	enum value_state state;
	int64_t units;
	char status;
	bool missing[WORLD_AREAS], carried[WORLD_AREAS];
	uint32_t expected, reported;
	uint64_t newest_entry;
	uint32_t cells;
};

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
	assert_int_equal(source.row(source.context, statistic_of(task, atom)->id, period, id / 32, &row), 0);
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
		assert_true(period_shift_years(*ret_meant, first - 1 - period_year(*ret_meant), ret_meant));
	}
	assert_true(period_shift_years(*ret_meant, atom->years, ret_meant));
	assert_true(period_shift(*ret_meant, atom->periods, ret_meant));
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
			assert_true(period_shift(from, -1, &from));
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
	bool all;       /* every area of the unit has it */
	bool carried;   /* one of them from an older period */
	uint32_t cells; /* how many have it */
	wide sum;       /* of those within the cut */
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

static void end_found(const struct task *task, uint32_t atom, uint32_t unit, struct found *found)
{
	uint32_t needed = 0;
	for (uint32_t area = 0; area < task->world->catalogue.group_first; area++)
		if (task->world->areas[area].level == statistic_of(task, atom)->level &&
		    is_inside(task->world, area, unit))
			needed++;
	found->all = needed > 0 && found->cells == needed;
}

static bool is_area_of(const struct task *task, uint32_t atom, uint32_t area, uint32_t unit)
{
	return task->world->areas[area].level == statistic_of(task, atom)->level &&
	       is_inside(task->world, area, unit);
}

/* A flow or average in one native period. */
static struct found find_slot(const struct task *task, uint32_t atom, uint32_t unit, struct period period)
{
	struct found found = {0};
	for (uint32_t area = 0; area < task->world->catalogue.group_first; area++) {
		const struct cell *cell =
		    is_area_of(task, atom, area, unit) ? cell_of(task, atom, area, period) : NULL;
		if (cell)
			find_cell(task, atom, area, cell, &found);
	}
	end_found(task, atom, unit, &found);
	return found;
}

/* A stock or level: last native one at or before the period's end, at most carry_months old. */
static struct found find_point(const struct task *task, uint32_t atom, uint32_t unit, struct period meant)
{
	struct found found = {0};
	const struct statistic *statistic = statistic_of(task, atom);
	const int32_t end = period_last_day(meant);
	struct period newest = period_of_day(end, statistic->frequency);
	if (period_last_day(newest) > end)
		newest.code--;
	for (uint32_t area = 0; area < task->world->catalogue.group_first; area++) {
		if (!is_area_of(task, atom, area, unit))
			continue;
		for (struct period at = newest;
		     period_months_between_ends(at, meant) <= (int)statistic->carry_months; at.code--) {
			const struct cell *cell = cell_of(task, atom, area, at);
			if (!cell)
				continue;
			find_cell(task, atom, area, cell, &found);
			found.carried |= at.code != newest.code;
			break;
		}
	}
	end_found(task, atom, unit, &found);
	return found;
}

/* ---- the whole ---- */

struct naive {
	struct task task;
	struct expectation out;
	bool no_plan, blind, sums_so_far, under_way, anything;
	bool point[FORMULA_ATOMS_MAX], lost[FORMULA_ATOMS_MAX];
	struct period meant[FORMULA_ATOMS_MAX];
	struct slots slots[4];
	bool reported[WORLD_AREAS], matched_any;
	uint32_t statuses;
	wide sum[FORMULA_ATOMS_MAX];
	uint32_t parts[FORMULA_ATOMS_MAX];
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
	return naive->task.world->areas[area].level == unit_level(&naive->task) &&
	       is_inside(naive->task.world, area, naive->task.area);
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

static void count_cells(struct naive *naive)
{
	const struct task *task = &naive->task;
	for (uint32_t i = 0; i < task->formula->atom_count; i++)
		for (uint32_t unit = 0; unit < task->world->catalogue.group_first && !naive->lost[i];
		     unit++) {
			if (!is_unit(naive, unit))
				continue;
			if (naive->point[i])
				naive->out.cells += find_point(task, i, unit, naive->meant[i]).cells;
			for (uint32_t at = 0; !naive->point[i] && at < naive->slots[i].count; at++)
				naive->out.cells +=
				    find_slot(task, i, unit, naive->slots[i].period[at]).cells;
		}
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
		naive->under_way |= newest[i] < longest(naive, i);
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
		naive->out.expected++;
		naive->out.reported += reported;
		naive->reported[unit] = reported;
		naive->out.missing[unit] = !reported;
		naive->out.carried[unit] = reported && carried;
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
	struct expectation *out = &naive->out;
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

static void evaluate_naively(const struct task *task, struct expectation *ret_expectation)
{
	static struct naive naive; /* too large for the stack */
	memset(&naive, 0, sizeof naive);
	naive.task = *task;
	naive.out.status = 'A';
	if (is_not_here(task)) {
		naive.out.state = VALUE_NOT_HERE;
	} else {
		look_at_atoms(&naive);
		count_cells(&naive);
		if (!naive.no_plan) {
			find_reported(&naive);
			add_up(&naive);
		}
		conclude(&naive);
	}
	*ret_expectation = naive.out;
}

/* ---- the comparison ---- */

static unsigned seen[VALUE_UNDEFINED + 1], provisional, carried_seen, behind_counted;

static void must_list(const bool *expected, const uint32_t *list, uint32_t count)
{
	uint32_t at = 0;
	for (uint32_t area = 0; area < WORLD_AREAS; area++)
		if (expected[area]) {
			assert_true(at < count);
			assert_int_equal(list[at++], area);
		}
	assert_int_equal(at, count);
}

static void must_agree(const struct expectation *naive, const struct value *value)
{
	assert_int_equal(value->state, naive->state);
	if (value->state == VALUE_PRESENT) {
		assert_int_equal(value->units, naive->units);
		assert_int_equal(value->status, naive->status);
		assert_int_equal(value->newest_entry, naive->newest_entry);
	}
	assert_int_equal(value->expected, naive->expected);
	assert_int_equal(value->reported, naive->reported);
	assert_int_equal(value->cells, naive->cells);
	must_list(naive->missing, value->missing, value->missing_count);
	must_list(naive->carried, value->carried, value->carried_count);
	seen[value->state]++;
	if (value->state == VALUE_PRESENT) {
		provisional += value->status == 'P';
		carried_seen += value->carried_count > 0;
		behind_counted += value->reported == 0;
	}
}

static void ask(struct random_source *random, struct world *world, struct evaluator *evaluator)
{
	const struct cell_source source = world_source(world);
	struct formula_atom atom;
	struct formula_step step = {.op = FORMULA_ATOM};
	const struct formula lone = {.atoms = &atom, .atom_count = 1, .steps = &step, .step_count = 1};
	struct task task = {.world = world, .area = random_area(random, world)};
	/* The coarse ones first, because most formulas have them. */
	task.period = random_period(
	    random, (enum period_frequency)(1 + random_below(random, random_percent(random, 10) ? 5 : 4)),
	    RANDOM_FIRST_YEAR, RANDOM_LAST_YEAR + 1);
	struct expectation expectation;
	struct value value;
	if (random_percent(random, 30)) {
		const uint32_t statistic = random_below(random, world->catalogue.statistic_count);
		atom = world_atom(statistic);
		task.formula = &lone;
		task.decimals = world->statistics[statistic].decimals;
		assert_int_equal(
		    evaluate_statistic(evaluator, statistic, task.area, task.period, &source, &value), 0);
	} else {
		const uint32_t at = random_below(random, world->catalogue.indicator_count);
		task.formula = world->indicators[at].formula;
		task.decimals = world->indicators[at].decimals;
		task.complete = world->indicators[at].coverage == COVERAGE_COMPLETE;
		assert_int_equal(evaluate_indicator(evaluator, at, task.area, task.period, &source, &value),
		                 0);
	}
	evaluate_naively(&task, &expectation);
	must_agree(&expectation, &value);
}

#define WORLDS    500
#define QUESTIONS 60

static void both_evaluators_agree_on_random_questions(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < WORLDS; seed++) {
		struct random_source random = {.state = seed};
		struct world *world = random_world(&random);
		struct evaluator *evaluator;
		for (uint32_t i = 0; i < world->catalogue.statistic_count; i++)
			random_reports(&random, world, i, random_percent(&random, 60) ? 100 : 85);
		assert_int_equal(evaluator_new(&world->catalogue, &evaluator), 0);
		for (unsigned i = 0; i < QUESTIONS; i++)
			ask(&random, world, evaluator);
		evaluator_free(evaluator);
		world_free(world);
	}
}

/* A comparison that never meets a case proves nothing about it. */
static void the_questions_met_every_case(void **state)
{
	(void)state;
	for (enum value_state i = VALUE_PRESENT; i <= VALUE_UNDEFINED; i++) {
		print_message("%5u %s\n", seen[i], value_state_text(i));
		if (i != VALUE_OVERFLOW)
			assert_true(seen[i] > 0);
	}
	print_message("%5u provisional, %u carried, %u with nobody complete\n", provisional, carried_seen,
	              behind_counted);
	assert_true(provisional > 0 && carried_seen > 0 && behind_counted > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_evaluators_agree_on_random_questions),
	    cmocka_unit_test(the_questions_met_every_case),
	};
	return cmocka_run_group_tests_name("indicator_agreement", tests, NULL, NULL);
}
