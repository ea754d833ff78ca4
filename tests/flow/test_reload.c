/* The catalogue changes while the daemon runs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/daemon.h"
#include "tests/lib/scratch.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *folder_of_sources(const char *name)
{
	const char *source = getenv("SUANPAN_SOURCE");
	return scratch_path(source ? source : ".", name);
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	char *text = calloc(1, 1 << 20);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	return text;
}

static int start(void **state)
{
	struct daemon *daemon = calloc(1, sizeof *daemon);
	char *folder = scratch_new(), *from = folder_of_sources("config/catalogue"), *to, *copy;
	to = scratch_path(folder, "catalogue");
	assert_true(asprintf(&copy, "cp -R '%s' '%s'", from, to) > 0);
	assert_int_equal(system(copy), 0); /* NOLINT(cert-env33-c): a test's own words */
	daemon_start(daemon, folder, to);
	free(copy);
	free(from);
	free(to);
	*state = daemon;
	return 0;
}

static int stop(void **state)
{
	daemon_done(*state);
	free(*state);
	return 0;
}

static void push(struct daemon *daemon, const char *lines)
{
	char *path = scratch_path(daemon->folder, "push.csv"), *text, *words;
	assert_true(asprintf(&text, "statistic,area,period,value\n%s", lines) > 0);
	assert_true(asprintf(&words, "suanpan-report push --reporter liwan '%s'", path) > 0);
	scratch_write(path, text, strlen(text));
	struct run run = daemon_run(daemon, "liwan", words);
	assert_int_equal(run.status, 0);
	run_free(&run);
	free(text);
	free(words);
	free(path);
}

