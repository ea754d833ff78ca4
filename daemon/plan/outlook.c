#include "daemon/plan/outlook.h"

#include "daemon/plan/path.h"
#include "daemon/plan/shape.h"
#include "daemon/plan/strand.h"
#include "proto/decimal.h"
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct outlook {
	const struct catalogue *catalogue;
	const struct formula *formula;
	struct strand *strands;
	uint32_t strand_count;
	uint32_t strand_of[FORMULA_ATOMS_MAX];
};

const char *outlook_verdict_text(int verdict)
{
	switch (verdict) {
	case OUTLOOK_TOO_SHORT:
		return "too little history";
	case OUTLOOK_NO_DATA:
		return "no period that all areas have reported";
	default:
		return "it cannot be computed there";
	}
}

/* ---- history ---- */

static uint32_t find_strand(const struct outlook *outlook, const struct formula_atom *atom)
{
	uint32_t i = 0;
	while (i < outlook->strand_count && (outlook->strands[i].statistic != atom->statistic ||
	                                     outlook->strands[i].within != atom->within))
		i++;
	return i;
}

static int gather(const struct outlook_basis *basis, uint32_t area, struct outlook *outlook)
{
	for (uint32_t i = 0; i < outlook->formula->atom_count; i++) {
		const struct formula_atom *atom = &outlook->formula->atoms[i];
		const uint32_t found = outlook->strand_of[i] = find_strand(outlook, atom);
		if (found < outlook->strand_count)
			continue;
		struct strand *strand = &outlook->strands[outlook->strand_count++];
		strand->statistic = atom->statistic;
		strand->within = atom->within;
		const int result = strand_gather(basis, area, strand);
		if (result != 0)
			return result;
	}
	return 0;
}

int outlook_new(const struct outlook_basis *basis, const struct formula *formula, uint32_t area,
                struct outlook **ret_outlook)
{
	struct outlook *outlook = calloc(1, sizeof *outlook);
	if (!outlook)
		return -ENOMEM;
	outlook->catalogue = basis->catalogue;
	outlook->formula = formula;
	outlook->strands = calloc(formula->atom_count ? formula->atom_count : 1, sizeof *outlook->strands);
	const int result = outlook->strands ? gather(basis, area, outlook) : -ENOMEM;
	if (result == 0)
		*ret_outlook = outlook;
	else
		outlook_free(outlook);
	return result;
}

void outlook_free(struct outlook *outlook)
{
	if (!outlook)
		return;
	free(outlook->strands);
	free(outlook);
}

static int fit_all(struct outlook *outlook, int32_t day, const enum forecast_method *method)
{
	int result = 0;
	for (uint32_t i = 0; i < outlook->strand_count && result == 0; i++)
		result = strand_fit(outlook->catalogue, &outlook->strands[i], day, method);
	return result;
}

int outlook_fit(struct outlook *outlook, int32_t day)
{
	return fit_all(outlook, day, NULL);
}

int outlook_fit_with(struct outlook *outlook, int32_t day, enum forecast_method method)
{
	return fit_all(outlook, day, &method);
}

/* ---- what it is made of ---- */

unsigned outlook_part_count(const struct outlook *outlook)
{
	return outlook->strand_count;
}

struct outlook_part outlook_part(const struct outlook *outlook, unsigned index)
{
	assert(index < outlook->strand_count);
	const struct strand *strand = &outlook->strands[index];
	struct outlook_part part = {
	    .statistic = strand->statistic, .within = strand->within, .verdict = strand->fitted};
	for (size_t at = 0; at < strand->used; at++)
		part.history += strand->whole[at];
	if (strand->used > 0) {
		part.first = strand->first;
		part.last = (struct period){strand->first.code + (uint32_t)strand->used - 1};
	}
	if (strand->fitted == 0) {
		part.method = strand->forecast.method;
		part.has_season = strand->forecast.cycle > 0;
	}
	return part;
}

/* ---- through the formula: a number with its derivatives by the atoms ---- */

struct dual {
	double value, by[FORMULA_ATOMS_MAX];
};

/* What an operation on two numbers gives, and how far each of them moves it. */
struct slope {
	double value, by_a, by_b;
};

static struct slope grow_slope(double a, double b, int years)
{
	const double factor = pow(a / b, 1.0 / years);
	return (struct slope){.value = 100 * (factor - 1),
	                      .by_a = 100 * factor / (years * a),
	                      .by_b = -100 * factor / (years * b)};
}

