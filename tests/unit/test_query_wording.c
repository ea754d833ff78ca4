#include "daemon/query/wording.h"

#include "daemon/base/arena.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DISTRICTS 70 /* more than one value may name */

/* A city and its districts; permanent ids are 10 more than indexes. */
struct fixture {
	struct area areas[1 + DISTRICTS];
	char codes[1 + DISTRICTS][8];
	char names[1 + DISTRICTS][16];
	struct catalogue catalogue;
	struct arena *arena;
	struct wording words;
};

static const struct names persons = {.in = {"persons", "人", "人"}};
static const struct measure residents = {.code = "residents", .unit = &persons, .decimals = 2};
static const struct period year_2020 = {.code = PERIOD_ANNUAL << 28 | 2020};

static int set_up(void **state)
{
	static struct fixture fixture;
	memset(&fixture, 0, sizeof fixture);
	for (uint32_t i = 0; i <= DISTRICTS; i++) {
		snprintf(fixture.codes[i], sizeof fixture.codes[i], "44%04u", i);
		snprintf(fixture.names[i], sizeof fixture.names[i], "District %u", i);
		fixture.areas[i].code = fixture.codes[i];
		fixture.areas[i].names = (struct names){.in = {fixture.names[i], "荔湾区", "荔灣區"}};
		fixture.areas[i].id = i + 10;
	}
	fixture.catalogue.areas = fixture.areas;
	fixture.catalogue.area_count = 1 + DISTRICTS;
	if (arena_new(1u << 16, &fixture.arena) != 0)
		return -1;
	wording_init(&fixture.words, &fixture.catalogue, fixture.arena, LANGUAGE_EN);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	wording_done(&fixture->words);
	arena_free(fixture->arena);
	return 0;
}

static void names_and_units_are_in_the_language_of_the_query(void **state)
{
	static const struct {
		enum catalogue_language language;
		const char *name, *unit;
	} cases[] = {
	    {LANGUAGE_EN, "District 3", "persons"},
	    {LANGUAGE_ZH_HANS, "荔湾区", "人"},
	    {LANGUAGE_ZH_HANT, "荔灣區", "人"},
	};
	struct fixture *fixture = *state;
	const struct value value = {.state = VALUE_PRESENT, .units = 12345, .status = 'A'};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fixture->words.language = cases[i].language;
		Suanpan__Value row = wording_value(&fixture->words, &residents, 3, year_2020, &value, 0);
		assert_string_equal(row.area_name, cases[i].name);
		assert_string_equal(row.unit, cases[i].unit);
	}
}

static void present_value_is_text_with_all_its_places(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t missing[] = {2, 5};
	const struct value value = {
	    .state = VALUE_PRESENT,
	    .units = 1250,
	    .status = 'P',
	    .reported = 9,
	    .expected = 11,
	    .missing = missing,
	    .missing_count = 2,
	};
	Suanpan__Value row = wording_value(&fixture->words, &residents, 0, year_2020, &value, 42);
	assert_string_equal(row.code, "residents");
	assert_string_equal(row.area, "440000");
	assert_string_equal(row.period, "2020");
	assert_string_equal(row.value, "12.50");
	assert_string_equal(row.status, "P");
	assert_null(row.reason);
	assert_int_equal(row.reported, 9);
	assert_int_equal(row.expected, 11);
	assert_int_equal(row.n_missing, 2);
	assert_string_equal(row.missing[1], "District 5");
	assert_int_equal(row.n_carried, 0);
	assert_true(row.has_commit);
	assert_int_equal(row.commit, 42);
}

static void value_that_is_not_there_says_why(void **state)
{
	struct fixture *fixture = *state;
	const struct value value = {.state = VALUE_DIVISION_BY_ZERO, .units = 99};
	Suanpan__Value row = wording_value(&fixture->words, &residents, 0, year_2020, &value, 0);
	assert_null(row.value);
	assert_string_equal(row.reason, value_state_text(VALUE_DIVISION_BY_ZERO));
	assert_string_equal(row.status, "O");
	assert_false(row.has_commit);
}

static void long_list_of_missing_is_cut(void **state)
{
	struct fixture *fixture = *state;
	uint32_t missing[DISTRICTS];
	for (uint32_t i = 0; i < DISTRICTS; i++)
		missing[i] = i + 1;
	const struct value value = {.state = VALUE_NO_DATA, .missing = missing, .missing_count = DISTRICTS};
	Suanpan__Value row = wording_value(&fixture->words, &residents, 0, year_2020, &value, 0);
	assert_int_equal(row.n_missing, WORDING_NAMES_MAX);
	assert_string_equal(row.missing[WORDING_NAMES_MAX - 1], "District 64");
}

