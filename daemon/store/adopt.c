/* A catalogue comes into force: ids for what is new, and nothing kept for what is no more. */
#include "daemon/store/write_internal.h"
#include "proto/envelope.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Totals are flushed when this many changes wait, so that a large store does not need the memory of all of them. */
#define CHANGES_AT_ONCE 200000

/* From permanent ids to indexes; CATALOGUE_NONE: no longer in the catalogue. */
struct id_map {
	uint32_t *index;
	uint32_t count;
};

static int note_id(struct id_map *map, uint32_t id, uint32_t index)
{
	if (id >= map->count) {
		uint32_t count = id + 64;
		uint32_t *grown = realloc(map->index, count * sizeof *grown);
		if (!grown)
			return -ENOMEM;
		for (uint32_t i = map->count; i < count; i++)
			grown[i] = CATALOGUE_NONE;
		map->index = grown;
		map->count = count;
	}
	map->index[id] = index;
	return 0;
}

static uint32_t index_of(const struct id_map *map, uint32_t id)
{
	return id < map->count ? map->index[id] : CATALOGUE_NONE;
}

struct id_maps {
	struct id_map areas, statistics, indicators;
};

static int fill_maps(const struct catalogue *catalogue, struct id_maps *maps)
{
	int result = 0;
	for (uint32_t i = 0; i < catalogue->area_count && result == 0; i++)
		result = note_id(&maps->areas, catalogue->areas[i].id, i);
	for (uint32_t i = 0; i < catalogue->statistic_count && result == 0; i++)
		result = note_id(&maps->statistics, catalogue->statistics[i].id, i);
	for (uint32_t i = 0; i < catalogue->indicator_count && result == 0; i++)
		result = note_id(&maps->indicators, catalogue->indicators[i].id, i);
	return result;
}

static void free_maps(struct id_maps *maps)
{
	free(maps->areas.index);
	free(maps->statistics.index);
	free(maps->indicators.index);
}

/* ---- values of what is no more ---- */

struct dropping {
	const struct catalogue *catalogue;
	const struct id_maps *maps;
	struct db_key *keys;
	size_t count, capacity;
};

static bool is_still_computed(const struct dropping *dropping, const struct db_key *key)
{
	size_t offset = 0;
	uint32_t indicator = index_of(&dropping->maps->indicators, db_key_take_u32(key, &offset));
	uint32_t area = index_of(&dropping->maps->areas, db_key_take_u32(key, &offset));
	struct period period = {.code = db_key_take_u32(key, &offset)};
	return indicator != CATALOGUE_NONE && area != CATALOGUE_NONE &&
	       period_frequency_of(period) <= dropping->catalogue->indicators[indicator].frequency;
}

static int note_foreign(void *context, const struct db_key *key, struct db_value stored)
{
	struct dropping *dropping = context;
	(void)stored;
	if (is_still_computed(dropping, key))
		return 0;
	int result = write_grow((void **)&dropping->keys, dropping->count, &dropping->capacity,
	                        sizeof *dropping->keys);
	if (result == 0)
		dropping->keys[dropping->count++] = *key;
	return result;
}

static int drop_foreign_values(struct write *write, const struct id_maps *maps)
{
	struct dropping dropping = {.catalogue = write->catalogue, .maps = maps};
	struct db_key from = {.size = 0};
	int result = db_walk(write->txn, TABLE_VALUES, &from, 0, note_foreign, &dropping);
	for (size_t i = 0; i < dropping.count && result == 0; i++)
		result = write_drop_value(write, &dropping.keys[i]);
	free(dropping.keys);
	return result;
}

/* ---- totals, anew ---- */

struct recount {
	struct write *write;
	const struct id_maps *maps;
	struct db_key next; /* where to go on after a flush */
};

enum { RECOUNT_FLUSH = 1 };

static int recount_row(void *context, const struct db_key *key, struct db_value stored)
{
	struct recount *recount = context;
	struct row_record row;
	size_t offset = 0;
	uint32_t statistic = index_of(&recount->maps->statistics, db_key_take_u32(key, &offset));
	struct period period = {.code = db_key_take_u32(key, &offset)};
	uint32_t first_id = db_key_take_u32(key, &offset) * CELLS_PER_ROW;
	if (recount->write->change_count > CHANGES_AT_ONCE) {
		recount->next = *key;
		return RECOUNT_FLUSH;
	}
	if (stored.size != sizeof row)
		return FAULT_CORRUPT;
	memcpy(&row, stored.bytes, sizeof row);
	int result = 0;
	for (uint32_t i = 0; i < CELLS_PER_ROW && result == 0; i++) {
		uint32_t area = index_of(&recount->maps->areas, first_id + i);
		if (statistic == CATALOGUE_NONE || area == CATALOGUE_NONE || row.slot[i].origin == 0)
			continue;
		struct observation observation = {.statistic = statistic,
		                                  .area = area,
		                                  .period = period,
		                                  .status = slot_status(row.slot[i]),
		                                  .value = row.slot[i].value};
		result = write_note_totals(recount->write, &observation, (struct slot_record){.origin = 0});
	}
	return result;
}

static int rebuild_totals(struct write *write, const struct id_maps *maps)
{
	struct recount recount = {.write = write, .maps = maps};
	int result = RECOUNT_FLUSH;
	db_clear(write->txn, TABLE_TOTALS);
	while (result == RECOUNT_FLUSH) {
		result = db_walk(write->txn, TABLE_CELLS, &recount.next, 0, recount_row, &recount);
		if (result >= 0) {
			int flushed = write_apply_totals(write);
			result = flushed != 0 ? flushed : result;
		}
	}
	return result;
}

/* ---- the whole ---- */

static void journal_catalogue(struct write *write, const void *files, size_t size)
{
	struct journal_record entry = {
	    .commit = write->head.commit, .wall_ms = write->head.wall_ms, .kind = JOURNAL_CATALOGUE};
	struct catalogue_record record;
	struct db_key key = layout_commit_key(write->head.commit);
	envelope_hash(files, size, entry.payload_hash);
	journal_append(write->txn, &write->head.journal, &entry, files, size);
	record.entry = write->head.journal.entry;
	memcpy(record.hash, entry.payload_hash, sizeof record.hash);
	db_put(write->txn, TABLE_CATALOGUES, &key, &record, sizeof record);
	write->changed = true;
}

int write_adopt_catalogue(struct write *write, struct catalogue *catalogue, const void *files, size_t size,
                          bool areas_differ)
{
	struct id_maps maps = {.areas = {.count = 0}};
	journal_catalogue(write, files, size);
	int result = store_give_ids(write->txn, catalogue);
	if (result == 0)
		result = fill_maps(catalogue, &maps);
	if (result == 0) {
		write->catalogue = catalogue;
		result = drop_foreign_values(write, &maps);
	}
	if (result == 0 && areas_differ)
		result = rebuild_totals(write, &maps);
	free_maps(&maps);
	return result != 0 ? result : db_failure(write->txn);
}

int write_adopt_keys(struct write *write, struct catalogue *catalogue, const void *files, size_t size)
{
	journal_catalogue(write, files, size);
	int result = store_give_ids(write->txn, catalogue);
	write->catalogue = catalogue;
	return result != 0 ? result : db_failure(write->txn);
}
