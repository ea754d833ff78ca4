/* As published
 *   Damped trend: E. S. Gardner and E. McKenzie, "Forecasting trends in time series", Management Science 31 (1985),
 * 1237-1246. As the innovations state space model ETS(A,Ad,N) of R. J. Hyndman, A. B. Koehler, J. K. Ord and R. D. Snyder,
 * "Forecasting with exponential smoothing", Springer 2008: with the shock e(t) = y(t) - l(t-1) - phi b(t-1),
 *     l(t) = l(t-1) + phi b(t-1) + alpha e(t)
 *     b(t) = phi b(t-1) + beta e(t)
 * and the forecast l + (phi + ... + phi^h) b. Parameters and first states by maximum likelihood, which for additive
 * shocks is the least sum of their squares. The variance of a forecast h ahead is that of the book's class 1,
 *     sigma^2 (1 + c(1)^2 + ... + c(h-1)^2),   c(j) = alpha + beta (phi + ... + phi^j).
 * sigma^2 is the sum of squares over n - 5, as the R package `forecast` has it; its bounds too: alpha from 0.0001 to
 * 0.9999, beta from 0 to alpha, phi from 0.8 (below it is hardly a trend) to 0.98 (above it is hardly damped).
 *   Drift and naive: R. J. Hyndman and G. Athanasopoulos, "Forecasting: principles and practice", section 5.2 and 5.5. The
 * variance with drift is sigma^2 h (1 + h / (n - 1)), the last part for the drift being estimated.
 *   Season: subtracted before fitting and added to the forecasts, where it is strong: the strength of X. Wang, K. A. Smith
 * and R. J. Hyndman, "Characteristic-based clustering for time series data" (2006), 1 - var(rest) / var(season + rest), is
 * 0.64 or more (the threshold of `nsdiffs` in R).
 *   Student's t for whole degrees of freedom: M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 26.7.3-4.
 *
 * As done here
 *   Given alpha, beta and phi the shocks are linear in the first level and slope, so these two are found exactly by least
 * squares; only three numbers are searched for, first on a grid and then by the method of Nelder and Mead (Computer
 * Journal 7, 1965) from its best point, and again from what that finds. Against R, which searches for all five, the
 * sum of squares is never larger (tests/unit/test_plan_forecast.c says how near the printed fits are).
 *   A gap changes nothing but that the states go on without a shock; a random walk's step over a gap counts with the
 * variance of its length.
 *   The season is the mean of each place in the year about a straight line by least squares, not STL: five years are too
 * few for a season that changes. It is the same for all methods, so the naive method is what the M competitions call
 * "naive 2". Additive: that stays linear in the shocks and holds for counts with zeros.
 *   Intervals and chances use Student's t with the degrees of freedom of sigma in the place of the normal distribution:
 * with eight observations the 95 % interval is then 1.6 times as wide, which is what is known.
 *   Too short: sigma needs at least three degrees of freedom (with fewer the interval says nothing: t is 4.3 at two
 * and 12.7 at one), so a drift needs 5 observations and a damped trend 8, each as many more as the season
 * takes (a cycle less one). What may have a season needs two whole years, or one half of a year would be taken for a trend. */
#include "daemon/plan/forecast.h"

#include <assert.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FREEDOM_MIN     3
#define SEASON_STRENGTH 0.64
#define ALPHA_MIN       0.0001
#define WEIGHT_MAX      0.9999 /* of alpha, and of beta in parts of alpha */
#define PHI_MIN         0.8
#define PHI_MAX         0.98
#define DAMPED_FITTED   5 /* alpha, beta, phi, first level, first slope */

const char *forecast_method_name(enum forecast_method method)
{
	static const char *const names[] = {
	    [FORECAST_DAMPED] = "damped trend", [FORECAST_DRIFT] = "drift", [FORECAST_NAIVE] = "naive"};
	return names[method];
}

/* ---- what is fitted to: without its season, from zero, about as large as one ---- */

