#include "tests/lib/city.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOT_FOUND SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND

static Suanpan__DiffQuery asked;

static Suanpan__Query query_of(const char *code, const char *area, const char *period, const char *from,
                               const char *to)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	asked = (Suanpan__DiffQuery)SUANPAN__DIFF_QUERY__INIT;
	asked.code = (char *)(uintptr_t)code;
	asked.area = (char *)(uintptr_t)area;
	asked.period = (char *)(uintptr_t)period;
	asked.from = (char *)(uintptr_t)from;
	asked.to = (char *)(uintptr_t)to;
	query.diff = &asked;
	return query;
}

static const Suanpan__Answer *diff(struct city *city, const char *code, const char *area, const char *period,
                                   const char *from, const char *to)
{
	Suanpan__Query query = query_of(code, area, period, from, to);
	const Suanpan__Answer *answer = city_ask(city, &query);
	if (answer->failure)
		fail_msg("%s", answer->failure->text);
	return answer;
}

/* "" stands for absent. */
static const char *text(const char *given)
{
	return given ? given : "";
}

static void expect_row(const Suanpan__DiffRow *row, const char *area, const char *statistic,
                       const char *period, const char *before, const char *after, const char *moved)
{
	assert_string_equal(text(row->area), area);
	assert_string_equal(text(row->statistic), statistic);
	assert_string_equal(text(row->period), period);
	assert_string_equal(text(row->before), before);
	assert_string_equal(text(row->after), after);
	assert_string_equal(text(row->moved), moved);
}

/* The newest commit's number as text. */
static const char *now(struct city *city)
{
	static char commit[24];
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__StatusQuery status = SUANPAN__STATUS_QUERY__INIT;
	query.status = &status;
	snprintf(commit, sizeof commit, "%llu", (unsigned long long)city_ask(city, &query)->commit);
	return commit;
}

static void parts_of_the_areas_add_up_to_the_whole(void **state)
{
	struct city *city = *state;
	char from[24];
	CITY_REPORT(city, "bureau", "a.csv", {"beds", "440103", "2020-12", 100, 0, NULL},
	            {"beds", "440104", "2020-12", 200, 0, NULL},
	            {"residents", "440103", "2020", 30000, 0, NULL},
	            {"residents", "440104", "2020", 70000, 0, NULL});
	snprintf(from, sizeof from, "%s", now(city));
	CITY_REPORT(city, "liwan", "b.csv", {"beds", "440103", "2020-12", 150, 0, NULL});
	CITY_REPORT(city, "bureau", "c.csv", {"residents", "440104", "2020", 60000, 0, NULL});
	const Suanpan__Answer *answer = diff(city, "beds_per_1000", "central", "2020-12", from, NULL);
	assert_int_equal(answer->n_diff, 3);
	expect_row(answer->diff[0], "440103", "beds", "2020-12", "100", "150", "0.5000");
	assert_string_equal(answer->diff[0]->reporter, "liwan");
	expect_row(answer->diff[1], "440104", "residents", "2020", "70000", "60000", "0.3889");
	expect_row(answer->diff[2], "", "", "", "3.0000", "3.8889", "0.8889");
}

/* The end of a day, or a time, is looked up in all there is: not only in what there was by `to`. */
static void from_may_be_later_than_to(void **state)
{
	struct city *city = *state;
	char first[24], second[24];
	CITY_REPORT(city, "liwan", "a.csv", {"beds", "440103", "2020-12", 100, 0, NULL});
	snprintf(first, sizeof first, "%s", now(city));
	CITY_REPORT(city, "liwan", "b.csv", {"beds", "440103", "2020-12", 160, 0, NULL});
	snprintf(second, sizeof second, "%s", now(city));
	const char *const later[] = {second, "2024-05-01", "2024-05-01T13:00+08:00"};
	for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
		const Suanpan__Answer *answer = diff(city, "beds", "liwan", "2020-12", later[i], first);
		assert_int_equal(answer->n_diff, 2);
		expect_row(answer->diff[0], "440103", "beds", "2020-12", "160", "100", "-60.00");
		expect_row(answer->diff[1], "", "", "", "160.00", "100.00", "-60.00");
	}
}

