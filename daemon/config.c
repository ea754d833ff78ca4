#include "daemon/config.h"

#include "proto/codes.h"
#include "proto/endpoint.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum key_kind { KEY_PATH, KEY_PATH_OR_NONE, KEY_ENDPOINT, KEY_COUNT_OF, KEY_COUNT_OR_NONE, KEY_LOG_LEVEL };

struct key_row {
	const char *name;
	enum key_kind kind;
	const char *otherwise; /* NULL: its sentence says */
	const char *sentence;
	size_t offset;
};

static const struct key_row keys[] = {
    {"store", KEY_PATH, "store", "folder of the LMDB store; made if it is not there",
     offsetof(struct config, store)},
    {"catalogue", KEY_PATH, "catalogue", "folder of the catalogue's YAML files",
     offsetof(struct config, catalogue)},
    {"archive", KEY_PATH_OR_NONE, NULL,
     "folder of the archive, the journal again in plain files; empty: none (default: archive, beside the "
     "store)",
     offsetof(struct config, archive)},
    {"key", KEY_PATH_OR_NONE, "",
     "file of the daemon's own key; with it every endpoint demands one, without it only this machine is "
     "served",
     offsetof(struct config, key)},
    {"intake", KEY_ENDPOINT, ENDPOINT_DEFAULT_INTAKE, "endpoint that takes reports (ipc:// or tcp://)",
     offsetof(struct config, intake)},
    {"query", KEY_ENDPOINT, ENDPOINT_DEFAULT_QUERY, "endpoint that answers queries",
     offsetof(struct config, query)},
    {"live", KEY_ENDPOINT, ENDPOINT_DEFAULT_LIVE, "endpoint that publishes changed values",
     offsetof(struct config, live)},
    {"group", KEY_COUNT_OF, "20000", "observations in one commit, at most", offsetof(struct config, group)},
    {"queue", KEY_COUNT_OF, "20000",
     "observations that may wait for a commit; what is beyond waits in its sender's line",
     offsetof(struct config, queue)},
    {"share", KEY_COUNT_OF, "8192",
     "KiB of reports that one sender may have in line; those beyond are answered OVERLOADED",
     offsetof(struct config, share)},
    {"lines", KEY_COUNT_OF, "65536", "KiB of reports in all lines; then none are read, and senders wait",
     offsetof(struct config, lines)},
    {"answers", KEY_COUNT_OF, "16384",
     "KiB of answers that one key may leave unread; those beyond are not sent",
     offsetof(struct config, answers)},
    {"connections", KEY_COUNT_OF, "1000",
     "open connections; beyond it those are closed first that have sent nothing yet",
     offsetof(struct config, connections)},
    {"connections_each", KEY_COUNT_OF, "32", "open connections of one key",
     offsetof(struct config, connections_each)},
    {"handshakes", KEY_COUNT_OF, "1200", "connections that one key may begin in a minute",
     offsetof(struct config, handshakes)},
    {"subscriptions", KEY_COUNT_OF, "256", "subscriptions that one connection to live may ask for",
     offsetof(struct config, subscriptions)},
    {"reserve", KEY_COUNT_OR_NONE, "64",
     "MiB of the store's disk that are left free: below, reports are refused; 0 for none",
     offsetof(struct config, reserve)},
    {"look", KEY_COUNT_OR_NONE, "60",
     "seconds after which it is looked what changed figures mean for alerts; 0: only when the day turns",
     offsetof(struct config, look)},
    {"log", KEY_LOG_LEVEL, "info", "least urgent lines to log: error, warning, info or debug",
     offsetof(struct config, log)},
};
#define KEY_COUNT (sizeof keys / sizeof keys[0])

static char **text_field(struct config *config, const struct key_row *row)
{
	return (char **)((char *)config + row->offset);
}

static const struct key_row *find_key(const char *name)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static const char *nearest_key(const char *name)
{
	const char *names[KEY_COUNT];
	for (size_t i = 0; i < KEY_COUNT; i++)
		names[i] = keys[i].name;
	return nearest_word(name, names, KEY_COUNT);
}

/* ---- values ---- */

static int refuse(FILE *errors, const char *where, const char *key, const char *found, const char *expected)
{
	fprintf(errors, "%s: %s: found '%s', expected %s\n", where, key, found, expected);
	return CONFIG_REFUSED;
}

static int store_text(char **field, char *text)
{
	if (!text)
		return -ENOMEM;
	free(*field);
	*field = text;
	return 0;
}

/* `base`: what a relative path is relative to; NULL for the working directory. */
static int store_path(char **field, const char *base, const char *value)
{
	char *path = NULL;
	if (value[0] == '/' || !base)
		path = strdup(value);
	else if (asprintf(&path, "%s/%s", base, value) < 0)
		path = NULL;
	return store_text(field, path);
}

