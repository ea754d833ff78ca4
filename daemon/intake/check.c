#include "daemon/intake/check.h"

#include "daemon/intake/remarks.h"
#include "proto/codes.h"
#include "proto/decimal.h"
#include "proto/envelope.h"
#include "proto/period.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_LENGTH_MAX 256
#define REASON_LENGTH_MAX 256

/* A dictionary entry, resolved once for all rows that use it. */
struct known {
	uint32_t index; /* into the catalogue; CATALOGUE_NONE: unknown */
	struct period period;
	const char *complaint; /* why it is not known, from the first row that needed it */
};

struct check {
	const struct catalogue *catalogue;
	const struct reporter *reporter;
	struct arena *arena;
	const Suanpan__Report *report;
	struct checked_report *out;
	struct known *statistics, *periods, *areas;
	size_t rows;
	size_t next_status, next_note; /* into the sparse columns */
	struct remarks remarks;
};

/* ---- saying what is wrong ---- */

/* Text from outside, fit to be repeated in a sentence: at most 64 bytes of one line of UTF-8. */
struct shown {
	char text[CODE_LENGTH_MAX + 1];
};

static struct shown show(const char *foreign)
{
	struct shown shown = {.text = ""};
	size_t length = strnlen(foreign, CODE_LENGTH_MAX + 1);
	if (length > CODE_LENGTH_MAX)
		length = remarks_whole_characters(foreign, CODE_LENGTH_MAX);
	memcpy(shown.text, foreign, length);
	if (!text_is_valid(shown.text, length))
		for (size_t i = 0; i < length; i++)
			if (shown.text[i] < ' ' || shown.text[i] > '~')
				shown.text[i] = '?';
	return shown;
}

static int PRINTF_LIKE(3, 4) say(struct check *check, int verdict, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	check->out->reason = remarks_print(check->arena, REMARKS_SENTENCE_SIZE, format, arguments);
	va_end(arguments);
	return check->out->reason ? verdict : -ENOMEM;
}

/* ---- the report as a whole ---- */

/* Why something is done in spite of a rule: a reason that says nothing is none. */
static int check_reason(struct check *check, const char *what, const char *text, bool *ret_given)
{
	*ret_given = text != NULL;
	if (!text || (strlen(text) <= REASON_LENGTH_MAX && text_is_valid(text, strlen(text)) &&
	              text[strspn(text, " \t")] != '\0'))
		return 0;
	return say(check, CHECK_REFUSED,
	           "the %s is not one line of UTF-8 of at most %d bytes that gives a reason", what,
	           REASON_LENGTH_MAX);
}

static int check_reasons(struct check *check)
{
	int result = check_reason(check, "confirmation", check->report->confirm, &check->out->confirms);
	return result == 0
	           ? check_reason(check, "correction", check->report->correction, &check->out->corrects)
	           : result;
}

static int check_shape(struct check *check)
{
	const Suanpan__Report *report = check->report;
	check->rows = report->n_value;
	remarks_init(&check->remarks, check->arena, check->rows);
	if (envelope_has_unknown_fields(&report->base))
		return say(check, CHECK_REFUSED,
		           "the report has fields that this daemon does not know and would lose");
	if (report->n_statistic_delta != check->rows || report->n_period_delta != check->rows ||
	    report->n_area_delta != check->rows)
		return say(check, CHECK_REFUSED,
		           "the columns differ in length: %zu statistics, %zu periods, %zu areas, %zu values",
		           report->n_statistic_delta, report->n_period_delta, report->n_area_delta,
		           check->rows);
	if (check->rows == 0)
		return say(check, CHECK_REFUSED, "the report holds no observation");
	if (check->rows > ENVELOPE_OBSERVATIONS_MAX)
		return say(check, CHECK_REFUSED, "the report holds %zu observations; %d is the most",
		           check->rows, ENVELOPE_OBSERVATIONS_MAX);
	if (report->n_decimals != report->n_statistic)
		return say(check, CHECK_REFUSED, "%zu statistics, but decimals for %zu", report->n_statistic,
		           report->n_decimals);
	if (report->n_status_row != report->n_status_code)
		return say(check, CHECK_REFUSED, "%zu status rows, but %zu status codes",
		           report->n_status_row, report->n_status_code);
	if (report->source && (strlen(report->source) > SOURCE_LENGTH_MAX ||
	                       !text_is_valid(report->source, strlen(report->source))))
		return say(check, CHECK_REFUSED, "the source is not one line of UTF-8 of at most %d bytes",
		           SOURCE_LENGTH_MAX);
	return check_reasons(check);
}

