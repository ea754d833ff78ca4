/* as published: the document prints baselines (2020), targets (2025), their comparison and nature, and no path between them.
 *
 * as done here: the path is a straight line by months, in whole numbers throughout: with everything brought to one number
 * of decimals, baseline b, target g, and m of n months gone, the path stands at b + (g - b) * m / n, and a value v is short
 * of it by (b * n + (g - b) * m - v * n) / n. */
#include "daemon/plan/judge.h"

#include "daemon/base/int128.h"
#include <stdlib.h>

#define IN_STEP_TENTHS   5 /* of a percentage point: tracks-gdp is in step down to this far below */
#define BEHIND_TENTHS    1 /* of the whole way: further back is off track */
#define MONTHS_IN_A_YEAR 12

/* All numbers of one judgement, times 10^decimals. */
struct course {
	int128 value, baseline, goal;
	int128 passed, months; /* of the way */
	bool over;             /* the plan's last year has ended */
	bool has_baseline;
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

static int128 scaled(int64_t units, unsigned from, unsigned to)
{
	int128 number = units;
	for (; from < to; from++)
		number *= 10;
	return number;
}

static unsigned most_decimals(const struct target *target, unsigned decimals)
{
	if (target->baseline.present && target->baseline.decimals > decimals)
		decimals = target->baseline.decimals;
	return target->goal.decimals > decimals ? target->goal.decimals : decimals;
}

static bool is_over(const struct plan *plan, struct period period)
{
	struct period last = period_make(PERIOD_ANNUAL, plan->last_year, 0);
	return period_last_day(period) >= period_last_day(last);
}

static void find_time(const struct plan *plan, struct period period, struct course *course)
{
	struct period baseline = period_make(PERIOD_ANNUAL, plan->first_year - 1, 0);
	course->months = MONTHS_IN_A_YEAR * (plan->last_year - plan->first_year + 1);
	course->passed = 0;
	if (period_last_day(period) > period_last_day(baseline))
		course->passed = period_months_between_ends(baseline, period);
	if (course->passed > course->months)
		course->passed = course->months;
	course->over = is_over(plan, period);
}

static struct course plot(const struct plan *plan, const struct target *target, struct period period,
                          const struct value *value, unsigned decimals)
{
	unsigned common = most_decimals(target, decimals);
	struct course course = {
	    .value = scaled(value->units, decimals, common),
	    .goal = scaled(target->goal.units, target->goal.decimals, common),
	    .has_baseline = target->baseline.present || target->starts_at_zero,
	};
	if (target->baseline.present && !target->starts_at_zero)
		course.baseline = scaled(target->baseline.units, target->baseline.decimals, common);
	find_time(plan, period, &course);
	return course;
}

static int128 distance(int128 a, int128 b)
{
	return a > b ? a - b : b - a;
}

/* ---- is it so now? ---- */

static bool is_about(const struct target *target, const struct course *course, int128 wanted, int128 parts)
{
	int128 tolerance = target->tolerance.present ? target->tolerance.units : 0;
	int128 whole = 100;
	for (unsigned i = 0; i < target->tolerance.decimals; i++)
		whole *= 10;
	/* |value - wanted / parts| <= tolerance percent of the goal */
	return distance(course->value * parts, wanted) * whole <=
	       distance(course->goal, 0) * parts * tolerance;
}

static bool is_satisfied(const struct target *target, const struct course *course)
{
	switch (target->comparison) {
	case COMPARE_AT_LEAST:
	case COMPARE_STRIVE:
	case COMPARE_HOLD_AT_LEAST:
		return course->value >= course->goal;
	case COMPARE_MORE:
		return course->value > course->goal;
	case COMPARE_AT_MOST:
		return course->value <= course->goal;
	case COMPARE_LESS:
		return course->value < course->goal;
	case COMPARE_EQUAL:
	case COMPARE_HOLD_EQUAL:
		return course->value == course->goal;
	case COMPARE_ABOUT:
		return is_about(target, course, course->goal, 1);
	case COMPARE_TRACKS_GDP:
	case COMPARISON_COUNT:
		break;
	}
	return false;
}

static bool counts_only_at_the_end(enum comparison comparison)
{
	return comparison == COMPARE_HOLD_AT_LEAST || comparison == COMPARE_HOLD_EQUAL ||
	       comparison == COMPARE_ABOUT;
}

static bool must_hold(enum comparison comparison)
{
	return comparison == COMPARE_HOLD_AT_LEAST || comparison == COMPARE_HOLD_EQUAL;
}

static bool runs_downwards(const struct target *target, const struct course *course)
{
	if (target->comparison == COMPARE_AT_MOST || target->comparison == COMPARE_LESS)
		return true;
	bool upwards = target->comparison == COMPARE_AT_LEAST || target->comparison == COMPARE_MORE ||
	               target->comparison == COMPARE_STRIVE;
	return !upwards && course->has_baseline && course->baseline > course->goal;
}

/* ---- is it on its way? ---- */

static enum verdict judge_way(const struct target *target, const struct course *course)
{
	bool down = runs_downwards(target, course);
	/* Without a baseline nothing is known of the way down; the way up starts at zero. */
	if (!course->has_baseline && down)
		return VERDICT_BEHIND;
	int128 way = course->goal - course->baseline;
	int128 path = course->baseline * course->months + way * course->passed; /* times months */
	int128 shortfall = path - course->value * course->months;
	if (down)
		shortfall = -shortfall;
	if (target->comparison == COMPARE_ABOUT && is_about(target, course, path, course->months))
		return VERDICT_ON_TRACK;
	if (target->comparison != COMPARE_ABOUT && shortfall <= 0)
		return VERDICT_ON_TRACK;
	return distance(shortfall, 0) * 10 <= distance(way, 0) * course->months * BEHIND_TENTHS
	           ? VERDICT_BEHIND
	           : VERDICT_OFF_TRACK;
}

/* In step with the series it follows: not more than half a point below it. */
static enum verdict judge_in_step(const struct value *value, unsigned decimals, const struct value *followed,
                                  unsigned followed_decimals, bool over)
{
	if (!followed || followed->state != VALUE_PRESENT)
		return VERDICT_NO_DATA;
	unsigned common = decimals > followed_decimals ? decimals : followed_decimals;
	common = common > 1 ? common : 1;
	int128 lag =
	    scaled(followed->units, followed_decimals, common) - scaled(value->units, decimals, common);
	int128 allowed = scaled(IN_STEP_TENTHS, 1, common);
	if (lag <= allowed)
		return over ? VERDICT_MET : VERDICT_ON_TRACK;
	return over || lag > 2 * allowed ? VERDICT_OFF_TRACK : VERDICT_BEHIND;
}

enum verdict plan_judge_target(const struct plan *plan, const struct target *target, struct period period,
                               const struct value *value, unsigned decimals, const struct value *followed,
                               unsigned followed_decimals)
{
	if (target->cancelled)
		return VERDICT_CANCELLED;
	if (value->state != VALUE_PRESENT)
		return VERDICT_NO_DATA;
	if (target->starts_at_zero && period_year(period) < plan->first_year)
		return VERDICT_NO_DATA; /* what has been counted is an earlier plan's */
	if (target->comparison == COMPARE_TRACKS_GDP)
		return judge_in_step(value, decimals, followed, followed_decimals, is_over(plan, period));
	const struct course course = plot(plan, target, period, value, decimals);
	if (is_satisfied(target, &course))
		return counts_only_at_the_end(target->comparison) && !course.over ? VERDICT_ON_TRACK
		                                                                  : VERDICT_MET;
	if (course.over || must_hold(target->comparison))
		return VERDICT_OFF_TRACK;
	return judge_way(target, &course);
}
