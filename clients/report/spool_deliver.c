/* Delivering: what is pending, and what becomes of it. */
#include "clients/report/spool_internal.h"
#include "daemon/base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* ---- the lock ---- */

/* There is no flock with a time limit, hence the short naps. */
static int take_lock(struct spool *spool, int file, int timeout_ms)
{
	const struct timespec nap = {.tv_nsec = 20000000};
	int64_t deadline = clock_read().monotonic_ms + timeout_ms;
	while (flock(file, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			int fault = -errno;
			sentence_set(spool->why, "cannot lock the spool in %s: %s", spool->path,
			             strerror(-fault));
			return fault;
		}
		if (clock_read().monotonic_ms >= deadline) {
			sentence_set(spool->why, "another suanpan-report is delivering from the spool in %s",
			             spool->path);
			return SPOOL_BUSY;
		}
		nanosleep(&nap, NULL);
	}
	return 0;
}

int spool_lock(struct spool *spool, int timeout_ms)
{
	if (spool->lock >= 0)
		return 0;
	char *path;
	if (asprintf(&path, "%s/delivery.lock", spool->path) < 0)
		return spool_out_of_memory(spool);
	int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int fault = file < 0 ? -errno : 0;
	if (fault)
		sentence_set(spool->why, "cannot open %s: %s", path, strerror(-fault));
	free(path);
	if (fault)
		return fault;
	int answer = take_lock(spool, file, timeout_ms);
	if (answer)
		close(file);
	else
		spool->lock = file;
	return answer;
}

/* ---- listing ---- */

static int list_keys(struct spool *spool, MDB_cursor *cursor, uint64_t last, uint64_t *list, size_t room,
                     size_t *ret_count)
{
	MDB_val key, value;
	size_t count = 0;
	int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	for (; !code && count < room && sequence_of(&key) <= last;
	     code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))
		list[count++] = sequence_of(&key);
	if (code && code != MDB_NOTFOUND)
		return spool_explain(spool, code);
	*ret_count = count;
	return 0;
}

static int list_in(struct spool *spool, MDB_txn *transaction, MDB_dbi table, uint64_t last,
                   uint64_t **ret_sequences, size_t *ret_count)
{
	MDB_stat numbers;
	int code = spool_stat(spool, transaction, table, &numbers);
	if (code)
		return spool_explain(spool, code);
	if (numbers.ms_entries == 0) {
		*ret_sequences = NULL;
		*ret_count = 0;
		return 0;
	}
	uint64_t *list = calloc(numbers.ms_entries, sizeof *list);
	if (!list)
		return spool_out_of_memory(spool);
	MDB_cursor *cursor;
	code = mdb_cursor_open(transaction, table, &cursor);
	int fault = code ? spool_explain(spool, code)
	                 : list_keys(spool, cursor, last, list, numbers.ms_entries, ret_count);
	if (!code)
		mdb_cursor_close(cursor);
	if (fault)
		free(list);
	else
		*ret_sequences = list;
	return fault;
}

static int list_table(struct spool *spool, MDB_dbi table, uint64_t last, uint64_t **ret_sequences,
                      size_t *ret_count)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, MDB_RDONLY, &transaction);
	if (code)
		return spool_explain(spool, code);
	int fault = list_in(spool, transaction, table, last, ret_sequences, ret_count);
	mdb_txn_abort(transaction);
	return fault;
}

int spool_list(struct spool *spool, uint64_t last, uint64_t **ret_sequences, size_t *ret_count)
{
	return list_table(spool, spool->reports, last, ret_sequences, ret_count);
}

int spool_list_kept(struct spool *spool, uint64_t last, uint64_t **ret_sequences, size_t *ret_count)
{
	return list_table(spool, spool->kept, last, ret_sequences, ret_count);
}

/* ---- reading ---- */

int spool_read_from(struct spool *spool, MDB_txn *transaction, MDB_dbi table, uint64_t sequence,
                    struct spool_report **ret_report)
{
	struct sequence_key number;
	MDB_val key = key_of(&number, sequence), value;
	int code = spool_get(spool, transaction, table, &key, &value);
	if (code == MDB_NOTFOUND) {
		sentence_set(spool->why, "the spool in %s holds no report %" PRIu64, spool->path, sequence);
		return SPOOL_NOTHING;
	}
	if (code)
		return code == MDB_CORRUPTED ? spool_damaged_report(spool, sequence)
		                             : spool_explain(spool, code);
	bool kept = table == spool->kept;
	int fault = spool_copy_report(&value, kept ? KEPT_HEAD : 0, ret_report);
	if (fault)
		return fault == -ENOMEM ? spool_out_of_memory(spool) : spool_damaged_report(spool, sequence);
	struct spool_report *report = *ret_report;
	report->sequence = sequence;
	report->kept = kept;
	if (kept) {
		const uint8_t *at = (const uint8_t *)value.mv_data + SEAL_SIZE;
		report->decided_ms = (int64_t)get_u64(&at);
		report->accepted = get_u32(&at) != 0;
	}
	return 0;
}