static int check_ascending(struct check *check, const char *what, uint64_t row, const uint64_t *before)
{
	if (row >= check->rows)
		return say(check, CHECK_REFUSED, "a %s for row %" PRIu64 " of %zu", what, row, check->rows);
	if (before && *before >= row)
		return say(check, CHECK_REFUSED, "the %s rows do not ascend at row %" PRIu64, what, row);
	return 0;
}

static int check_sparse_columns(struct check *check)
{
	const Suanpan__Report *report = check->report;
	int result = 0;
	for (size_t i = 0; i < report->n_status_row && result == 0; i++)
		result = check_ascending(check, "status", report->status_row[i],
		                         i > 0 ? &report->status_row[i - 1] : NULL);
	for (size_t i = 0; i < report->n_note && result == 0; i++)
		result = check_ascending(check, "note", report->note[i]->row,
		                         i > 0 ? &report->note[i - 1]->row : NULL);
	return result;
}

/* ---- dictionaries ---- */

static struct known *new_dictionary(struct check *check, size_t count)
{
	struct known *known = arena_take(check->arena, (count > 0 ? count : 1) * sizeof *known);
	if (!known)
		check->remarks.fault = -ENOMEM;
	return known;
}

static int resolve_dictionaries(struct check *check)
{
	const Suanpan__Report *report = check->report;
	check->statistics = new_dictionary(check, report->n_statistic);
	check->periods = new_dictionary(check, report->n_period);
	check->areas = new_dictionary(check, report->n_area);
	if (check->remarks.fault != 0)
		return check->remarks.fault;
	for (size_t i = 0; i < report->n_statistic; i++) {
		check->statistics[i] =
		    (struct known){.index = catalogue_find_statistic(check->catalogue, report->statistic[i])};
		if (report->decimals[i] > DECIMAL_PLACES_MAX)
			return say(check, CHECK_REFUSED,
			           "decimals %" PRIu64 " for statistic %zu; %d is the most",
			           report->decimals[i], i, DECIMAL_PLACES_MAX);
	}
	for (size_t i = 0; i < report->n_area; i++)
		check->areas[i] =
		    (struct known){.index = catalogue_find_area(check->catalogue, report->area[i])};
	for (size_t i = 0; i < report->n_period; i++) {
		struct period period = {.code = 0};
		int verdict = period_parse(report->period[i], strlen(report->period[i]), &period);
		check->periods[i] =
		    (struct known){.index = verdict != 0 ? CATALOGUE_NONE : 0, .period = period};
	}
	return 0;
}

/* ---- rows ---- */

/* The three running sums of a row. */
struct place {
	uint64_t statistic, period, area;
};

static int advance(struct check *check, size_t row, struct place *place)
{
	const Suanpan__Report *report = check->report;
	place->statistic += (uint64_t)report->statistic_delta[row];
	place->period += (uint64_t)report->period_delta[row];
	place->area += (uint64_t)report->area_delta[row];
	if (place->statistic >= report->n_statistic || place->period >= report->n_period ||
	    place->area >= report->n_area)
		return say(check, CHECK_REFUSED, "row %zu points outside a dictionary", row);
	return 0;
}

