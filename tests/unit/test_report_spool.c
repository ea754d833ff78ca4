#include "clients/report/spool.h"
#include "tests/lib/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char *folder, *path;
	struct sentence why;
	struct spool *spool;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "deep/er/spool");
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	spool_close(fixture->spool);
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

static struct spool *reopen(struct fixture *fixture)
{
	spool_close(fixture->spool);
	fixture->spool = NULL;
	int answer = spool_open(fixture->path, &fixture->why, &fixture->spool);
	if (answer)
		print_error("%s\n", fixture->why.text);
	assert_int_equal(answer, 0);
	return fixture->spool;
}

static const char *const files[] = {"a.csv", "b.csv"};
static const struct spool_place places[] = {{0, 2}, {1, 7}, {0, 123456}};

static void put(struct spool_batch *batch, const char *payload)
{
	const struct spool_report report = {.wall_ms = 1234567890123,
	                                    .payload = payload,
	                                    .payload_size = strlen(payload),
	                                    .places = places,
	                                    .row_count = 3,
	                                    .files = files,
	                                    .file_count = 2};
	spool_put(batch, &report);
}

/* One transaction with these payloads; answers the first number. */
static uint64_t add(struct spool *spool, const char *first, const char *second)
{
	struct spool_batch batch;
	assert_int_equal(spool_begin(spool, "liwan", &batch), 0);
	uint64_t number = batch.state.next;
	put(&batch, first);
	if (second)
		put(&batch, second);
	assert_int_equal(spool_commit(&batch), 0);
	return number;
}

static void expect_payload(struct spool *spool, uint64_t sequence, const char *payload)
{
	struct spool_report *report;
	assert_int_equal(spool_read(spool, sequence, &report), 0);
	assert_int_equal(report->payload_size, strlen(payload));
	assert_memory_equal(report->payload, payload, report->payload_size);
	free(report);
}

static void a_report_comes_back_as_it_was_stored(void **state)
{
	struct spool *spool = reopen(*state);
	assert_int_equal(add(spool, "one", "two"), 1);
	struct spool_report *report;
	assert_int_equal(spool_read(spool, 2, &report), 0);
	assert_int_equal(report->sequence, 2);
	assert_int_equal(report->wall_ms, 1234567890123);
	assert_int_equal(report->payload_size, 3);
	assert_memory_equal(report->payload, "two", 3);
	assert_int_equal(report->row_count, 3);
	assert_memory_equal(report->places, places, sizeof places);
	assert_int_equal(report->file_count, 2);
	assert_string_equal(report->files[0], "a.csv");
	assert_string_equal(report->files[1], "b.csv");
	free(report);
}

static void the_spool_survives_being_closed(void **state)
{
	struct fixture *fixture = *state;
	struct spool_state before, after;
	struct spool *spool = reopen(fixture);
	add(spool, "one", "two");
	assert_int_equal(spool_read_state(spool, &before), 0);
	spool = reopen(fixture);
	assert_int_equal(spool_read_state(spool, &after), 0);
	assert_memory_equal(before.stream, after.stream, sizeof before.stream);
	assert_string_equal(after.reporter, "liwan");
	assert_int_equal(after.next, 3);
	assert_int_equal(after.oldest, 1);
	assert_int_equal(after.pending, 2);
	expect_payload(spool, 1, "one");
	expect_payload(spool, 2, "two");
}

static void a_number_is_never_given_twice(void **state)
{
	struct fixture *fixture = *state;
	struct spool *spool = reopen(fixture);
	add(spool, "one", "two");
	assert_int_equal(spool_remove(spool, (const uint64_t[]){1, 2, 99}, 3), 0);
	spool = reopen(fixture);
	struct spool_state spool_state;
	assert_int_equal(spool_read_state(spool, &spool_state), 0);
	assert_int_equal(spool_state.pending, 0);
	assert_int_equal(spool_state.next, 3);
	assert_int_equal(spool_state.oldest, 3);
	assert_int_equal(add(spool, "three", NULL), 3);
	struct spool_report *report;
	assert_int_equal(spool_read(spool, 1, &report), SPOOL_NOTHING);
}

static void a_batch_that_is_aborted_leaves_nothing(void **state)
{
	struct spool *spool = reopen(*state);
	struct spool_batch batch;
	assert_int_equal(spool_begin(spool, "liwan", &batch), 0);
	put(&batch, "one");
	assert_int_equal(batch.state.next, 2);
	spool_abort(&batch);
	struct spool_state spool_state;
	assert_int_equal(spool_read_state(spool, &spool_state), 0);
	assert_false(spool_state.has_identity); /* the stream comes with the first report */
	assert_int_equal(spool_state.next, 1);
	assert_int_equal(add(spool, "uno", NULL), 1);
	expect_payload(spool, 1, "uno");
}

