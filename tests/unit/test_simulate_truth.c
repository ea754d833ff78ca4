/* The simulated city makes sense: its figures add up, follow their trends, and are the same for one seed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clients/simulate/chance.h"
#include "clients/simulate/trend.h"
#include "tests/lib/simulation.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 2021

static struct simulated city;

static int set_up(void **state)
{
	(void)state;
	simulated_init(&city, SEED);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	simulated_done(&city);
	return 0;
}

static uint32_t find(const char *statistic)
{
	uint32_t found = catalogue_find_statistic(city.catalogue, statistic);
	assert_int_not_equal(found, CATALOGUE_NONE);
	return found;
}

static int64_t value_of(uint32_t statistic, uint32_t area, struct period period)
{
	int64_t value = 0;
	if (!truth_find(city.truth, statistic, area, period, &value)) {
		char text[PERIOD_TEXT_SIZE];
		period_format(period, text);
		fail_msg("%s has no value at %s in %s", city.catalogue->statistics[statistic].code,
		         city.catalogue->areas[area].code, text);
	}
	return value;
}

/* Calls `each` for every area and native period from 2021 to 2025. */
static void for_each(uint32_t statistic,
                     void (*each)(uint32_t statistic, uint32_t area, struct period period, int64_t value,
                                  void *closure),
                     void *closure)
{
	struct area_list areas = truth_areas(city.truth, statistic);
	struct period at = simulated_first(&city, statistic), last = simulated_last(&city, statistic);
	for (bool more = true; more && at.code <= last.code; more = period_shift(at, 1, &at))
		for (uint32_t i = 0; i < areas.count; i++)
			each(statistic, areas.area[i], at, value_of(statistic, areas.area[i], at), closure);
}

/* ---- chance */

static void chance_is_the_same_when_asked_again(void **state)
{
	(void)state;
	const struct chance chance = {7, "what", "who", 12};
	assert_int_equal(chance_below(chance, 1000000), chance_below(chance, 1000000));
	struct chance other[] = {{8, "what", "who", 12}, {7, "whatw", "ho", 12}, {7, "what", "who", 13}};
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		assert_int_not_equal(chance_below(chance, INT64_MAX), chance_below(other[i], INT64_MAX));
}

static void chance_is_even(void **state)
{
	(void)state;
	int counts[10] = {0};
	for (uint64_t i = 0; i < 100000; i++)
		counts[chance_below((struct chance){1, "even", "x", i}, 10)]++;
	for (size_t i = 0; i < 10; i++)
		assert_in_range(counts[i], 9600, 10400);
	for (uint64_t i = 0; i < 1000; i++)
		assert_in_range(chance_around((struct chance){1, "around", "x", i}, 3) + 3, 0, 6);
}

/* ---- sharing out */

