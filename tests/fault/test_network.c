/* Senders and the daemon with a bad network between them: late, cut into pieces, held back one way or both, reset in the middle of a
 * batch; messages lost, doubled and out of order; and, where network namespaces may be made, packets lost and a partition by nft, under CURVE.
 * In the end every report is there once. */

#include "proto/keys.h"
#include "tests/lib/daemon.h"
#include "tests/lib/little_city.h"
#include "tests/lib/proxy.h"
#include "tests/lib/random_world.h"
#include "tests/lib/scratch.h"
#include "tests/lib/shuffle.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PUSHES 12
#else
#define PUSHES 20 /* of each sender */
#endif
#define PERIODS    10 /* that these are about, one after the other */
#define BATCH_ROWS 6000

#define PORT       5811
#define PROXY_PORT 5821

static const struct sender {
	const char *name, *reporter, *statistic, *area;
} senders[] = {{"0", "north_office", "births", "north"},
               {"1", "south_office", "births", "south"},
               {"2", "south_office", "beds", "south"}};
#define SENDERS (sizeof senders / sizeof *senders)

struct fixture {
	struct daemon daemon; /* as it sees itself */
	struct daemon far;    /* as senders see it */
	struct random_source random;
	struct proxy proxy;
	struct shuffle shuffle;
	/* Where namespaces may be made: ours, in which the senders are, and the daemon's; what crosses takes keys. */
	int here, there;
	pid_t holder;
	char *server_key, *asker_key;
	const char *environment[3];
};

static const char *no_namespaces; /* why not */

static void nap_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* ---- what is sent ---- */

static void print_period(FILE *file, int month)
{
	fprintf(file, "%d-%02d", 1950 + month / 12, 1 + month % 12);
}

static char *file_of(const struct fixture *fixture, const struct sender *sender)
{
	char name[32];
	snprintf(name, sizeof name, "push-%s.csv", sender->name);
	return scratch_path(fixture->daemon.folder, name);
}

static void write_push(const struct fixture *fixture, const struct sender *sender, int push)
{
	char *path = file_of(fixture, sender);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "statistic,area,period,value\n%s,%s,", sender->statistic, sender->area);
	print_period(file, push % PERIODS);
	fprintf(file, ",%d\n", push + 1);
	fclose(file);
	free(path);
}

/* One file that takes more than thirty reports: notes are long. */
static void write_batch(const struct fixture *fixture, const struct sender *sender)
{
	char *path = file_of(fixture, sender), note[241];
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	memset(note, 'n', sizeof note - 1);
	note[sizeof note - 1] = '\0';
	fputs("statistic,area,period,value,note\n", file);
	for (int row = 0; row < BATCH_ROWS; row++) {
		fprintf(file, "%s,%s,", row % 2 ? "beds" : "births", sender->area);
		print_period(file, row / 2);
		fprintf(file, ",%d,%s\n", row + 1, note);
	}
	fclose(file);
	free(path);
}

struct option_text {
	char text[512];
};

static struct option_text key_of(const struct fixture *fixture, const struct sender *sender)
{
	struct option_text option = {""};
	if (fixture->server_key)
		snprintf(option.text, sizeof option.text, "--key '%s/%s.key'", fixture->daemon.folder,
		         sender->reporter);
	return option;
}

/* Answers the exit status. */
static int send_file(const struct fixture *fixture, const struct sender *sender, const char *timeout)
{
	char *path = file_of(fixture, sender), words[2048];
	snprintf(words, sizeof words, "suanpan-report push '%s' --reporter %s --timeout %s %s", path,
	         sender->reporter, timeout, key_of(fixture, sender).text);
	struct run run = daemon_run(&fixture->far, sender->name, words);
	if (run.status != 0 && run.status != 3)
		print_message("%s\nexit %d\n%s", words, run.status, run.err);
	free(path);
	run_free(&run);
	return run.status;
}

