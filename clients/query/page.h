/* The morning page: a plan's targets as a table for people, what binds first, and below it what has to be known to read it.
 * In the language of language_speak. */
#ifndef SUANPAN_CLIENTS_QUERY_PAGE_H
#define SUANPAN_CLIENTS_QUERY_PAGE_H

#include "daemon/base/fault.h"
#include "proto/suanpan.pb-c.h"
#include <stdbool.h>
#include <stddef.h>

struct page {
	const char *plan, *period; /* as they were asked for; `period` NULL: that of the rows */
	bool ascii;                /* pictures without Unicode */
	Suanpan__PlanRow **rows;
	size_t count, capacity;
};

/* For session_ask: keeps copies of the answer's rows. `page` is a struct page, and answers 0 or a fault. */
int page_take(void *page, const Suanpan__Answer *answer);
/* Prints what was taken to standard output; answers an exit status. */
int MUST_CHECK page_print(const struct page *page);
void page_done(struct page *page);

#endif
