#include "daemon/store/read_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- moments ---- */

static struct moment moment_of(const struct head_record *head)
{
	return (struct moment){
	    .commit = head->commit, .entry = head->journal.entry, .wall_ms = head->wall_ms};
}

static int find_newest(struct snapshot *snapshot)
{
	struct head_record head;
	int result = store_read_head(snapshot->txn, UINT64_MAX, &head);
	if (result == 0)
		snapshot->moment = moment_of(&head);
	return result;
}

int snapshot_find_commit(struct snapshot *snapshot, uint64_t commit, struct moment *ret_moment)
{
	struct head_record head;
	int result = store_read_head(snapshot->txn, commit, &head);
	if (result != 0)
		return result;
	if (commit == 0 || head.commit != commit)
		return SNAPSHOT_NOTHING;
	*ret_moment = moment_of(&head);
	return 0;
}

/* Commits are numbered without gaps and their times never fall, so halving finds the newest one in time. */
int snapshot_find_time(struct snapshot *snapshot, int64_t wall_ms, struct moment *ret_moment)
{
	uint64_t low = 0, high = snapshot->moment.commit;
	struct head_record head = {.commit = 0}, found = {.commit = 0};
	while (low < high) {
		uint64_t middle = low + (high - low + 1) / 2;
		int result = store_read_head(snapshot->txn, middle, &head);
		if (result != 0)
			return result;
		if (head.wall_ms <= wall_ms) {
			low = middle;
			found = head;
		} else {
			high = middle - 1;
		}
	}
	if (found.commit == 0)
		return SNAPSHOT_NOTHING;
	*ret_moment = moment_of(&found);
	return 0;
}

int snapshot_began(struct snapshot *snapshot, int64_t *ret_wall_ms)
{
	struct head_record first;
	int result = store_read_head(snapshot->txn, 1, &first);
	if (result == 0)
		*ret_wall_ms = first.wall_ms;
	return result;
}

void snapshot_go_back(struct snapshot *snapshot, const struct moment *moment)
{
	snapshot->past = moment->commit < snapshot->moment.commit;
	snapshot->moment = *moment;
	if (snapshot->past)
		rows_go_back(&snapshot->rows, moment->entry);
}

int snapshot_catalogue(struct snapshot *snapshot, const void **ret_bytes, size_t *ret_size,
                       uint8_t ret_hash[STORE_HASH_SIZE])
{
	struct catalogue_record record;
	struct journal_record entry;
	int result = store_read_catalogue(snapshot->txn, snapshot->moment.commit, &record);
	if (result == 0)
		result = journal_read(snapshot->txn, record.entry, &entry, ret_bytes, ret_size);
	if (result == 0)
		memcpy(ret_hash, record.hash, STORE_HASH_SIZE);
	return result == DB_ABSENT ? (int)SNAPSHOT_NOTHING : result;
}

int snapshot_bind_catalogue(struct snapshot *snapshot, struct catalogue *catalogue)
{
	return store_find_ids(snapshot->txn, catalogue);
}

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
	result = find_newest(snapshot);
	if (result != 0) {
		snapshot_close(snapshot);
		return result;
	}
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

int snapshot_failure(const struct snapshot *snapshot)
{
	return db_failure(snapshot->txn);
}

struct cell_source snapshot_cells(struct snapshot *snapshot)
{
	return rows_source(&snapshot->rows);
}

struct arrivals snapshot_arrivals(struct snapshot *snapshot)
{
	return rows_arrivals(&snapshot->rows);
}

int snapshot_summary(struct snapshot *snapshot, struct store_summary *ret_summary)
{
	struct head_record head;
	int result = store_read_head(snapshot->txn, snapshot->moment.commit, &head);
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
	    .recomputed = head.recomputed,
	    .recomputed_in_all = head.recomputed_in_all,
	    .changed = head.changed,
	};
	memcpy(ret_summary->head, head.journal.chain, STORE_HASH_SIZE);
	return 0;
}

