/* A disk that does not answer: fdatasync, fsync and msync hang for as long as the file that $SUANPAN_HANG names is there.
 * An LD_PRELOAD. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static void hang(void)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	const char *path = getenv("SUANPAN_HANG");
	while (path && access(path, F_OK) == 0)
		nanosleep(&pause, NULL);
}

/* `ret_next`: where a pointer to a function is, which no standard lets one assign from a void *. */
static void look_up(const char *name, void *ret_next)
{
	void *next = dlsym(RTLD_NEXT, name);
	memcpy(ret_next, &next, sizeof next);
}

EXPORTED int fdatasync(int fd)
{
	int (*next)(int);
	look_up("fdatasync", &next);
	hang();
	return next(fd);
}

EXPORTED int fsync(int fd)
{
	int (*next)(int);
	look_up("fsync", &next);
	hang();
	return next(fd);
}

EXPORTED int msync(void *address, size_t size, int flags)
{
	int (*next)(void *, size_t, int);
	look_up("msync", &next);
	hang();
	return next(address, size, flags);
}