/* Looking for the nearest word is dear: once for each entry, not for each row. */
static const char *PRINTF_LIKE(3, 4)
    complain_once(struct check *check, struct known *known, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	known->complaint = remarks_print(check->arena, REMARKS_SENTENCE_SIZE, format, arguments);
	va_end(arguments);
	if (!known->complaint)
		check->remarks.fault = -ENOMEM;
	return known->complaint ? known->complaint : "";
}

static const char *complain_of_statistic(struct check *check, struct known *known, const char *code)
{
	if (known->complaint)
		return known->complaint;
	if (catalogue_find_indicator(check->catalogue, code) != CATALOGUE_NONE)
		return complain_once(check, known, "'%s' is an indicator: it is computed, not reported",
		                     code);
	const char *near = catalogue_suggest_value(check->catalogue, code);
	return complain_once(check, known, "unknown statistic '%s'%s%s%s", show(code).text,
	                     near ? "; the nearest is '" : "", near ? near : "", near ? "'" : "");
}

static const char *complain_of_area(struct check *check, struct known *known, const char *code)
{
	if (known->complaint)
		return known->complaint;
	const char *near = catalogue_suggest_area(check->catalogue, code);
	return complain_once(check, known, "unknown area '%s'%s%s%s", show(code).text,
	                     near ? "; the nearest is '" : "", near ? near : "", near ? "'" : "");
}

static bool check_statistic(struct check *check, size_t row, const struct place *place)
{
	struct known *known = &check->statistics[place->statistic];
	const char *code = check->report->statistic[place->statistic];
	if (known->index == CATALOGUE_NONE) {
		remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_UNKNOWN_STATISTIC, "%s",
		                    complain_of_statistic(check, known, code));
		return false;
	}
	if (!check->reporter->statistics[known->index])
		remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_STATISTIC_OUT_OF_SCOPE,
		                    "'%s' is not among the statistics that %s reports", code,
		                    check->reporter->code);
	return true;
}

static bool check_area(struct check *check, size_t row, const struct place *place)
{
	struct known *known = &check->areas[place->area];
	const char *code = check->report->area[place->area];
	if (known->index == CATALOGUE_NONE) {
		remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_UNKNOWN_AREA, "%s",
		                    complain_of_area(check, known, code));
		return false;
	}
	if (!catalogue_reporter_may_report_area(check->reporter, known->index))
		remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_AREA_OUT_OF_SCOPE,
		                    "area %s is not %s's to report", code, check->reporter->code);
	return true;
}

static bool check_period(struct check *check, size_t row, const struct place *place)
{
	if (check->periods[place->period].index == 0)
		return true;
	remarks_add_problem(
	    &check->remarks, row, SUANPAN__REASON__REASON_BAD_PERIOD,
	    "'%s' is not a period; expected a form such as 2024, 2024-S1, 2024-Q2, 2024-06 or 2024-06-15",
	    show(check->report->period[place->period]).text);
	return false;
}

static void day_text(int32_t day, char text[PERIOD_TEXT_SIZE])
{
	period_format(period_of_day(day, PERIOD_DAY), text);
}

/* "; report it for 440112 (Huangpu)": those that are in force when the code no longer is. */
static void name_successors(const struct catalogue *catalogue, const struct area *area, char *text,
                            size_t size)
{
	size_t length = 0;
	text[0] = '\0';
	for (uint32_t i = 0; i < area->successors.count && length < size; i++) {
		const struct area *next = &catalogue->areas[area->successors.area[i]];
		int printed =
		    snprintf(text + length, size - length, "%s%s (%s)", i == 0 ? "; report it for " : ", ",
		             next->code, next->names.in[LANGUAGE_EN]);
		length += printed > 0 ? (size_t)printed : size;
	}
}

