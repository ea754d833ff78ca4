#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/endpoint.h"
#include "proto/envelope.h"
#include "tests/lib/gate.h"
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define PATIENCE_MS 10000

#define FOLDER      "/tmp/suanpan-endpoint-XXXXXX"

static void *context;
static char folder[sizeof FOLDER];
static char ipc[sizeof "ipc://" + sizeof folder + sizeof "/socket"];

/* What a case opened, for its tear_down to close even when the case fails: a context with an open socket cannot
 * be freed. */
static void *opened[8];
static size_t opened_count;
static struct gate gate;
static bool has_gate;

/* Each case has a context and a path of its own: a closed socket unlinks its file some time later, which
 * would be the next case's by then. */
static int set_up(void **state)
{
	(void)state;
	strcpy(folder, FOLDER);
	if (!mkdtemp(folder))
		return -1;
	snprintf(ipc, sizeof ipc, "ipc://%s/socket", folder);
	return endpoint_context_new(&context);
}

static int tear_down(void **state)
{
	(void)state;
	while (opened_count)
		endpoint_close(opened[--opened_count]);
	if (has_gate)
		gate_close(&gate);
	has_gate = false;
	endpoint_context_free(context);
	unlink(ipc + strlen("ipc://"));
	return rmdir(folder);
}

/* ---- urls */

static void must_accept(const char *url)
{
	const char *expected = NULL;

	if (!endpoint_is_valid(url, &expected))
		fail_msg("'%s' should be valid", url);
	assert_null(expected);
}

static void must_refuse(const char *url, const char *scheme)
{
	const char *expected = NULL;

	if (endpoint_is_valid(url, &expected))
		fail_msg("'%s' should not be valid", url);
	assert_non_null(expected);
	assert_non_null(strstr(expected, scheme));
	assert_false(endpoint_is_local(url));
}

static void addresses_of_the_three_kinds_are_valid(void **state)
{
	(void)state;
	must_accept(ENDPOINT_DEFAULT_INTAKE);
	must_accept(ENDPOINT_DEFAULT_QUERY);
	must_accept(ENDPOINT_DEFAULT_LIVE);
	must_accept("tcp://127.0.0.1:1");
	must_accept("tcp://127.0.0.1:65535");
	must_accept("tcp://localhost:5811");
	must_accept("tcp://statistics.gz.example:5811");
	must_accept("tcp://0.0.0.0:5811");
	must_accept("tcp://*:5811");
	must_accept("tcp://eth0:5811");
	must_accept("tcp://[::1]:5811");
	must_accept("tcp://[2001:db8::7]:5811");
	must_accept("ipc:///run/suanpan/intake");
	must_accept("ipc://relative/path with blanks");
	must_accept("ipc://@abstract");
	must_accept("inproc://name");
}

static void other_addresses_are_refused_with_what_was_expected(void **state)
{
	static const char *const TCP[] = {
	    "tcp://",
	    "tcp://127.0.0.1",
	    "tcp://127.0.0.1:",
	    "tcp://127.0.0.1:0",
	    "tcp://127.0.0.1:*",
	    "tcp://:5811",
	    "tcp://127.0.0.1:65536",
	    "tcp://127.0.0.1:99999",
	    "tcp://127.0.0.1:100000",
	    "tcp://127.0.0.1:05811",
	    "tcp://127.0.0.1:-1",
	    "tcp://127.0.0.1:58x",
	    "tcp://127.0.0.1:5811/",
	    "tcp://[::1]",
	    "tcp://[::1:5811",
	    "tcp://::1:5811",
	    "tcp://[]:5811",
	    "tcp://[:5811",
	    "tcp://[127.0.0.1]:5811",
	    "tcp://[::1]x:5811",
	    "tcp://a b:5811",
	    "tcp://a/b:5811",
	    "tcp://1.2.3.4:1;5.6.7.8:2",
	    "tcp://127.0.0.1:5811 ",
	    "tcp://127.0.0.1: 5811",
	    "tcp://广州:5811",
	    "tcp://**:5811",
	};
	static const char *const OTHER[] = {"",
	                                    "5811",
	                                    "127.0.0.1:5811",
	                                    "http://127.0.0.1:5811",
	                                    "udp://127.0.0.1:5811",
	                                    "pgm://eth0;239.192.1.1:5811",
	                                    "TCP://127.0.0.1:5811",
	                                    " tcp://127.0.0.1:5811",
	                                    "tcp:/127.0.0.1:5811",
	                                    "tcp",
	                                    "ws://127.0.0.1:5811",
	                                    "tipc://{1,2}"};
	char url[512] = "ipc://";

	(void)state;
	for (size_t i = 0; i < sizeof TCP / sizeof TCP[0]; i++)
		must_refuse(TCP[i], "tcp://HOST:PORT with");
	for (size_t i = 0; i < sizeof OTHER / sizeof OTHER[0]; i++)
		must_refuse(OTHER[i], "tcp://HOST:PORT or ipc");
	must_refuse("ipc://", "ipc://PATH with");
	must_refuse("ipc://*", "ipc://PATH with");
	must_refuse("ipc://@", "ipc://PATH with");
	must_refuse("inproc://", "inproc://NAME");
	memset(url + 6, 'p', 107);
	must_accept(url);
	memset(url + 6, 'p', 108);
	must_refuse(url, "ipc://PATH with");
	memset(url, 'h', sizeof url - 1);
	memcpy(url, "tcp://", 6);
	memcpy(url + sizeof url - 6, ":5811", 6);
	must_refuse(url, "tcp://HOST:PORT with");
}

