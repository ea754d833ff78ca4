#include "daemon/indicator/evaluate.h"

#include "daemon/indicator/compute.h"
#include "daemon/indicator/coverage.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct evaluator {
	const struct catalogue *catalogue;
	struct coverage *coverage;
};

/* What is asked of one evaluation. */
struct question {
	const struct formula *formula;
	unsigned decimals;
	enum coverage_policy policy;
	uint32_t area;
	struct period period;
};

const char *value_state_text(enum value_state state)
{
	static const char *const texts[] = {
	    [VALUE_PRESENT] = "present",
	    [VALUE_NO_DATA] = "no data",
	    [VALUE_INCOMPLETE] = "incomplete",
	    [VALUE_DIVISION_BY_ZERO] = "division by zero",
	    [VALUE_OVERFLOW] = "too large to compute",
	    [VALUE_NO_PLAN] = "no plan covers the period",
	    [VALUE_NOT_HERE] = "not reported at this level",
	    [VALUE_UNDEFINED] = "undefined",
	};
	return texts[state];
}

int evaluator_new(const struct catalogue *catalogue, struct evaluator **ret_evaluator)
{
	struct evaluator *evaluator = calloc(1, sizeof *evaluator);
	if (!evaluator)
		return -ENOMEM;
	evaluator->catalogue = catalogue;
	const int fault = coverage_new(catalogue, &evaluator->coverage);
	if (fault) {
		free(evaluator);
		return fault;
	}
	*ret_evaluator = evaluator;
	return 0;
}

void evaluator_free(struct evaluator *evaluator)
{
	if (!evaluator)
		return;
	coverage_free(evaluator->coverage);
	free(evaluator);
}

static char status_of(const struct covered *covered)
{
	const uint32_t unusual = covered->statuses & ~UINT32_C(1); /* bit 0 is A */
	if (covered->reported < covered->expected || covered->under_way)
		return 'P';
	if (unusual == 0)
		return 'A';
	return unusual & (unusual - 1) ? 'P' : (char)('A' + __builtin_ctz(unusual));
}

/* Whole years from the baseline year to the evaluated one; 0 without a plan. */
static int years_since_baseline(const struct catalogue *catalogue, struct period period)
{
	int first_year, last_year;
	if (!catalogue_plan_window(catalogue, period_year(period), &first_year, &last_year))
		return 0;
	return period_year(period) - (first_year - 1);
}

static enum value_state find_units(const struct catalogue *catalogue, const struct question *question,
                                   const struct covered *covered, int64_t *ret_units)
{
	if (covered->no_plan)
		return VALUE_NO_PLAN;
	if (!covered->present)
		return VALUE_NO_DATA;
	if (question->policy == COVERAGE_COMPLETE && covered->reported < covered->expected)
		return VALUE_INCOMPLETE;
	if (covered->overflow)
		return VALUE_OVERFLOW;
	struct fraction result;
	const enum value_state state = compute_formula(
	    question->formula, covered->atoms, years_since_baseline(catalogue, question->period), &result);
	if (state != VALUE_PRESENT)
		return state;
	return fraction_round(result, question->decimals, ret_units) ? VALUE_OVERFLOW : VALUE_PRESENT;
}

/* `ret_covered` has no atoms where the formula cannot be asked. */
static int answer(struct evaluator *evaluator, const struct question *question,
                  const struct cell_source *source, struct trail *trail, struct covered *ret_covered,
                  struct value *ret_value)
{
	struct covered covered = {0};
	if (!places_allow(coverage_places(evaluator->coverage), question->formula, question->area)) {
		*ret_covered = covered;
		*ret_value = (struct value){.state = VALUE_NOT_HERE, .status = 'A'};
		return 0;
	}
	const int fault = coverage_gather(evaluator->coverage, question->formula, question->area,
	                                  question->period, source, trail, &covered);
	if (fault)
		return fault;
	struct value value = {.status = status_of(&covered),
	                      .reported = covered.reported,
	                      .expected = covered.expected,
	                      .newest_entry = covered.newest_entry,
	                      .cells = covered.cells,
	                      .missing = covered.missing,
	                      .carried = covered.carried,
	                      .missing_count = covered.missing_count,
	                      .carried_count = covered.carried_count};
	value.state = find_units(evaluator->catalogue, question, &covered, &value.units);
	*ret_covered = covered;
	*ret_value = value;
	return 0;
}

int evaluate_formula(struct evaluator *evaluator, const struct formula *formula, unsigned decimals,
                     enum coverage_policy policy, uint32_t area, struct period period,
                     const struct cell_source *source, struct value *ret_value)
{
	const struct question question = {
	    .formula = formula, .decimals = decimals, .policy = policy, .area = area, .period = period};
	struct covered covered;
	return answer(evaluator, &question, source, NULL, &covered, ret_value);
}

int evaluate_indicator(struct evaluator *evaluator, uint32_t indicator, uint32_t area, struct period period,
                       const struct cell_source *source, struct value *ret_value)
{
	const struct indicator *asked = &evaluator->catalogue->indicators[indicator];
	return evaluate_formula(evaluator, asked->formula, asked->decimals, asked->coverage, area, period,
	                        source, ret_value);
}

int evaluate_statistic(struct evaluator *evaluator, uint32_t statistic, uint32_t area, struct period period,
                       const struct cell_source *source, struct value *ret_value)
{
	struct formula_atom atom = {.statistic = statistic, .within = CATALOGUE_NONE};
	struct formula_step step = {.op = FORMULA_ATOM};
	const struct formula lone = {.atoms = &atom, .atom_count = 1, .steps = &step, .step_count = 1};
	return evaluate_formula(evaluator, &lone, evaluator->catalogue->statistics[statistic].decimals,
	                        COVERAGE_MATCHED, area, period, source, ret_value);
}

/* ---- explanations ---- */

static struct explained_atom explain_atom(const struct evaluator *evaluator, const struct question *question,
                                          const struct covered *covered, uint32_t index)
{
	const struct statistic *statistic =
	    &evaluator->catalogue->statistics[question->formula->atoms[index].statistic];
	struct explained_atom atom = {0};
	(void)coverage_window(evaluator->coverage, index, &atom.from, &atom.to);
	atom.present = covered->present && !covered->overflow &&
	               fraction_round(covered->atoms[index], statistic->decimals, &atom.total) == 0;
	return atom;
}

static int tell(const struct trail *trail, int (*each)(void *context, const struct explained_cell *cell),
                void *context)
{
	int result = 0;
	for (size_t i = 0; i < trail->count && result == 0; i++)
		result = each(context, &trail->cells[i].seen);
	return result;
}

int evaluate_explain(struct evaluator *evaluator, const struct formula *formula, unsigned decimals,
                     enum coverage_policy policy, uint32_t area, struct period period,
                     const struct cell_source *source, struct value *ret_value,
                     struct explained_atom *ret_atoms,
                     int (*each)(void *context, const struct explained_cell *cell), void *context)
{
	const struct question question = {
	    .formula = formula, .decimals = decimals, .policy = policy, .area = area, .period = period};
	struct trail trail = {0};
	struct covered covered;
	struct value value;
	int result = answer(evaluator, &question, source, &trail, &covered, &value);
	if (result == 0) {
		memset(ret_atoms, 0, formula->atom_count * sizeof *ret_atoms);
		for (uint32_t i = 0; i < formula->atom_count && value.state != VALUE_NOT_HERE; i++)
			ret_atoms[i] = explain_atom(evaluator, &question, &covered, i);
		*ret_value = value;
		result = tell(&trail, each, context);
	}
	trail_done(&trail);
	return result;
}
