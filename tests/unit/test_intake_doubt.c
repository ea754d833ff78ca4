#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/intake/doubt.h"

#define FIGURES_MAX 16

/* ---- published ---- */

/* Leys et al. (2013), section 2: the median of this series is 7, its MAD 5.1891; with a threshold of three deviations what lies
 * below -8.57 or above 22.57 is an outlier. Here they are changes. */
static void the_published_series_has_its_published_bounds(void **state)
{
	static const int64_t series[] = {1, 3, 3, 6, 8, 10, 10, 1000};
	const struct doubt doubt = {.deviations = 300, .least = 8};
	int64_t figures[9] = {50};
	int128 scratch[9];
	struct doubt_range range;
	(void)state;
	for (size_t i = 0; i < 8; i++)
		figures[i + 1] = figures[i] + series[i];
	int64_t last = figures[8];
	assert_false(doubt_jump(&doubt, figures, 9, last + 22, scratch, &range));
	assert_int_equal(range.low, last - 8);
	assert_int_equal(range.high, last + 22);
	assert_true(doubt_jump(&doubt, figures, 9, last + 23, scratch, &range));
	assert_false(doubt_jump(&doubt, figures, 9, last - 8, scratch, &range));
	assert_true(doubt_jump(&doubt, figures, 9, last - 9, scratch, &range));
}

/* ---- jump ---- */

struct jump {
	const char *what;
	uint32_t deviations, margin, least;
	size_t count;
	int64_t figures[FIGURES_MAX], now;
	bool questioned;
};

static void a_jump_is_what_lies_beyond_its_own_changes(void **state)
{
	static const struct jump rows[] = {
	    {"the usual change", 600, 0, 4, 5, {100, 102, 103, 105, 106}, 108, false},
	    /* Changes 2 1 2 1: median 1.5, MAD 0.5, scale 0.7413, six of them 4.4478. */
	    {"the last change inside", 600, 0, 4, 5, {100, 102, 103, 105, 106}, 111, false},
	    {"the first one outside", 600, 0, 4, 5, {100, 102, 103, 105, 106}, 112, true},
	    {"and downwards", 600, 0, 4, 5, {100, 102, 103, 105, 106}, 104, false},
	    {"downwards outside", 600, 0, 4, 5, {100, 102, 103, 105, 106}, 103, true},
	    {"downwards further", 600, 0, 4, 5, {100, 102, 103, 105, 106}, 102, true},
	    {"a digit too many", 600, 100, 4, 5, {8891, 8893, 8894, 8895, 8897}, 88970, true},
	    {"a digit too few", 600, 100, 4, 5, {8891, 8893, 8894, 8895, 8897}, 889, true},
	    {"one change too few", 600, 0, 5, 5, {100, 102, 103, 105, 106}, 1000, false},
	    {"no history", 600, 0, 1, 0, {0}, 1000, false},
	    {"one figure is no change", 600, 0, 1, 1, {5}, 1000, false},
	    /* All changes the same: MAD is nothing, and six times one percent of the usual 1020 stands in for it. */
	    {"steady, within the margin", 600, 100, 4, 5, {1000, 1010, 1020, 1030, 1040}, 1111, false},
	    {"steady, beyond the margin", 600, 100, 4, 5, {1000, 1010, 1020, 1030, 1040}, 1112, true},
	    {"nothing moves, within", 600, 100, 4, 5, {1000, 1000, 1000, 1000, 1000}, 1060, false},
	    {"nothing moves, beyond", 600, 100, 4, 5, {1000, 1000, 1000, 1000, 1000}, 1061, true},
	    {"always nothing, then something", 600, 100, 4, 5, {0, 0, 0, 0, 0}, 7, false},
	    {"one wild change does not widen what is usual",
	     600,
	     0,
	     6,
	     7,
	     {100, 101, 103, 104, 9000, 9001, 9003},
	     9050,
	     true},
	    {"extremes", 100000, 100000, 2, 3, {INT64_MIN, INT64_MAX, INT64_MIN}, INT64_MAX, false},
	    {"extremes apart", 1, 0, 2, 3, {INT64_MAX, INT64_MAX - 1, INT64_MAX - 3}, INT64_MIN, true},
	};
	(void)state;
	unsigned wrong = 0;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct doubt doubt = {
		    .deviations = rows[i].deviations, .margin = rows[i].margin, .least = rows[i].least};
		int128 scratch[FIGURES_MAX];
		struct doubt_range range;
		bool questioned =
		    doubt_jump(&doubt, rows[i].figures, rows[i].count, rows[i].now, scratch, &range);
		if (questioned != rows[i].questioned)
			print_error("%s: %squestioned\n", rows[i].what, questioned ? "" : "not ");
		wrong += questioned != rows[i].questioned;
	}
	assert_int_equal(wrong, 0);
}

