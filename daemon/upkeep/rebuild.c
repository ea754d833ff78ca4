#include "daemon/upkeep/rebuild.h"

#include "daemon/archive/archive.h"
#include "daemon/base/log.h"
#include "daemon/db/seal.h"
#include "daemon/store/internal.h"
#include "daemon/upkeep/digest.h"
#include "daemon/upkeep/replay.h"
#include "daemon/upkeep/upkeep.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the journal of a store ---- */

static int next_entry(void *context, struct journal_item *ret_item)
{
	struct store_entries *entries = context;
	int result = journal_read(entries->txn, entries->entry, &ret_item->record, &ret_item->payload,
	                          &ret_item->size);
	if (result != 0)
		return result == DB_ABSENT ? (int)JOURNAL_END : result;
	ret_item->entry = entries->entry++;
	return 0;
}

struct journal_source store_entries_source(struct store_entries *entries)
{
	return (struct journal_source){.context = entries, .next = next_entry};
}

/* ---- a store ---- */

int rebuild_store(const char *folder, const struct journal_source *source, uint64_t last, FILE *errors,
                  struct progress *progress, uint64_t *ret_entry)
{
	struct store *store;
	struct replay *replay = NULL;
	int result = store_open_unsynced(folder, &store);
	if (result != 0)
		return result;
	result = replay_new(store, errors, &replay);
	if (result == 0) {
		result = replay_run(replay, source, last, progress);
		*ret_entry = replay_entry(replay);
	}
	int synced = store_sync(store);
	replay_free(replay);
	store_close(store);
	return result != 0 ? result : synced;
}

void rebuild_remove(const char *folder)
{
	static const char *const files[] = {SEAL_DATA_FILE, SEAL_FILE, SEAL_PART_FILE, DB_READERS_FILE,
	                                    DB_LOCK_FILE};
	char path[4096];
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, files[i]) < sizeof path)
			unlink(path);
	rmdir(folder);
}

/* ---- the command ---- */

/* All of a rebuild that needs taking down again. */
struct making {
	const struct config *config;
	const struct upkeep_request *request;
	char *part; /* folder.part, until it is whole */
	/* Either a store, or an archive. */
	struct store *store;
	struct db_txn *txn;
	struct store_entries entries;
	struct archive_reader *reader;
	const char *from; /* its folder */
	struct journal_source source;
	uint64_t last;     /* entry to take */
	uint64_t expected; /* entry, for the progress */
	struct progress progress;
};

static int complain(const char *what, const char *which, const char *why)
{
	fprintf(stderr, "suanpand: %s %s: %s\n", what, which, why);
	return UPKEEP_FAILED;
}

static int sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int result = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return result;
}

static int sync_parent(const char *path)
{
	char *copy = strdup(path);
	int result = copy ? sync_folder(dirname(copy)) : -ENOMEM;
	free(copy);
	return result;
}

/* The files are on disk before the name says that they are whole. */
static int give_name(const struct making *making)
{
	int result = sync_folder(making->part);
	if (result == 0 && rename(making->part, making->request->folder) < 0)
		result = -errno;
	return result == 0 ? sync_parent(making->request->folder) : result;
}

static int open_journal(struct making *making)
{
	struct head_record head;
	int result = store_open_reader(making->config->store, &making->store);
	if (result == 0)
		result = db_begin_read(store_db(making->store), &making->txn);
	if (result == 0)
		result = store_read_head(making->txn, UINT64_MAX, &head);
	if (result == 0)
		making->last = making->expected = head.journal.entry;
	making->entries = (struct store_entries){.txn = making->txn, .entry = 1};
	making->source = store_entries_source(&making->entries);
	return result;
}

static int open_archive(struct making *making)
{
	int result = archive_reader_open(making->from, 1, &making->reader);
	if (result == 0)
		result = archive_newest(making->from, &making->expected);
	making->last = UINT64_MAX; /* damage that hides the newest must be come upon, not stopped before */
	if (result == 0)
		making->source = archive_reader_source(making->reader);
	return result;
}

static int print_digest(const char *folder)
{
	struct store *store;
	struct db_txn *txn;
	struct digest digest;
	struct progress progress;
	progress_begin(&progress, NULL, "digest", "values", 0);
	int result = store_open_reader(folder, &store);
	if (result != 0)
		return result;
	result = db_begin_read(store_db(store), &txn);
	if (result == 0) {
		result = digest_compute(txn, &progress, &digest);
		db_abort(txn);
	}
	store_close(store);
	if (result == 0)
		digest_print(&digest, stdout);
	return result;
}

static int open_source(struct making *making)
{
	const char *archive = making->request->archive;
	making->from = archive ? archive : making->config->store;
	int result = archive ? open_archive(making) : open_journal(making);
	if (result == ARCHIVE_NONE)
		return complain("cannot begin with", making->from, "no segment of it holds entry 1");
	return result == 0 ? 0 : complain("cannot read the entries of", making->from, fault_text(result));
}

static int complain_about_entries(const struct making *making)
{
	const char *text = making->reader ? archive_reader_text(making->reader) : "";
	return complain("stopped at", making->from,
	                text[0] != '\0' ? text : "an entry of it cannot be replayed; see above");
}

static int make(struct making *making)
{
	uint64_t entry = 0;
	int result = open_source(making);
	if (result != 0)
		return result;
	progress_begin(&making->progress, stderr, "rebuild", "entries", making->expected);
	result =
	    rebuild_store(making->part, &making->source, making->last, stderr, &making->progress, &entry);
	progress_end(&making->progress);
	if (result > 0)
		return complain_about_entries(making);
	if (result == 0)
		result = give_name(making);
	if (result < 0)
		return complain("cannot make", making->request->folder, fault_text(result));
	if (making->reader && archive_reader_text(making->reader)[0] != '\0')
		printf("rebuild    left out an append that was cut off: %s\n",
		       archive_reader_text(making->reader));
	printf("rebuild    %s: %" PRIu64 " entries of %s\n", making->request->folder, entry, making->from);
	result = print_digest(making->request->folder);
	return result == 0 ? (int)UPKEEP_DONE
	                   : complain("cannot read", making->request->folder, fault_text(result));
}

static void clean_up(struct making *making)
{
	archive_reader_close(making->reader);
	db_abort(making->txn);
	store_close(making->store);
	rebuild_remove(making->part);
	free(making->part);
}

int rebuild_run(const struct config *config, const struct upkeep_request *request)
{
	struct making making = {.config = config, .request = request};
	log_set_level(LOG_LEVEL_WARNING);
	if (access(request->folder, F_OK) == 0)
		return complain("will not rebuild into", request->folder, "it is there already");
	if (asprintf(&making.part, "%s.part", request->folder) < 0)
		return complain("cannot make", request->folder, fault_text(-ENOMEM));
	if (access(making.part, F_OK) == 0) {
		int status = complain("will not rebuild into", making.part,
		                      "it is left from a rebuild that was cut off; remove it first");
		free(making.part);
		return status;
	}
	int status = make(&making);
	clean_up(&making);
	return status;
}