static struct slope combine(enum formula_op op, double a, double b, int years)
{
	switch (op) {
	case FORMULA_ADD:
		return (struct slope){a + b, 1, 1};
	case FORMULA_SUBTRACT:
		return (struct slope){a - b, 1, -1};
	case FORMULA_MULTIPLY:
		return (struct slope){a * b, b, a};
	case FORMULA_DIVIDE:
		return (struct slope){a / b, 1 / b, -a / (b * b)};
	case FORMULA_MIN:
		return (struct slope){a <= b ? a : b, a <= b, a > b};
	case FORMULA_MAX:
		return (struct slope){a >= b ? a : b, a >= b, a < b};
	case FORMULA_AVERAGE_GROWTH:
		return grow_slope(a, b, years);
	case FORMULA_NUMBER:
	case FORMULA_ATOM:
	case FORMULA_NEGATE:
		break;
	}
	assert(false && "an operation on two numbers");
	return (struct slope){0, 0, 0};
}

static void push(const struct formula_step *step, const double *atoms, struct dual *top)
{
	*top = (struct dual){.value = 0};
	if (step->op == FORMULA_ATOM) {
		top->value = atoms[step->atom];
		top->by[step->atom] = 1;
	} else {
		const int64_t one = decimal_power(step->decimals);
		top->value = (double)step->number / (double)one;
	}
}

static void negate(uint32_t atom_count, struct dual *top)
{
	top->value = -top->value;
	for (uint32_t i = 0; i < atom_count; i++)
		top->by[i] = -top->by[i];
}

/* Into `a`. */
static void join(const struct formula_step *step, uint32_t atom_count, int years, struct dual *a,
                 const struct dual *b)
{
	const struct slope slope = combine(step->op, a->value, b->value, years);
	a->value = slope.value;
	for (uint32_t i = 0; i < atom_count; i++)
		a->by[i] = slope.by_a * a->by[i] + slope.by_b * b->by[i];
}

/* Division by zero and the like come out as what is not finite: OUTLOOK_NOT_POSSIBLE. */
static int run(const struct formula *formula, const double *atoms, int years, struct dual *ret_result)
{
	struct dual *stack = calloc(FORMULA_DEPTH_MAX, sizeof *stack);
	unsigned depth = 0;
	if (!stack)
		return -ENOMEM;
	for (uint32_t i = 0; i < formula->step_count; i++) {
		const struct formula_step *step = &formula->steps[i];
		if (step->op == FORMULA_NUMBER || step->op == FORMULA_ATOM)
			push(step, atoms, &stack[depth++]);
		else if (step->op == FORMULA_NEGATE)
			negate(formula->atom_count, &stack[depth - 1]);
		else if (depth-- >= 2)
			join(step, formula->atom_count, years, &stack[depth - 1], &stack[depth]);
	}
	bool finite = isfinite(stack[0].value);
	for (uint32_t i = 0; i < formula->atom_count; i++)
		finite = finite && isfinite(stack[0].by[i]);
	*ret_result = stack[0];
	free(stack);
	return finite ? 0 : OUTLOOK_NOT_POSSIBLE;
}

static int years_since_baseline(const struct catalogue *catalogue, struct period period)
{
	int first_year, last_year;
	if (!catalogue_plan_window(catalogue, period_year(period), &first_year, &last_year))
		return 0;
	return period_year(period) - (first_year - 1);
}

/* ---- a value ---- */

static double mean_of(const struct strand *strand, const struct strand_part *part)
{
	double mean = part->known;
	for (unsigned ahead = 1; ahead <= part->ahead; ahead++)
		if (part->shares[ahead - 1] > 0)
			mean += part->shares[ahead - 1] * forecast_mean(&strand->forecast, ahead);
	return mean;
}

static int find_parts(const struct outlook *outlook, struct period period, struct strand_part *parts)
{
	const struct formula *formula = outlook->formula;
	for (uint32_t i = 0; i < formula->atom_count; i++) {
		const struct strand *strand = &outlook->strands[outlook->strand_of[i]];
		struct window window;
		if (window_find(outlook->catalogue, &formula->atoms[i], period, &window))
			return OUTLOOK_NOT_POSSIBLE;
		const int verdict = strand_find(
		    strand, &window, &outlook->catalogue->statistics[strand->statistic], &parts[i]);
		if (verdict)
			return verdict;
	}
	return 0;
}

