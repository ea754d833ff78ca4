#include "clients/simulate/truth.h"

#include "clients/simulate/chance.h"
#include "clients/simulate/trend.h"
#include "daemon/base/int128.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Months are counted from 2020's last, which is 0: a native period has the place of its last month. */
#define MONTH_FIRST  (-11)
#define MONTH_LAST   (12 * TREND_YEARS)
#define MONTHS       (MONTH_LAST - MONTH_FIRST + 1)
#define SLOTS_MAX    64  /* areas that report one statistic */
#define STOCK_SPREAD 30  /* hundred thousandths by which a stock lies off its way */
#define FLOW_SPREAD  80  /* thousandths for a flow's share of its year */
#define PART_SPREAD  350 /* thousandths by which the gaps of districts differ */

struct cell {
	int64_t value;
	bool is_there;
};

/* One statistic: a cell for each month and slot. */
struct sheet {
	struct cell cells[MONTHS][SLOTS_MAX];
	bool is_told; /* 2020 was reported */
};

struct truth {
	const struct catalogue *catalogue;
	uint64_t seed;
	struct sheet *sheets; /* by statistic */
	uint32_t people;      /* the statistic whose districts' growth others follow */
};

/* One statistic while it is filled. */
struct filling {
	const struct truth *truth;
	const struct trend *trend;
	const struct statistic *statistic;
	struct sheet *sheet;
	const struct sheet *of, *less;
	struct area_list areas;
};

static struct cell *cell_at(struct sheet *sheet, int month, size_t slot)
{
	return &sheet->cells[month - MONTH_FIRST][slot];
}

static int64_t value_at(const struct sheet *sheet, int month, size_t slot)
{
	return sheet->cells[month - MONTH_FIRST][slot].value;
}

static int64_t total_at(const struct sheet *sheet, int month, size_t slots)
{
	int64_t total = 0;
	for (size_t slot = 0; slot < slots; slot++)
		total += value_at(sheet, month, slot);
	return total;
}

static bool is_flow(const struct statistic *statistic)
{
	return statistic->kind == KIND_FLOW;
}

struct area_list truth_areas(const struct truth *truth, uint32_t statistic)
{
	const struct catalogue *catalogue = truth->catalogue;
	return catalogue->areas[catalogue->root].inside[catalogue->statistics[statistic].level];
}

static bool find_slot(struct area_list areas, uint32_t area, size_t *ret_slot)
{
	for (size_t slot = 0; slot < areas.count; slot++)
		if (areas.area[slot] == area) {
			*ret_slot = slot;
			return true;
		}
	return false;
}

static int month_of(struct period period)
{
	struct period last = period_last_inside(period, PERIOD_MONTH);
	return 12 * (period_year(last) - TREND_FIRST_YEAR) + period_part(last) + 1;
}

bool truth_find(const struct truth *truth, uint32_t statistic, uint32_t area, struct period period,
                int64_t *ret_value)
{
	size_t slot;
	int month = month_of(period);
	if (month < MONTH_FIRST || month > MONTH_LAST ||
	    period_frequency_of(period) != truth->catalogue->statistics[statistic].frequency ||
	    !find_slot(truth_areas(truth, statistic), area, &slot))
		return false;
	const struct cell *cell = cell_at(&truth->sheets[statistic], month, slot);
	if (cell->is_there)
		*ret_value = cell->value;
	return cell->is_there;
}

/* ---- sharing out ---- */

struct remainder {
	int64_t left;
	size_t at;
};

static int compare_remainders(const void *left, const void *right)
{
	const struct remainder *a = left, *b = right;
	if (a->left != b->left)
		return a->left > b->left ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

int truth_share_out(int64_t total, const int64_t weights[], size_t count, int64_t ret_parts[])
{
	int128 sum = 0;
	int64_t given = 0;
	for (size_t i = 0; i < count; i++)
		sum += weights[i];
	if (sum == 0) {
		memset(ret_parts, 0, count * sizeof *ret_parts);
		return 0;
	}
	struct remainder *remainders = calloc(count, sizeof *remainders);
	if (!remainders)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int128 share = (int128)total * weights[i];
		ret_parts[i] = (int64_t)(share / sum);
		/* The remainders' order is all that matters: they may be rounded where a weight is huge. */
		remainders[i] = (struct remainder){(int64_t)(share % sum * ((int128)1 << 30) / sum), i};
		given += ret_parts[i];
	}
	qsort(remainders, count, sizeof *remainders, compare_remainders);
	for (size_t i = 0; i < count && given < total; i++, given++)
		ret_parts[remainders[i].at]++;
	free(remainders);
	return 0;
}

