/* The diary of five years: who sends which figures on which day, and what the operator does; with lateness, gaps, errors and
 * what mends them. Made from the truth and a seed: the same for both, to the byte. Pure, but for diary_write. */
#ifndef SUANPAN_CLIENTS_SIMULATE_DIARY_H
#define SUANPAN_CLIENTS_SIMULATE_DIARY_H

#include "clients/simulate/truth.h"
#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DIARY_FIRST_DAY "2021-01-04" /* when 2020's figures come in */
#define DIARY_LAST_DAY  "2026-06-30" /* by then the last of 2025's are in and mended */

enum errand_kind {
	ERRAND_PAST,       /* 2020's figures */
	ERRAND_ORDINARY,   /* the figures of one period, as the calendar wants them */
	ERRAND_MISSING,    /* what an ordinary one left out */
	ERRAND_CORRECTION, /* figures that were wrong, or estimated */
	ERRAND_CONFIRMATION,
	ERRAND_AGAIN, /* after a refusal: the whole report, right */
	ERRAND_KIND_COUNT
};
const char *errand_kind_name(enum errand_kind kind); /* "ordinary"; static storage */

/* A report to be sent. Its figures are sorted by statistic, period and area, as the sender sorts them. */
struct errand {
	int32_t day;   /* since 1970-01-01 */
	int minute;    /* of the day, in China */
	size_t number; /* errands of one minute go in this order */
	enum errand_kind kind;
	uint32_t reporter;
	const char *label; /* of the file: "month-2021-02"; outlives the errand */
	struct figure *figures;
	size_t count;
	const char *confirm, *correction; /* reasons, or NULL; literals */
	bool is_to_be_refused;            /* a hard rule, or a closed year, stands against it */
	bool is_sent_again;               /* and the diary knows when it is mended */
	int tries;                        /* how often it has been refused before */
};

enum deed_kind { DEED_CLOSE };

/* Something the operator does by the calendar. What he does about alerts follows from what he sees (overseer.h). */
struct deed {
	int32_t day;
	int minute;
	enum deed_kind kind;
	char period[PERIOD_TEXT_SIZE];
	const char *why;
};

/* How wrong a figure was sent, and what became of it. */
enum mishap_kind {
	MISHAP_NONE,
	MISHAP_DIGIT,    /* one digit too many, or one lost */
	MISHAP_UNIT,     /* in tens of thousands */
	MISHAP_COPIED,   /* the figure of the period before */
	MISHAP_SWAPPED,  /* two statistics' figures exchanged */
	MISHAP_ESTIMATE, /* an estimate, known to be one */
	MISHAP_OLD,      /* an error that comes out a year or more later */
	MISHAP_URBAN,    /* urban residents above residents */
	MISHAP_BLUNDER,  /* one of the table's */
	MISHAP_MISSING,  /* left out, and sent later */
	MISHAP_LOST,     /* left out for good */
	MISHAP_WRONG,    /* wrong for good */
	MISHAP_KIND_COUNT
};
const char *mishap_kind_name(enum mishap_kind kind); /* "a slipped digit"; static storage */

struct mishap {
	enum mishap_kind kind;
	uint32_t statistic, area;
	struct period period;
	int32_t day, mended_day; /* mended_day INT32_MAX: never */
};

struct diary {
	const struct truth *truth;
	const struct catalogue *catalogue;
	uint64_t seed;
	struct errand *errands; /* in the order they are sent */
	size_t errand_count, errand_room;
	struct deed *deeds; /* by day */
	size_t deed_count, deed_room;
	struct mishap *mishaps;
	size_t mishap_count, mishap_room;
	char **labels; /* what the errands' point into */
	size_t label_count, label_room;
	int32_t first_day, last_day;
	int fault; /* sticky: after it nothing is added */
};

/* Borrows all of it until diary_free. */
int MUST_CHECK diary_new(const struct truth *truth, const struct catalogue *catalogue,
                         const struct past *past, uint64_t seed, struct diary **ret_diary);
void diary_free(struct diary *diary); /* NULL is fine */

/* An errand as the CSV file that a reporter would push. */
int MUST_CHECK errand_write(const struct catalogue *catalogue, const struct errand *errand, FILE *stream);
/* "2021-02-12-0914-liwan-month-2021-01.csv" from malloc; NULL: out of memory. */
char *errand_name(const struct catalogue *catalogue, const struct errand *errand);
/* Every errand as a file of `folder`, and diary.csv, which tells when each goes, by whom and why. Answers 0 or a fault. */
int MUST_CHECK diary_write(const struct diary *diary, const char *folder);

/* From which day on the figures of a year are closed; INT32_MAX: never within the diary. */
int32_t diary_closing_day(const struct catalogue *catalogue, int year);
int32_t diary_day(const char *text); /* "2021-01-04"; asserts that it is one */
void diary_day_format(int32_t day, char ret_text[PERIOD_TEXT_SIZE]);
/* That day, or the next one that is worked. */
int32_t diary_working_day(const struct catalogue *catalogue, int32_t day);
void errand_sort_figures(const struct catalogue *catalogue, struct errand *errand);
/* The reason that a closed year demands of the errand, or NULL. */
const char *errand_needs_correction(const struct catalogue *catalogue, const struct errand *errand);

#endif
