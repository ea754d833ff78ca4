#include "daemon/wire/live.h"

#include "daemon/base/log.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <zmq.h>

static int socket_fault(const char *call)
{
	log_event(LOG_LEVEL_ERROR, "socket-call-failed", "call=%s reason='%s'", call, zmq_strerror(errno));
	return FAULT_SOCKET;
}

static bool is_a_topic(const char *topic, size_t size)
{
	const size_t prefix = strlen(ENVELOPE_TOPIC_PREFIX);
	return size >= prefix && size <= ENVELOPE_TOPIC_MAX &&
	       memcmp(topic, ENVELOPE_TOPIC_PREFIX, prefix) == 0;
}

/* A frame from a subscriber: 1 or 0, then the topic. */
static int handle(void *socket, const char *frame, size_t size, size_t *subscriptions, char *granted)
{
	if (size < 1 || !is_a_topic(frame + 1, size - 1))
		return 0;
	bool begins = frame[0] == 1;
	if (begins && *subscriptions >= LIVE_SUBSCRIPTIONS_MAX) {
		log_event(LOG_LEVEL_WARNING, "subscription-refused", "reason='too many' most=%d",
		          LIVE_SUBSCRIPTIONS_MAX);
		return 0;
	}
	if (zmq_setsockopt(socket, begins ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE, frame + 1, size - 1) < 0)
		return errno == EINVAL ? 0 : socket_fault("zmq_setsockopt");
	if (begins) {
		++*subscriptions;
		memcpy(granted, frame + 1, size - 1);
		granted[size - 1] = '\0';
	} else if (*subscriptions > 0) {
		--*subscriptions;
	}
	return 0;
}

int live_take_subscription(void *socket, size_t *subscriptions, char ret_granted[ENVELOPE_TOPIC_MAX + 1])
{
	zmq_msg_t frame;
	ret_granted[0] = '\0';
	zmq_msg_init(&frame);
	if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&frame);
		return errno == EAGAIN || errno == EINTR ? (int)LIVE_EMPTY : socket_fault("zmq_msg_recv");
	}
	int result = handle(socket, zmq_msg_data(&frame), zmq_msg_size(&frame), subscriptions, ret_granted);
	zmq_msg_close(&frame);
	return result;
}

int live_publish(void *socket, const char *topic, const void *bytes, size_t size)
{
	if (zmq_send(socket, topic, strlen(topic), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
	    zmq_send(socket, bytes, size, ZMQ_DONTWAIT) < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return 0; /* XPUB drops for slow subscribers by itself; the sequence shows the gap */
		return socket_fault("zmq_send");
	}
	return 0;
}
