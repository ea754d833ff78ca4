/* The seal: every changed byte is found, and no end of the process or of the power leaves one that lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/db/db.h"
#include "daemon/db/seal.h"
#include "tests/lib/scratch.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST, SECOND, TABLES };
static const char *const tables[TABLES] = {"first", "second"};

#define PAGE 4096u

struct fixture {
	char *folder, *path, *data, *seal;
};

/* ---- files */

struct bytes {
	unsigned char *at;
	size_t size;
};

static struct bytes read_file(const char *path)
{
	struct bytes bytes = {.at = NULL};
	FILE *stream = fopen(path, "rb");
	struct stat status;
	assert_non_null(stream);
	assert_int_equal(fstat(fileno(stream), &status), 0);
	bytes.size = (size_t)status.st_size;
	bytes.at = malloc(bytes.size + 1);
	assert_int_equal(fread(bytes.at, 1, bytes.size, stream), bytes.size);
	fclose(stream);
	return bytes;
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void put_text(const char *path, const char *key_text, const char *text, size_t size)
{
	struct db *db;
	struct db_txn *txn;
	struct db_key key = {.size = 0};
	db_key_add_bytes(&key, key_text, strlen(key_text));
	assert_int_equal(db_open(path, tables, TABLES, &db), 0);
	assert_int_equal(db_begin_write(db, &txn), 0);
	db_put(txn, FIRST, &key, text, size);
	assert_int_equal(db_commit(txn), 0);
	db_close(db);
}

static int open_fixture(void **state)
{
	static char large[3 * PAGE];
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "store");
	fixture->data = scratch_path(fixture->path, "data.mdb");
	fixture->seal = scratch_path(fixture->path, "data.seal");
	memset(large, 'l', sizeof large);
	put_text(fixture->path, "large", large, sizeof large);
	put_text(fixture->path, "small", "text", 4);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	free(fixture->data);
	free(fixture->seal);
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

/* ---- what is said */

struct said {
	char text[16384]; /* as much of it as fits */
	int count;
};

static void hear(void *context, const char *finding)
{
	struct said *said = context;
	said->count++;
	if (strlen(said->text) + strlen(finding) + 2 > sizeof said->text)
		return;
	strcat(said->text, finding);
	strcat(said->text, "\n");
}

static int verify(struct fixture *fixture, struct said *ret_said, struct seal_report *ret_report)
{
	*ret_said = (struct said){.count = 0};
	*ret_report = (struct seal_report){.pages = 0};
	return seal_verify(fixture->path, hear, ret_said, ret_report);
}

static void expect_sound(struct fixture *fixture)
{
	struct said said;
	struct seal_report report;
	assert_int_equal(verify(fixture, &said, &report), 0);
	assert_int_equal(said.count, 0);
}

/* ---- when there is one */

static void a_closed_environment_is_sealed_and_sound(void **state)
{
	struct fixture *fixture = *state;
	struct said said;
	struct seal_report report;
	struct stat status;
	assert_int_equal(verify(fixture, &said, &report), 0);
	assert_int_equal(stat(fixture->data, &status), 0);
	assert_int_equal(report.bytes, status.st_size);
	assert_int_equal(report.pages, status.st_size / PAGE);
	assert_int_equal(report.damaged, 0);
	assert_int_equal(seal_verify(fixture->path, NULL, NULL, &report), 0);
	assert_int_equal(seal_verify(fixture->folder, NULL, NULL, &report), -ENOENT);
}

static void there_is_no_seal_while_it_is_open(void **state)
{
	struct fixture *fixture = *state;
	struct seal_report report;
	struct db *db;
	assert_int_equal(db_open(fixture->path, tables, TABLES, &db), 0);
	assert_false(is_there(fixture->seal));
	assert_int_equal(seal_verify(fixture->path, NULL, NULL, &report), SEAL_NONE);
	db_close(db);
	expect_sound(fixture);
}

static void a_process_that_is_killed_leaves_none(void **state)
{
	struct fixture *fixture = *state;
	struct seal_report report;
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct db *db;
		_exit(db_open(fixture->path, tables, TABLES, &db) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(seal_verify(fixture->path, NULL, NULL, &report), SEAL_NONE);
	put_text(fixture->path, "small", "after", 5);
	expect_sound(fixture);
}

static void a_refused_opening_leaves_it(void **state)
{
	struct fixture *fixture = *state;
	struct db *db;
	struct bytes data = read_file(fixture->data);
	data.at[0] ^= 1;
	scratch_write(fixture->data, data.at, data.size);
	assert_int_equal(db_open(fixture->path, tables, TABLES, &db), FAULT_CORRUPT);
	assert_true(is_there(fixture->seal));
	data.at[0] ^= 1;
	scratch_write(fixture->data, data.at, data.size);
	expect_sound(fixture);
	put_text(fixture->path, "small", "opens", 5);
	free(data.at);
}

static void nothing_is_sealed_after_a_value_that_does_not_verify(void **state)
{
	struct fixture *fixture = *state;
	struct db *db;
	struct db_txn *txn;
	struct db_key key = {.size = 0};
	struct db_value value;
	struct bytes data = read_file(fixture->data);
	unsigned char *at = memmem(data.at, data.size, "smalltext", 9);
	assert_non_null(at);
	assert_int_equal(unlink(fixture->seal), 0);
	at[5] ^= 1;
	scratch_write(fixture->data, data.at, data.size);
	assert_int_equal(db_open(fixture->path, tables, TABLES, &db), 0);
	assert_int_equal(db_begin_read(db, &txn), 0);
	db_key_add_bytes(&key, "small", 5);
	assert_int_equal(db_get(txn, FIRST, &key, &value), FAULT_CORRUPT);
	db_abort(txn);
	db_close(db);
	assert_false(is_there(fixture->seal));
	free(data.at);
}

/* ---- what is found */

static void every_flipped_byte_is_found_and_its_page_named(void **state)
{
	struct fixture *fixture = *state;
	struct bytes data = read_file(fixture->data);
	int fd = open(fixture->data, O_WRONLY);
	assert_true(fd >= 0);
	for (size_t i = 0; i < data.size; i++) {
		unsigned char flipped = data.at[i] ^ (unsigned char)(1u << i % 8);
		char page[64];
		struct said said;
		struct seal_report report;
		assert_int_equal(pwrite(fd, &flipped, 1, (off_t)i), 1);
		assert_int_equal(verify(fixture, &said, &report), SEAL_DAMAGED);
		assert_int_equal(said.count, 1);
		assert_int_equal(report.damaged, 1);
		snprintf(page, sizeof page, "data.mdb: page %zu (bytes %zu to ", i / PAGE, i / PAGE * PAGE);
		assert_int_equal(strncmp(said.text, page, strlen(page)), 0);
		assert_int_equal(pwrite(fd, &data.at[i], 1, (off_t)i), 1);
	}
	close(fd);
	expect_sound(fixture);
	free(data.at);
}

static void every_flipped_byte_of_the_seal_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct bytes seal = read_file(fixture->seal);
	for (size_t i = 0; i < seal.size; i++) {
		struct said said;
		struct seal_report report;
		seal.at[i] ^= (unsigned char)(1u << i % 8);
		scratch_write(fixture->seal, seal.at, seal.size);
		assert_int_equal(verify(fixture, &said, &report), SEAL_DAMAGED);
		assert_string_equal(said.text, "data.seal is damaged itself: its checksum does not match\n");
		seal.at[i] ^= (unsigned char)(1u << i % 8);
	}
	for (size_t size = 0; size < seal.size; size++) {
		struct said said;
		struct seal_report report;
		scratch_write(fixture->seal, seal.at, size);
		assert_int_equal(verify(fixture, &said, &report), SEAL_DAMAGED);
	}
	scratch_write(fixture->seal, seal.at, seal.size);
	expect_sound(fixture);
	free(seal.at);
}

static void what_was_cut_off_or_added_is_found(void **state)
{
	static const long changes[] = {-1, -(long)PAGE, -(long)PAGE - 1, 1, PAGE, 3 * PAGE + 7};
	struct fixture *fixture = *state;
	struct bytes data = read_file(fixture->data);
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		struct said said;
		struct seal_report report;
		assert_int_equal(truncate(fixture->data, (off_t)data.size + changes[i]), 0);
		assert_int_equal(verify(fixture, &said, &report), SEAL_DAMAGED);
		assert_int_equal(report.damaged,
		                 changes[i] < 0 ? ((size_t)-changes[i] + PAGE - 1) / PAGE : 0);
		assert_int_equal(said.count, 1 + report.damaged);
		if (changes[i] < 0)
			assert_non_null(strstr(said.text, " is cut off\n"));
		scratch_write(fixture->data, data.at, data.size);
		expect_sound(fixture);
	}
	assert_int_equal(unlink(fixture->data), 0);
	struct said said;
	struct seal_report report;
	assert_int_equal(verify(fixture, &said, &report), SEAL_DAMAGED);
	assert_string_equal(said.text, "data.mdb is not there, and its seal is\n");
	free(data.at);
}

