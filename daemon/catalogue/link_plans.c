/* Plans and their targets. */
#include "daemon/catalogue/link.h"

#include "daemon/catalogue/formula.h"
#include "proto/codes.h"
#include "proto/decimal.h"
#include <string.h>

#define TOLERANCE_DEFAULT 5 /* percent: what about may miss where the plan does not say */

/* A target being linked: where it stands, and what of it is refused. */
struct row {
	struct link *link;
	const struct source *source;
	const struct plan_file *file;
	uint32_t index;
	const struct written_target *written;
};

static struct place place_of_field(const struct row *row, const char *field)
{
	return source_place(row->source, "targets[%u].%s", row->index, field);
}

static struct place place_of_plan(const struct link *link, uint32_t index)
{
	return source_place(&link->inputs->plans[index].source, "plan");
}

/* ------------------------------------------------------------------------------------------------ numbers */

/* How many decimals a number is printed with; what is no number is decimal_parse's to refuse. */
static size_t printed_places(const char *text)
{
	const char *point = strchr(text, '.');
	return point ? strspn(point + 1, "0123456789") : 0;
}

static struct printed_number link_number(const struct row *row, const char *field, const char *written,
                                         const char *printed)
{
	struct printed_number number = {.text = link_copy(row->link, printed)};
	size_t places = written ? printed_places(written) : 0;
	int verdict;
	if (!written)
		return number;
	if (places > DECIMAL_PLACES_MAX) {
		mistake_at(row->link->mistakes, place_of_field(row, field),
		           "%s: '%s' has %zu decimals, expected at most %d", field, written, places,
		           DECIMAL_PLACES_MAX);
		return number;
	}
	number.decimals = (unsigned)places;
	verdict = decimal_parse(written, strlen(written), number.decimals, &number.units);
	if (verdict == 0)
		number.present = true;
	else
		mistake_at(row->link->mistakes, place_of_field(row, field), "%s: found '%s': %s", field,
		           written, decimal_verdict_text(verdict));
	return number;
}

static struct printed_number link_tolerance(const struct row *row)
{
	struct printed_number tolerance = {.present = false};
	if (row->written->comparison != COMPARE_ABOUT) {
		if (row->written->tolerance)
			mistake_at(row->link->mistakes, place_of_field(row, "tolerance"),
			           "tolerance: found '%s', expected none: only 'about' has one",
			           row->written->tolerance);
		return tolerance;
	}
	if (!row->written->tolerance)
		return (struct printed_number){.present = true, .units = TOLERANCE_DEFAULT};
	tolerance = link_number(row, "tolerance", row->written->tolerance, NULL);
	if (tolerance.units < 0)
		mistake_at(row->link->mistakes, place_of_field(row, "tolerance"),
		           "tolerance: found '%s', expected percent of the target, 0 or more",
		           row->written->tolerance);
	return tolerance;
}

/* -------------------------------------------------------------------------------------------------- paths */

static bool has_a_way(enum comparison comparison)
{
	return comparison != COMPARE_HOLD_AT_LEAST && comparison != COMPARE_HOLD_EQUAL &&
	       comparison != COMPARE_TRACKS_GDP;
}

/* A rate leads from one positive number to another; a count from the plan's first day begins at zero. */
static void check_geometric(const struct row *row, const struct target *target)
{
	if (target->starts_at_zero || !target->baseline.present || target->baseline.units <= 0 ||
	    (target->goal.present && target->goal.units <= 0))
		mistake_at(row->link->mistakes, place_of_field(row, "path"),
		           "path: found 'geometric', expected one that is not: baseline and target must be "
		           "above zero, and not counted from the plan's first day");
}

