#include "clients/simulate/overseer.h"

#include "clients/simulate/chance.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ACTOR              "operator"
#define ACKNOWLEDGE_TWO_OF 3 /* alerts about the plan; the third he leaves as it is until the next month */

/* C has no const strings in protobuf-c's structs; they are only read. */
static char *borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

static int lose(const struct overseer *overseer, const char *what, int result)
{
	fprintf(stderr, "suanpan-simulate: %s: %s\n", what,
	        result < 0 ? fault_text(result) : ask_failure(overseer->ask));
	return result < 0 ? result : (int)OVERSEER_LOST;
}

static int take_done(void *closure, const Suanpan__Answer *answer)
{
	bool *changed = closure;
	*changed = answer->done && answer->done->changed;
	return 0;
}

static int act(struct overseer *overseer, Suanpan__Act *act, const char *what, size_t *count)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	bool changed = false;
	act->actor = borrow(ACTOR);
	query.act = act;
	int result = ask_query(overseer->ask, &query, overseer->timeout_ms, take_done, &changed);
	*count += changed;
	return result ? lose(overseer, what, result) : 0;
}

int overseer_look(struct overseer *overseer)
{
	Suanpan__Act look = SUANPAN__ACT__INIT;
	look.kind = SUANPAN__ACT_KIND__ACT_LOOK;
	size_t changed = 0;
	overseer->looks++;
	return act(overseer, &look, "a look", &changed);
}

int overseer_do(struct overseer *overseer, const struct deed *deed)
{
	Suanpan__Act close = SUANPAN__ACT__INIT;
	close.kind = SUANPAN__ACT_KIND__ACT_CLOSE;
	close.period = borrow(deed->period);
	close.why = borrow(deed->why);
	return act(overseer, &close, "closing a year", &overseer->closed);
}

/* ---- alerts ---- */

struct concern {
	uint64_t number;
	Suanpan__AlertKind kind;
	Suanpan__AlertState state;
};

struct concerns {
	struct concern *list;
	size_t count, room;
};

static int take_alerts(void *closure, const Suanpan__Answer *answer)
{
	struct concerns *concerns = closure;
	struct concern *larger =
	    realloc(concerns->list, (concerns->count + answer->n_alert + 1) * sizeof *larger);
	if (!larger)
		return -ENOMEM;
	concerns->list = larger;
	for (size_t i = 0; i < answer->n_alert; i++)
		concerns->list[concerns->count++] = (struct concern){
		    answer->alert[i]->number, answer->alert[i]->kind, answer->alert[i]->state};
	return 0;
}

static int ask_open_alerts(struct overseer *overseer, struct concerns *concerns)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__AlertsQuery alerts = SUANPAN__ALERTS_QUERY__INIT;
	alerts.has_open = alerts.open = 1;
	query.alerts = &alerts;
	int result = ask_query(overseer->ask, &query, overseer->timeout_ms, take_alerts, concerns);
	return result ? lose(overseer, "the open alerts", result) : 0;
}

static bool is_about_the_plan(const struct concern *concern)
{
	return concern->kind == SUANPAN__ALERT_KIND__ALERT_VERDICT ||
	       concern->kind == SUANPAN__ALERT_KIND__ALERT_FORECAST ||
	       concern->kind == SUANPAN__ALERT_KIND__ALERT_MISSED;
}

static int settle(struct overseer *overseer, const struct concern *concern)
{
	Suanpan__Act resolve = SUANPAN__ACT__INIT;
	resolve.kind = SUANPAN__ACT_KIND__ACT_RESOLVE;
	resolve.has_alert = 1;
	resolve.alert = concern->number;
	resolve.why = borrow("reported to the people's congress; goes on in the next plan");
	return act(overseer, &resolve, "settling an alert", &overseer->resolved);
}

static int acknowledge(struct overseer *overseer, const struct concern *concern)
{
	Suanpan__Act acknowledge = SUANPAN__ACT__INIT;
	acknowledge.kind = SUANPAN__ACT_KIND__ACT_ACKNOWLEDGE;
	acknowledge.has_alert = 1;
	acknowledge.alert = concern->number;
	acknowledge.why = borrow("discussed at the monthly meeting; the bureau reports on it");
	return act(overseer, &acknowledge, "acknowledging an alert", &overseer->acknowledged);
}

static int look_into(struct overseer *overseer, const struct concern *concern, bool is_last)
{
	const struct chance left = {overseer->seed, "acknowledge", ACTOR, concern->number};
	if (is_last && concern->kind == SUANPAN__ALERT_KIND__ALERT_MISSED)
		return settle(overseer, concern);
	if (!is_about_the_plan(concern) || concern->state != SUANPAN__ALERT_STATE__ALERT_OPEN ||
	    chance_one_in(left, ACKNOWLEDGE_TWO_OF))
		return 0;
	return acknowledge(overseer, concern);
}

int overseer_review(struct overseer *overseer, bool is_last)
{
	struct concerns concerns = {0};
	int answer = ask_open_alerts(overseer, &concerns);
	for (size_t i = 0; i < concerns.count && !answer; i++)
		answer = look_into(overseer, &concerns.list[i], is_last);
	free(concerns.list);
	return answer;
}
