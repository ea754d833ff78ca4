/* affected_list against brute force: after every random change of random cities all values there could be are evaluated
 * again, and each one that changed must have been on the list. And the list against the naive evaluator: it must hold
 * what is *due*, because a cell the evaluation looks at was touched, and what came to exist, because the frontier moved;
 * and nothing else, but for a few where codes came or went. */
#include "daemon/indicator/affected.h"

#include "daemon/indicator/evaluate.h"
#include "proto/codes.h"
#include "tests/lib/random_world.h"
#include "tests/lib/world_naive.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Periods in which values are looked for: further than anything reported can be seen. */
#define FIRST_YEAR (RANDOM_FIRST_YEAR - 1)
#define LAST_YEAR  (RANDOM_LAST_YEAR + 3)

/* What a reader sees of a value; all zero where there is none. */
struct sight {
	struct affected_value at;
	int64_t units;
	uint64_t newest_entry;
	uint32_t state, reported, expected, lists;
	char status;
};

struct scene {
	struct world *world;
	struct evaluator *evaluator;
	struct affected *affected;
	int32_t frontier[WORLD_STATISTICS];
	struct sight *before, *after;
	size_t count;
	bool changing; /* codes come and go */
	struct random_source sample;
	int32_t frontier_before[WORLD_STATISTICS];
};

static unsigned long changed_values, listed_values, appeared_values;
static unsigned long due_values, arrived_values, surplus_values[2], asked_unlisted,
    listed_asked; /* surplus: by `changing` */

static int32_t latest_of(const struct scene *scene, const int32_t *frontiers, uint32_t indicator)
{
	const struct formula *formula = scene->world->indicators[indicator].formula;
	int32_t frontier = INT32_MIN;
	for (uint32_t i = 0; i < formula->atom_count; i++)
		if (frontiers[formula->atoms[i].statistic] > frontier)
			frontier = frontiers[formula->atoms[i].statistic];
	return frontier;
}

static int32_t frontier_of(const struct scene *scene, uint32_t indicator)
{
	return latest_of(scene, scene->frontier, indicator);
}

static uint32_t hash_list(const uint32_t *list, uint32_t count, uint32_t hash)
{
	for (uint32_t i = 0; i < count; i++)
		hash = (hash ^ list[i]) * 16777619 + 1;
	return hash;
}

static void look(const struct scene *scene, struct sight *sight)
{
	const struct affected_value at = sight->at;
	const struct cell_source source = world_source(scene->world);
	struct value value;
	if (period_first_day(at.period) > frontier_of(scene, at.indicator))
		return;
	assert_int_equal(
	    evaluate_indicator(scene->evaluator, at.indicator, at.area, at.period, &source, &value), 0);
	if (value.cells == 0)
		return;
	sight->state = value.state + 1;
	sight->units = value.state == VALUE_PRESENT ? value.units : 0;
	sight->status = value.status;
	sight->reported = value.reported;
	sight->expected = value.expected;
	sight->newest_entry = value.newest_entry;
	sight->lists = hash_list(value.missing, value.missing_count, 1);
	sight->lists = hash_list(value.carried, value.carried_count, sight->lists);
}

/* Every (indicator, area, period) there could be, in the order of the list. */
static size_t list_everything(const struct scene *scene, struct sight *ret_sights)
{
	size_t count = 0;
	for (uint32_t i = 0; i < scene->world->catalogue.indicator_count; i++)
		for (uint32_t area = 0; area < scene->world->catalogue.area_count; area++)
			for (unsigned frequency = PERIOD_ANNUAL;
			     frequency <= scene->world->indicators[i].frequency; frequency++) {
				const struct period end =
				    period_make((enum period_frequency)frequency, LAST_YEAR + 1, 0);
				struct period at =
				    period_make((enum period_frequency)frequency, FIRST_YEAR, 0);
				for (; at.code < end.code; at.code++, count++)
					if (ret_sights)
						ret_sights[count] = (struct sight){
						    .at = {.indicator = i, .area = area, .period = at}};
			}
	return count;
}