/* A process that is killed while it writes leaves pages that no commit counts, and half of one. */
static void a_file_longer_than_its_last_used_page_is_sealed_to_its_end(void **state)
{
	struct fixture *fixture = *state;
	struct bytes data = read_file(fixture->data);
	size_t size = data.size + 2 * PAGE + 100;
	unsigned char *longer = calloc(1, size);
	memcpy(longer, data.at, data.size);
	memset(longer + data.size, 'x', size - data.size);
	assert_int_equal(unlink(fixture->seal), 0);
	scratch_write(fixture->data, longer, size);
	put_text(fixture->path, "small", "text", 4);
	struct bytes sealed = read_file(fixture->data);
	assert_int_equal(sealed.size, size);
	expect_sound(fixture);
	static const size_t behind[] = {1, 99, 100, 101, PAGE + 100};
	for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++) {
		struct said said;
		struct seal_report report;
		sealed.at[size - behind[i]] ^= 1;
		scratch_write(fixture->data, sealed.at, size);
		assert_int_equal(verify(fixture, &said, &report), SEAL_DAMAGED);
		assert_int_equal(report.damaged, 1);
		sealed.at[size - behind[i]] ^= 1;
	}
	free(sealed.at);
	free(longer);
	free(data.at);
}

static void each_of_many_damaged_pages_is_told(void **state)
{
	struct fixture *fixture = *state;
	enum { PAGES = 1000 };
	unsigned char *data = calloc(PAGES, PAGE);
	struct said said;
	struct seal_report report;
	scratch_write(fixture->data, data, PAGES * PAGE);
	assert_int_equal(seal_write(fixture->path), 0);
	expect_sound(fixture);
	memset(data, 1, PAGES * PAGE);
	scratch_write(fixture->data, data, PAGES * PAGE);
	assert_int_equal(verify(fixture, &said, &report), SEAL_DAMAGED);
	assert_int_equal(said.count, PAGES);
	assert_int_equal(report.damaged, PAGES);
	free(data);
}

