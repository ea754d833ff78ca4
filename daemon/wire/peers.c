#include "daemon/wire/peers.h"

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What a peer may have sent that nobody took yet: its queue of 64 messages of 64 KiB, and what the kernel holds beside it,
 * twice over. An idle subscriber's heartbeats come to that in a month; it connects again. */
#define APPETITE_MAX ((uint64_t)32 << 20)

/* What a connection may leave unread before it is looked at closer. */
#define UNREAD_FREE  ((uint64_t)256 << 10)

struct peer {
	bool open;
	bool proven; /* something was heard on this very connection */
	bool heard;  /* since the last look at its appetite */
	uint8_t socket;
	char key[KEYS_TEXT_SIZE]; /* heard last by this descriptor; stays when the connection ends */
	uint64_t order;           /* in which they opened */
	uint64_t taken;           /* bytes that had come when a message was heard last */
	uint64_t sent,
	    read; /* bytes of answers, on the wire; `read` is what was known when it was looked at last */
	size_t subscriptions;
};

struct peers {
	pthread_mutex_t mutex;
	struct peers_limits limits;
	struct counters *counters;
	struct peer *peer; /* by descriptor */
	int count;
	size_t open[PEERS_SOCKET_COUNT], open_in_all;
	uint64_t opened;
	struct log_quota quota;
};

int peers_new(const struct peers_limits *limits, struct counters *counters, struct peers **ret_peers)
{
	struct peers *peers = calloc(1, sizeof *peers);
	if (!peers)
		return -ENOMEM;
	pthread_mutex_init(&peers->mutex, NULL);
	peers->limits = *limits;
	peers->counters = counters;
	*ret_peers = peers;
	return 0;
}

void peers_free(struct peers *peers)
{
	if (!peers)
		return;
	pthread_mutex_destroy(&peers->mutex);
	free(peers->peer);
	free(peers);
}

/* False: not TCP, but a local socket, whose users are known to the machine. */
static bool read_tcp(int descriptor, struct tcp_info *ret_info)
{
	socklen_t size = sizeof *ret_info;
	return getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, ret_info, &size) == 0 &&
	       size >= offsetof(struct tcp_info, tcpi_bytes_received) + sizeof ret_info->tcpi_bytes_received;
}

/* ---- all below this line with the mutex held ---- */

/* NULL without memory: the connection then counts for nothing. */
static struct peer *find_peer(struct peers *peers, int descriptor)
{
	if (descriptor < 0)
		return NULL;
	if (descriptor >= peers->count) {
		int count = descriptor + 64;
		struct peer *grown = realloc(peers->peer, (size_t)count * sizeof *grown);
		if (!grown)
			return NULL;
		memset(grown + peers->count, 0, (size_t)(count - peers->count) * sizeof *grown);
		peers->peer = grown;
		peers->count = count;
	}
	return &peers->peer[descriptor];
}

static void tell_count(struct peers *peers)
{
	atomic_store_explicit(&peers->counters->of[COUNTER_CONNECTIONS], peers->open_in_all,
	                      memory_order_relaxed);
}

static void close_peer(struct peers *peers, struct peer *peer)
{
	if (!peer->open)
		return;
	peer->open = false;
	peers->open[peer->socket]--;
	peers->open_in_all--;
	tell_count(peers);
}

static void open_peer(struct peers *peers, struct peer *peer, enum peers_socket socket)
{
	close_peer(peers, peer); /* the word of its end is still under way, from another socket */
	peer->open = true;
	peer->socket = (uint8_t)socket;
	peer->order = ++peers->opened;
	peer->proven = peer->heard = false;
	peer->taken = peer->sent = peer->read = 0;
	peer->subscriptions = 0;
	peers->open[socket]++;
	peers->open_in_all++;
	tell_count(peers);
}

static void end_peer(struct peers *peers, int descriptor, const char *reason)
{
	static const char *const sockets[] = {"intake", "query", "live"};
	struct peer *peer = &peers->peer[descriptor];
	shutdown(descriptor, SHUT_RDWR);
	count_one(peers->counters, COUNTER_CONNECTIONS_CLOSED);
	if (log_may_say(&peers->quota, "connection-closed", clock_read().monotonic_ms))
		log_event(LOG_LEVEL_WARNING, "connection-closed", "socket=%s reason='%s' key='%s'",
		          sockets[peer->socket], reason, peer->proven ? peer->key : "");
	close_peer(peers, peer);
}

static size_t count_of_key(const struct peers *peers, const char *key)
{
	size_t count = 0;
	for (int i = 0; i < peers->count; i++)
		count += peers->peer[i].open && peers->peer[i].proven && strcmp(peers->peer[i].key, key) == 0;
	return count;
}

/* The oldest of those that have shown nothing yet: its handshake has had the longest time. There is one, the newest. */
static int find_victim(const struct peers *peers)
{
	int victim = -1;
	for (int i = 0; i < peers->count; i++) {
		const struct peer *peer = &peers->peer[i];
		if (peer->open && !peer->proven && (victim < 0 || peer->order < peers->peer[victim].order))
			victim = i;
	}
	return victim;
}

/* ---- the calls ---- */

void peers_opened(struct peers *peers, enum peers_socket socket, int descriptor)
{
	pthread_mutex_lock(&peers->mutex);
	struct peer *peer = find_peer(peers, descriptor);
	if (peer)
		open_peer(peers, peer, socket);
	if (peer && peers->open_in_all > peers->limits.all)
		end_peer(peers, find_victim(peers), "too many connections");
	pthread_mutex_unlock(&peers->mutex);
}

