/* What is overdue, without walking through everybody's periods each time. Whether a reporter owes figures of a period depends on
 *   - the day: from some day on they are due;
 *   - which figures are in: whoever applies observations marks what they stir (store/stirred.h);
 *   - the reporter's duties, and which days are worked: of both a hash is kept.
 * So what is seen again is what any of these may have changed since the last look that was noted, and nothing is missed. */
#include "daemon/catalogue/calendar.h"
#include "daemon/looks_internal.h"
#include "proto/envelope.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- a reporter's period ---- */

/* The one area that all of a reporter's lie in; NULL: there is none. */
static const char *area_of(const struct catalogue *catalogue, const struct reporter *reporter)
{
	const struct area *first =
	    reporter->areas.count > 0 ? &catalogue->areas[reporter->areas.area[0]] : NULL;
	uint32_t inside = 0;
	for (int level = LEVEL_CITY; first && level < LEVEL_COUNT; level++)
		inside += first->inside[level].count;
	return first && inside >= reporter->areas.count ? first->code : NULL;
}

static int see(struct look *look, struct calendar_look *calendar, const struct reporter *reporter,
               struct period period)
{
	const struct alert_subject subject = {
	    .kind = ALERT_OVERDUE, .reporter_id = reporter->id, .period = period};
	struct owed owed = {.due = 0};
	struct watched before;
	calendar->seen++;
	if (dues_are_owed_by(calendar->dues, reporter))
		owed = dues_owed(calendar->dues, reporter);
	int result = write_watched(look->write, &subject, &before);
	if (result != 0)
		return result;
	struct alert_facts facts = {
	    .kind = ALERT_OVERDUE,
	    .severity = owed.missing > 0 ? ALERT_BAD : ALERT_FINE,
	    .period = period,
	    .due_day = owed.due_day,
	    .part = owed.missing,
	    .whole = owed.due,
	};
	const char *area = area_of(look->catalogue, reporter);
	look_copy_code(facts.reporter, reporter->code);
	look_copy_code(facts.area, area ? area : "");
	return look_follow(look, &subject, &before, 0, 0, &facts);
}

/* Of the period's frequency, what was due before today: for everybody whose period it is that is seen next. */
static int find_dues(struct look *look, struct calendar_look *calendar, struct period period)
{
	const struct catalogue *catalogue = look->catalogue;
	const struct arrivals arrivals = write_arrivals(look->write);
	int result = 0;
	dues_begin(calendar->dues, period);
	for (uint32_t i = 0; i < catalogue->statistic_count && result == 0; i++) {
		if (catalogue->statistics[i].frequency != period_frequency_of(period))
			continue;
		const int32_t day = calendar_due_day(catalogue, &catalogue->statistics[i], period);
		if (day < look->today)
			result = dues_add(calendar->dues, i, day, &arrivals);
	}
	return result;
}

/* From the period in which the store began to the last one that is over. */
static bool is_looked_at(const struct look *look, struct period period)
{
	return period_last_day(period) >= look->first_day && period_last_day(period) < look->today;
}

static bool is_reported_at(const struct catalogue *catalogue, enum period_frequency frequency)
{
	for (uint32_t i = 0; i < catalogue->statistic_count; i++)
		if (catalogue->statistics[i].frequency == frequency)
			return true;
	return false;
}

/* ---- what has become due ---- */

/* Of the period: whether something was not due at the last look, and whether any of that is due now. Of an earlier period
 * nothing is due later. */
static void find_due(const struct look *look, int32_t last_look, struct period period, bool *ret_was_not,
                     bool *ret_is_now)
{
	const enum period_frequency frequency = period_frequency_of(period);
	*ret_was_not = *ret_is_now = false;
	for (uint32_t i = 0; i < look->catalogue->statistic_count; i++) {
		const struct statistic *statistic = &look->catalogue->statistics[i];
		if (statistic->frequency != frequency)
			continue;
		const int32_t due_day = calendar_due_day(look->catalogue, statistic, period);
		*ret_was_not |= due_day >= last_look;
		*ret_is_now |= due_day >= last_look && due_day < look->today;
	}
}

/* Of him everything is seen in any case. */
static bool is_anew(const struct calendar_look *calendar, uint32_t reporter)
{
	return calendar->catalogue_differs && calendar->anew[reporter];
}

static int see_everybody(struct look *look, struct calendar_look *calendar, struct period period)
{
	int result = find_dues(look, calendar, period);
	for (uint32_t i = 0; i < look->catalogue->reporter_count && result == 0; i++)
		if (!is_anew(calendar, i))
			result = see(look, calendar, &look->catalogue->reporters[i], period);
	return result;
}

static int see_due(struct look *look, struct calendar_look *calendar, enum period_frequency frequency)
{
	struct period period = period_of_day(look->today - 1, frequency);
	bool was_not = true, is_now;
	int result = 0;
	if (!is_looked_at(look, period) && !period_shift(period, -1, &period))
		return 0;
	while (result == 0 && was_not && is_looked_at(look, period)) {
		find_due(look, calendar->before.day, period, &was_not, &is_now);
		if (is_now)
			result = see_everybody(look, calendar, period);
		if (!period_shift(period, -1, &period))
			break;
	}
	return result;
}

