#include "daemon/indicator/window.h"

#include <stddef.h>

bool window_is_point(const struct statistic *statistic)
{
	return statistic->kind == KIND_STOCK || statistic->kind == KIND_LEVEL;
}

static struct period earliest(enum period_frequency frequency)
{
	return period_first_inside(period_make(PERIOD_ANNUAL, PERIOD_YEAR_MIN, 0), frequency);
}

static struct period latest(enum period_frequency frequency)
{
	return period_last_inside(period_make(PERIOD_ANNUAL, PERIOD_YEAR_MAX, 0), frequency);
}

/* ---- forward: from the evaluated period to the native ones ---- */

/* The period the atom means: the same part of the baseline year, then years and periods later. */
static int find_meant(const struct catalogue *catalogue, const struct formula_atom *atom,
                      struct period period, struct period *ret_meant)
{
	struct period meant = period;
	if (atom->baseline) {
		int first_year, last_year;
		const int year = period_year(period);
		if (!catalogue_plan_window(catalogue, year, &first_year, &last_year))
			return WINDOW_NO_PLAN;
		if (!period_shift_years(meant, first_year - 1 - year, &meant))
			return WINDOW_EMPTY;
	}
	if (!period_shift_years(meant, atom->years, &meant) || !period_shift(meant, atom->periods, &meant))
		return WINDOW_EMPTY;
	*ret_meant = meant;
	return 0;
}

/* Periods of the evaluated frequency that the window starts and ends with. */
static int find_start(const struct catalogue *catalogue, const struct formula_atom *atom, struct period meant,
                      struct period *ret_start)
{
	const enum period_frequency frequency = period_frequency_of(meant);
	int first_year, last_year;
	switch (atom->window) {
	case WINDOW_PERIOD:
		*ret_start = meant;
		return 0;
	case WINDOW_YEAR_TO_DATE:
		*ret_start = period_make(frequency, period_year(meant), 0);
		return 0;
	case WINDOW_CUMULATIVE:
		if (!catalogue_plan_window(catalogue, period_year(meant), &first_year, &last_year))
			return WINDOW_NO_PLAN;
		*ret_start = period_make(frequency, first_year, 0);
		return 0;
	case WINDOW_ROLLING:
		return period_shift(meant, 1 - (int)atom->rolling, ret_start) ? 0 : WINDOW_EMPTY;
	}
	return WINDOW_EMPTY;
}

/* Length in what the windows of matched atoms must agree in. */
static uint32_t matching_length(struct period start, struct period meant, uint32_t cells)
{
	if (period_frequency_of(meant) == PERIOD_DAY)
		return cells;
	return (uint32_t)period_distance(period_first_inside(start, PERIOD_MONTH),
	                                 period_last_inside(meant, PERIOD_MONTH)) +
	       1;
}

static int find_stretch(const struct catalogue *catalogue, const struct formula_atom *atom,
                        enum period_frequency native, struct window *window)
{
	if (native < period_frequency_of(window->meant))
		return WINDOW_EMPTY;
	struct period start;
	const int verdict = find_start(catalogue, atom, window->meant, &start);
	if (verdict)
		return verdict;
	window->first = period_first_inside(start, native);
	window->cells =
	    (uint32_t)period_distance(window->first, period_last_inside(window->meant, native)) + 1;
	window->length =
	    native == PERIOD_DAY ? matching_length(start, window->meant, window->cells) : window->cells;
	return 0;
}

static bool is_young_enough(const struct statistic *statistic, struct period native, struct period meant)
{
	return period_months_between_ends(native, meant) <= (int)statistic->carry_months;
}

/* Surely too old: no month is longer. */
#define MONTHS_IN_DAYS(months) (31 * ((int64_t)(months) + 1))

