#include "daemon/plan/judge.h"

#include "daemon/plan/path.h"
#include "daemon/plan/shape.h"

#define BEHIND_SHARE  10 /* behind is a tenth of the way, no further */
#define MARGIN_SHARE  50 /* what a verdict must be better by to become better */
#define FOLLOW_WAY    5  /* points: the way of a series that follows, so that half a point more is behind */

#define CHANCE_MARGIN 10 /* points */
#define CHANCE_MAX    100

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
	    [VERDICT_MET] = "met",         [VERDICT_ON_TRACK] = "on track",
	    [VERDICT_BEHIND] = "behind",   [VERDICT_OFF_TRACK] = "off track",
	    [VERDICT_NO_DATA] = "no data", [VERDICT_CANCELLED] = "cancelled",
	};
	return names[verdict];
}

static bool is_present(const struct value *value)
{
	return value && value->state == VALUE_PRESENT;
}

bool plan_is_provisional(const struct value *value)
{
	return value->state == VALUE_PRESENT && (value->status == 'P' || value->reported < value->expected);
}

static void note(int verdict, struct fraction number, struct plan_number *ret_number)
{
	*ret_number = (struct plan_number){.present = verdict == 0, .is = number};
}

static struct fraction positive(struct fraction a)
{
	return a.over < 0 ? fraction_negate(a) : a;
}

/* ---- hold: the worst of all that was ---- */

/* Positive: so far from holding. */
static struct fraction breach(const struct target *target, struct fraction value)
{
	struct fraction off;
	if (fraction_subtract(shape_number(&target->goal), value, &off))
		return fraction_of_integer(INT64_MAX); /* too far to tell how far */
	return target->comparison == COMPARE_HOLD_EQUAL ? positive(off) : off;
}

static bool counts(const struct plan_evidence *evidence, struct period period)
{
	return period_first_day(period) >=
	           period_first_day(period_make(PERIOD_ANNUAL, evidence->plan->first_year, 0)) &&
	       period_last_day(period) <= period_last_day(evidence->period);
}

static void consider(const struct plan_evidence *evidence, struct plan_point point, struct plan_point *worst)
{
	const struct fraction now = fraction_of_decimal(point.units, evidence->decimals);
	if (worst->period.code == 0 ||
	    fraction_compare(
	        breach(evidence->target, now),
	        breach(evidence->target, fraction_of_decimal(worst->units, evidence->decimals))) > 0)
		*worst = point;
}

static struct plan_point find_worst(const struct plan_evidence *evidence)
{
	struct plan_point worst = {.period = {0}};
	for (size_t i = 0; i < evidence->point_count; i++)
		if (counts(evidence, evidence->points[i].period))
			consider(evidence, evidence->points[i], &worst);
	if (is_present(evidence->value))
		consider(evidence,
		         (struct plan_point){.period = evidence->period,
		                             .units = evidence->value->units,
		                             .is_provisional = plan_is_provisional(evidence->value)},
		         &worst);
	return worst;
}

/* ---- what is to be compared ---- */

/* Whether there is anything; where there is, value, goal and width. */
static bool find_stand(const struct plan_evidence *evidence, const struct plan_point *worst,
                       struct stand *ret_stand)
{
	const struct target *target = evidence->target;
	const struct value *value = evidence->value, *followed = evidence->followed;
	struct stand stand = {.goal = shape_number(&target->goal)};
	if (worst->period.code != 0)
		stand.value = fraction_of_decimal(worst->units, evidence->decimals);
	else if (is_present(value))
		stand.value = fraction_of_decimal(value->units, evidence->decimals);
	else
		return false;
	if (shape_of(target)->aim == AIM_FOLLOW) {
		if (!is_present(followed) ||
		    shape_followed_goal(fraction_of_decimal(followed->units, evidence->followed_decimals),
		                        &stand.goal))
			return false;
	} else if (!target->goal.present) {
		return false;
	}
	if (shape_width(target, &stand.width))
		return false;
	*ret_stand = stand;
	return true;
}

static bool is_too_early(const struct plan_evidence *evidence)
{
	return evidence->target->starts_at_zero && period_year(evidence->period) < evidence->plan->first_year;
}

/* ---- how much is lacking ---- */

/* As if more were better, whichever side the goal is reached from. */
static void turn_up(struct stand *stand, struct fraction *asked)
{
	stand->value = fraction_negate(stand->value);
	stand->goal = fraction_negate(stand->goal);
	*asked = fraction_negate(*asked);
}

