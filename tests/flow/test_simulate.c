/* The simulated city in the real daemon: what it holds in the end is what is true, but for what the diary left wrong. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clients/lib/ask.h"
#include "proto/decimal.h"
#include "tests/lib/stage.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 2021

/* ---- what the daemon holds */

struct held {
	bool is_there;
	char value[DECIMAL_TEXT_SIZE];
};

static int take_newest(void *closure, const Suanpan__Answer *answer)
{
	struct held *held = closure;
	for (size_t i = 0; i < answer->n_history; i++) {
		held->is_there = answer->history[i]->value != NULL;
		snprintf(held->value, sizeof held->value, "%s",
		         held->is_there ? answer->history[i]->value : "");
	}
	return 0;
}

static struct held ask_newest(struct stage *stage, uint32_t statistic, uint32_t area, struct period period)
{
	struct held held = {0};
	char text[PERIOD_TEXT_SIZE];
	period_format(period, text);
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__HistoryQuery history = SUANPAN__HISTORY_QUERY__INIT;
	history.statistic = (char *)(uintptr_t)stage->city.catalogue->statistics[statistic].code;
	history.area = (char *)(uintptr_t)stage->city.catalogue->areas[area].code;
	history.period = text;
	query.history = &history;
	int result = ask_query(stage->ask, &query, STAGE_TIMEOUT_MS, take_newest, &held);
	if (result)
		fail_msg("%s", ask_failure(stage->ask));
	return held;
}

/* The last of the figure's mishaps that is known by the day. */
static const struct mishap *mishap_by(const struct stage *stage, const struct figure *figure, int32_t day)
{
	const struct mishap *found = NULL;
	for (size_t i = 0; i < stage->city.diary->mishap_count; i++) {
		const struct mishap *mishap = &stage->city.diary->mishaps[i];
		if (mishap->statistic == figure->statistic && mishap->area == figure->area &&
		    mishap->period.code == figure->period.code && mishap->day <= day)
			found = mishap;
	}
	return found;
}

/* What the diary sent last by the end of the day; false: nothing. */
static bool sent_by(const struct stage *stage, const struct figure *wanted, int32_t day, int64_t *ret_value)
{
	const struct diary *diary = stage->city.diary;
	bool found = false;
	for (size_t i = 0; i < diary->errand_count && diary->errands[i].day <= day; i++)
		for (size_t k = 0; k < diary->errands[i].count; k++) {
			const struct figure *figure = &diary->errands[i].figures[k];
			if (figure->statistic != wanted->statistic || figure->area != wanted->area ||
			    figure->period.code != wanted->period.code || diary->errands[i].is_to_be_refused)
				continue;
			*ret_value = figure->value;
			found = true;
		}
	return found;
}

struct tally {
	size_t right, wrong, missing;
};

/* A figure is as it is in truth; or as the diary left it, wrong or not sent yet, and a mishap tells why it is wrong. */
static void compare(struct stage *stage, const struct figure *figure, int32_t day, struct tally *tally)
{
	unsigned decimals = stage->city.catalogue->statistics[figure->statistic].decimals;
	struct held held = ask_newest(stage, figure->statistic, figure->area, figure->period);
	char truth[DECIMAL_TEXT_SIZE], left[DECIMAL_TEXT_SIZE];
	int64_t sent = 0;
	decimal_format(figure->value, decimals, truth);
	if (held.is_there && strcmp(held.value, truth) == 0) {
		tally->right++;
		return;
	}
	if (!held.is_there) {
		assert_false(sent_by(stage, figure, day, &sent));
		tally->missing++;
		return;
	}
	const struct mishap *mishap = mishap_by(stage, figure, day);
	assert_non_null(mishap);
	assert_true(mishap->mended_day > day);
	assert_true(sent_by(stage, figure, day, &sent));
	decimal_format(sent, decimals, left);
	assert_string_equal(held.value, left);
	tally->wrong++;
}

static struct tally compare_all(struct stage *stage, int32_t day)
{
	const struct catalogue *catalogue = stage->city.catalogue;
	struct tally tally = {0};
	for (uint32_t statistic = 0; statistic < catalogue->statistic_count; statistic++) {
		struct area_list areas = truth_areas(stage->city.truth, statistic);
		struct period at = simulated_first(&stage->city, statistic);
		for (bool more = true; more && period_last_day(at) < day; more = period_shift(at, 1, &at))
			for (uint32_t i = 0; i < areas.count; i++) {
				struct figure figure = {
				    .statistic = statistic, .area = areas.area[i], .period = at};
				assert_true(truth_find(stage->city.truth, statistic, areas.area[i], at,
				                       &figure.value));
				compare(stage, &figure, day, &tally);
			}
	}
	return tally;
}

static void after_some_months_the_daemon_holds_the_truth_but_for_what_was_left(void **state)
{
	(void)state;
	struct stage stage;
	int32_t day = diary_day("2021-06-25");
	stage_init(&stage, SEED);
	struct account account = stage_play(&stage, STAGE_REPORTS_ONLY, day);
	assert_int_equal(account.given_up, 0);
	assert_true(account.reports[ERRAND_ORDINARY] > 50);
	struct tally tally = compare_all(&stage, day);
	print_message("%zu right, %zu wrong, %zu missing\n", tally.right, tally.wrong, tally.missing);
	assert_true(tally.right > 1500);
	assert_true(tally.wrong > 0 && tally.wrong < tally.right / 20);
	stage_done(&stage);
}

/* The newest entry's hash: of every report, act and look before it, with the times at which they were committed. */
static char *head_after(uint64_t seed)
{
	struct stage stage;
	stage_init(&stage, seed);
	stage_play(&stage, STAGE_WITH_OPERATOR, diary_day("2021-04-30"));
	char *status = daemon_say(&stage.daemon, "suanpan status --format csv");
	const char *line = strstr(status, "\nhead,");
	assert_non_null(line);
	char *head = strndup(line + strlen("\nhead,"), 64);
	free(status);
	stage_done(&stage);
	return head;
}

static void the_same_seed_leaves_the_same_journal_and_another_one_another(void **state)
{
	(void)state;
	char *first = head_after(SEED), *second = head_after(SEED), *third = head_after(SEED + 1);
	assert_int_equal(strlen(first), 64);
	assert_string_equal(first, second);
	assert_string_not_equal(first, third);
	free(first);
	free(second);
	free(third);
}

static void it_is_not_played_twice_into_one_store(void **state)
{
	(void)state;
	struct stage stage;
	stage_init(&stage, SEED);
	stage_play(&stage, STAGE_REPORTS_ONLY, stage.city.diary->first_day);
	char *words;
	assert_true(asprintf(&words,
	                     "suanpan-simulate play --clock %s --reports-only --until 2021-01-05 --seed 2021 "
	                     "--catalogue %s --past %s/config/demo/2020",
	                     stage.clock_file, stage.daemon.catalogue, getenv("SUANPAN_SOURCE")) > 0);
	struct run run = daemon_run(&stage.daemon, "none", words);
	assert_int_equal(run.status, 3);
	assert_non_null(strstr(run.err, "was played into the store before: begin with an empty one"));
	run_free(&run);
	free(words);
	stage_done(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(after_some_months_the_daemon_holds_the_truth_but_for_what_was_left),
	    cmocka_unit_test(the_same_seed_leaves_the_same_journal_and_another_one_another),
	    cmocka_unit_test(it_is_not_played_twice_into_one_store),
	};
	return cmocka_run_group_tests_name("simulate", tests, NULL, NULL);
}
