/* This file owns lmdb.h in the clients: the daemon's layer over it is made for one process that owns its
 * store. */
#include "clients/report/spool.h"
#include "daemon/base/clock.h"
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#define MAP_BYTES ((size_t)1 << 30)

/* On disk (numbers are little-endian, keys of reports big-endian so that they sort):
 *   meta     "format"    u32
 *            "identity"  seal, stream[16], next u64, reporter (the rest)
 *            "cache"     seal, wall_ms u64, bytes (the rest)
 *   reports  sequence    seal, wall_ms u64, payload size u32, rows u32, files u32, payload,
 *                        per row: file u32, line u32; per file: its name and a NUL
 * A seal is XXH3 (64 bits) of the key and of everything behind it. */
#define SEAL_SIZE sizeof(uint64_t)

struct spool {
	MDB_env *env;
	MDB_dbi meta, reports;
	char *path;
	int lock; /* file descriptor, -1 until locked */
	struct sentence *why;
};

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

/* Turns what LMDB answered (never 0) into a fault and its sentence. */
static int explain(struct spool *spool, int code)
{
	if (code == MDB_MAP_FULL)
		sentence_set(spool->why, "the spool in %s is full (1 GiB); deliver what is in it first",
		             spool->path);
	else
		sentence_set(spool->why, "the spool in %s: %s", spool->path, mdb_strerror(code));
	return fault_of(code);
}

static int out_of_memory(struct spool *spool)
{
	sentence_set(spool->why, "out of memory");
	return -ENOMEM;
}

static int damaged(struct spool *spool, const char *what)
{
	sentence_set(spool->why, "the spool in %s is damaged: %s does not match its checksum", spool->path,
	             what);
	return FAULT_CORRUPT;
}

static int damaged_report(struct spool *spool, uint64_t sequence)
{
	char what[48];
	snprintf(what, sizeof what, "report %" PRIu64, sequence);
	return damaged(spool, what);
}

/* ---- bytes ---- */

static void put_u32(uint8_t **at, uint32_t number)
{
	number = htole32(number);
	memcpy(*at, &number, sizeof number);
	*at += sizeof number;
}

static void put_u64(uint8_t **at, uint64_t number)
{
	number = htole64(number);
	memcpy(*at, &number, sizeof number);
	*at += sizeof number;
}

static void put_bytes(uint8_t **at, const void *bytes, size_t size)
{
	if (size)
		memcpy(*at, bytes, size);
	*at += size;
}

static uint32_t get_u32(const uint8_t **at)
{
	uint32_t number;
	memcpy(&number, *at, sizeof number);
	*at += sizeof number;
	return le32toh(number);
}

static uint64_t get_u64(const uint8_t **at)
{
	uint64_t number;
	memcpy(&number, *at, sizeof number);
	*at += sizeof number;
	return le64toh(number);
}

static uint64_t seal_of(const MDB_val *key, const MDB_val *value)
{
	const uint8_t *body = value->mv_data;
	return XXH3_64bits_withSeed(body + SEAL_SIZE, value->mv_size - SEAL_SIZE,
	                            XXH3_64bits(key->mv_data, key->mv_size));
}

static void set_seal(const MDB_val *key, const MDB_val *value)
{
	uint8_t *at = value->mv_data;
	put_u64(&at, seal_of(key, value));
}

static bool seal_holds(const MDB_val *key, const MDB_val *value)
{
	const uint8_t *at = value->mv_data;
	return value->mv_size >= SEAL_SIZE && get_u64(&at) == seal_of(key, value);
}

static MDB_val text_key(const char *text)
{
	/* LMDB's type is not const; it does not write to keys. */
	return (MDB_val){.mv_data = (void *)(uintptr_t)text, .mv_size = strlen(text)};
}

struct sequence_key {
	uint64_t big_endian;
};

static MDB_val key_of(struct sequence_key *key, uint64_t sequence)
{
	key->big_endian = htobe64(sequence);
	return (MDB_val){.mv_data = key, .mv_size = sizeof *key};
}

