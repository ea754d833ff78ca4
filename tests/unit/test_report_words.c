#include "clients/report/complaints.h"
#include "clients/report/sentence.h"
#include "clients/report/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void words_keep_their_index_as_the_set_grows(void **state)
{
	(void)state;
	struct words words = {0};
	char word[16];
	uint32_t index;
	assert_int_equal(words_find(&words, "a", 1), WORDS_NONE);
	for (uint32_t i = 0; i < 5000; i++) {
		int length = snprintf(word, sizeof word, "w%u", i);
		assert_int_equal(words_add(&words, word, (size_t)length, &index), 0);
		assert_int_equal(index, i);
		assert_int_equal(words_add(&words, word, (size_t)length, &index), 0);
		assert_int_equal(index, i);
	}
	assert_int_equal(words.count, 5000);
	for (uint32_t i = 0; i < 5000; i++) {
		int length = snprintf(word, sizeof word, "w%u", i);
		assert_int_equal(words_find(&words, word, (size_t)length), i);
		assert_string_equal(words.list[i], word);
	}
	assert_int_equal(words_find(&words, "w12x", 3), 12);
	assert_int_equal(words_find(&words, "w", 1), WORDS_NONE);
	words_done(&words);
}

static void a_quote_cannot_drive_a_terminal(void **state)
{
	(void)state;
	assert_string_equal(quote("\033[2Jx\n\x7f", 7).text, "'?[2Jx?"
	                                                     "?'");
	assert_string_equal(quote("", 0).text, "''");
	assert_string_equal(quote("abc", 2).text, "'ab'");
}

static void a_long_quote_is_cut_between_characters(void **state)
{
	(void)state;
	char text[300] = "x";
	for (size_t i = 1; i + 3 < sizeof text; i += 3)
		memcpy(text + i, "\xe8\x8d\x94", 3);
	struct quoted quoted = quote(text, strlen(text));
	size_t length = strlen(quoted.text);
	assert_true(length > 80);
	assert_string_equal(quoted.text + length - 7, "\xe8\x8d\x94\xe2\x80\xa6'");
	assert_int_equal((length - strlen("'x") - strlen("\xe2\x80\xa6'")) % 3, 0);
}

static void digits_are_grouped_by_three(void **state)
{
	(void)state;
	static const struct {
		uint64_t number;
		const char *text;
	} rows[] = {{0, "0"},
	            {7, "7"},
	            {999, "999"},
	            {1000, "1,000"},
	            {1204, "1,204"},
	            {123456, "123,456"},
	            {1234567, "1,234,567"},
	            {UINT64_MAX, "18,446,744,073,709,551,615"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(group_digits(rows[i].number).text, rows[i].text);
}

static void complaints_are_printed_by_file_and_line(void **state)
{
	(void)state;
	static const char *const files[] = {"a.csv", "b.csv"};
	struct complaints complaints = {0};
	complain(&complaints, 1, 2, "area", "is %s", "wrong");
	complain(&complaints, 0, 12, "value", "is empty");
	complain(&complaints, 0, 2, "value", "is odd");
	complain(&complaints, 0, 12, NULL, "repeats something");
	complain(&complaints, 0, 0, NULL, "cannot be read");
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	complaints_print(&complaints, files, stream);
	fclose(stream);
	assert_string_equal(text, "a.csv: cannot be read\n"
	                          "a.csv:2: value: is odd\n"
	                          "a.csv:12: value: is empty\n"
	                          "a.csv:12: repeats something\n"
	                          "b.csv:2: area: is wrong\n");
	free(text);
	complaints_done(&complaints);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_keep_their_index_as_the_set_grows),
	    cmocka_unit_test(a_quote_cannot_drive_a_terminal),
	    cmocka_unit_test(a_long_quote_is_cut_between_characters),
	    cmocka_unit_test(digits_are_grouped_by_three),
	    cmocka_unit_test(complaints_are_printed_by_file_and_line),
	};
	return cmocka_run_group_tests_name("report_words", tests, NULL, NULL);
}