struct sample {
	double *values;
	const bool *there;
	size_t count, observations;
	double origin, scale;
};

static bool is_there(const struct sample *sample, size_t i)
{
	return !sample->there || sample->there[i];
}

static size_t count_there(const struct forecast_series *series)
{
	size_t count = 0;
	for (size_t i = 0; i < series->count; i++)
		count += !series->there || series->there[i];
	return count;
}

static int sample_init(struct sample *sample, const struct forecast_series *series)
{
	*sample = (struct sample){.there = series->there, .count = series->count, .scale = 1};
	sample->values = malloc(series->count * sizeof *sample->values);
	if (!sample->values)
		return -ENOMEM;
	memcpy(sample->values, series->values, series->count * sizeof *sample->values);
	sample->observations = count_there(series);
	return 0;
}

static void sample_done(struct sample *sample)
{
	free(sample->values);
}

/* Sums of squares of a population in the millions would leave no digits for its changes. */
static void normalise(struct sample *sample)
{
	double largest = 0;
	sample->origin = sample->values[0];
	for (size_t i = 0; i < sample->count; i++) {
		sample->values[i] -= sample->origin;
		if (is_there(sample, i) && fabs(sample->values[i]) > largest)
			largest = fabs(sample->values[i]);
	}
	sample->scale = largest > 0 ? largest : 1;
	for (size_t i = 0; i < sample->count; i++)
		sample->values[i] /= sample->scale;
}

/* ---- season ---- */

struct line {
	double at_zero, slope;
};

/* The straight line through what is left without the season. */
static struct line fit_line(const struct sample *sample, const double *season, unsigned cycle)
{
	double n = 0, mean_x = 0, mean_y = 0, xx = 0, xy = 0;
	for (size_t i = 0; i < sample->count; i++) {
		if (!is_there(sample, i))
			continue;
		n += 1;
		mean_x += ((double)i - mean_x) / n;
		mean_y += (sample->values[i] - season[i % cycle] - mean_y) / n;
	}
	for (size_t i = 0; i < sample->count; i++) {
		if (!is_there(sample, i))
			continue;
		xx += ((double)i - mean_x) * ((double)i - mean_x);
		xy += ((double)i - mean_x) * (sample->values[i] - season[i % cycle] - mean_y);
	}
	const double slope = xx > 0 ? xy / xx : 0;
	return (struct line){.at_zero = mean_y - slope * mean_x, .slope = slope};
}

/* The mean of each place in the year about the line; all together zero. False: some place was never seen. */
static bool find_places(const struct sample *sample, struct line line, unsigned cycle, double *season)
{
	double sums[FORECAST_CYCLE_MAX] = {0}, seen[FORECAST_CYCLE_MAX] = {0}, mean = 0;
	for (size_t i = 0; i < sample->count; i++) {
		if (!is_there(sample, i))
			continue;
		sums[i % cycle] += sample->values[i] - line.at_zero - line.slope * (double)i;
		seen[i % cycle] += 1;
	}
	for (unsigned place = 0; place < cycle; place++) {
		if (seen[place] < 1)
			return false;
		season[place] = sums[place] / seen[place];
		mean += season[place] / cycle;
	}
	for (unsigned place = 0; place < cycle; place++)
		season[place] -= mean;
	return true;
}

static bool is_strong(const struct sample *sample, struct line line, unsigned cycle, const double *season)
{
	double rest = 0, both = 0;
	for (size_t i = 0; i < sample->count; i++) {
		if (!is_there(sample, i))
			continue;
		const double off = sample->values[i] - line.at_zero - line.slope * (double)i;
		both += off * off;
		rest += (off - season[i % cycle]) * (off - season[i % cycle]);
	}
	return both > 0 && 1 - rest / both >= SEASON_STRENGTH;
}

