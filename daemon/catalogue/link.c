#include "daemon/catalogue/link.h"

#include <errno.h>
#include <string.h>

static void *take_zeroed(struct link *link, struct arena *arena, size_t count, size_t size)
{
	size_t bytes = 1;
	void *memory = NULL;
	if (link->fault == 0 && !__builtin_mul_overflow(count, size, &bytes))
		memory = arena_take(arena, bytes ? bytes : 1);
	if (!memory)
		link->fault = -ENOMEM;
	else
		memset(memory, 0, bytes);
	return memory;
}

void *link_take(struct link *link, size_t count, size_t size)
{
	return take_zeroed(link, link->catalogue->memory, count, size);
}

void *link_take_scratch(struct link *link, size_t count, size_t size)
{
	return take_zeroed(link, link->scratch, count, size);
}

const char *link_copy(struct link *link, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;
	char *copy = text ? link_take(link, size, 1) : NULL;
	return copy ? memcpy(copy, text, size) : NULL;
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t")] == '\0';
}

struct names link_names(struct link *link, const struct source *source, const char *path,
                        const struct written_names *written)
{
	static const char *const keys[LANGUAGE_COUNT] = {"en", "zh_hans", "zh_hant"};
	const char *last = strrchr(path, '.');
	struct names names;
	for (int i = 0; i < LANGUAGE_COUNT; i++) {
		if (is_blank(written->in[i]))
			mistake_at(link->mistakes, source_place(source, "%s.%s", path, keys[i]),
			           "%s.%s: found nothing, expected text", last ? last + 1 : path, keys[i]);
		names.in[i] = link_copy(link, written->in[i]);
	}
	return names;
}

void link_check_code(struct link *link, struct place place, const char *label, const char *code)
{
	if (!code_is_valid(code, strlen(code)))
		mistake_at(
		    link->mistakes, place,
		    "%s: found '%s', expected 1 to %d of a-z 0-9 _ -, beginning with a letter or digit",
		    label, code, CODE_LENGTH_MAX);
}

void link_check_unique(struct link *link, const struct code_table *table, const char *label,
                       struct place (*place_of)(const struct link *link, uint32_t index))
{
	uint32_t first = 0;
	for (uint32_t i = 1; i < table->count; i++) {
		struct place earlier;
		if (strcmp(table->entries[i].code, table->entries[first].code) != 0) {
			first = i;
			continue;
		}
		earlier = place_of(link, table->entries[first].index);
		mistake_at(link->mistakes, place_of(link, table->entries[i].index),
		           "%s: '%s' is there already, on line %u of %s", label, table->entries[i].code,
		           earlier.line, earlier.file);
	}
}
