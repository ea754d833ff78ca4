#include "clients/report/rows.h"
#include "tests/unit/little_vocabulary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILES_MAX 3
#define HEADER    "statistic,area,period,value,status,note\n"

struct fixture {
	char *contents[FILES_MAX];
	struct vocabulary *vocabulary;
	struct complaints complaints;
	struct rows *rows;
	char *said; /* the complaints, printed */
};

static const char *const files[FILES_MAX] = {"a.csv", "b.csv", "c.csv"};

/* Reads texts as files; with the vocabulary if `reporter` is not NULL ("" for nobody in particular). */
static void read_texts(struct fixture *fixture, const char *reporter, const char *const texts[],
                       uint32_t count)
{
	*fixture = (struct fixture){.vocabulary = reporter ? little_vocabulary() : NULL};
	uint32_t who = WORDS_NONE;
	if (reporter)
		who = words_find(&fixture->vocabulary->reporters, reporter, strlen(reporter));
	assert_int_equal(rows_new(fixture->vocabulary, who, &fixture->complaints, &fixture->rows), 0);
	for (uint32_t i = 0; i < count; i++) {
		fixture->contents[i] = malloc(strlen(texts[i]) + 1);
		memcpy(fixture->contents[i], texts[i], strlen(texts[i]));
		assert_int_equal(rows_read(fixture->rows, i, fixture->contents[i], strlen(texts[i])), 0);
	}
	assert_int_equal(rows_finish(fixture->rows, files), 0);
	size_t size;
	FILE *stream = open_memstream(&fixture->said, &size);
	complaints_print(&fixture->complaints, files, stream);
	fclose(stream);
}

static void read_text(struct fixture *fixture, const char *reporter, const char *text)
{
	read_texts(fixture, reporter, (const char *const[]){text}, 1);
}

static void done(struct fixture *fixture)
{
	rows_free(fixture->rows);
	complaints_done(&fixture->complaints);
	vocabulary_free(fixture->vocabulary);
	for (size_t i = 0; i < FILES_MAX; i++)
		free(fixture->contents[i]);
	free(fixture->said);
}

static void a_row_becomes_an_observation(void **state)
{
	(void)state;
	struct fixture fixture;
	read_text(&fixture, "liwan",
	          "statistic,area,period,value,note,status\r\n"
	          "\r\n"
	          "residents,荔湾,2020,\"1,238,305\",\"census, final\",\r\n"
	          " income , 440103 , 2021-Q2 , 12345.6 ,, P \r\n"
	          ",,,,,\r\n"
	          "income,Liwan District,2021-Q3,,nobody counted,O\r\n");
	assert_string_equal(fixture.said, "");
	const struct rows *rows = fixture.rows;
	assert_int_equal(rows->count, 3);
	static const struct {
		const char *statistic;
		int64_t value;
		unsigned decimals, line;
		char status;
		const char *note, *period;
	} expected[] = {{"residents", 1238305, 0, 3, 'A', "census, final", "2020"},
	                {"income", 1234560, 2, 4, 'P', NULL, "2021-Q2"},
	                {"income", 0, 2, 6, 'O', "nobody counted", "2021-Q3"}};
	for (size_t i = 0; i < 3; i++) {
		const struct observation *row = &rows->list[i];
		char period[PERIOD_TEXT_SIZE];
		period_format(row->period, period);
		assert_string_equal(rows->statistics.list[row->statistic], expected[i].statistic);
		assert_string_equal(rows->areas.list[row->area], "440103");
		assert_string_equal(period, expected[i].period);
		assert_int_equal(row->value, expected[i].value);
		assert_int_equal(row->decimals, expected[i].decimals);
		assert_int_equal(row->status, expected[i].status);
		assert_int_equal(row->line, expected[i].line);
		if (expected[i].note)
			assert_string_equal(row->note, expected[i].note);
		else
			assert_null(row->note);
	}
	done(&fixture);
}

/* One row under HEADER, and the complaint it earns; NULL: none. */
struct single {
	const char *row, *complaint;
};

static void check_singles(const char *reporter, const struct single rows[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fixture fixture;
		char text[1024];
		snprintf(text, sizeof text, HEADER "%s\n", rows[i].row);
		read_text(&fixture, reporter, text);
		const char *expected = rows[i].complaint ? rows[i].complaint : "";
		if (rows[i].complaint ? !strstr(fixture.said, expected) : *fixture.said != '\0')
			print_error("%s\n", rows[i].row);
		if (rows[i].complaint)
			assert_non_null(strstr(fixture.said, expected));
		else
			assert_string_equal(fixture.said, "");
		assert_int_equal(fixture.complaints.count, rows[i].complaint ? 1 : 0);
		done(&fixture);
	}
}

