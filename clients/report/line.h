/* One connection to the intake: frames out, frames in, never blocking but in line_wait. Owns zmq.h in this
 * folder. */
#ifndef SUANPAN_CLIENTS_REPORT_LINE_H
#define SUANPAN_CLIENTS_REPORT_LINE_H

#include "clients/lib/identity.h"
#include "clients/report/sentence.h"
#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>

struct line;

enum line_verdict {
	LINE_FULL = 1,    /* not now: no connection yet, or the peer does not keep up */
	LINE_NOTHING = 2, /* nothing has come in */
	LINE_SHUT_OUT =
	    3, /* the daemon does not know our key, or only one side speaks with keys; the sentence is set */
};

/* Connects lazily. `identity` must outlive it; NULL: plain. The sentence gets the reason of every fault, here
 * and later. */
int MUST_CHECK line_open(void *zmq_context, const char *url, const struct identity *identity,
                         struct sentence *why, struct line **ret_line);
void line_close(struct line *line); /* NULL is fine; what was not sent is dropped */

int MUST_CHECK line_send(struct line *line, const void *bytes, size_t size);
/* malloc, the caller's to free. Messages of several frames are not for us and are dropped. */
int MUST_CHECK line_receive(struct line *line, void **ret_bytes, size_t *ret_size);
/* Until something can be received, or sent (`or_writable`), or timeout_ms are over. */
int MUST_CHECK line_wait(struct line *line, bool or_writable, int timeout_ms);
/* Why there is no connection, or NULL where nothing but silence says so. Lives until the next line_wait. */
const char *line_trouble(const struct line *line);

#endif
