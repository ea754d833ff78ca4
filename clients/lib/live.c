#include "clients/lib/live.h"

#include "daemon/base/arena.h"
#include "daemon/base/clock.h"
#include "proto/codes.h"
#include "proto/endpoint.h"
#include "proto/envelope.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define TOPIC_SIZE (sizeof ENVELOPE_TOPIC_PREFIX "." + CODE_LENGTH_MAX)

struct subscription {
	char topic[TOPIC_SIZE];
	bool granted;
};

struct live {
	void *socket;
	void *events; /* libzmq's word of the connection */
	struct arena *arena;
	struct subscription *subscriptions;
	size_t count;
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
	free(live->subscriptions);
	free(live);
}

int live_follow(struct live *live, const char *code)
{
	struct subscription *all = reallocarray(live->subscriptions, live->count + 1, sizeof *all);
	int length;

	if (!all)
		return -ENOMEM;
	live->subscriptions = all;
	length = snprintf(all[live->count].topic, TOPIC_SIZE, ENVELOPE_TOPIC_PREFIX "%s%s", code ? code : "",
	                  code ? "." : "");
	if (length >= (int)TOPIC_SIZE)
		return -ENAMETOOLONG; /* longer than a code can be: nothing could ever match */
	all[live->count].granted = false;
	if (zmq_setsockopt(live->socket, ZMQ_SUBSCRIBE, all[live->count].topic, (size_t)length))
		return FAULT_SOCKET;
	live->count++;
	return 0;
}

/* An update without a value, sent to the very prefix that was subscribed to. It may be meant for another
 * subscriber to the same, but only reaches us if ours is granted too. */
static int take_grant(struct live *live, zmq_msg_t *topic)
{
	size_t missing = 0, news = 0;

	for (size_t i = 0; i < live->count; i++) {
		struct subscription *subscription = &live->subscriptions[i];
		const size_t size = strlen(subscription->topic);

		if (!subscription->granted && zmq_msg_size(topic) == size &&
		    memcmp(zmq_msg_data(topic), subscription->topic, size) == 0) {
			subscription->granted = true;
			news++;
		}
		missing += !subscription->granted;
	}
	return news && !missing ? LIVE_READY : LIVE_QUIET;
}

static int take_loss(struct live *live)
{
	for (size_t i = 0; i < live->count; i++)
		live->subscriptions[i].granted = false;
	return LIVE_LOST;
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
	return event == ZMQ_EVENT_DISCONNECTED ? take_loss(live) : LIVE_QUIET;
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

static int read_second_frame(struct live *live, zmq_msg_t *topic, const Suanpan__Update **ret_update)
{
	const Suanpan__Update *update;
	int result = LIVE_GARBLED;
	zmq_msg_t frame;

	zmq_msg_init(&frame);
	if (zmq_msg_recv(&frame, live->socket, ZMQ_DONTWAIT) >= 0 && !zmq_msg_more(&frame))
		result = unpack_update(live, &frame, &update);
	if (result == 0 && !update->value)
		result = take_grant(live, topic);
	else if (result == 0)
		*ret_update = update;
	skip_frames(live->socket, &frame);
	zmq_msg_close(&frame);
	return result;
}

/* Two frames: the topic and the update. */
static int read_update(struct live *live, const Suanpan__Update **ret_update)
{
	int result = LIVE_GARBLED;
	zmq_msg_t topic;

	zmq_msg_init(&topic);
	if (zmq_msg_recv(&topic, live->socket, ZMQ_DONTWAIT) < 0)
		result = LIVE_QUIET;
	else if (zmq_msg_more(&topic))
		result = read_second_frame(live, &topic, ret_update);
	zmq_msg_close(&topic);
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
