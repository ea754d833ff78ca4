#include "daemon/catalogue/link.h"

#include "proto/period.h"
#include <stdlib.h>
#include <string.h>

/* The areas and groups of the file are numbered through, in the file's order, until the tree gives each area
 * its place. */
struct forest {
	struct link *link;
	const struct source *source;
	const struct areas_file *file;
	uint32_t total;     /* areas and groups */
	const char **codes; /* of all */
	struct code_table table;
	uint32_t *parent; /* of each area, by number */
	uint32_t *first_child, *next_sibling;
	uint32_t root;
	uint32_t *place; /* index in the catalogue, by number; groups keep their number */
	uint32_t *end;   /* by index: the first index behind the subtree */
	uint32_t placed;
	uint32_t *before[LEVEL_COUNT]; /* by index: how many areas of the level stand before it */
	uint32_t *of_level[LEVEL_COUNT];
	bool *in_group; /* by group and index: whether the area counts towards the group */
};

static struct place place_of_code(const struct link *link, uint32_t number)
{
	const struct areas_file *file = link->inputs->areas.file;
	if (number < file->area_count)
		return source_place(&link->inputs->areas.source, "areas[%u].code", number);
	return source_place(&link->inputs->areas.source, "groups[%u].code", number - file->area_count);
}

static void check_codes(struct forest *forest)
{
	struct link *link = forest->link;
	for (uint32_t i = 0; i < forest->total; i++) {
		bool is_area = i < forest->file->area_count;
		forest->codes[i] = is_area ? forest->file->areas[i].code
		                           : forest->file->groups[i - forest->file->area_count].code;
		link_check_code(link, place_of_code(link, i), "code", forest->codes[i]);
	}
	link->fault = code_table_build(link->scratch, forest->codes, sizeof forest->codes[0], forest->total,
	                               &forest->table);
	if (link->fault == 0)
		link_check_unique(link, &forest->table, "code", place_of_code);
}

/* The number of the area that `code` names, or CATALOGUE_NONE after saying what is wrong with it. */
static uint32_t find_area(struct forest *forest, struct place place, const char *label, const char *code)
{
	struct mistakes *mistakes = forest->link->mistakes;
	uint32_t number = code_table_find(&forest->table, code);
	if (number == CATALOGUE_NONE) {
		mistake_at(mistakes, place, "%s: unknown area '%s'%s", label, code,
		           suggestion_for(code, forest->codes, forest->file->area_count).text);
		return CATALOGUE_NONE;
	}
	if (number < forest->file->area_count)
		return number;
	mistake_at(mistakes, place, "%s: '%s' is a group, expected an area", label, code);
	return CATALOGUE_NONE;
}

static void find_parent(struct forest *forest, uint32_t number)
{
	const struct written_area *area = &forest->file->areas[number];
	struct place place = source_place(forest->source, "areas[%u].parent", number);
	uint32_t parent = find_area(forest, place, "parent", area->parent);
	if (parent == CATALOGUE_NONE)
		return;
	enum area_level above = forest->file->areas[parent].level;
	if (above >= area->level)
		mistake_at(forest->link->mistakes, place, "parent: '%s' is a %s, expected a level above %s",
		           area->parent, area_level_name(above), area_level_name(area->level));
	else if (above + 1 != area->level)
		/* A formula over the level between would pass it over. */
		mistake_at(forest->link->mistakes, place,
		           "parent: '%s' is a %s, expected a %s: no level is skipped", area->parent,
		           area_level_name(above), area_level_name(area->level - 1));
	forest->parent[number] = parent;
}

static void find_parents(struct forest *forest)
{
	for (uint32_t i = 0; i < forest->file->area_count; i++) {
		forest->parent[i] = CATALOGUE_NONE;
		if (forest->file->areas[i].parent)
			find_parent(forest, i);
		else if (forest->root == CATALOGUE_NONE)
			forest->root = i;
		else
			mistake_at(
			    forest->link->mistakes, place_of_code(forest->link, i),
			    "parent: missing for '%s', expected exactly one area without, which is '%s'",
			    forest->file->areas[i].code, forest->file->areas[forest->root].code);
	}
	if (forest->root == CATALOGUE_NONE)
		mistake_at(forest->link->mistakes, source_place(forest->source, "areas"),
		           "areas: each has a parent, expected exactly one without");
}

/* Levels fall from parent to child, so that this ends at most LEVEL_COUNT deep. */
static void place_subtree(struct forest *forest, uint32_t number)
{
	uint32_t index = forest->placed++;
	forest->place[number] = index;
	for (uint32_t child = forest->first_child[number]; child != CATALOGUE_NONE;
	     child = forest->next_sibling[child])
		place_subtree(forest, child);
	forest->end[index] = forest->placed;
}

