/* The daemon's three threads and what they own. They share nothing but the mailboxes and one count.
 *
 *     front   the main thread: intake and live sockets, signals; checks reports, sends acks, publishes
 *     writer  the store's one write transaction
 *     desk    the query socket; reads snapshots
 *
 * Reports that come while a commit syncs wait in `to_writer` and form the next group: the batch follows the
 * load. When more than `queue` observations wait, the front stops reading, and senders wait with their
 * spools. */
#ifndef SUANPAN_LOOPS_H
#define SUANPAN_LOOPS_H

#include "daemon/base/mailbox.h"
#include "daemon/pipeline.h"
#include "daemon/publish/update.h"
#include "daemon/query/answer.h"
#include "proto/envelope.h"
#include <stdatomic.h>
#include <stdbool.h>

/* What the writer gives back to the front: a group with its acks or an adopted catalogue, and what it changed. */
struct outcome {
	struct mail mail;
	struct mail *group;            /* reports; NULL for a catalogue */
	struct adoption *adoption;     /* NULL for reports */
	struct changed_value *changed; /* from malloc; empty while nobody subscribes */
	size_t changed_count;
};

/* A subscription that was granted while groups were being written: its welcome waits for them, because what they change was
 * collected before anyone asked. */
struct waiting_welcome {
	uint64_t posted; /* welcome once so many mails have come back */
	char topic[ENVELOPE_TOPIC_MAX + 1];
};

struct front {
	void *intake, *live; /* sockets */
	int signal_fd;
	size_t queue; /* observations */
	struct mailbox *to_writer, *from_writer;
	struct reception *reception;
	struct publisher *publisher;
	atomic_size_t *subscriptions;
	atomic_bool *failed; /* another thread gave up */
	/* On SIGHUP: reads the catalogue anew. NULL when there is nothing to adopt (the reason was said). */
	struct adoption *(*reload)(void *closure);
	void *closure;
	bool
	    reloading; /* intake rests until the new catalogue is in force: reports are checked against one only */
	uint64_t posted, returned; /* mails to the writer, and back */
	struct waiting_welcome *welcomes;
	size_t welcome_count, welcome_capacity;
};

struct writer_loop {
	size_t group; /* observations */
	struct mailbox *to_writer, *from_writer;
	struct writer *writer;
	atomic_size_t *subscriptions;
	atomic_bool *failed;
};

struct desk {
	void *query; /* socket */
	int stop_fd; /* readable: stop */
	struct answer_context answer;
	atomic_bool *failed;
};

/* Until a stop signal: 0; or a fault. Then to_writer is closed and every report taken has been answered. */
int MUST_CHECK front_run(struct front *front);
/* Thread functions: until to_writer is closed and empty, and until stop_fd. On a failure they log it, set
 * *failed and send the process SIGTERM. */
void *writer_run(void *writer_loop);
void *desk_run(void *desk);

#endif
