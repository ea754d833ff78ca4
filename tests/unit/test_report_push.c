/* The commands as the program runs them, with a scripted intake and nobody at the query endpoint: so checks are of the
 * form, or against words that the spool kept. */
#include "clients/report/sender.h"
#include "clients/report/spool.h"
#include "tests/lib/scratch.h"
#include "tests/unit/little_vocabulary.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>

#include <cmocka.h>

#include "tests/unit/scripted_intake.h"
#include "tests/unit/scripted_sender.h"

struct fixture {
	char *folder, *spool, *out, *err;
	struct scripted_intake intake;
	struct sender_settings settings;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->spool = scratch_path(fixture->folder, "spool");
	fixture->settings = (struct sender_settings){.intake = "ipc:///tmp/suanpan-nobody-here",
	                                             .query = "ipc:///tmp/suanpan-nobody-here",
	                                             .spool = fixture->spool,
	                                             .reporter = "liwan",
	                                             .timeout = "0.1"};
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	intake_forget(&fixture->intake);
	free(fixture->out);
	free(fixture->err);
	free(fixture->spool);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

static int run(struct fixture *fixture, int (*command)(void *, int, char *[]), int count, char *arguments[])
{
	free(fixture->out);
	free(fixture->err);
	return run_sender(&fixture->settings, fixture->folder, command, count, arguments, &fixture->out,
	                  &fixture->err);
}

static int push_text(struct fixture *fixture, const char *text)
{
	char *path = scratch_path(fixture->folder, "push.csv");
	scratch_write(path, text, strlen(text));
	int status = run(fixture, sender_push, 1, &path);
	free(path);
	return status;
}

/* With an intake that runs this script. */
static int push_text_to(struct fixture *fixture, const char *text,
                        void (*script)(struct scripted_intake *, const Suanpan__Report *))
{
	intake_start(&fixture->intake, script);
	fixture->settings.intake = fixture->intake.url;
	int status = push_text(fixture, text);
	intake_stop(&fixture->intake);
	fixture->settings.intake = "ipc:///tmp/suanpan-nobody-here";
	return status;
}

static void keep_words(struct fixture *fixture)
{
	const struct little_bytes bytes = little_bytes();
	struct sentence why;
	struct spool *spool;
	assert_int_equal(spool_open(fixture->spool, &why, &spool), 0);
	assert_int_equal(spool_write_cache(spool, 1750000000000, bytes.bytes, bytes.size), 0);
	spool_close(spool);
}

#define GOOD "statistic,area,period,value\nresidents,440103,2020,1238305\nresidents,440103,2021,1240000\n"

static void accepted_is_0_and_a_summary(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(push_text_to(fixture, GOOD, intake_accept), 0);
	assert_string_equal(fixture->out, "1 file, 2 observations, 1 report, all accepted (commit 1)\n");
	assert_non_null(strstr(fixture->err, "only the form of the files is checked"));
	assert_int_equal(fixture->intake.heard_count, 1);
}

static void refuse(struct scripted_intake *intake, const Suanpan__Report *report)
{
	Suanpan__Ack ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_REFUSED);
	Suanpan__Problem problem = SUANPAN__PROBLEM__INIT;
	Suanpan__Problem *list[] = {&problem};
	problem.row = 1;
	problem.reason = SUANPAN__REASON__REASON_OUT_OF_RANGE;
	problem.text = (char[]){"too many people"};
	ack.n_problem = 1;
	ack.problem = list;
	intake_say(intake, &ack);
}

static void refused_is_1_and_names_the_line(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(push_text_to(fixture, GOOD, refuse), 1);
	assert_non_null(strstr(fixture->err, "push.csv:3: value: too many people\n"));
	assert_string_equal(fixture->out, "1 file, 2 observations, 1 report: 1 refused\n");
}

static void one_bad_row_and_nothing_is_sent(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(
	    push_text_to(fixture, GOOD "residents,440103,2022,x\nresidents,,2023,1\n", intake_accept), 1);
	assert_int_equal(fixture->intake.heard_count, 0);
	assert_non_null(strstr(fixture->err, "push.csv:4: value: 'x': not a number"));
	assert_non_null(strstr(fixture->err, "push.csv:5: area: is empty\n2 mistakes; nothing was sent\n"));
	assert_int_equal(run(fixture, sender_status, 0, NULL), 0);
	assert_non_null(strstr(fixture->out, "pending   0\n"));
}

