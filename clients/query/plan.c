#include "clients/query/commands.h"

#include "clients/query/session.h"
#include "proto/period.h"
#include <string.h>

#define STRING(field) COLUMN_STRING(Suanpan__PlanRow, field)

static const struct verdict {
	const char *word, *colour;
} verdicts[] = {
    {"met", "green"},     {"on track", "green"}, {"behind", "yellow"},
    {"off track", "red"}, {"no data", NULL},     {"cancelled", NULL},
};

#define VERDICTS (sizeof verdicts / sizeof verdicts[0])

/* How the targets of an answer stand; `all` counts those too whose verdict is a word unknown here. */
struct tally {
	size_t all, verdict[VERDICTS];
};

struct plan_printing {
	struct printing printing;
	struct tally every, binding;
};

static void get_value(const void *row, struct cell *cell)
{
	cell->text = ((const Suanpan__PlanRow *)row)->value->value;
}

static void get_status(const void *row, struct cell *cell)
{
	cell->text = ((const Suanpan__PlanRow *)row)->value->status;
}

static void get_shown_value(const void *row, struct cell *cell)
{
	cell_value(((const Suanpan__PlanRow *)row)->value, cell);
}

static void get_coverage(const void *row, struct cell *cell)
{
	cell_coverage(((const Suanpan__PlanRow *)row)->value, cell);
}

static void get_reported(const void *row, struct cell *cell)
{
	cell_count(((const Suanpan__PlanRow *)row)->value->reported, cell);
}

static void get_expected(const void *row, struct cell *cell)
{
	cell_count(((const Suanpan__PlanRow *)row)->value->expected, cell);
}

static void get_target(const void *row, struct cell *cell)
{
	const Suanpan__PlanRow *target = row;

	snprintf(cell->scratch, sizeof cell->scratch, "%s%s%s", target->comparison, target->target ? " " : "",
	         target->target ? target->target : "");
	cell->text = cell->scratch;
}

static const struct verdict *find_verdict(const char *word)
{
	for (size_t i = 0; i < VERDICTS; i++)
		if (strcmp(word, verdicts[i].word) == 0)
			return &verdicts[i];
	return NULL;
}

static void get_verdict(const void *row, struct cell *cell)
{
	const Suanpan__PlanRow *target = row;
	const struct verdict *verdict = find_verdict(target->verdict);

	cell->text = target->verdict;
	cell->colour = verdict ? verdict->colour : NULL;
}

/* clang-format off */
const struct column plan_columns[] = {
	{.header = "row", .title = "Row", .right = true, STRING(row)},
	{.header = "indicator", STRING(indicator)},
	{.header = "name", .title = "Name", .wraps = true, STRING(name)},
	{.header = "unit", .title = "Unit", STRING(unit)},
	{.header = "baseline", .title = "Baseline", .type = COLUMN_NUMBER, .right = true, STRING(baseline)},
	{.header = "value", .type = COLUMN_NUMBER, .get = get_value},
	{.title = "Value", .right = true, .get = get_shown_value},
	{.header = "comparison", STRING(comparison)},
	{.header = "target", .type = COLUMN_NUMBER, STRING(target)},
	{.title = "Target", .right = true, .get = get_target},
	{.header = "nature", .title = "Nature", STRING(nature)},
	{.header = "verdict", .title = "Verdict", .get = get_verdict},
	{.header = "status", .get = get_status},
	{.header = "reported", .type = COLUMN_NUMBER, .get = get_reported},
	{.header = "expected", .type = COLUMN_NUMBER, .get = get_expected},
	{.title = "Coverage", .get = get_coverage},
	{.title = "Note", .wraps = true, .if_filled = true, STRING(note)},
	{.header = NULL},
};

const struct option_row plan_options[] = {
	SETTINGS_OPTION(period, "PERIOD", "when; the newest year with data if not given"),
	SETTINGS_OPTION(area, "AREA", "a code, a name in any script, or a group; each target's own if not given"),
	SETTINGS_AS_OF,
	{.name = NULL},
};
/* clang-format on */

static void count_verdict(struct tally *tally, const char *word)
{
	const struct verdict *verdict = find_verdict(word);

	tally->all++;
	if (verdict)
		tally->verdict[verdict - verdicts]++;
}

static int take(void *closure, const Suanpan__Answer *answer)
{
	struct plan_printing *printing = closure;
	int result = 0;

	for (size_t i = 0; result == 0 && i < answer->n_plan; i++) {
		const Suanpan__PlanRow *row = answer->plan[i];

		count_verdict(&printing->every, row->verdict);
		if (strcmp(row->nature, "binding") == 0)
			count_verdict(&printing->binding, row->verdict);
		result = output_row(printing->printing.output, row);
	}
	return result;
}

static void print_tally(const char *what, const struct tally *tally)
{
	printf("%zu %s:", tally->all, what);
	for (size_t i = 0; i < VERDICTS; i++)
		printf("%s %zu %s", i ? "," : "", tally->verdict[i], verdicts[i].word);
	putchar('\n');
}

static int print_plan(const struct settings *settings, Suanpan__Query *query)
{
	const struct output_shape shape = {
	    .format = settings->output_format,
	    .columns = plan_columns,
	    .nothing = "the plan has no targets",
	};
	struct plan_printing printing = {.every = {0}};
	const int status = session_print(settings, query, &shape, take, &printing.printing);

	if (status == EXIT_DONE && shape.format == OUTPUT_TABLE && printing.every.all) {
		print_tally("targets", &printing.every);
		print_tally("of them binding", &printing.binding);
	}
	return status;
}

int plan_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	char period[PERIOD_TEXT_SIZE];
	Suanpan__PlanQuery plan = SUANPAN__PLAN_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;

	(void)count;
	if (settings_check(settings))
		return EXIT_USAGE;
	if (settings->period && settings_period("--period", settings->period, period))
		return EXIT_USAGE;
	plan.plan = arguments[0];
	plan.period = settings->period ? period : NULL;
	plan.area = settings->area;
	query.plan = &plan;
	return print_plan(settings, &query);
}
