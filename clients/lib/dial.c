#include "clients/lib/dial.h"

#include "daemon/base/clock.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <zmq.h>

/* A daemon that is being started answers soon; one that does not know us waits for a person. */
#define BROKEN_OFF_FIRST_MS 100
#define BROKEN_OFF_MOST_MS  2000
#define SHUT_OUT_FIRST_MS   1000
#define SHUT_OUT_MOST_MS    30000

struct dial {
	void *context;
	enum endpoint_kind kind;
	char *url;
	const struct identity *identity; /* NULL: plain */
	void *socket, *events;           /* NULL between two attempts */
	bool is_connected;
	size_t server;     /* which of the daemon's keys is tried */
	unsigned failures; /* handshakes since the last that did not fail */
	int64_t retry_ms;  /* when there will be another socket, on the monotonic clock */
	char trouble[1024];
};

/* ---- sockets ---- */

static int open_socket(struct dial *dial, const char **ret_error)
{
	const struct identity *identity = dial->identity;
	struct endpoint_keys keys;

	if (identity)
		keys = (struct endpoint_keys){
		    .own_public = identity->own.public,
		    .own_secret = identity->own.secret,
		    .server_public = identity->servers.keys[dial->server],
		};
	return endpoint_open_watched(dial->context, dial->kind, dial->url, identity ? &keys : NULL,
	                             &dial->socket, &dial->events, ret_error);
}

static void close_socket(struct dial *dial)
{
	endpoint_close_watched(dial->socket, dial->events);
	dial->socket = dial->events = NULL;
	dial->is_connected = false;
}

int dial_open(void *zmq_context, enum endpoint_kind kind, const char *url, const struct identity *identity,
              struct dial **ret_dial, const char **ret_error)
{
	struct dial *dial = calloc(1, sizeof *dial);
	int result = -ENOMEM;

	*ret_error = "out of memory";
	if (!dial)
		return result;
	dial->context = zmq_context;
	dial->kind = kind;
	dial->identity = identity && identity->key_file ? identity : NULL;
	dial->url = strdup(url);
	if (dial->url)
		result = open_socket(dial, ret_error);
	if (result) {
		dial_close(dial);
		return result;
	}
	*ret_dial = dial;
	return 0;
}

void dial_close(struct dial *dial)
{
	if (!dial)
		return;
	close_socket(dial);
	free(dial->url);
	free(dial);
}

/* Half of it and up to the other half more, so that those who were turned away together do not come back
 * together. */
static int64_t spread(int64_t pause_ms)
{
	uint32_t number = 0;

	if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number)
		return pause_ms;
	return pause_ms / 2 + number % (uint32_t)(pause_ms / 2 + 1);
}

static int64_t doubled(int64_t first_ms, unsigned times, int64_t most_ms)
{
	int64_t pause_ms = times < 16 ? first_ms << times : most_ms;

	return pause_ms < most_ms ? pause_ms : most_ms;
}

static void try_later(struct dial *dial, int64_t pause_ms)
{
	close_socket(dial);
	dial->retry_ms = clock_read().monotonic_ms + (pause_ms ? spread(pause_ms) : 0);
}

void dial_again(struct dial *dial)
{
	try_later(dial, 0);
}

void *dial_socket(const struct dial *dial)
{
	return dial->socket;
}

const char *dial_trouble(const struct dial *dial)
{
	return *dial->trouble ? dial->trouble : NULL;
}

/* ---- failures ---- */

static int take_refusal(struct dial *dial)
{
	try_later(dial, doubled(SHUT_OUT_FIRST_MS, dial->failures++, SHUT_OUT_MOST_MS));
	return DIAL_SHUT_OUT;
}

static int take_unknown_key(struct dial *dial)
{
	const struct identity *identity = dial->identity;

	snprintf(dial->trouble, sizeof dial->trouble,
	         "the daemon at %s does not know the key %s (public key %s); ask its operator to enrol it",
	         dial->url, identity ? identity->key_file : "", identity ? identity->own.public : "");
	return take_refusal(dial);
}

static int take_mismatch(struct dial *dial)
{
	if (dial->identity)
		snprintf(
		    dial->trouble, sizeof dial->trouble,
		    "what answers at %s speaks without keys, so it may be anybody; nothing was sent to it",
		    dial->url);
	else
		snprintf(dial->trouble, sizeof dial->trouble,
		         "the daemon at %s speaks only to those with a key; give --key and --server-key",
		         dial->url);
	return take_refusal(dial);
}

