#include "clients/report/rows.h"
#include "clients/report/csv.h"
#include "clients/report/sentence.h"
#include "proto/codes.h"
#include "proto/decimal.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the header ---- */

enum column {
	COLUMN_STATISTIC,
	COLUMN_AREA,
	COLUMN_PERIOD,
	COLUMN_VALUE,
	COLUMN_STATUS,
	COLUMN_NOTE,
	COLUMN_COUNT
};

#define REQUIRED_COUNT 4
#define HEADER_TEXT    "statistic,area,period,value[,status][,note]"

static const char *const column_names[COLUMN_COUNT] = {"statistic", "area",   "period",
                                                       "value",     "status", "note"};

struct header {
	size_t count;            /* fields in every row */
	size_t at[COLUMN_COUNT]; /* field of a column */
	bool has[COLUMN_COUNT];
};

struct reading {
	struct rows *rows;
	uint32_t file;
	struct header header;
	const struct csv_record *record;
	uint32_t line; /* of the record */
};

struct cell {
	const char *text;
	size_t length;
	uint32_t line;
};

/* ---- what a text of a cell stands for: worked out once for each distinct text ---- */

struct meaning {
	uint32_t value;  /* an index, or the code of a period */
	char *complaint; /* NULL: it is fine */
};

struct lookup {
	struct words texts;
	struct meaning *meanings; /* per text */
	uint32_t room;
};

static struct lookup *lookup_new(void)
{
	return calloc(1, sizeof(struct lookup));
}

static void lookup_free(struct lookup *lookup)
{
	if (!lookup)
		return;
	for (uint32_t i = 0; i < lookup->texts.count && i < lookup->room; i++)
		free(lookup->meanings[i].complaint);
	free(lookup->meanings);
	words_done(&lookup->texts);
	free(lookup);
}

typedef int find_meaning(struct rows *rows, const struct cell *cell, struct meaning *ret_meaning);

static int PRINTF_LIKE(2, 3) object(struct meaning *meaning, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vasprintf(&meaning->complaint, format, arguments);
	va_end(arguments);
	if (length < 0)
		meaning->complaint = NULL;
	return length < 0 ? -ENOMEM : 0;
}

static int make_room_for_meanings(struct lookup *lookup)
{
	if (lookup->texts.count < lookup->room)
		return 0;
	uint32_t room = lookup->room ? 2 * lookup->room : 64;
	struct meaning *meanings = realloc(lookup->meanings, room * sizeof *meanings);
	if (!meanings)
		return -ENOMEM;
	memset(meanings + lookup->room, 0, (room - lookup->room) * sizeof *meanings);
	lookup->meanings = meanings;
	lookup->room = room;
	return 0;
}

static int look_up(struct rows *rows, struct lookup *lookup, const struct cell *cell, find_meaning *find,
                   const struct meaning **ret_meaning)
{
	int fault = make_room_for_meanings(lookup);
	uint32_t known = lookup->texts.count, index;
	if (!fault)
		fault = words_add(&lookup->texts, cell->text, cell->length, &index);
	if (!fault && index == known)
		fault = find(rows, cell, &lookup->meanings[index]);
	if (!fault)
		*ret_meaning = &lookup->meanings[index];
	return fault;
}

/* ---- statistic, area, period ---- */

static const char *nearest(const char *text, size_t length, const struct words *words)
{
	char word[CODE_LENGTH_MAX * 4 + 1];
	if (length >= sizeof word)
		return NULL;
	memcpy(word, text, length);
	word[length] = '\0';
	return nearest_word(word, (const char *const *)words->list, words->count);
}

static int object_to_unknown_statistic(struct meaning *meaning, const struct cell *cell,
                                       const char *suggestion)
{
	const struct quoted quoted = quote(cell->text, cell->length);
	if (suggestion)
		return object(meaning, "%s is not a statistic the daemon knows; did you mean '%s'?",
		              quoted.text, suggestion);
	return object(meaning, "%s is not a statistic the daemon knows", quoted.text);
}