/* In a process of its own; ends with 0 if every push was delivered or spooled. */
static pid_t start_pushing(const struct fixture *fixture, const struct sender *sender, const char *timeout)
{
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int push = 0; push < PUSHES; push++) {
		write_push(fixture, sender, push);
		int status = send_file(fixture, sender, timeout);
		if (status != 0 && status != 3)
			_exit(1);
	}
	_exit(0);
}

static bool has_ended(pid_t *pid)
{
	int status;
	if (*pid == 0)
		return true;
	if (waitpid(*pid, &status, WNOHANG) != *pid)
		return false;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	*pid = 0;
	return true;
}

/* Until nothing is left, however often it takes. */
static void drain(const struct fixture *fixture, const struct sender *sender, int tries, const char *timeout)
{
	char words[1024];
	struct run run;
	snprintf(words, sizeof words, "suanpan-report drain --timeout %s %s", timeout,
	         key_of(fixture, sender).text);
	do {
		run = daemon_run(&fixture->far, sender->name, words);
		if (run.status != 0)
			print_message("%s: exit %d\n%s", words, run.status, run.err);
		assert_true(run.status == 0 || (run.status == 3 && --tries > 0));
		run_free(&run);
	} while (run.status != 0);
}

/* ---- what must have arrived ---- */

static uint64_t status_line(const struct fixture *fixture, const char *name)
{
	char *out = daemon_say(&fixture->daemon, "suanpan status --format csv"), line[64];
	uint64_t number = 0;
	snprintf(line, sizeof line, "\n%s,", name);
	const char *at = strstr(out, line);
	assert_non_null(at);
	assert_int_equal(sscanf(at + strlen(line), "%" SCNu64, &number), 1);
	free(out);
	return number;
}

/* The newest push of each period counts, and every push left one observation, current or superseded. */
static void expect_all_pushes(const struct fixture *fixture)
{
	for (size_t i = 0; i < SENDERS; i++) {
		char words[128], line[64];
		snprintf(words, sizeof words, "suanpan get %s --area %s --format csv", senders[i].statistic,
		         senders[i].area);
		char *out = daemon_say(&fixture->daemon, words);
		for (int period = 0; period < PERIODS; period++) {
			int newest = period + PERIODS * ((PUSHES - 1 - period) / PERIODS);
			snprintf(line, sizeof line, "%s,%s,1950-%02d,%d,", senders[i].statistic,
			         senders[i].area, period + 1, newest + 1);
			if (!strstr(out, line))
				fail_msg("no %s in\n%s", line, out);
		}
		free(out);
	}
	assert_int_equal(status_line(fixture, "refused"), 0);
	assert_int_equal(status_line(fixture, "observations") + status_line(fixture, "revisions"),
	                 SENDERS * PUSHES);
}

static void expect_the_batch_once(const struct fixture *fixture)
{
	assert_int_equal(status_line(fixture, "refused"), 0);
	assert_int_equal(status_line(fixture, "observations"), BATCH_ROWS);
	assert_int_equal(status_line(fixture, "revisions"), 0);
}

/* ---- up and down ---- */

