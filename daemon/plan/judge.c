#include "daemon/plan/judge.h"

#include "daemon/indicator/fraction.h"
#include <assert.h>

/* Which side of the target wants it, and so from where the path comes. */
enum aim {
	AIM_UP,     /* more is fine */
	AIM_DOWN,   /* less is fine */
	AIM_AT,     /* from the baseline's side; past the target is wrong too */
	AIM_KEEP,   /* no path: it holds or it does not */
	AIM_FOLLOW, /* no path: the target moves */
};

static const struct rule {
	bool below, at, above; /* where the value satisfies: below, at (or within the tolerance), above */
	bool lasts;            /* met only at the end: before it may still be lost */
	enum aim aim;
} rules[COMPARISON_COUNT] = {
    [COMPARE_AT_LEAST] = {.at = true, .above = true, .aim = AIM_UP},
    [COMPARE_MORE] = {.above = true, .aim = AIM_UP},
    [COMPARE_AT_MOST] = {.below = true, .at = true, .aim = AIM_DOWN},
    [COMPARE_LESS] = {.below = true, .aim = AIM_DOWN},
    [COMPARE_EQUAL] = {.at = true, .aim = AIM_AT},
    [COMPARE_ABOUT] = {.at = true, .lasts = true, .aim = AIM_AT},
    [COMPARE_HOLD_AT_LEAST] = {.at = true, .above = true, .lasts = true, .aim = AIM_KEEP},
    [COMPARE_HOLD_EQUAL] = {.at = true, .lasts = true, .aim = AIM_KEEP},
    [COMPARE_STRIVE] = {.at = true, .above = true, .aim = AIM_UP},
    [COMPARE_TRACKS_GDP] = {.at = true, .above = true, .lasts = true, .aim = AIM_FOLLOW},
};

#define TOLERANCE_PERCENT 5  /* of `about`, where the plan says none */
#define BEHIND_SHARE      10 /* behind is a tenth of the way, no further */
#define IN_STEP_TENTHS    5  /* tenths of a point below the followed series that are still in step */
#define FOLLOW_WAY        5 /* points: the way of a series that follows, so that half a point more is behind */

/* A value and what it is judged against, all in one unit. */
struct stand {
	struct fraction value, goal;
	struct fraction width; /* on both sides of the goal that is still at it */
};

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
	    [VERDICT_MET] = "met",         [VERDICT_ON_TRACK] = "on track",
	    [VERDICT_BEHIND] = "behind",   [VERDICT_OFF_TRACK] = "off track",
	    [VERDICT_NO_DATA] = "no data", [VERDICT_CANCELLED] = "cancelled",
	};
	return names[verdict];
}

static struct fraction printed(const struct printed_number *number)
{
	return number->present ? fraction_of_decimal(number->units, number->decimals)
	                       : fraction_of_integer(0);
}

static struct fraction positive(struct fraction a)
{
	return a.over < 0 ? fraction_negate(a) : a;
}

/* ---- what is to be compared ---- */

static int find_width(const struct target *target, struct fraction *ret_width)
{
	struct fraction percent = fraction_of_integer(TOLERANCE_PERCENT), width;
	if (target->comparison != COMPARE_ABOUT) {
		*ret_width = fraction_of_integer(0);
		return 0;
	}
	if (target->tolerance.present)
		percent = printed(&target->tolerance);
	const int verdict = fraction_multiply(positive(printed(&target->goal)), percent, &width);
	return verdict ? verdict : fraction_divide(width, fraction_of_integer(100), ret_width);
}

static int find_followed_goal(const struct value *followed, unsigned decimals, struct fraction *ret_goal)
{
	return fraction_subtract(fraction_of_decimal(followed->units, decimals),
	                         fraction_of_decimal(IN_STEP_TENTHS, 1), ret_goal);
}

/* -1, 0, 1: below, at, above the goal. */
static int find_side(const struct stand *stand, int *ret_side)
{
	struct fraction low, high;
	const int verdict = fraction_subtract(stand->goal, stand->width, &low);
	if (verdict || fraction_add(stand->goal, stand->width, &high))
		return FRACTION_OVERFLOW;
	*ret_side = fraction_compare(stand->value, low) < 0 ? -1 : fraction_compare(stand->value, high) > 0;
	return 0;
}

/* ---- the path ---- */

/* Months of the plan that are over with the period, and in all. */
struct progress {
	int months, of;
};

static struct progress progress_at(const struct plan *plan, struct period period)
{
	const struct period baseline_year = period_make(PERIOD_ANNUAL, plan->first_year - 1, 0);
	struct progress progress = {.of = 12 * (plan->last_year - plan->first_year + 1)};
	progress.months = period_months_between_ends(baseline_year, period);
	if (progress.months < 0)
		progress.months = 0;
	if (progress.months > progress.of)
		progress.months = progress.of;
	return progress;
}

