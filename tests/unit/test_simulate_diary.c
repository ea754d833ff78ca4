/* The diary of the simulated city: complete, mended, and the same for one seed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clients/simulate/trend.h"
#include "daemon/catalogue/calendar.h"
#include "tests/lib/simulation.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 2021

static struct simulated city;

static int set_up(void **state)
{
	(void)state;
	simulated_init(&city, SEED);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	simulated_done(&city);
	return 0;
}

static const struct errand *errand_at(size_t at)
{
	return &city.diary->errands[at];
}

static bool is_true(const struct figure *figure)
{
	int64_t value;
	return truth_find(city.truth, figure->statistic, figure->area, figure->period, &value) &&
	       value == figure->value;
}

static bool is_of(const struct figure *figure, const struct mishap *mishap)
{
	return figure->statistic == mishap->statistic && figure->area == mishap->area &&
	       figure->period.code == mishap->period.code;
}

static const struct figure *figure_of(const struct errand *errand, const struct mishap *mishap)
{
	for (size_t i = 0; i < errand->count; i++)
		if (is_of(&errand->figures[i], mishap))
			return &errand->figures[i];
	return NULL;
}

/* ---- bytes */

static char *text_of(const struct diary *diary)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	assert_non_null(stream);
	for (size_t i = 0; i < diary->errand_count; i++) {
		char *name = errand_name(city.catalogue, &diary->errands[i]);
		fprintf(stream, "%s\n", name);
		free(name);
		assert_int_equal(errand_write(city.catalogue, &diary->errands[i], stream), 0);
	}
	fclose(stream);
	return text;
}

static void the_same_seed_gives_the_same_bytes_and_another_one_others(void **state)
{
	(void)state;
	struct simulated same, other;
	simulated_init(&same, SEED);
	simulated_init(&other, SEED + 1);
	char *first = text_of(city.diary), *second = text_of(same.diary), *third = text_of(other.diary);
	assert_true(strlen(first) > 1000000);
	assert_true(strcmp(first, second) == 0);
	assert_true(strcmp(first, third) != 0);
	free(first);
	free(second);
	free(third);
	simulated_done(&same);
	simulated_done(&other);
}

static void a_file_is_what_a_reporter_would_push(void **state)
{
	(void)state;
	struct figure figures[] = {
	    {.statistic = catalogue_find_statistic(city.catalogue, "life_expectancy_at_birth"),
	     .area = city.catalogue->root,
	     .period = period_make(PERIOD_ANNUAL, 2021, 0),
	     .value = 830,
	     .status = 'E',
	     .note = "said \"about\", so far"},
	};
	const struct errand errand = {
	    .day = diary_day("2022-02-28"),
	    .minute = 9 * 60 + 5,
	    .kind = ERRAND_ORDINARY,
	    .reporter = catalogue_find_reporter(city.catalogue, "health_commission"),
	    .label = "year-2021",
	    .figures = figures,
	    .count = 1,
	};
	char *text = NULL, *name = errand_name(city.catalogue, &errand);
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	assert_int_equal(errand_write(city.catalogue, &errand, stream), 0);
	fclose(stream);
	assert_string_equal(text,
	                    "statistic,area,period,value,status,note\n"
	                    "life_expectancy_at_birth,440100,2021,83.0,E,\"said \"\"about\"\", so far\"\n");
	assert_string_equal(name, "2022-02-28-0905-health_commission-ordinary-year-2021.csv");
	free(text);
	free(name);
}

/* ---- order and form */

static void errands_go_in_order_in_office_hours_of_working_days(void **state)
{
	(void)state;
	for (size_t i = 0; i < city.diary->errand_count; i++) {
		const struct errand *errand = errand_at(i), *before = i ? errand_at(i - 1) : errand;
		assert_true(before->day < errand->day ||
		            (before->day == errand->day && before->minute <= errand->minute));
		assert_true(calendar_is_worked(city.catalogue, errand->day));
		assert_in_range(errand->minute, 9 * 60, 17 * 60);
	}
}

static void nothing_is_reported_before_its_period_is_over(void **state)
{
	(void)state;
	for (size_t i = 0; i < city.diary->errand_count; i++)
		for (size_t k = 0; k < errand_at(i)->count; k++)
			assert_true(period_last_day(errand_at(i)->figures[k].period) < errand_at(i)->day);
}

static void a_report_holds_its_figures_once_and_in_the_senders_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < city.diary->errand_count; i++)
		for (size_t k = 1; k < errand_at(i)->count; k++) {
			const struct figure *a = &errand_at(i)->figures[k - 1], *b = a + 1;
			int order = strcmp(city.catalogue->statistics[a->statistic].code,
			                   city.catalogue->statistics[b->statistic].code);
			assert_true(order < 0 ||
			            (order == 0 && (a->period.code < b->period.code ||
			                            (a->period.code == b->period.code &&
			                             strcmp(city.catalogue->areas[a->area].code,
			                                    city.catalogue->areas[b->area].code) < 0))));
		}
}

