#include "daemon/query/question.h"

#include "daemon/plan/judge.h"
#include "daemon/plan/path.h"
#include "daemon/query/note.h"
#include "daemon/query/prospect.h"
#include "daemon/query/standing.h"
#include "proto/decimal.h"

/* A plan as it is looked at: when, and where. */
struct view {
	const struct plan *plan;
	struct period asked, period; /* `period` of a row may be another: see_target */
	uint32_t area;               /* CATALOGUE_NONE: each target's own */
};

static uint32_t area_of(const struct view *view, const struct target *target)
{
	return view->area == CATALOGUE_NONE ? target->area : view->area;
}

/* ---- what is asked for ---- */

static int has_value(struct question *question, const struct view *view, const struct target *target,
                     struct period period, bool *ret_has)
{
	const struct catalogue *catalogue = question->catalogue;
	struct stored_value stored;
	int result = snapshot_value(question->snapshot, catalogue->indicators[target->indicator].id,
	                            catalogue->areas[area_of(view, target)].id, period, &stored);
	if (result != 0 && result != SNAPSHOT_NOTHING)
		return result;
	*ret_has = result == 0 && stored.state == VALUE_PRESENT;
	return 0;
}

static int year_has_data(struct question *question, const struct view *view, struct period year,
                         bool *ret_has)
{
	*ret_has = false;
	for (uint32_t i = 0; i < view->plan->target_count && !*ret_has; i++) {
		int result = has_value(question, view, &view->plan->targets[i], year, ret_has);
		if (result != 0)
			return result;
	}
	return 0;
}

/* The newest year of the plan, or its baseline year, in which there is anything to show. */
static int newest_year(struct question *question, const struct view *view, struct period *ret_year)
{
	int baseline_year = view->plan->first_year - 1, year = view->plan->last_year;
	for (; year > baseline_year; year--) {
		bool has;
		int result = year_has_data(question, view, period_make(PERIOD_ANNUAL, year, 0), &has);
		if (result != 0)
			return result;
		if (has)
			break;
	}
	*ret_year = period_make(PERIOD_ANNUAL, year, 0);
	return 0;
}

static int read_view(struct question *question, const Suanpan__PlanQuery *query, struct view *view)
{
	const struct catalogue *catalogue = question->catalogue;
	uint32_t plan = catalogue_find_plan(catalogue, query->plan);
	if (plan == CATALOGUE_NONE)
		return question_refuse_unknown(question, "plan", query->plan,
		                               catalogue_suggest_plan(catalogue, query->plan));
	view->plan = &catalogue->plans[plan];
	int result = query->area ? question_find_area(question, query->area, &view->area) : 0;
	if (result != 0)
		return result;
	result = query->period ? question_read_period(question, query->period, &view->period)
	                       : newest_year(question, view, &view->period);
	view->asked = view->period;
	return result;
}

static bool is_too_fine(const struct view *view, const struct indicator *indicator)
{
	return period_frequency_of(view->period) > indicator->frequency;
}

/* ---- which figure of a target is looked at ---- */

#define YEARS_BACK 2 /* what is older says nothing about then */

/* Of a year that year's. Of anything finer, how it stood at its end: the newest figure that there is by then, at the indicator's own
 * frequency if that is the coarser one. A month has no life expectancy, and this month's beds nobody has counted yet. */
static int see_target(struct question *question, const struct view *view, const struct target *target,
                      struct view *ret_view)
{
	const enum period_frequency own = question->catalogue->indicators[target->indicator].frequency,
	                            asked = period_frequency_of(view->period),
	                            frequency = asked > own ? own : asked;
	struct period period;
	*ret_view = *view;
	if (asked == PERIOD_ANNUAL || !period_newest_ended(view->period, frequency, &period))
		return 0;
	ret_view->period = period;
	const int oldest = period_year(view->period) - YEARS_BACK;
	for (bool more = true; more && period_year(period) >= oldest;
	     more = period_shift(period, -1, &period)) {
		bool has;
		const int result = has_value(question, view, target, period, &has);
		if (result == 0 && has)
			ret_view->period = period;
		if (result != 0 || has)
			return result;
	}
	return 0;
}