/* Names are kept folded; people get to see the area's own. */
static int object_to_unknown_area(const struct vocabulary *vocabulary, struct meaning *meaning,
                                  const struct cell *cell)
{
	const struct quoted quoted = quote(cell->text, cell->length);
	const char *name = nearest(cell->text, cell->length, &vocabulary->area_names);
	uint32_t area =
	    name ? vocabulary->named[words_find(&vocabulary->area_names, name, strlen(name))] : WORDS_NONE;
	const char *code =
	    area == WORDS_NONE ? nearest(cell->text, cell->length, &vocabulary->area_codes) : NULL;
	if (code)
		area = words_find(&vocabulary->area_codes, code, strlen(code));
	if (area == WORDS_NONE)
		return object(meaning, "%s is not an area the daemon knows", quoted.text);
	return object(meaning, "%s is not an area the daemon knows; did you mean %s (%s)?", quoted.text,
	              vocabulary->areas[area].name, vocabulary->areas[area].code);
}

static int take_code(struct words *codes, const char *code, size_t length, struct meaning *meaning)
{
	return words_add(codes, code, length, &meaning->value);
}

static int find_plain_code(struct words *codes, const struct cell *cell, struct meaning *ret_meaning)
{
	if (code_is_valid(cell->text, cell->length))
		return take_code(codes, cell->text, cell->length, ret_meaning);
	return object(ret_meaning, "%s is not a code (1 to %d of a-z, 0-9, _ and -)",
	              quote(cell->text, cell->length).text, CODE_LENGTH_MAX);
}

static int find_statistic(struct rows *rows, const struct cell *cell, struct meaning *ret_meaning)
{
	const struct vocabulary *vocabulary = rows->vocabulary;
	if (!vocabulary)
		return find_plain_code(&rows->statistics, cell, ret_meaning);
	uint32_t known = words_find(&vocabulary->statistic_codes, cell->text, cell->length);
	if (known == WORDS_NONE)
		return object_to_unknown_statistic(
		    ret_meaning, cell, nearest(cell->text, cell->length, &vocabulary->statistic_codes));
	if (rows->reporter != WORDS_NONE &&
	    !vocabulary_may_report_statistic(vocabulary, rows->reporter, known))
		return object(ret_meaning, "%s is not for '%s' to report",
		              quote(cell->text, cell->length).text,
		              vocabulary->reporters.list[rows->reporter]);
	return take_code(&rows->statistics, cell->text, cell->length, ret_meaning);
}

static int find_known_area(struct rows *rows, const struct cell *cell, uint32_t known,
                           struct meaning *ret_meaning)
{
	const struct vocabulary *vocabulary = rows->vocabulary;
	const struct known_area *area = &vocabulary->areas[known];
	if (strcmp(area->level, "group") == 0)
		return object(ret_meaning, "%s is a group of areas: its figures are computed, not reported",
		              quote(cell->text, cell->length).text);
	if (rows->reporter != WORDS_NONE && !vocabulary_may_report_area(vocabulary, rows->reporter, known))
		return object(ret_meaning, "%s is not for '%s' to report",
		              quote(cell->text, cell->length).text,
		              vocabulary->reporters.list[rows->reporter]);
	return take_code(&rows->areas, area->code, strlen(area->code), ret_meaning);
}

static int find_area(struct rows *rows, const struct cell *cell, struct meaning *ret_meaning)
{
	const struct vocabulary *vocabulary = rows->vocabulary;
	if (!vocabulary)
		return find_plain_code(&rows->areas, cell, ret_meaning);
	bool ambiguous;
	uint32_t known = vocabulary_find_area(vocabulary, cell->text, cell->length, &ambiguous);
	if (ambiguous)
		return object(ret_meaning, "%s is the name of more than one area; write its code",
		              quote(cell->text, cell->length).text);
	if (known == WORDS_NONE)
		return object_to_unknown_area(vocabulary, ret_meaning, cell);
	return find_known_area(rows, cell, known, ret_meaning);
}

static int find_period(struct rows *rows, const struct cell *cell, struct meaning *ret_meaning)
{
	(void)rows;
	struct period period;
	switch (period_parse(cell->text, cell->length, &period)) {
	case 0:
		ret_meaning->value = period.code;
		return 0;
	case PERIOD_OUT_OF_RANGE:
		return object(ret_meaning, "%s is not in the calendar (years %d to %d)",
		              quote(cell->text, cell->length).text, PERIOD_YEAR_MIN, PERIOD_YEAR_MAX);
	default:
		return object(ret_meaning,
		              "%s is not a period; expected 2024, 2024-S1, 2024-Q2, 2024-06 or 2024-06-15",
		              quote(cell->text, cell->length).text);
	}
}

