/* Answers: one Query message in, Answer messages out, from one snapshot of the store.
 *
 * Called on the query thread. Knows nothing of sockets: chunks go to a sink. */
#ifndef SUANPAN_QUERY_ANSWER_H
#define SUANPAN_QUERY_ANSWER_H

#include "daemon/base/counters.h"
#include "daemon/store/store.h"
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct past;

struct answer_context {
	struct store *store;
	struct past *past;   /* finds the catalogue in force at each question's moment */
	struct arena *arena; /* for the decoded Query and the rows; reset by every call */
	uint64_t live_epoch;
	int64_t started_wall_ms;
	const atomic_uint_least64_t *archived; /* the newest entry in the archive; NULL: there is none */
	const struct counters *counters;       /* NULL: nothing is counted */
};

/* Takes one packed Answer; bytes are the callee's only for the call. Not 0 ends the answering and is passed
 * on. */
typedef int answer_sink(void *closure, const void *bytes, size_t size);

/* Every query, however wrong, gets at least one Answer (the last has `last`). Answers what the sink answered,
 * or a fault. */
int MUST_CHECK query_answer(const struct answer_context *context, const void *request, size_t size,
                            answer_sink *sink, void *closure);

/* One Answer that says that its asker's key may not ask. */
int MUST_CHECK query_forbid(const struct answer_context *context, const void *request, size_t size,
                            answer_sink *sink, void *closure);

#endif