static void two_spools_have_two_streams(void **state)
{
	struct fixture *fixture = *state, other = {.path = scratch_path(fixture->folder, "other")};
	struct spool_state one, two;
	add(reopen(fixture), "one", NULL);
	add(reopen(&other), "one", NULL);
	assert_int_equal(spool_read_state(fixture->spool, &one), 0);
	assert_int_equal(spool_read_state(other.spool, &two), 0);
	assert_memory_not_equal(one.stream, two.stream, sizeof one.stream);
	spool_close(other.spool);
	free(other.path);
}

static void oldest_is_the_lowest_number_still_there(void **state)
{
	struct spool *spool = reopen(*state);
	struct spool_state spool_state;
	struct spool_batch batch;
	add(spool, "one", "two");
	add(spool, "three", NULL);
	assert_int_equal(spool_remove(spool, (const uint64_t[]){1}, 1), 0);
	assert_int_equal(spool_read_state(spool, &spool_state), 0);
	assert_int_equal(spool_state.oldest, 2);
	assert_int_equal(spool_begin(spool, "liwan", &batch), 0);
	assert_int_equal(batch.state.oldest, 2);
	assert_int_equal(batch.state.next, 4);
	put(&batch, "four");
	assert_int_equal(batch.state.oldest, 2);
	spool_abort(&batch);
}

static void another_reporter_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct spool_batch batch;
	add(reopen(fixture), "one", NULL);
	assert_int_equal(spool_begin(fixture->spool, "yuexiu", &batch), SPOOL_OTHER_REPORTER);
	assert_non_null(strstr(fixture->why.text, "belongs to the reporter 'liwan'"));
	assert_int_equal(add(fixture->spool, "two", NULL), 2);
}

static void the_list_is_ascending_and_ends_where_it_should(void **state)
{
	struct spool *spool = reopen(*state);
	uint64_t *list;
	size_t count;
	assert_int_equal(spool_list(spool, UINT64_MAX, &list, &count), 0);
	assert_int_equal(count, 0);
	free(list);
	for (int i = 0; i < 300; i++) /* beyond one byte: keys must sort as numbers do */
		add(spool, "x", NULL);
	assert_int_equal(spool_list(spool, 290, &list, &count), 0);
	assert_int_equal(count, 290);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(list[i], i + 1);
	free(list);
}

static void the_folder_is_for_its_owner_only(void **state)
{
	struct fixture *fixture = *state;
	reopen(fixture);
	struct stat status;
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_int_equal(chmod(fixture->path, 0755), 0);
	reopen(fixture);
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
}

static void a_folder_with_other_things_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	char *other = scratch_path(fixture->folder, "letter.txt");
	scratch_write(other, "x", 1);
	assert_int_equal(chmod(fixture->folder, 0755), 0);
	struct spool *spool;
	assert_int_equal(spool_open(fixture->folder, &fixture->why, &spool), SPOOL_NOT_A_SPOOL);
	assert_non_null(strstr(fixture->why.text, "holds other files"));
	struct stat status;
	assert_int_equal(stat(fixture->folder, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0755);
	assert_false(spool_exists(fixture->folder));
	free(other);
}

/* The data file of a closed spool. */
static char *read_data(const struct fixture *fixture, size_t *ret_size)
{
	char *path = scratch_path(fixture->path, "data.mdb");
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	*ret_size = (size_t)ftell(file);
	rewind(file);
	char *bytes = malloc(*ret_size);
	assert_int_equal(fread(bytes, 1, *ret_size, file), *ret_size);
	fclose(file);
	free(path);
	return bytes;
}

static void write_data(const struct fixture *fixture, const char *bytes, size_t size)
{
	char *path = scratch_path(fixture->path, "data.mdb");
	scratch_write(path, bytes, size);
	free(path);
}

static size_t find(const char *bytes, size_t size, const char *text)
{
	const char *found = memmem(bytes, size, text, strlen(text));
	assert_non_null(found);
	return (size_t)(found - bytes);
}

static void every_flipped_byte_of_a_record_is_found_and_the_report_named(void **state)
{
	struct fixture *fixture = *state;
	add(reopen(fixture), "the first payload", "the second payload");
	spool_close(fixture->spool);
	fixture->spool = NULL;
	size_t size;
	char *bytes = read_data(fixture, &size);
	size_t payload = find(bytes, size, "the second payload");
	size_t first = payload - 28, end = find(bytes + payload, size - payload, "b.csv") + payload + 6;
	for (size_t at = first; at < end; at++) {
		bytes[at] ^= 0x10;
		write_data(fixture, bytes, size);
		bytes[at] ^= 0x10;
		struct spool_report *report;
		assert_int_equal(spool_read(reopen(fixture), 2, &report), FAULT_CORRUPT);
		assert_non_null(strstr(fixture->why.text, "report 2 does not match its checksum"));
		expect_payload(fixture->spool, 1, "the first payload");
	}
	free(bytes);
}

