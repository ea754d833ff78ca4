#include "daemon/indicator/evaluate.h"

#include "tests/lib/world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Three districts; the first has two streets, the second one, the third none. Central is the first two. */
enum {
	CITY,
	LIWAN,
	FIRST_STREET,
	SECOND_STREET,
	YUEXIU,
	THIRD_STREET,
	NANSHA,
	CENTRAL,
	TWO_STREETS,
};

struct fixture {
	struct world *world;
	struct evaluator *evaluator;
	struct value value; /* of the last question */
};

static int begin(void **state)
{
	static const uint32_t central[] = {LIWAN, YUEXIU}, two_streets[] = {FIRST_STREET, THIRD_STREET};
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct world *world = fixture ? world_new() : NULL;
	if (!world)
		return -1;
	world_area(world, LEVEL_CITY, CATALOGUE_NONE);
	world_area(world, LEVEL_DISTRICT, CITY);
	world_area(world, LEVEL_STREET, LIWAN);
	world_area(world, LEVEL_STREET, LIWAN);
	world_area(world, LEVEL_DISTRICT, CITY);
	world_area(world, LEVEL_STREET, YUEXIU);
	world_area(world, LEVEL_DISTRICT, CITY);
	world_group(world, central, 2);
	world_group(world, two_streets, 2);
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

static uint32_t statistic(struct fixture *fixture, enum statistic_kind kind, enum period_frequency frequency,
                          enum area_level level, unsigned carry_months)
{
	return world_statistic(fixture->world, (struct statistic){.kind = kind,
	                                                          .frequency = frequency,
	                                                          .level = level,
	                                                          .carry_months = carry_months});
}

static void report(struct fixture *fixture, uint32_t what, uint32_t area, const char *period, int64_t value)
{
	world_report(fixture->world, what, area, world_period(period), value, 'A');
}

/* The catalogue must be whole before the first question. */
static struct evaluator *evaluator_of(struct fixture *fixture)
{
	if (!fixture->evaluator)
		assert_int_equal(evaluator_new(&fixture->world->catalogue, &fixture->evaluator), 0);
	return fixture->evaluator;
}

static const struct value *indicator(struct fixture *fixture, uint32_t which, uint32_t area,
                                     const char *period)
{
	const struct cell_source source = world_source(fixture->world);
	assert_int_equal(evaluate_indicator(evaluator_of(fixture), which, area, world_period(period), &source,
	                                    &fixture->value),
	                 0);
	return &fixture->value;
}

static const struct value *lone(struct fixture *fixture, uint32_t which, uint32_t area, const char *period)
{
	const struct cell_source source = world_source(fixture->world);
	assert_int_equal(evaluate_statistic(evaluator_of(fixture), which, area, world_period(period), &source,
	                                    &fixture->value),
	                 0);
	return &fixture->value;
}

static void must_be(const struct value *value, int64_t units, char status, uint32_t reported,
                    uint32_t expected)
{
	assert_string_equal(value_state_text(value->state), value_state_text(VALUE_PRESENT));
	assert_int_equal(value->units, units);
	assert_int_equal(value->status, status);
	assert_int_equal(value->reported, reported);
	assert_int_equal(value->expected, expected);
	assert_int_equal(value->missing_count, expected - reported);
}

static void must_lack(const struct value *value, enum value_state state)
{
	assert_string_equal(value_state_text(value->state), value_state_text(state));
}

static void must_name(const uint32_t *list, uint32_t count, uint32_t area)
{
	assert_int_equal(count, 1);
	assert_int_equal(list[0], area);
}

/* ---- matched coverage ---- */

/* 1000 * beds / residents */
static uint32_t beds_per_1000(struct fixture *fixture, uint32_t *ret_beds, uint32_t *ret_residents)
{
	*ret_beds = statistic(fixture, KIND_STOCK, PERIOD_MONTH, LEVEL_DISTRICT, 3);
	*ret_residents = statistic(fixture, KIND_STOCK, PERIOD_ANNUAL, LEVEL_DISTRICT, 24);
	return world_indicator(
	    fixture->world, (const struct formula_atom[]){world_atom(*ret_beds), world_atom(*ret_residents)},
	    2, "1000 a * b /", PERIOD_MONTH, 2);
}

static void residents_without_their_beds_do_not_lower_beds_per_1000(void **state)
{
	struct fixture *f = *state;
	uint32_t beds, residents;
	const uint32_t ratio = beds_per_1000(f, &beds, &residents);
	report(f, residents, LIWAN, "2020", 1000000);
	report(f, residents, YUEXIU, "2020", 1000000);
	report(f, residents, NANSHA, "2020", 500000);
	report(f, beds, LIWAN, "2021-03", 5000);
	report(f, beds, NANSHA, "2021-03", 4000);
	must_be(indicator(f, ratio, CITY, "2021-03"), 600, 'P', 2, 3); /* 9000 / 1.5 million */
	must_name(f->value.missing, f->value.missing_count, YUEXIU);
	assert_int_equal(f->value.cells, 5);
	must_be(indicator(f, ratio, CENTRAL, "2021-03"), 500, 'P', 1, 2);
	must_be(indicator(f, ratio, LIWAN, "2021-03"), 500, 'A', 1, 1);
	must_lack(indicator(f, ratio, YUEXIU, "2021-03"), VALUE_NO_DATA);
	assert_int_equal(f->value.cells, 1);
	report(f, beds, YUEXIU, "2021-03", 1000);
	must_be(indicator(f, ratio, CITY, "2021-03"), 400, 'A', 3, 3);
	assert_int_equal(f->value.newest_entry, 6);
}

static void the_order_of_reports_changes_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t beds, residents;
	const uint32_t ratio = beds_per_1000(f, &beds, &residents);
	static const struct {
		uint32_t area;
		int64_t beds, residents;
	} rows[] = {{NANSHA, 3, 7}, {LIWAN, 5, 11}, {YUEXIU, 13, 17}};
	for (unsigned turn = 0; turn < 3; turn++) {
		for (unsigned i = 0; i < 3; i++) {
			report(f, turn % 2 ? beds : residents, rows[(i + turn) % 3].area,
			       turn % 2 ? "2021-01" : "2020",
			       turn % 2 ? rows[(i + turn) % 3].beds : rows[(i + turn) % 3].residents);
		}
	}
	must_be(indicator(f, ratio, CITY, "2021-01"), 60000, 'A', 3, 3); /* 21 / 35 */
}

