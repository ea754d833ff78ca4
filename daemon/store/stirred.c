#include "daemon/store/stirred.h"

#include "daemon/store/write_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct db_key kind_key(enum stirred_kind kind)
{
	struct db_key key = {.size = 0};
	db_key_add_u8(&key, (uint8_t)kind);
	return key;
}

/* ---- rows ---- */

/* Whether it counts as in: see alert/due.h. */
static bool is_in(uint64_t origin, char status)
{
	return origin != 0 && status != 'O';
}

int write_note_stirred(struct write *write, const struct observation *observation, struct slot_record before)
{
	const struct stirred_row row = {.period = observation->period.code,
	                                .row = write->catalogue->areas[observation->area].id / CELLS_PER_ROW};
	const struct stirred_row *last =
	    write->stirred_count > 0 ? &write->stirred[write->stirred_count - 1] : NULL;
	if (is_in(before.origin, slot_status(before)) == is_in(1, observation->status) ||
	    (last && last->period == row.period && last->row == row.row))
		return 0;
	int result = write_grow((void **)&write->stirred, write->stirred_count, &write->stirred_capacity,
	                        sizeof *write->stirred);
	if (result == 0)
		write->stirred[write->stirred_count++] = row;
	return result;
}

static int compare_rows(const void *left, const void *right)
{
	const struct stirred_row *a = left, *b = right;
	if (a->period != b->period)
		return a->period < b->period ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

static struct db_key row_key(const struct stirred_row *row)
{
	struct db_key key = kind_key(STIRRED_ROW);
	db_key_add_u32(&key, row->period);
	db_key_add_u32(&key, row->row);
	return key;
}

/* Most of them have been marked by somebody else already. */
static int mark_row(struct write *write, const struct stirred_row *row)
{
	const struct db_key key = row_key(row);
	struct db_value there;
	int result = db_get(write->txn, TABLE_STIRRED, &key, &there);
	if (result == DB_ABSENT)
		db_put(write->txn, TABLE_STIRRED, &key, "", 0);
	return result < 0 ? result : db_failure(write->txn);
}

int write_apply_stirred(struct write *write)
{
	int result = 0;
	if (write->stirred_count > 0)
		qsort(write->stirred, write->stirred_count, sizeof *write->stirred, compare_rows);
	for (size_t i = 0; i < write->stirred_count && result == 0; i++)
		if (i == 0 || compare_rows(&write->stirred[i - 1], &write->stirred[i]) != 0)
			result = mark_row(write, &write->stirred[i]);
	write->stirred_count = 0;
	return result;
}

struct row_walk {
	int (*each)(void *context, struct period period, uint32_t row);
	void *context;
};

static int take_row(void *context, const struct db_key *key, struct db_value stored)
{
	const struct row_walk *walk = context;
	size_t offset = 1;
	if (key->size != 1 + 2 * sizeof(uint32_t) || stored.size != 0)
		return FAULT_CORRUPT;
	const struct period period = {.code = db_key_take_u32(key, &offset)};
	return walk->each(walk->context, period, db_key_take_u32(key, &offset));
}

int write_walk_stirred(struct write *write, int (*each)(void *context, struct period period, uint32_t row),
                       void *context)
{
	struct row_walk walk = {.each = each, .context = context};
	const struct db_key from = kind_key(STIRRED_ROW);
	return db_walk(write->txn, TABLE_STIRRED, &from, from.size, take_row, &walk);
}

/* ---- forgetting: keys first, because a walk must not write ---- */

struct keys {
	struct db_key *key;
	size_t count, capacity;
	bool (*is_there)(void *context, uint32_t reporter_id); /* NULL: none is spared */
	void *context;
};

static int take_key(void *context, const struct db_key *key, struct db_value stored)
{
	struct keys *keys = context;
	size_t offset = 1;
	(void)stored;
	if (keys->is_there && key->size == 1 + sizeof(uint32_t) &&
	    keys->is_there(keys->context, db_key_take_u32(key, &offset)))
		return 0;
	int result = write_grow((void **)&keys->key, keys->count, &keys->capacity, sizeof *keys->key);
	if (result == 0)
		keys->key[keys->count++] = *key;
	return result;
}

static int forget(struct write *write, enum stirred_kind kind, struct keys *keys)
{
	const struct db_key from = kind_key(kind);
	int result = db_walk(write->txn, TABLE_STIRRED, &from, from.size, take_key, keys);
	for (size_t i = 0; i < keys->count && result == 0; i++)
		db_delete(write->txn, TABLE_STIRRED, &keys->key[i]);
	free(keys->key);
	return result == 0 ? db_failure(write->txn) : result;
}

int write_forget_stirred(struct write *write)
{
	struct keys keys = {.count = 0};
	return forget(write, STIRRED_ROW, &keys);
}

int write_forget_duties(struct write *write, bool (*is_there)(void *context, uint32_t reporter_id),
                        void *context)
{
	struct keys keys = {.is_there = is_there, .context = context};
	return forget(write, STIRRED_DUTIES, &keys);
}

/* ---- the last look, and duties ---- */

int write_looked(struct write *write, struct looked *ret_looked)
{
	const struct db_key key = kind_key(STIRRED_LOOKED);
	struct looked_record record = {.day = INT32_MIN};
	int result = layout_read(write->txn, TABLE_STIRRED, &key, &record, sizeof record);
	if (result < 0)
		return result;
	*ret_looked = (struct looked){.day = record.day, .catalogue = record.catalogue};
	memcpy(ret_looked->calendar, record.calendar, STORE_HASH_SIZE);
	return 0;
}

int write_put_looked(struct write *write, const struct looked *looked)
{
	const struct db_key key = kind_key(STIRRED_LOOKED);
	struct looked_record record = {.catalogue = looked->catalogue, .day = looked->day};
	memcpy(record.calendar, looked->calendar, STORE_HASH_SIZE);
	db_put(write->txn, TABLE_STIRRED, &key, &record, sizeof record);
	return db_failure(write->txn);
}

int write_catalogue_entry(struct write *write, uint64_t *ret_entry)
{
	struct catalogue_record record = {.entry = 0};
	int result = store_read_catalogue(write->txn, UINT64_MAX, &record);
	if (result < 0)
		return result;
	*ret_entry = record.entry;
	return 0;
}

static struct db_key duties_key(uint32_t reporter_id)
{
	struct db_key key = kind_key(STIRRED_DUTIES);
	db_key_add_u32(&key, reporter_id);
	return key;
}

int write_duties(struct write *write, uint32_t reporter_id, uint8_t ret_hash[STORE_HASH_SIZE])
{
	const struct db_key key = duties_key(reporter_id);
	memset(ret_hash, 0, STORE_HASH_SIZE);
	int result = layout_read(write->txn, TABLE_STIRRED, &key, ret_hash, STORE_HASH_SIZE);
	return result == DB_ABSENT ? 0 : result;
}

int write_put_duties(struct write *write, uint32_t reporter_id, const uint8_t hash[STORE_HASH_SIZE])
{
	const struct db_key key = duties_key(reporter_id);
	db_put(write->txn, TABLE_STIRRED, &key, hash, STORE_HASH_SIZE);
	return db_failure(write->txn);
}
