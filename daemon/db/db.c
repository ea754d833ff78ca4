#include "daemon/db/db.h"

#include "daemon/base/log.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAP_START     ((size_t)1 << 30)
#define TABLES_MAX    32
#define CHECKSUM_SIZE sizeof(uint64_t)

struct db {
	MDB_env *env;
	MDB_dbi table[TABLES_MAX];
	/* The map may only be resized while nobody reads: readers hold this shared for as long as they read.
	 */
	pthread_rwlock_t map_lock;
	int lock_fd;
};

struct db_txn {
	struct db *db;
	MDB_txn *txn;
	bool writes;
	int failure;
};

static int db_fault(int lmdb_result, const char *call)
{
	if (lmdb_result == 0 || lmdb_result == MDB_NOTFOUND)
		return lmdb_result ? (int)DB_ABSENT : 0;
	if (lmdb_result == MDB_MAP_FULL)
		return FAULT_MAP_FULL;
	if (lmdb_result == ENOSPC || lmdb_result == ENOMEM)
		return -lmdb_result;
	log_event(LOG_LEVEL_ERROR, "store-call-failed", "call=%s reason='%s'", call,
	          mdb_strerror(lmdb_result));
	return lmdb_result > 0 ? -lmdb_result : FAULT_STORE;
}

static uint64_t checksum(const void *key, size_t key_size, const void *value, size_t value_size)
{
	return XXH3_64bits_withSeed(value, value_size, XXH3_64bits(key, key_size));
}

/* ---- keys ---- */

void db_key_add_bytes(struct db_key *key, const void *part, size_t size)
{
	assert(key->size + size <= DB_KEY_MAX);
	memcpy(key->bytes + key->size, part, size);
	key->size += size;
}

void db_key_add_u8(struct db_key *key, uint8_t part)
{
	db_key_add_bytes(key, &part, sizeof part);
}

void db_key_add_u32(struct db_key *key, uint32_t part)
{
	uint32_t ordered = __builtin_bswap32(part);
	db_key_add_bytes(key, &ordered, sizeof ordered);
}

void db_key_add_u64(struct db_key *key, uint64_t part)
{
	uint64_t ordered = __builtin_bswap64(part);
	db_key_add_bytes(key, &ordered, sizeof ordered);
}

uint32_t db_key_take_u32(const struct db_key *key, size_t *offset)
{
	uint32_t ordered;
	assert(*offset + sizeof ordered <= key->size);
	memcpy(&ordered, key->bytes + *offset, sizeof ordered);
	*offset += sizeof ordered;
	return __builtin_bswap32(ordered);
}

uint64_t db_key_take_u64(const struct db_key *key, size_t *offset)
{
	uint64_t ordered;
	assert(*offset + sizeof ordered <= key->size);
	memcpy(&ordered, key->bytes + *offset, sizeof ordered);
	*offset += sizeof ordered;
	return __builtin_bswap64(ordered);
}

/* ---- environment ---- */

/* LMDB would let a second writing process wait for the first one for ever; a daemon should say so and stop.
 */
static int take_lock(const char *folder, int *ret_fd)
{
	char path[4096];
	if ((size_t)snprintf(path, sizeof path, "%s/lock", folder) >= sizeof path)
		return -ENAMETOOLONG;
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int fault = errno == EWOULDBLOCK ? -EBUSY : -errno;
		close(fd);
		return fault;
	}
	*ret_fd = fd;
	return 0;
}

static int make_folder(const char *folder)
{
	if (mkdir(folder, 0700) == 0 || errno == EEXIST)
		return 0;
	return -errno;
}

static int open_tables(struct db *db, const char *const tables[], unsigned table_count)
{
	MDB_txn *txn;
	int result = mdb_txn_begin(db->env, NULL, 0, &txn);
	if (result != 0)
		return db_fault(result, "mdb_txn_begin");
	for (unsigned i = 0; i < table_count && result == 0; i++)
		result = mdb_dbi_open(txn, tables[i], MDB_CREATE, &db->table[i]);
	if (result != 0) {
		mdb_txn_abort(txn);
		return db_fault(result, "mdb_dbi_open");
	}
	return db_fault(mdb_txn_commit(txn), "mdb_txn_commit");
}

static int open_environment(struct db *db, const char *folder, unsigned table_count)
{
	int dead_readers;
	int result = mdb_env_create(&db->env);
	if (result == 0)
		result = mdb_env_set_maxdbs(db->env, table_count);
	if (result == 0)
		result = mdb_env_set_mapsize(db->env, MAP_START);
	if (result == 0)
		result = mdb_env_open(db->env, folder, MDB_NOTLS, 0600);
	if (result == 0)
		result = mdb_reader_check(db->env, &dead_readers);
	return db_fault(result, "mdb_env_open");
}

