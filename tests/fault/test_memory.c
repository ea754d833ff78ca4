/* The whole daemon without memory. Whatever allocation of its own fails, it goes on; libzmq's it does not survive, and loses nothing
 * by it. */

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
#include "tests/lib/script.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define OURS       "suanpand,liblmdb,libprotobuf-c,libcyaml,libyaml"
#define THEIRS     "libzmq,libstdc++"
#define SILENCE_MS 150

struct fixture {
	struct daemon daemon;
	struct injected injected;
	struct peer reporter, reader;
	void *live;
	uint64_t sequence, update; /* the last ones */
	unsigned lost;             /* updates */
	int acts;
	long heard; /* bytes of the daemon's log */
};

static void write_catalogue(const char *folder, const char *name, bool more)
{
	static const char indicator[] = "  - {code: twice, names: {en: B, zh_hans: B, zh_hant: B}, unit: "
	                                "{en: b, zh_hans: b, zh_hant: b},\n"
	                                "     decimals: 1, formula: 2 * beds, frequency: M}\n";
	char *path = scratch_path(folder, name), *indicators = scratch_path(path, "indicators.yaml");
	assert_int_equal(mkdir(path, 0700), 0);
	catalogue_free(little_city_load(path));
	FILE *file = fopen(indicators, "a");
	assert_non_null(file);
	assert_true(!more || fputs(indicator, file) >= 0);
	assert_int_equal(fclose(file), 0);
	free(indicators);
	free(path);
}

static void link_catalogue(const struct fixture *fixture, int which)
{
	unlink(fixture->daemon.catalogue);
	assert_int_equal(symlink(which ? "second" : "first", fixture->daemon.catalogue), 0);
}

static void subscribe(struct fixture *fixture)
{
	const char *error;
	zmq_pollitem_t item = {.events = ZMQ_POLLIN};
	assert_int_equal(endpoint_open(fixture->reader.context, ENDPOINT_LIVE_CLIENT, fixture->daemon.live,
	                               NULL, &fixture->live, &error),
	                 0);
	assert_int_equal(zmq_setsockopt(fixture->live, ZMQ_SUBSCRIBE, "code.beds.", 10), 0);
	item.socket = fixture->live;
	assert_int_equal(zmq_poll(&item, 1, 20000), 1);
}

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	char *folder = scratch_new(), *catalogue = scratch_path(folder, "catalogue");
	write_catalogue(folder, "first", false);
	write_catalogue(folder, "second", true);
	daemon_prepare(&fixture->daemon, folder, catalogue);
	link_catalogue(fixture, 0);
	injected_init(&fixture->injected, folder, NULL, OURS);
	fixture->daemon.daemon_environment = fixture->injected.environment;
	daemon_restart(&fixture->daemon);
	peer_open(&fixture->reporter, fixture->daemon.intake);
	peer_open(&fixture->reader, fixture->daemon.query);
	subscribe(fixture);
	free(catalogue);
	*state = fixture;
	return 0;
}

/* The end of it. */
static void print_log(const struct fixture *fixture)
{
	char *log = daemon_log(&fixture->daemon);
	size_t size = strlen(log);
	print_message("... %s", size > 900 ? log + size - 900 : log);
	free(log);
}

static int stop(void **state)
{
	struct fixture *fixture = *state;
	endpoint_close(fixture->live);
	peer_close(&fixture->reporter);
	peer_close(&fixture->reader);
	int status = daemon_stop(&fixture->daemon);
	if (status != 0) {
		print_message("status %d\n", status);
		print_log(fixture);
	}
	injected_done(&fixture->injected);
	daemon_done(&fixture->daemon);
	free(fixture);
	return status;
}

static void arm(struct fixture *fixture, int64_t at)
{
	injected_arm(&fixture->injected,
	             (struct inject_fault){.calls = INJECT_MEMORY, .at = at, .error = ENOMEM});
}

/* ---- reports and what is published of them ---- */