static int find_point(const struct statistic *statistic, struct window *window)
{
	struct period oldest = earliest(statistic->frequency);
	if (!period_newest_ended(window->meant, statistic->frequency, &window->first))
		return WINDOW_EMPTY;
	const int64_t too_old = period_last_day(window->meant) - MONTHS_IN_DAYS(statistic->carry_months);
	if (too_old > period_last_day(oldest))
		oldest = period_of_day((int32_t)too_old, statistic->frequency);
	while (oldest.code <= window->first.code && !is_young_enough(statistic, oldest, window->meant))
		oldest.code++;
	if (oldest.code > window->first.code)
		return WINDOW_EMPTY;
	window->length = window->cells = window->first.code - oldest.code + 1;
	return 0;
}

int window_find(const struct catalogue *catalogue, const struct formula_atom *atom, struct period period,
                struct window *ret_window)
{
	const struct statistic *statistic = &catalogue->statistics[atom->statistic];
	struct window window;
	int verdict = find_meant(catalogue, atom, period, &window.meant);
	if (!verdict)
		verdict = window_is_point(statistic)
		              ? find_point(statistic, &window)
		              : find_stretch(catalogue, atom, statistic->frequency, &window);
	if (!verdict)
		*ret_window = window;
	return verdict;
}

bool window_sees(const struct catalogue *catalogue, const struct formula_atom *atom, struct period period,
                 struct period native, struct period hider)
{
	struct window window;
	if (window_find(catalogue, atom, period, &window))
		return false;
	if (!window_is_point(&catalogue->statistics[atom->statistic]))
		return window.first.code <= native.code && native.code - window.first.code < window.cells;
	return native.code <= window.first.code && window.first.code - native.code < window.cells &&
	       (hider.code == 0 || hider.code > window.first.code);
}

struct period window_cell(const struct window *window, bool point, uint32_t position)
{
	return (struct period){point ? window->first.code - position : window->first.code + position};
}

/* ---- backward: from a native period to the evaluated ones ---- */

struct stretch {
	struct period first, last;
};

/* Shifts both ends; what leaves the calendar is cut off. False: nothing is left. */
static bool shift_stretch(struct stretch *stretch, int count,
                          bool (*shift)(struct period, int, struct period *))
{
	const enum period_frequency frequency = period_frequency_of(stretch->first);
	if (!shift(stretch->first, count, &stretch->first)) {
		if (count > 0)
			return false;
		stretch->first = earliest(frequency);
	}
	if (!shift(stretch->last, count, &stretch->last)) {
		if (count < 0)
			return false;
		stretch->last = latest(frequency);
	}
	return true;
}

/* Two days can be the same day of another year: 28 and 29 February. The stretch then needs one day more. */
static bool shift_stretch_years(struct stretch *stretch, int years)
{
	if (years == 0)
		return true;
	if (!shift_stretch(stretch, years, period_shift_years))
		return false;
	if (period_frequency_of(stretch->last) == PERIOD_DAY)
		(void)period_shift(stretch->last, 1, &stretch->last);
	return true;
}

static struct period year_end(int year, enum period_frequency frequency)
{
	return period_last_inside(period_make(PERIOD_ANNUAL, year, 0), frequency);
}

/* Last year of the latest plan; before all years if there is none. */
static int last_planned_year(const struct catalogue *catalogue)
{
	int year = PERIOD_YEAR_MIN - 1;
	for (uint32_t i = 0; i < catalogue->plan_count; i++)
		if (catalogue->plans[i].last_year > year)
			year = catalogue->plans[i].last_year;
	return year;
}

/* The last year from which a cumulative window reaches back to `year`; the year before it if none does. */
static int last_cumulating_year(const struct catalogue *catalogue, int year)
{
	const int end = last_planned_year(catalogue);
	int reach = year - 1;
	for (int seen = year; seen <= end; seen++) {
		int first_year, last_year;
		if (catalogue_plan_window(catalogue, seen, &first_year, &last_year) && first_year <= year)
			reach = seen;
	}
	return reach;
}

