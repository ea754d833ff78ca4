#include "daemon/indicator/fraction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#define HUGE_NUMBER ((int128)1 << 100)
#define LIMIT       ((int128)(~(uint128)0 >> 1))

static struct fraction of(int128 over, int128 under)
{
	return (struct fraction){.over = over, .under = under};
}

static void must_be(struct fraction a, int128 over, int128 under)
{
	assert_int_equal(fraction_compare(a, of(over, under)), 0);
}

static void sums_and_products_are_exact(void **state)
{
	(void)state;
	struct fraction a;
	assert_int_equal(fraction_add(of(1, 3), of(1, 6), &a), 0);
	must_be(a, 1, 2);
	assert_int_equal(fraction_subtract(of(1, 3), of(1, 2), &a), 0);
	must_be(a, -1, 6);
	assert_int_equal(fraction_multiply(of(-2, 3), of(9, 4), &a), 0);
	must_be(a, -3, 2);
	assert_int_equal(fraction_divide(of(2, 3), of(-4, 9), &a), 0);
	must_be(a, -3, 2);
	assert_true(a.under > 0);
	must_be(fraction_of_decimal(-1250, 2), -25, 2);
	must_be(fraction_negate(fraction_of_integer(7)), -7, 1);
	assert_int_equal(fraction_of_total(HUGE_NUMBER, 2, 4, &a), 0);
	must_be(a, HUGE_NUMBER, 400);
}

static void large_terms_that_cancel_do_not_overflow(void **state)
{
	(void)state;
	struct fraction a;
	assert_int_equal(fraction_multiply(of(HUGE_NUMBER, 3), of(9, HUGE_NUMBER), &a), 0);
	must_be(a, 3, 1);
	assert_int_equal(fraction_multiply(of(6 * HUGE_NUMBER, 35 * HUGE_NUMBER), of(LIMIT, LIMIT), &a), 0);
	must_be(a, 6, 35);
	assert_int_equal(fraction_divide(of(LIMIT, 5), of(LIMIT, 10), &a), 0);
	must_be(a, 2, 1);
	assert_int_equal(fraction_add(of(1, 3 * HUGE_NUMBER), of(1, 6 * HUGE_NUMBER), &a), 0);
	must_be(a, 1, 2 * HUGE_NUMBER);
	assert_int_equal(fraction_subtract(of(LIMIT, LIMIT - 1), of(LIMIT, LIMIT - 1), &a), 0);
	must_be(a, 0, 1);
}

static void what_does_not_fit_is_a_verdict_and_leaves_the_result_alone(void **state)
{
	(void)state;
	struct fraction a = of(5, 7);
	int64_t units = 11;
	assert_int_equal(fraction_add(of(LIMIT, 1), of(1, 1), &a), FRACTION_OVERFLOW);
	assert_int_equal(fraction_subtract(of(-LIMIT, 1), of(1, 1), &a), FRACTION_OVERFLOW);
	assert_int_equal(fraction_multiply(of(HUGE_NUMBER, 3), of(HUGE_NUMBER, 5), &a), FRACTION_OVERFLOW);
	assert_int_equal(fraction_multiply(of(3, HUGE_NUMBER), of(5, HUGE_NUMBER), &a), FRACTION_OVERFLOW);
	assert_int_equal(fraction_add(of(1, HUGE_NUMBER), of(1, HUGE_NUMBER + 1), &a), FRACTION_OVERFLOW);
	assert_int_equal(fraction_divide(of(1, 2), of(0, 9), &a), FRACTION_DIVISION_BY_ZERO);
	assert_int_equal(fraction_divide(of(0, 2), of(0, 9), &a), FRACTION_DIVISION_BY_ZERO);
	assert_int_equal(fraction_round(of((int128)INT64_MAX + 1, 1), 0, &units), FRACTION_OVERFLOW);
	assert_int_equal(fraction_round(of((int128)INT64_MAX * 2 + 1, 2), 0, &units), FRACTION_OVERFLOW);
	assert_int_equal(fraction_round(of(LIMIT, 1), 9, &units), FRACTION_OVERFLOW);
	must_be(a, 5, 7);
	assert_int_equal(units, 11);
}

