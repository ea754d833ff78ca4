#include "daemon/query/wording_alert.h"

#include "daemon/base/arena.h"
#include "tests/lib/little_city.h"
#include "tests/lib/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	char *folder;
	struct catalogue *catalogue;
	struct arena *arena;
};

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->catalogue = little_city_load(fixture->folder);
	assert_int_equal(arena_new(1 << 16, &fixture->arena), 0);
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;
	arena_free(fixture->arena);
	catalogue_free(fixture->catalogue);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

#define JUNE                                                                                                 \
	{                                                                                                    \
		.code = PERIOD_MONTH << 28 | (2024 * 12 + 5)                                                 \
	}
#define Y2025                                                                                                \
	{                                                                                                    \
		.code = PERIOD_ANNUAL << 28 | 2025                                                           \
	}

/* One for each kind, and what each language makes of it. */
static const struct {
	struct alert_facts facts;
	const char *said[LANGUAGE_COUNT];
} rows[] = {
    {{.kind = ALERT_OVERDUE,
      .severity = ALERT_BAD,
      .reporter = "north_office",
      .period = JUNE,
      .due_day = 19919,
      .part = 2,
      .whole = 3},
     {"North office: 2 of 3 figures for 2024-06 overdue, the first since 2024-07-15",
      "North office：2024-06 应报 3 项，2 项逾期未报（最早应于 2024-07-15 报送）",
      "North office：2024-06 應報 3 項，2 項逾期未報（最早應於 2024-07-15 報送）"}},
    {{.kind = ALERT_RULE,
      .severity = ALERT_BAD,
      .code = "beds",
      .area = "north",
      .period = JUNE,
      .rule = "jump",
      .has_value = true,
      .units = 9100},
     {"Beds, North, 2024-06: 9100 looks wrong (a jump against its own past)",
      "Beds，North，2024-06：9100 可疑（较自身历史突变）",
      "Beds，North，2024-06：9100 可疑（較自身歷史突變）"}},
    {{.kind = ALERT_VERDICT,
      .severity = ALERT_BAD,
      .code = "beds_per_1000",
      .plan = "little",
      .row = "1",
      .period = JUNE,
      .has_value = true,
      .units = 503,
      .decimals = 2},
     {"Beds per 1000 (little, row 1) has slipped to behind in 2024-06: 5.03",
      "Beds per 1000（little 第 1 项）2024-06 落后于目标路径：5.03",
      "Beds per 1000（little 第 1 項）2024-06 落後於目標路徑：5.03"}},
    {{.kind = ALERT_VERDICT,
      .severity = ALERT_WORSE,
      .provisional = true,
      .code = "beds_per_1000",
      .plan = "little",
      .row = "1",
      .period = JUNE,
      .part = 1,
      .whole = 2,
      .has_value = true,
      .units = 450,
      .decimals = 2},
     {"Beds per 1000 (little, row 1) has slipped to off track in 2024-06: 4.50; provisional, from 1 of 2 "
      "areas",
      "Beds per 1000（little 第 1 项）2024-06 偏离目标路径：4.50（暂定，2 个地区中 1 个已报）",
      "Beds per 1000（little 第 1 項）2024-06 偏離目標路徑：4.50（暫定，2 個地區中 1 個已報）"}},
    {{.kind = ALERT_FORECAST,
      .severity = ALERT_BAD,
      .code = "beds_per_1000",
      .plan = "little",
      .row = "1",
      .period = JUNE,
      .chance = 35,
      .agreed = 60},
     {"Beds per 1000 (little, row 1): the chance to meet the target is 35 % by the figures up to 2024-06, "
      "below the "
      "60 % agreed",
      "Beds per 1000（little 第 1 项）据 2024-06 数据，达标可能性为 35%，低于约定的 60%",
      "Beds per 1000（little 第 1 項）據 2024-06 數據，達標可能性為 35%，低於約定的 60%"}},
    {{.kind = ALERT_MISSED,
      .severity = ALERT_BAD,
      .binding = true,
      .code = "beds_per_1000",
      .plan = "little",
      .row = "1",
      .period = Y2025,
      .has_value = true,
      .units = 599,
      .decimals = 2},
     {"Beds per 1000 (little, row 1, binding): the plan is over and the target not met: 5.99 in 2025",
      "Beds per 1000（little 第 1 项，约束性）规划期满未达标：2025 为 5.99",
      "Beds per 1000（little 第 1 項，約束性）規劃期滿未達標：2025 為 5.99"}},
    /* What is in no catalogue any more goes by its code. */
    {{.kind = ALERT_RULE,
      .severity = ALERT_BAD,
      .code = "gone",
      .area = "nowhere",
      .period = JUNE,
      .rule = "newer-rule"},
     {"gone, nowhere, 2024-06: - looks wrong (newer-rule)", "gone，nowhere，2024-06：- 可疑（newer-rule）",
      "gone，nowhere，2024-06：- 可疑（newer-rule）"}},
};

static void every_kind_has_a_sentence_in_every_language(void **state)
{
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (enum catalogue_language language = 0; language < LANGUAGE_COUNT; language++) {
			struct wording words;
			const struct alert alert = {
			    .number = i + 1, .state = ALERT_OPEN, .facts = rows[i].facts};
			arena_reset(fixture->arena);
			wording_init(&words, fixture->catalogue, fixture->arena, language);
			assert_string_equal(wording_alert(&words, &alert).text, rows[i].said[language]);
			assert_false(words.exhausted);
			wording_done(&words);
		}
}

static void fields_that_say_nothing_are_absent(void **state)
{
	struct fixture *fixture = *state;
	struct wording words;
	const struct alert alert = {.number = 7,
	                            .state = ALERT_ACKNOWLEDGED,
	                            .facts = rows[2].facts,
	                            .raised_commit = 3,
	                            .changed_commit = 4,
	                            .actor = "office",
	                            .why = "we know"};
	wording_init(&words, fixture->catalogue, fixture->arena, LANGUAGE_EN);
	const Suanpan__Alert row = wording_alert(&words, &alert);
	assert_int_equal(row.number, 7);
	assert_int_equal(row.kind, SUANPAN__ALERT_KIND__ALERT_VERDICT);
	assert_int_equal(row.state, SUANPAN__ALERT_STATE__ALERT_ACKNOWLEDGED);
	assert_string_equal(row.code, "beds_per_1000");
	assert_string_equal(row.period, "2024-06");
	assert_string_equal(row.nature, "anticipatory");
	assert_string_equal(row.actor, "office");
	assert_string_equal(row.why, "we know");
	assert_null(row.reporter);
	assert_null(row.rule);
	assert_null(row.area);
	wording_done(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(every_kind_has_a_sentence_in_every_language, begin, end),
	    cmocka_unit_test_setup_teardown(fields_that_say_nothing_are_absent, begin, end),
	};
	return cmocka_run_group_tests_name("query_wording_alert", tests, NULL, NULL);
}
