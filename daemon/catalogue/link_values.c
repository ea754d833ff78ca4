/* Statistics and indicators. */
#include "daemon/catalogue/link.h"

#include "daemon/catalogue/formula.h"
#include "daemon/catalogue/words.h"
#include "proto/decimal.h"
#include <string.h>

#define CARRY_MAX    1200 /* months: a hundred years */
#define DEADLINE_MAX 3660 /* days: ten years */

static void check_decimals(struct link *link, struct place place, uint32_t decimals)
{
	if (decimals > DECIMAL_PLACES_MAX)
		mistake_at(link->mistakes, place, "decimals: found %u, expected 0 to %d", decimals,
		           DECIMAL_PLACES_MAX);
}

/* -------------------------------------------------------------------------------------------- statistics */

static struct place place_of_statistic(const struct link *link, uint32_t index)
{
	return source_place(&link->inputs->statistics.source, "statistics[%u].code", index);
}

/* A statistic must be one that a formula can name. */
static void check_statistic_code(struct link *link, uint32_t index, const char *code)
{
	struct place place = place_of_statistic(link, index);
	unsigned before = link->mistakes->count;
	link_check_code(link, place, "code", code);
	if (link->mistakes->count != before)
		return;
	if (formula_is_function(code))
		mistake_at(link->mistakes, place,
		           "code: '%s' is a function of the formula language, expected another word", code);
	else if (!formula_can_name(code))
		mistake_at(link->mistakes, place,
		           "code: found '%s', expected a-z 0-9 _ beginning with a letter, as formulas need",
		           code);
}

static void check_carry(struct link *link, uint32_t index, const struct written_statistic *written)
{
	const struct source *source = &link->inputs->statistics.source;
	const char *kind = statistic_kind_name(written->kind);
	bool stands = written->kind == KIND_STOCK || written->kind == KIND_LEVEL;
	if (stands && !written->carry)
		mistake_at(link->mistakes, source_place(source, "statistics[%u]", index),
		           "carry: missing for '%s', expected the months that a %s stands in for later ones",
		           written->code, kind);
	else if (!stands && written->carry)
		mistake_at(link->mistakes, source_place(source, "statistics[%u].carry", index),
		           "carry: found %u, expected none for kind %s", *written->carry, kind);
	else if (stands && *written->carry > CARRY_MAX)
		mistake_at(link->mistakes, source_place(source, "statistics[%u].carry", index),
		           "carry: found %u, expected 0 to %d months", *written->carry, CARRY_MAX);
}

static void check_deadline(struct link *link, uint32_t index, const struct written_statistic *written)
{
	if (written->deadline > DEADLINE_MAX)
		mistake_at(link->mistakes,
		           source_place(&link->inputs->statistics.source, "statistics[%u].deadline", index),
		           "deadline: found %u, expected 0 to %d days", written->deadline, DEADLINE_MAX);
}

static void link_statistic(struct link *link, uint32_t index, const struct written_statistic *written)
{
	const struct source *source = &link->inputs->statistics.source;
	char names[40], unit[40];
	snprintf(names, sizeof names, "statistics[%u].names", index);
	snprintf(unit, sizeof unit, "statistics[%u].unit", index);
	check_statistic_code(link, index, written->code);
	check_decimals(link, source_place(source, "statistics[%u].decimals", index), written->decimals);
	check_carry(link, index, written);
	check_deadline(link, index, written);
	link->catalogue->statistics[index] = (struct statistic){
	    .code = link_copy(link, written->code),
	    .names = link_names(link, source, names, &written->names),
	    .unit = link_names(link, source, unit, &written->unit),
	    .decimals = written->decimals,
	    .kind = written->kind,
	    .frequency = written->frequency,
	    .level = written->level,
	    .carry_months = written->carry ? *written->carry : 0,
	    .deadline_days = written->deadline,
	    .may_be_negative = written->negative,
	};
}

void link_statistics(struct link *link)
{
	const struct statistics_file *file = link->inputs->statistics.file;
	struct catalogue *catalogue = link->catalogue;
	catalogue->statistics = link_take(link, file->statistic_count, sizeof catalogue->statistics[0]);
	for (uint32_t i = 0; link->fault == 0 && i < file->statistic_count; i++)
		link_statistic(link, i, &file->statistics[i]);
	if (link->fault)
		return;
	catalogue->statistic_count = file->statistic_count;
	link->fault = catalogue_index_statistics(catalogue);
	if (link->fault == 0)
		link_check_unique(link, &catalogue->index->statistics, "code", place_of_statistic);
}

