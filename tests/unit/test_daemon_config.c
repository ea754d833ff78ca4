#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/config.h"
#include "tests/lib/scratch.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	char *folder, *path;
	struct config *config;
	char *errors;
};

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "suanpan.yaml");
	assert_int_equal(config_new(&fixture->config), 0);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	config_free(fixture->config);
	free(fixture->errors);
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

static void begin_again(struct fixture *fixture)
{
	config_free(fixture->config);
	assert_int_equal(config_new(&fixture->config), 0);
}

enum { READ, SET, CHECK };

/* Calls, and keeps what was said in fixture->errors. */
static int call(struct fixture *fixture, int which, const char *text)
{
	size_t size;
	int result;
	free(fixture->errors);
	FILE *errors = open_memstream(&fixture->errors, &size);
	assert_non_null(errors);
	if (which == READ)
		result = config_read(fixture->config, text, errors);
	else if (which == SET)
		result = config_set(fixture->config, text, errors);
	else
		result = config_check(fixture->config, errors);
	fclose(errors);
	return result;
}

static int read_bytes(struct fixture *fixture, const void *bytes, size_t size)
{
	scratch_write(fixture->path, bytes, size);
	return call(fixture, READ, fixture->path);
}

static int read_text(struct fixture *fixture, const char *text)
{
	return read_bytes(fixture, text, strlen(text));
}

static void must_accept(struct fixture *fixture, const char *text)
{
	int result = read_text(fixture, text);
	assert_string_equal(fixture->errors, "");
	assert_int_equal(result, 0);
}

/* `said`: what stands behind "FILE:" on some line. */
static void must_refuse(struct fixture *fixture, const char *text, const char *said)
{
	char *line;
	begin_again(fixture);
	assert_int_equal(read_text(fixture, text), CONFIG_REFUSED);
	assert_true(asprintf(&line, "%s:%s\n", fixture->path, said) > 0);
	if (!strstr(fixture->errors, line))
		assert_string_equal(fixture->errors, line); /* shows both */
	free(line);
}

/* ---- the file */

static void without_a_file_there_are_defaults(void **state)
{
	struct fixture *fixture = *state;
	assert_string_equal(fixture->config->store, "store");
	assert_string_equal(fixture->config->catalogue, "catalogue");
	assert_string_equal(fixture->config->intake, "tcp://127.0.0.1:5811");
	assert_string_equal(fixture->config->query, "tcp://127.0.0.1:5812");
	assert_string_equal(fixture->config->live, "tcp://127.0.0.1:5813");
	assert_int_equal(fixture->config->group, 20000);
	assert_int_equal(fixture->config->queue, 20000);
	assert_string_equal(fixture->config->key, "");
	assert_string_equal(fixture->config->log, "info");
	assert_int_equal(call(fixture, CHECK, NULL), 0);
	assert_string_equal(fixture->errors, "");
	must_accept(fixture, "");
	must_accept(fixture, "# nothing but a remark\n");
	must_accept(fixture, "{}\n");
	assert_int_equal(fixture->config->group, 20000);
}

static void what_is_given_replaces_the_default_and_nothing_else(void **state)
{
	struct fixture *fixture = *state;
	must_accept(fixture, "group: 1\nlog: debug\nquery: ipc:///run/q\n");
	assert_int_equal(fixture->config->group, 1);
	assert_string_equal(fixture->config->log, "debug");
	assert_string_equal(fixture->config->query, "ipc:///run/q");
	assert_int_equal(fixture->config->queue, 20000);
	assert_string_equal(fixture->config->live, "tcp://127.0.0.1:5813");
}

static void paths_in_the_file_are_relative_to_its_folder(void **state)
{
	struct fixture *fixture = *state;
	char *store = scratch_path(fixture->folder, "../store");
	must_accept(fixture, "store: ../store\ncatalogue: /etc/catalogue\n");
	assert_string_equal(fixture->config->store, store);
	assert_string_equal(fixture->config->catalogue, "/etc/catalogue");
	free(store);
}

