/* A connection through every handshake that can fail, against a server that is opened and closed under it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/lib/dial.h"
#include "daemon/base/clock.h"
#include "tests/lib/gate.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define PATIENCE_MS 10000
#define OPERATOR    "; ask its operator to enrol it"

struct fixture {
	char folder[sizeof "/tmp/suanpan-dial-XXXXXX"], url[64];
	void *server_context, *server; /* NULL: there is none */
	struct gate gate;
	struct gate_pair first, second; /* the server's */
	void *client_context;
	struct identity identity;
	struct dial *dial;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct gate_pair own = gate_new_pair();

	strcpy(fixture->folder, "/tmp/suanpan-dial-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->url, sizeof fixture->url, "ipc://%s/socket", fixture->folder);
	assert_int_equal(endpoint_context_new(&fixture->client_context), 0);
	fixture->first = gate_new_pair();
	fixture->second = gate_new_pair();
	fixture->identity = (struct identity){.key_file = "liwan.key", .server_key = "server.pub"};
	memcpy(&fixture->identity.own, &own, sizeof own);
	*state = fixture;
	return 0;
}

/* A context of its own each time: a closed socket unlinks its file some time later. */
static void start_server(struct fixture *fixture, const struct gate_pair *pair)
{
	const struct endpoint_keys keys = {.own_secret = pair ? pair->secret : NULL};
	const char *error = "";

	assert_int_equal(endpoint_context_new(&fixture->server_context), 0);
	gate_open(&fixture->gate, fixture->server_context);
	if (endpoint_open(fixture->server_context, ENDPOINT_INTAKE_SERVER, fixture->url, pair ? &keys : NULL,
	                  &fixture->server, &error))
		fail_msg("%s", error);
}

