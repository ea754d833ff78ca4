/* The way from a target's baseline to its goal: what it asks for by a period, how fast it has been gone, and when
 * its end is reached. Pure, any thread.
 *
 * It goes from the end of the year before the plan's first to the end of its last year, in months; until the plan begins
 * it asks for the baseline, after its end for the goal.
 *   linear     the same step every month
 *   geometric  the same rate every month: baseline * (goal / baseline)^(months / all months), as populations grow
 *   yearly     the newest year's target whose year is over by the period's end; in the last year's end the goal
 * Without a baseline, and where the indicator counts from the plan's first day, it starts at zero. It never asks for more
 * than the goal: from a baseline that is already beyond, it is the goal all along.
 *
 * Exact, but for the root of a geometric path (fraction_power) and the month in which one is at its end. */
#ifndef SUANPAN_PLAN_PATH_H
#define SUANPAN_PLAN_PATH_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/plan/shape.h"

/* Beside the fraction_verdicts. */
enum path_verdict {
	PATH_NONE = 16, /* nothing to tell: before the way begins, after its end, no baseline, never */
};

struct fraction path_start(const struct target *target);
bool path_is_over(const struct plan *plan, struct period period);

/* What it asks for by the period's end. */
int MUST_CHECK path_asks(const struct plan *plan, const struct target *target, struct period period,
                         struct fraction *ret_asked);
/* Change a year from the baseline to the value, which is the period's. Without a baseline there is none to count from. */
int MUST_CHECK path_pace(const struct plan *plan, const struct target *target, struct period period,
                         struct fraction value, struct fraction *ret_pace);
/* Change a year from now on that leads from the value to `goal` by the plan's end. */
int MUST_CHECK path_pace_needed(const struct plan *plan, struct period period, struct fraction value,
                                struct fraction goal, struct fraction *ret_pace);
/* The month by whose end the value arrives at `goal` if it goes on as it went since the baseline: at the same pace, or on
 * a geometric path at the same rate. `beyond` is 1 or -1 where at is not
 * enough and it must be above or below, else 0. PATH_NONE: it does not come nearer, or not before 2200. */
int MUST_CHECK path_reached(const struct plan *plan, const struct target *target, struct period period,
                            struct fraction value, struct fraction goal, int beyond,
                            struct period *ret_month);

#endif
