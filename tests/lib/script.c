#include "tests/lib/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/db/db.h"
#include "daemon/db/tables.h"
#include "proto/endpoint.h"
#include "tests/lib/daemon.h"
#include "tests/lib/little_city.h"
#include "tests/lib/peer.h"
#include "tests/lib/scratch.h"
#include "tests/lib/wound_clock.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define PATIENCE_MS 60000
/* After this a report is sent again, as any sender would: it was not taken, or its ack could not be sent. */
#define SILENCE_MS  300

enum what { START, REPORT, RELOAD, ACT };

static const struct step {
	enum what what;
	struct peer_report report;
	Suanpan__Outcome outcome;
	Suanpan__ActKind act;
	int64_t clock_ms; /* before the act it is wound to this; 0: it is not */
} steps[SCRIPT_STEPS] = {
    {.what = START},
    {.what = REPORT,
     .report = {"north_office", "people", "north", "2023", 2000, 0, 7, 1, 0},
     .outcome = SUANPAN__OUTCOME__OUTCOME_ACCEPTED},
    {.what = REPORT,
     .report = {"north_office", "beds", "north", "2024-06", 12, 0, 7, 2, 0},
     .outcome = SUANPAN__OUTCOME__OUTCOME_ACCEPTED},
    {.what = REPORT,
     .report = {"south_office", "people", "south", "2023", 900, 0, 8, 1, 0},
     .outcome = SUANPAN__OUTCOME__OUTCOME_ACCEPTED},
    {.what = REPORT,
     .report = {"north_office", "beds", "south", "2024-06", 1, 0, 7, 3, 0},
     .outcome = SUANPAN__OUTCOME__OUTCOME_REFUSED},
    {.what = REPORT,
     .report = {"north_office", "beds", "north", "2024-06", 12, 0, 7, 2, 0},
     .outcome = SUANPAN__OUTCOME__OUTCOME_ACCEPTED},
    {.what = RELOAD},
    {.what = REPORT,
     .report = {"north_office", "beds", "north", "2024-06", 14, 0, 7, 4, 0},
     .outcome = SUANPAN__OUTCOME__OUTCOME_ACCEPTED},
    {.what = REPORT,
     .report = {"south_office", "beds", "south", "2024-05", 7, 0, 8, 2, 0},
     .outcome = SUANPAN__OUTCOME__OUTCOME_ACCEPTED},
    {.what = ACT, .act = SUANPAN__ACT_KIND__ACT_CLOSE},
    /* In January 2024. The daemon may come before us, for the day has turned: what it leaves is the same. */
    {.what = ACT, .act = SUANPAN__ACT_KIND__ACT_LOOK, .clock_ms = 1705723200000},
    {.what = ACT, .act = SUANPAN__ACT_KIND__ACT_ACKNOWLEDGE},
};

