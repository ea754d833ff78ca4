/* The drop folder: what is saved into it, when it is taken, and what lies where afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/daemon.h"
#include "tests/lib/scratch.h"
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct fixture {
	struct daemon daemon;
	char *drop;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	const char *source = getenv("SUANPAN_SOURCE");
	char *catalogue = scratch_path(source ? source : ".", "config/catalogue");
	assert_non_null(fixture);
	daemon_start(&fixture->daemon, scratch_new(), catalogue);
	fixture->drop = scratch_path(fixture->daemon.folder, "drop");
	assert_int_equal(mkdir(fixture->drop, 0700), 0);
	free(catalogue);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	daemon_done(&fixture->daemon);
	free(fixture->drop);
	free(fixture);
	return 0;
}

static void save(struct fixture *fixture, const char *name, const char *row)
{
	char *path = scratch_path(fixture->drop, name), text[256];
	int length = snprintf(text, sizeof text, "statistic,area,period,value\n%s\n", row);
	scratch_write(path, text, (size_t)length);
	free(path);
}

/* `more`: further options. What it said is printed where the status is another. */
static void drop(struct fixture *fixture, const char *more, int status)
{
	char words[512];
	snprintf(words, sizeof words, "suanpan-report drop '%s' --reporter liwan --timeout 5 %s",
	         fixture->drop, more);
	struct run run = daemon_run(&fixture->daemon, "liwan", words);
	if (run.status != status)
		fail_msg("exit %d: %s%s", run.status, run.out, run.err);
	run_free(&run);
}

#define AT_ONCE "--settle 0"

/* How many files of drop/`folder` have names like this; *ret_path (malloc, or untouched) is one of them. */
static unsigned count(struct fixture *fixture, const char *folder, const char *pattern, char **ret_path)
{
	char *path = scratch_path(fixture->drop, folder);
	DIR *directory = opendir(path);
	unsigned found = 0;
	for (struct dirent *entry; directory && (entry = readdir(directory));)
		if (fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0) {
			if (ret_path && found++ == 0)
				*ret_path = scratch_path(path, entry->d_name);
			else if (!ret_path)
				found++;
		}
	if (directory)
		closedir(directory);
	free(path);
	return found;
}

static bool is_there(struct fixture *fixture, const char *name)
{
	return count(fixture, ".", name, NULL) == 1;
}

static void must_report(struct fixture *fixture, const char *folder, const char *pattern, const char *text)
{
	char *path = NULL, said[4096];
	assert_int_equal(count(fixture, folder, pattern, &path), 1);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	said[fread(said, 1, sizeof said - 1, file)] = '\0';
	fclose(file);
	free(path);
	if (!strstr(said, text))
		fail_msg("not in the report: '%s', but: %s", text, said);
}

static void must_be(struct fixture *fixture, const char *period, const char *value)
{
	char words[256], expected[64];
	snprintf(words, sizeof words, "suanpan get hospital_beds --area liwan --from %s --to %s --format csv",
	         period, period);
	snprintf(expected, sizeof expected, ",%s,%s,", period, value);
	char *out = daemon_say(&fixture->daemon, words);
	if ((strstr(out, expected) != NULL) != (*value != '\0'))
		fail_msg("expected '%s': %s", value, out);
	free(out);
}

static void a_file_is_pushed_and_moved_aside_with_its_report(void **state)
{
	struct fixture *fixture = *state;
	save(fixture, "beds.csv", "hospital_beds,440103,2021-01,9101");
	drop(fixture, AT_ONCE, 0);
	must_be(fixture, "2021-01", "9101");
	assert_false(is_there(fixture, "beds.csv"));
	assert_int_equal(count(fixture, "done", "2*-beds.csv", NULL), 1);
	must_report(fixture, "done", "2*-beds.csv.txt", "1 file, 1 observation, 1 report, all accepted");
	drop(fixture, AT_ONCE, 0); /* an empty folder is no failure */
}

