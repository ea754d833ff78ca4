#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/wire/peers.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALL           6
#define EACH          3
#define SUBSCRIPTIONS 5
#define ANSWERS       (4 << 20)
#define PAIRS         8

#define KEY_A         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B         "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* Connections over loopback: `ours` as libzmq would have accepted it, `theirs` the peer's end. */
struct fixture {
	struct peers *peers;
	struct counters counters;
	int listening, ours[PAIRS], theirs[PAIRS];
};

static void connect_pair(struct fixture *fixture, int i)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof address;
	getsockname(fixture->listening, (struct sockaddr *)&address, &size);
	fixture->theirs[i] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fixture->theirs[i], (struct sockaddr *)&address, size), 0);
	fixture->ours[i] = accept(fixture->listening, NULL, NULL);
	assert_true(fixture->ours[i] >= 0);
}

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	const struct peers_limits limits = {
	    .all = ALL, .each = EACH, .subscriptions = SUBSCRIPTIONS, .answers = ANSWERS};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	fixture->listening = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fixture->listening, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fixture->listening, PAIRS), 0);
	for (int i = 0; i < PAIRS; i++)
		connect_pair(fixture, i);
	assert_int_equal(peers_new(&limits, &fixture->counters, &fixture->peers), 0);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < PAIRS; i++) {
		close(fixture->ours[i]);
		close(fixture->theirs[i]);
	}
	close(fixture->listening);
	peers_free(fixture->peers);
	free(fixture);
	return 0;
}

static void come(struct fixture *fixture, int i)
{
	peers_opened(fixture->peers, PEERS_INTAKE, fixture->ours[i]);
}

static void speak(struct fixture *fixture, int i, const char *key)
{
	peers_heard(fixture->peers, PEERS_INTAKE, fixture->ours[i], key);
}

/* Whether the peer's end was told that it is over. */
static bool is_ended(const struct fixture *fixture, int i)
{
	char byte;
	return recv(fixture->theirs[i], &byte, 1, MSG_DONTWAIT) == 0;
}

static unsigned ended(const struct fixture *fixture)
{
	unsigned which = 0;
	for (int i = 0; i < PAIRS; i++)
		if (is_ended(fixture, i))
			which |= 1u << i;
	return which;
}

static void connections_are_counted_as_they_come_and_go(void **state)
{
	struct fixture *fixture = *state;
	come(fixture, 0);
	come(fixture, 1);
	peers_opened(fixture->peers, PEERS_LIVE, fixture->ours[2]);
	assert_int_equal(peers_count(fixture->peers, PEERS_INTAKE), 2);
	assert_int_equal(peers_count(fixture->peers, PEERS_LIVE), 1);
	assert_int_equal(counted(&fixture->counters, COUNTER_CONNECTIONS), 3);
	peers_closed(fixture->peers, PEERS_INTAKE, fixture->ours[0]);
	peers_closed(fixture->peers, PEERS_INTAKE, fixture->ours[0]); /* told twice */
	peers_closed(fixture->peers, PEERS_INTAKE, fixture->ours[3]); /* never there */
	assert_int_equal(peers_count(fixture->peers, PEERS_INTAKE), 1);
	assert_int_equal(counted(&fixture->counters, COUNTER_CONNECTIONS), 2);
	speak(fixture, 1, KEY_A);
	peers_closed(fixture->peers, PEERS_INTAKE, fixture->ours[1]);
	assert_int_equal(counted(&fixture->counters, COUNTER_CONNECTIONS_SILENT), 1);
	assert_int_equal(ended(fixture), 0);
}

static void a_number_that_came_back_by_another_socket_is_that_ones(void **state)
{
	struct fixture *fixture = *state;
	come(fixture, 0);
	peers_opened(fixture->peers, PEERS_QUERY,
	             fixture->ours[0]); /* the word of the first one's end is late */
	peers_closed(fixture->peers, PEERS_INTAKE, fixture->ours[0]);
	assert_int_equal(peers_count(fixture->peers, PEERS_INTAKE), 0);
	assert_int_equal(peers_count(fixture->peers, PEERS_QUERY), 1);
}

static void of_too_many_the_oldest_silent_one_goes(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < ALL; i++)
		come(fixture, i);
	speak(fixture, 0, KEY_A);
	assert_int_equal(ended(fixture), 0);
	come(fixture, ALL);
	assert_int_equal(ended(fixture), 1 << 1);
	come(fixture, ALL + 1);
	assert_int_equal(ended(fixture), 1 << 1 | 1 << 2);
	assert_int_equal(counted(&fixture->counters, COUNTER_CONNECTIONS), ALL);
	assert_int_equal(counted(&fixture->counters, COUNTER_CONNECTIONS_CLOSED), 2);
}

static void where_all_have_spoken_the_newcomer_goes(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < ALL; i++) {
		come(fixture, i);
		speak(fixture, i, i < EACH ? KEY_A : KEY_B);
	}
	come(fixture, ALL);
	assert_int_equal(ended(fixture), 1 << ALL);
}

static void one_key_has_no_more_than_its_share(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < EACH + 2; i++) {
		come(fixture, i);
		speak(fixture, i, i == 0 ? KEY_B : KEY_A);
	}
	assert_int_equal(ended(fixture), 1 << (EACH + 1));
	peers_closed(fixture->peers, PEERS_INTAKE, fixture->ours[1]);
	come(fixture, EACH + 2);
	speak(fixture, EACH + 2, KEY_A); /* there is room again */
	speak(fixture, EACH + 2, KEY_A);
	assert_int_equal(ended(fixture), 1 << (EACH + 1));
}

