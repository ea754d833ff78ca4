#include "daemon/app.h"
#include "daemon/service.h"
#include "daemon/upkeep/upkeep.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPTION_CONFIG = 1,
	OPTION_SET = 2,
	OPTION_CHECK_CONFIG = 4,
	OPTION_HELP = 8,
	OPTION_VERSION = 16,
	OPTION_QUICK = 32,
	OPTION_SCRATCH = 64,
	OPTION_ARCHIVE = 128,
	ALWAYS = OPTION_CONFIG | OPTION_SET | OPTION_HELP | OPTION_VERSION,
};

struct option_row {
	const char *name, *takes, *sentence;
	int option;
};

static const struct option_row option_rows[] = {
    {"config", "FILE", "read the configuration (see config/suanpan.yaml)", OPTION_CONFIG},
    {"set", "KEY=VALUE", "override one key; may be given again", OPTION_SET},
    {"check-config", NULL, "check the configuration and the catalogue, then stop", OPTION_CHECK_CONFIG},
    {"quick", NULL, "check: leave out what takes long, the comparison with a rebuilt store", OPTION_QUICK},
    {"scratch", "DIR", "check: rebuild in this folder rather than beside the store", OPTION_SCRATCH},
    {"archive", "DIR",
     "rebuild: of this archive, not the store's journal; restore: go on with what it has beyond",
     OPTION_ARCHIVE},
    {"help", NULL, "print this and stop", OPTION_HELP},
    {"version", NULL, "print the version and stop", OPTION_VERSION},
};
#define OPTION_COUNT (sizeof option_rows / sizeof option_rows[0])

struct command_row {
	const char *name, *argument, *sentence; /* argument: NULL if it takes none */
	int (*run)(const struct config *config, const struct upkeep_request *request);
	int options; /* besides those that all take */
};

static int run(const struct config *config, const struct upkeep_request *request)
{
	(void)request;
	return app_run(config);
}

/* The first one is meant where none is named. */
static const struct command_row commands[] = {
    {"run", NULL, "take reports and answer queries until SIGTERM; also without a command", run,
     OPTION_CHECK_CONFIG},
    {"check", NULL,
     "verify every byte of the store, and that its journal gives all of it; works beside a running daemon",
     check_run, OPTION_QUICK | OPTION_SCRATCH},
    {"rebuild", "DIR", "make a fresh store in DIR of the journal alone, or of the archive", rebuild_run,
     OPTION_ARCHIVE},
    {"backup", "DIR", "copy the store into DIR, verified and sealed; works beside a running daemon",
     backup_run, 0},
    {"restore", "DIR", "make the store, which must not be there, from the backup in DIR", restore_run,
     OPTION_ARCHIVE},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static const char examples[] =
    "examples:\n"
    "  suanpand --config config/suanpan.yaml --set store=/var/lib/suanpand\n"
    "  suanpand check --config /etc/suanpan/suanpan.yaml\n"
    "  suanpand rebuild /tmp/store --archive /mnt/copy/archive\n"
    "  suanpand backup /mnt/backup/$(date +%F) --config /etc/suanpan/suanpan.yaml\n"
    "\n"
    "exit status: 0 done, 1 failed or damaged, 2 usage\n"
    "\n"
    "keys:\n";

static void print_help(void)
{
	char words[64];
	printf("suanpand: keep a city's statistics and its plan's indicators\n\n"
	       "usage: suanpand [COMMAND] [--config FILE] [--set KEY=VALUE]...\n\n"
	       "commands:\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		snprintf(words, sizeof words, "%s %s", commands[i].name,
		         commands[i].argument ? commands[i].argument : "");
		printf("  %-16s %s\n", words, commands[i].sentence);
	}
	printf("\noptions:\n");
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		snprintf(words, sizeof words, "--%s %s", option_rows[i].name,
		         option_rows[i].takes ? option_rows[i].takes : "");
		printf("  %-16s %s\n", words, option_rows[i].sentence);
	}
	printf("\n%s", examples);
	config_print_keys(stdout);
}

