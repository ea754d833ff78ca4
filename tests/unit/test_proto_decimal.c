#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/decimal.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void must_accept(const char *text, unsigned decimals, int64_t expected)
{
	int64_t units = 77;

	if (decimal_parse(text, strlen(text), decimals, &units) != 0)
		fail_msg("'%s' should be a number", text);
	assert_true(units == expected);
}

static void must_refuse(const char *text, unsigned decimals, int verdict)
{
	int64_t units = 77;
	int got = decimal_parse(text, strlen(text), decimals, &units);

	if (got != verdict)
		fail_msg("'%s' got verdict %d instead of %d", text, got, verdict);
	assert_true(units == 77);
}

static void numbers_as_people_type_them_are_read(void **state)
{
	(void)state;
	must_accept("1867660", 0, 1867660);
	must_accept("1,867,660", 0, 1867660);
	must_accept("1,867,660", 2, 186766000);
	must_accept("1,867,660.25", 2, 186766025);
	must_accept("-1,867,660.25", 2, -186766025);
	must_accept("18,676,605", 0, 18676605);
	must_accept("867,660", 0, 867660);
	must_accept("0", 0, 0);
	must_accept("-0", 3, 0);
	must_accept("-3", 0, -3);
	must_accept("+3", 0, 3);
	must_accept("12.50", 2, 1250);
	must_accept("12.5", 2, 1250);
	must_accept("12.5", 1, 125);
	must_accept("12.500000000000000000000000", 1, 125);
	must_accept("12.00", 0, 12);
	must_accept("0.000000001", 9, 1);
	must_accept("-0.01", 2, -1);
	must_accept("007", 0, 7);
	must_accept("0000000000000000000000000000000000042", 0, 42);
	must_accept(" 12", 0, 12);
	must_accept("12 ", 0, 12);
	must_accept("\t 12\t ", 0, 12);
}

static void what_is_not_a_number_is_refused(void **state)
{
	static const char *const TEXTS[] = {
	    "1e5",
	    "1E5",
	    "0x10",
	    "1 867",
	    "1\t867",
	    "12.",
	    ".5",
	    "-.5",
	    "-",
	    "+",
	    "--1",
	    "+-1",
	    "-+1",
	    "++1",
	    "- 1",
	    "1-",
	    "1.2.3",
	    "1..2",
	    "abc",
	    "12a",
	    "a12",
	    "NaN",
	    "nan",
	    "inf",
	    "-inf",
	    "12%",
	    "¥12",
	    "1_000",
	    "1'000",
	    "1;2",
	    "12\n",
	    "\n12",
	    "12\r",
	    "\xef\xbb\xbf"
	    "12", /* BOM */
	    "\xe2\x88\x92"
	    "1", /* U+2212, a minus that is no hyphen */
	    "\xe2\x80\x93"
	    "1", /* U+2013 */
	    "1\xc2\xa0"
	    "867", /* a no-break space */
	    "\xe3\x80\x80"
	    "12",                       /* an ideographic space */
	    "\xd9\xa1\xd9\xa2",         /* Arabic-Indic digits */
	    "\xe4\xb8\x80\xe4\xba\x8c", /* 一二 */
	    "99999999999999999999999x",
	    ".",
	    "1.x",
	    "(12)",
	};

	(void)state;
	for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
		must_refuse(TEXTS[i], 2, DECIMAL_NOT_A_NUMBER);
}

static void nothing_there_is_empty(void **state)
{
	(void)state;
	must_refuse("", 0, DECIMAL_EMPTY);
	must_refuse(" ", 0, DECIMAL_EMPTY);
	must_refuse(" \t\t ", 9, DECIMAL_EMPTY);
}

static void full_width_is_named_as_such(void **state)
{
	(void)state;
	must_refuse("１２３", 0, DECIMAL_FULL_WIDTH);
	must_refuse("1２3", 0, DECIMAL_FULL_WIDTH);
	must_refuse("０", 0, DECIMAL_FULL_WIDTH);
	must_refuse("９", 0, DECIMAL_FULL_WIDTH);
	must_refuse("1，867，660", 0, DECIMAL_FULL_WIDTH);
	must_refuse("12．5", 1, DECIMAL_FULL_WIDTH);
	must_refuse("－5", 0, DECIMAL_FULL_WIDTH);
	must_refuse("＋5", 0, DECIMAL_FULL_WIDTH);
	must_refuse("\xef\xbc\x9a", 0, DECIMAL_NOT_A_NUMBER); /* U+FF1A, after the digits */
	must_refuse("\xef\xbc\x8a", 0, DECIMAL_NOT_A_NUMBER); /* U+FF0A, before the plus */
	must_refuse("\xef\xbc", 0, DECIMAL_NOT_A_NUMBER);
}

