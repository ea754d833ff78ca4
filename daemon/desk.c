#include "daemon/desk.h"

#include "daemon/acts.h"
#include "daemon/base/clock.h"
#include "daemon/loops.h"
#include "daemon/pipeline.h"
#include "daemon/wire/router.h"
#include "daemon/wire/wait.h"
#include "proto/envelope.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Requests taken before acts get their turn. */
#define TURN_MAX 256

struct asker {
	struct desk *desk;
	struct route route;
};

static int send_answer(void *closure, const void *bytes, size_t size)
{
	struct asker *asker = closure;
	if (!peers_may_send(asker->desk->peers, asker->route.descriptor, size))
		return ROUTER_PEER_GONE;
	return router_send(asker->desk->query, &asker->route, bytes, size);
}

static bool may_ask(struct desk *desk, const struct route *route)
{
	if (!desk->keyring->demanded || keyring_find(desk->keyring, route->key))
		return true;
	count_one(desk->counters, COUNTER_MESSAGES_FORBIDDEN);
	if (log_may_say(&desk->forbidden, "query-forbidden", clock_read().monotonic_ms))
		log_event(LOG_LEVEL_WARNING, "query-forbidden",
		          "key='%s' reason='this key is nobody's any more'", route->key);
	return false;
}

static void drop_query(struct desk *desk, const struct route *route)
{
	count_one(desk->counters, COUNTER_MESSAGES_DROPPED);
	if (log_may_say(&desk->dropped, "message-dropped", clock_read().monotonic_ms))
		log_event(LOG_LEVEL_WARNING, "message-dropped",
		          "socket=query key='%s' reason='not one frame'", route->key);
}

/* An answer that failed ends nothing: the next one may not. The asker was told, if it could be. */
static int forgive(int result)
{
	if (result == ROUTER_PEER_GONE)
		return 0;
	if (result < 0 && result != FAULT_SOCKET) {
		log_event(LOG_LEVEL_ERROR, "answer-failed", "reason='%s'", fault_text(result));
		return 0;
	}
	return result;
}

static int answer_one(struct desk *desk)
{
	struct asker asker = {.desk = desk};
	void *request;
	size_t size;
	int result = router_receive(desk->query, &asker.route, &request, &size);
	if (result == 0 || result == ROUTER_DROPPED)
		peers_heard(desk->peers, PEERS_QUERY, asker.route.descriptor, asker.route.key);
	if (result == -ENOMEM) {
		log_event(LOG_LEVEL_ERROR, "message-dropped", "socket=query reason='out of memory'");
		return 0;
	}
	if (result == ROUTER_DROPPED) {
		drop_query(desk, &asker.route);
		return 0;
	}
	if (result != 0)
		return result;
	result = may_ask(desk, &asker.route)
	             ? query_answer(&desk->answer, request, size, send_answer, &asker)
	             : query_forbid(&desk->answer, request, size, send_answer, &asker);
	free(request);
	return forgive(result);
}

/* ---- acts ---- */

/* The name under which it is written down: the key's holder, or without keys what the asker says. */
static int find_actor(struct asker *asker, Suanpan__Act *act)
{
	struct desk *desk = asker->desk;
	if (!desk->keyring->demanded)
		return act->actor ? 0 : (int)ACT_NAMELESS;
	const struct key_holder *holder = keyring_find(desk->keyring, asker->route.key);
	/* protobuf-c's structs have no const; packing does not write. */
	act->actor = holder ? (char *)(uintptr_t)holder->code : NULL;
	if (holder && holder->role == ROLE_OPERATOR)
		return 0;
	count_one(desk->counters, COUNTER_MESSAGES_FORBIDDEN);
	if (log_may_say(&desk->forbidden, "act-forbidden", clock_read().monotonic_ms))
		log_event(LOG_LEVEL_WARNING, "act-forbidden", "holder=%s key='%s' reason='not an operator'",
		          holder ? holder->code : "", asker->route.key);
	return ACT_FORBIDDEN;
}

