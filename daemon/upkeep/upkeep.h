/* The commands that look after a store while the daemon rests, or beside it. Each prints what it does and
 * finds on standard output, its progress and what keeps it from working on standard error, and answers the
 * process's exit status. */
#ifndef SUANPAN_UPKEEP_UPKEEP_H
#define SUANPAN_UPKEEP_UPKEEP_H

#include "daemon/config.h"
#include <stdbool.h>

/* What may stand behind a command; NULL or false where it does not. */
struct upkeep_request {
	const char *folder;  /* the argument */
	const char *archive; /* --archive: where a rebuild or restore takes entries from */
	const char *scratch; /* --scratch: where a check rebuilds */
	bool quick;          /* --quick */
};

enum upkeep_status {
	UPKEEP_DONE = 0,   /* done; a check found nothing */
	UPKEEP_FAILED = 1, /* not done; a check found damage */
	UPKEEP_USAGE = 2,  /* asked wrongly; a check that could not be made at all */
};

/* Is every byte of the store what was written? Works beside a running daemon, on a snapshot. */
int check_run(const struct config *config, const struct upkeep_request *request);
/* A fresh store in `folder`, of the journal alone, or of an archive. */
int rebuild_run(const struct config *config, const struct upkeep_request *request);
/* A copy of the store in `folder`, while the daemon goes on. */
int backup_run(const struct config *config, const struct upkeep_request *request);
/* The store of the configuration, which is not there, from the backup in `folder`. */
int restore_run(const struct config *config, const struct upkeep_request *request);

#endif