static void the_form_is_checked_without_a_vocabulary(void **state)
{
	(void)state;
	static const struct single rows[] = {
	    {"residents,440103,2020,1,,", NULL},
	    {"anything,any-area,2020-06-15,0.000000001,,", NULL},
	    {"residents,440103,2020,-3,,", NULL},
	    {"residents,440103,2020,+3,F,", NULL},
	    {"residents,440103,2020, 3 ,,", NULL},
	    {"residents,440103,2020,12.50000000000000,,", NULL},
	    {"residents,440103,2020,,Q,", NULL},
	    {",440103,2020,1,,", "a.csv:2: statistic: is empty"},
	    {"residents,,2020,1,,", "a.csv:2: area: is empty"},
	    {"residents,440103,,1,,", "a.csv:2: period: is empty"},
	    {"residents,440103,2020,,,", "a.csv:2: value: is empty; expected a number, or a status O"},
	    {"Residents,440103,2020,1,,", "a.csv:2: statistic: 'Residents' is not a code"},
	    {"residents,荔湾,2020,1,,", "a.csv:2: area: '荔湾' is not a code"},
	    {"residents,440103,2020-13,1,,", "a.csv:2: period: '2020-13' is not in the calendar"},
	    {"residents,440103,2021-02-29,1,,", "a.csv:2: period: '2021-02-29' is not in the calendar"},
	    {"residents,440103,20-06,1,,",
	     "a.csv:2: period: '20-06' is not a period; expected 2024, 2024-S1"},
	    {"residents,440103,2020,\"1,86,766\",,",
	     "a.csv:2: value: '1,86,766': commas must stand every three"},
	    {"residents,440103,2020,１２,,", "a.csv:2: value: '１２': full-width digits"},
	    {"residents,440103,2020,1e5,,", "a.csv:2: value: '1e5': not a number"},
	    {"residents,440103,2020,1 867,,", "a.csv:2: value: '1 867': not a number"},
	    {"residents,440103,2020,12.,,", "a.csv:2: value: '12.': not a number"},
	    {"residents,440103,2020,.5,,", "a.csv:2: value: '.5': not a number"},
	    {"residents,440103,2020,0.0000000001,,", "a.csv:2: value: '0.0000000001': more decimals"},
	    {"residents,440103,2020,9223372036854775808,,",
	     "a.csv:2: value: '9223372036854775808': the number is too"},
	    {"residents,440103,2020,1,a,",
	     "a.csv:2: status: 'a' is not a status; expected A normal, P provisional"},
	    {"residents,440103,2020,1,AA,", "a.csv:2: status: 'AA' is not a status"},
	    {"residents,440103,2020,1,O,",
	     "a.csv:2: value: '1': status O (missing) has no value; leave it empty"},
	    {"residents,440103,2020,1,L,", "a.csv:2: value: '1': status L (not collected) has no value"},
	    {"residents,440103,2020,1,,\"a\nb\"", "a.csv:2: note: 'a?b' holds a line end"},
	    {"residents,440103,2020,1,", "a.csv:2: this row has 5 fields, the header has 6"},
	    {"residents,440103,2020,1,867,660,,",
	     "a.csv:2: this row has 8 fields, the header has 6 (a number with"},
	    {"residents,440103,\"2020,1,,", "a.csv:2: a quoted field that starts here is never closed"},
	};
	check_singles(NULL, rows, sizeof rows / sizeof *rows);
}

static void everything_is_checked_with_a_vocabulary(void **state)
{
	(void)state;
	static const struct single rows[] = {
	    {"residents,440103,2020,1238305,,", NULL},
	    {"residents,440103,2020,1238305.00,,", NULL},
	    {"income,荔灣區,2020-Q1,123.45,,", NULL},
	    {"resident,440103,2020,1,,",
	     "a.csv:2: statistic: 'resident' is not a statistic the daemon knows; did you mean 'residents'?"},
	    {"zzz,440103,2020,1,,", "a.csv:2: statistic: 'zzz' is not a statistic the daemon knows\n"},
	    {"residents,Liwam,2020,1,,",
	     "a.csv:2: area: 'Liwam' is not an area the daemon knows; did you mean Liwan (440103)?"},
	    {"residents,440193,2020,1,,",
	     "a.csv:2: area: '440193' is not an area the daemon knows; did you mean "},
	    {"residents,Central districts,2020,1,,",
	     "a.csv:2: area: 'Central districts' is a group of areas"},
	    {"residents,越秀区,2020,1,,", "a.csv:2: area: '越秀区' is not for 'liwan' to report"},
	    {"expectancy,440103,2020,82.9,,",
	     "a.csv:2: statistic: 'expectancy' is not for 'liwan' to report"},
	    {"residents,440103,2020-Q1,1,,", "a.csv:2: period: '2020-Q1': residents is reported for "},
	    {"income,440103,2020-Q1,123.456,,",
	     "a.csv:2: value: '123.456': more decimals than are kept here; expected at most 2"},
	};
	check_singles("liwan", rows, sizeof rows / sizeof *rows);
}

