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

/* Pushes one file with these lines under the header, as `reporter`, with more options. */
static struct run push_with(struct daemon *daemon, const char *reporter, const char *options,
                            const char *lines)
{
	char *path = scratch_path(daemon->folder, "push.csv"), *text, *words;
	assert_true(asprintf(&text, "statistic,area,period,value,status,note\n%s", lines) > 0);
	assert_true(asprintf(&words, "suanpan-report push --reporter %s '%s'%s", reporter, path, options) >
	            0);
	scratch_write(path, text, strlen(text));
	struct run run = daemon_run(daemon, reporter, words);
	free(text);
	free(words);
	free(path);
	return run;
}

/* Answers the exit status. */
static int push(struct daemon *daemon, const char *reporter, const char *lines)
{
	struct run run = push_with(daemon, reporter, "", lines);
	if (run.status != 0)
		print_message("%s%s", run.out, run.err);
	int status = run.status;
	run_free(&run);
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

static void a_file_with_forty_bad_figures_is_told_all_forty(void **state)
{
	struct daemon *daemon = *state;
	size_t size;
	char *lines, line[64];
	FILE *out = open_memstream(&lines, &size);
	for (int month = 0; month < 20; month++) {
		int year = 2020 + month / 12, number = month % 12 + 1;
		fprintf(out, "elderly_care_beds,440103,%d-%02d,50,,\n", year, number);
		fprintf(out, "elderly_care_nursing_beds,440103,%d-%02d,51,,\n", year, number);
	}
	fprintf(out, "hospital_beds,440103,2020-01,9000,,\n");
	fclose(out);
	struct run run = push_with(daemon, "liwan", "", lines);
	assert_int_equal(run.status, 1);
	assert_non_null(
	    strstr(run.err, "was refused, and nothing of it was stored: 40 problems in 41 observations"));
	for (int number = 2; number < 42; number++) {
		snprintf(line, sizeof line, "push.csv:%d: value: elderly_care_nursing_beds <=", number);
		if (!strstr(run.err, line))
			fail_msg("nothing is said of line %d", number);
	}
	assert_null(strstr(run.err, "push.csv:42:"));
	run_free(&run);
	free(lines);
}

static void what_looks_wrong_is_told_until_it_is_confirmed(void **state)
{
	struct daemon *daemon = *state;
	static const char jump[] = "hospital_beds,440103,2020-08,88970,,\n";
	static const char said[] =
	    "push.csv:2: warning: jump: 88970 after 8897 in 2020-07; by its 6 changes before, ";
	static const char asked[] = "suanpan history hospital_beds 440103 2020-08 --format csv";
	assert_int_equal(push(daemon, "liwan",
	                      "hospital_beds,440103,2020-01,8890,,\nhospital_beds,440103,2020-02,8891,,\n"
	                      "hospital_beds,440103,2020-03,8893,,\nhospital_beds,440103,2020-04,8893,,\n"
	                      "hospital_beds,440103,2020-05,8894,,\nhospital_beds,440103,2020-06,8896,,\n"
	                      "hospital_beds,440103,2020-07,8897,,\n"),
	                 0);
	struct run run = push_with(daemon, "liwan", "", jump);
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.err, said));
	assert_non_null(strstr(run.err, "or what is right again with --confirm REASON\n"));
	run_free(&run);
	char *revisions = daemon_say(daemon, asked);
	assert_non_null(strstr(revisions, "\n1,88970,beds,V,"));
	free(revisions);
	run = push_with(daemon, "liwan", " --confirm ' '", jump);
	assert_int_equal(run.status, 2);
	run_free(&run);
	run = push_with(daemon, "liwan", " --confirm 'ten hospitals, moved here'", jump);
	assert_int_equal(run.status, 0);
	assert_string_equal(run.err, "");
	run_free(&run);
	revisions = daemon_say(daemon, asked);
	assert_non_null(strstr(revisions, "\n2,88970,beds,A,"));
	assert_non_null(strstr(revisions, ",\"ten hospitals, moved here\","));
	free(revisions);
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
	    FLOW_TEST(a_file_with_forty_bad_figures_is_told_all_forty),
	    FLOW_TEST(what_looks_wrong_is_told_until_it_is_confirmed),
	};
	return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
