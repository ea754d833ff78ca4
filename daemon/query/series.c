#include "daemon/query/question.h"

#include "daemon/base/arena.h"
#include "daemon/indicator/places.h"
#include "proto/decimal.h"
#include <assert.h>

#define PERIODS_MAX 10000 /* of one series: bounds the time that its snapshot stays open */

/* What is asked for, in terms of the catalogue. */
struct series {
	bool computed; /* then it is the indicator that counts, else the statistic */
	const struct statistic *statistic;
	const struct indicator *indicator;
	const struct formula *ad_hoc; /* then neither of the two counts, but this formula does */
	unsigned decimals;            /* of it */
	uint32_t statistic_index, indicator_index;
	uint32_t area;
	enum period_frequency frequency;
	struct period from, to;
	bool from_given, to_given;
	bool empty; /* nothing was ever reported, and no range was given either */
};

static struct measure measure_of(const struct series *series)
{
	static const struct names no_unit = {.in = {"", "", ""}};
	if (series->ad_hoc)
		return (struct measure){.code = "eval", .unit = &no_unit, .decimals = series->decimals};
	return series->computed ? measure_of_indicator(series->indicator)
	                        : measure_of_statistic(series->statistic);
}

/* ---- what is asked for ---- */

static int find_code(struct question *question, const char *code, struct series *series)
{
	const struct catalogue *catalogue = question->catalogue;
	series->indicator_index = catalogue_find_indicator(catalogue, code);
	series->statistic_index = catalogue_find_statistic(catalogue, code);
	series->computed = series->indicator_index != CATALOGUE_NONE;
	if (series->computed)
		series->indicator = &catalogue->indicators[series->indicator_index];
	else if (series->statistic_index != CATALOGUE_NONE)
		series->statistic = &catalogue->statistics[series->statistic_index];
	else
		return question_refuse_unknown(question, "statistic or indicator", code,
		                               catalogue_suggest_value(catalogue, code));
	return 0;
}

static int refuse_finer(struct question *question, const struct series *series)
{
	static const char format[] = "%s is %s only %s, so there is no %s series of it.";
	if (series->ad_hoc)
		return question_refuse(
		    question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL, format, "The formula",
		    "known", wording_adverb(formula_finest_frequency(series->ad_hoc, question->catalogue)),
		    wording_adverb(series->frequency));
	if (series->computed)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL, format,
		                       series->indicator->code, "computed",
		                       wording_adverb(series->indicator->frequency),
		                       wording_adverb(series->frequency));
	return question_refuse(
	    question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL, format, series->statistic->code,
	    "reported", wording_adverb(series->statistic->frequency), wording_adverb(series->frequency));
}

/* The last known stock stands in a finer period; a flow cannot be cut up. */
static bool may_be_finer(const struct series *series)
{
	return !series->computed && !series->ad_hoc &&
	       (series->statistic->kind == KIND_STOCK || series->statistic->kind == KIND_LEVEL);
}

static enum period_frequency own_frequency(const struct question *question, const struct series *series)
{
	if (series->ad_hoc)
		return formula_finest_frequency(series->ad_hoc, question->catalogue);
	assert(series->computed ? series->indicator != NULL : series->statistic != NULL);
	return series->computed ? series->indicator->frequency : series->statistic->frequency;
}

static int choose_frequency(struct question *question, const char *given, struct series *series)
{
	enum period_frequency own = own_frequency(question, series);
	series->frequency = own;
	if (given && period_frequency_parse(given, &series->frequency) != 0) {
		char quoted[QUOTE_SIZE];
		question_quote(given, quoted);
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND, NULL,
		                       "There is no frequency '%s'; it is one of A (year), S (half-year), "
		                       "Q (quarter), M (month) and D (day).",
		                       quoted);
	}
	return series->frequency > own && !may_be_finer(series) ? refuse_finer(question, series) : 0;
}

