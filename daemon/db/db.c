#include "daemon/db/db.h"

#include "daemon/base/file.h"
#include "daemon/base/log.h"
#include "daemon/db/make.h"
#include "daemon/db/pages.h"
#include "daemon/db/seal.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAP_START     ((size_t)1 << 30)
/* A disk with less than this left is full: what it has may not hold the next piece of a commit. */
#define DISK_FULL     ((uint64_t)1 << 20)
/* LMDB's lock file with its 126 readers. */
#define LOCK_SIZE     8192
/* As much is looked through at every start after a kill: some forty milliseconds. */
#define LOOKED_AT_MAX ((uint64_t)32 << 20)
#define TABLES_MAX    32
#define CHECKSUM_SIZE sizeof(uint64_t)

struct db {
	MDB_env *env;
	MDB_dbi list, table[TABLES_MAX];
	const char *const *names; /* of the tables; db_open's caller's */
	/* The map may only be resized while nobody reads: readers hold this shared for as long as they read.
	 */
	pthread_rwlock_t map_lock;
	bool map_lost;  /* growing it failed halfway */
	bool map_stuck; /* there is no room to grow it: was said */
	MDB_txn *probe; /* a reader at rest, to see whether LMDB still works; NULL: only reading */
	size_t page_size;
	int lock_fd; /* -1: only reading */
	char *folder;
	bool seals; /* when it is closed; the old seal is gone */
	/* A write failed, or damage was seen. What is in memory may not be on disk then, and damage is not
	 * to be sealed in. */
	atomic_bool spoilt;
};

enum db_mode { MODE_WRITE, MODE_UNSYNCED, MODE_READ };

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
	if (lmdb_result == EDQUOT)
		return -ENOSPC;
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

/* ---- failures ---- */

/* Sticks; and the store is not sealed any more, unless nothing worse happened than that it did not fit. */
static int fail(struct db_txn *txn, int fault)
{
	if (fault != FAULT_MAP_FULL)
		atomic_store(&txn->db->spoilt, true);
	return txn->failure = fault;
}

/* The same, and where it was: at or near the key. Once per transaction, since it sticks. */
static int fail_at(struct db_txn *txn, db_table table, const struct db_key *key, int fault)
{
	char text[2 * DB_KEY_MAX + 1] = "";
	for (size_t i = 0; i < key->size; i++)
		snprintf(text + 2 * i, 3, "%02x", key->bytes[i]);
	if (fault == FAULT_CORRUPT)
		log_event(LOG_LEVEL_ERROR, "store-damaged", "table=%s key=%s", txn->db->names[table], text);
	return fail(txn, fault);
}

/* ---- the seal ---- */

#define DAMAGE_LOGGED 10

struct damage {
	const char *folder;
	unsigned count;
};

static void log_damage(void *closure, const char *finding)
{
	struct damage *damage = closure;
	if (damage->count++ < DAMAGE_LOGGED)
		log_event(LOG_LEVEL_ERROR, "store-damaged", "store='%s' finding='%s'", damage->folder,
		          finding);
}

static int refuse_damage(const struct damage *damage)
{
	log_event(LOG_LEVEL_ERROR, "store-refused", "store='%s' findings=%u", damage->folder, damage->count);
	return FAULT_CORRUPT;
}

/* Answers 0 or SEAL_NONE. */
static int compare_with_seal(const struct db *db)
{
	struct damage damage = {.folder = db->folder};
	struct seal_report report;
	int result = seal_verify(db->folder, log_damage, &damage, &report);
	if (result == -ENOENT)
		return 0; /* nothing there yet */
	return result == SEAL_DAMAGED ? refuse_damage(&damage) : result;
}

/* For a store that was not closed: writing where the pages are not in order would destroy what is. A large one is not looked at here,
 * because a daemon that was killed is to be back at once; `suanpand check` looks at any. */
