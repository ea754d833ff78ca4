/* The commands of suanpan-report. Each answers the exit status of the program. */
#ifndef SUANPAN_CLIENTS_REPORT_SENDER_H
#define SUANPAN_CLIENTS_REPORT_SENDER_H

#include <stdbool.h>

#define SENDER_KEEP "30"

/* As the options table fills it. */
struct sender_settings {
	const char *intake, *query,
	    *live;            /* live is taken for scripts that give both programs the same options */
	const char *spool;    /* NULL: the user's own, see session.c */
	const char *reporter; /* NULL: whom the spool belongs to */
	const char *timeout;  /* seconds */
	const char *key, *server_key;
	const char *keep;                 /* days; NULL: SENDER_KEEP */
	const char *confirm, *correction; /* reasons, or NULL */
	const char *settle;               /* seconds */
	bool dry_run, quiet, list_kept;
	bool only_reachable; /* push: does nothing while the daemon does not answer */
};

/* Checks all files, spools what they hold, delivers it and whatever is left from before. */
int sender_push(void *settings, int count, char *arguments[]);
/* Delivers what is left from before; where nothing is, asks whether the daemon still has what it acknowledged. */
int sender_drain(void *settings, int count, char *arguments[]);
/* Pushes the files that lie in a folder, each by itself, and moves them aside with what was said of them. */
int sender_drop(void *settings, int count, char *arguments[]);
/* Prints what is in the spool. */
int sender_status(void *settings, int count, char *arguments[]);

#endif
