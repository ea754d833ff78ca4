/* What write.c, apply.c and values.c share about a write. */
#ifndef SUANPAN_STORE_WRITE_INTERNAL_H
#define SUANPAN_STORE_WRITE_INTERNAL_H

#include "daemon/store/internal.h"
#include "daemon/store/rows.h"
#include "daemon/store/write.h"

/* An observation waiting to be applied. */
struct pending {
	const struct observation *observation;
	uint64_t entry;
};

struct write {
	struct store *store;
	struct db_txn *txn;
	struct rows rows;
	struct head_record head;
	int64_t wall_ms;
	bool changed;

	struct pending *pending;
	size_t pending_count, pending_capacity;
	struct touched *touched;
	size_t touched_count, touched_capacity;
	struct extent_move *moves;
	size_t move_count, move_capacity;
	struct total_change *changes;
	size_t change_count, change_capacity;
};

/* Makes room for one more element of `size` bytes; the array may move. */
int MUST_CHECK write_grow(void **array, size_t count, size_t *capacity, size_t size);

#endif
