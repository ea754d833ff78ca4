#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* The real daemon, and this test in the place of its service manager. */
#include "tests/lib/daemon.h"
#include "tests/lib/manager.h"
#include "tests/lib/scratch.h"
#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 30000

struct fixture {
	struct manager manager;
	struct daemon daemon;
	char *catalogue, *hang, *preload, *hang_at, *report;
	const char *environment[6];
};

static char *print(const char *before, const char *value, const char *after)
{
	char *text;
	assert_true(asprintf(&text, "%s%s%s", before, value, after) > 0);
	return text;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	const char *build = getenv("SUANPAN_BUILD"), *source = getenv("SUANPAN_SOURCE");
	assert_non_null(fixture);
	manager_init(&fixture->manager);
	char *folder = scratch_new(), *from = print(source ? source : ".", "/config/catalogue", "/.");
	fixture->catalogue = scratch_path(folder, "catalogue");
	char *copy = print("cp -r ", from, " "), *command = print(copy, fixture->catalogue, "");
	assert_int_equal(system(command), 0);
	free(command);
	free(copy);
	free(from);
	daemon_prepare(&fixture->daemon, folder, fixture->catalogue);
	fixture->hang = scratch_path(folder, "hang");
	fixture->report = scratch_path(folder, "beds.csv");
	write_file(fixture->report, "statistic,area,period,value\nhospital_beds,440103,2020-12,9100\n");
	fixture->preload = print("LD_PRELOAD=", build ? build : "build/release", "/hang.so");
	fixture->hang_at = print("SUANPAN_HANG=", fixture->hang, "");
	const char *environment[] = {fixture->manager.environment, "WATCHDOG_USEC=2000000", fixture->preload,
	                             fixture->hang_at, "ASAN_OPTIONS=verify_asan_link_order=0"};
	memcpy(fixture->environment, environment, sizeof environment);
	fixture->daemon.daemon_environment = fixture->environment;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	unlink(fixture->hang);
	daemon_done(&fixture->daemon);
	manager_done(&fixture->manager);
	free(fixture->catalogue);
	free(fixture->hang);
	free(fixture->preload);
	free(fixture->hang_at);
	free(fixture->report);
	free(fixture);
	return 0;
}

static void must_hear(struct fixture *fixture, const char *text)
{
	if (!manager_hear_of(&fixture->manager, text, PATIENCE_MS))
		fail_msg("never said: %s", text);
}

static int push(struct fixture *fixture, const char *more)
{
	char *words = print("suanpan-report push --reporter liwan ", fixture->report, more);
	struct run run = daemon_run(&fixture->daemon, "liwan", words);
	int status = run.status;
	run_free(&run);
	free(words);
	return status;
}

static void its_life_is_told_as_it_is(void **state)
{
	struct fixture *fixture = *state;
	daemon_launch(&fixture->daemon);
	must_hear(fixture, "STATUS=looks at the store\nEXTEND_TIMEOUT_USEC=");
	must_hear(fixture, "STATUS=reads the catalogue, and computes what it changes\nEXTEND_TIMEOUT_USEC=");
	must_hear(fixture, "READY=1\nSTATUS=commit 1, 0 of ");
	assert_int_equal(push(fixture, ""), 0); /* at once: what is ready takes reports */
	must_hear(fixture, "STATUS=commit 2, 1 of ");
	assert_int_equal(daemon_stop(&fixture->daemon), 0);
	assert_true(manager_hear_of(&fixture->manager, "STOPPING=1\n", 0));
}

static void a_reload_is_told_from_its_beginning_to_what_came_of_it(void **state)
{
	struct fixture *fixture = *state;
	char *readers = scratch_path(fixture->catalogue, "readers.yaml");
	daemon_launch(&fixture->daemon);
	must_hear(fixture, "READY=1");

	kill(fixture->daemon.pid, SIGHUP); /* nothing has changed */
	must_hear(fixture, "RELOADING=1\nMONOTONIC_USEC=");
	must_hear(fixture, "READY=1\nSTATUS=commit 1, ");

	write_file(readers, "readers: nonsense\n");
	kill(fixture->daemon.pid, SIGHUP);
	must_hear(fixture, "RELOADING=1\n");
	must_hear(fixture, "READY=1\nSTATUS=the old catalogue stays in force: the new one is refused");

	write_file(
	    readers,
	    "readers:\n  - code: press\n    names: {en: Press office, zh_hans: 新闻办, zh_hant: 新聞辦}\n"
	    "    keys: ['FA?:vpUu9-{T^67[Pl.P*9*wjTr*HA=G2xXxC4J.']\n");
	kill(fixture->daemon.pid, SIGHUP);
	must_hear(fixture, "RELOADING=1\n");
	must_hear(fixture, "READY=1\nSTATUS=commit 2, ");
	free(readers);
}

