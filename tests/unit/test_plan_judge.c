#include "daemon/plan/judge.h"

#include "proto/decimal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct plan plan13 = {.code = "plan13", .first_year = 2016, .last_year = 2020};
static const struct plan plan14 = {.code = "plan14", .first_year = 2021, .last_year = 2025};

static struct printed_number number(const char *text)
{
	struct printed_number number = {.present = text != NULL};
	if (!text)
		return number;
	const char *point = strchr(text, '.');
	number.decimals = point ? (unsigned)strlen(point + 1) : 0;
	assert_int_equal(decimal_parse(text, strlen(text), number.decimals, &number.units), 0);
	return number;
}

static struct period period_of(const char *text)
{
	struct period period;
	assert_int_equal(period_parse(text, strlen(text), &period), 0);
	return period;
}

/* One line of a table: at a period, from a baseline (NULL: none), a value (NULL: none) against a goal. */
struct row {
	const char *period, *baseline, *value;
	enum comparison comparison;
	const char *goal;
	enum verdict expected;
};

static struct judgement judge(const struct plan *plan, const struct target *target, const char *period,
                              const struct value *value, unsigned decimals, const struct value *followed,
                              unsigned followed_decimals)
{
	struct judgement judgement;
	plan_judge(&(struct plan_evidence){.plan = plan,
	                                   .target = target,
	                                   .period = period_of(period),
	                                   .value = value,
	                                   .decimals = decimals,
	                                   .followed = followed,
	                                   .followed_decimals = followed_decimals},
	           &judgement);
	return judgement;
}

static void must_be(const struct plan *plan, struct target target, const struct row *row)
{
	const struct printed_number now = number(row->value);
	const struct value value = {.state = row->value ? VALUE_PRESENT : VALUE_NO_DATA, .units = now.units};
	target.baseline = number(row->baseline);
	target.goal = number(row->goal);
	target.comparison = row->comparison;
	const enum verdict verdict = judge(plan, &target, row->period, &value, now.decimals, NULL, 0).verdict;
	if (verdict != row->expected)
		print_error("%s: %s against %s %s from %s\n", row->period, row->value ? row->value : "-",
		            row->goal ? row->goal : "-", row->comparison == COMPARE_LESS ? "<" : "",
		            row->baseline ? row->baseline : "-");
	assert_string_equal(verdict_name(verdict), verdict_name(row->expected));
}

static void must_all_be(const struct plan *plan, struct target target, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		must_be(plan, target, &rows[i]);
}

#define MUST_ALL_BE(plan, target, rows) must_all_be(plan, target, rows, sizeof(rows) / sizeof *(rows))

static const struct target plain = {.row = "1", .follows = CATALOGUE_NONE};

/* ---- the plans' own figures ---- */

static void the_13th_plan_at_its_end_is_met_but_for_the_books(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"2020", NULL, "1867.66", COMPARE_AT_LEAST, "1550", VERDICT_MET},
	    {"2020", NULL, "1.85", COMPARE_AT_LEAST, "3", VERDICT_OFF_TRACK},
	    {"2020", NULL, "6.53", COMPARE_MORE, "6", VERDICT_MET},
	    {"2020", NULL, "100", COMPARE_AT_LEAST, "100", VERDICT_MET},
	    {"2020", NULL, "7.51", COMPARE_AT_MOST, "10", VERDICT_MET},
	    {"2020", NULL, "1.95", COMPARE_AT_MOST, "3", VERDICT_MET},
	    {"2020", NULL, "161.53", COMPARE_AT_LEAST, "100", VERDICT_MET},
	};
	MUST_ALL_BE(&plan13, plain, rows);
	struct target dropped = plain;
	dropped.cancelled = "the province no longer reviews it";
	must_be(&plan13, dropped,
	        &(struct row){"2020", NULL, NULL, COMPARE_AT_LEAST, "50", VERDICT_CANCELLED});
	must_be(&plan13, dropped,
	        &(struct row){"2020", NULL, "60", COMPARE_AT_LEAST, "50", VERDICT_CANCELLED});
}

