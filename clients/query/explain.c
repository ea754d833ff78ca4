/* What stands behind a value is no table: a head, then parts with a table each. So the whole answer is kept, and
 * printed when its last row is there. */
#include "clients/query/commands.h"

#include "clients/query/session.h"
#include "proto/period.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_SHOWN 8 /* digits of a stream, enough to tell a few apart */

struct explanation {
	Suanpan__ExplainRow **rows;
	size_t count;
};

/* One observation, with the part it stands behind. */
struct explained {
	Suanpan__Input input;
	const char *part;
};

#define STRING(field) COLUMN_STRING(struct explained, input.field)
#define COUNT(field)  .type = COLUMN_NUMBER, COLUMN_COUNT(struct explained, input.field)
#define FLAG(field)   .type = COLUMN_FLAG, COLUMN_IS(struct explained, input.field)

static void get_indent(const void *row, struct cell *cell)
{
	(void)row;
	cell->text = " ";
}

static void get_shown_value(const void *row, struct cell *cell)
{
	const Suanpan__Input *input = &((const struct explained *)row)->input;

	cell->text = input->value ? input->value : gettext("none");
}

/* "3fa81c02/12": of the stream only what tells it from the reporter's others. */
static void get_report(const void *row, struct cell *cell)
{
	const Suanpan__Input *input = &((const struct explained *)row)->input;

	snprintf(cell->scratch, sizeof cell->scratch, "%.*s/%" PRIu64, STREAM_SHOWN, input->stream,
	         input->sequence);
	cell->text = cell->scratch;
}

static void get_remark(const void *row, struct cell *cell)
{
	const Suanpan__Input *input = &((const struct explained *)row)->input;

	snprintf(cell->scratch, sizeof cell->scratch, "%s%s%s", input->carried ? gettext("carried") : "",
	         input->carried && !input->counted ? gettext(", ") : "",
	         input->counted ? "" : gettext("not counted"));
	cell->text = cell->scratch;
}

/* The first is left out in JSON, where inputs stand inside their part. */
/* clang-format off */
const struct column explain_columns[] = {
	{.header = "part", COLUMN_STRING(struct explained, part)},
	{.title = " ", .get = get_indent},
	{.header = "statistic", STRING(statistic)},
	{.header = "area", STRING(area)},
	{.title = N_("Area"), STRING(area_name)},
	{.header = "period", .title = N_("Period"), STRING(period)},
	{.header = "value", .type = COLUMN_NUMBER, STRING(value)},
	{.title = N_("Value"), .right = true, .get = get_shown_value},
	{.header = "status", .title = N_("Status"), STRING(status)},
	{.header = "revision", .title = N_("Revision"), .right = true, COUNT(revision)},
	{.header = "reporter", .title = N_("Reporter"), STRING(reporter)},
	{.header = "stream", STRING(stream)},
	{.header = "sequence", COUNT(sequence)},
	{.title = N_("Report"), .get = get_report},
	{.header = "entry", COUNT(entry)},
	{.header = "commit", .title = N_("Commit"), .right = true, COUNT(commit)},
	{.header = "time", .title = N_("Time"), STRING(time)},
	{.header = "counted", FLAG(counted)},
	{.header = "carried", FLAG(carried)},
	{.title = N_("Remark"), .if_filled = true, .get = get_remark},
	{.header = NULL},
};

static const struct column formula_columns[] = {
	{.header = "formula", COLUMN_STRING(Suanpan__ExplainRow, formula)},
	{.header = NULL},
};

static const struct column part_columns[] = {
	{.header = "text", COLUMN_STRING(Suanpan__Part, text)},
	{.header = "total", .type = COLUMN_NUMBER, COLUMN_STRING(Suanpan__Part, total)},
	{.header = "unit", COLUMN_STRING(Suanpan__Part, unit)},
	{.header = "from", COLUMN_STRING(Suanpan__Part, from)},
	{.header = "to", COLUMN_STRING(Suanpan__Part, to)},
	{.header = NULL},
};
/* clang-format on */

/* --------------------------------------------------------------------------------------------- keeping */

static int keep(struct explanation *explanation, const Suanpan__ExplainRow *row)
{
	Suanpan__ExplainRow **rows =
	    reallocarray(explanation->rows, explanation->count + 1, sizeof(Suanpan__ExplainRow *));

	if (!rows)
		return -ENOMEM;
	explanation->rows = rows;
	rows[explanation->count] = (Suanpan__ExplainRow *)session_copy(&row->base);
	if (!rows[explanation->count])
		return -ENOMEM;
	explanation->count++;
	return 0;
}

