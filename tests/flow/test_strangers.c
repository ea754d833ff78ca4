/* Who holds no key: whatever is tried at the daemon's endpoints, nothing of it arrives, it costs the daemon next to nothing, and
 * those with a key go on being served. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/endpoint.h"
#include "tests/lib/raw.h"
#include "tests/lib/scratch.h"
#include "tests/lib/walled.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define WAIT_MS      20000
#define HANDSHAKE_MS 3000 /* the endpoints' handshake limit */
#define SLACK_MS     3000 /* of a machine that does other things as well */

/* What strangers may cost in memory. The sanitizers' own memory (and valgrind's) grows with every connection there ever was. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RESIDENT_MORE_KIB 400000
#else
#define RESIDENT_MORE_KIB (getenv("SUANPAN_VALGRIND") ? 400000 : 10240)
#endif

static int start_with(void **state, const char *more)
{
	struct walled *walled = calloc(1, sizeof *walled);
	walled_start(walled, more);
	*state = walled;
	return 0;
}

static int start(void **state)
{
	return start_with(state, "");
}

static int start_narrow(void **state)
{
	return start_with(state, "--set connections=200");
}

static int stop(void **state)
{
	walled_done(*state);
	free(*state);
	return 0;
}

/* ---- with ZeroMQ ---- */

enum manner { SAYS_NULL, SAYS_PLAIN, WRONG_SERVER_KEY, OWN_NEW_KEY, MANNER_COUNT };

static void dress(const struct walled *walled, void *socket, enum manner manner)
{
	struct endpoint_keys keys = walled_keys(walled, STRANGER);
	int zero = 0;
	zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
	if (manner == SAYS_NULL)
		return;
	if (manner == SAYS_PLAIN) {
		zmq_setsockopt(socket, ZMQ_PLAIN_USERNAME, "liwan", 5);
		zmq_setsockopt(socket, ZMQ_PLAIN_PASSWORD, "liwan", 5);
		return;
	}
	if (manner == WRONG_SERVER_KEY) {
		/* Even the right key: it is for another daemon. */
		keys = walled_keys(walled, LIWAN);
		keys.server_public = walled->keys[STRANGER].public;
	}
	zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys.server_public, KEYS_TEXT_SIZE);
	zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys.own_public, KEYS_TEXT_SIZE);
	zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys.own_secret, KEYS_TEXT_SIZE);
}

static unsigned next_event(void *events, int timeout_ms)
{
	zmq_pollitem_t item = {.socket = events, .events = ZMQ_POLLIN};
	unsigned char bytes[6];
	char endpoint[256];
	uint16_t event;
	if (zmq_poll(&item, 1, timeout_ms) != 1 || zmq_recv(events, bytes, sizeof bytes, 0) != sizeof bytes)
		return 0;
	(void)!zmq_recv(events, endpoint, sizeof endpoint, 0);
	memcpy(&event, bytes, sizeof event);
	return event;
}

/* Connects, with something to say, and waits until that has failed. */
static void must_fail(const struct walled *walled, void *context, int type, const char *url,
                      enum manner manner)
{
	struct peer_report report = walled_report(LIWAN, 1, 1);
	void *bytes, *socket = zmq_socket(context, type), *events = zmq_socket(context, ZMQ_PAIR);
	char name[64];
	size_t size;
	snprintf(name, sizeof name, "inproc://events-%p", socket);
	dress(walled, socket, manner);
	assert_int_equal(
	    zmq_socket_monitor(socket, name,
	                       ZMQ_EVENT_ALL & ~(ZMQ_EVENT_CONNECT_DELAYED | ZMQ_EVENT_CONNECT_RETRIED)),
	    0);
	assert_int_equal(zmq_connect(events, name), 0);
	assert_int_equal(zmq_connect(socket, url), 0);
	peer_pack(&report, &bytes, &size);
	if (type == ZMQ_SUB)
		zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "code.", 5);
	else
		zmq_send(socket, bytes, size, ZMQ_DONTWAIT);
	free(bytes);
	assert_int_equal(next_event(events, WAIT_MS), ZMQ_EVENT_CONNECTED);
	for (unsigned event = 0; event != ZMQ_EVENT_DISCONNECTED && event != ZMQ_EVENT_CLOSED;) {
		event = next_event(events, WAIT_MS);
		assert_int_not_equal(event, 0);
		assert_int_not_equal(event, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
	}
	assert_int_equal(zmq_recv(socket, name, sizeof name, ZMQ_DONTWAIT), -1);
	zmq_socket_monitor(socket, NULL, 0);
	zmq_close(events);
	zmq_close(socket);
}

