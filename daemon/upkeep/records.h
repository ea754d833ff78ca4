/* What the store keeps under a key, in words: "1234, status A, entry 5". For findings, which stand beside
 * words_of_key. */
#ifndef SUANPAN_UPKEEP_RECORDS_H
#define SUANPAN_UPKEEP_RECORDS_H

#include "daemon/db/db.h"
#include "daemon/db/tables.h"

#define RECORDS_SIZE 200

/* A value whose size is not its table's, or whose table has no words, is "N bytes". Numbers are as stored,
 * without their decimals. */
void records_describe(enum table table, struct db_value value, char ret_text[RECORDS_SIZE]);
/* The same for one cell of a row. */
void records_describe_cell(struct db_value row, uint32_t slot, char ret_text[RECORDS_SIZE]);
/* The first cell in which two rows differ; CELLS_PER_ROW if none, or if one is not a row. */
uint32_t records_first_unlike(struct db_value row, struct db_value other);

#endif
