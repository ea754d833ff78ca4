/* Rows of cells read once per transaction: the evaluator asks for the same rows for many values. Private to
 * daemon/store. Rows are copied out of the map (its alignment is 2) and live until rows_forget or rows_done.
 */
#ifndef SUANPAN_STORE_ROWS_H
#define SUANPAN_STORE_ROWS_H

#include "daemon/alert/due.h"
#include "daemon/db/db.h"
#include "daemon/indicator/evaluate.h"

struct rows {
	struct db_txn *txn;
	struct rows_entry *table; /* open addressing, capacity a power of two */
	size_t capacity, count;
	uint64_t last_entry; /* cells are as they were after this journal entry */
};

void rows_init(struct rows *rows, struct db_txn *txn);
void rows_forget(struct rows *rows); /* what the transaction writes from here on may have changed them */
/* Before anything is read: cells as they were after that journal entry. */
void rows_go_back(struct rows *rows, uint64_t last_entry);
void rows_done(struct rows *rows);
struct cell_source rows_source(struct rows *rows);
/* Keeps nothing: a row is looked at where it lies. */
struct arrivals rows_arrivals(struct rows *rows);

#endif
