/* Who may come in, and how many: the daemon's fourth thread, which does nothing else and so is always near.
 *
 * It answers ZAP, hears of every connection that begins, ends or fails to shake hands (were that not read, libzmq would
 * wait for it with everything), and ends those that are too many. */
#ifndef SUANPAN_DOOR_H
#define SUANPAN_DOOR_H

#include "daemon/base/counters.h"
#include "daemon/base/log.h"
#include "daemon/base/mailbox.h"
#include "daemon/catalogue/catalogue.h"
#include "daemon/service.h"
#include "daemon/wire/peers.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* What the threads share about who may do what. A catalogue that was in force once stays until the end of the process. */
struct keyring {
	_Atomic(const struct catalogue *) in_force;
	bool demanded; /* every endpoint demands a key */
};
/* NULL: nobody's. */
const struct key_holder *keyring_find(const struct keyring *keyring, const char *key);

/* Whether anybody follows the changes. Only who is let in can begin to, and only connections that are open go on: no count of
 * subscriptions is needed, which a subscriber could talk down. */
struct followers {
	atomic_size_t granted;   /* subscriptions, ever; the front counts up before it promises anything */
	atomic_size_t forgotten; /* of them, when the live socket had no connection: the door's */
};
bool followers_there(const struct followers *followers);

/* Told to the door in its mailbox; stays the teller's. */
struct door_mail {
	struct mail mail; /* of enum door_news */
	enum peers_socket socket;
	void *
	    events; /* DOOR_WATCH: from here on these are the door's thread's, of that socket (endpoint_open_watched) */
};
enum door_news { DOOR_WATCH, DOOR_STOP };

struct door {
	void *zap;                        /* NULL: no keys are demanded */
	void *events[PEERS_SOCKET_COUNT]; /* NULL: none yet */
	struct mailbox *news;
	struct keyring *keyring;
	struct peers *peers;
	struct counters *counters;
	struct followers *followers;
	size_t handshakes; /* of one key in a minute */
	struct pulse pulse;
	atomic_bool open; /* before that whoever knocks is only the self-test: neither counted nor logged */
	atomic_bool *failed;
	/* its own */
	const struct catalogue *counted;
	unsigned *handshakes_of; /* by key holder of that catalogue */
	int64_t minute_ends_ms, look_again_ms;
	struct log_quota strangers, limited;
};

/* Thread function: until DOOR_STOP. On a failure it logs it, sets *failed and sends the process SIGTERM. */
void *door_run(void *door);
void door_done(struct door *door); /* after the thread has ended */

#endif
