#include "tests/torture/lane.h"

#include "proto/envelope.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define INTAKE     "ipc://run/intake"
#define SERVER     "run/senders"
/* Reports in flight: of a stream, and of those asked again. The daemon keeps some 256 answers for whoever does not read, then drops them. */
#define WINDOW     8
#define DUE_WINDOW 64

static void give_up(const char *what)
{
	fprintf(stderr, "tests/torture/talk: %s: %s\n", what, zmq_strerror(zmq_errno()));
	abort();
}

/* ---- the daemon's life ---- */

void talk_start(struct lane *lane)
{
	char store[256], archive[256], city[64], library[4096], log[4096], under[4096];
	snprintf(store, sizeof store, "store=%s/store", lane->state);
	snprintf(archive, sizeof archive, "archive=%s/archive", lane->state);
	/* Now and then another catalogue: a start that has something to write. */
	snprintf(city, sizeof city, "catalogue=city-%" PRIu32, random_percent(&lane->random, 15) ? 1U : 0U);
	const char *const words[] = {"suanpand",
	                             "--set",
	                             store,
	                             "--set",
	                             city,
	                             "--set",
	                             "intake=" INTAKE,
	                             "--set",
	                             "query=ipc://run/query",
	                             "--set",
	                             "live=ipc://run/live",
	                             NULL};
	snprintf(library, sizeof library, "LD_PRELOAD=%s/record.so", lane->settings->build);
	snprintf(log, sizeof log, "RECORD_LOG=%s/%s", lane->folder, lane->log ? lane->log : "");
	snprintf(under, sizeof under, "RECORD_UNDER=%s/%s", lane->folder, lane->state);
	const char *const recorded[] = {library,
	                                log,
	                                under,
	                                "ASAN_OPTIONS=verify_asan_link_order=0",
	                                lane->settings->nosync ? "RECORD_NOSYNC=1" : NULL,
	                                NULL};
	const char *const plain[] = {NULL};
	child_start(&lane->daemon, lane->settings->build, words, lane->log ? recorded : plain, NULL);
}

#define READY_US 30000000

bool talk_wait_ready(struct lane *lane)
{
	int64_t until = now_us() + READY_US;
	int status;
	while (!strstr(lane->daemon.tail, "event=ready")) {
		if (child_has_ended(&lane->daemon, &status)) {
			lane_find(lane, "the daemon does not start on %s: exit %d\n%s", lane->state, status,
			          lane->daemon.tail);
			return false;
		}
		if (now_us() > until) {
			lane_find(lane, "the daemon is not ready on %s\n%s", lane->state, lane->daemon.tail);
			talk_kill(lane, SIGKILL);
			return false;
		}
		sleep_us(100);
		child_listen(&lane->daemon);
	}
	lane->is_empty = false;
	return true;
}

static void *open_socket(struct lane *lane, int type, const char *url)
{
	const int linger = 0;
	void *socket = zmq_socket(lane->zmq_context, type);
	if (!socket || zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) != 0)
		give_up("socket");
	int result = type == ZMQ_ROUTER ? zmq_bind(socket, url) : zmq_connect(socket, url);
	if (result != 0)
		give_up(url);
	return socket;
}

static void make_room(struct lane *lane)
{
	if (lane->sent_count >= lane->ledger->stream_count)
		return;
	size_t count = lane->ledger->stream_count + 8;
	lane->sent = realloc(lane->sent, count * sizeof *lane->sent);
	lane->due_sent = realloc(lane->due_sent, count * sizeof *lane->due_sent);
	if (!lane->sent || !lane->due_sent)
		give_up("memory");
	for (size_t i = lane->sent_count; i < count; i++)
		lane->sent[i] = lane->due_sent[i] = 0;
	lane->sent_count = count;
}

/* Under a new name behind a link each time: libzmq removes the name of a closed socket when it gets round to it. */
static void *open_server(struct lane *lane)
{
	char name[64], url[80];
	snprintf(name, sizeof name, "senders-%" PRIu64, ++lane->connections);
	snprintf(url, sizeof url, "ipc://run/%s", name);
	void *socket = open_socket(lane, ZMQ_ROUTER, url);
	unlink(SERVER);
	if (symlink(name, SERVER) != 0)
		give_up(SERVER);
	return socket;
}

