/* Random small cities: areas, groups, statistics of every kind, formulas over every function of time, and
 * observations with holes; codes that merge and split. The same seed makes the same city. */
#ifndef SUANPAN_TESTS_RANDOM_WORLD_H
#define SUANPAN_TESTS_RANDOM_WORLD_H

#include "tests/lib/world.h"

struct random_source {
	uint64_t state;
};

/* 0 .. below - 1 */
uint32_t random_below(struct random_source *source, uint32_t below);
bool random_percent(struct random_source *source, unsigned percent);

#define RANDOM_FIRST_YEAR 2017 /* observations lie in these years */
#define RANDOM_LAST_YEAR  2022

#define RANDOM_INDICATORS 6
struct world *random_world(struct random_source *source);
/* One more indicator, larger than the others: for use as a formula that is none of the catalogue's. */
uint32_t random_ad_hoc(struct random_source *source, struct world *world);
/* Any area or group, most often a high one. */
uint32_t random_area(struct random_source *source, const struct world *world);
/* An area of the statistic's level; false if the city has none. */
bool random_reporting_area(struct random_source *source, const struct world *world, uint32_t statistic,
                           uint32_t *ret_area);
struct period random_period(struct random_source *source, enum period_frequency frequency, int first_year,
                            int last_year);
/* A status: mostly A; sometimes another; sometimes one without value. */
char random_status(struct random_source *source);
int64_t random_value(struct random_source *source);
/* Reports about `percent` of all cells of the statistic. */
void random_reports(struct random_source *source, struct world *world, uint32_t statistic, unsigned percent);

#endif