static void no_one_gets_in_without_an_enrolled_key(void **state)
{
	struct walled *walled = *state;
	const struct {
		const char *url;
		int type;
	} doors[] = {{walled->daemon.intake, ZMQ_DEALER},
	             {walled->daemon.query, ZMQ_DEALER},
	             {walled->daemon.live, ZMQ_SUB}};
	void *context = zmq_ctx_new();
	for (int i = 0; i < 3; i++)
		for (int manner = SAYS_NULL; manner < MANNER_COUNT; manner++)
			must_fail(walled, context, doors[i].type, doors[i].url, (enum manner)manner);
	zmq_ctx_term(context);
	walled_await(walled, "handshakes_strange", 3);
	walled_await(walled, "connections_silent", 3 * MANNER_COUNT);
	assert_int_equal(walled_status(walled, "observations"), 0);
	assert_int_equal(walled_status(walled, "entries"), 1); /* the catalogue */
	assert_int_equal(walled_status(walled, "refused"), 0);
	assert_int_equal(walled_status(walled, "messages_forbidden"), 0); /* none got as far as that */
	assert_true(walled_said(walled, "event=stranger-refused"));
	assert_true(walled_said(walled, walled->keys[STRANGER].public));
	assert_false(walled_said(walled, walled->keys[STRANGER].secret));
	assert_false(walled_said(walled, walled->server.secret));
}

static void a_key_that_is_enrolled_later_gets_in_then(void **state)
{
	struct walled *walled = *state;
	struct peer yuexiu;
	walled->enrolled[YUEXIU] = false;
	walled_reload(walled);
	void *context = zmq_ctx_new();
	struct key_pair stranger = walled->keys[STRANGER];
	walled->keys[STRANGER] = walled->keys[YUEXIU];
	must_fail(walled, context, ZMQ_DEALER, walled->daemon.intake, OWN_NEW_KEY);
	walled->keys[STRANGER] = stranger;
	zmq_ctx_term(context);
	walled->enrolled[YUEXIU] = true;
	walled_reload(walled);
	walled_open(walled, YUEXIU, walled->daemon.intake, &yuexiu);
	struct peer_report report = walled_report(YUEXIU, 1, 7);
	walled_must_accept(&yuexiu, &report);
	peer_close(&yuexiu);
}

/* ---- without ---- */

/* By all three endpoints. */
static void must_be_closed(const struct walled *walled, const void *bytes, size_t size)
{
	const char *const urls[] = {walled->daemon.intake, walled->daemon.query, walled->daemon.live};
	int fds[3];
	for (int i = 0; i < 3; i++) {
		fds[i] = raw_connect(urls[i]);
		assert_true(fds[i] >= 0);
		for (size_t sent = 0; sent < size && !raw_is_closed(fds[i]);)
			sent += raw_send(fds[i], (const char *)bytes + sent, size - sent);
	}
	for (int i = 0; i < 3; i++) {
		assert_true(raw_await_close(fds[i], HANDSHAKE_MS + SLACK_MS) >= 0);
		close(fds[i]);
	}
}

static void whatever_is_no_handshake_is_closed_in_time(void **state)
{
	struct walled *walled = *state;
	static const char http[] = "GET / HTTP/1.1\r\nHost: suanpan\r\n\r\n";
	static const unsigned char tls[] = {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};
	static const unsigned char ready[] = {4,   25,  5,   'R', 'E', 'A', 'D', 'Y', 11,  'S',
	                                      'o', 'c', 'k', 'e', 't', '-', 'T', 'y', 'p', 'e',
	                                      0,   0,   0,   6,   'D', 'E', 'A', 'L', 'E', 'R'};
	unsigned char bytes[64 + sizeof ready], noise[8192];
	struct peer_report report = walled_report(LIWAN, 1, 1);
	void *payload;
	size_t size;
	unsigned seed = 1;
	must_be_closed(walled, "", 0); /* says nothing */
	must_be_closed(walled, http, sizeof http - 1);
	must_be_closed(walled, tls, sizeof tls);
	for (int i = 0; i < 8; i++) {
		for (size_t j = 0; j < sizeof noise; j++)
			noise[j] = (unsigned char)rand_r(&seed);
		must_be_closed(walled, noise, sizeof noise);
		raw_greeting("CURVE", noise); /* and then noise */
		must_be_closed(walled, noise, sizeof noise);
	}
	/* Goes through NULL's handshake by itself and reports as if that had been agreed to. */
	raw_greeting("NULL", bytes);
	memcpy(bytes + 64, ready, sizeof ready);
	must_be_closed(walled, bytes, sizeof bytes);
	peer_pack(&report, &payload, &size);
	unsigned char *all = malloc(sizeof bytes + 2 + size);
	assert_non_null(all);
	memcpy(all, bytes, sizeof bytes);
	all[sizeof bytes] = 0;
	all[sizeof bytes + 1] = (unsigned char)size;
	memcpy(all + sizeof bytes + 2, payload, size);
	must_be_closed(walled, all, sizeof bytes + 2 + size);
	free(all);
	free(payload);
	assert_int_equal(walled_status(walled, "entries"), 1);
	assert_int_equal(walled_status(walled, "refused"), 0);
	assert_true(walled_status(walled, "connections_silent") > 0);
}

