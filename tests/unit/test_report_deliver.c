#include "clients/report/deliver.h"
#include "tests/lib/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>

#include "tests/unit/scripted_intake.h"

#define PATIENT_MS   20000 /* long enough to be wrong if it is ever waited for */
#define IMPATIENT_MS 150

struct fixture {
	char *folder, *path;
	struct sentence why;
	struct spool *spool;
	void *context;
	struct scripted_intake intake;
	struct delivery delivery;
	bool probes;
	char *said;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "spool");
	fixture->context = zmq_ctx_new();
	assert_int_equal(spool_open(fixture->path, &fixture->why, &fixture->spool), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	intake_forget(&fixture->intake);
	free(fixture->said);
	spool_close(fixture->spool);
	zmq_ctx_term(fixture->context);
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

/* Spools reports of two rows each, from a.csv lines 10n and 10n + 1. */
static void spool_some(struct fixture *fixture, size_t count)
{
	static const char *const files[] = {"a.csv"};
	struct spool_batch batch;
	assert_int_equal(spool_begin(fixture->spool, "liwan", &batch), 0);
	for (size_t i = 0; i < count; i++) {
		uint32_t line = (uint32_t)batch.state.next * 10;
		const struct spool_place places[] = {{0, line}, {0, line + 1}};
		Suanpan__Report report = SUANPAN__REPORT__INIT;
		uint8_t bytes[256];
		report.major = 1;
		report.sequence = batch.state.next;
		report.stream = (ProtobufCBinaryData){.data = batch.state.stream, .len = SPOOL_STREAM_SIZE};
		const struct spool_report record = {.payload = bytes,
		                                    .payload_size = suanpan__report__pack(&report, bytes),
		                                    .places = places,
		                                    .row_count = 2,
		                                    .files = files,
		                                    .file_count = 1};
		spool_put(&batch, &record);
	}
	assert_int_equal(spool_commit(&batch), 0);
}

static int try_deliver(struct fixture *fixture, int timeout_ms, uint64_t own_first, uint64_t last)
{
	size_t size;
	free(fixture->said);
	FILE *messages = open_memstream(&fixture->said, &size);
	const struct deliver_settings settings = {.zmq_context = fixture->context,
	                                          .url = fixture->intake.url,
	                                          .timeout_ms = timeout_ms,
	                                          .spool = fixture->spool,
	                                          .why = &fixture->why,
	                                          .own_first = own_first,
	                                          .last = last,
	                                          .probe = fixture->probes,
	                                          .messages = messages};
	int answer = deliver(&settings, &fixture->delivery);
	fclose(messages);
	return answer;
}

/* Plays the script against all that is spooled; the intake has stopped afterwards. */
static struct delivery *play(struct fixture *fixture,
                             void (*script)(struct scripted_intake *, const Suanpan__Report *),
                             int timeout_ms)
{
	intake_start(&fixture->intake, script);
	int answer = try_deliver(fixture, timeout_ms, 1, UINT64_MAX);
	intake_stop(&fixture->intake);
	if (answer)
		print_error("%s\n", fixture->why.text);
	assert_int_equal(answer, 0);
	return &fixture->delivery;
}

static uint64_t pending(struct fixture *fixture)
{
	struct spool_state state;
	assert_int_equal(spool_read_state(fixture->spool, &state), 0);
	return state.pending;
}

static void expect_tally(const struct delivery *delivery, uint64_t accepted, uint64_t refused,
                         uint64_t conflicts)
{
	assert_int_equal(delivery->own.accepted, accepted);
	assert_int_equal(delivery->own.refused, refused);
	assert_int_equal(delivery->own.conflicts, conflicts);
}

static void stay_silent(struct scripted_intake *intake, const Suanpan__Report *report)
{
	(void)intake;
	(void)report;
}

/* ---- accepted ---- */

static void reports_are_sent_in_order_and_leave_the_spool(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 100);
	struct delivery *delivery = play(fixture, intake_accept, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_ALL);
	expect_tally(delivery, 100, 0, 0);
	assert_int_equal(delivery->commit, 100);
	assert_int_equal(delivery->left, 0);
	assert_int_equal(pending(fixture), 0);
	assert_int_equal(fixture->intake.heard_count, 100);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(fixture->intake.heard[i].sequence, i + 1);
	assert_string_equal(fixture->said, "");
}

