/* Following the daemon's live endpoint: updates as they come, and from when on none is missing.
 *
 * After LIVE_READY everything that changes is published to us, so a question asked then and the updates since
 * leave nothing out; after LIVE_LOST comes another LIVE_READY, and the question is to be asked again. Updates
 * can still be lost on the way to a slow reader: `sequence` and `epoch` of Update in suanpan.proto tell. One
 * thread at a time. */
#ifndef SUANPAN_CLIENTS_LIB_LIVE_H
#define SUANPAN_CLIENTS_LIB_LIVE_H

#include "clients/lib/identity.h"
#include "daemon/base/fault.h"
#include "proto/suanpan.pb-c.h"

struct live;

enum live_verdict {
	LIVE_QUIET = 1,       /* nothing happened in time */
	LIVE_STOPPED = 2,     /* stop_fd became readable; it was not read from */
	LIVE_READY = 3,       /* the daemon has granted all that is followed, for the first time or again */
	LIVE_LOST = 4,        /* it is not there any more; connecting again goes on by itself */
	LIVE_GARBLED = 5,     /* what came is not an Update of this major; it was dropped */
	LIVE_UNREACHABLE = 6, /* live_open: no socket could be made; *ret_error says why */
	LIVE_SHUT_OUT =
	    7, /* the daemon does not know our key, or only one side speaks with keys; live_trouble
	                         says which. Trying again goes on by itself, and says the same again */
};

/* Starts connecting; *ret_error (static storage) says what went wrong with LIVE_UNREACHABLE. `identity` must
 * outlive it; NULL: plain. */
int MUST_CHECK live_open(void *zmq_context, const char *url, const struct identity *identity,
                         struct live **ret_live, const char **ret_error);
void live_close(struct live *live); /* NULL is fine */

/* Why there is no connection, or NULL where nothing but silence says so. Lives until the next live_wait. */
const char *live_trouble(const struct live *live);

/* All areas of one code; NULL: of every code. */
int MUST_CHECK live_follow(struct live *live, const char *code);

/* All alerts. */
int MUST_CHECK live_follow_alerts(struct live *live);

/* Waits until something happens; answers 0 with an update (a value or an alert, as its topic says) that lives until the next call,
 * or a verdict.
 * `timeout_ms` -1: for ever. `stop_fd` -1: none. */
int MUST_CHECK live_wait(struct live *live, int timeout_ms, int stop_fd, const Suanpan__Update **ret_update);

#endif
