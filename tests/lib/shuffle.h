/* A network that loses whole messages, doubles them, delays them and lets them overtake each other: between senders and the daemon, in a
 * process of its own. TCP and ZeroMQ do none of this to one connection, but a sender that connects again can see all of it. Only the
 * answers to one connection keep their order (doubled ones one behind the other): they do even then, because what an old connection
 * was owed is never heard on a new one. */
#ifndef SUANPAN_TESTS_LIB_SHUFFLE_H
#define SUANPAN_TESTS_LIB_SHUFFLE_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

/* Shared with the process. All 0: everything passes at once. */
struct shuffle_rules {
	_Atomic unsigned lose_percent, double_percent; /* of the messages, either way */
	_Atomic unsigned delay_ms;                     /* at most; each message has its own */
	_Atomic uint64_t passed, lost, doubled, overtaken;
};

struct shuffle {
	pid_t pid;
	struct shuffle_rules *rules;
};

/* Senders connect to `url`, which is handed on to the daemon's intake at `intake`. */
void shuffle_start(struct shuffle *shuffle, const char *url, const char *intake, uint64_t seed);
void shuffle_stop(struct shuffle *shuffle);

#endif
