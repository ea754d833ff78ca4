/* The connections that are open, so that they can be bounded and ended: libzmq offers neither.
 *
 * libzmq tells of connections by their descriptors when they begin and end (watch_take), and of each message by which one it
 * came. A connection is ended by shutting its descriptor down, which libzmq takes for the peer's going away. Between its
 * closing a descriptor and our hearing of it the number may already be another connection's: then that one is cut off
 * and connects again. Nothing but connections of these sockets can be meant, because shutdown(2) acts on sockets
 * only and listening ones keep their numbers.
 *
 * Any thread may call. */
#ifndef SUANPAN_WIRE_PEERS_H
#define SUANPAN_WIRE_PEERS_H

#include "daemon/base/counters.h"
#include "daemon/base/fault.h"
#include "daemon/wire/zap.h"
#include <stdbool.h>
#include <stddef.h>

enum peers_socket { PEERS_INTAKE, PEERS_QUERY, PEERS_LIVE, PEERS_SOCKET_COUNT };

struct peers_limits {
	size_t all;           /* connections open at once */
	size_t each;          /* of them, of one key */
	size_t subscriptions; /* requests to the live socket by one connection, as long as it lasts */
	size_t answers;       /* bytes of answers that a key leaves unread */
};

struct peers;

/* `counters` must outlive it. */
int MUST_CHECK peers_new(const struct peers_limits *limits, struct counters *counters,
                         struct peers **ret_peers);
void peers_free(struct peers *peers); /* NULL is fine */

/* ---- what the door hears of libzmq ---- */

/* Beyond the limit one is ended: the oldest of those that have sent no message yet, which may be the newcomer. So connections
 * that are in use stay, and a storm of strangers leaves the newest enough time to show a key. */
void peers_opened(struct peers *peers, enum peers_socket socket, int descriptor);
void peers_closed(struct peers *peers, enum peers_socket socket, int descriptor);
size_t peers_count(struct peers *peers, enum peers_socket socket);
/* Now and then: ends connections by which more has come than fits any queue since the last whole message. A message that
 * has no last frame stays in libzmq's memory, which knows no bound for it. */
void peers_check_appetite(struct peers *peers);

/* ---- what the receivers know ---- */

/* A message came. A key's connections beyond its limit are ended. */
void peers_heard(struct peers *peers, enum peers_socket socket, int descriptor, const char *key);
/* An answer of `size` bytes is about to be sent. False: its key leaves too much unread already (without keys: its connection);
 * the answer is to be forgotten, as that of a peer that is gone. libzmq bounds the number of answers only, and one can be a
 * refusal of a megabyte. */
bool peers_may_send(struct peers *peers, int descriptor, size_t size);
/* A message to the live socket came. False: it was one too many; the connection is ended, and nothing of it should count. */
bool peers_may_subscribe(struct peers *peers, int descriptor);
void peers_end(struct peers *peers, int descriptor, const char *reason);
/* Ends all by which a key was heard that may not stay. */
typedef bool peers_judge(const void *closure, const char *key);
size_t peers_end_unless(struct peers *peers, peers_judge *may_stay, const void *closure);

#endif