int db_open(const char *folder, const char *const tables[], unsigned table_count, struct db **ret_db)
{
	assert(table_count <= TABLES_MAX);
	int result = make_folder(folder);
	if (result != 0)
		return result;
	struct db *db = calloc(1, sizeof *db);
	if (!db)
		return -ENOMEM;
	db->lock_fd = -1;
	pthread_rwlock_init(&db->map_lock, NULL);
	result = take_lock(folder, &db->lock_fd);
	if (result == 0)
		result = open_environment(db, folder, table_count);
	if (result == 0)
		result = open_tables(db, tables, table_count);
	if (result != 0) {
		db_close(db);
		return result;
	}
	*ret_db = db;
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	if (db->env)
		mdb_env_close(db->env);
	if (db->lock_fd >= 0)
		close(db->lock_fd);
	pthread_rwlock_destroy(&db->map_lock);
	free(db);
}

struct db_size db_size(struct db *db)
{
	MDB_envinfo info;
	MDB_stat stat;
	mdb_env_info(db->env, &info);
	mdb_env_stat(db->env, &stat);
	return (struct db_size){.map_bytes = info.me_mapsize,
	                        .used_bytes = (info.me_last_pgno + 1) * stat.ms_psize};
}

int db_make_room(struct db *db, size_t reserve)
{
	struct db_size size = db_size(db);
	if (size.map_bytes - size.used_bytes >= reserve)
		return 0;
	pthread_rwlock_wrlock(&db->map_lock);
	size_t wanted = size.map_bytes * 2;
	while (wanted - size.used_bytes < reserve)
		wanted *= 2;
	int result = mdb_env_set_mapsize(db->env, wanted);
	pthread_rwlock_unlock(&db->map_lock);
	if (result == 0)
		log_event(LOG_LEVEL_INFO, "map-grown", "bytes=%zu", wanted);
	return db_fault(result, "mdb_env_set_mapsize");
}

/* ---- transactions ---- */

static int begin(struct db *db, bool writes, struct db_txn **ret_txn)
{
	struct db_txn *txn = calloc(1, sizeof *txn);
	if (!txn)
		return -ENOMEM;
	txn->db = db;
	txn->writes = writes;
	if (!writes)
		pthread_rwlock_rdlock(&db->map_lock);
	int result = mdb_txn_begin(db->env, NULL, writes ? 0 : MDB_RDONLY, &txn->txn);
	if (result != 0) {
		if (!writes)
			pthread_rwlock_unlock(&db->map_lock);
		free(txn);
		return db_fault(result, "mdb_txn_begin");
	}
	*ret_txn = txn;
	return 0;
}

int db_begin_read(struct db *db, struct db_txn **ret_txn)
{
	return begin(db, false, ret_txn);
}

int db_begin_write(struct db *db, struct db_txn **ret_txn)
{
	return begin(db, true, ret_txn);
}

void db_abort(struct db_txn *txn)
{
	if (!txn)
		return;
	mdb_txn_abort(txn->txn);
	if (!txn->writes)
		pthread_rwlock_unlock(&txn->db->map_lock);
	free(txn);
}

int db_commit(struct db_txn *txn)
{
	assert(txn->writes);
	int result = txn->failure;
	if (result != 0)
		mdb_txn_abort(txn->txn);
	else
		result = db_fault(mdb_txn_commit(txn->txn), "mdb_txn_commit");
	free(txn);
	return result;
}

int db_failure(const struct db_txn *txn)
{
	return txn->failure;
}

/* ---- values ---- */

static MDB_val key_value(const struct db_key *key)
{
	/* LMDB's interface has no const; it does not write to keys. */
	return (MDB_val){.mv_size = key->size, .mv_data = (void *)(uintptr_t)key->bytes};
}

static int check_value(MDB_val key, MDB_val stored, struct db_value *ret_value)
{
	uint64_t sum;
	if (stored.mv_size < CHECKSUM_SIZE)
		return FAULT_CORRUPT;
	size_t size = stored.mv_size - CHECKSUM_SIZE;
	memcpy(&sum, (const char *)stored.mv_data + size, CHECKSUM_SIZE);
	if (sum != checksum(key.mv_data, key.mv_size, stored.mv_data, size))
		return FAULT_CORRUPT;
	*ret_value = (struct db_value){.bytes = stored.mv_data, .size = size};
	return 0;
}

int db_get(struct db_txn *txn, db_table table, const struct db_key *key, struct db_value *ret_value)
{
	if (txn->failure != 0)
		return txn->failure;
	MDB_val wanted = key_value(key), stored;
	int result = db_fault(mdb_get(txn->txn, txn->db->table[table], &wanted, &stored), "mdb_get");
	if (result == 0)
		result = check_value(wanted, stored, ret_value);
	if (result < 0)
		txn->failure = result;
	return result;
}

void db_put_two(struct db_txn *txn, db_table table, const struct db_key *key, const void *bytes, size_t size,
                const void *more, size_t more_size)
{
	assert(txn->writes);
	if (txn->failure != 0)
		return;
	MDB_val where = key_value(key), room = {.mv_size = size + more_size + CHECKSUM_SIZE};
	txn->failure =
	    db_fault(mdb_put(txn->txn, txn->db->table[table], &where, &room, MDB_RESERVE), "mdb_put");
	if (txn->failure != 0)
		return;
	char *at = room.mv_data;
	memcpy(at, bytes, size);
	if (more_size > 0)
		memcpy(at + size, more, more_size);
	uint64_t sum = checksum(key->bytes, key->size, at, size + more_size);
	memcpy(at + size + more_size, &sum, CHECKSUM_SIZE);
}

