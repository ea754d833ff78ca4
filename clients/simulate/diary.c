#include "clients/simulate/diary.h"

#include "clients/simulate/chance.h"
#include "clients/simulate/diary_internal.h"
#include "clients/simulate/trend.h"
#include "daemon/catalogue/calendar.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- growing ---- */

void *diary_more(struct diary *diary, void **list, size_t *count, size_t *room, size_t size)
{
	if (diary->fault)
		return NULL;
	if (*count == *room) {
		size_t more = *room ? 2 * *room : 64;
		void *larger = realloc(*list, more * size);
		if (!larger) {
			diary->fault = -ENOMEM;
			return NULL;
		}
		*list = larger;
		*room = more;
	}
	return (char *)*list + (*count)++ * size;
}

#define MORE(diary, name)                                                                                    \
	diary_more(diary, (void **)&(diary)->name##s, &(diary)->name##_count, &(diary)->name##_room,         \
	           sizeof *(diary)->name##s)

struct errand *diary_add_errand(struct diary *diary, const struct errand *errand, size_t figures)
{
	struct errand *added = MORE(diary, errand);
	if (!added)
		return NULL;
	*added = *errand;
	added->number = diary->errand_count - 1;
	added->count = 0;
	added->figures = calloc(figures + 1, sizeof *added->figures);
	if (!added->figures)
		diary->fault = -ENOMEM;
	return added->figures ? added : NULL;
}

void diary_add_mishap(struct diary *diary, const struct mishap *mishap)
{
	struct mishap *added = MORE(diary, mishap);
	if (added)
		*added = *mishap;
}

const char *diary_label(struct diary *diary, const char *kind, struct period period)
{
	char text[PERIOD_TEXT_SIZE], **added = MORE(diary, label);
	if (!added)
		return "";
	period_format(period, text);
	if (asprintf(added, "%s-%s", kind, text) < 0) {
		*added = NULL;
		diary->fault = -ENOMEM;
		return "";
	}
	return *added;
}

/* ---- days ---- */

int32_t diary_day(const char *text)
{
	struct period day = {0};
	int verdict = period_parse(text, strlen(text), &day);
	assert(verdict == 0);
	(void)verdict;
	return period_first_day(day);
}

void diary_day_format(int32_t day, char ret_text[PERIOD_TEXT_SIZE])
{
	period_format(period_of_day(day, PERIOD_DAY), ret_text);
}

int32_t diary_working_day(const struct catalogue *catalogue, int32_t day)
{
	while (!calendar_is_worked(catalogue, day))
		day++;
	return day;
}

int32_t diary_closing_day(const struct catalogue *catalogue, int year)
{
	if (year < TREND_FIRST_YEAR - 1 || year > TREND_LAST_YEAR)
		return INT32_MAX;
	struct period april = period_make(PERIOD_MONTH, year + 1, 3);
	return diary_working_day(catalogue, period_last_day(april));
}

/* ---- errands ---- */

static const char *const kind_names[] = {
    [ERRAND_PAST] = "past",
    [ERRAND_ORDINARY] = "ordinary",
    [ERRAND_MISSING] = "missing",
    [ERRAND_CORRECTION] = "correction",
    [ERRAND_CONFIRMATION] = "confirmation",
    [ERRAND_AGAIN] = "again",
};

const char *errand_kind_name(enum errand_kind kind)
{
	return kind_names[kind];
}

static const char *const mishap_names[] = {
    [MISHAP_NONE] = "none",
    [MISHAP_DIGIT] = "a slipped digit",
    [MISHAP_UNIT] = "the wrong unit",
    [MISHAP_COPIED] = "copied from the period before",
    [MISHAP_SWAPPED] = "two figures swapped",
    [MISHAP_ESTIMATE] = "estimated, now counted",
    [MISHAP_OLD] = "found in a review",
    [MISHAP_URBAN] = "rural residents counted twice",
    [MISHAP_BLUNDER] = "counted again",
    [MISHAP_MISSING] = "came late",
    [MISHAP_LOST] = "never came",
    [MISHAP_WRONG] = "never found",
};

const char *mishap_kind_name(enum mishap_kind kind)
{
	return mishap_names[kind];
}

static const struct catalogue *sorting; /* qsort has no argument for it; one thread */

static int compare_figures(const void *left, const void *right)
{
	const struct figure *a = left, *b = right;
	int order = strcmp(sorting->statistics[a->statistic].code, sorting->statistics[b->statistic].code);
	if (order == 0 && a->period.code != b->period.code)
		order = a->period.code < b->period.code ? -1 : 1;
	return order ? order : strcmp(sorting->areas[a->area].code, sorting->areas[b->area].code);
}

void errand_sort_figures(const struct catalogue *catalogue, struct errand *errand)
{
	sorting = catalogue;
	qsort(errand->figures, errand->count, sizeof *errand->figures, compare_figures);
}

const char *errand_needs_correction(const struct catalogue *catalogue, const struct errand *errand)
{
	for (size_t i = 0; i < errand->count; i++)
		if (errand->day >= diary_closing_day(catalogue, period_year(errand->figures[i].period)) &&
		    errand->kind != ERRAND_PAST)
			return errand->kind == ERRAND_CORRECTION ? "an error found after the year was closed"
			                                         : "came after the year was closed";
	return NULL;
}

/* ---- the whole ---- */

static void add_past(struct diary *diary, const struct past *past)
{
	for (size_t i = 0; i < past->count; i++) {
		const struct past_file *file = &past->files[i];
		const struct errand errand = {
		    .day = diary->first_day,
		    .minute = 9 * 60 + (int)i,
		    .kind = ERRAND_PAST,
		    .reporter = file->reporter,
		    .label = "2020",
		};
		struct errand *added = diary_add_errand(diary, &errand, file->count);
		if (!added)
			return;
		memcpy(added->figures, file->figures, file->count * sizeof *file->figures);
		added->count = file->count;
	}
}

static void add_deeds(struct diary *diary)
{
	for (int year = TREND_FIRST_YEAR - 1; year <= TREND_LAST_YEAR; year++) {
		struct deed *deed = MORE(diary, deed);
		if (!deed)
			return;
		*deed = (struct deed){
		    .day = diary_closing_day(diary->catalogue, year),
		    .minute = 8 * 60,
		    .kind = DEED_CLOSE,
		    .why = "published in the yearbook",
		};
		period_format(period_make(PERIOD_ANNUAL, year, 0), deed->period);
	}
}

static int compare_errands(const void *left, const void *right)
{
	const struct errand *a = left, *b = right;
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	if (a->minute != b->minute)
		return a->minute < b->minute ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static void finish(struct diary *diary)
{
	for (size_t i = 0; i < diary->errand_count; i++) {
		struct errand *errand = &diary->errands[i];
		errand_sort_figures(diary->catalogue, errand);
		if (!errand->is_to_be_refused)
			errand->correction = errand_needs_correction(diary->catalogue, errand);
	}
	if (diary->errand_count)
		qsort(diary->errands, diary->errand_count, sizeof *diary->errands, compare_errands);
}

int diary_new(const struct truth *truth, const struct catalogue *catalogue, const struct past *past,
              uint64_t seed, struct diary **ret_diary)
{
	struct diary *diary = calloc(1, sizeof *diary);
	if (!diary)
		return -ENOMEM;
	*diary = (struct diary){
	    .truth = truth,
	    .catalogue = catalogue,
	    .seed = seed,
	    .first_day = diary_day(DIARY_FIRST_DAY),
	    .last_day = diary_day(DIARY_LAST_DAY),
	};
	add_past(diary, past);
	for (uint32_t i = 0; i < catalogue->reporter_count; i++)
		diary_add_reporter(diary, i);
	add_deeds(diary);
	if (!diary->fault)
		finish(diary);
	int fault = diary->fault;
	if (fault)
		diary_free(diary);
	else
		*ret_diary = diary;
	return fault;
}

void diary_free(struct diary *diary)
{
	if (!diary)
		return;
	for (size_t i = 0; i < diary->errand_count; i++)
		free(diary->errands[i].figures);
	for (size_t i = 0; i < diary->label_count; i++)
		free(diary->labels[i]);
	free(diary->errands);
	free(diary->deeds);
	free(diary->mishaps);
	free(diary->labels);
	free(diary);
}
