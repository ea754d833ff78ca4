/* What the daemon counts from its start on, for `suanpan status`: whatever is worth a warning is a counter, too. Any
 * thread may add and read. */
#ifndef SUANPAN_BASE_COUNTERS_H
#define SUANPAN_BASE_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

enum counter {
	COUNTER_CONNECTIONS,        /* open now */
	COUNTER_CONNECTIONS_CLOSED, /* by the daemon, because there were too many or one asked too much */
	COUNTER_CONNECTIONS_SILENT, /* ended without a message: no key was shown, or nobody\'s, or nothing was said */
	COUNTER_HANDSHAKES,         /* a key was let in */
	COUNTER_HANDSHAKES_STRANGE, /* refused: nobody holds the key */
	COUNTER_HANDSHAKES_LIMITED, /* refused: that key knocked too often in the last minute */
	COUNTER_MESSAGES_FORBIDDEN, /* refused: the key was taken out, or its role may not send such a thing */
	COUNTER_MESSAGES_DROPPED,   /* not of one frame */
	COUNTER_REPORTS_FOREIGN,    /* refused: for what is another's to report, or in another's name */
	COUNTER_REPORTS_OVERLOADED, /* put off: the sender's share of the queue was full */
	COUNTER_ANSWERS_UNREAD,     /* not sent: their key left too much unread already */
	COUNTER_SUBSCRIPTIONS_DENIED,
	COUNTER_ACTS, /* of operators: done, and not so already */
	COUNTER_COUNT
};

struct counters {
	atomic_uint_fast64_t of[COUNTER_COUNT];
};

static inline void count_one(struct counters *counters, enum counter which)
{
	atomic_fetch_add_explicit(&counters->of[which], 1, memory_order_relaxed);
}

static inline uint64_t counted(const struct counters *counters, enum counter which)
{
	return atomic_load_explicit(&counters->of[which], memory_order_relaxed);
}

#endif
