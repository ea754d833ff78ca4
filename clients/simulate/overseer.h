/* The city's operator, over the query socket: lets the daemon look every night and evening, closes years, and goes through the open
 * alerts once a month: acknowledges those about the plan, and when it is over settles by hand what was missed. */
#ifndef SUANPAN_CLIENTS_SIMULATE_OVERSEER_H
#define SUANPAN_CLIENTS_SIMULATE_OVERSEER_H

#include "clients/lib/ask.h"
#include "clients/simulate/diary.h"
#include "daemon/base/fault.h"
#include <stddef.h>

struct overseer {
	struct ask *ask; /* borrowed */
	int timeout_ms;
	uint64_t seed;
	size_t looks, closed, acknowledged, resolved;
};

enum overseer_verdict { OVERSEER_LOST = 1 }; /* a line on standard error says why */

int MUST_CHECK overseer_look(struct overseer *overseer);
int MUST_CHECK overseer_do(struct overseer *overseer, const struct deed *deed);
/* `is_last`: the plan is over, and this is the last time. */
int MUST_CHECK overseer_review(struct overseer *overseer, bool is_last);

#endif
