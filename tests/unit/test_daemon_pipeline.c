#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/pipeline.h"
#include "daemon/store/write.h"
#include "proto/envelope.h"
#include "tests/lib/adopt.h"
#include "tests/lib/little_city.h"
#include "tests/lib/peer.h"
#include "tests/lib/scratch.h"
#include <stdlib.h>
#include <string.h>

#define ACCEPTED    SUANPAN__OUTCOME__OUTCOME_ACCEPTED
#define REFUSED     SUANPAN__OUTCOME__OUTCOME_REFUSED
#define CONFLICT    SUANPAN__OUTCOME__OUTCOME_CONFLICT
#define RESEND      SUANPAN__OUTCOME__OUTCOME_RESEND
#define UNSUPPORTED SUANPAN__OUTCOME__OUTCOME_UNSUPPORTED

enum { GROUP_MAX = 16 };

struct fixture {
	char *folder, *path;
	struct catalogue *catalogue;
	struct store *store;
	struct reception *reception;
	struct writer *writer;
	/* The group being made, then what came of it. */
	struct passage *passages[GROUP_MAX];
	Suanpan__Ack *acks[GROUP_MAX];
	size_t count;
	const struct changed_value *changed;
	size_t changed_count;
};

static void open_all(struct fixture *fixture)
{
	assert_int_equal(store_open(fixture->path, &fixture->store), 0);
	adopt_catalogue(fixture->store, fixture->catalogue, "one", 1000);
	assert_int_equal(reception_new(fixture->catalogue, &fixture->reception), 0);
	assert_int_equal(writer_new(fixture->catalogue, fixture->store, &fixture->writer), 0);
}

static void close_all(struct fixture *fixture)
{
	writer_free(fixture->writer);
	reception_free(fixture->reception);
	store_close(fixture->store);
}

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "store");
	fixture->catalogue = little_city_load(fixture->folder);
	open_all(fixture);
	*state = fixture;
	return 0;
}

static void forget_group(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->count; i++) {
		passage_free(fixture->passages[i]);
		if (fixture->acks[i])
			suanpan__ack__free_unpacked(fixture->acks[i], NULL);
		fixture->acks[i] = NULL;
	}
	fixture->count = 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	forget_group(fixture);
	close_all(fixture);
	catalogue_free(fixture->catalogue);
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

/* Beds of North in June 2024. */
static struct peer_report beds(uint64_t sequence, int64_t value)
{
	return (struct peer_report){.reporter = "north_office",
	                            .statistic = "beds",
	                            .area = "north",
	                            .period = "2024-06",
	                            .value = value,
	                            .stream = 7,
	                            .sequence = sequence};
}

static struct peer_report people(uint64_t sequence, int64_t value)
{
	struct peer_report report = beds(sequence, value);
	report.statistic = "people";
	report.period = "2023"; /* the last before June 2024 */
	return report;
}

static struct peer_report bad(uint64_t sequence)
{
	struct peer_report report = beds(sequence, 1);
	report.area = "south";
	return report;
}

static struct peer_report with_oldest(struct peer_report report, uint64_t oldest)
{
	report.oldest = oldest;
	return report;
}

static int receive_bytes(struct fixture *fixture, const void *bytes, size_t size)
{
	struct passage *passage = calloc(1, sizeof *passage);
	assert_true(fixture->count < GROUP_MAX);
	passage->payload = malloc(size > 0 ? size : 1);
	memcpy(passage->payload, bytes, size);
	passage->payload_size = size;
	fixture->passages[fixture->count++] = passage;
	return pipeline_receive(fixture->reception, passage);
}

static void receive(struct fixture *fixture, struct peer_report report)
{
	void *bytes;
	size_t size;
	peer_pack(&report, &bytes, &size);
	assert_int_equal(receive_bytes(fixture, bytes, size), 0);
	free(bytes);
}

static Suanpan__Ack *unpack_ack(const struct passage *passage)
{
	assert_non_null(passage->ack);
	assert_true(passage->ack_size <= ENVELOPE_ANSWER_MAX);
	Suanpan__Ack *ack = suanpan__ack__unpack(NULL, passage->ack_size, passage->ack);
	assert_non_null(ack);
	assert_int_equal(ack->major, ENVELOPE_MAJOR);
	return ack;
}

