#include "daemon/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_SIZE ((size_t)1 << 20)

int file_path(const char *folder, const char *name, char ret_path[FILE_PATH_SIZE])
{
	int length = snprintf(ret_path, FILE_PATH_SIZE, "%s/%s", folder, name);
	return length >= 0 && length < FILE_PATH_SIZE ? 0 : -ENAMETOOLONG;
}

int file_open(const char *folder, const char *name, int flags, int *ret_fd)
{
	char path[FILE_PATH_SIZE];
	int result = file_path(folder, name, path);
	if (result != 0)
		return result;
	int fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int file_size(int fd, uint64_t *ret_size)
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		return -errno;
	*ret_size = (uint64_t)status.st_size;
	return 0;
}

int file_read(int fd, void *bytes, size_t size, uint64_t offset)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = pread(fd, (char *)bytes + done, size - done, (off_t)(offset + done));
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			return FAULT_CORRUPT;
		done += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

int file_write(int fd, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t put = write(fd, (const char *)bytes + done, size - done);
		if (put == 0)
			return -EIO; /* it would be so for ever */
		if (put < 0 && errno != EINTR)
			return -errno;
		done += put > 0 ? (size_t)put : 0;
	}
	return 0;
}

static int copy_bytes(int from, int to, void *room)
{
	for (;;) {
		ssize_t got = read(from, room, COPY_SIZE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		int result = file_write(to, room, (size_t)got);
		if (result != 0)
			return result;
	}
}

int file_copy(const char *from, const char *to, const char *name)
{
	int in = -1, out = -1;
	void *room = malloc(COPY_SIZE);
	int result = room ? 0 : -ENOMEM;
	if (result == 0)
		result = file_open(from, name, O_RDONLY, &in);
	if (result == 0)
		result = file_open(to, name, O_WRONLY | O_CREAT | O_EXCL, &out);
	if (result == 0)
		result = copy_bytes(in, out, room);
	if (result == 0 && fsync(out) != 0)
		result = -errno;
	if (out >= 0 && close(out) != 0 && result == 0)
		result = -errno;
	if (in >= 0)
		close(in);
	free(room);
	return result;
}

int file_sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int result = fsync(fd) == 0 ? 0 : -errno;
	close(fd);
	return result;
}

int file_sync_parent(const char *path)
{
	char room[FILE_PATH_SIZE];
	int length = snprintf(room, sizeof room, "%s", path);
	if (length < 0 || (size_t)length >= sizeof room)
		return -ENAMETOOLONG;
	return file_sync_folder(dirname(room)); /* which writes into `room` */
}