static void unreachable_is_3_and_a_later_push_brings_everything(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(push_text(fixture, GOOD), 3);
	assert_non_null(
	    strstr(fixture->err, "1 report is spooled and will be sent by the next push or drain\n"));
	assert_string_equal(fixture->out, "1 file, 2 observations, 1 report, 1 not delivered\n");
	assert_int_equal(push_text_to(fixture, GOOD, intake_accept), 0);
	assert_string_equal(fixture->out,
	                    "1 file, 2 observations, 1 report, all accepted; of those spooled before: 1 "
	                    "accepted (commit 2)\n");
	assert_int_equal(fixture->intake.heard_count, 2);
	assert_int_equal(fixture->intake.heard[0].sequence, 1);
	assert_int_equal(fixture->intake.heard[1].sequence, 2);
	assert_int_equal(run(fixture, sender_drain, 0, NULL), 0);
	assert_non_null(strstr(fixture->out, "nothing is spooled in "));
}

static void drain_delivers_and_needs_no_reporter(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(push_text(fixture, GOOD), 3);
	fixture->settings.reporter = NULL;
	assert_int_equal(run(fixture, sender_drain, 0, NULL), 3);
	intake_start(&fixture->intake, intake_accept);
	fixture->settings.intake = fixture->intake.url;
	assert_int_equal(run(fixture, sender_drain, 0, NULL), 0);
	intake_stop(&fixture->intake);
	assert_string_equal(fixture->out, "1 report, all accepted (commit 1)\n");
}

static void a_dry_run_leaves_no_trace(void **state)
{
	struct fixture *fixture = *state;
	fixture->settings.dry_run = true;
	fixture->settings.reporter = NULL;
	assert_int_equal(push_text(fixture, GOOD), 0);
	assert_string_equal(fixture->out, "2 observations in 1 report; nothing was sent\n");
	assert_false(spool_exists(fixture->spool));
	assert_int_not_equal(access(fixture->spool, F_OK), 0);
	assert_int_equal(push_text(fixture, "statistic,area,period,value\nx,y,z,1\n"), 1);
}

static void usage_is_2_and_makes_nothing(void **state)
{
	struct fixture *fixture = *state;
	fixture->settings.reporter = NULL;
	assert_int_equal(push_text(fixture, GOOD), 2);
	assert_non_null(strstr(fixture->err, "who reports?"));
	fixture->settings.reporter = "Liwan!";
	assert_int_equal(push_text(fixture, GOOD), 2);
	fixture->settings.reporter = "liwan";
	fixture->settings.timeout = "soon";
	assert_int_equal(push_text(fixture, GOOD), 2);
	assert_non_null(strstr(fixture->err, "--timeout: 'soon'"));
	fixture->settings.timeout = "0.1";
	fixture->settings.intake = "localhost";
	assert_int_equal(push_text(fixture, GOOD), 2);
	assert_non_null(strstr(fixture->err, "--intake: 'localhost' is not an endpoint"));
	fixture->settings.intake = fixture->settings.query;
	char *twice[] = {(char[]){"-"}, (char[]){"-"}};
	assert_int_equal(run(fixture, sender_push, 2, twice), 2);
	assert_int_not_equal(access(fixture->spool, F_OK), 0);
}

static void kept_words_check_without_the_daemon(void **state)
{
	struct fixture *fixture = *state;
	keep_words(fixture);
	assert_int_equal(push_text(fixture, "statistic,area,period,value\nresidents,荔湾,2020,1\n"
	                                    "resident,Liwan,2020,1\nincome,越秀区,2020-Q1,1.5\n"),
	                 1);
	assert_non_null(strstr(fixture->err, "checked against the daemon's codes of 2025-06-15"));
	assert_non_null(
	    strstr(fixture->err, "push.csv:3: statistic: 'resident' is not a statistic the daemon knows"));
	assert_non_null(strstr(fixture->err, "push.csv:4: area: '越秀区' is not for 'liwan' to report"));
	assert_int_equal(
	    push_text_to(fixture, "statistic,area,period,value\nresidents,荔湾,2020,1\n", intake_accept), 0);
	Suanpan__Report *report =
	    suanpan__report__unpack(NULL, fixture->intake.heard[0].size, fixture->intake.heard[0].bytes);
	assert_non_null(report);
	assert_string_equal(report->area[0], "440103"); /* codes cross the wire, never names */
	assert_string_equal(report->source, "push.csv");
	suanpan__report__free_unpacked(report, NULL);
}

