/* A folder into which files are saved.
 *
 * When is a file whole? A program that saves says nothing when it is done. So a file is taken when neither its content nor its name
 * has changed for a while (`--settle`, by its ctime, which no program can set), and nobody has it open to write, where the
 * kernel tells us (a read lease is refused then; it tells the file's owner and nobody else). What is renamed into the folder is
 * whole, and waits as long. Names with a dot or a ~ in front, or a ~ behind, are what programs keep while they work: left alone.
 *
 * A file leaves the folder once it is decided on: by then the daemon has it, or has said why not. If this process ends in
 * between, or the daemon does, the file is pushed again: the same figures again change nothing. */
#include "clients/lib/options.h"
#include "clients/report/sender.h"
#include "daemon/base/clock.h"
#include "proto/codes.h"
#include "proto/decimal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SETTLE_MOST_MS 3600000
#define WAIT_MOST_MS   60000 /* for files that are being written; then it is the next run's turn */
#define SAME_NAME_MOST 1000

struct drop {
	const struct sender_settings *settings;
	const char *path;
	int fd;
	int64_t settle_ms, wait_ms; /* until the next of those that are not taken yet */
	bool any_refused;
};

static int say_fault(const char *what, const char *name)
{
	fprintf(stderr, "suanpan-report drop: %s: %s: %s\n", what, name, strerror(errno));
	return EXIT_REFUSED;
}

/* ---- which files ---- */

static bool is_working_copy(const char *name)
{
	return name[0] == '.' || name[0] == '~' || name[strlen(name) - 1] == '~';
}

/* Milliseconds until it may be taken; 0: now. A time that lies ahead is no reason to wait for it: clocks are set back. */
static int64_t unsettled_ms(const struct drop *drop, const struct stat *status)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t age = ((int64_t)now.tv_sec - status->st_ctim.tv_sec) * 1000 +
	              (now.tv_nsec - status->st_ctim.tv_nsec) / 1000000;
	int64_t distance = age < 0 ? -age : age;
	return distance < drop->settle_ms ? drop->settle_ms - distance : 0;
}

