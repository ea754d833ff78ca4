#include "tests/lib/daemon.h"

#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX   40
#define START_TRIES 600

static void give_up(const char *what)
{
	fprintf(stderr, "tests/lib/daemon: %s: %s\n", what, strerror(errno));
	abort();
}

static char *print(const char *format, const char *first, const char *second)
{
	char *text;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* both formats are literals of this file */
	if (asprintf(&text, format, first, second) < 0)
		give_up("asprintf");
#pragma GCC diagnostic pop
	return text;
}

static const char *build_folder(void)
{
	const char *build = getenv("SUANPAN_BUILD");
	return build ? build : "build/release";
}

/* Splits in place at blanks; '...' holds a word together. */
static void split(char *words, char *ret_words[WORDS_MAX + 1])
{
	size_t count = 0;
	for (char *at = words; *at;) {
		while (*at == ' ')
			at++;
		if (!*at)
			break;
		char end = *at == '\'' ? '\'' : ' ';
		at += end == '\'';
		if (count == WORDS_MAX)
			give_up("too many words");
		ret_words[count++] = at;
		while (*at && *at != end)
			at++;
		if (*at)
			*at++ = '\0';
	}
	ret_words[count] = NULL;
}

static void add_environment(const char *const *assignments)
{
	for (; assignments && *assignments; assignments++)
		putenv((char *)(uintptr_t)*assignments);
}

static void become(char *words[], int out, int err)
{
	char *path = print("%s/%s", build_folder(), words[0]);
	int null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(126);
	execv(path, words);
	_exit(127);
}

static int open_log(const struct daemon *daemon, const char *name)
{
	char *path = scratch_path(daemon->folder, name);
	int fd = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		give_up(path);
	free(path);
	return fd;
}

static int wait_for(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			give_up("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- the daemon ---- */

void daemon_launch(struct daemon *daemon)
{
	char *text = NULL, *words[WORDS_MAX + 1];
	if (asprintf(&text,
	             "suanpand --set 'store=%s/store' --set 'catalogue=%s' --set 'intake=%s' --set "
	             "'query=%s' --set "
	             "'live=%s' %s",
	             daemon->folder, daemon->catalogue, daemon->intake, daemon->query, daemon->live,
	             daemon->more ? daemon->more : "") < 0)
		give_up("asprintf");
	split(text, words);
	int log = open_log(daemon, "log");
	fflush(NULL);
	daemon->pid = fork();
	if (daemon->pid < 0)
		give_up("fork");
	if (daemon->pid == 0) {
		const struct rlimit few = {daemon->descriptors, daemon->descriptors};
		if (daemon->descriptors > 0 && setrlimit(RLIMIT_NOFILE, &few) != 0)
			_exit(126);
		add_environment(daemon->daemon_environment);
		become(words, log, log);
	}
	close(log);
	free(text);
}

static void wait_until_it_answers(struct daemon *daemon)
{
	for (int i = 0; i < START_TRIES; i++) {
		struct run run = daemon_run(daemon, "none", "suanpan status --timeout 1");
		int status = run.status;
		run_free(&run);
		if (status == 0)
			return;
		if (waitpid(daemon->pid, NULL, WNOHANG) == daemon->pid)
			break;
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	give_up("the daemon does not answer");
}

void daemon_prepare(struct daemon *daemon, char *folder, const char *catalogue)
{
	*daemon = (struct daemon){
	    .folder = folder,
	    .catalogue = strdup(catalogue),
	    .intake = print("ipc://%s/%s", folder, "i"),
	    .query = print("ipc://%s/%s", folder, "q"),
	    .live = print("ipc://%s/%s", folder, "l"),
	};
}

void daemon_start(struct daemon *daemon, char *folder, const char *catalogue)
{
	daemon_prepare(daemon, folder, catalogue);
	daemon_restart(daemon);
}

void daemon_restart(struct daemon *daemon)
{
	daemon_launch(daemon);
	wait_until_it_answers(daemon);
}

int daemon_wait(struct daemon *daemon)
{
	int status = wait_for(daemon->pid);
	daemon->pid = 0;
	return status;
}

int daemon_stop(struct daemon *daemon)
{
	kill(daemon->pid, SIGTERM);
	return daemon_wait(daemon);
}

void daemon_kill(struct daemon *daemon)
{
	kill(daemon->pid, SIGKILL);
	daemon_wait(daemon);
}

void daemon_done(struct daemon *daemon)
{
	if (daemon->pid)
		daemon_stop(daemon);
	scratch_free(daemon->folder);
	free(daemon->catalogue);
	free(daemon->intake);
	free(daemon->query);
	free(daemon->live);
}

/* ---- commands ---- */

static void set_environment(const struct daemon *daemon, const char *spool)
{
	char *path = print("%s/spool-%s", daemon->folder, spool);
	setenv("SUANPAN_INTAKE", daemon->intake, 1);
	setenv("SUANPAN_QUERY", daemon->query, 1);
	setenv("SUANPAN_LIVE", daemon->live, 1);
	setenv("SUANPAN_SPOOL", path, 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	free(path);
}

static char *read_back(FILE *file)
{
	long size = (fseek(file, 0, SEEK_END), ftell(file));
	char *text = calloc(1, (size_t)size + 1);
	rewind(file);
	if (!text || fread(text, 1, (size_t)size, file) != (size_t)size)
		give_up("read");
	fclose(file);
	return text;
}

char *daemon_log(const struct daemon *daemon)
{
	long place = 0;
	return daemon_log_since(daemon, &place);
}

char *daemon_log_since(const struct daemon *daemon, long *place)
{
	char *path = scratch_path(daemon->folder, "log"), *text = NULL;
	FILE *file = fopen(path, "rb");
	long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
	if (size >= *place)
		text = calloc(1, (size_t)(size - *place) + 1);
	if (!text || fseek(file, *place, SEEK_SET) != 0 ||
	    fread(text, 1, (size_t)(size - *place), file) != (size_t)(size - *place))
		give_up(path);
	*place = size;
	fclose(file);
	free(path);
	return text;
}

struct run daemon_run(const struct daemon *daemon, const char *spool, const char *words)
{
	char *copy = strdup(words), *argv[WORDS_MAX + 1];
	FILE *out = tmpfile(), *err = tmpfile();
	if (!copy || !out || !err)
		give_up("tmpfile");
	split(copy, argv);
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		give_up("fork");
	if (pid == 0) {
		set_environment(daemon, spool);
		add_environment(daemon->command_environment);
		alarm(60);
		become(argv, fileno(out), fileno(err));
	}
	struct run run = {.status = wait_for(pid)};
	free(copy);
	run.out = read_back(out);
	run.err = read_back(err);
	return run;
}

void run_free(struct run *run)
{
	free(run->out);
	free(run->err);
}

char *daemon_say(const struct daemon *daemon, const char *words)
{
	struct run run = daemon_run(daemon, "none", words);
	if (run.status != 0) {
		fprintf(stderr, "%s: exit %d\n%s", words, run.status, run.err);
		abort();
	}
	free(run.err);
	return run.out;
}
