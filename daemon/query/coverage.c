/* Who has reported what, and when: completeness and timeliness. */
#include "daemon/query/question.h"

#include "daemon/catalogue/calendar.h"
#include "proto/codes.h"
#include <stdlib.h>

#define NAMES_MAX 64

struct scope {
	const struct reporter *reporter; /* NULL: everyone */
	struct period period;
};

/* One row on its way. */
struct tally {
	uint32_t expected, received, on_time, late, revised, missing_count;
	int64_t days_late;
	uint32_t missing[NAMES_MAX];
};

/* The day in China on which a journal entry was accepted. */
static int find_day(struct question *question, uint64_t entry, int64_t *ret_day)
{
	struct journal_entry found;
	int result = snapshot_entry(question->snapshot, entry, &found);
	if (result != 0)
		return result == SNAPSHOT_NOTHING ? (int)FAULT_CORRUPT : result;
	*ret_day = calendar_day_of(found.wall_ms);
	return 0;
}

static int count_report(struct question *question, const struct revision *revisions, size_t count,
                        int64_t due, struct tally *tally)
{
	int64_t day;
	int result = find_day(question, revisions[0].entry, &day);
	if (result != 0)
		return result;
	tally->received++;
	tally->revised += count > 1;
	if (day <= due)
		tally->on_time++;
	else
		tally->late++;
	if (day - due > tally->days_late)
		tally->days_late = day - due;
	return 0;
}

static int count_area(struct question *question, const struct statistic *statistic, struct period period,
                      uint32_t area, struct tally *tally)
{
	struct revision *revisions;
	size_t count;
	int result = snapshot_revisions(question->snapshot, statistic->id,
	                                question->catalogue->areas[area].id, period, &revisions, &count);
	if (result != 0)
		return result;
	tally->expected++;
	/* A value that was taken back is missing again. */
	if (count > 0 && revisions[count - 1].status != 'O')
		result = count_report(question, revisions, count,
		                      calendar_due_day(question->catalogue, statistic, period), tally);
	else if (tally->missing_count++ < NAMES_MAX)
		tally->missing[tally->missing_count - 1] = area;
	free(revisions);
	return result;
}

static bool is_expected(const struct question *question, const struct scope *scope, uint32_t area,
                        struct period period)
{
	const struct area *place = &question->catalogue->areas[area];
	if (place->first_day > period_first_day(period) || place->last_day < period_last_day(period))
		return false;
	return !scope->reporter || catalogue_reporter_may_report_area(scope->reporter, area);
}

static void fill_row(struct question *question, const struct statistic *statistic, struct period period,
                     const struct tally *tally, Suanpan__CoverageRow *row)
{
	struct wording *words = &question->words;
	suanpan__coverage_row__init(row);
	row->statistic = wording_borrow(statistic->code);
	row->name = wording_name(words, &statistic->names);
	row->period = wording_period(words, period);
	row->due = wording_period(
	    words, period_of_day(calendar_due_day(question->catalogue, statistic, period), PERIOD_DAY));
	row->expected = tally->expected;
	row->received = tally->received;
	row->on_time = tally->on_time;
	row->late = tally->late;
	row->has_days_late = tally->late > 0;
	row->days_late = (uint64_t)tally->days_late;
	row->revised = tally->revised;
	row->n_missing = wording_area_names(words, tally->missing, tally->missing_count, &row->missing);
}

static int add_period(struct question *question, const struct scope *scope, const struct statistic *statistic,
                      struct period period)
{
	const struct catalogue *catalogue = question->catalogue;
	const struct area_list *areas = &catalogue->areas[catalogue->root].inside[statistic->level];
	struct tally tally = {.expected = 0};
	int result = 0;
	for (uint32_t i = 0; i < areas->count && result == 0; i++)
		if (is_expected(question, scope, areas->area[i], period))
			result = count_area(question, statistic, period, areas->area[i], &tally);
	if (result != 0 || tally.expected == 0)
		return result;
	Suanpan__CoverageRow row;
	fill_row(question, statistic, period, &tally, &row);
	return question_add(question, &row.base);
}

/* Up to the newest native period that is over, or that anyone has reported already; at least the first. */
static struct period last_wanted(const struct question *question, const struct scope *scope,
                                 enum period_frequency frequency, const struct extent *extent)
{
	struct period first = period_first_inside(scope->period, frequency);
	struct period last = period_last_inside(scope->period, frequency);
	int64_t day = calendar_day_of(question->now_ms) - 1;
	if (day < extent->last_day)
		day = extent->last_day;
	while (last.code > first.code && period_last_day(last) > day)
		last.code--;
	return last;
}

static int add_statistic(struct question *question, const struct scope *scope,
                         const struct statistic *statistic)
{
	struct extent extent = {.last_day = INT32_MIN};
	int result = snapshot_extent(question->snapshot, statistic->id, &extent);
	if (result < 0)
		return result;
	struct period period = period_first_inside(scope->period, statistic->frequency);
	struct period last = last_wanted(question, scope, statistic->frequency, &extent);
	result = add_period(question, scope, statistic, period);
	while (result == 0 && period.code < last.code && period_shift(period, 1, &period))
		result = add_period(question, scope, statistic, period);
	return result;
}

static bool is_in_scope(const struct scope *scope, const struct statistic *statistic, uint32_t index)
{
	return period_frequency_of(scope->period) <= statistic->frequency &&
	       (!scope->reporter || scope->reporter->statistics[index]);
}

static int add_one(struct question *question, const struct scope *scope, const char *code)
{
	const struct catalogue *catalogue = question->catalogue;
	uint32_t index = catalogue_find_statistic(catalogue, code);
	if (index == CATALOGUE_NONE)
		return question_refuse_unknown(question, "statistic", code,
		                               catalogue_suggest_value(catalogue, code));
	const struct statistic *statistic = &catalogue->statistics[index];
	if (period_frequency_of(scope->period) > statistic->frequency)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		                       "%s is reported only %s.", statistic->code,
		                       wording_adverb(statistic->frequency));
	return is_in_scope(scope, statistic, index) ? add_statistic(question, scope, statistic) : 0;
}

static int read_scope(struct question *question, const Suanpan__CoverageQuery *query, struct scope *scope)
{
	int result = question_read_period(question, query->period, &scope->period);
	if (result != 0 || !query->reporter)
		return result;
	uint32_t index;
	result = question_find_reporter(question, query->reporter, &index);
	if (result == 0)
		scope->reporter = &question->catalogue->reporters[index];
	return result;
}

int answer_coverage(struct question *question, const Suanpan__CoverageQuery *query)
{
	const struct catalogue *catalogue = question->catalogue;
	struct scope scope = {.reporter = NULL};
	int result = read_scope(question, query, &scope);
	if (result == 0 && query->statistic)
		return add_one(question, &scope, query->statistic);
	for (uint32_t i = 0; i < catalogue->statistic_count && result == 0; i++)
		if (is_in_scope(&scope, &catalogue->statistics[i], i))
			result = add_statistic(question, &scope, &catalogue->statistics[i]);
	return result;
}