static void every_mistake_has_its_place_and_what_was_expected(void **state)
{
	struct fixture *fixture = *state;
	must_refuse(fixture, "stroe: a\n", "1: unknown key 'stroe'; the nearest is 'store'");
	must_refuse(fixture, "store: a\n\nquerry: a\n", "3: unknown key 'querry'; the nearest is 'query'");
	must_refuse(fixture, "something_else: 1\n", "1: unknown key 'something_else'");
	must_refuse(fixture, "log: info\nlog: debug\n", "2: key 'log' is given twice");
	must_refuse(fixture, "log: loud\n", "1: log: found 'loud', expected error, warning, info or debug");
	must_refuse(fixture, "store:\n", "1: store: found '', expected a folder");
	must_refuse(fixture, "log: [info]\n", "1: expected `key: value` with one plain value");
	must_refuse(fixture, "[log]: info\n", "1: expected `key: value` with one plain value");
	must_refuse(fixture, "- log\n", "1: expected lines of `key: value`");
	must_refuse(fixture, "log\n", "1: expected lines of `key: value`");
	must_refuse(fixture, "log: info\n---\nlog: debug\n", "2: expected one document only");
	must_refuse(fixture, "store: \"a\\0b\"\n", "1: expected `key: value` with one plain value");
	must_refuse(fixture, "\"log\\0\": info\n", "1: expected `key: value` with one plain value");
}

static void counts_are_whole_and_bounded(void **state)
{
	static const char *const wrong[] = {"0",         "-1",   "+1", "1.5",  "1e3",
	                                    "100000001", "many", "''", "0x10", "18446744073709551617",
	                                    "' 1'",      "1 2"};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		char *text, *said;
		size_t length = strlen(wrong[i]);
		bool quoted = wrong[i][0] == '\'';
		assert_true(asprintf(&text, "queue: %s\n", wrong[i]) > 0);
		assert_true(asprintf(&said,
		                     "1: queue: found '%.*s', expected a whole number from 1 to 100000000",
		                     (int)(quoted ? length - 2 : length), wrong[i] + quoted) > 0);
		must_refuse(fixture, text, said);
		assert_int_equal(fixture->config->queue, 20000);
		free(text);
		free(said);
	}
	begin_again(fixture);
	must_accept(fixture, "queue: 100000000\ngroup: 1\n");
	assert_int_equal(fixture->config->queue, 100000000);
	must_accept(fixture, "reserve: 0\n");
	assert_int_equal(fixture->config->reserve, 0);
	must_refuse(fixture, "reserve: -1\n",
	            "1: reserve: found '-1', expected a whole number from 0 to 100000000");
}

static void every_mistake_is_listed_not_only_the_first(void **state)
{
	struct fixture *fixture = *state;
	must_refuse(fixture, "stroe: a\nlog: loud\ngroup: 0\n",
	            "1: unknown key 'stroe'; the nearest is 'store'");
	must_refuse(fixture, "stroe: a\nlog: loud\ngroup: 0\n",
	            "2: log: found 'loud', expected error, warning, info or debug");
	must_refuse(fixture, "stroe: a\nlog: loud\ngroup: 0\n",
	            "3: group: found '0', expected a whole number from 1 to 100000000");
}

static void what_is_no_yaml_says_where(void **state)
{
	struct fixture *fixture = *state;
	char *start;
	assert_int_equal(read_text(fixture, "store: a\nlog: [\n"), CONFIG_REFUSED);
	assert_true(asprintf(&start, "%s:3: not YAML: ", fixture->path) > 0);
	assert_memory_equal(fixture->errors, start, strlen(start));
	free(start);
	assert_int_equal(read_bytes(fixture, "log: \xff\xfe\n", 8), CONFIG_REFUSED);
	assert_int_equal(read_bytes(fixture, "log: info\0\n", 11), CONFIG_REFUSED);
}

static void a_file_that_cannot_be_read_is_a_sentence(void **state)
{
	struct fixture *fixture = *state;
	char *none = scratch_path(fixture->folder, "none.yaml"), *said;
	assert_int_equal(call(fixture, READ, none), CONFIG_REFUSED);
	assert_true(asprintf(&said, "%s: No such file or directory\n", none) > 0);
	assert_string_equal(fixture->errors, said);
	assert_int_equal(call(fixture, READ, fixture->folder), CONFIG_REFUSED);
	assert_string_not_equal(fixture->errors, "");
	free(said);
	free(none);
}

/* ---- --set */

static void set_wins_over_the_file(void **state)
{
	struct fixture *fixture = *state;
	must_accept(fixture, "group: 7\nstore: below\n");
	assert_int_equal(call(fixture, SET, "group=8"), 0);
	assert_int_equal(call(fixture, SET, "store=here"), 0);
	assert_int_equal(call(fixture, SET, "catalogue=a=b"), 0);
	assert_int_equal(call(fixture, SET, "store=there"), 0); /* the last one counts */
	assert_int_equal(fixture->config->group, 8);
	assert_string_equal(fixture->config->store, "there"); /* as it stands: of the working directory */
	assert_string_equal(fixture->config->catalogue, "a=b");
}

