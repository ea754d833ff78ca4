/* What a look raises and settles, on a little city whose days pass as the rows of a table say.
 *
 * Its target: beds per 1000 from 5.00 at the end of 2020 to 6.00 at the end of 2025, so a sixtieth more each month; behind is
 * up to 0.10 short, and what was bad is good again 0.02 beyond. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/catalogue/calendar.h"
#include "daemon/catalogue/rules.h"
#include "daemon/looks.h"
#include "daemon/pipeline.h"
#include "daemon/store/alerts.h"
#include "proto/decimal.h"
#include "tests/lib/adopt.h"
#include "tests/lib/little_city.h"
#include "tests/lib/scratch.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	char *folder;
	struct catalogue *catalogue;
	struct store *store;
	struct writer *writer;
	uint64_t sequence;
};

static struct period period_of(const char *text)
{
	struct period period;
	assert_int_equal(period_parse(text, strlen(text), &period), 0);
	return period;
}

/* Noon in China. */
static int64_t noon_of(const char *day)
{
	return ((int64_t)period_first_day(period_of(day)) * 24 + 4) * 3600000;
}

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	char *path = scratch_path(fixture->folder, "store");
	fixture->catalogue = little_city_load(fixture->folder);
	assert_int_equal(store_open(path, &fixture->store), 0);
	adopt_catalogue(fixture->store, fixture->catalogue, "one", noon_of("2021-01-05"));
	assert_int_equal(writer_new(fixture->catalogue, fixture->store, &fixture->writer), 0);
	free(path);
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;
	writer_free(fixture->writer);
	store_close(fixture->store);
	catalogue_free(fixture->catalogue);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

/* One figure in a commit of its own. */
static void report(struct fixture *fixture, const char *day, uint32_t statistic, uint32_t area,
                   const char *period, char status, int64_t value)
{
	const struct observation observation = {.statistic = statistic,
	                                        .area = area,
	                                        .period = period_of(period),
	                                        .status = status,
	                                        .value = value};
	const struct accepted_report accepted = {.name = {.reporter_id = 1, .sequence = ++fixture->sequence},
	                                         .observations = &observation,
	                                         .observation_count = 1};
	struct write *write;
	uint64_t entry;
	assert_int_equal(write_begin(fixture->store, noon_of(day), &write), 0);
	assert_int_equal(write_accept(write, &accepted, &entry), 0);
	assert_int_equal(write_apply(write), 0);
	assert_int_equal(write_commit(write), 0);
}

static void report_people(struct fixture *fixture, const char *day, const char *year)
{
	report(fixture, day, PEOPLE, NORTH, year, 'A', 100000);
	report(fixture, day, PEOPLE, SOUTH, year, 'A', 100000);
}

/* So many beds per 1000 in both districts. */
static void report_beds(struct fixture *fixture, const char *day, const char *month, const char *per_1000)
{
	int64_t hundredths;
	assert_int_equal(decimal_parse(per_1000, strlen(per_1000), 2, &hundredths), 0);
	report(fixture, day, BEDS, NORTH, month, 'A', hundredths);
	report(fixture, day, BEDS, SOUTH, month, 'A', hundredths);
}

/* Answers whether there was a commit. */
static bool look(struct fixture *fixture, const char *day)
{
	uint64_t commit;
	assert_int_equal(pipeline_look(fixture->writer, noon_of(day), &commit), 0);
	return commit != 0;
}

/* All alerts of a kind: "1 open 2021-02 5.03" and a line feed each; "!" behind a provisional one. */
static char *list(struct fixture *fixture, enum alert_kind kind)
{
	struct snapshot *snapshot;
	struct alert *alerts;
	size_t count, size;
	char *text;
	FILE *out = open_memstream(&text, &size);
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	assert_int_equal(snapshot_alerts(snapshot, &alerts, &count), 0);
	for (size_t i = 0, number = 1; i < count; i++) {
		const struct alert_facts *facts = &alerts[i].facts;
		char period[PERIOD_TEXT_SIZE], value[DECIMAL_TEXT_SIZE];
		if (facts->kind != kind)
			continue;
		period_format(facts->period, period);
		decimal_format(facts->units, facts->decimals, value);
		fprintf(out, "%s%zu%s %s %s%s", number > 1 ? ", " : "", number,
		        facts->severity == ALERT_WORSE ? "!" : "", alert_state_name(alerts[i].state), period,
		        facts->provisional ? " provisional" : "");
		if (kind == ALERT_OVERDUE)
			fprintf(out, " %s %" PRIu32 "/%" PRIu32, facts->reporter, facts->part, facts->whole);
		else
			fprintf(out, " %s", value);
		number++;
	}
	fclose(out);
	free(alerts);
	snapshot_close(snapshot);
	return text;
}