/* A code counts only in periods that lie wholly within its days. */
static void check_in_force(struct check *check, size_t row, const struct area *area, struct period period)
{
	char text[PERIOD_TEXT_SIZE], day[PERIOD_TEXT_SIZE], successors[160] = "";
	bool too_early = period_first_day(period) < area->first_day;
	if (!too_early && period_last_day(period) <= area->last_day)
		return;
	period_format(period, text);
	day_text(too_early ? area->first_day : area->last_day, day);
	if (!too_early)
		name_successors(check->catalogue, area, successors, sizeof successors);
	remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_AREA_NOT_IN_FORCE,
	                    "period %s: area %s (%s) is in force %s %s%s", text, area->code,
	                    area->names.in[LANGUAGE_EN], too_early ? "only from" : "only until", day,
	                    successors);
}

static void check_fit(struct check *check, size_t row, const struct statistic *statistic,
                      const struct area *area, struct period period)
{
	if (period_frequency_of(period) != statistic->frequency) {
		char text[PERIOD_TEXT_SIZE];
		period_format(period, text);
		remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_WRONG_FREQUENCY,
		                    "period %s: '%s' is reported for %s", text, statistic->code,
		                    period_frequency_example(statistic->frequency));
	}
	if (area->level != statistic->level)
		remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_WRONG_LEVEL,
		                    "area %s is a %s: '%s' is reported by %s", area->code,
		                    area_level_name(area->level), statistic->code,
		                    area_level_name(statistic->level));
	check_in_force(check, row, area, period);
}

static char take_status(struct check *check, size_t row)
{
	const Suanpan__Report *report = check->report;
	if (check->next_status >= report->n_status_row || report->status_row[check->next_status] != row)
		return 'A';
	uint64_t code = report->status_code[check->next_status++];
	if (code < 128 && status_is_valid((char)code))
		return (char)code;
	remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_BAD_STATUS,
	                    "status code %" PRIu64 ": expected the letter A, P, E, F, B, V, O, L or Q", code);
	return 'A';
}

static void check_note(struct check *check, size_t row)
{
	const Suanpan__Report *report = check->report;
	if (check->next_note >= report->n_note || report->note[check->next_note]->row != row)
		return;
	const char *text = report->note[check->next_note++]->text;
	if (strlen(text) > NOTE_LENGTH_MAX || !text_is_valid(text, strlen(text)))
		remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_BAD_TEXT,
		                    "the note is not one line of UTF-8 of at most %d bytes", NOTE_LENGTH_MAX);
}

/* What the statistic can be, whatever else is known. A share above 100 % is no mistake by itself. */
static void check_limits(struct check *check, size_t row, const struct statistic *statistic, int64_t units)
{
	char found[DECIMAL_TEXT_SIZE], most[DECIMAL_TEXT_SIZE];
	decimal_format(units, statistic->decimals, found);
	if (units < 0 && !statistic->may_be_negative)
		remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_RULE,
		                    "%s is negative, which '%s' never is", found, statistic->code);
	if (!statistic->has_most || units <= statistic->most)
		return;
	decimal_format(statistic->most, statistic->decimals, most);
	remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_RULE,
	                    "%s is more than %s, the most that '%s' can be", found, most, statistic->code);
}

static int64_t check_value(struct check *check, size_t row, const struct place *place,
                           const struct statistic *statistic, char status)
{
	int64_t value = check->report->value[row], units = 0;
	unsigned decimals = (unsigned)check->report->decimals[place->statistic];
	if (!status_has_value(status)) {
		if (value != 0)
			remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_BAD_STATUS,
			                    "status %c has no value, but %" PRId64 " was given; expected 0",
			                    status, value);
		return 0;
	}
	int verdict = decimal_rescale(value, decimals, statistic->decimals, &units);
	if (verdict == DECIMAL_TOO_MANY_PLACES)
		remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_TOO_MANY_DECIMALS,
		                    "%" PRId64 " with %u decimals is finer than '%s' is kept (%u decimals)",
		                    value, decimals, statistic->code, statistic->decimals);
	else if (verdict != 0)
		remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_OUT_OF_RANGE,
		                    "%" PRId64 " with %u decimals does not fit 64 bits with %u", value,
		                    decimals, statistic->decimals);
	else if (units < 0 || statistic->has_most)
		check_limits(check, row, statistic, units);
	return units;
}

