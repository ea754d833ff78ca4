#include "daemon/alert/due.h"

#include "daemon/catalogue/calendar.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One statistic in one period. */
struct due {
	uint32_t statistic;
	int32_t day;
	bool is_complete; /* nothing is missing, of nobody: most are, and need no look at each area */
	uint64_t *in;     /* a bit for each permanent area id */
};

struct dues {
	const struct catalogue *catalogue;
	struct period period;
	int32_t first_day, last_day; /* of it */
	uint32_t ids, words;
	struct due *due; /* room for every statistic */
	uint32_t count;
	uint64_t *bits; /* of all of them */
};

static uint32_t count_ids(const struct catalogue *catalogue)
{
	uint32_t most = 0;
	for (uint32_t i = 0; i < catalogue->area_count; i++)
		if (catalogue->areas[i].id > most)
			most = catalogue->areas[i].id;
	return most + 1;
}

int dues_new(const struct catalogue *catalogue, struct dues **ret_dues)
{
	struct dues *dues = calloc(1, sizeof *dues);
	if (!dues)
		return -ENOMEM;
	dues->catalogue = catalogue;
	dues->ids = count_ids(catalogue);
	dues->words = (dues->ids + 63) / 64;
	dues->due = calloc((size_t)catalogue->statistic_count + 1, sizeof *dues->due);
	dues->bits = calloc(((size_t)catalogue->statistic_count + 1) * dues->words, sizeof *dues->bits);
	if (!dues->due || !dues->bits) {
		dues_free(dues);
		return -ENOMEM;
	}
	*ret_dues = dues;
	return 0;
}

void dues_free(struct dues *dues)
{
	if (!dues)
		return;
	free(dues->due);
	free(dues->bits);
	free(dues);
}

void dues_begin(struct dues *dues, struct period period)
{
	dues->period = period;
	dues->first_day = period_first_day(period);
	dues->last_day = period_last_day(period);
	dues->count = 0;
}

/* ---- figures ---- */

static bool is_expected(const struct dues *dues, const struct due *due, uint32_t index)
{
	const struct area *area = &dues->catalogue->areas[index];
	return area->level == dues->catalogue->statistics[due->statistic].level &&
	       area->first_day <= dues->first_day && area->last_day >= dues->last_day;
}

static bool is_in(const struct dues *dues, const struct due *due, uint32_t index)
{
	const uint32_t id = dues->catalogue->areas[index].id;
	return (due->in[id / 64] >> (id % 64) & 1) != 0;
}

static uint32_t count_missing(const struct dues *dues, const struct due *due, const struct area_list *areas)
{
	uint32_t missing = 0;
	for (uint32_t i = 0; i < areas->count; i++)
		missing += is_expected(dues, due, areas->area[i]) && !is_in(dues, due, areas->area[i]);
	return missing;
}

/* As many figures as there are areas are all of them, and mostly so: then there is no need to look at each. */
static int find_arrivals(struct dues *dues, struct due *due, const struct arrivals *arrivals)
{
	const struct catalogue *catalogue = dues->catalogue;
	const struct statistic *statistic = &catalogue->statistics[due->statistic];
	const struct area *root = &catalogue->areas[catalogue->root];
	const struct area_list *areas = &root->inside[statistic->level];
	uint64_t count;
	int result = arrivals->count(arrivals->context, statistic->id, dues->period, root->id, &count);
	if (result != 0)
		return result;
	due->is_complete = count == areas->count;
	if (due->is_complete)
		return 0;
	memset(due->in, 0, dues->words * sizeof *due->in);
	result = arrivals->find(arrivals->context, statistic->id, dues->period, due->in, dues->ids);
	if (result == 0)
		due->is_complete = count_missing(dues, due, areas) == 0;
	return result;
}

int dues_add(struct dues *dues, uint32_t statistic, int32_t due_day, const struct arrivals *arrivals)
{
	struct due *due = &dues->due[dues->count];
	*due = (struct due){
	    .statistic = statistic, .day = due_day, .in = &dues->bits[(size_t)dues->count * dues->words]};
	int result = find_arrivals(dues, due, arrivals);
	if (result == 0)
		dues->count++;
	return result;
}

uint32_t dues_count(const struct dues *dues)
{
	return dues->count;
}

uint32_t dues_statistic(const struct dues *dues, uint32_t at)
{
	return dues->due[at].statistic;
}

uint32_t dues_expected(const struct dues *dues, uint32_t at, const struct reporter *reporter)
{
	const struct due *due = &dues->due[at];
	uint32_t expected = 0;
	if (!reporter->statistics[due->statistic])
		return 0;
	for (uint32_t i = 0; i < reporter->areas.count; i++)
		expected += is_expected(dues, due, reporter->areas.area[i]);
	return expected;
}

