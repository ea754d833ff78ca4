/* What is to come, and how good it would have been to believe it. */
#include "clients/query/commands.h"

#include "clients/query/session.h"
#include "proto/decimal.h"
#include "proto/period.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------------------------------------------- forecast */

#define STRING(field) COLUMN_STRING(Suanpan__OutlookRow, field)
#define NUMBER(field) .type = COLUMN_NUMBER, COLUMN_STRING(Suanpan__OutlookRow, field)

static void get_status(const void *row, struct cell *cell)
{
	cell->text = ((const Suanpan__OutlookRow *)row)->value ? "F" : NULL;
}

/* The number, or why there is none. */
static void get_shown_value(const void *row, struct cell *cell)
{
	const Suanpan__OutlookRow *outlook = row;

	cell->text = outlook->value ? outlook->value : outlook->reason;
}

static void get_interval(const char *low, const char *high, struct cell *cell)
{
	if (!low || !high)
		return;
	snprintf(cell->scratch, sizeof cell->scratch, gettext("%s to %s"), low, high);
	cell->text = cell->scratch;
}

static void get_interval_80(const void *row, struct cell *cell)
{
	const Suanpan__OutlookRow *outlook = row;

	get_interval(outlook->low_80, outlook->high_80, cell);
}

static void get_interval_95(const void *row, struct cell *cell)
{
	const Suanpan__OutlookRow *outlook = row;

	get_interval(outlook->low_95, outlook->high_95, cell);
}

/* "plan14 12" */
static void get_shown_row(const void *row, struct cell *cell)
{
	const Suanpan__OutlookRow *outlook = row;

	if (!outlook->plan || !outlook->row)
		return;
	snprintf(cell->scratch, sizeof cell->scratch, "%s %s", outlook->plan, outlook->row);
	cell->text = cell->scratch;
}

static void get_shown_target(const void *row, struct cell *cell)
{
	const Suanpan__OutlookRow *outlook = row;

	if (!outlook->comparison)
		return;
	snprintf(cell->scratch, sizeof cell->scratch, "%s%s%s", outlook->comparison,
	         outlook->target ? " " : "", outlook->target ? outlook->target : "");
	cell->text = cell->scratch;
}

/* A rounded 0 or 100 is not quite that. */
static void get_shown_chance(const void *row, struct cell *cell)
{
	const Suanpan__OutlookRow *outlook = row;

	if (!outlook->has_chance)
		return;
	if (outlook->chance == 0)
		cell->text = gettext("below 1 %");
	else if (outlook->chance >= 100)
		cell->text = gettext("above 99 %");
	else
		snprintf(cell->scratch, sizeof cell->scratch, "%" PRIu64 " %%", outlook->chance);
	if (!cell->text)
		cell->text = cell->scratch;
}

static void get_provisional(const void *row, struct cell *cell)
{
	const Suanpan__OutlookRow *outlook = row;

	if (outlook->has_provisional)
		cell->text = outlook->provisional ? "true" : "false";
}

/* clang-format off */
const struct column forecast_columns[] = {
	{.header = "period", .title = N_("Period"), STRING(period)},
	{.header = "value", NUMBER(value)},
	{.title = N_("Value"), .right = true, .spoken = true, .get = get_shown_value},
	{.header = "unit", .title = N_("Unit"), STRING(unit)},
	{.header = "status", .title = N_("Status"), .if_filled = true, .get = get_status},
	{.header = "low_80", NUMBER(low_80)},
	{.header = "high_80", NUMBER(high_80)},
	{.title = N_("80 %"), .right = true, .if_filled = true, .get = get_interval_80},
	{.header = "low_95", NUMBER(low_95)},
	{.header = "high_95", NUMBER(high_95)},
	{.title = N_("95 %"), .right = true, .if_filled = true, .get = get_interval_95},
	{.header = "plan", STRING(plan)},
	{.header = "row", STRING(row)},
	{.title = N_("Target of"), .if_filled = true, .get = get_shown_row},
	{.header = "comparison", STRING(comparison)},
	{.header = "target", .type = COLUMN_NUMBER, STRING(target)},
	{.title = N_("Target"), .right = true, .if_filled = true, .get = get_shown_target},
	{.header = "nature", .title = N_("Nature"), .if_filled = true, .spoken = true, STRING(nature)},
	{.header = "chance", .type = COLUMN_NUMBER, COLUMN_OPTIONAL_COUNT(Suanpan__OutlookRow, chance)},
	{.title = N_("Chance"), .right = true, .if_filled = true, .get = get_shown_chance},
	{.header = "method", STRING(method)},
	{.header = "history", .type = COLUMN_NUMBER, COLUMN_OPTIONAL_COUNT(Suanpan__OutlookRow, history)},
	{.header = "from", STRING(from)},
	{.header = "provisional", .type = COLUMN_FLAG, .get = get_provisional},
	{.header = "reason", STRING(reason)},
	{.header = NULL},
};

const struct option_row forecast_options[] = {
	SETTINGS_OPTION(area, "AREA", "a code, a name in any script, or a group; the city if not given"),
	SETTINGS_OPTION(to, "PERIOD", "the last period; the end of the plan that is under way if not given"),
	SETTINGS_AS_OF,
	{.name = NULL},
};
/* clang-format on */

