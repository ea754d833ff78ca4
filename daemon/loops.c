#include "daemon/loops.h"

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/wire/live.h"
#include "daemon/wire/router.h"
#include "daemon/wire/wait.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Requests taken from one socket before the others get their turn. */
#define TURN_MAX 256

static void give_up(atomic_bool *failed, const char *event, int fault)
{
	log_event(LOG_LEVEL_ERROR, event, "reason='%s'", fault_text(fault));
	atomic_store(failed, true);
	kill(getpid(), SIGTERM);
}

/* ------------------------------------------------------------------------------------------------ front */

static int send_ack(struct front *front, const struct passage *passage)
{
	if (!passage->ack)
		return 0;
	int result = router_send(front->intake, &passage->route, passage->ack, passage->ack_size);
	return result == ROUTER_PEER_GONE
	           ? 0
	           : result; /* it will send the report again, and get the same answer */
}

static int publish_all(struct front *front, const struct changed_value *changed, size_t count)
{
	int result = 0;
	for (size_t i = 0; i < count && result == 0; i++) {
		const char *topic;
		const void *bytes;
		size_t size;
		result = publisher_pack(front->publisher, &changed[i], &topic, &bytes, &size);
		if (result == 0)
			result = live_publish(front->live, topic, bytes, size);
		else if (result == PUBLISHER_HIDDEN)
			result = 0;
	}
	return result;
}

static int finish_group(struct front *front, struct mail *group)
{
	int result = 0;
	for (struct mail *mail = group, *next; mail; mail = next) {
		struct passage *passage = (struct passage *)mail;
		next = mail->next;
		front->returned++;
		if (result == 0)
			result = send_ack(front, passage);
		passage_free(passage);
	}
	return result;
}

static int finish_adoption(struct front *front, struct adoption *adoption)
{
	int result = 0;
	front->returned++;
	front->reloading = false;
	if (adoption->adopted) {
		reception_switch(front->reception, adoption->catalogue);
		result = publisher_switch(front->publisher, adoption->catalogue);
		log_event(LOG_LEVEL_INFO, "catalogue-adopted", "commit=%" PRIu64, adoption->commit);
	} else {
		log_event(LOG_LEVEL_ERROR, "catalogue-kept", "reason='the new one could not be written'");
	}
	adoption_free(adoption);
	return result;
}

static int finish_outcome(struct front *front, struct outcome *outcome)
{
	int result = outcome->adoption ? finish_adoption(front, outcome->adoption)
	                               : finish_group(front, outcome->group);
	if (result == 0)
		result = publish_all(front, outcome->changed, outcome->changed_count);
	free(outcome->changed);
	free(outcome);
	return result;
}

static int welcome(struct front *front, const char *topic)
{
	const void *bytes;
	size_t size;
	int result = publisher_pack_welcome(front->publisher, &bytes, &size);
	return result != 0 ? result : live_publish(front->live, topic, bytes, size);
}

static int welcome_those_who_wait(struct front *front)
{
	size_t kept = 0;
	int result = 0;
	for (size_t i = 0; i < front->welcome_count; i++) {
		if (front->welcomes[i].posted > front->returned)
			front->welcomes[kept++] = front->welcomes[i];
		else if (result == 0)
			result = welcome(front, front->welcomes[i].topic);
	}
	front->welcome_count = kept;
	return result;
}

static int take_outcomes(struct front *front)
{
	int result = 0;
	for (struct mail *mail = mailbox_take(front->from_writer, SIZE_MAX), *next; mail; mail = next) {
		next = mail->next;
		int answer = finish_outcome(front, (struct outcome *)mail);
		result = result != 0 ? result : answer;
	}
	return result != 0 ? result : welcome_those_who_wait(front);
}

static void post(struct front *front, struct mail *mail)
{
	front->posted++;
	mailbox_post(front->to_writer, mail);
}

/* Takes one report. ROUTER_EMPTY when there is none. */
static int take_report(struct front *front)
{
	struct passage *passage = calloc(1, sizeof *passage);
	if (!passage)
		return -ENOMEM;
	int result =
	    router_receive(front->intake, &passage->route, &passage->payload, &passage->payload_size);
	if (result == 0)
		result = pipeline_receive(front->reception, passage);
	else if (result == ROUTER_DROPPED) {
		log_event(LOG_LEVEL_WARNING, "message-dropped", "socket=intake reason='not one frame'");
		passage_free(passage);
		return 0;
	} else {
		passage_free(passage);
		return result;
	}
	if (result == 0) {
		post(front, &passage->mail);
		return 0;
	}
	if (result == PIPELINE_ANSWERED)
		result = send_ack(front, passage);
	passage_free(passage);
	if (result != -ENOMEM)
		return result;
	log_event(LOG_LEVEL_ERROR, "message-dropped", "socket=intake reason='out of memory'");
	return 0; /* not even an ack: it will be sent again */
}

