/* Evaluation: the value of a formula, or of a lone statistic, at one area and period, with its coverage.
 *
 * Pure: everything it knows comes through `struct cell_source`. Exact: sums are integers, arithmetic is on
 * exact fractions, rounding happens once at the end (half away from zero).
 *
 * What stands behind a value (matched coverage)
 *   The formula's atoms (see catalogue/formula.h) are looked up per *unit*: the areas, at the coarsest level any of its
 *   statistics is reported at, inside the evaluated area. A statistic of a finer level has a value for a unit once all
 *   its areas inside the unit have one; a unit without such areas never has.
 *   - A stock or level atom has a value at its point: the last native one at or before the period's end, at most
 *     carry_months old. It is *carried* when a newer native period had ended by then.
 *   - A flow or average atom has cells: the native periods of its window. Atoms with windows of one frequency and length
 *     are matched cell by cell, by position: a cell counts only if each of them has it (so a year so far is compared
 *     with the same months of the year before). For days the length is that in months, so that a February is matched
 *     with that of a leap year; its last day then asks nothing of the other.
 *   - A unit is *reported* when all its stock atoms have values and its cells reach from the window's start to the newest
 *     matched cell any unit of the evaluated area has. Everyone else is *missing*, by name.
 *   - The value is over the reported units. One exception makes "the sum so far" useful: if all atoms are flows of one
 *     shape (one matched group), every matched cell counts, also those of units that are behind.
 *   - share_of (`within`) cuts the sum of its atom, not the coverage. A level is never summed: it has a value at areas
 *     of its own level only.
 *   - Status: A; P if a unit is missing or a window is not over yet (the last cell that anyone can have is not there);
 *     else, if observations that count have other statuses than A, that status if it is one, P if they differ.
 *   - An average is summed over areas and its mean taken over the cells of the window that count.
 *   - Every expected unit is either reported or missing. Where the question itself has no answer (VALUE_NO_PLAN,
 *     VALUE_NOT_HERE) nobody is expected. Asked at a finer period than a flow or average is reported in, nothing is
 *     there: VALUE_NO_DATA, and everybody is missing.
 *   - COVERAGE_COMPLETE: no value until no unit is missing.
 *
 * Where codes come and go (struct area: first_day, last_day, successors)
 *   A code is *in force in* a period that lies wholly within its days. What was reported for a code in other periods
 *   counts nowhere.
 *   - Codes that a chain of successors joins, all of them inside the evaluated area, are one unit: before and after, it
 *     is the same ground. So an area by itself has only its own code in its unit, and the city all of them.
 *   - *Expected* are the units with a code in force on the last day of the evaluated period; if there is none in the
 *     evaluated area, those with one on its first day. Nobody else is looked at. A unit goes by the names of its codes
 *     in force on that day: two while they wait to be merged, though it is one unit in `reported` and `expected`.
 *   - A unit needs, in each native period, all its areas in force in it. It has nothing in one in which none is: the
 *     year in whose middle all its codes changed, or those before the first.
 *   - A stock needs an area of the unit in force on the last day its atom means. It is looked for from the newest native
 *     period back, stretch by stretch of periods with the same areas in force: the unit's value is that of the newest
 *     stretch in which each of them has one. So two merged districts' last stocks stand for the new one together, or
 *     not at all, until the new one has reported; and never one of them alone. */
#ifndef SUANPAN_INDICATOR_EVALUATE_H
#define SUANPAN_INDICATOR_EVALUATE_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/formula.h"
#include <stdbool.h>
#include <stdint.h>

/* One current observation: what the store keeps per (statistic, period, area). */
struct cell {
	int64_t value;
	uint64_t entry; /* journal entry that brought it; 0: there is none, the cell is empty */
	char status;    /* SDMX letter; a cell with a status without value counts as empty */
};

#define CELLS_PER_ROW 32
/* The cells of one (statistic, native period) for the 32 areas whose permanent ids share id / 32. */
struct cell_row {
	struct cell cell[CELLS_PER_ROW];
};

