/* A random life of a store, the way a daemon lives it: catalogues as files (packed, built and adopted as
 * on a reload), reports as bytes (checked and decided in groups). There are refusals, repetitions,
 * conflicts, gaps that a sender declares, values taken back, rules that refuse and rules that question; days on which somebody looks
 * at what is overdue; between reports the catalogue gains and loses areas, groups, statistics, indicators and rules, and codes end. The same seed lives the same life. */
#ifndef SUANPAN_TESTS_RANDOM_HISTORY_H
#define SUANPAN_TESTS_RANDOM_HISTORY_H

#include "daemon/store/store.h"
#include "tests/lib/random_world.h"

struct history;

/* Makes the store in `folder` and adopts the first catalogue. */
struct history *history_begin(uint64_t seed, const char *folder);
/* Some commits more: mostly groups of reports, now and then a catalogue. */
void history_go_on(struct history *history, unsigned steps);
/* For a store that somebody else looks at meanwhile. */
void history_go_on_without_restarts(struct history *history, unsigned steps);
struct store *history_store(struct history *history);
/* Closes the store, for somebody else to open it until it is restarted. */
void history_close(struct history *history);
/* Closes the store if it is open and opens it again, as a restart does. */
void history_restart(struct history *history);
void history_end(struct history *history);

/* What has been lived so far, to see that it was not nothing. */
struct history_count {
	unsigned commits, looks, accepted, refused, repeated, conflicts, gaps, catalogues, catalogues_refused,
	    warnings, broken; /* of soft rules; reports refused because of a hard one */
};
struct history_count history_count(const struct history *history);

#endif
