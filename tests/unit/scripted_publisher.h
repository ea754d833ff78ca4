/* A daemon's live endpoint that publishes what a test tells it to. One thread at a time. */
#ifndef SUANPAN_TESTS_UNIT_SCRIPTED_PUBLISHER_H
#define SUANPAN_TESTS_UNIT_SCRIPTED_PUBLISHER_H

#include "proto/suanpan.pb-c.h"
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

struct scripted_publisher {
	char directory[32], url[64];
	void *context, *socket;
};

static inline void scripted_publish_bind(struct scripted_publisher *publisher)
{
	publisher->context = zmq_ctx_new();
	publisher->socket = zmq_socket(publisher->context, ZMQ_XPUB);
	assert(zmq_bind(publisher->socket, publisher->url) == 0);
}

/* Ends the context too: a closed socket unlinks its file some time later, which may be the next one's by
 * then. */
static inline void scripted_publish_unbind(struct scripted_publisher *publisher)
{
	const int linger = 0;

	zmq_setsockopt(publisher->socket, ZMQ_LINGER, &linger, sizeof linger);
	zmq_close(publisher->socket);
	zmq_ctx_term(publisher->context);
}

static inline void scripted_publish_start(struct scripted_publisher *publisher)
{
	strcpy(publisher->directory, "/tmp/suanpan-test-XXXXXX");
	assert(mkdtemp(publisher->directory));
	snprintf(publisher->url, sizeof publisher->url, "ipc://%s/live", publisher->directory);
	scripted_publish_bind(publisher);
}

static inline void scripted_publish_stop(struct scripted_publisher *publisher)
{
	scripted_publish_unbind(publisher);
	unlink(publisher->url + strlen("ipc://"));
	rmdir(publisher->directory);
}

/* What the daemon says when it has granted a subscription. */
static inline void scripted_welcome(struct scripted_publisher *publisher, const char *topic)
{
	Suanpan__Update update = SUANPAN__UPDATE__INIT;
	uint8_t bytes[64];

	update.major = 1;
	update.epoch = 1;
	assert(zmq_send(publisher->socket, topic, strlen(topic), ZMQ_SNDMORE) >= 0);
	assert(zmq_send(publisher->socket, bytes, suanpan__update__pack(&update, bytes), 0) >= 0);
}

/* Whether a subscription, or the end of one, waits to be read. */
static inline bool scripted_has_subscription(const struct scripted_publisher *publisher)
{
	zmq_pollitem_t item = {.socket = publisher->socket, .events = ZMQ_POLLIN};

	return zmq_poll(&item, 1, 0) == 1;
}

/* Waits for it, and grants it; what is published before it came is lost. */
static inline void scripted_expect_subscription(struct scripted_publisher *publisher, const char *topic)
{
	char frame[128];
	const int size = zmq_recv(publisher->socket, frame, sizeof frame, 0);

	assert(size == (int)strlen(topic) + 1);
	assert(frame[0] == 1 && memcmp(frame + 1, topic, strlen(topic)) == 0);
	scripted_welcome(publisher, topic);
}

/* Up to a NULL. */
static inline void scripted_publish_frames(struct scripted_publisher *publisher, const char *const frames[])
{
	for (; *frames; frames++)
		assert(zmq_send(publisher->socket, *frames, strlen(*frames), frames[1] ? ZMQ_SNDMORE : 0) >=
		       0);
}

/* The city's value in 2020 changed. */
static inline void scripted_publish(struct scripted_publisher *publisher, const char *code, uint64_t epoch,
                                    uint64_t sequence, uint64_t commit)
{
	Suanpan__Update update = SUANPAN__UPDATE__INIT;
	Suanpan__Value value = SUANPAN__VALUE__INIT;
	char own_code[64], topic[80], number[32];
	char area[] = "440100", name[] = "Guangzhou", period[] = "2020", unit[] = "persons", status[] = "A";
	uint8_t bytes[1024];

	snprintf(own_code, sizeof own_code, "%s", code);
	snprintf(topic, sizeof topic, "code.%s.440100", code);
	snprintf(number, sizeof number, "%llu00", (unsigned long long)commit);
	value.code = own_code;
	value.area = area;
	value.area_name = name;
	value.period = period;
	value.value = number;
	value.unit = unit;
	value.status = status;
	value.reported = value.expected = 11;
	value.has_commit = true;
	value.commit = commit;
	update.major = 1;
	update.epoch = epoch;
	update.sequence = sequence;
	update.value = &value;
	assert(suanpan__update__get_packed_size(&update) <= sizeof bytes);
	assert(zmq_send(publisher->socket, topic, strlen(topic), ZMQ_SNDMORE) >= 0);
	assert(zmq_send(publisher->socket, bytes, suanpan__update__pack(&update, bytes), 0) >= 0);
}

#endif
