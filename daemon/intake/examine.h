/* Does a row of a report agree with what else is known? The rules of the catalogue that need more than the row: relations
 * between statistics (hard), and what is questioned (soft). Pure: what is known comes through `struct standing`.
 *
 * What the rules look at is the state as the report would leave it, so it does not matter which half of a relation comes first:
 * it waits for the other, and whichever comes later is refused.
 *
 * What is questioned, and what not
 *   - Only rows of status A and P are questioned. Who says E, F, B or V has said already that the figure is not an ordinary
 *     one; a declared break (B) is not a jump. A and P become V when a soft rule questions the row.
 *   - The history is what stands for the same area in the native periods before, `history` of them at most, back to the
 *     newest break. Forecasts (F) are none of it, nor is what is questioned still (V): a figure that was doubted does not make
 *     the next one usual. A period without a figure is passed over: the change is then from the last one there is.
 *   - Peers are the other areas of the same level with a figure for the same period, and what they are divided by is their
 *     newest figure at or before it, within its `carry`. V counts neither here nor there, F neither. */
#ifndef SUANPAN_INTAKE_EXAMINE_H
#define SUANPAN_INTAKE_EXAMINE_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/observation.h"
#include "daemon/intake/remarks.h"
#include <stddef.h>

enum standing_verdict { STANDING_NOTHING = 1 };

struct figure {
	int64_t value;
	char status; /* one that has a value, or 0: nothing stands there */
};

/* What would stand once the report is in: its own rows, then those that wait for the same commit, then the store's. */
struct standing {
	void *context;
	int (*read)(void *context, uint32_t statistic, uint32_t area, struct period period,
	            struct figure *ret_figure);
};

/* Holds scratch memory; one thread at a time. */
struct examiner;
int MUST_CHECK examiner_new(const struct catalogue *catalogue, struct examiner **ret_examiner);
void examiner_free(struct examiner *examiner); /* NULL is fine */

/* A problem for each relation that would not hold. Answers 0, or a fault of the standing. */
int MUST_CHECK examine_relations(struct examiner *examiner, const struct standing *standing,
                                 const struct observation *observation, size_t row, struct remarks *problems);
/* A warning for each soft rule that questions the row; it then has status V. */
int MUST_CHECK examine_doubts(struct examiner *examiner, const struct standing *standing,
                              struct observation *observation, size_t row, struct remarks *warnings);

#endif
