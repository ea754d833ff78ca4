/* From a clerk's CSV to the city's figure, with the real programs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/daemon.h"
#include "tests/lib/scratch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Pushes one file with these lines under the header, as `reporter`; answers the exit status. */
static int push(struct daemon *daemon, const char *reporter, const char *lines)
{
	char *path = scratch_path(daemon->folder, "push.csv"), *text, *words;
	assert_true(asprintf(&text, "statistic,area,period,value,status,note\n%s", lines) > 0);
	assert_true(asprintf(&words, "suanpan-report push --reporter %s '%s'", reporter, path) > 0);
	scratch_write(path, text, strlen(text));
	struct run run = daemon_run(daemon, reporter, words);
	if (run.status != 0)
		print_message("%s%s", run.out, run.err);
	int status = run.status;
	run_free(&run);
	free(text);
	free(words);
	free(path);
	return status;
}

/* The lines that a command prints below its CSV header. */
static void expect(struct daemon *daemon, const char *words, const char *lines)
{
	char *out = daemon_say(daemon, words);
	const char *body = strchr(out, '\n');
	assert_non_null(body);
	assert_string_equal(body + 1, lines);
	free(out);
}

static unsigned long commit_of(struct daemon *daemon)
{
	char *out = daemon_say(daemon, "suanpan status --format csv");
	const char *at = strstr(out, "\ncommit,");
	assert_non_null(at);
	unsigned long commit = strtoul(at + strlen("\ncommit,"), NULL, 10);
	free(out);
	return commit;
}

static const char get_liwan[] = "suanpan get resident_population --area liwan --format csv";
static const char history[] = "suanpan history resident_population liwan 2020 --format csv";

static size_t lines_in(struct daemon *daemon, const char *words)
{
	char *out = daemon_say(daemon, words);
	size_t lines = 0;
	for (const char *at = out; *at; at++)
		lines += *at == '\n';
	free(out);
	return lines - 1; /* the header */
}

static void an_acked_report_survives_sigkill(void **state)
{
	struct daemon *daemon = *state;
	assert_int_equal(push(daemon, "liwan", "resident_population,440103,2020,1238305,,\n"), 0);
	daemon_kill(daemon);
	daemon_restart(daemon);
	expect(daemon, get_liwan, "resident_population,440103,2020,1238305,persons,A,1,1,,2\n");
}

static void the_same_file_again_changes_no_figure_and_adds_no_revision(void **state)
{
	struct daemon *daemon = *state;
	const char line[] = "resident_population,440103,2020,\"1,238,305\",,census\n";
	assert_int_equal(push(daemon, "liwan", line), 0);
	assert_int_equal(push(daemon, "liwan", line), 0);
	expect(daemon, get_liwan, "resident_population,440103,2020,1238305,persons,A,1,1,,2\n");
	assert_int_equal(lines_in(daemon, history), 1);
}

static void a_corrected_file_adds_one_revision_and_moves_the_indicator(void **state)
{
	struct daemon *daemon = *state;
	const char indicator[] =
	    "suanpan get hospital_beds_per_1000 --area liwan --from 2020-12 --to 2020-12 --format csv";
	assert_int_equal(
	    push(daemon, "liwan",
	         "resident_population,440103,2020,1000000,,\nhospital_beds,440103,2020-12,5000,,\n"),
	    0);
	expect(daemon, indicator, "hospital_beds_per_1000,440103,2020-12,5.00,beds,A,1,1,,2\n");
	assert_int_equal(
	    push(daemon, "liwan",
	         "resident_population,440103,2020,1250000,,\nhospital_beds,440103,2020-12,5000,,\n"),
	    0);
	expect(daemon, indicator, "hospital_beds_per_1000,440103,2020-12,4.00,beds,A,1,1,,3\n");
	assert_int_equal(lines_in(daemon, history), 2);
	assert_int_equal(lines_in(daemon, "suanpan history hospital_beds liwan 2020-12 --format csv"), 1);
}

static void a_district_that_sent_one_half_does_not_lower_the_ratio(void **state)
{
	struct daemon *daemon = *state;
	const char city[] = "suanpan get hospital_beds_per_1000 --from 2020-12 --to 2020-12 --format csv";
	const char missing[] = "Yuexiu;Haizhu;Tianhe;Baiyun;Huangpu;Panyu;Huadu;Nansha;Conghua;Zengcheng";
	char *line;
	assert_int_equal(
	    push(daemon, "liwan",
	         "resident_population,440103,2020,1000000,,\nhospital_beds,440103,2020-12,5000,,\n"),
	    0);
	assert_int_equal(push(daemon, "yuexiu", "resident_population,440104,2020,1000000,,\n"), 0);
	assert_true(
	    asprintf(&line, "hospital_beds_per_1000,440100,2020-12,5.00,beds,P,1,11,%s,2\n", missing) > 0);
	expect(daemon, city, line);
	free(line);
}

