#include "tests/lib/city.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOT_FOUND    SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND
#define NOT_POSSIBLE SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE

static Suanpan__SeriesQuery asked;

static Suanpan__Query query_of(const char *code, const char *area, const char *from, const char *to,
                               const char *frequency)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	asked = (Suanpan__SeriesQuery)SUANPAN__SERIES_QUERY__INIT;
	asked.code = (char *)(uintptr_t)code;
	asked.area = (char *)(uintptr_t)area;
	asked.from = (char *)(uintptr_t)from;
	asked.to = (char *)(uintptr_t)to;
	asked.frequency = (char *)(uintptr_t)frequency;
	query.series = &asked;
	return query;
}

static const Suanpan__Answer *get(struct city *city, const char *code, const char *area, const char *from,
                                  const char *to, const char *frequency)
{
	Suanpan__Query query = query_of(code, area, from, to, frequency);
	const Suanpan__Answer *answer = city_ask(city, &query);
	if (answer->failure)
		fail_msg("%s", answer->failure->text);
	return answer;
}

static const Suanpan__Failure *must_refuse(struct city *city, Suanpan__FailureKind kind, const char *part,
                                           const char *code, const char *area, const char *from,
                                           const char *to, const char *frequency)
{
	Suanpan__Query query = query_of(code, area, from, to, frequency);
	return city_must_refuse(city, &query, kind, part);
}

/* A series as "period=value period=reason ..." */
static const char *shown(const Suanpan__Answer *answer)
{
	static char text[4096];
	size_t used = 0;
	text[0] = '\0';
	for (size_t i = 0; i < answer->n_series; i++) {
		const Suanpan__Value *row = answer->series[i];
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s=%s", i ? " " : "",
		                         row->period, row->value ? row->value : row->reason);
	}
	return text;
}

static void report_residents(struct city *city)
{
	CITY_REPORT(city, "bureau", "residents.csv", {"residents", "440103", "2020", 1238305, 0, NULL},
	            {"residents", "440104", "2020", 1038643, 0, NULL},
	            {"residents", "440113", "2020", 2658397, 0, NULL});
}

/* ---- statistics ---- */

static void statistic_adds_up_to_the_city_the_group_and_the_district(void **state)
{
	static const struct {
		const char *area, *code, *name, *value;
		unsigned expected;
	} cases[] = {
	    {NULL, "440100", "Guangzhou", "4935345", 3},
	    {"440100", "440100", "Guangzhou", "4935345", 3},
	    {"central", "central", "Central districts", "2276948", 2},
	    {"Liwan", "440103", "Liwan", "1238305", 1},
	    {"荔灣區", "440103", "Liwan", "1238305", 1},
	};
	struct city *city = *state;
	report_residents(city);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const Suanpan__Answer *answer = get(city, "residents", cases[i].area, NULL, NULL, NULL);
		assert_int_equal(answer->n_series, 1);
		const Suanpan__Value *row = answer->series[0];
		assert_string_equal(row->area, cases[i].code);
		assert_string_equal(row->area_name, cases[i].name);
		assert_string_equal(row->value, cases[i].value);
		assert_string_equal(row->period, "2020");
		assert_string_equal(row->unit, "persons");
		assert_string_equal(row->status, "A");
		assert_int_equal(row->reported, cases[i].expected);
		assert_int_equal(row->expected, cases[i].expected);
		assert_int_equal(row->n_missing, 0);
	}
}

static void statistic_says_who_is_missing_in_the_language_asked_for(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "liwan", "l.csv", {"residents", "440103", "2020", 1238305, 0, NULL});
	Suanpan__Query query = query_of("residents", NULL, NULL, NULL, NULL);
	query.has_language = 1;
	query.language = SUANPAN__LANGUAGE__LANGUAGE_SIMPLIFIED;
	const Suanpan__Value *row = city_ask(city, &query)->series[0];
	assert_string_equal(row->value, "1238305");
	assert_string_equal(row->status, "P");
	assert_int_equal(row->reported, 1);
	assert_int_equal(row->expected, 3);
	assert_int_equal(row->n_missing, 2);
	assert_string_equal(row->missing[0], "越秀区");
	assert_string_equal(row->missing[1], "番禺区");
	assert_string_equal(row->area_name, "广州市");
	assert_string_equal(row->unit, "人");
}

