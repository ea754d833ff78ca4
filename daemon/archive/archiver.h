/* The thread that writes the archive: reads what the writer has committed from snapshots and appends it to
 * the last segment.
 *
 * It is off the ack's path: nobody waits for it, and what it has not yet written it writes later, also
 * after a restart. A full disk stalls it, it says so once, and goes on by itself once there is room. */
#ifndef SUANPAN_ARCHIVE_ARCHIVER_H
#define SUANPAN_ARCHIVE_ARCHIVER_H

#include "daemon/base/fault.h"
#include "daemon/store/store.h"
#include <stdatomic.h>
#include <stdint.h>

#define ARCHIVER_SEGMENT_BYTES ((uint64_t)64 << 20)

struct archiver;

enum archiver_verdict { ARCHIVER_REFUSED = 1 };

/* Makes the folder if it is not there, and looks whether the last segment goes on to the store: an end
 * that was torn is cut off (and logged). ARCHIVER_REFUSED: it is damaged, another store's, or ahead of
 * this one, which a line on standard error says, with what to do. A segment that has reached
 * `segment_bytes` is followed by the next. */
int MUST_CHECK archiver_open(const char *folder, uint64_t segment_bytes, struct store *store,
                             struct archiver **ret_archiver);
int MUST_CHECK archiver_start(struct archiver *archiver);
/* Something was committed. Any thread; does not block. */
void archiver_notify(struct archiver *archiver);
/* Ends the thread, after a last pass over what is left, unless that is much; NULL is fine, and so is one
 * that was not started. */
void archiver_close(struct archiver *archiver);

/* The newest entry that is on disk in the archive. Any thread. */
const atomic_uint_least64_t *archiver_entry(const struct archiver *archiver);

#endif
