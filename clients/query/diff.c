#include "clients/query/commands.h"

#include "clients/query/session.h"
#include "proto/period.h"
#include <string.h>

#define STRING(field) COLUMN_STRING(Suanpan__DiffRow, field)
#define COUNT(field)  .type = COLUMN_NUMBER, COLUMN_OPTIONAL_COUNT(Suanpan__DiffRow, field)

/* The last row is the whole, and of no area. */
static void get_shown_area(const void *row, struct cell *cell)
{
	const Suanpan__DiffRow *diff = row;

	cell->text = diff->area_name ? diff->area_name : diff->area ? diff->area : "in all";
}

static void get_shown_before(const void *row, struct cell *cell)
{
	const Suanpan__DiffRow *diff = row;

	cell->text = diff->before ? diff->before : gettext("none");
}

static void get_shown_after(const void *row, struct cell *cell)
{
	const Suanpan__DiffRow *diff = row;

	cell->text = diff->after ? diff->after : gettext("none");
}

static bool is_positive(const char *number)
{
	return *number != '-' && strpbrk(number, "123456789");
}

static void get_shown_step(const void *row, struct cell *cell)
{
	const Suanpan__DiffRow *diff = row;

	if (!diff->moved)
		return;
	snprintf(cell->scratch, sizeof cell->scratch, "%s%s", is_positive(diff->moved) ? "+" : "",
	         diff->moved);
	cell->text = cell->scratch;
}

/* clang-format off */
const struct column diff_columns[] = {
	{.header = "area", STRING(area)},
	{.title = N_("Area"), .get = get_shown_area},
	{.header = "statistic", .title = N_("Statistic"), STRING(statistic)},
	{.header = "period", .title = N_("Period"), STRING(period)},
	{.header = "before", .type = COLUMN_NUMBER, STRING(before)},
	{.title = N_("Before"), .right = true, .get = get_shown_before},
	{.header = "after", .type = COLUMN_NUMBER, STRING(after)},
	{.title = N_("After"), .right = true, .get = get_shown_after},
	{.header = "reporter", .title = N_("Reporter"), STRING(reporter)},
	{.header = "entry", COUNT(entry)},
	{.header = "commit", .title = N_("Commit"), .right = true, COUNT(commit)},
	{.header = "moved", .type = COLUMN_NUMBER, STRING(moved)},
	{.title = N_("Moved"), .right = true, .get = get_shown_step},
	{.header = NULL},
};

const struct option_row diff_options[] = {
	SETTINGS_OPTION(from, "COMMIT|DAY|TIME", "before: 17, 2024-05-01 (at its end) or 2024-05-01T12:00+08:00; has to be given"),
	SETTINGS_OPTION(to, "COMMIT|DAY|TIME", "after; now if not given"),
	{.name = NULL},
};
/* clang-format on */

static int take(void *closure, const Suanpan__Answer *answer)
{
	struct printing *printing = closure;
	int result = 0;

	for (size_t i = 0; result == 0 && i < answer->n_diff; i++)
		result = output_row(printing->output, answer->diff[i]);
	return result;
}

static int check_from(const char *from)
{
	if (from)
		return EXIT_DONE;
	fputs("suanpan diff: since when? expected --from with a commit, a day or a time: --from 2024-05-01\n",
	      stderr);
	return EXIT_USAGE;
}

int diff_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	char period[PERIOD_TEXT_SIZE];
	Suanpan__DiffQuery diff = SUANPAN__DIFF_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	struct printing printing;

	(void)count;
	if (settings_check(settings) || settings_period("PERIOD", arguments[2], period) ||
	    check_from(settings->from))
		return EXIT_USAGE;
	diff.code = arguments[0];
	diff.area = arguments[1];
	diff.period = period;
	diff.from = settings->from;
	diff.to = settings->to;
	query.diff = &diff;
	return session_print(settings, &query,
	                     &(struct output_shape){.format = settings->output_format,
	                                            .columns = diff_columns,
	                                            .nothing = N_("nothing changed")},
	                     take, &printing);
}