static int run_in(int namespace_fd, const char *command)
{
	int status;
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (namespace_fd >= 0 && setns(namespace_fd, CLONE_NEWNET) != 0)
			_exit(126);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void must_run_in(int namespace_fd, const char *command)
{
	if (run_in(namespace_fd, command) != 0)
		fail_msg("failed: %s", command);
}

static int open_namespace(pid_t pid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void use_intake(struct daemon *daemon, const char *url)
{
	free(daemon->intake);
	daemon->intake = strdup(url);
}

static struct fixture *new_fixture(const char *intake)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	assert_non_null(fixture);
	fixture->here = fixture->there = -1;
	fixture->random.state = 4711;
	char *folder = scratch_new(), *city = scratch_path(folder, "city");
	assert_int_equal(mkdir(city, 0700), 0);
	catalogue_free(little_city_load(city));
	daemon_prepare(&fixture->daemon, folder, city);
	if (intake)
		use_intake(&fixture->daemon, intake);
	free(city);
	return fixture;
}

/* Senders go another way than the daemon's own. */
static void look_from_afar(struct fixture *fixture, const char *intake)
{
	fixture->far = fixture->daemon;
	fixture->far.intake = strdup(intake);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	if (fixture->proxy.pid)
		proxy_stop(&fixture->proxy);
	if (fixture->shuffle.pid)
		shuffle_stop(&fixture->shuffle);
	daemon_done(&fixture->daemon);
	if (fixture->holder) {
		kill(fixture->holder, SIGKILL);
		waitpid(fixture->holder, NULL, 0);
		close(fixture->here);
		close(fixture->there);
	}
	free(fixture->far.intake);
	free(fixture->server_key);
	free(fixture->asker_key);
	free(fixture);
	return 0;
}

/* ---- a proxy, on loopback ---- */

/* Ports are ours alone where the network is; elsewhere they go by the process. */
static unsigned port_of(unsigned base)
{
	return no_namespaces ? 20000 + 2 * ((unsigned)getpid() % 20000) + (base == PROXY_PORT) : base;
}

static int set_up_proxy(void **state)
{
	char intake[64], afar[64];
	snprintf(intake, sizeof intake, "tcp://127.0.0.1:%u", port_of(PORT));
	snprintf(afar, sizeof afar, "tcp://127.0.0.1:%u", port_of(PROXY_PORT));
	struct fixture *fixture = new_fixture(intake);
	daemon_restart(&fixture->daemon);
	proxy_start(&fixture->proxy, -1, "127.0.0.1", (uint16_t)port_of(PROXY_PORT), "127.0.0.1",
	            (uint16_t)port_of(PORT));
	look_from_afar(fixture, afar);
	*state = fixture;
	return 0;
}

static void make_it_worse(struct fixture *fixture)
{
	struct proxy_rules *rules = fixture->proxy.rules;
	struct random_source *random = &fixture->random;
	rules->delay_ms = (int)random_below(random, 30);
	rules->jitter_ms = (int)random_below(random, 30);
	rules->piece = random_percent(random, 50) ? 1 + (int)random_below(random, 60) : 0;
	rules->holds_up = random_percent(random, 20);
	rules->holds_down = random_percent(random, 20);
	rules->resets += random_percent(random, 30);
}

static void make_it_good(struct proxy_rules *rules)
{
	rules->delay_ms = rules->jitter_ms = rules->piece = rules->per_ms = 0;
	rules->holds_up = rules->holds_down = 0;
	rules->reset_after = 0;
}

static void late_cut_up_and_reset_connections_lose_nothing(void **state)
{
	struct fixture *fixture = *state;
	pid_t pushing[SENDERS];
	for (size_t i = 0; i < SENDERS; i++)
		pushing[i] = start_pushing(fixture, &senders[i], "0.3");
	for (bool all = false; !all;) {
		make_it_worse(fixture);
		nap_ms(20 + random_below(&fixture->random, 150));
		all = true;
		for (size_t i = 0; i < SENDERS; i++)
			all &= has_ended(&pushing[i]);
	}
	make_it_good(fixture->proxy.rules);
	for (size_t i = 0; i < SENDERS; i++)
		drain(fixture, &senders[i], 3, "10");
	expect_all_pushes(fixture);
	assert_true(fixture->proxy.rules->resets > 0);
	assert_true(fixture->proxy.rules->connections > 2 * SENDERS);
}

static pid_t start_the_batch(const struct fixture *fixture, const char *timeout, int expected)
{
	write_batch(fixture, &senders[1]);
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(send_file(fixture, &senders[1], timeout) == expected ? 0 : 1);
	}
	return pid;
}

static void must_end(pid_t pid)
{
	while (!has_ended(&pid))
		nap_ms(5);
}