/* Takes the season out where there is a strong one, and keeps it for what comes next. */
static void take_season(struct sample *sample, unsigned cycle, struct forecast *forecast)
{
	double season[FORECAST_CYCLE_MAX] = {0};
	struct line line = {0};
	if (cycle < 2)
		return;
	for (int pass = 0; pass < 3; pass++) { /* line and season each in the light of the other */
		line = fit_line(sample, season, cycle);
		if (!find_places(sample, line, cycle, season))
			return;
	}
	if (!is_strong(sample, line, cycle, season))
		return;
	forecast->cycle = cycle;
	for (size_t i = 0; i < sample->count; i++)
		sample->values[i] -= season[i % cycle];
	for (unsigned place = 0; place < cycle; place++)
		forecast->season[place] = season[(sample->count + place) % cycle];
}

/* ---- damped trend ---- */

struct damping {
	double alpha, share, phi; /* share: of beta in alpha */
};

struct states {
	double first_level, first_slope, level, slope, squares;
};

/* The three courses that the shocks are a sum of: from the data with first states of zero, and from first states of
 * one without data. */
enum { COURSE_DATA, COURSE_LEVEL, COURSE_SLOPE, COURSE_SUMS };

struct run {
	double level[COURSE_SUMS], slope[COURSE_SUMS];
	double products[COURSE_SUMS][COURSE_SUMS]; /* of the shocks, summed */
};

static void step(struct run *run, const struct damping *damping, const double *value)
{
	double shock[COURSE_SUMS];
	for (int i = 0; i < COURSE_SUMS; i++) {
		const double ahead = run->level[i] + damping->phi * run->slope[i];
		shock[i] = value ? (i == COURSE_DATA ? *value : 0) - ahead : 0;
		run->level[i] = ahead + damping->alpha * shock[i];
		run->slope[i] = damping->phi * run->slope[i] + damping->alpha * damping->share * shock[i];
	}
	for (int i = 0; i < COURSE_SUMS; i++)
		for (int j = 0; j < COURSE_SUMS; j++)
			run->products[i][j] += shock[i] * shock[j];
}

/* The first states with the least squares; where the data do not tell the two apart, without a slope. */
static void solve_first(const struct run *run, struct states *states)
{
	const double(*p)[COURSE_SUMS] = run->products;
	const double a = p[COURSE_LEVEL][COURSE_LEVEL], b = p[COURSE_LEVEL][COURSE_SLOPE],
	             c = p[COURSE_SLOPE][COURSE_SLOPE];
	const double x = -p[COURSE_DATA][COURSE_LEVEL], y = -p[COURSE_DATA][COURSE_SLOPE];
	const double determinant = a * c - b * b;
	const bool both = determinant > 1e-12 * a * c;
	states->first_slope = both ? (a * y - b * x) / determinant : 0;
	states->first_level = both ? (c * x - b * y) / determinant : a > 0 ? x / a : 0;
}

static struct states run_damped(const struct sample *sample, const struct damping *damping)
{
	struct run run = {.level = {[COURSE_LEVEL] = 1}, .slope = {[COURSE_SLOPE] = 1}};
	struct states states;
	for (size_t i = 0; i < sample->count; i++)
		step(&run, damping, is_there(sample, i) ? &sample->values[i] : NULL);
	solve_first(&run, &states);
	const double share[COURSE_SUMS] = {1, states.first_level, states.first_slope};
	states.level = states.slope = states.squares = 0;
	for (int i = 0; i < COURSE_SUMS; i++) {
		states.level += share[i] * run.level[i];
		states.slope += share[i] * run.slope[i];
		for (int j = 0; j < COURSE_SUMS; j++)
			states.squares += share[i] * share[j] * run.products[i][j];
	}
	if (states.squares < 0) /* by rounding, where the fit is perfect */
		states.squares = 0;
	return states;
}

/* ---- the search ---- */

#define DIMENSIONS 3
#define ROUNDS     300

struct search {
	const struct sample *sample;
	double low[DIMENSIONS], high[DIMENSIONS];
};

struct corner {
	double at[DIMENSIONS], squares;
};

