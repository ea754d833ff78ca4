#include "daemon/loops.h"

#include "daemon/acts.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/catalogue/calendar.h"
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
#include <time.h>
#include <unistd.h>

/* Requests taken from one socket before the others get their turn. */
#define TURN_MAX 256
/* What the groups in the writer's box, the sockets and the seal may take at the end; see TimeoutStopSec. */
#define STOP_MS  60000

void loop_give_up(atomic_bool *failed, const char *event, int fault)
{
	log_event(LOG_LEVEL_ERROR, event, "reason='%s'", fault_text(fault));
	atomic_store(failed, true);
	kill(getpid(), SIGTERM);
}

/* ------------------------------------------------------------------------------------------------ front */

static int send_ack(struct front *front, const struct passage *passage)
{
	if (!passage->ack || !peers_may_send(front->peers, passage->route.descriptor, passage->ack_size))
		return 0;
	int result = router_send(front->intake, &passage->route, passage->ack, passage->ack_size);
	/* It will send the report again, and get the same answer. */
	return result == ROUTER_PEER_GONE || result == -ENOMEM ? 0 : result;
}

static int publish(struct front *front, const struct changed_value *changed)
{
	const char *topic;
	const void *bytes;
	size_t size;
	int result = publisher_pack(front->publisher, changed, &topic, &bytes, &size);
	if (result == 0)
		result = live_publish(front->live, topic, bytes, size);
	return result == PUBLISHER_HIDDEN ? 0 : result;
}

static int publish_all(struct front *front, const struct changed_value *changed, size_t count)
{
	int result = 0;
	size_t lost = 0;
	for (size_t i = 0; i < count && result == 0; i++) {
		result = publish(front, &changed[i]);
		lost += result == -ENOMEM;
		result = result == -ENOMEM ? 0 : result;
	}
	if (lost > 0)
		log_event(LOG_LEVEL_ERROR, "updates-lost", "count=%zu reason='out of memory'", lost);
	return result;
}

static int publish_alert(struct front *front, const struct alert *alert)
{
	const char *topic;
	const void *bytes;
	size_t size;
	int result = publisher_pack_alert(front->publisher, alert, &topic, &bytes, &size);
	return result == 0 ? live_publish(front->live, topic, bytes, size) : result;
}

