/* The observations behind a value, gathered so that they can be shown or compared. Private to daemon/query. */
#ifndef SUANPAN_QUERY_INPUTS_H
#define SUANPAN_QUERY_INPUTS_H

#include "daemon/query/question.h"

#define INPUTS_MAX 200000

struct inputs {
	struct value value; /* lists of areas are not kept */
	struct explained_atom atoms[FORMULA_ATOMS_MAX];
	struct explained_cell *cells; /* by atom, period and area */
	size_t count, capacity;
};

/* Evaluates the subject at area and period from `source`, to `decimals`. A value with more than INPUTS_MAX observations behind it is
 * refused. Give the inputs to inputs_done in every case. */
int MUST_CHECK inputs_gather(struct question *question, const struct subject *subject, unsigned decimals,
                             uint32_t area, struct period period, const struct cell_source *source,
                             struct inputs *ret_inputs);
void inputs_done(struct inputs *inputs);

#endif