static void commit_is_that_of_the_newest_entry_behind_the_value(void **state)
{
	struct city *city = *state;
	report_residents(city);
	CITY_REPORT(city, "liwan", "x.csv", {"residents", "440103", "2021", 1240000, 0, NULL});
	CITY_REPORT(city, "liwan", "y.csv", {"residents", "440103", "2020", 1238306, 0, NULL});
	const Suanpan__Answer *answer = get(city, "residents", NULL, NULL, NULL, NULL);
	assert_int_equal(answer->n_series, 2);
	assert_int_equal(answer->series[0]->commit, answer->commit);
	assert_true(answer->series[1]->has_commit);
	answer = get(city, "residents", "panyu", NULL, "2020", NULL);
	assert_int_equal(answer->series[0]->commit, answer->commit - 2);
}

static void flow_is_summed_over_coarser_periods(void **state)
{
	struct city *city = *state;
	for (int month = 1; month <= 12; month++) {
		char period[32];
		snprintf(period, sizeof period, "2020-%02d", month);
		CITY_REPORT(city, "bureau", "b.csv", {"births", "440103", period, month, 0, NULL},
		            {"births", "440104", period, 10 * month, 0, NULL},
		            {"births", "440113", period, 100 * month, 0, NULL});
	}
	assert_string_equal(shown(get(city, "births", NULL, NULL, NULL, "Q")),
	                    "2020-Q1=666 2020-Q2=1665 2020-Q3=2664 2020-Q4=3663");
	assert_string_equal(shown(get(city, "births", NULL, NULL, NULL, "A")), "2020=8658");
	assert_string_equal(shown(get(city, "births", "liwan", "2020-03", "2020-04", NULL)),
	                    "2020-03=3 2020-04=4");
}

static void flow_cannot_be_cut_into_finer_periods(void **state)
{
	must_refuse(*state, NOT_POSSIBLE, "births is reported only monthly, so there is no daily series",
	            "births", NULL, NULL, NULL, "D");
	must_refuse(*state, NOT_POSSIBLE, "gdp is reported only yearly", "gdp", NULL, NULL, NULL, "Q");
}

static void stock_stands_in_finer_periods_from_its_first_ones_end(void **state)
{
	struct city *city = *state;
	report_residents(city);
	CITY_REPORT(city, "liwan", "x.csv", {"residents", "440103", "2021", 1240000, 0, NULL});
	assert_string_equal(
	    shown(get(city, "residents", "liwan", NULL, NULL, "Q")),
	    "2020-Q4=1238305 2021-Q1=1238305 2021-Q2=1238305 2021-Q3=1238305 2021-Q4=1240000");
	const Suanpan__Answer *answer = get(city, "residents", NULL, "2021-05", "2021-05", "M");
	assert_int_equal(answer->n_series, 1);
	assert_string_equal(answer->series[0]->period, "2021-05");
}

static void carried_areas_are_named(void **state)
{
	struct city *city = *state;
	report_residents(city);
	CITY_REPORT(city, "liwan", "x.csv", {"residents", "440103", "2021", 1240000, 0, NULL});
	const Suanpan__Answer *answer = get(city, "residents", NULL, "2021", "2021", NULL);
	assert_string_equal(shown(answer), "2021=4937040");
	assert_int_equal(answer->series[0]->n_carried, 2);
	assert_string_equal(answer->series[0]->carried[0], "Yuexiu");
}

/* ---- the ends ---- */

