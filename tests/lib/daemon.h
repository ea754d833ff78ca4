/* The real programs, for flow tests: a daemon in a scratch folder, and commands run to their end.
 *
 * The build is $SUANPAN_BUILD, the source tree $SUANPAN_SOURCE (tests/run sets both; without it build/release
 * and the working directory). Sockets are ipc files in the scratch folder, which is short enough for a
 * socket's path. */
#ifndef SUANPAN_TESTS_LIB_DAEMON_H
#define SUANPAN_TESTS_LIB_DAEMON_H

#include <stddef.h>
#include <sys/types.h>

struct daemon {
	char *folder;    /* everything of this daemon is in it */
	char *catalogue; /* folder */
	char *intake, *query, *live;
	pid_t pid; /* 0: it does not run */
	/* May be set between daemon_prepare and daemon_restart, and stay the caller's. */
	const char *more;                       /* further words of its command line */
	unsigned descriptors;                   /* it may have, at most; 0: as many as this process */
	const char *const *daemon_environment;  /* "NAME=VALUE" ..., NULL; for the daemon only */
	const char *const *command_environment; /* the same for daemon_run and daemon_say */
};

/* Starts on an empty store with a catalogue folder; waits until it answers. */
void daemon_start(struct daemon *daemon, char *folder, const char *catalogue);
/* The same without starting it. */
void daemon_prepare(struct daemon *daemon, char *folder, const char *catalogue);
/* The same store again. */
void daemon_restart(struct daemon *daemon);
/* The same without waiting for anything. */
void daemon_launch(struct daemon *daemon);
/* Until it ends by itself, or after all: answers as `run.status` does. */
int daemon_wait(struct daemon *daemon);
/* All that it has said, from malloc. */
char *daemon_log(const struct daemon *daemon);
/* Only what was said behind the first `*place` bytes of it; moves the place behind that. */
char *daemon_log_since(const struct daemon *daemon, long *place);
/* SIGTERM; answers the exit status. */
int daemon_stop(struct daemon *daemon);
/* SIGKILL. */
void daemon_kill(struct daemon *daemon);
/* Stops it if it runs, and removes its folder. */
void daemon_done(struct daemon *daemon);

struct run {
	int status; /* exit status; 128 + N when a signal ended it */
	char *out, *err;
};
/* Runs a program of the build to its end, with the daemon's endpoints and a spool of `spool` in the
 * environment. `words` is the program's name and its arguments, separated by blanks ('...' quotes). At most a
 * minute. */
struct run daemon_run(const struct daemon *daemon, const char *spool, const char *words);
void run_free(struct run *run);

/* Runs, expects exit status 0, and answers what was printed (from malloc). */
char *daemon_say(const struct daemon *daemon, const char *words);

#endif
