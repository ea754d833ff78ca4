/* Every byte, flipped. A store that was closed, or a backup: each flip is found. One that was not closed:
 * each is found, or changed nothing that a table of the digest holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/base/log.h"
#include "daemon/db/seal.h"
#include "daemon/upkeep/backup.h"
#include "daemon/upkeep/check.h"
#include "tests/lib/flips.h"
#include "tests/lib/scratch.h"
#include "tests/lib/small_store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAID_SIZE 8192

struct fixture {
	char *folder, *path;
	char said[SAID_SIZE]; /* by a check of it, undamaged */
};

/* What `suanpand check --quick` looks at and prints. */
static int check_quickly(const char *path, char ret_said[SAID_SIZE])
{
	struct findings findings = {.out = fmemopen(ret_said, SAID_SIZE, "w")};
	int result = check_store(&(struct check){.store = path}, &findings);
	fclose(findings.out);
	return result;
}

static const char *digest_in(const char *said)
{
	const char *at = strstr(said, "\ndigest ");
	return at ? at : "";
}

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	log_set_level(LOG_LEVEL_ERROR);
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "store");
	struct small_store *small = small_store_open(fixture->folder, fixture->path);
	small_store_live(small);
	small_store_close(small);
	assert_int_equal(check_quickly(fixture->path, fixture->said), 0);
	assert_string_not_equal(digest_in(fixture->said), "");
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

enum answer { FOUND, HARMLESS, CHANGED };

/* ---- sealed */

static uint8_t look_at_seal(void *folder)
{
	struct seal_report report;
	return seal_verify(folder, NULL, NULL, &report) == SEAL_DAMAGED ? FOUND : HARMLESS;
}

static void expect_each_flip_to_break_the_seal(char *folder, const char *name)
{
	struct flips flips;
	assert_int_equal(look_at_seal(folder), HARMLESS);
	flips_begin(&flips, folder, name);
	flips_sweep(&flips, look_at_seal, folder);
	print_message("%s/%s: %zu flips, %zu found\n", strrchr(folder, '/') + 1, name, flips_total(&flips),
	              flips_count(&flips, FOUND));
	assert_int_equal(flips_count(&flips, HARMLESS), 0);
	assert_int_equal(flips_count(&flips, FLIPS_ENDED), 0);
	flips_done(&flips);
	assert_int_equal(look_at_seal(folder), HARMLESS);
}

static void every_flip_of_a_closed_store_is_found(void **state)
{
	struct fixture *fixture = *state;
	expect_each_flip_to_break_the_seal(fixture->path, "data.mdb");
	expect_each_flip_to_break_the_seal(fixture->path, "data.seal");
}

static void every_flip_of_a_backup_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct backup_state made;
	char said[SAID_SIZE];
	char *backup = scratch_path(fixture->folder, "backup");
	assert_int_equal(backup_make(fixture->path, backup, stderr, &made), 0);
	assert_int_equal(check_quickly(backup, said), 0);
	assert_string_equal(digest_in(said), digest_in(fixture->said));
	expect_each_flip_to_break_the_seal(backup, "data.mdb");
	expect_each_flip_to_break_the_seal(backup, "data.seal");
	free(backup);
}

/* ---- unsealed */

static uint8_t look_quickly(void *closure)
{
	const struct fixture *fixture = closure;
	char said[SAID_SIZE];
	if (check_quickly(fixture->path, said) != 0)
		return FOUND;
	return strcmp(digest_in(said), digest_in(fixture->said)) == 0 ? HARMLESS : CHANGED;
}

static void every_flip_of_an_open_store_is_found_or_changed_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct flips flips;
	small_store_unseal(fixture->path);
	flips_begin(&flips, fixture->path, "data.mdb");
	flips_sweep(&flips, look_quickly, fixture);
	for (size_t at = 0; at < flips.size; at += flips.stride)
		if (flips.answers[at] == CHANGED)
			print_message("byte %zu of page %zu: another digest, and nothing found\n", at % 4096,
			              at / 4096);
	print_message("%zu flips: %zu ended the reader, %zu were found, %zu changed nothing\n",
	              flips_total(&flips), flips_count(&flips, FLIPS_ENDED), flips_count(&flips, FOUND),
	              flips_count(&flips, HARMLESS));
	assert_int_equal(flips_count(&flips, CHANGED), 0);
	assert_true(flips_count(&flips, FOUND) > flips_total(&flips) / 20); /* it is no empty file */
	flips_done(&flips);
}

#define FLIP_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLIP_TEST(every_flip_of_a_closed_store_is_found),
	    FLIP_TEST(every_flip_of_a_backup_is_found),
	    FLIP_TEST(every_flip_of_an_open_store_is_found_or_changed_nothing),
	};
	return cmocka_run_group_tests_name("upkeep_flips", tests, NULL, NULL);
}
