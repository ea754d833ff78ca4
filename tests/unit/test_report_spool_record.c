#include "clients/report/spool_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A sealed record of two rows and two files, to be spoiled. */
struct record {
	uint8_t bytes[256];
	size_t size;
};

static void make(struct record *record)
{
	static const char *const files[] = {"a.csv", "b.csv"};
	static const struct spool_place places[] = {{.file = 0, .line = 2}, {.file = 1, .line = 7}};
	const struct spool_report report = {.wall_ms = 5,
	                                    .payload = "payload",
	                                    .payload_size = 7,
	                                    .places = places,
	                                    .row_count = 2,
	                                    .files = files,
	                                    .file_count = 2};
	memset(record, 0, sizeof *record);
	record->size = SEAL_SIZE + spool_body_size(&report);
	spool_write_body(&report, record->bytes + SEAL_SIZE);
}

static int copy(struct record *record, struct spool_report **ret_report)
{
	const MDB_val value = {.mv_data = record->bytes, .mv_size = record->size};
	return spool_copy_report(&value, 0, ret_report);
}

static void must_refuse(struct record *record)
{
	struct spool_report *report = NULL;
	assert_int_equal(copy(record, &report), FAULT_CORRUPT);
	assert_null(report);
}

static void what_was_written_is_read(void **state)
{
	struct record record;
	struct spool_report *report;
	(void)state;
	make(&record);
	assert_int_equal(copy(&record, &report), 0);
	assert_int_equal(report->wall_ms, 5);
	assert_int_equal(report->payload_size, 7);
	assert_memory_equal(report->payload, "payload", 7);
	assert_int_equal(report->places[1].line, 7);
	assert_string_equal(report->files[1], "b.csv");
	free(report);
}

static void names_that_do_not_add_up_are_damage(void **state)
{
	const size_t files_at = SEAL_SIZE + sizeof(uint64_t) + 2 * sizeof(uint32_t);
	struct record record;
	(void)state;
	make(&record);
	record.size -= 2; /* the last name lacks its end */
	must_refuse(&record);
	make(&record);
	record.size++; /* something stands behind it */
	record.bytes[record.size - 1] = 'x';
	must_refuse(&record);
	for (uint8_t files = 0; files < 5; files++) {
		if (files == 2)
			continue;
		make(&record);
		record.bytes[files_at] = files;
		must_refuse(&record);
	}
}

static void every_shorter_record_is_damage(void **state)
{
	struct record record;
	(void)state;
	make(&record);
	while (record.size > 0) {
		record.size--;
		must_refuse(&record);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_written_is_read),
	    cmocka_unit_test(names_that_do_not_add_up_are_damage),
	    cmocka_unit_test(every_shorter_record_is_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
