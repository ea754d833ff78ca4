#include "clients/report/words.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

void words_done(struct words *words)
{
	for (uint32_t i = 0; i < words->count; i++)
		free(words->list[i]);
	free(words->list);
	free(words->slots);
	*words = (struct words){0};
}

/* The slot that holds the word, or the free one where it would go. */
static uint32_t find_slot(const struct words *words, const char *text, size_t length)
{
	uint32_t mask = words->slot_count - 1;
	uint32_t at = (uint32_t)XXH3_64bits(text, length) & mask;
	for (; words->slots[at]; at = (at + 1) & mask) {
		const char *word = words->list[words->slots[at] - 1];
		if (strncmp(word, text, length) == 0 && word[length] == '\0')
			break;
	}
	return at;
}

uint32_t words_find(const struct words *words, const char *text, size_t length)
{
	if (words->slot_count == 0)
		return WORDS_NONE;
	uint32_t held = words->slots[find_slot(words, text, length)];
	return held ? held - 1 : WORDS_NONE;
}

static int make_room(struct words *words)
{
	if (words->count < words->room)
		return 0;
	uint32_t room = words->room ? 2 * words->room : 64;
	char **list = realloc(words->list, room * sizeof *list);
	if (!list)
		return -ENOMEM;
	words->list = list;
	uint32_t *slots = calloc(2 * (size_t)room, sizeof *slots);
	if (!slots)
		return -ENOMEM;
	free(words->slots);
	words->slots = slots;
	words->slot_count = 2 * room;
	words->room = room;
	for (uint32_t i = 0; i < words->count; i++)
		slots[find_slot(words, list[i], strlen(list[i]))] = i + 1;
	return 0;
}

int words_add(struct words *words, const char *text, size_t length, uint32_t *ret_index)
{
	int fault = make_room(words);
	if (fault)
		return fault;
	uint32_t at = find_slot(words, text, length);
	if (!words->slots[at]) {
		char *copy = strndup(text, length);
		if (!copy)
			return -ENOMEM;
		words->list[words->count++] = copy;
		words->slots[at] = words->count;
	}
	*ret_index = words->slots[at] - 1;
	return 0;
}
