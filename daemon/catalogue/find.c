#include "daemon/catalogue/find.h"

#include "daemon/base/arena.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What people leave out at the end of an area's name. */
static const char *const endings[] = {"市", "区", "區", "县", "縣", "镇", "鎮", "街道"};
#define ENDING_COUNT (sizeof endings / sizeof endings[0])

static const char *code_at(const void *first, size_t stride, uint32_t index)
{
	return *(const char *const *)((const char *)first + stride * index);
}

/* ----------------------------------------------------------------------------------------------- tables */

static int compare_entries(const void *a, const void *b)
{
	const struct code_entry *left = a, *right = b;
	int order = strcmp(left->code, right->code);
	if (order == 0)
		order = (left->index > right->index) - (left->index < right->index);
	return order;
}

static void sort_table(struct code_table *table)
{
	if (table->count)
		qsort(table->entries, table->count, sizeof table->entries[0], compare_entries);
}

int code_table_build(struct arena *memory, const void *first, size_t stride, uint32_t count,
                     struct code_table *ret_table)
{
	struct code_table table = {arena_take(memory, (count + 1) * sizeof table.entries[0]), count};
	if (!table.entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		table.entries[i] = (struct code_entry){code_at(first, stride, i), i};
	sort_table(&table);
	*ret_table = table;
	return 0;
}

uint32_t code_table_find(const struct code_table *table, const char *code)
{
	uint32_t low = 0, high = table->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (strcmp(table->entries[middle].code, code) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == table->count || strcmp(table->entries[low].code, code) != 0)
		return CATALOGUE_NONE;
	return table->entries[low].index;
}

/* ------------------------------------------------------------------------------------------------ names */

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* A copy in lower case, without the blanks around it. */
static char *folded(struct arena *memory, const char *text)
{
	size_t length;
	char *copy;
	text += strspn(text, " ");
	length = strlen(text);
	while (length && text[length - 1] == ' ')
		length--;
	copy = arena_take(memory, length + 1);
	if (!copy)
		return NULL;
	for (size_t i = 0; i < length; i++)
		copy[i] = fold(text[i]);
	copy[length] = '\0';
	return copy;
}

static size_t length_without_ending(const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < ENDING_COUNT; i++) {
		size_t ending = strlen(endings[i]);
		if (length > ending && strcmp(name + length - ending, endings[i]) == 0)
			return length - ending;
	}
	return length;
}

static int add_name(struct arena *memory, struct code_table *table, const char *name, uint32_t index,
                    bool shorten)
{
	char *copy = folded(memory, name);
	if (!copy)
		return -ENOMEM;
	if (shorten)
		copy[length_without_ending(copy)] = '\0';
	table->entries[table->count++] = (struct code_entry){copy, index};
	return 0;
}

/* Of equal spellings whole names sort before shortened ones: a shortened name is numbered behind all areas.
 */
static int add_names_of(struct catalogue *catalogue, struct code_table *table, uint32_t area)
{
	int fault = 0;
	for (int i = 0; i < LANGUAGE_COUNT && fault == 0; i++) {
		const char *name = catalogue->areas[area].names.in[i];
		fault = add_name(catalogue->memory, table, name, area, false);
		if (fault == 0)
			fault = add_name(catalogue->memory, table, name, area + catalogue->area_count, true);
	}
	return fault;
}

static int build_names(struct catalogue *catalogue)
{
	size_t most = (size_t)catalogue->area_count * LANGUAGE_COUNT * 2;
	struct code_table table = {.count = 0};
	int fault = 0;
	table.entries = arena_take(catalogue->memory, (most + 1) * sizeof table.entries[0]);
	if (!table.entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < catalogue->area_count && fault == 0; i++)
		fault = add_names_of(catalogue, &table, i);
	if (fault == 0) {
		sort_table(&table);
		catalogue->index->area_names = table;
	}
	return fault;
}

static int build_area_words(struct catalogue *catalogue)
{
	const char **words = arena_take(
	    catalogue->memory, ((size_t)catalogue->area_count * (LANGUAGE_COUNT + 1) + 1) * sizeof *words);
	uint32_t count = 0;
	if (!words)
		return -ENOMEM;
	for (uint32_t i = 0; i < catalogue->area_count; i++) {
		words[count++] = catalogue->areas[i].code;
		for (int language = 0; language < LANGUAGE_COUNT; language++)
			words[count++] = catalogue->areas[i].names.in[language];
	}
	catalogue->index->area_words = (struct code_list){words, count};
	return 0;
}

/* -------------------------------------------------------------------------------------------- the index */

static const struct code_table none;

/* The codes of two tables, one behind the other; the second may be empty. */
static int build_list(struct arena *memory, const struct code_table *first, const struct code_table *second,
                      struct code_list *ret_list)
{
	const char **codes = arena_take(memory, (first->count + second->count + 1) * sizeof *codes);
	uint32_t count = 0;
	if (!codes)
		return -ENOMEM;
	for (uint32_t i = 0; i < first->count; i++)
		codes[count++] = first->entries[i].code;
	for (uint32_t i = 0; i < second->count; i++)
		codes[count++] = second->entries[i].code;
	*ret_list = (struct code_list){codes, count};
	return 0;
}

int catalogue_index_areas(struct catalogue *catalogue)
{
	int fault = code_table_build(catalogue->memory, catalogue->areas, sizeof catalogue->areas[0],
	                             catalogue->area_count, &catalogue->index->areas);
	if (fault == 0)
		fault = build_list(catalogue->memory, &catalogue->index->areas, &none,
		                   &catalogue->index->area_codes);
	if (fault == 0)
		fault = build_names(catalogue);
	return fault ? fault : build_area_words(catalogue);
}

