/* Asking the daemon: one query, its chunks, and a sentence when nobody answers. */
#ifndef SUANPAN_CLIENTS_LIB_ASK_H
#define SUANPAN_CLIENTS_LIB_ASK_H

#include "clients/lib/identity.h"
#include "daemon/base/fault.h"
#include "proto/suanpan.pb-c.h"

struct ask;

/* Connects (lazily) to a query endpoint. `identity` must outlive it; NULL: plain. One thread at a time. */
int MUST_CHECK ask_open(void *zmq_context, const char *url, const struct identity *identity,
                        struct ask **ret_ask);
void ask_close(struct ask *ask); /* NULL is fine */

enum ask_verdict {
	ASK_UNREACHABLE = 1, /* nobody answered in time */
	ASK_REFUSED = 2,     /* the daemon answered with a Failure; see ask_failure */
	ASK_GARBLED = 3,     /* what came back is not an Answer, or of another major */
	ASK_SHUT_OUT = 4,    /* the daemon does not know our key, or only one side speaks with keys */
};

/* Fills in major and number, sends, and calls `each` for every Answer chunk in order. `timeout_ms` bounds the
 * wait for each chunk. `each` answers 0 to go on; anything else ends the call and is passed on. */
int MUST_CHECK ask_query(struct ask *ask, Suanpan__Query *query, int timeout_ms,
                         int (*each)(void *closure, const Suanpan__Answer *answer), void *closure);

/* The sentence for the last call that did not answer 0: "nobody answers at tcp://127.0.0.1:5812 ...". Lives
 * until the next call. */
const char *ask_failure(const struct ask *ask);

#endif
