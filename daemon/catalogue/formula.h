/* The formula language: numbers, + - * /, parentheses, statistic codes, and functions over time.
 *
 *     1000 * hospital_beds / resident_population
 *
 *     cumulative(x)       since the first day of the plan window that holds the period
 *     year_to_date(x)     since 1 January
 *     rolling(x, 12)      over the last 12 periods
 *     previous(x)         x one period earlier
 *     baseline(x)         x in the baseline year of the plan window
 *     growth(x)           percent against the same period a year before
 *     average_growth(x)   percent a year since the same period of the baseline year (geometric mean)
 *     share_of(x, area)   the share of x, 0 to 1, that falls in the area or group
 *     min(x, y) max(x, y)
 *
 * Parsing turns the text into atoms and a program for a stack machine. An *atom* is one statistic over one
 * window of time in one part of the area: all that evaluation has to look up. Functions over time distribute
 * over their argument: growth(a / b) has four atoms. What would not be exact that way is refused: cumulative,
 * year_to_date and rolling take a single flow statistic; share_of takes sums and differences of statistics
 * that add up over areas; baseline and average_growth, which ask what the evaluated period's plan window is,
 * stand in no other function over time. */
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

#define FORMULA_LENGTH_MAX 2000 /* bytes of text */
#define FORMULA_DEPTH_MAX  32   /* of the stack, and of nesting */
#define FORMULA_ATOMS_MAX  64
#define FORMULA_STEPS_MAX  256

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

/* Parses and checks the types; the catalogue needs its areas and statistics by then. Any bytes may be in
 * `text`; it is not kept. The formula lives in `memory`. Answers 0, FORMULA_REFUSED (only then *ret_error is
 * set), or -ENOMEM. */
int MUST_CHECK formula_parse(const char *text, const struct catalogue *catalogue, struct arena *memory,
                             struct formula **ret_formula, struct formula_error *ret_error);

/* The finest frequency the formula can be evaluated at: the coarsest native one among its flows and averages;
 * without these, the finest among its stocks and levels. */
enum period_frequency formula_finest_frequency(const struct formula *formula,
                                               const struct catalogue *catalogue);

/* Whether the word is one of the functions, and so cannot be a statistic's code. */
bool formula_is_function(const char *word);
/* Whether a statistic of this code can be named in a formula: a letter, then letters, digits and '_'. */
bool formula_can_name(const char *code);

#endif
