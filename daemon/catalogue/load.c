#include "daemon/catalogue/catalogue.h"

#include "daemon/catalogue/link.h"
#include "daemon/catalogue/shape.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CATALOGUE_BUDGET ((size_t)256 << 20) /* a country's communities fit several times */

enum { AREAS, STATISTICS, REPORTERS, INDICATORS, FIXED_COUNT };

static const struct {
	const char *name;
	const cyaml_schema_value_t *schema;
} fixed_files[FIXED_COUNT] = {
    [AREAS] = {"areas.yaml", &areas_schema},
    [STATISTICS] = {"statistics.yaml", &statistics_schema},
    [REPORTERS] = {"reporters.yaml", &reporters_schema},
    [INDICATORS] = {"indicators.yaml", &indicators_schema},
};

/* May be left out. */
static const struct {
	const char *name;
	const cyaml_schema_value_t *schema;
	size_t at; /* of its input, in struct inputs */
} optional_files[] = {
    {"readers.yaml", &readers_schema, offsetof(struct inputs, readers)},
    {"calendar.yaml", &calendar_schema, offsetof(struct inputs, calendar)},
    {"alerts.yaml", &alerts_schema, offsetof(struct inputs, alerts)},
    {"rules.yaml", &rules_schema, offsetof(struct inputs, rules)},
};

#define OPTIONAL_COUNT (sizeof optional_files / sizeof optional_files[0])

static struct input *optional_input(struct inputs *inputs, size_t which)
{
	return (struct input *)((char *)inputs + optional_files[which].at);
}

/* ------------------------------------------------------------------------------------------------ libcyaml
 */

/* libcyaml explains a refusal in several calls of its log: the reason, then where, from the inside out. */
struct complaint {
	char text[256];
	unsigned line, column;
};

static void PRINTF_LIKE(3, 0)
    listen_to_cyaml(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
	struct complaint *complaint = context;
	char text[sizeof complaint->text];
	const char *place;
	if (level < CYAML_LOG_ERROR)
		return;
	vsnprintf(text, sizeof text, format, arguments);
	text[strcspn(text, "\n")] = '\0';
	place = strstr(text, "(line: ");
	if (place && complaint->line == 0)
		(void)!sscanf(place, "(line: %u, column: %u)", &complaint->line, &complaint->column);
	else if (!place && !complaint->text[0] && strcmp(text, "Load: Backtrace:") != 0)
		snprintf(complaint->text, sizeof complaint->text, "%s",
		         strncmp(text, "Load: ", 6) == 0 ? text + 6 : text);
}

static cyaml_config_t cyaml_config_for(struct complaint *complaint)
{
	return (cyaml_config_t){
	    .log_fn = listen_to_cyaml,
	    .log_ctx = complaint,
	    .mem_fn = cyaml_mem,
	    .log_level = CYAML_LOG_ERROR,
	    .flags = CYAML_CFG_NO_ALIAS,
	};
}

static int fill(struct input *input, struct mistakes *mistakes)
{
	struct complaint complaint = {.line = 0};
	cyaml_config_t config = cyaml_config_for(&complaint);
	cyaml_err_t error = cyaml_load_data(input->source.bytes, input->source.size, &config, input->schema,
	                                    &input->file, NULL);
	if (error == CYAML_OK)
		return 0;
	if (error == CYAML_ERR_OOM)
		return -ENOMEM;
	mistake_at(mistakes, (struct place){input->source.path, complaint.line, complaint.column}, "%s",
	           complaint.text[0] ? complaint.text : cyaml_strerror(error));
	return CATALOGUE_REFUSED;
}

/* --------------------------------------------------------------------------------------------------- files
 */

static const struct catalogue_file *find_file(const struct catalogue_files *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->files[i].name, name) == 0)
			return &files->files[i];
	return NULL;
}

static int read_input(struct input *input, const char *folder, const char *name,
                      const struct catalogue_file *file, const cyaml_schema_value_t *schema,
                      struct mistakes *mistakes)
{
	unsigned before = mistakes->count;
	char *path;
	int result;
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return -ENOMEM;
	input->schema = schema;
	result = source_init(&input->source, &path, file, mistakes);
	if (result != 0)
		return result;
	shape_check(&input->source, schema, mistakes);
	return mistakes->count == before ? fill(input, mistakes) : CATALOGUE_REFUSED;
}

static void input_done(struct input *input)
{
	struct complaint complaint = {.line = 0};
	cyaml_config_t config = cyaml_config_for(&complaint);
	if (input->file)
		cyaml_free(&config, input->schema, input->file, 0);
	source_done(&input->source);
}

static bool is_plan(const char *name)
{
	return strncmp(name, "plan-", 5) == 0;
}

static bool is_fixed(const char *name)
{
	for (int i = 0; i < FIXED_COUNT; i++)
		if (strcmp(name, fixed_files[i].name) == 0)
			return true;
	for (size_t i = 0; i < OPTIONAL_COUNT; i++)
		if (strcmp(name, optional_files[i].name) == 0)
			return true;
	return false;
}

/* A file that is read by nobody is a name mistyped. */
static void refuse_stranger(const char *folder, const char *name, struct mistakes *mistakes)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	mistake_at(
	    mistakes, (struct place){.file = path},
	    "not a catalogue file, expected areas, statistics, reporters, readers, indicators, calendar, "
	    "alerts, rules or plan-...");
}

