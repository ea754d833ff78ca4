/* A sender and its daemon through what must not lose a report: the daemon restored from an old copy, the sender killed
 * at any moment, its spool lost. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clients/report/spool.h"
#include "proto/suanpan.pb-c.h"
#include "tests/lib/daemon.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
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

/* ---- commands ---- */

/* Writes a file of one observation of Liwan's: the n-th month from 2000 on, with its number as the value. */
static char *write_month(struct daemon *daemon, int month)
{
	char *path = scratch_path(daemon->folder, "push.csv"), *text;
	assert_true(asprintf(&text, "statistic,area,period,value\nnew_urban_jobs,440103,%d-%02d,%d\n",
	                     2000 + month / 12, month % 12 + 1, 1000 + month) > 0);
	scratch_write(path, text, strlen(text));
	free(text);
	return path;
}

static struct run push_month(struct daemon *daemon, const char *spool, int month, const char *options)
{
	char *path = write_month(daemon, month), *words;
	assert_true(
	    asprintf(&words, "suanpan-report push --reporter liwan --timeout 5 %s '%s'", options, path) > 0);
	struct run run = daemon_run(daemon, spool, words);
	free(words);
	free(path);
	return run;
}

static void expect_run(struct run run, int status, const char *out, const char *err)
{
	if (run.status != status || !strstr(run.out, out) || !strstr(run.err, err))
		print_error("status %d\n%s%s", run.status, run.out, run.err);
	assert_int_equal(run.status, status);
	assert_non_null(strstr(run.out, out));
	assert_non_null(strstr(run.err, err));
	run_free(&run);
}

static void must_push(struct daemon *daemon, int month)
{
	expect_run(push_month(daemon, "liwan", month, ""), 0, "all accepted", "");
}

static void must_spool(struct daemon *daemon, int month)
{
	expect_run(push_month(daemon, "liwan", month, "--timeout 0.2"), 3, "not delivered", "");
}

/* The value of a key in the CSV of a command that prints key and value. */
static uint64_t number_of(struct daemon *daemon, const char *words, const char *key)
{
	char *out = daemon_say(daemon, words), *start, *at;
	assert_true(asprintf(&start, "\n%s,", key) > 0);
	at = strstr(out, start);
	assert_non_null(at);
	uint64_t number = strtoull(at + strlen(start), NULL, 10);
	free(start);
	free(out);
	return number;
}

static uint64_t status_of(struct daemon *daemon, const char *key)
{
	return number_of(daemon, "suanpan status --format csv", key);
}

/* Which of the first `count` months the daemon has a value for, the right one. */
static void read_months(struct daemon *daemon, bool has[], int count)
{
	char *out = daemon_say(daemon, "suanpan get new_urban_jobs --area liwan --frequency M --format csv");
	for (int i = 0; i < count; i++) {
		char start[64];
		snprintf(start, sizeof start, "\nnew_urban_jobs,440103,%d-%02d,", 2000 + i / 12, i % 12 + 1);
		const char *at = strstr(out, start);
		has[i] = at && at[strlen(start)] != ',';
		if (has[i])
			assert_int_equal(strtol(at + strlen(start), NULL, 10), 1000 + i);
	}
	free(out);
}

static void expect_months(struct daemon *daemon, int count, const bool expected[])
{
	bool *has = calloc((size_t)count, sizeof *has);
	read_months(daemon, has, count);
	for (int i = 0; i < count; i++)
		if (has[i] != expected[i])
			fail_msg("month %d is %s", i, has[i] ? "there" : "missing");
	free(has);
}

/* ---- a daemon restored from an old copy ---- */

static void shell(struct daemon *daemon, const char *script)
{
	char *command;
	assert_true(asprintf(&command, "cd '%s' && %s", daemon->folder, script) > 0);
	assert_int_equal(system(command), 0);
	free(command);
}

/* Of a daemon that is stopped: all that it has stored. */
static void copy_store(struct daemon *daemon)
{
	shell(daemon, "mkdir copy && for part in store archive; do [ ! -e $part ] || cp -a $part copy; done");
}

static void put_copy_back(struct daemon *daemon)
{
	shell(daemon, "rm -rf store archive && cp -a copy/* .");
}

