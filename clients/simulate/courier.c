#include "clients/simulate/courier.h"

#include "clients/report/build.h"
#include "clients/report/complaints.h"
#include "clients/report/line.h"
#include "clients/report/rows.h"
#include "clients/simulate/chance.h"
#include "daemon/base/arena.h"
#include "daemon/base/clock.h"
#include "proto/envelope.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct courier {
	struct line *line;
	const char *url;
	int timeout_ms;
	const struct catalogue *catalogue;
	struct spool_state *states; /* each reporter's stream and next number */
	struct arena *arena;        /* the last answer */
	struct sentence why;
};

static int lose(const struct errand *errand, const char *what, const char *why)
{
	fprintf(stderr, "suanpan-simulate: %s: %s: %s\n", errand->label, what, why);
	return COURIER_LOST;
}

/* ---- opening ---- */

static void name_stream(struct spool_state *state, const char *reporter, uint64_t seed)
{
	*state = (struct spool_state){.has_identity = true, .next = 1, .oldest = 1};
	snprintf(state->reporter, sizeof state->reporter, "%s", reporter);
	for (size_t i = 0; i < sizeof state->stream; i++)
		state->stream[i] = (uint8_t)chance_below((struct chance){seed, "stream", reporter, i}, 256);
}

int courier_open(void *zmq_context, const char *intake, int timeout_ms, const struct catalogue *catalogue,
                 uint64_t seed, struct courier **ret_courier)
{
	struct courier *courier = calloc(1, sizeof *courier);
	if (!courier)
		return -ENOMEM;
	*courier = (struct courier){.url = intake, .timeout_ms = timeout_ms, .catalogue = catalogue};
	courier->states = calloc(catalogue->reporter_count + 1, sizeof *courier->states);
	int fault = courier->states ? arena_new(ENVELOPE_UNPACK_BUDGET, &courier->arena) : -ENOMEM;
	if (!fault)
		fault = line_open(zmq_context, intake, NULL, &courier->why, &courier->line);
	if (fault) {
		courier_close(courier);
		return fault;
	}
	for (uint32_t i = 0; i < catalogue->reporter_count; i++)
		name_stream(&courier->states[i], catalogue->reporters[i].code, seed);
	*ret_courier = courier;
	return 0;
}

void courier_close(struct courier *courier)
{
	if (!courier)
		return;
	line_close(courier->line);
	arena_free(courier->arena);
	free(courier->states);
	free(courier);
}

/* ---- packing ---- */

static int pack_rows(struct courier *courier, const struct errand *errand, const char *name,
                     const struct rows *rows, void **ret_bytes, size_t *ret_size)
{
	const struct spool_state *state = &courier->states[errand->reporter];
	const char *names[] = {name};
	const struct build_words words = {
	    .reporter = state->reporter, .confirm = errand->confirm, .correction = errand->correction};
	struct build *build;
	int fault = build_new(rows, names, 1, &words, &build);
	if (fault)
		return fault;
	int answer = build_report_count(build) == 1 ? build_pack_report(build, 0, state, ret_bytes, ret_size)
	                                            : lose(errand, name, "more than one report holds");
	build_free(build);
	return answer;
}

static int read_rows(const struct errand *errand, const char *name, char *text, size_t size,
                     struct rows *rows)
{
	const char *names[] = {name};
	int fault = rows_read(rows, 0, text, size);
	if (!fault)
		fault = rows_finish(rows, names);
	if (fault || rows->complaints->count == 0)
		return fault;
	complaints_print(rows->complaints, names, stderr);
	return lose(errand, name, "not a file that can be sent");
}

/* The file as a reporter has it; `text` has room for one byte more. */
static int write_file(const struct courier *courier, const struct errand *errand, char **ret_text,
                      size_t *ret_size)
{
	FILE *stream = open_memstream(ret_text, ret_size);
	if (!stream)
		return -ENOMEM;
	int fault = errand_write(courier->catalogue, errand, stream);
	return fclose(stream) && !fault ? -ENOMEM : fault;
}

