#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/archive/archive.h"
#include "daemon/archive/archiver.h"
#include "daemon/archive/segment.h"
#include "daemon/upkeep/verify.h"
#include "tests/lib/random_history.h"
#include "tests/lib/scratch.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SMALL ((uint64_t)6000) /* bytes of a segment: a catalogue, or some dozen reports */

struct fixture {
	char *folder, *store, *archive;
	struct history *history;
};

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->store = scratch_path(fixture->folder, "store");
	fixture->archive = scratch_path(fixture->folder, "archive");
	fixture->history = history_begin(42, fixture->store);
	history_go_on(fixture->history, 25);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	history_end(fixture->history);
	free(fixture->store);
	free(fixture->archive);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

/* ---- the archive ---- */

static int try_to_open(struct fixture *fixture, struct archiver **ret_archiver)
{
	return archiver_open(fixture->archive, SMALL, history_store(fixture->history), ret_archiver);
}

/* Opens it, lets it write all there is, and closes it. */
static void archive_everything(struct fixture *fixture)
{
	struct archiver *archiver;
	assert_int_equal(try_to_open(fixture, &archiver), 0);
	assert_int_equal(archiver_start(archiver), 0);
	archiver_close(archiver);
}

static void must_refuse(struct fixture *fixture)
{
	struct archiver *archiver;
	assert_int_equal(try_to_open(fixture, &archiver), ARCHIVER_REFUSED);
}

static struct store_summary summary_of(struct fixture *fixture)
{
	struct snapshot *snapshot;
	struct store_summary summary;
	assert_int_equal(snapshot_open(history_store(fixture->history), &snapshot), 0);
	assert_int_equal(snapshot_summary(snapshot, &summary), 0);
	snapshot_close(snapshot);
	return summary;
}

static void must_be_the_journals(struct fixture *fixture, const struct journal_item *item)
{
	struct snapshot *snapshot;
	struct journal_record record;
	const void *payload;
	size_t size;
	assert_int_equal(snapshot_open(history_store(fixture->history), &snapshot), 0);
	assert_int_equal(snapshot_record(snapshot, item->entry, &record, &payload, &size), 0);
	assert_memory_equal(&record, &item->record, sizeof record);
	assert_int_equal(size, item->size);
	if (size > 0)
		assert_memory_equal(payload, item->payload, size);
	snapshot_close(snapshot);
}

/* Every entry from `from` on is the journal's, to the last one. */
static void must_hold_everything(struct fixture *fixture, uint64_t from)
{
	struct archive_reader *reader;
	struct journal_item item;
	uint64_t entry = from;
	int result;
	assert_int_equal(archive_reader_open(fixture->archive, from, &reader), 0);
	for (; (result = archive_reader_next(reader, &item)) == 0; entry++) {
		assert_int_equal(item.entry, entry);
		must_be_the_journals(fixture, &item);
	}
	assert_int_equal(result, JOURNAL_END);
	assert_int_equal(entry - 1, summary_of(fixture).entries);
	archive_reader_close(reader);
}

static size_t count_segments(const struct fixture *fixture)
{
	uint64_t *segments;
	size_t count;
	assert_int_equal(archive_list(fixture->archive, &segments, &count), 0);
	free(segments);
	return count;
}

/* ---- one file of it ---- */

struct bytes {
	char *path;
	uint8_t *bytes;
	size_t size;
};

static struct bytes read_segment(const struct fixture *fixture, uint64_t segment)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat status;
	segment_name(segment, name);
	struct bytes bytes = {.path = scratch_path(fixture->archive, name)};
	FILE *file = fopen(bytes.path, "r");
	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &status), 0);
	bytes.size = (size_t)status.st_size;
	bytes.bytes = malloc(bytes.size);
	assert_int_equal(fread(bytes.bytes, 1, bytes.size, file), bytes.size);
	fclose(file);
	return bytes;
}

static struct bytes read_last_segment(const struct fixture *fixture)
{
	uint64_t *segments;
	size_t count;
	assert_int_equal(archive_list(fixture->archive, &segments, &count), 0);
	assert_true(count > 0);
	uint64_t last = segments[count - 1];
	free(segments);
	return read_segment(fixture, last);
}

