#include "daemon/query/prospect.h"

#include "daemon/catalogue/calendar.h"
#include "proto/decimal.h"
#include <math.h>

struct outlook_basis question_basis(struct question *question, struct period until,
                                    struct cell_source *source)
{
	const int32_t today = calendar_day_of(question->now_ms);
	*source = snapshot_cells(question->snapshot);
	return (struct outlook_basis){
	    .catalogue = question->catalogue,
	    .evaluator = question->evaluator,
	    .source = source,
	    .day = until.code != 0 && period_last_day(until) < today ? period_last_day(until) : today,
	};
}

char *wording_estimate(struct wording *words, double estimate, unsigned decimals)
{
	const int64_t one = decimal_power(decimals);
	const double units = round(estimate * (double)one);
	return fabs(units) < 0x1p63 ? wording_number(words, (int64_t)units, decimals) : NULL;
}

char *wording_aim(struct wording *words, const struct target *target)
{
	if (target->comparison == COMPARE_TRACKS_GDP && words->language == LANGUAGE_EN)
		return wording_borrow(words->catalogue->indicators[target->follows].code);
	return wording_printed(words, &target->goal);
}

char *wording_plan_number(struct wording *words, const struct plan_number *number, unsigned decimals)
{
	int64_t units;
	if (!number->present || fraction_round(number->is, decimals, &units) != 0)
		return NULL;
	return wording_number(words, units, decimals);
}
