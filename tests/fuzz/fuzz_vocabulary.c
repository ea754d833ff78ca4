/* The daemon's lists as a sender keeps them: bytes from the daemon or from a damaged spool. Whatever they are, they are read or
 * called malformed, and what was read can be searched. */
#include "clients/report/vocabulary.h"
#include "proto/suanpan.pb-c.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/mutate.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void check_scopes(const struct vocabulary *vocabulary, uint32_t reporter)
{
	for (uint32_t i = 0; i < vocabulary->area_codes.count; i++)
		(void)vocabulary_may_report_area(vocabulary, reporter, i);
	for (uint32_t i = 0; i < vocabulary->statistic_codes.count; i++)
		(void)vocabulary_may_report_statistic(vocabulary, reporter, i);
}

static void check_vocabulary(const struct vocabulary *vocabulary)
{
	bool is_ambiguous = false;
	for (uint32_t i = 0; i < vocabulary->area_codes.count; i++) {
		const struct known_area *area = &vocabulary->areas[i];
		assert(vocabulary_find_area(vocabulary, area->code, strlen(area->code), &is_ambiguous) == i);
		(void)vocabulary_find_area(vocabulary, area->name, strlen(area->name), &is_ambiguous);
	}
	for (uint32_t i = 0; i < vocabulary->statistic_codes.count; i++) {
		const struct known_statistic *statistic = &vocabulary->statistics[i];
		assert(words_find(&vocabulary->statistic_codes, statistic->code, strlen(statistic->code)) ==
		       i);
		assert(statistic->decimals <= 9);
		assert(statistic->frequency >= PERIOD_ANNUAL && statistic->frequency <= PERIOD_DAY);
	}
	for (uint32_t i = 0; i < vocabulary->reporters.count && i < 8; i++)
		check_scopes(vocabulary, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct vocabulary *vocabulary;
	int result = vocabulary_new(bytes, size, &vocabulary);
	assert(result == 0 || result == VOCABULARY_MALFORMED);
	if (result == 0) {
		check_vocabulary(vocabulary);
		vocabulary_free(vocabulary);
	}
	return 0;
}

/* One of the Answers is mutated, and its length with it. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
	static const char *const words[] = {
	    "440100",   "440103", "440104",    "central", "residents",
	    "beds",     "income", "liwan",     "bureau",  "A",
	    "S",        "Q",      "M",         "D",       "city",
	    "district", "street", "group",     "Liwan",   "Liwan District",
	    "荔湾区",   "荔湾",   "市",        "区",      "District",
	    "",         "\xff",   "Guangzhou",
	};
	const struct mutation mutation = {.descriptor = &suanpan__answer__descriptor,
	                                  .words = words,
	                                  .word_count = sizeof words / sizeof *words};
	return mutate_parts(&mutation, 0, bytes, size, room, seed);
}