static void the_14th_plan_before_it_begins(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"2020", "691.82", "691.82", COMPARE_AT_LEAST, "680", VERDICT_MET},
	    {"2020", "82.9", "82.9", COMPARE_AT_LEAST, "83.6", VERDICT_ON_TRACK},
	    {"2020", "87", "87", COMPARE_HOLD_AT_LEAST, "85", VERDICT_ON_TRACK},
	    {"2020", "108.89", "108.89", COMPARE_AT_LEAST, "99", VERDICT_MET},
	    {"2020", NULL, NULL, COMPARE_EQUAL, "100", VERDICT_NO_DATA},
	    {"2020", "7.51", "7.51", COMPARE_LESS, "7.5", VERDICT_ON_TRACK},
	    {"2020", "98.32", "98.32", COMPARE_MORE, "98.35", VERDICT_ON_TRACK},
	    {"2020", "1867.66", "1867.66", COMPARE_ABOUT, "2100", VERDICT_ON_TRACK},
	    {"2020", "5.42", "5.42", COMPARE_STRIVE, "6.46", VERDICT_ON_TRACK},
	    {"2020", NULL, "0", COMPARE_HOLD_EQUAL, "0", VERDICT_ON_TRACK},
	    {"2020", "61.2", "61.2", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	    /* The path before the plan is the baseline: a tenth of the way below it is behind. */
	    {"2019", "82.9", "82.83", COMPARE_AT_LEAST, "83.6", VERDICT_BEHIND},
	    {"2019", "82.9", "82.82", COMPARE_AT_LEAST, "83.6", VERDICT_OFF_TRACK},
	    {"2020-06", "82.9", "82.9", COMPARE_AT_LEAST, "83.6", VERDICT_ON_TRACK},
	};
	MUST_ALL_BE(&plan14, plain, rows);
}

/* ---- each comparison, over the plan's time; the way from 50 to 100 is 10 a year, a tenth of it 5 ---- */

static void at_least_follows_the_path_up(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"2021", "50", "60", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	    {"2021", "50", "75.5", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	    {"2021", "50", "59.999", COMPARE_AT_LEAST, "100", VERDICT_BEHIND},
	    {"2021", "50", "55", COMPARE_AT_LEAST, "100", VERDICT_BEHIND},
	    {"2021", "50", "54.999999999", COMPARE_AT_LEAST, "100", VERDICT_OFF_TRACK},
	    {"2023", "50", "80", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	    {"2023", "50", "74.9", COMPARE_AT_LEAST, "100", VERDICT_OFF_TRACK},
	    {"2023", "50", "100", COMPARE_AT_LEAST, "100", VERDICT_MET},
	    {"2025", "50", "100.0", COMPARE_AT_LEAST, "100", VERDICT_MET},
	    {"2025", "50", "99.999999999", COMPARE_AT_LEAST, "100", VERDICT_OFF_TRACK},
	    {"2025-12", "50", "99", COMPARE_AT_LEAST, "100", VERDICT_OFF_TRACK},
	    {"2025-11", "50", "99.2", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK}, /* path 99.1666... */
	    {"2025-11", "50", "99.1", COMPARE_AT_LEAST, "100", VERDICT_BEHIND},
	    {"2027", "50", "99", COMPARE_AT_LEAST, "100", VERDICT_OFF_TRACK},
	    {"2027", "50", "101", COMPARE_AT_LEAST, "100", VERDICT_MET},
	    {"2021-06", "50", "55", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	    {"2021-Q2", "50", "54.99", COMPARE_AT_LEAST, "100", VERDICT_BEHIND},
	    {"2021-S1", "50", "49.99", COMPARE_AT_LEAST, "100", VERDICT_OFF_TRACK},
	    {"2021", "50", NULL, COMPARE_AT_LEAST, "100", VERDICT_NO_DATA},
	    {"2021", "50", "60", COMPARE_AT_LEAST, NULL, VERDICT_NO_DATA},
	    /* already beyond: the path asks for the target, not for the baseline */
	    {"2022", "150", "99", COMPARE_AT_LEAST, "100", VERDICT_BEHIND},
	    {"2022", "150", "94", COMPARE_AT_LEAST, "100", VERDICT_OFF_TRACK},
	    /* no baseline: from zero, 20 a year */
	    {"2021", NULL, "20", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	    {"2021", NULL, "10", COMPARE_AT_LEAST, "100", VERDICT_BEHIND},
	    {"2021", NULL, "9.9", COMPARE_AT_LEAST, "100", VERDICT_OFF_TRACK},
	    /* nowhere to go: any lack is too much */
	    {"2022", "95", "94.99", COMPARE_AT_LEAST, "95", VERDICT_OFF_TRACK},
	    {"2022", "95", "95.00", COMPARE_AT_LEAST, "95", VERDICT_MET},
	};
	MUST_ALL_BE(&plan14, plain, rows);
}

static void more_wants_more_than_the_target(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"2021", "50", "60", COMPARE_MORE, "100", VERDICT_ON_TRACK},
	    {"2021", "50", "55", COMPARE_MORE, "100", VERDICT_BEHIND},
	    {"2024", "50", "100", COMPARE_MORE, "100", VERDICT_ON_TRACK},
	    {"2024", "50", "100.01", COMPARE_MORE, "100", VERDICT_MET},
	    {"2025", "50", "100.00", COMPARE_MORE, "100", VERDICT_OFF_TRACK},
	    {"2025", "50", "100.000000001", COMPARE_MORE, "100", VERDICT_MET},
	};
	MUST_ALL_BE(&plan14, plain, rows);
}

static void at_most_and_less_follow_the_path_down(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"2021", "100", "90", COMPARE_AT_MOST, "50", VERDICT_ON_TRACK},
	    {"2021", "100", "95", COMPARE_AT_MOST, "50", VERDICT_BEHIND},
	    {"2021", "100", "95.1", COMPARE_AT_MOST, "50", VERDICT_OFF_TRACK},
	    {"2021", "100", "50", COMPARE_AT_MOST, "50", VERDICT_MET},
	    {"2025", "100", "50", COMPARE_AT_MOST, "50", VERDICT_MET},
	    {"2025", "100", "50.1", COMPARE_AT_MOST, "50", VERDICT_OFF_TRACK},
	    {"2022", "100", "50", COMPARE_LESS, "50", VERDICT_ON_TRACK},
	    {"2022", "100", "49.9", COMPARE_LESS, "50", VERDICT_MET},
	    {"2025", "100", "50", COMPARE_LESS, "50", VERDICT_OFF_TRACK},
	    /* from zero: the path asks for the target all along */
	    {"2022", NULL, "10", COMPARE_AT_MOST, "10", VERDICT_MET},
	    {"2022", NULL, "11", COMPARE_AT_MOST, "10", VERDICT_BEHIND},
	    {"2022", NULL, "11.1", COMPARE_AT_MOST, "10", VERDICT_OFF_TRACK},
	    /* row 24: 3.02 is below 4 from the start */
	    {"2022", "3.02", "3.5", COMPARE_LESS, "4", VERDICT_MET},
	    {"2022", "3.02", "4", COMPARE_LESS, "4", VERDICT_ON_TRACK},
	    {"2022", "3.02", "4.05", COMPARE_LESS, "4", VERDICT_BEHIND},
	    {"2022", "3.02", "4.5", COMPARE_LESS, "4", VERDICT_OFF_TRACK},
	};
	MUST_ALL_BE(&plan14, plain, rows);
}

