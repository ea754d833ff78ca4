#include "daemon/plan/outlook.h"

#include "proto/decimal.h"
#include "tests/lib/world.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A city of two districts under the plan 2021 to 2025. Months are counted from 2021-01. */
enum { CITY, NORTH, SOUTH };

struct fixture {
	struct world *world;
	struct evaluator *evaluator;
	struct outlook *outlook;
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
	world_plan(world, 2021, 2025);
	fixture->world = world;
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;
	outlook_free(fixture->outlook);
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

static struct period month(int number)
{
	return period_make(PERIOD_MONTH, 2021 + number / 12, number % 12);
}

static struct period year(int number)
{
	return period_make(PERIOD_ANNUAL, number, 0);
}

/* In both districts, half each; an odd one goes to the north. */
static void report(struct fixture *fixture, uint32_t what, struct period period, int64_t value)
{
	world_report(fixture->world, what, NORTH, period, value - value / 2, 'A');
	world_report(fixture->world, what, SOUTH, period, value / 2, 'A');
}

static struct outlook_basis basis_of(struct fixture *fixture, const struct cell_source *source,
                                     struct period last)
{
	if (!fixture->evaluator)
		assert_int_equal(evaluator_new(&fixture->world->catalogue, &fixture->evaluator), 0);
	return (struct outlook_basis){.catalogue = &fixture->world->catalogue,
	                              .evaluator = fixture->evaluator,
	                              .source = source,
	                              .day = period_last_day(last)};
}

/* Gathered as of the end of the period, not fitted. */
static struct outlook *gather(struct fixture *fixture, uint32_t indicator, struct period last)
{
	const struct cell_source source = world_source(fixture->world);
	const struct outlook_basis basis = basis_of(fixture, &source, last);
	outlook_free(fixture->outlook);
	fixture->outlook = NULL;
	assert_int_equal(
	    outlook_new(&basis, fixture->world->indicators[indicator].formula, CITY, &fixture->outlook), 0);
	return fixture->outlook;
}

static struct outlook_value at(const struct outlook *outlook, struct period period)
{
	struct outlook_value value;
	assert_int_equal(outlook_at(outlook, period, &value), 0);
	return value;
}

static void must_be_near(double found, double expected, double off)
{
	if (!(fabs(found - expected) <= off))
		fail_msg("%.10g is not %.10g to within %g", found, expected, off);
}

/* ---- what is forecast ---- */

static void a_ratio_is_that_of_its_forecast_halves(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t beds = statistic(fixture, KIND_STOCK, PERIOD_MONTH),
	               people = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL);
	const uint32_t ratio =
	    world_indicator(fixture->world, (struct formula_atom[]){world_atom(beds), world_atom(people)}, 2,
	                    "1000 a * b /", PERIOD_MONTH, 2);
	for (int i = 0; i < 36; i++)
		report(fixture, beds, month(i), 6000 + 10 * i);
	for (int i = 2014; i <= 2023; i++)
		report(fixture, people, year(i), 1000000 + 20000 * (i - 2014));
	struct outlook *outlook = gather(fixture, ratio, month(35));
	assert_int_equal(outlook_fit_with(outlook, INT32_MAX, FORECAST_DRIFT), 0);
	/* A year on: 6470 beds to 1,200,000; half a year on the people are still those of 2023: 6410 to 1,180,000. */
	struct outlook_value value = at(outlook, month(47));
	must_be_near(value.mean, 1000.0 * 6470 / 1200000, 1e-9);
	must_be_near(value.deviation, 0, 1e-9);
	assert_true(value.is_forecast);
	assert_false(value.is_provisional);
	assert_int_equal(value.history, 10);
	assert_int_equal(period_last_day(value.from), period_last_day(year(2023)));
	must_be_near(at(outlook, month(41)).mean, 1000.0 * 6410 / 1180000, 1e-9);
	/* What has been is what it was. */
	value = at(outlook, month(20));
	must_be_near(value.mean, 1000.0 * 6200 / 1140000, 1e-9);
	assert_false(value.is_forecast);
	assert_int_equal(value.from.code, 0);
	must_be_near(value.deviation, 0, 0);
}

