#include "tests/lib/city.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOT_FOUND SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND

static Suanpan__PlanQuery asked;

static Suanpan__Query query_of(const char *code, const char *period, const char *area)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	asked = (Suanpan__PlanQuery)SUANPAN__PLAN_QUERY__INIT;
	asked.plan = (char *)(uintptr_t)code;
	asked.period = (char *)(uintptr_t)period;
	asked.area = (char *)(uintptr_t)area;
	query.plan = &asked;
	return query;
}

/* The rows in the order of the plan: 1, 2, 3, 4, 5a, 6, 7. */
static Suanpan__PlanRow **plan(struct city *city, const char *period, const char *area)
{
	Suanpan__Query query = query_of("plan14", period, area);
	const Suanpan__Answer *answer = city_ask(city, &query);
	if (answer->failure)
		fail_msg("%s", answer->failure->text);
	assert_int_equal(answer->n_plan, 7);
	return answer->plan;
}

static void report_year(struct city *city)
{
	CITY_REPORT(
	    city, "bureau", "2020.csv", {"residents", "440103", "2020", 1238305, 0, NULL},
	    {"residents", "440104", "2020", 1038643, 0, NULL},
	    {"residents", "440113", "2020", 2658397, 0, NULL}, {"beds", "440103", "2020-12", 8000, 0, NULL},
	    {"beds", "440104", "2020-12", 9000, 0, NULL}, {"beds", "440113", "2020-12", 19000, 0, NULL},
	    {"life_expectancy", "440100", "2020", 8290, 0, NULL}, {"gdp", "440100", "2019", 1000, 0, NULL},
	    {"gdp", "440100", "2020", 1027, 0, NULL}, {"income", "440100", "2019", 1000, 0, NULL},
	    {"income", "440100", "2020", 1030, 0, NULL});
}

static void rows_come_in_the_plans_order_with_what_is_printed_in_it(void **state)
{
	static const struct {
		const char *row, *indicator, *name, *unit, *baseline, *comparison, *target, *nature;
	} expected[] = {
	    {"1", "residents_10k", "Resident population", "10k persons", "493.53", "about", "600",
	     "anticipatory"},
	    {"2", "beds_per_1000", "Beds per 1000", "beds", "6.00", ">=", "7.0", "binding"},
	    {"3", "income_growth", "Income growth", "%", NULL, "tracks-gdp", "gdp_growth", "anticipatory"},
	    {"4", "life_expectancy", "Life expectancy", "years", "82.9", ">=", "83.6", "anticipatory"},
	    {"5a", "residents_10k", "Resident population (Central districts)", "10k persons", NULL, "about",
	     "250", "anticipatory"},
	    {"6", "births_per_1000", "Birth rate", "births", NULL, ">=", "9.0", "anticipatory"},
	};
	Suanpan__PlanRow **rows = plan(*state, NULL, NULL);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		assert_string_equal(rows[i]->row, expected[i].row);
		assert_string_equal(rows[i]->indicator, expected[i].indicator);
		assert_string_equal(rows[i]->name, expected[i].name);
		assert_string_equal(rows[i]->unit, expected[i].unit);
		assert_string_equal(rows[i]->comparison, expected[i].comparison);
		assert_string_equal(rows[i]->nature, expected[i].nature);
		assert_int_equal(rows[i]->baseline != NULL, expected[i].baseline != NULL);
		if (expected[i].baseline)
			assert_string_equal(rows[i]->baseline, expected[i].baseline);
		assert_int_equal(rows[i]->target != NULL, expected[i].target != NULL);
		if (expected[i].target)
			assert_string_equal(rows[i]->target, expected[i].target);
	}
}

static void values_are_those_that_were_kept(void **state)
{
	static const struct {
		const char *area, *value, *verdict;
	} expected[] = {
	    {"440100", "493.53", "on track"}, {"440100", "7.29", "met"},   {"440100", "3.0", "on track"},
	    {"440100", "82.9", "cancelled"},  {"central", "227.69", NULL}, {"440100", NULL, "no data"},
	};
	struct city *city = *state;
	report_year(city);
	Suanpan__PlanRow **rows = plan(city, "2020", NULL);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		assert_string_equal(rows[i]->value->area, expected[i].area);
		assert_string_equal(rows[i]->value->period, "2020");
		if (expected[i].value)
			assert_string_equal(rows[i]->value->value, expected[i].value);
		else
			assert_string_equal(rows[i]->value->reason, "no data");
		if (expected[i].verdict)
			assert_string_equal(rows[i]->verdict, expected[i].verdict);
	}
	assert_string_equal(rows[3]->note, "no longer counted");
	assert_null(rows[0]->note);
	assert_int_equal(rows[0]->value->commit, city->answers[0]->commit);
	assert_int_equal(rows[5]->value->expected, 3);
	assert_int_equal(rows[5]->value->reported, 0);
}

