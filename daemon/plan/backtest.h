/* Backtests: how good the outlooks of the past would have been, had they been made as they are made now. Pure; one thread at a
 * time; deterministic. What is as published, and what is done here, is in backtest.c.
 *
 * Rolling origin: from the end of each period of the past (an *origin*), with what had ended by then and no more, the
 * periods up to a horizon are forecast by each method, and held against what then came. Only figures count in which
 * something was still to come, and whose periods since the origin are whole.
 *
 * The three methods are those of forecast.h, each on what the indicator is made of (outlook.h), on the same figures:
 *   damped trend   as outlooks are made: a statistic whose history is too short for one drifts. Only figures count that a
 *                  damped trend has a part in; where no history is long enough for one, it has no score and the other two are
 *                  compared where a drift can be had.
 *   drift, naive   every statistic so.
 *
 * What was known is taken as it stands now, with all corrections and as if nobody had been late: it is the methods that
 * are tried, not the reporters. For what was known then, ask as of then. */
#ifndef SUANPAN_PLAN_BACKTEST_H
#define SUANPAN_PLAN_BACKTEST_H

#include "daemon/plan/outlook.h"

#define BACKTEST_METHODS     (FORECAST_NAIVE + 1)
#define BACKTEST_ORIGINS_MAX 60 /* the newest: of months, five years */
#define BACKTEST_HORIZON_MAX 60 /* periods */

struct backtest_score {
	unsigned origins, forecasts; /* figures compared; 0: nothing else is there */
	/* Mean absolute error over the mean absolute step of the figures up to each origin. Not where they never moved. */
	bool has_mase;
	double mase;
	double within_80, within_95; /* percent of the figures that lay within the interval */
};

struct backtest {
	unsigned history; /* periods of which there is a figure */
	struct backtest_score scores[BACKTEST_METHODS];
	int verdict; /* the outlook_verdict from the newest origin with something to compare; 0: there are scores */
};

/* `horizon`: from 1 to BACKTEST_HORIZON_MAX periods of the frequency, which is one that the formula has values of. */
int MUST_CHECK plan_backtest(const struct outlook_basis *basis, const struct formula *formula, uint32_t area,
                             enum period_frequency frequency, unsigned horizon,
                             struct backtest *ret_backtest);

#endif
