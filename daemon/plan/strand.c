#include "daemon/plan/strand.h"

#include "proto/decimal.h"
#include <assert.h>
#include <string.h>

/* How far back is looked: ten years of months; of what comes less often more, as a fit needs so many. */
static size_t periods_max(enum period_frequency frequency)
{
	static const size_t periods[] = {[PERIOD_ANNUAL] = 30,
	                                 [PERIOD_HALF_YEAR] = 40,
	                                 [PERIOD_QUARTER] = 60,
	                                 [PERIOD_MONTH] = 120,
	                                 [PERIOD_DAY] = STRAND_PERIODS_MAX};
	return periods[frequency];
}

/* Periods in a year of what may have a season. A stock's yearly ups and downs are small beside its size; those of days are
 * not of one year. */
static unsigned cycle_of(const struct statistic *statistic)
{
	static const unsigned cycles[] = {[PERIOD_ANNUAL] = 0,
	                                  [PERIOD_HALF_YEAR] = 2,
	                                  [PERIOD_QUARTER] = 4,
	                                  [PERIOD_MONTH] = 12,
	                                  [PERIOD_DAY] = 0};
	return window_is_point(statistic) ? 0 : cycles[statistic->frequency];
}

/* ---- gathering ---- */

static int evaluate(const struct outlook_basis *basis, const struct strand *strand, uint32_t area,
                    struct period period, struct value *ret_value)
{
	struct formula_atom atom = {.statistic = strand->statistic, .within = strand->within};
	struct formula_step step = {.op = FORMULA_ATOM};
	const struct formula formula = {.atoms = &atom, .atom_count = 1, .steps = &step, .step_count = 1};
	return evaluate_formula(basis->evaluator, &formula,
	                        basis->catalogue->statistics[strand->statistic].decimals, COVERAGE_MATCHED,
	                        area, period, basis->source, ret_value);
}

/* A stock that everybody carries forward is not news; and one that somebody does is not whole. */
static bool is_news(const struct value *value)
{
	return value->state == VALUE_PRESENT && value->reported > value->carried_count;
}

static void keep(struct strand *strand, size_t at, const struct value *value, unsigned decimals)
{
	strand->some[at] = is_news(value);
	strand->whole[at] =
	    strand->some[at] && value->reported == value->expected && value->carried_count == 0;
	const int64_t one = decimal_power(decimals);
	strand->values[at] = strand->some[at] ? (double)value->units / (double)one : 0;
}

/* Without the periods before the first whole one; those after the last stay, to tell that there are some. */
static void cut_beginning(struct strand *strand)
{
	size_t first = 0;
	while (first < strand->count && !strand->whole[first])
		first++;
	strand->count -= first;
	memmove(strand->values, strand->values + first, strand->count * sizeof *strand->values);
	memmove(strand->whole, strand->whole + first, strand->count * sizeof *strand->whole);
	memmove(strand->some, strand->some + first, strand->count * sizeof *strand->some);
	strand->first.code += (uint32_t)first;
}

int strand_gather(const struct outlook_basis *basis, uint32_t area, struct strand *strand)
{
	const struct statistic *statistic = &basis->catalogue->statistics[strand->statistic];
	const size_t most = periods_max(statistic->frequency);
	struct period last;
	const struct period today = period_of_day(basis->day, PERIOD_DAY);
	strand->count = 0;
	if (!period_newest_ended(today, statistic->frequency, &last) ||
	    !period_shift(last, 1 - (int)most, &strand->first))
		return 0;
	for (size_t at = 0; at < most; at++) {
		struct value value;
		const struct period period = {strand->first.code + (uint32_t)at};
		const int result = evaluate(basis, strand, area, period, &value);
		if (result != 0)
			return result;
		keep(strand, at, &value, statistic->decimals);
	}
	strand->count = most;
	cut_beginning(strand);
	return 0;
}

/* ---- fitting ---- */

static size_t known_by(const struct strand *strand, int32_t day)
{
	size_t known = strand->count;
	while (known > 0 && period_last_day((struct period){strand->first.code + (uint32_t)known - 1}) > day)
		known--;
	return known;
}