static uint64_t sequence_of(const MDB_val *key)
{
	uint64_t big_endian = 0;
	if (key->mv_size == sizeof big_endian)
		memcpy(&big_endian, key->mv_data, sizeof big_endian);
	return be64toh(big_endian);
}

/* ---- the folder ---- */

/* LMDB syncs its files, not the folder that names them: without this a power cut could forget the whole
 * spool. */
static void sync_folder(const char *path)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return; /* one we may pass through but not read; it is not ours to worry about */
	fsync(folder);
	close(folder);
}

static int make_folder(const char *path, const char *parent)
{
	if (mkdir(path, 0700))
		return errno == EEXIST ? 0 : -errno;
	sync_folder(parent);
	return 0;
}

static int make_folders(const char *path)
{
	char *parent = strdup(*path == '/' ? "/" : "."), *part = strdup(path);
	int fault = parent && part ? 0 : -ENOMEM;
	for (size_t i = 1; !fault && path[i - 1]; i++) {
		if (path[i] && path[i] != '/')
			continue;
		part[i] = '\0';
		fault = make_folder(part, parent);
		free(parent);
		parent = strdup(part);
		if (!parent)
			fault = -ENOMEM;
		part[i] = path[i];
	}
	free(parent);
	free(part);
	return fault;
}

bool spool_exists(const char *path)
{
	char *file;
	if (asprintf(&file, "%s/data.mdb", path) < 0)
		return false;
	bool exists = access(file, F_OK) == 0;
	free(file);
	return exists;
}

static bool is_empty_folder(const char *path)
{
	DIR *folder = opendir(path);
	if (!folder)
		return false;
	int entries = 0;
	while (readdir(folder))
		entries++;
	closedir(folder);
	return entries <= 2; /* . and .. */
}

/* A folder that was there before is ours only if it is empty or a spool: nobody's /tmp gets another mode. Two
 * first pushes at once may both see a folder that the other is just filling; its lock file tells it apart. */
static int prepare_folder(struct spool *spool)
{
	int fault = make_folders(spool->path);
	if (fault) {
		sentence_set(spool->why, "cannot make the folder %s: %s", spool->path, strerror(-fault));
		return fault;
	}
	char *lock = NULL;
	if (asprintf(&lock, "%s/lock.mdb", spool->path) < 0)
		return out_of_memory(spool);
	bool ours = access(lock, F_OK) == 0 || spool_exists(spool->path) || is_empty_folder(spool->path);
	free(lock);
	if (!ours) {
		sentence_set(spool->why,
		             "%s is not a spool and holds other files; give --spool another folder",
		             spool->path);
		return SPOOL_NOT_A_SPOOL;
	}
	struct stat status;
	if (stat(spool->path, &status) || ((status.st_mode & 077) && chmod(spool->path, 0700))) {
		fault = -errno;
		sentence_set(spool->why, "cannot close the folder %s to others: %s", spool->path,
		             strerror(errno));
		return fault;
	}
	return 0;
}

/* ---- opening ---- */

static int check_format(struct spool *spool, MDB_txn *transaction)
{
	MDB_val key = text_key("format"), value;
	int code = mdb_get(transaction, spool->meta, &key, &value);
	if (code == MDB_NOTFOUND) {
		uint32_t format = htole32(SPOOL_FORMAT);
		value = (MDB_val){.mv_data = &format, .mv_size = sizeof format};
		code = mdb_put(transaction, spool->meta, &key, &value, 0);
		return code ? explain(spool, code) : 0;
	}
	if (code)
		return explain(spool, code);
	if (value.mv_size != sizeof(uint32_t))
		return damaged(spool, "its format number");
	const uint8_t *at = value.mv_data;
	uint32_t format = get_u32(&at);
	if (format == SPOOL_FORMAT)
		return 0;
	sentence_set(spool->why,
	             "the spool in %s has format %" PRIu32 ", this program knows format %d; use a newer one",
	             spool->path, format, SPOOL_FORMAT);
	return FAULT_FORMAT;
}

