#include "tests/torture/lane.h"

#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ENVIRONMENT_MAX 256

extern char **environ;

static void give_up(const char *what)
{
	fprintf(stderr, "tests/torture/child: %s: %s\n", what, strerror(errno));
	abort();
}

int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void sleep_us(int64_t us)
{
	if (us > 0)
		nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}, NULL);
}

void remove_folder(const char *path)
{
	struct stat status;
	if (lstat(path, &status) == 0)
		scratch_free(strdup(path));
}

static char *borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* Ours with theirs before it: the first of a name counts. */
static void join_environment(const char *const more[], char *ret[ENVIRONMENT_MAX])
{
	size_t count = 0;
	for (size_t i = 0; more && more[i]; i++)
		ret[count++] = borrow(more[i]);
	for (size_t i = 0; environ[i] && count + 1 < ENVIRONMENT_MAX; i++)
		ret[count++] = environ[i];
	ret[count] = NULL;
}

static int open_output(const char *path, int *ret_write)
{
	int ends[2];
	if (path) {
		*ret_write = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (*ret_write < 0)
			give_up(path);
		return -1;
	}
	if (pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
		give_up("pipe");
	*ret_write = ends[1];
	return ends[0];
}

/* posix_spawn, because a fork of a process with threads and much memory takes longer than the daemon's start. */
void child_start(struct child *child, const char *build, const char *const words[],
                 const char *const environment[], const char *output)
{
	char path[4096], *joined[ENVIRONMENT_MAX];
	posix_spawn_file_actions_t actions;
	int end;
	child->output = open_output(output, &end);
	child->tail[0] = '\0';
	snprintf(path, sizeof path, "%s/%s", build, words[0]);
	join_environment(environment, joined);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, end, 1);
	posix_spawn_file_actions_adddup2(&actions, end, 2);
	errno = posix_spawn(&child->pid, path, &actions, NULL, (char *const *)(uintptr_t)words, joined);
	if (errno != 0)
		give_up(path);
	posix_spawn_file_actions_destroy(&actions);
	close(end);
}

static void keep_tail(struct child *child, const char *bytes, size_t size)
{
	size_t length = strlen(child->tail), room = sizeof child->tail - 1;
	if (length + size > room) {
		size_t drop = length + size - room < length ? length + size - room : length;
		memmove(child->tail, child->tail + drop, length - drop + 1);
		length -= drop;
	}
	memcpy(child->tail + length, bytes, size);
	child->tail[length + size] = '\0';
}

void child_listen(struct child *child)
{
	char bytes[2048];
	ssize_t size = 0;
	while (child->output >= 0 && (size = read(child->output, bytes, sizeof bytes)) > 0) {
		for (ssize_t i = 0; i < size; i++)
			if (bytes[i] == '\0')
				bytes[i] = '?';
		keep_tail(child, bytes, (size_t)size);
	}
}

static int ended(struct child *child, int status)
{
	child_listen(child);
	if (child->output >= 0)
		close(child->output);
	child->output = -1;
	child->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool child_has_ended(struct child *child, int *ret_status)
{
	int status;
	if (waitpid(child->pid, &status, WNOHANG) != child->pid)
		return false;
	*ret_status = ended(child, status);
	return true;
}

#define WAIT_US 60000000

/* A child that does not end is killed, which its status tells. */
int child_wait(struct child *child)
{
	int status;
	int64_t until = now_us() + WAIT_US;
	while (!child_has_ended(child, &status)) {
		child_listen(child);
		if (now_us() > until)
			kill(child->pid, SIGKILL);
		sleep_us(200);
	}
	return status;
}

int child_kill(struct child *child, int signal)
{
	int status;
	kill(child->pid, signal);
	if (signal != SIGKILL)
		return child_wait(child);
	while (waitpid(child->pid, &status, 0) < 0)
		if (errno != EINTR)
			give_up("waitpid");
	return ended(child, status);
}
