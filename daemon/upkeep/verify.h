/* The parts of a check that look at one thing each and add to the findings. A fault is only what kept them
 * from looking. */
#ifndef SUANPAN_UPKEEP_VERIFY_H
#define SUANPAN_UPKEEP_VERIFY_H

#include "daemon/db/db.h"
#include "daemon/db/tables.h"
#include "daemon/upkeep/findings.h"

/* Every byte of the file is as it was when the store was closed, if it is closed and has its seal
 * (db/seal.h). */
int MUST_CHECK verify_seal(const char *folder, struct findings *findings);
/* Every page is in one place only, where it says it is, and is not free (db/pages.h). */
int MUST_CHECK verify_pages(struct db *db, struct findings *findings);
/* Every value of every table from the `first` on verifies, keys ascend, each is found where it is looked
 * for, and there are as many as the table says. */
int MUST_CHECK verify_tables(struct db_txn *txn, enum table first, struct findings *findings);
/* The journal is whole up to the head: no entry is missing, changed, or made for another payload. */
int MUST_CHECK verify_journal(struct db_txn *txn, struct findings *findings);

/* Every byte of the archive: each record, the chain through all segments, and that it is this journal.
 * `newest` is the newest entry that was in it before the snapshot began, for a daemon may add more
 * meanwhile. */
int MUST_CHECK verify_archive(struct db_txn *txn, const char *folder, uint64_t newest,
                              struct findings *findings);

#endif