static void ends_may_be_of_any_frequency(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "liwan", "b.csv", {"births", "440103", "2020-01", 1, 0, NULL},
	            {"births", "440103", "2020-04", 4, 0, NULL}, {"births", "440103", "2020-06", 6, 0, NULL});
	assert_string_equal(shown(get(city, "births", "liwan", "2020-Q2", "2020-06-03", NULL)),
	                    "2020-04=4 2020-05=no data 2020-06=6");
	const Suanpan__Answer *answer = get(city, "births", "liwan", "2020-02-29", NULL, "Q");
	assert_int_equal(answer->n_series, 2);
	assert_string_equal(answer->series[0]->period, "2020-Q1");
	assert_string_equal(answer->series[1]->period, "2020-Q2");
}

static void without_ends_the_series_is_all_there_is(void **state)
{
	struct city *city = *state;
	assert_int_equal(get(city, "births", NULL, NULL, NULL, NULL)->n_series, 0);
	assert_int_equal(get(city, "beds_per_1000", NULL, NULL, NULL, NULL)->n_series, 0);
	CITY_REPORT(city, "liwan", "b.csv", {"births", "440103", "2020-11", 1, 0, NULL},
	            {"births", "440103", "2021-02", 4, 0, NULL});
	assert_string_equal(shown(get(city, "births", "liwan", NULL, NULL, NULL)),
	                    "2020-11=1 2020-12=no data 2021-01=no data 2021-02=4");
}

static void range_beyond_what_there_is_has_no_data(void **state)
{
	struct city *city = *state;
	assert_string_equal(shown(get(city, "births", NULL, "2015-12", "2016-01", NULL)),
	                    "2015-12=no data 2016-01=no data");
	report_residents(city);
	assert_int_equal(get(city, "residents", NULL, "2022", NULL, NULL)->n_series, 0);
	assert_int_equal(get(city, "residents", NULL, NULL, "2010", NULL)->n_series, 0);
}

static void range_that_ends_before_it_starts_is_refused(void **state)
{
	must_refuse(*state, NOT_POSSIBLE, "end before it starts", "births", NULL, "2021", "2020-12", NULL);
}

static void more_periods_than_one_series_may_have_are_refused(void **state)
{
	struct city *city = *state;
	must_refuse(city, NOT_POSSIBLE, "10958 periods, more than the 10000", "rain", NULL, "2000", "2029",
	            NULL);
	must_refuse(city, NOT_POSSIBLE, "109573 periods", "residents", NULL, "1900", "2199", "D");
	CITY_REPORT(city, "bureau", "r.csv", {"rain", "440100", "1990-01-01", 3, 0, NULL},
	            {"rain", "440100", "2020-01-01", 3, 0, NULL});
	must_refuse(city, NOT_POSSIBLE, "periods, more than", "rain", NULL, NULL, NULL, NULL);
	assert_int_equal(get(city, "rain", NULL, NULL, NULL, "A")->n_series, 31);
}

static void long_series_comes_in_many_chunks_of_one_snapshot(void **state)
{
	struct city *city = *state;
	get(city, "rain", NULL, "2000-01-01", "2027-05-18", NULL);
	size_t rows = 0;
	assert_true(city->answer_count > 5);
	for (size_t i = 0; i < city->answer_count; i++) {
		assert_int_equal(city->answers[i]->commit, city->answers[0]->commit);
		rows += city->answers[i]->n_series;
	}
	assert_int_equal(rows, 10000);
	const Suanpan__Answer *last = city->answers[city->answer_count - 1];
	assert_string_equal(last->series[last->n_series - 1]->period, "2027-05-18");
}

