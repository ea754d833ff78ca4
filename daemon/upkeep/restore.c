#include "daemon/upkeep/restore.h"

#include "daemon/archive/archive.h"
#include "daemon/base/file.h"
#include "daemon/base/log.h"
#include "daemon/db/seal.h"
#include "daemon/store/internal.h"
#include "daemon/upkeep/rebuild.h"
#include "daemon/upkeep/replay.h"
#include "daemon/upkeep/upkeep.h"
#include "daemon/upkeep/words.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct restoring {
	const struct restore *restore;
	char part[FILE_PATH_SIZE];
	int lock;                  /* of the store */
	bool was_made, was_sealed; /* the store's folder: by us; before us */
};

static int refuse(const struct restoring *restoring, const char *where, const char *why)
{
	fprintf(restoring->restore->errors, "suanpand: %s: %s\n", where, why);
	return BACKUP_REFUSED;
}

static int refuse_fault(const struct restoring *restoring, const char *where, int fault)
{
	return refuse(restoring, where, fault_text(fault));
}

/* ---- the place ---- */

/* What an earlier restore left that was cut off, and what means nothing. */
static bool may_stand_there(const char *name)
{
	static const char *const names[] = {
	    ".", "..", SEAL_FILE, SEAL_PART_FILE, DB_LOCK_FILE, DB_READERS_FILE, RESTORE_PART};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int check_empty(struct restoring *restoring)
{
	const char *store = restoring->restore->store;
	DIR *folder = opendir(store);
	int result = 0;
	if (!folder)
		return refuse_fault(restoring, store, -errno);
	for (const struct dirent *entry; result == 0 && (entry = readdir(folder));) {
		restoring->was_sealed = restoring->was_sealed || strcmp(entry->d_name, SEAL_FILE) == 0;
		if (strcmp(entry->d_name, SEAL_DATA_FILE) == 0)
			result = refuse(restoring, store, "there is a store in it; move it away first");
		else if (!may_stand_there(entry->d_name))
			result = refuse(restoring, store, "is not empty, and holds no store");
	}
	closedir(folder);
	return result;
}

static int take_place(struct restoring *restoring)
{
	const char *store = restoring->restore->store;
	restoring->was_made = mkdir(store, 0700) == 0;
	if (!restoring->was_made && errno != EEXIST)
		return refuse_fault(restoring, store, -errno);
	int result = db_lock(store, &restoring->lock);
	if (result == -EBUSY)
		return refuse(restoring, store, "another suanpand has it open");
	if (result == 0)
		result = file_sync_parent(store);
	if (result == 0)
		result = file_path(store, RESTORE_PART, restoring->part);
	return result == 0 ? check_empty(restoring) : refuse_fault(restoring, store, result);
}

/* ---- the copy ---- */

static int copy_seal(const struct restoring *restoring, const char *to)
{
	const char *backup = restoring->restore->backup;
	int result = seal_remove(to);
	if (result == 0)
		result = file_copy(backup, to, SEAL_FILE);
	if (result == 0)
		result = file_sync_folder(to);
	if (result == -ENOENT)
		return refuse(restoring, backup,
		              "is no backup, or not a whole one: " SEAL_FILE " is missing");
	return result == 0 ? 0 : refuse_fault(restoring, backup, result);
}

/* The seal comes first, twice: in the store's folder it keeps daemons from it. */
static int copy(const struct restoring *restoring)
{
	rebuild_remove(restoring->part);
	if (mkdir(restoring->part, 0700) != 0)
		return refuse_fault(restoring, restoring->part, -errno);
	int result = copy_seal(restoring, restoring->part);
	if (result == 0)
		result = copy_seal(restoring, restoring->restore->store);
	if (result != 0)
		return result;
	result = file_copy(restoring->restore->backup, restoring->part, SEAL_DATA_FILE);
	if (result == 0)
		result = file_sync_folder(restoring->part);
	return result == 0 ? 0 : refuse_fault(restoring, restoring->restore->backup, result);
}

static void say_finding(void *closure, const char *finding)
{
	const struct restoring *restoring = closure;
	fprintf(restoring->restore->errors, "%s: %s\n", restoring->restore->backup, finding);
}

static int verify(struct restoring *restoring, struct backup_state *ret_state)
{
	struct seal_report report;
	int result = seal_verify(restoring->part, say_finding, restoring, &report);
	if (result == SEAL_DAMAGED)
		return refuse(restoring, restoring->restore->backup,
		              "is not as it was when the backup was made");
	if (result < 0)
		return refuse_fault(restoring, restoring->restore->backup, result);
	return backup_read_state(restoring->part, restoring->restore->errors, ret_state);
}

/* ---- opening it, and what the archive has beyond ---- */

static int replay_from(const struct restoring *restoring, struct store *store, struct archive_reader *reader,
                       uint64_t *ret_entry)
{
	const struct restore *restore = restoring->restore;
	const struct journal_source source = archive_reader_source(reader);
	struct replay *replay;
	struct progress progress;
	uint64_t newest;
	int result = archive_newest(restore->archive, &newest);
	if (result == 0)
		result = replay_new(store, restore->errors, &replay);
	if (result != 0)
		return refuse_fault(restoring, restore->archive, result);
	uint64_t first = replay_entry(replay);
	progress_begin(&progress, restore->progress, "restore", "entries", newest - first);
	/* Damage that hides the newest must be come upon, not stopped before: so no last one is named. */
	result = replay_run(replay, &source, UINT64_MAX, &progress);
	progress_end(&progress);
	*ret_entry = replay_entry(replay);
	replay_free(replay);
	if (result == 0)
		return 0;
	const char *text = archive_reader_text(reader);
	return refuse(restoring, restore->archive,
	              result < 0        ? fault_text(result)
	              : text[0] != '\0' ? text
	                                : "an entry of it does not follow from the backup; see above");
}

static int replay_archive(const struct restoring *restoring, struct store *store, uint64_t *entry)
{
	const char *archive = restoring->restore->archive;
	struct archive_reader *reader;
	uint64_t newest;
	int result = archive_newest(archive, &newest);
	if (result != 0)
		return refuse_fault(restoring, archive, result);
	if (newest <= *entry)
		return 0; /* the backup has all of it */
	result = archive_reader_open(archive, *entry + 1, &reader);
	if (result == ARCHIVE_NONE)
		return refuse(restoring, archive, "does not reach back to where the backup ends");
	if (result != 0)
		return refuse_fault(restoring, archive, result);
	result = replay_from(restoring, store, reader, entry);
	archive_reader_close(reader);
	return result;
}

static int open_once(const struct restoring *restoring, struct backup_state *state)
{
	struct store *store;
	uint64_t entry = state->entry;
	int result = store_open_unsynced(restoring->part, &store);
	if (result != 0)
		return refuse_fault(restoring, restoring->restore->backup, result);
	if (restoring->restore->archive)
		result = replay_archive(restoring, store, &entry);
	int synced = store_sync(store);
	store_close(store);
	if (result == 0 && synced != 0)
		result = refuse_fault(restoring, restoring->part, synced);
	if (result != 0 || entry == state->entry)
		return result;
	return backup_read_state(restoring->part, restoring->restore->errors, state);
}

/* ---- the end ---- */

static int move(const struct restoring *restoring, const char *name)
{
	char from[FILE_PATH_SIZE], to[FILE_PATH_SIZE];
	int result = file_path(restoring->part, name, from);
	if (result == 0)
		result = file_path(restoring->restore->store, name, to);
	if (result == 0 && rename(from, to) != 0)
		result = -errno;
	return result == 0 ? file_sync_folder(restoring->restore->store) : result;
}

static int finish(const struct restoring *restoring)
{
	int result = move(restoring, SEAL_FILE);
	if (result == 0)
		result = move(restoring, SEAL_DATA_FILE);
	return result == 0 ? 0 : refuse_fault(restoring, restoring->restore->store, result);
}

/* As it was found: an older seal without a store keeps daemons away still. */
static void give_up(const struct restoring *restoring)
{
	const char *store = restoring->restore->store;
	rebuild_remove(restoring->part);
	if (!restoring->was_sealed && seal_remove(store) != 0)
		fprintf(restoring->restore->errors, "suanpand: %s: its " SEAL_FILE " could not be removed\n",
		        store);
	if (restoring->was_made)
		rebuild_remove(store);
}

static int make_part(struct restoring *restoring, uint64_t *ret_backup_entry, struct backup_state *ret_state)
{
	int result = copy(restoring);
	if (result == 0)
		result = verify(restoring, ret_state);
	if (result != 0)
		return result;
	*ret_backup_entry = ret_state->entry;
	return open_once(restoring, ret_state);
}

int restore_make(const struct restore *restore, uint64_t *ret_backup_entry, struct backup_state *ret_state)
{
	struct restoring restoring = {.restore = restore, .lock = -1};
	struct backup_state state;
	uint64_t backup_entry = 0;
	int result = take_place(&restoring);
	if (result == 0) {
		result = make_part(&restoring, &backup_entry, &state);
		if (result != 0)
			give_up(&restoring);
		else
			result = finish(&restoring);
	}
	if (result == 0) {
		rebuild_remove(restoring.part);
		*ret_backup_entry = backup_entry;
		*ret_state = state;
	}
	if (restoring.lock >= 0)
		close(restoring.lock);
	return result;
}

/* ---- the command ---- */

static int print_stream(FILE *out, struct db_txn *txn, const struct db_key *key, struct db_value value)
{
	struct stream_record stream;
	char words[WORDS_SIZE];
	if (value.size != sizeof stream)
		return FAULT_CORRUPT;
	memcpy(&stream, value.bytes, sizeof stream);
	words_of_key(txn, TABLE_STREAMS, key, words);
	fprintf(out, "%-10s %s: up to report %" PRIu64 "\n", "stream", words, stream.last_sequence);
	return 0;
}

static int print_each_stream(FILE *out, struct db_txn *txn)
{
	struct db_cursor *cursor;
	struct db_key key;
	struct db_value value;
	int result = db_cursor_open(txn, TABLE_STREAMS, &cursor);
	if (result != 0)
		return result;
	while (result == 0 && (result = db_cursor_next(cursor, &key, &value)) == 0)
		result = print_stream(out, txn, &key, value);
	db_cursor_close(cursor);
	return result == DB_ABSENT ? 0 : result;
}

int restore_print_streams(const char *folder, FILE *out)
{
	struct store *store;
	struct db_txn *txn;
	int result = store_open_reader(folder, &store);
	if (result != 0)
		return result;
	result = db_begin_read(store_db(store), &txn);
	if (result == 0) {
		result = print_each_stream(out, txn);
		db_abort(txn);
	}
	store_close(store);
	return result;
}

/* The daemon would not start on a store that its archive goes beyond: better to hear that now. */
static int say_what_is_left(const struct config *config, const struct backup_state *state)
{
	char *archive = NULL;
	uint64_t newest = 0;
	int result = config_archive(config, &archive);
	if (result == 0 && archive)
		result = archive_newest(archive, &newest);
	if (newest > state->entry)
		printf("the archive %s goes on to entry %" PRIu64
		       ": begin again with --archive %s, or move it away before the daemon starts\n",
		       archive, newest, archive);
	free(archive);
	return result == -ENOENT ? 0 : result;
}

static int say(const struct config *config, const struct restore *restore, const struct backup_state *state,
               uint64_t backup_entry)
{
	printf("%-10s %s, of %s\n", "restored", config->store, restore->backup);
	if (restore->archive)
		printf("%-10s %" PRIu64 " entries more, of %s\n", "archive", state->entry - backup_entry,
		       restore->archive);
	backup_print_state(state, stdout);
	int result = restore_print_streams(config->store, stdout);
	if (result == 0)
		result = say_what_is_left(config, state);
	puts("what was sent after that, each sender is asked for when it next pushes or drains");
	return result;
}

int restore_run(const struct config *config, const struct upkeep_request *request)
{
	const struct restore restore = {.backup = request->folder,
	                                .store = config->store,
	                                .archive = request->archive,
	                                .errors = stderr,
	                                .progress = stderr};
	struct backup_state state;
	uint64_t backup_entry;
	log_set_level(LOG_LEVEL_WARNING);
	if (restore_make(&restore, &backup_entry, &state) != 0)
		return UPKEEP_FAILED;
	int result = say(config, &restore, &state, backup_entry);
	if (result != 0)
		fprintf(stderr, "suanpand: %s: %s\n", config->store, fault_text(result));
	return result == 0 ? UPKEEP_DONE : UPKEEP_FAILED;
}
