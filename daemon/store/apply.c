/* Observations into cells, revisions, totals and extents, for a whole group at once.
 *
 * Locality decides speed: the group is sorted first, each row of 32 cells is read and put once, and totals
 * are collected over the group and put once per (statistic, period, aggregate). */
#include "daemon/base/int128.h"
#include "daemon/store/write_internal.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct total_change {
	uint32_t statistic_id, period, area_id;
	int32_t count;
	int128 sum;
};

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* By place, then by the order they were accepted in, so that the last one wins. The pending array is in that
 * order, and entries ascend with it; within one report a place occurs once. */
static int compare_pending(const void *left, const void *right, void *context)
{
	const struct catalogue *catalogue = context;
	const struct pending *a = left, *b = right;
	const struct observation *x = a->observation, *y = b->observation;
	if (x->statistic != y->statistic)
		return compare_u64(x->statistic, y->statistic);
	if (x->period.code != y->period.code)
		return compare_u64(x->period.code, y->period.code);
	if (x->area != y->area)
		return compare_u64(catalogue->areas[x->area].id, catalogue->areas[y->area].id);
	return compare_u64(a->entry, b->entry);
}

static void sort_pending(struct write *write)
{
	void *catalogue = (void *)(uintptr_t)write->catalogue; /* qsort_r has no const */
	for (size_t i = 1; i < write->pending_count; i++)
		if (compare_pending(&write->pending[i - 1], &write->pending[i], catalogue) > 0) {
			qsort_r(write->pending, write->pending_count, sizeof *write->pending, compare_pending,
			        catalogue);
			return;
		}
}

/* ---- what a changed cell means elsewhere ---- */

static int note_touched(struct write *write, const struct observation *observation)
{
	if (write->touched_count > 0) {
		const struct touched *last = &write->touched[write->touched_count - 1];
		if (last->statistic == observation->statistic && last->area == observation->area &&
		    last->period.code == observation->period.code)
			return 0;
	}
	int result = write_grow((void **)&write->touched, write->touched_count, &write->touched_capacity,
	                        sizeof *write->touched);
	if (result == 0)
		write->touched[write->touched_count++] =
		    (struct touched){observation->statistic, observation->area, observation->period};
	return result;
}

static bool is_place_of(const struct observation *observation, uint32_t statistic, uint32_t area,
                        struct period period)
{
	return observation->statistic == statistic && observation->area == area &&
	       observation->period.code == period.code;
}

/* The last word of a write counts: what an earlier report of the group had questioned at this place is forgotten. */
static int note_questioned(struct write *write, const struct pending *pending)
{
	const struct observation *observation = pending->observation;
	if (write->questioned_count > 0) {
		const struct questioned *last = &write->questioned[write->questioned_count - 1];
		if (is_place_of(observation, last->statistic, last->area, last->period))
			write->questioned_count--;
	}
	if (observation->question == 0)
		return 0;
	int result = write_grow((void **)&write->questioned, write->questioned_count,
	                        &write->questioned_capacity, sizeof *write->questioned);
	if (result == 0)
		write->questioned[write->questioned_count++] =
		    (struct questioned){.statistic = observation->statistic,
		                        .area = observation->area,
		                        .period = observation->period,
		                        .rule = observation->question,
		                        .entry = pending->entry};
	return result;
}

static int note_settled(struct write *write, const struct observation *observation, struct slot_record before)
{
	bool is_there = false;
	if (write->settled_count > 0) {
		const struct touched *last = &write->settled[write->settled_count - 1];
		is_there = is_place_of(observation, last->statistic, last->area, last->period);
	}
	if (is_there && observation->status == 'V')
		write->settled_count--;
	if (is_there || observation->status == 'V' || before.origin == 0 || slot_status(before) != 'V')
		return 0;
	int result = write_grow((void **)&write->settled, write->settled_count, &write->settled_capacity,
	                        sizeof *write->settled);
	if (result == 0)
		write->settled[write->settled_count++] =
		    (struct touched){observation->statistic, observation->area, observation->period};
	return result;
}

