/* A fresh store from the journal of another, or from an archive. */
#ifndef SUANPAN_UPKEEP_REBUILD_H
#define SUANPAN_UPKEEP_REBUILD_H

#include "daemon/base/fault.h"
#include "daemon/db/db.h"
#include "daemon/journal/journal.h"
#include "daemon/upkeep/progress.h"
#include <stdio.h>

/* The entries of a store's journal, as a source: from `entry` on. */
struct store_entries {
	struct db_txn *txn; /* stays open meanwhile */
	uint64_t entry;     /* the next */
};
struct journal_source store_entries_source(struct store_entries *entries);

enum rebuild_verdict { REBUILD_REFUSED = 1 }; /* the sentence stands on `errors` */

/* Makes a store in `folder`, which is not there yet, of the entries up to `last`, and syncs it. What a
 * failure leaves of it is the caller's to remove. *ret_entry: the newest entry in it, also after
 * REBUILD_REFUSED. */
int MUST_CHECK rebuild_store(const char *folder, const struct journal_source *source, uint64_t last,
                             FILE *errors, struct progress *progress, uint64_t *ret_entry);
/* Removes the files of a store and its folder; whatever else is in it stays, and the folder with it. */
void rebuild_remove(const char *folder);

#endif
