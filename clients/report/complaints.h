/* Everything that is wrong with the files of one push, collected so that it can be said at once:
 *     liwan.csv:12: value: '1,86,766': commas must stand every three digits */
#ifndef SUANPAN_CLIENTS_REPORT_COMPLAINTS_H
#define SUANPAN_CLIENTS_REPORT_COMPLAINTS_H

#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct complaint {
	uint32_t file, line;
	size_t number; /* in order of arrival */
	const char *column;
	char *text;
};

struct complaints {
	struct complaint *list;
	size_t count, room;
	bool incomplete; /* memory ran out: there are more than are listed */
};

/* An all-zero struct complaints is empty. `line` 0: the whole file. `column` (a literal, or NULL) is a name
 * of the header. */
void complaints_done(struct complaints *complaints);
void complain(struct complaints *complaints, uint32_t file, uint32_t line, const char *column,
              const char *format, ...) PRINTF_LIKE(5, 6);
/* One line each, by file and line. `files` are their names. Sorts the list. */
void complaints_print(struct complaints *complaints, const char *const files[], FILE *stream);

#endif
