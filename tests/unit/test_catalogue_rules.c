#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/change.h"
#include "daemon/catalogue/rules.h"
#include "tests/lib/little_city.h"
#include "tests/lib/scratch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	char *folder, *path;
	struct catalogue *catalogue; /* NULL where it was refused */
	char *said;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "rules.yaml");
	catalogue_free(little_city_load(fixture->folder));
	*state = fixture;
	return 0;
}

static void forget(struct fixture *fixture)
{
	catalogue_free(fixture->catalogue);
	free(fixture->said);
	fixture->catalogue = NULL;
	fixture->said = NULL;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	forget(fixture);
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

/* The little city with these rules; what is said of them, without the folder. */
static void load(struct fixture *fixture, const char *rules)
{
	size_t size, length = strlen(fixture->folder) + 1;
	char *said;
	forget(fixture);
	scratch_write(fixture->path, rules, strlen(rules));
	FILE *errors = open_memstream(&said, &size);
	if (catalogue_load(fixture->folder, errors, &fixture->catalogue) != 0)
		fixture->catalogue = NULL;
	fclose(errors);
	assert_true((fixture->catalogue == NULL) == (size > 0));
	fixture->said = strdup(size > length ? said + length : "");
	free(said);
}

static bool is_said(const struct fixture *fixture, const char *rules, const char *expected)
{
	if (strcmp(fixture->said, expected) == 0)
		return true;
	print_error("%s  says     %s  expected %s\n", rules, fixture->said, expected);
	return false;
}

#define NAMES       "names: {en: A, zh_hans: A, zh_hant: A}"
#define HOLDS(text) "relations:\n  - {code: a, " NAMES ",\n     holds: " text "}\n"

static void rules_that_are_taken(void **state)
{
	static const char *const rows[] = {
	    "{}\n",
	    "limits:\n  - {statistic: beds, max: '5000'}\n",
	    HOLDS("births <= beds"),
	    HOLDS("births<beds"),
	    HOLDS("beds >= births"),
	    HOLDS("beds > births"),
	    HOLDS("beds = births"),
	    "jump:\n  - {statistics: [beds, births]}\n  - {statistics: [people], deviations: '2.5', margin: "
	    "'0',\n"
	    "     least: 3, history: 4}\n",
	    "unchanged:\n  - {statistics: [beds], least: 119, history: 120}\n",
	    "peers:\n  - {statistics: [beds, people], per: people, least: 1}\n",
	};
	unsigned wrong = 0;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		load(*state, rows[i]);
		wrong += !is_said(*state, rows[i], "");
	}
	assert_int_equal(wrong, 0);
}

static void rules_that_are_refused(void **state)
{
	/* clang-format off: what is written, and below it what is said */
	static const struct {
		const char *rules, *expected;
	} rows[] = {
	    {"limits:\n  - {statistic: bed, max: '5'}\n",
	     "rules.yaml:2:17: statistic: unknown statistic 'bed', nearest is 'beds'\n"},
	    {"limits:\n  - {statistic: beds_per_1000, max: '5'}\n",
	     "rules.yaml:2:17: statistic: 'beds_per_1000' is an indicator, expected a statistic\n"},
	    {"limits:\n  - {statistic: beds, max: '5.5'}\n",
	     "rules.yaml:2:28: max: found '5.5': more decimals than are kept here\n"},
	    {"limits:\n  - {statistic: beds, max: '5', maxx: '6'}\n",
	     "rules.yaml:2:33: maxx: unknown key, expected statistic or max, nearest is 'max'\n"},
	    {"limits:\n  - {statistic: beds, max: '5'}\n  - {statistic: beds, max: '6'}\n",
	     "rules.yaml:3:17: statistic: 'beds' has a limit already\n"},
	    {HOLDS("birth <= beds"),
	     "rules.yaml:3:13: holds: column 1: unknown statistic 'birth', nearest is 'births'\n"},
	    {HOLDS("births <= bedz + beds"),
	     "rules.yaml:3:13: holds: column 11: unknown statistic 'bedz', nearest is 'beds'\n"},
	    {HOLDS("births <= people"),
	     "rules.yaml:3:13: holds: column 11: 'people' has the frequency A, expected M as 'births' has\n"},
	    {HOLDS("births"), "rules.yaml:3:13: holds: column 7: expected +, <=, <, =, > or >=\n"},
	    {HOLDS("births <="), "rules.yaml:3:13: holds: column 10: expected a statistic\n"},
	    {HOLDS("births <= beds * 2"), "rules.yaml:3:13: holds: column 16: expected + or the end\n"},
	    {HOLDS("births <= births"), "rules.yaml:3:13: holds: column 11: 'births' stands there twice\n"},
	    {HOLDS("births => beds"), "rules.yaml:3:13: holds: column 9: expected a statistic\n"},
	    {"relations:\n  - {code: a, " NAMES ", holds: births <= beds}\n"
	     "  - {code: a, " NAMES ", holds: births < beds}\n",
	     "rules.yaml:3:12: code: 'a' is there already, on line 2 of %s/rules.yaml\n"},
	    {"relations:\n  - {code: a, names: {en: A, zh_hans: A, zh_hant: ' '}, holds: births <= beds}\n",
	     "rules.yaml:2:51: names.zh_hant: found nothing, expected text\n"},
	    {"jump:\n  - {statistics: [bed]}\n",
	     "rules.yaml:2:19: statistics: unknown statistic 'bed', nearest is 'beds'\n"},
	    {"jump:\n  - {statistics: [beds]}\n  - {statistics: [births, beds]}\n",
	     "rules.yaml:3:27: statistics: 'beds' stands under 'jump' already\n"},
	    {"jump:\n  - {statistics: [beds], deviations: many}\n",
	     "rules.yaml:2:38: deviations: found 'many': not a number; write it in plain digits, such as "
	     "-1234.5\n"},
	    {"jump:\n  - {statistics: [beds], deviations: '-1'}\n",
	     "rules.yaml:2:38: deviations: found '-1', expected 0 to 1000\n"},
	    {"jump:\n  - {statistics: [beds], least: 0}\n",
	     "rules.yaml:2:33: least: found 0, expected 1 to 120\n"},
	    {"jump:\n  - {statistics: [beds], history: 121}\n",
	     "rules.yaml:2:35: history: found 121, expected 1 to 120\n"},
	    {"jump:\n  - {statistics: [beds], least: 6, history: 6}\n",
	     "rules.yaml:2:45: history: 6 periods have fewer than 6 changes, expected more\n"},
	    {"unchanged:\n  - {statistics: [beds], margin: '1'}\n",
	     "rules.yaml:2:26: margin: unknown key, expected statistics, least or history\n"},
	    {"peers:\n  - {statistics: [beds]}\n",
	     "rules.yaml:2:5: per: missing in peers[0], expected text\n"},
	    {"peers:\n  - {statistics: [beds], per: births}\n",
	     "rules.yaml:2:31: per: 'births' is a flow of frequency M, expected a stock of M or coarser\n"},
	    {"peers:\n  - {statistics: [people], per: beds}\n",
	     "rules.yaml:2:33: per: 'beds' is a stock of frequency M, expected a stock of A or coarser\n"},
	};
	/* clang-format on */
	struct fixture *fixture = *state;
	unsigned wrong = 0;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *expected;
		load(fixture, rows[i].rules);
		char *hole = strstr(rows[i].expected, "%s");
		int head = hole ? (int)(hole - rows[i].expected) : (int)strlen(rows[i].expected);
		assert_true(asprintf(&expected, "%.*s%s%s", head, rows[i].expected,
		                     hole ? fixture->folder : "", hole ? hole + 2 : "") > 0);
		wrong += !is_said(fixture, rows[i].rules, expected);
		free(expected);
	}
	assert_int_equal(wrong, 0);
}

