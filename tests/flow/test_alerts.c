/* Alerts from raising to settling, with the real programs and a clock wound by hand. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/envelope.h"
#include "tests/lib/daemon.h"
#include "tests/lib/little_city.h"
#include "tests/lib/scratch.h"
#include "tests/lib/walled.h"
#include "tests/lib/wound_clock.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 15000

struct fixture {
	struct daemon daemon;
	struct wound_clock clock;
};

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	char *folder = scratch_new(), *catalogue = scratch_path(folder, "catalogue");
	assert_int_equal(mkdir(catalogue, 0700), 0);
	catalogue_free(little_city_load(catalogue));
	daemon_prepare(&fixture->daemon, folder, catalogue);
	wound_clock_init(&fixture->clock, folder);
	fixture->daemon.daemon_environment = fixture->clock.environment;
	fixture->daemon.more = "--set look=1";
	wound_clock_set_china(&fixture->clock, "2024-06-03 09:00");
	daemon_restart(&fixture->daemon);
	free(catalogue);
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;
	daemon_done(&fixture->daemon);
	wound_clock_done(&fixture->clock);
	free(fixture);
	return 0;
}

/* Pushes one file with these lines under the header, as `reporter`. */
static void push(struct fixture *fixture, const char *reporter, const char *lines)
{
	char *path = scratch_path(fixture->daemon.folder, "push.csv"), *text, *words;
	assert_true(asprintf(&text, "statistic,area,period,value\n%s", lines) > 0);
	assert_true(asprintf(&words, "suanpan-report push --reporter %s '%s'", reporter, path) > 0);
	scratch_write(path, text, strlen(text));
	struct run run = daemon_run(&fixture->daemon, reporter, words);
	if (run.status != 0)
		fail_msg("%s%s", run.out, run.err);
	run_free(&run);
	free(text);
	free(words);
	free(path);
}

static void pause_ms(long ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	nanosleep(&time, NULL);
}

/* The lines of `suanpan alerts` with further words, below the header, cut to number, kind, state, the day of that and sentence. */
static char *list(struct fixture *fixture, const char *more)
{
	char *words, *line;
	assert_true(asprintf(&words, "suanpan alerts --format csv %s", more) > 0);
	char *out = daemon_say(&fixture->daemon, words);
	free(words);
	line = strchr(out, '\n');
	char *text;
	size_t size;
	FILE *cut = open_memstream(&text, &size);
	assert_non_null(line);
	for (line++; *line; line = strchr(line, '\n') + 1) {
		char number[24], kind[16], state[16], raised[40], changed[40], what[256];
		const char *format = strchr(line, '"') && strchr(line, '"') < strchr(line, '\n')
		                         ? "%23[^,],%15[^,],%15[^,],%39[^,],%39[^,],\"%255[^\"]"
		                         : "%23[^,],%15[^,],%15[^,],%39[^,],%39[^,],%255[^,]";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the two above */
		assert_int_equal(sscanf(line, format, number, kind, state, raised, changed, what), 6);
#pragma GCC diagnostic pop
		fprintf(cut, "%s %s %s %.10s: %s\n", number, kind, state, changed, what);
	}
	fclose(cut);
	free(out);
	return text;
}

static void must_list(struct fixture *fixture, const char *more, const char *expected)
{
	char *now = list(fixture, more);
	assert_string_equal(now, expected);
	free(now);
}

static void await_alerts(struct fixture *fixture, const char *expected)
{
	char *now = NULL;
	for (int waited = 0; waited <= PATIENCE_MS; waited += 100) {
		free(now);
		now = list(fixture, "");
		if (strcmp(now, expected) == 0) {
			free(now);
			return;
		}
		pause_ms(100);
	}
	fail_msg("after a while there still was\n%sinstead of\n%s", now, expected);
}

static uint64_t count_commits(struct fixture *fixture)
{
	char *out = daemon_say(&fixture->daemon, "suanpan status --format csv"),
	     *at = strstr(out, "\ncommit,");
	assert_non_null(at);
	uint64_t commits = strtoull(at + strlen("\ncommit,"), NULL, 10);
	free(out);
	return commits;
}