static void note_strand(const struct strand *strand, double variance, struct outlook_value *value)
{
	const struct forecast *forecast = &strand->forecast;
	const struct period newest = {strand->first.code + (uint32_t)strand->used - 1};
	if (!value->is_forecast || forecast->method > value->method)
		value->method = forecast->method;
	if (!value->is_forecast || forecast->method < value->best)
		value->best = forecast->method;
	if (!value->is_forecast || forecast->observations < value->history)
		value->history = (unsigned)forecast->observations;
	if (value->from.code == 0 || period_last_day(newest) < period_last_day(value->from))
		value->from = newest;
	if (variance > 0 && (value->freedom == 0 || forecast->freedom < value->freedom))
		value->freedom = forecast->freedom;
	value->is_provisional |= strand->is_provisional;
	value->is_forecast = true;
}

/* The variance that one strand brings in, through all its atoms. */
static double variance_of(const struct outlook *outlook, uint32_t which, const struct strand_part *parts,
                          const struct dual *result, bool *ret_is_forecast)
{
	const struct strand *strand = &outlook->strands[which];
	double shares[STRAND_PERIODS_MAX] = {0};
	unsigned ahead = 0;
	for (uint32_t i = 0; i < outlook->formula->atom_count; i++) {
		if (outlook->strand_of[i] != which)
			continue;
		for (unsigned k = 0; k < parts[i].ahead; k++)
			shares[k] += result->by[i] * parts[i].shares[k];
		if (parts[i].ahead > ahead)
			ahead = parts[i].ahead;
	}
	*ret_is_forecast = ahead > 0;
	return ahead > 0 ? forecast_variance(&strand->forecast, shares, ahead) : 0;
}

static int value_of(const struct outlook *outlook, struct period period, const struct strand_part *parts,
                    struct outlook_value *ret_value)
{
	const struct formula *formula = outlook->formula;
	double atoms[FORMULA_ATOMS_MAX], variance = 0;
	struct outlook_value value = {.mean = 0};
	struct dual result;
	for (uint32_t i = 0; i < formula->atom_count; i++) {
		atoms[i] = mean_of(&outlook->strands[outlook->strand_of[i]], &parts[i]);
		value.gaps += parts[i].gaps;
	}
	const int verdict = run(formula, atoms, years_since_baseline(outlook->catalogue, period), &result);
	if (verdict)
		return verdict;
	for (uint32_t i = 0; i < outlook->strand_count; i++) {
		bool is_forecast;
		const double more = variance_of(outlook, i, parts, &result, &is_forecast);
		if (is_forecast)
			note_strand(&outlook->strands[i], more, &value);
		variance += more;
	}
	value.mean = result.value;
	value.deviation = sqrt(variance);
	if (!isfinite(value.deviation))
		return OUTLOOK_NOT_POSSIBLE;
	*ret_value = value;
	return 0;
}

int outlook_at(const struct outlook *outlook, struct period period, struct outlook_value *ret_value)
{
	struct strand_part *parts =
	    calloc(outlook->formula->atom_count ? outlook->formula->atom_count : 1, sizeof *parts);
	if (!parts)
		return -ENOMEM;
	int verdict = find_parts(outlook, period, parts);
	if (!verdict)
		verdict = value_of(outlook, period, parts, ret_value);
	free(parts);
	return verdict;
}

void outlook_interval(const struct outlook_value *value, unsigned percent, double *ret_low, double *ret_high)
{
	const double reach = value->deviation > 0
	                         ? value->deviation * forecast_quantile(0.5 + percent / 200.0, value->freedom)
	                         : 0;
	*ret_low = value->mean - reach;
	*ret_high = value->mean + reach;
}

double outlook_percent_of(const struct outlook_value *value, double figure)
{
	const double away = fabs(figure - value->mean);
	if (!(value->deviation > 0))
		return away > 0 ? 100 : 0;
	return 100 * (2 * forecast_chance_below(away / value->deviation, value->freedom) - 1);
}

/* ---- chances ---- */

static double as_double(struct fraction a)
{
	return (double)a.over / (double)a.under;
}

static double chance_below(const struct outlook_value *value, double edge)
{
	if (!(value->deviation > 0))
		return value->mean < edge;
	return forecast_chance_below((edge - value->mean) / value->deviation, value->freedom);
}

/* That the value, printed, is on a side that satisfies. What is printed at the edge is half of the last place to both
 * sides of it. */
static double chance_of(const struct shape *shape, const struct outlook_value *value, double goal,
                        double width, double half_place)
{
	const double below = chance_below(value, goal - width - half_place);
	const double not_above = chance_below(value, goal + width + half_place);
	return (shape->below ? below : 0) + (shape->at ? not_above - below : 0) +
	       (shape->above ? 1 - not_above : 0);
}

