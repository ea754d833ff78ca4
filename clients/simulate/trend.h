/* How the city goes from 2020 to the end of 2025: for each statistic the city's figures at the ends of the years, and how they
 * lie between them. Made up; the 14th plan's targets are mostly met by them, some are missed, some slip behind and recover. */
#ifndef SUANPAN_CLIENTS_SIMULATE_TREND_H
#define SUANPAN_CLIENTS_SIMULATE_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREND_FIRST_YEAR 2021
#define TREND_LAST_YEAR  2025
#define TREND_YEARS      (TREND_LAST_YEAR - TREND_FIRST_YEAR + 1)
#define TREND_MILLION    1000000

enum trend_shape {
	TREND_STOCK,    /* the city's total, straight from year-end to year-end */
	TREND_FLOW,     /* the city's total in the year, over its months by season */
	TREND_FIXED,    /* what was reported for 2020, for ever */
	TREND_PER,      /* so many millionths of `of` */
	TREND_FLOW_PER, /* the year's total is so many millionths of `of` at its end */
	TREND_PART,     /* a part of `of`: all but so many millionths, in each district and period */
	TREND_REST,     /* `of` less `less` */
};

enum trend_season { SEASON_EVEN, SEASON_SCHOOL, SEASON_YEAR_END, SEASON_COUNT };
extern const int trend_seasons[SEASON_COUNT][12]; /* how busy each month is */

struct trend {
	const char *statistic;
	enum trend_shape shape;
	const char *of, *less; /* statistics of earlier rows, or NULL */
	const char *like;      /* whose districts' shares it has, where it was not reported for 2020 */
	int64_t year[TREND_YEARS + 1]; /* 2020 first: where the way begins if it was not reported for 2020 */
	bool is_settled;               /* districts keep their shares, though their people's numbers change */
	enum trend_season season;      /* of flows */
	bool is_told_later;            /* 2020's quarters are reported too, when the simulation begins */
};

extern const struct trend trends[];
extern const size_t trend_count;

/* What happens once, to one area: added to the trend. */
struct incident {
	const char *statistic, *area, *from, *to; /* native periods; `to` NULL: for good */
	int64_t added;
	const char *what;
};

extern const struct incident incidents[];
extern const size_t incident_count;

/* By how many thousandths a district's residents grow in these five years, where they would grow alike. */
struct growth {
	const char *area;
	int thousandths;
};

extern const struct growth growths[];
extern const size_t growth_count;

/* What everybody will talk about: a figure that was reported `off` by so much, and put right on a day. */
struct blunder {
	const char *statistic, *area, *period;
	int64_t off;
	const char *mended; /* a day */
	const char *why;
};

extern const struct blunder blunders[];
extern const size_t blunder_count;

#endif
