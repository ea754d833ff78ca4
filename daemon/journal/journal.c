#include "daemon/journal/journal.h"

#include "daemon/db/tables.h"
#include <sodium.h>
#include <stddef.h>
#include <string.h>

_Static_assert(sizeof(struct journal_record) == 112, "the record is on disk and in the chain: no padding");

static struct db_key entry_key(uint64_t entry)
{
	struct db_key key = {.size = 0};
	db_key_add_u64(&key, entry);
	return key;
}

static void chain_next(const uint8_t before[JOURNAL_HASH_SIZE], struct journal_record *record)
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, JOURNAL_HASH_SIZE);
	crypto_generichash_update(&state, before, JOURNAL_HASH_SIZE);
	crypto_generichash_update(&state, (const unsigned char *)record,
	                          offsetof(struct journal_record, chain));
	crypto_generichash_final(&state, record->chain, JOURNAL_HASH_SIZE);
}

void journal_append(struct db_txn *txn, struct journal_head *head, struct journal_record *record,
                    const void *payload, size_t size)
{
	struct db_key key = entry_key(head->entry + 1);
	chain_next(head->chain, record);
	db_put_two(txn, TABLE_JOURNAL, &key, record, sizeof *record, payload, size);
	head->entry++;
	memcpy(head->chain, record->chain, JOURNAL_HASH_SIZE);
}

int journal_read(struct db_txn *txn, uint64_t entry, struct journal_record *ret_record,
                 const void **ret_payload, size_t *ret_size)
{
	struct db_key key = entry_key(entry);
	struct db_value value;
	int result = db_get(txn, TABLE_JOURNAL, &key, &value);
	if (result != 0)
		return result;
	if (value.size < sizeof *ret_record)
		return FAULT_CORRUPT;
	memcpy(ret_record, value.bytes, sizeof *ret_record);
	*ret_payload = (const char *)value.bytes + sizeof *ret_record;
	*ret_size = value.size - sizeof *ret_record;
	return 0;
}
