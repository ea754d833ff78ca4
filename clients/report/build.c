#include "clients/report/build.h"
#include "proto/codes.h"
#include "proto/envelope.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_LENGTH_MAX 256 /* as the contract has it */

struct row {
	uint32_t statistic, period, area; /* ranks over the whole push */
	const struct observation *observation;
};

struct cut {
	size_t first, count; /* of the sorted rows */
};

struct build {
	const struct rows *rows;
	const char *const *files;
	size_t file_count;
	struct build_words words;
	struct row *sorted;
	struct cut *cuts;
	size_t cut_count, cut_room;
	/* dictionaries of the whole push, by rank */
	const char **statistics, **areas;
	uint32_t *periods; /* codes */
	uint32_t period_count;
};

/* ---- ranks ---- */

static int compare_words(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static int compare_numbers(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return a < b ? -1 : a > b;
}

/* The words in order, and for each index of the set its place in that order. */
static int rank_words(const struct words *words, const char ***ret_sorted, uint32_t **ret_ranks)
{
	const char **sorted = calloc(words->count + 1, sizeof *sorted);
	uint32_t *ranks = calloc(words->count + 1, sizeof *ranks);
	if (!sorted || !ranks) {
		free(sorted);
		free(ranks);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < words->count; i++)
		sorted[i] = words->list[i];
	qsort(sorted, words->count, sizeof *sorted, compare_words);
	for (uint32_t i = 0; i < words->count; i++)
		ranks[words_find(words, sorted[i], strlen(sorted[i]))] = i;
	*ret_sorted = sorted;
	*ret_ranks = ranks;
	return 0;
}

static int rank_periods(struct build *build)
{
	const struct rows *rows = build->rows;
	build->periods = calloc(rows->count + 1, sizeof *build->periods);
	if (!build->periods)
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++)
		build->periods[i] = rows->list[i].period.code;
	qsort(build->periods, rows->count, sizeof *build->periods, compare_numbers);
	for (size_t i = 0; i < rows->count; i++)
		if (i == 0 || build->periods[i] != build->periods[build->period_count - 1])
			build->periods[build->period_count++] = build->periods[i];
	return 0;
}

static uint32_t period_rank(const struct build *build, uint32_t code)
{
	const uint32_t *found =
	    bsearch(&code, build->periods, build->period_count, sizeof code, compare_numbers);
	return (uint32_t)(found - build->periods);
}

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	if (a->statistic != b->statistic)
		return a->statistic < b->statistic ? -1 : 1;
	if (a->period != b->period)
		return a->period < b->period ? -1 : 1;
	return a->area < b->area ? -1 : a->area > b->area;
}

static void sort_rows(struct build *build, const uint32_t statistic_ranks[], const uint32_t area_ranks[])
{
	const struct rows *rows = build->rows;
	for (size_t i = 0; i < rows->count; i++) {
		const struct observation *observation = &rows->list[i];
		build->sorted[i] = (struct row){
		    .statistic = statistic_ranks[observation->statistic],
		    .period = period_rank(build, observation->period.code),
		    .area = area_ranks[observation->area],
		    .observation = observation,
		};
	}
	qsort(build->sorted, rows->count, sizeof *build->sorted, compare_rows);
}

static int rank_all(struct build *build)
{
	uint32_t *statistic_ranks = NULL, *area_ranks = NULL;
	build->sorted = calloc(build->rows->count + 1, sizeof *build->sorted);
	int fault = build->sorted ? 0 : -ENOMEM;
	if (!fault)
		fault = rank_words(&build->rows->statistics, &build->statistics, &statistic_ranks);
	if (!fault)
		fault = rank_words(&build->rows->areas, &build->areas, &area_ranks);
	if (!fault)
		fault = rank_periods(build);
	if (!fault)
		sort_rows(build, statistic_ranks, area_ranks);
	free(statistic_ranks);
	free(area_ranks);
	return fault;
}

/* ---- one report as a message ---- */