static void a_disk_that_does_not_answer_ends_the_feeding(void **state)
{
	struct fixture *fixture = *state;
	daemon_launch(&fixture->daemon);
	must_hear(fixture, "READY=1");
	assert_true(manager_count(&fixture->manager, "WATCHDOG=1", 2000) >= 2);

	write_file(fixture->hang, "");
	assert_int_equal(push(fixture, " --timeout 1"), 3);        /* the writer hangs on it: no ack */
	must_hear(fixture, "STATUS=the writer hangs; commit 1, "); /* what a query would see */
	assert_int_equal(manager_count(&fixture->manager, "WATCHDOG=1", 3000), 0);

	unlink(fixture->hang);
	must_hear(fixture, "WATCHDOG=1");
	must_hear(fixture, "STATUS=commit 2, 1 of ");
	struct run run = daemon_run(&fixture->daemon, "liwan", "suanpan-report drain");
	assert_int_equal(run.status, 0);
	run_free(&run);
}

/* ---- sockets that listen before it is there ---- */

static int listen_at(in_port_t *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*ret_port = ntohs(address.sin_port);
	return fcntl(fd, F_DUPFD_CLOEXEC, 20);
}

static char *url(in_port_t port)
{
	char *text;
	assert_true(asprintf(&text, "tcp://127.0.0.1:%u", port) > 0);
	return text;
}

/* As a manager does it. */
static pid_t launch_with(const struct daemon *daemon, const int fds[3])
{
	const char *build = getenv("SUANPAN_BUILD");
	char *program = print(build ? build : "build/release", "/suanpand", ""), number[16];
	char *store = print("store=", daemon->folder, "/store");
	char *catalogue = print("catalogue=", daemon->catalogue, "");
	pid_t pid = fork();
	if (pid == 0) {
		snprintf(number, sizeof number, "%d", getpid());
		setenv("LISTEN_PID", number, 1);
		setenv("LISTEN_FDS", "3", 1);
		setenv("LISTEN_FDNAMES", "live:intake:query", 1);
		for (int i = 0; i < 3; i++)
			dup2(fds[i], 3 + i);
		execl(program, "suanpand", "--set", store, "--set", catalogue, NULL);
		_exit(127);
	}
	free(program);
	free(store);
	free(catalogue);
	return pid;
}

static void who_came_while_it_was_down_is_served_by_the_next_one(void **state)
{
	struct fixture *fixture = *state;
	struct daemon *daemon = &fixture->daemon;
	in_port_t ports[3];
	int fds[3];
	for (int i = 0; i < 3; i++)
		fds[i] = listen_at(&ports[i]);
	free(daemon->live);
	free(daemon->intake);
	free(daemon->query);
	daemon->live = url(ports[0]);
	daemon->intake = url(ports[1]);
	daemon->query = url(ports[2]);
	for (int round = 0; round < 3; round++) {
		daemon->pid = launch_with(daemon, fds);
		assert_int_equal(push(fixture, ""), 0);
		daemon_kill(daemon);
	}
	/* It asks while nobody is there, and is not refused. */
	pid_t asker = fork();
	if (asker == 0) {
		struct run run = daemon_run(daemon, "none", "suanpan status --timeout 20");
		_exit(run.status);
	}
	usleep(300000);
	daemon->pid = launch_with(daemon, fds);
	int status;
	assert_int_equal(waitpid(asker, &status, 0), asker);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(its_life_is_told_as_it_is),
	    TEST(a_reload_is_told_from_its_beginning_to_what_came_of_it),
	    TEST(a_disk_that_does_not_answer_ends_the_feeding),
	    TEST(who_came_while_it_was_down_is_served_by_the_next_one),
	};
	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
