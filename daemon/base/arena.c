#include "daemon/base/arena.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#if defined __has_feature
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#elif defined __SANITIZE_ADDRESS__
#define WATCHED 1
#endif

#ifdef WATCHED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, size)   ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#endif

#define GRAIN           _Alignof(max_align_t)
#define BLOCK_FIRST     ((size_t)16384)
#define BLOCK_GROWN_MAX ((size_t)1 << 20)

struct block {
	struct block *next;
	size_t size; /* of bytes[] */
	size_t used;
	_Alignas(max_align_t) unsigned char bytes[];
};

/* `blocks` is the newest, from which is taken; the first one, which a reset keeps, is at the end of the list.
 */
struct arena {
	size_t budget;
	size_t spent;
	struct block *blocks;
};

int arena_new(size_t budget, struct arena **ret_arena)
{
	struct arena *arena = malloc(sizeof *arena);

	if (!arena)
		return -ENOMEM;
	*arena = (struct arena){.budget = budget};
	*ret_arena = arena;
	return 0;
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	arena_reset(arena);
	free(arena->blocks);
	free(arena);
}

size_t arena_left(const struct arena *arena)
{
	return arena->budget - arena->spent;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Blocks double, so that a large message costs few of them, but never beyond what the budget can fill. */
static struct block *add_block(struct arena *arena, size_t need)
{
	size_t size = arena->blocks ? smaller(arena->blocks->size * 2, BLOCK_GROWN_MAX) : BLOCK_FIRST;

	size = smaller(size, arena_left(arena));
	if (size < need)
		size = need;
	size = (size + GRAIN - 1) / GRAIN * GRAIN;
	struct block *block = malloc(sizeof *block + size);
	if (!block)
		return NULL;
	*block = (struct block){.next = arena->blocks, .size = size};
	ASAN_POISON_MEMORY_REGION(block->bytes, size);
	arena->blocks = block;
	return block;
}

void *arena_take(struct arena *arena, size_t size)
{
	if (size == 0)
		size = 1;
	size_t left = arena_left(arena);
	if (size > left)
		return NULL;

	/* Padding is charged like the rest, for a million single bytes are sixteen megabytes; only the last
	 * piece may do without, so that a budget can be spent to its last byte. */
	size_t charge = size > SIZE_MAX - GRAIN ? size : (size + GRAIN - 1) / GRAIN * GRAIN;
	charge = smaller(charge, left);
	struct block *block = arena->blocks;
	if (!block || block->size - block->used < charge)
		block = add_block(arena, charge);
	if (!block)
		return NULL;

	void *bytes = block->bytes + block->used;
	block->used += charge;
	arena->spent += charge;
	ASAN_UNPOISON_MEMORY_REGION(bytes, size);
	return bytes;
}

void arena_reset(struct arena *arena)
{
	arena->spent = 0;
	if (!arena->blocks)
		return;
	while (arena->blocks->next) {
		struct block *block = arena->blocks;
		arena->blocks = block->next;
		free(block);
	}
	arena->blocks->used = 0;
	ASAN_POISON_MEMORY_REGION(arena->blocks->bytes, arena->blocks->size);
}