static void only_loopback_and_this_machine_are_local(void **state)
{
	static const char *const LOCAL[] = {
	    "tcp://127.0.0.1:5811",
	    "tcp://127.0.0.0:1",
	    "tcp://127.255.255.255:5811",
	    "tcp://127.1.2.3:5811",
	    "tcp://localhost:5811",
	    "tcp://LocalHost:5811",
	    "tcp://[::1]:5811",
	    "tcp://[0:0:0:0:0:0:0:1]:5811",
	    "ipc:///run/suanpan/intake",
	    "ipc://@abstract",
	    "inproc://x",
	};
	static const char *const REMOTE[] = {
	    "tcp://0.0.0.0:5811",
	    "tcp://*:5811",
	    "tcp://126.255.255.255:5811",
	    "tcp://128.0.0.1:5811",
	    "tcp://192.168.1.1:5811",
	    "tcp://[::]:5811",
	    "tcp://[::2]:5811",
	    "tcp://[fe80::1]:5811",
	    "tcp://[::ffff:127.0.0.1]:5811",
	    "tcp://127.1:5811",
	    "tcp://0127.0.0.1:5811",
	    "tcp://127.0.0.1.example:5811",
	    "tcp://localhost.example:5811",
	    "tcp://localhostx:5811",
	    "tcp://lo:5811",
	    "tcp://2130706433:5811",
	    "tcp://127:5811",
	};

	(void)state;
	for (size_t i = 0; i < sizeof LOCAL / sizeof LOCAL[0]; i++)
		if (!endpoint_is_local(LOCAL[i]))
			fail_msg("'%s' is local", LOCAL[i]);
	for (size_t i = 0; i < sizeof REMOTE / sizeof REMOTE[0]; i++) {
		must_accept(REMOTE[i]);
		if (endpoint_is_local(REMOTE[i]))
			fail_msg("'%s' is not local", REMOTE[i]);
	}
}

/* ---- sockets */

static void *must_open_with(enum endpoint_kind kind, const char *url, const struct endpoint_keys *keys)
{
	const char *error = "none";
	void *socket = NULL;

	if (endpoint_open(context, kind, url, keys, &socket, &error) != 0)
		fail_msg("%s: %s", url, error);
	assert_true(opened_count < sizeof opened / sizeof opened[0]);
	opened[opened_count++] = socket;
	return socket;
}

static void *must_open(enum endpoint_kind kind, const char *url)
{
	return must_open_with(kind, url, NULL);
}

static void close_last(void)
{
	endpoint_close(opened[--opened_count]);
}

static void must_not_open(enum endpoint_kind kind, const char *url, int fault, const char *expected)
{
	const char *error = NULL;
	void *socket = NULL;

	assert_int_equal(endpoint_open(context, kind, url, NULL, &socket, &error), fault);
	assert_null(socket);
	assert_non_null(error);
	assert_non_null(strstr(error, expected));
}

static void wait_for(void *socket, short events)
{
	zmq_pollitem_t item = {.socket = socket, .events = events};

	assert_int_equal(zmq_poll(&item, 1, PATIENCE_MS), 1);
}

