/* Strands: what a formula is made of, each over time, for outlook.h. Private to daemon/plan. */
#ifndef SUANPAN_PLAN_STRAND_H
#define SUANPAN_PLAN_STRAND_H

#include "daemon/indicator/window.h"
#include "daemon/plan/outlook.h"

#define STRAND_PERIODS_MAX 400 /* of history, and to come */

/* What was fitted to the first so many periods; 0: nothing yet. */
struct strand_fit {
	size_t used;
	int fitted; /* as below */
	struct forecast forecast;
};
#define STRAND_FITS (FORECAST_NAIVE + 2)

/* One statistic within one part of the area, at the statistic's own frequency; `count` periods from `first` on. */
struct strand {
	uint32_t statistic, within;
	struct period first;
	size_t count;
	/* The total of all areas; where some are missing, of those that are there; where none is, not to be used. */
	double values[STRAND_PERIODS_MAX];
	bool whole[STRAND_PERIODS_MAX]; /* all have reported */
	bool some[STRAND_PERIODS_MAX];  /* any has */
	size_t used;         /* as many of them are known by the day fitted to; the last is whole */
	bool is_provisional; /* something newer came from some areas */
	int fitted;          /* 0, or why there is no forecast: an outlook_verdict */
	struct forecast forecast;
	struct strand_fit kept[STRAND_FITS]; /* of the best, and of each method */
};

/* Reads what had ended by the basis' day. */
int MUST_CHECK strand_gather(const struct outlook_basis *basis, uint32_t area, struct strand *strand);
/* As of the day; with one method, or with the best (NULL). What is fitted so already is not fitted again. */
int MUST_CHECK strand_fit(const struct catalogue *catalogue, struct strand *strand, int32_t day,
                          const enum forecast_method *method);

/* What an atom looks at in it. */
struct strand_part {
	double known; /* of what has been */
	unsigned
	    gaps; /* periods that have been and are not whole: counted as far as they are there, or stood in for */
	unsigned ahead;                    /* how many periods to come it needs, the last included; 0: none */
	double shares[STRAND_PERIODS_MAX]; /* [i]: of the one i+1 ahead */
};
/* Answers 0 or an outlook_verdict. */
int MUST_CHECK strand_find(const struct strand *strand, const struct window *window,
                           const struct statistic *statistic, struct strand_part *ret_part);

#endif
