/* Periods: what is read is written and read again as the same, and the calendar's functions agree with one another.
 *
 * The first two bytes are a distance, the rest is the text. */
#include "proto/period.h"
#include "tests/fuzz/fuzz.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void check_written(struct period period)
{
	char text[PERIOD_TEXT_SIZE];
	struct period again;
	period_format(period, text);
	if (period_parse(text, strlen(text), &again) != 0)
		abort();
	assert(again.code == period.code);
	assert(period_make(period_frequency_of(period), period_year(period), period_part(period)).code ==
	       period.code);
}

static void check_other_frequency(struct period period, enum period_frequency other)
{
	struct period ended;
	int32_t first = period_first_day(period), last = period_last_day(period);
	if (other <= period_frequency_of(period)) {
		struct period around = period_containing(period, other);
		assert(period_first_day(around) <= first && period_last_day(around) >= last);
	}
	if (other >= period_frequency_of(period)) {
		struct period head = period_first_inside(period, other),
		              tail = period_last_inside(period, other);
		assert(period_first_day(head) == first && period_last_day(tail) == last);
		assert(period_distance(head, tail) >= 0);
	}
	if (period_newest_ended(period, other, &ended)) {
		assert(period_frequency_of(ended) == other && period_last_day(ended) <= last);
		if (period_shift(ended, 1, &ended))
			assert(period_last_day(ended) > last);
	}
	struct period of_day = period_of_day(first, other);
	assert(period_first_day(of_day) <= first && period_last_day(of_day) >= first);
}

static void check_shifts(struct period period, int count)
{
	struct period there, back;
	if (period_shift(period, count, &there)) {
		assert(period_is_code(there.code) && period_distance(period, there) == count);
		if (!period_shift(there, -count, &back))
			abort();
		assert(back.code == period.code);
		assert(count <= 0 || period_months_between_ends(period, there) >= 0);
	}
	if (period_shift_years(period, count, &there))
		assert(period_year(there) == period_year(period) + count && period_is_code(there.code));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct period period;
	int16_t count;
	if (size < sizeof count)
		return 0;
	memcpy(&count, bytes, sizeof count);
	int verdict = period_parse((const char *)bytes + sizeof count, size - sizeof count, &period);
	assert(verdict >= 0 && verdict <= PERIOD_OUT_OF_RANGE);
	if (verdict != 0)
		return 0;
	assert(period_is_code(period.code) && period_first_day(period) <= period_last_day(period));
	check_written(period);
	for (int other = PERIOD_ANNUAL; other <= PERIOD_DAY; other++)
		check_other_frequency(period, (enum period_frequency)other);
	check_shifts(period, count);
	return 0;
}
