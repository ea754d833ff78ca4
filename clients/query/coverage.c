#include "clients/query/commands.h"

#include "clients/query/session.h"
#include "proto/period.h"
#include <inttypes.h>

#define STRING(field) COLUMN_STRING(Suanpan__CoverageRow, field)
#define COUNT(field)  .type = COLUMN_NUMBER, COLUMN_COUNT(Suanpan__CoverageRow, field)

struct coverage_printing {
	struct printing printing;
	size_t rows, complete;
	uint64_t missing; /* figures, in all rows */
};

static uint64_t count_missing(const Suanpan__CoverageRow *row)
{
	return row->expected > row->received ? row->expected - row->received : 0;
}

/* An answer names only so many. */
static void get_missing(const void *row, struct cell *cell)
{
	const Suanpan__CoverageRow *coverage = row;

	cell->items = coverage->missing;
	cell->count = coverage->n_missing;
	cell->whole = count_missing(coverage);
}

/* clang-format off */
const struct column coverage_columns[] = {
	{.header = "statistic", STRING(statistic)},
	{.title = N_("Statistic"), .wraps = true, STRING(name)},
	{.header = "period", .title = N_("Period"), STRING(period)},
	{.header = "due", .title = N_("Due"), STRING(due)},
	{.header = "expected", .title = N_("Expected"), .right = true, COUNT(expected)},
	{.header = "received", .title = N_("Received"), .right = true, COUNT(received)},
	{.header = "on_time", .title = N_("On time"), .right = true, COUNT(on_time)},
	{.header = "late", .title = N_("Late"), .right = true, COUNT(late)},
	{.header = "days_late", .title = N_("Days late"), .type = COLUMN_NUMBER, .right = true,
	 COLUMN_OPTIONAL_COUNT(Suanpan__CoverageRow, days_late)},
	{.header = "missing", .title = N_("Missing"), .type = COLUMN_LIST, .wraps = true, .get = get_missing},
	{.header = "revised", .title = N_("Revised"), .right = true, COUNT(revised)},
	{.header = NULL},
};

const struct option_row coverage_options[] = {
	SETTINGS_OPTION(statistic, "CODE", "only this one; all that are reported so often if not given"),
	SETTINGS_OPTION(reporter, "NAME", "only what this one is to report"),
	SETTINGS_AS_OF,
	{.name = NULL},
};
/* clang-format on */

static int take(void *closure, const Suanpan__Answer *answer)
{
	struct coverage_printing *printing = closure;
	int result = 0;

	for (size_t i = 0; result == 0 && i < answer->n_coverage; i++) {
		const uint64_t missing = count_missing(answer->coverage[i]);

		printing->rows++;
		printing->complete += missing == 0;
		printing->missing += missing;
		result = output_row(printing->printing.output, answer->coverage[i]);
	}
	return result;
}

static int print_coverage(const struct settings *settings, Suanpan__Query *query)
{
	const struct output_shape shape = {
	    .format = settings->output_format,
	    .columns = coverage_columns,
	    .nothing = N_("nothing is due in that period"),
	};
	struct coverage_printing printing = {.rows = 0};
	const int status = session_print(settings, query, &shape, take, &printing.printing);

	if (status == EXIT_DONE && shape.format == OUTPUT_TABLE && printing.rows)
		printf(gettext("complete: %zu of %zu; missing: %" PRIu64 " in all\n"), printing.complete,
		       printing.rows, printing.missing);
	return status;
}

int coverage_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	char period[PERIOD_TEXT_SIZE];
	Suanpan__CoverageQuery coverage = SUANPAN__COVERAGE_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;

	(void)count;
	if (settings_check(settings) || settings_period("PERIOD", arguments[0], period))
		return EXIT_USAGE;
	coverage.period = period;
	coverage.statistic = settings->statistic;
	coverage.reporter = settings->reporter;
	query.coverage = &coverage;
	return print_coverage(settings, &query);
}
