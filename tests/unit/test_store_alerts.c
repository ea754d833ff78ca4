/* Alerts on disk: their numbers, their states, their past, and what is remembered of their subjects. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/store/alerts.h"
#include "tests/lib/little_store.h"
#include <stdlib.h>

struct fixture {
	struct little_store city;
	struct write *write; /* NULL: none has begun */
};

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	assert_non_null(fixture);
	little_store_init(&fixture->city);
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;
	write_abort(fixture->write);
	little_store_done(&fixture->city);
	free(fixture);
	return 0;
}

static struct write *start(struct fixture *fixture, int64_t wall_ms)
{
	assert_int_equal(write_begin(fixture->city.store, wall_ms, &fixture->write), 0);
	return fixture->write;
}

static void commit(struct fixture *fixture)
{
	assert_int_equal(write_commit(fixture->write), 0);
	fixture->write = NULL;
}

static struct alert *read_all(struct fixture *fixture, uint64_t at_commit, size_t *ret_count)
{
	struct snapshot *snapshot;
	struct alert *alerts;
	struct moment moment;
	assert_int_equal(snapshot_open(fixture->city.store, &snapshot), 0);
	if (at_commit > 0) {
		assert_int_equal(snapshot_find_commit(snapshot, at_commit, &moment), 0);
		snapshot_go_back(snapshot, &moment);
	}
	assert_int_equal(snapshot_alerts(snapshot, &alerts, ret_count), 0);
	snapshot_close(snapshot);
	return alerts;
}

static void must_count(struct fixture *fixture, uint64_t open, uint64_t acknowledged, uint64_t resolved)
{
	struct snapshot *snapshot;
	struct alert_count count;
	assert_int_equal(snapshot_open(fixture->city.store, &snapshot), 0);
	assert_int_equal(snapshot_count_alerts(snapshot, &count), 0);
	snapshot_close(snapshot);
	assert_int_equal(count.open, open);
	assert_int_equal(count.acknowledged, acknowledged);
	assert_int_equal(count.resolved, resolved);
}

/* Every field is another than nothing. */
static const struct alert_facts full = {
    .kind = ALERT_FORECAST,
    .severity = ALERT_WORSE,
    .provisional = true,
    .binding = true,
    .code = "beds_per_1000",
    .area = "north",
    .reporter = "north_office",
    .plan = "little",
    .row = "1",
    .rule = "jump",
    .period = {.code = PERIOD_MONTH << 28 | (2024 * 12 + 5)},
    .due_day = 19000,
    .part = 3,
    .whole = 11,
    .has_value = true,
    .units = -512,
    .decimals = 2,
    .chance = 37,
    .agreed = 60,
};

static void raise(struct fixture *fixture, uint64_t expected)
{
	uint64_t number;
	assert_int_equal(write_raise_alert(fixture->write, &full, &number), 0);
	assert_int_equal(number, expected);
}

static void must_be_full(const struct alert_facts *facts)
{
	assert_int_equal(facts->kind, full.kind);
	assert_int_equal(facts->severity, full.severity);
	assert_true(facts->provisional && facts->binding && facts->has_value);
	assert_string_equal(facts->code, full.code);
	assert_string_equal(facts->area, full.area);
	assert_string_equal(facts->reporter, full.reporter);
	assert_string_equal(facts->plan, full.plan);
	assert_string_equal(facts->row, full.row);
	assert_string_equal(facts->rule, full.rule);
	assert_int_equal(facts->period.code, full.period.code);
	assert_int_equal(facts->due_day, full.due_day);
	assert_int_equal(facts->part, full.part);
	assert_int_equal(facts->whole, full.whole);
	assert_int_equal(facts->units, full.units);
	assert_int_equal(facts->decimals, full.decimals);
	assert_int_equal(facts->chance, full.chance);
	assert_int_equal(facts->agreed, full.agreed);
}

