/* The catalogue's YAML: files through catalogue_build, and what was built through the finders, the evaluator and the list of
 * values that an observation moves.
 *
 * An input is text in sections: a line "%% areas.yaml" begins the file of that name, which replaces the one below (they are as
 * small as can be, for they are read for every input); "%%-" before a name takes the file away. What stands before the first
 * such line is areas.yaml. */
#include "daemon/catalogue/calendar.h"
#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/rules.h"
#include "daemon/indicator/affected.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/made_cells.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 16

#define NAMES     "names: {en: A, zh_hans: A, zh_hant: A}"
#define UNIT      "unit: {en: a, zh_hans: a, zh_hant: a}"

static const struct {
	const char *name, *text;
} usual[] = {
    {"areas.yaml", "areas:\n"
                   "  - {code: '900000', level: city, " NAMES "}\n"
                   "  - {code: south, level: district, parent: '900000', " NAMES "}\n"
                   "  - {code: north, level: district, parent: '900000', " NAMES "}\n"
                   "groups:\n"
                   "  - {code: waterside, " NAMES ", members: [south]}\n"},
    {"indicators.yaml",
     "indicators:\n"
     "  - {code: births_so_far, " NAMES ", " UNIT ", decimals: 2, formula: 1000 * births / residents}\n"},
    {"reporters.yaml", "reporters:\n"
                       "  - {code: bureau, " NAMES ", areas: ['900000'], statistics: [all]}\n"},
    {"statistics.yaml",
     "statistics:\n"
     "  - {code: residents, " NAMES ", " UNIT ", decimals: 0, kind: stock, frequency: A, level: district,\n"
     "     carry: 24, deadline: 60}\n"
     "  - {code: births, " NAMES ", " UNIT ", decimals: 0, kind: flow, frequency: M, level: district,\n"
     "     deadline: 15}\n"},
};
#define USUAL_COUNT (sizeof usual / sizeof *usual)

static FILE *errors;
static char *said;
static size_t said_size;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	errors = open_memstream(&said, &said_size);
	if (!errors)
		abort();
	return 0;
}

/* ---- from one input to files ---- */

static struct catalogue_file *find_file(struct catalogue_files *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->files[i].name, name) == 0)
			return &files->files[i];
	return NULL;
}

static void take_away(struct catalogue_files *files, const char *name)
{
	struct catalogue_file *file = find_file(files, name);
	if (file)
		*file = files->files[--files->count];
}

static void put_file(struct catalogue_files *files, char *name, char *bytes, size_t size)
{
	struct catalogue_file *file = find_file(files, name);
	if (!file && files->count == FILES_MAX)
		return;
	if (!file)
		file = &files->files[files->count++];
	*file = (struct catalogue_file){.name = name, .bytes = bytes, .size = size};
}

static char *next_section(char *from)
{
	char *at = strstr(from, "\n%%");
	return at ? at + 1 : NULL;
}

static void put_section(struct catalogue_files *files, char *section)
{
	char *name = section + 2, *text = strchr(name, '\n');
	if (!text)
		text = name + strlen(name);
	else
		*text++ = '\0';
	if (*name == '-')
		take_away(files, name + 1 + strspn(name + 1, " "));
	else
		put_file(files, name + strspn(name, " "), text, strlen(text));
}

/* `text` ends with a NUL and is cut to pieces. */
static void split(char *text, struct catalogue_files *files)
{
	char *section = strncmp(text, "%%", 2) == 0 ? text : next_section(text);
	if (section != text) {
		if (section)
			section[-1] = '\0';
		put_file(files, (char *)(uintptr_t) "areas.yaml", text, strlen(text));
	}
	while (section) {
		char *next = next_section(section);
		if (next)
			next[-1] = '\0';
		put_section(files, section);
		section = next;
	}
}

/* ---- what must hold ---- */

static void check_list(const struct catalogue *catalogue, struct area_list list)
{
	for (uint32_t i = 0; i < list.count; i++)
		assert(list.area[i] < catalogue->area_count && (i == 0 || list.area[i - 1] < list.area[i]));
}

