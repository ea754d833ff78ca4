/* Readers, and who holds which key. */
#include "daemon/catalogue/link.h"

#include "proto/codes.h"
#include "proto/keys.h"
#include <string.h>

/* ---- readers ---- */

static struct place place_of_reader(const struct link *link, uint32_t index)
{
	return source_place(&link->inputs->readers.source, "readers[%u].code", index);
}

/* Logs and counters name a key's holder by its code alone. */
static void check_code_is_free(struct link *link, uint32_t index, const char *code)
{
	const struct source *reporters = &link->inputs->reporters.source;
	uint32_t reporter = catalogue_find_reporter(link->catalogue, code);
	if (reporter == CATALOGUE_NONE)
		return;
	struct place place = source_place(reporters, "reporters[%u].code", reporter);
	mistake_at(link->mistakes, place_of_reader(link, index),
	           "code: '%s' is a reporter's already, on line %u of %s", code, place.line, place.file);
}

static void link_reader(struct link *link, uint32_t index, const struct written_reader *written)
{
	char names[40];
	snprintf(names, sizeof names, "readers[%u].names", index);
	link_check_code(link, place_of_reader(link, index), "code", written->code);
	check_code_is_free(link, index, written->code);
	link->catalogue->readers[index] = (struct reader){
	    .code = link_copy(link, written->code),
	    .names = link_names(link, &link->inputs->readers.source, names, &written->names),
	    .is_operator = written->is_operator,
	    .key_count = written->key_count,
	};
}

void link_readers(struct link *link)
{
	const struct readers_file *file = link->inputs->readers.file;
	struct catalogue *catalogue = link->catalogue;
	struct code_table codes;
	if (!file)
		return;
	catalogue->readers = link_take(link, file->reader_count, sizeof catalogue->readers[0]);
	for (uint32_t i = 0; link->fault == 0 && i < file->reader_count; i++)
		link_reader(link, i, &file->readers[i]);
	if (link->fault)
		return;
	catalogue->reader_count = file->reader_count;
	link->fault = code_table_build(link->scratch, catalogue->readers, sizeof catalogue->readers[0],
	                               catalogue->reader_count, &codes);
	if (link->fault == 0)
		link_check_unique(link, &codes, "code", place_of_reader);
}

/* ---- keys ---- */

/* The keys of one row of a file. */
struct written_keys {
	const struct source *source;
	const char *list; /* "reporters" */
	uint32_t index;
	char *const *keys;
	uint32_t count;
};

/* Where each key stands, for those that stand twice. */
struct holding {
	struct link *link;
	struct place *places;
};

static struct place place_of_key(const struct written_keys *written, uint32_t entry)
{
	return source_place(written->source, "%s[%u].keys[%u]", written->list, written->index, entry);
}

/* A key is not repeated in a message: what is no key may be half of a secret. */
static void hold(struct holding *holding, const struct written_keys *written, struct key_holder holder)
{
	struct link *link = holding->link;
	struct catalogue *catalogue = link->catalogue;
	if (written->count > CATALOGUE_KEYS_MAX)
		mistake_at(link->mistakes, place_of_key(written, CATALOGUE_KEYS_MAX),
		           "keys: '%s' has %u, expected at most %d", holder.code, written->count,
		           CATALOGUE_KEYS_MAX);
	for (uint32_t i = 0; i < written->count; i++) {
		struct place place = place_of_key(written, i);
		if (!keys_is_key(written->keys[i], strlen(written->keys[i])))
			mistake_at(link->mistakes, place,
			           "keys: found %zu characters that are no key, expected the %d of a public "
			           "key as `suanpan-keys show` prints it, in quotes",
			           strlen(written->keys[i]), KEYS_LENGTH);
		holder.key = link_copy(link, written->keys[i]);
		holding->places[catalogue->key_holder_count] = place;
		catalogue->key_holders[catalogue->key_holder_count++] = holder;
	}
}

static void hold_all(struct holding *holding)
{
	const struct inputs *inputs = holding->link->inputs;
	const struct catalogue *catalogue = holding->link->catalogue;
	const struct reporters_file *reporters = inputs->reporters.file;
	const struct readers_file *readers = inputs->readers.file;
	for (uint32_t i = 0; i < catalogue->reporter_count; i++) {
		struct written_keys written = {&inputs->reporters.source, "reporters", i,
		                               reporters->reporters[i].keys,
		                               reporters->reporters[i].key_count};
		hold(holding, &written,
		     (struct key_holder){
		         .code = catalogue->reporters[i].code, .role = ROLE_REPORTER, .reporter = i});
	}
	for (uint32_t i = 0; i < catalogue->reader_count; i++) {
		const struct reader *reader = &catalogue->readers[i];
		struct written_keys written = {&inputs->readers.source, "readers", i,
		                               readers->readers[i].keys, readers->readers[i].key_count};
		hold(holding, &written,
		     (struct key_holder){.code = reader->code,
		                         .role = reader->is_operator ? ROLE_OPERATOR : ROLE_READER,
		                         .reporter = CATALOGUE_NONE});
	}
}

static void refuse_repeated(const struct holding *holding)
{
	const struct code_table *keys = &holding->link->catalogue->index->keys;
	for (uint32_t i = 1; i < keys->count; i++) {
		const struct place *earlier = &holding->places[keys->entries[i - 1].index];
		if (strcmp(keys->entries[i].code, keys->entries[i - 1].code) == 0)
			mistake_at(holding->link->mistakes, holding->places[keys->entries[i].index],
			           "keys: this key is there already, on line %u of %s", earlier->line,
			           earlier->file);
	}
}

void link_keys(struct link *link)
{
	struct catalogue *catalogue = link->catalogue;
	size_t count = 0;
	for (uint32_t i = 0; i < catalogue->reporter_count; i++)
		count += catalogue->reporters[i].key_count;
	for (uint32_t i = 0; i < catalogue->reader_count; i++)
		count += catalogue->readers[i].key_count;
	struct holding holding = {.link = link};
	holding.places = link_take_scratch(link, count, sizeof holding.places[0]);
	catalogue->key_holders = link_take(link, count, sizeof catalogue->key_holders[0]);
	if (link->fault)
		return;
	hold_all(&holding);
	if (link->fault == 0)
		link->fault = catalogue_index_keys(catalogue);
	if (link->fault == 0)
		refuse_repeated(&holding);
}

const char *role_name(enum role role)
{
	static const char *const names[] = {
	    [ROLE_REPORTER] = "reporter", [ROLE_READER] = "reader", [ROLE_OPERATOR] = "operator"};
	return names[role];
}
