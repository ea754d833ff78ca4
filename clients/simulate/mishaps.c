/* What goes wrong in a report, and when it is mended. */
#include "clients/simulate/chance.h"
#include "clients/simulate/diary_internal.h"
#include "clients/simulate/trend.h"
#include "daemon/base/int128.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIGURES_IN_ALL 10000 /* of which `often` meet with a mishap */
#define NEVER          INT32_MAX
#define URBAN_ONE_IN   9 /* yearly reports in which rural residents are counted twice */
#define FORGETS_ONE_IN 4 /* corrections of closed years that come without a reason at first */

struct mishap_row {
	int often;
	int32_t days_least, days_most; /* until it is mended; days_most 0: never */
};

static const struct mishap_row rows[MISHAP_KIND_COUNT] = {
    [MISHAP_DIGIT] = {18, 1, 20},   [MISHAP_UNIT] = {10, 1, 15},       [MISHAP_COPIED] = {14, 10, 60},
    [MISHAP_SWAPPED] = {8, 1, 25},  [MISHAP_ESTIMATE] = {70, 30, 250}, [MISHAP_OLD] = {14, 370, 900},
    [MISHAP_MISSING] = {30, 3, 45}, [MISHAP_LOST] = {3, 0, 0},         [MISHAP_WRONG] = {3, 0, 0},
};

static struct chance chance_of(const struct diary *diary, const char *what, const struct figure *figure)
{
	const struct catalogue *catalogue = diary->catalogue;
	uint64_t at = (uint64_t)figure->period.code << 32 | figure->area;
	return (struct chance){diary->seed, what, catalogue->statistics[figure->statistic].code, at};
}

/* One without a statistic where the table has none. */
static const struct blunder *find_blunder(const struct diary *diary, const struct figure *figure)
{
	static const struct blunder none;
	char period[PERIOD_TEXT_SIZE];
	period_format(figure->period, period);
	for (size_t i = 0; i < blunder_count; i++)
		if (strcmp(blunders[i].statistic, diary->catalogue->statistics[figure->statistic].code) ==
		        0 &&
		    strcmp(blunders[i].area, diary->catalogue->areas[figure->area].code) == 0 &&
		    strcmp(blunders[i].period, period) == 0)
			return &blunders[i];
	return &none;
}

static enum mishap_kind draw_kind(const struct diary *diary, const struct figure *figure)
{
	int64_t drawn = chance_below(chance_of(diary, "mishap", figure), FIGURES_IN_ALL);
	if (find_blunder(diary, figure)->statistic)
		return MISHAP_BLUNDER;
	for (int kind = 0; kind < MISHAP_KIND_COUNT; drawn -= rows[kind].often, kind++)
		if (drawn < rows[kind].often)
			return (enum mishap_kind)kind;
	return MISHAP_NONE;
}

static int32_t draw_mending(const struct diary *diary, const struct figure *figure, enum mishap_kind kind,
                            int32_t day)
{
	const struct mishap_row *row = &rows[kind];
	if (kind == MISHAP_BLUNDER)
		return diary_day(find_blunder(diary, figure)->mended);
	if (row->days_most == 0)
		return NEVER;
	int64_t more = chance_below(chance_of(diary, "mended", figure), row->days_most - row->days_least + 1);
	return diary_working_day(diary->catalogue, day + row->days_least + (int32_t)more);
}

/* ---- wrong figures ---- */

/* 12345 becomes 123450 or 1234. */
static int64_t slip_digit(const struct diary *diary, const struct figure *figure)
{
	bool longer = chance_one_in(chance_of(diary, "longer", figure), 2);
	return longer ? figure->value * 10 : figure->value / 10;
}

static int64_t lower(const struct diary *diary, const struct figure *figure, int64_t thousandths)
{
	int64_t by = 1 + chance_below(chance_of(diary, "lower", figure), thousandths);
	return figure->value - (int64_t)((int128)figure->value * by / 1000);
}

static int64_t copy_before(const struct diary *diary, const struct figure *figure)
{
	int64_t value = figure->value;
	struct period before;
	if (period_shift(figure->period, -1, &before) &&
	    !truth_find(diary->truth, figure->statistic, figure->area, before, &value))
		return figure->value;
	return value;
}