/* Some of it is there, and not all. */
static void expect_part_of_the_batch(const struct fixture *fixture)
{
	uint64_t there = status_line(fixture, "observations");
	assert_true(there > 0);
	assert_true(there < BATCH_ROWS);
	assert_int_equal(status_line(fixture, "revisions"), 0);
}

static void a_batch_that_is_reset_in_the_middle_goes_on(void **state)
{
	struct fixture *fixture = *state;
	fixture->proxy.rules->per_ms = 2000;
	fixture->proxy.rules->reset_after = 500000;
	pid_t pushing = start_the_batch(fixture, "3", 0);
	must_end(pushing);
	assert_int_equal(fixture->proxy.rules->reset_after, 0);
	assert_true(fixture->proxy.rules->connections > 1);
	expect_the_batch_once(fixture);
}

/* ---- messages ---- */

static int set_up_shuffle(void **state)
{
	char afar[128];
	struct fixture *fixture = new_fixture(NULL);
	daemon_restart(&fixture->daemon);
	snprintf(afar, sizeof afar, "ipc://%s/s", fixture->daemon.folder);
	shuffle_start(&fixture->shuffle, afar, fixture->daemon.intake, 4711);
	look_from_afar(fixture, afar);
	*state = fixture;
	return 0;
}

static void lost_doubled_and_overtaking_messages_change_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct shuffle_rules *rules = fixture->shuffle.rules;
	pid_t pushing[SENDERS];
	rules->lose_percent = 15;
	rules->double_percent = 30;
	rules->delay_ms = 40;
	for (size_t i = 0; i < SENDERS; i++)
		pushing[i] = start_pushing(fixture, &senders[i], "0.2");
	for (size_t i = 0; i < SENDERS; i++)
		must_end(pushing[i]);
	for (size_t i = 0; i < SENDERS; i++)
		drain(fixture, &senders[i], 60, "0.5");
	expect_all_pushes(fixture);
	assert_true(rules->lost > 0 && rules->doubled > 0 && rules->overtaken > 0);
}

static void a_batch_of_doubled_and_overtaking_messages_counts_once(void **state)
{
	struct fixture *fixture = *state;
	struct shuffle_rules *rules = fixture->shuffle.rules;
	rules->double_percent = 50;
	rules->delay_ms = 10;
	pid_t pushing = start_the_batch(fixture, "20", 0);
	must_end(pushing);
	expect_the_batch_once(fixture);
	assert_true(rules->doubled > 0 && rules->overtaken > 0);
}

/* ---- two namespaces and a cable ---- */

static void write_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, line, strlen(line)) < 0)
		print_message("%s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Who is not root may be root in a namespace of their own. */
static const char *leave_the_network(void)
{
	static char why[128];
	char map[64];
	unsigned user = geteuid(), group = getegid();
	if (unshare(user == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) != 0) {
		snprintf(why, sizeof why, "network namespaces may not be made here: %s", strerror(errno));
		return why;
	}
	if (user != 0) {
		write_line("/proc/self/setgroups", "deny");
		snprintf(map, sizeof map, "0 %u 1", user);
		write_line("/proc/self/uid_map", map);
		snprintf(map, sizeof map, "0 %u 1", group);
		write_line("/proc/self/gid_map", map);
	}
	return run_in(-1, "ip link set lo up") == 0 ? NULL : "there is no ip(8) (Debian package iproute2)";
}

/* A process that does nothing but keep a namespace. */
static pid_t hold_namespace(void)
{
	int ends[2];
	char ready;
	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) == 0 && write(ends[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &ready, 1), 1);
	close(ends[0]);
	return pid;
}

/* ---- keys, without which a daemon listens on no cable ---- */

static void make_key(const struct fixture *fixture, const char *name, struct key_pair *ret_pair)
{
	char file[64];
	struct keys_reason reason;
	snprintf(file, sizeof file, "%s.key", name);
	char *path = scratch_path(fixture->daemon.folder, file);
	assert_int_equal(keys_make(ret_pair), 0);
	if (keys_write(path, ret_pair, NULL, &reason) != 0)
		fail_msg("%s", reason.text);
	free(path);
}

