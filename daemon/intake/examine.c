#include "daemon/intake/examine.h"

#include "daemon/catalogue/rules.h"
#include "daemon/intake/doubt.h"
#include "proto/decimal.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct examiner {
	const struct catalogue *catalogue;
	int64_t figures[DOUBT_HISTORY_MAX];
	struct doubt_share *peers; /* as many as there are areas */
	int128 *scratch;           /* as many, and as a history has */
};

int examiner_new(const struct catalogue *catalogue, struct examiner **ret_examiner)
{
	struct examiner *examiner = calloc(1, sizeof *examiner);
	if (!examiner)
		return -ENOMEM;
	examiner->catalogue = catalogue;
	examiner->peers = calloc(catalogue->area_count + 1, sizeof *examiner->peers);
	examiner->scratch = calloc(catalogue->area_count + DOUBT_HISTORY_MAX + 1, sizeof *examiner->scratch);
	if (!examiner->peers || !examiner->scratch) {
		examiner_free(examiner);
		return -ENOMEM;
	}
	*ret_examiner = examiner;
	return 0;
}

void examiner_free(struct examiner *examiner)
{
	if (!examiner)
		return;
	free(examiner->peers);
	free(examiner->scratch);
	free(examiner);
}

static int read_figure(const struct standing *standing, uint32_t statistic, uint32_t area,
                       struct period period, struct figure *ret_figure)
{
	*ret_figure = (struct figure){.status = 0};
	int result = standing->read(standing->context, statistic, area, period, ret_figure);
	return result == STANDING_NOTHING ? 0 : result;
}

/* ---- relations ---- */

#define SUM_TEXT_SIZE 64

static int128 scaled(const struct statistic *statistic, int64_t value, unsigned decimals)
{
	return (int128)value * decimal_power(decimals - statistic->decimals);
}

/* Both sides of a relation, as they would stand. */
struct sides {
	int128 left, right;
	unsigned decimals;
	bool complete;
};

static int add_up(const struct examiner *examiner, const struct standing *standing,
                  const struct relation *relation, const struct observation *at, struct sides *ret_sides)
{
	const struct statistic *statistics = examiner->catalogue->statistics;
	struct sides sides = {.complete = true};
	for (uint32_t i = 0; i < relation->count; i++)
		if (statistics[relation->statistics[i]].decimals > sides.decimals)
			sides.decimals = statistics[relation->statistics[i]].decimals;
	for (uint32_t i = 0; i < relation->count && sides.complete; i++) {
		uint32_t statistic = relation->statistics[i];
		struct figure figure;
		int result = read_figure(standing, statistic, at->area, at->period, &figure);
		if (result != 0)
			return result;
		sides.complete = figure.status != 0;
		int128 value = scaled(&statistics[statistic], figure.value, sides.decimals);
		*(i < relation->left_count ? &sides.left : &sides.right) += value;
	}
	*ret_sides = sides;
	return 0;
}

static bool holds(const struct relation *relation, const struct sides *sides)
{
	switch (relation->sign) {
	case RELATION_AT_MOST:
		return sides->left <= sides->right;
	case RELATION_LESS:
		return sides->left < sides->right;
	case RELATION_EQUAL:
		return sides->left == sides->right;
	}
	return true;
}

/* Sums beyond 64 bits are of nothing that exists; they are told without their digits. */
static const char *print_sum(int128 sum, unsigned decimals, char text[SUM_TEXT_SIZE])
{
	if (sum >= INT64_MIN && sum <= INT64_MAX)
		decimal_format((int64_t)sum, decimals, text);
	else
		snprintf(text, SUM_TEXT_SIZE, "%s than 64 bits hold", sum > 0 ? "more" : "less");
	return text;
}

static void complain(const struct relation *relation, const struct sides *sides, size_t row,
                     struct remarks *problems)
{
	char left[SUM_TEXT_SIZE], right[SUM_TEXT_SIZE];
	const char *first = print_sum(sides->left, sides->decimals, left);
	const char *second = print_sum(sides->right, sides->decimals, right);
	remarks_add_problem(problems, row, SUANPAN__REASON__REASON_RULE,
	                    "%s does not hold: %s against %s (%s)", relation->text,
	                    relation->turned ? second : first, relation->turned ? first : second,
	                    relation->names.in[LANGUAGE_EN]);
}

