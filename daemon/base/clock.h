/* Time as an input: read once per turn of a loop and passed down, never read deeper.
 *
 * Tests run the real daemon under a hand-wound clock: where the environment variable SUANPAN_CLOCK_FILE names
 * a file, the time of day is the number in it (milliseconds since 1970-01-01T00:00Z) and only the monotonic
 * clock is the machine's. */
#ifndef SUANPAN_BASE_CLOCK_H
#define SUANPAN_BASE_CLOCK_H

#include <stdint.h>

struct clock_reading {
	int64_t wall_ms;      /* milliseconds since 1970-01-01T00:00Z; may jump */
	int64_t monotonic_ms; /* for intervals; never jumps */
};

struct clock_reading clock_read(void);

#define CLOCK_TEXT_SIZE sizeof "2024-05-01T12:00:00+08:00"
/* Writes wall_ms as RFC 3339 in China Standard Time (UTC+8, no summer time), to the second. */
void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE]);

#endif
