/* A small run of the daemon in which everything happens once: a start on nothing, a catalogue, reports of two streams, one
 * refused and one repeated, a reload, what an operator does, a look that raises alerts, a stop. Something may fail at any call of it; whoever runs it sends again what was not
 * acked, and starts the daemon again when it has ended, without faults.
 *
 * With a clock that stands still the run always leaves the same store, to the byte. So after a crash the store must be that of
 * a whole number of steps: all that were acked, and perhaps the one that was under way. */
#ifndef SUANPAN_TESTS_LIB_SCRIPT_H
#define SUANPAN_TESTS_LIB_SCRIPT_H

#include "tests/lib/injected.h"
#include <stdbool.h>

enum { SCRIPT_STEPS = 12, SCRIPT_STATES = SCRIPT_STEPS + 1 };

struct script {
	const char *callers; /* as INJECT_CALLERS; NULL: all. May be set after script_init */
	bool
	    may_abort; /* by SIGABRT or SIGSEGV, as libzmq does; else the daemon may only end with status 1 */
	char *folder;  /* with the two catalogues */
	uint64_t state[SCRIPT_STATES]; /* digests of the store: before the first step, and after each */
};
/* Learns what a run without faults looks like. */
void script_init(struct script *script);
void script_done(struct script *script);

/* What came of a run in which something failed. */
struct script_outcome {
	uint64_t failed;    /* calls that were made to fail */
	unsigned ended;     /* times that the daemon ended by itself */
	unsigned started;   /* of these, before it was ready */
	unsigned postponed; /* answers of "send it again later" */
	bool landed;        /* the step under way when it ended was on disk all the same */
	bool unknown;       /* it said that it did not know */
	bool
	    unsealed; /* it stopped when it was told to, and could not seal its store, which costs nothing else */
};
/* Checks all that must hold (as assertions of the test), and answers what happened. */
struct script_outcome script_run(struct script *script, struct inject_fault fault);

/* Runs it for the first, the second, ... call, until there is no n-th one any more; says what came of it. `check` looks at each
 * outcome. */
struct script_sums {
	unsigned runs, ended, started, postponed, landed, unknown, unsealed; /* runs in which that happened */
};
struct script_sums script_sweep(struct script *script, const char *what, struct inject_fault fault,
                                void (*check)(struct script_outcome outcome));

#endif