/* Decides what was received; every passage gets an ack of its own name. */
static void decide(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->count; i++)
		fixture->passages[i]->mail.next =
		    i + 1 < fixture->count ? &fixture->passages[i + 1]->mail : NULL;
	assert_int_equal(pipeline_decide(fixture->writer, &fixture->passages[0]->mail, 5000, true,
	                                 &fixture->changed, &fixture->changed_count),
	                 0);
	for (size_t i = 0; i < fixture->count; i++) {
		fixture->acks[i] = unpack_ack(fixture->passages[i]);
		assert_int_equal(fixture->acks[i]->sequence, fixture->passages[i]->name.sequence);
		assert_memory_equal(fixture->acks[i]->stream.data, fixture->passages[i]->name.stream,
		                    REPORT_STREAM_SIZE);
	}
}

static Suanpan__Ack *decide_one(struct fixture *fixture, struct peer_report report)
{
	forget_group(fixture);
	receive(fixture, report);
	decide(fixture);
	return fixture->acks[0];
}

static struct store_summary summary_of(struct fixture *fixture)
{
	struct snapshot *snapshot;
	struct store_summary summary;
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	assert_int_equal(snapshot_summary(snapshot, &summary), 0);
	snapshot_close(snapshot);
	return summary;
}

static int64_t beds_now(struct fixture *fixture)
{
	struct snapshot *snapshot;
	struct revision *revisions;
	size_t count;
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	assert_int_equal(snapshot_revisions(snapshot, fixture->catalogue->statistics[BEDS].id,
	                                    fixture->catalogue->areas[NORTH].id,
	                                    period_make(PERIOD_MONTH, 2024, 5), &revisions, &count),
	                 0);
	int64_t value = count > 0 ? revisions[count - 1].value : -1;
	free(revisions);
	snapshot_close(snapshot);
	return value;
}

static void expect(const Suanpan__Ack *ack, Suanpan__Outcome outcome, int repeated)
{
	if (ack->outcome != outcome)
		print_message("reason: %s\n", ack->reason ? ack->reason : "none");
	assert_int_equal(ack->outcome, outcome);
	assert_int_equal(ack->repeated_report, repeated);
	assert_int_equal(outcome == ACCEPTED, ack->reason == NULL);
	assert_int_equal(ack->has_commit, outcome == ACCEPTED || outcome == REFUSED);
	assert_int_equal(ack->has_entry, outcome == ACCEPTED);
	assert_int_equal(ack->has_resend_from, outcome == RESEND);
}

/* ---- one group */

static void a_group_is_one_commit_with_an_ack_for_each(void **state)
{
	struct fixture *fixture = *state;
	receive(fixture, beds(1, 10));
	receive(fixture, people(2, 2000));
	receive(fixture, beds(3, 12));
	decide(fixture);
	for (size_t i = 0; i < 3; i++) {
		expect(fixture->acks[i], ACCEPTED, 0);
		assert_int_equal(fixture->acks[i]->commit, 2); /* 1 gave the names */
		assert_int_equal(fixture->acks[i]->entry, 2 + i);
	}
	assert_int_equal(summary_of(fixture).commit, 2);
	assert_int_equal(beds_now(fixture), 12);
}

/* 1000 * 12 / 2000, from June on for as long as the beds are carried. */
static void what_changed_is_told_once_with_its_last_value(void **state)
{
	struct fixture *fixture = *state;
	size_t june = 0, told_of_beds = 0;
	receive(fixture, beds(1, 10));
	receive(fixture, people(2, 2000));
	receive(fixture, beds(3, 12));
	decide(fixture);
	for (size_t i = 0; i < fixture->changed_count; i++) {
		const struct changed_value *changed = &fixture->changed[i];
		assert_int_equal(changed->value.commit, 2);
		if (changed->area != NORTH || changed->period.code != period_make(PERIOD_MONTH, 2024, 5).code)
			continue;
		if (changed->is_statistic) {
			assert_int_equal(changed->which, BEDS);
			assert_int_equal(changed->value.units, 12);
			told_of_beds++;
			continue;
		}
		june++;
		assert_int_equal(changed->value.state, VALUE_PRESENT);
		assert_int_equal(changed->value.units, 600);
	}
	assert_int_equal(june, 1);
	assert_int_equal(told_of_beds, 1);
	expect(decide_one(fixture, beds(4, 12)), ACCEPTED, 0);
	assert_int_equal(fixture->changed_count, 0); /* the same figure again */
	expect(decide_one(fixture, beds(4, 12)), ACCEPTED, 1);
	assert_int_equal(fixture->changed_count, 0);
}