static int fit(const struct catalogue *catalogue, const struct strand *strand,
               const enum forecast_method *method, struct strand_fit *fit)
{
	const struct forecast_series series = {.values = strand->values,
	                                       .there = strand->whole,
	                                       .count = strand->used,
	                                       .cycle = cycle_of(&catalogue->statistics[strand->statistic])};
	const int result = method ? forecast_fit(*method, &series, &fit->forecast)
	                          : forecast_fit_best(&series, &fit->forecast);
	if (result < 0)
		return result;
	fit->fitted = result == FORECAST_TOO_SHORT ? OUTLOOK_TOO_SHORT : 0;
	fit->used = strand->used;
	return 0;
}

int strand_fit(const struct catalogue *catalogue, struct strand *strand, int32_t day,
               const enum forecast_method *method)
{
	const size_t known = known_by(strand, day);
	strand->used = known;
	while (strand->used > 0 && !strand->whole[strand->used - 1])
		strand->used--;
	strand->is_provisional = false;
	for (size_t at = strand->used; at < known; at++)
		strand->is_provisional |= strand->some[at];
	strand->fitted = OUTLOOK_NO_DATA;
	if (strand->used == 0)
		return 0;
	struct strand_fit *kept = &strand->kept[method ? 1 + *method : 0];
	const int result = kept->used == strand->used ? 0 : fit(catalogue, strand, method, kept);
	if (result != 0)
		return result;
	strand->fitted = kept->fitted;
	strand->forecast = kept->forecast;
	return 0;
}

/* ---- what an atom sees ---- */

/* Adds one period with its share. Periods before the history are the caller's. */
static int add_ahead(const struct strand *strand, long ahead, double share, struct strand_part *part)
{
	if (strand->fitted != 0)
		return strand->fitted;
	if (ahead > STRAND_PERIODS_MAX)
		return OUTLOOK_NOT_POSSIBLE;
	part->shares[ahead - 1] += share;
	if (ahead > (long)part->ahead)
		part->ahead = (unsigned)ahead;
	return 0;
}

/* Its place in the history: negative before it, used or more: to come. */
static long place_of(const struct strand *strand, struct period period)
{
	return (long)period.code - (long)strand->first.code;
}

/* The newest in the window, or what it will be. */
static int find_point(const struct strand *strand, const struct window *window, struct strand_part *part)
{
	const long place = place_of(strand, window->first), used = (long)strand->used;
	if (place >= used)
		return add_ahead(strand, place - used + 1, 1, part);
	for (long back = 0; back < (long)window->cells && place - back >= 0; back++) {
		if (!strand->whole[place - back])
			continue;
		part->gaps = (unsigned)back;
		part->known = strand->values[place - back];
		return 0;
	}
	return OUTLOOK_NOT_POSSIBLE;
}

/* The sum of the window, an average's mean: of what has been, the periods in which anything is there. */
static int find_stretch(const struct strand *strand, const struct window *window, bool is_average,
                        struct strand_part *part)
{
	const long first = place_of(strand, window->first), end = first + (long)window->cells,
	           used = (long)strand->used;
	double counted = 0;
	if (first < 0)
		return OUTLOOK_NOT_POSSIBLE;
	for (long place = first; place < end; place++)
		counted += place >= used || strand->some[place];
	const double share = is_average && counted > 0 ? 1 / counted : 1;
	for (long place = first; place < end; place++) {
		const int verdict = place >= used ? add_ahead(strand, place - used + 1, share, part) : 0;
		if (verdict)
			return verdict;
		part->gaps += place < used && !strand->whole[place];
		if (place < used && strand->some[place])
			part->known += share * strand->values[place];
	}
	return counted > 0 ? 0 : OUTLOOK_NOT_POSSIBLE;
}

int strand_find(const struct strand *strand, const struct window *window, const struct statistic *statistic,
                struct strand_part *ret_part)
{
	*ret_part = (struct strand_part){.known = 0};
	if (strand->used == 0)
		return OUTLOOK_NO_DATA;
	return window_is_point(statistic)
	           ? find_point(strand, window, ret_part)
	           : find_stretch(strand, window, statistic->kind == KIND_AVERAGE, ret_part);
}
