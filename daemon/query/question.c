#include "daemon/query/question.h"

#include "daemon/indicator/places.h"
#include "proto/codes.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The longest prefix of at most `limit` bytes that does not cut a character of UTF-8. */
static size_t whole_characters(const char *text, size_t limit)
{
	while (limit > 0 && ((unsigned char)text[limit] & 0xc0) == 0x80)
		limit--;
	return limit;
}

void question_quote(const char *given, char ret_text[QUOTE_SIZE])
{
	static const char more[] = "...";
	const size_t room = QUOTE_SIZE - sizeof more;
	size_t length = strlen(given);
	if (!text_is_valid(given, length))
		snprintf(ret_text, QUOTE_SIZE, "(not text)");
	else if (length <= room)
		memcpy(ret_text, given, length + 1);
	else
		snprintf(ret_text, QUOTE_SIZE, "%.*s%s", (int)whole_characters(given, room), given, more);
}

void question_note_refusal(struct question *question, Suanpan__FailureKind kind, const char *suggestion,
                           const char *format, ...)
{
	struct refusal *refusal = &question->refusal;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(refusal->text, sizeof refusal->text, format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof refusal->text) {
		/* The byte at the cut is gone, so step back over the character that it may have split. */
		size_t end = whole_characters(refusal->text, sizeof refusal->text - 2);
		refusal->text[end] = '\0';
	}
	refusal->kind = kind;
	refusal->suggestion = suggestion;
}

void question_note_unknown(struct question *question, const char *what, const char *given,
                           const char *suggestion)
{
	char quoted[QUOTE_SIZE];
	question_quote(given, quoted);
	if (suggestion)
		question_note_refusal(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND, suggestion,
		                      "There is no %s '%s'; the nearest is '%s'.", what, quoted, suggestion);
	else
		question_note_refusal(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND, NULL,
		                      "There is no %s '%s'.", what, quoted);
}

int question_add(struct question *question, const ProtobufCMessage *row)
{
	if (question->words.exhausted)
		return -ENOMEM;
	return chunk_add(&question->chunk, row);
}

int question_find_area(struct question *question, const char *given, uint32_t *ret_area)
{
	uint32_t area = catalogue_find_area_by_name(question->catalogue, given);
	if (area == CATALOGUE_NONE)
		return question_refuse_unknown(question, "area", given,
		                               catalogue_suggest_area(question->catalogue, given));
	*ret_area = area;
	return 0;
}

int question_read_period(struct question *question, const char *given, struct period *ret_period)
{
	int verdict = period_parse(given, strlen(given), ret_period);
	if (verdict == 0)
		return 0;
	char quoted[QUOTE_SIZE];
	question_quote(given, quoted);
	if (verdict == PERIOD_OUT_OF_RANGE)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND, NULL,
		                       "There is no period '%s' between the years %d and %d.", quoted,
		                       PERIOD_YEAR_MIN, PERIOD_YEAR_MAX);
	return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND, NULL,
	                       "'%s' is not a period; periods look like 2024, 2024-S1, 2024-Q2, 2024-06 and "
	                       "2024-06-15.",
	                       quoted);
}

struct value question_absent_value(const struct question *question, uint32_t indicator, uint32_t area)
{
	const struct catalogue *catalogue = question->catalogue;
	enum area_level unit = places_unit_level(catalogue, catalogue->indicators[indicator].formula);
	const struct area_list *units = &catalogue->areas[area].inside[unit];
	return (struct value){
	    .state = VALUE_NO_DATA,
	    .expected = units->count,
	    .missing = units->area,
	    .missing_count = units->count,
	};
}

/* Nothing is kept where there can be nothing, and where nobody has reported: the evaluator knows which. */
static int absent_or_impossible(struct question *question, uint32_t indicator, uint32_t area,
                                struct period period, struct value *ret_value)
{
	const struct cell_source cells = snapshot_cells(question->snapshot);
	struct value now;
	int result = evaluate_indicator(question->context->evaluator, indicator, area, period, &cells, &now);
	if (result == 0)
		*ret_value =
		    now.state == VALUE_NOT_HERE ? now : question_absent_value(question, indicator, area);
	return result;
}

int question_kept_value(struct question *question, uint32_t indicator, uint32_t area, struct period period,
                        struct kept_value *ret_kept)
{
	const struct catalogue *catalogue = question->catalogue;
	struct stored_value stored;
	int result = snapshot_value(question->snapshot, catalogue->indicators[indicator].id,
	                            catalogue->areas[area].id, period, &stored);
	if (result == 0)
		wording_kept(&question->words, &stored, ret_kept);
	if (result != SNAPSHOT_NOTHING)
		return result;
	result = absent_or_impossible(question, indicator, area, period, &ret_kept->value);
	ret_kept->commit = 0;
	ret_kept->missing_total = result == 0 ? ret_kept->value.missing_count : 0;
	return result;
}