static void what_is_written_is_what_is_linked(void **state)
{
	struct fixture *fixture = *state;
	load(fixture, "limits:\n  - {statistic: people, max: '20000000'}\n" HOLDS(
	                  "beds >= births") "jump:\n  - {statistics: [births], deviations: '4.5', margin: "
	                                    "'2', least: 3, history: 9}\n"
	                                    "peers:\n  - {statistics: [beds], per: people}\n");
	const struct catalogue *catalogue = fixture->catalogue;
	assert_non_null(catalogue);
	assert_true(catalogue->statistics[PEOPLE].has_most);
	assert_int_equal(catalogue->statistics[PEOPLE].most, 20000000);
	assert_int_equal(catalogue->relation_count, 1);
	const struct relation *relation = &catalogue->relations[0];
	assert_int_equal(relation->sign, RELATION_AT_MOST);
	assert_true(relation->turned);
	assert_int_equal(relation->left_count, 1);
	assert_int_equal(relation->statistics[0], BIRTHS);
	assert_int_equal(relation->statistics[1], BEDS);
	const struct statistic_rules *births = catalogue->statistics[BIRTHS].rules;
	assert_int_equal(births->relation_count, 1);
	assert_int_equal(births->soft[SOFT_JUMP]->deviations, 450);
	assert_int_equal(births->soft[SOFT_JUMP]->margin, 200);
	assert_int_equal(births->soft[SOFT_JUMP]->least, 3);
	assert_int_equal(births->soft[SOFT_JUMP]->history, 9);
	assert_null(births->soft[SOFT_PEERS]);
	assert_int_equal(catalogue->statistics[BEDS].rules->soft[SOFT_PEERS]->per, PEOPLE);
	assert_int_equal(catalogue->statistics[BEDS].rules->soft[SOFT_PEERS]->deviations, 600);
	assert_int_equal(catalogue->statistics[BEDS].rules->soft[SOFT_PEERS]->margin, 1000);
	assert_non_null(catalogue->statistics[PEOPLE].rules); /* others are divided by it */
}

static void without_the_file_nothing_is_looked_at(void **state)
{
	struct fixture *fixture = *state;
	unlink(fixture->path);
	fixture->catalogue = little_city_load(fixture->folder);
	for (uint32_t i = 0; i < fixture->catalogue->statistic_count; i++) {
		assert_null(fixture->catalogue->statistics[i].rules);
		assert_false(fixture->catalogue->statistics[i].may_be_negative);
	}
}

/* No figure depends on them, so none is computed anew. */
static void other_rules_leave_the_figures(void **state)
{
	struct fixture *fixture = *state;
	struct catalogue_files before, after;
	load(fixture, "limits:\n  - {statistic: beds, max: '5000'}\n");
	assert_int_equal(catalogue_files_read(fixture->folder, stderr, &before), 0);
	load(fixture, HOLDS("births <= beds"));
	assert_int_equal(catalogue_files_read(fixture->folder, stderr, &after), 0);
	assert_false(catalogue_figures_may_differ(&before, &after));
	catalogue_files_done(&before);
	catalogue_files_done(&after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(rules_that_are_taken, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(rules_that_are_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_is_written_is_what_is_linked, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(without_the_file_nothing_is_looked_at, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(other_rules_leave_the_figures, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("catalogue_rules", tests, NULL, NULL);
}
