#include "daemon/wire/zap.h"

#include "daemon/base/log.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <zmq.h>

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define KEY_BYTES    32

/* What a question consists of, and then the credentials: for CURVE the public key. */
enum part { VERSION, REQUEST_ID, DOMAIN, ADDRESS, ROUTING_ID, MECHANISM, CREDENTIAL, PART_COUNT };
#define PART_SIZE_MAX 255

struct part_text {
	size_t size;
	char bytes[PART_SIZE_MAX + 1];
};

static int socket_fault(const char *call)
{
	log_event(LOG_LEVEL_ERROR, "socket-call-failed", "call=%s reason='%s'", call, zmq_strerror(errno));
	return FAULT_SOCKET;
}

int zap_open(void *context, void **ret_socket)
{
	int zero = 0;
	void *socket = zmq_socket(context, ZMQ_REP);
	if (socket && zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero) == 0 &&
	    zmq_bind(socket, ZAP_ENDPOINT) == 0) {
		*ret_socket = socket;
		return 0;
	}
	int result = socket_fault("zmq_bind(" ZAP_ENDPOINT ")");
	if (socket)
		zmq_close(socket);
	return result;
}

/* ---- a question ---- */

/* A part that is longer than any of ours counts as none. */
static int take_part(void *socket, struct part_text *part, bool *more)
{
	zmq_msg_t frame;
	zmq_msg_init(&frame);
	if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&frame);
		return errno == EAGAIN || errno == EINTR ? (int)ZAP_EMPTY : socket_fault("zmq_msg_recv");
	}
	size_t size = zmq_msg_size(&frame);
	part->size = size <= PART_SIZE_MAX ? size : 0;
	memcpy(part->bytes, zmq_msg_data(&frame), part->size);
	part->bytes[part->size] = '\0';
	*more = zmq_msg_more(&frame);
	zmq_msg_close(&frame);
	return 0;
}

/* A message arrives whole, so that nothing after its first part waits. */
static int take_parts(void *socket, struct part_text parts[PART_COUNT], size_t *ret_count)
{
	struct part_text beyond;
	size_t count = 0;
	bool more = true;
	for (; more; count++) {
		int result = take_part(socket, count < PART_COUNT ? &parts[count] : &beyond, &more);
		if (result != 0)
			return result;
	}
	*ret_count = count;
	return 0;
}

static bool says(const struct part_text *part, const char *text)
{
	return part->size == strlen(text) && memcmp(part->bytes, text, part->size) == 0;
}

static bool read_question(const struct part_text parts[PART_COUNT], size_t count,
                          struct zap_question *question)
{
	if (count != PART_COUNT || !says(&parts[VERSION], "1.0") ||
	    !says(&parts[DOMAIN], ENDPOINT_ZAP_DOMAIN) || !says(&parts[MECHANISM], "CURVE") ||
	    parts[CREDENTIAL].size != KEY_BYTES)
		return false;
	snprintf(question->address, sizeof question->address, "%.*s", (int)sizeof question->address - 1,
	         parts[ADDRESS].bytes);
	return zmq_z85_encode(question->key, (const uint8_t *)parts[CREDENTIAL].bytes, KEY_BYTES) != NULL;
}

/* ---- its answer ---- */

static int send_answer(void *socket, const struct part_text *request, enum zap_answer answer,
                       const char *user)
{
	static const struct {
		const char *status, *text;
	} words[] = {
	    [ZAP_WELCOME] = {"200", "OK"},
	    [ZAP_STRANGER] = {"400", "this key is not enrolled"},
	    [ZAP_LATER] = {"300", "too often"},
	};
	const struct {
		const void *bytes;
		size_t size;
	} frames[] = {
	    {"1.0", 3},
	    {request->bytes, request->size},
	    {words[answer].status, 3},
	    {words[answer].text, strlen(words[answer].text)},
	    {user, strlen(user)},
	    {"", 0},
	};
	const size_t count = sizeof frames / sizeof frames[0];
	for (size_t i = 0; i < count; i++)
		if (zmq_send(socket, frames[i].bytes, frames[i].size,
		             ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0)) < 0)
			return socket_fault("zmq_send");
	return 0;
}

int zap_answer_one(void *socket, zap_judge *judge, void *closure)
{
	static const struct part_text nothing;
	struct part_text parts[PART_COUNT];
	struct zap_question question = {.key = ""};
	size_t count;
	int result = take_parts(socket, parts, &count);
	if (result != 0)
		return result;
	enum zap_answer answer =
	    read_question(parts, count, &question) ? judge(closure, &question) : ZAP_STRANGER;
	return send_answer(socket, count > REQUEST_ID ? &parts[REQUEST_ID] : &nothing, answer,
	                   answer == ZAP_WELCOME ? question.key : "");
}

/* ---- the self-test ---- */

#define SELF_TEST_MS 5000

static int make_url(char *url, size_t size)
{
	uint64_t number;
	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		return -errno;
	/* A name of the kernel's, not of a folder: nothing is left behind. */
	snprintf(url, size, "ipc://@suanpand-self-test-%016" PRIx64, number);
	return 0;
}

static const char *explain(enum endpoint_news news)
{
	switch (news) {
	case ENDPOINT_UNKNOWN_KEY:
		return NULL;
	case ENDPOINT_CONNECTED:
		return "a stranger's key was let in";
	case ENDPOINT_NO_NEWS:
		return "a stranger's key was not answered";
	case ENDPOINT_DISCONNECTED:
	case ENDPOINT_MISMATCHED:
	case ENDPOINT_BROKEN_OFF:
		break;
	}
	return "a stranger's key was answered with something else than a refusal";
}

static int knock(void *context, const char *url, const char *server_public, const char **ret_error)
{
	struct key_pair stranger;
	void *socket, *events;
	int result = keys_make(&stranger);
	const struct endpoint_keys keys = {
	    .own_public = stranger.public, .own_secret = stranger.secret, .server_public = server_public};
	if (result == 0)
		result =
		    endpoint_open_watched(context, ENDPOINT_REQUEST, url, &keys, &socket, &events, ret_error);
	if (result != 0)
		return result;
	zmq_pollitem_t item = {.socket = events, .events = ZMQ_POLLIN};
	(void)!zmq_poll(&item, 1, SELF_TEST_MS);
	*ret_error = explain(endpoint_read_news(events));
	endpoint_close_watched(socket, events);
	return *ret_error ? FAULT_SOCKET : 0;
}

int zap_self_test(void *context, const struct endpoint_keys *server, const char **ret_error)
{
	char url[64], server_public[KEYS_TEXT_SIZE];
	void *endpoint;
	*ret_error = "the test could not be made";
	int result = make_url(url, sizeof url);
	if (result == 0 && zmq_curve_public(server_public, server->own_secret) != 0)
		result = socket_fault("zmq_curve_public");
	if (result == 0)
		result = endpoint_open(context, ENDPOINT_INTAKE_SERVER, url, server, &endpoint, ret_error);
	if (result != 0)
		return result;
	result = knock(context, url, server_public, ret_error);
	endpoint_close(endpoint);
	return result;
}