/* ---- cells ---- */

static bool is_blank(char character)
{
	return character == ' ' || character == '\t';
}

static struct cell cell_of(const struct reading *reading, enum column column)
{
	if (!reading->header.has[column])
		return (struct cell){.text = "", .line = reading->line};
	const struct csv_field *field = &reading->record->fields[reading->header.at[column]];
	struct cell cell = {.text = field->text, .length = field->length, .line = field->line};
	if (column == COLUMN_NOTE)
		return cell;
	for (; cell.length && is_blank(*cell.text); cell.text++)
		cell.length--;
	while (cell.length && is_blank(cell.text[cell.length - 1]))
		cell.length--;
	return cell;
}

#define COMPLAIN(reading, cell, column, ...)                                                                 \
	complain((reading)->rows->complaints, (reading)->file, (cell).line, column_names[column], __VA_ARGS__)

/* Answers whether the cell is fine, or a fault. */
static int read_key(const struct reading *reading, enum column column, struct lookup *lookup,
                    find_meaning *find, uint32_t *ret_value, bool *all_fine)
{
	struct cell cell = cell_of(reading, column);
	if (cell.length == 0) {
		COMPLAIN(reading, cell, column, "is empty");
		*all_fine = false;
		return 0;
	}
	const struct meaning *meaning;
	int fault = look_up(reading->rows, lookup, &cell, find, &meaning);
	if (fault)
		return fault;
	if (meaning->complaint) {
		COMPLAIN(reading, cell, column, "%s", meaning->complaint);
		*all_fine = false;
	}
	*ret_value = meaning->value;
	return 0;
}

static void check_level_and_frequency(const struct reading *reading, const struct observation *row)
{
	const struct vocabulary *vocabulary = reading->rows->vocabulary;
	const char *code = reading->rows->statistics.list[row->statistic];
	const char *area_code = reading->rows->areas.list[row->area];
	const struct known_statistic *statistic =
	    &vocabulary->statistics[words_find(&vocabulary->statistic_codes, code, strlen(code))];
	const struct known_area *area =
	    &vocabulary->areas[words_find(&vocabulary->area_codes, area_code, strlen(area_code))];
	if (*statistic->level && *area->level && strcmp(statistic->level, area->level) != 0)
		COMPLAIN(reading, cell_of(reading, COLUMN_AREA), COLUMN_AREA,
		         "%s (%s) is a %s, and %s is reported by each %s", area->code, area->name,
		         area->level, code, statistic->level);
	if (period_frequency_of(row->period) != statistic->frequency) {
		struct cell cell = cell_of(reading, COLUMN_PERIOD);
		COMPLAIN(reading, cell, COLUMN_PERIOD, "%s: %s is reported for %s",
		         quote(cell.text, cell.length).text, code,
		         period_frequency_example(statistic->frequency));
	}
}

static void read_status(const struct reading *reading, struct observation *row)
{
	struct cell cell = cell_of(reading, COLUMN_STATUS);
	row->status = 'A';
	if (cell.length == 0)
		return;
	if (cell.length == 1 && status_is_valid(*cell.text)) {
		row->status = *cell.text;
		return;
	}
	COMPLAIN(reading, cell, COLUMN_STATUS,
	         "%s is not a status; expected A normal, P provisional, E estimated, F forecast, B break, V "
	         "unvalidated, "
	         "O missing, L not collected or Q suppressed",
	         quote(cell.text, cell.length).text);
}

/* Decimals that are typed and not zero; where the statistic's are not known, they decide. */
static unsigned typed_decimals(const struct cell *cell)
{
	const char *point = memchr(cell->text, '.', cell->length);
	if (!point)
		return 0;
	const char *first = point + 1, *end = cell->text + cell->length;
	while (end > first && end[-1] == '0')
		end--;
	size_t places = (size_t)(end - first);
	return places > DECIMAL_PLACES_MAX ? DECIMAL_PLACES_MAX : (unsigned)places;
}

