#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/catalogue/catalogue.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CATALOGUE "tests/data/catalogue/small"

static const char *const file_names[] = {"areas.yaml",      "statistics.yaml", "reporters.yaml",
                                         "indicators.yaml", "plan-first.yaml", "plan-second.yaml"};
#define FILE_COUNT (sizeof file_names / sizeof file_names[0])

/* ------------------------------------------------------------------------------------ a changed catalogue */

static char folder[] = "/tmp/suanpan-catalogue-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	for (size_t i = 0; i < FILE_COUNT; i++)
		unlink(path_of(file_names[i]));
	return rmdir(folder);
}

static void write_text(const char *name, const char *text)
{
	FILE *out = fopen(path_of(name), "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* Copies a file, with `text` in the place of line `line` (0: no line is changed; NULL text: it is left out).
 */
static void copy_changed(const char *name, unsigned line, const char *text)
{
	char from[256], buffer[512];
	FILE *in, *out = fopen(path_of(name), "w");
	snprintf(from, sizeof from, CATALOGUE "/%s", name);
	in = fopen(from, "r");
	assert_non_null(in);
	assert_non_null(out);
	for (unsigned i = 1; fgets(buffer, sizeof buffer, in); i++) {
		if (i != line)
			fputs(buffer, out);
		else if (text)
			fprintf(out, "%s\n", text);
	}
	fclose(in);
	fclose(out);
}

static void copy_all(void)
{
	for (size_t i = 0; i < FILE_COUNT; i++)
		copy_changed(file_names[i], 0, NULL);
}

/* What loading says, without the folder at the beginning of each line; the caller frees it. */
static char *load_refused(void)
{
	char *said, *short_said, *to;
	size_t size, length = strlen(folder);
	FILE *errors = open_memstream(&said, &size);
	struct catalogue *catalogue = NULL;
	int result = catalogue_load(folder, errors, &catalogue);
	fclose(errors);
	catalogue_free(catalogue);
	assert_int_equal(result, size ? CATALOGUE_REFUSED : 0);
	assert_true((catalogue == NULL) == (size > 0));
	to = short_said = malloc(size + 1);
	assert_non_null(to);
	for (const char *from = said; *from;) {
		if (strncmp(from, folder, length) == 0 && from[length] == '/')
			from += length + 1;
		else
			*to++ = *from++;
	}
	*to = '\0';
	free(said);
	return short_said;
}

struct change {
	const char *file;
	unsigned line;
	const char *text;     /* instead of the line; NULL: the line is left out */
	const char *expected; /* all that is said */
};

static bool change_is_told(const struct change *change)
{
	char *said;
	bool right;
	copy_changed(change->file, change->line, change->text);
	said = load_refused();
	copy_changed(change->file, 0, NULL);
	right = strcmp(said, change->expected) == 0;
	if (!right)
		print_error("%s:%u changed to '%s'\n  says     %s  expected %s", change->file, change->line,
		            change->text ? change->text : "", said, change->expected);
	free(said);
	return right;
}

static void try_changes(const struct change *changes, size_t count)
{
	unsigned wrong = 0;
	copy_all();
	for (size_t i = 0; i < count; i++)
		wrong += !change_is_told(&changes[i]);
	assert_int_equal(wrong, 0);
}

/* ------------------------------------------------------------------------------------------------- tests */

static void small_catalogue_is_accepted(void **state)
{
	char *said;
	(void)state;
	copy_all();
	said = load_refused();
	assert_string_equal(said, "");
	free(said);
}

static void mistakes_of_form_are_named_with_their_place(void **state)
{
	/* clang-format off: what is changed, and below it a line for each that is said */
	static const struct change changes[] = {
	    {"areas.yaml", 4, "    lebel: city",
	     "areas.yaml:4:5: lebel: unknown key, expected code, level, parent, from, to, successors or "
	     "names, nearest is 'level'\n"
	     "areas.yaml:3:5: level: missing in areas[0], expected city, district, street or community\n"},
	    {"areas.yaml", 7, "    level: distrct",
	     "areas.yaml:7:12: level: found 'distrct', expected city, district, street or community, nearest "
	     "is 'district'\n"},
	    {"areas.yaml", 3, "  - level: city",
	     "areas.yaml:4:5: level: given twice, first on line 3\n"
	     "areas.yaml:3:5: code: missing in areas[0], expected text\n"},
	    {"areas.yaml", 5, NULL,
	     "areas.yaml:3:5: names: missing in areas[0], expected keys en, zh_hans and zh_hant\n"},
	    {"areas.yaml", 5, "    names: {en: Testing, zh_hans: 测试市}",
	     "areas.yaml:5:12: zh_hant: missing in names, expected text\n"},
	    {"areas.yaml", 5, "    names: Testing",
	     "areas.yaml:5:12: names: found 'Testing', expected keys en, zh_hans and zh_hant\n"},
	    {"areas.yaml", 2, "aeras:",
	     "areas.yaml:2:1: aeras: unknown key, expected areas or groups, nearest is 'areas'\n"
	     "areas.yaml:2:1: areas: missing in file, expected a list\n"},
	    {"areas.yaml", 5, "    names: {en: \"Test\\ning\", zh_hans: 测试市, zh_hant: 測試市}",
	     "areas.yaml:5:17: en: found a line break or another control character, expected one line of "
	     "text\n"},
	    {"areas.yaml", 6, "  - code: [south]", "areas.yaml:6:11: code: found a list, expected text\n"},
	    {"areas.yaml", 8, "    parent: {code: x}",
	     "areas.yaml:8:13: parent: found keys with values, expected text\n"},
	    {"areas.yaml", 6, "  - code: south: x",
	     "areas.yaml:6:16: not YAML: mapping values are not allowed in this context\n"},
	    {"areas.yaml", 6, "  - code: sou\xff",
	     "areas.yaml:6: not UTF-8 text: invalid leading UTF-8 octet, expected YAML in UTF-8\n"},
	    {"areas.yaml", 7, "\tlevel: district",
	     "areas.yaml:7:1: not YAML: found a tab character that violates indentation while scanning a "
	     "plain scalar\n"},
	    {"areas.yaml", 5, "    names: &n {en: Testing, zh_hans: 测试市, zh_hant: 測試市}\n    parent: *n",
	     "areas.yaml:5:12: parent: found keys with values, expected text\n"},
	    {"statistics.yaml", 5, "    decimals: two",
	     "statistics.yaml:5:15: decimals: found 'two', expected a whole number\n"},
	    {"statistics.yaml", 5, "    decimals: 0x2",
	     "statistics.yaml:5:15: decimals: found '0x2', expected a whole number\n"},
	    {"statistics.yaml", 5, "    decimals: -1",
	     "statistics.yaml:5:15: decimals: found '-1', expected a whole number\n"},
	    {"statistics.yaml", 9, "    carry: 24 months",
	     "statistics.yaml:9:12: carry: found '24 months', expected a whole number\n"},
	    {"statistics.yaml", 9, "    carry: 024",
	     "statistics.yaml:9:12: carry: found '024', expected a whole number\n"},
	    {"statistics.yaml", 9, "    carry: 4294967296",
	     "statistics.yaml:9:12: carry: found '4294967296', expected a whole number\n"},
	    {"statistics.yaml", 9,
	     "    carry:", "statistics.yaml:9:11: carry: found nothing, expected a whole number\n"},
	    {"statistics.yaml", 7, "    frequency: Y",
	     "statistics.yaml:7:16: frequency: found 'Y', expected A, S, Q, M or D\n"},
	    {"statistics.yaml", 7, "    frequency: m",
	     "statistics.yaml:7:16: frequency: found 'm', expected A, S, Q, M or D, nearest is 'M'\n"},
	    {"statistics.yaml", 6, "    kind: stocks",
	     "statistics.yaml:6:11: kind: found 'stocks', expected flow, stock, average or level, nearest is "
	     "'stock'\n"},
	    {"statistics.yaml", 6, "    kind: 1",
	     "statistics.yaml:6:11: kind: found '1', expected flow, stock, average or level\n"},
	    {"statistics.yaml", 10, NULL,
	     "statistics.yaml:2:5: deadline: missing in statistics[0], expected a whole number\n"},
	    {"reporters.yaml", 6, "    statistics: all",
	     "reporters.yaml:6:17: statistics: found 'all', expected a list\n"},
	    {"reporters.yaml", 6, "    statistics: []",
	     "reporters.yaml:6:17: statistics: the list is empty, expected at least one entry\n"},
	    {"reporters.yaml", 11, "    only: maybe",
	     "reporters.yaml:11:11: only: found 'maybe', expected true or false\n"},
	    {"reporters.yaml", 5, "      - [south]",
	     "reporters.yaml:5:9: areas[0]: found a list, expected text\n"},
	    {"indicators.yaml", 8, "    coverage: match",
	     "indicators.yaml:8:15: coverage: found 'match', expected matched or complete, nearest is "
	     "'matched'\n"},
	    {"plan-first.yaml", 8, "    comparison: \"=>\"",
	     "plan-first.yaml:8:17: comparison: found '=>', expected >=, >, <=, <, =, about, hold>=, hold=, "
	     "strive>= or tracks-gdp\n"},
	    {"plan-first.yaml", 10, "    nature: bindin",
	     "plan-first.yaml:10:13: nature: found 'bindin', expected binding or anticipatory, nearest is "
	     "'binding'\n"},
	    {"plan-first.yaml", 11, "---\nplan: again",
	     "plan-first.yaml:12:1: a second document, expected one in each file\n"},
	    {"plan-first.yaml", 3, "from: &a 2016\nto: *a",
	     "plan-first.yaml:5:1: to: given twice, first on line 4\n"},
	};
	/* clang-format on */
	(void)state;
	try_changes(changes, sizeof changes / sizeof changes[0]);
}

static void mistakes_of_meaning_are_named_with_their_place(void **state)
{
	/* clang-format off: what is changed, and below it a line for each that is said */
	static const struct change changes[] = {
	    {"areas.yaml", 6, "  - code: South",
	     "areas.yaml:6:11: code: found 'South', expected 1 to 64 of a-z 0-9 _ -, beginning with a letter "
	     "or digit\n"
	     "areas.yaml:20:13: parent: unknown area 'south', nearest is 'South'\n"
	     "areas.yaml:36:13: parent: unknown area 'south', nearest is 'South'\n"
	     "areas.yaml:48:9: members: unknown area 'south', nearest is 'South'\n"
	     "reporters.yaml:5:9: areas: unknown area 'south', nearest is 'South'\n"},
	    {"areas.yaml", 26, "  - code: quay-1",
	     "areas.yaml:26:11: code: 'quay-1' is there already, on line 22 of areas.yaml\n"
	     "areas.yaml:43:9: members: unknown area 'hill-1'\n"},
	    {"areas.yaml", 44, "  - code: south-park",
	     "areas.yaml:44:11: code: 'south-park' is there already, on line 34 of areas.yaml\n"
	     "plan-second.yaml:8:11: area: unknown area 'old-town'\n"},
	    {"areas.yaml", 12, "    parent: \"90000\"",
	     "areas.yaml:12:13: parent: unknown area '90000', nearest is '900000'\n"},
	    {"areas.yaml", 33,
	     "    names: {en: Quay Two, zh_hans: 码头二, zh_hant: 碼頭二}\n    to: \"2013\"",
	     "areas.yaml:34:9: successors: missing for 'quay-2', expected the codes that came after it\n"},
	    {"areas.yaml", 33,
	     "    names: {en: Quay Two, zh_hans: 码头二, zh_hant: 碼頭二}\n    successors: [quay-1]",
	     "areas.yaml:34:17: to: missing for 'quay-2', expected the last period of a code with "
	     "successors\n"},
	    {"areas.yaml", 33,
	     "    names: {en: Quay Two, zh_hans: 码头二, zh_hant: 碼頭二}\n    to: \"2013\"\n    successors: "
	     "[south-park]",
	     "areas.yaml:35:18: successors: 'south-park' is a street, expected a community\n"},
	    {"areas.yaml", 33,
	     "    names: {en: Quay Two, zh_hans: 码头二, zh_hant: 碼頭二}\n    to: \"2013-13\"\n    "
	     "successors: [quay-1]",
	     "areas.yaml:34:9: to: '2013-13' is not a period, expected a form such as 2014 or 2014-02-12\n"},
	    {"areas.yaml", 33,
	     "    names: {en: Quay Two, zh_hans: 码头二, zh_hant: 碼頭二}\n    to: \"2013\"\n    successors: "
	     "[quay-2]",
	     "areas.yaml:35:18: successors: 'quay-2' cannot come after itself\n"},
	    {"areas.yaml", 33,
	     "    names: {en: Quay Two, zh_hans: 码头二, zh_hant: 碼頭二}\n    to: \"2013\"\n    successors: "
	     "[quay-3]",
	     "areas.yaml:35:18: successors: unknown area 'quay-3', nearest is 'quay-1'\n"},
	    {"areas.yaml", 33,
	     "    names: {en: Quay Two, zh_hans: 码头二, zh_hant: 碼頭二}\n    to: \"2013\"\n    successors: "
	     "[waterside]",
	     "areas.yaml:35:18: successors: 'waterside' is a group, expected an area\n"},
	    {"areas.yaml", 33,
	     "    names: {en: Quay Two, zh_hans: 码头二, zh_hant: 碼頭二}\n    from: \"2015\"\n    to: "
	     "\"2013\"\n    successors: [quay-1]",
	     "areas.yaml:35:9: to: 'quay-2' ends before it begins\n"},
	    {"areas.yaml", 24, "    parent: south",
	     "areas.yaml:24:13: parent: 'south' is a district, expected a street: no level is skipped\n"},
	    {"areas.yaml", 28, "    parent: quay-1",
	     "areas.yaml:28:13: parent: 'quay-1' is a community, expected a level above community\n"},
	    {"areas.yaml", 12, "    parent: north",
	     "areas.yaml:12:13: parent: 'north' is a district, expected a level above district\n"},
	    {"areas.yaml", 12, "    parent: waterside",
	     "areas.yaml:12:13: parent: 'waterside' is a group, expected an area\n"},
	    {"areas.yaml", 12, NULL,
	     "areas.yaml:10:11: parent: missing for 'north', expected exactly one area without, which is "
	     "'900000'\n"},
	    {"areas.yaml", 4, "    level: street\n    parent: south",
	     "areas.yaml:9:13: parent: '900000' is a street, expected a level above district\n"
	     "areas.yaml:13:13: parent: '900000' is a street, expected a level above district\n"
	     "areas.yaml:3:3: areas: each has a parent, expected exactly one without\n"},
	    {"areas.yaml", 5, "    names: {en: \"\", zh_hans: \" \", zh_hant: 測試市}",
	     "areas.yaml:5:17: names.en: found nothing, expected text\n"
	     "areas.yaml:5:30: names.zh_hans: found nothing, expected text\n"},
	    {"areas.yaml", 42, "      - south-key",
	     "areas.yaml:42:9: members: unknown area 'south-key', nearest is 'south-quay'\n"},
	    {"areas.yaml", 42, "      - hill-1", "areas.yaml:43:9: members: 'hill-1' is listed twice\n"},
	    {"areas.yaml", 47, "      - waterside",
	     "areas.yaml:47:9: members: 'waterside' is a group, expected an area\n"},
	    {"statistics.yaml", 12, "    names: {en: Beds, zh_hans: 床位, zh_hant: }",
	     "statistics.yaml:12:45: names.zh_hant: found nothing, expected text\n"},
	    {"statistics.yaml", 4, "    unit: {en: \" \", zh_hans: 人, zh_hant: 人}",
	     "statistics.yaml:4:16: unit.en: found nothing, expected text\n"},
	    {"statistics.yaml", 20, "  - code: beds",
	     "statistics.yaml:20:11: code: 'beds' is there already, on line 11 of statistics.yaml\n"
	     "indicators.yaml:13:14: formula: column 12: unknown statistic 'births'\n"
	     "reporters.yaml:20:9: statistics: unknown statistic 'births'\n"},
	    {"statistics.yaml", 36, "  - code: growth",
	     "statistics.yaml:36:11: code: 'growth' is a function of the formula language, expected another "
	     "word\n"},
	    {"statistics.yaml", 36, "  - code: park-visitors",
	     "statistics.yaml:36:11: code: found 'park-visitors', expected a-z 0-9 _ beginning with a "
	     "letter, as formulas need\n"},
	    {"statistics.yaml", 36, "  - code: 65_plus",
	     "statistics.yaml:36:11: code: found '65_plus', expected a-z 0-9 _ beginning with a letter, as "
	     "formulas need\n"},
	    {"statistics.yaml", 5, "    decimals: 10",
	     "statistics.yaml:5:15: decimals: found 10, expected 0 to 9\n"},
	    {"statistics.yaml", 9, NULL,
	     "statistics.yaml:2:5: carry: missing for 'residents', expected the months that a stock stands "
	     "in for later ones\n"},
	    {"statistics.yaml", 51, NULL,
	     "statistics.yaml:44:5: carry: missing for 'life_expectancy', expected the months that a level "
	     "stands in for later ones\n"},
	    {"statistics.yaml", 9, "    carry: 1201",
	     "statistics.yaml:9:12: carry: found 1201, expected 0 to 1200 months\n"},
	    {"statistics.yaml", 26, "    carry: 3\n    level: district",
	     "statistics.yaml:26:12: carry: found 3, expected none for kind flow\n"},
	    {"statistics.yaml", 42, "    carry: 3\n    level: street",
	     "statistics.yaml:42:12: carry: found 3, expected none for kind average\n"},
	    {"statistics.yaml", 10, "    deadline: 3661",
	     "statistics.yaml:10:15: deadline: found 3661, expected 0 to 3660 days\n"},
	    {"reporters.yaml", 7, "  - code: south",
	     "reporters.yaml:7:11: code: 'south' is there already, on line 2 of reporters.yaml\n"},
	    {"reporters.yaml", 7, "  - code: Bureau",
	     "reporters.yaml:7:11: code: found 'Bureau', expected 1 to 64 of a-z 0-9 _ -, beginning with a "
	     "letter or digit\n"},
	    {"reporters.yaml", 5, "      - nort",
	     "reporters.yaml:5:9: areas: unknown area 'nort', nearest is 'north'\n"},
	    {"reporters.yaml", 5, "      - old-town",
	     "reporters.yaml:5:9: areas: 'old-town' is a group, expected areas\n"},
	    {"reporters.yaml", 18, "      - north", "reporters.yaml:18:9: areas: 'north' is listed twice\n"},
	    {"reporters.yaml", 13, "      - lief_expectancy",
	     "reporters.yaml:13:9: statistics: unknown statistic 'lief_expectancy', nearest is "
	     "'life_expectancy'\n"},
	    {"reporters.yaml", 13, "      - births",
	     "reporters.yaml:13:9: statistics: 'births' is reported for each district, expected one among "
	     "the reporter's areas\n"},
	    {"reporters.yaml", 21, "      - all",
	     "reporters.yaml:21:9: statistics: found 'all' beside others, expected [all] or a list of "
	     "codes\n"},
	    {"reporters.yaml", 21, "      - births",
	     "reporters.yaml:21:9: statistics: 'births' is listed twice\n"},
	    {"indicators.yaml", 6, "    formula: 1000 * bed / residents",
	     "indicators.yaml:6:14: formula: column 8: unknown statistic 'bed', nearest is 'beds'\n"},
	    {"indicators.yaml", 19, "      average_growth(incme",
	     "indicators.yaml:18:14: formula: column 16: unknown statistic 'incme', nearest is 'income'\n"},
	    {"indicators.yaml", 20, "      / resident)",
	     "indicators.yaml:18:14: formula: column 25: unknown statistic 'resident', nearest is "
	     "'residents'\n"},
	    {"indicators.yaml", 13, "    formula: cumulative(residents)",
	     "indicators.yaml:13:14: formula: column 12: cumulative takes a single flow statistic, "
	     "'residents' is of kind stock\n"},
	    {"indicators.yaml", 13, "    formula: births / income\n    frequency: M",
	     "indicators.yaml:14:16: frequency: found M, expected Q or coarser: a monthly indicator over the "
	     "quarterly flow 'income'\n"},
	    {"indicators.yaml", 7, "    frequency: D",
	     "indicators.yaml:7:16: frequency: found D, expected M or coarser: a daily indicator over the "
	     "monthly stock 'beds'\n"},
	    {"indicators.yaml", 5, "    decimals: 12",
	     "indicators.yaml:5:15: decimals: found 12, expected 0 to 9\n"},
	    {"indicators.yaml", 21, "  - code: income_growth",
	     "indicators.yaml:21:11: code: 'income_growth' is there already, on line 14 of indicators.yaml\n"
	     "plan-second.yaml:22:16: indicator: unknown indicator 'life'\n"},
	    {"plan-first.yaml", 1, "plan: second",
	     "plan-second.yaml:1:7: plan: 'second' is there already, on line 1 of plan-first.yaml\n"},
	    {"plan-first.yaml", 1, "plan: First",
	     "plan-first.yaml:1:7: plan: found 'First', expected 1 to 64 of a-z 0-9 _ -, beginning with a "
	     "letter or digit\n"},
	    {"plan-first.yaml", 3, "from: 1900",
	     "plan-first.yaml:3:7: from: found 1900, expected a year from 1901 to 2199\n"},
	    {"plan-second.yaml", 4, "to: 2200",
	     "plan-second.yaml:4:5: to: found 2200, expected a year from 1901 to 2199\n"},
	    {"plan-first.yaml", 4, "to: 2015",
	     "plan-first.yaml:4:5: to: found 2015, expected 2016 or later\n"},
	    {"plan-second.yaml", 3, "from: 2020",
	     "plan-second.yaml:3:7: from: the years 2020 to 2025 overlap those of plan 'first' (2016 to "
	     "2020), expected the same or others\n"},
	    {"plan-second.yaml", 21, "  - row: 2a",
	     "plan-second.yaml:21:10: row: '2a' is there already, on line 15\n"},
	    {"plan-second.yaml", 21, "  - row: 2 a",
	     "plan-second.yaml:21:10: row: found '2 a', expected 1 to 64 of a-z 0-9 _ -, beginning with a "
	     "letter or digit\n"},
	    {"plan-first.yaml", 7, "    indicator: birth_so_far",
	     "plan-first.yaml:7:16: indicator: unknown indicator 'birth_so_far', nearest is "
	     "'births_so_far'\n"},
	    {"plan-first.yaml", 7, "    indicator: price_level",
	     "plan-first.yaml:7:16: indicator: unknown indicator 'price_level' (it is a statistic)\n"},
	    {"plan-second.yaml", 8, "    area: Old-Town",
	     "plan-second.yaml:8:11: area: unknown area 'Old-Town', nearest is 'old-town'\n"},
	    {"plan-second.yaml", 8, "    area: waterside",
	     "plan-second.yaml:8:11: area: 'waterside' holds no district, the level that 'beds_per_1000' is "
	     "reported at\n"},
	    {"plan-second.yaml", 9, "    baseline: \"1e5\"",
	     "plan-second.yaml:9:15: baseline: found '1e5': not a number; write it in plain digits, such as "
	     "-1234.5\n"},
	    {"plan-second.yaml", 9, "    baseline: \"1.1234567890\"",
	     "plan-second.yaml:9:15: baseline: '1.1234567890' has 10 decimals, expected at most 9\n"},
	    {"plan-second.yaml", 11, "    target: \"60,00\"",
	     "plan-second.yaml:11:13: target: found '60,00': commas must stand every three digits\n"},
	    {"plan-second.yaml", 11, NULL,
	     "plan-second.yaml:6:5: target: missing for row '1', expected a number\n"},
	    {"plan-second.yaml", 13, "    tolerance: \"-1\"",
	     "plan-second.yaml:13:16: tolerance: found '-1', expected percent of the target, 0 or more\n"},
	    {"plan-first.yaml", 10, "    nature: binding\n    tolerance: 5",
	     "plan-first.yaml:11:16: tolerance: found '5', expected none: only 'about' has one\n"},
	    {"plan-first.yaml", 10, "    nature: binding\n    path: geometric",
	     "plan-first.yaml:11:11: path: found 'geometric', expected one that is not: baseline and target "
	     "must "
	     "be above zero, and not counted from the plan's first day\n"},
	    {"plan-second.yaml", 14, "    nature: anticipatory\n    path: geometric", ""},
	    {"plan-second.yaml", 9, "    path: geometric",
	     "plan-second.yaml:9:11: path: found 'geometric', expected one that is not: baseline and target "
	     "must "
	     "be above zero, and not counted from the plan's first day\n"},
	    {"plan-second.yaml", 9, "    baseline: \"0\"\n    path: geometric",
	     "plan-second.yaml:10:11: path: found 'geometric', expected one that is not: baseline and target "
	     "must "
	     "be above zero, and not counted from the plan's first day\n"},
	    {"plan-second.yaml", 20, "    nature: binding\n    path: geometric",
	     "plan-second.yaml:21:11: path: found one, expected none: tracks-gdp has no way to go\n"},
	    {"plan-first.yaml", 10, "    nature: binding\n    path: yearly",
	     "plan-first.yaml:11:11: yearly: missing for row '1', expected what each year is to reach\n"},
	    {"plan-first.yaml", 10, "    nature: binding\n    yearly: [{year: 2017, target: \"1\"}]",
	     "plan-first.yaml:11:13: yearly: found some, expected none without 'path: yearly'\n"},
	    {"plan-first.yaml", 10,
	     "    nature: binding\n    path: yearly\n    yearly: [{year: 2016, target: \"10\"}, {year: 2018, "
	     "target: \"20.5\"}]",
	     ""},
	    {"plan-first.yaml", 10,
	     "    nature: binding\n    path: yearly\n    yearly: [{year: 2021, target: \"1\"}]",
	     "plan-first.yaml:12:21: year: found 2021, expected one of the plan's, 2016 to 2020\n"},
	    {"plan-first.yaml", 10,
	     "    nature: binding\n    path: yearly\n    yearly: [{year: 2017, target: \"1\"}, {year: 2017, "
	     "target: \"2\"}]",
	     "plan-first.yaml:12:48: year: found 2017 after 2017, expected them in order, each once\n"},
	    {"plan-first.yaml", 10,
	     "    nature: binding\n    path: yearly\n    yearly: [{year: 2017, target: \"many\"}]",
	     "plan-first.yaml:12:35: yearly[0].target: found 'many': not a number; write it in plain digits, "
	     "such as "
	     "-1234.5\n"},
	    {"plan-first.yaml", 10, "    nature: binding\n    follows: life",
	     "plan-first.yaml:11:14: follows: found 'life', expected none: only tracks-gdp has it\n"},
	    {"plan-second.yaml", 19, NULL,
	     "plan-second.yaml:15:5: follows: missing for row '2a', expected the indicator that tracks-gdp "
	     "follows\n"},
	    {"plan-second.yaml", 19, "    follows: births_so_fr",
	     "plan-second.yaml:19:14: follows: unknown indicator 'births_so_fr', nearest is "
	     "'births_so_far'\n"},
	    {"plan-second.yaml", 19, "    follows: births_so_far\n    target: \"5\"",
	     "plan-second.yaml:20:13: target: found '5', expected none: tracks-gdp has the series in "
	     "'follows'\n"},
	    {"plan-first.yaml", 11,
	     "    cancelled:", "plan-first.yaml:11:15: cancelled: found nothing, expected text\n"},
	};
	/* clang-format on */
	(void)state;
	try_changes(changes, sizeof changes / sizeof changes[0]);
}

static void an_alias_is_refused_in_libcyamls_words_on_one_line(void **state)
{
	char *said;
	(void)state;
	copy_all();
	copy_changed("plan-first.yaml", 2, "names: {en: &name First, zh_hans: *name, zh_hant: 第一}");
	said = load_refused();
	assert_string_equal(said, "plan-first.yaml:2:26: YAML alias unsupported\n");
	free(said);
}

static void one_run_tells_the_mistakes_of_every_file(void **state)
{
	char *said;
	(void)state;
	copy_all();
	copy_changed("areas.yaml", 12, "    parent: nowhere");
	copy_changed("statistics.yaml", 5, "    decimals: 10");
	copy_changed("reporters.yaml", 5, "      - southh");
	copy_changed("indicators.yaml", 6, "    formula: 1000 * / residents");
	copy_changed("plan-first.yaml", 9, "    target: many");
	copy_changed("plan-second.yaml", 11, "    target: few");
	said = load_refused();
	assert_string_equal(said, "areas.yaml:12:13: parent: unknown area 'nowhere'\n"
	                          "statistics.yaml:5:15: decimals: found 10, expected 0 to 9\n"
	                          "indicators.yaml:6:14: formula: column 8: found '/', expected a number, a "
	                          "statistic, a function or '('\n"
	                          "reporters.yaml:5:9: areas: unknown area 'southh', nearest is 'south'\n"
	                          "plan-first.yaml:9:13: target: found 'many': not a number; write it in "
	                          "plain digits, such as -1234.5\n"
	                          "plan-second.yaml:11:13: target: found 'few': not a number; write it in "
	                          "plain digits, such as -1234.5\n");
	free(said);
}

static void one_run_tells_the_form_of_every_file(void **state)
{
	char *said;
	(void)state;
	copy_all();
	copy_changed("areas.yaml", 7, "    level: town\n    size: 3");
	write_text("indicators.yaml", "");
	write_text("reporters.yaml", "- south\n");
	unlink(path_of("statistics.yaml"));
	write_text("plan-second.yaml", "plan: [\n");
	said = load_refused();
	assert_string_equal(
	    said,
	    "areas.yaml:7:12: level: found 'town', expected city, district, street or community\n"
	    "areas.yaml:8:5: size: unknown key, expected code, level, parent, from, to, successors or names\n"
	    "statistics.yaml: cannot be read: No such file or directory\n"
	    "reporters.yaml:1:1: file: found a list, expected keys reporters\n"
	    "indicators.yaml: the file is empty\n"
	    "plan-second.yaml:2:1: not YAML: did not find expected node content while parsing a flow node\n");
	free(said);
}

static void a_file_that_nobody_reads_is_a_mistake(void **state)
{
	char *said;
	(void)state;
	copy_all();
	write_text("plans-third.yaml", "plan: third\n");
	write_text("notes.txt", "not read\n");
	said = load_refused();
	unlink(path_of("plans-third.yaml"));
	unlink(path_of("notes.txt"));
	assert_string_equal(said, "plans-third.yaml: not a catalogue file, expected areas, statistics, "
	                          "reporters, readers, indicators, calendar, alerts, rules or plan-...\n");
	free(said);
}

static void a_folder_that_is_not_there_is_one_line(void **state)
{
	char *said;
	size_t size;
	FILE *errors = open_memstream(&said, &size);
	struct catalogue *catalogue = NULL;
	(void)state;
	assert_int_equal(catalogue_load("/nonexistent/catalogue", errors, &catalogue), CATALOGUE_REFUSED);
	fclose(errors);
	assert_string_equal(said, "/nonexistent/catalogue: cannot be read: No such file or directory, "
	                          "expected the catalogue's folder\n");
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(small_catalogue_is_accepted),
	    cmocka_unit_test(mistakes_of_form_are_named_with_their_place),
	    cmocka_unit_test(mistakes_of_meaning_are_named_with_their_place),
	    cmocka_unit_test(an_alias_is_refused_in_libcyamls_words_on_one_line),
	    cmocka_unit_test(one_run_tells_the_mistakes_of_every_file),
	    cmocka_unit_test(one_run_tells_the_form_of_every_file),
	    cmocka_unit_test(a_file_that_nobody_reads_is_a_mistake),
	    cmocka_unit_test(a_folder_that_is_not_there_is_one_line),
	};
	return cmocka_run_group_tests_name("catalogue_load", tests, make_folder, remove_folder);
}
