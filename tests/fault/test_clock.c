/* The time of day jumps while reports come in, 400 days back and ten years ahead: nothing waits for it, nothing is decided by it but
 * the times that are printed, and those never go back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/daemon.h"
#include "tests/lib/little_city.h"
#include "tests/lib/peer.h"
#include "tests/lib/scratch.h"
#include "tests/lib/wound_clock.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define START    INT64_C(1700000000000) /* 2023-11-15 */
#define DAY      INT64_C(86400000)
#define BACK     (START - 400 * DAY)
#define AHEAD    (START + 3652 * DAY)
#define QUICK_MS 10000

struct fixture {
	struct daemon daemon;
	struct peer peer;
	struct wound_clock clock;
};

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	char *folder = scratch_new(), *catalogue = scratch_path(folder, "catalogue");
	assert_int_equal(mkdir(catalogue, 0700), 0);
	catalogue_free(little_city_load(catalogue));
	daemon_prepare(&fixture->daemon, folder, catalogue);
	wound_clock_init(&fixture->clock, folder);
	fixture->daemon.daemon_environment = fixture->clock.environment;
	wound_clock_set(&fixture->clock, START);
	daemon_restart(&fixture->daemon);
	peer_open(&fixture->peer, fixture->daemon.intake);
	free(catalogue);
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;
	peer_close(&fixture->peer);
	daemon_done(&fixture->daemon);
	wound_clock_done(&fixture->clock);
	free(fixture);
	return 0;
}

static struct peer_report beds(uint64_t sequence)
{
	return (struct peer_report){"north_office", "beds", "north", "2024-06", (int64_t)sequence * 10, 0, 7,
	                            sequence,       0};
}

static void send_one(struct fixture *fixture, uint64_t sequence)
{
	struct peer_report report = beds(sequence);
	void *bytes;
	size_t size;
	peer_pack(&report, &bytes, &size);
	peer_send(&fixture->peer, bytes, size);
	free(bytes);
}

static void expect_ack(struct fixture *fixture, uint64_t sequence)
{
	Suanpan__Ack *ack = peer_receive_ack(&fixture->peer, QUICK_MS);
	assert_non_null(ack);
	assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
	assert_int_equal(ack->sequence, sequence);
	suanpan__ack__free_unpacked(ack, NULL);
}

/* The current figure is the last one sent, and there are as many revisions as reports, in their order. */
static void expect_history(struct fixture *fixture, uint64_t count)
{
	char *out = daemon_say(&fixture->daemon, "suanpan history beds north 2024-06 --format csv"),
	     *line = out;
	char before[64] = "";
	for (uint64_t i = 1; i <= count; i++) {
		uint64_t revision, value;
		char time[64];
		line = strchr(line, '\n');
		assert_non_null(line);
		line++;
		assert_int_equal(
		    sscanf(line, "%" SCNu64 ",%" SCNu64 ",beds,A,%63[^,],", &revision, &value, time), 3);
		assert_int_equal(revision, i);
		assert_int_equal(value, i * 10);
		assert_true(strcmp(before, time) <= 0);
		memcpy(before, time, sizeof before);
	}
	free(out);
}

static void the_clock_may_jump_between_reports_and_restarts(void **state)
{
	static const int64_t jumps[] = {START, BACK, AHEAD, START + DAY, BACK - DAY, AHEAD + DAY, START};
	struct fixture *fixture = *state;
	uint64_t sequence = 0;
	for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
		wound_clock_set(&fixture->clock, jumps[i]);
		for (int j = 0; j < 3; j++) {
			send_one(fixture, ++sequence);
			expect_ack(fixture, sequence);
		}
		send_one(fixture, 1); /* the same as ever */
		expect_ack(fixture, 1);
		expect_history(fixture, sequence);
		if (i % 2)
			daemon_kill(&fixture->daemon);
		else
			assert_int_equal(daemon_stop(&fixture->daemon), 0);
		daemon_restart(&fixture->daemon);
		expect_history(fixture, sequence);
	}
}

static void the_clock_may_jump_in_the_middle_of_a_batch(void **state)
{
	enum { ROUNDS = 20, BATCH = 20 };
	static const int64_t jumps[] = {BACK, AHEAD, START};
	struct fixture *fixture = *state;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		for (uint64_t i = 1; i <= BATCH; i++) {
			send_one(fixture, round * BATCH + i);
			if (i % 7 == 0)
				wound_clock_set(&fixture->clock, jumps[(round + i / 7) % 3]);
		}
		for (uint64_t i = 1; i <= BATCH; i++)
			expect_ack(fixture, round * BATCH + i);
	}
	expect_history(fixture, ROUNDS * BATCH);
}

/* As of a moment before the jump everything is as it was then, whatever the clock did afterwards. */
static void the_past_stays_where_it_was(void **state)
{
	struct fixture *fixture = *state;
	send_one(fixture, 1);
	expect_ack(fixture, 1);
	wound_clock_set(&fixture->clock, AHEAD);
	send_one(fixture, 2);
	expect_ack(fixture, 2);
	wound_clock_set(&fixture->clock, BACK);
	send_one(fixture, 3);
	expect_ack(fixture, 3);
	char *out =
	    daemon_say(&fixture->daemon, "suanpan get beds --area north --format csv --as-of 2024-01-01");
	assert_non_null(strstr(out, "\nbeds,north,2024-06,10,"));
	free(out);
	out = daemon_say(&fixture->daemon, "suanpan get beds --area north --format csv");
	assert_non_null(strstr(out, "\nbeds,north,2024-06,30,"));
	free(out);
	out = daemon_log(&fixture->daemon);
	assert_non_null(strstr(out, "event=clock-behind"));
	free(out);
}

#define CLOCK_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CLOCK_TEST(the_clock_may_jump_between_reports_and_restarts),
	    CLOCK_TEST(the_clock_may_jump_in_the_middle_of_a_batch),
	    CLOCK_TEST(the_past_stays_where_it_was),
	};
	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
