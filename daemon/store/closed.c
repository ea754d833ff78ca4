/* What operators did, in the journal; and the periods they closed. */
#include "daemon/store/write_internal.h"
#include "proto/envelope.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct db_key period_key(struct period period)
{
	return layout_id_key(period.code);
}

/* ---- acts ---- */

int write_journal_act(struct write *write, const void *payload, size_t size)
{
	struct journal_record entry = {
	    .commit = write->head.commit, .wall_ms = write->head.wall_ms, .kind = JOURNAL_ACT};
	envelope_hash(payload, size, entry.payload_hash);
	journal_append(write->txn, &write->head.journal, &entry, payload, size);
	write->changed = true;
	return db_failure(write->txn);
}

/* ---- closing ---- */

static int read_newest(struct db_txn *txn, struct period period, uint64_t commit,
                       struct closed_record *ret_record)
{
	struct db_key prefix = period_key(period), found;
	struct db_key key = layout_version_key(prefix, commit);
	struct db_value value;
	int result = db_get_last(txn, TABLE_CLOSED, &key, prefix.size, &found, &value);
	if (result != 0)
		return result;
	if (value.size != sizeof *ret_record)
		return FAULT_CORRUPT;
	memcpy(ret_record, value.bytes, sizeof *ret_record);
	return 0;
}

static int is_closed_itself(struct write *write, struct period period, bool *ret_closed)
{
	struct closed_record record = {.closed = 0};
	int result = read_newest(write->txn, period, UINT64_MAX, &record);
	if (result < 0)
		return result;
	*ret_closed = record.closed != 0;
	return 0;
}

int write_find_closed(struct write *write, struct period period, struct period *ret_closed)
{
	for (enum period_frequency frequency = period_frequency_of(period); frequency >= PERIOD_ANNUAL;
	     frequency--) {
		struct period around = period_containing(period, frequency);
		bool closed;
		int result = is_closed_itself(write, around, &closed);
		if (result != 0)
			return result;
		if (closed) {
			*ret_closed = around;
			return 0;
		}
	}
	return WRITE_OPEN;
}

/* The rows of a report mostly follow one another by period. */
int write_is_closed(struct write *write, struct period native, bool *ret_closed)
{
	struct period around;
	if (db_count(write->txn, TABLE_CLOSED) == 0) {
		*ret_closed = false;
		return db_failure(write->txn);
	}
	if (write->asked.code != native.code) {
		int result = write_find_closed(write, native, &around);
		if (result < 0)
			return result;
		write->asked = native;
		write->asked_is_closed = result == 0;
	}
	*ret_closed = write->asked_is_closed;
	return 0;
}

static int set_closed(struct write *write, struct period period, bool closed)
{
	struct db_key key = layout_version_key(period_key(period), write->head.commit);
	const struct closed_record record = {.entry = write->head.journal.entry, .closed = closed};
	db_put(write->txn, TABLE_CLOSED, &key, &record, sizeof record);
	write->asked.code = 0;
	write->changed = true;
	return db_failure(write->txn);
}

int write_close(struct write *write, struct period period)
{
	return set_closed(write, period, true);
}

int write_reopen(struct write *write, struct period period)
{
	return set_closed(write, period, false);
}

/* ---- all that are closed ---- */

struct closed_list {
	uint64_t commit; /* as it stood after this one */
	struct closed_period *periods;
	size_t count, capacity;
};

/* Versions of one period stand together, oldest first: each takes the place of the one before. */
static int take_version(void *context, const struct db_key *key, struct db_value stored)
{
	struct closed_list *list = context;
	struct closed_record record;
	size_t offset = 0;
	struct period period = {.code = db_key_take_u32(key, &offset)};
	uint64_t commit = db_key_take_u64(key, &offset);
	if (stored.size != sizeof record || !period_is_code(period.code))
		return FAULT_CORRUPT;
	memcpy(&record, stored.bytes, sizeof record);
	if (commit > list->commit)
		return 0;
	if (list->count > 0 && list->periods[list->count - 1].period.code == period.code)
		list->count--;
	if (!record.closed)
		return 0;
	int result = write_grow((void **)&list->periods, list->count, &list->capacity, sizeof *list->periods);
	if (result == 0)
		list->periods[list->count++] =
		    (struct closed_period){.period = period, .entry = record.entry, .commit = commit};
	return result;
}

/* By their first day; of those that begin together, the longer first. */
static int compare_periods(const void *left, const void *right)
{
	const struct closed_period *a = left, *b = right;
	int32_t a_day = period_first_day(a->period), b_day = period_first_day(b->period);
	if (a_day != b_day)
		return a_day < b_day ? -1 : 1;
	return (a->period.code > b->period.code) - (a->period.code < b->period.code);
}

int store_list_closed(struct db_txn *txn, uint64_t commit, struct closed_period **ret_periods,
                      size_t *ret_count)
{
	struct closed_list list = {.commit = commit};
	struct db_key from = {.size = 0};
	int result = db_walk(txn, TABLE_CLOSED, &from, 0, take_version, &list);
	if (result != 0) {
		free(list.periods);
		return result;
	}
	if (list.count > 0)
		qsort(list.periods, list.count, sizeof *list.periods, compare_periods);
	*ret_periods = list.periods;
	*ret_count = list.count;
	return 0;
}
