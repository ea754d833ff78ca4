#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/catalogue/catalogue.h"
#include "tests/lib/scratch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL "tests/data/catalogue/small"

static int load_with(const char *text, FILE *errors, struct catalogue **ret_catalogue)
{
	struct catalogue_files files;
	assert_int_equal(catalogue_files_read(SMALL, errors, &files), 0);
	struct catalogue_file with[16];
	assert_true(files.count < 16);
	memcpy(with, files.files, files.count * sizeof with[0]);
	with[files.count] = (struct catalogue_file){.name = (char *)(uintptr_t) "alerts.yaml",
	                                            .bytes = (char *)(uintptr_t)text,
	                                            .size = strlen(text)};
	const struct catalogue_files all = {.files = with, .count = files.count + 1};
	int result = catalogue_build(&all, "F", errors, ret_catalogue);
	catalogue_files_done(&files);
	return result;
}

static void must_refuse(const char *text, const char *expected)
{
	struct catalogue *catalogue;
	char *said;
	size_t size;
	FILE *errors = open_memstream(&said, &size);
	int result = load_with(text, errors, &catalogue);
	fclose(errors);
	assert_string_equal(said, expected);
	assert_int_equal(result, CATALOGUE_REFUSED);
	free(said);
}

static void must_agree(const char *text, unsigned binding, unsigned anticipatory)
{
	struct catalogue *catalogue;
	assert_int_equal(load_with(text, stderr, &catalogue), 0);
	assert_int_equal(catalogue->agreed_chance[NATURE_BINDING], binding);
	assert_int_equal(catalogue->agreed_chance[NATURE_ANTICIPATORY], anticipatory);
	catalogue_free(catalogue);
}

static void chances_that_are_not_given_are_the_usual_ones(void **state)
{
	struct catalogue *city;
	(void)state;
	must_agree("{}\n", 60, 40);
	must_agree("chance_binding: 0\n", 0, 40);
	must_agree("chance_anticipatory: 100\n", 60, 100);
	must_agree("chance_binding: 75\nchance_anticipatory: 50\n", 75, 50);
	assert_int_equal(catalogue_load(SMALL, stderr, &city), 0); /* no such file at all */
	assert_int_equal(city->agreed_chance[NATURE_BINDING], 60);
	catalogue_free(city);
}

static void what_is_no_chance_is_refused_with_its_place(void **state)
{
	(void)state;
	must_refuse("chance_binding: 101\n",
	            "F/alerts.yaml:1:17: chance_binding: found 101, expected percent, 0 to 100\n");
	must_refuse("chance_binding: 60\nchance_bindin: 60\n",
	            "F/alerts.yaml:2:1: chance_bindin: unknown key, expected chance_binding or "
	            "chance_anticipatory, nearest is 'chance_binding'\n");
	must_refuse("chance_binding: most\n",
	            "F/alerts.yaml:1:17: chance_binding: found 'most', expected a whole number\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(chances_that_are_not_given_are_the_usual_ones),
	    cmocka_unit_test(what_is_no_chance_is_refused_with_its_place),
	};
	return cmocka_run_group_tests_name("catalogue_alerts", tests, NULL, NULL);
}
