#include "proto/decimal.h"

#include <assert.h>
#include <stdbool.h>

static const int64_t POWERS[] = {
    INT64_C(1),
    INT64_C(10),
    INT64_C(100),
    INT64_C(1000),
    INT64_C(10000),
    INT64_C(100000),
    INT64_C(1000000),
    INT64_C(10000000),
    INT64_C(100000000),
    INT64_C(1000000000),
    INT64_C(10000000000),
    INT64_C(100000000000),
    INT64_C(1000000000000),
    INT64_C(10000000000000),
    INT64_C(100000000000000),
    INT64_C(1000000000000000),
    INT64_C(10000000000000000),
    INT64_C(100000000000000000),
    INT64_C(1000000000000000000),
};
#define EXPONENT_MAX (sizeof POWERS / sizeof POWERS[0] - 1)

static const char *const VERDICTS[] = {
    [DECIMAL_EMPTY] = "there is no number",
    [DECIMAL_NOT_A_NUMBER] = "not a number; write it in plain digits, such as -1234.5",
    [DECIMAL_FULL_WIDTH] = "full-width digits or signs; write it in ASCII digits",
    [DECIMAL_BAD_GROUPING] = "commas must stand every three digits",
    [DECIMAL_TOO_MANY_PLACES] = "more decimals than are kept here",
    [DECIMAL_OUT_OF_RANGE] = "the number is too large to be kept",
};

/* The parts of a number as typed, once its form is known to be good. */
struct spelling {
	bool is_negative;
	const char *whole; /* digits and commas */
	const char *whole_end;
	const char *fraction; /* digits only; empty where there is no point */
	const char *end;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* U+FF0B to U+FF19 are EF BC 8B to EF BC 99. */
static bool has_full_width(const char *at, const char *end)
{
	for (; end - at >= 3; at++) {
		unsigned char last = (unsigned char)at[2];
		if (at[0] == '\xef' && at[1] == '\xbc' && last >= 0x8b && last <= 0x99)
			return true;
	}
	return false;
}

/* One to three digits that do not begin with 0 (0,123 is somebody's decimal comma), then threes. */
static bool is_grouped_well(const char *at, const char *end)
{
	const char *first = at;

	while (at < end && is_digit(*at))
		at++;
	if (at == end)
		return true;
	if (at == first || at - first > 3 || *first == '0')
		return false;
	for (; at < end; at += 4) {
		if (end - at < 4 || *at != ',' || !is_digit(at[1]) || !is_digit(at[2]) || !is_digit(at[3]))
			return false;
	}
	return true;
}

static const char *skip_digits_and_commas(const char *at, const char *end)
{
	while (at < end && (is_digit(*at) || *at == ','))
		at++;
	return at;
}

static bool has_comma(const char *at, const char *end)
{
	while (at < end && *at != ',')
		at++;
	return at < end;
}

static int spell(const char *at, const char *end, struct spelling *ret_spelling)
{
	struct spelling spelling = {.is_negative = *at == '-'};

	if (*at == '-' || *at == '+')
		at++;
	spelling.whole = at;
	spelling.whole_end = at = skip_digits_and_commas(at, end);
	bool has_point = at < end && *at == '.';
	spelling.fraction = has_point ? ++at : at;
	spelling.end = at = skip_digits_and_commas(at, end);
	if (at < end || spelling.whole == spelling.whole_end ||
	    (has_point && spelling.fraction == spelling.end))
		return DECIMAL_NOT_A_NUMBER;
	if (!is_grouped_well(spelling.whole, spelling.whole_end) ||
	    has_comma(spelling.fraction, spelling.end))
		return DECIMAL_BAD_GROUPING;
	*ret_spelling = spelling;
	return 0;
}

/* Counts downwards, because the negative numbers reach one further. */
static bool add_digit(int64_t *negated, char digit)
{
	return !__builtin_mul_overflow(*negated, 10, negated) &&
	       !__builtin_sub_overflow(*negated, digit - '0', negated);
}

static int count_units(const struct spelling *spelling, unsigned decimals, int64_t *ret_units)
{
	const char *at = spelling->fraction;
	int64_t negated = 0;
	bool fits = true;

	for (const char *c = spelling->whole; c < spelling->whole_end; c++)
		fits = fits && (*c == ',' || add_digit(&negated, *c));
	for (unsigned i = 0; i < decimals; i++) {
		char digit = '0';
		if (at < spelling->end)
			digit = *at++;
		fits = fits && add_digit(&negated, digit);
	}
	for (; at < spelling->end; at++)
		if (*at != '0')
			return DECIMAL_TOO_MANY_PLACES;
	if (!fits || (!spelling->is_negative && negated == INT64_MIN))
		return DECIMAL_OUT_OF_RANGE;
	*ret_units = spelling->is_negative ? negated : -negated;
	return 0;
}

int decimal_parse(const char *text, size_t length, unsigned decimals, int64_t *ret_units)
{
	const char *end = text + length;
	struct spelling spelling;

	assert(decimals <= DECIMAL_PLACES_MAX);
	while (text < end && is_blank(*text))
		text++;
	while (text < end && is_blank(end[-1]))
		end--;
	if (text == end)
		return DECIMAL_EMPTY;
	if (has_full_width(text, end))
		return DECIMAL_FULL_WIDTH;
	int verdict = spell(text, end, &spelling);
	return verdict ? verdict : count_units(&spelling, decimals, ret_units);
}

const char *decimal_verdict_text(int verdict)
{
	bool is_known = verdict >= DECIMAL_EMPTY && verdict <= DECIMAL_OUT_OF_RANGE;

	return is_known ? VERDICTS[verdict] : "not wrong";
}

void decimal_format(int64_t units, unsigned decimals, char ret_text[DECIMAL_TEXT_SIZE])
{
	uint64_t left = units < 0 ? -(uint64_t)units : (uint64_t)units;
	char backwards[DECIMAL_TEXT_SIZE];
	unsigned count = 0, digits = 0;

	assert(decimals <= DECIMAL_PLACES_MAX);
	do {
		if (digits == decimals && digits > 0)
			backwards[count++] = '.';
		backwards[count++] = (char)('0' + left % 10);
		left /= 10;
		digits++;
	} while (left > 0 || digits <= decimals);
	if (units < 0)
		backwards[count++] = '-';
	while (count > 0)
		*ret_text++ = backwards[--count];
	*ret_text = '\0';
}

int decimal_rescale(int64_t units, unsigned from, unsigned to, int64_t *ret_units)
{
	unsigned steps = to > from ? to - from : from - to;
	int64_t scaled;

	/* `from` may come from a peer: any number of steps is answered, none asserted. */
	if (units == 0 || steps == 0) {
		*ret_units = units;
		return 0;
	}
	if (to > from) {
		if (steps > EXPONENT_MAX || __builtin_mul_overflow(units, POWERS[steps], &scaled))
			return DECIMAL_OUT_OF_RANGE;
	} else {
		if (steps > EXPONENT_MAX || units % POWERS[steps] != 0)
			return DECIMAL_TOO_MANY_PLACES;
		scaled = units / POWERS[steps];
	}
	*ret_units = scaled;
	return 0;
}

int64_t decimal_power(unsigned exponent)
{
	assert(exponent <= EXPONENT_MAX);
	return POWERS[exponent];
}
