/* Update messages: a changed value as subscribers get it, with the epoch and the count of its code.
 *
 * Belongs to one thread. Knows nothing of sockets. */
#ifndef SUANPAN_PUBLISH_UPDATE_H
#define SUANPAN_PUBLISH_UPDATE_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/store/store.h"
#include <stddef.h>
#include <stdint.h>

struct publisher;

int MUST_CHECK publisher_new(const struct catalogue *catalogue, uint64_t epoch,
                             struct publisher **ret_publisher);
void publisher_free(struct publisher *publisher); /* NULL is fine */

/* Takes the memory that the switch to this catalogue will need. */
int MUST_CHECK publisher_prepare(struct publisher *publisher, const struct catalogue *catalogue);
/* It came into force: changes from here on are in its indexes. The counts of known codes go on. */
void publisher_switch(struct publisher *publisher, const struct catalogue *catalogue);

enum publisher_verdict {
	PUBLISHER_HIDDEN = 1
}; /* a statistic behind an indicator of the same code: not published */

/* Counts the change, even when it cannot be packed (-ENOMEM): its subscribers see the gap. Both results live until the next
 * call. */
int MUST_CHECK publisher_pack(struct publisher *publisher, const struct changed_value *changed,
                              const char **ret_topic, const void **ret_bytes, size_t *ret_size);

/* An alert that was raised or changed, counted likewise. */
struct alert;
int MUST_CHECK publisher_pack_alert(struct publisher *publisher, const struct alert *alert,
                                    const char **ret_topic, const void **ret_bytes, size_t *ret_size);

/* The Update without a value that says: a subscription counts from here. */
int MUST_CHECK publisher_pack_welcome(struct publisher *publisher, const void **ret_bytes, size_t *ret_size);

#endif