static void free_bytes(struct bytes *bytes)
{
	free(bytes->path);
	free(bytes->bytes);
}

static size_t start_of_last_record(const struct bytes *bytes)
{
	size_t at = SEGMENT_HEADER_SIZE, before = at, taken;
	struct journal_item item;
	for (; at < bytes->size; at += taken) {
		before = at;
		assert_int_equal(segment_unpack_record(bytes->bytes + at, bytes->size - at, &item, &taken),
		                 0);
	}
	return before;
}

static void must_be_on_disk_again(const struct fixture *fixture, const struct bytes *bytes)
{
	struct bytes now = read_last_segment(fixture);
	assert_string_equal(now.path, bytes->path);
	assert_int_equal(now.size, bytes->size);
	assert_memory_equal(now.bytes, bytes->bytes, bytes->size);
	free_bytes(&now);
}

/* ---- what is written ---- */

static void what_was_committed_is_in_the_archive(void **state)
{
	struct fixture *fixture = *state;
	archive_everything(fixture);
	must_hold_everything(fixture, 1);
	must_hold_everything(fixture, summary_of(fixture).entries / 2);
	must_hold_everything(fixture, summary_of(fixture).entries);
}

static void segments_follow_each_other_and_go_on_after_a_restart(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 4; i++) {
		archive_everything(fixture);
		must_hold_everything(fixture, 1);
		history_go_on(fixture->history, 10);
	}
	assert_true(count_segments(fixture) > 3);
}

static void a_running_archiver_hears_of_commits(void **state)
{
	struct fixture *fixture = *state;
	struct archiver *archiver;
	assert_int_equal(try_to_open(fixture, &archiver), 0);
	assert_int_equal(archiver_start(archiver), 0);
	history_go_on_without_restarts(fixture->history, 3);
	archiver_notify(archiver);
	uint64_t newest = summary_of(fixture).entries;
	for (int tries = 0; atomic_load(archiver_entry(archiver)) < newest; tries++) {
		assert_true(tries < 3000);
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	archiver_close(archiver);
	must_hold_everything(fixture, 1);
}

/* ---- ends that are torn ---- */

static void must_mend(struct fixture *fixture, const struct bytes *whole)
{
	archive_everything(fixture);
	must_be_on_disk_again(fixture, whole);
}

static void an_end_torn_at_any_byte_is_cut_off_and_written_again(void **state)
{
	struct fixture *fixture = *state;
	archive_everything(fixture);
	struct bytes last = read_last_segment(fixture);
	for (size_t size = start_of_last_record(&last); size < last.size; size++) {
		assert_int_equal(truncate(last.path, (off_t)size), 0);
		must_mend(fixture, &last);
	}
	free_bytes(&last);
}

static void a_header_torn_at_any_byte_is_written_again(void **state)
{
	struct fixture *fixture = *state;
	archive_everything(fixture);
	struct bytes last = read_last_segment(fixture);
	for (size_t size = 0; size <= SEGMENT_HEADER_SIZE; size += 4) {
		assert_int_equal(truncate(last.path, (off_t)size), 0);
		must_mend(fixture, &last);
	}
	free_bytes(&last);
}

/* A file system may have kept the size of an append, and none of its bytes. */
static void an_end_of_zeros_is_cut_off(void **state)
{
	struct fixture *fixture = *state;
	archive_everything(fixture);
	struct bytes last = read_last_segment(fixture);
	const size_t starts[] = {start_of_last_record(&last), start_of_last_record(&last) + 30, 0};
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		assert_int_equal(truncate(last.path, (off_t)starts[i]), 0);
		assert_int_equal(truncate(last.path, (off_t)last.size), 0);
		must_mend(fixture, &last);
	}
	free_bytes(&last);
}

/* ---- what a power cut leaves of an append ---- */

static int try_to_open_one(struct fixture *fixture, struct archiver **ret_archiver)
{
	return archiver_open(fixture->archive, ARCHIVER_SEGMENT_BYTES, history_store(fixture->history),
	                     ret_archiver);
}

/* All in one segment. */
static void archive_in_one(struct fixture *fixture)
{
	struct archiver *archiver;
	assert_int_equal(try_to_open_one(fixture, &archiver), 0);
	assert_int_equal(archiver_start(archiver), 0);
	archiver_close(archiver);
}

