#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/change.h"
#include "tests/lib/scratch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CATALOGUE "tests/data/catalogue/small"

/* Public keys; nobody has their secret halves any more. */
#define KEY_1     "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define KEY_2     "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define KEY_3     "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
#define KEY_4     "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
#define KEY_5     "8AyqD:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%J"

/* The small catalogue with what is appended to its last reporter (from line 22 of reporters.yaml), and a readers.yaml
 * (NULL: none). */
struct given {
	const char *reporter, *readers;
};

static void copy(const char *folder, const char *name, const char *more)
{
	char *to = scratch_path(folder, name), from[256], text[8192];
	snprintf(from, sizeof from, CATALOGUE "/%s", name);
	FILE *in = fopen(from, "r");
	assert_non_null(in);
	size_t size = fread(text, 1, sizeof text - 1, in);
	fclose(in);
	text[size] = '\0';
	assert_true(size + strlen(more) < sizeof text);
	memcpy(text + size, more, strlen(more) + 1);
	scratch_write(to, text, strlen(text));
	free(to);
}

static int load(const struct given *given, struct catalogue_files *ret_files, FILE *errors,
                struct catalogue **ret_catalogue)
{
	static const char *const names[] = {"areas.yaml", "statistics.yaml", "indicators.yaml"};
	char *folder = scratch_new();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		copy(folder, names[i], "");
	copy(folder, "reporters.yaml", given->reporter ? given->reporter : "");
	char *readers = scratch_path(folder, "readers.yaml");
	if (given->readers)
		scratch_write(readers, given->readers, strlen(given->readers));
	free(readers);
	int result = catalogue_files_read(folder, errors, ret_files);
	if (result == 0)
		result = catalogue_build(ret_files, "F", errors, ret_catalogue);
	scratch_free(folder);
	return result;
}

static struct catalogue *accepted(const struct given *given)
{
	struct catalogue *catalogue;
	struct catalogue_files files;
	assert_int_equal(load(given, &files, stderr, &catalogue), 0);
	catalogue_files_done(&files);
	return catalogue;
}

static void must_refuse(const struct given *given, const char *expected)
{
	struct catalogue *catalogue;
	struct catalogue_files files;
	char *said;
	size_t size;
	FILE *errors = open_memstream(&said, &size);
	int result = load(given, &files, errors, &catalogue);
	fclose(errors);
	catalogue_files_done(&files);
	assert_string_equal(said, expected);
	assert_int_equal(result, CATALOGUE_REFUSED);
	free(said);
}

#define NAMES "names: {en: Office, zh_hans: 处, zh_hant: 處}"

static const struct given everyone = {
    .reporter = "    keys: [\"" KEY_1 "\", \"" KEY_2 "\"]\n",
    .readers = "readers:\n"
               "  - {code: planning_office, " NAMES ", keys: [\"" KEY_3 "\"]}\n"
               "  - {code: operations, " NAMES ", operator: true, keys: [\"" KEY_4 "\"]}\n",
};

static void must_hold(const struct catalogue *catalogue, const char *key, const char *code, enum role role)
{
	const struct key_holder *holder = catalogue_find_key(catalogue, key);
	assert_non_null(holder);
	assert_string_equal(holder->key, key);
	assert_string_equal(holder->code, code);
	assert_int_equal(holder->role, role);
	assert_int_equal(holder->reporter,
	                 role == ROLE_REPORTER ? catalogue_find_reporter(catalogue, code) : CATALOGUE_NONE);
}

static void a_key_finds_its_holder_and_role(void **state)
{
	struct catalogue *catalogue = accepted(&everyone);
	(void)state;
	must_hold(catalogue, KEY_1, "hills", ROLE_REPORTER);
	must_hold(catalogue, KEY_2, "hills", ROLE_REPORTER);
	must_hold(catalogue, KEY_3, "planning_office", ROLE_READER);
	must_hold(catalogue, KEY_4, "operations", ROLE_OPERATOR);
	assert_int_equal(catalogue->reporters[catalogue_find_reporter(catalogue, "hills")].key_count, 2);
	assert_int_equal(catalogue->reporters[catalogue_find_reporter(catalogue, "south")].key_count, 0);
	catalogue_free(catalogue);
}

