/* A short torture, and what shows that it bites: without syncs it must find what the power took, and a false ack must not pass. See
 * tests/torture/lane.h; `make torture SECONDS=600` is the long one. */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SECONDS "8"
#else
#define SECONDS "20"
#endif

struct run {
	int status;
	char said[65536];
};

static struct run *torture(const char *options)
{
	static struct run run;
	const char *build = getenv("SUANPAN_BUILD");
	char command[512];
	snprintf(command, sizeof command, "%s/torture %s 2>&1", build ? build : "build/release", options);
	fflush(NULL);
	FILE *pipe = popen(command, "re");
	assert_non_null(pipe);
	size_t size = fread(run.said, 1, sizeof run.said - 1, pipe);
	run.said[size] = '\0';
	run.status = pclose(pipe);
	print_message("torture %s\n%s", options, run.said);
	return &run;
}

/* The number before these words. */
static uint64_t count_of(const struct run *run, const char *words)
{
	uint64_t count = 0;
	const char *at = strstr(run->said, words);
	assert_non_null(at);
	assert_true(at > run->said && at[-1] == ' ');
	at--;
	while (at > run->said && at[-1] >= '0' && at[-1] <= '9')
		at--;
	assert_int_equal(sscanf(at, "%" SCNu64, &count), 1);
	return count;
}

static void kills_and_power_cuts_lose_nothing(void **state)
{
	(void)state;
	const struct run *run = torture("--seconds " SECONDS);
	assert_int_equal(run->status, 0);
	assert_non_null(strstr(run->said, "\nfindings: 0\n"));
	assert_true(count_of(run, "of the daemon under load") > 0);
	assert_true(count_of(run, "while it started") > 0);
	assert_true(count_of(run, "of senders\n") > 0);
	assert_true(count_of(run, "times asked again") > 0);
	assert_true(count_of(run, "checks") > 0);
	assert_true(count_of(run, "rebuilds") > 0);
}

static void power_cuts_of_the_daemon_lose_nothing(void **state)
{
	(void)state;
	const struct run *run = torture("--seconds 4 --only losses");
	assert_int_equal(run->status, 0);
	assert_true(count_of(run, "of the daemon (") > 0);
	assert_true(count_of(run, "of these in its first run") > 0);
}

static void power_cuts_of_senders_lose_nothing(void **state)
{
	(void)state;
	const struct run *run = torture("--seconds 3 --only spools");
	assert_int_equal(run->status, 0);
	assert_non_null(strstr(run->said, "0 of the daemon (0 of these in its first run), "));
}

/* The simulator would be worth nothing if it found nothing here. */
static void without_syncs_the_daemon_loses_what_it_acked(void **state)
{
	(void)state;
	const struct run *run = torture("--seconds 30 --only losses --nosync --findings 2");
	assert_true(WIFEXITED(run->status) && WEXITSTATUS(run->status) == 1);
	assert_non_null(strstr(run->said, "FINDING 1 "));
}

static void without_syncs_a_sender_loses_its_spool(void **state)
{
	(void)state;
	const struct run *run = torture("--seconds 30 --only spools --nosync --findings 2");
	assert_true(WIFEXITED(run->status) && WEXITSTATUS(run->status) == 1);
	assert_non_null(strstr(run->said, "after a power cut"));
}

static void a_false_ack_does_not_pass(void **state)
{
	(void)state;
	const struct run *run = torture("--seconds 1 --lanes 1 --only kills --lies --findings 1");
	assert_true(WIFEXITED(run->status) && WEXITSTATUS(run->status) == 1);
	assert_non_null(strstr(run->said, "it was acked in commit 1, entry 1, and is now decided anew"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kills_and_power_cuts_lose_nothing),
	    cmocka_unit_test(power_cuts_of_the_daemon_lose_nothing),
	    cmocka_unit_test(power_cuts_of_senders_lose_nothing),
	    cmocka_unit_test(without_syncs_the_daemon_loses_what_it_acked),
	    cmocka_unit_test(without_syncs_a_sender_loses_its_spool),
	    cmocka_unit_test(a_false_ack_does_not_pass),
	};
	return cmocka_run_group_tests_name("torture", tests, NULL, NULL);
}
