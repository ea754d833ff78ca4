#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/base/arena.h"
#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/formula.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CATALOGUE "tests/data/catalogue/small"

static struct catalogue *catalogue;
static struct arena *memory;

static int open_catalogue(void **state)
{
	(void)state;
	return arena_new(1 << 20, &memory) || catalogue_load(CATALOGUE, stderr, &catalogue);
}

static int close_catalogue(void **state)
{
	(void)state;
	catalogue_free(catalogue);
	arena_free(memory);
	return 0;
}

static struct formula *parse(const char *text)
{
	struct formula *formula = NULL;
	struct formula_error error = {.column = 0};
	if (formula_parse(text, catalogue, memory, &formula, &error) != 0)
		fail_msg("'%s' refused at column %u: %s", text, error.column, error.text);
	return formula;
}

static unsigned statistic(const char *code)
{
	uint32_t found = catalogue_find_statistic(catalogue, code);
	assert_int_not_equal(found, CATALOGUE_NONE);
	return found;
}

/* "beds[y-1 p-2 base in=900000 cum]" for each atom, then the program: "100 a0 a1 / 1 - *". */
static void describe(const struct formula *formula, char *text, size_t size)
{
	static const char *const windows[] = {"", " cum", " ytd", " roll"};
	static const char *const ops[] = {"", "", "+", "-", "*", "/", "neg", "min", "max", "avg"};
	FILE *out = fmemopen(text, size, "w");
	for (uint32_t i = 0; i < formula->atom_count; i++) {
		const struct formula_atom *atom = &formula->atoms[i];
		fprintf(out, "%s%s", i ? " " : "", catalogue->statistics[atom->statistic].code);
		fprintf(out, "[%s", atom->baseline ? "base" : "");
		fprintf(out, "%+d%+d%s", atom->years, atom->periods, windows[atom->window]);
		if (atom->rolling)
			fprintf(out, "%u", atom->rolling);
		if (atom->within != CATALOGUE_NONE)
			fprintf(out, " in %s", catalogue->areas[atom->within].code);
		fputs("]", out);
	}
	fputs(":", out);
	for (uint32_t i = 0; i < formula->step_count; i++) {
		const struct formula_step *step = &formula->steps[i];
		if (step->op == FORMULA_NUMBER)
			fprintf(out, step->decimals ? " %d.%u" : " %d", (int)step->number, step->decimals);
		else if (step->op == FORMULA_ATOM)
			fprintf(out, " a%u", step->atom);
		else
			fprintf(out, " %s", ops[step->op]);
	}
	fclose(out);
}

