/* Backup and restore, with the real programs: under full load, after a loss, with the archive and without
 * it, and what is refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/store/internal.h"
#include "daemon/upkeep/backup.h"
#include "proto/suanpan.pb-c.h"
#include "tests/lib/daemon.h"
#include "tests/lib/peer.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

static struct run PRINTF_LIKE(3, 4) run(struct daemon *daemon, const char *spool, const char *format, ...)
{
	char *words;
	va_list arguments;
	va_start(arguments, format);
	assert_true(vasprintf(&words, format, arguments) > 0);
	va_end(arguments);
	struct run run = daemon_run(daemon, spool, words);
	free(words);
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

/* What stands behind "KEY  " at the start of a line; from malloc. */
static char *said_of(const char *out, const char *key)
{
	char *start;
	assert_true(asprintf(&start, "%-10s ", key) > 0);
	for (const char *line = out; *line;) {
		size_t length = strcspn(line, "\n");
		if (strncmp(line, start, strlen(start)) == 0) {
			char *said = strndup(line + strlen(start), length - strlen(start));
			free(start);
			return said;
		}
		line += length + (line[length] == '\n');
	}
	fail_msg("no line of '%s' in: %s", key, out);
	return NULL;
}

/* The hash at the end of "digest     all   HASH". */
static char *digest_of_all(const char *out)
{
	const char *at = strstr(out, "\ndigest     all ");
	assert_non_null(at);
	at += strlen("\ndigest     all ");
	at += strspn(at, " ");
	return strndup(at, strcspn(at, "\n"));
}

static struct run backup(struct daemon *daemon, const char *name)
{
	return run(daemon, "none", "suanpand backup '%s/%s' --set 'store=%s/store'", daemon->folder, name,
	           daemon->folder);
}

static struct run restore(struct daemon *daemon, const char *name, const char *more)
{
	return run(daemon, "none", "suanpand restore '%s/%s' --set 'store=%s/store' %s", daemon->folder, name,
	           daemon->folder, more);
}

/* Of the store, or of a backup: clean, and what a rebuild of it comes to. Answers its digest. */
static char *must_check(struct daemon *daemon, const char *name, const char *more)
{
	struct run checked =
	    run(daemon, "none", "suanpand check --set 'store=%s/%s' %s", daemon->folder, name, more);
	if (checked.status != 0)
		print_error("%s%s", checked.out, checked.err);
	assert_int_equal(checked.status, 0);
	assert_non_null(strstr(checked.out, "rebuild    every table is what the journal gives"));
	char *digest = digest_of_all(checked.out);
	run_free(&checked);
	return digest;
}

static char *rebuild(struct daemon *daemon, const char *from, const char *to)
{
	struct run rebuilt = run(daemon, "none", "suanpand rebuild '%s/%s' --set 'store=%s/%s'",
	                         daemon->folder, to, daemon->folder, from);
	assert_int_equal(rebuilt.status, 0);
	char *digest = digest_of_all(rebuilt.out);
	run_free(&rebuilt);
	return digest;
}