struct request {
	const struct command_row *command;
	const char *path;
	bool check_config;
	int options; /* all that were given */
	struct upkeep_request upkeep;
};

static void fill_options(struct option ret_options[OPTION_COUNT + 1])
{
	memset(ret_options, 0, (OPTION_COUNT + 1) * sizeof *ret_options);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		ret_options[i] = (struct option){.name = option_rows[i].name,
		                                 .has_arg = option_rows[i].takes ? 1 : 0,
		                                 .val = option_rows[i].option};
}

static int complain(const char *what, const char *word)
{
	fprintf(stderr, "suanpand: %s '%s'; see suanpand --help\n", what, word);
	return UPKEEP_USAGE;
}

static void take_option(struct request *request, int option)
{
	if (option == OPTION_HELP || option == OPTION_VERSION) {
		if (option == OPTION_HELP)
			print_help();
		else
			puts("suanpand " SUANPAN_VERSION);
		exit(EXIT_SUCCESS);
	}
	if (option == OPTION_CONFIG)
		request->path = optarg;
	if (option == OPTION_CHECK_CONFIG)
		request->check_config = true;
	if (option == OPTION_QUICK)
		request->upkeep.quick = true;
	if (option == OPTION_ARCHIVE)
		request->upkeep.archive = optarg;
	if (option == OPTION_SCRATCH)
		request->upkeep.scratch = optarg;
	request->options |= option;
}

static int find_command(const char *name, struct request *request)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0) {
			request->command = &commands[i];
			return 0;
		}
	return complain("unknown command", name);
}

/* The words that are no options: the command, and what it is about. */
static int take_words(int count, char *words[], struct request *request)
{
	int result = count > 0 ? find_command(words[0], request) : 0;
	if (result != 0)
		return result;
	int wanted = request->command->argument ? 2 : 1;
	if (count > wanted)
		return complain("unexpected argument", words[wanted]);
	if (count < wanted && request->command->argument) {
		fprintf(stderr, "suanpand: %s: expected %s; see suanpand --help\n", request->command->name,
		        request->command->argument);
		return UPKEEP_USAGE;
	}
	request->upkeep.folder = wanted == 2 ? words[1] : NULL;
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (request->options & option_rows[i].option & ~(ALWAYS | request->command->options))
			return complain("this command does not take option", option_rows[i].name);
	return 0;
}

/* --set wins over the file wherever it stands, so the file is read in a first pass. */
static int read_arguments(int argc, char *argv[], struct request *request)
{
	struct option options[OPTION_COUNT + 1];
	fill_options(options);
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == '?')
			return UPKEEP_USAGE;
		take_option(request, option);
	}
	return take_words(argc - optind, argv + optind, request);
}

static int apply_settings(int argc, char *argv[], struct config *config)
{
	struct option options[OPTION_COUNT + 1];
	int result = 0;
	fill_options(options);
	optind = 0; /* glibc: start over */
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (option == OPTION_SET && config_set(config, optarg, stderr) != 0)
			result = UPKEEP_USAGE;
	return result;
}

static int configure(int argc, char *argv[], const struct request *request, struct config *config)
{
	int result = 0;
	if (request->path && config_read(config, request->path, stderr) != 0)
		result = UPKEEP_USAGE;
	if (apply_settings(argc, argv, config) != 0)
		result = UPKEEP_USAGE;
	if (result == 0 && request->command->run == run && !request->check_config &&
	    service_configure(config, stderr) != 0)
		result = UPKEEP_USAGE;
	if (result == 0 && config_check(config, stderr) != 0)
		result = UPKEEP_USAGE;
	return result;
}

int main(int argc, char *argv[])
{
	struct request request = {.command = &commands[0]};
	struct config *config;
	int status = read_arguments(argc, argv, &request);
	if (status != 0)
		return status;
	if (config_new(&config) != 0) {
		fprintf(stderr, "suanpand: out of memory\n");
		return EXIT_FAILURE;
	}
	status = configure(argc, argv, &request, config);
	if (status == 0)
		status =
		    request.check_config ? app_check(config) : request.command->run(config, &request.upkeep);
	config_free(config);
	return status;
}
