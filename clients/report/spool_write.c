/* Adding reports, and the cache of answers. */
#include "clients/report/spool_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static int adopt_reporter(struct spool *spool, const char *reporter, struct spool_state *state)
{
	if (state->has_identity) {
		if (strcmp(state->reporter, reporter) == 0)
			return 0;
		sentence_set(
		    spool->why,
		    "the spool in %s belongs to the reporter '%s'; '%s' needs a spool of its own (--spool)",
		    spool->path, state->reporter, reporter);
		return SPOOL_OTHER_REPORTER;
	}
	if (strlen(reporter) >= sizeof state->reporter ||
	    getrandom(state->stream, sizeof state->stream, 0) != sizeof state->stream) {
		sentence_set(spool->why, "cannot name a stream of the reporter '%s'", reporter);
		return -EINVAL;
	}
	memcpy(state->reporter, reporter, strlen(reporter) + 1);
	state->has_identity = true;
	return 0;
}

int spool_begin(struct spool *spool, const char *reporter, struct spool_batch *ret_batch)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, 0, &transaction);
	if (code)
		return spool_explain(spool, code);
	struct spool_state state = {.next = 1};
	int answer = spool_read_state_in(spool, transaction, &state);
	if (!answer)
		answer = adopt_reporter(spool, reporter, &state);
	if (answer) {
		mdb_txn_abort(transaction);
		return answer;
	}
	*ret_batch = (struct spool_batch){.spool = spool, .transaction = transaction, .state = state};
	return 0;
}

void spool_put(struct spool_batch *batch, const struct spool_report *report)
{
	if (batch->failed)
		return;
	struct spool *spool = batch->spool;
	struct sequence_key number;
	MDB_val key = key_of(&number, batch->state.next),
	        value = {.mv_size = SEAL_SIZE + spool_body_size(report)};
	int code = mdb_put(batch->transaction, spool->reports, &key, &value, MDB_RESERVE | MDB_NOOVERWRITE);
	if (code == MDB_KEYEXIST) {
		/* Numbers go up with the identity in the same transaction: only damage leads here. */
		batch->failed = spool_damaged(spool, "its next number");
		return;
	}
	if (code) {
		batch->failed = spool_explain(spool, code);
		return;
	}
	spool_write_body(report, (uint8_t *)value.mv_data + SEAL_SIZE);
	spool_set_seal(&key, &value);
	batch->state.next++;
	batch->state.pending++;
}

void spool_abort(struct spool_batch *batch)
{
	mdb_txn_abort(batch->transaction);
	*batch = (struct spool_batch){0};
}

static int count_all_bytes(struct spool *spool, MDB_txn *transaction, uint64_t *ret_bytes)
{
	uint64_t reports = 0, kept = 0, meta = 0;
	int fault = spool_count_bytes(spool, transaction, spool->reports, &reports);
	if (!fault)
		fault = spool_count_bytes(spool, transaction, spool->kept, &kept);
	if (!fault)
		fault = spool_count_bytes(spool, transaction, spool->meta, &meta);
	*ret_bytes = reports + kept + meta;
	return fault;
}

static int drop_kept(struct spool *spool, MDB_txn *transaction, uint64_t *at)
{
	struct sequence_key number;
	MDB_val key, value;
	int answer = spool_next_kept(spool, transaction, at, &number, &key, &value);
	++*at;
	return answer ? answer : spool_delete(spool, transaction, spool->kept, &key);
}

/* What is kept makes room for what is not delivered yet. */
static int make_room(struct spool *spool, MDB_txn *transaction)
{
	for (uint64_t at = 0;;) {
		uint64_t bytes;
		int answer = count_all_bytes(spool, transaction, &bytes);
		if (answer || bytes <= spool->bounds.room)
			return answer;
		answer = drop_kept(spool, transaction, &at);
		if (answer)
			return answer == SPOOL_NOTHING ? spool_explain(spool, MDB_MAP_FULL) : answer;
	}
}

int spool_commit(struct spool_batch *batch)
{
	struct spool *spool = batch->spool;
	int fault = batch->failed;
	if (!fault)
		fault = make_room(spool, batch->transaction);
	if (!fault)
		fault = spool_write_identity(spool, batch->transaction, &batch->state);
	if (fault) {
		spool_abort(batch);
		return fault;
	}
	int code = mdb_txn_commit(batch->transaction);
	*batch = (struct spool_batch){0};
	return code ? spool_explain(spool, code) : 0;
}

/* ---- cache ---- */

#define CACHE_HEAD (SEAL_SIZE + sizeof(uint64_t))

int spool_write_cache(struct spool *spool, int64_t wall_ms, const void *bytes, size_t size)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, 0, &transaction);
	if (code)
		return spool_explain(spool, code);
	MDB_val key = text_key("cache"), value = {.mv_size = CACHE_HEAD + size};
	code = mdb_put(transaction, spool->meta, &key, &value, MDB_RESERVE);
	if (code) {
		mdb_txn_abort(transaction);
		return spool_explain(spool, code);
	}
	uint8_t *at = (uint8_t *)value.mv_data + SEAL_SIZE;
	put_u64(&at, (uint64_t)wall_ms);
	put_bytes(&at, bytes, size);
	spool_set_seal(&key, &value);
	code = mdb_txn_commit(transaction);
	return code ? spool_explain(spool, code) : 0;
}

static int read_cache(struct spool *spool, MDB_txn *transaction, int64_t *ret_wall_ms, void **ret_bytes,
                      size_t *ret_size)
{
	MDB_val key = text_key("cache"), value;
	int code = spool_get(spool, transaction, spool->meta, &key, &value);
	if (code && code != MDB_NOTFOUND && code != MDB_CORRUPTED)
		return spool_explain(spool, code);
	/* What is damaged here is asked for again: no reason to stop anybody. */
	if (code || value.mv_size <= CACHE_HEAD)
		return SPOOL_NOTHING;
	size_t size = value.mv_size - CACHE_HEAD;
	const uint8_t *at = (const uint8_t *)value.mv_data + SEAL_SIZE;
	int64_t wall_ms = (int64_t)get_u64(&at);
	void *bytes = malloc(size);
	if (!bytes)
		return spool_out_of_memory(spool);
	memcpy(bytes, at, size);
	*ret_wall_ms = wall_ms;
	*ret_bytes = bytes;
	*ret_size = size;
	return 0;
}

int spool_read_cache(struct spool *spool, int64_t *ret_wall_ms, void **ret_bytes, size_t *ret_size)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, MDB_RDONLY, &transaction);
	if (code)
		return spool_explain(spool, code);
	int answer = read_cache(spool, transaction, ret_wall_ms, ret_bytes, ret_size);
	mdb_txn_abort(transaction);
	return answer;
}
