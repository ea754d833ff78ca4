/* A folder of a test's own, below $TMPDIR, gone when the test is over. */
#ifndef SUANPAN_TESTS_LIB_SCRATCH_H
#define SUANPAN_TESTS_LIB_SCRATCH_H

#include <stddef.h>

/* Makes it; the path is from malloc. Fails the test if it cannot. */
char *scratch_new(void);
/* Removes it with all that is in it, and frees the path. */
void scratch_free(char *folder);
/* "folder/name" from malloc. */
char *scratch_path(const char *folder, const char *name);
/* Writes a whole file; fails the test if it cannot. */
void scratch_write(const char *path, const void *bytes, size_t size);

#endif
