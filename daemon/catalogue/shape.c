#include "daemon/catalogue/shape.h"

#include "proto/codes.h"
#include <string.h>

#define WORDS_MAX 32 /* keys of a mapping, words of an enum */

struct shape {
	const struct source *source;
	struct mistakes *mistakes;
};

struct label {
	char text[80];
};

struct words {
	const char *word[WORDS_MAX];
	unsigned count;
};

struct listing {
	char text[400];
};

static void check_value(const struct shape *shape, const char *label, const yaml_node_t *node,
                        const cyaml_schema_value_t *schema);

static const yaml_node_t *node_at(const struct shape *shape, int index)
{
	return shape->source->document.nodes.start + index - 1;
}

static const char *scalar_text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

static struct words words_of_keys(const cyaml_schema_field_t *fields)
{
	struct words words = {.count = 0};
	for (; fields->key && words.count < WORDS_MAX; fields++)
		words.word[words.count++] = fields->key;
	return words;
}

static struct words words_of_enum(const cyaml_schema_value_t *schema)
{
	struct words words = {.count = 0};
	while (words.count < schema->enumeration.count && words.count < WORDS_MAX) {
		words.word[words.count] = schema->enumeration.strings[words.count].str;
		words.count++;
	}
	return words;
}

/* "a, b or c" */
static struct listing list_words(struct words words, const char *last)
{
	struct listing listing = {""};
	size_t used = 0;
	for (unsigned i = 0; i < words.count && used < sizeof listing.text; i++) {
		const char *before = i == 0 ? "" : i + 1 == words.count ? last : ", ";
		int wrote =
		    snprintf(listing.text + used, sizeof listing.text - used, "%s%s", before, words.word[i]);
		used += (size_t)wrote;
	}
	return listing;
}

static struct listing describe(const cyaml_schema_value_t *schema)
{
	struct listing listing;
	switch ((int)schema->type) {
	case CYAML_UINT:
		return (struct listing){"a whole number"};
	case CYAML_BOOL:
		return (struct listing){"true or false"};
	case CYAML_ENUM:
		return list_words(words_of_enum(schema), " or ");
	case CYAML_SEQUENCE:
		return (struct listing){"a list"};
	case CYAML_MAPPING:
		snprintf(listing.text, sizeof listing.text, "keys %.380s",
		         list_words(words_of_keys(schema->mapping.fields), " and ").text);
		return listing;
	default:
		return (struct listing){"text"};
	}
}

static bool scalar_is_valid(const yaml_node_t *node)
{
	return text_is_valid(scalar_text(node), node->data.scalar.length);
}

static void refuse_value(const struct shape *shape, const char *label, const yaml_node_t *node,
                         const cyaml_schema_value_t *schema)
{
	struct place place = source_node_place(shape->source, node);
	struct listing expected = describe(schema);
	if (node->type == YAML_SEQUENCE_NODE)
		mistake_at(shape->mistakes, place, "%s: found a list, expected %s", label, expected.text);
	else if (node->type == YAML_MAPPING_NODE)
		mistake_at(shape->mistakes, place, "%s: found keys with values, expected %s", label,
		           expected.text);
	else if (node->data.scalar.length == 0)
		mistake_at(shape->mistakes, place, "%s: found nothing, expected %s", label, expected.text);
	else
		mistake_at(shape->mistakes, place, "%s: found '%s', expected %s", label, scalar_text(node),
		           expected.text);
}

/* Plain decimal digits without leading zeros: what everyone reads alike. */
static bool is_whole_number(const char *text)
{
	size_t length = strspn(text, "0123456789");
	if (length == 0 || text[length] || (text[0] == '0' && length > 1))
		return false;
	return length < 10 || (length == 10 && strcmp(text, "4294967295") <= 0);
}

static bool is_boolean(const char *text)
{
	return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
}

static void check_word(const struct shape *shape, const char *label, const yaml_node_t *node,
                       const cyaml_schema_value_t *schema)
{
	struct words words = words_of_enum(schema);
	const char *text = scalar_text(node);
	for (unsigned i = 0; i < words.count; i++)
		if (strcmp(text, words.word[i]) == 0)
			return;
	mistake_at(shape->mistakes, source_node_place(shape->source, node), "%s: found '%s', expected %s%s",
	           label, text, list_words(words, " or ").text,
	           suggestion_for(text, words.word, words.count).text);
}

