#include "clients/query/spark.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define FIGURES_MAX 32

/* `figures` stand between blanks; "?" is one that is not there. */
static void must_draw(const char *figures, const char *target, const char *blocks, const char *signs)
{
	char words[256], text[SPARK_SIZE], *each[FIGURES_MAX], *rest = words;
	size_t count = 0;

	strcpy(words, figures);
	for (char *word; (word = strsep(&rest, " "));) {
		if (!*word)
			continue;
		if (strcmp(word, "?") == 0)
			*word = '\0';
		each[count++] = word;
	}
	spark_draw(each, count, target, false, text);
	assert_string_equal(text, blocks);
	spark_draw(each, count, target, true, text);
	assert_string_equal(text, signs);
}

static void figures_stand_between_the_least_and_the_greatest(void **state)
{
	(void)state;
	must_draw("0 1 2 3 4 5 6 7", NULL, "▁▂▃▄▅▆▇█", "_.-~=+*#");
	must_draw("7.51 5 3", "7.5", "█▄▁ █", "#~_ #");
	must_draw("10 11 12", "18", "▁▂▃ █", "_.- #");
	must_draw("-3 0 4", "0", "▁▄█ ▄", "_~# ~");
}

static void what_is_alike_is_in_the_middle(void **state)
{
	(void)state;
	must_draw("100 100 100", "100", "▄▄▄ ▄", "~~~ ~");
	must_draw("0", NULL, "▄", "~");
}

static void a_figure_that_is_not_there_leaves_a_blank(void **state)
{
	(void)state;
	must_draw("? 1 ? 2", "3", " ▁ ▅ █", " _ = #");
	must_draw("1 2", "n/a", "▁█  ", "_#  ");
	must_draw("", "3", "", "");
	must_draw("? ?", "3", "", "");
}

static void of_many_the_newest_are_drawn_and_only_they_count(void **state)
{
	(void)state;
	must_draw("900 1 2 3 4 5 6 7 8 9 10 11 12", "12", "▁▂▂▃▄▄▅▅▆▇▇█ █", "_..-~~==+**# #");
}

static void decimals_beyond_what_shows_do_no_harm(void **state)
{
	(void)state;
	must_draw("0.123456789 0.987654321", NULL, "▁█", "_#");
	must_draw("92233720368547758079 1", NULL, " ▄", " ~"); /* beyond an int64 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(figures_stand_between_the_least_and_the_greatest),
	    cmocka_unit_test(what_is_alike_is_in_the_middle),
	    cmocka_unit_test(a_figure_that_is_not_there_leaves_a_blank),
	    cmocka_unit_test(of_many_the_newest_are_drawn_and_only_they_count),
	    cmocka_unit_test(decimals_beyond_what_shows_do_no_harm),
	};

	return cmocka_run_group_tests_name("cli_spark", tests, NULL, NULL);
}
