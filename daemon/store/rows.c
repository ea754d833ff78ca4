#include "daemon/store/rows.h"

#include "daemon/store/layout.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_START 256

struct rows_entry {
	uint32_t statistic_id, period, number;
	bool used;
	struct cell_row *row; /* NULL: known to be absent */
};

void rows_init(struct rows *rows, struct db_txn *txn)
{
	*rows = (struct rows){.txn = txn, .last_entry = UINT64_MAX};
}

void rows_forget(struct rows *rows)
{
	for (size_t i = 0; i < rows->capacity; i++)
		if (rows->table[i].used)
			free(rows->table[i].row);
	free(rows->table);
	rows->table = NULL;
	rows->capacity = rows->count = 0;
}

void rows_go_back(struct rows *rows, uint64_t last_entry)
{
	rows->last_entry = last_entry;
}

void rows_done(struct rows *rows)
{
	rows_forget(rows);
}

static size_t hash_of(uint32_t statistic_id, uint32_t period, uint32_t number)
{
	uint64_t mixed = ((uint64_t)statistic_id << 32 | period) * 0x9e3779b97f4a7c15u;
	mixed ^= (mixed >> 29) + (uint64_t)number * 0xbf58476d1ce4e5b9u;
	return (size_t)(mixed ^ mixed >> 32);
}

static struct rows_entry *find_place(struct rows_entry *table, size_t capacity, uint32_t statistic_id,
                                     uint32_t period, uint32_t number)
{
	size_t at = hash_of(statistic_id, period, number) & (capacity - 1);
	while (table[at].used && (table[at].statistic_id != statistic_id || table[at].period != period ||
	                          table[at].number != number))
		at = (at + 1) & (capacity - 1);
	return &table[at];
}

static int grow(struct rows *rows)
{
	size_t capacity = rows->capacity ? rows->capacity * 2 : CAPACITY_START;
	struct rows_entry *table = calloc(capacity, sizeof *table);
	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < rows->capacity; i++) {
		const struct rows_entry *old = &rows->table[i];
		if (old->used)
			*find_place(table, capacity, old->statistic_id, old->period, old->number) = *old;
	}
	free(rows->table);
	rows->table = table;
	rows->capacity = capacity;
	return 0;
}

static struct cell cell_of(struct slot_record slot)
{
	if (slot.origin == 0)
		return (struct cell){.entry = 0};
	return (struct cell){.value = slot.value, .entry = slot_entry(slot), .status = slot_status(slot)};
}

/* A cell that is newer than the moment: the newest superseded one that is not. */
static int cell_then(struct rows *rows, uint32_t statistic_id, struct period period, uint32_t area_id,
                     struct cell *ret_cell)
{
	struct db_key key = layout_revisions_key(statistic_id, period, area_id), found;
	struct db_value stored;
	struct revision_record record;
	size_t prefix = key.size, offset = prefix;
	db_key_add_u64(&key, rows->last_entry);
	int result = db_get_last(rows->txn, TABLE_REVISIONS, &key, prefix, &found, &stored);
	*ret_cell = (struct cell){.entry = 0};
	if (result != 0)
		return result == DB_ABSENT ? 0 : result;
	if (stored.size != sizeof record)
		return FAULT_CORRUPT;
	memcpy(&record, stored.bytes, sizeof record);
	*ret_cell = (struct cell){
	    .value = record.value, .entry = db_key_take_u64(&found, &offset), .status = (char)record.status};
	return 0;
}

static int fill_row(struct rows *rows, uint32_t statistic_id, struct period period, uint32_t number,
                    const struct row_record *record, struct cell_row *ret_row)
{
	int result = 0;
	for (uint32_t i = 0; i < CELLS_PER_ROW && result == 0; i++) {
		ret_row->cell[i] = cell_of(record->slot[i]);
		if (ret_row->cell[i].entry > rows->last_entry)
			result = cell_then(rows, statistic_id, period, number * CELLS_PER_ROW + i,
			                   &ret_row->cell[i]);
	}
	return result;
}

