
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/store/store.h"
#include "daemon/store/write.h"
#include "tests/lib/adopt.h"
#include "tests/lib/little_store.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void reopen(struct little_store *fixture)
{
	store_close(fixture->store);
	assert_int_equal(store_open(fixture->path, &fixture->store), 0);
	adopt_catalogue(fixture->store, fixture->catalogue, "one", 2000);
}

static struct period period_of(const char *text)
{
	struct period period;
	assert_int_equal(period_parse(text, strlen(text), &period), 0);
	return period;
}

static struct observation beds(uint32_t area, const char *period, int64_t value)
{
	return (struct observation){
	    .statistic = BEDS, .area = area, .period = period_of(period), .status = 'A', .value = value};
}

/* Accepts one report of these observations in a commit of its own. */
static uint64_t store_report(struct little_store *fixture, const struct observation *observations,
                             size_t count)
{
	struct write *write;
	struct accepted_report report = {.name = {.reporter_id = 1, .sequence = ++fixture->sequence},
	                                 .payload = "payload",
	                                 .payload_size = 7,
	                                 .observations = observations,
	                                 .observation_count = count};
	uint64_t entry;
	assert_int_equal(write_begin(fixture->store, 5000, &write), 0);
	assert_int_equal(write_accept(write, &report, &entry), 0);
	assert_int_equal(write_apply(write), 0);
	assert_int_equal(write_commit(write), 0);
	return entry;
}

static struct cell read_cell(struct little_store *fixture, uint32_t statistic, uint32_t area,
                             const char *period)
{
	struct snapshot *snapshot;
	const struct cell_row *row;
	struct cell cell = {.entry = 0};
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	struct cell_source source = snapshot_cells(snapshot);
	uint32_t id = fixture->catalogue->areas[area].id;
	assert_int_equal(source.row(source.context, fixture->catalogue->statistics[statistic].id,
	                            period_of(period), id / CELLS_PER_ROW, &row),
	                 0);
	if (row)
		cell = row->cell[id % CELLS_PER_ROW];
	snapshot_close(snapshot);
	return cell;
}

static struct store_summary summary_of(struct little_store *fixture)
{
	struct snapshot *snapshot;
	struct store_summary summary;
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	assert_int_equal(snapshot_summary(snapshot, &summary), 0);
	snapshot_close(snapshot);
	return summary;
}

static void an_observation_is_there_after_reopening(void **state)
{
	struct little_store *fixture = *state;
	struct observation one = beds(NORTH, "2024-06", 120);
	uint64_t entry = store_report(fixture, &one, 1);
	reopen(fixture);
	struct cell cell = read_cell(fixture, BEDS, NORTH, "2024-06");
	assert_int_equal(cell.value, 120);
	assert_int_equal(cell.status, 'A');
	assert_int_equal(cell.entry, entry);
	assert_int_equal(read_cell(fixture, BEDS, SOUTH, "2024-06").entry, 0);
	assert_int_equal(read_cell(fixture, BEDS, NORTH, "2024-07").entry, 0);
}

static void a_correction_becomes_current_and_keeps_the_old_one(void **state)
{
	struct little_store *fixture = *state;
	struct observation first = beds(NORTH, "2024-06", 120), second = beds(NORTH, "2024-06", 125);
	uint64_t entries[2] = {store_report(fixture, &first, 1), store_report(fixture, &second, 1)};
	struct snapshot *snapshot;
	struct revision *revisions;
	size_t count;
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	assert_int_equal(snapshot_revisions(snapshot, fixture->catalogue->statistics[BEDS].id,
	                                    fixture->catalogue->areas[NORTH].id, period_of("2024-06"),
	                                    &revisions, &count),
	                 0);
	snapshot_close(snapshot);
	assert_int_equal(count, 2);
	assert_int_equal(revisions[0].value, 120);
	assert_int_equal(revisions[0].entry, entries[0]);
	assert_int_equal(revisions[1].value, 125);
	assert_int_equal(revisions[1].entry, entries[1]);
	free(revisions);
	assert_int_equal(summary_of(fixture).observations, 1);
	assert_int_equal(summary_of(fixture).revisions, 1);
}

static void the_same_value_again_adds_no_revision(void **state)
{
	struct little_store *fixture = *state;
	struct observation one = beds(NORTH, "2024-06", 120);
	uint64_t entry = store_report(fixture, &one, 1);
	store_report(fixture, &one, 1);
	assert_int_equal(read_cell(fixture, BEDS, NORTH, "2024-06").entry, entry);
	assert_int_equal(summary_of(fixture).revisions, 0);
	assert_int_equal(summary_of(fixture).entries, 3); /* names, report, report */
}