/* Whatever was in flight went down with the connection before. */
void talk_connect(struct lane *lane)
{
	lane->own = open_socket(lane, ZMQ_DEALER, INTAKE);
	lane->onward = open_socket(lane, ZMQ_DEALER, INTAKE);
	lane->server = open_server(lane);
	lane->sent_count = lane->due_in_flight = 0;
	make_room(lane);
}

void talk_doubt(struct lane *lane, bool all)
{
	ledger_doubt(lane->ledger, all, &lane->random);
	for (size_t i = 0; i < lane->sent_count; i++)
		lane->due_sent[i] = 0;
}

void talk_disconnect(struct lane *lane)
{
	if (!lane->own)
		return;
	zmq_close(lane->own);
	zmq_close(lane->onward);
	zmq_close(lane->server);
	lane->own = lane->onward = lane->server = NULL;
}

void talk_kill(struct lane *lane, int signal)
{
	if (lane->daemon.pid)
		child_kill(&lane->daemon, signal);
	talk_disconnect(lane);
}

void talk_stop(struct lane *lane)
{
	if (lane->daemon.pid == 0)
		return;
	int status = child_kill(&lane->daemon, SIGTERM);
	talk_disconnect(lane);
	if (status != 0)
		lane_find(lane, "the daemon does not stop well: exit %d\n%s", status, lane->daemon.tail);
}

/* ---- answers ---- */

