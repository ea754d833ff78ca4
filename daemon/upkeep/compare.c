#include "daemon/upkeep/compare.h"

#include "daemon/store/layout.h"
#include "daemon/upkeep/digest.h"
#include "daemon/upkeep/records.h"
#include "daemon/upkeep/words.h"
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* One of the two tables that are walked side by side. */
struct side {
	struct db_cursor *cursor;
	struct db_key key;
	struct db_value value;
	bool begun, ended, damaged;
};

struct pairing {
	struct db_txn *here; /* for the names in findings */
	enum table table;
	struct side mine, its;
	struct progress *progress;
	struct findings *findings;
};

static int compare_keys(const struct db_key *a, const struct db_key *b)
{
	int order = memcmp(a->bytes, b->bytes, a->size < b->size ? a->size : b->size);
	return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

/* Keys that do not ascend may go round in circles. */
static int advance(struct side *side)
{
	struct db_key before = side->key;
	int result = db_cursor_next(side->cursor, &side->key, &side->value);
	side->damaged = result == FAULT_CORRUPT;
	side->ended = result == DB_ABSENT;
	if (result < 0 && !side->damaged)
		return result;
	if (!side->ended && side->begun && compare_keys(&side->key, &before) <= 0)
		return FAULT_STORE;
	side->begun = true;
	return 0;
}

/* ---- findings ---- */

static void add_one_sided(struct pairing *pairing, const struct side *side, const char *what)
{
	char where[WORDS_SIZE], value[RECORDS_SIZE];
	words_of_key(pairing->here, pairing->table, &side->key, where);
	records_describe(pairing->table, side->value, value);
	findings_add(pairing->findings, "%s: %s: %s: %s", words_of_table(pairing->table), where, what, value);
}

static bool add_unlike_cell(struct pairing *pairing)
{
	char where[WORDS_SIZE], mine[RECORDS_SIZE], its[RECORDS_SIZE];
	uint32_t slot = records_first_unlike(pairing->mine.value, pairing->its.value);
	if (slot == CELLS_PER_ROW)
		return false;
	words_of_cell(pairing->here, &pairing->mine.key, slot, where);
	records_describe_cell(pairing->mine.value, slot, mine);
	records_describe_cell(pairing->its.value, slot, its);
	findings_add(pairing->findings, "%s: %s: the store has %s; the journal gives %s",
	             words_of_table(pairing->table), where, mine, its);
	return true;
}

static void add_unlike(struct pairing *pairing)
{
	char where[WORDS_SIZE], mine[RECORDS_SIZE], its[RECORDS_SIZE];
	if (pairing->table == TABLE_CELLS && add_unlike_cell(pairing))
		return;
	words_of_key(pairing->here, pairing->table, &pairing->mine.key, where);
	records_describe(pairing->table, pairing->mine.value, mine);
	records_describe(pairing->table, pairing->its.value, its);
	if (strcmp(mine, its) == 0)
		findings_add(pairing->findings,
		             "%s: %s: the store has other bytes than the journal gives (%s)",
		             words_of_table(pairing->table), where, mine);
	else
		findings_add(pairing->findings, "%s: %s: the store has %s; the journal gives %s",
		             words_of_table(pairing->table), where, mine, its);
}

/* ---- the walk ---- */

static int compare_one(struct pairing *pairing)
{
	struct side *mine = &pairing->mine, *its = &pairing->its;
	int order = mine->ended ? 1 : its->ended ? -1 : compare_keys(&mine->key, &its->key);
	if (order < 0 && !mine->damaged)
		add_one_sided(pairing, mine, "the journal does not give this");
	if (order > 0)
		add_one_sided(pairing, its, "missing from the store");
	if (order == 0 && !mine->damaged &&
	    (mine->value.size != its->value.size ||
	     memcmp(mine->value.bytes, its->value.bytes, its->value.size) != 0))
		add_unlike(pairing);
	int result = order <= 0 ? advance(mine) : 0;
	if (result == 0 && order >= 0)
		result = advance(its);
	return result == 0 && its->damaged ? (int)FAULT_CORRUPT : result;
}

static int compare_entries(struct pairing *pairing)
{
	int result = advance(&pairing->mine);
	if (result == 0)
		result = advance(&pairing->its);
	while (result == 0 && !(pairing->mine.ended && pairing->its.ended)) {
		result = compare_one(pairing);
		progress_step(pairing->progress, pairing->progress->done + 1);
	}
	return result;
}

static int compare_table(struct pairing *pairing, struct db_txn *rebuilt)
{
	int result = db_cursor_open(pairing->here, pairing->table, &pairing->mine.cursor);
	if (result == 0)
		result = db_cursor_open(rebuilt, pairing->table, &pairing->its.cursor);
	if (result == 0)
		result = compare_entries(pairing);
	db_cursor_close(pairing->mine.cursor);
	db_cursor_close(pairing->its.cursor);
	return result;
}

int compare_stores(struct db_txn *here, struct db_txn *rebuilt, struct progress *progress,
                   struct findings *findings)
{
	for (enum table table = 0; table < TABLE_COUNT; table++) {
		struct pairing pairing = {
		    .here = here, .table = table, .progress = progress, .findings = findings};
		if (!digest_covers(table))
			continue;
		int result = compare_table(&pairing, rebuilt);
		if (result == -ENOMEM)
			return result;
		if (result != 0)
			findings_add(findings, "%s: the pages cannot be followed to the end",
			             words_of_table(table));
	}
	return 0;
}
