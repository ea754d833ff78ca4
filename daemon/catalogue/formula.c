#include "daemon/catalogue/formula.h"

#include "daemon/base/arena.h"
#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/syntax.h"
#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* From where a part of the formula is seen: the time functions and share_of around it, composed. */
struct view {
	bool baseline;
	int years, periods;
	uint32_t within;
	unsigned within_column;
	const char *inside; /* the innermost function over time around it, or NULL */
};

struct emitter {
	const struct catalogue *catalogue;
	const struct syntax_tree *tree;
	struct formula_atom atoms[FORMULA_ATOMS_MAX];
	struct atom_origin {
		unsigned column, within_column;
	} origins[FORMULA_ATOMS_MAX];
	uint32_t atom_count;
	struct formula_step steps[FORMULA_STEPS_MAX];
	uint32_t step_count;
	int depth;
	struct formula_error *error;
};

static bool emit(struct emitter *emitter, uint32_t index, struct view view);

static bool PRINTF_LIKE(3, 4) refuse(struct emitter *emitter, unsigned column, const char *format, ...)
{
	va_list arguments;
	emitter->error->column = column;
	va_start(arguments, format);
	vsnprintf(emitter->error->text, sizeof emitter->error->text, format, arguments);
	va_end(arguments);
	return false;
}

static int change_of_depth(enum formula_op op)
{
	switch (op) {
	case FORMULA_NUMBER:
	case FORMULA_ATOM:
		return 1;
	case FORMULA_NEGATE:
		return 0;
	case FORMULA_ADD:
	case FORMULA_SUBTRACT:
	case FORMULA_MULTIPLY:
	case FORMULA_DIVIDE:
	case FORMULA_MIN:
	case FORMULA_MAX:
	case FORMULA_AVERAGE_GROWTH:
		break;
	}
	return -1;
}

static bool put_step(struct emitter *emitter, unsigned column, struct formula_step step)
{
	emitter->depth += change_of_depth(step.op);
	if (emitter->depth > FORMULA_DEPTH_MAX)
		return refuse(emitter, column, "needs more than %d intermediate values at once",
		              FORMULA_DEPTH_MAX);
	if (emitter->step_count == FORMULA_STEPS_MAX)
		return refuse(emitter, column, "needs more than %d steps", FORMULA_STEPS_MAX);
	emitter->steps[emitter->step_count++] = step;
	return true;
}

static bool put_op(struct emitter *emitter, const struct syntax_node *node, enum formula_op op)
{
	return put_step(emitter, node->column, (struct formula_step){.op = op});
}

static bool put_number(struct emitter *emitter, const struct syntax_node *node, int64_t number)
{
	return put_step(emitter, node->column, (struct formula_step){.op = FORMULA_NUMBER, .number = number});
}

static bool same_atom(const struct formula_atom *a, const struct formula_atom *b)
{
	return a->statistic == b->statistic && a->window == b->window && a->rolling == b->rolling &&
	       a->baseline == b->baseline && a->years == b->years && a->periods == b->periods &&
	       a->within == b->within;
}

static bool put_atom(struct emitter *emitter, unsigned column, unsigned within_column,
                     struct formula_atom atom)
{
	uint32_t i = 0;
	while (i < emitter->atom_count && !same_atom(&emitter->atoms[i], &atom))
		i++;
	if (i == FORMULA_ATOMS_MAX)
		return refuse(emitter, column, "looks up more than %d values", FORMULA_ATOMS_MAX);
	if (i == emitter->atom_count) {
		emitter->atoms[i] = atom;
		emitter->origins[i] = (struct atom_origin){column, within_column};
		emitter->atom_count++;
	}
	return put_step(emitter, column, (struct formula_step){.op = FORMULA_ATOM, .atom = i});
}

