/* The fault injector: a library that stands before the C library in a program that was not made for it (LD_PRELOAD), and
 * makes the n-th call of a kind fail. tests/fault/inject.c is the library, tests/lib/injected.h starts programs with it.
 *
 * By the environment, for a fault known beforehand:
 *
 *     INJECT="pwrite:3:EIO"      the third pwrite fails with EIO
 *     INJECT="io:7:ENOSPC+"      the seventh call that writes or syncs anything fails, and so do all that follow
 *     INJECT="io:7:short"        half of it is written, and that is what it answers (or EIO, where it is no write)
 *     INJECT="io:7:late"         it is done as it should be, and answers EIO all the same ("late+": and all that follow
 *                                fail undone)
 *     INJECT_FILES=TEXT          only for files whose path contains TEXT
 *     INJECT_CALLERS=LIST        memory only as asked for by these objects: "suanpand,liblmdb" (names of files, by their
 *                                beginning); by any without it
 *     INJECT_COUNT=1             says at its exit how many calls of each kind there were
 *     INJECT_BOARD=PATH          a file of sizeof(struct inject_board), through which all this goes while the program runs
 *
 * The calls are those below by their names, and two groups: `io` is write to ftruncate, `memory` is malloc to realloc.
 * Calls on what is no regular file or folder, and on the descriptors 0 to 2, neither count nor fail. */
#ifndef SUANPAN_TESTS_FAULT_INJECT_H
#define SUANPAN_TESTS_FAULT_INJECT_H

#include <stdint.h>

enum inject_call {
	INJECT_WRITE,
	INJECT_WRITEV,
	INJECT_PWRITE,
	INJECT_PWRITEV,
	INJECT_FSYNC,
	INJECT_FDATASYNC,
	INJECT_FTRUNCATE,
	INJECT_MALLOC,
	INJECT_CALLOC,
	INJECT_REALLOC,
	INJECT_MMAP, /* of files */
	INJECT_SOCKET,
	INJECT_ACCEPT,
	INJECT_CALL_COUNT
};

/* Sets of calls, as bits. */
#define INJECT_BIT(call) (1u << (call))
#define INJECT_WRITES    (INJECT_BIT(INJECT_PWRITEV + 1) - INJECT_BIT(INJECT_WRITE))
#define INJECT_IO        (INJECT_BIT(INJECT_FTRUNCATE + 1) - INJECT_BIT(INJECT_WRITE))
#define INJECT_MEMORY    (INJECT_BIT(INJECT_REALLOC + 1) - INJECT_BIT(INJECT_MALLOC))

enum inject_manner {
	INJECT_ERROR, /* nothing is done */
	INJECT_SHORT,
	INJECT_LATE,
};

/* What both sides see. Arm it by setting `left` last; a program may be armed while it runs. */
struct inject_board {
	_Atomic uint64_t count[INJECT_CALL_COUNT]; /* calls so far that might have failed */
	_Atomic uint64_t failed;                   /* calls that were made to fail */
	_Atomic int64_t left;    /* the left-th call of the set from now on fails; 0: none */
	volatile uint32_t calls; /* a set: what is to fail */
	volatile int32_t error;  /* an errno value */
	volatile int32_t manner;
	volatile uint32_t forever;
};

#endif