static void an_empty_spool_is_delivered_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct delivery *delivery = play(fixture, intake_accept, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_ALL);
	assert_int_equal(fixture->intake.heard_count, 0);
}

/* Answers only when a whole window is there: more than 32 would be too many, fewer would never come to an
 * end. */
static void answer_by_windows(struct scripted_intake *intake, const Suanpan__Report *report)
{
	Suanpan__Report earlier = *report;
	uint64_t unanswered = report->sequence - intake->expects + 1;
	assert_true(unanswered <= DELIVER_WINDOW);
	if (unanswered < DELIVER_WINDOW)
		return;
	if (intake->expects == 1) { /* one too many would come by itself, now that nothing is answered */
		zmq_pollitem_t item = {.socket = intake->router, .events = ZMQ_POLLIN};
		assert_int_equal(zmq_poll(&item, 1, IMPATIENT_MS), 0);
	}
	for (; intake->expects <= report->sequence; intake->expects++) {
		earlier.sequence = intake->expects;
		intake_accept(intake, &earlier);
	}
}

static void a_window_of_32_is_in_flight(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 3 * DELIVER_WINDOW);
	expect_tally(play(fixture, answer_by_windows, PATIENT_MS), 3 * DELIVER_WINDOW, 0, 0);
}

static void say_accepted_before(struct scripted_intake *intake, const Suanpan__Report *report)
{
	Suanpan__Ack ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
	ack.has_repeated_report = 1;
	ack.repeated_report = 1;
	ack.has_commit = 1;
	ack.commit = 17;
	intake_say(intake, &ack);
	intake_say(intake, &ack); /* twice, to be sure that it is counted once */
}

static void accepted_before_is_accepted(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 3);
	struct delivery *delivery = play(fixture, say_accepted_before, PATIENT_MS);
	expect_tally(delivery, 3, 0, 0);
	assert_int_equal(delivery->commit, 17);
	assert_int_equal(pending(fixture), 0);
}

static void earlier_reports_are_counted_apart_and_later_ones_left(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 9);
	intake_start(&fixture->intake, intake_accept);
	assert_int_equal(try_deliver(fixture, PATIENT_MS, 4, 7), 0);
	intake_stop(&fixture->intake);
	assert_int_equal(fixture->delivery.earlier.accepted, 3);
	expect_tally(&fixture->delivery, 4, 0, 0);
	assert_int_equal(fixture->intake.heard_count, 7);
	assert_int_equal(pending(fixture), 2);
}

/* ---- refused ---- */

static void refuse_second(struct scripted_intake *intake, const Suanpan__Report *report)
{
	if (report->sequence != 2) {
		intake_accept(intake, report);
		return;
	}
	Suanpan__Ack ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_REFUSED);
	Suanpan__Problem problems[3];
	Suanpan__Problem *list[] = {&problems[0], &problems[1], &problems[2]};
	for (size_t i = 0; i < 3; i++)
		suanpan__problem__init(&problems[i]);
	problems[0].row = 0;
	problems[0].reason = SUANPAN__REASON__REASON_AREA_OUT_OF_SCOPE;
	problems[0].text = (char[]){"440104 is not yours"};
	problems[1].row = 1;
	problems[1].reason = SUANPAN__REASON__REASON_REPEATED_ROW;
	problems[1].text = (char[]){"twice"};
	problems[2].row = 99;
	problems[2].reason = SUANPAN__REASON__REASON_OUT_OF_RANGE;
	problems[2].text = (char[]){"too much"};
	ack.n_problem = 3;
	ack.problem = list;
	intake_say(intake, &ack);
}