static void a_file_that_is_refused_lies_beside_its_mistakes_and_stops_no_other(void **state)
{
	struct fixture *fixture = *state;
	save(fixture, "a.csv", "hospital_beds,440103,2021-13,91x");
	save(fixture, "b.csv", "hospital_beds,440103,2021-02,9102");
	drop(fixture, AT_ONCE, 1);
	must_report(fixture, "refused", "2*-a.csv.txt", "a.csv:2: period: '2021-13'");
	must_report(fixture, "refused", "2*-a.csv.txt", "a.csv:2: value: '91x'");
	assert_int_equal(count(fixture, "refused", "2*-a.csv", NULL), 1);
	must_be(fixture, "2021-02", "9102");
	assert_int_equal(count(fixture, "done", "2*-b.csv", NULL), 1);
}

static void what_the_daemon_itself_refuses_is_refused(void **state)
{
	struct fixture *fixture = *state;
	save(fixture, "long-ago.csv", "hospital_beds,440103,1950-01,-5");
	drop(fixture, AT_ONCE, 1);
	assert_int_equal(count(fixture, "refused", "2*-long-ago.csv", NULL), 1);
	assert_int_equal(count(fixture, "refused", "2*-long-ago.csv.txt", NULL), 1);
}

static void a_spreadsheet_that_was_not_saved_as_csv_is_told_so(void **state)
{
	struct fixture *fixture = *state;
	char *path = scratch_path(fixture->drop, "beds.xlsx");
	scratch_write(path, "PK\003\004zip", 7);
	free(path);
	drop(fixture, AT_ONCE, 1);
	must_report(fixture, "refused", "2*-beds.xlsx.txt", "CSV");
}

static void while_the_daemon_is_down_all_stay(void **state)
{
	struct fixture *fixture = *state;
	save(fixture, "beds.csv", "hospital_beds,440103,2021-03,9103");
	save(fixture, "more.csv", "hospital_beds,440103,2021-04,9104");
	daemon_stop(&fixture->daemon);
	drop(fixture, AT_ONCE " --timeout 0.5", 3);
	assert_true(is_there(fixture, "beds.csv"));
	assert_true(is_there(fixture, "more.csv"));
	assert_int_equal(count(fixture, "done", "*", NULL), 0);
	daemon_restart(&fixture->daemon);
	drop(fixture, AT_ONCE, 0);
	must_be(fixture, "2021-03", "9103");
	must_be(fixture, "2021-04", "9104");
	assert_int_equal(count(fixture, "done", "2*.csv", NULL), 2);
}

static void a_file_waits_until_it_has_settled(void **state)
{
	struct fixture *fixture = *state;
	save(fixture, "beds.csv", "hospital_beds,440103,2021-05,9105");
	struct timespec before, after;
	clock_gettime(CLOCK_MONOTONIC, &before);
	drop(fixture, "--settle 2", 0); /* it waits for it itself */
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec >= 1);
	must_be(fixture, "2021-05", "9105");
}

static void a_file_that_changes_while_it_waits_is_taken_whole(void **state)
{
	struct fixture *fixture = *state;
	char *path = scratch_path(fixture->drop, "beds.csv");
	scratch_write(path, "statistic,area,period,value\nhospital_beds,440103,2021-06,9", 58);
	fflush(NULL);
	pid_t writer = fork();
	if (writer == 0) {
		for (int i = 0; i < 4; i++) {
			usleep(700000);
			int fd = open(path, O_WRONLY | O_APPEND);
			if (fd < 0 || write(fd, "0", 1) != 1)
				_exit(1);
			close(fd);
		}
		_exit(0);
	}
	drop(fixture, "--settle 1.5", 0);
	must_be(fixture, "2021-06", "90000");
	free(path);
}

