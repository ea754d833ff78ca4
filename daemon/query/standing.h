/* How a target stands (plan/judge.h), from a question's snapshot. Private to daemon/query. */
#ifndef SUANPAN_QUERY_STANDING_H
#define SUANPAN_QUERY_STANDING_H

#include "daemon/plan/judge.h"
#include "daemon/query/question.h"

/* Another area than the target's own is held against the path of that one, which is all the plan says. */
struct standing {
	const struct plan *plan;
	const struct target *target;
	uint32_t area;
	struct period period;
	const struct value *value,
	    *followed; /* at the period; `followed` only where a series is followed, else NULL */
};
int MUST_CHECK question_judge(struct question *question, const struct standing *standing,
                              struct judgement *ret_judgement);

#endif
