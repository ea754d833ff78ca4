#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/intake/check.h"
#include "proto/envelope.h"
#include "tests/lib/little_city.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX    (ENVELOPE_OBSERVATIONS_MAX + 1)
#define ENTRIES_MAX 16384

struct fixture {
	char *folder;
	struct catalogue *catalogue;
	struct arena *arena;
	/* The report to be: two good rows, for a test to spoil. */
	Suanpan__Report report;
	uint8_t stream[REPORT_STREAM_SIZE + 1];
	char *statistic[ENTRIES_MAX], *period[ENTRIES_MAX], *area[ENTRIES_MAX];
	uint64_t decimals[ENTRIES_MAX];
	int64_t statistic_delta[ROWS_MAX], period_delta[ROWS_MAX], area_delta[ROWS_MAX], value[ROWS_MAX];
	uint64_t status_row[ROWS_MAX], status_code[ROWS_MAX];
	Suanpan__Note notes[8], *note[8];
	/* what came of it */
	void *payload;
	size_t size;
	struct checked_report checked;
};

static char *text(const char *literal)
{
	return (char *)(uintptr_t)literal; /* protobuf-c's structs have no const */
}

/* Row 0: beds of North in June 2024, 120. Row 1: people of North in 2024, 2000. */
static void make_good(struct fixture *fixture)
{
	Suanpan__Report *report = &fixture->report;
	suanpan__report__init(report);
	memset(fixture->stream, 7, sizeof fixture->stream);
	memset(fixture->statistic_delta, 0, sizeof fixture->statistic_delta);
	memset(fixture->period_delta, 0, sizeof fixture->period_delta);
	memset(fixture->area_delta, 0, sizeof fixture->area_delta);
	memset(fixture->decimals, 0, sizeof fixture->decimals);
	memset(fixture->value, 0, sizeof fixture->value);
	report->major = ENVELOPE_MAJOR;
	report->stream = (ProtobufCBinaryData){.len = REPORT_STREAM_SIZE, .data = fixture->stream};
	report->sequence = 5;
	report->reporter = text("north_office");
	report->statistic = fixture->statistic;
	report->period = fixture->period;
	report->area = fixture->area;
	report->decimals = fixture->decimals;
	report->statistic_delta = fixture->statistic_delta;
	report->period_delta = fixture->period_delta;
	report->area_delta = fixture->area_delta;
	report->value = fixture->value;
	report->status_row = fixture->status_row;
	report->status_code = fixture->status_code;
	report->note = fixture->note;
	for (size_t i = 0; i < 8; i++) {
		suanpan__note__init(&fixture->notes[i]);
		fixture->note[i] = &fixture->notes[i];
	}
	fixture->statistic[0] = text("beds");
	fixture->statistic[1] = text("people");
	fixture->period[0] = text("2024-06");
	fixture->period[1] = text("2024");
	fixture->area[0] = text("north");
	report->n_statistic = report->n_decimals = report->n_period = 2;
	report->n_area = 1;
	report->n_statistic_delta = report->n_period_delta = report->n_area_delta = report->n_value = 2;
	fixture->statistic_delta[1] = fixture->period_delta[1] = 1;
	fixture->value[0] = 120;
	fixture->value[1] = 2000;
}

static void set_rows(struct fixture *fixture, size_t rows)
{
	fixture->report.n_statistic_delta = fixture->report.n_period_delta = rows;
	fixture->report.n_area_delta = fixture->report.n_value = rows;
}

static void set_status(struct fixture *fixture, uint64_t row, uint64_t code)
{
	size_t at = fixture->report.n_status_row;
	fixture->status_row[at] = row;
	fixture->status_code[at] = code;
	fixture->report.n_status_row = fixture->report.n_status_code = at + 1;
}

static void set_note(struct fixture *fixture, uint64_t row, const char *note)
{
	size_t at = fixture->report.n_note++;
	fixture->notes[at].row = row;
	fixture->notes[at].text = text(note);
}

static void forget(struct fixture *fixture)
{
	free(fixture->checked.observations);
	fixture->checked.observations = NULL;
	free(fixture->payload);
	fixture->payload = NULL;
	arena_reset(fixture->arena);
}

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->catalogue = little_city_load(fixture->folder);
	for (uint32_t i = 0; i < fixture->catalogue->reporter_count; i++)
		fixture->catalogue->reporters[i].id = 70 + i; /* as the store would */
	assert_int_equal(arena_new(ENVELOPE_UNPACK_BUDGET, &fixture->arena), 0);
	make_good(fixture);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	forget(fixture);
	arena_free(fixture->arena);
	catalogue_free(fixture->catalogue);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

static void expect_text_is_fit(const char *said)
{
	assert_non_null(said);
	assert_true(strlen(said) > 0);
	assert_true(text_is_valid(said, strlen(said)));
}

/* What holds of every answer. */
static void expect_sound(const struct fixture *fixture, int result)
{
	const struct checked_report *checked = &fixture->checked;
	assert_int_equal(checked->observations != NULL, result == 0);
	assert_int_equal(checked->observation_count > 0, result == 0);
	if (result == 0) {
		assert_null(checked->reason);
		assert_int_equal(checked->problem_count, 0);
		return;
	}
	expect_text_is_fit(checked->reason);
	for (size_t i = 0; i < checked->problem_count; i++) {
		expect_text_is_fit(checked->problems[i]->text);
		assert_true(i == 0 || checked->problems[i - 1]->row <= checked->problems[i]->row);
	}
}

