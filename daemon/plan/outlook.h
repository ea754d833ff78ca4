/* Outlooks: what an indicator will be, how wrong that may be, and the chance that a target is met. Pure: everything known
 * comes through `struct cell_source`, as for evaluation. One thread at a time; deterministic.
 *
 * Not the indicator is forecast but what it is made of. Each statistic of its formula, over the area, is a *strand*: its
 * totals at its own frequency, as far as every area that is expected has reported (so the halves of a ratio are over the
 * same areas; a period in which somebody is missing is a gap). Each strand is forecast by itself (forecast.h); what is
 * asked for goes through the formula as the evaluator would put it there: a flow counts its months so far as they are,
 * and those to come as they are forecast; a stock is its last month's.
 *   - What may have a season (flows and averages within the year) has it taken out first, and put back.
 *   - A strand ends with its newest whole period; what came in for later ones from some areas is not used, and the
 *     outlook is *provisional*. In a gap before it what is there counts, as it does in the indicator.
 *   - The variance is that of the formula's first derivatives at the means (the delta method), over all shocks of
 *     all strands: two atoms of one statistic move together, two statistics do not. A strand has Student's t with its
 *     degrees of freedom; the outlook has the fewest of its strands.
 *   - The chance of a target is that of the value as it will be printed, rounded to the indicator's decimals, at the end of
 *     the plan's last year. For `hold` it is the least of all periods to come (no more than that can be said without
 *     simulating), and none if it is broken already; for tracks-gdp both series are forecast. */
#ifndef SUANPAN_PLAN_OUTLOOK_H
#define SUANPAN_PLAN_OUTLOOK_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/formula.h"
#include "daemon/indicator/evaluate.h"
#include "daemon/plan/forecast.h"
#include "daemon/plan/judge.h"

struct outlook_basis {
	const struct catalogue *catalogue;
	struct evaluator *evaluator;
	const struct cell_source *source;
	int32_t day; /* since 1970-01-01: periods that end after it are to come */
};

enum outlook_verdict {
	OUTLOOK_TOO_SHORT = 1, /* too little history: see FORECAST_TOO_SHORT */
	OUTLOOK_NO_DATA = 2,   /* no period that all areas have reported */
	OUTLOOK_NOT_POSSIBLE =
	    3, /* it cannot be evaluated there: no plan, division by zero, nothing before the first value */
};
const char *outlook_verdict_text(int verdict); /* "too little history"; static storage */

struct outlook;

/* Gathers the history of everything in the formula. The formula must outlive it, the source need not. */
int MUST_CHECK outlook_new(const struct outlook_basis *basis, const struct formula *formula, uint32_t area,
                           struct outlook **ret_outlook);
void outlook_free(struct outlook *outlook); /* NULL is fine */

/* Fits every strand to what had ended by the day (INT32_MAX: all that was gathered), each with the best method that its
 * history is long enough for. Strands that are too short are found out by outlook_at, where they are needed. */
int MUST_CHECK outlook_fit(struct outlook *outlook, int32_t day);
/* The same, all with one method. */
int MUST_CHECK outlook_fit_with(struct outlook *outlook, int32_t day, enum forecast_method method);

struct outlook_value {
	double mean, deviation; /* deviation 0: nothing in it is to come, or it never moved */
	unsigned freedom;       /* of Student's t; 0 where the deviation is 0 */
	bool is_forecast;       /* something in it is to come */
	bool is_provisional;
	enum forecast_method method, best; /* the least and the best of those used */
	unsigned history;                  /* the fewest observations that one was fitted to */
	struct period from; /* the oldest of the strands' newest whole periods; code 0: nothing is forecast */
	unsigned gaps;      /* of what it counts: periods that have been and that somebody is missing in */
};
/* What the outlook is made of, as it was fitted. */
struct outlook_part {
	uint32_t statistic, within; /* within: a group's index, CATALOGUE_NONE: the area as it is */
	unsigned history;           /* whole periods */
	struct period first, last;  /* the oldest and the newest of them; code 0: there are none */
	int verdict;                /* 0, or why it cannot be forecast */
	enum forecast_method method;
	bool has_season;
};
unsigned outlook_part_count(const struct outlook *outlook);
struct outlook_part outlook_part(const struct outlook *outlook, unsigned index);

/* At any period the formula can be evaluated at. */
int MUST_CHECK outlook_at(const struct outlook *outlook, struct period period,
                          struct outlook_value *ret_value);
/* What a value lies within with the chance (80, 95 percent): both ends. */
void outlook_interval(const struct outlook_value *value, unsigned percent, double *ret_low, double *ret_high);
/* The percent (0 to 100) of the interval that has the figure at one of its ends. */
double outlook_percent_of(const struct outlook_value *value, double figure);

/* A target at the plan's end. `now` is how it stands (a broken hold has no chance). */
struct outlook_target {
	struct outlook_value end;
	unsigned chance; /* percent, rounded: 0 is less than one half of a percent */
};
int MUST_CHECK outlook_target(const struct outlook_basis *basis, const struct plan *plan,
                              const struct target *target, uint32_t area, const struct judgement *now,
                              struct outlook_target *ret_target);

#endif
