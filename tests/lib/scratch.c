#include "tests/lib/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void give_up(const char *what, const char *path)
{
	fprintf(stderr, "scratch: %s %s: %s\n", what, path, strerror(errno));
	abort();
}

char *scratch_new(void)
{
	const char *base = getenv("TMPDIR");
	char *folder;
	if (asprintf(&folder, "%s/suanpan-XXXXXX", base ? base : "/tmp") < 0 || !mkdtemp(folder))
		give_up("mkdtemp", base ? base : "/tmp");
	return folder;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

void scratch_free(char *folder)
{
	if (nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		give_up("remove", folder);
	free(folder);
}

char *scratch_path(const char *folder, const char *name)
{
	char *path;
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		give_up("asprintf", name);
	return path;
}

void scratch_write(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");
	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
		give_up("write", path);
}
