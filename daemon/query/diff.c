/* Why a value is another than it was: which areas' revisions moved it, and how far.
 *
 * The value is evaluated at both moments, and between them once after each area's observations have gone from what they were to what
 * they are, in the order of the areas. An area's part is the difference that its step makes; so the parts add up to the whole, to the
 * last place (two more than are printed). Another order of the areas may share a ratio's change out a little differently. */
#include "daemon/query/inputs.h"

#include "proto/codes.h"
#include "proto/decimal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MORE_DECIMALS 2

/* One observation that is not what it was. */
struct change {
	uint32_t statistic, area;
	struct period period;
	struct cell before, after; /* entry 0: none */
};

/* Rows that are part what they were, part what they are. They live until the evaluation is over. */
struct blended_row {
	struct blended_row *next;
	struct cell_row row;
};

struct blend {
	struct cell_source before, after;
	const bool *stepped; /* per area id: what it is counts */
	uint32_t ids;
	struct blended_row *rows;
};

struct diff {
	struct question *question;
	struct snapshot *then; /* of `from`; opened last, so it knows every entry */
	struct subject subject;
	uint32_t area;
	struct period period;
	unsigned decimals;
	struct inputs before, after;
	struct change *changes;
	size_t count;
	struct blend blend;
	bool *stepped;
	int64_t reached; /* the value after the last step that had one */
	bool has_reached;
};

/* ---- blending ---- */

static int blend_row(void *context, uint32_t statistic_id, struct period period, uint32_t number,
                     const struct cell_row **ret_row)
{
	static const struct cell_row empty = {.cell = {{.entry = 0}}};
	struct blend *blend = context;
	const struct cell_row *before, *after;
	int result = blend->before.row(blend->before.context, statistic_id, period, number, &before);
	if (result == 0)
		result = blend->after.row(blend->after.context, statistic_id, period, number, &after);
	if (result != 0)
		return result;
	*ret_row = NULL;
	if (!before && !after)
		return 0;
	struct blended_row *blended = malloc(sizeof *blended);
	if (!blended)
		return -ENOMEM;
	blended->next = blend->rows;
	blend->rows = blended;
	for (uint32_t i = 0; i < CELLS_PER_ROW; i++) {
		uint32_t id = number * CELLS_PER_ROW + i;
		bool is_after = id < blend->ids && blend->stepped[id];
		const struct cell_row *from = is_after ? after : before;
		blended->row.cell[i] = (from ? from : &empty)->cell[i];
	}
	*ret_row = &blended->row;
	return 0;
}

static void forget_rows(struct blend *blend)
{
	while (blend->rows) {
		struct blended_row *next = blend->rows->next;
		free(blend->rows);
		blend->rows = next;
	}
}

/* ---- what changed ---- */

static uint32_t statistic_of(const struct diff *diff, const struct explained_cell *cell)
{
	return diff->subject.formula->atoms[cell->atom].statistic;
}

static int compare_changes(const void *left, const void *right)
{
	const struct change *a = left, *b = right;
	if (a->area != b->area)
		return a->area < b->area ? -1 : 1;
	if (a->statistic != b->statistic)
		return a->statistic < b->statistic ? -1 : 1;
	return (a->period.code > b->period.code) - (a->period.code < b->period.code);
}

static void note_places(struct diff *diff, const struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++) {
		const struct explained_cell *cell = &inputs->cells[i];
		diff->changes[diff->count++] = (struct change){
		    .statistic = statistic_of(diff, cell), .area = cell->area, .period = cell->period};
	}
}

static int read_cell(struct diff *diff, const struct cell_source *source, const struct change *change,
                     struct cell *ret_cell)
{
	const struct catalogue *catalogue = diff->question->catalogue;
	const uint32_t id = catalogue->areas[change->area].id;
	const struct cell_row *row;
	int result = source->row(source->context, catalogue->statistics[change->statistic].id, change->period,
	                         id / CELLS_PER_ROW, &row);
	if (result == 0)
		*ret_cell = row ? row->cell[id % CELLS_PER_ROW] : (struct cell){.entry = 0};
	return result;
}

