/* Writing: one transaction per group of reports. Writer thread only.
 *
 *     write_begin                     one commit number
 *       write_find_decision, write_last_sequence      per report: was it here before, is it its turn
 *       write_accept | write_refuse                   per report
 *     write_apply                     the observations of the whole group: cells, revisions, totals, extents
 *       write_touched, write_extent_moves, write_cells, write_value      what they affect is recomputed
 *     write_commit                    on disk, or the whole group never was
 *
 * Failures stick: they are answered by write_apply, write_value and write_commit. */
#ifndef SUANPAN_STORE_WRITE_H
#define SUANPAN_STORE_WRITE_H

#include "daemon/catalogue/observation.h"
#include "daemon/store/store.h"

struct write;

/* FAULT_DISK_LOW: see store_look_at_disk. */
int MUST_CHECK write_begin(struct store *store, int64_t wall_ms, struct write **ret_write);
uint64_t write_commit_number(const struct write *write);
/* Of the newest entry in the journal so far. */
uint64_t write_entry_number(const struct write *write);
/* The commit's time: what is decided by the clock is decided by this one, so that a replay comes to the same. */
int64_t write_wall_ms(const struct write *write);
/* When the store's first commit was; this one's time in an empty store. */
int MUST_CHECK write_began(struct write *write, int64_t *ret_wall_ms);
/* Whether anything was accepted or refused: if not, there is nothing to commit. */
bool write_has_changes(const struct write *write);
void write_abort(struct write *write); /* NULL is fine */
/* Ends the write. 0: on disk. Otherwise as db_commit. */
int MUST_CHECK write_commit(struct write *write);

/* From this commit on `catalogue` is in force, `files` its packed form: gives permanent ids to what is new, appends to the journal,
 * rebuilds the totals when `areas_differ`, and drops the kept values of what is no more. Before any report of the write. The
 * caller then recomputes every value (there is no telling which a changed formula moves). The store uses the catalogue once
 * the write is committed; until the store is closed it must stay. */
int MUST_CHECK write_adopt_catalogue(struct write *write, struct catalogue *catalogue, const void *files,
                                     size_t size, bool areas_differ);
/* The same for a catalogue of whose files only those differ on which no figure depends (catalogue_figures_may_differ): no value and
 * no total is looked at. */
int MUST_CHECK write_adopt_keys(struct write *write, struct catalogue *catalogue, const void *files,
                                size_t size);

struct decision {
	bool accepted;
	uint8_t hash[STORE_HASH_SIZE]; /* of the bytes that were decided on */
	uint64_t commit, entry;
};

enum write_verdict { WRITE_UNDECIDED = 1 };

int MUST_CHECK write_find_decision(struct write *write, const struct report_name *name,
                                   struct decision *ret_decision);
/* Highest decided sequence of the stream; 0 before the first. */
int MUST_CHECK write_last_sequence(struct write *write, const struct report_name *name,
                                   uint64_t *ret_sequence);
/* The answer that was given to a refused report: bytes valid until the next write; WRITE_UNDECIDED when it
 * has been let go (only the newest refusals are kept). */
int MUST_CHECK write_refusal_answer(struct write *write, uint64_t entry, const void **ret_bytes,
                                    size_t *ret_size);

struct accepted_report {
	struct report_name name;
	uint8_t hash[STORE_HASH_SIZE];
	const void *payload; /* as received */
	size_t payload_size;
	const struct observation *observations; /* must stay until write_apply */
	size_t observation_count;
	/* As they follow the rest of its ack, packed: kept, to be given again whenever the report is repeated. NULL: none. */
	const void *warnings;
	size_t warnings_size;
};
/* Appends to the journal; the observations wait for write_apply. *ret_entry: its number. */
int MUST_CHECK write_accept(struct write *write, const struct accepted_report *report, uint64_t *ret_entry);
/* The warnings of an accepted report: bytes valid until the next write; WRITE_UNDECIDED where it has none. */
int MUST_CHECK write_find_warnings(struct write *write, uint64_t entry, const void **ret_bytes,
                                   size_t *ret_size);

/* ---- what operators do; an act is a write of its own ---- */

/* Into the journal: the act, packed. Then what it does. */
int MUST_CHECK write_journal_act(struct write *write, const void *payload, size_t size);

enum closing_verdict { WRITE_OPEN = 1 };
/* The closed period that a period lies in, the smallest one if there are several; WRITE_OPEN. */
int MUST_CHECK write_find_closed(struct write *write, struct period period, struct period *ret_closed);
/* Whether a native period lies inside one that is closed now. Quick to ask for row after row. */
int MUST_CHECK write_is_closed(struct write *write, struct period native, bool *ret_closed);
/* From this commit on, by the newest journal entry. */
int MUST_CHECK write_close(struct write *write, struct period period);
int MUST_CHECK write_reopen(struct write *write, struct period period);

#define REFUSALS_KEPT 1000
struct refused_report {
	struct report_name name;
	uint8_t hash[STORE_HASH_SIZE];
	const void *payload;
	size_t payload_size;
	/* Packed Ack, given again whenever the report is repeated; NULL: neither it nor the payload is kept. */
	const void *answer;
	size_t answer_size;
};
int MUST_CHECK write_refuse(struct write *write, const struct refused_report *report, uint64_t *ret_entry);

/* Applies the observations of all accepted reports, in the order they were accepted. An observation equal to
 * the current one in value and status changes nothing. */
int MUST_CHECK write_apply(struct write *write);

/* Which observations changed: sorted by statistic, period, area; each once. */
struct touched {
	uint32_t statistic, area; /* indexes */
	struct period period;
};
const struct touched *write_touched(const struct write *write, size_t *ret_count);

/* What a soft rule questions by an observation of this write that stands after it, and what was unvalidated (V) before and is
 * not any more: corrected, confirmed, or taken back. Each sorted by statistic, period, area, once; after write_apply. A figure
 * that was V and is again, as it was, is in neither. */
struct questioned {
	uint32_t statistic, area; /* indexes */
	struct period period;
	uint8_t rule; /* enum soft_rule: the first that questions it */
	uint64_t entry;
};
const struct questioned *write_questioned(const struct write *write, size_t *ret_count);
const struct touched *write_settled(const struct write *write, size_t *ret_count);

/* How far each touched statistic reached before and reaches now (day numbers; INT32_MIN before the first). */
struct extent_move {
	uint32_t statistic;
	int32_t last_day_before, last_day_now;
};
const struct extent_move *write_extent_moves(const struct write *write, size_t *ret_count);
/* Any statistic, as it stands now. SNAPSHOT_NOTHING if it was never reported. */
int MUST_CHECK write_extent(struct write *write, uint32_t statistic, struct extent *ret_extent);

/* The observations as they stand after write_apply. */
struct cell_source write_cells(struct write *write);
struct arrivals write_arrivals(struct write *write);

/* Keeps an indicator's value (or drops it, when there is nothing behind it any more); *ret_changed: whether a
 * reader sees a difference. */
int MUST_CHECK write_value(struct write *write, uint32_t indicator, uint32_t area, struct period period,
                           const struct value *value, bool *ret_changed);

#endif
