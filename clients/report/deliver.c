#include "clients/report/deliver.h"
#include "clients/report/line.h"
#include "clients/report/notices.h"
#include "clients/report/resend.h"
#include "daemon/base/arena.h"
#include "daemon/base/clock.h"
#include "proto/envelope.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum progress {
	WAITING, /* to be sent, or sent again */
	IN_FLIGHT,
	DECIDED, /* accepted or refused */
	KEPT,    /* in conflict */
};

struct item {
	uint64_t sequence;
	enum progress progress;
	bool again; /* it had been decided before */
	bool probe; /* and is still kept: to see what the daemon says to it. It is the only item then */
};

struct run {
	const struct deliver_settings *settings;
	struct delivery result;
	uint8_t stream[SPOOL_STREAM_SIZE];
	struct item *items; /* ascending */
	size_t count, undecided, in_flight;
	size_t cursor;                  /* the next one to look at for sending */
	struct spool_decision *decided; /* what the spool is told with the next transaction */
	size_t decided_count;
	struct arena *arena; /* holds one Ack */
	struct line *line;

	int64_t now_ms, deadline_ms; /* a decision moves the deadline */
	int64_t hold_until_ms;       /* overloaded: nothing is sent before */
	int backoff_ms;              /* 0: the last thing heard was not "overloaded" */
	uint64_t resending_from;     /* asked for once already since the last decision */
	struct deliver_tally probed; /* of no interest */
	unsigned returns;            /* how often something decided was asked for again */
	bool ended;
};

/* How often in one run a daemon may be restored from a backup. */
#define RETURNS_MAX      16

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS  2000
/* The second socket is for a daemon that is there and refused the first one: it answers at once. */
#define RETRY_MOST_MS    3000

/* ---- small things ---- */

static void end(struct run *run, enum deliver_end how)
{
	run->result.end = how;
	run->ended = true;
}

static uint32_t random_below(uint32_t bound)
{
	uint32_t number = 0;
	if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
		return 0; /* only the jitter is lost */
	return number % bound;
}

static int min_int64_as_int(int64_t a, int64_t b)
{
	int64_t least = a < b ? a : b;
	return least < 0 ? 0 : least > INT32_MAX ? INT32_MAX : (int)least;
}

