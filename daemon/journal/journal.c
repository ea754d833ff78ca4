#include "daemon/journal/journal.h"

#include "daemon/db/tables.h"
#include <sodium.h>
#include <stdbool.h>
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

static bool has_its_payload(const struct journal_record *record, const void *payload, size_t size)
{
	uint8_t hash[JOURNAL_HASH_SIZE];
	if (record->kind == JOURNAL_REFUSED)
		return size == 0;
	crypto_generichash(hash, sizeof hash, payload, size, NULL, 0);
	return memcmp(hash, record->payload_hash, sizeof hash) == 0;
}

int journal_check(const uint8_t before[JOURNAL_HASH_SIZE], const struct journal_record *record,
                  const void *payload, size_t size)
{
	struct journal_record again = *record;
	if (record->kind < JOURNAL_ACCEPTED || record->kind > JOURNAL_LOOK)
		return JOURNAL_UNKNOWN_KIND;
	chain_next(before, &again);
	if (memcmp(again.chain, record->chain, sizeof again.chain) != 0)
		return JOURNAL_BROKEN_CHAIN;
	return has_its_payload(record, payload, size) ? 0 : (int)JOURNAL_OTHER_PAYLOAD;
}

const char *journal_verdict_text(int verdict)
{
	switch (verdict) {
	case JOURNAL_OTHER_PAYLOAD:
		return "its payload is not the one whose hash it carries";
	case JOURNAL_BROKEN_CHAIN:
		return "its hash does not follow from the entry before";
	case JOURNAL_UNKNOWN_KIND:
		return "it is of no known kind";
	default:
		return "it cannot be read";
	}
}
