/* The past: values, cells and extents as they stood, and catalogues coming into force. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/catalogue/change.h"
#include "daemon/store/store.h"
#include "daemon/store/write.h"
#include "tests/lib/adopt.h"
#include "tests/lib/little_store.h"
#include "tests/lib/scratch.h"
#include <stdlib.h>
#include <string.h>

static const struct period june = {.code = PERIOD_MONTH << 28 | (2024 * 12 + 5)};
static const struct period july = {.code = PERIOD_MONTH << 28 | (2024 * 12 + 6)};

/* One observation and one kept value (none where `units` is negative) in a commit of their own. */
static void commit_one(struct little_store *fixture, struct period period, int64_t beds, int64_t units,
                       int64_t wall_ms)
{
	struct observation observation = {
	    .statistic = BEDS, .area = NORTH, .period = period, .status = 'A', .value = beds};
	struct accepted_report report = {.name = {.reporter_id = 1, .sequence = ++fixture->sequence},
	                                 .observations = &observation,
	                                 .observation_count = 1};
	struct value value = {.state = VALUE_PRESENT,
	                      .units = units,
	                      .status = 'A',
	                      .reported = 1,
	                      .expected = 1,
	                      .cells = units >= 0};
	struct write *write;
	uint64_t entry;
	bool changed;
	assert_int_equal(write_begin(fixture->store, wall_ms, &write), 0);
	assert_int_equal(write_accept(write, &report, &entry), 0);
	assert_int_equal(write_apply(write), 0);
	assert_int_equal(write_value(write, BEDS_PER_1000, NORTH, june, &value, &changed), 0);
	assert_int_equal(write_commit(write), 0);
}

static struct snapshot *go_back(struct little_store *fixture, uint64_t commit)
{
	struct snapshot *snapshot;
	struct moment moment;
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	assert_int_equal(snapshot_find_commit(snapshot, commit, &moment), 0);
	assert_int_equal(moment.commit, commit);
	snapshot_go_back(snapshot, &moment);
	return snapshot;
}

/* The kept value of June as it stood; -1: none was kept. */
static int64_t units_then(struct little_store *fixture, uint64_t commit)
{
	struct snapshot *snapshot = go_back(fixture, commit);
	struct stored_value value;
	int result = snapshot_value(snapshot, fixture->catalogue->indicators[BEDS_PER_1000].id,
	                            fixture->catalogue->areas[NORTH].id, june, &value);
	snapshot_close(snapshot);
	if (result == SNAPSHOT_NOTHING)
		return -1;
	assert_int_equal(result, 0);
	assert_true(value.commit <= commit);
	return value.units;
}

static int64_t beds_then(struct little_store *fixture, struct period period, uint64_t commit)
{
	struct snapshot *snapshot = go_back(fixture, commit);
	struct cell_source source = snapshot_cells(snapshot);
	const struct cell_row *row;
	uint32_t id = fixture->catalogue->areas[NORTH].id;
	assert_int_equal(source.row(source.context, fixture->catalogue->statistics[BEDS].id, period,
	                            id / CELLS_PER_ROW, &row),
	                 0);
	int64_t value = row && row->cell[id % CELLS_PER_ROW].entry ? row->cell[id % CELLS_PER_ROW].value : -1;
	snapshot_close(snapshot);
	return value;
}

static void a_value_is_seen_as_it_was_after_every_commit(void **state)
{
	/* dropped in commit 4, back in 5, unchanged in 6 */
	static const int64_t units[] = {500, 600, -1, 700, 700, 800};
	struct little_store *fixture = *state;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		commit_one(fixture, june, 10 + (int64_t)i, units[i], 2000);
	assert_int_equal(units_then(fixture, 1), -1);
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		assert_int_equal(units_then(fixture, 2 + i), units[i]);
}

static void a_cell_is_seen_as_it_was_after_every_commit(void **state)
{
	struct little_store *fixture = *state;
	for (int64_t i = 0; i < 5; i++)
		commit_one(fixture, june, 10 + i, 1, 2000);
	commit_one(fixture, july, 77, 1, 2000);
	assert_int_equal(beds_then(fixture, june, 1), -1);
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(beds_then(fixture, june, 2 + i), 10 + i);
	assert_int_equal(beds_then(fixture, july, 6), -1);
	assert_int_equal(beds_then(fixture, july, 7), 77);
}

static void extents_and_the_summary_go_back_too(void **state)
{
	struct little_store *fixture = *state;
	struct extent extent;
	struct store_summary summary;
	uint32_t id = fixture->catalogue->statistics[BEDS].id;
	commit_one(fixture, june, 10, 1, 2000);
	commit_one(fixture, july, 11, 1, 2000);
	struct snapshot *snapshot = go_back(fixture, 1);
	assert_int_equal(snapshot_extent(snapshot, id, &extent), SNAPSHOT_NOTHING);
	snapshot_close(snapshot);
	snapshot = go_back(fixture, 2);
	assert_int_equal(snapshot_extent(snapshot, id, &extent), 0);
	assert_int_equal(extent.last_day, period_last_day(june));
	assert_int_equal(snapshot_summary(snapshot, &summary), 0);
	assert_int_equal(summary.commit, 2);
	assert_int_equal(summary.observations, 1);
	snapshot_close(snapshot);
	snapshot = go_back(fixture, 3);
	assert_int_equal(snapshot_extent(snapshot, id, &extent), 0);
	assert_int_equal(extent.last_day, period_last_day(july));
	snapshot_close(snapshot);
}

