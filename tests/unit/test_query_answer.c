#include "daemon/query/answer.h"

#include "daemon/base/arena.h"
#include "daemon/store/write.h"
#include "proto/envelope.h"
#include "tests/lib/city.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MALFORMED   SUANPAN__FAILURE_KIND__FAILURE_MALFORMED
#define UNSUPPORTED SUANPAN__FAILURE_KIND__FAILURE_UNSUPPORTED

/* ---- wrong queries ---- */

static const Suanpan__Failure *lone_failure(const struct city *city)
{
	assert_int_equal(city->answer_count, 1);
	assert_true(city->answers[0]->last);
	assert_int_equal(city->answers[0]->major, ENVELOPE_MAJOR);
	assert_non_null(city->answers[0]->failure);
	return city->answers[0]->failure;
}

static void bytes_that_are_no_query_are_answered_as_malformed(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} cases[] = {
	    {"", 0},
	    {"\x08", 1},
	    {"\x08\x01", 2},             /* a major, and no number */
	    {"\x08\x01\x10\x05\x52", 5}, /* a status query cut short */
	    {"hello", 5},
	    {"\x08\x01\x10\x05\x5a\x00", 6}, /* a list without its kind */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(city_ask_bytes(*state, cases[i].bytes, cases[i].size), 0);
		assert_int_equal(lone_failure(*state)->kind, MALFORMED);
	}
}

static void query_of_a_newer_major_is_told_which_one_is_understood(void **state)
{
	/* What else a major 7 would say is nobody's business here. */
	static const char bytes[] = "\x08\x07\x10\xff";
	assert_int_equal(city_ask_bytes(*state, bytes, sizeof bytes - 1), 0);
	const Suanpan__Failure *failure = lone_failure(*state);
	assert_int_equal(failure->kind, UNSUPPORTED);
	assert_non_null(strstr(failure->text, "major 1"));
	assert_non_null(strstr(failure->text, "major 7"));
}

static void query_beyond_the_allowed_size_is_refused(void **state)
{
	char *bytes = calloc(1, ENVELOPE_REQUEST_MAX + 1);
	assert_non_null(bytes);
	assert_int_equal(city_ask_bytes(*state, bytes, ENVELOPE_REQUEST_MAX + 1), 0);
	free(bytes);
	assert_int_equal(lone_failure(*state)->kind, MALFORMED);
}

static void query_asks_for_exactly_one_thing(void **state)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__StatusQuery status = SUANPAN__STATUS_QUERY__INIT;
	Suanpan__ListQuery list = SUANPAN__LIST_QUERY__INIT;
	list.kind = SUANPAN__LIST_KIND__LIST_AREAS;
	city_must_refuse(*state, &query, MALFORMED, "nothing");
	query.status = &status;
	query.list = &list;
	city_must_refuse(*state, &query, MALFORMED, "several");
}

static void enum_values_of_another_world_are_malformed(void **state)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__ListQuery list = SUANPAN__LIST_QUERY__INIT;
	query.list = &list;
	list.kind = (Suanpan__ListKind)99;
	city_must_refuse(*state, &query, MALFORMED, "list 99");
	list.kind = (Suanpan__ListKind)-1;
	city_must_refuse(*state, &query, MALFORMED, "list -1");
	list.kind = SUANPAN__LIST_KIND__LIST_AREAS;
	query.has_language = 1;
	query.language = (Suanpan__Language)4;
	city_must_refuse(*state, &query, MALFORMED, "language 4");
}

static void unknown_fields_in_a_query_are_ignored(void **state)
{
	/* major 1, number 4711, field 200 = 1, status {} */
	static const char bytes[] = "\x08\x01\x10\xe7\x24\xc0\x0c\x01\x52\x00";
	struct city *city = *state;
	assert_int_equal(city_ask_bytes(city, bytes, sizeof bytes - 1), 0);
	assert_null(city->answers[0]->failure);
	assert_int_equal(city->answers[0]->number, 4711);
	assert_non_null(city->answers[0]->status);
}

