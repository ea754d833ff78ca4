/* The desk: the daemon's thread for whoever asks. It answers queries from snapshots, one after another, and posts acts to the
 * writer; those are answered when they come back, and queries go on meanwhile. */
#ifndef SUANPAN_DESK_H
#define SUANPAN_DESK_H

#include "daemon/base/counters.h"
#include "daemon/base/log.h"
#include "daemon/base/mailbox.h"
#include "daemon/door.h"
#include "daemon/query/answer.h"
#include "daemon/wire/peers.h"
#include <stdatomic.h>

#define DESK_ACTS_MAX 64 /* that may wait for the writer at once */

struct desk {
	void *query; /* socket */
	int stop_fd; /* readable: stop */
	struct answer_context answer;
	struct mailbox *to_writer, *to_desk; /* acts, there and back */
	struct keyring *keyring;
	struct peers *peers;
	struct counters *counters;
	struct log_quota dropped, forbidden;
	atomic_bool *failed;
	size_t acts; /* that wait for the writer */
};

/* Thread function: until stop_fd, which is for when the writer has ended: acts that it has not taken are then refused. On a
 * failure it logs it, sets *failed and sends the process SIGTERM. */
void *desk_run(void *desk);

#endif