static void look_at_everything(const struct scene *scene, struct sight *sights)
{
	memset(sights, 0, scene->count * sizeof *sights);
	list_everything(scene, sights);
	for (size_t i = 0; i < scene->count; i++)
		look(scene, &sights[i]);
}

static bool same_place(const struct affected_value *a, const struct affected_value *b)
{
	return a->indicator == b->indicator && a->area == b->area && a->period.code == b->period.code;
}

static bool is_before(const struct affected_value *a, const struct affected_value *b)
{
	if (a->indicator != b->indicator)
		return a->indicator < b->indicator;
	if (a->area != b->area)
		return a->area < b->area;
	return a->period.code < b->period.code;
}

static void print_value(const char *what, const struct affected_value *at)
{
	char text[PERIOD_TEXT_SIZE];
	period_format(at->period, text);
	print_error("%s: indicator %u area %u %s\n", what, at->indicator, at->area, text);
}

static void must_hold_all_that_changed(const struct scene *scene, const struct affected_value *list,
                                       size_t count)
{
	size_t at = 0;
	for (size_t i = 1; i < count; i++)
		assert_true(is_before(&list[i - 1], &list[i]));
	for (size_t i = 0; i < count; i++)
		assert_true(period_first_day(list[i].period) <= frontier_of(scene, list[i].indicator));
	for (size_t i = 0; i < scene->count; i++) {
		if (memcmp(&scene->before[i], &scene->after[i], sizeof scene->after[i]) == 0)
			continue;
		while (at < count && is_before(&list[at], &scene->after[i].at))
			at++;
		if (at == count || !same_place(&list[at], &scene->after[i].at)) {
			print_value("changed, and not listed", &scene->after[i].at);
			fail();
		}
		changed_values++;
		appeared_values += scene->before[i].state == 0;
	}
	listed_values += count;
}

static bool is_due(const struct scene *scene, const struct affected_value *at, uint32_t *ret_cells)
{
	const struct indicator *indicator = &scene->world->indicators[at->indicator];
	const struct naive_question question = {.world = scene->world,
	                                        .formula = indicator->formula,
	                                        .decimals = indicator->decimals,
	                                        .complete = indicator->coverage == COVERAGE_COMPLETE,
	                                        .area = at->area,
	                                        .period = at->period};
	struct naive_answer answer;
	naive_evaluate(&question, &answer);
	*ret_cells = answer.cells;
	return answer.due;
}

static bool has_arrived(const struct scene *scene, const struct affected_value *at, uint32_t cells)
{
	return cells > 0 &&
	       period_first_day(at->period) > latest_of(scene, scene->frontier_before, at->indicator);
}

/* Of a long list a part, and a sample of all others: the naive evaluator takes its time. */
static void must_hold_what_is_due(struct scene *scene, const struct affected_value *list, size_t count)
{
	size_t at = 0;
	for (size_t i = 0; i < scene->count; i++) {
		const struct affected_value *which = &scene->after[i].at;
		uint32_t cells;
		while (at < count && is_before(&list[at], which))
			at++;
		const bool listed = at < count && same_place(&list[at], which);
		if (!listed && (random_below(&scene->sample, 200) ||
		                period_first_day(which->period) > frontier_of(scene, which->indicator)))
			continue;
		if (listed && count > 500 && random_below(&scene->sample, 5))
			continue;
		listed_asked += listed;
		const bool due = is_due(scene, which, &cells), arrived = has_arrived(scene, which, cells);
		asked_unlisted += !listed;
		due_values += due;
		arrived_values += arrived && !due;
		if (listed && !due && !arrived) {
			surplus_values[scene->changing]++;
			if (!scene->changing) {
				print_value("listed for nothing", which);
				fail();
			}
		}
		if (!listed && (due || arrived)) {
			print_value(due ? "due, and not listed" : "arrived, and not listed", which);
			fail();
		}
	}
}

