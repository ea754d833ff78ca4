#include "tests/lib/made_cells.h"

#include <stdbool.h>
#include <stddef.h>

#define ROWS 64

static struct cell_row rows[ROWS];
static bool are_made;

static uint64_t scramble(uint64_t number)
{
	number ^= number >> 31;
	number *= UINT64_C(0x9e3779b97f4a7c15);
	number ^= number >> 29;
	number *= UINT64_C(0xbf58476d1ce4e5b9);
	return number ^ number >> 32;
}

static struct cell make_cell(uint64_t chance)
{
	static const char letters[] = "AAAAAAAAPEFBVOLQ";
	static const int64_t edges[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_MAX - 1, 1000000000000, 7};
	struct cell cell = {.entry = 1 + (chance >> 8) % 1000, .status = letters[chance % 16]};
	unsigned kind = (unsigned)(chance >> 20) % 16;
	if (kind == 0)
		return (struct cell){.entry = 0};
	if (kind < 3)
		cell.value = edges[(chance >> 24) % 8];
	else
		cell.value = (int64_t)((chance >> 24) % 100000);
	if (cell.status == 'O' || cell.status == 'L' || cell.status == 'Q')
		cell.value = 0;
	return cell;
}

/* The first rows are full and plain, so that sums over everything are reached as well. */
static void make_rows(void)
{
	for (uint64_t i = 0; i < ROWS; i++)
		for (uint64_t j = 0; j < CELLS_PER_ROW; j++)
			rows[i].cell[j] =
			    i < 16
			        ? (struct cell){.entry = 1 + i, .status = 'A', .value = (int64_t)(10 + i * j)}
			        : make_cell(scramble(i * CELLS_PER_ROW + j + 1));
	are_made = true;
}

static int find_row(void *context, uint32_t statistic_id, struct period period, uint32_t row_number,
                    const struct cell_row **ret_row)
{
	const struct made_cells *made = context;
	uint64_t chance =
	    scramble(made->seed ^ scramble(((uint64_t)statistic_id << 32 | period.code) + row_number));
	bool is_plain = made->seed % 2 == 0;
	*ret_row = !is_plain && chance % 8 == 0 ? NULL : &rows[chance / 8 % (is_plain ? 16 : ROWS)];
	return 0;
}

struct cell_source made_cells_source(struct made_cells *made)
{
	if (!are_made)
		make_rows();
	return (struct cell_source){.context = made, .row = find_row};
}