static uint64_t commit_at(struct little_store *fixture, int64_t wall_ms)
{
	struct snapshot *snapshot;
	struct moment moment = {.commit = 0};
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	int result = snapshot_find_time(snapshot, wall_ms, &moment);
	snapshot_close(snapshot);
	assert_int_equal(result, moment.commit == 0 ? SNAPSHOT_NOTHING : 0);
	return moment.commit;
}

static void a_time_of_day_finds_the_newest_commit_by_then(void **state)
{
	struct little_store *fixture = *state; /* commit 1 at 1000 */
	commit_one(fixture, june, 1, 1, 2000);
	commit_one(fixture, june, 2, 1, 3000);
	commit_one(fixture, june, 3, 1, 500); /* the clock went back: counted as 3000 */
	commit_one(fixture, june, 4, 1, 4000);
	assert_int_equal(commit_at(fixture, 999), 0);
	assert_int_equal(commit_at(fixture, 1000), 1);
	assert_int_equal(commit_at(fixture, 2999), 2);
	assert_int_equal(commit_at(fixture, 3000), 4);
	assert_int_equal(commit_at(fixture, 3999), 4);
	assert_int_equal(commit_at(fixture, INT64_MAX), 5);
}

static void a_commit_that_is_not_there_is_nothing(void **state)
{
	struct little_store *fixture = *state;
	struct snapshot *snapshot;
	struct moment moment;
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	assert_int_equal(snapshot_find_commit(snapshot, 0, &moment), SNAPSHOT_NOTHING);
	assert_int_equal(snapshot_find_commit(snapshot, 2, &moment), SNAPSHOT_NOTHING);
	assert_int_equal(snapshot_find_commit(snapshot, UINT64_MAX, &moment), SNAPSHOT_NOTHING);
	snapshot_close(snapshot);
}

static const char *catalogue_then(struct little_store *fixture, uint64_t commit, char text[32])
{
	struct snapshot *snapshot = go_back(fixture, commit);
	uint8_t hash[STORE_HASH_SIZE];
	const void *bytes;
	size_t size;
	assert_int_equal(snapshot_catalogue(snapshot, &bytes, &size, hash), 0);
	memcpy(text, bytes, size);
	text[size] = '\0';
	snapshot_close(snapshot);
	return text;
}

static void the_catalogue_in_force_is_known_for_every_commit(void **state)
{
	struct little_store *fixture = *state;
	char text[32];
	commit_one(fixture, june, 1, 1, 2000);
	adopt_catalogue(fixture->store, fixture->catalogue, "two", 3000);
	commit_one(fixture, june, 2, 1, 4000);
	assert_string_equal(catalogue_then(fixture, 1, text), "one");
	assert_string_equal(catalogue_then(fixture, 2, text), "one");
	assert_string_equal(catalogue_then(fixture, 3, text), "two");
	assert_string_equal(catalogue_then(fixture, 4, text), "two");
}

static void a_value_of_a_removed_indicator_is_dropped_but_stays_in_the_past(void **state)
{
	struct little_store *fixture = *state;
	uint32_t id = fixture->catalogue->indicators[BEDS_PER_1000].id;
	struct stored_value value;
	commit_one(fixture, june, 1, 500, 2000);
	fixture->catalogue->indicator_count = 0; /* as if its row were gone */
	adopt_catalogue(fixture->store, fixture->catalogue, "without", 3000);
	fixture->catalogue->indicator_count = 1;
	struct snapshot *now = go_back(fixture, 3);
	assert_int_equal(snapshot_value(now, id, fixture->catalogue->areas[NORTH].id, june, &value),
	                 SNAPSHOT_NOTHING);
	snapshot_close(now);
	assert_int_equal(units_then(fixture, 2), 500);
}

static bool everything_is_reported(void *context, uint32_t statistic)
{
	(void)context;
	(void)statistic;
	return true;
}

static void what_is_stored_keeps_its_meaning(void **state)
{
	struct little_store *fixture = *state;
	char *again = scratch_new(), *text = NULL;
	size_t size;
	struct catalogue *other = little_city_load(again);
	FILE *errors = open_memstream(&text, &size);
	assert_int_equal(
	    catalogue_check_change(fixture->catalogue, other, everything_is_reported, NULL, errors), 0);
	assert_false(catalogue_totals_differ(fixture->catalogue, other));
	other->statistics[BEDS].decimals = 2;
	other->statistics[PEOPLE].frequency = PERIOD_MONTH;
	other->statistics[BIRTHS].level = LEVEL_CITY;
	assert_int_equal(
	    catalogue_check_change(fixture->catalogue, other, everything_is_reported, NULL, errors),
	    CATALOGUE_REFUSED);
	fclose(errors);
	assert_non_null(strstr(text, "statistic 'beds': decimals was 0 and would be 2"));
	assert_non_null(strstr(text, "statistic 'people': frequency was A and would be M"));
	assert_non_null(strstr(text, "statistic 'births': level was district and would be city"));
	free(text);
	catalogue_free(other);
	scratch_free(again);
}

#define PAST_TEST(name) cmocka_unit_test_setup_teardown(name, little_store_set_up, little_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PAST_TEST(a_value_is_seen_as_it_was_after_every_commit),
	    PAST_TEST(a_cell_is_seen_as_it_was_after_every_commit),
	    PAST_TEST(extents_and_the_summary_go_back_too),
	    PAST_TEST(a_time_of_day_finds_the_newest_commit_by_then),
	    PAST_TEST(a_commit_that_is_not_there_is_nothing),
	    PAST_TEST(the_catalogue_in_force_is_known_for_every_commit),
	    PAST_TEST(a_value_of_a_removed_indicator_is_dropped_but_stays_in_the_past),
	    PAST_TEST(what_is_stored_keeps_its_meaning),
	};
	return cmocka_run_group_tests_name("store_past", tests, NULL, NULL);
}