static void everything_comes_again_after_a_restore(void **state)
{
	struct daemon *daemon = *state;
	bool all[9];
	for (int i = 0; i < 3; i++)
		must_push(daemon, i);
	assert_int_equal(daemon_stop(daemon), 0);
	copy_store(daemon);
	daemon_restart(daemon);
	for (int i = 3; i < 8; i++)
		must_push(daemon, i);
	uint64_t entries = status_of(daemon, "entries");
	assert_int_equal(daemon_stop(daemon), 0);
	put_copy_back(daemon);
	daemon_restart(daemon);
	assert_int_equal(status_of(daemon, "entries"), entries - 5);
	expect_run(push_month(daemon, "liwan", 8, ""), 0,
	           "1 report, all accepted; of those sent again: 5 accepted", "asks for report 4 again");
	assert_int_equal(status_of(daemon, "entries"), entries + 1);
	assert_int_equal(status_of(daemon, "revisions"), 0);
	memset(all, true, sizeof all);
	expect_months(daemon, 9, all);
	expect_run(daemon_run(daemon, "liwan", "suanpan-report drain"), 0, "nothing is spooled", "");
	assert_int_equal(status_of(daemon, "entries"), entries + 1);
}

static void a_drain_is_enough_for_that(void **state)
{
	struct daemon *daemon = *state;
	bool all[6];
	assert_int_equal(daemon_stop(daemon), 0);
	copy_store(daemon); /* not even the stream is known to it */
	daemon_restart(daemon);
	for (int i = 0; i < 6; i++)
		must_push(daemon, i);
	daemon_kill(daemon);
	put_copy_back(daemon);
	daemon_restart(daemon);
	expect_run(daemon_run(daemon, "liwan", "suanpan-report drain"), 0,
	           "6 reports sent again: 6 accepted (commit", "asks for report 1 again");
	memset(all, true, sizeof all);
	expect_months(daemon, 6, all);
	expect_run(daemon_run(daemon, "liwan", "suanpan-report status"), 0,
	           "next      7\npending   0\nkept      6 (from 1 to 6, ", "");
}

static struct spool *open_spool(struct daemon *daemon, const char *name)
{
	static struct sentence why; /* outlives the spool */
	struct spool *spool;
	char *folder, *path = scratch_path(daemon->folder, "spool-");
	assert_true(asprintf(&folder, "%s%s", path, name) > 0);
	int answer = spool_open(folder, &why, &spool);
	if (answer)
		print_error("%s\n", why.text);
	assert_int_equal(answer, 0);
	free(folder);
	free(path);
	return spool;
}

static void what_is_no_longer_kept_is_a_gap_that_the_operator_sees(void **state)
{
	struct daemon *daemon = *state;
	must_push(daemon, 0);
	assert_int_equal(daemon_stop(daemon), 0);
	copy_store(daemon);
	daemon_restart(daemon);
	must_push(daemon, 1);
	must_push(daemon, 2);
	assert_int_equal(daemon_stop(daemon), 0);
	must_spool(daemon, 3);
	must_spool(daemon, 4);
	struct spool *spool = open_spool(daemon, "liwan"); /* which lets go of what is kept */
	assert_int_equal(spool_decide(spool, NULL, 0, 0), 0);
	spool_close(spool);
	put_copy_back(daemon);
	daemon_restart(daemon);
	expect_run(daemon_run(daemon, "liwan", "suanpan-report drain"), 0, "2 reports, all accepted",
	           "what came before report 4 is no longer kept here");
	expect_months(daemon, 5, (const bool[]){true, false, false, true, true});
	char *streams = daemon_say(daemon, "suanpan list streams --format csv");
	assert_non_null(strstr(streams, ",5,2,20"));
	free(streams);
	must_push(daemon, 5);
}

/* ---- a lost spool ---- */

static void a_lost_spool_is_a_new_stream_and_the_old_ones_end_is_seen(void **state)
{
	struct daemon *daemon = *state;
	must_push(daemon, 0);
	must_push(daemon, 1);
	char *before = daemon_say(daemon, "suanpan list streams");
	assert_null(strstr(before, "followed by"));
	free(before);
	shell(daemon, "rm -r spool-liwan");
	must_push(daemon, 2);
	char *after = daemon_say(daemon, "suanpan list streams"), *ended = strstr(after, "followed by ");
	assert_non_null(ended);
	assert_null(strstr(ended + 1, "followed by"));
	free(after);
	expect_months(daemon, 3, (const bool[]){true, true, true});
}

