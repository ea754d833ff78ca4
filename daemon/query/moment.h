/* Moments as people write them: a commit, a day, a time of day. Pure. */
#ifndef SUANPAN_QUERY_MOMENT_H
#define SUANPAN_QUERY_MOMENT_H

#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stdint.h>

struct written_moment {
	bool is_commit;
	uint64_t commit;
	int64_t wall_ms; /* else: milliseconds since 1970-01-01T00:00Z */
};

enum moment_verdict {
	MOMENT_BAD_FORM = 1,     /* none of the forms */
	MOMENT_OUT_OF_RANGE = 2, /* a 30th of February, a 25th hour */
};

/* "17"; "2024-05-01", the last millisecond of it in China Standard Time; "2024-05-01T12:00+08:00", with seconds or without, with an
 * offset or Z. Answers 0 or a moment_verdict. */
int MUST_CHECK moment_parse(const char *text, struct written_moment *ret_moment);

#endif