int examine_relations(struct examiner *examiner, const struct standing *standing,
                      const struct observation *observation, size_t row, struct remarks *problems)
{
	const struct catalogue *catalogue = examiner->catalogue;
	const struct statistic_rules *rules = catalogue->statistics[observation->statistic].rules;
	for (uint32_t i = 0; rules && i < rules->relation_count; i++) {
		const struct relation *relation = &catalogue->relations[rules->relations[i]];
		struct sides sides;
		int result = add_up(examiner, standing, relation, observation, &sides);
		if (result != 0)
			return result;
		if (sides.complete && !holds(relation, &sides))
			complain(relation, &sides, row, problems);
	}
	return 0;
}

/* ---- doubts ---- */

struct look {
	struct examiner *examiner;
	const struct standing *standing;
	const struct statistic *statistic;
	struct observation *observation;
	size_t row;
	struct remarks *warnings;
};

static bool can_be_compared_with(const struct figure *figure)
{
	return figure->status != 0 && figure->status != 'V' && figure->status != 'F';
}

static void question(const struct look *look, enum soft_rule rule)
{
	struct observation *observation = look->observation;
	if (observation->question != SOFT_NONE)
		return; /* two rules question it; the first one stands for both */
	observation->question = (uint8_t)rule;
	observation->said = observation->status;
	observation->status = 'V';
}

static const char *print_figure(const struct look *look, int64_t value, char text[DECIMAL_TEXT_SIZE])
{
	if (value < 0 && !look->statistic->may_be_negative)
		value = 0; /* a bound below what there can be */
	decimal_format(value, look->statistic->decimals, text);
	return text;
}

/* What stood in the periods before: oldest first, and the newest one's period. */
struct past_figures {
	const int64_t *figures;
	size_t count;
	struct period newest;
};

static int read_history(const struct look *look, uint32_t periods, struct past_figures *ret_past)
{
	const struct observation *at = look->observation;
	int64_t *figures = look->examiner->figures;
	struct past_figures past = {.count = 0};
	struct period period = at->period;
	bool broken = false;
	for (uint32_t i = 0; i < periods && !broken && period_shift(period, -1, &period); i++) {
		struct figure figure;
		int result = read_figure(look->standing, at->statistic, at->area, period, &figure);
		if (result != 0)
			return result;
		if (!can_be_compared_with(&figure))
			continue;
		if (past.count == 0)
			past.newest = period;
		broken = figure.status == 'B';
		figures[DOUBT_HISTORY_MAX - ++past.count] = figure.value;
	}
	past.figures = figures + DOUBT_HISTORY_MAX - past.count;
	*ret_past = past;
	return 0;
}

static void look_for_jump(const struct look *look, const struct doubt *doubt, const struct past_figures *past)
{
	char now[DECIMAL_TEXT_SIZE], last[DECIMAL_TEXT_SIZE], low[DECIMAL_TEXT_SIZE], high[DECIMAL_TEXT_SIZE];
	char newest[PERIOD_TEXT_SIZE];
	struct doubt_range range;
	if (!doubt_jump(doubt, past->figures, past->count, look->observation->value, look->examiner->scratch,
	                &range))
		return;
	question(look, SOFT_JUMP);
	period_format(past->newest, newest);
	remarks_add_warning(look->warnings, look->row, soft_rule_name(SOFT_JUMP),
	                    "%s after %s in %s; by its %zu changes before, %s to %s was to be expected",
	                    print_figure(look, look->observation->value, now),
	                    print_figure(look, past->figures[past->count - 1], last), newest, past->count - 1,
	                    print_figure(look, range.low, low), print_figure(look, range.high, high));
}

static void look_for_standstill(const struct look *look, const struct doubt *doubt,
                                const struct past_figures *past)
{
	char now[DECIMAL_TEXT_SIZE], newest[PERIOD_TEXT_SIZE];
	if (!doubt_unchanged(doubt, past->figures, past->count, look->observation->value))
		return;
	question(look, SOFT_UNCHANGED);
	period_format(past->newest, newest);
	remarks_add_warning(look->warnings, look->row, soft_rule_name(SOFT_UNCHANGED),
	                    "%s again, as in %s; it had moved in each of the %zu changes before",
	                    print_figure(look, look->observation->value, now), newest, past->count - 1);
}