int snapshot_extent(struct snapshot *snapshot, uint32_t statistic_id, struct extent *ret_extent)
{
	int result = store_read_extent(snapshot->txn, statistic_id, snapshot->moment.commit, ret_extent);
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

/* As it stood at the moment: what is kept now, if that is not newer, else the newest superseded one that is not. An empty
 * one says that nothing was kept from its commit on. */
static int value_then(struct snapshot *snapshot, const struct db_key *key, struct stored_value *ret_value)
{
	struct db_key version = layout_version_key(*key, snapshot->moment.commit), found;
	struct db_value stored;
	int result = db_get_last(snapshot->txn, TABLE_PAST_VALUES, &version, key->size, &found, &stored);
	if (result == DB_ABSENT || (result == 0 && stored.size == 0))
		return SNAPSHOT_NOTHING;
	return result != 0 ? result : decode_value(stored, ret_value);
}

static int value_at(struct snapshot *snapshot, const struct db_key *key, struct stored_value *ret_value)
{
	struct db_value stored;
	struct stored_value value;
	int result = db_get(snapshot->txn, TABLE_VALUES, key, &stored);
	if (result == 0)
		result = decode_value(stored, &value);
	if (result < 0)
		return result;
	if (result == 0 && value.commit <= snapshot->moment.commit) {
		*ret_value = value;
		return 0;
	}
	return snapshot->past ? value_then(snapshot, key, ret_value) : (int)SNAPSHOT_NOTHING;
}

int snapshot_value(struct snapshot *snapshot, uint32_t indicator_id, uint32_t area_id, struct period period,
                   struct stored_value *ret_value)
{
	struct db_key key = layout_values_key(indicator_id, area_id, period);
	return value_at(snapshot, &key, ret_value);
}

struct value_walk {
	struct snapshot *snapshot;
	uint32_t last_code;
	uint32_t *codes; /* of the periods that are or were kept, in no order, perhaps twice */
	size_t count, capacity;
};

enum { WALK_IS_OVER = 1 };

static int note_period(void *context, const struct db_key *key, struct db_value stored)
{
	struct value_walk *walk = context;
	size_t offset = 2 * sizeof(uint32_t);
	uint32_t code = db_key_take_u32(key, &offset);
	(void)stored;
	if (code > walk->last_code)
		return WALK_IS_OVER;
	if (walk->count > 0 && walk->codes[walk->count - 1] == code)
		return 0;
	if (walk->count == walk->capacity) {
		size_t capacity = walk->capacity ? walk->capacity * 2 : 64;
		uint32_t *grown = realloc(walk->codes, capacity * sizeof *grown);
		if (!grown)
			return -ENOMEM;
		walk->codes = grown;
		walk->capacity = capacity;
	}
	walk->codes[walk->count++] = code;
	return 0;
}

static int compare_codes(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;
	return (*a > *b) - (*a < *b);
}

static int note_periods(struct value_walk *walk, const struct db_key *from)
{
	const size_t prefix = 2 * sizeof(uint32_t);
	int result = db_walk(walk->snapshot->txn, TABLE_VALUES, from, prefix, note_period, walk);
	if (walk->snapshot->past && (result == 0 || result == WALK_IS_OVER))
		result = db_walk(walk->snapshot->txn, TABLE_PAST_VALUES, from, prefix, note_period, walk);
	if (walk->count > 0)
		qsort(walk->codes, walk->count, sizeof *walk->codes, compare_codes);
	return result == WALK_IS_OVER ? 0 : result;
}

int snapshot_walk_values(struct snapshot *snapshot, uint32_t indicator_id, uint32_t area_id,
                         struct period from, struct period to,
                         int (*each)(void *context, struct period period, const struct stored_value *value),
                         void *context)
{
	struct value_walk walk = {.snapshot = snapshot, .last_code = to.code};
	struct db_key first = layout_values_key(indicator_id, area_id, from);
	int result = note_periods(&walk, &first);
	for (size_t i = 0; i < walk.count && result == 0; i++) {
		struct period period = {.code = walk.codes[i]};
		struct stored_value value;
		if (i > 0 && walk.codes[i - 1] == walk.codes[i])
			continue;
		result = snapshot_value(snapshot, indicator_id, area_id, period, &value);
		result = result == SNAPSHOT_NOTHING ? 0
		         : result != 0              ? result
		                                    : each(context, period, &value);
	}
	free(walk.codes);
	return result;
}

/* ---- revisions ---- */

struct revision_list {
	uint64_t last_entry; /* of the moment */
	struct revision *revisions;
	size_t count, capacity;
};

static int append_revision(struct revision_list *list, struct revision revision)
{
	if (revision.entry > list->last_entry)
		return 0;
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
	struct row_record row;
	struct db_key key = layout_cells_key(statistic_id, period, area_id / CELLS_PER_ROW);
	int result = layout_read(snapshot->txn, TABLE_CELLS, &key, &row, sizeof row);
	if (result != 0)
		return result == DB_ABSENT ? 0 : result;
	struct slot_record slot = row.slot[area_id % CELLS_PER_ROW];
	if (slot.origin == 0)
		return 0;
	return append_revision(list, (struct revision){slot_entry(slot), slot.value, slot_status(slot)});
}

int snapshot_revisions(struct snapshot *snapshot, uint32_t statistic_id, uint32_t area_id,
                       struct period period, struct revision **ret_revisions, size_t *ret_count)
{
	struct revision_list list = {.last_entry = snapshot->moment.entry};
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

/* ---- closed periods ---- */

int snapshot_closed(struct snapshot *snapshot, struct closed_period **ret_periods, size_t *ret_count)
{
	return store_list_closed(snapshot->txn, snapshot->moment.commit, ret_periods, ret_count);
}

/* ---- journal ---- */

int snapshot_record(struct snapshot *snapshot, uint64_t entry, struct journal_record *ret_record,
                    const void **ret_payload, size_t *ret_size)
{
	int result = journal_read(snapshot->txn, entry, ret_record, ret_payload, ret_size);
	return result == DB_ABSENT ? (int)SNAPSHOT_NOTHING : result;
}

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

/* ---- streams ---- */

struct stream_list {
	struct snapshot *snapshot;
	struct stream_summary *streams;
	size_t count, capacity;
};

static int read_decision_time(struct snapshot *snapshot, const struct decision_record *decision,
                              uint64_t *ret_entry, int64_t *ret_wall_ms)
{
	struct head_record head;
	int result = store_read_head(snapshot->txn, decision->commit, &head);
	if (result != 0)
		return result;
	if (head.commit != decision->commit)
		return FAULT_CORRUPT;
	*ret_entry = decision->entry;
	*ret_wall_ms = head.wall_ms;
	return 0;
}

static int take_first_decision(void *context, const struct db_key *key, struct db_value stored)
{
	struct decision_record *decision = context;
	(void)key;
	if (stored.size != sizeof *decision)
		return FAULT_CORRUPT;
	memcpy(decision, stored.bytes, sizeof *decision);
	return WALK_IS_OVER;
}

static int read_stream_times(struct snapshot *snapshot, struct stream_summary *stream)
{
	struct decision_record first = {.commit = 0}, last = {.commit = 0};
	struct db_key key = layout_stream_key(stream->reporter_id, stream->stream);
	int result = db_walk(snapshot->txn, TABLE_DECISIONS, &key, key.size, take_first_decision, &first);
	if (result != WALK_IS_OVER)
		return result < 0 ? result : FAULT_CORRUPT;
	key = layout_decision_key(stream->reporter_id, stream->stream, stream->last_sequence);
	result = layout_read(snapshot->txn, TABLE_DECISIONS, &key, &last, sizeof last);
	if (result != 0)
		return result < 0 ? result : FAULT_CORRUPT;
	result = read_decision_time(snapshot, &first, &stream->first_entry, &stream->first_wall_ms);
	if (result == 0)
		result = read_decision_time(snapshot, &last, &stream->last_entry, &stream->last_wall_ms);
	return result;
}

static int append_stream(struct stream_list *list, const struct stream_summary *stream)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 16;
		struct stream_summary *grown = realloc(list->streams, capacity * sizeof *grown);
		if (!grown)
			return -ENOMEM;
		list->streams = grown;
		list->capacity = capacity;
	}
	list->streams[list->count++] = *stream;
	return 0;
}

