/* One event a line on standard error: `event=NAME key=value ...`.
 *
 * Any thread may log. Where standard error is the journal (JOURNAL_STREAM is set) each line starts with its
 * priority in the form that sd-daemon(3) describes. Values with blanks are the caller's to quote ('%s'
 * style). */
#ifndef SUANPAN_BASE_LOG_H
#define SUANPAN_BASE_LOG_H

#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* Lines less urgent than `least` are dropped from now on. The default is LOG_LEVEL_INFO. */
void log_set_level(enum log_level least);

/* log_event(LOG_LEVEL_INFO, "started", "commit=%" PRIu64 " store='%s'", ...). `format` may be NULL. */
void log_event(enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);

/* For what people outside can cause as often as they like: a log that they could fill would be theirs. One quota for each
 * kind of event, owned by one thread; starts as zero. */
struct log_quota {
	int64_t until_ms;
	unsigned said;
	unsigned long unsaid;
};
#define LOG_QUOTA_LINES 20 /* of one event ... */
#define LOG_QUOTA_MS                                                                                         \
	10000 /* ... in so long; what was left out is said, as a number, by the first line after it */
bool log_may_say(struct log_quota *quota, const char *event, int64_t monotonic_ms);

#endif