static void everybody_reports_only_what_is_theirs(void **state)
{
	(void)state;
	for (size_t i = 0; i < city.diary->errand_count; i++) {
		const struct reporter *reporter = &city.catalogue->reporters[errand_at(i)->reporter];
		for (size_t k = 0; k < errand_at(i)->count; k++) {
			const struct figure *figure = &errand_at(i)->figures[k];
			assert_true(reporter->statistics[figure->statistic]);
			assert_true(catalogue_reporter_may_report_area(reporter, figure->area));
		}
	}
}

/* ---- mishaps */

static void every_kind_of_mishap_happens(void **state)
{
	(void)state;
	size_t counts[MISHAP_KIND_COUNT] = {0};
	for (size_t i = 0; i < city.diary->mishap_count; i++)
		counts[city.diary->mishaps[i].kind]++;
	assert_int_equal(counts[MISHAP_NONE], 0);
	for (int kind = MISHAP_NONE + 1; kind < MISHAP_KIND_COUNT; kind++)
		if (counts[kind] == 0)
			fail_msg("no figure met with '%s'", mishap_kind_name((enum mishap_kind)kind));
}

/* The figure as it was sent on the day of its mishap, and whether it was sent right on the day when it was mended. */
static void must_be_wrong_and_mended(const struct mishap *mishap)
{
	bool wrong = false, mended = false;
	for (size_t i = 0; i < city.diary->errand_count; i++) {
		const struct errand *errand = errand_at(i);
		const struct figure *figure = figure_of(errand, mishap);
		if (figure && errand->day == mishap->day)
			wrong |= !is_true(figure);
		if (figure && errand->day >= mishap->mended_day && !errand->is_to_be_refused)
			mended |= is_true(figure);
	}
	bool left_out = mishap->kind == MISHAP_MISSING || mishap->kind == MISHAP_LOST;
	if (wrong == left_out || mended != (mishap->mended_day != INT32_MAX))
		fail_msg("%s: %s, not as it should be", city.catalogue->statistics[mishap->statistic].code,
		         mishap_kind_name(mishap->kind));
}

static void every_error_was_sent_and_has_its_correction(void **state)
{
	(void)state;
	assert_true(city.diary->mishap_count > 300);
	for (size_t i = 0; i < city.diary->mishap_count; i++)
		must_be_wrong_and_mended(&city.diary->mishaps[i]);
}

static const struct mishap *mishap_of(const struct figure *figure)
{
	for (size_t i = 0; i < city.diary->mishap_count; i++)
		if (is_of(figure, &city.diary->mishaps[i]))
			return &city.diary->mishaps[i];
	return NULL;
}

static void nothing_is_wrong_that_is_no_mishap(void **state)
{
	(void)state;
	for (size_t i = 0; i < city.diary->errand_count; i++)
		for (size_t k = 0; k < errand_at(i)->count; k++) {
			const struct figure *figure = &errand_at(i)->figures[k];
			if (errand_at(i)->kind != ERRAND_PAST && !is_true(figure))
				assert_non_null(mishap_of(figure));
		}
}

/* What the daemon would hold in the end, of one figure. */
static bool is_left(const struct figure *wanted, int64_t *ret_value)
{
	bool found = false;
	for (size_t i = 0; i < city.diary->errand_count; i++)
		for (size_t k = 0; k < errand_at(i)->count && !errand_at(i)->is_to_be_refused; k++) {
			const struct figure *figure = &errand_at(i)->figures[k];
			if (figure->statistic != wanted->statistic || figure->area != wanted->area ||
			    figure->period.code != wanted->period.code)
				continue;
			*ret_value = figure->value;
			found = true;
		}
	return found;
}

static void must_be_right_or_known_to_be_wrong(struct figure figure, int64_t value)
{
	int64_t sent = 0;
	const struct mishap *mishap = mishap_of(&figure);
	if (is_left(&figure, &sent) && sent == value)
		return;
	assert_non_null(mishap);
	assert_int_equal(mishap->mended_day, INT32_MAX);
}

