/* Outlooks (plan/outlook.h) from a question's snapshot, and their words. Private to daemon/query. */
#ifndef SUANPAN_QUERY_PROSPECT_H
#define SUANPAN_QUERY_PROSPECT_H

#include "daemon/plan/outlook.h"
#include "daemon/query/question.h"

/* What is known of the periods that had ended by the question's moment, and by the end of `until` (code 0: no other bound).
 * `source` is the caller's, and set here; it must live as long as the basis. */
struct outlook_basis question_basis(struct question *question, struct period until,
                                    struct cell_source *source);

/* An estimate as a value of so many decimals prints; NULL where it is beyond all values. */
char *wording_estimate(struct wording *words, double estimate, unsigned decimals);
/* What a target aims at: a number, or the series that is followed. */
char *wording_aim(struct wording *words, const struct target *target);
/* Rounded to `decimals`; NULL where there is none, or it does not fit. */
char *wording_plan_number(struct wording *words, const struct plan_number *number, unsigned decimals);

#endif
