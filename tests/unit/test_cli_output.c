#include "clients/query/output.h"

#include "clients/lib/options.h"
#include "clients/query/commands.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct sample {
	const char *name, *value;
	char **items;
	size_t n_items;
	uint64_t count, commit;
	int has_commit;
};

static const struct column columns[] = {
    {.header = "name", .title = "Name", COLUMN_STRING(struct sample, name)},
    {.header = "value",
     .title = "Value",
     .type = COLUMN_NUMBER,
     .right = true,
     COLUMN_STRING(struct sample, value)},
    {.header = "count", .type = COLUMN_NUMBER, COLUMN_COUNT(struct sample, count)},
    {.title = "Count", .right = true, COLUMN_COUNT(struct sample, count)},
    {.header = "items",
     .title = "Items",
     .type = COLUMN_LIST,
     .if_filled = true,
     COLUMN_STRINGS(struct sample, items)},
    {.header = "commit",
     .title = "Commit",
     .type = COLUMN_NUMBER,
     .right = true,
     .if_filled = true,
     COLUMN_OPTIONAL_COUNT(struct sample, commit)},
    {.header = NULL},
};

static char liwan[] = "荔湾区", zengcheng[] = "Zeng\"cheng";
static char *names[] = {liwan, zengcheng};

static const struct sample plain = {.name = "Guangzhou", .value = "18676605", .count = 11};
static const struct sample chinese = {.name = "广州市",
                                      .value = "-0.50",
                                      .count = 9,
                                      .items = names,
                                      .n_items = 2,
                                      .commit = 7,
                                      .has_commit = 1};
static const struct sample absent = {.name = "", .count = 18446744073709551615u};
static const struct sample awkward = {.name = "a,b \"c\"\nd\\", .value = "007"};

/* What is printed of the samples (up to a NULL); the caller frees it. */
static char *print(enum output_format format, bool live, const struct sample *const samples[])
{
	const struct output_shape shape = {.format = format, .columns = columns, .live = live};
	struct output *output;
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_int_equal(output_open(stream, &shape, &output), 0);
	for (; *samples; samples++)
		assert_int_equal(output_row(output, *samples), 0);
	assert_int_equal(output_close(output, EXIT_DONE), EXIT_DONE);
	fclose(stream);
	return text;
}

static void must_print(enum output_format format, bool live, const struct sample *const samples[],
                       const char *expected)
{
	char *text = print(format, live, samples);

	assert_string_equal(text, expected);
	free(text);
}

#define SAMPLES(...) ((const struct sample *const[]){__VA_ARGS__, NULL})
#define NO_SAMPLES   ((const struct sample *const[]){NULL})

static void csv_has_a_header_and_quotes_what_needs_it(void **state)
{
	(void)state;
	must_print(OUTPUT_CSV, false, SAMPLES(&plain, &chinese, &absent, &awkward),
	           "name,value,count,items,commit\n"
	           "Guangzhou,18676605,11,,\n"
	           "广州市,-0.50,9,\"荔湾区;Zeng\"\"cheng\",7\n"
	           ",,18446744073709551615,,\n"
	           "\"a,b \"\"c\"\"\nd\\\",007,0,,\n");
	must_print(OUTPUT_CSV, false, NO_SAMPLES, "name,value,count,items,commit\n");
}

static void json_keeps_digits_and_knows_null(void **state)
{
	(void)state;
	must_print(OUTPUT_JSON, false, SAMPLES(&plain, &chinese, &absent, &awkward),
	           "[\n"
	           "{\"name\": \"Guangzhou\", \"value\": 18676605, \"count\": 11, \"items\": [], \"commit\": "
	           "null},\n"
	           "{\"name\": \"广州市\", \"value\": -0.50, \"count\": 9, \"items\": [\"荔湾区\", "
	           "\"Zeng\\\"cheng\"], \"commit\": 7},\n"
	           "{\"name\": \"\", \"value\": null, \"count\": 18446744073709551615, \"items\": [], "
	           "\"commit\": null},\n"
	           "{\"name\": \"a,b \\\"c\\\"\\nd\\\\\", \"value\": \"007\", \"count\": 0, \"items\": [], "
	           "\"commit\": null}\n"
	           "]\n");
	must_print(OUTPUT_JSON, false, NO_SAMPLES, "[]\n");
}

