/* A store from a backup, and from what an archive has beyond it.
 *
 * It is made inside the store's folder, as restore.part, whose lock is held. Until all of it is there the
 * folder holds a seal and nothing that is sealed, and no daemon starts on it: one that did would begin an
 * empty store. */
#ifndef SUANPAN_UPKEEP_RESTORE_H
#define SUANPAN_UPKEEP_RESTORE_H

#include "daemon/upkeep/backup.h"

#define RESTORE_PART "restore.part"

struct restore {
	const char *backup, *store; /* folders; there is no store in the latter, nor anything else */
	const char *archive;        /* folder; what it has beyond the backup is replayed; NULL: none */
	FILE *errors, *progress;    /* progress: NULL, none is told */
};

/* Answers 0, or BACKUP_REFUSED. *ret_backup_entry is where the backup ended, *ret_state where the store
 * does. */
int MUST_CHECK restore_make(const struct restore *restore, uint64_t *ret_backup_entry,
                            struct backup_state *ret_state);
/* A line for each stream: how far it goes in this store. */
int MUST_CHECK restore_print_streams(const char *store, FILE *out);

#endif
