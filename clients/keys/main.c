/* suanpan-keys: makes the keys by which the daemon knows who somebody is, and changes them. */
#include "clients/lib/options.h"
#include "proto/codes.h"
#include "proto/keys.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMENT_MAX 256

struct keys_settings {
	const char *comment;
	bool finish;
};

/* ---- saying ---- */

static int say_reason(const struct keys_reason *reason)
{
	fprintf(stderr, "suanpan-keys: %s\n", reason->text);
	return EXIT_REFUSED;
}

static int say_fault(int fault)
{
	fprintf(stderr, "suanpan-keys: %s\n", fault_text(fault));
	return EXIT_REFUSED;
}

static void print_enrolment(const char *why, const char *old, const char *new)
{
	printf("public: %s\nfor the daemon's operator, in reporters.yaml or readers.yaml%s:\n", new, why);
	if (old)
		printf("    keys: ['%s', '%s']\n", old, new);
	else
		printf("    keys: ['%s']\n", new);
}

static int check_comment(const char *comment)
{
	if (!comment || (strlen(comment) <= COMMENT_MAX && text_is_valid(comment, strlen(comment))))
		return EXIT_DONE;
	fprintf(stderr, "suanpan-keys: --comment: expected one line of at most %d bytes\n", COMMENT_MAX);
	return EXIT_USAGE;
}

/* ---- making ---- */

/* Answers an exit status; *ret_public is the new key. */
static int make_file(const char *path, const char *comment, char ret_public[KEYS_TEXT_SIZE])
{
	struct keys_reason reason;
	struct key_pair pair;
	int result = keys_make(&pair);

	if (result < 0)
		return say_fault(result);
	result = keys_write(path, &pair, comment, &reason);
	memcpy(ret_public, pair.public, KEYS_TEXT_SIZE);
	keys_wipe(&pair);
	return result ? say_reason(&reason) : EXIT_DONE;
}

static int run_new(void *closure, int count, char *arguments[])
{
	const struct keys_settings *settings = closure;
	char key[KEYS_TEXT_SIZE];
	int status = check_comment(settings->comment);

	(void)count;
	if (status == EXIT_DONE)
		status = make_file(arguments[0], settings->comment, key);
	if (status)
		return status;
	printf("%s holds the new key; whoever has this file is whom it tells of, so keep it to yourself\n",
	       arguments[0]);
	print_enrolment("", NULL, key);
	return EXIT_DONE;
}

/* ---- showing ---- */

/* Answers an exit status. */
static int read_public(const char *path, char ret_public[KEYS_TEXT_SIZE])
{
	struct keys_reason reason;
	struct key_pair pair;

	if (keys_read_pair(path, &pair, &reason))
		return say_reason(&reason);
	memcpy(ret_public, pair.public, KEYS_TEXT_SIZE);
	keys_wipe(&pair);
	return EXIT_DONE;
}

static int run_show(void *closure, int count, char *arguments[])
{
	(void)closure;
	for (int i = 0; i < count; i++) {
		char key[KEYS_TEXT_SIZE];

		if (read_public(arguments[i], key))
			return EXIT_REFUSED;
		printf("public: %s\n", key);
	}
	return EXIT_DONE;
}

/* ---- changing ---- */

static int begin_change(const char *path, const char *next, const char *comment)
{
	char old[KEYS_TEXT_SIZE], new[KEYS_TEXT_SIZE];
	int status = read_public(path, old);

	if (status == EXIT_DONE && access(next, F_OK) == 0) {
		fprintf(
		    stderr,
		    "suanpan-keys: %s is there already: finish that change with --finish, or remove it to "
		    "begin another\n",
		    next);
		return EXIT_REFUSED;
	}
	if (status == EXIT_DONE)
		status = make_file(next, comment, new);
	if (status)
		return status;
	printf("%s holds the next key; %s stays in use until the daemon knows it\n", next, path);
	print_enrolment(", beside the old one", old, new);
	printf("then: suanpan status --key %s\nand if that answers: suanpan-keys rotate %s --finish\n", next,
	       path);
	return EXIT_DONE;
}

static int finish_change(const char *path, const char *next)
{
	char old[KEYS_TEXT_SIZE], new[KEYS_TEXT_SIZE];
	struct keys_reason reason;
	int status = read_public(path, old);

	if (status == EXIT_DONE)
		status = read_public(next, new);
	if (status)
		return status;
	if (keys_rename(next, path, &reason))
		return say_reason(&reason);
	printf("%s holds the new key now, and the old one is gone\n", path);
	print_enrolment(", where the old one is to be struck out", NULL, new);
	return EXIT_DONE;
}

static int run_rotate(void *closure, int count, char *arguments[])
{
	const struct keys_settings *settings = closure;
	int status = check_comment(settings->comment);
	char *next;

	(void)count;
	if (status)
		return status;
	if (asprintf(&next, "%s.next", arguments[0]) < 0)
		return say_fault(-ENOMEM);
	status = settings->finish ? finish_change(arguments[0], next)
	                          : begin_change(arguments[0], next, settings->comment);
	free(next);
	return status;
}

/* ---- the program ---- */

#define COMMENT_ROW                                                                                          \
	{                                                                                                    \
		.name = "comment", .takes = "TEXT",                                                          \
		.sentence = "a line to write into the file: whose it is",                                    \
		.offset = offsetof(struct keys_settings, comment)                                            \
	}

static const struct option_row new_options[] = {COMMENT_ROW, {.name = NULL}};
static const struct option_row rotate_options[] = {
    COMMENT_ROW,
    {.name = "finish",
     .sentence = "the daemon knows the next key: put it in the old one's place",
     .offset = offsetof(struct keys_settings, finish)},
    {.name = NULL},
};
static const struct option_row no_options[] = {{.name = NULL}};

static const struct command_row commands[] = {
    {.name = "new",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .options = new_options,
     .sentence = "make a key that only you can read, and print the line that enrols it",
     .example = "suanpan-keys new liwan.key --comment 'Liwan, office of statistics'",
     .run = run_new},
    {.name = "show",
     .arguments = "FILE...",
     .arguments_min = 1,
     .arguments_max = -1,
     .options = no_options,
     .sentence =
         "print the public keys, as --server-key of suanpan and suanpan-report takes them from a file",
     .example = "suanpan-keys show server.key > server.pub",
     .run = run_show},
    {.name = "rotate",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .options = rotate_options,
     .sentence = "make FILE.next, to be enrolled beside FILE and to take its place",
     .example = "suanpan-keys rotate liwan.key",
     .run = run_rotate},
    {.name = NULL},
};

int main(int argc, char *argv[])
{
	static const struct program program = {
	    .name = "suanpan-keys",
	    .sentence = "makes the keys by which a city's daemon knows who reports and who asks",
	    .commands = commands,
	    .common = no_options,
	    .is_offline = true,
	};
	struct keys_settings settings = {0};

	return options_run(&program, argc, argv, &settings);
}