static bool is_acked(const Suanpan__Ack *ack, uint64_t sequence)
{
	if (!ack || !ack->has_sequence || ack->sequence != sequence)
		return false; /* an earlier one that was sent twice */
	assert_true(ack->outcome == SUANPAN__OUTCOME__OUTCOME_ACCEPTED ||
	            ack->outcome == SUANPAN__OUTCOME__OUTCOME_OVERLOADED);
	return ack->outcome == SUANPAN__OUTCOME__OUTCOME_ACCEPTED;
}

static void report(struct fixture *fixture)
{
	struct peer_report next = {"north_office",      "beds", "north", "2024-06", 0, 0, 7,
	                           ++fixture->sequence, 0};
	bool acked = false;
	void *bytes;
	size_t size;
	next.value = (int64_t)next.sequence;
	peer_pack(&next, &bytes, &size);
	for (int tries = 0; !acked; tries++) {
		Suanpan__Ack *ack;
		assert_true(tries < 100);
		peer_send(&fixture->reporter, bytes, size);
		while (!acked && (ack = peer_receive_ack(&fixture->reporter, SILENCE_MS)) != NULL) {
			bool again = ack->outcome == SUANPAN__OUTCOME__OUTCOME_OVERLOADED;
			acked = is_acked(ack, next.sequence);
			suanpan__ack__free_unpacked(ack, NULL);
			if (again)
				break;
		}
	}
	free(bytes);
}

static void hear_updates(struct fixture *fixture)
{
	zmq_msg_t topic, body;
	zmq_pollitem_t item = {.socket = fixture->live, .events = ZMQ_POLLIN};
	while (zmq_poll(&item, 1, 0) == 1) {
		zmq_msg_init(&topic);
		zmq_msg_init(&body);
		assert_true(zmq_msg_recv(&topic, fixture->live, 0) >= 0);
		assert_true(zmq_msg_more(&topic));
		assert_true(zmq_msg_recv(&body, fixture->live, 0) >= 0);
		assert_false(zmq_msg_more(&body));
		Suanpan__Update *update =
		    suanpan__update__unpack(NULL, zmq_msg_size(&body), zmq_msg_data(&body));
		assert_non_null(update);
		/* One is missing only if the count says so. */
		if (update->value) {
			assert_true(update->sequence > fixture->update);
			fixture->lost += (unsigned)(update->sequence - fixture->update - 1);
			fixture->update = update->sequence;
		}
		suanpan__update__free_unpacked(update, NULL);
		zmq_msg_close(&topic);
		zmq_msg_close(&body);
	}
}

/* ---- queries ---- */

/* The last answer of one query; NULL when nothing more comes. */
static Suanpan__Answer *last_answer(struct fixture *fixture)
{
	Suanpan__Answer *answer;
	while ((answer = peer_receive_answer(&fixture->reader, SILENCE_MS)) != NULL && !answer->last)
		suanpan__answer__free_unpacked(answer, NULL);
	return answer;
}

static void ask(struct fixture *fixture)
{
	static uint64_t number;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__SeriesQuery series = SUANPAN__SERIES_QUERY__INIT;
	uint8_t bytes[64];
	char code[] = "beds_per_1000";
	bool answered = false;
	query.major = 1;
	series.code = code;
	query.series = &series;
	for (int tries = 0; !answered; tries++) {
		assert_true(tries < 100);
		query.number = ++number;
		peer_send(&fixture->reader, bytes, suanpan__query__pack(&query, bytes));
		Suanpan__Answer *answer;
		while (!answered && (answer = last_answer(fixture)) != NULL) {
			bool failed = answer->failure != NULL;
			answered = answer->number == number && !failed;
			suanpan__answer__free_unpacked(answer, NULL);
			if (failed)
				break;
		}
	}
}

/* ---- acts ---- */

