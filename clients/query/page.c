#include "clients/query/page.h"

#include "clients/query/commands.h"
#include "clients/query/fold.h"
#include "clients/query/output.h"
#include "clients/query/session.h"
#include "clients/query/spark.h"
#include "proto/decimal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH          160 /* on paper; a terminal has its own */
#define WIDTH_FOR_MORE 150 /* below it there is no room for what else is known of a path */
#define PLACES         6

/* A row and the page that it stands on, which is what getters get. */
struct entry {
	const struct page *page;
	const Suanpan__PlanRow *target;
};

static const Suanpan__PlanRow *target_of(const void *row)
{
	return ((const struct entry *)row)->target;
}

static bool is_binding(const Suanpan__PlanRow *target)
{
	return strcmp(target->nature, "binding") == 0;
}

static const char digits[] = "0123456789";

static bool is_number(const char *text)
{
	int64_t units;

	return decimal_parse(text, strlen(text), PLACES, &units) == 0;
}

/* -------------------------------------------------------------------------------------------- verdicts */

static const struct verdict {
	const char *word, *colour;
	bool always; /* counted even where there is none */
} verdicts[] = {
    {N_("met"), "green", true},     {N_("on track"), "green", true}, {N_("behind"), "yellow", true},
    {N_("off track"), "red", true}, {N_("no data"), NULL, true},     {N_("cancelled"), NULL, false},
};

#define VERDICTS (sizeof verdicts / sizeof verdicts[0])

/* How the targets of an answer stand; `all` counts those too whose verdict is a word unknown here. */
struct tally {
	size_t all, provisional, verdict[VERDICTS];
};

static const struct verdict *find_verdict(const char *word)
{
	for (size_t i = 0; i < VERDICTS; i++)
		if (strcmp(word, verdicts[i].word) == 0)
			return &verdicts[i];
	return NULL;
}

static void count_verdict(struct tally *tally, const Suanpan__PlanRow *target)
{
	const struct verdict *verdict = find_verdict(target->verdict);

	tally->all++;
	tally->provisional += target->provisional;
	if (verdict)
		tally->verdict[verdict - verdicts]++;
}

static void print_tally(const struct tally *tally)
{
	const char *comma = "";

	for (size_t i = 0; i < VERDICTS; i++) {
		if (!verdicts[i].always && tally->verdict[i] == 0)
			continue;
		printf("%s", comma);
		/* for translators: how many, and a verdict */
		printf(gettext("%zu %s"), tally->verdict[i], gettext(verdicts[i].word));
		comma = gettext(", ");
	}
	if (tally->provisional)
		printf(gettext("; provisional: %zu"), tally->provisional);
	putchar('\n');
}

/* ---------------------------------------------------------------------------------------------- targets */

/* How the plan says what is aimed at; the number goes where %s is. */
static const struct shape {
	const char *comparison, *words;
	bool in_words; /* the plan's own text has its number inside: "穩定在85以上" */
} shapes[] = {
    {">=", N_(">= %s"), false},
    {">", N_("> %s"), true},
    {"<=", N_("<= %s"), false},
    {"<", N_("< %s"), false},
    {"=", N_("= %s"), false},
    {"about", N_("about %s"), true},
    {"hold>=", N_("hold >= %s"), true},
    {"hold=", N_("hold = %s"), false},
    {"strive>=", N_("strive >= %s"), true},
    {"tracks-gdp", N_("as %s"), false},
};

/* What the plan says in words alone, as it prints it; here to be said in the reader's script. */
static const char *const sayings[] = {N_("應保盡保"), N_("動態清零"), N_("與經濟增長基本同步")};

static const struct shape *find_shape(const char *comparison)
{
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		if (strcmp(shapes[i].comparison, comparison) == 0)
			return &shapes[i];
	return NULL;
}

static const char *say(const char *text)
{
	for (size_t i = 0; i < sizeof sayings / sizeof sayings[0]; i++)
		if (strcmp(text, sayings[i]) == 0)
			return gettext(sayings[i]);
	return text;
}

/* `number` in the place of %s. */
static void put_into(const char *words, const char *number, size_t length, struct cell *cell)
{
	const char *place = strstr(words, "%s");

	snprintf(cell->scratch, sizeof cell->scratch, "%.*s%.*s%s", place ? (int)(place - words) : 0, words,
	         (int)length, number, place ? place + strlen("%s") : "");
	cell->text = cell->scratch;
}