static void a_report_twice_in_one_group_counts_once(void **state)
{
	struct fixture *fixture = *state;
	receive(fixture, beds(1, 10));
	receive(fixture, beds(1, 10));
	receive(fixture, beds(2, 11));
	receive(fixture, beds(1, 10));
	decide(fixture);
	expect(fixture->acks[0], ACCEPTED, 0);
	expect(fixture->acks[1], ACCEPTED, 1);
	expect(fixture->acks[2], ACCEPTED, 0);
	expect(fixture->acks[3], ACCEPTED, 1);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(fixture->acks[i]->entry, i == 2 ? 3 : 2);
	assert_int_equal(beds_now(fixture), 11);
	assert_int_equal(summary_of(fixture).entries, 3);
}

static void other_bytes_under_the_same_name_in_one_group_conflict(void **state)
{
	struct fixture *fixture = *state;
	receive(fixture, beds(1, 10));
	receive(fixture, beds(1, 99));
	receive(fixture, bad(1));
	decide(fixture);
	expect(fixture->acks[0], ACCEPTED, 0);
	expect(fixture->acks[1], CONFLICT, 0);
	expect(fixture->acks[2], CONFLICT, 0); /* refused by itself, but the name was taken */
	assert_int_equal(beds_now(fixture), 10);
	assert_int_equal(summary_of(fixture).refused, 0);
}

static void refused_and_accepted_ones_do_not_disturb_each_other(void **state)
{
	struct fixture *fixture = *state;
	receive(fixture, beds(1, 10));
	receive(fixture, bad(2));
	receive(fixture, bad(2));
	receive(fixture, beds(3, 12));
	decide(fixture);
	expect(fixture->acks[0], ACCEPTED, 0);
	expect(fixture->acks[1], REFUSED, 0);
	expect(fixture->acks[2], REFUSED, 1);
	expect(fixture->acks[3], ACCEPTED, 0);
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(fixture->acks[i]->commit, 2);
		assert_int_equal(fixture->acks[i]->n_problem, 1);
		assert_int_equal(fixture->acks[i]->problem[0]->row, 0);
		assert_string_equal(fixture->acks[i]->reason, "1 problem in 1 observations");
	}
	assert_int_equal(beds_now(fixture), 12);
	assert_int_equal(summary_of(fixture).refused, 1);
	assert_int_equal(summary_of(fixture).entries, 4); /* a refusal is in the journal, too */
}

static void a_missing_one_is_asked_for_until_it_comes_or_is_given_up(void **state)
{
	struct fixture *fixture = *state;
	receive(fixture, beds(1, 10));
	receive(fixture, beds(3, 30));                 /* 2 is missing */
	receive(fixture, with_oldest(beds(4, 40), 3)); /* 3 is still held: it is not 4's turn */
	receive(fixture, with_oldest(beds(3, 31), 3)); /* 2 is held no longer */
	receive(fixture, beds(4, 40));
	receive(fixture, beds(2, 20)); /* in the gap */
	decide(fixture);
	expect(fixture->acks[0], ACCEPTED, 0);
	expect(fixture->acks[1], RESEND, 0);
	assert_int_equal(fixture->acks[1]->resend_from, 2);
	assert_string_equal(fixture->acks[1]->reason, "sequence 2 is expected next, not 3");
	expect(fixture->acks[2], RESEND, 0);
	assert_int_equal(fixture->acks[2]->resend_from, 2);
	expect(fixture->acks[3], ACCEPTED, 0); /* RESEND had left no trace of the other 3 */
	expect(fixture->acks[4], ACCEPTED, 0);
	expect(fixture->acks[5], CONFLICT, 0);
	assert_int_equal(beds_now(fixture), 40);
}

static void a_refusal_out_of_turn_is_not_decided(void **state)
{
	struct fixture *fixture = *state;
	expect(decide_one(fixture, bad(2)), RESEND, 0);
	assert_int_equal(fixture->acks[0]->n_problem, 0);
	assert_int_equal(summary_of(fixture).refused, 0);
	expect(decide_one(fixture, beds(1, 10)), ACCEPTED, 0);
	expect(decide_one(fixture, bad(2)), REFUSED, 0);
}

static void streams_and_reporters_count_for_themselves(void **state)
{
	struct fixture *fixture = *state;
	struct peer_report other_stream = beds(1, 11), other_reporter = beds(1, 12);
	other_stream.stream = 8;
	other_reporter.reporter = "south_office";
	other_reporter.area = "south";
	receive(fixture, beds(1, 10));
	receive(fixture, other_stream);
	receive(fixture, other_reporter);
	decide(fixture);
	for (size_t i = 0; i < 3; i++)
		expect(fixture->acks[i], ACCEPTED, 0);
	assert_int_equal(beds_now(fixture), 11);
}

