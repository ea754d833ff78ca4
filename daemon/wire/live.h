/* The live socket: an XPUB in manual mode, so that a subscription counts only once it was looked at.
 *
 * Belongs to the thread that opened it. Topics are "code.CODE.AREA" and "alert.NUMBER"; a subscription is a prefix of
 * them. A
 * subscriber that reads too slowly loses messages (the sequence shows it); nobody else waits for it. */
#ifndef SUANPAN_WIRE_LIVE_H
#define SUANPAN_WIRE_LIVE_H

#include "daemon/base/fault.h"
#include "daemon/wire/zap.h"
#include "proto/envelope.h"
#include <stddef.h>

enum live_wish {
	LIVE_SUBSCRIBE,
	LIVE_UNSUBSCRIBE,
	LIVE_DENIED,   /* a subscription to what is no topic of ours; libzmq remembers it all the same */
	LIVE_NONSENSE, /* something that a subscriber never sends; libzmq may mix up whose the next ones are */
};

struct live_request {
	enum live_wish wish;
	char topic[ENVELOPE_TOPIC_MAX + 1]; /* of the first two */
	char key[KEYS_TEXT_SIZE];           /* whose it is; empty where the socket demands none */
	int descriptor;                     /* of the connection; below 0: it has ended */
};

enum live_verdict { LIVE_EMPTY = 1 };

/* Takes one waiting request. Nothing has come of it yet. */
int MUST_CHECK live_receive(void *socket, struct live_request *ret_request);
/* Lets a (un)subscription count. It must be the one that was received last. */
int MUST_CHECK live_grant(void *socket, const struct live_request *request);
/* -ENOMEM: nothing was sent. */
int MUST_CHECK live_publish(void *socket, const char *topic, const void *bytes, size_t size);

#endif