static void kept_value_names_areas_by_their_permanent_ids(void **state)
{
	struct fixture *fixture = *state;
	struct stored_value stored = {
	    .state = VALUE_PRESENT,
	    .units = -5,
	    .status = 'P',
	    .reported = 66,
	    .expected = 70,
	    .commit = 8,
	    .missing = {12, 3, 14, 4000000000u}, /* 3 and the last have left the catalogue */
	    .missing_count = 4,
	    .carried = {80},
	    .carried_count = 1,
	};
	struct kept_value kept;
	wording_kept(&fixture->words, &stored, &kept);
	assert_false(fixture->words.exhausted);
	assert_int_equal(kept.value.missing_count, 2);
	assert_int_equal(kept.value.missing[0], 2);
	assert_int_equal(kept.value.missing[1], 4);
	assert_int_equal(kept.value.carried_count, 1);
	assert_int_equal(kept.value.carried[0], 70);
	assert_int_equal(kept.missing_total, 4);
	assert_int_equal(kept.commit, 8);
	Suanpan__Value row =
	    wording_value(&fixture->words, &residents, 0, year_2020, &kept.value, kept.commit);
	assert_string_equal(row.value, "-0.05");
	assert_string_equal(row.carried[0], "District 70");
}

static void kept_value_that_names_fewer_than_are_missing_says_how_many_there_are(void **state)
{
	struct fixture *fixture = *state;
	struct stored_value stored = {.state = VALUE_PRESENT, .status = 'P', .missing_count = 70};
	for (uint32_t i = 0; i < WORDING_NAMES_MAX; i++)
		stored.missing[i] = i + 11;
	struct kept_value kept;
	wording_kept(&fixture->words, &stored, &kept);
	assert_int_equal(kept.value.missing_count, WORDING_NAMES_MAX);
	assert_int_equal(kept.missing_total, 70);
}

static void printed_number_is_the_plans_own_text_for_those_who_read_it(void **state)
{
	static const struct {
		struct printed_number number;
		const char *english, *chinese;
	} cases[] = {
	    {{.present = true, .units = 836, .decimals = 1}, "83.6", "83.6"},
	    {{.present = true, .units = 58, .decimals = 1, .text = "力爭5.8"}, "5.8", "力爭5.8"},
	    {{.present = false, .text = "動態清零"}, "動態清零", "動態清零"},
	    {{.present = true, .units = 2100, .decimals = 0}, "2100", "2100"},
	};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fixture->words.language = LANGUAGE_EN;
		assert_string_equal(wording_printed(&fixture->words, &cases[i].number), cases[i].english);
		fixture->words.language = LANGUAGE_ZH_HANS;
		assert_string_equal(wording_printed(&fixture->words, &cases[i].number), cases[i].chinese);
	}
	const struct printed_number none = {.present = false};
	assert_null(wording_printed(&fixture->words, &none));
}

static void small_texts_are_as_they_should_be(void **state)
{
	struct fixture *fixture = *state;
	struct wording *words = &fixture->words;
	const uint8_t bytes[] = {0x00, 0x9f, 0xff};
	assert_string_equal(wording_hex(words, bytes, sizeof bytes), "009fff");
	assert_string_equal(wording_letter(words, 'P'), "P");
	assert_string_equal(wording_format(words, "%s-%d", "a", 12), "a-12");
	assert_string_equal(wording_period(words, year_2020), "2020");
	assert_string_equal(wording_time(words, 1714536000000), "2024-05-01T12:00:00+08:00");
	assert_string_equal(wording_adverb(PERIOD_HALF_YEAR), "half-yearly");
	assert_null(wording_borrow(NULL));
}

static void spent_arena_is_remembered(void **state)
{
	struct fixture *fixture = *state;
	struct wording *words = &fixture->words;
	assert_non_null(arena_take(fixture->arena, (1u << 16) - 64));
	assert_null(wording_format(words, "%0200d", 1));
	assert_true(words->exhausted);
	assert_non_null(wording_letter(words, 'A'));
	assert_true(words->exhausted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    CASE(names_and_units_are_in_the_language_of_the_query),
	    CASE(present_value_is_text_with_all_its_places),
	    CASE(value_that_is_not_there_says_why),
	    CASE(long_list_of_missing_is_cut),
	    CASE(kept_value_names_areas_by_their_permanent_ids),
	    CASE(kept_value_that_names_fewer_than_are_missing_says_how_many_there_are),
	    CASE(printed_number_is_the_plans_own_text_for_those_who_read_it),
	    CASE(small_texts_are_as_they_should_be),
	    CASE(spent_arena_is_remembered),
	};
	return cmocka_run_group_tests_name("query_wording", tests, NULL, NULL);
}
