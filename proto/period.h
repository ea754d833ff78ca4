/* Time periods as SDMX writes them: 2024, 2024-S1, 2024-Q2, 2024-06, 2024-06-15 (and 2024-A1, 2024-M06 on
 * input).
 *
 * A period is an interval, never an instant. It is a plain value: its frequency and its ordinal (the
 * how-manieth period of that frequency), so that periods of one frequency compare, add and subtract as
 * integers, and its code is stable enough to be a key on disk. Years run from 1900 to 2199; nothing outside
 * is ever made. Source: SDMX 2.1 section 6, "Time periods"; the proleptic Gregorian calendar. */
#ifndef SUANPAN_PROTO_PERIOD_H
#define SUANPAN_PROTO_PERIOD_H

#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From coarse to fine; the numbers are on disk. */
enum period_frequency {
	PERIOD_ANNUAL = 1,
	PERIOD_HALF_YEAR = 2,
	PERIOD_QUARTER = 3,
	PERIOD_MONTH = 4,
	PERIOD_DAY = 5,
};

#define PERIOD_YEAR_MIN 1900
#define PERIOD_YEAR_MAX 2199

/* code = frequency << 28 | ordinal. Ordinals: year; 2*year + half (0, 1); 4*year + quarter (0..3);
 * 12*year + month (0..11); days since 1900-01-01. code 0 is no period. */
struct period {
	uint32_t code;
};

enum period_verdict {
	PERIOD_BAD_FORM = 1,     /* not one of the forms */
	PERIOD_OUT_OF_RANGE = 2, /* a month 13, a 30th of February, a year outside 1900..2199 */
};

#define PERIOD_TEXT_SIZE sizeof "2024-06-15"

/* Reads all `length` bytes of `text`; answers 0 or a period_verdict. */
int MUST_CHECK period_parse(const char *text, size_t length, struct period *ret_period);
/* Canonical form: 2024, 2024-S1, 2024-Q2, 2024-06, 2024-06-15. */
void period_format(struct period period, char ret_text[PERIOD_TEXT_SIZE]);
/* A sentence fragment for error messages: "a month such as 2024-06". Static storage. */
const char *period_frequency_example(enum period_frequency frequency);
/* SDMX CL_FREQ letter: A, S, Q, M, D. */
char period_frequency_letter(enum period_frequency frequency);
/* The other way round; answers 0 or PERIOD_BAD_FORM. Upper case only. */
int MUST_CHECK period_frequency_parse(const char *text, enum period_frequency *ret_frequency);

/* `part`: 0-based within the year (always 0 for years; day of year for days). Asserts that it is in range. */
struct period period_make(enum period_frequency frequency, int year, int part);
bool period_is_code(uint32_t code); /* whether a code from outside is one that period_make could make */

enum period_frequency period_frequency_of(struct period period);
int period_year(struct period period);
int period_part(struct period period); /* inverse of period_make */

/* `count` periods later (earlier if negative). Answers false, and leaves *ret_period, outside the year range.
 */
bool period_shift(struct period period, int count, struct period *ret_period);
/* The same stretch of the calendar `years` later: 2024-Q2 -> 2025-Q2. A 29 February becomes the 28th. */
bool period_shift_years(struct period period, int years, struct period *ret_period);
/* b - a in periods; both must have one frequency (asserted). */
int period_distance(struct period a, struct period b);

/* The period of the coarser (or same) frequency that contains this one. Asserts frequency is not finer. */
struct period period_containing(struct period period, enum period_frequency coarser);
/* The first and last period of the finer (or same) frequency inside this one. */
struct period period_first_inside(struct period period, enum period_frequency finer);
struct period period_last_inside(struct period period, enum period_frequency finer);
/* The newest period of `frequency` that has ended when this one ends: 2021-03 -> 2020 for years, 2021-Q1 for
 * quarters. */
bool period_newest_ended(struct period period, enum period_frequency frequency, struct period *ret_period);
/* The period of `frequency` that contains the day (since 1970-01-01); days outside the years of the calendar
 * count as its nearest day, for a clock may be set to anything. */
struct period period_of_day(int32_t day, enum period_frequency frequency);

/* First and last day as days since 1970-01-01 (may be negative), both inside the period. */
int32_t period_first_day(struct period period);
int32_t period_last_day(struct period period);
/* Whole months from the end of `earlier` to the end of `later`: 2020 -> 2021-03 is 3. For `carry`. */
int period_months_between_ends(struct period earlier, struct period later);

#endif