static int open_databases(struct spool *spool)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, 0, &transaction);
	if (code)
		return explain(spool, code);
	code = mdb_dbi_open(transaction, "meta", MDB_CREATE, &spool->meta);
	if (!code)
		code = mdb_dbi_open(transaction, "reports", MDB_CREATE, &spool->reports);
	int fault = code ? explain(spool, code) : check_format(spool, transaction);
	if (fault) {
		mdb_txn_abort(transaction);
		return fault;
	}
	code = mdb_txn_commit(transaction);
	return code ? explain(spool, code) : 0;
}

static int open_environment(struct spool *spool)
{
	int code = mdb_env_create(&spool->env);
	if (!code)
		code = mdb_env_set_maxdbs(spool->env, 2);
	if (!code)
		code = mdb_env_set_mapsize(spool->env, MAP_BYTES);
	if (!code)
		code = mdb_env_open(spool->env, spool->path, 0, 0600);
	int stale;
	if (!code)
		code = mdb_reader_check(spool->env, &stale); /* a killed reader would pin old pages */
	int fault = code ? explain(spool, code) : open_databases(spool);
	if (!fault)
		sync_folder(spool->path);
	return fault;
}

int spool_open(const char *path, struct sentence *why, struct spool **ret_spool)
{
	sentence_set(why, "out of memory");
	struct spool *spool = calloc(1, sizeof *spool);
	if (!spool)
		return -ENOMEM;
	spool->lock = -1;
	spool->why = why;
	spool->path = strdup(path);
	int answer = spool->path ? prepare_folder(spool) : -ENOMEM;
	if (!answer)
		answer = open_environment(spool);
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
	free(spool->path);
	free(spool);
}

/* ---- identity ---- */

#define IDENTITY_HEAD (SEAL_SIZE + SPOOL_STREAM_SIZE + sizeof(uint64_t))

static int read_identity(struct spool *spool, MDB_txn *transaction, struct spool_state *ret_state)
{
	MDB_val key = text_key("identity"), value;
	int code = mdb_get(transaction, spool->meta, &key, &value);
	if (code == MDB_NOTFOUND) {
		*ret_state = (struct spool_state){.next = 1};
		return 0;
	}
	if (code)
		return explain(spool, code);
	if (value.mv_size < IDENTITY_HEAD || value.mv_size >= IDENTITY_HEAD + SPOOL_REPORTER_SIZE ||
	    !seal_holds(&key, &value))
		return damaged(spool, "its identity");
	struct spool_state state = {.has_identity = true};
	const uint8_t *at = (const uint8_t *)value.mv_data + SEAL_SIZE;
	memcpy(state.stream, at, sizeof state.stream);
	at += sizeof state.stream;
	state.next = get_u64(&at);
	memcpy(state.reporter, at, value.mv_size - IDENTITY_HEAD);
	*ret_state = state;
	return 0;
}

static int write_identity(struct spool *spool, MDB_txn *transaction, const struct spool_state *state)
{
	uint8_t bytes[IDENTITY_HEAD + SPOOL_REPORTER_SIZE], *at = bytes + SEAL_SIZE;
	put_bytes(&at, state->stream, sizeof state->stream);
	put_u64(&at, state->next);
	put_bytes(&at, state->reporter, strlen(state->reporter));
	MDB_val key = text_key("identity"), value = {.mv_data = bytes, .mv_size = (size_t)(at - bytes)};
	set_seal(&key, &value);
	int code = mdb_put(transaction, spool->meta, &key, &value, 0);
	return code ? explain(spool, code) : 0;
}

