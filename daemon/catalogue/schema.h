/* What each catalogue file may hold: its libcyaml schema and the structs that libcyaml fills.
 *
 * Everything here is as written, unchecked beyond its shape; link.h makes a catalogue of it. Pointers of
 * optional keys are NULL where the key is absent. */
#ifndef SUANPAN_CATALOGUE_SCHEMA_H
#define SUANPAN_CATALOGUE_SCHEMA_H

#include "daemon/catalogue/catalogue.h"
#include <cyaml/cyaml.h>

struct written_names {
	char *in[LANGUAGE_COUNT];
};

struct written_area {
	char *code;
	enum area_level level;
	char *parent;
	struct written_names names;
	char *from, *to;   /* periods; or NULL */
	char **successors; /* codes */
	uint32_t successor_count;
};

struct written_group {
	char *code;
	struct written_names names;
	char **members;
	uint32_t member_count;
};

struct areas_file {
	struct written_area *areas;
	uint32_t area_count;
	struct written_group *groups;
	uint32_t group_count;
};

struct written_statistic {
	char *code;
	struct written_names names;
	struct written_names unit;
	uint32_t decimals;
	enum statistic_kind kind;
	enum period_frequency frequency;
	enum area_level level;
	uint32_t *carry;
	uint32_t deadline;
	bool negative;
};

struct statistics_file {
	struct written_statistic *statistics;
	uint32_t statistic_count;
};

struct written_reporter {
	char *code;
	struct written_names names;
	char **areas;
	uint32_t area_count;
	bool only;
	char **statistics;
	uint32_t statistic_count;
	char **keys;
	uint32_t key_count;
};

struct reporters_file {
	struct written_reporter *reporters;
	uint32_t reporter_count;
};

struct written_reader {
	char *code;
	struct written_names names;
	bool is_operator;
	char **keys;
	uint32_t key_count;
};

struct readers_file {
	struct written_reader *readers;
	uint32_t reader_count;
};

struct calendar_file {
	char **holidays, **workdays; /* days */
	uint32_t holiday_count, workday_count;
};

struct alerts_file {
	uint32_t *chance_binding, *chance_anticipatory;
};

struct written_limit {
	char *statistic;
	char *max;
};

struct written_relation {
	char *code;
	struct written_names names;
	char *holds;
};

/* A soft rule, for each of its statistics. */
struct written_doubt {
	char **statistics;
	uint32_t statistic_count;
	char *per;                 /* peers */
	char *deviations, *margin; /* jump, peers */
	uint32_t *least, *history;
};

struct rules_file {
	struct written_limit *limits;
	uint32_t limit_count;
	struct written_relation *relations;
	uint32_t relation_count;
	struct written_doubt *jump, *unchanged, *peers;
	uint32_t jump_count, unchanged_count, peers_count;
};

struct written_indicator {
	char *code;
	struct written_names names;
	struct written_names unit;
	uint32_t decimals;
	char *formula;
	enum period_frequency *frequency;
	enum coverage_policy coverage; /* absent: 0, which is matched */
};

struct indicators_file {
	struct written_indicator *indicators;
	uint32_t indicator_count;
};

struct written_yearly {
	uint32_t year;
	char *target;
};

struct written_target {
	char *row;
	char *indicator;
	char *area;
	char *baseline;
	char *baseline_text;
	enum comparison comparison;
	char *target;
	char *target_text;
	char *tolerance;
	enum course course; /* absent: 0, which is linear */
	struct written_yearly *yearly;
	uint32_t yearly_count;
	char *follows;
	enum nature nature;
	char *cancelled;
};

struct plan_file {
	char *code;
	struct written_names names;
	uint32_t from, to;
	struct written_target *targets;
	uint32_t target_count;
};

extern const cyaml_schema_value_t areas_schema;      /* struct areas_file */
extern const cyaml_schema_value_t statistics_schema; /* struct statistics_file */
extern const cyaml_schema_value_t reporters_schema;  /* struct reporters_file */
extern const cyaml_schema_value_t readers_schema;    /* struct readers_file */
extern const cyaml_schema_value_t calendar_schema;   /* struct calendar_file */
extern const cyaml_schema_value_t alerts_schema;     /* struct alerts_file */
extern const cyaml_schema_value_t rules_schema;      /* struct rules_file */
extern const cyaml_schema_value_t indicators_schema; /* struct indicators_file */
extern const cyaml_schema_value_t plan_schema;       /* struct plan_file */

#endif
