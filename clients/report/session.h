/* What the commands share: settings that have been checked, the spool, and how a delivery is told. */
#ifndef SUANPAN_CLIENTS_REPORT_SESSION_H
#define SUANPAN_CLIENTS_REPORT_SESSION_H

#include "clients/lib/identity.h"
#include "clients/report/deliver.h"
#include "clients/report/sender.h"
#include "clients/report/sentence.h"
#include "clients/report/spool.h"
#include <stdbool.h>
#include <stdint.h>

struct session {
	const struct sender_settings *settings;
	int timeout_ms;
	struct identity identity;
	int64_t keep_ms;
	char *path;          /* of the spool */
	struct spool *spool; /* NULL until session_open_spool */
	struct spool_state state;
	void *zmq_context; /* NULL until session_connect */
	struct sentence why;
};

/* Every function that answers an int answers an exit status, 0 for going on, and has said why on standard
 * error. */
int session_init(struct session *session, const struct sender_settings *settings);
void session_done(struct session *session);
int session_open_spool(struct session *session);
int session_connect(struct session *session);

/* Prints session->why, or what the fault is if that is empty; answers EXIT_REFUSED. */
int session_say_fault(struct session *session, int fault);

/* Delivers what is pending up to `last`; the spool must be locked. Prints everything that went wrong. */
int session_deliver(struct session *session, uint64_t own_first, uint64_t last,
                    struct delivery *ret_delivery);
/* Where nothing is pending: sends the newest report that is kept once more, so that a daemon restored from a backup can ask
 * for what it misses; delivers that. A daemon that does not answer is no failure then. */
int session_ask_newest(struct session *session, struct delivery *ret_delivery);
/* "2 reports are spooled and will be sent by the next push or drain" */
void session_say_left(uint64_t left);
/* "1 accepted, 2 refused" after `before`, on standard output; nothing at all if nothing was decided. */
void session_print_tally(const char *before, const struct deliver_tally *tally);
int session_exit_status(const struct delivery *delivery);

#endif
