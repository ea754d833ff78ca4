#include "daemon/store/store.h"

#include "daemon/base/log.h"
#include "daemon/store/internal.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int layout_read(struct db_txn *txn, enum table table, const struct db_key *key, void *ret_record, size_t size)
{
	struct db_value value;
	int result = db_get(txn, table, key, &value);
	if (result != 0)
		return result;
	if (value.size != size)
		return FAULT_CORRUPT;
	memcpy(ret_record, value.bytes, size);
	return 0;
}

int store_read_head(struct db_txn *txn, uint64_t commit, struct head_record *ret_head)
{
	struct db_key key = layout_commit_key(commit), found;
	struct db_value value;
	int result = db_get_last(txn, TABLE_COMMITS, &key, 0, &found, &value);
	if (result < 0)
		return result;
	if (result == DB_ABSENT) {
		*ret_head = (struct head_record){.commit = 0};
		return 0;
	}
	if (value.size != sizeof *ret_head)
		return FAULT_CORRUPT;
	memcpy(ret_head, value.bytes, sizeof *ret_head);
	return 0;
}

void store_write_head(struct db_txn *txn, const struct head_record *head)
{
	struct db_key key = layout_commit_key(head->commit);
	db_put(txn, TABLE_COMMITS, &key, head, sizeof *head);
}

int store_read_extent(struct db_txn *txn, uint32_t statistic_id, uint64_t commit, struct extent *ret_extent)
{
	struct db_key statistic = layout_id_key(statistic_id), found;
	struct db_key key = layout_version_key(statistic, commit);
	struct db_value value;
	int result = db_get_last(txn, TABLE_EXTENTS, &key, statistic.size, &found, &value);
	if (result != 0)
		return result;
	if (value.size != sizeof *ret_extent)
		return FAULT_CORRUPT;
	memcpy(ret_extent, value.bytes, sizeof *ret_extent);
	return 0;
}

/* ---- format ---- */

/* Where a first start was cut off nothing has been written yet. */
static int what_no_format_means(struct db_txn *txn)
{
	struct head_record head;
	int result = store_read_head(txn, UINT64_MAX, &head);
	return result != 0 ? result : head.commit == 0 ? -ENOENT : FAULT_CORRUPT;
}

static int check_format(struct db_txn *txn, bool writes)
{
	struct db_key key = layout_text_key("format");
	uint32_t format = STORE_FORMAT;
	int result = layout_read(txn, TABLE_META, &key, &format, sizeof format);
	if (result < 0)
		return result;
	if (result == DB_ABSENT && !writes)
		return what_no_format_means(txn);
	if (result == DB_ABSENT)
		db_put(txn, TABLE_META, &key, &format, sizeof format);
	if (format > STORE_FORMAT) {
		log_event(LOG_LEVEL_ERROR, "store-too-new", "format=%" PRIu32 " known=%d", format,
		          STORE_FORMAT);
		return FAULT_FORMAT;
	}
	return 0;
}

static const char *const tables[TABLE_COUNT] = TABLE_NAMES_ON_DISK;

static int open_to_write(struct store *store)
{
	struct db_txn *txn;
	int result = db_begin_write(store->db, &txn);
	if (result != 0)
		return result;
	result = check_format(txn, true);
	if (result == 0)
		return db_commit(txn);
	db_abort(txn);
	return result;
}

static int open_to_read(struct store *store)
{
	struct db_txn *txn;
	int result = db_begin_read(store->db, &txn);
	if (result != 0)
		return result;
	result = check_format(txn, false);
	db_abort(txn);
	return result;
}

static int open_with(int (*open)(const char *, const char *const[], unsigned, struct db **),
                     int (*finish)(struct store *), const char *path, struct store **ret_store)
{
	struct store *store = calloc(1, sizeof *store);
	if (!store)
		return -ENOMEM;
	int result = open(path, tables, TABLE_COUNT, &store->db);
	if (result == 0)
		result = finish(store);
	if (result != 0)
		store_close(store);
	else
		*ret_store = store;
	return result;
}

int store_open(const char *path, struct store **ret_store)
{
	return open_with(db_open, open_to_write, path, ret_store);
}

int store_open_unsynced(const char *path, struct store **ret_store)
{
	return open_with(db_open_unsynced, open_to_write, path, ret_store);
}

int store_open_reader(const char *path, struct store **ret_store)
{
	return open_with(db_open_reader, open_to_read, path, ret_store);
}

int store_sync(struct store *store)
{
	return db_sync(store->db);
}

int store_make_room(struct store *store, size_t bytes)
{
	return db_make_room(store->db, bytes);
}

struct db *store_db(struct store *store)
{
	return store->db;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	db_close(store->db);
	free(store);
}

/* ---- the disk ---- */

void store_set_reserve(struct store *store, uint64_t bytes)
{
	store->reserve = bytes;
}

/* Whoever notices first says so. */
static void note_disk(struct store *store, const struct store_disk *disk)
{
	if (atomic_exchange(&store->disk_is_low, disk->is_low) == disk->is_low)
		return;
	log_event(disk->is_low ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
	          disk->is_low ? "disk-low" : "disk-has-room",
	          "free_bytes=%" PRIu64 " reserve_bytes=%" PRIu64 " reports=%s", disk->free_bytes,
	          disk->reserve_bytes, disk->is_low ? "refused" : "taken");
}

