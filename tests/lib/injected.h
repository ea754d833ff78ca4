/* Starts programs with the fault injector before them (tests/fault/inject.h), and tells it what is to fail. */
#ifndef SUANPAN_TESTS_LIB_INJECTED_H
#define SUANPAN_TESTS_LIB_INJECTED_H

#include "tests/fault/inject.h"
#include <stdbool.h>

/* One board; programs that run at the same time share it. */
struct injected {
	struct inject_board *board;
	/* For daemon_environment and command_environment, or any other. */
	const char *environment[8];
};

/* `files` and `callers` as INJECT_FILES and INJECT_CALLERS; NULL: all. The board is a file of `folder`. */
void injected_init(struct injected *injected, const char *folder, const char *files, const char *callers);
void injected_done(struct injected *injected);

struct inject_fault {
	uint32_t calls; /* INJECT_IO and the like */
	int64_t at;     /* from now on, the first is 1 */
	enum inject_manner manner;
	int error; /* INJECT_ERROR, INJECT_LATE */
	bool forever;
};
/* From now on; what was armed before is forgotten. Nothing is counted as failed yet. */
void injected_arm(struct injected *injected, struct inject_fault fault);
/* Nothing fails any more. */
void injected_disarm(struct injected *injected);
/* How many calls of the set there were, and how many failed. */
uint64_t injected_count(const struct injected *injected, uint32_t calls);
uint64_t injected_failed(const struct injected *injected);

#endif
