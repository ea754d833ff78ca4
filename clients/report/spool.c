/* The files spool*.c own lmdb.h in the clients: the daemon's layer over it is made for one process that owns its
 * store. This one opens the environment and knows whose it is. */
#include "clients/report/spool.h"
#include "clients/report/spool_internal.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Addresses, not bytes: the file grows as it needs. More than SPOOL_ROOM, because free pages do not always fit what is to
 * be stored, and because forgetting takes room as well. */
#define MAP_BYTES ((size_t)2 * SPOOL_ROOM)

/* ---- faults ---- */

static int fault_of(int code)
{
	switch (code) {
	case MDB_MAP_FULL:
		return FAULT_MAP_FULL;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_BAD_VALSIZE:
		return FAULT_CORRUPT;
	case MDB_VERSION_MISMATCH:
		return FAULT_FORMAT;
	default:
		return code > 0 ? -code : FAULT_STORE;
	}
}

/* A write that a full disk cuts short is a plain EIO to LMDB. */
static bool disk_is_full(const struct spool *spool)
{
	struct statvfs disk;
	return statvfs(spool->path, &disk) == 0 && disk.f_bavail * disk.f_frsize < 1 << 20;
}

int spool_explain(struct spool *spool, int code)
{
	if (code == EIO && disk_is_full(spool))
		code = ENOSPC;
	if (code == MDB_MAP_FULL)
		sentence_set(spool->why,
		             "the spool in %s is full (%" PRIu64 " MiB); deliver what is in it first",
		             spool->path, spool->bounds.room >> 20);
	else
		sentence_set(spool->why, "the spool in %s: %s", spool->path, mdb_strerror(code));
	return fault_of(code);
}

int spool_out_of_memory(struct spool *spool)
{
	sentence_set(spool->why, "out of memory");
	return -ENOMEM;
}

int spool_damaged(struct spool *spool, const char *what)
{
	sentence_set(spool->why, "the spool in %s is damaged: %s does not match its checksum", spool->path,
	             what);
	return FAULT_CORRUPT;
}

int spool_damaged_report(struct spool *spool, uint64_t sequence)
{
	char what[48];
	snprintf(what, sizeof what, "report %" PRIu64, sequence);
	return spool_damaged(spool, what);
}

/* ---- opening ---- */

/* `ret_format` is 0 in a spool that is just being made. */
static int read_format(struct spool *spool, MDB_txn *transaction, uint32_t *ret_format)
{
	MDB_val key = text_key("format"), value;
	int code = mdb_get(transaction, spool->meta, &key, &value);
	if (code == MDB_NOTFOUND) {
		*ret_format = 0;
		return 0;
	}
	if (code)
		return spool_explain(spool, code);
	if (value.mv_size != sizeof(uint32_t))
		return spool_damaged(spool, "its format number");
	const uint8_t *at = value.mv_data;
	*ret_format = get_u32(&at);
	return 0;
}

static int write_format(struct spool *spool, MDB_txn *transaction)
{
	uint32_t format = htole32(SPOOL_FORMAT);
	MDB_val key = text_key("format"), value = {.mv_data = &format, .mv_size = sizeof format};
	int code = mdb_put(transaction, spool->meta, &key, &value, 0);
	return code ? spool_explain(spool, code) : 0;
}

/* Format 1 is format 2 with nothing kept: its reports stay where they are. */
static int check_format(struct spool *spool, MDB_txn *transaction)
{
	uint32_t format = 0;
	int fault = read_format(spool, transaction, &format);
	if (fault || format == SPOOL_FORMAT)
		return fault;
	if (format < SPOOL_FORMAT)
		return write_format(spool, transaction);
	sentence_set(spool->why,
	             "the spool in %s has format %" PRIu32 ", this program knows format %d; use a newer one",
	             spool->path, format, SPOOL_FORMAT);
	return FAULT_FORMAT;
}

static int open_table(struct spool *spool, MDB_txn *transaction, const char *name, MDB_dbi *ret_table)
{
	int code = mdb_dbi_open(transaction, name, MDB_CREATE, ret_table);
	return code ? spool_explain(spool, code) : 0;
}

static int open_tables(struct spool *spool)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, 0, &transaction);
	if (code)
		return spool_explain(spool, code);
	int fault = open_table(spool, transaction, "meta", &spool->meta);
	if (!fault)
		fault = check_format(spool, transaction);
	if (!fault)
		fault = open_table(spool, transaction, "reports", &spool->reports);
	if (!fault)
		fault = open_table(spool, transaction, "kept", &spool->kept);
	if (fault) {
		mdb_txn_abort(transaction);
		return fault;
	}
	code = mdb_txn_commit(transaction);
	return code ? spool_explain(spool, code) : 0;
}

