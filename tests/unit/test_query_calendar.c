/* What is due and overdue, of a city whose store began on Wednesday, 2024-05-01, and knows no holidays: beds and births are due 15
 * days after the month, rain a day after its day, residents 60 days after the year. */
#include "tests/lib/city.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* The rows: "2024-06-17 in 28: liwan 2024-05 due 1/2 births" and a line feed each. */
static char *ask(struct city *city, const char *as_of, const char *reporter, int days)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__CalendarQuery calendar = SUANPAN__CALENDAR_QUERY__INIT;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	query.as_of = borrow(as_of);
	query.calendar = &calendar;
	calendar.reporter = borrow(reporter);
	calendar.has_days = days >= 0;
	calendar.days = (uint64_t)days;
	city_ask(city, &query);
	for (size_t i = 0; i < city->answer_count; i++) {
		const Suanpan__Answer *answer = city->answers[i];
		if (answer->failure)
			fail_msg("%s", answer->failure->text);
		for (size_t j = 0; j < answer->n_calendar; j++) {
			const Suanpan__CalendarRow *row = answer->calendar[j];
			fprintf(out, "%s in %" PRId64 ": %s %s %s %" PRIu64 "/%" PRIu64, row->due, row->days,
			        row->reporter, row->period, row->state, row->received, row->expected);
			for (size_t k = 0; k < row->n_missing; k++)
				fprintf(out, " %s", row->missing[k]);
			fputc('\n', out);
		}
	}
	fclose(out);
	return text;
}

static void must_be(struct city *city, const char *as_of, const char *reporter, int days,
                    const char *expected)
{
	char *text = ask(city, as_of, reporter, days);
	assert_string_equal(text, expected);
	free(text);
}

static void what_is_due_is_there_so_many_days_before(void **state)
{
	/* 15 June is a Saturday. */
	must_be(*state, "2024-05-20", "liwan", -1, "2024-06-17 in 28: liwan 2024-05 due 0/2 beds births\n");
	must_be(*state, "2024-05-20", "liwan", 28, "2024-06-17 in 28: liwan 2024-05 due 0/2 beds births\n");
	must_be(*state, "2024-05-20", "liwan", 27, "");
	must_be(*state, "2024-06-17", "liwan", 0, "2024-06-17 in 0: liwan 2024-05 due 0/2 beds births\n");
}

static void what_was_due_is_overdue_from_the_next_day_on(void **state)
{
	must_be(*state, "2024-06-18", "liwan", 0,
	        "2024-06-17 in -1: liwan 2024-05 overdue 0/2 beds births\n");
	must_be(*state, "2024-07-16", "liwan", 0,
	        "2024-06-17 in -29: liwan 2024-05 overdue 0/2 beds births\n"
	        "2024-07-15 in -1: liwan 2024-06 overdue 0/2 beds births\n");
	/* A year has its own day: 60 days after 2024. */
	must_be(*state, "2025-02-28", "liwan", 3,
	        "2024-06-17 in -256: liwan 2024-05 overdue 0/2 beds births\n"
	        "2024-07-15 in -228: liwan 2024-06 overdue 0/2 beds births\n"
	        "2024-08-15 in -197: liwan 2024-07 overdue 0/2 beds births\n"
	        "2024-09-16 in -165: liwan 2024-08 overdue 0/2 beds births\n"
	        "2024-10-15 in -136: liwan 2024-09 overdue 0/2 beds births\n"
	        "2024-11-15 in -105: liwan 2024-10 overdue 0/2 beds births\n"
	        "2024-12-16 in -74: liwan 2024-11 overdue 0/2 beds births\n"
	        "2025-01-15 in -44: liwan 2024-12 overdue 0/2 beds births\n"
	        "2025-02-17 in -11: liwan 2025-01 overdue 0/2 beds births\n"
	        "2025-03-03 in 3: liwan 2024 due 0/1 residents\n");
}

static void nothing_is_owed_of_a_time_before_the_store_began(void **state)
{
	must_be(*state, "2024-05-01", "liwan", 46, "");
}

static void what_is_in_counts_and_what_was_taken_back_does_not(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "liwan", "a.csv", {"beds", "440103", "2024-05", 8000, 'P', NULL});
	must_be(city, "2024-06-18", "liwan", 0, "2024-06-17 in -1: liwan 2024-05 overdue 1/2 births\n");
	CITY_REPORT(city, "liwan", "b.csv", {"births", "440103", "2024-05", 0, 'L', "not collected"});
	must_be(city, "2024-06-17", "liwan", 0, "2024-06-17 in 0: liwan 2024-05 complete 2/2\n");
	must_be(city, "2024-06-18", "liwan", 0, "");
	CITY_REPORT(city, "liwan", "c.csv", {"beds", "440103", "2024-05", 0, 'O', NULL});
	must_be(city, "2024-06-18", "liwan", 0, "2024-06-17 in -1: liwan 2024-05 overdue 1/2 beds\n");
}

