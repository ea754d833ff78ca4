/* The simulator of power cuts, held against what a file system promises: this very program runs again under the recorder, does
 * something to a folder, and hundreds of images of that are looked at. */

#include "tests/lib/powerloss.h"

#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZE   16384 /* of what is written */
#define IMAGES 300

/* ---- what is done to a folder, which is the working directory; 0 if all went well ---- */

static int fill(int fd, char letter, off_t offset)
{
	static char bytes[SIZE];
	memset(bytes, letter, sizeof bytes);
	return pwrite(fd, bytes, sizeof bytes, offset) == (ssize_t)sizeof bytes ? 0 : 1;
}

static int make(const char *name, int flags)
{
	return open(name, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);
}

static int sync_folder(const char *name)
{
	int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) != 0 || close(fd) != 0;
}

static int make_and_sync_all(void)
{
	int fd = make("file", 0);
	return fill(fd, 'A', 0) || fsync(fd) || sync_folder(".");
}

static int sync_nothing_more(void)
{
	int fd = make("file", 0);
	return make_and_sync_all() || fill(fd, 'B', 0);
}

static int forget_the_folder(void)
{
	int fd = make("file", 0);
	return fill(fd, 'A', 0) || fdatasync(fd);
}

static int rename_only(void)
{
	return make_and_sync_all() || rename("file", "other");
}

static int move_and_sync(void)
{
	return make_and_sync_all() || mkdir("inner", 0700) || sync_folder(".") ||
	       rename("file", "inner/file") || sync_folder("inner");
}

static int append_only(void)
{
	int fd = make("file", 0);
	return make_and_sync_all() || fill(fd, 'B', SIZE);
}

static int shorten_only(void)
{
	int fd = make("file", 0);
	return make_and_sync_all() || ftruncate(fd, SIZE / 2);
}

static int write_through(void)
{
	int fd = make("file", 0), through = open("file", O_WRONLY | O_DSYNC | O_CLOEXEC);
	return make_and_sync_all() || fill(fd, 'B', 0) || fill(through, 'C', 0);
}

static int write_in_parts(void)
{
	char first[] = "AAAA", second[] = "AAAAAAAA";
	struct iovec parts[] = {{.iov_base = first, .iov_len = 4}, {.iov_base = second, .iov_len = 8}};
	int fd = make("file", O_APPEND);
	if (write(fd, first, 4) != 4 || writev(fd, parts, 2) != 12 || pwritev(fd, parts, 2, 16) != 12)
		return 1;
	int emptied = make("file", O_TRUNC);
	return make_and_sync_all() || close(emptied) || mkdir("gone", 0700) || rmdir("gone") ||
	       close(make("gone too", 0)) || unlink("gone too") || close(fd);
}