static void check_row(struct check *check, size_t row, const struct place *place, struct observation *ret)
{
	bool statistic_known = check_statistic(check, row, place);
	bool area_known = check_area(check, row, place);
	bool period_known = check_period(check, row, place);
	char status = take_status(check, row);
	check_note(check, row);
	if (!statistic_known || !area_known || !period_known)
		return;
	const struct statistic *statistic =
	    &check->catalogue->statistics[check->statistics[place->statistic].index];
	const struct area *area = &check->catalogue->areas[check->areas[place->area].index];
	check_fit(check, row, statistic, area, check->periods[place->period].period);
	*ret = (struct observation){
	    .statistic = check->statistics[place->statistic].index,
	    .area = check->areas[place->area].index,
	    .period = check->periods[place->period].period,
	    .status = status,
	    .value = check_value(check, row, place, statistic, status),
	};
}

static int check_rows(struct check *check)
{
	struct place place = {.statistic = 0};
	int result = 0;
	for (size_t row = 0; row < check->rows && result == 0; row++) {
		result = advance(check, row, &place);
		if (result == 0)
			check_row(check, row, &place, &check->out->observations[row]);
		if (check->remarks.fault != 0)
			result = check->remarks.fault;
	}
	return result;
}

/* ---- repeated rows ---- */

static int compare_places(const struct observation *a, const struct observation *b)
{
	if (a->statistic != b->statistic)
		return a->statistic < b->statistic ? -1 : 1;
	if (a->period.code != b->period.code)
		return a->period.code < b->period.code ? -1 : 1;
	return (a->area > b->area) - (a->area < b->area);
}

static int compare_rows(const void *left, const void *right)
{
	const struct observation *const *a = left, *const *b = right;
	int order = compare_places(*a, *b);
	return order != 0 ? order : (*a > *b) - (*a < *b);
}

static bool rows_ascend(const struct check *check)
{
	for (size_t row = 1; row < check->rows; row++)
		if (compare_places(&check->out->observations[row - 1], &check->out->observations[row]) >= 0)
			return false;
	return true;
}

/* ret_earlier[row]: the row that this one repeats, or the row itself. */
static void find_repetitions(const struct check *check, const struct observation **sorted,
                             size_t *ret_earlier)
{
	const struct observation *rows = check->out->observations;
	for (size_t row = 0; row < check->rows; row++)
		sorted[row] = &rows[row];
	qsort(sorted, check->rows, sizeof *sorted, compare_rows);
	for (size_t i = 0; i < check->rows; i++) {
		bool repeats = i > 0 && compare_places(sorted[i - 1], sorted[i]) == 0;
		ret_earlier[sorted[i] - rows] = (size_t)(sorted[repeats ? i - 1 : i] - rows);
	}
}

/* Only for reports that are otherwise right: there every row is resolved. */
static int check_repetitions(struct check *check)
{
	if (rows_ascend(check))
		return 0;
	const struct observation **sorted =
	    arena_take(check->arena, check->rows * sizeof(struct observation *));
	size_t *earlier = arena_take(check->arena, check->rows * sizeof *earlier);
	if (!sorted || !earlier)
		return -ENOMEM;
	find_repetitions(check, sorted, earlier);
	for (size_t row = 0; row < check->rows; row++)
		if (earlier[row] != row)
			remarks_add_problem(&check->remarks, row, SUANPAN__REASON__REASON_REPEATED_ROW,
			                    "the same statistic, period and area as row %zu", earlier[row]);
	return check->remarks.fault;
}