int catalogue_index_statistics(struct catalogue *catalogue)
{
	struct catalogue_index *index = catalogue->index;
	int fault =
	    code_table_build(catalogue->memory, catalogue->statistics, sizeof catalogue->statistics[0],
	                     catalogue->statistic_count, &index->statistics);
	if (fault == 0)
		fault = build_list(catalogue->memory, &index->statistics, &none, &index->statistic_codes);
	return fault;
}

int catalogue_index_indicators(struct catalogue *catalogue)
{
	struct catalogue_index *index = catalogue->index;
	int fault =
	    code_table_build(catalogue->memory, catalogue->indicators, sizeof catalogue->indicators[0],
	                     catalogue->indicator_count, &index->indicators);
	if (fault == 0)
		fault = build_list(catalogue->memory, &index->indicators, &none, &index->indicator_codes);
	if (fault == 0)
		fault = build_list(catalogue->memory, &index->statistics, &index->indicators,
		                   &index->value_codes);
	return fault;
}

int catalogue_index_plans(struct catalogue *catalogue)
{
	struct catalogue_index *index = catalogue->index;
	int fault = code_table_build(catalogue->memory, catalogue->plans, sizeof catalogue->plans[0],
	                             catalogue->plan_count, &index->plans);
	if (fault == 0)
		fault = build_list(catalogue->memory, &index->plans, &none, &index->plan_codes);
	return fault;
}

int catalogue_index_reporters(struct catalogue *catalogue)
{
	return code_table_build(catalogue->memory, catalogue->reporters, sizeof catalogue->reporters[0],
	                        catalogue->reporter_count, &catalogue->index->reporters);
}

int catalogue_index_keys(struct catalogue *catalogue)
{
	return code_table_build(catalogue->memory, catalogue->key_holders, sizeof catalogue->key_holders[0],
	                        catalogue->key_holder_count, &catalogue->index->keys);
}

struct suggestion code_list_suggestion(const struct code_list *list, const char *code)
{
	return suggestion_for(code, list->codes, list->count);
}

/* ---------------------------------------------------------------------------------------------- finders */

uint32_t catalogue_find_area(const struct catalogue *catalogue, const char *code)
{
	return code_table_find(&catalogue->index->areas, code);
}

uint32_t catalogue_find_statistic(const struct catalogue *catalogue, const char *code)
{
	return code_table_find(&catalogue->index->statistics, code);
}

uint32_t catalogue_find_indicator(const struct catalogue *catalogue, const char *code)
{
	return code_table_find(&catalogue->index->indicators, code);
}

uint32_t catalogue_find_plan(const struct catalogue *catalogue, const char *code)
{
	return code_table_find(&catalogue->index->plans, code);
}

uint32_t catalogue_find_reporter(const struct catalogue *catalogue, const char *code)
{
	return code_table_find(&catalogue->index->reporters, code);
}

const struct key_holder *catalogue_find_key(const struct catalogue *catalogue, const char *key)
{
	uint32_t found = code_table_find(&catalogue->index->keys, key);
	return found == CATALOGUE_NONE ? NULL : &catalogue->key_holders[found];
}

/* Longer than any name worth a comparison: not found. */
#define NAME_MAX_LENGTH 400

uint32_t catalogue_find_area_by_name(const struct catalogue *catalogue, const char *text)
{
	char name[NAME_MAX_LENGTH + 1];
	size_t length;
	uint32_t found = catalogue_find_area(catalogue, text);
	if (found != CATALOGUE_NONE)
		return found;
	text += strspn(text, " ");
	length = strnlen(text, sizeof name);
	if (length == sizeof name)
		return CATALOGUE_NONE;
	while (length && text[length - 1] == ' ')
		length--;
	for (size_t i = 0; i < length; i++)
		name[i] = fold(text[i]);
	name[length] = '\0';
	found = code_table_find(&catalogue->index->area_names, name);
	if (found == CATALOGUE_NONE)
		return found;
	return found < catalogue->area_count ? found : found - catalogue->area_count;
}

const char *catalogue_suggest_area(const struct catalogue *catalogue, const char *text)
{
	const struct code_list *list = &catalogue->index->area_words;
	return nearest_word(text, list->codes, list->count);
}

const char *catalogue_suggest_value(const struct catalogue *catalogue, const char *text)
{
	const struct code_list *list = &catalogue->index->value_codes;
	return nearest_word(text, list->codes, list->count);
}

const char *catalogue_suggest_plan(const struct catalogue *catalogue, const char *text)
{
	const struct code_list *list = &catalogue->index->plan_codes;
	return nearest_word(text, list->codes, list->count);
}

bool catalogue_reporter_may_report_area(const struct reporter *reporter, uint32_t area)
{
	uint32_t low = 0, high = reporter->areas.count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (reporter->areas.area[middle] < area)
			low = middle + 1;
		else
			high = middle;
	}
	return low < reporter->areas.count && reporter->areas.area[low] == area;
}

bool catalogue_plan_window(const struct catalogue *catalogue, int year, int *ret_first_year,
                           int *ret_last_year)
{
	for (uint32_t i = 0; i < catalogue->plan_count; i++) {
		const struct plan *plan = &catalogue->plans[i];
		if (plan->first_year <= year && year <= plan->last_year) {
			*ret_first_year = plan->first_year;
			*ret_last_year = plan->last_year;
			return true;
		}
	}
	return false;
}
