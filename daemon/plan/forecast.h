/* Forecasts of one short series of numbers, with how wrong they may be. Pure; any thread.
 *
 * Estimates, so double arithmetic is right here; it is deterministic (same build, same numbers, same bits). No number
 * that is not finite comes in or leaves. The methods, and what of them is as published, are in forecast.c.
 *
 * All methods are linear in the shocks that are still to come: the error of what is forecast j periods ahead is
 * shock(j) + weight(1) shock(j-1) + ... + weight(j-1) shock(1), independent and of one deviation `sigma`. So the error
 * of any weighted sum of forecasts (a year's total, say) has a variance that can be written down: forecast_variance. */
#ifndef SUANPAN_PLAN_FORECAST_H
#define SUANPAN_PLAN_FORECAST_H

#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>

#define FORECAST_CYCLE_MAX 12

enum forecast_method {
	FORECAST_DAMPED, /* damped-trend exponential smoothing, ETS(A,Ad,N) */
	FORECAST_DRIFT,  /* a random walk with drift: the straight line from the first to the last */
	FORECAST_NAIVE,  /* a random walk: the last value */
};
const char *forecast_method_name(enum forecast_method method); /* "damped trend"; static storage */

/* Values at equal distances in time, oldest first. Where `there` is not NULL and false, nothing is known; the first and
 * the last are there. `cycle`: periods in a year of what may have a season (4, 12), 0 or 1: it has none. */
struct forecast_series {
	const double *values;
	const bool *there;
	size_t count;
	unsigned cycle;
};

enum forecast_verdict {
	FORECAST_TOO_SHORT =
	    1, /* too few observations; for a series with a cycle also less than two whole years */
};

struct forecast {
	enum forecast_method method;
	double alpha, beta, phi; /* damped: beta is that of the state space form, alpha times beta* */
	double first_level, first_slope;
	double level, slope; /* at the end; the slope of a drift is a period's */
	double sigma;        /* deviation of a shock */
	double squares;      /* sum of the squared one-step errors */
	unsigned freedom;    /* degrees of freedom behind sigma */
	size_t observations;
	/* What the season adds; [0] to what comes next. All zero where there is none. */
	double season[FORECAST_CYCLE_MAX];
	unsigned cycle; /* 0: there is none */
};

int MUST_CHECK forecast_fit(enum forecast_method method, const struct forecast_series *series,
                            struct forecast *ret_forecast);
/* A damped trend with parameters and first states given, led over a series without gaps: what a published fit says. Season and
 * method are as given. */
int MUST_CHECK forecast_follow(const struct forecast *start, const struct forecast_series *series,
                               struct forecast *ret_forecast);
/* The method that the history is long enough for: damped trend, else drift. */
int MUST_CHECK forecast_fit_best(const struct forecast_series *series, struct forecast *ret_forecast);

/* All of the following `ahead` count from 1. */
double forecast_mean(const struct forecast *forecast, unsigned ahead);
double forecast_weight(const struct forecast *forecast, unsigned later); /* later 0: 1 */
double forecast_deviation(const struct forecast *forecast, unsigned ahead);
/* Variance of the error of share[0] * (1 ahead) + ... + share[count-1] * (count ahead). */
double forecast_variance(const struct forecast *forecast, const double *shares, unsigned count);

/* Student's t: the chance (0 to 1) to stay below `t`, and what is not exceeded with the chance (0.5 to 1). */
double forecast_chance_below(double t, unsigned freedom);
double forecast_quantile(double chance, unsigned freedom);

#endif