static void must_be(struct fixture *fixture, enum alert_kind kind, const char *expected)
{
	char *text = list(fixture, kind);
	assert_string_equal(text, expected);
	free(text);
}

/* ---- verdicts ---- */

/* Each month's figure, looked at early in the next one. */
static const struct month {
	const char *month, *day, *value, *expected;
} months[] = {
    {"2021-01", "2021-02-08", "5.02", ""},
    {"2021-02", "2021-03-08", "5.03", "1 open 2021-02 5.03"}, /* 5.033 is asked for */
    {"2021-03", "2021-04-08", "5.06", "1 open 2021-02 5.03"}, /* 0.01 beyond */
    {"2021-04", "2021-05-08", "5.06", "1 open 2021-02 5.03"}, /* short again */
    {"2021-05", "2021-06-08", "5.09", "1 open 2021-02 5.03"},
    {"2021-06", "2021-07-08", "5.13", "1 open 2021-02 5.03"},                           /* 0.03 beyond */
    {"2021-07", "2021-08-08", "5.12", "1 resolved 2021-02 5.03"},                       /* for 31 days now */
    {"2021-08", "2021-09-08", "5.03", "1 resolved 2021-02 5.03, 2! open 2021-08 5.03"}, /* 0.103 short */
    {"2021-09", "2021-10-08", "5.06", "1 resolved 2021-02 5.03, 2! open 2021-08 5.03"},
    {"2021-10", "2021-11-08", "5.15", "1 resolved 2021-02 5.03, 2! open 2021-08 5.03"}, /* behind now */
    {"2021-11", "2021-12-08", "5.05", "1 resolved 2021-02 5.03, 2! open 2021-08 5.03"}, /* and off again */
    {"2021-12", "2022-01-08", "5.25", "1 resolved 2021-02 5.03, 2! open 2021-08 5.03"},
    {"2022-01", "2022-02-08", "5.20", "1 resolved 2021-02 5.03, 2! open 2021-08 5.03"}, /* not for long */
    {"2022-02", "2022-03-08", "5.30", "1 resolved 2021-02 5.03, 2! open 2021-08 5.03"},
    {"2022-03", "2022-04-08", "5.30", "1 resolved 2021-02 5.03, 2! resolved 2021-08 5.03"},
    {"2022-04", "2022-05-08", "5.22",
     "1 resolved 2021-02 5.03, 2! resolved 2021-08 5.03, 3 open 2022-04 5.22"},
    {"2022-05", "2022-06-08", "5.10", /* worse: the old one gives way */
     "1 resolved 2021-02 5.03, 2! resolved 2021-08 5.03, 3 resolved 2022-04 5.22, 4! open 2022-05 5.10"},
};

static void a_value_that_wavers_at_an_edge_raises_one_alert(void **state)
{
	struct fixture *fixture = *state;
	report_people(fixture, "2021-01-06", "2020");
	for (size_t i = 0; i < sizeof months / sizeof months[0]; i++) {
		if (strcmp(months[i].month, "2021-12") == 0)
			report_people(fixture, "2022-01-06", "2021");
		report_beds(fixture, months[i].day, months[i].month, months[i].value);
		look(fixture, months[i].day);
		must_be(fixture, ALERT_VERDICT, months[i].expected);
	}
}

/* Somebody who has resolved it need not do so again while nothing gets worse. */
static void what_was_resolved_by_hand_comes_back_only_when_it_gets_worse(void **state)
{
	struct fixture *fixture = *state;
	struct write *write;
	report_people(fixture, "2021-01-06", "2020");
	report_beds(fixture, "2021-02-03", "2021-01", "5.00");
	look(fixture, "2021-02-03");
	must_be(fixture, ALERT_VERDICT, "1 open 2021-01 5.00");
	assert_int_equal(write_begin(fixture->store, noon_of("2021-02-04"), &write), 0);
	assert_int_equal(write_change_alert(write, 1, ALERT_RESOLVED, "office", "known"), 0);
	assert_int_equal(write_commit(write), 0);
	assert_false(look(fixture, "2021-02-05"));
	must_be(fixture, ALERT_VERDICT, "1 resolved 2021-01 5.00");
	report_beds(fixture, "2021-03-03", "2021-02", "4.50");
	look(fixture, "2021-03-03");
	must_be(fixture, ALERT_VERDICT, "1 resolved 2021-01 5.00, 2! open 2021-02 4.50");
}

