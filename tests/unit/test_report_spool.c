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
#include <lmdb.h>

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

#define DAY ((int64_t)86400000)
#define NOW (20000 * DAY)

/* Decides on those from `first` to `last`; refuses every third. */
static void decide(struct spool *spool, uint64_t first, uint64_t last, int64_t now_ms)
{
	for (uint64_t i = first; i <= last; i++)
		assert_int_equal(spool_decide(spool, &(struct spool_decision){i, i % 3 != 0}, 1, now_ms), 0);
}

static void keep(struct spool *spool, int64_t days)
{
	spool_set_bounds(spool, &(struct spool_bounds){.keep_ms = days * DAY, .room = SPOOL_ROOM});
}

static struct spool_state state_of(struct spool *spool)
{
	struct spool_state state;
	assert_int_equal(spool_read_state(spool, &state), 0);
	return state;
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
	const struct spool_decision decisions[] = {{1, true}, {2, false}, {99, true}};
	assert_int_equal(spool_decide(spool, decisions, 3, NOW), 0);
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
	decide(spool, 1, 1, NOW);
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
		if (memcmp(bytes + at, "format\2\0\0\0", 10) == 0)
			bytes[at + 6] = SPOOL_FORMAT + 1;
	write_data(fixture, bytes, size);
	free(bytes);
	assert_int_equal(spool_open(fixture->path, &fixture->why, &fixture->spool), FAULT_FORMAT);
	assert_non_null(strstr(fixture->why.text, "has format 3"));
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

/* ---- what is kept ---- */

static void expect_kept(struct spool *spool, uint64_t first, uint64_t last)
{
	uint64_t *list = NULL;
	size_t count;
	assert_int_equal(spool_list_kept(spool, UINT64_MAX, &list, &count), 0);
	assert_int_equal(count, last >= first ? last - first + 1 : 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(list[i], first + i);
	free(list);
}

static void decided_reports_are_kept_as_they_were(void **state)
{
	struct fixture *fixture = *state;
	struct spool *spool = reopen(fixture);
	add(spool, "one", "two");
	add(spool, "three", "four");
	keep(spool, 30);
	decide(spool, 1, 3, NOW);
	spool = reopen(fixture);
	struct spool_state now = state_of(spool);
	assert_int_equal(now.pending, 1);
	assert_int_equal(now.first_pending, 4);
	assert_int_equal(now.kept, 3);
	assert_int_equal(now.first_kept, 1);
	assert_int_equal(now.last_kept, 3);
	assert_int_equal(now.oldest, 1);
	assert_true(now.kept_bytes > 0);
	expect_kept(spool, 1, 3);
	struct spool_report *report;
	assert_int_equal(spool_read(spool, 3, &report), 0);
	assert_true(report->kept);
	assert_false(report->accepted);
	assert_int_equal(report->decided_ms, NOW);
	assert_int_equal(report->wall_ms, 1234567890123);
	assert_memory_equal(report->payload, "three", 5);
	assert_memory_equal(report->places, places, sizeof places);
	assert_string_equal(report->files[1], "b.csv");
	free(report);
	assert_int_equal(spool_read(spool, 4, &report), 0);
	assert_false(report->kept);
	free(report);
}

static void a_spool_keeps_nothing_unless_it_is_told(void **state)
{
	struct spool *spool = reopen(*state);
	add(spool, "one", "two");
	decide(spool, 1, 2, NOW);
	assert_int_equal(state_of(spool).kept, 0);
	assert_int_equal(state_of(spool).oldest, 3);
}

static void what_is_kept_goes_when_its_days_are_over(void **state)
{
	struct spool *spool = reopen(*state);
	add(spool, "one", "two");
	add(spool, "three", "four");
	keep(spool, 30);
	decide(spool, 1, 2, NOW);
	decide(spool, 3, 3, NOW + 30 * DAY);
	expect_kept(spool, 1, 3); /* to the day */
	decide(spool, 4, 4, NOW + 30 * DAY + 1);
	expect_kept(spool, 3, 4);
	keep(spool, 0);
	decide(spool, 99, 99, NOW + 30 * DAY + 1);
	assert_int_equal(state_of(spool).kept, 0);
}

#define LONG_PAYLOAD 10000

static uint64_t add_long(struct spool *spool, int count, int *ret_answer)
{
	static char payload[LONG_PAYLOAD + 1];
	struct spool_batch batch;
	memset(payload, 'x', LONG_PAYLOAD);
	assert_int_equal(spool_begin(spool, "liwan", &batch), 0);
	for (int i = 0; i < count; i++)
		put(&batch, payload);
	uint64_t last = batch.state.next - 1;
	*ret_answer = spool_commit(&batch);
	return last;
}

static void what_is_kept_takes_half_of_the_room_and_the_oldest_goes_first(void **state)
{
	struct spool *spool = reopen(*state);
	spool_set_bounds(spool, &(struct spool_bounds){.keep_ms = DAY, .room = 1 << 20});
	int answer;
	for (uint64_t number = 1; number <= 200; number++) {
		assert_int_equal(add_long(spool, 1, &answer), number);
		assert_int_equal(answer, 0);
		decide(spool, number, number, NOW);
		struct spool_state now = state_of(spool);
		assert_int_equal(now.last_kept, number);
		assert_int_equal(now.kept, number - now.first_kept + 1);
		assert_true(now.kept_bytes <= 1 << 19);
		assert_true(number < 40 || now.kept >= 40);
	}
}

static void pending_reports_take_the_room_of_kept_ones_and_no_more(void **state)
{
	struct fixture *fixture = *state;
	struct spool *spool = reopen(fixture);
	int answer;
	spool_set_bounds(spool, &(struct spool_bounds){.keep_ms = DAY, .room = 1 << 20});
	uint64_t last = add_long(spool, 30, &answer);
	assert_int_equal(answer, 0);
	decide(spool, 1, last, NOW);
	assert_int_equal(state_of(spool).kept, 30);
	last = add_long(spool, 70, &answer);
	assert_int_equal(answer, 0);
	struct spool_state before = state_of(spool);
	assert_int_equal(before.pending, 70);
	assert_true(before.kept > 0 && before.kept < 30);
	add_long(spool, 30, &answer);
	assert_int_equal(answer, FAULT_MAP_FULL);
	assert_non_null(strstr(fixture->why.text, "is full (1 MiB); deliver what is in it first"));
	struct spool_state after = state_of(spool);
	assert_memory_equal(&before, &after, sizeof before); /* and nothing that was kept is lost for it */
	decide(spool, before.first_pending, last, NOW);      /* in the same file, however full it is */
	assert_int_equal(state_of(spool).pending, 0);
	add_long(spool, 30, &answer);
	assert_int_equal(answer, 0);
}

static void what_is_asked_for_again_is_pending_again(void **state)
{
	struct fixture *fixture = *state;
	struct spool *spool = reopen(fixture);
	for (int i = 0; i < 5; i++)
		add(spool, "uno", "due");
	keep(spool, 30);
	decide(spool, 1, 8, NOW);
	uint64_t first = 0;
	size_t count = 0;
	assert_int_equal(spool_go_back(spool, 4, &first, &count), 0);
	assert_int_equal(first, 4);
	assert_int_equal(count, 5);
	spool = reopen(fixture);
	expect_kept(spool, 1, 3);
	assert_int_equal(state_of(spool).pending, 7);
	assert_int_equal(state_of(spool).first_pending, 4);
	expect_payload(spool, 4, "due");
	assert_int_equal(spool_go_back(spool, 9, &first, &count), 0);
	assert_int_equal(first, 9);
	assert_int_equal(count, 0);
	assert_int_equal(spool_go_back(spool, 11, &first, &count), SPOOL_NOTHING);
}

/* More than one transaction of it. */
static void going_back_a_long_way_takes_several_steps(void **state)
{
	struct spool *spool = reopen(*state);
	int answer;
	uint64_t last = add_long(spool, 4000, &answer), first;
	struct spool_decision *decisions = calloc(last, sizeof *decisions);
	size_t count;
	assert_int_equal(answer, 0);
	keep(spool, 30);
	for (uint64_t i = 0; i < last; i++)
		decisions[i] = (struct spool_decision){i + 1, true};
	assert_int_equal(spool_decide(spool, decisions, last, NOW), 0);
	free(decisions);
	assert_int_equal(spool_go_back(spool, 1, &first, &count), 0);
	assert_int_equal(first, 1);
	assert_int_equal(count, last);
	assert_int_equal(state_of(spool).kept, 0);
	assert_int_equal(state_of(spool).pending, last);
}

static void what_was_let_go_is_not_there_to_go_back_to(void **state)
{
	struct spool *spool = reopen(*state);
	add(spool, "one", "two");
	add(spool, "three", "four");
	decide(spool, 1, 2, NOW);
	keep(spool, 30);
	decide(spool, 3, 3, NOW);
	uint64_t first;
	size_t count;
	assert_int_equal(spool_go_back(spool, 1, &first, &count), 0);
	assert_int_equal(first, 3);
	assert_int_equal(count, 1);
}

static void an_addition_is_stored_once_and_can_be_taken_back(void **state)
{
	struct fixture *fixture = *state;
	struct spool *spool = reopen(fixture);
	add(spool, "one", "two");
	assert_int_equal(spool_take_back(spool, 1), SPOOL_NOTHING);
	assert_int_equal(spool_amend(spool, 1, " more", 5), 0);
	assert_int_equal(spool_amend(spool, 1, " more", 5), SPOOL_NOTHING);
	spool = reopen(fixture);
	expect_payload(spool, 1, "one more");
	struct spool_report *report;
	assert_int_equal(spool_read(spool, 1, &report), 0);
	assert_memory_equal(report->places, places, sizeof places);
	free(report);
	assert_int_equal(spool_take_back(spool, 2), SPOOL_NOTHING);
	assert_int_equal(spool_take_back(spool, 1), 0);
	expect_payload(spool, 1, "one");
	assert_int_equal(spool_take_back(spool, 1), SPOOL_NOTHING);
	assert_int_equal(spool_amend(spool, 1, "!", 1), 0);
	expect_payload(spool, 1, "one!");
	assert_int_equal(spool_amend(spool, 3, "!", 1), SPOOL_NOTHING);
	keep(spool, 30);
	decide(spool, 1, 1, NOW);
	assert_int_equal(spool_take_back(spool, 1), SPOOL_NOTHING);
	expect_payload(spool, 1, "one!");
}

static void a_damaged_kept_report_stays_and_the_others_go_on(void **state)
{
	struct fixture *fixture = *state;
	struct spool *spool = reopen(fixture);
	add(spool, "the first payload", "the second payload");
	add(spool, "the third payload", NULL);
	keep(spool, 30);
	decide(spool, 1, 3, NOW);
	spool_close(fixture->spool);
	fixture->spool = NULL;
	size_t size;
	char *bytes = read_data(fixture, &size);
	for (size_t at = 0; at + 18 <= size; at++) /* in the kept record, and in what pages are free */
		if (memcmp(bytes + at, "the second payload", 18) == 0)
			bytes[at] ^= 1;
	write_data(fixture, bytes, size);
	free(bytes);
	spool = reopen(fixture);
	struct spool_report *report;
	assert_int_equal(spool_read(spool, 2, &report), FAULT_CORRUPT);
	assert_non_null(strstr(fixture->why.text, "report 2 does not match its checksum"));
	uint64_t first;
	size_t count;
	assert_int_equal(spool_go_back(spool, 2, &first, &count), 0);
	assert_int_equal(first, 3);
	assert_int_equal(count, 1);
	assert_int_equal(spool_go_back(spool, 1, &first, &count), 0);
	assert_int_equal(first, 1);
	expect_payload(spool, 1, "the first payload");
	expect_payload(spool, 3, "the third payload");
	keep(spool, 0); /* what is damaged is not even removed */
	decide(spool, 1, 1, NOW);
	expect_kept(spool, 2, 2);
}

/* ---- format 1 ---- */

struct old_entry {
	const char *table;
	const void *key;
	size_t key_size;
	const void *value;
	size_t value_size;
};
#define OLD(table, key, value)                                                                               \
	{                                                                                                    \
		table, key, sizeof(key) - 1, value, sizeof(value) - 1                                        \
	}

/* What version 0.1.0 left: liwan pushed "one", "two" and "three" from line 2 of a.csv, the first was acked. */
static const struct old_entry old_entries[] = {
    OLD("meta", "cache", "\x8e\x7c\xb8\x63\xc8\x17\x9f\x55\x07\0\0\0\0\0\0\0words"),
    OLD("meta", "format", "\1\0\0\0"),
    OLD("meta", "identity",
        "\x90\x77\x1c\x9a\x82\xd8\xe8\xc8\x3d\xf0\xf5\x69\x08\x4f\xa9\x04\x48\x16\x0a\xbc\x27\x1c\x3f\xfe"
        "\x04\0\0\0\0\0\0\0liwan"),
    OLD("reports", "\0\0\0\0\0\0\0\2",
        "\x05\x8b\x34\x27\x8f\xe7\x88\x7d\x00\xdc\x20\x74\x97\x01\0\0\3\0\0\0\1\0\0\0\1\0\0\0two"
        "\0\0\0\0\2\0\0\0a.csv\0"),
    OLD("reports", "\0\0\0\0\0\0\0\3",
        "\xac\x00\x86\xc8\xbf\xf8\x33\x31\x00\xdc\x20\x74\x97\x01\0\0\5\0\0\0\1\0\0\0\1\0\0\0three"
        "\0\0\0\0\2\0\0\0a.csv\0"),
};

/* An environment with these entries, as whoever wrote them made it. */
static void make_old(const struct fixture *fixture, const struct old_entry entries[], size_t count)
{
	MDB_env *env;
	MDB_txn *txn;
	char *parent = scratch_path(fixture->folder, "deep"), *other = scratch_path(parent, "er");
	assert_int_equal(mkdir(parent, 0700) || mkdir(other, 0700) || mkdir(fixture->path, 0700), 0);
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 2), 0);
	assert_int_equal(mdb_env_open(env, fixture->path, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	for (size_t i = 0; i < count; i++) {
		MDB_dbi table;
		MDB_val key = {entries[i].key_size, (void *)(uintptr_t)entries[i].key},
		        value = {entries[i].value_size, (void *)(uintptr_t)entries[i].value};
		assert_int_equal(mdb_dbi_open(txn, entries[i].table, MDB_CREATE, &table), 0);
		assert_int_equal(mdb_put(txn, table, &key, &value, 0), 0);
	}
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	free(parent);
	free(other);
}

static void a_spool_of_format_1_goes_on_where_it_was(void **state)
{
	struct fixture *fixture = *state;
	make_old(fixture, old_entries, sizeof old_entries / sizeof *old_entries);
	struct spool *spool = reopen(fixture);
	struct spool_state now = state_of(spool);
	assert_true(now.has_identity);
	assert_memory_equal(now.stream, "\x3d\xf0\xf5\x69\x08\x4f\xa9\x04\x48\x16\x0a\xbc\x27\x1c\x3f\xfe",
	                    16);
	assert_string_equal(now.reporter, "liwan");
	assert_int_equal(now.next, 4);
	assert_int_equal(now.oldest, 2);
	assert_int_equal(now.pending, 2);
	assert_int_equal(now.kept, 0);
	expect_payload(spool, 2, "two");
	expect_payload(spool, 3, "three");
	int64_t wall_ms;
	void *bytes;
	size_t size;
	assert_int_equal(spool_read_cache(spool, &wall_ms, &bytes, &size), 0);
	assert_memory_equal(bytes, "words", 5);
	free(bytes);
	keep(spool, 30);
	decide(spool, 2, 2, NOW);
	assert_int_equal(add(spool, "four", NULL), 4);
	spool = reopen(fixture);
	expect_kept(spool, 2, 2);
	expect_payload(spool, 2, "two");
	expect_payload(spool, 4, "four");
}

/* A program of format 1 must not take it for its own any more. */
static void a_spool_of_format_1_becomes_one_of_format_2(void **state)
{
	struct fixture *fixture = *state;
	make_old(fixture, old_entries, sizeof old_entries / sizeof *old_entries);
	reopen(fixture);
	spool_close(fixture->spool);
	fixture->spool = NULL;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi meta;
	MDB_val key = {6, (char[]){"format"}}, value;
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 2), 0);
	assert_int_equal(mdb_env_open(env, fixture->path, MDB_RDONLY, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "meta", 0, &meta), 0);
	assert_int_equal(mdb_get(txn, meta, &key, &value), 0);
	assert_int_equal(value.mv_size, 4);
	assert_memory_equal(value.mv_data, "\2\0\0\0", 4);
	mdb_txn_abort(txn);
	mdb_env_close(env);
}