/* Replaces `from` by `to` (once) in a file of the catalogue. */
static void edit(struct daemon *daemon, const char *name, const char *from, const char *to)
{
	char *path = scratch_path(daemon->catalogue, name), *text = read_file(path), *edited;
	char *at = strstr(text, from);
	assert_non_null(at);
	assert_true(asprintf(&edited, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	scratch_write(path, edited, strlen(edited));
	free(edited);
	free(text);
	free(path);
}

/* How often the daemon's log says this. */
static unsigned said(struct daemon *daemon, const char *event)
{
	char *path = scratch_path(daemon->folder, "log"), *text = read_file(path);
	unsigned count = 0;
	for (const char *at = text; (at = strstr(at, event)); at++)
		count++;
	free(text);
	free(path);
	return count;
}

/* SIGHUP, and until the log says one more time what came of it. */
static void reload(struct daemon *daemon, const char *event)
{
	unsigned before = said(daemon, event);
	assert_int_equal(kill(daemon->pid, SIGHUP), 0);
	for (int i = 0; i < 500 && said(daemon, event) == before; i++)
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	assert_int_equal(said(daemon, event), before + 1);
}

static const char new_indicator[] = "indicators:\n  - code: beds_per_nurse\n"
                                    "    names: {en: Beds per nurse, zh_hans: 床护比, zh_hant: 床護比}\n"
                                    "    unit: {en: beds, zh_hans: 张, zh_hant: 張}\n"
                                    "    decimals: 2\n"
                                    "    formula: hospital_beds / registered_nurses\n";

static void report_beds_and_nurses(struct daemon *daemon)
{
	push(daemon, "hospital_beds,440103,2020-11,900\nregistered_nurses,440103,2020-11,600\n"
	             "hospital_beds,440103,2020-12,1000\nregistered_nurses,440103,2020-12,500\n");
}

static void expect(struct daemon *daemon, const char *words, const char *out)
{
	char *said_now = daemon_say(daemon, words);
	assert_string_equal(said_now, out);
	free(said_now);
}

static const char ask_ratio[] = "suanpan get beds_per_nurse --area liwan --frequency M --format csv";
#define HEADER "code,area,period,value,unit,status,reported,expected,missing,commit\n"

static void a_new_indicator_is_computed_for_all_history(void **state)
{
	struct daemon *daemon = *state;
	report_beds_and_nurses(daemon); /* commit 2 */
	edit(daemon, "indicators.yaml", "indicators:\n", new_indicator);
	reload(daemon, "event=catalogue-adopted");
	expect(daemon, ask_ratio,
	       HEADER "beds_per_nurse,440103,2020-11,1.50,beds,A,1,1,,3\n"
	              "beds_per_nurse,440103,2020-12,2.00,beds,A,1,1,,3\n");
	push(daemon, "registered_nurses,440103,2020-12,400\n");
	expect(daemon, ask_ratio,
	       HEADER "beds_per_nurse,440103,2020-11,1.50,beds,A,1,1,,3\n"
	              "beds_per_nurse,440103,2020-12,2.50,beds,A,1,1,,4\n");
	assert_int_equal(daemon_stop(daemon), 0);
	daemon_restart(daemon);
	expect(daemon, ask_ratio,
	       HEADER "beds_per_nurse,440103,2020-11,1.50,beds,A,1,1,,3\n"
	              "beds_per_nurse,440103,2020-12,2.50,beds,A,1,1,,4\n");
}

static void a_removed_indicator_is_gone_but_stays_answerable_as_of_before(void **state)
{
	struct daemon *daemon = *state;
	edit(daemon, "indicators.yaml", "indicators:\n", new_indicator);
	reload(daemon, "event=catalogue-adopted"); /* commit 2 */
	report_beds_and_nurses(daemon);            /* commit 3 */
	edit(daemon, "indicators.yaml", new_indicator, "indicators:\n");
	reload(daemon, "event=catalogue-adopted"); /* commit 4 */
	struct run run = daemon_run(daemon, "none", ask_ratio);
	assert_int_equal(run.status, 1);
	assert_non_null(strstr(run.err, "no statistic or indicator 'beds_per_nurse'"));
	run_free(&run);
	char *list = daemon_say(daemon, "suanpan list indicators --format csv");
	assert_null(strstr(list, "beds_per_nurse"));
	free(list);
	expect(daemon, "suanpan get beds_per_nurse --area liwan --frequency M --format csv --as-of 3",
	       HEADER "beds_per_nurse,440103,2020-11,1.50,beds,A,1,1,,3\n"
	              "beds_per_nurse,440103,2020-12,2.00,beds,A,1,1,,3\n");
}

static void a_changed_formula_holds_from_its_commit_on(void **state)
{
	struct daemon *daemon = *state;
	const char now[] =
	    "suanpan get hospital_beds_per_1000 --area liwan --from 2020-12 --to 2020-12 --format csv";
	char *then;
	assert_true(asprintf(&then, "%s --as-of 2", now) > 0);
	push(daemon, "resident_population,440103,2020,1000000\nhospital_beds,440103,2020-12,5000\n");
	edit(daemon, "indicators.yaml", "formula: 1000 * hospital_beds / resident_population",
	     "formula: 2000 * hospital_beds / resident_population");
	reload(daemon, "event=catalogue-adopted");
	expect(daemon, now, HEADER "hospital_beds_per_1000,440103,2020-12,10.00,beds,A,1,1,,3\n");
	expect(daemon, then, HEADER "hospital_beds_per_1000,440103,2020-12,5.00,beds,A,1,1,,2\n");
	free(then);
}

static void a_broken_file_keeps_the_old_catalogue_and_says_why(void **state)
{
	struct daemon *daemon = *state;
	report_beds_and_nurses(daemon);
	edit(daemon, "indicators.yaml", "formula: 1000 * hospital_beds / resident_population",
	     "formula: 1000 * hospital_bed / resident_population");
	reload(daemon, "event=catalogue-kept");
	assert_int_equal(said(daemon, "unknown statistic 'hospital_bed', nearest is 'hospital_beds'"), 1);
	push(daemon, "hospital_beds,440103,2020-12,1001\n");
	expect(daemon, "suanpan get hospital_beds --area liwan --from 2020-12 --format csv",
	       HEADER "hospital_beds,440103,2020-12,1001,beds,A,1,1,,3\n");
}

static void reordering_a_file_changes_no_figure(void **state)
{
	struct daemon *daemon = *state;
	const char plan[] = "suanpan plan plan14 --period 2020 --format csv";
	report_beds_and_nurses(daemon);
	push(daemon, "resident_population,440103,2020,1000000\n");
	char *before = daemon_say(daemon, plan), *path = scratch_path(daemon->catalogue, "statistics.yaml");
	char *text = read_file(path), *reordered;
	/* The first statistic goes to the end. */
	char *first = strstr(text, "\n  - code:") + 1, *second = strstr(first, "\n  - code:") + 1;
	assert_true(asprintf(&reordered, "%.*s%s%.*s", (int)(first - text), text, second,
	                     (int)(second - first), first) > 0);
	scratch_write(path, reordered, strlen(reordered));
	reload(daemon, "event=catalogue-adopted");
	char *after = daemon_say(daemon, plan);
	assert_string_equal(before, after);
	free(before);
	free(after);
	free(text);
	free(reordered);
	free(path);
}

static void decimals_of_what_is_stored_cannot_change(void **state)
{
	struct daemon *daemon = *state;
	push(daemon, "resident_population,440103,2020,1000000\n");
	edit(daemon, "statistics.yaml", "decimals: 0", "decimals: 2");
	reload(daemon, "event=catalogue-kept");
	assert_int_equal(said(daemon, "statistic 'resident_population': decimals was 0 and would be 2"), 1);
}

static const char luogang[] = "  - code: \"440116\"\n"
                              "    level: district\n"
                              "    parent: \"440100\"\n"
                              "    names: {en: Luogang, zh_hans: 萝岗区, zh_hant: 蘿崗區}\n"
                              "    to: \"2013\"\n"
                              "    successors: [\"440112\"]\n"
                              "groups:\n";

/* Luogang became part of Huangpu in 2014: its figures count before, for the city and the outer districts alike, and growth over the
 * change compares the same ground. */
static void a_code_that_ended_counts_before_and_is_refused_after(void **state)
{
	struct daemon *daemon = *state;
	edit(daemon, "areas.yaml", "groups:\n", luogang);
	edit(daemon, "reporters.yaml", "    areas: [\"440103\"]",
	     "    areas: [\"440103\", \"440112\", \"440116\"]");
	reload(daemon, "event=catalogue-adopted");
	push(daemon, "resident_population,440112,2013,700000\nresident_population,440116,2013,300000\n"
	             "resident_population,440112,2014,1100000\n");
	expect(daemon, "suanpan get resident_population --area outer --format csv",
	       HEADER "resident_population,outer,2013,1000000,persons,P,1,7,Baiyun;Panyu;Huadu;Nansha;"
	              "Conghua;Zengcheng,3\n"
	              "resident_population,outer,2014,1100000,persons,P,1,7,Baiyun;Panyu;Huadu;Nansha;"
	              "Conghua;Zengcheng,3\n");
	/* Nobody has reported this: missing are those whose codes hold at the period's end. */
	expect(daemon, "suanpan get immunisation_rate --area outer --from 2014 --to 2014 --format csv",
	       HEADER "immunisation_rate,outer,2014,,%,O,0,7,Baiyun;Huangpu;Panyu;Huadu;Nansha;Conghua;"
	              "Zengcheng,\n");
	char *growth =
	    daemon_say(daemon, "suanpan eval growth(resident_population) --from 2014 --to 2014 --format csv");
	assert_non_null(strstr(growth, ",2014,10.00,"));
	free(growth);
	struct run run;
	char *path = scratch_path(daemon->folder, "late.csv"), *words;
	const char late[] = "statistic,area,period,value\nresident_population,440116,2014,1\n";
	scratch_write(path, late, strlen(late));
	assert_true(asprintf(&words, "suanpan-report push --reporter liwan '%s'", path) > 0);
	run = daemon_run(daemon, "liwan", words);
	assert_int_equal(run.status, 1);
	assert_non_null(strstr(run.err, "440112 (Huangpu)"));
	run_free(&run);
	free(words);
	free(path);
}

static void an_unchanged_catalogue_is_no_commit(void **state)
{
	struct daemon *daemon = *state;
	reload(daemon, "event=catalogue-unchanged");
	char *out = daemon_say(daemon, "suanpan status --format csv");
	assert_non_null(strstr(out, "\ncommit,1\n"));
	free(out);
}

#define FLOW_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(a_new_indicator_is_computed_for_all_history),
	    FLOW_TEST(a_removed_indicator_is_gone_but_stays_answerable_as_of_before),
	    FLOW_TEST(a_changed_formula_holds_from_its_commit_on),
	    FLOW_TEST(a_broken_file_keeps_the_old_catalogue_and_says_why),
	    FLOW_TEST(reordering_a_file_changes_no_figure),
	    FLOW_TEST(decimals_of_what_is_stored_cannot_change),
	    FLOW_TEST(a_code_that_ended_counts_before_and_is_refused_after),
	    FLOW_TEST(an_unchanged_catalogue_is_no_commit),
	};
	return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
