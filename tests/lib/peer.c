#include "tests/lib/peer.h"

#include "proto/envelope.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define LONG_WAIT_MS 20000

static void give_up(const char *what)
{
	fprintf(stderr, "tests/lib/peer: %s\n", what);
	abort();
}

void peer_open(struct peer *peer, const char *url)
{
	peer_open_as(peer, url, NULL);
}

void peer_open_as(struct peer *peer, const char *url, const struct endpoint_keys *keys)
{
	const char *error;
	if (endpoint_context_new(&peer->context) != 0 ||
	    endpoint_open(peer->context, ENDPOINT_REQUEST, url, keys, &peer->socket, &error) != 0)
		give_up("cannot connect");
}

void peer_close(struct peer *peer)
{
	endpoint_close(peer->socket);
	endpoint_context_free(peer->context);
}

void peer_pack(const struct peer_report *report, void **ret_bytes, size_t *ret_size)
{
	uint8_t stream[ENVELOPE_STREAM_SIZE];
	char *statistic = strdup(report->statistic), *area = strdup(report->area),
	     *period = strdup(report->period);
	char *reporter = report->reporter ? strdup(report->reporter) : NULL;
	uint64_t decimals = report->decimals;
	int64_t zero = 0, value = report->value;
	Suanpan__Report message;
	suanpan__report__init(&message);
	memset(stream, report->stream, sizeof stream);
	message.major = ENVELOPE_MAJOR;
	message.stream = (ProtobufCBinaryData){.len = sizeof stream, .data = stream};
	message.sequence = report->sequence;
	message.has_oldest = report->oldest != 0;
	message.oldest = report->oldest;
	message.reporter = reporter;
	message.n_statistic = message.n_area = message.n_period = message.n_decimals = 1;
	message.statistic = &statistic;
	message.area = &area;
	message.period = &period;
	message.decimals = &decimals;
	message.n_statistic_delta = message.n_period_delta = message.n_area_delta = message.n_value = 1;
	message.statistic_delta = message.period_delta = message.area_delta = &zero;
	message.value = &value;
	if (envelope_pack(&message.base, ENVELOPE_REQUEST_MAX, ret_bytes, ret_size) != 0)
		give_up("cannot pack");
	free(statistic);
	free(area);
	free(period);
	free(reporter);
}

static void wait_to_send(struct peer *peer)
{
	zmq_pollitem_t item = {.socket = peer->socket, .events = ZMQ_POLLOUT};
	if (zmq_poll(&item, 1, LONG_WAIT_MS) != 1)
		give_up("nobody takes what is sent");
}

void peer_send(struct peer *peer, const void *bytes, size_t size)
{
	wait_to_send(peer);
	if (zmq_send(peer->socket, bytes, size, ZMQ_DONTWAIT) < 0)
		give_up("cannot send");
}

void peer_send_two_frames(struct peer *peer, const void *bytes, size_t size)
{
	wait_to_send(peer);
	if (zmq_send(peer->socket, bytes, size, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0 ||
	    zmq_send(peer->socket, bytes, size, ZMQ_DONTWAIT) < 0)
		give_up("cannot send");
}

static int receive(struct peer *peer, int timeout_ms, zmq_msg_t *message)
{
	zmq_pollitem_t item = {.socket = peer->socket, .events = ZMQ_POLLIN};
	if (zmq_poll(&item, 1, timeout_ms) != 1)
		return 0;
	zmq_msg_init(message);
	if (zmq_msg_recv(message, peer->socket, ZMQ_DONTWAIT) < 0)
		give_up("cannot receive");
	return 1;
}

Suanpan__Ack *peer_receive_ack(struct peer *peer, int timeout_ms)
{
	zmq_msg_t message;
	if (!receive(peer, timeout_ms, &message))
		return NULL;
	Suanpan__Ack *ack = suanpan__ack__unpack(NULL, zmq_msg_size(&message), zmq_msg_data(&message));
	if (!ack)
		give_up("what came is not an Ack");
	zmq_msg_close(&message);
	return ack;
}

Suanpan__Answer *peer_receive_answer(struct peer *peer, int timeout_ms)
{
	zmq_msg_t message;
	if (!receive(peer, timeout_ms, &message))
		return NULL;
	Suanpan__Answer *answer =
	    suanpan__answer__unpack(NULL, zmq_msg_size(&message), zmq_msg_data(&message));
	if (!answer)
		give_up("what came is not an Answer");
	zmq_msg_close(&message);
	return answer;
}

Suanpan__Ack *peer_report_one(struct peer *peer, const struct peer_report *report)
{
	void *bytes;
	size_t size;
	peer_pack(report, &bytes, &size);
	peer_send(peer, bytes, size);
	free(bytes);
	Suanpan__Ack *ack = peer_receive_ack(peer, LONG_WAIT_MS);
	if (!ack)
		give_up("no ack came");
	return ack;
}
