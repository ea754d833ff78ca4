/* ZAP (ZeroMQ RFC 27): libzmq asks here whether a peer whose key it has verified may come in.
 *
 * The handler is bound before any endpoint that others can reach: without one libzmq lets everybody in. libzmq asks once
 * for each connection, while it shakes hands; a key that is taken out later is still let through by it, so every message is
 * looked up again by who receives it (struct route, struct live_request: `key`). What this answers is what they find
 * there: the public key as text. */
#ifndef SUANPAN_WIRE_ZAP_H
#define SUANPAN_WIRE_ZAP_H

#include "daemon/base/fault.h"
#include "proto/endpoint.h"
#include "proto/keys.h"
#include <stdbool.h>

/* Once for each context. The socket belongs to one thread, which must always be near it: nobody gets in meanwhile. */
int MUST_CHECK zap_open(void *context, void **ret_socket);

struct zap_question {
	char key[KEYS_TEXT_SIZE]; /* the peer has shown that it holds the secret half */
	char address[64];         /* where it says it is: fit to be logged, no more */
};
enum zap_answer {
	ZAP_WELCOME,
	ZAP_STRANGER, /* the peer is told that it is not known */
	ZAP_LATER,    /* the connection is closed without a word */
};
typedef enum zap_answer zap_judge(void *closure, const struct zap_question *question);

enum zap_verdict { ZAP_EMPTY = 1 };

/* Answers one waiting question; whatever is not a question about CURVE in our domain is a stranger's. */
int MUST_CHECK zap_answer_one(void *socket, zap_judge *judge, void *closure);

/* Knocks at an endpoint of its own, opened as those for everybody are, with a key made for this moment: 0 if it was turned
 * away, as it must be. Somebody else must be answering ZAP meanwhile, for which it waits; *ret_error says what happened. */
int MUST_CHECK zap_self_test(void *context, const struct endpoint_keys *server, const char **ret_error);

#endif