static struct bytes read_mark(const struct fixture *fixture)
{
	struct bytes mark = {.path = scratch_path(fixture->archive, SEGMENT_MARK_NAME),
	                     .bytes = malloc(SEGMENT_MARK_SIZE),
	                     .size = SEGMENT_MARK_SIZE};
	FILE *file = fopen(mark.path, "r");
	assert_non_null(file);
	assert_int_equal(fread(mark.bytes, 1, mark.size, file), mark.size);
	fclose(file);
	return mark;
}

/* An archive, and an append of several blocks to it of which the mark knows nothing. */
static struct bytes append_unmarked(struct fixture *fixture, size_t *ret_marked)
{
	struct segment_mark mark;
	archive_in_one(fixture);
	struct bytes before = read_mark(fixture);
	assert_true(segment_unpack_mark(before.bytes, before.size, &mark));
	history_go_on(fixture->history, 25);
	archive_in_one(fixture);
	scratch_write(before.path, before.bytes, before.size);
	free_bytes(&before);
	*ret_marked = mark.offset;
	struct bytes last = read_last_segment(fixture);
	assert_int_equal(mark.segment, 1);
	assert_true(last.size > mark.offset + 4 * 512);
	return last;
}

static void lose_block(const struct bytes *whole, size_t at)
{
	uint8_t *bytes = malloc(whole->size);
	size_t end = at + 512 < whole->size ? at + 512 : whole->size;
	memcpy(bytes, whole->bytes, whole->size);
	memset(bytes + at, 0, end - at);
	scratch_write(whole->path, bytes, whole->size);
	free(bytes);
}

static void an_append_without_any_of_its_blocks_is_written_again(void **state)
{
	struct fixture *fixture = *state;
	size_t marked;
	struct bytes last = append_unmarked(fixture, &marked), mark = read_mark(fixture);
	for (size_t at = marked; at < last.size; at = (at / 512 + 1) * 512) {
		lose_block(&last, at);
		scratch_write(mark.path, mark.bytes, mark.size);
		archive_in_one(fixture);
		must_be_on_disk_again(fixture, &last);
	}
	must_hold_everything(fixture, 1);
	free_bytes(&mark);
	free_bytes(&last);
}

static void a_block_before_the_mark_is_damage(void **state)
{
	struct fixture *fixture = *state;
	struct archiver *archiver;
	size_t marked;
	struct bytes last = append_unmarked(fixture, &marked);
	for (size_t at = 0; at + 512 <= marked; at += 512) {
		lose_block(&last, at);
		assert_int_equal(try_to_open_one(fixture, &archiver), ARCHIVER_REFUSED);
	}
	free_bytes(&last);
}

static void without_a_mark_the_journal_is_believed(void **state)
{
	struct fixture *fixture = *state;
	size_t marked;
	struct bytes last = append_unmarked(fixture, &marked), mark = read_mark(fixture);
	for (size_t at = 0; at < last.size; at += 512) {
		lose_block(&last, at);
		assert_int_equal(unlink(mark.path), 0);
		archive_in_one(fixture);
		must_be_on_disk_again(fixture, &last);
	}
	free_bytes(&mark);
	free_bytes(&last);
}

static void what_the_journal_lacks_is_not_cut_off(void **state)
{
	struct fixture *fixture = *state;
	struct fixture behind = *fixture;
	struct archiver *archiver;
	size_t marked;
	struct bytes last = append_unmarked(fixture, &marked);
	behind.store = scratch_path(fixture->folder, "behind");
	behind.history = history_begin(42, behind.store);
	history_go_on(behind.history, 5);
	lose_block(&last, (marked / 512 + 1) * 512);
	assert_int_equal(try_to_open_one(&behind, &archiver), ARCHIVER_REFUSED);
	history_end(behind.history);
	free(behind.store);
	free_bytes(&last);
}

/* ---- what must stop the daemon ---- */