static void must_log(struct fixture *fixture, const char *line)
{
	char *log = daemon_log(&fixture->daemon);
	if (!strstr(log, line))
		fail_msg("no '%s' in\n%s", line, log);
	free(log);
}

/* What is due on a Monday is overdue from Tuesday on, not before; and settled when it is in. */
static void figures_are_overdue_the_day_after_and_settled_when_they_come(void **state)
{
	struct fixture *fixture = *state;
	wound_clock_set_china(&fixture->clock, "2024-07-15 23:59");
	pause_ms(2500);
	await_alerts(fixture, "");
	assert_int_equal(count_commits(fixture), 1);
	wound_clock_set_china(&fixture->clock, "2024-07-16 00:00");
	await_alerts(fixture, "2 overdue open 2024-07-16: South office: 2 of 2 figures for 2024-06 overdue, "
	                      "the first since 2024-07-15\n"
	                      "1 overdue open 2024-07-16: North office: 2 of 2 figures for 2024-06 overdue, "
	                      "the first since 2024-07-15\n");
	must_log(fixture, "event=alert-raised number=1 kind=overdue commit=2 code= area=north period=2024-06 "
	                  "reporter=north_office");
	push(fixture, "north_office", "beds,north,2024-06,100\n");
	pause_ms(2500);
	await_alerts(fixture, "2 overdue open 2024-07-16: South office: 2 of 2 figures for 2024-06 overdue, "
	                      "the first since 2024-07-15\n"
	                      "1 overdue open 2024-07-16: North office: 2 of 2 figures for 2024-06 overdue, "
	                      "the first since 2024-07-15\n");
	wound_clock_set_china(&fixture->clock, "2024-07-18 10:00");
	push(fixture, "north_office", "births,north,2024-06,7\n");
	await_alerts(fixture, "2 overdue open 2024-07-16: South office: 2 of 2 figures for 2024-06 overdue, "
	                      "the first since 2024-07-15\n"
	                      "1 overdue resolved 2024-07-18: North office: 2 of 2 figures for 2024-06 "
	                      "overdue, the first since 2024-07-15\n");
	must_list(fixture, "--open --area north", "");
	must_list(fixture, "--area north --kind overdue --lang zh-hans",
	          "1 overdue resolved 2024-07-18: North office：2024-06 应报 2 项，2 项逾期未报（最早应于 "
	          "2024-07-15 报送）\n");
	must_list(fixture, "--as-of 2024-07-17 --area both --lang zh-hant",
	          "2 overdue open 2024-07-16: South office：2024-06 應報 2 項，2 項逾期未報（最早應於 "
	          "2024-07-15 報送）\n"
	          "1 overdue open 2024-07-16: North office：2024-06 應報 2 項，2 項逾期未報（最早應於 "
	          "2024-07-15 報送）\n");
	must_log(fixture, "event=alert-resolved number=1 kind=overdue");
}

/* A figure of one district alone is held against the city only when the other's was due, and that is said. */
static void what_is_told_from_some_areas_says_so(void **state)
{
	struct fixture *fixture = *state;
	push(fixture, "north_office", "people,north,2023,1000\nbeds,north,2024-05,4\n");
	push(fixture, "south_office", "people,south,2023,1000\n");
	wound_clock_set_china(&fixture->clock, "2024-06-18 09:00");
	await_alerts(fixture,
	             "1 verdict open 2024-06-18: Beds per 1000 (little, row 1) has slipped to off track "
	             "in 2024-05: 4.00; provisional, from 1 of 2 areas\n");
	must_log(fixture, "number=1 kind=verdict commit=4 code=beds_per_1000 area=city period=2024-05");
}

/* ---- what operators do ---- */

static struct run run_words(struct fixture *fixture, const char *words)
{
	return daemon_run(&fixture->daemon, "none", words);
}