static int take(void *closure, const Suanpan__Answer *answer)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < answer->n_explain; i++)
		result = keep(closure, answer->explain[i]);
	return result;
}

static void forget(struct explanation *explanation)
{
	for (size_t i = 0; i < explanation->count; i++)
		suanpan__explain_row__free_unpacked(explanation->rows[i], NULL);
	free(explanation->rows);
}

/* Where the inputs end that follow the part at `at`. */
static size_t end_of_part(const struct explanation *explanation, size_t at)
{
	do
		at++;
	while (at < explanation->count && explanation->rows[at]->input);
	return at;
}

static int add_inputs(struct output *output, const struct explanation *explanation, size_t at)
{
	const size_t end = end_of_part(explanation, at);
	struct explained explained = {.part = explanation->rows[at]->part->text};
	int result = 0;

	for (size_t i = at + 1; result == 0 && i < end; i++) {
		explained.input = *explanation->rows[i]->input;
		result = output_row(output, &explained);
	}
	return result;
}

static int say_fault(int fault)
{
	fprintf(stderr, "suanpan: %s\n", fault_text(fault));
	return EXIT_REFUSED;
}

/* ------------------------------------------------------------------------------------------------ table */

/* A line of the head: one word, and what it says. */
struct fact {
	const char *word;
	struct cell cell;
};

static void get_word(const void *row, struct cell *cell)
{
	cell->text = ((const struct fact *)row)->word;
}

static void get_fact(const void *row, struct cell *cell)
{
	*cell = ((const struct fact *)row)->cell;
}

static const struct column head_columns[] = {
    {.title = " ", .get = get_indent},
    {.title = N_("Word"), .spoken = true, .get = get_word},
    {.title = N_("Fact"), .type = COLUMN_LIST, .wraps = true, .get = get_fact},
    {.header = NULL},
};

static int add_fact(struct output *output, const char *word, char *text)
{
	const struct fact fact = {.word = word, .cell = {.items = &text, .count = 1}};

	return text ? output_row(output, &fact) : 0;
}

static int add_names(struct output *output, const char *word, const struct cell *names)
{
	const struct fact fact = {.word = word, .cell = *names};

	return names->count ? output_row(output, &fact) : 0;
}

static int add_value(struct output *output, const Suanpan__Value *value)
{
	struct cell cell = {.text = NULL};
	char text[256];

	cell_value(value, &cell);
	snprintf(text, sizeof text, "%s%s%s", cell.text, value->value && *value->unit ? " " : "",
	         value->value ? value->unit : "");
	return add_fact(output, N_("value"), text);
}

static int add_coverage(struct output *output, const Suanpan__Value *value)
{
	struct cell cell = {.text = NULL}, missing = {.text = NULL};
	const struct cell carried = {.items = value->carried, .count = value->n_carried};
	int result;

	cell_coverage(value, &cell);
	cell_missing(value, &missing);
	result = add_fact(output, N_("coverage"), cell.scratch);
	if (result == 0)
		result = add_names(output, N_("missing"), &missing);
	return result ? result : add_names(output, N_("carried"), &carried);
}

static int print_head(const Suanpan__ExplainRow *row)
{
	const struct output_shape shape = {.columns = head_columns, .bare = true};
	struct output *output;
	int result = output_open(stdout, &shape, &output);

	if (result)
		return say_fault(result);
	printf("%s, %s, %s\n", row->value->code, row->value->area_name, row->value->period);
	result = add_fact(output, N_("formula"), row->formula);
	if (result == 0)
		result = add_value(output, row->value);
	if (result == 0)
		result = add_coverage(output, row->value);
	return output_close(output, result ? say_fault(result) : EXIT_DONE);
}

/* hospital_beds = 89617 beds (2020-06) */
static void print_part_line(const Suanpan__Part *part)
{
	const bool many = strcmp(part->from, part->to) != 0;

	printf("\n%s", part->text);
	if (part->total)
		printf(" = %s%s%s", part->total, *part->unit ? " " : "", part->unit);
	else
		printf("%s%s", gettext(": "), gettext("no data"));
	printf(" (%s%s%s)\n", part->from, many ? gettext(" to ") : "", many ? part->to : "");
}

