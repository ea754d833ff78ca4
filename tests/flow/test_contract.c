/* The contract of proto/suanpan.proto, said byte by byte to the real daemon: what it accepts, repeats and
 * refuses. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/envelope.h"
#include "tests/lib/daemon.h"
#include "tests/lib/peer.h"
#include "tests/lib/scratch.h"
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 20000

struct fixture {
	struct daemon daemon;
	struct peer intake, query;
};

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	const char *source = getenv("SUANPAN_SOURCE");
	char *catalogue = scratch_path(source ? source : ".", "config/catalogue");
	daemon_start(&fixture->daemon, scratch_new(), catalogue);
	free(catalogue);
	peer_open(&fixture->intake, fixture->daemon.intake);
	peer_open(&fixture->query, fixture->daemon.query);
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;
	peer_close(&fixture->intake);
	peer_close(&fixture->query);
	daemon_done(&fixture->daemon);
	free(fixture);
	return 0;
}

/* A good report: residents of Liwan. */
static struct peer_report good(uint64_t sequence, int64_t value)
{
	return (struct peer_report){.reporter = "liwan",
	                            .statistic = "resident_population",
	                            .area = "440103",
	                            .period = "2020",
	                            .value = value,
	                            .stream = 7,
	                            .sequence = sequence};
}

/* Sends, checks the outcome, and answers the commit. */
static uint64_t send_and_expect(struct fixture *fixture, struct peer_report report, Suanpan__Outcome outcome,
                                int repeated)
{
	Suanpan__Ack *ack = peer_report_one(&fixture->intake, &report);
	if (ack->outcome != outcome)
		print_message("reason: %s\n", ack->reason ? ack->reason : "none");
	assert_int_equal(ack->outcome, outcome);
	assert_int_equal(ack->sequence, report.sequence);
	assert_int_equal(ack->repeated_report, repeated);
	assert_int_equal(outcome == SUANPAN__OUTCOME__OUTCOME_ACCEPTED, ack->reason == NULL);
	uint64_t commit = ack->commit;
	suanpan__ack__free_unpacked(ack, NULL);
	return commit;
}

static uint64_t accept(struct fixture *fixture, struct peer_report report)
{
	return send_and_expect(fixture, report, SUANPAN__OUTCOME__OUTCOME_ACCEPTED, 0);
}

/* The figure of Liwan's residents for 2020, as the CLI prints it. */
static void expect_figure(struct fixture *fixture, const char *figure)
{
	static const char before[] = "\nresident_population,440103,2020,";
	char *out =
	    daemon_say(&fixture->daemon, "suanpan get resident_population --area 440103 --format csv");
	const char *at = strstr(out, before);
	assert_non_null(at);
	assert_memory_equal(at + strlen(before), figure, strlen(figure));
	free(out);
}

static void sending_twice_counts_once_and_answers_alike(void **state)
{
	struct fixture *fixture = *state;
	uint64_t commit = accept(fixture, good(1, 100));
	assert_int_equal(send_and_expect(fixture, good(1, 100), SUANPAN__OUTCOME__OUTCOME_ACCEPTED, 1),
	                 commit);
	daemon_kill(&fixture->daemon);
	daemon_restart(&fixture->daemon);
	assert_int_equal(send_and_expect(fixture, good(1, 100), SUANPAN__OUTCOME__OUTCOME_ACCEPTED, 1),
	                 commit);
	expect_figure(fixture, "100,");
}

static void the_same_sequence_with_other_bytes_is_a_conflict(void **state)
{
	struct fixture *fixture = *state;
	accept(fixture, good(1, 100));
	send_and_expect(fixture, good(1, 101), SUANPAN__OUTCOME__OUTCOME_CONFLICT, 0);
	expect_figure(fixture, "100,");
	accept(fixture, good(2, 101));
	expect_figure(fixture, "101,");
}

static void an_old_report_repeated_does_not_undo_its_correction(void **state)
{
	struct fixture *fixture = *state;
	accept(fixture, good(1, 100));
	accept(fixture, good(2, 200));
	send_and_expect(fixture, good(1, 100), SUANPAN__OUTCOME__OUTCOME_ACCEPTED, 1);
	expect_figure(fixture, "200,");
}

