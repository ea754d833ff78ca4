#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/db/db.h"
#include "daemon/db/make.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const tables[] = {"only"};

static int set_up(void **state)
{
	*state = scratch_new();
	return 0;
}

static int tear_down(void **state)
{
	scratch_free(*state);
	return 0;
}

static void must_open(const char *folder)
{
	struct db *db;
	assert_int_equal(db_open(folder, tables, 1, &db), 0);
	db_close(db);
}

static bool is_there(const char *folder, const char *name)
{
	char *path = scratch_path(folder, name);
	bool there = access(path, F_OK) == 0;
	free(path);
	return there;
}

static void put(const char *folder, const char *name, const char *text, size_t size)
{
	char *path = scratch_path(folder, name);
	scratch_write(path, text, size);
	free(path);
}

static void what_is_made_is_whole_and_in_its_place(void **state)
{
	assert_int_equal(db_make_environment(*state), 0);
	assert_true(is_there(*state, "data.mdb"));
	assert_false(is_there(*state, ".making"));
	must_open(*state);
}

static void what_is_there_is_left_as_it_is(void **state)
{
	struct stat before, after;
	char *path = scratch_path(*state, "data.mdb");
	must_open(*state);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(db_make_environment(*state), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	free(path);
}

/* Killed, or the power gone, while LMDB made its file: half a file, and not in its place. */
static void one_that_was_never_finished_is_begun_again(void **state)
{
	char *making = scratch_path(*state, ".making");
	assert_int_equal(mkdir(making, 0700), 0);
	put(making, "data.mdb", "half", 4);
	put(making, "lock.mdb", "", 0);
	free(making);
	must_open(*state);
	assert_false(is_there(*state, ".making"));
}

static void an_empty_file_is_none(void **state)
{
	put(*state, "data.mdb", "", 0);
	must_open(*state);
}

static void a_damaged_one_is_not_replaced(void **state)
{
	struct db *db;
	put(*state, "data.mdb", "precious", 8);
	assert_true(db_open(*state, tables, 1, &db) < 0);
	assert_true(is_there(*state, "data.mdb"));
}

static void a_folder_that_is_not_there_is_a_fault(void **state)
{
	char *path = scratch_path(*state, "nowhere");
	assert_int_equal(db_make_environment(path), -ENOENT);
	free(path);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(what_is_made_is_whole_and_in_its_place),
	    CASE(what_is_there_is_left_as_it_is),
	    CASE(one_that_was_never_finished_is_begun_again),
	    CASE(an_empty_file_is_none),
	    CASE(a_damaged_one_is_not_replaced),
	    CASE(a_folder_that_is_not_there_is_a_fault),
	};
	return cmocka_run_group_tests_name("db_make", tests, NULL, NULL);
}
