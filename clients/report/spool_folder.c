#include "clients/report/spool_internal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A new spool is made in here, and moved to where it belongs when it is whole: a first push that is killed, or whose
 * disk is full, leaves nothing that could be taken for a spool. */
#define MAKING     ".making"

/* What LMDB's lock file takes, for its 126 readers. */
#define LOCK_BYTES 8192

/* ---- small things ---- */

static int say_folder(struct spool *spool, const char *what, int fault)
{
	sentence_set(spool->why, "cannot %s the folder %s: %s", what, spool->path, strerror(-fault));
	return fault;
}

/* "PATH/NAME" in a buffer of malloc; NULL: no memory. */
static char *join(const char *path, const char *name)
{
	char *joined;
	return asprintf(&joined, "%s/%s", path, name) < 0 ? NULL : joined;
}

static bool is_there(const char *path, const char *name)
{
	char *file = join(path, name);
	bool there = file && access(file, F_OK) == 0;
	free(file);
	return there;
}

/* A file without a byte is what an earlier version left that was killed early, and no spool. */
bool spool_exists(const char *path)
{
	struct stat status;
	char file[PATH_MAX];
	int length = snprintf(file, sizeof file, "%s/data.mdb", path);
	return length > 0 && (size_t)length < sizeof file && stat(file, &status) == 0 && status.st_size > 0;
}

/* LMDB syncs its files, not the folder that names them: without this a power cut could forget the whole
 * spool. */
static int sync_folder(const char *path)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return 0; /* one we may pass through but not read; it is not ours to worry about */
	int fault = fsync(folder) && errno != EINVAL ? -errno : 0;
	close(folder);
	return fault;
}

/* ---- folders ---- */

/* One that is there already may be of a first push that was killed before it came to the syncing; or it is not ours, and
 * so is its disk. */
static int make_folder(const char *path, const char *parent)
{
	if (mkdir(path, 0700) == 0)
		return sync_folder(parent);
	if (errno != EEXIST)
		return -errno;
	sync_folder(parent);
	return 0;
}

static int make_folders(const char *path)
{
	char *parent = strdup(*path == '/' ? "/" : "."), *part = strdup(path);
	int fault = parent && part ? 0 : -ENOMEM;
	for (size_t i = 1; !fault && path[i - 1]; i++) {
		if (path[i] && path[i] != '/')
			continue;
		part[i] = '\0';
		fault = make_folder(part, parent);
		free(parent);
		parent = strdup(part);
		if (!parent)
			fault = -ENOMEM;
		part[i] = path[i];
	}
	free(parent);
	free(part);
	return fault;
}

static bool is_empty_folder(const char *path)
{
	DIR *folder = opendir(path);
	if (!folder)
		return false;
	int entries = 0;
	while (readdir(folder))
		entries++;
	closedir(folder);
	return entries <= 2; /* . and .. */
}

/* A folder that was there before is ours only if it is empty or a spool: nobody's /tmp gets another mode. */
static int check_ours(struct spool *spool)
{
	if (spool_exists(spool->path) || is_there(spool->path, "lock.mdb") || is_there(spool->path, MAKING) ||
	    is_empty_folder(spool->path))
		return 0;
	sentence_set(spool->why, "%s is not a spool and holds other files; give --spool another folder",
	             spool->path);
	return SPOOL_NOT_A_SPOOL;
}

static int close_to_others(struct spool *spool)
{
	struct stat status;
	if (stat(spool->path, &status) == 0 && (!(status.st_mode & 077) || chmod(spool->path, 0700) == 0))
		return 0;
	int fault = -errno;
	sentence_set(spool->why, "cannot close the folder %s to others: %s", spool->path, strerror(-fault));
	return fault;
}

/* ---- making one ---- */

/* Answers false with errno. */
static bool allocate(int file)
{
	struct stat status;
	if (fstat(file, &status))
		return false;
	bool whole = status.st_size >= LOCK_BYTES && status.st_blocks * 512 >= LOCK_BYTES;
	return whole || fallocate(file, 0, 0, LOCK_BYTES) == 0 || errno == EOPNOTSUPP;
}

/* The lock file is written through a map: where its blocks are not there yet and the disk is full, that is a signal.
 * Afterwards they are there. Not while this process has the spool open: closing a file lets go of LMDB's lock on it. */
static int allocate_lock(struct spool *spool, const char *folder)
{
	char *path = join(folder, "lock.mdb");
	if (!path)
		return spool_out_of_memory(spool);
	int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int fault = file >= 0 && allocate(file) ? 0 : -errno;
	if (file >= 0)
		close(file);
	if (fault)
		sentence_set(spool->why, "cannot write %s: %s", path, strerror(-fault));
	free(path);
	return fault;
}

static void remove_making(const char *making)
{
	static const char *const files[] = {"data.mdb", "lock.mdb"};
	for (size_t i = 0; i < 2; i++) {
		char *file = join(making, files[i]);
		if (file)
			unlink(file);
		free(file);
	}
	rmdir(making);
}

/* Never over a spool that is there, whatever was thought before. */
static int move_into_place(struct spool *spool, const char *making)
{
	char *from = join(making, "data.mdb"), *to = join(spool->path, "data.mdb");
	struct stat status;
	int fault = from && to ? 0 : -ENOMEM;
	if (!fault && stat(to, &status) == 0 && status.st_size == 0)
		unlink(to);
	if (!fault && renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		fault = -errno;
	free(from);
	free(to);
	return fault ? say_folder(spool, "make a spool in", fault) : 0;
}

static int make_in(struct spool *spool, const char *making)
{
	remove_making(making); /* of one who was killed at it */
	if (mkdir(making, 0700))
		return say_folder(spool, "make a spool in", -errno);
	int fault = allocate_lock(spool, making);
	if (!fault)
		fault = spool_open_environment(spool, making);
	if (spool->env)
		mdb_env_close(spool->env);
	spool->env = NULL;
	if (!fault)
		fault = move_into_place(spool, making);
	remove_making(making);
	return fault;
}

static int make_spool(struct spool *spool)
{
	int answer = check_ours(spool);
	if (!answer)
		answer = close_to_others(spool);
	if (answer || spool_exists(spool->path)) /* somebody else was first */
		return answer;
	char *making = join(spool->path, MAKING);
	if (!making)
		return spool_out_of_memory(spool);
	answer = make_in(spool, making);
	free(making);
	return answer;
}

/* First pushes take turns by a lock on the folder itself, which needs no file. */
static int make_spool_alone(struct spool *spool)
{
	int folder = open(spool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || flock(folder, LOCK_EX)) {
		int fault = say_folder(spool, "lock", -errno);
		if (folder >= 0)
			close(folder);
		return fault;
	}
	int answer = make_spool(spool);
	close(folder);
	return answer;
}

int spool_prepare_folder(struct spool *spool)
{
	bool exists = spool_exists(spool->path);
	int answer = exists ? 0 : make_folders(spool->path);
	if (answer)
		return say_folder(spool, "make", answer);
	answer = exists ? close_to_others(spool) : make_spool_alone(spool);
	if (!answer)
		answer = allocate_lock(spool, spool->path);
	if (answer)
		return answer;
	answer = sync_folder(spool->path);
	return answer ? say_folder(spool, "sync", answer) : 0;
}