static void check_course(const struct row *row, const struct target *target)
{
	const bool is_yearly = target->course == COURSE_YEARLY;
	if (target->course != COURSE_LINEAR && !has_a_way(target->comparison))
		mistake_at(row->link->mistakes, place_of_field(row, "path"),
		           "path: found one, expected none: %s has no way to go",
		           comparison_name(target->comparison));
	else if (target->course == COURSE_GEOMETRIC)
		check_geometric(row, target);
	if (is_yearly && !row->written->yearly)
		mistake_at(row->link->mistakes, place_of_field(row, "path"),
		           "yearly: missing for row '%s', expected what each year is to reach",
		           row->written->row);
	if (!is_yearly && row->written->yearly)
		mistake_at(row->link->mistakes, place_of_field(row, "yearly"),
		           "yearly: found some, expected none without 'path: yearly'");
}

static struct yearly_goal link_yearly_goal(const struct row *row, uint32_t i)
{
	const struct written_yearly *written = &row->written->yearly[i];
	const struct plan_file *file = row->file;
	char field[sizeof "yearly[4294967295].target"];
	snprintf(field, sizeof field, "yearly[%u].year", i);
	if (written->year < file->from || written->year > file->to)
		mistake_at(row->link->mistakes, place_of_field(row, field),
		           "year: found %u, expected one of the plan's, %u to %u", written->year, file->from,
		           file->to);
	else if (i > 0 && written->year <= written[-1].year)
		mistake_at(row->link->mistakes, place_of_field(row, field),
		           "year: found %u after %u, expected them in order, each once", written->year,
		           written[-1].year);
	snprintf(field, sizeof field, "yearly[%u].target", i);
	return (struct yearly_goal){
	    .year = (int)written->year,
	    .goal = link_number(row, field, written->target, NULL),
	};
}

static const struct yearly_goal *link_yearly(const struct row *row)
{
	const uint32_t count = row->written->yearly_count;
	struct yearly_goal *goals = count > 0 ? link_take(row->link, count, sizeof *goals) : NULL;
	for (uint32_t i = 0; goals && i < count; i++)
		goals[i] = link_yearly_goal(row, i);
	return goals;
}

/* ------------------------------------------------------------------------------------------------ targets */

static uint32_t link_indicator_named(const struct row *row, const char *field, const char *code)
{
	const struct catalogue *catalogue = row->link->catalogue;
	const struct code_table *indicators = &catalogue->index->indicators;
	uint32_t found = code_table_find(indicators, code);
	const char *hint = "";
	if (found != CATALOGUE_NONE)
		return found;
	if (catalogue_find_statistic(catalogue, code) != CATALOGUE_NONE)
		hint = " (it is a statistic)";
	mistake_at(row->link->mistakes, place_of_field(row, field), "%s: unknown indicator '%s'%s%s", field,
	           code, hint, code_list_suggestion(&catalogue->index->indicator_codes, code).text);
	return CATALOGUE_NONE;
}

static enum area_level unit_level(const struct catalogue *catalogue, const struct formula *formula)
{
	enum area_level coarsest = LEVEL_COMMUNITY;
	for (uint32_t i = 0; i < formula->atom_count; i++) {
		enum area_level level = catalogue->statistics[formula->atoms[i].statistic].level;
		if (level < coarsest)
			coarsest = level;
	}
	return coarsest;
}

/* An indicator has no value for an area that holds no area of its level. */
static void check_area_has_value(const struct row *row, uint32_t area, uint32_t indicator)
{
	const struct catalogue *catalogue = row->link->catalogue;
	const struct formula *formula =
	    indicator == CATALOGUE_NONE ? NULL : catalogue->indicators[indicator].formula;
	enum area_level level;
	if (!formula || catalogue->root == CATALOGUE_NONE)
		return;
	level = unit_level(catalogue, formula);
	if (catalogue->areas[area].inside[level].count == 0)
		mistake_at(
		    row->link->mistakes, place_of_field(row, row->written->area ? "area" : "indicator"),
		    "area: '%s' holds no %s, the level that '%s' is reported at", catalogue->areas[area].code,
		    area_level_name(level), catalogue->indicators[indicator].code);
}

