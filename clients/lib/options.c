#include "clients/lib/options.h"

#include "clients/lib/language.h"
#include "proto/codes.h"
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64 /* options that one command can see, or commands of one program */

static const struct option_row own_options[] = {
    {.name = "help", .sentence = N_("print this and stop; after a command: that command's")},
    {.name = "version", .sentence = N_("print the version and stop")},
    {.name = NULL},
};

/* What the command line is about, found before anything is complained of, so that --help always helps. */
struct overview {
	int command_at; /* its place in argv; 0: there is none */
	int topic_at;   /* of the word after that; 0: there is none */
	bool help, version;
};

struct parse {
	const struct program *program;
	const struct command_row *command;
	char *settings;
	char **arguments; /* room for argc of them */
	int count;
};

static int PRINTF_LIKE(2, 3) complain(const struct parse *parse, const char *format, ...)
{
	const char *command = parse->command ? parse->command->name : NULL;
	va_list list;

	fprintf(stderr, "%s%s%s: ", parse->program->name, command ? " " : "", command ? command : "");
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

/* ------------------------------------------------------------------------------------------ looking up */

static const struct option_row *find_option(const struct option_row *rows, const char *name, size_t length)
{
	for (; rows && rows->name; rows++)
		if (strlen(rows->name) == length && memcmp(rows->name, name, length) == 0)
			return rows;
	return NULL;
}

static const struct option_row *find_option_of(const struct parse *parse, const char *name, size_t length)
{
	const struct option_row *found =
	    parse->command ? find_option(parse->command->options, name, length) : NULL;

	return found ? found : find_option(parse->program->common, name, length);
}

/* For the words before the command: of whichever command it turns out to be. */
static const struct option_row *find_option_anywhere(const struct program *program, const char *name,
                                                     size_t length)
{
	const struct option_row *found = find_option(program->common, name, length);

	for (const struct command_row *row = program->commands; !found && row->name; row++)
		found = find_option(row->options, name, length);
	return found;
}

static const struct command_row *find_command(const struct program *program, const char *name)
{
	for (const struct command_row *row = program->commands; row->name; row++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

static size_t add_options(const struct option_row *rows, const char *words[WORDS_MAX], size_t count)
{
	for (; rows && rows->name; rows++) {
		assert(count < WORDS_MAX);
		words[count++] = rows->name;
	}
	return count;
}

static size_t add_commands(const struct command_row *rows, const char *words[WORDS_MAX], size_t count)
{
	for (; rows->name; rows++) {
		assert(count < WORDS_MAX - 1);
		words[count++] = rows->name;
	}
	words[count++] = "help";
	return count;
}

/* ---------------------------------------------------------------------------------------------- helping */

static int option_width(const struct option_row *row)
{
	return (int)(strlen("--") + strlen(row->name) + (row->takes ? strlen(" ") + strlen(row->takes) : 0));
}

static int widest_option(const struct option_row *rows, int width)
{
	for (; rows && rows->name; rows++)
		width = option_width(rows) > width ? option_width(rows) : width;
	return width;
}

/* `own` are rows that stand for those of the same name. */
static void print_options(const struct option_row *rows, const struct option_row *own, int width)
{
	for (; rows && rows->name; rows++) {
		if (find_option(own, rows->name, strlen(rows->name)))
			continue;
		printf("  --%s%s%s%*s  %s", rows->name, rows->takes ? " " : "",
		       rows->takes ? rows->takes : "", width - option_width(rows), "",
		       language_text(rows->sentence));
		if (rows->environment)
			printf(gettext("; or %s in the environment"), rows->environment);
		if (rows->otherwise)
			printf(gettext("; default %s"), rows->otherwise);
		putchar('\n');
	}
}

static void print_commands(const struct command_row *rows)
{
	int width = 0;

	for (const struct command_row *row = rows; row->name; row++) {
		const int own = (int)(strlen(row->name) + strlen(" ") + strlen(row->arguments));
		width = own > width ? own : width;
	}
	for (const struct command_row *row = rows; row->name; row++) {
		const int own = (int)(strlen(row->name) + strlen(" ") + strlen(row->arguments));
		printf("  %s %s%*s  %s\n", row->name, row->arguments, width - own, "",
		       language_text(row->sentence));
	}
}

static int print_program_help(const struct program *program)
{
	const int width = widest_option(own_options, widest_option(program->common, 0));

	printf("%s: %s\n\n", program->name, language_text(program->sentence));
	printf(gettext("usage: %s COMMAND [ARGUMENT]... [OPTION]...\n"), program->name);
	printf("\n%s\n", gettext("commands:"));
	print_commands(program->commands);
	printf("\n%s\n", gettext("options of every command:"));
	print_options(program->common, NULL, width);
	print_options(own_options, NULL, width);
	printf("\n%s\n", gettext("examples:"));
	for (const struct command_row *row = program->commands; row->name; row++)
		printf("  %s\n", row->example);
	putchar('\n');
	printf(gettext("exit status: %d done, %d refused, %d usage"), EXIT_DONE, EXIT_REFUSED, EXIT_USAGE);
	if (!program->is_offline)
		printf(gettext(", %d nobody answers"), EXIT_UNREACHABLE);
	putchar('\n');
	return EXIT_DONE;
}

static int print_command_help(const struct program *program, const struct command_row *command)
{
	const int width = widest_option(command->options, widest_option(program->common, 0));

	printf("%s %s: %s\n\n", program->name, command->name, language_text(command->sentence));
	printf(gettext("usage: %s %s%s%s [OPTION]...\n"), program->name, command->name,
	       *command->arguments ? " " : "", command->arguments);
	printf("\n%s\n  %s\n", gettext("example:"), command->example);
	if (command->options && command->options->name) {
		printf("\n%s\n", gettext("options:"));
		print_options(command->options, NULL, width);
	}
	printf("\n%s\n", gettext("options of every command:"));
	print_options(program->common, command->options, width);
	print_options(own_options, NULL, width);
	return EXIT_DONE;
}

/* ---------------------------------------------------------------------------------------- complaining */

static int complain_of_command(const struct parse *parse, const char *word)
{
	const char *words[WORDS_MAX];
	const size_t count = add_commands(parse->program->commands, words, 0);
	const char *nearest = nearest_word(word, words, count);

	if (nearest)
		return complain(parse, "there is no command '%s'; did you mean '%s'?", word, nearest);
	complain(parse, "there is no command '%s'", word);
	fprintf(stderr, "the commands are");
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "%s %s", i ? "," : "", words[i]);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

static int complain_of_option(const struct parse *parse, const char *option, size_t length)
{
	const char *words[WORDS_MAX];
	char *name = strndup(option, length);
	const char *nearest;
	size_t count;

	if (!name)
		return complain(parse, "out of memory");
	count = add_options(own_options, words, add_options(parse->program->common, words, 0));
	count = add_options(parse->command ? parse->command->options : NULL, words, count);
	nearest = nearest_word(name, words, count);
	if (nearest)
		complain(parse, "there is no option '--%s'; did you mean '--%s'?", name, nearest);
	else
		complain(parse, "there is no option '--%s'; --help lists them", name);
	free(name);
	return EXIT_USAGE;
}

static int check_count(const struct parse *parse)
{
	const struct command_row *command = parse->command;

	if (parse->count < command->arguments_min)
		return complain(parse, "expected %s, and %s", command->arguments,
		                parse->count ? "that is too few" : "there is nothing");
	if (command->arguments_max >= 0 && parse->count > command->arguments_max)
		return complain(parse, "'%s' is one argument too many; expected %s",
		                parse->arguments[command->arguments_max],
		                command->arguments_max ? command->arguments : "none");
	return 0;
}

/* --------------------------------------------------------------------------------------------- reading */

/* "-" alone is an argument: a file on standard input. */
static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

static bool is_word(const char *word, const char *long_form, const char *short_form)
{
	return strcmp(word, long_form) == 0 || strcmp(word, short_form) == 0;
}

/* How many words the option at argv[at] is made of, as far as that can be known before the command is. */
static int words_of_option(const struct program *program, int argc, char *argv[], int at)
{
	const struct option_row *row;

	if (strncmp(argv[at], "--", 2) != 0 || strchr(argv[at], '='))
		return 1;
	row = find_option_anywhere(program, argv[at] + 2, strlen(argv[at] + 2));
	return row && row->takes && at + 1 < argc && strncmp(argv[at + 1], "--", 2) != 0 ? 2 : 1;
}

static struct overview look_over(const struct program *program, int argc, char *argv[])
{
	struct overview overview = {0};
	bool only_arguments = false;

	for (int i = 1; i < argc; i++) {
		if (!only_arguments && strcmp(argv[i], "--") == 0) {
			only_arguments = true;
		} else if (!only_arguments && is_option(argv[i])) {
			overview.help |= is_word(argv[i], "--help", "-h");
			overview.version |= is_word(argv[i], "--version", "-V");
			i += words_of_option(program, argc, argv, i) - 1;
		} else if (!overview.command_at) {
			overview.command_at = i;
		} else if (!overview.topic_at) {
			overview.topic_at = i;
		}
	}
	return overview;
}

/* The newest value that an option is given anywhere, or that of its variable; NULL: none. */
static const char *glance(const struct program *program, const char *name, int argc, char *argv[])
{
	const struct option_row *row = find_option(program->common, name, strlen(name));
	const char *text = row && row->environment ? getenv(row->environment) : NULL;
	const size_t length = strlen(name);

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "--", 2) != 0 || strncmp(argv[i] + 2, name, length) != 0)
			continue;
		if (argv[i][2 + length] == '=')
			text = argv[i] + 2 + length + 1;
		else if (argv[i][2 + length] == '\0' && i + 1 < argc)
			text = argv[i + 1];
	}
	return text && *text ? text : NULL;
}

