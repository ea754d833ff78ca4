#include "daemon/store/store.h"

#include "daemon/base/log.h"
#include "daemon/store/internal.h"
#include "proto/envelope.h"
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

int store_read_head(struct db_txn *txn, struct head_record *ret_head)
{
	struct db_key key = layout_text_key("head");
	struct head_record head;
	int result = layout_read(txn, TABLE_META, &key, &head, sizeof head);
	if (result < 0)
		return result;
	*ret_head = result == DB_ABSENT ? (struct head_record){.commit = 0} : head;
	return 0;
}

void store_write_head(struct db_txn *txn, const struct head_record *head)
{
	struct db_key key = layout_text_key("head");
	db_put(txn, TABLE_META, &key, head, sizeof *head);
}

/* ---- format ---- */

static int check_format(struct db_txn *txn)
{
	struct db_key key = layout_text_key("format");
	uint32_t format = STORE_FORMAT;
	int result = layout_read(txn, TABLE_META, &key, &format, sizeof format);
	if (result < 0)
		return result;
	if (result == DB_ABSENT)
		db_put(txn, TABLE_META, &key, &format, sizeof format);
	if (format > STORE_FORMAT) {
		log_event(LOG_LEVEL_ERROR, "store-too-new", "format=%" PRIu32 " known=%d", format,
		          STORE_FORMAT);
		return FAULT_FORMAT;
	}
	return 0;
}

int store_open(const char *path, struct store **ret_store)
{
	static const char *const tables[TABLE_COUNT] = TABLE_NAMES_ON_DISK;
	struct store *store = calloc(1, sizeof *store);
	struct db_txn *txn;
	if (!store)
		return -ENOMEM;
	int result = db_open(path, tables, TABLE_COUNT, &store->db);
	if (result == 0)
		result = db_begin_write(store->db, &txn);
	if (result != 0)
		goto out;
	result = check_format(txn);
	if (result != 0) {
		db_abort(txn);
		goto out;
	}
	result = db_commit(txn);
out:
	if (result != 0)
		store_close(store);
	else
		*ret_store = store;
	return result;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	db_close(store->db);
	free(store->area_of_id);
	free(store->statistic_of_id);
	free(store);
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

/* New names of one binding, on their way into the journal. */
struct binding {
	struct db_txn *txn;
	FILE *lines;
	uint32_t highest[NAME_REPORTER + 1]; /* id given so far, per kind */
	uint32_t given;                      /* in this binding */
};

static int count_id(void *context, const struct db_key *key, struct db_value value)
{
	(void)value;
	size_t offset = 1;
	*(uint32_t *)context = db_key_take_u32(key, &offset);
	return 0;
}

static int read_highest(struct binding *binding)
{
	for (enum name_kind kind = NAME_AREA; kind <= NAME_REPORTER; kind++) {
		struct db_key from = id_key(kind, 0);
		int result = db_walk(binding->txn, TABLE_NAMES, &from, 1, count_id, &binding->highest[kind]);
		if (result != 0)
			return result;
	}
	return 0;
}

static int bind_name(struct binding *binding, enum name_kind kind, const char *code, uint32_t *ret_id)
{
	struct db_key key = name_key(kind, code);
	uint32_t id;
	int result = layout_read(binding->txn, TABLE_NAMES, &key, &id, sizeof id);
	if (result == DB_ABSENT) {
		id = ++binding->highest[kind];
		binding->given++;
		struct db_key back = id_key(kind, id);
		db_put(binding->txn, TABLE_NAMES, &key, &id, sizeof id);
		db_put(binding->txn, TABLE_NAMES, &back, code, strlen(code));
		fprintf(binding->lines, "%d %" PRIu32 " %s\n", kind, id, code);
		result = 0;
	}
	if (result == 0)
		*ret_id = id;
	return result;
}

static int bind_all(struct binding *binding, struct catalogue *catalogue)
{
	int result = read_highest(binding);
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

static int journal_names(struct db_txn *txn, const void *lines, size_t size, int64_t wall_ms)
{
	struct head_record head;
	int result = store_read_head(txn, &head);
	if (result != 0)
		return result;
	struct journal_record record = {.commit = ++head.commit, .wall_ms = wall_ms, .kind = JOURNAL_NAMES};
	envelope_hash(lines, size, record.payload_hash);
	journal_append(txn, &head.journal, &record, lines, size);
	store_write_head(txn, &head);
	return db_failure(txn);
}

/* An array from permanent id (0..highest) to index. */
static uint32_t *new_id_map(uint32_t highest)
{
	uint32_t *map = malloc((highest + 1) * sizeof *map);
	for (uint32_t i = 0; map && i <= highest; i++)
		map[i] = CATALOGUE_NONE;
	return map;
}

static int remember_ids(struct store *store, struct catalogue *catalogue, const struct binding *binding)
{
	uint32_t *areas = new_id_map(binding->highest[NAME_AREA]);
	uint32_t *statistics = new_id_map(binding->highest[NAME_STATISTIC]);
	if (!areas || !statistics) {
		free(areas);
		free(statistics);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < catalogue->area_count; i++)
		areas[catalogue->areas[i].id] = i;
	for (uint32_t i = 0; i < catalogue->statistic_count; i++)
		statistics[catalogue->statistics[i].id] = i;
	free(store->area_of_id);
	free(store->statistic_of_id);
	store->area_of_id = areas;
	store->statistic_of_id = statistics;
	store->area_ids = binding->highest[NAME_AREA] + 1;
	store->statistic_ids = binding->highest[NAME_STATISTIC] + 1;
	store->catalogue = catalogue;
	return 0;
}

static int bind_and_commit(struct store *store, struct catalogue *catalogue, struct binding *binding,
                           int64_t wall_ms, char **lines, const size_t *size)
{
	int result = bind_all(binding, catalogue);
	if (result == 0 && fflush(binding->lines) != 0)
		result = -ENOMEM;
	if (result == 0 && binding->given > 0)
		result = journal_names(binding->txn, *lines, *size, wall_ms);
	if (result == 0)
		result = remember_ids(store, catalogue, binding);
	if (result != 0 || binding->given == 0) {
		db_abort(binding->txn);
		return result;
	}
	return db_commit(binding->txn);
}

int store_bind_catalogue(struct store *store, struct catalogue *catalogue, int64_t wall_ms)
{
	struct binding binding = {.given = 0};
	char *lines = NULL;
	size_t size = 0;
	int result = db_begin_write(store->db, &binding.txn);
	if (result != 0)
		return result;
	binding.lines = open_memstream(&lines, &size);
	if (!binding.lines) {
		db_abort(binding.txn);
		return -ENOMEM;
	}
	result = bind_and_commit(store, catalogue, &binding, wall_ms, &lines, &size);
	fclose(binding.lines);
	free(lines);
	return result;
}