static void facts_come_back_as_they_were(void **state)
{
	struct fixture *fixture = *state;
	size_t count;
	start(fixture, 2000);
	raise(fixture, 1);
	commit(fixture);
	struct alert *alerts = read_all(fixture, 0, &count);
	assert_int_equal(count, 1);
	assert_int_equal(alerts[0].number, 1);
	assert_int_equal(alerts[0].state, ALERT_OPEN);
	assert_int_equal(alerts[0].raised_commit, 2);
	assert_int_equal(alerts[0].raised_ms, 2000);
	assert_string_equal(alerts[0].actor, "");
	must_be_full(&alerts[0].facts);
	free(alerts);
}

static void an_alert_goes_forward_and_never_back(void **state)
{
	static const struct {
		enum alert_state from[3], to; /* from: the states it has been through, then 0 */
		int expected;
	} rows[] = {
	    {{0}, ALERT_ACKNOWLEDGED, 0},
	    {{0}, ALERT_RESOLVED, 0},
	    {{0}, ALERT_OPEN, ALERTS_SO_ALREADY},
	    {{ALERT_ACKNOWLEDGED}, ALERT_RESOLVED, 0},
	    {{ALERT_ACKNOWLEDGED}, ALERT_ACKNOWLEDGED, ALERTS_SO_ALREADY},
	    {{ALERT_RESOLVED}, ALERT_ACKNOWLEDGED, ALERTS_RESOLVED},
	    {{ALERT_RESOLVED}, ALERT_OPEN, ALERTS_RESOLVED},
	    {{ALERT_RESOLVED}, ALERT_RESOLVED, ALERTS_SO_ALREADY},
	};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct write *write = start(fixture, 2000);
		raise(fixture, i + 1);
		for (size_t j = 0; rows[i].from[j] != 0; j++)
			assert_int_equal(write_change_alert(write, i + 1, rows[i].from[j], NULL, NULL), 0);
		assert_int_equal(write_change_alert(write, i + 1, rows[i].to, NULL, NULL), rows[i].expected);
		commit(fixture);
	}
	struct write *write = start(fixture, 2000);
	assert_int_equal(write_change_alert(write, 99, ALERT_RESOLVED, NULL, NULL), ALERTS_NO_SUCH);
	assert_int_equal(write_change_alert(write, 0, ALERT_RESOLVED, NULL, NULL), ALERTS_NO_SUCH);
	must_count(fixture, 1, 2, 5);
}

static void every_state_stays_to_be_asked_for(void **state)
{
	struct fixture *fixture = *state;
	size_t count;
	start(fixture, 2000);
	raise(fixture, 1);
	commit(fixture);
	assert_int_equal(write_change_alert(start(fixture, 3000), 1, ALERT_ACKNOWLEDGED, "office", "we know"),
	                 0);
	commit(fixture);
	assert_int_equal(write_change_alert(start(fixture, 4000), 1, ALERT_RESOLVED, NULL, NULL), 0);
	commit(fixture);
	struct alert *now = read_all(fixture, 0, &count), *then = read_all(fixture, 3, &count),
	             *first = read_all(fixture, 2, &count), *before = read_all(fixture, 1, &count);
	assert_int_equal(now[0].state, ALERT_RESOLVED);
	assert_string_equal(now[0].actor, "");
	assert_int_equal(now[0].raised_ms, 2000);
	assert_int_equal(now[0].changed_ms, 4000);
	must_be_full(&now[0].facts);
	assert_int_equal(then[0].state, ALERT_ACKNOWLEDGED);
	assert_string_equal(then[0].actor, "office");
	assert_string_equal(then[0].why, "we know");
	assert_int_equal(then[0].changed_commit, 3);
	assert_int_equal(first[0].state, ALERT_OPEN);
	assert_int_equal(count, 0);
	assert_null(before);
	free(now);
	free(then);
	free(first);
}

static void a_write_tells_what_it_raised_and_changed(void **state)
{
	struct fixture *fixture = *state;
	struct write *write = start(fixture, 2000);
	size_t count;
	raise(fixture, 1);
	raise(fixture, 2);
	assert_int_equal(write_change_alert(write, 1, ALERT_RESOLVED, "office", "done"), 0);
	const struct alert *alerts = write_alerts(write, &count);
	assert_int_equal(count, 3);
	assert_int_equal(alerts[2].number, 1);
	assert_int_equal(alerts[2].state, ALERT_RESOLVED);
	assert_int_equal(alerts[2].raised_ms, 2000);
	commit(fixture);
	must_count(fixture, 1, 0, 1);
}