static void set_text(const struct parse *parse, const struct option_row *row, const char *text)
{
	memcpy(parse->settings + row->offset, &text, sizeof text);
}

static void set_flag(const struct parse *parse, const struct option_row *row, bool flag)
{
	memcpy(parse->settings + row->offset, &flag, sizeof flag);
}

/* An empty variable is one that is not set; a flag's is off when it is 0. */
static void set_from_environment(const struct parse *parse, const struct option_row *rows)
{
	for (; rows && rows->name; rows++) {
		const char *text = rows->environment ? getenv(rows->environment) : NULL;
		const bool given = text && *text;

		if (rows->takes)
			set_text(parse, rows, given ? text : rows->otherwise);
		else
			set_flag(parse, rows, given && strcmp(text, "0") != 0);
	}
}

/* Answers how many words were used, or 0 after a complaint. */
static int take_option(const struct parse *parse, int argc, char *argv[], int at)
{
	const char *name = argv[at] + 2, *equals = strchr(argv[at], '=');
	const size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_row *row;
	const char *value;

	if (strncmp(argv[at], "--", 2) != 0) {
		complain(parse, "there is no option '%s'; --help lists them", argv[at]);
		return 0;
	}
	row = find_option_of(parse, name, length);
	if (!row) {
		complain_of_option(parse, name, length);
		return 0;
	}
	if (!row->takes) {
		set_flag(parse, row, true);
		if (equals)
			complain(parse, "--%s takes no value", row->name);
		return equals ? 0 : 1;
	}
	value = equals                                                 ? equals + 1
	        : at + 1 < argc && strncmp(argv[at + 1], "--", 2) != 0 ? argv[at + 1]
	                                                               : "";
	if (!*value) {
		complain(parse, "--%s needs a value: --%s %s", row->name, row->name, row->takes);
		return 0;
	}
	set_text(parse, row, value);
	return equals ? 1 : 2;
}