/* A frame that promises a gigabyte, and then as much of it as is taken. */
static size_t pour(const char *url, const unsigned char *head, size_t head_size)
{
	static const char bytes[65536];
	int fd = raw_connect(url);
	size_t poured = 0;
	assert_true(fd >= 0);
	raw_send(fd, head, head_size);
	for (int64_t until = walled_now_ms() + HANDSHAKE_MS + SLACK_MS;
	     poured < ((size_t)300 << 20) && walled_now_ms() < until && !raw_is_closed(fd);)
		poured += raw_send(fd, bytes, sizeof bytes);
	assert_true(raw_is_closed(fd));
	close(fd);
	return poured;
}

static void a_promised_gigabyte_takes_no_memory(void **state)
{
	struct walled *walled = *state;
	static const unsigned char kinds[] = {2, 3, 6, 7}; /* long frames: message, more, command, both */
	const char *const urls[] = {walled->daemon.intake, walled->daemon.query, walled->daemon.live};
	long before = walled_resident(walled);
	for (int i = 0; i < 3; i++)
		for (size_t j = 0; j < sizeof kinds; j++) {
			unsigned char head[64 + 9];
			raw_greeting(j % 2 ? "NULL" : "CURVE", head);
			memcpy(head + 64, (unsigned char[]){kinds[j], 0, 0, 0, 0, 0x40, 0, 0, 0}, 9);
			assert_true(pour(urls[i], head, sizeof head) < (size_t)64 << 20);
		}
	print_message("%ld KiB more resident\n", walled_resident(walled) - before);
	assert_true(walled_resident(walled) - before < RESIDENT_MORE_KIB);
}

static void a_byte_now_and_then_does_not_keep_a_connection(void **state)
{
	struct walled *walled = *state;
	unsigned char greeting[64];
	size_t sent = 0;
	int fd = raw_connect(walled->daemon.intake);
	int64_t began = walled_now_ms();
	raw_greeting("CURVE", greeting);
	while (!raw_is_closed(fd) && walled_now_ms() - began < HANDSHAKE_MS + SLACK_MS) {
		sent += raw_send(fd, greeting + sent % sizeof greeting, 1);
		walled_pause(100);
	}
	assert_true(raw_is_closed(fd));
	assert_true(sent < sizeof greeting); /* it was still in the middle of it */
	close(fd);
}

#define IDLE_COUNT 3000

static void thousands_of_connections_cost_little_and_stop_nobody(void **state)
{
	struct walled *walled = *state;
	static int fds[IDLE_COUNT];
	struct peer before, after;
	struct peer_report report = walled_report(LIWAN, 1, 1);
	walled_open(walled, LIWAN, walled->daemon.intake, &before);
	walled_must_accept(&before, &report);
	long resident = walled_resident(walled), most = 0;
	for (int i = 0; i < IDLE_COUNT; i++) {
		fds[i] = raw_connect(walled->daemon.intake);
		if (i % 500 != 499)
			continue;
		/* One who was there goes on, one who comes now gets in. */
		report.sequence++;
		walled_must_accept(&before, &report);
		struct peer_report other = walled_report(YUEXIU, (uint64_t)i / 500 + 1, 1);
		walled_open(walled, YUEXIU, walled->daemon.intake, &after);
		walled_must_accept(&after, &other);
		peer_close(&after);
		most = walled_resident(walled) > most ? walled_resident(walled) : most;
	}
	print_message("%ld KiB more resident\n", most - resident);
	assert_true(most - resident < RESIDENT_MORE_KIB);
	assert_true(walled_status(walled, "connections") <= 1000);
	assert_true(walled_status(walled, "connections_closed") > 0);
	int64_t until = walled_now_ms() + HANDSHAKE_MS + SLACK_MS;
	for (int i = 0; i < IDLE_COUNT; i++) {
		assert_true(fds[i] < 0 || raw_await_close(fds[i], (int)(until - walled_now_ms())) >= 0);
		if (fds[i] >= 0)
			close(fds[i]);
	}
	report.sequence++;
	walled_must_accept(&before, &report);
	peer_close(&before);
}

