#include "tests/torture/lane.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define ROUNDS       30
#define START_US     8000  /* a start takes about half of it */
#define LOAD_US      16000 /* at most; mostly less */
#define QUIET_CHANCE 4     /* percent of the rounds that end with a look */

/* Anywhere in the start: before the store is opened, while it is made or recovered, while a catalogue is adopted. */
static void kill_at_start(struct lane *lane)
{
	struct stat status;
	bool was_empty = lane->is_empty;
	sleep_us(random_below(&lane->random, START_US));
	talk_kill(lane, SIGKILL);
	lane->counts->start_kills++;
	lane->counts->empty_kills += was_empty;
	lane->is_empty = stat("state/store/data.mdb", &status) != 0;
}

static void note_start(struct lane *lane, int64_t us)
{
	uint64_t slowest = lane->counts->slowest_start_us;
	while ((uint64_t)us > slowest &&
	       !atomic_compare_exchange_weak(&lane->counts->slowest_start_us, &slowest, (uint64_t)us))
		;
}

/* Short times are as likely as long ones are rare. */
static int64_t random_load_us(struct lane *lane)
{
	return (int64_t)random_below(&lane->random, LOAD_US) * random_below(&lane->random, LOAD_US) / LOAD_US;
}

static void kill_under_load(struct lane *lane, int64_t started_us)
{
	if (!talk_wait_ready(lane))
		return;
	note_start(lane, now_us() - started_us);
	talk_connect(lane);
	lane->makes = true;
	talk_for(lane, random_load_us(lane));
	if (random_percent(&lane->random, QUIET_CHANCE) && !lane->failed) {
		for (unsigned i = 0; i < LANE_DISTRICTS; i++)
			if (!district_settle(lane, lane->districts[i]))
				return;
		look_at_daemon(lane, false, 4);
		for (unsigned i = 0; i < LANE_DISTRICTS; i++)
			district_resume(lane->districts[i]);
	}
	talk_kill(lane, SIGKILL);
	lane->counts->daemon_kills++;
	ledger_doubt(lane->ledger, false, &lane->random);
}

void kills_run(struct lane *lane)
{
	for (unsigned i = 0; i < ROUNDS && !lane->failed && !lane_is_over(lane); i++) {
		int64_t started_us = now_us();
		talk_start(lane);
		if (random_percent(&lane->random, 20))
			kill_at_start(lane);
		else
			kill_under_load(lane, started_us);
	}
}
