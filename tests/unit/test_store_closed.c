#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/store/store.h"
#include "daemon/store/write.h"
#include "tests/lib/little_store.h"
#include <stdlib.h>
#include <string.h>

static struct period period_of(const char *text)
{
	struct period period;
	assert_int_equal(period_parse(text, strlen(text), &period), 0);
	return period;
}

/* In a commit of its own. */
static void act(struct little_store *fixture, int (*effect)(struct write *, struct period),
                const char *period)
{
	struct write *write;
	assert_int_equal(write_begin(fixture->store, 2000, &write), 0);
	assert_int_equal(write_journal_act(write, period, strlen(period)), 0);
	assert_int_equal(effect(write, period_of(period)), 0);
	assert_true(write_has_changes(write));
	assert_int_equal(write_commit(write), 0);
}

static bool is_closed(struct little_store *fixture, const char *period)
{
	struct write *write;
	bool closed, again;
	assert_int_equal(write_begin(fixture->store, 2000, &write), 0);
	assert_int_equal(write_is_closed(write, period_of(period), &closed), 0);
	assert_int_equal(write_is_closed(write, period_of(period), &again), 0);
	assert_int_equal(closed, again);
	assert_false(write_has_changes(write));
	write_abort(write);
	return closed;
}

/* As of `commit` (0: now): "2024 2024-06". */
static void must_list(struct little_store *fixture, uint64_t commit, const char *expected)
{
	struct snapshot *snapshot;
	struct closed_period *periods;
	struct moment moment;
	size_t count;
	char found[256] = "", text[PERIOD_TEXT_SIZE];
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	if (commit > 0) {
		assert_int_equal(snapshot_find_commit(snapshot, commit, &moment), 0);
		snapshot_go_back(snapshot, &moment);
	}
	assert_int_equal(snapshot_closed(snapshot, &periods, &count), 0);
	for (size_t i = 0; i < count; i++) {
		period_format(periods[i].period, text);
		snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", i > 0 ? " " : "", text);
		assert_int_equal(periods[i].entry, periods[i].commit); /* each commit here has one */
	}
	free(periods);
	snapshot_close(snapshot);
	assert_string_equal(found, expected);
}

static void nothing_is_closed_at_first(void **state)
{
	struct little_store *fixture = *state;
	assert_false(is_closed(fixture, "2024-06"));
	must_list(fixture, 0, "");
}

static void what_lies_wholly_inside_is_closed(void **state)
{
	struct little_store *fixture = *state;
	act(fixture, write_close, "2024-Q2");
	assert_true(is_closed(fixture, "2024-Q2"));
	assert_true(is_closed(fixture, "2024-04"));
	assert_true(is_closed(fixture, "2024-06"));
	assert_true(is_closed(fixture, "2024-06-30"));
	assert_false(is_closed(fixture, "2024-03"));
	assert_false(is_closed(fixture, "2024-07-01"));
	assert_false(is_closed(fixture, "2024-S1"));
	assert_false(is_closed(fixture, "2024"));
	assert_false(is_closed(fixture, "2023-Q2"));
}

static void one_write_answers_for_many_periods(void **state)
{
	struct little_store *fixture = *state;
	struct write *write;
	bool closed;
	act(fixture, write_close, "2024-06");
	assert_int_equal(write_begin(fixture->store, 2000, &write), 0);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(write_is_closed(write, period_of("2024-05"), &closed), 0);
		assert_false(closed);
		assert_int_equal(write_is_closed(write, period_of("2024-06"), &closed), 0);
		assert_true(closed);
	}
	assert_int_equal(write_reopen(write, period_of("2024-06")), 0);
	assert_int_equal(write_is_closed(write, period_of("2024-06"), &closed), 0);
	assert_false(closed);
	write_abort(write);
	assert_true(is_closed(fixture, "2024-06"));
}

