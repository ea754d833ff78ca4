/* What the files named spool_* share about an open spool. */
#ifndef SUANPAN_CLIENTS_REPORT_SPOOL_INTERNAL_H
#define SUANPAN_CLIENTS_REPORT_SPOOL_INTERNAL_H

#include "clients/report/spool.h"
#include "clients/report/spool_record.h"

struct spool {
	MDB_env *env;
	MDB_dbi meta, reports, kept;
	size_t page_size;
	char *path;
	int lock; /* file descriptor, -1 until locked */
	struct spool_bounds bounds;
	struct sentence *why;
};

/* ---- faults ---- */

/* Turns what LMDB answered (never 0) into a fault and its sentence. */
int spool_explain(struct spool *spool, int code);
int spool_out_of_memory(struct spool *spool);
int spool_damaged(struct spool *spool, const char *what);
int spool_damaged_report(struct spool *spool, uint64_t sequence);

/* ---- the folder ---- */

/* Makes the folder with an empty spool in it, if there is none: afterwards it holds a whole one, or what was there
 * before. Answers SPOOL_NOT_A_SPOOL or a fault. */
int MUST_CHECK spool_prepare_folder(struct spool *spool);
/* The environment with its tables; the folder is there. `ret_env` is set even when it fails, for mdb_env_close. */
int MUST_CHECK spool_open_environment(struct spool *spool, const char *folder);

/* From here on what a damaged file does to LMDB ends the program with a sentence. One spool at a time. */
void spool_guard_begin(const struct spool *spool);
void spool_guard_end(void);

/* ---- tables ---- */

/* mdb_get of a sealed record, and mdb_stat: MDB_CORRUPTED for what cannot be so. What is damaged is never written to, nor
 * removed: LMDB would follow what its pages say. */
int MUST_CHECK spool_get(struct spool *spool, MDB_txn *transaction, MDB_dbi table, MDB_val *key,
                         MDB_val *ret_value);
int MUST_CHECK spool_stat(struct spool *spool, MDB_txn *transaction, MDB_dbi table, MDB_stat *ret_numbers);
int MUST_CHECK spool_read_state_in(struct spool *spool, MDB_txn *transaction, struct spool_state *ret_state);
int MUST_CHECK spool_write_identity(struct spool *spool, MDB_txn *transaction,
                                    const struct spool_state *state);
/* What the pages of a table take. */
int MUST_CHECK spool_count_bytes(struct spool *spool, MDB_txn *transaction, MDB_dbi table,
                                 uint64_t *ret_bytes);
/* The lowest sequence of a table from `from` on; an answer of LMDB's, MDB_NOTFOUND among them. */
int MUST_CHECK spool_find_from(MDB_txn *transaction, MDB_dbi table, uint64_t from, uint64_t *ret_sequence);
/* The lowest kept report that is not damaged, from *at on; *at becomes its sequence, and `number` holds its key.
 * SPOOL_NOTHING if there is none. */
int MUST_CHECK spool_next_kept(struct spool *spool, MDB_txn *transaction, uint64_t *at,
                               struct sequence_key *number, MDB_val *ret_key, MDB_val *ret_value);
/* After spool_get: what is damaged stays. What is not there does not matter. */
int MUST_CHECK spool_delete(struct spool *spool, MDB_txn *transaction, MDB_dbi table, MDB_val *key);

/* One report of one table; see spool_read. */
int MUST_CHECK spool_read_from(struct spool *spool, MDB_txn *transaction, MDB_dbi table, uint64_t sequence,
                               struct spool_report **ret_report);
/* A record with another head: seal, `head_size` bytes, then what stands behind the first `skipped` bytes of `value` (its
 * seal among them). A copy, because LMDB's values move under a write. */
int MUST_CHECK spool_make_record(struct spool *spool, const MDB_val *key, const void *head, size_t head_size,
                                 const MDB_val *value, size_t skipped, MDB_val *ret_record);
/* Stores what spool_make_record made, and frees it. */
int MUST_CHECK spool_put_record(struct spool *spool, MDB_txn *transaction, MDB_dbi table, MDB_val *key,
                                MDB_val *record);
#endif