/* One run of it. */
struct play {
	struct script *script;
	struct daemon daemon;
	struct injected injected;
	const char *environment[10];
	struct wound_clock clock;
	void *context, *socket;
	int next; /* step; all before it are done, which was acked */
	int64_t deadline_ms;
	bool forever; /* what fails goes on failing, until it is told not to */
	struct script_outcome outcome;
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static bool is_there(const char *folder, const char *name)
{
	char *path = scratch_path(folder, name);
	int found = access(path, F_OK);
	free(path);
	return found == 0;
}

/* ---- what is in a store ---- */

static uint64_t mix(uint64_t digest, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		digest = (digest ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
	return (digest ^ size) * UINT64_C(0x100000001b3);
}

static int mix_entry(void *closure, const struct db_key *key, struct db_value value)
{
	uint64_t *digest = closure;
	*digest = mix(mix(*digest, key->bytes, key->size), value.bytes, value.size);
	return 0;
}

static uint64_t digest_of_tables(const char *folder)
{
	static const char *const names[TABLE_COUNT] = TABLE_NAMES_ON_DISK;
	uint64_t digest = UINT64_C(0xcbf29ce484222325);
	struct db_key all = {.size = 0};
	struct db *db;
	struct db_txn *txn;
	assert_int_equal(db_open(folder, names, TABLE_COUNT, &db), 0);
	assert_int_equal(db_begin_read(db, &txn), 0);
	for (unsigned i = 0; i < TABLE_COUNT; i++) {
		digest = mix(digest, names[i], strlen(names[i]));
		if (i != TABLE_META) /* the format, which is there or not yet */
			assert_int_equal(db_walk(txn, i, &all, 0, mix_entry, &digest), 0);
	}
	db_abort(txn);
	db_close(db);
	return digest;
}

static void copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	char bytes[65536];
	ssize_t size;
	assert_true(in >= 0 && out >= 0);
	while ((size = read(in, bytes, sizeof bytes)) > 0)
		assert_int_equal(write(out, bytes, (size_t)size), size);
	assert_int_equal(size, 0);
	close(in);
	close(out);
}

/* Of a copy: looking must not mend anything. */
static uint64_t digest_of_store(const char *folder)
{
	char *from = scratch_path(folder, "store/data.mdb"), *copy = scratch_new(),
	     *to = scratch_path(copy, "data.mdb");
	if (access(from, F_OK) == 0)
		copy_file(from, to);
	uint64_t digest = digest_of_tables(copy);
	free(from);
	free(to);
	scratch_free(copy);
	return digest;
}

/* ---- the daemon ---- */

/* The end of it, which is what one wants to see. */
static void print_log(const struct play *play)
{
	char *log = daemon_log(&play->daemon);
	size_t size = strlen(log);
	print_message("... %s", size > 900 ? log + size - 900 : log);
	free(log);
}

/* Without memory libzmq mostly calls abort(3); in a few places, met only now and then, it goes on with nothing. */
static bool is_abort(int status)
{
	return status == 128 + SIGABRT || status == 128 + SIGSEGV;
}

static void note_end(struct play *play, int status, bool ready)
{
	bool allowed = status == 1 || (is_abort(status) && play->script->may_abort);
	if (!allowed) {
		print_message("status %d\n", status);
		print_log(play);
	}
	assert_true(allowed);
	play->outcome.ended++;
	play->outcome.started += !ready;
	play->daemon.pid = 0;
	endpoint_close(play->socket);
	play->socket = NULL;
}

/* Whether it has ended by itself. */
static bool has_ended(struct play *play, bool ready)
{
	int status;
	if (waitpid(play->daemon.pid, &status, WNOHANG) != play->daemon.pid)
		return false;
	note_end(play, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), ready);
	return true;
}

static void check_patience(const struct play *play)
{
	if (now_ms() < play->deadline_ms)
		return;
	print_message("stuck in step %d\n", play->next);
	print_log(play);
	fail();
}

static bool start(struct play *play)
{
	char *intake = scratch_path(play->daemon.folder, "i");
	const char *error;
	unlink(intake);
	free(intake);
	daemon_launch(&play->daemon);
	while (!is_there(play->daemon.folder, "i")) {
		if (has_ended(play, false))
			return false;
		check_patience(play);
		rest();
	}
	assert_int_equal(
	    endpoint_open(play->context, ENDPOINT_REQUEST, play->daemon.intake, NULL, &play->socket, &error),
	    0);
	return true;
}

/* ---- steps ---- */

static bool send_report(struct play *play, const struct step *step)
{
	void *bytes;
	size_t size;
	peer_pack(&step->report, &bytes, &size);
	while (zmq_send(play->socket, bytes, size, ZMQ_DONTWAIT) < 0 && !has_ended(play, true)) {
		check_patience(play);
		rest();
	}
	free(bytes);
	return play->daemon.pid != 0;
}

static Suanpan__Ack *receive_ack(struct play *play, int timeout_ms)
{
	struct peer peer = {.context = play->context, .socket = play->socket};
	return peer_receive_ack(&peer, timeout_ms);
}

/* Of this report; acks of one that was sent twice may still come. */
static Suanpan__Ack *receive_ack_of(struct play *play, const struct step *step, int timeout_ms)
{
	Suanpan__Ack *ack;
	while ((ack = receive_ack(play, timeout_ms)) != NULL) {
		if (!ack->has_sequence || (ack->sequence == step->report.sequence && ack->stream.len > 0 &&
		                           ack->stream.data[0] == step->report.stream))
			return ack;
		suanpan__ack__free_unpacked(ack, NULL);
	}
	return NULL;
}

