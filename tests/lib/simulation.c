#include "tests/lib/simulation.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "clients/simulate/trend.h"
#include "tests/lib/scratch.h"
#include <stdlib.h>

static char *in_source(const char *name)
{
	const char *source = getenv("SUANPAN_SOURCE");
	return scratch_path(source ? source : ".", name);
}

void simulated_init(struct simulated *simulated, uint64_t seed)
{
	char *catalogue = in_source("config/catalogue"), *past = in_source("config/demo/2020");
	*simulated = (struct simulated){0};
	assert_int_equal(catalogue_load(catalogue, stderr, &simulated->catalogue), 0);
	assert_int_equal(past_read(simulated->catalogue, past, &simulated->past), 0);
	assert_int_equal(truth_new(simulated->catalogue, &simulated->past, seed, &simulated->truth), 0);
	assert_int_equal(
	    diary_new(simulated->truth, simulated->catalogue, &simulated->past, seed, &simulated->diary), 0);
	free(catalogue);
	free(past);
}

void simulated_done(struct simulated *simulated)
{
	diary_free(simulated->diary);
	truth_free(simulated->truth);
	past_done(&simulated->past);
	catalogue_free(simulated->catalogue);
}

struct period simulated_first(const struct simulated *simulated, uint32_t statistic)
{
	return period_first_inside(period_make(PERIOD_ANNUAL, TREND_FIRST_YEAR, 0),
	                           simulated->catalogue->statistics[statistic].frequency);
}

struct period simulated_last(const struct simulated *simulated, uint32_t statistic)
{
	return period_last_inside(period_make(PERIOD_ANNUAL, TREND_LAST_YEAR, 0),
	                          simulated->catalogue->statistics[statistic].frequency);
}
