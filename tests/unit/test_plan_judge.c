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

/* A number of a judgement as it prints, to at most two decimals; NULL: there is none. */
static void must_print(const struct plan_number *judged, const char *expected)
{
	int64_t units;
	assert_int_equal(judged->present, expected != NULL);
	if (!expected)
		return;
	const struct printed_number wanted = number(expected);
	assert_int_equal(fraction_round(judged->is, wanted.decimals, &units), 0);
	assert_int_equal(units, wanted.units);
}

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
	    /* short of the near end, not of the 2053.532 that the path asks for */
	    {"2024", "1867.66", "1994.99", COMPARE_ABOUT, "2100", VERDICT_BEHIND},
	    {"2024", "1867.66", "1971.766", COMPARE_ABOUT, "2100", VERDICT_BEHIND},
	    {"2024", "1867.66", "1971.765", COMPARE_ABOUT, "2100", VERDICT_OFF_TRACK},
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

/* ---- other ways to go ---- */

/* 1867.66 * (2100 / 1867.66)^(months / 60), from 60-digit decimal arithmetic: 1911.97457..., 1957.34061..., 2051.32748...
 * The straight way would ask for 1914.128, 1960.596 and 2053.532. A tenth of the way is 23.234. */
static void a_geometric_path_asks_for_less_at_first(void **state)
{
	(void)state;
	struct target grows = plain;
	grows.course = COURSE_GEOMETRIC;
	static const struct row rows[] = {
	    {"2020", "1867.66", "1867.66", COMPARE_AT_LEAST, "2100", VERDICT_ON_TRACK},
	    {"2019", "1867.66", "1867.65", COMPARE_AT_LEAST, "2100", VERDICT_BEHIND},
	    {"2021", "1867.66", "1911.98", COMPARE_AT_LEAST, "2100", VERDICT_ON_TRACK},
	    {"2021", "1867.66", "1911.97", COMPARE_AT_LEAST, "2100", VERDICT_BEHIND},
	    {"2021", "1867.66", "1888.741", COMPARE_AT_LEAST, "2100", VERDICT_BEHIND},
	    {"2021", "1867.66", "1888.740", COMPARE_AT_LEAST, "2100", VERDICT_OFF_TRACK},
	    {"2021-06", "1867.66", "1889.68739105", COMPARE_AT_LEAST, "2100", VERDICT_ON_TRACK},
	    {"2021-06", "1867.66", "1889.68739103", COMPARE_AT_LEAST, "2100", VERDICT_BEHIND},
	    {"2024", "1867.66", "2051.33", COMPARE_AT_LEAST, "2100", VERDICT_ON_TRACK},
	    {"2024", "1867.66", "2051.32", COMPARE_AT_LEAST, "2100", VERDICT_BEHIND},
	    {"2025", "1867.66", "2100", COMPARE_AT_LEAST, "2100", VERDICT_MET},
	    {"2025", "1867.66", "2099.99", COMPARE_AT_LEAST, "2100", VERDICT_OFF_TRACK},
	    /* from 100 to 25, halved in the middle of the time: 30 of 60 months */
	    {"2023-06", "100", "50", COMPARE_AT_MOST, "25", VERDICT_ON_TRACK},
	    {"2023-06", "100", "50.001", COMPARE_AT_MOST, "25", VERDICT_BEHIND},
	    {"2023-06", "100", "57.5", COMPARE_AT_MOST, "25", VERDICT_BEHIND},
	    {"2023-06", "100", "57.501", COMPARE_AT_MOST, "25", VERDICT_OFF_TRACK},
	};
	MUST_ALL_BE(&plan14, grows, rows);
}

