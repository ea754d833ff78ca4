#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/db/tables.h"
#include "daemon/journal/journal.h"
#include "tests/lib/scratch.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char *const tables[TABLE_COUNT] = TABLE_NAMES_ON_DISK;

struct fixture {
	char *folder, *path;
	struct db *db;
	struct db_txn *txn;
	struct journal_head head;
};

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	assert_true(sodium_init() >= 0);
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "store");
	assert_int_equal(db_open(fixture->path, tables, TABLE_COUNT, &fixture->db), 0);
	assert_int_equal(db_begin_write(fixture->db, &fixture->txn), 0);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	db_abort(fixture->txn);
	db_close(fixture->db);
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

static struct journal_record record_of(const char *payload)
{
	struct journal_record record = {
	    .commit = 0x0102030405060708,
	    .wall_ms = -2,
	    .kind = JOURNAL_ACCEPTED,
	    .reporter_id = 0x11121314,
	    .stream = "sixteen bytes...",
	    .sequence = 0x2122232425262728,
	};
	crypto_generichash(record.payload_hash, JOURNAL_HASH_SIZE, (const unsigned char *)payload,
	                   strlen(payload), NULL, 0);
	return record;
}

static void append(struct fixture *fixture, struct journal_record *record, const char *payload)
{
	journal_append(fixture->txn, &fixture->head, record, payload, strlen(payload));
}

static void put_little(uint8_t *bytes, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

/* The header's words, followed anew: BLAKE2b-256 of the chain before and the record's bytes, one behind the
 * other. */
static void expect_chain(const uint8_t before[JOURNAL_HASH_SIZE], const struct journal_record *record)
{
	uint8_t bytes[JOURNAL_HASH_SIZE + 80], chain[JOURNAL_HASH_SIZE];
	memcpy(bytes, before, JOURNAL_HASH_SIZE);
	put_little(bytes + 32, record->commit, 8);
	put_little(bytes + 40, (uint64_t)record->wall_ms, 8);
	put_little(bytes + 48, record->kind, 4);
	put_little(bytes + 52, record->reporter_id, 4);
	memcpy(bytes + 56, record->stream, JOURNAL_STREAM_SIZE);
	put_little(bytes + 72, record->sequence, 8);
	memcpy(bytes + 80, record->payload_hash, JOURNAL_HASH_SIZE);
	crypto_generichash(chain, sizeof chain, bytes, sizeof bytes, NULL, 0);
	assert_memory_equal(record->chain, chain, sizeof chain);
}

static void each_chain_is_the_hash_of_the_one_before_and_the_record(void **state)
{
	static const uint8_t zero[JOURNAL_HASH_SIZE];
	static const char *const payloads[] = {"first", "", "third"};
	struct fixture *fixture = *state;
	uint8_t before[JOURNAL_HASH_SIZE];
	memcpy(before, zero, sizeof before);
	for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
		struct journal_record record = record_of(payloads[i]);
		append(fixture, &record, payloads[i]);
		expect_chain(before, &record);
		assert_int_equal(fixture->head.entry, i + 1);
		assert_memory_equal(fixture->head.chain, record.chain, JOURNAL_HASH_SIZE);
		memcpy(before, record.chain, sizeof before);
	}
}

static void any_changed_byte_changes_the_chain(void **state)
{
	struct fixture *fixture = *state;
	struct journal_record record = record_of("payload");
	append(fixture, &record, "payload");
	for (size_t i = 0; i < offsetof(struct journal_record, chain); i++) {
		struct journal_head empty = {.entry = 0};
		struct journal_record other = record_of("payload");
		((uint8_t *)&other)[i] ^= 1;
		journal_append(fixture->txn, &empty, &other, "payload", 7);
		assert_memory_not_equal(other.chain, record.chain, JOURNAL_HASH_SIZE);
	}
	for (size_t i = 0; i < JOURNAL_HASH_SIZE; i++) {
		struct journal_head head = {.entry = 0};
		struct journal_record same = record_of("payload");
		head.chain[i] ^= 0x80;
		journal_append(fixture->txn, &head, &same, "payload", 7);
		assert_memory_not_equal(same.chain, record.chain, JOURNAL_HASH_SIZE);
	}
}

static void entries_are_read_back_as_they_were_appended(void **state)
{
	struct fixture *fixture = *state;
	struct journal_record first = record_of("first"), names = record_of(""), found;
	const void *payload;
	size_t size;
	names.kind = JOURNAL_REFUSED;
	append(fixture, &first, "first");
	journal_append(fixture->txn, &fixture->head, &names, NULL, 0);
	assert_int_equal(db_commit(fixture->txn), 0);
	assert_int_equal(db_begin_write(fixture->db, &fixture->txn), 0);
	assert_int_equal(journal_read(fixture->txn, 1, &found, &payload, &size), 0);
	assert_memory_equal(&found, &first, sizeof first);
	assert_int_equal(size, 5);
	assert_memory_equal(payload, "first", 5);
	assert_int_equal(journal_read(fixture->txn, 2, &found, &payload, &size), 0);
	assert_memory_equal(&found, &names, sizeof names);
	assert_int_equal(size, 0);
	assert_int_equal(journal_read(fixture->txn, 0, &found, &payload, &size), DB_ABSENT);
	assert_int_equal(journal_read(fixture->txn, 3, &found, &payload, &size), DB_ABSENT);
}

static void an_entry_shorter_than_a_record_is_corrupt(void **state)
{
	struct fixture *fixture = *state;
	struct journal_record found;
	const void *payload;
	size_t size;
	struct db_key key = {.size = 0};
	db_key_add_u64(&key, 1);
	db_put(fixture->txn, TABLE_JOURNAL, &key, "short", 5);
	assert_int_equal(journal_read(fixture->txn, 1, &found, &payload, &size), FAULT_CORRUPT);
}

#define JOURNAL_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    JOURNAL_TEST(each_chain_is_the_hash_of_the_one_before_and_the_record),
	    JOURNAL_TEST(any_changed_byte_changes_the_chain),
	    JOURNAL_TEST(entries_are_read_back_as_they_were_appended),
	    JOURNAL_TEST(an_entry_shorter_than_a_record_is_corrupt),
	};
	return cmocka_run_group_tests_name("journal_journal", tests, NULL, NULL);
}