static void equal_is_missed_on_both_sides(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"2021", "50", "60", COMPARE_EQUAL, "100", VERDICT_ON_TRACK},
	    {"2021", "50", "100", COMPARE_EQUAL, "100", VERDICT_MET},
	    {"2021", "50", "104", COMPARE_EQUAL, "100", VERDICT_BEHIND},
	    {"2021", "50", "106", COMPARE_EQUAL, "100", VERDICT_OFF_TRACK},
	    {"2021", "100", "90", COMPARE_EQUAL, "50", VERDICT_ON_TRACK},
	    {"2021", "100", "46", COMPARE_EQUAL, "50", VERDICT_BEHIND},
	    {"2025", "50", "100.1", COMPARE_EQUAL, "100", VERDICT_OFF_TRACK},
	    {"2025", "50", "100.0", COMPARE_EQUAL, "100", VERDICT_MET},
	};
	MUST_ALL_BE(&plan14, plain, rows);
}

/* 2100 with 5 percent: 1995 to 2205. From 1867.66 the way is 232.34, 46.468 a year. */
static void about_is_met_within_its_tolerance_and_only_at_the_end(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"2021", "1867.66", "1914.128", COMPARE_ABOUT, "2100", VERDICT_ON_TRACK},
	    {"2021", "1867.66", "1914.127", COMPARE_ABOUT, "2100", VERDICT_BEHIND},
	    {"2021", "1867.66", "1890.894", COMPARE_ABOUT, "2100", VERDICT_BEHIND},
	    {"2021", "1867.66", "1890.893", COMPARE_ABOUT, "2100", VERDICT_OFF_TRACK},
	    {"2024", "1867.66", "1995", COMPARE_ABOUT, "2100", VERDICT_ON_TRACK},
	    {"2024", "1867.66", "2205", COMPARE_ABOUT, "2100", VERDICT_ON_TRACK},
	    {"2024", "1867.66", "2205.01", COMPARE_ABOUT, "2100", VERDICT_BEHIND},
	    {"2024", "1867.66", "2228.24", COMPARE_ABOUT, "2100", VERDICT_OFF_TRACK},
	    {"2025", "1867.66", "1995", COMPARE_ABOUT, "2100", VERDICT_MET},
	    {"2025", "1867.66", "1994.99", COMPARE_ABOUT, "2100", VERDICT_OFF_TRACK},
	    {"2025", "1867.66", "2205", COMPARE_ABOUT, "2100", VERDICT_MET},
	    {"2025", "1867.66", "2205.01", COMPARE_ABOUT, "2100", VERDICT_OFF_TRACK},
	    {"2025", NULL, "-104", COMPARE_ABOUT, "-100", VERDICT_MET},
	};
	MUST_ALL_BE(&plan14, plain, rows);
	struct target narrow = plain;
	narrow.tolerance = number("0.5");
	static const struct row narrow_rows[] = {
	    {"2025", "0", "2089.5", COMPARE_ABOUT, "2100", VERDICT_MET},
	    {"2025", "0", "2089.4", COMPARE_ABOUT, "2100", VERDICT_OFF_TRACK},
	};
	MUST_ALL_BE(&plan14, narrow, narrow_rows);
}