/* Two equal pages have different sums, so that swapped ones are found. */
static void pages_that_changed_places_are_found(void **state)
{
	struct fixture *fixture = *state;
	struct bytes data = read_file(fixture->data);
	unsigned char page[PAGE];
	struct said said;
	struct seal_report report;
	memcpy(page, data.at + 2 * PAGE, PAGE);
	memmove(data.at + 2 * PAGE, data.at + 3 * PAGE, PAGE);
	memcpy(data.at + 3 * PAGE, page, PAGE);
	scratch_write(fixture->data, data.at, data.size);
	assert_int_equal(verify(fixture, &said, &report), SEAL_DAMAGED);
	assert_int_equal(report.damaged, 2);
	free(data.at);
}

/* ---- ends
 *
 * Every call that changes a file goes through here, LMDB's too, so that a child can be ended before the
 * n-th of them, for every n. What was not synced by then may be on disk or not: each child ends in one of
 * four ways, by which of it is lost. Names are in the folder as of its last sync, data.mdb as of its own
 * last sync (or O_DSYNC write); a seal that was never synced is empty. */

enum { LOSE_NOTHING = 0, LOSE_NAMES = 1, LOSE_DATA = 2, LOSE_BOTH = 3 };

static struct ending {
	bool on;
	long calls, last;
	int loses;
	int syncs_to_fail; /* fdatasync, from the first on */
	const char *folder, *data, *seal, *part;
	bool part_synced, seal_synced;
	struct bytes durable_data, durable_seal; /* the seal's size 0: there is none */
} ending;

static struct bytes copy_of(const char *path)
{
	return is_there(path) ? read_file(path) : (struct bytes){.size = 0};
}