static void words_without_end_or_form_are_quoted_safely(void **state)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__SeriesQuery series = SUANPAN__SERIES_QUERY__INIT;
	char *code = malloc(60001);
	assert_non_null(code);
	query.series = &series;
	series.code = code;
	for (int i = 0; i < 60000; i += 3)
		memcpy(code + i, "市", 3);
	code[60000] = '\0';
	const Suanpan__Failure *failure =
	    city_must_refuse(*state, &query, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND, "市...'");
	assert_true(text_is_valid(failure->text, strlen(failure->text)));
	assert_true(strlen(failure->text) < 300);
	memcpy(code, "\xff\x01", 3);
	city_must_refuse(*state, &query, SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND, "'(not text)'");
	free(code);
}

/* ---- the sink ---- */

static void ask_for_many_rows(struct city *city, size_t fail_at, int failure)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__SeriesQuery series = SUANPAN__SERIES_QUERY__INIT;
	char code[] = "rain", from[] = "2000", to[] = "2010";
	void *bytes;
	size_t size;
	query.major = ENVELOPE_MAJOR;
	query.series = &series;
	series.code = code;
	series.from = from;
	series.to = to;
	assert_int_equal(envelope_pack(&query.base, ENVELOPE_REQUEST_MAX, &bytes, &size), 0);
	city->fail_at = fail_at;
	city->failure = failure;
	int result = city_ask_bytes(city, bytes, size);
	free(bytes);
	assert_int_equal(result, failure);
}

static void sink_that_fails_midway_ends_the_answer_and_is_passed_on(void **state)
{
	struct city *city = *state;
	static const int failures[] = {-EAGAIN, 1, 2, FAULT_SOCKET};
	ask_for_many_rows(city, 0, 0);
	size_t chunks = city->answer_count;
	assert_true(chunks > 3);
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
		for (size_t fail_at = 1; fail_at <= chunks; fail_at++) {
			ask_for_many_rows(city, fail_at, failures[i]);
			assert_int_equal(city->answer_count, fail_at - 1);
		}
}

static void sink_that_fails_on_a_failure_is_passed_on(void **state)
{
	struct city *city = *state;
	city->fail_at = 1;
	city->failure = -EAGAIN;
	assert_int_equal(city_ask_bytes(city, "hello", 5), -EAGAIN);
}

static void rows_that_memory_does_not_hold_are_the_daemons_failure(void **state)
{
	struct city *city = *state;
	struct arena *roomy = city->arena;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__ListQuery list = SUANPAN__LIST_QUERY__INIT;
	void *bytes;
	size_t size;
	query.major = ENVELOPE_MAJOR;
	query.number = 5;
	query.list = &list;
	list.kind = SUANPAN__LIST_KIND__LIST_STATISTICS;
	assert_int_equal(envelope_pack(&query.base, ENVELOPE_REQUEST_MAX, &bytes, &size), 0);
	assert_int_equal(arena_new(1000, &city->arena), 0);
	int result = city_ask_bytes(city, bytes, size);
	arena_free(city->arena);
	city->arena = roomy;
	free(bytes);
	assert_int_equal(result, -ENOMEM);
	assert_int_equal(lone_failure(city)->kind, SUANPAN__FAILURE_KIND__FAILURE_INTERNAL);
	assert_int_equal(city->answers[0]->number, 5);
}

/* ---- status ---- */

