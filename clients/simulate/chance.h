/* Chance that can be asked again: what is drawn for a name is always the same for the same seed, in whatever order the
 * names are drawn. So a trend that is added to the table, or a report that is left out, changes no other. */
#ifndef SUANPAN_CLIENTS_SIMULATE_CHANCE_H
#define SUANPAN_CLIENTS_SIMULATE_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct chance {
	uint64_t seed;
	const char *what; /* "late" */
	const char *who;  /* a code */
	uint64_t at;      /* a period's code, a number */
};

/* 0 to `below` - 1; `below` > 0. */
int64_t chance_below(struct chance chance, int64_t below);
/* -spread to +spread */
int64_t chance_around(struct chance chance, int64_t spread);
bool chance_one_in(struct chance chance, int64_t count);

#endif
