#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/publish/update.h"
#include "proto/envelope.h"
#include "tests/lib/little_city.h"
#include "tests/lib/scratch.h"
#include <stdlib.h>
#include <string.h>

#define EPOCH 0x8000000000000001

struct fixture {
	char *folder;
	struct catalogue *catalogue;
	struct publisher *publisher;
	const char *topic;
	Suanpan__Update *update;
};

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->catalogue = little_city_load(fixture->folder);
	for (uint32_t i = 0; i < fixture->catalogue->area_count; i++)
		fixture->catalogue->areas[i].id = 40 + i; /* as the store would */
	assert_int_equal(publisher_new(fixture->catalogue, EPOCH, &fixture->publisher), 0);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	if (fixture->update)
		suanpan__update__free_unpacked(fixture->update, NULL);
	publisher_free(fixture->publisher);
	catalogue_free(fixture->catalogue);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

static struct changed_value change(uint32_t area, int64_t units)
{
	return (struct changed_value){.which = BEDS_PER_1000,
	                              .area = area,
	                              .period = period_make(PERIOD_MONTH, 2024, 5),
	                              .value = {.state = VALUE_PRESENT,
	                                        .units = units,
	                                        .status = 'A',
	                                        .reported = 2,
	                                        .expected = 2,
	                                        .commit = 9}};
}

static void unpack(struct fixture *fixture, const void *bytes, size_t size)
{
	if (fixture->update)
		suanpan__update__free_unpacked(fixture->update, NULL);
	fixture->update = suanpan__update__unpack(NULL, size, bytes);
	assert_non_null(fixture->update);
	assert_int_equal(fixture->update->major, ENVELOPE_MAJOR);
	assert_true(fixture->update->epoch == EPOCH);
}

static const Suanpan__Value *publish(struct fixture *fixture, const struct changed_value *changed)
{
	const void *bytes;
	size_t size;
	assert_int_equal(publisher_pack(fixture->publisher, changed, &fixture->topic, &bytes, &size), 0);
	unpack(fixture, bytes, size);
	assert_non_null(fixture->update->value);
	return fixture->update->value;
}

static void a_changed_value_is_told_whole(void **state)
{
	struct fixture *fixture = *state;
	struct changed_value changed = change(CITY, -512);
	const Suanpan__Value *value = publish(fixture, &changed);
	assert_string_equal(fixture->topic, "code.beds_per_1000.city");
	assert_string_equal(value->code, "beds_per_1000");
	assert_string_equal(value->area, "city");
	assert_string_equal(value->area_name, "City");
	assert_string_equal(value->period, "2024-06");
	assert_string_equal(value->value, "-5.12");
	assert_string_equal(value->unit, "beds");
	assert_string_equal(value->status, "A");
	assert_int_equal(value->reported, 2);
	assert_int_equal(value->expected, 2);
	assert_int_equal(value->n_missing, 0);
	assert_int_equal(value->commit, 9);
	assert_null(value->reason);
}

static void the_missing_and_the_carried_have_names(void **state)
{
	struct fixture *fixture = *state;
	struct changed_value changed = change(BOTH, 500);
	changed.value.reported = 1;
	changed.value.status = 'P';
	changed.value.missing_count = 2;
	changed.value.missing[0] = 40 + SOUTH;
	changed.value.missing[1] = 39; /* has left the catalogue */
	changed.value.carried_count = 1;
	changed.value.carried[0] = 40 + NORTH;
	const Suanpan__Value *value = publish(fixture, &changed);
	assert_string_equal(fixture->topic, "code.beds_per_1000.both");
	assert_string_equal(value->status, "P");
	assert_int_equal(value->n_missing, 1);
	assert_string_equal(value->missing[0], "South");
	assert_int_equal(value->n_carried, 1);
	assert_string_equal(value->carried[0], "North");
}

static void a_value_that_is_gone_has_a_reason(void **state)
{
	struct fixture *fixture = *state;
	struct changed_value changed = change(NORTH, 0);
	changed.value.state = VALUE_NO_DATA;
	changed.value.status = 0;
	const Suanpan__Value *value = publish(fixture, &changed);
	assert_null(value->value);
	assert_string_equal(value->reason, value_state_text(VALUE_NO_DATA));
	changed.value.state = VALUE_DIVISION_BY_ZERO;
	value = publish(fixture, &changed);
	assert_null(value->value);
	assert_string_equal(value->reason, value_state_text(VALUE_DIVISION_BY_ZERO));
}

static void changes_of_a_code_are_counted_over_its_areas(void **state)
{
	struct fixture *fixture = *state;
	for (uint64_t i = 1; i <= 300; i++) {
		struct changed_value changed = change(i % 2 ? NORTH : SOUTH, (int64_t)i);
		publish(fixture, &changed);
		assert_int_equal(fixture->update->sequence, i);
		assert_string_equal(fixture->topic,
		                    i % 2 ? "code.beds_per_1000.north" : "code.beds_per_1000.south");
	}
}

static void a_welcome_counts_nothing_and_has_no_value(void **state)
{
	struct fixture *fixture = *state;
	struct changed_value changed = change(NORTH, 1);
	const void *bytes;
	size_t size;
	publish(fixture, &changed);
	assert_int_equal(publisher_pack_welcome(fixture->publisher, &bytes, &size), 0);
	unpack(fixture, bytes, size);
	assert_null(fixture->update->value);
	assert_int_equal(fixture->update->sequence, 0);
	publish(fixture, &changed);
	assert_int_equal(fixture->update->sequence, 2);
}

/* The longest there can be: subscribers of a topic that was cut would not get it. */
static void the_longest_topic_is_whole(void **state)
{
	struct fixture *fixture = *state;
	struct changed_value changed = change(NORTH, 1);
	char code[CODE_LENGTH_MAX + 1], topic[ENVELOPE_TOPIC_MAX + 1];
	memset(code, 'z', CODE_LENGTH_MAX);
	code[CODE_LENGTH_MAX] = '\0';
	fixture->catalogue->indicators[BEDS_PER_1000].code = code;
	fixture->catalogue->areas[NORTH].code = code;
	publish(fixture, &changed);
	snprintf(topic, sizeof topic, "code.%s.%s", code, code);
	assert_int_equal(strlen(topic), 5 + 2 * CODE_LENGTH_MAX + 1);
	assert_string_equal(fixture->topic, topic);
}

#define UPDATE_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    UPDATE_TEST(a_changed_value_is_told_whole),
	    UPDATE_TEST(the_missing_and_the_carried_have_names),
	    UPDATE_TEST(a_value_that_is_gone_has_a_reason),
	    UPDATE_TEST(changes_of_a_code_are_counted_over_its_areas),
	    UPDATE_TEST(a_welcome_counts_nothing_and_has_no_value),
	    UPDATE_TEST(the_longest_topic_is_whole),
	};
	return cmocka_run_group_tests_name("publish_update", tests, NULL, NULL);
}
