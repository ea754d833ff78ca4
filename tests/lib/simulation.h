/* The simulated city of clients/simulate, ready for tests: everything that follows from a seed. */
#ifndef SUANPAN_TESTS_LIB_SIMULATION_H
#define SUANPAN_TESTS_LIB_SIMULATION_H

#include "clients/simulate/diary.h"
#include <stdint.h>

struct simulated {
	struct catalogue *catalogue;
	struct past past;
	struct truth *truth;
	struct diary *diary;
};

/* Fails the test if it cannot be made. */
void simulated_init(struct simulated *simulated, uint64_t seed);
void simulated_done(struct simulated *simulated);

/* The native periods of a statistic from the first inside 2021 to the last inside 2025. */
struct period simulated_first(const struct simulated *simulated, uint32_t statistic);
struct period simulated_last(const struct simulated *simulated, uint32_t statistic);

#endif