static bool is_same(const struct cell *a, const struct cell *b)
{
	bool has_a = a->entry != 0 && status_has_value(a->status),
	     has_b = b->entry != 0 && status_has_value(b->status);
	return has_a == has_b && (!has_a || (a->value == b->value && a->status == b->status));
}

/* Each place once, with what was there and what is: an observation that only one of the two values looked at (a stock that stood in
 * for one taken back) may be the same at both moments, and then it is no change. */
static int keep_changes(struct diff *diff)
{
	size_t kept = 0;
	for (size_t i = 0; i < diff->count; i++) {
		struct change change = diff->changes[i];
		if (i > 0 && compare_changes(&diff->changes[i - 1], &change) == 0)
			continue;
		int result = read_cell(diff, &diff->blend.before, &change, &change.before);
		if (result == 0)
			result = read_cell(diff, &diff->blend.after, &change, &change.after);
		if (result != 0)
			return result;
		if (!is_same(&change.before, &change.after))
			diff->changes[kept++] = change;
	}
	diff->count = kept;
	return 0;
}

static int find_changes(struct diff *diff)
{
	diff->changes = calloc(diff->before.count + diff->after.count + 1, sizeof *diff->changes);
	if (!diff->changes)
		return -ENOMEM;
	note_places(diff, &diff->before);
	note_places(diff, &diff->after);
	qsort(diff->changes, diff->count, sizeof *diff->changes, compare_changes);
	return keep_changes(diff);
}

/* ---- rows ---- */

static char *cell_text(struct diff *diff, const struct cell *cell, uint32_t statistic)
{
	struct question *question = diff->question;
	if (cell->entry == 0 || !status_has_value(cell->status))
		return NULL;
	return wording_number(&question->words, cell->value,
	                      question->catalogue->statistics[statistic].decimals);
}

static int describe_entry(struct diff *diff, uint64_t number, Suanpan__DiffRow *row)
{
	struct question *question = diff->question;
	struct journal_entry entry;
	if (number == 0)
		return 0;
	int result = snapshot_entry(diff->then, number, &entry);
	if (result != 0)
		return result == SNAPSHOT_NOTHING ? (int)FAULT_CORRUPT : result;
	const char *reporter = snapshot_reporter_code(diff->then, entry.reporter_id);
	row->reporter = reporter ? wording_copy(&question->words, reporter) : NULL;
	row->has_entry = row->has_commit = 1;
	row->entry = entry.entry;
	row->commit = entry.commit;
	return 0;
}

static int add_change(struct diff *diff, const struct change *change, const char *moved)
{
	struct wording *words = &diff->question->words;
	const struct area *area = &diff->question->catalogue->areas[change->area];
	Suanpan__DiffRow row = SUANPAN__DIFF_ROW__INIT;
	row.area = wording_borrow(area->code);
	row.area_name = wording_name(words, &area->names);
	row.statistic = wording_borrow(diff->question->catalogue->statistics[change->statistic].code);
	row.period = wording_period(words, change->period);
	row.before = cell_text(diff, &change->before, change->statistic);
	row.after = cell_text(diff, &change->after, change->statistic);
	row.moved = moved ? wording_copy(words, moved) : NULL;
	int result =
	    describe_entry(diff, change->after.entry ? change->after.entry : change->before.entry, &row);
	return result == 0 ? question_add(diff->question, &row.base) : result;
}

/* The value once this area's observations are what they are; "" where there is none, and the next step carries its part. */
static int step(struct diff *diff, uint32_t area, char ret_moved[DECIMAL_TEXT_SIZE])
{
	const struct cell_source source = {.context = &diff->blend, .row = blend_row};
	struct value value;
	diff->stepped[diff->question->catalogue->areas[area].id] = true;
	int result = evaluate_formula(diff->question->evaluator, diff->subject.formula, diff->decimals,
	                              diff->subject.coverage, diff->area, diff->period, &source, &value);
	forget_rows(&diff->blend);
	ret_moved[0] = '\0';
	if (result != 0 || value.state != VALUE_PRESENT)
		return result;
	decimal_format(value.units - (diff->has_reached ? diff->reached : 0), diff->decimals, ret_moved);
	diff->reached = value.units;
	diff->has_reached = true;
	return 0;
}

