/* What rules.yaml says of reports: hard rules, which refuse, and soft ones, which question.
 *
 *   A relation holds between statistics at one (area, period): "urban_residents <= residents". Both sides are sums of
 *   statistics of one frequency and level. It waits until each of them has a value there.
 *   A soft rule (doubt.h computes it) looks at one statistic, at the reported area and period.
 *
 * Belongs to a catalogue, and is immutable like the rest of it. What one statistic may be by itself (negative, at most so
 * much) stands in struct statistic. */
#ifndef SUANPAN_CATALOGUE_RULES_H
#define SUANPAN_CATALOGUE_RULES_H

#include "daemon/catalogue/catalogue.h"

enum relation_sign { RELATION_AT_MOST, RELATION_LESS, RELATION_EQUAL };

struct relation {
	const char *code;
	struct names names;
	const char *text; /* as written */
	/* The sum of the first `left_count` is at most, less than, or the sum of the others; >= and > are written the other way
	 * round (`turned`). */
	enum relation_sign sign;
	bool turned;
	const uint32_t *statistics; /* indexes, each once */
	uint32_t left_count, count;
};

enum soft_rule { SOFT_NONE, SOFT_JUMP, SOFT_UNCHANGED, SOFT_PEERS, SOFT_RULE_COUNT };
const char *soft_rule_name(enum soft_rule rule); /* "jump"; static storage */

/* What a soft rule is asked with. */
struct doubt {
	uint32_t deviations; /* robust standard deviations that are still usual, times 100 */
	uint32_t margin;     /* and what is usual in any case: percent of the usual figure, times 100 */
	uint32_t least;      /* with fewer changes (peers: areas) to compare with, nothing is questioned */
	uint32_t history;    /* native periods that are looked back at */
	uint32_t per;        /* peers: the statistic that figures are divided by */
};
#define DOUBT_HISTORY_MAX 120

/* What looks at one statistic. */
struct statistic_rules {
	const uint32_t *relations; /* indexes of those that name it */
	uint32_t relation_count;
	const struct doubt *soft[SOFT_RULE_COUNT]; /* NULL: not asked of it */
};

#endif