static void ends_of_the_calendar_are_ends_like_others(void **state)
{
	struct city *city = *state;
	report_residents(city);
	static const char *const codes[] = {"residents",     "residents_10k",   "gdp",
	                                    "income_growth", "life_expectancy", "births_per_1000"};
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		assert_int_equal(get(city, codes[i], NULL, "1900", "1901", "A")->n_series, 2);
		assert_int_equal(get(city, codes[i], NULL, "2198", "2199", "A")->n_series, 2);
	}
	assert_int_equal(get(city, "residents", NULL, "2199-12-30", "2199-12-31", "D")->n_series, 2);
	assert_int_equal(get(city, "beds_per_1000", NULL, "2199-11", "2199-12", NULL)->n_series, 2);
}

/* ---- indicators ---- */

static void code_of_both_kinds_means_the_indicator(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "bureau", "l.csv", {"life_expectancy", "440100", "2020", 8286, 0, NULL});
	assert_string_equal(shown(get(city, "life_expectancy", NULL, NULL, NULL, NULL)), "2020=82.9");
}

static void indicator_series_is_what_was_kept(void **state)
{
	struct city *city = *state;
	report_residents(city);
	CITY_REPORT(city, "bureau", "beds.csv", {"beds", "440103", "2020-12", 8000, 0, NULL},
	            {"beds", "440104", "2020-12", 9000, 0, NULL},
	            {"beds", "440103", "2021-01", 8100, 0, NULL});
	const Suanpan__Answer *answer = get(city, "beds_per_1000", "central", "2020-12", "2020-12", NULL);
	assert_string_equal(shown(answer), "2020-12=7.47");
	const Suanpan__Value *row = answer->series[0];
	assert_string_equal(row->code, "beds_per_1000");
	assert_string_equal(row->unit, "beds");
	assert_string_equal(row->status, "A");
	assert_int_equal(row->commit, answer->commit);
	answer = get(city, "beds_per_1000", NULL, "2020-12", "2020-12", NULL);
	assert_string_equal(shown(answer), "2020-12=7.47");
	assert_int_equal(answer->series[0]->reported, 2);
	assert_int_equal(answer->series[0]->expected, 3);
	assert_string_equal(answer->series[0]->missing[0], "Panyu");
	assert_string_equal(answer->series[0]->status, "P");
}

static void gaps_are_rows_only_where_a_range_was_given(void **state)
{
	struct city *city = *state;
	report_residents(city);
	const Suanpan__Answer *answer = get(city, "residents_10k", "liwan", "2018", "2020", NULL);
	assert_string_equal(shown(answer), "2018=no data 2019=no data 2020=123.83");
	assert_string_equal(answer->series[0]->status, "O");
	assert_int_equal(answer->series[0]->expected, 1);
	assert_int_equal(answer->series[0]->reported, 0);
	assert_string_equal(answer->series[0]->missing[0], "Liwan");
	assert_false(answer->series[0]->has_commit);
	assert_string_equal(shown(get(city, "residents_10k", "liwan", NULL, "2020", NULL)), "2020=123.83");
	assert_string_equal(shown(get(city, "residents_10k", "liwan", NULL, "2024-06", "A")),
	                    "2020=123.83 2021=123.83 2022=123.83 2023=no data 2024=no data");
}

static void kept_value_without_a_number_is_a_row_with_its_reason(void **state)
{
	struct city *city = *state;
	report_residents(city);
	CITY_REPORT(city, "liwan", "b.csv", {"births", "440103", "2020-01", 5, 0, NULL});
	const Suanpan__Answer *answer = get(city, "births_per_1000", NULL, "2020", "2020", "A");
	assert_string_equal(shown(answer), "2020=incomplete");
	assert_null(answer->series[0]->value);
	CITY_REPORT(city, "bureau", "z.csv", {"residents", "440103", "2020", 0, 0, NULL});
	assert_string_equal(shown(get(city, "beds_per_1000", "liwan", "2020-12", "2020-12", NULL)),
	                    "2020-12=no data");
	CITY_REPORT(city, "bureau", "y.csv", {"beds", "440103", "2020-12", 5, 0, NULL});
	assert_string_equal(shown(get(city, "beds_per_1000", "liwan", "2020-12", "2020-12", NULL)),
	                    "2020-12=division by zero");
}