static size_t length_of_number(const char *text)
{
	const size_t whole = strspn(text, digits);

	return text[whole] == '.' ? whole + 1 + strspn(text + whole + 1, digits) : whole;
}

/* A number, or (tracks-gdp, where it is no saying) the code of a series. */
static bool is_plain(const struct shape *shape, const char *text)
{
	return is_number(text) || (strcmp(shape->comparison, "tracks-gdp") == 0 && say(text) == text);
}

static void get_target(const void *row, struct cell *cell)
{
	const Suanpan__PlanRow *target = target_of(row);
	const struct shape *shape = find_shape(target->comparison);
	const char *text = target->target, *number = text ? strpbrk(text, digits) : NULL;

	if (!text)
		cell->text = target->comparison;
	else if (shape && is_plain(shape, text))
		put_into(language_text(shape->words), text, strlen(text), cell);
	else if (shape && shape->in_words && number)
		put_into(language_text(shape->words), number, length_of_number(number), cell);
	else
		cell->text = say(text);
}

/* ------------------------------------------------------------------------------------------- other cells */

static void get_mark(const void *row, struct cell *cell)
{
	cell->text = is_binding(target_of(row)) ? "*" : "";
}

static void get_row(const void *row, struct cell *cell)
{
	cell->text = target_of(row)->row;
}

static void get_name(const void *row, struct cell *cell)
{
	const Suanpan__PlanRow *target = target_of(row);

	cell->text = target->name;
	if (!*target->unit)
		return;
	/* for translators: an indicator, and its unit */
	snprintf(cell->scratch, sizeof cell->scratch, gettext("%s (%s)"), target->name, target->unit);
	cell->text = cell->scratch;
}

static void get_baseline(const void *row, struct cell *cell)
{
	const char *baseline = target_of(row)->baseline;

	cell->text = baseline ? say(baseline) : NULL;
}

static void get_value(const void *row, struct cell *cell)
{
	const char *value = target_of(row)->value->value;

	cell->text = value ? value : "-";
}

/* A target without a number is drawn as what the path asks for. */
static void get_way(const void *row, struct cell *cell)
{
	const struct entry *entry = row;
	const Suanpan__PlanRow *target = entry->target;
	const char *number = target->target ? strpbrk(target->target, digits) : NULL;
	char goal[DECIMAL_TEXT_SIZE];

	if (number)
		snprintf(goal, sizeof goal, "%.*s", (int)length_of_number(number), number);
	spark_draw(target->way, target->n_way, number ? goal : target->path, entry->page->ascii,
	           cell->scratch);
	cell->text = cell->scratch;
}

static void get_path(const void *row, struct cell *cell)
{
	cell->text = target_of(row)->path;
}

static void get_verdict(const void *row, struct cell *cell)
{
	const struct verdict *verdict = find_verdict(target_of(row)->verdict);

	cell->text = verdict ? gettext(verdict->word) : target_of(row)->verdict;
	cell->colour = verdict ? verdict->colour : NULL;
}

static void get_reached(const void *row, struct cell *cell)
{
	cell->text = target_of(row)->reached;
}

static void get_forecast(const void *row, struct cell *cell)
{
	const struct entry *entry = row;
	const Suanpan__PlanRow *target = entry->target;

	cell->text = target->forecast;
	if (!target->forecast || !target->forecast_low || !target->forecast_high)
		return;
	snprintf(cell->scratch, sizeof cell->scratch, "%s (%s%s%s)", target->forecast, target->forecast_low,
	         entry->page->ascii ? ".." : "–", target->forecast_high);
	cell->text = cell->scratch;
}

static void get_chance(const void *row, struct cell *cell)
{
	const Suanpan__PlanRow *target = target_of(row);
	const uint64_t chance = target->chance;

	if (!target->has_chance)
		return;
	snprintf(cell->scratch, sizeof cell->scratch, "%s%u%%",
	         chance == 0     ? "<"
	         : chance >= 100 ? ">"
	                         : "",
	         chance == 0     ? 1
	         : chance >= 100 ? 99
	                         : (unsigned)chance);
	cell->text = cell->scratch;
}

