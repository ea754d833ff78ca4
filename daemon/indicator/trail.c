#include "daemon/indicator/trail.h"

#include <errno.h>
#include <stdlib.h>

void trail_done(struct trail *trail)
{
	free(trail->cells);
	*trail = (struct trail){0};
}

size_t trail_mark(const struct trail *trail)
{
	return trail ? trail->count : 0;
}

static bool make_room(struct trail *trail)
{
	const size_t room = trail->room ? trail->room * 2 : 64;
	if (trail->count < trail->room)
		return true;
	struct trail_cell *cells = reallocarray(trail->cells, room, sizeof *cells);
	if (!cells)
		return false;
	trail->cells = cells;
	trail->room = room;
	return true;
}

void trail_note(struct trail *trail, const struct trail_cell *cell)
{
	if (!trail || trail->failed)
		return;
	trail->failed = !make_room(trail);
	if (!trail->failed)
		trail->cells[trail->count++] = *cell;
}

void trail_keep(struct trail *trail, size_t mark, uint32_t unit, bool kept)
{
	for (size_t i = mark; trail && i < trail->count; i++)
		if (trail->cells[i].unit == unit)
			trail->cells[i].kept = kept;
}

static int compare_cells(const void *left, const void *right)
{
	const struct explained_cell *a = &((const struct trail_cell *)left)->seen;
	const struct explained_cell *b = &((const struct trail_cell *)right)->seen;
	if (a->atom != b->atom)
		return a->atom < b->atom ? -1 : 1;
	if (a->period.code != b->period.code)
		return a->period.code < b->period.code ? -1 : 1;
	return (a->area > b->area) - (a->area < b->area);
}

int trail_end(struct trail *trail, bool anything, const bool *reported)
{
	if (!trail)
		return 0;
	if (trail->failed)
		return -ENOMEM;
	for (size_t i = 0; i < trail->count; i++) {
		struct trail_cell *cell = &trail->cells[i];
		/* `counted` so far says that the part of the area asked for (share_of) holds the cell. */
		cell->seen.counted &= anything && cell->kept && (!reported || reported[cell->unit]);
	}
	if (trail->count > 1)
		qsort(trail->cells, trail->count, sizeof *trail->cells, compare_cells);
	return 0;
}
