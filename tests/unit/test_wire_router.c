#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/wire/router.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define WAIT_MS 20000

struct fixture {
	void *context, *router, *first, *second;
};

static void *connect_dealer(struct fixture *fixture)
{
	const char *error;
	void *socket;
	assert_int_equal(
	    endpoint_open(fixture->context, ENDPOINT_REQUEST, "inproc://router", NULL, &socket, &error), 0);
	return socket;
}

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	const char *error;
	assert_int_equal(endpoint_context_new(&fixture->context), 0);
	assert_int_equal(endpoint_open(fixture->context, ENDPOINT_INTAKE_SERVER, "inproc://router", NULL,
	                               &fixture->router, &error),
	                 0);
	fixture->first = connect_dealer(fixture);
	fixture->second = connect_dealer(fixture);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	endpoint_close(fixture->first);
	endpoint_close(fixture->second);
	endpoint_close(fixture->router);
	endpoint_context_free(fixture->context);
	free(fixture);
	return 0;
}

static void wait_for(void *socket, short events)
{
	zmq_pollitem_t item = {.socket = socket, .events = events};
	assert_int_equal(zmq_poll(&item, 1, WAIT_MS), 1);
}

static void send_frame(void *dealer, const void *bytes, size_t size, bool more)
{
	wait_for(dealer, ZMQ_POLLOUT);
	assert_int_equal(zmq_send(dealer, bytes, size, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)), size);
}

static void send_text(void *dealer, const char *text)
{
	send_frame(dealer, text, strlen(text), false);
}

/* Receives one request, which must be `text`. */
static struct route expect_request(struct fixture *fixture, const char *text)
{
	struct route route;
	void *payload;
	size_t size;
	wait_for(fixture->router, ZMQ_POLLIN);
	assert_int_equal(router_receive(fixture->router, &route, &payload, &size), 0);
	assert_int_equal(size, strlen(text));
	assert_memory_equal(payload, text, size);
	free(payload);
	return route;
}

static void expect_answer(void *dealer, const char *text)
{
	char bytes[64];
	int more;
	size_t option_size = sizeof more;
	wait_for(dealer, ZMQ_POLLIN);
	assert_int_equal(zmq_recv(dealer, bytes, sizeof bytes, ZMQ_DONTWAIT), strlen(text));
	assert_memory_equal(bytes, text, strlen(text));
	assert_int_equal(zmq_getsockopt(dealer, ZMQ_RCVMORE, &more, &option_size), 0);
	assert_false(more);
}

static void nothing_waits_in_a_quiet_socket(void **state)
{
	struct fixture *fixture = *state;
	struct route route;
	void *payload = fixture;
	size_t size = 77;
	assert_int_equal(router_receive(fixture->router, &route, &payload, &size), ROUTER_EMPTY);
	assert_ptr_equal(payload, fixture);
	assert_int_equal(size, 77);
}

static void an_answer_goes_to_who_asked(void **state)
{
	struct fixture *fixture = *state;
	send_text(fixture->first, "one");
	struct route first = expect_request(fixture, "one");
	send_text(fixture->second, "two");
	struct route second = expect_request(fixture, "two");
	assert_true(first.size != second.size || memcmp(first.bytes, second.bytes, first.size) != 0);
	assert_int_equal(router_send(fixture->router, &second, "to two", 6), 0);
	assert_int_equal(router_send(fixture->router, &first, "to one", 6), 0);
	expect_answer(fixture->first, "to one");
	expect_answer(fixture->second, "to two");
}

static void requests_of_one_peer_come_in_order(void **state)
{
	struct fixture *fixture = *state;
	send_text(fixture->first, "1");
	send_text(fixture->first, "2");
	send_text(fixture->first, "3");
	expect_request(fixture, "1");
	expect_request(fixture, "2");
	expect_request(fixture, "3");
}

static void an_empty_request_is_one(void **state)
{
	struct fixture *fixture = *state;
	send_text(fixture->first, "");
	expect_request(fixture, "");
}

static void what_is_not_one_frame_is_dropped_whole(void **state)
{
	struct fixture *fixture = *state;
	for (int frames = 2; frames < 6; frames++) {
		struct route route;
		void *payload = NULL;
		size_t size = 0;
		for (int i = 1; i <= frames; i++)
			send_frame(fixture->first, "frame", 5, i < frames);
		send_text(fixture->first, "good");
		wait_for(fixture->router, ZMQ_POLLIN);
		assert_int_equal(router_receive(fixture->router, &route, &payload, &size), ROUTER_DROPPED);
		assert_null(payload);
		expect_request(fixture, "good");
	}
}

static void a_peer_that_left_is_gone(void **state)
{
	struct fixture *fixture = *state;
	struct route nobody = {.size = 5, .bytes = "\0abcd"};
	assert_int_equal(router_send(fixture->router, &nobody, "answer", 6), ROUTER_PEER_GONE);
	send_text(fixture->first, "one");
	struct route first = expect_request(fixture, "one");
	assert_int_equal(router_send(fixture->router, &first, "to one", 6), 0); /* nothing half sent */
	expect_answer(fixture->first, "to one");
}

/* Until its queue is full, every answer is whole; then it is gone, and others are not kept waiting. */
static void a_peer_that_does_not_read_holds_nobody_up(void **state)
{
	struct fixture *fixture = *state;
	int result = 0;
	send_text(fixture->first, "one");
	struct route first = expect_request(fixture, "one");
	send_text(fixture->second, "two");
	struct route second = expect_request(fixture, "two");
	for (int i = 0; i < 1000000 && result == 0; i++)
		result = router_send(fixture->router, &first, "to one", 6);
	assert_int_equal(result, ROUTER_PEER_GONE);
	assert_int_equal(router_send(fixture->router, &second, "to two", 6), 0);
	expect_answer(fixture->second, "to two");
	expect_answer(fixture->first, "to one");
}

#define ROUTER_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ROUTER_TEST(nothing_waits_in_a_quiet_socket),           ROUTER_TEST(an_answer_goes_to_who_asked),
	    ROUTER_TEST(requests_of_one_peer_come_in_order),        ROUTER_TEST(an_empty_request_is_one),
	    ROUTER_TEST(what_is_not_one_frame_is_dropped_whole),    ROUTER_TEST(a_peer_that_left_is_gone),
	    ROUTER_TEST(a_peer_that_does_not_read_holds_nobody_up),
	};
	return cmocka_run_group_tests_name("wire_router", tests, NULL, NULL);
}