static void stock_that_stands_in_for_one_taken_back_has_not_changed(void **state)
{
	struct city *city = *state;
	char from[24];
	CITY_REPORT(city, "liwan", "a.csv", {"beds", "440103", "2020-11", 90, 0, NULL},
	            {"beds", "440103", "2020-12", 100, 0, NULL});
	snprintf(from, sizeof from, "%s", now(city));
	CITY_REPORT(city, "liwan", "b.csv", {"beds", "440103", "2020-12", 0, 'O', "not true"});
	const Suanpan__Answer *answer = diff(city, "beds", "liwan", "2020-12", from, NULL);
	assert_int_equal(answer->n_diff, 2);
	expect_row(answer->diff[0], "440103", "beds", "2020-12", "100", "", "-10.00");
	expect_row(answer->diff[1], "", "", "", "100.00", "90.00", "-10.00");
}

static void without_a_change_there_is_only_the_whole(void **state)
{
	struct city *city = *state;
	char from[24];
	CITY_REPORT(city, "liwan", "a.csv", {"beds", "440103", "2020-12", 100, 0, NULL});
	snprintf(from, sizeof from, "%s", now(city));
	CITY_REPORT(city, "liwan", "b.csv", {"beds", "440103", "2021-12", 160, 0, NULL});
	const Suanpan__Answer *answer = diff(city, "beds", "liwan", "2020-12", from, NULL);
	assert_int_equal(answer->n_diff, 1);
	expect_row(answer->diff[0], "", "", "", "100.00", "100.00", "0.00");
}

static void first_report_has_nothing_before(void **state)
{
	struct city *city = *state;
	char from[24];
	CITY_REPORT(city, "liwan", "a.csv", {"births", "440103", "2020-12", 7, 0, NULL});
	snprintf(from, sizeof from, "%s", now(city));
	CITY_REPORT(city, "liwan", "b.csv", {"beds", "440103", "2020-12", 160, 0, NULL});
	const Suanpan__Answer *answer = diff(city, "beds", "liwan", "2020-12", from, NULL);
	assert_int_equal(answer->n_diff, 2);
	expect_row(answer->diff[0], "440103", "beds", "2020-12", "", "160", "160.00");
	expect_row(answer->diff[1], "", "", "", "", "160.00", "160.00");
}

static void moment_that_is_not_there_is_refused(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "liwan", "a.csv", {"beds", "440103", "2020-12", 100, 0, NULL});
	Suanpan__Query query = query_of("beds", "liwan", "2020-12", "999", "1");
	char newest[80];
	snprintf(newest, sizeof newest, "There is no commit 999; the newest is %s.", now(city));
	query = query_of("beds", "liwan", "2020-12", "999", "1");
	city_must_refuse(city, &query, NOT_FOUND, newest);
	query = query_of("beds", "liwan", "2020-12", "yesterday", NULL);
	city_must_refuse(city, &query, NOT_FOUND, "'yesterday' is not a moment");
	query = query_of("beds", "liwan", "2020-12", "1999-01-01", NULL);
	city_must_refuse(city, &query, NOT_FOUND, "nothing from before");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, city_set_up, city_tear_down)
	    CASE(parts_of_the_areas_add_up_to_the_whole),
	    CASE(from_may_be_later_than_to),
	    CASE(stock_that_stands_in_for_one_taken_back_has_not_changed),
	    CASE(without_a_change_there_is_only_the_whole),
	    CASE(first_report_has_nothing_before),
	    CASE(moment_that_is_not_there_is_refused),
	};
	return cmocka_run_group_tests_name("query_diff", tests, NULL, NULL);
}
