#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/catalogue/calendar.h"
#include "tests/lib/scratch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL "tests/data/catalogue/small"

static struct period period_at(const char *text)
{
	struct period period;
	assert_int_equal(period_parse(text, strlen(text), &period), 0);
	return period;
}

static int32_t day_at(const char *text)
{
	return period_first_day(period_at(text));
}

/* ---- the city's own calendar */

static int load_city(void **state)
{
	struct catalogue *city;
	assert_int_equal(catalogue_load("config/catalogue", stderr, &city), 0);
	*state = city;
	return 0;
}

static int free_city(void **state)
{
	catalogue_free(*state);
	return 0;
}

static void must_be_due(const struct catalogue *catalogue, const char *period, unsigned deadline,
                        const char *expected)
{
	const struct statistic statistic = {.deadline_days = deadline};
	char found[PERIOD_TEXT_SIZE];
	period_format(period_of_day(calendar_due_day(catalogue, &statistic, period_at(period)), PERIOD_DAY),
	              found);
	assert_string_equal(found, expected);
}

static void a_deadline_on_a_weekend_moves_to_monday(void **state)
{
	must_be_due(*state, "2024-05", 14, "2024-06-14"); /* a Friday */
	must_be_due(*state, "2024-05", 15, "2024-06-17"); /* a Saturday */
	must_be_due(*state, "2024-05", 16, "2024-06-17"); /* a Sunday */
	must_be_due(*state, "2024-06", 0, "2024-07-01");  /* the month itself ends on a Sunday */
	must_be_due(*state, "2024-07", 0, "2024-07-31");
	must_be_due(*state, "2024-03-02", 0, "2024-03-04");
}

static void a_deadline_in_the_spring_festival_moves_behind_it(void **state)
{
	must_be_due(*state, "2021-01", 15, "2021-02-18"); /* 11 to 17 February */
	must_be_due(*state, "2022-01", 1, "2022-02-07");  /* 31 January to 6 February */
	must_be_due(*state, "2022-Q4", 25,
	            "2023-01-28"); /* 21 to 27 January; the 25th is in it, Saturday 28 is worked */
	must_be_due(*state, "2024-01", 15, "2024-02-18"); /* 10 to 17; Sunday the 18th is worked */
	must_be_due(*state, "2025-01", 3, "2025-02-05");
	must_be_due(*state, "2026-01", 15, "2026-02-24"); /* nine days, 15 to 23 */
}

static void a_saturday_that_is_worked_is_a_day_to_be_on_time(void **state)
{
	must_be_due(*state, "2021-01", 7, "2021-02-07");  /* a Sunday, worked */
	must_be_due(*state, "2021-01", 6, "2021-02-07");  /* the Saturday before it is not */
	must_be_due(*state, "2024-04", 11, "2024-05-11"); /* a Saturday, worked */
	must_be_due(*state, "2023-09", 1,
	            "2023-10-07"); /* Mid-Autumn and National Day, then a worked Saturday */
	must_be_due(*state, "2022-09", 8, "2022-10-08");
}

static void a_year_is_due_in_the_next(void **state)
{
	must_be_due(*state, "2020", 60, "2021-03-01");
	must_be_due(*state, "2021-12", 1, "2022-01-04");  /* New Year is a Saturday, rested to Monday */
	must_be_due(*state, "2022-11", 31, "2023-01-03"); /* 31 December is in the notice of the year after */
	must_be_due(*state, "2023-12", 0, "2024-01-02");
	must_be_due(*state, "2024", 60, "2025-03-03");
	must_be_due(*state, "2023", 60, "2024-02-29");
}

static void a_year_without_a_notice_has_its_weekends(void **state)
{
	must_be_due(*state, "2031-09", 1, "2031-10-01");
	must_be_due(*state, "2031-09", 4, "2031-10-06");
	must_be_due(*state, "1969-12", 2, "1970-01-02"); /* a Friday, then a Saturday */
	must_be_due(*state, "1969-12", 3, "1970-01-05");
	must_be_due(*state, "1960-01", 27, "1960-02-29");
}

/* A notice moves days of rest about, but gives no more of them than the State Council's regulation does: 11 a year, and 13
 * from 2025 on. So days rested in the week, less weekends worked for them, come to just that. */
static void every_notice_gives_the_days_that_the_regulation_does(void **state)
{
	const struct catalogue *catalogue = *state;
	for (int year = 2021; year <= 2026; year++) {
		int rested = 0, worked = 0;
		struct period period = period_make(PERIOD_ANNUAL, year, 0);
		for (int32_t day = period_first_day(period); day <= period_last_day(period); day++) {
			rested += !calendar_is_weekend(day) && !calendar_is_worked(catalogue, day);
			worked += calendar_is_weekend(day) && calendar_is_worked(catalogue, day);
		}
		assert_int_equal(rested - worked, year < 2025 ? 11 : 13);
	}
}

/* ---- the day in China */

static void the_day_turns_at_midnight_in_china(void **state)
{
	const int64_t midnight = (int64_t)day_at("2024-05-01") * 86400000 - 8 * 3600000;
	(void)state;
	assert_int_equal(calendar_day_of(midnight), day_at("2024-05-01"));
	assert_int_equal(calendar_day_of(midnight - 1), day_at("2024-04-30"));
	assert_int_equal(calendar_day_of(0), 0);
	assert_int_equal(calendar_day_of(-8 * 3600000), 0);
	assert_int_equal(calendar_day_of(-8 * 3600000 - 1), -1);
	assert_true(calendar_day_of(INT64_MAX) > day_at("2199-12-31"));
	assert_true(calendar_day_of(INT64_MIN) < day_at("1900-01-01"));
}