static void a_wrong_set_is_a_sentence(void **state)
{
	static const struct {
		const char *assignment, *said;
	} rows[] = {
	    {"group", "--set group: expected KEY=VALUE\n"},
	    {"grup=1", "--set: unknown key 'grup'; the nearest is 'group'\n"},
	    {"=1", "--set: unknown key ''\n"},
	    {"group=0", "--set: group: found '0', expected a whole number from 1 to 100000000\n"},
	    {"store=", "--set: store: found '', expected a folder\n"},
	};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(call(fixture, SET, rows[i].assignment), CONFIG_REFUSED);
		assert_string_equal(fixture->errors, rows[i].said);
	}
	assert_int_equal(fixture->config->group, 20000);
}

/* ---- endpoints */

static void an_endpoint_has_a_form(void **state)
{
	static const char *const wrong[] = {"127.0.0.1:5811",        "tcp://127.0.0.1", "udp://127.0.0.1:1",
	                                    "tcp://127.0.0.1:66000", "ipc://",          ""};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		char *assignment, *start;
		assert_true(asprintf(&assignment, "intake=%s", wrong[i]) > 0);
		assert_true(asprintf(&start, "--set: intake: found '%s', expected ", wrong[i]) > 0);
		assert_int_equal(call(fixture, SET, assignment), CONFIG_REFUSED);
		assert_memory_equal(fixture->errors, start, strlen(start));
		free(assignment);
		free(start);
	}
	assert_string_equal(fixture->config->intake, "tcp://127.0.0.1:5811");
}

static void without_keys_only_this_machine_is_served(void **state)
{
	static const char *const open[] = {"tcp://0.0.0.0:5811", "tcp://192.168.0.1:5811", "tcp://*:5811",
	                                   "tcp://example.org:5811"};
	static const char *const keys[] = {"intake", "query", "live"};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < 4 * 3; i++) {
		char *assignment, *said;
		begin_again(fixture);
		assert_true(asprintf(&assignment, "%s=%s", keys[i % 3], open[i / 3]) > 0);
		assert_int_equal(call(fixture, SET, assignment), 0);
		assert_int_equal(call(fixture, CHECK, NULL), CONFIG_REFUSED);
		assert_true(asprintf(&said,
		                     "%s: '%s' is open to other machines; without a key (key: FILE) only "
		                     "ipc:// and loopback tcp:// are served\n",
		                     keys[i % 3], open[i / 3]) > 0);
		assert_string_equal(fixture->errors, said);
		free(assignment);
		free(said);
	}
}

static void with_a_key_every_machine_may_be_served(void **state)
{
	struct fixture *fixture = *state;
	must_accept(fixture, "key: secret/suanpand.key\nintake: tcp://0.0.0.0:5811\nquery: tcp://*:5812\n"
	                     "live: tcp://192.168.0.1:5813\n");
	assert_int_equal(call(fixture, CHECK, NULL), 0);
	assert_string_equal(strrchr(fixture->config->key, 'k') - 9, "suanpand.key");
	assert_int_equal(call(fixture, SET, "key="), 0); /* and back */
	assert_int_equal(call(fixture, CHECK, NULL), CONFIG_REFUSED);
}

static void endpoints_differ(void **state)
{
	struct fixture *fixture = *state;
	must_accept(fixture, "intake: ipc:///run/s\nquery: ipc:///run/q\nlive: ipc:///run/s\n");
	assert_int_equal(call(fixture, CHECK, NULL), CONFIG_REFUSED);
	assert_string_equal(fixture->errors,
	                    "live: 'ipc:///run/s' is also intake's endpoint; expected another\n");
}

/* ---- the shipped file, and the manual */

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 65536);
	assert_non_null(file);
	assert_true(fread(text, 1, 65535, file) > 0);
	fclose(file);
	return text;
}

static char *printed_keys(void)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	config_print_keys(out);
	fclose(out);
	return text;
}