static void complete_coverage_waits_for_everyone(void **state)
{
	struct fixture *f = *state;
	uint32_t beds, residents;
	const uint32_t ratio = beds_per_1000(f, &beds, &residents);
	f->world->indicators[ratio].coverage = COVERAGE_COMPLETE;
	must_lack(indicator(f, ratio, CITY, "2021-03"), VALUE_NO_DATA);
	for (uint32_t area = LIWAN; area <= NANSHA; area++) {
		if (f->world->areas[area].level != LEVEL_DISTRICT)
			continue;
		if (area != LIWAN)
			must_lack(indicator(f, ratio, CITY, "2021-03"), VALUE_INCOMPLETE);
		report(f, residents, area, "2020", 1000);
		report(f, beds, area, "2021-03", 5);
	}
	must_be(indicator(f, ratio, CITY, "2021-03"), 500, 'A', 3, 3);
}

static void zero_is_a_value_and_division_by_it_is_said(void **state)
{
	struct fixture *f = *state;
	uint32_t beds, residents;
	const uint32_t ratio = beds_per_1000(f, &beds, &residents);
	report(f, beds, LIWAN, "2021-03", 0);
	report(f, residents, LIWAN, "2020", 10);
	must_be(indicator(f, ratio, LIWAN, "2021-03"), 0, 'A', 1, 1);
	report(f, residents, LIWAN, "2020", 0);
	must_lack(indicator(f, ratio, LIWAN, "2021-03"), VALUE_DIVISION_BY_ZERO); /* 0 / 0 */
	report(f, beds, LIWAN, "2021-03", 5);
	must_lack(indicator(f, ratio, LIWAN, "2021-03"), VALUE_DIVISION_BY_ZERO);
	assert_int_equal(f->value.reported, 1);
	must_be(lone(f, residents, LIWAN, "2020"), 0, 'A', 1, 1);
}

/* ---- stocks ---- */