static int64_t wrong_value(const struct diary *diary, const struct figure *figure, enum mishap_kind kind)
{
	switch ((int)kind) {
	case MISHAP_DIGIT:
		return slip_digit(diary, figure);
	case MISHAP_UNIT:
		return figure->value / 10000;
	case MISHAP_COPIED:
		return copy_before(diary, figure);
	case MISHAP_ESTIMATE:
		return lower(diary, figure, 25);
	case MISHAP_OLD:
	case MISHAP_WRONG:
		return lower(diary, figure, 60);
	case MISHAP_BLUNDER:
		return figure->value + find_blunder(diary, figure)->off;
	default:
		return figure->value;
	}
}

/* ---- one report ---- */

/* What is wrong with each figure of a report, by its place in it. */
struct troubles {
	const struct errand *right;
	enum mishap_kind *kinds;
	int64_t *values;
};

static bool is_left_out(enum mishap_kind kind)
{
	return kind == MISHAP_MISSING || kind == MISHAP_LOST;
}

/* A mishap that changes nothing is none. The second of two that are swapped has none of its own. */
static void draw(const struct diary *diary, struct troubles *troubles)
{
	const struct figure *figures = troubles->right->figures;
	size_t count = troubles->right->count;
	for (size_t i = 0; i < count; i++)
		troubles->values[i] = figures[i].value;
	for (size_t i = 0; i < count; i++) {
		enum mishap_kind kind = draw_kind(diary, &figures[i]);
		if (kind == MISHAP_SWAPPED && i + 1 < count && figures[i].value != figures[i + 1].value) {
			troubles->values[i] = figures[i + 1].value;
			troubles->values[i + 1] = figures[i].value;
			troubles->kinds[i] = troubles->kinds[i + 1] = kind;
			i++;
			continue;
		}
		troubles->values[i] = wrong_value(diary, &figures[i], kind);
		if (is_left_out(kind) || troubles->values[i] != figures[i].value)
			troubles->kinds[i] = kind;
	}
}

static void fill(struct errand *errand, const struct troubles *troubles)
{
	for (size_t i = 0; i < troubles->right->count; i++) {
		if (is_left_out(troubles->kinds[i]))
			continue;
		struct figure *figure = &errand->figures[errand->count++];
		*figure = troubles->right->figures[i];
		figure->value = troubles->values[i];
		if (troubles->kinds[i] == MISHAP_ESTIMATE)
			figure->status = 'E';
	}
}

/* A year that is closed asks for a reason; now and then that is learnt from a refusal. */
static void add_mending(struct diary *diary, struct errand *errand, const struct figure figures[],
                        size_t count, const char *note)
{
	for (int try = 0; try < 2; try++) {
		struct errand *added = diary_add_errand(diary, errand, count);
		if (!added)
			return;
		memcpy(added->figures, figures, count * sizeof *figures);
		added->count = count;
		for (size_t i = 0; i < count; i++)
			added->figures[i].note = note;
		bool forgets = try == 0 && errand_needs_correction(diary->catalogue, added) &&
		               chance_one_in(chance_of(diary, "forgets", figures), FORGETS_ONE_IN);
		if (!forgets)
			return;
		added->is_to_be_refused = added->is_sent_again = true;
		errand->day = diary_working_day(diary->catalogue, errand->day + 1);
	}
}

