/* Makes a store say again what its journal says: entry by entry, through the pipeline that decided them.
 *
 * The same entries in the same commits, at the same times, with the catalogues that were in force then,
 * give the same bytes in every table but two: `meta` (the store's format), and `refusals` (kept for the
 * operator's eyes; the journal holds only that a sequence was used up, and by which bytes). So a replayed
 * store is compared with the original by a digest (digest.h). After every commit the hash of the journal
 * made must be the one of the journal read. */
#ifndef SUANPAN_UPKEEP_REPLAY_H
#define SUANPAN_UPKEEP_REPLAY_H

#include "daemon/base/fault.h"
#include "daemon/journal/journal.h"
#include "daemon/store/store.h"
#include "daemon/upkeep/progress.h"
#include <stdio.h>

struct replay;

/* The store may be empty, or hold the first part of the same history (a restored backup): it goes on from
 * there. What is wrong with the entries is said in a line on `errors`. */
int MUST_CHECK replay_new(struct store *store, FILE *errors, struct replay **ret_replay);
void replay_free(
    struct replay *replay); /* NULL is fine; before the store is closed, which is not written to any more */

enum replay_verdict { REPLAY_REFUSED = 1 };

/* Everything from `source`, whose first entry is the one behind the store's newest, up to entry `last` or
 * its end. 0: all is in the store. REPLAY_REFUSED: an entry is missing, changed, or is not accepted any
 * more, and stands on `errors`; what came in earlier commits is in the store. A fault, or another verdict
 * of the source: as that, without a line. Every step is told to `progress`. */
int MUST_CHECK replay_run(struct replay *replay, const struct journal_source *source, uint64_t last,
                          struct progress *progress);
/* The newest entry that is in the store. */
uint64_t replay_entry(const struct replay *replay);

#endif
