/* A disk that is nearly full, and one that is full: reports are refused with the reason, queries go on, and with room again it goes on
 * by itself. A tmpfs of this process's own; where that may not be mounted, the tests are skipped and say so. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/daemon.h"
#include "tests/lib/little_city.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (1 << 20)

struct fixture {
	struct daemon daemon;
	char *ballast; /* a file that takes the room */
};

/* Mounted where nobody else sees it, and gone with this process. */
static bool mount_disk(const char *folder, const char *size)
{
	static bool is_own;
	if (!is_own &&
	    (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0))
		return false;
	is_own = true;
	return mount("suanpan-test", folder, "tmpfs", 0, size) == 0;
}

static void prepare(struct fixture *fixture, const char *size, const char *more)
{
	char *folder = scratch_new(), *catalogue = scratch_path(folder, "catalogue");
	char *store = scratch_path(folder, "store");
	*fixture = (struct fixture){.ballast = scratch_path(store, "ballast")};
	assert_int_equal(mkdir(catalogue, 0700), 0);
	assert_int_equal(mkdir(store, 0700), 0);
	catalogue_free(little_city_load(catalogue));
	daemon_prepare(&fixture->daemon, folder, catalogue);
	fixture->daemon.more = more;
	bool mounted = mount_disk(store, size);
	free(catalogue);
	free(store);
	if (mounted)
		return;
	print_message("not tested here, for a tmpfs may not be mounted: %s\n", strerror(errno));
	daemon_done(&fixture->daemon);
	free(fixture->ballast);
	skip();
}

static void done(struct fixture *fixture)
{
	char *store = scratch_path(fixture->daemon.folder, "store");
	if (fixture->daemon.pid)
		assert_int_equal(daemon_stop(&fixture->daemon), 0);
	assert_int_equal(umount(store), 0);
	daemon_done(&fixture->daemon);
	free(fixture->ballast);
	free(store);
}

