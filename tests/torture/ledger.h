/* What the daemon was told, and what it answered: kept on the senders' side, in memory and line by line in a file, by a program that is
 * never killed. Every answer is held against it.
 *
 * What the ledger finds wrong (a *complaint*: a sentence from malloc, the caller's to free; NULL: nothing):
 *   - a report that was acked and is asked again gets another answer than "decided before", with its outcome, commit and entry;
 *   - a number of a stream was used for two reports; the daemon asks for one it has acked; it takes a bad one, or refuses a good one;
 *   - two reports share a journal entry, or a stream's entries are not in the order of its numbers (ledger_audit).
 *
 * A ledger can be forked: as it stood when the log of a recorder had a certain size, for a world in which the power went then. */
#ifndef SUANPAN_TESTS_TORTURE_LEDGER_H
#define SUANPAN_TESTS_TORTURE_LEDGER_H

#include "proto/suanpan.pb-c.h"
#include "tests/lib/random_world.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEDGER_STREAM_SIZE 16
#define LEDGER_MONTHS      24 /* 2021-01 to 2022-12 */
#define LEDGER_YEARS       4  /* 2019 to 2022 */

/* tests/lib/little_city.h has the statistics (BEDS, PEOPLE, BIRTHS) and the areas (NORTH, SOUTH). */
struct ledger_row {
	uint8_t statistic, area, period; /* of the months or years */
	int64_t value;
};
void ledger_period_text(const struct ledger_row *row, char text[16]);

/* A report as it is sent. Shared by all forks. */
struct ledger_body {
	struct ledger_body *next;
	void *bytes;
	size_t size;
	bool is_bad; /* is to be refused */
	size_t row_count;
	struct ledger_row rows[];
};

struct ledger_report {
	const struct ledger_body *body;
	uint64_t seen_at, acked_at; /* the size of the recorder's log then */
	uint64_t commit, entry;
	bool is_acked;
	bool is_due; /* it was acked, and is to be asked again */
};

struct ledger_stream {
	const char *reporter;
	uint8_t name[LEDGER_STREAM_SIZE];
	bool is_own;                   /* its reports are made here; else they come from a sender */
	struct ledger_report *reports; /* number 1 first */
	size_t count, capacity;
	size_t acked;
	uint8_t peer[32]; /* where the sender that spoke last for it is to be answered */
	size_t peer_size;
};

struct ledger_pool;
struct ledger {
	struct ledger_pool *pool; /* bodies and the file, shared by all forks */
	struct ledger_stream *streams;
	size_t stream_count, stream_capacity;
	size_t due;
	uint64_t overloaded; /* answers that said so */
};

struct ledger *ledger_new(const char *path);
void ledger_free(struct ledger *ledger);
/* Reports that were seen later are not known, and answers that came later never came. With `keeps_reports` those that were seen
 * later stay, to be sent (again): their senders did not lose their power. */
struct ledger *ledger_fork(const struct ledger *ledger, uint64_t position, bool keeps_reports);
/* Positions mean nothing any more: what has happened has happened. */
void ledger_settle(struct ledger *ledger);

/* Index of the stream of that name; a new one if there is none. */
size_t ledger_stream(struct ledger *ledger, const char *reporter, const uint8_t name[LEDGER_STREAM_SIZE],
                     bool is_own);
/* One more report of an own stream, of random rows; now and then a bad one. */
void ledger_make(struct ledger *ledger, size_t stream, struct random_source *random);
/* A report that came from a sender. Sets *ret_stream, and *ret_body if it is a new one (else NULL). */
char *ledger_see(struct ledger *ledger, const void *bytes, size_t size, uint64_t position, size_t *ret_stream,
                 const struct ledger_body **ret_body);
/* An answer. Sets *ret_stream (SIZE_MAX if it names none). */
char *ledger_hear(struct ledger *ledger, const Suanpan__Ack *ack, uint64_t position, size_t *ret_stream);

/* Marks acked reports as to be asked again: all of them, or the newest of each stream and some others. */
void ledger_doubt(struct ledger *ledger, bool all, struct random_source *random);
/* Whether every report is acked and none is due. */
bool ledger_is_quiet(const struct ledger *ledger);
size_t ledger_reports(const struct ledger *ledger);
char *ledger_audit(const struct ledger *ledger);
/* Tells it that something was acked which never was: for the control run. */
void ledger_lie(struct ledger *ledger, size_t stream, struct random_source *random);

/* Accepted, of one reporter or (NULL) of all; a bad one counts as none. */
size_t ledger_accepted(const struct ledger *ledger, const char *reporter);
size_t ledger_refused(const struct ledger *ledger);

#endif
