/* Runs a formula's program on the values of its atoms. Pure, exact, any thread. */
#ifndef SUANPAN_INDICATOR_COMPUTE_H
#define SUANPAN_INDICATOR_COMPUTE_H

#include "daemon/indicator/evaluate.h"
#include "daemon/indicator/fraction.h"

/* `atoms`: one value per atom of the formula; `years`: from the baseline year to the evaluated one. */
enum value_state MUST_CHECK compute_formula(const struct formula *formula, const struct fraction *atoms,
                                            int years, struct fraction *ret_result);

#endif
