/* A daemon that says what a test tells it to: a ROUTER on an ipc socket of its own, answered by a thread. */
#ifndef SUANPAN_TESTS_UNIT_SCRIPTED_DAEMON_H
#define SUANPAN_TESTS_UNIT_SCRIPTED_DAEMON_H

#include "proto/suanpan.pb-c.h"
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

struct scripted_daemon {
	char directory[32], url[64];
	void *context, *router, *stop;
	pthread_t thread;
	zmq_msg_t peer; /* who asked last */
	/* Called in the thread of the daemon for every query. */
	void (*script)(struct scripted_daemon *daemon, const Suanpan__Query *query);
	int asked; /* queries so far; read it after stopping */
};

static inline void scripted_send_bytes(struct scripted_daemon *daemon, const void *bytes, size_t size)
{
	zmq_msg_t peer;

	zmq_msg_init(&peer);
	zmq_msg_copy(&peer, &daemon->peer);
	assert(zmq_msg_send(&peer, daemon->router, ZMQ_SNDMORE) >= 0);
	assert(zmq_send(daemon->router, bytes, size, 0) >= 0);
}

static inline void scripted_send(struct scripted_daemon *daemon, const Suanpan__Answer *answer)
{
	uint8_t bytes[65536];

	assert(suanpan__answer__get_packed_size(answer) <= sizeof bytes);
	scripted_send_bytes(daemon, bytes, suanpan__answer__pack(answer, bytes));
}

static inline void scripted_take_query(struct scripted_daemon *daemon)
{
	Suanpan__Query *query;
	zmq_msg_t frame;

	assert(zmq_msg_recv(&daemon->peer, daemon->router, 0) >= 0);
	zmq_msg_init(&frame);
	assert(zmq_msg_recv(&frame, daemon->router, 0) >= 0 && !zmq_msg_more(&frame));
	query = suanpan__query__unpack(NULL, zmq_msg_size(&frame), zmq_msg_data(&frame));
	assert(query);
	daemon->asked++;
	daemon->script(daemon, query);
	suanpan__query__free_unpacked(query, NULL);
	zmq_msg_close(&frame);
}

static inline void *scripted_run(void *closure)
{
	struct scripted_daemon *daemon = closure;
	void *stop = zmq_socket(daemon->context, ZMQ_PAIR);
	zmq_pollitem_t items[] = {
	    {.socket = daemon->router, .events = ZMQ_POLLIN},
	    {.socket = stop, .events = ZMQ_POLLIN},
	};

	assert(zmq_connect(stop, "inproc://stop") == 0);
	while (zmq_poll(items, 2, -1) >= 0 && !items[1].revents)
		if (items[0].revents)
			scripted_take_query(daemon);
	zmq_close(stop);
	return NULL;
}

static inline void scripted_start(struct scripted_daemon *daemon,
                                  void (*script)(struct scripted_daemon *, const Suanpan__Query *))
{
	memset(daemon, 0, sizeof *daemon);
	strcpy(daemon->directory, "/tmp/suanpan-test-XXXXXX");
	assert(mkdtemp(daemon->directory));
	snprintf(daemon->url, sizeof daemon->url, "ipc://%s/query", daemon->directory);
	daemon->script = script;
	daemon->context = zmq_ctx_new();
	zmq_msg_init(&daemon->peer);
	daemon->router = zmq_socket(daemon->context, ZMQ_ROUTER);
	daemon->stop = zmq_socket(daemon->context, ZMQ_PAIR);
	assert(zmq_bind(daemon->stop, "inproc://stop") == 0);
	assert(zmq_bind(daemon->router, daemon->url) == 0);
	assert(pthread_create(&daemon->thread, NULL, scripted_run, daemon) == 0);
}

static inline void scripted_stop(struct scripted_daemon *daemon)
{
	const int linger = 0;

	zmq_send(daemon->stop, "", 0, 0);
	pthread_join(daemon->thread, NULL);
	zmq_setsockopt(daemon->router, ZMQ_LINGER, &linger, sizeof linger);
	zmq_setsockopt(daemon->stop, ZMQ_LINGER, &linger, sizeof linger);
	zmq_close(daemon->router);
	zmq_close(daemon->stop);
	zmq_msg_close(&daemon->peer);
	zmq_ctx_term(daemon->context);
	unlink(strchr(daemon->url, '/') + 2);
	rmdir(daemon->directory);
}

#endif
