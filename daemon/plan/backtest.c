/* As published
 *   Mean absolute scaled error: R. J. Hyndman and A. B. Koehler, "Another look at measures of forecast accuracy",
 * International Journal of Forecasting 22 (2006), 679-688. With Y(1) to Y(n) known and the error e of a forecast from there,
 *     q = e / ( (|Y(2) - Y(1)| + ... + |Y(n) - Y(n-1)|) / (n - 1) ),     MASE = mean of |q|.
 * Below one: better than the naive method's one-step errors in the past.
 *   Rolling origin: L. J. Tashman, "Out-of-sample tests of forecasting accuracy: an analysis and review", International
 * Journal of Forecasting 16 (2000), 437-450; fitted anew at every origin, all forecasts up to the horizon.
 *
 * As done here
 *   With many origins there are as many scales, and the mean of |q| would be that of the origins at which the figures had
 * hardly moved yet (one share of beds, flat in its first year, had 26). So it is the mean error over the mean scale: the
 * same where there is one origin, and a figure at an early origin weighs as much as one at a late.
 *   The scale is that of the indicator, of steps between neighbouring periods in which nobody is missing. Of one step
 * also for what has a season (the authors' first form, not the seasonal one), so that years and months are told in one
 * measure.
 *   Rounding makes a ratio of numbers that stay the same move in its last bits: a step below a billionth of the figure is
 * none, and as small an error lies within every interval. */
#include "daemon/plan/backtest.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define NOISE 1e-9 /* of the figure */

/* What came of one period. */
struct actual {
	double value;
	unsigned gaps; /* as outlook_value has them: two figures with as many differ by whole periods only */
	bool known;    /* nothing in it is to come */
};

/* Sums; [0] of figures without a damped trend in them, [1] with. */
struct tally {
	unsigned forecasts, within_80, within_95;
	double errors, scales;
};

struct trial {
	struct outlook *outlook;
	unsigned horizon;
	struct period first;
	struct actual *actuals; /* of periods from `first` on */
	size_t count;
	struct tally tallies[2][BACKTEST_METHODS];
	unsigned origins[2];
};

/* ---- what came ---- */

static struct period period_at(const struct trial *trial, size_t at)
{
	return (struct period){trial->first.code + (uint32_t)at};
}

/* From the oldest to the newest period of anything that it is made of. */
static int make_room(enum period_frequency frequency, struct trial *trial)
{
	int32_t first_day = INT32_MAX, last_day = INT32_MIN;
	for (unsigned i = 0; i < outlook_part_count(trial->outlook); i++) {
		const struct outlook_part part = outlook_part(trial->outlook, i);
		if (part.history == 0)
			continue;
		if (period_first_day(part.first) < first_day)
			first_day = period_first_day(part.first);
		if (period_last_day(part.last) > last_day)
			last_day = period_last_day(part.last);
	}
	if (first_day > last_day)
		return OUTLOOK_NO_DATA;
	trial->first = period_of_day(first_day, frequency);
	trial->count = (size_t)period_distance(trial->first, period_of_day(last_day, frequency)) + 1;
	trial->actuals = calloc(trial->count, sizeof *trial->actuals);
	return trial->actuals ? 0 : -ENOMEM;
}

static int gather(enum period_frequency frequency, struct trial *trial)
{
	int result = outlook_fit_with(trial->outlook, INT32_MAX, FORECAST_NAIVE);
	if (result == 0)
		result = make_room(frequency, trial);
	for (size_t at = 0; result == 0 && at < trial->count; at++) {
		struct outlook_value value;
		const int verdict = outlook_at(trial->outlook, period_at(trial, at), &value);
		if (verdict < 0)
			result = verdict;
		if (verdict == 0 && !value.is_forecast)
			trial->actuals[at] =
			    (struct actual){.value = value.mean, .gaps = value.gaps, .known = true};
	}
	return result;
}

/* ---- one origin ---- */

/* The mean absolute step of the figures up to the origin; 0: they did not move. */
static double scale_at(const struct trial *trial, size_t origin)
{
	double sum = 0;
	unsigned steps = 0;
	for (size_t at = 1; at <= origin; at++) {
		const struct actual *before = &trial->actuals[at - 1], *now = &trial->actuals[at];
		const double step = fabs(now->value - before->value);
		if (!before->known || !now->known || before->gaps != now->gaps)
			continue;
		sum += step > NOISE * fabs(now->value) ? step : 0;
		steps++;
	}
	return steps > 0 ? sum / steps : 0;
}

static void score(const struct outlook_value *value, double actual, double scale, struct tally *tally)
{
	const double error = fabs(value->mean - actual);
	const double percent = error > NOISE * fabs(actual) ? outlook_percent_of(value, actual) : 0;
	tally->forecasts++;
	tally->within_80 += percent <= 80;
	tally->within_95 += percent <= 95;
	tally->errors += error;
	tally->scales += scale;
}

/* What one method said of the periods after an origin. */
struct said {
	int verdict[BACKTEST_HORIZON_MAX];
	struct outlook_value value[BACKTEST_HORIZON_MAX];
};

