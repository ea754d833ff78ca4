#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/store/write.h"
#include "tests/lib/little_store.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static struct period month(int year, int part)
{
	return period_make(PERIOD_MONTH, year, part);
}

static const uint32_t south[] = {SOUTH}, north[] = {NORTH};

static struct value plain(int64_t units)
{
	return (struct value){
	    .state = VALUE_PRESENT, .units = units, .status = 'A', .reported = 2, .expected = 2, .cells = 2};
}

/* Keeps one value in a commit of its own; answers whether that changed anything. */
static bool keep(struct little_store *fixture, uint32_t area, struct period period, const struct value *value)
{
	struct write *write;
	bool changed = false;
	assert_int_equal(write_begin(fixture->store, 5000, &write), 0);
	assert_int_equal(write_value(write, BEDS_PER_1000, area, period, value, &changed), 0);
	assert_int_equal(write_commit(write), 0);
	return changed;
}

static int read_value(struct little_store *fixture, uint32_t area, struct period period,
                      struct stored_value *ret_value)
{
	struct snapshot *snapshot;
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	int result = snapshot_value(snapshot, fixture->catalogue->indicators[BEDS_PER_1000].id,
	                            fixture->catalogue->areas[area].id, period, ret_value);
	snapshot_close(snapshot);
	return result;
}

static uint64_t values_in(struct little_store *fixture)
{
	struct snapshot *snapshot;
	struct store_summary summary;
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	assert_int_equal(snapshot_summary(snapshot, &summary), 0);
	snapshot_close(snapshot);
	return summary.values;
}

static void a_kept_value_is_read_back(void **state)
{
	struct little_store *fixture = *state;
	struct value value = plain(-512);
	struct stored_value stored;
	value.status = 'P';
	value.reported = 1;
	value.missing = south, value.missing_count = 1;
	value.carried = north, value.carried_count = 1;
	assert_int_equal(read_value(fixture, CITY, month(2024, 5), &stored), SNAPSHOT_NOTHING);
	assert_true(keep(fixture, CITY, month(2024, 5), &value));
	assert_int_equal(read_value(fixture, CITY, month(2024, 5), &stored), 0);
	assert_int_equal(stored.state, VALUE_PRESENT);
	assert_int_equal(stored.units, -512);
	assert_int_equal(stored.status, 'P');
	assert_int_equal(stored.reported, 1);
	assert_int_equal(stored.expected, 2);
	assert_int_equal(stored.commit, 2); /* 1 gave the names */
	assert_int_equal(stored.missing_count, 1);
	assert_int_equal(stored.missing[0], fixture->catalogue->areas[SOUTH].id);
	assert_int_equal(stored.carried_count, 1);
	assert_int_equal(stored.carried[0], fixture->catalogue->areas[NORTH].id);
	assert_int_equal(read_value(fixture, NORTH, month(2024, 5), &stored), SNAPSHOT_NOTHING);
	assert_int_equal(read_value(fixture, CITY, month(2024, 6), &stored), SNAPSHOT_NOTHING);
}

/* Whatever a reader would see is a change; the newest entry behind it is not. */
static void only_what_a_reader_sees_is_a_change(void **state)
{
	struct little_store *fixture = *state;
	struct value
	    before = plain(512),
	    values[] = {
	        [0] = plain(513), [1] = plain(513), [2] = plain(513), [3] = plain(513), [4] = plain(513),
	        [5] = plain(513), [6] = plain(513), [7] = plain(513), [8] = plain(513),
	    };
	struct stored_value stored;
	values[1].status = 'P';
	values[2].reported = 1;
	values[3].expected = 3;
	values[4].missing = south, values[4].missing_count = 1;
	values[5].missing = north, values[5].missing_count = 1;
	values[6].carried = north, values[6].carried_count = 1;
	values[7].state = VALUE_INCOMPLETE;
	values[8].state = VALUE_DIVISION_BY_ZERO;
	assert_true(keep(fixture, CITY, month(2024, 5), &before));
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		struct value same = values[i];
		assert_true(keep(fixture, CITY, month(2024, 5), &values[i]));
		same.newest_entry = 77;
		same.cells = 5;
		if (same.state != VALUE_PRESENT)
			same.units = 99; /* means nothing then */
		assert_false(keep(fixture, CITY, month(2024, 5), &same));
		assert_int_equal(read_value(fixture, CITY, month(2024, 5), &stored), 0);
		assert_int_equal(stored.commit, 3 + 2 * i); /* of the change, not of the repetition */
		assert_int_equal(stored.state, values[i].state);
		assert_int_equal(values_in(fixture), 1);
	}
	assert_int_equal(stored.units, 0);
}

static void a_value_without_anything_behind_it_is_dropped(void **state)
{
	struct little_store *fixture = *state;
	struct value value = plain(1), nothing = {.state = VALUE_NO_DATA, .expected = 2};
	struct stored_value stored;
	assert_false(keep(fixture, CITY, month(2024, 5), &nothing));
	assert_true(keep(fixture, CITY, month(2024, 5), &value));
	assert_true(keep(fixture, NORTH, month(2024, 5), &value));
	assert_int_equal(values_in(fixture), 2);
	assert_true(keep(fixture, CITY, month(2024, 5), &nothing));
	assert_false(keep(fixture, CITY, month(2024, 5), &nothing));
	assert_int_equal(values_in(fixture), 1);
	assert_int_equal(read_value(fixture, CITY, month(2024, 5), &stored), SNAPSHOT_NOTHING);
	assert_int_equal(read_value(fixture, NORTH, month(2024, 5), &stored), 0);
	nothing.cells = 1; /* something is there, but not enough: kept, to say so */
	assert_true(keep(fixture, CITY, month(2024, 5), &nothing));
	assert_int_equal(read_value(fixture, CITY, month(2024, 5), &stored), 0);
	assert_int_equal(stored.state, VALUE_NO_DATA);
}