static void hold_is_off_track_once_violated_and_met_only_at_the_end(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"2022", "87", "85", COMPARE_HOLD_AT_LEAST, "85", VERDICT_ON_TRACK},
	    {"2022", "87", "84.99", COMPARE_HOLD_AT_LEAST, "85", VERDICT_OFF_TRACK},
	    {"2025", "87", "85", COMPARE_HOLD_AT_LEAST, "85", VERDICT_MET},
	    {"2025", "87", "84.99", COMPARE_HOLD_AT_LEAST, "85", VERDICT_OFF_TRACK},
	    {"2025-09", "87", "86", COMPARE_HOLD_AT_LEAST, "85", VERDICT_ON_TRACK},
	    {"2025-Q4", "87", "86", COMPARE_HOLD_AT_LEAST, "85", VERDICT_MET},
	    {"2022", NULL, "0", COMPARE_HOLD_EQUAL, "0", VERDICT_ON_TRACK},
	    {"2022", NULL, "1", COMPARE_HOLD_EQUAL, "0", VERDICT_OFF_TRACK},
	    {"2025", NULL, "0", COMPARE_HOLD_EQUAL, "0", VERDICT_MET},
	    {"2025", NULL, "1", COMPARE_HOLD_EQUAL, "0", VERDICT_OFF_TRACK},
	    {"2025", NULL, NULL, COMPARE_HOLD_EQUAL, "0", VERDICT_NO_DATA},
	};
	MUST_ALL_BE(&plan14, plain, rows);
}

static void strive_is_judged_as_at_least(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"2021", "5.42", "5.628", COMPARE_STRIVE, "6.46", VERDICT_ON_TRACK}, /* 5.42 + 1.04 / 5 */
	    {"2021", "5.42", "5.627", COMPARE_STRIVE, "6.46", VERDICT_BEHIND},
	    {"2021", "5.42", "5.523", COMPARE_STRIVE, "6.46", VERDICT_OFF_TRACK},
	    {"2023", "5.42", "6.46", COMPARE_STRIVE, "6.46", VERDICT_MET},
	    {"2025", "5.42", "6.459", COMPARE_STRIVE, "6.46", VERDICT_OFF_TRACK},
	};
	MUST_ALL_BE(&plan14, plain, rows);
}

/* Row 16: 161.53 in the years before says nothing about 110 in these. */
static void a_count_from_the_first_day_starts_at_zero(void **state)
{
	(void)state;
	struct target counted = plain;
	counted.starts_at_zero = true;
	static const struct row rows[] = {
	    {"2020", "161.53", "161.53", COMPARE_AT_LEAST, "110", VERDICT_NO_DATA},
	    {"2020", "61.2", "61.2", COMPARE_AT_LEAST, "100", VERDICT_NO_DATA},
	    {"2021", "161.53", "22", COMPARE_AT_LEAST, "110", VERDICT_ON_TRACK},
	    {"2021", "161.53", "11", COMPARE_AT_LEAST, "110", VERDICT_BEHIND},
	    {"2021", "161.53", "10.99", COMPARE_AT_LEAST, "110", VERDICT_OFF_TRACK},
	    {"2021-03", "161.53", "5.5", COMPARE_AT_LEAST, "110", VERDICT_ON_TRACK},
	    {"2025", "161.53", "110", COMPARE_AT_LEAST, "110", VERDICT_MET},
	};
	MUST_ALL_BE(&plan14, counted, rows);
}

