/* Lines of mails, one for each owner, taken from each in turn: who posts much waits behind himself, not the others
 * behind him.
 *
 * Belongs to one thread. `weight` is the mail's own, as in a mailbox. */
#ifndef SUANPAN_BASE_LINES_H
#define SUANPAN_BASE_LINES_H

#include "daemon/base/fault.h"
#include "daemon/base/mailbox.h"
#include <stdbool.h>
#include <stddef.h>

struct lines;

/* `share`: what one owner may have waiting; `total`: what all may. A mail that begins below a bound may go beyond it. */
int MUST_CHECK lines_new(size_t share, size_t total, struct lines **ret_lines);
void lines_free(struct lines *lines); /* NULL is fine; it must be empty */

enum lines_verdict { LINES_FULL = 1 };

/* Owners are told apart by their bytes. LINES_FULL: this one has his share waiting, or there are LINES_OWNERS_MAX others;
 * -ENOMEM. Unless 0 is answered the mail stays the caller's. */
#define LINES_OWNERS_MAX 1024
int MUST_CHECK lines_post(struct lines *lines, const void *owner, size_t owner_size, struct mail *mail);
/* The oldest of the owner whose turn it is; NULL if nothing waits. */
struct mail *lines_take(struct lines *lines);
/* All that may wait does: the poster should look at nobody's input for now. */
bool lines_are_full(const struct lines *lines);
bool lines_are_empty(const struct lines *lines);

#endif
