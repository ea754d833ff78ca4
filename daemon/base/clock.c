#include "daemon/base/clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CHINA_OFFSET_MS  INT64_C(28800000)
#define YEAR_1000_MS     INT64_C(-30610224000000)
#define YEAR_9999_END_MS INT64_C(253402300799999)

static int64_t read_machine(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool read_number(const char *path, int64_t *ret_number)
{
	char text[32], *end;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ssize_t length = read(fd, text, sizeof text - 1);
	close(fd);
	if (length <= 0)
		return false;
	text[length] = '\0';
	intmax_t number = strtoimax(text, &end, 10);
	if (end == text)
		return false;
	*ret_number = number;
	return true;
}

/* A test that rewrites the file may be caught with it empty: the time then stays what it was. */
static int64_t read_file(const char *path)
{
	static _Atomic int64_t last;
	int64_t now;

	if (read_number(path, &now))
		atomic_store(&last, now);
	return atomic_load(&last);
}

struct clock_reading clock_read(void)
{
	const char *path = getenv("SUANPAN_CLOCK_FILE");

	return (struct clock_reading){
	    .wall_ms = path && *path ? read_file(path) : read_machine(CLOCK_REALTIME),
	    .monotonic_ms = read_machine(CLOCK_MONOTONIC),
	};
}

void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE])
{
	/* A clock may be set to anything; RFC 3339 has four digits for the year. */
	if (wall_ms < YEAR_1000_MS)
		wall_ms = YEAR_1000_MS;
	if (wall_ms > YEAR_9999_END_MS - CHINA_OFFSET_MS)
		wall_ms = YEAR_9999_END_MS - CHINA_OFFSET_MS;

	int64_t local_ms = wall_ms + CHINA_OFFSET_MS;
	time_t seconds = (time_t)((local_ms - (local_ms % 1000 + 1000) % 1000) / 1000);
	struct tm fields;
	gmtime_r(&seconds, &fields);
	strftime(ret_text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S+08:00", &fields);
}