static unsigned decimals_of(const struct reading *reading, const struct observation *row,
                            const struct cell *cell)
{
	const struct vocabulary *vocabulary = reading->rows->vocabulary;
	if (!vocabulary)
		return typed_decimals(cell);
	const char *code = reading->rows->statistics.list[row->statistic];
	return vocabulary->statistics[words_find(&vocabulary->statistic_codes, code, strlen(code))].decimals;
}

static void complain_of_value(const struct reading *reading, const struct cell *cell, unsigned decimals,
                              int verdict)
{
	const struct quoted quoted = quote(cell->text, cell->length);
	if (verdict == DECIMAL_TOO_MANY_PLACES)
		COMPLAIN(reading, *cell, COLUMN_VALUE, "%s: %s; expected at most %u", quoted.text,
		         decimal_verdict_text(verdict), decimals);
	else
		COMPLAIN(reading, *cell, COLUMN_VALUE, "%s: %s", quoted.text, decimal_verdict_text(verdict));
}

/* `keys_fine`: row->statistic can be relied on. */
static void read_value(const struct reading *reading, struct observation *row, bool keys_fine)
{
	struct cell cell = cell_of(reading, COLUMN_VALUE);
	if (!status_has_value(row->status)) {
		if (cell.length)
			COMPLAIN(reading, cell, COLUMN_VALUE,
			         "%s: status %c (%s) has no value; leave it empty",
			         quote(cell.text, cell.length).text, row->status, status_name(row->status));
		return;
	}
	if (cell.length == 0) {
		COMPLAIN(reading, cell, COLUMN_VALUE,
		         "is empty; expected a number, or a status O (missing), L (not collected) or Q "
		         "(suppressed)");
		return;
	}
	unsigned decimals = keys_fine ? decimals_of(reading, row, &cell) : typed_decimals(&cell);
	int verdict = decimal_parse(cell.text, cell.length, decimals, &row->value);
	row->decimals = (uint8_t)decimals;
	if (verdict)
		complain_of_value(reading, &cell, decimals, verdict);
}

static void read_note(const struct reading *reading, struct observation *row)
{
	struct cell cell = cell_of(reading, COLUMN_NOTE);
	if (cell.length == 0)
		return;
	row->note = cell.text;
	if (cell.length > NOTE_LENGTH_MAX)
		COMPLAIN(reading, cell, COLUMN_NOTE, "is %zu bytes long; expected at most %d", cell.length,
		         NOTE_LENGTH_MAX);
	else if (!text_is_valid(cell.text, cell.length))
		COMPLAIN(reading, cell, COLUMN_NOTE,
		         "%s holds a line end or another control character; expected one line",
		         quote(cell.text, cell.length).text);
}

/* ---- rows ---- */

static int add_observation(struct rows *rows, const struct observation *observation)
{
	if (rows->count == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 1024;
		struct observation *list = realloc(rows->list, room * sizeof *list);
		if (!list)
			return -ENOMEM;
		rows->list = list;
		rows->room = room;
	}
	rows->list[rows->count++] = *observation;
	return 0;
}

static int read_row(const struct reading *reading)
{
	struct rows *rows = reading->rows;
	struct observation row = {.file = reading->file, .line = reading->line};
	bool fine = true;
	int fault =
	    read_key(reading, COLUMN_STATISTIC, rows->seen_statistics, find_statistic, &row.statistic, &fine);
	bool statistic_fine = fine;
	if (!fault)
		fault = read_key(reading, COLUMN_AREA, rows->seen_areas, find_area, &row.area, &fine);
	if (!fault)
		fault = read_key(reading, COLUMN_PERIOD, rows->seen_periods, find_period, &row.period.code,
		                 &fine);
	if (fault)
		return fault;
	if (fine && rows->vocabulary)
		check_level_and_frequency(reading, &row);
	read_status(reading, &row);
	read_value(reading, &row, statistic_fine);
	read_note(reading, &row);
	/* A row with a bad value still takes part in the search for repeated ones; nothing is sent anyway. */
	return fine ? add_observation(rows, &row) : 0;
}

static bool is_empty_row(const struct csv_record *record)
{
	for (size_t i = 0; i < record->count; i++)
		for (size_t k = 0; k < record->fields[i].length; k++)
			if (!is_blank(record->fields[i].text[k]))
				return false;
	return true;
}

