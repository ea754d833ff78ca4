#include "daemon/catalogue/syntax.h"

#include "daemon/catalogue/find.h"
#include "daemon/catalogue/mistakes.h"
#include "proto/codes.h"
#include "proto/decimal.h"
#include <stdarg.h>
#include <string.h>

#define NO_NODE     UINT32_MAX
#define WORD_MAX    64 /* bytes of a name; longer ones are no code */
#define ROLLING_MAX 1000

enum arguments { TAKES_ONE, TAKES_TWO, TAKES_COUNT, TAKES_AREA };

static const struct function {
	const char *word;
	enum syntax_kind kind;
	enum arguments arguments;
	const char *usage;
} functions[] = {
    {"cumulative", SYNTAX_CUMULATIVE, TAKES_ONE, "cumulative(x)"},
    {"year_to_date", SYNTAX_YEAR_TO_DATE, TAKES_ONE, "year_to_date(x)"},
    {"rolling", SYNTAX_ROLLING, TAKES_COUNT, "rolling(x, 12)"},
    {"previous", SYNTAX_PREVIOUS, TAKES_ONE, "previous(x)"},
    {"baseline", SYNTAX_BASELINE, TAKES_ONE, "baseline(x)"},
    {"growth", SYNTAX_GROWTH, TAKES_ONE, "growth(x)"},
    {"average_growth", SYNTAX_AVERAGE_GROWTH, TAKES_ONE, "average_growth(x)"},
    {"share_of", SYNTAX_SHARE_OF, TAKES_AREA, "share_of(x, area)"},
    {"min", SYNTAX_MIN, TAKES_TWO, "min(x, y)"},
    {"max", SYNTAX_MAX, TAKES_TWO, "max(x, y)"},
};
#define FUNCTION_COUNT (sizeof functions / sizeof functions[0])

enum token_kind { TOKEN_END, TOKEN_NUMBER, TOKEN_WORD, TOKEN_SIGN };

struct token {
	enum token_kind kind;
	const char *start;
	size_t length; /* bytes */
	unsigned column;
};

struct parser {
	const char *next; /* behind the token */
	unsigned next_column;
	struct token token;
	unsigned depth;
	const struct catalogue *catalogue;
	struct syntax_tree *tree;
	struct formula_error *error;
};

static uint32_t parse_expression(struct parser *parser);

/* ------------------------------------------------------------------------------------------------ words */

static const struct function *function_of(const char *word)
{
	for (size_t i = 0; i < FUNCTION_COUNT; i++)
		if (strcmp(functions[i].word, word) == 0)
			return &functions[i];
	return NULL;
}

