/* What libzmq tells of a server's connections (endpoint_open_watched). */
#ifndef SUANPAN_WIRE_WATCH_H
#define SUANPAN_WIRE_WATCH_H

#include "daemon/base/fault.h"

enum watch_event {
	WATCH_OPENED, /* `descriptor` is its number */
	WATCH_CLOSED,
	WATCH_OTHER,
};

struct watched {
	enum watch_event event;
	int descriptor;
};

enum watch_verdict { WATCH_EMPTY = 1 };

/* Takes one waiting event, in the thread that `events` belongs to. */
int MUST_CHECK watch_take(void *events, struct watched *ret_watched);

#endif