static int refuse_area(struct question *question, const struct series *series)
{
	const struct catalogue *catalogue = question->catalogue;
	const struct area *area = &catalogue->areas[series->area];
	const char *kind = area->level == LEVEL_GROUP ? "group" : area_level_name(area->level);
	if (series->ad_hoc)
		return question_refuse(
		    question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		    "The formula is computed from what is reported by %s, so there is none of "
		    "%s, a %s.",
		    area_level_name(places_unit_level(catalogue, series->ad_hoc)),
		    area->names.in[LANGUAGE_EN], kind);
	if (!series->computed)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		                       "%s is reported by %s%s, so there is none of %s, a %s.",
		                       series->statistic->code, area_level_name(series->statistic->level),
		                       series->statistic->kind == KIND_LEVEL ? " and does not add up" : "",
		                       area->names.in[LANGUAGE_EN], kind);
	enum area_level unit = places_unit_level(catalogue, series->indicator->formula);
	return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
	                       "%s is computed from what is reported by %s, so there is none of %s, a %s.",
	                       series->indicator->code, area_level_name(unit), area->names.in[LANGUAGE_EN],
	                       kind);
}

static int evaluate(struct question *question, const struct series *series, struct period period,
                    struct value *ret_value)
{
	const struct cell_source cells = snapshot_cells(question->snapshot);
	if (series->ad_hoc)
		return evaluate_formula(question->evaluator, series->ad_hoc, series->decimals,
		                        COVERAGE_MATCHED, series->area, period, &cells, ret_value);
	if (series->computed)
		return evaluate_indicator(question->evaluator, series->indicator_index, series->area, period,
		                          &cells, ret_value);
	return evaluate_statistic(question->evaluator, series->statistic_index, series->area, period, &cells,
	                          ret_value);
}

/* Whether there can be a value at all depends on the area alone, so any period will do to ask. */
static int check_area(struct question *question, const struct series *series)
{
	struct value value;
	int result = evaluate(question, series, period_make(series->frequency, PERIOD_YEAR_MIN, 0), &value);
	if (result != 0)
		return result;
	return value.state == VALUE_NOT_HERE ? refuse_area(question, series) : 0;
}

static int choose_area(struct question *question, const char *given, struct series *series)
{
	series->area = question->catalogue->root;
	int result = given ? question_find_area(question, given, &series->area) : 0;
	return result == 0 ? check_area(question, series) : result;
}

/* ---- from when to when ---- */

static int widen(struct question *question, const struct statistic *statistic, struct extent *extent)
{
	struct extent own;
	int result = snapshot_extent(question->snapshot, statistic->id, &own);
	if (result != 0)
		return result == SNAPSHOT_NOTHING ? 0 : result;
	if (own.first_day < extent->first_day)
		extent->first_day = own.first_day;
	if (own.last_day > extent->last_day)
		extent->last_day = own.last_day;
	return 0;
}

/* An extent that ends before it starts is empty. */
static int find_extent(struct question *question, const struct series *series, struct extent *ret_extent)
{
	struct extent extent = {.first_day = INT32_MAX, .last_day = INT32_MIN};
	const struct formula *formula = series->ad_hoc     ? series->ad_hoc
	                                : series->computed ? series->indicator->formula
	                                                   : NULL;
	int result = formula ? 0 : widen(question, series->statistic, &extent);
	for (uint32_t i = 0; formula && i < formula->atom_count && result == 0; i++)
		result =
		    widen(question, &question->catalogue->statistics[formula->atoms[i].statistic], &extent);
	if (result == 0)
		*ret_extent = extent;
	return result;
}

/* A stock asked for in finer periods than it is reported in is first known at the end of its first one. */
static struct period first_known(const struct series *series, int32_t first_day)
{
	if (!series->computed && !series->ad_hoc && series->frequency > series->statistic->frequency)
		first_day = period_last_day(period_of_day(first_day, series->statistic->frequency));
	return period_of_day(first_day, series->frequency);
}

