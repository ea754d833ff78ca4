#include "daemon/query/question.h"

#include "daemon/plan/backtest.h"
#include "daemon/query/prospect.h"

/* ---- rows ---- */

static char *tell_why_not(const struct backtest *backtest, const struct backtest_score *score)
{
	if (backtest->verdict != 0)
		return wording_borrow(outlook_verdict_text(backtest->verdict));
	if (score->forecasts == 0)
		return wording_borrow("too little history for a damped trend");
	if (!score->has_mase)
		return wording_borrow("the figures had not moved before");
	return NULL;
}

static void tell_score(struct wording *words, const struct backtest_score *score, Suanpan__BacktestRow *row)
{
	row->origins = score->origins;
	row->forecasts = score->forecasts;
	if (score->has_mase)
		row->mase = wording_format(words, "%.2f", score->mase);
	if (score->forecasts == 0)
		return;
	row->within_80 = wording_format(words, "%.1f", score->within_80);
	row->within_95 = wording_format(words, "%.1f", score->within_95);
}

static int add_rows(struct question *question, const char *code, uint32_t area,
                    const struct backtest *backtest)
{
	struct wording *words = &question->words;
	int result = 0;
	for (int method = 0; method < BACKTEST_METHODS && result == 0; method++) {
		const struct backtest_score *score = &backtest->scores[method];
		Suanpan__BacktestRow row = SUANPAN__BACKTEST_ROW__INIT;
		row.code = wording_borrow(code);
		row.area = wording_borrow(question->catalogue->areas[area].code);
		row.area_name = wording_name(words, &question->catalogue->areas[area].names);
		row.method = wording_borrow(forecast_method_name((enum forecast_method)method));
		row.history = backtest->history;
		tell_score(words, score, &row);
		row.reason = tell_why_not(backtest, score);
		result = question_add(question, &row.base);
	}
	return result;
}

/* ---- what is tried ---- */

static unsigned periods_in_year(enum period_frequency frequency)
{
	static const unsigned periods[] = {
	    [PERIOD_ANNUAL] = 1,
	    [PERIOD_HALF_YEAR] = 2,
	    [PERIOD_QUARTER] = 4,
	    [PERIOD_MONTH] = 12,
	    [PERIOD_DAY] = BACKTEST_HORIZON_MAX,
	};
	return periods[frequency];
}

/* `horizon` 0: a year's. */
static int add_backtest(struct question *question, const struct subject *subject, uint32_t area,
                        unsigned horizon)
{
	struct backtest backtest;
	struct cell_source source;
	const struct outlook_basis basis = question_basis(question, (struct period){0}, &source);
	const int result =
	    plan_backtest(&basis, subject->formula, area, subject->frequency,
	                  horizon > 0 ? horizon : periods_in_year(subject->frequency), &backtest);
	return result == 0 ? add_rows(question, subject->code, area, &backtest) : result;
}

static int add_one(struct question *question, const char *code, uint32_t area, unsigned horizon)
{
	struct subject subject;
	int result = question_find_subject(question, code, &subject);
	if (result == 0)
		result = question_check_place(question, &subject, area,
		                              period_make(PERIOD_ANNUAL, PERIOD_YEAR_MIN, 0));
	return result == 0 ? add_backtest(question, &subject, area, horizon) : result;
}

/* Whether a plan has asked for the pair before this target. */
static bool was_before(const struct catalogue *catalogue, const struct plan *plan,
                       const struct target *target, uint32_t area)
{
	for (const struct plan *p = catalogue->plans; p <= plan; p++) {
		const struct target *const end = p == plan ? target : p->targets + p->target_count;
		for (const struct target *t = p->targets; t < end; t++)
			if (!t->cancelled && t->indicator == target->indicator &&
			    (area != CATALOGUE_NONE || t->area == target->area))
				return true;
	}
	return false;
}

/* Everything that a plan has a target for, each once; at `area`, or (CATALOGUE_NONE) at the targets'. */
static int add_all(struct question *question, uint32_t area, unsigned horizon)
{
	const struct catalogue *catalogue = question->catalogue;
	int result = 0;
	for (uint32_t i = 0; i < catalogue->plan_count; i++) {
		const struct plan *plan = &catalogue->plans[i];
		for (uint32_t k = 0; k < plan->target_count && result == 0; k++) {
			const struct target *target = &plan->targets[k];
			struct subject subject;
			if (target->cancelled || was_before(catalogue, plan, target, area))
				continue;
			result = question_find_subject(
			    question, catalogue->indicators[target->indicator].code, &subject);
			if (result == 0)
				result = add_backtest(question, &subject,
				                      area == CATALOGUE_NONE ? target->area : area, horizon);
		}
	}
	return result;
}

int answer_backtest(struct question *question, const Suanpan__BacktestQuery *query)
{
	uint32_t area = query->code ? question->catalogue->root : CATALOGUE_NONE;
	if (query->has_horizon && (query->horizon == 0 || query->horizon > BACKTEST_HORIZON_MAX))
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
		                       "A backtest looks from 1 to %d periods ahead.", BACKTEST_HORIZON_MAX);
	const unsigned horizon = query->has_horizon ? (unsigned)query->horizon : 0;
	const int result = query->area ? question_find_area(question, query->area, &area) : 0;
	if (result != 0)
		return result;
	return query->code ? add_one(question, query->code, area, horizon) : add_all(question, area, horizon);
}