/* ---- the city's way ---- */

/* Straight from year-end to year-end. */
static int64_t between_years(const int64_t year[TREND_YEARS + 1], int month)
{
	int at = (month - 1) / 12, into = (month - 1) % 12 + 1;
	return year[at] + (year[at + 1] - year[at]) * into / 12;
}

static int64_t millionths(int64_t of, int64_t rate)
{
	int128 product = (int128)of * rate;
	return (int64_t)((product + TREND_MILLION / 2) / TREND_MILLION);
}

/* A stock's total begins where 2020 ended, whatever the trend says. */
static int64_t stock_total(const struct filling *filling, int month)
{
	int64_t year[TREND_YEARS + 1];
	memcpy(year, filling->trend->year, sizeof year);
	if (filling->trend->shape == TREND_PER)
		return millionths(total_at(filling->of, month, filling->areas.count),
		                  between_years(year, month));
	if (filling->sheet->is_told)
		year[0] = total_at(filling->sheet, 0, filling->areas.count);
	return between_years(year, month);
}

static int64_t flow_total(const struct filling *filling, int year)
{
	int64_t figure = filling->trend->year[year - TREND_FIRST_YEAR + 1];
	int end = 12 * (year - TREND_FIRST_YEAR + 1);
	return filling->trend->shape == TREND_FLOW_PER
	           ? millionths(total_at(filling->of, end, filling->areas.count), figure)
	           : figure;
}

/* ---- the districts' shares ---- */

static int64_t weight_of_2020(const struct truth *truth, uint32_t statistic, size_t slot)
{
	const struct sheet *sheet = &truth->sheets[statistic];
	int64_t sum = 0;
	if (!is_flow(&truth->catalogue->statistics[statistic]))
		return value_at(sheet, 0, slot);
	for (int month = MONTH_FIRST; month <= 0; month++)
		sum += value_at(sheet, month, slot);
	return sum;
}

static int growth_of(const char *area)
{
	for (size_t i = 0; i < growth_count; i++)
		if (strcmp(growths[i].area, area) == 0)
			return growths[i].thousandths;
	return 0;
}

/* A district's share moves with its people's number. */
static int64_t grown(const struct filling *filling, int64_t weight, int month, size_t slot)
{
	const struct truth *truth = filling->truth;
	const struct sheet *people = &truth->sheets[truth->people];
	const char *area = truth->catalogue->areas[filling->areas.area[slot]].code;
	if (filling->areas.count == 1 || filling->trend->is_settled)
		return 1000 * weight;
	if (filling->sheet == people)
		return weight * (1000 + growth_of(area) * month / MONTH_LAST);
	int64_t now = value_at(people, month, slot), then = value_at(people, 0, slot);
	return then == 0 ? 0 : (int64_t)((int128)weight * 1000 * now / then);
}

static struct chance chance_of(const struct filling *filling, const char *what, int month, size_t slot)
{
	uint64_t at = (uint64_t)(month - MONTH_FIRST) * SLOTS_MAX + slot;
	return (struct chance){filling->truth->seed, what, filling->trend->statistic, at};
}

static uint32_t shares_of(const struct filling *filling)
{
	const struct catalogue *catalogue = filling->truth->catalogue;
	const char *like = filling->sheet->is_told || !filling->trend->like ? filling->trend->statistic
	                                                                    : filling->trend->like;
	return catalogue_find_statistic(catalogue, like);
}

static int64_t share_at(const struct filling *filling, int month, size_t slot)
{
	int64_t weight =
	    filling->areas.count == 1 ? 1 : weight_of_2020(filling->truth, shares_of(filling), slot);
	return grown(filling, weight, month, slot);
}

/* ---- filling ---- */

static void put(const struct filling *filling, int month, size_t slot, int64_t value)
{
	*cell_at(filling->sheet, month, slot) = (struct cell){.value = value, .is_there = true};
}

static int fill_stock(const struct filling *filling)
{
	size_t slots = filling->areas.count;
	int64_t weights[SLOTS_MAX] = {0}, parts[SLOTS_MAX];
	for (int month = 1; month <= MONTH_LAST; month++) {
		for (size_t slot = 0; slot < slots; slot++)
			weights[slot] =
			    share_at(filling, month, slot) *
			    (100000 + chance_around(chance_of(filling, "stock", month, slot), STOCK_SPREAD));
		int fault = truth_share_out(stock_total(filling, month), weights, slots, parts);
		if (fault)
			return fault;
		for (size_t slot = 0; slot < slots; slot++)
			put(filling, month, slot, parts[slot]);
	}
	return 0;
}

