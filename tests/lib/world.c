#include "tests/lib/world.h"

#include "proto/decimal.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct world_row {
	struct world_row *next;
	uint32_t statistic_id, number;
	struct period period;
	struct cell_row cells;
	bool touched[CELLS_PER_ROW];
};

struct world *world_new(void)
{
	struct world *world = calloc(1, sizeof *world);
	assert(world);
	world->catalogue.areas = world->areas;
	world->catalogue.statistics = world->statistics;
	world->catalogue.indicators = world->indicators;
	world->catalogue.plans = world->plans;
	return world;
}

void world_free(struct world *world)
{
	for (uint32_t i = 0; i < world->catalogue.area_count; i++) {
		for (unsigned level = 0; level < LEVEL_COUNT; level++)
			free((void *)(uintptr_t)world->areas[i].inside[level].area);
		free((void *)(uintptr_t)world->areas[i].counts_towards.area);
		free((void *)(uintptr_t)world->areas[i].successors.area);
	}
	for (uint32_t i = 0; i < world->catalogue.indicator_count; i++) {
		free(world->formulas[i].atoms);
		free(world->formulas[i].steps);
	}
	for (unsigned i = 0; i < WORLD_BUCKETS; i++) {
		while (world->rows[i]) {
			struct world_row *row = world->rows[i];
			world->rows[i] = row->next;
			free(row);
		}
	}
	free(world);
}

static uint32_t add_area(struct world *world, enum area_level level, uint32_t parent)
{
	const uint32_t at = world->catalogue.area_count++;
	assert(at < WORLD_AREAS);
	/* Permanent ids are not indexes, lie in several rows, and are not ascending. */
	world->areas[at] = (struct area){.level = level,
	                                 .parent = parent,
	                                 .id = 1 + at * 37 % 101,
	                                 .first_day = INT32_MIN,
	                                 .last_day = INT32_MAX};
	return at;
}

uint32_t world_area(struct world *world, enum area_level level, uint32_t parent)
{
	return add_area(world, level, parent);
}

uint32_t world_group(struct world *world, const uint32_t *members, uint32_t count)
{
	const uint32_t at = add_area(world, LEVEL_GROUP, CATALOGUE_NONE);
	memcpy(world->members[at], members, count * sizeof *members);
	world->member_count[at] = count;
	return at;
}

static bool lies_in(const struct world *world, uint32_t area, uint32_t aggregate)
{
	for (uint32_t at = area; at != CATALOGUE_NONE; at = world->areas[at].parent) {
		if (at == aggregate)
			return true;
		for (uint32_t i = 0; i < world->member_count[aggregate]; i++)
			if (world->members[aggregate][i] == at)
				return true;
	}
	return false;
}

static struct area_list list_of(const uint32_t *areas, uint32_t count)
{
	uint32_t *copy = calloc(count + 1, sizeof *copy);
	assert(copy);
	memcpy(copy, areas, count * sizeof *copy);
	return (struct area_list){.area = copy, .count = count};
}

static int compare_indexes(const void *left, const void *right)
{
	const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return (a > b) - (a < b);
}

void world_end(struct world *world, uint32_t area, int32_t last_day, const uint32_t *successors,
               uint32_t count, bool from_then)
{
	struct area *ended = &world->areas[area];
	ended->last_day = last_day;
	ended->successors = list_of(successors, count);
	qsort((void *)(uintptr_t)ended->successors.area, count, sizeof *successors, compare_indexes);
	for (uint32_t i = 0; i < count && from_then; i++)
		world->areas[successors[i]].first_day = last_day + 1;
}

static bool has_all_successors(const struct world *world, uint32_t area, uint32_t group)
{
	const struct area_list *successors = &world->areas[area].successors;
	for (uint32_t i = 0; i < successors->count; i++)
		if (!lies_in(world, successors->area[i], group))
			return false;
	return successors->count > 0;
}

/* A group with all successors of an ended code has that code too. */
static void add_predecessors(struct world *world, uint32_t group)
{
	for (bool added = true; added;) {
		added = false;
		for (uint32_t area = 0; area < world->catalogue.group_first; area++)
			if (!lies_in(world, area, group) && has_all_successors(world, area, group)) {
				world->members[group][world->member_count[group]++] = area;
				added = true;
			}
	}
}

static void find_inside(struct world *world, uint32_t aggregate)
{
	for (unsigned level = 0; level < LEVEL_COUNT; level++) {
		uint32_t found[WORLD_AREAS], count = 0;
		for (uint32_t i = 0; i < world->catalogue.group_first; i++)
			if (world->areas[i].level == level && lies_in(world, i, aggregate))
				found[count++] = i;
		world->areas[aggregate].inside[level] = list_of(found, count);
	}
}

static void find_aggregates(struct world *world, uint32_t area)
{
	uint32_t found[WORLD_AREAS], count = 0;
	for (uint32_t i = 0; i < world->catalogue.area_count; i++)
		if (lies_in(world, area, i))
			found[count++] = i;
	world->areas[area].counts_towards = list_of(found, count);
}

void world_finish(struct world *world)
{
	struct catalogue *catalogue = &world->catalogue;
	catalogue->group_first = 0;
	while (catalogue->group_first < catalogue->area_count &&
	       world->areas[catalogue->group_first].level != LEVEL_GROUP)
		catalogue->group_first++;
	for (uint32_t i = catalogue->group_first; i < catalogue->area_count; i++)
		add_predecessors(world, i);
	for (uint32_t i = 0; i < catalogue->area_count; i++) {
		find_inside(world, i);
		find_aggregates(world, i);
	}
}

