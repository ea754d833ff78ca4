/* Peers that misbehave, and too many of them: everyone else is served as before, and what they hold is given back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/endpoint.h"
#include "tests/lib/daemon.h"
#include "tests/lib/little_city.h"
#include "tests/lib/peer.h"
#include "tests/lib/scratch.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define PATIENCE_MS 60000

struct fixture {
	struct daemon daemon;
	struct peer reporter, reader;
	uint64_t sequence;
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static int prepare(void **state)
{
	/* The sanitizer keeps what was given back, which is not to be measured here. */
	static const char *const environment[] = {"ASAN_OPTIONS=quarantine_size_mb=1", NULL};
	struct fixture *fixture = calloc(1, sizeof *fixture);
	char *folder = scratch_new(), *catalogue = scratch_path(folder, "catalogue");
	assert_int_equal(mkdir(catalogue, 0700), 0);
	catalogue_free(little_city_load(catalogue));
	daemon_prepare(&fixture->daemon, folder, catalogue);
	fixture->daemon.daemon_environment = environment;
	free(catalogue);
	*state = fixture;
	return 0;
}

static void open_peers(struct fixture *fixture)
{
	peer_open(&fixture->reporter, fixture->daemon.intake);
	peer_open(&fixture->reader, fixture->daemon.query);
}

static void start(struct fixture *fixture)
{
	daemon_restart(&fixture->daemon);
	open_peers(fixture);
}

static int stop(void **state)
{
	struct fixture *fixture = *state;
	if (fixture->reporter.socket) {
		peer_close(&fixture->reporter);
		peer_close(&fixture->reader);
	}
	int status = fixture->daemon.pid ? daemon_stop(&fixture->daemon) : 0;
	daemon_done(&fixture->daemon);
	free(fixture);
	return status;
}

/* The next report of north's beds, acked. */
static void report(struct fixture *fixture)
{
	struct peer_report report = {"north_office",      "beds", "north", "2024-06", 0, 0, 7,
	                             ++fixture->sequence, 0};
	report.value = (int64_t)fixture->sequence;
	Suanpan__Ack *ack = peer_report_one(&fixture->reporter, &report);
	assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
	suanpan__ack__free_unpacked(ack, NULL);
}

static void send_query(struct peer *peer, bool many_rows)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__StatusQuery status = SUANPAN__STATUS_QUERY__INIT;
	Suanpan__ListQuery list = SUANPAN__LIST_QUERY__INIT;
	uint8_t bytes[64];
	query.major = query.number = 1;
	list.kind = SUANPAN__LIST_KIND__LIST_STATISTICS;
	if (many_rows)
		query.list = &list;
	else
		query.status = &status;
	peer_send(peer, bytes, suanpan__query__pack(&query, bytes));
}

static void ask(struct fixture *fixture)
{
	send_query(&fixture->reader, false);
	Suanpan__Answer *answer = peer_receive_answer(&fixture->reader, PATIENCE_MS);
	assert_non_null(answer);
	assert_null(answer->failure);
	assert_int_equal(answer->status->observations, fixture->sequence > 0);
	suanpan__answer__free_unpacked(answer, NULL);
}

/* Served: reports and queries, some of each. */
static void expect_served(struct fixture *fixture)
{
	for (int i = 0; i < 5; i++) {
		report(fixture);
		ask(fixture);
	}
}

/* ---- the daemon from outside ---- */

static size_t count_descriptors(const struct fixture *fixture)
{
	char path[64];
	size_t count = 0;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)fixture->daemon.pid);
	DIR *folder = opendir(path);
	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 2; /* . and .. */
}

/* Resident memory, in KiB. */
static long memory_of(const struct fixture *fixture)
{
	char path[64], line[256];
	long memory = -1;
	snprintf(path, sizeof path, "/proc/%d/status", (int)fixture->daemon.pid);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (memory < 0 && fgets(line, sizeof line, file))
		if (strncmp(line, "VmRSS:", 6) == 0)
			memory = strtol(line + 6, NULL, 10);
	fclose(file);
	return memory;
}

/* Of the processor, in ticks. */
static long work_of(const struct fixture *fixture)
{
	char path[64], text[1024] = "";
	unsigned long user = 0, system = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)fixture->daemon.pid);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof text - 1, file) > 0);
	fclose(file);
	const char *at = strrchr(text, ')');
	assert_non_null(at);
	assert_int_equal(
	    sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system), 2);
	return (long)(user + system);
}

