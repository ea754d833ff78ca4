/* Files and folders, for those who must know what is on disk: reads and writes that do all or answer why not.
 *
 * A name that was made, renamed or removed is on disk only when its folder has been synced. */
#ifndef SUANPAN_BASE_FILE_H
#define SUANPAN_BASE_FILE_H

#include "daemon/base/fault.h"
#include <stddef.h>
#include <stdint.h>

#define FILE_PATH_SIZE 4096

/* "folder/name"; -ENAMETOOLONG. */
int MUST_CHECK file_path(const char *folder, const char *name, char ret_path[FILE_PATH_SIZE]);
/* open(2) of folder/name, mode 0600, closed on exec. */
int MUST_CHECK file_open(const char *folder, const char *name, int flags, int *ret_fd);
int MUST_CHECK file_size(int fd, uint64_t *ret_size);
/* Exactly `size` bytes; FAULT_CORRUPT where the file ends before. */
int MUST_CHECK file_read(int fd, void *bytes, size_t size, uint64_t offset);
/* At the file's own position. */
int MUST_CHECK file_write(int fd, const void *bytes, size_t size);
/* Copies a file into a folder under the same name, which must not be there yet; synced when it answers 0. */
int MUST_CHECK file_copy(const char *from, const char *to, const char *name);
int MUST_CHECK file_sync_folder(const char *folder);
/* The folder that a path stands in. */
int MUST_CHECK file_sync_parent(const char *path);

#endif
