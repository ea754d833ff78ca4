#include "daemon/db/make.h"

#include "daemon/base/file.h"
#include <errno.h>
#include <lmdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct paths {
	char making[FILE_PATH_SIZE], making_data[FILE_PATH_SIZE], making_lock[FILE_PATH_SIZE],
	    data[FILE_PATH_SIZE];
};

static int find_paths(const char *folder, struct paths *ret_paths)
{
	int result = file_path(folder, ".making", ret_paths->making);
	if (result == 0)
		result = file_path(folder, ".making/data.mdb", ret_paths->making_data);
	if (result == 0)
		result = file_path(folder, ".making/lock.mdb", ret_paths->making_lock);
	return result == 0 ? file_path(folder, "data.mdb", ret_paths->data) : result;
}

/* A folder above the store that may be passed through but not read is not ours to sync; some file systems cannot. */
static int sync_parent(const char *folder)
{
	int result = file_sync_parent(folder);
	return result == -EACCES || result == -EINVAL ? 0 : result;
}

/* An empty file is what a version that made it in place left where it was killed early. */
static bool is_there(const char *data)
{
	struct stat status;
	return stat(data, &status) == 0 && status.st_size > 0;
}

static void remove_making(const struct paths *paths)
{
	unlink(paths->making_data);
	unlink(paths->making_lock);
	rmdir(paths->making);
}

static int make(const struct paths *paths)
{
	MDB_env *env;
	if (mkdir(paths->making, 0700) != 0)
		return -errno;
	int result = mdb_env_create(&env);
	if (result != 0)
		return -result;
	result = mdb_env_open(env, paths->making, MDB_NOTLS, 0600);
	if (result == 0)
		result = mdb_env_sync(env, 1);
	mdb_env_close(env);
	if (result != 0)
		return result > 0 ? -result : FAULT_STORE;
	return rename(paths->making_data, paths->data) == 0 ? 0 : -errno;
}

int db_make_environment(const char *folder)
{
	struct paths paths;
	int result = find_paths(folder, &paths);
	if (result == 0 && !is_there(paths.data)) {
		remove_making(&paths); /* of one who was killed at it */
		result = make(&paths);
		remove_making(&paths);
	}
	if (result == 0)
		result = file_sync_folder(folder);
	return result == 0 ? sync_parent(folder) : result;
}
