#include "clients/query/commands.h"

#include "clients/query/session.h"
#include "proto/codes.h"
#include <string.h>

#define STRING(field)  COLUMN_STRING(Suanpan__ListRow, field)
#define STRINGS(field) .type = COLUMN_LIST, COLUMN_STRINGS(Suanpan__ListRow, field)
#define COUNT(field)   .type = COLUMN_NUMBER, COLUMN_OPTIONAL_COUNT(Suanpan__ListRow, field)

#define STREAM_SHOWN   8 /* digits, enough to tell a few apart */

static void get_stream(const void *row, struct cell *cell)
{
	const Suanpan__ListRow *list = row;

	if (!list->stream)
		return;
	snprintf(cell->scratch, sizeof cell->scratch, "%.*s", STREAM_SHOWN, list->stream);
	cell->text = cell->scratch;
}

static void get_end(const void *row, struct cell *cell)
{
	const Suanpan__ListRow *list = row;

	if (!list->followed_by)
		return;
	snprintf(cell->scratch, sizeof cell->scratch, "followed by %.*s", STREAM_SHOWN, list->followed_by);
	cell->text = cell->scratch;
}

/* clang-format off */
#define CODE_AND_NAME \
	{.header = "code", .title = N_("Code"), STRING(code)}, \
	{.header = "name", .title = N_("Name"), .wraps = true, STRING(name)}
#define OTHER_NAMES \
	{.header = "name_en", STRING(name_en)}, \
	{.header = "name_zh_hans", STRING(name_zh_hans)}, \
	{.header = "name_zh_hant", STRING(name_zh_hant)}

static const struct column area_columns[] = {
	CODE_AND_NAME,
	{.header = "kind", .title = N_("Kind"), .spoken = true, STRING(kind)},
	{.header = "parent", .title = N_("Parent"), STRING(parent)},
	{.header = "members", .title = N_("Members"), .wraps = true, .if_filled = true, STRINGS(member)},
	OTHER_NAMES,
	{.header = "valid_from", .title = N_("From"), .if_filled = true, STRING(valid_from)},
	{.header = "valid_to", .title = N_("To"), .if_filled = true, STRING(valid_to)},
	{.header = "successors", .title = N_("Successors"), .wraps = true, .if_filled = true, STRINGS(successor)},
	{.header = NULL},
};

static const struct column statistic_columns[] = {
	CODE_AND_NAME,
	{.header = "unit", .title = N_("Unit"), STRING(unit)},
	{.header = "decimals", .title = N_("Decimals"), .right = true, COUNT(decimals)},
	{.header = "kind", .title = N_("Kind"), .spoken = true, STRING(kind)},
	{.header = "frequency", .title = N_("Frequency"), STRING(frequency)},
	{.header = "level", .title = N_("Level"), .spoken = true, STRING(level)},
	{.header = "deadline_days", .title = N_("Deadline"), .right = true, COUNT(deadline_days)},
	{.header = "carry_months", .title = N_("Carry"), .right = true, COUNT(carry_months)},
	OTHER_NAMES,
	{.header = NULL},
};

static const struct column indicator_columns[] = {
	CODE_AND_NAME,
	{.header = "unit", .title = N_("Unit"), STRING(unit)},
	{.header = "decimals", .title = N_("Decimals"), .right = true, COUNT(decimals)},
	{.header = "frequency", .title = N_("Frequency"), STRING(frequency)},
	{.header = "coverage", .title = N_("Coverage"), .spoken = true, STRING(coverage)},
	{.header = "formula", .title = N_("Formula"), .wraps = true, STRING(formula)},
	OTHER_NAMES,
	{.header = NULL},
};

static const struct column plan_list_columns[] = {
	CODE_AND_NAME,
	{.header = "from", .title = N_("From"), .right = true, STRING(from)},
	{.header = "to", .title = N_("To"), .right = true, STRING(to)},
	{.header = "targets", .title = N_("Targets"), .right = true, COUNT(targets)},
	OTHER_NAMES,
	{.header = NULL},
};

