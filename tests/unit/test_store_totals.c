/* The totals table against a recount of every observation, after random groups of reports. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/base/int128.h"
#include "daemon/store/internal.h"
#include "daemon/store/write.h"
#include "tests/lib/adopt.h"
#include "tests/lib/scratch.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { STATISTICS = 4, PERIODS = 5, AREAS = 40 };

/* What a place should hold. */
struct place {
	bool known;
	int64_t value;
	char status;
};

struct fixture {
	char *folder, *path;
	struct catalogue *catalogue;
	struct store *store;
	uint32_t statistics[STATISTICS]; /* one of each kind */
	uint64_t sequence, random;
	uint64_t places, superseded;
	struct place place[STATISTICS][PERIODS][AREAS];
};

static uint32_t find_kind(const struct catalogue *catalogue, enum statistic_kind kind)
{
	for (uint32_t i = 0; i < catalogue->statistic_count; i++)
		if (catalogue->statistics[i].kind == kind)
			return i;
	return CATALOGUE_NONE;
}

/* The real catalogue: eleven districts, which count towards the city and one of two groups. A kind that it
 * does not use is given to a statistic for the test. */
static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	const char *source = getenv("SUANPAN_SOURCE");
	char *catalogue = scratch_path(source ? source : ".", "config/catalogue");
	fixture->random = 88172645463325252u;
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "store");
	assert_int_equal(catalogue_load(catalogue, stderr, &fixture->catalogue), 0);
	free(catalogue);
	for (int kind = KIND_FLOW; kind <= KIND_LEVEL; kind++) {
		uint32_t found = find_kind(fixture->catalogue, (enum statistic_kind)kind);
		if (found == CATALOGUE_NONE) {
			found = fixture->catalogue->statistic_count - 1;
			fixture->catalogue->statistics[found].kind = (enum statistic_kind)kind;
		}
		fixture->statistics[kind] = found;
	}
	assert_in_range(fixture->catalogue->area_count, 4, AREAS);
	assert_int_equal(store_open(fixture->path, &fixture->store), 0);
	adopt_catalogue(fixture->store, fixture->catalogue, "one", 1000);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	store_close(fixture->store);
	catalogue_free(fixture->catalogue);
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

static uint32_t random_below(struct fixture *fixture, uint32_t limit)
{
	fixture->random ^= fixture->random << 13;
	fixture->random ^= fixture->random >> 7;
	fixture->random ^= fixture->random << 17;
	return (uint32_t)(fixture->random >> 32) % limit;
}

static int64_t random_value(struct fixture *fixture)
{
	switch (random_below(fixture, 6)) {
	case 0:
		return INT64_MIN;
	case 1:
		return INT64_MAX;
	case 2:
		return 0;
	default:
		return (int64_t)random_below(fixture, 2000) - 1000;
	}
}

/* A leaf: only these are reported. */
static uint32_t random_area(struct fixture *fixture)
{
	const struct area_list *districts =
	    &fixture->catalogue->areas[fixture->catalogue->root].inside[LEVEL_DISTRICT];
	return districts->area[random_below(fixture, districts->count)];
}

static struct period period_at(unsigned at)
{
	return period_make(PERIOD_MONTH, 2020 + (int)at, 0);
}

/* One observation, and what the places should hold after it. */
static struct observation random_observation(struct fixture *fixture)
{
	static const char statuses[] = "AAAAPEOLQ";
	unsigned kind = random_below(fixture, STATISTICS), at = random_below(fixture, PERIODS);
	struct observation made = {.statistic = fixture->statistics[kind],
	                           .area = random_area(fixture),
	                           .period = period_at(at),
	                           .status = statuses[random_below(fixture, sizeof statuses - 1)]};
	made.value = status_has_value(made.status) ? random_value(fixture) : 0;
	struct place *place = &fixture->place[kind][at][made.area];
	if (!place->known)
		fixture->places++;
	else if (place->value != made.value || place->status != made.status)
		fixture->superseded++;
	*place = (struct place){true, made.value, made.status};
	return made;
}

/* One commit of some reports of some observations; within a report a place occurs once. */
static void store_group(struct fixture *fixture)
{
	struct observation observations[40];
	size_t count = 1 + random_below(fixture, 40);
	struct write *write;
	assert_int_equal(write_begin(fixture->store, 5000, &write), 0);
	for (size_t i = 0; i < count; i++) {
		uint64_t entry;
		struct accepted_report report = {.name = {.reporter_id = 1, .sequence = ++fixture->sequence},
		                                 .payload = "payload",
		                                 .payload_size = 7,
		                                 .observations = &observations[i],
		                                 .observation_count = 1};
		observations[i] = random_observation(fixture);
		assert_int_equal(write_accept(write, &report, &entry), 0);
	}
	assert_int_equal(write_apply(write), 0);
	assert_int_equal(write_commit(write), 0);
}