static void status_counts_what_is_in_the_store(void **state)
{
	struct city *city = *state;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__StatusQuery status = SUANPAN__STATUS_QUERY__INIT;
	query.status = &status;
	CITY_REPORT(city, "liwan", "a.csv", {"residents", "440103", "2020", 1238305, 0, NULL});
	CITY_REPORT(city, "liwan", "b.csv", {"residents", "440103", "2020", 1238306, 0, NULL});
	const Suanpan__Answer *answer = city_ask(city, &query);
	const Suanpan__Status *row = answer->status;
	assert_non_null(row);
	assert_string_equal(row->version, SUANPAN_VERSION);
	assert_int_equal(row->format, STORE_FORMAT);
	assert_int_equal(row->commit, answer->commit);
	assert_int_equal(row->entries, 3); /* the names of the catalogue, and two reports */
	assert_int_equal(row->observations, 1);
	assert_int_equal(row->revisions, 1);
	assert_true(row->values > 0);
	assert_int_equal(row->refused, 0);
	assert_int_equal(strlen(row->head), 64);
	assert_int_equal(row->epoch, 99);
	assert_string_equal(row->started, "2024-05-01T12:00:00+08:00");
	assert_true(row->map_bytes >= row->used_bytes && row->used_bytes > 0);
	assert_true(row->disk_free_bytes > 0);
	assert_null(row->refusing);
}

static void status_says_why_no_reports_are_taken(void **state)
{
	struct city *city = *state;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__StatusQuery status = SUANPAN__STATUS_QUERY__INIT;
	query.status = &status;
	store_set_reserve(city->store, UINT64_MAX / 2);
	const Suanpan__Answer *answer = city_ask(city, &query);
	assert_non_null(answer->status);
	assert_int_equal(answer->status->disk_reserve_bytes, UINT64_MAX / 2);
	assert_non_null(answer->status->refusing);
	assert_non_null(strstr(answer->status->refusing, "disk"));
}

/* ---- lists ---- */

static const Suanpan__Answer *list(struct city *city, Suanpan__ListKind kind, Suanpan__Language language)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__ListQuery list = SUANPAN__LIST_QUERY__INIT;
	query.has_language = 1;
	query.language = language;
	query.list = &list;
	list.kind = kind;
	const Suanpan__Answer *answer = city_ask(city, &query);
	assert_null(answer->failure);
	return answer;
}

static void areas_come_in_tree_order_and_then_the_groups(void **state)
{
	static const struct {
		const char *code, *kind, *parent;
	} expected[] = {
	    {"440100", "city", NULL},          {"440103", "district", "440100"},
	    {"440103001", "street", "440103"}, {"440104", "district", "440100"},
	    {"440113", "district", "440100"},  {"central", "group", NULL},
	};
	const Suanpan__Answer *answer =
	    list(*state, SUANPAN__LIST_KIND__LIST_AREAS, SUANPAN__LANGUAGE__LANGUAGE_TRADITIONAL);
	assert_int_equal(answer->n_list, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < answer->n_list; i++) {
		const Suanpan__ListRow *row = answer->list[i];
		assert_string_equal(row->code, expected[i].code);
		assert_string_equal(row->kind, expected[i].kind);
		if (expected[i].parent)
			assert_string_equal(row->parent, expected[i].parent);
		else
			assert_null(row->parent);
		assert_null(row->unit);
		assert_false(row->has_decimals);
	}
	assert_string_equal(answer->list[1]->name, "荔灣區");
	assert_string_equal(answer->list[1]->name_en, "Liwan");
	assert_string_equal(answer->list[1]->name_zh_hans, "荔湾区");
	assert_string_equal(answer->list[1]->name_zh_hant, "荔灣區");
	/* Shamian is in the group too, but because Liwan is. */
	assert_int_equal(answer->list[5]->n_member, 2);
	assert_string_equal(answer->list[5]->member[0], "440103");
	assert_string_equal(answer->list[5]->member[1], "440104");
}

static void statistics_say_how_they_are_reported(void **state)
{
	const Suanpan__Answer *answer =
	    list(*state, SUANPAN__LIST_KIND__LIST_STATISTICS, SUANPAN__LANGUAGE__LANGUAGE_SIMPLIFIED);
	assert_int_equal(answer->n_list, 7);
	const Suanpan__ListRow *beds = answer->list[1], *births = answer->list[2];
	assert_string_equal(beds->code, "beds");
	assert_string_equal(beds->name, "床位");
	assert_string_equal(beds->unit, "张");
	assert_string_equal(beds->kind, "stock");
	assert_string_equal(beds->frequency, "M");
	assert_string_equal(beds->level, "district");
	assert_int_equal(beds->decimals, 0);
	assert_true(beds->has_carry_months);
	assert_int_equal(beds->carry_months, 3);
	assert_int_equal(beds->deadline_days, 15);
	assert_false(births->has_carry_months);
	assert_null(beds->formula);
}

