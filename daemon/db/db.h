/* LMDB as Suanpan uses it: one environment, a few named tables, big-endian ordered keys, checksummed values.
 *
 * Default (syncing) mode: when db_commit answers 0 the transaction is on disk. No DUPSORT, no WRITEMAP. Every
 * value is followed by the XXH3-64 of its key and itself; a read whose checksum does not match is
 * FAULT_CORRUPT, never a figure.
 *
 * Write transactions are sticky: after the first failure every further call does nothing, and db_commit
 * answers that failure; so a caller may put a hundred values and look once. One writer thread; a reader
 * belongs to one thread.
 *
 * How to hurt yourself: keep pointers from db_get across a db_put or the end of the transaction; open one
 * environment twice in a process; fork with it open; keep a read transaction for minutes (the file grows
 * behind it). */
#ifndef SUANPAN_DB_DB_H
#define SUANPAN_DB_DB_H

#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "stored values are little-endian structs; this machine would read them wrongly"
#endif

enum db_verdict { DB_ABSENT = 1 };

#define DB_KEY_MAX 96

/* A key under construction: parts are appended so that keys sort by their parts, in order. */
struct db_key {
	uint8_t bytes[DB_KEY_MAX];
	size_t size;
};
void db_key_add_u8(struct db_key *key, uint8_t part);
void db_key_add_u32(struct db_key *key, uint32_t part);
void db_key_add_u64(struct db_key *key, uint64_t part);
void db_key_add_bytes(struct db_key *key, const void *part, size_t size);
/* Reading them back, from the front; *offset moves on. */
uint32_t db_key_take_u32(const struct db_key *key, size_t *offset);
uint64_t db_key_take_u64(const struct db_key *key, size_t *offset);

/* Bytes inside the memory map: alignment 2, so copy structs out. */
struct db_value {
	const void *bytes;
	size_t size;
};

struct db;
struct db_txn;
typedef unsigned db_table; /* index into the names given to db_open */

/* Opens or makes the environment in `folder` (mode 0700). -EBUSY when another process has it open for
 * writing. */
int MUST_CHECK db_open(const char *folder, const char *const tables[], unsigned table_count,
                       struct db **ret_db);
void db_close(struct db *db); /* NULL is fine; no transaction may be open */

struct db_size {
	uint64_t map_bytes, used_bytes;
};
struct db_size db_size(struct db *db);
/* Doubles the map when less than `reserve` bytes of it are free; waits for open readers first. Writer thread
 * only, outside a transaction. */
int MUST_CHECK db_make_room(struct db *db, size_t reserve);

int MUST_CHECK db_begin_read(struct db *db, struct db_txn **ret_txn);
int MUST_CHECK db_begin_write(struct db *db, struct db_txn **ret_txn);
/* Ends a read or gives a write up; NULL is fine. */
void db_abort(struct db_txn *txn);
/* Ends a write, whatever it answers. 0: on disk. -ENOSPC, FAULT_MAP_FULL: certainly not. Anything else:
 * unknown. */
int MUST_CHECK db_commit(struct db_txn *txn);
/* The sticky failure so far, or 0. */
int db_failure(const struct db_txn *txn);

/* Answers 0, DB_ABSENT, or a fault. */
int MUST_CHECK db_get(struct db_txn *txn, db_table table, const struct db_key *key,
                      struct db_value *ret_value);
void db_put(struct db_txn *txn, db_table table, const struct db_key *key, const void *bytes, size_t size);
/* The same in two pieces, `bytes` then `more`. */
void db_put_two(struct db_txn *txn, db_table table, const struct db_key *key, const void *bytes, size_t size,
                const void *more, size_t more_size);
void db_delete(struct db_txn *txn, db_table table, const struct db_key *key); /* absent is fine */

/* Calls `each` for the entries with from <= key whose key starts with the first `prefix` bytes of `from`,
 * ascending; stops at its first answer other than 0 and passes that on. `each` must not write to the table.
 */
int MUST_CHECK db_walk(struct db_txn *txn, db_table table, const struct db_key *from, size_t prefix,
                       int (*each)(void *context, const struct db_key *key, struct db_value value),
                       void *context);
/* The last entry whose key is not beyond `key` and starts with its first `prefix` bytes: the newest version at or before.
 * Answers 0, DB_ABSENT, or a fault. */
int MUST_CHECK db_get_last(struct db_txn *txn, db_table table, const struct db_key *key, size_t prefix,
                           struct db_key *ret_key, struct db_value *ret_value);
/* Empties a table. */
void db_clear(struct db_txn *txn, db_table table);
/* Number of entries in a table. */
uint64_t db_count(struct db_txn *txn, db_table table);

#endif