/* Which of these it is nobody says. Once may also be a daemon that was stopped just then. */
static void explain_breaking_off(struct dial *dial)
{
	if (dial->identity)
		snprintf(dial->trouble, sizeof dial->trouble,
		         "the daemon at %s breaks the handshake off: %s is not its public key, or it speaks "
		         "without "
		         "keys, or lets nobody in for now",
		         dial->url, dial->identity->server_key);
	else if (dial->failures > 1)
		snprintf(
		    dial->trouble, sizeof dial->trouble,
		    "the daemon at %s breaks the handshake off; if it speaks only to those with a key, give "
		    "--key and --server-key",
		    dial->url);
}

/* The next of the daemon's keys at once, and all of them again after a pause. */
static int take_breaking_off(struct dial *dial)
{
	const unsigned count = dial->identity ? (unsigned)dial->identity->servers.count : 1;
	const unsigned rounds = ++dial->failures / count;

	explain_breaking_off(dial);
	dial->server = (dial->server + 1) % count;
	try_later(dial,
	          dial->failures % count ? 0 : doubled(BROKEN_OFF_FIRST_MS, rounds - 1, BROKEN_OFF_MOST_MS));
	return DIAL_QUIET;
}

static int take_connection(struct dial *dial)
{
	dial->is_connected = true;
	dial->failures = 0;
	dial->trouble[0] = '\0';
	return DIAL_QUIET;
}

static int take_disconnection(struct dial *dial)
{
	const bool was_connected = dial->is_connected;

	dial->is_connected = false;
	return was_connected ? DIAL_LOST : DIAL_QUIET;
}

static int take_news(struct dial *dial)
{
	switch (endpoint_read_news(dial->events)) {
	case ENDPOINT_CONNECTED:
		return take_connection(dial);
	case ENDPOINT_DISCONNECTED:
		return take_disconnection(dial);
	case ENDPOINT_UNKNOWN_KEY:
		return take_unknown_key(dial);
	case ENDPOINT_MISMATCHED:
		return take_mismatch(dial);
	case ENDPOINT_BROKEN_OFF:
		return take_breaking_off(dial);
	case ENDPOINT_NO_NEWS:
	default:
		return DIAL_QUIET;
	}
}

/* ---- waiting ---- */

static int renew(struct dial *dial)
{
	const char *error;
	int result = open_socket(dial, &error);

	return result ? result : DIAL_RENEWED;
}

static long pause_of(const struct dial *dial, long timeout_ms)
{
	const int64_t left = dial->retry_ms - clock_read().monotonic_ms;

	if (left <= 0)
		return 0;
	return timeout_ms < 0 || left < timeout_ms ? (long)left : timeout_ms;
}

/* Between two sockets. */
static int wait_for_retry(struct dial *dial, int stop_fd, long timeout_ms)
{
	zmq_pollitem_t item = {.fd = stop_fd, .events = ZMQ_POLLIN};
	const int ready = zmq_poll(&item, stop_fd < 0 ? 0 : 1, pause_of(dial, timeout_ms));

	if (ready < 0)
		return zmq_errno() == EINTR ? DIAL_QUIET : FAULT_SOCKET;
	if (ready > 0)
		return DIAL_STOPPED;
	return clock_read().monotonic_ms >= dial->retry_ms ? renew(dial) : DIAL_QUIET;
}

int dial_wait(struct dial *dial, short events, int stop_fd, long timeout_ms)
{
	zmq_pollitem_t items[] = {
	    {.socket = dial->events, .events = ZMQ_POLLIN},
	    {.socket = dial->socket, .events = events},
	    {.fd = stop_fd, .events = ZMQ_POLLIN},
	};

	if (!dial->socket)
		return wait_for_retry(dial, stop_fd, timeout_ms);
	if (zmq_poll(items, stop_fd < 0 ? 2 : 3, timeout_ms) < 0)
		return zmq_errno() == EINTR ? DIAL_QUIET : FAULT_SOCKET;
	if (stop_fd >= 0 && items[2].revents)
		return DIAL_STOPPED;
	if (items[1].revents & ZMQ_POLLIN)
		return 0; /* said before whatever the news are; a new socket would not have it */
	if (items[0].revents)
		return take_news(dial);
	return items[1].revents ? 0 : DIAL_QUIET;
}

bool dial_is_connected(struct dial *dial)
{
	while (dial->events) {
		zmq_pollitem_t item = {.socket = dial->events, .events = ZMQ_POLLIN};

		if (zmq_poll(&item, 1, 0) <= 0)
			break;
		take_news(dial);
	}
	return dial->is_connected;
}