/* NULL: it ended instead, or nothing came. What it sent before it ended counts. */
static Suanpan__Ack *await_ack(struct play *play, const struct step *step)
{
	for (int64_t since = now_ms(); now_ms() < since + SILENCE_MS;) {
		siginfo_t ended = {.si_pid = 0};
		Suanpan__Ack *ack = receive_ack_of(play, step, 1);
		if (!ack && waitid(P_PID, (id_t)play->daemon.pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		    ended.si_pid != 0) {
			ack = receive_ack_of(play, step, 20);
			if (!ack)
				has_ended(play, true);
			return ack;
		}
		if (ack)
			return ack;
	}
	check_patience(play);
	return NULL;
}

/* The trouble is over. */
static void mend(struct play *play)
{
	injected_disarm(&play->injected);
}

static void expect_queries_go_on(struct play *play)
{
	struct peer peer;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__StatusQuery status = SUANPAN__STATUS_QUERY__INIT;
	uint8_t bytes[64];
	query.major = query.number = 1;
	query.status = &status;
	size_t size = suanpan__query__pack(&query, bytes);
	peer_open(&peer, play->daemon.query);
	peer_send(&peer, bytes, size);
	Suanpan__Answer *answer = peer_receive_answer(&peer, PATIENCE_MS);
	assert_non_null(answer);
	assert_null(answer->failure);
	assert_non_null(answer->status);
	suanpan__answer__free_unpacked(answer, NULL);
	peer_close(&peer);
}

static void be_postponed(struct play *play)
{
	/* Nothing to do but to send it again. If it goes on: queries are answered all the while, and once there is room reports
	 * are taken again by the same process. */
	if (++play->outcome.postponed < 3)
		return;
	assert_true(play->forever);
	expect_queries_go_on(play);
	mend(play);
}

static void report(struct play *play, const struct step *step)
{
	Suanpan__Ack *ack = send_report(play, step) ? await_ack(play, step) : NULL;
	if (!ack)
		return;
	if (ack->outcome == SUANPAN__OUTCOME__OUTCOME_OVERLOADED)
		be_postponed(play);
	else {
		assert_int_equal(ack->outcome, step->outcome);
		assert_int_equal(ack->sequence, step->report.sequence);
		play->next++;
	}
	suanpan__ack__free_unpacked(ack, NULL);
}

/* False: it has ended instead. */
static bool send_act(struct play *play, struct peer *peer, Suanpan__ActKind kind)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__Act act = SUANPAN__ACT__INIT;
	char actor[] = "office", why[] = "known", period[] = "2022";
	uint8_t bytes[128];
	query.major = query.number = 1;
	query.act = &act;
	act.kind = kind;
	act.actor = actor;
	act.why = kind == SUANPAN__ACT_KIND__ACT_LOOK ? NULL : why;
	act.period = kind == SUANPAN__ACT_KIND__ACT_CLOSE ? period : NULL;
	act.has_alert = kind == SUANPAN__ACT_KIND__ACT_ACKNOWLEDGE;
	act.alert = 1;
	const size_t size = suanpan__query__pack(&query, bytes);
	while (zmq_send(peer->socket, bytes, size, ZMQ_DONTWAIT) < 0) {
		if (has_ended(play, true))
			return false;
		check_patience(play);
		rest();
	}
	return true;
}

/* NULL: it ended instead, or nothing came. One that is stopping ends. */
static Suanpan__Answer *await_answer(struct play *play, struct peer *peer)
{
	for (int64_t since = now_ms(); now_ms() < since + SILENCE_MS;) {
		Suanpan__Answer *answer = peer_receive_answer(peer, 1);
		const bool stopping = answer && answer->failure && strstr(answer->failure->text, "stopping");
		if (answer && !stopping)
			return answer;
		if (answer)
			suanpan__answer__free_unpacked(answer, NULL);
		if (has_ended(play, true))
			return NULL;
		check_patience(play);
	}
	return NULL;
}

