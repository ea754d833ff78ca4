/* Alerts: those there are, those that come, and what an operator does about one. */
#include "clients/query/commands.h"

#include "clients/query/session.h"
#include "proto/codes.h"
#include "proto/decimal.h"
#include <inttypes.h>
#include <string.h>

#define STRING(field) COLUMN_STRING(Suanpan__Alert, field)

static const char *const kind_words[] = {"overdue", "rule", "verdict", "forecast", "missed"};
static const char *const state_words[] = {"open", "acknowledged", "resolved"};

#define KINDS  (sizeof kind_words / sizeof kind_words[0])
#define STATES (sizeof state_words / sizeof state_words[0])

static void get_kind(const void *row, struct cell *cell)
{
	const int kind = (int)((const Suanpan__Alert *)row)->kind;

	cell->text = kind >= 1 && kind <= (int)KINDS ? kind_words[kind - 1] : "?";
}

static void get_state(const void *row, struct cell *cell)
{
	static const char *const colours[STATES] = {"red", "yellow", NULL};
	const int state = (int)((const Suanpan__Alert *)row)->state;

	cell->text = "?";
	if (state < 1 || state > (int)STATES)
		return;
	cell->text = state_words[state - 1];
	cell->colour = colours[state - 1];
}

/* clang-format off */
const struct column alerts_columns[] = {
	{.header = "number", .title = N_("Number"), .right = true, .type = COLUMN_NUMBER, COLUMN_COUNT(Suanpan__Alert, number)},
	{.header = "kind", .title = N_("Kind"), .spoken = true, .get = get_kind},
	{.header = "state", .title = N_("State"), .spoken = true, .get = get_state},
	{.header = "raised", .title = N_("Raised"), STRING(raised)},
	{.header = "changed", STRING(changed)},
	{.header = "text", .title = N_("What"), .wraps = true, STRING(text)},
	{.header = "actor", .title = N_("By"), .if_filled = true, STRING(actor)},
	{.header = "why", .title = N_("Why"), .if_filled = true, .wraps = true, STRING(why)},
	{.header = "code", STRING(code)},
	{.header = "area", STRING(area)},
	{.header = "period", STRING(period)},
	{.header = "plan", STRING(plan)},
	{.header = "row", STRING(row)},
	{.header = "nature", STRING(nature)},
	{.header = "reporter", STRING(reporter)},
	{.header = "rule", STRING(rule)},
	{.header = "provisional", .type = COLUMN_FLAG, COLUMN_IS(Suanpan__Alert, provisional)},
	{.header = "raised_commit", .type = COLUMN_NUMBER, COLUMN_COUNT(Suanpan__Alert, raised_commit)},
	{.header = "changed_commit", .type = COLUMN_NUMBER, COLUMN_COUNT(Suanpan__Alert, changed_commit)},
	{.header = NULL},
};

const struct option_row alerts_options[] = {
	{.name = "open", .sentence = N_("only those that are not resolved"), .offset = offsetof(struct settings, open)},
	SETTINGS_OPTION(area, "AREA", "only of this area or group, and of what lies inside it"),
	SETTINGS_OPTION(kind, "KIND", "only overdue, rule, verdict, forecast or missed"),
	SETTINGS_OPTION(why, "TEXT", "of ack and resolve: the reason; kept for good, with who did it"),
	SETTINGS_OPTION(count, "NUMBER", "of watch: stop after so many"),
	SETTINGS_AS_OF,
	{.name = NULL},
};
/* clang-format on */

static int take(void *closure, const Suanpan__Answer *answer)
{
	struct printing *printing = closure;
	int result = 0;

	for (size_t i = 0; result == 0 && i < answer->n_alert; i++)
		result = output_row(printing->output, answer->alert[i]);
	return result;
}

static int read_kind(const char *word, Suanpan__AlertsQuery *alerts)
{
	const char *nearest;

	for (size_t i = 0; word && i < KINDS; i++)
		if (strcmp(word, kind_words[i]) == 0) {
			alerts->has_kind = 1;
			alerts->kind = (Suanpan__AlertKind)(i + 1);
			return EXIT_DONE;
		}
	if (!word)
		return EXIT_DONE;
	nearest = nearest_word(word, kind_words, KINDS);
	fprintf(stderr,
	        "suanpan alerts: --kind '%s': expected overdue, rule, verdict, forecast or missed%s%s%s\n",
	        word, nearest ? "; the nearest is '" : "", nearest ? nearest : "", nearest ? "'" : "");
	return EXIT_USAGE;
}

static int list_alerts(const struct settings *settings)
{
	const struct output_shape shape = {.format = settings->output_format,
	                                   .columns = alerts_columns,
	                                   .nothing = settings->open ? N_("no alert is open")
	                                                             : N_("there are no alerts")};
	Suanpan__AlertsQuery alerts = SUANPAN__ALERTS_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	struct printing printing;

	if (read_kind(settings->kind, &alerts))
		return EXIT_USAGE;
	alerts.has_open = settings->open;
	alerts.open = settings->open;
	alerts.area = settings->area;
	query.alerts = &alerts;
	return session_print(settings, &query, &shape, take, &printing);
}

/* ---------------------------------------------------------------------------------------------- acts */

static int act_on_alert(struct settings *settings, Suanpan__ActKind kind, const char *number)
{
	Suanpan__Act act = SUANPAN__ACT__INIT;
	int64_t alert;

	if (!number || decimal_parse(number, strlen(number), 0, &alert) || alert <= 0) {
		fprintf(stderr, "suanpan alerts: '%s' is no alert's number\n", number ? number : "");
		return EXIT_USAGE;
	}
	act.kind = kind;
	act.has_alert = 1;
	act.alert = (uint64_t)alert;
	return act_run(settings, &act);
}

static int look_now(struct settings *settings, const char *nothing)
{
	Suanpan__Act act = SUANPAN__ACT__INIT;

	if (nothing) {
		fprintf(stderr, "suanpan alerts look: '%s': expected nothing more\n", nothing);
		return EXIT_USAGE;
	}
	act.kind = SUANPAN__ACT_KIND__ACT_LOOK;
	return act_run(settings, &act);
}

int alerts_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	const char *word = count > 0 ? arguments[0] : NULL, *more = count > 1 ? arguments[1] : NULL;

	if (word && strcmp(word, "ack") == 0)
		return act_on_alert(settings, SUANPAN__ACT_KIND__ACT_ACKNOWLEDGE, more);
	if (word && strcmp(word, "resolve") == 0)
		return act_on_alert(settings, SUANPAN__ACT_KIND__ACT_RESOLVE, more);
	if (word && strcmp(word, "look") == 0)
		return look_now(settings, more);
	if (settings_check(settings))
		return EXIT_USAGE;
	if (!word)
		return list_alerts(settings);
	if (strcmp(word, "watch") == 0 && !more)
		return alerts_watch(settings);
	fprintf(stderr, "suanpan alerts: '%s': expected ack N, resolve N, look, watch, or nothing\n",
	        more ? more : word);
	return EXIT_USAGE;
}
