/* Alerts from raising to settling, with the real programs and a clock wound by hand. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/daemon.h"
#include "tests/lib/little_city.h"
#include "tests/lib/scratch.h"
#include <inttypes.h>
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
	char *clock, *assignment;
	const char *environment[2];
};

/* A time of day in China, such as "2024-07-16 00:01". */
static void set_clock(struct fixture *fixture, const char *time)
{
	struct tm fields = {.tm_isdst = 0};
	char text[32], *part = scratch_path(fixture->daemon.folder, "clock.part");
	assert_non_null(strptime(time, "%Y-%m-%d %H:%M", &fields));
	int length = snprintf(text, sizeof text, "%" PRId64, ((int64_t)timegm(&fields) - 8 * 3600) * 1000);
	scratch_write(part, text, (size_t)length);
	assert_int_equal(rename(part, fixture->clock), 0);
	free(part);
}

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	char *folder = scratch_new(), *catalogue = scratch_path(folder, "catalogue");
	assert_int_equal(mkdir(catalogue, 0700), 0);
	catalogue_free(little_city_load(catalogue));
	daemon_prepare(&fixture->daemon, folder, catalogue);
	fixture->clock = scratch_path(folder, "clock");
	assert_true(asprintf(&fixture->assignment, "SUANPAN_CLOCK_FILE=%s", fixture->clock) > 0);
	fixture->environment[0] = fixture->assignment;
	fixture->daemon.daemon_environment = fixture->environment;
	fixture->daemon.more = "--set look=1";
	set_clock(fixture, "2024-06-03 09:00");
	daemon_restart(&fixture->daemon);
	free(catalogue);
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;
	daemon_done(&fixture->daemon);
	free(fixture->clock);
	free(fixture->assignment);
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
	set_clock(fixture, "2024-07-15 23:59");
	pause_ms(2500);
	await_alerts(fixture, "");
	assert_int_equal(count_commits(fixture), 1);
	set_clock(fixture, "2024-07-16 00:00");
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
	set_clock(fixture, "2024-07-18 10:00");
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
		set_clock(*state, times[i]);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	if (watcher.run.status != 0)
		fail_msg("%s%s", watcher.run.out, watcher.run.err);
	assert_non_null(strstr(watcher.run.out, ",overdue,open,"));
	assert_non_null(strstr(watcher.run.out, "South office: 2 of 2 figures for "));
	run_free(&watcher.run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(figures_are_overdue_the_day_after_and_settled_when_they_come,
	                                    start, stop),
	    cmocka_unit_test_setup_teardown(who_watches_is_told_when_something_is_raised, start, stop),
	};
	return cmocka_run_group_tests_name("alerts", tests, NULL, NULL);
}