static int read_report(struct spool *spool, MDB_txn *transaction, uint64_t sequence,
                       struct spool_report **ret_report)
{
	int answer = spool_read_from(spool, transaction, spool->reports, sequence, ret_report);
	return answer == SPOOL_NOTHING
	           ? spool_read_from(spool, transaction, spool->kept, sequence, ret_report)
	           : answer;
}

int spool_read(struct spool *spool, uint64_t sequence, struct spool_report **ret_report)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, MDB_RDONLY, &transaction);
	if (code)
		return spool_explain(spool, code);
	int answer = read_report(spool, transaction, sequence, ret_report);
	mdb_txn_abort(transaction);
	return answer;
}

/* ---- between the tables ---- */

int spool_make_record(struct spool *spool, const MDB_val *key, const void *head, size_t head_size,
                      const MDB_val *value, size_t skipped, MDB_val *ret_record)
{
	size_t body = value->mv_size - skipped;
	uint8_t *bytes = malloc(SEAL_SIZE + head_size + body);
	if (!bytes)
		return spool_out_of_memory(spool);
	uint8_t *at = bytes + SEAL_SIZE;
	put_bytes(&at, head, head_size);
	put_bytes(&at, (const uint8_t *)value->mv_data + skipped, body);
	*ret_record = (MDB_val){.mv_data = bytes, .mv_size = SEAL_SIZE + head_size + body};
	spool_set_seal(key, ret_record);
	return 0;
}

int spool_put_record(struct spool *spool, MDB_txn *transaction, MDB_dbi table, MDB_val *key, MDB_val *record)
{
	int code = mdb_put(transaction, table, key, record, 0);
	free(record->mv_data);
	return code ? spool_explain(spool, code) : 0;
}

/* ---- deciding ---- */

static int keep(struct spool *spool, MDB_txn *transaction, MDB_val *key, const MDB_val *value,
                const struct spool_decision *decision, int64_t now_ms)
{
	uint8_t head[KEPT_HEAD], *at = head;
	MDB_val record;
	put_u64(&at, (uint64_t)now_ms);
	put_u32(&at, decision->accepted);
	int fault = spool_make_record(spool, key, head, sizeof head, value, SEAL_SIZE, &record);
	return fault ? fault : spool_put_record(spool, transaction, spool->kept, key, &record);
}

static int decide_one(struct spool *spool, MDB_txn *transaction, const struct spool_decision *decision,
                      bool keeping, int64_t now_ms)
{
	struct sequence_key number;
	MDB_val key = key_of(&number, decision->sequence), value;
	int fault = 0, code = spool_get(spool, transaction, spool->reports, &key, &value);
	if (code == MDB_CORRUPTED)
		return spool_damaged_report(spool, decision->sequence);
	if (code)
		return code == MDB_NOTFOUND ? 0 : spool_explain(spool, code);
	if (keeping)
		fault = keep(spool, transaction, &key, &value, decision, now_ms);
	return fault ? fault : spool_delete(spool, transaction, spool->reports, &key);
}

static bool is_over(const struct spool *spool, const MDB_val *value, int64_t now_ms)
{
	const uint8_t *at = (const uint8_t *)value->mv_data + SEAL_SIZE;
	return spool->bounds.keep_ms == 0 || now_ms - (int64_t)get_u64(&at) > spool->bounds.keep_ms;
}

static int drop_what_is_over(struct spool *spool, MDB_txn *transaction, int64_t now_ms)
{
	for (uint64_t at = 0;; at++) {
		struct sequence_key number;
		MDB_val key, value;
		uint64_t bytes = 0;
		int answer = spool_count_bytes(spool, transaction, spool->kept, &bytes);
		if (!answer)
			answer = spool_next_kept(spool, transaction, &at, &number, &key, &value);
		if (answer)
			return answer == SPOOL_NOTHING ? 0 : answer;
		if (bytes <= spool->bounds.room / 2 && !is_over(spool, &value, now_ms))
			return 0;
		answer = spool_delete(spool, transaction, spool->kept, &key);
		if (answer)
			return answer;
	}
}

static int decide_all(struct spool *spool, const struct spool_decision decisions[], size_t count,
                      bool keeping, int64_t now_ms)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, 0, &transaction), fault = 0;
	if (code)
		return spool_explain(spool, code);
	for (size_t i = 0; i < count && !fault; i++)
		fault = decide_one(spool, transaction, &decisions[i], keeping, now_ms);
	if (!fault)
		fault = drop_what_is_over(spool, transaction, now_ms);
	if (fault) {
		mdb_txn_abort(transaction);
		return fault;
	}
	code = mdb_txn_commit(transaction);
	return code ? spool_explain(spool, code) : 0;
}

int spool_decide(struct spool *spool, const struct spool_decision decisions[], size_t count, int64_t now_ms)
{
	int fault = decide_all(spool, decisions, count, spool->bounds.keep_ms > 0, now_ms);
	/* Forgetting finds room where keeping found none: it needs a few pages, and frees more. */
	return fault == -ENOSPC || fault == FAULT_MAP_FULL
	           ? decide_all(spool, decisions, count, false, now_ms)
	           : fault;
}
