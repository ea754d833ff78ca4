#include "clients/query/commands.h"

#include "clients/query/page.h"
#include "clients/query/session.h"
#include "proto/period.h"

#define STRING(field) COLUMN_STRING(Suanpan__PlanRow, field)
#define NUMBER(field) .type = COLUMN_NUMBER, COLUMN_STRING(Suanpan__PlanRow, field)

static void get_value(const void *row, struct cell *cell)
{
	cell->text = ((const Suanpan__PlanRow *)row)->value->value;
}

static void get_status(const void *row, struct cell *cell)
{
	cell->text = ((const Suanpan__PlanRow *)row)->value->status;
}

static void get_reported(const void *row, struct cell *cell)
{
	cell_count(((const Suanpan__PlanRow *)row)->value->reported, cell);
}

static void get_expected(const void *row, struct cell *cell)
{
	cell_count(((const Suanpan__PlanRow *)row)->value->expected, cell);
}

static void get_period(const void *row, struct cell *cell)
{
	cell->text = ((const Suanpan__PlanRow *)row)->value->period;
}

static void get_area(const void *row, struct cell *cell)
{
	cell->text = ((const Suanpan__PlanRow *)row)->value->area;
}

static void get_provisional(const void *row, struct cell *cell)
{
	const Suanpan__PlanRow *target = row;

	if (target->has_provisional)
		cell->text = target->provisional ? "true" : "false";
}

static void get_missing(const void *row, struct cell *cell)
{
	cell_missing(((const Suanpan__PlanRow *)row)->value, cell);
}

static void get_commit(const void *row, struct cell *cell)
{
	const Suanpan__Value *value = ((const Suanpan__PlanRow *)row)->value;

	if (value->has_commit)
		cell_count(value->commit, cell);
}

/* clang-format off */
const struct column plan_columns[] = {
	{.header = "row", STRING(row)},
	{.header = "indicator", STRING(indicator)},
	{.header = "name", STRING(name)},
	{.header = "unit", STRING(unit)},
	{.header = "baseline", NUMBER(baseline)},
	{.header = "value", .type = COLUMN_NUMBER, .get = get_value},
	{.header = "comparison", STRING(comparison)},
	{.header = "target", NUMBER(target)},
	{.header = "nature", STRING(nature)},
	{.header = "verdict", STRING(verdict)},
	{.header = "status", .get = get_status},
	{.header = "reported", .type = COLUMN_NUMBER, .get = get_reported},
	{.header = "expected", .type = COLUMN_NUMBER, .get = get_expected},
	{.header = "period", .get = get_period},
	{.header = "area", .get = get_area},
	{.header = "provisional", .type = COLUMN_FLAG, .get = get_provisional},
	{.header = "missing", .type = COLUMN_LIST, .get = get_missing},
	{.header = "path", NUMBER(path)},
	{.header = "pace", NUMBER(pace)},
	{.header = "pace_needed", NUMBER(pace_needed)},
	{.header = "reached", STRING(reached)},
	{.header = "worst_period", STRING(worst_period)},
	{.header = "worst", NUMBER(worst)},
	{.header = "forecast_for", STRING(year_end)},
	{.header = "forecast", NUMBER(forecast)},
	{.header = "forecast_low", NUMBER(forecast_low)},
	{.header = "forecast_high", NUMBER(forecast_high)},
	{.header = "chance", .type = COLUMN_NUMBER, COLUMN_OPTIONAL_COUNT(Suanpan__PlanRow, chance)},
	{.header = "way", .type = COLUMN_LIST, COLUMN_STRINGS(Suanpan__PlanRow, way)},
	{.header = "note", STRING(note)},
	{.header = "commit", .type = COLUMN_NUMBER, .get = get_commit},
	{.header = NULL},
};

const struct option_row plan_options[] = {
	SETTINGS_OPTION(period, "PERIOD", "when; the newest year with data if not given"),
	SETTINGS_OPTION(area, "AREA", "a code, a name in any script, or a group; each target's own if not given"),
	SETTINGS_AS_OF,
	{.name = NULL},
};
/* clang-format on */

static int take(void *closure, const Suanpan__Answer *answer)
{
	struct printing *printing = closure;
	int result = 0;

	for (size_t i = 0; result == 0 && i < answer->n_plan; i++)
		result = output_row(printing->output, answer->plan[i]);
	return result;
}

static int print_page(const struct settings *settings, Suanpan__Query *query)
{
	struct page page = {
	    .plan = query->plan->plan, .period = query->plan->period, .ascii = settings->ascii};
	struct session session;
	int status = session_open(settings, &session);

	if (status)
		return status;
	status = session_ask(&session, query, page_take, &page);
	session_close(&session);
	if (status == EXIT_DONE)
		status = page_print(&page);
	page_done(&page);
	return status;
}

int plan_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	char period[PERIOD_TEXT_SIZE];
	Suanpan__PlanQuery plan = SUANPAN__PLAN_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	struct printing printing;

	(void)count;
	if (settings_check(settings))
		return EXIT_USAGE;
	if (settings->period && settings_period("--period", settings->period, period))
		return EXIT_USAGE;
	plan.plan = arguments[0];
	plan.period = settings->period ? period : NULL;
	plan.area = settings->area;
	query.plan = &plan;
	if (settings->output_format == OUTPUT_TABLE)
		return print_page(settings, &query);
	return session_print(
	    settings, &query,
	    &(struct output_shape){.format = settings->output_format, .columns = plan_columns}, take,
	    &printing);
}
