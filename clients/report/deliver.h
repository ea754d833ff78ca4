/* Delivering what is in the spool: up to DELIVER_WINDOW reports in flight, in order of sequence, each until
 * the daemon has decided on it.
 *
 * A decided report is no longer pending, accepted and refused alike; a refusal is printed with the file and line
 * of every bad row. A conflict stays pending, for a person to look at. Where nothing is decided within
 * the timeout the socket is replaced once (a refused handshake is never tried again by the old one), then the
 * rest stays where it is. A daemon that was restored from a backup asks for what it had decided on: as much of it as is
 * kept goes out again (resend.h). */
#ifndef SUANPAN_CLIENTS_REPORT_DELIVER_H
#define SUANPAN_CLIENTS_REPORT_DELIVER_H

#include "clients/lib/identity.h"
#include "clients/report/spool.h"
#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DELIVER_WINDOW 32

struct deliver_settings {
	void *zmq_context;
	const char *url;
	const struct identity *identity; /* NULL: plain */
	int timeout_ms;
	struct spool *spool;  /* locked by the caller */
	struct sentence *why; /* gets the reason of a fault and of every end but DELIVER_ALL; the spool's may
	                         be the same */
	uint64_t own_first;   /* reports from here on are counted as our own, those before as earlier ones */
	uint64_t last;        /* up to here */
	bool probe;     /* where nothing is pending: ask whether the daemon still has the newest one kept */
	FILE *messages; /* for refusals and conflicts */
	void (*progress)(void *closure, size_t decided, size_t total); /* may be NULL */
	void *closure;
};

enum deliver_end {
	DELIVER_ALL,         /* every report was decided */
	DELIVER_SILENCE,     /* nobody answered, or nothing that can be read */
	DELIVER_SHUT_OUT,    /* the daemon does not know our key, or only one side speaks with keys */
	DELIVER_OVERLOADED,  /* the daemon is there and has no room for now */
	DELIVER_UNSUPPORTED, /* the daemon does not know our version, or we not its */
	DELIVER_STUCK,       /* the daemon wants what this spool never made, or cannot read what it sent */
};

struct deliver_tally {
	uint64_t accepted; /* those that had been accepted before included */
	uint64_t refused, conflicts;
};

struct delivery {
	enum deliver_end end;
	struct deliver_tally own, earlier;
	struct deliver_tally
	    again; /* those that had been decided before and were asked for again: asked_again of them */
	uint64_t asked_again;
	uint64_t left;   /* neither decided nor in conflict */
	uint64_t commit; /* the newest that an acceptance named; 0: none did */
};

int MUST_CHECK deliver(const struct deliver_settings *settings, struct delivery *ret_delivery);

#endif