static struct fraction start_of(const struct target *target)
{
	return target->starts_at_zero ? fraction_of_integer(0) : printed(&target->baseline);
}

/* start + (goal - start) * months / of */
static int find_path(struct fraction start, struct fraction goal, struct progress progress,
                     struct fraction *ret_path)
{
	struct fraction way, done, share = {.over = progress.months, .under = progress.of};
	int verdict = fraction_subtract(goal, start, &way);
	if (!verdict)
		verdict = fraction_multiply(way, share, &done);
	return verdict ? verdict : fraction_add(start, done, ret_path);
}

/* How much is lacking (0 or less: nothing), when more is better. */
static int find_lack(const struct stand *stand, struct fraction path, bool far_side_counts,
                     struct fraction *ret_lack)
{
	struct fraction lack, past;
	if (fraction_compare(path, stand->goal) > 0)
		path = stand->goal;
	if (fraction_subtract(path, stand->value, &lack))
		return FRACTION_OVERFLOW;
	if (far_side_counts) {
		if (fraction_subtract(stand->value, stand->goal, &past) ||
		    fraction_subtract(past, stand->width, &past))
			return FRACTION_OVERFLOW;
		if (fraction_compare(past, lack) > 0)
			lack = past;
	}
	*ret_lack = lack;
	return 0;
}

static enum verdict judge_lack(struct fraction lack, struct fraction way)
{
	struct fraction tenfold;
	if (lack.over <= 0)
		return VERDICT_ON_TRACK;
	if (fraction_multiply(lack, fraction_of_integer(BEHIND_SHARE), &tenfold))
		return VERDICT_OFF_TRACK;
	return fraction_compare(tenfold, way) <= 0 ? VERDICT_BEHIND : VERDICT_OFF_TRACK;
}

/* Not satisfied yet, and the plan is not over. */
static enum verdict judge_path(struct stand stand, struct fraction start, struct progress progress,
                               enum aim aim)
{
	struct fraction path, lack, way;
	if (aim == AIM_DOWN || (aim == AIM_AT && fraction_compare(stand.goal, start) < 0)) {
		stand.value = fraction_negate(stand.value);
		stand.goal = fraction_negate(stand.goal);
		start = fraction_negate(start);
	}
	if (find_path(start, stand.goal, progress, &path) || find_lack(&stand, path, aim == AIM_AT, &lack) ||
	    fraction_subtract(stand.goal, start, &way))
		return VERDICT_NO_DATA;
	return judge_lack(lack, positive(way));
}

/* Out of step, and the plan is not over. */
static enum verdict judge_follower(const struct stand *stand)
{
	struct fraction lack;
	if (fraction_subtract(stand->goal, stand->value, &lack))
		return VERDICT_NO_DATA;
	return judge_lack(lack, fraction_of_integer(FOLLOW_WAY));
}

/* ---- the whole ---- */

static bool is_present(const struct value *value)
{
	return value && value->state == VALUE_PRESENT;
}

static bool is_over(const struct plan *plan, struct period period)
{
	return period_last_day(period) >= period_last_day(period_make(PERIOD_ANNUAL, plan->last_year, 0));
}

static enum verdict judge_unsatisfied(const struct plan *plan, const struct target *target,
                                      struct period period, const struct stand *stand)
{
	const enum aim aim = rules[target->comparison].aim;
	if (is_over(plan, period) || aim == AIM_KEEP)
		return VERDICT_OFF_TRACK;
	if (aim == AIM_FOLLOW)
		return judge_follower(stand);
	return judge_path(*stand, start_of(target), progress_at(plan, period), aim);
}

enum verdict plan_judge_target(const struct plan *plan, const struct target *target, struct period period,
                               const struct value *value, unsigned decimals, const struct value *followed,
                               unsigned followed_decimals)
{
	assert(target->comparison < COMPARISON_COUNT);
	const struct rule *rule = &rules[target->comparison];
	const bool follows = rule->aim == AIM_FOLLOW;
	struct stand stand = {.goal = printed(&target->goal)};
	int side;
	if (target->cancelled)
		return VERDICT_CANCELLED;
	if (!is_present(value) || !(follows ? is_present(followed) : target->goal.present))
		return VERDICT_NO_DATA;
	if (target->starts_at_zero && period_year(period) < plan->first_year)
		return VERDICT_NO_DATA;
	stand.value = fraction_of_decimal(value->units, decimals);
	if ((follows && find_followed_goal(followed, followed_decimals, &stand.goal)) ||
	    find_width(target, &stand.width) || find_side(&stand, &side))
		return VERDICT_NO_DATA;
	if (!(side < 0 ? rule->below : side == 0 ? rule->at : rule->above))
		return judge_unsatisfied(plan, target, period, &stand);
	return rule->lasts && !is_over(plan, period) ? VERDICT_ON_TRACK : VERDICT_MET;
}