/* North alone says nothing about the city until everybody's figures were due; then it is said from how many it is. */
static void figures_that_are_not_all_in_wait_until_they_were_due(void **state)
{
	struct fixture *fixture = *state;
	report_people(fixture, "2021-01-06", "2020");
	report(fixture, "2021-02-03", BEDS, NORTH, "2021-01", 'A', 450);
	look(fixture, "2021-03-01"); /* the last day for the people of 2020 */
	must_be(fixture, ALERT_VERDICT, "");
	look(fixture, "2021-03-02");
	must_be(fixture, ALERT_VERDICT, "1! open 2021-01 provisional 4.50");
	report(fixture, "2021-03-03", BEDS, SOUTH, "2021-01", 'A', 570);
	look(fixture, "2021-03-03");
	look(fixture, "2021-04-02");
	must_be(fixture, ALERT_VERDICT, "1! open 2021-01 provisional 4.50");
	look(fixture, "2021-04-03");
	must_be(fixture, ALERT_VERDICT, "1! resolved 2021-01 provisional 4.50");
}

/* A figure of last month that stands in for one that has not come yet is not this month's. */
static void a_carried_figure_is_not_held_against_the_newer_month(void **state)
{
	struct fixture *fixture = *state;
	report_people(fixture, "2021-01-06", "2020");
	report_beds(fixture, "2021-02-03", "2021-01", "5.02");
	report(fixture, "2021-03-03", BEDS, NORTH, "2021-02", 'A', 503);
	look(fixture, "2021-03-03");
	must_be(fixture, ALERT_VERDICT, "");
	report(fixture, "2021-03-04", BEDS, SOUTH, "2021-02", 'A', 505);
	look(fixture, "2021-03-04");
	must_be(fixture, ALERT_VERDICT, "");
}

/* ---- forecasts ---- */

/* A month's figure, looked at early in the next one; months are counted from January 2021. */
static void live_month(struct fixture *fixture, int month, int64_t hundredths)
{
	char name[PERIOD_TEXT_SIZE], day[PERIOD_TEXT_SIZE];
	const struct period period = period_make(PERIOD_MONTH, 2021 + month / 12, month % 12);
	period_format(period, name);
	period_format(period_of_day(period_last_day(period) + 8, PERIOD_DAY), day);
	report(fixture, day, BEDS, NORTH, name, 'A', hundredths);
	report(fixture, day, BEDS, SOUTH, name, 'A', hundredths);
	look(fixture, day);
}

/* Nobody guesses from four months; standing still is told of once, wavers and all, and settles when it goes up well. */
static void a_low_chance_is_told_once_there_is_history_and_settles_with_a_margin(void **state)
{
	struct fixture *fixture = *state;
	static const char *const years[] = {"2016", "2017", "2018", "2019", "2020"};
	for (size_t i = 0; i < sizeof years / sizeof years[0]; i++)
		report_people(fixture, "2021-01-06", years[i]);
	for (int month = 0; month < 4; month++)
		live_month(fixture, month, 500 + month % 2);
	must_be(fixture, ALERT_FORECAST, "");
	for (int month = 4; month < 12; month++)
		live_month(fixture, month, 500 + month % 2);
	must_be(fixture, ALERT_FORECAST, "1 open 2021-05 5.00");
	report_people(fixture, "2022-01-06", "2021");
	for (int month = 12; month < 20; month++)
		live_month(fixture, month, 500 + 20 * (month - 11));
	must_be(fixture, ALERT_FORECAST, "1 resolved 2021-05 5.00");
}

/* ---- the end of a plan ---- */

