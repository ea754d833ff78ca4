/* The shapes of a target: what satisfies it, from which side it is reached, how far off still counts. Pure, exact. */
#ifndef SUANPAN_PLAN_SHAPE_H
#define SUANPAN_PLAN_SHAPE_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/indicator/fraction.h"

/* Which side of the target wants it, and so from where the path comes. */
enum aim {
	AIM_UP,     /* more is fine */
	AIM_DOWN,   /* less is fine */
	AIM_AT,     /* from the baseline's side; past the target is wrong too */
	AIM_KEEP,   /* no path: it holds or it does not */
	AIM_FOLLOW, /* no path: the target moves */
};

struct shape {
	bool below, at, above; /* where the value satisfies: below, at (or within the tolerance), above */
	bool lasts;            /* met only at the end: before it may still be lost */
	enum aim aim;
};
const struct shape *shape_of(const struct target *target);

/* A value and what it is judged against, all in one unit. */
struct stand {
	struct fraction value, goal;
	struct fraction width; /* on both sides of the goal that is still at it */
};

/* How far off the goal still counts as at it: zero but for `about`. The functions here answer 0 or a fraction_verdict. */
int MUST_CHECK shape_width(const struct target *target, struct fraction *ret_width);
/* The goal of a target that follows: half a point below the series it follows. */
int MUST_CHECK shape_followed_goal(struct fraction followed, struct fraction *ret_goal);
/* -1, 0, 1: below, at, above the goal. */
int MUST_CHECK shape_side(const struct stand *stand, int *ret_side);
bool shape_is_satisfied(const struct shape *shape, int side);

/* Zero where there is none. */
struct fraction shape_number(const struct printed_number *number);

#endif
