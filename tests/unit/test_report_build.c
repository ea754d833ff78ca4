#include "clients/report/build.h"
#include "daemon/base/arena.h"
#include "proto/envelope.h"
#include "tests/lib/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const files[] = {"a.csv", "b.csv"};
static const struct spool_state numbers = {
    .has_identity = true, .stream = "0123456789abcde", .next = 7, .oldest = 5, .reporter = "liwan"};

struct table {
	struct rows rows;
};

static void add(struct table *table, const char *statistic, const char *area, struct period period,
                struct observation row)
{
	struct rows *rows = &table->rows;
	if (rows->count == rows->room) {
		rows->room = rows->room ? 2 * rows->room : 256;
		rows->list = realloc(rows->list, rows->room * sizeof *rows->list);
		assert_non_null(rows->list);
	}
	row.period = period;
	assert_int_equal(words_add(&rows->statistics, statistic, strlen(statistic), &row.statistic), 0);
	assert_int_equal(words_add(&rows->areas, area, strlen(area), &row.area), 0);
	if (!row.status)
		row.status = 'A';
	rows->list[rows->count++] = row;
}

static void table_done(struct table *table)
{
	words_done(&table->rows.statistics);
	words_done(&table->rows.areas);
	free(table->rows.list);
}

static struct build *build(const struct table *table)
{
	struct build *build;
	assert_int_equal(
	    build_new(&table->rows, files, 2, &(struct build_words){.reporter = "liwan"}, &build), 0);
	return build;
}

static const Suanpan__Report *pack_and_unpack(const struct build *build, size_t at, struct arena *arena)
{
	void *bytes;
	size_t size;
	uint64_t major;
	ProtobufCMessage *message;
	assert_int_equal(build_pack_report(build, at, &numbers, &bytes, &size), 0);
	assert_true(size <= BUILD_BYTES_MAX);
	arena_reset(arena);
	assert_int_equal(envelope_unpack(&suanpan__report__descriptor, bytes, size, arena, &major, &message),
	                 0);
	assert_false(envelope_has_unknown_fields(message));
	free(bytes);
	return (const Suanpan__Report *)message;
}

/* The row of the table that a decoded row is; each may be found once. */
static size_t find_row(const struct table *table, bool found[], const char *statistic, const char *area,
                       const char *period)
{
	const struct rows *rows = &table->rows;
	for (size_t i = 0; i < rows->count; i++) {
		char text[PERIOD_TEXT_SIZE];
		period_format(rows->list[i].period, text);
		if (!found[i] && strcmp(rows->statistics.list[rows->list[i].statistic], statistic) == 0 &&
		    strcmp(rows->areas.list[rows->list[i].area], area) == 0 && strcmp(text, period) == 0) {
			found[i] = true;
			return i;
		}
	}
	fail_msg("%s %s %s is not in the table", statistic, area, period);
	return 0;
}

static char status_of(const Suanpan__Report *report, uint64_t row)
{
	for (size_t i = 0; i < report->n_status_row; i++)
		if (report->status_row[i] == row)
			return (char)report->status_code[i];
	return 'A';
}

static const char *note_of(const Suanpan__Report *report, uint64_t row)
{
	for (size_t i = 0; i < report->n_note; i++)
		if (report->note[i]->row == row)
			return report->note[i]->text;
	return NULL;
}

static void compare_report(const struct table *table, const Suanpan__Report *report, bool found[])
{
	int64_t statistic = 0, period = 0, area = 0;
	assert_int_equal(report->n_statistic, report->n_decimals);
	assert_int_equal(report->n_statistic_delta, report->n_value);
	assert_int_equal(report->n_period_delta, report->n_value);
	assert_int_equal(report->n_area_delta, report->n_value);
	assert_true(report->n_value <= BUILD_ROWS_MAX);
	for (size_t i = 0; i < report->n_value; i++) {
		statistic += report->statistic_delta[i];
		period += report->period_delta[i];
		area += report->area_delta[i];
		assert_true(statistic >= 0 && (size_t)statistic < report->n_statistic);
		assert_true(period >= 0 && (size_t)period < report->n_period);
		assert_true(area >= 0 && (size_t)area < report->n_area);
		const struct observation *row = &table->rows.list[find_row(
		    table, found, report->statistic[statistic], report->area[area], report->period[period])];
		assert_int_equal(report->value[i], row->value);
		assert_int_equal(report->decimals[statistic], row->decimals);
		assert_int_equal(status_of(report, i), row->status);
		const char *note = note_of(report, i);
		assert_int_equal(note != NULL, row->note != NULL);
		if (note)
			assert_string_equal(note, row->note);
	}
}

static void compare_all(const struct table *table)
{
	struct build *reports = build(table);
	bool *found = calloc(table->rows.count + 1, sizeof *found);
	struct arena *arena;
	size_t rows = 0;
	assert_int_equal(arena_new(ENVELOPE_UNPACK_BUDGET, &arena), 0);
	for (size_t i = 0; i < build_report_count(reports); i++) {
		const Suanpan__Report *report = pack_and_unpack(reports, i, arena);
		compare_report(table, report, found);
		rows += report->n_value;
	}
	assert_int_equal(rows, table->rows.count);
	arena_free(arena);
	free(found);
	build_free(reports);
}