static struct item *find_item(const struct run *run, uint64_t sequence)
{
	size_t low = 0, high = run->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (run->items[middle].sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low < run->count && run->items[low].sequence == sequence ? &run->items[low] : NULL;
}

static struct deliver_tally *tally_of(struct run *run, const struct item *item)
{
	if (item->probe)
		return &run->probed;
	if (item->again)
		return &run->result.again;
	return item->sequence >= run->settings->own_first ? &run->result.own : &run->result.earlier;
}

static void settle(struct run *run, struct item *item, enum progress progress)
{
	run->in_flight -= item->progress == IN_FLIGHT;
	run->undecided--;
	item->progress = progress;
	run->deadline_ms = run->now_ms + run->settings->timeout_ms;
	run->resending_from = 0;
	run->backoff_ms = 0;
	run->hold_until_ms = 0;
	if (run->settings->progress)
		run->settings->progress(run->settings->closure, run->count - run->undecided, run->count);
}

static void settle_for_good(struct run *run, struct item *item, bool accepted)
{
	settle(run, item, DECIDED);
	run->decided[run->decided_count++] =
	    (struct spool_decision){.sequence = item->sequence, .accepted = accepted};
}

/* Everything from `item` on is to be sent again, unless it is decided. */
static void go_back(struct run *run, const struct item *item)
{
	size_t first = (size_t)(item - run->items);
	for (size_t i = first; i < run->count; i++) {
		if (run->items[i].progress != IN_FLIGHT)
			continue;
		run->items[i].progress = WAITING;
		run->in_flight--;
	}
	if (first < run->cursor)
		run->cursor = first;
}

/* ---- what the spool is told, and asked ---- */

static int forget_decided(struct run *run)
{
	if (run->decided_count == 0)
		return 0;
	int fault =
	    spool_decide(run->settings->spool, run->decided, run->decided_count, clock_read().wall_ms);
	if (!fault)
		run->decided_count = 0;
	return fault;
}

/* Without anything pending, one question is left: whether the daemon still knows the newest. */
static int list_probe(const struct deliver_settings *settings, const struct spool_state *state,
                      uint64_t **ret_sequences, size_t *ret_count, bool *ret_probe)
{
	*ret_probe = settings->probe && !state->pending && state->kept;
	if (!*ret_probe)
		return spool_list(settings->spool, settings->last, ret_sequences, ret_count);
	uint64_t *newest = malloc(sizeof *newest);
	if (!newest) {
		sentence_set(settings->why, "out of memory");
		return -ENOMEM;
	}
	*newest = state->last_kept;
	*ret_sequences = newest;
	*ret_count = 1;
	return 0;
}

/* What becomes of an item when the list is made anew because the daemon asks for `from`. */
static struct item renew_item(struct run *run, uint64_t sequence, uint64_t from)
{
	struct item *old = find_item(run, sequence);
	struct item item = {.sequence = sequence};
	if (old && old->progress == KEPT && sequence < from)
		item.progress = KEPT;
	else if (old && old->progress == KEPT)
		tally_of(run, old)->conflicts--; /* it does not know that one either any more */
	item.again = from > 0 && (!old || old->again || old->probe || old->progress == DECIDED);
	return item;
}

/* Everything pending up to `last`, to be sent; `from` 0 at first, later from where on it is sent again. */
static int load_items(struct run *run, uint64_t from)
{
	const struct deliver_settings *settings = run->settings;
	struct spool_state state;
	uint64_t *sequences = NULL;
	size_t count = 0;
	bool probe = false;
	int fault = spool_read_state(settings->spool, &state);
	if (!fault)
		fault = list_probe(settings, &state, &sequences, &count, &probe);
	if (fault)
		return fault;
	struct item *items = calloc(count + 1, sizeof *items);
	struct spool_decision *decided = calloc(count + 1, sizeof *decided);
	if (!items || !decided) {
		free(items);
		free(decided);
		free(sequences);
		sentence_set(settings->why, "out of memory");
		return -ENOMEM;
	}
	memcpy(run->stream, state.stream, sizeof run->stream);
	run->undecided = run->in_flight = run->cursor = 0;
	for (size_t i = 0; i < count; i++) {
		items[i] = renew_item(run, sequences[i], from);
		items[i].probe = probe;
		run->undecided += items[i].progress != KEPT;
	}
	free(sequences);
	free(run->items);
	free(run->decided);
	run->items = items;
	run->decided = decided;
	run->count = count;
	return 0;
}

/* ---- acks ---- */

/* The daemon asks for what it has decided on before: it does not know it any more. Where this is said of an ack that came
 * late, to no purpose, the reports are only decided on once more, as before. */
static int resend_earlier(struct run *run, uint64_t from)
{
	struct resend resend;
	int answer = run->returns++ < RETURNS_MAX ? forget_decided(run) : (int)RESEND_IMPOSSIBLE;
	if (answer == RESEND_IMPOSSIBLE)
		sentence_set(
		    run->settings->why,
		    "the daemon at %s forgets again and again what it has decided on; ask its operator",
		    run->settings->url);
	if (!answer)
		answer = resend_prepare(run->settings, from, &resend);
	if (!answer)
		answer = load_items(run, from);
	if (answer == RESEND_IMPOSSIBLE) {
		end(run, DELIVER_STUCK);
		return 0;
	}
	if (answer)
		return answer;
	run->result.asked_again += resend.again;
	run->resending_from = from;
	run->deadline_ms = run->now_ms + run->settings->timeout_ms;
	return 0;
}

static int on_resend(struct run *run, const Suanpan__Ack *ack)
{
	if (!ack->has_resend_from || ack->resend_from == run->resending_from)
		return 0; /* reports that were already under way say so once more, each */
	const struct item *item = find_item(run, ack->resend_from);
	if (!item || item->probe || item->progress == DECIDED || item->progress == KEPT)
		return resend_earlier(run, ack->resend_from);
	run->resending_from = ack->resend_from;
	go_back(run, item);
	return 0;
}

static void on_overloaded(struct run *run, const struct item *item, const Suanpan__Ack *ack)
{
	go_back(run, item);
	if (run->hold_until_ms > run->now_ms)
		return; /* the rest of what was in flight says the same */
	run->backoff_ms = run->backoff_ms ? 2 * run->backoff_ms : BACKOFF_FIRST_MS;
	if (run->backoff_ms > BACKOFF_MOST_MS)
		run->backoff_ms = BACKOFF_MOST_MS;
	run->hold_until_ms = run->now_ms + run->backoff_ms + random_below((uint32_t)run->backoff_ms);
	run->resending_from = item->sequence;
	sentence_set(run->settings->why, "the daemon at %s is overloaded%s%s", run->settings->url,
	             ack->reason ? ": " : "", ack->reason ? ack->reason : "");
}

static void on_unsupported(struct run *run, const char *reason)
{
	sentence_set(run->settings->why,
	             "the daemon at %s does not speak this program's version of the protocol (%d)%s%s",
	             run->settings->url, ENVELOPE_MAJOR, reason ? ": " : "", reason ? reason : "");
	end(run, DELIVER_UNSUPPORTED);
}

/* Kept: the key may have been taken out by mistake. */
static void on_forbidden(struct run *run, const char *reason)
{
	sentence_set(run->settings->why,
	             "the daemon at %s takes no reports under this key%s%s; ask its operator",
	             run->settings->url, reason ? ": " : "", reason ? reason : "");
	end(run, DELIVER_STUCK);
}

static void on_accepted(struct run *run, struct item *item, const Suanpan__Ack *ack)
{
	tally_of(run, item)->accepted++;
	if (!item->probe && ack->has_commit && ack->commit > run->result.commit)
		run->result.commit = ack->commit;
	if (!item->probe) /* else it was said then */
		notice_warnings(run->settings->messages, run->settings->spool, ack);
	settle_for_good(run, item, true);
}

static void on_refused(struct run *run, struct item *item, const Suanpan__Ack *ack)
{
	tally_of(run, item)->refused++;
	if (!item->probe) /* else it was said when it was refused first */
		notice_refusal(run->settings->messages, run->settings->spool, ack);
	settle_for_good(run, item, false);
}

/* A daemon that is restored once more, from a newer backup, may know the report as it was before it was amended. */
static int on_conflict(struct run *run, struct item *item, const Suanpan__Ack *ack)
{
	int answer = spool_take_back(run->settings->spool, item->sequence);
	if (!answer)
		go_back(run, item);
	if (answer != SPOOL_NOTHING)
		return answer;
	tally_of(run, item)->conflicts++;
	notice_conflict(run->settings->messages, ack);
	settle(run, item, KEPT);
	return 0;
}

static int on_decision(struct run *run, struct item *item, const Suanpan__Ack *ack)
{
	switch (ack->outcome) {
	case SUANPAN__OUTCOME__OUTCOME_ACCEPTED:
		on_accepted(run, item, ack);
		return 0;
	case SUANPAN__OUTCOME__OUTCOME_REFUSED:
		on_refused(run, item, ack);
		return 0;
	case SUANPAN__OUTCOME__OUTCOME_CONFLICT:
		return on_conflict(run, item, ack);
	case SUANPAN__OUTCOME__OUTCOME_OVERLOADED:
		on_overloaded(run, item, ack);
		return 0;
	case SUANPAN__OUTCOME__OUTCOME_RESEND:
		return on_resend(run, ack);
	case SUANPAN__OUTCOME__OUTCOME_UNSUPPORTED:
		on_unsupported(run, ack->reason);
		return 0;
	case SUANPAN__OUTCOME__OUTCOME_FORBIDDEN:
		on_forbidden(run, ack->reason);
		return 0;
	case _SUANPAN__OUTCOME_IS_INT_SIZE:
	default:
		return 0; /* an outcome of the future: the timeout decides */
	}
}

/* The daemon could not tell which report it answers. */
static void on_nameless(struct run *run, const Suanpan__Ack *ack)
{
	if (ack->outcome == SUANPAN__OUTCOME__OUTCOME_UNSUPPORTED) {
		on_unsupported(run, ack->reason);
		return;
	}
	if (ack->outcome == SUANPAN__OUTCOME__OUTCOME_FORBIDDEN) {
		on_forbidden(run, ack->reason);
		return;
	}
	if (ack->outcome == SUANPAN__OUTCOME__OUTCOME_OVERLOADED) {
		for (size_t i = 0; i < run->count; i++)
			if (run->items[i].progress == IN_FLIGHT) {
				on_overloaded(run, &run->items[i], ack);
				return;
			}
		return;
	}
	sentence_set(run->settings->why, "the daemon at %s could not read a report%s%s", run->settings->url,
	             ack->reason ? ": " : "", ack->reason ? ack->reason : "");
	end(run, DELIVER_STUCK);
}

static int on_ack(struct run *run, const Suanpan__Ack *ack)
{
	if (!ack->has_stream || !ack->has_sequence) {
		on_nameless(run, ack);
		return 0;
	}
	if (ack->stream.len != sizeof run->stream ||
	    memcmp(ack->stream.data, run->stream, sizeof run->stream) != 0)
		return 0;
	struct item *item = find_item(run, ack->sequence);
	return item && item->progress != DECIDED && item->progress != KEPT ? on_decision(run, item, ack) : 0;
}

static int on_message(struct run *run, const void *bytes, size_t size)
{
	uint64_t major = 0;
	ProtobufCMessage *message;
	arena_reset(run->arena);
	int answer = envelope_unpack(&suanpan__ack__descriptor, bytes, size, run->arena, &major, &message);
	if (answer == 0)
		return on_ack(run, (const Suanpan__Ack *)message);
	if (answer == ENVELOPE_UNSUPPORTED)
		on_unsupported(run, NULL);
	else if (answer > 0) {
		sentence_set(run->settings->why,
		             "what answers at %s is not suanpand's intake: its answer cannot be read",
		             run->settings->url);
		end(run, DELIVER_SILENCE);
	}
	return answer < 0 ? answer : 0;
}

/* ---- the loop ---- */

static int send_item(struct run *run, struct item *item)
{
	struct spool_report *report;
	int answer = spool_read(run->settings->spool, item->sequence, &report);
	if (answer)
		return answer > 0 ? FAULT_CORRUPT
		                  : answer; /* we hold the lock: nobody else may have removed it */
	answer = line_send(run->line, report->payload, report->payload_size);
	free(report);
	if (answer)
		return answer;
	item->progress = IN_FLIGHT;
	run->in_flight++;
	return 0;
}

static bool may_send(const struct run *run)
{
	return run->in_flight < DELIVER_WINDOW && run->cursor < run->count &&
	       run->now_ms >= run->hold_until_ms;
}

static int send_some(struct run *run)
{
	while (may_send(run)) {
		struct item *item = &run->items[run->cursor];
		int answer = item->progress == WAITING ? send_item(run, item) : 0;
		if (answer)
			return answer < 0 ? answer : 0;
		run->cursor++;
	}
	return 0;
}

static int receive_all(struct run *run)
{
	int answer = 0;
	while (!answer && !run->ended) {
		void *bytes;
		size_t size;
		answer = line_receive(run->line, &bytes, &size);
		if (answer)
			break;
		answer = on_message(run, bytes, size);
		free(bytes);
	}
	return answer < 0 ? answer : 0;
}

static int wait_for_something(struct run *run)
{
	int64_t until = run->deadline_ms;
	if (run->hold_until_ms > run->now_ms && run->hold_until_ms < until)
		until = run->hold_until_ms;
	int answer = line_wait(run->line, may_send(run), min_int64_as_int(until - run->now_ms, INT32_MAX));
	run->now_ms = clock_read().monotonic_ms;
	if (answer == LINE_SHUT_OUT)
		end(run, DELIVER_SHUT_OUT); /* the sentence is there already */
	return answer < 0 ? answer : 0;
}

static void check_deadline(struct run *run)
{
	if (run->ended || run->undecided == 0 || run->now_ms < run->deadline_ms)
		return;
	if (run->backoff_ms) {
		end(run, DELIVER_OVERLOADED); /* the sentence is there already */
		return;
	}
	const char *trouble = line_trouble(run->line);
	if (trouble)
		sentence_set(run->settings->why, "%s", trouble);
	else
		sentence_set(run->settings->why, "nobody answers at %s; is suanpand running there?",
		             run->settings->url);
	end(run, DELIVER_SILENCE);
}

static int turn(struct run *run)
{
	int fault = send_some(run);
	if (!fault)
		fault = wait_for_something(run);
	if (!fault)
		fault = receive_all(run);
	int forgetting = forget_decided(run); /* even after a fault: these are decided */
	check_deadline(run);
	return fault ? fault : forgetting;
}

static void start_again(struct run *run, int timeout_ms)
{
	run->ended = false;
	run->result.end = DELIVER_ALL;
	run->resending_from = 0;
	run->hold_until_ms = 0;
	run->backoff_ms = 0;
	if (run->count)
		go_back(run, run->items);
	run->cursor = 0;
	run->now_ms = clock_read().monotonic_ms;
	run->deadline_ms = run->now_ms + timeout_ms;
}

static int try_once(struct run *run, int timeout_ms)
{
	start_again(run, timeout_ms);
	int fault = line_open(run->settings->zmq_context, run->settings->url, run->settings->identity,
	                      run->settings->why, &run->line);
	while (!fault && !run->ended && run->undecided > 0)
		fault = turn(run);
	line_close(run->line);
	run->line = NULL;
	return fault;
}

/* So that a hundred senders that lost the same daemon do not all come back at once. */
static void pause_a_little(void)
{
	const struct timespec pause = {.tv_nsec = 1000000 * (20 + (long)random_below(200))};
	nanosleep(&pause, NULL);
}

static int prepare(struct run *run)
{
	int fault = load_items(run, 0);
	if (fault || run->count == 0)
		return fault;
	fault = arena_new(ENVELOPE_UNPACK_BUDGET, &run->arena);
	if (fault)
		sentence_set(run->settings->why, "out of memory");
	return fault;
}

/* Undecided, but for a probe, which is in nobody's way. */
static uint64_t count_left(const struct run *run)
{
	return run->count == 1 && run->items[0].probe ? 0 : run->undecided;
}

int deliver(const struct deliver_settings *settings, struct delivery *ret_delivery)
{
	struct run run = {.settings = settings};
	int fault = prepare(&run);
	if (!fault && run.count)
		fault = try_once(&run, settings->timeout_ms);
	/* A probe is not worth the wait. */
	if (!fault && run.ended && run.result.end == DELIVER_SILENCE && count_left(&run)) {
		pause_a_little();
		fault = try_once(&run,
		                 settings->timeout_ms < RETRY_MOST_MS ? settings->timeout_ms : RETRY_MOST_MS);
	}
	run.result.left = count_left(&run);
	arena_free(run.arena);
	free(run.items);
	free(run.decided);
	if (fault)
		return fault;
	*ret_delivery = run.result;
	return 0;
}
