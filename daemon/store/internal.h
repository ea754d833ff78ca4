/* What the files of daemon/store share about the store itself, with each other and with daemon/upkeep, which
 * looks behind it. */
#ifndef SUANPAN_STORE_INTERNAL_H
#define SUANPAN_STORE_INTERNAL_H

#include "daemon/store/layout.h"
#include "daemon/store/store.h"
#include <stdatomic.h>

/* Permanent ids are given per kind, from 1, in the order of first sight. The numbers are on disk. */
enum name_kind { NAME_AREA = 1, NAME_STATISTIC = 2, NAME_INDICATOR = 3, NAME_REPORTER = 4 };

struct store {
	struct db *db;
	const struct catalogue *catalogue;
	uint64_t reserve;
	atomic_bool disk_is_low;
	bool clock_is_behind; /* was said; the writer's */
};

/* The newest head at or before `commit` (UINT64_MAX: of all); all zero before the first. */
int MUST_CHECK store_read_head(struct db_txn *txn, uint64_t commit, struct head_record *ret_head);
void store_write_head(struct db_txn *txn, const struct head_record *head);

/* Which catalogue was in force after `commit`; DB_ABSENT before the first. */
int MUST_CHECK store_read_catalogue(struct db_txn *txn, uint64_t commit, struct catalogue_record *ret_record);
/* Permanent ids: those there are (SNAPSHOT_NOTHING if one is missing), or new ones where there are none. */
int MUST_CHECK store_find_ids(struct db_txn *txn, struct catalogue *catalogue);
int MUST_CHECK store_give_ids(struct db_txn *txn, struct catalogue *catalogue);

/* How far a statistic reached after `commit`; DB_ABSENT if it had not been reported. */
int MUST_CHECK store_read_extent(struct db_txn *txn, uint32_t statistic_id, uint64_t commit,
                                 struct extent *ret_extent);

/* The periods that were closed after `commit`; see snapshot_closed. */
int MUST_CHECK store_list_closed(struct db_txn *txn, uint64_t commit, struct closed_period **ret_periods,
                                 size_t *ret_count);

/* The text of a permanent id; DB_ABSENT. Lives as long as the transaction, is not NUL-terminated. */
int MUST_CHECK store_read_name(struct db_txn *txn, enum name_kind kind, uint32_t id,
                               struct db_value *ret_text);

#endif
