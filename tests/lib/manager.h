/* The service manager's end of $NOTIFY_SOCKET: what a program says to it, message by message. */
#ifndef SUANPAN_TESTS_LIB_MANAGER_H
#define SUANPAN_TESTS_LIB_MANAGER_H

#include <stdbool.h>

struct manager {
	int fd;
	char environment[160]; /* "NOTIFY_SOCKET=@..." */
	char message[2048];    /* the newest one that was taken */
};

void manager_init(struct manager *manager);
void manager_done(struct manager *manager);
/* Takes the next message; false when none comes in that time. */
bool manager_hear(struct manager *manager, int timeout_ms);
/* Takes messages until one contains `text`, which is manager->message then. */
bool manager_hear_of(struct manager *manager, const char *text, int timeout_ms);
/* How many that contain `text` come in so long. */
unsigned manager_count(struct manager *manager, const char *text, int for_ms);

#endif
