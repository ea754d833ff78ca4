/* The n-th call fails: of malloc and its like, or of what writes below a folder named spool. For one test program, which
 * this makes stand before the C library, for itself and for the libraries it uses.
 *
 * Memory: libzmq ends the process when it gets none, so only this program, LMDB, protobuf-c and what the C library takes
 * for them count, in the thread that calls fail_from. Writing: with a full disk, an error of the disk, or half a write.
 * What does not fail is not waited for: nothing is synced, as no power is cut here. */
#ifndef SUANPAN_TESTS_UNIT_FAILING_CALLS_H
#define SUANPAN_TESTS_UNIT_FAILING_CALLS_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

enum failing_kind { FAIL_NOTHING, FAIL_MEMORY, FAIL_WITH_ENOSPC, FAIL_WITH_EIO, FAIL_BY_HALVES };

static struct {
	enum failing_kind kind;
	unsigned at;   /* counted from now */
	bool for_good; /* and so do all that follow */
	bool failed;   /* one did */
	pthread_t thread;
} failing;

static inline void fail_from(enum failing_kind kind, unsigned at, bool for_good)
{
	failing.thread = pthread_self();
	failing.at = at;
	failing.for_good = for_good;
	failing.failed = false;
	failing.kind = kind;
}

static inline void fail_no_more(void)
{
	failing.kind = FAIL_NOTHING;
}

static bool fails_now(void)
{
	if (failing.at > 1) {
		failing.at--;
		return false;
	}
	if (failing.at == 0)
		return false;
	failing.at = failing.for_good;
	failing.failed = true;
	return true;
}

/* The function that this program's own stands before, as `next`. */
#define NEXT(type, name, ...)                                                                                \
	static type (*next)(__VA_ARGS__);                                                                    \
	if (!next)                                                                                           \
	*(void **)&next = dlsym(RTLD_NEXT, #name)

/* ---- memory ---- */

/* The sanitizer asks for memory before it can bear to be looked over the shoulder. */
#define UNWATCHED __attribute__((noinline, no_sanitize_address))

static UNWATCHED bool is_counted(const void *caller)
{
	static const char *const not_these[] = {"libzmq", "libstdc++", "ld-linux", "libcmocka"};
	Dl_info info;
	if (!dladdr(caller, &info) || !info.dli_fname)
		return false;
	for (size_t i = 0; i < sizeof not_these / sizeof *not_these; i++)
		if (strstr(info.dli_fname, not_these[i]))
			return false;
	return true;
}

static UNWATCHED bool memory_fails(const void *caller)
{
	if (failing.kind != FAIL_MEMORY || !pthread_equal(failing.thread, pthread_self()) ||
	    !is_counted(caller) || !fails_now())
		return false;
	errno = ENOMEM;
	return true;
}

EXPORTED void *malloc(size_t size)
{
	NEXT(void *, malloc, size_t);
	return memory_fails(__builtin_return_address(0)) ? NULL : next(size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
	NEXT(void *, calloc, size_t, size_t);
	return memory_fails(__builtin_return_address(0)) ? NULL : next(count, size);
}

EXPORTED void *realloc(void *bytes, size_t size)
{
	NEXT(void *, realloc, void *, size_t);
	return memory_fails(__builtin_return_address(0)) ? NULL : next(bytes, size);
}

/* ---- the disk ---- */

static bool path_fails(const char *path)
{
	if (failing.kind < FAIL_WITH_ENOSPC || !strstr(path, "/spool") || !fails_now())
		return false;
	errno = failing.kind == FAIL_WITH_EIO ? EIO : ENOSPC;
	return true;
}

static bool file_fails(int file)
{
	char link[64], path[4096];
	if (failing.kind < FAIL_WITH_ENOSPC)
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", file);
	ssize_t length = readlink(link, path, sizeof path - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	return path_fails(path);
}

EXPORTED ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset)
{
	NEXT(ssize_t, pwrite, int, const void *, size_t, off_t);
	if (!file_fails(file))
		return next(file, bytes, size, offset);
	return failing.kind == FAIL_BY_HALVES ? next(file, bytes, size / 2, offset) : -1;
}

EXPORTED ssize_t writev(int file, const struct iovec *parts, int count)
{
	NEXT(ssize_t, writev, int, const struct iovec *, int);
	if (!file_fails(file))
		return next(file, parts, count);
	return failing.kind == FAIL_BY_HALVES && count > 1 ? next(file, parts, count / 2) : -1;
}

EXPORTED ssize_t write(int file, const void *bytes, size_t size)
{
	NEXT(ssize_t, write, int, const void *, size_t);
	if (!file_fails(file))
		return next(file, bytes, size);
	return failing.kind == FAIL_BY_HALVES ? next(file, bytes, size / 2) : -1;
}

EXPORTED int fsync(int file)
{
	return file_fails(file) ? -1 : 0;
}

EXPORTED int fdatasync(int file)
{
	return file_fails(file) ? -1 : 0;
}

EXPORTED int ftruncate(int file, off_t size)
{
	NEXT(int, ftruncate, int, off_t);
	return file_fails(file) ? -1 : next(file, size);
}

EXPORTED int fallocate(int file, int mode, off_t offset, off_t size)
{
	NEXT(int, fallocate, int, int, off_t, off_t);
	return file_fails(file) ? -1 : next(file, mode, offset, size);
}

EXPORTED void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
	NEXT(void *, mmap, void *, size_t, int, int, int, off_t);
	return file >= 0 && file_fails(file) ? MAP_FAILED
	                                     : next(address, size, protection, flags, file, offset);
}

EXPORTED int mkdir(const char *path, mode_t mode)
{
	NEXT(int, mkdir, const char *, mode_t);
	return path_fails(path) ? -1 : next(path, mode);
}

EXPORTED int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	NEXT(int, renameat2, int, const char *, int, const char *, unsigned);
	return path_fails(to) ? -1 : next(from_folder, from, to_folder, to, flags);
}

EXPORTED int open(const char *path, int flags, ...)
{
	NEXT(int, open, const char *, int, ...);
	mode_t mode = 0;
	if (flags & O_CREAT) {
		va_list arguments;
		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		va_end(arguments);
	}
	return path_fails(path) ? -1 : next(path, flags & ~O_DSYNC, mode);
}

#endif
