/* A look at calendar and targets: what is to be raised now, and what is settled. In one write, by the writer.
 *
 * Everything comes from the store, the catalogue in force and the time of the commit, so that a replay of the journal raises and
 * resolves the same. What the kinds of alert mean stands in daemon/alert/. Nothing is overdue, and no plan is looked at, that
 * ended before the store began. */
#ifndef SUANPAN_LOOKS_H
#define SUANPAN_LOOKS_H

#include "daemon/indicator/evaluate.h"
#include "daemon/store/write.h"

/* Where it finds that nothing is to be done the write stays without changes. */
int MUST_CHECK look_around(struct write *write, const struct catalogue *catalogue,
                           struct evaluator *evaluator);

/* In the write of the reports themselves, after write_apply: what soft rules question is raised, and what no longer is questioned is
 * settled. A figure that is questioned in the place of another that was is another alert. */
int MUST_CHECK look_at_questions(struct write *write, const struct catalogue *catalogue);

#endif
