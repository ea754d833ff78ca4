/* Any frames at all to the daemon's sockets: requests to a ROUTER, subscriptions to the live XPUB.
 *
 * Exactly one frame is a request, and comes in as it was sent, with an answer that goes back to its sender; what is granted to a
 * subscriber is what it then gets. The first byte chooses the socket; then come the frames, each behind its length. All of it is in
 * one process and one thread. */
#include "daemon/wire/live.h"
#include "daemon/wire/router.h"
#include "proto/endpoint.h"
#include "tests/fuzz/fuzz.h"
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#define FRAMES_MAX  6
#define RUNS_A_PEER 500 /* a subscriber's words stay with libzmq until it goes */
#define TOPIC       "code.residents.440100"

static void *context, *router, *live, *dealer, *subscriber;
static unsigned runs;

/* Closed sockets count until libzmq's reaper has had its turn, which on a loaded machine may be a while. */
static void *new_socket(int type)
{
	void *socket;
	for (int i = 0; !(socket = zmq_socket(context, type)) && errno == EMFILE && i < 30000; i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	return socket;
}

static void *connect_one(int type, const char *url)
{
	int zero = 0;
	void *socket = new_socket(type);
	if (!socket || zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero) != 0 ||
	    zmq_connect(socket, url) != 0) {
		fprintf(stderr, "fuzz_wire: %s: %s\n", url, zmq_strerror(errno));
		abort();
	}
	return socket;
}

/* What every subscriber of ours follows, so that its end is seen: the other side is told when nobody follows it any more. */
#define SIGN_OF_LIFE "code.sign_of_life."

static void connect_subscriber(void)
{
	struct live_request request;
	subscriber = connect_one(ZMQ_XSUB, "inproc://live");
	if (zmq_send(subscriber, "\1" SIGN_OF_LIFE, sizeof SIGN_OF_LIFE, 0) < 0)
		abort();
	while (live_receive(live, &request) == 0)
		if (strcmp(request.topic, SIGN_OF_LIFE) == 0 && live_grant(live, &request) != 0)
			abort();
}

/* Until libzmq's reaper has had its turn an old subscriber's end comes in between the new one's words. Not for ever: it may have taken
 * back the sign itself. */
static void await_end(void)
{
	struct live_request request = {.wish = LIVE_NONSENSE};
	for (int i = 0; i < 2000; i++) {
		while (live_receive(live, &request) == 0)
			if (request.wish == LIVE_UNSUBSCRIBE && strcmp(request.topic, SIGN_OF_LIFE) == 0)
				return;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
}

static void leave(void)
{
	zmq_close(dealer);
	zmq_close(subscriber);
	endpoint_close(router);
	endpoint_close(live);
	endpoint_context_free(context);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	const char *error = "";
	(void)count;
	(void)arguments;
	if (endpoint_context_new(&context) != 0 ||
	    endpoint_open(context, ENDPOINT_INTAKE_SERVER, "inproc://router", NULL, &router, &error) != 0 ||
	    endpoint_open(context, ENDPOINT_LIVE_SERVER, "inproc://live", NULL, &live, &error) != 0)
		abort();
	dealer = connect_one(ZMQ_DEALER, "inproc://router");
	connect_subscriber();
	atexit(leave);
	return 0;
}

/* ---- frames ---- */

struct frame {
	const uint8_t *bytes;
	size_t size;
};

static size_t split(const uint8_t *bytes, size_t size, struct frame frames[FRAMES_MAX])
{
	size_t count = 0;
	for (size_t at = 0; at < size && count < FRAMES_MAX; count++) {
		size_t length = bytes[at++];
		if (length > size - at)
			length = size - at;
		frames[count] = (struct frame){bytes + at, length};
		at += length;
	}
	return count;
}

static void send_frames(void *socket, const struct frame *frames, size_t count, bool together)
{
	for (size_t i = 0; i < count; i++)
		if (zmq_send(socket, frames[i].bytes, frames[i].size,
		             ZMQ_DONTWAIT | (together && i + 1 < count ? ZMQ_SNDMORE : 0)) < 0)
			abort();
}

/* Takes whole messages away; answers how many there were. */
static size_t drain(void *socket)
{
	char bytes[ENVELOPE_TOPIC_MAX + 300];
	size_t messages = 0, size = sizeof(int);
	int more;
	while (zmq_recv(socket, bytes, sizeof bytes, ZMQ_DONTWAIT) >= 0) {
		if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) != 0)
			abort();
		messages += !more;
	}
	return messages;
}