static void a_key_of_nobody_finds_nobody(void **state)
{
	struct catalogue *catalogue = accepted(&everyone);
	(void)state;
	assert_null(catalogue_find_key(catalogue, KEY_5));
	assert_null(catalogue_find_key(catalogue, ""));
	assert_null(catalogue_find_key(catalogue, "hills"));
	catalogue_free(catalogue);
}

static void a_catalogue_from_before_there_were_keys_stays_valid(void **state)
{
	struct catalogue *catalogue = accepted(&(struct given){.reporter = NULL});
	(void)state;
	assert_int_equal(catalogue->key_holder_count, 0);
	assert_int_equal(catalogue->reader_count, 0);
	assert_null(catalogue_find_key(catalogue, KEY_1));
	catalogue_free(catalogue);
	catalogue = accepted(&(struct given){.readers = "# nobody yet\nreaders: []\n"});
	assert_int_equal(catalogue->reader_count, 0);
	catalogue_free(catalogue);
}

static void keys_and_readers_survive_packing(void **state)
{
	struct catalogue *catalogue;
	struct catalogue_files files, again;
	void *bytes;
	size_t size;
	(void)state;
	assert_int_equal(load(&everyone, &files, stderr, &catalogue), 0);
	catalogue_free(catalogue);
	assert_int_equal(catalogue_files_pack(&files, &bytes, &size), 0);
	assert_int_equal(catalogue_files_unpack(bytes, size, &again), 0);
	assert_int_equal(catalogue_build(&again, "F", stderr, &catalogue), 0);
	must_hold(catalogue, KEY_2, "hills", ROLE_REPORTER);
	must_hold(catalogue, KEY_4, "operations", ROLE_OPERATOR);
	catalogue_free(catalogue);
	catalogue_files_done(&files);
	catalogue_files_done(&again);
	free(bytes);
}

static void a_key_stands_once_in_the_whole_catalogue(void **state)
{
	(void)state;
	must_refuse(
	    &(struct given){.reporter = "    keys: [\"" KEY_1 "\", \"" KEY_1 "\"]\n"},
	    "F/reporters.yaml:22:56: keys: this key is there already, on line 22 of F/reporters.yaml\n");
	must_refuse(&(struct given){.reporter = "    keys: [\"" KEY_1 "\"]\n",
	                            .readers = "readers:\n"
	                                       "  - code: office\n"
	                                       "    " NAMES "\n"
	                                       "    keys: [\"" KEY_1 "\"]\n"},
	            "F/readers.yaml:4:12: keys: this key is there already, on line 22 of F/reporters.yaml\n");
}

static void what_is_no_key_is_refused_and_not_repeated(void **state)
{
#define REFUSED(count)                                                                                       \
	"F/reporters.yaml:22:12: keys: found " count                                                         \
	" characters that are no key, expected the 40 of a public key as `suanpan-keys show` prints it, in " \
	"quotes\n"
	(void)state;
	must_refuse(&(struct given){.reporter = "    keys: [\"rq:rM\"]\n"}, REFUSED("5"));
	/* One character too many, one that Z85 does not know, and five that are more than four bytes. */
	must_refuse(&(struct given){.reporter = "    keys: [\"" KEY_1 "0\"]\n"}, REFUSED("41"));
	must_refuse(&(struct given){.reporter = "    keys: [\"~q:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"]\n"},
	            REFUSED("40"));
	must_refuse(&(struct given){.reporter = "    keys: [\"#####>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"]\n"},
	            REFUSED("40"));
#undef REFUSED
}