/* Where evaluation reads. The row lives until the source's transaction ends; NULL: no cell in it. */
struct cell_source {
	void *context;
	int (*row)(void *context, uint32_t statistic_id, struct period period, uint32_t row_number,
	           const struct cell_row **ret_row);
};

enum value_state {
	VALUE_PRESENT,
	VALUE_NO_DATA,    /* nobody has reported what it needs, or nobody can at so fine a frequency */
	VALUE_INCOMPLETE, /* coverage: complete, and someone is missing */
	VALUE_DIVISION_BY_ZERO,
	VALUE_OVERFLOW, /* beyond what exact arithmetic holds */
	VALUE_NO_PLAN,  /* cumulative, average_growth, baseline: no plan covers the period */
	VALUE_NOT_HERE, /* the area lies below the level a statistic is reported at, or is not of its level */
	VALUE_UNDEFINED, /* a root of a negative number; growth over no years */
};
const char *value_state_text(enum value_state state); /* "division by zero"; static storage */

/* A value travels with its state. `units` means something only under VALUE_PRESENT. */
struct value {
	enum value_state state;
	int64_t units; /* times 10^-decimals of the indicator or statistic */
	char status;
	uint32_t reported, expected;
	uint64_t newest_entry; /* the newest journal entry behind it; 0 without any */
	uint32_t cells; /* observations of any of its atoms found in the area; 0: nothing there at all */
	/* Area indexes of the missing and of the reported that were carried, ascending; from the evaluator, valid
	 * until its next call. A unit of several codes in force has all of them there. */
	const uint32_t *missing, *carried;
	uint32_t missing_count, carried_count;
};

/* Holds scratch memory between evaluations; one thread at a time. */
struct evaluator;
int MUST_CHECK evaluator_new(const struct catalogue *catalogue, struct evaluator **ret_evaluator);
void evaluator_free(struct evaluator *evaluator);

/* Answers 0 (whatever the state), or a fault of the source or of memory. */
int MUST_CHECK evaluate_indicator(struct evaluator *evaluator, uint32_t indicator, uint32_t area,
                                  struct period period, const struct cell_source *source,
                                  struct value *ret_value);
/* A statistic by itself, at any period of its own or a coarser frequency; stocks also at finer ones. */
int MUST_CHECK evaluate_statistic(struct evaluator *evaluator, uint32_t statistic, uint32_t area,
                                  struct period period, const struct cell_source *source,
                                  struct value *ret_value);

/* A formula that belongs to no indicator, rounded to `decimals`. -ENOMEM if it is larger than any before and there is no
 * memory for it. Whether a period is too fine for it is for the asker to say: formula_finest_frequency. */
int MUST_CHECK evaluate_formula(struct evaluator *evaluator, const struct formula *formula, unsigned decimals,
                                enum coverage_policy policy, uint32_t area, struct period period,
                                const struct cell_source *source, struct value *ret_value);

/* What stood behind an evaluation, atom by atom. */
struct explained_atom {
	bool present;           /* something counts, and its total fits: */
	int64_t total;          /* its sum (an average's mean rounded), with the statistic's decimals */
	struct period from, to; /* first and last native period looked at; code 0: none */
};
struct explained_cell {
	uint32_t atom, area; /* indexes: into the formula's atoms, into the areas */
	struct period period;
	struct cell cell;
	bool counted; /* it is in the total */
	bool carried; /* it stands in for a newer native period that had ended */
};
/* Evaluates as evaluate_formula does, then calls `each` for every observation that was found (value.cells times), by
 * atom, period and area; stops at its first answer other than 0 and passes that on. `ret_atoms` has room for
 * formula->atom_count; it and *ret_value are set before the first call. */
int MUST_CHECK evaluate_explain(struct evaluator *evaluator, const struct formula *formula, unsigned decimals,
                                enum coverage_policy policy, uint32_t area, struct period period,
                                const struct cell_source *source, struct value *ret_value,
                                struct explained_atom *ret_atoms,
                                int (*each)(void *context, const struct explained_cell *cell), void *context);

#endif
