/* A daemon with a hand-wound clock and an empty store, and the simulated city to be played into it. */
#ifndef SUANPAN_TESTS_LIB_STAGE_H
#define SUANPAN_TESTS_LIB_STAGE_H

#include "clients/simulate/play.h"
#include "tests/lib/daemon.h"
#include "tests/lib/simulation.h"

#define STAGE_TIMEOUT_MS 60000

struct stage {
	struct simulated city;
	struct daemon daemon;
	char *clock_file, *clock_word;
	const char *environment[2];
	int clock;
	void *context;
	struct ask *ask;
	struct overseer overseer; /* who has only counted yet */
	/* play_settings.evening; may be set before stage_play. */
	int (*evening)(void *witness, int32_t day);
	void *witness;
};

/* All of these fail the test if they cannot. */
void stage_init(struct stage *stage, uint64_t seed);
void stage_done(struct stage *stage);

enum stage_cast { STAGE_REPORTS_ONLY, STAGE_WITH_OPERATOR };
/* From the diary's first day up to that one; once. */
struct account stage_play(struct stage *stage, enum stage_cast cast, int32_t last_day);

#endif