static void commas_stand_every_three_digits_or_not_at_all(void **state)
{
	static const char *const TEXTS[] = {"1,86,766",  "1,2",   "12,34",    "1,234,56", "1234,567",
	                                    "1,2345",    ",123",  "1,,234",   "123,",     "1,234,",
	                                    ",",         "-,123", "0,123",    "0,5",      "012,345",
	                                    "1.234,567", "1.2,3", "1,234567", "1,234,",   "1,86,766.5"};

	(void)state;
	for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
		must_refuse(TEXTS[i], 2, DECIMAL_BAD_GROUPING);
}

static void digits_are_never_lost(void **state)
{
	(void)state;
	must_refuse("12.5", 0, DECIMAL_TOO_MANY_PLACES);
	must_refuse("12.505", 2, DECIMAL_TOO_MANY_PLACES);
	must_refuse("12.500000000000000000001", 2, DECIMAL_TOO_MANY_PLACES);
	must_refuse("0.0000000001", 9, DECIMAL_TOO_MANY_PLACES);
}

static void limits_of_int64_are_exact(void **state)
{
	(void)state;
	must_accept("9223372036854775807", 0, INT64_MAX);
	must_accept("-9223372036854775808", 0, INT64_MIN);
	must_accept("9,223,372,036,854,775,807", 0, INT64_MAX);
	must_accept("9223372036.854775807", 9, INT64_MAX);
	must_accept("-9223372036.854775808", 9, INT64_MIN);
	must_accept("-92233720368547758.08", 2, INT64_MIN);
	must_refuse("9223372036854775808", 0, DECIMAL_OUT_OF_RANGE);
	must_refuse("-9223372036854775809", 0, DECIMAL_OUT_OF_RANGE);
	must_refuse("9223372036.854775808", 9, DECIMAL_OUT_OF_RANGE);
	must_refuse("9223372037", 9, DECIMAL_OUT_OF_RANGE);
	must_refuse("99999999999999999999.55", 2, DECIMAL_OUT_OF_RANGE);
	must_refuse("-92233720368547758.09", 2, DECIMAL_OUT_OF_RANGE);
	must_refuse("18446744073709551616", 0, DECIMAL_OUT_OF_RANGE);
	must_refuse("18446744073709551617", 0, DECIMAL_OUT_OF_RANGE);
	must_refuse("100000000000000000000000000000000000000000000000000000", 0, DECIMAL_OUT_OF_RANGE);
}

static void length_counts_and_not_the_end_of_the_string(void **state)
{
	int64_t units = 0;

	(void)state;
	assert_int_equal(decimal_parse("123456", 3, 0, &units), 0);
	assert_true(units == 123);
	assert_int_equal(decimal_parse("12\0", 3, 0, &units), DECIMAL_NOT_A_NUMBER);
	assert_int_equal(decimal_parse("1,234", 2, 0, &units), DECIMAL_BAD_GROUPING);
	assert_int_equal(decimal_parse("12.5", 3, 1, &units), DECIMAL_NOT_A_NUMBER);
	assert_int_equal(decimal_parse("\xef\xbc\x91", 2, 0, &units), DECIMAL_NOT_A_NUMBER);
}

static void must_print(int64_t units, unsigned decimals, const char *expected)
{
	char text[DECIMAL_TEXT_SIZE];

	decimal_format(units, decimals, text);
	assert_string_equal(text, expected);
}

static void printing_has_exactly_the_places(void **state)
{
	(void)state;
	must_print(186766, 2, "1867.66");
	must_print(1250, 2, "12.50");
	must_print(1250, 0, "1250");
	must_print(0, 0, "0");
	must_print(0, 3, "0.000");
	must_print(5, 1, "0.5");
	must_print(-5, 2, "-0.05");
	must_print(-100, 2, "-1.00");
	must_print(10, 1, "1.0");
	must_print(1, 9, "0.000000001");
	must_print(INT64_MAX, 0, "9223372036854775807");
	must_print(INT64_MIN, 0, "-9223372036854775808");
	must_print(INT64_MAX, 9, "9223372036.854775807");
	must_print(INT64_MIN, 9, "-9223372036.854775808");
}