static void the_highest_sequence_there_is_ends_its_stream(void **state)
{
	struct fixture *fixture = *state;
	expect(decide_one(fixture, with_oldest(beds(UINT64_MAX, 10), UINT64_MAX)), ACCEPTED, 0);
	expect(decide_one(fixture, with_oldest(beds(UINT64_MAX, 10), UINT64_MAX)), ACCEPTED, 1);
	expect(decide_one(fixture, beds(1, 10)), CONFLICT, 0);
	expect(decide_one(fixture, beds(UINT64_MAX, 11)), CONFLICT, 0);
}

/* ---- over groups and restarts */

static void a_group_of_repetitions_writes_nothing(void **state)
{
	struct fixture *fixture = *state;
	expect(decide_one(fixture, beds(1, 10)), ACCEPTED, 0);
	expect(decide_one(fixture, bad(2)), REFUSED, 0);
	struct store_summary before = summary_of(fixture);
	close_all(fixture);
	open_all(fixture);
	forget_group(fixture);
	receive(fixture, beds(1, 10));
	receive(fixture, bad(2));
	receive(fixture, beds(1, 11));
	receive(fixture, beds(5, 11));
	decide(fixture);
	expect(fixture->acks[0], ACCEPTED, 1);
	assert_int_equal(fixture->acks[0]->commit, 2);
	assert_int_equal(fixture->acks[0]->entry, 2);
	expect(fixture->acks[1], REFUSED, 1);
	assert_int_equal(fixture->acks[1]->commit, 3);
	assert_int_equal(fixture->acks[1]->n_problem, 1);
	expect(fixture->acks[2], CONFLICT, 0);
	expect(fixture->acks[3], RESEND, 0);
	assert_int_equal(fixture->changed_count, 0);
	struct store_summary after = summary_of(fixture);
	assert_int_equal(after.commit, before.commit);
	assert_memory_equal(after.head, before.head, sizeof after.head);
}

/* The catalogue may have learned of an area since: the first decision stands. */
static void a_refusal_stands_though_it_would_be_accepted_now(void **state)
{
	struct fixture *fixture = *state;
	struct peer_report early = beds(1, 10);
	fixture->catalogue->statistics[BEDS].level = LEVEL_CITY;
	expect(decide_one(fixture, early), REFUSED, 0);
	fixture->catalogue->statistics[BEDS].level = LEVEL_DISTRICT;
	expect(decide_one(fixture, early), REFUSED, 1);
	assert_int_equal(fixture->acks[0]->n_problem, 1);
	expect(decide_one(fixture, beds(2, 10)), ACCEPTED, 0);
	fixture->catalogue->statistics[BEDS].level = LEVEL_CITY;
	expect(decide_one(fixture, beds(2, 10)), ACCEPTED, 1);
}

static void a_refusal_let_go_is_still_one(void **state)
{
	struct fixture *fixture = *state;
	expect(decide_one(fixture, bad(1)), REFUSED, 0);
	for (uint64_t next = 2; next <= REFUSALS_KEPT + 1;) {
		forget_group(fixture);
		for (size_t i = 0; i < GROUP_MAX && next <= REFUSALS_KEPT + 1; i++)
			receive(fixture, bad(next++));
		decide(fixture);
	}
	expect(decide_one(fixture, bad(2)), REFUSED, 1);
	assert_int_equal(fixture->acks[0]->n_problem, 1);
	expect(decide_one(fixture, bad(1)), REFUSED, 1);
	assert_int_equal(fixture->acks[0]->n_problem, 0);
	assert_int_equal(fixture->acks[0]->commit, 2);
	assert_string_equal(fixture->acks[0]->reason,
	                    "this report was refused before; the reasons are no longer kept");
}

/* ---- what never reaches the store */

static void expect_answered(struct fixture *fixture, const void *bytes, size_t size, Suanpan__Outcome outcome,
                            int has_name)
{
	forget_group(fixture);
	assert_int_equal(receive_bytes(fixture, bytes, size), PIPELINE_ANSWERED);
	Suanpan__Ack *ack = fixture->acks[0] = unpack_ack(fixture->passages[0]);
	assert_int_equal(ack->outcome, outcome);
	assert_non_null(ack->reason);
	assert_int_equal(ack->has_stream, has_name);
	assert_int_equal(ack->has_sequence, has_name);
	assert_int_equal(ack->has_commit, 0);
	assert_int_equal(ack->newest_major, outcome == UNSUPPORTED ? ENVELOPE_MAJOR : 0);
}

