#include "clients/lib/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_MAX 12

struct settings {
	const char *query, *format, *from;
	bool dry_run;
	int runs, count;
	char given[128]; /* the arguments, joined by blanks */
};

static int note_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;

	settings->runs++;
	settings->count = count;
	for (int i = 0; i < count; i++) {
		strcat(settings->given, i ? " " : "");
		strcat(settings->given, arguments[i]);
	}
	return EXIT_REFUSED; /* so that it is seen to be passed on */
}

static const struct option_row get_options[] = {
    {.name = "from",
     .takes = "PERIOD",
     .sentence = "the first period",
     .offset = offsetof(struct settings, from)},
    {.name = "dry-run",
     .environment = "OPTIONS_TEST_DRY_RUN",
     .sentence = "send nothing",
     .offset = offsetof(struct settings, dry_run)},
    {.name = NULL},
};

static const struct option_row common[] = {
    {.name = "query",
     .takes = "URL",
     .environment = "OPTIONS_TEST_QUERY",
     .otherwise = "tcp://127.0.0.1:5812",
     .sentence = "where questions go",
     .offset = offsetof(struct settings, query)},
    {.name = "format",
     .takes = "FORMAT",
     .otherwise = "table",
     .sentence = "how rows are printed",
     .offset = offsetof(struct settings, format)},
    {.name = NULL},
};

static const struct command_row commands[] = {
    {.name = "get",
     .arguments = "CODE",
     .sentence = "a series",
     .example = "prog get beds --from 2020",
     .options = get_options,
     .arguments_min = 1,
     .arguments_max = 1,
     .run = note_run},
    {.name = "push",
     .arguments = "FILE...",
     .sentence = "files",
     .example = "prog push beds.csv",
     .arguments_min = 1,
     .arguments_max = -1,
     .run = note_run},
    {.name = "status", .arguments = "", .sentence = "how it is", .example = "prog status", .run = note_run},
    {.name = NULL},
};

static const struct program program = {
    .name = "prog", .sentence = "asks", .commands = commands, .common = common};

struct outcome {
	int status;
	struct settings settings;
	char *out, *err;
};

/* Runs "prog" and the words of `line`, which are parted by blanks. */
static struct outcome run(const char *line)
{
	struct outcome outcome = {.settings = {0}};
	static char words[256]; /* the settings point into it */
	char *argv[WORDS_MAX], *state;
	char name[] = "prog";
	FILE *out = stdout, *err = stderr;
	size_t size;
	int argc = 0;

	snprintf(words, sizeof words, "%s", line);
	argv[argc++] = name;
	for (char *word = strtok_r(words, " ", &state); word; word = strtok_r(NULL, " ", &state))
		argv[argc++] = word;
	argv[argc] = NULL;
	stdout = open_memstream(&outcome.out, &size);
	stderr = open_memstream(&outcome.err, &size);
	outcome.status = options_run(&program, argc, argv, &outcome.settings);
	fclose(stdout);
	fclose(stderr);
	stdout = out;
	stderr = err;
	return outcome;
}

static void done(struct outcome *outcome)
{
	free(outcome->out);
	free(outcome->err);
}

static void must_refuse(const char *line, const char *sentence)
{
	struct outcome outcome = run(line);

	assert_string_equal(outcome.err, sentence);
	assert_string_equal(outcome.out, "");
	assert_int_equal(outcome.status, EXIT_USAGE);
	assert_int_equal(outcome.settings.runs, 0);
	done(&outcome);
}

static void must_accept(const char *line, const char *query, const char *from, const char *arguments)
{
	struct outcome outcome = run(line);

	assert_string_equal(outcome.err, "");
	assert_int_equal(outcome.status, EXIT_REFUSED);
	assert_int_equal(outcome.settings.runs, 1);
	assert_string_equal(outcome.settings.query, query);
	if (from)
		assert_string_equal(outcome.settings.from, from);
	else
		assert_null(outcome.settings.from);
	assert_string_equal(outcome.settings.given, arguments);
	done(&outcome);
}

static void must_print(const char *line, const char *text)
{
	struct outcome outcome = run(line);

	assert_string_equal(outcome.out, text);
	assert_string_equal(outcome.err, "");
	assert_int_equal(outcome.status, EXIT_DONE);
	assert_int_equal(outcome.settings.runs, 0);
	done(&outcome);
}

#define DEFAULT_URL "tcp://127.0.0.1:5812"

static void options_stand_before_and_after_the_command(void **state)
{
	(void)state;
	must_accept("get beds", DEFAULT_URL, NULL, "beds");
	must_accept("get beds --from 2020", DEFAULT_URL, "2020", "beds");
	must_accept("get --from 2020 beds", DEFAULT_URL, "2020", "beds");
	must_accept("--from 2020 get beds", DEFAULT_URL, "2020", "beds");
	must_accept("--from=2020 get beds", DEFAULT_URL, "2020", "beds");
	must_accept("--query ipc://x get beds", "ipc://x", NULL, "beds");
	must_accept("get beds --query=ipc://x=y", "ipc://x=y", NULL, "beds");
	must_accept("get --from 2019 beds --from 2020", DEFAULT_URL, "2020", "beds");
	must_accept("push a.csv --query ipc://x b.csv", "ipc://x", NULL, "a.csv b.csv");
}

static void words_after_two_dashes_are_arguments(void **state)
{
	(void)state;
	must_accept("push -- --from -x", DEFAULT_URL, NULL, "--from -x");
	must_accept("push -", DEFAULT_URL, NULL, "-");
}

