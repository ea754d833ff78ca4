/* The store: every observation for good, and everything derived from it, in one LMDB environment.
 *
 * What always holds: one commit number is one transaction; the journal entry of a report, its observations,
 * the totals and the indicator values it moved are in the same one. Names have permanent ids, given at first
 * sight, so reordering or editing the catalogue never renumbers data. Nothing is overwritten: a superseded
 * observation moves to the revisions.
 *
 * Threads: one writer (store/write.h); any number of readers, each with its own snapshot, for a short time.
 */
#ifndef SUANPAN_STORE_STORE_H
#define SUANPAN_STORE_STORE_H

#include "daemon/alert/due.h"
#include "daemon/base/fault.h"
#include "daemon/catalogue/catalogue.h"
#include "daemon/indicator/evaluate.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_FORMAT      1
#define STORE_HASH_SIZE   32
#define STORE_STREAM_SIZE 16

struct store;

/* Opens or makes the store in the folder `path` (made if it is not there, mode 0700) and takes its lock: a
 * second daemon on the same store is refused (-EBUSY). FAULT_FORMAT when it is newer than STORE_FORMAT. */
int MUST_CHECK store_open(const char *path, struct store **ret_store);
/* Only to read, beside a running daemon or without one: nothing is made or changed. -ENOENT where there is no
 * store. As db_open_reader: not in a process that has it open already, one snapshot at a time. */
int MUST_CHECK store_open_reader(const char *path, struct store **ret_store);
/* A store in the making: commits do not wait for the disk, so it is to be thrown away unless store_sync was
 * the last call. */
int MUST_CHECK store_open_unsynced(const char *path, struct store **ret_store);
int MUST_CHECK store_sync(struct store *store);
/* Writer only, outside a write: at least so many bytes of the map are free then. Each write sees to what a
 * group needs by itself. */
int MUST_CHECK store_make_room(struct store *store, size_t bytes);
void store_close(struct store *store); /* NULL is fine; no snapshot may be open */
/* What is below it, for those who look at tables as bytes: check, digest, archive. */
struct db;
struct db *store_db(struct store *store);

/* At start, with the catalogue in force (snapshot_catalogue): finds its permanent ids and uses it from now on. Any other must be
 * adopted first, which is a commit (store/write.h). */
int MUST_CHECK store_bind_catalogue(struct store *store, struct catalogue *catalogue);

/* The disk under the store. With less left than the reserve no write is begun (FAULT_DISK_LOW), until there is an eighth more
 * than the reserve: so there is always room for what is under way, and for the operator. */
struct store_disk {
	uint64_t free_bytes, reserve_bytes;
	bool is_low;
};
/* Before there is a second thread. The default is none. */
void store_set_reserve(struct store *store, uint64_t bytes);
/* Looks at it now; logs when it becomes low, and when it no longer is. Any thread. */
int MUST_CHECK store_look_at_disk(struct store *store, struct store_disk *ret_disk);

/* ---- reading: one consistent state, until closed. Keep it open for milliseconds, not longer. ---- */
struct snapshot;
int MUST_CHECK snapshot_open(struct store *store, struct snapshot **ret_snapshot);
void snapshot_close(struct snapshot *snapshot); /* NULL is fine; all rows from it die */
/* The first failure of any read so far, or 0: before an answer leaves, for what could not answer it itself. */
int MUST_CHECK snapshot_failure(const struct snapshot *snapshot);

enum snapshot_verdict { SNAPSHOT_NOTHING = 1 };

/* A moment in the store's life: the state right after a commit. */
struct moment {
	uint64_t commit, entry; /* the newest journal entry by then */
	int64_t wall_ms;        /* when; never earlier than the commit before it, whatever the clock did */
};
/* SNAPSHOT_NOTHING: no such commit yet; no commit at or before that time. */
int MUST_CHECK snapshot_find_commit(struct snapshot *snapshot, uint64_t commit, struct moment *ret_moment);
int MUST_CHECK snapshot_find_time(struct snapshot *snapshot, int64_t wall_ms, struct moment *ret_moment);
/* When the store's first commit was. */
int MUST_CHECK snapshot_began(struct snapshot *snapshot, int64_t *ret_wall_ms);
/* From here on everything is read as it stood at that moment: cells, values, revisions, extents, the summary's commit and
 * entries. Once per snapshot, before anything else is read from it. */
void snapshot_go_back(struct snapshot *snapshot, const struct moment *moment);

/* The packed files (catalogue_files_unpack) of the catalogue in force; bytes die with the snapshot. `ret_hash` names it. */
int MUST_CHECK snapshot_catalogue(struct snapshot *snapshot, const void **ret_bytes, size_t *ret_size,
                                  uint8_t ret_hash[STORE_HASH_SIZE]);
/* Gives a catalogue that was in force once its permanent ids again. */
int MUST_CHECK snapshot_bind_catalogue(struct snapshot *snapshot, struct catalogue *catalogue);

/* Rows of observations for the evaluator; checksums verified. */
struct cell_source snapshot_cells(struct snapshot *snapshot);
/* Whose figures are in. */
struct arrivals snapshot_arrivals(struct snapshot *snapshot);

