#include "daemon/query/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define HOUR_MS ((int64_t)3600 * 1000)
#define MAY_1   ((int64_t)1714521600000) /* 2024-05-01T00:00Z */

static void must_be_time(const char *text, int64_t wall_ms)
{
	struct written_moment moment;
	assert_int_equal(moment_parse(text, &moment), 0);
	assert_false(moment.is_commit);
	assert_int_equal(moment.wall_ms, wall_ms);
}

static void must_refuse(const char *text, int verdict)
{
	struct written_moment moment = {.commit = 77};
	assert_int_equal(moment_parse(text, &moment), verdict);
	assert_int_equal(moment.commit, 77);
}

static void digits_are_a_commit(void **state)
{
	struct written_moment moment;
	(void)state;
	assert_int_equal(moment_parse("17", &moment), 0);
	assert_true(moment.is_commit);
	assert_int_equal(moment.commit, 17);
	assert_int_equal(moment_parse("9999999999999999999", &moment), 0);
	assert_true(moment.commit == UINT64_C(9999999999999999999));
	must_refuse("99999999999999999999", MOMENT_OUT_OF_RANGE);
}

static void a_day_is_its_end_in_china(void **state)
{
	(void)state;
	must_be_time("2024-05-01", MAY_1 + 16 * HOUR_MS - 1);
	must_be_time("1970-01-01", 16 * HOUR_MS - 1);
	must_refuse("2024-02-30", MOMENT_OUT_OF_RANGE);
	must_refuse("2024-05", MOMENT_BAD_FORM);
	must_refuse("2024-05-01 ", MOMENT_BAD_FORM);
}

static void a_time_of_day_needs_its_offset(void **state)
{
	(void)state;
	must_be_time("2024-05-01T12:00Z", MAY_1 + 12 * HOUR_MS);
	must_be_time("2024-05-01T12:00+08:00", MAY_1 + 4 * HOUR_MS);
	must_be_time("2024-05-01T12:00:30+08:00", MAY_1 + 4 * HOUR_MS + 30000);
	must_be_time("2024-05-01T00:00-05:30", MAY_1 + 5 * HOUR_MS + HOUR_MS / 2);
	must_refuse("2024-05-01T12:00", MOMENT_BAD_FORM);
	must_refuse("2024-05-01T12Z", MOMENT_BAD_FORM);
	must_refuse("2024-05-01T12:00+8:00", MOMENT_BAD_FORM);
	must_refuse("2024-05-01T12:00+08:00x", MOMENT_BAD_FORM);
	must_refuse("2024-05-01T24:00Z", MOMENT_OUT_OF_RANGE);
	must_refuse("2024-05-01T12:60Z", MOMENT_OUT_OF_RANGE);
	must_refuse("2024-05-01T12:00+15:00", MOMENT_OUT_OF_RANGE);
}

static void what_is_none_of_these_is_refused(void **state)
{
	static const char *const texts[] = {"",     "-1",  "1.5",        "yesterday",
	                                    "2024", "17 ", "2024-W05-1", "T12:00Z"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct written_moment moment;
		if (i == 4) /* four digits are a commit, not a year */
			assert_int_equal(moment_parse(texts[i], &moment), 0);
		else
			must_refuse(texts[i], MOMENT_BAD_FORM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(digits_are_a_commit),
	    cmocka_unit_test(a_day_is_its_end_in_china),
	    cmocka_unit_test(a_time_of_day_needs_its_offset),
	    cmocka_unit_test(what_is_none_of_these_is_refused),
	};
	return cmocka_run_group_tests_name("query_moment", tests, NULL, NULL);
}
