/* What the daemon and the service manager say to each other (sd_notify(3), sd_listen_fds(3), systemd.exec(5)); the only place
 * with libsystemd. Without a manager nothing of it is there, nothing is said, and nobody wakes for it.
 *
 * The watchdog is fed by what was done, not by a timer: only the front feeds it, in a turn of its own loop, so a front that
 * hangs does not; and only while the other loops that a report needs have made a round lately, which each of them says in its
 * pulse. Nothing is fed in between, whatever else in the process still runs.
 *
 * A service belongs to the main thread; a pulse is beaten by its loop's thread and read by the main thread. */
#ifndef SUANPAN_SERVICE_H
#define SUANPAN_SERVICE_H

#include "daemon/base/fault.h"
#include "daemon/config.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- what the manager gives, before anything is opened */

/* Takes sockets that listen already, by their names (FileDescriptorName=intake, query, live): the endpoint is then where that one
 * listens, whatever the configuration says, and config_check judges that. Takes the credential `keys_server.key` as the key
 * where no key is configured. What cannot be used is a line on `errors`: CONFIG_REFUSED. */
int MUST_CHECK service_configure(struct config *config, FILE *errors);

/* ---- pulses */

struct pulse {
	const char *loop;         /* its name */
	_Atomic int64_t until_ms; /* monotonic: it was there then, or said it would be; 0: it has not begun */
	_Atomic int64_t long_ms;  /* what its longest piece of work, a catalogue's adoption, may take now */
};
#define PULSE_RESTS INT64_MAX
/* A round begins, and may take `may_take_ms` longer than any other. */
void pulse_beat(struct pulse *pulse, int64_t monotonic_ms, int64_t may_take_ms);
/* It waits in a poll that ends when there is something to do, for as long as there is nothing. */
void pulse_rest(struct pulse *pulse);

/* ---- what is said */

/* What `systemctl status` shows. */
struct service_facts {
	uint64_t commit, reporters, reporters_heard, connections;
	uint64_t free_mib, reserve_mib; /* of the store's disk */
	bool disk_is_low;               /* and so reports are refused */
	int fault;                      /* of the last commit, which was not written; 0: it was */
};

struct service;
/* `facts` is asked by service_turn and answers 0, or a fault: then what was said last stands. */
int MUST_CHECK service_new(int (*facts)(void *closure, struct service_facts *ret_facts), void *closure,
                           struct service **ret_service);
void service_free(struct service *service); /* NULL is fine, here and below: nothing is said */
/* Before there are other threads. The pulse stays the caller's. */
#define SERVICE_PULSES_MAX 4
void service_watch(struct service *service, const struct pulse *pulse);

/* How long work that goes over the whole store may take at worst, far slower than was ever seen. */
int64_t service_allowance_ms(uint64_t store_bytes);
/* While it starts: what it does now, and that it may take so long. */
void service_starting(struct service *service, const char *what, int64_t may_take_ms);
void service_ready(struct service *service);
void service_reloading(struct service *service, int64_t may_take_ms);
/* `kept`: NULL, or why the old catalogue stays in force. */
void service_reloaded(struct service *service, const char *kept);
void service_stopping(struct service *service, int64_t may_take_ms);

/* In each turn of the front: says what has changed, and feeds the watchdog if all is well. */
void service_turn(struct service *service, int64_t monotonic_ms);
/* In how many milliseconds there must be a turn; -1: never. */
long service_patience(const struct service *service, int64_t monotonic_ms);

#endif
