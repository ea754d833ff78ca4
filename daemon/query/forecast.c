#include "daemon/query/question.h"

#include "daemon/plan/path.h"
#include "daemon/query/prospect.h"
#include "daemon/query/standing.h"

/* What is looked ahead at: whose figures, from what is known, until when. */
struct ahead {
	struct question *question;
	struct subject subject;
	uint32_t area;
	struct period from, to; /* the first that is not known yet, and the last */
	struct cell_source source;
	struct outlook_basis basis;
	struct outlook *outlook;
};

/* ---- what is asked for ---- */

static int end_of_plan(struct question *question, int32_t today, struct period *ret_end)
{
	const int year = period_year(period_of_day(today, PERIOD_ANNUAL));
	int first_year, last_year;
	if (!catalogue_plan_window(question->catalogue, year, &first_year, &last_year))
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		                       "No plan is under way in %d; say until when to look ahead.", year);
	*ret_end = period_make(PERIOD_ANNUAL, last_year, 0);
	return 0;
}

static int read_ahead(struct ahead *ahead, const Suanpan__ForecastQuery *query)
{
	struct question *question = ahead->question;
	struct period end;
	ahead->area = question->catalogue->root;
	int result = question_find_subject(question, query->code, &ahead->subject);
	if (result == 0 && query->area)
		result = question_find_area(question, query->area, &ahead->area);
	if (result == 0)
		result = query->to ? question_read_period(question, query->to, &end)
		                   : end_of_plan(question, ahead->basis.day, &end);
	if (result != 0)
		return result;
	ahead->to = period_of_day(period_last_day(end), ahead->subject.frequency);
	return question_check_place(question, &ahead->subject, ahead->area, ahead->to);
}

/* ---- from when on ---- */

#define BACK_MAX 60 /* periods: nobody is later */

/* Today's period, or the nearest before it, of which nothing is still to come; code 0: there is none. */
static int find_known(const struct ahead *ahead, struct period *ret_known)
{
	struct period period = period_of_day(ahead->basis.day, ahead->subject.frequency);
	bool more = true;
	*ret_known = (struct period){0};
	for (unsigned back = 0; more && back <= BACK_MAX; back++) {
		struct outlook_value value;
		const int verdict = outlook_at(ahead->outlook, period, &value);
		if (verdict < 0)
			return verdict;
		if (verdict == 0 && !value.is_forecast) {
			*ret_known = period;
			return 0;
		}
		more = period_shift(period, -1, &period);
	}
	return 0;
}

/* The first period that something is to come of. Answers 0, an outlook_verdict where nothing can be said of it, or a fault. */
static int find_from(struct ahead *ahead)
{
	struct outlook_value value = {.is_forecast = false};
	struct period period;
	int verdict = find_known(ahead, &period);
	if (verdict != 0)
		return verdict;
	if (period.code == 0)
		period = period_of_day(ahead->basis.day, ahead->subject.frequency);
	else
		period.code++;
	while (period.code <= ahead->to.code) {
		verdict = outlook_at(ahead->outlook, period, &value);
		if (verdict != 0 || value.is_forecast)
			break;
		period.code++;
	}
	ahead->from = period;
	return verdict;
}

static int refuse_known(const struct ahead *ahead)
{
	char text[PERIOD_TEXT_SIZE];
	period_format(ahead->to, text);
	return question_refuse(ahead->question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
	                       "What %s was by %s is known: nothing of it is still to come.",
	                       ahead->subject.code, text);
}

/* ---- periods ---- */

static void tell_value(const struct ahead *ahead, const struct outlook_value *value, Suanpan__OutlookRow *row)
{
	struct wording *words = &ahead->question->words;
	const unsigned decimals = ahead->subject.measure.decimals;
	double low, high;
	row->value = wording_estimate(words, value->mean, decimals);
	outlook_interval(value, 80, &low, &high);
	row->low_80 = wording_estimate(words, low, decimals);
	row->high_80 = wording_estimate(words, high, decimals);
	outlook_interval(value, 95, &low, &high);
	row->low_95 = wording_estimate(words, low, decimals);
	row->high_95 = wording_estimate(words, high, decimals);
	row->unit = wording_name(words, ahead->subject.measure.unit);
}

/* "hospital_beds: damped trend with season; resident_population: drift" */
static char *tell_method(const struct ahead *ahead)
{
	struct wording *words = &ahead->question->words;
	char *text = NULL;
	for (unsigned i = 0; i < outlook_part_count(ahead->outlook); i++) {
		const struct outlook_part part = outlook_part(ahead->outlook, i);
		const char *code = words->catalogue->statistics[part.statistic].code;
		const char *group =
		    part.within == CATALOGUE_NONE ? NULL : words->catalogue->areas[part.within].code;
		if (part.verdict != 0)
			continue;
		text =
		    wording_format(words, "%s%s%s%s%s%s: %s%s", text ? text : "", text ? "; " : "", code,
		                   group ? " (" : "", group ? group : "", group ? ")" : "",
		                   forecast_method_name(part.method), part.has_season ? " with season" : "");
		if (!text)
			break;
	}
	return text;
}

static void tell_history(const struct ahead *ahead, const struct outlook_value *value,
                         Suanpan__OutlookRow *row)
{
	row->method = tell_method(ahead);
	row->has_history = true;
	row->history = value->history;
	row->from = wording_period(&ahead->question->words, value->from);
	row->has_provisional = true;
	row->provisional = value->is_provisional;
}

