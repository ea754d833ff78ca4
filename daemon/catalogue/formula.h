/* The formula language: numbers, + - * /, parentheses, statistic codes, and functions over time.
 *
 *     1000 * hospital_beds / resident_population
 *     cumulative(new_urban_jobs) / 10000               since the first day of the plan window that holds the
 * period growth(x)              percent against the same period a year before average_growth(x)      percent
 * a year since the same period of the plan window's baseline year (geometric mean) previous(x)            x
 * one period earlier;  baseline(x)  x in the baseline year year_to_date(x)        since 1 January; rolling(x,
 * 12)  over the last 12 periods (flows) min(a, b)  max(a, b)   share_of(x, area)      the part of x that
 * falls in the area or group
 *
 * Parsing turns the text into atoms and a program for a stack machine. An *atom* is one statistic over one
 * window of time in one part of the area: all that evaluation has to look up. Functions over time distribute
 * over their argument: growth(a / b) has four atoms. cumulative, year_to_date and rolling take a single flow
 * statistic. */
#ifndef SUANPAN_CATALOGUE_FORMULA_H
#define SUANPAN_CATALOGUE_FORMULA_H

#include "daemon/base/fault.h"
#include "proto/period.h"
#include <stdbool.h>
#include <stdint.h>

enum formula_window {
	WINDOW_PERIOD,       /* the period itself */
	WINDOW_CUMULATIVE,   /* from the plan window's first day to the period's end */
	WINDOW_YEAR_TO_DATE, /* from 1 January to the period's end */
	WINDOW_ROLLING,      /* `rolling` periods of the evaluated frequency, ending with the period */
};

struct formula_atom {
	uint32_t statistic; /* index into the catalogue */
	enum formula_window window;
	unsigned rolling;
	/* Which period is meant, seen from the evaluated one: the same part of the baseline year if
	 * `baseline`, then `years` and `periods` later (negative: earlier). */
	bool baseline;
	int years, periods;
	uint32_t
	    within; /* share_of: an area or group that cuts the evaluated one; CATALOGUE_NONE: all of it */
};

enum formula_op {
	FORMULA_NUMBER, /* push `number` / 10^`decimals` */
	FORMULA_ATOM,   /* push the value of atoms[`atom`] */
	FORMULA_ADD,
	FORMULA_SUBTRACT,
	FORMULA_MULTIPLY,
	FORMULA_DIVIDE,
	FORMULA_NEGATE,
	FORMULA_MIN,
	FORMULA_MAX,
	FORMULA_AVERAGE_GROWTH, /* pop baseline, pop now: 100 * ((now / baseline)^(1/years) - 1); years =
	                           distance from the baseline year to the evaluated one */
};

struct formula_step {
	enum formula_op op;
	uint32_t atom;
	int64_t number;
	unsigned decimals;
};

#define FORMULA_DEPTH_MAX 32 /* of the stack, and of nesting */
#define FORMULA_ATOMS_MAX 64
#define FORMULA_STEPS_MAX 256

struct formula {
	struct formula_atom *atoms; /* no two alike */
	uint32_t atom_count;
	struct formula_step *steps; /* in order of execution; leaves one number */
	uint32_t step_count;
};

struct formula_error {
	unsigned column; /* 1-based, in characters */
	char text[200];  /* what was found, what was expected, the nearest word */
};

struct catalogue;
struct arena;

enum formula_verdict { FORMULA_REFUSED = 1 };

/* Parses and checks the types; the catalogue needs its areas and statistics by then. The formula lives in
 * `memory`. */
int MUST_CHECK formula_parse(const char *text, const struct catalogue *catalogue, struct arena *memory,
                             struct formula **ret_formula, struct formula_error *ret_error);

/* The finest frequency the formula can be evaluated at: the coarsest native one among its flows and averages;
 * without these, the finest among its stocks and levels. */
enum period_frequency formula_finest_frequency(const struct formula *formula,
                                               const struct catalogue *catalogue);

#endif