static bool has_said(const struct fixture *fixture, const char *event)
{
	char *log = daemon_log(&fixture->daemon);
	bool found = strstr(log, event) != NULL;
	free(log);
	return found;
}

/* ---- too many of them ---- */

static int connect_to(const char *url)
{
	if (strncmp(url, "ipc://", 6) == 0) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_true(strlen(url + 6) < sizeof address.sun_path);
		strcpy(address.sun_path, url + 6);
		assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
		return fd;
	}
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

enum { CROWD = 100 };

static void expect_a_crowd_to_be_borne(struct fixture *fixture)
{
	int crowd[CROWD];
	fixture->daemon.descriptors = 96;
	start(fixture);
	expect_served(fixture);
	for (size_t i = 0; i < CROWD; i++)
		crowd[i] = connect_to(fixture->daemon.intake);
	int64_t since = now_ms();
	while (!has_said(fixture, "event=descriptors-short")) {
		assert_true(now_ms() < since + PATIENCE_MS);
		rest();
	}
	expect_served(fixture); /* those who were there before */
	assert_int_equal(kill(fixture->daemon.pid, SIGHUP),
	                 0); /* which takes descriptors: some are kept for it */
	while (!has_said(fixture, "event=catalogue-unchanged")) {
		assert_true(now_ms() < since + PATIENCE_MS);
		report(fixture);
	}
	for (size_t i = 0; i < CROWD; i++)
		close(crowd[i]);
	peer_close(&fixture->reporter);
	peer_close(&fixture->reader);
	open_peers(fixture); /* new ones get in again */
	expect_served(fixture);
	assert_true(has_said(fixture, "event=descriptors-suffice"));
	assert_int_equal(daemon_stop(&fixture->daemon), 0);
}

static void without_descriptors_those_who_are_there_are_served(void **state)
{
	expect_a_crowd_to_be_borne(*state);
}

/* Not even one left, as when another limit than its own is reached: libzmq would end the process (ipc), or spin at 100 % (tcp). */
static void without_a_single_descriptor_nothing_spins(void **state)
{
	struct fixture *fixture = *state;
	int crowd[CROWD];
	start(fixture);
	expect_served(fixture);
	const struct rlimit none = {count_descriptors(fixture), 64};
	assert_int_equal(prlimit(fixture->daemon.pid, RLIMIT_NOFILE, &none, NULL), 0);
	for (size_t i = 0; i < CROWD; i++)
		crowd[i] = connect_to(fixture->daemon.intake);
	int64_t since = now_ms();
	long work = work_of(fixture);
	while (now_ms() < since + 300)
		rest();
	const long hertz = sysconf(_SC_CLK_TCK);
	const int64_t passed = now_ms() - since;
	double ticks = (double)hertz * (double)passed / 1000;
	work = work_of(fixture) - work;
	double share = (double)work / ticks;
	print_message("%.0f %% of a processor\n", share * 100);
	assert_true(share < 0.3);
	assert_true(has_said(fixture, "event=descriptors-short"));
	expect_served(fixture);
	for (size_t i = 0; i < CROWD; i++)
		close(crowd[i]);
	const struct rlimit some = {64, 64};
	assert_int_equal(prlimit(fixture->daemon.pid, RLIMIT_NOFILE, &some, NULL), 0);
	peer_close(&fixture->reporter);
	peer_close(&fixture->reader);
	open_peers(fixture);
	expect_served(fixture);
}

/* Ports of this test's own: of the process, so that two tests may run at the same time. */
static void without_descriptors_tcp_peers_are_served_too(void **state)
{
	struct fixture *fixture = *state;
	char **urls[] = {&fixture->daemon.intake, &fixture->daemon.query, &fixture->daemon.live};
	for (int i = 0; i < 3; i++) {
		free(*urls[i]);
		assert_true(asprintf(urls[i], "tcp://127.0.0.1:%d", 20000 + (int)(getpid() % 10000) * 4 + i) >
		            0);
	}
	expect_a_crowd_to_be_borne(fixture);
}

/* ---- half-open ---- */

