/* Every figure that the daemon gives, against what the ledger alone makes of it with the second evaluator of tests/lib/world_naive. */
#ifndef SUANPAN_TESTS_TORTURE_FIGURES_H
#define SUANPAN_TESTS_TORTURE_FIGURES_H

#include "tests/torture/ledger.h"

struct figures; /* what the daemon said, at one moment */

/* Asks the daemon at `url` for its state and every series. NULL if it does not answer; *ret_complaint then says why. */
struct figures *figures_ask(void *zmq_context, const char *url, char **ret_complaint);
void figures_free(struct figures *figures);
/* The daemon's journal entries then, reports and catalogues; and how many of the reports were refused. */
uint64_t figures_entries(const struct figures *figures);

/* Compares with the reports of the ledger whose journal entry the daemon had by then. A complaint, or NULL. Figures that
 * `percent` leaves out are not looked at: the second evaluator is thorough, not fast. */
char *figures_compare(const struct figures *figures, const struct ledger *ledger, unsigned percent,
                      struct random_source *random);
/* Whether the daemon has as many reports as the ledger, which must be quiet: nothing twice, and nothing more. */
char *figures_count(const struct figures *figures, const struct ledger *ledger);

#endif
