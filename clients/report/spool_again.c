/* What was decided and is asked for again, because the daemon was restored from a backup. */
#include "clients/report/spool_internal.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* ---- going back ---- */

/* What one transaction of going back moves: it is all in memory until it is committed. */
#define BACK_BYTES ((size_t)16 << 20)

struct going_back {
	uint64_t from; /* everything from here on is still to be moved */
	size_t count;  /* moved so far */
	size_t room;   /* for this transaction */
	bool done;
};

/* Moves the lowest kept one from back->from on that is not damaged. */
static int move_next(struct spool *spool, MDB_txn *transaction, struct going_back *back)
{
	struct sequence_key number;
	MDB_val key, value, record;
	int answer = spool_next_kept(spool, transaction, &back->from, &number, &key, &value);
	back->done = answer == SPOOL_NOTHING;
	if (answer)
		return back->done ? 0 : answer;
	back->from++;
	back->count++;
	back->room -= value.mv_size < back->room ? value.mv_size : back->room;
	answer = spool_make_record(spool, &key, NULL, 0, &value, SEAL_SIZE + KEPT_HEAD, &record);
	if (!answer)
		answer = spool_put_record(spool, transaction, spool->reports, &key, &record);
	return answer ? answer : spool_delete(spool, transaction, spool->kept, &key);
}

static int move_some(struct spool *spool, struct going_back *back)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, 0, &transaction), fault = 0;
	if (code)
		return spool_explain(spool, code);
	back->room = BACK_BYTES;
	while (!fault && !back->done && back->room > 0)
		fault = move_next(spool, transaction, back);
	if (fault) {
		mdb_txn_abort(transaction);
		return fault;
	}
	code = mdb_txn_commit(transaction);
	return code ? spool_explain(spool, code) : 0;
}

static int find_first_pending(struct spool *spool, uint64_t from, uint64_t *ret_first)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, MDB_RDONLY, &transaction);
	if (code)
		return spool_explain(spool, code);
	code = spool_find_from(transaction, spool->reports, from, ret_first);
	mdb_txn_abort(transaction);
	if (code != MDB_NOTFOUND)
		return code ? spool_explain(spool, code) : 0;
	sentence_set(spool->why, "the spool in %s holds no report from %" PRIu64 " on", spool->path, from);
	return SPOOL_NOTHING;
}

int spool_go_back(struct spool *spool, uint64_t from, uint64_t *ret_first, size_t *ret_count)
{
	struct going_back back = {.from = from};
	int answer = 0;
	while (!answer && !back.done)
		answer = move_some(spool, &back);
	if (!answer)
		answer = find_first_pending(spool, from, ret_first);
	if (!answer)
		*ret_count = back.count;
	return answer;
}

/* ---- amending ---- */

#define AMENDED_SIZE (SEAL_SIZE + sizeof(uint64_t) + sizeof(uint32_t))

/* Which report was amended, and how long its payload was before. SPOOL_NOTHING: none was. */
static int read_amended(struct spool *spool, MDB_txn *transaction, uint64_t *ret_sequence, size_t *ret_size)
{
	MDB_val key = text_key("amended"), value;
	int code = spool_get(spool, transaction, spool->meta, &key, &value);
	if (code == MDB_NOTFOUND)
		return SPOOL_NOTHING;
	if (code && code != MDB_CORRUPTED)
		return spool_explain(spool, code);
	if (code || value.mv_size != AMENDED_SIZE)
		return spool_damaged(spool, "what it says of an amended report");
	const uint8_t *at = (const uint8_t *)value.mv_data + SEAL_SIZE;
	*ret_sequence = get_u64(&at);
	*ret_size = get_u32(&at);
	return 0;
}

static int write_amended(struct spool *spool, MDB_txn *transaction, uint64_t sequence, size_t size)
{
	uint8_t bytes[AMENDED_SIZE], *at = bytes + SEAL_SIZE;
	MDB_val key = text_key("amended"), value = {.mv_data = bytes, .mv_size = sizeof bytes};
	put_u64(&at, sequence);
	put_u32(&at, (uint32_t)size);
	spool_set_seal(&key, &value);
	int code = mdb_put(transaction, spool->meta, &key, &value, 0);
	return code ? spool_explain(spool, code) : 0;
}

static int write_report(struct spool *spool, MDB_txn *transaction, const struct spool_report *report)
{
	struct sequence_key number;
	MDB_val key = key_of(&number, report->sequence),
	        value = {.mv_size = SEAL_SIZE + spool_body_size(report)};
	int code = mdb_put(transaction, spool->reports, &key, &value, MDB_RESERVE);
	if (code)
		return spool_explain(spool, code);
	spool_write_body(report, (uint8_t *)value.mv_data + SEAL_SIZE);
	spool_set_seal(&key, &value);
	return 0;
}

static int amend_in(struct spool *spool, MDB_txn *transaction, struct spool_report *report, const void *bytes,
                    size_t size)
{
	uint64_t amended = 0;
	size_t before = 0;
	int answer = read_amended(spool, transaction, &amended, &before);
	if (answer != SPOOL_NOTHING && (answer || amended == report->sequence))
		return answer ? answer : SPOOL_NOTHING;
	uint8_t *payload = malloc(report->payload_size + size), *at = payload;
	if (!payload)
		return spool_out_of_memory(spool);
	before = report->payload_size;
	put_bytes(&at, report->payload, report->payload_size);
	put_bytes(&at, bytes, size);
	report->payload = payload;
	report->payload_size += size;
	answer = write_report(spool, transaction, report);
	free(payload);
	return answer ? answer : write_amended(spool, transaction, report->sequence, before);
}

static int take_back_in(struct spool *spool, MDB_txn *transaction, struct spool_report *report,
                        const void *bytes, size_t size)
{
	uint64_t amended = 0;
	size_t before = 0;
	(void)bytes;
	(void)size;
	int answer = read_amended(spool, transaction, &amended, &before);
	if (answer)
		return answer;
	if (amended != report->sequence || before >= report->payload_size)
		return SPOOL_NOTHING;
	report->payload_size = before;
	answer = write_report(spool, transaction, report);
	MDB_val key = text_key("amended");
	return answer ? answer : spool_delete(spool, transaction, spool->meta, &key);
}

/* One pending report and one transaction to change it in. */
static int change(struct spool *spool, uint64_t sequence,
                  int (*how)(struct spool *, MDB_txn *, struct spool_report *, const void *, size_t),
                  const void *bytes, size_t size)
{
	MDB_txn *transaction;
	struct spool_report *report = NULL;
	int code = mdb_txn_begin(spool->env, NULL, 0, &transaction);
	if (code)
		return spool_explain(spool, code);
	int answer = spool_read_from(spool, transaction, spool->reports, sequence, &report);
	if (!answer)
		answer = how(spool, transaction, report, bytes, size);
	free(report);
	if (answer) {
		mdb_txn_abort(transaction);
		return answer;
	}
	code = mdb_txn_commit(transaction);
	return code ? spool_explain(spool, code) : 0;
}

int spool_amend(struct spool *spool, uint64_t sequence, const void *bytes, size_t size)
{
	return change(spool, sequence, amend_in, bytes, size);
}

int spool_take_back(struct spool *spool, uint64_t sequence)
{
	return change(spool, sequence, take_back_in, NULL, 0);
}
