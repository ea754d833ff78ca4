/* A small catalogue built in memory, and observations in plain arrays, for tests of evaluation: no files, no
 * store. */
#ifndef SUANPAN_TESTS_WORLD_H
#define SUANPAN_TESTS_WORLD_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/formula.h"
#include "daemon/indicator/evaluate.h"

#define WORLD_AREAS      64
#define WORLD_STATISTICS 16
#define WORLD_INDICATORS 24
#define WORLD_PLANS      4
#define WORLD_BUCKETS    4096

struct world_row;

struct world {
	struct catalogue catalogue;
	struct area areas[WORLD_AREAS];
	struct statistic statistics[WORLD_STATISTICS];
	struct indicator indicators[WORLD_INDICATORS];
	struct formula formulas[WORLD_INDICATORS];
	struct plan plans[WORLD_PLANS];
	uint32_t members[WORLD_AREAS][WORLD_AREAS]; /* of groups */
	uint32_t member_count[WORLD_AREAS];
	struct world_row *rows[WORLD_BUCKETS];
	uint64_t reads; /* rows asked for */
	uint64_t entry; /* last journal entry given */
	int fault;      /* what the source answers from now on */
};

/* Areas in depth-first order, then groups; then world_finish; the rest in any order. */
struct world *world_new(void);
void world_free(struct world *world);
uint32_t world_area(struct world *world, enum area_level level, uint32_t parent);
uint32_t world_group(struct world *world, const uint32_t *members, uint32_t count);
/* A code that ends with the day, and those that come after it; they are in force from the next day on if `from_then`. */
void world_end(struct world *world, uint32_t area, int32_t last_day, const uint32_t *successors,
               uint32_t count, bool from_then);
void world_finish(struct world *world);
void world_plan(struct world *world, int first_year, int last_year);
uint32_t world_statistic(struct world *world, struct statistic statistic);
/* `program` in postfix: numbers, a to z for the atoms, + - * /, ~ negate, < min, > max, ^ average growth. */
uint32_t world_indicator(struct world *world, const struct formula_atom *atoms, uint32_t atom_count,
                         const char *program, enum period_frequency frequency, unsigned decimals);

/* The atom that is just the statistic. */
struct formula_atom world_atom(uint32_t statistic);

/* One observation, with the next journal entry; a status without value takes it back. */
void world_report(struct world *world, uint32_t statistic, uint32_t area, struct period period, int64_t value,
                  char status);
/* Whether the cell was reported since the last world_forget_touched. */
bool world_touched(const struct world *world, uint32_t statistic, uint32_t area, struct period period);
void world_forget_touched(struct world *world);
struct cell_source world_source(struct world *world);
struct period world_period(const char *text);

#endif