static void indicators_say_how_they_are_computed(void **state)
{
	const Suanpan__Answer *answer =
	    list(*state, SUANPAN__LIST_KIND__LIST_INDICATORS, SUANPAN__LANGUAGE__LANGUAGE_ENGLISH);
	assert_int_equal(answer->n_list, 6);
	const Suanpan__ListRow *row = answer->list[1];
	assert_string_equal(row->code, "beds_per_1000");
	assert_string_equal(row->formula, "1000 * beds / residents");
	assert_string_equal(row->frequency, "M");
	assert_string_equal(row->coverage, "matched");
	assert_int_equal(row->decimals, 2);
	assert_null(row->kind);
	assert_string_equal(answer->list[5]->coverage, "complete");
}

static void plans_say_their_years_and_how_many_targets_they_have(void **state)
{
	const Suanpan__Answer *answer =
	    list(*state, SUANPAN__LIST_KIND__LIST_PLANS, SUANPAN__LANGUAGE__LANGUAGE_ENGLISH);
	assert_int_equal(answer->n_list, 1);
	assert_string_equal(answer->list[0]->code, "plan14");
	assert_string_equal(answer->list[0]->name, "14th plan");
	assert_string_equal(answer->list[0]->from, "2021");
	assert_string_equal(answer->list[0]->to, "2025");
	assert_int_equal(answer->list[0]->targets, 7);
}

/* One decision of a stream that is named by a letter, a second after the one before. */
static void decide(struct city *city, uint32_t reporter_id, char letter, uint64_t sequence, bool accepted)
{
	struct write *write;
	struct report_name name = {.reporter_id = reporter_id, .sequence = sequence};
	uint64_t entry;
	memset(name.stream, letter, sizeof name.stream);
	assert_int_equal(write_begin(city->store, CITY_WALL_MS + (int64_t)++city->sequence * 1000, &write),
	                 0);
	const struct accepted_report good = {.name = name, .payload = "p", .payload_size = 1};
	const struct refused_report bad = {.name = name, .payload = "p", .payload_size = 1, .answer = "no"};
	assert_int_equal(accepted ? write_accept(write, &good, &entry) : write_refuse(write, &bad, &entry),
	                 0);
	assert_int_equal(write_apply(write), 0);
	assert_int_equal(write_commit(write), 0);
}

static void expect_stream(const Suanpan__ListRow *row, const char *code, const char *stream, uint64_t last,
                          uint64_t gaps, const char *seconds, const char *followed_by)
{
	char first[32], newest[32];
	snprintf(first, sizeof first, "2024-05-01T12:00:%.2s+08:00", seconds);
	snprintf(newest, sizeof newest, "2024-05-01T12:00:%.2s+08:00", seconds + 3);
	assert_string_equal(row->code, code);
	assert_memory_equal(row->stream, stream, strlen(stream));
	assert_int_equal(strlen(row->stream), 32);
	assert_int_equal(row->last_sequence, last);
	assert_int_equal(row->gaps, gaps);
	assert_string_equal(row->first_report, first);
	assert_string_equal(row->last_report, newest);
	assert_int_equal(row->followed_by != NULL, followed_by != NULL);
	if (followed_by)
		assert_memory_equal(row->followed_by, followed_by, strlen(followed_by));
}

