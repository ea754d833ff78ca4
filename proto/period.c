#include "proto/period.h"

#include <assert.h>
#include <string.h>

#define CODE_SHIFT     28
#define ORDINAL_MASK   ((UINT32_C(1) << CODE_SHIFT) - 1)
#define DAY_1900_01_01 (-25567) /* days from 1970-01-01 */
#define DAYS_IN_ALL    109573   /* 300 years, of which 73 are leap years */
#define YEARS_IN_ALL   (PERIOD_YEAR_MAX - PERIOD_YEAR_MIN + 1)

struct date {
	int year;
	int month; /* 1..12 */
	int day;   /* 1..31 */
};

/* `in_year` and `months` are 0 for days: the calendar, not a division, says where those belong. */
static const struct frequency_row {
	char letter;
	int in_year;
	int months;
	const char *example;
} FREQUENCIES[] = {
    [PERIOD_ANNUAL] = {.letter = 'A', .in_year = 1, .months = 12, .example = "a year such as 2024"},
    [PERIOD_HALF_YEAR] = {.letter = 'S', .in_year = 2, .months = 6, .example = "a half-year such as 2024-S1"},
    [PERIOD_QUARTER] = {.letter = 'Q', .in_year = 4, .months = 3, .example = "a quarter such as 2024-Q2"},
    [PERIOD_MONTH] = {.letter = 'M', .in_year = 12, .months = 1, .example = "a month such as 2024-06"},
    [PERIOD_DAY] = {.letter = 'D', .example = "a day such as 2024-06-15"},
};

/* y, p and d stand for a digit of the year, of the part of the year, and of the day; the rest for itself. */
static const struct form_row {
	const char *form;
	enum period_frequency frequency;
} FORMS[] = {
    {"yyyy", PERIOD_ANNUAL},     {"yyyy-Ap", PERIOD_ANNUAL}, {"yyyy-Sp", PERIOD_HALF_YEAR},
    {"yyyy-Qp", PERIOD_QUARTER}, {"yyyy-pp", PERIOD_MONTH},  {"yyyy-Mpp", PERIOD_MONTH},
    {"yyyy-pp-dd", PERIOD_DAY},
};
#define FORM_COUNT (sizeof FORMS / sizeof FORMS[0])

static bool is_frequency(uint32_t number)
{
	return number >= PERIOD_ANNUAL && number <= PERIOD_DAY;
}

static const struct frequency_row *row_of(enum period_frequency frequency)
{
	assert(is_frequency(frequency));
	return &FREQUENCIES[frequency];
}

/* ---- calendar: Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil and
 * civil_from_days, shortened because years here are positive. A year begins in March, so that the leap day is
 * its last. */

