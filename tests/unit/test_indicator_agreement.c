/* The evaluator against a second one, naive and slow: both must agree on thousands of random questions. */
#include "daemon/indicator/evaluate.h"

#include "tests/lib/random_world.h"
#include "tests/lib/world_naive.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the comparison ---- */

static unsigned seen[VALUE_UNDEFINED + 1], provisional, carried_seen, behind_counted;
static unsigned long explained, explained_counted;

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

static void must_agree(const struct naive_answer *naive, const struct value *value)
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

/* ---- explanations ---- */

struct explanation {
	const struct naive_question *question;
	uint32_t calls, counted;
	int64_t sum[NAIVE_ATOMS];
	uint64_t newest_entry;
	struct explained_cell last;
	bool carried[WORLD_AREAS];
};

static bool comes_after(const struct explained_cell *next, const struct explained_cell *last)
{
	if (next->atom != last->atom)
		return next->atom > last->atom;
	if (next->period.code != last->period.code)
		return next->period.code > last->period.code;
	return next->area > last->area;
}

static int note_explained(void *context, const struct explained_cell *cell)
{
	struct explanation *noted = context;
	const struct formula *formula = noted->question->formula;
	assert_true(cell->atom < formula->atom_count);
	assert_true(noted->calls++ == 0 || comes_after(cell, &noted->last));
	assert_true(cell->cell.entry != 0);
	noted->last = *cell;
	explained += 1;
	if (!cell->counted)
		return 0;
	explained_counted += 1;
	noted->counted++;
	noted->sum[cell->atom] += cell->cell.value;
	if (cell->cell.entry > noted->newest_entry)
		noted->newest_entry = cell->cell.entry;
	noted->carried[cell->area] |= cell->carried;
	return 0;
}

static int refuse_all(void *context, const struct explained_cell *cell)
{
	(void)context;
	(void)cell;
	return 7;
}

static void must_explain_atom(const struct naive_question *question, uint32_t index,
                              const struct explained_atom *atom, const struct naive_answer *naive)
{
	const struct statistic *statistic =
	    &question->world->statistics[question->formula->atoms[index].statistic];
	assert_int_equal(atom->present, naive->anything);
	if (!atom->present)
		return;
	const int64_t parts = statistic->kind == KIND_AVERAGE ? naive->parts[index] : 1;
	assert_true(llabs(2 * (atom->total * parts - naive->sum[index])) <= parts);
	assert_true(parts > 1 || atom->total == naive->sum[index]);
	assert_true(atom->from.code != 0 && atom->from.code <= atom->to.code);
	assert_int_equal(period_frequency_of(atom->from), statistic->frequency);
}

static void must_explain(const struct naive_question *question, enum coverage_policy policy,
                         struct evaluator *evaluator, const struct naive_answer *naive)
{
	const struct cell_source source = world_source(question->world);
	struct explanation noted = {.question = question};
	struct explained_atom atoms[NAIVE_ATOMS];
	struct value value;
	assert_int_equal(evaluate_explain(evaluator, question->formula, question->decimals, policy,
	                                  question->area, question->period, &source, &value, atoms,
	                                  note_explained, &noted),
	                 0);
	must_agree(naive, &value);
	assert_int_equal(noted.calls, value.cells);
	assert_true(naive->anything || noted.counted == 0);
	if (naive->anything)
		assert_int_equal(noted.newest_entry, naive->newest_entry);
	for (uint32_t i = 0; i < question->formula->atom_count; i++) {
		assert_int_equal(noted.sum[i], naive->anything ? naive->sum[i] : 0);
		must_explain_atom(question, i, &atoms[i], naive);
	}
	assert_int_equal(evaluate_explain(evaluator, question->formula, question->decimals, policy,
	                                  question->area, question->period, &source, &value, atoms,
	                                  refuse_all, NULL),
	                 noted.calls > 0 ? 7 : 0);
}

static void ask(struct random_source *random, struct world *world, struct evaluator *evaluator)
{
	const struct cell_source source = world_source(world);
	struct formula_atom atom;
	struct formula_step step = {.op = FORMULA_ATOM};
	const struct formula lone = {.atoms = &atom, .atom_count = 1, .steps = &step, .step_count = 1};
	struct naive_question task = {.world = world, .area = random_area(random, world)};
	/* The coarse ones first, because most formulas have them. */
	task.period = random_period(
	    random, (enum period_frequency)(1 + random_below(random, random_percent(random, 10) ? 5 : 4)),
	    RANDOM_FIRST_YEAR, RANDOM_LAST_YEAR + 1);
	struct naive_answer expectation;
	enum coverage_policy policy = COVERAGE_MATCHED;
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
		/* Those that came after the evaluator was made are ad hoc. */
		if (at >= RANDOM_INDICATORS)
			assert_int_equal(evaluate_formula(evaluator, task.formula, task.decimals,
			                                  world->indicators[at].coverage, task.area,
			                                  task.period, &source, &value),
			                 0);
		else
			assert_int_equal(
			    evaluate_indicator(evaluator, at, task.area, task.period, &source, &value), 0);
	}
	naive_evaluate(&task, &expectation);
	must_agree(&expectation, &value);
	if (task.complete)
		policy = COVERAGE_COMPLETE;
	must_explain(&task, policy, evaluator, &expectation);
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
		for (unsigned i = 0; i < 3; i++)
			random_ad_hoc(&random, world);
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
	print_message("%lu observations explained, %lu of them counted\n", explained, explained_counted);
	assert_true(explained_counted > 1000 && explained > explained_counted);
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
