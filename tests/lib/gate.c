#include "tests/lib/gate.h"

#include "proto/keys.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define FRAMES_MAX 16
#define FRAME_SIZE 256

static void give_up(const char *what)
{
	fprintf(stderr, "tests/lib/gate: %s\n", what);
	abort();
}

struct gate_pair gate_new_pair(void)
{
	struct key_pair made;
	struct gate_pair pair;

	if (keys_make(&made) != 0)
		give_up("cannot make a key pair");
	memcpy(pair.public, made.public, sizeof pair.public);
	memcpy(pair.secret, made.secret, sizeof pair.secret);
	return pair;
}

/* RFC 27: version, request id, domain, address, identity, mechanism, credentials. */
struct request {
	char frames[FRAMES_MAX][FRAME_SIZE];
	int sizes[FRAMES_MAX];
	int count;
};

static void receive_request(void *zap, struct request *request)
{
	int more = 1;
	size_t size = sizeof more;

	for (request->count = 0; more; request->count++) {
		if (request->count == FRAMES_MAX)
			give_up("a ZAP request of too many frames");
		char *frame = request->frames[request->count];
		int length = zmq_recv(zap, frame, FRAME_SIZE - 1, 0);
		if (length < 0 || length >= FRAME_SIZE)
			give_up("a ZAP request that cannot be read");
		frame[length] = '\0';
		request->sizes[request->count] = length;
		zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &size);
	}
	if (request->count != 7 || strcmp(request->frames[5], "CURVE") != 0 || request->sizes[6] != 32 ||
	    strcmp(request->frames[2], "suanpan") != 0)
		give_up("a ZAP request that is not CURVE's, or not of the domain suanpan");
}

static bool is_guest(const struct gate *gate, const char *key)
{
	for (size_t i = 0; i < gate->guest_count; i++)
		if (strcmp(gate->guests[i], key) == 0)
			return true;
	return false;
}

static void answer(struct gate *gate)
{
	struct request request;
	char key[GATE_KEY_SIZE];
	const char *status;

	receive_request(gate->zap, &request);
	zmq_z85_encode(key, (const uint8_t *)request.frames[6], 32);
	pthread_mutex_lock(&gate->mutex);
	bool guest = is_guest(gate, key);
	gate->let_in += guest;
	gate->turned_away += !guest;
	status = guest ? "200" : gate->refusal;
	pthread_mutex_unlock(&gate->mutex);
	const char *frames[] = {"1.0", request.frames[1], status, guest ? "OK" : "no", guest ? key : "", ""};
	for (size_t i = 0; i < 6; i++) {
		size_t size = i == 1 ? (size_t)request.sizes[1] : strlen(frames[i]);
		if (zmq_send(gate->zap, frames[i], size, i < 5 ? ZMQ_SNDMORE : 0) < 0)
			give_up("cannot answer a ZAP request");
	}
}

static void *keep(void *closure)
{
	struct gate *gate = closure;
	void *stop = zmq_socket(gate->context, ZMQ_PAIR);
	zmq_pollitem_t items[] = {
	    {.socket = gate->zap, .events = ZMQ_POLLIN},
	    {.socket = stop, .events = ZMQ_POLLIN},
	};

	if (!stop || zmq_connect(stop, "inproc://gate-stop") != 0)
		give_up("cannot be stopped");
	while (zmq_poll(items, 2, -1) >= 0 && !items[1].revents)
		if (items[0].revents)
			answer(gate);
	zmq_close(stop);
	return NULL;
}

void gate_open(struct gate *gate, void *context)
{
	*gate = (struct gate){.context = context, .refusal = "400"};
	pthread_mutex_init(&gate->mutex, NULL);
	gate->zap = zmq_socket(context, ZMQ_REP);
	gate->stop = zmq_socket(context, ZMQ_PAIR);
	if (!gate->zap || !gate->stop || zmq_bind(gate->zap, "inproc://zeromq.zap.01") != 0 ||
	    zmq_bind(gate->stop, "inproc://gate-stop") != 0 ||
	    pthread_create(&gate->thread, NULL, keep, gate) != 0)
		give_up("cannot start");
}

void gate_close(struct gate *gate)
{
	zmq_send(gate->stop, "", 0, 0);
	pthread_join(gate->thread, NULL);
	zmq_close(gate->stop);
	zmq_close(gate->zap);
	pthread_mutex_destroy(&gate->mutex);
}

void gate_admit(struct gate *gate, const char *key)
{
	pthread_mutex_lock(&gate->mutex);
	if (gate->guest_count == GATE_GUESTS_MAX)
		give_up("too many guests");
	strcpy(gate->guests[gate->guest_count++], key);
	pthread_mutex_unlock(&gate->mutex);
}

static int read_count(struct gate *gate, const int *count)
{
	pthread_mutex_lock(&gate->mutex);
	int value = *count;
	pthread_mutex_unlock(&gate->mutex);
	return value;
}

int gate_count_let_in(struct gate *gate)
{
	return read_count(gate, &gate->let_in);
}

int gate_count_turned_away(struct gate *gate)
{
	return read_count(gate, &gate->turned_away);
}