static void levels_are_checked(void **state)
{
	(void)state;
	static const struct single rows[] = {
	    {"expectancy,440100,2020,82.9,,", NULL},
	    {"residents,440103,2020,1,,", NULL},
	    {"residents,440104,2020,1,,", NULL},
	    {"residents,440100,2020,1,,",
	     "a.csv:2: area: 440100 (Guangzhou) is a city, and residents is reported by each district"},
	    {"expectancy,Liwan,2020,1,,",
	     "a.csv:2: area: 440103 (Liwan) is a district, and expectancy is reported by each city"},
	};
	check_singles("", rows, sizeof rows / sizeof *rows);
}

static void headers_are_exact(void **state)
{
	(void)state;
	static const struct {
		const char *text, *complaint;
	} rows[] = {
	    {"statistic,area,period,value\nr,a,2020,1\n", NULL},
	    {"statistic,area,period,value,note\nr,a,2020,1,\n", NULL},
	    {"statistic,area,period,value,note,status\nr,a,2020,1,,A\n", NULL},
	    {"\xef\xbb\xbfstatistic,area,period,value\nr,a,2020,1\n", NULL},
	    {"\"statistic\",\"area\",period,value\nr,a,2020,1\n", NULL},
	    {"", "a.csv: is empty; expected the header statistic,area,period,value[,status][,note]"},
	    {"\n\n", "a.csv: is empty"},
	    {"\xff\xfe", "a.csv:1: this is UTF-16"},
	    {"statistic,area,period\nr,a,2020\n", "a.csv:1: the header lacks 'value'"},
	    {"\nstatistics,area,period,value\nr,a,2020,1\n",
	     "a.csv:2: the header has 'statistics', expected 'statistic'"},
	    {"Statistic,area,period,value\nr,a,2020,1\n",
	     "a.csv:1: the header has 'Statistic', expected 'statistic'"},
	    {"area,statistic,period,value\nr,a,2020,1\n",
	     "a.csv:1: the header has 'area', expected 'statistic'"},
	    {"statistic,area,period,value,stats\nr,a,2020,1,\n",
	     "a.csv:1: the header has 'stats', expected 'status'"},
	    {"statistic,area,period,value,colour\nr,a,2020,1,\n",
	     "a.csv:1: the header has a column 'colour' that means"},
	    {"statistic,area,period,value,\nr,a,2020,1,\n", "a.csv:1: the header has a column '' that means"},
	    {"statistic,area,period,value,note,note\nr,a,2020,1,,\n",
	     "a.csv:1: the header has the column 'note' twice"},
	    {"statistic,area,period,value,value\nr,a,2020,1,\n",
	     "a.csv:1: the header has the column 'value' twice"},
	    {"statistic;area;period;value\nr;a;2020;1\n",
	     "a.csv:1: the header is separated by semicolons; expected commas"},
	    {"statistic\tarea\tperiod\tvalue\n", "a.csv:1: the header is separated by tabs"},
	    {"statistic，area，period，value\n", "a.csv:1: the header is separated by full-width commas"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fixture fixture;
		read_text(&fixture, NULL, rows[i].text);
		if (rows[i].complaint && !strstr(fixture.said, rows[i].complaint))
			print_error("%s\n", fixture.said);
		if (rows[i].complaint)
			assert_non_null(strstr(fixture.said, rows[i].complaint));
		else
			assert_string_equal(fixture.said, "");
		assert_int_equal(fixture.complaints.count, rows[i].complaint ? 1 : 0);
		done(&fixture);
	}
}

static void every_mistake_of_every_file_is_listed(void **state)
{
	(void)state;
	struct fixture fixture;
	read_texts(&fixture, "liwan",
	           (const char *const[]){"statistic,area,period,value,status,note\n"
	                                 "residnts,440103,2020,1,,\n"
	                                 "residents,Liwam,2020-13,\"1,0\",X,\"a\nb\"\n"
	                                 "residents,440103,2020,1\"2,,\n"
	                                 "residents,440103,2020,1,,\n",
	                                 "statistic,area,period,valeu\n"
	                                 "bad,bad,bad,bad\n",
	                                 "statistic,area,period,value\n"
	                                 "income,440103,2020,x\n"},
	           3);
	assert_string_equal(
	    fixture.said,
	    "a.csv:2: statistic: 'residnts' is not a statistic the daemon knows; did you mean 'residents'?\n"
	    "a.csv:3: area: 'Liwam' is not an area the daemon knows; did you mean Liwan (440103)?\n"
	    "a.csv:3: period: '2020-13' is not in the calendar (years 1900 to 2199)\n"
	    "a.csv:3: status: 'X' is not a status; expected A normal, P provisional, E estimated, F "
	    "forecast, B break, "
	    "V unvalidated, O missing, L not collected or Q suppressed\n"
	    "a.csv:3: value: '1,0': commas must stand every three digits\n"
	    "a.csv:3: note: 'a?b' holds a line end or another control character; expected one line\n"
	    "a.csv:5: a quote inside a field that does not start with one; put the whole field in quotes and "
	    "double the "
	    "quotes in it\n"
	    "b.csv:1: the header has 'valeu', expected 'value'; the header is "
	    "statistic,area,period,value[,status][,note]\n"
	    "c.csv:2: period: '2020': income is reported for a quarter such as 2024-Q2\n"
	    "c.csv:2: value: 'x': not a number; write it in plain digits, such as -1234.5\n");
	done(&fixture);
}

static void a_repeated_row_names_both_places(void **state)
{
	(void)state;
	struct fixture fixture;
	read_texts(&fixture, "",
	           (const char *const[]){"statistic,area,period,value\n"
	                                 "residents,440103,2020,1\n"
	                                 "residents,440104,2020,2\n"
	                                 "residents,440103,2021,3\n",
	                                 "statistic,area,period,value\n"
	                                 "residents,荔湾区,2020,4\n"
	                                 "residents,Yuexiu,2020-A1,oops\n"},
	           2);
	assert_string_equal(
	    fixture.said, "b.csv:2: repeats residents, 440103, 2020, which stands at a.csv:2\n"
	                  "b.csv:3: value: 'oops': not a number; write it in plain digits, such as -1234.5\n"
	                  "b.csv:3: repeats residents, 440104, 2020, which stands at a.csv:3\n");
	done(&fixture);
}

static void typed_decimals_are_made_equal_for_each_statistic(void **state)
{
	(void)state;
	struct fixture fixture;
	read_text(&fixture, NULL,
	          "statistic,area,period,value\n"
	          "x,a,2020,1\n"
	          "x,b,2020,2.50\n"
	          "x,c,2020,-3.125\n"
	          "y,a,2020,7\n");
	assert_string_equal(fixture.said, "");
	static const int64_t values[] = {1000, 2500, -3125, 7};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(fixture.rows->list[i].value, values[i]);
		assert_int_equal(fixture.rows->list[i].decimals, i < 3 ? 3 : 0);
	}
	done(&fixture);
}