static void a_report_before_its_turn_is_asked_for_in_order(void **state)
{
	struct fixture *fixture = *state;
	struct peer_report third = good(3, 300);
	Suanpan__Ack *ack = peer_report_one(&fixture->intake, &third);
	assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_RESEND);
	assert_int_equal(ack->resend_from, 1);
	suanpan__ack__free_unpacked(ack, NULL);
	accept(fixture, good(1, 100));
	accept(fixture, good(2, 200));
	accept(fixture, good(3, 300));
	expect_figure(fixture, "300,");
}

static void a_declared_gap_is_passed_over_and_stays_closed(void **state)
{
	struct fixture *fixture = *state;
	struct peer_report fifth = good(5, 500);
	accept(fixture, good(1, 100));
	fifth.oldest = 5;
	accept(fixture, fifth);
	accept(fixture, good(6, 600));
	send_and_expect(fixture, good(3, 300), SUANPAN__OUTCOME__OUTCOME_CONFLICT, 0);
	expect_figure(fixture, "600,");
}

static void a_refused_report_names_its_rows_uses_its_sequence_and_answers_alike(void **state)
{
	struct fixture *fixture = *state;
	struct peer_report bad = good(1, 100);
	bad.statistic = "resident_populations";
	bad.period = "2020-13";
	bad.area = "440104";
	for (int time = 0; time < 2; time++) {
		Suanpan__Ack *ack = peer_report_one(&fixture->intake, &bad);
		assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_REFUSED);
		assert_int_equal(ack->repeated_report, time);
		assert_int_equal(ack->n_problem, 3);
		assert_int_equal(ack->problem[0]->reason, SUANPAN__REASON__REASON_UNKNOWN_STATISTIC);
		assert_non_null(strstr(ack->problem[0]->text, "'resident_population'"));
		assert_int_equal(ack->problem[1]->reason, SUANPAN__REASON__REASON_AREA_OUT_OF_SCOPE);
		assert_int_equal(ack->problem[2]->reason, SUANPAN__REASON__REASON_BAD_PERIOD);
		suanpan__ack__free_unpacked(ack, NULL);
	}
	accept(fixture, good(2, 100));
	char *out = daemon_say(&fixture->daemon, "suanpan status --format csv");
	assert_non_null(strstr(out, "\nrefused,1\n"));
	free(out);
}

struct refusal {
	const char *statistic, *area, *period;
	int64_t value;
	uint64_t decimals;
	Suanpan__Reason reason;
};

static void each_mistake_has_its_reason(void **state)
{
	static const struct refusal refusals[] = {
	    {"hospital_beds", "440103", "2020", 1, 0, SUANPAN__REASON__REASON_WRONG_FREQUENCY},
	    {"life_expectancy_at_birth", "440103", "2020", 829, 1, SUANPAN__REASON__REASON_WRONG_LEVEL},
	    {"resident_population", "440199", "2020", 1, 0, SUANPAN__REASON__REASON_UNKNOWN_AREA},
	    {"resident_population", "central", "2020", 1, 0, SUANPAN__REASON__REASON_AREA_OUT_OF_SCOPE},
	    {"resident_population", "440103", "2020", 15, 1, SUANPAN__REASON__REASON_TOO_MANY_DECIMALS},
	    {"resident_population", "440103", "20", 15, 0, SUANPAN__REASON__REASON_BAD_PERIOD},
	};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		struct peer_report bad = good(i + 1, refusals[i].value);
		bad.statistic = refusals[i].statistic;
		bad.area = refusals[i].area;
		bad.period = refusals[i].period;
		bad.decimals = refusals[i].decimals;
		Suanpan__Ack *ack = peer_report_one(&fixture->intake, &bad);
		assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_REFUSED);
		int found = 0;
		for (size_t j = 0; j < ack->n_problem; j++)
			found |= ack->problem[j]->reason == refusals[i].reason;
		if (!found)
			print_message("case %zu: %s\n", i,
			              ack->n_problem ? ack->problem[0]->text : ack->reason);
		assert_true(found);
		suanpan__ack__free_unpacked(ack, NULL);
	}
}

static void trailing_zeros_beyond_the_statistics_decimals_are_fine(void **state)
{
	struct fixture *fixture = *state;
	struct peer_report report = good(1, 12300);
	report.decimals = 2;
	accept(fixture, report);
	expect_figure(fixture, "123,");
}

