#include "tests/torture/lane.h"

#include "tests/lib/powerloss.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CUTS         3 /* one after the other, each in what the one before left */
#define IMAGES       5 /* of each cut, beside the one that is gone on with */
#define LOAD_US      24000
#define LONG_US      600000
#define LONG_PERCENT 8
#define LOG          "run/recorded"

static void give_up(const char *what)
{
	fprintf(stderr, "tests/torture/losses: %s: %s\n", what, strerror(errno));
	abort();
}

/* ---- the recorded run ---- */

/* Senders' reports are not part of it: what they have sent so far is acked. */
static bool settle_districts(struct lane *lane)
{
	if (lane->is_empty && ledger_reports(lane->ledger) == 0)
		return true;
	talk_start(lane);
	if (!talk_wait_ready(lane))
		return false;
	talk_connect(lane);
	lane->makes = false;
	for (unsigned i = 0; i < LANE_DISTRICTS; i++)
		if (!district_settle(lane, lane->districts[i]))
			return false;
	bool quiet = talk_until_quiet(lane);
	talk_kill(lane, SIGKILL);
	return quiet;
}

static void check_recorder(struct lane *lane, struct powerloss *loss)
{
	char *what;
	if (!powerloss_is_complete(loss, &what))
		lane_agrees(lane, "the recorder missed something", what);
}

/* Some runs end in the start, some with a stop; the rest is killed under load. */
static struct powerloss *run_recorded(struct lane *lane)
{
	unlink(LOG);
	struct powerloss *loss = powerloss_new("state");
	bool stopped = random_percent(&lane->random, 20);
	lane->log = LOG;
	lane->is_empty = false;
	talk_start(lane);
	if (random_percent(&lane->random, 20)) {
		sleep_us(random_below(&lane->random, 12000));
	} else if (talk_wait_ready(lane)) {
		talk_connect(lane);
		lane->makes = true;
		/* The archive gathers what it writes for a while: some runs are longer than that. */
		talk_for(lane, random_below(&lane->random,
		                            random_percent(&lane->random, LONG_PERCENT) ? LONG_US : LOAD_US));
		lane->makes = false;
		if (stopped)
			talk_stop(lane);
	}
	stopped = stopped && lane->daemon.pid == 0;
	talk_kill(lane, SIGKILL);
	lane->log = NULL;
	if (access(LOG, R_OK) != 0)
		close(creat(LOG, 0600)); /* it was killed before it could record anything */
	powerloss_read(loss, LOG);
	if (stopped && !lane->failed)
		check_recorder(lane, loss);
	return loss;
}

/* ---- what may be left of it ---- */

struct cut {
	struct powerloss *loss;
	struct ledger *ledger; /* as it was at the end of the recorded run */
	bool first;            /* the store was made in it */
};

/* Mostly at a sync: before it everything is open, behind it nothing may be. */
static size_t choose_moment(struct lane *lane, const struct powerloss *loss)
{
	size_t count = powerloss_count(loss), moment = random_below(&lane->random, (uint32_t)count + 1);
	if (random_percent(&lane->random, 30))
		return moment;
	while (moment < count && !powerloss_is_sync(loss, moment))
		moment++;
	return moment;
}

/* The image is in "image", its copy as it was found in "before", and lane->ledger as it stood. */
static void cut_power(struct lane *lane, const struct cut *cut)
{
	size_t moment = choose_moment(lane, cut->loss);
	uint64_t seed = ((uint64_t)random_below(&lane->random, UINT32_MAX) << 32) | lane->number;
	remove_folder("image");
	remove_folder("before");
	powerloss_image(cut->loss, moment, seed, "image");
	if (lane->settings->keeps)
		powerloss_image(cut->loss, moment, seed, "before");
	lane->ledger = ledger_fork(cut->ledger, powerloss_position(cut->loss, moment), true);
	ledger_settle(lane->ledger);
	ledger_doubt(lane->ledger, false, &lane->random);
	lane->counts->daemon_losses++;
	lane->counts->first_losses += cut->first;
}

static void look_at_image(struct lane *lane)
{
	lane->state = "image";
	if (random_percent(&lane->random, 20)) {
		talk_start(lane);
		sleep_us(random_below(&lane->random, 6000));
		talk_kill(lane, SIGKILL);
		lane->counts->start_kills++;
	}
	talk_start(lane);
	if (talk_wait_ready(lane)) {
		talk_connect(lane);
		bool good = look_at_daemon(lane, true, 3);
		if (good && random_percent(&lane->random, 25)) {
			talk_stop(lane);
			good = !lane->failed && look_at_store(lane, "image");
		}
		talk_kill(lane, SIGKILL);
	}
	lane->state = "state";
}

/* This is what there is from now on. */
static void go_on_with_image(void)
{
	remove_folder("state");
	if (rename("image", "state") != 0)
		give_up("rename");
}

static void cut_once(struct lane *lane)
{
	struct cut cut = {.first = lane->is_empty};
	cut.loss = run_recorded(lane);
	cut.ledger = lane->ledger;
	for (unsigned i = 0; i < IMAGES && !lane->failed && !lane_is_over(lane); i++) {
		cut_power(lane, &cut);
		look_at_image(lane);
		ledger_free(lane->ledger);
		lane->ledger = cut.ledger;
	}
	if (!lane->failed) {
		cut_power(lane, &cut);
		ledger_free(cut.ledger);
		go_on_with_image();
	}
	powerloss_free(cut.loss);
}

void losses_run(struct lane *lane)
{
	struct district *districts[LANE_DISTRICTS];
	if (!settle_districts(lane))
		return;
	memcpy(districts, lane->districts, sizeof districts);
	memset(lane->districts, 0, sizeof lane->districts);
	for (unsigned i = 0; i < CUTS && !lane->failed && !lane_is_over(lane); i++)
		cut_once(lane);
	memcpy(lane->districts, districts, sizeof districts);
	for (unsigned i = 0; i < LANE_DISTRICTS; i++)
		district_resume(lane->districts[i]);
}
