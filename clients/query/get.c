#include "clients/query/commands.h"

#include "clients/query/session.h"
#include "proto/period.h"
#include <inttypes.h>
#include <string.h>

#define STRING(field) COLUMN_STRING(Suanpan__Value, field)
#define COUNT(field)  .type = COLUMN_NUMBER, COLUMN_COUNT(Suanpan__Value, field)

void cell_value(const Suanpan__Value *value, struct cell *cell)
{
	cell->text = value->value    ? value->value
	             : value->reason ? language_text(value->reason)
	                             : gettext("no data");
}

/* A letter only where the value is neither normal nor simply missing, so that it is seen. */
void cell_coverage(const Suanpan__Value *value, struct cell *cell)
{
	const bool normal = strcmp(value->status, "A") == 0 || strcmp(value->status, "O") == 0;

	snprintf(cell->scratch, sizeof cell->scratch, "%" PRIu64 "/%" PRIu64 "%s%s", value->reported,
	         value->expected, normal ? "" : " ", normal ? "" : value->status);
	cell->text = cell->scratch;
}

static void get_missing(const void *row, struct cell *cell)
{
	cell_missing(row, cell);
}

static void get_shown_value(const void *row, struct cell *cell)
{
	cell_value(row, cell);
}

static void get_coverage(const void *row, struct cell *cell)
{
	cell_coverage(row, cell);
}

void cell_missing(const Suanpan__Value *value, struct cell *cell)
{
	cell->items = value->missing;
	cell->count = value->n_missing;
	cell->whole = value->expected > value->reported ? value->expected - value->reported : 0;
}

static void get_commit(const void *row, struct cell *cell)
{
	const Suanpan__Value *value = row;

	if (!value->has_commit)
		return;
	snprintf(cell->scratch, sizeof cell->scratch, "commit %" PRIu64, value->commit);
	cell->text = cell->scratch;
}

/* clang-format off */
const struct column get_columns[] = {
	{.header = "code", STRING(code)},
	{.header = "area", STRING(area)},
	{.title = N_("Area"), STRING(area_name)},
	{.header = "period", .title = N_("Period"), STRING(period)},
	{.header = "value", .type = COLUMN_NUMBER, STRING(value)},
	{.title = N_("Value"), .right = true, .get = get_shown_value},
	{.header = "unit", .title = N_("Unit"), STRING(unit)},
	{.header = "status", STRING(status)},
	{.header = "reported", COUNT(reported)},
	{.header = "expected", COUNT(expected)},
	{.title = N_("Coverage"), .get = get_coverage},
	{.header = "missing", .title = N_("Missing"), .type = COLUMN_LIST, .wraps = true, .if_filled = true,
	 .get = get_missing},
	{.title = N_("Carried"), .type = COLUMN_LIST, .wraps = true, .if_filled = true,
	 COLUMN_STRINGS(Suanpan__Value, carried)},
	{.header = "commit", .type = COLUMN_NUMBER, COLUMN_OPTIONAL_COUNT(Suanpan__Value, commit)},
	{.header = NULL},
};

const struct column watch_columns[] = {
	{.header = "code", .title = N_("Code"), STRING(code)},
	{.header = "area", STRING(area)},
	{.title = N_("Area"), STRING(area_name)},
	{.header = "period", .title = N_("Period"), STRING(period)},
	{.header = "value", .type = COLUMN_NUMBER, STRING(value)},
	{.title = N_("Value"), .get = get_shown_value},
	{.header = "unit", .title = N_("Unit"), STRING(unit)},
	{.header = "status", STRING(status)},
	{.header = "reported", COUNT(reported)},
	{.header = "expected", COUNT(expected)},
	{.title = N_("Coverage"), .get = get_coverage},
	{.header = "missing", .type = COLUMN_LIST, COLUMN_STRINGS(Suanpan__Value, missing)},
	{.header = "commit", .type = COLUMN_NUMBER, COLUMN_OPTIONAL_COUNT(Suanpan__Value, commit)},
	{.title = N_("Commit"), .get = get_commit},
	{.header = NULL},
};

const struct option_row get_options[] = {
	SETTINGS_OPTION(area, "AREA", "a code, a name in any script, or a group; the city if not given"),
	SETTINGS_OPTION(from, "PERIOD", "the first period; the first there is if not given"),
	SETTINGS_OPTION(to, "PERIOD", "the last period; the last there is if not given"),
	SETTINGS_OPTION(frequency, "A|S|Q|M|D", "years, half-years, quarters, months or days; the code's own if not given"),
	SETTINGS_AS_OF,
	{.name = NULL},
};
/* clang-format on */

int get_take(void *closure, const Suanpan__Answer *answer)
{
	struct printing *printing = closure;
	int result = 0;

	for (size_t i = 0; result == 0 && i < answer->n_series; i++)
		result = output_row(printing->output, answer->series[i]);
	return result;
}

int get_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	char from[PERIOD_TEXT_SIZE], to[PERIOD_TEXT_SIZE];
	Suanpan__SeriesQuery series = SUANPAN__SERIES_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	struct printing printing;

	(void)count;
	if (settings_check(settings) || settings_frequency(settings) || settings_window(settings, from, to))
		return EXIT_USAGE;
	series.code = arguments[0];
	series.area = settings->area;
	series.from = settings->from ? from : NULL;
	series.to = settings->to ? to : NULL;
	series.frequency = settings->frequency;
	query.series = &series;
	return session_print(settings, &query,
	                     &(struct output_shape){.format = settings->output_format,
	                                            .columns = get_columns,
	                                            .nothing = N_("nothing reported yet")},
	                     get_take, &printing);
}
