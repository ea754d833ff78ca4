/* A second evaluator that knows none of the first one's parts: written from the prose of evaluate.h, by days and by
 * search, without a thought for speed. */
#ifndef SUANPAN_TESTS_WORLD_NAIVE_H
#define SUANPAN_TESTS_WORLD_NAIVE_H

#include "tests/lib/world.h"

#define NAIVE_ATOMS 12

struct naive_question {
	struct world *world;
	const struct formula *formula;
	unsigned decimals;
	bool complete;
	uint32_t area;
	struct period period;
};

struct naive_answer {
	enum value_state state;
	int64_t units;
	char status;
	bool missing[WORLD_AREAS], carried[WORLD_AREAS];
	uint32_t expected, reported;
	uint64_t newest_entry;
	uint32_t cells;
	bool due; /* it looked at a cell that world_touched holds for */
	/* per atom: */
	bool anything; /* something counts */
	int64_t sum[NAIVE_ATOMS];
	uint32_t parts[NAIVE_ATOMS]; /* of averages */
};

void naive_evaluate(const struct naive_question *question, struct naive_answer *ret_answer);

#endif
