#include "daemon/alert/watch.h"

enum alert_step alert_decide(const struct watched *before, enum alert_severity now)
{
	const bool stands = before->number != 0;
	if (now == ALERT_FINE)
		return stands ? ALERT_STEP_RESOLVE : ALERT_STEP_NONE;
	if (!stands)
		return ALERT_STEP_RAISE;
	return now > before->severity ? ALERT_STEP_REPLACE : ALERT_STEP_NONE;
}