static struct damping damping_at(const double *at)
{
	return (struct damping){.alpha = at[0], .share = at[1], .phi = at[2]};
}

static struct corner look(const struct search *search, const double *at)
{
	struct corner corner;
	for (int i = 0; i < DIMENSIONS; i++) {
		corner.at[i] = at[i] < search->low[i] ? search->low[i] : at[i];
		if (corner.at[i] > search->high[i])
			corner.at[i] = search->high[i];
	}
	const struct damping damping = damping_at(corner.at);
	corner.squares = run_damped(search->sample, &damping).squares;
	return corner;
}

static struct corner look_along(const struct search *search, const double *from, const double *to, double far)
{
	double at[DIMENSIONS];
	for (int i = 0; i < DIMENSIONS; i++)
		at[i] = from[i] + far * (to[i] - from[i]);
	return look(search, at);
}

#define GRID 6

static struct corner best_on_grid(const struct search *search)
{
	struct corner best = {.squares = DBL_MAX};
	for (int i = 0; i < GRID * GRID * GRID; i++) {
		const int steps[DIMENSIONS] = {i % GRID, i / GRID % GRID, i / GRID / GRID};
		double at[DIMENSIONS];
		for (int k = 0; k < DIMENSIONS; k++)
			at[k] = search->low[k] + (search->high[k] - search->low[k]) * steps[k] / (GRID - 1);
		const struct corner corner = look(search, at);
		if (corner.squares < best.squares)
			best = corner;
	}
	return best;
}

/* Ascending; few, and mostly in order. */
static void sort_corners(struct corner *corners)
{
	for (int i = 1; i <= DIMENSIONS; i++) {
		const struct corner moved = corners[i];
		int place = i;
		for (; place > 0 && corners[place - 1].squares > moved.squares; place--)
			corners[place] = corners[place - 1];
		corners[place] = moved;
	}
}

static void shrink(const struct search *search, struct corner *corners)
{
	for (int i = 1; i <= DIMENSIONS; i++)
		corners[i] = look_along(search, corners[0].at, corners[i].at, 0.5);
}

/* One round of Nelder and Mead: the worst corner is put to the other side of the rest, further, nearer, or all shrink. */
static void improve(const struct search *search, struct corner *corners)
{
	double centre[DIMENSIONS] = {0};
	struct corner *const worst = &corners[DIMENSIONS];
	for (int i = 0; i < DIMENSIONS; i++)
		for (int k = 0; k < DIMENSIONS; k++)
			centre[k] += corners[i].at[k] / DIMENSIONS;
	const struct corner over = look_along(search, centre, worst->at, -1);
	if (over.squares < corners[0].squares) {
		const struct corner further = look_along(search, centre, worst->at, -2);
		*worst = further.squares < over.squares ? further : over;
		return;
	}
	if (over.squares < corners[DIMENSIONS - 1].squares) {
		*worst = over;
		return;
	}
	const struct corner nearer =
	    look_along(search, centre, worst->at, over.squares < worst->squares ? -0.5 : 0.5);
	if (nearer.squares < worst->squares && nearer.squares <= over.squares)
		*worst = nearer;
	else
		shrink(search, corners);
}

static struct corner descend(const struct search *search, struct corner from)
{
	struct corner corners[DIMENSIONS + 1] = {from};
	for (int i = 0; i < DIMENSIONS; i++) {
		double at[DIMENSIONS];
		memcpy(at, from.at, sizeof at);
		const double reach = (search->high[i] - search->low[i]) / 10;
		at[i] += at[i] + reach <= search->high[i] ? reach : -reach;
		corners[i + 1] = look(search, at);
	}
	sort_corners(corners);
	for (int round = 0; round < ROUNDS && corners[DIMENSIONS].squares > corners[0].squares * (1 + 1e-13);
	     round++) {
		improve(search, corners);
		sort_corners(corners);
	}
	return corners[0];
}

