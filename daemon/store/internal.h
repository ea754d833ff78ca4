/* What the files of daemon/store share about the store itself. */
#ifndef SUANPAN_STORE_INTERNAL_H
#define SUANPAN_STORE_INTERNAL_H

#include "daemon/store/layout.h"
#include "daemon/store/store.h"

/* Permanent ids are given per kind, from 1, in the order of first sight. The numbers are on disk. */
enum name_kind { NAME_AREA = 1, NAME_STATISTIC = 2, NAME_INDICATOR = 3, NAME_REPORTER = 4 };

struct store {
	struct db *db;
	struct catalogue *catalogue;
	/* From permanent id to the catalogue's index (CATALOGUE_NONE: no longer in it). */
	uint32_t *area_of_id, *statistic_of_id;
	uint32_t area_ids, statistic_ids; /* lengths of the two */
};

int MUST_CHECK store_read_head(struct db_txn *txn, struct head_record *ret_head);
void store_write_head(struct db_txn *txn, const struct head_record *head);

/* The text of a permanent id; DB_ABSENT. Lives as long as the transaction, is not NUL-terminated. */
int MUST_CHECK store_read_name(struct db_txn *txn, enum name_kind kind, uint32_t id,
                               struct db_value *ret_text);

#endif
