/* The words that catalogue files use for enum values, in the shape libcyaml wants them: read by the schema,
 * printed by the *_name functions of catalogue.h. */
#ifndef SUANPAN_CATALOGUE_WORDS_H
#define SUANPAN_CATALOGUE_WORDS_H

#include "daemon/catalogue/catalogue.h"
#include <cyaml/cyaml.h>

#define LEVEL_WORDS      4
#define KIND_WORDS       4
#define FREQUENCY_WORDS  5
#define COVERAGE_WORDS   2
#define COMPARISON_WORDS COMPARISON_COUNT
#define COURSE_WORDS     3
#define NATURE_WORDS     2

extern const cyaml_strval_t level_words[LEVEL_WORDS];
extern const cyaml_strval_t kind_words[KIND_WORDS];
extern const cyaml_strval_t frequency_words[FREQUENCY_WORDS];
extern const cyaml_strval_t coverage_words[COVERAGE_WORDS];
extern const cyaml_strval_t comparison_words[COMPARISON_WORDS];
extern const cyaml_strval_t course_words[COURSE_WORDS];
extern const cyaml_strval_t nature_words[NATURE_WORDS];

const char *frequency_adjective(enum period_frequency frequency); /* "monthly" */

#endif