static void check_scalar(const struct shape *shape, const char *label, const yaml_node_t *node,
                         const cyaml_schema_value_t *schema)
{
	if (!scalar_is_valid(node))
		mistake_at(shape->mistakes, source_node_place(shape->source, node),
		           "%s: found a line break or another control character, expected one line of text",
		           label);
	else if (schema->type == CYAML_ENUM)
		check_word(shape, label, node, schema);
	else if ((schema->type == CYAML_UINT && !is_whole_number(scalar_text(node))) ||
	         (schema->type == CYAML_BOOL && !is_boolean(scalar_text(node))))
		refuse_value(shape, label, node, schema);
}

static void check_list(const struct shape *shape, const char *label, const yaml_node_t *node,
                       const cyaml_schema_value_t *schema)
{
	const yaml_node_item_t *first = node->data.sequence.items.start;
	unsigned count = (unsigned)(node->data.sequence.items.top - first);
	if (count < schema->sequence.min)
		mistake_at(shape->mistakes, source_node_place(shape->source, node),
		           "%s: the list is empty, expected at least one entry", label);
	for (unsigned i = 0; i < count; i++) {
		struct label entry;
		snprintf(entry.text, sizeof entry.text, "%.60s[%u]", label, i);
		check_value(shape, entry.text, node_at(shape, first[i]), schema->sequence.entry);
	}
}

static const yaml_node_t *earlier_key(const struct shape *shape, const yaml_node_t *mapping,
                                      const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = node_at(shape, pair->key);
	for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair; other++) {
		const yaml_node_t *name = node_at(shape, other->key);
		if (name->type == YAML_SCALAR_NODE && strcmp(scalar_text(name), scalar_text(key)) == 0)
			return name;
	}
	return NULL;
}

static const cyaml_schema_field_t *field_of(const cyaml_schema_value_t *schema, const char *key)
{
	for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++)
		if (strcmp(field->key, key) == 0)
			return field;
	return NULL;
}

static void check_pair(const struct shape *shape, const char *label, const yaml_node_t *mapping,
                       const yaml_node_pair_t *pair, const cyaml_schema_value_t *schema)
{
	const yaml_node_t *key = node_at(shape, pair->key), *earlier;
	struct place place = source_node_place(shape->source, key);
	const cyaml_schema_field_t *field;
	struct words words = words_of_keys(schema->mapping.fields);
	if (key->type != YAML_SCALAR_NODE || !scalar_is_valid(key)) {
		mistake_at(shape->mistakes, place, "%s: found a key that is not a word, expected %s", label,
		           list_words(words, " or ").text);
		return;
	}
	field = field_of(schema, scalar_text(key));
	earlier = earlier_key(shape, mapping, pair);
	if (!field)
		mistake_at(shape->mistakes, place, "%s: unknown key, expected %s%s", scalar_text(key),
		           list_words(words, " or ").text,
		           suggestion_for(scalar_text(key), words.word, words.count).text);
	else if (earlier)
		mistake_at(shape->mistakes, place, "%s: given twice, first on line %zu", field->key,
		           earlier->start_mark.line + 1);
	else
		check_value(shape, field->key, node_at(shape, pair->value), &field->value);
}

static bool has_key(const struct shape *shape, const yaml_node_t *mapping, const char *key)
{
	for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
	     pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = node_at(shape, pair->key);
		if (name->type == YAML_SCALAR_NODE && strcmp(scalar_text(name), key) == 0)
			return true;
	}
	return false;
}

static void check_mapping(const struct shape *shape, const char *label, const yaml_node_t *node,
                          const cyaml_schema_value_t *schema)
{
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++)
		check_pair(shape, label, node, pair, schema);
	for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++)
		if (!(field->value.flags & CYAML_FLAG_OPTIONAL) && !has_key(shape, node, field->key))
			mistake_at(shape->mistakes, source_node_place(shape->source, node),
			           "%s: missing in %s, expected %s", field->key, label,
			           describe(&field->value).text);
}

static void check_value(const struct shape *shape, const char *label, const yaml_node_t *node,
                        const cyaml_schema_value_t *schema)
{
	yaml_node_type_t expected = schema->type == CYAML_SEQUENCE  ? YAML_SEQUENCE_NODE
	                            : schema->type == CYAML_MAPPING ? YAML_MAPPING_NODE
	                                                            : YAML_SCALAR_NODE;
	if (node->type != expected)
		refuse_value(shape, label, node, schema);
	else if (expected == YAML_SEQUENCE_NODE)
		check_list(shape, label, node, schema);
	else if (expected == YAML_MAPPING_NODE)
		check_mapping(shape, label, node, schema);
	else
		check_scalar(shape, label, node, schema);
}

void shape_check(const struct source *source, const cyaml_schema_value_t *schema, struct mistakes *mistakes)
{
	struct shape shape = {.source = source, .mistakes = mistakes};
	check_value(&shape, "file", node_at(&shape, 1), schema);
}