/* ---- what was stirred ---- */

struct stirred {
	struct period *periods; /* ascending; beside each the row */
	uint32_t *rows;
	size_t count, capacity;
};

static int take_stirred(void *context, struct period period, uint32_t row)
{
	struct stirred *stirred = context;
	if (stirred->count == stirred->capacity) {
		const size_t capacity = stirred->capacity ? stirred->capacity * 2 : 64;
		struct period *periods = realloc(stirred->periods, capacity * sizeof *periods);
		stirred->periods = periods ? periods : stirred->periods;
		uint32_t *rows = realloc(stirred->rows, capacity * sizeof *rows);
		stirred->rows = rows ? rows : stirred->rows;
		if (!periods || !rows)
			return -ENOMEM;
		stirred->capacity = capacity;
	}
	stirred->periods[stirred->count] = period;
	stirred->rows[stirred->count++] = row;
	return 0;
}

static bool has_row(const uint32_t *rows, size_t count, uint32_t row)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (rows[middle] == row)
			return true;
		if (rows[middle] < row)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool is_concerned(const struct catalogue *catalogue, const struct reporter *reporter,
                         const uint32_t *rows, size_t count)
{
	for (uint32_t i = 0; i < reporter->areas.count; i++)
		if (has_row(rows, count, catalogue->areas[reporter->areas.area[i]].id / CELLS_PER_ROW))
			return true;
	return false;
}

static int see_concerned(struct look *look, struct calendar_look *calendar, struct period period,
                         const uint32_t *rows, size_t count)
{
	const struct catalogue *catalogue = look->catalogue;
	if (!is_looked_at(look, period))
		return 0; /* it will be, when its figures are due */
	int result = find_dues(look, calendar, period);
	for (uint32_t i = 0; i < catalogue->reporter_count && result == 0; i++)
		if (!is_anew(calendar, i) && is_concerned(catalogue, &catalogue->reporters[i], rows, count))
			result = see(look, calendar, &catalogue->reporters[i], period);
	return result;
}

static int see_stirred(struct look *look, struct calendar_look *calendar)
{
	struct stirred stirred = {.count = 0};
	int result = write_walk_stirred(look->write, take_stirred, &stirred);
	for (size_t i = 0, next; i < stirred.count && result == 0; i = next) {
		for (next = i + 1;
		     next < stirred.count && stirred.periods[next].code == stirred.periods[i].code;)
			next++;
		result = see_concerned(look, calendar, stirred.periods[i], &stirred.rows[i], next - i);
	}
	free(stirred.periods);
	free(stirred.rows);
	return result;
}

/* ---- what another catalogue brings ---- */

/* Which days from the first one to `day` are worked: whether something was due before that day depends on these alone. */
static int hash_calendar(const struct look *look, int32_t day, uint8_t ret_hash[STORE_HASH_SIZE])
{
	const size_t count = day > look->first_day ? (size_t)(day - look->first_day) : 0;
	uint8_t *worked = malloc(count + 1);
	if (!worked)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		worked[i] = calendar_is_worked(look->catalogue, look->first_day + (int32_t)i);
	envelope_hash(worked, count, ret_hash);
	free(worked);
	return 0;
}

/* Everything on which it depends what the reporter owes. */
static size_t list_duties(const struct catalogue *catalogue, const struct reporter *reporter, int32_t *words)
{
	size_t count = 0;
	for (uint32_t i = 0; i < catalogue->statistic_count; i++) {
		const struct statistic *statistic = &catalogue->statistics[i];
		if (!reporter->statistics[i])
			continue;
		words[count++] = (int32_t)statistic->id;
		words[count++] = statistic->frequency;
		words[count++] = statistic->level;
		words[count++] = (int32_t)statistic->deadline_days;
	}
	words[count++] = 0; /* no id */
	for (uint32_t i = 0; i < reporter->areas.count; i++) {
		const struct area *area = &catalogue->areas[reporter->areas.area[i]];
		words[count++] = (int32_t)area->id;
		words[count++] = area->level;
		words[count++] = area->first_day;
		words[count++] = area->last_day;
	}
	return count;
}

static int hash_duties(const struct catalogue *catalogue, const struct reporter *reporter,
                       uint8_t ret_hash[STORE_HASH_SIZE])
{
	const size_t most = 4 * ((size_t)catalogue->statistic_count + reporter->areas.count) + 1;
	int32_t *words = malloc(most * sizeof *words);
	if (!words)
		return -ENOMEM;
	envelope_hash(words, list_duties(catalogue, reporter, words) * sizeof *words, ret_hash);
	free(words);
	return 0;
}

static int compare_duties(struct look *look, struct calendar_look *calendar, bool everything)
{
	const struct catalogue *catalogue = look->catalogue;
	int result = 0;
	for (uint32_t i = 0; i < catalogue->reporter_count && result == 0; i++) {
		uint8_t before[STORE_HASH_SIZE];
		result = hash_duties(catalogue, &catalogue->reporters[i], calendar->duties[i]);
		if (result == 0)
			result = write_duties(look->write, catalogue->reporters[i].id, before);
		if (result == 0)
			calendar->anew[i] =
			    everything || memcmp(before, calendar->duties[i], STORE_HASH_SIZE) != 0;
	}
	return result;
}

