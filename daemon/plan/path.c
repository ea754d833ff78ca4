#include "daemon/plan/path.h"

#include "daemon/base/int128.h"
#include <math.h>

#define MONTHS_MAX  ((int128)12 * (PERIOD_YEAR_MAX - PERIOD_YEAR_MIN + 1))
/* Of a month: what the logarithms may be off by without making it the next one. */
#define MONTH_SLACK 1e-6L

static struct period baseline_year(const struct plan *plan)
{
	return period_make(PERIOD_ANNUAL, plan->first_year - 1, 0);
}

static int months_in_all(const struct plan *plan)
{
	return 12 * (plan->last_year - plan->first_year + 1);
}

/* From the baseline to the period's end: negative before it. */
static int months_gone(const struct plan *plan, struct period period)
{
	return period_months_between_ends(baseline_year(plan), period);
}

struct fraction path_start(const struct target *target)
{
	return target->starts_at_zero ? fraction_of_integer(0) : shape_number(&target->baseline);
}

static bool starts_somewhere(const struct target *target)
{
	return target->starts_at_zero || target->baseline.present;
}

bool path_is_over(const struct plan *plan, struct period period)
{
	return period_last_day(period) >= period_last_day(period_make(PERIOD_ANNUAL, plan->last_year, 0));
}

/* ---- what it asks for ---- */

/* start + (goal - start) * months / of */
static int ask_linearly(struct fraction start, struct fraction goal, int months, int of,
                        struct fraction *ret_asked)
{
	struct fraction way, done, share = {.over = months, .under = of};
	int verdict = fraction_subtract(goal, start, &way);
	if (!verdict)
		verdict = fraction_multiply(way, share, &done);
	return verdict ? verdict : fraction_add(start, done, ret_asked);
}

static int ask_geometrically(struct fraction start, struct fraction goal, int months, int of,
                             struct fraction *ret_asked)
{
	struct fraction ratio, power;
	int verdict = fraction_divide(goal, start, &ratio);
	if (!verdict)
		verdict = fraction_power(ratio, months, of, &power);
	return verdict ? verdict : fraction_multiply(start, power, ret_asked);
}

static struct fraction newest_step(const struct target *target, struct period period, struct fraction start)
{
	for (uint32_t i = target->yearly_count; i > 0; i--) {
		const struct yearly_goal *step = &target->yearly[i - 1];
		if (period_last_day(period_make(PERIOD_ANNUAL, step->year, 0)) <= period_last_day(period))
			return shape_number(&step->goal);
	}
	return start;
}

/* Never more than the goal. */
static struct fraction hold_back(const struct target *target, struct fraction asked, struct fraction start,
                                 struct fraction goal)
{
	const enum aim aim = shape_of(target)->aim;
	const bool down = aim == AIM_DOWN || (aim == AIM_AT && fraction_compare(goal, start) < 0);
	const int beyond = fraction_compare(asked, goal);
	return (down ? beyond < 0 : beyond > 0) ? goal : asked;
}

int path_asks(const struct plan *plan, const struct target *target, struct period period,
              struct fraction *ret_asked)
{
	const struct fraction start = path_start(target), goal = shape_number(&target->goal);
	const int of = months_in_all(plan);
	int months = months_gone(plan, period), verdict = 0;
	struct fraction asked = goal;
	if (months < 0)
		months = 0;
	if (months < of && target->course == COURSE_YEARLY)
		asked = newest_step(target, period, start);
	else if (months < of && target->course == COURSE_GEOMETRIC)
		verdict = ask_geometrically(start, goal, months, of, &asked);
	else if (months < of)
		verdict = ask_linearly(start, goal, months, of, &asked);
	if (verdict == 0)
		*ret_asked = hold_back(target, asked, start, goal);
	return verdict;
}

/* ---- how fast ---- */

static int per_year(struct fraction change, int months, struct fraction *ret_pace)
{
	return fraction_multiply(change, (struct fraction){.over = 12, .under = months}, ret_pace);
}

int path_pace(const struct plan *plan, const struct target *target, struct period period,
              struct fraction value, struct fraction *ret_pace)
{
	const int months = months_gone(plan, period);
	struct fraction change;
	if (months <= 0 || !starts_somewhere(target))
		return PATH_NONE;
	const int verdict = fraction_subtract(value, path_start(target), &change);
	return verdict ? verdict : per_year(change, months, ret_pace);
}

int path_pace_needed(const struct plan *plan, struct period period, struct fraction value,
                     struct fraction goal, struct fraction *ret_pace)
{
	const int left = months_in_all(plan) - months_gone(plan, period);
	struct fraction change;
	if (left <= 0)
		return PATH_NONE;
	const int verdict = fraction_subtract(goal, value, &change);
	return verdict ? verdict : per_year(change, left, ret_pace);
}

/* ---- when ---- */

/* Whole months that `rest` takes at `pace` a year, counted up. */
static int months_at_pace(struct fraction rest, struct fraction pace, int beyond, int *ret_months)
{
	struct fraction months;
	if (pace.over == 0)
		return PATH_NONE;
	int verdict = fraction_divide(rest, pace, &months);
	if (!verdict)
		verdict = fraction_multiply(months, fraction_of_integer(12), &months);
	if (verdict)
		return verdict;
	if (months.over < 0 || months.over / months.under > MONTHS_MAX)
		return PATH_NONE;
	const int whole = (int)(months.over / months.under);
	*ret_months = whole + (beyond != 0 || months.over % months.under != 0);
	return 0;
}

static long double logarithm_of_ratio(struct fraction a, struct fraction b)
{
	return logl(((long double)a.over / (long double)a.under) /
	            ((long double)b.over / (long double)b.under));
}

static int months_at_rate(struct fraction start, struct fraction value, struct fraction goal, int gone,
                          int beyond, int *ret_months)
{
	if (start.over <= 0 || value.over <= 0 || goal.over <= 0)
		return PATH_NONE;
	const long double months = gone * logarithm_of_ratio(goal, value) / logarithm_of_ratio(value, start);
	if (!(months >= 0 && months < MONTHS_MAX)) /* a rate of nothing as well: not finite */
		return PATH_NONE;
	const long double whole =
	    beyond != 0 ? floorl(months + MONTH_SLACK) + 1 : ceill(months - MONTH_SLACK);
	*ret_months = (int)whole;
	return 0;
}

/* The month in which a period ends. */
static struct period last_month(struct period period)
{
	return period_frequency_of(period) > PERIOD_MONTH ? period_containing(period, PERIOD_MONTH)
	                                                  : period_last_inside(period, PERIOD_MONTH);
}

int path_reached(const struct plan *plan, const struct target *target, struct period period,
                 struct fraction value, struct fraction goal, int beyond, struct period *ret_month)
{
	struct fraction pace, rest;
	int months = 0;
	int verdict = path_pace(plan, target, period, value, &pace);
	if (!verdict)
		verdict = fraction_subtract(goal, value, &rest);
	if (verdict)
		return verdict;
	if (rest.over == 0 && beyond != 0 && (pace.over > 0) != (beyond > 0))
		return PATH_NONE;
	verdict =
	    target->course == COURSE_GEOMETRIC
	        ? months_at_rate(path_start(target), value, goal, months_gone(plan, period), beyond, &months)
	        : months_at_pace(rest, pace, beyond, &months);
	if (verdict)
		return verdict;
	return period_shift(last_month(period), months, ret_month) ? 0 : PATH_NONE;
}
