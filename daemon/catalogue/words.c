#include "daemon/catalogue/words.h"

#include "daemon/catalogue/rules.h"

const cyaml_strval_t level_words[LEVEL_WORDS] = {
    {"city", LEVEL_CITY},
    {"district", LEVEL_DISTRICT},
    {"street", LEVEL_STREET},
    {"community", LEVEL_COMMUNITY},
};

const cyaml_strval_t kind_words[KIND_WORDS] = {
    {"flow", KIND_FLOW},
    {"stock", KIND_STOCK},
    {"average", KIND_AVERAGE},
    {"level", KIND_LEVEL},
};

const cyaml_strval_t frequency_words[FREQUENCY_WORDS] = {
    {"A", PERIOD_ANNUAL}, {"S", PERIOD_HALF_YEAR}, {"Q", PERIOD_QUARTER},
    {"M", PERIOD_MONTH},  {"D", PERIOD_DAY},
};

const cyaml_strval_t coverage_words[COVERAGE_WORDS] = {
    {"matched", COVERAGE_MATCHED},
    {"complete", COVERAGE_COMPLETE},
};

const cyaml_strval_t comparison_words[COMPARISON_WORDS] = {
    {">=", COMPARE_AT_LEAST},
    {">", COMPARE_MORE},
    {"<=", COMPARE_AT_MOST},
    {"<", COMPARE_LESS},
    {"=", COMPARE_EQUAL},
    {"about", COMPARE_ABOUT},
    {"hold>=", COMPARE_HOLD_AT_LEAST},
    {"hold=", COMPARE_HOLD_EQUAL},
    {"strive>=", COMPARE_STRIVE},
    {"tracks-gdp", COMPARE_TRACKS_GDP},
};

const cyaml_strval_t course_words[COURSE_WORDS] = {
    {"linear", COURSE_LINEAR},
    {"geometric", COURSE_GEOMETRIC},
    {"yearly", COURSE_YEARLY},
};

const cyaml_strval_t nature_words[NATURE_WORDS] = {
    {"binding", NATURE_BINDING},
    {"anticipatory", NATURE_ANTICIPATORY},
};

static const char *word_of(const cyaml_strval_t words[], unsigned count, int64_t value, const char *otherwise)
{
	for (unsigned i = 0; i < count; i++)
		if (words[i].val == value)
			return words[i].str;
	return otherwise;
}

const char *area_level_name(enum area_level level)
{
	return word_of(level_words, LEVEL_WORDS, level, "group");
}

const char *statistic_kind_name(enum statistic_kind kind)
{
	return word_of(kind_words, KIND_WORDS, kind, "?");
}

const char *comparison_name(enum comparison comparison)
{
	return word_of(comparison_words, COMPARISON_WORDS, comparison, "?");
}

const char *nature_name(enum nature nature)
{
	return word_of(nature_words, NATURE_WORDS, nature, "?");
}

const char *soft_rule_name(enum soft_rule rule)
{
	static const char *const names[SOFT_RULE_COUNT] = {
	    [SOFT_NONE] = "none",
	    [SOFT_JUMP] = "jump",
	    [SOFT_UNCHANGED] = "unchanged",
	    [SOFT_PEERS] = "peers",
	};
	return names[rule];
}

const char *frequency_adjective(enum period_frequency frequency)
{
	static const char *const adjectives[] = {
	    [PERIOD_ANNUAL] = "annual",     [PERIOD_HALF_YEAR] = "half-yearly",
	    [PERIOD_QUARTER] = "quarterly", [PERIOD_MONTH] = "monthly",
	    [PERIOD_DAY] = "daily",
	};
	return adjectives[frequency];
}
