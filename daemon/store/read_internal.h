/* What read.c and alerts.c share about a snapshot. */
#ifndef SUANPAN_STORE_READ_INTERNAL_H
#define SUANPAN_STORE_READ_INTERNAL_H

#include "daemon/store/internal.h"
#include "daemon/store/rows.h"
#include "daemon/store/store.h"

struct snapshot {
	struct store *store;
	struct db_txn *txn;
	struct rows rows;
	struct moment moment;           /* everything is read as it stood then */
	bool past;                      /* it is not the newest */
	char name[CODE_LENGTH_MAX + 1]; /* of the last snapshot_reporter_code */
};

#endif
