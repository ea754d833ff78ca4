/* A report's walk when the n-th allocation fails, for every n: nothing crashes, nothing is half done, and the
 * next try goes through.
 *
 * This program's own malloc, calloc and realloc stand before the C library's (or the sanitizer's), for it and
 * for the libraries it uses, LMDB among them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/acts.h"
#include "daemon/base/log.h"
#include "daemon/pipeline.h"
#include "daemon/store/alerts.h"
#include "proto/envelope.h"
#include "tests/lib/adopt.h"
#include "tests/lib/little_city.h"
#include "tests/lib/peer.h"
#include "tests/lib/scratch.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

/* The allocation, counted from now, that fails; 0: none does. */
static unsigned fail_at;
static bool for_good; /* and so do all that follow */
static bool has_failed;

static bool fails_now(void)
{
	if (fail_at == 0)
		return false;
	if (fail_at > 1) {
		fail_at--;
		return false;
	}
	fail_at = for_good;
	has_failed = true;
	errno = ENOMEM;
	return true;
}

static void *next_of(const char *name)
{
	void *next = dlsym(RTLD_NEXT, name);
	if (!next)
		abort();
	return next;
}

EXPORTED void *malloc(size_t size)
{
	static void *(*next)(size_t);
	if (!next)
		*(void **)&next = next_of("malloc");
	return fails_now() ? NULL : next(size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
	static void *(*next)(size_t, size_t);
	if (!next)
		*(void **)&next = next_of("calloc");
	return fails_now() ? NULL : next(count, size);
}

EXPORTED void *realloc(void *bytes, size_t size)
{
	static void *(*next)(void *, size_t);
	if (!next)
		*(void **)&next = next_of("realloc");
	return fails_now() ? NULL : next(bytes, size);
}

/* ---- */

#define ACCEPTED   SUANPAN__OUTCOME__OUTCOME_ACCEPTED
#define REFUSED    SUANPAN__OUTCOME__OUTCOME_REFUSED
#define OVERLOADED SUANPAN__OUTCOME__OUTCOME_OVERLOADED

enum { GROUP = 5, TRIES_MAX = 100000 };

struct fixture {
	char *folder;
	struct catalogue *catalogue;
	struct passage *passages[GROUP];
};

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->catalogue = little_city_load(fixture->folder);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	catalogue_free(fixture->catalogue);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

static struct store *open_store(struct fixture *fixture, const char *name)
{
	struct store *store;
	char *path = scratch_path(fixture->folder, name);
	assert_int_equal(store_open(path, &store), 0);
	adopt_catalogue(store, fixture->catalogue, "one", 1000);
	free(path);
	return store;
}

static struct reception *new_reception(struct fixture *fixture)
{
	struct reception *reception;
	assert_int_equal(reception_new(fixture->catalogue, &reception), 0);
	return reception;
}

static struct writer *new_writer(struct fixture *fixture, struct store *store)
{
	struct writer *writer;
	assert_int_equal(writer_new(fixture->catalogue, store, &writer), 0);
	return writer;
}

/* The five of a group: two that are accepted, one refused, one repeated, one in conflict. */
static struct passage *new_passage(size_t which)
{
	static const struct peer_report reports[GROUP] = {
	    {"north_office", "people", "north", "2023", 2000, 0, 7, 1, 0},
	    {"north_office", "beds", "north", "2024-06", 11, 0, 7, 2, 0},
	    {"north_office", "beds", "south", "2024-06", 12, 0, 7, 3, 0},
	    {"north_office", "people", "north", "2023", 2000, 0, 7, 1, 0},
	    {"north_office", "people", "north", "2023", 2001, 0, 7, 1, 0},
	};
	struct passage *passage = calloc(1, sizeof *passage);
	assert_non_null(passage);
	peer_pack(&reports[which], &passage->payload, &passage->payload_size);
	return passage;
}

static Suanpan__Outcome outcome_of(const struct passage *passage)
{
	Suanpan__Ack *ack = suanpan__ack__unpack(NULL, passage->ack_size, passage->ack);
	assert_non_null(ack);
	Suanpan__Outcome outcome = ack->outcome;
	suanpan__ack__free_unpacked(ack, NULL);
	return outcome;
}

/* ---- front */

static int receive_failing(struct reception *reception, struct passage *passage, unsigned at)
{
	has_failed = false;
	fail_at = at;
	int result = pipeline_receive(reception, passage);
	fail_at = 0;
	return result;
}

/* Every way it may end when memory fails; answers whether it did not, that is, all was tried. */
static bool receive_once(struct fixture *fixture, size_t which, unsigned at)
{
	struct reception *reception = new_reception(fixture);
	struct passage *passage = new_passage(which);
	int result = receive_failing(reception, passage, at);
	bool failed = has_failed;
	if (!failed) {
		assert_int_equal(result, 0);
		assert_int_equal(passage->refused, which == 2);
		assert_int_equal(passage->observations != NULL, which != 2);
	} else if (result == PIPELINE_ANSWERED)
		assert_int_equal(outcome_of(passage), OVERLOADED);
	else
		assert_int_equal(result, -ENOMEM);
	passage_free(passage);
	passage = new_passage(which); /* sent again, to the same reception */
	assert_int_equal(receive_failing(reception, passage, 0), 0);
	assert_int_equal(passage->refused, which == 2);
	passage_free(passage);
	reception_free(reception);
	return !failed;
}

static void receiving_survives_every_failed_allocation(void **state)
{
	for (size_t i = 0; i < 4; i++) {
		unsigned at = 1;
		size_t which = i % 2 ? 2 : 0;
		for_good = i >= 2;
		while (at < TRIES_MAX && !receive_once(*state, which, at))
			at++;
		assert_in_range(at, 3, TRIES_MAX - 1); /* some did fail */
	}
}

/* ---- writer */

static void receive_group(struct fixture *fixture)
{
	struct reception *reception = new_reception(fixture);
	for (size_t i = 0; i < GROUP; i++) {
		fixture->passages[i] = new_passage(i);
		assert_int_equal(pipeline_receive(reception, fixture->passages[i]), 0);
		if (i > 0)
			fixture->passages[i - 1]->mail.next = &fixture->passages[i]->mail;
	}
	reception_free(reception);
}

static void free_group(struct fixture *fixture)
{
	for (size_t i = 0; i < GROUP; i++)
		passage_free(fixture->passages[i]);
}

static struct store_summary summary_of(struct store *store)
{
	struct snapshot *snapshot;
	struct store_summary summary;
	assert_int_equal(snapshot_open(store, &snapshot), 0);
	assert_int_equal(snapshot_summary(snapshot, &summary), 0);
	snapshot_close(snapshot);
	return summary;
}

static int decide_failing(struct fixture *fixture, struct writer *writer, unsigned at)
{
	const struct changed_value *changed;
	size_t count = 77;
	has_failed = false;
	fail_at = at;
	int result = pipeline_decide(writer, &fixture->passages[0]->mail, 5000, true, &changed, &count);
	fail_at = 0;
	assert_int_equal(count > 0, result == 0);
	return result;
}

static void expect_decided(struct fixture *fixture)
{
	static const Suanpan__Outcome outcomes[GROUP] = {ACCEPTED, ACCEPTED, REFUSED, ACCEPTED,
	                                                 SUANPAN__OUTCOME__OUTCOME_CONFLICT};
	for (size_t i = 0; i < GROUP; i++)
		assert_int_equal(outcome_of(fixture->passages[i]), outcomes[i]);
}

static void expect_postponed(struct fixture *fixture, struct store *store)
{
	for (size_t i = 0; i < GROUP; i++)
		if (!for_good)
			assert_int_equal(outcome_of(fixture->passages[i]), OVERLOADED);
		else /* no memory even to say so */
			assert_null(fixture->passages[i]->ack);
	struct store_summary summary = summary_of(store);
	assert_int_equal(summary.commit, 1); /* which gave the names */
	assert_int_equal(summary.observations, 0);
}

/* Fails one allocation after the other until the group gets through; answers the store's state then.
 * `keep_writer`: one writer for all the tries, which must be as good as new after each. */
static struct store_summary decide_against_all_odds(struct fixture *fixture, const char *name,
                                                    bool keep_writer, unsigned first, unsigned *ret_tries)
{
	struct store *store = open_store(fixture, name);
	struct writer *writer = new_writer(fixture, store);
	int result = -ENOMEM;
	unsigned tries = 0;
	for (unsigned at = first; result != 0 && at < TRIES_MAX; at++, tries++) {
		receive_group(fixture);
		result = decide_failing(fixture, writer, at);
		if (result == 0)
			expect_decided(fixture);
		else {
			assert_true(has_failed);
			assert_int_equal(result, -ENOMEM);
			expect_postponed(fixture, store);
		}
		free_group(fixture);
		if (keep_writer)
			continue;
		writer_free(writer);
		writer = new_writer(fixture, store);
	}
	assert_int_equal(result, 0);
	struct store_summary summary = summary_of(store);
	writer_free(writer);
	store_close(store);
	*ret_tries = tries;
	return summary;
}

static void deciding_survives_every_failed_allocation(void **state)
{
	struct fixture *fixture = *state;
	unsigned tries;
	struct store_summary calm = decide_against_all_odds(fixture, "calm", true, 0, &tries);
	assert_int_equal(tries, 1);
	assert_int_equal(calm.commit, 2);
	for (int i = 0; i < 4; i++) {
		static const char *const names[] = {"new", "kept", "new for good", "kept for good"};
		for_good = i >= 2;
		struct store_summary rough =
		    decide_against_all_odds(fixture, names[i], i % 2 == 1, 1, &tries);
		assert_true(tries > 10);
		assert_int_equal(rough.commit, calm.commit);
		assert_int_equal(rough.entries, calm.entries);
		assert_int_equal(rough.observations, calm.observations);
		assert_int_equal(rough.values, calm.values);
		assert_int_equal(rough.refused, calm.refused);
		assert_memory_equal(rough.head, calm.head, sizeof calm.head);
	}
}

/* ---- looks and acts: alone in their writes */

#define MAY_2024  INT64_C(1714536000000)
#define JULY_2024 INT64_C(1722225600000)

/* Adopted in May, reports for June, and in July there is something to be raised: what is overdue, and a target off track. */
static struct store *open_in_july(struct fixture *fixture, const char *name, struct writer **ret_writer)
{
	const struct changed_value *changed;
	struct store *store;
	size_t count;
	char *path = scratch_path(fixture->folder, name);
	assert_int_equal(store_open(path, &store), 0);
	adopt_catalogue(store, fixture->catalogue, "one", MAY_2024);
	*ret_writer = new_writer(fixture, store);
	receive_group(fixture);
	assert_int_equal(
	    pipeline_decide(*ret_writer, &fixture->passages[0]->mail, JULY_2024, false, &changed, &count), 0);
	free_group(fixture);
	free(path);
	return store;
}

struct standing {
	struct alert_count alerts;
	struct store_summary summary;
};

static struct standing standing_of(struct store *store)
{
	struct standing standing = {.summary = summary_of(store)};
	struct snapshot *snapshot;
	assert_int_equal(snapshot_open(store, &snapshot), 0);
	assert_int_equal(snapshot_count_alerts(snapshot, &standing.alerts), 0);
	snapshot_close(snapshot);
	return standing;
}

static void must_stand(struct store *store, const struct standing *expected)
{
	const struct standing now = standing_of(store);
	assert_memory_equal(&now.alerts, &expected->alerts, sizeof now.alerts);
	assert_int_equal(now.summary.commit, expected->summary.commit);
	assert_int_equal(now.summary.entries, expected->summary.entries);
	assert_memory_equal(now.summary.head, expected->summary.head, sizeof now.summary.head);
}

static struct act *new_act(Suanpan__ActKind kind)
{
	Suanpan__Act message = SUANPAN__ACT__INIT;
	char actor[] = "office", why[] = "known";
	uint8_t bytes[64];
	struct act *act;
	message.kind = kind;
	message.actor = actor;
	message.why = why;
	message.has_alert = kind == SUANPAN__ACT_KIND__ACT_ACKNOWLEDGE;
	message.alert = 1;
	assert_int_equal(act_new(bytes, suanpan__act__pack(&message, bytes), &act), 0);
	return act;
}

/* Fails one allocation after the other until it gets through; answers how many failed. */
static unsigned do_against_all_odds(struct store *store, struct writer *writer, Suanpan__ActKind kind)
{
	const struct standing before = standing_of(store);
	unsigned at = 1;
	for (;; at++) {
		struct act *act = new_act(kind);
		has_failed = false;
		fail_at = at;
		int result = pipeline_act(writer, act, JULY_2024);
		fail_at = 0;
		if (result != 0) {
			assert_true(has_failed);
			assert_int_equal(result, -ENOMEM);
			assert_false(act->unanswerable);
			assert_int_equal(act->result.failure, SUANPAN__FAILURE_KIND__FAILURE_OVERLOADED);
			must_stand(store, &before);
		} else {
			assert_int_equal(act->result.failure, 0);
			assert_true(act->result.changed);
		}
		act_free(act);
		if (result == 0)
			return at - 1;
	}
}

static void looks_and_acts_survive_every_failed_allocation(void **state)
{
	struct fixture *fixture = *state;
	struct standing calm = {.summary = {.commit = 0}};
	for (int i = 0; i < 2; i++) {
		static const char *const names[] = {"once", "from then on"};
		struct writer *writer;
		for_good = i == 1;
		struct store *store = open_in_july(fixture, names[i], &writer);
		const unsigned looked = do_against_all_odds(store, writer, SUANPAN__ACT_KIND__ACT_LOOK);
		struct standing now = standing_of(store);
		assert_int_equal(now.alerts.open, 5); /* May and June of both offices, and the target */
		const unsigned acted = do_against_all_odds(store, writer, SUANPAN__ACT_KIND__ACT_ACKNOWLEDGE);
		assert_true(looked > 20);
		assert_true(acted > 3);
		now = standing_of(store);
		assert_int_equal(now.alerts.acknowledged, 1);
		if (i == 0)
			calm = now;
		else
			must_stand(store, &calm);
		print_message("%u allocations of a look and %u of an act failed\n", looked, acted);
		writer_free(writer);
		store_close(store);
	}
}

#define MEMORY_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MEMORY_TEST(receiving_survives_every_failed_allocation),
	    MEMORY_TEST(deciding_survives_every_failed_allocation),
	    MEMORY_TEST(looks_and_acts_survive_every_failed_allocation),
	};
	return cmocka_run_group_tests_name("daemon_memory", tests, NULL, NULL);
}
