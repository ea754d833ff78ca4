#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/db/db.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIRST, SECOND, TABLES };
static const char *const tables[TABLES] = {"first", "second"};

struct fixture {
	char *folder, *path;
	struct db *db;
};

static void open_db(struct fixture *fixture)
{
	assert_int_equal(db_open(fixture->path, tables, TABLES, &fixture->db), 0);
}

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "store");
	open_db(fixture);
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

static struct db_txn *begin_write(struct fixture *fixture)
{
	struct db_txn *txn;
	assert_int_equal(db_begin_write(fixture->db, &txn), 0);
	return txn;
}

static struct db_txn *begin_read(struct fixture *fixture)
{
	struct db_txn *txn;
	assert_int_equal(db_begin_read(fixture->db, &txn), 0);
	return txn;
}

static struct db_key text_key(const char *text)
{
	struct db_key key = {.size = 0};
	db_key_add_bytes(&key, text, strlen(text));
	return key;
}

static void put_text(struct db_txn *txn, db_table table, const char *key_text, const char *text)
{
	struct db_key key = text_key(key_text);
	db_put(txn, table, &key, text, strlen(text));
}

static void expect_text(struct db_txn *txn, db_table table, const char *key_text, const char *text)
{
	struct db_key key = text_key(key_text);
	struct db_value value;
	assert_int_equal(db_get(txn, table, &key, &value), 0);
	assert_int_equal(value.size, strlen(text));
	assert_memory_equal(value.bytes, text, value.size);
}

static int get(struct db_txn *txn, db_table table, const char *key_text)
{
	struct db_key key = text_key(key_text);
	struct db_value value;
	return db_get(txn, table, &key, &value);
}

static void store_text(struct fixture *fixture, const char *key_text, const char *text)
{
	struct db_txn *txn = begin_write(fixture);
	put_text(txn, FIRST, key_text, text);
	assert_int_equal(db_commit(txn), 0);
}

/* ---- values */

static void what_was_committed_is_there_after_reopening(void **state)
{
	struct fixture *fixture = *state;
	struct db_txn *txn = begin_write(fixture);
	struct db_key key = text_key("pieces");
	put_text(txn, FIRST, "a", "one");
	put_text(txn, SECOND, "a", "two");
	put_text(txn, FIRST, "empty", "");
	db_put_two(txn, FIRST, &key, "head", 4, "tail", 4);
	expect_text(txn, FIRST, "a", "one"); /* a write reads its own */
	assert_int_equal(db_commit(txn), 0);
	db_close(fixture->db);
	open_db(fixture);
	txn = begin_read(fixture);
	expect_text(txn, FIRST, "a", "one");
	expect_text(txn, SECOND, "a", "two");
	expect_text(txn, FIRST, "empty", "");
	expect_text(txn, FIRST, "pieces", "headtail");
	assert_int_equal(get(txn, SECOND, "pieces"), DB_ABSENT);
	assert_int_equal(db_failure(txn), 0); /* absence is no failure */
	assert_int_equal(db_count(txn, FIRST), 3);
	assert_int_equal(db_count(txn, SECOND), 1);
	db_abort(txn);
}

static void what_was_given_up_never_was(void **state)
{
	struct fixture *fixture = *state;
	store_text(fixture, "a", "old");
	struct db_txn *txn = begin_write(fixture);
	put_text(txn, FIRST, "a", "new");
	put_text(txn, FIRST, "b", "new");
	db_abort(txn);
	txn = begin_read(fixture);
	expect_text(txn, FIRST, "a", "old");
	assert_int_equal(get(txn, FIRST, "b"), DB_ABSENT);
	db_abort(txn);
}

static void a_reader_keeps_the_state_it_began_with(void **state)
{
	struct fixture *fixture = *state;
	store_text(fixture, "a", "old");
	struct db_txn *before = begin_read(fixture);
	store_text(fixture, "a", "new");
	struct db_txn *after = begin_read(fixture);
	expect_text(before, FIRST, "a", "old");
	expect_text(after, FIRST, "a", "new");
	db_abort(before);
	db_abort(after);
}

static void a_deleted_entry_is_gone_and_an_absent_one_may_be_deleted(void **state)
{
	struct fixture *fixture = *state;
	struct db_key a = text_key("a"), never = text_key("never");
	store_text(fixture, "a", "one");
	struct db_txn *txn = begin_write(fixture);
	db_delete(txn, FIRST, &a);
	db_delete(txn, FIRST, &never);
	assert_int_equal(db_commit(txn), 0);
	txn = begin_read(fixture);
	assert_int_equal(get(txn, FIRST, "a"), DB_ABSENT);
	db_abort(txn);
}