static void assert_round_trip(int64_t units)
{
	char text[DECIMAL_TEXT_SIZE];

	for (unsigned decimals = 0; decimals <= DECIMAL_PLACES_MAX; decimals++) {
		decimal_format(units, decimals, text);
		must_accept(text, decimals, units);
	}
}

static void what_is_printed_reads_back(void **state)
{
	uint64_t random = 88172645463325252u;

	(void)state;
	for (int64_t near = 0; near < 1000; near++) {
		assert_round_trip(INT64_MAX - near);
		assert_round_trip(INT64_MIN + near);
		assert_round_trip(near - 500);
	}
	for (int i = 0; i < 20000; i++) {
		random ^= random << 13, random ^= random >> 7,
		    random ^= random << 17; /* Marsaglia's xorshift64 */
		assert_round_trip((int64_t)random >> (i % 64));
	}
}

static void must_rescale(int64_t units, unsigned from, unsigned to, int64_t expected)
{
	int64_t scaled = 77;

	assert_int_equal(decimal_rescale(units, from, to, &scaled), 0);
	assert_true(scaled == expected);
}

static void must_not_rescale(int64_t units, unsigned from, unsigned to, int verdict)
{
	int64_t scaled = 77;

	assert_int_equal(decimal_rescale(units, from, to, &scaled), verdict);
	assert_true(scaled == 77);
}

static void rescaling_is_exact_or_refused(void **state)
{
	(void)state;
	must_rescale(125, 1, 2, 1250);
	must_rescale(1250, 2, 1, 125);
	must_rescale(-1250, 2, 1, -125);
	must_rescale(0, 0, 9, 0);
	must_rescale(0, 4000000000u, 0, 0);
	must_rescale(INT64_MIN, 9, 9, INT64_MIN);
	must_rescale(9223372036, 0, 9, INT64_C(9223372036000000000));
	must_rescale(INT64_C(-9000000000000000000), 18, 0, -9);
	must_not_rescale(125, 2, 1, DECIMAL_TOO_MANY_PLACES);
	must_not_rescale(INT64_MIN, 1, 0, DECIMAL_TOO_MANY_PLACES);
	must_not_rescale(1, 19, 0, DECIMAL_TOO_MANY_PLACES);
	must_not_rescale(1, UINT32_MAX, 0, DECIMAL_TOO_MANY_PLACES);
	must_not_rescale(9223372037, 0, 9, DECIMAL_OUT_OF_RANGE);
	must_not_rescale(INT64_MIN, 0, 1, DECIMAL_OUT_OF_RANGE);
	must_not_rescale(1, 0, 19, DECIMAL_OUT_OF_RANGE);
}

static void powers_are_of_ten(void **state)
{
	(void)state;
	int64_t expected = 1;
	for (unsigned i = 0; i < 18; i++, expected *= 10)
		assert_true(decimal_power(i) == expected);
	assert_true(decimal_power(18) == INT64_C(1000000000000000000));
}

static void every_verdict_has_its_sentence(void **state)
{
	(void)state;
	for (int a = DECIMAL_EMPTY; a <= DECIMAL_OUT_OF_RANGE; a++) {
		assert_true(strlen(decimal_verdict_text(a)) > 5);
		for (int b = DECIMAL_EMPTY; b < a; b++)
			assert_string_not_equal(decimal_verdict_text(a), decimal_verdict_text(b));
	}
	assert_non_null(decimal_verdict_text(0));
	assert_non_null(decimal_verdict_text(99));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_as_people_type_them_are_read),
	    cmocka_unit_test(what_is_not_a_number_is_refused),
	    cmocka_unit_test(nothing_there_is_empty),
	    cmocka_unit_test(full_width_is_named_as_such),
	    cmocka_unit_test(commas_stand_every_three_digits_or_not_at_all),
	    cmocka_unit_test(digits_are_never_lost),
	    cmocka_unit_test(limits_of_int64_are_exact),
	    cmocka_unit_test(length_counts_and_not_the_end_of_the_string),
	    cmocka_unit_test(printing_has_exactly_the_places),
	    cmocka_unit_test(what_is_printed_reads_back),
	    cmocka_unit_test(rescaling_is_exact_or_refused),
	    cmocka_unit_test(powers_are_of_ten),
	    cmocka_unit_test(every_verdict_has_its_sentence),
	};

	return cmocka_run_group_tests_name("proto_decimal", tests, NULL, NULL);
}
