#include "clients/query/commands.h"

#include "clients/query/session.h"
#include "proto/decimal.h"
#include "proto/period.h"
#include <string.h>

#define DECIMALS_MAX  9 /* of an EvalQuery */

#define STRING(field) COLUMN_STRING(Suanpan__Value, field)
#define COUNT(field)  .type = COLUMN_NUMBER, COLUMN_COUNT(Suanpan__Value, field)

static void get_shown_value(const void *row, struct cell *cell)
{
	cell_value(row, cell);
}

static void get_coverage(const void *row, struct cell *cell)
{
	cell_coverage(row, cell);
}

static void get_missing(const void *row, struct cell *cell)
{
	cell_missing(row, cell);
}

/* clang-format off */
const struct column eval_columns[] = {
	{.header = "area", STRING(area)},
	{.title = N_("Area"), STRING(area_name)},
	{.header = "period", .title = N_("Period"), STRING(period)},
	{.header = "value", .type = COLUMN_NUMBER, STRING(value)},
	{.title = N_("Value"), .right = true, .get = get_shown_value},
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

const struct option_row eval_options[] = {
	SETTINGS_OPTION(area, "AREA", "a code, a name in any script, or a group; the city if not given"),
	SETTINGS_OPTION(from, "PERIOD", "the first period; the first there is if not given"),
	SETTINGS_OPTION(to, "PERIOD", "the last period; the last there is if not given"),
	SETTINGS_OPTION(frequency, "A|S|Q|M|D",
	                "years, half-years, quarters, months or days; the finest possible if not given"),
	{.name = "decimals", .takes = "0...9", .otherwise = "2", .sentence = N_("decimals of the values"),
	 .offset = offsetof(struct settings, decimals)},
	SETTINGS_AS_OF,
	{.name = NULL},
};
/* clang-format on */

static int check_decimals(const char *text, uint64_t *ret_decimals)
{
	int64_t decimals;

	if (decimal_parse(text, strlen(text), 0, &decimals) || decimals < 0 || decimals > DECIMALS_MAX) {
		fprintf(stderr, "suanpan eval: --decimals '%s': expected a number from 0 to %d\n", text,
		        DECIMALS_MAX);
		return EXIT_USAGE;
	}
	*ret_decimals = (uint64_t)decimals;
	return EXIT_DONE;
}

int eval_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	char from[PERIOD_TEXT_SIZE], to[PERIOD_TEXT_SIZE];
	Suanpan__EvalQuery eval = SUANPAN__EVAL_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	struct printing printing;

	(void)count;
	if (settings_check(settings) || settings_frequency(settings) || settings_window(settings, from, to) ||
	    check_decimals(settings->decimals, &eval.decimals))
		return EXIT_USAGE;
	eval.formula = arguments[0];
	eval.area = settings->area;
	eval.from = settings->from ? from : NULL;
	eval.to = settings->to ? to : NULL;
	eval.frequency = settings->frequency;
	eval.has_decimals = true;
	query.eval = &eval;
	return session_print(settings, &query,
	                     &(struct output_shape){.format = settings->output_format,
	                                            .columns = eval_columns,
	                                            .nothing = N_("nothing reported yet")},
	                     get_take, &printing);
}
