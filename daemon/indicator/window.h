/* Windows: which native periods an atom of a formula looks at, seen from an evaluated period; and the other
 * way round, from which evaluated periods a native one can be seen.
 *
 * Both directions stand in one file because they must agree: window_reach never leaves out a period whose
 * window_find sees the native one, and the first and last of each stretch it names do. Pure; any thread. */
#ifndef SUANPAN_INDICATOR_WINDOW_H
#define SUANPAN_INDICATOR_WINDOW_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/formula.h"
#include <stdbool.h>
#include <stdint.h>

/* Stocks and levels have a value at a point in time, flows and averages over a stretch of it. */
bool window_is_point(const struct statistic *statistic);

struct window {
	struct period meant; /* the evaluated period, shifted */
	/* Points: the newest native period that had ended with it, and how many from there back are young
	 * enough to stand in. Others: the first of `cells` native periods. */
	struct period first;
	uint32_t cells; /* at least 1 */
	/* Atoms whose windows agree in native frequency and length are matched. In native periods; for
	 * windows of days in months, so that a February is matched with that of a leap year. */
	uint32_t length;
};

enum window_verdict {
	WINDOW_NO_PLAN = 1, /* it needs a plan, and none covers the period */
	WINDOW_EMPTY = 2,   /* no native period can lie in it: too fine for the statistic, or before 1900 */
};

int MUST_CHECK window_find(const struct catalogue *catalogue, const struct formula_atom *atom,
                           struct period period, struct window *ret_window);

/* The native period `position` places into the window (points: `position` places back from the newest). */
struct period window_cell(const struct window *window, bool point, uint32_t position);

/* Whether the atom, evaluated at `period`, looks at `native`. For points `hider`, if its code is not 0, is a newer native
 * one that stands in its way wherever it has ended. */
bool window_sees(const struct catalogue *catalogue, const struct formula_atom *atom, struct period period,
                 struct period native, struct period hider);

/* Calls `each` for stretches (of one frequency, ascending, first <= last) that together hold every evaluated period of
 * `frequency` from which the atom sees `native`. Stops at the first answer other than 0 and passes it on. */
typedef int window_sink(void *context, struct period first, struct period last);
int MUST_CHECK window_reach(const struct catalogue *catalogue, const struct formula_atom *atom,
                            struct period native, struct period hider, enum period_frequency frequency,
                            window_sink *each, void *context);

/* The last evaluated period of `frequency` from which the atom may see `native` or anything older. False:
 * none.
 */
bool window_horizon(const struct catalogue *catalogue, const struct formula_atom *atom, struct period native,
                    enum period_frequency frequency, struct period *ret_last);

#endif