static uint64_t position(const struct lane *lane)
{
	struct stat status;
	return lane->log && stat(lane->log, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static bool receive(void *socket, zmq_msg_t *message)
{
	zmq_msg_init(message);
	if (zmq_msg_recv(message, socket, ZMQ_DONTWAIT) >= 0)
		return true;
	zmq_msg_close(message);
	return false;
}

static void on_overloaded(struct lane *lane, size_t stream, uint64_t sequence)
{
	if (lane->ledger->streams[stream].is_own && sequence <= lane->sent[stream])
		lane->sent[stream] = sequence - 1;
}

/* The senders wait on the server socket under the name of their stream: the newest that spoke for it. */
static void pass_back(struct lane *lane, const struct ledger_stream *stream, zmq_msg_t *message)
{
	if (stream->peer_size == 0)
		return;
	zmq_send(lane->server, stream->peer, stream->peer_size, ZMQ_SNDMORE | ZMQ_DONTWAIT);
	zmq_send(lane->server, zmq_msg_data(message), zmq_msg_size(message), ZMQ_DONTWAIT);
}

static void on_ack(struct lane *lane, zmq_msg_t *message, bool to_sender)
{
	size_t stream;
	Suanpan__Ack *ack = suanpan__ack__unpack(NULL, zmq_msg_size(message), zmq_msg_data(message));
	if (!ack) {
		lane_find(lane, "an answer that is not an Ack");
		return;
	}
	size_t due = lane->ledger->due;
	bool agrees = lane_agrees(lane, "an ack", ledger_hear(lane->ledger, ack, position(lane), &stream));
	if (agrees && ack->outcome == SUANPAN__OUTCOME__OUTCOME_OVERLOADED)
		on_overloaded(lane, stream, ack->sequence);
	lane->counts->repetitions += lane->ledger->due < due;
	lane->due_in_flight -= lane->ledger->due < due && lane->due_in_flight > 0;
	if (agrees && to_sender)
		pass_back(lane, &lane->ledger->streams[stream], message);
	suanpan__ack__free_unpacked(ack, NULL);
}

static void take_answers(struct lane *lane)
{
	zmq_msg_t message;
	while (!lane->failed && receive(lane->own, &message)) {
		on_ack(lane, &message, false);
		zmq_msg_close(&message);
	}
	while (!lane->failed && receive(lane->onward, &message)) {
		on_ack(lane, &message, true);
		zmq_msg_close(&message);
	}
}

/* ---- what senders send ---- */

static void on_sent(struct lane *lane, zmq_msg_t *peer, zmq_msg_t *message)
{
	size_t at;
	const struct ledger_body *body;
	char *complaint = ledger_see(lane->ledger, zmq_msg_data(message), zmq_msg_size(message),
	                             position(lane), &at, &body);
	if (!lane_agrees(lane, "a sender", complaint))
		return;
	struct ledger_stream *stream = &lane->ledger->streams[at];
	stream->peer_size = zmq_msg_size(peer) < sizeof stream->peer ? zmq_msg_size(peer) : 0;
	memcpy(stream->peer, zmq_msg_data(peer), stream->peer_size);
	if (body)
		district_see(lane, body);
	lane->counts->reports += body != NULL;
	zmq_send(lane->onward, zmq_msg_data(message), zmq_msg_size(message), ZMQ_DONTWAIT);
}

static void take_from_senders(struct lane *lane)
{
	zmq_msg_t peer, message;
	while (!lane->failed && receive(lane->server, &peer)) {
		if (receive(lane->server, &message)) {
			on_sent(lane, &peer, &message);
			zmq_msg_close(&message);
		}
		zmq_msg_close(&peer);
	}
}

/* ---- what is sent ---- */

static bool send_report(void *socket, const struct ledger_report *report)
{
	return zmq_send(socket, report->body->bytes, report->body->size, ZMQ_DONTWAIT) >= 0;
}

/* Those that are asked again go ahead of the others: their order does not matter. */
static bool send_due(struct lane *lane, size_t at)
{
	const struct ledger_stream *stream = &lane->ledger->streams[at];
	for (; lane->due_sent[at] < stream->count; lane->due_sent[at]++) {
		if (!stream->reports[lane->due_sent[at]].is_due)
			continue;
		if (lane->due_in_flight >= DUE_WINDOW ||
		    !send_report(lane->own, &stream->reports[lane->due_sent[at]]))
			return false;
		lane->due_in_flight++;
	}
	return true;
}

static void send_own(struct lane *lane, size_t at)
{
	struct ledger_stream *stream = &lane->ledger->streams[at];
	if (lane->sent[at] < stream->acked)
		lane->sent[at] = stream->acked; /* acks come in order */
	while (lane->sent[at] < stream->acked + WINDOW) {
		if (lane->sent[at] == stream->count) {
			if (!lane->makes)
				return;
			ledger_make(lane->ledger, at, &lane->random);
			lane->counts->reports++;
		}
		if (!send_report(lane->own, &stream->reports[lane->sent[at]]))
			return;
		lane->sent[at]++;
	}
}

static void send_all(struct lane *lane)
{
	make_room(lane);
	for (size_t i = 0; i < lane->ledger->stream_count; i++)
		if (send_due(lane, i) && lane->ledger->streams[i].is_own)
			send_own(lane, i);
}

void talk_turn(struct lane *lane, int ms)
{
	send_all(lane);
	zmq_pollitem_t items[] = {{.socket = lane->own, .events = ZMQ_POLLIN},
	                          {.socket = lane->onward, .events = ZMQ_POLLIN},
	                          {.socket = lane->server, .events = ZMQ_POLLIN}};
	zmq_poll(items, 3, ms);
	take_answers(lane);
	take_from_senders(lane);
	child_listen(&lane->daemon);
	for (size_t i = 0; i < LANE_DISTRICTS && !lane->failed; i++)
		if (lane->districts[i])
			district_turn(lane, lane->districts[i]);
}

void talk_for(struct lane *lane, int64_t us)
{
	int64_t until = now_us() + us;
	while (!lane->failed && now_us() + 1000 < until)
		talk_turn(lane, 1);
	if (!lane->failed)
		sleep_us(until - now_us());
}

#define QUIET_US 30000000

static bool is_dead(struct lane *lane)
{
	int status;
	if (!child_has_ended(&lane->daemon, &status))
		return false;
	lane_find(lane, "the daemon ended by itself: exit %d\n%s", status, lane->daemon.tail);
	return true;
}

bool talk_until_quiet(struct lane *lane)
{
	int64_t until = now_us() + QUIET_US;
	lane->makes = false;
	while (!lane->failed && !ledger_is_quiet(lane->ledger)) {
		talk_turn(lane, 5);
		if (!lane->failed && is_dead(lane))
			break;
		if (now_us() > until)
			lane_find(lane, "not all reports are answered after 30 s: %zu are due\n%s",
			          lane->ledger->due, lane->daemon.tail);
	}
	return !lane->failed;
}
