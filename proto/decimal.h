/* Exact decimal numbers: an int64 count of units of 10^-decimals. 12.50 with two decimals is 1250.
 *
 * Reading takes numbers as people type them (see decimal_parse) and refuses everything that would have to be
 * guessed at; nothing is ever rounded on the way in. */
#ifndef SUANPAN_PROTO_DECIMAL_H
#define SUANPAN_PROTO_DECIMAL_H

#include "daemon/base/fault.h"
#include <stddef.h>
#include <stdint.h>

#define DECIMAL_PLACES_MAX 9
#define DECIMAL_TEXT_SIZE  sizeof "-9223372036.854775808"

enum decimal_verdict {
	DECIMAL_EMPTY = 1,           /* nothing there */
	DECIMAL_NOT_A_NUMBER = 2,    /* a character that has no place in a number, or in that place */
	DECIMAL_FULL_WIDTH = 3,      /* digits or signs of the full-width forms (U+FF0B..U+FF19) */
	DECIMAL_BAD_GROUPING = 4,    /* commas that do not stand every three digits: 1,86,766 */
	DECIMAL_TOO_MANY_PLACES = 5, /* more non-zero decimals than the statistic has */
	DECIMAL_OUT_OF_RANGE = 6,    /* does not fit an int64 of units */
};

/* "1867660", "1,867,660", "-3", "+3", "12.50" (trailing zeros beyond `decimals` are fine), blanks around are
 * fine. Not: "1e5", "0x10", "1 867", "12.", ".5", full-width digits. Answers 0 or a decimal_verdict. */
int MUST_CHECK decimal_parse(const char *text, size_t length, unsigned decimals, int64_t *ret_units);
/* What was wrong, as a sentence fragment ("commas must stand every three digits"). Static storage. */
const char *decimal_verdict_text(int verdict);
/* Exactly `decimals` places, no grouping: 186766 with 2 -> "1867.66". */
void decimal_format(int64_t units, unsigned decimals, char ret_text[DECIMAL_TEXT_SIZE]);
/* Another number of places, exactly: DECIMAL_TOO_MANY_PLACES if digits would be lost, DECIMAL_OUT_OF_RANGE.
 */
int MUST_CHECK decimal_rescale(int64_t units, unsigned from, unsigned to, int64_t *ret_units);
/* 10^exponent for 0..18. */
int64_t decimal_power(unsigned exponent);

#endif
