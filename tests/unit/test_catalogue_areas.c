#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/formula.h"
#include <stdio.h>
#include <string.h>

#define CATALOGUE "tests/data/catalogue/small"

static struct catalogue *catalogue;

static int open_catalogue(void **state)
{
	(void)state;
	return catalogue_load(CATALOGUE, stderr, &catalogue);
}

static int close_catalogue(void **state)
{
	(void)state;
	catalogue_free(catalogue);
	return 0;
}

static const struct area *area(const char *code)
{
	uint32_t found = catalogue_find_area(catalogue, code);
	assert_int_not_equal(found, CATALOGUE_NONE);
	return &catalogue->areas[found];
}

/* The codes, in the order of the list; on the way, that the list ascends strictly. */
static const char *codes_of(struct area_list list)
{
	static char text[500];
	size_t used = 0;
	text[0] = '\0';
	for (uint32_t i = 0; i < list.count; i++) {
		if (i)
			assert_true(list.area[i - 1] < list.area[i]);
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "",
		                         catalogue->areas[list.area[i]].code);
	}
	return text;
}

static void areas_stand_depth_first_and_groups_behind_them(void **state)
{
	static const char *const order[] = {"900000", "south",      "south-quay", "quay-1",
	                                    "quay-2", "south-park", "north",      "north-hill",
	                                    "hill-1", "waterside",  "old-town"};
	(void)state;
	assert_int_equal(catalogue->area_count, sizeof order / sizeof order[0]);
	assert_int_equal(catalogue->group_first, 9);
	assert_int_equal(catalogue->root, 0);
	for (uint32_t i = 0; i < catalogue->area_count; i++) {
		assert_string_equal(catalogue->areas[i].code, order[i]);
		assert_int_equal(catalogue->areas[i].id, 0);
	}
}

static void parents_and_levels_follow_the_areas_to_their_places(void **state)
{
	(void)state;
	assert_int_equal(area("900000")->parent, CATALOGUE_NONE);
	assert_ptr_equal(&catalogue->areas[area("quay-2")->parent], area("south-quay"));
	assert_ptr_equal(&catalogue->areas[area("north")->parent], area("900000"));
	assert_int_equal(area("old-town")->parent, CATALOGUE_NONE);
	assert_int_equal(area("old-town")->level, LEVEL_GROUP);
	assert_int_equal(area("hill-1")->level, LEVEL_COMMUNITY);
	assert_string_equal(area("hill-1")->names.in[LANGUAGE_ZH_HANS], "山一");
}