static void income_keeps_pace_with_the_series_it_follows(void **state)
{
	(void)state;
	static const struct {
		const char *period, *value, *followed;
		enum verdict expected;
	} rows[] = {
	    {"2020", "7.9", "6.0", VERDICT_ON_TRACK},   {"2022", "5.5", "6.0", VERDICT_ON_TRACK},
	    {"2022", "5.49", "6.0", VERDICT_BEHIND},    {"2022", "5.0", "6.00", VERDICT_BEHIND},
	    {"2022", "4.99", "6.0", VERDICT_OFF_TRACK}, {"2025", "5.5", "6.0", VERDICT_MET},
	    {"2025", "5.4", "6.0", VERDICT_OFF_TRACK},  {"2025", "-0.5", "0", VERDICT_MET},
	    {"2022", "5.5", NULL, VERDICT_NO_DATA},     {"2022", NULL, "6.0", VERDICT_NO_DATA},
	};
	const struct target target = {.row = "15a", .comparison = COMPARE_TRACKS_GDP};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct printed_number now = number(rows[i].value), pace = number(rows[i].followed);
		const struct value value = {.state = now.present ? VALUE_PRESENT : VALUE_NO_DATA,
		                            .units = now.units};
		const struct value followed = {.state = pace.present ? VALUE_PRESENT : VALUE_DIVISION_BY_ZERO,
		                               .units = pace.units};
		assert_int_equal(
		    judge(&plan14, &target, rows[i].period, &value, now.decimals, &followed, pace.decimals)
		        .verdict,
		    rows[i].expected);
		assert_int_equal(
		    judge(&plan14, &target, rows[i].period, &value, now.decimals, NULL, 0).verdict,
		    VERDICT_NO_DATA);
	}
}

static void a_provisional_value_is_judged_and_a_missing_one_is_not(void **state)
{
	(void)state;
	struct target target = plain;
	target.goal = number("100");
	struct value value = {
	    .state = VALUE_PRESENT, .units = 101, .status = 'P', .reported = 9, .expected = 11};
	assert_int_equal(judge(&plan14, &target, "2022", &value, 0, NULL, 0).verdict, VERDICT_MET);
	for (enum value_state other = VALUE_NO_DATA; other <= VALUE_UNDEFINED; other++) {
		value.state = other;
		assert_int_equal(judge(&plan14, &target, "2022", &value, 0, NULL, 0).verdict,
		                 VERDICT_NO_DATA);
	}
}

static void the_largest_numbers_are_compared_exactly(void **state)
{
	(void)state;
	static const struct row rows[] = {
	    {"2025", "0", "9223372036854775807", COMPARE_AT_LEAST, "9223372036.854775807", VERDICT_MET},
	    {"2025", "0", "9223372036854775806", COMPARE_AT_LEAST, "9223372036854775807", VERDICT_OFF_TRACK},
	    {"2024", "-9223372036854775807", "9223372036854775806", COMPARE_AT_LEAST, "9223372036854775807",
	     VERDICT_ON_TRACK},
	    {"2022", "0.000000001", "9223372036.854775806", COMPARE_ABOUT, "9223372036.854775807",
	     VERDICT_ON_TRACK},
	};
	MUST_ALL_BE(&plan14, plain, rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_13th_plan_at_its_end_is_met_but_for_the_books),
	    cmocka_unit_test(the_14th_plan_before_it_begins),
	    cmocka_unit_test(at_least_follows_the_path_up),
	    cmocka_unit_test(more_wants_more_than_the_target),
	    cmocka_unit_test(at_most_and_less_follow_the_path_down),
	    cmocka_unit_test(equal_is_missed_on_both_sides),
	    cmocka_unit_test(about_is_met_within_its_tolerance_and_only_at_the_end),
	    cmocka_unit_test(hold_is_off_track_once_violated_and_met_only_at_the_end),
	    cmocka_unit_test(strive_is_judged_as_at_least),
	    cmocka_unit_test(a_count_from_the_first_day_starts_at_zero),
	    cmocka_unit_test(income_keeps_pace_with_the_series_it_follows),
	    cmocka_unit_test(a_provisional_value_is_judged_and_a_missing_one_is_not),
	    cmocka_unit_test(the_largest_numbers_are_compared_exactly),
	};
	return cmocka_run_group_tests_name("plan_judge", tests, NULL, NULL);
}
