/* A digest of what a store holds: two stores that have the same one are the same, bit for bit, in every
 * table that is covered.
 *
 * Of each table: BLAKE2b-256 over (size of the key, key, size of the value, value) of its entries in
 * order, the sizes as 64 bits, little-endian, the values without the checksum they are stored with. Over
 * all: the same over (name, digest) of the tables in the order of their names' enum. Not covered: `meta`
 * and `refusals`, which do not follow from the journal (replay.h). */
#ifndef SUANPAN_UPKEEP_DIGEST_H
#define SUANPAN_UPKEEP_DIGEST_H

#include "daemon/db/db.h"
#include "daemon/db/tables.h"
#include "daemon/upkeep/progress.h"
#include <stdio.h>

#define DIGEST_SIZE 32

struct table_digest {
	uint64_t entries;
	uint8_t hash[DIGEST_SIZE];
};

struct digest {
	struct table_digest table[TABLE_COUNT];
	uint8_t all[DIGEST_SIZE];
};

bool digest_covers(enum table table);
/* FAULT_CORRUPT where a value does not verify. */
int MUST_CHECK digest_compute(struct db_txn *txn, struct progress *progress, struct digest *ret_digest);
/* A line for each table, and one for all. */
void digest_print(const struct digest *digest, FILE *out);

#endif
