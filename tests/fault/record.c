/* A library to preload (build/FLAVOUR/record.so) that writes down what a process does to its files, so that tests/lib/powerloss.c
 * can tell what a power cut might have left of it.
 *
 *     RECORD_LOG    the file the records are appended to (record.h)
 *     RECORD_UNDER  the folder that counts, absolute and without symbolic links
 *     RECORD_NOSYNC any value: LMDB is made to open its environments with MDB_NOSYNC: for the control run that must lose reports
 *
 * A call is written down when it has returned and before its caller goes on, so nothing that the caller does because of it
 * (an ack) can come before it. Only calls that glibc lets others stand before are seen: not what stdio writes, nor what goes
 * through a memory map. powerloss_is_complete finds out whether anything was missed. */
#include "tests/fault/record.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MADE_MODE_MASK (O_CREAT | __O_TMPFILE)

/* The next definition of the same name: libc's. ISO C has no cast from what dlsym answers to a function. */
#define REAL(name)                                                                                           \
	static __typeof__(&name) real;                                                                       \
	if (!real) {                                                                                         \
		void *found = dlsym(RTLD_NEXT, #name);                                                       \
		memcpy(&real, &found, sizeof real);                                                          \
	}

static int log_fd = -1;
static char under[PATH_MAX];
static size_t under_size;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void give_up(const char *what)
{
	fprintf(stderr, "tests/fault/record: %s: %s\n", what, strerror(errno));
	_exit(70);
}

static int open_really(const char *path, int flags, mode_t mode)
{
	static int (*real)(const char *, int, ...);
	if (!real) {
		void *found = dlsym(RTLD_NEXT, "open");
		memcpy(&real, &found, sizeof real);
	}
	return real(path, flags, mode);
}

__attribute__((constructor)) static void begin_to_record(void)
{
	const char *path = getenv("RECORD_LOG"), *folder = getenv("RECORD_UNDER");
	if (!path || !folder)
		return;
	under_size = strlen(folder);
	if (under_size >= sizeof under)
		give_up(folder);
	memcpy(under, folder, under_size + 1);
	log_fd = open_really(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log_fd < 0)
		give_up(path);
}

static uint64_t log_size(void)
{
	struct stat status;
	return fstat(log_fd, &status) == 0 ? (uint64_t)status.st_size : 0;
}

/* One call, so that several processes can share a log. */
static void put(struct record record, const void *bytes)
{
	REAL(writev)
	int saved = errno;
	struct iovec parts[] = {
	    {.iov_base = &record, .iov_len = sizeof record},
	    {.iov_base = (void *)(uintptr_t)bytes, .iov_len = record.size},
	};
	if (real(log_fd, parts, 2) != (ssize_t)(sizeof record + record.size))
		give_up("the log");
	errno = saved;
}

static bool is_under(const char *path)
{
	return strncmp(path, under, under_size) == 0 && (path[under_size] == '/' || path[under_size] == '\0');
}

/* A descriptor tells its path itself, whatever call it came from. */
static bool is_descriptor_under(int fd)
{
	char link[64], path[PATH_MAX];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof path - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	return is_under(path);
}

/* Whether calls on it are to be written down. errno stays. */
static bool find_file(int fd, uint64_t *ret_file)
{
	struct stat status;
	int saved = errno;
	bool counts = log_fd >= 0 && fd != log_fd && fstat(fd, &status) == 0 &&
	              (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) && is_descriptor_under(fd);
	if (counts)
		*ret_file = status.st_ino;
	errno = saved;
	return counts;
}

static uint32_t durability(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && (flags & (O_SYNC | O_DSYNC)) ? RECORD_DURABLE : 0;
}

static uint64_t position(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	off_t offset = lseek(fd, 0, flags >= 0 && (flags & O_APPEND) ? SEEK_END : SEEK_CUR);
	return offset < 0 ? 0 : (uint64_t)offset;
}

/* ---- writing ---- */

#pragma GCC visibility push(default) /* these stand before libc's */

static void note_write(int fd, uint64_t file, uint64_t offset, const void *bytes, ssize_t size)
{
	if (size > 0)
		put((struct record){.kind = RECORD_WRITE,
		                    .flags = durability(fd),
		                    .file = file,
		                    .offset = offset,
		                    .size = (uint64_t)size},
		    bytes);
}

static void note_parts(int fd, uint64_t file, uint64_t offset, const struct iovec *parts, int count,
                       ssize_t size)
{
	size_t left = size > 0 ? (size_t)size : 0;
	char *whole = malloc(left + 1);
	if (!whole)
		give_up("malloc");
	size_t done = 0;
	for (int i = 0; i < count && left > 0; i++) {
		size_t part = parts[i].iov_len < left ? parts[i].iov_len : left;
		memcpy(whole + done, parts[i].iov_base, part);
		done += part;
		left -= part;
	}
	note_write(fd, file, offset, whole, size);
	free(whole);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	REAL(write)
	uint64_t file;
	if (!find_file(fd, &file))
		return real(fd, bytes, size);
	pthread_mutex_lock(&mutex);
	uint64_t offset = position(fd);
	ssize_t written = real(fd, bytes, size);
	note_write(fd, file, offset, bytes, written);
	pthread_mutex_unlock(&mutex);
	return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	REAL(pwrite)
	uint64_t file;
	if (!find_file(fd, &file))
		return real(fd, bytes, size, offset);
	pthread_mutex_lock(&mutex);
	ssize_t written = real(fd, bytes, size, offset);
	note_write(fd, file, (uint64_t)offset, bytes, written);
	pthread_mutex_unlock(&mutex);
	return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
	return pwrite(fd, bytes, size, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	REAL(writev)
	uint64_t file;
	if (!find_file(fd, &file))
		return real(fd, parts, count);
	pthread_mutex_lock(&mutex);
	uint64_t offset = position(fd);
	ssize_t written = real(fd, parts, count);
	note_parts(fd, file, offset, parts, count, written);
	pthread_mutex_unlock(&mutex);
	return written;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
	REAL(pwritev)
	uint64_t file;
	if (!find_file(fd, &file))
		return real(fd, parts, count, offset);
	pthread_mutex_lock(&mutex);
	ssize_t written = real(fd, parts, count, offset);
	note_parts(fd, file, (uint64_t)offset, parts, count, written);
	pthread_mutex_unlock(&mutex);
	return written;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
	return pwritev(fd, parts, count, offset);
}

int ftruncate(int fd, off_t length)
{
	REAL(ftruncate)
	uint64_t file;
	if (!find_file(fd, &file))
		return real(fd, length);
	pthread_mutex_lock(&mutex);
	int result = real(fd, length);
	if (result == 0)
		put((struct record){.kind = RECORD_LENGTH, .file = file, .offset = (uint64_t)length}, NULL);
	pthread_mutex_unlock(&mutex);
	return result;
}

int ftruncate64(int fd, off64_t length)
{
	return ftruncate(fd, length);
}

/* Grows the file, as far as anyone can see. */
int posix_fallocate(int fd, off_t offset, off_t length)
{
	REAL(posix_fallocate)
	uint64_t file;
	if (!find_file(fd, &file))
		return real(fd, offset, length);
	pthread_mutex_lock(&mutex);
	struct stat status;
	int result = real(fd, offset, length);
	if (result == 0 && fstat(fd, &status) == 0)
		put((struct record){.kind = RECORD_LENGTH, .file = file, .offset = (uint64_t)status.st_size},
		    NULL);
	pthread_mutex_unlock(&mutex);
	return result;
}

/* ---- bringing it to the disk ---- */

static int sync_and_note(int fd, int (*real)(int))
{
	uint64_t file;
	if (!find_file(fd, &file))
		return real(fd);
	uint64_t began = log_size(); /* what others write meanwhile may not be covered */
	int result = real(fd);
	if (result != 0)
		return result;
	pthread_mutex_lock(&mutex);
	put((struct record){.kind = RECORD_SYNC, .file = file, .offset = began}, NULL);
	pthread_mutex_unlock(&mutex);
	return 0;
}

int fsync(int fd)
{
	REAL(fsync)
	return sync_and_note(fd, real);
}

int fdatasync(int fd)
{
	REAL(fdatasync)
	return sync_and_note(fd, real);
}

/* ---- names ---- */

struct place {
	uint64_t folder;
	char name[NAME_MAX + 1];
};

/* The folder that a path's last name is in. errno stays. */
static bool find_place(int at, const char *path, struct place *ret_place)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int saved = errno;
	if (log_fd < 0 || strlen(path) >= sizeof folder)
		return false;
	snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	snprintf(ret_place->name, sizeof ret_place->name, "%s", slash ? slash + 1 : path);
	bool counts = false;
	int fd = slash == path ? -1 : openat(at, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status;
	if (fd >= 0 && fstat(fd, &status) == 0 && is_descriptor_under(fd)) {
		ret_place->folder = status.st_ino;
		counts = true;
	}
	if (fd >= 0)
		close(fd);
	errno = saved;
	return counts;
}

static bool find_inode(int at, const char *path, uint64_t *ret_file)
{
	struct stat status;
	int saved = errno;
	bool exists = fstatat(at, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
	if (exists)
		*ret_file = status.st_ino;
	errno = saved;
	return exists;
}

static void note_made(int at, const char *path, const struct place *place, uint32_t flags)
{
	struct record record = {
	    .kind = RECORD_MAKE, .flags = flags, .folder = place->folder, .size = strlen(place->name)};
	if (find_inode(at, path, &record.file))
		put(record, place->name);
}

static void note_emptied(int fd, int flags)
{
	uint64_t file;
	if ((flags & O_TRUNC) && find_file(fd, &file))
		put((struct record){.kind = RECORD_LENGTH, .file = file}, NULL);
}

static int open_and_note(int at, const char *path, int flags, mode_t mode)
{
	REAL(openat)
	struct place place;
	uint64_t file;
	if (!(flags & (O_CREAT | O_TRUNC)) || !find_place(at, path, &place))
		return real(at, path, flags, mode);
	pthread_mutex_lock(&mutex);
	bool was_there = find_inode(at, path, &file);
	int fd = real(at, path, flags, mode);
	if (fd >= 0 && !was_there)
		note_made(at, path, &place, 0);
	else if (fd >= 0)
		note_emptied(fd, flags);
	pthread_mutex_unlock(&mutex);
	return fd;
}

static mode_t mode_of(int flags, va_list arguments)
{
	return (flags & MADE_MODE_MASK) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_and_note(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_and_note(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_and_note(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return open_and_note(at, path, flags, mode);
}

int mkdirat(int at, const char *path, mode_t mode)
{
	REAL(mkdirat)
	struct place place;
	if (!find_place(at, path, &place))
		return real(at, path, mode);
	pthread_mutex_lock(&mutex);
	int result = real(at, path, mode);
	if (result == 0)
		note_made(at, path, &place, RECORD_FOLDER);
	pthread_mutex_unlock(&mutex);
	return result;
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int unlinkat(int at, const char *path, int flags)
{
	REAL(unlinkat)
	struct place place;
	if (!find_place(at, path, &place))
		return real(at, path, flags);
	pthread_mutex_lock(&mutex);
	int result = real(at, path, flags);
	if (result == 0)
		put((struct record){.kind = RECORD_REMOVE,
		                    .folder = place.folder,
		                    .size = strlen(place.name)},
		    place.name);
	pthread_mutex_unlock(&mutex);
	return result;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* What is a folder cannot be unlinked, and the other way round. */
int remove(const char *path)
{
	return unlink(path) == 0 || rmdir(path) == 0 ? 0 : -1;
}

static void note_renamed(uint64_t file, const struct place *from, const struct place *to)
{
	char names[2 * (NAME_MAX + 1)];
	size_t first = strlen(to->name) + 1, second = strlen(from->name);
	memcpy(names, to->name, first);
	memcpy(names + first, from->name, second);
	put((struct record){.kind = RECORD_RENAME,
	                    .file = file,
	                    .folder = to->folder,
	                    .from_folder = from->folder,
	                    .size = first + second},
	    names);
}

/* With RENAME_EXCHANGE a file gets another name as well, which nothing here says. */
int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
	REAL(renameat2)
	struct place source, target;
	uint64_t file;
	if (!find_place(from_at, from, &source) || !find_place(to_at, to, &target) ||
	    !find_inode(from_at, from, &file))
		return real(from_at, from, to_at, to, flags);
	pthread_mutex_lock(&mutex);
	int result = real(from_at, from, to_at, to, flags);
	if (result == 0)
		note_renamed(file, &source, &target);
	pthread_mutex_unlock(&mutex);
	return result;
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
	return renameat2(from_at, from, to_at, to, 0);
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

/* ---- the control run ---- */

int mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode)
{
	REAL(mdb_env_open)
	return real(env, path, getenv("RECORD_NOSYNC") ? flags | MDB_NOSYNC : flags, mode);
}

#pragma GCC visibility pop