static void damage_in_the_last_segment_is_refused(void **state)
{
	struct fixture *fixture = *state;
	archive_everything(fixture);
	struct bytes last = read_last_segment(fixture);
	while (start_of_last_record(&last) <= SEGMENT_HEADER_SIZE) { /* it has but one */
		free_bytes(&last);
		history_go_on_without_restarts(fixture->history, 1);
		archive_everything(fixture);
		last = read_last_segment(fixture);
	}
	size_t end = start_of_last_record(&last);
	for (size_t at = 0; at < end; at += 7) {
		last.bytes[at] ^= 0x20;
		scratch_write(last.path, last.bytes, last.size);
		must_refuse(fixture);
		last.bytes[at] ^= 0x20;
	}
	scratch_write(last.path, last.bytes, last.size);
	archive_everything(fixture);
	free_bytes(&last);
}

static void an_archive_that_is_ahead_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct fixture behind = *fixture;
	archive_everything(fixture);
	behind.store = scratch_path(fixture->folder, "behind");
	behind.history = history_begin(42, behind.store); /* the same life, not as far */
	history_go_on(behind.history, 20);
	must_refuse(&behind);
	history_end(behind.history);
	free(behind.store);
}

static void the_archive_of_another_store_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct fixture other = *fixture;
	archive_everything(fixture);
	other.store = scratch_path(fixture->folder, "other");
	other.history = history_begin(43, other.store);
	history_go_on(other.history, 80);
	assert_true(summary_of(&other).entries > summary_of(fixture).entries);
	must_refuse(&other);
	history_end(other.history);
	free(other.store);
}

static void two_daemons_do_not_share_an_archive(void **state)
{
	struct fixture *fixture = *state;
	struct archiver *archiver;
	assert_int_equal(try_to_open(fixture, &archiver), 0);
	must_refuse(fixture);
	archiver_close(archiver);
	archive_everything(fixture);
}