static void a_refusal_names_file_and_line_of_every_bad_row(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 3);
	expect_tally(play(fixture, refuse_second, PATIENT_MS), 2, 1, 0);
	assert_string_equal(fixture->said, "report 2 was refused, and nothing of it was stored\n"
	                                   "a.csv:20: area: 440104 is not yours\n"
	                                   "a.csv:21: twice\n"
	                                   "row 99: value: too much\n");
	assert_int_equal(pending(fixture), 0);
}

static void warn_of_first(struct scripted_intake *intake, const Suanpan__Report *report)
{
	Suanpan__Ack ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
	Suanpan__Warning warnings[2];
	Suanpan__Warning *list[] = {&warnings[0], &warnings[1]};
	char rule[] = "jump", said[] = "9 after 1";
	for (size_t i = 0; i < 2; i++) {
		suanpan__warning__init(&warnings[i]);
		warnings[i].row = i == 0 ? 1 : 99;
		warnings[i].rule = rule;
		warnings[i].text = said;
	}
	ack.n_warning = report->sequence == 1 ? 2 : 0;
	ack.warning = list;
	intake_say(intake, &ack);
}

static void a_warning_names_file_line_and_rule(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 2);
	expect_tally(play(fixture, warn_of_first, PATIENT_MS), 2, 0, 0);
	assert_string_equal(fixture->said,
	                    "report 1 was stored, and some of it looks wrong; send what is wrong corrected, "
	                    "or what is right again with --confirm REASON\n"
	                    "a.csv:11: warning: jump: 9 after 1\n"
	                    "row 99: warning: jump: 9 after 1\n");
}

static void refuse_as_a_whole(struct scripted_intake *intake, const Suanpan__Report *report)
{
	Suanpan__Ack ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_REFUSED);
	ack.reason = (char[]){"there is no reporter 'liwan'"};
	intake_say(intake, &ack);
}

static void a_refusal_without_rows_gives_its_reason(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 1);
	expect_tally(play(fixture, refuse_as_a_whole, PATIENT_MS), 0, 1, 0);
	assert_string_equal(
	    fixture->said,
	    "report 1 was refused, and nothing of it was stored: there is no reporter 'liwan'\n");
}

static void dispute(struct scripted_intake *intake, const Suanpan__Report *report)
{
	Suanpan__Ack ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_CONFLICT);
	ack.reason = (char[]){"other bytes"};
	intake_say(intake, &ack);
}

static void dispute_second(struct scripted_intake *intake, const Suanpan__Report *report)
{
	if (report->sequence == 2)
		dispute(intake, report);
	else
		intake_accept(intake, report);
}

static void a_conflict_is_kept_and_said_loudly(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 3);
	struct delivery *delivery = play(fixture, dispute_second, PATIENT_MS);
	expect_tally(delivery, 2, 0, 1);
	assert_int_equal(delivery->left, 0);
	assert_int_equal(pending(fixture), 1);
	assert_non_null(
	    strstr(fixture->said, "CONFLICT: the daemon knows another report under the number 2"));
	assert_non_null(strstr(fixture->said, "other bytes"));
	struct spool_report *report;
	assert_int_equal(spool_read(fixture->spool, 2, &report), 0);
	free(report);
}

/* ---- lost, resent, overloaded ---- */

/* Stores the first ten without a word, as if every ack were lost. */
static void lose_first_acks(struct scripted_intake *intake, const Suanpan__Report *report)
{
	(void)report;
	if (++intake->number > 10)
		say_accepted_before(intake, report);
}

static void a_lost_ack_leads_to_the_same_bytes_again(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 10);
	struct delivery *delivery = play(fixture, lose_first_acks, IMPATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_ALL);
	expect_tally(delivery, 10, 0, 0);
	assert_int_equal(fixture->intake.heard_count, 20);
	for (size_t i = 0; i < 10; i++) {
		const struct heard *first = &fixture->intake.heard[i],
		                   *second = &fixture->intake.heard[i + 10];
		assert_int_equal(first->sequence, second->sequence);
		assert_int_equal(first->size, second->size);
		assert_memory_equal(first->bytes, second->bytes, first->size);
	}
}

