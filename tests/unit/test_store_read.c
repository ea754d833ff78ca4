#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/store/write.h"
#include "tests/lib/little_store.h"
#include <stdlib.h>

static struct observation beds(uint32_t area, int part, int64_t value)
{
	return (struct observation){.statistic = BEDS,
	                            .area = area,
	                            .period = period_make(PERIOD_MONTH, 2024, part),
	                            .status = 'A',
	                            .value = value};
}

/* One commit of a report for each observation; ret_entries has room for them. */
static void store_group(struct little_store *fixture, const struct observation *observations, size_t count,
                        uint64_t *ret_entries)
{
	struct write *write;
	assert_int_equal(write_begin(fixture->store, 5000 + (int64_t)fixture->sequence, &write), 0);
	for (size_t i = 0; i < count; i++) {
		struct accepted_report report = {
		    .name = {.reporter_id = 1, .stream = "a stream's name.", .sequence = ++fixture->sequence},
		    .hash = {(uint8_t)fixture->sequence},
		    .payload = "payload",
		    .payload_size = 7,
		    .observations = &observations[i],
		    .observation_count = 1};
		assert_int_equal(write_accept(write, &report, &ret_entries[i]), 0);
	}
	assert_int_equal(write_apply(write), 0);
	assert_int_equal(write_commit(write), 0);
}

static struct snapshot *open_snapshot(struct little_store *fixture)
{
	struct snapshot *snapshot;
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	return snapshot;
}

static void expect_revisions(struct little_store *fixture, uint32_t area, int part,
                             const struct revision *expected, size_t expected_count)
{
	struct snapshot *snapshot = open_snapshot(fixture);
	struct revision *revisions = NULL;
	size_t count = 77;
	assert_int_equal(snapshot_revisions(snapshot, fixture->catalogue->statistics[BEDS].id,
	                                    fixture->catalogue->areas[area].id,
	                                    period_make(PERIOD_MONTH, 2024, part), &revisions, &count),
	                 0);
	assert_int_equal(count, expected_count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(revisions[i].entry, expected[i].entry);
		assert_int_equal(revisions[i].value, expected[i].value);
		assert_int_equal(revisions[i].status, expected[i].status);
	}
	assert_int_equal(count == 0, revisions == NULL);
	free(revisions);
	snapshot_close(snapshot);
}

static void revisions_come_oldest_first_and_end_with_the_current_one(void **state)
{
	struct little_store *fixture = *state;
	enum { COUNT = 300 }; /* beyond one byte of the entry, so that keys in the wrong order would show */
	struct revision expected[COUNT];
	for (int i = 0; i < COUNT; i++) {
		struct observation made[2] = {beds(NORTH, 5, i), beds(NORTH, 6, 1000 + i)};
		uint64_t entries[2];
		if (i % 7 == 3)
			made[0].status = 'O', made[0].value = 0;
		store_group(fixture, made, 2, entries);
		expected[i] = (struct revision){entries[0], made[0].value, made[0].status};
	}
	expect_revisions(fixture, NORTH, 5, expected, COUNT);
	expect_revisions(fixture, SOUTH, 5, NULL, 0);
	expect_revisions(fixture, NORTH, 4, NULL, 0);
}

static void every_step_within_a_group_is_a_revision(void **state)
{
	struct little_store *fixture = *state;
	const struct observation made[] = {beds(NORTH, 5, 1), beds(SOUTH, 5, 9), beds(NORTH, 5, 2),
	                                   beds(NORTH, 5, 2), beds(NORTH, 5, 1)};
	uint64_t entries[5];
	store_group(fixture, made, 5, entries);
	const struct revision north[] = {{entries[0], 1, 'A'}, {entries[2], 2, 'A'}, {entries[4], 1, 'A'}};
	const struct revision south = {entries[1], 9, 'A'};
	expect_revisions(fixture, NORTH, 5, north, 3);
	expect_revisions(fixture, SOUTH, 5, &south, 1);
}

static void a_snapshot_stays_as_it_was_opened(void **state)
{
	struct little_store *fixture = *state;
	struct observation first = beds(NORTH, 5, 1), second = beds(NORTH, 5, 2);
	struct store_summary summary;
	struct extent extent;
	uint64_t entry;
	store_group(fixture, &first, 1, &entry);
	struct snapshot *before = open_snapshot(fixture);
	store_group(fixture, &second, 1, &entry);
	struct cell_source source = snapshot_cells(before);
	const struct cell_row *row;
	uint32_t id = fixture->catalogue->areas[NORTH].id;
	assert_int_equal(source.row(source.context, fixture->catalogue->statistics[BEDS].id, first.period,
	                            id / CELLS_PER_ROW, &row),
	                 0);
	assert_int_equal(row->cell[id % CELLS_PER_ROW].value, 1);
	assert_int_equal(snapshot_summary(before, &summary), 0);
	assert_int_equal(summary.commit, 2);
	assert_int_equal(summary.revisions, 0);
	assert_int_equal(snapshot_extent(before, fixture->catalogue->statistics[BEDS].id, &extent), 0);
	assert_int_equal(extent.first_day, period_first_day(first.period));
	assert_int_equal(extent.last_day, period_last_day(first.period));
	assert_int_equal(snapshot_extent(before, fixture->catalogue->statistics[PEOPLE].id, &extent),
	                 SNAPSHOT_NOTHING);
	snapshot_close(before);
}

static void an_entry_is_the_report_as_it_came(void **state)
{
	struct little_store *fixture = *state;
	struct observation made[2] = {beds(NORTH, 5, 1), beds(NORTH, 5, 2)};
	struct journal_entry entry;
	struct reporter_summary summary;
	uint64_t entries[2];
	store_group(fixture, made, 2, entries);
	struct snapshot *snapshot = open_snapshot(fixture);
	assert_int_equal(snapshot_entry(snapshot, entries[1], &entry), 0);
	assert_int_equal(entry.entry, entries[1]);
	assert_int_equal(entry.commit, 2);
	assert_int_equal(entry.wall_ms, 5000);
	assert_int_equal(entry.reporter_id, 1);
	assert_memory_equal(entry.stream, "a stream's name.", STORE_STREAM_SIZE);
	assert_int_equal(entry.sequence, 2);
	assert_int_equal(entry.hash[0], 2);
	assert_int_equal(entry.payload_size, 7);
	assert_memory_equal(entry.payload, "payload", 7);
	assert_int_equal(snapshot_entry(snapshot, entries[1] + 1, &entry), SNAPSHOT_NOTHING);
	assert_string_equal(snapshot_reporter_code(snapshot, 1), "north_office");
	assert_string_equal(snapshot_reporter_code(snapshot, 2), "south_office");
	assert_null(snapshot_reporter_code(snapshot, 3));
	assert_int_equal(snapshot_reporter(snapshot, 1, &summary), 0);
	assert_int_equal(summary.reports, 2);
	assert_int_equal(summary.last_wall_ms, 5000);
	assert_int_equal(snapshot_reporter(snapshot, 2, &summary), 0);
	assert_int_equal(summary.reports, 0);
	assert_int_equal(summary.last_wall_ms, 0);
	snapshot_close(snapshot);
}

#define READ_TEST(name) cmocka_unit_test_setup_teardown(name, little_store_set_up, little_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    READ_TEST(revisions_come_oldest_first_and_end_with_the_current_one),
	    READ_TEST(every_step_within_a_group_is_a_revision),
	    READ_TEST(a_snapshot_stays_as_it_was_opened),
	    READ_TEST(an_entry_is_the_report_as_it_came),
	};
	return cmocka_run_group_tests_name("store_read", tests, NULL, NULL);
}
