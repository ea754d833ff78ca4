/* The five years of the simulated city in the real daemon, with an operator: every kind of alert is raised and resolved, none
 * flaps, what was seen is what is told of it later, what the README shows is what is printed, and everything can be made again from
 * the journal.
 *
 * Under the sanitizers they end after a year and a half, when no plan is over yet. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clients/lib/ask.h"
#include "tests/lib/scratch.h"
#include "tests/lib/stage.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED        2021
#define WITNESS_DAY "2022-01-25" /* in the middle of what comes in of a year */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SHORT
#define LAST_DAY "2022-06-30"
#define KIND_END SUANPAN__ALERT_KIND__ALERT_MISSED
#else
#define LAST_DAY DIARY_LAST_DAY
#define KIND_END (SUANPAN__ALERT_KIND__ALERT_MISSED + 1)
#endif

/* Flapping. Figures come once a month, and most of those that come in wrong are mended before the next ones: an alert that comes
 * back within a month of having been settled was settled by an accident. And one that comes again and again is noise. What is
 * overdue or questioned is so once, and a plan ends once. A target moves over the edge of a verdict when the year's own
 * figures come, and once more when one of them is corrected; a forecast moves with every month's figures, and may do so one time
 * more. What gives way to a worse one has not gone. */
#define GONE_FOR_DAYS 31
static const size_t times_a_year[] = {
    [SUANPAN__ALERT_KIND__ALERT_OVERDUE] = 1, [SUANPAN__ALERT_KIND__ALERT_RULE] = 1,
    [SUANPAN__ALERT_KIND__ALERT_VERDICT] = 2, [SUANPAN__ALERT_KIND__ALERT_FORECAST] = 3,
    [SUANPAN__ALERT_KIND__ALERT_MISSED] = 1,
};

/* ---- what is told */

struct told {
	Suanpan__AlertKind kind;
	char subject[200];               /* what it is about */
	int32_t raised_day, settled_day; /* INT32_MAX: it stands */
	uint64_t raised_commit, settled_commit;
	bool by_hand;
};

struct tale {
	struct told *told;
	size_t count;
};

static const char *or_none(const char *text)
{
	return text ? text : "";
}

static int32_t day_of(const char *time)
{
	char day[sizeof "2021-01-04"];
	snprintf(day, sizeof day, "%s", time);
	return diary_day(day);
}

static struct told told_of(const Suanpan__Alert *alert)
{
	const bool is_settled = alert->state == SUANPAN__ALERT_STATE__ALERT_RESOLVED,
	           is_of_plan = alert->plan && *alert->plan;
	struct told told = {
	    .kind = alert->kind,
	    .raised_day = day_of(alert->raised),
	    .raised_commit = alert->raised_commit,
	    .settled_day = is_settled ? day_of(alert->changed) : INT32_MAX,
	    .settled_commit = is_settled ? alert->changed_commit : UINT64_MAX,
	    .by_hand = is_settled && alert->actor,
	};
	if (is_of_plan)
		snprintf(told.subject, sizeof told.subject, "%d %s %s", (int)alert->kind, alert->plan,
		         alert->row);
	else
		snprintf(told.subject, sizeof told.subject, "%d %s %s %s %s", (int)alert->kind,
		         or_none(alert->reporter), or_none(alert->code), or_none(alert->area),
		         or_none(alert->period));
	return told;
}

static int take_alerts(void *closure, const Suanpan__Answer *answer)
{
	struct tale *tale = closure;
	struct told *larger = realloc(tale->told, (tale->count + answer->n_alert + 1) * sizeof *larger);
	if (!larger)
		return -ENOMEM;
	tale->told = larger;
	for (size_t i = 0; i < answer->n_alert; i++)
		tale->told[tale->count++] = told_of(answer->alert[i]);
	return 0;
}

static int compare_told(const void *left, const void *right)
{
	const struct told *a = left, *b = right;
	int order = strcmp(a->subject, b->subject);
	return order ? order : (a->raised_commit > b->raised_commit) - (a->raised_commit < b->raised_commit);
}

/* Every alert there ever was: by subject, then as they were raised. */
static struct tale ask_alerts(struct stage *stage)
{
	struct tale tale = {0};
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__AlertsQuery alerts = SUANPAN__ALERTS_QUERY__INIT;
	query.alerts = &alerts;
	int result = ask_query(stage->ask, &query, STAGE_TIMEOUT_MS, take_alerts, &tale);
	if (result)
		fail_msg("%s", ask_failure(stage->ask));
	assert_true(tale.count > 0);
	qsort(tale.told, tale.count, sizeof *tale.told, compare_told);
	return tale;
}