/* ---- a full disk ---- */

/* A disk of its own for the spool "disk", in a mount table of this process's own. */
static bool mount_disk(const char *folder, size_t size)
{
	char options[64];
	snprintf(options, sizeof options, "size=%zu", size);
	return mount("none", folder, "tmpfs", 0, options) == 0;
}

static void grow_disk(const char *folder, size_t size)
{
	char options[64];
	snprintf(options, sizeof options, "size=%zu", size);
	assert_int_equal(mount("none", folder, "tmpfs", MS_REMOUNT, options), 0);
}

/* One push onto a disk of this size, then one with room; answers whether the first went well as well. */
static bool push_onto(struct daemon *daemon, const char *folder, size_t size, int month)
{
	assert_true(mount_disk(folder, size));
	struct run run = push_month(daemon, "disk", month, "");
	bool good = run.status == 0;
	if (!good) {
		assert_int_equal(run.status, 1);
		assert_non_null(strstr(run.err, "No space left on device"));
	}
	run_free(&run);
	grow_disk(folder, 1 << 24);
	expect_run(daemon_run(daemon, "disk", "suanpan-report drain"), 0, "", "");
	expect_run(push_month(daemon, "disk", month + 1, ""), 0, "all accepted", "");
	struct spool *spool = open_spool(daemon, "disk");
	struct spool_state state;
	assert_int_equal(spool_read_state(spool, &state), 0);
	assert_int_equal(state.pending, 0);
	assert_in_range(state.next, good ? 3 : 2, 3);
	spool_close(spool);
	assert_int_equal(umount(folder), 0);
	return good;
}

static void a_full_disk_is_said_and_nothing_is_half_written(void **state)
{
	struct daemon *daemon = *state;
	char *folder = scratch_path(daemon->folder, "spool-disk");
	assert_int_equal(mkdir(folder, 0700), 0);
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    !mount_disk(folder, 4096)) {
		print_message("this machine does not let us mount a disk: %s\n", strerror(errno));
		free(folder);
		skip();
	}
	assert_int_equal(umount(folder), 0);
	int month = 0, good = 0, full = 0;
	for (size_t size = 4096; good < 3; size += 4096, month += 2)
		*(push_onto(daemon, folder, size, month) ? &good : &full) += 1;
	assert_in_range(full, 3, 100);
	assert_int_equal(status_of(daemon, "revisions"), 0);
	print_message("%d disks too small\n", full);
	free(folder);
}

/* ---- kill -9 at any moment ---- */

enum { ROUNDS = 300, SPOOLS_MAX = ROUNDS, SEQUENCES_MAX = ROUNDS + 2 };

/* What was ever seen in a spool: by its number the month that the report is of. */
struct seen {
	int month[SEQUENCES_MAX]; /* -1: not seen */
	uint64_t next;
};

struct ledger {
	struct daemon *daemon;
	unsigned seed;
	struct seen seen[SPOOLS_MAX];
	int spools;
	bool is_spooled[ROUNDS]; /* by month */
	int killed, finished, spooled_by_killed;
};

static void spell_spool(char name[32], int spool)
{
	snprintf(name, 32, "%d", spool);
}

static int month_of(const struct spool_report *report)
{
	Suanpan__Report *packed = suanpan__report__unpack(NULL, report->payload_size, report->payload);
	assert_non_null(packed);
	assert_int_equal(packed->sequence, report->sequence);
	assert_int_equal(packed->n_value, 1);
	int month = (int)packed->value[0] - 1000;
	suanpan__report__free_unpacked(packed, NULL);
	return month;
}

static void note_report(struct ledger *ledger, struct seen *seen, struct spool *spool, uint64_t sequence)
{
	struct spool_report *report;
	assert_true(sequence < SEQUENCES_MAX);
	assert_int_equal(spool_read(spool, sequence, &report), 0);
	int month = month_of(report);
	free(report);
	assert_in_range(month, 0, ROUNDS - 1);
	if (seen->month[sequence] == -1) {
		assert_false(ledger->is_spooled[month]); /* else one push is there twice */
		ledger->is_spooled[month] = true;
		seen->month[sequence] = month;
	}
	assert_int_equal(seen->month[sequence], month); /* one content for each number, for good */
}

