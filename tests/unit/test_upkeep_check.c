/* What a check says of a store: nothing of one that is whole, and of any other which table, statistic,
 * area and period. */
#include "daemon/upkeep/check.h"

#include "daemon/store/internal.h"
#include "daemon/upkeep/words.h"
#include "tests/lib/random_history.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char *folder, *store, *scratch;
	char *said;
	/* While it is open to be tampered with. */
	struct store *opened;
	struct db_txn *txn;
};

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->store = scratch_path(fixture->folder, "store");
	fixture->scratch = scratch_path(fixture->folder, "scratch");
	struct history *history = history_begin(77, fixture->store);
	history_go_on(history, 30);
	history_end(history);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	free(fixture->store);
	free(fixture->scratch);
	free(fixture->said);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

/* ---- checking ---- */

static int check_all(struct fixture *fixture, bool quick)
{
	const struct check check = {.store = fixture->store, .scratch = quick ? NULL : fixture->scratch};
	struct findings findings = {.count = 0};
	size_t size;
	free(fixture->said);
	findings.out = open_memstream(&fixture->said, &size);
	int result = check_store(&check, &findings);
	fclose(findings.out);
	return result;
}

static void must_say(const struct fixture *fixture, const char *part)
{
	if (!strstr(fixture->said, part))
		fail_msg("nothing of '%s' in:\n%s", part, fixture->said);
}

static void must_be_damaged(struct fixture *fixture, const char *part)
{
	assert_int_equal(check_all(fixture, false), UPKEEP_DAMAGED);
	must_say(fixture, part);
	assert_int_not_equal(access(fixture->scratch, F_OK), 0); /* nothing is left behind */
}

/* ---- tampering, with checksums that are right ---- */

static void open_to_tamper(struct fixture *fixture)
{
	assert_int_equal(store_open_unsynced(fixture->store, &fixture->opened), 0);
	assert_int_equal(db_begin_write(store_db(fixture->opened), &fixture->txn), 0);
}

static void close_tampered(struct fixture *fixture)
{
	assert_int_equal(db_commit(fixture->txn), 0);
	store_close(fixture->opened);
}

struct found {
	unsigned skip;
	struct db_key key;
	uint8_t bytes[8192];
	size_t size;
};

static int take_one(void *context, const struct db_key *key, struct db_value value)
{
	struct found *found = context;
	if (found->skip-- > 0)
		return 0;
	assert_true(value.size <= sizeof found->bytes);
	found->key = *key;
	memcpy(found->bytes, value.bytes, value.size);
	found->size = value.size;
	return 1;
}

static struct found find_nth(struct fixture *fixture, enum table table, unsigned n)
{
	struct found found = {.skip = n};
	struct db_key from = {.size = 0};
	assert_int_equal(db_walk(fixture->txn, table, &from, 0, take_one, &found), 1);
	return found;
}

/* "TABLE: WORDS OF THE KEY" of an entry somewhere in the middle. */
static void tamper(struct fixture *fixture, enum table table, void (*change)(struct found *found),
                   char **ret_words)
{
	char words[WORDS_SIZE];
	struct db_txn *reading;
	open_to_tamper(fixture);
	struct found found = find_nth(fixture, table, (unsigned)(db_count(fixture->txn, table) / 2));
	assert_int_equal(db_begin_read(store_db(fixture->opened), &reading), 0);
	words_of_key(reading, table, &found.key, words);
	db_abort(reading);
	assert_true(asprintf(ret_words, "%s: %s: ", words_of_table(table), words) > 0);
	change(&found);
	if (found.size == 0)
		db_delete(fixture->txn, table, &found.key);
	else
		db_put(fixture->txn, table, &found.key, found.bytes, found.size);
	close_tampered(fixture);
}

static void change_first_byte(struct found *found)
{
	found->bytes[0] ^= 1;
}

static void take_away(struct found *found)
{
	found->size = 0;
}

static const enum table derived[] = {TABLE_COMMITS, TABLE_NAMES,     TABLE_CATALOGUES, TABLE_DECISIONS,
                                     TABLE_STREAMS, TABLE_REPORTERS, TABLE_REVISIONS,  TABLE_TOTALS,
                                     TABLE_VALUES,  TABLE_EXTENTS,   TABLE_PAST_VALUES};