static int pack(struct courier *courier, const struct errand *errand, void **ret_bytes, size_t *ret_size)
{
	struct complaints complaints = {0};
	struct rows *rows = NULL;
	char *text = NULL, *name = errand_name(courier->catalogue, errand);
	size_t size = 0;
	int answer = name ? write_file(courier, errand, &text, &size) : -ENOMEM;
	if (!answer)
		answer = rows_new(NULL, WORDS_NONE, &complaints, &rows);
	if (!answer)
		answer = read_rows(errand, name, text, size, rows);
	if (!answer)
		answer = pack_rows(courier, errand, name, rows, ret_bytes, ret_size);
	rows_free(rows);
	complaints_done(&complaints);
	free(text);
	free(name);
	return answer;
}

/* ---- there and back ---- */

static int put(struct courier *courier, const void *bytes, size_t size)
{
	int64_t end_ms = clock_read().monotonic_ms + courier->timeout_ms;
	int answer = line_send(courier->line, bytes, size);
	while (answer == LINE_FULL && clock_read().monotonic_ms < end_ms) {
		answer = line_wait(courier->line, true, 100);
		if (!answer)
			answer = line_send(courier->line, bytes, size);
	}
	return answer;
}

static int get(struct courier *courier, void **ret_bytes, size_t *ret_size)
{
	int64_t end_ms = clock_read().monotonic_ms + courier->timeout_ms;
	int answer = line_receive(courier->line, ret_bytes, ret_size);
	while (answer == LINE_NOTHING && clock_read().monotonic_ms < end_ms) {
		answer = line_wait(courier->line, false, 100);
		if (!answer)
			answer = line_receive(courier->line, ret_bytes, ret_size);
	}
	return answer;
}

static int exchange(struct courier *courier, const struct errand *errand, const void *bytes, size_t size,
                    Suanpan__Ack **ret_ack)
{
	void *answer_bytes = NULL;
	size_t answer_size = 0;
	uint64_t major;
	ProtobufCMessage *message;
	int answer = put(courier, bytes, size);
	if (!answer)
		answer = get(courier, &answer_bytes, &answer_size);
	if (answer == LINE_FULL || answer == LINE_NOTHING)
		return lose(errand, courier->url, "nobody answers");
	if (answer)
		return lose(errand, courier->url, courier->why.text);
	arena_reset(courier->arena);
	answer = envelope_unpack(&suanpan__ack__descriptor, answer_bytes, answer_size, courier->arena, &major,
	                         &message);
	free(answer_bytes);
	if (answer)
		return lose(errand, courier->url, "an answer that cannot be read");
	*ret_ack = (Suanpan__Ack *)message;
	return 0;
}

static int read_ack(struct courier *courier, const struct errand *errand, const Suanpan__Ack *ack,
                    struct reply *ret_reply)
{
	if (ack->repeated_report)
		return lose(errand, courier->url,
		            "this simulation was played into the store before: begin with an empty one");
	if (ack->outcome != SUANPAN__OUTCOME__OUTCOME_ACCEPTED &&
	    ack->outcome != SUANPAN__OUTCOME__OUTCOME_REFUSED)
		return lose(errand, courier->url, ack->reason ? ack->reason : "not decided");
	uint64_t *questioned = arena_take(courier->arena, (ack->n_warning + 1) * sizeof *questioned);
	const char **rules = arena_take(courier->arena, (ack->n_warning + 1) * sizeof *rules);
	if (!questioned || !rules)
		return -ENOMEM;
	for (size_t i = 0; i < ack->n_warning; i++) {
		questioned[i] = ack->warning[i]->row;
		rules[i] = ack->warning[i]->rule;
	}
	*ret_reply = (struct reply){
	    .is_accepted = ack->outcome == SUANPAN__OUTCOME__OUTCOME_ACCEPTED,
	    .commit = ack->commit,
	    .questioned = questioned,
	    .rules = rules,
	    .questioned_count = ack->n_warning,
	    .problem_count = ack->n_problem,
	    .reason = ack->n_problem ? ack->problem[0]->text : ack->reason,
	};
	return 0;
}

int courier_carry(struct courier *courier, const struct errand *errand, struct reply *ret_reply)
{
	void *bytes = NULL;
	size_t size = 0;
	Suanpan__Ack *ack = NULL;
	int answer = pack(courier, errand, &bytes, &size);
	if (!answer)
		answer = exchange(courier, errand, bytes, size, &ack);
	free(bytes);
	if (answer)
		return answer;
	courier->states[errand->reporter].next++;
	return read_ack(courier, errand, ack, ret_reply);
}
