/* Rows in, Answer messages out: collects the rows of one answer and packs them for the sink whenever they
 * have grown to ENVELOPE_CHUNK_TARGET. Private to daemon/query.
 *
 * The rows of one answer are all of one kind. They are copied shallowly: what a row points to must live in
 * the arena or longer. Sending resets the arena, so *nothing* taken from it survives a call of this file.
 * Once the sink has answered something other than 0, every call answers the same and does nothing. */
#ifndef SUANPAN_QUERY_CHUNK_H
#define SUANPAN_QUERY_CHUNK_H

#include "daemon/query/answer.h"
#include "proto/suanpan.pb-c.h"

#define CHUNK_ROWS_MAX 1024

struct chunk {
	struct arena *arena;
	answer_sink *sink;
	void *closure;
	int sink_answer; /* sticky */
	uint64_t number; /* of the query */
	uint64_t commit; /* of the snapshot */
	size_t size;     /* bytes that the rows will take */
	size_t count;
	ProtobufCMessage *rows[CHUNK_ROWS_MAX];
};

/* A Suanpan__Status, or any of the rows that an Answer lists. */
int MUST_CHECK chunk_add(struct chunk *chunk, const ProtobufCMessage *row);
/* Sends what is left, as the last Answer. */
int MUST_CHECK chunk_end(struct chunk *chunk);
/* The only Answer, of what came of an act. */
int MUST_CHECK chunk_done(struct chunk *chunk, Suanpan__Done *done);
/* Drops what is left and sends the failure, as the last Answer. `suggestion` may be NULL. */
int MUST_CHECK chunk_fail(struct chunk *chunk, Suanpan__FailureKind kind, const char *text,
                          const char *suggestion);

#endif