static int read_record(struct reading *reading, const struct csv_record *record)
{
	reading->record = record;
	reading->line = record->line;
	if (is_empty_row(record))
		return 0;
	if (record->count == reading->header.count)
		return read_row(reading);
	complain(reading->rows->complaints, reading->file, record->line, NULL,
	         "this row has %zu field%s, the header has %zu%s", record->count,
	         record->count == 1 ? "" : "s", reading->header.count,
	         record->count > reading->header.count ? " (a number with commas must be in quotes)" : "");
	return 0;
}

/* ---- reading the header ---- */

static void complain_of_header(const struct reading *reading, const struct csv_field *field,
                               const char *expected)
{
	complain(reading->rows->complaints, reading->file, field->line, NULL,
	         "the header has %s, expected '%s'; the header is " HEADER_TEXT,
	         quote(field->text, field->length).text, expected);
}

/* One column where there should be several: the commas are probably something else. */
static bool explain_separator(const struct reading *reading, const struct csv_record *record)
{
	static const struct {
		const char *text, *name;
	} separators[] = {{";", "semicolons"}, {"\t", "tabs"}, {"\xef\xbc\x8c", "full-width commas"}};
	for (size_t i = 0; i < sizeof separators / sizeof *separators && record->count == 1; i++) {
		if (!strstr(record->fields[0].text, separators[i].text))
			continue;
		complain(reading->rows->complaints, reading->file, record->line, NULL,
		         "the header is separated by %s; expected commas: " HEADER_TEXT, separators[i].name);
		return true;
	}
	return false;
}

static bool read_required(struct reading *reading, const struct csv_record *record)
{
	for (size_t i = 0; i < REQUIRED_COUNT; i++) {
		if (i >= record->count) {
			complain(reading->rows->complaints, reading->file, record->line, NULL,
			         "the header lacks '%s'; expected " HEADER_TEXT, column_names[i]);
			return false;
		}
		if (strcmp(record->fields[i].text, column_names[i]) != 0) {
			complain_of_header(reading, &record->fields[i], column_names[i]);
			return false;
		}
		reading->header.at[i] = i;
		reading->header.has[i] = true;
	}
	return true;
}

static bool read_optional(struct reading *reading, const struct csv_field *field, size_t at)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		if (strcmp(field->text, column_names[i]) != 0)
			continue;
		if (reading->header.has[i]) {
			complain(reading->rows->complaints, reading->file, field->line, NULL,
			         "the header has the column '%s' twice", column_names[i]);
			return false;
		}
		reading->header.has[i] = true;
		reading->header.at[i] = at;
		return true;
	}
	const char *suggestion =
	    nearest_word(field->text, column_names + REQUIRED_COUNT, COLUMN_COUNT - REQUIRED_COUNT);
	if (suggestion)
		complain_of_header(reading, field, suggestion);
	else
		complain(reading->rows->complaints, reading->file, field->line, NULL,
		         "the header has a column %s that means nothing here; the header is " HEADER_TEXT,
		         quote(field->text, field->length).text);
	return true; /* the other columns can still be checked */
}

/* Answers whether the rows below can be checked. */
static bool read_header(struct reading *reading, const struct csv_record *record)
{
	if (explain_separator(reading, record) || !read_required(reading, record))
		return false;
	reading->header.count = record->count;
	bool usable = true;
	for (size_t i = REQUIRED_COUNT; i < record->count; i++)
		usable = read_optional(reading, &record->fields[i], i) && usable;
	return usable;
}

/* ---- files ---- */

static void complain_of_csv(const struct reading *reading, const struct csv *csv)
{
	complain(reading->rows->complaints, reading->file, csv->mistake.line, NULL, "%s", csv->mistake.text);
}

