/* How far something long has come, on standard error: a bar that moves where that is a terminal, else a
 * line now and then. */
#ifndef SUANPAN_UPKEEP_PROGRESS_H
#define SUANPAN_UPKEEP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
	FILE *out;        /* NULL: says nothing */
	const char *what; /* "rebuild" */
	const char *unit; /* "entries" */
	uint64_t done, total;
	/* Its own. */
	bool moves;
	int64_t started_ms, said_ms;
};

/* Says nothing before a second has passed: what is quick needs no bar. */
void progress_begin(struct progress *progress, FILE *out, const char *what, const char *unit, uint64_t total);
void progress_step(struct progress *progress, uint64_t done);
void progress_end(struct progress *progress); /* the bar is gone */

#endif
