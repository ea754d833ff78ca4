/* The seal of a store at rest: `data.seal` beside `data.mdb`, with a checksum of every page of it.
 *
 * LMDB keeps no checksums, and those of the values cover neither its page structure nor the room that
 * nothing uses. While a seal is there, any changed byte of data.mdb is found and its page named: what was
 * cut off, what was added, and the seal's own bytes too.
 *
 * What always holds: a seal says what data.mdb is, or there is none. It is written once nothing writes any
 * more, after data.mdb itself has been synced, and appears whole (synced, then renamed). It goes before
 * the first byte is written again: removed, and the folder synced. So a process that ends at any moment,
 * and a machine that loses its power at any moment, leave a seal that is right or none; a store that was
 * not closed has none. A store whose write or sync failed is not sealed either: memory may hold what the
 * disk does not (db_close sees to that).
 *
 * A seal says nothing about what was wrong before it was made: the checksums of the values and the
 * journal's chain do.
 *
 * How to hurt yourself: copy a data.mdb over another by hand and leave the seal there. It will be called
 * damaged. */
#ifndef SUANPAN_DB_SEAL_H
#define SUANPAN_DB_SEAL_H

#include "daemon/base/fault.h"
#include <stdint.h>

/* What LMDB calls the one file that lasts (its other one holds readers and locks), and what we put beside
 * it. */
#define SEAL_DATA_FILE "data.mdb"
#define SEAL_FILE      "data.seal"
#define SEAL_PART_FILE "data.seal.part" /* one in the making */

/* Syncs the folder's data.mdb and seals it; an older seal is replaced. The caller knows that nobody
 * writes: it holds the lock of the store, or made the folder and has told nobody. Reads the whole file. */
int MUST_CHECK seal_write(const char *folder);

/* On disk when it answers 0: from now on data.mdb may be written to. Fine if there is no seal. */
int MUST_CHECK seal_remove(const char *folder);

enum seal_verdict {
	SEAL_NONE = 1,    /* nothing to compare with: the store is open somewhere, or was not closed */
	SEAL_DAMAGED = 2, /* each page, or the seal, was named */
};
struct seal_report {
	uint64_t pages, bytes; /* of data.mdb, as it was sealed; 0 where the seal is damaged itself */
	uint64_t damaged;      /* pages */
};
/* Answers 0 when every byte is as it was sealed. `tell` (NULL is fine) gets a sentence for each finding,
 * without a full stop. Takes no lock: where somebody opens the store to write meanwhile, the answer is
 * SEAL_NONE, and what was told by then was true. -ENOENT: neither a seal nor anything to seal. */
int MUST_CHECK seal_verify(const char *folder, void (*tell)(void *context, const char *finding),
                           void *context, struct seal_report *ret_report);

#endif
