/* From one catalogue to the next: what may change while data is there, and what a change means for what is derived. Pure. */
#ifndef SUANPAN_CATALOGUE_CHANGE_H
#define SUANPAN_CATALOGUE_CHANGE_H

#include "daemon/catalogue/catalogue.h"

/* Stored numbers mean something only with their statistic's decimals, frequency, level and kind of adding up: once it has been
 * reported (`is_reported`, by its index in `before`) these stay. Every violation is a line on `errors`. Answers 0 or
 * CATALOGUE_REFUSED. */
int MUST_CHECK catalogue_check_change(const struct catalogue *before, const struct catalogue *after,
                                      bool (*is_reported)(void *context, uint32_t statistic), void *context,
                                      FILE *errors);

/* Whether totals of one may be wrong for the other: an area counts towards other aggregates, or a statistic adds up
 * where it did not. */
bool catalogue_totals_differ(const struct catalogue *before, const struct catalogue *after);

/* Whether a file differs that any figure depends on: all but those that say only who may report and ask, and what is looked
 * at when a report comes. */
bool catalogue_figures_may_differ(const struct catalogue_files *before, const struct catalogue_files *after);

#endif
