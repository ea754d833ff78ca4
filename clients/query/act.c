/* What operators do: not questions, and the only commands that change anything. */
#include "clients/query/commands.h"

#include "clients/query/session.h"
#include "proto/period.h"
#include <pwd.h>
#include <unistd.h>

/* clang-format off */
static const struct column done_columns[] = {
	{.header = "changed", .type = COLUMN_FLAG, COLUMN_IS(Suanpan__Done, changed)},
	{.header = "text", .title = "", COLUMN_STRING(Suanpan__Done, text)},
	{.header = "commit", .type = COLUMN_NUMBER, COLUMN_OPTIONAL_COUNT(Suanpan__Done, commit)},
	{.header = "entry", .type = COLUMN_NUMBER, COLUMN_OPTIONAL_COUNT(Suanpan__Done, entry)},
	{.header = NULL},
};

const struct option_row act_options[] = {
	SETTINGS_OPTION(why, "TEXT", "the reason; kept for good, with who did it"),
	{.name = NULL},
};
/* clang-format on */

static int take(void *closure, const Suanpan__Answer *answer)
{
	struct printing *printing = closure;

	return answer->done ? output_row(printing->output, answer->done) : 0;
}

/* Where a key says who we are, the daemon knows better. */
static char *name_actor(const struct settings *settings)
{
	const struct passwd *user = settings->identity.key_file ? NULL : getpwuid(getuid());
	static char number[32];

	if (settings->identity.key_file)
		return NULL;
	if (user)
		return user->pw_name;
	snprintf(number, sizeof number, "user %lu", (unsigned long)getuid());
	return number;
}

int act_run(struct settings *settings, Suanpan__Act *act)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	struct printing printing;

	if (settings_check(settings))
		return EXIT_USAGE;
	if (!settings->why && act->kind != SUANPAN__ACT_KIND__ACT_LOOK) {
		fputs("suanpan: --why is missing: every act needs a reason\n", stderr);
		return EXIT_USAGE;
	}
	act->why = settings->why;
	act->actor = name_actor(settings);
	query.act = act;
	return session_print(
	    settings, &query,
	    &(struct output_shape){.format = settings->output_format, .columns = done_columns, .bare = true},
	    take, &printing);
}

static int run_for_period(void *settings, Suanpan__ActKind kind, const char *given)
{
	Suanpan__Act act = SUANPAN__ACT__INIT;
	char period[PERIOD_TEXT_SIZE];

	if (settings_period("PERIOD", given, period))
		return EXIT_USAGE;
	act.kind = kind;
	act.period = period;
	return act_run(settings, &act);
}

int close_run(void *settings, int count, char *arguments[])
{
	(void)count;
	return run_for_period(settings, SUANPAN__ACT_KIND__ACT_CLOSE, arguments[0]);
}

int reopen_run(void *settings, int count, char *arguments[])
{
	(void)count;
	return run_for_period(settings, SUANPAN__ACT_KIND__ACT_REOPEN, arguments[0]);
}