/* -------------------------------------------------------------------------------------------- indicators */

static struct place place_of_indicator(const struct link *link, uint32_t index)
{
	return source_place(&link->inputs->indicators.source, "indicators[%u].code", index);
}

/* The statistic that keeps the formula from being computed more often than `finest`. */
static const struct statistic *slowest_of(const struct link *link, const struct formula *formula,
                                          enum period_frequency finest)
{
	const struct statistic *found = NULL;
	for (uint32_t i = 0; i < formula->atom_count; i++) {
		const struct statistic *statistic = &link->catalogue->statistics[formula->atoms[i].statistic];
		bool adds_up = statistic->kind == KIND_FLOW || statistic->kind == KIND_AVERAGE;
		if (statistic->frequency == finest && (!found || adds_up))
			found = statistic;
	}
	return found;
}

static void check_frequency(struct link *link, uint32_t index, const struct indicator *indicator)
{
	enum period_frequency finest = formula_finest_frequency(indicator->formula, link->catalogue);
	const struct statistic *slowest = slowest_of(link, indicator->formula, finest);
	if (indicator->frequency <= finest || !slowest)
		return;
	mistake_at(link->mistakes,
	           source_place(&link->inputs->indicators.source, "indicators[%u].frequency", index),
	           "frequency: found %c, expected %c or coarser: a %s indicator over the %s %s '%s'",
	           period_frequency_letter(indicator->frequency), period_frequency_letter(finest),
	           frequency_adjective(indicator->frequency), frequency_adjective(finest),
	           statistic_kind_name(slowest->kind), slowest->code);
}

static void link_formula(struct link *link, uint32_t index, const struct written_indicator *written)
{
	struct catalogue *catalogue = link->catalogue;
	struct indicator *indicator = &catalogue->indicators[index];
	struct formula_error error;
	int result =
	    formula_parse(written->formula, catalogue, catalogue->memory, &indicator->formula, &error);
	if (result < 0) {
		link->fault = result;
	} else if (result == FORMULA_REFUSED) {
		mistake_at(link->mistakes,
		           source_place(&link->inputs->indicators.source, "indicators[%u].formula", index),
		           "formula: column %u: %s", error.column, error.text);
	} else if (written->frequency) {
		indicator->frequency = *written->frequency;
		check_frequency(link, index, indicator);
	} else
		indicator->frequency = formula_finest_frequency(indicator->formula, catalogue);
}

static void link_indicator(struct link *link, uint32_t index, const struct written_indicator *written)
{
	const struct source *source = &link->inputs->indicators.source;
	char names[40], unit[40];
	snprintf(names, sizeof names, "indicators[%u].names", index);
	snprintf(unit, sizeof unit, "indicators[%u].unit", index);
	link_check_code(link, place_of_indicator(link, index), "code", written->code);
	check_decimals(link, source_place(source, "indicators[%u].decimals", index), written->decimals);
	link->catalogue->indicators[index] = (struct indicator){
	    .code = link_copy(link, written->code),
	    .names = link_names(link, source, names, &written->names),
	    .unit = link_names(link, source, unit, &written->unit),
	    .decimals = written->decimals,
	    .formula_text = link_copy(link, written->formula),
	    .coverage = written->coverage,
	};
}

/* All codes come before the first formula, which says so when it meets an indicator's. */
void link_indicators(struct link *link)
{
	const struct indicators_file *file = link->inputs->indicators.file;
	struct catalogue *catalogue = link->catalogue;
	catalogue->indicators = link_take(link, file->indicator_count, sizeof catalogue->indicators[0]);
	for (uint32_t i = 0; link->fault == 0 && i < file->indicator_count; i++)
		link_indicator(link, i, &file->indicators[i]);
	if (link->fault)
		return;
	catalogue->indicator_count = file->indicator_count;
	link->fault = catalogue_index_indicators(catalogue);
	if (link->fault == 0)
		link_check_unique(link, &catalogue->index->indicators, "code", place_of_indicator);
	for (uint32_t i = 0; link->fault == 0 && i < file->indicator_count; i++)
		link_formula(link, i, &file->indicators[i]);
}