static void end(void)
{
	ending.on = false;
	if (ending.loses & LOSE_DATA) {
		scratch_write(ending.data, ending.durable_data.at, ending.durable_data.size);
		if (!ending.seal_synced && is_there(ending.seal))
			scratch_write(ending.seal, "", 0);
	}
	if (ending.loses & LOSE_NAMES) {
		unlink(ending.seal);
		if (ending.durable_seal.size > 0)
			scratch_write(ending.seal, ending.durable_seal.at, ending.durable_seal.size);
	}
	_exit(0);
}

static void before_call(void)
{
	if (ending.on && ++ending.calls == ending.last)
		end();
}

static bool is_path_of(int fd, const char *path)
{
	struct stat left, right;
	return fstat(fd, &left) == 0 && stat(path, &right) == 0 && left.st_ino == right.st_ino;
}

static void note_synced(int fd)
{
	if (!ending.on)
		return;
	ending.on = false;
	if (is_path_of(fd, ending.data)) {
		free(ending.durable_data.at);
		ending.durable_data = copy_of(ending.data);
	}
	if (is_path_of(fd, ending.part))
		ending.part_synced = true;
	if (is_path_of(fd, ending.folder)) {
		free(ending.durable_seal.at);
		ending.durable_seal = copy_of(ending.seal);
	}
	ending.on = true;
}

#define SEEN __attribute__((visibility("default")))
#define REAL(name, type)                                                                                     \
	__extension__({                                                                                      \
		__typeof__(type) real_;                                                                      \
		*(void **)&real_ = dlsym(RTLD_NEXT, name);                                                   \
		real_;                                                                                       \
	})

SEEN ssize_t write(int fd, const void *bytes, size_t size)
{
	before_call();
	return REAL("write", ssize_t(*)(int, const void *, size_t))(fd, bytes, size);
}

static ssize_t pwrite_noted(const char *name, int fd, const void *bytes, size_t size, off_t offset)
{
	before_call();
	ssize_t put = REAL(name, ssize_t(*)(int, const void *, size_t, off_t))(fd, bytes, size, offset);
	if (fcntl(fd, F_GETFL) & O_DSYNC)
		note_synced(fd);
	return put;
}

SEEN ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	return pwrite_noted("pwrite", fd, bytes, size, offset);
}

SEEN ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	before_call();
	return REAL("writev", ssize_t(*)(int, const struct iovec *, int))(fd, pieces, count);
}

SEEN int fsync(int fd)
{
	before_call();
	int result = REAL("fsync", int (*)(int))(fd);
	note_synced(fd);
	return result;
}

SEEN int fdatasync(int fd)
{
	before_call();
	if (ending.syncs_to_fail > 0) {
		ending.syncs_to_fail--;
		errno = EIO;
		return -1;
	}
	int result = REAL("fdatasync", int (*)(int))(fd);
	note_synced(fd);
	return result;
}

SEEN int unlink(const char *path)
{
	before_call();
	return REAL("unlink", int (*)(const char *))(path);
}

SEEN int rename(const char *from, const char *to)
{
	before_call();
	if (ending.on && strcmp(from, ending.part) == 0)
		ending.seal_synced = ending.part_synced;
	return REAL("rename", int (*)(const char *, const char *))(from, to);
}

/* Opens, writes, closes. What a large write that was given up leaves behind, pages that nobody syncs, is
 * put there by hand. */
static void live(struct fixture *fixture)
{
	struct db *db;
	struct db_txn *txn;
	struct db_key key = {.size = 0};
	static char large[PAGE];
	ending.on = true;
	assert_int_equal(db_open(fixture->path, tables, TABLES, &db), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(db_begin_write(db, &txn), 0);
		key.size = 0;
		db_key_add_u32(&key, (uint32_t)i);
		memset(large, 'a' + i, sizeof large);
		db_put(txn, SECOND, &key, large, sizeof large);
		assert_int_equal(db_commit(txn), 0);
	}
	int fd = open(fixture->data, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, large, sizeof large), sizeof large);
	close(fd);
	db_close(db);
	ending.on = false;
}

/* Answers whether it came to its end alive. */
static bool live_in_a_child(struct fixture *fixture, long last, int loses)
{
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		ending = (struct ending){.last = last,
		                         .loses = loses,
		                         .seal_synced = true,
		                         .folder = fixture->path,
		                         .data = fixture->data,
		                         .seal = fixture->seal,
		                         .part = scratch_path(fixture->path, "data.seal.part"),
		                         .durable_data = copy_of(fixture->data),
		                         .durable_seal = copy_of(fixture->seal)};
		live(fixture);
		_exit(42);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 42);
	return WEXITSTATUS(status) == 42;
}

