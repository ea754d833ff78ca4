/* Working days in mainland China, and what is due when.
 *
 * A day is a number since 1970-01-01, in China (UTC+8, no summer time). Saturdays and Sundays are days of rest, but those
 * that calendar.yaml says are worked; so are the holidays it names. Without that file only the week counts. */
#ifndef SUANPAN_CATALOGUE_CALENDAR_H
#define SUANPAN_CATALOGUE_CALENDAR_H

#include "daemon/catalogue/catalogue.h"

/* The day in China at a time of day. */
int32_t calendar_day_of(int64_t wall_ms);

bool calendar_is_weekend(int32_t day);
bool calendar_is_worked(const struct catalogue *catalogue, int32_t day);

/* The last day on which a figure of the period is on time: so many days after its end as the statistic says, or the next
 * working day. */
int32_t calendar_due_day(const struct catalogue *catalogue, const struct statistic *statistic,
                         struct period period);

#endif