/* Says it, and answers what an operator is told: exit status and sentence. */
static void must_be_told(struct fixture *fixture, const char *words, int status, const char *sentence)
{
	struct run run = run_words(fixture, words);
	if (run.status != status || !strstr(status == 0 ? run.out : run.err, sentence))
		fail_msg("%s: status %d, '%s%s', not %d with '%s'", words, run.status, run.out, run.err,
		         status, sentence);
	run_free(&run);
}

/* One line of the list, whole: who acted, and why, stand in it. */
static void must_stand(struct fixture *fixture, const char *first, const char *later)
{
	char *out = daemon_say(&fixture->daemon, "suanpan alerts --format csv"), *line = strstr(out, first);
	assert_non_null(line++);
	line[strcspn(line, "\n")] = '\0';
	if (!strstr(line, later))
		fail_msg("no '%s' in '%s'", later, line);
	free(out);
}

static char *digest_of(const char *out)
{
	const char *at = strstr(out, "digest");
	assert_non_null(at);
	return strndup(at, strcspn(at, "\n"));
}

/* Every table is what the journal gives, acts and looks included; and so in another store. */
static void must_rebuild(struct fixture *fixture)
{
	char *check, *rebuild;
	const char *folder = fixture->daemon.folder;
	assert_true(asprintf(&check, "suanpand check --set 'store=%s/store'", folder) > 0);
	assert_true(asprintf(&rebuild, "suanpand rebuild '%s/again' --set 'store=%s/store'", folder, folder) >
	            0);
	struct run checked = run_words(fixture, check), rebuilt = run_words(fixture, rebuild);
	if (checked.status != 0 || rebuilt.status != 0)
		fail_msg("%s%s%s%s", checked.out, checked.err, rebuilt.out, rebuilt.err);
	assert_non_null(strstr(checked.out, "every table is what the journal gives"));
	char *here = digest_of(checked.out), *there = digest_of(rebuilt.out);
	assert_string_equal(here, there);
	free(here);
	free(there);
	run_free(&checked);
	run_free(&rebuilt);
	free(check);
	free(rebuild);
}

static void what_an_operator_does_is_kept_with_who_and_why(void **state)
{
	struct fixture *fixture = *state;
	wound_clock_set_china(&fixture->clock, "2024-07-16 08:00");
	await_alerts(fixture, "2 overdue open 2024-07-16: South office: 2 of 2 figures for 2024-06 overdue, "
	                      "the first since 2024-07-15\n"
	                      "1 overdue open 2024-07-16: North office: 2 of 2 figures for 2024-06 overdue, "
	                      "the first since 2024-07-15\n");
	wound_clock_set_china(&fixture->clock, "2024-07-16 09:30");
	must_be_told(fixture, "suanpan alerts ack 1 --why 'the office is moving'", 0,
	             "Alert 1 is acknowledged.");
	daemon_kill(&fixture->daemon); /* what was answered is there */
	daemon_restart(&fixture->daemon);
	must_stand(fixture, "\n1,overdue,acknowledged,2024-07-16T08:00:00+08:00,2024-07-16T09:30:00+08:00,",
	           "the office is moving");
	const uint64_t commits = count_commits(fixture);
	must_be_told(fixture, "suanpan alerts ack 1 --why 'again'", 0, "Alert 1 is acknowledged already.");
	must_be_told(fixture, "suanpan alerts ack 9 --why 'none'", 1, "There is no alert 9.");
	must_be_told(fixture, "suanpan alerts look", 0, "Looked: 0 raised, 0 settled.");
	must_be_told(fixture, "suanpan alerts ack 1", 2, "--why is missing");
	must_be_told(fixture, "suanpan alerts ack x --why 'none'", 2, "is no alert's number");
	must_be_told(fixture, "suanpan alerts ack 1 --why ''", 2, "--why needs a value");
	assert_int_equal(count_commits(fixture), commits);
	must_stand(fixture, "\n1,overdue,acknowledged,", "the office is moving");
	must_be_told(fixture, "suanpan alerts resolve 1 --why 'by telephone'", 0, "Alert 1 is resolved.");
	must_be_told(fixture, "suanpan alerts ack 1 --why 'late'", 1, "Alert 1 is resolved.");
	must_be_told(fixture, "suanpan alerts resolve 2 --why 'as well'", 0, "Alert 2 is resolved.");
	assert_int_equal(count_commits(fixture), commits + 2);
	must_list(fixture, "--open", "");
	must_stand(fixture, "\n1,overdue,resolved,", "by telephone");
	must_log(fixture, "event=alert-acknowledged number=1 kind=overdue commit=3 ");
	must_log(fixture, "event=act kind=acknowledge subject=1 holder='");
	must_log(fixture, " changed=0 commit=0 entry=0 said='Alert 1 is acknowledged already.' why='again'");
	must_log(fixture, "event=alert-resolved number=2 kind=overdue commit=5 ");
	assert_int_equal(daemon_stop(&fixture->daemon), 0);
	must_rebuild(fixture);
	daemon_restart(&fixture->daemon);
	must_stand(fixture, "\n2,overdue,resolved,", "as well");
}

