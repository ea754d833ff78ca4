/* Check, rebuild and the archive, with the real programs: beside a running daemon, after a kill, and of
 * what is damaged. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/daemon.h"
#include "tests/lib/scratch.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int start(void **state)
{
	struct daemon *daemon = calloc(1, sizeof *daemon);
	const char *source = getenv("SUANPAN_SOURCE");
	char *catalogue = scratch_path(source ? source : ".", "config/catalogue");
	daemon_start(daemon, scratch_new(), catalogue);
	free(catalogue);
	*state = daemon;
	return 0;
}

static int stop(void **state)
{
	daemon_done(*state);
	free(*state);
	return 0;
}

/* `file`: a name of its own for each that pushes at the same time. */
static void push(struct daemon *daemon, const char *file, const char *reporter, const char *line)
{
	char *path = scratch_path(daemon->folder, file), *text, *words;
	assert_true(asprintf(&text, "statistic,area,period,value\n%s\n", line) > 0);
	assert_true(asprintf(&words, "suanpan-report push --reporter %s '%s'", reporter, path) > 0);
	scratch_write(path, text, strlen(text));
	struct run run = daemon_run(daemon, reporter, words);
	if (run.status != 0)
		print_message("%s%s", run.out, run.err);
	assert_int_equal(run.status, 0);
	run_free(&run);
	free(text);
	free(words);
	free(path);
}

static unsigned long status_of(struct daemon *daemon, const char *key)
{
	char *out = daemon_say(daemon, "suanpan status --format csv"), *line;
	assert_true(asprintf(&line, "\n%s,", key) > 0);
	const char *at = strstr(out, line);
	assert_non_null(at);
	unsigned long value = strtoul(at + strlen(line), NULL, 10);
	free(line);
	free(out);
	return value;
}