/* All that the spool has ever held is in it, pending or kept, and nothing else; month -1: no spool yet. */
static void look_into(struct ledger *ledger, int which)
{
	struct seen *seen = &ledger->seen[which];
	struct spool_state state;
	char name[32], path[64];
	spell_spool(name, which);
	snprintf(path, sizeof path, "spool-%s", name);
	char *folder = scratch_path(ledger->daemon->folder, path);
	bool exists = spool_exists(folder);
	free(folder);
	assert_true(exists || seen->next == 1);
	if (!exists)
		return;
	struct spool *spool = open_spool(ledger->daemon, name);
	assert_int_equal(spool_read_state(spool, &state), 0);
	assert_true(state.next >= seen->next);
	assert_int_equal(state.pending + state.kept, state.next - 1);
	for (uint64_t sequence = 1; sequence < state.next; sequence++)
		note_report(ledger, seen, spool, sequence);
	seen->next = state.next;
	spool_close(spool);
}

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* Starts suanpan-report in a process of its own, its words to the file `said`. */
static pid_t begin(struct daemon *daemon, const char *spool, const char *said, char *words[])
{
	char *file = scratch_path(daemon->folder, said), *folder = scratch_path(daemon->folder, "spool-"),
	     *path, *program;
	const char *build = getenv("SUANPAN_BUILD");
	assert_true(asprintf(&path, "%s%s", folder, spool) > 0);
	assert_true(asprintf(&program, "%s/suanpan-report", build ? build : "build/release") > 0);
	scratch_write(file, "", 0); /* here: the child may not live long enough */
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int out = open(file, O_WRONLY | O_APPEND);
		if (out < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
			_exit(126);
		setenv("SUANPAN_INTAKE", daemon->intake, 1);
		setenv("SUANPAN_QUERY", daemon->query, 1);
		setenv("SUANPAN_SPOOL", path, 1);
		execv(program, words);
		_exit(127);
	}
	free(program);
	free(path);
	free(folder);
	free(file);
	return pid;
}

static void wait_until(int64_t deadline_us)
{
	while (now_us() < deadline_us)
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

/* What the one that was killed, or was too quick for it, had said. */
static bool said_it_was_spooled(struct daemon *daemon)
{
	char *path = scratch_path(daemon->folder, "said"), text[4096];
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	free(path);
	return strstr(text, "all accepted") || strstr(text, "spooled and will be sent");
}

/* One command on one spool, killed after a random part of the time that it takes when it is let be. */
static void run_and_kill(struct ledger *ledger, int spool, int month, bool drains, int64_t usual_us)
{
	struct daemon *daemon = ledger->daemon;
	char name[32], words[8][16] = {"suanpan-report", "push", "--reporter", "liwan", "--timeout", "0.3"},
	               *csv = write_month(daemon, month);
	char *push[] = {words[0], words[1], words[2], words[3], words[4], words[5], csv, NULL};
	char *drain[] = {words[0], (char[]){"drain"}, words[4], words[5], NULL};
	spell_spool(name, spool);
	int64_t until = now_us() + rand_r(&ledger->seed) % (usual_us + usual_us / 4);
	pid_t pid = begin(daemon, name, "said", drains ? drain : push);
	wait_until(until);
	kill(pid, SIGKILL);
	int status;
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	if (!was_killed)
		assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 3));
	ledger->killed += was_killed;
	ledger->finished += !was_killed;
	look_into(ledger, spool);
	if (!drains && said_it_was_spooled(daemon))
		assert_true(ledger->is_spooled[month]);
	ledger->spooled_by_killed += was_killed && !drains && ledger->is_spooled[month];
	free(csv);
}

/* What a push into the spool in use takes, from fork to end. */
static int64_t measure_push(struct ledger *ledger, int month)
{
	struct daemon *daemon = ledger->daemon;
	int64_t before = now_us();
	struct run run = push_month(daemon, "0", month, "");
	int64_t took = now_us() - before;
	expect_run(run, 0, "all accepted", "");
	look_into(ledger, 0);
	return took;
}