static void json_number_is(const char *value, const char *expected)
{
	const struct sample sample = {.name = "x", .value = value};
	char *text = print(OUTPUT_JSON, true, SAMPLES(&sample)), line[128];

	snprintf(line, sizeof line,
	         "{\"name\": \"x\", \"value\": %s, \"count\": 0, \"items\": [], \"commit\": null}\n",
	         expected);
	assert_string_equal(text, line);
	free(text);
}

static void json_numbers_are_only_what_json_calls_so(void **state)
{
	(void)state;
	json_number_is("0", "0");
	json_number_is("-12.340", "-12.340");
	json_number_is("0.5", "0.5");
	json_number_is("00", "\"00\"");
	json_number_is(".5", "\".5\"");
	json_number_is("5.", "\"5.\"");
	json_number_is("+5", "\"+5\"");
	json_number_is("-", "\"-\"");
	json_number_is("", "\"\"");
	json_number_is("5,8", "\"5,8\"");
	json_number_is("力爭5.8", "\"力爭5.8\"");
	json_number_is("\x01\t\x7f", "\"\\u0001\\u0009\\u007f\"");
}

static void tables_align_by_width_on_the_screen(void **state)
{
	(void)state;
	must_print(OUTPUT_TABLE, false, SAMPLES(&plain, &chinese),
	           "Name         Value Count Items              Commit\n"
	           "Guangzhou 18676605    11                    \n"
	           "广州市       -0.50     9 荔湾区, Zeng\"cheng      7\n");
}

static void tables_leave_out_columns_that_nothing_fills(void **state)
{
	(void)state;
	must_print(OUTPUT_TABLE, false, SAMPLES(&plain),
	           "Name         Value Count\n"
	           "Guangzhou 18676605    11\n");
}

static void wide_tables_are_not_cut(void **state)
{
	char name[301], *text;
	const struct sample sample = {.name = name, .value = "1"};

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	setenv("COLUMNS", "40", 1);
	text = print(OUTPUT_TABLE, false, SAMPLES(&sample));
	assert_non_null(strstr(text, name));
	free(text);
	unsetenv("COLUMNS");
}

static void long_lists_say_how_many_more_in_tables_only(void **state)
{
	char item[] = "x", *items[25];
	const struct sample sample = {.name = "n", .items = items, .n_items = 25};
	char *text;

	(void)state;
	for (size_t i = 0; i < 25; i++)
		items[i] = item;
	text = print(OUTPUT_TABLE, false, SAMPLES(&sample));
	assert_non_null(strstr(text, "x, x and 5 more"));
	free(text);
	must_print(OUTPUT_CSV, false, SAMPLES(&sample),
	           "name,value,count,items,commit\n"
	           "n,,0,x;x;x;x;x;x;x;x;x;x;x;x;x;x;x;x;x;x;x;x;x;x;x;x;x,\n");
}

static void table_counts_missing_areas_that_are_not_named(void **state)
{
	const struct output_shape shape = {.format = OUTPUT_TABLE, .columns = get_columns};
	char text[] = "x", status[] = "P", *names_of_two[] = {text, text}, *printed;
	Suanpan__Value value = SUANPAN__VALUE__INIT;
	struct output *output;
	size_t size;
	FILE *stream = open_memstream(&printed, &size);

	(void)state;
	value.code = value.area = value.area_name = value.period = value.value = value.unit = text;
	value.status = status;
	value.reported = 7;
	value.expected = 2700;
	value.missing = names_of_two;
	value.n_missing = 2;
	assert_int_equal(output_open(stream, &shape, &output), 0);
	assert_int_equal(output_row(output, &value), 0);
	assert_int_equal(output_close(output, EXIT_DONE), EXIT_DONE);
	fclose(stream);
	assert_non_null(strstr(printed, "7/2700 P x, x and 2691 more\n"));
	free(printed);
}

static void live_rows_stand_alone(void **state)
{
	(void)state;
	must_print(OUTPUT_TABLE, true, SAMPLES(&plain, &chinese),
	           "Guangzhou  18676605  11\n"
	           "广州市  -0.50  9  荔湾区, Zeng\"cheng  7\n");
	must_print(OUTPUT_CSV, true, SAMPLES(&plain),
	           "name,value,count,items,commit\nGuangzhou,18676605,11,,\n");
	must_print(OUTPUT_JSON, true, SAMPLES(&plain),
	           "{\"name\": \"Guangzhou\", \"value\": 18676605, \"count\": 11, \"items\": [], "
	           "\"commit\": null}\n");
	must_print(OUTPUT_JSON, true, NO_SAMPLES, "");
}

