#include "clients/query/commands.h"

#include "clients/query/session.h"
#include "proto/period.h"

#define STRING(field) COLUMN_STRING(Suanpan__Revision, field)
#define COUNT(field)  .type = COLUMN_NUMBER, COLUMN_COUNT(Suanpan__Revision, field)

static void get_shown_value(const void *row, struct cell *cell)
{
	const Suanpan__Revision *revision = row;

	cell->text = revision->value ? revision->value : gettext("none");
}

/* clang-format off */
const struct column history_columns[] = {
	{.header = "revision", .title = N_("Revision"), .right = true, COUNT(revision)},
	{.header = "value", .type = COLUMN_NUMBER, STRING(value)},
	{.title = N_("Value"), .right = true, .get = get_shown_value},
	{.header = "unit", .title = N_("Unit"), STRING(unit)},
	{.header = "status", .title = N_("Status"), STRING(status)},
	{.header = "time", .title = N_("Time"), STRING(time)},
	{.header = "reporter", .title = N_("Reporter"), STRING(reporter)},
	{.header = "stream", .title = N_("Stream"), STRING(stream)},
	{.header = "sequence", .title = N_("Sequence"), .right = true, COUNT(sequence)},
	{.header = "entry", .title = N_("Entry"), .right = true, COUNT(entry)},
	{.header = "commit", .title = N_("Commit"), .right = true, COUNT(commit)},
	{.header = "note", .title = N_("Note"), .wraps = true, .if_filled = true, STRING(note)},
	{.header = "source", .title = N_("Source"), .if_filled = true, STRING(source)},
	{.header = "confirm", .title = N_("Confirmed"), .wraps = true, .if_filled = true, STRING(confirm)},
	{.header = "correction", .title = N_("Correction"), .wraps = true, .if_filled = true, STRING(correction)},
	{.header = NULL},
};
/* clang-format on */

static int take(void *closure, const Suanpan__Answer *answer)
{
	struct printing *printing = closure;
	int result = 0;

	for (size_t i = 0; result == 0 && i < answer->n_history; i++)
		result = output_row(printing->output, answer->history[i]);
	return result;
}

int history_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	char period[PERIOD_TEXT_SIZE];
	Suanpan__HistoryQuery history = SUANPAN__HISTORY_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	struct printing printing;

	(void)count;
	if (settings_check(settings) || settings_period("PERIOD", arguments[2], period))
		return EXIT_USAGE;
	history.statistic = arguments[0];
	history.area = arguments[1];
	history.period = period;
	query.history = &history;
	return session_print(settings, &query,
	                     &(struct output_shape){.format = settings->output_format,
	                                            .columns = history_columns,
	                                            .nothing = N_("nothing reported yet")},
	                     take, &printing);
}
