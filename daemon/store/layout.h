/* Keys and records of the store, as they are on disk (format STORE_FORMAT). Private to daemon/store
 * and daemon/upkeep.
 *
 * Records are little-endian structs without padding; keys are built from big-endian parts so that they sort.
 */
#ifndef SUANPAN_STORE_LAYOUT_H
#define SUANPAN_STORE_LAYOUT_H

#include "daemon/db/db.h"
#include "daemon/db/tables.h"
#include "daemon/journal/journal.h"
#include "daemon/store/store.h"
#include "proto/period.h"

/* How the store stands after a commit: the last one is the head. */
struct head_record {
	uint64_t commit; /* also its key */
	int64_t wall_ms; /* never below the one before */
	struct journal_head journal;
	uint64_t observations, revisions, values, refused;
	uint64_t recomputed, changed; /* indicator values, by this commit */
	uint64_t recomputed_in_all;
};
_Static_assert(sizeof(struct head_record) == 112, "on disk");

struct catalogue_record {
	uint64_t entry; /* of the journal, with the files */
	uint8_t hash[STORE_HASH_SIZE];
};

struct decision_record {
	uint8_t hash[STORE_HASH_SIZE];
	uint64_t commit, entry;
	uint64_t accepted; /* 1 or 0 */
};
_Static_assert(sizeof(struct decision_record) == 56, "on disk");

struct stream_record {
	uint64_t last_sequence; /* decided */
	uint64_t gaps;          /* sequences that the sender declared lost */
};

struct reporter_record {
	uint64_t reports;
	int64_t last_wall_ms;
};

struct closed_record {
	uint64_t entry;  /* of the journal, with the act */
	uint64_t closed; /* 1: from this commit on; 0: open again */
};

/* origin = entry << 8 | status letter; 0: no observation. */
struct slot_record {
	int64_t value;
	uint64_t origin;
};

struct row_record {
	struct slot_record slot[CELLS_PER_ROW];
};
_Static_assert(sizeof(struct row_record) == 512, "on disk");

struct revision_record {
	int64_t value;
	uint64_t status;
};

struct total_record {
	uint64_t sum_low;
	int64_t sum_high; /* sum = high * 2^64 + low */
	uint64_t count;   /* leaf areas behind it */
};

/* Followed by listed_missing, then listed_carried area ids (u32). */
struct value_record {
	int64_t units;
	uint64_t commit;
	uint32_t reported, expected;
	uint32_t missing_count, carried_count;
	uint16_t listed_missing, listed_carried;
	uint8_t state, status;
	uint8_t zero[2];
};
_Static_assert(sizeof(struct value_record) == 40, "on disk");

/* Followed by the texts of enum alert_text, each ended by a NUL. */
struct alert_record {
	uint64_t
	    raised; /* the commit that raised it; the one that brought it into this state is in the key */
	int64_t units;
	uint32_t period;
	int32_t due_day;
	uint32_t part, whole;
	uint8_t kind, state, severity, flags; /* enum alert_flag */
	uint8_t decimals, chance, agreed, zero;
};
_Static_assert(sizeof(struct alert_record) == 40, "on disk");

enum alert_flag { ALERT_FLAG_PROVISIONAL = 1, ALERT_FLAG_BINDING = 2, ALERT_FLAG_VALUE = 4 };

enum alert_text {
	ALERT_TEXT_CODE,
	ALERT_TEXT_AREA,
	ALERT_TEXT_REPORTER,
	ALERT_TEXT_PLAN,
	ALERT_TEXT_ROW,
	ALERT_TEXT_RULE,
	ALERT_TEXT_ACTOR,
	ALERT_TEXT_WHY,
	ALERT_TEXT_COUNT
};

struct watched_record {
	uint64_t number;
	uint8_t severity, settled;
	uint16_t zero;
	int32_t fine_day;
};
_Static_assert(sizeof(struct watched_record) == 16, "on disk");

/* The last look at the calendar that was noted. */
struct looked_record {
	uint64_t catalogue; /* the journal's entry with the catalogue it was by */
	int32_t day;
	uint32_t zero;
	uint8_t calendar[STORE_HASH_SIZE]; /* hash of the days before that one, worked or not */
};
_Static_assert(sizeof(struct looked_record) == 48, "on disk");

enum stirred_kind { STIRRED_LOOKED = 1, STIRRED_DUTIES = 2, STIRRED_ROW = 3 };

static inline uint64_t slot_entry(struct slot_record slot)
{
	return slot.origin >> 8;
}

static inline char slot_status(struct slot_record slot)
{
	return (char)(slot.origin & 0xff);
}

static inline struct db_key layout_key_of_three(uint32_t first, uint32_t second, uint32_t third)
{
	struct db_key key = {.size = 0};
	db_key_add_u32(&key, first);
	db_key_add_u32(&key, second);
	db_key_add_u32(&key, third);
	return key;
}

static inline struct db_key layout_cells_key(uint32_t statistic_id, struct period period, uint32_t row)
{
	return layout_key_of_three(statistic_id, period.code, row);
}

static inline struct db_key layout_totals_key(uint32_t statistic_id, struct period period, uint32_t area_id)
{
	return layout_key_of_three(statistic_id, period.code, area_id);
}

static inline struct db_key layout_values_key(uint32_t indicator_id, uint32_t area_id, struct period period)
{
	return layout_key_of_three(indicator_id, area_id, period.code);
}

static inline struct db_key layout_revisions_key(uint32_t statistic_id, struct period period,
                                                 uint32_t area_id)
{
	return layout_key_of_three(statistic_id, period.code, area_id); /* and the entry, as u64 */
}

/* Versions of something: its key, then the commit from which on they hold. */
static inline struct db_key layout_version_key(struct db_key key, uint64_t commit)
{
	db_key_add_u64(&key, commit);
	return key;
}

static inline struct db_key layout_commit_key(uint64_t commit)
{
	return layout_version_key((struct db_key){.size = 0}, commit);
}

static inline struct db_key layout_id_key(uint32_t id)
{
	struct db_key key = {.size = 0};
	db_key_add_u32(&key, id);
	return key;
}

static inline struct db_key layout_stream_key(uint32_t reporter_id, const uint8_t stream[STORE_STREAM_SIZE])
{
	struct db_key key = {.size = 0};
	db_key_add_u32(&key, reporter_id);
	db_key_add_bytes(&key, stream, STORE_STREAM_SIZE);
	return key;
}

static inline struct db_key layout_decision_key(uint32_t reporter_id, const uint8_t stream[STORE_STREAM_SIZE],
                                                uint64_t sequence)
{
	struct db_key key = layout_stream_key(reporter_id, stream);
	db_key_add_u64(&key, sequence);
	return key;
}

static inline struct db_key layout_text_key(const char *text)
{
	struct db_key key = {.size = 0};
	db_key_add_bytes(&key, text, __builtin_strlen(text));
	return key;
}

static inline struct db_key layout_alert_key(uint64_t number, uint64_t commit)
{
	struct db_key key = {.size = 0};
	db_key_add_u64(&key, number);
	db_key_add_u64(&key, commit);
	return key;
}

/* Reads a record of exactly this size; DB_ABSENT, or FAULT_CORRUPT for another size. */
int MUST_CHECK layout_read(struct db_txn *txn, enum table table, const struct db_key *key, void *ret_record,
                           size_t size);

#endif
