#include "daemon/indicator/evaluate.h"

#include "daemon/indicator/compute.h"
#include "daemon/indicator/coverage.h"
#include <errno.h>
#include <stdlib.h>

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
	if (covered->missing_count > 0 || covered->under_way)
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
	if (question->policy == COVERAGE_COMPLETE && covered->missing_count > 0)
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

static int answer(struct evaluator *evaluator, const struct question *question,
                  const struct cell_source *source, struct value *ret_value)
{
	struct covered covered;
	if (!places_allow(coverage_places(evaluator->coverage), question->formula, question->area)) {
		*ret_value = (struct value){.state = VALUE_NOT_HERE, .status = 'A'};
		return 0;
	}
	const int fault = coverage_gather(evaluator->coverage, question->formula, question->area,
	                                  question->period, source, &covered);
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
	*ret_value = value;
	return 0;
}

int evaluate_formula(struct evaluator *evaluator, const struct formula *formula, unsigned decimals,
                     enum coverage_policy policy, uint32_t area, struct period period,
                     const struct cell_source *source, struct value *ret_value)
{
	const struct question question = {
	    .formula = formula, .decimals = decimals, .policy = policy, .area = area, .period = period};
	return answer(evaluator, &question, source, ret_value);
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
