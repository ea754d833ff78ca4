/* Is every byte of the store what was written, and all of it what the journal gives?
 *
 *     seal        where the store was closed: each page of the file
 *     pages       each in one place only, where it says it is, or free
 *     checksums   each value of each table, in its place and in order
 *     journal     entries without a gap, each payload's hash, each entry's link to the one before, the
 *                 head's hash
 *     archive     each record of each segment, the chain through them, and that it is this journal
 *     rebuild     every table again from the journal alone, compared key by key
 *
 * Reads a snapshot (store_open_reader), so it may run beside a daemon, which goes on; the store's file
 * grows meanwhile by what the snapshot keeps from being used again. */
#ifndef SUANPAN_UPKEEP_CHECK_H
#define SUANPAN_UPKEEP_CHECK_H

#include "daemon/base/fault.h"
#include "daemon/upkeep/findings.h"

struct check {
	const char *store;   /* folder */
	const char *archive; /* folder; NULL: none is kept */
	/* A folder that is not there yet: the rebuilt store, which needs as much room as the one that is
	 * checked, and is removed again. NULL: no rebuild. */
	const char *scratch;
	FILE *progress; /* NULL: none is told */
	/* 0; or the table to go on with after one whose pages have ended the process: nothing is rebuilt
	 * then. */
	unsigned first_table;
};

enum upkeep_verdict { UPKEEP_DAMAGED = 1 };

/* In this process, which damaged pages may end by a signal: see check_guarded. 0: clean. -ENOENT: no store
 * there. FAULT_FORMAT: newer than this program. Other faults: it could not be checked (no room for the
 * rebuilt store, say). */
int MUST_CHECK check_store(const struct check *check, struct findings *findings);
/* The same in a process of its own, so that damaged pages end that one: then it is UPKEEP_DAMAGED, too.
 * Prints on standard output. A signal that asks this process to stop ends both, and the scratch is removed
 * first. */
int MUST_CHECK check_guarded(const struct check *check);

#endif
