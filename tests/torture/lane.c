#include "tests/torture/lane.h"

#include "tests/lib/little_city.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define OWN_STREAMS 4
#define REPORTS_MAX 3000 /* of a world */

static void give_up(const char *what)
{
	fprintf(stderr, "tests/torture/lane: %s: %s\n", what, strerror(errno));
	abort();
}

/* ---- findings ---- */

/* What is needed to look at it later is moved out of the way. */
static void keep_evidence(const struct lane *lane, uint64_t number)
{
	static const char *const names[] = {"state",  "image",   "before",  "run",
	                                    "ledger", "spool-0", "spool-1", "cut"};
	char folder[64], target[192];
	snprintf(folder, sizeof folder, "finding-%" PRIu64, number);
	mkdir(folder, 0700);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(target, sizeof target, "%s/%s", folder, names[i]);
		rename(names[i], target);
	}
	mkdir("run", 0700);
	printf("  kept in %s/%s\n", lane->folder, folder);
}

void lane_find(struct lane *lane, const char *format, ...)
{
	char text[8192];
	va_list arguments;
	if (lane->failed)
		return; /* one thing leads to another */
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	lane->failed = true;
	uint64_t number = lane->finding = ++lane->counts->findings;
	printf("FINDING %" PRIu64 " (lane %u, seed %" PRIu64 "): %s\n", number, lane->number,
	       lane->settings->seed, text);
	fflush(stdout);
}

bool lane_agrees(struct lane *lane, const char *when, char *complaint)
{
	if (!complaint)
		return true;
	lane_find(lane, "%s: %s", when, complaint);
	free(complaint);
	return false;
}

/* ---- worlds ---- */

static void add_streams(struct lane *lane)
{
	for (unsigned i = 0; i < OWN_STREAMS; i++) {
		uint8_t name[LEDGER_STREAM_SIZE];
		for (size_t j = 0; j < sizeof name; j++)
			name[j] = (uint8_t)random_below(&lane->random, 256);
		ledger_stream(lane->ledger, i % 2 == 0 ? "north_office" : "south_office", name, true);
	}
}

void lane_begin_world(struct lane *lane)
{
	static const char *const names[] = {"state", "image", "before", "cut", "spool-0", "spool-1"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		remove_folder(names[i]);
	if (mkdir("state", 0700) != 0)
		give_up("state");
	lane->state = "state";
	lane->is_empty = true;
	lane->failed = false;
	lane->ledger = ledger_new("ledger");
	add_streams(lane);
	for (unsigned i = 0; i < LANE_DISTRICTS; i++)
		lane->districts[i] = district_new(lane, i);
	lane->counts->worlds++;
}

static void bury_world(struct lane *lane)
{
	for (unsigned i = 0; i < LANE_DISTRICTS; i++) {
		district_kill(lane, lane->districts[i]);
		district_free(lane->districts[i]);
		lane->districts[i] = NULL;
	}
	talk_kill(lane, SIGKILL);
	ledger_free(lane->ledger);
	lane->ledger = NULL;
	lane->log = NULL;
	if (lane->failed)
		keep_evidence(lane, lane->finding);
}

static bool settle_districts(struct lane *lane)
{
	bool settled = true;
	for (unsigned i = 0; i < LANE_DISTRICTS && settled; i++)
		settled = district_settle(lane, lane->districts[i]);
	return settled;
}

/* Everything is asked again, every figure looked at, the store checked and built anew. */
static void look_back(struct lane *lane)
{
	talk_start(lane);
	if (!talk_wait_ready(lane))
		return;
	talk_connect(lane);
	lane->makes = false;
	if (!settle_districts(lane) || !talk_until_quiet(lane))
		return;
	if (lane->settings->lies)
		ledger_lie(lane->ledger, 0, &lane->random);
	talk_doubt(lane, true);
	if (!look_at_daemon(lane, false, 25))
		return;
	talk_stop(lane);
	if (!lane->failed)
		look_at_store(lane, lane->state);
}

void lane_end_world(struct lane *lane)
{
	if (!lane->failed)
		look_back(lane);
	bury_world(lane);
}

/* ---- the lane ---- */

/* The other city's reporters go by another name: adopting it writes, and moves no figure. */
static void write_other_city(const char *folder)
{
	static const char text[] =
	    "reporters:\n"
	    "  - {code: north_office, names: {en: North, zh_hans: North, zh_hant: North}, areas: [north],\n"
	    "     statistics: [all]}\n"
	    "  - {code: south_office, names: {en: South, zh_hans: South, zh_hant: South}, areas: [south],\n"
	    "     statistics: [all]}\n";
	char *path = scratch_path(folder, "reporters.yaml");
	scratch_write(path, text, strlen(text));
	free(path);
}

void lane_init(struct lane *lane, const struct settings *settings, struct counts *counts, unsigned number,
               const char *folder, int64_t end_us)
{
	*lane = (struct lane){.settings = settings,
	                      .counts = counts,
	                      .number = number,
	                      .random = {.state = settings->seed + 1000003 * number},
	                      .end_us = end_us,
	                      .daemon = {.output = -1}};
	lane->folder = realpath(folder, NULL);
	if (!lane->folder || chdir(lane->folder) != 0 || mkdir("run", 0700) != 0 ||
	    mkdir("city-0", 0700) != 0 || mkdir("city-1", 0700) != 0)
		give_up(folder);
	catalogue_free(little_city_load("city-0"));
	catalogue_free(little_city_load("city-1"));
	write_other_city("city-1");
	lane->zmq_context = zmq_ctx_new();
	if (!lane->zmq_context)
		give_up("zmq_ctx_new");
}

void lane_done(struct lane *lane)
{
	zmq_ctx_term(lane->zmq_context);
	free(lane->sent);
	free(lane->due_sent);
	free(lane->folder);
}

bool lane_is_over(const struct lane *lane)
{
	return now_us() > lane->end_us || lane->counts->findings >= lane->settings->findings;
}

static const struct {
	const char *name;
	void (*run)(struct lane *lane);
	unsigned percent;
} troubles[] = {{"kills", kills_run, 74}, {"losses", losses_run, 17}, {"spools", spools_run, 9}};

static void trouble(struct lane *lane)
{
	uint32_t draw = random_below(&lane->random, 100);
	for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
		bool is_it = lane->settings->only ? strcmp(lane->settings->only, troubles[i].name) == 0
		                                  : draw < troubles[i].percent;
		if (is_it) {
			troubles[i].run(lane);
			return;
		}
		draw -= troubles[i].percent;
	}
}

void lane_run(struct lane *lane)
{
	while (!lane_is_over(lane)) {
		uint32_t sessions = 2 + random_below(&lane->random, 5);
		lane_begin_world(lane);
		while (sessions-- > 0 && !lane->failed && !lane_is_over(lane) &&
		       ledger_reports(lane->ledger) < REPORTS_MAX)
			trouble(lane);
		lane_end_world(lane);
	}
}
