#include "daemon/query/question.h"

#include "daemon/base/arena.h"
#include "proto/envelope.h"
#include <stdlib.h>
#include <string.h>

/* One observation, wherever it stands in a report. */
struct place {
	const struct statistic *statistic;
	uint32_t area;
	struct period period;
};

/* ---- what is asked for ---- */

static int find_statistic(struct question *question, const char *code, const struct statistic **ret_statistic)
{
	const struct catalogue *catalogue = question->catalogue;
	uint32_t statistic = catalogue_find_statistic(catalogue, code);
	if (statistic == CATALOGUE_NONE && catalogue_find_indicator(catalogue, code) != CATALOGUE_NONE)
		return question_refuse(
		    question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		    "%s is computed (%s); only what is reported has a history.", code,
		    catalogue->indicators[catalogue_find_indicator(catalogue, code)].formula_text);
	if (statistic == CATALOGUE_NONE)
		return question_refuse_unknown(question, "statistic", code,
		                               catalogue_suggest_value(catalogue, code));
	*ret_statistic = &catalogue->statistics[statistic];
	return 0;
}

static int check_place(struct question *question, const struct place *place)
{
	const struct statistic *statistic = place->statistic;
	const struct area *area = &question->catalogue->areas[place->area];
	if (area->level != statistic->level)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		                       "%s is reported by %s, and %s is a %s.", statistic->code,
		                       area_level_name(statistic->level), area->names.in[LANGUAGE_EN],
		                       area->level == LEVEL_GROUP ? "group" : area_level_name(area->level));
	if (period_frequency_of(place->period) != statistic->frequency)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		                       "%s is reported %s; expected %s.", statistic->code,
		                       wording_adverb(statistic->frequency),
		                       period_frequency_example(statistic->frequency));
	return 0;
}

static int read_place(struct question *question, const Suanpan__HistoryQuery *query, struct place *place)
{
	int result = find_statistic(question, query->statistic, &place->statistic);
	if (result == 0)
		result = question_find_area(question, query->area, &place->area);
	if (result == 0)
		result = question_read_period(question, query->period, &place->period);
	return result == 0 ? check_place(question, place) : result;
}

/* ---- the row in the report ---- */

static bool is_row(const Suanpan__Report *report, int64_t statistic, int64_t period, int64_t area,
                   const struct catalogue *catalogue, const struct place *place)
{
	struct period read;
	if (statistic < 0 || (size_t)statistic >= report->n_statistic || period < 0 ||
	    (size_t)period >= report->n_period || area < 0 || (size_t)area >= report->n_area)
		return false;
	if (strcmp(report->statistic[statistic], place->statistic->code) != 0 ||
	    strcmp(report->area[area], catalogue->areas[place->area].code) != 0)
		return false;
	/* A period may be written in more than one way: 2024-06 and 2024-M06. */
	const char *text = report->period[period];
	return period_parse(text, strlen(text), &read) == 0 && read.code == place->period.code;
}

/* The number of rows if the observation is not there. */
static size_t find_row(const Suanpan__Report *report, const struct catalogue *catalogue,
                       const struct place *place)
{
	uint64_t statistic = 0, period = 0, area = 0; /* unsigned: sums of anything are defined */
	size_t row = 0, rows = report->n_value;
	if (report->n_statistic_delta < rows || report->n_period_delta < rows || report->n_area_delta < rows)
		return rows;
	for (; row < rows; row++) {
		statistic += (uint64_t)report->statistic_delta[row];
		period += (uint64_t)report->period_delta[row];
		area += (uint64_t)report->area_delta[row];
		if (is_row(report, (int64_t)statistic, (int64_t)period, (int64_t)area, catalogue, place))
			break;
	}
	return row;
}

static char *note_of_row(struct wording *words, const Suanpan__Report *report, size_t row)
{
	for (size_t i = 0; i < report->n_note; i++)
		if (report->note[i]->row == row)
			return wording_copy(words, report->note[i]->text);
	return NULL;
}

/* Note and source, out of the report as it was received. */
static int add_words_of_reporter(struct question *question, const struct place *place,
                                 const struct journal_entry *entry, struct arena *scratch,
                                 Suanpan__Revision *row)
{
	struct wording *words = &question->words;
	ProtobufCMessage *message;
	uint64_t major;
	arena_reset(scratch);
	int result = envelope_unpack(&suanpan__report__descriptor, entry->payload, entry->payload_size,
	                             scratch, &major, &message);
	if (result != 0)
		return result < 0 ? result : (int)FAULT_CORRUPT;
	const Suanpan__Report *report = (const Suanpan__Report *)message;
	row->note = note_of_row(words, report, find_row(report, question->catalogue, place));
	row->source = report->source ? wording_copy(words, report->source) : NULL;
	row->confirm = report->confirm ? wording_copy(words, report->confirm) : NULL;
	row->correction = report->correction ? wording_copy(words, report->correction) : NULL;
	return 0;
}

/* ---- revisions ---- */

static int describe_entry(struct question *question, const struct journal_entry *entry,
                          Suanpan__Revision *row)
{
	struct wording *words = &question->words;
	const char *reporter = snapshot_reporter_code(question->snapshot, entry->reporter_id);
	if (!reporter)
		return FAULT_CORRUPT;
	row->entry = entry->entry;
	row->commit = entry->commit;
	row->time = wording_time(words, entry->wall_ms);
	row->reporter = wording_copy(words, reporter);
	row->stream = wording_hex(words, entry->stream, sizeof entry->stream);
	row->sequence = entry->sequence;
	return 0;
}

static int add_revision(struct question *question, const struct place *place, uint64_t number,
                        const struct revision *revision, struct arena *scratch)
{
	struct wording *words = &question->words;
	const struct statistic *statistic = place->statistic;
	struct journal_entry entry;
	int result = snapshot_entry(question->snapshot, revision->entry, &entry);
	if (result != 0)
		return result == SNAPSHOT_NOTHING ? (int)FAULT_CORRUPT : result;
	Suanpan__Revision row = SUANPAN__REVISION__INIT;
	row.revision = number;
	if (status_has_value(revision->status))
		row.value = wording_number(words, revision->value, statistic->decimals);
	row.status = wording_letter(words, revision->status);
	row.unit = wording_name(words, &statistic->unit);
	result = describe_entry(question, &entry, &row);
	if (result == 0)
		result = add_words_of_reporter(question, place, &entry, scratch, &row);
	return result == 0 ? question_add(question, &row.base) : result;
}

int answer_history(struct question *question, const Suanpan__HistoryQuery *query)
{
	struct place place;
	struct revision *revisions = NULL;
	struct arena *scratch = NULL;
	size_t count = 0;
	int result = read_place(question, query, &place);
	if (result == 0)
		result = arena_new(ENVELOPE_UNPACK_BUDGET, &scratch);
	if (result == 0)
		result = snapshot_revisions(question->snapshot, place.statistic->id,
		                            question->catalogue->areas[place.area].id, place.period,
		                            &revisions, &count);
	for (size_t i = 0; result == 0 && i < count; i++)
		result = add_revision(question, &place, i + 1, &revisions[i], scratch);
	free(revisions);
	arena_free(scratch);
	return result;
}