static int compare_ids(const void *left, const void *right)
{
	const struct reporter *const *a = left, *const *b = right;
	return ((*a)->id > (*b)->id) - ((*a)->id < (*b)->id);
}

const struct reporter *look_find_reporter(const struct look *look, const struct calendar_look *calendar,
                                          uint32_t id)
{
	const struct reporter wanted = {.id = id}, *key = &wanted;
	const struct reporter **found = bsearch(&key, calendar->by_id, look->catalogue->reporter_count,
	                                        sizeof(struct reporter *), compare_ids);
	return found ? *found : NULL;
}

static int find_anew(struct look *look, struct calendar_look *calendar)
{
	uint8_t hash[STORE_HASH_SIZE];
	const size_t count = look->catalogue->reporter_count;
	calendar->duties = calloc(count + 1, sizeof *calendar->duties);
	calendar->anew = calloc(count + 1, sizeof *calendar->anew);
	calendar->by_id = calloc(count + 1, sizeof(struct reporter *));
	if (!calendar->duties || !calendar->anew || !calendar->by_id)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		calendar->by_id[i] = &look->catalogue->reporters[i];
	qsort(calendar->by_id, count, sizeof(struct reporter *), compare_ids);
	int result = hash_calendar(look, calendar->before.day, hash);
	return result == 0
	           ? compare_duties(look, calendar, memcmp(hash, calendar->before.calendar, sizeof hash) != 0)
	           : result;
}

static int see_anew(struct look *look, struct calendar_look *calendar, struct period period)
{
	int result = find_dues(look, calendar, period);
	for (uint32_t i = 0; i < look->catalogue->reporter_count && result == 0; i++)
		if (calendar->anew[i])
			result = see(look, calendar, &look->catalogue->reporters[i], period);
	return result;
}

static bool is_anybody(const struct look *look, const bool *flags)
{
	return memchr(flags, true, look->catalogue->reporter_count * sizeof *flags);
}

static int see_all_anew(struct look *look, struct calendar_look *calendar, enum period_frequency frequency)
{
	struct period period = period_of_day(look->first_day, frequency);
	int result = 0;
	while (result == 0 && is_looked_at(look, period)) {
		result = see_anew(look, calendar, period);
		if (!period_shift(period, 1, &period))
			break;
	}
	return result;
}

/* ---- the whole ---- */

int look_begin_calendar(struct look *look, struct calendar_look *calendar)
{
	int result = dues_new(look->catalogue, &calendar->dues);
	if (result == 0)
		result = write_looked(look->write, &calendar->before);
	calendar->now.day = look->today;
	if (result == 0)
		result = write_catalogue_entry(look->write, &calendar->now.catalogue);
	if (result == 0)
		result = hash_calendar(look, look->today, calendar->now.calendar);
	calendar->catalogue_differs = calendar->now.catalogue != calendar->before.catalogue;
	if (result == 0 && calendar->catalogue_differs)
		result = find_anew(look, calendar);
	return result;
}

int look_at_calendar(struct look *look, struct calendar_look *calendar)
{
	const bool anew = calendar->catalogue_differs && is_anybody(look, calendar->anew);
	int result = 0;
	for (enum period_frequency frequency = PERIOD_ANNUAL; frequency <= PERIOD_DAY && result == 0;
	     frequency++) {
		if (!is_reported_at(look->catalogue, frequency))
			continue;
		if (anew)
			result = see_all_anew(look, calendar, frequency);
		if (result == 0)
			result = see_due(look, calendar, frequency);
	}
	return result == 0 ? see_stirred(look, calendar) : result;
}

struct holders {
	const struct look *look;
	const struct calendar_look *calendar;
};

static bool is_reporter(void *context, uint32_t id)
{
	const struct holders *holders = context;
	return look_find_reporter(holders->look, holders->calendar, id) != NULL;
}

static int keep_duties(struct look *look, const struct calendar_look *calendar)
{
	const struct catalogue *catalogue = look->catalogue;
	struct holders holders = {look, calendar};
	int result = write_forget_duties(look->write, is_reporter, &holders);
	for (uint32_t i = 0; i < catalogue->reporter_count && result == 0; i++)
		if (calendar->anew[i])
			result =
			    write_put_duties(look->write, catalogue->reporters[i].id, calendar->duties[i]);
	return result;
}

int look_keep_calendar(struct look *look, const struct calendar_look *calendar)
{
	int result = write_put_looked(look->write, &calendar->now);
	if (result == 0)
		result = write_forget_stirred(look->write);
	if (result == 0 && calendar->catalogue_differs)
		result = keep_duties(look, calendar);
	return result;
}

void calendar_look_done(struct calendar_look *calendar)
{
	dues_free(calendar->dues);
	free(calendar->duties);
	free(calendar->anew);
	free(calendar->by_id);
}