static void in_the_end_everything_is_right_but_what_is_never_mended(void **state)
{
	(void)state;
	uint32_t beds = catalogue_find_statistic(city.catalogue, "hospital_beds");
	uint32_t births = catalogue_find_statistic(city.catalogue, "live_births");
	for (uint32_t statistic = 0; statistic < city.catalogue->statistic_count; statistic++) {
		struct area_list areas = truth_areas(city.truth, statistic);
		struct period at = simulated_first(&city, statistic), last = simulated_last(&city, statistic);
		/* All that is yearly, and one of each of the others: all of them would take minutes. */
		if (city.catalogue->statistics[statistic].frequency != PERIOD_ANNUAL && statistic != beds &&
		    statistic != births)
			continue;
		for (bool more = true; more && at.code <= last.code; more = period_shift(at, 1, &at))
			for (uint32_t i = 0; i < areas.count; i++) {
				int64_t value = 0;
				assert_true(truth_find(city.truth, statistic, areas.area[i], at, &value));
				must_be_right_or_known_to_be_wrong((struct figure){.statistic = statistic,
				                                                   .area = areas.area[i],
				                                                   .period = at},
				                                   value);
			}
	}
}

static void urban_residents_above_residents_are_refused_and_sent_again(void **state)
{
	(void)state;
	size_t refused = 0;
	for (size_t i = 0; i < city.diary->mishap_count; i++) {
		const struct mishap *mishap = &city.diary->mishaps[i];
		if (mishap->kind != MISHAP_URBAN)
			continue;
		for (size_t k = 0; k < city.diary->errand_count; k++)
			if (errand_at(k)->day == mishap->day && figure_of(errand_at(k), mishap)) {
				assert_true(errand_at(k)->is_to_be_refused);
				refused++;
			}
		assert_true(mishap->mended_day > mishap->day);
	}
	assert_true(refused >= 2);
}

/* ---- closed years */

static void what_changes_a_closed_year_says_why_or_is_meant_to_be_refused(void **state)
{
	(void)state;
	size_t with_reason = 0, without = 0;
	for (size_t i = 0; i < city.diary->errand_count; i++) {
		const struct errand *errand = errand_at(i);
		bool is_needed = errand_needs_correction(city.catalogue, errand) != NULL;
		assert_true(is_needed || !errand->correction);
		with_reason += errand->correction != NULL;
		without += is_needed && !errand->correction;
		if (is_needed && !errand->correction)
			assert_true(errand->is_to_be_refused && errand->is_sent_again);
	}
	assert_true(with_reason > 10);
	assert_true(without > 0);
}

static void each_year_is_closed_in_the_spring_after_it(void **state)
{
	(void)state;
	assert_int_equal(city.diary->deed_count, TREND_YEARS + 1);
	for (size_t i = 0; i < city.diary->deed_count; i++) {
		int year = TREND_FIRST_YEAR - 1 + (int)i;
		assert_int_equal(atoi(city.diary->deeds[i].period), year);
		assert_int_equal(city.diary->deeds[i].day, diary_closing_day(city.catalogue, year));
		assert_in_range(city.diary->deeds[i].day,
		                period_first_day(period_make(PERIOD_MONTH, year + 1, 3)),
		                period_last_day(period_make(PERIOD_MONTH, year + 1, 4)));
	}
}

static void most_come_in_time_and_some_very_late(void **state)
{
	(void)state;
	size_t ordinary = 0, late = 0, very_late = 0;
	for (size_t i = 0; i < city.diary->errand_count; i++) {
		const struct figure *figure = errand_at(i)->figures;
		if (errand_at(i)->kind != ERRAND_ORDINARY || errand_at(i)->count == 0)
			continue;
		int32_t due = calendar_due_day(city.catalogue, &city.catalogue->statistics[figure->statistic],
		                               figure->period);
		ordinary++;
		late += errand_at(i)->day > due;
		very_late += errand_at(i)->day > due + 30;
	}
	assert_in_range(late * 100 / ordinary, 5, 25);
	assert_in_range(very_late, 2, ordinary / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_seed_gives_the_same_bytes_and_another_one_others),
	    cmocka_unit_test(a_file_is_what_a_reporter_would_push),
	    cmocka_unit_test(errands_go_in_order_in_office_hours_of_working_days),
	    cmocka_unit_test(nothing_is_reported_before_its_period_is_over),
	    cmocka_unit_test(a_report_holds_its_figures_once_and_in_the_senders_order),
	    cmocka_unit_test(everybody_reports_only_what_is_theirs),
	    cmocka_unit_test(every_kind_of_mishap_happens),
	    cmocka_unit_test(every_error_was_sent_and_has_its_correction),
	    cmocka_unit_test(nothing_is_wrong_that_is_no_mishap),
	    cmocka_unit_test(in_the_end_everything_is_right_but_what_is_never_mended),
	    cmocka_unit_test(urban_residents_above_residents_are_refused_and_sent_again),
	    cmocka_unit_test(what_changes_a_closed_year_says_why_or_is_meant_to_be_refused),
	    cmocka_unit_test(each_year_is_closed_in_the_spring_after_it),
	    cmocka_unit_test(most_come_in_time_and_some_very_late),
	};
	return cmocka_run_group_tests_name("simulate_diary", tests, set_up, tear_down);
}