static int publish_alerts(struct front *front, const struct alert *alerts, size_t count)
{
	int result = 0;
	size_t lost = 0;
	for (size_t i = 0; i < count && result == 0; i++) {
		result = publish_alert(front, &alerts[i]);
		lost += result == -ENOMEM;
		result = result == -ENOMEM ? 0 : result;
	}
	if (lost > 0)
		log_event(LOG_LEVEL_ERROR, "alerts-unpublished", "count=%zu reason='out of memory'", lost);
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

static bool is_enrolled(const void *closure, const char *key)
{
	return catalogue_find_key(closure, key) != NULL;
}

/* From here on. What was checked before is accepted: it came while its key was good. */
static void take_keys_of(struct front *front, const struct catalogue *catalogue)
{
	atomic_store(&front->keyring->in_force, catalogue);
	size_t ended = peers_end_unless(front->peers, is_enrolled, catalogue);
	if (ended > 0)
		log_event(LOG_LEVEL_INFO, "keys-taken-out", "connections=%zu", ended);
}

static void finish_adoption(struct front *front, struct adoption *adoption)
{
	front->returned++;
	front->reloading = false;
	if (adoption->adopted) {
		reception_switch(front->reception, adoption->catalogue);
		take_keys_of(front, adoption->catalogue);
		publisher_switch(front->publisher, adoption->catalogue);
		service_reloaded(front->service, NULL);
		log_event(LOG_LEVEL_INFO, "catalogue-adopted", "commit=%" PRIu64, adoption->commit);
	} else {
		service_reloaded(front->service, "the new one could not be written");
		log_event(LOG_LEVEL_ERROR, "catalogue-kept", "reason='the new one could not be written'");
	}
	adoption_free(adoption);
}

static int finish_outcome(struct front *front, struct outcome *outcome)
{
	int result = 0;
	if (outcome->adoption)
		finish_adoption(front, outcome->adoption);
	else
		result = finish_group(front, outcome->group);
	if (result == 0)
		result = publish_all(front, outcome->changed, outcome->changed_count);
	if (result == 0)
		result = publish_alerts(front, outcome->alerts, outcome->alert_count);
	free(outcome->alerts);
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
		struct waiting_welcome *waiting = &front->welcomes[i];
		bool waits = result != 0 || waiting->posted > front->returned;
		if (!waits)
			result = welcome(front, waiting->topic);
		if (waits || result == -ENOMEM) /* then with the next group */
			front->welcomes[kept++] = *waiting;
		result = result == -ENOMEM ? 0 : result;
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

/* ---- reports come in ---- */

/* Not even an ack: it will be sent again. */
static int lose_report(void)
{
	log_event(LOG_LEVEL_ERROR, "message-dropped", "socket=intake reason='out of memory'");
	return 0;
}

/* Sends the passage's ack and frees it. */
static int answer(struct front *front, struct passage *passage, int result)
{
	if (result == PIPELINE_ANSWERED)
		result = send_ack(front, passage);
	passage_free(passage);
	return result == -ENOMEM ? lose_report() : result;
}

static int put_off(struct front *front, struct passage *passage)
{
	count_one(front->counters, COUNTER_REPORTS_OVERLOADED);
	return answer(front, passage,
	              pipeline_put_off(passage, "as much of this sender as may is waiting already"));
}

/* A sender is who its key says, by whatever connection; without keys it is the connection. */
static int line_up(struct front *front, struct passage *passage)
{
	const struct key_holder *holder = passage->holder;
	passage->mail.weight = passage->payload_size + sizeof *passage;
	int result =
	    holder ? lines_post(front->lines, holder->code, strlen(holder->code), &passage->mail)
	           : lines_post(front->lines, passage->route.bytes, passage->route.size, &passage->mail);
	return result == LINES_FULL ? put_off(front, passage)
	       : result == 0        ? 0
	                            : answer(front, passage, result);
}

static int admit(struct front *front, struct passage *passage)
{
	peers_heard(front->peers, PEERS_INTAKE, passage->route.descriptor, passage->route.key);
	int result = pipeline_admit(front->reception, passage);
	if (result == 0)
		return line_up(front, passage);
	if (result == PIPELINE_ANSWERED)
		count_one(front->counters, COUNTER_MESSAGES_FORBIDDEN);
	return answer(front, passage, result);
}

static int drop(struct front *front, const struct route *route)
{
	peers_heard(front->peers, PEERS_INTAKE, route->descriptor, route->key);
	count_one(front->counters, COUNTER_MESSAGES_DROPPED);
	if (log_may_say(&front->dropped, "message-dropped", clock_read().monotonic_ms))
		log_event(LOG_LEVEL_WARNING, "message-dropped",
		          "socket=intake key='%s' reason='not one frame'", route->key);
	return 0;
}

/* Takes one report. ROUTER_EMPTY when there is none. */
static int take_report(struct front *front)
{
	struct passage arrived = {.ack = NULL};
	int result = router_receive(front->intake, &arrived.route, &arrived.payload, &arrived.payload_size);
	if (result == ROUTER_DROPPED)
		return drop(front, &arrived.route);
	if (result == -ENOMEM)
		return lose_report();
	if (result != 0)
		return result;
	struct passage *passage = malloc(sizeof *passage);
	if (!passage) {
		free(arrived.payload);
		return lose_report();
	}
	*passage = arrived;
	return admit(front, passage);
}

static int take_reports(struct front *front)
{
	int result = 0;
	for (int i = 0; i < TURN_MAX && result == 0 && !lines_are_full(front->lines); i++)
		result = take_report(front);
	return result == ROUTER_EMPTY ? 0 : result;
}

/* From the lines to the writer, or back to the sender. */
static int advance_one(struct front *front, struct passage *passage)
{
	int result = pipeline_receive(front->reception, passage);
	if (passage->foreign)
		count_one(front->counters, COUNTER_REPORTS_FOREIGN);
	if (result != 0)
		return answer(front, passage, result);
	post(front, &passage->mail);
	return 0;
}

static bool may_advance(const struct front *front)
{
	return !front->reloading && !lines_are_empty(front->lines) &&
	       mailbox_weight(front->to_writer) < front->queue;
}

static int advance_lines(struct front *front)
{
	int result = 0;
	for (int i = 0; i < TURN_MAX && result == 0 && may_advance(front); i++)
		result = advance_one(front, (struct passage *)lines_take(front->lines));
	return result;
}

static void forget_lines(struct front *front)
{
	for (struct mail *mail; (mail = lines_take(front->lines));)
		passage_free((struct passage *)mail);
}

/* ---- subscriptions ---- */

static int await_welcome(struct front *front, const char *topic)
{
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

/* At once if nothing is being written, else when that has come back. */
static int promise_welcome(struct front *front, const char *topic)
{
	int result = front->returned == front->posted ? welcome(front, topic) : await_welcome(front, topic);
	if (result != -ENOMEM)
		return result;
	log_event(LOG_LEVEL_ERROR, "welcome-lost", "reason='out of memory'");
	return 0; /* the subscriber hears nothing, and asks again */
}

static int deny(struct front *front, const struct live_request *request, const char *reason)
{
	count_one(front->counters, COUNTER_SUBSCRIPTIONS_DENIED);
	if (log_may_say(&front->denied, "subscription-denied", clock_read().monotonic_ms))
		log_event(LOG_LEVEL_WARNING, "subscription-denied", "key='%s' reason='%s'", request->key,
		          reason);
	return 0;
}

static int grant(struct front *front, const struct live_request *request)
{
	int result = live_grant(front->live, request);
	if (result != 0)
		return result;
	atomic_fetch_add(&front->followers->granted, 1); /* before the welcome promises anything */
	return promise_welcome(front, request->topic);
}

static int handle_subscription(struct front *front, const struct live_request *request)
{
	/* libzmq itself takes back what a connection had when it ends, and tells of it. */
	if (request->descriptor < 0)
		return live_grant(front->live, request);
	peers_heard(front->peers, PEERS_LIVE, request->descriptor, request->key);
	if (front->keyring->demanded && !keyring_find(front->keyring, request->key)) {
		peers_end(front->peers, request->descriptor, "its key is nobody's any more");
		return deny(front, request, "this key is nobody's any more");
	}
	/* An end of one costs nothing; everything else stays in libzmq's memory, granted or not. */
	if (request->wish != LIVE_UNSUBSCRIBE && !peers_may_subscribe(front->peers, request->descriptor))
		return deny(front, request, "too many");
	switch (request->wish) {
	case LIVE_SUBSCRIBE:
		return grant(front, request);
	case LIVE_UNSUBSCRIBE:
		return live_grant(front->live, request);
	case LIVE_DENIED:
		return deny(front, request, "not a topic");
	case LIVE_NONSENSE:
		peers_end(front->peers, request->descriptor, "it sent what no subscriber sends");
	}
	return deny(front, request, "not a subscription");
}

static int take_subscriptions(struct front *front)
{
	struct live_request request;
	int result = 0;
	for (int i = 0; i < TURN_MAX && result == 0; i++) {
		result = live_receive(front->live, &request);
		if (result == 0)
			result = handle_subscription(front, &request);
	}
	return result == LIVE_EMPTY ? 0 : result;
}

static void start_reload(struct front *front)
{
	const char *kept = NULL;
	if (front->reloading)
		return;
	struct adoption *adoption = front->reload(front->closure, &kept);
	if (!adoption) {
		service_reloaded(front->service, kept);
		return;
	}
	if (publisher_prepare(front->publisher, adoption->catalogue) != 0) {
		log_event(LOG_LEVEL_ERROR, "catalogue-kept", "reason='out of memory'");
		service_reloaded(front->service, "out of memory");
		adoption_free(adoption);
		return;
	}
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

/* How long the front may wait for input. The writer does not tell when it has taken what was posted, but only when that is
 * done: while lines wait for it they are looked at again soon, so that it never has nothing to go on with. */
static long patience(const struct front *front, int64_t now_ms)
{
	if (may_advance(front))
		return 0;
	if (!lines_are_empty(front->lines) && !front->reloading)
		return 1;
	return service_patience(front->service, now_ms);
}

static int front_turn(struct front *front, bool *stop)
{
	struct wait_item items[] = {
	    {.fd = front->signal_fd},
	    {.fd = mailbox_fd(front->from_writer)},
	    {.socket = front->live},
	    {.socket = front->intake},
	};
	/* Full: do not look at intake; its queue fills, and so do the senders'. */
	bool full = lines_are_full(front->lines);
	const int64_t now_ms = front->service ? clock_read().monotonic_ms : 0;
	service_turn(front->service, now_ms);
	int result = wait_for_input_within(items, full ? 3 : 4, patience(front, now_ms));
	if (result == 0 && items[0].ready)
		result = take_signal(front, stop);
	if (result == 0 && items[1].ready)
		result = take_outcomes(front);
	if (result == 0 && items[2].ready)
		result = take_subscriptions(front);
	if (result == 0 && items[3].ready)
		result = take_reports(front);
	if (result == 0)
		result = advance_lines(front);
	return result;
}

int front_run(struct front *front)
{
	bool stop = false;
	int result = 0;
	while (!stop && result == 0)
		result = front_turn(front, &stop);
	service_stopping(front->service, STOP_MS);
	/* What the writer has is decided and answered; the rest stays in its sender's spool. */
	forget_lines(front);
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

/* One line for each, as it comes into a state. */
static void log_alert(const struct alert *alert)
{
	static const char *const events[] = {[ALERT_OPEN] = "alert-raised",
	                                     [ALERT_ACKNOWLEDGED] = "alert-acknowledged",
	                                     [ALERT_RESOLVED] = "alert-resolved"};
	const struct alert_facts *facts = &alert->facts;
	char period[PERIOD_TEXT_SIZE] = "";
	if (facts->period.code != 0)
		period_format(facts->period, period);
	log_event(
	    alert->state == ALERT_OPEN ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, events[alert->state],
	    "number=%" PRIu64 " kind=%s commit=%" PRIu64 " code=%s area=%s period=%s reporter=%s plan=%s "
	    "row=%s rule=%s provisional=%d actor=%s",
	    alert->number, alert_kind_name(facts->kind), alert->changed_commit, facts->code, facts->area,
	    period, facts->reporter, facts->plan, facts->row, facts->rule, facts->provisional, alert->actor);
}

static void take_alerts(struct writer_loop *loop, struct outcome *outcome)
{
	outcome->alerts = writer_take_alerts(loop->writer, &outcome->alert_count);
	for (size_t i = 0; i < outcome->alert_count; i++)
		log_alert(&outcome->alerts[i]);
}

static int write_outcome(struct writer_loop *loop, struct outcome *outcome)
{
	const struct changed_value *changed;
	size_t count;
	int64_t now = clock_read().wall_ms;
	bool follow = followers_there(loop->followers);
	int result = outcome->adoption
	                 ? pipeline_adopt(loop->writer, outcome->adoption, now, follow, &changed, &count)
	                 : pipeline_decide(loop->writer, outcome->group, now, follow, &changed, &count);
	atomic_store(&loop->fault, result < 0 ? result : 0);
	if (result < 0)
		return 0; /* nothing was written, all were told to try again: queries go on meanwhile */
	if (result == 0 && count > 0) {
		outcome->changed = writer_take_changed(loop->writer);
		outcome->changed_count = count;
	}
	if (result == 0)
		take_alerts(loop, outcome);
	return result;
}

/* Takes the first of a list: a catalogue or an act, which are decided on by themselves, or all reports up to the next of
 * those. */
static struct mail *split_run(struct mail **list)
{
	struct mail *run = *list, *last = run;
	while (run->kind == MAIL_REPORT && last->next && last->next->kind == MAIL_REPORT)
		last = last->next;
	*list = last->next;
	last->next = NULL;
	return run;
}

static void drop_acks(struct mail *group)
{
	for (struct mail *mail = group; mail; mail = mail->next) {
		struct passage *passage = (struct passage *)mail;
		free(passage->ack);
		passage->ack = NULL;
	}
}

/* Without it nobody could be answered. Until there is memory what was taken waits, and what comes waits behind it; when that has
 * become too much, the front stops reading. */
static struct outcome *new_outcome(void)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	struct outcome *outcome;
	while (!(outcome = calloc(1, sizeof *outcome)))
		nanosleep(&pause, NULL);
	return outcome;
}

static int write_and_post(struct writer_loop *loop, struct mail *group, struct mail *catalogue, bool stopped)
{
	struct outcome *outcome = new_outcome();
	outcome->group = group;
	outcome->adoption = (struct adoption *)catalogue;
	int result = stopped ? (int)PIPELINE_STOP : write_outcome(loop, outcome);
	if (result == PIPELINE_STOP)
		drop_acks(group);
	mailbox_post(loop->from_writer, &outcome->mail);
	return result;
}

/* A look that somebody asked for is the day's as well. */
static int write_act(struct writer_loop *loop, struct act *act, bool stopped)
{
	struct outcome *outcome = new_outcome(); /* for the alerts that it changed */
	const int64_t wall_ms = clock_read().wall_ms;
	act->unanswerable = stopped;
	int result = stopped ? (int)PIPELINE_STOP : pipeline_act(loop->writer, act, wall_ms);
	if (result == 0)
		take_alerts(loop, outcome);
	if (result == 0 && act_is_look(act)) {
		loop->look_out.looked = true;
		loop->look_out.day = calendar_day_of(wall_ms);
	}
	mailbox_post(loop->from_writer, &outcome->mail);
	mailbox_post(loop->to_desk, &act->mail);
	return result < 0 ? 0 : result; /* nothing was written, which the act says: queries go on meanwhile */
}

static int write_run(struct writer_loop *loop, struct mail *run, bool stopped)
{
	pulse_beat(&loop->pulse, clock_read().monotonic_ms,
	           run->kind == MAIL_CATALOGUE ? atomic_load(&loop->pulse.long_ms) : 0);
	switch ((enum mail_kind)run->kind) {
	case MAIL_REPORT:
		return write_and_post(loop, run, NULL, stopped);
	case MAIL_CATALOGUE:
		return write_and_post(loop, NULL, run, stopped);
	case MAIL_ACT:
		return write_act(loop, (struct act *)run, stopped);
	}
	return 0;
}

/* ---- looks ---- */

/* How often an idle writer asks what time it is, and how long it lets a look be that failed. */
#define IDLE_MS       1000
#define LOOK_AGAIN_MS 60000

static bool look_is_due(const struct writer_loop *loop, const struct clock_reading *now)
{
	const struct look_out *out = &loop->look_out;
	const bool turned = !out->looked || calendar_day_of(now->wall_ms) > out->day;
	if (now->monotonic_ms < out->next_ms)
		return turned && !out->failed;
	return turned || (out->changed && out->patience_ms > 0);
}

static int look(struct writer_loop *loop, const struct clock_reading *now)
{
	struct look_out *out = &loop->look_out;
	struct outcome *outcome = new_outcome();
	uint64_t commit = 0;
	int result = pipeline_look(loop->writer, now->wall_ms, &commit);
	log_event(LOG_LEVEL_DEBUG, "looked", "commit=%" PRIu64 " ms=%" PRId64, commit,
	          clock_read().monotonic_ms - now->monotonic_ms);
	if (result == 0)
		take_alerts(loop, outcome);
	mailbox_post(loop->from_writer, &outcome->mail);
	if (result == 0 && commit != 0 && loop->archiver)
		archiver_notify(loop->archiver);
	out->failed = result != 0;
	out->next_ms = now->monotonic_ms + (out->failed ? LOOK_AGAIN_MS : out->patience_ms);
	if (!out->failed) {
		out->looked = true;
		out->changed = false;
		out->day = calendar_day_of(now->wall_ms);
	}
	return result == PIPELINE_STOP ? result : 0;
}

static int look_if_due(struct writer_loop *loop)
{
	const struct clock_reading now = clock_read();
	if (mailbox_weight(loop->to_writer) > 0 || atomic_load(loop->failed) || !look_is_due(loop, &now))
		return 0;
	return look(loop, &now);
}

static int writer_turn(struct writer_loop *loop)
{
	struct mail *list = mailbox_take(loop->to_writer, loop->group);
	int result = 0;
	loop->look_out.changed = true;
	while (list) {
		struct mail *run = split_run(&list);
		int answer = write_run(loop, run, result != 0 || atomic_load(loop->failed));
		result = result != 0 ? result : answer;
		if (answer == 0 && loop->archiver)
			archiver_notify(loop->archiver);
	}
	return result;
}

void *writer_run(void *writer_loop)
{
	struct writer_loop *loop = writer_loop;
	int verdict;
	while ((verdict = mailbox_wait_within(loop->to_writer, IDLE_MS)) != MAILBOX_CLOSED) {
		pulse_beat(&loop->pulse, clock_read().monotonic_ms,
		           0); /* an idle one, too: once in IDLE_MS */
		int result = verdict == 0 ? writer_turn(loop) : 0;
		if (result == 0)
			result = look_if_due(loop);
		if (result != 0 && !atomic_load(loop->failed))
			loop_give_up(loop->failed, "writer-failed", result < 0 ? result : FAULT_STORE);
	}
	mailbox_close(loop->from_writer);
	return NULL;
}
