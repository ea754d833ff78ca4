/* How a target is to be seen on some day: by the newest figures that may be judged. Pure: reads through the cell source.
 *
 * It is looked at by its indicator's own frequency; by years where the indicator is of what happens within a period, because that is
 * what its target is of (a flow or an average that is not added up over a window of its own: 1000 * births / residents). Of the
 * periods that are over the newest one counts that has a value and whose figures are all in (none carried from before),
 * or were all due: until then, what is there says more about who reports early than about the city. From then on a
 * value that is not from all areas counts as well, and is provisional. */
#ifndef SUANPAN_ALERT_TARGET_H
#define SUANPAN_ALERT_TARGET_H

#include "daemon/indicator/evaluate.h"
#include "daemon/plan/judge.h"

struct alert_scene {
	const struct catalogue *catalogue;
	struct evaluator *evaluator;
	struct cell_source source;
	const int32_t
	    *last_days; /* of the figures that each statistic was ever reported for; INT32_MIN: none */
	int32_t today;  /* in China (calendar_day_of) */
};

struct sight {
	struct period period; /* code 0: there is nothing to judge by, and the rest says nothing */
	struct judgement judgement;
	int64_t units; /* of the indicator, which has the decimals */
	uint32_t reported, expected;
	bool is_over; /* the period is the plan's last: this is how it ended */
};

/* The frequency at which the indicator is looked at. */
enum period_frequency alert_frequency(const struct catalogue *catalogue, const struct indicator *indicator);

int MUST_CHECK alert_see_target(const struct alert_scene *scene, const struct plan *plan,
                                const struct target *target, struct sight *ret_sight);

#endif
