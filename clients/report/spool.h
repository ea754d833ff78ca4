/* The spool: reports that were given their number and are not acknowledged yet, in one LMDB environment.
 *
 * What always holds: a report gets its number and its exact bytes in one synced transaction, all reports of
 * one push in the same one; a number is never given twice and its bytes never change until it is removed. The
 * stream's name (16 random bytes) is made with the first report and belongs to one reporter for good. Every
 * record carries its own checksum, because LMDB has none, and the format its version.
 *
 * One thread at a time. Several processes may use a spool at once: transactions take turns, and spool_lock
 * makes sure that only one of them delivers. Never fork while a spool is open, and never copy a spool to use
 * both: its numbers would name two different reports.
 *
 * The sentence given at spool_open gets the reason of every answer other than 0, for people. */
#ifndef SUANPAN_CLIENTS_REPORT_SPOOL_H
#define SUANPAN_CLIENTS_REPORT_SPOOL_H

#include "clients/report/sentence.h"
#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_FORMAT        1
#define SPOOL_STREAM_SIZE   16
#define SPOOL_REPORTER_SIZE 65

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

struct spool_state {
	bool has_identity; /* false until the first report: then stream and reporter are not set */
	uint8_t stream[SPOOL_STREAM_SIZE];
	char reporter[SPOOL_REPORTER_SIZE];
	uint64_t next;    /* the number that the next report gets */
	uint64_t oldest;  /* the lowest one pending; `next` if none is */
	uint64_t pending; /* how many are */
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
/* Stores the report under batch->state.next (report->sequence is not looked at). */
void spool_put(struct spool_batch *batch, const struct spool_report *report);
int MUST_CHECK
spool_commit(struct spool_batch *batch); /* on disk when it answers 0; the batch is over either way */
void spool_abort(struct spool_batch *batch);

/* ---- delivering ---- */

/* Waits up to timeout_ms for other processes that deliver; held until spool_close or the end of the process.
 */
int MUST_CHECK spool_lock(struct spool *spool, int timeout_ms);
/* The pending sequences up to `last`, ascending; malloc, the caller's to free. NULL if there are none. */
int MUST_CHECK spool_list(struct spool *spool, uint64_t last, uint64_t **ret_sequences, size_t *ret_count);
/* One block from malloc, the caller's to free. SPOOL_NOTHING, or FAULT_CORRUPT if its bytes are not those
 * that were stored. */
int MUST_CHECK spool_read(struct spool *spool, uint64_t sequence, struct spool_report **ret_report);
/* Forgets reports that were decided, in one synced transaction. Those not there (any more) do not matter. */
int MUST_CHECK spool_remove(struct spool *spool, const uint64_t sequences[], size_t count);

/* ---- what the daemon knows: a cache of answers, one opaque block ---- */

int MUST_CHECK spool_write_cache(struct spool *spool, int64_t wall_ms, const void *bytes, size_t size);
/* malloc, the caller's to free. SPOOL_NOTHING if none was kept, or what was kept is damaged. */
int MUST_CHECK spool_read_cache(struct spool *spool, int64_t *ret_wall_ms, void **ret_bytes,
                                size_t *ret_size);

#endif