static void the_folder_is_the_owners_alone(void **state)
{
	struct fixture *fixture = *state;
	struct stat status;
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
}

static void a_second_opening_is_busy(void **state)
{
	struct fixture *fixture = *state;
	struct db *second = NULL;
	assert_int_equal(db_open(fixture->path, tables, TABLES, &second), -EBUSY);
	assert_null(second);
	store_text(fixture, "a", "the first one goes on");
	db_close(fixture->db);
	open_db(fixture);
}

static void what_cannot_be_opened_is_a_fault(void **state)
{
	struct fixture *fixture = *state;
	struct db *db = NULL;
	char *file = scratch_path(fixture->folder, "file");
	char *below = scratch_path(fixture->folder, "no/such");
	char *other = scratch_path(fixture->folder, "other");
	scratch_write(file, "text", 4);
	assert_int_equal(db_open(file, tables, TABLES, &db), -ENOTDIR);
	assert_int_equal(db_open(below, tables, TABLES, &db), -ENOENT);
	assert_int_equal(mkdir(other, 0700), 0);
	char *data = scratch_path(other, "data.mdb");
	char junk[8192];
	memset(junk, 'j', sizeof junk);
	scratch_write(data, junk, sizeof junk);
	assert_true(db_open(other, tables, TABLES, &db) < 0);
	assert_null(db);
	free(data);
	free(other);
	free(below);
	free(file);
}

/* ---- keys */

static void parts_of_a_key_come_back_in_order(void **state)
{
	(void)state;
	struct db_key key = {.size = 0};
	size_t offset = 0;
	db_key_add_u32(&key, 0x01020304);
	db_key_add_u64(&key, 0x05060708090a0b0c);
	db_key_add_u32(&key, UINT32_MAX);
	assert_int_equal(key.size, 16);
	assert_memory_equal(key.bytes, "\1\2\3\4\5\6\7\10\11\12\13\14\377\377\377\377", 16);
	assert_int_equal(db_key_take_u32(&key, &offset), 0x01020304);
	assert_int_equal(db_key_take_u64(&key, &offset), 0x05060708090a0b0c);
	assert_int_equal(db_key_take_u32(&key, &offset), UINT32_MAX);
	assert_int_equal(offset, key.size);
}

struct seen {
	struct db_key keys[128];
	size_t count, stop_after;
};

static int see(void *context, const struct db_key *key, struct db_value value)
{
	struct seen *seen = context;
	assert_int_equal(value.size, key->size); /* each key was put as its own value */
	assert_memory_equal(value.bytes, key->bytes, key->size);
	assert_true(seen->count < sizeof seen->keys / sizeof seen->keys[0]);
	seen->keys[seen->count++] = *key;
	return seen->count == seen->stop_after ? 42 : 0;
}

static void keys_sort_by_their_parts(void **state)
{
	static const uint64_t parts[] = {0, 1, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000, UINT32_MAX};
	enum { PARTS = sizeof parts / sizeof parts[0] };
	struct fixture *fixture = *state;
	struct seen seen = {.count = 0};
	struct db_key all = {.size = 0};
	struct db_txn *txn = begin_write(fixture);
	for (size_t i = PARTS * PARTS; i-- > 0;) { /* 40 is prime to 81: as good as shuffled */
		size_t at = i * 40 % (PARTS * PARTS);
		struct db_key key = {.size = 0};
		db_key_add_u32(&key, (uint32_t)parts[at / PARTS]);
		db_key_add_u64(&key, parts[at % PARTS] << 24);
		db_put(txn, FIRST, &key, key.bytes, key.size);
	}
	assert_int_equal(db_walk(txn, FIRST, &all, 0, see, &seen), 0);
	assert_int_equal(seen.count, PARTS * PARTS);
	for (size_t i = 0; i < seen.count; i++) {
		size_t offset = 0;
		assert_int_equal(db_key_take_u32(&seen.keys[i], &offset), parts[i / PARTS]);
		assert_int_equal(db_key_take_u64(&seen.keys[i], &offset), parts[i % PARTS] << 24);
	}
	assert_int_equal(db_commit(txn), 0);
}

/* ---- walking */