static void put_back(struct fixture *fixture, struct bytes data, struct bytes seal)
{
	scratch_write(fixture->data, data.at, data.size);
	unlink(fixture->seal);
	if (seal.size > 0)
		scratch_write(fixture->seal, seal.at, seal.size);
}

static void sweep(struct fixture *fixture, struct bytes data, struct bytes seal, int loses)
{
	long last = 1, with = 0, without = 0;
	for (bool lived = false; !lived; last++) {
		struct said said;
		struct seal_report report;
		put_back(fixture, data, seal);
		lived = live_in_a_child(fixture, last, loses);
		int result = verify(fixture, &said, &report);
		if (result != 0 && result != SEAL_NONE)
			fail_msg("ended before call %ld, losing %d: %s", last, loses, said.text);
		*(result == 0 ? &with : &without) += 1;
		put_text(fixture->path, "small", "after", 5); /* opens, and seals again */
		expect_sound(fixture);
	}
	assert_true(last > 12); /* calls there were */
	assert_true(with >= 2); /* before the first, and after the last */
	assert_true(without >= 6);
}

static void no_end_of_process_or_power_leaves_a_seal_that_lies(void **state)
{
	struct fixture *fixture = *state;
	struct bytes data = read_file(fixture->data), seal = read_file(fixture->seal);
	for (int loses = LOSE_NOTHING; loses <= LOSE_BOTH; loses++)
		sweep(fixture, data, seal, loses);
	free(data.at);
	free(seal.at);
}

/* The pages may be in memory and not on disk, which a seal would hold against the disk. */
static void nothing_is_sealed_after_a_commit_that_failed(void **state)
{
	struct fixture *fixture = *state;
	struct db *db;
	struct db_txn *txn;
	struct db_key key = {.size = 0};
	db_key_add_u8(&key, 1);
	assert_int_equal(db_open(fixture->path, tables, TABLES, &db), 0);
	assert_int_equal(db_begin_write(db, &txn), 0);
	db_put(txn, FIRST, &key, "lost", 4);
	ending.syncs_to_fail = 1;
	assert_int_equal(db_commit(txn), -EIO);
	assert_int_equal(ending.syncs_to_fail, 0);
	db_close(db);
	assert_false(is_there(fixture->seal));
	put_text(fixture->path, "small", "after", 5);
	expect_sound(fixture);
}

/* ---- beside a writer */

static void interrupt(void *context, const char *finding)
{
	struct fixture *fixture = context;
	(void)finding;
	assert_int_equal(unlink(fixture->seal), 0);
}

/* As if the daemon were started in the middle: the first finding is true, and takes the seal away. */
static void a_seal_that_goes_while_it_is_read_proves_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct bytes data = read_file(fixture->data);
	struct seal_report report;
	data.at[0] ^= 1;
	data.at[2 * PAGE] ^= 1;
	scratch_write(fixture->data, data.at, data.size);
	assert_int_equal(seal_verify(fixture->path, interrupt, fixture, &report), SEAL_NONE);
	free(data.at);
}

#define SEAL_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SEAL_TEST(a_closed_environment_is_sealed_and_sound),
	    SEAL_TEST(there_is_no_seal_while_it_is_open),
	    SEAL_TEST(a_process_that_is_killed_leaves_none),
	    SEAL_TEST(a_refused_opening_leaves_it),
	    SEAL_TEST(nothing_is_sealed_after_a_value_that_does_not_verify),
	    SEAL_TEST(every_flipped_byte_is_found_and_its_page_named),
	    SEAL_TEST(every_flipped_byte_of_the_seal_is_found),
	    SEAL_TEST(what_was_cut_off_or_added_is_found),
	    SEAL_TEST(a_file_longer_than_its_last_used_page_is_sealed_to_its_end),
	    SEAL_TEST(each_of_many_damaged_pages_is_told),
	    SEAL_TEST(pages_that_changed_places_are_found),
	    SEAL_TEST(no_end_of_process_or_power_leaves_a_seal_that_lies),
	    SEAL_TEST(nothing_is_sealed_after_a_commit_that_failed),
	    SEAL_TEST(a_seal_that_goes_while_it_is_read_proves_nothing),
	};
	return cmocka_run_group_tests_name("db_seal", tests, NULL, NULL);
}