/* ---- whose right it is ---- */

static int start_walled(void **state)
{
	struct walled *walled = calloc(1, sizeof *walled);
	walled_start(walled, "");
	*state = walled;
	return 0;
}

static int stop_walled(void **state)
{
	walled_done(*state);
	free(*state);
	return 0;
}

/* Who acts says that he is somebody else, too; the key knows better. */
static Suanpan__Answer *act(struct walled *walled, enum walled_who who, Suanpan__ActKind kind)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__Act message = SUANPAN__ACT__INIT;
	char actor[] = "the mayor", why[] = "a test", period[] = "2020";
	uint8_t bytes[128];
	struct peer peer;
	query.major = query.number = 1;
	query.act = &message;
	message.kind = kind;
	message.actor = actor;
	message.why = kind == SUANPAN__ACT_KIND__ACT_LOOK ? NULL : why;
	message.period = kind == SUANPAN__ACT_KIND__ACT_CLOSE ? period : NULL;
	message.has_alert =
	    kind == SUANPAN__ACT_KIND__ACT_ACKNOWLEDGE || kind == SUANPAN__ACT_KIND__ACT_RESOLVE;
	message.alert = 1;
	walled_open(walled, who, walled->daemon.query, &peer);
	peer_send(&peer, bytes, suanpan__query__pack(&query, bytes));
	Suanpan__Answer *answer = peer_receive_answer(&peer, PATIENCE_MS);
	assert_non_null(answer);
	peer_close(&peer);
	return answer;
}

static void must_be_forbidden(struct walled *walled, enum walled_who who, Suanpan__ActKind kind)
{
	const uint64_t forbidden = walled_status(walled, "messages_forbidden"),
	               commit = walled_status(walled, "commit");
	Suanpan__Answer *answer = act(walled, who, kind);
	assert_null(answer->done);
	assert_non_null(answer->failure);
	assert_int_equal(answer->failure->kind, SUANPAN__FAILURE_KIND__FAILURE_FORBIDDEN);
	suanpan__answer__free_unpacked(answer, NULL);
	assert_int_equal(walled_status(walled, "messages_forbidden"), forbidden + 1);
	assert_int_equal(walled_status(walled, "commit"), commit);
}

static void only_an_operator_may_act(void **state)
{
	static const enum walled_who others[] = {OFFICE, LIWAN};
	struct walled *walled = *state;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		for (Suanpan__ActKind kind = SUANPAN__ACT_KIND__ACT_ACKNOWLEDGE;
		     kind <= SUANPAN__ACT_KIND__ACT_LOOK; kind++)
			if (kind != SUANPAN__ACT_KIND__ACT_REOPEN)
				must_be_forbidden(walled, others[i], kind);
	assert_true(walled_said(walled, "event=act-forbidden holder=planning_office key='"));
	Suanpan__Answer *answer = act(walled, OPERATOR, SUANPAN__ACT_KIND__ACT_CLOSE);
	assert_non_null(answer->done);
	assert_true(answer->done->changed);
	suanpan__answer__free_unpacked(answer, NULL);
	assert_true(walled_said(walled, "event=act kind=close subject=2020 holder='operations' changed=1 "));
	assert_false(walled_said(walled, "the mayor"));
	answer = act(walled, OPERATOR, SUANPAN__ACT_KIND__ACT_ACKNOWLEDGE);
	assert_non_null(answer->failure);
	assert_int_equal(answer->failure->kind, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND);
	suanpan__answer__free_unpacked(answer, NULL);
}