/* "too little history: resident_population has 3 whole periods" */
static char *tell_reason(const struct ahead *ahead, int verdict)
{
	struct wording *words = &ahead->question->words;
	const char *text = outlook_verdict_text(verdict);
	for (unsigned i = 0; i < outlook_part_count(ahead->outlook); i++) {
		const struct outlook_part part = outlook_part(ahead->outlook, i);
		const char *code = words->catalogue->statistics[part.statistic].code;
		if (part.verdict != verdict)
			continue;
		if (verdict == OUTLOOK_NO_DATA)
			return wording_format(words, "%s: %s", text, code);
		return wording_format(words, "%s: %s has %u whole period%s", text, code, part.history,
		                      part.history == 1 ? "" : "s");
	}
	return wording_borrow(text);
}

/* The first period that nothing can be said of is the last row. */
static int add_periods(const struct ahead *ahead)
{
	struct question *question = ahead->question;
	int result = 0, verdict = 0;
	for (struct period period = ahead->from; period.code <= ahead->to.code && result == 0 && verdict == 0;
	     period.code++) {
		Suanpan__OutlookRow row = SUANPAN__OUTLOOK_ROW__INIT;
		struct outlook_value value;
		verdict = outlook_at(ahead->outlook, period, &value);
		if (verdict < 0)
			return verdict;
		row.period = wording_period(&question->words, period);
		if (verdict == 0)
			tell_value(ahead, &value, &row);
		else
			row.reason = tell_reason(ahead, verdict);
		if (verdict == 0 && period.code == ahead->from.code)
			tell_history(ahead, &value, &row);
		result = question_add(question, &row.base);
	}
	return result;
}

static int add_reason(const struct ahead *ahead, int verdict)
{
	Suanpan__OutlookRow row = SUANPAN__OUTLOOK_ROW__INIT;
	row.reason = tell_reason(ahead, verdict);
	return question_add(ahead->question, &row.base);
}

/* ---- targets ---- */

/* As it stands at the end of the newest period: what a broken hold has to know. */
static int judge_now(const struct ahead *ahead, const struct plan *plan, const struct target *target,
                     struct judgement *ret_judgement)
{
	struct kept_value kept;
	struct standing standing = {
	    .plan = plan, .target = target, .area = ahead->area, .value = &kept.value};
	const struct period today = period_of_day(ahead->basis.day, PERIOD_DAY);
	if (!period_newest_ended(today, ahead->subject.frequency, &standing.period))
		standing.period = today;
	const int result =
	    question_kept_value(ahead->question, target->indicator, ahead->area, standing.period, &kept);
	return result == 0 ? question_judge(ahead->question, &standing, ret_judgement) : result;
}

static int add_target(const struct ahead *ahead, const struct plan *plan, const struct target *target)
{
	struct wording *words = &ahead->question->words;
	Suanpan__OutlookRow row = SUANPAN__OUTLOOK_ROW__INIT;
	struct judgement now;
	struct outlook_target found;
	int result = judge_now(ahead, plan, target, &now);
	if (result != 0)
		return result;
	result = outlook_target(&ahead->basis, plan, target, ahead->area, &now, &found);
	if (result < 0)
		return result;
	row.period = wording_period(words, period_make(PERIOD_ANNUAL, plan->last_year, 0));
	row.plan = wording_borrow(plan->code);
	row.row = wording_borrow(target->row);
	row.comparison = wording_borrow(comparison_name(target->comparison));
	row.target = wording_aim(words, target);
	row.nature = wording_borrow(nature_name(target->nature));
	if (result == 0)
		tell_value(ahead, &found.end, &row);
	else
		row.reason = wording_borrow(outlook_verdict_text(result));
	row.has_chance = result == 0;
	row.chance = result == 0 ? found.chance : 0;
	return question_add(ahead->question, &row.base);
}

/* Of the plans that are not over. */
static int add_targets(const struct ahead *ahead)
{
	const struct catalogue *catalogue = ahead->question->catalogue;
	const uint32_t indicator = catalogue_find_indicator(catalogue, ahead->subject.code);
	const struct period today = period_of_day(ahead->basis.day, PERIOD_DAY);
	int result = 0;
	for (uint32_t i = 0; i < catalogue->plan_count; i++) {
		const struct plan *plan = &catalogue->plans[i];
		for (uint32_t k = 0; k < plan->target_count && result == 0; k++) {
			const struct target *target = &plan->targets[k];
			if (target->indicator == indicator && target->area == ahead->area &&
			    !target->cancelled && !path_is_over(plan, today))
				result = add_target(ahead, plan, target);
		}
	}
	return result;
}

/* ---- the whole ---- */

static int look_ahead(struct ahead *ahead)
{
	int result = outlook_fit(ahead->outlook, INT32_MAX);
	if (result == 0)
		result = find_from(ahead);
	if (result < 0)
		return result;
	if (result > 0)
		return add_reason(ahead, result);
	if (ahead->from.code > ahead->to.code)
		return refuse_known(ahead);
	result = add_periods(ahead);
	return result == 0 ? add_targets(ahead) : result;
}

int answer_forecast(struct question *question, const Suanpan__ForecastQuery *query)
{
	struct ahead ahead = {.question = question};
	ahead.basis = question_basis(question, (struct period){0}, &ahead.source);
	int result = read_ahead(&ahead, query);
	if (result == 0)
		result = outlook_new(&ahead.basis, ahead.subject.formula, ahead.area, &ahead.outlook);
	if (result == 0)
		result = look_ahead(&ahead);
	outlook_free(ahead.outlook);
	return result;
}