/* The lowest pending sequence; `next` if none is. */
static int read_oldest(struct spool *spool, MDB_txn *transaction, struct spool_state *state)
{
	MDB_cursor *cursor;
	int code = mdb_cursor_open(transaction, spool->reports, &cursor);
	if (code)
		return explain(spool, code);
	MDB_val key, value;
	code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	mdb_cursor_close(cursor);
	if (code && code != MDB_NOTFOUND)
		return explain(spool, code);
	state->oldest = code ? state->next : sequence_of(&key);
	MDB_stat numbers;
	code = mdb_stat(transaction, spool->reports, &numbers);
	if (code)
		return explain(spool, code);
	state->pending = numbers.ms_entries;
	return 0;
}

static int read_state(struct spool *spool, MDB_txn *transaction, struct spool_state *ret_state)
{
	struct spool_state state = {.next = 1};
	int fault = read_identity(spool, transaction, &state);
	if (!fault)
		fault = read_oldest(spool, transaction, &state);
	if (!fault)
		*ret_state = state;
	return fault;
}

int spool_read_state(struct spool *spool, struct spool_state *ret_state)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, MDB_RDONLY, &transaction);
	if (code)
		return explain(spool, code);
	int fault = read_state(spool, transaction, ret_state);
	mdb_txn_abort(transaction);
	return fault;
}

/* ---- adding ---- */

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
		return explain(spool, code);
	struct spool_state state = {.next = 1};
	int answer = read_state(spool, transaction, &state);
	if (!answer)
		answer = adopt_reporter(spool, reporter, &state);
	if (answer) {
		mdb_txn_abort(transaction);
		return answer;
	}
	*ret_batch = (struct spool_batch){.spool = spool, .transaction = transaction, .state = state};
	return 0;
}

#define REPORT_HEAD (SEAL_SIZE + sizeof(uint64_t) + 3 * sizeof(uint32_t))

static size_t record_size(const struct spool_report *report)
{
	size_t size = REPORT_HEAD + report->payload_size + report->row_count * 2 * sizeof(uint32_t);
	for (size_t i = 0; i < report->file_count; i++)
		size += strlen(report->files[i]) + 1;
	return size;
}

static void write_record(const struct spool_report *report, uint8_t *at)
{
	at += SEAL_SIZE;
	put_u64(&at, (uint64_t)report->wall_ms);
	put_u32(&at, (uint32_t)report->payload_size);
	put_u32(&at, (uint32_t)report->row_count);
	put_u32(&at, (uint32_t)report->file_count);
	put_bytes(&at, report->payload, report->payload_size);
	for (size_t i = 0; i < report->row_count; i++) {
		put_u32(&at, report->places[i].file);
		put_u32(&at, report->places[i].line);
	}
	for (size_t i = 0; i < report->file_count; i++)
		put_bytes(&at, report->files[i], strlen(report->files[i]) + 1);
}

void spool_put(struct spool_batch *batch, const struct spool_report *report)
{
	if (batch->failed)
		return;
	struct spool *spool = batch->spool;
	struct sequence_key number;
	MDB_val key = key_of(&number, batch->state.next), value = {.mv_size = record_size(report)};
	int code = mdb_put(batch->transaction, spool->reports, &key, &value, MDB_RESERVE | MDB_NOOVERWRITE);
	if (code == MDB_KEYEXIST) {
		/* Numbers go up with the identity in the same transaction: only damage leads here. */
		batch->failed = damaged(spool, "its next number");
		return;
	}
	if (code) {
		batch->failed = explain(spool, code);
		return;
	}
	write_record(report, value.mv_data);
	set_seal(&key, &value);
	batch->state.next++;
	batch->state.pending++;
}

void spool_abort(struct spool_batch *batch)
{
	mdb_txn_abort(batch->transaction);
	*batch = (struct spool_batch){0};
}

int spool_commit(struct spool_batch *batch)
{
	struct spool *spool = batch->spool;
	int fault = batch->failed;
	if (!fault)
		fault = write_identity(spool, batch->transaction, &batch->state);
	if (fault) {
		spool_abort(batch);
		return fault;
	}
	int code = mdb_txn_commit(batch->transaction);
	*batch = (struct spool_batch){0};
	return code ? explain(spool, code) : 0;
}

/* ---- delivering ---- */