/* Decides in order of sequence, as the daemon does; loses the first copy of reports 3 and 50. */
static void lose_some(struct scripted_intake *intake, const Suanpan__Report *report)
{
	if ((report->sequence == 3 && !(intake->number & 1)) ||
	    (report->sequence == 50 && !(intake->number & 2))) {
		intake->number |= report->sequence == 3 ? 1 : 2;
		return;
	}
	if (report->sequence > intake->expects) {
		intake_resend(intake, report, intake->expects);
		return;
	}
	assert_int_equal(report->sequence, intake->expects);
	intake->expects++;
	intake_accept(intake, report);
}

static void a_lost_report_is_gone_back_to_once(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 80);
	struct delivery *delivery = play(fixture, lose_some, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_ALL);
	expect_tally(delivery, 80, 0, 0);
	assert_int_equal(pending(fixture), 0);
	assert_true(fixture->intake.heard_count <= 80 + 2 * DELIVER_WINDOW);
}

/* ---- a daemon that has lost what it had acknowledged ---- */

static void keep(struct fixture *fixture)
{
	spool_set_bounds(fixture->spool,
	                 &(struct spool_bounds){.keep_ms = INT64_C(86400000), .room = SPOOL_ROOM});
}

static struct spool_state state_of(struct fixture *fixture)
{
	struct spool_state state;
	assert_int_equal(spool_read_state(fixture->spool, &state), 0);
	return state;
}

/* Takes reports as the daemon does: in order, or out of it if they say that they are the oldest. */
static void decide_in_order(struct scripted_intake *intake, const Suanpan__Report *report)
{
	if (report->sequence < intake->expects) {
		say_accepted_before(intake, report);
		return;
	}
	if (report->sequence > intake->expects &&
	    !(report->has_oldest && report->oldest == report->sequence)) {
		intake_resend(intake, report, intake->expects);
		return;
	}
	intake->expects = report->sequence + 1;
	intake_accept(intake, report);
}

/* The same, but the store begins with the n-th report. */
static void begin_with_4(struct scripted_intake *intake, const Suanpan__Report *report)
{
	if (intake->expects == 1)
		intake->expects = 4;
	decide_in_order(intake, report);
}

static const struct heard *last_heard(struct fixture *fixture, uint64_t sequence)
{
	const struct heard *found = NULL;
	for (size_t i = 0; i < fixture->intake.heard_count; i++)
		if (fixture->intake.heard[i].sequence == sequence)
			found = &fixture->intake.heard[i];
	assert_non_null(found);
	return found;
}

static void what_was_acked_goes_out_again_as_it_was(void **state)
{
	struct fixture *fixture = *state;
	keep(fixture);
	spool_some(fixture, 50);
	play(fixture, decide_in_order, PATIENT_MS);
	assert_int_equal(state_of(fixture).kept, 50);
	struct scripted_intake before = fixture->intake;
	fixture->intake.heard_count = 0;
	spool_some(fixture, 1);
	struct delivery *delivery = play(fixture, begin_with_4, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_ALL);
	assert_int_equal(delivery->asked_again, 47);
	assert_int_equal(delivery->again.accepted, 47);
	expect_tally(delivery, 1, 0, 0);
	assert_int_equal(delivery->left, 0);
	assert_int_equal(fixture->intake.expects, 52);
	for (uint64_t i = 4; i <= 50; i++) {
		const struct heard *heard = last_heard(fixture, i);
		assert_int_equal(heard->size, before.heard[i - 1].size);
		assert_memory_equal(heard->bytes, before.heard[i - 1].bytes, heard->size);
	}
	assert_int_equal(pending(fixture), 0);
	assert_int_equal(state_of(fixture).kept, 51);
	assert_non_null(strstr(fixture->said, "asks for report 4 again"));
	assert_non_null(strstr(fixture->said, "47 reports are sent again"));
	assert_null(strstr(fixture->said, "no longer kept"));
	intake_forget(&before);
}