static int look_at_pages(struct db *db)
{
	if (db_size(db).used_bytes > LOOKED_AT_MAX)
		return 0;
	struct damage damage = {.folder = db->folder};
	struct pages_report report;
	int result = db_verify_pages(db, log_damage, &damage, &report);
	if (result == PAGES_MOVING)
		return -EBUSY; /* by one that takes no lock */
	return result == PAGES_DAMAGED ? refuse_damage(&damage) : result;
}

static void seal(const struct db *db)
{
	int result = atomic_load(&db->spoilt) ? 0 : seal_write(db->folder);
	if (result != 0)
		log_event(LOG_LEVEL_WARNING, "store-not-sealed", "store='%s' reason='%s'", db->folder,
		          fault_text(result));
}

/* ---- environment ---- */

/* LMDB would let a second writing process wait for the first one for ever; a daemon should say so and stop.
 */
int db_lock(const char *folder, int *ret_fd)
{
	int fd;
	int result = file_open(folder, DB_LOCK_FILE, O_CREAT | O_RDWR, &fd);
	if (result != 0)
		return result;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		result = errno == EWOULDBLOCK ? -EBUSY : -errno;
		close(fd);
		return result;
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

/* A reader's map may be older than what another process has written since it was made. */
static int take_newer_map(struct db *db)
{
	pthread_rwlock_wrlock(&db->map_lock);
	int result = mdb_env_set_mapsize(db->env, 0);
	pthread_rwlock_unlock(&db->map_lock);
	return result;
}

/* A read holds the map's lock from here on; a write does not. */
static int begin_lmdb(struct db *db, bool writes, MDB_txn **ret_txn)
{
	int result = MDB_MAP_RESIZED;
	for (int tries = 0; result == MDB_MAP_RESIZED && tries < 8; tries++) {
		int adapted = tries > 0 && db->lock_fd < 0 ? take_newer_map(db) : 0;
		if (adapted != 0)
			return adapted;
		if (!writes)
			pthread_rwlock_rdlock(&db->map_lock);
		result =
		    db->map_lost ? ENOTCONN : mdb_txn_begin(db->env, NULL, writes ? 0 : MDB_RDONLY, ret_txn);
		if (result != 0 && !writes)
			pthread_rwlock_unlock(&db->map_lock);
	}
	return result;
}

/* Where a first start was cut off there is a file with nothing in it. */
static int what_a_missing_table_means(MDB_txn *txn)
{
	MDB_dbi names;
	MDB_stat stat;
	bool empty = mdb_dbi_open(txn, NULL, 0, &names) == 0 && mdb_stat(txn, names, &stat) == 0 &&
	             stat.ms_entries == 0;
	return empty ? -ENOENT : FAULT_CORRUPT;
}

static int open_tables(struct db *db, const char *const tables[], unsigned table_count, enum db_mode mode)
{
	MDB_txn *txn;
	int result = begin_lmdb(db, mode != MODE_READ, &txn);
	if (result != 0)
		return db_fault(result, "mdb_txn_begin");
	db->names = tables;
	result = mdb_dbi_open(txn, NULL, 0, &db->list);
	for (unsigned i = 0; i < table_count && result == 0; i++)
		result = mdb_dbi_open(txn, tables[i], mode == MODE_READ ? 0 : MDB_CREATE, &db->table[i]);
	if (result == MDB_NOTFOUND)
		result = what_a_missing_table_means(txn);
	else if (result != 0)
		result = db_fault(result, "mdb_dbi_open");
	if (result != 0)
		mdb_txn_abort(txn);
	else
		result = db_fault(mdb_txn_commit(txn),
		                  "mdb_txn_commit"); /* of a reader, too: its tables stay open */
	if (mode == MODE_READ)
		pthread_rwlock_unlock(&db->map_lock);
	return result;
}

/* LMDB gives back what these mean, in its own words; here the file is not what it should be. */
static bool is_damage(int lmdb_result)
{
	return lmdb_result == MDB_CORRUPTED || lmdb_result == MDB_PAGE_NOTFOUND ||
	       lmdb_result == MDB_INVALID || lmdb_result == MDB_VERSION_MISMATCH;
}

/* LMDB found itself in a state that cannot be, most likely in damaged pages. It ends the process after this. */
static void log_assertion(MDB_env *env, const char *text)
{
	(void)env;
	log_event(LOG_LEVEL_ERROR, "store-damaged", "reason='%s'", text);
}

/* LMDB maps this file and writes to it as to memory: on a full disk the process would be killed (SIGBUS). */
static int make_lock_file(const char *folder)
{
	int fd;
	int result = file_open(folder, "lock.mdb", O_CREAT | O_RDWR, &fd);
	if (result != 0)
		return result;
	result = -posix_fallocate(fd, 0, LOCK_SIZE);
	close(fd);
	return result;
}

static int open_environment(struct db *db, const char *folder, unsigned table_count, enum db_mode mode)
{
	static const unsigned flags[] = {[MODE_WRITE] = MDB_NOTLS,
	                                 [MODE_UNSYNCED] = MDB_NOTLS | MDB_NOSYNC,
	                                 [MODE_READ] = MDB_NOTLS | MDB_RDONLY};
	MDB_stat stat;
	int result = mdb_env_create(&db->env);
	if (result == 0)
		result = mdb_env_set_assert(db->env, log_assertion);
	if (result == 0)
		result = mdb_env_set_maxdbs(db->env, table_count);
	if (result == 0 && mode != MODE_READ) /* a reader maps what there is */
		result = mdb_env_set_mapsize(db->env, MAP_START);
	if (result == 0)
		result = mdb_env_open(db->env, folder, flags[mode], 0600);
	if (result == 0 && mode != MODE_READ)
		result = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &db->probe);
	if (db->probe)
		mdb_txn_reset(db->probe);
	if (result == 0)
		result = mdb_env_stat(db->env, &stat);
	if (result == 0)
		db->page_size = stat.ms_psize;
	return is_damage(result) ? (int)FAULT_CORRUPT : db_fault(result, "mdb_env_open");
}

