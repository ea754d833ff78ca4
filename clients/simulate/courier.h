/* Carries errands to the daemon's intake and brings the answers back, one at a time, through the sender's own code: each
 * errand becomes the CSV file a reporter would push, which is read, checked, built and packed as suanpan-report does it. Only
 * the spool is left out: a stream's name follows from the seed, so that the journal of a simulation is always the same. */
#ifndef SUANPAN_CLIENTS_SIMULATE_COURIER_H
#define SUANPAN_CLIENTS_SIMULATE_COURIER_H

#include "clients/simulate/diary.h"
#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct courier;

/* What came of an errand. */
struct reply {
	bool is_accepted; /* else it was refused */
	uint64_t commit;
	/* Ascending places of the errand's figures that a soft rule questions, and the rules; live until the next errand. */
	const uint64_t *questioned;
	const char *const *rules;
	size_t questioned_count;
	size_t problem_count;
	const char *reason; /* of a refusal; lives as long */
};

enum courier_verdict { COURIER_LOST = 1 }; /* a line on standard error says why */

/* Borrows all of it. */
int MUST_CHECK courier_open(void *zmq_context, const char *intake, int timeout_ms,
                            const struct catalogue *catalogue, uint64_t seed, struct courier **ret_courier);
void courier_close(struct courier *courier); /* NULL is fine */

/* Waits for the answer. COURIER_LOST where none came, or another than accepted or refused. */
int MUST_CHECK courier_carry(struct courier *courier, const struct errand *errand, struct reply *ret_reply);

#endif