static void what_is_no_longer_held_is_declared_lost_and_the_rest_goes_out(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 9); /* and nothing is kept of the first six */
	for (uint64_t i = 1; i <= 6; i++)
		assert_int_equal(spool_decide(fixture->spool, &(struct spool_decision){i, true}, 1, 0), 0);
	keep(fixture);
	struct delivery *delivery = play(fixture, begin_with_4, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_ALL);
	expect_tally(delivery, 3, 0, 0);
	assert_int_equal(delivery->asked_again, 0);
	assert_int_equal(fixture->intake.expects, 10);
	const struct heard *heard = last_heard(fixture, 7);
	Suanpan__Report *report = suanpan__report__unpack(NULL, heard->size, heard->bytes);
	assert_non_null(report);
	assert_int_equal(report->oldest, 7);
	suanpan__report__free_unpacked(report, NULL);
	assert_non_null(strstr(fixture->said, "what came before report 7 is no longer kept here"));
	struct spool_report *kept;
	assert_int_equal(spool_read(fixture->spool, 7, &kept), 0);
	assert_int_equal(kept->payload_size, heard->size); /* what was sent is what is kept */
	assert_memory_equal(kept->payload, heard->bytes, heard->size);
	free(kept);
}

static void accept_6_and_7_then_ask_for_4(struct scripted_intake *intake, const Suanpan__Report *report)
{
	if (intake->expects == 1)
		intake->expects = report->sequence;
	if (report->sequence == 8 && !intake->number++)
		intake->expects = 4; /* restored while we were sending */
	decide_in_order(intake, report);
}

static void a_daemon_may_be_restored_in_the_midst(void **state)
{
	struct fixture *fixture = *state;
	keep(fixture);
	spool_some(fixture, 9);
	for (uint64_t i = 1; i <= 5; i++)
		assert_int_equal(
		    spool_decide(fixture->spool, &(struct spool_decision){i, true}, 1, INT64_MAX / 2), 0);
	struct delivery *delivery = play(fixture, accept_6_and_7_then_ask_for_4, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_ALL);
	assert_int_equal(delivery->asked_again, 4); /* 4 and 5, and 6 and 7 of this very run */
	assert_int_equal(delivery->again.accepted, 4);
	expect_tally(delivery, 4, 0, 0);
	assert_int_equal(fixture->intake.expects, 10);
	assert_int_equal(pending(fixture), 0);
}

/* Knows the reports up to 9 as they were first sent, as a daemon restored from a newer backup does. */
static void dispute_the_addition(struct scripted_intake *intake, const Suanpan__Report *report)
{
	if (report->sequence == 7 && report->oldest == 7)
		dispute(intake, report);
	else
		say_accepted_before(intake, report);
}

static void stay_silent_after_resend(struct scripted_intake *intake, const Suanpan__Report *report)
{
	if (!intake->number++)
		intake_resend(intake, report, 4);
}

static void an_addition_that_came_too_late_is_taken_back(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 9);
	for (uint64_t i = 1; i <= 6; i++)
		assert_int_equal(spool_decide(fixture->spool, &(struct spool_decision){i, true}, 1, 0), 0);
	struct delivery *delivery = play(fixture, stay_silent_after_resend, IMPATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_SILENCE);
	assert_int_equal(delivery->left, 3);
	intake_forget(&fixture->intake);
	delivery = play(fixture, dispute_the_addition, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_ALL);
	expect_tally(delivery, 3, 0, 0);
	assert_int_equal(pending(fixture), 0);
	assert_string_equal(fixture->said, "");
}

static void ask_for_the_first_for_ever(struct scripted_intake *intake, const Suanpan__Report *report)
{
	if (report->sequence > 1)
		intake_resend(intake, report, 1);
	else
		intake_accept(intake, report);
}

static void a_daemon_that_forgets_for_ever_is_left(void **state)
{
	struct fixture *fixture = *state;
	keep(fixture);
	spool_some(fixture, 3);
	struct delivery *delivery = play(fixture, ask_for_the_first_for_ever, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_STUCK);
	assert_int_equal(delivery->left, 2);
	assert_non_null(strstr(fixture->why.text, "forgets again and again"));
}