int store_look_at_disk(struct store *store, struct store_disk *ret_disk)
{
	struct store_disk disk = {.reserve_bytes = store->reserve};
	int result = db_disk_free(store->db, &disk.free_bytes);
	if (result != 0)
		return result;
	uint64_t least = disk.reserve_bytes;
	if (atomic_load(&store->disk_is_low))
		least += least / 8; /* not in and out at every byte */
	disk.is_low = disk.free_bytes < least;
	note_disk(store, &disk);
	*ret_disk = disk;
	return 0;
}

/* ---- names ---- */

static struct db_key name_key(enum name_kind kind, const char *code)
{
	struct db_key key = {.size = 0};
	db_key_add_u8(&key, (uint8_t)kind);
	db_key_add_bytes(&key, code, strlen(code));
	return key;
}

static struct db_key id_key(enum name_kind kind, uint32_t id)
{
	struct db_key key = {.size = 0};
	db_key_add_u8(&key, (uint8_t)kind | 0x80);
	db_key_add_u32(&key, id);
	return key;
}

int store_read_name(struct db_txn *txn, enum name_kind kind, uint32_t id, struct db_value *ret_text)
{
	struct db_key key = id_key(kind, id);
	return db_get(txn, TABLE_NAMES, &key, ret_text);
}

/* ---- ids ---- */

/* A walk over everything in the catalogue that has a permanent id. */
struct binding {
	struct db_txn *txn;
	bool gives;                          /* ids to what has none yet; else that is SNAPSHOT_NOTHING */
	uint32_t highest[NAME_REPORTER + 1]; /* id given so far, per kind */
};

static int read_highest(struct binding *binding)
{
	for (enum name_kind kind = NAME_AREA; kind <= NAME_REPORTER; kind++) {
		struct db_key last = id_key(kind, UINT32_MAX), found;
		struct db_value text;
		size_t offset = 1;
		int result = db_get_last(binding->txn, TABLE_NAMES, &last, 1, &found, &text);
		if (result < 0)
			return result;
		if (result == 0)
			binding->highest[kind] = db_key_take_u32(&found, &offset);
	}
	return 0;
}

static int bind_name(struct binding *binding, enum name_kind kind, const char *code, uint32_t *ret_id)
{
	struct db_key key = name_key(kind, code);
	uint32_t id;
	int result = layout_read(binding->txn, TABLE_NAMES, &key, &id, sizeof id);
	if (result == DB_ABSENT && !binding->gives)
		return SNAPSHOT_NOTHING;
	if (result == DB_ABSENT) {
		id = ++binding->highest[kind];
		struct db_key back = id_key(kind, id);
		db_put(binding->txn, TABLE_NAMES, &key, &id, sizeof id);
		db_put(binding->txn, TABLE_NAMES, &back, code, strlen(code));
		result = db_failure(binding->txn);
	}
	if (result == 0)
		*ret_id = id;
	return result;
}

static int bind_all(struct binding *binding, struct catalogue *catalogue)
{
	int result = 0;
	for (uint32_t i = 0; i < catalogue->area_count && result == 0; i++)
		result = bind_name(binding, NAME_AREA, catalogue->areas[i].code, &catalogue->areas[i].id);
	for (uint32_t i = 0; i < catalogue->statistic_count && result == 0; i++)
		result = bind_name(binding, NAME_STATISTIC, catalogue->statistics[i].code,
		                   &catalogue->statistics[i].id);
	for (uint32_t i = 0; i < catalogue->indicator_count && result == 0; i++)
		result = bind_name(binding, NAME_INDICATOR, catalogue->indicators[i].code,
		                   &catalogue->indicators[i].id);
	for (uint32_t i = 0; i < catalogue->reporter_count && result == 0; i++)
		result = bind_name(binding, NAME_REPORTER, catalogue->reporters[i].code,
		                   &catalogue->reporters[i].id);
	return result;
}

int store_find_ids(struct db_txn *txn, struct catalogue *catalogue)
{
	struct binding binding = {.txn = txn};
	return bind_all(&binding, catalogue);
}

int store_give_ids(struct db_txn *txn, struct catalogue *catalogue)
{
	struct binding binding = {.txn = txn, .gives = true};
	int result = read_highest(&binding);
	return result != 0 ? result : bind_all(&binding, catalogue);
}

int store_read_catalogue(struct db_txn *txn, uint64_t commit, struct catalogue_record *ret_record)
{
	struct db_key key = layout_commit_key(commit), found;
	struct db_value value;
	int result = db_get_last(txn, TABLE_CATALOGUES, &key, 0, &found, &value);
	if (result != 0)
		return result;
	if (value.size != sizeof *ret_record)
		return FAULT_CORRUPT;
	memcpy(ret_record, value.bytes, sizeof *ret_record);
	return 0;
}

int store_bind_catalogue(struct store *store, struct catalogue *catalogue)
{
	struct db_txn *txn;
	int result = db_begin_read(store->db, &txn);
	if (result != 0)
		return result;
	result = store_find_ids(txn, catalogue);
	db_abort(txn);
	if (result == 0)
		store->catalogue = catalogue;
	return result;
}