static void a_value_that_does_not_fit_with_others_is_named(void **state)
{
	(void)state;
	struct fixture fixture;
	read_text(&fixture, NULL,
	          "statistic,area,period,value\n"
	          "x,a,2020,9000000000000000000\n"
	          "x,b,2020,0.5\n");
	assert_string_equal(
	    fixture.said,
	    "a.csv:2: value: is too large to be sent with the 1 decimals of other values of x\n");
	done(&fixture);
}

static void a_note_may_have_256_bytes(void **state)
{
	(void)state;
	for (int length = 256; length <= 257; length++) {
		struct fixture fixture;
		char text[512];
		snprintf(text, sizeof text, HEADER "residents,440103,2020,1,,%0*d\n", length, 0);
		read_text(&fixture, "liwan", text);
		assert_string_equal(fixture.said,
		                    length > 256 ? "a.csv:2: note: is 257 bytes long; expected at most 256\n"
		                                 : "");
		done(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_row_becomes_an_observation),
	    cmocka_unit_test(the_form_is_checked_without_a_vocabulary),
	    cmocka_unit_test(everything_is_checked_with_a_vocabulary),
	    cmocka_unit_test(levels_are_checked),
	    cmocka_unit_test(headers_are_exact),
	    cmocka_unit_test(every_mistake_of_every_file_is_listed),
	    cmocka_unit_test(a_repeated_row_names_both_places),
	    cmocka_unit_test(typed_decimals_are_made_equal_for_each_statistic),
	    cmocka_unit_test(a_value_that_does_not_fit_with_others_is_named),
	    cmocka_unit_test(a_note_may_have_256_bytes),
	};
	return cmocka_run_group_tests_name("report_rows", tests, NULL, NULL);
}
