#include "daemon/upkeep/verify.h"

#include "daemon/archive/archive.h"
#include "daemon/archive/segment.h"
#include "daemon/db/pages.h"
#include "daemon/db/seal.h"
#include "daemon/journal/journal.h"
#include "daemon/store/internal.h"
#include "daemon/upkeep/words.h"
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void add_at(struct db_txn *txn, struct findings *findings, enum table table, const struct db_key *key,
                   const char *what)
{
	char where[WORDS_SIZE];
	words_of_key(txn, table, key, where);
	findings_add(findings, "%s: %s: %s", words_of_table(table), where, what);
}

/* ---- the seal ---- */

static void add_finding(void *findings, const char *finding)
{
	findings_add(findings, "%s", finding);
}

int verify_seal(const char *folder, struct findings *findings)
{
	struct seal_report report;
	findings_begin(findings, "seal");
	int result = seal_verify(folder, add_finding, findings, &report);
	if (result < 0)
		return result;
	if (result == SEAL_NONE)
		findings_end(findings, "none, as the store is open or was not closed");
	else
		findings_end(findings, "%" PRIu64 " pages as they were when the store was closed",
		             report.pages);
	return 0;
}

/* ---- pages ---- */

int verify_pages(struct db *db, struct findings *findings)
{
	struct pages_report report;
	findings_begin(findings, "pages");
	int result = db_verify_pages(db, add_finding, findings, &report);
	if (result < 0)
		return result;
	if (result == PAGES_MOVING)
		findings_end(findings, "not looked at: the daemon writes too quickly");
	else
		findings_end(findings, "%" PRIu64 " used and %" PRIu64 " free, each once", report.used,
		             report.free);
	return 0;
}

/* ---- tables ---- */

static bool is_after(const struct db_key *key, const struct db_key *before)
{
	size_t size = key->size < before->size ? key->size : before->size;
	int order = memcmp(key->bytes, before->bytes, size);
	return order > 0 || (order == 0 && key->size > before->size);
}

/* What a walk comes upon a search may miss: it goes another way, through the pages above. */
static bool is_found(struct db_txn *txn, enum table table, const struct db_key *key, struct db_value value)
{
	struct db_value found;
	int result = db_get(txn, table, key, &found);
	db_forgive(txn);
	return result == 0 && found.bytes == value.bytes && found.size == value.size;
}

static int verify_entries(struct db_txn *txn, struct db_cursor *cursor, enum table table,
                          struct findings *findings, uint64_t *ret_count)
{
	struct db_key key = {.size = 0}, before;
	struct db_value value;
	uint64_t count = 0;
	int result;
	for (;; count++) {
		before = key;
		result = db_cursor_next(cursor, &key, &value);
		if (result != 0 && result != FAULT_CORRUPT)
			break;
		if (result == FAULT_CORRUPT)
			add_at(txn, findings, table, &key, "the value does not match its checksum");
		else if (!is_found(txn, table, &key, value))
			add_at(txn, findings, table, &key, "is there, but a search does not find it");
		if (count > 0 && !is_after(&key, &before)) {
			add_at(txn, findings, table, &key, "is out of order; the rest was not looked at");
			return UINT8_MAX; /* the walk may be going round in circles */
		}
	}
	*ret_count = count;
	return result;
}

static int verify_table(struct db_txn *txn, enum table table, struct findings *findings, uint64_t *values)
{
	struct db_cursor *cursor;
	uint64_t count = 0;
	findings_step(findings, words_of_table(table));
	int result = db_cursor_open(txn, table, &cursor);
	if (result != 0)
		return result;
	result = verify_entries(txn, cursor, table, findings, &count);
	db_cursor_close(cursor);
	if (result == -ENOMEM)
		return result;
	if (result < 0)
		findings_add(findings, "%s: the pages behind %" PRIu64 " values cannot be followed",
		             words_of_table(table), count);
	else if (result == DB_ABSENT && count != db_count(txn, table))
		findings_add(findings, "%s: %" PRIu64 " values, but %" PRIu64 " were counted when written",
		             words_of_table(table), count, db_count(txn, table));
	*values += count;
	return 0;
}

