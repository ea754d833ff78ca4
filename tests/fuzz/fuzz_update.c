/* An Update as a subscriber gets it: frames from a publisher in the same process through clients/lib/live.
 *
 * The first byte says how many frames there are and whether the topic is the one subscribed to, the second is the topic's
 * length; then come the topic and the Update. */
#include "clients/lib/live.h"
#include "proto/endpoint.h"
#include "proto/envelope.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/mutate.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define HEAD 2

static void *context, *publisher;
static struct live *live;

static void leave(void)
{
	live_close(live);
	zmq_close(publisher);
	endpoint_context_free(context);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	const char *error = "";
	const Suanpan__Update *update;
	(void)count;
	(void)arguments;
	if (endpoint_context_new(&context) != 0)
		abort();
	publisher = zmq_socket(context, ZMQ_PUB);
	if (!publisher || zmq_bind(publisher, "inproc://fuzz") != 0 ||
	    live_open(context, "inproc://fuzz", NULL, &live, &error) != 0 || live_follow(live, NULL) != 0 ||
	    live_wait(live, 0, -1, &update) != LIVE_QUIET)
		abort();
	atexit(leave);
	return 0;
}

static void send_frame(const void *bytes, size_t size, bool is_last)
{
	if (zmq_send(publisher, bytes, size, ZMQ_DONTWAIT | (is_last ? 0 : ZMQ_SNDMORE)) < 0)
		abort();
}

static void send_all(const uint8_t *bytes, size_t size)
{
	static const char prefix[] = ENVELOPE_TOPIC_PREFIX;
	char topic[sizeof prefix + UINT8_MAX];
	unsigned frames = bytes[0] % 4;
	bool is_grant = bytes[0] & 4;
	size_t length = bytes[1] < size - HEAD ? bytes[1] : size - HEAD;
	memcpy(topic, prefix, sizeof prefix - 1);
	memcpy(topic + sizeof prefix - 1, bytes + HEAD, length);
	send_frame(topic, sizeof prefix - 1 + (is_grant ? 0 : length), frames == 1);
	if (frames == 1)
		return;
	send_frame(bytes + HEAD + length, size - HEAD - length, frames != 3);
	if (frames == 3)
		send_frame(topic, length, true);
}

static int take_one(void)
{
	const Suanpan__Update *update = NULL;
	int result = live_wait(live, 0, -1, &update);
	assert(result == 0 || result == LIVE_QUIET || result == LIVE_READY || result == LIVE_GARBLED);
	if (result == 0) {
		assert(update->major == ENVELOPE_MAJOR && update->value && !update->alert);
		assert(update->value->code && update->value->area_name && update->value->unit);
		assert(protobuf_c_message_check(&update->base));
	}
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size < HEAD)
		return 0;
	send_all(bytes, size);
	/* libzmq may bring a message a moment late, after nothing: then it is looked at next time. */
	while (take_one() != LIVE_QUIET)
		continue;
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
	static const char *const words[] = {"residents", "beds_per_1000", "440100", "荔湾区",
	                                    "2024-06",   "12.50",         "A",      "P",
	                                    "",          "\xff",          "no data"};
	const struct mutation mutation = {.descriptor = &suanpan__update__descriptor,
	                                  .words = words,
	                                  .word_count = sizeof words / sizeof *words};
	size_t before = size < HEAD ? size : HEAD + (bytes[1] < size - HEAD ? bytes[1] : size - HEAD);
	if (before == size || seed % 8 == 0)
		return LLVMFuzzerMutate(bytes, size, room);
	return before + mutate_message(&mutation, bytes + before, size - before, room - before, seed);
}
