#include "daemon/plan/shape.h"

#include <assert.h>

#define TOLERANCE_PERCENT 5 /* of `about`, where the plan says none */
#define IN_STEP_TENTHS    5 /* tenths of a point below the followed series that are still in step */

static const struct shape shapes[COMPARISON_COUNT] = {
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

const struct shape *shape_of(const struct target *target)
{
	assert(target->comparison < COMPARISON_COUNT);
	return &shapes[target->comparison];
}

struct fraction shape_number(const struct printed_number *number)
{
	return number->present ? fraction_of_decimal(number->units, number->decimals)
	                       : fraction_of_integer(0);
}

int shape_width(const struct target *target, struct fraction *ret_width)
{
	struct fraction percent = fraction_of_integer(TOLERANCE_PERCENT), goal = shape_number(&target->goal),
	                width;
	if (target->comparison != COMPARE_ABOUT) {
		*ret_width = fraction_of_integer(0);
		return 0;
	}
	if (target->tolerance.present)
		percent = shape_number(&target->tolerance);
	const int verdict = fraction_multiply(goal.over < 0 ? fraction_negate(goal) : goal, percent, &width);
	return verdict ? verdict : fraction_divide(width, fraction_of_integer(100), ret_width);
}

int shape_followed_goal(struct fraction followed, struct fraction *ret_goal)
{
	return fraction_subtract(followed, fraction_of_decimal(IN_STEP_TENTHS, 1), ret_goal);
}

int shape_side(const struct stand *stand, int *ret_side)
{
	struct fraction low, high;
	const int verdict = fraction_subtract(stand->goal, stand->width, &low);
	if (verdict || fraction_add(stand->goal, stand->width, &high))
		return FRACTION_OVERFLOW;
	*ret_side = fraction_compare(stand->value, low) < 0 ? -1 : fraction_compare(stand->value, high) > 0;
	return 0;
}

bool shape_is_satisfied(const struct shape *shape, int side)
{
	return side < 0 ? shape->below : side == 0 ? shape->at : shape->above;
}
