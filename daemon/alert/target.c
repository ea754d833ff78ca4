#include "daemon/alert/target.h"

#include "daemon/catalogue/calendar.h"
#include "daemon/plan/path.h"
#include <errno.h>
#include <stdlib.h>

/* How far back a value is looked for: what is older says nothing about today. */
#define DAYS_BACK (2 * 366)

enum period_frequency alert_frequency(const struct catalogue *catalogue, const struct indicator *indicator)
{
	for (uint32_t i = 0; i < indicator->formula->atom_count; i++) {
		const struct formula_atom *atom = &indicator->formula->atoms[i];
		const enum statistic_kind kind = catalogue->statistics[atom->statistic].kind;
		if ((kind == KIND_FLOW || kind == KIND_AVERAGE) && atom->window == WINDOW_PERIOD)
			return PERIOD_ANNUAL;
	}
	return indicator->frequency;
}

/* ---- which periods may be judged ---- */

/* The last day of what anybody has reported for any part of the indicator. */
static int32_t reach_of(const struct alert_scene *scene, const struct indicator *indicator)
{
	int32_t reach = INT32_MIN;
	for (uint32_t i = 0; i < indicator->formula->atom_count; i++) {
		const int32_t day = scene->last_days[indicator->formula->atoms[i].statistic];
		if (day > reach)
			reach = day;
	}
	return reach;
}

/* Whether everything that the period's value is made of was due before today. */
static bool was_due(const struct alert_scene *scene, const struct indicator *indicator, struct period period)
{
	for (uint32_t i = 0; i < indicator->formula->atom_count; i++) {
		const struct statistic *statistic =
		    &scene->catalogue->statistics[indicator->formula->atoms[i].statistic];
		struct period newest;
		if (period_newest_ended(period, statistic->frequency, &newest) &&
		    calendar_due_day(scene->catalogue, statistic, newest) >= scene->today)
			return false;
	}
	return true;
}

static bool may_be_judged(const struct alert_scene *scene, const struct indicator *indicator,
                          struct period period, const struct value *value)
{
	return value->state == VALUE_PRESENT && ((!plan_is_provisional(value) && value->carried_count == 0) ||
	                                         was_due(scene, indicator, period));
}

static int evaluate(const struct alert_scene *scene, uint32_t indicator, uint32_t area, struct period period,
                    struct value *ret_value)
{
	return evaluate_indicator(scene->evaluator, indicator, area, period, &scene->source, ret_value);
}

/* The newest period of the plan that is over and may be judged, with its value; code 0: none. */
static int find_newest(const struct alert_scene *scene, const struct plan *plan, const struct target *target,
                       struct value *ret_value, struct period *ret_period)
{
	const struct indicator *indicator = &scene->catalogue->indicators[target->indicator];
	const enum period_frequency frequency = alert_frequency(scene->catalogue, indicator);
	const struct period end = period_make(PERIOD_ANNUAL, plan->last_year, 0);
	const int32_t begin = period_first_day(period_make(PERIOD_ANNUAL, plan->first_year, 0)),
	              reach = reach_of(scene, indicator);
	struct period period = period_of_day(scene->today - 1, frequency);
	if (period_last_day(period) > period_last_day(end))
		period = period_last_inside(end, frequency);
	while (period_first_day(period) >= begin && period_last_day(period) > scene->today - DAYS_BACK) {
		if (period_last_day(period) < scene->today && period_first_day(period) <= reach) {
			int result = evaluate(scene, target->indicator, target->area, period, ret_value);
			if (result != 0)
				return result;
			if (may_be_judged(scene, indicator, period, ret_value)) {
				*ret_period = period;
				return 0;
			}
		}
		if (!period_shift(period, -1, &period))
			break;
	}
	*ret_period = (struct period){.code = 0};
	return 0;
}

/* ---- what `hold` is judged by ---- */

struct points {
	struct plan_point *points;
	size_t count;
};

static int note_point(const struct alert_scene *scene, const struct target *target, struct period period,
                      struct points *points)
{
	const struct indicator *indicator = &scene->catalogue->indicators[target->indicator];
	struct value value;
	int result = evaluate(scene, target->indicator, target->area, period, &value);
	if (result == 0 && may_be_judged(scene, indicator, period, &value))
		points->points[points->count++] =
		    (struct plan_point){period, value.units, plan_is_provisional(&value)};
	return result;
}

/* Every value since the plan began. *ret_points is from malloc; NULL: none is needed. */
static int find_points(const struct alert_scene *scene, const struct plan *plan, const struct target *target,
                       struct period last, struct points *ret_points)
{
	struct points points = {.count = 0};
	int result = 0;
	*ret_points = points;
	if (target->comparison != COMPARE_HOLD_AT_LEAST && target->comparison != COMPARE_HOLD_EQUAL)
		return 0;
	struct period period =
	    period_first_inside(period_make(PERIOD_ANNUAL, plan->first_year, 0), period_frequency_of(last));
	const int count = period_distance(period, last) + 1;
	points.points = calloc((size_t)count, sizeof *points.points);
	if (!points.points)
		return -ENOMEM;
	for (int i = 0; i < count && result == 0; i++) {
		result = note_point(scene, target, period, &points);
		if (!period_shift(period, 1, &period))
			break;
	}
	if (result != 0)
		free(points.points);
	else
		*ret_points = points;
	return result;
}

/* ---- the whole ---- */

static int judge(const struct alert_scene *scene, const struct plan *plan, const struct target *target,
                 const struct value *value, struct sight *sight)
{
	const struct indicator *indicators = scene->catalogue->indicators;
	const bool follows = target->comparison == COMPARE_TRACKS_GDP;
	struct value followed;
	struct points points;
	int result = find_points(scene, plan, target, sight->period, &points);
	if (result == 0 && follows)
		result = evaluate(scene, target->follows, target->area, sight->period, &followed);
	if (result == 0)
		plan_judge(&(struct plan_evidence){.plan = plan,
		                                   .target = target,
		                                   .period = sight->period,
		                                   .value = value,
		                                   .decimals = indicators[target->indicator].decimals,
		                                   .followed = follows ? &followed : NULL,
		                                   .followed_decimals =
		                                       follows ? indicators[target->follows].decimals : 0,
		                                   .points = points.points,
		                                   .point_count = points.count},
		           &sight->judgement);
	free(points.points);
	return result;
}

int alert_see_target(const struct alert_scene *scene, const struct plan *plan, const struct target *target,
                     struct sight *ret_sight)
{
	struct sight sight = {.period = {.code = 0}};
	struct value value;
	int result = find_newest(scene, plan, target, &value, &sight.period);
	if (result == 0 && sight.period.code != 0) {
		sight.units = value.units;
		sight.reported = value.reported;
		sight.expected = value.expected;
		sight.is_over = path_is_over(plan, sight.period);
		result = judge(scene, plan, target, &value, &sight);
	}
	if (result == 0)
		*ret_sight = sight;
	return result;
}