/* There is no flock with a time limit, hence the short naps. */
static int take_lock(struct spool *spool, int file, int timeout_ms)
{
	const struct timespec nap = {.tv_nsec = 20000000};
	int64_t deadline = clock_read().monotonic_ms + timeout_ms;
	while (flock(file, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			sentence_set(spool->why, "cannot lock the spool in %s: %s", spool->path,
			             strerror(errno));
			return -errno;
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
		return out_of_memory(spool);
	int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int fault = file < 0 ? -errno : 0;
	if (fault)
		sentence_set(spool->why, "cannot open %s: %s", path, strerror(errno));
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
		return explain(spool, code);
	*ret_count = count;
	return 0;
}

static int list_in(struct spool *spool, MDB_txn *transaction, uint64_t last, uint64_t **ret_sequences,
                   size_t *ret_count)
{
	MDB_stat numbers;
	int code = mdb_stat(transaction, spool->reports, &numbers);
	if (code)
		return explain(spool, code);
	if (numbers.ms_entries == 0) {
		*ret_sequences = NULL;
		*ret_count = 0;
		return 0;
	}
	uint64_t *list = calloc(numbers.ms_entries, sizeof *list);
	if (!list)
		return out_of_memory(spool);
	MDB_cursor *cursor;
	code = mdb_cursor_open(transaction, spool->reports, &cursor);
	int fault =
	    code ? explain(spool, code) : list_keys(spool, cursor, last, list, numbers.ms_entries, ret_count);
	if (!code)
		mdb_cursor_close(cursor);
	if (fault)
		free(list);
	else
		*ret_sequences = list;
	return fault;
}

int spool_list(struct spool *spool, uint64_t last, uint64_t **ret_sequences, size_t *ret_count)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, MDB_RDONLY, &transaction);
	if (code)
		return explain(spool, code);
	int fault = list_in(spool, transaction, last, ret_sequences, ret_count);
	mdb_txn_abort(transaction);
	return fault;
}

/* The sizes that a record claims; false if they do not add up to what is there. */
static bool read_head(const MDB_val *value, struct spool_report *ret_head)
{
	if (value->mv_size < REPORT_HEAD)
		return false;
	const uint8_t *at = (const uint8_t *)value->mv_data + SEAL_SIZE;
	struct spool_report head = {.wall_ms = (int64_t)get_u64(&at)};
	head.payload_size = get_u32(&at);
	head.row_count = get_u32(&at);
	head.file_count = get_u32(&at);
	size_t named = value->mv_size - REPORT_HEAD;
	uint64_t fixed = head.payload_size + (uint64_t)head.row_count * 2 * sizeof(uint32_t);
	if (fixed > named || head.file_count > named - fixed)
		return false;
	*ret_head = head;
	return true;
}

/* One block: the struct, the names' pointers, the places, the payload, the names. */
static struct spool_report *copy_record(const MDB_val *value, const struct spool_report *head)
{
	const uint8_t *from = (const uint8_t *)value->mv_data + REPORT_HEAD;
	size_t tail =
	    value->mv_size - REPORT_HEAD - head->payload_size - head->row_count * 2 * sizeof(uint32_t);
	size_t size = sizeof(struct spool_report) + head->file_count * sizeof(char *) +
	              head->row_count * sizeof(struct spool_place) + head->payload_size + tail + 1;
	struct spool_report *report = malloc(size);
	if (!report)
		return NULL;
	const char **files = (const char **)(report + 1);
	struct spool_place *places = (struct spool_place *)(files + head->file_count);
	uint8_t *payload = (uint8_t *)(places + head->row_count);
	char *names = (char *)payload + head->payload_size;

	memcpy(payload, from, head->payload_size);
	from += head->payload_size;
	for (size_t i = 0; i < head->row_count; i++) {
		places[i].file = get_u32(&from);
		places[i].line = get_u32(&from);
	}
	memcpy(names, from, tail);
	names[tail] = '\0';
	const char *end = names + tail;
	for (size_t i = 0; i < head->file_count; i++) {
		files[i] = names;
		names += names < end ? strlen(names) + 1 : 0;
	}
	*report = *head;
	report->payload = payload;
	report->places = places;
	report->files = files;
	return report;
}