static void growth_is_held_against_the_growth_it_follows(void **state)
{
	struct city *city = *state;
	report_year(city);
	CITY_REPORT(city, "bureau", "up.csv", {"gdp", "440100", "2020", 1040, 0, NULL});
	assert_string_equal(plan(city, "2020", NULL)[2]->verdict, "behind");
}

static void without_a_period_it_is_the_newest_year_with_data(void **state)
{
	struct city *city = *state;
	assert_string_equal(plan(city, NULL, NULL)[0]->value->period, "2020");
	CITY_REPORT(city, "bureau", "g.csv", {"gdp", "440100", "2021", 1, 0, NULL},
	            {"income", "440100", "2021", 1, 0, NULL}, {"income", "440100", "2020", 1, 0, NULL});
	assert_string_equal(plan(city, NULL, NULL)[0]->value->period, "2021");
	assert_string_equal(plan(city, NULL, NULL)[2]->value->value, "0.0");
}

static void verdict_from_incomplete_data_says_so_and_who_is_missing(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "liwan", "l.csv", {"residents", "440103", "2020", 1238305, 0, NULL});
	Suanpan__PlanRow **rows = plan(city, "2020", NULL);
	assert_string_equal(rows[0]->note, "provisional: 1 of 3 reported, missing Yuexiu, Panyu");
	assert_string_equal(rows[0]->value->status, "P");
	assert_int_equal(rows[0]->value->n_missing, 2);
	assert_string_equal(rows[4]->note, "provisional: 1 of 2 reported, missing Yuexiu");
}

static Suanpan__PlanRow **plan_in(struct city *city, Suanpan__Language language, const char *period,
                                  const char *area)
{
	Suanpan__Query query = query_of("plan14", period, area);
	query.has_language = true;
	query.language = language;
	const Suanpan__Answer *answer = city_ask(city, &query);
	assert_null(answer->failure);
	return answer->plan;
}

static void notes_are_in_the_language_of_the_question(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "liwan", "l.csv", {"residents", "440103", "2020", 1238305, 0, NULL});
	Suanpan__PlanRow **rows = plan_in(city, SUANPAN__LANGUAGE__LANGUAGE_SIMPLIFIED, "2020", NULL);
	assert_string_equal(rows[0]->note, "初步数：应报 3，已报 1，未报：越秀区、番禺区");
	rows = plan_in(city, SUANPAN__LANGUAGE__LANGUAGE_TRADITIONAL, "2020", "Liwan");
	assert_string_equal(rows[0]->note, "目標所屬地區：廣州市");
	assert_string_equal(rows[0]->verdict, "off track"); /* words for machines stay as they are */
}

static void another_area_has_the_targets_without_their_baselines(void **state)
{
	struct city *city = *state;
	report_year(city);
	Suanpan__PlanRow **rows = plan(city, "2020", "Liwan");
	assert_string_equal(rows[0]->value->area, "440103");
	assert_string_equal(rows[0]->value->value, "123.83");
	assert_null(rows[0]->baseline);
	assert_string_equal(rows[0]->target, "600");
	assert_string_equal(rows[0]->note, "the target is set for Guangzhou");
	assert_string_equal(rows[0]->verdict, "off track");
	assert_string_equal(rows[1]->verdict, "on track");
	assert_string_equal(rows[4]->note, "the target is set for Central districts");
	assert_string_equal(rows[4]->value->area, "440103");
	/* What is only known for the city has no value in a district. */
	assert_null(rows[2]->value->value);
	assert_string_equal(rows[2]->value->reason, "not reported at this level");
	assert_string_equal(rows[2]->verdict, "no data");
}

static void own_area_named_expressly_changes_only_the_groups(void **state)
{
	struct city *city = *state;
	report_year(city);
	Suanpan__PlanRow **rows = plan(city, "2020", "440100");
	assert_string_equal(rows[0]->baseline, "493.53");
	assert_null(rows[0]->note);
	assert_string_equal(rows[4]->value->area, "440100");
}

