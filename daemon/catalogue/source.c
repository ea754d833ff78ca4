#include "daemon/catalogue/source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A place whose bytes are not UTF-8 has an offset but no line. */
static struct place place_of_offset(const struct source *source, size_t offset)
{
	struct place place = {.file = source->path, .line = 1};
	for (size_t i = 0; i < offset && i < source->size; i++)
		place.line += source->bytes[i] == '\n';
	return place;
}

static struct place place_of_mark(const struct source *source, yaml_mark_t mark)
{
	return (struct place){source->path, (unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

struct place source_whole(const struct source *source)
{
	return (struct place){.file = source->path};
}

struct place source_node_place(const struct source *source, const yaml_node_t *node)
{
	return place_of_mark(source, node->start_mark);
}

static int refuse_yaml(const struct source *source, const yaml_parser_t *parser, struct mistakes *mistakes)
{
	const char *problem = parser->problem ? parser->problem : "unknown problem";
	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		mistake_at(mistakes, place_of_offset(source, parser->problem_offset),
		           "not UTF-8 text: %s, expected YAML in UTF-8", problem);
	else if (parser->context)
		mistake_at(mistakes, place_of_mark(source, parser->problem_mark), "not YAML: %s %s", problem,
		           parser->context);
	else
		mistake_at(mistakes, place_of_mark(source, parser->problem_mark), "not YAML: %s", problem);
	return SOURCE_REFUSED;
}

static int parse_with(struct source *source, yaml_parser_t *parser, struct mistakes *mistakes)
{
	yaml_document_t second;
	yaml_node_t *root;
	yaml_parser_set_input_string(parser, source->bytes, source->size);
	if (!yaml_parser_load(parser, &source->document))
		return refuse_yaml(source, parser, mistakes);
	source->parsed = true;
	if (!yaml_document_get_root_node(&source->document)) {
		mistake_at(mistakes, source_whole(source), "the file is empty");
		return SOURCE_REFUSED;
	}
	if (!yaml_parser_load(parser, &second))
		return refuse_yaml(source, parser, mistakes);
	root = yaml_document_get_root_node(&second);
	if (root)
		mistake_at(mistakes, source_node_place(source, root),
		           "a second document, expected one in each file");
	yaml_document_delete(&second);
	return root ? SOURCE_REFUSED : 0;
}

int source_init(struct source *source, char **path, const struct catalogue_file *file,
                struct mistakes *mistakes)
{
	yaml_parser_t parser;
	int result;
	*source = (struct source){.path = *path};
	*path = NULL;
	if (!file) {
		mistake_at(mistakes, source_whole(source), "cannot be read: %s", strerror(ENOENT));
		return SOURCE_REFUSED;
	}
	source->bytes = (const unsigned char *)file->bytes;
	source->size = file->size;
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	result = parse_with(source, &parser, mistakes);
	yaml_parser_delete(&parser);
	return result;
}

void source_done(struct source *source)
{
	if (source->parsed)
		yaml_document_delete(&source->document);
	free(source->path);
	*source = (struct source){.path = NULL};
}

/* libyaml's accessors take a document they may not change without saying so. */
static yaml_node_t *node_at(const struct source *source, int index)
{
	return source->document.nodes.start + index - 1;
}

static yaml_node_t *value_of_key(const struct source *source, const yaml_node_t *node, const char *key,
                                 size_t length)
{
	if (node->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = node_at(source, pair->key);
		if (name->type == YAML_SCALAR_NODE && name->data.scalar.length == length &&
		    memcmp(name->data.scalar.value, key, length) == 0)
			return node_at(source, pair->value);
	}
	return NULL;
}

static yaml_node_t *entry_of(const struct source *source, const yaml_node_t *node, unsigned long index)
{
	const yaml_node_item_t *item;
	if (node->type != YAML_SEQUENCE_NODE)
		return NULL;
	item = node->data.sequence.items.start;
	if (index >= (unsigned long)(node->data.sequence.items.top - item))
		return NULL;
	return node_at(source, item[index]);
}

/* One step along the path: "[12]" or "key", with the '.' before it. */
static yaml_node_t *step(const struct source *source, const yaml_node_t *node, const char **path)
{
	const char *from = *path + (**path == '.');
	if (*from == '[') {
		char *end;
		unsigned long index = strtoul(from + 1, &end, 10);
		*path = end + (*end == ']');
		return entry_of(source, node, index);
	}
	*path = from + strcspn(from, ".[");
	return value_of_key(source, node, from, (size_t)(*path - from));
}

struct place source_place(const struct source *source, const char *path, ...)
{
	char text[128];
	const char *rest = text;
	va_list arguments;
	const yaml_node_t *node = node_at(source, 1);
	va_start(arguments, path);
	vsnprintf(text, sizeof text, path, arguments);
	va_end(arguments);
	while (*rest) {
		const yaml_node_t *next = step(source, node, &rest);
		if (!next)
			break;
		node = next;
	}
	return source_node_place(source, node);
}
