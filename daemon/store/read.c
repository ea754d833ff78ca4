#include "daemon/store/internal.h"
#include "daemon/store/rows.h"
#include "daemon/store/store.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct snapshot {
	struct store *store;
	struct db_txn *txn;
	struct rows rows;
	char name[CODE_LENGTH_MAX + 1]; /* of the last snapshot_reporter_code */
};

int snapshot_open(struct store *store, struct snapshot **ret_snapshot)
{
	struct snapshot *snapshot = calloc(1, sizeof *snapshot);
	if (!snapshot)
		return -ENOMEM;
	snapshot->store = store;
	int result = db_begin_read(store->db, &snapshot->txn);
	if (result != 0) {
		free(snapshot);
		return result;
	}
	rows_init(&snapshot->rows, snapshot->txn);
	*ret_snapshot = snapshot;
	return 0;
}

void snapshot_close(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	rows_done(&snapshot->rows);
	db_abort(snapshot->txn);
	free(snapshot);
}

struct cell_source snapshot_cells(struct snapshot *snapshot)
{
	return rows_source(&snapshot->rows);
}

int snapshot_summary(struct snapshot *snapshot, struct store_summary *ret_summary)
{
	struct head_record head;
	int result = store_read_head(snapshot->txn, &head);
	if (result != 0)
		return result;
	struct db_size size = db_size(snapshot->store->db);
	*ret_summary = (struct store_summary){
	    .commit = head.commit,
	    .entries = head.journal.entry,
	    .observations = head.observations,
	    .revisions = head.revisions,
	    .values = head.values,
	    .refused = head.refused,
	    .map_bytes = size.map_bytes,
	    .used_bytes = size.used_bytes,
	};
	memcpy(ret_summary->head, head.journal.chain, STORE_HASH_SIZE);
	return 0;
}

int snapshot_extent(struct snapshot *snapshot, uint32_t statistic_id, struct extent *ret_extent)
{
	struct db_key key = layout_id_key(statistic_id);
	int result = layout_read(snapshot->txn, TABLE_EXTENTS, &key, ret_extent, sizeof *ret_extent);
	return result == DB_ABSENT ? (int)SNAPSHOT_NOTHING : result;
}

/* ---- values ---- */

static int decode_value(struct db_value stored, struct stored_value *ret_value)
{
	struct value_record record;
	if (stored.size < sizeof record)
		return FAULT_CORRUPT;
	memcpy(&record, stored.bytes, sizeof record);
	size_t listed = (size_t)record.listed_missing + record.listed_carried;
	const size_t most = sizeof ret_value->missing / sizeof *ret_value->missing;
	if (stored.size != sizeof record + listed * sizeof(uint32_t) || record.listed_missing > most ||
	    record.listed_carried > most)
		return FAULT_CORRUPT;
	*ret_value = (struct stored_value){
	    .state = record.state,
	    .units = record.units,
	    .status = (char)record.status,
	    .reported = record.reported,
	    .expected = record.expected,
	    .commit = record.commit,
	    .missing_count = record.missing_count,
	    .carried_count = record.carried_count,
	};
	const char *ids = (const char *)stored.bytes + sizeof record;
	memcpy(ret_value->missing, ids, record.listed_missing * sizeof(uint32_t));
	memcpy(ret_value->carried, ids + record.listed_missing * sizeof(uint32_t),
	       record.listed_carried * sizeof(uint32_t));
	return 0;
}

int snapshot_value(struct snapshot *snapshot, uint32_t indicator_id, uint32_t area_id, struct period period,
                   struct stored_value *ret_value)
{
	struct db_key key = layout_values_key(indicator_id, area_id, period);
	struct db_value stored;
	int result = db_get(snapshot->txn, TABLE_VALUES, &key, &stored);
	if (result != 0)
		return result == DB_ABSENT ? (int)SNAPSHOT_NOTHING : result;
	return decode_value(stored, ret_value);
}

struct value_walk {
	uint32_t last_code;
	int (*each)(void *context, struct period period, const struct stored_value *value);
	void *context;
	int answer; /* of `each` */
};

/* Stops db_walk; whether at the last period or by an answer of `each` is in the walk. */
enum { WALK_IS_OVER = 1 };

static int walk_value(void *context, const struct db_key *key, struct db_value stored)
{
	struct value_walk *walk = context;
	size_t offset = 2 * sizeof(uint32_t);
	struct period period = {.code = db_key_take_u32(key, &offset)};
	struct stored_value value;
	if (period.code > walk->last_code)
		return WALK_IS_OVER;
	int result = decode_value(stored, &value);
	if (result != 0)
		return result;
	walk->answer = walk->each(walk->context, period, &value);
	return walk->answer != 0 ? (int)WALK_IS_OVER : 0;
}