static void fill(struct db_txn *txn)
{
	static const char *const keys[] = {"a", "b", "ba", "bb", "bc", "bca", "c", "ca"};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		put_text(txn, FIRST, keys[i], keys[i]);
}

struct walk_row {
	const char *from;
	size_t prefix;
	const char *seen; /* keys, each with a blank behind it */
};

static void a_walk_keeps_to_its_prefix_and_starts_at_its_key(void **state)
{
	static const struct walk_row rows[] = {
	    {"", 0, "a b ba bb bc bca c ca "},
	    {"b", 1, "b ba bb bc bca "},
	    {"bb", 1, "bb bc bca "},
	    {"bb", 2, "bb "},
	    {"bb", 0, "bb bc bca c ca "},
	    {"bc", 2, "bc bca "},
	    {"bbb", 1, "bc bca "},
	    {"bz", 1, ""},
	    {"d", 0, ""},
	    {"d", 1, ""},
	    {"c", 1, "c ca "},
	};
	struct fixture *fixture = *state;
	struct db_txn *txn = begin_write(fixture);
	fill(txn);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct seen seen = {.count = 0};
		struct db_key from = text_key(rows[i].from);
		char text[128] = "";
		assert_int_equal(db_walk(txn, FIRST, &from, rows[i].prefix, see, &seen), 0);
		for (size_t j = 0; j < seen.count; j++) {
			strncat(text, (const char *)seen.keys[j].bytes, seen.keys[j].size);
			strcat(text, " ");
		}
		assert_string_equal(text, rows[i].seen);
	}
	struct seen none = {.count = 0};
	struct db_key all = {.size = 0};
	assert_int_equal(db_walk(txn, SECOND, &all, 0, see, &none), 0);
	assert_int_equal(none.count, 0);
	db_abort(txn);
}

static void a_walk_passes_on_what_stopped_it(void **state)
{
	struct fixture *fixture = *state;
	struct seen seen = {.stop_after = 3};
	struct db_key all = {.size = 0};
	struct db_txn *txn = begin_write(fixture);
	fill(txn);
	assert_int_equal(db_walk(txn, FIRST, &all, 0, see, &seen), 42);
	assert_int_equal(seen.count, 3);
	assert_int_equal(db_failure(txn), 0);
	assert_int_equal(db_commit(txn), 0);
}

/* ---- failures stick */

/* LMDB 0.9.24 forgets its list of spilled pages when a write that spilled is given up. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:mdb_midl_alloc\n";
}

static void a_put_that_does_not_fit_sticks_until_the_commit(void **state)
{
	struct fixture *fixture = *state;
	struct db_key big = text_key("big");
	struct db_key all = {.size = 0};
	struct seen seen = {.count = 0};
	store_text(fixture, "a", "old");
	struct db_txn *txn = begin_write(fixture);
	put_text(txn, FIRST, "a", "new");
	assert_int_equal(db_failure(txn), 0);
	/* Twice the map: refused before a byte of it is read. */
	db_put(txn, FIRST, &big, "", (size_t)db_size(fixture->db).map_bytes * 2);
	assert_int_equal(db_failure(txn), FAULT_MAP_FULL);
	put_text(txn, FIRST, "b", "too late");
	db_delete(txn, FIRST, &big);
	assert_int_equal(get(txn, FIRST, "a"), FAULT_MAP_FULL);
	assert_int_equal(get(txn, FIRST, "never"), FAULT_MAP_FULL);
	assert_int_equal(db_walk(txn, FIRST, &all, 0, see, &seen), FAULT_MAP_FULL);
	assert_int_equal(seen.count, 0);
	assert_int_equal(db_count(txn, FIRST), 0);
	assert_int_equal(db_commit(txn), FAULT_MAP_FULL);
	txn = begin_read(fixture);
	expect_text(txn, FIRST, "a", "old");
	assert_int_equal(get(txn, FIRST, "b"), DB_ABSENT);
	db_abort(txn);
	store_text(fixture, "a", "the next one goes on");
}

/* ---- room */