int verify_tables(struct db_txn *txn, enum table first, struct findings *findings)
{
	uint64_t values = 0;
	int result = 0;
	findings_begin(findings, "checksums");
	for (enum table table = first; table < TABLE_COUNT && result == 0; table++) {
		findings_table(findings, table);
		result = verify_table(txn, table, findings, &values);
	}
	findings_table(findings, TABLE_COUNT);
	if (result == 0)
		findings_end(findings, "%" PRIu64 " values in %d tables: as they were written", values,
		             TABLE_COUNT - (int)first);
	return result;
}

/* ---- the journal ---- */

static int verify_entry(struct db_txn *txn, uint64_t entry, uint8_t chain[JOURNAL_HASH_SIZE],
                        struct findings *findings)
{
	struct journal_record record;
	const void *payload;
	size_t size;
	int result = journal_read(txn, entry, &record, &payload, &size);
	bool is_there = result == 0;
	db_forgive(txn);
	if (result == -ENOMEM)
		return result;
	if (is_there)
		result = journal_check(chain, &record, payload, size);
	if (result != 0)
		findings_add(findings, "entry %" PRIu64 ": %s", entry,
		             result == DB_ABSENT ? "it is missing" : journal_verdict_text(result));
	if (is_there) /* one break is one finding: go on from what stands here */
		memcpy(chain, record.chain, JOURNAL_HASH_SIZE);
	return 0;
}

static void hash_in_hex(const uint8_t hash[JOURNAL_HASH_SIZE], char ret_text[2 * JOURNAL_HASH_SIZE + 1])
{
	for (size_t i = 0; i < JOURNAL_HASH_SIZE; i++)
		snprintf(ret_text + 2 * i, 3, "%02x", hash[i]);
}

int verify_journal(struct db_txn *txn, struct findings *findings)
{
	uint8_t chain[JOURNAL_HASH_SIZE] = {0};
	char hash[2 * JOURNAL_HASH_SIZE + 1];
	struct head_record head;
	findings_begin(findings, "journal");
	int result = store_read_head(txn, UINT64_MAX, &head);
	db_forgive(txn);
	if (result < 0) {
		findings_add(findings, "the head cannot be read");
		return 0;
	}
	for (uint64_t entry = 1; entry <= head.journal.entry && result == 0; entry++)
		result = verify_entry(txn, entry, chain, findings);
	if (result != 0)
		return result;
	if (memcmp(chain, head.journal.chain, sizeof chain) != 0)
		findings_add(findings,
		             "the last entry's hash is not the one that commit %" PRIu64 " recorded",
		             head.commit);
	if (db_count(txn, TABLE_JOURNAL) != head.journal.entry)
		findings_add(findings, "%" PRIu64 " entries, but the head counts %" PRIu64,
		             db_count(txn, TABLE_JOURNAL), head.journal.entry);
	hash_in_hex(head.journal.chain, hash);
	findings_end(findings, "%" PRIu64 " entries in an unbroken chain; head %s", head.journal.entry, hash);
	return 0;
}

/* ---- the archive ---- */

struct archive_check {
	struct db_txn *txn;
	const char *folder;
	struct archive_reader *reader;
	struct head_record head;
	struct findings *findings;
	uint64_t first, last; /* entries that were read */
};

struct packed {
	uint8_t *bytes; /* from malloc; NULL: none */
	size_t size;
};

/* An entry's hash stands for all of it and all before it: the reader has seen to that. */
static int compare_entry(struct archive_check *check, const struct journal_item *item)
{
	struct journal_record record;
	const void *payload;
	size_t size;
	if (check->first == 0)
		check->first = item->entry;
	check->last = item->entry;
	if (item->entry > check->head.journal.entry)
		return 0;
	int result = journal_read(check->txn, item->entry, &record, &payload, &size);
	db_forgive(check->txn);
	if (result == -ENOMEM)
		return result;
	if (result != 0 || memcmp(record.chain, item->record.chain, sizeof record.chain) == 0)
		return 0; /* what the journal has lost is the journal's finding */
	findings_add(check->findings,
	             "entry %" PRIu64
	             " is another one than the journal's: this is the archive of another store",
	             item->entry);
	return JOURNAL_END;
}

static int pack_header(const struct archive_place *place, struct packed *ret)
{
	struct segment_header header = {.first_entry = place->entry + 1};
	memcpy(header.chain_before, place->chain, sizeof header.chain_before);
	ret->size = SEGMENT_HEADER_SIZE;
	ret->bytes = malloc(ret->size);
	if (!ret->bytes)
		return -ENOMEM;
	segment_pack_header(&header, ret->bytes);
	return 0;
}

