#include "daemon/scrutiny.h"

#include "daemon/catalogue/rules.h"
#include "daemon/intake/examine.h"
#include "daemon/intake/overlay.h"
#include "proto/codes.h"
#include "proto/envelope.h"
#include <errno.h>
#include <stdlib.h>

struct scrutiny {
	const struct catalogue *catalogue;
	struct examiner *examiner;
	struct arena *arena;           /* texts of one report */
	struct overlay fresh, waiting; /* of the report; of those accepted before it */
	struct remarks problems, warnings;
	struct cell_source cells; /* of the write */
};

int scrutiny_new(const struct catalogue *catalogue, struct scrutiny **ret_scrutiny)
{
	struct scrutiny *scrutiny = calloc(1, sizeof *scrutiny);
	if (!scrutiny)
		return -ENOMEM;
	scrutiny->catalogue = catalogue;
	int result = examiner_new(catalogue, &scrutiny->examiner);
	if (result == 0)
		result = arena_new(ENVELOPE_UNPACK_BUDGET, &scrutiny->arena);
	if (result != 0) {
		scrutiny_free(scrutiny);
		return result;
	}
	*ret_scrutiny = scrutiny;
	return 0;
}

void scrutiny_free(struct scrutiny *scrutiny)
{
	if (!scrutiny)
		return;
	examiner_free(scrutiny->examiner);
	arena_free(scrutiny->arena);
	overlay_done(&scrutiny->fresh);
	overlay_done(&scrutiny->waiting);
	free(scrutiny);
}

void scrutiny_begin(struct scrutiny *scrutiny)
{
	overlay_clear(&scrutiny->fresh);
	overlay_clear(&scrutiny->waiting);
}

/* ---- what stands ---- */

static struct figure figure_of(int64_t value, char status)
{
	return status_has_value(status) ? (struct figure){.value = value, .status = status}
	                                : (struct figure){.status = 0};
}

static int read_cell(const struct scrutiny *scrutiny, uint32_t statistic, uint32_t area, struct period period,
                     struct cell *ret_cell)
{
	const struct cell_row *row;
	uint32_t area_id = scrutiny->catalogue->areas[area].id;
	int result =
	    scrutiny->cells.row(scrutiny->cells.context, scrutiny->catalogue->statistics[statistic].id,
	                        period, area_id / CELLS_PER_ROW, &row);
	if (result == 0)
		*ret_cell = row ? row->cell[area_id % CELLS_PER_ROW] : (struct cell){.entry = 0};
	return result;
}

/* As the report would leave it. */
static int read_standing(void *context, uint32_t statistic, uint32_t area, struct period period,
                         struct figure *ret_figure)
{
	const struct scrutiny *scrutiny = context;
	const struct observation *there = overlay_find(&scrutiny->fresh, statistic, area, period);
	struct cell cell = {.entry = 0};
	if (!there)
		there = overlay_find(&scrutiny->waiting, statistic, area, period);
	int result = there ? 0 : read_cell(scrutiny, statistic, area, period, &cell);
	if (result != 0)
		return result;
	if (there)
		*ret_figure = figure_of(there->value, there->status);
	else if (cell.entry != 0)
		*ret_figure = figure_of(cell.value, cell.status);
	else
		return STANDING_NOTHING;
	return 0;
}

/* Whether the row differs from what was there before the report. */
static int find_change(const struct scrutiny *scrutiny, const struct observation *row, bool *ret_changes)
{
	const struct observation *there =
	    overlay_find(&scrutiny->waiting, row->statistic, row->area, row->period);
	struct cell cell;
	if (there) {
		*ret_changes = there->value != row->value || there->status != row->status;
		return 0;
	}
	int result = read_cell(scrutiny, row->statistic, row->area, row->period, &cell);
	if (result == 0)
		*ret_changes = cell.entry == 0 || cell.value != row->value || cell.status != row->status;
	return result;
}

/* ---- one report ---- */

