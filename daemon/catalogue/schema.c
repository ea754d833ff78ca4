#include "daemon/catalogue/schema.h"

#include "daemon/catalogue/words.h"

#define NEEDED   CYAML_FLAG_DEFAULT
#define OPTIONAL CYAML_FLAG_OPTIONAL

/* clang-format off: one row a key */
#define TEXT(key, flags, type, member)                                                                       \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | (flags), type, member, 0, CYAML_UNLIMITED)
#define WHOLE(key, type, member) CYAML_FIELD_UINT(key, NEEDED, type, member)
#define WORD(key, type, member, words, count)                                                                \
	CYAML_FIELD_ENUM(key, CYAML_FLAG_STRICT, type, member, words, count)
#define NAMES(key, type, member) CYAML_FIELD_MAPPING(key, NEEDED, type, member, names_fields)
#define LIST(key, flags, type, member, count, entry)                                                         \
	CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | (flags), type, member, count, entry, 1,         \
	                           CYAML_UNLIMITED)

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t names_fields[] = {
    TEXT("en", NEEDED, struct written_names, in[LANGUAGE_EN]),
    TEXT("zh_hans", NEEDED, struct written_names, in[LANGUAGE_ZH_HANS]),
    TEXT("zh_hant", NEEDED, struct written_names, in[LANGUAGE_ZH_HANT]),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t area_fields[] = {
    TEXT("code", NEEDED, struct written_area, code),
    WORD("level", struct written_area, level, level_words, LEVEL_WORDS),
    TEXT("parent", OPTIONAL, struct written_area, parent),
    TEXT("from", OPTIONAL, struct written_area, from),
    TEXT("to", OPTIONAL, struct written_area, to),
    LIST("successors", OPTIONAL, struct written_area, successors, successor_count, &text_entry),
    NAMES("names", struct written_area, names),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t area_entry = {
    CYAML_VALUE_MAPPING(NEEDED, struct written_area, area_fields)};

static const cyaml_schema_field_t group_fields[] = {
    TEXT("code", NEEDED, struct written_group, code),
    NAMES("names", struct written_group, names),
    LIST("members", NEEDED, struct written_group, members, member_count, &text_entry),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t group_entry = {
    CYAML_VALUE_MAPPING(NEEDED, struct written_group, group_fields)};

static const cyaml_schema_field_t areas_fields[] = {
    LIST("areas", NEEDED, struct areas_file, areas, area_count, &area_entry),
    LIST("groups", OPTIONAL, struct areas_file, groups, group_count, &group_entry),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t areas_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct areas_file, areas_fields),
};

static const cyaml_schema_field_t statistic_fields[] = {
    TEXT("code", NEEDED, struct written_statistic, code),
    NAMES("names", struct written_statistic, names),
    NAMES("unit", struct written_statistic, unit),
    WHOLE("decimals", struct written_statistic, decimals),
    WORD("kind", struct written_statistic, kind, kind_words, KIND_WORDS),
    WORD("frequency", struct written_statistic, frequency, frequency_words, FREQUENCY_WORDS),
    WORD("level", struct written_statistic, level, level_words, LEVEL_WORDS),
    CYAML_FIELD_UINT_PTR("carry", CYAML_FLAG_POINTER | OPTIONAL, struct written_statistic, carry),
    WHOLE("deadline", struct written_statistic, deadline),
    CYAML_FIELD_BOOL("negative", OPTIONAL, struct written_statistic, negative),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t statistic_entry = {
    CYAML_VALUE_MAPPING(NEEDED, struct written_statistic, statistic_fields),
};

static const cyaml_schema_field_t statistics_fields[] = {
    LIST("statistics", NEEDED, struct statistics_file, statistics, statistic_count, &statistic_entry),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t statistics_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct statistics_file, statistics_fields),
};

static const cyaml_schema_field_t reporter_fields[] = {
    TEXT("code", NEEDED, struct written_reporter, code),
    NAMES("names", struct written_reporter, names),
    LIST("areas", NEEDED, struct written_reporter, areas, area_count, &text_entry),
    CYAML_FIELD_BOOL("only", OPTIONAL, struct written_reporter, only),
    LIST("statistics", NEEDED, struct written_reporter, statistics, statistic_count, &text_entry),
    LIST("keys", OPTIONAL, struct written_reporter, keys, key_count, &text_entry),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t reporter_entry = {
    CYAML_VALUE_MAPPING(NEEDED, struct written_reporter, reporter_fields),
};

static const cyaml_schema_field_t reporters_fields[] = {
    LIST("reporters", NEEDED, struct reporters_file, reporters, reporter_count, &reporter_entry),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t reporters_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct reporters_file, reporters_fields),
};

static const cyaml_schema_field_t reader_fields[] = {
    TEXT("code", NEEDED, struct written_reader, code),
    NAMES("names", struct written_reader, names),
    CYAML_FIELD_BOOL("operator", OPTIONAL, struct written_reader, is_operator),
    LIST("keys", NEEDED, struct written_reader, keys, key_count, &text_entry),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t reader_entry = {
    CYAML_VALUE_MAPPING(NEEDED, struct written_reader, reader_fields),
};

static const cyaml_schema_field_t readers_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("readers", CYAML_FLAG_POINTER | NEEDED, struct readers_file, readers,
                               reader_count, &reader_entry, 0, CYAML_UNLIMITED), /* there may be none */
    CYAML_FIELD_END,
};
const cyaml_schema_value_t readers_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct readers_file, readers_fields),
};