/* ---- live ---- */

struct watcher {
	struct fixture *fixture;
	struct run run;
	atomic_bool done;
};

static void *watch(void *closure)
{
	struct watcher *watcher = closure;
	watcher->run =
	    daemon_run(&watcher->fixture->daemon, "watcher", "suanpan alerts watch --count 2 --format csv");
	atomic_store(&watcher->done, true);
	return NULL;
}

/* Nobody knows when a subscription has been granted: month after month something more is overdue until it was told. */
static void who_watches_is_told_when_something_is_raised(void **state)
{
	static const char *const times[] = {"2024-07-16 08:00", "2024-08-16 08:00", "2024-09-18 08:00",
	                                    "2024-10-16 08:00", "2024-11-18 08:00", "2024-12-17 08:00"};
	struct watcher watcher = {.fixture = *state};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, watch, &watcher), 0);
	for (size_t i = 0; i < sizeof times / sizeof times[0] && !atomic_load(&watcher.done); i++) {
		pause_ms(2500);
		wound_clock_set_china(&watcher.fixture->clock, times[i]);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	if (watcher.run.status != 0)
		fail_msg("%s%s", watcher.run.out, watcher.run.err);
	assert_non_null(strstr(watcher.run.out, ",overdue,open,"));
	assert_non_null(strstr(watcher.run.out, "South office: 2 of 2 figures for "));
	run_free(&watcher.run);
}

static void *watch_one(void *closure)
{
	struct watcher *watcher = closure;
	watcher->run =
	    daemon_run(&watcher->fixture->daemon, "watcher", "suanpan alerts watch --count 1 --format csv");
	atomic_store(&watcher->done, true);
	return NULL;
}

/* One alert after the other is acknowledged until the watcher has heard of one. */
static void who_watches_is_told_what_operators_do(void **state)
{
	struct watcher watcher = {.fixture = *state};
	pthread_t thread;
	wound_clock_set_china(&watcher.fixture->clock, "2024-12-17 08:00");
	pause_ms(2500);
	assert_int_equal(pthread_create(&thread, NULL, watch_one, &watcher), 0);
	for (int alert = 1; alert <= 12 && !atomic_load(&watcher.done); alert++) {
		char words[96];
		snprintf(words, sizeof words, "suanpan alerts ack %d --why 'seen by telephone'", alert);
		free(daemon_say(&watcher.fixture->daemon, words));
		pause_ms(500);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	if (watcher.run.status != 0)
		fail_msg("%s%s", watcher.run.out, watcher.run.err);
	assert_non_null(strstr(watcher.run.out, ",overdue,acknowledged,"));
	assert_non_null(strstr(watcher.run.out, "seen by telephone"));
	run_free(&watcher.run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(figures_are_overdue_the_day_after_and_settled_when_they_come,
	                                    start, stop),
	    cmocka_unit_test_setup_teardown(who_watches_is_told_when_something_is_raised, start, stop),
	    cmocka_unit_test_setup_teardown(who_watches_is_told_what_operators_do, start, stop),
	    cmocka_unit_test_setup_teardown(what_is_told_from_some_areas_says_so, start, stop),
	    cmocka_unit_test_setup_teardown(what_an_operator_does_is_kept_with_who_and_why, start, stop),
	    cmocka_unit_test_setup_teardown(only_an_operator_may_act, start_walled, stop_walled),
	};
	return cmocka_run_group_tests_name("alerts", tests, NULL, NULL);
}