static int take_stream(void *context, const struct db_key *key, struct db_value stored)
{
	struct stream_list *list = context;
	struct stream_record record;
	struct stream_summary stream = {.reporter_id = 0};
	size_t offset = 0;
	if (stored.size != sizeof record || key->size != sizeof(uint32_t) + STORE_STREAM_SIZE)
		return FAULT_CORRUPT;
	memcpy(&record, stored.bytes, sizeof record);
	stream.reporter_id = db_key_take_u32(key, &offset);
	memcpy(stream.stream, key->bytes + offset, STORE_STREAM_SIZE);
	stream.last_sequence = record.last_sequence;
	stream.gaps = record.gaps;
	int result = read_stream_times(list->snapshot, &stream);
	return result != 0 ? result : append_stream(list, &stream);
}

static int compare_streams(const void *left, const void *right)
{
	const struct stream_summary *a = left, *b = right;
	if (a->reporter_id != b->reporter_id)
		return a->reporter_id < b->reporter_id ? -1 : 1;
	return (a->first_entry > b->first_entry) - (a->first_entry < b->first_entry);
}

int snapshot_streams(struct snapshot *snapshot, struct stream_summary **ret_streams, size_t *ret_count)
{
	struct stream_list list = {.snapshot = snapshot};
	struct db_key from = {.size = 0};
	int result = db_walk(snapshot->txn, TABLE_STREAMS, &from, 0, take_stream, &list);
	if (result != 0) {
		free(list.streams);
		return result;
	}
	if (list.count > 0)
		qsort(list.streams, list.count, sizeof *list.streams, compare_streams);
	*ret_streams = list.streams;
	*ret_count = list.count;
	return 0;
}
