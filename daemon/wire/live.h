/* The live socket: an XPUB in manual mode, so that a subscription counts only once it was looked at.
 *
 * Belongs to the thread that opened it. Topics are "code.CODE.AREA"; a subscription is a prefix of them. A
 * subscriber that reads too slowly loses messages (the sequence shows it); nobody else waits for it. */
#ifndef SUANPAN_WIRE_LIVE_H
#define SUANPAN_WIRE_LIVE_H

#include "daemon/base/fault.h"
#include "proto/envelope.h"
#include <stddef.h>

#define LIVE_SUBSCRIPTIONS_MAX 10000

enum live_verdict { LIVE_EMPTY = 1 };

/* Takes one waiting subscription or its end; *subscriptions counts those that are granted. *ret_granted is
 * the prefix that was granted by this call, or empty. */
int MUST_CHECK live_take_subscription(void *socket, size_t *subscriptions,
                                      char ret_granted[ENVELOPE_TOPIC_MAX + 1]);
int MUST_CHECK live_publish(void *socket, const char *topic, const void *bytes, size_t size);

#endif