/* ---- every kind is raised and resolved */

static void must_have_every_kind(const struct tale *tale)
{
	for (int kind = SUANPAN__ALERT_KIND__ALERT_OVERDUE; kind < (int)KIND_END; kind++) {
		size_t raised = 0, by_itself = 0;
		for (size_t i = 0; i < tale->count; i++) {
			const struct told *told = &tale->told[i];
			raised += (int)told->kind == kind;
			by_itself +=
			    (int)told->kind == kind && told->settled_day != INT32_MAX && !told->by_hand;
		}
		print_message("kind %d: %zu raised, %zu resolved by themselves\n", kind, raised, by_itself);
		assert_true(raised > 0);
		assert_true(by_itself > 0);
	}
}

/* ---- none flaps */

static bool is_replaced_by(const struct told *old, const struct told *new)
{
	return old->settled_commit == new->raised_commit;
}

/* `from` is the first of its subject, `to` behind the last. How often it was raised in the year up to each time. */
static size_t most_in_a_year(const struct told *from, const struct told *to)
{
	const int32_t year = 365;
	size_t most = 0;
	for (const struct told *last = from; last < to; last++) {
		size_t times = 0;
		for (const struct told *told = from; told <= last; told++)
			times += told->raised_day > last->raised_day - year &&
			         (told == from || !is_replaced_by(told - 1, told));
		most = times > most ? times : most;
	}
	return most;
}

static bool comes_back_at_once(const struct told *old, const struct told *new)
{
	return !is_replaced_by(old, new) && !old->by_hand &&
	       new->raised_day - old->settled_day < GONE_FOR_DAYS;
}

static void none_may_flap(const struct tale *tale)
{
	const struct told *end = tale->told + tale->count;
	for (const struct told *from = tale->told, *to; from < end; from = to) {
		for (to = from + 1; to < end && strcmp(to->subject, from->subject) == 0; to++)
			if (comes_back_at_once(to - 1, to))
				fail_msg("%s: back after %d days", to->subject,
				         (int)(to->raised_day - to[-1].settled_day));
		if (most_in_a_year(from, to) > times_a_year[from->kind])
			fail_msg("%s: raised %zu times within a year", from->subject,
			         most_in_a_year(from, to));
	}
}

/* ---- what was seen then */

struct witness {
	struct stage *stage;
	int32_t day; /* looks at the first evening from here on */
	char *alerts, *plan;
};

#define OPEN_ALERTS "suanpan alerts --open --format csv"
#define PLAN        "suanpan plan plan14 --period 2021 --format csv"

static int see(void *closure, int32_t day)
{
	struct witness *witness = closure;
	if (day < witness->day || witness->alerts)
		return 0;
	witness->day = day;
	witness->alerts = daemon_say(&witness->stage->daemon, OPEN_ALERTS);
	witness->plan = daemon_say(&witness->stage->daemon, PLAN);
	return 0;
}

static char *say_as_of(struct stage *stage, const char *question, int32_t day)
{
	char *words, text[PERIOD_TEXT_SIZE];
	diary_day_format(day, text);
	assert_true(asprintf(&words, "%s --as-of %s", question, text) > 0);
	char *answer = daemon_say(&stage->daemon, words);
	free(words);
	return answer;
}

static void must_be_told_as_it_was_seen(struct stage *stage, struct witness *witness)
{
	char *alerts = say_as_of(stage, OPEN_ALERTS, witness->day),
	     *plan = say_as_of(stage, PLAN, witness->day), *now = daemon_say(&stage->daemon, OPEN_ALERTS);
	assert_non_null(witness->alerts);
	assert_non_null(strstr(witness->alerts, ",overdue,open,"));
	assert_non_null(strstr(witness->alerts, ",acknowledged,"));
	assert_string_equal(alerts, witness->alerts);
	assert_string_not_equal(alerts, now);
	assert_string_equal(plan, witness->plan);
	free(alerts);
	free(plan);
	free(now);
	free(witness->alerts);
	free(witness->plan);
}

/* ---- what is printed of it */

#ifndef IS_SHORT
static char *read_source(const char *name)
{
	char *path = scratch_path(getenv("SUANPAN_SOURCE"), name), *text = NULL;
	size_t room = 0;
	FILE *stream = fopen(path, "r");
	assert_non_null(stream);
	assert_true(getdelim(&text, &room, '\0', stream) > 0);
	fclose(stream);
	free(path);
	return text;
}