static int open_prepared(struct db *db, const char *const tables[], unsigned table_count, enum db_mode mode)
{
	bool writes = mode != MODE_READ;
	int result = writes ? db_lock(db->folder, &db->lock_fd) : 0;
	int sealed = result == 0 && writes ? compare_with_seal(db) : 0;
	if (sealed < 0)
		result = sealed;
	if (result == 0 && writes)
		result = make_lock_file(db->folder);
	if (result == 0 && mode == MODE_WRITE)
		result = db_make_environment(db->folder);
	if (result == 0)
		result = open_environment(db, db->folder, table_count, mode);
	if (result == 0 && sealed == SEAL_NONE)
		result = look_at_pages(db);
	if (result == 0 && writes)
		result = seal_remove(db->folder); /* the next call is the first one that writes */
	if (result == 0)
		result = open_tables(db, tables, table_count, mode);
	db->seals = result == 0 && mode == MODE_WRITE;
	return result;
}

static int open_in_mode(const char *folder, const char *const tables[], unsigned table_count,
                        enum db_mode mode, struct db **ret_db)
{
	assert(table_count <= TABLES_MAX);
	struct db *db = calloc(1, sizeof *db);
	if (!db)
		return -ENOMEM;
	db->lock_fd = -1;
	db->names = tables;
	pthread_rwlock_init(&db->map_lock, NULL);
	db->folder = strdup(folder);
	int result = db->folder ? open_prepared(db, tables, table_count, mode) : -ENOMEM;
	if (result != 0) {
		db_close(db);
		return result;
	}
	*ret_db = db;
	return 0;
}

int db_open(const char *folder, const char *const tables[], unsigned table_count, struct db **ret_db)
{
	int result = make_folder(folder);
	return result != 0 ? result : open_in_mode(folder, tables, table_count, MODE_WRITE, ret_db);
}

int db_open_unsynced(const char *folder, const char *const tables[], unsigned table_count, struct db **ret_db)
{
	int result = make_folder(folder);
	return result != 0 ? result : open_in_mode(folder, tables, table_count, MODE_UNSYNCED, ret_db);
}

/* LMDB makes an empty file of its lock even where there is nothing to read, so the data is looked for first.
 * An empty one is what a first start leaves that was cut off at once. */