static void must_share(int64_t total, const int64_t weights[], const int64_t expected[], size_t count)
{
	int64_t parts[8];
	assert_int_equal(truth_share_out(total, weights, count, parts), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(parts[i], expected[i]);
}

static void what_is_shared_out_adds_up(void **state)
{
	(void)state;
	must_share(10, (int64_t[]){1, 1, 1}, (int64_t[]){4, 3, 3}, 3);
	must_share(7, (int64_t[]){0, 5, 2}, (int64_t[]){0, 5, 2}, 3);
	must_share(1, (int64_t[]){1, 3, 2}, (int64_t[]){0, 1, 0}, 3);
	must_share(5, (int64_t[]){0, 0}, (int64_t[]){0, 0}, 2);
	must_share(INT64_C(1000000000000), (int64_t[]){INT64_C(3000000000000000), INT64_C(1000000000000000)},
	           (int64_t[]){INT64_C(750000000000), INT64_C(250000000000)}, 2);
}

/* ---- the city */

static void not_negative(uint32_t statistic, uint32_t area, struct period period, int64_t value,
                         void *closure)
{
	(void)area;
	(void)period;
	if (value < 0)
		fail_msg("%s is negative", city.catalogue->statistics[statistic].code);
	++*(size_t *)closure;
}

static void every_statistic_has_a_figure_everywhere_and_always(void **state)
{
	(void)state;
	size_t figures = 0;
	for (uint32_t i = 0; i < city.catalogue->statistic_count; i++)
		for_each(i, not_negative, &figures);
	assert_true(figures > 20000);
}

/* The newest figure of the whole that is known when the part's period ends, as the daemon carries a stock forward. */
static int64_t carried(uint32_t statistic, uint32_t area, struct period period)
{
	struct period newest;
	enum period_frequency frequency = city.catalogue->statistics[statistic].frequency;
	assert_true(period_newest_ended(period, frequency, &newest));
	return value_of(statistic, area, newest);
}

static void at_most_the_whole(uint32_t statistic, uint32_t area, struct period period, int64_t value,
                              void *closure)
{
	uint32_t whole = *(uint32_t *)closure;
	if (value > carried(whole, area, period)) {
		char text[PERIOD_TEXT_SIZE];
		period_format(period, text);
		fail_msg("%s is more than %s in %s", city.catalogue->statistics[statistic].code,
		         city.catalogue->statistics[whole].code, text);
	}
}

static void parts_are_never_more_than_their_wholes(void **state)
{
	(void)state;
	size_t parts = 0;
	for (size_t i = 0; i < trend_count; i++) {
		uint32_t whole;
		if (trends[i].shape != TREND_PART)
			continue;
		whole = find(trends[i].of);
		for_each(find(trends[i].statistic), at_most_the_whole, &whole);
		parts++;
	}
	assert_true(parts >= 20);
}

static void urban_and_rural_are_all(uint32_t statistic, uint32_t area, struct period period, int64_t value,
                                    void *closure)
{
	(void)statistic;
	(void)closure;
	assert_int_equal(value, value_of(find("urban_resident_population"), area, period) +
	                            value_of(find("rural_resident_population"), area, period));
}

static void every_resident_is_urban_or_rural(void **state)
{
	(void)state;
	for_each(find("resident_population"), urban_and_rural_are_all, NULL);
}

static int64_t incidents_in(const char *statistic, int year)
{
	int64_t added = 0;
	for (size_t i = 0; i < incident_count; i++) {
		int from = atoi(incidents[i].from), to = incidents[i].to ? atoi(incidents[i].to) : 9999;
		/* One that lasts part of a year is over before it ends. */
		if (strcmp(incidents[i].statistic, statistic) == 0 && from <= year && year < to)
			added += incidents[i].added;
	}
	return added;
}

static void the_city_is_where_its_trend_leads_at_each_years_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < trend_count; i++) {
		const struct trend *trend = &trends[i];
		uint32_t statistic = find(trend->statistic);
		if (trend->shape != TREND_STOCK)
			continue;
		for (int year = TREND_FIRST_YEAR; year <= TREND_LAST_YEAR; year++) {
			struct area_list areas = truth_areas(city.truth, statistic);
			struct period end =
			    period_last_inside(period_make(PERIOD_ANNUAL, year, 0),
			                       city.catalogue->statistics[statistic].frequency);
			int64_t total = 0;
			for (uint32_t k = 0; k < areas.count; k++)
				total += value_of(statistic, areas.area[k], end);
			assert_int_equal(total, trend->year[year - TREND_FIRST_YEAR + 1] +
			                            incidents_in(trend->statistic, year));
		}
	}
}

static void add_up(uint32_t statistic, uint32_t area, struct period period, int64_t value, void *closure)
{
	(void)statistic;
	(void)area;
	((int64_t *)closure)[period_year(period) - TREND_FIRST_YEAR] += value;
}

static void flows_add_up_to_their_years(void **state)
{
	(void)state;
	for (size_t i = 0; i < trend_count; i++) {
		int64_t years[TREND_YEARS] = {0};
		if (trends[i].shape != TREND_FLOW)
			continue;
		for_each(find(trends[i].statistic), add_up, years);
		for (int year = 0; year < TREND_YEARS; year++)
			assert_int_equal(years[year], trends[i].year[year + 1]);
	}
}

static void it_starts_from_what_was_reported_for_2020(void **state)
{
	(void)state;
	size_t compared = 0;
	for (size_t i = 0; i < city.past.count; i++)
		for (size_t k = 0; k < city.past.files[i].count; k++) {
			const struct figure *figure = &city.past.files[i].figures[k];
			if (period_year(figure->period) != 2020)
				continue;
			assert_int_equal(value_of(figure->statistic, figure->area, figure->period),
			                 figure->value);
			compared++;
		}
	assert_true(compared > 2000);
}

