/* Every rule of the shipped catalogue, on both sides of its edge, as a clerk meets it: the real programs, the shipped files. Each
 * case has years of its own, so that none meets another. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/catalogue/rules.h"
#include "proto/decimal.h"
#include "tests/lib/daemon.h"
#include "tests/lib/scratch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	struct daemon daemon;
	struct catalogue *catalogue;
	FILE *out; /* the lines of the next file */
	char *lines;
	size_t size;
};

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	const char *source = getenv("SUANPAN_SOURCE");
	char *catalogue = scratch_path(source ? source : ".", "config/catalogue");
	assert_int_equal(catalogue_load(catalogue, stderr, &fixture->catalogue), 0);
	daemon_start(&fixture->daemon, scratch_new(), catalogue);
	free(catalogue);
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;
	daemon_done(&fixture->daemon);
	catalogue_free(fixture->catalogue);
	free(fixture);
	return 0;
}

/* ---- files ---- */

static void begin_file(struct fixture *fixture)
{
	fixture->out = open_memstream(&fixture->lines, &fixture->size);
	fputs("statistic,area,period,value\n", fixture->out);
}

/* The area of a statistic's level that a reporter may report it for. */
static const struct area *area_of(const struct fixture *fixture, const struct reporter *reporter,
                                  uint32_t statistic)
{
	const struct catalogue *catalogue = fixture->catalogue;
	for (uint32_t i = 0; reporter->statistics[statistic] && i < reporter->areas.count; i++)
		if (catalogue->areas[reporter->areas.area[i]].level == catalogue->statistics[statistic].level)
			return &catalogue->areas[reporter->areas.area[i]];
	return NULL;
}

/* The first that may report a statistic. */
static const struct reporter *reporter_of(const struct fixture *fixture, uint32_t statistic)
{
	for (uint32_t i = 0; i < fixture->catalogue->reporter_count; i++)
		if (area_of(fixture, &fixture->catalogue->reporters[i], statistic))
			return &fixture->catalogue->reporters[i];
	fail_msg("nobody reports %s", fixture->catalogue->statistics[statistic].code);
	return NULL;
}

/* `at`: the how-manieth period since the year's first. */
static void add(struct fixture *fixture, const struct reporter *reporter, uint32_t statistic, int year,
                int at, int64_t units)
{
	const struct statistic *of = &fixture->catalogue->statistics[statistic];
	struct period period = period_first_inside(period_make(PERIOD_ANNUAL, year, 0), of->frequency);
	char text[PERIOD_TEXT_SIZE], value[DECIMAL_TEXT_SIZE];
	assert_true(period_shift(period, at, &period));
	period_format(period, text);
	decimal_format(units, of->decimals, value);
	fprintf(fixture->out, "%s,%s,%s,%s\n", of->code, area_of(fixture, reporter, statistic)->code, text,
	        value);
}

/* `said` NULL: there must be no word on stderr. */
static void push(struct fixture *fixture, const struct reporter *reporter, int status, const char *said)
{
	char *path = scratch_path(fixture->daemon.folder, "push.csv"), *words;
	fclose(fixture->out);
	assert_true(asprintf(&words, "suanpan-report push --reporter %s '%s'", reporter->code, path) > 0);
	scratch_write(path, fixture->lines, fixture->size);
	struct run run = daemon_run(&fixture->daemon, reporter->code, words);
	if (run.status != status || (said ? !strstr(run.err, said) : *run.err != '\0'))
		fail_msg("%sended with %d and said\n%sinstead of %d and\n%s", fixture->lines, run.status,
		         run.err, status, said ? said : "nothing");
	run_free(&run);
	free(fixture->lines);
	free(words);
	free(path);
}

/* ---- hard rules ---- */

/* Each of the right is 1000, the left as much in all, and `more`. */
static void add_relation(struct fixture *fixture, const struct reporter *reporter,
                         const struct relation *relation, int year, int64_t more)
{
	int64_t left = 1000 * (int64_t)(relation->count - relation->left_count) + more;
	for (uint32_t i = 0; i < relation->count; i++) {
		int64_t value = 1000;
		if (i < relation->left_count)
			value = i + 1 < relation->left_count ? 400 : left - 400 * (int64_t)i;
		add(fixture, reporter, relation->statistics[i], year, 0, value);
	}
}

static void every_relation_is_taken_at_its_edge_and_refused_beyond_it(void **state)
{
	struct fixture *fixture = *state;
	assert_true(fixture->catalogue->relation_count > 0);
	for (uint32_t i = 0; i < fixture->catalogue->relation_count; i++) {
		const struct relation *relation = &fixture->catalogue->relations[i];
		const struct reporter *reporter = reporter_of(fixture, relation->statistics[0]);
		const int year = 1950 + (int)i;
		char *said;
		assert_int_equal(relation->sign, RELATION_AT_MOST); /* none of another kind is shipped */
		assert_true(asprintf(&said, "value: %s does not hold: ", relation->text) > 0);
		begin_file(fixture);
		add_relation(fixture, reporter, relation, year, 1);
		push(fixture, reporter, 1, said);
		begin_file(fixture);
		add_relation(fixture, reporter, relation, year, 0);
		push(fixture, reporter, 0, NULL);
		free(said);
	}
}

