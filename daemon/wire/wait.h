/* Waiting for input on sockets and descriptors at once. */
#ifndef SUANPAN_WIRE_WAIT_H
#define SUANPAN_WIRE_WAIT_H

#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>

#define WAIT_ITEMS_MAX 8

struct wait_item {
	void *socket; /* or NULL: */
	int fd;
	bool ready; /* set by the wait */
};

/* Until one of them has input. A signal may end it with none ready. */
int MUST_CHECK wait_for_input(struct wait_item items[], size_t count);
/* The same, but for so long at most; 0 only looks. */
int MUST_CHECK wait_for_input_within(struct wait_item items[], size_t count, long timeout_ms);

#endif