static int check_as(struct fixture *fixture, uint32_t reporter)
{
	forget(fixture);
	assert_int_equal(
	    envelope_pack(&fixture->report.base, ENVELOPE_ANSWER_MAX, &fixture->payload, &fixture->size), 0);
	int result = intake_check(fixture->catalogue, reporter, fixture->payload, fixture->size,
	                          fixture->arena, &fixture->checked);
	expect_sound(fixture, result);
	return result;
}

static int check(struct fixture *fixture)
{
	return check_as(fixture, CATALOGUE_NONE);
}

/* Refuses the whole, not a row of it; starts afresh for the next. */
static void must_refuse(struct fixture *fixture, int verdict, const char *reason)
{
	assert_int_equal(check(fixture), verdict);
	assert_string_equal(fixture->checked.reason, reason);
	assert_int_equal(fixture->checked.problem_count, 0);
	make_good(fixture);
}

/* ---- good ones */

static void a_good_report_becomes_observations(void **state)
{
	struct fixture *fixture = *state;
	fixture->report.has_oldest = 1;
	fixture->report.oldest = 4;
	fixture->report.source = text("North's 表.csv");
	set_status(fixture, 1, 'P');
	set_note(fixture, 0, "counted twice\t复核");
	assert_int_equal(check(fixture), 0);
	const struct checked_report *checked = &fixture->checked;
	assert_true(checked->has_stream);
	assert_int_equal(checked->name.reporter_id, 70);
	assert_memory_equal(checked->name.stream, fixture->stream, REPORT_STREAM_SIZE);
	assert_int_equal(checked->name.sequence, 5);
	assert_int_equal(checked->oldest, 4);
	assert_int_equal(checked->observation_count, 2);
	assert_int_equal(checked->observations[0].statistic, BEDS);
	assert_int_equal(checked->observations[0].area, NORTH);
	assert_int_equal(checked->observations[0].period.code, period_make(PERIOD_MONTH, 2024, 5).code);
	assert_int_equal(checked->observations[0].status, 'A');
	assert_int_equal(checked->observations[0].value, 120);
	assert_int_equal(checked->observations[1].statistic, PEOPLE);
	assert_int_equal(checked->observations[1].period.code, period_make(PERIOD_ANNUAL, 2024, 0).code);
	assert_int_equal(checked->observations[1].status, 'P');
	assert_int_equal(checked->observations[1].value, 2000);
}

static void every_status_has_or_has_no_value(void **state)
{
	struct fixture *fixture = *state;
	for (const char *status = "APEFBV"; *status; status++) {
		make_good(fixture);
		set_status(fixture, 0, (uint64_t)*status);
		assert_int_equal(check(fixture), 0);
		assert_int_equal(fixture->checked.observations[0].status, *status);
		assert_int_equal(fixture->checked.observations[0].value, 120);
	}
	for (const char *status = "OLQ"; *status; status++) {
		make_good(fixture);
		set_status(fixture, 0, (uint64_t)*status);
		fixture->value[0] = 0;
		assert_int_equal(check(fixture), 0);
		assert_int_equal(fixture->checked.observations[0].status, *status);
	}
}

static void values_are_rescaled_exactly(void **state)
{
	struct fixture *fixture = *state;
	fixture->catalogue->statistics[BEDS].may_be_negative = true;
	fixture->decimals[0] = 9;
	fixture->value[0] = -5000000000;
	assert_int_equal(check(fixture), 0);
	assert_int_equal(fixture->checked.observations[0].value, -5);
	make_good(fixture);
	fixture->value[0] = INT64_MIN;
	fixture->value[1] = INT64_MAX;
	assert_int_equal(check(fixture), 0);
	assert_true(fixture->checked.observations[0].value == INT64_MIN);
	assert_true(fixture->checked.observations[1].value == INT64_MAX);
	fixture->catalogue->statistics[BEDS].decimals = 2;
	make_good(fixture);
	assert_int_equal(check(fixture), 0);
	assert_int_equal(fixture->checked.observations[0].value, 12000);
}

static void any_order_of_rows_and_dictionaries_is_legal(void **state)
{
	struct fixture *fixture = *state;
	fixture->statistic[2] = text("beds"); /* twice in the dictionary: said to be none, and no harm */
	fixture->report.n_statistic = fixture->report.n_decimals = 3;
	fixture->statistic_delta[0] = 2;
	fixture->statistic_delta[1] = -1;
	assert_int_equal(check(fixture), 0);
	assert_int_equal(fixture->checked.observations[0].statistic, BEDS);
	assert_int_equal(fixture->checked.observations[1].statistic, PEOPLE);
	make_good(fixture);
	fixture->statistic_delta[0] = fixture->period_delta[0] = 1;
	fixture->statistic_delta[1] = fixture->period_delta[1] = -1;
	assert_int_equal(check(fixture), 0);
	assert_int_equal(fixture->checked.observations[0].statistic, PEOPLE);
	assert_int_equal(fixture->checked.observations[1].statistic, BEDS);
}

/* ---- who, and which */