static void a_binding_target_that_was_missed_is_told_when_the_plan_is_over(void **state)
{
	struct fixture *fixture = *state;
	report_people(fixture, "2025-01-06", "2024");
	report_beds(fixture, "2025-12-03", "2025-11", "5.90");
	look(fixture, "2025-12-03");
	must_be(fixture, ALERT_VERDICT, "1 open 2025-11 5.90");
	must_be(fixture, ALERT_MISSED, "");
	report_people(fixture, "2026-01-06", "2025");
	report_beds(fixture, "2026-01-06", "2025-12", "5.99");
	look(fixture, "2026-01-06");
	must_be(fixture, ALERT_VERDICT, "1 resolved 2025-11 5.90");
	must_be(fixture, ALERT_MISSED, "1 open 2025-12 5.99");
	report_beds(fixture, "2026-02-06", "2025-12", "6.00");
	look(fixture, "2026-02-06");
	must_be(fixture, ALERT_MISSED, "1 resolved 2025-12 5.99");
}

/* ---- overdue ---- */

static const struct turn {
	const char *day, *expected;
} turns[] = {
    {"2021-01-06", ""}, /* 2020 was over before there was a store to report it to */
    {"2021-02-15", ""}, /* a Monday */
    {"2021-02-16", "1 open 2021-01 north_office 2/2, 2 open 2021-01 south_office 2/2"},
    {"2021-03-15", "1 open 2021-01 north_office 2/2, 2 open 2021-01 south_office 2/2"},
    {"2021-03-16", "1 open 2021-01 north_office 2/2, 2 open 2021-01 south_office 2/2, "
                   "3 open 2021-02 north_office 2/2, 4 open 2021-02 south_office 2/2"},
};

static void figures_are_overdue_from_the_day_after_their_last_on(void **state)
{
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
		look(fixture, turns[i].day);
		must_be(fixture, ALERT_OVERDUE, turns[i].expected);
	}
}

static void figures_settle_it_and_taken_back_raise_another(void **state)
{
	struct fixture *fixture = *state;
	report(fixture, "2021-02-10", BEDS, NORTH, "2021-01", 'A', 1);
	report(fixture, "2021-02-10", BIRTHS, SOUTH, "2021-01", 'A', 1);
	report(fixture, "2021-02-10", BEDS, SOUTH, "2021-01", 'L', 0); /* not collected is an answer */
	look(fixture, "2021-02-16");
	must_be(fixture, ALERT_OVERDUE, "1 open 2021-01 north_office 1/2");
	report(fixture, "2021-02-17", BIRTHS, NORTH, "2021-01", 'A', 1);
	assert_true(look(fixture, "2021-02-17"));
	assert_false(look(fixture, "2021-02-18"));
	must_be(fixture, ALERT_OVERDUE, "1 resolved 2021-01 north_office 1/2");
	report(fixture, "2021-02-19", BEDS, NORTH, "2021-01", 'O', 0);
	look(fixture, "2021-02-19");
	must_be(fixture, ALERT_OVERDUE,
	        "1 resolved 2021-01 north_office 1/2, 2 open 2021-01 north_office 1/2");
}

/* ---- what rules question ---- */

/* North's beds of a month, as the rules left them, in a commit of their own with what follows from that. */
static void report_questioned(struct fixture *fixture, const char *month, int64_t value, enum soft_rule rule)
{
	const struct observation observation = {.statistic = BEDS,
	                                        .area = NORTH,
	                                        .period = period_of(month),
	                                        .status = rule == SOFT_NONE ? 'A' : 'V',
	                                        .value = value,
	                                        .question = (uint8_t)rule};
	const struct accepted_report accepted = {.name = {.reporter_id = 1, .sequence = ++fixture->sequence},
	                                         .observations = &observation,
	                                         .observation_count = 1};
	struct write *write;
	uint64_t entry;
	assert_int_equal(write_begin(fixture->store, noon_of("2021-03-01"), &write), 0);
	assert_int_equal(write_accept(write, &accepted, &entry), 0);
	assert_int_equal(write_apply(write), 0);
	assert_int_equal(look_at_questions(write, fixture->catalogue), 0);
	assert_int_equal(write_commit(write), 0);
}