#define COUNT_MAX 100000000ul

static int store_count(unsigned long *field, unsigned long least, const char *where, const char *key,
                       const char *value, FILE *errors)
{
	char expected[64];
	char *end;
	errno = 0;
	unsigned long count = strtoul(value, &end, 10);
	if (errno == 0 && value[0] >= '0' && value[0] <= '9' && *end == '\0' && count >= least &&
	    count <= COUNT_MAX) {
		*field = count;
		return 0;
	}
	snprintf(expected, sizeof expected, "a whole number from %lu to %lu", least, COUNT_MAX);
	return refuse(errors, where, key, value, expected);
}

static bool is_log_level(const char *value)
{
	return strcmp(value, "error") == 0 || strcmp(value, "warning") == 0 || strcmp(value, "info") == 0 ||
	       strcmp(value, "debug") == 0;
}

static int set_key(struct config *config, const struct key_row *row, const char *where, const char *base,
                   const char *value, FILE *errors)
{
	const char *expected;
	char **text = text_field(config, row);
	switch (row->kind) {
	case KEY_PATH:
		if (value[0] == '\0')
			return refuse(errors, where, row->name, value, "a folder");
		return store_path(text, base, value);
	case KEY_PATH_OR_NONE:
		return value[0] == '\0' ? store_text(text, strdup("")) : store_path(text, base, value);
	case KEY_ENDPOINT:
		if (!endpoint_is_valid(value, &expected))
			return refuse(errors, where, row->name, value, expected);
		return store_text(text, strdup(value));
	case KEY_COUNT_OF:
	case KEY_COUNT_OR_NONE:
		return store_count((unsigned long *)(void *)text, row->kind == KEY_COUNT_OF, where, row->name,
		                   value, errors);
	case KEY_LOG_LEVEL:
		if (!is_log_level(value))
			return refuse(errors, where, row->name, value, "error, warning, info or debug");
		return store_text(text, strdup(value));
	}
	return CONFIG_REFUSED;
}

static int set_by_name(struct config *config, const char *name, const char *where, const char *base,
                       const char *value, FILE *errors)
{
	const struct key_row *row = find_key(name);
	if (row)
		return set_key(config, row, where, base, value, errors);
	const char *near = nearest_key(name);
	fprintf(errors, "%s: unknown key '%s'%s%s%s\n", where, name, near ? "; the nearest is '" : "",
	        near ? near : "", near ? "'" : "");
	return CONFIG_REFUSED;
}

int config_new(struct config **ret_config)
{
	struct config *config = calloc(1, sizeof *config);
	if (!config)
		return -ENOMEM;
	config->intake_fd = config->query_fd = config->live_fd = -1;
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (!keys[i].otherwise)
			continue;
		int result = set_key(config, &keys[i], "defaults", NULL, keys[i].otherwise, stderr);
		if (result != 0) {
			config_free(config);
			return result < 0 ? result : FAULT_CONFIG;
		}
	}
	*ret_config = config;
	return 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (keys[i].kind != KEY_COUNT_OF && keys[i].kind != KEY_COUNT_OR_NONE)
			free(*text_field(config, &keys[i]));
	free(config);
}

int config_set(struct config *config, const char *assignment, FILE *errors)
{
	const char *equals = strchr(assignment, '=');
	if (!equals) {
		fprintf(errors, "--set %s: expected KEY=VALUE\n", assignment);
		return CONFIG_REFUSED;
	}
	char *name = strndup(assignment, (size_t)(equals - assignment));
	if (!name)
		return -ENOMEM;
	int result = set_by_name(config, name, "--set", NULL, equals + 1, errors);
	free(name);
	return result;
}

/* ---- the file ---- */

struct reading {
	struct config *config;
	const char *path;
	char *folder;
	FILE *errors;
	bool seen[KEY_COUNT];
	bool refused;
};

/* "a\0b" is YAML, too; C would see an "a". */
static bool is_text(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	       strlen((const char *)node->data.scalar.value) == node->data.scalar.length;
}

static int read_pair(struct reading *reading, const yaml_node_t *name, const yaml_node_t *value)
{
	char where[4200];
	snprintf(where, sizeof where, "%s:%zu", reading->path, name->start_mark.line + 1);
	if (!is_text(name) || !is_text(value)) {
		fprintf(reading->errors, "%s: expected `key: value` with one plain value\n", where);
		return CONFIG_REFUSED;
	}
	const char *key = (const char *)name->data.scalar.value;
	const struct key_row *row = find_key(key);
	if (row && reading->seen[row - keys]) {
		fprintf(reading->errors, "%s: key '%s' is given twice\n", where, key);
		return CONFIG_REFUSED;
	}
	if (row)
		reading->seen[row - keys] = true;
	return set_by_name(reading->config, key, where, reading->folder,
	                   (const char *)value->data.scalar.value, reading->errors);
}