static void there_is_room_after_making_room(void **state)
{
	struct fixture *fixture = *state;
	struct db_size before = db_size(fixture->db);
	assert_true(before.used_bytes > 0);
	assert_int_equal(db_make_room(fixture->db, before.map_bytes / 2), 0);
	assert_int_equal(db_size(fixture->db).map_bytes, before.map_bytes); /* there was enough */
	assert_int_equal(db_make_room(fixture->db, before.map_bytes * 3), 0);
	struct db_size after = db_size(fixture->db);
	assert_true(after.map_bytes - after.used_bytes >= before.map_bytes * 3);
	store_text(fixture, "a", "one");
	db_close(fixture->db);
	open_db(fixture);
	struct db_txn *txn = begin_read(fixture);
	expect_text(txn, FIRST, "a", "one");
	db_abort(txn);
}

static void *make_room(void *closure)
{
	struct db *db = closure;
	size_t more = (size_t)db_size(db).map_bytes * 2;
	return (void *)(intptr_t)db_make_room(db, more);
}

static void room_waits_for_readers_who_keep_their_pages(void **state)
{
	struct fixture *fixture = *state;
	uint64_t before = db_size(fixture->db).map_bytes;
	struct db_value value;
	struct db_key key = text_key("a");
	pthread_t thread;
	struct timespec soon;
	void *result;
	store_text(fixture, "a", "one");
	struct db_txn *txn = begin_read(fixture);
	assert_int_equal(db_get(txn, FIRST, &key, &value), 0);
	assert_int_equal(pthread_create(&thread, NULL, make_room, fixture->db), 0);
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 50000000;
	soon.tv_sec += soon.tv_nsec / 1000000000;
	soon.tv_nsec %= 1000000000;
	assert_int_equal(pthread_timedjoin_np(thread, &result, &soon), ETIMEDOUT);
	assert_memory_equal(value.bytes, "one", 3);
	db_abort(txn);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_int_equal((intptr_t)result, 0);
	assert_true(db_size(fixture->db).map_bytes > before);
	txn = begin_read(fixture);
	expect_text(txn, FIRST, "a", "one");
	db_abort(txn);
}

/* Reads from another process, as `suanpand check` does, and is killed before it has finished. Forked before anybody has the
 * environment open. */
static void read_and_be_killed(const char *path, int go, int began)
{
	struct db *db;
	struct db_txn *txn;
	char byte;
	if (read(go, &byte, 1) != 1 || db_open_reader(path, tables, TABLES, &db) != 0 ||
	    db_begin_read(db, &txn) != 0 || write(began, "", 1) != 1)
		_exit(1);
	pause();
	_exit(1);
}

static void rewrite_many_times(struct fixture *fixture)
{
	static const char large[100000];
	struct db_key key = text_key("large");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(db_make_room(fixture->db, 1 << 20), 0);
		struct db_txn *txn = begin_write(fixture);
		db_put(txn, FIRST, &key, large, sizeof large);
		assert_int_equal(db_commit(txn), 0);
	}
}

/* LMDB would keep the pages of its state for ever. */
static void a_reader_that_was_killed_keeps_no_pages(void **state)
{
	struct fixture *fixture = *state;
	int go[2], began[2], status;
	char byte;
	store_text(fixture, "a", "one");
	db_close(fixture->db);
	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(began), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		read_and_be_killed(fixture->path, go[0], began[1]);
	open_db(fixture);
	assert_int_equal(write(go[1], "", 1), 1);
	assert_int_equal(read(began[0], &byte, 1), 1);
	uint64_t before = db_size(fixture->db).used_bytes;
	rewrite_many_times(fixture);
	uint64_t kept = db_size(fixture->db).used_bytes;
	assert_true(kept > before + 1500000); /* it lives: nothing it may read is written over */
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	rewrite_many_times(fixture);
	assert_true(db_size(fixture->db).used_bytes <= kept + 200000);
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(began[i]);
	}
}

/* ---- damage */

static const char treasure[] = "a value of which every byte counts, its checksum's too";
#define CHECKSUM_SIZE 8

struct file {
	char *path;
	unsigned char *bytes;
	size_t size;
};

static void read_file(struct file *file)
{
	FILE *stream = fopen(file->path, "rb");
	struct stat status;
	assert_non_null(stream);
	assert_int_equal(fstat(fileno(stream), &status), 0);
	file->size = (size_t)status.st_size;
	file->bytes = malloc(file->size);
	assert_int_equal(fread(file->bytes, 1, file->size, stream), file->size);
	fclose(stream);
}

/* Without its seal (see test_db_seal.c): how a daemon finds it that was killed. */
static void close_unsealed(struct fixture *fixture)
{
	char *seal = scratch_path(fixture->path, "data.seal");
	db_close(fixture->db);
	assert_int_equal(remove(seal), 0);
	free(seal);
}

