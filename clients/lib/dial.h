/* A client's connection to one endpoint, through failed handshakes too: libzmq never tries again after some
 * of them, and without a pause after the others, so each gets a new socket, more and more seldom. While the
 * daemon changes its key, each of its keys is tried in turn. One thread at a time. */
#ifndef SUANPAN_CLIENTS_LIB_DIAL_H
#define SUANPAN_CLIENTS_LIB_DIAL_H

#include "clients/lib/identity.h"
#include "daemon/base/fault.h"
#include "proto/endpoint.h"
#include <stdbool.h>

struct dial;

enum dial_verdict {
	DIAL_QUIET = 1,    /* nothing that concerns the caller; look at the clock */
	DIAL_STOPPED = 2,  /* stop_fd became readable; it was not read from */
	DIAL_SHUT_OUT = 3, /* turned away until somebody does something about it; dial_trouble says what */
	DIAL_LOST = 4,     /* the connection that was there is gone; connecting again goes on by itself */
	DIAL_RENEWED = 5,  /* dial_socket is another one: what was subscribed to must be so again */
};

/* Starts connecting. `identity` must outlive the dial, which reads its keys for every socket; NULL: plain. On
 * a fault *ret_error (static storage) says what went wrong. */
int MUST_CHECK dial_open(void *zmq_context, enum endpoint_kind kind, const char *url,
                         const struct identity *identity, struct dial **ret_dial, const char **ret_error);
void dial_close(struct dial *dial); /* NULL is fine */

/* To send and receive with; NULL in the pause after a failed handshake. */
void *dial_socket(const struct dial *dial);

/* Waits for one of `events` (ZMQ_POLLIN, ZMQ_POLLOUT), and answers 0 for it, or a verdict. `timeout_ms` -1:
 * for ever; `stop_fd` -1: none. */
int MUST_CHECK dial_wait(struct dial *dial, short events, int stop_fd, long timeout_ms);

/* Another socket at once, without what the old one holds unread. */
void dial_again(struct dial *dial);

/* Whether the connection is there, by all that libzmq has said until now. */
bool dial_is_connected(struct dial *dial);

/* Why there is no connection: "the daemon at URL does not know the key FILE ..."; NULL where there is one, or
 * there was nothing but silence. That only one side speaks with keys is known for sure (DIAL_SHUT_OUT) only
 * where we read the greeting before the daemon hangs up; else the sentence says what it may be. */
const char *dial_trouble(const struct dial *dial);

#endif