static void a_yearly_path_goes_in_steps(void **state)
{
	(void)state;
	const struct yearly_goal steps[] = {{2021, number("20")}, {2022, number("30")}, {2024, number("90")}};
	struct target stepwise = plain;
	stepwise.course = COURSE_YEARLY;
	stepwise.yearly = steps;
	stepwise.yearly_count = 3;
	/* From 10 to 100; a tenth of the way is 9. */
	static const struct row rows[] = {
	    {"2020", "10", "10", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	    {"2021-11", "10", "10", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	    {"2021-11", "10", "9.9", COMPARE_AT_LEAST, "100", VERDICT_BEHIND},
	    {"2021-12", "10", "19.9", COMPARE_AT_LEAST, "100", VERDICT_BEHIND},
	    {"2021", "10", "20", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	    {"2021", "10", "11", COMPARE_AT_LEAST, "100", VERDICT_BEHIND},
	    {"2021", "10", "10.9", COMPARE_AT_LEAST, "100", VERDICT_OFF_TRACK},
	    {"2022-Q3", "10", "20", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	    {"2022", "10", "29.9", COMPARE_AT_LEAST, "100", VERDICT_BEHIND},
	    {"2023", "10", "30", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	    {"2024", "10", "90", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	    {"2024", "10", "81", COMPARE_AT_LEAST, "100", VERDICT_BEHIND},
	    {"2024", "10", "80.9", COMPARE_AT_LEAST, "100", VERDICT_OFF_TRACK},
	    {"2025-11", "10", "90", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	    {"2025", "10", "99.9", COMPARE_AT_LEAST, "100", VERDICT_OFF_TRACK},
	    {"2025", "10", "100", COMPARE_AT_LEAST, "100", VERDICT_MET},
	    /* a step beyond the goal asks for no more than the goal: 60 by 2024 */
	    {"2024", "10", "60", COMPARE_AT_LEAST, "60", VERDICT_MET},
	    {"2024", "10", "59", COMPARE_AT_LEAST, "60", VERDICT_BEHIND},
	    /* without a baseline from zero */
	    {"2021-06", NULL, "0", COMPARE_AT_LEAST, "100", VERDICT_ON_TRACK},
	};
	MUST_ALL_BE(&plan14, stepwise, rows);
}

/* ---- hold, with all that was ---- */

static struct judgement judge_held(enum comparison comparison, const char *goal, const char *period,
                                   const struct value *value, const struct plan_point *points, size_t count)
{
	struct target held = plain;
	held.comparison = comparison;
	held.goal = number(goal);
	held.baseline = number("87");
	struct judgement judgement;
	plan_judge(&(struct plan_evidence){.plan = &plan14,
	                                   .target = &held,
	                                   .period = period_of(period),
	                                   .value = value,
	                                   .points = points,
	                                   .point_count = count},
	           &judgement);
	return judgement;
}

static void a_hold_fails_by_its_worst_period_since_the_plan_began(void **state)
{
	(void)state;
	const struct value good = {.state = VALUE_PRESENT, .units = 90, .status = 'A'};
	const struct value absent = {.state = VALUE_NO_DATA};
	const struct plan_point points[] = {
	    {period_of("2020-12"), 70, false}, /* before the plan */
	    {period_of("2021-03"), 86, false}, {period_of("2022-05"), 84, true},
	    {period_of("2022-06"), 83, false}, {period_of("2022-07"), 83, false},
	    {period_of("2023-01"), 91, false},
	};
	struct judgement now = judge_held(COMPARE_HOLD_AT_LEAST, "85", "2023-02", &good, points, 6);
	assert_int_equal(now.verdict, VERDICT_OFF_TRACK);
	assert_int_equal(now.worst.period.code, period_of("2022-06").code);
	assert_int_equal(now.worst.units, 83);
	assert_false(now.is_provisional);
	assert_int_equal(now.lack.is.over, 2);
	/* A month without a value does not mend it, nor does the end. */
	now = judge_held(COMPARE_HOLD_AT_LEAST, "85", "2023-02", &absent, points, 6);
	assert_int_equal(now.verdict, VERDICT_OFF_TRACK);
	now = judge_held(COMPARE_HOLD_AT_LEAST, "85", "2025", &good, points, 6);
	assert_int_equal(now.verdict, VERDICT_OFF_TRACK);
	/* What came after the period that is asked for is not known by then. */
	now = judge_held(COMPARE_HOLD_AT_LEAST, "85", "2022-04", &good, points, 6);
	assert_int_equal(now.verdict, VERDICT_ON_TRACK);
	assert_int_equal(now.worst.period.code, period_of("2021-03").code);
	now = judge_held(COMPARE_HOLD_AT_LEAST, "85", "2022-05", &good, points, 6);
	assert_int_equal(now.verdict, VERDICT_OFF_TRACK);
	assert_true(now.is_provisional);
	/* All at or above: on track, met at the end. */
	now = judge_held(COMPARE_HOLD_AT_LEAST, "83", "2025-11", &good, points, 6);
	assert_int_equal(now.verdict, VERDICT_ON_TRACK);
	now = judge_held(COMPARE_HOLD_AT_LEAST, "83", "2025-12", &good, points, 6);
	assert_int_equal(now.verdict, VERDICT_MET);
	/* Nothing at all since the plan began. */
	now = judge_held(COMPARE_HOLD_AT_LEAST, "85", "2021-02", &absent, points, 6);
	assert_int_equal(now.verdict, VERDICT_NO_DATA);
	assert_int_equal(now.worst.period.code, 0);
}

static void a_hold_at_a_value_is_broken_on_both_sides(void **state)
{
	(void)state;
	const struct value good = {.state = VALUE_PRESENT, .units = 0, .status = 'A'};
	const struct plan_point above[] = {{period_of("2021-03"), 0, false},
	                                   {period_of("2022-05"), 2, false}};
	const struct plan_point below[] = {{period_of("2021-03"), -3, false},
	                                   {period_of("2022-05"), 2, false}};
	struct judgement now = judge_held(COMPARE_HOLD_EQUAL, "0", "2022-12", &good, above, 1);
	assert_int_equal(now.verdict, VERDICT_ON_TRACK);
	now = judge_held(COMPARE_HOLD_EQUAL, "0", "2022-12", &good, above, 2);
	assert_int_equal(now.verdict, VERDICT_OFF_TRACK);
	assert_int_equal(now.worst.units, 2);
	now = judge_held(COMPARE_HOLD_EQUAL, "0", "2022-12", &good, below, 2);
	assert_int_equal(now.verdict, VERDICT_OFF_TRACK);
	assert_int_equal(now.worst.units, -3);
}

/* ---- how fast, and when ---- */

/* From a baseline at the end of 2020 to a goal at the end of 2025; NULL: there is none. Numbers to two decimals. */
static void paces_and_the_month_of_arrival_are_worked_out_by_hand(void **state)
{
	(void)state;
	static const struct {
		const char *period, *baseline, *value;
		enum comparison comparison;
		enum course course;
		const char *goal, *path, *pace, *needed, *reached;
	} rows[] = {
	    /* two years gone, 8 a year; 34 to go in three: 11.33; at 8 a year it takes 4.25 years: 51 months */
	    {"2022", "50", "66", COMPARE_AT_LEAST, 0, "100", "70", "8", "11.33", "2027-03"},
	    {"2022-06", "50", "65", COMPARE_AT_LEAST, 0, "100", "65", "10", "10", "2025-12"},
	    /* one month gone, 1 a month */
	    {"2021-01", "50", "51", COMPARE_AT_LEAST, 0, "100", "50.83", "12", "9.97", "2025-02"},
	    /* > is reached a month later where at it is not enough */
	    {"2022-06", "50", "65", COMPARE_MORE, 0, "100", "65", "10", "10", "2026-01"},
	    {"2022", "50", "100", COMPARE_MORE, 0, "100", "70", "25", "0", "2023-01"},
	    /* away from the goal, and standing still: never */
	    {"2022", "50", "49", COMPARE_AT_LEAST, 0, "100", "70", "-0.5", "17", NULL},
	    {"2022", "50", "50", COMPARE_AT_LEAST, 0, "100", "70", "0", "16.67", NULL},
	    /* not before 2200 */
	    {"2022", "50", "50.01", COMPARE_AT_LEAST, 0, "100", "70", "0.01", "16.66", NULL},
	    /* met: nothing more is needed */
	    {"2022", "50", "100", COMPARE_AT_LEAST, 0, "100", "70", "25", NULL, NULL},
	    /* down: 10 a year wanted, 8 a year gone */
	    {"2022", "100", "84", COMPARE_AT_MOST, 0, "50", "80", "-8", "-11.33", "2027-03"},
	    {"2022", "100", "50", COMPARE_LESS, 0, "50", "80", "-25", "0", "2023-01"},
	    /* about 100, 5 percent: 95 is near enough; at 10 a year from 70 that takes two years and a half */
	    {"2022", "50", "70", COMPARE_ABOUT, 0, "100", "70", "10", "10", "2025-06"},
	    {"2022", "50", "96", COMPARE_ABOUT, 0, "100", "70", "23", "1.33", NULL},
	    {"2022", "50", "110", COMPARE_ABOUT, 0, "100", "70", "30", "-3.33", NULL},
	    /* before the plan begins nothing has been gone */
	    {"2020", "50", "50", COMPARE_AT_LEAST, 0, "100", "50", NULL, "10", NULL},
	    /* after its end nothing is left; at 8.33 a year (6 years gone) there is no month to miss */
	    {"2025", "50", "90", COMPARE_AT_LEAST, 0, "100", "100", "8", NULL, "2027-03"},
	    /* no baseline: no pace so far */
	    {"2022", NULL, "66", COMPARE_AT_LEAST, 0, "100", "40", NULL, "11.33", NULL},
	    /* at a rate: doubled in two years, twice more in two */
	    {"2022", "25", "50", COMPARE_AT_LEAST, COURSE_GEOMETRIC, "100", "43.53", "12.5", "16.67",
	     "2024-12"},
	    {"2022", "25", "50", COMPARE_MORE, COURSE_GEOMETRIC, "100", "43.53", "12.5", "16.67", "2025-01"},
	    {"2022", "100", "50", COMPARE_AT_MOST, COURSE_GEOMETRIC, "25", "57.43", "-25", "-8.33",
	     "2024-12"},
	    {"2022", "25", "25", COMPARE_AT_LEAST, COURSE_GEOMETRIC, "100", "43.53", "0", "25", NULL},
	    {"2022", "25", "20", COMPARE_AT_LEAST, COURSE_GEOMETRIC, "100", "43.53", "-2.5", "26.67", NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct target target = plain;
		target.baseline = number(rows[i].baseline);
		target.goal = number(rows[i].goal);
		target.comparison = rows[i].comparison;
		target.course = rows[i].course;
		const struct printed_number now = number(rows[i].value);
		const struct value value = {.state = VALUE_PRESENT, .units = now.units, .status = 'A'};
		const struct judgement judged =
		    judge(&plan14, &target, rows[i].period, &value, now.decimals, NULL, 0);
		must_print(&judged.path, rows[i].path);
		must_print(&judged.pace, rows[i].pace);
		must_print(&judged.pace_needed, rows[i].needed);
		assert_int_equal(judged.reached.code, rows[i].reached ? period_of(rows[i].reached).code : 0);
	}
}

static void what_is_judged_by_a_followed_series_shows_that_as_its_path(void **state)
{
	(void)state;
	const struct target follows = {.row = "15a", .comparison = COMPARE_TRACKS_GDP};
	const struct value value = {.state = VALUE_PRESENT, .units = 57, .status = 'A'};
	const struct value gdp = {.state = VALUE_PRESENT, .units = 64, .status = 'P'};
	const struct judgement judged = judge(&plan14, &follows, "2022", &value, 1, &gdp, 1);
	must_print(&judged.path, "5.9");
	must_print(&judged.lack, "0.2");
	must_print(&judged.way, "5");
	assert_false(judged.pace.present || judged.pace_needed.present);
	assert_int_equal(judged.verdict, VERDICT_BEHIND);
	assert_true(judged.is_provisional); /* the followed one is */
}

/* ---- what holds ---- */

/* The way is 50, a fiftieth of it 1; behind ends 5 short. */
static void a_verdict_gets_worse_at_once_and_better_by_a_margin(void **state)
{
	(void)state;
	static const struct {
		enum verdict before;
		const char *value; /* by the end of 2021, when the path asks for 60 */
		enum verdict expected;
	} rows[] = {
	    {VERDICT_NO_DATA, "60", VERDICT_ON_TRACK},    {VERDICT_NO_DATA, "59.9", VERDICT_BEHIND},
	    {VERDICT_ON_TRACK, "59.9", VERDICT_BEHIND},   {VERDICT_ON_TRACK, "54.9", VERDICT_OFF_TRACK},
	    {VERDICT_MET, "60", VERDICT_ON_TRACK},        {VERDICT_BEHIND, "54.9", VERDICT_OFF_TRACK},
	    {VERDICT_BEHIND, "60", VERDICT_BEHIND},       {VERDICT_BEHIND, "60.99", VERDICT_BEHIND},
	    {VERDICT_BEHIND, "61", VERDICT_ON_TRACK},     {VERDICT_BEHIND, "100", VERDICT_MET},
	    {VERDICT_OFF_TRACK, "55", VERDICT_OFF_TRACK}, {VERDICT_OFF_TRACK, "55.99", VERDICT_OFF_TRACK},
	    {VERDICT_OFF_TRACK, "56", VERDICT_BEHIND},    {VERDICT_OFF_TRACK, "60", VERDICT_BEHIND},
	    {VERDICT_OFF_TRACK, "60.99", VERDICT_BEHIND}, {VERDICT_OFF_TRACK, "61", VERDICT_ON_TRACK},
	    {VERDICT_BEHIND, NULL, VERDICT_BEHIND},       {VERDICT_NO_DATA, NULL, VERDICT_NO_DATA},
	    {VERDICT_CANCELLED, "60", VERDICT_ON_TRACK},
	};
	struct target target = plain;
	target.baseline = number("50");
	target.goal = number("100");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct printed_number now = number(rows[i].value);
		const struct value value = {.state = now.present ? VALUE_PRESENT : VALUE_NO_DATA,
		                            .units = now.units};
		const struct judgement judged =
		    judge(&plan14, &target, "2021", &value, now.decimals, NULL, 0);
		assert_string_equal(verdict_name(plan_settle(rows[i].before, &judged)),
		                    verdict_name(rows[i].expected));
	}
	target.cancelled = "dropped";
	const struct judgement dropped =
	    judge(&plan14, &target, "2021", &(struct value){.state = VALUE_PRESENT}, 0, NULL, 0);
	assert_int_equal(plan_settle(VERDICT_OFF_TRACK, &dropped), VERDICT_CANCELLED);
}

/* Up and down over the path by a little, however often: one change. */
static void a_value_at_the_edge_does_not_flap(void **state)
{
	(void)state;
	struct target target = plain;
	target.baseline = number("50");
	target.goal = number("100");
	enum verdict held = VERDICT_ON_TRACK;
	unsigned changes = 0;
	for (int i = 0; i < 100; i++) {
		const struct value value = {.state = VALUE_PRESENT, .units = 595 + i % 11};
		const struct judgement judged = judge(&plan14, &target, "2021", &value, 1, NULL, 0);
		const enum verdict now = plan_settle(held, &judged);
		changes += now != held;
		held = now;
	}
	assert_int_equal(changes, 1);
	assert_int_equal(held, VERDICT_BEHIND);
}

static void a_chance_counts_as_low_until_it_is_ten_points_above(void **state)
{
	(void)state;
	assert_false(plan_settle_chance(false, 50, 50));
	assert_true(plan_settle_chance(false, 49, 50));
	assert_true(plan_settle_chance(true, 50, 50));
	assert_true(plan_settle_chance(true, 59, 50));
	assert_false(plan_settle_chance(true, 60, 50));
	assert_true(plan_settle_chance(true, 99, 95));
	assert_false(plan_settle_chance(true, 100, 95));
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
	    cmocka_unit_test(a_geometric_path_asks_for_less_at_first),
	    cmocka_unit_test(a_yearly_path_goes_in_steps),
	    cmocka_unit_test(a_hold_fails_by_its_worst_period_since_the_plan_began),
	    cmocka_unit_test(a_hold_at_a_value_is_broken_on_both_sides),
	    cmocka_unit_test(paces_and_the_month_of_arrival_are_worked_out_by_hand),
	    cmocka_unit_test(what_is_judged_by_a_followed_series_shows_that_as_its_path),
	    cmocka_unit_test(a_verdict_gets_worse_at_once_and_better_by_a_margin),
	    cmocka_unit_test(a_value_at_the_edge_does_not_flap),
	    cmocka_unit_test(a_chance_counts_as_low_until_it_is_ten_points_above),
	    cmocka_unit_test(a_provisional_value_is_judged_and_a_missing_one_is_not),
	    cmocka_unit_test(the_largest_numbers_are_compared_exactly),
	};
	return cmocka_run_group_tests_name("plan_judge", tests, NULL, NULL);
}
