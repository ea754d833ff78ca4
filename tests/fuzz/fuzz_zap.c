/* What libzmq asks of ZAP, as if somebody else asked: any frames at all through zap_answer_one.
 *
 * Only a whole question about a CURVE key in our domain reaches the judge, and each one is answered, under its own number, with a
 * user only where the judge let it in. The first byte is the judge's answer; then come the frames, each behind its length. */
#include "daemon/wire/zap.h"
#include "tests/fuzz/fuzz.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define FRAMES_MAX   16
#define ANSWER_PARTS 7 /* with the empty one that a REP puts before them */

static void *context, *handler, *asker;

static void leave(void)
{
	zmq_close(asker);
	zmq_close(handler);
	endpoint_context_free(context);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	if (endpoint_context_new(&context) != 0 || zap_open(context, &handler) != 0)
		abort();
	asker = zmq_socket(context, ZMQ_DEALER);
	if (!asker || zmq_connect(asker, "inproc://zeromq.zap.01") != 0)
		abort();
	atexit(leave);
	return 0;
}

struct judging {
	enum zap_answer answer;
	bool is_asked;
	char key[KEYS_TEXT_SIZE];
};

static enum zap_answer judge(void *closure, const struct zap_question *question)
{
	struct judging *judging = closure;
	assert(keys_is_key(question->key, strlen(question->key)));
	assert(strnlen(question->address, sizeof question->address) < sizeof question->address);
	judging->is_asked = true;
	memcpy(judging->key, question->key, sizeof judging->key);
	return judging->answer;
}

struct frame {
	const uint8_t *bytes;
	size_t size;
};

static size_t split(const uint8_t *bytes, size_t size, struct frame frames[FRAMES_MAX])
{
	size_t count = 0;
	for (size_t at = 0; at < size && count < FRAMES_MAX; count++) {
		size_t length = bytes[at++];
		length = length == 255 ? 300 : length; /* longer than any part may be */
		if (length > size - at)
			length = size - at;
		frames[count] = (struct frame){bytes + at, length};
		at += length;
	}
	return count;
}

static void ask(const struct frame *frames, size_t count)
{
	if (zmq_send(asker, "", 0, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
		abort();
	for (size_t i = 0; i < count; i++)
		if (zmq_send(asker, frames[i].bytes, frames[i].size,
		             ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0)) < 0)
			abort();
}

static void take_answer(struct judging *judging, const struct frame *number)
{
	char parts[ANSWER_PARTS][400];
	int sizes[ANSWER_PARTS], more = 1;
	size_t size = sizeof more, count = 0;
	for (; more; count++) {
		assert(count < ANSWER_PARTS);
		sizes[count] = zmq_recv(asker, parts[count], sizeof parts[count] - 1, ZMQ_DONTWAIT);
		assert(sizes[count] >= 0 && (size_t)sizes[count] < sizeof parts[count]);
		parts[count][sizes[count]] = '\0';
		if (zmq_getsockopt(asker, ZMQ_RCVMORE, &more, &size) != 0)
			abort();
	}
	bool is_in = judging->is_asked && judging->answer == ZAP_WELCOME;
	assert(count == ANSWER_PARTS && strcmp(parts[1], "1.0") == 0);
	assert(!number || number->size > 255 ||
	       ((size_t)sizes[2] == number->size && memcmp(parts[2], number->bytes, number->size) == 0));
	assert((strcmp(parts[3], "200") == 0) == is_in);
	assert(strcmp(parts[5], is_in ? judging->key : "") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct frame frames[FRAMES_MAX];
	if (size < 2)
		return 0;
	struct judging judging = {.answer = (enum zap_answer)(bytes[0] % 3)};
	size_t count = split(bytes + 1, size - 1, frames);
	ask(frames, count);
	if (zap_answer_one(handler, judge, &judging) != 0)
		abort();
	take_answer(&judging, count > 1 ? &frames[1] : NULL);
	return 0;
}