/* 1000 a / b: moved by 1000/b a unit of a, and by -1000 a/b^2 a unit of b. */
static void the_halves_of_a_ratio_both_make_it_uncertain(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t a = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL),
	               b = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL);
	const uint32_t ratio =
	    world_indicator(fixture->world, (struct formula_atom[]){world_atom(a), world_atom(b)}, 2,
	                    "1000 a * b /", PERIOD_ANNUAL, 2);
	static const int64_t as[] = {10, 12, 13, 17, 18}, bs[] = {100, 110, 100, 110, 100};
	for (int i = 0; i < 5; i++) {
		report(fixture, a, year(2019 + i), as[i]);
		report(fixture, b, year(2019 + i), bs[i]);
	}
	struct outlook *outlook = gather(fixture, ratio, year(2023));
	assert_int_equal(outlook_fit_with(outlook, INT32_MAX, FORECAST_NAIVE), 0);
	const struct outlook_value value = at(outlook, year(2025));
	must_be_near(value.mean, 180, 1e-9);
	/* Squares of the steps: 22 / 4 for a, 400 / 4 for b; two years ahead twice that. */
	must_be_near(value.deviation, sqrt(2 * (22 / 4.0) * 10 * 10 + 2 * 100.0 * 1.8 * 1.8), 1e-9);
	assert_int_equal(value.freedom, 4);
}

/* x / x a year before, in percent: with both to come the shocks of the first year move both. */
static void two_atoms_of_one_statistic_move_together(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t x = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL);
	struct formula_atom before = world_atom(x);
	before.years = -1;
	const uint32_t growth = world_indicator(
	    fixture->world, (struct formula_atom[]){world_atom(x), before}, 2, "a b -", PERIOD_ANNUAL, 2);
	static const int64_t values[] = {10, 12, 13, 17, 18};
	for (int i = 0; i < 5; i++)
		report(fixture, x, year(2019 + i), values[i]);
	struct outlook *outlook = gather(fixture, growth, year(2023));
	assert_int_equal(outlook_fit_with(outlook, INT32_MAX, FORECAST_NAIVE), 0);
	/* Only the newest shock is in the difference of two years that are both to come. */
	must_be_near(at(outlook, year(2024)).deviation, sqrt(22 / 4.0), 1e-9);
	must_be_near(at(outlook, year(2026)).deviation, sqrt(22 / 4.0), 1e-9);
}

static void a_sum_since_the_plan_began_counts_what_is_there_and_forecasts_the_rest(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t jobs = statistic(fixture, KIND_FLOW, PERIOD_MONTH);
	struct formula_atom since = world_atom(jobs);
	since.window = WINDOW_CUMULATIVE;
	const uint32_t sum = world_indicator(fixture->world, &since, 1, "a", PERIOD_MONTH, 0);
	double known = 0, squares = 0;
	for (int i = 0; i < 30; i++) { /* steps of 2 up or down, of no season */
		report(fixture, jobs, month(i), i % 7 < 3 ? 102 : 100);
		known += i % 7 < 3 ? 102 : 100;
		squares += i > 0 && (i % 7 == 0 || i % 7 == 3) ? 4 : 0;
	}
	struct outlook *outlook = gather(fixture, sum, month(29));
	assert_int_equal(outlook_fit_with(outlook, INT32_MAX, FORECAST_NAIVE), 0);
	/* The last months were 102; the first of the 30 shocks to come is in all 30 months, the last in one. */
	const struct outlook_value value = at(outlook, year(2025));
	must_be_near(value.mean, known + 30 * 102, 1e-9);
	double times = 0;
	for (int left = 1; left <= 30; left++)
		times += left * left;
	must_be_near(value.deviation, sqrt(times * squares / 29), 1e-9);
	must_be_near(at(outlook, month(6)).mean, 3 * 102 + 4 * 100, 1e-9);
}

static void a_mean_of_months_is_forecast_as_one(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t visitors = statistic(fixture, KIND_AVERAGE, PERIOD_MONTH);
	const uint32_t mean = world_indicator(fixture->world, (struct formula_atom[]){world_atom(visitors)},
	                                      1, "a", PERIOD_MONTH, 0);
	for (int i = 0; i < 30; i++)
		report(fixture, visitors, month(i), i < 24 ? 100 : 200);
	struct outlook *outlook = gather(fixture, mean, month(29));
	assert_int_equal(outlook_fit_with(outlook, INT32_MAX, FORECAST_NAIVE), 0);
	must_be_near(at(outlook, year(2022)).mean, 100, 1e-9);
	must_be_near(at(outlook, year(2023)).mean, 200, 1e-9);
	must_be_near(at(outlook, month(40)).mean, 200, 1e-9);
}