static bool is_being_written(const struct drop *drop, const char *name)
{
	int fd = openat(drop->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false; /* the push will say why */
	bool written = fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
	close(fd);
	return written;
}

static void wait_for(struct drop *drop, int64_t ms)
{
	drop->wait_ms = drop->wait_ms == 0 || ms < drop->wait_ms ? ms : drop->wait_ms;
}

static bool is_ready(struct drop *drop, const char *name)
{
	struct stat status;
	if (is_working_copy(name) || !text_is_valid(name, strlen(name)) ||
	    fstatat(drop->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
		return false;
	int64_t left_ms = unsettled_ms(drop, &status);
	if (left_ms == 0 && is_being_written(drop, name))
		left_ms = drop->settle_ms > 0 ? drop->settle_ms : 1;
	if (left_ms > 0)
		wait_for(drop, left_ms);
	return left_ms == 0;
}

/* ---- moving aside ---- */

/* "2026-12-01-114500-beds.csv"; `again` tells apart what came in the same second. */
static bool make_name(const char *name, unsigned again, const char *ending, char ret_name[NAME_MAX + 1])
{
	char time[CLOCK_TEXT_SIZE], number[16] = "";
	clock_format(clock_read().wall_ms, time);
	if (again > 0)
		snprintf(number, sizeof number, "-%u", again);
	int length = snprintf(ret_name, NAME_MAX + 1, "%.10s-%.2s%.2s%.2s%s-%s%s", time, time + 11, time + 14,
	                      time + 17, number, name, ending);
	return length > 0 && length <= NAME_MAX;
}

static int write_report(int folder, const char *name, FILE *said)
{
	char bytes[4096];
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	rewind(said);
	int result = 0;
	for (size_t size; result == 0 && (size = fread(bytes, 1, sizeof bytes, said)) > 0;)
		result = write(fd, bytes, size) == (ssize_t)size ? 0 : errno ? -errno : -EIO;
	if (result == 0 && fsync(fd) != 0)
		result = -errno;
	close(fd);
	if (result != 0)
		unlinkat(folder, name, 0);
	return result;
}

/* The report first: a file that has left the folder has one. */
static int move_as(struct drop *drop, const char *name, int folder, unsigned again, FILE *said,
                   char ret_name[NAME_MAX + 1])
{
	char report[NAME_MAX + 1];
	if (!make_name(name, again, "", ret_name) || !make_name(name, again, ".txt", report))
		return -ENAMETOOLONG;
	int result = write_report(folder, report, said);
	if (result != 0)
		return result;
	if (renameat2(drop->fd, name, folder, ret_name, RENAME_NOREPLACE) == 0)
		return fsync(folder) == 0 && fsync(drop->fd) == 0 ? 0 : -errno;
	result = -errno;
	unlinkat(folder, report, 0);
	return result;
}

static int move_aside(struct drop *drop, const char *name, const char *where, FILE *said)
{
	char moved[NAME_MAX + 1];
	if (mkdirat(drop->fd, where, 0755) != 0 && errno != EEXIST)
		return say_fault(drop->path, where);
	int folder = openat(drop->fd, where, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
	    result = -EEXIST;
	if (folder < 0)
		return say_fault(drop->path, where);
	for (unsigned again = 0; result == -EEXIST && again < SAME_NAME_MOST; again++)
		result = move_as(drop, name, folder, again, said, moved);
	close(folder);
	if (result == 0) {
		if (!drop->settings->quiet || strcmp(where, "refused") == 0)
			printf("%s: %s/%s\n", name, where, moved);
		return 0;
	}
	errno = -result;
	return say_fault(name, "cannot be moved aside, and is sent again next time");
}

/* ---- one file ---- */

/* A push as it is typed, in a process of its own: what it says is the file's report, and what becomes of it is nobody else's. */
static int push_in_child(struct drop *drop, const char *name, FILE *said)
{
	int status;
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		return say_fault("fork", name);
	if (pid == 0) {
		struct sender_settings settings = *drop->settings;
		char *path;
		settings.only_reachable = true;
		if (dup2(fileno(said), STDOUT_FILENO) < 0 || dup2(fileno(said), STDERR_FILENO) < 0 ||
		    asprintf(&path, "%s/%s", drop->path, name) < 0)
			_exit(EXIT_UNREACHABLE);
		status = sender_push(&settings, 1, &path);
		fflush(NULL);
		_exit(status);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return say_fault("waitpid", name);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_UNREACHABLE;
}

static void echo(FILE *said)
{
	rewind(said);
	for (int c; (c = getc(said)) != EOF;)
		putc(c, stderr);
}

/* Answers an exit status other than 0 only where there is no going on. */
static int settle_file(struct drop *drop, const char *name, int status, FILE *said)
{
	switch (status) {
	case EXIT_DONE:
		return move_aside(drop, name, "done", said);
	case EXIT_REFUSED:
		drop->any_refused = true;
		return move_aside(drop, name, "refused", said);
	default:
		echo(said);
		fprintf(stderr, "%s: stays\n", name);
		return status;
	}
}

static int take(struct drop *drop, const char *name)
{
	FILE *said = tmpfile();
	if (!said)
		return say_fault("tmpfile", name);
	int status = settle_file(drop, name, push_in_child(drop, name, said), said);
	fclose(said);
	return status;
}

/* ---- the folder ---- */

static int by_name(const struct dirent **left, const struct dirent **right)
{
	return strcmp((*left)->d_name, (*right)->d_name);
}

static int take_all(struct drop *drop)
{
	struct dirent **entries;
	int count = scandirat(drop->fd, ".", &entries, NULL, by_name), status = 0;
	if (count < 0)
		return say_fault("cannot be read", drop->path);
	drop->wait_ms = 0;
	for (int i = 0; i < count; i++) {
		if (status == 0 && is_ready(drop, entries[i]->d_name))
			status = take(drop, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return status;
}

static void pause_for(int64_t ms)
{
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	nanosleep(&pause, NULL);
}

/* Until nothing is left but what is still being written after a minute. */
static int watch(struct drop *drop)
{
	int64_t waited_ms = 0;
	for (;;) {
		int status = take_all(drop);
		if (status != 0)
			return status;
		if (drop->wait_ms == 0)
			return drop->any_refused ? EXIT_REFUSED : EXIT_DONE;
		if (waited_ms + drop->wait_ms > WAIT_MOST_MS) {
			fprintf(stderr, "some files are still being written, and stay for the next time\n");
			return drop->any_refused ? EXIT_REFUSED : EXIT_DONE;
		}
		pause_for(drop->wait_ms);
		waited_ms += drop->wait_ms;
	}
}

static int read_settle(struct drop *drop)
{
	const char *text = drop->settings->settle;
	if (decimal_parse(text, strlen(text), 3, &drop->settle_ms) == 0 && drop->settle_ms >= 0 &&
	    drop->settle_ms <= SETTLE_MOST_MS)
		return 0;
	fprintf(stderr, "suanpan-report drop: --settle: '%s'; expected seconds, at most 3600\n", text);
	return EXIT_USAGE;
}

static int open_folder(struct drop *drop)
{
	drop->fd = open(drop->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (drop->fd < 0)
		return say_fault("cannot be opened", drop->path);
	if (flock(drop->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	fprintf(stderr, "suanpan-report drop: %s: another one is at work there\n", drop->path);
	return EXIT_UNREACHABLE;
}

int sender_drop(void *settings, int count, char *arguments[])
{
	struct drop drop = {.settings = settings, .path = arguments[0], .fd = -1};
	(void)count;
	int status = read_settle(&drop);
	if (status == 0)
		status = open_folder(&drop);
	if (status == 0)
		status = watch(&drop);
	if (drop.fd >= 0)
		close(drop.fd);
	return status;
}