static uint32_t link_area(const struct row *row, uint32_t indicator)
{
	const struct catalogue *catalogue = row->link->catalogue;
	const char *code = row->written->area;
	uint32_t area = code ? catalogue_find_area(catalogue, code) : catalogue->root;
	if (area != CATALOGUE_NONE)
		check_area_has_value(row, area, indicator);
	else if (code)
		mistake_at(row->link->mistakes, place_of_field(row, "area"), "area: unknown area '%s'%s",
		           code, code_list_suggestion(&catalogue->index->area_codes, code).text);
	return area;
}

/* A target that follows another series has that series for a goal; every other has a number. */
static void check_goal(const struct row *row)
{
	const struct written_target *written = row->written;
	const char *comparison = comparison_name(written->comparison);
	bool follows = written->comparison == COMPARE_TRACKS_GDP;
	struct place entry = source_place(row->source, "targets[%u]", row->index);
	if (follows && !written->follows)
		mistake_at(row->link->mistakes, entry,
		           "follows: missing for row '%s', expected the indicator that %s follows",
		           written->row, comparison);
	if (follows && written->target)
		mistake_at(row->link->mistakes, place_of_field(row, "target"),
		           "target: found '%s', expected none: %s has the series in 'follows'",
		           written->target, comparison);
	if (!follows && !written->target)
		mistake_at(row->link->mistakes, entry, "target: missing for row '%s', expected a number",
		           written->row);
	if (!follows && written->follows)
		mistake_at(row->link->mistakes, place_of_field(row, "follows"),
		           "follows: found '%s', expected none: only tracks-gdp has it", written->follows);
}

static void check_text(const struct row *row, const char *field, const char *text)
{
	if (text && text[strspn(text, " \t")] == '\0')
		mistake_at(row->link->mistakes, place_of_field(row, field),
		           "%s: found nothing, expected text", field);
}

static bool is_cumulative(const struct row *row, uint32_t indicator)
{
	const struct formula *formula =
	    indicator == CATALOGUE_NONE ? NULL : row->link->catalogue->indicators[indicator].formula;
	for (uint32_t i = 0; formula && i < formula->atom_count; i++)
		if (formula->atoms[i].window == WINDOW_CUMULATIVE)
			return true;
	return false;
}

static struct target link_target(const struct row *row)
{
	const struct written_target *written = row->written;
	uint32_t indicator = link_indicator_named(row, "indicator", written->indicator);
	link_check_code(row->link, place_of_field(row, "row"), "row", written->row);
	check_text(row, "baseline_text", written->baseline_text);
	check_text(row, "target_text", written->target_text);
	check_text(row, "cancelled", written->cancelled);
	check_goal(row);
	const struct target target = {
	    .row = link_copy(row->link, written->row),
	    .indicator = indicator,
	    .area = link_area(row, indicator),
	    .starts_at_zero = is_cumulative(row, indicator),
	    .baseline = link_number(row, "baseline", written->baseline, written->baseline_text),
	    .goal = link_number(row, "target", written->target, written->target_text),
	    .comparison = written->comparison,
	    .course = written->course,
	    .yearly = link_yearly(row),
	    .yearly_count = written->yearly_count,
	    .tolerance = link_tolerance(row),
	    .follows =
	        written->follows ? link_indicator_named(row, "follows", written->follows) : CATALOGUE_NONE,
	    .nature = written->nature,
	    .cancelled = link_copy(row->link, written->cancelled),
	};
	check_course(row, &target);
	return target;
}

