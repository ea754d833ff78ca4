#include "daemon/upkeep/backup.h"

#include "daemon/base/clock.h"
#include "daemon/base/file.h"
#include "daemon/db/db.h"
#include "daemon/db/seal.h"
#include "daemon/store/internal.h"
#include "daemon/upkeep/findings.h"
#include "daemon/upkeep/upkeep.h"
#include "daemon/upkeep/verify.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct making {
	const char *store;
	FILE *errors;
	char folder[FILE_PATH_SIZE], part[FILE_PATH_SIZE];
	int lock; /* of the part */
};

static int refuse(const struct making *making, const char *where, const char *why)
{
	fprintf(making->errors, "suanpand: %s: %s\n", where, why);
	return BACKUP_REFUSED;
}

static int refuse_fault(const struct making *making, const char *where, int fault)
{
	return refuse(making, where, fault_text(fault));
}

/* ---- the place ---- */

static int check_place(const struct making *making)
{
	struct stat status;
	if (lstat(making->folder, &status) == 0)
		return refuse(making, making->folder, "is there already; a backup makes a folder of its own");
	return errno == ENOENT ? 0 : refuse_fault(making, making->folder, -errno);
}

/* A part that nobody has locked is what a killed backup left. */
static int take_part(struct making *making)
{
	if (mkdir(making->part, 0700) != 0 && errno != EEXIST)
		return refuse_fault(making, making->part, -errno);
	int result = db_lock(making->part, &making->lock);
	if (result == -EBUSY)
		return refuse(making, making->part, "another backup is being made there");
	return result == 0 ? 0 : refuse_fault(making, making->part, result);
}

static int remove_file(const char *folder, const char *name)
{
	char path[FILE_PATH_SIZE];
	int result = file_path(folder, name, path);
	if (result != 0)
		return result;
	return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}

/* All but the lock, which goes last. */
static int empty_part(const struct making *making)
{
	int result = remove_file(making->part, SEAL_DATA_FILE);
	if (result == 0)
		result = seal_remove(making->part);
	if (result == 0)
		result = remove_file(making->part, DB_READERS_FILE);
	return result == 0 ? 0 : refuse_fault(making, making->part, result);
}

static void drop_part(const struct making *making)
{
	if (empty_part(making) == 0 && remove_file(making->part, DB_LOCK_FILE) == 0)
		rmdir(making->part);
}

/* ---- the copy ---- */

static int copy(const struct making *making)
{
	struct store *store;
	int result = store_open_reader(making->store, &store);
	if (result == -ENOENT)
		return refuse(making, making->store, "there is no store to back up");
	if (result != 0)
		return refuse_fault(making, making->store, result);
	result = db_copy(store_db(store), making->part);
	store_close(store);
	return result == 0 ? 0 : refuse_fault(making, making->part, result);
}

/* ---- what is in it ---- */

static int verify(struct db_txn *txn, struct findings *findings, struct backup_state *state)
{
	struct head_record head;
	struct digest digest;
	struct progress progress = {.out = NULL};
	int result = verify_tables(txn, TABLE_META, findings);
	if (result == 0)
		result = verify_journal(txn, findings);
	if (result != 0 || findings->count > 0)
		return result != 0 ? result : (int)FAULT_CORRUPT;
	result = store_read_head(txn, UINT64_MAX, &head);
	if (result == 0)
		result = digest_compute(txn, &progress, &digest);
	if (result != 0)
		return result;
	state->commit = head.commit;
	state->entry = head.journal.entry;
	state->wall_ms = head.wall_ms;
	state->streams = db_count(txn, TABLE_STREAMS);
	memcpy(state->head, head.journal.chain, sizeof state->head);
	memcpy(state->digest, digest.all, sizeof state->digest);
	return 0;
}

static int open_and_verify(const char *folder, struct findings *findings, struct backup_state *state)
{
	struct store *store;
	struct db_txn *txn;
	int result = store_open_reader(folder, &store);
	if (result != 0)
		return result;
	result = db_begin_read(store_db(store), &txn);
	if (result == 0) {
		result = verify(txn, findings, state);
		db_abort(txn);
	}
	store_close(store);
	return result;
}

