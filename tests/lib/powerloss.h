/* What a power cut may leave of a folder.
 *
 * A process runs under build/FLAVOUR/record.so (tests/fault/record.c), which writes down every call that changed a file
 * or brought it to the disk. For any of these calls an image can be built: the folder as it might be found if the power
 * went while that call was under way. What was synced by then is there. Of everything else any part may be: each sector
 * (512 bytes or 4 KiB) of each write in an older or newer state, so torn and in any order; a file as long as it was at any
 * time since its last sync; names that were made, removed or moved and whose folder was not synced since, done or not.
 * Syncing a file does not sync its name (fsync(2)): that takes a sync of its folder.
 *
 * lock.mdb is written through a memory map, which no recorder sees. LMDB makes nothing of what is in it after a restart; in an
 * image it is zeros, or what is in it now.
 *
 * Fails the test (abort) on what cannot be read or written. */
#ifndef SUANPAN_TESTS_LIB_POWERLOSS_H
#define SUANPAN_TESTS_LIB_POWERLOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct powerloss;

/* Takes the folder as it is now for what is on the disk. Before the recorded process starts. */
struct powerloss *powerloss_new(const char *folder);
void powerloss_free(struct powerloss *loss);

/* Reads what was recorded below the folder, when the process has ended. Kept until powerloss_free. */
void powerloss_read(struct powerloss *loss, const char *log);

/* The calls are 0 .. count - 1. Moment i: calls before i have returned, call i is under way. Moment `count`: all have returned. */
size_t powerloss_count(const struct powerloss *loss);
/* The size of the log at that moment: whatever its process did because of a call before it comes later. */
uint64_t powerloss_position(const struct powerloss *loss, size_t moment);
/* Whether call `moment` brings something to the disk. */
bool powerloss_is_sync(const struct powerloss *loss, size_t moment);

/* Makes `folder`, which must not be there. The same seed makes the same image. */
void powerloss_image(struct powerloss *loss, size_t moment, uint64_t seed, const char *folder);

/* Whether everything that was recorded makes the folder as it is now. Otherwise the recorder has missed something, and *ret_what
 * (from malloc) says where. Only where the process was not killed: it might have died between a call and its record. */
bool powerloss_is_complete(struct powerloss *loss, char **ret_what);

#endif
