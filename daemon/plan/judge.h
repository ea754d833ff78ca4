/* Verdicts: does a target stand where it should, at this period? Pure.
 *
 * The path from the baseline (the year before the plan's first) to the target (the plan's last year) is
 * straight. met        the target is satisfied now (for `hold` and `about` only at the plan's end: before it
 * they are on track); on track   not yet, but on or beyond the path; behind     short of the path by no more
 * than a tenth of the whole way; off track  further back; or the plan is over and the target is not met; no
 * data    there is no value, or nothing to compare it with; cancelled  the target was dropped. */
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