static int add_changes(struct diff *diff)
{
	int result = 0;
	for (size_t i = 0; i < diff->count && result == 0; i++) {
		bool last_of_area =
		    i + 1 == diff->count || diff->changes[i + 1].area != diff->changes[i].area;
		char moved[DECIMAL_TEXT_SIZE] = "";
		if (last_of_area)
			result = step(diff, diff->changes[i].area, moved);
		if (result == 0)
			result = add_change(diff, &diff->changes[i], moved[0] ? moved : NULL);
	}
	return result;
}

static char *value_text(struct diff *diff, const struct value *value)
{
	return value->state == VALUE_PRESENT
	           ? wording_number(&diff->question->words, value->units, diff->decimals)
	           : NULL;
}

static int add_whole(struct diff *diff)
{
	const struct value *before = &diff->before.value, *after = &diff->after.value;
	Suanpan__DiffRow row = SUANPAN__DIFF_ROW__INIT;
	row.before = value_text(diff, before);
	row.after = value_text(diff, after);
	if (after->state == VALUE_PRESENT)
		row.moved = wording_number(
		    &diff->question->words,
		    after->units - (before->state == VALUE_PRESENT ? before->units : 0), diff->decimals);
	return question_add(diff->question, &row.base);
}

/* ---- the whole ---- */

static int compare_moments(struct diff *diff)
{
	struct question *question = diff->question;
	uint32_t ids = 0;
	diff->blend.before = snapshot_cells(diff->then);
	diff->blend.after = snapshot_cells(question->snapshot);
	for (uint32_t i = 0; i < question->catalogue->area_count; i++)
		if (question->catalogue->areas[i].id >= ids)
			ids = question->catalogue->areas[i].id + 1;
	diff->stepped = calloc(ids + 1, sizeof *diff->stepped);
	if (!diff->stepped)
		return -ENOMEM;
	diff->blend.stepped = diff->stepped;
	diff->blend.ids = ids;
	int result = inputs_gather(question, &diff->subject, diff->decimals, diff->area, diff->period,
	                           &diff->blend.before, &diff->before);
	if (result == 0)
		result = inputs_gather(question, &diff->subject, diff->decimals, diff->area, diff->period,
		                       &diff->blend.after, &diff->after);
	if (result == 0)
		result = find_changes(diff);
	diff->has_reached = diff->before.value.state == VALUE_PRESENT;
	diff->reached = diff->before.value.units;
	if (result == 0)
		result = add_changes(diff);
	return result == 0 ? add_whole(diff) : result;
}

/* The question's own snapshot goes to `to`, a second one to `from`; the catalogue of `to` counts for both. */
static int compare(struct diff *diff, const Suanpan__DiffQuery *query)
{
	struct question *question = diff->question;
	struct moment from;
	int result = question_find_subject(question, query->code, &diff->subject);
	diff->decimals = diff->subject.measure.decimals + MORE_DECIMALS;
	if (diff->decimals > DECIMAL_PLACES_MAX)
		diff->decimals = DECIMAL_PLACES_MAX;
	if (result == 0)
		result = question_find_place(question, &diff->subject, query->area, query->period,
		                             &diff->area, &diff->period);
	if (result == 0)
		result = snapshot_open(question->context->store, &diff->then);
	if (result != 0)
		return result;
	result = question_find_moment(question, diff->then, query->from, &from);
	if (result == 0) {
		snapshot_go_back(diff->then, &from);
		result = compare_moments(diff);
	}
	if (result == 0)
		result = snapshot_failure(diff->then);
	snapshot_close(diff->then);
	return result;
}

int answer_diff(struct question *question, const Suanpan__DiffQuery *query)
{
	struct diff *diff = calloc(1, sizeof *diff);
	if (!diff)
		return -ENOMEM;
	diff->question = question;
	int result = compare(diff, query);
	inputs_done(&diff->before);
	inputs_done(&diff->after);
	forget_rows(&diff->blend);
	free(diff->changes);
	free(diff->stepped);
	free(diff);
	return result;
}