struct draft {
	Suanpan__Report report;
	uint32_t *local_of; /* rank -> index in this report's dictionary; for one dictionary at a time */
	uint32_t *used;     /* ranks in this report, ascending */
	char (*period_texts)[PERIOD_TEXT_SIZE];
	Suanpan__Note *notes;
	char source[SOURCE_LENGTH_MAX + 1];
	void *memory[16];
	size_t memory_count;
};

static void *take(struct draft *draft, size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);
	draft->memory[draft->memory_count++] = memory;
	return memory;
}

static void draft_done(struct draft *draft)
{
	while (draft->memory_count)
		free(draft->memory[--draft->memory_count]);
}

static int draft_init(struct draft *draft, size_t rows, size_t ranks)
{
	*draft = (struct draft){.report = SUANPAN__REPORT__INIT};
	Suanpan__Report *report = &draft->report;
	draft->local_of = take(draft, ranks, sizeof *draft->local_of);
	draft->used = take(draft, rows, sizeof *draft->used);
	draft->period_texts = take(draft, rows, sizeof *draft->period_texts);
	draft->notes = take(draft, rows, sizeof *draft->notes);
	report->statistic = take(draft, rows, sizeof *report->statistic);
	report->decimals = take(draft, rows, sizeof *report->decimals);
	report->period = take(draft, rows, sizeof *report->period);
	report->area = take(draft, rows, sizeof *report->area);
	report->statistic_delta = take(draft, rows, sizeof *report->statistic_delta);
	report->period_delta = take(draft, rows, sizeof *report->period_delta);
	report->area_delta = take(draft, rows, sizeof *report->area_delta);
	report->value = take(draft, rows, sizeof *report->value);
	report->status_row = take(draft, rows, sizeof *report->status_row);
	report->status_code = take(draft, rows, sizeof *report->status_code);
	report->note = take(draft, rows, sizeof *report->note);
	for (size_t i = 0; i < draft->memory_count; i++)
		if (!draft->memory[i])
			return -ENOMEM;
	return 0;
}

static uint32_t rank_in(const struct row *row, size_t member)
{
	uint32_t rank;
	memcpy(&rank, (const char *)row + member, sizeof rank);
	return rank;
}

/* Makes the dictionary of one member of the rows, in order of rank, and its delta column. Answers its length.
 */
static size_t index_member(struct draft *draft, const struct row *rows, size_t count, size_t member,
                           int64_t *deltas)
{
	size_t used = 0;
	for (size_t i = 0; i < count; i++)
		draft->used[i] = rank_in(&rows[i], member);
	qsort(draft->used, count, sizeof *draft->used, compare_numbers);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || draft->used[i] != draft->used[used - 1])
			draft->used[used++] = draft->used[i];
	for (size_t i = 0; i < used; i++)
		draft->local_of[draft->used[i]] = (uint32_t)i;
	int64_t before = 0;
	for (size_t i = 0; i < count; i++) {
		int64_t local = draft->local_of[rank_in(&rows[i], member)];
		deltas[i] = local - before;
		before = local;
	}
	return used;
}

/* The message's strings are not const; packing does not write to them. */
static char *borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

static void fill_statistics(const struct build *build, struct draft *draft, const struct row *rows,
                            size_t count)
{
	Suanpan__Report *report = &draft->report;
	report->n_statistic_delta = count;
	report->n_statistic =
	    index_member(draft, rows, count, offsetof(struct row, statistic), report->statistic_delta);
	report->n_decimals = report->n_statistic;
	for (size_t i = 0; i < report->n_statistic; i++)
		report->statistic[i] = borrow(build->statistics[draft->used[i]]);
	for (size_t i = 0; i < count; i++)
		report->decimals[draft->local_of[rows[i].statistic]] = rows[i].observation->decimals;
}

static void fill_periods(const struct build *build, struct draft *draft, const struct row *rows, size_t count)
{
	Suanpan__Report *report = &draft->report;
	report->n_period_delta = count;
	report->n_period =
	    index_member(draft, rows, count, offsetof(struct row, period), report->period_delta);
	for (size_t i = 0; i < report->n_period; i++) {
		period_format((struct period){build->periods[draft->used[i]]}, draft->period_texts[i]);
		report->period[i] = draft->period_texts[i];
	}
}