static int read_row(struct rows *rows, uint32_t statistic_id, struct period period, uint32_t number,
                    struct cell_row **ret_row)
{
	struct row_record record;
	struct db_key key = layout_cells_key(statistic_id, period, number);
	*ret_row = NULL;
	int result = layout_read(rows->txn, TABLE_CELLS, &key, &record, sizeof record);
	if (result != 0)
		return result == DB_ABSENT ? 0 : result;
	struct cell_row *row = malloc(sizeof *row);
	if (!row)
		return -ENOMEM;
	result = fill_row(rows, statistic_id, period, number, &record, row);
	if (result != 0) {
		free(row);
		return result;
	}
	*ret_row = row;
	return 0;
}

static int find_row(void *context, uint32_t statistic_id, struct period period, uint32_t number,
                    const struct cell_row **ret_row)
{
	struct rows *rows = context;
	if (rows->count * 2 >= rows->capacity) {
		int fault = grow(rows);
		if (fault < 0)
			return fault;
	}
	struct rows_entry *place = find_place(rows->table, rows->capacity, statistic_id, period.code, number);
	if (!place->used) {
		struct cell_row *row;
		int fault = read_row(rows, statistic_id, period, number, &row);
		if (fault < 0)
			return fault;
		*place = (struct rows_entry){statistic_id, period.code, number, true, row};
		rows->count++;
	}
	*ret_row = place->row;
	return 0;
}

struct cell_source rows_source(struct rows *rows)
{
	return (struct cell_source){.context = rows, .row = find_row};
}

/* ---- who is in ---- */

struct arrival_walk {
	struct rows *rows;
	uint32_t statistic_id;
	struct period period;
	uint64_t *bits;
	uint32_t ids;
};

static int note_arrival(const struct arrival_walk *walk, uint32_t area_id, struct slot_record slot)
{
	struct cell cell = cell_of(slot);
	if (area_id >= walk->ids || cell.entry == 0)
		return 0;
	if (cell.entry > walk->rows->last_entry) {
		int result = cell_then(walk->rows, walk->statistic_id, walk->period, area_id, &cell);
		if (result != 0)
			return result;
	}
	if (cell.entry != 0 && cell.status != 'O')
		walk->bits[area_id / 64] |= (uint64_t)1 << area_id % 64;
	return 0;
}

static int note_arrivals(void *context, const struct db_key *key, struct db_value stored)
{
	const struct arrival_walk *walk = context;
	struct row_record record;
	size_t offset = 2 * sizeof(uint32_t);
	const uint32_t number = db_key_take_u32(key, &offset);
	int result = 0;
	if (stored.size != sizeof record)
		return FAULT_CORRUPT;
	memcpy(&record, stored.bytes, sizeof record);
	for (uint32_t i = 0; i < CELLS_PER_ROW && result == 0; i++)
		result = note_arrival(walk, number * CELLS_PER_ROW + i, record.slot[i]);
	return result;
}

static int find_arrivals(void *context, uint32_t statistic_id, struct period period, uint64_t *bits,
                         uint32_t ids)
{
	struct rows *rows = context;
	struct arrival_walk walk = {rows, statistic_id, period, bits, ids};
	const struct db_key first = layout_cells_key(statistic_id, period, 0);
	return db_walk(rows->txn, TABLE_CELLS, &first, 2 * sizeof(uint32_t), note_arrivals, &walk);
}

/* Totals are those of now. */
static int count_arrivals(void *context, uint32_t statistic_id, struct period period, uint32_t area_id,
                          uint64_t *ret_count)
{
	const struct rows *rows = context;
	const struct db_key key = layout_totals_key(statistic_id, period, area_id);
	struct total_record record = {.count = 0};
	if (rows->last_entry == UINT64_MAX) {
		int result = layout_read(rows->txn, TABLE_TOTALS, &key, &record, sizeof record);
		if (result < 0)
			return result;
	}
	*ret_count = record.count;
	return 0;
}

struct arrivals rows_arrivals(struct rows *rows)
{
	return (struct arrivals){.context = rows, .count = count_arrivals, .find = find_arrivals};
}
