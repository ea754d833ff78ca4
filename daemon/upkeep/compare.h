/* Two stores side by side, table by table: the same bytes, or the first keys that differ, in words. */
#ifndef SUANPAN_UPKEEP_COMPARE_H
#define SUANPAN_UPKEEP_COMPARE_H

#include "daemon/db/db.h"
#include "daemon/db/tables.h"
#include "daemon/upkeep/findings.h"
#include "daemon/upkeep/progress.h"

/* Every table that a digest covers. `here` is the store that is checked, `rebuilt` what its journal gives.
 * A value of `here` that does not verify is passed over: that is another finding. */
int MUST_CHECK compare_stores(struct db_txn *here, struct db_txn *rebuilt, struct progress *progress,
                              struct findings *findings);

#endif