static uint32_t plain(struct fixture *fixture, uint32_t *ret_statistic)
{
	*ret_statistic = statistic(fixture, KIND_STOCK, PERIOD_MONTH);
	return world_indicator(fixture->world, (struct formula_atom[]){world_atom(*ret_statistic)}, 1, "a",
	                       PERIOD_MONTH, 0);
}

static void it_says_what_it_is_made_of(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t beds = statistic(fixture, KIND_STOCK, PERIOD_MONTH),
	               people = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL),
	               births = statistic(fixture, KIND_FLOW, PERIOD_QUARTER);
	const uint32_t all = world_indicator(
	    fixture->world, (struct formula_atom[]){world_atom(beds), world_atom(people), world_atom(births)},
	    3, "a b / c +", PERIOD_QUARTER, 2);
	for (int i = 0; i < 36; i++)
		report(fixture, beds, month(i), 6000 + 10 * i + i % 2);
	for (int i = 2020; i <= 2022; i++)
		report(fixture, people, year(i), 1000000);
	for (int i = 0; i < 20; i++)
		report(fixture, births, period_make(PERIOD_QUARTER, 2019 + i / 4, i % 4),
		       1000 + 300 * (i % 4) + i);
	struct outlook *outlook = gather(fixture, all, month(35));
	assert_int_equal(outlook_fit(outlook, INT32_MAX), 0);
	assert_int_equal(outlook_part_count(outlook), 3);
	struct outlook_part part = outlook_part(outlook, 0);
	assert_int_equal(part.statistic, beds);
	assert_int_equal(part.within, CATALOGUE_NONE);
	assert_int_equal(part.history, 36);
	assert_int_equal(part.first.code, month(0).code);
	assert_int_equal(part.last.code, month(35).code);
	assert_int_equal(part.verdict, 0);
	assert_int_equal(part.method, FORECAST_DAMPED);
	assert_false(part.has_season);
	part = outlook_part(outlook, 1);
	assert_int_equal(part.history, 3);
	assert_int_equal(part.last.code, year(2022).code);
	assert_int_equal(part.verdict, OUTLOOK_TOO_SHORT);
	part = outlook_part(outlook, 2);
	assert_int_equal(part.verdict, 0);
	assert_true(part.has_season);
	/* As of the end of 2021 two of the years are known. */
	assert_int_equal(outlook_fit(outlook, period_last_day(year(2021))), 0);
	assert_int_equal(outlook_part(outlook, 1).history, 2);
	assert_int_equal(outlook_part(outlook, 0).last.code, month(11).code);
}

/* With a drift and with the best in turn, each is what it was when it was fitted first. */
static void fits_that_are_kept_are_those_that_were_made(void **state)
{
	struct fixture *fixture = *state;
	uint32_t what;
	const uint32_t indicator = plain(fixture, &what);
	for (int i = 0; i < 30; i++)
		report(fixture, what, month(i), 1000 + 20 * i + i * i + i % 3);
	struct outlook *outlook = gather(fixture, indicator, month(29));
	assert_int_equal(outlook_fit(outlook, INT32_MAX), 0);
	const struct outlook_value best = at(outlook, month(35));
	assert_int_equal(outlook_fit_with(outlook, INT32_MAX, FORECAST_DRIFT), 0);
	const struct outlook_value drift = at(outlook, month(35));
	assert_true(fabs(best.mean - drift.mean) > 0);
	assert_int_equal(outlook_fit(outlook, period_last_day(month(19))), 0);
	assert_true(fabs(at(outlook, month(35)).mean - best.mean) > 0);
	assert_int_equal(outlook_fit(outlook, INT32_MAX), 0);
	must_be_near(at(outlook, month(35)).mean, best.mean, 0);
	must_be_near(at(outlook, month(35)).deviation, best.deviation, 0);
	assert_int_equal(outlook_fit_with(outlook, INT32_MAX, FORECAST_DRIFT), 0);
	must_be_near(at(outlook, month(35)).mean, drift.mean, 0);
	/* From before there was anything, and on again. */
	assert_int_equal(outlook_fit(outlook, period_last_day(year(2019))), 0);
	struct outlook_value value;
	assert_int_equal(outlook_at(outlook, month(35), &value), OUTLOOK_NO_DATA);
	assert_int_equal(outlook_fit(outlook, INT32_MAX), 0);
	must_be_near(at(outlook, month(35)).mean, best.mean, 0);
}