/* What an append that was cut off leaves: the first bytes of what the journal has there. Nothing, where it
 * has none. */
static int pack_expected(struct archive_check *check, const struct archive_place *place, struct packed *ret)
{
	struct journal_item item = {.entry = place->entry + 1};
	int result = journal_read(check->txn, item.entry, &item.record, &item.payload, &item.size);
	db_forgive(check->txn);
	if (result != 0)
		return result == -ENOMEM ? result : 0;
	if (place->offset == 0)
		return pack_header(place, ret);
	ret->size = segment_record_size(item.size);
	ret->bytes = malloc(ret->size);
	if (!ret->bytes)
		return -ENOMEM;
	segment_pack_record(&item, ret->bytes);
	return 0;
}

/* The beginning of what is expected, and then nothing, or the zeros of an append whose bytes the disk has
 * not kept. Zeros that differ in one byte only are no append, but a byte that was changed. */
static bool is_cut_off(const uint8_t *rest, size_t size, const struct packed *expected)
{
	size_t same = 0, unlike = 0;
	while (expected->bytes && same < size && same < expected->size && rest[same] == expected->bytes[same])
		same++;
	for (size_t i = same; i < size; i++) {
		if (rest[i] != 0)
			return false;
		unlike += !expected->bytes || i >= expected->size || expected->bytes[i] != 0;
	}
	return same == size || unlike > 1;
}

static int judge_end(struct archive_check *check, int verdict)
{
	const struct archive_place place = archive_reader_place(check->reader);
	struct packed expected = {.bytes = NULL};
	void *rest;
	size_t size;
	if (verdict == ARCHIVE_TORN && place.entry >= check->head.journal.entry)
		return 0; /* a daemon was writing it since the snapshot began */
	int result = archive_reader_rest(check->reader, &rest, &size);
	if (result != 0)
		return result;
	result = pack_expected(check, &place, &expected);
	if (result == 0 && is_cut_off(rest, size, &expected))
		findings_say(check->findings,
		             "an append that was cut off left %zu bytes at the end; the next start of the "
		             "daemon removes them",
		             size);
	else if (result == 0)
		findings_add(check->findings, "%s; what follows was not looked at",
		             archive_reader_text(check->reader));
	free(rest);
	free(expected.bytes);
	return result;
}

static int read_archive(struct archive_check *check)
{
	struct journal_item item;
	int result = 0;
	while (result == 0) {
		result = archive_reader_next(check->reader, &item);
		if (result == 0)
			result = compare_entry(check, &item);
	}
	if (result == ARCHIVE_TORN || (result == ARCHIVE_DAMAGED && archive_reader_is_in_last(check->reader)))
		return judge_end(check, result);
	if (result == ARCHIVE_DAMAGED)
		findings_add(check->findings, "%s; what follows was not looked at",
		             archive_reader_text(check->reader));
	return result < 0 ? result : 0;
}

static void tell_archive(struct archive_check *check, uint64_t newest)
{
	uint64_t head = check->head.journal.entry;
	if (newest > head)
		findings_add(check->findings,
		             "holds entries up to %" PRIu64 ", but the journal ends at %" PRIu64
		             ": the store has lost them, and `suanpand restore` brings them back",
		             newest, head);
	if (check->last == 0)
		findings_end(check->findings, "%s: no entries yet", check->folder);
	else
		findings_end(check->findings,
		             "%s: entries %" PRIu64 " to %" PRIu64 ", as in the journal, which is %" PRIu64
		             " ahead",
		             check->folder, check->first, check->last < head ? check->last : head,
		             check->last < head ? head - check->last : 0);
}

int verify_archive(struct db_txn *txn, const char *folder, uint64_t newest, struct findings *findings)
{
	struct archive_check check = {.txn = txn, .folder = folder, .findings = findings};
	findings_begin(findings, "archive");
	int result = store_read_head(txn, UINT64_MAX, &check.head);
	db_forgive(txn);
	if (result < 0)
		return 0; /* a finding of the journal's already */
	result = archive_reader_open(folder, 0, &check.reader);
	if (result == -ENOENT || result == ARCHIVE_NONE) {
		findings_say(findings, "%s: there is none", folder);
		return 0;
	}
	if (result == 0)
		result = read_archive(&check);
	archive_reader_close(check.reader);
	if (result == 0)
		tell_archive(&check, newest);
	return result;
}