static void check_areas(const struct catalogue *catalogue)
{
	assert(catalogue->root < catalogue->group_first && catalogue->group_first <= catalogue->area_count);
	for (uint32_t i = 0; i < catalogue->area_count; i++) {
		const struct area *area = &catalogue->areas[i];
		assert(catalogue_find_area(catalogue, area->code) == i);
		assert((area->level == LEVEL_GROUP) == (i >= catalogue->group_first));
		assert(area->parent == CATALOGUE_NONE || area->parent < i);
		assert(area->first_day <= area->last_day);
		for (int level = 0; level < LEVEL_COUNT; level++)
			check_list(catalogue, area->inside[level]);
		check_list(catalogue, area->counts_towards);
		for (int language = 0; language < LANGUAGE_COUNT; language++)
			assert(catalogue_find_area_by_name(catalogue, area->names.in[language]) !=
			       CATALOGUE_NONE);
	}
}

static void check_others(const struct catalogue *catalogue)
{
	for (uint32_t i = 0; i < catalogue->statistic_count; i++)
		assert(catalogue_find_statistic(catalogue, catalogue->statistics[i].code) == i);
	for (uint32_t i = 0; i < catalogue->indicator_count; i++)
		assert(catalogue_find_indicator(catalogue, catalogue->indicators[i].code) == i);
	for (uint32_t i = 0; i < catalogue->reporter_count; i++)
		check_list(catalogue, catalogue->reporters[i].areas);
	for (uint32_t i = 0; i < catalogue->plan_count; i++) {
		const struct plan *plan = &catalogue->plans[i];
		assert(catalogue_find_plan(catalogue, plan->code) == i &&
		       plan->first_year <= plan->last_year);
		for (uint32_t j = 0; j < plan->target_count; j++)
			assert(plan->targets[j].indicator < catalogue->indicator_count &&
			       plan->targets[j].area < catalogue->area_count);
	}
}

static void check_days(const struct day_list *list)
{
	for (uint32_t i = 1; i < list->count; i++)
		assert(list->day[i - 1] < list->day[i]);
}

/* A deadline moves to a day that is worked, and none before it was. */
static void check_calendar(const struct catalogue *catalogue)
{
	check_days(&catalogue->holidays);
	check_days(&catalogue->workdays);
	for (uint32_t i = 0; i < catalogue->statistic_count && i < 4; i++) {
		const struct statistic *statistic = &catalogue->statistics[i];
		const struct period period =
		    period_containing(period_make(PERIOD_DAY, 2024, 40), statistic->frequency);
		int32_t day = period_last_day(period) + (int32_t)statistic->deadline_days;
		const int32_t due = calendar_due_day(catalogue, statistic, period);
		assert(due >= day && calendar_is_worked(catalogue, due));
		while (day < due)
			assert(!calendar_is_worked(catalogue, day++));
	}
}

static void check_doubts(const struct catalogue *catalogue, const struct statistic_rules *rules)
{
	for (uint32_t i = 0; i < rules->relation_count; i++)
		assert(rules->relations[i] < catalogue->relation_count);
	for (int rule = SOFT_NONE; rule < SOFT_RULE_COUNT; rule++)
		if (rules->soft[rule])
			assert(rules->soft[rule]->history <= DOUBT_HISTORY_MAX &&
			       rules->soft[rule]->per < catalogue->statistic_count);
}

static void check_rules(const struct catalogue *catalogue)
{
	for (uint32_t i = 0; i < catalogue->relation_count; i++) {
		const struct relation *relation = &catalogue->relations[i];
		assert(relation->left_count > 0 && relation->left_count < relation->count);
		for (uint32_t j = 0; j < relation->count; j++)
			assert(relation->statistics[j] < catalogue->statistic_count);
	}
	for (uint32_t i = 0; i < catalogue->statistic_count; i++)
		if (catalogue->statistics[i].rules)
			check_doubts(catalogue, catalogue->statistics[i].rules);
	for (int nature = 0; nature < NATURE_COUNT; nature++)
		assert(catalogue->agreed_chance[nature] <= 100);
}

