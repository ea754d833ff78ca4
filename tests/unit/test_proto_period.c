#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/period.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* ---- an independent calendar: it walks from day to day and knows nothing but the lengths of months */

struct walk {
	int year, month, day, day_of_year; /* month and day from 1, day_of_year from 0 */
	int32_t since_1970;
};

static const struct walk FIRST = {1900, 1, 1, 0, -25567};

static int walk_month_length(int year, int month)
{
	static const int LENGTHS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return LENGTHS[month - 1] + (month == 2 && leap);
}

static void walk_on(struct walk *walk)
{
	walk->since_1970++;
	walk->day_of_year++;
	if (++walk->day <= walk_month_length(walk->year, walk->month))
		return;
	walk->day = 1;
	if (++walk->month <= 12)
		return;
	walk->month = 1;
	walk->day_of_year = 0;
	walk->year++;
}

static int walk_part(const struct walk *walk, enum period_frequency frequency)
{
	switch (frequency) {
	case PERIOD_ANNUAL:
		return 0;
	case PERIOD_HALF_YEAR:
		return walk->month > 6;
	case PERIOD_QUARTER:
		return (walk->month - 1) / 3;
	case PERIOD_MONTH:
		return walk->month - 1;
	case PERIOD_DAY:
		return walk->day_of_year;
	}
	abort();
}

/* ---- text */

static struct period p(const char *text)
{
	struct period period = {0};

	assert_int_equal(period_parse(text, strlen(text), &period), 0);
	return period;
}

static void assert_text(struct period period, const char *expected)
{
	char text[PERIOD_TEXT_SIZE];

	period_format(period, text);
	assert_string_equal(text, expected);
}

static void must_accept(const char *text, enum period_frequency frequency, int year, int part,
                        const char *canonical)
{
	struct period period = p(text);

	assert_int_equal(period_frequency_of(period), frequency);
	assert_int_equal(period_year(period), year);
	assert_int_equal(period_part(period), part);
	assert_int_equal(period.code, period_make(frequency, year, part).code);
	assert_text(period, canonical);
}

static void must_refuse(const char *text, int verdict)
{
	struct period period = {.code = 77};

	if (period_parse(text, strlen(text), &period) != verdict)
		fail_msg("'%s' should get verdict %d", text, verdict);
	assert_int_equal(period.code, 77);
}

static void every_form_is_read(void **state)
{
	(void)state;
	must_accept("2024", PERIOD_ANNUAL, 2024, 0, "2024");
	must_accept("2024-A1", PERIOD_ANNUAL, 2024, 0, "2024");
	must_accept("2024-S1", PERIOD_HALF_YEAR, 2024, 0, "2024-S1");
	must_accept("2024-S2", PERIOD_HALF_YEAR, 2024, 1, "2024-S2");
	must_accept("2024-Q1", PERIOD_QUARTER, 2024, 0, "2024-Q1");
	must_accept("2024-Q4", PERIOD_QUARTER, 2024, 3, "2024-Q4");
	must_accept("2024-01", PERIOD_MONTH, 2024, 0, "2024-01");
	must_accept("2024-12", PERIOD_MONTH, 2024, 11, "2024-12");
	must_accept("2024-M06", PERIOD_MONTH, 2024, 5, "2024-06");
	must_accept("2024-01-01", PERIOD_DAY, 2024, 0, "2024-01-01");
	must_accept("2024-06-15", PERIOD_DAY, 2024, 166, "2024-06-15");
	must_accept("2024-02-29", PERIOD_DAY, 2024, 59, "2024-02-29");
	must_accept("2000-02-29", PERIOD_DAY, 2000, 59, "2000-02-29");
	must_accept("2023-12-31", PERIOD_DAY, 2023, 364, "2023-12-31");
	must_accept("1900", PERIOD_ANNUAL, 1900, 0, "1900");
	must_accept("1900-01-01", PERIOD_DAY, 1900, 0, "1900-01-01");
	must_accept("2199", PERIOD_ANNUAL, 2199, 0, "2199");
	must_accept("2199-12-31", PERIOD_DAY, 2199, 364, "2199-12-31");
}

