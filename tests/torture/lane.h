/* A lane: one daemon, its senders, its ledger, and what is done to them, in a process and a folder of its own.
 *
 *     kills.c   SIGKILL of the daemon and of senders at random moments: under load, at the start, in recovery
 *     losses.c  power cuts of the daemon's machine: a recorded run, and what may be left of it
 *     spools.c  power cuts of a sender's machine
 *
 * A lane's folder is its working directory: `state` is the daemon's (store and archive), `run` has sockets and logs, `city-0` and
 * `city-1` are two catalogues, `spool-N` the senders'. A world begins with an empty `state` and ends with a long look at it. */
#ifndef SUANPAN_TESTS_TORTURE_LANE_H
#define SUANPAN_TESTS_TORTURE_LANE_H

#include "daemon/base/fault.h"
#include "tests/torture/ledger.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What has happened so far, in all lanes: in memory that they share. */
struct counts {
	_Atomic uint64_t daemon_kills, start_kills, sender_kills, empty_kills;
	_Atomic uint64_t daemon_losses, first_losses, sender_losses;
	_Atomic uint64_t reports, repetitions, worlds, checks, rebuilds, figures, findings;
	_Atomic uint64_t slowest_start_us;
};

struct settings {
	const char *build; /* folder of the programs */
	uint64_t seed;
	int64_t seconds;
	unsigned lanes;
	uint64_t findings; /* that are enough */
	bool nosync, lies; /* the control runs: what is done wrong on purpose */
	bool keeps;        /* copies of images */
	const char *only;  /* "kills", "losses", "spools"; NULL: all */
};

struct child {
	pid_t pid;       /* 0: it does not run */
	int output;      /* what it says, to be read; -1 if that goes to a file */
	char tail[4096]; /* the last of it */
};

struct district;
#define LANE_DISTRICTS 2

struct lane {
	const struct settings *settings;
	struct counts *counts;
	unsigned number;
	struct random_source random;
	int64_t end_us;
	char *folder; /* absolute */
	void *zmq_context;
	bool failed;      /* something was found in this world: leave it */
	uint64_t finding; /* the number of what was */

	struct ledger *ledger;
	struct child daemon;
	const char *state; /* the folder it works on */
	bool is_empty;     /* nothing was ever written there */

	/* To the daemon, for as long as it lives: own reports, what senders send, and where senders send it. */
	void *own, *onward, *server;
	uint64_t connections;
	size_t *sent;      /* per stream: reports sent on this connection */
	size_t *due_sent;  /* the same of those asked again */
	size_t sent_count; /* streams that the two have room for */
	size_t due_in_flight;
	bool makes;      /* new reports are made as soon as there is room */
	const char *log; /* of the recorder that the daemon runs under, or NULL */
	struct district *districts[LANE_DISTRICTS];
};

/* ---- lane.c ---- */

void lane_init(struct lane *lane, const struct settings *settings, struct counts *counts, unsigned number,
               const char *folder, int64_t end_us);
void lane_done(struct lane *lane);
/* Until the time is up, or too much was found. */
void lane_run(struct lane *lane);
bool lane_is_over(const struct lane *lane);

/* Tells what was found, and leaves this world. */
void PRINTF_LIKE(2, 3) lane_find(struct lane *lane, const char *format, ...);
/* The same with a complaint, which it frees; NULL: nothing was wrong, answers true. */
bool lane_agrees(struct lane *lane, const char *when, char *complaint);

/* An empty state and a new ledger with own streams; and its end. */
void lane_begin_world(struct lane *lane);
void lane_end_world(struct lane *lane);

/* ---- child.c ---- */

int64_t now_us(void);
void sleep_us(int64_t us);
void remove_folder(const char *path); /* if it is there */
/* `words` ends with a NULL, as do the settings NAME=VALUE in `environment`. What it says goes to `output`, or can be read. */
void child_start(struct child *child, const char *build, const char *const words[],
                 const char *const environment[], const char *output);
/* Reads what it has said so far without waiting. */
void child_listen(struct child *child);
/* Whether it has ended; then *ret_status is its exit status, or 128 and the signal. */
bool child_has_ended(struct child *child, int *ret_status);
int child_wait(struct child *child);
int child_kill(struct child *child, int signal);

/* ---- talk.c: the daemon's life, and talking to it ---- */

/* Starts on lane->state; under the recorder if lane->log. Does not wait. */
void talk_start(struct lane *lane);
/* Waits for readiness, and connects. */
bool talk_wait_ready(struct lane *lane);
void talk_connect(struct lane *lane);
void talk_disconnect(struct lane *lane);
/* Some of what was acked, or all of it, is to be asked again. */
void talk_doubt(struct lane *lane, bool all);
/* One turn of everything: answers, reports to send, senders. Waits at most `ms`. */
void talk_turn(struct lane *lane, int ms);
void talk_for(struct lane *lane, int64_t us);
/* Makes no more, and talks until all is acked and nothing is due. */
bool talk_until_quiet(struct lane *lane);
void talk_kill(struct lane *lane, int signal);
/* SIGTERM, which must end it well. */
void talk_stop(struct lane *lane);

/* ---- district.c: real senders with spools ---- */

struct district *district_new(struct lane *lane, unsigned number);
void district_free(struct district *district);
/* Begins something if it is idle, ends what is to be killed. */
void district_turn(struct lane *lane, struct district *district);
/* What the sender in this district sent, as it comes by. */
void district_see(struct lane *lane, const struct ledger_body *body);
/* No more pushes: waits for its sender and drains what is left, with the daemon running. Then every push must have arrived as
 * it should. */
bool district_settle(struct lane *lane, struct district *district);
/* It may push again. */
void district_resume(struct district *district);
/* The sender is not to be left running. */
void district_kill(struct lane *lane, struct district *district);

/* One run of suanpan-report, with what it says in the file "OUTPUT". */
struct sender_run {
	const char *command;                /* push, drain, status */
	const char *file, *spool, *timeout; /* NULL: none */
	const char *const *environment;
	const char *intake, *output;
};
void sender_start(const struct lane *lane, struct child *child, const struct sender_run *run);
/* What it said; from malloc. */
char *sender_said(const struct sender_run *run);
/* Writes a file of `rows` rows to push, each with a value that tells `mark` and its own number. */
#define SENDER_ROWS_MAX 48
void sender_write_file(struct random_source *random, const char *path, size_t rows, uint32_t mark);
uint32_t sender_mark(const struct ledger_row *row);

/* What `suanpan-report status` says of a spool. False: it could not be read, and what it said is in *ret_said. */
struct spool_sight {
	bool has_stream;
	uint8_t stream[LEDGER_STREAM_SIZE];
	uint64_t next, pending;
};
bool sender_look(const struct lane *lane, const char *spool, struct spool_sight *ret_sight, char **ret_said);

/* ---- the three kinds of trouble: each a while of it, in the world there is ---- */

void kills_run(struct lane *lane);
void losses_run(struct lane *lane);
void spools_run(struct lane *lane);

/* ---- look.c: long looks ---- */

/* The daemon runs: sends everything again that is to be, and compares `percent` of the figures; those `as_found` as well, if it was
 * just started and nothing was sent to it yet. */
bool look_at_daemon(struct lane *lane, bool as_found, unsigned percent);
/* The daemon does not run: suanpand check, and a rebuild with the same digest. */
bool look_at_store(struct lane *lane, const char *state);

#endif