static int ignore(void *context, const struct db_key *key, struct db_value value)
{
	(void)key;
	(void)value;
	++*(int *)context;
	return 0;
}

/* Opens the damaged environment: nobody gets the value, neither by its key nor by walking. */
static void expect_corrupt(struct fixture *fixture)
{
	struct db_key all = {.size = 0};
	int count = 0;
	open_db(fixture);
	struct db_txn *txn = begin_read(fixture);
	assert_int_equal(get(txn, FIRST, "treasure"), FAULT_CORRUPT);
	assert_int_equal(get(txn, FIRST, "b"), FAULT_CORRUPT); /* sticks */
	db_abort(txn);
	txn = begin_read(fixture);
	assert_int_equal(db_walk(txn, FIRST, &all, 0, ignore, &count), FAULT_CORRUPT);
	assert_int_equal(count, 1); /* "b", which comes before it */
	db_abort(txn);
	db_close(fixture->db);
}

static void every_flipped_byte_of_a_value_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct file file = {.path = scratch_path(fixture->path, "data.mdb")};
	store_text(fixture, "b", "sound");
	store_text(fixture, "treasure", treasure);
	close_unsealed(fixture);
	read_file(&file);
	unsigned char *at = memmem(file.bytes, file.size, treasure, strlen(treasure));
	assert_non_null(at);
	assert_null(memmem(at + 1, file.size - (size_t)(at + 1 - file.bytes), treasure, strlen(treasure)));
	for (size_t i = 0; i < strlen(treasure) + CHECKSUM_SIZE; i++) {
		at[i] ^= (unsigned char)(1u << i % 8);
		scratch_write(file.path, file.bytes, file.size);
		expect_corrupt(fixture);
		at[i] ^= (unsigned char)(1u << i % 8);
	}
	scratch_write(file.path, file.bytes, file.size);
	open_db(fixture);
	struct db_txn *txn = begin_read(fixture);
	expect_text(txn, FIRST, "treasure", treasure);
	db_abort(txn);
	free(file.bytes);
	free(file.path);
}

/* The checksum covers the key: a value that turns up under another's key is not believed. */
static void a_value_under_another_key_is_corrupt(void **state)
{
	struct fixture *fixture = *state;
	struct file file = {.path = scratch_path(fixture->path, "data.mdb")};
	store_text(fixture, "treasure", treasure);
	close_unsealed(fixture);
	read_file(&file);
	unsigned char *at = memmem(file.bytes, file.size, "treasurea value", strlen("treasurea value"));
	assert_non_null(at);
	at[7] = 'f'; /* treasurf */
	scratch_write(file.path, file.bytes, file.size);
	open_db(fixture);
	struct db_txn *txn = begin_read(fixture);
	assert_int_equal(get(txn, FIRST, "treasurf"), FAULT_CORRUPT);
	db_abort(txn);
	txn = begin_read(fixture);
	assert_int_equal(get(txn, FIRST, "treasure"), FAULT_CORRUPT); /* nor that the other is gone */
	db_abort(txn);
	free(file.bytes);
	free(file.path);
}

#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    DB_TEST(what_was_committed_is_there_after_reopening),
	    DB_TEST(what_was_given_up_never_was),
	    DB_TEST(a_reader_keeps_the_state_it_began_with),
	    DB_TEST(a_deleted_entry_is_gone_and_an_absent_one_may_be_deleted),
	    DB_TEST(the_folder_is_the_owners_alone),
	    DB_TEST(a_second_opening_is_busy),
	    DB_TEST(what_cannot_be_opened_is_a_fault),
	    cmocka_unit_test(parts_of_a_key_come_back_in_order),
	    DB_TEST(keys_sort_by_their_parts),
	    DB_TEST(a_walk_keeps_to_its_prefix_and_starts_at_its_key),
	    DB_TEST(a_walk_passes_on_what_stopped_it),
	    DB_TEST(a_put_that_does_not_fit_sticks_until_the_commit),
	    DB_TEST(there_is_room_after_making_room),
	    DB_TEST(room_waits_for_readers_who_keep_their_pages),
	    DB_TEST(a_reader_that_was_killed_keeps_no_pages),
	    DB_TEST(every_flipped_byte_of_a_value_is_found),
	    DB_TEST(a_value_under_another_key_is_corrupt),
	};
	return cmocka_run_group_tests_name("db_db", tests, NULL, NULL);
}
