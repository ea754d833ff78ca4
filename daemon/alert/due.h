/* What a reporter owes: which figures of a period were due and are not in. Pure: reads through the cell source. */
#ifndef SUANPAN_ALERT_DUE_H
#define SUANPAN_ALERT_DUE_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/indicator/evaluate.h"

struct owed {
	uint32_t due, missing; /* figures: of those whose last day to be on time has passed */
	int32_t due_day;       /* the earliest such day with a figure missing; without one, nothing */
};

/* Of everything the reporter reports at the period's frequency. `today` is a day in China (calendar_day_of). A figure that was
 * taken back is missing; one whose area's code does not hold for the whole period is not expected. */
int MUST_CHECK alert_find_owed(const struct catalogue *catalogue, const struct reporter *reporter,
                               struct period period, int32_t today, const struct cell_source *source,
                               struct owed *ret_owed);

#endif