int write_note_totals(struct write *write, const struct observation *observation, struct slot_record before)
{
	const struct catalogue *catalogue = write->catalogue;
	const struct statistic *statistic = &catalogue->statistics[observation->statistic];
	if (statistic->kind == KIND_LEVEL)
		return 0; /* levels do not add up */
	bool had = before.origin != 0 && status_has_value(slot_status(before));
	bool has = status_has_value(observation->status);
	struct total_change change = {
	    .statistic_id = statistic->id,
	    .period = observation->period.code,
	    .count = (int32_t)has - (int32_t)had,
	    .sum = (has ? (int128)observation->value : 0) - (had ? (int128)before.value : 0),
	};
	if (change.count == 0 && change.sum == 0)
		return 0;
	const struct area_list *aggregates = &catalogue->areas[observation->area].counts_towards;
	for (uint32_t i = 0; i < aggregates->count; i++) {
		int result = write_grow((void **)&write->changes, write->change_count,
		                        &write->change_capacity, sizeof *write->changes);
		if (result != 0)
			return result;
		change.area_id = catalogue->areas[aggregates->area[i]].id;
		write->changes[write->change_count++] = change;
	}
	return 0;
}

static void keep_revision(struct write *write, const struct observation *observation,
                          struct slot_record before)
{
	const struct catalogue *catalogue = write->catalogue;
	struct revision_record record = {.value = before.value, .status = (uint64_t)slot_status(before)};
	struct db_key key = layout_revisions_key(catalogue->statistics[observation->statistic].id,
	                                         observation->period, catalogue->areas[observation->area].id);
	db_key_add_u64(&key, slot_entry(before));
	db_put(write->txn, TABLE_REVISIONS, &key, &record, sizeof record);
	write->head.revisions++;
}

/* ---- cells ---- */

static int apply_one(struct write *write, const struct pending *pending, struct slot_record *slot,
                     bool *changed)
{
	const struct observation *observation = pending->observation;
	struct slot_record before = *slot;
	if (before.origin != 0 && before.value == observation->value &&
	    slot_status(before) == observation->status)
		return 0;
	if (before.origin != 0)
		keep_revision(write, observation, before);
	else
		write->head.observations++;
	*slot = (struct slot_record){
	    .value = observation->value,
	    .origin = pending->entry << 8 | (uint8_t)observation->status,
	};
	*changed = true;
	int result = note_touched(write, observation);
	if (result == 0)
		result = write_note_stirred(write, observation, before);
	if (result == 0)
		result = note_questioned(write, pending);
	if (result == 0)
		result = note_settled(write, observation, before);
	return result != 0 ? result : write_note_totals(write, observation, before);
}

static uint32_t area_id_of(const struct write *write, const struct pending *pending)
{
	return write->catalogue->areas[pending->observation->area].id;
}

static bool same_row(const struct write *write, const struct pending *a, const struct pending *b)
{
	return a->observation->statistic == b->observation->statistic &&
	       a->observation->period.code == b->observation->period.code &&
	       area_id_of(write, a) / CELLS_PER_ROW == area_id_of(write, b) / CELLS_PER_ROW;
}

/* Applies the run of pending observations from `first` that fall in one row; *ret_next is the first after it.
 */
static int apply_row(struct write *write, size_t first, size_t *ret_next)
{
	const struct pending *start = &write->pending[first];
	struct row_record row = {.slot = {{.value = 0}}};
	struct db_key key =
	    layout_cells_key(write->catalogue->statistics[start->observation->statistic].id,
	                     start->observation->period, area_id_of(write, start) / CELLS_PER_ROW);
	int result = layout_read(write->txn, TABLE_CELLS, &key, &row, sizeof row);
	if (result < 0)
		return result;
	bool changed = false;
	size_t i = first;
	result = 0;
	for (; i < write->pending_count && same_row(write, start, &write->pending[i]) && result == 0; i++) {
		const struct pending *pending = &write->pending[i];
		result = apply_one(write, pending, &row.slot[area_id_of(write, pending) % CELLS_PER_ROW],
		                   &changed);
	}
	if (result == 0 && changed)
		db_put(write->txn, TABLE_CELLS, &key, &row, sizeof row);
	*ret_next = i;
	return result;
}

/* ---- totals ---- */

static int compare_changes(const void *left, const void *right)
{
	const struct total_change *a = left, *b = right;
	if (a->statistic_id != b->statistic_id)
		return compare_u64(a->statistic_id, b->statistic_id);
	if (a->period != b->period)
		return compare_u64(a->period, b->period);
	return compare_u64(a->area_id, b->area_id);
}