/* ---- a disk that is full ---- */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void it_stalls_without_room_and_goes_on_by_itself(void **state)
{
	struct fixture *fixture = *state;
	struct archiver *archiver;
	uint64_t newest = summary_of(fixture).entries;
	signal(SIGXFSZ, SIG_IGN);
	limit_files(SMALL / 2);
	assert_int_equal(try_to_open(fixture, &archiver), 0);
	assert_int_equal(archiver_start(archiver), 0);
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	assert_true(atomic_load(archiver_entry(archiver)) < newest);
	limit_files(RLIM_INFINITY);
	for (int tries = 0; atomic_load(archiver_entry(archiver)) < newest; tries++) {
		assert_true(tries < 3000);
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	archiver_close(archiver);
	must_hold_everything(fixture, 1);
}

/* ---- a check of it ---- */

static uint64_t findings_in_archive(struct fixture *fixture, FILE *out)
{
	struct findings findings = {.out = out};
	struct db_txn *txn;
	uint64_t newest;
	assert_int_equal(archive_newest(fixture->archive, &newest), 0);
	assert_int_equal(db_begin_read(store_db(history_store(fixture->history)), &txn), 0);
	assert_int_equal(verify_archive(txn, fixture->archive, newest, &findings), 0);
	db_abort(txn);
	return findings.count;
}

static void flip_each_byte(struct fixture *fixture, uint64_t segment, FILE *out)
{
	struct bytes file = read_segment(fixture, segment);
	int fd = open(file.path, O_WRONLY);
	assert_true(fd >= 0);
	for (size_t at = 0; at < file.size; at++) {
		uint8_t flipped = file.bytes[at] ^ (uint8_t)(1u << at % 8);
		assert_int_equal(pwrite(fd, &flipped, 1, (off_t)at), 1);
		if (findings_in_archive(fixture, out) == 0)
			fail_msg("%s: byte %zu flipped, and nothing was found", file.path, at);
		assert_int_equal(pwrite(fd, &file.bytes[at], 1, (off_t)at), 1);
	}
	close(fd);
	free_bytes(&file);
}

static void a_check_finds_every_flipped_byte(void **state)
{
	struct fixture *fixture = *state;
	FILE *nowhere = fopen("/dev/null", "w");
	uint64_t *segments;
	size_t count;
	archive_everything(fixture);
	assert_int_equal(archive_list(fixture->archive, &segments, &count), 0);
	assert_true(count > 1);
	for (size_t i = 0; i < count; i++)
		flip_each_byte(fixture, segments[i], nowhere);
	assert_int_equal(findings_in_archive(fixture, stderr), 0);
	free(segments);
	fclose(nowhere);
}

static void a_check_finds_a_missing_segment(void **state)
{
	struct fixture *fixture = *state;
	char name[SEGMENT_NAME_SIZE], *path;
	FILE *nowhere = fopen("/dev/null", "w");
	uint64_t *segments;
	size_t count;
	archive_everything(fixture);
	assert_int_equal(archive_list(fixture->archive, &segments, &count), 0);
	assert_true(count > 2);
	segment_name(segments[1], name);
	path = scratch_path(fixture->archive, name);
	unlink(path);
	assert_int_equal(findings_in_archive(fixture, nowhere), 1);
	free(path);
	/* The older ones may have been moved to a safer place. */
	segment_name(segments[0], name);
	path = scratch_path(fixture->archive, name);
	unlink(path);
	assert_int_equal(findings_in_archive(fixture, stderr), 0);
	free(path);
	free(segments);
	fclose(nowhere);
}

static void a_check_takes_a_torn_end_for_what_it_is(void **state)
{
	struct fixture *fixture = *state;
	FILE *nowhere = fopen("/dev/null", "w");
	archive_everything(fixture);
	struct bytes last = read_last_segment(fixture);
	size_t start = start_of_last_record(&last);
	for (size_t size = last.size - 1; size >= start; size--) {
		assert_int_equal(truncate(last.path, (off_t)size), 0);
		assert_int_equal(findings_in_archive(fixture, nowhere), 0);
		assert_int_equal(truncate(last.path, (off_t)size + 500), 0); /* of zeros */
		assert_int_equal(findings_in_archive(fixture, nowhere), 0);
	}
	last.bytes[start + 40] ^= 1;
	scratch_write(last.path, last.bytes, start + 60);
	assert_int_equal(findings_in_archive(fixture, nowhere), 1);
	free_bytes(&last);
	fclose(nowhere);
}

static void names_of_segments_are_read_back(void **state)
{
	static const char *const others[] = {"",
	                                     "1.seg",
	                                     "00000000000000000000.seg",
	                                     "0000000000000000000x.seg",
	                                     "00000000000000000001.SEG",
	                                     "99999999999999999999.seg",
	                                     "000000000000000000001.seg"};
	const uint64_t entries[] = {1, 10, 123456789, UINT64_MAX};
	char name[SEGMENT_NAME_SIZE];
	uint64_t entry;
	(void)state;
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		segment_name(entries[i], name);
		assert_true(segment_parse_name(name, &entry));
		assert_int_equal(entry, entries[i]);
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(segment_parse_name(others[i], &entry));
}

#define ARCHIVE_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ARCHIVE_TEST(what_was_committed_is_in_the_archive),
	    ARCHIVE_TEST(segments_follow_each_other_and_go_on_after_a_restart),
	    ARCHIVE_TEST(a_running_archiver_hears_of_commits),
	    ARCHIVE_TEST(an_end_torn_at_any_byte_is_cut_off_and_written_again),
	    ARCHIVE_TEST(a_header_torn_at_any_byte_is_written_again),
	    ARCHIVE_TEST(an_end_of_zeros_is_cut_off),
	    ARCHIVE_TEST(an_append_without_any_of_its_blocks_is_written_again),
	    ARCHIVE_TEST(a_block_before_the_mark_is_damage),
	    ARCHIVE_TEST(without_a_mark_the_journal_is_believed),
	    ARCHIVE_TEST(what_the_journal_lacks_is_not_cut_off),
	    ARCHIVE_TEST(damage_in_the_last_segment_is_refused),
	    ARCHIVE_TEST(an_archive_that_is_ahead_is_refused),
	    ARCHIVE_TEST(the_archive_of_another_store_is_refused),
	    ARCHIVE_TEST(two_daemons_do_not_share_an_archive),
	    ARCHIVE_TEST(it_stalls_without_room_and_goes_on_by_itself),
	    ARCHIVE_TEST(a_check_finds_every_flipped_byte),
	    ARCHIVE_TEST(a_check_finds_a_missing_segment),
	    ARCHIVE_TEST(a_check_takes_a_torn_end_for_what_it_is),
	    cmocka_unit_test(names_of_segments_are_read_back),
	};
	return cmocka_run_group_tests_name("archive_archiver", tests, NULL, NULL);
}