static void a_stock_is_carried_once_a_newer_period_has_ended_and_only_so_long(void **state)
{
	struct fixture *f = *state;
	const uint32_t residents = statistic(f, KIND_STOCK, PERIOD_ANNUAL, LEVEL_DISTRICT, 14);
	report(f, residents, LIWAN, "2020", 100);
	static const struct {
		const char *period;
		bool present, carried;
	} rows[] = {
	    {"2020", true, false},       {"2020-11", false, false},    {"2020-12", true, false},
	    {"2020-12-31", true, false}, {"2020-12-30", false, false}, {"2021-01", true, false},
	    {"2021-11", true, false},    {"2021-12", true, true},      {"2021", true, true},
	    {"2022-02", true, true},     {"2022-02-28", true, true},   {"2022-03", false, false},
	    {"2022", false, false},      {"2019", false, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		lone(f, residents, LIWAN, rows[i].period);
		assert_int_equal(f->value.state, rows[i].present ? VALUE_PRESENT : VALUE_NO_DATA);
		assert_int_equal(f->value.carried_count, rows[i].carried);
		if (rows[i].present)
			must_be(&f->value, 100, 'A', 1, 1);
	}
	report(f, residents, YUEXIU, "2021", 7);
	must_be(lone(f, residents, CENTRAL, "2021"), 107, 'A', 2, 2);
	must_name(f->value.carried, f->value.carried_count, LIWAN);
}

static void a_value_taken_back_uncovers_the_one_before(void **state)
{
	struct fixture *f = *state;
	const uint32_t beds = statistic(f, KIND_STOCK, PERIOD_MONTH, LEVEL_DISTRICT, 2);
	report(f, beds, LIWAN, "2021-01", 10);
	report(f, beds, LIWAN, "2021-02", 12);
	must_be(lone(f, beds, LIWAN, "2021-02"), 12, 'A', 1, 1);
	world_report(f->world, beds, LIWAN, world_period("2021-02"), 0, 'O');
	must_be(lone(f, beds, LIWAN, "2021-02"), 10, 'A', 1, 1);
	assert_int_equal(f->value.carried_count, 1);
	must_be(lone(f, beds, LIWAN, "2021-Q1"), 10, 'A', 1, 1);
	must_lack(lone(f, beds, LIWAN, "2021-S1"), VALUE_NO_DATA);
}

static void a_level_is_only_where_it_is_reported(void **state)
{
	struct fixture *f = *state;
	const uint32_t expectancy = statistic(f, KIND_LEVEL, PERIOD_ANNUAL, LEVEL_CITY, 12);
	const uint32_t price = statistic(f, KIND_LEVEL, PERIOD_MONTH, LEVEL_DISTRICT, 0);
	report(f, expectancy, CITY, "2020", 83);
	report(f, price, LIWAN, "2021-02", 5);
	must_be(lone(f, expectancy, CITY, "2021-06"), 83, 'A', 1, 1);
	must_lack(lone(f, expectancy, LIWAN, "2020"), VALUE_NOT_HERE);
	must_lack(lone(f, expectancy, CENTRAL, "2020"), VALUE_NOT_HERE);
	must_be(lone(f, price, LIWAN, "2021-02"), 5, 'A', 1, 1);
	must_lack(lone(f, price, CITY, "2021-02"), VALUE_NOT_HERE);
	must_lack(lone(f, price, CENTRAL, "2021-02"), VALUE_NOT_HERE);
	assert_int_equal(f->value.expected, 0);
}

/* ---- flows and averages ---- */

static void the_sum_so_far_counts_everyone_and_names_those_behind(void **state)
{
	struct fixture *f = *state;
	const uint32_t births = statistic(f, KIND_FLOW, PERIOD_MONTH, LEVEL_DISTRICT, 0);
	report(f, births, LIWAN, "2021-01", 1);
	report(f, births, LIWAN, "2021-02", 2);
	report(f, births, YUEXIU, "2021-01", 10);
	must_be(lone(f, births, CENTRAL, "2021-Q1"), 13, 'P', 1, 2);
	must_name(f->value.missing, f->value.missing_count, YUEXIU);
	must_be(lone(f, births, YUEXIU, "2021-Q1"), 10, 'P', 1, 1); /* nobody there is further */
	report(f, births, YUEXIU, "2021-02", 20);
	must_be(lone(f, births, CENTRAL, "2021-Q1"), 33, 'P', 2, 2);
	report(f, births, YUEXIU, "2021-03", 30);
	report(f, births, LIWAN, "2021-03", 3);
	must_be(lone(f, births, CENTRAL, "2021-Q1"), 66, 'A', 2, 2);
	must_be(lone(f, births, CENTRAL, "2021"), 66, 'P', 2, 2);
	must_lack(lone(f, births, CENTRAL, "2021-02-14"), VALUE_NO_DATA);
	must_lack(lone(f, births, FIRST_STREET, "2021"), VALUE_NOT_HERE);
	must_lack(lone(f, births, NANSHA, "2021"), VALUE_NO_DATA);
	assert_int_equal(f->value.cells, 0);
}

static void a_gap_leaves_a_unit_behind_though_its_cells_count(void **state)
{
	struct fixture *f = *state;
	const uint32_t births = statistic(f, KIND_FLOW, PERIOD_MONTH, LEVEL_DISTRICT, 0);
	report(f, births, LIWAN, "2021-01", 1);
	report(f, births, LIWAN, "2021-03", 4);
	must_be(lone(f, births, LIWAN, "2021-Q1"), 5, 'P', 0, 1);
	report(f, births, LIWAN, "2021-02", 2);
	must_be(lone(f, births, LIWAN, "2021-Q1"), 7, 'A', 1, 1);
}

static void a_year_so_far_is_compared_with_the_same_months(void **state)
{
	struct fixture *f = *state;
	const uint32_t births = statistic(f, KIND_FLOW, PERIOD_MONTH, LEVEL_DISTRICT, 0);
	struct formula_atom before = world_atom(births);
	before.years = -1;
	const uint32_t growth =
	    world_indicator(f->world, (const struct formula_atom[]){world_atom(births), before}, 2,
	                    "100 a b / 1 - *", PERIOD_MONTH, 1);
	for (int month = 0; month < 12; month++)
		world_report(f->world, births, LIWAN, period_make(PERIOD_MONTH, 2020, month), 100, 'A');
	report(f, births, LIWAN, "2021-01", 110);
	report(f, births, LIWAN, "2021-02", 120);
	must_be(indicator(f, growth, LIWAN, "2021"), 150, 'P', 1, 1); /* 230 against 200, not 1200 */
	must_be(indicator(f, growth, LIWAN, "2021-02"), 200, 'A', 1, 1);
	must_lack(indicator(f, growth, LIWAN, "2021-03"), VALUE_NO_DATA);
	must_lack(indicator(f, growth, LIWAN, "2020"), VALUE_NO_DATA);
	assert_int_equal(f->value.cells, 12);
}

static void a_ratio_of_flows_takes_only_months_that_both_have(void **state)
{
	struct fixture *f = *state;
	const uint32_t deaths = statistic(f, KIND_FLOW, PERIOD_MONTH, LEVEL_DISTRICT, 0);
	const uint32_t births = statistic(f, KIND_FLOW, PERIOD_MONTH, LEVEL_DISTRICT, 0);
	const uint32_t rate =
	    world_indicator(f->world, (const struct formula_atom[]){world_atom(deaths), world_atom(births)},
	                    2, "1000 a * b /", PERIOD_MONTH, 0);
	report(f, births, LIWAN, "2021-01", 100);
	report(f, births, LIWAN, "2021-02", 900); /* its deaths are not there yet */
	report(f, deaths, LIWAN, "2021-01", 1);
	must_be(indicator(f, rate, LIWAN, "2021-Q1"), 10, 'P', 1, 1);
	assert_int_equal(f->value.newest_entry, 3);
	assert_int_equal(f->value.cells, 3);
}

static void an_average_is_summed_over_areas_and_its_mean_taken_over_time(void **state)
{
	struct fixture *f = *state;
	const uint32_t attendance = statistic(f, KIND_AVERAGE, PERIOD_MONTH, LEVEL_DISTRICT, 0);
	report(f, attendance, LIWAN, "2021-01", 10);
	report(f, attendance, LIWAN, "2021-02", 21);
	report(f, attendance, YUEXIU, "2021-01", 100);
	must_be(lone(f, attendance, LIWAN, "2021-Q1"), 16, 'P', 1, 1); /* 15.5 */
	/* A district that is behind has no mean of the same months. */
	must_be(lone(f, attendance, CENTRAL, "2021-Q1"), 16, 'P', 1, 2);
	report(f, attendance, YUEXIU, "2021-02", 100);
	must_be(lone(f, attendance, CENTRAL, "2021-Q1"), 116, 'P', 2, 2);
	must_be(lone(f, attendance, CENTRAL, "2021-01"), 110, 'A', 2, 2);
}

/* ---- finer levels and shares ---- */

static void a_unit_has_a_finer_statistic_once_all_its_areas_have(void **state)
{
	struct fixture *f = *state;
	const uint32_t clinics = statistic(f, KIND_STOCK, PERIOD_ANNUAL, LEVEL_STREET, 0);
	const uint32_t residents = statistic(f, KIND_STOCK, PERIOD_ANNUAL, LEVEL_DISTRICT, 0);
	const uint32_t ratio = world_indicator(
	    f->world, (const struct formula_atom[]){world_atom(clinics), world_atom(residents)}, 2,
	    "10 a * b /", PERIOD_ANNUAL, 1);
	report(f, residents, LIWAN, "2020", 100);
	report(f, residents, YUEXIU, "2020", 50);
	report(f, residents, NANSHA, "2020", 50);
	report(f, clinics, FIRST_STREET, "2020", 4);
	report(f, clinics, THIRD_STREET, "2020", 5);
	must_be(indicator(f, ratio, CITY, "2020"), 10, 'P', 1, 3); /* Yuexiu: 5 / 50 */
	assert_int_equal(f->value.missing[0], LIWAN);
	assert_int_equal(f->value.missing[1], NANSHA); /* it has no streets that could report */
	must_be(lone(f, clinics, CITY, "2020"), 9, 'P', 2, 3);
	report(f, clinics, SECOND_STREET, "2020", 6);
	must_be(indicator(f, ratio, CITY, "2020"), 10, 'P', 2, 3); /* 15 / 150 */
	must_be(indicator(f, ratio, CENTRAL, "2020"), 10, 'A', 2, 2);
	must_lack(indicator(f, ratio, FIRST_STREET, "2020"), VALUE_NOT_HERE);
	must_lack(indicator(f, ratio, TWO_STREETS, "2020"), VALUE_NOT_HERE);
	must_be(lone(f, clinics, TWO_STREETS, "2020"), 9, 'A', 2, 2);
}

static void a_share_cuts_the_sum_and_not_the_coverage(void **state)
{
	struct fixture *f = *state;
	const uint32_t residents = statistic(f, KIND_STOCK, PERIOD_ANNUAL, LEVEL_DISTRICT, 0);
	struct formula_atom part = world_atom(residents);
	part.within = CENTRAL;
	const uint32_t share =
	    world_indicator(f->world, (const struct formula_atom[]){part, world_atom(residents)}, 2,
	                    "100 a * b /", PERIOD_ANNUAL, 0);
	report(f, residents, LIWAN, "2020", 30);
	report(f, residents, NANSHA, "2020", 70);
	must_be(indicator(f, share, CITY, "2020"), 30, 'P', 2, 3);
	must_be(indicator(f, share, NANSHA, "2020"), 0, 'A', 1, 1);
	must_be(indicator(f, share, LIWAN, "2020"), 100, 'A', 1, 1);
	/* Both atoms read the same rows; each is asked for once. */
	const uint64_t before = f->world->reads;
	lone(f, residents, CITY, "2020");
	const uint64_t once = f->world->reads - before;
	indicator(f, share, CITY, "2020");
	assert_int_equal(f->world->reads - before, 2 * once);
}

/* ---- plans ---- */

static void a_sum_since_the_plan_began_starts_anew_with_each_plan(void **state)
{
	struct fixture *f = *state;
	const uint32_t jobs = statistic(f, KIND_FLOW, PERIOD_ANNUAL, LEVEL_DISTRICT, 0);
	struct formula_atom atom = world_atom(jobs);
	atom.window = WINDOW_CUMULATIVE;
	const uint32_t sum = world_indicator(f->world, &atom, 1, "a 10000 /", PERIOD_ANNUAL, 2);
	for (int year = 2015; year <= 2022; year++)
		world_report(f->world, jobs, LIWAN, period_make(PERIOD_ANNUAL, year, 0), 323060, 'A');
	must_be(indicator(f, sum, LIWAN, "2020"), 16153, 'A', 1, 1); /* 161.53, row 16 */
	must_be(indicator(f, sum, LIWAN, "2016"), 3231, 'A', 1, 1);
	must_be(indicator(f, sum, LIWAN, "2022"), 6461, 'A', 1, 1);
	must_be(indicator(f, sum, LIWAN, "2023"), 6461, 'P', 1, 1);
	must_lack(indicator(f, sum, LIWAN, "2015"), VALUE_NO_PLAN);
	must_lack(indicator(f, sum, LIWAN, "2026"), VALUE_NO_PLAN);
	assert_int_equal(f->value.expected, 0);
}

static void average_growth_is_per_year_since_the_baseline_year(void **state)
{
	struct fixture *f = *state;
	const uint32_t income = statistic(f, KIND_FLOW, PERIOD_ANNUAL, LEVEL_DISTRICT, 0);
	struct formula_atom baseline = world_atom(income);
	baseline.baseline = true;
	const uint32_t growth =
	    world_indicator(f->world, (const struct formula_atom[]){world_atom(income), baseline}, 2, "a b ^",
	                    PERIOD_ANNUAL, 2);
	report(f, income, LIWAN, "2015", 100000);
	report(f, income, LIWAN, "2016", 110000);
	report(f, income, LIWAN, "2020", 146933); /* 1.08 ^ 5 = 1.4693280768 */
	must_be(indicator(f, growth, LIWAN, "2020"), 800, 'A', 1, 1);
	must_be(indicator(f, growth, LIWAN, "2016"), 1000, 'A', 1, 1);
	must_lack(indicator(f, growth, LIWAN, "2021"), VALUE_NO_DATA);
	report(f, income, LIWAN, "2021", -1);
	must_lack(indicator(f, growth, LIWAN, "2021"), VALUE_UNDEFINED);
	must_lack(indicator(f, growth, LIWAN, "2015"), VALUE_NO_PLAN);
}

/* ---- codes that come and go ---- */

/* Nansha becomes part of Yuexiu when 2013 ends; central is Liwan and Yuexiu, and so has Nansha before. */
static void merge(struct fixture *f)
{
	const uint32_t yuexiu = YUEXIU;
	static const uint32_t central[] = {LIWAN, YUEXIU}, two_streets[] = {FIRST_STREET, THIRD_STREET};
	world_free(f->world);
	f->world = world_new();
	world_area(f->world, LEVEL_CITY, CATALOGUE_NONE);
	world_area(f->world, LEVEL_DISTRICT, CITY);
	world_area(f->world, LEVEL_STREET, LIWAN);
	world_area(f->world, LEVEL_STREET, LIWAN);
	world_area(f->world, LEVEL_DISTRICT, CITY);
	world_area(f->world, LEVEL_STREET, YUEXIU);
	world_area(f->world, LEVEL_DISTRICT, CITY);
	world_end(f->world, NANSHA, period_last_day(world_period("2013")), &yuexiu, 1, false);
	world_group(f->world, central, 2);
	world_group(f->world, two_streets, 2);
	world_finish(f->world);
	world_plan(f->world, 2011, 2015);
}

static void growth_across_a_merger_covers_the_same_ground(void **state)
{
	struct fixture *f = *state;
	merge(f);
	const uint32_t births = statistic(f, KIND_FLOW, PERIOD_ANNUAL, LEVEL_DISTRICT, 0);
	struct formula_atom before = world_atom(births);
	before.years = -1;
	const uint32_t growth =
	    world_indicator(f->world, (const struct formula_atom[]){world_atom(births), before}, 2,
	                    "100 a b / 1 - *", PERIOD_ANNUAL, 1);
	report(f, births, LIWAN, "2013", 100);
	report(f, births, YUEXIU, "2013", 200);
	report(f, births, LIWAN, "2014", 110);
	report(f, births, YUEXIU, "2014", 330);
	must_lack(indicator(f, growth, YUEXIU, "2013"), VALUE_NO_DATA);
	must_be(indicator(f, growth, CITY, "2014"), 100, 'P', 1, 2); /* Liwan's alone */
	must_name(f->value.missing, f->value.missing_count, YUEXIU);
	report(f, births, NANSHA, "2013", 100);
	must_be(indicator(f, growth, CITY, "2014"), 100, 'A', 2, 2); /* 440 against 400 */
	must_be(indicator(f, growth, CENTRAL, "2014"), 100, 'A', 2, 2);
	must_be(indicator(f, growth, YUEXIU, "2014"), 650, 'A', 1, 1); /* its code only: 330 against 200 */
	must_be(lone(f, births, CITY, "2013"), 400, 'A', 2, 2);
	must_be(lone(f, births, CITY, "2014"), 440, 'A', 2, 2);
	must_lack(lone(f, births, NANSHA, "2014"), VALUE_NO_DATA);
	assert_int_equal(f->value.expected, 0);
	report(f, births, NANSHA, "2014", 1000); /* outside its days: counts nowhere */
	must_be(lone(f, births, CITY, "2014"), 440, 'A', 2, 2);
}

static void merged_districts_stocks_are_carried_together_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	merge(f);
	const uint32_t residents = statistic(f, KIND_STOCK, PERIOD_ANNUAL, LEVEL_DISTRICT, 24);
	report(f, residents, LIWAN, "2014", 1);
	report(f, residents, YUEXIU, "2013", 10);
	must_be(lone(f, residents, CITY, "2014"), 1, 'P', 1, 2);
	must_name(f->value.missing, f->value.missing_count, YUEXIU);
	assert_int_equal(lone(f, residents, CITY, "2013")->missing_count,
	                 3); /* two names of one unit, and Liwan */
	assert_int_equal(f->value.expected, 2);
	report(f, residents, NANSHA, "2013", 100);
	must_be(lone(f, residents, CITY, "2014"), 111, 'A', 2, 2);
	must_name(f->value.carried, f->value.carried_count, YUEXIU);
	must_be(lone(f, residents, CITY, "2014-06"), 110, 'P', 1,
	        2); /* 2013 is still the newest that has ended */
	assert_int_equal(f->value.carried_count, 0);
	must_be(lone(f, residents, YUEXIU, "2014"), 10, 'A', 1, 1);
	report(f, residents, YUEXIU, "2014", 115);
	must_be(lone(f, residents, CITY, "2014"), 116, 'A', 2, 2);
	assert_int_equal(f->value.carried_count, 0);
}

