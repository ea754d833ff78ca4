/* The syntax of formulas: from text to a tree, names resolved against the catalogue. What the tree means, and
 * whether it is allowed, is formula.c's. */
#ifndef SUANPAN_CATALOGUE_SYNTAX_H
#define SUANPAN_CATALOGUE_SYNTAX_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/formula.h"

enum syntax_kind {
	SYNTAX_NUMBER,
	SYNTAX_STATISTIC,
	SYNTAX_NEGATE, /* of left */
	SYNTAX_ADD,    /* left, right: of these and all binary ones */
	SYNTAX_SUBTRACT,
	SYNTAX_MULTIPLY,
	SYNTAX_DIVIDE,
	SYNTAX_MIN,
	SYNTAX_MAX,
	SYNTAX_CUMULATIVE, /* of left: of these and all below */
	SYNTAX_YEAR_TO_DATE,
	SYNTAX_ROLLING, /* `count` */
	SYNTAX_PREVIOUS,
	SYNTAX_BASELINE,
	SYNTAX_GROWTH,
	SYNTAX_AVERAGE_GROWTH,
	SYNTAX_SHARE_OF, /* `area` */
	SYNTAX_KIND_COUNT
};

struct syntax_node {
	enum syntax_kind kind;
	unsigned column;      /* of the operator or the word */
	unsigned area_column; /* share_of */
	uint32_t left, right; /* nodes */
	int64_t number;       /* number: units of 10^-decimals */
	unsigned decimals;
	uint32_t statistic, area;
	unsigned count;
};

struct syntax_tree {
	struct syntax_node nodes[FORMULA_STEPS_MAX];
	uint32_t count;
	uint32_t root;
};

/* Answers 0 or FORMULA_REFUSED. */
int MUST_CHECK syntax_parse(const char *text, const struct catalogue *catalogue, struct syntax_tree *ret_tree,
                            struct formula_error *ret_error);
/* The function's or operator's word: "growth", "+". */
const char *syntax_word(enum syntax_kind kind);

#endif