static void stop_server(struct fixture *fixture)
{
	if (!fixture->server_context)
		return;
	endpoint_close(fixture->server);
	gate_close(&fixture->gate);
	endpoint_context_free(fixture->server_context);
	fixture->server = fixture->server_context = NULL;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	dial_close(fixture->dial);
	endpoint_context_free(fixture->client_context);
	stop_server(fixture);
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static void trust(struct fixture *fixture, const struct gate_pair *pair)
{
	struct public_keys *servers = &fixture->identity.servers;

	strcpy(servers->keys[servers->count++], pair->public);
}

static void admit(struct fixture *fixture)
{
	gate_admit(&fixture->gate, fixture->identity.own.public);
}

static void dial(struct fixture *fixture, bool with_keys)
{
	const char *error = "";

	if (dial_open(fixture->client_context, ENDPOINT_REQUEST, fixture->url,
	              with_keys ? &fixture->identity : NULL, &fixture->dial, &error))
		fail_msg("%s", error);
}

/* The first verdict that is neither quiet nor a new socket; 0: the server takes messages. */
static int wait_for_word(struct fixture *fixture, short events)
{
	const int64_t deadline_ms = clock_read().monotonic_ms + PATIENCE_MS;
	int result;

	do {
		result = dial_wait(fixture->dial, events, -1, 100);
		if (clock_read().monotonic_ms > deadline_ms)
			fail_msg("nothing happened; trouble: %s",
			         dial_trouble(fixture->dial) ? dial_trouble(fixture->dial) : "none");
	} while (result == DIAL_QUIET || result == DIAL_RENEWED);
	return result;
}

static void must_connect(struct fixture *fixture)
{
	const int64_t deadline_ms = clock_read().monotonic_ms + PATIENCE_MS;

	while (!dial_is_connected(fixture->dial)) {
		const int verdict = dial_wait(fixture->dial, 0, -1, 100);
		assert_true(verdict == DIAL_QUIET || verdict == DIAL_RENEWED);
		if (clock_read().monotonic_ms > deadline_ms)
			fail_msg("not connected; trouble: %s",
			         dial_trouble(fixture->dial) ? dial_trouble(fixture->dial) : "none");
	}
	assert_int_equal(wait_for_word(fixture, ZMQ_POLLOUT), 0);
	assert_null(dial_trouble(fixture->dial));
}

static void must_be_shut_out(struct fixture *fixture, const char *format, ...) PRINTF_LIKE(2, 3);
static void must_be_shut_out(struct fixture *fixture, const char *format, ...)
{
	char expected[512];
	va_list list;

	va_start(list, format);
	vsnprintf(expected, sizeof expected, format, list);
	va_end(list);
	assert_int_equal(wait_for_word(fixture, ZMQ_POLLOUT), DIAL_SHUT_OUT);
	assert_string_equal(dial_trouble(fixture->dial), expected);
	assert_false(dial_is_connected(fixture->dial));
	assert_null(dial_socket(fixture->dial));
}

static void who_is_enrolled_comes_in(void **state)
{
	struct fixture *fixture = *state;

	start_server(fixture, &fixture->first);
	admit(fixture);
	trust(fixture, &fixture->first);
	dial(fixture, true);
	must_connect(fixture);
	assert_int_equal(gate_count_let_in(&fixture->gate), 1);
}

/* libzmq's socket would never try again. */
static void who_is_not_is_told_so_and_comes_in_once_enrolled(void **state)
{
	struct fixture *fixture = *state;

	start_server(fixture, &fixture->first);
	trust(fixture, &fixture->first);
	dial(fixture, true);
	must_be_shut_out(fixture, "the daemon at %s does not know the key liwan.key (public key %s)" OPERATOR,
	                 fixture->url, fixture->identity.own.public);
	must_be_shut_out(fixture, "the daemon at %s does not know the key liwan.key (public key %s)" OPERATOR,
	                 fixture->url, fixture->identity.own.public);
	assert_int_equal(gate_count_turned_away(&fixture->gate), 2);
	admit(fixture);
	must_connect(fixture);
	assert_int_equal(gate_count_turned_away(&fixture->gate), 2);
}

static void who_is_not_knocks_more_and_more_seldom(void **state)
{
	struct fixture *fixture = *state;
	const int64_t start_ms = clock_read().monotonic_ms;
	int refusals = 0;

	start_server(fixture, &fixture->first);
	trust(fixture, &fixture->first);
	dial(fixture, true);
	while (clock_read().monotonic_ms < start_ms + 2000)
		refusals += dial_wait(fixture->dial, ZMQ_POLLOUT, -1, 100) == DIAL_SHUT_OUT;
	assert_in_range(refusals, 1, 3); /* at 0, after 0.5 to 1 s, after 1 to 2 s more */
	assert_int_equal(gate_count_turned_away(&fixture->gate), refusals);
}

static void another_servers_key_is_a_trouble_but_not_the_end(void **state)
{
	struct fixture *fixture = *state;
	const int64_t deadline_ms = clock_read().monotonic_ms + PATIENCE_MS;
	char expected[512];

	trust(fixture, &fixture->second);
	start_server(fixture, &fixture->first);
	admit(fixture);
	dial(fixture, true);
	while (!dial_trouble(fixture->dial)) {
		assert_int_equal(dial_wait(fixture->dial, ZMQ_POLLOUT, -1, 100), DIAL_QUIET);
		assert_true(clock_read().monotonic_ms < deadline_ms);
	}
	snprintf(expected, sizeof expected,
	         "the daemon at %s breaks the handshake off: server.pub is not its public key, or it speaks "
	         "without "
	         "keys, or lets nobody in for now",
	         fixture->url);
	assert_string_equal(dial_trouble(fixture->dial), expected);
	stop_server(fixture);
	start_server(fixture, &fixture->second);
	admit(fixture);
	must_connect(fixture);
}

static void a_daemon_whose_gate_fails_is_tried_again(void **state)
{
	struct fixture *fixture = *state;

	start_server(fixture, &fixture->first);
	fixture->gate.refusal = "500";
	trust(fixture, &fixture->first);
	dial(fixture, true);
	for (int i = 0; gate_count_turned_away(&fixture->gate) < 2; i++) {
		const int verdict = dial_wait(fixture->dial, ZMQ_POLLOUT, -1, 100);
		assert_true(verdict == DIAL_QUIET || verdict == DIAL_RENEWED);
		assert_true(i < 100);
	}
	admit(fixture);
	must_connect(fixture);
}

static void each_of_the_servers_keys_is_tried(void **state)
{
	struct fixture *fixture = *state;

	trust(fixture, &fixture->second);
	trust(fixture, &fixture->first);
	start_server(fixture, &fixture->first);
	admit(fixture);
	dial(fixture, true);
	must_connect(fixture);
	assert_int_equal(gate_count_let_in(&fixture->gate), 1);
}

static void a_server_that_changes_its_key_is_followed(void **state)
{
	struct fixture *fixture = *state;

	trust(fixture, &fixture->first);
	trust(fixture, &fixture->second);
	start_server(fixture, &fixture->first);
	admit(fixture);
	dial(fixture, true);
	must_connect(fixture);
	stop_server(fixture);
	assert_int_equal(wait_for_word(fixture, 0), DIAL_LOST);
	assert_false(dial_is_connected(fixture->dial));
	start_server(fixture, &fixture->second);
	admit(fixture);
	must_connect(fixture);
}

static void who_is_struck_out_is_told_when_connecting_again(void **state)
{
	struct fixture *fixture = *state;

	trust(fixture, &fixture->first);
	start_server(fixture, &fixture->first);
	admit(fixture);
	dial(fixture, true);
	must_connect(fixture);
	stop_server(fixture);
	start_server(fixture, &fixture->first);
	assert_int_equal(wait_for_word(fixture, 0), DIAL_LOST);
	must_be_shut_out(fixture, "the daemon at %s does not know the key liwan.key (public key %s)" OPERATOR,
	                 fixture->url, fixture->identity.own.public);
}

/* Whether we read the server's greeting or hear it hang up first is up to the moment, so there are two sentences. */
static void must_not_match(struct fixture *fixture, const char *known, const char *guessed)
{
	const int64_t deadline_ms = clock_read().monotonic_ms + PATIENCE_MS;
	int verdict;

	do {
		verdict = dial_wait(fixture->dial, ZMQ_POLLOUT, -1, 100);
		assert_in_set(verdict, ((const uintmax_t[]){DIAL_QUIET, DIAL_RENEWED, DIAL_SHUT_OUT}), 3);
		assert_true(clock_read().monotonic_ms < deadline_ms);
	} while (!dial_trouble(fixture->dial));
	if (verdict == DIAL_SHUT_OUT)
		assert_non_null(strstr(dial_trouble(fixture->dial), known));
	else
		assert_non_null(strstr(dial_trouble(fixture->dial), guessed));
	assert_false(dial_is_connected(fixture->dial));
	assert_null(dial_socket(fixture->dial));
}

static void nothing_is_told_to_a_server_without_keys(void **state)
{
	struct fixture *fixture = *state;

	trust(fixture, &fixture->first);
	start_server(fixture, NULL);
	dial(fixture, true);
	must_not_match(fixture, "speaks without keys, so it may be anybody; nothing was sent to it",
	               "is not its public key, or it speaks without keys, or lets nobody in for now");
}

static void a_server_with_keys_is_told_from_silence(void **state)
{
	struct fixture *fixture = *state;

	start_server(fixture, &fixture->first);
	dial(fixture, false);
	must_not_match(fixture, "speaks only to those with a key; give --key and --server-key",
	               "if it speaks only to those with a key, give --key and --server-key");
}

/* Not with keys nor without: nobody is there. */
static void silence_is_no_trouble(void **state)
{
	struct fixture *fixture = *state;

	trust(fixture, &fixture->first);
	for (int with_keys = 0; with_keys < 2; with_keys++) {
		dial(fixture, with_keys);
		assert_int_equal(dial_wait(fixture->dial, ZMQ_POLLOUT, -1, 300), DIAL_QUIET);
		assert_null(dial_trouble(fixture->dial));
		dial_close(fixture->dial);
		fixture->dial = NULL;
	}
}

static void a_plain_server_that_goes_and_comes_is_lost_and_found(void **state)
{
	struct fixture *fixture = *state;

	start_server(fixture, NULL);
	dial(fixture, false);
	must_connect(fixture);
	stop_server(fixture);
	assert_int_equal(wait_for_word(fixture, 0), DIAL_LOST);
	start_server(fixture, NULL);
	must_connect(fixture);
}

static void a_stop_is_heard_in_the_pause_too(void **state)
{
	struct fixture *fixture = *state;
	int pipe_fds[2];

	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(write(pipe_fds[1], "x", 1), 1);
	start_server(fixture, &fixture->first);
	trust(fixture, &fixture->first);
	dial(fixture, true);
	assert_int_equal(wait_for_word(fixture, ZMQ_POLLOUT), DIAL_SHUT_OUT);
	assert_int_equal(dial_wait(fixture->dial, ZMQ_POLLOUT, pipe_fds[0], -1), DIAL_STOPPED);
	assert_int_equal(wait_for_word(fixture, ZMQ_POLLOUT), DIAL_SHUT_OUT);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

#define DIAL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    DIAL_TEST(who_is_enrolled_comes_in),
	    DIAL_TEST(who_is_not_is_told_so_and_comes_in_once_enrolled),
	    DIAL_TEST(who_is_not_knocks_more_and_more_seldom),
	    DIAL_TEST(another_servers_key_is_a_trouble_but_not_the_end),
	    DIAL_TEST(a_daemon_whose_gate_fails_is_tried_again),
	    DIAL_TEST(each_of_the_servers_keys_is_tried),
	    DIAL_TEST(a_server_that_changes_its_key_is_followed),
	    DIAL_TEST(who_is_struck_out_is_told_when_connecting_again),
	    DIAL_TEST(nothing_is_told_to_a_server_without_keys),
	    DIAL_TEST(a_server_with_keys_is_told_from_silence),
	    DIAL_TEST(silence_is_no_trouble),
	    DIAL_TEST(a_plain_server_that_goes_and_comes_is_lost_and_found),
	    DIAL_TEST(a_stop_is_heard_in_the_pause_too),
	};

	return cmocka_run_group_tests_name("lib_dial", tests, NULL, NULL);
}