static void a_report_without_a_name_cannot_be_remembered(void **state)
{
	struct fixture *fixture = *state;
	fixture->report.stream.len = 15;
	must_refuse(fixture, CHECK_NAMELESS,
	            "a stream of 15 bytes and sequence 5; expected 16 bytes and a sequence from 1");
	assert_false(fixture->checked.has_stream);
	fixture->report.stream.len = 17;
	must_refuse(fixture, CHECK_NAMELESS,
	            "a stream of 17 bytes and sequence 5; expected 16 bytes and a sequence from 1");
	fixture->report.sequence = 0;
	must_refuse(fixture, CHECK_NAMELESS,
	            "a stream of 16 bytes and sequence 0; expected 16 bytes and a sequence from 1");
	assert_false(fixture->checked.has_stream);
	fixture->report.has_oldest = 1;
	fixture->report.oldest = 6;
	must_refuse(fixture, CHECK_NAMELESS, "oldest 6 is beyond sequence 5");
	assert_true(fixture->checked.has_stream);
	fixture->report.reporter = NULL;
	must_refuse(fixture, CHECK_NAMELESS, "the report does not say which reporter sends it");
	fixture->report.reporter = text("west_office");
	must_refuse(fixture, CHECK_NAMELESS, "unknown reporter 'west_office'");
	assert_true(fixture->checked.has_stream);
	assert_int_equal(fixture->checked.name.sequence, 5);
	assert_int_equal(fixture->checked.name.reporter_id, 0);
}

static void the_keys_word_counts_more_than_the_reports(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(check_as(fixture, SOUTH_OFFICE), CHECK_NAMELESS);
	assert_string_equal(
	    fixture->checked.reason,
	    "the report says it is from 'north_office', its key that it is from 'south_office'");
	fixture->report.reporter = NULL;
	assert_int_equal(check_as(fixture, NORTH_OFFICE), 0);
	assert_int_equal(fixture->checked.name.reporter_id, 70);
	assert_int_equal(check_as(fixture, SOUTH_OFFICE), CHECK_REFUSED); /* North is not its to report */
	assert_int_equal(fixture->checked.problem_count, 2);
}

static void what_is_no_report_is_said_to_be_none(void **state)
{
	static const uint8_t newer[] = {0x08, 0x02, 0xff, 0xff, 0x01};
	struct fixture *fixture = *state;
	assert_int_equal(intake_check(fixture->catalogue, CATALOGUE_NONE, "nonsense", 8, fixture->arena,
	                              &fixture->checked),
	                 CHECK_NAMELESS);
	assert_string_equal(fixture->checked.reason, "these 8 bytes are not a Report");
	assert_false(fixture->checked.has_stream);
	assert_int_equal(
	    intake_check(fixture->catalogue, CATALOGUE_NONE, "", 0, fixture->arena, &fixture->checked),
	    CHECK_NAMELESS);
	assert_int_equal(intake_check(fixture->catalogue, CATALOGUE_NONE, newer, sizeof newer, fixture->arena,
	                              &fixture->checked),
	                 CHECK_UNSUPPORTED);
	assert_string_equal(fixture->checked.reason, "this daemon knows reports of major 1, not 2");
	char *huge = malloc(ENVELOPE_REQUEST_MAX + 1);
	memset(huge, 'a', ENVELOPE_REQUEST_MAX + 1);
	fixture->report.source = huge;
	huge[ENVELOPE_REQUEST_MAX] = '\0';
	must_refuse(fixture, CHECK_NAMELESS, "the report is larger than allowed, packed or unpacked");
	free(huge);
}

/* ---- the whole */

static void unknown_fields_are_refused_not_lost(void **state)
{
	ProtobufCMessageUnknownField unknown = {
	    .tag = 300, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1, .data = (uint8_t[]){1}};
	struct fixture *fixture = *state;
	static const char reason[] = "the report has fields that this daemon does not know and would lose";
	fixture->report.base.unknown_fields = &unknown;
	fixture->report.base.n_unknown_fields = 1;
	must_refuse(fixture, CHECK_REFUSED, reason);
	set_note(fixture, 0, "a note");
	fixture->notes[0].base.unknown_fields = &unknown;
	fixture->notes[0].base.n_unknown_fields = 1;
	must_refuse(fixture, CHECK_REFUSED, reason);
	assert_int_equal(check(fixture), 0);
}

static void columns_have_one_length(void **state)
{
	struct fixture *fixture = *state;
	fixture->report.n_statistic_delta = 1;
	must_refuse(fixture, CHECK_REFUSED,
	            "the columns differ in length: 1 statistics, 2 periods, 2 areas, 2 values");
	fixture->report.n_period_delta = 3;
	must_refuse(fixture, CHECK_REFUSED,
	            "the columns differ in length: 2 statistics, 3 periods, 2 areas, 2 values");
	fixture->report.n_area_delta = 0;
	must_refuse(fixture, CHECK_REFUSED,
	            "the columns differ in length: 2 statistics, 2 periods, 0 areas, 2 values");
	fixture->report.n_value = 0;
	must_refuse(fixture, CHECK_REFUSED,
	            "the columns differ in length: 2 statistics, 2 periods, 2 areas, 0 values");
	fixture->report.n_decimals = 1;
	must_refuse(fixture, CHECK_REFUSED, "2 statistics, but decimals for 1");
	set_status(fixture, 0, 'A');
	fixture->report.n_status_code = 0;
	must_refuse(fixture, CHECK_REFUSED, "1 status rows, but 0 status codes");
	set_rows(fixture, 0);
	must_refuse(fixture, CHECK_REFUSED, "the report holds no observation");
	set_rows(fixture, ENVELOPE_OBSERVATIONS_MAX + 1);
	must_refuse(fixture, CHECK_REFUSED, "the report holds 8193 observations; 8192 is the most");
	fixture->decimals[1] = 10;
	must_refuse(fixture, CHECK_REFUSED, "decimals 10 for statistic 1; 9 is the most");
}