static void comparison_never_overflows(void **state)
{
	(void)state;
	static const struct {
		int128 a, b, c, d;
		int expected;
	} rows[] = {
	    {1, 2, 2, 4, 0},
	    {1, 3, 1, 2, -1},
	    {-1, 3, -1, 2, 1},
	    {-1, 3, 1, 3, -1},
	    {0, 3, 0, 5, 0},
	    {0, 3, -1, LIMIT, 1},
	    {LIMIT, LIMIT - 1, LIMIT - 1, LIMIT - 2, -1},
	    {LIMIT - 1, LIMIT, LIMIT - 2, LIMIT - 1, 1},
	    {LIMIT, 3, LIMIT, 4, 1},
	    {-LIMIT, 3, -LIMIT, 4, -1},
	    {7, 5, 10, 7, -1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const int sign = fraction_compare(of(rows[i].a, rows[i].b), of(rows[i].c, rows[i].d));
		assert_int_equal((sign > 0) - (sign < 0), rows[i].expected);
	}
}

static void rounding_goes_half_away_from_zero(void **state)
{
	(void)state;
	static const struct {
		int128 over, under;
		unsigned decimals;
		int64_t expected;
	} rows[] = {
	    {5, 2, 0, 3},
	    {-5, 2, 0, -3},
	    {249, 100, 0, 2},
	    {-249, 100, 0, -2},
	    {1, 3, 9, 333333333},
	    {2, 3, 9, 666666667},
	    {-1, 2000, 3, -1},
	    {-1, 2001, 3, 0},
	    {1005, 1000, 2, 101},
	    {1004999, 1000000, 2, 100},
	    {0, 7, 4, 0},
	    {18676605, 10000, 2, 186766},
	    {INT64_MAX, 1, 0, INT64_MAX},
	    {INT64_MIN, 1, 0, INT64_MIN},
	    {LIMIT - 1, LIMIT, 9, 1000000000}, /* digit by digit: ten times the rest has no room */
	    {LIMIT / 3, LIMIT, 9, 333333333},
	    {LIMIT / 3 * 2, LIMIT, 9, 666666667},
	    {LIMIT / 8, LIMIT - 7, 2, 13}, /* 0.125 exactly (2^127 - 8 is a multiple of 8) */
	    {-(LIMIT / 8), LIMIT - 7, 2, -13},
	    {LIMIT / 8 - 1, LIMIT - 7, 2, 12},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t units = 99;
		assert_int_equal(fraction_round(of(rows[i].over, rows[i].under), rows[i].decimals, &units),
		                 0);
		if (units != rows[i].expected)
			print_error("row %zu\n", i);
		assert_int_equal(units, rows[i].expected);
	}
}

/* The figures at twelve decimals are from 60-digit decimal arithmetic. */
static void growth_is_the_geometric_mean(void **state)
{
	(void)state;
	static const struct {
		int64_t now, before;
		int years;
		int64_t expected; /* times 10^-12 percent */
	} rows[] = {
	    {121, 100, 2, 10000000000000}, {146410, 100000, 4, 10000000000000},
	    {2, 1, 5, 14869835499704},     {18676605, 13501100, 5, 6705242212203},
	    {1, 2, 10, -6696700846319},    {0, 3, 4, -100000000000000},
	    {-4, -1, 2, 100000000000000},  {100, 100, 7, 0},
	    {1, 3, 1, -66666666666667},    {1071, 1000, 1, 7100000000000},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fraction percent;
		int64_t units;
		assert_int_equal(fraction_growth(fraction_of_integer(rows[i].now),
		                                 fraction_of_integer(rows[i].before), rows[i].years,
		                                 &percent),
		                 0);
		assert_int_equal(fraction_round(percent, 12, &units), 0);
		assert_int_equal(units, rows[i].expected);
	}
}

/* The figures at twelve decimals are from 60-digit decimal arithmetic. */
static void a_power_is_the_share_of_a_growth(void **state)
{
	(void)state;
	static const struct {
		int64_t base_over, base_under;
		int over, under;
		int64_t expected; /* times 10^-12 */
	} rows[] = {
	    {2, 1, 1, 2, 1414213562373},
	    {2, 1, 7, 60, 1084226870301},
	    {210000, 186766, 12, 60, 1023727324887},
	    {1, 3, 59, 60, 339492954812},
	    {1000000, 1, 1, 3, 100000000000000},
	    {7, 3, 0, 5, 1000000000000},
	    {5, 2, 5, 5, 2500000000000},
	    {1, 1, 3, 7, 1000000000000},
	};
	struct fraction power;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t units;
		assert_int_equal(fraction_power(of(rows[i].base_over, rows[i].base_under), rows[i].over,
		                                rows[i].under, &power),
		                 0);
		assert_int_equal(fraction_round(power, 12, &units), 0);
		assert_int_equal(units, rows[i].expected);
	}
	assert_int_equal(fraction_power(of(0, 1), 1, 2, &power), FRACTION_UNDEFINED);
	assert_int_equal(fraction_power(of(-1, 2), 1, 2, &power), FRACTION_UNDEFINED);
	assert_int_equal(fraction_power(of(2, 1), 3, 2, &power), FRACTION_UNDEFINED);
	assert_int_equal(fraction_power(of(2, 1), -1, 2, &power), FRACTION_UNDEFINED);
	assert_int_equal(fraction_power(of(2, 1), 0, 0, &power), FRACTION_UNDEFINED);
}

static void growth_that_means_nothing_is_a_verdict(void **state)
{
	(void)state;
	static const struct {
		int64_t now, before;
		int years, expected;
	} rows[] = {
	    {1, 1, 0, FRACTION_UNDEFINED},        {1, 1, -3, FRACTION_UNDEFINED},
	    {-1, 1, 2, FRACTION_UNDEFINED},       {1, -1, 3, FRACTION_UNDEFINED},
	    {-1, 1, 1, FRACTION_UNDEFINED},       {1, 0, 2, FRACTION_DIVISION_BY_ZERO},
	    {0, 0, 2, FRACTION_DIVISION_BY_ZERO},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fraction percent;
		assert_int_equal(fraction_growth(fraction_of_integer(rows[i].now),
		                                 fraction_of_integer(rows[i].before), rows[i].years,
		                                 &percent),
		                 rows[i].expected);
	}
	struct fraction percent;
	assert_int_equal(fraction_growth(of(LIMIT, 1), of(1, LIMIT), 2, &percent), FRACTION_OVERFLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sums_and_products_are_exact),
	    cmocka_unit_test(large_terms_that_cancel_do_not_overflow),
	    cmocka_unit_test(what_does_not_fit_is_a_verdict_and_leaves_the_result_alone),
	    cmocka_unit_test(comparison_never_overflows),
	    cmocka_unit_test(rounding_goes_half_away_from_zero),
	    cmocka_unit_test(growth_is_the_geometric_mean),
	    cmocka_unit_test(a_power_is_the_share_of_a_growth),
	    cmocka_unit_test(growth_that_means_nothing_is_a_verdict),
	};
	return cmocka_run_group_tests_name("indicator_fraction", tests, NULL, NULL);
}