static int take_reports(struct front *front)
{
	int result = 0;
	for (int i = 0; i < TURN_MAX && result == 0; i++) {
		if (front->reloading || mailbox_weight(front->to_writer) >= front->queue)
			return 0;
		result = take_report(front);
	}
	return result == ROUTER_EMPTY ? 0 : result;
}

/* At once if nothing is being written, else when that has come back. */
static int promise_welcome(struct front *front, const char *topic)
{
	if (front->returned == front->posted)
		return welcome(front, topic);
	if (front->welcome_count == front->welcome_capacity) {
		size_t capacity = front->welcome_capacity ? front->welcome_capacity * 2 : 16;
		struct waiting_welcome *grown = realloc(front->welcomes, capacity * sizeof *grown);
		if (!grown)
			return -ENOMEM;
		front->welcomes = grown;
		front->welcome_capacity = capacity;
	}
	struct waiting_welcome *waiting = &front->welcomes[front->welcome_count++];
	waiting->posted = front->posted;
	snprintf(waiting->topic, sizeof waiting->topic, "%s", topic);
	return 0;
}

static int take_subscriptions(struct front *front)
{
	size_t count = atomic_load(front->subscriptions);
	char granted[ENVELOPE_TOPIC_MAX + 1];
	int result = 0;
	for (int i = 0; i < TURN_MAX && result == 0; i++) {
		result = live_take_subscription(front->live, &count, granted);
		atomic_store(front->subscriptions, count); /* before the welcome promises anything */
		if (granted[0] != '\0')
			result = promise_welcome(front, granted);
	}
	return result == LIVE_EMPTY ? 0 : result;
}

static void start_reload(struct front *front)
{
	struct adoption *adoption = front->reloading ? NULL : front->reload(front->closure);
	if (!adoption)
		return;
	adoption->mail.kind = MAIL_CATALOGUE;
	front->reloading = true;
	post(front, &adoption->mail);
}