int db_open_reader(const char *folder, const char *const tables[], unsigned table_count, struct db **ret_db)
{
	char path[FILE_PATH_SIZE];
	struct stat status;
	int result = file_path(folder, SEAL_DATA_FILE, path);
	if (result == 0 && stat(path, &status) != 0)
		result = -errno;
	if (result == 0 && status.st_size == 0)
		result = -ENOENT;
	return result != 0 ? result : open_in_mode(folder, tables, table_count, MODE_READ, ret_db);
}

int db_sync(struct db *db)
{
	int result = db_fault(mdb_env_sync(db->env, 1), "mdb_env_sync");
	db->seals = db->seals || result == 0;
	return result;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	mdb_txn_abort(db->probe);
	if (db->env)
		mdb_env_close(db->env);
	if (db->seals)
		seal(db);
	free(db->folder);
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

/* Another process that was killed while it read: the pages of its snapshot would be kept for ever. */
static int clear_dead_readers(struct db *db)
{
	int dead = 0;
	int result = mdb_reader_check(db->env, &dead);
	if (dead > 0)
		log_event(LOG_LEVEL_WARNING, "dead-readers-cleared", "count=%d", dead);
	return db_fault(result, "mdb_reader_check");
}

/* LMDB gives its map up before it asks for a larger one, so first see whether it would get it. */
static bool has_room_for_map(size_t size)
{
	void *map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return false;
	munmap(map, size);
	return true;
}

static int grow_map(struct db *db, size_t size)
{
	if (!has_room_for_map(size)) {
		if (!db->map_stuck)
			log_event(LOG_LEVEL_ERROR, "map-stuck", "wanted=%zu reason='%s'", size,
			          strerror(errno));
		db->map_stuck = true;
		return 0;
	}
	pthread_rwlock_wrlock(&db->map_lock);
	int result = mdb_env_set_mapsize(db->env, size);
	db->map_lost = result != 0;
	pthread_rwlock_unlock(&db->map_lock);
	if (result != 0) {
		log_event(LOG_LEVEL_ERROR, "map-lost", "wanted=%zu reason='%s'", size, mdb_strerror(result));
		return FAULT_STORE;
	}
	db->map_stuck = false;
	log_event(LOG_LEVEL_INFO, "map-grown", "bytes=%zu", size);
	return 0;
}

int db_make_room(struct db *db, size_t reserve)
{
	struct db_size size = db_size(db);
	int result = clear_dead_readers(db);
	if (result != 0 || size.map_bytes - size.used_bytes >= reserve)
		return result;
	size_t wanted = size.map_bytes * 2;
	while (wanted - size.used_bytes < reserve)
		wanted *= 2;
	return grow_map(db, wanted);
}

int db_disk_free(struct db *db, uint64_t *ret_bytes)
{
	struct statvfs disk;
	if (fstatvfs(db->lock_fd, &disk) != 0)
		return -errno;
	*ret_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	return 0;
}

static bool is_disk_full(struct db *db)
{
	uint64_t bytes = 0;
	return db_disk_free(db, &bytes) == 0 && bytes < DISK_FULL;
}

/* A write for which the disk has only half the room is cut short, and LMDB calls that EIO. */
static int write_fault(struct db *db, int lmdb_result, const char *call)
{
	return db_fault(lmdb_result == EIO && is_disk_full(db) ? ENOSPC : lmdb_result, call);
}

/* A commit's last step is to write the meta page. If that fails, nobody knows which one is on disk, and LMDB refuses
 * everything from then on: that is how one can tell. */
static bool is_outcome_unknown(struct db *db)
{
	if (mdb_txn_renew(db->probe) != 0)
		return true;
	mdb_txn_reset(db->probe);
	return false;
}

static int commit_fault(struct db *db, int lmdb_result)
{
	if (lmdb_result == 0 || !is_outcome_unknown(db))
		return write_fault(db, lmdb_result, "mdb_txn_commit");
	log_event(LOG_LEVEL_ERROR, "store-call-failed", "call=mdb_txn_commit reason='%s' outcome=unknown",
	          mdb_strerror(lmdb_result));
	return FAULT_UNKNOWN;
}

/* If it fails, so that the next start finds two whole meta pages, and does not have to take this one for damaged. */
static int commit(struct db_txn *txn)
{
	struct db *db = txn->db;
	struct pages_meta before;
	mdb_filehandle_t file;
	uint64_t transaction = mdb_txn_id(txn->txn);
	mdb_env_get_fd(db->env, &file);
	int result = pages_read_meta(file, db->page_size, transaction, &before);
	if (result != 0) {
		mdb_txn_abort(txn->txn);
		return result;
	}
	result = commit_fault(db, mdb_txn_commit(txn->txn));
	int restored =
	    result == FAULT_UNKNOWN ? pages_restore_meta(file, db->page_size, transaction, &before) : 0;
	if (restored != 0)
		log_event(LOG_LEVEL_ERROR, "store-call-failed", "call=pwrite page=meta reason='%s'",
		          fault_text(restored));
	return result;
}

/* ---- copying ---- */

static int copy_mapped(struct db *db, const char *folder, unsigned flags)
{
	int result = MDB_MAP_RESIZED;
	for (int tries = 0; result == MDB_MAP_RESIZED && tries < 8; tries++) {
		int adapted = tries > 0 && db->lock_fd < 0 ? take_newer_map(db) : 0;
		if (adapted != 0)
			return adapted;
		pthread_rwlock_rdlock(&db->map_lock);
		result = mdb_env_copy2(db->env, folder, flags);
		pthread_rwlock_unlock(&db->map_lock);
	}
	return result;
}

/* LMDB does not sync a copy, and gives it the mode that the umask leaves. */
static int keep_copy(const char *folder)
{
	int fd;
	int result = file_open(folder, SEAL_DATA_FILE, O_RDONLY, &fd);
	if (result != 0)
		return result;
	if (fchmod(fd, 0600) != 0 || fsync(fd) != 0)
		result = -errno;
	close(fd);
	return result == 0 ? file_sync_folder(folder) : result;
}

int db_copy(struct db *db, const char *folder)
{
	char path[FILE_PATH_SIZE];
	int result = file_path(folder, SEAL_DATA_FILE, path);
	if (result != 0)
		return result;
	if (access(path, F_OK) == 0)
		return -EEXIST;
	int copied = copy_mapped(db, folder, MDB_CP_COMPACT);
	/* It counts the pages it leaves out, and gives up where some belong to nobody: then all of them
	 * are copied. */
	if (copied == MDB_INCOMPATIBLE && unlink(path) == 0)
		copied = copy_mapped(db, folder, 0);
	result = copied == 0 ? keep_copy(folder) : db_fault(copied, "mdb_env_copy2");
	if (result != 0)
		unlink(path);
	return result;
}

/* ---- transactions ---- */

static int begin(struct db *db, bool writes, struct db_txn **ret_txn)
{
	struct db_txn *txn = calloc(1, sizeof *txn);
	if (!txn)
		return -ENOMEM;
	txn->db = db;
	txn->writes = writes;
	int result = begin_lmdb(db, writes, &txn->txn);
	if (result != 0) {
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
		result = commit(txn);
	if (result != 0)
		fail(txn, result);
	free(txn);
	return result;
}

int db_failure(const struct db_txn *txn)
{
	return txn->failure;
}

/* ---- pages ---- */

/* The read keeps its state's pages; its meta page is written over two commits later, so it has to be read
 * before. */
#define MOVING_TRIES 1000

int db_verify_pages(struct db *db, void (*tell)(void *context, const char *finding), void *context,
                    struct pages_report *ret_report)
{
	int result = PAGES_MOVING;
	mdb_filehandle_t file;
	mdb_env_get_fd(db->env, &file);
	posix_fadvise(file, 0, 0, POSIX_FADV_WILLNEED); /* a tree's pages lie anywhere */
	for (int tries = 0; result == PAGES_MOVING && tries < MOVING_TRIES; tries++) {
		struct db_txn *txn;
		result = db_begin_read(db, &txn);
		if (result != 0)
			return result;
		result = pages_verify(file, db->page_size, mdb_txn_id(txn->txn), tell, context, ret_report);
		db_abort(txn);
	}
	return result;
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
	if (stored.mv_size < CHECKSUM_SIZE || key.mv_size > DB_KEY_MAX)
		return FAULT_CORRUPT;
	size_t size = stored.mv_size - CHECKSUM_SIZE;
	memcpy(&sum, (const char *)stored.mv_data + size, CHECKSUM_SIZE);
	if (sum != checksum(key.mv_data, key.mv_size, stored.mv_data, size))
		return FAULT_CORRUPT;
	*ret_value = (struct db_value){.bytes = stored.mv_data, .size = size};
	return 0;
}

/* ---- what is not there
 *
 * A damaged key is not found where it belongs, nor is what lies beyond a damaged way to it; so that
 * nothing is there is believed only between two neighbours that verify (their checksums cover their keys)
 * and lie on either side. */

static int compare(MDB_val left, MDB_val right)
{
	size_t size = left.mv_size < right.mv_size ? left.mv_size : right.mv_size;
	int order = memcmp(left.mv_data, right.mv_data, size);
	return order != 0 ? order : (left.mv_size > right.mv_size) - (left.mv_size < right.mv_size);
}

struct search {
	const struct db_txn *txn;
	db_table table;
	MDB_cursor *cursor;
};

struct place {
	MDB_val key, stored;
	bool there; /* false: the table ends here */
};

static int move(MDB_cursor *cursor, MDB_cursor_op op, struct place *place)
{
	int result = mdb_cursor_get(cursor, &place->key, &place->stored, op);
	place->there = result == 0;
	return result == MDB_NOTFOUND ? 0 : db_fault(result, "mdb_cursor_get");
}

/* A key lies in its leaf. What a write has changed lies elsewhere, and is as we have made it. */
static const void *leaf_of(const struct db_txn *txn, MDB_val key)
{
	return txn->writes ? NULL : (const void *)((uintptr_t)key.mv_data & ~(txn->db->page_size - 1));
}

/* Nothing was taken out of the leaf by a damaged count, or put elsewhere in it. */
static int check_leaf(const struct db_txn *txn, const void *leaf)
{
	return !leaf || pages_leaf_is_whole(leaf, txn->db->page_size) ? 0 : FAULT_CORRUPT;
}

static int verify_place(const struct db_txn *txn, const struct place *place)
{
	struct db_value value;
	if (!place->there)
		return 0;
	int result = check_leaf(txn, leaf_of(txn, place->key));
	return result == 0 ? check_value(place->key, place->stored, &value) : result;
}

/* Where a table's name is damaged, LMDB takes the table for empty. Ours are all made when the store is. */
static int prove_empty(const struct search *search)
{
	const char *name = search->txn->db->names[search->table];
	MDB_val key = {.mv_size = strlen(name), .mv_data = (void *)(uintptr_t)name}, record;
	int result = mdb_get(search->txn->txn, search->txn->db->list, &key, &record);
	return result == MDB_NOTFOUND ? (int)FAULT_CORRUPT : db_fault(result, "mdb_get");
}

static int find_first(const struct search *search, struct place *ret_first)
{
	int result = move(search->cursor, MDB_FIRST, ret_first);
	return result == 0 && !ret_first->there ? prove_empty(search) : result;
}

/* The neighbours of `key`: the last entry before it, and the first that is not before it, where the cursor
 * then stands (at the end of the table: anywhere). Both verify. An empty key is before all. */
static int find_place(const struct search *search, MDB_val key, struct place *ret_before,
                      struct place *ret_at)
{
	*ret_before = (struct place){.there = false};
	*ret_at = (struct place){.key = key};
	if (key.mv_size == 0)
		return find_first(search, ret_at);
	int result = move(search->cursor, MDB_SET_RANGE, ret_at);
	if (result == 0)
		result = move(search->cursor, ret_at->there ? MDB_PREV : MDB_LAST, ret_before);
	if (result == 0)
		result = verify_place(search->txn, ret_before);
	if (result == 0)
		result = verify_place(search->txn, ret_at);
	if (result == 0 && !ret_before->there && !ret_at->there)
		return prove_empty(search);
	if (result != 0)
		return result;
	if ((ret_before->there && compare(ret_before->key, key) >= 0) ||
	    (ret_at->there && compare(ret_at->key, key) < 0))
		return FAULT_CORRUPT;
	if (!ret_at->there)
		return 0;
	return move(search->cursor, ret_before->there ? MDB_NEXT : MDB_FIRST, ret_at);
}

static int search_open(struct db_txn *txn, db_table table, struct search *ret_search)
{
	*ret_search = (struct search){.txn = txn, .table = table};
	return db_fault(mdb_cursor_open(txn->txn, txn->db->table[table], &ret_search->cursor),
	                "mdb_cursor_open");
}

static int prove_absent(struct db_txn *txn, db_table table, MDB_val key)
{
	struct search search;
	struct place before, at;
	int result = search_open(txn, table, &search);
	if (result != 0)
		return result;
	result = find_place(&search, key, &before, &at);
	mdb_cursor_close(search.cursor);
	if (result == 0 && at.there && compare(at.key, key) == 0)
		result = FAULT_CORRUPT; /* it is there after all */
	return result == 0 ? (int)DB_ABSENT : result;
}

int db_get(struct db_txn *txn, db_table table, const struct db_key *key, struct db_value *ret_value)
{
	if (txn->failure != 0)
		return txn->failure;
	MDB_val wanted = key_value(key), stored;
	int result = db_fault(mdb_get(txn->txn, txn->db->table[table], &wanted, &stored), "mdb_get");
	if (result == 0)
		result = check_value(wanted, stored, ret_value);
	else if (result == DB_ABSENT)
		result = prove_absent(txn, table, wanted);
	return result < 0 ? fail_at(txn, table, key, result) : result;
}

void db_put_two(struct db_txn *txn, db_table table, const struct db_key *key, const void *bytes, size_t size,
                const void *more, size_t more_size)
{
	assert(txn->writes);
	if (txn->failure != 0)
		return;
	MDB_val where = key_value(key), room = {.mv_size = size + more_size + CHECKSUM_SIZE};
	int result = mdb_put(txn->txn, txn->db->table[table], &where, &room, MDB_RESERVE);
	result = write_fault(txn->db, result, "mdb_put"); /* a large transaction writes pages early */
	if (result != 0) {
		fail(txn, result);
		return;
	}
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
	if (result < 0)
		fail(txn, result);
}

static bool has_prefix(MDB_val key, const struct db_key *of, size_t prefix)
{
	return key.mv_size >= prefix && memcmp(key.mv_data, of->bytes, prefix) == 0;
}

static int copy_key(MDB_val key, struct db_key *ret_key)
{
	if (key.mv_size > DB_KEY_MAX)
		return FAULT_CORRUPT;
	ret_key->size = 0;
	db_key_add_bytes(ret_key, key.mv_data, key.mv_size);
	return 0;
}

/* Each entry verifies and lies behind the one before; the first beyond the prefix, too, lest it is one
 * that belongs before it. */
static int walk(const struct search *search, const struct db_key *from, size_t prefix,
                int (*each)(void *context, const struct db_key *key, struct db_value value), void *context)
{
	struct place before, at;
	struct db_key key = {.size = 0};
	struct db_value value;
	const void *leaf = NULL;
	int result = find_place(search, key_value(from), &before, &at);
	while (result == 0 && at.there) {
		const struct db_key last = key;
		if (leaf_of(search->txn, at.key) != leaf) {
			leaf = leaf_of(search->txn, at.key);
			result = check_leaf(search->txn, leaf);
		}
		if (result == 0)
			result = check_value(at.key, at.stored, &value);
		if (result == 0)
			result = copy_key(at.key, &key);
		if (result == 0 && last.size > 0 && compare(key_value(&key), key_value(&last)) <= 0)
			result = FAULT_CORRUPT;
		if (result != 0 || !has_prefix(at.key, from, prefix))
			return result;
		result = each(context, &key, value);
		if (result == 0)
			result = move(search->cursor, MDB_NEXT, &at);
	}
	return result;
}

int db_walk(struct db_txn *txn, db_table table, const struct db_key *from, size_t prefix,
            int (*each)(void *context, const struct db_key *key, struct db_value value), void *context)
{
	assert(prefix <= from->size);
	if (txn->failure != 0)
		return txn->failure;
	struct search search;
	int result = search_open(txn, table, &search);
	if (result < 0)
		return fail(txn, result);
	result = walk(&search, from, prefix, each, context);
	mdb_cursor_close(search.cursor);
	return result < 0 ? fail_at(txn, table, from, result) : result;
}

static int get_last(const struct search *search, const struct db_key *key, size_t prefix,
                    struct db_key *ret_key, struct db_value *ret_value)
{
	struct place before, at;
	MDB_val wanted = key_value(key);
	int result = find_place(search, wanted, &before, &at);
	if (result != 0)
		return result;
	const struct place *last = at.there && compare(at.key, wanted) == 0 ? &at : &before;
	if (!last->there || !has_prefix(last->key, key, prefix))
		return DB_ABSENT;
	result = check_value(last->key, last->stored, ret_value);
	return result == 0 ? copy_key(last->key, ret_key) : result;
}

int db_get_last(struct db_txn *txn, db_table table, const struct db_key *key, size_t prefix,
                struct db_key *ret_key, struct db_value *ret_value)
{
	assert(prefix <= key->size);
	if (txn->failure != 0)
		return txn->failure;
	struct search search;
	int result = search_open(txn, table, &search);
	if (result == 0) {
		result = get_last(&search, key, prefix, ret_key, ret_value);
		mdb_cursor_close(search.cursor);
	}
	return result < 0 ? fail_at(txn, table, key, result) : result;
}

/* ---- everything, damaged or not ---- */

struct db_cursor {
	MDB_cursor *cursor;
};

void db_forgive(struct db_txn *txn)
{
	assert(!txn->writes);
	txn->failure = 0;
}

int db_cursor_open(struct db_txn *txn, db_table table, struct db_cursor **ret_cursor)
{
	struct db_cursor *cursor = calloc(1, sizeof *cursor);
	if (!cursor)
		return -ENOMEM;
	int result =
	    db_fault(mdb_cursor_open(txn->txn, txn->db->table[table], &cursor->cursor), "mdb_cursor_open");
	if (result != 0) {
		free(cursor);
		return result;
	}
	*ret_cursor = cursor;
	return 0;
}

void db_cursor_close(struct db_cursor *cursor)
{
	if (!cursor)
		return;
	mdb_cursor_close(cursor->cursor);
	free(cursor);
}

int db_cursor_next(struct db_cursor *cursor, struct db_key *ret_key, struct db_value *ret_value)
{
	MDB_val found, stored;
	int result = db_fault(mdb_cursor_get(cursor->cursor, &found, &stored, MDB_NEXT), "mdb_cursor_get");
	if (result != 0)
		return result;
	bool fits = found.mv_size <= DB_KEY_MAX;
	ret_key->size = 0;
	db_key_add_bytes(ret_key, found.mv_data, fits ? found.mv_size : DB_KEY_MAX);
	return fits ? check_value(found, stored, ret_value) : (int)FAULT_CORRUPT;
}

void db_clear(struct db_txn *txn, db_table table)
{
	assert(txn->writes);
	int result =
	    txn->failure == 0 ? db_fault(mdb_drop(txn->txn, txn->db->table[table], 0), "mdb_drop") : 0;
	if (result != 0)
		fail(txn, result);
}

uint64_t db_count(struct db_txn *txn, db_table table)
{
	MDB_stat stat = {.ms_entries = 0};
	int result =
	    txn->failure == 0 ? db_fault(mdb_stat(txn->txn, txn->db->table[table], &stat), "mdb_stat") : 0;
	if (result != 0)
		fail(txn, result);
	return stat.ms_entries;
}