static void streams_say_where_they_end_and_which_one_follows(void **state)
{
	struct city *city = *state;
	uint32_t liwan = city->catalogue->reporters[0].id, bureau = city->catalogue->reporters[1].id;
	decide(city, bureau, 'z', 1, true);
	decide(city, liwan, 'x', 1, true);
	decide(city, liwan, 'w', 300, true); /* beside x, and then x goes on */
	decide(city, liwan, 'x', 2, false);
	decide(city, liwan, 'x', 300, true); /* beyond one byte, with a gap */
	decide(city, liwan, 'a', 1, true);   /* a new spool */
	decide(city, bureau, 'z', 2, true);
	decide(city, liwan, 'a', 2, true);
	const Suanpan__Answer *answer =
	    list(city, SUANPAN__LIST_KIND__LIST_STREAMS, SUANPAN__LANGUAGE__LANGUAGE_ENGLISH);
	assert_int_equal(answer->n_list, 4);
	expect_stream(answer->list[0], "liwan", "78787878", 300, 297, "02 05", "6161");
	expect_stream(answer->list[1], "liwan", "77777777", 300, 299, "03 03", "6161");
	expect_stream(answer->list[2], "liwan", "61616161", 2, 0, "06 08", NULL);
	expect_stream(answer->list[3], city->catalogue->reporters[1].code, "7a7a7a7a", 2, 0, "01 07", NULL);
	assert_string_equal(answer->list[0]->name, "Liwan office");
}

static void there_may_be_no_stream_yet(void **state)
{
	const Suanpan__Answer *answer =
	    list(*state, SUANPAN__LIST_KIND__LIST_STREAMS, SUANPAN__LANGUAGE__LANGUAGE_ENGLISH);
	assert_int_equal(answer->n_list, 0);
}

static void reporters_say_what_they_may_report_and_what_they_did(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "liwan", "a.csv", {"residents", "440103", "2020", 1, 0, NULL});
	CITY_REPORT(city, "liwan", "b.csv", {"residents", "440103", "2021", 2, 0, NULL});
	const Suanpan__Answer *answer =
	    list(city, SUANPAN__LIST_KIND__LIST_REPORTERS, SUANPAN__LANGUAGE__LANGUAGE_ENGLISH);
	assert_int_equal(answer->n_list, 2);
	const Suanpan__ListRow *liwan = answer->list[0], *bureau = answer->list[1];
	assert_string_equal(liwan->code, "liwan");
	assert_int_equal(liwan->n_scope_area, 2);
	assert_string_equal(liwan->scope_area[1], "440103001");
	assert_int_equal(liwan->n_scope_statistic, 3);
	assert_string_equal(liwan->scope_statistic[2], "births");
	assert_int_equal(liwan->reports, 2);
	assert_string_equal(liwan->last_report, "2024-05-01T12:00:02+08:00");
	assert_int_equal(bureau->n_scope_statistic, 7);
	assert_true(bureau->has_reports);
	assert_int_equal(bureau->reports, 0);
	assert_null(bureau->last_report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, city_set_up, city_tear_down)
	    CASE(bytes_that_are_no_query_are_answered_as_malformed),
	    CASE(query_of_a_newer_major_is_told_which_one_is_understood),
	    CASE(query_beyond_the_allowed_size_is_refused),
	    CASE(query_asks_for_exactly_one_thing),
	    CASE(enum_values_of_another_world_are_malformed),
	    CASE(unknown_fields_in_a_query_are_ignored),
	    CASE(words_without_end_or_form_are_quoted_safely),
	    CASE(sink_that_fails_midway_ends_the_answer_and_is_passed_on),
	    CASE(sink_that_fails_on_a_failure_is_passed_on),
	    CASE(rows_that_memory_does_not_hold_are_the_daemons_failure),
	    CASE(status_counts_what_is_in_the_store),
	    CASE(status_says_why_no_reports_are_taken),
	    CASE(areas_come_in_tree_order_and_then_the_groups),
	    CASE(statistics_say_how_they_are_reported),
	    CASE(indicators_say_how_they_are_computed),
	    CASE(plans_say_their_years_and_how_many_targets_they_have),
	    CASE(reporters_say_what_they_may_report_and_what_they_did),
	    CASE(streams_say_where_they_end_and_which_one_follows),
	    CASE(there_may_be_no_stream_yet),
	};
	return cmocka_run_group_tests_name("query_answer", tests, NULL, NULL);
}
