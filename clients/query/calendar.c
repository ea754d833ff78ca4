#include "clients/query/commands.h"

#include "clients/query/session.h"
#include "proto/decimal.h"
#include <inttypes.h>
#include <string.h>

#define STRING(field) COLUMN_STRING(Suanpan__CalendarRow, field)
#define COUNT(field)  .type = COLUMN_NUMBER, COLUMN_COUNT(Suanpan__CalendarRow, field)

struct calendar_printing {
	struct printing printing;
	size_t overdue, due; /* rows */
};

static bool is_overdue(const Suanpan__CalendarRow *row)
{
	return strcmp(row->state, "overdue") == 0;
}

static bool is_due(const Suanpan__CalendarRow *row)
{
	return strcmp(row->state, "due") == 0;
}

static void get_state(const void *row, struct cell *cell)
{
	const Suanpan__CalendarRow *calendar = row;

	cell->text = calendar->state;
	if (is_overdue(calendar))
		cell->colour = "red";
	else if (is_due(calendar))
		cell->colour = "yellow";
}

static void get_days(const void *row, struct cell *cell)
{
	const Suanpan__CalendarRow *calendar = row;

	if (!calendar->has_days)
		return;
	snprintf(cell->scratch, sizeof cell->scratch, "%" PRId64, calendar->days);
	cell->text = cell->scratch;
}

static void get_missing(const void *row, struct cell *cell)
{
	const Suanpan__CalendarRow *calendar = row;

	cell->items = calendar->missing;
	cell->count = cell->whole = calendar->n_missing;
}

/* clang-format off */
const struct column calendar_columns[] = {
	{.header = "due", .title = N_("Due"), STRING(due)},
	{.header = "days", .title = N_("Days"), .type = COLUMN_NUMBER, .right = true, .get = get_days},
	{.header = "state", .title = N_("State"), .spoken = true, .get = get_state},
	{.header = "reporter", STRING(reporter)},
	{.title = N_("Reporter"), STRING(name)},
	{.header = "period", .title = N_("Period"), STRING(period)},
	{.header = "expected", .title = N_("Expected"), .right = true, COUNT(expected)},
	{.header = "received", .title = N_("Received"), .right = true, COUNT(received)},
	{.header = "missing", .title = N_("Missing"), .type = COLUMN_LIST, .wraps = true, .get = get_missing},
	{.header = NULL},
};

const struct option_row calendar_options[] = {
	SETTINGS_OPTION(reporter, "NAME", "only what this one is to report"),
	SETTINGS_OPTION(days, "NUMBER", "what is due so many days from now, too; 31 if not given"),
	SETTINGS_AS_OF,
	{.name = NULL},
};
/* clang-format on */

static int take(void *closure, const Suanpan__Answer *answer)
{
	struct calendar_printing *printing = closure;
	int result = 0;

	for (size_t i = 0; result == 0 && i < answer->n_calendar; i++) {
		printing->overdue += is_overdue(answer->calendar[i]);
		printing->due += is_due(answer->calendar[i]);
		result = output_row(printing->printing.output, answer->calendar[i]);
	}
	return result;
}

static int read_days(const struct settings *settings, Suanpan__CalendarQuery *calendar)
{
	const char *text = settings->days;
	int64_t days;

	if (!text)
		return EXIT_DONE;
	if (decimal_parse(text, strlen(text), 0, &days) || days < 0) {
		fprintf(stderr, "suanpan calendar: --days '%s': expected a number\n", text);
		return EXIT_USAGE;
	}
	calendar->has_days = 1;
	calendar->days = (uint64_t)days;
	return EXIT_DONE;
}

int calendar_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	Suanpan__CalendarQuery calendar = SUANPAN__CALENDAR_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	struct calendar_printing printing = {.overdue = 0};
	int status;

	(void)count;
	(void)arguments;
	if (settings_check(settings) || read_days(settings, &calendar))
		return EXIT_USAGE;
	calendar.reporter = settings->reporter;
	query.calendar = &calendar;
	status = session_print(settings, &query,
	                       &(struct output_shape){.format = settings->output_format,
	                                              .columns = calendar_columns,
	                                              .nothing = N_("nothing is due")},
	                       take, &printing.printing);
	if (status == EXIT_DONE && settings->output_format == OUTPUT_TABLE &&
	    printing.overdue + printing.due > 0)
		printf(gettext("overdue: %zu; due: %zu\n"), printing.overdue, printing.due);
	return status;
}