static int pack_act(const Suanpan__Act *message, struct act **ret_act)
{
	void *payload;
	size_t size;
	int result = envelope_pack(&message->base, ENVELOPE_REQUEST_MAX, &payload, &size);
	if (result != 0)
		return result < 0 ? result : -EMSGSIZE;
	result = act_new(payload, size, ret_act);
	free(payload);
	return result == ACT_UNREADABLE ? -ENOMEM : result; /* we wrote it ourselves */
}

static int take_act(void *closure, uint64_t number, const Suanpan__Act *given)
{
	struct asker *asker = closure;
	struct desk *desk = asker->desk;
	Suanpan__Act message = *given;
	struct act *act;
	int result = find_actor(asker, &message);
	if (result == 0 && desk->acts == DESK_ACTS_MAX)
		result = ACT_TOO_MANY;
	if (result == 0)
		result = pack_act(&message, &act);
	if (result != 0)
		return result;
	act->mail.kind = MAIL_ACT;
	act->route = asker->route;
	act->number = number;
	desk->acts++;
	mailbox_post(desk->to_writer, &act->mail);
	return 0;
}

static void log_act(struct desk *desk, const struct act *act)
{
	const Suanpan__Act *message = act->message;
	const struct act_result *result = &act->result;
	char number[24] = "";
	if (result->changed && !result->failure)
		count_one(desk->counters, COUNTER_ACTS);
	if (message->has_alert)
		snprintf(number, sizeof number, "%" PRIu64, message->alert);
	log_event(LOG_LEVEL_INFO, "act",
	          "kind=%s subject=%s holder='%s' changed=%d commit=%" PRIu64 " entry=%" PRIu64
	          " said='%s' why='%s'",
	          act_name(act), message->period ? message->period : number,
	          message->actor ? message->actor : "", result->changed, result->commit, result->entry,
	          result->text, message->why ? message->why : "");
}

/* Frees it. */
static int answer_act(struct desk *desk, struct act *act)
{
	struct asker asker = {.desk = desk, .route = act->route};
	int result = 0;
	desk->acts--;
	if (!act->unanswerable) {
		log_act(desk, act);
		result = query_answer_act(&desk->answer, act->number, &act->result, send_answer, &asker);
	}
	act_free(act);
	return forgive(result);
}

static int answer_acts(struct desk *desk)
{
	int result = 0;
	for (struct mail *mail = mailbox_take(desk->to_desk, SIZE_MAX), *next; mail; mail = next) {
		next = mail->next;
		int answer = answer_act(desk, (struct act *)mail);
		result = result != 0 ? result : answer;
	}
	return result;
}

/* Posted when the writer had ended. */
static int refuse_acts(struct desk *desk)
{
	int result = 0;
	for (struct mail *mail = mailbox_take(desk->to_writer, SIZE_MAX), *next; mail; mail = next) {
		next = mail->next;
		struct act *act = (struct act *)mail;
		act_postpone(act, "the daemon is stopping");
		int answer = answer_act(desk, act);
		result = result != 0 ? result : answer;
	}
	return result;
}

/* ---- */

static int desk_turn(struct desk *desk, bool *stop)
{
	struct wait_item items[] = {
	    {.fd = desk->stop_fd}, {.fd = mailbox_fd(desk->to_desk)}, {.socket = desk->query}};
	int result = wait_for_input(items, 3);
	*stop = items[0].ready;
	if (result == 0 && items[1].ready)
		result = answer_acts(desk);
	for (int i = 0; i < TURN_MAX && items[2].ready && result == 0; i++)
		result = answer_one(desk);
	return result == ROUTER_EMPTY ? 0 : result;
}

void *desk_run(void *closure)
{
	struct desk *desk = closure;
	bool stop = false;
	desk->answer.act = take_act;
	int result = 0;
	while (!stop && result == 0)
		result = desk_turn(desk, &stop);
	if (result == 0)
		result = answer_acts(desk);
	if (result == 0)
		result = refuse_acts(desk);
	if (result != 0)
		loop_give_up(desk->failed, "desk-failed", result);
	return NULL;
}
