#include "daemon/store/write.h"

#include "daemon/base/log.h"
#include "daemon/store/write_internal.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Left free in the map when a group begins: a group is at most some ten megabytes of pages. */
#define ROOM_FOR_A_GROUP   ((size_t)256 << 20)

#define CLOCK_TOLERANCE_MS 60000

int write_grow(void **array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return 0;
	size_t wanted = *capacity ? *capacity * 2 : 64;
	void *grown = realloc(*array, wanted * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = wanted;
	return 0;
}

/* A clock that went back is worth a word to whoever minds it: until it has caught up all commits bear the same time. */
static void note_clock(struct store *store, int64_t behind_ms)
{
	bool is_behind = behind_ms > CLOCK_TOLERANCE_MS;
	if (is_behind && !store->clock_is_behind)
		log_event(LOG_LEVEL_WARNING, "clock-behind", "behind_ms=%" PRId64 " of='the newest commit'",
		          behind_ms);
	store->clock_is_behind = is_behind;
}

int write_begin(struct store *store, int64_t wall_ms, struct write **ret_write)
{
	struct store_disk disk;
	int result = store_look_at_disk(store, &disk);
	if (result == 0 && disk.is_low)
		result = FAULT_DISK_LOW;
	if (result == 0)
		result = db_make_room(store->db, ROOM_FOR_A_GROUP);
	if (result != 0)
		return result;
	struct write *write = calloc(1, sizeof *write);
	if (!write)
		return -ENOMEM;
	write->store = store;
	write->catalogue = store->catalogue;
	result = db_begin_write(store->db, &write->txn);
	if (result != 0) {
		free(write);
		return result;
	}
	rows_init(&write->rows, write->txn);
	result = store_read_head(write->txn, UINT64_MAX, &write->head);
	if (result != 0) {
		write_abort(write);
		return result;
	}
	write->head.commit++;
	write->head.recomputed = write->head.changed = 0;
	note_clock(store, write->head.wall_ms - wall_ms);
	if (wall_ms > write->head.wall_ms)
		write->head.wall_ms = wall_ms; /* else commits stay in the order of their times */
	*ret_write = write;
	return 0;
}

static void free_write(struct write *write)
{
	rows_done(&write->rows);
	free(write->pending);
	free(write->touched);
	free(write->questioned);
	free(write->settled);
	free(write->moves);
	free(write->changes);
	free(write->stirred);
	free(write->alerts);
	free(write);
}

uint64_t write_commit_number(const struct write *write)
{
	return write->head.commit;
}

uint64_t write_entry_number(const struct write *write)
{
	return write->head.journal.entry;
}

int64_t write_wall_ms(const struct write *write)
{
	return write->head.wall_ms;
}

int write_began(struct write *write, int64_t *ret_wall_ms)
{
	struct head_record first;
	int result = store_read_head(write->txn, 1, &first);
	if (result == 0)
		*ret_wall_ms = first.commit == 0 ? write->head.wall_ms : first.wall_ms;
	return result;
}

bool write_has_changes(const struct write *write)
{
	return write->changed;
}

void write_abort(struct write *write)
{
	if (!write)
		return;
	db_abort(write->txn);
	free_write(write);
}

int write_commit(struct write *write)
{
	store_write_head(write->txn, &write->head);
	int result = db_commit(write->txn);
	if (result == 0)
		write->store->catalogue = write->catalogue;
	free_write(write);
	return result;
}

/* ---- decisions ---- */

int write_find_decision(struct write *write, const struct report_name *name, struct decision *ret_decision)
{
	struct db_key key = layout_decision_key(name->reporter_id, name->stream, name->sequence);
	struct decision_record record;
	int result = layout_read(write->txn, TABLE_DECISIONS, &key, &record, sizeof record);
	if (result != 0)
		return result == DB_ABSENT ? (int)WRITE_UNDECIDED : result;
	ret_decision->accepted = record.accepted != 0;
	ret_decision->commit = record.commit;
	ret_decision->entry = record.entry;
	memcpy(ret_decision->hash, record.hash, STORE_HASH_SIZE);
	return 0;
}

static int read_stream(struct write *write, const struct report_name *name, struct stream_record *ret_stream)
{
	struct db_key key = layout_stream_key(name->reporter_id, name->stream);
	int result = layout_read(write->txn, TABLE_STREAMS, &key, ret_stream, sizeof *ret_stream);
	if (result == DB_ABSENT)
		*ret_stream = (struct stream_record){.last_sequence = 0};
	return result == DB_ABSENT ? 0 : result;
}

int write_last_sequence(struct write *write, const struct report_name *name, uint64_t *ret_sequence)
{
	struct stream_record stream;
	int result = read_stream(write, name, &stream);
	if (result == 0)
		*ret_sequence = stream.last_sequence;
	return result;
}

int write_refusal_answer(struct write *write, uint64_t entry, const void **ret_bytes, size_t *ret_size)
{
	struct db_key key = {.size = 0};
	struct db_value stored;
	uint64_t answer_size;
	db_key_add_u64(&key, entry);
	int result = db_get(write->txn, TABLE_REFUSALS, &key, &stored);
	if (result != 0)
		return result == DB_ABSENT ? (int)WRITE_UNDECIDED : result;
	if (stored.size < sizeof answer_size)
		return FAULT_CORRUPT;
	memcpy(&answer_size, stored.bytes, sizeof answer_size);
	if (answer_size > stored.size - sizeof answer_size)
		return FAULT_CORRUPT;
	*ret_bytes = (const char *)stored.bytes + sizeof answer_size;
	*ret_size = answer_size;
	return 0;
}

/* Uses the sequence up: the journal entry, the decision, the stream's end. */
static int decide(struct write *write, const struct report_name *name, const uint8_t hash[STORE_HASH_SIZE],
                  bool accept, const void *payload, size_t size)
{
	struct journal_record entry = {
	    .commit = write->head.commit,
	    .wall_ms = write->head.wall_ms,
	    .kind = accept ? JOURNAL_ACCEPTED : JOURNAL_REFUSED,
	    .reporter_id = name->reporter_id,
	    .sequence = name->sequence,
	};
	memcpy(entry.stream, name->stream, STORE_STREAM_SIZE);
	memcpy(entry.payload_hash, hash, STORE_HASH_SIZE);
	journal_append(write->txn, &write->head.journal, &entry, payload, size);

	struct decision_record decision = {
	    .commit = write->head.commit, .entry = write->head.journal.entry, .accepted = accept};
	memcpy(decision.hash, hash, STORE_HASH_SIZE);
	struct db_key key = layout_decision_key(name->reporter_id, name->stream, name->sequence);
	db_put(write->txn, TABLE_DECISIONS, &key, &decision, sizeof decision);

	struct stream_record stream;
	int result = read_stream(write, name, &stream);
	if (result != 0)
		return result;
	if (name->sequence > stream.last_sequence + 1)
		stream.gaps += name->sequence - stream.last_sequence - 1;
	stream.last_sequence = name->sequence;
	key = layout_stream_key(name->reporter_id, name->stream);
	db_put(write->txn, TABLE_STREAMS, &key, &stream, sizeof stream);
	write->changed = true;
	return db_failure(write->txn);
}

static int count_report(struct write *write, uint32_t reporter_id)
{
	struct db_key key = layout_id_key(reporter_id);
	struct reporter_record record = {.reports = 0};
	int result = layout_read(write->txn, TABLE_REPORTERS, &key, &record, sizeof record);
	if (result < 0)
		return result;
	record.reports++;
	record.last_wall_ms = write->head.wall_ms;
	db_put(write->txn, TABLE_REPORTERS, &key, &record, sizeof record);
	return db_failure(write->txn);
}

static int queue_observations(struct write *write, const struct accepted_report *report, uint64_t entry)
{
	for (size_t i = 0; i < report->observation_count; i++) {
		int result = write_grow((void **)&write->pending, write->pending_count,
		                        &write->pending_capacity, sizeof *write->pending);
		if (result != 0)
			return result;
		write->pending[write->pending_count++] =
		    (struct pending){.observation = &report->observations[i], .entry = entry};
	}
	return 0;
}

static void keep_warnings(struct write *write, const struct accepted_report *report)
{
	struct db_key key = {.size = 0};
	if (!report->warnings)
		return;
	db_key_add_u64(&key, write->head.journal.entry);
	db_put(write->txn, TABLE_WARNINGS, &key, report->warnings, report->warnings_size);
}

int write_find_warnings(struct write *write, uint64_t entry, const void **ret_bytes, size_t *ret_size)
{
	struct db_key key = {.size = 0};
	struct db_value stored;
	db_key_add_u64(&key, entry);
	int result = db_get(write->txn, TABLE_WARNINGS, &key, &stored);
	if (result != 0)
		return result == DB_ABSENT ? (int)WRITE_UNDECIDED : result;
	*ret_bytes = stored.bytes;
	*ret_size = stored.size;
	return 0;
}

int write_accept(struct write *write, const struct accepted_report *report, uint64_t *ret_entry)
{
	int result = decide(write, &report->name, report->hash, true, report->payload, report->payload_size);
	if (result == 0)
		result = count_report(write, report->name.reporter_id);
	if (result == 0)
		result = queue_observations(write, report, write->head.journal.entry);
	keep_warnings(write, report);
	if (result == 0)
		*ret_entry = write->head.journal.entry;
	return result;
}

/* ---- refusals ---- */

static int first_key(void *context, const struct db_key *key, struct db_value value)
{
	(void)value;
	*(struct db_key *)context = *key;
	return 1;
}

static int drop_oldest_refusal(struct write *write)
{
	struct db_key from = {.size = 0}, oldest = {.size = 0};
	int result = db_walk(write->txn, TABLE_REFUSALS, &from, 0, first_key, &oldest);
	if (result < 0)
		return result;
	if (result == 1)
		db_delete(write->txn, TABLE_REFUSALS, &oldest);
	return db_failure(write->txn);
}

/* The answer's size, the answer, the payload. */
static int keep_refusal(struct write *write, const struct refused_report *report)
{
	uint64_t answer_size = report->answer_size;
	size_t size = sizeof answer_size + report->answer_size;
	char *head = malloc(size);
	if (!head)
		return -ENOMEM;
	memcpy(head, &answer_size, sizeof answer_size);
	memcpy(head + sizeof answer_size, report->answer, report->answer_size);
	struct db_key key = {.size = 0};
	db_key_add_u64(&key, write->head.journal.entry);
	db_put_two(write->txn, TABLE_REFUSALS, &key, head, size, report->payload, report->payload_size);
	free(head);
	if (db_count(write->txn, TABLE_REFUSALS) > REFUSALS_KEPT)
		return drop_oldest_refusal(write);
	return db_failure(write->txn);
}

int write_refuse(struct write *write, const struct refused_report *report, uint64_t *ret_entry)
{
	int result = decide(write, &report->name, report->hash, false, NULL, 0);
	if (result != 0)
		return result;
	write->head.refused++;
	*ret_entry = write->head.journal.entry;
	return report->answer ? keep_refusal(write, report) : 0;
}