/* Spool 0 is the one in use; every third round a spool of its own sees its first push. Now and then the daemon is killed as
 * well, and away for some rounds. */
static void play_rounds(struct ledger *ledger)
{
	int64_t first_us = measure_push(ledger, 0), later_us = first_us;
	for (int month = 1; month < 4; month++) { /* the quickest: this machine may be busy with others */
		int64_t took_us = measure_push(ledger, month);
		later_us = took_us < later_us ? took_us : later_us;
	}
	if (first_us > 3 * later_us)
		first_us = 3 * later_us;
	for (int round = 4; round < ROUNDS; round++) {
		bool is_first = round % 3 == 0, drains = round % 7 == 0;
		int spool = is_first && !drains ? ledger->spools++ : 0;
		if (round % 50 == 40)
			daemon_kill(ledger->daemon);
		run_and_kill(ledger, spool, round, drains, spool ? first_us : later_us);
		if (round % 50 == 47)
			daemon_restart(ledger->daemon);
	}
}

static void drain_all(struct ledger *ledger)
{
	for (int i = 0; i < ledger->spools; i++) {
		char name[32];
		spell_spool(name, i);
		struct run run = daemon_run(ledger->daemon, name, "suanpan-report drain");
		expect_run(run, 0, "", "");
		look_into(ledger, i);
	}
}

/* Each stream is decided to its end without a gap, and together they are the journal, with the catalogue's entry. */
static void expect_streams(struct ledger *ledger)
{
	char *out = daemon_say(ledger->daemon, "suanpan list streams --format csv");
	uint64_t reports = 0, decided = 0;
	int streams = 0, spools = 0;
	for (int i = 0; i < ledger->spools; i++) {
		spools += ledger->seen[i].next > 1;
		reports += ledger->seen[i].next - 1;
	}
	for (char *line = strchr(out, '\n') + 1; *line; line = strchr(line, '\n') + 1, streams++) {
		char *at = line;
		for (int i = 0; i < 3; i++)
			at = strchr(at, ',') + 1;
		decided += strtoull(at, &at, 10);
		assert_memory_equal(at, ",0,", 3);
	}
	free(out);
	assert_int_equal(streams, spools);
	assert_int_equal(decided, reports);
	assert_int_equal(status_of(ledger->daemon, "entries"), reports + 1);
	assert_int_equal(status_of(ledger->daemon, "revisions"), 0);
}

static void sigkill_at_any_moment_of_push_and_drain_loses_and_doubles_nothing(void **state)
{
	struct ledger *ledger = calloc(1, sizeof *ledger);
	const char *seed = getenv("SUANPAN_SEED");
	ledger->daemon = *state;
	ledger->seed = seed ? (unsigned)strtoul(seed, NULL, 10) : 20260702;
	ledger->spools = 1;
	for (int i = 0; i < SPOOLS_MAX; i++) {
		ledger->seen[i].next = 1;
		for (int j = 0; j < SEQUENCES_MAX; j++)
			ledger->seen[i].month[j] = -1;
	}
	print_message("seed %u\n", ledger->seed);
	play_rounds(ledger);
	drain_all(ledger);
	expect_streams(ledger);
	expect_months(ledger->daemon, ROUNDS, ledger->is_spooled);
	print_message("%d killed, of which %d had spooled; %d were too quick; %d spools\n", ledger->killed,
	              ledger->spooled_by_killed, ledger->finished, ledger->spools);
	assert_true(ledger->killed > ROUNDS / 4 && ledger->spooled_by_killed > 0);
	free(ledger);
}

#define FLOW_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(everything_comes_again_after_a_restore),
	    FLOW_TEST(a_drain_is_enough_for_that),
	    FLOW_TEST(what_is_no_longer_kept_is_a_gap_that_the_operator_sees),
	    FLOW_TEST(a_lost_spool_is_a_new_stream_and_the_old_ones_end_is_seen),
	    FLOW_TEST(a_full_disk_is_said_and_nothing_is_half_written),
	    FLOW_TEST(sigkill_at_any_moment_of_push_and_drain_loses_and_doubles_nothing),
	};
	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
