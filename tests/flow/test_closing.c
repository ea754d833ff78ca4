/* The calendar and closed periods as a clerk and an operator meet them: the real programs, and a clock wound by hand. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/daemon.h"
#include "tests/lib/little_city.h"
#include "tests/lib/scratch.h"
#include "tests/lib/wound_clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct fixture {
	struct daemon daemon;
	struct wound_clock clock;
};

/* The Spring Festival of 2024, with the Sundays that are worked for it. */
static const char calendar[] = "holidays: [2024-02-10, 2024-02-11, 2024-02-12, 2024-02-13, 2024-02-14,\n"
                               "           2024-02-15, 2024-02-16, 2024-02-17]\n"
                               "workdays: [2024-02-04, 2024-02-18]\n";

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	char *folder = scratch_new(), *catalogue = scratch_path(folder, "catalogue");
	assert_int_equal(mkdir(catalogue, 0700), 0);
	catalogue_free(little_city_load(catalogue));
	char *path = scratch_path(catalogue, "calendar.yaml");
	scratch_write(path, calendar, sizeof calendar - 1);
	daemon_prepare(&fixture->daemon, folder, catalogue);
	wound_clock_init(&fixture->clock, folder);
	fixture->daemon.daemon_environment = fixture->clock.environment;
	wound_clock_set_china(&fixture->clock, "2024-01-03 09:00");
	daemon_restart(&fixture->daemon);
	free(path);
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

/* What is said on both; an end other than `status`, or another beginning, fails. */
static void must_end(struct fixture *fixture, const char *words, int status, const char *said)
{
	struct run run = daemon_run(&fixture->daemon, "north_office", words);
	if (run.status != status || (!strstr(run.out, said) && !strstr(run.err, said)))
		fail_msg("'%s' ended with %d and said\n%s%sinstead of %d and\n%s", words, run.status, run.out,
		         run.err, status, said);
	run_free(&run);
}

/* One figure of the north office, with further words. */
static void push(struct fixture *fixture, const char *line, const char *more, int status, const char *said)
{
	char *path = scratch_path(fixture->daemon.folder, "push.csv"), *text, *words;
	assert_true(asprintf(&text, "statistic,area,period,value\n%s\n", line) > 0);
	assert_true(asprintf(&words, "suanpan-report push --reporter north_office '%s' %s", path, more) > 0);
	scratch_write(path, text, strlen(text));
	must_end(fixture, words, status, said);
	free(text);
	free(words);
	free(path);
}

static void must_print(struct fixture *fixture, const char *words, const char *expected)
{
	char *out = daemon_say(&fixture->daemon, words);
	assert_string_equal(out, expected);
	free(out);
}