static void the_week_is_the_one_of_the_calendar(void **state)
{
	(void)state;
	assert_false(calendar_is_weekend(day_at("2024-06-14")));
	assert_true(calendar_is_weekend(day_at("2024-06-15")));
	assert_true(calendar_is_weekend(day_at("2024-06-16")));
	assert_false(calendar_is_weekend(day_at("2024-06-17")));
	assert_true(calendar_is_weekend(day_at("1949-10-01")));
	assert_false(calendar_is_weekend(day_at("1900-01-01")));
	assert_true(calendar_is_weekend(day_at("1900-01-06")));
}

/* ---- the file */

static int load_with(const char *calendar, FILE *errors, struct catalogue **ret_catalogue)
{
	struct catalogue_files files;
	assert_int_equal(catalogue_files_read(SMALL, errors, &files), 0);
	struct catalogue_file with[16];
	assert_true(files.count < 16);
	memcpy(with, files.files, files.count * sizeof with[0]);
	with[files.count] = (struct catalogue_file){.name = (char *)(uintptr_t) "calendar.yaml",
	                                            .bytes = (char *)(uintptr_t)calendar,
	                                            .size = strlen(calendar)};
	const struct catalogue_files all = {.files = with, .count = files.count + 1};
	int result = catalogue_build(&all, "F", errors, ret_catalogue);
	catalogue_files_done(&files);
	return result;
}

static void must_accept(const char *calendar)
{
	struct catalogue *catalogue;
	assert_int_equal(load_with(calendar, stderr, &catalogue), 0);
	catalogue_free(catalogue);
}

static void must_refuse(const char *calendar, const char *expected)
{
	struct catalogue *catalogue;
	char *said;
	size_t size;
	FILE *errors = open_memstream(&said, &size);
	int result = load_with(calendar, errors, &catalogue);
	fclose(errors);
	assert_string_equal(said, expected);
	assert_int_equal(result, CATALOGUE_REFUSED);
	free(said);
}

static void a_calendar_may_have_either_list_or_none(void **state)
{
	(void)state;
	must_accept("{}\n");
	must_accept("holidays: [2024-02-12]\n");
	must_accept("workdays: [2024-02-18]\n");
	must_accept("holidays:\n  - 2024-10-01\n  - 2024-02-10\nworkdays: [2024-02-18, 2024-02-04]\n");
}

static void days_may_stand_in_any_order(void **state)
{
	struct catalogue *catalogue;
	(void)state;
	assert_int_equal(load_with("holidays: [2024-10-01, 2024-02-12, 2024-05-01]\n"
	                           "workdays: [2024-09-29, 2024-02-18]\n",
	                           stderr, &catalogue),
	                 0);
	assert_false(calendar_is_worked(catalogue, day_at("2024-02-12")));
	assert_false(calendar_is_worked(catalogue, day_at("2024-05-01")));
	assert_false(calendar_is_worked(catalogue, day_at("2024-10-01")));
	assert_true(calendar_is_worked(catalogue, day_at("2024-10-02")));
	assert_true(calendar_is_worked(catalogue, day_at("2024-02-18")));
	assert_true(calendar_is_worked(catalogue, day_at("2024-09-29")));
	catalogue_free(catalogue);
}

static void mistakes_in_a_calendar_are_named_with_their_place(void **state)
{
	(void)state;
	must_refuse("holidays: [2024-02]\n",
	            "F/calendar.yaml:1:12: holidays: found '2024-02', expected a day such as 2024-02-12\n");
	must_refuse("holidays:\n  - 2024-02-12\n  - 2024-02-30\n",
	            "F/calendar.yaml:3:5: holidays: found '2024-02-30', expected a day such as 2024-02-12\n");
	must_refuse("holidays: [2024-02-12, 2024-02-12]\n",
	            "F/calendar.yaml:1:24: holidays: found '2024-02-12', which is listed twice\n");
	must_refuse(
	    "holidays: [2024-02-10]\nworkdays: [2024-02-10]\n",
	    "F/calendar.yaml:2:12: workdays: found '2024-02-10', which is a holiday as well, expected it "
	    "in one list\n");
	must_refuse(
	    "workdays: [2024-02-16]\n",
	    "F/calendar.yaml:1:12: workdays: found '2024-02-16', expected a Saturday or Sunday: other "
	    "days are worked anyway\n");
	must_refuse("holiday: [2024-02-16]\n",
	            "F/calendar.yaml:1:1: holiday: unknown key, expected holidays or workdays, nearest is "
	            "'holidays'\n");
	must_refuse("holidays: 2024-02-16\n",
	            "F/calendar.yaml:1:11: holidays: found '2024-02-16', expected a list\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_deadline_on_a_weekend_moves_to_monday),
	    cmocka_unit_test(a_deadline_in_the_spring_festival_moves_behind_it),
	    cmocka_unit_test(a_saturday_that_is_worked_is_a_day_to_be_on_time),
	    cmocka_unit_test(a_year_is_due_in_the_next),
	    cmocka_unit_test(a_year_without_a_notice_has_its_weekends),
	    cmocka_unit_test(every_notice_gives_the_days_that_the_regulation_does),
	    cmocka_unit_test(the_day_turns_at_midnight_in_china),
	    cmocka_unit_test(the_week_is_the_one_of_the_calendar),
	    cmocka_unit_test(a_calendar_may_have_either_list_or_none),
	    cmocka_unit_test(days_may_stand_in_any_order),
	    cmocka_unit_test(mistakes_in_a_calendar_are_named_with_their_place),
	};
	return cmocka_run_group_tests_name("catalogue_calendar", tests, load_city, free_city);
}