static void place_areas(struct forest *forest)
{
	uint32_t count = forest->file->area_count;
	memset(forest->first_child, 0xFF, count * sizeof forest->first_child[0]);
	for (uint32_t i = count; i-- > 0;) {
		uint32_t parent = forest->parent[i];
		if (parent == CATALOGUE_NONE)
			continue;
		forest->next_sibling[i] = forest->first_child[parent];
		forest->first_child[parent] = i;
	}
	forest->next_sibling[forest->root] = CATALOGUE_NONE;
	place_subtree(forest, forest->root);
}

/* After a mistake the areas stay as they are in the file: enough to go on looking for others. */
static void place_as_written(struct forest *forest)
{
	for (uint32_t i = 0; i < forest->file->area_count; i++)
		forest->place[i] = i;
}

/* ---------------------------------------------------------------------------------------------- validity */

/* First or last day of the period that `text` names; `otherwise` without one or after a mistake. */
static int32_t read_day(struct forest *forest, uint32_t number, const char *field, const char *text,
                        bool first, int32_t otherwise)
{
	struct period period;
	if (!text)
		return otherwise;
	if (period_parse(text, strlen(text), &period) == 0)
		return first ? period_first_day(period) : period_last_day(period);
	mistake_at(forest->link->mistakes, source_place(forest->source, "areas[%u].%s", number, field),
	           "%s: '%s' is not a period, expected a form such as 2014 or 2014-02-12", field, text);
	return otherwise;
}

/* What came after must be there on the day after: so no chain of successors can come back to where it began. */
static void check_successor(struct forest *forest, uint32_t number, uint32_t entry, uint32_t successor)
{
	const struct area *area = &forest->link->catalogue->areas[forest->place[number]];
	const struct area *next = &forest->link->catalogue->areas[forest->place[successor]];
	struct place place = source_place(forest->source, "areas[%u].successors[%u]", number, entry);
	struct mistakes *mistakes = forest->link->mistakes;
	if (successor == number)
		mistake_at(mistakes, place, "successors: '%s' cannot come after itself", area->code);
	else if (next->level != area->level)
		mistake_at(mistakes, place, "successors: '%s' is a %s, expected a %s", next->code,
		           area_level_name(next->level), area_level_name(area->level));
	else if (area->last_day != INT32_MAX &&
	         (next->first_day > area->last_day + 1 || next->last_day <= area->last_day))
		mistake_at(mistakes, place, "successors: '%s' is not in force on the day after '%s' ends",
		           next->code, area->code);
}

static int compare_indexes(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;
	return (*a > *b) - (*a < *b);
}

static void list_successors(struct forest *forest, uint32_t number)
{
	const struct written_area *written = &forest->file->areas[number];
	struct area *area = &forest->link->catalogue->areas[forest->place[number]];
	uint32_t *list = link_take(forest->link, written->successor_count, sizeof *list), count = 0;
	for (uint32_t i = 0; list && i < written->successor_count; i++) {
		struct place place = source_place(forest->source, "areas[%u].successors[%u]", number, i);
		uint32_t successor = find_area(forest, place, "successors", written->successors[i]);
		if (successor == CATALOGUE_NONE)
			continue;
		check_successor(forest, number, i, successor);
		list[count++] = forest->place[successor];
	}
	if (count > 1)
		qsort(list, count, sizeof *list, compare_indexes);
	area->successors = (struct area_list){list, count};
}

static void check_days(struct forest *forest, uint32_t number)
{
	const struct written_area *written = &forest->file->areas[number];
	const struct area *area = &forest->link->catalogue->areas[forest->place[number]];
	struct mistakes *mistakes = forest->link->mistakes;
	struct place place = source_place(forest->source, "areas[%u].to", number);
	if (area->first_day > area->last_day)
		mistake_at(mistakes, place, "to: '%s' ends before it begins", area->code);
	if (written->to && written->successor_count == 0)
		mistake_at(mistakes, place,
		           "successors: missing for '%s', expected the codes that came after it", area->code);
	if (!written->to && written->successor_count > 0)
		mistake_at(mistakes, source_place(forest->source, "areas[%u].successors", number),
		           "to: missing for '%s', expected the last period of a code with successors",
		           area->code);
	if (area->parent != CATALOGUE_NONE &&
	    forest->link->catalogue->areas[area->parent].last_day < area->last_day)
		mistake_at(mistakes, place_of_code(forest->link, number), "to: '%s' outlasts its parent '%s'",
		           area->code, forest->link->catalogue->areas[area->parent].code);
}

