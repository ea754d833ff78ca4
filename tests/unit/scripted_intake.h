/* An intake that says what a test tells it to: a ROUTER on an ipc socket of its own, answered by a thread. */
#ifndef SUANPAN_TESTS_UNIT_SCRIPTED_INTAKE_H
#define SUANPAN_TESTS_UNIT_SCRIPTED_INTAKE_H

#include "proto/suanpan.pb-c.h"
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define INTAKE_HEARD_MAX 4096

struct scripted_intake {
	char directory[32], url[64];
	void *context, *router, *stop;
	pthread_t thread;
	zmq_msg_t peer; /* who sent last */
	/* Called in the intake's thread for every report. */
	void (*script)(struct scripted_intake *intake, const Suanpan__Report *report);
	/* Everything that was sent, in order; look at it after stopping. */
	struct heard {
		uint64_t sequence;
		void *bytes;
		size_t size;
	} heard[INTAKE_HEARD_MAX];
	size_t heard_count;
	uint64_t expects, commit; /* for scripts to use */
	int number;
};

static inline void intake_say_bytes(struct scripted_intake *intake, const void *bytes, size_t size)
{
	zmq_msg_t peer;
	zmq_msg_init(&peer);
	zmq_msg_copy(&peer, &intake->peer);
	assert(zmq_msg_send(&peer, intake->router, ZMQ_SNDMORE) >= 0);
	assert(zmq_send(intake->router, bytes, size, 0) >= 0);
}

static inline void intake_say(struct scripted_intake *intake, const Suanpan__Ack *ack)
{
	uint8_t bytes[65536];
	assert(suanpan__ack__get_packed_size(ack) <= sizeof bytes);
	intake_say_bytes(intake, bytes, suanpan__ack__pack(ack, bytes));
}

/* An ack for the report, to be filled in and said. */
static inline Suanpan__Ack intake_ack(const Suanpan__Report *report, Suanpan__Outcome outcome)
{
	Suanpan__Ack ack = SUANPAN__ACK__INIT;
	ack.major = 1;
	ack.has_stream = 1;
	ack.stream = report->stream;
	ack.has_sequence = 1;
	ack.sequence = report->sequence;
	ack.outcome = outcome;
	return ack;
}

static inline void intake_accept(struct scripted_intake *intake, const Suanpan__Report *report)
{
	Suanpan__Ack ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
	ack.has_commit = 1;
	ack.commit = ++intake->commit;
	intake_say(intake, &ack);
}

static inline void intake_resend(struct scripted_intake *intake, const Suanpan__Report *report, uint64_t from)
{
	Suanpan__Ack ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_RESEND);
	ack.has_resend_from = 1;
	ack.resend_from = from;
	ack.reason = (char[]){"an earlier report is missing"};
	intake_say(intake, &ack);
}

static inline void intake_take(struct scripted_intake *intake)
{
	zmq_msg_t frame;
	assert(zmq_msg_recv(&intake->peer, intake->router, 0) >= 0);
	zmq_msg_init(&frame);
	assert(zmq_msg_recv(&frame, intake->router, 0) >= 0 && !zmq_msg_more(&frame));
	size_t size = zmq_msg_size(&frame);
	Suanpan__Report *report = suanpan__report__unpack(NULL, size, zmq_msg_data(&frame));
	assert(report && intake->heard_count < INTAKE_HEARD_MAX);
	struct heard *heard = &intake->heard[intake->heard_count++];
	*heard = (struct heard){.sequence = report->sequence, .bytes = malloc(size), .size = size};
	memcpy(heard->bytes, zmq_msg_data(&frame), size);
	intake->script(intake, report);
	suanpan__report__free_unpacked(report, NULL);
	zmq_msg_close(&frame);
}

static inline void *intake_run(void *closure)
{
	struct scripted_intake *intake = closure;
	void *stop = zmq_socket(intake->context, ZMQ_PAIR);
	zmq_pollitem_t items[] = {
	    {.socket = intake->router, .events = ZMQ_POLLIN},
	    {.socket = stop, .events = ZMQ_POLLIN},
	};
	assert(zmq_connect(stop, "inproc://stop") == 0);
	while (zmq_poll(items, 2, -1) >= 0 && !items[1].revents)
		if (items[0].revents)
			intake_take(intake);
	zmq_close(stop);
	return NULL;
}

static inline void intake_start(struct scripted_intake *intake,
                                void (*script)(struct scripted_intake *, const Suanpan__Report *))
{
	memset(intake, 0, sizeof *intake);
	strcpy(intake->directory, "/tmp/suanpan-test-XXXXXX");
	assert(mkdtemp(intake->directory));
	snprintf(intake->url, sizeof intake->url, "ipc://%s/intake", intake->directory);
	intake->script = script;
	intake->expects = 1;
	intake->context = zmq_ctx_new();
	zmq_msg_init(&intake->peer);
	intake->router = zmq_socket(intake->context, ZMQ_ROUTER);
	intake->stop = zmq_socket(intake->context, ZMQ_PAIR);
	assert(zmq_bind(intake->stop, "inproc://stop") == 0);
	assert(zmq_bind(intake->router, intake->url) == 0);
	assert(pthread_create(&intake->thread, NULL, intake_run, intake) == 0);
}

/* After this, what was heard can be looked at. */
static inline void intake_stop(struct scripted_intake *intake)
{
	const int linger = 0;
	zmq_send(intake->stop, "", 0, 0);
	pthread_join(intake->thread, NULL);
	zmq_setsockopt(intake->router, ZMQ_LINGER, &linger, sizeof linger);
	zmq_setsockopt(intake->stop, ZMQ_LINGER, &linger, sizeof linger);
	zmq_close(intake->router);
	zmq_close(intake->stop);
	zmq_msg_close(&intake->peer);
	zmq_ctx_term(intake->context);
	unlink(strchr(intake->url, '/') + 2);
	rmdir(intake->directory);
}

static inline void intake_forget(struct scripted_intake *intake)
{
	for (size_t i = 0; i < intake->heard_count; i++)
		free(intake->heard[i].bytes);
	intake->heard_count = 0;
}

#endif