static struct damping search_damping(const struct sample *sample)
{
	const struct search search = {
	    .sample = sample, .low = {ALPHA_MIN, 0, PHI_MIN}, .high = {WEIGHT_MAX, WEIGHT_MAX, PHI_MAX}};
	const struct corner found = descend(&search, best_on_grid(&search));
	return damping_at(descend(&search, found).at);
}

static void fit_damped(const struct sample *sample, struct forecast *forecast)
{
	const struct damping damping = search_damping(sample);
	const struct states states = run_damped(sample, &damping);
	forecast->alpha = damping.alpha;
	forecast->beta = damping.alpha * damping.share;
	forecast->phi = damping.phi;
	forecast->first_level = states.first_level;
	forecast->first_slope = states.first_slope;
	forecast->level = states.level;
	forecast->slope = states.slope;
	forecast->squares = states.squares;
}

/* ---- random walks ---- */

static void fit_walk(const struct sample *sample, bool drifts, struct forecast *forecast)
{
	size_t last = 0;
	forecast->level = sample->values[sample->count - 1];
	forecast->slope = drifts ? forecast->level / (double)(sample->count - 1) : 0; /* the first is 0 */
	for (size_t i = 1; i < sample->count; i++) {
		if (!is_there(sample, i))
			continue;
		const double gap = (double)(i - last);
		const double off = sample->values[i] - sample->values[last] - gap * forecast->slope;
		forecast->squares += off * off / gap;
		last = i;
	}
	forecast->first_level = sample->values[0];
	forecast->first_slope = forecast->slope;
	forecast->alpha = 1;
	forecast->phi = 1;
}

/* ---- the whole ---- */

/* Numbers that are estimated: the rest of the observations is sigma's. */
static unsigned count_fitted(enum forecast_method method)
{
	return method == FORECAST_DAMPED ? DAMPED_FITTED : method == FORECAST_DRIFT ? 2 : 1;
}

static void rescale(const struct sample *sample, struct forecast *forecast)
{
	forecast->first_level = sample->origin + sample->scale * forecast->first_level;
	forecast->first_slope *= sample->scale;
	forecast->level = sample->origin + sample->scale * forecast->level;
	forecast->slope *= sample->scale;
	forecast->squares *= sample->scale * sample->scale;
	forecast->sigma = sqrt(forecast->squares / forecast->freedom);
}

int forecast_fit(enum forecast_method method, const struct forecast_series *series,
                 struct forecast *ret_forecast)
{
	struct forecast forecast = {.method = method};
	struct sample sample;
	assert(series->cycle <= FORECAST_CYCLE_MAX);
	if (series->count < 2 || (series->cycle > 1 && series->count < (size_t)2 * series->cycle))
		return FORECAST_TOO_SHORT;
	const int result = sample_init(&sample, series);
	if (result != 0)
		return result;
	take_season(&sample, series->cycle, &forecast);
	forecast.observations = sample.observations;
	const size_t taken = count_fitted(method) + (forecast.cycle > 0 ? forecast.cycle - 1 : 0);
	const bool enough = sample.observations >= taken + FREEDOM_MIN;
	if (enough) {
		forecast.freedom = (unsigned)(sample.observations - taken);
		normalise(&sample);
		if (method == FORECAST_DAMPED)
			fit_damped(&sample, &forecast);
		else
			fit_walk(&sample, method == FORECAST_DRIFT, &forecast);
		rescale(&sample, &forecast);
		*ret_forecast = forecast;
	}
	sample_done(&sample);
	return enough ? 0 : FORECAST_TOO_SHORT;
}

int forecast_follow(const struct forecast *start, const struct forecast_series *series,
                    struct forecast *ret_forecast)
{
	struct forecast forecast = *start;
	if (series->count <= DAMPED_FITTED)
		return FORECAST_TOO_SHORT;
	forecast.level = start->first_level;
	forecast.slope = start->first_slope;
	forecast.squares = 0;
	for (size_t i = 0; i < series->count; i++) {
		const double ahead = forecast.level + forecast.phi * forecast.slope;
		const double shock = series->values[i] - ahead;
		forecast.level = ahead + forecast.alpha * shock;
		forecast.slope = forecast.phi * forecast.slope + forecast.beta * shock;
		forecast.squares += shock * shock;
	}
	forecast.observations = series->count;
	forecast.freedom = (unsigned)(series->count - DAMPED_FITTED);
	forecast.sigma = sqrt(forecast.squares / forecast.freedom);
	*ret_forecast = forecast;
	return 0;
}