/* A change that no recorder sees. */
static int write_behind_its_back(void)
{
	int fd = make("file", 0);
	if (make_and_sync_all())
		return 1;
	char *map = mmap(NULL, SIZE, PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return 1;
	map[5000] = 'X';
	return munmap(map, SIZE);
}

static const struct scenario {
	const char *name;
	int (*run)(void);
} scenarios[] = {
    {"make_and_sync_all", make_and_sync_all}, {"sync_nothing_more", sync_nothing_more},
    {"forget_the_folder", forget_the_folder}, {"rename_only", rename_only},
    {"move_and_sync", move_and_sync},         {"append_only", append_only},
    {"shorten_only", shorten_only},           {"write_through", write_through},
    {"write_in_parts", write_in_parts},       {"write_behind_its_back", write_behind_its_back},
};

static int run_scenario(const char *name)
{
	for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return scenarios[i].run();
	return 1;
}

/* ---- recording it ---- */

struct fixture {
	char *scratch, *folder, *log, *image;
	struct powerloss *loss;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	char *scratch = scratch_new();
	fixture->scratch = realpath(scratch, NULL);
	free(scratch);
	fixture->folder = scratch_path(fixture->scratch, "folder");
	fixture->log = scratch_path(fixture->scratch, "log");
	fixture->image = scratch_path(fixture->scratch, "image");
	*state = fixture;
	return mkdir(fixture->folder, 0700);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	powerloss_free(fixture->loss);
	free(fixture->folder);
	free(fixture->log);
	free(fixture->image);
	scratch_free(fixture->scratch);
	free(fixture);
	return 0;
}

static void become(const struct fixture *fixture, const char *name)
{
	const char *build = getenv("SUANPAN_BUILD");
	char *library = scratch_path(build ? build : "build/release", "record.so");
	setenv("LD_PRELOAD", library, 1);
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	setenv("RECORD_LOG", fixture->log, 1);
	setenv("RECORD_UNDER", fixture->folder, 1);
	free(library);
	execl("/proc/self/exe", "scenario", name, fixture->folder, (char *)NULL);
	_exit(71);
}

static void record(struct fixture *fixture, const char *name)
{
	int status;
	fixture->loss = powerloss_new(fixture->folder);
	pid_t pid = fork();
	if (pid == 0)
		become(fixture, name);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	powerloss_read(fixture->loss, fixture->log);
	assert_true(powerloss_count(fixture->loss) > 0);
}

static void record_all(struct fixture *fixture, const char *name)
{
	char *what;
	record(fixture, name);
	if (!powerloss_is_complete(fixture->loss, &what))
		fail_msg("%s", what);
}

/* ---- looking at images ---- */

/* What was seen of one file over many images. */
struct sight {
	unsigned there, absent;
	unsigned full, shorter, longer; /* than SIZE */
	unsigned all[128];              /* images in which every byte is this letter */
	unsigned mixed;
	unsigned torn; /* mixed within 4 KiB */
};

static bool is_uniform(const char *bytes, size_t size)
{
	for (size_t i = 1; i < size; i++)
		if (bytes[i] != bytes[0])
			return false;
	return true;
}

/* Sectors are whole. */
static void look_at_bytes(struct sight *sight, const char *bytes, size_t size)
{
	bool torn = false;
	for (size_t at = 0; at < size; at += 512) {
		size_t part = size - at < 512 ? size - at : 512;
		if (size % 512 == 0)
			assert_true(is_uniform(bytes + at, part));
	}
	for (size_t at = 0; at + 4096 <= size; at += 4096)
		torn |= !is_uniform(bytes + at, 4096);
	sight->torn += torn;
	if (!is_uniform(bytes, size))
		sight->mixed++;
	else if (size > 0)
		sight->all[(unsigned char)bytes[0]]++;
}

static void look(struct sight *sight, const char *folder, const char *name)
{
	static char bytes[4 * SIZE];
	char *path = scratch_path(folder, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	if (fd < 0) {
		assert_int_equal(errno, ENOENT);
		sight->absent++;
		return;
	}
	ssize_t size = read(fd, bytes, sizeof bytes);
	close(fd);
	assert_true(size >= 0);
	sight->there++;
	sight->full += size == SIZE;
	sight->shorter += size < SIZE;
	sight->longer += size > SIZE;
	look_at_bytes(sight, bytes, (size_t)size);
}

/* At each moment before the end by `back` calls. */
static void look_often(struct fixture *fixture, size_t back, const char *const names[], struct sight sights[],
                       size_t count)
{
	size_t moment = powerloss_count(fixture->loss) - back;
	for (uint64_t seed = 1; seed <= IMAGES; seed++) {
		powerloss_image(fixture->loss, moment, seed, fixture->image);
		for (size_t i = 0; i < count; i++)
			look(&sights[i], fixture->image, names[i]);
		scratch_free(strdup(fixture->image));
	}
}

static struct sight look_at_file(struct fixture *fixture, size_t back)
{
	const char *name = "file";
	struct sight sight = {0};
	look_often(fixture, back, &name, &sight, 1);
	return sight;
}

/* ---- what must hold ---- */

static void what_was_synced_is_in_every_image(void **state)
{
	record_all(*state, "make_and_sync_all");
	struct sight sight = look_at_file(*state, 0);
	assert_int_equal(sight.there, IMAGES);
	assert_int_equal(sight.full, IMAGES);
	assert_int_equal(sight.all['A'], IMAGES);
}

static void what_was_not_is_there_lost_or_torn(void **state)
{
	record_all(*state, "sync_nothing_more");
	struct sight sight = look_at_file(*state, 0);
	assert_int_equal(sight.full, IMAGES);
	assert_int_equal(sight.all['A'] + sight.all['B'] + sight.mixed, IMAGES);
	assert_true(sight.all['A'] > IMAGES / 20);
	assert_true(sight.all['B'] > IMAGES / 20);
	assert_true(sight.mixed > IMAGES / 5);
	assert_true(sight.torn > IMAGES / 20);
	assert_true(sight.torn < sight.mixed); /* 4 KiB sectors, too */
}

static void a_sync_under_way_promises_nothing(void **state)
{
	record_all(*state, "forget_the_folder"); /* make, write, sync */
	struct sight sight = look_at_file(*state, 1);
	assert_true(sight.all['A'] > 0 && sight.all['A'] < sight.there);
}

static void a_name_is_synced_by_its_folder(void **state)
{
	record_all(*state, "forget_the_folder");
	struct sight sight = look_at_file(*state, 0);
	assert_true(sight.absent > IMAGES / 10);
	assert_true(sight.there > IMAGES / 10);
	assert_int_equal(sight.all['A'], sight.there);
}

static void a_file_that_was_renamed_has_one_name(void **state)
{
	static const char *const names[] = {"file", "other"};
	struct sight sights[2] = {0};
	record_all(*state, "rename_only");
	look_often(*state, 0, names, sights, 2);
	assert_true(sights[0].there > IMAGES / 10);
	assert_true(sights[1].there > IMAGES / 10);
	assert_int_equal(sights[0].there + sights[1].there, IMAGES);
	assert_int_equal(sights[0].all['A'] + sights[1].all['A'], IMAGES);
}

static void a_file_that_was_moved_is_where_the_synced_folder_says(void **state)
{
	static const char *const names[] = {"file", "inner/file"};
	struct sight sights[2] = {0};
	record_all(*state, "move_and_sync");
	look_often(*state, 0, names, sights, 2);
	assert_int_equal(sights[0].there, 0);
	assert_int_equal(sights[1].all['A'], IMAGES);
}

static void a_file_is_as_long_as_it_ever_was(void **state)
{
	record_all(*state, "append_only");
	struct sight sight = look_at_file(*state, 0);
	assert_int_equal(sight.shorter, 0);
	assert_true(sight.full > 0);
	assert_true(sight.longer > IMAGES / 5);
}

static void a_file_that_was_shortened_may_still_be_long(void **state)
{
	record_all(*state, "shorten_only");
	struct sight sight = look_at_file(*state, 0);
	assert_true(sight.full > IMAGES / 10);
	assert_true(sight.shorter > IMAGES / 10);
	assert_int_equal(sight.all['A'], IMAGES);
}

static void a_write_through_is_there_when_it_returns_and_torn_until_then(void **state)
{
	struct fixture *fixture = *state;
	record_all(fixture, "write_through");
	struct sight sight = look_at_file(fixture, 0);
	assert_int_equal(sight.all['C'], IMAGES);
	assert_true(powerloss_is_sync(fixture->loss, powerloss_count(fixture->loss) - 1));
	sight = look_at_file(fixture, 1);
	assert_true(sight.all['A'] > 0);
	assert_true(sight.mixed > IMAGES / 10);
}

static void every_way_to_change_a_file_is_recorded(void **state)
{
	record_all(*state, "write_in_parts");
}

static void what_the_recorder_misses_is_noticed(void **state)
{
	struct fixture *fixture = *state;
	char *what;
	record(fixture, "write_behind_its_back");
	assert_false(powerloss_is_complete(fixture->loss, &what));
	assert_non_null(strstr(what, "/file: holds something else"));
	free(what);
}

int main(int argc, char *argv[])
{
	if (argc == 3 && strcmp(argv[0], "scenario") == 0)
		return chdir(argv[2]) != 0 || run_scenario(argv[1]) != 0;
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(what_was_synced_is_in_every_image),
	    CASE(what_was_not_is_there_lost_or_torn),
	    CASE(a_sync_under_way_promises_nothing),
	    CASE(a_name_is_synced_by_its_folder),
	    CASE(a_file_that_was_renamed_has_one_name),
	    CASE(a_file_that_was_moved_is_where_the_synced_folder_says),
	    CASE(a_file_is_as_long_as_it_ever_was),
	    CASE(a_file_that_was_shortened_may_still_be_long),
	    CASE(a_write_through_is_there_when_it_returns_and_torn_until_then),
	    CASE(every_way_to_change_a_file_is_recorded),
	    CASE(what_the_recorder_misses_is_noticed),
	};
	return cmocka_run_group_tests_name("powerloss", tests, NULL, NULL);
}