static int take_signal(struct front *front, bool *stop)
{
	struct signalfd_siginfo info;
	if (read(front->signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
		return 0;
	if (info.ssi_signo == SIGHUP) {
		start_reload(front);
		return 0;
	}
	log_event(LOG_LEVEL_INFO, "stopping", "signal=%u", info.ssi_signo);
	*stop = true;
	return 0;
}

static int front_turn(struct front *front, bool *stop)
{
	bool full = front->reloading || mailbox_weight(front->to_writer) >= front->queue;
	struct wait_item items[] = {
	    {.fd = front->signal_fd},
	    {.fd = mailbox_fd(front->from_writer)},
	    {.socket = front->live},
	    {.socket = front->intake},
	};
	/* Full: do not look at intake; its queue fills, and so do the senders'. */
	int result = wait_for_input(items, full ? 3 : 4);
	if (result == 0 && items[0].ready)
		result = take_signal(front, stop);
	if (result == 0 && items[1].ready)
		result = take_outcomes(front);
	if (result == 0 && items[2].ready)
		result = take_subscriptions(front);
	if (result == 0 && items[3].ready)
		result = take_reports(front);
	return result;
}

int front_run(struct front *front)
{
	bool stop = false;
	int result = 0;
	while (!stop && result == 0)
		result = front_turn(front, &stop);
	/* What was taken is decided and answered; what was not stays in its sender's spool. */
	mailbox_close(front->to_writer);
	while (mailbox_wait(front->from_writer) == 0) {
		int answer = take_outcomes(front);
		result = result != 0 ? result : answer;
	}
	free(front->welcomes);
	front->welcomes = NULL;
	return result;
}

/* ------------------------------------------------------------------------------------------------ writer */

static int keep_changed(struct outcome *outcome, const struct changed_value *changed, size_t count)
{
	if (count == 0)
		return 0;
	outcome->changed = malloc(count * sizeof *changed);
	if (!outcome->changed)
		return -ENOMEM;
	memcpy(outcome->changed, changed, count * sizeof *changed);
	outcome->changed_count = count;
	return 0;
}

static int write_outcome(struct writer_loop *loop, struct outcome *outcome)
{
	const struct changed_value *changed;
	size_t count;
	int64_t now = clock_read().wall_ms;
	bool follow = atomic_load(loop->subscriptions) > 0;
	int result = outcome->adoption
	                 ? pipeline_adopt(loop->writer, outcome->adoption, now, follow, &changed, &count)
	                 : pipeline_decide(loop->writer, outcome->group, now, follow, &changed, &count);
	if (result < 0)
		return 0; /* nothing was written, all were told to try again: queries go on meanwhile */
	if (result != 0)
		return result;
	return keep_changed(outcome, changed, count);
}

/* A catalogue is decided on by itself; a front that waits for one posts nothing behind it. */
static struct mail *split_catalogue(struct mail **list)
{
	for (struct mail **link = list; *link; link = &(*link)->next)
		if ((*link)->kind == MAIL_CATALOGUE) {
			struct mail *catalogue = *link;
			*link = NULL;
			return catalogue;
		}
	return NULL;
}

static void drop_acks(struct mail *group)
{
	for (struct mail *mail = group; mail; mail = mail->next) {
		struct passage *passage = (struct passage *)mail;
		free(passage->ack);
		passage->ack = NULL;
	}
}

static int write_and_post(struct writer_loop *loop, struct mail *group, struct mail *catalogue)
{
	struct outcome *outcome = calloc(1, sizeof *outcome);
	if (!outcome)
		return PIPELINE_STOP; /* without it nobody could be answered */
	outcome->group = group;
	outcome->adoption = (struct adoption *)catalogue;
	int result = atomic_load(loop->failed) ? (int)PIPELINE_STOP : write_outcome(loop, outcome);
	if (result == PIPELINE_STOP)
		drop_acks(group);
	mailbox_post(loop->from_writer, &outcome->mail);
	return result;
}

static int writer_turn(struct writer_loop *loop)
{
	struct mail *group = mailbox_take(loop->to_writer, loop->group);
	struct mail *catalogue = split_catalogue(&group);
	int result = group ? write_and_post(loop, group, NULL) : 0;
	if (catalogue && result == 0)
		result = write_and_post(loop, NULL, catalogue);
	return result;
}

void *writer_run(void *writer_loop)
{
	struct writer_loop *loop = writer_loop;
	while (mailbox_wait(loop->to_writer) == 0) {
		int result = writer_turn(loop);
		if (result != 0 && !atomic_load(loop->failed))
			give_up(loop->failed, "writer-failed", result < 0 ? result : FAULT_STORE);
	}
	mailbox_close(loop->from_writer);
	return NULL;
}

/* ------------------------------------------------------------------------------------------------ desk */

struct asker {
	void *socket;
	struct route route;
};

static int send_answer(void *closure, const void *bytes, size_t size)
{
	struct asker *asker = closure;
	return router_send(asker->socket, &asker->route, bytes, size);
}

static int answer_one(struct desk *desk)
{
	struct asker asker = {.socket = desk->query};
	void *request;
	size_t size;
	int result = router_receive(desk->query, &asker.route, &request, &size);
	if (result == ROUTER_DROPPED) {
		log_event(LOG_LEVEL_WARNING, "message-dropped", "socket=query reason='not one frame'");
		return 0;
	}
	if (result != 0)
		return result;
	result = query_answer(&desk->answer, request, size, send_answer, &asker);
	free(request);
	if (result == ROUTER_PEER_GONE)
		return 0;
	if (result < 0 && result != FAULT_SOCKET) {
		/* This answer failed; the next one may not. The asker was told, if it could be. */
		log_event(LOG_LEVEL_ERROR, "answer-failed", "reason='%s'", fault_text(result));
		return 0;
	}
	return result;
}

static int desk_turn(struct desk *desk, bool *stop)
{
	struct wait_item items[] = {{.fd = desk->stop_fd}, {.socket = desk->query}};
	int result = wait_for_input(items, 2);
	*stop = items[0].ready;
	for (int i = 0; i < TURN_MAX && items[1].ready && result == 0; i++)
		result = answer_one(desk);
	return result == ROUTER_EMPTY ? 0 : result;
}

void *desk_run(void *closure)
{
	struct desk *desk = closure;
	bool stop = false;
	int result = 0;
	while (!stop && result == 0)
		result = desk_turn(desk, &stop);
	if (result != 0)
		give_up(desk->failed, "desk-failed", result);
	return NULL;
}
