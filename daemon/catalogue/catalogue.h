/* The catalogue: what there is to report, where, by whom, what is computed from it, and what the plans want
 * of it.
 *
 * Read from the YAML files of one folder (areas, statistics, reporters, indicators, and where they are there readers,
 * calendar, rules and plan-*.yaml), checked as a whole, then immutable: any thread may read it. Everything is found by its code
 * and referred to by its index into the arrays below. Indexes hold for one loaded catalogue only; the permanent ids that go
 * to disk are given by the store (`id`). */
#ifndef SUANPAN_CATALOGUE_CATALOGUE_H
#define SUANPAN_CATALOGUE_CATALOGUE_H

#include "daemon/base/fault.h"
#include "proto/codes.h"
#include "proto/period.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CATALOGUE_NONE UINT32_MAX /* no such index */

struct formula;

enum catalogue_language { LANGUAGE_EN, LANGUAGE_ZH_HANS, LANGUAGE_ZH_HANT, LANGUAGE_COUNT };

struct names {
	const char *in[LANGUAGE_COUNT]; /* each present */
};

/* From the root down; a group is not a level but an aggregate over areas of any level. */
enum area_level {
	LEVEL_CITY,
	LEVEL_DISTRICT,
	LEVEL_STREET,
	LEVEL_COMMUNITY,
	LEVEL_COUNT,
	LEVEL_GROUP = LEVEL_COUNT
};
const char *area_level_name(enum area_level level); /* "district"; static storage */

/* A strictly ascending list of area indexes, owned by the catalogue. */
struct area_list {
	const uint32_t *area;
	uint32_t count;
};

/* Areas come first and in depth-first order, so that a subtree is one range of indexes; then the groups. */
struct area {
	const char *code;
	struct names names;
	enum area_level level;
	uint32_t parent; /* CATALOGUE_NONE for the root and for groups */
	uint32_t id;     /* permanent, given by the store; 0 until then */
	/* Days (since 1970-01-01) on which the code is in force; INT32_MIN, INT32_MAX where it has no end. A code that has
	 * ended names those that came after it: its observations count where theirs do, before their time. */
	int32_t first_day, last_day;
	struct area_list successors;
	/* The areas of each level inside this one (itself included at its own level); a group's are its
	 * members'. */
	struct area_list inside[LEVEL_COUNT];
	/* Every aggregate this area counts towards: itself, its ancestors, and the groups that hold any of
	 * these. */
	struct area_list counts_towards;
};

enum statistic_kind { KIND_FLOW, KIND_STOCK, KIND_AVERAGE, KIND_LEVEL };
const char *statistic_kind_name(enum statistic_kind kind);

struct statistic {
	const char *code;
	struct names names;
	struct names unit;
	unsigned decimals; /* of the values: 0..9 */
	enum statistic_kind kind;
	enum period_frequency frequency; /* native: what is reported */
	enum area_level level;           /* where it is reported */
	unsigned carry_months;           /* stock, level: how long a value stands in for later ones */
	unsigned deadline_days;          /* after the period's end */
	bool may_be_negative;
	bool has_most;
	int64_t most;                        /* with has_most: no value is above it */
	const struct statistic_rules *rules; /* rules.h; NULL: no relation and no soft rule looks at it */
	uint32_t id;
};

enum coverage_policy { COVERAGE_MATCHED, COVERAGE_COMPLETE };

struct indicator {
	const char *code;
	struct names names;
	struct names unit;
	unsigned decimals; /* printed */
	const char *formula_text;
	struct formula *formula;
	enum period_frequency frequency; /* the finest it is computed at; coarser ones follow from it */
	enum coverage_policy coverage;
	uint32_t id;
};

/* The shapes of a target. Their printed words (comparison_name) are those of the plan table. */
enum comparison {
	COMPARE_AT_LEAST,      /* >= */
	COMPARE_MORE,          /* > */
	COMPARE_AT_MOST,       /* <= */
	COMPARE_LESS,          /* < */
	COMPARE_EQUAL,         /* = */
	COMPARE_ABOUT,         /* about, within the tolerance */
	COMPARE_HOLD_AT_LEAST, /* hold>=: at all times, not only at the end */
	COMPARE_HOLD_EQUAL,    /* hold= */
	COMPARE_STRIVE,        /* strive>=: wished for, not promised */
	COMPARE_TRACKS_GDP,    /* tracks-gdp: keeps pace with the indicator named in `follows` */
	COMPARISON_COUNT
};
const char *comparison_name(enum comparison comparison);

enum nature { NATURE_BINDING, NATURE_ANTICIPATORY, NATURE_COUNT };
const char *nature_name(enum nature nature);

/* Numbers of a target are exact and scaled by the places they are printed with. */
struct printed_number {
	bool present;
	int64_t units;
	unsigned decimals;
	const char *text; /* as printed in the plan, or NULL where it is the number itself */
};

/* How the way from the baseline to the goal is meant to go. */
enum course {
	COURSE_LINEAR,    /* the same step every month */
	COURSE_GEOMETRIC, /* the same rate: populations */
	COURSE_YEARLY,    /* from year's end to year's end, as `yearly` says */
};

struct yearly_goal {
	int year;
	struct printed_number goal; /* by its end */
};

struct target {
	const char *row; /* "15a" */
	uint32_t indicator;
	uint32_t area; /* mostly the root, or a group */
	/* The indicator counts from the plan's first day (a cumulative one): the baseline is another count, and the
	 * way to the target starts at zero. */
	bool starts_at_zero;
	struct printed_number baseline;
	struct printed_number goal;
	enum comparison comparison;
	enum course course;
	const struct yearly_goal *yearly; /* COURSE_YEARLY: ascending, within the plan's years */
	uint32_t yearly_count;
	struct printed_number tolerance; /* about: how far off still counts; in percent of the goal */
	uint32_t follows;                /* tracks-gdp: an indicator */
	enum nature nature;
	const char *cancelled; /* why it was dropped, or NULL */
};

