#include "tests/lib/flips.h"

#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_SECONDS 60 /* nothing may go round in circles; but the machine may be busy */

static void give_up(const char *what)
{
	fprintf(stderr, "tests/lib/flips: %s: %s\n", what, strerror(errno));
	abort();
}

void flips_begin(struct flips *flips, const char *folder, const char *name)
{
	struct stat status;
	flips->begin = NULL;
#if defined(__SANITIZE_ADDRESS__)
	flips->stride = 61;
#else
	flips->stride = 1;
#endif
	flips->path = scratch_path(folder, name);
	int fd = open(flips->path, O_RDONLY);
	if (fd < 0 || fstat(fd, &status) != 0)
		give_up(flips->path);
	flips->size = (size_t)status.st_size;
	flips->bytes = malloc(flips->size);
	if (read(fd, flips->bytes, flips->size) != status.st_size)
		give_up("read");
	close(fd);
	/* Shared with the children. */
	flips->answers = mmap(NULL, flips->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (flips->answers == MAP_FAILED)
		give_up("mmap");
}

static void write_byte(const struct flips *flips, size_t at, uint8_t byte)
{
	int fd = open(flips->path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || pwrite(fd, &byte, 1, (off_t)at) != 1)
		give_up("pwrite");
	close(fd);
}

void flips_flip(const struct flips *flips, size_t at)
{
	write_byte(flips, at, flips->bytes[at] ^ (uint8_t)(1u << at % 8));
}

void flips_mend(const struct flips *flips, size_t at)
{
	write_byte(flips, at, flips->bytes[at]);
}

/* cmocka catches signals, and would go on to the end of the test. */
static void be_quiet_and_mortal(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
	int null = open("/dev/null", O_WRONLY);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		signal(signals[i], SIG_DFL);
	setrlimit(RLIMIT_CORE, &(struct rlimit){.rlim_cur = 0});
	if (null < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(1);
}

static void sweep_in_child(struct flips *flips, size_t from, uint8_t (*look)(void *context), void *context)
{
	be_quiet_and_mortal();
	if (flips->begin)
		flips->begin(context);
	for (size_t at = from; at < flips->size; at += flips->stride) {
		flips->answers[at] = FLIPS_ENDED;
		alarm(LOOK_SECONDS);
		flips_flip(flips, at);
		flips->answers[at] = look(context);
		flips_mend(flips, at);
	}
	_exit(0);
}

/* The first byte from here on at which a child ended, or the size. */
static size_t find_end(const struct flips *flips, size_t from)
{
	while (from < flips->size && flips->answers[from] != FLIPS_ENDED)
		from += flips->stride;
	return from;
}

void flips_sweep(struct flips *flips, uint8_t (*look)(void *context), void *context)
{
	int status;
	memset(flips->answers, 0, flips->size);
	for (size_t at = 0; at < flips->size;) {
		fflush(NULL);
		pid_t child = fork();
		if (child == 0)
			sweep_in_child(flips, at, look, context);
		if (child < 0 || waitpid(child, &status, 0) != child)
			give_up("fork");
		at = find_end(flips, at);
		if (at >= flips->size)
			break;
		flips_mend(flips, at);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
			fprintf(stderr, "tests/lib/flips: byte %zu of %s: the look never ended\n", at,
			        flips->path);
			abort();
		}
		at += flips->stride;
	}
}

size_t flips_total(const struct flips *flips)
{
	return (flips->size + flips->stride - 1) / flips->stride;
}

size_t flips_count(const struct flips *flips, uint8_t answer)
{
	size_t count = 0;
	for (size_t at = 0; at < flips->size; at += flips->stride)
		count += flips->answers[at] == answer;
	return count;
}

void flips_done(struct flips *flips)
{
	munmap(flips->answers, flips->size);
	free(flips->bytes);
	free(flips->path);
}
