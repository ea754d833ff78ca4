/* Who has which page: no false alarm in a long life, and an older page in the place of a newer one is
 * found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/db/db.h"
#include "daemon/db/pages.h"
#include "tests/lib/scratch.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST, SECOND, THIRD, TABLES };
static const char *const tables[TABLES] = {"first", "second", "third"};

#define PAGE       4096u
#define META_AT    16u /* behind the head of a page */
#define MAIN_ROOT  (META_AT + 24 + 48 + 40)
#define FREE_ROOT  (META_AT + 24 + 40)
#define META_COUNT (META_AT + 128) /* of transactions */

struct fixture {
	char *folder, *path, *data;
	struct db *db;
	uint64_t random;
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
	fixture->data = scratch_path(fixture->path, "data.mdb");
	fixture->random = 88172645463325252u;
	open_db(fixture);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	db_close(fixture->db);
	free(fixture->data);
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

static uint32_t any(struct fixture *fixture, uint32_t below)
{
	fixture->random ^= fixture->random << 13;
	fixture->random ^= fixture->random >> 7;
	fixture->random ^= fixture->random << 17;
	return (uint32_t)(fixture->random >> 32) % below;
}

static struct db_key any_key(struct fixture *fixture)
{
	struct db_key key = {.size = 0};
	db_key_add_u32(&key, any(fixture, 2000));
	for (uint32_t more = any(fixture, 5); more > 0; more--)
		db_key_add_u64(&key, more);
	return key;
}

/* Small values, values that nearly fill a page, values of many pages; many come and many go. */
static void change(struct fixture *fixture, struct db_txn *txn)
{
	static char bytes[40 * PAGE];
	static const uint32_t sizes[] = {8, 500, 2000, PAGE, 40 * PAGE};
	struct db_key key = any_key(fixture);
	db_table table = any(fixture, TABLES);
	uint32_t what = any(fixture, 1000);
	if (what == 0)
		db_clear(txn, table);
	else if (what < 400)
		db_delete(txn, table, &key);
	else
		db_put(txn, table, &key, bytes, any(fixture, sizes[any(fixture, 5)]));
}

static void live(struct fixture *fixture, uint32_t changes)
{
	struct db_txn *txn;
	assert_int_equal(db_begin_write(fixture->db, &txn), 0);
	for (uint32_t i = 0; i < changes; i++)
		change(fixture, txn);
	if (any(fixture, 10) == 0)
		db_abort(txn);
	else
		assert_int_equal(db_commit(txn), 0);
}

static void say(void *context, const char *finding)
{
	char *said = context;
	snprintf(said + strlen(said), 2048 - strlen(said), "%s\n", finding);
}

static void expect_sound(struct fixture *fixture)
{
	struct pages_report report;
	char said[2048] = "";
	int result = db_verify_pages(fixture->db, say, said, &report);
	assert_string_equal(said, "");
	assert_int_equal(result, 0);
	assert_int_equal(report.used + report.free + 2, report.pages); /* nobody's pages are left */
}

static void a_long_life_gives_no_false_alarm(void **state)
{
	struct fixture *fixture = *state;
	expect_sound(fixture); /* as good as empty */
	for (int i = 0; i < 300; i++) {
		live(fixture, 1 + any(fixture, i % 10 == 0 ? 2000 : 50));
		expect_sound(fixture);
		if (any(fixture, 20) == 0) {
			db_close(fixture->db);
			open_db(fixture);
			expect_sound(fixture);
		}
	}
	struct db *copy;
	char *path = scratch_path(fixture->folder, "copy");
	assert_int_equal(db_open(path, tables, TABLES, &copy), 0);
	db_close(copy);
	char *data = scratch_path(path, "data.mdb"), *seal = scratch_path(path, "data.seal");
	unlink(data);
	unlink(seal);
	assert_int_equal(db_copy(fixture->db, path), 0);
	db_close(fixture->db);
	free(fixture->path);
	fixture->path = path;
	open_db(fixture);
	expect_sound(fixture);
	live(fixture, 100);
	expect_sound(fixture);
	free(data);
	free(seal);
}

struct writing {
	struct fixture *fixture;
	atomic_bool stop;
};

static void *write_on(void *closure)
{
	struct writing *writing = closure;
	while (!atomic_load(&writing->stop))
		live(writing->fixture, 3);
	return NULL;
}

static void no_false_alarm_beside_a_writer(void **state)
{
	struct fixture *fixture = *state;
	struct writing writing = {.fixture = fixture};
	pthread_t thread;
	int looked_at = 0;
	live(fixture, 2000);
	assert_int_equal(pthread_create(&thread, NULL, write_on, &writing), 0);
	for (int i = 0; i < 300; i++) {
		struct pages_report report;
		char said[2048] = "";
		int result = db_verify_pages(fixture->db, say, said, &report);
		assert_string_equal(said, "");
		assert_true(result == 0 || result == PAGES_MOVING);
		looked_at += result == 0;
	}
	atomic_store(&writing.stop, true);
	pthread_join(thread, NULL);
	assert_true(looked_at > 250);
}

/* ---- damage */

static uint64_t number_at(struct fixture *fixture, uint64_t offset)
{
	uint64_t number;
	int fd = open(fixture->data, O_RDONLY);
	assert_int_equal(pread(fd, &number, sizeof number, (off_t)offset), sizeof number);
	close(fd);
	return number;
}

static void expect_finding(struct fixture *fixture, uint64_t offset, uint64_t number, const char *finding)
{
	struct pages_report report;
	char said[2048] = "";
	uint64_t before = number_at(fixture, offset);
	int fd = open(fixture->data, O_WRONLY);
	assert_int_equal(pwrite(fd, &number, sizeof number, (off_t)offset), sizeof number);
	struct db *reader;
	assert_int_equal(db_open_reader(fixture->path, tables, TABLES, &reader), 0);
	assert_int_equal(db_verify_pages(reader, say, said, &report), PAGES_DAMAGED);
	db_close(reader);
	if (!strstr(said, finding))
		fail_msg("found instead: %s", said);
	assert_int_equal(pwrite(fd, &before, sizeof before, (off_t)offset), sizeof before);
	close(fd);
}

static void older_pages_in_force_again_are_found(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 20; i++)
		live(fixture, 100);
	db_close(fixture->db);
	fixture->db = NULL;
	uint64_t even = number_at(fixture, META_COUNT), odd = number_at(fixture, PAGE + META_COUNT);
	uint64_t newer = even > odd ? 0 : PAGE, older = PAGE - newer;
	uint64_t newest = even > odd ? even : odd;
	expect_finding(fixture, older + META_COUNT, newest + 1, "but its list of free pages ends with");
	expect_finding(fixture, older + META_COUNT, newest + 3, "do not follow each other");
	expect_finding(fixture, newer + META_COUNT, newest - 2, "but its list of free pages ends with");
	expect_finding(fixture, newer + META_COUNT, newest - 4, "do not follow each other");
	expect_finding(fixture, newer + FREE_ROOT, number_at(fixture, newer + MAIN_ROOT), "is used already");
	expect_finding(fixture, newer + MAIN_ROOT, number_at(fixture, older + MAIN_ROOT), "is used already");
	open_db(fixture);
	expect_sound(fixture);
}

