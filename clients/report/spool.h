/* The spool: the reports that were given their number, in one LMDB environment. Those that are not decided yet are
 * pending; those that are stay a while, kept for the day the daemon asks for them again (it was restored from a
 * backup).
 *
 * What always holds: a report gets its number and its exact bytes in one synced transaction, all reports of
 * one push in the same one; a number is never given twice and its bytes never change until it is removed, but by
 * spool_amend. The stream's name (16 random bytes) is made with the first report and belongs to one reporter for
 * good. Every record carries its own checksum, because LMDB has none, and the format its version. Whatever fails, and
 * whenever the process is killed, a call was done wholly or not at all.
 *
 * Keeping comes second: what is kept goes, oldest first, when its days are over, when it takes more than half of the
 * spool's room, and when pending reports need the room.
 *
 * One thread at a time. Several processes may use a spool at once: transactions take turns, and spool_lock
 * makes sure that only one of them delivers. Never fork while a spool is open, never open one twice in a process, and
 * never copy a spool to use both: its numbers would name two different reports. Where a file that is cut off or damaged
 * leads LMDB astray, the program ends with a sentence and EXIT_REFUSED: there is no way back from a signal.
 *
 * The sentence given at spool_open gets the reason of every answer other than 0, for people. */
#ifndef SUANPAN_CLIENTS_REPORT_SPOOL_H
#define SUANPAN_CLIENTS_REPORT_SPOOL_H

#include "clients/report/sentence.h"
#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_FORMAT        2 /* 1 is read as well, and becomes 2 */
#define SPOOL_STREAM_SIZE   16
#define SPOOL_REPORTER_SIZE 65
#define SPOOL_ROOM          ((uint64_t)1 << 30)

struct spool;

enum spool_verdict {
	SPOOL_NOT_A_SPOOL = 1,    /* the folder holds other things */
	SPOOL_OTHER_REPORTER = 2, /* it belongs to another one */
	SPOOL_BUSY = 3,           /* another process is delivering */
	SPOOL_NOTHING = 4,        /* no such record */
};

/* Opens the spool in the folder `path`, or makes it (mode 0700, parents too). FAULT_FORMAT if a newer program
 * made it. `why` is borrowed until spool_close. */
int MUST_CHECK spool_open(const char *path, struct sentence *why, struct spool **ret_spool);
void spool_close(struct spool *spool); /* NULL is fine */
/* Whether there is a spool in the folder; makes nothing. */
bool spool_exists(const char *path);

/* What a spool that was just opened does not know: it keeps nothing, and has SPOOL_ROOM. */
struct spool_bounds {
	int64_t keep_ms; /* how long a decided report is kept; 0: not at all */
	uint64_t room;   /* bytes for pending and kept ones together */
};
void spool_set_bounds(struct spool *spool, const struct spool_bounds *bounds);

struct spool_state {
	bool has_identity; /* false until the first report: then stream and reporter are not set */
	uint8_t stream[SPOOL_STREAM_SIZE];
	char reporter[SPOOL_REPORTER_SIZE];
	uint64_t next;   /* the number that the next report gets */
	uint64_t oldest; /* the lowest one held, pending or kept; `next` if none is */
	uint64_t pending, kept;
	uint64_t first_pending, first_kept, last_kept; /* `next` if there are none */
	uint64_t kept_bytes;
};
int MUST_CHECK spool_read_state(struct spool *spool, struct spool_state *ret_state);

/* Where a row of a report came from. */
struct spool_place {
	uint32_t file; /* index into files */
	uint32_t line;
};

struct spool_report {
	uint64_t sequence;
	int64_t wall_ms; /* when it was spooled */
	const void *payload;
	size_t payload_size;
	const struct spool_place *places; /* one per row */
	size_t row_count;
	const char *const *files;
	size_t file_count;
	bool kept; /* else it is pending, and the next two say nothing */
	int64_t decided_ms;
	bool accepted;
};

/* ---- adding: begin, put each report, commit; or abort ---- */

struct spool_batch {
	struct spool *spool;
	void *transaction;
	struct spool_state state; /* what the next report is to be packed with; `next` moves with every put */
	int failed;               /* sticky: the first fault; the calls after it do nothing */
};
/* Waits for other writers. Makes the stream if there is none; SPOOL_OTHER_REPORTER if it is not this one's.
 */
int MUST_CHECK spool_begin(struct spool *spool, const char *reporter, struct spool_batch *ret_batch);
/* Stores the report under batch->state.next (of `report` what was found out later is not looked at). */
void spool_put(struct spool_batch *batch, const struct spool_report *report);
/* On disk when it answers 0; the batch is over either way. FAULT_MAP_FULL: not even without all that was kept is there
 * room. */
int MUST_CHECK spool_commit(struct spool_batch *batch);
void spool_abort(struct spool_batch *batch);

/* ---- delivering ---- */

/* Waits up to timeout_ms for other processes that deliver; held until spool_close or the end of the process.
 */
int MUST_CHECK spool_lock(struct spool *spool, int timeout_ms);
/* The pending sequences up to `last`, ascending; malloc, the caller's to free. NULL if there are none. */
int MUST_CHECK spool_list(struct spool *spool, uint64_t last, uint64_t **ret_sequences, size_t *ret_count);
/* The same of those that are kept. */
int MUST_CHECK spool_list_kept(struct spool *spool, uint64_t last, uint64_t **ret_sequences,
                               size_t *ret_count);
/* Pending or kept. One block from malloc, the caller's to free. SPOOL_NOTHING, or FAULT_CORRUPT if its bytes are not
 * those that were stored. */
int MUST_CHECK spool_read(struct spool *spool, uint64_t sequence, struct spool_report **ret_report);

struct spool_decision {
	uint64_t sequence;
	bool accepted; /* else refused */
};
/* These are no longer pending, in one synced transaction; kept from now on, as far as the bounds allow and the disk has
 * room. Those not there (any more) do not matter. */
int MUST_CHECK spool_decide(struct spool *spool, const struct spool_decision decisions[], size_t count,
                            int64_t now_ms);

/* Makes everything that is kept from `from` on pending again: the daemon has asked for it. `*ret_first` is the lowest
 * pending one from there on: `from` itself, if it is held. Damaged ones among the kept stay where they are. SPOOL_NOTHING: no
 * report from there on is held. Several transactions: after a fault, some may be pending again. */
int MUST_CHECK spool_go_back(struct spool *spool, uint64_t from, uint64_t *ret_first, size_t *ret_count);

/* Appends to the payload of a pending report, on disk when it answers 0. At most one report is amended at a time, and
 * once: SPOOL_NOTHING if this one was, or is not pending. */
int MUST_CHECK spool_amend(struct spool *spool, uint64_t sequence, const void *bytes, size_t size);
/* Undoes that. SPOOL_NOTHING if the report was not amended, or is not pending. */
int MUST_CHECK spool_take_back(struct spool *spool, uint64_t sequence);

/* ---- what the daemon knows: a cache of answers, one opaque block ---- */

int MUST_CHECK spool_write_cache(struct spool *spool, int64_t wall_ms, const void *bytes, size_t size);
/* malloc, the caller's to free. SPOOL_NOTHING if none was kept, or what was kept is damaged. */
int MUST_CHECK spool_read_cache(struct spool *spool, int64_t *ret_wall_ms, void **ret_bytes,
                                size_t *ret_size);

#endif