static void what_cannot_be_remembered_is_answered_at_once(void **state)
{
	static const uint8_t newer[] = {0x08, 0x02, 0xff, 0xff, 0x01};
	struct fixture *fixture = *state;
	struct peer_report stranger = beds(1, 10), nameless = beds(0, 10);
	void *bytes;
	size_t size;
	expect_answered(fixture, "nonsense", 8, REFUSED, 0);
	expect_answered(fixture, "", 0, REFUSED, 0);
	expect_answered(fixture, newer, sizeof newer, UNSUPPORTED, 0);
	stranger.reporter = "west_office";
	peer_pack(&stranger, &bytes, &size);
	expect_answered(fixture, bytes, size, REFUSED, 1);
	free(bytes);
	peer_pack(&nameless, &bytes, &size);
	expect_answered(fixture, bytes, size, REFUSED, 0);
	free(bytes);
	assert_int_equal(summary_of(fixture).commit, 1);
}

/* As bad as a report can be: it goes all the way, and its refusal is repeated whole. */
static void a_report_of_8192_bad_rows_is_refused_and_remembered(void **state)
{
	static int64_t zeros[ENVELOPE_OBSERVATIONS_MAX];
	static uint8_t stream[REPORT_STREAM_SIZE] = {1};
	static char longest[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrs";
	struct fixture *fixture = *state;
	char *word = longest, reporter[] = "north_office";
	uint64_t decimals = 0;
	void *bytes;
	size_t size;
	Suanpan__Report report;
	suanpan__report__init(&report);
	report.major = ENVELOPE_MAJOR;
	report.stream = (ProtobufCBinaryData){.len = sizeof stream, .data = stream};
	report.sequence = 1;
	report.reporter = reporter;
	report.statistic = report.area = report.period = &word;
	report.n_statistic = report.n_area = report.n_period = report.n_decimals = 1;
	report.decimals = &decimals;
	report.statistic_delta = report.area_delta = report.period_delta = report.value = zeros;
	report.n_statistic_delta = report.n_area_delta = ENVELOPE_OBSERVATIONS_MAX;
	report.n_period_delta = report.n_value = ENVELOPE_OBSERVATIONS_MAX;
	assert_int_equal(envelope_pack(&report.base, ENVELOPE_REQUEST_MAX, &bytes, &size), 0);
	for (int repeated = 0; repeated < 2; repeated++) {
		forget_group(fixture);
		assert_int_equal(receive_bytes(fixture, bytes, size), 0);
		decide(fixture);
		expect(fixture->acks[0], REFUSED, repeated);
		size_t last = fixture->acks[0]->n_problem - 1;
		assert_int_equal(fixture->acks[0]->problem[last]->row, ENVELOPE_OBSERVATIONS_MAX - 1);
	}
	free(bytes);
}

#define PIPELINE_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PIPELINE_TEST(a_group_is_one_commit_with_an_ack_for_each),
	    PIPELINE_TEST(what_changed_is_told_once_with_its_last_value),
	    PIPELINE_TEST(a_report_twice_in_one_group_counts_once),
	    PIPELINE_TEST(other_bytes_under_the_same_name_in_one_group_conflict),
	    PIPELINE_TEST(refused_and_accepted_ones_do_not_disturb_each_other),
	    PIPELINE_TEST(a_missing_one_is_asked_for_until_it_comes_or_is_given_up),
	    PIPELINE_TEST(a_refusal_out_of_turn_is_not_decided),
	    PIPELINE_TEST(streams_and_reporters_count_for_themselves),
	    PIPELINE_TEST(the_highest_sequence_there_is_ends_its_stream),
	    PIPELINE_TEST(a_group_of_repetitions_writes_nothing),
	    PIPELINE_TEST(a_refusal_stands_though_it_would_be_accepted_now),
	    PIPELINE_TEST(a_refusal_let_go_is_still_one),
	    PIPELINE_TEST(what_cannot_be_remembered_is_answered_at_once),
	    PIPELINE_TEST(a_report_of_8192_bad_rows_is_refused_and_remembered),
	};
	return cmocka_run_group_tests_name("daemon_pipeline", tests, NULL, NULL);
}
