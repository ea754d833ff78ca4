/* Command-line options and their help, from one table per command.
 *
 * A row holds all there is to know of an option: its name, what it takes, the environment variable that may
 * give it instead, its default, and one sentence. Help is printed from the table; an unknown option suggests
 * the nearest. */
#ifndef SUANPAN_CLIENTS_LIB_OPTIONS_H
#define SUANPAN_CLIENTS_LIB_OPTIONS_H

#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct option_row {
	const char *name;        /* "from", given as --from P or --from=P */
	const char *takes;       /* "PERIOD" for the help; NULL: a flag */
	const char *environment; /* "SUANPAN_QUERY" or NULL */
	const char *otherwise;   /* default, or NULL */
	const char *sentence;    /* as all sentences here, spoken by language_text */
	size_t offset;           /* of a const char * (or a bool, for a flag) in the caller's struct */
};

struct command_row {
	const char *name;                                         /* "push" */
	const char *arguments;                                    /* "FILE.csv..." */
	const char *sentence;                                     /* what it does */
	const char *example;                                      /* a whole command line */
	const struct option_row *options;                         /* ends with a row without name */
	int arguments_min, arguments_max;                         /* max -1: any number */
	int (*run)(void *settings, int count, char *arguments[]); /* answers the exit status */
};

#define EXIT_DONE        0
#define EXIT_REFUSED     1
#define EXIT_USAGE       2
#define EXIT_UNREACHABLE 3

struct program {
	const char *name, *sentence;
	const struct command_row *commands; /* ends with a row without name */
	/* Accepted before and after the command. A command's own row of the same name (and the same offset, for
	 * the words before the command) stands for the common one: its default, its environment, its help. */
	const struct option_row *common;
	bool is_offline; /* it needs no daemon, so no command ends with EXIT_UNREACHABLE */
	/* The option that names the language to speak, if there is one; and who hears what it says (or NULL) before anything is
	 * printed, help and complaints too. Checking it is up to the command. */
	const char *language;
	void (*speak)(const char *name);
};

/* Finds the command, fills `settings` (environment first, then the command line; pointers into argv), checks
 * the number of arguments, answers --help and --version itself, and runs. Mistakes are a sentence on standard
 * error and EXIT_USAGE. */
int options_run(const struct program *program, int argc, char *argv[], void *settings);

#endif