static void sparse_columns_ascend_and_stay_inside(void **state)
{
	struct fixture *fixture = *state;
	set_status(fixture, 2, 'A');
	must_refuse(fixture, CHECK_REFUSED, "a status for row 2 of 2");
	set_status(fixture, UINT64_MAX, 'A');
	must_refuse(fixture, CHECK_REFUSED, "a status for row 18446744073709551615 of 2");
	set_status(fixture, 1, 'A');
	set_status(fixture, 0, 'A');
	must_refuse(fixture, CHECK_REFUSED, "the status rows do not ascend at row 0");
	set_status(fixture, 1, 'A');
	set_status(fixture, 1, 'P');
	must_refuse(fixture, CHECK_REFUSED, "the status rows do not ascend at row 1");
	set_note(fixture, 2, "a");
	must_refuse(fixture, CHECK_REFUSED, "a note for row 2 of 2");
	set_note(fixture, 1, "a");
	set_note(fixture, 1, "b");
	must_refuse(fixture, CHECK_REFUSED, "the note rows do not ascend at row 1");
	set_note(fixture, 1, "a");
	set_note(fixture, 0, "b");
	must_refuse(fixture, CHECK_REFUSED, "the note rows do not ascend at row 0");
}

static void a_row_points_into_the_dictionaries(void **state)
{
	static const int64_t outside[] = {-1, 2, INT64_MIN, INT64_MAX};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
		fixture->statistic_delta[0] = outside[i];
		must_refuse(fixture, CHECK_REFUSED, "row 0 points outside a dictionary");
		fixture->period_delta[0] = outside[i];
		must_refuse(fixture, CHECK_REFUSED, "row 0 points outside a dictionary");
		fixture->area_delta[0] = outside[i];
		must_refuse(fixture, CHECK_REFUSED, "row 0 points outside a dictionary");
	}
	fixture->statistic_delta[1] = -1; /* back over the front */
	must_refuse(fixture, CHECK_REFUSED, "row 1 points outside a dictionary");
	fixture->area_delta[1] = 1;
	must_refuse(fixture, CHECK_REFUSED, "row 1 points outside a dictionary");
	fixture->report.n_area = 0;
	must_refuse(fixture, CHECK_REFUSED, "row 0 points outside a dictionary");
	fixture->report.n_statistic = fixture->report.n_decimals = 0;
	must_refuse(fixture, CHECK_REFUSED, "row 0 points outside a dictionary");
}

static void the_source_is_one_line_of_text(void **state)
{
	static const char reason[] = "the source is not one line of UTF-8 of at most 256 bytes";
	struct fixture *fixture = *state;
	char longest[258];
	memset(longest, 'a', sizeof longest);
	longest[257] = '\0';
	fixture->report.source = longest;
	must_refuse(fixture, CHECK_REFUSED, reason);
	fixture->report.source = text("two\nlines");
	must_refuse(fixture, CHECK_REFUSED, reason);
	fixture->report.source = text("\xc3");
	must_refuse(fixture, CHECK_REFUSED, reason);
	fixture->report.source = text("\033[2J");
	must_refuse(fixture, CHECK_REFUSED, reason);
	longest[256] = '\0';
	fixture->report.source = longest;
	assert_int_equal(check(fixture), 0);
}

/* ---- rows */

struct expected {
	uint64_t row;
	Suanpan__Reason reason;
	const char *text;
};

static void expect_problems(struct fixture *fixture, const struct expected *expected, size_t count)
{
	assert_int_equal(check(fixture), CHECK_REFUSED);
	for (size_t i = 0; i < count && i < fixture->checked.problem_count; i++) {
		assert_string_equal(fixture->checked.problems[i]->text, expected[i].text);
		assert_int_equal(fixture->checked.problems[i]->row, expected[i].row);
		assert_int_equal(fixture->checked.problems[i]->reason, expected[i].reason);
	}
	assert_int_equal(fixture->checked.problem_count, count);
	make_good(fixture);
}

static void expect_problem(struct fixture *fixture, uint64_t row, Suanpan__Reason reason, const char *said)
{
	const struct expected expected = {row, reason, said};
	expect_problems(fixture, &expected, 1);
	assert_string_equal(fixture->checked.reason, "1 problem in 2 observations");
}

