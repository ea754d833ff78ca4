/* A clock that a test winds by hand: the file that a daemon with SUANPAN_CLOCK_FILE reads its time from. */
#ifndef SUANPAN_TESTS_LIB_WOUND_CLOCK_H
#define SUANPAN_TESTS_LIB_WOUND_CLOCK_H

#include <stdint.h>

struct wound_clock {
	char *path, *part, *assignment;
	const char *environment[2]; /* for a daemon, up to a NULL */
};

/* In a folder of the test's. Not wound yet: a daemon that begins before that does not find it. */
void wound_clock_init(struct wound_clock *clock, const char *folder);
void wound_clock_done(struct wound_clock *clock);

/* At once, as the daemon may look at any moment. In milliseconds since 1970-01-01 UTC. */
void wound_clock_set(const struct wound_clock *clock, int64_t wall_ms);
/* To a time of day in China, such as "2024-07-16 00:01". */
void wound_clock_set_china(const struct wound_clock *clock, const char *time);

#endif