/* Twice as many as may be, again and again, for two seconds. */
static void a_storm_of_strangers_keeps_out_none_who_holds_a_key(void **state)
{
	struct walled *walled = *state;
	int fds[400];
	struct peer standing, coming;
	struct peer_report report = walled_report(LIWAN, 1, 1), other = walled_report(YUEXIU, 1, 1);
	int64_t began = walled_now_ms(), longest = 0;
	size_t knocks = 0;
	memset(fds, -1, sizeof fds);
	walled_open(walled, LIWAN, walled->daemon.intake, &standing);
	while (walled_now_ms() - began < 2000) {
		for (int i = 0; i < 400; i++, knocks++) {
			if (fds[i] >= 0)
				close(fds[i]);
			fds[i] = raw_connect(walled->daemon.intake);
		}
		int64_t asked = walled_now_ms();
		walled_must_accept(&standing, &report);
		walled_open(walled, YUEXIU, walled->daemon.intake, &coming);
		walled_must_accept(&coming, &other);
		peer_close(&coming);
		longest = walled_now_ms() - asked > longest ? walled_now_ms() - asked : longest;
		report.sequence++;
		other.sequence++;
	}
	for (int i = 0; i < 400; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	print_message("%zu knocks; two reports, one by a newcomer, took %lld ms at most\n", knocks,
	              (long long)longest);
	assert_true(walled_status(walled, "connections_closed") > 0);
	assert_int_equal(walled_status(walled, "observations"), 2);
	peer_close(&standing);
}

/* ---- the machine's other users, and its operator's mistakes ---- */

static mode_t mode_of(const struct walled *walled, const char *name)
{
	struct stat status;
	char *path = scratch_path(walled->daemon.folder, name);
	assert_int_equal(stat(path, &status), 0);
	free(path);
	return status.st_mode & 0777;
}

static void what_the_daemon_writes_is_its_own_to_read(void **state)
{
	struct walled *walled = *state;
	assert_int_equal(mode_of(walled, "store") & 077, 0);
	assert_int_equal(mode_of(walled, "store/data.mdb") & 077, 0);
	assert_int_equal(mode_of(walled, "server.key") & 077, 0);
}

static void local_sockets_demand_a_key_as_well(void **state)
{
	struct walled *walled = *state;
	assert_int_equal(daemon_stop(&walled->daemon), 0);
	peer_close(&walled->asker);
	free(walled->daemon.query);
	walled->daemon.query = NULL;
	assert_true(asprintf(&walled->daemon.query, "ipc://%s/q", walled->daemon.folder) > 0);
	walled_restart(walled);
	void *context = zmq_ctx_new();
	must_fail(walled, context, ZMQ_DEALER, walled->daemon.query, SAYS_NULL);
	must_fail(walled, context, ZMQ_DEALER, walled->daemon.query, OWN_NEW_KEY);
	zmq_ctx_term(context);
	walled_open(walled, OPERATOR, walled->daemon.query, &walled->asker);
	walled_await(walled, "handshakes_strange", 1);
}

static void must_not_start(struct walled *walled, const char *reason)
{
	daemon_launch(&walled->daemon);
	assert_int_equal(daemon_wait(&walled->daemon), 1);
	assert_true(walled_said(walled, reason));
}

static void it_does_not_start_with_a_key_that_others_can_read(void **state)
{
	struct walled *walled = *state;
	char *path = scratch_path(walled->daemon.folder, "server.key");
	assert_int_equal(daemon_stop(&walled->daemon), 0);
	assert_int_equal(chmod(path, 0644), 0);
	must_not_start(walled, "suanpand: key: ");
	unlink(path);
	must_not_start(walled, "No such file");
	assert_false(walled_said(walled, walled->server.secret));
	free(path);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
	    CASE(no_one_gets_in_without_an_enrolled_key),
	    CASE(a_key_that_is_enrolled_later_gets_in_then),
	    CASE(whatever_is_no_handshake_is_closed_in_time),
	    CASE(a_promised_gigabyte_takes_no_memory),
	    CASE(a_byte_now_and_then_does_not_keep_a_connection),
	    CASE(thousands_of_connections_cost_little_and_stop_nobody),
	    cmocka_unit_test_setup_teardown(a_storm_of_strangers_keeps_out_none_who_holds_a_key, start_narrow,
	                                    stop),
	    CASE(what_the_daemon_writes_is_its_own_to_read),
	    CASE(local_sockets_demand_a_key_as_well),
	    CASE(it_does_not_start_with_a_key_that_others_can_read),
	};
	return cmocka_run_group_tests_name("strangers", tests, NULL, NULL);
}