static void a_file_that_somebody_has_open_to_write_is_not_taken(void **state)
{
	struct fixture *fixture = *state;
	save(fixture, "beds.csv", "hospital_beds,440103,2021-07,9107");
	char *path = scratch_path(fixture->drop, "beds.csv");
	fflush(NULL);
	int ready[2];
	char byte = 0;
	assert_int_equal(pipe(ready), 0);
	pid_t writer = fork();
	if (writer == 0) {
		int fd = open(path, O_WRONLY | O_APPEND);
		if (fd < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		usleep(2500000); /* longer than it takes to settle: without the lease it would be taken */
		if (ftruncate(fd, 0) != 0 ||
		    dprintf(fd, "statistic,area,period,value\nhospital_beds,440103,2021-07,9777\n") < 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	drop(fixture, "--settle 0.5", 0);
	must_be(fixture, "2021-07", "9777");
	close(ready[0]);
	close(ready[1]);
	free(path);
}

static void working_copies_links_and_folders_are_left_alone(void **state)
{
	struct fixture *fixture = *state;
	char *link = scratch_path(fixture->drop, "link.csv"),
	     *folder = scratch_path(fixture->drop, "folder.csv");
	const char *const names[] = {".beds.csv.swp", "~$beds.csv", "beds.csv~"};
	for (size_t i = 0; i < 3; i++)
		save(fixture, names[i], "hospital_beds,440103,2021-08,1");
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	drop(fixture, AT_ONCE, 0);
	assert_int_equal(count(fixture, "done", "*.csv*", NULL) + count(fixture, "refused", "*", NULL), 0);
	for (size_t i = 0; i < 3; i++) {
		char *path = scratch_path(fixture->drop, names[i]);
		assert_int_equal(access(path, F_OK), 0);
		free(path);
	}
	assert_true(is_there(fixture, "link.csv"));
	free(link);
	free(folder);
}

static void the_same_name_again_replaces_nothing(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 4; i++) {
		char row[64];
		snprintf(row, sizeof row, "hospital_beds,440103,2021-09,920%d", i);
		save(fixture, "beds.csv", row);
		drop(fixture, AT_ONCE, 0);
	}
	assert_int_equal(count(fixture, "done", "2*-beds.csv", NULL), 4);
	assert_int_equal(count(fixture, "done", "2*-beds.csv.txt", NULL), 4);
	must_be(fixture, "2021-09", "9203");
}

static void two_at_once_are_one(void **state)
{
	struct fixture *fixture = *state;
	save(fixture, "beds.csv", "hospital_beds,440103,2021-10,9110");
	int fd = open(fixture->drop, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	drop(fixture, AT_ONCE, 3);
	close(fd);
	drop(fixture, AT_ONCE, 0);
	must_be(fixture, "2021-10", "9110");
}

static void what_is_no_time_and_what_is_no_folder_is_refused(void **state)
{
	struct fixture *fixture = *state;
	drop(fixture, "--settle soon", 2);
	drop(fixture, "--settle 3601", 2);
	struct run run =
	    daemon_run(&fixture->daemon, "liwan", "suanpan-report drop /nowhere --reporter liwan");
	assert_int_equal(run.status, 1);
	assert_non_null(strstr(run.err, "/nowhere: No such file or directory"));
	run_free(&run);
	save(fixture, "beds.csv", "hospital_beds,440103,2021-11,9111");
	char words[256];
	snprintf(words, sizeof words, "suanpan-report drop '%s' --settle 0", fixture->drop);
	run = daemon_run(&fixture->daemon, "nobody", words); /* whose figures are they? */
	assert_int_equal(run.status, 2);
	run_free(&run);
	assert_true(is_there(fixture, "beds.csv"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_file_is_pushed_and_moved_aside_with_its_report),
	    TEST(a_file_that_is_refused_lies_beside_its_mistakes_and_stops_no_other),
	    TEST(what_the_daemon_itself_refuses_is_refused),
	    TEST(a_spreadsheet_that_was_not_saved_as_csv_is_told_so),
	    TEST(while_the_daemon_is_down_all_stay),
	    TEST(a_file_waits_until_it_has_settled),
	    TEST(a_file_that_changes_while_it_waits_is_taken_whole),
	    TEST(a_file_that_somebody_has_open_to_write_is_not_taken),
	    TEST(working_copies_links_and_folders_are_left_alone),
	    TEST(the_same_name_again_replaces_nothing),
	    TEST(two_at_once_are_one),
	    TEST(what_is_no_time_and_what_is_no_folder_is_refused),
	};
	return cmocka_run_group_tests_name("drop", tests, NULL, NULL);
}