struct plan {
	const char *code;
	struct names names;
	int first_year, last_year; /* the baseline year is the one before the first */
	const struct target *targets;
	uint32_t target_count;
};

struct reporter {
	const char *code;
	struct names names;
	struct area_list areas; /* exactly the areas it may report, descendants spelled out */
	const bool *statistics; /* one flag per statistic */
	uint32_t key_count;
	uint32_t id;
};

/* Who may ask and not report. */
struct reader {
	const char *code; /* of one namespace with the reporters' */
	struct names names;
	bool is_operator;
	uint32_t key_count;
};

enum role { ROLE_REPORTER, ROLE_READER, ROLE_OPERATOR };
const char *role_name(enum role role); /* "reporter"; static storage */

/* Of one reporter or reader: a new one stands beside the old while it is changed. */
#define CATALOGUE_KEYS_MAX 4

/* A public key, and whose it is. */
struct key_holder {
	const char *key, *code;
	enum role role;
	uint32_t reporter; /* CATALOGUE_NONE unless ROLE_REPORTER */
};

/* Days in ascending order, each once: as numbers since 1970-01-01. */
struct day_list {
	const int32_t *day;
	uint32_t count;
};

struct catalogue {
	struct area *areas; /* areas, then groups */
	uint32_t area_count;
	uint32_t group_first; /* index of the first group; == area_count without groups */
	uint32_t root;
	struct statistic *statistics;
	uint32_t statistic_count;
	struct indicator *indicators;
	uint32_t indicator_count;
	struct plan *plans;
	uint32_t plan_count;
	struct reporter *reporters;
	uint32_t reporter_count;
	struct reader *readers;
	uint32_t reader_count;
	struct relation *relations; /* rules.h */
	uint32_t relation_count;
	struct key_holder *key_holders; /* each key once */
	uint32_t key_holder_count;
	struct day_list holidays, workdays;   /* where they differ from the week; see calendar.h */
	unsigned agreed_chance[NATURE_COUNT]; /* percent: a forecast below it is told of */
	struct catalogue_index *index;        /* for the finders */
	struct arena *memory;
};

enum catalogue_verdict { CATALOGUE_REFUSED = 1 };

/* The files of a catalogue as they were read: what goes into the journal, and what a past catalogue is made of again. */
struct catalogue_file {
	char *name; /* without the folder */
	char *bytes;
	size_t size;
};
struct catalogue_files {
	struct catalogue_file *files; /* by name */
	size_t count;
};
/* Answers 0, CATALOGUE_REFUSED after a line on `errors` (a folder or file that cannot be read), or a fault. */
int MUST_CHECK catalogue_files_read(const char *folder, FILE *errors, struct catalogue_files *ret_files);
void catalogue_files_done(struct catalogue_files *files);
/* One piece of bytes and back; the same files always give the same bytes. Unpacking answers FAULT_CORRUPT for others. */
int MUST_CHECK catalogue_files_pack(const struct catalogue_files *files, void **ret_bytes, size_t *ret_size);
int MUST_CHECK catalogue_files_unpack(const void *bytes, size_t size, struct catalogue_files *ret_files);
/* Like catalogue_load, from files that were read before; `folder` stands in the messages. */
int MUST_CHECK catalogue_build(const struct catalogue_files *files, const char *folder, FILE *errors,
                               struct catalogue **ret_catalogue);

/* Loads and checks every file of `folder`. Every mistake is one line on `errors`, with the place in the file,
 * what was found, what was expected, and the nearest known word where there is one:
 *     config/catalogue/indicators.yaml:12:14: formula: column 9: unknown statistic 'bed', nearest is 'beds'
 * Mistakes of form (keys, types, words) are looked for first; those of meaning only in files whose form is
 * right. Answers 0, CATALOGUE_REFUSED after at least one line, or a fault. Give the result to catalogue_free.
 */
int MUST_CHECK catalogue_load(const char *folder, FILE *errors, struct catalogue **ret_catalogue);
void catalogue_free(struct catalogue *catalogue); /* NULL is fine */

/* By exact code; CATALOGUE_NONE if there is none. */
uint32_t catalogue_find_area(const struct catalogue *catalogue, const char *code);
uint32_t catalogue_find_statistic(const struct catalogue *catalogue, const char *code);
uint32_t catalogue_find_indicator(const struct catalogue *catalogue, const char *code);
uint32_t catalogue_find_plan(const struct catalogue *catalogue, const char *code);
uint32_t catalogue_find_reporter(const struct catalogue *catalogue, const char *code);
/* Whose key this is; NULL: nobody's. */
const struct key_holder *catalogue_find_key(const struct catalogue *catalogue, const char *key);
/* An area or group by code or by its name in any script (ASCII case folded; "荔湾区" and "荔湾" both do).
 * Where several share a name, the first in the order of the areas. */
uint32_t catalogue_find_area_by_name(const struct catalogue *catalogue, const char *text);
/* Nearest code (for areas: code or name) worth suggesting, or NULL. */
const char *catalogue_suggest_area(const struct catalogue *catalogue, const char *text);
const char *catalogue_suggest_value(const struct catalogue *catalogue,
                                    const char *text); /* statistics and indicators */
const char *catalogue_suggest_plan(const struct catalogue *catalogue, const char *text);

bool catalogue_reporter_may_report_area(const struct reporter *reporter, uint32_t area);

/* The plan window (several plans may share it) that holds the year: its first and last year. */
bool catalogue_plan_window(const struct catalogue *catalogue, int year, int *ret_first_year,
                           int *ret_last_year);

#endif