static void must_be_found_in_each_table(void (*change)(struct found *found), const char *what)
{
	for (size_t i = 0; i < sizeof derived / sizeof *derived; i++) {
		struct fixture *fixture;
		char *words, *wanted;
		open_fixture((void **)&fixture);
		tamper(fixture, derived[i], change, &words);
		assert_true(asprintf(&wanted, "%s%s", words, what) > 0);
		must_be_damaged(fixture, wanted);
		free(words);
		free(wanted);
		close_fixture((void **)&fixture);
	}
}

/* ---- cases ---- */

static void a_whole_store_is_clean(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(check_all(fixture, false), 0);
	must_say(fixture, "every table is what the journal gives");
	must_say(fixture, "entries in an unbroken chain; head ");
	must_say(fixture, "digest     all ");
	assert_int_equal(check_all(fixture, true), 0);
	assert_null(strstr(fixture->said, "\nrebuild "));
}

static void a_life_is_clean_wherever_it_is_looked_at(void **state)
{
	struct fixture *fixture = *state;
	struct fixture other = *fixture;
	other.store = scratch_path(fixture->folder, "long");
	other.said = NULL;
	struct history *history = history_begin(3, other.store);
	for (int i = 0; i < 40; i++) {
		history_go_on(history, 5);
		history_close(history);
		if (check_all(&other, i % 10 != 0) != 0)
			fail_msg("%s", other.said);
		history_restart(history);
	}
	history_end(history);
	free(other.said);
	free(other.store);
}

static void a_changed_value_is_found_in_each_table(void **state)
{
	(void)state;
	must_be_found_in_each_table(change_first_byte, "the store has ");
}

static void a_missing_value_is_found_in_each_table(void **state)
{
	(void)state;
	must_be_found_in_each_table(take_away, "missing from the store: ");
}

static void change_a_cell(struct found *found)
{
	for (size_t slot = 0; slot < CELLS_PER_ROW; slot++) {
		struct slot_record *record = (struct slot_record *)(void *)found->bytes + slot;
		if (record->origin == 0)
			continue;
		record->value += 1000000;
		return;
	}
}

static void a_changed_cell_is_named_by_its_area(void **state)
{
	struct fixture *fixture = *state;
	char words[WORDS_SIZE], wanted[WORDS_SIZE + 40];
	struct db_txn *reading;
	open_to_tamper(fixture);
	struct found found = find_nth(fixture, TABLE_CELLS, 1);
	uint32_t slot = 0;
	while (((struct slot_record *)(void *)found.bytes)[slot].origin == 0)
		slot++;
	assert_int_equal(db_begin_read(store_db(fixture->opened), &reading), 0);
	words_of_cell(reading, &found.key, slot, words);
	db_abort(reading);
	change_a_cell(&found);
	db_put(fixture->txn, TABLE_CELLS, &found.key, found.bytes, found.size);
	close_tampered(fixture);
	assert_int_equal(words[0], 's'); /* "s1, d3, 2020-06" */
	assert_non_null(strstr(words, ", d"));
	snprintf(wanted, sizeof wanted, "cells: %s: the store has 100", words);
	must_be_damaged(fixture, wanted);
}

static void what_the_journal_does_not_give_is_found(void **state)
{
	struct fixture *fixture = *state;
	open_to_tamper(fixture);
	struct found found = find_nth(fixture, TABLE_TOTALS, 3);
	found.key.bytes[found.key.size - 1] ^= 0x40; /* an area that there is not */
	db_put(fixture->txn, TABLE_TOTALS, &found.key, found.bytes, found.size);
	close_tampered(fixture);
	must_be_damaged(fixture, "the journal does not give this: ");
}

static void many_differences_are_counted_not_all_told(void **state)
{
	struct fixture *fixture = *state;
	open_to_tamper(fixture);
	db_clear(fixture->txn, TABLE_TOTALS);
	close_tampered(fixture);
	must_be_damaged(fixture, " more\n");
	unsigned lines = 0;
	for (const char *at = fixture->said; (at = strstr(at, "totals: ")); at++)
		lines++;
	assert_int_equal(lines, FINDINGS_SHOWN);
}