static void a_clean_stop_loses_nothing_and_ends_with_0(void **state)
{
	struct daemon *daemon = *state;
	assert_int_equal(push(daemon, "liwan", "resident_population,440103,2020,1238305,,\n"), 0);
	unsigned long commit = commit_of(daemon);
	assert_int_equal(daemon_stop(daemon), 0);
	daemon_restart(daemon);
	assert_int_equal(commit_of(daemon), commit);
	expect(daemon, get_liwan, "resident_population,440103,2020,1238305,persons,A,1,1,,2\n");
}

static void late_early_and_repeated_periods_come_in_any_order(void **state)
{
	struct daemon *daemon = *state;
	const char city[] = "suanpan get new_urban_jobs --area liwan --frequency A --format csv";
	assert_int_equal(
	    push(daemon, "liwan", "new_urban_jobs,440103,2020-03,3,,\nnew_urban_jobs,440103,2020-01,1,,\n"),
	    0);
	assert_int_equal(push(daemon, "liwan", "new_urban_jobs,440103,2020-02,2,,\n"), 0);
	expect(daemon, city, "new_urban_jobs,440103,2020,6,persons,P,1,1,,3\n");
	assert_int_equal(push(daemon, "liwan", "new_urban_jobs,440103,2019-12,9,,\n"), 0);
	expect(daemon, city,
	       "new_urban_jobs,440103,2019,9,persons,P,0,1,Liwan,4\nnew_urban_jobs,440103,2020,6,persons,P,1,"
	       "1,,3\n");
}

static void a_taken_back_observation_has_no_value_but_a_history(void **state)
{
	struct daemon *daemon = *state;
	assert_int_equal(push(daemon, "liwan", "resident_population,440103,2020,1238305,,\n"), 0);
	assert_int_equal(push(daemon, "liwan", "resident_population,440103,2020,,O,wrong year\n"), 0);
	expect(daemon, get_liwan, "resident_population,440103,2020,,persons,P,0,1,Liwan,\n");
	assert_int_equal(lines_in(daemon, history), 2);
}

static void another_districts_area_is_refused(void **state)
{
	struct daemon *daemon = *state;
	unsigned long commit = commit_of(daemon);
	assert_int_equal(push(daemon, "liwan", "resident_population,440104,2020,1,,\n"), 1);
	assert_int_equal(commit_of(daemon), commit);
}

static void an_unreachable_daemon_is_a_sentence_and_3(void **state)
{
	struct daemon *daemon = *state;
	assert_int_equal(daemon_stop(daemon), 0);
	struct run run = daemon_run(daemon, "none", "suanpan get resident_population --timeout 1");
	assert_int_equal(run.status, 3);
	assert_non_null(strstr(run.err, "nobody answers at ipc://"));
	run_free(&run);
	assert_int_equal(push(daemon, "liwan", "resident_population,440103,2020,1238305,,\n"), 3);
	daemon_restart(daemon);
	run = daemon_run(daemon, "liwan", "suanpan-report drain --reporter liwan");
	assert_int_equal(run.status, 0);
	run_free(&run);
	expect(daemon, get_liwan, "resident_population,440103,2020,1238305,persons,A,1,1,,2\n");
}

#define FLOW_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(an_acked_report_survives_sigkill),
	    FLOW_TEST(the_same_file_again_changes_no_figure_and_adds_no_revision),
	    FLOW_TEST(a_corrected_file_adds_one_revision_and_moves_the_indicator),
	    FLOW_TEST(a_district_that_sent_one_half_does_not_lower_the_ratio),
	    FLOW_TEST(a_clean_stop_loses_nothing_and_ends_with_0),
	    FLOW_TEST(late_early_and_repeated_periods_come_in_any_order),
	    FLOW_TEST(a_taken_back_observation_has_no_value_but_a_history),
	    FLOW_TEST(another_districts_area_is_refused),
	    FLOW_TEST(an_unreachable_daemon_is_a_sentence_and_3),
	};
	return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