static int receive(void *socket, void *buffer, size_t size)
{
	wait_for(socket, ZMQ_POLLIN);
	return zmq_recv(socket, buffer, size, ZMQ_DONTWAIT);
}

static void send_text(void *socket, const char *text)
{
	wait_for(socket, ZMQ_POLLOUT);
	assert_int_equal(zmq_send(socket, text, strlen(text), ZMQ_DONTWAIT), strlen(text));
}

static void a_request_goes_there_and_back_over_ipc(void **state)
{
	void *server = must_open(ENDPOINT_INTAKE_SERVER, ipc);
	void *client = must_open(ENDPOINT_REQUEST, ipc);
	char peer[32], text[32] = "";

	(void)state;
	send_text(client, "report");
	int peer_size = receive(server, peer, sizeof peer);
	assert_true(peer_size > 0);
	assert_int_equal(zmq_recv(server, text, sizeof text, ZMQ_DONTWAIT), 6);
	assert_memory_equal(text, "report", 6);
	assert_int_equal(zmq_send(server, peer, (size_t)peer_size, ZMQ_DONTWAIT | ZMQ_SNDMORE), peer_size);
	assert_int_equal(zmq_send(server, "ack", 3, ZMQ_DONTWAIT), 3);
	assert_int_equal(receive(client, text, sizeof text), 3);
	assert_memory_equal(text, "ack", 3);
}

static void the_live_server_decides_on_subscriptions(void **state)
{
	void *server = must_open(ENDPOINT_LIVE_SERVER, "inproc://live");
	void *client = must_open(ENDPOINT_LIVE_CLIENT, "inproc://live");
	char text[32] = "";

	(void)state;
	assert_int_equal(zmq_setsockopt(client, ZMQ_SUBSCRIBE, "denied", 6), 0);
	assert_int_equal(receive(server, text, sizeof text), 7);
	assert_memory_equal(text, "\1denied", 7);
	assert_int_equal(zmq_setsockopt(client, ZMQ_SUBSCRIBE, "granted", 7), 0);
	assert_int_equal(receive(server, text, sizeof text), 8);
	assert_int_equal(zmq_setsockopt(server, ZMQ_SUBSCRIBE, "granted", 7), 0);
	send_text(server, "denied");
	send_text(server, "granted");
	assert_int_equal(receive(client, text, sizeof text), 7);
	assert_memory_equal(text, "granted", 7);
}

static void answering_nobody_is_an_error_at_once(void **state)
{
	void *server = must_open(ENDPOINT_QUERY_SERVER, "inproc://nobody");

	(void)state;
	assert_int_equal(zmq_send(server, "gone", 4, ZMQ_DONTWAIT | ZMQ_SNDMORE), -1);
	assert_int_equal(errno, EHOSTUNREACH);
}

