/* The pages of an LMDB file: who has which.
 *
 * LMDB's file (0.9) is two meta pages, of which the newer one is in force; trees of branch and leaf pages,
 * one that names the tables, one for each table, one for the list of free pages; and runs of overflow
 * pages with what is too large for a leaf. Checksums of values do not cover any of that: an older meta
 * page, or an older root of a table, is a store of an earlier day in perfect order, and a damaged list of
 * free pages lets the next write destroy good ones. What all that has in common: pages are then used
 * twice, or are used and free, or do not carry their own number, or the two metas are not neighbours. */
#ifndef SUANPAN_DB_PAGES_H
#define SUANPAN_DB_PAGES_H

#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does a leaf, wherever it is in memory, hold all that it should: keys that ascend, and no gap between the
 * nodes? */
bool pages_leaf_is_whole(const void *page, size_t page_size);

struct pages_report {
	uint64_t pages, used, free;
};

enum pages_verdict {
	PAGES_DAMAGED = 1, /* each finding was told */
	PAGES_MOVING =
	    2, /* somebody writes: the state of `transaction` could not be found any more, or not yet */
};

/* `file` is an open data.mdb, of which somebody keeps the state after `transaction` from being overwritten
 * (a read transaction of that number). `tell` gets a sentence for each finding, without a full stop. */
int MUST_CHECK pages_verify(int file, size_t page_size, uint64_t transaction,
                            void (*tell)(void *context, const char *finding), void *context,
                            struct pages_report *ret_report);

/* A meta page as it was before a commit writes over it. LMDB, when that write fails, puts back the old transaction's number and
 * leaves the new one's tables beside it: nobody reads such a page, but it says that an older state than the newest is in force
 * with the tables of a newer one, which is just what a damaged number looks like. */
struct pages_meta {
	uint8_t bytes[152];
};
/* That which the commit of `transaction` is to write over. */
int MUST_CHECK pages_read_meta(int file, size_t page_size, uint64_t transaction, struct pages_meta *ret_meta);
/* Puts it back; whether that came to pass is not known either. */
int MUST_CHECK pages_restore_meta(int file, size_t page_size, uint64_t transaction,
                                  const struct pages_meta *meta);

#endif