static const cyaml_schema_field_t calendar_fields[] = {
    LIST("holidays", OPTIONAL, struct calendar_file, holidays, holiday_count, &text_entry),
    LIST("workdays", OPTIONAL, struct calendar_file, workdays, workday_count, &text_entry),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t calendar_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct calendar_file, calendar_fields),
};

static const cyaml_schema_field_t alerts_fields[] = {
    CYAML_FIELD_UINT_PTR("chance_binding", CYAML_FLAG_POINTER | OPTIONAL, struct alerts_file, chance_binding),
    CYAML_FIELD_UINT_PTR("chance_anticipatory", CYAML_FLAG_POINTER | OPTIONAL, struct alerts_file,
                         chance_anticipatory),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t alerts_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct alerts_file, alerts_fields),
};

static const cyaml_schema_field_t limit_fields[] = {
    TEXT("statistic", NEEDED, struct written_limit, statistic),
    TEXT("max", NEEDED, struct written_limit, max),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t limit_entry = {
    CYAML_VALUE_MAPPING(NEEDED, struct written_limit, limit_fields)};

static const cyaml_schema_field_t relation_fields[] = {
    TEXT("code", NEEDED, struct written_relation, code),
    NAMES("names", struct written_relation, names),
    TEXT("holds", NEEDED, struct written_relation, holds),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t relation_entry = {
    CYAML_VALUE_MAPPING(NEEDED, struct written_relation, relation_fields)};

static const cyaml_schema_field_t jump_fields[] = {
    LIST("statistics", NEEDED, struct written_doubt, statistics, statistic_count, &text_entry),
    TEXT("deviations", OPTIONAL, struct written_doubt, deviations),
    TEXT("margin", OPTIONAL, struct written_doubt, margin),
    CYAML_FIELD_UINT_PTR("least", CYAML_FLAG_POINTER | OPTIONAL, struct written_doubt, least),
    CYAML_FIELD_UINT_PTR("history", CYAML_FLAG_POINTER | OPTIONAL, struct written_doubt, history),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t jump_entry = {
    CYAML_VALUE_MAPPING(NEEDED, struct written_doubt, jump_fields)};

static const cyaml_schema_field_t unchanged_fields[] = {
    LIST("statistics", NEEDED, struct written_doubt, statistics, statistic_count, &text_entry),
    CYAML_FIELD_UINT_PTR("least", CYAML_FLAG_POINTER | OPTIONAL, struct written_doubt, least),
    CYAML_FIELD_UINT_PTR("history", CYAML_FLAG_POINTER | OPTIONAL, struct written_doubt, history),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t unchanged_entry = {
    CYAML_VALUE_MAPPING(NEEDED, struct written_doubt, unchanged_fields)};

static const cyaml_schema_field_t peers_fields[] = {
    LIST("statistics", NEEDED, struct written_doubt, statistics, statistic_count, &text_entry),
    TEXT("per", NEEDED, struct written_doubt, per),
    TEXT("deviations", OPTIONAL, struct written_doubt, deviations),
    TEXT("margin", OPTIONAL, struct written_doubt, margin),
    CYAML_FIELD_UINT_PTR("least", CYAML_FLAG_POINTER | OPTIONAL, struct written_doubt, least),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t peers_entry = {
    CYAML_VALUE_MAPPING(NEEDED, struct written_doubt, peers_fields)};

static const cyaml_schema_field_t rules_fields[] = {
    LIST("limits", OPTIONAL, struct rules_file, limits, limit_count, &limit_entry),
    LIST("relations", OPTIONAL, struct rules_file, relations, relation_count, &relation_entry),
    LIST("jump", OPTIONAL, struct rules_file, jump, jump_count, &jump_entry),
    LIST("unchanged", OPTIONAL, struct rules_file, unchanged, unchanged_count, &unchanged_entry),
    LIST("peers", OPTIONAL, struct rules_file, peers, peers_count, &peers_entry),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t rules_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct rules_file, rules_fields),
};

static const cyaml_schema_field_t indicator_fields[] = {
    TEXT("code", NEEDED, struct written_indicator, code),
    NAMES("names", struct written_indicator, names),
    NAMES("unit", struct written_indicator, unit),
    WHOLE("decimals", struct written_indicator, decimals),
    TEXT("formula", NEEDED, struct written_indicator, formula),
    CYAML_FIELD_ENUM_PTR("frequency", CYAML_FLAG_POINTER | CYAML_FLAG_STRICT | OPTIONAL,
                         struct written_indicator, frequency, frequency_words, FREQUENCY_WORDS),
    CYAML_FIELD_ENUM("coverage", CYAML_FLAG_STRICT | OPTIONAL, struct written_indicator, coverage,
                     coverage_words, COVERAGE_WORDS),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t indicator_entry = {
    CYAML_VALUE_MAPPING(NEEDED, struct written_indicator, indicator_fields),
};

static const cyaml_schema_field_t indicators_fields[] = {
    LIST("indicators", NEEDED, struct indicators_file, indicators, indicator_count, &indicator_entry),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t indicators_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct indicators_file, indicators_fields),
};

static const cyaml_schema_field_t yearly_fields[] = {
    WHOLE("year", struct written_yearly, year),
    TEXT("target", NEEDED, struct written_yearly, target),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t yearly_entry = {
    CYAML_VALUE_MAPPING(NEEDED, struct written_yearly, yearly_fields),
};

static const cyaml_schema_field_t target_fields[] = {
    TEXT("row", NEEDED, struct written_target, row),
    TEXT("indicator", NEEDED, struct written_target, indicator),
    TEXT("area", OPTIONAL, struct written_target, area),
    TEXT("baseline", OPTIONAL, struct written_target, baseline),
    TEXT("baseline_text", OPTIONAL, struct written_target, baseline_text),
    WORD("comparison", struct written_target, comparison, comparison_words, COMPARISON_WORDS),
    TEXT("target", OPTIONAL, struct written_target, target),
    TEXT("target_text", OPTIONAL, struct written_target, target_text),
    TEXT("tolerance", OPTIONAL, struct written_target, tolerance),
    CYAML_FIELD_ENUM("path", CYAML_FLAG_STRICT | OPTIONAL, struct written_target, course, course_words,
                     COURSE_WORDS),
    LIST("yearly", OPTIONAL, struct written_target, yearly, yearly_count, &yearly_entry),
    TEXT("follows", OPTIONAL, struct written_target, follows),
    WORD("nature", struct written_target, nature, nature_words, NATURE_WORDS),
    TEXT("cancelled", OPTIONAL, struct written_target, cancelled),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t target_entry = {
    CYAML_VALUE_MAPPING(NEEDED, struct written_target, target_fields),
};

static const cyaml_schema_field_t plan_fields[] = {
    TEXT("plan", NEEDED, struct plan_file, code),
    NAMES("names", struct plan_file, names),
    WHOLE("from", struct plan_file, from),
    WHOLE("to", struct plan_file, to),
    LIST("targets", NEEDED, struct plan_file, targets, target_count, &target_entry),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t plan_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct plan_file, plan_fields)};
/* clang-format on */