int rows_read(struct rows *rows, uint32_t file, char *bytes, size_t size)
{
	struct reading reading = {.rows = rows, .file = file};
	struct csv csv;
	struct csv_record record;
	int answer = csv_init(&csv, bytes, size);
	if (!answer)
		answer = csv_next(&csv, &record);
	if (answer == CSV_END)
		complain(rows->complaints, file, 0, NULL, "is empty; expected the header " HEADER_TEXT);
	if (answer == CSV_MISTAKE)
		complain_of_csv(&reading, &csv);
	if (answer || !read_header(&reading, &record))
		return answer < 0 ? answer : 0;
	while ((answer = csv_next(&csv, &record)) != CSV_END) {
		if (answer)
			complain_of_csv(&reading, &csv);
		else
			answer = read_record(&reading, &record);
		if (answer < 0)
			return answer;
	}
	return 0;
}

int rows_new(const struct vocabulary *vocabulary, uint32_t reporter, struct complaints *complaints,
             struct rows **ret_rows)
{
	struct rows *rows = calloc(1, sizeof *rows);
	if (!rows)
		return -ENOMEM;
	rows->vocabulary = vocabulary;
	rows->reporter = vocabulary ? reporter : WORDS_NONE;
	rows->complaints = complaints;
	rows->seen_statistics = lookup_new();
	rows->seen_areas = lookup_new();
	rows->seen_periods = lookup_new();
	if (!rows->seen_statistics || !rows->seen_areas || !rows->seen_periods) {
		rows_free(rows);
		return -ENOMEM;
	}
	*ret_rows = rows;
	return 0;
}

void rows_free(struct rows *rows)
{
	if (!rows)
		return;
	lookup_free(rows->seen_statistics);
	lookup_free(rows->seen_areas);
	lookup_free(rows->seen_periods);
	words_done(&rows->statistics);
	words_done(&rows->areas);
	free(rows->list);
	free(rows);
}

/* ---- across all files ---- */

static int compare_keys(const void *left, const void *right)
{
	const struct observation *a = *(const struct observation *const *)left;
	const struct observation *b = *(const struct observation *const *)right;
	if (a->statistic != b->statistic)
		return a->statistic < b->statistic ? -1 : 1;
	if (a->period.code != b->period.code)
		return a->period.code < b->period.code ? -1 : 1;
	if (a->area != b->area)
		return a->area < b->area ? -1 : 1;
	return a < b ? -1 : a > b; /* the order of the files */
}

static bool same_key(const struct observation *a, const struct observation *b)
{
	return a->statistic == b->statistic && a->period.code == b->period.code && a->area == b->area;
}

static void complain_of_repetition(const struct rows *rows, const struct observation *row,
                                   const struct observation *first, const char *const files[])
{
	char period[PERIOD_TEXT_SIZE];
	period_format(row->period, period);
	complain(rows->complaints, row->file, row->line, NULL, "repeats %s, %s, %s, which stands at %s:%u",
	         rows->statistics.list[row->statistic], rows->areas.list[row->area], period,
	         files[first->file], first->line);
}

static int find_repetitions(const struct rows *rows, const char *const files[])
{
	const struct observation **sorted = calloc(rows->count, sizeof *sorted);
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++)
		sorted[i] = &rows->list[i];
	qsort(sorted, rows->count, sizeof *sorted, compare_keys);
	for (size_t i = 1, first = 0; i < rows->count; i++) {
		if (same_key(sorted[i], sorted[first]))
			complain_of_repetition(rows, sorted[i], sorted[first], files);
		else
			first = i;
	}
	free(sorted);
	return 0;
}

static int level_decimals(struct rows *rows)
{
	uint8_t *most = calloc(rows->statistics.count + 1, sizeof *most);
	if (!most)
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++) {
		const struct observation *row = &rows->list[i];
		if (row->decimals > most[row->statistic])
			most[row->statistic] = row->decimals;
	}
	for (size_t i = 0; i < rows->count; i++) {
		struct observation *row = &rows->list[i];
		uint8_t decimals = most[row->statistic];
		if (decimal_rescale(row->value, row->decimals, decimals, &row->value))
			complain(rows->complaints, row->file, row->line, column_names[COLUMN_VALUE],
			         "is too large to be sent with the %u decimals of other values of %s",
			         decimals, rows->statistics.list[row->statistic]);
		row->decimals = decimals;
	}
	free(most);
	return 0;
}

int rows_finish(struct rows *rows, const char *const files[])
{
	if (rows->count == 0)
		return 0;
	int fault = find_repetitions(rows, files);
	return fault ? fault : level_decimals(rows);
}
