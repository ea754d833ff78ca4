/* A store small enough to try something with every byte of it, that still has everything: several commits,
 * a corrected value, one taken back, a refused report, two streams, values with a past. Made by the
 * pipeline from the little city's catalogue. */
#ifndef SUANPAN_TESTS_LIB_SMALL_STORE_H
#define SUANPAN_TESTS_LIB_SMALL_STORE_H

#include "daemon/store/store.h"
#include "tests/lib/peer.h"

/* Makes the store in `path`, or opens the one that is there and goes on; `folder` holds the catalogue. */
struct small_store;
struct small_store *small_store_open(const char *folder, const char *path);
/* Decides one report in a commit of its own; fails the test unless it gets this outcome. */
void small_store_report(struct small_store *small, const struct peer_report *report,
                        Suanpan__Outcome outcome);
/* Some twenty commits of everything. Once per store. */
void small_store_live(struct small_store *small);
struct store *small_store_of(struct small_store *small);
void small_store_close(struct small_store *small); /* and seals it */

/* The file without its seal, as a daemon leaves it that was killed. */
void small_store_unseal(const char *path);

#endif
