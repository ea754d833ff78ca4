#include "clients/lib/ask.h"

#include "clients/lib/dial.h"
#include "daemon/base/arena.h"
#include "daemon/base/clock.h"
#include "proto/envelope.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

struct ask {
	void *context;
	struct dial *dial; /* NULL until it is needed, and again after a call that left answers unread */
	char *url;
	const struct identity *identity;
	struct arena *arena; /* holds one Answer */
	uint64_t number;     /* of the last query */
	char *failure;       /* NULL: nothing failed, or there was no memory to say what */
};

static void PRINTF_LIKE(2, 3) say(struct ask *ask, const char *format, ...)
{
	char *sentence;
	va_list list;

	va_start(list, format);
	if (vasprintf(&sentence, format, list) < 0)
		sentence = NULL;
	va_end(list);
	free(ask->failure);
	ask->failure = sentence;
}

const char *ask_failure(const struct ask *ask)
{
	return ask->failure ? ask->failure : "out of memory";
}

int ask_open(void *zmq_context, const char *url, const struct identity *identity, struct ask **ret_ask)
{
	struct ask *ask = calloc(1, sizeof *ask);
	int result = -ENOMEM;

	if (!ask)
		return -ENOMEM;
	ask->context = zmq_context;
	ask->identity = identity;
	ask->url = strdup(url);
	if (ask->url)
		result = arena_new(ENVELOPE_UNPACK_BUDGET, &ask->arena);
	if (result) {
		ask_close(ask);
		return result;
	}
	*ret_ask = ask;
	return 0;
}

void ask_close(struct ask *ask)
{
	if (!ask)
		return;
	dial_close(ask->dial);
	arena_free(ask->arena);
	free(ask->failure);
	free(ask->url);
	free(ask);
}

static void hang_up(struct ask *ask)
{
	dial_close(ask->dial);
	ask->dial = NULL;
}

/* What happened to an idle connection is no answer to this question: a new one begins from the beginning. */
static int connect_socket(struct ask *ask)
{
	const char *error = "";

	if (ask->dial && dial_is_connected(ask->dial))
		return 0;
	hang_up(ask);
	if (dial_open(ask->context, ENDPOINT_REQUEST, ask->url, ask->identity, &ask->dial, &error) == 0)
		return 0;
	say(ask, "cannot connect to %s: %s", ask->url, error);
	return ASK_UNREACHABLE;
}

static int fail_socket(struct ask *ask, const char *doing)
{
	say(ask, "%s %s: %s", doing, ask->url, zmq_strerror(zmq_errno()));
	return FAULT_SOCKET;
}

static int explain_silence(struct ask *ask)
{
	const char *trouble = dial_trouble(ask->dial);

	if (trouble)
		say(ask, "%s", trouble);
	else
		say(ask, "nobody answers at %s; is suanpand running there?", ask->url);
	return ASK_UNREACHABLE;
}

static int wait_for(struct ask *ask, short events, int64_t deadline_ms)
{
	for (;;) {
		const int64_t left = deadline_ms - clock_read().monotonic_ms;
		const int result = dial_wait(ask->dial, events, -1, left > 0 ? (long)left : 0);

		if (result == 0)
			return 0;
		if (result < 0)
			return fail_socket(ask, "waiting for");
		if (result == DIAL_SHUT_OUT) {
			say(ask, "%s", dial_trouble(ask->dial));
			return ASK_SHUT_OUT;
		}
		if (left <= 0)
			return explain_silence(ask);
	}
}

/* Without a connection the socket is not writable, so waiting for that is waiting for somebody to be there.
 */
static int send_bytes(struct ask *ask, const void *bytes, size_t size, int64_t deadline_ms)
{
	for (;;) {
		const int result = wait_for(ask, ZMQ_POLLOUT, deadline_ms);
		if (result)
			return result;
		if (zmq_send(dial_socket(ask->dial), bytes, size, ZMQ_DONTWAIT) >= 0)
			return 0;
		if (zmq_errno() != EAGAIN && zmq_errno() != EINTR)
			return fail_socket(ask, "sending to");
	}
}

