/* The formula language: any text is parsed or refused in a sentence, and what was parsed can be evaluated anywhere, with or
 * without saying what stood behind it.
 *
 * The first three bytes choose the observations, the area, and the period with one of two catalogues. */
#include "daemon/base/arena.h"
#include "daemon/catalogue/formula.h"
#include "daemon/indicator/evaluate.h"
#include "proto/codes.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/made_cells.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 3

static struct world {
	struct catalogue *catalogue;
	struct evaluator *evaluator;
} worlds[2];
static struct arena *arena;

static void open_world(struct world *world, const char *name)
{
	const char *source = getenv("SUANPAN_SOURCE");
	char folder[4096];
	snprintf(folder, sizeof folder, "%s/tests/data/catalogue/%s", source ? source : ".", name);
	if (catalogue_load(folder, stderr, &world->catalogue) != 0 ||
	    evaluator_new(world->catalogue, &world->evaluator) != 0)
		abort();
	for (uint32_t i = 0; i < world->catalogue->area_count; i++)
		world->catalogue->areas[i].id = i + 1; /* as the store would */
	for (uint32_t i = 0; i < world->catalogue->statistic_count; i++)
		world->catalogue->statistics[i].id = i + 1;
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	open_world(&worlds[0], "small");
	open_world(&worlds[1], "changed");
	return arena_new((size_t)1 << 20, &arena);
}

static void check_formula(const struct formula *formula)
{
	unsigned depth = 0;
	assert(formula->atom_count <= FORMULA_ATOMS_MAX && formula->step_count <= FORMULA_STEPS_MAX);
	for (uint32_t i = 0; i < formula->step_count; i++) {
		const struct formula_step *step = &formula->steps[i];
		bool is_push = step->op == FORMULA_NUMBER || step->op == FORMULA_ATOM;
		assert(step->op != FORMULA_ATOM || step->atom < formula->atom_count);
		assert(is_push || depth >= (step->op == FORMULA_NEGATE ? 1u : 2u));
		depth += is_push ? 1u : step->op == FORMULA_NEGATE ? 0u : -1u;
		assert(depth <= FORMULA_DEPTH_MAX);
	}
	assert(depth == 1);
}

static void check_value(const struct value *value)
{
	assert(value->reported <= value->expected);
	assert(status_is_valid(value->status));
	for (uint32_t i = 1; i < value->missing_count; i++)
		assert(value->missing[i - 1] < value->missing[i]);
	for (uint32_t i = 1; i < value->carried_count; i++)
		assert(value->carried[i - 1] < value->carried[i]);
}

struct explanation {
	const struct world *world;
	const struct formula *formula;
	uint32_t cells;
};

static int count_cell(void *context, const struct explained_cell *cell)
{
	struct explanation *explanation = context;
	assert(cell->atom < explanation->formula->atom_count);
	assert(cell->area < explanation->world->catalogue->group_first);
	assert(cell->cell.entry > 0);
	explanation->cells++;
	return 0;
}

static void evaluate(const struct world *world, const struct formula *formula, uint32_t area,
                     struct period period, struct made_cells *made)
{
	static struct explained_atom atoms[FORMULA_ATOMS_MAX];
	struct cell_source source = made_cells_source(made);
	struct explanation explanation = {.world = world, .formula = formula};
	struct value value, explained;
	if (evaluate_formula(world->evaluator, formula, 2, COVERAGE_MATCHED, area, period, &source, &value) !=
	    0)
		abort();
	check_value(&value);
	if (evaluate_explain(world->evaluator, formula, 2, COVERAGE_MATCHED, area, period, &source,
	                     &explained, atoms, count_cell, &explanation) != 0)
		abort();
	assert(explained.state == value.state && explained.status == value.status);
	assert(explained.state != VALUE_PRESENT || explained.units == value.units);
	assert(explained.reported == value.reported && explained.expected == value.expected);
	assert(explanation.cells == value.cells);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const periods[] = {"2020", "2021-S1", "2021-Q3", "2021-06", "2020-02-29",
	                                      "2016", "2025",    "1900",    "2199-12"};
	static char text[FORMULA_LENGTH_MAX + 100];
	struct formula *formula = NULL;
	struct formula_error error;
	const struct world *world;
	if (size < HEAD || size - HEAD >= sizeof text)
		return 0;
	memcpy(text, bytes + HEAD, size - HEAD);
	text[size - HEAD] = '\0';
	arena_reset(arena);
	world = &worlds[bytes[2] / 128];
	int result = formula_parse(text, world->catalogue, arena, &formula, &error);
	assert(result >= 0);
	if (result != 0) {
		assert(error.column > 0 && text_is_valid(error.text, strlen(error.text)));
		return 0;
	}
	check_formula(formula);
	struct made_cells made = {.seed = bytes[0]};
	const char *period = periods[bytes[2] % (sizeof periods / sizeof *periods)];
	struct period parsed;
	if (period_parse(period, strlen(period), &parsed) != 0)
		abort();
	(void)formula_finest_frequency(formula, world->catalogue);
	evaluate(world, formula, bytes[1] % world->catalogue->area_count, parsed, &made);
	return 0;
}
