#include "clients/simulate/chance.h"

#include <assert.h>

/* As published: splitmix64's finaliser (Steele, Lea and Flood 2014), FNV-1a for the words. */
static uint64_t mix(uint64_t number)
{
	number += UINT64_C(0x9e3779b97f4a7c15);
	number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
	return number ^ (number >> 31);
}

static uint64_t add_word(uint64_t state, const char *word)
{
	for (; *word; word++)
		state = (state ^ (unsigned char)*word) * UINT64_C(0x100000001b3);
	return mix(state);
}

int64_t chance_below(struct chance chance, int64_t below)
{
	assert(below > 0);
	uint64_t drawn = mix(add_word(add_word(mix(chance.seed), chance.what), chance.who) ^ chance.at);
	return (int64_t)(drawn % (uint64_t)below);
}

int64_t chance_around(struct chance chance, int64_t spread)
{
	return chance_below(chance, 2 * spread + 1) - spread;
}

bool chance_one_in(struct chance chance, int64_t count)
{
	return chance_below(chance, count) == 0;
}
