/* What stands behind a value. */
#include "daemon/query/inputs.h"

#include "proto/codes.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_TEXT_SIZE 256

/* ---- the parts of the formula, in words ---- */

static void print_window(const struct formula_atom *atom, const char *code, char text[PART_TEXT_SIZE])
{
	switch (atom->window) {
	case WINDOW_PERIOD:
		snprintf(text, PART_TEXT_SIZE, "%s", code);
		break;
	case WINDOW_CUMULATIVE:
		snprintf(text, PART_TEXT_SIZE, "cumulative(%s)", code);
		break;
	case WINDOW_YEAR_TO_DATE:
		snprintf(text, PART_TEXT_SIZE, "year_to_date(%s)", code);
		break;
	case WINDOW_ROLLING:
		snprintf(text, PART_TEXT_SIZE, "rolling(%s, %u)", code, atom->rolling);
		break;
	}
}

static void append(char text[PART_TEXT_SIZE], const char *format, const char *what, int count)
{
	size_t length = strlen(text);
	if (length + 1 >= PART_TEXT_SIZE)
		return;
	if (what)
		snprintf(text + length, PART_TEXT_SIZE - length, "%s%s", format, what);
	else
		snprintf(text + length, PART_TEXT_SIZE - length, ", %d %s%s %s", abs(count), format,
		         abs(count) == 1 ? "" : "s", count < 0 ? "earlier" : "later");
}

static char *part_text(struct question *question, const struct formula_atom *atom)
{
	const struct catalogue *catalogue = question->catalogue;
	char text[PART_TEXT_SIZE];
	print_window(atom, catalogue->statistics[atom->statistic].code, text);
	if (atom->within != CATALOGUE_NONE)
		append(text, " in ", catalogue->areas[atom->within].code, 0);
	if (atom->baseline)
		append(text, ", in the baseline year", "", 0);
	if (atom->years != 0)
		append(text, "year", NULL, atom->years);
	if (atom->periods != 0)
		append(text, "period", NULL, atom->periods);
	return wording_copy(&question->words, text);
}

/* ---- rows ---- */

static int add_value(struct question *question, const struct subject *subject, uint32_t area,
                     struct period period, const struct value *value)
{
	struct journal_entry newest = {.commit = 0};
	if (value->newest_entry != 0) {
		int result = snapshot_entry(question->snapshot, value->newest_entry, &newest);
		if (result != 0)
			return result == SNAPSHOT_NOTHING ? (int)FAULT_CORRUPT : result;
	}
	Suanpan__ExplainRow row = SUANPAN__EXPLAIN_ROW__INIT;
	Suanpan__Value message =
	    wording_value(&question->words, &subject->measure, area, period, value, newest.commit);
	row.value = wording_keep(&question->words, &message, sizeof message);
	row.formula = wording_copy(&question->words, subject->formula_text);
	return question_add(question, &row.base);
}

static int add_part(struct question *question, const struct formula_atom *atom,
                    const struct explained_atom *found)
{
	struct wording *words = &question->words;
	const struct statistic *statistic = &question->catalogue->statistics[atom->statistic];
	Suanpan__ExplainRow row = SUANPAN__EXPLAIN_ROW__INIT;
	Suanpan__Part part = SUANPAN__PART__INIT;
	part.text = part_text(question, atom);
	if (found->present)
		part.total = wording_number(words, found->total, statistic->decimals);
	part.unit = wording_name(words, &statistic->unit);
	part.from = found->from.code ? wording_period(words, found->from) : wording_copy(words, "");
	part.to = found->to.code ? wording_period(words, found->to) : wording_copy(words, "");
	row.part = wording_keep(words, &part, sizeof part);
	return question_add(question, &row.base);
}