static void check_rows_unique(struct link *link, const struct source *source, const struct plan_file *file)
{
	struct code_table rows;
	link->fault = code_table_build(link->scratch, file->targets, sizeof file->targets[0],
	                               file->target_count, &rows);
	for (uint32_t i = 1; link->fault == 0 && i < file->target_count; i++) {
		const struct code_entry *entry = &rows.entries[i];
		if (strcmp(entry->code, entry[-1].code) == 0)
			mistake_at(link->mistakes, source_place(source, "targets[%u].row", entry->index),
			           "row: '%s' is there already, on line %u", entry->code,
			           source_place(source, "targets[%u].row", entry[-1].index).line);
	}
}

static const struct target *link_targets(struct link *link, const struct source *source,
                                         const struct plan_file *file)
{
	struct target *targets = link_take(link, file->target_count, sizeof *targets);
	for (uint32_t i = 0; targets && i < file->target_count; i++) {
		struct row row = {
		    .link = link, .source = source, .file = file, .index = i, .written = &file->targets[i]};
		targets[i] = link_target(&row);
	}
	if (targets)
		check_rows_unique(link, source, file);
	return targets;
}

/* -------------------------------------------------------------------------------------------------- plans */

static bool year_is_possible(uint32_t year)
{
	return year > PERIOD_YEAR_MIN &&
	       year <= PERIOD_YEAR_MAX; /* the baseline year is one before the first */
}

static void check_years(struct link *link, const struct source *source, const struct plan_file *file)
{
	if (!year_is_possible(file->from))
		mistake_at(link->mistakes, source_place(source, "from"),
		           "from: found %u, expected a year from %d to %d", file->from, PERIOD_YEAR_MIN + 1,
		           PERIOD_YEAR_MAX);
	if (!year_is_possible(file->to))
		mistake_at(link->mistakes, source_place(source, "to"),
		           "to: found %u, expected a year from %d to %d", file->to, PERIOD_YEAR_MIN + 1,
		           PERIOD_YEAR_MAX);
	else if (file->to < file->from)
		mistake_at(link->mistakes, source_place(source, "to"), "to: found %u, expected %u or later",
		           file->to, file->from);
}

static bool windows_clash(const struct plan_file *a, const struct plan_file *b)
{
	bool overlap = a->from <= b->to && b->from <= a->to;
	return overlap && (a->from != b->from || a->to != b->to);
}

/* A year belongs to one window: cumulative, baseline and average_growth ask which. */
static void check_windows(struct link *link, uint32_t index)
{
	const struct plan_file *file = link->inputs->plans[index].file;
	for (uint32_t i = 0; i < index; i++) {
		const struct plan_file *other = link->inputs->plans[i].file;
		if (windows_clash(file, other))
			mistake_at(link->mistakes, source_place(&link->inputs->plans[index].source, "from"),
			           "from: the years %u to %u overlap those of plan '%s' (%u to %u), expected "
			           "the same or others",
			           file->from, file->to, other->code, other->from, other->to);
	}
}

static void link_plan(struct link *link, uint32_t index)
{
	const struct source *source = &link->inputs->plans[index].source;
	const struct plan_file *file = link->inputs->plans[index].file;
	link_check_code(link, place_of_plan(link, index), "plan", file->code);
	check_years(link, source, file);
	check_windows(link, index);
	link->catalogue->plans[index] = (struct plan){
	    .code = link_copy(link, file->code),
	    .names = link_names(link, source, "names", &file->names),
	    .first_year = (int)file->from,
	    .last_year = (int)file->to,
	    .targets = link_targets(link, source, file),
	    .target_count = file->target_count,
	};
}

void link_plans(struct link *link)
{
	struct catalogue *catalogue = link->catalogue;
	uint32_t count = link->inputs->plan_count;
	catalogue->plans = link_take(link, count, sizeof catalogue->plans[0]);
	for (uint32_t i = 0; link->fault == 0 && i < count; i++)
		link_plan(link, i);
	if (link->fault)
		return;
	catalogue->plan_count = count;
	link->fault = catalogue_index_plans(catalogue);
	if (link->fault == 0)
		link_check_unique(link, &catalogue->index->plans, "plan", place_of_plan);
}