void peers_closed(struct peers *peers, enum peers_socket socket, int descriptor)
{
	pthread_mutex_lock(&peers->mutex);
	struct peer *peer = find_peer(peers, descriptor);
	if (peer && peer->open && peer->socket == (uint8_t)socket) {
		if (!peer->proven)
			count_one(peers->counters, COUNTER_CONNECTIONS_SILENT);
		close_peer(peers, peer);
	}
	pthread_mutex_unlock(&peers->mutex);
}

size_t peers_count(struct peers *peers, enum peers_socket socket)
{
	pthread_mutex_lock(&peers->mutex);
	size_t count = peers->open[socket];
	pthread_mutex_unlock(&peers->mutex);
	return count;
}

void peers_heard(struct peers *peers, enum peers_socket socket, int descriptor, const char *key)
{
	pthread_mutex_lock(&peers->mutex);
	struct peer *peer = find_peer(peers, descriptor);
	bool is_new = peer && (!peer->proven || strcmp(peer->key, key) != 0);
	if (is_new)
		memcpy(peer->key, key, strlen(key) + 1);
	if (peer) {
		peer->heard = peer->proven = true;
		peer->socket = peer->open ? peer->socket : (uint8_t)socket;
	}
	/* Without keys everybody is the same nobody. */
	if (is_new && peer->open && key[0] != '\0' && count_of_key(peers, key) > peers->limits.each)
		end_peer(peers, descriptor, "too many connections of one key");
	pthread_mutex_unlock(&peers->mutex);
}

/* What CURVE makes of a frame: its command's name (8), a nonce (8), the box's authenticator (16) and flags (1); before it flags
 * and length. */
static uint64_t size_on_wire(size_t size)
{
	size_t body = size + 33;
	return body + (body > 255 ? 9 : 2);
}

static uint64_t lag(const struct peer *peer)
{
	return peer->sent > peer->read ? peer->sent - peer->read : 0;
}

static uint64_t unread(int descriptor, struct peer *peer)
{
	struct tcp_info tcp;
	if (read_tcp(descriptor, &tcp))
		peer->read = tcp.tcpi_bytes_acked;
	else
		peer->read = peer->sent; /* there is no telling */
	return lag(peer);
}

static uint64_t unread_by_key(struct peers *peers, const char *key)
{
	uint64_t bytes = 0;
	for (int i = 0; i < peers->count; i++)
		if (peers->peer[i].open && strcmp(peers->peer[i].key, key) == 0)
			bytes += unread(i, &peers->peer[i]);
	return bytes;
}

/* Looks closer only at a connection that does not keep up. */
static bool leaves_too_much(struct peers *peers, int descriptor, struct peer *peer)
{
	if (lag(peer) < UNREAD_FREE || unread(descriptor, peer) < UNREAD_FREE)
		return false;
	uint64_t bytes = peer->key[0] == '\0' ? unread(descriptor, peer) : unread_by_key(peers, peer->key);
	return bytes >= peers->limits.answers;
}

bool peers_may_send(struct peers *peers, int descriptor, size_t size)
{
	pthread_mutex_lock(&peers->mutex);
	struct peer *peer = find_peer(peers, descriptor);
	bool may = !peer || !peer->open || !leaves_too_much(peers, descriptor, peer);
	if (peer && may)
		peer->sent += size_on_wire(size);
	if (!may)
		count_one(peers->counters, COUNTER_ANSWERS_UNREAD);
	pthread_mutex_unlock(&peers->mutex);
	return may;
}

bool peers_may_subscribe(struct peers *peers, int descriptor)
{
	pthread_mutex_lock(&peers->mutex);
	struct peer *peer = find_peer(peers, descriptor);
	bool may = !peer || ++peer->subscriptions <= peers->limits.subscriptions;
	if (!may && peer->subscriptions == peers->limits.subscriptions + 1)
		end_peer(peers, descriptor, "too many subscriptions");
	pthread_mutex_unlock(&peers->mutex);
	return may;
}

void peers_end(struct peers *peers, int descriptor, const char *reason)
{
	pthread_mutex_lock(&peers->mutex);
	if (find_peer(peers, descriptor))
		end_peer(peers, descriptor, reason);
	pthread_mutex_unlock(&peers->mutex);
}

size_t peers_end_unless(struct peers *peers, peers_judge *may_stay, const void *closure)
{
	size_t count = 0;
	pthread_mutex_lock(&peers->mutex);
	for (int i = 0; i < peers->count; i++) {
		struct peer *peer = &peers->peer[i];
		if (peer->key[0] == '\0' || may_stay(closure, peer->key))
			continue;
		/* Even where we believe it to be closed: this must not be missed, and may hit another. */
		end_peer(peers, i, "the key was taken out");
		peer->key[0] = '\0';
		count++;
	}
	pthread_mutex_unlock(&peers->mutex);
	return count;
}

void peers_check_appetite(struct peers *peers)
{
	pthread_mutex_lock(&peers->mutex);
	for (int i = 0; i < peers->count; i++) {
		struct peer *peer = &peers->peer[i];
		struct tcp_info tcp;
		if (!peer->open || !read_tcp(i, &tcp))
			continue;
		uint64_t bytes = tcp.tcpi_bytes_received;
		if (peer->heard || bytes < peer->taken)
			peer->taken = bytes;
		peer->heard = false;
		if (bytes - peer->taken > APPETITE_MAX)
			end_peer(peers, i, "a message without an end");
	}
	pthread_mutex_unlock(&peers->mutex);
}