static uint64_t status_of(struct daemon *daemon, const char *key)
{
	char *out = daemon_say(daemon, "suanpan status --format csv"), *line;
	assert_true(asprintf(&line, "\n%s,", key) > 0);
	const char *at = strstr(out, line);
	assert_non_null(at);
	uint64_t value = strtoull(at + strlen(line), NULL, 10);
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

static void remove_below(struct daemon *daemon, const char *name)
{
	char *path = scratch_path(daemon->folder, name);
	scratch_free(path);
}

static bool is_there(struct daemon *daemon, const char *name)
{
	char *path = scratch_path(daemon->folder, name);
	bool there = access(path, F_OK) == 0;
	free(path);
	return there;
}

static void flip(struct daemon *daemon, const char *name, off_t at)
{
	char *path = scratch_path(daemon->folder, name);
	uint8_t byte;
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
	free(path);
}

/* ---- load ---- */

#define WINDOW  64
#define SENDERS 3

struct load {
	_Atomic uint64_t acked[SENDERS];
	pid_t senders[SENDERS];
};

/* Sends one observation after the other, as many ahead of the acks as a sender may, until it is killed. */
static void send_for_ever(struct daemon *daemon, struct load *load, int which)
{
	static const char *const reporters[SENDERS] = {"liwan", "yuexiu", "haizhu"};
	static const char *const areas[SENDERS] = {"440103", "440104", "440105"};
	struct peer peer;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	peer_open(&peer, daemon->intake);
	for (uint64_t sent = 0;;) {
		while (sent < atomic_load(&load->acked[which]) + WINDOW) {
			char period[16];
			void *bytes;
			size_t size;
			snprintf(period, sizeof period, "%d-%02d", (int)(2000 + sent / 12 % 20),
			         (int)(sent % 12 + 1));
			const struct peer_report report = {.reporter = reporters[which],
			                                   .statistic = "new_urban_jobs",
			                                   .area = areas[which],
			                                   .period = period,
			                                   .value = (int64_t)sent,
			                                   .stream = (uint8_t)(which + 1),
			                                   .sequence = sent + 1};
			sent++;
			peer_pack(&report, &bytes, &size);
			peer_send(&peer, bytes, size);
			free(bytes);
		}
		Suanpan__Ack *ack = peer_receive_ack(&peer, 60000);
		if (!ack || ack->outcome != SUANPAN__OUTCOME__OUTCOME_ACCEPTED)
			_exit(1);
		suanpan__ack__free_unpacked(ack, NULL);
		atomic_fetch_add(&load->acked[which], 1);
	}
}

static struct load *begin_load(struct daemon *daemon)
{
	struct load *load =
	    mmap(NULL, sizeof *load, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(load != MAP_FAILED);
	fflush(NULL);
	for (int i = 0; i < SENDERS; i++) {
		pid_t sender = fork(); /* the child shares `load`, and may not write its 0 there */
		assert_true(sender >= 0);
		if (sender == 0)
			send_for_ever(daemon, load, i);
		load->senders[i] = sender;
	}
	return load;
}

static uint64_t acked(struct load *load)
{
	uint64_t sum = 0;
	for (int i = 0; i < SENDERS; i++)
		sum += atomic_load(&load->acked[i]);
	return sum;
}

static void wait_for_acks(struct load *load, uint64_t least)
{
	for (int tries = 0; acked(load) < least; tries++) {
		assert_true(tries < 6000);
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
}

static void end_load(struct load *load)
{
	for (int i = 0; i < SENDERS; i++) {
		int status;
		assert_int_equal(kill(load->senders[i], SIGKILL), 0);
		assert_int_equal(waitpid(load->senders[i], &status, 0), load->senders[i]);
		assert_true(
		    WIFSIGNALED(status)); /* else it gave up by itself: an ack was missing, or no ack */
	}
	munmap(load, sizeof *load);
}

/* ---- looking behind ---- */

static void expect_to_be_a_commit_of(struct daemon *daemon, const struct backup_state *state)
{
	struct store *store;
	struct db_txn *txn;
	struct head_record head;
	char *path = scratch_path(daemon->folder, "store");
	assert_int_equal(store_open_reader(path, &store), 0);
	assert_int_equal(db_begin_read(store_db(store), &txn), 0);
	assert_int_equal(store_read_head(txn, state->commit, &head), 0);
	assert_int_equal(head.commit, state->commit);
	assert_int_equal(head.wall_ms, state->wall_ms);
	assert_int_equal(head.journal.entry, state->entry);
	assert_memory_equal(head.journal.chain, state->head, sizeof state->head);
	db_abort(txn);
	store_close(store);
	free(path);
}

/* How often each report of a stream stands in the journal as accepted; from calloc, by sequence. */
static uint8_t *count_reports(struct daemon *daemon, const char *reporter, uint64_t *ret_newest)
{
	struct store *store;
	struct db_txn *txn;
	struct head_record head;
	char *path = scratch_path(daemon->folder, "store");
	assert_int_equal(store_open_reader(path, &store), 0);
	assert_int_equal(db_begin_read(store_db(store), &txn), 0);
	assert_int_equal(store_read_head(txn, UINT64_MAX, &head), 0);
	uint8_t *counts = calloc(head.journal.entry + 2, 1);
	*ret_newest = 0;
	for (uint64_t entry = 1; entry <= head.journal.entry; entry++) {
		struct journal_record record;
		struct db_value name;
		const void *payload;
		size_t size;
		assert_int_equal(journal_read(txn, entry, &record, &payload, &size), 0);
		if (record.kind != JOURNAL_ACCEPTED)
			continue;
		assert_int_equal(store_read_name(txn, NAME_REPORTER, record.reporter_id, &name), 0);
		if (name.size != strlen(reporter) || memcmp(name.bytes, reporter, name.size) != 0)
			continue;
		assert_true(record.sequence <= head.journal.entry);
		counts[record.sequence]++;
		if (record.sequence > *ret_newest)
			*ret_newest = record.sequence;
	}
	db_abort(txn);
	store_close(store);
	free(path);
	return counts;
}

static void expect_each_once(struct daemon *daemon, const char *reporter, uint64_t newest)
{
	uint64_t found;
	uint8_t *counts = count_reports(daemon, reporter, &found);
	assert_int_equal(found, newest);
	for (uint64_t sequence = 1; sequence <= newest; sequence++)
		assert_int_equal(counts[sequence], 1);
	free(counts);
}

/* ---- under load ---- */

static void expect_sound_backup(struct daemon *daemon, const char *name, char *said_digest)
{
	struct backup_state state;
	char *again, *path = scratch_path(daemon->folder, name), text[65];
	assert_int_equal(backup_read_state(path, stderr, &state), 0);
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", state.digest[i]);
	assert_string_equal(text, said_digest);
	char *checked = must_check(daemon, name, "--set archive=");
	assert_string_equal(checked, said_digest);
	assert_true(asprintf(&again, "%s-rebuilt", name) > 0);
	char *rebuilt = rebuild(daemon, name, again);
	assert_string_equal(rebuilt, said_digest);
	expect_to_be_a_commit_of(daemon, &state);
	free(rebuilt);
	free(again);
	free(checked);
	free(path);
}

static void a_backup_under_full_load_is_one_commit_and_all_of_it(void **state)
{
	static const char *const names[] = {"b1", "b2", "b3"};
	struct daemon *daemon = *state;
	struct load *load = begin_load(daemon);
	char *digests[3];
	for (int i = 0; i < 3; i++) {
		wait_for_acks(load, acked(load) + 500);
		uint64_t before = acked(load);
		struct run made = backup(daemon, names[i]);
		uint64_t after = acked(load);
		if (made.status != 0)
			print_error("%s%s", made.out, made.err);
		assert_int_equal(made.status, 0);
		assert_true(after > before); /* nobody waited for it */
		digests[i] = said_of(made.out, "digest");
		char *seconds = said_of(made.out, "seconds"), *bytes = said_of(made.out, "bytes");
		print_message("%s: %s bytes in %s s, beside %" PRIu64 " acks\n", names[i], bytes, seconds,
		              after - before);
		free(seconds);
		free(bytes);
		run_free(&made);
	}
	struct run checked =
	    run(daemon, "none", "suanpand check --quick --set 'store=%s/store'", daemon->folder);
	expect_run(checked, 0, "\nclean\n", "");
	end_load(load);
	assert_true(strcmp(digests[0], digests[1]) != 0 && strcmp(digests[1], digests[2]) != 0);
	for (int i = 0; i < 3; i++) {
		expect_sound_backup(daemon, names[i], digests[i]);
		free(digests[i]);
	}
	/* The last of them is a store that goes on. */
	assert_int_equal(daemon_stop(daemon), 0);
	remove_below(daemon, "store");
	remove_below(daemon, "archive");
	expect_run(restore(daemon, "b3", ""), 0, "\nstream     haizhu, stream 03030303: up to report ", "");
	daemon_restart(daemon);
	assert_true(status_of(daemon, "entries") > 1500);
}

/* ---- the drill ---- */

/* One file of one observation, the n-th month's. */
static void push(struct daemon *daemon, const char *reporter, const char *area, int month)
{
	char *path = scratch_path(daemon->folder, "push.csv"), *text;
	assert_true(asprintf(&text, "statistic,area,period,value\nnew_urban_jobs,%s,%d-%02d,%d\n", area,
	                     2000 + month / 12, month % 12 + 1, 1000 + month) > 0);
	scratch_write(path, text, strlen(text));
	expect_run(run(daemon, reporter, "suanpan-report push --reporter %s '%s'", reporter, path), 0,
	           "all accepted", "");
	free(text);
	free(path);
}

static void push_both(struct daemon *daemon, int from, int to)
{
	for (int month = from; month < to; month++) {
		push(daemon, "liwan", "440103", month);
		push(daemon, "yuexiu", "440104", month);
	}
}

/* Every figure that anyone can ask for here, without the commits that said them. */
static char *figures(struct daemon *daemon)
{
	char *out = daemon_say(daemon, "suanpan eval new_urban_jobs --frequency M --format csv"), *to = out;
	for (char *line = out, *next; *line; line = next) {
		next = line + strcspn(line, "\n");
		next += *next == '\n';
		const char *commit = memrchr(line, ',', (size_t)(next - line));
		assert_non_null(commit);
		memmove(to, line, (size_t)(commit - line) + 1);
		to += commit - line + 1;
	}
	*to = '\0';
	return out;
}

static void lose_everything_but_the_backup(struct daemon *daemon)
{
	daemon_kill(daemon);
	remove_below(daemon, "store");
	remove_below(daemon, "archive");
}

static void after_a_loss_senders_are_asked_for_what_the_backup_has_not(void **state)
{
	struct daemon *daemon = *state;
	push_both(daemon, 0, 3);
	expect_run(backup(daemon, "b"), 0, "\nentry      7\n", "");
	push_both(daemon, 3, 8);
	uint64_t entries = status_of(daemon, "entries");
	char *before = figures(daemon);
	lose_everything_but_the_backup(daemon);
	expect_run(restore(daemon, "b", ""), 0, "what was sent after that, each sender is asked for", "");
	daemon_restart(daemon);
	assert_int_equal(status_of(daemon, "entries"), 7);
	expect_run(run(daemon, "liwan", "suanpan-report drain --reporter liwan"), 0,
	           "5 reports sent again: 5 accepted", "asks for report 4 again");
	expect_run(run(daemon, "yuexiu", "suanpan-report drain --reporter yuexiu"), 0,
	           "5 reports sent again: 5 accepted", "asks for report 4 again");
	assert_int_equal(status_of(daemon, "entries"), entries);
	assert_int_equal(status_of(daemon, "revisions"), 0);
	char *after = figures(daemon);
	assert_string_equal(after, before);
	wait_for_archive(daemon);
	char *live = must_check(daemon, "store", ""), *rebuilt = rebuild(daemon, "store", "again");
	assert_string_equal(live, rebuilt);
	expect_each_once(daemon, "liwan", 8);
	expect_each_once(daemon, "yuexiu", 8);
	push_both(daemon, 8, 9); /* and they go on */
	expect_each_once(daemon, "liwan", 9);
	free(live);
	free(rebuilt);
	free(before);
	free(after);
}

static void with_the_archive_nothing_is_missing_and_nothing_sent_again(void **state)
{
	struct daemon *daemon = *state;
	char *more;
	push_both(daemon, 0, 3);
	expect_run(backup(daemon, "b"), 0, "\nentry      7\n", "");
	push_both(daemon, 3, 8);
	wait_for_archive(daemon);
	uint64_t entries = status_of(daemon, "entries");
	daemon_kill(daemon);
	char *before = must_check(daemon, "store", "");
	remove_below(daemon, "store");
	assert_true(asprintf(&more, "--archive '%s/archive'", daemon->folder) > 0);
	struct run restored = restore(daemon, "b", more);
	char *digest = said_of(restored.out, "digest"), *archived = said_of(restored.out, "archive");
	assert_string_equal(digest, before);
	assert_int_equal(strncmp(archived, "10 entries more, of ", 20), 0);
	expect_run(restored, 0, "\nstream     liwan, stream ", "");
	daemon_restart(daemon);
	assert_int_equal(status_of(daemon, "entries"), entries);
	expect_run(run(daemon, "liwan", "suanpan-report drain --reporter liwan"), 0, "nothing is spooled",
	           "");
	expect_run(run(daemon, "yuexiu", "suanpan-report drain --reporter yuexiu"), 0, "nothing is spooled",
	           "");
	assert_int_equal(status_of(daemon, "entries"), entries);
	push_both(daemon, 8, 9);
	wait_for_archive(daemon);
	free(must_check(daemon, "store", ""));
	expect_each_once(daemon, "liwan", 9);
	expect_each_once(daemon, "yuexiu", 9);
	free(digest);
	free(archived);
	free(before);
	free(more);
}

/* ---- refusals ---- */

static void what_cannot_be_backed_up_is_said_and_leaves_nothing(void **state)
{
	struct daemon *daemon = *state;
	push(daemon, "liwan", "440103", 0);
	expect_run(backup(daemon, "b"), 0, "backup     ", "");
	expect_run(backup(daemon, "b"), 1, "", "b: is there already");
	expect_run(backup(daemon, "no/such/b"), 1, "", "no/such/b.part: No such file or directory");
	expect_run(run(daemon, "none", "suanpand backup '%s/c' --set 'store=%s/nowhere'", daemon->folder,
	               daemon->folder),
	           1, "", "nowhere: there is no store to back up");
	expect_run(run(daemon, "none", "suanpand backup"), 2, "", "backup: expected DIR");
	assert_false(is_there(daemon, "c"));
	assert_false(is_there(daemon, "c.part"));
	assert_false(is_there(daemon, "nowhere"));
}

/* It cannot be told by its name from a whole one, as it has none until it is. */
static void a_backup_that_was_killed_is_none_and_the_next_one_takes_its_place(void **state)
{
	struct daemon *daemon = *state;
	char *part = scratch_path(daemon->folder, "b.part"), *data = scratch_path(part, "data.mdb");
	push(daemon, "liwan", "440103", 0);
	assert_int_equal(mkdir(part, 0700), 0);
	scratch_write(data, "half of something", 17);
	expect_run(backup(daemon, "b"), 0, "backup     ", "");
	assert_true(is_there(daemon, "b/data.mdb"));
	assert_true(is_there(daemon, "b/data.seal"));
	assert_false(is_there(daemon, "b/lock"));
	assert_false(is_there(daemon, "b/lock.mdb"));
	assert_false(is_there(daemon, "b.part"));
	free(part);
	free(data);
}

static void a_damaged_store_gives_no_backup(void **state)
{
	struct daemon *daemon = *state;
	char *path = scratch_path(daemon->folder, "store/data.mdb");
	struct stat status;
	push(daemon, "liwan", "440103", 0);
	daemon_kill(daemon); /* so that it has no seal */
	assert_int_equal(stat(path, &status), 0);
	for (off_t at = 100; at < status.st_size; at += 4096) /* in every page, in use or not */
		flip(daemon, "store/data.mdb", at + 3000);
	struct run made = backup(daemon, "b");
	assert_int_not_equal(made.status, 0);
	run_free(&made);
	assert_false(is_there(daemon, "b"));
	free(path);
}

static void what_cannot_be_restored_is_said_and_leaves_nothing(void **state)
{
	struct daemon *daemon = *state;
	push(daemon, "liwan", "440103", 0);
	expect_run(backup(daemon, "b"), 0, "backup     ", "");
	expect_run(restore(daemon, "b", ""), 1, "", "store: another suanpand has it open");
	assert_int_equal(daemon_stop(daemon), 0);
	expect_run(restore(daemon, "b", ""), 1, "", "store: there is a store in it; move it away first");
	remove_below(daemon, "store");
	flip(daemon, "b/data.mdb", 40000);
	expect_run(restore(daemon, "b", ""), 1, "",
	           "b: data.mdb: page 9 (bytes 36864 to 40959) is not as it was sealed");
	flip(daemon, "b/data.mdb", 40000);
	flip(daemon, "b/data.seal", 40);
	expect_run(restore(daemon, "b", ""), 1, "", "b: data.seal is damaged itself");
	flip(daemon, "b/data.seal", 40);
	expect_run(restore(daemon, "nowhere", ""), 1, "", "nowhere: is no backup, or not a whole one");
	expect_run(restore(daemon, "b", "--archive /nowhere"), 1, "", "/nowhere: No such file or directory");
	assert_false(is_there(daemon, "store"));
	char *other = scratch_path(daemon->folder, "store"), *file = scratch_path(other, "letter");
	assert_int_equal(mkdir(other, 0700), 0);
	scratch_write(file, "dear", 4);
	expect_run(restore(daemon, "b", ""), 1, "", "store: is not empty, and holds no store");
	assert_int_equal(unlink(file), 0);
	expect_run(restore(daemon, "b", ""), 0, "restored   ", "");
	daemon_restart(daemon);
	free(other);
	free(file);
}

/* ---- a restore that was cut off ---- */

static struct run run_daemon_in_vain(struct daemon *daemon)
{
	return run(
	    daemon, "none",
	    "suanpand --set 'store=%s/store' --set 'catalogue=%s' --set 'intake=%s' --set 'query=%s' --set "
	    "'live=%s'",
	    daemon->folder, daemon->catalogue, daemon->intake, daemon->query, daemon->live);
}

static void no_daemon_begins_an_empty_store_where_a_restore_was_cut_off(void **state)
{
	struct daemon *daemon = *state;
	push_both(daemon, 0, 2);
	expect_run(backup(daemon, "b"), 0, "backup     ", "");
	wait_for_archive(daemon);
	assert_int_equal(daemon_stop(daemon), 0);
	/* As it stands when the copy has only begun. */
	char *store = scratch_path(daemon->folder, "store"), *part = scratch_path(store, "restore.part");
	char *command, *data = scratch_path(part, "data.mdb");
	scratch_free(strdup(store));
	assert_int_equal(mkdir(store, 0700), 0);
	assert_int_equal(mkdir(part, 0700), 0);
	scratch_write(data, "half", 4);
	assert_true(asprintf(&command, "cp '%s/b/data.seal' '%s'", daemon->folder, store) > 0);
	assert_int_equal(system(command), 0);
	expect_run(run_daemon_in_vain(daemon), 1, "", "data.mdb is not there, and its seal is");
	expect_run(restore(daemon, "b", ""), 0, "restored   ", "");
	daemon_restart(daemon);
	assert_int_equal(status_of(daemon, "entries"), 5);
	free(command);
	free(data);
	free(part);
	free(store);
}

/* ---- damage that a start finds ---- */

static void a_store_damaged_while_it_was_closed_is_not_served(void **state)
{
	struct daemon *daemon = *state;
	push_both(daemon, 0, 2);
	assert_int_equal(daemon_stop(daemon), 0);
	flip(daemon, "store/data.mdb", 6 * 4096 + 77);
	expect_run(run_daemon_in_vain(daemon), 1, "",
	           "data.mdb: page 6 (bytes 24576 to 28671) is not as it was sealed");
	struct run checked = run(daemon, "none", "suanpand check --set 'store=%s/store'", daemon->folder);
	expect_run(checked, 1, "seal       data.mdb: page 6 (bytes 24576 to 28671) is not as it was sealed",
	           "");
	flip(daemon, "store/data.mdb", 6 * 4096 + 77);
	daemon_restart(daemon);
}

#define FLOW_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(a_backup_under_full_load_is_one_commit_and_all_of_it),
	    FLOW_TEST(after_a_loss_senders_are_asked_for_what_the_backup_has_not),
	    FLOW_TEST(with_the_archive_nothing_is_missing_and_nothing_sent_again),
	    FLOW_TEST(what_cannot_be_backed_up_is_said_and_leaves_nothing),
	    FLOW_TEST(a_backup_that_was_killed_is_none_and_the_next_one_takes_its_place),
	    FLOW_TEST(a_damaged_store_gives_no_backup),
	    FLOW_TEST(what_cannot_be_restored_is_said_and_leaves_nothing),
	    FLOW_TEST(no_daemon_begins_an_empty_store_where_a_restore_was_cut_off),
	    FLOW_TEST(a_store_damaged_while_it_was_closed_is_not_served),
	};
	return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