static void act(struct play *play, const struct step *step)
{
	struct peer peer;
	if (step->clock_ms != 0)
		wound_clock_set(&play->clock, step->clock_ms);
	peer_open(&peer, play->daemon.query);
	Suanpan__Answer *answer = send_act(play, &peer, step->act) ? await_answer(play, &peer) : NULL;
	if (answer && answer->failure) {
		assert_int_equal(answer->failure->kind, SUANPAN__FAILURE_KIND__FAILURE_OVERLOADED);
		be_postponed(play);
	} else if (answer) {
		assert_non_null(answer->done);
		play->next++;
	}
	if (answer)
		suanpan__answer__free_unpacked(answer, NULL);
	peer_close(&peer);
}

static unsigned said(const struct play *play, const char *event)
{
	unsigned count = 0;
	char *log = daemon_log(&play->daemon);
	for (const char *at = log; (at = strstr(at, event)); at++)
		count++;
	free(log);
	return count;
}

/* The catalogue's folder is a link: to the first one, then to the second. */
static void link_catalogue(const struct play *play, const char *name)
{
	char *to = scratch_path(play->script->folder, name);
	unlink(play->daemon.catalogue);
	assert_int_equal(symlink(to, play->daemon.catalogue), 0);
	free(to);
}

/* What came of reloading; a daemon that is about to end says so, too, and is waited for. */
static const char *await_reload(struct play *play)
{
	static const char *const ends[] = {"event=catalogue-adopted", "event=catalogue-unchanged",
	                                   "event=catalogue-kept"};
	unsigned before[3];
	for (int i = 0; i < 3; i++)
		before[i] = said(play, ends[i]);
	assert_int_equal(kill(play->daemon.pid, SIGHUP), 0);
	while (!has_ended(play, true)) {
		bool ending = said(play, "event=commit-failed") > play->outcome.ended;
		for (int i = 0; i < 3 && !ending; i++)
			if (said(play, ends[i]) > before[i])
				return ends[i];
		check_patience(play);
		rest();
	}
	return NULL;
}

static void reload(struct play *play)
{
	link_catalogue(play, "second");
	const char *end = await_reload(play);
	if (end && strcmp(end, "event=catalogue-kept") == 0)
		be_postponed(play);
	else if (end)
		play->next++; /* unchanged: the daemon found it when it was started again */
}

/* ---- between the acts ---- */

/* All that was acked is there once, and nothing is there by half. */
static void check_what_is_left(struct play *play)
{
	uint64_t digest = digest_of_store(play->daemon.folder);
	const uint64_t *state = &play->script->state[play->next];
	bool landed = play->next < SCRIPT_STEPS && digest == state[1] && digest != state[0];
	if (digest != state[0] && !landed) {
		print_message("after %d steps the store is neither as before nor as after the next\n",
		              play->next);
		print_log(play);
		fail();
	}
	play->outcome.landed |= landed;
}

static void begin_again(struct play *play)
{
	check_what_is_left(play);
	mend(play);
}

static void do_step(struct play *play, const struct step *step)
{
	if (step->what == RELOAD)
		reload(play);
	else if (step->what == ACT)
		act(play, step);
	else
		report(play, step);
}

static void take_step(struct play *play)
{
	if (play->daemon.pid == 0) {
		if (start(play) && play->next == 0)
			play->next = 1;
		if (play->daemon.pid == 0)
			begin_again(play);
		return;
	}
	do_step(play, &steps[play->next]);
	if (play->daemon.pid == 0)
		begin_again(play);
}

static void stop(struct play *play)
{
	int status = daemon_stop(&play->daemon);
	bool aborted = is_abort(status) && play->script->may_abort;
	if (status != 0 && !aborted)
		print_log(play);
	assert_true(status == 0 || aborted);
	endpoint_close(play->socket);
	play->socket = NULL;
}

/* ---- a run ---- */

