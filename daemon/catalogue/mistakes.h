/* Mistakes in catalogue files: each becomes one line on a stream at once and is counted.
 *
 *     config/catalogue/areas.yaml:12:11: parent: unknown area '440130', nearest is '440103' */
#ifndef SUANPAN_CATALOGUE_MISTAKES_H
#define SUANPAN_CATALOGUE_MISTAKES_H

#include "daemon/base/fault.h"
#include <stddef.h>
#include <stdio.h>

struct mistakes {
	FILE *errors;
	unsigned count;
};

/* A line and column, from 1; line 0 means the file as a whole, column 0 the whole line. */
struct place {
	const char *file;
	unsigned line, column;
};

void mistake_at(struct mistakes *mistakes, struct place place, const char *format, ...) PRINTF_LIKE(3, 4);

/* ", nearest is 'word'", or "" when none is near; to be put at the end of a mistake. */
struct suggestion {
	char text[128];
};
struct suggestion suggestion_for(const char *word, const char *const words[], size_t count);

#endif