static void other_forms_are_refused(void **state)
{
	static const char *const FORMS[] = {
	    "",           " ",           "2",
	    "202",        "20240",       "2024 ",
	    " 2024",      "2024-",       "2024-6",
	    "2024-Q",     "2024-Q02",    "2024-q2",
	    "2024Q2",     "2024-S01",    "2024-M6",
	    "2024-A01",   "2024-H1",     "2024-T1",
	    "2024-W05",   "2024-D001",   "2024/06",
	    "2024.06",    "2024-06-1",   "2024-6-15",
	    "20240615",   "2024-06-15Z", "2024-06-15T00:00:00",
	    "2024-06 15", "-024",        "+2024",
	    "２０２４",   "abcd",        "2024-0x",
	    "2024-1 ",    "2024-Q٣",     "2024年",
	    "2024-Q2\n",  "2024-06-",    "2024--6",
	    "2024-A",
	};

	(void)state;
	for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++)
		must_refuse(FORMS[i], PERIOD_BAD_FORM);
}

static void impossible_periods_are_out_of_range(void **state)
{
	static const char *const PERIODS[] = {
	    "2024-00",    "2024-13",    "2024-99",    "2024-M00",   "2024-M13",   "2024-Q0",    "2024-Q5",
	    "2024-S0",    "2024-S3",    "2024-A0",    "2024-A2",    "2024-02-30", "2023-02-29", "1900-02-29",
	    "2100-02-29", "2024-04-31", "2024-06-00", "2024-06-32", "2024-00-01", "2024-13-01", "1899",
	    "1899-12-31", "2200",       "2200-01-01", "0000",       "9999-12",    "1899-Q4",    "2200-S1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof PERIODS / sizeof PERIODS[0]; i++)
		must_refuse(PERIODS[i], PERIOD_OUT_OF_RANGE);
}

static void length_counts_and_not_the_end_of_the_string(void **state)
{
	struct period period = {0};

	(void)state;
	assert_int_equal(period_parse("2024-06-15", 4, &period), 0);
	assert_text(period, "2024");
	assert_int_equal(period_parse("2024-06-15", 7, &period), 0);
	assert_text(period, "2024-06");
	assert_int_equal(period_parse("2024\0-06", 8, &period), PERIOD_BAD_FORM);
	assert_int_equal(period_parse("2024\0", 5, &period), PERIOD_BAD_FORM);
}

static void frequencies_have_letters_and_examples(void **state)
{
	static const char *const WRONG[] = {"", "a", "m", "W", "H", "AA", "A ", "MM", "1"};

	(void)state;
	for (int i = PERIOD_ANNUAL; i <= PERIOD_DAY; i++) {
		enum period_frequency frequency = (enum period_frequency)i, found = PERIOD_ANNUAL;
		const char letter[] = {period_frequency_letter(frequency), '\0'};
		assert_int_equal(period_frequency_parse(letter, &found), 0);
		assert_int_equal(found, frequency);
		const char *example = strstr(period_frequency_example(frequency), "such as ");
		assert_non_null(example);
		assert_int_equal(period_frequency_of(p(example + strlen("such as "))), frequency);
	}
	assert_int_equal(period_frequency_letter(PERIOD_HALF_YEAR), 'S');
	for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
		enum period_frequency found = PERIOD_QUARTER;
		assert_int_equal(period_frequency_parse(WRONG[i], &found), PERIOD_BAD_FORM);
		assert_int_equal(found, PERIOD_QUARTER);
	}
}

/* ---- codes, which are on disk */

static void codes_are_as_documented(void **state)
{
	(void)state;
	assert_int_equal(p("2024").code, 1u << 28 | 2024);
	assert_int_equal(p("2024-S2").code, 2u << 28 | (2 * 2024 + 1));
	assert_int_equal(p("2024-Q3").code, 3u << 28 | (4 * 2024 + 2));
	assert_int_equal(p("2024-12").code, 4u << 28 | (12 * 2024 + 11));
	assert_int_equal(p("1900-01-01").code, 5u << 28);
	assert_int_equal(p("1970-01-01").code, 5u << 28 | 25567);
}

static void only_codes_that_can_be_made_are_codes(void **state)
{
	static const struct {
		uint32_t frequency, first, last;
	} ROWS[] = {{1, 1900, 2199}, {2, 3800, 4399}, {3, 7600, 8799}, {4, 22800, 26399}, {5, 0, 109572}};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
		uint32_t base = ROWS[i].frequency << 28;
		for (uint32_t ordinal = ROWS[i].first; ordinal <= ROWS[i].last; ordinal++) {
			struct period period = {base | ordinal};
			assert_true(period_is_code(period.code));
			assert_int_equal(
			    period_make(period_frequency_of(period), period_year(period), period_part(period))
			        .code,
			    period.code);
		}
		assert_false(period_is_code(base | (ROWS[i].last + 1)));
		assert_false(period_is_code(base | 0x0fffffff));
		if (ROWS[i].first > 0)
			assert_false(period_is_code(base | (ROWS[i].first - 1)));
	}
	assert_false(period_is_code(0));
	assert_false(period_is_code(2024));
	assert_false(period_is_code(6u << 28 | 2024));
	assert_false(period_is_code(UINT32_MAX));
}