static int read_report(struct spool *spool, MDB_txn *transaction, uint64_t sequence,
                       struct spool_report **ret_report)
{
	struct sequence_key number;
	MDB_val key = key_of(&number, sequence), value;
	int code = mdb_get(transaction, spool->reports, &key, &value);
	if (code == MDB_NOTFOUND) {
		sentence_set(spool->why, "the spool in %s holds no report %" PRIu64, spool->path, sequence);
		return SPOOL_NOTHING;
	}
	if (code)
		return explain(spool, code);
	struct spool_report head;
	if (!seal_holds(&key, &value) || !read_head(&value, &head))
		return damaged_report(spool, sequence);
	head.sequence = sequence;
	struct spool_report *report = copy_record(&value, &head);
	if (!report)
		return out_of_memory(spool);
	*ret_report = report;
	return 0;
}

int spool_read(struct spool *spool, uint64_t sequence, struct spool_report **ret_report)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, MDB_RDONLY, &transaction);
	if (code)
		return explain(spool, code);
	int answer = read_report(spool, transaction, sequence, ret_report);
	mdb_txn_abort(transaction);
	return answer;
}

int spool_remove(struct spool *spool, const uint64_t sequences[], size_t count)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, 0, &transaction);
	if (code)
		return explain(spool, code);
	for (size_t i = 0; i < count && !code; i++) {
		struct sequence_key number;
		MDB_val key = key_of(&number, sequences[i]);
		code = mdb_del(transaction, spool->reports, &key, NULL);
		if (code == MDB_NOTFOUND)
			code = 0;
	}
	if (code)
		mdb_txn_abort(transaction);
	else
		code = mdb_txn_commit(transaction);
	return code ? explain(spool, code) : 0;
}

/* ---- cache ---- */

#define CACHE_HEAD (SEAL_SIZE + sizeof(uint64_t))

int spool_write_cache(struct spool *spool, int64_t wall_ms, const void *bytes, size_t size)
{
	MDB_txn *transaction;
	int code = mdb_txn_begin(spool->env, NULL, 0, &transaction);
	if (code)
		return explain(spool, code);
	MDB_val key = text_key("cache"), value = {.mv_size = CACHE_HEAD + size};
	code = mdb_put(transaction, spool->meta, &key, &value, MDB_RESERVE);
	if (code) {
		mdb_txn_abort(transaction);
		return explain(spool, code);
	}
	uint8_t *at = (uint8_t *)value.mv_data + SEAL_SIZE;
	put_u64(&at, (uint64_t)wall_ms);
	put_bytes(&at, bytes, size);
	set_seal(&key, &value);
	code = mdb_txn_commit(transaction);
	return code ? explain(spool, code) : 0;
}

static int read_cache(struct spool *spool, MDB_txn *transaction, int64_t *ret_wall_ms, void **ret_bytes,
                      size_t *ret_size)
{
	MDB_val key = text_key("cache"), value;
	int code = mdb_get(transaction, spool->meta, &key, &value);
	if (code && code != MDB_NOTFOUND)
		return explain(spool, code);
	/* What is damaged here is asked for again: no reason to stop anybody. */
	if (code || value.mv_size <= CACHE_HEAD || !seal_holds(&key, &value))
		return SPOOL_NOTHING;
	size_t size = value.mv_size - CACHE_HEAD;
	const uint8_t *at = (const uint8_t *)value.mv_data + SEAL_SIZE;
	int64_t wall_ms = (int64_t)get_u64(&at);
	void *bytes = malloc(size);
	if (!bytes)
		return out_of_memory(spool);
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
		return explain(spool, code);
	int answer = read_cache(spool, transaction, ret_wall_ms, ret_bytes, ret_size);
	mdb_txn_abort(transaction);
	return answer;
}
