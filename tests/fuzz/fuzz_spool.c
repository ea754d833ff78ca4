/* A report as the spool holds it, with a seal that fits: what can be read is written as the same bytes again. The first byte says
 * whether it has the head of a kept one. */
#include "clients/report/spool_record.h"
#include "tests/fuzz/fuzz.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void check_report(const struct spool_report *report, const uint8_t *body, size_t size)
{
	for (size_t i = 0; i < report->file_count; i++)
		assert(report->files[i] && strlen(report->files[i]) < size);
	assert(spool_body_size(report) == size);
	uint8_t *again = malloc(size > 0 ? size : 1);
	assert(again);
	spool_write_body(report, again);
	assert(memcmp(again, body, size) == 0);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct spool_report *report;
	if (size < 1)
		return 0;
	size_t head = bytes[0] % 2 ? KEPT_HEAD : 0, length = SEAL_SIZE + size - 1;
	uint8_t *record = calloc(1, length);
	assert(record);
	memcpy(record + SEAL_SIZE, bytes + 1, size - 1);
	uint64_t sequence = 7;
	const MDB_val key = {.mv_size = sizeof sequence, .mv_data = &sequence},
	              value = {.mv_size = length, .mv_data = record};
	spool_set_seal(&key, &value);
	assert(spool_seal_holds(&key, &value));
	int result = spool_copy_report(&value, head, &report);
	assert(result == 0 || result == FAULT_CORRUPT);
	if (result == 0) {
		check_report(report, record + SEAL_SIZE + head, length - SEAL_SIZE - head);
		free(report);
	}
	free(record);
	return 0;
}
