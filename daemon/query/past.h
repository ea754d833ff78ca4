/* Catalogues that are not the one the daemon started with: built again from the journal, and kept for the next question.
 * Belongs to the query thread. */
#ifndef SUANPAN_QUERY_PAST_H
#define SUANPAN_QUERY_PAST_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/indicator/evaluate.h"
#include "daemon/store/store.h"

struct past;

int MUST_CHECK past_new(struct past **ret_past);
void past_free(struct past *past); /* NULL is fine */

/* The catalogue in force at the snapshot's moment, with an evaluator of its own; both live until three more have been found.
 * SNAPSHOT_NOTHING: none was in force yet. */
int MUST_CHECK past_find(struct past *past, struct snapshot *snapshot, const struct catalogue **ret_catalogue,
                         struct evaluator **ret_evaluator);

#endif
