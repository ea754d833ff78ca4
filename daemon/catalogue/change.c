#include "daemon/catalogue/change.h"

#include <string.h>

static int refuse(FILE *errors, const struct statistic *statistic, const char *what, const char *was,
                  const char *is)
{
	fprintf(errors,
	        "statistic '%s': %s was %s and would be %s, but it has been reported already; give the new "
	        "one another "
	        "code\n",
	        statistic->code, what, was, is);
	return CATALOGUE_REFUSED;
}

static int check_statistic(const struct statistic *was, const struct statistic *is, FILE *errors)
{
	char before[24], after[24];
	int result = 0;
	if (was->decimals != is->decimals) {
		snprintf(before, sizeof before, "%u", was->decimals);
		snprintf(after, sizeof after, "%u", is->decimals);
		result = refuse(errors, is, "decimals", before, after);
	}
	if (was->frequency != is->frequency) {
		const char from[2] = {period_frequency_letter(was->frequency)};
		const char to[2] = {period_frequency_letter(is->frequency)};
		result = refuse(errors, is, "frequency", from, to);
	}
	if (was->level != is->level)
		result = refuse(errors, is, "level", area_level_name(was->level), area_level_name(is->level));
	return result;
}

int catalogue_check_change(const struct catalogue *before, const struct catalogue *after,
                           bool (*is_reported)(void *context, uint32_t statistic), void *context,
                           FILE *errors)
{
	int result = 0;
	for (uint32_t i = 0; i < before->statistic_count; i++) {
		uint32_t now = catalogue_find_statistic(after, before->statistics[i].code);
		if (now == CATALOGUE_NONE || !is_reported(context, i))
			continue;
		if (check_statistic(&before->statistics[i], &after->statistics[now], errors) != 0)
			result = CATALOGUE_REFUSED;
	}
	return result;
}

static bool same_list(const struct area_list *a, const struct area_list *b)
{
	return a->count == b->count &&
	       (a->count == 0 || memcmp(a->area, b->area, a->count * sizeof *a->area) == 0);
}

/* Areas in another order are taken for others: then the totals are rebuilt for nothing, and come out the same. */
static bool areas_differ(const struct catalogue *before, const struct catalogue *after)
{
	if (before->area_count != after->area_count)
		return true;
	for (uint32_t i = 0; i < before->area_count; i++)
		if (strcmp(before->areas[i].code, after->areas[i].code) != 0 ||
		    !same_list(&before->areas[i].counts_towards, &after->areas[i].counts_towards))
			return true;
	return false;
}

bool catalogue_totals_differ(const struct catalogue *before, const struct catalogue *after)
{
	if (areas_differ(before, after))
		return true;
	for (uint32_t i = 0; i < before->statistic_count; i++) {
		uint32_t now = catalogue_find_statistic(after, before->statistics[i].code);
		if (now == CATALOGUE_NONE ||
		    (before->statistics[i].kind == KIND_LEVEL) != (after->statistics[now].kind == KIND_LEVEL))
			return true;
	}
	for (uint32_t i = 0; i < after->statistic_count; i++)
		if (catalogue_find_statistic(before, after->statistics[i].code) == CATALOGUE_NONE)
			return true; /* it may have been there before, and be back */
	return false;
}

static bool has_figures(const char *name)
{
	static const char *const without[] = {"alerts.yaml", "calendar.yaml", "readers.yaml",
	                                      "reporters.yaml", "rules.yaml"};
	for (size_t i = 0; i < sizeof without / sizeof without[0]; i++)
		if (strcmp(name, without[i]) == 0)
			return false;
	return true;
}

/* Files are in the order of their names. */
static const struct catalogue_file *next_of_figures(const struct catalogue_files *files, size_t *at)
{
	while (*at < files->count) {
		const struct catalogue_file *file = &files->files[(*at)++];
		if (has_figures(file->name))
			return file;
	}
	return NULL;
}

bool catalogue_figures_may_differ(const struct catalogue_files *before, const struct catalogue_files *after)
{
	size_t was_at = 0, is_at = 0;
	for (;;) {
		const struct catalogue_file *was = next_of_figures(before, &was_at);
		const struct catalogue_file *is = next_of_figures(after, &is_at);
		if (!was || !is)
			return was || is;
		if (strcmp(was->name, is->name) != 0 || was->size != is->size ||
		    memcmp(was->bytes, is->bytes, is->size) != 0)
			return true;
	}
}