static int put_total(struct write *write, const struct total_change *change)
{
	struct total_record record = {.count = 0};
	struct db_key key =
	    layout_totals_key(change->statistic_id, (struct period){change->period}, change->area_id);
	int result = layout_read(write->txn, TABLE_TOTALS, &key, &record, sizeof record);
	if (result < 0)
		return result;
	/* 2^32 areas of 2^63 each stay far below 2^127. */
	int128 sum = record.sum_high * ((int128)1 << 64) + record.sum_low + change->sum;
	record.sum_low = (uint64_t)sum;
	record.sum_high = (int64_t)(sum >> 64);
	record.count += (uint64_t)(int64_t)change->count;
	db_put(write->txn, TABLE_TOTALS, &key, &record, sizeof record);
	return db_failure(write->txn);
}

int write_apply_totals(struct write *write)
{
	if (write->change_count > 0)
		qsort(write->changes, write->change_count, sizeof *write->changes, compare_changes);
	for (size_t i = 0; i < write->change_count;) {
		struct total_change sum = write->changes[i];
		for (i++; i < write->change_count && compare_changes(&sum, &write->changes[i]) == 0; i++) {
			sum.count += write->changes[i].count;
			sum.sum += write->changes[i].sum;
		}
		int result = put_total(write, &sum);
		if (result != 0)
			return result;
	}
	write->change_count = 0;
	return 0;
}

/* ---- extents ---- */

static int widen_extent(struct write *write, uint32_t statistic, int32_t first_day, int32_t last_day)
{
	uint32_t id = write->catalogue->statistics[statistic].id;
	struct extent extent;
	struct extent_move move = {.statistic = statistic, .last_day_before = INT32_MIN};
	int result = store_read_extent(write->txn, id, UINT64_MAX, &extent);
	if (result < 0)
		return result;
	if (result == DB_ABSENT)
		extent = (struct extent){first_day, last_day};
	else
		move.last_day_before = extent.last_day;
	bool new = result == DB_ABSENT || first_day < extent.first_day || last_day > extent.last_day;
	extent.first_day = first_day < extent.first_day ? first_day : extent.first_day;
	extent.last_day = last_day > extent.last_day ? last_day : extent.last_day;
	move.last_day_now = extent.last_day;
	struct db_key key = layout_version_key(layout_id_key(id), write->head.commit);
	if (new)
		db_put(write->txn, TABLE_EXTENTS, &key, &extent, sizeof extent);
	result = write_grow((void **)&write->moves, write->move_count, &write->move_capacity,
	                    sizeof *write->moves);
	if (result == 0)
		write->moves[write->move_count++] = move;
	return result;
}

/* Touched observations are sorted by statistic and period, so the ends of each run of a statistic are its
 * extent. */
static int apply_extents(struct write *write)
{
	for (size_t i = 0; i < write->touched_count;) {
		size_t last = i;
		while (last + 1 < write->touched_count &&
		       write->touched[last + 1].statistic == write->touched[i].statistic)
			last++;
		int result = widen_extent(write, write->touched[i].statistic,
		                          period_first_day(write->touched[i].period),
		                          period_last_day(write->touched[last].period));
		if (result != 0)
			return result;
		i = last + 1;
	}
	return 0;
}

int write_apply(struct write *write)
{
	int result = db_failure(write->txn);
	sort_pending(write);
	for (size_t next = 0; next < write->pending_count && result == 0;)
		result = apply_row(write, next, &next);
	if (result == 0)
		result = write_apply_totals(write);
	if (result == 0)
		result = apply_extents(write);
	if (result == 0)
		result = write_apply_stirred(write);
	rows_forget(&write->rows);
	return result != 0 ? result : db_failure(write->txn);
}

const struct touched *write_touched(const struct write *write, size_t *ret_count)
{
	*ret_count = write->touched_count;
	return write->touched;
}

const struct questioned *write_questioned(const struct write *write, size_t *ret_count)
{
	*ret_count = write->questioned_count;
	return write->questioned;
}

const struct touched *write_settled(const struct write *write, size_t *ret_count)
{
	*ret_count = write->settled_count;
	return write->settled;
}

const struct extent_move *write_extent_moves(const struct write *write, size_t *ret_count)
{
	*ret_count = write->move_count;
	return write->moves;
}

int write_extent(struct write *write, uint32_t statistic, struct extent *ret_extent)
{
	uint32_t id = write->catalogue->statistics[statistic].id;
	int result = store_read_extent(write->txn, id, UINT64_MAX, ret_extent);
	return result == DB_ABSENT ? (int)SNAPSHOT_NOTHING : result;
}

struct cell_source write_cells(struct write *write)
{
	return rows_source(&write->rows);
}

struct arrivals write_arrivals(struct write *write)
{
	return rows_arrivals(&write->rows);
}