/* ---- how it stands ---- */

/* Paces are small beside values: one more place. */
static void tell_judgement(struct wording *words, const struct target *target,
                           const struct judgement *judgement, Suanpan__PlanRow *row)
{
	const unsigned decimals = words->catalogue->indicators[target->indicator].decimals;
	const unsigned finer = decimals < DECIMAL_PLACES_MAX ? decimals + 1 : decimals;
	row->verdict = wording_borrow(verdict_name(judgement->verdict));
	row->has_provisional = true;
	row->provisional = judgement->is_provisional;
	row->path = wording_plan_number(words, &judgement->path, decimals);
	row->pace = wording_plan_number(words, &judgement->pace, finer);
	row->pace_needed = wording_plan_number(words, &judgement->pace_needed, finer);
	if (judgement->reached.code != 0)
		row->reached = wording_period(words, judgement->reached);
	if (judgement->worst.period.code != 0) {
		row->worst_period = wording_period(words, judgement->worst.period);
		row->worst = wording_number(words, judgement->worst.units, decimals);
	}
}

/* ---- the way so far, and what is to come ---- */

#define WAY_PERIODS 24

/* From the baseline year on, by years; or the newest WAY_PERIODS of a finer frequency. */
static struct period start_of_way(const struct view *view)
{
	const enum period_frequency frequency = period_frequency_of(view->period);
	const struct period baseline =
	    period_last_inside(period_make(PERIOD_ANNUAL, view->plan->first_year - 1, 0), frequency);
	struct period start;
	if (frequency == PERIOD_ANNUAL || !period_shift(view->period, 1 - WAY_PERIODS, &start) ||
	    start.code < baseline.code)
		return baseline;
	return start;
}

static int tell_way(struct question *question, const struct view *view, const struct target *target,
                    Suanpan__PlanRow *row)
{
	struct wording *words = &question->words;
	const struct catalogue *catalogue = question->catalogue;
	const struct indicator *indicator = &catalogue->indicators[target->indicator];
	struct period period = start_of_way(view);
	if (period.code > view->period.code || period_year(view->period) > view->plan->last_year ||
	    is_too_fine(view, indicator))
		return 0;
	const size_t count = (size_t)period_distance(period, view->period) + 1;
	row->way = wording_take(words, count * sizeof *row->way);
	for (; row->way && row->n_way < count; period.code++) {
		struct stored_value stored;
		const int result =
		    snapshot_value(question->snapshot, indicator->id,
		                   catalogue->areas[area_of(view, target)].id, period, &stored);
		if (result != 0 && result != SNAPSHOT_NOTHING)
			return result;
		const bool present = result == 0 && stored.state == VALUE_PRESENT;
		row->way[row->n_way++] =
		    present ? wording_number(words, stored.units, indicator->decimals) : wording_borrow("");
	}
	return 0;
}

static int tell_outlook(struct question *question, const struct view *view, const struct target *target,
                        const struct judgement *judgement, Suanpan__PlanRow *row)
{
	struct wording *words = &question->words;
	const unsigned decimals = question->catalogue->indicators[target->indicator].decimals;
	struct cell_source source;
	struct outlook_target outlook;
	double low, high;
	const struct outlook_basis basis = question_basis(question, view->period, &source);
	if (target->cancelled || path_is_over(view->plan, view->period))
		return 0;
	const int result =
	    outlook_target(&basis, view->plan, target, area_of(view, target), judgement, &outlook);
	if (result != 0)
		return result > 0 ? 0 : result; /* a verdict: there is none */
	outlook_interval(&outlook.end, 80, &low, &high);
	row->forecast = wording_estimate(words, outlook.end.mean, decimals);
	row->forecast_low = wording_estimate(words, low, decimals);
	row->forecast_high = wording_estimate(words, high, decimals);
	row->has_chance = true;
	row->chance = outlook.chance;
	return 0;
}