static void indicator_is_not_computed_finer_than_it_says(void **state)
{
	must_refuse(*state, NOT_POSSIBLE,
	            "beds_per_1000 is computed only monthly, so there is no daily series", "beds_per_1000",
	            NULL, NULL, NULL, "D");
}

/* ---- refusals ---- */

static void below_the_level_there_is_nothing(void **state)
{
	must_refuse(*state, NOT_POSSIBLE,
	            "residents is reported by district, so there is none of Shamian, a street", "residents",
	            "Shamian", NULL, NULL, NULL);
	must_refuse(*state, NOT_POSSIBLE, "computed from what is reported by district", "beds_per_1000",
	            "440103001", NULL, NULL, NULL);
	must_refuse(*state, NOT_POSSIBLE, "computed from what is reported by city", "life_expectancy",
	            "Liwan", NULL, NULL, NULL);
	must_refuse(*state, NOT_POSSIBLE, "a group", "gdp", "central", NULL, NULL, NULL);
}

static void unknown_words_are_named_with_the_nearest_known(void **state)
{
	const Suanpan__Failure *failure =
	    must_refuse(*state, NOT_FOUND, "'resident'", "resident", NULL, NULL, NULL, NULL);
	assert_string_equal(failure->suggestion, "residents");
	assert_non_null(strstr(failure->text, "'residents'"));
	failure = must_refuse(*state, NOT_FOUND, "area 'Liwann'", "births", "Liwann", NULL, NULL, NULL);
	assert_string_equal(failure->suggestion, "Liwan");
	failure = must_refuse(*state, NOT_FOUND, "area 'Timbuktu'", "births", "Timbuktu", NULL, NULL, NULL);
	assert_null(failure->suggestion);
	must_refuse(*state, NOT_FOUND, "'last year' is not a period", "births", NULL, "last year", NULL,
	            NULL);
	must_refuse(*state, NOT_FOUND, "no period '2020-13'", "births", NULL, NULL, "2020-13", NULL);
	must_refuse(*state, NOT_FOUND, "no frequency 'W'", "births", NULL, NULL, NULL, "W");
	must_refuse(*state, NOT_FOUND, "no frequency ''", "births", NULL, NULL, NULL, "");
	must_refuse(*state, NOT_FOUND, "''", "", NULL, NULL, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, city_set_up, city_tear_down)
	    CASE(statistic_adds_up_to_the_city_the_group_and_the_district),
	    CASE(statistic_says_who_is_missing_in_the_language_asked_for),
	    CASE(commit_is_that_of_the_newest_entry_behind_the_value),
	    CASE(flow_is_summed_over_coarser_periods),
	    CASE(flow_cannot_be_cut_into_finer_periods),
	    CASE(stock_stands_in_finer_periods_from_its_first_ones_end),
	    CASE(carried_areas_are_named),
	    CASE(ends_may_be_of_any_frequency),
	    CASE(without_ends_the_series_is_all_there_is),
	    CASE(range_beyond_what_there_is_has_no_data),
	    CASE(range_that_ends_before_it_starts_is_refused),
	    CASE(more_periods_than_one_series_may_have_are_refused),
	    CASE(long_series_comes_in_many_chunks_of_one_snapshot),
	    CASE(ends_of_the_calendar_are_ends_like_others),
	    CASE(code_of_both_kinds_means_the_indicator),
	    CASE(indicator_series_is_what_was_kept),
	    CASE(gaps_are_rows_only_where_a_range_was_given),
	    CASE(kept_value_without_a_number_is_a_row_with_its_reason),
	    CASE(indicator_is_not_computed_finer_than_it_says),
	    CASE(below_the_level_there_is_nothing),
	    CASE(unknown_words_are_named_with_the_nearest_known),
	};
	return cmocka_run_group_tests_name("query_series", tests, NULL, NULL);
}