/* Takes "KEY SENTENCE (default: VALUE)" apart, and goes on to the next line. */
static bool next_key(char **at, char **ret_key, char **ret_default)
{
	char *line = *at, *end = strchr(line, '\n');
	if (!end)
		return false;
	*end = '\0';
	*at = end + 1;
	*ret_key = line + strspn(line, " ");
	char *blank = *ret_key + strcspn(*ret_key, " ");
	assert_int_not_equal(*blank, '\0');
	*blank = '\0';
	char *otherwise = strstr(blank + 1, " (default: ");
	assert_non_null(otherwise);
	/* each has its sentence */
	assert_true(otherwise - (blank + 1 + strspn(blank + 1, " ")) > 10);
	*ret_default = otherwise + strlen(" (default: ");
	(*ret_default)[strlen(*ret_default) - 1] = '\0';
	return true;
}

static size_t lines_starting_with_a_letter(const char *text)
{
	size_t count = 0;
	for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
		count += *line >= 'a' && *line <= 'z';
	return count;
}

static void the_shipped_file_holds_every_key_and_its_default(void **state)
{
	struct fixture *fixture = *state;
	const char *source = getenv("SUANPAN_SOURCE");
	char *path = scratch_path(source ? source : ".", "config/suanpan.yaml");
	char *shipped = read_file(path), *printed = printed_keys(), *at = printed, *key, *otherwise;
	size_t count = 0;
	int result = call(fixture, READ, path);
	assert_string_equal(fixture->errors, "");
	assert_int_equal(result, 0);
	assert_int_equal(call(fixture, CHECK, NULL), 0);
	for (; next_key(&at, &key, &otherwise); count++) {
		char *line, *start;
		/* Where the archive is follows from the store, wherever that is said to be: a line for it would not. */
		bool follows = strcmp(key, "archive") == 0;
		assert_true(asprintf(&start, follows ? "\n# %s: " : "\n%s: ", key) > 0);
		assert_true(asprintf(&line, "\n%s: %s\n", key, otherwise) > 0);
		assert_non_null(strstr(shipped, start));
		if (strcmp(key, "store") != 0 &&
		    !follows) /* tried out in a checkout, that lies below build/ */
			assert_non_null(strstr(shipped, line));
		free(line);
		free(start);
	}
	assert_true(count > 1);
	assert_int_equal(lines_starting_with_a_letter(shipped) + 1, count); /* and nothing else */
	free(printed);
	free(shipped);
	free(path);
}

static void must_archive_in(const char *store, const char *archive, const char *expected)
{
	struct config config = {.store = strdup(store), .archive = archive ? strdup(archive) : NULL};
	char *folder;
	assert_int_equal(config_archive(&config, &folder), 0);
	if (expected)
		assert_string_equal(folder, expected);
	else
		assert_null(folder);
	free(folder);
	free(config.store);
	free(config.archive);
}

static void the_archive_is_beside_the_store_unless_it_is_said(void **state)
{
	(void)state;
	must_archive_in("store", NULL, "archive");
	must_archive_in("/var/lib/suanpand/store", NULL, "/var/lib/suanpand/archive");
	must_archive_in("/var/lib/suanpand/store//", NULL, "/var/lib/suanpand/archive");
	must_archive_in("/store", NULL, "/archive");
	must_archive_in("a/store", "/mnt/elsewhere", "/mnt/elsewhere");
	must_archive_in("a/store", "", NULL);
}

#define CONFIG_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CONFIG_TEST(without_a_file_there_are_defaults),
	    CONFIG_TEST(what_is_given_replaces_the_default_and_nothing_else),
	    CONFIG_TEST(paths_in_the_file_are_relative_to_its_folder),
	    CONFIG_TEST(every_mistake_has_its_place_and_what_was_expected),
	    CONFIG_TEST(counts_are_whole_and_bounded),
	    CONFIG_TEST(every_mistake_is_listed_not_only_the_first),
	    CONFIG_TEST(what_is_no_yaml_says_where),
	    CONFIG_TEST(a_file_that_cannot_be_read_is_a_sentence),
	    CONFIG_TEST(set_wins_over_the_file),
	    CONFIG_TEST(a_wrong_set_is_a_sentence),
	    CONFIG_TEST(an_endpoint_has_a_form),
	    CONFIG_TEST(without_keys_only_this_machine_is_served),
	    CONFIG_TEST(with_a_key_every_machine_may_be_served),
	    CONFIG_TEST(endpoints_differ),
	    CONFIG_TEST(the_archive_is_beside_the_store_unless_it_is_said),
	    CONFIG_TEST(the_shipped_file_holds_every_key_and_its_default),
	};
	return cmocka_run_group_tests_name("daemon_config", tests, NULL, NULL);
}