struct store_summary {
	uint64_t commit, entries, observations, revisions, values, refused;
	uint8_t head[STORE_HASH_SIZE]; /* hash of the newest journal entry */
	uint64_t map_bytes, used_bytes;
	uint64_t recomputed, recomputed_in_all,
	    changed; /* values: by the newest commit; ever; changed by the newest */
};
int MUST_CHECK snapshot_summary(struct snapshot *snapshot, struct store_summary *ret_summary);

/* First and last day of the native periods of a statistic that were ever reported. Answers SNAPSHOT_NOTHING
 * if none. */
struct extent {
	int32_t first_day, last_day;
};
int MUST_CHECK snapshot_extent(struct snapshot *snapshot, uint32_t statistic_id, struct extent *ret_extent);

/* An indicator's value as it was computed in the transaction of its data. */
struct stored_value {
	enum value_state state;
	int64_t units;
	char status;
	uint32_t reported, expected;
	uint64_t commit;                       /* that last changed it */
	uint32_t missing[64], carried[64];     /* permanent area ids; the first 64 of them */
	uint32_t missing_count, carried_count; /* how many there are in all */
};

/* A value that a commit changed, for those who follow it live. Indexes into the catalogue. */
struct changed_value {
	bool is_statistic; /* at its own frequency; else an indicator, at every one it has */
	uint32_t which, area;
	struct period period;
	struct stored_value value; /* state VALUE_NO_DATA, nothing reported: it was dropped */
};

int MUST_CHECK snapshot_value(struct snapshot *snapshot, uint32_t indicator_id, uint32_t area_id,
                              struct period period, struct stored_value *ret_value);
/* Calls `each` for the stored values of one indicator, area and frequency with from <= period <= to,
 * ascending; stops at its first answer other than 0 and passes that on. */
int MUST_CHECK snapshot_walk_values(
    struct snapshot *snapshot, uint32_t indicator_id, uint32_t area_id, struct period from, struct period to,
    int (*each)(void *context, struct period period, const struct stored_value *value), void *context);

/* One observation as it stood from some journal entry on. */
struct revision {
	uint64_t entry;
	int64_t value;
	char status;
};
/* Oldest first, the last is the current one. *ret_revisions is from malloc, the caller's to free; NULL and 0
 * if none. */
int MUST_CHECK snapshot_revisions(struct snapshot *snapshot, uint32_t statistic_id, uint32_t area_id,
                                  struct period period, struct revision **ret_revisions, size_t *ret_count);

/* An accepted report in the journal. `payload` lives until the snapshot closes: the bytes as they were
 * received. */
struct journal_entry {
	uint64_t entry, commit;
	int64_t wall_ms;
	uint32_t reporter_id;
	uint8_t stream[STORE_STREAM_SIZE];
	uint64_t sequence;
	uint8_t hash[STORE_HASH_SIZE];
	const void *payload;
	size_t payload_size;
};
/* Any entry as it stands in the journal (journal.h): SNAPSHOT_NOTHING where there is none. The payload dies
 * with the snapshot. */
struct journal_record;
int MUST_CHECK snapshot_record(struct snapshot *snapshot, uint64_t entry, struct journal_record *ret_record,
                               const void **ret_payload, size_t *ret_size);
int MUST_CHECK snapshot_entry(struct snapshot *snapshot, uint64_t entry, struct journal_entry *ret_entry);
/* The code that a permanent reporter id stands for; lives until the next call. NULL: no such id, or it cannot be read. */
const char *snapshot_reporter_code(struct snapshot *snapshot, uint32_t reporter_id);

/* A period that an operator has closed: native periods that lie wholly inside it are changed only for a reason. */
struct closed_period {
	struct period period;
	uint64_t entry, commit; /* of the act, whose payload says who closed it, and why */
};
/* Ascending by their first day, the longer first. *ret_periods is from malloc, the caller's to free; NULL and 0 if none. */
int MUST_CHECK snapshot_closed(struct snapshot *snapshot, struct closed_period **ret_periods,
                               size_t *ret_count);

struct reporter_summary {
	uint64_t reports;     /* accepted */
	int64_t last_wall_ms; /* when the newest was accepted; 0: never */
};
int MUST_CHECK snapshot_reporter(struct snapshot *snapshot, uint32_t reporter_id,
                                 struct reporter_summary *ret_summary);

/* One spool of a reporter, as far as it was heard of. */
struct stream_summary {
	uint32_t reporter_id;
	uint8_t stream[STORE_STREAM_SIZE];
	uint64_t last_sequence, gaps;
	uint64_t first_entry, last_entry; /* of the journal, with its first and its last decision */
	int64_t first_wall_ms, last_wall_ms;
};
/* All of them as they stand now, by reporter id, each one's in the order in which they began. *ret_streams is from malloc,
 * the caller's to free; NULL and 0 if none. */
int MUST_CHECK snapshot_streams(struct snapshot *snapshot, struct stream_summary **ret_streams,
                                size_t *ret_count);

#endif