static void fill_areas(const struct build *build, struct draft *draft, const struct row *rows, size_t count)
{
	Suanpan__Report *report = &draft->report;
	report->n_area_delta = count;
	report->n_area = index_member(draft, rows, count, offsetof(struct row, area), report->area_delta);
	for (size_t i = 0; i < report->n_area; i++)
		report->area[i] = borrow(build->areas[draft->used[i]]);
}

static void add_note(struct draft *draft, size_t row, const char *text)
{
	Suanpan__Report *report = &draft->report;
	Suanpan__Note *note = &draft->notes[report->n_note];
	suanpan__note__init(note);
	note->row = row;
	note->text = borrow(text);
	report->note[report->n_note++] = note;
}

static void fill_values(struct draft *draft, const struct row *rows, size_t count)
{
	Suanpan__Report *report = &draft->report;
	report->n_value = count;
	for (size_t i = 0; i < count; i++) {
		const struct observation *observation = rows[i].observation;
		report->value[i] = observation->value;
		if (observation->status != 'A') {
			report->status_row[report->n_status_row++] = i;
			report->status_code[report->n_status_code++] = (uint8_t)observation->status;
		}
		if (observation->note)
			add_note(draft, i, observation->note);
	}
}

/* Adds a file's name to the source, as far as there is room; false if there is none. */
static bool add_source(char source[SOURCE_LENGTH_MAX + 1], const char *name)
{
	const char *between = *source ? ", " : "";
	size_t length = strlen(source), gap = strlen(between), more = strlen(name);
	if (length + gap + more > SOURCE_LENGTH_MAX)
		return false;
	memcpy(source + length, between, gap);
	memcpy(source + length + gap, name, more);
	source[length + gap + more] = '\0';
	return true;
}

/* The names of the files that the rows came from. A name that is not text the daemon would take is left out.
 */
static void fill_source(const struct build *build, struct draft *draft, const struct row *rows, size_t count)
{
	/* Files are few and rows are many, but the rows of one file mostly stand together. */
	memset(draft->used, 0, count * sizeof *draft->used);
	size_t known = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t file = rows[i].observation->file;
		size_t k = 0;
		while (k < known && draft->used[k] != file)
			k++;
		if (k < known)
			continue;
		draft->used[known++] = file;
		const char *name = build->files[file];
		if (text_is_valid(name, strlen(name)) && !add_source(draft->source, name))
			break;
	}
	if (*draft->source)
		draft->report.source = draft->source;
}

static void fill(const struct build *build, struct cut cut, const struct spool_state *state,
                 struct draft *draft)
{
	const struct row *rows = build->sorted + cut.first;
	Suanpan__Report *report = &draft->report;
	report->major = ENVELOPE_MAJOR;
	report->stream =
	    (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)state->stream, .len = SPOOL_STREAM_SIZE};
	report->sequence = state->next;
	report->has_oldest = 1;
	report->oldest = state->oldest;
	report->reporter = borrow(build->words.reporter);
	report->confirm = borrow(build->words.confirm);
	report->correction = borrow(build->words.correction);
	fill_statistics(build, draft, rows, cut.count);
	fill_periods(build, draft, rows, cut.count);
	fill_areas(build, draft, rows, cut.count);
	fill_values(draft, rows, cut.count);
	fill_source(build, draft, rows, cut.count);
}

static size_t most_ranks(const struct build *build)
{
	size_t most = build->rows->statistics.count;
	if (build->rows->areas.count > most)
		most = build->rows->areas.count;
	return build->period_count > most ? build->period_count : most;
}

/* ---- cutting ---- */

/* The size of the report if it had the longest numbers there are. */
static int size_of_cut(const struct build *build, struct cut cut, size_t *ret_size)
{
	const struct spool_state longest = {.next = UINT64_MAX, .oldest = UINT64_MAX};
	struct draft draft;
	int fault = draft_init(&draft, cut.count, most_ranks(build));
	if (!fault) {
		fill(build, cut, &longest, &draft);
		*ret_size = suanpan__report__get_packed_size(&draft.report);
	}
	draft_done(&draft);
	return fault;
}