static void formulas_become_atoms_and_steps(void **state)
{
	static const struct {
		const char *text, *expected;
	} must_accept[] = {
	    {"residents", "residents[+0+0]: a0"},
	    {"  residents\t ", "residents[+0+0]: a0"},
	    {"1000 * beds / residents", "beds[+0+0] residents[+0+0]: 1000 a0 * a1 /"},
	    {"1000*beds/residents", "beds[+0+0] residents[+0+0]: 1000 a0 * a1 /"},
	    {"beds - births - income", "beds[+0+0] births[+0+0] income[+0+0]: a0 a1 - a2 -"},
	    {"beds - (births - income)", "beds[+0+0] births[+0+0] income[+0+0]: a0 a1 a2 - -"},
	    {"beds + births * income", "beds[+0+0] births[+0+0] income[+0+0]: a0 a1 a2 * +"},
	    {"(beds + births) * 2", "beds[+0+0] births[+0+0]: a0 a1 + 2 *"},
	    {"beds + beds", "beds[+0+0]: a0 a0 +"},
	    {"-beds", "beds[+0+0]: a0 neg"},
	    {"2 - -beds", "beds[+0+0]: 2 a0 neg -"},
	    {"-beds * 2", "beds[+0+0]: a0 neg 2 *"},
	    {"0.25 * beds", "beds[+0+0]: 25.2 a0 *"},
	    {"1.50 * beds", "beds[+0+0]: 150.2 a0 *"},
	    {"min(beds, births)", "beds[+0+0] births[+0+0]: a0 a1 min"},
	    {"max(beds + 1, 3)", "beds[+0+0]: a0 1 + 3 max"},
	    {"cumulative(births)", "births[+0+0 cum]: a0"},
	    {"cumulative(births) / 10000", "births[+0+0 cum]: a0 10000 /"},
	    {"year_to_date(births)", "births[+0+0 ytd]: a0"},
	    {"rolling(births, 12)", "births[+0+0 roll12]: a0"},
	    {"rolling(births, 12) - rolling(births, 3)", "births[+0+0 roll12] births[+0+0 roll3]: a0 a1 -"},
	    {"previous(births)", "births[+0-1]: a0"},
	    {"previous(previous(births))", "births[+0-2]: a0"},
	    {"births - previous(births)", "births[+0+0] births[+0-1]: a0 a1 -"},
	    {"previous(cumulative(births))", "births[+0-1 cum]: a0"},
	    {"baseline(births)", "births[base+0+0]: a0"},
	    {"baseline(previous(births))", "births[base+0-1]: a0"},
	    {"baseline(cumulative(births))", "births[base+0+0 cum]: a0"},
	    {"growth(births)", "births[+0+0] births[-1+0]: 100 a0 a1 / 1 - *"},
	    {"growth(births / residents)",
	     "births[+0+0] residents[+0+0] births[-1+0] residents[-1+0]: 100 a0 a1 / a2 a3 / / 1 - *"},
	    {"growth(previous(births))", "births[+0-1] births[-1-1]: 100 a0 a1 / 1 - *"},
	    {"previous(growth(births))", "births[+0-1] births[-1-1]: 100 a0 a1 / 1 - *"},
	    {"growth(growth(births))", "births[+0+0] births[-1+0] births[-2+0]: "
	                               "100 100 a0 a1 / 1 - * 100 a1 a2 / 1 - * / 1 - *"},
	    {"baseline(growth(births))", "births[base+0+0] births[base-1+0]: 100 a0 a1 / 1 - *"},
	    {"growth(year_to_date(births))", "births[+0+0 ytd] births[-1+0 ytd]: 100 a0 a1 / 1 - *"},
	    {"average_growth(income)", "income[+0+0] income[base+0+0]: a0 a1 avg"},
	    {"average_growth(income / residents)",
	     "income[+0+0] residents[+0+0] income[base+0+0] residents[base+0+0]: a0 a1 / a2 a3 / avg"},
	    {"share_of(residents, north)", "residents[+0+0 in north] residents[+0+0]: a0 a1 /"},
	    {"share_of(residents, 900000)", "residents[+0+0 in 900000] residents[+0+0]: a0 a1 /"},
	    {"share_of(residents, old-town) * 100",
	     "residents[+0+0 in old-town] residents[+0+0]: a0 a1 / 100 *"},
	    {"share_of(births + income, north)", "births[+0+0 in north] income[+0+0 in north] births[+0+0] "
	                                         "income[+0+0]: a0 a1 + a2 a3 + /"},
	    {"share_of(cumulative(births), north)", "births[+0+0 cum in north] births[+0+0 cum]: a0 a1 /"},
	    {"baseline(share_of(residents, north))",
	     "residents[base+0+0 in north] residents[base+0+0]: a0 a1 /"},
	    {"share_of(residents, north) - baseline(share_of(residents, north))",
	     "residents[+0+0 in north] residents[+0+0] residents[base+0+0 in north] residents[base+0+0]: "
	     "a0 a1 / a2 a3 / -"},
	    {"life_expectancy + 1", "life_expectancy[+0+0]: a0 1 +"},
	    {"price_level / residents", "price_level[+0+0] residents[+0+0]: a0 a1 /"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof must_accept / sizeof must_accept[0]; i++) {
		char text[1000] = "";
		describe(parse(must_accept[i].text), text, sizeof text);
		assert_string_equal(text, must_accept[i].expected);
		arena_reset(memory);
	}
}

static void wrong_formulas_say_where_and_what_was_expected(void **state)
{
	static const struct {
		const char *text;
		unsigned column;
		const char *expected;
	} must_refuse[] = {
	    {"", 1, "the formula ends, expected a number, a statistic, a function or '('"},
	    {"   ", 4, "the formula ends, expected a number"},
	    {"1000 * bed / residents", 8, "unknown statistic 'bed', nearest is 'beds'"},
	    {"Residents", 1, "unknown statistic 'Residents', nearest is 'residents'"},
	    {"residents / zzzzzzzz", 13, "unknown statistic 'zzzzzzzz'"},
	    {"life", 1, "'life' is an indicator, expected a statistic"},
	    {"grwth(births)", 1, "unknown function 'grwth', nearest is 'growth'"},
	    {"births(residents)", 7, "found '(', expected an operator or the end"},
	    {"growth", 7, "the formula ends, expected '(' as in growth(x)"},
	    {"growth births", 8, "found 'births', expected '(' as in growth(x)"},
	    {"growth()", 8, "found ')', expected a number, a statistic, a function or '('"},
	    {"growth(births", 14, "the formula ends, expected an operator or ')' as in growth(x)"},
	    {"growth(births, 2)", 14, "found ',', expected an operator or ')' as in growth(x)"},
	    {"(births", 8, "the formula ends, expected an operator or ')'"},
	    {"births)", 7, "found ')', expected an operator or the end"},
	    {"births residents", 8, "found 'residents', expected an operator or the end"},
	    {"births +", 9, "the formula ends, expected a number"},
	    {"births + * 2", 10, "found '*', expected a number"},
	    {"+births", 1, "found '+', expected a number"},
	    {"births % 2", 8, "found '%', expected an operator or the end"},
	    {"births ^ 2", 8, "found '^'"},
	    {"10k * births", 3, "found 'k', expected an operator or the end"},
	    {"1,000 * births", 2, "found ',', expected an operator or the end"},
	    {"1. * births", 1, "bad number '1.'"},
	    {".5 * births", 1, "found '.', expected a number"},
	    {"1.2.3 * births", 4, "found '.', expected an operator"},
	    {"1e5 * births", 2, "found 'e5', expected an operator"},
	    {"0.0000000001 * births", 1, "a number with more than 9 decimals"},
	    {"99999999999999999999 * births", 1, "bad number '99999999999999999999'"},
	    {"births（residents）", 7,
	     "found the full-width '（', expected an operator or the end, nearest is '('"},
	    {"１０ * births", 1, "found the full-width '１'"},
	    {"人口 + births", 1, "found '人', expected a number"},
	    {"births × 人", 8, "found '×', expected an operator"},
	    {"births \xff", 1, "not one line of UTF-8"},
	    {"births\n+ residents", 1, "not one line of UTF-8"},
	    {"min(births)", 11, "found ')', expected an operator or ',' as in min(x, y)"},
	    {"min(births, income, beds)", 19, "found ',', expected an operator or ')' as in min(x, y)"},
	    {"rolling(births)", 15, "found ')', expected an operator or ',' as in rolling(x, 12)"},
	    {"rolling(births, 0)", 17, "found '0', expected a whole number of periods from 1 to 1000"},
	    {"rolling(births, 1001)", 17, "found '1001', expected a whole number"},
	    {"rolling(births, 1.5)", 17, "found '1.5', expected a whole number"},
	    {"rolling(births, 4294967298)", 17, "found '4294967298', expected a whole number"},
	    {"rolling(births, x)", 17, "found 'x', expected a whole number"},
	    {"rolling(births, 3 + 1)", 19, "found '+', expected ')' as in rolling(x, 12)"},
	    {"cumulative(residents)", 12,
	     "cumulative takes a single flow statistic, 'residents' is of kind stock"},
	    {"cumulative(visitors)", 12, "'visitors' is of kind average"},
	    {"cumulative(births + income)", 19,
	     "cumulative takes a single flow statistic, found an expression ('+')"},
	    {"cumulative(previous(births))", 12, "found an expression ('previous')"},
	    {"cumulative(2)", 12, "found an expression ('a number')"},
	    {"year_to_date(price_level)", 14, "year_to_date takes a single flow statistic"},
	    {"rolling(2 * births, 12)", 11, "rolling takes a single flow statistic"},
	    {"share_of(residents)", 19, "found ')', expected an operator or ',' as in share_of(x, area)"},
	    {"share_of(residents, )", 21, "found ')', expected the code of an area or a group"},
	    {"share_of(residents, nort)", 21, "unknown area 'nort', nearest is 'north'"},
	    {"share_of(residents, north / 2)", 27, "found '/', expected ')' as in share_of(x, area)"},
	    {"share_of(births / residents, north)", 17, "sums and differences of statistics, found '/'"},
	    {"share_of(growth(births), north)", 10, "found 'growth'"},
	    {"share_of(share_of(births, south), north)", 10, "found 'share_of'"},
	    {"share_of(price_level, north)", 10, "what adds up over areas, 'price_level' is a level"},
	    {"share_of(residents, quay-1)", 21,
	     "'quay-1' holds no district, the level that 'residents' is reported at"},
	    {"share_of(residents, waterside)", 21, "'waterside' holds no district"},
	    {"previous(baseline(births))", 10, "baseline cannot stand inside previous"},
	    {"baseline(baseline(births))", 10, "baseline cannot stand inside baseline"},
	    {"growth(average_growth(births))", 8, "average_growth cannot stand inside growth"},
	    {"average_growth(baseline(births))", 16, "baseline cannot stand inside average_growth"},
	    {"births / 0", 10, "division by zero"},
	    {"births / 0.00", 10, "division by zero"},
	    {"42", 1, "names no statistic"},
	    {"price_level + life_expectancy", 1,
	     "'price_level' is a level of each district and does not add up to a city, as 'life_expectancy' "
	     "needs"},
	    {"births.residents", 7, "found '.', expected an operator or the end"},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1,
	     "is longer than a code may be"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof must_refuse / sizeof must_refuse[0]; i++) {
		struct formula *formula = NULL;
		struct formula_error error = {.column = 0};
		assert_int_equal(formula_parse(must_refuse[i].text, catalogue, memory, &formula, &error),
		                 FORMULA_REFUSED);
		assert_null(formula);
		if (error.column != must_refuse[i].column || !strstr(error.text, must_refuse[i].expected))
			fail_msg("'%s': column %u: %s", must_refuse[i].text, error.column, error.text);
	}
}

/* `count` times `before`, then `middle`, then `count` times `after`. */
static char *nested(const char *before, const char *middle, const char *after, int count)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	for (int i = 0; i < count; i++)
		fputs(before, out);
	fputs(middle, out);
	for (int i = 0; i < count; i++)
		fputs(after, out);
	fclose(out);
	return text;
}