static void evaluate(struct catalogue *catalogue)
{
	static const char *const periods[] = {"2021", "2024-06", "2013-12"};
	struct made_cells made = {.seed = 2};
	struct cell_source source = made_cells_source(&made);
	struct evaluator *evaluator;
	struct value value;
	for (uint32_t i = 0; i < catalogue->area_count; i++)
		catalogue->areas[i].id = i + 1; /* as the store would */
	for (uint32_t i = 0; i < catalogue->statistic_count; i++)
		catalogue->statistics[i].id = i + 1;
	if (evaluator_new(catalogue, &evaluator) != 0)
		abort();
	for (uint32_t i = 0; i < catalogue->indicator_count && i < 4; i++)
		for (size_t j = 0; j < sizeof periods / sizeof *periods; j++) {
			struct period period;
			if (period_parse(periods[j], strlen(periods[j]), &period) != 0 ||
			    evaluate_indicator(evaluator, i, (uint32_t)(i * j) % catalogue->area_count,
			                       period, &source, &value) != 0)
				abort();
			assert(value.reported <= value.expected);
		}
	evaluator_free(evaluator);
}

/* An observation of each of a few statistics in each of a few areas. */
static void add_some(const struct catalogue *catalogue, struct affected *affected, struct period month)
{
	for (uint32_t i = 0; i < catalogue->statistic_count && i < 2; i++) {
		const struct statistic *statistic = &catalogue->statistics[i];
		struct period period = statistic->frequency <= PERIOD_MONTH
		                           ? period_containing(month, statistic->frequency)
		                           : period_first_inside(month, statistic->frequency);
		affected_set_frontier(affected, i, INT32_MIN, period_last_day(period));
		for (uint32_t area = 0, added = 0; area < catalogue->group_first && added < 2; area++)
			if (catalogue->areas[area].level == statistic->level) {
				if (affected_add(affected, i, area, period) != 0)
					abort();
				added++;
			}
	}
}

static void list_affected(const struct catalogue *catalogue)
{
	struct made_cells made = {.seed = 2};
	struct cell_source source = made_cells_source(&made);
	const struct affected_value *values;
	struct affected *affected;
	size_t count;
	if (affected_new(catalogue, &affected) != 0)
		abort();
	add_some(catalogue, affected, period_make(PERIOD_MONTH, 2021, 5));
	if (affected_list(affected, &source, &values, &count) != 0)
		abort();
	for (size_t i = 0; i < count; i++)
		assert(values[i].indicator < catalogue->indicator_count &&
		       values[i].area < catalogue->area_count && period_is_code(values[i].period.code));
	affected_free(affected);
}

static void suggest(const struct catalogue *catalogue)
{
	(void)catalogue_suggest_area(catalogue, "Sout");
	(void)catalogue_suggest_value(catalogue, "bed");
	(void)catalogue_suggest_plan(catalogue, "secon");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct catalogue_file list[FILES_MAX];
	struct catalogue_files files = {.files = list, .count = USUAL_COUNT};
	struct catalogue *catalogue = NULL;
	char *text = malloc(size + 1);
	assert(text);
	memcpy(text, bytes, size);
	text[size] = '\0';
	for (size_t i = 0; i < USUAL_COUNT; i++)
		list[i] = (struct catalogue_file){.name = (char *)(uintptr_t)usual[i].name,
		                                  .bytes = (char *)(uintptr_t)usual[i].text,
		                                  .size = strlen(usual[i].text)};
	split(text, &files);
	int result = catalogue_build(&files, "input", errors, &catalogue);
	assert(result == 0 || result == CATALOGUE_REFUSED);
	assert((result != 0) == (ftell(errors) > 0));
	rewind(errors);
	if (result == 0) {
		check_areas(catalogue);
		check_others(catalogue);
		check_calendar(catalogue);
		check_rules(catalogue);
		suggest(catalogue);
		evaluate(catalogue);
		list_affected(catalogue);
		catalogue_free(catalogue);
	}
	free(text);
	return 0;
}