static bool counts_towards(const struct catalogue *catalogue, uint32_t area, uint32_t aggregate)
{
	const struct area *whole = &catalogue->areas[aggregate];
	for (int level = 0; level < LEVEL_COUNT; level++)
		for (uint32_t i = 0; i < whole->inside[level].count; i++)
			if (whole->inside[level].area[i] == area)
				return true;
	return false;
}

/* The slow way: all places of one statistic and period that lie inside the aggregate. */
static void recount(const struct fixture *fixture, unsigned kind, unsigned at, uint32_t aggregate,
                    int128 *ret_sum, uint64_t *ret_count)
{
	*ret_sum = 0;
	*ret_count = 0;
	if (kind == KIND_LEVEL)
		return;
	for (uint32_t area = 0; area < fixture->catalogue->area_count; area++) {
		const struct place *place = &fixture->place[kind][at][area];
		if (place->known && status_has_value(place->status) &&
		    counts_towards(fixture->catalogue, area, aggregate)) {
			*ret_sum += place->value;
			++*ret_count;
		}
	}
}

static void expect_total(const struct fixture *fixture, struct db_txn *txn, unsigned kind, unsigned at,
                         uint32_t aggregate)
{
	struct total_record record = {.count = 0};
	struct db_key key = layout_totals_key(fixture->catalogue->statistics[fixture->statistics[kind]].id,
	                                      period_at(at), fixture->catalogue->areas[aggregate].id);
	int128 sum;
	uint64_t count;
	assert_in_range(layout_read(txn, TABLE_TOTALS, &key, &record, sizeof record), 0, DB_ABSENT);
	recount(fixture, kind, at, aggregate, &sum, &count);
	assert_int_equal(record.count, count);
	assert_true(record.sum_low == (uint64_t)sum);
	assert_true(record.sum_high == (int64_t)(sum >> 64));
}

static void expect_all(const struct fixture *fixture)
{
	struct db_txn *txn;
	struct head_record head;
	assert_int_equal(db_begin_read(fixture->store->db, &txn), 0);
	for (unsigned kind = 0; kind < STATISTICS; kind++)
		for (unsigned at = 0; at < PERIODS; at++)
			for (uint32_t area = 0; area < fixture->catalogue->area_count; area++)
				expect_total(fixture, txn, kind, at, area);
	assert_int_equal(store_read_head(txn, UINT64_MAX, &head), 0);
	assert_int_equal(head.observations, fixture->places);
	assert_int_equal(head.revisions, fixture->superseded);
	assert_int_equal(db_count(txn, TABLE_REVISIONS), fixture->superseded);
	db_abort(txn);
}

static void totals_are_what_a_recount_finds(void **state)
{
	struct fixture *fixture = *state;
	for (int group = 0; group < 60; group++) {
		store_group(fixture);
		expect_all(fixture);
	}
	assert_true(fixture->superseded > 300);
}

/* Eleven times the least and the greatest value there is: far beyond 64 bits, and back to nothing. */
static void totals_hold_the_extremes_of_every_area_at_once(void **state)
{
	static const int64_t values[] = {INT64_MIN, INT64_MAX, -1, 0};
	struct fixture *fixture = *state;
	const struct area_list *districts =
	    &fixture->catalogue->areas[fixture->catalogue->root].inside[LEVEL_DISTRICT];
	for (size_t i = 0; i < 4; i++) {
		struct observation observations[AREAS];
		struct accepted_report report = {.name = {.reporter_id = 1, .sequence = ++fixture->sequence},
		                                 .observations = observations,
		                                 .observation_count = districts->count};
		struct write *write;
		uint64_t entry;
		for (uint32_t j = 0; j < districts->count; j++) {
			observations[j] = (struct observation){.statistic = fixture->statistics[KIND_FLOW],
			                                       .area = districts->area[j],
			                                       .period = period_at(0),
			                                       .status = i == 3 ? 'O' : 'A',
			                                       .value = values[i]};
			fixture->place[KIND_FLOW][0][districts->area[j]] =
			    (struct place){true, values[i], i == 3 ? 'O' : 'A'};
		}
		fixture->places = districts->count;
		fixture->superseded = i * districts->count;
		assert_int_equal(write_begin(fixture->store, 5000, &write), 0);
		assert_int_equal(write_accept(write, &report, &entry), 0);
		assert_int_equal(write_apply(write), 0);
		assert_int_equal(write_commit(write), 0);
		expect_all(fixture);
	}
}

#define TOTALS_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TOTALS_TEST(totals_are_what_a_recount_finds),
	    TOTALS_TEST(totals_hold_the_extremes_of_every_area_at_once),
	};
	return cmocka_run_group_tests_name("store_totals", tests, NULL, NULL);
}