static void get_coverage(const void *row, struct cell *cell)
{
	const Suanpan__PlanRow *target = target_of(row);
	const size_t length = (cell_coverage(target->value, cell), strlen(cell->scratch));

	if (target->provisional && strchr(cell->scratch, ' ') == NULL)
		snprintf(cell->scratch + length, sizeof cell->scratch - length, " P");
}

/* clang-format off */
static const struct column columns[] = {
	{.title = "", .get = get_mark, .if_filled = true},
	{.title = N_("Row"), .right = true, .get = get_row},
	{.title = N_("Indicator"), .folds = true, .get = get_name},
	{.title = N_("Baseline"), .right = true, .if_filled = true, .get = get_baseline},
	{.title = N_("Value"), .right = true, .get = get_value},
	{.title = N_("Path"), .right = true, .if_filled = true, .from = WIDTH_FOR_MORE, .get = get_path},
	{.title = N_("Target"), .right = true, .get = get_target},
	{.title = N_("Way"), .if_filled = true, .get = get_way},
	{.title = N_("Verdict"), .get = get_verdict},
	{.title = N_("Reached"), .if_filled = true, .from = WIDTH_FOR_MORE, .get = get_reached},
	{.title = N_("Forecast"), .right = true, .if_filled = true, .get = get_forecast},
	{.title = N_("Chance"), .right = true, .if_filled = true, .get = get_chance},
	{.title = N_("Coverage"), .get = get_coverage},
	{.header = NULL},
};
/* clang-format on */

static const struct output_shape shape = {
    .format = OUTPUT_TABLE,
    .columns = columns,
    .width = WIDTH,
    .nothing = N_("the plan has no targets"),
};

/* -------------------------------------------------------------------------------------- below the table */

static int print_folded(char *line)
{
	const size_t width = output_width(stdout, WIDTH);
	char *folded = line ? fold_text(line, width ? width : SIZE_MAX) : NULL;

	if (folded && *folded)
		puts(folded);
	free(folded);
	free(line);
	return folded ? 0 : -ENOMEM;
}

/* What there is to say of a row: why it has no value, unless nothing was reported, and the daemon's note. Two parts, either
 * may be NULL. */
struct note {
	const char *reason, *text;
};

static struct note note_of(const Suanpan__PlanRow *target)
{
	const char *reason = target->value->value ? NULL : target->value->reason;

	return (struct note){reason && strcmp(reason, "no data") != 0 ? reason : NULL, target->note};
}

static bool is_same(const char *one, const char *other)
{
	return one == other || (one && other && strcmp(one, other) == 0);
}

static bool are_alike(const Suanpan__PlanRow *one, const Suanpan__PlanRow *other)
{
	const struct note first = note_of(one), second = note_of(other);

	return is_same(first.reason, second.reason) && is_same(first.text, second.text);
}

static bool is_told_before(const struct page *page, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (are_alike(page->rows[i], page->rows[at]))
			return true;
	return false;
}

static void write_note(FILE *stream, const struct note *note)
{
	if (note->reason)
		fputs(language_text(note->reason), stream);
	if (note->reason && note->text)
		fputs(gettext("; "), stream);
	if (note->text)
		fputs(note->text, stream);
}

/* "13, 16, 17: this plan counts from 2021 on" */
static int print_note(const struct page *page, size_t at, const struct note *note)
{
	char *line = NULL;
	size_t size;
	FILE *text = open_memstream(&line, &size);

	if (!text)
		return -ENOMEM;
	fputs(page->rows[at]->row, text);
	for (size_t i = at + 1; i < page->count; i++)
		if (are_alike(page->rows[i], page->rows[at]))
			fprintf(text, "%s%s", gettext(", "), page->rows[i]->row);
	fputs(gettext(": "), text);
	write_note(text, note);
	if (fclose(text) == 0)
		return print_folded(line);
	free(line);
	return -ENOMEM;
}

static int print_notes(const struct page *page)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < page->count; i++) {
		const struct note note = note_of(page->rows[i]);

		if ((note.reason || note.text) && !is_told_before(page, i))
			result = print_note(page, i, &note);
	}
	return result;
}