static void at_a_month_each_row_has_the_newest_figure_there_is_by_then(void **state)
{
	struct city *city = *state;
	report_year(city);
	Suanpan__PlanRow **rows = plan(city, "2020-12", NULL);
	assert_string_equal(rows[1]->value->value, "7.29");
	assert_string_equal(rows[1]->value->period, "2020-12");
	assert_null(rows[1]->note);
	assert_string_equal(rows[2]->value->value, "3.0");
	assert_string_equal(rows[2]->value->period, "2020");
	assert_string_equal(rows[2]->note, "of 2020");
	/* 2021 is not over; beds are carried for three months. */
	CITY_REPORT(city, "bureau", "2021-02.csv", {"beds", "440103", "2021-02", 8000, 0, NULL},
	            {"beds", "440104", "2021-02", 9000, 0, NULL},
	            {"beds", "440113", "2021-02", 20000, 0, NULL});
	rows = plan(city, "2021-06", NULL);
	assert_string_equal(rows[0]->value->period, "2020");
	assert_string_equal(rows[1]->value->period, "2021-05");
	assert_string_equal(rows[1]->value->value, "7.50");
	assert_string_equal(rows[1]->note, "of 2021-05");
	/* Nor does anybody know anything before there was anything. */
	rows = plan(city, "2019-11", NULL);
	assert_null(rows[1]->value->value);
	assert_string_equal(rows[1]->value->period, "2019-11");
	/* What is too old is not told of a later time. */
	rows = plan(city, "2026-01", NULL);
	assert_null(rows[0]->value->value);
	assert_string_equal(rows[0]->value->period, "2025");
}

/* Residents of the three districts, each so many. */
static void report_residents(struct city *city, const char *year, int64_t each)
{
	CITY_REPORT(city, "bureau", "r.csv", {"residents", "440103", year, each, 0, NULL},
	            {"residents", "440104", year, each, 0, NULL},
	            {"residents", "440113", year, each, 0, NULL});
}

static void report_beds(struct city *city, const char *month, int64_t each)
{
	CITY_REPORT(city, "bureau", "b.csv", {"beds", "440103", month, each, 0, NULL},
	            {"beds", "440104", month, each, 0, NULL}, {"beds", "440113", month, each, 0, NULL});
}

/* From 493.53 at the end of 2020 to 600: 21.294 a year; 540 of 2022 is 6.94... beyond the path. */
static void a_row_says_path_pace_and_what_is_needed(void **state)
{
	struct city *city = *state;
	report_residents(city, "2020", 1645100);
	report_residents(city, "2022", 1800000);
	const Suanpan__PlanRow *row = plan(city, "2022", NULL)[0];
	assert_string_equal(row->verdict, "on track");
	assert_true(row->has_provisional && !row->provisional);
	assert_string_equal(row->path, "536.12");
	assert_string_equal(row->pace, "23.235");
	assert_string_equal(row->pace_needed, "20.000");
	assert_string_equal(row->reached, "2024-04"); /* 570 is near enough to 600: 30 at 23.235 a year */
	assert_string_equal(row->year_end, "2025");
	assert_int_equal(row->n_way, 3);
	assert_string_equal(row->way[0], "493.53");
	assert_string_equal(row->way[1], "493.53"); /* carried */
	assert_string_equal(row->way[2], "540.00");
	assert_null(row->worst_period);
	assert_null(row->forecast);
	assert_false(row->has_chance);
	/* Where there is no value there is nothing but the path. */
	row = plan(city, "2022", NULL)[5];
	assert_null(row->pace);
	assert_null(row->reached);
}

static void a_provisional_verdict_says_so_and_names_who_is_missing(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "liwan", "l.csv", {"residents", "440103", "2021", 1238305, 0, NULL});
	const Suanpan__PlanRow *row = plan(city, "2021", NULL)[0];
	assert_true(row->provisional);
	assert_int_equal(row->n_missing, 2);
	assert_string_equal(row->missing[0], "Yuexiu");
	assert_string_equal(row->missing[1], "Panyu");
}

static void a_hold_tells_its_worst_month(void **state)
{
	struct city *city = *state;
	report_residents(city, "2020", 1000000);
	report_residents(city, "2021", 1000000);
	report_beds(city, "2020-12", 4000); /* before the plan */
	report_beds(city, "2021-03", 5000);
	report_beds(city, "2021-06", 6000);
	const Suanpan__PlanRow *row = plan(city, "2021-06", NULL)[6];
	assert_string_equal(row->verdict, "off track"); /* by January, when 4.00 was carried */
	assert_string_equal(row->worst_period, "2021-01");
	assert_string_equal(row->worst, "4.00");
	report_beds(city, "2021-01", 5200);
	row = plan(city, "2021-06", NULL)[6];
	assert_string_equal(row->verdict, "on track");
	assert_string_equal(row->worst_period, "2021-03");
	assert_string_equal(row->worst, "5.00");
	report_beds(city, "2021-05", 4990);
	assert_string_equal(plan(city, "2021", NULL)[6]->verdict, "off track");
	assert_string_equal(plan(city, "2021-04", NULL)[6]->verdict, "on track");
	row = plan(city, "2021", NULL)[6];
	assert_string_equal(row->worst_period, "2021-05");
	assert_string_equal(row->path, "5.00");
	assert_null(row->pace);
	assert_int_equal(row->n_way, 2);
	assert_int_equal(plan(city, "2021-06", NULL)[6]->n_way, 7);
	report_residents(city, "2022", 1000000);
	report_beds(city, "2022-12", 6000);
	row = plan(city, "2022-12", NULL)[6];
	assert_string_equal(row->value->period, "2022-12");
	assert_int_equal(row->n_way, 24);
}

