#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/intake/remarks.h"
#include "proto/envelope.h"
#include <string.h>

static size_t packed_size(const struct remarks *warnings)
{
	Suanpan__Ack ack = SUANPAN__ACK__INIT;
	uint8_t stream[ENVELOPE_STREAM_SIZE] = {0};
	ack.major = ENVELOPE_MAJOR;
	ack.outcome = SUANPAN__OUTCOME__OUTCOME_ACCEPTED;
	ack.has_stream = ack.has_sequence = ack.has_commit = ack.has_entry = 1;
	ack.stream = (ProtobufCBinaryData){.len = sizeof stream, .data = stream};
	ack.sequence = ack.commit = ack.entry = UINT64_MAX;
	ack.n_warning = warnings->count;
	ack.warning = warnings->warnings;
	return protobuf_c_message_get_packed_size(&ack.base);
}

/* As long as they come, on every row and twice: the rows are all named, and the ack fits. */
static void warnings_of_8192_rows_name_them_all_and_fit(void **state)
{
	struct arena *arena;
	struct remarks warnings;
	char longest[400];
	(void)state;
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(arena_new(ENVELOPE_UNPACK_BUDGET, &arena), 0);
	remarks_init(&warnings, arena, ENVELOPE_OBSERVATIONS_MAX);
	for (size_t row = 0; row < ENVELOPE_OBSERVATIONS_MAX; row++)
		for (int times = 0; times < 2; times++)
			remarks_add_warning(&warnings, row, "unchanged", "%s", longest);
	assert_int_equal(warnings.fault, 0);
	assert_true(warnings.count >= ENVELOPE_OBSERVATIONS_MAX);
	assert_int_equal(warnings.count + warnings.unlisted, 2 * ENVELOPE_OBSERVATIONS_MAX);
	size_t next = 0;
	for (size_t i = 0; i < warnings.count; i++) {
		assert_true(warnings.warnings[i]->row == next || warnings.warnings[i]->row + 1 == next);
		next = warnings.warnings[i]->row + 1;
		assert_true(strlen(warnings.warnings[i]->text) > 80);
	}
	assert_int_equal(next, ENVELOPE_OBSERVATIONS_MAX);
	assert_true(packed_size(&warnings) <= ENVELOPE_ANSWER_MAX);
	arena_free(arena);
}

static void memory_that_runs_out_is_remembered(void **state)
{
	struct arena *arena;
	struct remarks warnings;
	(void)state;
	assert_int_equal(arena_new(600, &arena), 0);
	remarks_init(&warnings, arena, 8);
	for (size_t row = 0; row < 8; row++)
		remarks_add_warning(&warnings, row, "jump", "%s",
		                    "a text that takes some of the memory there is");
	assert_true(warnings.fault < 0);
	assert_true(warnings.count < 8);
	for (size_t i = 0; i < warnings.count; i++)
		assert_string_equal(warnings.warnings[i]->rule, "jump");
	arena_free(arena);
}

static void a_cut_text_ends_with_a_whole_character(void **state)
{
	struct arena *arena;
	struct remarks problems;
	char text[600];
	(void)state;
	for (size_t i = 0; i + 3 < sizeof text; i += 3)
		memcpy(text + i, "\xe6\xb8\xac", 4);
	assert_int_equal(arena_new(4096, &arena), 0);
	remarks_init(&problems, arena, 1);
	remarks_add_problem(&problems, 0, SUANPAN__REASON__REASON_RULE, "%s", text);
	assert_int_equal(problems.count, 1);
	assert_int_equal(strlen(problems.problems[0]->text) % 3, 0);
	assert_string_equal(remarks_sum_up(&problems), "1 problem in 1 observations");
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(warnings_of_8192_rows_name_them_all_and_fit),
	    cmocka_unit_test(memory_that_runs_out_is_remembered),
	    cmocka_unit_test(a_cut_text_ends_with_a_whole_character),
	};
	return cmocka_run_group_tests_name("intake_remarks", tests, NULL, NULL);
}
