/* What write.c, apply.c and values.c share about a write. */
#ifndef SUANPAN_STORE_WRITE_INTERNAL_H
#define SUANPAN_STORE_WRITE_INTERNAL_H

#include "daemon/alert/alert.h"
#include "daemon/store/internal.h"
#include "daemon/store/rows.h"
#include "daemon/store/write.h"

/* An observation waiting to be applied. */
struct pending {
	const struct observation *observation;
	uint64_t entry;
};

struct stirred_row {
	uint32_t period, row;
};

struct write {
	struct store *store;
	const struct catalogue *catalogue; /* the store's, or the one being adopted */
	struct db_txn *txn;
	struct rows rows;
	struct head_record head;
	bool changed;
	struct period asked; /* the last one that write_is_closed was asked for; code 0: none */
	bool asked_is_closed;

	struct pending *pending;
	size_t pending_count, pending_capacity;
	struct touched *touched;
	size_t touched_count, touched_capacity;
	struct questioned *questioned;
	size_t questioned_count, questioned_capacity;
	struct touched *settled;
	size_t settled_count, settled_capacity;
	struct extent_move *moves;
	size_t move_count, move_capacity;
	struct total_change *changes;
	size_t change_count, change_capacity;

	struct stirred_row *stirred; /* figures came in or were taken back; not sorted, not once each */
	size_t stirred_count, stirred_capacity;

	struct alert *alerts; /* raised or changed */
	size_t alert_count, alert_capacity;
	bool watched_otherwise; /* something else is remembered of what alerts are about */
};

/* What an observation adds to the totals of every aggregate it counts towards, where `before` stood; waits for
 * write_apply_totals. */
int MUST_CHECK write_note_totals(struct write *write, const struct observation *observation,
                                 struct slot_record before);
int MUST_CHECK write_apply_totals(struct write *write);

/* What an observation means for the next look, where `before` stood; waits for write_apply_stirred. */
int MUST_CHECK write_note_stirred(struct write *write, const struct observation *observation,
                                  struct slot_record before);
int MUST_CHECK write_apply_stirred(struct write *write);

/* Drops a value that is kept under this key. */
int MUST_CHECK write_drop_value(struct write *write, const struct db_key *key);

/* Makes room for one more element of `size` bytes; the array may move. */
int MUST_CHECK write_grow(void **array, size_t count, size_t *capacity, size_t size);

#endif