/* A process that connects, speaks as it should, and then is stopped: to the daemon a peer whose cable was cut. */
static pid_t start_sleeper(const struct fixture *fixture)
{
	int told[2];
	char byte;
	assert_int_equal(pipe(told), 0);
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct peer peer;
		struct peer_report report = {"south_office", "beds", "south", "2024-06", 1, 0, 9, 1, 0};
		peer_open(&peer, fixture->daemon.intake);
		Suanpan__Ack *ack = peer_report_one(&peer, &report);
		if (ack->outcome != SUANPAN__OUTCOME__OUTCOME_ACCEPTED || write(told[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	return pid;
}

static void wait_for_descriptors(const struct fixture *fixture, size_t count)
{
	int64_t since = now_ms();
	while (count_descriptors(fixture) > count) {
		assert_true(now_ms() < since + PATIENCE_MS);
		rest();
	}
}

static void half_open_connections_are_let_go_and_bother_nobody(void **state)
{
	struct fixture *fixture = *state;
	int silent[10];
	start(fixture);
	expect_served(fixture);
	size_t before = count_descriptors(fixture);
	for (size_t i = 0; i < 10; i++) /* never says a word: the limit of the handshake */
		silent[i] = connect_to(fixture->daemon.intake);
	pid_t sleeper = start_sleeper(fixture); /* stops in the middle: heartbeats */
	assert_true(count_descriptors(fixture) > before);
	Suanpan__Ack *none = peer_receive_ack(&fixture->reporter, 0);
	assert_null(none);
	while (count_descriptors(fixture) > before) {
		struct peer_report again = {
		    "north_office", "beds", "north", "2024-06", 1, 0, 7, 1, 0}; /* keeps being served */
		Suanpan__Ack *ack = peer_report_one(&fixture->reporter, &again);
		assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
		suanpan__ack__free_unpacked(ack, NULL);
		rest();
	}
	wait_for_descriptors(fixture, before);
	kill(sleeper, SIGKILL);
	waitpid(sleeper, NULL, 0);
	for (size_t i = 0; i < 10; i++)
		close(silent[i]);
}

/* ---- those who never read ---- */

/* 12 MiB of answers wait for it at most; the rest is forgotten. */
static void a_reader_that_never_reads_costs_a_bounded_amount(void **state)
{
	struct fixture *fixture = *state;
	struct peer deaf;
	start(fixture);
	expect_served(fixture);
	long before = memory_of(fixture);
	peer_open(&deaf, fixture->daemon.query);
	for (int i = 0; i < 20000; i++)
		send_query(&deaf, true);
	expect_served(fixture);
	long grown = memory_of(fixture) - before;
	print_message("grown by %ld KiB\n", grown);
	assert_true(grown < 6 * 1024); /* all of them would be 14 MiB */
	peer_close(&deaf);
	expect_served(fixture);
}

static void a_subscriber_that_never_reads_costs_a_bounded_amount(void **state)
{
	struct fixture *fixture = *state;
	const char *error;
	void *context, *deaf;
	start(fixture);
	report(fixture);
	assert_int_equal(endpoint_context_new(&context), 0);
	assert_int_equal(
	    endpoint_open(context, ENDPOINT_LIVE_CLIENT, fixture->daemon.live, NULL, &deaf, &error), 0);
	assert_int_equal(zmq_setsockopt(deaf, ZMQ_SUBSCRIBE, "code.", 5), 0);
	zmq_pollitem_t item = {.socket = deaf, .events = ZMQ_POLLIN};
	assert_int_equal(zmq_poll(&item, 1, PATIENCE_MS), 1); /* the welcome, which stays where it is */
	long before = memory_of(fixture);
	for (int i = 0; i < 3000; i++)
		report(fixture);
	long grown = memory_of(fixture) - before;
	print_message("grown by %ld KiB\n", grown);
	assert_true(grown < 20 * 1024);
	expect_served(fixture);
	endpoint_close(deaf);
	endpoint_context_free(context);
	expect_served(fixture);
}

#define PEER_TEST(name) cmocka_unit_test_setup_teardown(name, prepare, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PEER_TEST(without_descriptors_those_who_are_there_are_served),
	    PEER_TEST(without_descriptors_tcp_peers_are_served_too),
	    PEER_TEST(without_a_single_descriptor_nothing_spins),
	    PEER_TEST(half_open_connections_are_let_go_and_bother_nobody),
	    PEER_TEST(a_reader_that_never_reads_costs_a_bounded_amount),
	    PEER_TEST(a_subscriber_that_never_reads_costs_a_bounded_amount),
	};
	return cmocka_run_group_tests_name("peers", tests, NULL, NULL);
}