void world_plan(struct world *world, int first_year, int last_year)
{
	world->plans[world->catalogue.plan_count++] =
	    (struct plan){.code = "plan", .first_year = first_year, .last_year = last_year};
}

uint32_t world_statistic(struct world *world, struct statistic statistic)
{
	const uint32_t at = world->catalogue.statistic_count++;
	assert(at < WORLD_STATISTICS);
	statistic.code = "statistic";
	statistic.id = 100 - at;
	world->statistics[at] = statistic;
	return at;
}

static struct formula_step step_of(const char *word, size_t length)
{
	static const char signs[] = "+-*/~<>^";
	static const enum formula_op ops[] = {FORMULA_ADD,    FORMULA_SUBTRACT,      FORMULA_MULTIPLY,
	                                      FORMULA_DIVIDE, FORMULA_NEGATE,        FORMULA_MIN,
	                                      FORMULA_MAX,    FORMULA_AVERAGE_GROWTH};
	const char *sign = strchr(signs, *word);
	struct formula_step step = {.op = FORMULA_NUMBER, .decimals = 3};
	if (sign)
		step.op = ops[sign - signs];
	else if (*word >= 'a' && *word <= 'z')
		step = (struct formula_step){.op = FORMULA_ATOM, .atom = (uint32_t)(*word - 'a')};
	else if (decimal_parse(word, length, step.decimals, &step.number))
		assert(false && "a number");
	return step;
}

uint32_t world_indicator(struct world *world, const struct formula_atom *atoms, uint32_t atom_count,
                         const char *program, enum period_frequency frequency, unsigned decimals)
{
	const uint32_t at = world->catalogue.indicator_count++;
	assert(at < WORLD_INDICATORS);
	struct formula *formula = &world->formulas[at];
	formula->atoms = calloc(atom_count + 1, sizeof *formula->atoms);
	formula->steps = calloc(FORMULA_STEPS_MAX, sizeof *formula->steps);
	assert(formula->atoms && formula->steps);
	memcpy(formula->atoms, atoms, atom_count * sizeof *atoms);
	formula->atom_count = atom_count;
	while (*program) {
		const size_t length = strcspn(program, " ");
		if (length > 0)
			formula->steps[formula->step_count++] = step_of(program, length);
		program += length + (program[length] == ' ');
	}
	world->indicators[at] = (struct indicator){
	    .code = "indicator", .decimals = decimals, .formula = formula, .frequency = frequency};
	return at;
}

struct formula_atom world_atom(uint32_t statistic)
{
	return (struct formula_atom){.statistic = statistic, .within = CATALOGUE_NONE};
}

static unsigned bucket_of(uint32_t statistic_id, struct period period, uint32_t number)
{
	return (statistic_id * 31 + period.code * 7 + (period.code >> 28) * 4001 + number) % WORLD_BUCKETS;
}

static struct world_row *find_row(const struct world *world, uint32_t statistic_id, struct period period,
                                  uint32_t number)
{
	struct world_row *row = world->rows[bucket_of(statistic_id, period, number)];
	while (row && (row->statistic_id != statistic_id || row->period.code != period.code ||
	               row->number != number))
		row = row->next;
	return row;
}

void world_report(struct world *world, uint32_t statistic, uint32_t area, struct period period, int64_t value,
                  char status)
{
	const uint32_t id = world->areas[area].id, statistic_id = world->statistics[statistic].id;
	struct world_row *row = find_row(world, statistic_id, period, id / CELLS_PER_ROW);
	if (!row) {
		row = calloc(1, sizeof *row);
		assert(row);
		row->statistic_id = statistic_id;
		row->period = period;
		row->number = id / CELLS_PER_ROW;
		struct world_row **bucket = &world->rows[bucket_of(statistic_id, period, row->number)];
		row->next = *bucket;
		*bucket = row;
	}
	row->cells.cell[id % CELLS_PER_ROW] =
	    (struct cell){.value = value, .entry = ++world->entry, .status = status};
	row->touched[id % CELLS_PER_ROW] = true;
}

bool world_touched(const struct world *world, uint32_t statistic, uint32_t area, struct period period)
{
	const uint32_t id = world->areas[area].id;
	const struct world_row *row =
	    find_row(world, world->statistics[statistic].id, period, id / CELLS_PER_ROW);
	return row && row->touched[id % CELLS_PER_ROW];
}

void world_forget_touched(struct world *world)
{
	for (unsigned i = 0; i < WORLD_BUCKETS; i++)
		for (struct world_row *row = world->rows[i]; row; row = row->next)
			memset(row->touched, 0, sizeof row->touched);
}

static int read_row(void *context, uint32_t statistic_id, struct period period, uint32_t row_number,
                    const struct cell_row **ret_row)
{
	struct world *world = context;
	world->reads++;
	if (world->fault)
		return world->fault;
	const struct world_row *row = find_row(world, statistic_id, period, row_number);
	*ret_row = row ? &row->cells : NULL;
	return 0;
}

struct cell_source world_source(struct world *world)
{
	return (struct cell_source){.context = world, .row = read_row};
}

struct period world_period(const char *text)
{
	struct period period;
	if (period_parse(text, strlen(text), &period))
		assert(false && "a period");
	return period;
}
