#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/clock.h"
#include "daemon/service.h"
#include "tests/lib/manager.h"
#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what is said ---- */

struct fixture {
	struct manager manager;
	struct service *service;
	struct service_facts facts;
	int answer; /* of the facts */
	struct pulse writer, door;
};

static int tell(void *closure, struct service_facts *ret_facts)
{
	struct fixture *fixture = closure;
	*ret_facts = fixture->facts;
	return fixture->answer;
}

static void *make(const char *watchdog_us)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	assert_non_null(fixture);
	manager_init(&fixture->manager);
	setenv("NOTIFY_SOCKET", strchr(fixture->manager.environment, '=') + 1, 1);
	unsetenv("WATCHDOG_PID");
	if (watchdog_us)
		setenv("WATCHDOG_USEC", watchdog_us, 1);
	else
		unsetenv("WATCHDOG_USEC");
	fixture->facts =
	    (struct service_facts){.commit = 12, .reporters = 22, .reporters_heard = 11, .connections = 1};
	fixture->writer.loop = "writer";
	fixture->door.loop = "door";
	assert_int_equal(service_new(tell, fixture, &fixture->service), 0);
	assert_non_null(fixture->service);
	service_watch(fixture->service, &fixture->writer);
	service_watch(fixture->service, &fixture->door);
	return fixture;
}

static int setup(void **state)
{
	*state = make(NULL);
	return 0;
}

static int setup_watched(void **state)
{
	*state = make("10000000");
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	service_free(fixture->service);
	manager_done(&fixture->manager);
	free(fixture);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	return 0;
}

static const char *hear(struct fixture *fixture)
{
	return manager_hear(&fixture->manager, 0) ? fixture->manager.message : "(nothing)";
}

static void without_a_manager_nothing_is_said_and_nobody_wakes(void **state)
{
	struct service *service = (struct service *)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(service_new(tell, NULL, &service), 0);
	assert_null(service);
	service_starting(service, "", 1);
	service_ready(service);
	service_reloading(service, 1);
	service_reloaded(service, NULL);
	service_stopping(service, 1);
	service_turn(service, 1);
	assert_int_equal(service_patience(service, 1), -1);
}

static void a_start_says_what_it_does_and_how_long_that_may_take(void **state)
{
	struct fixture *fixture = *state;
	service_starting(fixture->service, "looks at the store", 61500);
	assert_string_equal(hear(fixture), "STATUS=looks at the store\nEXTEND_TIMEOUT_USEC=61500000");
	assert_int_equal(service_allowance_ms(0), 60000);
	assert_int_equal(service_allowance_ms(217u << 20), 60000 + 217000);
}

static void ready_comes_with_the_facts(void **state)
{
	struct fixture *fixture = *state;
	service_ready(fixture->service);
	assert_string_equal(hear(fixture),
	                    "READY=1\nSTATUS=commit 12, 11 of 22 reporters heard, 1 connection");
}

static void ready_comes_even_where_the_facts_cannot_be_had(void **state)
{
	struct fixture *fixture = *state;
	fixture->answer = -ENOMEM;
	service_ready(fixture->service);
	assert_string_equal(hear(fixture), "READY=1");
}

static void a_reload_begins_at_a_time_and_ends_ready(void **state)
{
	struct fixture *fixture = *state;
	uint64_t us = 0, extended = 0;
	int64_t now_ms = clock_read().monotonic_ms;
	service_reloading(fixture->service, 2000);
	assert_int_equal(sscanf(hear(fixture),
	                        "RELOADING=1\nMONOTONIC_USEC=%" SCNu64 "\nEXTEND_TIMEOUT_USEC=%" SCNu64, &us,
	                        &extended),
	                 2);
	assert_in_range(us / 1000, now_ms, now_ms + 5000);
	assert_int_equal(extended, 2000000);
	service_reloaded(fixture->service, NULL);
	assert_string_equal(hear(fixture),
	                    "READY=1\nSTATUS=commit 12, 11 of 22 reporters heard, 1 connection");
}