/* `node` is the statistic itself. */
static bool emit_statistic(struct emitter *emitter, const struct syntax_node *node, struct view view,
                           enum formula_window window, unsigned rolling)
{
	const struct statistic *statistic = &emitter->catalogue->statistics[node->statistic];
	if (view.within != CATALOGUE_NONE && statistic->kind == KIND_LEVEL)
		return refuse(emitter, node->column,
		              "share_of takes what adds up over areas, '%s' is a level", statistic->code);
	return put_atom(emitter, node->column, view.within_column,
	                (struct formula_atom){.statistic = node->statistic,
	                                      .window = window,
	                                      .rolling = rolling,
	                                      .baseline = view.baseline,
	                                      .years = view.years,
	                                      .periods = view.periods,
	                                      .within = view.within});
}

static bool emit_window(struct emitter *emitter, const struct syntax_node *node, struct view view,
                        enum formula_window window)
{
	const struct syntax_node *argument = &emitter->tree->nodes[node->left];
	const struct statistic *statistic;
	if (argument->kind != SYNTAX_STATISTIC)
		return refuse(emitter, argument->column,
		              "%s takes a single flow statistic, found an expression ('%s')",
		              syntax_word(node->kind), syntax_word(argument->kind));
	statistic = &emitter->catalogue->statistics[argument->statistic];
	if (statistic->kind != KIND_FLOW)
		return refuse(emitter, argument->column,
		              "%s takes a single flow statistic, '%s' is of kind %s", syntax_word(node->kind),
		              statistic->code, statistic_kind_name(statistic->kind));
	return emit_statistic(emitter, argument, view, window, node->count);
}

static bool emit_binary(struct emitter *emitter, const struct syntax_node *node, struct view view,
                        enum formula_op op)
{
	const struct syntax_node *right = &emitter->tree->nodes[node->right];
	if (op == FORMULA_DIVIDE && right->kind == SYNTAX_NUMBER && right->number == 0)
		return refuse(emitter, right->column, "division by zero");
	return emit(emitter, node->left, view) && emit(emitter, node->right, view) &&
	       put_op(emitter, node, op);
}

static bool emit_shifted(struct emitter *emitter, const struct syntax_node *node, struct view view, int years,
                         int periods)
{
	view.inside = syntax_word(node->kind);
	view.years += years;
	view.periods += periods;
	return emit(emitter, node->left, view);
}

/* The baseline year is that of the *evaluated* period's plan window, which a shifted view no longer knows. */
static bool emit_baseline(struct emitter *emitter, const struct syntax_node *node, struct view view)
{
	if (view.inside)
		return refuse(emitter, node->column, "%s cannot stand inside %s", syntax_word(node->kind),
		              view.inside);
	view.inside = syntax_word(node->kind);
	view.baseline = true;
	return emit(emitter, node->left, view);
}

/* 100 * (now / a year before - 1) */
static bool emit_growth(struct emitter *emitter, const struct syntax_node *node, struct view view)
{
	return put_number(emitter, node, 100) && emit_shifted(emitter, node, view, 0, 0) &&
	       emit_shifted(emitter, node, view, -1, 0) && put_op(emitter, node, FORMULA_DIVIDE) &&
	       put_number(emitter, node, 1) && put_op(emitter, node, FORMULA_SUBTRACT) &&
	       put_op(emitter, node, FORMULA_MULTIPLY);
}

static bool emit_average_growth(struct emitter *emitter, const struct syntax_node *node, struct view view)
{
	if (view.inside)
		return refuse(emitter, node->column, "average_growth cannot stand inside %s", view.inside);
	return emit_shifted(emitter, node, view, 0, 0) && emit_baseline(emitter, node, view) &&
	       put_op(emitter, node, FORMULA_AVERAGE_GROWTH);
}

static bool emit_share(struct emitter *emitter, const struct syntax_node *node, struct view view)
{
	struct view part = view;
	part.within = node->area;
	part.within_column = node->area_column;
	return emit(emitter, node->left, part) && emit(emitter, node->left, view) &&
	       put_op(emitter, node, FORMULA_DIVIDE);
}