static void each_mistake_of_a_row_has_its_reason(void **state)
{
	static const bool no_beds[] = {false, true, true};
	struct fixture *fixture = *state;
	struct catalogue *catalogue = fixture->catalogue;
	fixture->statistic[0] = text("bed");
	expect_problem(fixture, 0, SUANPAN__REASON__REASON_UNKNOWN_STATISTIC,
	               "unknown statistic 'bed'; the nearest is 'beds'");
	fixture->statistic[0] = text("something_else");
	expect_problem(fixture, 0, SUANPAN__REASON__REASON_UNKNOWN_STATISTIC,
	               "unknown statistic 'something_else'");
	fixture->statistic[0] = text("beds_per_1000");
	expect_problem(fixture, 0, SUANPAN__REASON__REASON_UNKNOWN_STATISTIC,
	               "'beds_per_1000' is an indicator: it is computed, not reported");
	fixture->period[0] = text("2024-13");
	expect_problem(fixture, 0, SUANPAN__REASON__REASON_BAD_PERIOD,
	               "'2024-13' is not a period; expected a form such as 2024, 2024-S1, 2024-Q2, 2024-06 "
	               "or 2024-06-15");
	fixture->period[1] = text("2024-Q1");
	expect_problem(fixture, 1, SUANPAN__REASON__REASON_WRONG_FREQUENCY,
	               "period 2024-Q1: 'people' is reported for a year such as 2024");
	fixture->value[1] = 15;
	fixture->decimals[1] = 1;
	expect_problem(fixture, 1, SUANPAN__REASON__REASON_TOO_MANY_DECIMALS,
	               "15 with 1 decimals is finer than 'people' is kept (0 decimals)");
	set_status(fixture, 1, 'X');
	expect_problem(fixture, 1, SUANPAN__REASON__REASON_BAD_STATUS,
	               "status code 88: expected the letter A, P, E, F, B, V, O, L or Q");
	set_status(fixture, 1, 'A' + 256);
	expect_problem(fixture, 1, SUANPAN__REASON__REASON_BAD_STATUS,
	               "status code 321: expected the letter A, P, E, F, B, V, O, L or Q");
	set_status(fixture, 1, 0);
	expect_problem(fixture, 1, SUANPAN__REASON__REASON_BAD_STATUS,
	               "status code 0: expected the letter A, P, E, F, B, V, O, L or Q");
	set_status(fixture, 1, 'O');
	expect_problem(fixture, 1, SUANPAN__REASON__REASON_BAD_STATUS,
	               "status O has no value, but 2000 was given; expected 0");
	catalogue->statistics[PEOPLE].decimals = 9;
	fixture->value[1] = INT64_MAX;
	expect_problem(fixture, 1, SUANPAN__REASON__REASON_OUT_OF_RANGE,
	               "9223372036854775807 with 0 decimals does not fit 64 bits with 9");
	catalogue->statistics[BEDS].level = LEVEL_CITY;
	expect_problem(fixture, 0, SUANPAN__REASON__REASON_WRONG_LEVEL,
	               "area north is a district: 'beds' is reported by city");
	catalogue->statistics[BEDS].level = LEVEL_DISTRICT;
	catalogue->reporters[NORTH_OFFICE].statistics = no_beds;
	expect_problem(fixture, 0, SUANPAN__REASON__REASON_STATISTIC_OUT_OF_SCOPE,
	               "'beds' is not among the statistics that north_office reports");
}

/* ---- hard rules that look at a row alone */

static void a_statistic_is_held_to_what_it_can_be(void **state)
{
	static const struct {
		bool negative, has_most;
		int64_t value;
		const char *problem; /* NULL: it is taken */
	} rows[] = {
	    {false, false, 0, NULL},
	    {false, false, INT64_MAX, NULL}, /* shares above 100 % among them */
	    {false, false, -1, "-1 is negative, which 'beds' never is"},
	    {false, false, INT64_MIN, "-9223372036854775808 is negative, which 'beds' never is"},
	    {true, false, -1, NULL},
	    {true, false, INT64_MIN, NULL},
	    {false, true, 100, NULL},
	    {false, true, 101, "101 is more than 100, the most that 'beds' can be"},
	    {true, true, -101, NULL},
	    {false, true, -1, "-1 is negative, which 'beds' never is"},
	};
	struct fixture *fixture = *state;
	struct statistic *beds = &fixture->catalogue->statistics[BEDS];
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		beds->may_be_negative = rows[i].negative;
		beds->has_most = rows[i].has_most;
		beds->most = 100;
		fixture->value[0] = rows[i].value;
		if (rows[i].problem)
			expect_problem(fixture, 0, SUANPAN__REASON__REASON_RULE, rows[i].problem);
		else
			assert_int_equal(check(fixture), 0);
		make_good(fixture);
	}
	/* What has no value is no value that a rule could mind. */
	beds->may_be_negative = false;
	set_status(fixture, 0, 'O');
	fixture->value[0] = 0;
	assert_int_equal(check(fixture), 0);
}

static void a_reason_must_say_something(void **state)
{
	static char longest[258];
	static const struct {
		const char *reason;
		bool taken;
	} rows[] = {{"a new town", true}, {"新城区", true}, {longest + 1, true},  {longest, false},
	            {"", false},          {" \t", false},   {"two\nlines", false}};
	struct fixture *fixture = *state;
	memset(longest, 'x', sizeof longest - 1);
	assert_int_equal(check(fixture), 0);
	assert_false(fixture->checked.confirms || fixture->checked.corrects);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		fixture->report.confirm = text(rows[i].reason);
		assert_int_equal(check(fixture), rows[i].taken ? 0 : CHECK_REFUSED);
		assert_true(!rows[i].taken || (fixture->checked.confirms && !fixture->checked.corrects));
		make_good(fixture);
		fixture->report.correction = text(rows[i].reason);
		assert_int_equal(check(fixture), rows[i].taken ? 0 : CHECK_REFUSED);
		assert_true(!rows[i].taken || (fixture->checked.corrects && !fixture->checked.confirms));
		make_good(fixture);
	}
}