static void a_catalogue_that_is_refused_shows_until_one_is_taken(void **state)
{
	struct fixture *fixture = *state;
	service_reloaded(fixture->service, "the new one is refused; the log says why");
	assert_string_equal(hear(fixture), "READY=1\nSTATUS=the old catalogue stays in force: the new one is "
	                                   "refused; the log says why; commit 12, 11 of 22 reporters heard, "
	                                   "1 connection");
	service_reloaded(fixture->service, NULL);
	assert_string_equal(hear(fixture),
	                    "READY=1\nSTATUS=commit 12, 11 of 22 reporters heard, 1 connection");
}

static void a_stop_is_said(void **state)
{
	struct fixture *fixture = *state;
	service_stopping(fixture->service, 60000);
	assert_int_equal(strncmp(hear(fixture), "STOPPING=1\nEXTEND_TIMEOUT_USEC=60000000\nSTATUS=stops", 47),
	                 0);
}

static void the_status_is_said_when_it_has_changed_and_once_a_second(void **state)
{
	struct fixture *fixture = *state;
	service_ready(fixture->service);
	hear(fixture);
	service_turn(fixture->service, 1000);
	assert_string_equal(hear(fixture), "(nothing)");
	fixture->facts.commit = 13;
	service_turn(fixture->service, 1999);
	assert_string_equal(hear(fixture), "(nothing)");
	assert_int_equal(service_patience(fixture->service, 1999), 1);
	service_turn(fixture->service, 2000);
	assert_string_equal(hear(fixture), "STATUS=commit 13, 11 of 22 reporters heard, 1 connection");
	assert_int_equal(service_patience(fixture->service, 2000), 1000);
	assert_int_equal(service_patience(fixture->service, 4000), 0);
	fixture->answer = -EIO;
	service_turn(fixture->service, 4000);
	assert_string_equal(hear(fixture), "(nothing)");
}

static void the_status_says_why_reports_are_refused(void **state)
{
	struct fixture *fixture = *state;
	fixture->facts.disk_is_low = true;
	fixture->facts.free_mib = 12;
	fixture->facts.reserve_mib = 64;
	service_turn(fixture->service, 1000);
	assert_string_equal(hear(fixture),
	                    "STATUS=refuses reports: the disk has 12 MiB free, and 64 are to be left; commit "
	                    "12, 11 of 22 reporters heard, 1 connection");
	fixture->facts.disk_is_low = false;
	fixture->facts.fault = -EIO;
	service_turn(fixture->service, 2000);
	assert_string_equal(hear(fixture), "STATUS=refused the last reports: Input/output error; commit 12, "
	                                   "11 of 22 reporters heard, 1 connection");
}

/* ---- the watchdog; its interval is 10 s ---- */

/* What of one turn is about the watchdog. */
static bool is_fed(struct fixture *fixture, int64_t now_ms)
{
	bool fed = false;
	service_turn(fixture->service, now_ms);
	while (manager_hear(&fixture->manager, 0))
		fed |= strcmp(fixture->manager.message, "WATCHDOG=1") == 0;
	return fed;
}

static void the_watchdog_is_fed_while_the_loops_go_round(void **state)
{
	struct fixture *fixture = *state;
	for (int64_t now_ms = 1000; now_ms < 60000; now_ms += 1000) {
		pulse_beat(&fixture->writer, now_ms, 0);
		pulse_beat(&fixture->door, now_ms, 0);
		assert_true(is_fed(fixture, now_ms));
	}
}

static void a_loop_that_has_not_begun_is_not_late(void **state)
{
	assert_true(is_fed(*state, 3600000));
}

static void a_loop_that_hangs_is_not_fed_for_and_named(void **state)
{
	struct fixture *fixture = *state;
	pulse_beat(&fixture->writer, 1000, 0);
	pulse_beat(&fixture->door, 1000, 0);
	assert_true(is_fed(fixture, 11000));
	pulse_beat(&fixture->door, 11001, 0);
	service_turn(fixture->service, 12000);
	assert_string_equal(hear(fixture), "STATUS=the writer hangs; commit 12, 11 of 22 reporters heard, 1 "
	                                   "connection");
	assert_string_equal(hear(fixture), "(nothing)");
	assert_false(is_fed(fixture, 15000));
	pulse_beat(&fixture->writer, 16000, 0);
	assert_true(is_fed(fixture, 16000));
}

