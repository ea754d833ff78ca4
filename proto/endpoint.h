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

/* CURVE keys in Z85, 40 characters each; read during the call only. Servers need own_secret alone. */
struct endpoint_keys {
	const char *own_public, *own_secret;
	const char *server_public; /* clients */
};

#define ENDPOINT_ZAP_DOMAIN     "suanpan" /* what a server's questions to the ZAP handler say */

#define ENDPOINT_DEFAULT_INTAKE "tcp://127.0.0.1:5811"
#define ENDPOINT_DEFAULT_QUERY  "tcp://127.0.0.1:5812"
#define ENDPOINT_DEFAULT_LIVE   "tcp://127.0.0.1:5813"

/* Seeds libzmq's routing ids with randomness, then makes a context with ZMQ_BLOCKY off. Once per process. */
int MUST_CHECK endpoint_context_new(void **ret_context);
void endpoint_context_free(void *context);

/* Binds or connects. With keys it speaks CURVE or nothing, and a server lets in nobody unless a ZAP handler
 * (inproc://zeromq.zap.01 in this context) says so: without one it lets in nobody at all. inproc:// knows no
 * handshake. NULL: plain. On failure *ret_error (static storage) says why: "Address already in use". */
int MUST_CHECK endpoint_open(void *context, enum endpoint_kind kind, const char *url,
                             const struct endpoint_keys *keys, void **ret_socket, const char **ret_error);
void endpoint_close(void *socket); /* NULL is fine; nothing lingers */

/* A socket and, as a second one to poll, news of its connections. A client's belong to one thread; see
 * endpoint_read_news. A server's tells of each connection that is accepted or lost, in the two frames of
 * zmq_socket_monitor(3); another thread may be given it to read, and must: when some thousand events wait,
 * libzmq waits as well. */
int MUST_CHECK endpoint_open_watched(void *context, enum endpoint_kind kind, const char *url,
                                     const struct endpoint_keys *keys, void **ret_socket, void **ret_events,
                                     const char **ret_error);
/* The same for a server whose descriptor listens at url already. It is the socket's from then on. */
int MUST_CHECK endpoint_open_listening(void *context, enum endpoint_kind kind, const char *url, int fd,
                                       const struct endpoint_keys *keys, void **ret_socket, void **ret_events,
                                       const char **ret_error);

enum endpoint_news {
	ENDPOINT_NO_NEWS,
	ENDPOINT_CONNECTED,    /* and both sides have said who they are, if they do */
	ENDPOINT_DISCONNECTED, /* libzmq connects again by itself; follows on each of the failures below, too */
	/* A handshake that failed. After some of these libzmq never tries again with this socket, after
	 * others it does so seven times a second for ever: close it and open another, later. */
	ENDPOINT_UNKNOWN_KEY, /* the server's ZAP handler answered 400 */
	ENDPOINT_MISMATCHED, /* one side speaks CURVE and the other does not; or else ENDPOINT_BROKEN_OFF, where
	                         the server hangs up before we have read its greeting */
	ENDPOINT_BROKEN_OFF, /* the server has another key than ours for it, or its ZAP handler answered neither
	                         200 nor 400, or it is no server of ours; there is no telling */
};
/* Takes one of a client's away without waiting. inproc:// has none. */
enum endpoint_news endpoint_read_news(void *events);

/* Call it in the socket's thread before its events are no longer read: the next one would wait for a reader
 * for ever. */
void endpoint_watch_no_more(void *socket);
void endpoint_close_watched(void *socket, void *events); /* NULL is fine; does that as well */

/* Whether url is ipc://, inproc:// or tcp:// on a loopback address: the places that may run without CURVE. */
bool endpoint_is_local(const char *url);
/* Whether url is one that endpoint_open could take (form only); *ret_expected says what was expected. */
bool endpoint_is_valid(const char *url, const char **ret_expected);

#endif