static void ask_for_the_hundredth(struct scripted_intake *intake, const Suanpan__Report *report)
{
	intake_resend(intake, report, 100);
}

static void a_report_that_was_never_made_cannot_be_sent(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 3);
	struct delivery *delivery = play(fixture, ask_for_the_hundredth, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_STUCK);
	assert_int_equal(delivery->left, 3);
	assert_non_null(strstr(fixture->why.text, "which the spool has not made"));
	assert_int_equal(pending(fixture), 3);
}

/* Where nothing is pending, the newest one is sent to see. */
static void probe(struct fixture *fixture, void (*script)(struct scripted_intake *, const Suanpan__Report *),
                  int timeout_ms)
{
	intake_forget(&fixture->intake);
	intake_start(&fixture->intake, script);
	fixture->probes = true;
	int answer = try_deliver(fixture, timeout_ms, 0, UINT64_MAX);
	fixture->probes = false;
	intake_stop(&fixture->intake);
	assert_int_equal(answer, 0);
}

static void a_probe_finds_out_what_the_daemon_misses(void **state)
{
	struct fixture *fixture = *state;
	keep(fixture);
	spool_some(fixture, 9);
	play(fixture, decide_in_order, PATIENT_MS);
	probe(fixture, say_accepted_before, PATIENT_MS);
	assert_int_equal(fixture->delivery.end, DELIVER_ALL);
	assert_int_equal(fixture->intake.heard_count, 1);
	assert_int_equal(fixture->intake.heard[0].sequence, 9);
	assert_int_equal(fixture->delivery.asked_again, 0);
	expect_tally(&fixture->delivery, 0, 0, 0);
	assert_int_equal(state_of(fixture).kept, 9);
	probe(fixture, begin_with_4, PATIENT_MS);
	assert_int_equal(fixture->delivery.end, DELIVER_ALL);
	assert_int_equal(fixture->delivery.asked_again, 6);
	assert_int_equal(fixture->delivery.again.accepted, 6);
	assert_int_equal(fixture->intake.expects, 10);
	assert_int_equal(state_of(fixture).kept, 9);
	assert_int_equal(pending(fixture), 0);
}

static void a_probe_into_silence_leaves_nothing_behind(void **state)
{
	struct fixture *fixture = *state;
	keep(fixture);
	spool_some(fixture, 2);
	play(fixture, decide_in_order, PATIENT_MS);
	probe(fixture, stay_silent, IMPATIENT_MS);
	assert_int_equal(fixture->delivery.end, DELIVER_SILENCE);
	assert_int_equal(fixture->delivery.left, 0);
	assert_int_equal(fixture->intake.heard_count, 1); /* nobody waits twice for it */
	assert_int_equal(state_of(fixture).kept, 2);
}

static void say_overloaded(struct scripted_intake *intake, const Suanpan__Report *report)
{
	Suanpan__Ack ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_OVERLOADED);
	ack.reason = (char[]){"the disk is full"};
	intake_say(intake, &ack);
}

static void be_overloaded_twice(struct scripted_intake *intake, const Suanpan__Report *report)
{
	if (report->sequence == 2 && intake->number++ < 2) {
		say_overloaded(intake, report);
		return;
	}
	if (report->sequence != intake->expects) {
		intake_resend(intake, report, intake->expects);
		return;
	}
	intake->expects++;
	intake_accept(intake, report);
}

static void an_overloaded_daemon_is_asked_again(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 5);
	struct delivery *delivery = play(fixture, be_overloaded_twice, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_ALL);
	expect_tally(delivery, 5, 0, 0);
}

static void an_overloaded_daemon_is_not_asked_for_ever(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 40);
	struct delivery *delivery = play(fixture, say_overloaded, 4 * IMPATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_OVERLOADED);
	assert_int_equal(delivery->left, 40);
	assert_non_null(strstr(fixture->why.text, "is overloaded: the disk is full"));
	assert_int_equal(pending(fixture), 40);
	assert_true(fixture->intake.heard_count < 10 * DELIVER_WINDOW); /* it was left in peace in between */
}

