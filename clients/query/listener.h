/* The live socket of a command that goes on until it is interrupted: opened, granted, waited at.
 *
 * What goes wrong is said on stderr; the functions answer an exit status. Private to clients/query. */
#ifndef SUANPAN_QUERY_LISTENER_H
#define SUANPAN_QUERY_LISTENER_H

#include "clients/lib/live.h"
#include "clients/query/settings.h"

struct listener {
	const struct settings *settings;
	struct live *live;
	int stop_fd; /* ready once we are to stop; -1: an interrupt still just ends the program */
};
#define LISTENER_INIT                                                                                        \
	{                                                                                                    \
		.stop_fd = -1                                                                                \
	}

/* Says what the fault is; answers EXIT_REFUSED. */
int listener_explain(int fault);

/* Whether the address and the keys go together; `command` is who says that they do not. */
int listener_check(const struct settings *settings, const char *command);
/* The listener is a LISTENER_INIT. */
int listener_open(struct listener *listener, const struct settings *settings, void *zmq_context);
/* Until everything that is followed is granted. Updates before that are passed over: they are older than any answer to come. */
int listener_await_grants(struct listener *listener);
/* From here on an interrupt ends the waiting, and what is open is closed. */
int listener_catch_interrupts(struct listener *listener);
/* Before its context is freed. */
void listener_close(struct listener *listener);

#endif