int forecast_fit_best(const struct forecast_series *series, struct forecast *ret_forecast)
{
	const int result = forecast_fit(FORECAST_DAMPED, series, ret_forecast);
	return result == FORECAST_TOO_SHORT ? forecast_fit(FORECAST_DRIFT, series, ret_forecast) : result;
}

/* ---- what it says ---- */

/* phi + ... + phi^count; for a random walk count. */
static double damped_steps(const struct forecast *forecast, unsigned count)
{
	double sum = 0, power = 1;
	for (unsigned i = 0; i < count; i++) {
		power *= forecast->phi;
		sum += power;
	}
	return sum;
}

double forecast_mean(const struct forecast *forecast, unsigned ahead)
{
	const double season = forecast->cycle > 0 ? forecast->season[(ahead - 1) % forecast->cycle] : 0;
	return forecast->level + damped_steps(forecast, ahead) * forecast->slope + season;
}

double forecast_weight(const struct forecast *forecast, unsigned later)
{
	return later == 0 ? 1 : forecast->alpha + forecast->beta * damped_steps(forecast, later);
}

double forecast_variance(const struct forecast *forecast, const double *shares, unsigned count)
{
	double sum = 0, drift = 0;
	double later = 0; /* the shares of what comes after a shock, */
	double steps = 0; /* and these times phi + ... + phi^(so much later) */
	for (unsigned shock = count; shock-- > 0;) {
		const double weight = shares[shock] + forecast->alpha * later + forecast->beta * steps;
		sum += weight * weight;
		drift += shares[shock] * (shock + 1);
		later += shares[shock];
		steps = forecast->phi * (later + steps);
	}
	if (forecast->method ==
	    FORECAST_DRIFT) /* the drift itself is estimated, over all steps but the gaps' */
		sum += drift * drift / (double)(forecast->observations - 1);
	return sum * forecast->sigma * forecast->sigma;
}

double forecast_deviation(const struct forecast *forecast, unsigned ahead)
{
	double sum = 0, drift = ahead;
	for (unsigned later = 0; later < ahead; later++) {
		const double weight = forecast_weight(forecast, later);
		sum += weight * weight;
	}
	if (forecast->method == FORECAST_DRIFT)
		sum += drift * drift / (double)(forecast->observations - 1);
	return forecast->sigma * sqrt(sum);
}

/* ---- Student's t ---- */

/* The chance to stay between -t and t. */
static double chance_within(double t, unsigned freedom)
{
	const double angle = atan(t / sqrt(freedom)), sine = sin(angle), cosine = cos(angle);
	double term = freedom % 2 == 0 ? 1 : cosine, sum = 0;
	for (unsigned i = freedom % 2 == 0 ? 0 : 1; i + 2 <= freedom; i += 2) {
		sum += term;
		term *= cosine * cosine * (i + 1) / (i + 2);
	}
	return freedom % 2 == 0 ? sine * sum : 2 / M_PI * (angle + sine * sum);
}

double forecast_chance_below(double t, unsigned freedom)
{
	assert(freedom > 0);
	return (1 + chance_within(t, freedom)) / 2;
}

double forecast_quantile(double chance, unsigned freedom)
{
	double low = 0, high = 1;
	assert(chance >= 0.5 && chance < 1);
	while (forecast_chance_below(high, freedom) < chance)
		high *= 2;
	for (int i = 0; i < 100; i++) {
		const double middle = (low + high) / 2;
		if (forecast_chance_below(middle, freedom) < chance)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}
