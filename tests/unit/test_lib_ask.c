#include "clients/lib/ask.h"

#include "proto/endpoint.h"
#include "tests/unit/scripted_daemon.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LONG_MS  5000 /* never waited for unless something is wrong */
#define SHORT_MS 60   /* waited for where silence is the point */

struct heard {
	size_t chunks;
	char codes[64]; /* of all rows, each with a blank after it */
	int answer;     /* what `each` answers */
};

static int hear(void *closure, const Suanpan__Answer *answer)
{
	struct heard *heard = closure;

	heard->chunks++;
	for (size_t i = 0; i < answer->n_list; i++) {
		strcat(heard->codes, answer->list[i]->code);
		strcat(heard->codes, " ");
	}
	return heard->answer;
}

static void send_row(struct scripted_daemon *daemon, uint64_t number, char *code, bool last)
{
	Suanpan__ListRow row = SUANPAN__LIST_ROW__INIT, *rows[] = {&row};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	row.code = code;
	row.name = code;
	answer.major = 1;
	answer.number = number;
	answer.last = last;
	answer.n_list = 1;
	answer.list = rows;
	scripted_send(daemon, &answer);
}

static char one[] = "one", two[] = "two", three[] = "three", strange[] = "strange";

static void send_three_chunks(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	assert(query->major == 1 && query->list && query->list->kind == SUANPAN__LIST_KIND__LIST_PLANS);
	send_row(daemon, query->number, one, false);
	send_row(daemon, query->number, two, false);
	send_row(daemon, query->number, three, true);
}

static void send_failure(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Failure failure = SUANPAN__FAILURE__INIT;
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	char text[] = "there is no 'bedz'; did you mean 'beds'?";

	failure.kind = SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND;
	failure.text = text;
	answer.major = 1;
	answer.number = query->number;
	answer.last = true;
	answer.failure = &failure;
	scripted_send(daemon, &answer);
}

static void send_failure_without_number(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Query unnumbered = *query;

	unnumbered.number = 0;
	send_failure(daemon, &unnumbered);
}

static void send_nothing(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	(void)daemon;
	(void)query;
}

static void send_one_of_two(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	send_row(daemon, query->number, one, false);
}

static void send_garbage(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	(void)query;
	scripted_send_bytes(daemon, "HTTP/1.1 400", 12);
}

static void send_newer_major(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	(void)query;
	scripted_send_bytes(daemon, "\x08\x07\xff", 3); /* major 7, and what we cannot know of it */
}

static void send_a_stranger_first(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	send_row(daemon, query->number + 41, strange, true);
	send_row(daemon, query->number, one, true);
}

static void stall_the_first_time(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	if (daemon->asked > 1)
		send_row(daemon, query->number, two, true);
}

struct fixture {
	struct scripted_daemon daemon;
	void *context;
	struct ask *ask;
};

static void start(struct fixture *fixture, void (*script)(struct scripted_daemon *, const Suanpan__Query *))
{
	scripted_start(&fixture->daemon, script);
	assert_int_equal(endpoint_context_new(&fixture->context), 0);
	assert_int_equal(ask_open(fixture->context, fixture->daemon.url, NULL, &fixture->ask), 0);
}

static void stop(struct fixture *fixture)
{
	ask_close(fixture->ask);
	endpoint_context_free(fixture->context);
	scripted_stop(&fixture->daemon);
}

static int ask_plans(struct ask *ask, int timeout_ms, struct heard *heard)
{
	Suanpan__ListQuery list = SUANPAN__LIST_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;

	list.kind = SUANPAN__LIST_KIND__LIST_PLANS;
	query.list = &list;
	return ask_query(ask, &query, timeout_ms, hear, heard);
}

static void chunks_come_in_order(void **state)
{
	struct fixture fixture;
	struct heard heard = {0};

	(void)state;
	start(&fixture, send_three_chunks);
	assert_int_equal(ask_plans(fixture.ask, LONG_MS, &heard), 0);
	assert_int_equal(heard.chunks, 3);
	assert_string_equal(heard.codes, "one two three ");
	stop(&fixture);
}

static void one_socket_asks_many_times(void **state)
{
	struct fixture fixture;
	struct heard heard = {0};

	(void)state;
	start(&fixture, send_three_chunks);
	assert_int_equal(ask_plans(fixture.ask, LONG_MS, &heard), 0);
	assert_int_equal(ask_plans(fixture.ask, LONG_MS, &heard), 0);
	assert_string_equal(heard.codes, "one two three one two three ");
	stop(&fixture);
}

static void failure_is_refused_with_its_sentence(void **state)
{
	void (*const scripts[])(struct scripted_daemon *,
	                        const Suanpan__Query *) = {send_failure, send_failure_without_number};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fixture fixture;
		struct heard heard = {0};

		start(&fixture, scripts[i]);
		assert_int_equal(ask_plans(fixture.ask, LONG_MS, &heard), ASK_REFUSED);
		assert_string_equal(ask_failure(fixture.ask), "there is no 'bedz'; did you mean 'beds'?");
		assert_int_equal(heard.chunks, 0);
		stop(&fixture);
	}
}