static void link_validity(struct forest *forest)
{
	for (uint32_t i = 0; i < forest->file->area_count; i++) {
		const struct written_area *written = &forest->file->areas[i];
		struct area *area = &forest->link->catalogue->areas[forest->place[i]];
		area->first_day = read_day(forest, i, "from", written->from, true, INT32_MIN);
		area->last_day = read_day(forest, i, "to", written->to, false, INT32_MAX);
	}
	for (uint32_t i = 0; i < forest->file->area_count; i++) {
		check_days(forest, i);
		list_successors(forest, i);
	}
}

/* ------------------------------------------------------------------------------------ into the catalogue */

static void fill_areas(struct forest *forest)
{
	struct catalogue *catalogue = forest->link->catalogue;
	for (uint32_t i = 0; i < forest->file->area_count; i++) {
		const struct written_area *written = &forest->file->areas[i];
		char path[32];
		snprintf(path, sizeof path, "areas[%u].names", i);
		catalogue->areas[forest->place[i]] = (struct area){
		    .code = link_copy(forest->link, written->code),
		    .names = link_names(forest->link, forest->source, path, &written->names),
		    .level = written->level,
		    .parent = forest->parent[i] == CATALOGUE_NONE ? CATALOGUE_NONE
		                                                  : forest->place[forest->parent[i]],
		    .first_day = INT32_MIN,
		    .last_day = INT32_MAX,
		};
	}
}

static void fill_groups(struct forest *forest)
{
	struct catalogue *catalogue = forest->link->catalogue;
	for (uint32_t i = 0; i < forest->file->group_count; i++) {
		const struct written_group *written = &forest->file->groups[i];
		char path[32];
		snprintf(path, sizeof path, "groups[%u].names", i);
		catalogue->areas[catalogue->group_first + i] = (struct area){
		    .code = link_copy(forest->link, written->code),
		    .names = link_names(forest->link, forest->source, path, &written->names),
		    .level = LEVEL_GROUP,
		    .parent = CATALOGUE_NONE,
		    .first_day = INT32_MIN,
		    .last_day = INT32_MAX,
		};
	}
}

static void list_levels(struct forest *forest)
{
	struct catalogue *catalogue = forest->link->catalogue;
	uint32_t count = catalogue->group_first;
	for (int level = 0; level < LEVEL_COUNT; level++) {
		uint32_t *before = link_take_scratch(forest->link, count + 1, sizeof *before);
		uint32_t *list = link_take(forest->link, count, sizeof *list);
		if (!before || !list)
			return;
		for (uint32_t i = 0; i < count; i++) {
			before[i + 1] = before[i];
			if ((int)catalogue->areas[i].level == level)
				list[before[i + 1]++] = i;
		}
		forest->before[level] = before;
		forest->of_level[level] = list;
	}
}

/* A subtree is a range of indexes, and so a range of each level's list. */
static void list_inside_areas(struct forest *forest)
{
	struct catalogue *catalogue = forest->link->catalogue;
	for (uint32_t i = 0; i < catalogue->group_first; i++)
		for (int level = 0; level < LEVEL_COUNT; level++) {
			const uint32_t *before = forest->before[level];
			catalogue->areas[i].inside[level] = (struct area_list){
			    .area = forest->of_level[level] + before[i],
			    .count = before[forest->end[i]] - before[i],
			};
		}
}

static void add_member(struct forest *forest, uint32_t group, uint32_t entry, bool *listed, bool tree_stands)
{
	const char *code = forest->file->groups[group].members[entry];
	struct place place = source_place(forest->source, "groups[%u].members[%u]", group, entry);
	uint32_t number = find_area(forest, place, "members", code), index;
	bool *in_group = forest->in_group + (size_t)group * forest->file->area_count;
	if (number == CATALOGUE_NONE)
		return;
	if (listed[number])
		mistake_at(forest->link->mistakes, place, "members: '%s' is listed twice", code);
	listed[number] = true;
	if (!tree_stands)
		return;
	index = forest->place[number];
	memset(in_group + index, true, forest->end[index] - index);
}

static void add_members(struct forest *forest, bool tree_stands)
{
	bool *listed = link_take_scratch(forest->link, forest->file->area_count, sizeof *listed);
	for (uint32_t group = 0; listed && group < forest->file->group_count; group++) {
		memset(listed, 0, forest->file->area_count * sizeof *listed);
		for (uint32_t i = 0; i < forest->file->groups[group].member_count; i++)
			add_member(forest, group, i, listed, tree_stands);
	}
}

static bool has_all_successors(const struct forest *forest, const bool *in_group, uint32_t index)
{
	const struct area_list *successors = &forest->link->catalogue->areas[index].successors;
	for (uint32_t i = 0; i < successors->count; i++)
		if (!in_group[successors->area[i]])
			return false;
	return successors->count > 0;
}