int snapshot_walk_values(struct snapshot *snapshot, uint32_t indicator_id, uint32_t area_id,
                         struct period from, struct period to,
                         int (*each)(void *context, struct period period, const struct stored_value *value),
                         void *context)
{
	struct value_walk walk = {.last_code = to.code, .each = each, .context = context};
	struct db_key key = layout_values_key(indicator_id, area_id, from);
	int result = db_walk(snapshot->txn, TABLE_VALUES, &key, 2 * sizeof(uint32_t), walk_value, &walk);
	return result == WALK_IS_OVER ? walk.answer : result;
}

/* ---- revisions ---- */

struct revision_list {
	struct revision *revisions;
	size_t count, capacity;
};

static int append_revision(struct revision_list *list, struct revision revision)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 8;
		struct revision *grown = realloc(list->revisions, capacity * sizeof *grown);
		if (!grown)
			return -ENOMEM;
		list->revisions = grown;
		list->capacity = capacity;
	}
	list->revisions[list->count++] = revision;
	return 0;
}

static int take_revision(void *context, const struct db_key *key, struct db_value stored)
{
	struct revision_record record;
	size_t offset = 3 * sizeof(uint32_t);
	if (stored.size != sizeof record)
		return FAULT_CORRUPT;
	memcpy(&record, stored.bytes, sizeof record);
	return append_revision(context, (struct revision){.entry = db_key_take_u64(key, &offset),
	                                                  .value = record.value,
	                                                  .status = (char)record.status});
}

static int take_current(struct snapshot *snapshot, uint32_t statistic_id, uint32_t area_id,
                        struct period period, struct revision_list *list)
{
	const struct cell_row *row;
	struct cell_source source = snapshot_cells(snapshot);
	int result = source.row(source.context, statistic_id, period, area_id / CELLS_PER_ROW, &row);
	if (result != 0 || !row)
		return result;
	struct cell cell = row->cell[area_id % CELLS_PER_ROW];
	if (cell.entry == 0)
		return 0;
	return append_revision(list, (struct revision){cell.entry, cell.value, cell.status});
}

int snapshot_revisions(struct snapshot *snapshot, uint32_t statistic_id, uint32_t area_id,
                       struct period period, struct revision **ret_revisions, size_t *ret_count)
{
	struct revision_list list = {.count = 0};
	struct db_key key = layout_revisions_key(statistic_id, period, area_id);
	int result = db_walk(snapshot->txn, TABLE_REVISIONS, &key, key.size, take_revision, &list);
	if (result == 0)
		result = take_current(snapshot, statistic_id, area_id, period, &list);
	if (result != 0) {
		free(list.revisions);
		return result;
	}
	*ret_revisions = list.revisions;
	*ret_count = list.count;
	return 0;
}

/* ---- journal ---- */

int snapshot_entry(struct snapshot *snapshot, uint64_t entry, struct journal_entry *ret_entry)
{
	struct journal_record record;
	const void *payload;
	size_t size;
	int result = journal_read(snapshot->txn, entry, &record, &payload, &size);
	if (result != 0)
		return result == DB_ABSENT ? (int)SNAPSHOT_NOTHING : result;
	*ret_entry = (struct journal_entry){
	    .entry = entry,
	    .commit = record.commit,
	    .wall_ms = record.wall_ms,
	    .reporter_id = record.reporter_id,
	    .sequence = record.sequence,
	    .payload = payload,
	    .payload_size = size,
	};
	memcpy(ret_entry->stream, record.stream, STORE_STREAM_SIZE);
	memcpy(ret_entry->hash, record.payload_hash, STORE_HASH_SIZE);
	return 0;
}

const char *snapshot_reporter_code(struct snapshot *snapshot, uint32_t reporter_id)
{
	struct db_value text;
	if (store_read_name(snapshot->txn, NAME_REPORTER, reporter_id, &text) != 0 ||
	    text.size > CODE_LENGTH_MAX)
		return NULL;
	memcpy(snapshot->name, text.bytes, text.size);
	snapshot->name[text.size] = '\0';
	return snapshot->name;
}

int snapshot_reporter(struct snapshot *snapshot, uint32_t reporter_id, struct reporter_summary *ret_summary)
{
	struct db_key key = layout_id_key(reporter_id);
	struct reporter_record record = {.reports = 0};
	int result = layout_read(snapshot->txn, TABLE_REPORTERS, &key, &record, sizeof record);
	if (result < 0)
		return result;
	*ret_summary =
	    (struct reporter_summary){.reports = record.reports, .last_wall_ms = record.last_wall_ms};
	return 0;
}