static void what_is_packed_is_what_was_read(void **state)
{
	(void)state;
	struct table table = {0};
	unsigned seed = 14;
	static const char *const notes[] = {NULL, NULL, NULL, "as revised", "人口普查"};
	static const char statuses[] = "AAAAAPEFBVOLQ";
	for (int i = 0; i < 400; i++) {
		char statistic[16], area[16];
		/* 20 x 20 of (statistic, period), areas all over, in no order. */
		int shuffled = i * 171 % 400;
		snprintf(statistic, sizeof statistic, "s%d", shuffled % 20);
		snprintf(area, sizeof area, "4401%02d", rand_r(&seed) % 12);
		char status = statuses[rand_r(&seed) % (sizeof statuses - 1)];
		int64_t value =
		    strchr("OLQ", status) ? 0 : (int64_t)rand_r(&seed) * rand_r(&seed) - (1 << 30);
		add(&table, statistic, area,
		    period_make(PERIOD_MONTH, 2020 + shuffled / 20 / 12, shuffled / 20 % 12),
		    (struct observation){.value = value,
		                         .status = status,
		                         .decimals = (uint8_t)(shuffled % 20 % 10),
		                         .note = notes[rand_r(&seed) % 5],
		                         .file = (uint32_t)i % 2,
		                         .line = (uint32_t)i + 2});
	}
	compare_all(&table);
	table_done(&table);
}

static void the_envelope_names_the_report(void **state)
{
	(void)state;
	struct table table = {0};
	struct arena *arena;
	assert_int_equal(arena_new(ENVELOPE_UNPACK_BUDGET, &arena), 0);
	add(&table, "residents", "440103", period_make(PERIOD_ANNUAL, 2020, 0),
	    (struct observation){.value = 5, .file = 1});
	add(&table, "residents", "440104", period_make(PERIOD_ANNUAL, 2020, 0),
	    (struct observation){.value = 6});
	struct build *reports = build(&table);
	assert_int_equal(build_report_count(reports), 1);
	const Suanpan__Report *report = pack_and_unpack(reports, 0, arena);
	assert_int_equal(report->major, 1);
	assert_int_equal(report->stream.len, 16);
	assert_memory_equal(report->stream.data, numbers.stream, 16);
	assert_int_equal(report->sequence, 7);
	assert_true(report->has_oldest);
	assert_int_equal(report->oldest, 5);
	assert_string_equal(report->reporter, "liwan");
	assert_string_equal(report->source, "b.csv, a.csv");
	assert_null(report->confirm);
	assert_null(report->correction);
	build_free(reports);
	arena_free(arena);
	table_done(&table);
}

static void nothing_makes_no_report(void **state)
{
	(void)state;
	struct table table = {0};
	struct build *reports = build(&table);
	assert_int_equal(build_report_count(reports), 0);
	build_free(reports);
}

static void the_order_of_the_rows_does_not_matter(void **state)
{
	(void)state;
	void *bytes[2];
	size_t sizes[2];
	for (int turn = 0; turn < 2; turn++) {
		struct table table = {0};
		for (int i = 0; i < 101; i++) {
			int at = turn ? i * 37 % 101 : i;
			char area[16];
			snprintf(area, sizeof area, "a%03d", at);
			add(&table, at % 2 ? "x" : "y", area, period_make(PERIOD_DAY, 2021, at),
			    (struct observation){.value = at});
		}
		struct build *reports = build(&table);
		assert_int_equal(build_pack_report(reports, 0, &numbers, &bytes[turn], &sizes[turn]), 0);
		build_free(reports);
		table_done(&table);
	}
	assert_int_equal(sizes[0], sizes[1]);
	assert_memory_equal(bytes[0], bytes[1], sizes[0]);
	free(bytes[0]);
	free(bytes[1]);
}

static void many_rows_are_cut_at_8192(void **state)
{
	(void)state;
	struct table table = {0};
	for (int i = 0; i < 20000; i++) {
		char area[16];
		snprintf(area, sizeof area, "%06d", i % 2000);
		add(&table, "beds", area, period_make(PERIOD_MONTH, 2020, i / 2000),
		    (struct observation){.value = 100 + i % 50});
	}
	struct build *reports = build(&table);
	assert_int_equal(build_report_count(reports), 3);
	size_t rows = 0;
	struct arena *arena;
	assert_int_equal(arena_new(ENVELOPE_UNPACK_BUDGET, &arena), 0);
	for (size_t i = 0; i < 3; i++)
		rows += pack_and_unpack(reports, i, arena)->n_value;
	assert_int_equal(rows, 20000);
	arena_free(arena);
	build_free(reports);
	table_done(&table);
}

/* Every row as large as the rules allow: codes of 64, values at both ends, notes of 256, all statuses said.
 */