static void the_front_that_makes_no_turn_feeds_nothing(void **state)
{
	struct fixture *fixture = *state;
	pulse_beat(&fixture->writer, 1000, 0);
	assert_false(manager_hear(&fixture->manager, 50));
}

static void a_loop_that_rests_is_not_late(void **state)
{
	struct fixture *fixture = *state;
	pulse_beat(&fixture->writer, 3600000, 0);
	pulse_rest(&fixture->door);
	assert_true(is_fed(fixture, 3600000));
	pulse_beat(&fixture->door, 3600000, 0); /* something came, and it hangs on it */
	pulse_beat(&fixture->writer, 3610001, 0);
	assert_false(is_fed(fixture, 3610001));
}

static void long_work_has_the_time_that_was_said_and_no_more(void **state)
{
	struct fixture *fixture = *state;
	pulse_beat(&fixture->writer, 1000, 300000);
	assert_true(is_fed(fixture, 200000));
	assert_true(is_fed(fixture, 311000));
	assert_false(is_fed(fixture, 312001));
}

static void an_impatient_watchdog_is_fed_four_times_in_its_interval(void **state)
{
	struct fixture *fixture = make("400000");
	*state = fixture;
	pulse_beat(&fixture->writer, 5000, 0);
	assert_true(is_fed(fixture, 5000));
	assert_int_equal(service_patience(fixture->service, 5000), 100);
}

/* ---- what the manager gives ---- */

