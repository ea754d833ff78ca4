#include "daemon/acts.h"

#include "daemon/catalogue/calendar.h"
#include "daemon/store/alerts.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void act_free(struct act *act)
{
	if (!act)
		return;
	if (act->message)
		suanpan__act__free_unpacked(act->message, NULL);
	free(act->payload);
	free(act);
}

int act_new(const void *payload, size_t size, struct act **ret_act)
{
	struct act *act = calloc(1, sizeof *act);
	if (!act)
		return -ENOMEM;
	act->mail.weight = 1;
	act->payload = malloc(size > 0 ? size : 1);
	act->message = suanpan__act__unpack(NULL, size, payload);
	if (!act->payload || !act->message) {
		int result = act->payload ? (int)ACT_UNREADABLE : -ENOMEM;
		act_free(act);
		return result;
	}
	memcpy(act->payload, payload, size);
	act->payload_size = size;
	*ret_act = act;
	return 0;
}

/* ---- what came of it ---- */

static void PRINTF_LIKE(2, 3) say(struct act *act, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(act->result.text, sizeof act->result.text, format, arguments);
	va_end(arguments);
}

/* It cannot be: `return refuse(...)` of an apply function, which then has written nothing. */
#define refuse(act, kind, ...)                                                                               \
	((act)->result.failure = SUANPAN__FAILURE_KIND__##kind, say(act, __VA_ARGS__), 0)

void act_postpone(struct act *act, const char *reason)
{
	act->result = (struct act_result){.failure = SUANPAN__FAILURE_KIND__FAILURE_OVERLOADED};
	say(act, "Nothing was done: %s; try again later.", reason);
}

/* From here on it is more than words. */
static int write_down(struct write *write, struct act *act)
{
	act->result.changed = true;
	return write_journal_act(write, act->payload, act->payload_size);
}

/* ---- closing ---- */

static int read_period(const struct act *act, struct period *ret_period)
{
	const char *text = act->message->period;
	return text ? period_parse(text, strlen(text), ret_period) : (int)PERIOD_BAD_FORM;
}

static int close_period(struct write *write, struct act *act)
{
	struct period period, around;
	char text[PERIOD_TEXT_SIZE];
	if (read_period(act, &period) != 0)
		return FAULT_CORRUPT;
	int result = write_find_closed(write, period, &around);
	if (result < 0)
		return result;
	if (result == 0) {
		period_format(around, text);
		if (around.code == period.code)
			say(act, "%s is closed already.", text);
		else
			say(act, "%s is closed already, with %s.", act->message->period, text);
		return 0;
	}
	if (period_last_day(period) >= calendar_day_of(write_wall_ms(write)))
		return refuse(act, FAILURE_NOT_POSSIBLE, "%s is not over yet.", act->message->period);
	result = write_down(write, act);
	if (result == 0)
		result = write_close(write, period);
	say(act, "%s is closed: its figures change only for a reason now.", act->message->period);
	return result;
}

static int reopen_period(struct write *write, struct act *act)
{
	struct period period, around;
	char text[PERIOD_TEXT_SIZE];
	if (read_period(act, &period) != 0)
		return FAULT_CORRUPT;
	int result = write_find_closed(write, period, &around);
	if (result < 0)
		return result;
	if (result == WRITE_OPEN) {
		say(act, "%s is open already.", act->message->period);
		return 0;
	}
	period_format(around, text);
	if (around.code != period.code)
		return refuse(act, FAILURE_NOT_POSSIBLE, "%s was closed with %s: only that can be reopened.",
		              act->message->period, text);
	result = write_down(write, act);
	if (result == 0)
		result = write_reopen(write, period);
	if (result == 0)
		result = write_find_closed(write, period, &around);
	if (result < 0)
		return result;
	period_format(around, text);
	if (result == WRITE_OPEN)
		say(act, "%s is open again.", act->message->period);
	else
		say(act, "%s is open again by itself, but still closed with %s.", act->message->period, text);
	return 0;
}

/* ---- alerts ---- */

static int change_alert(struct write *write, struct act *act, enum alert_state state)
{
	const uint64_t number = act->message->alert;
	int result = write_change_alert(write, number, state, act->message->actor, act->message->why);
	switch (result) {
	case 0:
		say(act, "Alert %" PRIu64 " is %s.", number, alert_state_name(state));
		return write_down(write, act);
	case ALERTS_NO_SUCH:
		return refuse(act, FAILURE_NOT_FOUND, "There is no alert %" PRIu64 ".", number);
	case ALERTS_SO_ALREADY:
		say(act, "Alert %" PRIu64 " is %s already.", number, alert_state_name(state));
		return 0;
	case ALERTS_RESOLVED:
		return refuse(act, FAILURE_NOT_POSSIBLE, "Alert %" PRIu64 " is resolved.", number);
	default:
		return result;
	}
}

static int acknowledge_alert(struct write *write, struct act *act)
{
	return change_alert(write, act, ALERT_ACKNOWLEDGED);
}

static int resolve_alert(struct write *write, struct act *act)
{
	return change_alert(write, act, ALERT_RESOLVED);
}

/* ---- looks ---- */

bool act_is_look(const struct act *act)
{
	return act->message->kind == SUANPAN__ACT_KIND__ACT_LOOK;
}

void act_tell_look(const struct write *write, struct act *act)
{
	size_t count, raised = 0;
	const struct alert *alerts = write_alerts(write, &count);
	for (size_t i = 0; i < count; i++)
		raised += alerts[i].state == ALERT_OPEN;
	act->result = (struct act_result){.changed = write_has_changes(write)};
	if (act->result.changed) {
		act->result.commit = write_commit_number(write);
		act->result.entry = write_entry_number(write);
	}
	say(act, "Looked: %zu raised, %zu settled.", raised, count - raised);
}

/* ---- every kind ---- */

static const struct {
	const char *name;
	int (*apply)(struct write *write,
	             struct act *act); /* NULL: not done by a write alone (act_is_look) */
} kinds[] = {
    [SUANPAN__ACT_KIND__ACT_ACKNOWLEDGE] = {"acknowledge", acknowledge_alert},
    [SUANPAN__ACT_KIND__ACT_RESOLVE] = {"resolve", resolve_alert},
    [SUANPAN__ACT_KIND__ACT_CLOSE] = {"close", close_period},
    [SUANPAN__ACT_KIND__ACT_REOPEN] = {"reopen", reopen_period},
    [SUANPAN__ACT_KIND__ACT_LOOK] = {"look", NULL},
};

static bool is_known(const struct act *act)
{
	int kind = (int)act->message->kind;
	return kind > 0 && kind < (int)(sizeof kinds / sizeof kinds[0]);
}

const char *act_name(const struct act *act)
{
	return is_known(act) ? kinds[act->message->kind].name : "unknown";
}

int acts_apply(struct write *write, struct act *act)
{
	act->result = (struct act_result){.changed = false};
	if (!is_known(act) || !kinds[act->message->kind].apply)
		return refuse(act, FAILURE_NOT_POSSIBLE, "This daemon does not know how to %s.",
		              act_name(act));
	int result = kinds[act->message->kind].apply(write, act);
	if (result == 0 && act->result.changed) {
		act->result.commit = write_commit_number(write);
		act->result.entry = write_entry_number(write);
	}
	return result;
}