static void assert_nobody(const struct ask *ask, const char *url)
{
	char expected[128];

	snprintf(expected, sizeof expected, "nobody answers at %s; is suanpand running there?", url);
	assert_string_equal(ask_failure(ask), expected);
}

static void silence_is_unreachable(void **state)
{
	struct fixture fixture;
	struct heard heard = {0};

	(void)state;
	start(&fixture, send_nothing);
	assert_int_equal(ask_plans(fixture.ask, SHORT_MS, &heard), ASK_UNREACHABLE);
	assert_nobody(fixture.ask, fixture.daemon.url);
	stop(&fixture);
}

static void silence_after_a_chunk_is_unreachable(void **state)
{
	struct fixture fixture;
	struct heard heard = {0};

	(void)state;
	start(&fixture, send_one_of_two);
	assert_int_equal(ask_plans(fixture.ask, SHORT_MS, &heard), ASK_UNREACHABLE);
	assert_string_equal(heard.codes, "one ");
	stop(&fixture);
}

static void absent_daemon_is_unreachable(void **state)
{
	const char *url = "ipc:///tmp/suanpan-test-nobody-binds-this";
	struct heard heard = {0};
	struct ask *ask;
	void *context;

	(void)state;
	assert_int_equal(endpoint_context_new(&context), 0);
	assert_int_equal(ask_open(context, url, NULL, &ask), 0);
	assert_int_equal(ask_plans(ask, SHORT_MS, &heard), ASK_UNREACHABLE);
	assert_nobody(ask, url);
	ask_close(ask);
	endpoint_context_free(context);
}

static void asking_again_after_silence_works(void **state)
{
	struct fixture fixture;
	struct heard heard = {0};

	(void)state;
	start(&fixture, stall_the_first_time);
	assert_int_equal(ask_plans(fixture.ask, SHORT_MS, &heard), ASK_UNREACHABLE);
	assert_int_equal(ask_plans(fixture.ask, LONG_MS, &heard), 0);
	assert_string_equal(heard.codes, "two ");
	stop(&fixture);
}

static void garbage_is_garbled(void **state)
{
	struct fixture fixture;
	struct heard heard = {0};

	(void)state;
	start(&fixture, send_garbage);
	assert_int_equal(ask_plans(fixture.ask, LONG_MS, &heard), ASK_GARBLED);
	assert_non_null(strstr(ask_failure(fixture.ask), "cannot be read"));
	stop(&fixture);
}

static void newer_major_is_named(void **state)
{
	struct fixture fixture;
	struct heard heard = {0};

	(void)state;
	start(&fixture, send_newer_major);
	assert_int_equal(ask_plans(fixture.ask, LONG_MS, &heard), ASK_GARBLED);
	assert_non_null(strstr(ask_failure(fixture.ask), "speaks version 7 of the protocol"));
	stop(&fixture);
}

static void answers_to_other_questions_are_ignored(void **state)
{
	struct fixture fixture;
	struct heard heard = {0};

	(void)state;
	start(&fixture, send_a_stranger_first);
	assert_int_equal(ask_plans(fixture.ask, LONG_MS, &heard), 0);
	assert_string_equal(heard.codes, "one ");
	stop(&fixture);
}

static void each_can_stop_the_answer(void **state)
{
	struct fixture fixture;
	struct heard heard = {.answer = -12345};

	(void)state;
	start(&fixture, send_three_chunks);
	assert_int_equal(ask_plans(fixture.ask, LONG_MS, &heard), -12345);
	assert_string_equal(heard.codes, "one ");
	/* what was left unread does not get into the next answer */
	heard = (struct heard){0};
	assert_int_equal(ask_plans(fixture.ask, LONG_MS, &heard), 0);
	assert_string_equal(heard.codes, "one two three ");
	stop(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(chunks_come_in_order),
	    cmocka_unit_test(one_socket_asks_many_times),
	    cmocka_unit_test(failure_is_refused_with_its_sentence),
	    cmocka_unit_test(silence_is_unreachable),
	    cmocka_unit_test(silence_after_a_chunk_is_unreachable),
	    cmocka_unit_test(absent_daemon_is_unreachable),
	    cmocka_unit_test(asking_again_after_silence_works),
	    cmocka_unit_test(garbage_is_garbled),
	    cmocka_unit_test(newer_major_is_named),
	    cmocka_unit_test(answers_to_other_questions_are_ignored),
	    cmocka_unit_test(each_can_stop_the_answer),
	};

	return cmocka_run_group_tests_name("lib_ask", tests, NULL, NULL);
}