static void each_mistake_of_an_area_has_its_reason(void **state)
{
	static const struct {
		const char *area;
		struct expected expected;
	} rows[] = {
	    {"south",
	     {0, SUANPAN__REASON__REASON_AREA_OUT_OF_SCOPE, "area south is not north_office's to report"}},
	    {"nort",
	     {0, SUANPAN__REASON__REASON_UNKNOWN_AREA, "unknown area 'nort'; the nearest is 'north'"}},
	    {"North",
	     {0, SUANPAN__REASON__REASON_UNKNOWN_AREA, "unknown area 'North'; the nearest is 'north'"}},
	    {"elsewhere", {0, SUANPAN__REASON__REASON_UNKNOWN_AREA, "unknown area 'elsewhere'"}},
	};
	static const struct expected group[] = {
	    {0, SUANPAN__REASON__REASON_AREA_OUT_OF_SCOPE, "area both is not north_office's to report"},
	    {0, SUANPAN__REASON__REASON_WRONG_LEVEL, "area both is a group: 'beds' is reported by district"},
	};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		set_rows(fixture, 1);
		fixture->area[0] = text(rows[i].area);
		expect_problems(fixture, &rows[i].expected, 1);
	}
	set_rows(fixture, 1);
	fixture->area[0] = text("both");
	expect_problems(fixture, group, 2);
}

static void notes_are_one_line_of_text(void **state)
{
	static const char said[] = "the note is not one line of UTF-8 of at most 256 bytes";
	struct fixture *fixture = *state;
	char longest[258];
	memset(longest, 'a', sizeof longest);
	longest[257] = '\0';
	set_note(fixture, 1, longest);
	expect_problem(fixture, 1, SUANPAN__REASON__REASON_BAD_TEXT, said);
	set_note(fixture, 1, "two\nlines");
	expect_problem(fixture, 1, SUANPAN__REASON__REASON_BAD_TEXT, said);
	set_note(fixture, 0, "bell\a");
	expect_problem(fixture, 0, SUANPAN__REASON__REASON_BAD_TEXT, said);
	set_note(fixture, 1, "half a character \xe5\xa4");
	expect_problem(fixture, 1, SUANPAN__REASON__REASON_BAD_TEXT, said);
	longest[256] = '\0';
	set_note(fixture, 1, longest);
	assert_int_equal(check(fixture), 0);
}

static void every_bad_row_is_listed_in_order(void **state)
{
	static const struct expected expected[] = {
	    {0, SUANPAN__REASON__REASON_UNKNOWN_STATISTIC, "unknown statistic 'bedz'; the nearest is 'beds'"},
	    {0, SUANPAN__REASON__REASON_BAD_PERIOD,
	     "'June' is not a period; expected a form such as 2024, 2024-S1, 2024-Q2, 2024-06 or 2024-06-15"},
	    {0, SUANPAN__REASON__REASON_BAD_STATUS,
	     "status code 120: expected the letter A, P, E, F, B, V, O, L or Q"},
	    {0, SUANPAN__REASON__REASON_BAD_TEXT, "the note is not one line of UTF-8 of at most 256 bytes"},
	    {2, SUANPAN__REASON__REASON_UNKNOWN_STATISTIC, "unknown statistic 'bedz'; the nearest is 'beds'"},
	    {2, SUANPAN__REASON__REASON_AREA_OUT_OF_SCOPE, "area south is not north_office's to report"},
	};
	struct fixture *fixture = *state;
	fixture->statistic[0] = text("bedz");
	fixture->area[1] = text("south");
	fixture->period[0] = text("June");
	fixture->period[2] = text("2024-07");
	fixture->report.n_area = 2;
	fixture->report.n_period = 3;
	set_rows(fixture, 3); /* row 2: bedz, 2024-07, south */
	fixture->statistic_delta[2] = -1;
	fixture->period_delta[2] = 1;
	fixture->area_delta[2] = 1;
	set_status(fixture, 0, 'x');
	set_note(fixture, 0, "\x7f");
	expect_problems(fixture, expected, sizeof expected / sizeof expected[0]);
	assert_string_equal(fixture->checked.reason, "6 problems in 3 observations");
}

static void a_repeated_row_names_the_one_before(void **state)
{
	static const struct expected expected[] = {
	    {1, SUANPAN__REASON__REASON_REPEATED_ROW, "the same statistic, period and area as row 0"},
	    {3, SUANPAN__REASON__REASON_REPEATED_ROW, "the same statistic, period and area as row 1"},
	    {4, SUANPAN__REASON__REASON_REPEATED_ROW, "the same statistic, period and area as row 2"},
	};
	struct fixture *fixture = *state;
	fixture->period[1] = text("2024-07");
	fixture->statistic[1] = text("beds");
	set_rows(fixture, 5); /* 0 0 1 0 1, and two names for one statistic */
	memset(fixture->statistic_delta, 0, sizeof fixture->statistic_delta);
	memset(fixture->period_delta, 0, sizeof fixture->period_delta);
	fixture->statistic_delta[1] = 1;
	fixture->period_delta[2] = fixture->period_delta[4] = 1;
	fixture->period_delta[3] = -1;
	expect_problems(fixture, expected, 3);
	assert_string_equal(fixture->checked.reason, "3 problems in 5 observations");
}

