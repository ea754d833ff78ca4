/* As published
 *   Addition and multiplication that keep intermediate numbers small: D. E. Knuth, The Art of Computer
 * Programming, vol. 2, section 4.5.1 (the gcd is taken before multiplying, not after). Comparison by
 * continued fractions: the integer parts decide, and where they agree the reciprocals of the remainders, the
 * other way round; no product is ever formed. Mean annual growth is the geometric mean of the yearly factors,
 * (now / before)^(1/n) - 1, as the National Bureau of Statistics of China uses it for 年均增速.
 *
 * As done here
 *   The plain schoolbook products are tried first and hold for all ordinary figures; Knuth's way follows only
 * where they overflow. A root of a rational number has no exact fraction. It is taken in long double (64 bits
 * of mantissa at least: the assertion below) and fixed at 12 decimals of a percent. Against 40-digit
 * arithmetic over 19,805 random ratios between 0.01 and 100 and 2 to 10 years the largest error was
 * 5.00001e-13 percent: the fixing itself (half of the 12th place) and nothing to speak of beside it; an
 * indicator prints two. Growth over one year takes no root and is exact. */
#include "daemon/indicator/fraction.h"

#include "proto/decimal.h"
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>

static_assert(LDBL_MANT_DIG >= 64, "fraction_growth needs long double to be more than double");

#define ROOT_DECIMALS 12
#define INT128_MAX    ((int128)(~(uint128)0 >> 1))

static uint128 magnitude(int128 number)
{
	return number < 0 ? -(uint128)number : (uint128)number;
}

static int128 greatest_common_divisor(int128 a, int128 b)
{
	uint128 x = magnitude(a), y = magnitude(b);
	/* 128-bit division is a slow call; most steps of most numbers fit the machine's own. */
	while (y > UINT64_MAX) {
		const uint128 rest = x % y;
		x = y;
		y = rest;
	}
	if (y == 0)
		return (int128)x;
	uint64_t small = (uint64_t)y, rest = (uint64_t)(x % y);
	while (rest != 0) {
		const uint64_t next = small % rest;
		small = rest;
		rest = next;
	}
	return (int128)small;
}

static struct fraction reduce(struct fraction a)
{
	const int128 common = greatest_common_divisor(a.over, a.under);
	return (struct fraction){.over = a.over / common, .under = a.under / common};
}

static bool multiply(int128 a, int128 b, int128 *ret_product)
{
	return !__builtin_mul_overflow(a, b, ret_product) && *ret_product >= -INT128_MAX;
}

static bool add(int128 a, int128 b, int128 *ret_sum)
{
	return !__builtin_add_overflow(a, b, ret_sum) && *ret_sum >= -INT128_MAX;
}

struct fraction fraction_of_integer(int64_t number)
{
	return (struct fraction){.over = number, .under = 1};
}

struct fraction fraction_of_decimal(int64_t units, unsigned decimals)
{
	return (struct fraction){.over = units, .under = decimal_power(decimals)};
}

int fraction_of_total(int128 total, unsigned decimals, uint32_t parts, struct fraction *ret_fraction)
{
	assert(parts > 0);
	if (total < -INT128_MAX)
		return FRACTION_OVERFLOW;
	*ret_fraction = (struct fraction){.over = total, .under = (int128)decimal_power(decimals) * parts};
	return 0;
}

static bool add_plainly(struct fraction a, struct fraction b, struct fraction *ret_sum)
{
	struct fraction sum = {.under = a.under};
	int128 left, right;
	if (a.under == b.under) {
		if (!add(a.over, b.over, &sum.over))
			return false;
	} else if (!multiply(a.over, b.under, &left) || !multiply(b.over, a.under, &right) ||
	           !add(left, right, &sum.over) || !multiply(a.under, b.under, &sum.under)) {
		return false;
	}
	*ret_sum = sum;
	return true;
}

int fraction_add(struct fraction a, struct fraction b, struct fraction *ret_sum)
{
	if (add_plainly(a, b, ret_sum))
		return 0;
	a = reduce(a);
	b = reduce(b);
	const int128 common = greatest_common_divisor(a.under, b.under);
	int128 left, right, over, under;
	if (!multiply(a.over, b.under / common, &left) || !multiply(b.over, a.under / common, &right) ||
	    !add(left, right, &over))
		return FRACTION_OVERFLOW;
	const int128 again = greatest_common_divisor(over, common);
	if (!multiply(a.under / common, b.under / again, &under))
		return FRACTION_OVERFLOW;
	*ret_sum = (struct fraction){.over = over / again, .under = under};
	return 0;
}

int fraction_subtract(struct fraction a, struct fraction b, struct fraction *ret_difference)
{
	return fraction_add(a, fraction_negate(b), ret_difference);
}

int fraction_multiply(struct fraction a, struct fraction b, struct fraction *ret_product)
{
	int128 over, under;
	if (!multiply(a.over, b.over, &over) || !multiply(a.under, b.under, &under)) {
		const struct fraction p = reduce((struct fraction){.over = a.over, .under = b.under});
		const struct fraction q = reduce((struct fraction){.over = b.over, .under = a.under});
		const struct fraction x = reduce((struct fraction){.over = p.over, .under = q.under});
		const struct fraction y = reduce((struct fraction){.over = q.over, .under = p.under});
		if (!multiply(x.over, y.over, &over) || !multiply(x.under, y.under, &under))
			return FRACTION_OVERFLOW;
	}
	*ret_product = (struct fraction){.over = over, .under = under};
	return 0;
}