/* ---- nobody, or nobody we understand ---- */

static void silence_leaves_everything_in_the_spool(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 4);
	struct delivery *delivery = play(fixture, stay_silent, IMPATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_SILENCE);
	assert_int_equal(delivery->left, 4);
	assert_int_equal(pending(fixture), 4);
	assert_int_equal(fixture->intake.heard_count, 8); /* on two sockets */
	assert_non_null(strstr(fixture->why.text, "nobody answers at ipc://"));
}

static void nobody_there_is_silence(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 1);
	strcpy(fixture->intake.url, "ipc:///tmp/suanpan-nobody-here");
	assert_int_equal(try_deliver(fixture, IMPATIENT_MS, 1, UINT64_MAX), 0);
	assert_int_equal(fixture->delivery.end, DELIVER_SILENCE);
	assert_int_equal(pending(fixture), 1);
}

static void accept_first_then_stay_silent(struct scripted_intake *intake, const Suanpan__Report *report)
{
	if (report->sequence == 1)
		intake_accept(intake, report);
}

static void what_was_decided_before_the_silence_counts(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 3);
	struct delivery *delivery = play(fixture, accept_first_then_stay_silent, IMPATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_SILENCE);
	expect_tally(delivery, 1, 0, 0);
	assert_int_equal(delivery->left, 2);
	assert_int_equal(pending(fixture), 2);
}

static void say_unsupported(struct scripted_intake *intake, const Suanpan__Report *report)
{
	Suanpan__Ack ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_UNSUPPORTED);
	ack.reason = (char[]){"this daemon knows version 1"};
	intake_say(intake, &ack);
}

static void speak_version_2(struct scripted_intake *intake, const Suanpan__Report *report)
{
	Suanpan__Ack ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
	ack.major = 2;
	intake_say(intake, &ack);
}

static void another_version_is_a_sentence(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 2);
	struct delivery *delivery = play(fixture, say_unsupported, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_UNSUPPORTED);
	assert_int_equal(delivery->left, 2);
	assert_non_null(strstr(fixture->why.text, "this daemon knows version 1"));
	intake_forget(&fixture->intake);
	delivery = play(fixture, speak_version_2, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_UNSUPPORTED);
	assert_int_equal(pending(fixture), 2);
}

static void talk_nonsense(struct scripted_intake *intake, const Suanpan__Report *report)
{
	(void)report;
	intake_say_bytes(intake, "\xff\xff\xff", 3);
}

static void nonsense_is_not_an_ack(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 2);
	struct delivery *delivery = play(fixture, talk_nonsense, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_SILENCE);
	assert_non_null(strstr(fixture->why.text, "is not suanpand's intake"));
	assert_int_equal(pending(fixture), 2);
}

static void answer_somebody_else_first(struct scripted_intake *intake, const Suanpan__Report *report)
{
	uint8_t other[16] = "another stream..";
	Suanpan__Ack ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_REFUSED);
	ack.stream.data = other;
	intake_say(intake, &ack);
	ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_REFUSED);
	ack.sequence = 1000;
	intake_say(intake, &ack);
	intake_accept(intake, report);
}

static void acks_for_others_are_not_ours(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 2);
	expect_tally(play(fixture, answer_somebody_else_first, PATIENT_MS), 2, 0, 0);
	assert_string_equal(fixture->said, "");
}

static void fail_to_read(struct scripted_intake *intake, const Suanpan__Report *report)
{
	Suanpan__Ack ack = intake_ack(report, SUANPAN__OUTCOME__OUTCOME_REFUSED);
	ack.has_stream = 0;
	ack.has_sequence = 0;
	ack.reason = (char[]){"this is not a Report"};
	intake_say(intake, &ack);
}