static void failed_question_prints_nothing(void **state)
{
	const enum output_format formats[] = {OUTPUT_TABLE, OUTPUT_CSV, OUTPUT_JSON};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct output_shape shape = {
		    .format = formats[i], .columns = columns, .nothing = "nothing reported yet"};
		struct output *output;
		char *text;
		size_t size;
		FILE *stream = open_memstream(&text, &size);

		assert_int_equal(output_open(stream, &shape, &output), 0);
		assert_int_equal(output_close(output, EXIT_UNREACHABLE), EXIT_UNREACHABLE);
		fclose(stream);
		assert_string_equal(text, "");
		free(text);
	}
}

static void full_disk_is_not_success(void **state)
{
	const struct output_shape shape = {.format = OUTPUT_CSV, .columns = columns};
	FILE *stream = fopen("/dev/full", "w"), *err = stderr;
	struct output *output;
	char *said;
	size_t size;
	int status;

	(void)state;
	assert_non_null(stream);
	assert_int_equal(output_open(stream, &shape, &output), 0);
	stderr = open_memstream(&said, &size);
	status = output_close(output, EXIT_DONE);
	fclose(stderr);
	stderr = err;
	assert_int_equal(status, EXIT_REFUSED);
	assert_string_equal(said, "cannot write the answer: No space left on device\n");
	free(said);
	fclose(stream);
}

static void must_have_header(const struct column *of, const char *expected)
{
	const struct output_shape shape = {.format = OUTPUT_CSV, .columns = of};
	struct output *output;
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_int_equal(output_open(stream, &shape, &output), 0);
	assert_int_equal(output_close(output, EXIT_DONE), EXIT_DONE);
	fclose(stream);
	assert_string_equal(text, expected);
	free(text);
}

static void headers_are_what_was_promised(void **state)
{
	const char *get = "code,area,period,value,unit,status,reported,expected,missing,commit\n";

	(void)state;
	must_have_header(get_columns, get);
	must_have_header(watch_columns, get);
	must_have_header(plan_columns,
	                 "row,indicator,name,unit,baseline,value,comparison,target,nature,"
	                 "verdict,status,reported,expected,period,area,provisional,missing,path,"
	                 "pace,pace_needed,reached,worst_period,worst,forecast_for,forecast,"
	                 "forecast_low,forecast_high,chance,way,note,commit\n");
	must_have_header(history_columns, "revision,value,unit,status,time,reporter,stream,sequence,entry,"
	                                  "commit,note,source,confirm,correction\n");
	must_have_header(eval_columns, "area,period,value,status,reported,expected,missing,commit\n");
	must_have_header(coverage_columns, "statistic,period,due,expected,received,on_time,late,days_late,"
	                                   "missing,revised\n");
	must_have_header(explain_columns, "part,statistic,area,period,value,status,revision,reporter,stream,"
	                                  "sequence,entry,commit,time,counted,carried\n");
	must_have_header(diff_columns, "area,statistic,period,before,after,reporter,entry,commit,moved\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(csv_has_a_header_and_quotes_what_needs_it),
	    cmocka_unit_test(json_keeps_digits_and_knows_null),
	    cmocka_unit_test(json_numbers_are_only_what_json_calls_so),
	    cmocka_unit_test(tables_align_by_width_on_the_screen),
	    cmocka_unit_test(tables_leave_out_columns_that_nothing_fills),
	    cmocka_unit_test(wide_tables_are_not_cut),
	    cmocka_unit_test(long_lists_say_how_many_more_in_tables_only),
	    cmocka_unit_test(table_counts_missing_areas_that_are_not_named),
	    cmocka_unit_test(live_rows_stand_alone),
	    cmocka_unit_test(failed_question_prints_nothing),
	    cmocka_unit_test(full_disk_is_not_success),
	    cmocka_unit_test(headers_are_what_was_promised),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests_name("cli_output", tests, NULL, NULL);
}
