#include "clients/report/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text) text, sizeof text - 1

/* Writes what the reader says: "2:a|b;" for a record of line 2, "3!text" for a mistake there. */
static void dump(const char *bytes, size_t size, FILE *out)
{
	char *copy =
	    malloc(size + 1); /* exactly the room that is asked for, so that ASan sees one byte more */
	assert_non_null(copy);
	memcpy(copy, bytes, size);
	struct csv csv;
	int answer = csv_init(&csv, copy, size);
	if (answer)
		fprintf(out, "%u!%s", csv.mistake.line, csv.mistake.text);
	while (!answer) {
		struct csv_record record;
		answer = csv_next(&csv, &record);
		if (answer == CSV_MISTAKE) {
			fprintf(out, "%u!%s;", csv.mistake.line, csv.mistake.text);
			answer = 0;
			continue;
		}
		for (size_t i = 0; !answer && i < record.count; i++) {
			assert_int_equal(record.fields[i].length, strlen(record.fields[i].text));
			if (i == 0)
				fprintf(out, "%u:", record.line);
			fprintf(out, "%s%s", i ? "|" : "", record.fields[i].text);
		}
		if (!answer)
			fputc(';', out);
	}
	free(copy);
}

static char *dump_text(const char *bytes, size_t size)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	dump(bytes, size, out);
	fclose(out);
	return text;
}

static void records_are_read_as_rfc_4180_has_them(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		const char *expected;
	} must_accept[] = {
	    {BYTES(""), ""},
	    {BYTES("\n"), ""},
	    {BYTES("a"), "1:a;"},
	    {BYTES("a\n"), "1:a;"},
	    {BYTES("a,b,c\n"), "1:a|b|c;"},
	    {BYTES("a,b\r\nc,d\r\n"), "1:a|b;2:c|d;"},
	    {BYTES("a,b\r\nc,d"), "1:a|b;2:c|d;"},
	    {BYTES("a,b\nc,d\r\ne,f\n"), "1:a|b;2:c|d;3:e|f;"},
	    {BYTES("a,"), "1:a|;"},
	    {BYTES(",a"), "1:|a;"},
	    {BYTES(","), "1:|;"},
	    {BYTES(",,\n"), "1:||;"},
	    {BYTES("\"\""), "1:;"},
	    {BYTES("\"\",\"\"\n"), "1:|;"},
	    {BYTES("\"a\",\"b\"\n"), "1:a|b;"},
	    {BYTES("\"a,b\",c"), "1:a,b|c;"},
	    {BYTES("\"1,867,660\"\n"), "1:1,867,660;"},
	    {BYTES("\"a\"\"b\",c"), "1:a\"b|c;"},
	    {BYTES("\"\"\"\""), "1:\";"},
	    {BYTES("\"\"\"a\"\"\""), "1:\"a\";"},
	    {BYTES("\"a\nb\",c\nd"), "1:a\nb|c;3:d;"},
	    {BYTES("\"a\r\nb\",c\r\nd"), "1:a\r\nb|c;3:d;"},
	    {BYTES("\"a\rb\"\nc"), "1:a\rb;2:c;"},
	    {BYTES("\"\n\n\n\"\nx"), "1:\n\n\n;5:x;"},
	    {BYTES("a\n\n\nb\n"), "1:a;4:b;"},
	    {BYTES("\r\n\r\na"), "3:a;"},
	    {BYTES(" a , b \n"), "1: a | b ;"},
	    {BYTES("a b\n"), "1:a b;"},
	    {BYTES("\xef\xbb\xbf"
	           "a,b\n"),
	     "1:a|b;"},
	    {BYTES("\xef\xbb\xbf\"a\",b\n"), "1:a|b;"},
	    {BYTES("\xef\xbb\xbf"), ""},
	    {BYTES("\xe8\x8d\x94\xe6\xb9\xbe,\xf0\x9f\xa7\xae\n"), "1:荔湾|🧮;"},
	    {BYTES("a,\xef\xbb\xbf"
	           "b\n"),
	     "1:a|\xef\xbb\xbf"
	     "b;"},
	};
	for (size_t i = 0; i < sizeof must_accept / sizeof *must_accept; i++) {
		char *text = dump_text(must_accept[i].bytes, must_accept[i].size);
		if (strcmp(text, must_accept[i].expected) != 0)
			print_error("row %zu\n", i);
		assert_string_equal(text, must_accept[i].expected);
		free(text);
	}
}

