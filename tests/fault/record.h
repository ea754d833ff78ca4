/* What tests/fault/record.c writes down, and tests/lib/powerloss.c reads: one record per call that changed a file or a
 * folder below RECORD_UNDER or brought it to the disk, in the order in which the calls returned. */
#ifndef SUANPAN_TESTS_FAULT_RECORD_H
#define SUANPAN_TESTS_FAULT_RECORD_H

#include <stdint.h>

enum record_kind {
	RECORD_WRITE = 1, /* file, offset, and the bytes */
	RECORD_LENGTH,    /* file; offset is its length from now on */
	RECORD_SYNC, /* file or folder; offset is the log's size when the call began: what is behind that it may not cover */
	RECORD_MAKE,   /* file in folder, and its name */
	RECORD_REMOVE, /* a name in folder */
	RECORD_RENAME, /* file from the folder from_folder to folder; both names, the new one first, with a NUL between */
};

enum record_flag {
	RECORD_DURABLE = 1, /* a write to a descriptor with O_SYNC or O_DSYNC: on the disk when it returned */
	RECORD_FOLDER = 2,  /* what was made is a folder */
};

/* Files and folders go by their inode numbers: names change. */
struct record {
	uint32_t kind, flags;
	uint64_t file, folder, from_folder;
	uint64_t offset;
	uint64_t size; /* of the bytes that follow */
};

#endif
