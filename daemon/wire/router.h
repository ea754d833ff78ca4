/* A ROUTER socket that takes one-frame requests and gives one-frame answers: intake and query alike.
 *
 * Belongs to the thread that opened it. A route says who asked; it is never shown to anyone (reliability: a
 * routing id that a peer can learn is one it can collide with). */
#ifndef SUANPAN_WIRE_ROUTER_H
#define SUANPAN_WIRE_ROUTER_H

#include "daemon/base/fault.h"
#include "daemon/wire/zap.h"
#include <stddef.h>
#include <stdint.h>

#define ROUTE_SIZE_MAX 255

struct route {
	uint8_t size;
	uint8_t bytes[ROUTE_SIZE_MAX];
	/* Whose message it is: the public key that the peer's handshake was about. Empty where the socket demands none. */
	char key[KEYS_TEXT_SIZE];
	int descriptor; /* of the connection it came by (struct peers); below 0: not known */
};

enum router_verdict {
	ROUTER_EMPTY = 1,     /* nothing waits */
	ROUTER_DROPPED = 2,   /* a message that is not one request frame was thrown away; *ret_route is set */
	ROUTER_PEER_GONE = 3, /* it left, or reads so slowly that its queue is full: forget the answer */
};

/* Takes one waiting request, without blocking. *ret_payload is from malloc, the caller's to free. */
int MUST_CHECK router_receive(void *socket, struct route *ret_route, void **ret_payload, size_t *ret_size);
/* Never blocks. */
int MUST_CHECK router_send(void *socket, const struct route *route, const void *bytes, size_t size);

#endif