static void mistakes_are_named_with_their_line_and_the_rest_is_read(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		const char *expected[3]; /* parts of the dump */
	} must_refuse[] = {
	    {BYTES("a\n\"b\nc"), {"1:a;", "2!a quoted field that starts here is never closed"}},
	    {BYTES("\"a\"b,c\nd"), {"1!text after a closing quote", "2:d;"}},
	    {BYTES("\"a\" ,c\nd"), {"1!text after a closing quote", "2:d;"}},
	    {BYTES("\"a\nb\"c\nd"), {"2!text after a closing quote", "3:d;"}},
	    {BYTES("a\"b\nd"), {"1!a quote inside a field", "2:d;"}},
	    {BYTES("x, \"a\"\nd"), {"1!a quote inside a field", "2:d;"}},
	    {BYTES("a\rb\rc\r"), {"1!a carriage return alone"}},
	    {BYTES("a\n,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\nb"), {"1:a;", "2!more than 32 fields", "3:b;"}},
	    {BYTES("a\nb\0c\n"), {"2!holds a NUL byte", "save as UTF-8"}},
	    {BYTES("\xff\xfe"
	           "a\0"),
	     {"1!this is UTF-16", "save as UTF-8"}},
	    {BYTES("\xfe\xff\0a"), {"1!this is UTF-16", "save as UTF-8"}},
	    {BYTES("PK\x03\x04xx"), {"1!this is a workbook (.xlsx or .ods)", "save as UTF-8"}},
	    {BYTES("\xd0\xcf\x11\xe0xx"), {"1!this is a workbook (.xls)", "save as UTF-8"}},
	    {BYTES("a\nb\n\xc0\xf3\xcd\xe5\n"),
	     {"3!byte 0xC0 is not UTF-8 (it may be GBK)", "save as UTF-8"}},
	    {BYTES("a\n\xbb\n"), {"2!byte 0xBB is not UTF-8;"}},
	    {BYTES("\xe8\x8d"), {"1!byte 0xE8 is not UTF-8"}},
	    {BYTES("\xc0\x80"), {"1!byte 0xC0 is not UTF-8"}},
	    {BYTES("\xe0\x80\x80"), {"1!byte 0xE0 is not UTF-8"}},
	    {BYTES("\xed\xa0\x80"), {"1!byte 0xED is not UTF-8"}},
	    {BYTES("\xf4\x90\x80\x80"), {"1!byte 0xF4 is not UTF-8"}},
	};
	for (size_t i = 0; i < sizeof must_refuse / sizeof *must_refuse; i++) {
		char *text = dump_text(must_refuse[i].bytes, must_refuse[i].size);
		for (size_t k = 0; k < 3 && must_refuse[i].expected[k]; k++) {
			if (!strstr(text, must_refuse[i].expected[k]))
				print_error("row %zu: %s\n", i, text);
			assert_non_null(strstr(text, must_refuse[i].expected[k]));
		}
		free(text);
	}
}

static void a_field_says_the_line_it_starts_in(void **state)
{
	(void)state;
	char bytes[] = "\"a\nb\",\"c\n\",d\ne,f\n";
	struct csv csv;
	struct csv_record record;
	assert_int_equal(csv_init(&csv, bytes, sizeof bytes - 1), 0);
	assert_int_equal(csv_next(&csv, &record), 0);
	assert_int_equal(record.line, 1);
	assert_int_equal(record.fields[0].line, 1);
	assert_int_equal(record.fields[1].line, 2);
	assert_int_equal(record.fields[2].line, 3);
	assert_int_equal(csv_next(&csv, &record), 0);
	assert_int_equal(record.line, 4);
	assert_int_equal(csv_next(&csv, &record), CSV_END);
	assert_int_equal(csv_next(&csv, &record), CSV_END);
}

static void a_stream_is_read_to_its_end(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 65534, 65535, 65536, 65537, 200000};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		FILE *stream = tmpfile();
		assert_non_null(stream);
		for (size_t k = 0; k < sizes[i]; k++)
			fputc('a' + (int)(k % 26), stream);
		rewind(stream);
		char *bytes;
		size_t size;
		assert_int_equal(csv_read_stream(stream, &bytes, &size), 0);
		assert_int_equal(size, sizes[i]);
		bytes[size] = '\0'; /* the room that was promised */
		for (size_t k = 0; k < size; k++)
			assert_int_equal(bytes[k], 'a' + (int)(k % 26));
		free(bytes);
		fclose(stream);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_are_read_as_rfc_4180_has_them),
	    cmocka_unit_test(mistakes_are_named_with_their_line_and_the_rest_is_read),
	    cmocka_unit_test(a_field_says_the_line_it_starts_in),
	    cmocka_unit_test(a_stream_is_read_to_its_end),
	};
	return cmocka_run_group_tests_name("report_csv", tests, NULL, NULL);
}
