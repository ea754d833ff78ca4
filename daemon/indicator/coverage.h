/* Coverage: which units stand behind a formula's atoms at one area and period, and the exact total of each
 * atom over them. What counts is defined in evaluate.h.
 *
 * Holds the scratch memory of one evaluator. It is allocated in coverage_new for every formula of the catalogue; only
 * a larger one, asked from outside, makes it grow. */
#ifndef SUANPAN_INDICATOR_COVERAGE_H
#define SUANPAN_INDICATOR_COVERAGE_H

#include "daemon/indicator/evaluate.h"
#include "daemon/indicator/fraction.h"
#include "daemon/indicator/places.h"
#include "daemon/indicator/trail.h"

struct coverage;

int MUST_CHECK coverage_new(const struct catalogue *catalogue, struct coverage **ret_coverage);
void coverage_free(struct coverage *coverage); /* NULL is fine */
const struct places *coverage_places(const struct coverage *coverage);

struct covered {
	bool no_plan; /* an atom's window needs a plan, and none covers the period */
	bool present; /* something counts: `atoms` holds the total (or mean) of each atom */
	const struct fraction *atoms;
	bool overflow;         /* a total does not fit */
	bool under_way;        /* a window is not over yet */
	uint32_t statuses;     /* of the observations that count: bit 0 for A, 1 for B and so on */
	uint64_t newest_entry; /* of these */
	uint32_t cells;        /* observations found for any atom */
	uint32_t expected, reported;
	const uint32_t *missing, *carried; /* valid until the next call */
	uint32_t missing_count, carried_count;
};

/* `area` must be one that places_allow allows. `trail`: NULL, or where every observation found is noted. Answers 0, a
 * fault of the source, or -ENOMEM. */
int MUST_CHECK coverage_gather(struct coverage *coverage, const struct formula *formula, uint32_t area,
                               struct period period, const struct cell_source *source, struct trail *trail,
                               struct covered *ret_covered);
/* First and last native period the last gathering looked at for an atom. False: none. */
bool coverage_window(const struct coverage *coverage, uint32_t atom, struct period *ret_from,
                     struct period *ret_to);

#endif