static void with_enough_history_a_row_has_a_forecast(void **state)
{
	static const char *const years[] = {"2015", "2016", "2017", "2018", "2019",
	                                    "2020", "2021", "2022", "2023"};
	struct city *city = *state;
	for (int i = 0; i < 9; i++)
		report_residents(city, years[i], 1300000 + 55000 * i + 4000 * (i % 3));
	const Suanpan__PlanRow *row = plan(city, "2023", NULL)[0];
	assert_non_null(row->forecast);
	const double mean = atof(row->forecast), low = atof(row->forecast_low),
	             high = atof(row->forecast_high);
	assert_true(525 < mean && mean < 560);
	assert_true(low < mean && mean < high);
	assert_true(row->has_chance && row->chance < 50); /* 570 is the least that is about 600 */
	/* By 2018 there were four years. */
	assert_null(plan(city, "2018", NULL)[0]->forecast);
	/* By 2020 six, and with them a drift. */
	assert_non_null(plan(city, "2020", NULL)[0]->forecast);
	/* After its end a plan has no outlook. */
	assert_null(plan(city, "2025", NULL)[0]->forecast);
	/* A cancelled target has none. */
	assert_null(plan(city, "2023", NULL)[3]->forecast);
}

static void names_are_in_the_language_asked_for(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "liwan", "l.csv", {"residents", "440103", "2020", 1238305, 0, NULL});
	Suanpan__Query query = query_of("plan14", NULL, NULL);
	query.has_language = 1;
	query.language = SUANPAN__LANGUAGE__LANGUAGE_SIMPLIFIED;
	const Suanpan__PlanRow *row = city_ask(city, &query)->plan[0];
	assert_string_equal(row->name, "常住人口");
	assert_string_equal(row->unit, "万人");
	assert_string_equal(row->value->unit, "万人");
	assert_string_equal(row->target, "600左右");
	assert_string_equal(row->value->missing[0], "越秀区");
}

static void ends_of_the_calendar_are_years_without_data(void **state)
{
	static const char *const periods[] = {"1900",    "2199",       "1900-01",
	                                      "2199-12", "1900-01-01", "2199-12-31"};
	for (size_t i = 0; i < sizeof periods / sizeof *periods; i++)
		assert_null(plan(*state, periods[i], NULL)[0]->value->value);
}

static void unknown_words_are_named_with_the_nearest_known(void **state)
{
	Suanpan__Query query = query_of("plan15", NULL, NULL);
	const Suanpan__Failure *failure = city_must_refuse(*state, &query, NOT_FOUND, "no plan 'plan15'");
	assert_string_equal(failure->suggestion, "plan14");
	query = query_of("plan14", "2020-Q9", NULL);
	city_must_refuse(*state, &query, NOT_FOUND, "'2020-Q9'");
	query = query_of("plan14", NULL, "Lywan");
	failure = city_must_refuse(*state, &query, NOT_FOUND, "area 'Lywan'");
	assert_string_equal(failure->suggestion, "Liwan");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, city_set_up, city_tear_down)
	    CASE(rows_come_in_the_plans_order_with_what_is_printed_in_it),
	    CASE(values_are_those_that_were_kept),
	    CASE(growth_is_held_against_the_growth_it_follows),
	    CASE(without_a_period_it_is_the_newest_year_with_data),
	    CASE(verdict_from_incomplete_data_says_so_and_who_is_missing),
	    CASE(notes_are_in_the_language_of_the_question),
	    CASE(another_area_has_the_targets_without_their_baselines),
	    CASE(own_area_named_expressly_changes_only_the_groups),
	    CASE(at_a_month_each_row_has_the_newest_figure_there_is_by_then),
	    CASE(a_row_says_path_pace_and_what_is_needed),
	    CASE(a_provisional_verdict_says_so_and_names_who_is_missing),
	    CASE(a_hold_tells_its_worst_month),
	    CASE(with_enough_history_a_row_has_a_forecast),
	    CASE(names_are_in_the_language_asked_for),
	    CASE(ends_of_the_calendar_are_years_without_data),
	    CASE(unknown_words_are_named_with_the_nearest_known),
	};
	return cmocka_run_group_tests_name("query_plan", tests, NULL, NULL);
}