static void the_smallest_closed_period_around_is_found(void **state)
{
	struct little_store *fixture = *state;
	struct write *write;
	struct period around;
	act(fixture, write_close, "2024");
	act(fixture, write_close, "2024-06");
	assert_int_equal(write_begin(fixture->store, 2000, &write), 0);
	assert_int_equal(write_find_closed(write, period_of("2024-06-15"), &around), 0);
	assert_int_equal(around.code, period_of("2024-06").code);
	assert_int_equal(write_find_closed(write, period_of("2024-07"), &around), 0);
	assert_int_equal(around.code, period_of("2024").code);
	assert_int_equal(write_find_closed(write, period_of("2025-07"), &around), WRITE_OPEN);
	write_abort(write);
}

static void a_reopened_period_is_open_unless_a_larger_one_is_closed(void **state)
{
	struct little_store *fixture = *state;
	act(fixture, write_close, "2024-06");
	act(fixture, write_reopen, "2024-06");
	assert_false(is_closed(fixture, "2024-06"));
	act(fixture, write_close, "2024");
	act(fixture, write_close, "2024-06");
	act(fixture, write_reopen, "2024-06");
	assert_true(is_closed(fixture, "2024-06"));
	act(fixture, write_reopen, "2024");
	assert_false(is_closed(fixture, "2024-06"));
}

static void the_list_is_as_of_any_commit(void **state)
{
	struct little_store *fixture = *state;
	act(fixture, write_close, "2024-06");    /* 2 */
	act(fixture, write_close, "2024");       /* 3 */
	act(fixture, write_close, "2023-12-31"); /* 4 */
	act(fixture, write_reopen, "2024-06");   /* 5 */
	act(fixture, write_close, "2024-06");    /* 6 */
	act(fixture, write_reopen, "2024");      /* 7 */
	must_list(fixture, 1, "");
	must_list(fixture, 2, "2024-06");
	must_list(fixture, 3, "2024 2024-06");
	must_list(fixture, 4, "2023-12-31 2024 2024-06");
	must_list(fixture, 5, "2023-12-31 2024");
	must_list(fixture, 6, "2023-12-31 2024 2024-06");
	must_list(fixture, 7, "2023-12-31 2024-06");
	must_list(fixture, 0, "2023-12-31 2024-06");
}

static void an_act_is_in_the_journal(void **state)
{
	struct little_store *fixture = *state;
	struct snapshot *snapshot;
	struct journal_entry entry;
	act(fixture, write_close, "2024-06");
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	assert_int_equal(snapshot_entry(snapshot, 2, &entry), 0);
	assert_int_equal(entry.commit, 2);
	assert_int_equal(entry.wall_ms, 2000);
	assert_int_equal(entry.payload_size, strlen("2024-06"));
	assert_memory_equal(entry.payload, "2024-06", entry.payload_size);
	snapshot_close(snapshot);
}

static void a_store_knows_when_it_began(void **state)
{
	struct little_store *fixture = *state;
	struct snapshot *snapshot;
	struct write *write;
	int64_t wall_ms;
	act(fixture, write_close, "2024-06");
	assert_int_equal(write_begin(fixture->store, 3000, &write), 0);
	assert_int_equal(write_began(write, &wall_ms), 0);
	assert_int_equal(wall_ms, 1000);
	assert_int_equal(write_wall_ms(write), 3000);
	write_abort(write);
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	assert_int_equal(snapshot_began(snapshot, &wall_ms), 0);
	assert_int_equal(wall_ms, 1000);
	snapshot_close(snapshot);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, little_store_set_up, little_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(nothing_is_closed_at_first),
	    CASE(what_lies_wholly_inside_is_closed),
	    CASE(one_write_answers_for_many_periods),
	    CASE(the_smallest_closed_period_around_is_found),
	    CASE(a_reopened_period_is_open_unless_a_larger_one_is_closed),
	    CASE(the_list_is_as_of_any_commit),
	    CASE(an_act_is_in_the_journal),
	    CASE(a_store_knows_when_it_began),
	};
	return cmocka_run_group_tests_name("store_closed", tests, NULL, NULL);
}
