#include "clients/report/line.h"
#include "clients/lib/dial.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

struct line {
	struct dial *dial;
	struct sentence *why;
};

int line_open(void *zmq_context, const char *url, const struct identity *identity, struct sentence *why,
              struct line **ret_line)
{
	struct line *line = calloc(1, sizeof *line);
	if (!line) {
		sentence_set(why, "out of memory");
		return -ENOMEM;
	}
	line->why = why;
	const char *error = "";
	int fault = dial_open(zmq_context, ENDPOINT_REQUEST, url, identity, &line->dial, &error);
	if (fault) {
		sentence_set(why, "cannot connect to %s: %s", url, error);
		free(line);
		return fault;
	}
	*ret_line = line;
	return 0;
}

void line_close(struct line *line)
{
	if (!line)
		return;
	dial_close(line->dial);
	free(line);
}

static int socket_fault(struct line *line, const char *what)
{
	sentence_set(line->why, "%s: %s", what, zmq_strerror(zmq_errno()));
	return FAULT_SOCKET;
}

int line_send(struct line *line, const void *bytes, size_t size)
{
	void *socket = dial_socket(line->dial);
	if (!socket)
		return LINE_FULL;
	if (zmq_send(socket, bytes, size, ZMQ_DONTWAIT) >= 0)
		return 0;
	return zmq_errno() == EAGAIN || zmq_errno() == EINTR ? LINE_FULL : socket_fault(line, "sending");
}

/* One frame into `message`; *ret_whole says that it is the first and the last one of its message. */
static int receive_frame(struct line *line, zmq_msg_t *message, bool *ret_whole)
{
	void *socket = dial_socket(line->dial);
	if (!socket)
		return LINE_NOTHING;
	if (zmq_msg_recv(message, socket, ZMQ_DONTWAIT) < 0)
		return zmq_errno() == EAGAIN || zmq_errno() == EINTR ? LINE_NOTHING
		                                                     : socket_fault(line, "receiving");
	*ret_whole = !zmq_msg_more(message);
	while (zmq_msg_more(message))
		if (zmq_msg_recv(message, socket, ZMQ_DONTWAIT) < 0)
			return LINE_NOTHING;
	return 0;
}

static int copy_frame(struct line *line, zmq_msg_t *message, void **ret_bytes, size_t *ret_size)
{
	size_t size = zmq_msg_size(message);
	void *bytes = malloc(size + 1);
	if (!bytes) {
		sentence_set(line->why, "out of memory");
		return -ENOMEM;
	}
	memcpy(bytes, zmq_msg_data(message), size);
	*ret_bytes = bytes;
	*ret_size = size;
	return 0;
}

int line_receive(struct line *line, void **ret_bytes, size_t *ret_size)
{
	zmq_msg_t message;
	bool whole = false;
	zmq_msg_init(&message);
	int answer = 0;
	while (!answer && !whole)
		answer = receive_frame(line, &message, &whole);
	if (!answer)
		answer = copy_frame(line, &message, ret_bytes, ret_size);
	zmq_msg_close(&message);
	return answer;
}

int line_wait(struct line *line, bool or_writable, int timeout_ms)
{
	const short events = or_writable ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN;
	int answer = dial_wait(line->dial, events, -1, timeout_ms);
	if (answer < 0)
		return socket_fault(line, "waiting");
	if (answer != DIAL_SHUT_OUT)
		return 0;
	sentence_set(line->why, "%s", dial_trouble(line->dial));
	return LINE_SHUT_OUT;
}

const char *line_trouble(const struct line *line)
{
	return dial_trouble(line->dial);
}