static void write_catalogue(const struct fixture *fixture, const char *name, const char *text)
{
	char *path = scratch_path(fixture->daemon.catalogue, name);
	scratch_write(path, text, strlen(text));
	free(path);
}

static void enrol(const struct fixture *fixture, const struct key_pair *north, const struct key_pair *south,
                  const struct key_pair *asker)
{
	static const char names[] = "names: {en: %s, zh_hans: %s, zh_hant: %s}";
	char text[2048], north_names[128], south_names[128], asker_names[128];
	snprintf(north_names, sizeof north_names, names, "N", "N", "N");
	snprintf(south_names, sizeof south_names, names, "S", "S", "S");
	snprintf(asker_names, sizeof asker_names, names, "A", "A", "A");
	snprintf(text, sizeof text,
	         "reporters:\n"
	         "  - {code: north_office, %s, areas: [north], statistics: [all], keys: ['%s']}\n"
	         "  - {code: south_office, %s, areas: [south], statistics: [all], keys: ['%s']}\n",
	         north_names, north->public, south_names, south->public);
	write_catalogue(fixture, "reporters.yaml", text);
	snprintf(text, sizeof text, "readers:\n  - {code: asker, %s, operator: true, keys: ['%s']}\n",
	         asker_names, asker->public);
	write_catalogue(fixture, "readers.yaml", text);
}

static void make_keys(struct fixture *fixture)
{
	struct key_pair server, north, south, asker;
	make_key(fixture, "server", &server);
	make_key(fixture, "north_office", &north);
	make_key(fixture, "south_office", &south);
	make_key(fixture, "asker", &asker);
	enrol(fixture, &north, &south, &asker);
	assert_true(asprintf(&fixture->server_key, "SUANPAN_SERVER_KEY=%s", server.public) > 0);
	assert_true(asprintf(&fixture->asker_key, "SUANPAN_KEY=%s/asker.key", fixture->daemon.folder) > 0);
	fixture->environment[0] = fixture->server_key;
	fixture->environment[1] = fixture->asker_key;
	fixture->daemon.command_environment = fixture->environment;
}

/* ---- the cable ---- */

static int set_up_cable(void **state)
{
	char command[256], more[512];
	*state = NULL;
	if (no_namespaces)
		return 0;
	struct fixture *fixture = new_fixture("tcp://10.77.0.2:5811");
	make_keys(fixture);
	fixture->here = open_namespace(getpid());
	fixture->holder = hold_namespace();
	fixture->there = open_namespace(fixture->holder);
	snprintf(command, sizeof command,
	         "ip link add near type veth peer name far netns %d && ip addr add 10.77.0.1/24 dev near && "
	         "ip link set near up",
	         (int)fixture->holder);
	must_run_in(-1, command);
	must_run_in(fixture->there,
	            "ip addr add 10.77.0.2/24 dev far && ip link set far up && ip link set lo up");
	snprintf(more, sizeof more, "--set 'key=%s/server.key'", fixture->daemon.folder);
	fixture->daemon.more = more;
	assert_int_equal(setns(fixture->there, CLONE_NEWNET), 0);
	daemon_restart(&fixture->daemon);
	assert_int_equal(setns(fixture->here, CLONE_NEWNET), 0);
	fixture->daemon.more = NULL;
	look_from_afar(fixture, fixture->daemon.intake);
	*state = fixture;
	return 0;
}

/* The cable would go with its other end, some time later. */
static int tear_down_cable(void **state)
{
	if (no_namespaces && !*state)
		return 0;
	must_run_in(-1, "ip link del near");
	return tear_down(state);
}

