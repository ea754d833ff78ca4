/* The sender on a full disk, on one that fails, and without memory: the n-th call fails, once or from then on, for every
 * n, in a first push, in a later one, and in a delivery of what a restored daemon asks for again. Whatever happens: it is
 * said, it is done wholly or not at all, no number stands for two contents, and when all is well again everything arrives
 * once. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/failing_calls.h"

#include "clients/report/spool.h"
#include "tests/lib/scratch.h"
#include "tests/unit/little_vocabulary.h"
#include "tests/unit/scripted_daemon.h"
#include "tests/unit/scripted_intake.h"
#include "tests/unit/scripted_sender.h"

enum { TRIES_MAX = 2000 };

struct fixture {
	char *folder, *spool;
	struct sender_settings settings;
	struct scripted_daemon query;
	struct scripted_intake intake;
	unsigned tries;
	int files; /* written so far: each has an observation of its own */
};

/* Says what little_vocabulary knows. */
static void answer_list(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	const struct little_bytes known = little_bytes();
	for (size_t at = 0; at < known.size;) {
		uint32_t head[2];
		memcpy(head, known.bytes + at, sizeof head);
		at += sizeof head;
		Suanpan__Answer *answer = suanpan__answer__unpack(NULL, head[1], known.bytes + at);
		at += head[1];
		assert_non_null(answer);
		answer->number = query->number;
		answer->last = at == known.size || memcmp(known.bytes + at, head, sizeof *head) != 0;
		if (query->list && (uint32_t)query->list->kind == head[0])
			scripted_send(daemon, answer);
		suanpan__answer__free_unpacked(answer, NULL);
	}
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	scripted_start(&fixture->query, answer_list);
	fixture->settings = (struct sender_settings){
	    .intake = fixture->intake.url, .query = fixture->query.url, .reporter = "liwan", .timeout = "5"};
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	scripted_stop(&fixture->query);
	intake_forget(&fixture->intake);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

/* ---- one sender ---- */

/* What the next command does under: nothing, unless `kind` says so. */
static struct {
	enum failing_kind kind;
	unsigned at;
	bool for_good;
} weather;

static int push_in_weather(void *settings, int count, char *arguments[])
{
	fail_from(weather.kind, weather.at, weather.for_good);
	int status = sender_push(settings, count, arguments);
	fail_no_more();
	return status;
}

static int drain_in_weather(void *settings, int count, char *arguments[])
{
	fail_from(weather.kind, weather.at, weather.for_good);
	int status = sender_drain(settings, count, arguments);
	fail_no_more();
	return status;
}

static int push(struct fixture *fixture, char **ret_said)
{
	char *path = scratch_path(fixture->folder, "push.csv"), text[128], *out, *err;
	snprintf(text, sizeof text, "statistic,area,period,value\nresidents,440103,2020,%d\n",
	         ++fixture->files);
	scratch_write(path, text, strlen(text));
	int status = run_sender(&fixture->settings, fixture->folder, push_in_weather, 1, &path, &out, &err);
	free(out);
	free(path);
	*ret_said = err;
	return status;
}

static int drain(struct fixture *fixture, char **ret_said)
{
	char *out;
	int status =
	    run_sender(&fixture->settings, fixture->folder, drain_in_weather, 0, NULL, &out, ret_said);
	free(out);
	return status;
}

static void must_do(struct fixture *fixture, int (*what)(struct fixture *, char **))
{
	char *said;
	int status = what(fixture, &said);
	if (status != 0)
		print_error("try %u: exit status %d: %s", fixture->tries, status, said);
	assert_int_equal(status, 0);
	free(said);
}

static struct spool_state state_of(const struct fixture *fixture)
{
	struct spool *spool;
	struct sentence why;
	struct spool_state state = {.next = 1};
	if (!spool_exists(fixture->spool))
		return state;
	assert_int_equal(spool_open(fixture->spool, &why, &spool), 0);
	assert_int_equal(spool_read_state(spool, &state), 0);
	spool_close(spool);
	return state;
}

/* Decides in order, as the daemon does. */
static void decide(struct scripted_intake *intake, const Suanpan__Report *report)
{
	bool declares = report->has_oldest && report->oldest == report->sequence;
	if (report->sequence > intake->expects && !declares) {
		intake_resend(intake, report, intake->expects);
		return;
	}
	if (report->sequence >= intake->expects)
		intake->expects = report->sequence + 1;
	intake_accept(intake, report);
}

/* No number was sent with two contents: bytes differ at most by what was appended to them. */
static void check_heard(const struct fixture *fixture)
{
	const struct scripted_intake *intake = &fixture->intake;
	for (size_t i = 0; i < intake->heard_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct heard *a = &intake->heard[i], *b = &intake->heard[j];
			if (a->sequence == b->sequence)
				assert_memory_equal(a->bytes, b->bytes,
				                    a->size < b->size ? a->size : b->size);
		}
}

/* ---- the sweep ---- */

struct scene {
	/* Brings a spool of its own to where the failing begins; the intake runs. */
	void (*prepare)(struct fixture *fixture);
	int (*act)(struct fixture *fixture, char **ret_said);
	uint64_t next; /* of the spool when it went well */
};

static void prepare_nothing(struct fixture *fixture)
{
	(void)fixture;
}

static void prepare_two(struct fixture *fixture)
{
	must_do(fixture, push);
	must_do(fixture, push);
}

static void put(struct spool_batch *batch)
{
	Suanpan__Report report = SUANPAN__REPORT__INIT;
	uint8_t bytes[256];
	report.major = 1;
	report.sequence = batch->state.next;
	report.stream = (ProtobufCBinaryData){.data = batch->state.stream, .len = SPOOL_STREAM_SIZE};
	report.has_oldest = 1;
	report.oldest = batch->state.oldest;
	spool_put(batch, &(struct spool_report){.payload = bytes,
	                                        .payload_size = suanpan__report__pack(&report, bytes)});
}

/* Four reports: the first was let go, the second and the third are kept, the last is pending; and the daemon knows none of
 * them any more. */
static void prepare_restore(struct fixture *fixture)
{
	static const struct spool_decision decisions[] = {{1, true}, {2, true}, {3, true}};
	struct spool *spool;
	struct sentence why;
	struct spool_batch batch;
	assert_int_equal(spool_open(fixture->spool, &why, &spool), 0);
	assert_int_equal(spool_begin(spool, "liwan", &batch), 0);
	for (int i = 0; i < 4; i++)
		put(&batch);
	assert_int_equal(spool_commit(&batch), 0);
	assert_int_equal(spool_decide(spool, decisions, 1, 0), 0); /* it keeps nothing yet */
	spool_set_bounds(spool, &(struct spool_bounds){.keep_ms = INT64_C(86400000), .room = SPOOL_ROOM});
	assert_int_equal(spool_decide(spool, decisions + 1, 2, INT64_MAX / 2), 0);
	spool_close(spool);
}

static const struct scene first_push = {prepare_nothing, push, 2};
static const struct scene later_push = {prepare_two, push, 4};
static const struct scene restore = {prepare_restore, drain, 5};

/* Whole or not at all, and afterwards as if nothing had been. */
static void check_aftermath(struct fixture *fixture, const struct scene *scene,
                            const struct spool_state *before, int status)
{
	struct spool_state after = state_of(fixture);
	assert_true(after.next == before->next || after.next == scene->next);
	if (status == 0)
		assert_int_equal(after.next, scene->next);
	if (scene != &restore && status == 0)
		assert_int_equal(after.pending, 0);
	must_do(fixture, drain);
	must_do(fixture, push);
	struct spool_state end = state_of(fixture);
	assert_int_equal(end.pending, 0);
	assert_int_equal(end.next, after.next + 1);
	assert_int_equal(fixture->intake.expects, end.next);
	if (before->has_identity)
		assert_memory_equal(end.stream, before->stream, sizeof end.stream);
	check_heard(fixture);
}

/* Answers whether nothing failed, that is, every call was tried. */
static bool try_once(struct fixture *fixture, const struct scene *scene, enum failing_kind kind,
                     bool for_good)
{
	char name[32], *said;
	snprintf(name, sizeof name, "spool%u", ++fixture->tries);
	fixture->spool = scratch_path(fixture->folder, name);
	fixture->settings.spool = fixture->spool;
	intake_forget(&fixture->intake);
	intake_start(&fixture->intake, decide);
	scene->prepare(fixture);
	struct spool_state before = state_of(fixture);
	weather.kind = kind;
	weather.at = fixture->tries;
	weather.for_good = for_good;
	int status = scene->act(fixture, &said);
	bool failed = failing.failed;
	weather.kind = FAIL_NOTHING;
	if ((status != 0 && status != 1 && status != 3) || (status == 1 && !*said) ||
	    (!failed && status == 1))
		fail_msg("try %u: exit status %d: %s", fixture->tries, status, said);
	check_aftermath(fixture, scene, &before, status);
	intake_stop(&fixture->intake);
	free(said);
	free(fixture->spool);
	return !failed;
}

static void sweep(struct fixture *fixture, const struct scene *scene, enum failing_kind kind, bool for_good)
{
	fixture->tries = 0;
	while (!try_once(fixture, scene, kind, for_good))
		assert_true(fixture->tries < TRIES_MAX);
	assert_true(fixture->tries > 5);
	print_message("%u calls\n", fixture->tries - 1);
	char command[512];
	snprintf(command, sizeof command, "rm -rf '%s'/spool*", fixture->folder);
	assert_int_equal(system(command), 0);
}

static void sweep_disk(struct fixture *fixture, const struct scene *scene)
{
	for (int kind = FAIL_WITH_ENOSPC; kind <= FAIL_BY_HALVES; kind++)
		for (int for_good = 0; for_good < 2; for_good++)
			sweep(fixture, scene, (enum failing_kind)kind, for_good);
}

static void a_first_push_on_a_failing_disk(void **state)
{
	sweep_disk(*state, &first_push);
}

static void a_later_push_on_a_failing_disk(void **state)
{
	sweep_disk(*state, &later_push);
}

static void what_is_asked_for_again_on_a_failing_disk(void **state)
{
	sweep_disk(*state, &restore);
}

static void a_first_push_without_memory(void **state)
{
	sweep(*state, &first_push, FAIL_MEMORY, false);
	sweep(*state, &first_push, FAIL_MEMORY, true);
}

static void a_later_push_without_memory(void **state)
{
	sweep(*state, &later_push, FAIL_MEMORY, false);
	sweep(*state, &later_push, FAIL_MEMORY, true);
}

static void what_is_asked_for_again_without_memory(void **state)
{
	sweep(*state, &restore, FAIL_MEMORY, false);
	sweep(*state, &restore, FAIL_MEMORY, true);
}

#define FAULT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FAULT_TEST(a_first_push_on_a_failing_disk),
	    FAULT_TEST(a_later_push_on_a_failing_disk),
	    FAULT_TEST(what_is_asked_for_again_on_a_failing_disk),
	    FAULT_TEST(a_first_push_without_memory),
	    FAULT_TEST(a_later_push_without_memory),
	    FAULT_TEST(what_is_asked_for_again_without_memory),
	};
	return cmocka_run_group_tests_name("report_faults", tests, NULL, NULL);
}