static void a_questioned_figure_is_told_of_until_it_is_corrected_or_confirmed(void **state)
{
	struct fixture *fixture = *state;
	report_questioned(fixture, "2021-01", 100, SOFT_NONE);
	must_be(fixture, ALERT_RULE, "");
	report_questioned(fixture, "2021-02", 900, SOFT_JUMP);
	must_be(fixture, ALERT_RULE, "1 open 2021-02 900");
	report_questioned(fixture, "2021-02", 900, SOFT_JUMP); /* the same again is nothing new */
	must_be(fixture, ALERT_RULE, "1 open 2021-02 900");
	report_questioned(fixture, "2021-02", 800, SOFT_PEERS);
	must_be(fixture, ALERT_RULE, "1 resolved 2021-02 900, 2 open 2021-02 800");
	report_questioned(fixture, "2021-02", 800, SOFT_NONE); /* confirmed */
	must_be(fixture, ALERT_RULE, "1 resolved 2021-02 900, 2 resolved 2021-02 800");
	report_questioned(fixture, "2021-02", 110, SOFT_NONE);
	look(fixture, "2021-03-02");
	must_be(fixture, ALERT_RULE, "1 resolved 2021-02 900, 2 resolved 2021-02 800");
}

/* ---- what is no more ---- */

static void write_file(const struct fixture *fixture, const char *name, const char *text)
{
	char *path = scratch_path(fixture->folder, name);
	scratch_write(path, text, strlen(text));
	free(path);
}

/* Without the south office, and the plan's row has another name. */
static void adopt_without_south(struct fixture *fixture, const char *day)
{
	struct catalogue *catalogue;
	write_file(
	    fixture, "reporters.yaml",
	    "reporters:\n  - {code: north_office, names: {en: N, zh_hans: N, zh_hant: N}, areas: [north], "
	    "statistics: [all]}\n");
	write_file(fixture, "plan-little.yaml",
	           "plan: little\nnames: {en: L, zh_hans: L, zh_hant: L}\nfrom: 2021\nto: 2025\ntargets:\n"
	           "  - {row: \"2\", indicator: beds_per_1000, comparison: \">=\", target: \"1\", nature: "
	           "binding}\n");
	assert_int_equal(catalogue_load(fixture->folder, stderr, &catalogue), 0);
	adopt_catalogue(fixture->store, catalogue, "two", noon_of(day));
	writer_free(fixture->writer);
	catalogue_free(fixture->catalogue);
	fixture->catalogue = catalogue;
	assert_int_equal(writer_new(catalogue, fixture->store, &fixture->writer), 0);
}

static void what_leaves_the_catalogue_is_settled(void **state)
{
	struct fixture *fixture = *state;
	report_people(fixture, "2021-01-06", "2020");
	report_beds(fixture, "2021-02-03", "2021-01", "5.00");
	look(fixture, "2021-02-16");
	must_be(fixture, ALERT_VERDICT, "1 open 2021-01 5.00");
	must_be(fixture, ALERT_OVERDUE, "1 open 2021-01 north_office 1/2, 2 open 2021-01 south_office 1/2");
	adopt_without_south(fixture, "2021-02-17");
	look(fixture, "2021-02-17");
	must_be(fixture, ALERT_VERDICT, "1 resolved 2021-01 5.00");
	must_be(fixture, ALERT_OVERDUE,
	        "1 open 2021-01 north_office 1/2, 2 resolved 2021-01 south_office 1/2");
}

/* ---- at the edges, for two years ---- */

static void adopt_target(struct fixture *fixture, const char *target)
{
	struct catalogue *catalogue;
	char *text;
	assert_true(
	    asprintf(&text,
	             "plan: little\nnames: {en: L, zh_hans: L, zh_hant: L}\nfrom: 2021\nto: 2025\n"
	             "targets:\n  - {row: \"1\", indicator: beds_per_1000, nature: anticipatory, %s}\n",
	             target) > 0);
	write_file(fixture, "plan-little.yaml", text);
	assert_int_equal(catalogue_load(fixture->folder, stderr, &catalogue), 0);
	adopt_catalogue(fixture->store, catalogue, target, noon_of("2021-01-05"));
	writer_free(fixture->writer);
	catalogue_free(fixture->catalogue);
	fixture->catalogue = catalogue;
	assert_int_equal(writer_new(catalogue, fixture->store, &fixture->writer), 0);
	free(text);
}

static size_t count_raised(struct fixture *fixture)
{
	char *text = list(fixture, ALERT_VERDICT);
	size_t count = 0;
	for (const char *at = text; *at; at++)
		count += *at == ',';
	count += *text != '\0';
	free(text);
	return count;
}

