#include "daemon/wire/router.h"

#include "daemon/base/log.h"
#include "daemon/wire/sender.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static int socket_fault(const char *call)
{
	if (errno == ENOMEM)
		return -ENOMEM;
	log_event(LOG_LEVEL_ERROR, "socket-call-failed", "call=%s reason='%s'", call, zmq_strerror(errno));
	return FAULT_SOCKET;
}

/* Answers 0, ROUTER_EMPTY, or a fault. EINTR counts as empty: the loop comes back. */
static int receive_frame(void *socket, zmq_msg_t *frame)
{
	zmq_msg_init(frame);
	if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) >= 0)
		return 0;
	zmq_msg_close(frame);
	return errno == EAGAIN || errno == EINTR ? (int)ROUTER_EMPTY : socket_fault("zmq_msg_recv");
}

/* The rest of a message that is not what it should be. A message arrives whole, so nothing here waits. */
static int drop_rest(void *socket, bool more)
{
	while (more) {
		zmq_msg_t frame;
		int result = receive_frame(socket, &frame);
		if (result != 0)
			return result;
		more = zmq_msg_more(&frame);
		zmq_msg_close(&frame);
	}
	return ROUTER_DROPPED;
}

static int take_payload(zmq_msg_t *frame, void **ret_payload, size_t *ret_size)
{
	size_t size = zmq_msg_size(frame);
	void *payload = malloc(size > 0 ? size : 1);
	if (!payload)
		return -ENOMEM;
	memcpy(payload, zmq_msg_data(frame), size);
	*ret_payload = payload;
	*ret_size = size;
	return 0;
}

int router_receive(void *socket, struct route *ret_route, void **ret_payload, size_t *ret_size)
{
	zmq_msg_t id, payload;
	int result = receive_frame(socket, &id);
	if (result != 0)
		return result;
	size_t id_size = zmq_msg_size(&id);
	bool more = zmq_msg_more(&id);
	if (id_size <= ROUTE_SIZE_MAX) {
		ret_route->size = (uint8_t)id_size;
		memcpy(ret_route->bytes, zmq_msg_data(&id), id_size);
	}
	zmq_msg_close(&id);
	ret_route->key[0] = '\0';
	ret_route->descriptor = -1;
	if (!more || id_size > ROUTE_SIZE_MAX)
		return drop_rest(socket, more);
	result = receive_frame(socket, &payload);
	if (result != 0)
		return result;
	sender_read(socket, &payload, ret_route->key, &ret_route->descriptor);
	if (zmq_msg_more(&payload)) {
		zmq_msg_close(&payload);
		return drop_rest(socket, true);
	}
	result = take_payload(&payload, ret_payload, ret_size);
	zmq_msg_close(&payload);
	return result;
}

int router_send(void *socket, const struct route *route, const void *bytes, size_t size)
{
	/* Memory first: were there none between the frames, the next answer would go on with this one. */
	zmq_msg_t payload;
	if (zmq_msg_init_size(&payload, size) < 0)
		return socket_fault("zmq_msg_init_size");
	if (size > 0)
		memcpy(zmq_msg_data(&payload), bytes, size);
	if (zmq_send(socket, route->bytes, route->size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
	    zmq_msg_send(&payload, socket, ZMQ_DONTWAIT) >= 0)
		return 0;
	int result = errno == EAGAIN || errno == EHOSTUNREACH || errno == EINTR ? (int)ROUTER_PEER_GONE
	                                                                        : socket_fault("zmq_send");
	zmq_msg_close(&payload);
	return result;
}