/* What a mark or a column means, of those that are there. */
struct legend {
	bool binding, provisional, way;
	const char *forecast; /* for which year */
};

static struct legend find_legend(const struct page *page)
{
	struct legend legend = {.binding = false};

	for (size_t i = 0; i < page->count; i++) {
		const Suanpan__PlanRow *target = page->rows[i];

		legend.binding |= is_binding(target);
		legend.provisional |= target->provisional != 0;
		legend.way |= target->n_way > 0;
		if (target->forecast && target->year_end)
			legend.forecast = target->year_end;
	}
	return legend;
}

static int print_legend(const struct page *page)
{
	const struct legend legend = find_legend(page);
	const struct {
		bool holds;
		const char *words;
	} sentences[] = {
	    {legend.binding, N_("* binding.")},
	    {legend.provisional, N_("P: provisional, not from all or not over yet.")},
	    {legend.way, N_("Way: the figures so far, and after a blank the target.")},
	};
	const char *blanks = "";
	char *line = NULL;
	size_t size;
	FILE *text = open_memstream(&line, &size);

	if (!text)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
		if (sentences[i].holds) {
			fprintf(text, "%s%s", blanks, gettext(sentences[i].words));
			blanks = "  ";
		}
	if (legend.forecast) {
		fputs(blanks, text);
		/* for translators: a year */
		fprintf(
		    text,
		    gettext("Forecast: for %s, with the 80%% interval and the chance to meet the target."),
		    legend.forecast);
	}
	if (fclose(text) == 0)
		return print_folded(line);
	free(line);
	return -ENOMEM;
}

static void print_summary(const struct page *page)
{
	struct tally every = {.all = 0}, binding = {.all = 0};

	for (size_t i = 0; i < page->count; i++) {
		count_verdict(&every, page->rows[i]);
		if (is_binding(page->rows[i]))
			count_verdict(&binding, page->rows[i]);
	}
	/* for translators: a plan, a period, and how many targets */
	printf(ngettext("%s at %s, %zu target: ", "%s at %s, %zu targets: ", every.all), page->plan,
	       page->period ? page->period : page->rows[0]->value->period, every.all);
	print_tally(&every);
	if (!binding.all)
		return;
	printf(gettext("of %zu binding: "), binding.all);
	print_tally(&binding);
}

/* ---------------------------------------------------------------------------------------------- the page */

int page_take(void *closure, const Suanpan__Answer *answer)
{
	struct page *page = closure;

	for (size_t i = 0; i < answer->n_plan; i++) {
		if (page->count == page->capacity) {
			const size_t capacity = page->capacity ? page->capacity * 2 : 64;
			Suanpan__PlanRow **rows = reallocarray(page->rows, capacity, sizeof *rows);

			if (!rows)
				return -ENOMEM;
			page->rows = rows;
			page->capacity = capacity;
		}
		page->rows[page->count] = (Suanpan__PlanRow *)session_copy(&answer->plan[i]->base);
		if (!page->rows[page->count])
			return -ENOMEM;
		page->count++;
	}
	return 0;
}

static int print_rows(const struct page *page, struct output *output, bool binding)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < page->count; i++) {
		const struct entry entry = {.page = page, .target = page->rows[i]};

		if (is_binding(entry.target) == binding)
			result = output_row(output, &entry);
	}
	return result;
}

int page_print(const struct page *page)
{
	struct output *output;
	int fault = output_open(stdout, &shape, &output), status;

	if (fault == 0) {
		fault = print_rows(page, output, true);
		if (fault == 0)
			fault = print_rows(page, output, false);
		status = output_close(output, fault ? EXIT_REFUSED : EXIT_DONE);
		if (fault == 0 && (status || !page->count))
			return status;
	}
	if (fault == 0)
		fault = print_notes(page);
	if (fault == 0)
		fault = print_legend(page);
	if (fault) {
		fprintf(stderr, "suanpan: %s\n", fault_text(fault));
		return EXIT_REFUSED;
	}
	print_summary(page);
	return EXIT_DONE;
}

void page_done(struct page *page)
{
	for (size_t i = 0; i < page->count; i++)
		suanpan__plan_row__free_unpacked(page->rows[i], NULL);
	free(page->rows);
	*page = (struct page){.count = 0};
}