/* What is asked for of a month, in hundredths, and how far from it the figures of odd and of even months are. */
static const struct edge {
	const char *target;
	int64_t start;      /* hundredths in January 2021 */
	int64_t sixtieths;  /* hundredths a month, times 60 */
	int64_t one, other; /* added in odd months and in even ones */
} edges[] = {
    /* on track and behind, by a hundredth on both sides */
    {"baseline: \"5.00\", comparison: \">=\", target: \"6.00\"", 500, 100, 1, -1},
    {"baseline: \"5.00\", comparison: \">\", target: \"6.00\"", 500, 100, 1, -1},
    {"baseline: \"6.00\", comparison: \"<=\", target: \"5.00\"", 600, -100, 1, -1},
    {"baseline: \"6.00\", comparison: \"<\", target: \"5.00\"", 600, -100, 1, -1},
    /* behind and off track */
    {"baseline: \"5.00\", comparison: \">=\", target: \"6.00\"", 490, 100, 1, -1},
    {"baseline: \"6.00\", comparison: \"<=\", target: \"5.00\"", 610, -100, 1, -1},
    /* met and not, with no way to go: the first that is short says so, and it stands */
    {"baseline: \"6.00\", comparison: \">=\", target: \"6.00\"", 600, 0, 0, -1},
    {"comparison: \"<=\", target: \"6.00\"", 600, 0, 0, 1},
    {"comparison: \"=\", target: \"6.00\"", 600, 0, 0, 1},
    {"comparison: about, target: \"6.00\", tolerance: \"0.10\"", 610, 0, 0, 1},
    {"comparison: \"hold>=\", target: \"6.00\"", 600, 0, 0, -1},
    {"comparison: \"hold=\", target: \"6.00\"", 600, 0, 0, -1},
    {"baseline: \"5.00\", comparison: \"strive>=\", target: \"6.00\"", 500, 100, 1, -1},
};

/* Looked at every day, with each month's figure on the eighth of the next: an alert that is raised stands, and may once give way to
 * one that is worse. */
static void live_at_edge(struct fixture *fixture, const struct edge *edge)
{
	report_people(fixture, "2021-01-06", "2020");
	for (int month = 0; month < 24; month++) {
		const struct period period = period_make(PERIOD_MONTH, 2021 + month / 12, month % 12);
		const int64_t hundredths =
		    edge->start + (month + 1) * edge->sixtieths / 60 + (month % 2 ? edge->one : edge->other);
		char name[PERIOD_TEXT_SIZE], day[PERIOD_TEXT_SIZE];
		period_format(period, name);
		for (int32_t i = 1; i <= 31; i++) {
			period_format(period_of_day(period_last_day(period) + i, PERIOD_DAY), day);
			if (i == 8) {
				report(fixture, day, BEDS, NORTH, name, 'A', hundredths);
				report(fixture, day, BEDS, SOUTH, name, 'A', hundredths);
			}
			if (i == 8 && month == 11)
				report_people(fixture, day, "2021");
			if (i == 1 || i > 7)
				look(fixture, day);
		}
	}
}

static void a_value_at_an_edge_for_two_years_does_not_flap(void **state)
{
	for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
		struct fixture *fixture;
		begin(state);
		fixture = *state;
		adopt_target(fixture, edges[i].target);
		live_at_edge(fixture, &edges[i]);
		char *verdicts = list(fixture, ALERT_VERDICT);
		print_message("%s: %s\n", edges[i].target, verdicts);
		free(verdicts);
		assert_in_range(count_raised(fixture), 1, 2);
		end(state);
	}
}

#define LOOK_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LOOK_TEST(a_value_that_wavers_at_an_edge_raises_one_alert),
	    LOOK_TEST(what_was_resolved_by_hand_comes_back_only_when_it_gets_worse),
	    LOOK_TEST(figures_that_are_not_all_in_wait_until_they_were_due),
	    LOOK_TEST(a_carried_figure_is_not_held_against_the_newer_month),
	    LOOK_TEST(a_low_chance_is_told_once_there_is_history_and_settles_with_a_margin),
	    LOOK_TEST(a_binding_target_that_was_missed_is_told_when_the_plan_is_over),
	    LOOK_TEST(figures_are_overdue_from_the_day_after_their_last_on),
	    LOOK_TEST(figures_settle_it_and_taken_back_raise_another),
	    LOOK_TEST(a_questioned_figure_is_told_of_until_it_is_corrected_or_confirmed),
	    LOOK_TEST(what_leaves_the_catalogue_is_settled),
	    cmocka_unit_test(a_value_at_an_edge_for_two_years_does_not_flap),
	};
	return cmocka_run_group_tests_name("daemon_looks", tests, NULL, NULL);
}