static int print_part(const struct explanation *explanation, size_t at)
{
	const struct output_shape shape = {.columns = explain_columns};
	struct output *output;
	int result;

	print_part_line(explanation->rows[at]->part);
	if (end_of_part(explanation, at) == at + 1) {
		printf("  %s\n", gettext("nothing reported"));
		return EXIT_DONE;
	}
	result = output_open(stdout, &shape, &output);
	if (result)
		return say_fault(result);
	result = add_inputs(output, explanation, at);
	return output_close(output, result ? say_fault(result) : EXIT_DONE);
}

static int print_table(const struct explanation *explanation)
{
	int status = EXIT_DONE;

	if (!explanation->count)
		fprintf(stderr, "%s\n", gettext("nothing to explain"));
	for (size_t i = 0; status == EXIT_DONE && i < explanation->count; i++) {
		if (explanation->rows[i]->value)
			status = print_head(explanation->rows[i]);
		if (status == EXIT_DONE && explanation->rows[i]->part)
			status = print_part(explanation, i);
	}
	return status;
}

/* ------------------------------------------------------------------------------------------ CSV, JSON */

static int print_csv(const struct explanation *explanation)
{
	const struct output_shape shape = {.format = OUTPUT_CSV, .columns = explain_columns};
	struct output *output;
	int result = output_open(stdout, &shape, &output);

	if (result)
		return say_fault(result);
	for (size_t i = 0; result == 0 && i < explanation->count; i++)
		if (explanation->rows[i]->part)
			result = add_inputs(output, explanation, i);
	return output_close(output, result ? say_fault(result) : EXIT_DONE);
}

static void print_json_inputs(const struct explanation *explanation, size_t at)
{
	const size_t end = end_of_part(explanation, at);

	for (size_t i = at + 1; i < end; i++) {
		const struct explained explained = {.input = *explanation->rows[i]->input};

		fputs(i == at + 1 ? "\n{" : ",\n{", stdout);
		output_members(stdout, explain_columns + 1, &explained);
		fputs(i + 1 == end ? "}\n" : "}", stdout);
	}
}

static void print_json_parts(const struct explanation *explanation)
{
	const char *between = "\n{";

	for (size_t i = 0; i < explanation->count; i++) {
		if (!explanation->rows[i]->part)
			continue;
		fputs(between, stdout);
		output_members(stdout, part_columns, explanation->rows[i]->part);
		fputs(", \"inputs\": [", stdout);
		print_json_inputs(explanation, i);
		fputs("]}", stdout);
		between = ",\n{";
	}
}

static int print_json(const struct explanation *explanation)
{
	const Suanpan__ExplainRow *head = explanation->count ? explanation->rows[0] : NULL;

	if (!head || !head->value) {
		puts("null");
		return EXIT_DONE;
	}
	putchar('{');
	output_members(stdout, get_columns, head->value);
	fputs(", ", stdout);
	output_members(stdout, formula_columns, head);
	fputs(", \"parts\": [", stdout);
	print_json_parts(explanation);
	puts("\n]}");
	return EXIT_DONE;
}

/* ---------------------------------------------------------------------------------------- all forms */

static int print_explanation(enum output_format format, const struct explanation *explanation)
{
	int status = EXIT_DONE;

	switch (format) {
	case OUTPUT_CSV:
		return print_csv(explanation);
	case OUTPUT_JSON:
		status = print_json(explanation);
		break;
	case OUTPUT_TABLE:
		status = print_table(explanation);
		break;
	}
	if (status == EXIT_DONE && (fflush(stdout) || ferror(stdout)))
		return say_fault(-errno);
	return status;
}

static int ask_and_print(const struct settings *settings, Suanpan__Query *query)
{
	struct explanation explanation = {.count = 0};
	struct session session;
	int status = session_open(settings, &session);

	if (status)
		return status;
	status = session_ask(&session, query, take, &explanation);
	session_close(&session);
	if (status == EXIT_DONE)
		status = print_explanation(settings->output_format, &explanation);
	forget(&explanation);
	return status;
}

int explain_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	char period[PERIOD_TEXT_SIZE];
	Suanpan__ExplainQuery explain = SUANPAN__EXPLAIN_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;

	(void)count;
	if (settings_check(settings) || settings_period("PERIOD", arguments[2], period))
		return EXIT_USAGE;
	explain.code = arguments[0];
	explain.area = arguments[1];
	explain.period = period;
	query.explain = &explain;
	return ask_and_print(settings, &query);
}