static const struct column reporter_columns[] = {
	CODE_AND_NAME,
	{.header = "areas", .title = N_("Areas"), .wraps = true, STRINGS(scope_area)},
	{.header = "statistics", .title = N_("Statistics"), .wraps = true, .most = 5, STRINGS(scope_statistic)},
	{.header = "reports", .title = N_("Reports"), .right = true, COUNT(reports)},
	{.header = "last_report", .title = N_("Last report"), STRING(last_report)},
	OTHER_NAMES,
	{.header = "keys", .title = N_("Keys"), .right = true, .if_filled = true, COUNT(keys)},
	{.header = NULL},
};

static const struct column stream_columns[] = {
	{.header = "reporter", .title = N_("Reporter"), STRING(code)},
	{.header = "name", .title = N_("Name"), .wraps = true, STRING(name)},
	{.header = "stream", STRING(stream)},
	{.title = N_("Stream"), .get = get_stream},
	{.header = "last_sequence", .title = N_("Last"), .right = true, COUNT(last_sequence)},
	{.header = "gaps", .title = N_("Lost"), .right = true, COUNT(gaps)},
	{.header = "first_report", .title = N_("First report"), STRING(first_report)},
	{.header = "last_report", .title = N_("Last report"), STRING(last_report)},
	{.header = "followed_by", STRING(followed_by)},
	{.title = N_("Ended"), .if_filled = true, .get = get_end},
	{.header = NULL},
};
static const struct column closed_columns[] = {
	{.header = "period", .title = N_("Period"), STRING(code)},
	{.header = "why", .title = N_("Why"), .wraps = true, STRING(name)},
	{.header = "actor", .title = N_("By"), STRING(actor)},
	{.header = "time", .title = N_("Time"), STRING(time)},
	{.header = NULL},
};
/* clang-format on */

static const struct kind {
	const char *word;
	Suanpan__ListKind kind;
	bool only_now; /* the daemon keeps no past of it */
	const struct column *columns;
	const char *nothing;
} kinds[] = {
    {"areas", SUANPAN__LIST_KIND__LIST_AREAS, false, area_columns, N_("there are no areas")},
    {"statistics", SUANPAN__LIST_KIND__LIST_STATISTICS, false, statistic_columns,
     N_("there are no statistics")},
    {"indicators", SUANPAN__LIST_KIND__LIST_INDICATORS, false, indicator_columns,
     N_("there are no indicators")},
    {"plans", SUANPAN__LIST_KIND__LIST_PLANS, false, plan_list_columns, N_("there are no plans")},
    {"reporters", SUANPAN__LIST_KIND__LIST_REPORTERS, true, reporter_columns, N_("there are no reporters")},
    {"streams", SUANPAN__LIST_KIND__LIST_STREAMS, true, stream_columns, N_("nobody has reported yet")},
    {"closed", SUANPAN__LIST_KIND__LIST_CLOSED, false, closed_columns, N_("no period is closed")},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

static const struct kind *find_kind(const char *word)
{
	const char *words[KINDS], *nearest;

	for (size_t i = 0; i < KINDS; i++) {
		words[i] = kinds[i].word;
		if (strcmp(word, words[i]) == 0)
			return &kinds[i];
	}
	nearest = nearest_word(word, words, KINDS);
	fprintf(stderr, "suanpan list: there is no list of '%s'; ", word);
	if (nearest)
		fprintf(stderr, "did you mean '%s'?\n", nearest);
	else
		fputs("expected areas, statistics, indicators, plans, reporters, streams or closed\n",
		      stderr);
	return NULL;
}

static int take(void *closure, const Suanpan__Answer *answer)
{
	struct printing *printing = closure;
	int result = 0;

	for (size_t i = 0; result == 0 && i < answer->n_list; i++)
		result = output_row(printing->output, answer->list[i]);
	return result;
}

int list_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	const struct kind *kind = find_kind(arguments[0]);
	Suanpan__ListQuery list = SUANPAN__LIST_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	struct printing printing;

	(void)count;
	if (!kind || settings_check(settings))
		return EXIT_USAGE;
	if (kind->only_now && settings->as_of) {
		fprintf(stderr, "suanpan list: %s are known only as they are now, without --as-of\n",
		        kind->word);
		return EXIT_USAGE;
	}
	list.kind = kind->kind;
	query.list = &list;
	return session_print(settings, &query,
	                     &(struct output_shape){.format = settings->output_format,
	                                            .columns = kind->columns,
	                                            .nothing = kind->nothing},
	                     take, &printing);
}
