#include "daemon/query/wording.h"

#include "daemon/base/arena.h"
#include "daemon/base/clock.h"
#include "proto/decimal.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_WITHOUT_VALUE 'O'

void wording_init(struct wording *words, const struct catalogue *catalogue, struct arena *arena,
                  enum catalogue_language language)
{
	*words = (struct wording){.catalogue = catalogue, .arena = arena, .language = language};
}

void wording_done(struct wording *words)
{
	free(words->area_of_id);
	words->area_of_id = NULL;
}

void *wording_take(struct wording *words, size_t size)
{
	void *memory = arena_take(words->arena, size);
	if (!memory)
		words->exhausted = true;
	return memory;
}

/* ---- plain text ---- */

char *wording_borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

void *wording_keep(struct wording *words, const void *bytes, size_t size)
{
	void *copy = wording_take(words, size);
	if (copy)
		memcpy(copy, bytes, size);
	return copy;
}

char *wording_copy(struct wording *words, const char *text)
{
	return wording_keep(words, text, strlen(text) + 1);
}

char *wording_format(struct wording *words, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	char *text = length < 0 ? NULL : wording_take(words, (size_t)length + 1);
	if (!text)
		return NULL;
	va_start(arguments, format);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return text;
}

char *wording_name(const struct wording *words, const struct names *names)
{
	return wording_borrow(names->in[words->language]);
}

char *wording_letter(struct wording *words, char letter)
{
	const char text[2] = {letter, '\0'};
	return wording_copy(words, text);
}

char *wording_period(struct wording *words, struct period period)
{
	char text[PERIOD_TEXT_SIZE];
	period_format(period, text);
	return wording_copy(words, text);
}

char *wording_number(struct wording *words, int64_t units, unsigned decimals)
{
	char text[DECIMAL_TEXT_SIZE];
	decimal_format(units, decimals, text);
	return wording_copy(words, text);
}

char *wording_printed(struct wording *words, const struct printed_number *number)
{
	/* The plan prints in Chinese: "穩定在85以上". Its readers get that, all others the number. */
	if (number->text && (!number->present || words->language != LANGUAGE_EN))
		return wording_borrow(number->text);
	return number->present ? wording_number(words, number->units, number->decimals) : NULL;
}

char *wording_time(struct wording *words, int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];
	clock_format(wall_ms, text);
	return wording_copy(words, text);
}

char *wording_hex(struct wording *words, const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char *text = wording_take(words, 2 * size + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 0xf];
	}
	text[2 * size] = '\0';
	return text;
}

const char *wording_adverb(enum period_frequency frequency)
{
	static const char *const adverbs[] = {
	    [PERIOD_ANNUAL] = "yearly",     [PERIOD_HALF_YEAR] = "half-yearly",
	    [PERIOD_QUARTER] = "quarterly", [PERIOD_MONTH] = "monthly",
	    [PERIOD_DAY] = "daily",
	};
	return adverbs[frequency];
}

/* ---- lists of areas ---- */

size_t wording_area_names(struct wording *words, const uint32_t *areas, uint32_t count, char ***ret_texts)
{
	size_t shown = count < WORDING_NAMES_MAX ? count : WORDING_NAMES_MAX;
	char **texts = shown > 0 ? wording_take(words, shown * sizeof *texts) : NULL;
	*ret_texts = texts;
	if (!texts)
		return 0;
	for (size_t i = 0; i < shown; i++)
		texts[i] = wording_name(words, &words->catalogue->areas[areas[i]].names);
	return shown;
}

size_t wording_area_codes(struct wording *words, const uint32_t *areas, uint32_t count, char ***ret_texts)
{
	char **texts = count > 0 ? wording_take(words, count * sizeof *texts) : NULL;
	*ret_texts = texts;
	if (!texts)
		return 0;
	for (uint32_t i = 0; i < count; i++)
		texts[i] = wording_borrow(words->catalogue->areas[areas[i]].code);
	return count;
}

/* ---- values ---- */

struct measure measure_of_statistic(const struct statistic *statistic)
{
	return (struct measure){statistic->code, &statistic->unit, statistic->decimals};
}

struct measure measure_of_indicator(const struct indicator *indicator)
{
	return (struct measure){indicator->code, &indicator->unit, indicator->decimals};
}

static bool map_ids(struct wording *words)
{
	const struct catalogue *catalogue = words->catalogue;
	uint32_t highest = 0;
	if (words->area_of_id)
		return true;
	for (uint32_t i = 0; i < catalogue->area_count; i++)
		if (catalogue->areas[i].id > highest)
			highest = catalogue->areas[i].id;
	words->area_of_id = malloc(((size_t)highest + 1) * sizeof *words->area_of_id);
	if (!words->area_of_id)
		return false;
	words->area_ids = highest + 1;
	for (uint32_t id = 0; id <= highest; id++)
		words->area_of_id[id] = CATALOGUE_NONE;
	for (uint32_t i = 0; i < catalogue->area_count; i++)
		words->area_of_id[catalogue->areas[i].id] = i;
	return true;
}

/* An area that has left the catalogue since the value was kept has no name any more, and is passed over. */
static uint32_t translate_ids(const struct wording *words, const uint32_t *ids, uint32_t count,
                              uint32_t *ret_areas)
{
	uint32_t found = 0;
	for (uint32_t i = 0; i < count && i < WORDING_NAMES_MAX; i++)
		if (ids[i] < words->area_ids && words->area_of_id[ids[i]] != CATALOGUE_NONE)
			ret_areas[found++] = words->area_of_id[ids[i]];
	return found;
}

void wording_kept(struct wording *words, const struct stored_value *stored, struct kept_value *ret_kept)
{
	struct kept_value *kept = ret_kept;
	kept->commit = stored->commit;
	kept->missing_total = stored->missing_count;
	kept->value = (struct value){
	    .state = stored->state,
	    .units = stored->units,
	    .status = stored->status,
	    .reported = stored->reported,
	    .expected = stored->expected,
	    .missing = kept->missing,
	    .carried = kept->carried,
	};
	if (!map_ids(words)) {
		words->exhausted = true;
		return;
	}
	kept->value.missing_count =
	    translate_ids(words, stored->missing, stored->missing_count, kept->missing);
	kept->value.carried_count =
	    translate_ids(words, stored->carried, stored->carried_count, kept->carried);
}

/* Where there is no value it is not normal, whatever the inputs were. */
static char status_of(const struct value *value)
{
	bool normal = value->status == 0 || value->status == 'A';
	return value->state != VALUE_PRESENT && normal ? STATUS_WITHOUT_VALUE : value->status;
}

Suanpan__Value wording_value(struct wording *words, const struct measure *measure, uint32_t area,
                             struct period period, const struct value *value, uint64_t commit)
{
	const struct area *place = &words->catalogue->areas[area];
	Suanpan__Value row = SUANPAN__VALUE__INIT;
	row.code = wording_borrow(measure->code);
	row.area = wording_borrow(place->code);
	row.area_name = wording_name(words, &place->names);
	row.period = wording_period(words, period);
	row.unit = wording_name(words, measure->unit);
	row.status = wording_letter(words, status_of(value));
	if (value->state == VALUE_PRESENT)
		row.value = wording_number(words, value->units, measure->decimals);
	else
		row.reason = wording_borrow(value_state_text(value->state));
	row.reported = value->reported;
	row.expected = value->expected;
	row.n_missing = wording_area_names(words, value->missing, value->missing_count, &row.missing);
	row.n_carried = wording_area_names(words, value->carried, value->carried_count, &row.carried);
	row.has_commit = commit != 0;
	row.commit = commit;
	return row;
}