/* What the first row says of all of them, for below the table. */
struct basis {
	struct printing printing;
	char *sentence;
};

static int keep_basis(const Suanpan__OutlookRow *row, struct basis *basis)
{
	if (!row->method || basis->sentence)
		return 0;
	const char *const later =
	    row->provisional ? gettext(", provisional as later ones are incomplete") : "";
	const int length =
	    asprintf(&basis->sentence, gettext("from %llu periods up to %s%s: %s"),
	             (unsigned long long)row->history, row->from ? row->from : "?", later, row->method);
	if (length >= 0)
		return 0;
	basis->sentence = NULL;
	return -ENOMEM;
}

static int take_outlook(void *closure, const Suanpan__Answer *answer)
{
	struct basis *basis = closure;
	int result = 0;

	for (size_t i = 0; result == 0 && i < answer->n_outlook; i++) {
		result = keep_basis(answer->outlook[i], basis);
		if (result == 0)
			result = output_row(basis->printing.output, answer->outlook[i]);
	}
	return result;
}

int forecast_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	char to[PERIOD_TEXT_SIZE];
	Suanpan__ForecastQuery forecast = SUANPAN__FORECAST_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	struct basis basis = {.sentence = NULL};

	(void)count;
	if (settings_check(settings) || (settings->to && settings_period("--to", settings->to, to)))
		return EXIT_USAGE;
	forecast.code = arguments[0];
	forecast.area = settings->area;
	forecast.to = settings->to ? to : NULL;
	query.forecast = &forecast;
	const int status = session_print(settings, &query,
	                                 &(struct output_shape){.format = settings->output_format,
	                                                        .columns = forecast_columns,
	                                                        .nothing = N_("nothing is still to come")},
	                                 take_outlook, &basis.printing);
	if (status == EXIT_DONE && settings->output_format == OUTPUT_TABLE && basis.sentence)
		puts(basis.sentence);
	free(basis.sentence);
	return status;
}

/* --------------------------------------------------------------------------------------------- backtest */

#undef STRING
#undef NUMBER
#define STRING(field) COLUMN_STRING(Suanpan__BacktestRow, field)
#define NUMBER(field) .type = COLUMN_NUMBER, COLUMN_STRING(Suanpan__BacktestRow, field)
#define COUNT(field)  .type = COLUMN_NUMBER, COLUMN_COUNT(Suanpan__BacktestRow, field)

/* clang-format off */
const struct column backtest_columns[] = {
	{.header = "code", .title = N_("Code"), STRING(code)},
	{.header = "area", STRING(area)},
	{.title = N_("Area"), STRING(area_name)},
	{.header = "method", .title = N_("Method"), .spoken = true, STRING(method)},
	{.header = "history", .title = N_("Periods"), .right = true, COUNT(history)},
	{.header = "origins", .title = N_("Origins"), .right = true, COUNT(origins)},
	{.header = "forecasts", .title = N_("Forecasts"), .right = true, COUNT(forecasts)},
	{.header = "mase", .title = N_("MASE"), .right = true, NUMBER(mase)},
	{.header = "within_80", .title = N_("In 80 %"), .right = true, NUMBER(within_80)},
	{.header = "within_95", .title = N_("In 95 %"), .right = true, NUMBER(within_95)},
	{.header = "reason", .title = N_("Why not"), .wraps = true, .if_filled = true, .spoken = true, STRING(reason)},
	{.header = NULL},
};

const struct option_row backtest_options[] = {
	SETTINGS_OPTION(area, "AREA", "a code, a name in any script, or a group; the city, or each target's own, if not given"),
	SETTINGS_OPTION(horizon, "NUMBER", "at most so many periods ahead; a year's if not given"),
	SETTINGS_AS_OF,
	{.name = NULL},
};
/* clang-format on */

static int take_backtest(void *closure, const Suanpan__Answer *answer)
{
	struct printing *printing = closure;
	int result = 0;

	for (size_t i = 0; result == 0 && i < answer->n_backtest; i++)
		result = output_row(printing->output, answer->backtest[i]);
	return result;
}

static int read_horizon(const char *text, Suanpan__BacktestQuery *backtest)
{
	int64_t horizon;

	if (!text)
		return EXIT_DONE;
	if (decimal_parse(text, strlen(text), 0, &horizon) || horizon <= 0) {
		fprintf(stderr, "suanpan backtest: --horizon '%s': expected a number above 0\n", text);
		return EXIT_USAGE;
	}
	backtest->has_horizon = true;
	backtest->horizon = (uint64_t)horizon;
	return EXIT_DONE;
}

int backtest_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	Suanpan__BacktestQuery backtest = SUANPAN__BACKTEST_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	struct printing printing;

	if (settings_check(settings) || read_horizon(settings->horizon, &backtest))
		return EXIT_USAGE;
	backtest.code = count > 0 ? arguments[0] : NULL;
	backtest.area = settings->area;
	query.backtest = &backtest;
	return session_print(settings, &query,
	                     &(struct output_shape){.format = settings->output_format,
	                                            .columns = backtest_columns,
	                                            .nothing = N_("no plan has a target")},
	                     take_backtest, &printing);
}
