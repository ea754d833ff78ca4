#include "daemon/wire/wait.h"

#include "daemon/base/log.h"
#include <assert.h>
#include <errno.h>
#include <zmq.h>

int wait_for_input(struct wait_item items[], size_t count)
{
	return wait_for_input_within(items, count, -1);
}

int wait_for_input_within(struct wait_item items[], size_t count, long timeout_ms)
{
	zmq_pollitem_t polled[WAIT_ITEMS_MAX];
	assert(count <= WAIT_ITEMS_MAX);
	for (size_t i = 0; i < count; i++)
		polled[i] = (zmq_pollitem_t){
		    .socket = items[i].socket, .fd = items[i].fd, .events = ZMQ_POLLIN, .revents = 0};
	int ready = zmq_poll(polled, (int)count, timeout_ms);
	if (ready < 0 && errno != EINTR) {
		log_event(LOG_LEVEL_ERROR, "socket-call-failed", "call=zmq_poll reason='%s'",
		          zmq_strerror(errno));
		return FAULT_SOCKET;
	}
	for (size_t i = 0; i < count; i++)
		items[i].ready = ready > 0 && polled[i].revents != 0;
	return 0;
}
