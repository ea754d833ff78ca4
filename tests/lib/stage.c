#include "tests/lib/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/endpoint.h"
#include "tests/lib/scratch.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void stage_init(struct stage *stage, uint64_t seed)
{
	char *folder = scratch_new(), *catalogue = scratch_path(getenv("SUANPAN_SOURCE"), "config/catalogue");
	*stage = (struct stage){.clock_file = scratch_path(folder, "clock")};
	simulated_init(&stage->city, seed);
	stage->clock = open(stage->clock_file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(stage->clock >= 0);
	assert_int_equal(play_wind(stage->clock, stage->city.diary->first_day, 0), 0);
	assert_true(asprintf(&stage->clock_word, "SUANPAN_CLOCK_FILE=%s", stage->clock_file) > 0);
	daemon_prepare(&stage->daemon, folder, catalogue);
	stage->environment[0] = stage->clock_word;
	stage->daemon.daemon_environment = stage->environment;
	stage->daemon.more = "--set look=0";
	daemon_restart(&stage->daemon);
	assert_int_equal(endpoint_context_new(&stage->context), 0);
	assert_int_equal(ask_open(stage->context, stage->daemon.query, NULL, &stage->ask), 0);
	stage->overseer = (struct overseer){.ask = stage->ask, .timeout_ms = STAGE_TIMEOUT_MS, .seed = seed};
	free(catalogue);
}

void stage_done(struct stage *stage)
{
	ask_close(stage->ask);
	endpoint_context_free(stage->context);
	daemon_done(&stage->daemon);
	close(stage->clock);
	free(stage->clock_file);
	free(stage->clock_word);
	simulated_done(&stage->city);
}

struct account stage_play(struct stage *stage, enum stage_cast cast, int32_t last_day)
{
	struct courier *courier;
	struct account account;
	assert_int_equal(courier_open(stage->context, stage->daemon.intake, STAGE_TIMEOUT_MS,
	                              stage->city.catalogue, stage->city.diary->seed, &courier),
	                 0);
	const struct play_settings settings = {
	    .diary = stage->city.diary,
	    .courier = courier,
	    .overseer = cast == STAGE_WITH_OPERATOR ? &stage->overseer : NULL,
	    .clock = stage->clock,
	    .last_day = last_day,
	    .evening = stage->evening,
	    .witness = stage->witness,
	};
	assert_int_equal(play(&settings, &account), 0);
	courier_close(courier);
	return account;
}
