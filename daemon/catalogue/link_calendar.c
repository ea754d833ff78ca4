/* Days of rest and days that are worked, where they differ from the week. */
#include "daemon/catalogue/calendar.h"
#include "daemon/catalogue/link.h"

#include <stdlib.h>
#include <string.h>

/* One of the file's two lists on its way. */
struct days {
	struct link *link;
	const char *label; /* "holidays" */
	char *const *written;
	uint32_t written_count;
	int32_t *day;
	uint32_t count;
};

static void refuse(struct days *days, uint32_t entry, const char *what)
{
	mistake_at(days->link->mistakes,
	           source_place(&days->link->inputs->calendar.source, "%s[%u]", days->label, entry),
	           "%s: found '%s', %s", days->label, days->written[entry], what);
}

static bool is_listed(const struct day_list *list, int32_t day)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->day[i] == day)
			return true;
	return false;
}

static void add_day(struct days *days, uint32_t entry, const struct day_list *others)
{
	const char *text = days->written[entry];
	struct period period;
	if (period_parse(text, strlen(text), &period) != 0 || period_frequency_of(period) != PERIOD_DAY) {
		refuse(days, entry, "expected a day such as 2024-02-12");
		return;
	}
	int32_t day = period_first_day(period);
	if (is_listed(&(struct day_list){days->day, days->count}, day))
		refuse(days, entry, "which is listed twice");
	else if (others && is_listed(others, day))
		refuse(days, entry, "which is a holiday as well, expected it in one list");
	else if (others && !calendar_is_weekend(day))
		refuse(days, entry, "expected a Saturday or Sunday: other days are worked anyway");
	else
		days->day[days->count++] = day;
}

static int compare_days(const void *left, const void *right)
{
	const int32_t *a = left, *b = right;
	return (*a > *b) - (*a < *b);
}

/* `others`: the holidays, for the days that are worked instead; NULL for the holidays themselves. */
static struct day_list link_days(struct days *days, const struct day_list *others)
{
	days->day = link_take(days->link, days->written_count, sizeof *days->day);
	if (!days->day)
		return (struct day_list){.count = 0};
	for (uint32_t i = 0; i < days->written_count; i++)
		add_day(days, i, others);
	qsort(days->day, days->count, sizeof *days->day, compare_days);
	return (struct day_list){days->day, days->count};
}

void link_calendar(struct link *link)
{
	const struct calendar_file *file = link->inputs->calendar.file;
	struct catalogue *catalogue = link->catalogue;
	if (!file)
		return;
	catalogue->holidays = link_days(&(struct days){.link = link,
	                                               .label = "holidays",
	                                               .written = file->holidays,
	                                               .written_count = file->holiday_count},
	                                NULL);
	catalogue->workdays = link_days(&(struct days){.link = link,
	                                               .label = "workdays",
	                                               .written = file->workdays,
	                                               .written_count = file->workday_count},
	                                &catalogue->holidays);
}