static int choose_ends(struct question *question, const char *first, const char *last, struct series *series)
{
	struct period from = {0}, to = {0};
	int result = first ? question_read_period(question, first, &from) : 0;
	if (result == 0 && last)
		result = question_read_period(question, last, &to);
	if (result != 0)
		return result;
	series->from_given = first != NULL;
	series->to_given = last != NULL;
	if (series->from_given)
		series->from = period_of_day(period_first_day(from), series->frequency);
	if (series->to_given)
		series->to = period_of_day(period_last_day(to), series->frequency);
	return 0;
}

static int fill_ends(struct question *question, struct series *series)
{
	struct extent extent;
	int result = find_extent(question, series, &extent);
	if (result != 0)
		return result;
	bool known = extent.first_day <= extent.last_day;
	series->empty = !known && !(series->from_given && series->to_given);
	if (!series->from_given && known)
		series->from = first_known(series, extent.first_day);
	if (!series->to_given && known)
		series->to = period_of_day(extent.last_day, series->frequency);
	return 0;
}

static int check_range(struct question *question, struct series *series)
{
	if (series->empty)
		return 0;
	int count = period_distance(series->from, series->to) + 1;
	if (count > PERIODS_MAX)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		                       "That would be %d periods, more than the %d that one series may have; "
		                       "ask for a shorter range or a coarser frequency.",
		                       count, PERIODS_MAX);
	if (count <= 0 && series->from_given && series->to_given)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		                       "The series would end before it starts.");
	series->empty = count <= 0;
	return 0;
}

static int read_series(struct question *question, const Suanpan__SeriesQuery *query, struct series *series)
{
	int result = find_code(question, query->code, series);
	if (result == 0)
		result = choose_frequency(question, query->frequency, series);
	if (result == 0)
		result = choose_area(question, query->area, series);
	if (result == 0)
		result = choose_ends(question, query->from, query->to, series);
	if (result == 0)
		result = fill_ends(question, series);
	return result == 0 ? check_range(question, series) : result;
}

static int add_row(struct question *question, const struct series *series, struct period period,
                   const struct value *value, uint64_t commit)
{
	const struct measure measure = measure_of(series);
	Suanpan__Value row = wording_value(&question->words, &measure, series->area, period, value, commit);
	return question_add(question, &row.base);
}

/* ---- statistics and ad hoc formulas: evaluated now ---- */

/* Neighbouring values often have the same newest entry. */
struct commit_of_entry {
	uint64_t entry, commit;
};

static int find_commit(struct question *question, uint64_t entry, struct commit_of_entry *known)
{
	struct journal_entry found;
	if (entry == 0) /* nothing is behind the value */
		*known = (struct commit_of_entry){0, 0};
	if (entry == known->entry)
		return 0;
	int result = snapshot_entry(question->snapshot, entry, &found);
	if (result != 0)
		return result == SNAPSHOT_NOTHING ? (int)FAULT_CORRUPT : result;
	*known = (struct commit_of_entry){entry, found.commit};
	return 0;
}

static int add_evaluated_row(struct question *question, const struct series *series, struct period period,
                             struct commit_of_entry *known)
{
	struct value value;
	int result = evaluate(question, series, period, &value);
	if (result == 0)
		result = find_commit(question, value.newest_entry, known);
	return result == 0 ? add_row(question, series, period, &value, known->commit) : result;
}

static int add_evaluated_rows(struct question *question, const struct series *series)
{
	struct commit_of_entry known = {0, 0};
	struct period period = series->from;
	int result = add_evaluated_row(question, series, period, &known);
	while (result == 0 && period.code < series->to.code && period_shift(period, 1, &period))
		result = add_evaluated_row(question, series, period, &known);
	return result;
}

/* ---- indicators: as they were kept ---- */