bool formula_is_function(const char *word)
{
	return function_of(word) != NULL;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool formula_can_name(const char *code)
{
	if (!is_letter(*code))
		return false;
	while (is_letter(*code) || is_digit(*code))
		code++;
	return *code == '\0';
}

const char *syntax_word(enum syntax_kind kind)
{
	static const char *const operators[SYNTAX_KIND_COUNT] = {
	    [SYNTAX_NUMBER] = "a number", [SYNTAX_STATISTIC] = "a statistic",
	    [SYNTAX_NEGATE] = "-",        [SYNTAX_ADD] = "+",
	    [SYNTAX_SUBTRACT] = "-",      [SYNTAX_MULTIPLY] = "*",
	    [SYNTAX_DIVIDE] = "/",
	};
	for (size_t i = 0; i < FUNCTION_COUNT; i++)
		if (functions[i].kind == kind)
			return functions[i].word;
	return operators[kind];
}

/* ----------------------------------------------------------------------------------------------- tokens */

static size_t character_length(const char *text)
{
	size_t length = 1;
	while ((text[length] & 0xC0) == 0x80)
		length++;
	return length;
}

static size_t number_length(const char *text)
{
	size_t length = strspn(text, "0123456789");
	if (text[length] == '.')
		length += 1 + strspn(text + length + 1, "0123456789");
	return length;
}

static size_t word_length(const char *text)
{
	size_t length = 0;
	while (is_letter(text[length]) || is_digit(text[length]))
		length++;
	return length;
}

static void take(struct parser *parser, enum token_kind kind, size_t length, unsigned characters)
{
	parser->token = (struct token){kind, parser->next, length, parser->next_column};
	parser->next += length;
	parser->next_column += characters;
}

static void skip_blanks(struct parser *parser)
{
	size_t blanks = strspn(parser->next, " \t");
	parser->next += blanks;
	parser->next_column += (unsigned)blanks;
}

static void advance(struct parser *parser)
{
	size_t length;
	skip_blanks(parser);
	if (*parser->next == '\0')
		take(parser, TOKEN_END, 0, 0);
	else if (is_digit(*parser->next)) {
		length = number_length(parser->next);
		take(parser, TOKEN_NUMBER, length, (unsigned)length);
	} else if (is_letter(*parser->next)) {
		length = word_length(parser->next);
		take(parser, TOKEN_WORD, length, (unsigned)length);
	} else
		take(parser, TOKEN_SIGN, character_length(parser->next), 1);
}

static bool at_sign(const struct parser *parser, char sign)
{
	return parser->token.kind == TOKEN_SIGN && *parser->token.start == sign;
}

/* An area's code may look like a number or hold a '-': it is read as such only where an area is expected. */
static void reread_as_code(struct parser *parser)
{
	const char *start = parser->token.start;
	size_t length = 0;
	while (is_letter(start[length]) || is_digit(start[length]) || start[length] == '-')
		length++;
	if (length == 0)
		return;
	parser->next = start;
	parser->next_column = parser->token.column;
	take(parser, TOKEN_WORD, length, (unsigned)length);
}

/* ------------------------------------------------------------------------------------------------ errors */

static uint32_t PRINTF_LIKE(3, 4) refuse(struct parser *parser, unsigned column, const char *format, ...)
{
	va_list arguments;
	parser->error->column = column;
	va_start(arguments, format);
	vsnprintf(parser->error->text, sizeof parser->error->text, format, arguments);
	va_end(arguments);
	return NO_NODE;
}

/* People type formulas with a Chinese input method: the full-width form of an ASCII character is
 * recognised, U+FF01..U+FF5E in UTF-8. */
static char ascii_of_full_width(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;
	int distance;
	if (bytes[0] != 0xEF || (bytes[1] != 0xBC && bytes[1] != 0xBD))
		return '\0';
	distance = ((bytes[1] - 0xBC) << 6) + bytes[2] - 0x80 - 1;
	return distance >= 0 && distance <= '~' - '!' ? (char)('!' + distance) : '\0';
}

static uint32_t unexpected(struct parser *parser, const char *expected)
{
	const struct token *token = &parser->token;
	char plain = token->kind == TOKEN_SIGN ? ascii_of_full_width(token->start) : '\0';
	if (token->kind == TOKEN_END)
		return refuse(parser, token->column, "the formula ends, expected %s", expected);
	if (plain)
		return refuse(parser, token->column,
		              "found the full-width '%.*s', expected %s, nearest is '%c'", (int)token->length,
		              token->start, expected, plain);
	return refuse(parser, token->column, "found '%.*s', expected %s",
	              (int)(token->length < WORD_MAX ? token->length : WORD_MAX), token->start, expected);
}

static bool expect_sign(struct parser *parser, char sign, const char *expected)
{
	if (!at_sign(parser, sign)) {
		unexpected(parser, expected);
		return false;
	}
	advance(parser);
	return true;
}

/* ------------------------------------------------------------------------------------------------- tree */

static uint32_t add_node(struct parser *parser, struct syntax_node node)
{
	if (parser->tree->count == FORMULA_STEPS_MAX)
		return refuse(parser, node.column,
		              "the formula has more than %d numbers, names and operators", FORMULA_STEPS_MAX);
	parser->tree->nodes[parser->tree->count] = node;
	return parser->tree->count++;
}

static bool go_deeper(struct parser *parser)
{
	if (parser->depth == FORMULA_DEPTH_MAX) {
		refuse(parser, parser->token.column, "nested more than %d deep", FORMULA_DEPTH_MAX);
		return false;
	}
	parser->depth++;
	return true;
}

/* Ends a call or a parenthesis; passes `node` on. */
static uint32_t close_bracket(struct parser *parser, uint32_t node, const char *expected)
{
	if (node == NO_NODE || !expect_sign(parser, ')', expected))
		return NO_NODE;
	parser->depth--;
	return node;
}

static uint32_t parse_number(struct parser *parser)
{
	struct token token = parser->token;
	struct syntax_node node = {.kind = SYNTAX_NUMBER, .column = token.column};
	const char *point = memchr(token.start, '.', token.length);
	size_t places = point ? token.length - (size_t)(point - token.start) - 1 : 0;
	int verdict;
	if (places > DECIMAL_PLACES_MAX)
		return refuse(parser, token.column, "a number with more than %d decimals",
		              DECIMAL_PLACES_MAX);
	node.decimals = (unsigned)places;
	verdict = decimal_parse(token.start, token.length, node.decimals, &node.number);
	if (verdict != 0)
		return refuse(parser, token.column, "bad number '%.*s': %s",
		              (int)(token.length < 40 ? token.length : 40), token.start,
		              decimal_verdict_text(verdict));
	advance(parser);
	return add_node(parser, node);
}

static bool parse_count(struct parser *parser, struct syntax_node *node)
{
	const struct token *token = &parser->token;
	unsigned count = 0;
	if (token->kind == TOKEN_NUMBER && token->length <= 4)
		for (size_t i = 0; i < token->length; i++)
			count = is_digit(token->start[i]) ? count * 10 + (unsigned)(token->start[i] - '0')
			                                  : ROLLING_MAX + 1;
	if (count < 1 || count > ROLLING_MAX) {
		unexpected(parser, "a whole number of periods from 1 to 1000");
		return false;
	}
	node->count = count;
	advance(parser);
	return true;
}

static bool parse_area(struct parser *parser, struct syntax_node *node)
{
	char code[WORD_MAX + 1];
	reread_as_code(parser);
	node->area_column = parser->token.column;
	if (parser->token.kind != TOKEN_WORD) {
		unexpected(parser, "the code of an area or a group");
		return false;
	}
	snprintf(code, sizeof code, "%.*s",
	         (int)(parser->token.length < WORD_MAX ? parser->token.length : WORD_MAX),
	         parser->token.start);
	node->area = catalogue_find_area(parser->catalogue, code);
	if (node->area == CATALOGUE_NONE) {
		refuse(parser, node->area_column, "unknown area '%s'%s", code,
		       code_list_suggestion(&parser->catalogue->index->area_codes, code).text);
		return false;
	}
	advance(parser);
	return true;
}

static bool parse_second_argument(struct parser *parser, const struct function *function,
                                  struct syntax_node *node)
{
	char expected[64];
	snprintf(expected, sizeof expected, "an operator or ',' as in %s", function->usage);
	if (function->arguments == TAKES_ONE)
		return true;
	if (!expect_sign(parser, ',', expected))
		return false;
	if (function->arguments == TAKES_COUNT)
		return parse_count(parser, node);
	if (function->arguments == TAKES_AREA)
		return parse_area(parser, node);
	node->right = parse_expression(parser);
	return node->right != NO_NODE;
}

static uint32_t parse_call(struct parser *parser, const struct function *function, unsigned column)
{
	struct syntax_node node = {.kind = function->kind, .column = column};
	char expected[64];
	snprintf(expected, sizeof expected, "'(' as in %s", function->usage);
	if (!expect_sign(parser, '(', expected) || !go_deeper(parser))
		return NO_NODE;
	node.left = parse_expression(parser);
	if (node.left == NO_NODE || !parse_second_argument(parser, function, &node))
		return NO_NODE;
	snprintf(expected, sizeof expected, "%s as in %s",
	         function->arguments < TAKES_COUNT ? "an operator or ')'" : "')'", function->usage);
	return close_bracket(parser, add_node(parser, node), expected);
}

static uint32_t refuse_word(struct parser *parser, const char *word, unsigned column)
{
	const struct code_list *codes = &parser->catalogue->index->statistic_codes;
	const char *words[FUNCTION_COUNT];
	for (size_t i = 0; i < FUNCTION_COUNT; i++)
		words[i] = functions[i].word;
	if (at_sign(parser, '('))
		return refuse(parser, column, "unknown function '%s'%s", word,
		              suggestion_for(word, words, FUNCTION_COUNT).text);
	if (catalogue_find_indicator(parser->catalogue, word) != CATALOGUE_NONE)
		return refuse(parser, column, "'%s' is an indicator, expected a statistic%s", word,
		              code_list_suggestion(codes, word).text);
	return refuse(parser, column, "unknown statistic '%s'%s", word,
	              code_list_suggestion(codes, word).text);
}

static uint32_t parse_word(struct parser *parser)
{
	char word[WORD_MAX + 1];
	struct syntax_node node = {.kind = SYNTAX_STATISTIC, .column = parser->token.column};
	const struct function *function;
	size_t length = parser->token.length < WORD_MAX ? parser->token.length : WORD_MAX;
	snprintf(word, sizeof word, "%.*s", (int)length, parser->token.start);
	if (parser->token.length > CODE_LENGTH_MAX)
		return refuse(parser, node.column, "'%.32s...' is longer than a code may be", word);
	advance(parser);
	function = function_of(word);
	if (function)
		return parse_call(parser, function, node.column);
	node.statistic = catalogue_find_statistic(parser->catalogue, word);
	if (node.statistic == CATALOGUE_NONE)
		return refuse_word(parser, word, node.column);
	return add_node(parser, node);
}

static uint32_t parse_negation(struct parser *parser);

static uint32_t parse_parenthesis(struct parser *parser)
{
	if (!go_deeper(parser))
		return NO_NODE;
	advance(parser);
	return close_bracket(parser, parse_expression(parser), "an operator or ')'");
}

static uint32_t parse_factor(struct parser *parser)
{
	if (at_sign(parser, '-'))
		return parse_negation(parser);
	if (at_sign(parser, '('))
		return parse_parenthesis(parser);
	if (parser->token.kind == TOKEN_NUMBER)
		return parse_number(parser);
	if (parser->token.kind == TOKEN_WORD)
		return parse_word(parser);
	return unexpected(parser, "a number, a statistic, a function or '('");
}

static uint32_t parse_negation(struct parser *parser)
{
	struct syntax_node node = {.kind = SYNTAX_NEGATE, .column = parser->token.column};
	if (!go_deeper(parser))
		return NO_NODE;
	advance(parser);
	node.left = parse_factor(parser);
	parser->depth--;
	return node.left == NO_NODE ? NO_NODE : add_node(parser, node);
}

/* A row of operands between two operators of one rank, from the left. */
static uint32_t parse_row(struct parser *parser, uint32_t (*operand)(struct parser *), char sign,
                          enum syntax_kind kind, char other_sign, enum syntax_kind other_kind)
{
	uint32_t left = operand(parser);
	while (left != NO_NODE && (at_sign(parser, sign) || at_sign(parser, other_sign))) {
		struct syntax_node node = {.kind = at_sign(parser, sign) ? kind : other_kind, .left = left};
		node.column = parser->token.column;
		advance(parser);
		node.right = operand(parser);
		left = node.right == NO_NODE ? NO_NODE : add_node(parser, node);
	}
	return left;
}

static uint32_t parse_term(struct parser *parser)
{
	return parse_row(parser, parse_factor, '*', SYNTAX_MULTIPLY, '/', SYNTAX_DIVIDE);
}

static uint32_t parse_expression(struct parser *parser)
{
	return parse_row(parser, parse_term, '+', SYNTAX_ADD, '-', SYNTAX_SUBTRACT);
}

int syntax_parse(const char *text, const struct catalogue *catalogue, struct syntax_tree *ret_tree,
                 struct formula_error *ret_error)
{
	struct parser parser = {
	    .next = text, .next_column = 1, .catalogue = catalogue, .tree = ret_tree, .error = ret_error};
	size_t length = strnlen(text, FORMULA_LENGTH_MAX + 1);
	ret_tree->count = 0;
	ret_tree->root = NO_NODE;
	if (length > FORMULA_LENGTH_MAX)
		refuse(&parser, 1, "the formula is longer than %d bytes", FORMULA_LENGTH_MAX);
	else if (!text_is_valid(text, length))
		refuse(&parser, 1, "the formula is not one line of UTF-8 text");
	else {
		advance(&parser);
		ret_tree->root = parse_expression(&parser);
		if (ret_tree->root != NO_NODE && parser.token.kind != TOKEN_END)
			ret_tree->root = unexpected(&parser, "an operator or the end");
	}
	return ret_tree->root == NO_NODE ? FORMULA_REFUSED : 0;
}