static int read_size(const char *folder, uint64_t *ret_bytes)
{
	int fd;
	int result = file_open(folder, SEAL_DATA_FILE, O_RDONLY, &fd);
	if (result != 0)
		return result;
	result = file_size(fd, ret_bytes);
	close(fd);
	return result;
}

/* A check tells as well what is in order, which only matters beside what is not. */
int backup_read_state(const char *folder, FILE *errors, struct backup_state *ret_state)
{
	struct backup_state state;
	char *said = NULL;
	size_t size;
	FILE *out = open_memstream(&said, &size);
	struct findings findings = {.out = out};
	int result = out ? open_and_verify(folder, &findings, &state) : -ENOMEM;
	if (result == 0)
		result = read_size(folder, &state.bytes);
	if (out)
		fclose(out);
	if (result == 0)
		*ret_state = state;
	else
		fprintf(errors, "%ssuanpand: %s: %s\n", findings.count > 0 ? said : "", folder,
		        fault_text(result));
	free(said);
	return result == 0 ? 0 : BACKUP_REFUSED;
}

static void print_hash(FILE *out, const char *what, const uint8_t hash[DIGEST_SIZE])
{
	fprintf(out, "%-10s ", what);
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		fprintf(out, "%02x", hash[i]);
	fputc('\n', out);
}

void backup_print_state(const struct backup_state *state, FILE *out)
{
	char when[CLOCK_TEXT_SIZE];
	clock_format(state->wall_ms, when);
	fprintf(out, "%-10s %" PRIu64 " (%s)\n", "commit", state->commit, when);
	fprintf(out, "%-10s %" PRIu64 "\n", "entry", state->entry);
	print_hash(out, "head", state->head);
	print_hash(out, "digest", state->digest);
	fprintf(out, "%-10s %" PRIu64 "\n", "bytes", state->bytes);
}

/* ---- the end ---- */

/* The lock goes last: it keeps others away from the part, and from its name. */
static int finish(const struct making *making)
{
	int result = remove_file(making->part, DB_READERS_FILE);
	if (result == 0)
		result = seal_write(making->part);
	if (result == 0 && rename(making->part, making->folder) != 0)
		result = -errno;
	if (result != 0)
		return refuse_fault(making, making->folder, result);
	result = file_sync_parent(making->folder);
	if (result == 0)
		result = remove_file(making->folder, DB_LOCK_FILE);
	return result == 0 ? 0 : refuse_fault(making, making->folder, result);
}

static int fill_part(const struct making *making, struct backup_state *ret_state)
{
	int result = empty_part(making);
	if (result == 0)
		result = copy(making);
	if (result == 0 && backup_read_state(making->part, making->errors, ret_state) != 0)
		result = refuse(making, making->store,
		                "its copy does not verify; `suanpand check` says whether the store does");
	return result;
}

static int find_place(struct making *making, const char *folder)
{
	size_t length = strlen(folder);
	while (length > 1 && folder[length - 1] == '/')
		length--;
	if (length == 0 || length + sizeof ".part" > sizeof making->part)
		return refuse_fault(making, folder, length == 0 ? -ENOENT : -ENAMETOOLONG);
	snprintf(making->folder, sizeof making->folder, "%.*s", (int)length, folder);
	snprintf(making->part, sizeof making->part, "%.*s.part", (int)length, folder);
	return check_place(making);
}

int backup_make(const char *store, const char *folder, FILE *errors, struct backup_state *ret_state)
{
	struct making making = {.store = store, .errors = errors, .lock = -1};
	struct backup_state state;
	int result = find_place(&making, folder);
	if (result == 0)
		result = take_part(&making);
	if (result != 0)
		return result;
	result = fill_part(&making, &state);
	if (result == 0)
		result = finish(&making);
	if (result != 0)
		drop_part(&making);
	close(making.lock);
	if (result == 0)
		*ret_state = state;
	return result;
}

int backup_run(const struct config *config, const struct upkeep_request *request)
{
	struct backup_state state;
	int64_t started_ms = clock_read().monotonic_ms;
	if (backup_make(config->store, request->folder, stderr, &state) != 0)
		return UPKEEP_FAILED;
	printf("%-10s %s\n", "backup", request->folder);
	backup_print_state(&state, stdout);
	printf("%-10s %.1f\n", "seconds", (double)(clock_read().monotonic_ms - started_ms) / 1000);
	return UPKEEP_DONE;
}