static void a_flipped_byte_of_the_identity_is_found(void **state)
{
	struct fixture *fixture = *state;
	add(reopen(fixture), "one", NULL);
	spool_close(fixture->spool);
	fixture->spool = NULL;
	size_t size;
	char *bytes = read_data(fixture, &size);
	size_t reporter = find(bytes, size, "liwan");
	for (size_t at = reporter - 32; at < reporter + 5; at++) {
		bytes[at] ^= 0x01;
		write_data(fixture, bytes, size);
		bytes[at] ^= 0x01;
		struct spool_state spool_state;
		struct spool_batch batch;
		assert_int_equal(spool_read_state(reopen(fixture), &spool_state), FAULT_CORRUPT);
		assert_non_null(strstr(fixture->why.text, "its identity does not match its checksum"));
		assert_int_equal(spool_begin(fixture->spool, "liwan", &batch), FAULT_CORRUPT);
	}
	free(bytes);
}

static void a_newer_format_is_refused(void **state)
{
	struct fixture *fixture = *state;
	reopen(fixture);
	spool_close(fixture->spool);
	fixture->spool = NULL;
	size_t size;
	char *bytes = read_data(fixture, &size);
	for (size_t at = 0; at + 10 <= size; at++)
		if (memcmp(bytes + at, "format\1\0\0\0", 10) == 0)
			bytes[at + 6] = SPOOL_FORMAT + 1;
	write_data(fixture, bytes, size);
	free(bytes);
	assert_int_equal(spool_open(fixture->path, &fixture->why, &fixture->spool), FAULT_FORMAT);
	assert_non_null(strstr(fixture->why.text, "has format 2"));
}

static void the_cache_is_kept_replaced_and_never_trusted_blindly(void **state)
{
	struct fixture *fixture = *state;
	struct spool *spool = reopen(fixture);
	int64_t wall_ms;
	void *bytes;
	size_t size;
	assert_int_equal(spool_read_cache(spool, &wall_ms, &bytes, &size), SPOOL_NOTHING);
	assert_int_equal(spool_write_cache(spool, 5, "what the daemon said", 20), 0);
	assert_int_equal(spool_write_cache(spool, 7, "what the daemon says", 20), 0);
	assert_int_equal(spool_read_cache(reopen(fixture), &wall_ms, &bytes, &size), 0);
	assert_int_equal(wall_ms, 7);
	assert_int_equal(size, 20);
	assert_memory_equal(bytes, "what the daemon says", 20);
	free(bytes);
	spool_close(fixture->spool);
	fixture->spool = NULL;
	char *data = read_data(fixture, &size);
	data[find(data, size, "daemon says")] ^= 1;
	write_data(fixture, data, size);
	free(data);
	assert_int_equal(spool_read_cache(reopen(fixture), &wall_ms, &bytes, &size), SPOOL_NOTHING);
}

static void one_process_delivers_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	int locked[2], release[2];
	assert_int_equal(pipe(locked), 0);
	assert_int_equal(pipe(release), 0);
	pid_t child = fork(); /* before the spool is open here */
	if (child == 0) {
		struct spool *spool;
		struct sentence why;
		char byte = 0;
		if (spool_open(fixture->path, &why, &spool) || spool_lock(spool, 0))
			_exit(1);
		if (write(locked[1], "x", 1) != 1 || read(release[0], &byte, 1) != 1)
			_exit(2);
		_exit(0); /* as if killed: nothing is closed */
	}
	char byte;
	assert_int_equal(read(locked[0], &byte, 1), 1);
	struct spool *spool = reopen(fixture);
	assert_int_equal(spool_lock(spool, 50), SPOOL_BUSY);
	assert_int_equal(add(spool, "one", NULL), 1); /* spooling goes on meanwhile */
	assert_int_equal(write(release[1], "x", 1), 1);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(spool_lock(spool, 0), 0);
	assert_int_equal(spool_lock(spool, 0), 0);
	for (int i = 0; i < 2; i++) {
		close(locked[i]);
		close(release[i]);
	}
}

/* ---- kill -9 ---- */

/* The payload that a run of the child gives its n-th report: it names both. */
static void spell_payload(char payload[64], unsigned run, uint64_t sequence)
{
	snprintf(payload, 64, "run %u sequence %u: %08x", run, (unsigned)sequence, run * 2654435761u);
}

