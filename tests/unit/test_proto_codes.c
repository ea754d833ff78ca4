#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/codes.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const char LETTERS_64[] = "abcdefghijklmnopqrstuvwxyz0123456789_-abcdefghijklmnopqrstuvwxyz";

static void codes_are_short_plain_words(void **state)
{
	static const char *const GOOD[] = {"a",  "0",  "440103", "resident_population_10k", "plan14-goals",
	                                   "a-", "z_", "0-0"};
	static const char *const BAD[] = {"",    "_a",   "-a",    "A",   "aB",  "a b", " a", "a.b", "a/b",
	                                  "a\n", "人口", "a\xff", "a,b", "a'b", "a+b", "a{", "a`",  "a:"};

	(void)state;
	for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++)
		assert_true(code_is_valid(GOOD[i], strlen(GOOD[i])));
	for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
		if (code_is_valid(BAD[i], strlen(BAD[i])))
			fail_msg("'%s' should be no code", BAD[i]);
	assert_true(code_is_valid(LETTERS_64, CODE_LENGTH_MAX));
	assert_int_equal(strlen(LETTERS_64), CODE_LENGTH_MAX);
	assert_false(code_is_valid("a0123456789012345678901234567890123456789012345678901234567890123", 65));
	assert_false(code_is_valid("a\0b", 3));
}

static void must_accept_text(const char *text)
{
	if (!text_is_valid(text, strlen(text)))
		fail_msg("'%s' should be text", text);
}

static void must_refuse_text(const char *text, size_t length)
{
	if (text_is_valid(text, length))
		fail_msg("'%s' should not be text", text);
}

static void notes_are_one_line_of_utf8(void **state)
{
	(void)state;
	must_accept_text("");
	must_accept_text("plain, with a\ttab");
	must_accept_text("廣州市 荔湾区 é ñ ß");
	must_accept_text("\xc2\xa0");         /* U+00A0, the first after the C1 controls */
	must_accept_text("\xdf\xbf");         /* U+07FF */
	must_accept_text("\xe0\xa0\x80");     /* U+0800 */
	must_accept_text("\xed\x9f\xbf");     /* U+D7FF */
	must_accept_text("\xee\x80\x80");     /* U+E000 */
	must_accept_text("\xef\xbf\xbf");     /* U+FFFF */
	must_accept_text("\xf0\x90\x80\x80"); /* U+10000 */
	must_accept_text("\xf4\x8f\xbf\xbf"); /* U+10FFFF */
	must_refuse_text("a\0b", 3);
	must_refuse_text("\0", 1);
	must_refuse_text("two\nlines", 9);
	must_refuse_text("\r", 1);
	must_refuse_text("\x1b[31m", 5);
	must_refuse_text("\x1f", 1);
	must_refuse_text("\x7f", 1);
	must_refuse_text("\xc2\x80", 2);         /* C1 control */
	must_refuse_text("\xc2\x9f", 2);         /* C1 control */
	must_refuse_text("\x80", 1);             /* a continuation alone */
	must_refuse_text("\xc0\x80", 2);         /* overlong NUL */
	must_refuse_text("\xc1\xbf", 2);         /* overlong */
	must_refuse_text("\xe0\x9f\xbf", 3);     /* overlong */
	must_refuse_text("\xed\xa0\x80", 3);     /* surrogate */
	must_refuse_text("\xed\xbf\xbf", 3);     /* surrogate */
	must_refuse_text("\xf0\x8f\xbf\xbf", 4); /* overlong */
	must_refuse_text("\xf4\x90\x80\x80", 4); /* beyond U+10FFFF */
	must_refuse_text("\xf8\x88\x80\x80\x80", 5);
	must_refuse_text("\xff", 1);
	must_refuse_text("\xe4\xb8", 2); /* cut */
	must_refuse_text("\xe4\xb8z", 3);
	must_refuse_text("\xe4\xb8\xad", 2); /* cut by the length */
}

static void statuses_are_those_of_sdmx(void **state)
{
	static const char ALL[] = "APEFBVOLQ";

	(void)state;
	for (int c = -128; c < 128; c++) {
		bool is_one = c != 0 && strchr(ALL, c);
		assert_int_equal(status_is_valid((char)c), is_one);
		assert_int_equal(status_has_value((char)c), is_one && !strchr("OLQ", c));
		assert_int_equal(status_name((char)c) != NULL, is_one);
	}
	assert_string_equal(status_name('A'), "normal");
	assert_string_equal(status_name('P'), "provisional");
	assert_string_equal(status_name('O'), "missing");
	assert_string_equal(status_name('L'), "not collected");
	assert_string_equal(status_name('Q'), "suppressed");
}

static const char *const WORDS[] = {
    "resident_population", "hospital_beds", "gdp", "liwan", "yuexiu", "荔湾区", "越秀区"};
#define WORD_COUNT (sizeof WORDS / sizeof WORDS[0])

static void must_suggest(const char *word, const char *expected)
{
	const char *nearest = nearest_word(word, WORDS, WORD_COUNT);

	if (!expected) {
		assert_null(nearest);
		return;
	}
	assert_non_null(nearest);
	assert_string_equal(nearest, expected);
}

static void near_words_are_suggested(void **state)
{
	(void)state;
	must_suggest("resident_populaton", "resident_population");
	must_suggest("resident_popluation", "resident_population");
	must_suggest("residents_population", "resident_population");
	must_suggest("Hospital_Beds", "hospital_beds");
	must_suggest("HOSPITALBEDS", "hospital_beds");
	must_suggest("gpd", "gdp");
	must_suggest("gdb", "gdp");
	must_suggest("liwa", "liwan");
	must_suggest("yeuxiu", "yuexiu");
	must_suggest("liwan", "liwan");
	must_suggest("荔灣区", "荔湾区");
	must_suggest("荔湾", "荔湾区");
}

static void far_words_are_not(void **state)
{
	static char endless[100000];

	(void)state;
	must_suggest("", NULL);
	must_suggest("x", NULL);
	must_suggest("gxx", NULL);
	must_suggest("population", NULL);
	must_suggest("beds", NULL);
	must_suggest("海珠市", NULL);
	must_suggest("\xff\xfe\xfd", NULL);
	memset(endless, 'a', sizeof endless - 1);
	must_suggest(endless, NULL);
	assert_null(nearest_word("gdp", WORDS, 0));
}

static void the_first_of_equals_wins_and_the_nearest_before_it(void **state)
{
	static const char *const EQUALS[] = {"abcx", "abcy", "abcde"};

	(void)state;
	assert_string_equal(nearest_word("abcz", EQUALS, 3), "abcx");
	assert_string_equal(nearest_word("abcd", EQUALS, 3), "abcx");
	assert_string_equal(nearest_word("abcdf", EQUALS, 3), "abcde");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(codes_are_short_plain_words),
	    cmocka_unit_test(notes_are_one_line_of_utf8),
	    cmocka_unit_test(statuses_are_those_of_sdmx),
	    cmocka_unit_test(near_words_are_suggested),
	    cmocka_unit_test(far_words_are_not),
	    cmocka_unit_test(the_first_of_equals_wins_and_the_nearest_before_it),
	};

	return cmocka_run_group_tests_name("proto_codes", tests, NULL, NULL);
}
