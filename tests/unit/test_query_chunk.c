#include "daemon/query/chunk.h"

#include "daemon/base/arena.h"
#include "proto/envelope.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ANSWERS_MAX 64
#define NUMBER      77
#define COMMIT      1234

/* What the sink has got so far. */
struct heard {
	Suanpan__Answer *answers[ANSWERS_MAX];
	size_t sizes[ANSWERS_MAX];
	size_t count;
	size_t calls;
	size_t fail_at; /* the call that fails; 0: none */
	int failure;
};

static int hear(void *closure, const void *bytes, size_t size)
{
	struct heard *heard = closure;
	if (++heard->calls == heard->fail_at)
		return heard->failure;
	assert_true(heard->count < ANSWERS_MAX);
	heard->answers[heard->count] = suanpan__answer__unpack(NULL, size, bytes);
	assert_non_null(heard->answers[heard->count]);
	heard->sizes[heard->count++] = size;
	return 0;
}

struct fixture {
	struct arena *arena;
	struct heard heard;
	struct chunk chunk;
};

static int set_up(void **state)
{
	static struct fixture fixture;
	memset(&fixture, 0, sizeof fixture);
	if (arena_new(1u << 20, &fixture.arena) != 0)
		return -1;
	fixture.chunk = (struct chunk){
	    .arena = fixture.arena,
	    .sink = hear,
	    .closure = &fixture.heard,
	    .number = NUMBER,
	    .commit = COMMIT,
	};
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	for (size_t i = 0; i < fixture->heard.count; i++)
		suanpan__answer__free_unpacked(fixture->heard.answers[i], NULL);
	arena_free(fixture->arena);
	return 0;
}

static int add_value(struct fixture *fixture, unsigned number)
{
	char code[16];
	Suanpan__Value row = SUANPAN__VALUE__INIT;
	snprintf(code, sizeof code, "v%u", number);
	row.code = arena_take(fixture->arena, sizeof code);
	if (!row.code)
		return -1;
	memcpy(row.code, code, sizeof code);
	row.area = row.area_name = row.period = row.unit = row.status = row.code;
	return chunk_add(&fixture->chunk, &row.base);
}

static void rows_keep_their_order_over_all_chunks(void **state)
{
	struct fixture *fixture = *state;
	const unsigned rows = 3000;
	for (unsigned i = 0; i < rows; i++)
		assert_int_equal(add_value(fixture, i), 0);
	assert_int_equal(chunk_end(&fixture->chunk), 0);
	assert_true(fixture->heard.count > 2);
	unsigned next = 0;
	for (size_t i = 0; i < fixture->heard.count; i++)
		for (size_t k = 0; k < fixture->heard.answers[i]->n_series; k++) {
			char expected[16];
			snprintf(expected, sizeof expected, "v%u", next++);
			assert_string_equal(fixture->heard.answers[i]->series[k]->code, expected);
		}
	assert_int_equal(next, rows);
}

static void chunks_stay_near_their_target_and_only_the_last_is_last(void **state)
{
	struct fixture *fixture = *state;
	char text[700];
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	for (unsigned i = 0; i < 500; i++) {
		Suanpan__ListRow row = SUANPAN__LIST_ROW__INIT;
		row.code = row.name = text;
		assert_int_equal(chunk_add(&fixture->chunk, &row.base), 0);
	}
	assert_int_equal(chunk_end(&fixture->chunk), 0);
	for (size_t i = 0; i < fixture->heard.count; i++) {
		bool last = i + 1 == fixture->heard.count;
		assert_int_equal(fixture->heard.answers[i]->last, last);
		assert_true(fixture->heard.sizes[i] < ENVELOPE_CHUNK_TARGET + 2 * sizeof text);
		if (!last)
			assert_true(fixture->heard.sizes[i] > ENVELOPE_CHUNK_TARGET * 9 / 10);
	}
}

static void tiny_rows_make_chunks_of_bounded_count(void **state)
{
	struct fixture *fixture = *state;
	char nothing[] = "";
	for (unsigned i = 0; i < CHUNK_ROWS_MAX + 1; i++) {
		Suanpan__ListRow row = SUANPAN__LIST_ROW__INIT;
		row.code = row.name = nothing;
		assert_int_equal(chunk_add(&fixture->chunk, &row.base), 0);
	}
	assert_int_equal(chunk_end(&fixture->chunk), 0);
	assert_int_equal(fixture->heard.count, 2);
	assert_int_equal(fixture->heard.answers[0]->n_list, CHUNK_ROWS_MAX);
	assert_int_equal(fixture->heard.answers[1]->n_list, 1);
}

static void answer_without_rows_is_one_last_chunk(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(chunk_end(&fixture->chunk), 0);
	assert_int_equal(fixture->heard.count, 1);
	assert_true(fixture->heard.answers[0]->last);
	assert_null(fixture->heard.answers[0]->failure);
	assert_int_equal(fixture->heard.answers[0]->n_series, 0);
}