static int add_cut(struct build *build, struct cut cut)
{
	if (build->cut_count == build->cut_room) {
		size_t room = build->cut_room ? 2 * build->cut_room : 16;
		struct cut *cuts = realloc(build->cuts, room * sizeof *cuts);
		if (!cuts)
			return -ENOMEM;
		build->cuts = cuts;
		build->cut_room = room;
	}
	build->cuts[build->cut_count++] = cut;
	return 0;
}

/* The longest run of rows from `first` that fits, found by shrinking in proportion to what was too much. One
 * row always fits: its texts are bounded. */
static int find_cut(const struct build *build, size_t first, struct cut *ret_cut)
{
	size_t left = build->rows->count - first;
	struct cut cut = {.first = first, .count = left < BUILD_ROWS_MAX ? left : BUILD_ROWS_MAX};
	for (;;) {
		size_t size = 0;
		int fault = size_of_cut(build, cut, &size);
		if (fault)
			return fault;
		if (size <= BUILD_BYTES_MAX) {
			*ret_cut = cut;
			return 0;
		}
		if (cut.count == 1)
			return -EMSGSIZE;
		size_t fewer = cut.count * BUILD_BYTES_MAX / size;
		cut.count = fewer < cut.count && fewer > 0 ? fewer : cut.count - 1;
	}
}

static int cut_all(struct build *build)
{
	int fault = 0;
	for (size_t first = 0; first < build->rows->count && !fault;) {
		struct cut cut;
		fault = find_cut(build, first, &cut);
		if (!fault)
			fault = add_cut(build, cut);
		if (!fault)
			first += cut.count;
	}
	return fault;
}

int build_new(const struct rows *rows, const char *const files[], size_t file_count,
              const struct build_words *words, struct build **ret_build)
{
	struct build *build = calloc(1, sizeof *build);
	if (!build)
		return -ENOMEM;
	*build = (struct build){.rows = rows, .files = files, .file_count = file_count, .words = *words};
	int fault = rank_all(build);
	if (!fault)
		fault = cut_all(build);
	if (fault) {
		build_free(build);
		return fault;
	}
	*ret_build = build;
	return 0;
}

void build_free(struct build *build)
{
	if (!build)
		return;
	free(build->sorted);
	free(build->cuts);
	free(build->statistics);
	free(build->areas);
	free(build->periods);
	free(build);
}

size_t build_report_count(const struct build *build)
{
	return build->cut_count;
}

/* ---- packing ---- */

int build_pack_report(const struct build *build, size_t at, const struct spool_state *state, void **ret_bytes,
                      size_t *ret_size)
{
	struct draft draft;
	int answer = draft_init(&draft, build->cuts[at].count, most_ranks(build));
	if (!answer) {
		fill(build, build->cuts[at], state, &draft);
		answer = envelope_pack(&draft.report.base, BUILD_BYTES_MAX, ret_bytes, ret_size);
	}
	draft_done(&draft);
	return answer > 0 ? -EMSGSIZE : answer;
}

int build_put_report(const struct build *build, size_t at, int64_t wall_ms, struct spool_batch *batch)
{
	struct cut cut = build->cuts[at];
	struct spool_place *places = calloc(cut.count, sizeof *places);
	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < cut.count; i++) {
		const struct observation *observation = build->sorted[cut.first + i].observation;
		places[i] = (struct spool_place){.file = observation->file, .line = observation->line};
	}
	void *payload;
	size_t size;
	int fault = build_pack_report(build, at, &batch->state, &payload, &size);
	if (!fault) {
		const struct spool_report report = {.wall_ms = wall_ms,
		                                    .payload = payload,
		                                    .payload_size = size,
		                                    .places = places,
		                                    .row_count = cut.count,
		                                    .files = build->files,
		                                    .file_count = build->file_count};
		spool_put(batch, &report);
		fault = batch->failed;
		free(payload);
	}
	free(places);
	return fault;
}