/* ---- what is not whole ---- */

static void a_month_that_somebody_is_missing_in_is_not_forecast_from(void **state)
{
	struct fixture *fixture = *state;
	uint32_t beds;
	const uint32_t indicator = plain(fixture, &beds);
	for (int i = 0; i < 30; i++)
		report(fixture, beds, month(i), 100);
	world_report(fixture->world, beds, NORTH, month(30), 5, 'A');
	struct outlook *outlook = gather(fixture, indicator, month(30));
	assert_int_equal(outlook_fit(outlook, INT32_MAX), 0);
	struct outlook_value value = at(outlook, month(40));
	must_be_near(value.mean, 100, 1e-6);
	assert_int_equal(value.from.code, month(29).code);
	assert_int_equal(value.history, 30);
	assert_true(value.is_provisional);
	/* The month itself is still to come, and once South has come it is not. */
	assert_true(at(outlook, month(30)).is_forecast);
	world_report(fixture->world, beds, SOUTH, month(30), 5, 'A');
	outlook = gather(fixture, indicator, month(30));
	assert_int_equal(outlook_fit(outlook, INT32_MAX), 0);
	value = at(outlook, month(30));
	assert_false(value.is_forecast);
	must_be_near(value.mean, 10, 1e-9);
	assert_false(at(outlook, month(31)).is_provisional);
}

static void the_future_is_not_looked_at(void **state)
{
	struct fixture *fixture = *state;
	uint32_t beds;
	const uint32_t indicator = plain(fixture, &beds);
	for (int i = 0; i < 40; i++)
		report(fixture, beds, month(i), i < 30 ? 100 : 900);
	struct outlook *outlook = gather(fixture, indicator, month(29));
	assert_int_equal(outlook_fit(outlook, INT32_MAX), 0);
	assert_int_equal(at(outlook, month(40)).history, 30);
	must_be_near(at(outlook, month(40)).mean, 100, 1e-6);
	/* Gathered to the end, and fitted to the past. */
	outlook = gather(fixture, indicator, month(39));
	assert_int_equal(outlook_fit(outlook, period_last_day(month(29))), 0);
	assert_int_equal(at(outlook, month(40)).history, 30);
	must_be_near(at(outlook, month(35)).mean, 100, 1e-6);
	assert_true(at(outlook, month(35)).is_forecast);
}

static void too_little_and_nothing_are_said_where_they_matter(void **state)
{
	struct fixture *fixture = *state;
	uint32_t beds;
	struct outlook_value value;
	const uint32_t indicator = plain(fixture, &beds);
	struct outlook *outlook = gather(fixture, indicator, month(3));
	assert_int_equal(outlook_fit(outlook, INT32_MAX), 0);
	assert_int_equal(outlook_at(outlook, month(5), &value), OUTLOOK_NO_DATA);
	for (int i = 0; i < 4; i++)
		report(fixture, beds, month(i), 100 + i * i);
	outlook = gather(fixture, indicator, month(3));
	assert_int_equal(outlook_fit(outlook, INT32_MAX), 0);
	assert_int_equal(outlook_at(outlook, month(5), &value), OUTLOOK_TOO_SHORT);
	assert_int_equal(outlook_at(outlook, month(2), &value), 0);
	must_be_near(value.mean, 104, 1e-9);
	assert_int_equal(outlook_at(outlook, period_make(PERIOD_MONTH, 2010, 0), &value),
	                 OUTLOOK_NOT_POSSIBLE);
	assert_string_equal(outlook_verdict_text(OUTLOOK_TOO_SHORT), "too little history");
}

static void division_by_zero_is_no_forecast(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t a = statistic(fixture, KIND_STOCK, PERIOD_MONTH),
	               b = statistic(fixture, KIND_STOCK, PERIOD_MONTH);
	const uint32_t ratio =
	    world_indicator(fixture->world, (struct formula_atom[]){world_atom(a), world_atom(b)}, 2, "a b /",
	                    PERIOD_MONTH, 2);
	struct outlook_value value;
	for (int i = 0; i < 12; i++) {
		report(fixture, a, month(i), 5);
		report(fixture, b, month(i), 0);
	}
	struct outlook *outlook = gather(fixture, ratio, month(11));
	assert_int_equal(outlook_fit(outlook, INT32_MAX), 0);
	assert_int_equal(outlook_at(outlook, month(15), &value), OUTLOOK_NOT_POSSIBLE);
}

