/* torture: what happens to the daemon and its senders where processes are killed and the power is cut, at random, for as long as
 * one likes. See lane.h. Prints its seed first and its counts last; exit status 1 if anything was found. */
#include "tests/torture/lane.h"

#include "tests/lib/scratch.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LANES_MAX 64

static const char usage[] =
    "usage: torture [--seconds N] [--seed N] [--lanes N] [--only kills|losses|spools] [--findings N] "
    "[--keep]\n"
    "               [--nosync] [--lies]\n"
    "\n"
    "  --seconds N  for how long (20)\n"
    "  --seed N     what is random begins with it; times are what they are\n"
    "  --lanes N    daemons side by side (2)\n"
    "  --only KIND  one kind of trouble\n"
    "  --findings N stop after so many (10)\n"
    "  --keep       copies of images as they were before the daemon saw them, for a closer look\n"
    "  --nosync     control: recorded processes open LMDB with MDB_NOSYNC; reports must be lost\n"
    "  --lies       control: the ledger is told acks that never were; it must complain\n";

enum {
	SECONDS = 's',
	SEED = 'e',
	LANES = 'l',
	ONLY = 'o',
	FINDINGS = 'f',
	KEEP = 'k',
	NOSYNC = 'n',
	LIES = 'i',
	HELP = 'h'
};

static const struct option options[] = {
    {"seconds", required_argument, NULL, SECONDS},
    {"seed", required_argument, NULL, SEED},
    {"lanes", required_argument, NULL, LANES},
    {"only", required_argument, NULL, ONLY},
    {"findings", required_argument, NULL, FINDINGS},
    {"keep", no_argument, NULL, KEEP},
    {"nosync", no_argument, NULL, NOSYNC},
    {"lies", no_argument, NULL, LIES},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static void read_options(int argc, char *argv[], struct settings *settings)
{
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;
		if (option == SECONDS)
			settings->seconds = (int64_t)number;
		else if (option == SEED)
			settings->seed = number;
		else if (option == LANES)
			settings->lanes = number < LANES_MAX ? (unsigned)number : LANES_MAX;
		else if (option == ONLY)
			settings->only = optarg;
		else if (option == FINDINGS)
			settings->findings = number;
		else if (option == KEEP)
			settings->keeps = true;
		else if (option == NOSYNC)
			settings->nosync = true;
		else if (option == LIES)
			settings->lies = true;
		else {
			fputs(usage, option == HELP ? stdout : stderr);
			exit(option == HELP ? 0 : 2);
		}
	}
}

static pid_t start_lane(const struct settings *settings, struct counts *counts, unsigned number,
                        const char *scratch, int64_t end_us)
{
	char name[32];
	snprintf(name, sizeof name, "%u", number);
	char *folder = scratch_path(scratch, name);
	if (mkdir(folder, 0700) != 0)
		abort();
	fflush(NULL);
	pid_t pid = fork();
	if (pid != 0) {
		free(folder);
		return pid;
	}
	struct lane lane;
	lane_init(&lane, settings, counts, number, folder, end_us);
	lane_run(&lane);
	lane_done(&lane);
	free(folder);
	exit(0);
}

#define TELL_US 60000000

static void tell(const struct counts *counts, int64_t left_us)
{
	printf("%4" PRId64 " s to go: %" PRIu64 " kills, %" PRIu64 " power cuts, %" PRIu64 " findings\n",
	       left_us / 1000000, counts->daemon_kills + counts->start_kills + counts->sender_kills,
	       counts->daemon_losses + counts->sender_losses, counts->findings);
	fflush(stdout);
}

/* Answers whether all ended well. */
static bool wait_for_lanes(const pid_t lanes[], unsigned count, const struct counts *counts, int64_t end_us)
{
	int64_t told_us = now_us();
	bool good = true;
	for (unsigned i = 0; i < count; i++) {
		int status;
		while (waitpid(lanes[i], &status, WNOHANG) == 0) {
			sleep_us(20000);
			if (now_us() - told_us < TELL_US)
				continue;
			told_us = now_us();
			tell(counts, end_us - told_us);
		}
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			continue;
		printf("lane %u did not end well: its status is %d\n", i, status);
		good = false;
	}
	return good;
}

static void print_counts(const struct counts *counts)
{
	printf("kills: %" PRIu64 ": %" PRIu64 " of the daemon under load, %" PRIu64
	       " while it started (%" PRIu64 " of these in an empty folder), %" PRIu64 " of senders\n",
	       counts->daemon_kills + counts->start_kills + counts->sender_kills, counts->daemon_kills,
	       counts->start_kills, counts->empty_kills, counts->sender_kills);
	printf("power cuts: %" PRIu64 ": %" PRIu64 " of the daemon (%" PRIu64
	       " of these in its first run), %" PRIu64 " of senders\n",
	       counts->daemon_losses + counts->sender_losses, counts->daemon_losses, counts->first_losses,
	       counts->sender_losses);
	printf("reports: %" PRIu64 ", %" PRIu64 " times asked again what had been acked\n", counts->reports,
	       counts->repetitions);
	printf("looked at: %" PRIu64 " worlds, %" PRIu64 " times all figures, %" PRIu64 " checks, %" PRIu64
	       " rebuilds\n",
	       counts->worlds, counts->figures, counts->checks, counts->rebuilds);
	printf("slowest restart: %.1f ms\n", (double)counts->slowest_start_us / 1000);
	printf("findings: %" PRIu64 "\n", counts->findings);
}

int main(int argc, char *argv[])
{
	const char *build = getenv("SUANPAN_BUILD");
	char path[PATH_MAX];
	struct settings settings = {.seconds = 20, .lanes = 2, .findings = 10};
	if (getrandom(&settings.seed, sizeof settings.seed, 0) < 0)
		abort();
	settings.seed %= 1000000000;
	read_options(argc, argv, &settings);
	settings.build = realpath(build ? build : "build/release", path);
	struct counts *counts =
	    mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!settings.build || counts == MAP_FAILED) {
		fprintf(stderr, "torture: %s: %s\n", build ? build : "build/release", strerror(errno));
		return 2;
	}
	char *scratch = scratch_new();
	pid_t lanes[LANES_MAX];
	printf("seed %" PRIu64 ", %u lanes, %" PRId64 " s\n", settings.seed, settings.lanes,
	       settings.seconds);
	int64_t end_us = now_us() + settings.seconds * 1000000;
	for (unsigned i = 0; i < settings.lanes; i++)
		lanes[i] = start_lane(&settings, counts, i, scratch, end_us);
	bool good = wait_for_lanes(lanes, settings.lanes, counts, end_us) && counts->findings == 0;
	print_counts(counts);
	if (good)
		scratch_free(scratch);
	else
		printf("what was found is kept in %s\n", scratch);
	return good ? 0 : 1;
}