/* Meant periods that may see a native period of a flow. */
static bool reach_of_stretch(const struct catalogue *catalogue, const struct formula_atom *atom,
                             struct period native, enum period_frequency frequency,
                             struct stretch *ret_stretch)
{
	if (frequency > period_frequency_of(native))
		return false;
	struct stretch stretch = {.first = period_containing(native, frequency)};
	stretch.last = stretch.first;
	int last_year = period_year(native);
	switch (atom->window) {
	case WINDOW_PERIOD:
		break;
	case WINDOW_ROLLING:
		if (!period_shift(stretch.first, (int)atom->rolling - 1, &stretch.last))
			stretch.last = latest(frequency);
		break;
	case WINDOW_YEAR_TO_DATE:
		stretch.last = year_end(last_year, frequency);
		break;
	case WINDOW_CUMULATIVE:
		last_year = last_cumulating_year(catalogue, last_year);
		if (last_year < period_year(native))
			return false;
		stretch.last = year_end(last_year, frequency);
		break;
	}
	*ret_stretch = stretch;
	return true;
}

/* Meant periods with which a native period of a stock has ended, to the last for which it is young enough;
 * the first is in it in any case. */
static struct stretch stretch_of_point(const struct statistic *statistic, struct period native,
                                       enum period_frequency frequency)
{
	struct stretch stretch = {.last = latest(frequency)};
	if (frequency <= period_frequency_of(native))
		stretch.first = period_containing(native, frequency);
	else
		stretch.first = period_last_inside(native, frequency);
	const int64_t beyond = period_last_day(native) + MONTHS_IN_DAYS(statistic->carry_months);
	if (beyond < period_last_day(stretch.last))
		stretch.last = period_of_day((int32_t)beyond, frequency);
	while (stretch.last.code > stretch.first.code && !is_young_enough(statistic, native, stretch.last))
		stretch.last.code--;
	return stretch;
}

/* The last meant period that ends before the native one. False: none does. */
static bool before_end_of(struct period native, enum period_frequency frequency, struct period *ret_last)
{
	const struct period first = frequency <= period_frequency_of(native)
	                                ? period_containing(native, frequency)
	                                : period_last_inside(native, frequency);
	return period_shift(first, -1, ret_last);
}

static bool reach_of_point(const struct statistic *statistic, struct period native, struct period hider,
                           enum period_frequency frequency, struct stretch *ret_stretch)
{
	struct period last;
	struct stretch stretch = stretch_of_point(statistic, native, frequency);
	if (!is_young_enough(statistic, native, stretch.first))
		return false;
	if (hider.code != 0 && !before_end_of(hider, frequency, &last))
		return false;
	if (hider.code != 0 && last.code < stretch.last.code)
		stretch.last = last;
	*ret_stretch = stretch;
	return stretch.first.code <= stretch.last.code;
}

static bool reach_of_meant(const struct catalogue *catalogue, const struct formula_atom *atom,
                           struct period native, struct period hider, enum period_frequency frequency,
                           struct stretch *ret_stretch)
{
	const struct statistic *statistic = &catalogue->statistics[atom->statistic];
	return window_is_point(statistic) ? reach_of_point(statistic, native, hider, frequency, ret_stretch)
	                                  : reach_of_stretch(catalogue, atom, native, frequency, ret_stretch);
}

/* From the periods that are meant to those from which they are: the shifts of find_meant, undone. */
static bool undo_shifts(const struct formula_atom *atom, struct stretch *stretch)
{
	return shift_stretch(stretch, -atom->periods, period_shift) &&
	       shift_stretch_years(stretch, -atom->years);
}

/* The part of a stretch that lies in the baseline year, moved to an evaluated year. */
static bool move_from_baseline(struct stretch *stretch, int baseline_year, int year)
{
	const enum period_frequency frequency = period_frequency_of(stretch->first);
	const struct period whole = period_make(PERIOD_ANNUAL, baseline_year, 0);
	const struct period first = period_first_inside(whole, frequency);
	const struct period last = period_last_inside(whole, frequency);
	if (stretch->first.code < first.code)
		stretch->first = first;
	if (stretch->last.code > last.code)
		stretch->last = last;
	return stretch->first.code <= stretch->last.code &&
	       shift_stretch_years(stretch, year - baseline_year);
}

