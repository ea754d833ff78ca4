/* What a check finds, as lines for a person: "table: what, where". Says the first few of each part in full
 * and counts the rest. */
#ifndef SUANPAN_UPKEEP_FINDINGS_H
#define SUANPAN_UPKEEP_FINDINGS_H

#include "daemon/base/fault.h"
#include <stdint.h>
#include <stdio.h>

#define FINDINGS_STEP_SIZE 128
#define FINDINGS_SHOWN     10 /* of each part */

struct findings {
	FILE *out;
	uint64_t count;   /* in all */
	uint64_t in_part; /* since findings_begin */
	char part[24];
	/* What is being looked at, for whoever is left when damaged pages end the process:
	 * FINDINGS_STEP_SIZE bytes, or NULL. */
	char *step;
	unsigned *table; /* the same for tables: the one that is being read; TABLE_COUNT for none; or NULL */
};

/* The next part: "checksums", "journal"; findings_end closes it with a line of its own if nothing was
 * found. */
void findings_begin(struct findings *findings, const char *part);
void findings_add(struct findings *findings, const char *format, ...) PRINTF_LIKE(2, 3);
/* A line that is no finding. */
void findings_say(struct findings *findings, const char *format, ...) PRINTF_LIKE(2, 3);
void findings_end(struct findings *findings, const char *format, ...) PRINTF_LIKE(2, 3);
void findings_step(struct findings *findings, const char *what);
void findings_table(struct findings *findings, unsigned table);

#endif
