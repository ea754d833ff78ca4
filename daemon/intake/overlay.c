#include "daemon/intake/overlay.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_START 256

struct overlay_entry {
	const struct observation *observation; /* NULL: free */
};

void overlay_done(struct overlay *overlay)
{
	free(overlay->table);
	*overlay = (struct overlay){.count = 0};
}

void overlay_clear(struct overlay *overlay)
{
	if (overlay->count > 0)
		memset(overlay->table, 0, overlay->capacity * sizeof *overlay->table);
	overlay->count = 0;
}

static size_t hash_of(uint32_t statistic, uint32_t area, struct period period)
{
	uint64_t mixed = ((uint64_t)statistic << 32 | period.code) * 0x9e3779b97f4a7c15u;
	mixed ^= (mixed >> 29) + (uint64_t)area * 0xbf58476d1ce4e5b9u;
	return (size_t)(mixed ^ mixed >> 32);
}

/* The entry of the place, or the free one where it would stand. */
static struct overlay_entry *find_entry(struct overlay_entry *table, size_t capacity, uint32_t statistic,
                                        uint32_t area, struct period period)
{
	size_t at = hash_of(statistic, area, period) & (capacity - 1);
	for (;; at = (at + 1) & (capacity - 1)) {
		const struct observation *there = table[at].observation;
		if (!there || (there->statistic == statistic && there->area == area &&
		               there->period.code == period.code))
			return &table[at];
	}
}

static struct overlay_entry *entry_for(struct overlay_entry *table, size_t capacity,
                                       const struct observation *observation)
{
	return find_entry(table, capacity, observation->statistic, observation->area, observation->period);
}

static int grow(struct overlay *overlay)
{
	size_t capacity = overlay->capacity ? overlay->capacity * 2 : CAPACITY_START;
	struct overlay_entry *table = calloc(capacity, sizeof *table);
	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < overlay->capacity; i++)
		if (overlay->table[i].observation)
			*entry_for(table, capacity, overlay->table[i].observation) = overlay->table[i];
	free(overlay->table);
	overlay->table = table;
	overlay->capacity = capacity;
	return 0;
}

int overlay_add(struct overlay *overlay, const struct observation *observation)
{
	if (overlay->count * 2 >= overlay->capacity) {
		int result = grow(overlay);
		if (result != 0)
			return result;
	}
	struct overlay_entry *entry = entry_for(overlay->table, overlay->capacity, observation);
	overlay->count += entry->observation == NULL;
	entry->observation = observation;
	return 0;
}

const struct observation *overlay_find(const struct overlay *overlay, uint32_t statistic, uint32_t area,
                                       struct period period)
{
	if (overlay->count == 0)
		return NULL;
	return find_entry(overlay->table, overlay->capacity, statistic, area, period)->observation;
}

int overlay_take(struct overlay *overlay, const struct overlay *other)
{
	for (size_t i = 0; i < other->capacity; i++) {
		int result =
		    other->table[i].observation ? overlay_add(overlay, other->table[i].observation) : 0;
		if (result != 0)
			return result;
	}
	return 0;
}