static int compare_with_past(const struct look *look, const struct statistic_rules *rules)
{
	const struct doubt *jump = rules->soft[SOFT_JUMP], *unchanged = rules->soft[SOFT_UNCHANGED];
	struct past_figures past;
	if (!jump && !unchanged)
		return 0;
	if (jump) {
		int result = read_history(look, jump->history, &past);
		if (result != 0)
			return result;
		look_for_jump(look, jump, &past);
	}
	if (!unchanged)
		return 0;
	if (!jump || jump->history != unchanged->history) {
		int result = read_history(look, unchanged->history, &past);
		if (result != 0)
			return result;
	}
	look_for_standstill(look, unchanged, &past);
	return 0;
}

/* The newest figure at or before the period that may still stand in for it; 0 if there is none. */
static int read_per(const struct look *look, uint32_t per, uint32_t area, int64_t *ret_per)
{
	const struct statistic *statistic = &look->examiner->catalogue->statistics[per];
	struct period at = look->observation->period, period;
	bool is_there = period_newest_ended(at, statistic->frequency, &period);
	*ret_per = 0;
	for (int tries = 0; is_there && tries < DOUBT_HISTORY_MAX; tries++) {
		struct figure figure;
		if (period_months_between_ends(period, at) > (int)statistic->carry_months)
			return 0;
		int result = read_figure(look->standing, per, area, period, &figure);
		if (result != 0)
			return result;
		if (can_be_compared_with(&figure)) {
			*ret_per = figure.value;
			return 0;
		}
		is_there = period_shift(period, -1, &period);
	}
	return 0;
}

/* The share of each other area that has a figure for the period. */
static int read_peers(const struct look *look, const struct doubt *doubt, size_t *ret_count)
{
	const struct catalogue *catalogue = look->examiner->catalogue;
	const struct observation *at = look->observation;
	const struct area_list *areas = &catalogue->areas[catalogue->root].inside[look->statistic->level];
	size_t count = 0;
	for (uint32_t i = 0; i < areas->count; i++) {
		struct doubt_share share = {.per = 0};
		struct figure figure;
		if (areas->area[i] == at->area)
			continue;
		int result = read_figure(look->standing, at->statistic, areas->area[i], at->period, &figure);
		if (result == 0 && can_be_compared_with(&figure))
			result = read_per(look, doubt->per, areas->area[i], &share.per);
		if (result != 0)
			return result;
		share.figure = figure.value;
		if (share.per > 0)
			look->examiner->peers[count++] = share;
	}
	*ret_count = count;
	return 0;
}

static int compare_with_peers(const struct look *look, const struct doubt *doubt)
{
	char figure[DECIMAL_TEXT_SIZE], per[DECIMAL_TEXT_SIZE], low[DECIMAL_TEXT_SIZE],
	    high[DECIMAL_TEXT_SIZE];
	struct doubt_share now = {.figure = look->observation->value};
	struct doubt_range range;
	size_t count = 0;
	int result = read_per(look, doubt->per, look->observation->area, &now.per);
	if (result != 0 || now.per <= 0)
		return result;
	result = read_peers(look, doubt, &count);
	if (result != 0)
		return result;
	if (!doubt_peers(doubt, look->examiner->peers, count, now, look->examiner->scratch, &range))
		return 0;
	const struct statistic *divisor = &look->examiner->catalogue->statistics[doubt->per];
	question(look, SOFT_PEERS);
	decimal_format(now.per, divisor->decimals, per);
	remarks_add_warning(look->warnings, look->row, soft_rule_name(SOFT_PEERS),
	                    "%s for %s of %s; as its %zu peers are, %s to %s was to be expected",
	                    print_figure(look, look->observation->value, figure), per, divisor->code, count,
	                    print_figure(look, range.low, low), print_figure(look, range.high, high));
	return 0;
}

int examine_doubts(struct examiner *examiner, const struct standing *standing,
                   struct observation *observation, size_t row, struct remarks *warnings)
{
	const struct statistic *statistic = &examiner->catalogue->statistics[observation->statistic];
	const struct statistic_rules *rules = statistic->rules;
	const struct look look = {.examiner = examiner,
	                          .standing = standing,
	                          .statistic = statistic,
	                          .observation = observation,
	                          .row = row,
	                          .warnings = warnings};
	if (!rules || (observation->status != 'A' && observation->status != 'P'))
		return 0;
	int result = compare_with_past(&look, rules);
	if (result == 0 && rules->soft[SOFT_PEERS])
		result = compare_with_peers(&look, rules->soft[SOFT_PEERS]);
	return result;
}
