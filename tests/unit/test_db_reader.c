#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/db/db.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const tables[] = {"one", "two"};
#define TABLES 2

struct fixture {
	char *folder, *path;
	struct db *db; /* that writes */
};

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "db");
	assert_int_equal(db_open(fixture->path, tables, TABLES, &fixture->db), 0);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	db_close(fixture->db);
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

static struct db_key key_of(uint32_t number)
{
	struct db_key key = {.size = 0};
	db_key_add_u32(&key, number);
	return key;
}

static void put(struct db *db, uint32_t number, const void *bytes, size_t size)
{
	struct db_txn *txn;
	struct db_key key = key_of(number);
	assert_int_equal(db_begin_write(db, &txn), 0);
	db_put(txn, 0, &key, bytes, size);
	assert_int_equal(db_commit(txn), 0);
}

/* In a process of its own, as a reader is; 0 if all it asserts holds. */
static int in_a_child(struct fixture *fixture, int (*read)(struct fixture *fixture))
{
	int status;
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(read(fixture));
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int read_seven(struct fixture *fixture)
{
	struct db *db;
	struct db_txn *txn;
	struct db_value value;
	struct db_key key = key_of(7);
	if (db_open_reader(fixture->path, tables, TABLES, &db) != 0 || db_begin_read(db, &txn) != 0)
		return 1;
	if (db_get(txn, 0, &key, &value) != 0 || value.size != 5 || memcmp(value.bytes, "seven", 5) != 0)
		return 2;
	db_abort(txn);
	db_close(db);
	return 0;
}

static void a_reader_reads_beside_a_writer(void **state)
{
	struct fixture *fixture = *state;
	put(fixture->db, 7, "seven", 5);
	assert_int_equal(in_a_child(fixture, read_seven), 0);
	put(fixture->db, 8, "eight", 5); /* nothing was locked */
}

static int to_parent[2], to_child[2];

/* Opens, waits for the parent to outgrow its map, and reads on. */
static int read_after_growth(struct fixture *fixture)
{
	struct db *db;
	struct db_txn *txn;
	struct db_value value;
	struct db_key key = key_of(1000);
	char go = 'g';
	if (db_open_reader(fixture->path, tables, TABLES, &db) != 0 || write(to_parent[1], &go, 1) != 1 ||
	    read(to_child[0], &go, 1) != 1)
		return 1;
	if (db_begin_read(db, &txn) != 0)
		return 2;
	if (db_get(txn, 0, &key, &value) != 0 || value.size != 1 << 20)
		return 3;
	db_abort(txn);
	db_close(db);
	return 0;
}

static void fill(struct db *db, uint32_t megabytes)
{
	char *large = calloc(1, 1 << 20);
	struct db_txn *txn;
	assert_int_equal(db_begin_write(db, &txn), 0);
	for (uint32_t i = 0; i < megabytes; i++) {
		struct db_key key = key_of(1000 + i);
		db_put(txn, 0, &key, large, 1 << 20);
	}
	assert_int_equal(db_commit(txn), 0);
	free(large);
}

static void a_reader_follows_a_map_that_has_grown(void **state)
{
	struct fixture *fixture = *state;
	int status;
	char go;
	assert_int_equal(pipe(to_parent), 0);
	assert_int_equal(pipe(to_child), 0);
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(read_after_growth(fixture));
	assert_int_equal(read(to_parent[0], &go, 1), 1);
	assert_int_equal(db_make_room(fixture->db, (size_t)1 << 30), 0); /* a map of more than the reader's */
	fill(fixture->db, 32);
	assert_int_equal(write(to_child[1], &go, 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	for (int i = 0; i < 2; i++) {
		close(to_parent[i]);
		close(to_child[i]);
	}
}

static int find_nothing(struct fixture *fixture)
{
	static const char *const more[] = {"one", "two", "three"};
	struct db *db;
	char *none = scratch_path(fixture->folder, "none"), *files = scratch_path(fixture->path, "data.mdb");
	if (db_open_reader(none, tables, TABLES, &db) != -ENOENT || access(none, F_OK) == 0)
		return 1; /* and nothing was made */
	if (db_open_reader(fixture->path, more, 3, &db) != FAULT_CORRUPT)
		return 2;
	scratch_write(files, "this is no file of LMDB's", 25);
	if (db_open_reader(fixture->path, tables, TABLES, &db) != FAULT_CORRUPT)
		return 3;
	scratch_write(files, "", 0);
	return db_open_reader(fixture->path, tables, TABLES, &db) == -ENOENT ? 0 : 4;
}

static void what_is_no_environment_is_told_from_a_damaged_one(void **state)
{
	struct fixture *fixture = *state;
	db_close(fixture->db);
	fixture->db = NULL;
	assert_int_equal(in_a_child(fixture, find_nothing), 0);
}

static void a_cursor_goes_on_behind_a_value_that_does_not_verify(void **state)
{
	struct fixture *fixture = *state;
	struct db_cursor *cursor;
	struct db_txn *txn;
	struct db_key key;
	struct db_value value;
	char *file = scratch_path(fixture->path, "data.mdb");
	put(fixture->db, 1, "first value", 11);
	put(fixture->db, 2, "second value", 12);
	put(fixture->db, 3, "third value", 11);
	db_close(fixture->db);
	FILE *data = fopen(file, "r+");
	char *bytes = calloc(1, 1 << 16);
	size_t size = fread(bytes, 1, 1 << 16, data);
	for (size_t at = 0; at + 12 < size; at++)
		if (memcmp(bytes + at, "second value", 12) == 0) {
			assert_int_equal(fseek(data, (long)at, SEEK_SET), 0);
			fputc('S', data);
		}
	fclose(data);
	free(bytes);
	free(file);
	assert_int_equal(db_open_reader(fixture->path, tables, TABLES, &fixture->db), 0);
	assert_int_equal(db_begin_read(fixture->db, &txn), 0);
	assert_int_equal(db_cursor_open(txn, 0, &cursor), 0);
	assert_int_equal(db_cursor_next(cursor, &key, &value), 0);
	assert_memory_equal(value.bytes, "first value", 11);
	assert_int_equal(db_cursor_next(cursor, &key, &value), FAULT_CORRUPT);
	assert_int_equal(key.bytes[3], 2);
	assert_int_equal(db_cursor_next(cursor, &key, &value), 0);
	assert_memory_equal(value.bytes, "third value", 11);
	assert_int_equal(db_cursor_next(cursor, &key, &value), DB_ABSENT);
	db_cursor_close(cursor);
	/* A look-up sticks, until it is forgiven. */
	struct db_key second = key_of(2), third = key_of(3);
	assert_int_equal(db_get(txn, 0, &second, &value), FAULT_CORRUPT);
	assert_int_equal(db_get(txn, 0, &third, &value), FAULT_CORRUPT);
	db_forgive(txn);
	assert_int_equal(db_get(txn, 0, &third, &value), 0);
	db_abort(txn);
}

static void what_was_not_synced_is_there_after_a_sync(void **state)
{
	struct fixture *fixture = *state;
	char *other = scratch_path(fixture->folder, "other");
	struct db *db;
	assert_int_equal(db_open_unsynced(other, tables, TABLES, &db), 0);
	put(db, 7, "seven", 5);
	assert_int_equal(db_sync(db), 0);
	db_close(db);
	struct fixture there = {.path = other};
	assert_int_equal(in_a_child(&there, read_seven), 0);
	free(other);
}

#define READER_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    READER_TEST(a_reader_reads_beside_a_writer),
	    READER_TEST(a_reader_follows_a_map_that_has_grown),
	    READER_TEST(what_is_no_environment_is_told_from_a_damaged_one),
	    READER_TEST(a_cursor_goes_on_behind_a_value_that_does_not_verify),
	    READER_TEST(what_was_not_synced_is_there_after_a_sync),
	};
	return cmocka_run_group_tests_name("db_reader", tests, NULL, NULL);
}