/* The share of a ratio is not the ratio of shares: only what adds up over areas may be cut. */
static bool is_additive(enum syntax_kind kind)
{
	switch (kind) {
	case SYNTAX_STATISTIC:
	case SYNTAX_NEGATE:
	case SYNTAX_ADD:
	case SYNTAX_SUBTRACT:
	case SYNTAX_CUMULATIVE:
	case SYNTAX_YEAR_TO_DATE:
	case SYNTAX_ROLLING:
	case SYNTAX_PREVIOUS:
	case SYNTAX_BASELINE:
		return true;
	case SYNTAX_NUMBER:
	case SYNTAX_MULTIPLY:
	case SYNTAX_DIVIDE:
	case SYNTAX_MIN:
	case SYNTAX_MAX:
	case SYNTAX_GROWTH:
	case SYNTAX_AVERAGE_GROWTH:
	case SYNTAX_SHARE_OF:
	case SYNTAX_KIND_COUNT:
		break;
	}
	return false;
}

static bool emit_node(struct emitter *emitter, const struct syntax_node *node, struct view view)
{
	switch (node->kind) {
	case SYNTAX_NUMBER:
		return put_step(emitter, node->column,
		                (struct formula_step){.op = FORMULA_NUMBER,
		                                      .number = node->number,
		                                      .decimals = node->decimals});
	case SYNTAX_STATISTIC:
		return emit_statistic(emitter, node, view, WINDOW_PERIOD, 0);
	case SYNTAX_NEGATE:
		return emit(emitter, node->left, view) && put_op(emitter, node, FORMULA_NEGATE);
	case SYNTAX_ADD:
		return emit_binary(emitter, node, view, FORMULA_ADD);
	case SYNTAX_SUBTRACT:
		return emit_binary(emitter, node, view, FORMULA_SUBTRACT);
	case SYNTAX_MULTIPLY:
		return emit_binary(emitter, node, view, FORMULA_MULTIPLY);
	case SYNTAX_DIVIDE:
		return emit_binary(emitter, node, view, FORMULA_DIVIDE);
	case SYNTAX_MIN:
		return emit_binary(emitter, node, view, FORMULA_MIN);
	case SYNTAX_MAX:
		return emit_binary(emitter, node, view, FORMULA_MAX);
	case SYNTAX_CUMULATIVE:
		return emit_window(emitter, node, view, WINDOW_CUMULATIVE);
	case SYNTAX_YEAR_TO_DATE:
		return emit_window(emitter, node, view, WINDOW_YEAR_TO_DATE);
	case SYNTAX_ROLLING:
		return emit_window(emitter, node, view, WINDOW_ROLLING);
	case SYNTAX_PREVIOUS:
		return emit_shifted(emitter, node, view, 0, -1);
	case SYNTAX_BASELINE:
		return emit_baseline(emitter, node, view);
	case SYNTAX_GROWTH:
		return emit_growth(emitter, node, view);
	case SYNTAX_AVERAGE_GROWTH:
		return emit_average_growth(emitter, node, view);
	case SYNTAX_SHARE_OF:
		return emit_share(emitter, node, view);
	case SYNTAX_KIND_COUNT:
		break;
	}
	return false;
}

static bool emit(struct emitter *emitter, uint32_t index, struct view view)
{
	const struct syntax_node *node = &emitter->tree->nodes[index];
	if (view.within != CATALOGUE_NONE && !is_additive(node->kind))
		return refuse(emitter, node->column,
		              "share_of takes sums and differences of statistics, found '%s'",
		              syntax_word(node->kind));
	return emit_node(emitter, node, view);
}

/* ----------------------------------------------------------------------------------------- whole formula */

/* The statistic reported at the coarsest level: the formula is computed area by area at that level. */
static const struct statistic *coarsest_of(const struct emitter *emitter)
{
	const struct statistic *coarsest = &emitter->catalogue->statistics[emitter->atoms[0].statistic];
	for (uint32_t i = 1; i < emitter->atom_count; i++) {
		const struct statistic *statistic =
		    &emitter->catalogue->statistics[emitter->atoms[i].statistic];
		if (statistic->level < coarsest->level)
			coarsest = statistic;
	}
	return coarsest;
}