static void report(struct scene *scene, uint32_t statistic, uint32_t area, struct period period,
                   int64_t value, char status)
{
	world_report(scene->world, statistic, area, period, value, status);
	if (period_last_day(period) > scene->frontier[statistic])
		scene->frontier[statistic] = period_last_day(period);
	assert_int_equal(affected_add(scene->affected, statistic, area, period), 0);
}

static void report_at_random(struct scene *scene, struct random_source *random)
{
	const uint32_t statistic = random_below(random, scene->world->catalogue.statistic_count);
	const enum period_frequency frequency = scene->world->statistics[statistic].frequency;
	uint32_t area;
	if (!random_reporting_area(random, scene->world, statistic, &area))
		return;
	struct period period = random_period(random, frequency, RANDOM_FIRST_YEAR, RANDOM_LAST_YEAR);
	/* Or the next that nobody has: frontiers that move are where something can be forgotten. */
	if (scene->frontier[statistic] != INT32_MIN && random_percent(random, 50)) {
		period = period_of_day(scene->frontier[statistic], frequency);
		if (period_year(period) < RANDOM_LAST_YEAR)
			period.code++;
	}
	report(scene, statistic, area, period, random_value(random), random_status(random));
}

static void commit(struct scene *scene, struct random_source *random, unsigned observations)
{
	const struct affected_value *list;
	size_t count;
	int32_t *before = scene->frontier_before;
	memcpy(before, scene->frontier, sizeof scene->frontier);
	affected_reset(scene->affected);
	world_forget_touched(scene->world);
	for (unsigned i = 0; i < observations; i++)
		report_at_random(scene, random);
	/* Only those that moved: reset remembers the others. */
	for (uint32_t i = 0; i < scene->world->catalogue.statistic_count; i++)
		if (scene->frontier[i] != before[i])
			affected_set_frontier(scene->affected, i, before[i], scene->frontier[i]);
	const struct cell_source source = world_source(scene->world);
	assert_int_equal(affected_list(scene->affected, &source, &list, &count), 0);
	look_at_everything(scene, scene->after);
	must_hold_all_that_changed(scene, list, count);
	must_hold_what_is_due(scene, list, count);
	struct sight *swapped = scene->before;
	scene->before = scene->after;
	scene->after = swapped;
}

static struct scene scene_new(struct world *world)
{
	struct scene scene = {.world = world};
	for (uint32_t i = 0; i < WORLD_STATISTICS; i++)
		scene.frontier[i] = INT32_MIN;
	for (uint32_t i = 0; i < world->catalogue.area_count; i++)
		scene.changing |=
		    world->areas[i].first_day != INT32_MIN || world->areas[i].last_day != INT32_MAX;
	assert_int_equal(evaluator_new(&world->catalogue, &scene.evaluator), 0);
	assert_int_equal(affected_new(&world->catalogue, &scene.affected), 0);
	scene.count = list_everything(&scene, NULL);
	scene.before = calloc(scene.count, sizeof *scene.before);
	scene.after = calloc(scene.count, sizeof *scene.after);
	assert_true(scene.before && scene.after);
	look_at_everything(&scene, scene.before);
	return scene;
}

static void scene_end(struct scene *scene)
{
	evaluator_free(scene->evaluator);
	affected_free(scene->affected);
	free(scene->before);
	free(scene->after);
	world_free(scene->world);
}

/* Days are ten times the work of all else together: one city in twelve has them. */
static void spare_the_days(struct world *world, unsigned seed)
{
	for (uint32_t i = 0; i < world->catalogue.indicator_count && seed % 12; i++)
		if (world->indicators[i].frequency == PERIOD_DAY)
			world->indicators[i].frequency = PERIOD_MONTH;
}

#define WORLDS  30
#define COMMITS 9