/* What is asked of window_reach, on the way to its sink. */
struct reach {
	const struct catalogue *catalogue;
	const struct formula_atom *atom;
	struct period native, hider;
	window_sink *each;
	void *context;
};

/* Cuts off what does not see it: at most a day or two, where a year is shifted over a 29 February. */
static int pass_on(const struct reach *reach, struct stretch stretch)
{
	while (stretch.first.code <= stretch.last.code &&
	       !window_sees(reach->catalogue, reach->atom, stretch.first, reach->native, reach->hider))
		stretch.first.code++;
	while (stretch.first.code < stretch.last.code &&
	       !window_sees(reach->catalogue, reach->atom, stretch.last, reach->native, reach->hider))
		stretch.last.code--;
	return stretch.first.code <= stretch.last.code
	           ? reach->each(reach->context, stretch.first, stretch.last)
	           : 0;
}

static int reach_through_baseline(const struct reach *reach, struct stretch meant)
{
	const struct catalogue *catalogue = reach->catalogue;
	for (uint32_t i = 0; i < catalogue->plan_count; i++) {
		for (int year = catalogue->plans[i].first_year; year <= catalogue->plans[i].last_year;
		     year++) {
			int first_year, last_year;
			struct stretch stretch = meant;
			if (!catalogue_plan_window(catalogue, year, &first_year, &last_year) ||
			    first_year - 1 < PERIOD_YEAR_MIN ||
			    !move_from_baseline(&stretch, first_year - 1, year))
				continue;
			const int answer = pass_on(reach, stretch);
			if (answer)
				return answer;
		}
	}
	return 0;
}

int window_reach(const struct catalogue *catalogue, const struct formula_atom *atom, struct period native,
                 struct period hider, enum period_frequency frequency, window_sink *each, void *context)
{
	const struct reach reach = {.catalogue = catalogue,
	                            .atom = atom,
	                            .native = native,
	                            .hider = hider,
	                            .each = each,
	                            .context = context};
	struct stretch stretch;
	if (!reach_of_meant(catalogue, atom, native, hider, frequency, &stretch) ||
	    !undo_shifts(atom, &stretch))
		return 0;
	return atom->baseline ? reach_through_baseline(&reach, stretch) : pass_on(&reach, stretch);
}

/* Meant periods that may see `native` or anything older; only the last one matters. */
static bool horizon_of_meant(const struct catalogue *catalogue, const struct formula_atom *atom,
                             struct period native, enum period_frequency frequency,
                             struct stretch *ret_stretch)
{
	const struct statistic *statistic = &catalogue->statistics[atom->statistic];
	/* What a plan keeps in sight, a baseline or a sum, it does until its end, whatever came since. */
	if (atom->baseline || atom->window == WINDOW_CUMULATIVE) {
		const int year = last_planned_year(catalogue);
		if (year < PERIOD_YEAR_MIN)
			return false;
		ret_stretch->first = ret_stretch->last = year_end(year, frequency);
		return true;
	}
	if (!window_is_point(statistic))
		return reach_of_stretch(catalogue, atom, native, frequency, ret_stretch);
	/* Where the native one is too old at the end of its year, an older one may not be at the end of its
	 * own. */
	*ret_stretch = stretch_of_point(statistic, native, frequency);
	return true;
}

bool window_horizon(const struct catalogue *catalogue, const struct formula_atom *atom, struct period native,
                    enum period_frequency frequency, struct period *ret_last)
{
	struct stretch stretch;
	if (!horizon_of_meant(catalogue, atom, native, frequency, &stretch) ||
	    (!atom->baseline && !undo_shifts(atom, &stretch)))
		return false;
	*ret_last = stretch.last;
	return true;
}