static int describe_report(struct question *question, const struct explained_cell *cell,
                           Suanpan__Input *input)
{
	struct wording *words = &question->words;
	struct journal_entry entry;
	int result = snapshot_entry(question->snapshot, cell->cell.entry, &entry);
	if (result != 0)
		return result == SNAPSHOT_NOTHING ? (int)FAULT_CORRUPT : result;
	const char *reporter = snapshot_reporter_code(question->snapshot, entry.reporter_id);
	if (!reporter)
		return FAULT_CORRUPT;
	input->reporter = wording_copy(words, reporter);
	input->stream = wording_hex(words, entry.stream, sizeof entry.stream);
	input->sequence = entry.sequence;
	input->entry = entry.entry;
	input->commit = entry.commit;
	input->time = wording_time(words, entry.wall_ms);
	return 0;
}

static int count_revisions(struct question *question, const struct statistic *statistic,
                           const struct explained_cell *cell, uint64_t *ret_count)
{
	struct revision *revisions;
	size_t count;
	int result =
	    snapshot_revisions(question->snapshot, statistic->id, question->catalogue->areas[cell->area].id,
	                       cell->period, &revisions, &count);
	if (result != 0)
		return result;
	free(revisions);
	*ret_count = count;
	return 0;
}

static int add_input(struct question *question, const struct formula_atom *atom,
                     const struct explained_cell *cell)
{
	struct wording *words = &question->words;
	const struct statistic *statistic = &question->catalogue->statistics[atom->statistic];
	const struct area *area = &question->catalogue->areas[cell->area];
	Suanpan__ExplainRow row = SUANPAN__EXPLAIN_ROW__INIT;
	Suanpan__Input input = SUANPAN__INPUT__INIT;
	input.statistic = wording_borrow(statistic->code);
	input.area = wording_borrow(area->code);
	input.area_name = wording_name(words, &area->names);
	input.period = wording_period(words, cell->period);
	if (status_has_value(cell->cell.status))
		input.value = wording_number(words, cell->cell.value, statistic->decimals);
	input.status = wording_letter(words, cell->cell.status);
	input.counted = cell->counted;
	input.carried = cell->carried;
	int result = describe_report(question, cell, &input);
	if (result == 0)
		result = count_revisions(question, statistic, cell, &input.revision);
	row.input = wording_keep(words, &input, sizeof input);
	return result == 0 ? question_add(question, &row.base) : result;
}

static int add_rows(struct question *question, const struct subject *subject, const struct inputs *inputs)
{
	size_t next = 0;
	int result = 0;
	for (uint32_t i = 0; i < subject->formula->atom_count && result == 0; i++) {
		const struct formula_atom *atom = &subject->formula->atoms[i];
		result = add_part(question, atom, &inputs->atoms[i]);
		for (; result == 0 && next < inputs->count && inputs->cells[next].atom == i; next++)
			result = add_input(question, atom, &inputs->cells[next]);
	}
	return result;
}

static int explain(struct question *question, const struct subject *subject, uint32_t area,
                   struct period period, struct inputs *inputs)
{
	const struct cell_source cells = snapshot_cells(question->snapshot);
	int result =
	    inputs_gather(question, subject, subject->measure.decimals, area, period, &cells, inputs);
	if (result == 0)
		result = add_value(question, subject, area, period, &inputs->value);
	return result == 0 ? add_rows(question, subject, inputs) : result;
}

int answer_explain(struct question *question, const Suanpan__ExplainQuery *query)
{
	struct subject subject;
	struct inputs *inputs;
	uint32_t area;
	struct period period;
	int result = question_find_subject(question, query->code, &subject);
	if (result == 0)
		result = question_find_place(question, &subject, query->area, query->period, &area, &period);
	if (result != 0)
		return result;
	inputs = calloc(1, sizeof *inputs); /* too large for a stack, and chunks empty the arena */
	if (!inputs)
		return -ENOMEM;
	result = explain(question, &subject, area, period, inputs);
	inputs_done(inputs);
	free(inputs);
	return result;
}