static void every_code_survives_its_text(void **state)
{
	struct period period = p("1900-01-01");
	char text[PERIOD_TEXT_SIZE];

	(void)state;
	for (int i = PERIOD_ANNUAL; i <= PERIOD_DAY; i++) {
		period = period_of_day(FIRST.since_1970, (enum period_frequency)i);
		do {
			period_format(period, text);
			assert_int_equal(p(text).code, period.code);
		} while (period_shift(period, 1, &period));
	}
}

/* ---- the calendar */

static void assert_inverses(struct period day, struct period around, const struct walk *walk)
{
	enum period_frequency frequency = period_frequency_of(around);

	assert_int_equal(period_year(around), walk->year);
	assert_int_equal(period_part(around), walk_part(walk, frequency));
	assert_int_equal(period_of_day(walk->since_1970, frequency).code, around.code);
	assert_true(period_first_day(around) <= walk->since_1970 &&
	            walk->since_1970 <= period_last_day(around));
	assert_true(period_first_inside(around, PERIOD_DAY).code <= day.code);
	assert_true(period_last_inside(around, PERIOD_DAY).code >= day.code);
}

static void every_day_belongs_where_the_walk_says(void **state)
{
	struct walk walk = FIRST;

	(void)state;
	for (; walk.year <= 2199; walk_on(&walk)) {
		struct period day = period_of_day(walk.since_1970, PERIOD_DAY);
		assert_int_equal(period_first_day(day), walk.since_1970);
		assert_int_equal(period_last_day(day), walk.since_1970);
		for (int i = PERIOD_ANNUAL; i <= PERIOD_DAY; i++)
			assert_inverses(day, period_containing(day, (enum period_frequency)i), &walk);
	}
	assert_int_equal(walk.since_1970, 84006); /* 2200-01-01 */
}

static void periods_begin_and_end_where_the_walk_changes(void **state)
{
	struct walk walk = FIRST, next = FIRST;

	(void)state;
	for (walk_on(&next); walk.year <= 2199; walk = next, walk_on(&next)) {
		for (int i = PERIOD_ANNUAL; i <= PERIOD_DAY; i++) {
			enum period_frequency frequency = (enum period_frequency)i;
			struct period around = period_of_day(walk.since_1970, frequency);
			bool ends = walk.year != next.year ||
			            walk_part(&walk, frequency) != walk_part(&next, frequency);
			assert_int_equal(ends, period_last_day(around) == walk.since_1970);
			struct period after;
			if (ends && period_shift(around, 1, &after))
				assert_int_equal(period_first_day(after), next.since_1970);
		}
	}
}

static void first_and_last_inside_are_inverses_of_containing(void **state)
{
	(void)state;
	for (int c = PERIOD_ANNUAL; c <= PERIOD_DAY; c++) {
		struct period coarse = period_of_day(FIRST.since_1970, (enum period_frequency)c);
		do {
			for (int f = c; f <= PERIOD_DAY; f++) {
				struct period first = period_first_inside(coarse, (enum period_frequency)f);
				struct period last = period_last_inside(coarse, (enum period_frequency)f),
				              beyond;
				assert_int_equal(period_containing(first, (enum period_frequency)c).code,
				                 coarse.code);
				assert_int_equal(period_containing(last, (enum period_frequency)c).code,
				                 coarse.code);
				assert_int_equal(period_first_day(first), period_first_day(coarse));
				assert_int_equal(period_last_day(last), period_last_day(coarse));
				assert_true(period_distance(first, last) >= 0);
				if (period_shift(first, -1, &beyond))
					assert_int_not_equal(
					    period_containing(beyond, (enum period_frequency)c).code,
					    coarse.code);
				if (period_shift(last, 1, &beyond))
					assert_int_not_equal(
					    period_containing(beyond, (enum period_frequency)c).code,
					    coarse.code);
			}
		} while (period_shift(coarse, 1, &coarse));
	}
}

