#include "tests/lib/injected.h"

#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void give_up(const char *what)
{
	fprintf(stderr, "tests/lib/injected: %s: %s\n", what, strerror(errno));
	abort();
}

static const char *print(const char *name, const char *value, const char *more)
{
	char *text;
	if (asprintf(&text, "%s=%s%s", name, value, more) < 0)
		give_up("asprintf");
	return text;
}

static void *map_board(const char *path)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(struct inject_board)) != 0)
		give_up(path);
	void *board = mmap(NULL, sizeof(struct inject_board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (board == MAP_FAILED)
		give_up(path);
	close(fd);
	return board;
}

void injected_init(struct injected *injected, const char *folder, const char *files, const char *callers)
{
	const char *build = getenv("SUANPAN_BUILD"), *source = getenv("SUANPAN_SOURCE"),
	           *sanitizer = getenv("ASAN_OPTIONS");
	char *path = scratch_path(folder, "inject-board");
	size_t count = 0;
	*injected = (struct injected){.board = map_board(path)};
	injected->environment[count++] = print("LD_PRELOAD", build ? build : "build/release", "/inject.so");
	injected->environment[count++] = print("INJECT_BOARD", path, "");
	/* The sanitizer's runtime wants to come first, which is where the injector must be. */
	injected->environment[count++] =
	    print("ASAN_OPTIONS", "verify_asan_link_order=0:", sanitizer ? sanitizer : "");
	injected->environment[count++] = print("LSAN_OPTIONS=print_suppressions=0:suppressions",
	                                       source ? source : ".", "/tests/lint/leak.supp");
	if (files)
		injected->environment[count++] = print("INJECT_FILES", files, "");
	if (callers)
		injected->environment[count++] = print("INJECT_CALLERS", callers, "");
	free(path);
}

void injected_done(struct injected *injected)
{
	for (size_t i = 0; injected->environment[i]; i++)
		free((char *)(uintptr_t)injected->environment[i]);
	munmap(injected->board, sizeof *injected->board);
}

void injected_arm(struct injected *injected, struct inject_fault fault)
{
	struct inject_board *board = injected->board;
	injected_disarm(injected);
	atomic_store(&board->failed, 0);
	board->calls = fault.calls;
	board->manner = fault.manner;
	board->error = fault.error ? fault.error : EIO;
	board->forever = fault.forever;
	atomic_store(&board->left, fault.at);
}

void injected_disarm(struct injected *injected)
{
	atomic_store(&injected->board->left, 0);
}

uint64_t injected_count(const struct injected *injected, uint32_t calls)
{
	uint64_t sum = 0;
	for (int i = 0; i < INJECT_CALL_COUNT; i++)
		sum += calls & INJECT_BIT(i) ? atomic_load(&injected->board->count[i]) : 0;
	return sum;
}

uint64_t injected_failed(const struct injected *injected)
{
	return atomic_load(&injected->board->failed);
}