static int read_fixed(struct inputs *inputs, const char *folder, const struct catalogue_files *files,
                      struct mistakes *mistakes)
{
	struct input *fixed[FIXED_COUNT] = {
	    [AREAS] = &inputs->areas,
	    [STATISTICS] = &inputs->statistics,
	    [REPORTERS] = &inputs->reporters,
	    [INDICATORS] = &inputs->indicators,
	};
	for (int i = 0; i < FIXED_COUNT; i++) {
		const char *name = fixed_files[i].name;
		int result = read_input(fixed[i], folder, name, find_file(files, name), fixed_files[i].schema,
		                        mistakes);
		if (result < 0)
			return result;
	}
	return 0;
}

static int read_optional(struct inputs *inputs, const char *folder, const struct catalogue_files *files,
                         struct mistakes *mistakes)
{
	for (size_t i = 0; i < OPTIONAL_COUNT; i++) {
		const char *name = optional_files[i].name;
		const struct catalogue_file *file = find_file(files, name);
		int result = file ? read_input(optional_input(inputs, i), folder, name, file,
		                               optional_files[i].schema, mistakes)
		                  : 0;
		if (result < 0)
			return result;
	}
	return 0;
}

static int read_others(struct inputs *inputs, const char *folder, const struct catalogue_files *files,
                       struct mistakes *mistakes)
{
	inputs->plans = calloc(files->count + 1, sizeof inputs->plans[0]);
	if (!inputs->plans)
		return -ENOMEM;
	for (size_t i = 0; i < files->count; i++) {
		const struct catalogue_file *file = &files->files[i];
		int result;
		if (!is_plan(file->name) && !is_fixed(file->name))
			refuse_stranger(folder, file->name, mistakes);
		if (!is_plan(file->name))
			continue;
		result = read_input(&inputs->plans[inputs->plan_count++], folder, file->name, file,
		                    &plan_schema, mistakes);
		if (result < 0)
			return result;
	}
	return 0;
}

static int inputs_init(struct inputs *inputs, const char *folder, const struct catalogue_files *files,
                       struct mistakes *mistakes)
{
	int result = read_fixed(inputs, folder, files, mistakes);
	if (result == 0)
		result = read_optional(inputs, folder, files, mistakes);
	return result == 0 ? read_others(inputs, folder, files, mistakes) : result;
}

static void inputs_done(struct inputs *inputs)
{
	input_done(&inputs->areas);
	input_done(&inputs->statistics);
	input_done(&inputs->reporters);
	input_done(&inputs->indicators);
	for (size_t i = 0; i < OPTIONAL_COUNT; i++)
		input_done(optional_input(inputs, i));
	for (uint32_t i = 0; i < inputs->plan_count; i++)
		input_done(&inputs->plans[i]);
	free(inputs->plans);
}

/* --------------------------------------------------------------------------------------------- catalogue */

static int catalogue_new(struct catalogue **ret_catalogue)
{
	struct arena *memory;
	struct catalogue *catalogue;
	int fault = arena_new(CATALOGUE_BUDGET, &memory);
	if (fault)
		return fault;
	catalogue = arena_take(memory, sizeof *catalogue);
	if (catalogue) {
		*catalogue = (struct catalogue){.root = CATALOGUE_NONE, .memory = memory};
		catalogue->index = arena_take(memory, sizeof *catalogue->index);
	}
	if (!catalogue || !catalogue->index) {
		arena_free(memory);
		return -ENOMEM;
	}
	*catalogue->index = (struct catalogue_index){.areas = {.count = 0}};
	*ret_catalogue = catalogue;
	return 0;
}

void catalogue_free(struct catalogue *catalogue)
{
	if (catalogue)
		arena_free(catalogue->memory); /* which holds the catalogue itself */
}

static int link_all(const struct inputs *inputs, struct catalogue *catalogue, struct mistakes *mistakes)
{
	static void (*const steps[])(struct link *) = {
	    link_areas, link_statistics, link_indicators, link_reporters, link_readers,
	    link_keys,  link_calendar,   link_alerts,     link_plans,     link_rules,
	};
	struct link link = {.inputs = inputs, .catalogue = catalogue, .mistakes = mistakes};
	link.fault = arena_new(CATALOGUE_BUDGET, &link.scratch);
	if (link.fault)
		return link.fault;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0] && link.fault == 0; i++)
		steps[i](&link);
	arena_free(link.scratch);
	if (link.fault)
		return link.fault;
	return mistakes->count ? CATALOGUE_REFUSED : 0;
}

static int link_inputs(const struct inputs *inputs, struct mistakes *mistakes,
                       struct catalogue **ret_catalogue)
{
	struct catalogue *catalogue;
	int result = catalogue_new(&catalogue);
	if (result)
		return result;
	result = link_all(inputs, catalogue, mistakes);
	if (result)
		catalogue_free(catalogue);
	else
		*ret_catalogue = catalogue;
	return result;
}

int catalogue_build(const struct catalogue_files *files, const char *folder, FILE *errors,
                    struct catalogue **ret_catalogue)
{
	struct inputs inputs = {.plan_count = 0};
	struct mistakes mistakes = {.errors = errors};
	int result = inputs_init(&inputs, folder, files, &mistakes);
	if (result == 0)
		result = mistakes.count ? CATALOGUE_REFUSED : link_inputs(&inputs, &mistakes, ret_catalogue);
	inputs_done(&inputs);
	return result;
}

int catalogue_load(const char *folder, FILE *errors, struct catalogue **ret_catalogue)
{
	struct catalogue_files files;
	int result = catalogue_files_read(folder, errors, &files);
	if (result != 0)
		return result;
	result = catalogue_build(&files, folder, errors, ret_catalogue);
	catalogue_files_done(&files);
	return result;
}
