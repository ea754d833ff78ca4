/* Exact fractions: what a formula is computed in until its one rounding at the end.
 *
 * Numerator and denominator are 128 bits wide; the denominator is always positive. Nothing wraps and nothing
 * is rounded silently: a result that does not fit even in lowest terms is a verdict. The functions that
 * cannot be exact, the roots in fraction_growth and fraction_power, say how near they come. Any thread. */
#ifndef SUANPAN_INDICATOR_FRACTION_H
#define SUANPAN_INDICATOR_FRACTION_H

#include "daemon/base/fault.h"
#include "daemon/base/int128.h"
#include <stdint.h>

__extension__ typedef unsigned __int128 uint128;

/* Plain value, not necessarily in lowest terms; make it with the functions below. */
struct fraction {
	int128 over; /* numerator; never the most negative int128, so that it can be negated */
	int128 under;
};

enum fraction_verdict {
	FRACTION_OVERFLOW = 1,
	FRACTION_DIVISION_BY_ZERO = 2, /* 0 / 0 too */
	FRACTION_UNDEFINED = 3,        /* a root of a negative number; growth over no years */
};

struct fraction fraction_of_integer(int64_t number);
/* units * 10^-decimals; decimals 0..18. */
struct fraction fraction_of_decimal(int64_t units, unsigned decimals);
/* The same of a total of many int64 (|total| < 2^126), shared out over `parts` (positive). */
int MUST_CHECK fraction_of_total(int128 total, unsigned decimals, uint32_t parts,
                                 struct fraction *ret_fraction);

/* The results may be one of the arguments. */
int MUST_CHECK fraction_add(struct fraction a, struct fraction b, struct fraction *ret_sum);
int MUST_CHECK fraction_subtract(struct fraction a, struct fraction b, struct fraction *ret_difference);
int MUST_CHECK fraction_multiply(struct fraction a, struct fraction b, struct fraction *ret_product);
int MUST_CHECK fraction_divide(struct fraction a, struct fraction b, struct fraction *ret_quotient);
struct fraction fraction_negate(struct fraction a);
/* Below 0, 0, above 0 as a < b, a = b, a > b. Always exact. */
int fraction_compare(struct fraction a, struct fraction b);

/* 100 * ((now / before)^(1/years) - 1): percent a year. */
int MUST_CHECK fraction_growth(struct fraction now, struct fraction before, int years,
                               struct fraction *ret_percent);

/* base^(over / under): the share of a growth that falls in a part of its time. For a positive base and 0 <= over <= under,
 * FRACTION_UNDEFINED else. The whole and none of it are exact. */
int MUST_CHECK fraction_power(struct fraction base, int over, int under, struct fraction *ret_power);

/* To units of 10^-decimals (0..18), half away from zero. FRACTION_OVERFLOW only where the units do not fit.
 */
int MUST_CHECK fraction_round(struct fraction a, unsigned decimals, int64_t *ret_units);

#endif