/* A daemon that was killed left no seal: its pages are looked at before the first of them is written. */
static void a_store_whose_pages_are_damaged_is_not_opened_to_write(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 20; i++)
		live(fixture, 100);
	db_close(fixture->db);
	fixture->db = NULL;
	char *seal = scratch_path(fixture->path, "data.seal");
	assert_int_equal(unlink(seal), 0);
	uint64_t even = number_at(fixture, META_COUNT), odd = number_at(fixture, PAGE + META_COUNT);
	uint64_t newer = even > odd ? 0 : PAGE, root = number_at(fixture, newer + MAIN_ROOT);
	uint64_t before = number_at(fixture, root * PAGE), damaged = before ^ 1;
	struct db *db = NULL;
	int fd = open(fixture->data, O_WRONLY);
	assert_int_equal(pwrite(fd, &damaged, sizeof damaged, (off_t)(root * PAGE)), sizeof damaged);
	assert_int_equal(db_open(fixture->path, tables, TABLES, &db), FAULT_CORRUPT);
	assert_null(db);
	assert_int_equal(pwrite(fd, &before, sizeof before, (off_t)(root * PAGE)), sizeof before);
	close(fd);
	free(seal);
	open_db(fixture);
	expect_sound(fixture);
}

#define PAGES_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PAGES_TEST(a_long_life_gives_no_false_alarm),
	    PAGES_TEST(no_false_alarm_beside_a_writer),
	    PAGES_TEST(older_pages_in_force_again_are_found),
	    PAGES_TEST(a_store_whose_pages_are_damaged_is_not_opened_to_write),
	};
	return cmocka_run_group_tests_name("db_pages", tests, NULL, NULL);
}
