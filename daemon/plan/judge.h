/* Verdicts: does a target stand where it should, at this period? Pure, exact, any thread.
 *
 * met        the target is satisfied now; what has to last (hold, about, tracks-gdp) only from the plan's end on:
 *            before it that is on track
 * on track   not yet, but on or beyond the path (path.h)
 * behind     short of the path by no more than a tenth of the whole way
 * off track  further back; or a `hold` was violated at any time since the plan began; or the plan is over and the
 *            target is not satisfied
 * no data    there is no value, or nothing to compare it with; or the indicator counts from the plan's first day, and
 *            the period is before it: what has been counted by then is an earlier plan's
 * cancelled  the target was dropped
 *
 * `about` and `=` can be missed on the far side too: what is past the target (and its tolerance) counts as short by
 * as much. `about` is never short of more than the near end of its tolerance. `strive` is judged as `>=`.
 * tracks-gdp is "basically in step" at no more than half a point below the series it follows, behind at no more than a
 * whole one. A value from incomplete data is judged as it is, and the judgement says so (provisional).
 *
 * A verdict taken again and again of a value at an edge would flap. Who acts on the change of one keeps what was settled
 * before, and asks plan_settle. */
#ifndef SUANPAN_PLAN_JUDGE_H
#define SUANPAN_PLAN_JUDGE_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/indicator/evaluate.h"
#include "daemon/indicator/fraction.h"

/* From good to bad, as far as there is anything to judge. */
enum verdict {
	VERDICT_MET,
	VERDICT_ON_TRACK,
	VERDICT_BEHIND,
	VERDICT_OFF_TRACK,
	VERDICT_NO_DATA,
	VERDICT_CANCELLED
};
const char *verdict_name(enum verdict verdict);

/* An indicator's value at one period, with the decimals of the indicator. */
struct plan_point {
	struct period period;
	int64_t units;
	bool is_provisional; /* plan_is_provisional of the value */
};

/* What a target is judged by: the value of its indicator at the period, that of the series it follows (tracks-gdp; NULL
 * otherwise), and for `hold` the values of its indicator since the plan began, at the finest frequency that
 * there is: those of other days do not count, and none need be given to other shapes. */
struct plan_evidence {
	const struct plan *plan;
	const struct target *target;
	struct period period;
	const struct value *value, *followed;
	unsigned decimals, followed_decimals;
	const struct plan_point *points;
	size_t point_count;
};

struct plan_number {
	bool present;
	struct fraction is;
};

struct judgement {
	enum verdict verdict;
	/* It comes from a value (the worst one, for `hold`) that is not from all areas, or not over yet. */
	bool is_provisional;
	/* What is asked for by now: by the path; for `hold` the target; for tracks-gdp half a point below what it follows. */
	struct plan_number path;
	struct plan_number pace; /* change a year since the baseline */
	struct plan_number
	    pace_needed; /* change a year from now on that leads to the goal by the plan's end; not if it is met */
	struct period
	    reached; /* the month in which the present pace leads to the target; code 0: never, or it is there */
	struct plan_point
	    worst; /* hold: when it was furthest from holding, the first time; code 0: nothing there */
	/* How far it is short of what is asked for (0 or less: it is not), and the whole way: what hysteresis is measured by. The
	 * way of tracks-gdp is five points, that of `hold` nothing. */
	struct plan_number lack, way;
};

void plan_judge(const struct plan_evidence *evidence, struct judgement *ret_judgement);

/* Not from all areas, or not over yet. */
bool plan_is_provisional(const struct value *value);

/* The verdict that holds after this judgement where `before` was held (VERDICT_NO_DATA: none was). Worse at once;
 * better only by a margin of a fiftieth of the way, or to met. No data changes nothing. */
enum verdict plan_settle(enum verdict before, const struct judgement *now);
/* Whether a chance counts as low (all in percent): at once below what was agreed, and until it is ten points above. */
bool plan_settle_chance(bool was_low, unsigned chance, unsigned agreed);

#endif