int spool_open_environment(struct spool *spool, const char *folder)
{
	int code = mdb_env_create(&spool->env);
	if (!code)
		code = mdb_env_set_maxdbs(spool->env, 3);
	if (!code)
		code = mdb_env_set_mapsize(spool->env, MAP_BYTES);
	if (!code)
		code = mdb_env_open(spool->env, folder, 0, 0600);
	int stale;
	if (!code)
		code = mdb_reader_check(spool->env, &stale); /* a killed reader would pin old pages */
	MDB_stat numbers;
	if (!code)
		code = mdb_env_stat(spool->env, &numbers);
	if (!code)
		spool->page_size = numbers.ms_psize;
	return code ? spool_explain(spool, code) : open_tables(spool);
}

int spool_open(const char *path, struct sentence *why, struct spool **ret_spool)
{
	sentence_set(why, "out of memory");
	struct spool *spool = calloc(1, sizeof *spool);
	if (!spool)
		return -ENOMEM;
	spool->lock = -1;
	spool->bounds.room = SPOOL_ROOM;
	spool->why = why;
	spool->path = strdup(path);
	int answer = spool->path ? 0 : -ENOMEM;
	if (!answer) {
		spool_guard_begin(spool);
		answer = spool_prepare_folder(spool);
	}
	if (!answer)
		answer = spool_open_environment(spool, spool->path);
	if (answer) {
		spool_close(spool);
		return answer;
	}
	why->text[0] = '\0';
	*ret_spool = spool;
	return 0;
}

void spool_close(struct spool *spool)
{
	if (!spool)
		return;
	if (spool->env)
		mdb_env_close(spool->env);
	if (spool->lock >= 0)
		close(spool->lock);
	if (spool->path)
		spool_guard_end();
	free(spool->path);
	free(spool);
}

void spool_set_bounds(struct spool *spool, const struct spool_bounds *bounds)
{
	spool->bounds = *bounds;
}

/* ---- tables ---- */

/* Nothing in a file can be larger than it. What a damaged page says is, would be read until a signal comes. */
static int check_size(struct spool *spool, size_t size)
{
	mdb_filehandle_t file;
	struct stat status;
	int code = mdb_env_get_fd(spool->env, &file);
	if (!code && fstat(file, &status))
		code = errno;
	return code || size <= (size_t)status.st_size ? code : MDB_CORRUPTED;
}

/* What is too large for a page has pages of its own, and these a head, as LMDB lays it out. A wrong number in it would make
 * LMDB free pages that others use, once the value is removed. */
struct own_pages {
	uint64_t number;
	uint16_t pad, flags;
	uint32_t count;
};
#define OWN_PAGES_FLAG 0x04

static int check_pages(const struct spool *spool, const MDB_val *key, const MDB_val *value)
{
	struct own_pages head;
	const size_t node_head = 8, most = ((spool->page_size - sizeof head) / 2 & ~(size_t)1) - 2;
	if (node_head + key->mv_size + value->mv_size <= most)
		return 0;
	memcpy(&head, (const uint8_t *)value->mv_data - sizeof head, sizeof head);
	size_t count = (sizeof head - 1 + value->mv_size) / spool->page_size + 1;
	return head.flags & OWN_PAGES_FLAG && head.count == count ? 0 : MDB_CORRUPTED;
}

int spool_get(struct spool *spool, MDB_txn *transaction, MDB_dbi table, MDB_val *key, MDB_val *ret_value)
{
	int code = mdb_get(transaction, table, key, ret_value);
	if (!code)
		code = check_size(spool, ret_value->mv_size);
	if (!code)
		code = check_pages(spool, key, ret_value);
	return code || spool_seal_holds(key, ret_value) ? code : MDB_CORRUPTED;
}

int spool_stat(struct spool *spool, MDB_txn *transaction, MDB_dbi table, MDB_stat *ret_numbers)
{
	int code = mdb_stat(transaction, table, ret_numbers);
	return code ? code : check_size(spool, ret_numbers->ms_entries);
}

int spool_count_bytes(struct spool *spool, MDB_txn *transaction, MDB_dbi table, uint64_t *ret_bytes)
{
	MDB_stat numbers;
	int code = spool_stat(spool, transaction, table, &numbers);
	if (code)
		return spool_explain(spool, code);
	uint64_t pages =
	    (uint64_t)numbers.ms_branch_pages + numbers.ms_leaf_pages + numbers.ms_overflow_pages;
	*ret_bytes = pages * numbers.ms_psize;
	return 0;
}

/* ---- what is kept ---- */

int spool_find_from(MDB_txn *transaction, MDB_dbi table, uint64_t from, uint64_t *ret_sequence)
{
	MDB_cursor *cursor;
	struct sequence_key number;
	MDB_val key = key_of(&number, from), value;
	int code = mdb_cursor_open(transaction, table, &cursor);
	if (code)
		return code;
	code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	if (!code && sequence_of(&key) < from)
		code = MDB_CORRUPTED;
	if (!code)
		*ret_sequence = sequence_of(&key);
	mdb_cursor_close(cursor);
	return code;
}

