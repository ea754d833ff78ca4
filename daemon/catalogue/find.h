/* The finders' tables: codes and names sorted for binary search, and lists of words to suggest from. Linking
 * builds them one after another, as soon as the codes of a kind are known; until then nothing is found. */
#ifndef SUANPAN_CATALOGUE_FIND_H
#define SUANPAN_CATALOGUE_FIND_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/mistakes.h"

struct code_entry {
	const char *code;
	uint32_t index;
};

/* Sorted by code, then by index: of equal codes the first stands first. */
struct code_table {
	struct code_entry *entries;
	uint32_t count;
};

struct code_list {
	const char *const *codes;
	uint32_t count;
};

struct catalogue_index {
	struct code_table areas, statistics, indicators, plans, reporters, keys;
	struct code_table area_names; /* folded, with and without their last syllable */
	struct code_list area_codes, statistic_codes, indicator_codes;
	struct code_list area_words;  /* codes and names */
	struct code_list value_codes; /* of statistics and indicators */
	struct code_list plan_codes;
};

/* Of `count` structs, `stride` bytes apart, each of which begins with its code. */
int MUST_CHECK code_table_build(struct arena *memory, const void *first, size_t stride, uint32_t count,
                                struct code_table *ret_table);
uint32_t code_table_find(const struct code_table *table, const char *code);

/* Each needs the arrays of its kind, with codes (areas: and names), in the catalogue. */
int MUST_CHECK catalogue_index_areas(struct catalogue *catalogue);
int MUST_CHECK catalogue_index_statistics(struct catalogue *catalogue);
int MUST_CHECK catalogue_index_indicators(struct catalogue *catalogue); /* after the statistics */
int MUST_CHECK catalogue_index_plans(struct catalogue *catalogue);
int MUST_CHECK catalogue_index_reporters(struct catalogue *catalogue);
int MUST_CHECK catalogue_index_keys(struct catalogue *catalogue); /* the key holders must be there */

struct suggestion code_list_suggestion(const struct code_list *list, const char *code);

#endif