static int take_words(struct parse *parse, int argc, char *argv[], int command_at)
{
	bool only_arguments = false;

	for (int i = 1; i < argc;) {
		int used = 1;

		if (!only_arguments && strcmp(argv[i], "--") == 0)
			only_arguments = true;
		else if (!only_arguments && is_option(argv[i]))
			used = take_option(parse, argc, argv, i);
		else if (i != command_at)
			parse->arguments[parse->count++] = argv[i];
		if (!used)
			return EXIT_USAGE;
		i += used;
	}
	return 0;
}

static int read_and_run(struct parse *parse, int argc, char *argv[], int command_at)
{
	int status;

	set_from_environment(parse, parse->program->common);
	set_from_environment(parse, parse->command->options);
	status = take_words(parse, argc, argv, command_at);
	if (!status)
		status = check_count(parse);
	return status ? status : parse->command->run(parse->settings, parse->count, parse->arguments);
}

static int help(const struct parse *parse, const char *topic)
{
	const struct command_row *command = topic ? find_command(parse->program, topic) : NULL;

	if (command)
		return print_command_help(parse->program, command);
	return topic ? complain_of_command(parse, topic) : print_program_help(parse->program);
}

static int find_and_run(struct parse *parse, int argc, char *argv[])
{
	const struct overview overview = look_over(parse->program, argc, argv);
	const char *word = overview.command_at ? argv[overview.command_at] : NULL;
	const char *topic = overview.topic_at ? argv[overview.topic_at] : NULL;

	if (overview.version) {
		printf("%s %s\n", parse->program->name, SUANPAN_VERSION);
		return EXIT_DONE;
	}
	if (word && strcmp(word, "help") == 0)
		return help(parse, topic);
	if (overview.help)
		return help(parse, word);
	if (!word)
		return complain(parse, "expected a command; %s --help lists them", parse->program->name);
	parse->command = find_command(parse->program, word);
	if (!parse->command)
		return complain_of_command(parse, word);
	return read_and_run(parse, argc, argv, overview.command_at);
}

int options_run(const struct program *program, int argc, char *argv[], void *settings)
{
	struct parse parse = {
	    .program = program,
	    .settings = settings,
	    .arguments = calloc((size_t)argc + 1, sizeof parse.arguments[0]),
	};
	int status;

	if (!parse.arguments)
		return complain(&parse, "out of memory");
	if (program->speak)
		program->speak(glance(program, program->language, argc, argv));
	status = find_and_run(&parse, argc, argv);
	free(parse.arguments);
	return status;
}