static void days_outside_the_calendar_count_as_its_nearest(void **state)
{
	(void)state;
	assert_text(period_of_day(-25568, PERIOD_DAY), "1900-01-01");
	assert_text(period_of_day(INT32_MIN, PERIOD_MONTH), "1900-01");
	assert_text(period_of_day(84005, PERIOD_DAY), "2199-12-31");
	assert_text(period_of_day(84006, PERIOD_DAY), "2199-12-31");
	assert_text(period_of_day(INT32_MAX, PERIOD_ANNUAL), "2199");
}

/* ---- arithmetic */

static void must_shift(const char *from, int count, const char *to)
{
	struct period shifted = {0};

	assert_true(period_shift(p(from), count, &shifted));
	assert_text(shifted, to);
	assert_int_equal(period_distance(p(from), shifted), count);
	assert_int_equal(period_distance(shifted, p(from)), -count);
}

static void must_not_shift(const char *from, int count)
{
	struct period shifted = {.code = 77};

	assert_false(period_shift(p(from), count, &shifted));
	assert_int_equal(shifted.code, 77);
}

static void shifting_counts_periods_and_stops_at_the_edges(void **state)
{
	(void)state;
	must_shift("2024", 0, "2024");
	must_shift("2024", 1, "2025");
	must_shift("2024-S1", 3, "2025-S2");
	must_shift("2024-Q1", -1, "2023-Q4");
	must_shift("2024-12", 1, "2025-01");
	must_shift("2024-01", -13, "2022-12");
	must_shift("2024-02-28", 1, "2024-02-29");
	must_shift("2023-02-28", 1, "2023-03-01");
	must_shift("2024-01-01", -1, "2023-12-31");
	must_shift("1900", 299, "2199");
	must_shift("2199-12-31", -109572, "1900-01-01");
	must_not_shift("1900", -1);
	must_not_shift("2199", 1);
	must_not_shift("1900-S1", -1);
	must_not_shift("2199-Q4", 1);
	must_not_shift("1900-01", -1);
	must_not_shift("2199-12-31", 1);
	must_not_shift("1900-01-01", -1);
	must_not_shift("2024-06", INT32_MAX);
	must_not_shift("2024-06", INT32_MIN);
}

static void must_shift_years(const char *from, int years, const char *to)
{
	struct period shifted = {0};

	assert_true(period_shift_years(p(from), years, &shifted));
	assert_text(shifted, to);
}

static void shifting_years_keeps_the_place_in_the_year(void **state)
{
	struct period shifted = {.code = 77};

	(void)state;
	must_shift_years("2024", 1, "2025");
	must_shift_years("2024-Q2", 1, "2025-Q2");
	must_shift_years("2024-S2", -4, "2020-S2");
	must_shift_years("2024-06", -10, "2014-06");
	must_shift_years("2024-06-15", 1, "2025-06-15");
	must_shift_years("2024-12-31", 1, "2025-12-31");
	must_shift_years("2024-02-29", 1, "2025-02-28");
	must_shift_years("2024-02-29", 4, "2028-02-29");
	must_shift_years("2023-02-28", 1, "2024-02-28");
	must_shift_years("2000-02-29", 100, "2100-02-28");
	assert_false(period_shift_years(p("2024-06"), 176, &shifted));
	assert_false(period_shift_years(p("2024-06-15"), -125, &shifted));
	assert_false(period_shift_years(p("2024"), INT32_MAX, &shifted));
	assert_false(period_shift_years(p("2024"), INT32_MIN, &shifted));
	assert_int_equal(shifted.code, 77);
}

static void must_have_ended(const char *now, enum period_frequency frequency, const char *expected)
{
	struct period ended = {0};

	assert_true(period_newest_ended(p(now), frequency, &ended));
	assert_text(ended, expected);
}

