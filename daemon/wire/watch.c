#include "daemon/wire/watch.h"

#include "daemon/base/log.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <zmq.h>

static int take_frame(void *events, zmq_msg_t *frame)
{
	zmq_msg_init(frame);
	if (zmq_msg_recv(frame, events, ZMQ_DONTWAIT) >= 0)
		return 0;
	zmq_msg_close(frame);
	if (errno == EAGAIN || errno == EINTR)
		return WATCH_EMPTY;
	log_event(LOG_LEVEL_ERROR, "socket-call-failed", "call=zmq_msg_recv reason='%s'",
	          zmq_strerror(errno));
	return FAULT_SOCKET;
}

/* zmq_socket_monitor(3): a number of 16 bits and one of 32, then as a second frame the endpoint. */
static struct watched read_event(const void *bytes, size_t size)
{
	struct watched watched = {.event = WATCH_OTHER, .descriptor = -1};
	uint16_t event;
	int32_t value;
	if (size != sizeof event + sizeof value)
		return watched;
	memcpy(&event, bytes, sizeof event);
	memcpy(&value, (const char *)bytes + sizeof event, sizeof value);
	if (event == ZMQ_EVENT_ACCEPTED || event == ZMQ_EVENT_DISCONNECTED)
		watched = (struct watched){.event = event == ZMQ_EVENT_ACCEPTED ? WATCH_OPENED : WATCH_CLOSED,
		                           .descriptor = value};
	return watched;
}

int watch_take(void *events, struct watched *ret_watched)
{
	zmq_msg_t frame;
	int result = take_frame(events, &frame);
	if (result != 0)
		return result;
	*ret_watched = read_event(zmq_msg_data(&frame), zmq_msg_size(&frame));
	bool more = zmq_msg_more(&frame);
	zmq_msg_close(&frame);
	while (more) { /* a message arrives whole */
		result = take_frame(events, &frame);
		if (result != 0)
			return result == WATCH_EMPTY ? FAULT_SOCKET : result;
		more = zmq_msg_more(&frame);
		zmq_msg_close(&frame);
	}
	return 0;
}