static void mend(struct diary *diary, const struct troubles *troubles, int32_t day, size_t at, size_t count)
{
	const struct errand *right = troubles->right;
	const struct figure *figure = &right->figures[at];
	enum mishap_kind kind = troubles->kinds[at];
	int32_t mended = draw_mending(diary, figure, kind, day);
	for (size_t i = at; i < at + count; i++)
		diary_add_mishap(diary, &(struct mishap){
		                            .kind = kind,
		                            .statistic = right->figures[i].statistic,
		                            .area = right->figures[i].area,
		                            .period = right->figures[i].period,
		                            .day = day,
		                            .mended_day = mended,
		                        });
	if (mended == NEVER)
		return;
	struct errand errand = {
	    .day = mended,
	    .minute = 9 * 60 + (int)chance_below(chance_of(diary, "minute", figure), INT64_C(480)),
	    .kind = kind == MISHAP_MISSING ? ERRAND_MISSING : ERRAND_CORRECTION,
	    .reporter = right->reporter,
	    .label = diary_label(diary, diary->catalogue->statistics[figure->statistic].code, figure->period),
	};
	const char *why = kind == MISHAP_BLUNDER ? find_blunder(diary, figure)->why : mishap_kind_name(kind);
	add_mending(diary, &errand, figure, count, why);
}

static void mend_all(struct diary *diary, const struct troubles *troubles, int32_t day)
{
	for (size_t i = 0; i < troubles->right->count; i++) {
		size_t count = troubles->kinds[i] == MISHAP_SWAPPED ? 2 : 1;
		if (troubles->kinds[i] != MISHAP_NONE)
			mend(diary, troubles, day, i, count);
		i += count - 1;
	}
}

/* ---- urban residents above residents ---- */

static bool find_figure(const struct diary *diary, const struct errand *errand, const char *statistic,
                        size_t *ret_at)
{
	for (size_t i = 0; i < errand->count; i++)
		if (strcmp(diary->catalogue->statistics[errand->figures[i].statistic].code, statistic) == 0) {
			*ret_at = i;
			return true;
		}
	return false;
}

/* The report as it is sent first, and refused; the right one goes a day or two later. Answers its day. */
static int32_t add_refused(struct diary *diary, const struct troubles *troubles, size_t urban, int64_t above)
{
	const struct errand *right = troubles->right;
	const struct figure *figure = &right->figures[urban];
	struct errand *added = diary_add_errand(diary, right, right->count);
	int32_t day = diary_working_day(
	    diary->catalogue, right->day + 1 + (int32_t)chance_below(chance_of(diary, "again", figure), 3));
	if (!added)
		return day;
	fill(added, troubles);
	size_t at;
	if (find_figure(diary, added, "urban_resident_population", &at))
		added->figures[at].value = above;
	added->is_to_be_refused = added->is_sent_again = true;
	diary_add_mishap(diary, &(struct mishap){
	                            .kind = MISHAP_URBAN,
	                            .statistic = figure->statistic,
	                            .area = figure->area,
	                            .period = figure->period,
	                            .day = right->day,
	                            .mended_day = day,
	                        });
	return day;
}

static int32_t add_urban_above(struct diary *diary, struct troubles *troubles)
{
	const struct errand *right = troubles->right;
	size_t urban, rural, all;
	if (!find_figure(diary, right, "urban_resident_population", &urban) ||
	    !find_figure(diary, right, "rural_resident_population", &rural) ||
	    !find_figure(diary, right, "resident_population", &all) || right->figures[rural].value == 0 ||
	    troubles->kinds[urban] != MISHAP_NONE || troubles->kinds[all] != MISHAP_NONE ||
	    !chance_one_in(chance_of(diary, "urban", &right->figures[urban]), URBAN_ONE_IN))
		return right->day;
	return add_refused(diary, troubles, urban, right->figures[all].value + right->figures[rural].value);
}

void diary_add_with_mishaps(struct diary *diary, const struct errand *errand)
{
	struct troubles troubles = {
	    .right = errand,
	    .kinds = calloc(errand->count + 1, sizeof *troubles.kinds),
	    .values = calloc(errand->count + 1, sizeof *troubles.values),
	};
	if (troubles.kinds && troubles.values) {
		draw(diary, &troubles);
		struct errand sent = *errand;
		sent.day = add_urban_above(diary, &troubles);
		if (sent.day != errand->day)
			sent.kind = ERRAND_AGAIN;
		struct errand *added = diary_add_errand(diary, &sent, errand->count);
		if (added)
			fill(added, &troubles);
		mend_all(diary, &troubles, sent.day);
	} else {
		diary->fault = -ENOMEM;
	}
	free(troubles.kinds);
	free(troubles.values);
}
