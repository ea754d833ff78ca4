/* A look at calendar and targets: what is to be raised now, and what is settled. In one write, by the writer.
 *
 * Everything comes from the store, the catalogue in force and the time of the commit, so that a replay of the journal raises and
 * resolves the same. What the kinds of alert mean stands in daemon/alert/. Nothing is overdue, and no plan is looked at, that
 * ended before the store began. */
#ifndef SUANPAN_LOOKS_H
#define SUANPAN_LOOKS_H

#include "daemon/indicator/evaluate.h"
#include "daemon/store/write.h"

/* What the writer remembers between two looks, so that it need not judge and forecast targets again of which no figure has changed
 * on the same day. It only spares work: with an empty one a look comes to the same. Each write is to be framed by begin and end
 * (it has done what it does; whether it is then committed does not matter); after writes that were not, everything is looked at. */
struct look_memory;
int MUST_CHECK look_memory_new(const struct catalogue *catalogue, struct look_memory **ret_memory);
void look_memory_free(struct look_memory *memory); /* NULL is fine */
void look_memory_begin(struct look_memory *memory, const struct write *write);
void look_memory_end(struct look_memory *memory, const struct write *write);
/* Instead of end: the write was a look that went well. */
void look_memory_settle(struct look_memory *memory, const struct write *write);

/* At the calendar only what can have changed since the last look that was noted in the journal is seen again (store/stirred.h): what
 * has become due, periods for which figures came in or were taken back, and everything that is a reporter's whose duties
 * the catalogue has changed. Where nothing comes of it the write stays without changes, and so the next look sees to the
 * same again; but when it was much, it is noted all the same. */
int MUST_CHECK look_around(struct write *write, const struct catalogue *catalogue,
                           struct evaluator *evaluator, struct look_memory *memory);

/* In the write of the reports themselves, after write_apply: what soft rules question is raised, and what no longer is questioned is
 * settled. A figure that is questioned in the place of another that was is another alert. */
int MUST_CHECK look_at_questions(struct write *write, const struct catalogue *catalogue);

#endif
