/* Acts that come as queries: whether they make sense. What comes of them is decided elsewhere. */
#include "daemon/query/question.h"

#include "proto/codes.h"
#include <string.h>

#define MALFORMED SUANPAN__FAILURE_KIND__FAILURE_MALFORMED

/* What each kind of act must say. */
static const struct needs {
	const char *name;
	bool alert, period, why;
} kinds[] = {
    [SUANPAN__ACT_KIND__ACT_ACKNOWLEDGE] = {"acknowledge", .alert = true, .why = true},
    [SUANPAN__ACT_KIND__ACT_RESOLVE] = {"resolve", .alert = true, .why = true},
    [SUANPAN__ACT_KIND__ACT_CLOSE] = {"close", .period = true, .why = true},
    [SUANPAN__ACT_KIND__ACT_REOPEN] = {"reopen", .period = true, .why = true},
    [SUANPAN__ACT_KIND__ACT_LOOK] = {.name = "look"},
};
#define KINDS ((int)(sizeof kinds / sizeof kinds[0]))

static int check_why(struct question *question, const struct needs *needs, const char *why)
{
	if (!why)
		return needs->why ? question_refuse(question, MALFORMED, NULL, "The act '%s' needs a reason.",
		                                    needs->name)
		                  : 0;
	size_t length = strlen(why);
	if (length > 0 && length <= NOTE_LENGTH_MAX && text_is_valid(why, length))
		return 0;
	return question_refuse(question, MALFORMED, NULL,
	                       "The reason must be one line of 1 to %d bytes of text.", NOTE_LENGTH_MAX);
}

static int check_alert(struct question *question, const struct needs *needs, const Suanpan__Act *act)
{
	if (needs->alert == (act->has_alert != 0))
		return 0;
	return question_refuse(question, MALFORMED, NULL, "The act '%s' %s alert's number.", needs->name,
	                       needs->alert ? "needs an" : "takes no");
}

/* In its canonical form from here on. */
static int check_period(struct question *question, const struct needs *needs, Suanpan__Act *act,
                        char text[PERIOD_TEXT_SIZE])
{
	struct period period;
	if (needs->period != (act->period != NULL))
		return question_refuse(question, MALFORMED, NULL, "The act '%s' %s period.", needs->name,
		                       needs->period ? "needs a" : "takes no");
	if (!act->period)
		return 0;
	int result = question_read_period(question, act->period, &period);
	if (result != 0)
		return result;
	period_format(period, text);
	act->period = text;
	return 0;
}

static int check_actor(struct question *question, const char *actor)
{
	size_t length = actor ? strlen(actor) : 1;
	if (!actor || (length > 0 && length <= CODE_LENGTH_MAX && text_is_valid(actor, length)))
		return 0;
	return question_refuse(question, MALFORMED, NULL,
	                       "Who does it must be named in one line of 1 to %d bytes of text.",
	                       CODE_LENGTH_MAX);
}

static int refuse_untaken(struct question *question, int verdict)
{
	switch (verdict) {
	case ACT_FORBIDDEN:
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_FORBIDDEN, NULL,
		                       "This key is not an operator's; ask the daemon's operator.");
	case ACT_NAMELESS:
		return question_refuse(question, MALFORMED, NULL, "An act must say who does it.");
	case ACT_TOO_MANY:
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_OVERLOADED, NULL,
		                       "Too many acts wait already; try again later.");
	default:
		return verdict;
	}
}

static int pass_on(struct question *question, uint64_t number, const Suanpan__Act *act)
{
	const struct answer_context *context = question->context;
	if (!context->act)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		                       "Nothing can be done here, only asked.");
	int result = context->act(question->chunk.closure, number, act);
	return result == 0 ? (int)QUESTION_TAKEN : refuse_untaken(question, result);
}

/* Only what this major knows goes on: the act made here, not the one that came. */
int answer_act(struct question *question, uint64_t number, const Suanpan__Act *given)
{
	Suanpan__Act act = SUANPAN__ACT__INIT;
	char period[PERIOD_TEXT_SIZE];
	/* protobuf-c passes on whatever number stood there. */
	if ((int)given->kind < SUANPAN__ACT_KIND__ACT_ACKNOWLEDGE || (int)given->kind >= KINDS)
		return question_refuse(question, MALFORMED, NULL,
		                       "There is no act %d; the kinds go from 1 to %d.", (int)given->kind,
		                       KINDS - 1);
	const struct needs *needs = &kinds[given->kind];
	act.kind = given->kind;
	act.has_alert = given->has_alert;
	act.alert = given->alert;
	act.period = given->period;
	act.why = given->why;
	act.actor = given->actor;
	int result = check_alert(question, needs, &act);
	if (result == 0)
		result = check_period(question, needs, &act, period);
	if (result == 0)
		result = check_why(question, needs, act.why);
	if (result == 0)
		result = check_actor(question, act.actor);
	return result == 0 ? pass_on(question, number, &act) : result;
}