static void nothing_queues_for_a_daemon_that_is_not_there(void **state)
{
	void *client = must_open(ENDPOINT_REQUEST, ipc);

	(void)state;
	assert_int_equal(zmq_send(client, "x", 1, ZMQ_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

/* The peer is cut off and connects again; what it sends next arrives, the large one never does. */
static void a_request_beyond_the_limit_is_dropped_with_its_connection(void **state)
{
	static char large[ENVELOPE_REQUEST_MAX + 1], got[ENVELOPE_REQUEST_MAX + 1];
	void *server = must_open(ENDPOINT_INTAKE_SERVER, ipc);
	void *client = must_open(ENDPOINT_REQUEST, ipc);
	zmq_pollitem_t item = {.socket = server, .events = ZMQ_POLLIN};
	int polls = 0;

	(void)state;
	wait_for(client, ZMQ_POLLOUT);
	assert_int_equal(zmq_send(client, large, sizeof large - 1, ZMQ_DONTWAIT), sizeof large - 1);
	receive(server, got, sizeof got);
	assert_int_equal(zmq_recv(server, got, sizeof got, ZMQ_DONTWAIT), ENVELOPE_REQUEST_MAX);
	assert_int_equal(zmq_send(client, large, sizeof large, ZMQ_DONTWAIT), sizeof large);
	do {
		send_text(client, "after");
		assert_true(polls++ < 60);
	} while (zmq_poll(&item, 1, 50) == 0);
	receive(server, got, sizeof got);
	assert_int_equal(zmq_recv(server, got, sizeof got, ZMQ_DONTWAIT), 5);
}

static void failures_say_why(void **state)
{
	must_open(ENDPOINT_QUERY_SERVER, "inproc://taken");

	(void)state;
	must_not_open(ENDPOINT_QUERY_SERVER, "inproc://taken", -EADDRINUSE, "Address already in use");
	must_not_open(ENDPOINT_QUERY_SERVER, "ipc:///nonexistent/folder/socket", -ENOENT, "No such file");
	must_not_open(ENDPOINT_REQUEST, "nonsense", -EINVAL, "tcp://HOST:PORT");
	must_not_open(ENDPOINT_REQUEST, "tcp://127.0.0.1", -EINVAL, "tcp://HOST:PORT");
}

/* ---- keys */

static struct gate_pair server_pair, client_pair;

static void *open_behind_gate(enum endpoint_kind kind)
{
	gate_open(&gate, context);
	has_gate = true;
	server_pair = gate_new_pair();
	client_pair = gate_new_pair();
	return must_open_with(kind, ipc, &(struct endpoint_keys){.own_secret = server_pair.secret});
}

static void *knock(const struct gate_pair *own, const char *server_public)
{
	return must_open_with(ENDPOINT_REQUEST, ipc,
	                      &(struct endpoint_keys){.own_public = own->public,
	                                              .own_secret = own->secret,
	                                              .server_public = server_public});
}

/* As much as fits without CURVE: its framing is not the sender's business. */
static void a_guest_sends_as_much_as_without_curve_and_is_known_by_the_key(void **state)
{
	static char large[ENVELOPE_REQUEST_MAX];
	zmq_msg_t peer, report;

	(void)state;
	void *server = open_behind_gate(ENDPOINT_INTAKE_SERVER);
	gate_admit(&gate, client_pair.public);
	void *client = knock(&client_pair, server_pair.public);
	wait_for(client, ZMQ_POLLOUT);
	assert_int_equal(zmq_send(client, large, sizeof large, ZMQ_DONTWAIT), sizeof large);
	wait_for(server, ZMQ_POLLIN);
	zmq_msg_init(&peer);
	zmq_msg_init(&report);
	assert_true(zmq_msg_recv(&peer, server, ZMQ_DONTWAIT) > 0);
	assert_int_equal(zmq_msg_recv(&report, server, ZMQ_DONTWAIT), sizeof large);
	assert_string_equal(zmq_msg_gets(&report, "User-Id"), client_pair.public);
	zmq_msg_close(&peer);
	zmq_msg_close(&report);
}

/* libzmq's count of a frame is what the limit is set by: one byte more must not pass. */
static void under_curve_the_limit_is_exact(void **state)
{
	static char large[ENVELOPE_REQUEST_MAX + 1], got[16];
	zmq_pollitem_t item;
	int polls = 0;

	(void)state;
	void *server = open_behind_gate(ENDPOINT_INTAKE_SERVER);
	gate_admit(&gate, client_pair.public);
	void *client = knock(&client_pair, server_pair.public);
	wait_for(client, ZMQ_POLLOUT);
	assert_int_equal(zmq_send(client, large, sizeof large, ZMQ_DONTWAIT), sizeof large);
	item = (zmq_pollitem_t){.socket = server, .events = ZMQ_POLLIN};
	do {
		send_text(client, "after");
		assert_true(polls++ < 60);
	} while (zmq_poll(&item, 1, 50) == 0);
	receive(server, got, sizeof got);
	assert_int_equal(zmq_recv(server, got, sizeof got, ZMQ_DONTWAIT), 5);
}

static void an_answer_may_be_as_large_as_without_curve(void **state)
{
	static char large[ENVELOPE_ANSWER_MAX];
	char peer[32], text[8];

	(void)state;
	void *server = open_behind_gate(ENDPOINT_QUERY_SERVER);
	gate_admit(&gate, client_pair.public);
	void *client = knock(&client_pair, server_pair.public);
	send_text(client, "query");
	int peer_size = receive(server, peer, sizeof peer);
	assert_int_equal(zmq_recv(server, text, sizeof text, ZMQ_DONTWAIT), 5);
	assert_int_equal(zmq_send(server, peer, (size_t)peer_size, ZMQ_DONTWAIT | ZMQ_SNDMORE), peer_size);
	assert_int_equal(zmq_send(server, large, sizeof large, ZMQ_DONTWAIT), sizeof large);
	assert_int_equal(receive(client, large, sizeof large), sizeof large);
}

/* Half a second is a hundred handshakes. */
static void must_stay_outside(void *client, void *server)
{
	zmq_pollitem_t items[] = {
	    {.socket = client, .events = ZMQ_POLLOUT},
	    {.socket = server, .events = ZMQ_POLLIN},
	};

	assert_int_equal(zmq_poll(items, 2, 500), 0);
}

static void whom_the_gate_does_not_know_stays_outside(void **state)
{
	(void)state;
	void *server = open_behind_gate(ENDPOINT_INTAKE_SERVER);
	void *client = knock(&client_pair, server_pair.public);
	must_stay_outside(client, server);
	assert_int_equal(gate_count_turned_away(&gate), 1);
}

/* Without option 93 libzmq lets strangers in where nobody answers for the keys. */
static void without_a_gate_everybody_stays_outside(void **state)
{
	void *server = open_behind_gate(ENDPOINT_INTAKE_SERVER);

	(void)state;
	gate_close(&gate);
	has_gate = false;
	void *client = knock(&client_pair, server_pair.public);
	must_stay_outside(client, server);
}

static void without_keys_or_with_those_of_another_server_nobody_comes_in(void **state)
{
	const struct gate_pair other = gate_new_pair();

	(void)state;
	void *server = open_behind_gate(ENDPOINT_INTAKE_SERVER);
	gate_admit(&gate, client_pair.public);
	void *plain = must_open(ENDPOINT_REQUEST, ipc);
	must_stay_outside(plain, server);
	close_last();
	void *client = knock(&client_pair, other.public);
	must_stay_outside(client, server);
	assert_int_equal(gate_count_let_in(&gate), 0);
	assert_int_equal(gate_count_turned_away(&gate), 0);
}

/* Nothing is told to a server that speaks no CURVE. */
static void a_client_with_keys_tells_a_plain_server_nothing(void **state)
{
	const struct gate_pair own = gate_new_pair(), other = gate_new_pair();
	void *server = must_open(ENDPOINT_INTAKE_SERVER, ipc);
	void *client = knock(&own, other.public);

	(void)state;
	must_stay_outside(client, server);
}

static void what_is_no_key_is_refused(void **state)
{
	const struct gate_pair own = gate_new_pair();
	const char *error = NULL;
	void *socket = NULL;

	(void)state;
	assert_int_equal(endpoint_open(context, ENDPOINT_INTAKE_SERVER, ipc,
	                               &(struct endpoint_keys){.own_secret = "short"}, &socket, &error),
	                 FAULT_SOCKET);
	assert_string_equal(error, "libzmq does not take the server's key");
	assert_int_equal(endpoint_open(context, ENDPOINT_REQUEST, ipc,
	                               &(struct endpoint_keys){.own_public = own.public,
	                                                       .own_secret = own.secret,
	                                                       .server_public = ""},
	                               &socket, &error),
	                 FAULT_SOCKET);
	assert_string_equal(error, "libzmq does not take the server's public key");
	assert_null(socket);
}

/* ---- options */

static int number_of(void *socket, int option)
{
	int value = -77;
	size_t size = sizeof value;

	assert_int_equal(zmq_getsockopt(socket, option, &value, &size), 0);
	return value;
}

static int64_t size_limit_of(void *socket)
{
	int64_t value = -77;
	size_t size = sizeof value;

	assert_int_equal(zmq_getsockopt(socket, ZMQ_MAXMSGSIZE, &value, &size), 0);
	return value;
}

static void every_kind_has_its_limits(void **state)
{
	static const struct {
		enum endpoint_kind kind;
		int type, send_queue, receive_queue;
		int64_t size_limit;
	} ROWS[] = {
	    {ENDPOINT_INTAKE_SERVER, ZMQ_ROUTER, 256, 64, ENVELOPE_REQUEST_MAX},
	    {ENDPOINT_QUERY_SERVER, ZMQ_ROUTER, 256, 64, ENVELOPE_REQUEST_MAX},
	    {ENDPOINT_LIVE_SERVER, ZMQ_XPUB, 1000, 64, ENVELOPE_REQUEST_MAX},
	    {ENDPOINT_REQUEST, ZMQ_DEALER, 64, 256, ENVELOPE_ANSWER_MAX},
	    {ENDPOINT_LIVE_CLIENT, ZMQ_SUB, 64, 1000, ENVELOPE_ANSWER_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
		void *socket = must_open(ROWS[i].kind, ipc);
		assert_int_equal(number_of(socket, ZMQ_TYPE), ROWS[i].type);
		assert_int_equal(number_of(socket, ZMQ_SNDHWM), ROWS[i].send_queue);
		assert_int_equal(number_of(socket, ZMQ_RCVHWM), ROWS[i].receive_queue);
		assert_true(size_limit_of(socket) == ROWS[i].size_limit);
		assert_int_equal(number_of(socket, ZMQ_LINGER), 0);
		assert_int_equal(number_of(socket, ZMQ_HANDSHAKE_IVL), 3000);
		assert_int_equal(number_of(socket, ZMQ_HEARTBEAT_IVL), 5000);
		assert_int_equal(number_of(socket, ZMQ_HEARTBEAT_TIMEOUT), 15000);
		assert_int_equal(number_of(socket, ZMQ_HEARTBEAT_TTL), 15000);
		assert_int_equal(number_of(socket, ZMQ_IPV6), 0);
		if (ROWS[i].kind <= ENDPOINT_LIVE_SERVER)
			assert_int_equal(number_of(socket, ZMQ_BACKLOG), 1024);
		else
			assert_int_equal(number_of(socket, ZMQ_RECONNECT_IVL_MAX), 2000);
		close_last();
	}
}

static void ipv6_is_on_only_where_the_address_asks_for_it(void **state)
{
	void *six = must_open(ENDPOINT_REQUEST, "tcp://[::1]:9");
	void *four = must_open(ENDPOINT_REQUEST, "tcp://127.0.0.1:9");

	(void)state;
	assert_int_equal(number_of(six, ZMQ_IPV6), 1);
	assert_int_equal(number_of(four, ZMQ_IPV6), 0);
}

static void every_context_seeds_the_routing_ids_anew(void **state)
{
	void *other = NULL;
	int first, second;

	(void)state;
	assert_int_equal(endpoint_context_new(&other), 0);
	first = rand();
	endpoint_context_free(other);
	assert_int_equal(endpoint_context_new(&other), 0);
	second = rand();
	assert_int_equal(zmq_ctx_get(other, ZMQ_BLOCKY), 0);
	endpoint_context_free(other);
	assert_int_not_equal(first, second);
}

static void nothing_is_closed_and_freed_quietly(void **state)
{
	(void)state;
	endpoint_close(NULL);
	endpoint_context_free(NULL);
}

#define SOCKET_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_of_the_three_kinds_are_valid),
	    cmocka_unit_test(other_addresses_are_refused_with_what_was_expected),
	    cmocka_unit_test(only_loopback_and_this_machine_are_local),
	    SOCKET_TEST(a_request_goes_there_and_back_over_ipc),
	    SOCKET_TEST(the_live_server_decides_on_subscriptions),
	    SOCKET_TEST(answering_nobody_is_an_error_at_once),
	    SOCKET_TEST(nothing_queues_for_a_daemon_that_is_not_there),
	    SOCKET_TEST(a_request_beyond_the_limit_is_dropped_with_its_connection),
	    SOCKET_TEST(failures_say_why),
	    SOCKET_TEST(a_guest_sends_as_much_as_without_curve_and_is_known_by_the_key),
	    SOCKET_TEST(under_curve_the_limit_is_exact),
	    SOCKET_TEST(an_answer_may_be_as_large_as_without_curve),
	    SOCKET_TEST(whom_the_gate_does_not_know_stays_outside),
	    SOCKET_TEST(without_a_gate_everybody_stays_outside),
	    SOCKET_TEST(without_keys_or_with_those_of_another_server_nobody_comes_in),
	    SOCKET_TEST(a_client_with_keys_tells_a_plain_server_nothing),
	    SOCKET_TEST(what_is_no_key_is_refused),
	    SOCKET_TEST(every_kind_has_its_limits),
	    SOCKET_TEST(ipv6_is_on_only_where_the_address_asks_for_it),
	    SOCKET_TEST(every_context_seeds_the_routing_ids_anew),
	    SOCKET_TEST(nothing_is_closed_and_freed_quietly),
	};

	return cmocka_run_group_tests_name("proto_endpoint", tests, NULL, NULL);
}