static bool check_atom(struct emitter *emitter, uint32_t i, const struct statistic *coarsest)
{
	const struct formula_atom *atom = &emitter->atoms[i];
	const struct statistic *statistic = &emitter->catalogue->statistics[atom->statistic];
	const struct area *area;
	if (statistic->kind == KIND_LEVEL && statistic->level != coarsest->level)
		return refuse(emitter, emitter->origins[i].column,
		              "'%s' is a level of each %s and does not add up to a %s, as '%s' needs",
		              statistic->code, area_level_name(statistic->level),
		              area_level_name(coarsest->level), coarsest->code);
	/* No root: the tree of areas was refused, and nothing is inside anything. */
	if (atom->within == CATALOGUE_NONE || emitter->catalogue->root == CATALOGUE_NONE)
		return true;
	area = &emitter->catalogue->areas[atom->within];
	if (area->inside[coarsest->level].count == 0)
		return refuse(emitter, emitter->origins[i].within_column,
		              "'%s' holds no %s, the level that '%s' is reported at", area->code,
		              area_level_name(coarsest->level), coarsest->code);
	return true;
}

static bool check_atoms(struct emitter *emitter)
{
	const struct statistic *coarsest;
	if (emitter->atom_count == 0)
		return refuse(emitter, 1, "names no statistic, expected at least one");
	coarsest = coarsest_of(emitter);
	for (uint32_t i = 0; i < emitter->atom_count; i++)
		if (!check_atom(emitter, i, coarsest))
			return false;
	return true;
}

static int keep(const struct emitter *emitter, struct arena *memory, struct formula **ret_formula)
{
	size_t atoms_size = emitter->atom_count * sizeof emitter->atoms[0];
	size_t steps_size = emitter->step_count * sizeof emitter->steps[0];
	struct formula *formula = arena_take(memory, sizeof *formula);
	struct formula_atom *atoms = arena_take(memory, atoms_size);
	struct formula_step *steps = arena_take(memory, steps_size);
	if (!formula || !atoms || !steps)
		return -ENOMEM;
	memcpy(atoms, emitter->atoms, atoms_size);
	memcpy(steps, emitter->steps, steps_size);
	*formula = (struct formula){
	    .atoms = atoms,
	    .atom_count = emitter->atom_count,
	    .steps = steps,
	    .step_count = emitter->step_count,
	};
	*ret_formula = formula;
	return 0;
}

int formula_parse(const char *text, const struct catalogue *catalogue, struct arena *memory,
                  struct formula **ret_formula, struct formula_error *ret_error)
{
	struct syntax_tree tree;
	struct emitter emitter = {.catalogue = catalogue, .tree = &tree, .error = ret_error};
	int verdict = syntax_parse(text, catalogue, &tree, ret_error);
	if (verdict != 0)
		return verdict;
	if (!emit(&emitter, tree.root, (struct view){.within = CATALOGUE_NONE}) || !check_atoms(&emitter))
		return FORMULA_REFUSED;
	return keep(&emitter, memory, ret_formula);
}

enum period_frequency formula_finest_frequency(const struct formula *formula,
                                               const struct catalogue *catalogue)
{
	enum period_frequency added_up = 0, standing = 0;
	for (uint32_t i = 0; i < formula->atom_count; i++) {
		const struct statistic *statistic = &catalogue->statistics[formula->atoms[i].statistic];
		if (statistic->kind == KIND_FLOW || statistic->kind == KIND_AVERAGE) {
			if (added_up == 0 || statistic->frequency < added_up)
				added_up = statistic->frequency;
		} else if (statistic->frequency > standing)
			standing = statistic->frequency;
	}
	return added_up ? added_up : standing;
}
