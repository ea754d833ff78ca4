/* Faults: what a call answers when something outside our power went wrong.
 *
 * Every call that can fail returns an int: 0 it is done; below 0 a fault, passed up and logged once at the
 * top; above 0 a verdict from an enum that stands beside the function, answered by the direct caller. Outputs
 * stay untouched unless the call returned 0 (or a verdict that says otherwise).
 *
 * A fault is a negated errno value or one of the values below. */
#ifndef SUANPAN_BASE_FAULT_H
#define SUANPAN_BASE_FAULT_H

#define MUST_CHECK           __attribute__((warn_unused_result))
#define PRINTF_LIKE(at, arg) __attribute__((format(printf, at, arg)))

enum fault {
	FAULT_CORRUPT = -10001,  /* stored bytes do not match their checksum or their shape */
	FAULT_FORMAT = -10002,   /* the store was written by a newer format than this program knows */
	FAULT_MAP_FULL = -10003, /* the store's memory map is full and could not grow */
	FAULT_STORE = -10004,    /* LMDB refused for a reason of its own (logged where it happened) */
	FAULT_SOCKET = -10005,   /* libzmq refused for a reason of its own (logged where it happened) */
	FAULT_CONFIG = -10006,   /* a configuration file is wrong; the sentence was already printed */
	FAULT_UNKNOWN = -10007,  /* a commit may be on disk or not: stop, and see at the next start */
	FAULT_DISK_LOW = -10008, /* the disk has less room than is kept in reserve; nothing was begun */
};

/* A short English phrase for a fault; never NULL, static storage. */
const char *fault_text(int fault);

#endif
