#include "clients/report/deliver.h"
#include "clients/report/line.h"
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
};

struct run {
	const struct deliver_settings *settings;
	struct delivery result;
	uint8_t stream[SPOOL_STREAM_SIZE];
	struct item *items; /* ascending */
	size_t count, undecided, in_flight;
	size_t cursor;     /* the next one to look at for sending */
	uint64_t *decided; /* sequences to be removed from the spool with the next transaction */
	size_t decided_count;
	struct arena *arena; /* holds one Ack */
	struct line *line;

	int64_t now_ms, deadline_ms; /* a decision moves the deadline */
	int64_t hold_until_ms;       /* overloaded: nothing is sent before */
	int backoff_ms;              /* 0: the last thing heard was not "overloaded" */
	uint64_t resending_from;     /* asked for once already since the last decision */
	bool ended;
};

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

static struct deliver_tally *tally_of(struct run *run, uint64_t sequence)
{
	return sequence >= run->settings->own_first ? &run->result.own : &run->result.earlier;
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

static void settle_for_good(struct run *run, struct item *item)
{
	settle(run, item, DECIDED);
	run->decided[run->decided_count++] = item->sequence;
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

/* ---- refusals ---- */

/* The column of the file that a reason is about, so that the daemon's complaints read like our own. */
static const char *column_of(Suanpan__Reason reason)
{
	static const char *const columns[] = {
	    [SUANPAN__REASON__REASON_UNKNOWN_STATISTIC] = "statistic",
	    [SUANPAN__REASON__REASON_UNKNOWN_AREA] = "area",
	    [SUANPAN__REASON__REASON_BAD_PERIOD] = "period",
	    [SUANPAN__REASON__REASON_WRONG_FREQUENCY] = "period",
	    [SUANPAN__REASON__REASON_WRONG_LEVEL] = "area",
	    [SUANPAN__REASON__REASON_AREA_OUT_OF_SCOPE] = "area",
	    [SUANPAN__REASON__REASON_STATISTIC_OUT_OF_SCOPE] = "statistic",
	    [SUANPAN__REASON__REASON_TOO_MANY_DECIMALS] = "value",
	    [SUANPAN__REASON__REASON_OUT_OF_RANGE] = "value",
	    [SUANPAN__REASON__REASON_BAD_STATUS] = "status",
	    [SUANPAN__REASON__REASON_BAD_TEXT] = "note",
	};
	size_t at = (size_t)reason;
	return at < sizeof columns / sizeof *columns ? columns[at] : NULL;
}

static void print_problem(FILE *stream, const struct spool_report *report, const Suanpan__Problem *problem)
{
	const char *column = column_of(problem->reason);
	if (report && problem->row < report->row_count &&
	    report->places[problem->row].file < report->file_count)
		fprintf(stream, "%s:%" PRIu32, report->files[report->places[problem->row].file],
		        report->places[problem->row].line);
	else
		fprintf(stream, "row %" PRIu64, problem->row);
	fprintf(stream, ": %s%s%s\n", column ? column : "", column ? ": " : "", problem->text);
}

static void print_refusal(struct run *run, const Suanpan__Ack *ack)
{
	FILE *stream = run->settings->messages;
	struct spool_report *report = NULL;
	if (spool_read(run->settings->spool, ack->sequence, &report))
		report = NULL; /* the refusal is worth saying even so */
	fprintf(stream, "report %" PRIu64 " was refused, and nothing of it was stored", ack->sequence);
	if (ack->reason)
		fprintf(stream, ": %s", ack->reason);
	fputc('\n', stream);
	for (size_t i = 0; i < ack->n_problem; i++)
		print_problem(stream, report, ack->problem[i]);
	free(report);
}

static void print_conflict(struct run *run, const Suanpan__Ack *ack)
{
	fprintf(run->settings->messages,
	        "CONFLICT: the daemon knows another report under the number %" PRIu64
	        " of this spool's stream. Was the "
	        "spool copied, or restored from a backup? The report is kept and changed nothing; ask the "
	        "daemon's "
	        "operator before anything else, then push from a new spool%s%s\n",
	        ack->sequence, ack->reason ? ": " : ".", ack->reason ? ack->reason : "");
}

/* ---- acks ---- */

static void on_resend(struct run *run, const Suanpan__Ack *ack)
{
	if (!ack->has_resend_from || ack->resend_from == run->resending_from)
		return; /* reports that were already under way say so once more, each */
	const struct item *item = find_item(run, ack->resend_from);
	if (item && item->progress == DECIDED)
		return;
	if (item && item->progress != KEPT) {
		run->resending_from = ack->resend_from;
		go_back(run, item);
		return;
	}
	sentence_set(
	    run->settings->why,
	    "the daemon asks for report %" PRIu64
	    ", which this spool does not hold any more: it has lost what it "
	    "had acknowledged (restored from a backup?); ask its operator, then push from a new spool",
	    ack->resend_from);
	end(run, DELIVER_STUCK);
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

static void on_decision(struct run *run, struct item *item, const Suanpan__Ack *ack)
{
	struct deliver_tally *tally = tally_of(run, item->sequence);
	switch (ack->outcome) {
	case SUANPAN__OUTCOME__OUTCOME_ACCEPTED:
		tally->accepted++;
		if (ack->has_commit && ack->commit > run->result.commit)
			run->result.commit = ack->commit;
		settle_for_good(run, item);
		break;
	case SUANPAN__OUTCOME__OUTCOME_REFUSED:
		tally->refused++;
		print_refusal(run, ack);
		settle_for_good(run, item);
		break;
	case SUANPAN__OUTCOME__OUTCOME_CONFLICT:
		tally->conflicts++;
		print_conflict(run, ack);
		settle(run, item, KEPT);
		break;
	case SUANPAN__OUTCOME__OUTCOME_OVERLOADED:
		on_overloaded(run, item, ack);
		break;
	case SUANPAN__OUTCOME__OUTCOME_RESEND:
		on_resend(run, ack);
		break;
	case SUANPAN__OUTCOME__OUTCOME_UNSUPPORTED:
		on_unsupported(run, ack->reason);
		break;
	case _SUANPAN__OUTCOME_IS_INT_SIZE:
	default:
		break; /* an outcome of the future: the timeout decides */
	}
}

/* The daemon could not tell which report it answers. */
static void on_nameless(struct run *run, const Suanpan__Ack *ack)
{
	if (ack->outcome == SUANPAN__OUTCOME__OUTCOME_UNSUPPORTED) {
		on_unsupported(run, ack->reason);
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

static void on_ack(struct run *run, const Suanpan__Ack *ack)
{
	if (!ack->has_stream || !ack->has_sequence) {
		on_nameless(run, ack);
		return;
	}
	if (ack->stream.len != sizeof run->stream ||
	    memcmp(ack->stream.data, run->stream, sizeof run->stream) != 0)
		return;
	struct item *item = find_item(run, ack->sequence);
	if (item && item->progress != DECIDED && item->progress != KEPT)
		on_decision(run, item, ack);
}

static int on_message(struct run *run, const void *bytes, size_t size)
{
	uint64_t major = 0;
	ProtobufCMessage *message;
	arena_reset(run->arena);
	int answer = envelope_unpack(&suanpan__ack__descriptor, bytes, size, run->arena, &major, &message);
	if (answer == 0)
		on_ack(run, (const Suanpan__Ack *)message);
	else if (answer == ENVELOPE_UNSUPPORTED)
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

static int forget_decided(struct run *run)
{
	if (run->decided_count == 0)
		return 0;
	int fault = spool_remove(run->settings->spool, run->decided, run->decided_count);
	if (!fault)
		run->decided_count = 0;
	return fault;
}

static int wait_for_something(struct run *run)
{
	int64_t until = run->deadline_ms;
	if (run->hold_until_ms > run->now_ms && run->hold_until_ms < until)
		until = run->hold_until_ms;
	int fault = line_wait(run->line, may_send(run), min_int64_as_int(until - run->now_ms, INT32_MAX));
	run->now_ms = clock_read().monotonic_ms;
	return fault;
}

static void check_deadline(struct run *run)
{
	if (run->ended || run->undecided == 0 || run->now_ms < run->deadline_ms)
		return;
	if (run->backoff_ms) {
		end(run, DELIVER_OVERLOADED); /* the sentence is there already */
		return;
	}
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
	int fault = line_open(run->settings->zmq_context, run->settings->url, run->settings->why, &run->line);
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
	const struct deliver_settings *settings = run->settings;
	struct spool_state state;
	int fault = spool_read_state(settings->spool, &state);
	if (fault)
		return fault;
	memcpy(run->stream, state.stream, sizeof run->stream);
	uint64_t *sequences;
	fault = spool_list(settings->spool, settings->last, &sequences, &run->count);
	if (fault)
		return fault;
	run->undecided = run->count;
	run->items = calloc(run->count + 1, sizeof *run->items);
	for (size_t i = 0; i < run->count && run->items; i++)
		run->items[i].sequence = sequences[i];
	run->decided = sequences; /* big enough: every report is decided at most once */
	if (!run->decided && run->count == 0)
		return 0;
	fault = run->items ? arena_new(ENVELOPE_UNPACK_BUDGET, &run->arena) : -ENOMEM;
	if (fault)
		sentence_set(settings->why, "out of memory");
	return fault;
}

int deliver(const struct deliver_settings *settings, struct delivery *ret_delivery)
{
	struct run run = {.settings = settings};
	int fault = prepare(&run);
	if (!fault && run.count)
		fault = try_once(&run, settings->timeout_ms);
	if (!fault && run.ended && run.result.end == DELIVER_SILENCE) {
		pause_a_little();
		fault = try_once(&run,
		                 settings->timeout_ms < RETRY_MOST_MS ? settings->timeout_ms : RETRY_MOST_MS);
	}
	arena_free(run.arena);
	free(run.items);
	free(run.decided);
	if (fault)
		return fault;
	run.result.left = run.undecided;
	*ret_delivery = run.result;
	return 0;
}