static void no_changed_value_is_ever_missed(void **state)
{
	(void)state;
	for (unsigned seed = 1000; seed < 1000 + WORLDS; seed++) {
		struct random_source random = {.state = seed};
		struct world *world = random_world(&random);
		spare_the_days(world, seed);
		struct scene scene = scene_new(world);
		for (unsigned i = 0; i < COMMITS; i++)
			commit(&scene, &random, i < 3 ? 60 : 1 + random_below(&random, 4));
		scene_end(&scene);
	}
	print_message("%lu values changed, %lu of them appeared; %lu were listed\n", changed_values,
	              appeared_values, listed_values);
	print_message("of %lu asked %lu were due and %lu more came to exist; surplus %lu, all of %lu where "
	              "codes change; "
	              "%lu others were asked\n",
	              listed_asked, due_values, arrived_values, surplus_values[0], surplus_values[1],
	              asked_unlisted);
	assert_true(due_values > 5000 && arrived_values > 50 && asked_unlisted > 1000);
	assert_int_equal(surplus_values[0], 0);
	assert_true(surplus_values[1] * 50 < listed_asked);
	assert_true(changed_values > 10000 && appeared_values > 1000);
}

/* ---- by hand ---- */

/* A city of two districts with one statistic and one indicator on it. */
static struct world *city_of_two(struct statistic statistic, struct formula_atom atom,
                                 enum period_frequency frequency)
{
	struct world *world = world_new();
	world_area(world, LEVEL_CITY, CATALOGUE_NONE);
	world_area(world, LEVEL_DISTRICT, 0);
	world_area(world, LEVEL_DISTRICT, 0);
	world_finish(world);
	world_plan(world, 2016, 2020);
	world_plan(world, 2021, 2025);
	atom.statistic = world_statistic(world, statistic);
	world_indicator(world, &atom, 1, "a", frequency, 0);
	return world;
}

static void must_list(const struct scene *scene, uint32_t area, const char *const *periods)
{
	const struct affected_value *list;
	size_t count, found = 0;
	const struct cell_source source = world_source(scene->world);
	assert_int_equal(affected_list(scene->affected, &source, &list, &count), 0);
	for (size_t i = 0; i < count; i++) {
		char text[PERIOD_TEXT_SIZE];
		if (list[i].area != area)
			continue;
		period_format(list[i].period, text);
		assert_non_null(periods[found]);
		assert_string_equal(text, periods[found]);
		found++;
	}
	assert_null(periods[found]);
}

#define PERIODS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void a_flow_touches_its_period_and_the_coarser_ones_of_its_area_and_city(void **state)
{
	(void)state;
	struct scene scene = scene_new(city_of_two(
	    (struct statistic){.kind = KIND_FLOW, .level = LEVEL_DISTRICT, .frequency = PERIOD_MONTH},
	    world_atom(0), PERIOD_MONTH));
	affected_set_frontier(scene.affected, 0, INT32_MIN, period_last_day(world_period("2021-12")));
	assert_int_equal(affected_add(scene.affected, 0, 1, world_period("2021-05")), 0);
	assert_int_equal(affected_add(scene.affected, 0, 1, world_period("2021-05")), 0);
	must_list(&scene, 0, PERIODS("2021", "2021-S1", "2021-Q2", "2021-05"));
	must_list(&scene, 1, PERIODS("2021", "2021-S1", "2021-Q2", "2021-05"));
	must_list(&scene, 2, (const char *const[]){NULL});
	affected_reset(scene.affected);
	must_list(&scene, 0, (const char *const[]){NULL});
	scene_end(&scene);
}

static void a_sum_since_the_plan_began_is_touched_to_the_frontier_and_no_further_than_the_plan(void **state)
{
	(void)state;
	struct formula_atom atom = world_atom(0);
	atom.window = WINDOW_CUMULATIVE;
	struct scene scene = scene_new(city_of_two(
	    (struct statistic){.kind = KIND_FLOW, .level = LEVEL_DISTRICT, .frequency = PERIOD_ANNUAL}, atom,
	    PERIOD_ANNUAL));
	affected_set_frontier(scene.affected, 0, INT32_MIN, period_last_day(world_period("2023")));
	assert_int_equal(affected_add(scene.affected, 0, 1, world_period("2018")), 0);
	must_list(&scene, 0, PERIODS("2018", "2019", "2020"));
	assert_int_equal(affected_add(scene.affected, 0, 1, world_period("2022")), 0);
	must_list(&scene, 0, PERIODS("2018", "2019", "2020", "2022", "2023"));
	scene_end(&scene);
}