static void the_year_of_a_merger_in_its_midst_is_not_under_way_for_ever(void **state)
{
	struct fixture *f = *state;
	merge(f);
	f->world->areas[NANSHA].last_day = period_last_day(world_period("2014-01"));
	const uint32_t births = statistic(f, KIND_FLOW, PERIOD_MONTH, LEVEL_DISTRICT, 0);
	report(f, births, NANSHA, "2014-01", 7);
	must_be(lone(f, births, NANSHA, "2014"), 7, 'A', 1, 1); /* it had no more months */
	must_lack(lone(f, births, NANSHA, "2015"), VALUE_NO_DATA);
	assert_int_equal(f->value.cells, 0);
}

/* ---- formulas from outside ---- */

static void a_formula_larger_than_any_of_the_catalogue_is_evaluated(void **state)
{
	struct fixture *f = *state;
	const uint32_t births = statistic(f, KIND_FLOW, PERIOD_MONTH, LEVEL_DISTRICT, 0);
	struct formula_atom atoms[FORMULA_ATOMS_MAX];
	struct formula_step steps[2 * FORMULA_ATOMS_MAX];
	struct formula formula = {.atoms = atoms, .steps = steps};
	report(f, births, LIWAN, "2021-02", 3);
	must_be(lone(f, births, LIWAN, "2021-02"), 3, 'A', 1, 1);
	for (uint32_t i = 0; i < FORMULA_ATOMS_MAX; i++) {
		atoms[i] = world_atom(births);
		atoms[i].periods = -(int)i;
		report(f, births, LIWAN, "2021-02", 3);
		world_report(f->world, births, LIWAN, (struct period){world_period("2021-02").code - i}, 3,
		             'A');
		steps[formula.step_count++] = (struct formula_step){.op = FORMULA_ATOM, .atom = i};
		if (i > 0)
			steps[formula.step_count++] = (struct formula_step){.op = FORMULA_ADD};
		formula.atom_count++;
	}
	const struct cell_source source = world_source(f->world);
	assert_int_equal(evaluate_formula(evaluator_of(f), &formula, 1, COVERAGE_COMPLETE, LIWAN,
	                                  world_period("2021-02"), &source, &f->value),
	                 0);
	must_be(&f->value, 3 * FORMULA_ATOMS_MAX * 10, 'A', 1, 1);
	/* Finer than births are reported: there is nothing, and nothing breaks. */
	assert_int_equal(evaluate_formula(evaluator_of(f), &formula, 1, COVERAGE_COMPLETE, LIWAN,
	                                  world_period("2021-02-14"), &source, &f->value),
	                 0);
	must_lack(&f->value, VALUE_NO_DATA);
	assert_int_equal(f->value.cells, 0);
}

