#include "daemon/catalogue/calendar.h"

#define MS_A_DAY ((int64_t)24 * 3600 * 1000)
#define CHINA_MS ((int64_t)8 * 3600 * 1000)

/* A clock may be set to anything: times beyond a million years count as that. */
int32_t calendar_day_of(int64_t wall_ms)
{
	const int64_t most = MS_A_DAY * 365 * 1000000;
	int64_t ms = (wall_ms > most ? most : wall_ms < -most ? -most : wall_ms) + CHINA_MS;
	return (int32_t)((ms >= 0 ? ms : ms - MS_A_DAY + 1) / MS_A_DAY);
}

/* Day 0 was a Thursday. */
bool calendar_is_weekend(int32_t day)
{
	int32_t of_week = (day % 7 + 7 + 3) % 7; /* Monday is 0 */
	return of_week >= 5;
}

static bool holds(const struct day_list *list, int32_t day)
{
	uint32_t low = 0, high = list->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (list->day[middle] == day)
			return true;
		if (list->day[middle] < day)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool calendar_is_worked(const struct catalogue *catalogue, int32_t day)
{
	if (calendar_is_weekend(day))
		return holds(&catalogue->workdays, day);
	return !holds(&catalogue->holidays, day);
}

int32_t calendar_due_day(const struct catalogue *catalogue, const struct statistic *statistic,
                         struct period period)
{
	int32_t day = period_last_day(period) + (int32_t)statistic->deadline_days;
	while (!calendar_is_worked(catalogue, day))
		day++;
	return day;
}