/* Until the disk says no more, in the end byte by byte; `most` bytes at most. */
static void fill(const struct fixture *fixture, size_t most)
{
	static const char nothing[65536];
	int fd = open(fixture->ballast, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	size_t piece = sizeof nothing;
	assert_true(fd >= 0);
	while (piece > 0 && most > 0) {
		ssize_t size = write(fd, nothing, piece < most ? piece : most);
		if (size > 0)
			most -= (size_t)size;
		else
			piece /= 2;
	}
	close(fd);
}

static void make_room(const struct fixture *fixture)
{
	assert_int_equal(unlink(fixture->ballast), 0);
}

/* The n-th report of the north office. */
static struct run push(const struct fixture *fixture, int n)
{
	char *path = scratch_path(fixture->daemon.folder, "push.csv"), *text, *words;
	assert_true(asprintf(&text, "statistic,area,period,value\npeople,north,%d,%d\n", 2000 + n, 1000 + n) >
	            0);
	assert_true(asprintf(&words, "suanpan-report push --timeout 1 --reporter north_office '%s'", path) >
	            0);
	scratch_write(path, text, strlen(text));
	struct run run = daemon_run(&fixture->daemon, "north", words);
	free(path);
	free(text);
	free(words);
	return run;
}

static void expect_pushed(const struct fixture *fixture, int n)
{
	struct run run = push(fixture, n);
	if (run.status != 0)
		print_message("%s%s", run.out, run.err);
	assert_int_equal(run.status, 0);
	run_free(&run);
}

static void expect_put_off(const struct fixture *fixture, int n, const char *reason)
{
	struct run run = push(fixture, n);
	if (run.status != 3 || !strstr(run.err, reason))
		print_message("%d %s%s", run.status, run.out, run.err);
	assert_int_equal(run.status, 3);
	assert_non_null(strstr(run.err, reason));
	run_free(&run);
}

/* The figures of the first `count` reports are there, once each, and no others. */
static void expect_figures(const struct fixture *fixture, int count)
{
	char *out = daemon_say(&fixture->daemon, "suanpan get people --area north --format csv");
	char line[64];
	int lines = -1; /* the header */
	for (const char *at = out; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, count);
	for (int n = 1; n <= count; n++) {
		snprintf(line, sizeof line, "\npeople,north,%d,%d,", 2000 + n, 1000 + n);
		assert_non_null(strstr(out, line));
	}
	free(out);
}

static bool status_says(const struct fixture *fixture, const char *words)
{
	char *out = daemon_say(&fixture->daemon, "suanpan status --format csv");
	bool found = strstr(out, words) != NULL;
	free(out);
	return found;
}

static unsigned said(const struct fixture *fixture, const char *event)
{
	unsigned count = 0;
	char *log = daemon_log(&fixture->daemon);
	for (const char *at = log; (at = strstr(at, event)); at++)
		count++;
	free(log);
	return count;
}

static void a_nearly_full_disk_refuses_reports_and_answers_queries(void **state)
{
	struct fixture fixture;
	(void)state;
	prepare(&fixture, "size=16m", "--set reserve=4");
	daemon_restart(&fixture.daemon);
	expect_pushed(&fixture, 1);
	assert_false(status_says(&fixture, "\nrefusing,"));
	pid_t pid = fixture.daemon.pid;
	fill(&fixture, 14 * MIB);
	for (int i = 0; i < 2; i++)
		expect_put_off(&fixture, 2 + i, "the disk is nearly full");
	assert_true(status_says(&fixture, "\nrefusing,the disk is nearly full"));
	assert_true(status_says(&fixture, "\ndisk_reserve_bytes,4194304\n"));
	expect_figures(&fixture, 1);
	assert_int_equal(said(&fixture, "event=disk-low"), 1);
	assert_int_equal(said(&fixture, "event=disk-has-room"), 0);
	make_room(&fixture);
	expect_pushed(&fixture, 4); /* and the two that were put off */
	expect_figures(&fixture, 4);
	assert_false(status_says(&fixture, "\nrefusing,"));
	assert_int_equal(said(&fixture, "event=disk-low"), 1);
	assert_int_equal(said(&fixture, "event=disk-has-room"), 1);
	assert_int_equal(fixture.daemon.pid, pid);
	assert_int_equal(daemon_stop(&fixture.daemon), 0);
	daemon_restart(&fixture.daemon);
	expect_figures(&fixture, 4);
	done(&fixture);
}

static void a_full_disk_loses_nothing_and_is_waited_for(void **state)
{
	struct fixture fixture;
	(void)state;
	prepare(&fixture, "size=2m", "--set reserve=0");
	daemon_restart(&fixture.daemon);
	expect_pushed(&fixture, 1);
	fill(&fixture, SIZE_MAX);
	expect_put_off(&fixture, 2, "No space left on device");
	expect_figures(&fixture, 1);
	assert_int_equal(said(&fixture, "outcome=unknown"), 0);
	make_room(&fixture);
	expect_pushed(&fixture, 3);
	expect_figures(&fixture, 3);
	assert_int_equal(daemon_stop(&fixture.daemon), 0);
	daemon_restart(&fixture.daemon);
	expect_figures(&fixture, 3);
	done(&fixture);
}

static void a_daemon_starts_on_a_full_disk_and_answers(void **state)
{
	struct fixture fixture;
	(void)state;
	prepare(&fixture, "size=2m", "--set reserve=1");
	daemon_restart(&fixture.daemon);
	expect_pushed(&fixture, 1);
	fill(&fixture, SIZE_MAX);
	daemon_kill(&fixture.daemon);
	daemon_restart(&fixture.daemon);
	expect_figures(&fixture, 1);
	expect_put_off(&fixture, 2, "the disk is nearly full");
	make_room(&fixture);
	expect_pushed(&fixture, 3);
	expect_figures(&fixture, 3);
	done(&fixture);
}

static void a_first_start_on_a_full_disk_is_a_sentence(void **state)
{
	struct fixture fixture;
	(void)state;
	prepare(&fixture, "size=1m", "--set reserve=1");
	fill(&fixture, SIZE_MAX);
	daemon_launch(&fixture.daemon);
	assert_int_equal(daemon_wait(&fixture.daemon), 1);
	char *log = daemon_log(&fixture.daemon);
	assert_non_null(strstr(log, "No space left on device"));
	free(log);
	make_room(&fixture);
	fixture.daemon.more = "--set reserve=0";
	daemon_restart(&fixture.daemon);
	expect_pushed(&fixture, 1);
	done(&fixture);
}

/* Page by page there is more room, so that the disk is full at every place of a commit in turn. */
static void wherever_the_disk_is_full_nothing_is_half_written(void **state)
{
	struct fixture fixture;
	struct stat ballast;
	int tries = 0, status = 3;
	(void)state;
	prepare(&fixture, "size=2m", "--set reserve=0");
	daemon_restart(&fixture.daemon);
	expect_pushed(&fixture, 1);
	fill(&fixture, SIZE_MAX);
	expect_put_off(&fixture, 2, "No space left on device");
	for (; status == 3; tries++) {
		assert_int_equal(stat(fixture.ballast, &ballast), 0);
		assert_int_equal(truncate(fixture.ballast, ballast.st_size - 4096), 0);
		struct run run = daemon_run(&fixture.daemon, "north", "suanpan-report drain --timeout 0.3");
		status = run.status;
		run_free(&run);
		expect_figures(&fixture, status == 0 ? 2 : 1);
	}
	assert_int_equal(status, 0);
	assert_true(tries > 2);
	assert_int_equal(said(&fixture, "event=ready"), 1); /* the same process all the while */
	done(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_nearly_full_disk_refuses_reports_and_answers_queries),
	    cmocka_unit_test(a_full_disk_loses_nothing_and_is_waited_for),
	    cmocka_unit_test(a_daemon_starts_on_a_full_disk_and_answers),
	    cmocka_unit_test(a_first_start_on_a_full_disk_is_a_sentence),
	    cmocka_unit_test(wherever_the_disk_is_full_nothing_is_half_written),
	};
	return cmocka_run_group_tests_name("disk_full", tests, NULL, NULL);
}