/* ---- statuses, rounding, limits, faults ---- */

static void a_status_other_than_normal_shows(void **state)
{
	struct fixture *f = *state;
	const uint32_t residents = statistic(f, KIND_STOCK, PERIOD_ANNUAL, LEVEL_DISTRICT, 12);
	static const struct {
		char liwan, yuexiu, expected;
	} rows[] = {{'A', 'A', 'A'}, {'E', 'E', 'E'}, {'A', 'E', 'E'}, {'E', 'F', 'P'},
	            {'P', 'A', 'P'}, {'B', 'A', 'B'}, {'V', 'E', 'P'}, {'A', 'P', 'P'}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		world_report(f->world, residents, LIWAN, world_period("2020"), 1, rows[i].liwan);
		world_report(f->world, residents, YUEXIU, world_period("2020"), 2, rows[i].yuexiu);
		must_be(lone(f, residents, CENTRAL, "2020"), 3, rows[i].expected, 2, 2);
	}
	static const char without_value[] = {'O', 'L', 'Q'};
	for (size_t i = 0; i < sizeof without_value; i++) {
		world_report(f->world, residents, LIWAN, world_period("2020"), 9, without_value[i]);
		must_be(lone(f, residents, CENTRAL, "2020"), 2, 'P', 1, 2);
		must_lack(lone(f, residents, LIWAN, "2020"), VALUE_NO_DATA);
		assert_int_equal(f->value.cells, 0);
	}
}

