/* What there is to say of a plan's row besides its figures, in the query's language: how far its value can be relied on,
 * that it is of another period than was asked for, that its target was cancelled, is another area's, or begins to count
 * later. Private to daemon/query. */
#ifndef SUANPAN_QUERY_NOTE_H
#define SUANPAN_QUERY_NOTE_H

#include "daemon/query/wording.h"

struct note_basis {
	const struct plan *plan;
	const struct target *target;
	struct period period, asked; /* the row's figure is of `period` */
	uint32_t area;               /* where the target is looked at */
	const struct kept_value *kept;
};

/* NULL: nothing. */
char *note_on_target(struct wording *words, const struct note_basis *basis);

#endif