int spool_next_kept(struct spool *spool, MDB_txn *transaction, uint64_t *at, struct sequence_key *number,
                    MDB_val *ret_key, MDB_val *ret_value)
{
	for (;;) {
		int code = spool_find_from(transaction, spool->kept, *at, at);
		if (code)
			return code == MDB_NOTFOUND ? SPOOL_NOTHING : spool_explain(spool, code);
		*ret_key = key_of(number, *at);
		code = spool_get(spool, transaction, spool->kept, ret_key, ret_value);
		if (!code && ret_value->mv_size >= SEAL_SIZE + KEPT_HEAD)
			return 0;
		if (code && code != MDB_CORRUPTED)
			return spool_explain(spool, code);
		++*at;
	}
}

int spool_delete(struct spool *spool, MDB_txn *transaction, MDB_dbi table, MDB_val *key)
{
	int code = mdb_del(transaction, table, key, NULL);
	return code && code != MDB_NOTFOUND ? spool_explain(spool, code) : 0;
}

/* ---- whose it is ---- */

#define IDENTITY_HEAD (SEAL_SIZE + SPOOL_STREAM_SIZE + sizeof(uint64_t))

static int read_identity(struct spool *spool, MDB_txn *transaction, struct spool_state *ret_state)
{
	MDB_val key = text_key("identity"), value;
	int code = spool_get(spool, transaction, spool->meta, &key, &value);
	if (code == MDB_NOTFOUND) {
		*ret_state = (struct spool_state){.next = 1};
		return 0;
	}
	if (code && code != MDB_CORRUPTED)
		return spool_explain(spool, code);
	if (code || value.mv_size < IDENTITY_HEAD || value.mv_size >= IDENTITY_HEAD + SPOOL_REPORTER_SIZE)
		return spool_damaged(spool, "its identity");
	struct spool_state state = {.has_identity = true};
	const uint8_t *at = (const uint8_t *)value.mv_data + SEAL_SIZE;
	memcpy(state.stream, at, sizeof state.stream);
	at += sizeof state.stream;
	state.next = get_u64(&at);
	memcpy(state.reporter, at, value.mv_size - IDENTITY_HEAD);
	*ret_state = state;
	return 0;
}

int spool_write_identity(struct spool *spool, MDB_txn *transaction, const struct spool_state *state)
{
	uint8_t bytes[IDENTITY_HEAD + SPOOL_REPORTER_SIZE], *at = bytes + SEAL_SIZE;
	put_bytes(&at, state->stream, sizeof state->stream);
	put_u64(&at, state->next);
	put_bytes(&at, state->reporter, strlen(state->reporter));
	MDB_val key = text_key("identity"), value = {.mv_data = bytes, .mv_size = (size_t)(at - bytes)};
	spool_set_seal(&key, &value);
	int code = mdb_put(transaction, spool->meta, &key, &value, 0);
	return code ? spool_explain(spool, code) : 0;
}

/* The lowest and the highest sequence of a table and how many there are; the numbers stay as they are if none is. */
static int read_range(struct spool *spool, MDB_txn *transaction, MDB_dbi table, uint64_t *ret_first,
                      uint64_t *ret_last, uint64_t *ret_count)
{
	MDB_cursor *cursor;
	MDB_stat numbers;
	int code = spool_stat(spool, transaction, table, &numbers);
	if (!code)
		code = mdb_cursor_open(transaction, table, &cursor);
	if (code)
		return spool_explain(spool, code);
	MDB_val first, last, value;
	code = mdb_cursor_get(cursor, &first, &value, MDB_FIRST);
	if (!code)
		code = mdb_cursor_get(cursor, &last, &value, MDB_LAST);
	if (!code) {
		*ret_first = sequence_of(&first);
		*ret_last = sequence_of(&last);
	}
	mdb_cursor_close(cursor);
	*ret_count = numbers.ms_entries;
	return code && code != MDB_NOTFOUND ? spool_explain(spool, code) : 0;
}

int spool_read_state_in(struct spool *spool, MDB_txn *transaction, struct spool_state *ret_state)
{
	struct spool_state state = {.next = 1};
	int fault = read_identity(spool, transaction, &state);
	if (fault)
		return fault;
	uint64_t last_pending;
	state.first_pending = state.first_kept = state.last_kept = state.next;
	fault = read_range(spool, transaction, spool->reports, &state.first_pending, &last_pending,
	                   &state.pending);
	if (!fault)
		fault = read_range(spool, transaction, spool->kept, &state.first_kept, &state.last_kept,
		                   &state.kept);
	if (!fault && state.kept)
		fault = spool_count_bytes(spool, transaction, spool->kept, &state.kept_bytes);
	if (fault)
		return fault;
	state.oldest = state.first_kept < state.first_pending ? state.first_kept : state.first_pending;
	*ret_state = state;
	return 0;
}

int spool_read_state(struct spool *spool, struct spool_state *ret_state)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, MDB_RDONLY, &transaction);
	if (code)
		return spool_explain(spool, code);
	int fault = spool_read_state_in(spool, transaction, ret_state);
	mdb_txn_abort(transaction);
	return fault;
}