static void newest_ended_is_the_last_that_is_over(void **state)
{
	struct period ended = {.code = 77};

	(void)state;
	must_have_ended("2021-03", PERIOD_ANNUAL, "2020");
	must_have_ended("2021-03", PERIOD_QUARTER, "2021-Q1");
	must_have_ended("2021-03", PERIOD_HALF_YEAR, "2020-S2");
	must_have_ended("2021-02", PERIOD_QUARTER, "2020-Q4");
	must_have_ended("2021-12", PERIOD_ANNUAL, "2021");
	must_have_ended("2021-Q4", PERIOD_ANNUAL, "2021");
	must_have_ended("2021-12-30", PERIOD_MONTH, "2021-11");
	must_have_ended("2021-12-31", PERIOD_MONTH, "2021-12");
	must_have_ended("2024-02-28", PERIOD_MONTH, "2024-01");
	must_have_ended("2024-02-29", PERIOD_MONTH, "2024-02");
	must_have_ended("2021", PERIOD_ANNUAL, "2021");
	must_have_ended("2021", PERIOD_MONTH, "2021-12");
	must_have_ended("2021-Q1", PERIOD_MONTH, "2021-03");
	must_have_ended("2021-S1", PERIOD_DAY, "2021-06-30");
	must_have_ended("1900-12-31", PERIOD_ANNUAL, "1900");
	assert_false(period_newest_ended(p("1900-03"), PERIOD_ANNUAL, &ended));
	assert_false(period_newest_ended(p("1900-01-30"), PERIOD_MONTH, &ended));
	assert_int_equal(ended.code, 77);
}

/* The definition itself, found by searching: the last period whose last day is not after that of `now`. */
static void newest_ended_agrees_with_a_search(void **state)
{
	struct period now = p("2019-01-01"), end = p("2025-12-31");

	(void)state;
	for (; period_distance(now, end) >= 0; assert_true(period_shift(now, 1, &now))) {
		for (int i = PERIOD_ANNUAL; i <= PERIOD_DAY; i++) {
			struct period found = period_of_day(period_last_day(end), (enum period_frequency)i),
			              ended = {0};
			while (period_last_day(found) > period_last_day(now))
				assert_true(period_shift(found, -1, &found));
			assert_true(period_newest_ended(now, (enum period_frequency)i, &ended));
			assert_int_equal(ended.code, found.code);
		}
	}
}

static void must_lie_apart(const char *earlier, const char *later, int months)
{
	assert_int_equal(period_months_between_ends(p(earlier), p(later)), months);
	assert_int_equal(period_months_between_ends(p(later), p(earlier)), -months);
}

static void months_between_ends_are_whole_months(void **state)
{
	(void)state;
	must_lie_apart("2020", "2021-03", 3);
	must_lie_apart("2020", "2020", 0);
	must_lie_apart("2020", "2020-12", 0);
	must_lie_apart("2020", "2020-Q4", 0);
	must_lie_apart("2020", "2020-12-31", 0);
	must_lie_apart("2020", "2021", 12);
	must_lie_apart("2020-11", "2020", 1);
	must_lie_apart("2020-Q1", "2020-S2", 9);
	must_lie_apart("2020", "2021-01-30", 0);
	must_lie_apart("2020", "2021-01-31", 1);
	must_lie_apart("2020", "2021-03-15", 2);
	must_lie_apart("2024-01-15", "2024-02-14", 0);
	must_lie_apart("2024-01-15", "2024-02-15", 1);
	must_lie_apart("2024-01", "2024-02-28", 0);
	must_lie_apart("2024-01", "2024-02-29", 1);
	must_lie_apart("2023-01", "2023-02-28", 1);
	must_lie_apart("1900-01", "2199-12", 3599);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_form_is_read),
	    cmocka_unit_test(other_forms_are_refused),
	    cmocka_unit_test(impossible_periods_are_out_of_range),
	    cmocka_unit_test(length_counts_and_not_the_end_of_the_string),
	    cmocka_unit_test(frequencies_have_letters_and_examples),
	    cmocka_unit_test(codes_are_as_documented),
	    cmocka_unit_test(only_codes_that_can_be_made_are_codes),
	    cmocka_unit_test(every_code_survives_its_text),
	    cmocka_unit_test(every_day_belongs_where_the_walk_says),
	    cmocka_unit_test(periods_begin_and_end_where_the_walk_changes),
	    cmocka_unit_test(first_and_last_inside_are_inverses_of_containing),
	    cmocka_unit_test(days_outside_the_calendar_count_as_its_nearest),
	    cmocka_unit_test(shifting_counts_periods_and_stops_at_the_edges),
	    cmocka_unit_test(shifting_years_keeps_the_place_in_the_year),
	    cmocka_unit_test(newest_ended_is_the_last_that_is_over),
	    cmocka_unit_test(newest_ended_agrees_with_a_search),
	    cmocka_unit_test(months_between_ends_are_whole_months),
	};

	return cmocka_run_group_tests_name("proto_period", tests, NULL, NULL);
}