static void an_unknown_reporter_leaves_no_trace(void **state)
{
	struct fixture *fixture = *state;
	struct peer_report stranger = good(1, 100);
	stranger.reporter = "atlantis";
	send_and_expect(fixture, stranger, SUANPAN__OUTCOME__OUTCOME_REFUSED, 0);
	char *out = daemon_say(&fixture->daemon, "suanpan status --format csv");
	assert_non_null(strstr(out, "\nrefused,0\n"));
	free(out);
}

static void a_newer_major_gets_a_clear_answer(void **state)
{
	static const uint8_t newer[] = {0x08, 0x02, 0xff, 0xff, 0x01};
	struct fixture *fixture = *state;
	peer_send(&fixture->intake, newer, sizeof newer);
	Suanpan__Ack *ack = peer_receive_ack(&fixture->intake, WAIT_MS);
	assert_non_null(ack);
	assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_UNSUPPORTED);
	assert_int_equal(ack->newest_major, 1);
	assert_non_null(strstr(ack->reason, "major"));
	suanpan__ack__free_unpacked(ack, NULL);
	peer_send(&fixture->query, newer, sizeof newer);
	Suanpan__Answer *answer = peer_receive_answer(&fixture->query, WAIT_MS);
	assert_non_null(answer);
	assert_int_equal(answer->failure->kind, SUANPAN__FAILURE_KIND__FAILURE_UNSUPPORTED);
	suanpan__answer__free_unpacked(answer, NULL);
}

static void nonsense_is_answered_and_two_frames_are_dropped(void **state)
{
	struct fixture *fixture = *state;
	peer_send(&fixture->intake, "nonsense", 8);
	Suanpan__Ack *ack = peer_receive_ack(&fixture->intake, WAIT_MS);
	assert_non_null(ack);
	assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_REFUSED);
	suanpan__ack__free_unpacked(ack, NULL);
	peer_send(&fixture->intake, "", 0);
	ack = peer_receive_ack(&fixture->intake, WAIT_MS);
	assert_non_null(ack);
	suanpan__ack__free_unpacked(ack, NULL);
	peer_send_two_frames(&fixture->intake, "nonsense", 8);
	accept(fixture, good(1, 100)); /* the next ack is this one's */
}

static void many_in_flight_are_answered_in_order(void **state)
{
	struct fixture *fixture = *state;
	enum { COUNT = 200 };
	for (uint64_t i = 1; i <= COUNT; i++) {
		struct peer_report report = good(i, (int64_t)i);
		void *bytes;
		size_t size;
		peer_pack(&report, &bytes, &size);
		peer_send(&fixture->intake, bytes, size);
		free(bytes);
	}
	for (uint64_t i = 1; i <= COUNT; i++) {
		Suanpan__Ack *ack = peer_receive_ack(&fixture->intake, WAIT_MS);
		assert_non_null(ack);
		assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
		assert_int_equal(ack->sequence, i);
		suanpan__ack__free_unpacked(ack, NULL);
	}
	expect_figure(fixture, "200,");
}

#define FLOW_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(sending_twice_counts_once_and_answers_alike),
	    FLOW_TEST(the_same_sequence_with_other_bytes_is_a_conflict),
	    FLOW_TEST(an_old_report_repeated_does_not_undo_its_correction),
	    FLOW_TEST(a_report_before_its_turn_is_asked_for_in_order),
	    FLOW_TEST(a_declared_gap_is_passed_over_and_stays_closed),
	    FLOW_TEST(a_refused_report_names_its_rows_uses_its_sequence_and_answers_alike),
	    FLOW_TEST(each_mistake_has_its_reason),
	    FLOW_TEST(trailing_zeros_beyond_the_statistics_decimals_are_fine),
	    FLOW_TEST(an_unknown_reporter_leaves_no_trace),
	    FLOW_TEST(a_newer_major_gets_a_clear_answer),
	    FLOW_TEST(nonsense_is_answered_and_two_frames_are_dropped),
	    FLOW_TEST(many_in_flight_are_answered_in_order),
	};
	return cmocka_run_group_tests_name("contract", tests, NULL, NULL);
}
