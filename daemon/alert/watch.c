#include "daemon/alert/watch.h"

static enum alert_step decide(const struct watched *after, enum alert_severity now, int32_t today,
                              int32_t calm_days)
{
	const bool stands = after->number != 0;
	if (now == ALERT_FINE)
		return stands && today - after->fine_day >= calm_days ? ALERT_STEP_RESOLVE : ALERT_STEP_NONE;
	if (!stands)
		return ALERT_STEP_RAISE;
	return now > after->severity ? ALERT_STEP_REPLACE : ALERT_STEP_NONE;
}

enum alert_step alert_decide(const struct watched *before, enum alert_severity now, int32_t today,
                             int32_t calm_days, struct watched *ret_after)
{
	struct watched after = *before;
	if (now != ALERT_FINE || after.number == 0)
		after.fine_day = 0;
	else if (after.fine_day == 0)
		after.fine_day = today;
	const enum alert_step step = decide(&after, now, today, calm_days);
	if (step != ALERT_STEP_NONE)
		after = (struct watched){.settled = before->settled, .severity = now};
	*ret_after = after;
	return step;
}
