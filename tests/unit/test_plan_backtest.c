#include "daemon/plan/backtest.h"

#include "tests/lib/world.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* A city of two districts under the plans 2016 to 2020 and 2021 to 2025. */
enum { CITY, NORTH, SOUTH };

struct fixture {
	struct world *world;
	struct evaluator *evaluator;
};

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct world *world = fixture ? world_new() : NULL;
	if (!world)
		return -1;
	world_area(world, LEVEL_CITY, CATALOGUE_NONE);
	world_area(world, LEVEL_DISTRICT, CITY);
	world_area(world, LEVEL_DISTRICT, CITY);
	world_finish(world);
	world_plan(world, 2016, 2020);
	world_plan(world, 2021, 2025);
	fixture->world = world;
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;
	evaluator_free(fixture->evaluator);
	world_free(fixture->world);
	free(fixture);
	return 0;
}

static uint32_t statistic(struct fixture *fixture, enum statistic_kind kind, enum period_frequency frequency)
{
	return world_statistic(fixture->world, (struct statistic){.kind = kind,
	                                                          .frequency = frequency,
	                                                          .level = LEVEL_DISTRICT,
	                                                          .carry_months = 24});
}

/* The statistic itself. */
static uint32_t alone(struct fixture *fixture, uint32_t what, enum period_frequency frequency)
{
	return world_indicator(fixture->world, (struct formula_atom[]){world_atom(what)}, 1, "a", frequency,
	                       0);
}

static struct period year(int number)
{
	return period_make(PERIOD_ANNUAL, number, 0);
}

/* Months are counted from 2021-01. */
static struct period month(int number)
{
	return period_make(PERIOD_MONTH, 2021 + number / 12, number % 12);
}

static void report(struct fixture *fixture, uint32_t what, struct period period, int64_t value)
{
	world_report(fixture->world, what, NORTH, period, value - value / 2, 'A');
	world_report(fixture->world, what, SOUTH, period, value / 2, 'A');
}

static void report_years(struct fixture *fixture, uint32_t what, const int64_t *values, int count)
{
	for (int i = 0; i < count; i++)
		report(fixture, what, year(2010 + i), values[i]);
}

static struct backtest try(struct fixture *fixture, uint32_t indicator, unsigned horizon)
{
	const struct indicator *tried = &fixture->world->indicators[indicator];
	const struct cell_source source = world_source(fixture->world);
	struct backtest backtest;
	if (!fixture->evaluator)
		assert_int_equal(evaluator_new(&fixture->world->catalogue, &fixture->evaluator), 0);
	const struct outlook_basis basis = {.catalogue = &fixture->world->catalogue,
	                                    .evaluator = fixture->evaluator,
	                                    .source = &source,
	                                    .day = period_last_day(year(2025))};
	assert_int_equal(plan_backtest(&basis, tried->formula, CITY, tried->frequency, horizon, &backtest),
	                 0);
	return backtest;
}

static void must_be(const struct backtest_score *score, unsigned origins, unsigned forecasts, double mase,
                    double within_80, double within_95)
{
	assert_int_equal(score->origins, origins);
	assert_int_equal(score->forecasts, forecasts);
	assert_true(score->has_mase);
	if (!(fabs(score->mase - mase) < 1e-9 && fabs(score->within_80 - within_80) < 1e-9 &&
	      fabs(score->within_95 - within_95) < 1e-9))
		fail_msg("%.10g, %g, %g is not %.10g, %g, %g", score->mase, score->within_80,
		         score->within_95, mase, within_80, within_95);
}

/* ---- worked by hand ---- */

/* From 115, whose steps so far are 10, 5, 15 and 5, and from 130, with one of 15 more: scales of 8.75 and 10.
 * Naive: off by 15 and 2. Its deviation at the first is the root of 375 / 4: 15 is 1.549 of it, beyond Student's 1.533 (four
 * degrees, 80 %).
 * Drift: 115 + 15 / 4 and 130 + 30 / 5, off by 11.25 and 8; deviations of 11.52 and 11.22, so within both. */
static const int64_t seven[] = {100, 110, 105, 120, 115, 130, 128};

