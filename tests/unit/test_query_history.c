#include "tests/lib/city.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOT_FOUND    SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND
#define NOT_POSSIBLE SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE

static Suanpan__HistoryQuery asked;

static Suanpan__Query query_of(const char *statistic, const char *area, const char *period)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	asked = (Suanpan__HistoryQuery)SUANPAN__HISTORY_QUERY__INIT;
	asked.statistic = (char *)(uintptr_t)statistic;
	asked.area = (char *)(uintptr_t)area;
	asked.period = (char *)(uintptr_t)period;
	query.history = &asked;
	return query;
}

static const Suanpan__Answer *history(struct city *city, const char *statistic, const char *area,
                                      const char *period)
{
	Suanpan__Query query = query_of(statistic, area, period);
	const Suanpan__Answer *answer = city_ask(city, &query);
	if (answer->failure)
		fail_msg("%s", answer->failure->text);
	return answer;
}

static const Suanpan__Failure *must_refuse(struct city *city, Suanpan__FailureKind kind, const char *part,
                                           const char *statistic, const char *area, const char *period)
{
	Suanpan__Query query = query_of(statistic, area, period);
	return city_must_refuse(city, &query, kind, part);
}

static void every_revision_says_who_when_and_in_which_report(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "liwan", "first.csv", {"beds", "440103", "2020-12", 8000, 'P', "by telephone"});
	CITY_REPORT(city, "bureau", "second.csv", {"residents", "440103", "2020", 1, 0, "of something else"},
	            {"beds", "440103", "2020-11", 7000, 0, NULL},
	            {"beds", "440103", "2020-12", 8123, 0, NULL});
	const Suanpan__Answer *answer = history(city, "beds", "Liwan", "2020-12");
	assert_int_equal(answer->n_history, 2);
	const Suanpan__Revision *first = answer->history[0], *second = answer->history[1];
	assert_int_equal(first->revision, 1);
	assert_string_equal(first->value, "8000");
	assert_string_equal(first->status, "P");
	assert_string_equal(first->reporter, "liwan");
	assert_string_equal(first->time, "2024-05-01T12:00:01+08:00");
	assert_string_equal(first->stream, "ab000000000000000000000000000000");
	assert_int_equal(first->sequence, 1);
	assert_string_equal(first->note, "by telephone");
	assert_string_equal(first->source, "first.csv");
	assert_string_equal(first->unit, "beds");
	assert_int_equal(second->revision, 2);
	assert_string_equal(second->value, "8123");
	assert_string_equal(second->status, "A");
	assert_string_equal(second->reporter, "bureau");
	assert_int_equal(second->sequence, 2);
	assert_int_equal(second->commit, first->commit + 1);
	assert_int_equal(second->commit, answer->commit);
	assert_int_equal(second->entry, first->entry + 1);
	assert_null(second->note);
	assert_string_equal(second->source, "second.csv");
}

static void note_is_that_of_the_row_and_of_no_other(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "bureau", NULL, {"beds", "440113", "2020-12", 1, 0, "panyu"},
	            {"beds", "440103", "2020-12", 2, 0, NULL},
	            {"births", "440104", "2020-M12", 3, 0, "births"},
	            {"beds", "440104", "2020-12", 4, 0, "yuexiu"});
	assert_string_equal(history(city, "beds", "panyu", "2020-12")->history[0]->note, "panyu");
	assert_null(history(city, "beds", "liwan", "2020-12")->history[0]->note);
	assert_string_equal(history(city, "beds", "yuexiu", "2020-12")->history[0]->note, "yuexiu");
	assert_null(city->answers[0]->history[0]->source);
	/* Written in another way, and the same period. */
	assert_string_equal(history(city, "births", "yuexiu", "2020-12")->history[0]->note, "births");
}

static void value_that_was_taken_back_has_none(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "liwan", "a.csv", {"beds", "440103", "2020-12", 8000, 0, NULL});
	CITY_REPORT(city, "liwan", "b.csv", {"beds", "440103", "2020-12", 0, 'O', "a mistake"});
	const Suanpan__Answer *answer = history(city, "beds", "440103", "2020-12");
	assert_int_equal(answer->n_history, 2);
	assert_null(answer->history[1]->value);
	assert_string_equal(answer->history[1]->status, "O");
	assert_string_equal(answer->history[1]->note, "a mistake");
}

static void observation_never_made_has_an_empty_history(void **state)
{
	assert_int_equal(history(*state, "beds", "liwan", "2020-12")->n_history, 0);
}

static void decimals_are_those_of_the_statistic(void **state)
{
	struct city *city = *state;
	CITY_REPORT(city, "bureau", "l.csv", {"life_expectancy", "440100", "2020", 8290, 0, NULL});
	assert_string_equal(history(city, "life_expectancy", "Guangzhou", "2020")->history[0]->value,
	                    "82.90");
}

static void many_revisions_come_in_order_over_chunks(void **state)
{
	struct city *city = *state;
	enum { REVISIONS = 400 };
	for (int i = 1; i <= REVISIONS; i++)
		CITY_REPORT(
		    city, "bureau", "a file with quite a long name, so that there is something to send.csv",
		    {"rain", "440100", "2030-12-01", i, 0, "and a note that is not that short either"});
	history(city, "rain", "440100", "2030-12-01");
	assert_true(city->answer_count > 1);
	uint64_t next = 1;
	for (size_t i = 0; i < city->answer_count; i++)
		for (size_t k = 0; k < city->answers[i]->n_history; k++)
			assert_int_equal(city->answers[i]->history[k]->revision, next++);
	assert_int_equal(next, REVISIONS + 1);
}

static void history_is_kept_of_what_is_reported_where_and_when_it_is(void **state)
{
	must_refuse(*state, NOT_POSSIBLE, "beds is reported by district, and Guangzhou is a city", "beds",
	            "440100", "2020-12");
	must_refuse(*state, NOT_POSSIBLE, "is a group", "beds", "central", "2020-12");
	must_refuse(*state, NOT_POSSIBLE, "beds is reported monthly; expected a month such as", "beds",
	            "liwan", "2020");
	must_refuse(*state, NOT_POSSIBLE, "beds_per_1000 is computed (1000 * beds / residents)",
	            "beds_per_1000", "liwan", "2020-12");
}

static void unknown_words_are_named_with_the_nearest_known(void **state)
{
	const Suanpan__Failure *failure =
	    must_refuse(*state, NOT_FOUND, "'birth'", "birth", "liwan", "2020-12");
	assert_string_equal(failure->suggestion, "births");
	must_refuse(*state, NOT_FOUND, "area 'Atlantis'", "births", "Atlantis", "2020-12");
	must_refuse(*state, NOT_FOUND, "'soon' is not a period", "births", "liwan", "soon");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, city_set_up, city_tear_down)
	    CASE(every_revision_says_who_when_and_in_which_report),
	    CASE(note_is_that_of_the_row_and_of_no_other),
	    CASE(value_that_was_taken_back_has_none),
	    CASE(observation_never_made_has_an_empty_history),
	    CASE(decimals_are_those_of_the_statistic),
	    CASE(many_revisions_come_in_order_over_chunks),
	    CASE(history_is_kept_of_what_is_reported_where_and_when_it_is),
	    CASE(unknown_words_are_named_with_the_nearest_known),
	};
	return cmocka_run_group_tests_name("query_history", tests, NULL, NULL);
}