/* ---- intervals and chances ---- */

static void an_interval_is_students(void **state)
{
	(void)state;
	const struct outlook_value value = {.mean = 10, .deviation = 2, .freedom = 3}, sure = {.mean = 7};
	double low, high;
	outlook_interval(&value, 95, &low, &high);
	must_be_near(low, 10 - 2 * 3.18245, 1e-4);
	must_be_near(high, 10 + 2 * 3.18245, 1e-4);
	outlook_interval(&value, 80, &low, &high);
	must_be_near(high, 10 + 2 * 1.63774, 1e-4);
	outlook_interval(&sure, 95, &low, &high);
	must_be_near(low, 7, 0);
	must_be_near(high, 7, 0);
}

static void an_interval_has_its_figures_at_its_ends(void **state)
{
	const struct outlook_value value = {.mean = 100, .deviation = 5, .freedom = 7};
	static const unsigned percents[] = {20, 80, 95};
	double low, high;
	(void)state;
	for (int i = 0; i < 3; i++) {
		outlook_interval(&value, percents[i], &low, &high);
		must_be_near(outlook_percent_of(&value, low), percents[i], 1e-9);
		must_be_near(outlook_percent_of(&value, high), percents[i], 1e-9);
	}
	must_be_near(outlook_percent_of(&value, 100), 0, 1e-12);
	const struct outlook_value sure = {.mean = 100};
	must_be_near(outlook_percent_of(&sure, 100), 0, 0);
	must_be_near(outlook_percent_of(&sure, 100.1), 100, 0);
}

static struct printed_number number(const char *text)
{
	struct printed_number number = {.present = true, .decimals = 0};
	assert_int_equal(decimal_parse(text, strlen(text), 0, &number.units), 0);
	return number;
}

/* The chance in percent, or an outlook_verdict times -1. */
static int chance(struct fixture *fixture, uint32_t indicator, enum comparison comparison, const char *goal,
                  enum verdict now)
{
	const struct cell_source source = world_source(fixture->world);
	const struct outlook_basis basis = basis_of(fixture, &source, year(2023));
	const struct plan plan = {.first_year = 2021, .last_year = 2025};
	const struct target target = {.indicator = indicator,
	                              .comparison = comparison,
	                              .goal = number(goal),
	                              .follows = indicator,
	                              .tolerance = {.present = true, .units = 10}};
	const struct judgement judgement = {.verdict = now};
	struct outlook_target found;
	const int result = outlook_target(&basis, &plan, &target, CITY, &judgement, &found);
	return result ? -result : (int)found.chance;
}

/* Five years of a random walk with drift 2: 22 in 2025, with a deviation of sqrt(2 * 2 * 1.5) = 2.449 and three degrees of
 * freedom. The chances are those of Student's t, from tables of it: below -1.0206 are 19.1 %, and so on. */