static void lists_inside_hold_each_area_of_the_level_once(void **state)
{
	static const struct {
		const char *code;
		const char *inside[LEVEL_COUNT];
	} rows[] = {
	    {"900000", {"900000", "south north", "south-quay south-park north-hill", "quay-1 quay-2 hill-1"}},
	    {"south", {"", "south", "south-quay south-park", "quay-1 quay-2"}},
	    {"north", {"", "north", "north-hill", "hill-1"}},
	    {"south-quay", {"", "", "south-quay", "quay-1 quay-2"}},
	    {"south-park", {"", "", "south-park", ""}},
	    {"quay-2", {"", "", "", "quay-2"}},
	    {"waterside", {"", "", "south-quay", "quay-1 quay-2 hill-1"}},
	    /* quay-2 is a member by itself and below another member */
	    {"old-town", {"", "south", "south-quay south-park", "quay-1 quay-2"}},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (int level = 0; level < LEVEL_COUNT; level++)
			assert_string_equal(codes_of(area(rows[i].code)->inside[level]),
			                    rows[i].inside[level]);
}

static void an_area_counts_towards_its_ancestors_and_their_groups(void **state)
{
	static const struct {
		const char *code, *towards;
	} rows[] = {
	    {"900000", "900000"},
	    {"south", "900000 south old-town"},
	    {"north", "900000 north"},
	    {"south-quay", "900000 south south-quay waterside old-town"},
	    {"quay-1", "900000 south south-quay quay-1 waterside old-town"},
	    {"quay-2", "900000 south south-quay quay-2 waterside old-town"},
	    {"south-park", "900000 south south-park old-town"},
	    {"north-hill", "900000 north north-hill"}, /* its community is in waterside, it is not */
	    {"hill-1", "900000 north north-hill hill-1 waterside"},
	    {"waterside", "waterside"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_string_equal(codes_of(area(rows[i].code)->counts_towards), rows[i].towards);
}

static void inside_and_counts_towards_agree(void **state)
{
	(void)state;
	for (uint32_t of = 0; of < catalogue->area_count; of++)
		for (uint32_t i = 0; i < catalogue->group_first; i++) {
			struct area_list inside = catalogue->areas[of].inside[catalogue->areas[i].level];
			struct area_list towards = catalogue->areas[i].counts_towards;
			bool found = false, counts = false;
			for (uint32_t k = 0; k < inside.count; k++)
				found |= inside.area[k] == i;
			for (uint32_t k = 0; k < towards.count; k++)
				counts |= towards.area[k] == of;
			assert_true(found == counts);
		}
}

static void reporters_cover_what_is_below_unless_only(void **state)
{
	static const struct {
		const char *code, *areas, *statistics;
	} rows[] = {
	    {"south", "south south-quay quay-1 quay-2 south-park", "1111111"},
	    {"bureau", "900000", "0000010"},
	    {"hills", "quay-1 north north-hill hill-1", "0110000"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct reporter *reporter =
		    &catalogue->reporters[catalogue_find_reporter(catalogue, rows[i].code)];
		assert_string_equal(codes_of(reporter->areas), rows[i].areas);
		for (uint32_t k = 0; k < catalogue->statistic_count; k++)
			assert_int_equal(reporter->statistics[k], rows[i].statistics[k] == '1');
		for (uint32_t k = 0; k < catalogue->area_count; k++) {
			const char *code = catalogue->areas[k].code;
			char wanted[100], all[200];
			snprintf(wanted, sizeof wanted, " %s ", code);
			snprintf(all, sizeof all, " %s ", rows[i].areas);
			assert_int_equal(catalogue_reporter_may_report_area(reporter, k),
			                 strstr(all, wanted) != NULL);
		}
	}
}

static void areas_are_found_by_code_and_by_name_in_three_scripts(void **state)
{
	static const struct {
		const char *text, *code; /* NULL: nothing is found */
	} rows[] = {
	    {"south", "south"},
	    {"900000", "900000"},
	    {"South", "south"},
	    {"SOUTH", "south"},
	    {"  South ", "south"},
	    {"测试市", "900000"},
	    {"測試市", "900000"},
	    {"测试", "900000"},
	    {"測試", "900000"},
	    {"南区", "south"},
	    {"南區", "south"},
	    {"南", "south"},
	    {"码头", "south-quay"},
	    {"碼頭街道", "south-quay"},
	    {"hill one", "hill-1"},
	    {"Old town", "old-town"},
	    {"老城", "old-town"},
	    {"waterside", "waterside"},
	    {"Sout", NULL},
	    {"", NULL},
	    {" ", NULL},
	    {"区", NULL},
	    {"南区区", NULL},
	    {"nowhere", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint32_t found = catalogue_find_area_by_name(catalogue, rows[i].text);
		if (!rows[i].code)
			assert_int_equal(found, CATALOGUE_NONE);
		else if (found == CATALOGUE_NONE || strcmp(catalogue->areas[found].code, rows[i].code) != 0)
			fail_msg("'%s' is not found as %s", rows[i].text, rows[i].code);
	}
}

static void an_overlong_name_is_not_found(void **state)
{
	char text[1000];
	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(catalogue_find_area_by_name(catalogue, text), CATALOGUE_NONE);
}

static void unknown_words_get_the_nearest_known_one(void **state)
{
	(void)state;
	assert_string_equal(catalogue_suggest_area(catalogue, "sout"), "south");
	assert_string_equal(catalogue_suggest_area(catalogue, "Quay Tow"), "Quay Two");
	assert_null(catalogue_suggest_area(catalogue, "qqqqqqqqqqqq"));
	assert_string_equal(catalogue_suggest_value(catalogue, "birth"), "births");
	assert_string_equal(catalogue_suggest_value(catalogue, "incom_growth"), "income_growth");
	assert_string_equal(catalogue_suggest_plan(catalogue, "secnd"), "second");
	assert_null(catalogue_suggest_plan(catalogue, "zzz"));
}

static void statistics_keep_what_is_written(void **state)
{
	const struct statistic *income =
	    &catalogue->statistics[catalogue_find_statistic(catalogue, "income")];
	const struct statistic *beds = &catalogue->statistics[catalogue_find_statistic(catalogue, "beds")];
	(void)state;
	assert_int_equal(income->kind, KIND_FLOW);
	assert_int_equal(income->frequency, PERIOD_QUARTER);
	assert_int_equal(income->decimals, 2);
	assert_int_equal(income->carry_months, 0);
	assert_int_equal(income->deadline_days, 25);
	assert_string_equal(income->unit.in[LANGUAGE_ZH_HANT], "元");
	assert_int_equal(beds->level, LEVEL_STREET);
	assert_int_equal(beds->carry_months, 6);
	assert_int_equal(catalogue_find_statistic(catalogue, "life"), CATALOGUE_NONE);
}

static void indicators_know_their_frequency_and_coverage(void **state)
{
	const struct indicator *beds =
	    &catalogue->indicators[catalogue_find_indicator(catalogue, "beds_per_1000")];
	const struct indicator *growth =
	    &catalogue->indicators[catalogue_find_indicator(catalogue, "income_growth")];
	(void)state;
	assert_int_equal(beds->frequency, PERIOD_MONTH);
	assert_int_equal(beds->coverage, COVERAGE_COMPLETE);
	assert_int_equal(beds->formula->atom_count, 2);
	assert_string_equal(beds->formula_text, "1000 * beds / residents");
	assert_int_equal(growth->frequency, PERIOD_QUARTER);
	assert_int_equal(growth->coverage, COVERAGE_MATCHED);
	assert_string_equal(growth->formula_text, "average_growth(income / residents)");
}

static void targets_keep_their_numbers_as_printed(void **state)
{
	const struct plan *first = &catalogue->plans[catalogue_find_plan(catalogue, "first")];
	const struct plan *second = &catalogue->plans[catalogue_find_plan(catalogue, "second")];
	const struct target *beds = &second->targets[0], *growth = &second->targets[1],
	                    *life = &second->targets[2];
	(void)state;
	assert_int_equal(first->target_count, 1);
	assert_int_equal(first->targets[0].area, catalogue->root);
	assert_int_equal(first->targets[0].comparison, COMPARE_AT_LEAST);
	assert_string_equal(first->targets[0].cancelled, "no longer counted");
	assert_false(first->targets[0].tolerance.present);
	assert_false(first->targets[0].baseline.present);
	assert_int_equal(beds->area, catalogue_find_area(catalogue, "old-town"));
	assert_true(beds->baseline.present);
	assert_int_equal(beds->baseline.units, 540);
	assert_int_equal(beds->baseline.decimals, 2);
	assert_null(beds->baseline.text);
	assert_int_equal(beds->goal.units, 60005);
	assert_int_equal(beds->goal.decimals, 1);
	assert_string_equal(beds->goal.text, "力争6000.5");
	assert_int_equal(beds->tolerance.units, 25);
	assert_int_equal(beds->follows, CATALOGUE_NONE);
	assert_false(growth->baseline.present);
	assert_string_equal(growth->baseline.text, "与经济同步");
	assert_false(growth->goal.present);
	assert_int_equal(growth->follows, catalogue_find_indicator(catalogue, "births_so_far"));
	assert_true(life->tolerance.present);
	assert_int_equal(life->tolerance.units, 5);
	assert_int_equal(life->tolerance.decimals, 0);
}

static void a_year_finds_the_window_of_its_plan(void **state)
{
	static const struct {
		int year, first, last;
	} rows[] = {{2015, 0, 0},       {2016, 2016, 2020}, {2020, 2016, 2020},
	            {2021, 2021, 2025}, {2025, 2021, 2025}, {2026, 0, 0}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int first = 0, last = 0;
		assert_int_equal(catalogue_plan_window(catalogue, rows[i].year, &first, &last),
		                 rows[i].first != 0);
		assert_int_equal(first, rows[i].first);
		assert_int_equal(last, rows[i].last);
	}
}

static void every_word_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(area_level_name(LEVEL_STREET), "street");
	assert_string_equal(area_level_name(LEVEL_GROUP), "group");
	assert_string_equal(statistic_kind_name(KIND_AVERAGE), "average");
	assert_string_equal(comparison_name(COMPARE_HOLD_AT_LEAST), "hold>=");
	assert_string_equal(comparison_name(COMPARE_TRACKS_GDP), "tracks-gdp");
	assert_string_equal(nature_name(NATURE_ANTICIPATORY), "anticipatory");
}

static void the_citys_own_catalogue_is_accepted(void **state)
{
	struct catalogue *city = NULL;
	const struct area *root;
	(void)state;
	assert_int_equal(catalogue_load("config/catalogue", stderr, &city), 0);
	root = &city->areas[city->root];
	assert_string_equal(root->code, "440100");
	assert_int_equal(root->inside[LEVEL_DISTRICT].count, 11);
	assert_int_equal(city->areas[catalogue_find_area(city, "central")].inside[LEVEL_DISTRICT].count, 4);
	assert_int_equal(city->areas[catalogue_find_area(city, "outer")].inside[LEVEL_DISTRICT].count, 7);
	assert_int_equal(catalogue_find_area_by_name(city, "荔湾"), catalogue_find_area(city, "440103"));
	assert_int_equal(city->plans[catalogue_find_plan(city, "plan14")].target_count, 52);
	assert_int_equal(city->plans[catalogue_find_plan(city, "plan13")].target_count, 38);
	catalogue_free(city);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(areas_stand_depth_first_and_groups_behind_them),
	    cmocka_unit_test(parents_and_levels_follow_the_areas_to_their_places),
	    cmocka_unit_test(lists_inside_hold_each_area_of_the_level_once),
	    cmocka_unit_test(an_area_counts_towards_its_ancestors_and_their_groups),
	    cmocka_unit_test(inside_and_counts_towards_agree),
	    cmocka_unit_test(reporters_cover_what_is_below_unless_only),
	    cmocka_unit_test(areas_are_found_by_code_and_by_name_in_three_scripts),
	    cmocka_unit_test(an_overlong_name_is_not_found),
	    cmocka_unit_test(unknown_words_get_the_nearest_known_one),
	    cmocka_unit_test(statistics_keep_what_is_written),
	    cmocka_unit_test(indicators_know_their_frequency_and_coverage),
	    cmocka_unit_test(targets_keep_their_numbers_as_printed),
	    cmocka_unit_test(a_year_finds_the_window_of_its_plan),
	    cmocka_unit_test(every_word_has_a_name),
	    cmocka_unit_test(the_citys_own_catalogue_is_accepted),
	};
	return cmocka_run_group_tests_name("catalogue_areas", tests, open_catalogue, close_catalogue);
}