static void errors_and_intervals_are_those_worked_out_by_hand(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t people = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL),
	               indicator = alone(fixture, people, PERIOD_ANNUAL);
	report_years(fixture, people, seven, 7);
	const struct backtest backtest = try(fixture, indicator, 1);
	assert_int_equal(backtest.verdict, 0);
	assert_int_equal(backtest.history, 7);
	must_be(&backtest.scores[FORECAST_NAIVE], 2, 2, 17 / 18.75, 50, 100);
	must_be(&backtest.scores[FORECAST_DRIFT], 2, 2, 19.25 / 18.75, 100, 100);
	/* Seven are too few for a damped trend. */
	assert_int_equal(backtest.scores[FORECAST_DAMPED].forecasts, 0);
	assert_false(backtest.scores[FORECAST_DAMPED].has_mase);
}

/* The same from the first two origins, however wild the last figure is; its own origin steps 52 / 6 on average. */
static void what_comes_later_changes_nothing_before(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t people = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL),
	               indicator = alone(fixture, people, PERIOD_ANNUAL);
	report_years(fixture, people, seven, 7);
	report(fixture, people, year(2017), 10000);
	const struct backtest backtest = try(fixture, indicator, 1);
	must_be(&backtest.scores[FORECAST_NAIVE], 3, 3, (17 + 9872) / (18.75 + 52.0 / 6), 100.0 / 3,
	        200.0 / 3);
}

/* Two ahead: from 115 to 130 and 128, from 130 to 128. */
static void all_periods_up_to_the_horizon_are_compared(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t people = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL),
	               indicator = alone(fixture, people, PERIOD_ANNUAL);
	report_years(fixture, people, seven, 7);
	const struct backtest backtest = try(fixture, indicator, 2);
	const struct backtest_score *naive = &backtest.scores[FORECAST_NAIVE];
	assert_int_equal(naive->origins, 2);
	assert_int_equal(naive->forecasts, 3);
	assert_true(fabs(naive->mase - (15 + 13 + 2) / (8.75 + 8.75 + 10)) < 1e-9);
}

/* Ten a year: the naive method is always a step behind, a drift never; a damped trend a little. */
static void methods_are_told_apart_on_a_straight_line(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t people = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL),
	               indicator = alone(fixture, people, PERIOD_ANNUAL);
	for (int i = 0; i < 12; i++)
		report(fixture, people, year(2010 + i), 1000 + 10 * i);
	const struct backtest backtest = try(fixture, indicator, 1);
	/* Eight known at least: four origins, for all three alike. */
	must_be(&backtest.scores[FORECAST_NAIVE], 4, 4, 1, 100, 100);
	must_be(&backtest.scores[FORECAST_DRIFT], 4, 4, 0, 100, 100);
	assert_int_equal(backtest.scores[FORECAST_DAMPED].origins, 4);
	assert_true(backtest.scores[FORECAST_DAMPED].mase > 0 && backtest.scores[FORECAST_DAMPED].mase < 0.1);
}

/* ---- what is compared ---- */

/* A drift needs five years. In November of 2020 to 2022 the next month is the first of a year's figure still to come; in all
 * other months it is carried. */
static void what_was_known_already_is_no_forecast(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t people = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL),
	               indicator = alone(fixture, people, PERIOD_MONTH);
	for (int i = 0; i < 8; i++)
		report(fixture, people, year(2015 + i), 1000 + 10 * i + i % 2);
	const struct backtest backtest = try(fixture, indicator, 1);
	assert_int_equal(backtest.scores[FORECAST_DAMPED].forecasts, 0);
	assert_int_equal(backtest.scores[FORECAST_DRIFT].forecasts, 3);
	assert_int_equal(backtest.scores[FORECAST_DRIFT].origins, 3);
}

/* A sum of months since the plan's first day, and one of which the south is missing. */
static unsigned compared_with_a_gap_in(struct fixture *fixture, int gap)
{
	const uint32_t jobs = statistic(fixture, KIND_FLOW, PERIOD_MONTH);
	struct formula_atom since = world_atom(jobs);
	since.window = WINDOW_CUMULATIVE;
	const uint32_t indicator = world_indicator(fixture->world, &since, 1, "a", PERIOD_MONTH, 0);
	for (int i = 0; i < 40; i++)
		if (i == gap)
			world_report(fixture->world, jobs, NORTH, month(i), 50, 'A');
		else
			report(fixture, jobs, month(i), 100 + i % 3);
	return try(fixture, indicator, 1).scores[FORECAST_NAIVE].forecasts;
}

