/* The injector itself: what it is told to fail fails, once or from then on, and nothing else does. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/injected.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* This program starts itself again, with the injector: what is then done is said by its first argument, and whether it went
 * as it should by the exit status. */

static int open_in(const char *name)
{
	const char *folder = getenv("INJECT_TEST_FOLDER");
	char *path = scratch_path(folder ? folder : ".", name);
	int fd = open(path, O_CREAT | O_RDWR | O_APPEND, 0600);
	free(path);
	return fd;
}

static int fail_with(int answer, int error)
{
	return answer == -1 && errno == error;
}

static int third_write_fails(void)
{
	int fd = open_in("counted"), other = open_in("other");
	int good = 1;
	for (int i = 1; i <= 5; i++) {
		good &= write(other, "abcd", 4) == 4;
		good &= i == 3 ? fail_with((int)write(fd, "abcd", 4), ENOSPC) : write(fd, "abcd", 4) == 4;
	}
	return good && lseek(fd, 0, SEEK_END) == 16;
}

static int everything_fails_from_the_second_on(void)
{
	int fd = open_in("counted");
	return fsync(fd) == 0 && fail_with(fdatasync(fd), EIO) && fail_with(ftruncate(fd, 0), EIO) &&
	       fail_with((int)write(fd, "a", 1), EIO) && fail_with(fsync(fd), EIO);
}

static int half_is_written(void)
{
	int fd = open_in("counted");
	char ab[] = "ab", cdef[] = "cdef";
	const struct iovec pieces[] = {{ab, 2}, {cdef, 4}};
	char back[8] = "";
	return writev(fd, pieces, 2) == 3 && pread(fd, back, sizeof back, 0) == 3 &&
	       memcmp(back, "abc", 3) == 0 && pwrite(fd, ab, 2, 0) == 2;
}

static int late_is_done_and_fails(void)
{
	int fd = open_in("counted");
	char back[8] = "";
	return fail_with((int)pwrite(fd, "abcd", 4, 0), EIO) && pread(fd, back, sizeof back, 0) == 4;
}

static int memory_of_others_is_there(void)
{
	void *volatile first = malloc(10);
	char *volatile copy = strdup("the C library asks for this one"); /* so it is not counted */
	void *volatile second = calloc(1, 10);
	int good = first && copy && !second && errno == ENOMEM;
	free(first);
	free(copy);
	return good;
}

static const struct {
	const char *name;
	int (*run)(void);
	const char *inject;
} scenes[] = {
    {"write", third_write_fails, "INJECT=write:3:ENOSPC"},
    {"forever", everything_fails_from_the_second_on, "INJECT=io:2:EIO+"},
    {"short", half_is_written, "INJECT=io:1:short"},
    {"late", late_is_done_and_fails, "INJECT=pwrite:1:late"},
    {"memory", memory_of_others_is_there, "INJECT=memory:2:ENOMEM"},
};
#define SCENE_COUNT (sizeof scenes / sizeof scenes[0])

static int play(const char *name)
{
	for (size_t i = 0; i < SCENE_COUNT; i++)
		if (strcmp(scenes[i].name, name) == 0)
			return scenes[i].run() ? EXIT_SUCCESS : EXIT_FAILURE;
	return 2;
}

static char self[4096];

static int run_scene(size_t which, struct injected *injected, const char *folder)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (size_t i = 0; injected->environment[i]; i++)
			putenv((char *)(uintptr_t)injected->environment[i]);
		setenv("INJECT_TEST_FOLDER", folder, 1);
		putenv((char *)(uintptr_t)scenes[which].inject);
		execl(self, self, scenes[which].name, (char *)NULL);
		_exit(127);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void what_is_to_fail_fails_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < SCENE_COUNT; i++) {
		struct injected injected;
		char *folder = scratch_new();
		injected_init(&injected, folder, "/counted", "test_inject");
		int status = run_scene(i, &injected, folder);
		if (status != 0)
			print_message("scene %s\n", scenes[i].name);
		assert_int_equal(status, 0);
		assert_true(injected_failed(&injected) >= 1);
		injected_done(&injected);
		scratch_free(folder);
	}
}

static void calls_are_counted_while_nothing_is_to_fail(void **state)
{
	struct injected injected;
	char *folder = scratch_new();
	(void)state;
	injected_init(&injected, folder, "/counted", "test_inject");
	run_scene(0, &injected, folder); /* which arms itself: writes to the other file do not count */
	assert_int_equal(injected_count(&injected, INJECT_IO), 5);
	assert_int_equal(injected_count(&injected, INJECT_BIT(INJECT_WRITE)), 5);
	assert_int_equal(injected_failed(&injected), 1);
	injected_done(&injected);
	scratch_free(folder);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_to_fail_fails_and_nothing_else),
	    cmocka_unit_test(calls_are_counted_while_nothing_is_to_fail),
	};
	if (argc > 1)
		return play(argv[1]);
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("inject", tests, NULL, NULL);
}