/* The answers of `suanpan history beds north 2024-06`, each cut to value, status, time and reasons. */
static void must_have_history(struct fixture *fixture, const char *expected)
{
	char *out = daemon_say(&fixture->daemon, "suanpan history beds north 2024-06 --format csv"), *text;
	size_t size;
	FILE *cut = open_memstream(&text, &size);
	for (const char *line = strchr(out, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
		char value[16], status[2], time[32];
		assert_int_equal(sscanf(line, "%*d,%15[^,],beds,%1[^,],%31[^,],", value, status, time), 3);
		/* source, confirm and correction come last */
		const char *end = strchr(line, '\n'), *reasons = strstr(line, ",push.csv,");
		assert_true(reasons && reasons < end);
		fprintf(cut, "%s %s %.10s:%.*s\n", value, status, time,
		        (int)(end - reasons) - (int)strlen(",push.csv"), reasons + strlen(",push.csv"));
	}
	fclose(cut);
	assert_string_equal(text, expected);
	free(text);
	free(out);
}

static void a_closed_month_changes_only_by_a_correction_that_says_why(void **state)
{
	struct fixture *fixture = *state;
	static const char closed[] =
	    "push.csv:2: period: 2024-06 is closed; only a correction that says why changes it";
	const char *list = "suanpan list closed --format csv";
	wound_clock_set_china(&fixture->clock, "2024-07-10 09:00");
	push(fixture, "beds,north,2024-06,100", "", 0, "1 report, all accepted");
	must_end(fixture, "suanpan close 2024-06", 2, "--why is missing: every act needs a reason");
	must_end(fixture, "suanpan close 2024-07 --why early", 1, "2024-07 is not over yet.");
	wound_clock_set_china(&fixture->clock, "2024-07-20 09:00");
	must_end(fixture, "suanpan close 2024-06 --why 'in the yearbook'", 0,
	         "2024-06 is closed: its figures change only for a reason now.");
	must_end(fixture, "suanpan close 2024-06 --why 'in the yearbook'", 0, "2024-06 is closed already.");
	wound_clock_set_china(&fixture->clock, "2024-07-21 09:00");
	push(fixture, "beds,north,2024-06,101", "", 1, closed);
	push(fixture, "beds,north,2024-06,101", "", 1,
	     "what has to change in a closed period goes with --correction REASON\n");
	/* A figure that comes for the first time changes the month's totals as well. */
	push(fixture, "births,north,2024-06,7", "", 1, closed);
	push(fixture, "beds,north,2024-06,100", "", 0, "1 report, all accepted");
	push(fixture, "beds,north,2024-07,110", "", 0, "1 report, all accepted");
	push(fixture, "beds,north,2024-06,101", "--correction 'two wards, counted late'", 0,
	     "1 report, all accepted");
	push(fixture, "births,north,2024-06,7", "--correction 'the post was late'", 0,
	     "1 report, all accepted");
	must_have_history(fixture, "100 A 2024-07-10:,,\n101 A 2024-07-21:,,\"two wards, counted late\"\n");
	char *out = daemon_say(&fixture->daemon, list);
	assert_non_null(strstr(out, "\n2024-06,in the yearbook,"));
	assert_non_null(strstr(out, ",2024-07-20T09:00:00+08:00"));
	free(out);
	out = daemon_say(&fixture->daemon, "suanpan list closed --format csv --as-of 2024-07-19");
	assert_null(strstr(out, "2024-06"));
	free(out);
	must_end(fixture, "suanpan reopen 2024-06 --why recount", 0, "2024-06 is open again.");
	must_end(fixture, "suanpan reopen 2024-06 --why recount", 0, "2024-06 is open already.");
	push(fixture, "beds,north,2024-06,102", "", 0, "1 report, all accepted");
	out = daemon_say(&fixture->daemon, list);
	assert_null(strstr(out, "2024-06"));
	free(out);
}

static void a_closed_year_closes_its_months(void **state)
{
	struct fixture *fixture = *state;
	static const char closed[] =
	    "push.csv:2: period: 2023-05 is closed with 2023; only a correction that says why changes it";
	push(fixture, "beds,north,2023-05,100", "", 0, "1 report, all accepted");
	must_end(fixture, "suanpan close 2023-Q1 --why 'the quarter first'", 0, "2023-Q1 is closed");
	push(fixture, "beds,north,2023-05,101", "", 0, "1 report, all accepted");
	must_end(fixture, "suanpan close 2023 --why 'in the yearbook'", 0, "2023 is closed");
	push(fixture, "beds,north,2023-05,102", "", 1, closed);
	push(fixture, "people,north,2023,9000", "", 1, "push.csv:2: period: 2023 is closed; only");
	push(fixture, "beds,north,2024-01,102", "", 0, "1 report, all accepted");
	must_end(fixture, "suanpan close 2023-05 --why again", 0, "2023-05 is closed already, with 2023.");
	must_end(fixture, "suanpan reopen 2023-05 --why recount", 1,
	         "2023-05 was closed with 2023: only that can be reopened.");
	must_end(fixture, "suanpan reopen 2023-Q1 --why recount", 0,
	         "2023-Q1 is open again by itself, but still closed with 2023.");
	push(fixture, "beds,north,2023-02,102", "", 1, "2023-02 is closed with 2023;");
	must_end(fixture, "suanpan reopen 2023 --why recount", 0, "2023 is open again.");
	push(fixture, "beds,north,2023-02,102", "", 0, "1 report, all accepted");
}

static char *digest_of(struct fixture *fixture, const char *command)
{
	char *words;
	assert_true(asprintf(&words, "suanpand %s --set 'store=%s/store'", command, fixture->daemon.folder) >
	            0);
	char *out = daemon_say(&fixture->daemon, words);
	const char *at = strstr(out, "digest     all ");
	assert_non_null(at);
	char *digest = strndup(at, strcspn(at, "\n"));
	free(out);
	free(words);
	return digest;
}

/* What was refused, taken by a correction, closed and opened again: from the journal it comes out the same. */
static void a_rebuild_closes_and_corrects_the_same(void **state)
{
	struct fixture *fixture = *state;
	char *command;
	a_closed_year_closes_its_months(state);
	a_closed_month_changes_only_by_a_correction_that_says_why(state);
	must_end(fixture, "suanpan close 2024-06 --why 'for good'", 0, "2024-06 is closed");
	push(fixture, "beds,north,2024-06,103", "", 1, "2024-06 is closed");
	assert_int_equal(daemon_stop(&fixture->daemon), 0);
	char *digest = digest_of(fixture, "check");
	assert_true(asprintf(&command, "rebuild '%s/again'", fixture->daemon.folder) > 0);
	char *again = digest_of(fixture, command);
	assert_string_equal(again, digest);
	free(again);
	free(command);
	free(digest);
	/* A daemon that was stopped knows them still. */
	daemon_restart(&fixture->daemon);
	push(fixture, "beds,north,2024-06,104", "", 1, "2024-06 is closed");
}

static void must_be_due(struct fixture *fixture, const char *more, const char *rows)
{
	char *words, *expected;
	assert_true(asprintf(&words, "suanpan calendar --reporter north_office --format csv %s", more) > 0);
	assert_true(
	    asprintf(&expected, "due,days,state,reporter,period,expected,received,missing\n%s", rows) > 0);
	must_print(fixture, words, expected);
	free(expected);
	free(words);
}

/* The store began on 3 January: what is owed is from then on. 15 days after the month is Thursday, 15 February, in the holiday; the day
 * after the holiday is a Sunday, and worked. */
static void the_calendar_says_what_is_due_and_whose_is_overdue(void **state)
{
	struct fixture *fixture = *state;
	must_end(fixture, "suanpan calendar --reporter north_office --days 45", 0, "nothing is due");
	must_be_due(fixture, "--days 46", "2024-02-18,46,due,north_office,2024-01,2,0,beds;births\n");
	wound_clock_set_china(&fixture->clock, "2024-02-18 23:59");
	must_be_due(fixture, "--days 0", "2024-02-18,0,due,north_office,2024-01,2,0,beds;births\n");
	wound_clock_set_china(&fixture->clock, "2024-02-19 00:00");
	push(fixture, "beds,north,2024-01,100", "", 0, "1 report, all accepted");
	must_be_due(fixture, "",
	            "2024-02-18,-1,overdue,north_office,2024-01,2,1,births\n"
	            "2024-03-15,25,due,north_office,2024-02,2,0,beds;births\n");
	must_print(fixture, "suanpan calendar --reporter north_office",
	           "Due        Days State   Reporter     Period  Expected Received Missing\n"
	           "2024-02-18   -1 overdue North office 2024-01        2        1 births\n"
	           "2024-03-15   25 due     North office 2024-02        2        0 beds, births\n"
	           "overdue: 1; due: 1\n");
	push(fixture, "births,north,2024-01,7", "", 0, "1 report, all accepted");
	must_be_due(fixture, "", "2024-03-15,25,due,north_office,2024-02,2,0,beds;births\n");
	/* As it stood then: nothing was in, and it was not yet overdue. */
	must_be_due(fixture, "--as-of 2024-02-18T12:00+08:00",
	            "2024-02-18,0,due,north_office,2024-01,2,0,beds;births\n"
	            "2024-03-15,26,due,north_office,2024-02,2,0,beds;births\n");
	must_end(fixture, "suanpan calendar --reporter north_ofice", 1, "'north_office'");
	must_end(fixture, "suanpan calendar --days soon", 2, "--days 'soon': expected a number");
}

#define FLOW_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(a_closed_month_changes_only_by_a_correction_that_says_why),
	    FLOW_TEST(a_closed_year_closes_its_months),
	    FLOW_TEST(a_rebuild_closes_and_corrects_the_same),
	    FLOW_TEST(the_calendar_says_what_is_due_and_whose_is_overdue),
	};
	return cmocka_run_group_tests_name("closing", tests, NULL, NULL);
}