/* What is repeated from a report is fit to be shown: expect_sound looks at every sentence. */
static void foreign_text_is_tamed_in_what_is_said(void **state)
{
	static const char *const foreign[] = {"\033[2J", "two\nlines", "\xff\xfe", "\xe8\x8d", "",
	                                      /* 22 characters of three bytes: the 64th byte is inside one */
	                                      "荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔"};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
		fixture->statistic[0] = fixture->period[0] = fixture->area[0] = text(foreign[i]);
		assert_int_equal(check(fixture), CHECK_REFUSED);
		assert_int_equal(fixture->checked.problem_count, 4);
		fixture->report.reporter = text(foreign[i]);
		assert_int_equal(check(fixture), CHECK_NAMELESS);
		make_good(fixture);
	}
	fixture->area[0] = text(foreign[5]);
	assert_int_equal(check(fixture), CHECK_REFUSED);
	assert_string_equal(fixture->checked.problems[0]->text,
	                    "unknown area '荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔荔'");
}

static void a_nul_inside_a_code_does_not_shorten_it(void **state)
{
	struct fixture *fixture = *state;
	fixture->statistic[0] = text("beds!x");
	assert_int_equal(check(fixture), CHECK_REFUSED);
	char *at = memmem(fixture->payload, fixture->size, "beds!x", 6);
	assert_non_null(at);
	at[4] = '\0';
	assert_int_equal(intake_check(fixture->catalogue, CATALOGUE_NONE, fixture->payload, fixture->size,
	                              fixture->arena, &fixture->checked),
	                 CHECK_NAMELESS);
	assert_memory_equal(fixture->checked.reason, "these ", 6);
}

/* ---- as bad as can be */

static size_t ack_size(const struct fixture *fixture)
{
	Suanpan__Ack ack;
	uint8_t stream[REPORT_STREAM_SIZE] = {0};
	suanpan__ack__init(&ack);
	ack.major = ENVELOPE_MAJOR;
	ack.outcome = SUANPAN__OUTCOME__OUTCOME_REFUSED;
	ack.has_stream = ack.has_sequence = ack.has_commit = 1;
	ack.stream = (ProtobufCBinaryData){.len = sizeof stream, .data = stream};
	ack.sequence = ack.commit = UINT64_MAX;
	ack.reason = text(fixture->checked.reason);
	ack.n_problem = fixture->checked.problem_count;
	ack.problem = fixture->checked.problems;
	return protobuf_c_message_get_packed_size(&ack.base);
}

/* Every row is named, the ack fits, and the memory for it was there: a refusal that could not be said would
 * be asked for again for ever. */
static void expect_all_rows_named(struct fixture *fixture, size_t rows)
{
	uint64_t next = 0;
	assert_int_equal(check(fixture), CHECK_REFUSED);
	assert_true(fixture->size <= ENVELOPE_REQUEST_MAX);
	for (size_t i = 0; i < fixture->checked.problem_count; i++) {
		uint64_t row = fixture->checked.problems[i]->row;
		assert_true(row == next || row + 1 == next);
		next = row + 1;
	}
	assert_int_equal(next, rows);
	assert_true(ack_size(fixture) <= ENVELOPE_ANSWER_MAX - 1024);
	assert_true(arena_left(fixture->arena) > ENVELOPE_UNPACK_BUDGET / 4);
}

