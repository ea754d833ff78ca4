/* Alerts in the store: each a row of versions, one for every state it came into; and what is remembered of what they are about.
 *
 * Writing belongs to the writer, inside a write (store/write.h). An alert goes from open to acknowledged to resolved, or from open to
 * resolved, and never back. */
#ifndef SUANPAN_STORE_ALERTS_H
#define SUANPAN_STORE_ALERTS_H

#include "daemon/alert/watch.h"
#include "daemon/store/write.h"

enum alerts_verdict {
	ALERTS_NO_SUCH = 1, /* no alert has that number */
	ALERTS_SO_ALREADY,  /* it is in that state */
	ALERTS_RESOLVED,    /* it is resolved, and stays so */
};

/* Opens one, under the next number. */
int MUST_CHECK write_raise_alert(struct write *write, const struct alert_facts *facts, uint64_t *ret_number);
/* `actor` and `why`: who does it; NULL where it resolves by itself. 0, an alerts_verdict (nothing has changed then), or a fault. */
int MUST_CHECK write_change_alert(struct write *write, uint64_t number, enum alert_state state,
                                  const char *actor, const char *why);
/* Those that were raised or changed in this write, in that order; until it ends. */
const struct alert *write_alerts(const struct write *write, size_t *ret_count);

/* All zero where nothing is remembered. */
int MUST_CHECK write_watched(struct write *write, const struct alert_subject *subject,
                             struct watched *ret_watched);
/* Remembers it instead of what was; all zero: forgets it. */
int MUST_CHECK write_watch(struct write *write, const struct alert_subject *subject,
                           const struct watched *watched);
/* Everything that is remembered, by kind and subject; texts in a subject live for the call. `each` must not write; stops at its
 * first answer other than 0 and passes that on. */
int MUST_CHECK write_walk_watched(struct write *write,
                                  int (*each)(void *context, const struct alert_subject *subject,
                                              const struct watched *watched),
                                  void *context);

/* Whether anything was raised, changed or is remembered otherwise by this write. */
bool write_came_to_something(const struct write *write);
/* Notes in the journal that it was a look. Last. */
int MUST_CHECK write_note_look(struct write *write);

/* All of them as they stood at the snapshot's moment, oldest first. *ret_alerts is from malloc, the caller's to free; NULL and 0 if
 * none. */
int MUST_CHECK snapshot_alerts(struct snapshot *snapshot, struct alert **ret_alerts, size_t *ret_count);

struct alert_count {
	uint64_t open, acknowledged, resolved;
};
int MUST_CHECK snapshot_count_alerts(struct snapshot *snapshot, struct alert_count *ret_count);

#endif
