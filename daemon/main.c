#include "daemon/app.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 2

static const char usage[] = "suanpand: keep a city's statistics and its plan's indicators\n"
                            "\n"
                            "usage: suanpand [--config FILE] [--set KEY=VALUE]... [--check-config]\n"
                            "\n"
                            "  --config FILE     read the configuration (see config/suanpan.yaml)\n"
                            "  --set KEY=VALUE   override one key; may be given again\n"
                            "  --check-config    check the configuration and the catalogue, then stop\n"
                            "  --help, --version\n"
                            "\n"
                            "example: suanpand --config config/suanpan.yaml --set store=/var/lib/suanpand\n"
                            "\n"
                            "keys:\n";

enum { OPTION_CONFIG = 'c', OPTION_SET = 's', OPTION_CHECK = 'k', OPTION_HELP = 'h', OPTION_VERSION = 'v' };

static const struct option options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG}, {"set", required_argument, NULL, OPTION_SET},
    {"check-config", no_argument, NULL, OPTION_CHECK},  {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},     {NULL, 0, NULL, 0},
};

struct request {
	const char *path;
	bool check;
};

/* --set wins over the file wherever it stands, so the file is read in a first pass. */
static int read_arguments(int argc, char *argv[], struct request *request)
{
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == OPTION_HELP || option == OPTION_VERSION) {
			printf("%s", option == OPTION_HELP ? usage : "suanpand " SUANPAN_VERSION "\n");
			if (option == OPTION_HELP)
				config_print_keys(stdout);
			exit(EXIT_SUCCESS);
		}
		if (option == '?')
			return EXIT_USAGE;
		if (option == OPTION_CONFIG)
			request->path = optarg;
		if (option == OPTION_CHECK)
			request->check = true;
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "suanpand: unexpected argument '%s'; see suanpand --help\n", argv[optind]);
	return EXIT_USAGE;
}

static int apply_settings(int argc, char *argv[], struct config *config)
{
	int result = 0;
	optind = 0; /* glibc: start over */
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (option == OPTION_SET && config_set(config, optarg, stderr) != 0)
			result = EXIT_USAGE;
	return result;
}

static int configure(int argc, char *argv[], const struct request *request, struct config *config)
{
	int result = 0;
	if (request->path && config_read(config, request->path, stderr) != 0)
		result = EXIT_USAGE;
	if (apply_settings(argc, argv, config) != 0)
		result = EXIT_USAGE;
	if (result == 0 && config_check(config, stderr) != 0)
		result = EXIT_USAGE;
	return result;
}

int main(int argc, char *argv[])
{
	struct request request = {.path = NULL};
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
		status = request.check ? app_check(config) : app_run(config);
	config_free(config);
	return status;
}
