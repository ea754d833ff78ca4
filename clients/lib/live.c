#include "clients/lib/live.h"

#include "daemon/base/arena.h"
#include "daemon/base/clock.h"
#include "proto/codes.h"
#include "proto/endpoint.h"
#include "proto/envelope.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

struct live {
	void *socket;
	void *events; /* libzmq's word of the connection */
	struct arena *arena;
};

int live_open(void *zmq_context, const char *url, struct live **ret_live, const char **ret_error)
{
	struct live *live = calloc(1, sizeof *live);
	int result;

	if (!live)
		return -ENOMEM;
	result = arena_new(ENVELOPE_UNPACK_BUDGET, &live->arena);
	if (result == 0)
		result = endpoint_open_watched(zmq_context, ENDPOINT_LIVE_CLIENT, url, &live->socket,
		                               &live->events, ret_error)
		             ? LIVE_UNREACHABLE
		             : 0;
	if (result) {
		live_close(live);
		return result;
	}
	*ret_live = live;
	return 0;
}

void live_close(struct live *live)
{
	if (!live)
		return;
	endpoint_close_watched(live->socket, live->events);
	arena_free(live->arena);
	free(live);
}

int live_follow(struct live *live, const char *code)
{
	char topic[sizeof ENVELOPE_TOPIC_PREFIX + CODE_LENGTH_MAX + sizeof "."];
	const int length =
	    snprintf(topic, sizeof topic, ENVELOPE_TOPIC_PREFIX "%s%s", code ? code : "", code ? "." : "");

	if (length >= (int)sizeof topic)
		return -ENAMETOOLONG; /* longer than a code can be: nothing could ever match */
	return zmq_setsockopt(live->socket, ZMQ_SUBSCRIBE, topic, (size_t)length) ? FAULT_SOCKET : 0;
}

/* Takes the rest of a message away, so that the next receive starts at a first frame. */
static void skip_frames(void *socket, zmq_msg_t *frame)
{
	while (zmq_msg_more(frame) && zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) >= 0)
		continue;
}

/* The first frame is the event's number in the machine's order; the second, the address, is not needed. */
static int read_event(struct live *live)
{
	uint16_t event = 0;
	zmq_msg_t frame;

	zmq_msg_init(&frame);
	if (zmq_msg_recv(&frame, live->events, ZMQ_DONTWAIT) >= (int)sizeof event)
		memcpy(&event, zmq_msg_data(&frame), sizeof event);
	skip_frames(live->events, &frame);
	zmq_msg_close(&frame);
	return event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED ? LIVE_CONNECTED
	       : event == ZMQ_EVENT_DISCONNECTED      ? LIVE_LOST
	                                              : LIVE_QUIET;
}

static int unpack_update(struct live *live, zmq_msg_t *frame, const Suanpan__Update **ret_update)
{
	ProtobufCMessage *message;
	uint64_t major;
	int result;

	arena_reset(live->arena);
	result = envelope_unpack(&suanpan__update__descriptor, zmq_msg_data(frame), zmq_msg_size(frame),
	                         live->arena, &major, &message);
	if (result)
		return result < 0 ? result : LIVE_GARBLED;
	*ret_update = (const Suanpan__Update *)message;
	return 0;
}

/* Two frames: the topic, which the update itself repeats, and the update. */
static int read_update(struct live *live, const Suanpan__Update **ret_update)
{
	int result = LIVE_GARBLED;
	zmq_msg_t frame;

	zmq_msg_init(&frame);
	if (zmq_msg_recv(&frame, live->socket, ZMQ_DONTWAIT) < 0)
		result = LIVE_QUIET;
	else if (zmq_msg_more(&frame) && zmq_msg_recv(&frame, live->socket, ZMQ_DONTWAIT) >= 0 &&
	         !zmq_msg_more(&frame))
		result = unpack_update(live, &frame, ret_update);
	skip_frames(live->socket, &frame);
	zmq_msg_close(&frame);
	return result;
}

static int wait_once(struct live *live, long timeout_ms, int stop_fd, const Suanpan__Update **ret_update)
{
	zmq_pollitem_t items[] = {
	    {.socket = live->events, .events = ZMQ_POLLIN},
	    {.socket = live->socket, .events = ZMQ_POLLIN},
	    {.fd = stop_fd, .events = ZMQ_POLLIN},
	};
	const int ready = zmq_poll(items, stop_fd < 0 ? 2 : 3, timeout_ms);

	if (ready < 0)
		return zmq_errno() == EINTR ? LIVE_QUIET : FAULT_SOCKET;
	if (stop_fd >= 0 && items[2].revents)
		return LIVE_STOPPED;
	if (items[0].revents)
		return read_event(live);
	return items[1].revents ? read_update(live, ret_update) : LIVE_QUIET;
}

int live_wait(struct live *live, int timeout_ms, int stop_fd, const Suanpan__Update **ret_update)
{
	const int64_t deadline_ms = clock_read().monotonic_ms + timeout_ms;

	for (;;) {
		const int64_t left = deadline_ms - clock_read().monotonic_ms;
		const long wait_ms = timeout_ms < 0 ? -1 : left > 0 ? (long)left : 0;
		const int result = wait_once(live, wait_ms, stop_fd, ret_update);

		if (result != LIVE_QUIET || (timeout_ms >= 0 && left <= 0))
			return result;
	}
}
