#include "daemon/query/chunk.h"

#include "daemon/base/arena.h"
#include "daemon/query/wording.h"
#include "proto/envelope.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ROW_OVERHEAD 6 /* tag and length of an embedded message, generously */

static int send_answer(struct chunk *chunk, const Suanpan__Answer *answer)
{
	void *bytes;
	size_t size;
	int result = envelope_pack(&answer->base, ENVELOPE_ANSWER_MAX, &bytes, &size);
	if (result != 0)
		return result < 0 ? result : -EMSGSIZE;
	chunk->sink_answer = chunk->sink(chunk->closure, bytes, size);
	free(bytes);
	arena_reset(chunk->arena);
	chunk->count = 0;
	chunk->size = 0;
	return chunk->sink_answer;
}

/* Where the rows of each kind stand in an Answer; Status alone is no list. */
#define ROWS(descriptor_, field)                                                                             \
	{                                                                                                    \
		.descriptor = &(descriptor_), .at = offsetof(Suanpan__Answer, field),                        \
		.count_at = offsetof(Suanpan__Answer, n_##field)                                             \
	}
static const struct {
	const ProtobufCMessageDescriptor *descriptor;
	size_t at, count_at;
} lists[] = {
    ROWS(suanpan__list_row__descriptor, list),         ROWS(suanpan__value__descriptor, series),
    ROWS(suanpan__plan_row__descriptor, plan),         ROWS(suanpan__revision__descriptor, history),
    ROWS(suanpan__coverage_row__descriptor, coverage), ROWS(suanpan__explain_row__descriptor, explain),
    ROWS(suanpan__diff_row__descriptor, diff),         ROWS(suanpan__outlook_row__descriptor, outlook),
    ROWS(suanpan__backtest_row__descriptor, backtest), ROWS(suanpan__alert__descriptor, alert),
    ROWS(suanpan__calendar_row__descriptor, calendar),
};

static void attach_rows(struct chunk *chunk, Suanpan__Answer *answer)
{
	if (chunk->count == 0)
		return;
	void *rows = chunk->rows;
	const ProtobufCMessageDescriptor *kind = chunk->rows[0]->descriptor;
	if (kind == &suanpan__status__descriptor)
		answer->status = *(Suanpan__Status **)rows;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		if (lists[i].descriptor == kind) {
			memcpy((char *)answer + lists[i].at, &rows, sizeof rows);
			memcpy((char *)answer + lists[i].count_at, &chunk->count, sizeof chunk->count);
		}
}

static int send_rows(struct chunk *chunk, bool last)
{
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	answer.major = ENVELOPE_MAJOR;
	answer.number = chunk->number;
	answer.last = last;
	answer.has_commit = 1;
	answer.commit = chunk->commit;
	attach_rows(chunk, &answer);
	return send_answer(chunk, &answer);
}

int chunk_add(struct chunk *chunk, const ProtobufCMessage *row)
{
	if (chunk->sink_answer != 0)
		return chunk->sink_answer;
	ProtobufCMessage *copy = arena_take(chunk->arena, row->descriptor->sizeof_message);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, row, row->descriptor->sizeof_message);
	chunk->rows[chunk->count++] = copy;
	chunk->size += protobuf_c_message_get_packed_size(row) + ROW_OVERHEAD;
	if (chunk->size < ENVELOPE_CHUNK_TARGET && chunk->count < CHUNK_ROWS_MAX)
		return 0;
	return send_rows(chunk, false);
}

int chunk_end(struct chunk *chunk)
{
	return chunk->sink_answer != 0 ? chunk->sink_answer : send_rows(chunk, true);
}

int chunk_done(struct chunk *chunk, Suanpan__Done *done)
{
	if (chunk->sink_answer != 0)
		return chunk->sink_answer;
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	answer.major = ENVELOPE_MAJOR;
	answer.number = chunk->number;
	answer.last = 1;
	answer.done = done;
	return send_answer(chunk, &answer);
}

int chunk_fail(struct chunk *chunk, Suanpan__FailureKind kind, const char *text, const char *suggestion)
{
	if (chunk->sink_answer != 0)
		return chunk->sink_answer;
	Suanpan__Failure failure = SUANPAN__FAILURE__INIT;
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	failure.kind = kind;
	failure.text = wording_borrow(text);
	failure.suggestion = wording_borrow(suggestion);
	answer.major = ENVELOPE_MAJOR;
	answer.number = chunk->number;
	answer.last = 1;
	answer.failure = &failure;
	return send_answer(chunk, &answer);
}