static int find_lack(const struct stand *stand, struct fraction asked, bool far_side_counts,
                     struct fraction *ret_lack)
{
	struct fraction near_end, lack, past;
	if (fraction_subtract(stand->goal, stand->width, &near_end))
		return FRACTION_OVERFLOW;
	if (fraction_compare(asked, near_end) > 0)
		asked = near_end;
	if (fraction_subtract(asked, stand->value, &lack))
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

/* On a way from `start`: what the path asks for, what is lacking, how long it is. */
static void measure_way(const struct plan_evidence *evidence, struct stand stand, struct judgement *judgement)
{
	const enum aim aim = shape_of(evidence->target)->aim;
	const struct fraction start = path_start(evidence->target);
	struct fraction asked = {.under = 1}, lack = {.under = 1}, way = {.under = 1};
	int verdict = path_asks(evidence->plan, evidence->target, evidence->period, &asked);
	note(verdict, asked, &judgement->path);
	if (verdict)
		return;
	note(fraction_subtract(stand.goal, start, &way), way, &judgement->way);
	judgement->way.is = positive(judgement->way.is);
	if (aim == AIM_DOWN || (aim == AIM_AT && fraction_compare(stand.goal, start) < 0))
		turn_up(&stand, &asked);
	note(find_lack(&stand, asked, aim == AIM_AT, &lack), lack, &judgement->lack);
}

static void measure(const struct plan_evidence *evidence, const struct stand *stand,
                    struct judgement *judgement)
{
	const enum aim aim = shape_of(evidence->target)->aim;
	struct fraction lack;
	if (aim != AIM_KEEP && aim != AIM_FOLLOW) {
		measure_way(evidence, *stand, judgement);
		return;
	}
	note(0, stand->goal, &judgement->path);
	note(0, fraction_of_integer(aim == AIM_FOLLOW ? FOLLOW_WAY : 0), &judgement->way);
	if (aim == AIM_KEEP)
		note(0, breach(evidence->target, stand->value), &judgement->lack);
	else if (fraction_subtract(stand->goal, stand->value, &lack) == 0)
		note(0, lack, &judgement->lack);
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

static enum verdict judge_unsatisfied(const struct plan_evidence *evidence, const struct judgement *judgement)
{
	if (path_is_over(evidence->plan, evidence->period) || shape_of(evidence->target)->aim == AIM_KEEP)
		return VERDICT_OFF_TRACK;
	if (!judgement->lack.present || !judgement->way.present)
		return VERDICT_NO_DATA;
	return judge_lack(judgement->lack.is, judgement->way.is);
}

static enum verdict judge_side(const struct plan_evidence *evidence, int side,
                               const struct judgement *judgement)
{
	const struct shape *shape = shape_of(evidence->target);
	if (!shape_is_satisfied(shape, side))
		return judge_unsatisfied(evidence, judgement);
	return shape->lasts && !path_is_over(evidence->plan, evidence->period) ? VERDICT_ON_TRACK
	                                                                       : VERDICT_MET;
}

/* ---- how fast, and when ---- */

/* The nearest value that would satisfy. */
static int nearest_goal(const struct stand *stand, int side, struct fraction *ret_goal)
{
	return side < 0 ? fraction_subtract(stand->goal, stand->width, ret_goal)
	                : fraction_add(stand->goal, stand->width, ret_goal);
}

static void find_month(const struct plan_evidence *evidence, const struct stand *stand, int side,
                       struct judgement *judgement)
{
	const struct shape *shape = shape_of(evidence->target);
	const int beyond = shape->at ? 0 : shape->above ? 1 : -1;
	struct fraction goal;
	struct period month;
	if (!shape_is_satisfied(shape, side) && nearest_goal(stand, side, &goal) == 0 &&
	    path_reached(evidence->plan, evidence->target, evidence->period, stand->value, goal, beyond,
	                 &month) == 0)
		judgement->reached = month;
}

static void find_paces(const struct plan_evidence *evidence, const struct stand *stand, int side,
                       struct judgement *judgement)
{
	struct fraction pace = {.under = 1}, needed = {.under = 1};
	note(path_pace(evidence->plan, evidence->target, evidence->period, stand->value, &pace), pace,
	     &judgement->pace);
	if (judgement->verdict != VERDICT_MET)
		note(path_pace_needed(evidence->plan, evidence->period, stand->value, stand->goal, &needed),
		     needed, &judgement->pace_needed);
	find_month(evidence, stand, side, judgement);
}

/* ---- the whole ---- */

void plan_judge(const struct plan_evidence *evidence, struct judgement *ret_judgement)
{
	const enum aim aim = shape_of(evidence->target)->aim;
	struct judgement judgement = {.verdict = VERDICT_NO_DATA};
	struct stand stand;
	int side = 0;
	if (aim == AIM_KEEP)
		judgement.worst = find_worst(evidence);
	if (evidence->target->cancelled) {
		judgement.verdict = VERDICT_CANCELLED;
	} else if (!is_too_early(evidence) && find_stand(evidence, &judgement.worst, &stand) &&
	           shape_side(&stand, &side) == 0) {
		measure(evidence, &stand, &judgement);
		judgement.verdict = judge_side(evidence, side, &judgement);
		judgement.is_provisional =
		    aim == AIM_KEEP ? judgement.worst.is_provisional
		                    : plan_is_provisional(evidence->value) ||
		                          (evidence->followed && plan_is_provisional(evidence->followed));
		if (aim != AIM_KEEP && aim != AIM_FOLLOW)
			find_paces(evidence, &stand, side, &judgement);
	}
	*ret_judgement = judgement;
}

/* ---- what holds ---- */

/* As it would be if a margin more were lacking. */
static enum verdict judge_strictly(const struct judgement *now)
{
	struct fraction margin, lack;
	if (!now->lack.present || !now->way.present ||
	    fraction_divide(now->way.is, fraction_of_integer(MARGIN_SHARE), &margin) ||
	    fraction_add(now->lack.is, margin, &lack))
		return now->verdict;
	return judge_lack(lack, now->way.is);
}

enum verdict plan_settle(enum verdict before, const struct judgement *now)
{
	const bool both = before <= VERDICT_OFF_TRACK && now->verdict <= VERDICT_OFF_TRACK;
	if (now->verdict == VERDICT_NO_DATA)
		return before;
	if (!both || now->verdict >= before || now->verdict == VERDICT_MET)
		return now->verdict;
	const enum verdict strict = judge_strictly(now);
	const enum verdict kept = strict < before ? strict : before;
	return kept > now->verdict ? kept : now->verdict;
}

bool plan_settle_chance(bool was_low, unsigned chance, unsigned agreed)
{
	const unsigned clear = agreed + CHANCE_MARGIN < CHANCE_MAX ? agreed + CHANCE_MARGIN : CHANCE_MAX;
	return chance < (was_low ? clear : agreed);
}