/* No district's stock leaps at New Year, where the trends take over from 2020's figures. */
static void it_goes_on_smoothly_from_2020(void **state)
{
	(void)state;
	uint32_t insured = find("work_injury_insured");
	struct area_list areas = truth_areas(city.truth, insured);
	struct period january = simulated_first(&city, insured), december;
	assert_true(period_shift(january, -1, &december));
	for (uint32_t i = 0; i < areas.count; i++) {
		int64_t before = value_of(insured, areas.area[i], december);
		int64_t after = value_of(insured, areas.area[i], january);
		assert_in_range(after, before * 99 / 100, before * 101 / 100);
	}
}

static void the_plan_can_be_judged_by_it(void **state)
{
	(void)state;
	struct area_list areas = truth_areas(city.truth, find("resident_population"));
	int64_t residents = 0;
	for (uint32_t i = 0; i < areas.count; i++)
		residents +=
		    value_of(find("resident_population"), areas.area[i], period_make(PERIOD_ANNUAL, 2025, 0));
	assert_in_range(residents, 20580000, 21420000); /* about 2100, within 2 % */
	struct period november = period_make(PERIOD_MONTH, 2022, 10);
	uint32_t baiyun = catalogue_find_area(city.catalogue, "440111");
	assert_int_equal(value_of(find("zero_employment_families"), baiyun, november), 3);
	assert_true(period_shift(november, 1, &november));
	assert_int_equal(value_of(find("zero_employment_families"), baiyun, november), 0);
}

/* ---- seeds */

struct comparison_of_seeds {
	const struct truth *other;
	size_t same, different;
};

static void compare(uint32_t statistic, uint32_t area, struct period period, int64_t value, void *closure)
{
	struct comparison_of_seeds *comparison = closure;
	int64_t other = 0;
	assert_true(truth_find(comparison->other, statistic, area, period, &other));
	comparison->same += other == value;
	comparison->different += other != value;
}

static struct comparison_of_seeds compare_with(uint64_t seed)
{
	struct truth *other;
	assert_int_equal(truth_new(city.catalogue, &city.past, seed, &other), 0);
	struct comparison_of_seeds comparison = {.other = other};
	for (uint32_t i = 0; i < city.catalogue->statistic_count; i++)
		for_each(i, compare, &comparison);
	truth_free(other);
	return comparison;
}

static void the_same_seed_gives_the_same_city_and_another_one_another(void **state)
{
	(void)state;
	assert_int_equal(compare_with(SEED).different, 0);
	assert_true(compare_with(SEED + 1).different > 10000);
}

static void periods_outside_have_no_figure(void **state)
{
	(void)state;
	int64_t value = 77;
	uint32_t beds = find("hospital_beds"), residents = find("resident_population");
	uint32_t liwan = catalogue_find_area(city.catalogue, "440103"), root = city.catalogue->root;
	assert_false(truth_find(city.truth, beds, liwan, period_make(PERIOD_MONTH, 2019, 11), &value));
	assert_false(truth_find(city.truth, beds, liwan, period_make(PERIOD_MONTH, 2026, 0), &value));
	assert_false(truth_find(city.truth, beds, liwan, period_make(PERIOD_ANNUAL, 2022, 0), &value));
	assert_false(truth_find(city.truth, residents, root, period_make(PERIOD_ANNUAL, 2022, 0), &value));
	assert_int_equal(value, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(chance_is_the_same_when_asked_again),
	    cmocka_unit_test(chance_is_even),
	    cmocka_unit_test(what_is_shared_out_adds_up),
	    cmocka_unit_test(every_statistic_has_a_figure_everywhere_and_always),
	    cmocka_unit_test(parts_are_never_more_than_their_wholes),
	    cmocka_unit_test(every_resident_is_urban_or_rural),
	    cmocka_unit_test(the_city_is_where_its_trend_leads_at_each_years_end),
	    cmocka_unit_test(flows_add_up_to_their_years),
	    cmocka_unit_test(it_starts_from_what_was_reported_for_2020),
	    cmocka_unit_test(it_goes_on_smoothly_from_2020),
	    cmocka_unit_test(the_plan_can_be_judged_by_it),
	    cmocka_unit_test(the_same_seed_gives_the_same_city_and_another_one_another),
	    cmocka_unit_test(periods_outside_have_no_figure),
	};
	return cmocka_run_group_tests_name("simulate_truth", tests, set_up, tear_down);
}