static void an_unknown_reporter_is_suggested_the_nearest(void **state)
{
	struct fixture *fixture = *state;
	keep_words(fixture);
	fixture->settings.reporter = "liwam";
	assert_int_equal(push_text(fixture, GOOD), 1);
	assert_non_null(
	    strstr(fixture->err, "the daemon knows no reporter 'liwam'; did you mean 'liwan'?\n"));
}

static void a_spool_keeps_to_its_reporter(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(push_text(fixture, GOOD), 3);
	fixture->settings.reporter = "yuexiu";
	assert_int_equal(push_text(fixture, GOOD), 1);
	assert_non_null(
	    strstr(fixture->err, "belongs to the reporter 'liwan'; 'yuexiu' needs a spool of its own"));
	fixture->settings.reporter = NULL;
	assert_int_equal(run(fixture, sender_status, 0, NULL), 0);
	assert_non_null(strstr(fixture->out, "reporter  liwan\n"));
	assert_non_null(strstr(fixture->out, "next      2\npending   1\noldest    1\n"));
	assert_non_null(strstr(fixture->out, "2 observations"));
	assert_non_null(strstr(fixture->out, "from push.csv\n"));
}

static void a_push_beside_another_spools_and_leaves_the_sending_to_later(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(push_text(fixture, GOOD), 3);
	char *path = scratch_path(fixture->spool, "delivery.lock");
	int file = open(path, O_RDWR | O_CLOEXEC); /* another description of it, as another process has */
	assert_true(file >= 0);
	assert_int_equal(flock(file, LOCK_EX), 0);
	assert_int_equal(push_text_to(fixture, GOOD, intake_accept), 3);
	assert_int_equal(fixture->intake.heard_count, 0);
	assert_non_null(strstr(fixture->err, "another suanpan-report is delivering"));
	assert_non_null(strstr(fixture->err, "1 report is spooled"));
	close(file);
	free(path);
	assert_int_equal(push_text_to(fixture, GOOD, intake_accept), 0);
	assert_int_equal(fixture->intake.heard_count, 3);
}

static void a_file_that_cannot_be_read_is_a_mistake_like_others(void **state)
{
	struct fixture *fixture = *state;
	char *good = scratch_path(fixture->folder, "good.csv");
	scratch_write(good, GOOD "bad", strlen(GOOD "bad"));
	char *paths[] = {good, (char[]){"/nonexistent/x.csv"}, (char[]){"/tmp"}};
	assert_int_equal(run(fixture, sender_push, 3, paths), 1);
	assert_non_null(strstr(fixture->err, "good.csv:4: this row has 1 field, the header has 4\n"));
	assert_non_null(
	    strstr(fixture->err, "/nonexistent/x.csv: cannot be read: No such file or directory\n"));
	assert_non_null(
	    strstr(fixture->err, "/tmp: cannot be read: Is a directory\n3 mistakes; nothing was sent\n"));
	free(good);
}

static void a_file_without_rows_is_no_mistake(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(push_text(fixture, "statistic,area,period,value\n"), 0);
	assert_string_equal(fixture->out, "1 file, 0 observations, 0 reports\n");
}

static void quiet_says_nothing_when_all_is_well(void **state)
{
	struct fixture *fixture = *state;
	keep_words(fixture);
	fixture->settings.quiet = true;
	assert_int_equal(push_text_to(fixture, GOOD, intake_accept), 0);
	assert_string_equal(fixture->out, "");
	assert_string_equal(fixture->err, "");
}

#define PUSH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PUSH_TEST(accepted_is_0_and_a_summary),
	    PUSH_TEST(refused_is_1_and_names_the_line),
	    PUSH_TEST(one_bad_row_and_nothing_is_sent),
	    PUSH_TEST(unreachable_is_3_and_a_later_push_brings_everything),
	    PUSH_TEST(drain_delivers_and_needs_no_reporter),
	    PUSH_TEST(a_dry_run_leaves_no_trace),
	    PUSH_TEST(usage_is_2_and_makes_nothing),
	    PUSH_TEST(kept_words_check_without_the_daemon),
	    PUSH_TEST(an_unknown_reporter_is_suggested_the_nearest),
	    PUSH_TEST(a_spool_keeps_to_its_reporter),
	    PUSH_TEST(a_push_beside_another_spools_and_leaves_the_sending_to_later),
	    PUSH_TEST(a_file_that_cannot_be_read_is_a_mistake_like_others),
	    PUSH_TEST(a_file_without_rows_is_no_mistake),
	    PUSH_TEST(quiet_says_nothing_when_all_is_well),
	};
	return cmocka_run_group_tests_name("report_push", tests, NULL, NULL);
}
