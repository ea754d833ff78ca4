/* A bump allocator with a budget: everything one message makes is given back at once.
 *
 * One thread at a time. Memory is aligned for any type. arena_take answers NULL when the budget or the
 * machine's memory is spent; the caller then refuses the message and goes on. */
#ifndef SUANPAN_BASE_ARENA_H
#define SUANPAN_BASE_ARENA_H

#include "daemon/base/fault.h"
#include <stddef.h>

struct arena;

/* `budget`: the most bytes that may be handed out between two resets. Nothing is allocated until asked for.
 */
int MUST_CHECK arena_new(size_t budget, struct arena **ret_arena);
void arena_free(struct arena *arena); /* NULL is fine */
void *arena_take(struct arena *arena, size_t size);
/* What the budget still allows: a refused arena_take of no more than this means that memory ran out. */
size_t arena_left(const struct arena *arena);
void arena_reset(struct arena *arena); /* all pointers taken from it die; its first block is kept */

#endif
