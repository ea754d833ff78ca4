#include "daemon/upkeep/digest.h"

#include "daemon/upkeep/words.h"
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

bool digest_covers(enum table table)
{
	return table != TABLE_META && table != TABLE_REFUSALS;
}

static void add(crypto_generichash_state *state, const void *bytes, uint64_t size)
{
	crypto_generichash_update(state, (const unsigned char *)&size, sizeof size);
	crypto_generichash_update(state, bytes, size);
}

static int digest_entries(struct db_cursor *cursor, crypto_generichash_state *state,
                          struct progress *progress, struct table_digest *ret_digest)
{
	struct db_key key;
	struct db_value value;
	int result;
	while ((result = db_cursor_next(cursor, &key, &value)) == 0) {
		add(state, key.bytes, key.size);
		add(state, value.bytes, value.size);
		ret_digest->entries++;
		progress_step(progress, progress->done + 1);
	}
	return result == DB_ABSENT ? 0 : result;
}

static int digest_table(struct db_txn *txn, enum table table, struct progress *progress,
                        struct table_digest *ret_digest)
{
	crypto_generichash_state state;
	struct db_cursor *cursor;
	int result = db_cursor_open(txn, table, &cursor);
	if (result != 0)
		return result;
	crypto_generichash_init(&state, NULL, 0, DIGEST_SIZE);
	result = digest_entries(cursor, &state, progress, ret_digest);
	db_cursor_close(cursor);
	crypto_generichash_final(&state, ret_digest->hash, DIGEST_SIZE);
	return result;
}

int digest_compute(struct db_txn *txn, struct progress *progress, struct digest *ret_digest)
{
	crypto_generichash_state all;
	struct digest digest = {.table = {{.entries = 0}}};
	crypto_generichash_init(&all, NULL, 0, DIGEST_SIZE);
	for (enum table table = 0; table < TABLE_COUNT; table++) {
		if (!digest_covers(table))
			continue;
		int result = digest_table(txn, table, progress, &digest.table[table]);
		if (result != 0)
			return result;
		add(&all, words_of_table(table), strlen(words_of_table(table)));
		add(&all, digest.table[table].hash, DIGEST_SIZE);
	}
	crypto_generichash_final(&all, digest.all, DIGEST_SIZE);
	*ret_digest = digest;
	return 0;
}

static void print_hash(const uint8_t hash[DIGEST_SIZE], FILE *out)
{
	for (size_t i = 0; i < DIGEST_SIZE; i++)
		fprintf(out, "%02x", hash[i]);
	fputc('\n', out);
}

void digest_print(const struct digest *digest, FILE *out)
{
	for (enum table table = 0; table < TABLE_COUNT; table++) {
		if (!digest_covers(table))
			continue;
		fprintf(out, "digest     %-11s %10" PRIu64 " ", words_of_table(table),
		        digest->table[table].entries);
		print_hash(digest->table[table].hash, out);
	}
	fprintf(out, "digest     %-22s ", "all");
	print_hash(digest->all, out);
}
