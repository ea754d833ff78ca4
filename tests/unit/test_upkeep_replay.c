/* A store that is made again from its journal is the same, bit for bit, whatever its history was.
 *
 * PROPERTY=full lives many long histories; without it a few short ones. */
#include "daemon/upkeep/replay.h"

#include "daemon/archive/archive.h"
#include "daemon/archive/archiver.h"
#include "daemon/store/internal.h"
#include "daemon/upkeep/compare.h"
#include "daemon/upkeep/digest.h"
#include "daemon/upkeep/rebuild.h"
#include "tests/lib/random_history.h"
#include "tests/lib/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool is_full(void)
{
	const char *property = getenv("PROPERTY");
	return property && strcmp(property, "full") == 0;
}

/* ---- two stores ---- */

static struct digest digest_of(struct db_txn *txn)
{
	struct digest digest;
	struct progress progress;
	progress_begin(&progress, NULL, "", "", 0);
	assert_int_equal(digest_compute(txn, &progress, &digest), 0);
	return digest;
}

static void must_be_the_same(struct store *live, struct store *again)
{
	struct db_txn *mine, *its;
	struct progress progress;
	struct findings findings = {.out = stderr};
	assert_int_equal(db_begin_read(store_db(live), &mine), 0);
	assert_int_equal(db_begin_read(store_db(again), &its), 0);
	progress_begin(&progress, NULL, "", "", 0);
	assert_int_equal(compare_stores(mine, its, &progress, &findings), 0);
	assert_int_equal(findings.count, 0);
	struct digest left = digest_of(mine), right = digest_of(its);
	assert_memory_equal(&left, &right, sizeof left);
	db_abort(mine);
	db_abort(its);
}

static uint64_t newest_entry(struct db_txn *txn)
{
	struct head_record head;
	assert_int_equal(store_read_head(txn, UINT64_MAX, &head), 0);
	return head.journal.entry;
}

/* Replays up to `last`, or as far as it comes; answers what replay_run did. */
static int replay_into(struct store *store, const struct journal_source *source, uint64_t last, FILE *errors)
{
	struct replay *replay;
	struct progress progress;
	progress_begin(&progress, NULL, "", "", 0);
	int result = replay_new(store, errors, &replay);
	assert_int_equal(result, 0);
	result = replay_run(replay, source, last, &progress);
	replay_free(replay);
	return result;
}

/* The newest entry of the commit that entry `near` is of. */
static uint64_t end_of_commit(struct db_txn *txn, uint64_t near)
{
	struct journal_record record, next;
	const void *payload;
	size_t size;
	assert_int_equal(journal_read(txn, near, &record, &payload, &size), 0);
	while (journal_read(txn, near + 1, &next, &payload, &size) == 0 && next.commit == record.commit)
		near++;
	return near;
}

/* ---- the property ---- */

static void must_rebuild(struct store *live, const char *folder, uint32_t cut)
{
	struct store *again;
	struct db_txn *txn;
	assert_int_equal(db_begin_read(store_db(live), &txn), 0);
	struct store_entries entries = {.txn = txn, .entry = 1};
	const struct journal_source source = store_entries_source(&entries);
	uint64_t last = newest_entry(txn), middle = end_of_commit(txn, 1 + cut % last);
	/* In two pieces, with a restart between, as a restored backup is brought up to date. */
	assert_int_equal(store_open_unsynced(folder, &again), 0);
	assert_int_equal(replay_into(again, &source, middle, stderr), 0);
	store_close(again);
	assert_int_equal(store_open_unsynced(folder, &again), 0);
	entries.entry = middle + 1;
	assert_int_equal(replay_into(again, &source, UINT64_MAX, stderr), 0);
	db_abort(txn);
	must_be_the_same(live, again);
	store_close(again);
}

static void must_rebuild_from_archive(struct store *live, const char *archive, uint64_t segment_bytes,
                                      const char *folder)
{
	struct archiver *archiver;
	struct archive_reader *reader;
	struct store *again;
	struct progress progress;
	uint64_t entry;
	assert_int_equal(archiver_open(archive, segment_bytes, live, &archiver), 0);
	assert_int_equal(archiver_start(archiver), 0);
	archiver_close(archiver);
	assert_int_equal(archive_reader_open(archive, 1, &reader), 0);
	const struct journal_source source = archive_reader_source(reader);
	progress_begin(&progress, NULL, "", "", 0);
	assert_int_equal(rebuild_store(folder, &source, UINT64_MAX, stderr, &progress, &entry), 0);
	archive_reader_close(reader);
	assert_int_equal(store_open_reader(folder, &again), 0);
	must_be_the_same(live, again);
	store_close(again);
}

static void live_and_rebuild(uint64_t seed, unsigned steps, struct history_count *all)
{
	char *folder = scratch_new(), *live = scratch_path(folder, "live"),
	     *again = scratch_path(folder, "again"), *archive = scratch_path(folder, "archive"),
	     *third = scratch_path(folder, "third");
	struct history *history = history_begin(seed * 7919, live);
	history_go_on(history, steps);
	must_rebuild(history_store(history), again, (uint32_t)seed * 31);
	must_rebuild_from_archive(history_store(history), archive, 1000 * (1 + seed % 40), third);
	struct history_count count = history_count(history);
	all->commits += count.commits;
	all->looks += count.looks;
	all->accepted += count.accepted;
	all->refused += count.refused;
	all->repeated += count.repeated;
	all->conflicts += count.conflicts;
	all->gaps += count.gaps;
	all->catalogues += count.catalogues;
	all->catalogues_refused += count.catalogues_refused;
	all->warnings += count.warnings;
	all->broken += count.broken;
	history_end(history);
	free(live);
	free(again);
	free(archive);
	free(third);
	scratch_free(folder);
}

