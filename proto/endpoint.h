/* Sockets as Suanpan uses them: every ZeroMQ option that matters set in one place, the same on both sides.
 *
 * A socket belongs to the thread that opened it. All sends and receives here are non-blocking unless said
 * otherwise; waiting is zmq_poll's job. reliability: MAXMSGSIZE on every socket, heartbeats, handshake limit,
 * no linger. */
#ifndef SUANPAN_PROTO_ENDPOINT_H
#define SUANPAN_PROTO_ENDPOINT_H

#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>

enum endpoint_kind {
	ENDPOINT_INTAKE_SERVER, /* ROUTER, bound */
	ENDPOINT_QUERY_SERVER,  /* ROUTER, bound */
	ENDPOINT_LIVE_SERVER,   /* XPUB, bound */
	ENDPOINT_REQUEST,       /* DEALER, connected to intake or query */
	ENDPOINT_LIVE_CLIENT,   /* SUB, connected */
};

#define ENDPOINT_DEFAULT_INTAKE "tcp://127.0.0.1:5811"
#define ENDPOINT_DEFAULT_QUERY  "tcp://127.0.0.1:5812"
#define ENDPOINT_DEFAULT_LIVE   "tcp://127.0.0.1:5813"

/* Seeds libzmq's routing ids with randomness, then makes a context with ZMQ_BLOCKY off. Once per process. */
int MUST_CHECK endpoint_context_new(void **ret_context);
void endpoint_context_free(void *context);

/* Binds or connects. On failure *ret_error (static storage) says what libzmq said: "Address already in use".
 */
int MUST_CHECK endpoint_open(void *context, enum endpoint_kind kind, const char *url, void **ret_socket,
                             const char **ret_error);
void endpoint_close(void *socket); /* NULL is fine; nothing lingers */

/* A client's socket and, as a second one, libzmq's word of its connection: a ZMQ_EVENT_DISCONNECTED, in the
 * two frames of zmq_socket_monitor(3), each time it is lost. Read it in the socket's thread. */
int MUST_CHECK endpoint_open_watched(void *context, enum endpoint_kind kind, const char *url,
                                     void **ret_socket, void **ret_events, const char **ret_error);
void endpoint_close_watched(void *socket, void *events); /* NULL is fine */

/* Whether url is ipc://, inproc:// or tcp:// on a loopback address: the places that may run without CURVE. */
bool endpoint_is_local(const char *url);
/* Whether url is one that endpoint_open could take (form only); *ret_expected says what was expected. */
bool endpoint_is_valid(const char *url, const char **ret_expected);

#endif