/* A code whose successors all belong to a group belonged to it, too. Each round may bring in those before. */
static void add_predecessors(struct forest *forest)
{
	uint32_t count = forest->file->area_count;
	for (uint32_t group = 0; group < forest->file->group_count; group++) {
		bool *in_group = forest->in_group + (size_t)group * count;
		for (bool more = true; more;) {
			more = false;
			for (uint32_t i = 0; i < count; i++)
				if (!in_group[i] && has_all_successors(forest, in_group, i)) {
					memset(in_group + i, true, forest->end[i] - i);
					more = true;
				}
		}
	}
}

static struct area_list list_members(struct forest *forest, uint32_t group, int level)
{
	const bool *in_group = forest->in_group + (size_t)group * forest->file->area_count;
	uint32_t of_level = forest->before[level][forest->file->area_count], count = 0;
	uint32_t *list = link_take(forest->link, of_level, sizeof *list);
	for (uint32_t i = 0; list && i < of_level; i++)
		if (in_group[forest->of_level[level][i]])
			list[count++] = forest->of_level[level][i];
	return (struct area_list){list, count};
}

static void list_inside_groups(struct forest *forest)
{
	struct catalogue *catalogue = forest->link->catalogue;
	for (uint32_t group = 0; group < forest->file->group_count; group++)
		for (int level = 0; level < LEVEL_COUNT; level++)
			catalogue->areas[catalogue->group_first + group].inside[level] =
			    list_members(forest, group, level);
}

/* Ancestors have smaller indexes, groups larger ones: drawn up in order. */
static void list_counts_towards(struct forest *forest, uint32_t index)
{
	struct catalogue *catalogue = forest->link->catalogue;
	uint32_t *list = link_take(forest->link, LEVEL_COUNT + forest->file->group_count, sizeof *list);
	uint32_t count = 0, above[LEVEL_COUNT], depth = 0;
	if (!list)
		return;
	for (uint32_t i = catalogue->areas[index].parent; i != CATALOGUE_NONE; i = catalogue->areas[i].parent)
		above[depth++] = i;
	while (depth)
		list[count++] = above[--depth];
	list[count++] = index;
	for (uint32_t group = 0; index < catalogue->group_first && group < forest->file->group_count; group++)
		if (forest->in_group[(size_t)group * forest->file->area_count + index])
			list[count++] = catalogue->group_first + group;
	catalogue->areas[index].counts_towards = (struct area_list){list, count};
}

static void list_all(struct forest *forest)
{
	struct catalogue *catalogue = forest->link->catalogue;
	list_levels(forest);
	if (forest->link->fault)
		return;
	list_inside_areas(forest);
	list_inside_groups(forest);
	for (uint32_t i = 0; i < catalogue->area_count; i++)
		list_counts_towards(forest, i);
}

static void take_memory(struct forest *forest)
{
	struct link *link = forest->link;
	uint32_t count = forest->file->area_count;
	forest->codes = link_take_scratch(link, forest->total, sizeof forest->codes[0]);
	forest->parent = link_take_scratch(link, count, sizeof forest->parent[0]);
	forest->first_child = link_take_scratch(link, count, sizeof forest->first_child[0]);
	forest->next_sibling = link_take_scratch(link, count, sizeof forest->next_sibling[0]);
	forest->place = link_take_scratch(link, count, sizeof forest->place[0]);
	forest->end = link_take_scratch(link, count, sizeof forest->end[0]);
	forest->in_group = link_take_scratch(link, (size_t)count * forest->file->group_count, sizeof(bool));
	link->catalogue->areas = link_take(link, forest->total, sizeof link->catalogue->areas[0]);
	link->catalogue->area_count = forest->total;
	link->catalogue->group_first = count;
	link->catalogue->root = CATALOGUE_NONE;
}

static void link_tree(struct forest *forest)
{
	struct link *link = forest->link;
	bool tree_stands;
	check_codes(forest);
	if (link->fault)
		return;
	find_parents(forest);
	tree_stands = link->mistakes->count == 0;
	if (tree_stands)
		place_areas(forest);
	else
		place_as_written(forest);
	fill_areas(forest);
	fill_groups(forest);
	if (link->fault == 0)
		link_validity(forest);
	add_members(forest, tree_stands);
	if (link->fault || !tree_stands)
		return;
	add_predecessors(forest);
	list_all(forest);
	link->catalogue->root = forest->place[forest->root];
}

void link_areas(struct link *link)
{
	const struct areas_file *file = link->inputs->areas.file;
	struct forest forest = {
	    .link = link,
	    .source = &link->inputs->areas.source,
	    .file = file,
	    .total = file->area_count + file->group_count,
	    .root = CATALOGUE_NONE,
	};
	take_memory(&forest);
	if (link->fault == 0)
		link_tree(&forest);
	if (link->fault == 0)
		link->fault = catalogue_index_areas(link->catalogue);
}
