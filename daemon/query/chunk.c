#include "daemon/query/chunk.h"

#include "daemon/base/arena.h"
#include "daemon/query/wording.h"
#include "proto/envelope.h"
#include <errno.h>
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

static void attach_rows(struct chunk *chunk, Suanpan__Answer *answer)
{
	if (chunk->count == 0)
		return;
	const ProtobufCMessageDescriptor *kind = chunk->rows[0]->descriptor;
	void *rows = chunk->rows;
	if (kind == &suanpan__status__descriptor) {
		answer->status = *(Suanpan__Status **)rows;
	} else if (kind == &suanpan__list_row__descriptor) {
		answer->n_list = chunk->count;
		answer->list = rows;
	} else if (kind == &suanpan__value__descriptor) {
		answer->n_series = chunk->count;
		answer->series = rows;
	} else if (kind == &suanpan__plan_row__descriptor) {
		answer->n_plan = chunk->count;
		answer->plan = rows;
	} else if (kind == &suanpan__revision__descriptor) {
		answer->n_history = chunk->count;
		answer->history = rows;
	} else if (kind == &suanpan__coverage_row__descriptor) {
		answer->n_coverage = chunk->count;
		answer->coverage = rows;
	} else if (kind == &suanpan__explain_row__descriptor) {
		answer->n_explain = chunk->count;
		answer->explain = rows;
	} else if (kind == &suanpan__alert__descriptor) {
		answer->n_alert = chunk->count;
		answer->alert = rows;
	} else {
		answer->n_diff = chunk->count;
		answer->diff = rows;
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