static int say(const struct trial *trial, size_t origin, enum forecast_method method, struct said *said)
{
	const int32_t day = period_last_day(period_at(trial, origin));
	int result = method == FORECAST_DAMPED ? outlook_fit(trial->outlook, day)
	                                       : outlook_fit_with(trial->outlook, day, method);
	for (unsigned i = 0; i < trial->horizon && origin + 1 + i < trial->count && result == 0; i++) {
		said->verdict[i] =
		    outlook_at(trial->outlook, period_at(trial, origin + 1 + i), &said->value[i]);
		if (said->verdict[i] < 0)
			result = said->verdict[i];
	}
	return result;
}

/* Whether all methods said something of a figure that came; all that somebody is missing in was already there at the origin. */
static bool is_fair(const struct said *said, unsigned ahead, const struct actual *actual)
{
	bool fair = actual->known;
	for (int method = 0; method < BACKTEST_METHODS; method++)
		fair = fair && said[method].verdict[ahead] == 0 && said[method].value[ahead].is_forecast &&
		       said[method].value[ahead].gaps == actual->gaps;
	return fair;
}

static void compare(struct trial *trial, size_t origin, const struct said *said, int *verdict)
{
	const double scale = scale_at(trial, origin);
	bool any[2] = {false, false};
	for (unsigned i = 0; i < trial->horizon && origin + 1 + i < trial->count; i++) {
		const struct actual *actual = &trial->actuals[origin + 1 + i];
		if (actual->known && said[FORECAST_DAMPED].verdict[i] != 0)
			*verdict = said[FORECAST_DAMPED].verdict[i];
		if (!is_fair(said, i, actual))
			continue;
		const bool damped = said[FORECAST_DAMPED].value[i].best == FORECAST_DAMPED;
		any[damped] = true;
		for (int method = 0; method < BACKTEST_METHODS; method++)
			score(&said[method].value[i], actual->value, scale, &trial->tallies[damped][method]);
	}
	trial->origins[0] += any[0];
	trial->origins[1] += any[1];
}

/* ---- the whole ---- */

static int try_origins(struct trial *trial, int *verdict)
{
	struct said *said = calloc(BACKTEST_METHODS, sizeof *said);
	const size_t most = BACKTEST_ORIGINS_MAX + 1;
	size_t end = trial->count;
	int result = said ? 0 : -ENOMEM;
	while (end > 0 && !trial->actuals[end - 1].known)
		end--;
	for (size_t at = end > most ? end - most : 0; at + 1 < end && result == 0; at++) {
		if (!trial->actuals[at].known)
			continue;
		for (int method = 0; method < BACKTEST_METHODS && result == 0; method++)
			result = say(trial, at, (enum forecast_method)method, &said[method]);
		if (result == 0)
			compare(trial, at, said, verdict);
	}
	free(said);
	return result;
}

static struct backtest_score conclude(const struct tally *tally, unsigned origins)
{
	struct backtest_score score = {
	    .origins = origins, .forecasts = tally->forecasts, .has_mase = tally->scales > 0};
	if (score.has_mase)
		score.mase = tally->errors / tally->scales;
	if (tally->forecasts > 0) {
		score.within_80 = 100.0 * tally->within_80 / tally->forecasts;
		score.within_95 = 100.0 * tally->within_95 / tally->forecasts;
	}
	return score;
}

/* Without a damped trend anywhere it has no score. */
static void sum_up(const struct trial *trial, struct backtest *backtest)
{
	const bool damped = trial->origins[1] > 0;
	for (size_t at = 0; at < trial->count; at++)
		backtest->history += trial->actuals[at].known;
	for (int method = damped ? 0 : 1; method < BACKTEST_METHODS; method++)
		backtest->scores[method] = conclude(&trial->tallies[damped][method], trial->origins[damped]);
	if (damped || trial->origins[0] > 0)
		backtest->verdict = 0;
	else if (backtest->verdict == 0)
		backtest->verdict = backtest->history > 0 ? OUTLOOK_TOO_SHORT : OUTLOOK_NO_DATA;
}

int plan_backtest(const struct outlook_basis *basis, const struct formula *formula, uint32_t area,
                  enum period_frequency frequency, unsigned horizon, struct backtest *ret_backtest)
{
	struct trial trial = {.horizon = horizon};
	struct backtest backtest = {.history = 0};
	assert(horizon > 0 && horizon <= BACKTEST_HORIZON_MAX);
	int result = outlook_new(basis, formula, area, &trial.outlook);
	if (result != 0)
		return result;
	result = gather(frequency, &trial);
	if (result == 0)
		result = try_origins(&trial, &backtest.verdict);
	if (result >= 0) {
		backtest.verdict = result > 0 ? result : backtest.verdict;
		sum_up(&trial, &backtest);
		*ret_backtest = backtest;
	}
	free(trial.actuals);
	outlook_free(trial.outlook);
	return result < 0 ? result : 0;
}