static void mistakes_about_keys_and_readers_are_named_with_their_place(void **state)
{
	(void)state;
	must_refuse(&(struct given){.reporter = "    keys: [\"" KEY_1 "\", \"" KEY_2 "\", \"" KEY_3
	                                        "\", \"" KEY_4 "\", \"" KEY_5 "\"]\n"},
	            "F/reporters.yaml:22:188: keys: 'hills' has 5, expected at most 4\n");
	must_refuse(&(struct given){.reporter = "    keys: []\n"},
	            "F/reporters.yaml:22:11: keys: the list is empty, expected at least one entry\n");
	must_refuse(
	    &(struct given){.readers = "readers:\n  - {code: hills, " NAMES ", keys: [\"" KEY_1 "\"]}\n"},
	    "F/readers.yaml:2:12: code: 'hills' is a reporter's already, on line 14 of "
	    "F/reporters.yaml\n");
	must_refuse(&(struct given){.readers =
	                                "readers:\n  - {code: office, " NAMES ", keys: [\"" KEY_1
	                                "\"]}\n  - {code: office, " NAMES ", keys: [\"" KEY_2 "\"]}\n"},
	            "F/readers.yaml:3:12: code: 'office' is there already, on line 2 of F/readers.yaml\n");
	must_refuse(
	    &(struct given){.readers = "readers:\n  - {code: Office, " NAMES ", keys: [\"" KEY_1 "\"]}\n"},
	    "F/readers.yaml:2:12: code: found 'Office', expected 1 to 64 of a-z 0-9 _ -, beginning with "
	    "a letter or digit\n");
	must_refuse(&(struct given){.readers = "readers:\n  - {code: office, " NAMES "}\n"},
	            "F/readers.yaml:2:5: keys: missing in readers[0], expected a list\n");
	must_refuse(&(struct given){.readers = "readers:\n  - {code: office, " NAMES
	                                       ", operator: yes, keys: [\"" KEY_1 "\"]}\n"},
	            "F/readers.yaml:2:75: operator: found 'yes', expected true or false\n");
}

/* ---- what a change of them means ---- */

static bool figures_differ(const struct catalogue_files *before, const char *name, const char *bytes)
{
	struct catalogue_file changed[8];
	struct catalogue_files after = {.files = changed};
	bool replaced = false;
	assert_true(before->count < 8);
	for (size_t i = 0; i < before->count; i++) {
		struct catalogue_file file = before->files[i];
		if (strcmp(file.name, name) == 0) {
			file.bytes = (char *)(uintptr_t)bytes;
			file.size = bytes ? strlen(bytes) : 0;
			replaced = true;
		}
		if (file.bytes)
			changed[after.count++] = file;
	}
	if (!replaced)
		changed[after.count++] = (struct catalogue_file){.name = (char *)(uintptr_t)name,
		                                                 .bytes = (char *)(uintptr_t)bytes,
		                                                 .size = strlen(bytes)};
	return catalogue_figures_may_differ(before, &after) && catalogue_figures_may_differ(&after, before);
}

static void who_may_report_and_ask_and_when_it_is_due_changes_no_figure(void **state)
{
	struct catalogue *catalogue;
	struct catalogue_files files;
	(void)state;
	assert_int_equal(load(&everyone, &files, stderr, &catalogue), 0);
	catalogue_free(catalogue);
	assert_false(figures_differ(&files, "reporters.yaml", "others"));
	assert_false(figures_differ(&files, "readers.yaml", "others"));
	assert_false(figures_differ(&files, "readers.yaml", NULL));
	assert_false(figures_differ(&files, "calendar.yaml", "others"));
	assert_false(figures_differ(&files, "alerts.yaml", "others"));
	assert_true(figures_differ(&files, "areas.yaml", "others"));
	assert_true(figures_differ(&files, "statistics.yaml", "others"));
	assert_true(figures_differ(&files, "indicators.yaml", "others"));
	assert_true(figures_differ(&files, "plan-new.yaml", "others"));
	catalogue_files_done(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_finds_its_holder_and_role),
	    cmocka_unit_test(a_key_of_nobody_finds_nobody),
	    cmocka_unit_test(a_catalogue_from_before_there_were_keys_stays_valid),
	    cmocka_unit_test(keys_and_readers_survive_packing),
	    cmocka_unit_test(a_key_stands_once_in_the_whole_catalogue),
	    cmocka_unit_test(what_is_no_key_is_refused_and_not_repeated),
	    cmocka_unit_test(mistakes_about_keys_and_readers_are_named_with_their_place),
	    cmocka_unit_test(who_may_report_and_ask_and_when_it_is_due_changes_no_figure),
	};
	return cmocka_run_group_tests_name("catalogue_keys", tests, NULL, NULL);
}
