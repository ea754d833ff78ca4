#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/clock.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char path[] = "/tmp/suanpan-clock-XXXXXX";

static void wind(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void machine_time_is_read(void **state)
{
	(void)state;
	unsetenv("SUANPAN_CLOCK_FILE");
	int64_t before = (int64_t)time(NULL) * 1000;
	struct clock_reading a = clock_read(), b = clock_read();
	assert_true(a.wall_ms >= before - 1000 && a.wall_ms < before + 60000);
	assert_true(b.monotonic_ms >= a.monotonic_ms);
}

static void hand_wound_time_is_what_the_file_says(void **state)
{
	(void)state;
	setenv("SUANPAN_CLOCK_FILE", path, 1);
	wind("1714536000000");
	assert_true(clock_read().wall_ms == 1714536000000);
	wind("1714536000001\n");
	assert_true(clock_read().wall_ms == 1714536000001);
	wind("-5");
	assert_true(clock_read().wall_ms == -5);
}

static void hand_wound_time_stays_while_the_file_is_unreadable(void **state)
{
	(void)state;
	setenv("SUANPAN_CLOCK_FILE", path, 1);
	wind("1714536000000");
	assert_true(clock_read().wall_ms == 1714536000000);
	wind("");
	assert_true(clock_read().wall_ms == 1714536000000);
	wind("noon");
	assert_true(clock_read().wall_ms == 1714536000000);
	setenv("SUANPAN_CLOCK_FILE", "/nonexistent/clock", 1);
	assert_true(clock_read().wall_ms == 1714536000000);
}

static void monotonic_time_is_never_wound(void **state)
{
	(void)state;
	setenv("SUANPAN_CLOCK_FILE", path, 1);
	wind("0");
	int64_t before = clock_read().monotonic_ms;
	wind("4102444800000");
	int64_t after = clock_read().monotonic_ms;
	assert_true(after >= before && after - before < 60000);
}

static void must_print(int64_t wall_ms, const char *expected)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(wall_ms, text);
	assert_string_equal(text, expected);
}

static void time_is_printed_in_china(void **state)
{
	(void)state;
	must_print(0, "1970-01-01T08:00:00+08:00");
	must_print(999, "1970-01-01T08:00:00+08:00");
	must_print(1000, "1970-01-01T08:00:01+08:00");
	must_print(-1, "1970-01-01T07:59:59+08:00");
	must_print(1714536000000, "2024-05-01T12:00:00+08:00");
	must_print(1709222399999, "2024-02-29T23:59:59+08:00");
	must_print(1709222400000, "2024-03-01T00:00:00+08:00");
}

static void any_time_has_a_text_of_its_size(void **state)
{
	(void)state;
	must_print(INT64_MIN, "1000-01-01T08:00:00+08:00");
	must_print(INT64_MAX, "9999-12-31T23:59:59+08:00");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(machine_time_is_read),
	    cmocka_unit_test(hand_wound_time_is_what_the_file_says),
	    cmocka_unit_test(hand_wound_time_stays_while_the_file_is_unreadable),
	    cmocka_unit_test(monotonic_time_is_never_wound),
	    cmocka_unit_test(time_is_printed_in_china),
	    cmocka_unit_test(any_time_has_a_text_of_its_size),
	};

	int fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	int failed = cmocka_run_group_tests_name("base_clock", tests, NULL, NULL);
	unlink(path);
	return failed;
}