static int listen_at(const char *host)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	inet_pton(AF_INET, host, &address.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* As a manager starts a program: descriptors from 3 on. */
static void give(const int fds[], size_t count, const char *names)
{
	char text[16];
	for (size_t i = 0; i < count; i++)
		assert_int_equal(dup2(fds[i], 3 + (int)i), 3 + (int)i);
	snprintf(text, sizeof text, "%d", getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof text, "%zu", count);
	setenv("LISTEN_FDS", text, 1);
	setenv("LISTEN_FDNAMES", names, 1);
}

/* Answers what service_configure does, and what it said. */
static int configure(struct config *config, char said[512])
{
	FILE *errors = tmpfile();
	assert_non_null(errors);
	int result = service_configure(config, errors);
	rewind(errors);
	said[fread(said, 1, 511, errors)] = '\0';
	fclose(errors);
	return result;
}

static void unused(int from)
{
	for (int fd = from; fd < 10; fd++)
		close(fd);
}

static void sockets_go_by_their_names(void **state)
{
	struct config *config;
	char said[512], port[32];
	(void)state;
	unused(3);
	int one = fcntl(listen_at("127.0.0.1"), F_DUPFD, 20),
	    two = fcntl(listen_at("127.0.0.1"), F_DUPFD, 20);
	unused(3);
	give((int[]){one, two}, 2, "live:intake");
	assert_int_equal(config_new(&config), 0);
	assert_int_equal(configure(config, said), 0);
	assert_string_equal(said, "");
	assert_int_equal(config->live_fd, 3);
	assert_int_equal(config->intake_fd, 4);
	assert_int_equal(config->query_fd, -1);
	assert_string_equal(config->query, "tcp://127.0.0.1:5812");
	struct sockaddr_in address;
	socklen_t length = sizeof address;
	assert_int_equal(getsockname(two, (struct sockaddr *)&address, &length), 0);
	snprintf(port, sizeof port, "tcp://127.0.0.1:%u", ntohs(address.sin_port));
	assert_string_equal(config->intake, port);
	assert_int_equal(fcntl(4, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	assert_int_equal(fcntl(4, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_null(getenv("LISTEN_FDS"));
	config_free(config);
	close(one);
	close(two);
	unused(3);
}

static void a_socket_that_others_reach_needs_a_key(void **state)
{
	struct config *config;
	char said[512];
	(void)state;
	unused(3);
	int one = fcntl(listen_at("0.0.0.0"), F_DUPFD, 20);
	unused(3);
	give((int[]){one}, 1, "intake");
	assert_int_equal(config_new(&config), 0);
	assert_int_equal(configure(config, said), 0);
	FILE *errors = fopen("/dev/null", "w");
	assert_int_equal(config_check(config, errors), CONFIG_REFUSED);
	fclose(errors);
	config_free(config);
	close(one);
	unused(3);
}

static void sockets_that_are_not_known_are_refused(void **state)
{
	struct config *config;
	char said[512];
	int pair[2];
	(void)state;
	unused(3);
	int one = fcntl(listen_at("127.0.0.1"), F_DUPFD, 20);
	unused(3);
	assert_int_equal(config_new(&config), 0);
	give((int[]){one}, 1, "intak");
	assert_int_equal(configure(config, said), CONFIG_REFUSED);
	assert_non_null(strstr(said, "'intak' of the service manager: expected FileDescriptorName="));
	give((int[]){one, one}, 2, "query:query");
	assert_int_equal(configure(config, said), CONFIG_REFUSED);
	assert_non_null(strstr(said, "given twice"));
	unused(3);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	give(pair, 1, "live");
	assert_int_equal(configure(config, said), CONFIG_REFUSED);
	assert_non_null(strstr(said, "expected one that listens"));
	config_free(config);
	close(one);
	unused(3);
}

static void a_key_that_was_handed_over_is_used_where_none_is_configured(void **state)
{
	struct config *config;
	char said[512], folder[256], path[300];
	const char *tmp = getenv("TMPDIR");
	(void)state;
	snprintf(folder, sizeof folder, "%s/credentials", tmp ? tmp : "/tmp");
	snprintf(path, sizeof path, "%s/keys_server.key", folder);
	mkdir(folder, 0700);
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	assert_int_equal(config_new(&config), 0);
	assert_int_equal(configure(config, said), 0);
	assert_string_equal(config->key, "");
	fclose(fopen(path, "w"));
	assert_int_equal(configure(config, said), 0);
	assert_string_equal(config->key, path);
	assert_int_equal(config_set(config, "key=/elsewhere", stderr), 0);
	assert_int_equal(configure(config, said), 0);
	assert_string_equal(config->key, "/elsewhere");
	config_free(config);
	unsetenv("CREDENTIALS_DIRECTORY");
	unlink(path);
	rmdir(folder);
}

#define SAID(test)    cmocka_unit_test_setup_teardown(test, setup, teardown)
#define WATCHED(test) cmocka_unit_test_setup_teardown(test, setup_watched, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_manager_nothing_is_said_and_nobody_wakes),
	    SAID(a_start_says_what_it_does_and_how_long_that_may_take),
	    SAID(ready_comes_with_the_facts),
	    SAID(ready_comes_even_where_the_facts_cannot_be_had),
	    SAID(a_reload_begins_at_a_time_and_ends_ready),
	    SAID(a_catalogue_that_is_refused_shows_until_one_is_taken),
	    SAID(a_stop_is_said),
	    SAID(the_status_is_said_when_it_has_changed_and_once_a_second),
	    SAID(the_status_says_why_reports_are_refused),
	    WATCHED(the_watchdog_is_fed_while_the_loops_go_round),
	    WATCHED(a_loop_that_has_not_begun_is_not_late),
	    WATCHED(a_loop_that_hangs_is_not_fed_for_and_named),
	    WATCHED(the_front_that_makes_no_turn_feeds_nothing),
	    WATCHED(a_loop_that_rests_is_not_late),
	    WATCHED(long_work_has_the_time_that_was_said_and_no_more),
	    cmocka_unit_test_teardown(an_impatient_watchdog_is_fed_four_times_in_its_interval, teardown),
	    cmocka_unit_test(sockets_go_by_their_names),
	    cmocka_unit_test(a_socket_that_others_reach_needs_a_key),
	    cmocka_unit_test(sockets_that_are_not_known_are_refused),
	    cmocka_unit_test(a_key_that_was_handed_over_is_used_where_none_is_configured),
	};
	return cmocka_run_group_tests_name("daemon_service", tests, NULL, NULL);
}