static void a_stock_touches_as_far_as_it_is_carried(void **state)
{
	(void)state;
	struct scene scene = scene_new(city_of_two(
	    (struct statistic){
	        .kind = KIND_STOCK, .level = LEVEL_DISTRICT, .frequency = PERIOD_ANNUAL, .carry_months = 8},
	    world_atom(0), PERIOD_QUARTER));
	affected_set_frontier(scene.affected, 0, INT32_MIN, period_last_day(world_period("2023")));
	assert_int_equal(affected_add(scene.affected, 0, 2, world_period("2020")), 0);
	must_list(&scene, 0, PERIODS("2020", "2020-S2", "2021-S1", "2020-Q4", "2021-Q1", "2021-Q2"));
	scene_end(&scene);
}

static void a_newer_stock_hides_an_older_one_of_its_own_area_only(void **state)
{
	(void)state;
	struct scene scene = scene_new(city_of_two(
	    (struct statistic){
	        .kind = KIND_STOCK, .level = LEVEL_DISTRICT, .frequency = PERIOD_MONTH, .carry_months = 5},
	    world_atom(0), PERIOD_MONTH));
	affected_set_frontier(scene.affected, 0, INT32_MIN, period_last_day(world_period("2021-09")));
	world_report(scene.world, 0, 1, world_period("2021-04"), 6, 'A');
	world_report(scene.world, 0, 2, world_period("2021-03"), 6, 'A');
	assert_int_equal(affected_add(scene.affected, 0, 1, world_period("2021-02")), 0);
	must_list(&scene, 0, PERIODS("2021-Q1", "2021-02", "2021-03"));
	/* What was taken back hides nothing. */
	world_report(scene.world, 0, 1, world_period("2021-04"), 0, 'O');
	must_list(&scene, 0,
	          PERIODS("2021-S1", "2021-Q1", "2021-Q2", "2021-02", "2021-03", "2021-04", "2021-05",
	                  "2021-06", "2021-07"));
	scene_end(&scene);
}

static void a_baseline_touches_its_whole_plan(void **state)
{
	(void)state;
	struct formula_atom atom = world_atom(0);
	atom.baseline = true;
	struct scene scene = scene_new(city_of_two(
	    (struct statistic){.kind = KIND_FLOW, .level = LEVEL_DISTRICT, .frequency = PERIOD_ANNUAL}, atom,
	    PERIOD_ANNUAL));
	affected_set_frontier(scene.affected, 0, INT32_MIN, period_last_day(world_period("2023")));
	assert_int_equal(affected_add(scene.affected, 0, 2, world_period("2020")), 0);
	must_list(&scene, 0, PERIODS("2021", "2022", "2023"));
	scene_end(&scene);
}

static void the_28th_of_february_is_also_what_the_29th_a_year_later_is_compared_with(void **state)
{
	(void)state;
	struct formula_atom atom = world_atom(0);
	atom.years = -1;
	struct scene scene = scene_new(city_of_two(
	    (struct statistic){.kind = KIND_FLOW, .level = LEVEL_DISTRICT, .frequency = PERIOD_DAY}, atom,
	    PERIOD_DAY));
	affected_set_frontier(scene.affected, 0, INT32_MIN, period_last_day(world_period("2020-03-31")));
	assert_int_equal(affected_add(scene.affected, 0, 1, world_period("2019-02-28")), 0);
	must_list(&scene, 0, PERIODS("2020", "2020-S1", "2020-Q1", "2020-02", "2020-02-28", "2020-02-29"));
	scene_end(&scene);
}