/* What is told as usual is what is not questioned, and nothing more. */
static void the_bounds_told_are_those_kept(void **state)
{
	(void)state;
	uint64_t random = 1;
	for (int round = 0; round < 2000; round++) {
		const struct doubt doubt = {
		    .deviations = 50 + round % 900, .margin = round % 300, .least = 3};
		int64_t figures[8];
		int128 scratch[8];
		struct doubt_range range, again;
		for (size_t i = 0; i < 8; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			figures[i] = (int64_t)(random >> 40) % 5000 - 1000;
		}
		if (!doubt_jump(&doubt, figures, 8, 1000000000, scratch, &range))
			continue;
		assert_false(doubt_jump(&doubt, figures, 8, range.low, scratch, &again));
		assert_true(doubt_jump(&doubt, figures, 8, range.low - 1, scratch, &again));
		assert_false(doubt_jump(&doubt, figures, 8, range.high, scratch, &again));
		assert_true(doubt_jump(&doubt, figures, 8, range.high + 1, scratch, &again));
	}
}

/* ---- unchanged ---- */

static void a_standstill_is_one_where_it_always_moved(void **state)
{
	static const struct jump rows[] = {
	    {"moved always, now not", 0, 0, 4, 5, {1, 2, 3, 2, 9}, 9, true},
	    {"moves on", 0, 0, 4, 5, {1, 2, 3, 2, 9}, 10, false},
	    {"back to an older one", 0, 0, 4, 5, {1, 2, 3, 2, 9}, 2, false},
	    {"had stood still before", 0, 0, 4, 5, {1, 2, 2, 3, 9}, 9, false},
	    {"too little history", 0, 0, 5, 5, {1, 2, 3, 2, 9}, 9, false},
	    {"none", 0, 0, 1, 0, {0}, 0, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct doubt doubt = {.least = rows[i].least};
		if (doubt_unchanged(&doubt, rows[i].figures, rows[i].count, rows[i].now) !=
		    rows[i].questioned)
			fail_msg("%s", rows[i].what);
	}
}

/* ---- peers ---- */

static void a_stranger_is_one_far_from_its_peers_per_head(void **state)
{
	/* Per 1000 of 100 200 300 400 500: 10 11 12 13 14. Median 12, MAD 1. */
	static const struct doubt_share peers[] = {
	    {1000, 100000}, {2200, 200000}, {3600, 300000}, {5200, 400000}, {7000, 500000}};
	static const struct {
		const char *what;
		uint32_t deviations, margin, least;
		struct doubt_share now;
		bool questioned;
	} rows[] = {
	    /* Six times 1.4826: 3.1044 to 20.8956 per 1000. */
	    {"inside", 600, 0, 5, {20895, 1000000}, false},
	    {"outside", 600, 0, 5, {20896, 1000000}, true},
	    {"inside below", 600, 0, 5, {3105, 1000000}, false},
	    {"outside below", 600, 0, 5, {3104, 1000000}, true},
	    {"the same per head of a small area", 600, 0, 5, {21, 1000}, true},
	    {"the margin is wider: 20 percent, three times", 300, 2000, 5, {19200, 1000000}, false},
	    {"and beyond it", 300, 2000, 5, {19201, 1000000}, true},
	    {"too few peers", 600, 0, 6, {900000, 1000000}, false},
	    {"extremes", 600, 0, 5, {INT64_MAX, 1}, true},
	    {"the other extreme", 600, 0, 5, {INT64_MIN, 1}, true},
	};
	int128 scratch[6];
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct doubt doubt = {
		    .deviations = rows[i].deviations, .margin = rows[i].margin, .least = rows[i].least};
		struct doubt_range range;
		if (doubt_peers(&doubt, peers, 5, rows[i].now, scratch, &range) != rows[i].questioned)
			fail_msg("%s", rows[i].what);
	}
}

static void peers_tell_what_was_to_be_expected(void **state)
{
	static const struct doubt_share peers[] = {
	    {1000, 100000}, {2200, 200000}, {3600, 300000}, {5200, 400000}, {7000, 500000}};
	const struct doubt doubt = {.deviations = 600, .least = 5};
	int128 scratch[6];
	struct doubt_range range;
	(void)state;
	assert_true(doubt_peers(&doubt, peers, 5, (struct doubt_share){90000, 1000000}, scratch, &range));
	assert_int_equal(range.low, 3105);
	assert_int_equal(range.high, 20895);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_published_series_has_its_published_bounds),
	    cmocka_unit_test(a_jump_is_what_lies_beyond_its_own_changes),
	    cmocka_unit_test(the_bounds_told_are_those_kept),
	    cmocka_unit_test(a_standstill_is_one_where_it_always_moved),
	    cmocka_unit_test(a_stranger_is_one_far_from_its_peers_per_head),
	    cmocka_unit_test(peers_tell_what_was_to_be_expected),
	};
	return cmocka_run_group_tests_name("intake_doubt", tests, NULL, NULL);
}