/* The months of a native period. */
static int step_of(const struct statistic *statistic)
{
	return statistic->frequency == PERIOD_ANNUAL ? 12 : statistic->frequency == PERIOD_QUARTER ? 3 : 1;
}

static int busy_in(const struct trend *trend, int last_month, int step)
{
	int busy = 0;
	for (int month = last_month - step; month < last_month; month++)
		busy += trend_seasons[trend->season][(month + 12) % 12];
	return busy;
}

/* One year's total over its periods and districts. */
static int fill_year(const struct filling *filling, int year, int64_t total)
{
	int step = step_of(filling->statistic), before = 12 * (year - TREND_FIRST_YEAR);
	int64_t weights[12 * SLOTS_MAX] = {0}, parts[12 * SLOTS_MAX];
	size_t slots = filling->areas.count, count = 0;
	for (int month = before + step; month <= before + 12; month += step)
		for (size_t slot = 0; slot < slots; slot++)
			weights[count++] =
			    share_at(filling, month, slot) * busy_in(filling->trend, month - before, step) *
			    (1000 + chance_around(chance_of(filling, "flow", month, slot), FLOW_SPREAD));
	int fault = truth_share_out(total, weights, count, parts);
	for (size_t i = 0; i < count && !fault; i++)
		put(filling, before + step * (int)(i / slots + 1), i % slots, parts[i]);
	return fault;
}

static int fill_flow(const struct filling *filling)
{
	int first = filling->trend->is_told_later ? TREND_FIRST_YEAR - 1 : TREND_FIRST_YEAR, fault = 0;
	for (int year = first; year <= TREND_LAST_YEAR && !fault; year++)
		fault = fill_year(filling, year, flow_total(filling, year));
	return fault;
}

static void fill_fixed(const struct filling *filling)
{
	for (int month = 1; month <= MONTH_LAST; month++)
		for (size_t slot = 0; slot < filling->areas.count; slot++)
			put(filling, month, slot, value_at(filling->sheet, 0, slot));
}

/* What a district lacked of its whole in 2020, against what the city lacked: the gaps close together. Where nothing was
 * lacking then, or nothing was reported, they differ by chance. In millionths of the whole. */
static int64_t gap_at(const struct filling *filling, int month, size_t slot)
{
	const struct trend *trend = filling->trend;
	size_t slots = filling->areas.count;
	int64_t city = is_flow(filling->statistic) ? trend->year[(month - 1) / 12 + 1]
	                                           : between_years(trend->year, month);
	int64_t whole = total_at(filling->of, 0, slots), part = total_at(filling->sheet, 0, slots);
	int64_t own_whole = value_at(filling->of, 0, slot), own = value_at(filling->sheet, 0, slot);
	if (!filling->sheet->is_told || whole == part || own_whole == 0)
		return city * (1000 + chance_around(chance_of(filling, "gap", 0, slot), PART_SPREAD)) / 1000;
	int128 ratio = (int128)city * (own_whole - own) * whole / ((int128)own_whole * (whole - part));
	return (int64_t)ratio;
}

static void fill_part(const struct filling *filling)
{
	for (int month = 1; month <= MONTH_LAST; month++)
		for (size_t slot = 0; slot < filling->areas.count; slot++) {
			int64_t whole = value_at(filling->of, month, slot);
			int64_t gap = millionths(whole, gap_at(filling, month, slot));
			put(filling, month, slot, gap > whole ? 0 : whole - gap);
		}
}

static void fill_rest(const struct filling *filling)
{
	for (int month = 1; month <= MONTH_LAST; month++)
		for (size_t slot = 0; slot < filling->areas.count; slot++)
			put(filling, month, slot,
			    value_at(filling->of, month, slot) - value_at(filling->less, month, slot));
}

static struct period parse_period(const char *text)
{
	struct period period = {0};
	int verdict = period_parse(text, strlen(text), &period);
	assert(verdict == 0); /* the tables are ours */
	(void)verdict;
	return period;
}