static void mistakes_are_a_sentence_and_run_nothing(void **state)
{
	(void)state;
	must_refuse("", "prog: expected a command; prog --help lists them\n");
	must_refuse("--query x", "prog: expected a command; prog --help lists them\n");
	must_refuse("gett beds", "prog: there is no command 'gett'; did you mean 'get'?\n");
	must_refuse("xyzzyx",
	            "prog: there is no command 'xyzzyx'\nthe commands are get, push, status, help\n");
	must_refuse("get beds --form 2020",
	            "prog get: there is no option '--form'; did you mean '--from'?\n");
	must_refuse("get beds --xyzzyxx", "prog get: there is no option '--xyzzyxx'; --help lists them\n");
	must_refuse("get beds -f", "prog get: there is no option '-f'; --help lists them\n");
	must_refuse("get beds --from", "prog get: --from needs a value: --from PERIOD\n");
	must_refuse("get beds --from=", "prog get: --from needs a value: --from PERIOD\n");
	must_refuse("get beds --from --dry-run", "prog get: --from needs a value: --from PERIOD\n");
	must_refuse("get beds --dry-run=yes", "prog get: --dry-run takes no value\n");
	must_refuse("status --from 2020", "prog status: there is no option '--from'; --help lists them\n");
	must_refuse("get", "prog get: expected CODE, and there is nothing\n");
	must_refuse("get a b", "prog get: 'b' is one argument too many; expected CODE\n");
	must_refuse("status a", "prog status: 'a' is one argument too many; expected none\n");
}

static void environment_gives_what_the_command_line_does_not(void **state)
{
	(void)state;
	setenv("OPTIONS_TEST_QUERY", "ipc://env", 1);
	must_accept("get beds", "ipc://env", NULL, "beds");
	must_accept("get beds --query ipc://line", "ipc://line", NULL, "beds");
	setenv("OPTIONS_TEST_QUERY", "", 1);
	must_accept("get beds", DEFAULT_URL, NULL, "beds");
	unsetenv("OPTIONS_TEST_QUERY");
}

static void must_be_dry(const char *line, bool dry)
{
	struct outcome outcome = run(line);

	assert_int_equal(outcome.settings.runs, 1);
	assert_int_equal(outcome.settings.dry_run, dry);
	done(&outcome);
}

static void flags_are_off_until_given(void **state)
{
	(void)state;
	must_be_dry("get beds", false);
	must_be_dry("get beds --dry-run", true);
	must_be_dry("--dry-run get beds", true);
	setenv("OPTIONS_TEST_DRY_RUN", "1", 1);
	must_be_dry("get beds", true);
	setenv("OPTIONS_TEST_DRY_RUN", "0", 1);
	must_be_dry("get beds", false);
	unsetenv("OPTIONS_TEST_DRY_RUN");
}

static const char program_help[] =
    "prog: asks\n"
    "\n"
    "usage: prog COMMAND [ARGUMENT]... [OPTION]...\n"
    "\n"
    "commands:\n"
    "  get CODE      a series\n"
    "  push FILE...  files\n"
    "  status        how it is\n"
    "\n"
    "options of every command:\n"
    "  --query URL      where questions go; or OPTIONS_TEST_QUERY in the environment; default "
    "tcp://127.0.0.1:5812\n"
    "  --format FORMAT  how rows are printed; default table\n"
    "  --help           print this and stop; after a command: that command's\n"
    "  --version        print the version and stop\n"
    "\n"
    "examples:\n"
    "  prog get beds --from 2020\n"
    "  prog push beds.csv\n"
    "  prog status\n"
    "\n"
    "exit status: 0 done, 1 refused, 2 usage, 3 nobody answers\n";

static const char get_help[] =
    "prog get: a series\n"
    "\n"
    "usage: prog get CODE [OPTION]...\n"
    "\n"
    "example:\n"
    "  prog get beds --from 2020\n"
    "\n"
    "options:\n"
    "  --from PERIOD    the first period\n"
    "  --dry-run        send nothing; or OPTIONS_TEST_DRY_RUN in the environment\n"
    "\n"
    "options of every command:\n"
    "  --query URL      where questions go; or OPTIONS_TEST_QUERY in the environment; default "
    "tcp://127.0.0.1:5812\n"
    "  --format FORMAT  how rows are printed; default table\n"
    "  --help           print this and stop; after a command: that command's\n"
    "  --version        print the version and stop\n";

static void help_is_printed_from_the_tables(void **state)
{
	(void)state;
	must_print("--help", program_help);
	must_print("help", program_help);
	must_print("-h", program_help);
	must_print("get --help", get_help);
	must_print("help get", get_help);
	must_print("--help get", get_help);
	/* whatever else is wrong with the line */
	must_print("get --fro 2020 --help", get_help);
	must_refuse("help gett", "prog: there is no command 'gett'; did you mean 'get'?\n");
}

static void version_is_printed(void **state)
{
	(void)state;
	must_print("--version", "prog " SUANPAN_VERSION "\n");
	must_print("get --version", "prog " SUANPAN_VERSION "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_stand_before_and_after_the_command),
	    cmocka_unit_test(words_after_two_dashes_are_arguments),
	    cmocka_unit_test(mistakes_are_a_sentence_and_run_nothing),
	    cmocka_unit_test(environment_gives_what_the_command_line_does_not),
	    cmocka_unit_test(flags_are_off_until_given),
	    cmocka_unit_test(help_is_printed_from_the_tables),
	    cmocka_unit_test(version_is_printed),
	};

	return cmocka_run_group_tests_name("lib_options", tests, NULL, NULL);
}