void db_put(struct db_txn *txn, db_table table, const struct db_key *key, const void *bytes, size_t size)
{
	db_put_two(txn, table, key, bytes, size, NULL, 0);
}

void db_delete(struct db_txn *txn, db_table table, const struct db_key *key)
{
	assert(txn->writes);
	if (txn->failure != 0)
		return;
	MDB_val where = key_value(key);
	int result = db_fault(mdb_del(txn->txn, txn->db->table[table], &where, NULL), "mdb_del");
	txn->failure = result == DB_ABSENT ? 0 : result;
}

static int walk(struct db_txn *txn, MDB_cursor *cursor, const struct db_key *from, size_t prefix,
                int (*each)(void *context, const struct db_key *key, struct db_value value), void *context)
{
	MDB_val found = key_value(from), stored;
	int result = mdb_cursor_get(cursor, &found, &stored, from->size > 0 ? MDB_SET_RANGE : MDB_FIRST);
	for (; result == 0; result = mdb_cursor_get(cursor, &found, &stored, MDB_NEXT)) {
		struct db_key key = {.size = 0};
		struct db_value value;
		if (found.mv_size < prefix || memcmp(found.mv_data, from->bytes, prefix) != 0)
			return 0;
		if (found.mv_size > DB_KEY_MAX)
			return txn->failure = FAULT_CORRUPT;
		db_key_add_bytes(&key, found.mv_data, found.mv_size);
		int fault = check_value(found, stored, &value);
		if (fault < 0)
			return txn->failure = fault;
		int answer = each(context, &key, value);
		if (answer != 0)
			return answer;
	}
	result = db_fault(result, "mdb_cursor_get");
	if (result < 0)
		txn->failure = result;
	return result == DB_ABSENT ? 0 : result;
}

int db_walk(struct db_txn *txn, db_table table, const struct db_key *from, size_t prefix,
            int (*each)(void *context, const struct db_key *key, struct db_value value), void *context)
{
	assert(prefix <= from->size);
	if (txn->failure != 0)
		return txn->failure;
	MDB_cursor *cursor;
	int result = db_fault(mdb_cursor_open(txn->txn, txn->db->table[table], &cursor), "mdb_cursor_open");
	if (result < 0)
		return txn->failure = result;
	result = walk(txn, cursor, from, prefix, each, context);
	mdb_cursor_close(cursor);
	return result;
}

static int get_last(MDB_cursor *cursor, const struct db_key *key, size_t prefix, struct db_key *ret_key,
                    struct db_value *ret_value)
{
	MDB_val found = key_value(key), stored;
	int result = mdb_cursor_get(cursor, &found, &stored, MDB_SET_RANGE);
	if (result == MDB_NOTFOUND)
		result = mdb_cursor_get(cursor, &found, &stored, MDB_LAST);
	else if (result == 0 &&
	         (found.mv_size != key->size || memcmp(found.mv_data, key->bytes, key->size) != 0))
		result = mdb_cursor_get(cursor, &found, &stored, MDB_PREV);
	if (result != 0)
		return db_fault(result, "mdb_cursor_get");
	if (found.mv_size < prefix || memcmp(found.mv_data, key->bytes, prefix) != 0)
		return DB_ABSENT;
	if (found.mv_size > DB_KEY_MAX)
		return FAULT_CORRUPT;
	result = check_value(found, stored, ret_value);
	if (result == 0) {
		ret_key->size = 0;
		db_key_add_bytes(ret_key, found.mv_data, found.mv_size);
	}
	return result;
}

int db_get_last(struct db_txn *txn, db_table table, const struct db_key *key, size_t prefix,
                struct db_key *ret_key, struct db_value *ret_value)
{
	assert(prefix <= key->size);
	if (txn->failure != 0)
		return txn->failure;
	MDB_cursor *cursor;
	int result = db_fault(mdb_cursor_open(txn->txn, txn->db->table[table], &cursor), "mdb_cursor_open");
	if (result == 0) {
		result = get_last(cursor, key, prefix, ret_key, ret_value);
		mdb_cursor_close(cursor);
	}
	if (result < 0)
		txn->failure = result;
	return result;
}

void db_clear(struct db_txn *txn, db_table table)
{
	assert(txn->writes);
	if (txn->failure == 0)
		txn->failure = db_fault(mdb_drop(txn->txn, txn->db->table[table], 0), "mdb_drop");
}

uint64_t db_count(struct db_txn *txn, db_table table)
{
	MDB_stat stat = {.ms_entries = 0};
	if (txn->failure == 0)
		txn->failure = db_fault(mdb_stat(txn->txn, txn->db->table[table], &stat), "mdb_stat");
	return stat.ms_entries;
}