static void a_replayed_journal_gives_the_same_store_whatever_its_history(void **state)
{
	const unsigned histories = is_full() ? 300 : 12, steps = is_full() ? 150 : 40;
	struct history_count all = {.commits = 0};
	(void)state;
	for (uint64_t seed = 1; seed <= histories; seed++)
		live_and_rebuild(seed, steps, &all);
	print_message("%u histories, %u commits: %u looks, %u accepted, %u refused, %u repeated, %u "
	              "conflicts, %u gaps, "
	              "%u catalogues (%u refused); %u warnings, %u broken rules\n",
	              histories, all.commits, all.looks, all.accepted, all.refused, all.repeated,
	              all.conflicts, all.gaps, all.catalogues, all.catalogues_refused, all.warnings,
	              all.broken);
	assert_true(all.looks > histories && all.accepted > 0 && all.refused > 0 && all.repeated > 0 &&
	            all.conflicts > 0 && all.gaps > 0 && all.catalogues > histories && all.warnings > 0 &&
	            all.broken > 0);
}

/* ---- what cannot be replayed ---- */

struct life {
	char *folder, *path;
	struct history *history;
	struct db_txn *txn;
	/* A source that changes one entry, or leaves it out, on the way. */
	struct store_entries entries;
	uint64_t at;
	bool left_out;
	void (*change)(struct journal_item *item);
	char payload[8192];
};

static int open_life(void **state)
{
	struct life *life = calloc(1, sizeof *life);
	life->folder = scratch_new();
	life->path = scratch_path(life->folder, "store");
	life->history = history_begin(5, life->path);
	history_go_on(life->history, 30);
	assert_int_equal(db_begin_read(store_db(history_store(life->history)), &life->txn), 0);
	life->entries = (struct store_entries){.txn = life->txn, .entry = 1};
	*state = life;
	return 0;
}

static int close_life(void **state)
{
	struct life *life = *state;
	db_abort(life->txn);
	history_end(life->history);
	free(life->path);
	scratch_free(life->folder);
	free(life);
	return 0;
}

static int next_changed(void *context, struct journal_item *ret_item)
{
	struct life *life = context;
	const struct journal_source inner = store_entries_source(&life->entries);
	int result = inner.next(inner.context, ret_item);
	if (result == 0 && ret_item->entry == life->at && life->left_out)
		result = inner.next(inner.context, ret_item);
	if (result != 0 || ret_item->entry != life->at || !life->change)
		return result;
	assert_true(ret_item->size < sizeof life->payload);
	memcpy(life->payload, ret_item->payload, ret_item->size);
	ret_item->payload = life->payload;
	life->change(ret_item);
	return 0;
}

/* The first entry of the kind that is not among the very first. */
static uint64_t find_kind(struct life *life, enum journal_kind kind)
{
	struct journal_record record;
	const void *payload;
	size_t size;
	for (uint64_t entry = 5;; entry++) {
		assert_int_equal(journal_read(life->txn, entry, &record, &payload, &size), 0);
		if (record.kind == kind)
			return entry;
	}
}

static void must_stop(struct life *life, const char *expected)
{
	char *path = scratch_path(life->folder, "again"), *text, wanted[160];
	size_t size;
	FILE *errors = open_memstream(&text, &size);
	const struct journal_source source = {.context = life, .next = next_changed};
	struct progress progress;
	uint64_t entry;
	progress_begin(&progress, NULL, "", "", 0);
	assert_int_equal(rebuild_store(path, &source, UINT64_MAX, errors, &progress, &entry),
	                 REBUILD_REFUSED);
	fclose(errors);
	snprintf(wanted, sizeof wanted, "entry %llu: %s", (unsigned long long)life->at, expected);
	if (strncmp(text, wanted, strlen(wanted)) != 0)
		fail_msg("'%s' does not begin with '%s'", text, wanted);
	assert_true(entry < life->at);
	free(text);
	free(path);
}

static void a_missing_entry_is_named(void **state)
{
	struct life *life = *state;
	life->at = 7;
	life->left_out = true;
	must_stop(life, "it is missing");
}

static void change_payload(struct journal_item *item)
{
	((char *)(uintptr_t)item->payload)[item->size / 2] ^= 1;
}

static void a_changed_payload_is_named(void **state)
{
	struct life *life = *state;
	life->at = find_kind(life, JOURNAL_ACCEPTED);
	life->change = change_payload;
	must_stop(life, "its payload is not the one whose hash it carries");
}

static void change_time(struct journal_item *item)
{
	item->record.wall_ms++;
}

static void a_changed_record_is_named(void **state)
{
	struct life *life = *state;
	life->at = find_kind(life, JOURNAL_REFUSED);
	life->change = change_time;
	must_stop(life, "its hash does not follow from the entry before");
}

static void change_kind(struct journal_item *item)
{
	item->record.kind = 9;
}

static void an_entry_of_no_known_kind_is_named(void **state)
{
	struct life *life = *state;
	life->at = find_kind(life, JOURNAL_CATALOGUE);
	life->change = change_kind;
	must_stop(life, "it is of no known kind");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_replayed_journal_gives_the_same_store_whatever_its_history),
	    cmocka_unit_test_setup_teardown(a_missing_entry_is_named, open_life, close_life),
	    cmocka_unit_test_setup_teardown(a_changed_payload_is_named, open_life, close_life),
	    cmocka_unit_test_setup_teardown(a_changed_record_is_named, open_life, close_life),
	    cmocka_unit_test_setup_teardown(an_entry_of_no_known_kind_is_named, open_life, close_life),
	};
	return cmocka_run_group_tests_name("upkeep_replay", tests, NULL, NULL);
}