static void chances_are_those_of_the_printed_value(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t x = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL);
	const uint32_t indicator =
	    world_indicator(fixture->world, (struct formula_atom[]){world_atom(x)}, 1, "a", PERIOD_ANNUAL, 0);
	static const int64_t values[] = {10, 12, 13, 17, 18};
	for (int i = 0; i < 5; i++)
		report(fixture, x, year(2019 + i), values[i]);
	static const struct {
		enum comparison comparison;
		const char *goal;
		double low, high; /* between which the value satisfies */
	} rows[] = {
	    {COMPARE_AT_LEAST, "22", 21.5, 1e9}, {COMPARE_AT_LEAST, "25", 24.5, 1e9},
	    {COMPARE_AT_LEAST, "19", 18.5, 1e9}, {COMPARE_STRIVE, "25", 24.5, 1e9},
	    {COMPARE_MORE, "22", 22.5, 1e9},     {COMPARE_AT_MOST, "22", -1e9, 22.5},
	    {COMPARE_LESS, "22", -1e9, 21.5},    {COMPARE_EQUAL, "22", 21.5, 22.5},
	    {COMPARE_ABOUT, "20", 17.5, 22.5},   {COMPARE_ABOUT, "40", 35.5, 44.5},
	};
	const double deviation = sqrt(2 * 2 * 1.5);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const double expected = forecast_chance_below((rows[i].high - 22) / deviation, 3) -
		                        forecast_chance_below((rows[i].low - 22) / deviation, 3);
		assert_int_equal(
		    chance(fixture, indicator, rows[i].comparison, rows[i].goal, VERDICT_ON_TRACK),
		    lround(100 * expected));
	}
	/* By the table: t(3) = 1.0206 is exceeded in 19 of 100 cases. */
	assert_int_equal(chance(fixture, indicator, COMPARE_AT_LEAST, "25", VERDICT_ON_TRACK), 19);
	assert_int_equal(chance(fixture, indicator, COMPARE_AT_LEAST, "22", VERDICT_ON_TRACK), 57);
	/* To hold 18 the next year is the hardest: 20, with a deviation of sqrt(2 * 1.25). */
	assert_int_equal(chance(fixture, indicator, COMPARE_HOLD_AT_LEAST, "18", VERDICT_ON_TRACK),
	                 lround(100 * (1 - forecast_chance_below(-2.5 / sqrt(2.5), 3))));
	assert_int_equal(chance(fixture, indicator, COMPARE_HOLD_AT_LEAST, "18", VERDICT_OFF_TRACK), 0);
}

static void what_never_moves_is_sure(void **state)
{
	struct fixture *fixture = *state;
	uint32_t beds;
	const uint32_t indicator = plain(fixture, &beds);
	for (int i = 0; i < 36; i++)
		report(fixture, beds, month(i), 100);
	assert_int_equal(chance(fixture, indicator, COMPARE_AT_LEAST, "100", VERDICT_MET), 100);
	assert_int_equal(chance(fixture, indicator, COMPARE_AT_LEAST, "101", VERDICT_ON_TRACK), 0);
	assert_int_equal(chance(fixture, indicator, COMPARE_EQUAL, "100", VERDICT_MET), 100);
	assert_int_equal(chance(fixture, indicator, COMPARE_MORE, "100", VERDICT_ON_TRACK), 0);
	assert_int_equal(chance(fixture, indicator, COMPARE_LESS, "101", VERDICT_MET), 100);
	assert_int_equal(chance(fixture, indicator, COMPARE_HOLD_EQUAL, "100", VERDICT_ON_TRACK), 100);
	assert_int_equal(chance(fixture, indicator, COMPARE_HOLD_EQUAL, "100", VERDICT_OFF_TRACK), 0);
	assert_int_equal(chance(fixture, indicator, COMPARE_TRACKS_GDP, "0", VERDICT_ON_TRACK), 100);
}

static void without_history_there_is_no_chance(void **state)
{
	struct fixture *fixture = *state;
	uint32_t beds;
	const uint32_t indicator = plain(fixture, &beds);
	assert_int_equal(chance(fixture, indicator, COMPARE_AT_LEAST, "100", VERDICT_NO_DATA),
	                 -OUTLOOK_NO_DATA);
	report(fixture, beds, month(35), 100);
	assert_int_equal(chance(fixture, indicator, COMPARE_AT_LEAST, "100", VERDICT_MET),
	                 -OUTLOOK_TOO_SHORT);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	    CASE(a_ratio_is_that_of_its_forecast_halves),
	    CASE(the_halves_of_a_ratio_both_make_it_uncertain),
	    CASE(two_atoms_of_one_statistic_move_together),
	    CASE(a_sum_since_the_plan_began_counts_what_is_there_and_forecasts_the_rest),
	    CASE(a_mean_of_months_is_forecast_as_one),
	    CASE(a_month_that_somebody_is_missing_in_is_not_forecast_from),
	    CASE(the_future_is_not_looked_at),
	    CASE(too_little_and_nothing_are_said_where_they_matter),
	    CASE(division_by_zero_is_no_forecast),
	    CASE(an_interval_is_students),
	    CASE(an_interval_has_its_figures_at_its_ends),
	    CASE(it_says_what_it_is_made_of),
	    CASE(fits_that_are_kept_are_those_that_were_made),
	    CASE(chances_are_those_of_the_printed_value),
	    CASE(what_never_moves_is_sure),
	    CASE(without_history_there_is_no_chance),
	};
	return cmocka_run_group_tests_name("plan_outlook", tests, NULL, NULL);
}
