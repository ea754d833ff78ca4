/* A queue between two threads: any number of posters, one taker. Nothing is copied; a mail is owned by
 * whoever holds it.
 *
 * `weight` is what the poster says a mail weighs (observations, say); the box sums it, so that a poster can
 * stop reading its own input when too much waits: that is how pressure goes back to the senders. */
#ifndef SUANPAN_BASE_MAILBOX_H
#define SUANPAN_BASE_MAILBOX_H

#include "daemon/base/fault.h"
#include <stddef.h>

struct mail {
	struct mail *next;
	size_t weight;
	int kind; /* for those who exchange it */
};

struct mailbox;

int MUST_CHECK mailbox_new(struct mailbox **ret_mailbox);
void mailbox_free(struct mailbox *mailbox); /* NULL is fine; it must be empty */

void mailbox_post(struct mailbox *mailbox, struct mail *mail);
/* No more will be posted: wakes the taker. */
void mailbox_close(struct mailbox *mailbox);
size_t mailbox_weight(struct mailbox *mailbox);

/* A list, oldest first, of at most `weight_max` in all (but at least one mail if any waits); NULL if none. */
struct mail *mailbox_take(struct mailbox *mailbox, size_t weight_max);
/* Waits until there is mail (0) or the box is closed and empty (MAILBOX_CLOSED). */
enum mailbox_verdict { MAILBOX_CLOSED = 1, MAILBOX_QUIET = 2 };
int MUST_CHECK mailbox_wait(struct mailbox *mailbox);
/* The same for so long at most: MAILBOX_QUIET when nothing has come. */
int MUST_CHECK mailbox_wait_within(struct mailbox *mailbox, unsigned timeout_ms);
/* Readable (POLLIN) while there is mail: for a taker that waits in a poll of its own. */
int mailbox_fd(const struct mailbox *mailbox);

#endif