static void rounding_happens_once_and_away_from_zero(void **state)
{
	struct fixture *f = *state;
	const uint32_t residents = statistic(f, KIND_STOCK, PERIOD_ANNUAL, LEVEL_DISTRICT, 0);
	const struct formula_atom atom = world_atom(residents);
	const uint32_t tens = world_indicator(f->world, &atom, 1, "a 10000 /", PERIOD_ANNUAL, 2);
	const uint32_t third = world_indicator(f->world, &atom, 1, "a 3 / 3 *", PERIOD_ANNUAL, 0);
	report(f, residents, LIWAN, "2020", 18676605);
	must_be(indicator(f, tens, LIWAN, "2020"), 186766, 'A', 1, 1);
	must_be(indicator(f, third, LIWAN, "2020"), 18676605, 'A', 1, 1);
	report(f, residents, LIWAN, "2020", 50);
	must_be(indicator(f, tens, LIWAN, "2020"), 1, 'A', 1, 1);
	report(f, residents, LIWAN, "2020", -50);
	must_be(indicator(f, tens, LIWAN, "2020"), -1, 'A', 1, 1);
	report(f, residents, LIWAN, "2020", -49);
	must_be(indicator(f, tens, LIWAN, "2020"), 0, 'A', 1, 1);
}

static void what_is_too_large_is_said_and_what_cancels_is_not(void **state)
{
	struct fixture *f = *state;
	const uint32_t money = statistic(f, KIND_STOCK, PERIOD_ANNUAL, LEVEL_DISTRICT, 0);
	const struct formula_atom atom = world_atom(money);
	const uint32_t square = world_indicator(f->world, &atom, 1, "a a * a / a /", PERIOD_ANNUAL, 9);
	const uint32_t fifth = world_indicator(f->world, &atom, 1, "a a * a * a * a *", PERIOD_ANNUAL, 0);
	report(f, money, LIWAN, "2020", INT64_MAX);
	report(f, money, YUEXIU, "2020", INT64_MAX);
	must_be(lone(f, money, LIWAN, "2020"), INT64_MAX, 'A', 1, 1);
	must_lack(lone(f, money, CENTRAL, "2020"), VALUE_OVERFLOW);
	must_be(indicator(f, square, LIWAN, "2020"), 1000000000, 'A', 1, 1);
	must_lack(indicator(f, fifth, CENTRAL, "2020"), VALUE_OVERFLOW);
	assert_int_equal(f->value.reported, 2);
}

