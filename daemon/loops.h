/* The daemon's threads and what they own. They share nothing but the mailboxes, a few counts, and what the door keeps.
 *
 *     front   the main thread: intake and live sockets, signals; checks reports, sends acks, publishes
 *     writer  the store's one write transaction
 *     desk    the query socket; reads snapshots, and posts acts to the writer (desk.h)
 *     door    who may come in (door.h)
 *     (and the archiver, which is told of commits and reads snapshots: archive/archiver.h)
 *
 * Reports that come while a commit syncs wait in `to_writer` and form the next group: the batch follows the
 * load. When `queue` observations wait there, those that come wait unread in `lines`, one line for each sender, and go
 * on in turn: a sender that floods waits behind himself. Beyond his share he is answered OVERLOADED; when all
 * lines together are full the front stops reading, and senders wait with their spools.
 *
 * Without memory each of them does without what it has in hand, or waits, and goes on: a report that was not taken is sent
 * again, an update that was not published leaves a gap that its subscribers see. (libzmq's own threads are another matter: they
 * end the process, which loses nothing that was acked.) */
#ifndef SUANPAN_LOOPS_H
#define SUANPAN_LOOPS_H

#include "daemon/archive/archiver.h"
#include "daemon/base/lines.h"
#include "daemon/base/log.h"
#include "daemon/base/mailbox.h"
#include "daemon/door.h"
#include "daemon/pipeline.h"
#include "daemon/publish/update.h"
#include "daemon/service.h"
#include "proto/envelope.h"
#include <stdatomic.h>
#include <stdbool.h>

/* What the writer gives back to the front: a group with its acks, an adopted catalogue, or neither where it only looked; and what
 * that changed. */
struct outcome {
	struct mail mail;
	struct mail *group;        /* reports; or NULL */
	struct adoption *adoption; /* or NULL */
	struct alert *alerts;      /* raised or changed; from malloc */
	size_t alert_count;
	struct changed_value *changed; /* from malloc; none while nobody subscribes */
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
	struct lines *lines; /* of passages */
	struct publisher *publisher;
	struct keyring *keyring;
	struct peers *peers;
	struct counters *counters;
	struct followers *followers;
	struct service *service; /* NULL: no service manager */
	struct log_quota dropped, denied;
	atomic_bool *failed; /* another thread gave up */
	/* On SIGHUP: reads the catalogue anew. NULL when there is nothing to adopt: *ret_kept is why (static storage), or NULL where
	 * it is the one in force. */
	struct adoption *(*reload)(void *closure, const char **ret_kept);
	void *closure;
	bool
	    reloading; /* the lines rest until the new catalogue is in force: reports are checked against one only */
	uint64_t posted, returned; /* mails to the writer, and back */
	struct waiting_welcome *welcomes;
	size_t welcome_count, welcome_capacity;
};

/* When the writer last looked at calendar and targets, and why it should again: the day in China has turned, or figures have
 * changed and `patience_ms` have passed. Only while nothing waits for it. */
struct look_out {
	int64_t patience_ms; /* 0: only when the day turns */
	bool looked;         /* at least once */
	int32_t day;         /* of the newest look */
	int64_t next_ms;     /* monotonic: not before, unless the day turns */
	bool failed;         /* then not before at all */
	bool changed;        /* something was committed since */
};

struct writer_loop {
	size_t group; /* observations */
	struct look_out look_out;
	struct mailbox *to_writer, *from_writer;
	struct mailbox *to_desk; /* acts, decided */
	struct writer *writer;
	struct archiver *archiver; /* told of each commit; NULL: none */
	struct followers *followers;
	struct pulse pulse;
	atomic_int fault; /* of the last group, which was put off; 0: none was */
	atomic_bool *failed;
};

/* Until a stop signal: 0; or a fault. Then to_writer is closed, every report that the writer had has been answered, and those in
 * the lines are forgotten: their senders still have them. */
int MUST_CHECK front_run(struct front *front);
/* Thread function: until to_writer is closed and empty. */
void *writer_run(void *writer_loop);

/* A thread cannot go on: logs it, sets *failed and sends the process SIGTERM. */
void loop_give_up(atomic_bool *failed, const char *event, int fault);

#endif