static void wait_for_archive(struct daemon *daemon)
{
	for (int tries = 0; status_of(daemon, "archived") < status_of(daemon, "entries"); tries++) {
		assert_true(tries < 1000);
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
}

/* `suanpand WORDS --set store=...`. */
static struct run suanpand(struct daemon *daemon, const char *command, const char *more)
{
	char *words;
	assert_true(asprintf(&words, "suanpand %s %s --set 'store=%s/store'", command, more, daemon->folder) >
	            0);
	struct run run = daemon_run(daemon, "none", words);
	free(words);
	return run;
}

static struct run check(struct daemon *daemon, int status)
{
	struct run run = suanpand(daemon, "check", "");
	if (run.status != status)
		print_message("%s%s", run.out, run.err);
	assert_int_equal(run.status, status);
	assert_non_null(strstr(run.out, status == 0 ? "\nclean\n" : "\ndamaged\n"));
	return run;
}

static char *last_digest(const char *out)
{
	const char *at = strstr(out, "digest     all ");
	assert_non_null(at);
	return strndup(at, strcspn(at, "\n"));
}

static void must_rebuild_to(struct daemon *daemon, const char *name, const char *more, const char *digest)
{
	char *command;
	assert_true(asprintf(&command, "rebuild '%s/%s'", daemon->folder, name) > 0);
	struct run run = suanpand(daemon, command, more);
	if (run.status != 0)
		print_message("%s%s", run.out, run.err);
	assert_int_equal(run.status, 0);
	char *its = last_digest(run.out);
	assert_string_equal(its, digest);
	free(its);
	free(command);
	run_free(&run);
}

static void must_all_agree(struct daemon *daemon, const char *name)
{
	char *archive, *journal_name, *archive_name;
	struct run run = check(daemon, 0);
	char *digest = last_digest(run.out);
	assert_non_null(strstr(run.out, "rebuild    every table is what the journal gives"));
	assert_true(asprintf(&archive, "--archive '%s/archive'", daemon->folder) > 0);
	assert_true(asprintf(&journal_name, "journal-%s", name) > 0);
	assert_true(asprintf(&archive_name, "archive-%s", name) > 0);
	must_rebuild_to(daemon, journal_name, "", digest);
	must_rebuild_to(daemon, archive_name, archive, digest);
	free(journal_name);
	free(archive_name);
	free(archive);
	free(digest);
	run_free(&run);
}

/* ---- cases ---- */

static void store_and_archive_come_to_the_same_after_kills(void **state)
{
	struct daemon *daemon = *state;
	char line[80];
	for (int i = 0; i < 4; i++) {
		snprintf(line, sizeof line, "hospital_beds,440103,2020-1%d,%d", i % 3, 8000 + i);
		push(daemon, "push.csv", "liwan", line);
		daemon_kill(daemon);
		struct run run = check(daemon, 0); /* before anything has been mended */
		run_free(&run);
		daemon_restart(daemon);
	}
	wait_for_archive(daemon);
	must_all_agree(daemon, "running");
	assert_int_equal(daemon_stop(daemon), 0);
	must_all_agree(daemon, "stopped");
}

static void a_rebuilt_store_serves_in_the_place_of_the_old_one(void **state)
{
	struct daemon *daemon = *state;
	static const char get[] = "suanpan history hospital_beds liwan 2020-12 --format csv";
	push(daemon, "push.csv", "liwan", "hospital_beds,440103,2020-12,8897");
	push(daemon, "push.csv", "liwan", "hospital_beds,440103,2020-12,9100");
	wait_for_archive(daemon);
	char *before = daemon_say(daemon, get), *command;
	assert_int_equal(daemon_stop(daemon), 0);
	assert_true(asprintf(&command, "rebuild '%s/again' --archive '%s/archive'", daemon->folder,
	                     daemon->folder) > 0);
	struct run run = suanpand(daemon, command, "");
	assert_int_equal(run.status, 0);
	run_free(&run);
	free(command);
	assert_true(asprintf(&command, "rm -r '%s/store' && mv '%s/again' '%s/store'", daemon->folder,
	                     daemon->folder, daemon->folder) > 0);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test's own words */
	free(command);
	daemon_restart(daemon);
	char *after = daemon_say(daemon, get);
	assert_string_equal(after, before);
	push(daemon, "push.csv", "liwan", "hospital_beds,440103,2020-12,9200");
	wait_for_archive(daemon);
	run = check(daemon, 0);
	run_free(&run);
	free(before);
	free(after);
}

static void a_check_beside_a_daemon_that_takes_reports_is_clean(void **state)
{
	struct daemon *daemon = *state;
	push(daemon, "push.csv", "liwan", "hospital_beds,440103,2020-12,1");
	fflush(NULL);
	pid_t sender = fork();
	assert_true(sender >= 0);
	if (sender == 0) {
		char line[80];
		for (int i = 0; i < 12; i++) {
			snprintf(line, sizeof line, "hospital_beds,440104,2020-%02d,%d", 1 + i, 100 + i);
			push(daemon, "sender.csv", "yuexiu", line);
		}
		_exit(0);
	}
	int ended = 0, status = 0;
	do {
		struct run run = check(daemon, 0);
		run_free(&run);
		ended = waitpid(sender, &status, WNOHANG);
	} while (ended == 0);
	assert_int_equal(ended, sender);
	assert_int_equal(status, 0);
	struct run run = check(daemon, 0);
	run_free(&run);
}

static void flip_bytes(struct daemon *daemon, const char *name, off_t first, off_t step)
{
	char *path = scratch_path(daemon->folder, name);
	struct stat status;
	uint8_t byte;
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	for (off_t at = first; at < status.st_size; at += step) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	close(fd);
	free(path);
}

static void a_damaged_store_is_found_and_its_archive_brings_it_back(void **state)
{
	struct daemon *daemon = *state;
	push(daemon, "push.csv", "liwan", "hospital_beds,440103,2020-12,8897");
	wait_for_archive(daemon);
	struct run run = check(daemon, 0);
	char *digest = last_digest(run.out), *archive;
	run_free(&run);
	assert_int_equal(daemon_stop(daemon), 0);
	flip_bytes(daemon, "store/data.mdb", 9000, 3001);
	run = check(daemon, 1);
	run_free(&run);
	assert_true(asprintf(&archive, "--archive '%s/archive'", daemon->folder) > 0);
	must_rebuild_to(daemon, "again", archive, digest);
	free(archive);
	free(digest);
}

static char *run_daemon(struct daemon *daemon)
{
	char *sets;
	assert_true(asprintf(&sets, "--set 'catalogue=%s' --set 'intake=%s' --set 'query=%s' --set 'live=%s'",
	                     daemon->catalogue, daemon->intake, daemon->query, daemon->live) > 0);
	struct run run = suanpand(daemon, "run", sets);
	free(sets);
	free(run.out);
	assert_int_equal(run.status, 1);
	return run.err;
}

static void must_not_start(struct daemon *daemon, const char *reason)
{
	char *said = run_daemon(daemon);
	if (!strstr(said, reason))
		fail_msg("'%s' does not say '%s'", said, reason);
	free(said);
}

static void an_archive_that_does_not_fit_stops_the_start(void **state)
{
	struct daemon *daemon = *state;
	char *store = scratch_path(daemon->folder, "store"), *aside = scratch_path(daemon->folder, "aside");
	push(daemon, "push.csv", "liwan", "hospital_beds,440103,2020-12,8897");
	assert_int_equal(daemon_stop(daemon), 0);
	assert_int_equal(rename(store, aside), 0); /* lost */
	must_not_start(daemon, "holds entries up to 2, but the store ends at 0");
	char *command;
	assert_true(asprintf(&command, "rm -r '%s'", store) > 0);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a test's own words */
	free(command);
	assert_int_equal(rename(aside, store), 0);
	flip_bytes(daemon, "archive/00000000000000000001.seg", 3000, 1 << 30);
	must_not_start(daemon, "entry 1: it does not match its checksum");
	free(store);
	free(aside);
}

static void what_cannot_be_done_is_a_sentence(void **state)
{
	struct daemon *daemon = *state;
	static const struct {
		const char *words, *said;
		int status;
	} rows[] = {
	    {"suanpand check --set store=nowhere", "cannot check the store nowhere: No such file", 2},
	    {"suanpand rebuild again --set store=nowhere", "cannot read the entries of nowhere: No such file",
	     1},
	    {"suanpand rebuild again --archive nowhere", "cannot read the entries of nowhere: No such file",
	     1},
	    {"suanpand rebuild / --set store=nowhere", "will not rebuild into /: it is there already", 1},
	    {"suanpand rebuild", "rebuild: expected DIR", 2},
	    {"suanpand check again", "unexpected argument 'again'", 2},
	    {"suanpand chekc", "unknown command 'chekc'", 2},
	    {"suanpand run --quick", "this command does not take option 'quick'", 2},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct run run = daemon_run(daemon, "none", rows[i].words);
		if (run.status != rows[i].status || !strstr(run.err, rows[i].said))
			fail_msg("%s: exit %d: %s", rows[i].words, run.status, run.err);
		run_free(&run);
	}
}

#define FLOW_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(store_and_archive_come_to_the_same_after_kills),
	    FLOW_TEST(a_rebuilt_store_serves_in_the_place_of_the_old_one),
	    FLOW_TEST(a_check_beside_a_daemon_that_takes_reports_is_clean),
	    FLOW_TEST(a_damaged_store_is_found_and_its_archive_brings_it_back),
	    FLOW_TEST(an_archive_that_does_not_fit_stops_the_start),
	    FLOW_TEST(what_cannot_be_done_is_a_sentence),
	};
	return cmocka_run_group_tests_name("upkeep", tests, NULL, NULL);
}
