#include "daemon/query/standing.h"

/* Every value of the indicator since the plan began, for what has to hold. */
struct points {
	struct plan_point *points;
	size_t count, capacity;
};

static int keep_point(void *context, struct period period, const struct stored_value *stored)
{
	struct points *points = context;
	if (stored->state != VALUE_PRESENT || points->count == points->capacity)
		return 0;
	points->points[points->count++] = (struct plan_point){
	    .period = period,
	    .units = stored->units,
	    .is_provisional = stored->status == 'P' || stored->reported < stored->expected,
	};
	return 0;
}

static int find_points(struct question *question, const struct standing *standing, struct points *points)
{
	const struct catalogue *catalogue = question->catalogue;
	const struct indicator *indicator = &catalogue->indicators[standing->target->indicator];
	const struct period first =
	                        period_first_inside(period_make(PERIOD_ANNUAL, standing->plan->first_year, 0),
	                                            indicator->frequency),
	                    last =
	                        period_last_inside(period_make(PERIOD_ANNUAL, standing->plan->last_year, 0),
	                                           indicator->frequency);
	if (standing->target->comparison != COMPARE_HOLD_AT_LEAST &&
	    standing->target->comparison != COMPARE_HOLD_EQUAL)
		return 0;
	points->capacity = (size_t)period_distance(first, last) + 1;
	points->points = wording_take(&question->words, points->capacity * sizeof *points->points);
	if (!points->points)
		return 0; /* the words are exhausted, which ends the answer */
	return snapshot_walk_values(question->snapshot, indicator->id, catalogue->areas[standing->area].id,
	                            first, last, keep_point, points);
}

int question_judge(struct question *question, const struct standing *standing,
                   struct judgement *ret_judgement)
{
	const struct indicator *indicators = question->catalogue->indicators;
	const struct target *target = standing->target;
	struct points points = {.count = 0};
	const int result = find_points(question, standing, &points);
	if (result == 0)
		plan_judge(
		    &(struct plan_evidence){.plan = standing->plan,
		                            .target = target,
		                            .period = standing->period,
		                            .value = standing->value,
		                            .decimals = indicators[target->indicator].decimals,
		                            .followed = standing->followed,
		                            .followed_decimals =
		                                standing->followed ? indicators[target->follows].decimals : 0,
		                            .points = points.points,
		                            .point_count = points.count},
		    ret_judgement);
	return result;
}