static void a_refusal_of_8192_rows_names_them_all_and_fits(void **state)
{
	static char longest[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrs";
	struct fixture *fixture = *state;
	set_rows(fixture, ENVELOPE_OBSERVATIONS_MAX);
	fixture->statistic_delta[1] = fixture->period_delta[1] = 0;
	fixture->statistic[0] = fixture->area[0] = fixture->period[0] = longest;
	for (uint64_t row = 0; row < 1000; row++)
		set_status(fixture, row, 0x7f);
	expect_all_rows_named(fixture, ENVELOPE_OBSERVATIONS_MAX);
	assert_string_equal(fixture->checked.reason,
	                    "25576 problems in 8192 observations; of some rows only the first is listed");
	fixture->statistic[0] = text("beds");
	expect_all_rows_named(fixture, ENVELOPE_OBSERVATIONS_MAX);
	fixture->area[0] = text("both");
	expect_all_rows_named(fixture, ENVELOPE_OBSERVATIONS_MAX);
	fixture->period[0] = text("2024");
	expect_all_rows_named(fixture, ENVELOPE_OBSERVATIONS_MAX);
}

static void a_few_thousand_rows_keep_all_their_reasons(void **state)
{
	struct fixture *fixture = *state;
	set_rows(fixture, 3000);
	fixture->statistic_delta[1] = fixture->period_delta[1] = 0;
	fixture->statistic[0] = fixture->area[0] = fixture->period[0] = text("what");
	expect_all_rows_named(fixture, 3000);
	assert_int_equal(fixture->checked.problem_count, 9000);
	assert_string_equal(fixture->checked.reason, "9000 problems in 3000 observations");
}

static void repeated_8192_times_is_named_8191_times(void **state)
{
	struct fixture *fixture = *state;
	set_rows(fixture, ENVELOPE_OBSERVATIONS_MAX);
	fixture->statistic_delta[1] = fixture->period_delta[1] = 0;
	assert_int_equal(check(fixture), CHECK_REFUSED);
	assert_int_equal(fixture->checked.problem_count, ENVELOPE_OBSERVATIONS_MAX - 1);
	assert_true(ack_size(fixture) <= ENVELOPE_ANSWER_MAX - 1024);
}

/* Other shapes of a large report: each row its own entry of the dictionaries. */
static void dictionaries_as_large_as_can_be_stay_within_the_budget(void **state)
{
	struct fixture *fixture = *state;
	size_t rows = 5000;
	char(*words)[8] = calloc(rows, sizeof *words);
	set_rows(fixture, rows);
	for (size_t i = 0; i < rows; i++) {
		snprintf(words[i], sizeof words[i], "z%zu", i);
		fixture->area[i] = words[i];
		fixture->statistic_delta[i] = fixture->period_delta[i] = 0;
		fixture->area_delta[i] = i > 0;
	}
	fixture->report.n_area = rows;
	expect_all_rows_named(fixture, rows);
	assert_int_equal(fixture->checked.problem_count, rows);
	free(words);
}

/* ---- damage */

/* From memory of exactly that size, so that the sanitizer sees a read beyond it. */
static void check_damaged(struct fixture *fixture, const void *bytes, size_t size)
{
	struct checked_report checked;
	uint8_t *copy = malloc(size > 0 ? size : 1);
	memcpy(copy, bytes, size);
	arena_reset(fixture->arena);
	int result = intake_check(fixture->catalogue, CATALOGUE_NONE, copy, size, fixture->arena, &checked);
	assert_in_range(result, 0, CHECK_UNSUPPORTED);
	assert_int_equal(result == 0, checked.observations != NULL);
	assert_int_equal(result != 0, checked.reason != NULL);
	free(checked.observations);
	free(copy);
}

static void damaged_reports_never_crash(void **state)
{
	struct fixture *fixture = *state;
	static const char garbage[] = "\xff\x82\x01\x04garbage\x00\x7a\xff";
	uint8_t bytes[1024];
	fixture->report.source = text("file");
	set_status(fixture, 1, 'P');
	set_note(fixture, 0, "note");
	assert_int_equal(check(fixture), 0);
	size_t size = fixture->size;
	assert_true(size + sizeof garbage < sizeof bytes);
	for (size_t length = 0; length <= size; length++) {
		memcpy(bytes, fixture->payload, length);
		check_damaged(fixture, bytes, length);
		memcpy(bytes + length, garbage, sizeof garbage);
		check_damaged(fixture, bytes, length + sizeof garbage);
	}
	memcpy(bytes, fixture->payload, size);
	for (size_t i = 0; i < size; i++) {
		uint8_t before = bytes[i];
		for (unsigned value = 0; value < 256; value++) {
			bytes[i] = (uint8_t)value;
			check_damaged(fixture, bytes, size);
		}
		bytes[i] = before;
	}
}

#define CHECK_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CHECK_TEST(a_good_report_becomes_observations),
	    CHECK_TEST(every_status_has_or_has_no_value),
	    CHECK_TEST(values_are_rescaled_exactly),
	    CHECK_TEST(any_order_of_rows_and_dictionaries_is_legal),
	    CHECK_TEST(a_report_without_a_name_cannot_be_remembered),
	    CHECK_TEST(the_keys_word_counts_more_than_the_reports),
	    CHECK_TEST(what_is_no_report_is_said_to_be_none),
	    CHECK_TEST(unknown_fields_are_refused_not_lost),
	    CHECK_TEST(columns_have_one_length),
	    CHECK_TEST(sparse_columns_ascend_and_stay_inside),
	    CHECK_TEST(a_row_points_into_the_dictionaries),
	    CHECK_TEST(the_source_is_one_line_of_text),
	    CHECK_TEST(each_mistake_of_a_row_has_its_reason),
	    CHECK_TEST(each_mistake_of_an_area_has_its_reason),
	    CHECK_TEST(a_statistic_is_held_to_what_it_can_be),
	    CHECK_TEST(a_reason_must_say_something),
	    CHECK_TEST(notes_are_one_line_of_text),
	    CHECK_TEST(every_bad_row_is_listed_in_order),
	    CHECK_TEST(a_repeated_row_names_the_one_before),
	    CHECK_TEST(foreign_text_is_tamed_in_what_is_said),
	    CHECK_TEST(a_nul_inside_a_code_does_not_shorten_it),
	    CHECK_TEST(a_refusal_of_8192_rows_names_them_all_and_fits),
	    CHECK_TEST(a_few_thousand_rows_keep_all_their_reasons),
	    CHECK_TEST(repeated_8192_times_is_named_8191_times),
	    CHECK_TEST(dictionaries_as_large_as_can_be_stay_within_the_budget),
	    CHECK_TEST(damaged_reports_never_crash),
	};
	return cmocka_run_group_tests_name("intake_check", tests, NULL, NULL);
}
