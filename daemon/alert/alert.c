#include "daemon/alert/alert.h"

#include <assert.h>

const char *alert_kind_name(enum alert_kind kind)
{
	static const char *const names[ALERT_KIND_END] = {
	    [ALERT_OVERDUE] = "overdue",   [ALERT_RULE] = "rule",     [ALERT_VERDICT] = "verdict",
	    [ALERT_FORECAST] = "forecast", [ALERT_MISSED] = "missed",
	};
	assert(kind > 0 && kind < ALERT_KIND_END);
	return names[kind];
}

const char *alert_state_name(enum alert_state state)
{
	static const char *const names[ALERT_STATE_END] = {
	    [ALERT_OPEN] = "open", [ALERT_ACKNOWLEDGED] = "acknowledged", [ALERT_RESOLVED] = "resolved"};
	assert(state > 0 && state < ALERT_STATE_END);
	return names[state];
}