static void a_report_the_daemon_cannot_read_is_kept(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 2);
	struct delivery *delivery = play(fixture, fail_to_read, PATIENT_MS);
	assert_int_equal(delivery->end, DELIVER_STUCK);
	assert_non_null(strstr(fixture->why.text, "could not read a report: this is not a Report"));
	assert_int_equal(pending(fixture), 2);
}

/* ---- the spool's own troubles ---- */

static void a_damaged_report_is_named_and_not_sent(void **state)
{
	struct fixture *fixture = *state;
	spool_some(fixture, 2);
	spool_close(fixture->spool);
	char *path = scratch_path(fixture->path, "data.mdb");
	FILE *file = fopen(path, "r+b");
	static char bytes[1 << 20];
	size_t size = fread(bytes, 1, sizeof bytes, file);
	char *name = NULL;
	for (char *at = bytes; (at = memmem(at, (size_t)(bytes + size - at), "a.csv", 5)); at++)
		name = at; /* a leaf page fills from its end: the last one is that of the first report */
	assert_non_null(name);
	fseek(file, name - bytes, SEEK_SET);
	fputc('b', file);
	fclose(file);
	free(path);
	assert_int_equal(spool_open(fixture->path, &fixture->why, &fixture->spool), 0);
	intake_start(&fixture->intake, intake_accept);
	int answer = try_deliver(fixture, PATIENT_MS, 1, UINT64_MAX);
	intake_stop(&fixture->intake);
	assert_int_equal(answer, FAULT_CORRUPT);
	assert_non_null(strstr(fixture->why.text, "report 1 does not match its checksum"));
	assert_int_equal(fixture->intake.heard_count, 0);
}

#define DELIVER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    DELIVER_TEST(reports_are_sent_in_order_and_leave_the_spool),
	    DELIVER_TEST(an_empty_spool_is_delivered_at_once),
	    DELIVER_TEST(a_window_of_32_is_in_flight),
	    DELIVER_TEST(accepted_before_is_accepted),
	    DELIVER_TEST(earlier_reports_are_counted_apart_and_later_ones_left),
	    DELIVER_TEST(a_refusal_names_file_and_line_of_every_bad_row),
	    DELIVER_TEST(a_warning_names_file_line_and_rule),
	    DELIVER_TEST(a_refusal_without_rows_gives_its_reason),
	    DELIVER_TEST(a_conflict_is_kept_and_said_loudly),
	    DELIVER_TEST(a_lost_ack_leads_to_the_same_bytes_again),
	    DELIVER_TEST(a_lost_report_is_gone_back_to_once),
	    DELIVER_TEST(what_was_acked_goes_out_again_as_it_was),
	    DELIVER_TEST(what_is_no_longer_held_is_declared_lost_and_the_rest_goes_out),
	    DELIVER_TEST(a_daemon_may_be_restored_in_the_midst),
	    DELIVER_TEST(an_addition_that_came_too_late_is_taken_back),
	    DELIVER_TEST(a_daemon_that_forgets_for_ever_is_left),
	    DELIVER_TEST(a_report_that_was_never_made_cannot_be_sent),
	    DELIVER_TEST(a_probe_finds_out_what_the_daemon_misses),
	    DELIVER_TEST(a_probe_into_silence_leaves_nothing_behind),
	    DELIVER_TEST(an_overloaded_daemon_is_asked_again),
	    DELIVER_TEST(an_overloaded_daemon_is_not_asked_for_ever),
	    DELIVER_TEST(silence_leaves_everything_in_the_spool),
	    DELIVER_TEST(nobody_there_is_silence),
	    DELIVER_TEST(what_was_decided_before_the_silence_counts),
	    DELIVER_TEST(another_version_is_a_sentence),
	    DELIVER_TEST(nonsense_is_not_an_ack),
	    DELIVER_TEST(acks_for_others_are_not_ours),
	    DELIVER_TEST(a_report_the_daemon_cannot_read_is_kept),
	    DELIVER_TEST(a_damaged_report_is_named_and_not_sent),
	};
	return cmocka_run_group_tests_name("report_deliver", tests, NULL, NULL);
}