static int32_t day_of_date(int year, int month, int day)
{
	int shifted = month <= 2 ? year - 1 : year;
	int era = shifted / 400;
	int year_of_era = shifted % 400;
	int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static struct date date_of_day(int32_t day)
{
	int shifted = day + 719468;
	int era = shifted / 146097;
	int day_of_era = shifted % 146097;
	int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int month_from_march = (5 * day_of_year + 2) / 153;
	int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

	return (struct date){
	    .year = year_of_era + era * 400 + (month <= 2),
	    .month = month,
	    .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
	};
}

static int days_in_month(int year, int month)
{
	int next = month == 12 ? day_of_date(year + 1, 1, 1) : day_of_date(year, month + 1, 1);

	return next - day_of_date(year, month, 1);
}

/* ---- codes */

static int64_t ordinal_min(enum period_frequency frequency)
{
	return (int64_t)row_of(frequency)->in_year * PERIOD_YEAR_MIN;
}

static int64_t ordinal_end(enum period_frequency frequency)
{
	int in_year = row_of(frequency)->in_year;

	return in_year ? ordinal_min(frequency) + (int64_t)in_year * YEARS_IN_ALL : DAYS_IN_ALL;
}

static bool is_ordinal(enum period_frequency frequency, int64_t ordinal)
{
	return ordinal >= ordinal_min(frequency) && ordinal < ordinal_end(frequency);
}

static struct period of_ordinal(enum period_frequency frequency, int64_t ordinal)
{
	assert(is_ordinal(frequency, ordinal));
	return (struct period){.code = (uint32_t)frequency << CODE_SHIFT | (uint32_t)ordinal};
}

static int32_t ordinal_of(struct period period)
{
	return (int32_t)(period.code & ORDINAL_MASK);
}

static struct period of_date(struct date date)
{
	return of_ordinal(PERIOD_DAY, day_of_date(date.year, date.month, date.day) - DAY_1900_01_01);
}

static struct date date_of(struct period day)
{
	return date_of_day(ordinal_of(day) + DAY_1900_01_01);
}

bool period_is_code(uint32_t code)
{
	uint32_t frequency = code >> CODE_SHIFT;

	return is_frequency(frequency) && is_ordinal((enum period_frequency)frequency, code & ORDINAL_MASK);
}

enum period_frequency period_frequency_of(struct period period)
{
	assert(period_is_code(period.code));
	return (enum period_frequency)(period.code >> CODE_SHIFT);
}

struct period period_make(enum period_frequency frequency, int year, int part)
{
	int in_year = row_of(frequency)->in_year;

	assert(year >= PERIOD_YEAR_MIN && year <= PERIOD_YEAR_MAX && part >= 0);
	if (in_year) {
		assert(part < in_year);
		return of_ordinal(frequency, (int64_t)year * in_year + part);
	}
	assert(part < day_of_date(year + 1, 1, 1) - day_of_date(year, 1, 1));
	return of_ordinal(PERIOD_DAY, (int64_t)day_of_date(year, 1, 1) + part - DAY_1900_01_01);
}

int period_year(struct period period)
{
	int in_year = row_of(period_frequency_of(period))->in_year;

	return in_year ? ordinal_of(period) / in_year : date_of(period).year;
}

int period_part(struct period period)
{
	int in_year = row_of(period_frequency_of(period))->in_year;

	if (in_year)
		return ordinal_of(period) % in_year;
	return period_first_day(period) - day_of_date(period_year(period), 1, 1);
}

/* ---- text */

struct fields {
	int year;
	int part; /* 1-based; 1 where the form has none */
	int day;
};

static bool match(const char *form, const char *text, size_t length, struct fields *ret_fields)
{
	struct fields fields = {0};
	bool has_part = false;

	if (strlen(form) != length)
		return false;
	for (size_t i = 0; i < length; i++) {
		bool is_digit = text[i] >= '0' && text[i] <= '9';
		int *field = form[i] == 'y'   ? &fields.year
		             : form[i] == 'p' ? &fields.part
		             : form[i] == 'd' ? &fields.day
		                              : NULL;
		if (field ? !is_digit : text[i] != form[i])
			return false;
		if (field)
			*field = *field * 10 + (text[i] - '0');
		has_part = has_part || form[i] == 'p';
	}
	if (!has_part)
		fields.part = 1;
	*ret_fields = fields;
	return true;
}

static bool fields_are_possible(enum period_frequency frequency, const struct fields *fields)
{
	int parts = frequency == PERIOD_DAY ? 12 : row_of(frequency)->in_year;

	if (fields->year < PERIOD_YEAR_MIN || fields->year > PERIOD_YEAR_MAX)
		return false;
	if (fields->part < 1 || fields->part > parts)
		return false;
	return frequency != PERIOD_DAY ||
	       (fields->day >= 1 && fields->day <= days_in_month(fields->year, fields->part));
}

int period_parse(const char *text, size_t length, struct period *ret_period)
{
	struct fields fields;
	size_t i = 0;

	while (i < FORM_COUNT && !match(FORMS[i].form, text, length, &fields))
		i++;
	if (i == FORM_COUNT)
		return PERIOD_BAD_FORM;
	if (!fields_are_possible(FORMS[i].frequency, &fields))
		return PERIOD_OUT_OF_RANGE;
	*ret_period = FORMS[i].frequency == PERIOD_DAY
	                  ? of_date((struct date){fields.year, fields.part, fields.day})
	                  : period_make(FORMS[i].frequency, fields.year, fields.part - 1);
	return 0;
}

static char *put_number(char *at, int number, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		at[i] = (char)('0' + number % 10);
		number /= 10;
	}
	return at + digits;
}

void period_format(struct period period, char ret_text[PERIOD_TEXT_SIZE])
{
	enum period_frequency frequency = period_frequency_of(period);
	char *at = put_number(ret_text, period_year(period), 4);

	switch (frequency) {
	case PERIOD_ANNUAL:
		break;
	case PERIOD_HALF_YEAR:
	case PERIOD_QUARTER:
		*at++ = '-';
		*at++ = row_of(frequency)->letter;
		at = put_number(at, period_part(period) + 1, 1);
		break;
	case PERIOD_MONTH:
		*at++ = '-';
		at = put_number(at, period_part(period) + 1, 2);
		break;
	case PERIOD_DAY:
		*at++ = '-';
		at = put_number(at, date_of(period).month, 2);
		*at++ = '-';
		at = put_number(at, date_of(period).day, 2);
		break;
	}
	*at = '\0';
}

const char *period_frequency_example(enum period_frequency frequency)
{
	return row_of(frequency)->example;
}

char period_frequency_letter(enum period_frequency frequency)
{
	return row_of(frequency)->letter;
}