static void forget_questions(const struct scrutinised *report)
{
	for (size_t i = 0; i < report->count; i++) {
		struct observation *row = &report->observations[i];
		if (row->question == SOFT_NONE)
			continue;
		row->status = row->said;
		row->question = SOFT_NONE;
	}
}

/* Rows that a later look may have to find: those of statistics with rules, and those of closed periods. */
static int collect(struct scrutiny *scrutiny, struct write *write, const struct scrutinised *report)
{
	overlay_clear(&scrutiny->fresh);
	for (size_t i = 0; i < report->count; i++) {
		const struct observation *row = &report->observations[i];
		bool matters = scrutiny->catalogue->statistics[row->statistic].rules != NULL;
		int result = matters ? 0 : write_is_closed(write, row->period, &matters);
		if (result == 0 && matters)
			result = overlay_add(&scrutiny->fresh, row);
		if (result != 0)
			return result;
	}
	return 0;
}

static int look_at_closing(struct scrutiny *scrutiny, struct write *write, const struct observation *row,
                           size_t number)
{
	static const char rule[] = "only a correction that says why changes it";
	char text[PERIOD_TEXT_SIZE], name[PERIOD_TEXT_SIZE];
	struct period closed;
	bool is_closed = false, changes = false;
	int result = write_is_closed(write, row->period, &is_closed);
	if (result == 0 && is_closed)
		result = find_change(scrutiny, row, &changes);
	if (result != 0 || !changes)
		return result;
	result = write_find_closed(write, row->period, &closed);
	if (result != 0)
		return result < 0 ? result : 0;
	period_format(row->period, text);
	period_format(closed, name);
	if (closed.code == row->period.code)
		remarks_add_problem(&scrutiny->problems, number, SUANPAN__REASON__REASON_PERIOD_CLOSED,
		                    "%s is closed; %s", text, rule);
	else
		remarks_add_problem(&scrutiny->problems, number, SUANPAN__REASON__REASON_PERIOD_CLOSED,
		                    "%s is closed with %s; %s", text, name, rule);
	return 0;
}

static int look_at_row(struct scrutiny *scrutiny, struct write *write, const struct scrutinised *report,
                       size_t number)
{
	const struct standing standing = {.context = scrutiny, .read = read_standing};
	struct observation *row = &report->observations[number];
	int result = 0;
	if (scrutiny->catalogue->statistics[row->statistic].rules) {
		result = examine_relations(scrutiny->examiner, &standing, row, number, &scrutiny->problems);
		if (result == 0 && !report->confirms)
			result =
			    examine_doubts(scrutiny->examiner, &standing, row, number, &scrutiny->warnings);
	}
	if (result == 0 && !report->corrects)
		result = look_at_closing(scrutiny, write, row, number);
	return result;
}

int scrutiny_look(struct scrutiny *scrutiny, struct write *write, const struct scrutinised *report,
                  const struct remarks **ret_remarks)
{
	forget_questions(report);
	arena_reset(scrutiny->arena);
	remarks_init(&scrutiny->problems, scrutiny->arena, report->count);
	remarks_init(&scrutiny->warnings, scrutiny->arena, report->count);
	scrutiny->cells = write_cells(write);
	*ret_remarks = &scrutiny->warnings;
	int result = collect(scrutiny, write, report);
	if (scrutiny->fresh.count == 0)
		return result;
	for (size_t i = 0; i < report->count && result == 0; i++)
		result = look_at_row(scrutiny, write, report, i);
	if (result == 0)
		result = scrutiny->problems.fault != 0 ? scrutiny->problems.fault : scrutiny->warnings.fault;
	if (result != 0 || scrutiny->problems.count == 0)
		return result;
	*ret_remarks = &scrutiny->problems;
	return SCRUTINY_REFUSED;
}

int scrutiny_accept(struct scrutiny *scrutiny)
{
	return scrutiny->fresh.count == 0 ? 0 : overlay_take(&scrutiny->waiting, &scrutiny->fresh);
}