static void a_changed_entry_breaks_the_chain_and_is_named(void **state)
{
	struct fixture *fixture = *state;
	char *words, wanted[80];
	tamper(fixture, TABLE_JOURNAL, change_first_byte, &words);
	unsigned long entry = strtoul(strstr(words, "entry ") + strlen("entry "), NULL, 10);
	snprintf(wanted, sizeof wanted, "entry %lu: its hash does not follow from the entry before", entry);
	must_be_damaged(fixture, wanted);
	must_say(fixture, "left out: the journal is damaged");
	free(words);
}

static void a_missing_entry_is_named(void **state)
{
	struct fixture *fixture = *state;
	char *words;
	tamper(fixture, TABLE_JOURNAL, take_away, &words);
	must_be_damaged(fixture, ": it is missing");
	free(words);
}

static void there_is_no_store_where_none_is(void **state)
{
	struct fixture *fixture = *state;
	struct fixture other = *fixture;
	other.store = scratch_path(fixture->folder, "none");
	other.said = NULL;
	assert_int_equal(check_all(&other, false), -ENOENT);
	assert_int_equal(mkdir(other.store, 0700), 0);
	assert_int_equal(check_all(&other, false), -ENOENT);
	char *file = scratch_path(other.store, "data.mdb");
	scratch_write(file, "", 0); /* a first start that was cut off */
	assert_int_equal(check_all(&other, false), -ENOENT);
	free(file);
	free(other.said);
	free(other.store);
}

static void a_store_of_a_newer_format_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	struct db_key key = layout_text_key("format");
	uint32_t format = STORE_FORMAT + 1;
	open_to_tamper(fixture);
	db_put(fixture->txn, TABLE_META, &key, &format, sizeof format);
	close_tampered(fixture);
	assert_int_equal(check_all(fixture, false), FAULT_FORMAT);
}

/* Prints on standard output, as the command does. */
static int check_the_file(const struct fixture *fixture)
{
	const struct check check = {.store = fixture->store};
	return check_guarded(&check);
}

static void pages_that_kill_the_reader_are_damage(void **state)
{
	struct fixture *fixture = *state;
	char *path = scratch_path(fixture->store, "data.mdb");
	struct stat status;
	uint8_t noise[4096];
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(check_the_file(fixture), 0);
	memset(noise, 0xff, sizeof noise);
	/* All but the two pages that say what the others are. */
	for (off_t page = 2; page < status.st_size / 4096; page++)
		assert_int_equal(pwrite(fd, noise, sizeof noise, page * 4096), sizeof noise);
	assert_int_equal(check_the_file(fixture), UPKEEP_DAMAGED);
	/* And these, too: no store of LMDB any more. */
	assert_int_equal(pwrite(fd, noise, sizeof noise, 0), sizeof noise);
	assert_int_equal(pwrite(fd, noise, sizeof noise, 4096), sizeof noise);
	assert_int_equal(check_the_file(fixture), UPKEEP_DAMAGED);
	/* And cut in half. */
	assert_int_equal(ftruncate(fd, status.st_size / 2), 0);
	assert_int_equal(check_the_file(fixture), UPKEEP_DAMAGED);
	close(fd);
	free(path);
}

#define CHECK_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CHECK_TEST(a_whole_store_is_clean),
	    CHECK_TEST(a_life_is_clean_wherever_it_is_looked_at),
	    cmocka_unit_test(a_changed_value_is_found_in_each_table),
	    cmocka_unit_test(a_missing_value_is_found_in_each_table),
	    CHECK_TEST(a_changed_cell_is_named_by_its_area),
	    CHECK_TEST(what_the_journal_does_not_give_is_found),
	    CHECK_TEST(many_differences_are_counted_not_all_told),
	    CHECK_TEST(a_changed_entry_breaks_the_chain_and_is_named),
	    CHECK_TEST(a_missing_entry_is_named),
	    CHECK_TEST(there_is_no_store_where_none_is),
	    CHECK_TEST(a_store_of_a_newer_format_is_left_alone),
	    CHECK_TEST(pages_that_kill_the_reader_are_damage),
	};
	return cmocka_run_group_tests_name("upkeep_check", tests, NULL, NULL);
}
