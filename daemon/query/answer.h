/* Answers: one Query message in, Answer messages out, from one snapshot of the store.
 *
 * Called on the query thread. Knows nothing of sockets: chunks go to a sink. */
#ifndef SUANPAN_QUERY_ANSWER_H
#define SUANPAN_QUERY_ANSWER_H

#include "daemon/base/counters.h"
#include "daemon/store/store.h"
#include "proto/suanpan.pb-c.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct past;

/* What came of an act. */
struct act_result {
	int failure; /* a Suanpan__FailureKind; 0: it was done, or was so already */
	bool changed;
	uint64_t commit, entry; /* where it changed something */
	char text[512];         /* a sentence */
};

/* Takes an act on its way to whoever decides it. What the asker may not say himself is the callee's to fill in: who he is.
 * The act dies with the call. */
typedef int act_sink(void *closure, uint64_t number, const Suanpan__Act *act);
enum act_sink_verdict {
	ACT_FORBIDDEN = 1, /* the asker has no right to act */
	ACT_NAMELESS = 2,  /* nobody knows who the asker is, and the act does not say it */
	ACT_TOO_MANY = 3,  /* too many acts wait already */
};

struct answer_context {
	struct store *store;
	struct past *past;   /* finds the catalogue in force at each question's moment */
	struct arena *arena; /* for the decoded Query and the rows; reset by every call */
	uint64_t live_epoch;
	int64_t started_wall_ms;
	const atomic_uint_least64_t *archived; /* the newest entry in the archive; NULL: there is none */
	const struct counters *counters;       /* NULL: nothing is counted */
	act_sink *act; /* gets the closure of its query's sink; NULL: nothing can be done here */
};

/* Takes one packed Answer; bytes are the callee's only for the call. Not 0 ends the answering and is passed
 * on. */
typedef int answer_sink(void *closure, const void *bytes, size_t size);

/* Every query, however wrong, gets at least one Answer (the last has `last`); but an act that context->act has taken gets
 * its one by query_answer_act. Answers what the sink answered, or a fault. */
int MUST_CHECK query_answer(const struct answer_context *context, const void *request, size_t size,
                            answer_sink *sink, void *closure);

/* The Answer to the act with that number. */
int MUST_CHECK query_answer_act(const struct answer_context *context, uint64_t number,
                                const struct act_result *outcome, answer_sink *sink, void *closure);

/* One Answer that says that its asker's key may not ask. */
int MUST_CHECK query_forbid(const struct answer_context *context, const void *request, size_t size,
                            answer_sink *sink, void *closure);

#endif