int period_frequency_parse(const char *text, enum period_frequency *ret_frequency)
{
	for (int i = PERIOD_ANNUAL; i <= PERIOD_DAY; i++) {
		if (text[0] == FREQUENCIES[i].letter && text[1] == '\0') {
			*ret_frequency = (enum period_frequency)i;
			return 0;
		}
	}
	return PERIOD_BAD_FORM;
}

/* ---- arithmetic */

bool period_shift(struct period period, int count, struct period *ret_period)
{
	enum period_frequency frequency = period_frequency_of(period);
	int64_t ordinal = (int64_t)ordinal_of(period) + count;

	if (!is_ordinal(frequency, ordinal))
		return false;
	*ret_period = of_ordinal(frequency, ordinal);
	return true;
}

bool period_shift_years(struct period period, int years, struct period *ret_period)
{
	int64_t year = (int64_t)period_year(period) + years;

	if (year < PERIOD_YEAR_MIN || year > PERIOD_YEAR_MAX)
		return false;
	if (period_frequency_of(period) != PERIOD_DAY) {
		*ret_period = period_make(period_frequency_of(period), (int)year, period_part(period));
		return true;
	}
	struct date date = date_of(period);
	int last = days_in_month((int)year, date.month);
	*ret_period = of_date((struct date){(int)year, date.month, date.day < last ? date.day : last});
	return true;
}

int period_distance(struct period a, struct period b)
{
	assert(period_frequency_of(a) == period_frequency_of(b));
	return ordinal_of(b) - ordinal_of(a);
}

static int month_of(struct period day)
{
	struct date date = date_of(day);

	return date.year * 12 + date.month - 1;
}

struct period period_containing(struct period period, enum period_frequency coarser)
{
	enum period_frequency frequency = period_frequency_of(period);

	assert(coarser <= frequency);
	if (coarser == frequency)
		return period;
	if (frequency == PERIOD_DAY)
		return of_ordinal(coarser, month_of(period) / row_of(coarser)->months);
	return of_ordinal(coarser,
	                  ordinal_of(period) / (row_of(coarser)->months / row_of(frequency)->months));
}

struct period period_first_inside(struct period period, enum period_frequency finer)
{
	enum period_frequency frequency = period_frequency_of(period);

	assert(finer >= frequency);
	if (finer == frequency)
		return period;
	if (finer == PERIOD_DAY)
		return of_ordinal(PERIOD_DAY, period_first_day(period) - DAY_1900_01_01);
	return of_ordinal(finer,
	                  (int64_t)ordinal_of(period) * (row_of(frequency)->months / row_of(finer)->months));
}

struct period period_last_inside(struct period period, enum period_frequency finer)
{
	enum period_frequency frequency = period_frequency_of(period);

	assert(finer >= frequency);
	if (finer == frequency)
		return period;
	if (finer == PERIOD_DAY)
		return of_ordinal(PERIOD_DAY, period_last_day(period) - DAY_1900_01_01);
	int ratio = row_of(frequency)->months / row_of(finer)->months;
	return of_ordinal(finer, ((int64_t)ordinal_of(period) + 1) * ratio - 1);
}

bool period_newest_ended(struct period period, enum period_frequency frequency, struct period *ret_period)
{
	if (frequency >= period_frequency_of(period)) {
		*ret_period = period_last_inside(period, frequency);
		return true;
	}
	struct period around = period_containing(period, frequency);
	if (period_last_day(around) != period_last_day(period))
		return period_shift(around, -1, ret_period);
	*ret_period = around;
	return true;
}

struct period period_of_day(int32_t day, enum period_frequency frequency)
{
	int64_t ordinal = (int64_t)day - DAY_1900_01_01;

	if (ordinal < 0)
		ordinal = 0;
	if (ordinal >= DAYS_IN_ALL)
		ordinal = DAYS_IN_ALL - 1;
	return period_containing(of_ordinal(PERIOD_DAY, ordinal), frequency);
}

static int32_t first_day_of_month(int month)
{
	return day_of_date(month / 12, month % 12 + 1, 1);
}

int32_t period_first_day(struct period period)
{
	int months = row_of(period_frequency_of(period))->months;

	return months ? first_day_of_month(ordinal_of(period) * months) : ordinal_of(period) + DAY_1900_01_01;
}

int32_t period_last_day(struct period period)
{
	int months = row_of(period_frequency_of(period))->months;

	return months ? first_day_of_month((ordinal_of(period) + 1) * months) - 1
	              : ordinal_of(period) + DAY_1900_01_01;
}

int period_months_between_ends(struct period earlier, struct period later)
{
	if (period_last_day(later) < period_last_day(earlier))
		return -period_months_between_ends(later, earlier);

	/* The day after the end, because the ends of months then fall on one day, the first. */
	struct date from = date_of_day(period_last_day(earlier) + 1);
	struct date to = date_of_day(period_last_day(later) + 1);
	return (to.year - from.year) * 12 + to.month - from.month - (to.day < from.day);
}
