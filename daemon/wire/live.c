#include "daemon/wire/live.h"

#include "daemon/base/log.h"
#include "daemon/wire/sender.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <zmq.h>

static int socket_fault(const char *call)
{
	log_event(LOG_LEVEL_ERROR, "socket-call-failed", "call=%s reason='%s'", call, zmq_strerror(errno));
	return FAULT_SOCKET;
}

static bool begins_with(const char *topic, size_t size, const char *prefix)
{
	const size_t length = strlen(prefix);
	return size >= length && memcmp(topic, prefix, length) == 0;
}

static bool is_a_topic(const char *topic, size_t size)
{
	return (begins_with(topic, size, ENVELOPE_TOPIC_PREFIX) ||
	        begins_with(topic, size, ENVELOPE_TOPIC_ALERT)) &&
	       size <= ENVELOPE_TOPIC_MAX && !memchr(topic, '\0', size);
}

static enum live_wish wish_of(const char *frame, size_t size)
{
	if (size < 1 || (frame[0] != 0 && frame[0] != 1))
		return LIVE_NONSENSE;
	if (!is_a_topic(frame + 1, size - 1))
		return frame[0] == 1 ? LIVE_DENIED : LIVE_UNSUBSCRIBE;
	return frame[0] == 1 ? LIVE_SUBSCRIBE : LIVE_UNSUBSCRIBE;
}

/* A frame from a subscriber: 1 or 0, then the topic. */
static void read_request(void *socket, zmq_msg_t *frame, struct live_request *request)
{
	const char *bytes = zmq_msg_data(frame);
	size_t size = zmq_msg_size(frame);
	request->wish = wish_of(bytes, size);
	request->topic[0] = '\0';
	if (request->wish != LIVE_NONSENSE && is_a_topic(bytes + 1, size - 1)) {
		memcpy(request->topic, bytes + 1, size - 1);
		request->topic[size - 1] = '\0';
	}
	sender_read(socket, frame, request->key, &request->descriptor);
}

int live_receive(void *socket, struct live_request *ret_request)
{
	zmq_msg_t frame;
	zmq_msg_init(&frame);
	if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&frame);
		return errno == EAGAIN || errno == EINTR ? (int)LIVE_EMPTY : socket_fault("zmq_msg_recv");
	}
	read_request(socket, &frame, ret_request);
	zmq_msg_close(&frame);
	return 0;
}

int live_grant(void *socket, const struct live_request *request)
{
	int option = request->wish == LIVE_SUBSCRIBE ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE;
	if (request->topic[0] == '\0' ||
	    zmq_setsockopt(socket, option, request->topic, strlen(request->topic)) == 0 || errno == EINVAL)
		return 0;
	return socket_fault("zmq_setsockopt");
}

int live_publish(void *socket, const char *topic, const void *bytes, size_t size)
{
	/* Memory first: were there none between the frames, the next topic would go on with this message. */
	zmq_msg_t update;
	if (zmq_msg_init_size(&update, size) < 0)
		return errno == ENOMEM ? -ENOMEM : socket_fault("zmq_msg_init_size");
	if (size > 0)
		memcpy(zmq_msg_data(&update), bytes, size);
	if (zmq_send(socket, topic, strlen(topic), ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
	    zmq_msg_send(&update, socket, ZMQ_DONTWAIT) >= 0)
		return 0;
	int result = 0; /* XPUB drops for slow subscribers by itself; the sequence shows the gap */
	if (errno == ENOMEM)
		result = -ENOMEM;
	else if (errno != EAGAIN && errno != EINTR)
		result = socket_fault("zmq_send");
	zmq_msg_close(&update);
	return result;
}