static const struct page {
	const char *question, *file;
} pages[] = {
    {"suanpan plan plan14 --period 2023-06 --as-of 2023-06-30", "config/demo/pages/plan14-2023-06.txt"},
    {"suanpan plan plan14 --period 2025-12 --as-of 2025-12-31", "config/demo/pages/plan14-2025-12.txt"},
    {"suanpan backtest --as-of 2025-12-31", "config/demo/pages/backtest.txt"},
};

/* As the README has it. */
static void strip_line_ends(char *text)
{
	char *put = text;
	for (const char *at = text; *at; at++) {
		const char *end = at + strspn(at, " ");
		if (*end == '\n' || *end == '\0')
			at = end;
		if (!*at)
			break;
		*put++ = *at;
	}
	*put = '\0';
}

/* The lines below "    $ QUESTION" in the README are lines of the page, in its order; "..." stands for those left out. */
static void must_be_in_the_readme(const char *readme, const char *question, const char *page)
{
	char *heading;
	size_t lines = 0;
	assert_true(asprintf(&heading, "\n    $ %s\n", question) > 0);
	const char *at = strstr(readme, heading);
	assert_non_null(at);
	at += strlen(heading);
	for (; strncmp(at, "    ", 4) == 0 && at[4] != '$'; at += strcspn(at, "\n") + 1) {
		char *line = strndup(at + 4, strcspn(at + 4, "\n") + 1);
		const char *found = strcmp(line, "...\n") == 0 ? page : strstr(page, line);
		if (!found)
			fail_msg("the README shows of %s what it does not print: %s", question, line);
		page = found + (found == page && line[0] == '.' ? 0 : strlen(line));
		free(line);
		lines++;
	}
	assert_true(lines > 5);
	free(heading);
}

static void must_print_what_is_shown(struct stage *stage)
{
	char *readme = read_source("README.md");
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		char *page = daemon_say(&stage->daemon, pages[i].question),
		     *shown = read_source(pages[i].file);
		assert_string_equal(page, shown);
		strip_line_ends(page);
		must_be_in_the_readme(readme, pages[i].question, page);
		free(page);
		free(shown);
	}
	free(readme);
}
#else
static void must_print_what_is_shown(struct stage *stage)
{
	(void)stage;
}
#endif

/* ---- made again */

static char *must_run(struct stage *stage, const char *command)
{
	char *words;
	assert_true(asprintf(&words, "%s --set store=%s/store", command, stage->daemon.folder) > 0);
	struct run run = daemon_run(&stage->daemon, "none", words);
	if (run.status != 0)
		print_error("%s%s", run.out, run.err);
	assert_int_equal(run.status, 0);
	free(words);
	free(run.err);
	return run.out;
}

/* "digest     all                    4f46..." */
static const char *digest_in(const char *text)
{
	const char *line = strstr(text, "\ndigest     all ");
	assert_non_null(line);
	return line + 1;
}

static void must_be_made_again(struct stage *stage)
{
	char *words;
	assert_int_equal(daemon_stop(&stage->daemon), 0);
	assert_true(asprintf(&words, "suanpand rebuild %s/again", stage->daemon.folder) > 0);
	char *checked = must_run(stage, "suanpand check"), *rebuilt = must_run(stage, words);
	assert_non_null(strstr(checked, "rebuild    every table is what the journal gives"));
	assert_non_null(strstr(checked, "\nclean\n"));
	assert_memory_equal(digest_in(checked), digest_in(rebuilt), strcspn(digest_in(checked), "\n"));
	free(words);
	free(checked);
	free(rebuilt);
}

static void five_years_raise_and_settle_every_kind_of_alert_and_none_flaps(void **state)
{
	(void)state;
	struct stage stage;
	stage_init(&stage, SEED);
	struct witness witness = {.stage = &stage, .day = diary_day(WITNESS_DAY)};
	stage.evening = see;
	stage.witness = &witness;
	struct account account = stage_play(&stage, STAGE_WITH_OPERATOR, diary_day(LAST_DAY));
	assert_int_equal(account.given_up, 0);
	assert_true(stage.overseer.acknowledged > 20);
	assert_true(stage.overseer.closed > 0);
	struct tale tale = ask_alerts(&stage);
	must_have_every_kind(&tale);
	none_may_flap(&tale);
	must_be_told_as_it_was_seen(&stage, &witness);
	must_print_what_is_shown(&stage);
	must_be_made_again(&stage);
	free(tale.told);
	stage_done(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(five_years_raise_and_settle_every_kind_of_alert_and_none_flaps),
	};
	return cmocka_run_group_tests_name("five years", tests, NULL, NULL);
}