/* What the daemon's side of the cable drops; "" is nothing. */
static void drop(const struct fixture *fixture, const char *incoming, const char *outgoing)
{
	char command[512];
	snprintf(command, sizeof command,
	         "nft -f - <<'END'\n"
	         "table inet cable\n"
	         "delete table inet cable\n"
	         "table inet cable {\n"
	         "  chain in { type filter hook input priority 0; %s%s; }\n"
	         "  chain out { type filter hook output priority 0; %s%s; }\n"
	         "}\n"
	         "END\n",
	         *incoming ? "iifname \"far\" " : "", incoming, *outgoing ? "oifname \"far\" " : "",
	         outgoing);
	must_run_in(fixture->there, command);
}

static void skip_without_cable(void)
{
	if (!no_namespaces && run_in(-1, "nft list tables >/dev/null 2>&1") != 0)
		no_namespaces = "there is no nft(8) that works (Debian package nftables)";
	if (!no_namespaces)
		return;
	print_message("skipped: %s\n", no_namespaces);
	skip();
}

/* So slow that there is a middle. */
#define SLOWLY "limit rate over 500 kbytes/second drop"

static void part_in_the_middle_of_a_batch(struct fixture *fixture, const char *incoming, const char *outgoing)
{
	drop(fixture, SLOWLY, "");
	pid_t pushing = start_the_batch(fixture, "1.5", 3);
	for (int tries = 0; status_line(fixture, "observations") == 0; tries++) {
		assert_true(tries < 400); /* the daemon minds more than 1,200 handshakes in a minute */
		nap_ms(20);
	}
	drop(fixture, incoming, outgoing);
	must_end(pushing);
	expect_part_of_the_batch(fixture);
	drop(fixture, "", "");
	drain(fixture, &senders[1], 3, "20");
	expect_the_batch_once(fixture);
}

static void a_partition_in_the_middle_of_a_batch_loses_nothing(void **state)
{
	skip_without_cable();
	part_in_the_middle_of_a_batch(*state, "drop", "drop");
}

static void a_partition_of_what_is_sent_loses_nothing(void **state)
{
	skip_without_cable();
	part_in_the_middle_of_a_batch(*state, "drop", "");
}

/* The daemon stores, and its acks do not arrive: all of it is sent again. */
static void a_partition_of_what_is_answered_doubles_nothing(void **state)
{
	skip_without_cable();
	part_in_the_middle_of_a_batch(*state, "", "drop");
}

static void lost_packets_lose_nothing(void **state)
{
	skip_without_cable();
	struct fixture *fixture = *state;
	drop(fixture, "numgen random mod 100 < 10 drop", "numgen random mod 100 < 10 drop");
	pid_t pushing[SENDERS];
	for (size_t i = 0; i < SENDERS; i++)
		pushing[i] = start_pushing(fixture, &senders[i], "0.5");
	for (size_t i = 0; i < SENDERS; i++)
		must_end(pushing[i]);
	drop(fixture, "", "");
	for (size_t i = 0; i < SENDERS; i++)
		drain(fixture, &senders[i], 3, "10");
	expect_all_pushes(fixture);
}

int main(void)
{
#define PROXY(name)   cmocka_unit_test_setup_teardown(name, set_up_proxy, tear_down)
#define SHUFFLE(name) cmocka_unit_test_setup_teardown(name, set_up_shuffle, tear_down)
#define CABLE(name)   cmocka_unit_test_setup_teardown(name, set_up_cable, tear_down_cable)
	const struct CMUnitTest tests[] = {
	    PROXY(late_cut_up_and_reset_connections_lose_nothing),
	    PROXY(a_batch_that_is_reset_in_the_middle_goes_on),
	    SHUFFLE(lost_doubled_and_overtaking_messages_change_nothing),
	    SHUFFLE(a_batch_of_doubled_and_overtaking_messages_counts_once),
	    CABLE(a_partition_in_the_middle_of_a_batch_loses_nothing),
	    CABLE(a_partition_of_what_is_sent_loses_nothing),
	    CABLE(a_partition_of_what_is_answered_doubles_nothing),
	    CABLE(lost_packets_lose_nothing),
	};
	no_namespaces = leave_the_network();
	return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