/* Pushes two reports at a time, says so, forgets the oldest now and then, until it is killed. */
static void push_until_killed(const char *path, unsigned run, int notices)
{
	struct spool *spool;
	struct sentence why;
	if (spool_open(path, &why, &spool))
		_exit(1);
	for (;;) {
		struct spool_batch batch;
		if (spool_begin(spool, "liwan", &batch))
			_exit(2);
		uint64_t first = batch.state.next, oldest = batch.state.oldest;
		for (int i = 0; i < 2; i++) {
			char payload[64];
			spell_payload(payload, run, batch.state.next);
			put(&batch, payload);
		}
		if (spool_commit(&batch))
			_exit(3);
		if (first % 8 == 1 && spool_remove(spool, &oldest, 1))
			_exit(4);
		if (write(notices, &first, sizeof first) != sizeof first)
			_exit(5);
	}
}

/* Who wrote which number, as far as it was ever seen. */
#define SEEN_MAX 20000
static unsigned seen_run[SEEN_MAX];

static void check_spool(struct fixture *fixture, unsigned run, uint64_t noticed)
{
	struct spool *spool = reopen(fixture);
	struct spool_state spool_state;
	assert_int_equal(spool_read_state(spool, &spool_state), 0);
	assert_true(spool_state.next > noticed + 1); /* what was said to be there is there */
	uint64_t *list;
	size_t count;
	assert_int_equal(spool_list(spool, UINT64_MAX, &list, &count), 0);
	for (size_t i = 0; i < count; i++) {
		struct spool_report *report;
		assert_int_equal(spool_read(spool, list[i], &report), 0);
		assert_true(list[i] < spool_state.next && list[i] < SEEN_MAX);
		char payload[64], text[64] = "";
		memcpy(text, report->payload, report->payload_size);
		if (!seen_run[list[i]])
			seen_run[list[i]] = run;
		spell_payload(payload, seen_run[list[i]], list[i]);
		assert_string_equal(text, payload); /* one payload, for good */
		if (i > 0)
			assert_int_equal(list[i], list[i - 1] + 1);
		free(report);
	}
	if (count)
		assert_int_equal(list[count - 1], spool_state.next - 1);
	free(list);
}

static void sigkill_at_any_moment_loses_and_renumbers_nothing(void **state)
{
	struct fixture *fixture = *state;
	unsigned seed = 20260701;
	uint64_t noticed = 0;
	for (unsigned run = 1; run <= 40; run++) {
		spool_close(fixture->spool); /* no fork with an open spool */
		fixture->spool = NULL;
		int notices[2];
		assert_int_equal(pipe(notices), 0);
		pid_t child = fork();
		if (child == 0) {
			close(notices[0]);
			push_until_killed(fixture->path, run, notices[1]);
		}
		close(notices[1]);
		/* After so many notices the child goes on, so that the signal comes anywhere in its work. */
		for (int left = rand_r(&seed) % 12; left > 0; left--)
			assert_int_equal(read(notices[0], &noticed, sizeof noticed), sizeof noticed);
		for (volatile int spin = rand_r(&seed) % 400000; spin > 0; spin--)
			;
		assert_int_equal(kill(child, SIGKILL), 0);
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		while (read(notices[0], &noticed, sizeof noticed) == sizeof noticed)
			;
		close(notices[0]);
		if (noticed)
			check_spool(fixture, run, noticed);
	}
	assert_true(noticed > 40);
}

#define SPOOL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SPOOL_TEST(a_report_comes_back_as_it_was_stored),
	    SPOOL_TEST(the_spool_survives_being_closed),
	    SPOOL_TEST(a_number_is_never_given_twice),
	    SPOOL_TEST(a_batch_that_is_aborted_leaves_nothing),
	    SPOOL_TEST(two_spools_have_two_streams),
	    SPOOL_TEST(oldest_is_the_lowest_number_still_there),
	    SPOOL_TEST(another_reporter_is_refused),
	    SPOOL_TEST(the_list_is_ascending_and_ends_where_it_should),
	    SPOOL_TEST(the_folder_is_for_its_owner_only),
	    SPOOL_TEST(a_folder_with_other_things_is_left_alone),
	    SPOOL_TEST(every_flipped_byte_of_a_record_is_found_and_the_report_named),
	    SPOOL_TEST(a_flipped_byte_of_the_identity_is_found),
	    SPOOL_TEST(a_newer_format_is_refused),
	    SPOOL_TEST(the_cache_is_kept_replaced_and_never_trusted_blindly),
	    SPOOL_TEST(one_process_delivers_at_a_time),
	    SPOOL_TEST(sigkill_at_any_moment_loses_and_renumbers_nothing),
	};
	return cmocka_run_group_tests_name("report_spool", tests, NULL, NULL);
}
