#include "clients/query/fold.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void must_fold(const char *text, size_t width, const char *expected)
{
	char *folded = fold_text(text, width);

	assert_non_null(folded);
	assert_string_equal(folded, expected);
	free(folded);
}

static void width_is_what_a_terminal_takes(void **state)
{
	(void)state;
	assert_int_equal(fold_width(""), 0);
	assert_int_equal(fold_width("beds"), 4);
	assert_int_equal(fold_width("张床位"), 6);
	assert_int_equal(fold_width("▁▄█"), 3);
	assert_int_equal(fold_width("e\xcc\x81"), 1); /* a combining accent takes none */
	assert_int_equal(fold_width("a\xff\xe5"), 3); /* what is no character takes one a byte */
}

static void lines_end_at_blanks(void **state)
{
	(void)state;
	must_fold("", 10, "");
	must_fold("hospital beds", 13, "hospital beds");
	must_fold("hospital beds", 12, "hospital\nbeds");
	must_fold("hospital beds", 8, "hospital\nbeds");
	must_fold("hospital  beds per 1000", 10, "hospital\nbeds per\n1000");
	must_fold("trailing  ", 20, "trailing  ");
}

static void words_that_are_longer_than_a_line_are_parted(void **state)
{
	(void)state;
	must_fold("incomprehensibility", 8, "incompre\nhensibil\nity");
	must_fold("abc", 0, "ab\nc"); /* two is the least */
	must_fold("床床", 1, "床\n床");
}

static void chinese_is_parted_between_characters_but_not_before_what_closes(void **state)
{
	(void)state;
	must_fold("常住人口数", 10, "常住人口数");
	must_fold("常住人口数", 9, "常住人口\n数");
	must_fold("常住（万人）", 10, "常住（万\n人）");
	must_fold("常住（万人）", 6, "常住\n（万\n人）");
	must_fold("常住人口（%）", 12, "常住人口\n（%）");
	must_fold("3岁以下", 4, "3岁\n以下");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(width_is_what_a_terminal_takes),
	    cmocka_unit_test(lines_end_at_blanks),
	    cmocka_unit_test(words_that_are_longer_than_a_line_are_parted),
	    cmocka_unit_test(chinese_is_parted_between_characters_but_not_before_what_closes),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("cli_fold", tests, NULL, NULL);
}