/* ---- first pushes that did not get far ---- */

static void a_spool_that_was_never_finished_is_made_anew(void **state)
{
	struct fixture *fixture = *state;
	make_old(fixture, NULL, 0);
	char *data = scratch_path(fixture->path, "data.mdb"), *lock = scratch_path(fixture->path, "lock.mdb"),
	     *making = scratch_path(fixture->path, ".making"), *part = scratch_path(making, "data.mdb");
	assert_int_equal(unlink(data) || unlink(lock) || mkdir(making, 0700), 0);
	scratch_write(part, "half a page", 11);
	assert_false(spool_exists(fixture->path));
	assert_int_equal(add(reopen(fixture), "one", NULL), 1);
	assert_true(spool_exists(fixture->path));
	assert_int_not_equal(access(making, F_OK), 0);
	spool_close(fixture->spool);
	fixture->spool = NULL;
	assert_int_equal(truncate(data, 0), 0); /* what version 0.1.0 left when it was killed early */
	assert_int_equal(add(reopen(fixture), "uno", NULL), 1);
	free(data);
	free(lock);
	free(making);
	free(part);
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
		if (first % 8 == 1 && spool_decide(spool, &(struct spool_decision){oldest, true}, 1, NOW))
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
	    SPOOL_TEST(decided_reports_are_kept_as_they_were),
	    SPOOL_TEST(a_spool_keeps_nothing_unless_it_is_told),
	    SPOOL_TEST(what_is_kept_goes_when_its_days_are_over),
	    SPOOL_TEST(what_is_kept_takes_half_of_the_room_and_the_oldest_goes_first),
	    SPOOL_TEST(pending_reports_take_the_room_of_kept_ones_and_no_more),
	    SPOOL_TEST(what_is_asked_for_again_is_pending_again),
	    SPOOL_TEST(going_back_a_long_way_takes_several_steps),
	    SPOOL_TEST(what_was_let_go_is_not_there_to_go_back_to),
	    SPOOL_TEST(an_addition_is_stored_once_and_can_be_taken_back),
	    SPOOL_TEST(a_damaged_kept_report_stays_and_the_others_go_on),
	    SPOOL_TEST(a_spool_of_format_1_goes_on_where_it_was),
	    SPOOL_TEST(a_spool_of_format_1_becomes_one_of_format_2),
	    SPOOL_TEST(a_spool_that_was_never_finished_is_made_anew),
	    SPOOL_TEST(sigkill_at_any_moment_loses_and_renumbers_nothing),
	};
	return cmocka_run_group_tests_name("report_spool", tests, NULL, NULL);
}
