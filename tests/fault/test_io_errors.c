/* Every call that writes or syncs the store fails with EIO, one after the other: the daemon ends, what was acked is there, what
 * was not is there whole or not at all, and sent again it ends in the same store, to the byte. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/script.h"
#include <errno.h>

#define SYNCS (INJECT_BIT(INJECT_FSYNC) | INJECT_BIT(INJECT_FDATASYNC))

static int learn(void **state)
{
	static struct script script;
	script_init(&script);
	*state = &script;
	return 0;
}

static int forget(void **state)
{
	script_done(*state);
	return 0;
}

/* But for the seal: that is the last thing a daemon writes that was told to end. */
static void ends_at_once(struct script_outcome outcome)
{
	assert_int_equal(outcome.ended, !outcome.unsealed);
	assert_int_equal(outcome.postponed, 0);
}

static void an_error_once_ends_the_daemon_and_loses_nothing(void **state)
{
	struct script_sums sums = script_sweep(
	    *state, "EIO once", (struct inject_fault){.calls = INJECT_IO, .error = EIO}, ends_at_once);
	assert_true(sums.runs > 20);
	assert_int_equal(sums.ended + sums.unsealed, sums.runs);
	assert_true(sums.unknown > 0);
	assert_true(sums.unsealed > 0);
}

static void an_error_for_good_ends_the_daemon_and_loses_nothing(void **state)
{
	struct script_sums sums = script_sweep(
	    *state, "EIO from then on",
	    (struct inject_fault){.calls = INJECT_IO, .error = EIO, .forever = true}, ends_at_once);
	assert_int_equal(sums.ended + sums.unsealed, sums.runs);
}

/* Nothing of a commit counts before its pages are synced, so it is certain that it is not there. */
static void is_not_there(struct script_outcome outcome)
{
	ends_at_once(outcome);
	assert_false(outcome.landed);
	assert_false(outcome.unknown);
}

static void after_a_failed_sync_nothing_is_acked_and_the_process_ends(void **state)
{
	struct script_sums sums = script_sweep(
	    *state, "EIO of a sync", (struct inject_fault){.calls = SYNCS, .error = EIO}, is_not_there);
	assert_true(sums.runs > 5);
	script_sweep(*state, "EIO of all syncs",
	             (struct inject_fault){.calls = SYNCS, .error = EIO, .forever = true}, is_not_there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_error_once_ends_the_daemon_and_loses_nothing),
	    cmocka_unit_test(an_error_for_good_ends_the_daemon_and_loses_nothing),
	    cmocka_unit_test(after_a_failed_sync_nothing_is_acked_and_the_process_ends),
	};
	return cmocka_run_group_tests_name("io_errors", tests, learn, forget);
}