static void a_month_that_somebody_is_missing_in_is_not_compared(void **state)
{
	struct fixture *fixture = *state;
	const unsigned whole = compared_with_a_gap_in(fixture, -1);
	assert_int_equal(whole, 16); /* from 24 months on */
	/* Sums that are short of the same are compared; not the one that first is, nor what is said in that very month, when it
	 * was still taken for to come. */
	assert_int_equal(compared_with_a_gap_in(fixture, 10), whole);
	assert_int_equal(compared_with_a_gap_in(fixture, 30), whole - 2);
}

static void only_the_newest_origins_are_tried(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t beds = statistic(fixture, KIND_STOCK, PERIOD_MONTH),
	               indicator = alone(fixture, beds, PERIOD_MONTH);
	for (int i = -58; i < 60; i++)
		report(fixture, beds, period_make(PERIOD_MONTH, 2016 + (i + 60) / 12, (i + 60) % 12),
		       1000 + 7 * i + i % 5);
	const struct backtest backtest = try(fixture, indicator, BACKTEST_HORIZON_MAX);
	assert_int_equal(backtest.history, 118);
	assert_int_equal(backtest.scores[FORECAST_DAMPED].origins, BACKTEST_ORIGINS_MAX);
	assert_int_equal(backtest.scores[FORECAST_DAMPED].forecasts, 60 * 61 / 2);
}

/* ---- where there is nothing to say ---- */

static void too_little_history_is_said(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t people = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL),
	               indicator = alone(fixture, people, PERIOD_ANNUAL);
	assert_int_equal(try(fixture, indicator, 1).verdict, OUTLOOK_NO_DATA);
	report_years(fixture, people, seven, 5);
	struct backtest backtest = try(fixture, indicator, 1); /* nothing came after the fifth */
	assert_int_equal(backtest.verdict, OUTLOOK_TOO_SHORT);
	assert_int_equal(backtest.history, 5);
	for (int i = 0; i < BACKTEST_METHODS; i++)
		assert_int_equal(backtest.scores[i].forecasts, 0);
	report_years(fixture, people, seven, 6);
	assert_int_equal(try(fixture, indicator, 1).verdict, 0);
}

static void what_never_moved_has_no_scale(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t people = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL),
	               indicator = alone(fixture, people, PERIOD_ANNUAL);
	for (int i = 0; i < 10; i++)
		report(fixture, people, year(2010 + i), 700);
	const struct backtest backtest = try(fixture, indicator, 1);
	for (int i = 0; i < BACKTEST_METHODS; i++) {
		assert_int_equal(backtest.scores[i].forecasts, 2);
		assert_false(backtest.scores[i].has_mase);
		assert_true(backtest.scores[i].within_80 > 99.9);
	}
}

static void a_fault_of_the_source_is_passed_up(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t people = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL),
	               indicator = alone(fixture, people, PERIOD_ANNUAL);
	const struct cell_source source = world_source(fixture->world);
	struct backtest backtest;
	report_years(fixture, people, seven, 7);
	assert_int_equal(evaluator_new(&fixture->world->catalogue, &fixture->evaluator), 0);
	const struct outlook_basis basis = {.catalogue = &fixture->world->catalogue,
	                                    .evaluator = fixture->evaluator,
	                                    .source = &source,
	                                    .day = period_last_day(year(2025))};
	fixture->world->fault = FAULT_CORRUPT;
	assert_int_equal(plan_backtest(&basis, fixture->world->indicators[indicator].formula, CITY,
	                               PERIOD_ANNUAL, 1, &backtest),
	                 FAULT_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	    CASE(errors_and_intervals_are_those_worked_out_by_hand),
	    CASE(what_comes_later_changes_nothing_before),
	    CASE(all_periods_up_to_the_horizon_are_compared),
	    CASE(methods_are_told_apart_on_a_straight_line),
	    CASE(what_was_known_already_is_no_forecast),
	    CASE(a_month_that_somebody_is_missing_in_is_not_compared),
	    CASE(only_the_newest_origins_are_tried),
	    CASE(too_little_history_is_said),
	    CASE(what_never_moved_has_no_scale),
	    CASE(a_fault_of_the_source_is_passed_up),
	};
	return cmocka_run_group_tests_name("plan_backtest", tests, NULL, NULL);
}
