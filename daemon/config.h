/* The daemon's configuration: a flat YAML file of keys, overridden by --set KEY=VALUE. One table holds the
 * keys.
 *
 * Paths in the file are relative to the file's folder, paths given by --set to the working directory. */
#ifndef SUANPAN_CONFIG_H
#define SUANPAN_CONFIG_H

#include "daemon/base/fault.h"
#include <stddef.h>
#include <stdio.h>

struct config {
	char *store;                 /* folder */
	char *catalogue;             /* folder */
	char *archive;               /* folder; empty: none; NULL: config_archive says which */
	char *key;                   /* file; empty: none */
	char *intake, *query, *live; /* endpoints */
	int intake_fd, query_fd,
	    live_fd;                /* what listens there already; -1: nothing yet. No keys: service.h */
	unsigned long group;        /* observations per commit, at most */
	unsigned long queue;        /* observations that may wait for a commit */
	unsigned long share, lines; /* KiB of reports that wait before that: of one sender, of all */
	unsigned long answers;      /* KiB that are left unread, of one key */
	unsigned long connections, connections_each; /* in all, of one key */
	unsigned long handshakes;                    /* of one key in a minute */
	unsigned long subscriptions;                 /* of one connection */
	unsigned long reserve;                       /* MiB of the disk; 0: none */
	unsigned long look;                          /* seconds; 0: only when the day turns */
	char *log;                                   /* error, warning, info, debug */
};

/* Defaults. Everything in it is from malloc. */
int MUST_CHECK config_new(struct config **ret_config);
void config_free(struct config *config); /* NULL is fine */

enum config_verdict { CONFIG_REFUSED = 1 };

/* Reads a file over what is there. Every mistake is a line "FILE:LINE: ..." on `errors`. */
int MUST_CHECK config_read(struct config *config, const char *path, FILE *errors);
/* "KEY=VALUE"; a mistake is a line on `errors`. */
int MUST_CHECK config_set(struct config *config, const char *assignment, FILE *errors);
/* What only the whole can tell: endpoints that differ, and that are local where there is no key. */
int MUST_CHECK config_check(const struct config *config, FILE *errors);
/* Where the archive is: what `archive` says, or the folder of that name beside the store. *ret_folder is from
 * malloc; NULL: none is wanted. */
int MUST_CHECK config_archive(const struct config *config, char **ret_folder);
/* Each key with its sentence, for --help. */
void config_print_keys(FILE *out);

#endif