struct kept_walk {
	struct question *question;
	const struct series *series;
	bool fill; /* periods without a kept value get a row too */
	bool over; /* `next` has run off the calendar */
	struct period next;
};

static int fill_until(struct kept_walk *walk, struct period end)
{
	const struct series *series = walk->series;
	while (walk->fill && !walk->over && walk->next.code < end.code) {
		const struct value absent =
		    question_absent_value(walk->question, series->indicator_index, series->area, walk->next);
		int result = add_row(walk->question, series, walk->next, &absent, 0);
		if (result != 0)
			return result;
		walk->over = !period_shift(walk->next, 1, &walk->next);
	}
	return 0;
}

static int add_kept(void *context, struct period period, const struct stored_value *stored)
{
	struct kept_walk *walk = context;
	struct kept_value kept;
	int result = fill_until(walk, period);
	if (result != 0)
		return result;
	wording_kept(&walk->question->words, stored, &kept);
	result = add_row(walk->question, walk->series, period, &kept.value, kept.commit);
	walk->next = period;
	walk->over = !period_shift(period, 1, &walk->next);
	return result;
}

static int add_indicator_rows(struct question *question, const struct series *series)
{
	struct kept_walk walk = {
	    .question = question,
	    .series = series,
	    .fill = series->from_given || series->to_given,
	    .next = series->from,
	};
	int result = snapshot_walk_values(question->snapshot, series->indicator->id,
	                                  question->catalogue->areas[series->area].id, series->from,
	                                  series->to, add_kept, &walk);
	if (result != 0)
		return result;
	/* Ordinals leave room above, so one more than the last is still a number of its frequency. */
	return fill_until(&walk, (struct period){.code = series->to.code + 1});
}

int answer_series(struct question *question, const Suanpan__SeriesQuery *query)
{
	struct series series = {.empty = false};
	int result = read_series(question, query, &series);
	if (result != 0 || series.empty)
		return result;
	return series.computed ? add_indicator_rows(question, &series)
	                       : add_evaluated_rows(question, &series);
}

/* ---- ad hoc formulas ---- */

#define DECIMALS_UNLESS_GIVEN 2
#define FORMULA_BUDGET        (1u << 20)

static int read_formula(struct question *question, const Suanpan__EvalQuery *query, struct arena *memory,
                        struct series *series)
{
	struct formula_error error;
	struct formula *formula;
	if (query->has_decimals && query->decimals > DECIMAL_PLACES_MAX)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		                       "At most %d decimals can be asked for.", DECIMAL_PLACES_MAX);
	series->decimals = query->has_decimals ? (unsigned)query->decimals : DECIMALS_UNLESS_GIVEN;
	int result = formula_parse(query->formula, question->catalogue, memory, &formula, &error);
	if (result == FORMULA_REFUSED)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		                       "formula: column %u: %s", error.column, error.text);
	if (result == 0)
		series->ad_hoc = formula;
	return result;
}

static int read_eval(struct question *question, const Suanpan__EvalQuery *query, struct arena *memory,
                     struct series *series)
{
	int result = read_formula(question, query, memory, series);
	if (result == 0)
		result = choose_frequency(question, query->frequency, series);
	if (result == 0)
		result = choose_area(question, query->area, series);
	if (result == 0)
		result = choose_ends(question, query->from, query->to, series);
	if (result == 0)
		result = fill_ends(question, series);
	return result == 0 ? check_range(question, series) : result;
}

int answer_eval(struct question *question, const Suanpan__EvalQuery *query)
{
	struct series series = {.empty = false};
	struct arena *memory; /* chunks empty the question's own */
	int result = arena_new(FORMULA_BUDGET, &memory);
	if (result != 0)
		return result;
	result = read_eval(question, query, memory, &series);
	if (result == 0 && !series.empty)
		result = add_evaluated_rows(question, &series);
	arena_free(memory);
	return result;
}
