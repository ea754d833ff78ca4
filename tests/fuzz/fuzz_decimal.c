/* Numbers as people type them: what is read is written and read again as the same, and survives another number of places.
 *
 * The first byte holds two numbers of places, the rest is the text. */
#include "proto/decimal.h"
#include "tests/fuzz/fuzz.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void check_written(int64_t units, unsigned decimals)
{
	char text[DECIMAL_TEXT_SIZE];
	int64_t again;
	decimal_format(units, decimals, text);
	if (decimal_parse(text, strlen(text), decimals, &again) != 0)
		abort();
	assert(again == units);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int64_t units, other, back;
	if (size < 1)
		return 0;
	unsigned decimals = bytes[0] % 16 % (DECIMAL_PLACES_MAX + 1);
	unsigned places = bytes[0] / 16 % (DECIMAL_PLACES_MAX + 1);
	int verdict = decimal_parse((const char *)bytes + 1, size - 1, decimals, &units);
	assert(verdict >= 0 && verdict <= DECIMAL_OUT_OF_RANGE);
	assert(verdict == 0 || *decimal_verdict_text(verdict));
	if (verdict != 0)
		return 0;
	check_written(units, decimals);
	verdict = decimal_rescale(units, decimals, places, &other);
	if (verdict == 0) {
		check_written(other, places);
		if (decimal_rescale(other, places, decimals, &back) != 0)
			abort();
		assert(back == units);
	}
	return 0;
}