/* ---- what is remembered ---- */

static const struct alert_subject subjects[] = {
    {.kind = ALERT_OVERDUE, .reporter_id = 1, .period = {.code = PERIOD_ANNUAL << 28 | 2024}},
    {.kind = ALERT_RULE, .statistic_id = 1, .area_id = 2, .period = {.code = PERIOD_ANNUAL << 28 | 2024}},
    {.kind = ALERT_VERDICT, .plan = "little", .row = "1"},
    {.kind = ALERT_FORECAST, .plan = "little", .row = "1"},
    {.kind = ALERT_MISSED,
     .plan = "a-plan-whose-code-is-as-long-as-one-can-be-which-is-64-characters",
     .row = "a-row-whose-name-is-as-long-as-one-can-be-which-is-64-characters"},
};
#define SUBJECTS (sizeof subjects / sizeof subjects[0])

static int note_subject(void *context, const struct alert_subject *subject, const struct watched *watched)
{
	size_t *seen = context;
	const struct alert_subject *expected = &subjects[*seen];
	assert_int_equal(subject->kind, expected->kind);
	assert_int_equal(subject->reporter_id, expected->reporter_id);
	assert_int_equal(subject->statistic_id, expected->statistic_id);
	assert_int_equal(subject->area_id, expected->area_id);
	assert_int_equal(subject->period.code, expected->period.code);
	if (expected->plan) {
		assert_string_equal(subject->plan, expected->plan);
		assert_string_equal(subject->row, expected->row);
	}
	assert_int_equal(watched->number, ++*seen);
	return 0;
}

static void what_is_remembered_of_a_subject_is_its_own(void **state)
{
	struct fixture *fixture = *state;
	struct write *write = start(fixture, 2000);
	struct watched watched;
	size_t seen = 0;
	for (size_t i = 0; i < SUBJECTS; i++) {
		assert_int_equal(write_watched(write, &subjects[i], &watched), 0);
		assert_int_equal(watched.number, 0);
		watched = (struct watched){.number = i + 1, .severity = ALERT_WORSE, .settled = 7};
		assert_int_equal(write_watch(write, &subjects[i], &watched), 0);
	}
	assert_int_equal(write_walk_watched(write, note_subject, &seen), 0);
	assert_int_equal(seen, SUBJECTS);
	watched = (struct watched){.number = 0};
	assert_int_equal(write_watch(write, &subjects[0], &watched), 0);
	assert_int_equal(write_watched(write, &subjects[0], &watched), 0);
	assert_int_equal(watched.severity, ALERT_FINE);
	assert_int_equal(write_watched(write, &subjects[1], &watched), 0);
	assert_int_equal(watched.severity, ALERT_WORSE);
	assert_int_equal(watched.settled, 7);
}

static void a_look_is_noted_only_where_something_came_of_it(void **state)
{
	struct fixture *fixture = *state;
	struct write *write = start(fixture, 2000);
	const struct watched nothing = {.number = 0}, something = {.settled = 3};
	assert_int_equal(write_watch(write, &subjects[0], &nothing), 0);
	assert_false(write_came_to_something(write));
	assert_false(write_has_changes(write));
	assert_int_equal(write_watch(write, &subjects[0], &something), 0);
	assert_true(write_came_to_something(write));
	assert_int_equal(write_note_look(write), 0);
	assert_true(write_has_changes(write));
	commit(fixture);
}

#define ALERTS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ALERTS_TEST(facts_come_back_as_they_were),
	    ALERTS_TEST(an_alert_goes_forward_and_never_back),
	    ALERTS_TEST(every_state_stays_to_be_asked_for),
	    ALERTS_TEST(a_write_tells_what_it_raised_and_changed),
	    ALERTS_TEST(what_is_remembered_of_a_subject_is_its_own),
	    ALERTS_TEST(a_look_is_noted_only_where_something_came_of_it),
	};
	return cmocka_run_group_tests_name("store_alerts", tests, NULL, NULL);
}