static void open_play(struct play *play, struct script *script)
{
	char *folder = scratch_new(), *catalogue = scratch_path(folder, "catalogue");
	size_t count = 0;
	*play = (struct play){.script = script};
	daemon_prepare(&play->daemon, folder, catalogue);
	play->daemon.more = "--set reserve=0";
	injected_init(&play->injected, folder, "/store", script->callers);
	wound_clock_init(&play->clock, folder);
	wound_clock_set(&play->clock, 1700000000000);
	while (play->injected.environment[count]) {
		play->environment[count] = play->injected.environment[count];
		count++;
	}
	play->environment[count] = play->clock.assignment;
	play->daemon.daemon_environment = play->environment;
	link_catalogue(play, "first");
	assert_int_equal(endpoint_context_new(&play->context), 0);
	play->deadline_ms = now_ms() + PATIENCE_MS;
	free(catalogue);
}

static void close_play(struct play *play)
{
	endpoint_close(play->socket);
	endpoint_context_free(play->context);
	injected_done(&play->injected);
	daemon_done(&play->daemon);
	wound_clock_done(&play->clock);
}

struct script_outcome script_run(struct script *script, struct inject_fault fault)
{
	struct play play;
	open_play(&play, script);
	play.forever = fault.forever;
	injected_arm(&play.injected, fault);
	while (play.next < SCRIPT_STEPS)
		take_step(&play);
	stop(&play);
	check_what_is_left(&play);
	play.outcome.failed = injected_failed(&play.injected);
	play.outcome.unknown = said(&play, "outcome=unknown") > 0;
	play.outcome.unsealed = said(&play, "event=store-not-sealed") > 0;
	close_play(&play);
	return play.outcome;
}

struct script_sums script_sweep(struct script *script, const char *what, struct inject_fault fault,
                                void (*check)(struct script_outcome outcome))
{
	struct script_sums sums = {.runs = 0};
	for (fault.at = 1;; fault.at++) {
		struct script_outcome outcome = script_run(script, fault);
		if (outcome.failed == 0)
			break;
		check(outcome);
		sums.runs++;
		sums.ended += outcome.ended > 0;
		sums.started += outcome.started > 0;
		sums.postponed += outcome.postponed > 0;
		sums.landed += outcome.landed;
		sums.unknown += outcome.unknown;
		sums.unsealed += outcome.unsealed;
	}
	print_message(
	    "%s: %u calls failed, one in each run: the daemon ended in %u runs (%u while starting), "
	    "postponed in %u, did not know in %u, in %u it was on disk, and in %u the store was not sealed\n",
	    what, sums.runs, sums.ended, sums.started, sums.postponed, sums.unknown, sums.landed,
	    sums.unsealed);
	return sums;
}

/* ---- learning ---- */

static void write_catalogues(const char *folder)
{
	static const char more[] =
	    "  - {code: births_per_1000, names: {en: B, zh_hans: B, zh_hant: B}, unit: {en: b, zh_hans: b,"
	    " zh_hant: b},\n     decimals: 1, formula: 1000 * births / people, frequency: A}\n";
	char *first = scratch_path(folder, "first"), *second = scratch_path(folder, "second");
	assert_int_equal(mkdir(first, 0700), 0);
	assert_int_equal(mkdir(second, 0700), 0);
	catalogue_free(little_city_load(first));
	catalogue_free(little_city_load(second));
	char *path = scratch_path(second, "indicators.yaml");
	FILE *file = fopen(path, "a");
	assert_non_null(file);
	assert_true(fputs(more, file) >= 0 && fclose(file) == 0);
	free(path);
	free(first);
	free(second);
}

void script_init(struct script *script)
{
	struct play play;
	*script = (struct script){.folder = scratch_new()};
	write_catalogues(script->folder);
	open_play(&play, script);
	script->state[0] = digest_of_store(play.daemon.folder);
	/* A stop and a start after each step change nothing: that is shown by the runs that do without. */
	while (play.next < SCRIPT_STEPS) {
		int before = play.next;
		while (play.next == before) {
			if (play.daemon.pid == 0)
				assert_true(start(&play));
			if (steps[play.next].what == START)
				play.next++;
			else
				do_step(&play, &steps[play.next]);
		}
		stop(&play);
		script->state[play.next] = digest_of_store(play.daemon.folder);
	}
	assert_int_equal(play.outcome.ended, 0);
	close_play(&play);
}

void script_done(struct script *script)
{
	scratch_free(script->folder);
}
