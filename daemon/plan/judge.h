/* Verdicts: does a target stand where it should, at this period? Pure, exact, any thread.
 *
 * met        the target is satisfied now; what has to last (hold, about, tracks-gdp) only from the plan's end on:
 *            before it that is on track
 * on track   not yet, but on or beyond the path
 * behind     short of the path by no more than a tenth of the whole way
 * off track  further back; or a `hold` is violated; or the plan is over and the target is not satisfied
 * no data    there is no value, or nothing to compare it with; or the indicator counts from the plan's first day, and
 *            the period is before it: what has been counted by then is an earlier plan's
 * cancelled  the target was dropped
 *
 * The path is straight, by months, from the baseline (end of the year before the plan's first) to the target (end
 * of its last year); until the plan begins it is the baseline. Without a baseline, and where the indicator
 * counts from the plan's first day, it starts at zero. It never asks for more than the target: from a baseline
 * that is already beyond, it is the target all along. `about` and `=` can be missed on the far side too: what is
 * past the target (and its tolerance) counts as short by as much.
 *
 * `strive` is judged as `>=`. tracks-gdp is "basically in step" at no more than half a point below the series it
 * follows, behind at no more than a whole one. A provisional value is judged as it is; saying so is the
 * caller's. */
#ifndef SUANPAN_PLAN_JUDGE_H
#define SUANPAN_PLAN_JUDGE_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/indicator/evaluate.h"

enum verdict {
	VERDICT_MET,
	VERDICT_ON_TRACK,
	VERDICT_BEHIND,
	VERDICT_OFF_TRACK,
	VERDICT_NO_DATA,
	VERDICT_CANCELLED
};
const char *verdict_name(enum verdict verdict);

/* `value` is the target's indicator at `period` with `decimals` places; `followed` that of tracks-gdp (NULL
 * otherwise), with `followed_decimals`. */
enum verdict plan_judge_target(const struct plan *plan, const struct target *target, struct period period,
                               const struct value *value, unsigned decimals, const struct value *followed,
                               unsigned followed_decimals);

#endif
