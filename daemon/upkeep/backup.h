/* A copy of the store as it stands after one commit, made beside a running daemon, and the way back.
 *
 * A backup is a folder with data.mdb (compacted) and its seal (db/seal.h). It is built beside its place,
 * as FOLDER.part, verified, sealed, and only then renamed: a folder of that name is a whole backup,
 * whatever happened on the way. */
#ifndef SUANPAN_UPKEEP_BACKUP_H
#define SUANPAN_UPKEEP_BACKUP_H

#include "daemon/base/fault.h"
#include "daemon/journal/journal.h"
#include "daemon/upkeep/digest.h"
#include <stdint.h>
#include <stdio.h>

enum backup_verdict { BACKUP_REFUSED = 1 }; /* a sentence for each reason stands on `errors` */

/* Where a backup, or a restored store, stands. */
struct backup_state {
	uint64_t commit, entry;
	int64_t wall_ms; /* of the commit */
	uint8_t head[JOURNAL_HASH_SIZE];
	uint8_t digest[DIGEST_SIZE];
	uint64_t bytes, streams; /* of data.mdb; of reporters that have sent anything */
};
/* Of a store at rest, after every value of it and its journal have been verified. */
int MUST_CHECK backup_read_state(const char *folder, FILE *errors, struct backup_state *ret_state);
/* Lines "commit     12 (...)". */
void backup_print_state(const struct backup_state *state, FILE *out);

/* After BACKUP_REFUSED nothing is left but what was there before. */
int MUST_CHECK backup_make(const char *store, const char *folder, FILE *errors,
                           struct backup_state *ret_state);

#endif
