#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/wire/zap.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define WAIT_MS 20000

struct fixture {
	void *context, *zap, *asker;
	enum zap_answer answer;
	struct zap_question asked;
	int questions;
	pthread_t thread;
	atomic_bool stop;
};

static enum zap_answer judge(void *closure, const struct zap_question *question)
{
	struct fixture *fixture = closure;
	fixture->asked = *question;
	fixture->questions++;
	return fixture->answer;
}

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	assert_int_equal(endpoint_context_new(&fixture->context), 0);
	assert_int_equal(zap_open(fixture->context, &fixture->zap), 0);
	fixture->asker = zmq_socket(fixture->context, ZMQ_REQ);
	assert_int_equal(zmq_connect(fixture->asker, "inproc://zeromq.zap.01"), 0);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	endpoint_close(fixture->asker);
	endpoint_close(fixture->zap);
	endpoint_context_free(fixture->context);
	free(fixture);
	return 0;
}

struct frame {
	const char *bytes;
	size_t size;
};

#define KEY "01234567890123456789012345678901"

/* Asks as libzmq does, and answers the status: "200". */
static const char *ask(struct fixture *fixture, const struct frame *frames, size_t count)
{
	static char answer[6][256];
	zmq_pollitem_t item = {.socket = fixture->asker, .events = ZMQ_POLLIN};
	for (size_t i = 0; i < count; i++)
		assert_int_equal(zmq_send(fixture->asker, frames[i].bytes, frames[i].size,
		                          i + 1 < count ? ZMQ_SNDMORE : 0),
		                 frames[i].size);
	int result;
	while ((result = zap_answer_one(fixture->zap, judge, fixture)) == ZAP_EMPTY)
		;
	assert_int_equal(result, 0);
	assert_int_equal(zmq_poll(&item, 1, WAIT_MS), 1);
	for (int i = 0; i < 6; i++) {
		int size = zmq_recv(fixture->asker, answer[i], sizeof answer[i] - 1, 0);
		assert_true(size >= 0);
		answer[i][size] = '\0';
	}
	assert_string_equal(answer[0], "1.0");
	if (count > 1 && frames[1].size < 200)
		assert_string_equal(answer[1], frames[1].bytes);
	/* The user is known exactly where the peer is let in. */
	assert_int_equal(strlen(answer[4]), strcmp(answer[2], "200") == 0 ? KEYS_LENGTH : 0);
	return answer[2];
}

static const struct frame good[] = {{"1.0", 3}, {"1", 1},     {"suanpan", 7}, {"10.0.0.1", 8},
                                    {"", 0},    {"CURVE", 5}, {KEY, 32}};

static void a_question_is_put_to_the_judge_and_answered_as_he_says(void **state)
{
	struct fixture *fixture = *state;
	static const char *const expected[] = {
	    [ZAP_WELCOME] = "200", [ZAP_STRANGER] = "400", [ZAP_LATER] = "300"};
	char key[KEYS_TEXT_SIZE];
	zmq_z85_encode(key, (const uint8_t *)KEY, 32);
	for (int i = ZAP_WELCOME; i <= ZAP_LATER; i++) {
		fixture->answer = (enum zap_answer)i;
		assert_string_equal(ask(fixture, good, 7), expected[i]);
		assert_string_equal(fixture->asked.key, key);
		assert_string_equal(fixture->asked.address, "10.0.0.1");
	}
	assert_int_equal(fixture->questions, 3);
}

/* Though the judge would let everybody in. */
static void what_is_no_question_about_curve_in_our_domain_is_a_strangers(void **state)
{
	struct fixture *fixture = *state;
	static const char zeros[300];
	const struct {
		int at;
		struct frame frame;
	} changes[] = {{0, {"2.0", 3}},    {2, {"", 0}},      {2, {"global", 6}}, {2, {zeros, 300}},
	               {5, {"NULL", 4}},   {5, {"PLAIN", 5}}, {5, {"CURVE ", 6}}, {6, {KEY, 31}},
	               {6, {KEY "0", 33}}, {6, {zeros, 300}}, {1, {zeros, 300}}};
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		struct frame frames[7];
		memcpy(frames, good, sizeof frames);
		frames[changes[i].at] = changes[i].frame;
		if (changes[i].at != 1)
			assert_string_equal(ask(fixture, frames, 7), "400");
	}
	for (size_t count = 1; count < 7; count++)
		assert_string_equal(ask(fixture, good, count), "400");
	struct frame longer[9];
	memcpy(longer, good, sizeof good);
	longer[7] = longer[8] = good[6];
	assert_string_equal(ask(fixture, longer, 9), "400");
	assert_int_equal(fixture->questions, 0);
}

/* ---- the self-test ---- */

static void *answer_all(void *closure)
{
	struct fixture *fixture = closure;
	zmq_pollitem_t item = {.socket = fixture->zap, .events = ZMQ_POLLIN};
	while (!atomic_load(&fixture->stop))
		if (zmq_poll(&item, 1, 10) == 1)
			while (zap_answer_one(fixture->zap, judge, fixture) == 0)
				;
	return NULL;
}

static int test_self(struct fixture *fixture, enum zap_answer answer, const char **ret_error)
{
	struct key_pair server;
	assert_int_equal(keys_make(&server), 0);
	const struct endpoint_keys keys = {.own_public = server.public, .own_secret = server.secret};
	fixture->answer = answer;
	atomic_store(&fixture->stop, false);
	assert_int_equal(pthread_create(&fixture->thread, NULL, answer_all, fixture), 0);
	int result = zap_self_test(fixture->context, &keys, ret_error);
	atomic_store(&fixture->stop, true);
	pthread_join(fixture->thread, NULL);
	return result;
}

static void the_self_test_passes_when_a_stranger_is_refused(void **state)
{
	const char *error;
	assert_int_equal(test_self(*state, ZAP_STRANGER, &error), 0);
	assert_int_equal(((struct fixture *)*state)->questions, 1);
}

static void the_self_test_fails_when_a_stranger_is_let_in(void **state)
{
	const char *error = "";
	assert_true(test_self(*state, ZAP_WELCOME, &error) < 0);
	assert_string_equal(error, "a stranger's key was let in");
}

/* Option 93, the second wall: the peer is cut off, but nobody has refused its key. */
static void the_self_test_fails_where_nobody_answers_for_keys(void **state)
{
	struct fixture *fixture = *state;
	struct key_pair server;
	const char *error = "";
	endpoint_close(fixture->asker);
	endpoint_close(fixture->zap);
	fixture->asker = fixture->zap = NULL;
	assert_int_equal(keys_make(&server), 0);
	const struct endpoint_keys keys = {.own_public = server.public, .own_secret = server.secret};
	assert_true(zap_self_test(fixture->context, &keys, &error) < 0);
	assert_string_equal(error, "a stranger's key was answered with something else than a refusal");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
	const struct CMUnitTest tests[] = {
	    CASE(a_question_is_put_to_the_judge_and_answered_as_he_says),
	    CASE(what_is_no_question_about_curve_in_our_domain_is_a_strangers),
	    CASE(the_self_test_passes_when_a_stranger_is_refused),
	    CASE(the_self_test_fails_when_a_stranger_is_let_in),
	    CASE(the_self_test_fails_where_nobody_answers_for_keys),
	};
	return cmocka_run_group_tests_name("wire_zap", tests, NULL, NULL);
}