static void of_many_missing_the_first_64_are_listed_and_all_counted(void **state)
{
	struct little_store *fixture = *state;
	struct value value = plain(1);
	struct stored_value stored;
	uint32_t missing[200], carried[64];
	for (size_t i = 0; i < 200; i++)
		missing[i] = i % 2 ? NORTH : SOUTH;
	for (size_t i = 0; i < 64; i++)
		carried[i] = BOTH;
	value.missing = missing, value.missing_count = 200;
	value.carried = carried, value.carried_count = 64;
	assert_true(keep(fixture, CITY, month(2024, 5), &value));
	assert_false(keep(fixture, CITY, month(2024, 5), &value));
	assert_int_equal(read_value(fixture, CITY, month(2024, 5), &stored), 0);
	assert_int_equal(stored.missing_count, 200);
	assert_int_equal(stored.carried_count, 64);
	for (size_t i = 0; i < 64; i++) {
		assert_int_equal(stored.missing[i], fixture->catalogue->areas[i % 2 ? NORTH : SOUTH].id);
		assert_int_equal(stored.carried[i], fixture->catalogue->areas[BOTH].id);
	}
	value.missing_count = 199;
	assert_true(keep(fixture, CITY, month(2024, 5), &value));
}

/* ---- walking */

struct seen {
	char text[256];
	int stop_with;
};

static int see(void *context, struct period period, const struct stored_value *value)
{
	struct seen *seen = context;
	char name[PERIOD_TEXT_SIZE];
	size_t length = strlen(seen->text);
	period_format(period, name);
	snprintf(seen->text + length, sizeof seen->text - length, "%s=%d ", name, (int)value->units);
	return seen->stop_with;
}

static int walk(struct little_store *fixture, uint32_t area, struct period from, struct period to,
                struct seen *seen)
{
	struct snapshot *snapshot;
	seen->text[0] = '\0';
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	int result = snapshot_walk_values(snapshot, fixture->catalogue->indicators[BEDS_PER_1000].id,
	                                  fixture->catalogue->areas[area].id, from, to, see, seen);
	snapshot_close(snapshot);
	return result;
}

static void fill(struct little_store *fixture)
{
	static const int parts[] = {11, 0, 5, 7};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		struct value value = plain(parts[i]), other = plain(99);
		keep(fixture, NORTH, month(2024, parts[i]), &value);
		keep(fixture, SOUTH, month(2024, parts[i]), &other);
		keep(fixture, CITY, month(2024, parts[i]), &other);
	}
	struct value year = plain(2024), january = plain(1);
	keep(fixture, NORTH, period_make(PERIOD_ANNUAL, 2024, 0), &year);
	keep(fixture, NORTH, month(2025, 0), &january);
}

static void a_walk_keeps_to_its_area_frequency_and_periods(void **state)
{
	struct little_store *fixture = *state;
	struct seen seen = {.stop_with = 0};
	fill(fixture);
	assert_int_equal(walk(fixture, NORTH, month(1900, 0), month(2199, 11), &seen), 0);
	assert_string_equal(seen.text, "2024-01=0 2024-06=5 2024-08=7 2024-12=11 2025-01=1 ");
	assert_int_equal(walk(fixture, NORTH, month(2024, 5), month(2024, 11), &seen), 0);
	assert_string_equal(seen.text, "2024-06=5 2024-08=7 2024-12=11 ");
	assert_int_equal(walk(fixture, NORTH, month(2024, 1), month(2024, 4), &seen), 0);
	assert_string_equal(seen.text, "");
	assert_int_equal(walk(fixture, NORTH, month(2024, 11), month(2024, 0), &seen), 0);
	assert_string_equal(seen.text, "");
	assert_int_equal(walk(fixture, NORTH, period_make(PERIOD_ANNUAL, 1900, 0),
	                      period_make(PERIOD_ANNUAL, 2199, 0), &seen),
	                 0);
	assert_string_equal(seen.text, "2024=2024 ");
	assert_int_equal(walk(fixture, BOTH, month(1900, 0), month(2199, 11), &seen), 0);
	assert_string_equal(seen.text, "");
}

static void a_walk_passes_on_whatever_stopped_it(void **state)
{
	static const int answers[] = {1, 2, 42, -5};
	struct little_store *fixture = *state;
	fill(fixture);
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		struct seen seen = {.stop_with = answers[i]};
		assert_int_equal(walk(fixture, NORTH, month(2024, 1), month(2199, 11), &seen), answers[i]);
		assert_string_equal(seen.text, "2024-06=5 ");
	}
}

#define VALUES_TEST(name) cmocka_unit_test_setup_teardown(name, little_store_set_up, little_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    VALUES_TEST(a_kept_value_is_read_back),
	    VALUES_TEST(only_what_a_reader_sees_is_a_change),
	    VALUES_TEST(a_value_without_anything_behind_it_is_dropped),
	    VALUES_TEST(of_many_missing_the_first_64_are_listed_and_all_counted),
	    VALUES_TEST(a_walk_keeps_to_its_area_frequency_and_periods),
	    VALUES_TEST(a_walk_passes_on_whatever_stopped_it),
	};
	return cmocka_run_group_tests_name("store_values", tests, NULL, NULL);
}