static void within_a_group_the_later_report_wins(void **state)
{
	struct little_store *fixture = *state;
	struct observation first = beds(NORTH, "2024-06", 120), second = beds(NORTH, "2024-06", 125);
	struct accepted_report reports[2] = {
	    {.name = {.reporter_id = 1, .sequence = 1}, .observations = &first, .observation_count = 1},
	    {.name = {.reporter_id = 1, .sequence = 2}, .observations = &second, .observation_count = 1},
	};
	struct write *write;
	uint64_t entry;
	assert_int_equal(write_begin(fixture->store, 5000, &write), 0);
	assert_int_equal(write_accept(write, &reports[0], &entry), 0);
	assert_int_equal(write_accept(write, &reports[1], &entry), 0);
	assert_int_equal(write_apply(write), 0);
	size_t count;
	const struct touched *touched = write_touched(write, &count);
	assert_int_equal(count, 1);
	assert_int_equal(touched[0].area, NORTH);
	assert_int_equal(write_commit(write), 0);
	assert_int_equal(read_cell(fixture, BEDS, NORTH, "2024-06").value, 125);
	assert_int_equal(summary_of(fixture).revisions, 1);
}

static void an_aborted_group_never_was(void **state)
{
	struct little_store *fixture = *state;
	struct store_summary before = summary_of(fixture), after;
	struct observation one = beds(NORTH, "2024-06", 120);
	struct accepted_report report = {
	    .name = {.reporter_id = 1, .sequence = 1}, .observations = &one, .observation_count = 1};
	struct write *write;
	struct decision decision;
	uint64_t entry;
	assert_int_equal(write_begin(fixture->store, 5000, &write), 0);
	assert_int_equal(write_accept(write, &report, &entry), 0);
	assert_int_equal(write_apply(write), 0);
	write_abort(write);
	after = summary_of(fixture);
	assert_memory_equal(&before, &after, sizeof before);
	assert_int_equal(read_cell(fixture, BEDS, NORTH, "2024-06").entry, 0);
	assert_int_equal(write_begin(fixture->store, 5000, &write), 0);
	assert_int_equal(write_find_decision(write, &report.name, &decision), WRITE_UNDECIDED);
	write_abort(write);
}

static void decisions_and_sequences_are_remembered(void **state)
{
	struct little_store *fixture = *state;
	struct observation one = beds(NORTH, "2024-06", 120);
	struct report_name name = {.reporter_id = 1, .sequence = 1},
	                   other_stream = {.reporter_id = 1, .stream = {9}};
	struct write *write;
	struct decision decision;
	uint64_t last;
	store_report(fixture, &one, 1);
	reopen(fixture);
	assert_int_equal(write_begin(fixture->store, 5000, &write), 0);
	assert_int_equal(write_find_decision(write, &name, &decision), 0);
	assert_true(decision.accepted);
	assert_int_equal(decision.entry, 2);
	assert_int_equal(write_last_sequence(write, &name, &last), 0);
	assert_int_equal(last, 1);
	assert_int_equal(write_last_sequence(write, &other_stream, &last), 0);
	assert_int_equal(last, 0);
	write_abort(write);
}

static void a_refusal_keeps_its_answer_and_only_the_newest_are_kept(void **state)
{
	struct little_store *fixture = *state;
	struct write *write;
	uint64_t first = 0, entry = 0;
	const void *bytes;
	size_t size;
	assert_int_equal(write_begin(fixture->store, 5000, &write), 0);
	for (uint64_t i = 1; i <= REFUSALS_KEPT + 1; i++) {
		struct refused_report report = {.name = {.reporter_id = 1, .sequence = i},
		                                .payload = "bad",
		                                .payload_size = 3,
		                                .answer = "because",
		                                .answer_size = 7};
		assert_int_equal(write_refuse(write, &report, &entry), 0);
		first = i == 1 ? entry : first;
	}
	assert_int_equal(write_refusal_answer(write, entry, &bytes, &size), 0);
	assert_int_equal(size, 7);
	assert_memory_equal(bytes, "because", 7);
	assert_int_equal(write_refusal_answer(write, first, &bytes, &size), WRITE_UNDECIDED);
	assert_int_equal(write_refusal_answer(write, first + 1, &bytes, &size), 0);
	assert_int_equal(write_commit(write), 0);
	assert_int_equal(summary_of(fixture).refused, REFUSALS_KEPT + 1);
}

static void an_extent_only_widens_and_says_how_it_moved(void **state)
{
	struct little_store *fixture = *state;
	struct observation june = beds(NORTH, "2024-06", 1), may = beds(NORTH, "2024-05", 1);
	struct accepted_report report = {
	    .name = {.reporter_id = 1, .sequence = 2}, .observations = &may, .observation_count = 1};
	struct write *write;
	struct extent extent;
	uint64_t entry;
	size_t count;
	store_report(fixture, &june, 1);
	assert_int_equal(write_begin(fixture->store, 5000, &write), 0);
	assert_int_equal(write_accept(write, &report, &entry), 0);
	assert_int_equal(write_apply(write), 0);
	const struct extent_move *moves = write_extent_moves(write, &count);
	assert_int_equal(count, 1);
	assert_int_equal(moves[0].last_day_before, period_last_day(period_of("2024-06")));
	assert_int_equal(moves[0].last_day_now, period_last_day(period_of("2024-06")));
	assert_int_equal(write_extent(write, BEDS, &extent), 0);
	assert_int_equal(extent.first_day, period_first_day(period_of("2024-05")));
	assert_int_equal(write_extent(write, PEOPLE, &extent), SNAPSHOT_NOTHING);
	write_abort(write);
}

