#include "clients/lib/live.h"

#include "clients/lib/dial.h"
#include "daemon/base/arena.h"
#include "daemon/base/clock.h"
#include "proto/codes.h"
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
	struct dial *dial;
	struct arena *arena;
	struct subscription *subscriptions;
	size_t count;
};

int live_open(void *zmq_context, const char *url, const struct identity *identity, struct live **ret_live,
              const char **ret_error)
{
	struct live *live = calloc(1, sizeof *live);
	int result;

	if (!live)
		return -ENOMEM;
	result = arena_new(ENVELOPE_UNPACK_BUDGET, &live->arena);
	if (result == 0)
		result = dial_open(zmq_context, ENDPOINT_LIVE_CLIENT, url, identity, &live->dial, ret_error)
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
	dial_close(live->dial);
	arena_free(live->arena);
	free(live->subscriptions);
	free(live);
}

const char *live_trouble(const struct live *live)
{
	return dial_trouble(live->dial);
}

static int subscribe(struct live *live, const char *topic)
{
	void *socket = dial_socket(live->dial);

	if (!socket)
		return 0; /* the next one will be told */
	return zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic, strlen(topic)) ? FAULT_SOCKET : 0;
}

static int follow_topic(struct live *live, const char *topic)
{
	struct subscription *all = reallocarray(live->subscriptions, live->count + 1, sizeof *all);
	int fault;

	if (!all)
		return -ENOMEM;
	live->subscriptions = all;
	snprintf(all[live->count].topic, TOPIC_SIZE, "%s", topic);
	all[live->count].granted = false;
	fault = subscribe(live, all[live->count].topic);
	live->count += fault == 0;
	return fault;
}

int live_follow(struct live *live, const char *code)
{
	char topic[TOPIC_SIZE];
	const int length =
	    snprintf(topic, TOPIC_SIZE, ENVELOPE_TOPIC_PREFIX "%s%s", code ? code : "", code ? "." : "");

	if (length >= (int)TOPIC_SIZE)
		return -ENAMETOOLONG; /* longer than a code can be: nothing could ever match */
	return follow_topic(live, topic);
}

int live_follow_alerts(struct live *live)
{
	return follow_topic(live, ENVELOPE_TOPIC_ALERT);
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

/* What the old socket holds unread may be a grant, which must not pass for one of the connection to come. */
static int take_loss(struct live *live)
{
	dial_again(live->dial);
	for (size_t i = 0; i < live->count; i++)
		live->subscriptions[i].granted = false;
	return LIVE_LOST;
}

static int subscribe_again(struct live *live)
{
	int result = LIVE_QUIET;

	for (size_t i = 0; result == LIVE_QUIET && i < live->count; i++)
		result = subscribe(live, live->subscriptions[i].topic) ? FAULT_SOCKET : LIVE_QUIET;
	return result;
}

/* Takes the rest of a message away, so that the next receive starts at a first frame. */
static void skip_frames(void *socket, zmq_msg_t *frame)
{
	while (zmq_msg_more(frame) && zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) >= 0)
		continue;
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

/* Under an alert's topic comes an alert, under any other a value. */
static bool fits(zmq_msg_t *topic, const Suanpan__Update *update)
{
	const size_t size = strlen(ENVELOPE_TOPIC_ALERT);
	const bool is_alert =
	    zmq_msg_size(topic) >= size && memcmp(zmq_msg_data(topic), ENVELOPE_TOPIC_ALERT, size) == 0;

	return is_alert ? update->alert && !update->value : update->value && !update->alert;
}

static int read_second_frame(struct live *live, zmq_msg_t *topic, const Suanpan__Update **ret_update)
{
	void *socket = dial_socket(live->dial);
	const Suanpan__Update *update;
	int result = LIVE_GARBLED;
	zmq_msg_t frame;

	zmq_msg_init(&frame);
	if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) >= 0 && !zmq_msg_more(&frame))
		result = unpack_update(live, &frame, &update);
	if (result == 0 && !update->value && !update->alert)
		result = take_grant(live, topic);
	else if (result == 0 && fits(topic, update))
		*ret_update = update;
	else if (result == 0)
		result = LIVE_GARBLED;
	skip_frames(socket, &frame);
	zmq_msg_close(&frame);
	return result;
}

/* Two frames: the topic and the update. */
static int read_update(struct live *live, const Suanpan__Update **ret_update)
{
	int result = LIVE_GARBLED;
	zmq_msg_t topic;

	zmq_msg_init(&topic);
	if (zmq_msg_recv(&topic, dial_socket(live->dial), ZMQ_DONTWAIT) < 0)
		result = LIVE_QUIET;
	else if (zmq_msg_more(&topic))
		result = read_second_frame(live, &topic, ret_update);
	zmq_msg_close(&topic);
	return result;
}

static int wait_once(struct live *live, long timeout_ms, int stop_fd, const Suanpan__Update **ret_update)
{
	const int result = dial_wait(live->dial, ZMQ_POLLIN, stop_fd, timeout_ms);

	switch (result) {
	case 0:
		return read_update(live, ret_update);
	case DIAL_STOPPED:
		return LIVE_STOPPED;
	case DIAL_SHUT_OUT:
		return LIVE_SHUT_OUT;
	case DIAL_LOST:
		return take_loss(live);
	case DIAL_RENEWED:
		return subscribe_again(live);
	default:
		return result < 0 ? result : LIVE_QUIET;
	}
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