/* Of commits: 1 is the catalogue, 2 and 3 are the reports. */
static void the_past_knows_nothing_of_what_came_later(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "liwan", "a.csv", {"beds", "440103", "2024-05", 8000, 0, NULL},
	            {"births", "440103", "2024-05", 5, 0, NULL});
	CITY_REPORT(city, "liwan", "b.csv", {"beds", "440103", "2024-05", 0, 'O', NULL});
	must_be(city, "1", "liwan", 47, "2024-06-17 in 47: liwan 2024-05 due 0/2 beds births\n");
	must_be(city, "2", "liwan", 47, "2024-06-17 in 47: liwan 2024-05 complete 2/2\n");
	must_be(city, "3", "liwan", 47, "2024-06-17 in 47: liwan 2024-05 due 1/2 beds\n");
	must_be(city, "2024-05-01T12:00:01+08:00", "liwan", 47,
	        "2024-06-17 in 47: liwan 2024-05 complete 2/2\n");
	must_be(city, "2024-06-18", "liwan", 0, "2024-06-17 in -1: liwan 2024-05 overdue 1/2 beds\n");
}

/* The day turns in China, and a day's end is still that day. */
static void the_day_is_the_one_in_china(void **state)
{
	must_be(*state, "2024-06-17T15:59:59Z", "liwan", 0,
	        "2024-06-17 in 0: liwan 2024-05 due 0/2 beds births\n");
	must_be(*state, "2024-06-17T16:00:00Z", "liwan", 0,
	        "2024-06-17 in -1: liwan 2024-05 overdue 0/2 beds births\n");
}

/* The bureau may send for all three districts, and rain day by day: Friday, Saturday and Sunday are due on Monday. */
static void rows_come_in_the_order_of_days_then_periods_then_reporters(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "bureau", "rain.csv", {"rain", "440100", "2024-05-01", 1, 0, NULL},
	            {"rain", "440100", "2024-05-02", 1, 0, NULL});
	must_be(city, "2024-05-06", NULL, 2,
	        "2024-05-06 in 0: bureau 2024-05-03 due 0/1 rain\n"
	        "2024-05-06 in 0: bureau 2024-05-04 due 0/1 rain\n"
	        "2024-05-06 in 0: bureau 2024-05-05 due 0/1 rain\n"
	        "2024-05-07 in 1: bureau 2024-05-06 due 0/1 rain\n"
	        "2024-05-08 in 2: bureau 2024-05-07 due 0/1 rain\n");
	char *text = ask(city, "2024-06-17", NULL, 0);
	const char *expected = "2024-06-17 in 0: liwan 2024-05 due 0/2 beds births\n"
	                       "2024-06-17 in 0: bureau 2024-05 due 0/6 beds births\n"
	                       "2024-06-17 in 0: bureau 2024-06-14 due 0/1 rain\n"
	                       "2024-06-17 in 0: bureau 2024-06-15 due 0/1 rain\n"
	                       "2024-06-17 in 0: bureau 2024-06-16 due 0/1 rain\n";
	const char *today = strstr(text, "2024-06-17 in 0");
	assert_string_equal(today ? today : text, expected);
	free(text);
}

static void long_calendars_come_in_chunks(void **state)
{
	struct city *city = *state;
	char *text = ask(city, "2026-05-01", "bureau", 0);
	size_t lines = 0;
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	/* Rain of 730 days, the last of them due today; 23 months, up to 2026-03; three days for each of 2024 and 2025. */
	assert_true(city->answer_count > 1);
	assert_int_equal(lines, 730 + 23 + 2 * 3);
	free(text);
}

static void must_refuse(struct city *city, const char *reporter, uint64_t days, Suanpan__FailureKind kind,
                        const char *part)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__CalendarQuery calendar = SUANPAN__CALENDAR_QUERY__INIT;
	query.calendar = &calendar;
	calendar.reporter = borrow(reporter);
	calendar.has_days = 1;
	calendar.days = days;
	city_must_refuse(city, &query, kind, part);
}

static void what_cannot_be_asked_is_refused(void **state)
{
	must_refuse(*state, "liwam", 31, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND, "'liwan'");
	must_refuse(*state, NULL, 3661, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, "3660 days ahead");
	must_refuse(*state, NULL, UINT64_MAX, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, "3660 days ahead");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_is_due_is_there_so_many_days_before, city_set_up,
	                                    city_tear_down),
	    cmocka_unit_test_setup_teardown(what_was_due_is_overdue_from_the_next_day_on, city_set_up,
	                                    city_tear_down),
	    cmocka_unit_test_setup_teardown(nothing_is_owed_of_a_time_before_the_store_began, city_set_up,
	                                    city_tear_down),
	    cmocka_unit_test_setup_teardown(what_is_in_counts_and_what_was_taken_back_does_not, city_set_up,
	                                    city_tear_down),
	    cmocka_unit_test_setup_teardown(the_past_knows_nothing_of_what_came_later, city_set_up,
	                                    city_tear_down),
	    cmocka_unit_test_setup_teardown(the_day_is_the_one_in_china, city_set_up, city_tear_down),
	    cmocka_unit_test_setup_teardown(rows_come_in_the_order_of_days_then_periods_then_reporters,
	                                    city_set_up, city_tear_down),
	    cmocka_unit_test_setup_teardown(long_calendars_come_in_chunks, city_set_up, city_tear_down),
	    cmocka_unit_test_setup_teardown(what_cannot_be_asked_is_refused, city_set_up, city_tear_down),
	};
	return cmocka_run_group_tests_name("query_calendar", tests, NULL, NULL);
}