uint32_t dues_missing(const struct dues *dues, uint32_t at, const struct reporter *reporter)
{
	const struct due *due = &dues->due[at];
	if (due->is_complete || !reporter->statistics[due->statistic])
		return 0;
	return count_missing(dues, due, &reporter->areas);
}

bool dues_are_owed(const struct dues *dues)
{
	for (uint32_t i = 0; i < dues->count; i++)
		if (!dues->due[i].is_complete)
			return true;
	return false;
}

bool dues_are_owed_by(const struct dues *dues, const struct reporter *reporter)
{
	for (uint32_t i = 0; i < dues->count; i++)
		if (dues_missing(dues, i, reporter) > 0)
			return true;
	return false;
}

struct owed dues_owed(const struct dues *dues, const struct reporter *reporter)
{
	struct owed owed = {.due = 0};
	for (uint32_t i = 0; i < dues->count; i++) {
		const uint32_t missing = dues_missing(dues, i, reporter);
		if (missing > 0 && (owed.missing == 0 || dues->due[i].day < owed.due_day))
			owed.due_day = dues->due[i].day;
		owed.due += dues_expected(dues, i, reporter);
		owed.missing += missing;
	}
	return owed;
}

/* ---- in the order of days ---- */

/* A statistic's next period. Its due days never fall from one period to the next, so the earliest of all statistics' next ones
 * is the next of all. */
struct upcoming {
	struct period period; /* code 0: there is none */
	int32_t day;
};

struct agenda {
	const struct catalogue *catalogue;
	int32_t last_day;
	struct upcoming *upcoming; /* for each statistic */
};

/* Where it cannot be due in time, or beyond the years there are, there is none. */
static void set_upcoming(struct agenda *agenda, uint32_t statistic, struct period period)
{
	const int32_t day =
	    calendar_due_day(agenda->catalogue, &agenda->catalogue->statistics[statistic], period);
	agenda->upcoming[statistic] = (struct upcoming){.day = day};
	if (day <= agenda->last_day)
		agenda->upcoming[statistic].period = period;
}

static void advance(struct agenda *agenda, uint32_t statistic)
{
	struct period next;
	if (period_shift(agenda->upcoming[statistic].period, 1, &next))
		set_upcoming(agenda, statistic, next);
	else
		agenda->upcoming[statistic].period = (struct period){.code = 0};
}

int agenda_new(const struct catalogue *catalogue, const struct reporter *reporter, int32_t first_day,
               int32_t last_day, struct agenda **ret_agenda)
{
	struct agenda *agenda = calloc(1, sizeof *agenda);
	if (!agenda)
		return -ENOMEM;
	*agenda = (struct agenda){.catalogue = catalogue, .last_day = last_day};
	agenda->upcoming = calloc((size_t)catalogue->statistic_count + 1, sizeof *agenda->upcoming);
	if (!agenda->upcoming) {
		agenda_free(agenda);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < catalogue->statistic_count; i++)
		if (!reporter || reporter->statistics[i])
			set_upcoming(agenda, i, period_of_day(first_day, catalogue->statistics[i].frequency));
	*ret_agenda = agenda;
	return 0;
}

void agenda_free(struct agenda *agenda)
{
	if (!agenda)
		return;
	free(agenda->upcoming);
	free(agenda);
}

static bool is_before(struct upcoming a, struct upcoming b)
{
	return a.day != b.day ? a.day < b.day : a.period.code < b.period.code;
}

static struct upcoming find_next(const struct agenda *agenda)
{
	struct upcoming next = {.period.code = 0};
	for (uint32_t i = 0; i < agenda->catalogue->statistic_count; i++) {
		const struct upcoming upcoming = agenda->upcoming[i];
		if (upcoming.period.code != 0 && (next.period.code == 0 || is_before(upcoming, next)))
			next = upcoming;
	}
	return next;
}

int agenda_next(struct agenda *agenda, const struct arrivals *arrivals, struct dues *dues,
                struct period *ret_period, int32_t *ret_day)
{
	const struct upcoming next = find_next(agenda);
	if (next.period.code == 0)
		return AGENDA_END;
	dues_begin(dues, next.period);
	for (uint32_t i = 0; i < agenda->catalogue->statistic_count; i++) {
		if (agenda->upcoming[i].period.code != next.period.code ||
		    agenda->upcoming[i].day != next.day)
			continue;
		int result = dues_add(dues, i, next.day, arrivals);
		if (result != 0)
			return result;
		advance(agenda, i);
	}
	*ret_period = next.period;
	*ret_day = next.day;
	return 0;
}
