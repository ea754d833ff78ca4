/* LMDB as Suanpan uses it: one environment, a few named tables, big-endian ordered keys, checksummed values.
 *
 * Default (syncing) mode: when db_commit answers 0 the transaction is on disk. No DUPSORT, no WRITEMAP. Every
 * value is followed by the XXH3-64 of its key and itself; a read whose checksum does not match is
 * FAULT_CORRUPT, never a figure. So is one that finds nothing, unless the neighbours of what is not there
 * verify. The pages above the values are looked at when the environment is opened to write.
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

#define DB_KEY_MAX 136

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

/* What a folder holds besides SEAL_DATA_FILE and SEAL_FILE: the lock of who may write, and LMDB's table of
 * readers. Neither says anything once nobody has it open. */
#define DB_LOCK_FILE    "lock"
#define DB_READERS_FILE "lock.mdb"
/* The first one, for who works on a folder without opening what is in it: closing *ret_fd gives it back.
 * -EBUSY: another has it. */
int MUST_CHECK db_lock(const char *folder, int *ret_fd);

/* Opens or makes the environment in `folder` (mode 0700). -EBUSY when another process has it open for
 * writing. One that was sealed (db/seal.h) is compared with its seal first, which reads all of it, and
 * then the seal goes; of one that was not closed the pages are looked at, unless it is large (db/pages.h).
 * Where they are damaged it is FAULT_CORRUPT, the log names them, and nothing has been touched. `tables` stays
 * the caller's, until the environment is closed. */
int MUST_CHECK db_open(const char *folder, const char *const tables[], unsigned table_count,
                       struct db **ret_db);
/* Reads beside whoever writes in another process: takes no lock, makes and changes nothing, grows with the
 * file. -ENOENT where there is no environment; FAULT_CORRUPT where a table is missing or the file is not
 * LMDB's. Not in a process that has the environment open already, and one transaction at a time. */
int MUST_CHECK db_open_reader(const char *folder, const char *const tables[], unsigned table_count,
                              struct db **ret_db);
/* As db_open, but commits do not wait for the disk: only for a store in the making, which is thrown away
 * unless db_sync was its last call. */
int MUST_CHECK db_open_unsynced(const char *folder, const char *const tables[], unsigned table_count,
                                struct db **ret_db);
int MUST_CHECK db_sync(struct db *db);
/* Seals it after writing, if every write and read since the opening went through. NULL is fine; no
 * transaction may be open. */
void db_close(struct db *db);

/* Writes one consistent state, the newest, into a folder that holds no environment yet, beside whoever
 * writes; without the room that is free in it. On disk when it answers 0; else nothing is left of it. The
 * file that is read grows meanwhile by what this state keeps from being used again. */
int MUST_CHECK db_copy(struct db *db, const char *folder);

/* Looks at every page of the newest state, and who has it (db/pages.h). PAGES_MOVING: whoever writes was
 * too quick for it. */
struct pages_report;
int MUST_CHECK db_verify_pages(struct db *db, void (*tell)(void *context, const char *finding), void *context,
                               struct pages_report *ret_report);

struct db_size {
	uint64_t map_bytes, used_bytes;
};
struct db_size db_size(struct db *db);
/* Before a write transaction: lets go of the pages that readers who died held on to, and doubles the map when less than
 * `reserve` bytes of it are free, waiting for open readers first. Where the machine has no room for a larger map the old one
 * stays, until FAULT_MAP_FULL. Writer thread only, outside a transaction. */
int MUST_CHECK db_make_room(struct db *db, size_t reserve);
/* What the disk under the environment has left for us. Any thread. */
int MUST_CHECK db_disk_free(struct db *db, uint64_t *ret_bytes);

int MUST_CHECK db_begin_read(struct db *db, struct db_txn **ret_txn);
int MUST_CHECK db_begin_write(struct db *db, struct db_txn **ret_txn);
/* Ends a read or gives a write up; NULL is fine. */
void db_abort(struct db_txn *txn);
/* Ends a write, whatever it answers. 0: on disk. -ENOSPC (a write that failed because the disk is full, however it said so),
 * -ENOMEM, FAULT_MAP_FULL: certainly not, and the next one may be tried. FAULT_UNKNOWN: on disk or not. Anything else: not on
 * disk, but do not trust this disk with another. */
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
/* The last entry whose key is not beyond `key` and starts with its first `prefix` bytes: the newest
 * version at or before. Answers 0, DB_ABSENT, or a fault. */
int MUST_CHECK db_get_last(struct db_txn *txn, db_table table, const struct db_key *key, size_t prefix,
                           struct db_key *ret_key, struct db_value *ret_value);
/* Every entry of a table, ascending, for those who look after the store: unlike in a walk, a value that does
 * not verify does not end the reading. */
struct db_cursor;
/* Reading only: what a value that did not verify left behind is forgotten, and other values can be read. */
void db_forgive(struct db_txn *txn);
int MUST_CHECK db_cursor_open(struct db_txn *txn, db_table table, struct db_cursor **ret_cursor);
void db_cursor_close(struct db_cursor *cursor); /* NULL is fine; before the transaction ends */
/* 0; DB_ABSENT: that was all. FAULT_CORRUPT: *ret_key is an entry whose value does not verify, the next call
 * goes on behind it. Any other fault: the pages cannot be followed any further. */
int MUST_CHECK db_cursor_next(struct db_cursor *cursor, struct db_key *ret_key, struct db_value *ret_value);

/* Empties a table. */
void db_clear(struct db_txn *txn, db_table table);
/* Number of entries in a table. */
uint64_t db_count(struct db_txn *txn, db_table table);

#endif