/* Closes the period 2020 and opens it again, by turns. One whose answer was lost is done already, and says so. */
static void act(struct fixture *fixture)
{
	static uint64_t number = UINT64_C(1) << 32;
	static bool closed;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__Act message = SUANPAN__ACT__INIT;
	char actor[] = "office", why[] = "a test", period[] = "2020";
	uint8_t bytes[128];
	bool done = false;
	query.major = 1;
	query.act = &message;
	message.kind = closed ? SUANPAN__ACT_KIND__ACT_REOPEN : SUANPAN__ACT_KIND__ACT_CLOSE;
	message.actor = actor;
	message.why = why;
	message.period = period;
	for (int tries = 0; !done; tries++) {
		assert_true(tries < 100);
		query.number = ++number;
		peer_send(&fixture->reader, bytes, suanpan__query__pack(&query, bytes));
		Suanpan__Answer *answer;
		while (!done && (answer = last_answer(fixture)) != NULL) {
			const bool failed = answer->failure != NULL;
			done = answer->number == number && answer->done;
			suanpan__answer__free_unpacked(answer, NULL);
			if (failed)
				break;
		}
	}
	closed = !closed;
	fixture->acts++;
}

static void no_allocation_of_ours_ends_the_daemon(void **state)
{
	struct fixture *fixture = *state;
	int64_t at = 0;
	report(fixture);
	ask(fixture);
	do {
		arm(fixture, ++at);
		report(fixture);
		ask(fixture);
		act(fixture);
		hear_updates(fixture);
	} while (injected_failed(&fixture->injected) > 0);
	print_message("%d allocations failed, one after the other; %u updates lost\n", (int)at - 1,
	              fixture->lost);
	injected_disarm(&fixture->injected);
	assert_true(at > 20);
	/* Each report and each act counted once. */
	char *out = daemon_say(&fixture->daemon, "suanpan status --format csv"), *line;
	assert_true(asprintf(&line, "\nentries,%d\n", 1 + (int)fixture->sequence + fixture->acts) > 0);
	assert_non_null(strstr(out, line));
	free(line);
	free(out);
}

/* ---- reloading ---- */

/* Whether the other catalogue came into force. The log is read once, as it grows: there are thousands of these. */
static bool reload(struct fixture *fixture)
{
	free(daemon_log_since(&fixture->daemon, &fixture->heard));
	assert_int_equal(kill(fixture->daemon.pid, SIGHUP), 0);
	for (int i = 0; i < 20000; i++) {
		char *news = daemon_log_since(&fixture->daemon, &fixture->heard);
		bool adopted = strstr(news, "event=catalogue-adopted") != NULL,
		     kept = strstr(news, "event=catalogue-kept") != NULL;
		free(news);
		if (adopted || kept)
			return adopted;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	print_log(fixture);
	fail();
	return false;
}

static void a_reload_without_memory_keeps_the_catalogue(void **state)
{
	struct fixture *fixture = *state;
	unsigned kept = 0;
	int64_t at = 0;
	int which = 1;
	report(fixture);
	do {
		link_catalogue(fixture, which);
		arm(fixture, ++at);
		if (reload(fixture))
			which = !which;
		else
			kept++;
	} while (injected_failed(&fixture->injected) > 0);
	print_message("%d allocations failed, one after the other; %u times the catalogue was kept\n",
	              (int)at - 1, kept);
	injected_disarm(&fixture->injected);
	assert_true(kept > 100);
	report(fixture);
	ask(fixture);
}

/* ---- libzmq ---- */

static void is_any(struct script_outcome outcome)
{
	assert_true(outcome.ended <= 1);
}

/* Under ASan operator new is the sanitizer's own, so that only what libzmq takes by malloc is left. */
#if defined(__SANITIZE_ADDRESS__)
#define ENDS_AT_LEAST 5
#else
#define ENDS_AT_LEAST 11
#endif

static void what_libzmq_does_not_survive_loses_nothing(void **state)
{
	struct script script;
	(void)state;
	script_init(&script);
	script.callers = THEIRS;
	script.may_abort = true;
	struct script_sums sums =
	    script_sweep(&script, "memory of libzmq",
	                 (struct inject_fault){.calls = INJECT_MEMORY, .error = ENOMEM}, is_any);
	assert_true(sums.ended >= ENDS_AT_LEAST);
	script_done(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(no_allocation_of_ours_ends_the_daemon, start, stop),
	    cmocka_unit_test_setup_teardown(a_reload_without_memory_keeps_the_catalogue, start, stop),
	    cmocka_unit_test(what_libzmq_does_not_survive_loses_nothing),
	};
	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