static void without_keys_there_are_no_shares(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < ALL; i++) {
		come(fixture, i);
		speak(fixture, i, "");
	}
	assert_int_equal(ended(fixture), 0);
}

static void a_connection_may_ask_for_so_much_in_its_life(void **state)
{
	struct fixture *fixture = *state;
	come(fixture, 0);
	for (int i = 0; i < SUBSCRIPTIONS; i++)
		assert_true(peers_may_subscribe(fixture->peers, fixture->ours[0]));
	assert_int_equal(ended(fixture), 0);
	assert_false(peers_may_subscribe(fixture->peers, fixture->ours[0]));
	assert_false(peers_may_subscribe(fixture->peers, fixture->ours[0]));
	assert_int_equal(ended(fixture), 1);
	peers_closed(fixture->peers, PEERS_INTAKE, fixture->ours[0]);
	come(fixture, 0); /* another one by the same number */
	assert_true(peers_may_subscribe(fixture->peers, fixture->ours[0]));
}

static bool is_key_b(const void *closure, const char *key)
{
	(void)closure;
	return strcmp(key, KEY_B) == 0;
}

static void a_key_that_is_taken_out_loses_what_it_has_open(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 4; i++)
		come(fixture, i);
	speak(fixture, 0, KEY_A);
	speak(fixture, 1, KEY_B);
	speak(fixture, 4, KEY_A); /* heard before it was told of */
	assert_int_equal(peers_end_unless(fixture->peers, is_key_b, NULL), 2);
	assert_int_equal(ended(fixture), 1 << 0 | 1 << 4);
	assert_int_equal(peers_end_unless(fixture->peers, is_key_b, NULL), 0);
}

static void pour(int fd, size_t size)
{
	static const char bytes[1 << 16];
	while (size > 0) {
		ssize_t sent =
		    send(fd, bytes, size < sizeof bytes ? size : sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
		size -= sent > 0 ? (size_t)sent : 0;
		if (sent <= 0)
			return;
	}
}

static void drain(int fd)
{
	static char bytes[1 << 16];
	while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		;
}

/* Half of what is too much at a time. */
static void pour_half(struct fixture *fixture, int i)
{
	for (int piece = 0; piece < 20 * 16; piece++) {
		pour(fixture->theirs[i], 1 << 16);
		drain(fixture->ours[i]);
	}
}

static void a_message_without_an_end_ends_its_connection(void **state)
{
	struct fixture *fixture = *state;
	come(fixture, 0);
	come(fixture, 1);
	speak(fixture, 0, KEY_A);
	speak(fixture, 1, KEY_A);
	peers_check_appetite(fixture->peers);
	for (int round = 0; round < 4; round++) {
		pour_half(fixture, 0);
		pour_half(fixture, 1);
		speak(fixture, 1, KEY_A); /* what it sends are whole messages */
		peers_check_appetite(fixture->peers);
		assert_int_equal(ended(fixture), round == 0 ? 0 : 1);
	}
}

/* Sends as libzmq would, as far as the kernel takes it; answers how much of `size` was allowed. */
static size_t answer(struct fixture *fixture, int i, size_t size)
{
	size_t allowed = 0;
	for (; allowed < size && peers_may_send(fixture->peers, fixture->ours[i], (1 << 16) - 42);
	     allowed += 1 << 16)
		pour(fixture->ours[i], 1 << 16);
	return allowed;
}

static void a_key_that_reads_nothing_gets_no_more_than_so_much(void **state)
{
	struct fixture *fixture = *state;
	const size_t much = (size_t)64 << 20;
	for (int i = 0; i < 4; i++) {
		come(fixture, i);
		speak(fixture, i, i < 2 ? KEY_A : i == 2 ? KEY_B : "");
	}
	size_t first = answer(fixture, 0, much);
	assert_true(first >= ANSWERS && first < much);
	assert_true(answer(fixture, 1, much) < 1 << 20);  /* its key's other connection */
	assert_true(answer(fixture, 2, much) >= ANSWERS); /* another key */
	assert_true(answer(fixture, 3, much) >= ANSWERS); /* without keys each connection for itself */
	assert_true(counted(&fixture->counters, COUNTER_ANSWERS_UNREAD) >= 4);
}

static void a_key_that_reads_gets_as_much_as_it_reads(void **state)
{
	struct fixture *fixture = *state;
	come(fixture, 0);
	speak(fixture, 0, KEY_A);
	for (int i = 0; i < 2000; i++) { /* 128 MiB */
		assert_int_equal(answer(fixture, 0, 1 << 16), 1 << 16);
		drain(fixture->theirs[0]);
	}
	assert_int_equal(counted(&fixture->counters, COUNTER_ANSWERS_UNREAD), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
	const struct CMUnitTest tests[] = {
	    CASE(connections_are_counted_as_they_come_and_go),
	    CASE(a_number_that_came_back_by_another_socket_is_that_ones),
	    CASE(of_too_many_the_oldest_silent_one_goes),
	    CASE(where_all_have_spoken_the_newcomer_goes),
	    CASE(one_key_has_no_more_than_its_share),
	    CASE(without_keys_there_are_no_shares),
	    CASE(a_connection_may_ask_for_so_much_in_its_life),
	    CASE(a_key_that_is_taken_out_loses_what_it_has_open),
	    CASE(a_message_without_an_end_ends_its_connection),
	    CASE(a_key_that_reads_nothing_gets_no_more_than_so_much),
	    CASE(a_key_that_reads_gets_as_much_as_it_reads),
	};
	return cmocka_run_group_tests_name("wire_peers", tests, NULL, NULL);
}
