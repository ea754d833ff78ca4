/* Reporters and their scopes. */
#include "daemon/catalogue/link.h"

#include "proto/codes.h"
#include <string.h>

struct scope {
	struct link *link;
	uint32_t index;
	const struct written_reporter *written;
	bool *areas; /* one flag per area */
	bool *statistics;
};

static struct place place_of_reporter(const struct link *link, uint32_t index)
{
	return source_place(&link->inputs->reporters.source, "reporters[%u].code", index);
}

static struct place place_of_entry(const struct scope *scope, const char *list, uint32_t entry)
{
	return source_place(&scope->link->inputs->reporters.source, "reporters[%u].%s[%u]", scope->index,
	                    list, entry);
}

static bool is_repeated(char *const *list, uint32_t entry)
{
	for (uint32_t i = 0; i < entry; i++)
		if (strcmp(list[i], list[entry]) == 0)
			return true;
	return false;
}

/* An area brings what is below it, unless the reporter says `only`. */
static void cover(struct scope *scope, uint32_t area)
{
	const struct catalogue *catalogue = scope->link->catalogue;
	scope->areas[area] = true;
	if (scope->written->only)
		return;
	for (int level = 0; level < LEVEL_COUNT; level++)
		for (uint32_t i = 0; i < catalogue->areas[area].inside[level].count; i++)
			scope->areas[catalogue->areas[area].inside[level].area[i]] = true;
}

static void add_area(struct scope *scope, uint32_t entry)
{
	const struct catalogue *catalogue = scope->link->catalogue;
	struct mistakes *mistakes = scope->link->mistakes;
	struct place place = place_of_entry(scope, "areas", entry);
	const char *code = scope->written->areas[entry];
	uint32_t area = catalogue_find_area(catalogue, code);
	if (area == CATALOGUE_NONE)
		mistake_at(mistakes, place, "areas: unknown area '%s'%s", code,
		           code_list_suggestion(&catalogue->index->area_codes, code).text);
	else if (area >= catalogue->group_first)
		mistake_at(mistakes, place, "areas: '%s' is a group, expected areas", code);
	else if (is_repeated(scope->written->areas, entry))
		mistake_at(mistakes, place, "areas: '%s' is listed twice", code);
	else
		cover(scope, area);
}

/* Said only of statistics listed by name: [all] means all that the areas have. */
static void check_reportable(struct scope *scope, uint32_t entry, uint32_t index)
{
	const struct catalogue *catalogue = scope->link->catalogue;
	const struct statistic *statistic = &catalogue->statistics[index];
	if (catalogue->root == CATALOGUE_NONE)
		return;
	for (uint32_t i = 0; i < catalogue->group_first; i++)
		if (scope->areas[i] && catalogue->areas[i].level == statistic->level)
			return;
	mistake_at(scope->link->mistakes, place_of_entry(scope, "statistics", entry),
	           "statistics: '%s' is reported for each %s, expected one among the reporter's areas",
	           statistic->code, area_level_name(statistic->level));
}

static void add_statistic(struct scope *scope, uint32_t entry)
{
	const struct catalogue *catalogue = scope->link->catalogue;
	struct mistakes *mistakes = scope->link->mistakes;
	const char *code = scope->written->statistics[entry];
	uint32_t index = catalogue_find_statistic(catalogue, code);
	if (strcmp(code, "all") == 0)
		mistake_at(mistakes, place_of_entry(scope, "statistics", entry),
		           "statistics: found 'all' beside others, expected [all] or a list of codes");
	else if (index == CATALOGUE_NONE)
		mistake_at(mistakes, place_of_entry(scope, "statistics", entry),
		           "statistics: unknown statistic '%s'%s", code,
		           code_list_suggestion(&catalogue->index->statistic_codes, code).text);
	else if (is_repeated(scope->written->statistics, entry))
		mistake_at(mistakes, place_of_entry(scope, "statistics", entry),
		           "statistics: '%s' is listed twice", code);
	else {
		scope->statistics[index] = true;
		check_reportable(scope, entry, index);
	}
}

static void add_statistics(struct scope *scope)
{
	const struct written_reporter *written = scope->written;
	if (written->statistic_count == 1 && strcmp(written->statistics[0], "all") == 0)
		memset(scope->statistics, true, scope->link->catalogue->statistic_count * sizeof(bool));
	else
		for (uint32_t i = 0; i < written->statistic_count; i++)
			add_statistic(scope, i);
}

static struct area_list list_areas(const struct scope *scope)
{
	uint32_t total = scope->link->catalogue->group_first, count = 0;
	uint32_t *list = link_take(scope->link, total, sizeof *list);
	for (uint32_t i = 0; list && i < total; i++)
		if (scope->areas[i])
			list[count++] = i;
	return (struct area_list){list, count};
}

static void link_reporter(struct link *link, uint32_t index, const struct written_reporter *written)
{
	struct catalogue *catalogue = link->catalogue;
	struct scope scope = {.link = link, .index = index, .written = written};
	char names[40];
	snprintf(names, sizeof names, "reporters[%u].names", index);
	scope.areas = link_take_scratch(link, catalogue->group_first, sizeof(bool));
	scope.statistics = link_take(link, catalogue->statistic_count, sizeof(bool));
	if (link->fault)
		return;
	link_check_code(link, place_of_reporter(link, index), "code", written->code);
	for (uint32_t i = 0; i < written->area_count; i++)
		add_area(&scope, i);
	add_statistics(&scope);
	catalogue->reporters[index] = (struct reporter){
	    .code = link_copy(link, written->code),
	    .names = link_names(link, &link->inputs->reporters.source, names, &written->names),
	    .areas = list_areas(&scope),
	    .statistics = scope.statistics,
	    .key_count = written->key_count,
	};
}

void link_reporters(struct link *link)
{
	const struct reporters_file *file = link->inputs->reporters.file;
	struct catalogue *catalogue = link->catalogue;
	catalogue->reporters = link_take(link, file->reporter_count, sizeof catalogue->reporters[0]);
	for (uint32_t i = 0; link->fault == 0 && i < file->reporter_count; i++)
		link_reporter(link, i, &file->reporters[i]);
	if (link->fault)
		return;
	catalogue->reporter_count = file->reporter_count;
	link->fault = catalogue_index_reporters(catalogue);
	if (link->fault == 0)
		link_check_unique(link, &catalogue->index->reporters, "code", place_of_reporter);
}
