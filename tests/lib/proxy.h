/* A bad network, for those who have none: a TCP proxy in a process of its own that delays bytes, cuts them into small pieces, holds them
 * back one way or both, and resets connections. What is done can be changed while it runs. Bytes keep their order, as TCP's do. */
#ifndef SUANPAN_TESTS_LIB_PROXY_H
#define SUANPAN_TESTS_LIB_PROXY_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

/* Shared with the process. "Up" is from the client to the server. */
struct proxy_rules {
	_Atomic int delay_ms, jitter_ms; /* each piece comes that late, and up to that much more */
	_Atomic int piece;               /* bytes passed on at once, at most; 0: as they come */
	_Atomic int per_ms; /* bytes that a connection passes on each way in a millisecond, at most; 0: all */
	_Atomic int holds_up, holds_down;
	_Atomic int resets;          /* raise it to reset every connection there is */
	_Atomic int64_t reset_after; /* bytes up: then every connection is reset, once; 0: never */
	_Atomic uint64_t connections, bytes_up, bytes_down;
};

struct proxy {
	pid_t pid;
	struct proxy_rules *rules;
};

/* Addresses are IPv4, in text. `namespace_fd`: the network namespace it lives in; -1: this one. Fails the test if it cannot listen. */
void proxy_start(struct proxy *proxy, int namespace_fd, const char *address, uint16_t port,
                 const char *server_address, uint16_t server_port);
void proxy_stop(struct proxy *proxy);

#endif