static void every_limit_is_taken_and_what_is_above_it_refused(void **state)
{
	struct fixture *fixture = *state;
	size_t limits = 0;
	for (uint32_t i = 0; i < fixture->catalogue->statistic_count; i++) {
		const struct statistic *statistic = &fixture->catalogue->statistics[i];
		const struct reporter *reporter;
		char *said;
		if (!statistic->has_most)
			continue;
		limits++;
		reporter = reporter_of(fixture, i);
		assert_true(asprintf(&said, ", the most that '%s' can be", statistic->code) > 0);
		begin_file(fixture);
		add(fixture, reporter, i, 2020, 0, statistic->most + 1);
		push(fixture, reporter, 1, said);
		begin_file(fixture);
		add(fixture, reporter, i, 2020, 0, statistic->most);
		push(fixture, reporter, 0, NULL);
		free(said);
	}
	assert_true(limits > 0);
}

/* All that one reporter reports at once: every bad row is told. */
static void nothing_is_negative_but_what_may_be(void **state)
{
	struct fixture *fixture = *state;
	const struct catalogue *catalogue = fixture->catalogue;
	for (uint32_t i = 0; i < catalogue->reporter_count; i++) {
		const struct reporter *reporter = &catalogue->reporters[i];
		size_t rows = 0, bad = 0;
		char *said;
		begin_file(fixture);
		for (uint32_t j = 0; j < catalogue->statistic_count; j++) {
			if (!area_of(fixture, reporter, j))
				continue;
			add(fixture, reporter, j, 2020, 0, -1);
			rows++;
			bad += !catalogue->statistics[j].may_be_negative;
		}
		assert_true(
		    asprintf(&said, "%zu problem%s in %zu observation", bad, bad == 1 ? "" : "s", rows) > 0);
		push(fixture, reporter, bad > 0, bad > 0 ? said : NULL);
		free(said);
	}
}

/* ---- soft rules ---- */

/* A figure that grows by about one in a thousand each time, and never by the same. */
static int64_t usual_figure(int at)
{
	return 1000000 + 1000 * at + at % 3 * 100;
}

static void try_soft_rule(struct fixture *fixture, uint32_t statistic, enum soft_rule rule, int year,
                          int64_t (*unusual)(int at), const char *said)
{
	const struct doubt *doubt = fixture->catalogue->statistics[statistic].rules->soft[rule];
	const struct reporter *reporter = reporter_of(fixture, statistic);
	int at = 0;
	begin_file(fixture);
	for (; at <= (int)doubt->least; at++) /* so many changes */
		add(fixture, reporter, statistic, year, at, usual_figure(at));
	push(fixture, reporter, 0, NULL);
	begin_file(fixture);
	add(fixture, reporter, statistic, year, at, usual_figure(at));
	push(fixture, reporter, 0, NULL);
	begin_file(fixture);
	add(fixture, reporter, statistic, year, at + 1, unusual(at));
	push(fixture, reporter, 0, said);
}

static int64_t thrice(int at)
{
	return 3 * usual_figure(at);
}

static void try_soft_rules(struct fixture *fixture, enum soft_rule rule, int64_t (*unusual)(int at),
                           const char *said)
{
	int cases = 0;
	for (uint32_t i = 0; i < fixture->catalogue->statistic_count; i++) {
		const struct statistic_rules *rules = fixture->catalogue->statistics[i].rules;
		if (rules && rules->soft[rule])
			try_soft_rule(fixture, i, rule, 1900 + 10 * cases++, unusual, said);
	}
	assert_true(cases > 0);
}

static void a_jump_of_every_statistic_that_is_asked_for_one_is_warned_of(void **state)
{
	try_soft_rules(*state, SOFT_JUMP, thrice, "push.csv:2: warning: jump: ");
}

static void a_standstill_of_every_statistic_that_is_asked_for_one_is_warned_of(void **state)
{
	try_soft_rules(*state, SOFT_UNCHANGED, usual_figure, "push.csv:2: warning: unchanged: ");
}

/* Every district with as many per head as the others; then the first has ten times as many. */
static void a_stranger_in_every_statistic_that_is_asked_for_one_is_warned_of(void **state)
{
	struct fixture *fixture = *state;
	const struct catalogue *catalogue = fixture->catalogue;
	const struct reporter *first = &catalogue->reporters[0];
	int cases = 0;
	for (uint32_t i = 0; i < catalogue->statistic_count; i++) {
		const struct statistic_rules *rules = catalogue->statistics[i].rules;
		const struct doubt *doubt = rules ? rules->soft[SOFT_PEERS] : NULL;
		const int year = 1910 + 10 * cases;
		if (!doubt)
			continue;
		cases++;
		for (uint32_t j = 0; j <= doubt->least; j++) {
			const struct reporter *reporter = &catalogue->reporters[j];
			begin_file(fixture);
			add(fixture, reporter, doubt->per, year, 0, 1000000);
			add(fixture, reporter, doubt->per, year - 1, 0,
			    1000000); /* for months of this year */
			add(fixture, reporter, i, year, 0, 20000 + 10 * j);
			push(fixture, reporter, 0, NULL);
		}
		begin_file(fixture);
		add(fixture, first, i, year, 0, 200000);
		push(fixture, first, 0, "push.csv:2: warning: peers: ");
	}
	assert_true(cases > 0);
}

#define FLOW_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(every_relation_is_taken_at_its_edge_and_refused_beyond_it),
	    FLOW_TEST(every_limit_is_taken_and_what_is_above_it_refused),
	    FLOW_TEST(nothing_is_negative_but_what_may_be),
	    FLOW_TEST(a_jump_of_every_statistic_that_is_asked_for_one_is_warned_of),
	    FLOW_TEST(a_standstill_of_every_statistic_that_is_asked_for_one_is_warned_of),
	    FLOW_TEST(a_stranger_in_every_statistic_that_is_asked_for_one_is_warned_of),
	};
	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
