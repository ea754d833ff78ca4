/* What an alert may be about, what is remembered of it between two looks, and what follows from how it is now. Pure, any thread.
 *
 * So that nothing flaps: an alert is raised when its subject is bad for the first time, or worse than it was when it was raised; it
 * stays until the subject is fine again, and where figures go on coming until it has been fine for ALERT_CALM_DAYS on end: one that
 * came in wrong would settle it else, and its correction raise another. That the subject itself does not waver at an edge is for
 * those to see to who say how it is (plan_settle). Somebody who resolves an alert by hand settles it for as long as its
 * subject gets no worse. */
#ifndef SUANPAN_ALERT_WATCH_H
#define SUANPAN_ALERT_WATCH_H

#include "daemon/alert/alert.h"

/* Permanent ids; what a kind does not need is zero or NULL. */
struct alert_subject {
	enum alert_kind kind;
	uint32_t reporter_id;           /* overdue */
	uint32_t statistic_id, area_id; /* rule */
	struct period period;           /* overdue, rule */
	const char *plan, *row;         /* verdict, forecast, missed */
};

/* A month's figures, and the time in which what was wrong in them is mended as a rule. */
#define ALERT_CALM_DAYS 31

/* All zero: nothing is remembered. */
struct watched {
	uint64_t number; /* of the alert that stands, though somebody may have resolved it by hand */
	enum alert_severity severity; /* the worst since it was raised */
	unsigned settled; /* a verdict or the like, for who settles the next one; as they number it */
	int32_t fine_day; /* the first on which its subject was fine again, though it stands; 0: it is not */
};

enum alert_step {
	ALERT_STEP_NONE,
	ALERT_STEP_RAISE,
	ALERT_STEP_RESOLVE, /* by itself; of one that was resolved by hand there is nothing left to resolve */
	ALERT_STEP_REPLACE, /* the old one gives way to a new one, because it has become worse */
};

/* `before` is how it was left, `now` how it is today (calendar_day_of). It has to have been fine for `calm_days` to be resolved.
 * *ret_after is what is to be remembered, but for the number of an alert that is to be raised; `settled` stays. */
enum alert_step alert_decide(const struct watched *before, enum alert_severity now, int32_t today,
                             int32_t calm_days, struct watched *ret_after);

#endif