/* ---- who ---- */

static int check_name(struct check *check, uint32_t reporter_index)
{
	const Suanpan__Report *report = check->report;
	if (report->stream.len != REPORT_STREAM_SIZE || report->sequence == 0)
		return say(check, CHECK_NAMELESS,
		           "a stream of %zu bytes and sequence %" PRIu64
		           "; expected %d bytes and a sequence from 1",
		           report->stream.len, report->sequence, REPORT_STREAM_SIZE);
	check->out->has_stream = true;
	memcpy(check->out->name.stream, report->stream.data, REPORT_STREAM_SIZE);
	check->out->name.sequence = report->sequence;
	check->out->oldest = report->has_oldest ? report->oldest : 0;
	if (check->out->oldest > report->sequence)
		return say(check, CHECK_NAMELESS, "oldest %" PRIu64 " is beyond sequence %" PRIu64,
		           report->oldest, report->sequence);
	if (reporter_index == CATALOGUE_NONE) {
		if (!report->reporter)
			return say(check, CHECK_NAMELESS, "the report does not say which reporter sends it");
		reporter_index = catalogue_find_reporter(check->catalogue, report->reporter);
	}
	if (reporter_index == CATALOGUE_NONE)
		return say(check, CHECK_NAMELESS, "unknown reporter '%s'", show(report->reporter).text);
	check->reporter = &check->catalogue->reporters[reporter_index];
	check->out->names_another = report->reporter && strcmp(report->reporter, check->reporter->code) != 0;
	if (check->out->names_another)
		return say(check, CHECK_NAMELESS,
		           "the report says it is from '%s', its key that it is from '%s'",
		           show(report->reporter).text, check->reporter->code);
	check->out->name.reporter_id = check->reporter->id;
	return 0;
}

static int check_report(struct check *check)
{
	int result = check_shape(check);
	if (result == 0)
		result = check_sparse_columns(check);
	if (result == 0)
		result = resolve_dictionaries(check);
	if (result != 0)
		return result;
	check->out->observations = calloc(check->rows, sizeof *check->out->observations);
	if (!check->out->observations)
		return -ENOMEM;
	check->out->observation_count = check->rows;
	result = check_rows(check);
	if (result == 0 && check->remarks.count == 0)
		result = check_repetitions(check);
	check->out->problems = check->remarks.problems;
	check->out->problem_count = check->remarks.count;
	if (result != 0 || check->remarks.count == 0)
		return result;
	check->out->reason = remarks_sum_up(&check->remarks);
	return check->out->reason ? (int)CHECK_REFUSED : -ENOMEM;
}

int intake_check(const struct catalogue *catalogue, uint32_t reporter_index, const void *payload, size_t size,
                 struct arena *arena, struct checked_report *ret_report)
{
	struct check check = {.catalogue = catalogue, .arena = arena, .out = ret_report};
	ProtobufCMessage *message;
	uint64_t major = 0;
	*ret_report = (struct checked_report){.reason = NULL};
	int result = envelope_unpack(&suanpan__report__descriptor, payload, size, arena, &major, &message);
	if (result == ENVELOPE_UNSUPPORTED)
		return say(&check, CHECK_UNSUPPORTED, "this daemon knows reports of major %d, not %" PRIu64,
		           ENVELOPE_MAJOR, major);
	if (result == ENVELOPE_TOO_LARGE)
		return say(&check, CHECK_NAMELESS, "the report is larger than allowed, packed or unpacked");
	if (result > 0)
		return say(&check, CHECK_NAMELESS, "these %zu bytes are not a Report", size);
	if (result < 0)
		return result;
	check.report = (const Suanpan__Report *)message;
	result = check_name(&check, reporter_index);
	if (result == 0)
		result = check_report(&check);
	if (result != 0) {
		free(ret_report->observations);
		ret_report->observations = NULL;
		ret_report->observation_count = 0;
	}
	return result;
}
