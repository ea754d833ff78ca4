#include "tests/lib/random_world.h"

#include <stdio.h>
#include <string.h>

/* splitmix64: Sebastiano Vigna, public domain. */
static uint64_t random_next(struct random_source *source)
{
	uint64_t z = source->state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t random_below(struct random_source *source, uint32_t below)
{
	return (uint32_t)(random_next(source) >> 32) % below;
}

bool random_percent(struct random_source *source, unsigned percent)
{
	return random_below(source, 100) < percent;
}

/* Mostly the end of a year, as in life; or of any month, or in the middle of one. */
static int32_t random_change(struct random_source *source)
{
	const enum period_frequency frequency = random_percent(source, 50)   ? PERIOD_ANNUAL
	                                        : random_percent(source, 60) ? PERIOD_MONTH
	                                                                     : PERIOD_DAY;
	return period_last_day(random_period(source, frequency, RANDOM_FIRST_YEAR, RANDOM_LAST_YEAR - 1));
}

/* Areas of one level that come and go: mergers into an old or a new code, splits, chains of these. */
static void make_changes(struct random_source *source, struct world *world)
{
	const uint32_t count = world->catalogue.area_count;
	if (random_percent(source, 40))
		return;
	for (uint32_t changes = 1 + random_below(source, 4); changes > 0; changes--) {
		const uint32_t area = 1 + random_below(source, count - 1);
		const int32_t day = random_change(source);
		uint32_t successors[2], found = 0;
		for (uint32_t tries = 0; tries < 8 && found < 1 + random_below(source, 2); tries++) {
			const uint32_t other = 1 + random_below(source, count - 1);
			if (other != area && world->areas[other].level == world->areas[area].level &&
			    world->areas[other].last_day > day && (found == 0 || successors[0] != other))
				successors[found++] = other;
		}
		if (found > 0 && world->areas[area].successors.count == 0 &&
		    world->areas[area].first_day < day)
			world_end(world, area, day, successors, found, random_percent(source, 40));
	}
}

static void make_areas(struct random_source *source, struct world *world)
{
	const uint32_t city = world_area(world, LEVEL_CITY, CATALOGUE_NONE);
	const uint32_t districts = 2 + random_below(source, 3);
	for (uint32_t i = 0; i < districts; i++) {
		const uint32_t district = world_area(world, LEVEL_DISTRICT, city);
		for (uint32_t streets = random_below(source, 4); streets > 0; streets--) {
			const uint32_t street = world_area(world, LEVEL_STREET, district);
			for (uint32_t n = random_below(source, 3); n > 0; n--)
				world_area(world, LEVEL_COMMUNITY, street);
		}
	}
	make_changes(source, world);
	const uint32_t areas = world->catalogue.area_count;
	for (uint32_t groups = random_below(source, 4); groups > 0; groups--) {
		uint32_t members[WORLD_AREAS], count = 0;
		const bool mixed = random_percent(source, 30);
		for (uint32_t i = 1; i < areas; i++)
			if ((mixed || world->areas[i].level == LEVEL_DISTRICT) && random_percent(source, 40))
				members[count++] = i;
		world_group(world, members, count);
	}
	world_finish(world);
}

static enum period_frequency random_frequency(struct random_source *source)
{
	static const enum period_frequency likely[] = {
	    PERIOD_MONTH,   PERIOD_MONTH,  PERIOD_MONTH,  PERIOD_MONTH,     PERIOD_QUARTER,
	    PERIOD_QUARTER, PERIOD_ANNUAL, PERIOD_ANNUAL, PERIOD_HALF_YEAR, PERIOD_DAY};
	return likely[random_below(source, sizeof likely / sizeof likely[0])];
}

static void make_statistic(struct random_source *source, struct world *world)
{
	static const enum statistic_kind kinds[] = {KIND_FLOW,  KIND_FLOW,  KIND_FLOW,   KIND_STOCK,
	                                            KIND_STOCK, KIND_STOCK, KIND_AVERAGE};
	static const enum area_level levels[] = {LEVEL_DISTRICT, LEVEL_DISTRICT, LEVEL_DISTRICT,
	                                         LEVEL_DISTRICT, LEVEL_STREET,   LEVEL_STREET,
	                                         LEVEL_CITY,     LEVEL_COMMUNITY};
	static const unsigned carry[] = {0, 1, 3, 6, 12, 24};
	world_statistic(
	    world,
	    (struct statistic){.kind = random_percent(source, 7)
	                                   ? KIND_LEVEL
	                                   : kinds[random_below(source, sizeof kinds / sizeof kinds[0])],
	                       .level = levels[random_below(source, sizeof levels / sizeof levels[0])],
	                       .frequency = random_frequency(source),
	                       .decimals = random_below(source, 3),
	                       .carry_months = carry[random_below(source, sizeof carry / sizeof carry[0])]});
}

/* A few statistics are favoured, so that atoms of one formula share them. */
static struct formula_atom random_atom(struct random_source *source, const struct world *world, uint32_t near)
{
	const uint32_t count = world->catalogue.statistic_count;
	struct formula_atom atom =
	    world_atom(random_percent(source, 50) ? near : random_below(source, count));
	if (world->statistics[atom.statistic].kind == KIND_FLOW && random_percent(source, 50)) {
		atom.window = (enum formula_window)(1 + random_below(source, 3));
		if (atom.window == WINDOW_ROLLING)
			atom.rolling = 1 + random_below(source, 14);
	}
	atom.baseline = random_percent(source, 12);
	if (random_percent(source, 25))
		atom.years = -(int)random_below(source, 3);
	if (random_percent(source, 25))
		atom.periods = -(int)random_below(source, 4);
	if (random_percent(source, 15))
		atom.within = random_area(source, world);
	return atom;
}

static enum period_frequency finest(const struct world *world, const struct formula_atom *atoms,
                                    uint32_t count)
{
	enum period_frequency coarsest_flow = 0, finest_stock = PERIOD_ANNUAL;
	for (uint32_t i = 0; i < count; i++) {
		const struct statistic *statistic = &world->statistics[atoms[i].statistic];
		if (statistic->kind == KIND_FLOW || statistic->kind == KIND_AVERAGE) {
			if (coarsest_flow == 0 || statistic->frequency < coarsest_flow)
				coarsest_flow = statistic->frequency;
		} else if (statistic->frequency > finest_stock) {
			finest_stock = statistic->frequency;
		}
	}
	return coarsest_flow ? coarsest_flow : finest_stock;
}

static void make_indicator(struct random_source *source, struct world *world)
{
	static const char *const programs[][4] = {
	    {"a", "100 a *", "a 10 /", "a ~"},
	    {"a b /", "100 a b / 1 - *", "a b ^", "1000 a * b /"},
	    {"a b + c /", "a b / c -", "a b c > <", "a b / b c / *"},
	    {"a b / c d / -", "a b / c d / ^", "a b + c d + /", "a b / c d / <"},
	};
	struct formula_atom atoms[4];
	const uint32_t count = 1 + random_below(source, 4);
	const uint32_t near = random_below(source, world->catalogue.statistic_count);
	for (uint32_t i = 0; i < count; i++)
		atoms[i] = random_atom(source, world, near);
	if (count == 4 && random_percent(source, 50)) /* a ratio against itself in another year */
		for (uint32_t i = 0; i < 2; i++) {
			atoms[i + 2] = atoms[i];
			atoms[i + 2].baseline = random_percent(source, 50);
			atoms[i + 2].years = atoms[i + 2].baseline ? 0 : -1;
		}
	enum period_frequency frequency = finest(world, atoms, count);
	if (random_percent(source, 20))
		frequency = (enum period_frequency)(1 + random_below(source, frequency));
	const uint32_t at = world_indicator(world, atoms, count, programs[count - 1][random_below(source, 4)],
	                                    frequency, random_below(source, 4));
	world->indicators[at].coverage = random_percent(source, 25) ? COVERAGE_COMPLETE : COVERAGE_MATCHED;
}

uint32_t random_ad_hoc(struct random_source *source, struct world *world)
{
	static const char signs[] = "+-<>";
	struct formula_atom atoms[12];
	char program[4 * 12 + 1] = "a";
	const uint32_t count = 5 + random_below(source, 8);
	const uint32_t near = random_below(source, world->catalogue.statistic_count);
	for (uint32_t i = 0; i < count; i++)
		atoms[i] = random_atom(source, world, near);
	for (uint32_t i = 1; i < count; i++)
		snprintf(program + 4 * i - 3, 5, " %c %c", (char)('a' + i), signs[random_below(source, 4)]);
	return world_indicator(world, atoms, count, program, finest(world, atoms, count), 3);
}

struct world *random_world(struct random_source *source)
{
	struct world *world = world_new();
	make_areas(source, world);
	world_plan(world, 2018, 2019);
	world_plan(world, 2020, 2021 + (int)random_below(source, 2));
	for (uint32_t i = 0; i < 6; i++)
		make_statistic(source, world);
	for (uint32_t i = 0; i < RANDOM_INDICATORS; i++)
		make_indicator(source, world);
	return world;
}

uint32_t random_area(struct random_source *source, const struct world *world)
{
	const struct catalogue *catalogue = &world->catalogue;
	const struct area_list *districts = &world->areas[0].inside[LEVEL_DISTRICT];
	const uint32_t groups = catalogue->area_count - catalogue->group_first;
	switch (random_below(source, 5)) {
	case 0:
		return 0;
	case 1:
		return random_below(source, catalogue->area_count);
	case 2:
		if (groups > 0)
			return catalogue->group_first + random_below(source, groups);
		break;
	}
	return districts->area[random_below(source, districts->count)];
}

bool random_reporting_area(struct random_source *source, const struct world *world, uint32_t statistic,
                           uint32_t *ret_area)
{
	const struct area_list *all = &world->areas[0].inside[world->statistics[statistic].level];
	if (all->count == 0)
		return false;
	*ret_area = all->area[random_below(source, all->count)];
	return true;
}

struct period random_period(struct random_source *source, enum period_frequency frequency, int first_year,
                            int last_year)
{
	const struct period first = period_make(frequency, first_year, 0);
	const struct period end = period_make(frequency, last_year + 1, 0);
	return (struct period){first.code + random_below(source, (uint32_t)period_distance(first, end))};
}

char random_status(struct random_source *source)
{
	static const char unusual[] = "PEFBVOLQ";
	return random_percent(source, 92) ? 'A' : unusual[random_below(source, sizeof unusual - 1)];
}

int64_t random_value(struct random_source *source)
{
	return random_percent(source, 10) ? 0 : (int64_t)random_below(source, 2000) - 100;
}

void random_reports(struct random_source *source, struct world *world, uint32_t statistic, unsigned percent)
{
	const struct statistic *reported = &world->statistics[statistic];
	const struct area_list *all = &world->areas[0].inside[reported->level];
	const struct period end = period_make(reported->frequency, RANDOM_LAST_YEAR + 1, 0);
	for (uint32_t i = 0; i < all->count; i++) {
		/* Areas stop reporting at different times: some are behind. */
		const struct period last =
		    random_period(source, reported->frequency, RANDOM_LAST_YEAR - 1, RANDOM_LAST_YEAR);
		for (struct period at = period_make(reported->frequency, RANDOM_FIRST_YEAR, 0);
		     at.code < end.code && at.code <= last.code; at.code++)
			if (random_percent(source, percent))
				world_report(world, statistic, all->area[i], at, random_value(source),
				             random_status(source));
	}
}