static void ids_survive_another_order_of_the_catalogue(void **state)
{
	struct little_store *fixture = *state;
	uint32_t north = fixture->catalogue->areas[NORTH].id, south = fixture->catalogue->areas[SOUTH].id;
	struct area swapped = fixture->catalogue->areas[NORTH];
	fixture->catalogue->areas[NORTH] = fixture->catalogue->areas[SOUTH];
	fixture->catalogue->areas[SOUTH] = swapped;
	fixture->catalogue->areas[NORTH].id = fixture->catalogue->areas[SOUTH].id = 0;
	reopen(fixture);
	assert_int_equal(fixture->catalogue->areas[NORTH].id, south);
	assert_int_equal(fixture->catalogue->areas[SOUTH].id, north);
	assert_int_equal(summary_of(fixture).entries, 1); /* nothing new was named */
}

static void a_second_daemon_is_refused(void **state)
{
	struct little_store *fixture = *state;
	struct store *second;
	assert_int_equal(store_open(fixture->path, &second), -EBUSY);
}

static void every_entry_changes_the_head(void **state)
{
	struct little_store *fixture = *state;
	struct observation one = beds(NORTH, "2024-06", 120);
	struct store_summary before = summary_of(fixture);
	store_report(fixture, &one, 1);
	struct store_summary after = summary_of(fixture);
	assert_memory_not_equal(before.head, after.head, sizeof before.head);
	assert_int_equal(after.commit, before.commit + 1);
	assert_int_equal(after.entries, before.entries + 1);
}

/* A reserve no disk has. */
#define EVERYTHING UINT64_MAX / 2

static void below_the_reserve_no_write_begins_and_reading_goes_on(void **state)
{
	struct little_store *fixture = *state;
	struct observation one = beds(NORTH, "2024-06", 120);
	struct store_disk disk;
	struct write *write = NULL;
	store_report(fixture, &one, 1);
	struct store_summary before = summary_of(fixture);
	assert_int_equal(store_look_at_disk(fixture->store, &disk), 0);
	assert_false(disk.is_low);
	assert_true(disk.free_bytes > 0);
	store_set_reserve(fixture->store, EVERYTHING);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(write_begin(fixture->store, 2000, &write), FAULT_DISK_LOW);
		assert_null(write);
	}
	assert_int_equal(store_look_at_disk(fixture->store, &disk), 0);
	assert_true(disk.is_low);
	assert_int_equal(disk.reserve_bytes, EVERYTHING);
	assert_int_equal(summary_of(fixture).commit, before.commit);
	store_set_reserve(fixture->store, disk.free_bytes / 16);
	one.value++;
	store_report(fixture, &one, 1);
	assert_int_equal(summary_of(fixture).commit, before.commit + 1);
	assert_int_equal(store_look_at_disk(fixture->store, &disk), 0);
	assert_false(disk.is_low);
}

static void a_disk_that_was_low_has_room_only_with_an_eighth_more(void **state)
{
	struct little_store *fixture = *state;
	struct store_disk disk;
	assert_int_equal(store_look_at_disk(fixture->store, &disk), 0);
	/* Between the two marks, with room for what others write to the disk meanwhile. */
	store_set_reserve(fixture->store, disk.free_bytes / 17 * 16);
	assert_int_equal(store_look_at_disk(fixture->store, &disk), 0);
	assert_false(disk.is_low);
	store_set_reserve(fixture->store, EVERYTHING);
	assert_int_equal(store_look_at_disk(fixture->store, &disk), 0);
	assert_true(disk.is_low);
	store_set_reserve(fixture->store, disk.free_bytes / 17 * 16);
	assert_int_equal(store_look_at_disk(fixture->store, &disk), 0);
	assert_true(disk.is_low);
	store_set_reserve(fixture->store, disk.free_bytes / 17 * 14);
	assert_int_equal(store_look_at_disk(fixture->store, &disk), 0);
	assert_false(disk.is_low);
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, little_store_set_up, little_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(an_observation_is_there_after_reopening),
	    STORE_TEST(a_correction_becomes_current_and_keeps_the_old_one),
	    STORE_TEST(the_same_value_again_adds_no_revision),
	    STORE_TEST(within_a_group_the_later_report_wins),
	    STORE_TEST(an_aborted_group_never_was),
	    STORE_TEST(decisions_and_sequences_are_remembered),
	    STORE_TEST(a_refusal_keeps_its_answer_and_only_the_newest_are_kept),
	    STORE_TEST(an_extent_only_widens_and_says_how_it_moved),
	    STORE_TEST(ids_survive_another_order_of_the_catalogue),
	    STORE_TEST(a_second_daemon_is_refused),
	    STORE_TEST(every_entry_changes_the_head),
	    STORE_TEST(below_the_reserve_no_write_begins_and_reading_goes_on),
	    STORE_TEST(a_disk_that_was_low_has_room_only_with_an_eighth_more),
	};
	return cmocka_run_group_tests_name("store_write", tests, NULL, NULL);
}
