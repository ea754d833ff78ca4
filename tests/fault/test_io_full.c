/* Every call that writes or syncs the store meets a full disk, is cut short, interrupted, or done and called an error, one after
 * the other: what was acked is there, what was not is there whole or not at all, and sent again it ends in the same store. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/script.h"
#include <errno.h>

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

/* The daemon that runs goes on, unless it was the meta page. One that was told to end ends without a seal. */
static void ends_only_if_unknown(struct script_outcome outcome)
{
	assert_int_equal(outcome.ended > 0, outcome.started > 0 || outcome.unknown);
	assert_true(outcome.ended > 0 || outcome.postponed > 0 || outcome.unsealed);
}

static void a_full_disk_is_waited_for(void **state)
{
	struct script_sums sums =
	    script_sweep(*state, "ENOSPC once", (struct inject_fault){.calls = INJECT_IO, .error = ENOSPC},
	                 ends_only_if_unknown);
	assert_true(sums.postponed > 10);
	sums = script_sweep(*state, "ENOSPC from then on",
	                    (struct inject_fault){.calls = INJECT_IO, .error = ENOSPC, .forever = true},
	                    ends_only_if_unknown);
	assert_true(sums.postponed > 10);
}

static void ends_at_once(struct script_outcome outcome)
{
	assert_int_equal(outcome.ended, !outcome.unsealed);
	assert_int_equal(outcome.postponed, 0);
}

static void ends_at_once_or_is_made_up_for(struct script_outcome outcome)
{
	assert_true(outcome.ended <= 1);
	assert_int_equal(outcome.postponed, 0);
}

/* LMDB gives up; the seal's writer, which is ours, goes on where it was cut short. */
static void a_short_write_is_an_error(void **state)
{
	const unsigned writes_of_seal = 3;
	struct inject_fault fault = {.calls = INJECT_WRITES, .manner = INJECT_SHORT};
	struct script_sums sums = script_sweep(*state, "short once", fault, ends_at_once_or_is_made_up_for);
	assert_int_equal(sums.ended, sums.runs - writes_of_seal);
	fault.forever = true;
	sums = script_sweep(*state, "short from then on", fault, ends_at_once_or_is_made_up_for);
	assert_int_equal(sums.ended, sums.runs - writes_of_seal);
}

static void what_was_done_and_called_an_error_is_done_once(void **state)
{
	script_sweep(*state, "late", (struct inject_fault){.calls = INJECT_IO, .manner = INJECT_LATE},
	             ends_at_once);
	struct script_sums sums = script_sweep(
	    *state, "late from then on",
	    (struct inject_fault){.calls = INJECT_IO, .manner = INJECT_LATE, .forever = true}, ends_at_once);
	assert_true(sums.landed > 5); /* the meta page was written, and putting it back failed */
}

static void is_not_noticed(struct script_outcome outcome)
{
	assert_int_equal(outcome.ended, 0);
	assert_int_equal(outcome.postponed, 0);
}

static void an_interrupted_write_is_written_again(void **state)
{
	script_sweep(*state, "EINTR", (struct inject_fault){.calls = INJECT_WRITES, .error = EINTR},
	             is_not_noticed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_disk_is_waited_for),
	    cmocka_unit_test(a_short_write_is_an_error),
	    cmocka_unit_test(what_was_done_and_called_an_error_is_done_once),
	    cmocka_unit_test(an_interrupted_write_is_written_again),
	};
	return cmocka_run_group_tests_name("io_full", tests, learn, forget);
}
