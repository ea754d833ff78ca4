#include "tests/lib/wound_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/scratch.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void wound_clock_init(struct wound_clock *clock, const char *folder)
{
	*clock = (struct wound_clock){.path = scratch_path(folder, "clock"),
	                              .part = scratch_path(folder, "clock.part")};
	assert_true(asprintf(&clock->assignment, "SUANPAN_CLOCK_FILE=%s", clock->path) > 0);
	clock->environment[0] = clock->assignment;
}

void wound_clock_done(struct wound_clock *clock)
{
	free(clock->path);
	free(clock->part);
	free(clock->assignment);
}

void wound_clock_set(const struct wound_clock *clock, int64_t wall_ms)
{
	char text[32];
	int length = snprintf(text, sizeof text, "%" PRId64, wall_ms);
	scratch_write(clock->part, text, (size_t)length);
	assert_int_equal(rename(clock->part, clock->path), 0);
}

void wound_clock_set_china(const struct wound_clock *clock, const char *time)
{
	struct tm fields = {.tm_isdst = 0};
	assert_non_null(strptime(time, "%Y-%m-%d %H:%M", &fields));
	wound_clock_set(clock, ((int64_t)timegm(&fields) - (int64_t)8 * 3600) * 1000);
}