static void add_incidents(const struct filling *filling)
{
	const struct catalogue *catalogue = filling->truth->catalogue;
	for (size_t i = 0; i < incident_count; i++) {
		const struct incident *incident = &incidents[i];
		size_t slot;
		if (strcmp(incident->statistic, filling->trend->statistic) != 0 ||
		    !find_slot(filling->areas, catalogue_find_area(catalogue, incident->area), &slot))
			continue;
		int last = incident->to ? month_of(parse_period(incident->to)) : MONTH_LAST;
		for (int month = month_of(parse_period(incident->from)); month <= last; month++)
			cell_at(filling->sheet, month, slot)->value += incident->added;
	}
}

static int fill_shape(const struct filling *filling)
{
	switch (filling->trend->shape) {
	case TREND_STOCK:
	case TREND_PER:
		return fill_stock(filling);
	case TREND_FLOW:
	case TREND_FLOW_PER:
		return fill_flow(filling);
	case TREND_FIXED:
		fill_fixed(filling);
		return 0;
	case TREND_PART:
		fill_part(filling);
		return 0;
	case TREND_REST:
		fill_rest(filling);
		return 0;
	}
	return 0;
}

static struct sheet *sheet_of(const struct truth *truth, const char *statistic)
{
	return &truth->sheets[catalogue_find_statistic(truth->catalogue, statistic)];
}

static int fill(const struct truth *truth, const struct trend *trend)
{
	const struct catalogue *catalogue = truth->catalogue;
	uint32_t statistic = catalogue_find_statistic(catalogue, trend->statistic);
	struct filling filling = {
	    .truth = truth,
	    .trend = trend,
	    .statistic = &catalogue->statistics[statistic],
	    .sheet = &truth->sheets[statistic],
	    .areas = truth_areas(truth, statistic),
	};
	assert(filling.areas.count <= SLOTS_MAX);
	filling.of = sheet_of(truth, trend->of ? trend->of : trend->statistic);
	filling.less = sheet_of(truth, trend->less ? trend->less : trend->statistic);
	int fault = fill_shape(&filling);
	if (!fault)
		add_incidents(&filling);
	return fault;
}

static void take_past(struct truth *truth, const struct past *past)
{
	for (size_t i = 0; i < past->count; i++)
		for (size_t k = 0; k < past->files[i].count; k++) {
			const struct figure *figure = &past->files[i].figures[k];
			int month = month_of(figure->period);
			size_t slot;
			if (month < MONTH_FIRST || month > 0 ||
			    !find_slot(truth_areas(truth, figure->statistic), figure->area, &slot))
				continue;
			struct sheet *sheet = &truth->sheets[figure->statistic];
			*cell_at(sheet, month, slot) = (struct cell){figure->value, true};
			sheet->is_told = true;
		}
}

static bool has_trend(const char *statistic)
{
	for (size_t i = 0; i < trend_count; i++)
		if (strcmp(trends[i].statistic, statistic) == 0)
			return true;
	return false;
}

static int refuse(const char *what, const char *statistic)
{
	fprintf(stderr, "suanpan-simulate: %s '%s'\n", what, statistic);
	return TRUTH_REFUSED;
}

/* The catalogue's statistics and the trends are the same. */
static int check_trends(const struct catalogue *catalogue)
{
	for (uint32_t i = 0; i < catalogue->statistic_count; i++)
		if (!has_trend(catalogue->statistics[i].code))
			return refuse("no trend is known for the statistic", catalogue->statistics[i].code);
	for (size_t i = 0; i < trend_count; i++)
		if (catalogue_find_statistic(catalogue, trends[i].statistic) == CATALOGUE_NONE)
			return refuse("the catalogue has no statistic", trends[i].statistic);
	return 0;
}

int truth_new(const struct catalogue *catalogue, const struct past *past, uint64_t seed,
              struct truth **ret_truth)
{
	int answer = check_trends(catalogue);
	if (answer)
		return answer;
	struct truth *truth = calloc(1, sizeof *truth);
	if (!truth)
		return -ENOMEM;
	*truth = (struct truth){
	    .catalogue = catalogue,
	    .seed = seed,
	    .sheets = calloc(catalogue->statistic_count + 1, sizeof *truth->sheets),
	    .people = catalogue_find_statistic(catalogue, "resident_population"),
	};
	answer = truth->sheets ? 0 : -ENOMEM;
	if (!answer)
		take_past(truth, past);
	for (size_t i = 0; i < trend_count && !answer; i++)
		answer = fill(truth, &trends[i]);
	if (answer) {
		truth_free(truth);
		return answer;
	}
	*ret_truth = truth;
	return 0;
}

void truth_free(struct truth *truth)
{
	if (!truth)
		return;
	free(truth->sheets);
	free(truth);
}
