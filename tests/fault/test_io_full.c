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

/* The daemon that runs goes on, unless it was the meta page. */
static void ends_only_if_unknown(struct script_outcome outcome)
{
	assert_int_equal(outcome.ended > 0, outcome.started > 0 || outcome.unknown);
	assert_true(outcome.ended > 0 || outcome.postponed > 0);
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
	assert_int_equal(outcome.ended, 1);
	assert_int_equal(outcome.postponed, 0);
}

static void a_short_write_is_an_error(void **state)
{
	script_sweep(*state, "short once",
	             (struct inject_fault){.calls = INJECT_WRITES, .manner = INJECT_SHORT}, ends_at_once);
	script_sweep(*state, "short from then on",
	             (struct inject_fault){.calls = INJECT_WRITES, .manner = INJECT_SHORT, .forever = true},
	             ends_at_once);
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
