/* The reporting calendar: what is overdue, and what will be due, in the order of days. */
#include "daemon/query/question.h"

#include "daemon/alert/due.h"
#include "daemon/catalogue/calendar.h"
#include <inttypes.h>

#define DAYS_ABSENT 31
#define DAYS_MAX    3660
#define MISSING_MAX 64

struct span {
	const struct reporter *reporters; /* the one asked for, or all */
	uint32_t reporter_count;
	int32_t first_day, today, last_day;
};

/* What is due on one day, of one period. */
struct date {
	struct period period;
	int32_t day;
	const struct dues *dues;
};

static void fill_missing(struct question *question, const struct date *date, const struct reporter *reporter,
                         Suanpan__CalendarRow *row)
{
	row->missing = wording_take(&question->words, MISSING_MAX * sizeof *row->missing);
	for (uint32_t i = 0; row->missing && i < dues_count(date->dues) && row->n_missing < MISSING_MAX; i++)
		if (dues_missing(date->dues, i, reporter) > 0)
			row->missing[row->n_missing++] = wording_borrow(
			    question->catalogue->statistics[dues_statistic(date->dues, i)].code);
}

static int add_row(struct question *question, const struct date *date, const struct reporter *reporter,
                   const struct owed *owed, int32_t today)
{
	struct wording *words = &question->words;
	Suanpan__CalendarRow row = SUANPAN__CALENDAR_ROW__INIT;
	row.reporter = wording_borrow(reporter->code);
	row.name = wording_name(words, &reporter->names);
	row.period = wording_period(words, date->period);
	row.due = wording_period(words, period_of_day(date->day, PERIOD_DAY));
	row.state = wording_borrow(owed->missing == 0 ? "complete" : date->day < today ? "overdue" : "due");
	row.expected = owed->due;
	row.received = owed->due - owed->missing;
	row.has_days = 1;
	row.days = date->day - today;
	if (owed->missing > 0)
		fill_missing(question, date, reporter, &row);
	return question_add(question, &row.base);
}

/* What was due and is in is nobody's business any more. */
static int add_reporter(struct question *question, const struct span *span, const struct date *date,
                        const struct reporter *reporter)
{
	if (date->day < span->today && !dues_are_owed_by(date->dues, reporter))
		return 0;
	const struct owed owed = dues_owed(date->dues, reporter);
	if (owed.due == 0)
		return 0;
	return add_row(question, date, reporter, &owed, span->today);
}

static int add_date(struct question *question, const struct span *span, const struct date *date)
{
	int result = 0;
	if (date->day < span->today && !dues_are_owed(date->dues))
		return 0;
	for (uint32_t i = 0; i < span->reporter_count && result == 0; i++)
		result = add_reporter(question, span, date, &span->reporters[i]);
	return result;
}

static int add_dates(struct question *question, const struct span *span, struct agenda *agenda,
                     struct dues *dues)
{
	const struct arrivals arrivals = snapshot_arrivals(question->snapshot);
	struct date date = {.dues = dues};
	int result = 0;
	while (result == 0) {
		result = agenda_next(agenda, &arrivals, dues, &date.period, &date.day);
		if (result == AGENDA_END)
			return 0;
		if (result == 0)
			result = add_date(question, span, &date);
	}
	return result;
}

static int read_span(struct question *question, const Suanpan__CalendarQuery *query, struct span *span)
{
	const uint64_t days = query->has_days ? query->days : DAYS_ABSENT;
	uint32_t one = 0;
	int result = 0;
	if (days > DAYS_MAX)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		                       "The calendar looks %d days ahead at most, not %" PRIu64 ".", DAYS_MAX,
		                       days);
	if (query->reporter)
		result = question_find_reporter(question, query->reporter, &one);
	span->reporters = question->catalogue->reporters + one;
	span->reporter_count = query->reporter ? 1 : question->catalogue->reporter_count;
	span->today = calendar_day_of(question->now_ms);
	span->last_day = span->today + (int32_t)days;
	return result;
}

/* Nothing is owed of a time before the store began. */
static int find_first_day(struct question *question, struct span *span)
{
	int64_t began_ms;
	int result = snapshot_began(question->snapshot, &began_ms);
	if (result == 0)
		span->first_day = calendar_day_of(began_ms);
	return result;
}

int answer_calendar(struct question *question, const Suanpan__CalendarQuery *query)
{
	struct span span = {.reporter_count = 0};
	struct agenda *agenda = NULL;
	struct dues *dues = NULL;
	int result = read_span(question, query, &span);
	if (result == 0)
		result = find_first_day(question, &span);
	if (result == 0)
		result = dues_new(question->catalogue, &dues);
	if (result == 0)
		result = agenda_new(question->catalogue, query->reporter ? span.reporters : NULL,
		                    span.first_day, span.last_day, &agenda);
	if (result == 0)
		result = add_dates(question, &span, agenda, dues);
	agenda_free(agenda);
	dues_free(dues);
	return result;
}