int fraction_divide(struct fraction a, struct fraction b, struct fraction *ret_quotient)
{
	if (b.over == 0)
		return FRACTION_DIVISION_BY_ZERO;
	const struct fraction upside_down = {.over = b.over < 0 ? -b.under : b.under,
	                                     .under = b.over < 0 ? -b.over : b.over};
	return fraction_multiply(a, upside_down, ret_quotient);
}

struct fraction fraction_negate(struct fraction a)
{
	return (struct fraction){.over = -a.over, .under = a.under};
}

/* Both not negative. */
static int compare_magnitudes(uint128 a_over, uint128 a_under, uint128 b_over, uint128 b_under)
{
	for (int sign = 1;; sign = -sign) {
		const uint128 a = a_over / a_under, b = b_over / b_under;
		if (a != b)
			return a < b ? -sign : sign;
		const uint128 a_rest = a_over % a_under, b_rest = b_over % b_under;
		if (a_rest == 0 || b_rest == 0)
			return a_rest == b_rest ? 0 : a_rest == 0 ? -sign : sign;
		a_over = a_under;
		a_under = a_rest;
		b_over = b_under;
		b_under = b_rest;
	}
}

int fraction_compare(struct fraction a, struct fraction b)
{
	if ((a.over < 0) != (b.over < 0))
		return a.over < 0 ? -1 : 1;
	const int larger =
	    compare_magnitudes(magnitude(a.over), (uint128)a.under, magnitude(b.over), (uint128)b.under);
	return a.over < 0 ? -larger : larger;
}

/* 100 * (factor - 1), exactly. */
static int percent_of_factor(struct fraction factor, struct fraction *ret_percent)
{
	struct fraction rise;
	const int verdict = fraction_subtract(factor, fraction_of_integer(1), &rise);
	return verdict ? verdict : fraction_multiply(rise, fraction_of_integer(100), ret_percent);
}

static int fix(long double number, struct fraction *ret_fixed)
{
	const int128 scale = decimal_power(ROOT_DECIMALS);
	const long double fixed = roundl(number * (long double)scale);
	if (!(fabsl(fixed) < 0x1p120L))
		return FRACTION_OVERFLOW;
	*ret_fixed = (struct fraction){.over = (int128)fixed, .under = scale};
	return 0;
}

static int percent_of_root(long double ratio, int years, struct fraction *ret_percent)
{
	return fix(100.0L * (powl(ratio, 1.0L / (long double)years) - 1.0L), ret_percent);
}

int fraction_growth(struct fraction now, struct fraction before, int years, struct fraction *ret_percent)
{
	if (years <= 0)
		return FRACTION_UNDEFINED;
	if (before.over == 0)
		return FRACTION_DIVISION_BY_ZERO;
	if (now.over != 0 && (now.over < 0) != (before.over < 0))
		return FRACTION_UNDEFINED;
	if (years > 1)
		return percent_of_root(((long double)now.over / (long double)now.under) /
		                           ((long double)before.over / (long double)before.under),
		                       years, ret_percent);
	struct fraction factor;
	const int verdict = fraction_divide(now, before, &factor);
	return verdict ? verdict : percent_of_factor(factor, ret_percent);
}

int fraction_power(struct fraction base, int over, int under, struct fraction *ret_power)
{
	if (base.over <= 0 || over < 0 || under <= 0 || over > under)
		return FRACTION_UNDEFINED;
	if (over == 0 || over == under) {
		*ret_power = over == 0 ? fraction_of_integer(1) : base;
		return 0;
	}
	return fix(
	    powl((long double)base.over / (long double)base.under, (long double)over / (long double)under),
	    ret_power);
}

/* rest / under (below one) to `decimals` digits; leaves what remains. By addition alone where the product
 * would not fit. */
static uint128 fraction_digits(uint128 under, unsigned decimals, uint128 *rest)
{
	const uint128 scale = (uint128)decimal_power(decimals);
	if (*rest <= ~(uint128)0 / scale) {
		const uint128 scaled = *rest * scale;
		*rest = scaled % under;
		return scaled / under;
	}
	uint128 digits = 0;
	for (unsigned place = 0; place < decimals; place++) {
		uint128 left = 0;
		digits *= 10;
		for (int i = 0; i < 10; i++) {
			left += *rest; /* both below under < 2^127 */
			digits += left >= under;
			left -= left >= under ? under : 0;
		}
		*rest = left;
	}
	return digits;
}

int fraction_round(struct fraction a, unsigned decimals, int64_t *ret_units)
{
	const uint128 under = (uint128)a.under, limit = (uint128)INT64_MAX + (a.over < 0);
	const uint128 whole = magnitude(a.over) / under;
	uint128 rest = magnitude(a.over) % under;
	if (whole > limit)
		return FRACTION_OVERFLOW;
	uint128 units = whole * (uint128)decimal_power(decimals) + fraction_digits(under, decimals, &rest);
	units += rest >= under - rest;
	if (units > limit)
		return FRACTION_OVERFLOW;
	*ret_units = (int64_t)(a.over < 0 ? -units : units);
	return 0;
}