static void a_moved_frontier_brings_the_values_that_carry_into_it(void **state)
{
	(void)state;
	struct scene scene = scene_new(city_of_two(
	    (struct statistic){
	        .kind = KIND_STOCK, .level = LEVEL_DISTRICT, .frequency = PERIOD_MONTH, .carry_months = 2},
	    world_atom(0), PERIOD_MONTH));
	const int32_t june = period_last_day(world_period("2021-06"));
	affected_set_frontier(scene.affected, 0, june, june);
	affected_reset(scene.affected);
	affected_set_frontier(scene.affected, 0, june, period_last_day(world_period("2021-07")));
	world_report(scene.world, 0, 2, world_period("2021-06"), 5, 'A');
	world_report(scene.world, 0, 1, world_period("2021-07"), 6, 'A');
	assert_int_equal(affected_add(scene.affected, 0, 1, world_period("2021-07")), 0);
	must_list(&scene, 2, PERIODS("2021-07"));
	scene_end(&scene);
}

static void one_observation_far_in_the_future_does_not_list_every_period_until_then(void **state)
{
	(void)state;
	struct scene scene = scene_new(city_of_two(
	    (struct statistic){
	        .kind = KIND_STOCK, .level = LEVEL_DISTRICT, .frequency = PERIOD_MONTH, .carry_months = 2},
	    world_atom(0), PERIOD_MONTH));
	affected_set_frontier(scene.affected, 0, period_last_day(world_period("2021-06")),
	                      period_last_day(world_period("2199-12")));
	assert_int_equal(affected_add(scene.affected, 0, 1, world_period("2199-12")), 0);
	world_report(scene.world, 0, 2, world_period("2021-06"), 5, 'A');
	world_report(scene.world, 0, 1, world_period("2199-12"), 6, 'A');
	must_list(&scene, 2, PERIODS("2021-07", "2021-08"));
	must_list(&scene, 1, PERIODS("2199", "2199-S2", "2199-Q4", "2199-12"));
	must_list(&scene, 0, PERIODS("2199", "2199-S2", "2199-Q4", "2021-07", "2021-08", "2199-12"));
	scene_end(&scene);
}

static void thousands_of_touches_of_one_city_are_listed_once(void **state)
{
	(void)state;
	struct scene scene = scene_new(city_of_two(
	    (struct statistic){.kind = KIND_FLOW, .level = LEVEL_DISTRICT, .frequency = PERIOD_MONTH},
	    world_atom(0), PERIOD_MONTH));
	affected_set_frontier(scene.affected, 0, INT32_MIN, period_last_day(world_period("2021-12")));
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(affected_add(scene.affected, 0, 1 + i % 2, world_period("2021-05")), 0);
	must_list(&scene, 0, PERIODS("2021", "2021-S1", "2021-Q2", "2021-05"));
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_flow_touches_its_period_and_the_coarser_ones_of_its_area_and_city),
	    cmocka_unit_test(
	        a_sum_since_the_plan_began_is_touched_to_the_frontier_and_no_further_than_the_plan),
	    cmocka_unit_test(a_stock_touches_as_far_as_it_is_carried),
	    cmocka_unit_test(a_newer_stock_hides_an_older_one_of_its_own_area_only),
	    cmocka_unit_test(a_baseline_touches_its_whole_plan),
	    cmocka_unit_test(the_28th_of_february_is_also_what_the_29th_a_year_later_is_compared_with),
	    cmocka_unit_test(a_moved_frontier_brings_the_values_that_carry_into_it),
	    cmocka_unit_test(one_observation_far_in_the_future_does_not_list_every_period_until_then),
	    cmocka_unit_test(thousands_of_touches_of_one_city_are_listed_once),
	    cmocka_unit_test(no_changed_value_is_ever_missed),
	};
	return cmocka_run_group_tests_name("indicator_affected", tests, NULL, NULL);
}