/* ---- a row ---- */

static Suanpan__PlanRow describe(struct wording *words, const struct view *view, const struct target *target)
{
	const struct indicator *indicator = &words->catalogue->indicators[target->indicator];
	Suanpan__PlanRow row = SUANPAN__PLAN_ROW__INIT;
	row.row = wording_borrow(target->row);
	row.indicator = wording_borrow(indicator->code);
	row.name = wording_name(words, &indicator->names);
	if (area_of(view, target) != words->catalogue->root)
		row.name = wording_format(
		    words, "%s (%s)", row.name,
		    wording_name(words, &words->catalogue->areas[area_of(view, target)].names));
	row.unit = wording_name(words, &indicator->unit);
	if (area_of(view, target) == target->area)
		row.baseline = wording_printed(words, &target->baseline);
	row.comparison = wording_borrow(comparison_name(target->comparison));
	row.target = wording_aim(words, target);
	row.nature = wording_borrow(nature_name(target->nature));
	return row;
}

static Suanpan__Value *value_in(struct wording *words, const struct view *view, const struct target *target,
                                const struct kept_value *kept)
{
	const struct indicator *indicator = &words->catalogue->indicators[target->indicator];
	const struct measure measure = measure_of_indicator(indicator);
	Suanpan__Value value =
	    wording_value(words, &measure, area_of(view, target), view->period, &kept->value, kept->commit);
	if (is_too_fine(view, indicator))
		value.reason =
		    wording_format(words, "computed %s only", wording_adverb(indicator->frequency));
	return wording_keep(words, &value, sizeof value);
}

/* What is known of the target at the period, in the row: value, verdict, notes. */
static int tell_state(struct question *question, const struct view *view, const struct target *target,
                      struct judgement *ret_judgement, Suanpan__PlanRow *row)
{
	struct wording *words = &question->words;
	struct kept_value kept, followed;
	const bool follows = target->comparison == COMPARE_TRACKS_GDP;
	const uint32_t area = area_of(view, target);
	int result = question_kept_value(question, target->indicator, area, view->period, &kept);
	if (result == 0 && follows)
		result = question_kept_value(question, target->follows, area, view->period, &followed);
	if (result == 0)
		result = question_judge(question,
		                        &(struct standing){.plan = view->plan,
		                                           .target = target,
		                                           .area = area,
		                                           .period = view->period,
		                                           .value = &kept.value,
		                                           .followed = follows ? &followed.value : NULL},
		                        ret_judgement);
	if (result != 0)
		return result;
	*row = describe(words, view, target);
	row->value = value_in(words, view, target, &kept);
	row->note = note_on_target(
	    words, &(struct note_basis){view->plan, target, view->period, view->asked, area, &kept});
	tell_judgement(words, target, ret_judgement, row);
	if (ret_judgement->is_provisional)
		row->n_missing =
		    wording_area_names(words, kept.value.missing, kept.value.missing_count, &row->missing);
	return 0;
}

static int add_target(struct question *question, const struct view *view, const struct target *target)
{
	Suanpan__PlanRow row;
	struct judgement judgement;
	struct view seen;
	int result = see_target(question, view, target, &seen);
	if (result == 0)
		result = tell_state(question, &seen, target, &judgement, &row);
	if (result == 0)
		result = tell_way(question, &seen, target, &row);
	if (result == 0)
		result = tell_outlook(question, view, target, &judgement, &row);
	if (result != 0)
		return result;
	row.year_end = wording_period(&question->words, period_make(PERIOD_ANNUAL, view->plan->last_year, 0));
	return question_add(question, &row.base);
}

int answer_plan(struct question *question, const Suanpan__PlanQuery *query)
{
	struct view view = {.area = CATALOGUE_NONE};
	int result = read_view(question, query, &view);
	for (uint32_t i = 0; result == 0 && i < view.plan->target_count; i++)
		result = add_target(question, &view, &view.plan->targets[i]);
	return result;
}