/* ---- what must hold ---- */

static void check_request(const struct frame *frame, const struct route *route, const void *payload,
                          size_t size)
{
	char answer[64];
	assert(size == frame->size && memcmp(payload, frame->bytes, size) == 0);
	assert(route->size > 0 && route->key[0] == '\0');
	if (router_send(router, route, "answer", 6) != 0)
		abort();
	assert(zmq_recv(dealer, answer, sizeof answer, ZMQ_DONTWAIT) == 6);
}

static void try_router(const struct frame *frames, size_t count)
{
	struct route route;
	void *payload;
	size_t size;
	send_frames(dealer, frames, count, true);
	int result = router_receive(router, &route, &payload, &size);
	assert(result == (count == 0 ? (int)ROUTER_EMPTY : count == 1 ? 0 : (int)ROUTER_DROPPED));
	if (result == 0) {
		check_request(&frames[0], &route, payload, size);
		free(payload);
	}
	assert(router_receive(router, &route, &payload, &size) == ROUTER_EMPTY);
}

/* A new subscriber, of whom nothing is known. */
static void replace_subscriber(void)
{
	zmq_close(subscriber);
	await_end();
	connect_subscriber();
}

/* Takes back whatever was asked for, granted or not. */
static void take_back(const struct frame *frames, size_t count)
{
	struct live_request request;
	uint8_t back[UINT8_MAX];
	for (size_t i = 0; i < count; i++) {
		if (frames[i].size == 0 || frames[i].bytes[0] != 1)
			continue;
		memcpy(back, frames[i].bytes, frames[i].size);
		back[0] = 0;
		const struct frame frame = {back, frames[i].size};
		send_frames(subscriber, &frame, 1, false);
	}
	while (live_receive(live, &request) == 0)
		if (live_grant(live, &request) != 0)
			abort();
}

static bool is_prefix(const char *topic)
{
	return *topic && strncmp(TOPIC, topic, strlen(topic)) == 0;
}

static void try_live(const struct frame *frames, size_t count)
{
	struct live_request request;
	bool follows = false, is_odd = false;
	send_frames(subscriber, frames, count, false);
	for (size_t i = 0; i <= count && live_receive(live, &request) == 0; i++) {
		assert(request.wish != LIVE_SUBSCRIBE ||
		       strncmp(request.topic, ENVELOPE_TOPIC_PREFIX, 5) == 0);
		assert(strlen(request.topic) <= ENVELOPE_TOPIC_MAX && request.key[0] == '\0');
		is_odd |= request.wish == LIVE_NONSENSE;
		if (request.wish != LIVE_SUBSCRIBE && request.wish != LIVE_UNSUBSCRIBE)
			continue;
		if (live_grant(live, &request) != 0)
			abort();
		follows |= request.wish == LIVE_SUBSCRIBE && is_prefix(request.topic);
	}
	if (live_publish(live, TOPIC, "update", 6) != 0)
		abort();
	assert(drain(subscriber) == 0 || follows);
	if (is_odd) /* libzmq may mix up whose words come next: the daemon ends the connection, too */
		replace_subscriber();
	else
		take_back(frames, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct frame frames[FRAMES_MAX];
	if (size < 1)
		return 0;
	size_t count = split(bytes + 1, size - 1, frames);
	if (bytes[0] % 2)
		try_live(frames, count);
	else
		try_router(frames, count);
	if (++runs % RUNS_A_PEER == 0)
		replace_subscriber();
	return 0;
}
