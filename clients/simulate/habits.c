/* When reporters send: each has its habits, most come before the last day, some after it, a few months late. */
#include "clients/simulate/chance.h"
#include "clients/simulate/diary_internal.h"
#include "clients/simulate/trend.h"
#include "daemon/catalogue/calendar.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define OFFICE_MINUTES   INT64_C(480)
#define LATE_ONE_IN      9   /* reports that come after the last day, of a reporter without bad habits */
#define LATE_DAYS        14  /* at most */
#define VERY_LATE_ONE_IN 110 /* that are forgotten, and asked for */
#define VERY_LATE_DAYS   150

struct frequency_row {
	enum period_frequency frequency;
	const char *label;
};

static const struct frequency_row frequencies[] = {
    {PERIOD_MONTH, "month"},
    {PERIOD_QUARTER, "quarter"},
    {PERIOD_ANNUAL, "year"},
};

static struct chance chance_of(const struct diary *diary, const char *what, uint32_t reporter, uint64_t at)
{
	return (struct chance){diary->seed, what, diary->catalogue->reporters[reporter].code, at};
}

/* Some offices are late twice as often as others. */
static int64_t late_one_in(const struct diary *diary, uint32_t reporter)
{
	return LATE_ONE_IN + chance_around(chance_of(diary, "habit", reporter, 0), LATE_ONE_IN / 2);
}

static int32_t choose_day(const struct diary *diary, uint32_t reporter, struct period period, int32_t due)
{
	uint64_t at = period.code;
	int64_t days = -chance_below(chance_of(diary, "early", reporter, at), 8);
	if (chance_one_in(chance_of(diary, "late", reporter, at), late_one_in(diary, reporter)))
		days = 1 + chance_below(chance_of(diary, "days", reporter, at), LATE_DAYS);
	if (chance_one_in(chance_of(diary, "very late", reporter, at), VERY_LATE_ONE_IN))
		days = LATE_DAYS + chance_below(chance_of(diary, "very", reporter, at), VERY_LATE_DAYS);
	return diary_working_day(diary->catalogue, due + (int32_t)days);
}

static int choose_minute(const struct diary *diary, uint32_t reporter, struct period period)
{
	return 9 * 60 + (int)chance_below(chance_of(diary, "minute", reporter, period.code), OFFICE_MINUTES);
}

/* ---- one report ---- */

struct batch {
	struct figure *figures;
	size_t count;
	const struct statistic *statistic; /* one of them: all of a frequency are due at once */
};

static void add_figures(const struct diary *diary, uint32_t reporter, uint32_t statistic,
                        struct period period, struct batch *batch)
{
	const struct reporter *who = &diary->catalogue->reporters[reporter];
	struct area_list areas = truth_areas(diary->truth, statistic);
	int64_t value;
	for (uint32_t i = 0; i < areas.count; i++)
		if (catalogue_reporter_may_report_area(who, areas.area[i]) &&
		    truth_find(diary->truth, statistic, areas.area[i], period, &value))
			batch->figures[batch->count++] = (struct figure){
			    .statistic = statistic,
			    .area = areas.area[i],
			    .period = period,
			    .value = value,
			    .status = 'A',
			    .note = "simulated",
			};
}

/* All that this reporter has to say of a period. */
static int gather(const struct diary *diary, uint32_t reporter, struct period period, struct batch *ret_batch)
{
	const struct catalogue *catalogue = diary->catalogue;
	size_t room = (size_t)catalogue->statistic_count * catalogue->area_count;
	struct batch batch = {.figures = calloc(room + 1, sizeof *batch.figures)};
	if (!batch.figures)
		return -ENOMEM;
	for (uint32_t i = 0; i < catalogue->statistic_count; i++) {
		const struct statistic *statistic = &catalogue->statistics[i];
		size_t before = batch.count;
		if (statistic->frequency == period_frequency_of(period) &&
		    catalogue->reporters[reporter].statistics[i])
			add_figures(diary, reporter, i, period, &batch);
		if (batch.count > before)
			batch.statistic = statistic;
	}
	*ret_batch = batch;
	return 0;
}

static void add_batch(struct diary *diary, uint32_t reporter, struct period period, const char *label,
                      const struct batch *batch)
{
	int32_t due = calendar_due_day(diary->catalogue, batch->statistic, period);
	const struct errand errand = {
	    .day = choose_day(diary, reporter, period, due),
	    .minute = choose_minute(diary, reporter, period),
	    .kind = ERRAND_ORDINARY,
	    .reporter = reporter,
	    .label = diary_label(diary, label, period),
	    .figures = batch->figures,
	    .count = batch->count,
	};
	diary_add_with_mishaps(diary, &errand);
}

static void add_report(struct diary *diary, uint32_t reporter, struct period period, const char *label)
{
	struct batch batch;
	int fault = gather(diary, reporter, period, &batch);
	if (fault) {
		diary->fault = fault;
		return;
	}
	if (batch.count > 0)
		add_batch(diary, reporter, period, label, &batch);
	free(batch.figures);
}

/* What 2020's files do not hold and is told when the simulation begins. */
static void add_told_later(struct diary *diary, uint32_t reporter)
{
	for (size_t i = 0; i < trend_count; i++) {
		uint32_t statistic = catalogue_find_statistic(diary->catalogue, trends[i].statistic);
		if (!trends[i].is_told_later || statistic == CATALOGUE_NONE ||
		    !diary->catalogue->reporters[reporter].statistics[statistic])
			continue;
		struct batch batch = {
		    .figures = calloc(12 * (size_t)diary->catalogue->area_count, sizeof *batch.figures)};
		enum period_frequency frequency = diary->catalogue->statistics[statistic].frequency;
		struct period year = period_make(PERIOD_ANNUAL, TREND_FIRST_YEAR - 1, 0);
		struct period last = period_last_inside(year, frequency),
		              at = period_first_inside(year, frequency);
		for (bool more = batch.figures; more && at.code <= last.code; more = period_shift(at, 1, &at))
			add_figures(diary, reporter, statistic, at, &batch);
		const struct errand errand = {
		    .day = diary->first_day + 16,
		    .minute = 10 * 60,
		    .kind = ERRAND_PAST,
		    .reporter = reporter,
		    .label = diary_label(diary, "quarters", year),
		};
		struct errand *added = batch.count ? diary_add_errand(diary, &errand, batch.count) : NULL;
		for (size_t k = 0; added && k < batch.count; k++)
			added->figures[added->count++] = batch.figures[k];
		free(batch.figures);
	}
}

void diary_add_reporter(struct diary *diary, uint32_t reporter)
{
	add_told_later(diary, reporter);
	for (size_t i = 0; i < sizeof frequencies / sizeof *frequencies; i++) {
		struct period first = period_make(PERIOD_ANNUAL, TREND_FIRST_YEAR, 0);
		struct period last = period_make(PERIOD_ANNUAL, TREND_LAST_YEAR, 0);
		struct period at = period_first_inside(first, frequencies[i].frequency);
		struct period end = period_last_inside(last, frequencies[i].frequency);
		for (bool more = true; more && at.code <= end.code && !diary->fault;
		     more = period_shift(at, 1, &at))
			add_report(diary, reporter, at, frequencies[i].label);
	}
}
