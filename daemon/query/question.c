#include "daemon/query/question.h"

#include "daemon/base/arena.h"
#include "daemon/indicator/places.h"
#include "daemon/indicator/units.h"
#include "daemon/query/moment.h"
#include "proto/codes.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
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

static const char *suggest_reporter(const struct catalogue *catalogue, const char *given)
{
	const char **names = malloc((catalogue->reporter_count + 1) * sizeof *names);
	if (!names)
		return NULL;
	for (uint32_t i = 0; i < catalogue->reporter_count; i++)
		names[i] = catalogue->reporters[i].code;
	const char *near = nearest_word(given, names, catalogue->reporter_count);
	free(names);
	return near;
}

int question_find_reporter(struct question *question, const char *given, uint32_t *ret_reporter)
{
	const uint32_t index = catalogue_find_reporter(question->catalogue, given);
	if (index == CATALOGUE_NONE)
		return question_refuse_unknown(question, "reporter", given,
		                               suggest_reporter(question->catalogue, given));
	*ret_reporter = index;
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

static int refuse_moment(struct question *question, struct snapshot *snapshot, bool is_commit,
                         const char *quoted)
{
	struct store_summary summary;
	if (!is_commit)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND, NULL,
		                       "The store holds nothing from before '%s'.", quoted);
	int result = snapshot_summary(snapshot, &summary);
	if (result != 0)
		return result;
	return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND, NULL,
	                       "There is no commit %s; the newest is %" PRIu64 ".", quoted, summary.commit);
}

int question_find_moment(struct question *question, struct snapshot *snapshot, const char *given,
                         struct moment *ret_moment)
{
	struct written_moment written;
	char quoted[QUOTE_SIZE];
	int verdict = moment_parse(given, &written);
	question_quote(given, quoted);
	if (verdict == MOMENT_OUT_OF_RANGE)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND, NULL,
		                       "There is no moment '%s'.", quoted);
	if (verdict != 0)
		return question_refuse(
		    question, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND, NULL,
		    "'%s' is not a moment; moments look like 17 (a commit), 2024-05-01 (the end "
		    "of a day) and 2024-05-01T12:00+08:00.",
		    quoted);
	int result = written.is_commit ? snapshot_find_commit(snapshot, written.commit, ret_moment)
	                               : snapshot_find_time(snapshot, written.wall_ms, ret_moment);
	return result == SNAPSHOT_NOTHING ? refuse_moment(question, snapshot, written.is_commit, quoted)
	                                  : result;
}

/* ---- statistic or indicator ---- */

static void fill_indicator(const struct indicator *indicator, struct subject *subject)
{
	subject->code = indicator->code;
	subject->formula = indicator->formula;
	subject->formula_text = indicator->formula_text;
	subject->measure = measure_of_indicator(indicator);
	subject->coverage = indicator->coverage;
	subject->frequency = indicator->frequency;
}

static void fill_statistic(const struct statistic *statistic, uint32_t index, struct subject *subject)
{
	subject->code = subject->formula_text = statistic->code;
	subject->atom = (struct formula_atom){.statistic = index, .within = CATALOGUE_NONE};
	subject->step = (struct formula_step){.op = FORMULA_ATOM};
	subject->lone = (struct formula){
	    .atoms = &subject->atom, .atom_count = 1, .steps = &subject->step, .step_count = 1};
	subject->formula = &subject->lone;
	subject->measure = measure_of_statistic(statistic);
	subject->frequency = statistic->frequency;
	subject->may_be_finer = statistic->kind == KIND_STOCK || statistic->kind == KIND_LEVEL;
}

int question_find_subject(struct question *question, const char *code, struct subject *ret_subject)
{
	const struct catalogue *catalogue = question->catalogue;
	uint32_t indicator = catalogue_find_indicator(catalogue, code);
	uint32_t statistic = catalogue_find_statistic(catalogue, code);
	*ret_subject = (struct subject){.coverage = COVERAGE_MATCHED};
	if (indicator != CATALOGUE_NONE)
		fill_indicator(&catalogue->indicators[indicator], ret_subject);
	else if (statistic != CATALOGUE_NONE)
		fill_statistic(&catalogue->statistics[statistic], statistic, ret_subject);
	else
		return question_refuse_unknown(question, "statistic or indicator", code,
		                               catalogue_suggest_value(catalogue, code));
	return 0;
}

int question_check_place(struct question *question, const struct subject *subject, uint32_t area,
                         struct period period)
{
	const struct cell_source cells = snapshot_cells(question->snapshot);
	struct value value;
	if (period_frequency_of(period) > subject->frequency && !subject->may_be_finer)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		                       "%s is known only %s.", subject->code,
		                       wording_adverb(subject->frequency));
	int result = evaluate_formula(question->evaluator, subject->formula, subject->measure.decimals,
	                              subject->coverage, area, period, &cells, &value);
	if (result != 0 || value.state != VALUE_NOT_HERE)
		return result;
	return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
	                       "%s is not reported at the level of %s.", subject->code,
	                       question->catalogue->areas[area].names.in[LANGUAGE_EN]);
}

int question_find_place(struct question *question, const struct subject *subject, const char *area,
                        const char *period, uint32_t *ret_area, struct period *ret_period)
{
	*ret_area = question->catalogue->root;
	int result = area ? question_find_area(question, area, ret_area) : 0;
	if (result == 0)
		result = question_read_period(question, period, ret_period);
	return result == 0 ? question_check_place(question, subject, *ret_area, *ret_period) : result;
}

/* ---- what was kept ---- */

/* Of a list of areas, those whose code is in force on the day; the list itself where all are. */
static struct area_list in_force_on(struct question *question, const struct area_list *areas, int32_t day)
{
	uint32_t *kept = NULL, count = 0;
	while (count < areas->count &&
	       units_in_force_on(&question->catalogue->areas[areas->area[count]], day))
		count++;
	if (count == areas->count)
		return *areas;
	kept = arena_take(question->context->arena, areas->count * sizeof *kept);
	if (!kept) {
		question->words.exhausted = true;
		return (struct area_list){.count = 0};
	}
	memcpy(kept, areas->area, count * sizeof *kept);
	for (uint32_t i = count; i < areas->count; i++)
		if (units_in_force_on(&question->catalogue->areas[areas->area[i]], day))
			kept[count++] = areas->area[i];
	return (struct area_list){.area = kept, .count = count};
}

struct value question_absent_value(struct question *question, uint32_t indicator, uint32_t area,
                                   struct period period)
{
	const struct catalogue *catalogue = question->catalogue;
	enum area_level level = places_unit_level(catalogue, catalogue->indicators[indicator].formula);
	struct area_list units =
	    in_force_on(question, &catalogue->areas[area].inside[level], period_last_day(period));
	return (struct value){
	    .state = VALUE_NO_DATA,
	    .expected = units.count,
	    .missing = units.area,
	    .missing_count = units.count,
	};
}

/* Nothing is kept where there can be nothing, and where nobody has reported: the evaluator knows which. */
static int absent_or_impossible(struct question *question, uint32_t indicator, uint32_t area,
                                struct period period, struct value *ret_value)
{
	const struct cell_source cells = snapshot_cells(question->snapshot);
	struct value now;
	int result = evaluate_indicator(question->evaluator, indicator, area, period, &cells, &now);
	if (result == 0)
		*ret_value = now.state == VALUE_NOT_HERE
		                 ? now
		                 : question_absent_value(question, indicator, area, period);
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
