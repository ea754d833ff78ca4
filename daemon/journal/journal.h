/* The journal: what was decided, in order, each entry carrying the hash of the one before.
 *
 * It is the truth; every other table can be made from it. It lives in the same transaction as what is derived
 * from it, so there is no recovery code: either both are on disk or neither is. Append-only.
 *
 * chain(n) = BLAKE2b-256(chain(n - 1), the record of n without its chain); chain(0) is 32 zero bytes. The
 * record holds the hash of its payload, so changing any byte of any entry changes every later chain. */
#ifndef SUANPAN_JOURNAL_JOURNAL_H
#define SUANPAN_JOURNAL_JOURNAL_H

#include "daemon/base/fault.h"
#include "daemon/db/db.h"
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_HASH_SIZE   32
#define JOURNAL_STREAM_SIZE 16

enum journal_kind {
	JOURNAL_ACCEPTED = 1,  /* payload: the Report as it was received */
	JOURNAL_REFUSED = 2,   /* no payload: only that this sequence was used up, and by which bytes */
	JOURNAL_CATALOGUE = 3, /* payload: the catalogue's files, packed: in force from this commit on */
	JOURNAL_ACT = 4,       /* payload: the operator's Act, packed, with who did it (daemon/acts.h) */
	JOURNAL_LOOK =
	    5, /* no payload: calendar and targets were looked at, and alerts raised or resolved, at this time */
};

struct journal_record {
	uint64_t commit;
	int64_t wall_ms;
	uint32_t kind;
	uint32_t reporter_id; /* 0 where nobody reported */
	uint8_t stream[JOURNAL_STREAM_SIZE];
	uint64_t sequence;
	uint8_t payload_hash[JOURNAL_HASH_SIZE]; /* BLAKE2b-256 of the bytes received */
	uint8_t chain[JOURNAL_HASH_SIZE];
};

/* Where the journal ends: part of the store's head. */
struct journal_head {
	uint64_t entry; /* number of the newest; 0 while empty */
	uint8_t chain[JOURNAL_HASH_SIZE];
};

/* Appends under number head->entry + 1, fills in record->chain, and moves head on. Failures stick to the
 * transaction. */
void journal_append(struct db_txn *txn, struct journal_head *head, struct journal_record *record,
                    const void *payload, size_t size);

/* DB_ABSENT where there is no such entry. The payload lives as long as the transaction and no write happens.
 */
int MUST_CHECK journal_read(struct db_txn *txn, uint64_t entry, struct journal_record *ret_record,
                            const void **ret_payload, size_t *ret_size);

/* A place that entries come from in order: a store's journal, or an archive. */
struct journal_item {
	uint64_t entry;
	struct journal_record record;
	const void *payload; /* lives until the next call of the source */
	size_t size;
};
struct journal_source {
	void *context;
	int (*next)(void *context, struct journal_item *ret_item); /* 0, JOURNAL_END, or a fault */
};

enum journal_verdict {
	JOURNAL_END = 1,
	JOURNAL_OTHER_PAYLOAD = 2, /* the payload is not the one the record was made for */
	JOURNAL_BROKEN_CHAIN = 3,  /* the record does not follow from what came before it, or was changed */
	JOURNAL_UNKNOWN_KIND = 4,
};
/* Is this what was appended behind an entry whose chain was `before` (32 zero bytes for entry 1)? */
int MUST_CHECK journal_check(const uint8_t before[JOURNAL_HASH_SIZE], const struct journal_record *record,
                             const void *payload, size_t size);
/* The same in words: "its hash does not follow from the entry before". Static storage. */
const char *journal_verdict_text(int verdict);

#endif