static int send_query(struct ask *ask, Suanpan__Query *query, int64_t deadline_ms)
{
	void *bytes;
	size_t size;
	int result;

	query->major = ENVELOPE_MAJOR;
	query->number = ++ask->number;
	result = envelope_pack(&query->base, ENVELOPE_REQUEST_MAX, &bytes, &size);
	if (result) {
		say(ask, result > 0 ? "the question is too long" : "out of memory");
		return result > 0 ? ASK_REFUSED : result;
	}
	result = send_bytes(ask, bytes, size, deadline_ms);
	free(bytes);
	return result;
}

static int read_answer(struct ask *ask, zmq_msg_t *message, const Suanpan__Answer **ret_answer)
{
	ProtobufCMessage *unpacked;
	uint64_t major = 0;
	int result;

	arena_reset(ask->arena);
	result = envelope_unpack(&suanpan__answer__descriptor, zmq_msg_data(message), zmq_msg_size(message),
	                         ask->arena, &major, &unpacked);
	if (result < 0) {
		say(ask, "out of memory");
		return result;
	}
	if (result == ENVELOPE_UNSUPPORTED)
		say(ask, "%s speaks version %" PRIu64 " of the protocol, and this program only version %d",
		    ask->url, major, ENVELOPE_MAJOR);
	else if (result || zmq_msg_more(message))
		say(ask, "what answers at %s is not suanpand: its answer cannot be read", ask->url);
	if (result || zmq_msg_more(message))
		return ASK_GARBLED;
	*ret_answer = (const Suanpan__Answer *)unpacked;
	return 0;
}

static int receive_answer(struct ask *ask, int64_t deadline_ms, const Suanpan__Answer **ret_answer)
{
	int result = wait_for(ask, ZMQ_POLLIN, deadline_ms);
	zmq_msg_t message;

	if (result)
		return result;
	zmq_msg_init(&message);
	if (zmq_msg_recv(&message, dial_socket(ask->dial), ZMQ_DONTWAIT) >= 0)
		result = read_answer(ask, &message, ret_answer);
	else if (zmq_errno() == EAGAIN || zmq_errno() == EINTR)
		*ret_answer = NULL;
	else
		result = fail_socket(ask, "receiving from");
	zmq_msg_close(&message);
	return result;
}

/* A query that could not be read has no number to echo: its failure comes under 0. */
static bool is_ours(const struct ask *ask, const Suanpan__Answer *answer)
{
	return answer->number == ask->number || (answer->failure && answer->number == 0);
}

static int receive_ours(struct ask *ask, int timeout_ms, const Suanpan__Answer **ret_answer)
{
	const int64_t deadline_ms = clock_read().monotonic_ms + timeout_ms;
	const Suanpan__Answer *answer = NULL;
	int result = 0;

	while (result == 0 && (!answer || !is_ours(ask, answer)))
		result = receive_answer(ask, deadline_ms, &answer);
	if (result == 0)
		*ret_answer = answer;
	return result;
}

static int receive_chunks(struct ask *ask, int timeout_ms,
                          int (*each)(void *closure, const Suanpan__Answer *answer), void *closure)
{
	for (;;) {
		const Suanpan__Answer *answer;
		int result = receive_ours(ask, timeout_ms, &answer);

		if (result)
			return result;
		if (answer->failure) {
			say(ask, "%s", answer->failure->text);
			return ASK_REFUSED;
		}
		result = each(closure, answer);
		if (result || answer->last)
			return result;
	}
}

int ask_query(struct ask *ask, Suanpan__Query *query, int timeout_ms,
              int (*each)(void *closure, const Suanpan__Answer *answer), void *closure)
{
	int result = connect_socket(ask);

	if (result == 0)
		result = send_query(ask, query, clock_read().monotonic_ms + timeout_ms);
	if (result == 0)
		result = receive_chunks(ask, timeout_ms, each, closure);
	/* Whatever may still come in belongs to nobody. */
	if (result && result != ASK_REFUSED)
		hang_up(ask);
	return result;
}