static void every_chunk_carries_number_and_commit(void **state)
{
	struct fixture *fixture = *state;
	for (unsigned i = 0; i < 3000; i++)
		assert_int_equal(add_value(fixture, i), 0);
	assert_int_equal(chunk_end(&fixture->chunk), 0);
	for (size_t i = 0; i < fixture->heard.count; i++) {
		assert_int_equal(fixture->heard.answers[i]->major, ENVELOPE_MAJOR);
		assert_int_equal(fixture->heard.answers[i]->number, NUMBER);
		assert_true(fixture->heard.answers[i]->has_commit);
		assert_int_equal(fixture->heard.answers[i]->commit, COMMIT);
	}
}

static void rows_arrive_in_the_field_of_their_kind(void **state)
{
	struct fixture *fixture = *state;
	Suanpan__Status status = SUANPAN__STATUS__INIT;
	Suanpan__ListRow list = SUANPAN__LIST_ROW__INIT;
	Suanpan__Value value = SUANPAN__VALUE__INIT;
	Suanpan__PlanRow plan = SUANPAN__PLAN_ROW__INIT;
	Suanpan__Revision revision = SUANPAN__REVISION__INIT;
	plan.value = &value;
	const ProtobufCMessage *rows[] = {&status.base, &list.base, &value.base, &plan.base, &revision.base};
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(chunk_add(&fixture->chunk, rows[i]), 0);
		assert_int_equal(chunk_end(&fixture->chunk), 0);
	}
	const struct heard *heard = &fixture->heard;
	assert_int_equal(heard->count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(heard->answers[i]->status != NULL, i == 0);
		assert_int_equal(heard->answers[i]->n_list, i == 1);
		assert_int_equal(heard->answers[i]->n_series, i == 2);
		assert_int_equal(heard->answers[i]->n_plan, i == 3);
		assert_int_equal(heard->answers[i]->n_history, i == 4);
	}
}

static void failure_drops_the_rows_before_it_and_stands_alone(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(add_value(fixture, 1), 0);
	assert_int_equal(
	    chunk_fail(&fixture->chunk, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND, "There is none.", "some"),
	    0);
	assert_int_equal(fixture->heard.count, 1);
	const Suanpan__Answer *answer = fixture->heard.answers[0];
	assert_true(answer->last);
	assert_int_equal(answer->n_series, 0);
	assert_false(answer->has_commit);
	assert_int_equal(answer->number, NUMBER);
	assert_int_equal(answer->failure->kind, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND);
	assert_string_equal(answer->failure->text, "There is none.");
	assert_string_equal(answer->failure->suggestion, "some");
}

static void failure_without_suggestion_has_none(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(
	    chunk_fail(&fixture->chunk, SUANPAN__FAILURE_KIND__FAILURE_INTERNAL, "It broke.", NULL), 0);
	assert_null(fixture->heard.answers[0]->failure->suggestion);
}

static void sink_that_failed_is_passed_on_and_not_called_again(void **state)
{
	struct fixture *fixture = *state;
	int result = 0;
	fixture->heard.fail_at = 2;
	fixture->heard.failure = 1; /* positive, as a verdict of the sink's own would be */
	for (unsigned i = 0; i < 5000 && result == 0; i++)
		result = add_value(fixture, i);
	assert_int_equal(result, 1);
	assert_int_equal(add_value(fixture, 0), 1);
	assert_int_equal(chunk_end(&fixture->chunk), 1);
	assert_int_equal(chunk_fail(&fixture->chunk, SUANPAN__FAILURE_KIND__FAILURE_INTERNAL, "", NULL), 1);
	assert_int_equal(fixture->heard.calls, 2);
	assert_int_equal(fixture->heard.count, 1);
}

static void row_beyond_what_an_answer_may_hold_is_a_fault(void **state)
{
	struct fixture *fixture = *state;
	static char text[ENVELOPE_ANSWER_MAX + 1];
	memset(text, 'x', sizeof text - 1);
	Suanpan__ListRow row = SUANPAN__LIST_ROW__INIT;
	row.code = row.name = text;
	assert_true(chunk_add(&fixture->chunk, &row.base) < 0);
	assert_int_equal(fixture->heard.calls, 0);
}

static void spent_arena_is_a_fault(void **state)
{
	struct fixture *fixture = *state;
	Suanpan__ListRow row = SUANPAN__LIST_ROW__INIT;
	assert_non_null(arena_take(fixture->arena, (1u << 20) - 16));
	assert_int_equal(chunk_add(&fixture->chunk, &row.base), -12 /* ENOMEM */);
	assert_int_equal(fixture->heard.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    CASE(rows_keep_their_order_over_all_chunks),
	    CASE(chunks_stay_near_their_target_and_only_the_last_is_last),
	    CASE(tiny_rows_make_chunks_of_bounded_count),
	    CASE(answer_without_rows_is_one_last_chunk),
	    CASE(every_chunk_carries_number_and_commit),
	    CASE(rows_arrive_in_the_field_of_their_kind),
	    CASE(failure_drops_the_rows_before_it_and_stands_alone),
	    CASE(failure_without_suggestion_has_none),
	    CASE(sink_that_failed_is_passed_on_and_not_called_again),
	    CASE(row_beyond_what_an_answer_may_hold_is_a_fault),
	    CASE(spent_arena_is_a_fault),
	};
	return cmocka_run_group_tests_name("query_chunk", tests, NULL, NULL);
}