static double half_place_of(unsigned decimals)
{
	const int64_t one = decimal_power(decimals);
	return 0.5 / (double)one;
}

static double chance_at_goal(const struct catalogue *catalogue, const struct target *target,
                             const struct outlook_value *value)
{
	struct fraction width;
	if (!target->goal.present || shape_width(target, &width))
		return 0;
	return chance_of(shape_of(target), value, as_double(shape_number(&target->goal)), as_double(width),
	                 half_place_of(catalogue->indicators[target->indicator].decimals));
}

static int open_outlook(const struct outlook_basis *basis, uint32_t indicator, uint32_t area,
                        struct outlook **ret_outlook)
{
	struct outlook *outlook;
	int result = outlook_new(basis, basis->catalogue->indicators[indicator].formula, area, &outlook);
	if (result != 0)
		return result;
	result = outlook_fit(outlook, INT32_MAX);
	if (result == 0)
		*ret_outlook = outlook;
	else
		outlook_free(outlook);
	return result;
}

/* The least chance of all periods from now to the plan's end. */
static int keep_chance(const struct outlook_basis *basis, const struct outlook *outlook,
                       const struct plan *plan, const struct target *target, double *ret_chance)
{
	const enum period_frequency frequency = basis->catalogue->indicators[target->indicator].frequency;
	const struct period end =
	    period_last_inside(period_make(PERIOD_ANNUAL, plan->last_year, 0), frequency);
	struct period period = period_of_day(basis->day, frequency);
	double least = 1;
	for (; period.code <= end.code; period.code++) {
		struct outlook_value value;
		const int verdict = outlook_at(outlook, period, &value);
		if (verdict)
			return verdict;
		const double chance = chance_at_goal(basis->catalogue, target, &value);
		if (chance < least)
			least = chance;
	}
	*ret_chance = least;
	return 0;
}

/* That the value is no more than half a point below the other series, which is forecast as well. */
static int follow_chance(const struct outlook_basis *basis, const struct target *target, uint32_t area,
                         struct period end, const struct outlook_value *value, double *ret_chance)
{
	struct outlook *other;
	struct outlook_value followed, apart = *value;
	struct fraction below;
	int result = open_outlook(basis, target->follows, area, &other);
	if (result != 0)
		return result;
	result = outlook_at(other, end, &followed);
	outlook_free(other);
	if (result != 0)
		return result;
	if (shape_followed_goal(fraction_of_integer(0), &below))
		return OUTLOOK_NOT_POSSIBLE;
	apart.mean -= followed.mean;
	apart.deviation = sqrt(value->deviation * value->deviation + followed.deviation * followed.deviation);
	if (apart.freedom == 0 || (followed.freedom > 0 && followed.freedom < apart.freedom))
		apart.freedom = followed.freedom;
	*ret_chance =
	    1 -
	    chance_below(&apart, as_double(below) -
	                             half_place_of(basis->catalogue->indicators[target->indicator].decimals));
	return 0;
}

static int find_chance(const struct outlook_basis *basis, const struct outlook *outlook,
                       const struct plan *plan, const struct target *target, uint32_t area, struct period end,
                       const struct outlook_value *value, double *ret_chance)
{
	switch (shape_of(target)->aim) {
	case AIM_FOLLOW:
		return follow_chance(basis, target, area, end, value, ret_chance);
	case AIM_KEEP:
		return keep_chance(basis, outlook, plan, target, ret_chance);
	case AIM_UP:
	case AIM_DOWN:
	case AIM_AT:
		break;
	}
	*ret_chance = chance_at_goal(basis->catalogue, target, value);
	return 0;
}

int outlook_target(const struct outlook_basis *basis, const struct plan *plan, const struct target *target,
                   uint32_t area, const struct judgement *now, struct outlook_target *ret_target)
{
	const struct period end = period_make(PERIOD_ANNUAL, plan->last_year, 0);
	const bool is_broken = shape_of(target)->aim == AIM_KEEP && now->verdict == VERDICT_OFF_TRACK;
	struct outlook_target found = {.chance = 0};
	struct outlook *outlook;
	double chance = 0;
	int result = open_outlook(basis, target->indicator, area, &outlook);
	if (result != 0)
		return result;
	result = outlook_at(outlook, end, &found.end);
	if (result == 0 && !is_broken)
		result = find_chance(basis, outlook, plan, target, area, end, &found.end, &chance);
	outlook_free(outlook);
	if (result != 0)
		return result;
	found.chance = (unsigned)lround(100 * (chance < 0 ? 0 : chance > 1 ? 1 : chance));
	*ret_target = found;
	return 0;
}
