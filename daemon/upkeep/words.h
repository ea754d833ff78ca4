/* Keys of the store in words a person can use: "births, 440103, 2020-06", not hex. */
#ifndef SUANPAN_UPKEEP_WORDS_H
#define SUANPAN_UPKEEP_WORDS_H

#include "daemon/db/db.h"
#include "daemon/db/tables.h"

#define WORDS_SIZE 320

/* The name of a table on disk. */
const char *words_of_table(enum table table);
/* Codes are looked up in the names of the same transaction; what is not found there stands with its
 * number. A key that is none of the table's is written in hex. */
void words_of_key(struct db_txn *txn, enum table table, const struct db_key *key, char ret_text[WORDS_SIZE]);
/* One cell of a row: the area that `slot` of the key's row stands for. */
void words_of_cell(struct db_txn *txn, const struct db_key *key, uint32_t slot, char ret_text[WORDS_SIZE]);

#endif