static int read_mapping(struct reading *reading, yaml_document_t *document)
{
	yaml_node_t *root = yaml_document_get_root_node(document);
	if (!root)
		return 0; /* an empty file: all defaults */
	if (root->type != YAML_MAPPING_NODE) {
		fprintf(reading->errors, "%s:1: expected lines of `key: value`\n", reading->path);
		return CONFIG_REFUSED;
	}
	for (yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top;
	     pair++) {
		int result = read_pair(reading, yaml_document_get_node(document, pair->key),
		                       yaml_document_get_node(document, pair->value));
		if (result < 0)
			return result;
		reading->refused |= result > 0;
	}
	return reading->refused ? (int)CONFIG_REFUSED : 0;
}

static int refuse_yaml(struct reading *reading, const yaml_parser_t *parser)
{
	fprintf(reading->errors, "%s:%zu: not YAML: %s\n", reading->path, parser->problem_mark.line + 1,
	        parser->problem ? parser->problem : "unreadable");
	return CONFIG_REFUSED;
}

static int read_document(struct reading *reading, yaml_parser_t *parser)
{
	yaml_document_t document;
	if (!yaml_parser_load(parser, &document))
		return refuse_yaml(reading, parser);
	int result = read_mapping(reading, &document);
	yaml_document_delete(&document);
	return result;
}

/* What stands behind a `---` would otherwise be passed over without a word. */
static int expect_end(struct reading *reading, yaml_parser_t *parser)
{
	yaml_document_t document;
	if (!yaml_parser_load(parser, &document))
		return refuse_yaml(reading, parser);
	const yaml_node_t *root = yaml_document_get_root_node(&document);
	if (root)
		fprintf(reading->errors, "%s:%zu: expected one document only\n", reading->path,
		        document.start_mark.line + 1);
	int result = root ? (int)CONFIG_REFUSED : 0;
	yaml_document_delete(&document);
	return result;
}

static int read_file(struct reading *reading, FILE *file)
{
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_file(&parser, file);
	int result = read_document(reading, &parser);
	if (result == 0)
		result = expect_end(reading, &parser);
	yaml_parser_delete(&parser);
	return result;
}

int config_read(struct config *config, const char *path, FILE *errors)
{
	struct reading reading = {.config = config, .path = path, .errors = errors};
	FILE *file = fopen(path, "r");
	if (!file) {
		fprintf(errors, "%s: %s\n", path, strerror(errno));
		return CONFIG_REFUSED;
	}
	const char *slash = strrchr(path, '/');
	reading.folder = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	int result = reading.folder ? read_file(&reading, file) : -ENOMEM;
	free(reading.folder);
	fclose(file);
	return result;
}

int config_check(const struct config *config, FILE *errors)
{
	const char *const endpoints[] = {config->intake, config->query, config->live};
	const char *const names[] = {"intake", "query", "live"};
	int result = 0;
	for (size_t i = 0; i < 3; i++) {
		if (config->key[0] == '\0' && !endpoint_is_local(endpoints[i])) {
			fprintf(errors,
			        "%s: '%s' is open to other machines; without a key (key: FILE) only ipc:// "
			        "and loopback tcp:// are served\n",
			        names[i], endpoints[i]);
			result = CONFIG_REFUSED;
		}
		for (size_t j = 0; j < i; j++)
			if (strcmp(endpoints[i], endpoints[j]) == 0) {
				fprintf(errors, "%s: '%s' is also %s's endpoint; expected another\n",
				        names[i], endpoints[i], names[j]);
				result = CONFIG_REFUSED;
			}
	}
	return result;
}

int config_archive(const struct config *config, char **ret_folder)
{
	char *folder = NULL;
	if (config->archive) {
		if (config->archive[0] != '\0' && !(folder = strdup(config->archive)))
			return -ENOMEM;
		*ret_folder = folder;
		return 0;
	}
	size_t length = strlen(config->store);
	while (length > 1 && config->store[length - 1] == '/')
		length--;
	while (length > 0 && config->store[length - 1] != '/')
		length--;
	if (asprintf(&folder, "%.*sarchive", (int)length, config->store) < 0)
		return -ENOMEM;
	*ret_folder = folder;
	return 0;
}

void config_print_keys(FILE *out)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		fprintf(out, "  %-16s %s", keys[i].name, keys[i].sentence);
		if (keys[i].otherwise)
			fprintf(out, " (default: %s)",
			        keys[i].otherwise[0] != '\0' ? keys[i].otherwise : "\"\"");
		fputc('\n', out);
	}
}