static void a_fault_of_the_source_is_passed_on_and_the_value_left_alone(void **state)
{
	struct fixture *f = *state;
	const uint32_t flow = statistic(f, KIND_FLOW, PERIOD_MONTH, LEVEL_DISTRICT, 0);
	const uint32_t stock = statistic(f, KIND_STOCK, PERIOD_MONTH, LEVEL_DISTRICT, 5);
	const struct cell_source source = world_source(f->world);
	struct value value = {.units = 77};
	f->world->fault = FAULT_CORRUPT;
	assert_int_equal(
	    evaluate_statistic(evaluator_of(f), flow, CITY, world_period("2021"), &source, &value),
	    FAULT_CORRUPT);
	assert_int_equal(
	    evaluate_statistic(evaluator_of(f), stock, CITY, world_period("2021"), &source, &value),
	    FAULT_CORRUPT);
	assert_int_equal(value.units, 77);
	f->world->fault = 0;
	must_lack(lone(f, flow, CITY, "2021"), VALUE_NO_DATA);
}

static void periods_at_the_ends_of_the_calendar_are_only_empty(void **state)
{
	struct fixture *f = *state;
	const uint32_t flow = statistic(f, KIND_FLOW, PERIOD_MONTH, LEVEL_DISTRICT, 0);
	const uint32_t stock = statistic(f, KIND_STOCK, PERIOD_ANNUAL, LEVEL_DISTRICT, 600);
	struct formula_atom rolling = world_atom(flow), before = world_atom(stock), after = before;
	rolling.window = WINDOW_ROLLING;
	rolling.rolling = 12;
	before.years = -1;
	after.periods = 1;
	const uint32_t sum = world_indicator(f->world, (const struct formula_atom[]){rolling, before, after},
	                                     3, "a b + c +", PERIOD_MONTH, 0);
	static const char *const ends[] = {"1900", "1900-01", "1900-01-01", "2199", "2199-12", "2199-12-31"};
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		must_lack(lone(f, flow, CITY, ends[i]), VALUE_NO_DATA);
		must_lack(lone(f, stock, CITY, ends[i]), VALUE_NO_DATA);
		must_lack(indicator(f, sum, CITY, ends[i]), VALUE_NO_DATA);
		assert_int_equal(f->value.missing_count, 3);
	}
}