static void what_is_too_much_is_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *before, *middle, *after;
		int most;
		const char *expected;
	} limits[] = {
	    {"(", "births", ")", 32, "nested more than 32 deep"},
	    {"-", "births", "", 32, "nested more than 32 deep"},
	    {"previous(", "births", ")", 32, "nested more than 32 deep"},
	    {"growth(", "births", ")", 5, "needs more than 256 steps"},
	    {"", "births", " + births", 127, "more than 256 numbers, names and operators"},
	    {"births + (", "births", ")", 31, "needs more than 32 intermediate values at once"},
	    {" ", "births", "", 1994, "longer than 2000 bytes"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		for (int more = 0; more < 2; more++) {
			struct formula *formula = NULL;
			struct formula_error error = {.column = 0};
			char *text = nested(limits[i].before, limits[i].middle, limits[i].after,
			                    limits[i].most + more);
			int verdict = formula_parse(text, catalogue, memory, &formula, &error);
			if (verdict != more || (more && !strstr(error.text, limits[i].expected)))
				fail_msg("limit %zu, %d: %d, column %u: %s", i, limits[i].most + more,
				         verdict, error.column, error.text);
			free(text);
			arena_reset(memory);
		}
}

static void more_atoms_than_fit_are_refused(void **state)
{
	char text[FORMULA_LENGTH_MAX + 1] = "births", error_text[100];
	struct formula *formula = NULL;
	struct formula_error error = {.column = 0};
	size_t used = strlen(text);
	(void)state;
	for (int i = 1; i < FORMULA_ATOMS_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "+rolling(births,%d)", i);
	assert_int_equal(parse(text)->atom_count, FORMULA_ATOMS_MAX);
	snprintf(text + used, sizeof text - used, "+rolling(births,%d)", FORMULA_ATOMS_MAX);
	assert_int_equal(formula_parse(text, catalogue, memory, &formula, &error), FORMULA_REFUSED);
	snprintf(error_text, sizeof error_text, "looks up more than %d values", FORMULA_ATOMS_MAX);
	assert_string_equal(error.text, error_text);
}

static void finest_frequency_is_that_of_the_slowest_flow(void **state)
{
	static const struct {
		const char *text;
		enum period_frequency finest;
	} rows[] = {
	    {"births", PERIOD_MONTH},
	    {"births / income", PERIOD_QUARTER},
	    {"births / residents", PERIOD_MONTH},
	    {"residents", PERIOD_ANNUAL},
	    {"beds / residents", PERIOD_MONTH},
	    {"visitors", PERIOD_DAY},
	    {"visitors / beds", PERIOD_DAY},
	    {"visitors / births", PERIOD_MONTH},
	    {"life_expectancy", PERIOD_ANNUAL},
	    {"cumulative(births) / 10", PERIOD_MONTH},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(formula_finest_frequency(parse(rows[i].text), catalogue), rows[i].finest);
}

static void out_of_memory_is_a_fault_not_a_verdict(void **state)
{
	struct arena *tiny;
	struct formula *formula = NULL;
	struct formula_error error = {.column = 0};
	(void)state;
	assert_int_equal(arena_new(16, &tiny), 0);
	assert_true(formula_parse("births / residents", catalogue, tiny, &formula, &error) < 0);
	assert_null(formula);
	arena_free(tiny);
}

static void equal_atoms_are_shared_but_not_their_windows(void **state)
{
	const struct formula *formula = parse("cumulative(births) + births + cumulative(births)");
	(void)state;
	assert_int_equal(formula->atom_count, 2);
	assert_int_equal(formula->atoms[0].statistic, statistic("births"));
	assert_int_equal(formula->atoms[0].window, WINDOW_CUMULATIVE);
	assert_int_equal(formula->atoms[1].window, WINDOW_PERIOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(formulas_become_atoms_and_steps),
	    cmocka_unit_test(wrong_formulas_say_where_and_what_was_expected),
	    cmocka_unit_test(what_is_too_much_is_refused_with_a_sentence),
	    cmocka_unit_test(more_atoms_than_fit_are_refused),
	    cmocka_unit_test(finest_frequency_is_that_of_the_slowest_flow),
	    cmocka_unit_test(out_of_memory_is_a_fault_not_a_verdict),
	    cmocka_unit_test(equal_atoms_are_shared_but_not_their_windows),
	};
	return cmocka_run_group_tests_name("catalogue_formula", tests, open_catalogue, close_catalogue);
}