static void the_largest_rows_still_fit(void **state)
{
	(void)state;
	struct table table = {0};
	char note[257];
	memset(note, 'n', 256);
	note[256] = '\0';
	for (int i = 0; i < 1000; i++) {
		char statistic[65], area[65];
		snprintf(statistic, sizeof statistic, "s%063d", i * 7 % 1000);
		snprintf(area, sizeof area, "a%063d", i * 13 % 1000);
		add(&table, statistic, area, period_make(PERIOD_DAY, 2021, i % 365),
		    (struct observation){
		        .value = i % 2 ? INT64_MAX : INT64_MIN, .status = 'P', .decimals = 9, .note = note});
	}
	struct spool_state largest = numbers;
	largest.next = largest.oldest = UINT64_MAX;
	struct build *reports = build(&table);
	assert_true(build_report_count(reports) > 5);
	for (size_t i = 0; i < build_report_count(reports); i++) {
		void *bytes;
		size_t size;
		assert_int_equal(build_pack_report(reports, i, &largest, &bytes, &size), 0);
		assert_true(size <= BUILD_BYTES_MAX);
		if (i + 1 < build_report_count(reports))
			assert_true(size > BUILD_BYTES_MAX / 2); /* not needlessly many */
		free(bytes);
	}
	build_free(reports);
	compare_all(&table);
	table_done(&table);
}

static void a_source_never_passes_its_limit(void **state)
{
	(void)state;
	struct table table = {0};
	char *names[40];
	for (uint32_t i = 0; i < 40; i++) {
		assert_true(asprintf(&names[i], i == 1 ? "bad\033name.csv" : "figures-%02u.csv", i) > 0);
		char area[16];
		snprintf(area, sizeof area, "a%02u", i);
		add(&table, "beds", area, period_make(PERIOD_ANNUAL, 2020, 0),
		    (struct observation){.value = 1, .file = i});
	}
	struct build *reports;
	struct arena *arena;
	assert_int_equal(arena_new(ENVELOPE_UNPACK_BUDGET, &arena), 0);
	assert_int_equal(build_new(&table.rows, (const char *const *)names, 40,
	                           &(struct build_words){.confirm = "a new town", .correction = "recount"},
	                           &reports),
	                 0);
	const Suanpan__Report *report = pack_and_unpack(reports, 0, arena);
	assert_null(report->reporter);
	assert_string_equal(report->confirm, "a new town");
	assert_string_equal(report->correction, "recount");
	assert_true(strlen(report->source) > 200 && strlen(report->source) <= 256);
	assert_memory_equal(report->source, "figures-00.csv, figures-02.csv, ", 32);
	build_free(reports);
	arena_free(arena);
	table_done(&table);
	for (size_t i = 0; i < 40; i++)
		free(names[i]);
}

static void the_spool_gets_the_bytes_and_the_places_of_the_rows(void **state)
{
	(void)state;
	struct table table = {0};
	add(&table, "x", "b", period_make(PERIOD_ANNUAL, 2020, 0),
	    (struct observation){.value = 1, .file = 0, .line = 2});
	add(&table, "x", "a", period_make(PERIOD_ANNUAL, 2020, 0),
	    (struct observation){.value = 2, .file = 1, .line = 9});
	struct build *reports = build(&table);
	char *folder = scratch_new(), *path = scratch_path(folder, "spool");
	struct sentence why;
	struct spool *spool;
	struct spool_batch batch;
	assert_int_equal(spool_open(path, &why, &spool), 0);
	assert_int_equal(spool_begin(spool, "liwan", &batch), 0);
	struct spool_state given = batch.state;
	assert_int_equal(build_put_report(reports, 0, 77, &batch), 0);
	assert_int_equal(spool_commit(&batch), 0);
	struct spool_report *report;
	void *bytes;
	size_t size;
	assert_int_equal(spool_read(spool, 1, &report), 0);
	assert_int_equal(given.next, 1);
	assert_int_equal(given.oldest, 1);
	assert_int_equal(build_pack_report(reports, 0, &given, &bytes, &size), 0);
	assert_int_equal(report->payload_size, size);
	assert_memory_equal(report->payload, bytes, size);
	assert_int_equal(report->row_count, 2);
	assert_string_equal(report->files[report->places[0].file], "b.csv"); /* area a comes first */
	assert_int_equal(report->places[0].line, 9);
	assert_string_equal(report->files[report->places[1].file], "a.csv");
	assert_int_equal(report->places[1].line, 2);
	free(bytes);
	free(report);
	spool_close(spool);
	free(path);
	scratch_free(folder);
	build_free(reports);
	table_done(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_packed_is_what_was_read),
	    cmocka_unit_test(the_envelope_names_the_report),
	    cmocka_unit_test(nothing_makes_no_report),
	    cmocka_unit_test(the_order_of_the_rows_does_not_matter),
	    cmocka_unit_test(many_rows_are_cut_at_8192),
	    cmocka_unit_test(the_largest_rows_still_fit),
	    cmocka_unit_test(a_source_never_passes_its_limit),
	    cmocka_unit_test(the_spool_gets_the_bytes_and_the_places_of_the_rows),
	};
	return cmocka_run_group_tests_name("report_build", tests, NULL, NULL);
}