static void every_state_has_its_words(void **state)
{
	(void)state;
	for (enum value_state i = VALUE_PRESENT; i <= VALUE_UNDEFINED; i++)
		assert_true(strlen(value_state_text(i)) > 0);
	assert_string_equal(value_state_text(VALUE_DIVISION_BY_ZERO), "division by zero");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(residents_without_their_beds_do_not_lower_beds_per_1000),
	    TEST(the_order_of_reports_changes_nothing),
	    TEST(complete_coverage_waits_for_everyone),
	    TEST(zero_is_a_value_and_division_by_it_is_said),
	    TEST(a_stock_is_carried_once_a_newer_period_has_ended_and_only_so_long),
	    TEST(a_value_taken_back_uncovers_the_one_before),
	    TEST(a_level_is_only_where_it_is_reported),
	    TEST(the_sum_so_far_counts_everyone_and_names_those_behind),
	    TEST(a_gap_leaves_a_unit_behind_though_its_cells_count),
	    TEST(a_year_so_far_is_compared_with_the_same_months),
	    TEST(a_ratio_of_flows_takes_only_months_that_both_have),
	    TEST(an_average_is_summed_over_areas_and_its_mean_taken_over_time),
	    TEST(a_unit_has_a_finer_statistic_once_all_its_areas_have),
	    TEST(a_share_cuts_the_sum_and_not_the_coverage),
	    TEST(a_sum_since_the_plan_began_starts_anew_with_each_plan),
	    TEST(average_growth_is_per_year_since_the_baseline_year),
	    TEST(growth_across_a_merger_covers_the_same_ground),
	    TEST(merged_districts_stocks_are_carried_together_or_not_at_all),
	    TEST(the_year_of_a_merger_in_its_midst_is_not_under_way_for_ever),
	    TEST(a_formula_larger_than_any_of_the_catalogue_is_evaluated),
	    TEST(a_status_other_than_normal_shows),
	    TEST(rounding_happens_once_and_away_from_zero),
	    TEST(what_is_too_large_is_said_and_what_cancels_is_not),
	    TEST(a_fault_of_the_source_is_passed_on_and_the_value_left_alone),
	    TEST(periods_at_the_ends_of_the_calendar_are_only_empty),
	    TEST(every_state_has_its_words),
	};
	return cmocka_run_group_tests_name("indicator_evaluate", tests, NULL, NULL);
}
