/* What the next look at the calendar has to see to, so that it need not see to everything: which figures came in or were taken back
 * since the last look that was noted, when that was, and what was everybody's duty by then.
 *
 * Writing belongs to the writer, inside a write. Applying observations marks by itself what they stir. A look that is not noted
 * forgets nothing: the next one sees to the same again. */
#ifndef SUANPAN_STORE_STIRRED_H
#define SUANPAN_STORE_STIRRED_H

#include "daemon/store/write.h"

struct looked {
	int32_t day;                       /* in China; INT32_MIN: no look was ever noted */
	uint64_t catalogue;                /* the journal's entry with the catalogue in force then */
	uint8_t calendar[STORE_HASH_SIZE]; /* hash of which days before that one were worked */
};
int MUST_CHECK write_looked(struct write *write, struct looked *ret_looked);
int MUST_CHECK write_put_looked(struct write *write, const struct looked *looked);
/* The entry with the catalogue that is in force in this write. */
int MUST_CHECK write_catalogue_entry(struct write *write, uint64_t *ret_entry);

/* Which rows of areas (id / CELLS_PER_ROW) of a period were stirred; ascending by period, then row. `each` must not write; stops at
 * its first answer other than 0 and passes that on. */
int MUST_CHECK write_walk_stirred(struct write *write,
                                  int (*each)(void *context, struct period period, uint32_t row),
                                  void *context);
int MUST_CHECK write_forget_stirred(struct write *write);

/* The hash of what a reporter was to report; all zero where there is none. */
int MUST_CHECK write_duties(struct write *write, uint32_t reporter_id, uint8_t ret_hash[STORE_HASH_SIZE]);
int MUST_CHECK write_put_duties(struct write *write, uint32_t reporter_id,
                                const uint8_t hash[STORE_HASH_SIZE]);
/* Of those for whom `is_there` says no: they have none from here on. */
int MUST_CHECK write_forget_duties(struct write *write, bool (*is_there)(void *context, uint32_t reporter_id),
                                   void *context);

#endif
