/* The clients as they are typed, before a daemon that speaks CURVE and turns them away, or lets them in and says
 * nothing: what they say, how they end, and that nothing leaves before it may. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/endpoint.h"
#include "proto/keys.h"
#include "proto/suanpan.pb-c.h"
#include "tests/lib/daemon.h"
#include "tests/lib/gate.h"
#include "tests/lib/scratch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zmq.h>

#define PATIENCE_MS 60000

struct fixture {
	struct daemon daemon; /* its endpoints only; it is played here */
	void *context, *intake, *query, *live;
	struct gate gate;
	struct gate_pair server;
	char key_file[256], own[KEYS_TEXT_SIZE];
	char options[512]; /* --key and --server-key */
};

static void *must_open(struct fixture *fixture, enum endpoint_kind kind, const char *url, const char *secret)
{
	const struct endpoint_keys keys = {.own_secret = secret};
	const char *error = "";
	void *socket = NULL;

	if (endpoint_open(fixture->context, kind, url, &keys, &socket, &error))
		fail_msg("%s: %s", url, error);
	return socket;
}

/* A context of its own each time: a closed socket unlinks its file some time later. */
static void open_daemon(struct fixture *fixture)
{
	assert_int_equal(endpoint_context_new(&fixture->context), 0);
	gate_open(&fixture->gate, fixture->context);
	fixture->intake =
	    must_open(fixture, ENDPOINT_INTAKE_SERVER, fixture->daemon.intake, fixture->server.secret);
	fixture->query =
	    must_open(fixture, ENDPOINT_QUERY_SERVER, fixture->daemon.query, fixture->server.secret);
	fixture->live =
	    must_open(fixture, ENDPOINT_LIVE_SERVER, fixture->daemon.live, fixture->server.secret);
}

static void close_daemon(struct fixture *fixture)
{
	endpoint_close(fixture->intake);
	endpoint_close(fixture->query);
	endpoint_close(fixture->live);
	gate_close(&fixture->gate);
	endpoint_context_free(fixture->context);
}

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct keys_reason reason;
	struct key_pair pair;
	char *folder = scratch_new();

	fixture->daemon = (struct daemon){.folder = folder};
	assert_true(asprintf(&fixture->daemon.intake, "ipc://%s/i", folder) > 0);
	assert_true(asprintf(&fixture->daemon.query, "ipc://%s/q", folder) > 0);
	assert_true(asprintf(&fixture->daemon.live, "ipc://%s/l", folder) > 0);
	fixture->server = gate_new_pair();
	snprintf(fixture->key_file, sizeof fixture->key_file, "%s/liwan.key", folder);
	assert_int_equal(keys_make(&pair), 0);
	if (keys_write(fixture->key_file, &pair, NULL, &reason))
		fail_msg("%s", reason.text);
	strcpy(fixture->own, pair.public);
	snprintf(fixture->options, sizeof fixture->options, "--key %s --server-key '%s'", fixture->key_file,
	         fixture->server.public);
	open_daemon(fixture);
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;

	close_daemon(fixture);
	daemon_done(&fixture->daemon);
	free(fixture);
	return 0;
}

static void print_into(char *ret_text, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
static void print_into(char *ret_text, size_t size, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(ret_text, size, format, list);
	va_end(list);
}

/* `words` with the options after them. */
static struct run run_with_keys(struct fixture *fixture, const char *words)
{
	char line[1024];

	print_into(line, sizeof line, "%s %s", words, fixture->options);
	return daemon_run(&fixture->daemon, "liwan", line);
}

static void must_say(struct run run, int status, const char *err)
{
	if (run.status != status || !strstr(run.err, err))
		fail_msg("expected exit %d and '%s', not exit %d and '%s'", status, err, run.status, run.err);
	run_free(&run);
}

static void put_csv(struct fixture *fixture, char ret_path[256])
{
	static const char CSV[] = "statistic,area,period,value\nresidents,440103,2020,5\n";

	print_into(ret_path, 256, "%s/residents.csv", fixture->daemon.folder);
	scratch_write(ret_path, CSV, sizeof CSV - 1);
}

static void no_message_must_have_come(const struct fixture *fixture)
{
	zmq_pollitem_t items[] = {
	    {.socket = fixture->intake, .events = ZMQ_POLLIN},
	    {.socket = fixture->query, .events = ZMQ_POLLIN},
	    {.socket = fixture->live, .events = ZMQ_POLLIN},
	};

	assert_int_equal(zmq_poll(items, 3, 0), 0);
}

/* ---- turned away */

/* Nobody waits for the timeout: only a person can help. */
static void who_is_not_enrolled_is_told_so(void **state)
{
	struct fixture *fixture = *state;
	static const char *const COMMANDS[] = {"suanpan status --timeout 3600",
	                                       "suanpan watch --timeout 3600"};

	for (size_t i = 0; i < 2; i++) {
		char expected[512];

		print_into(expected, sizeof expected,
		           "suanpan: the daemon at %s does not know the key %s (public key %s); ask its "
		           "operator to enrol it\n",
		           i ? fixture->daemon.live : fixture->daemon.query, fixture->key_file, fixture->own);
		must_say(run_with_keys(fixture, COMMANDS[i]), 1, expected);
		assert_int_equal(gate_count_turned_away(&fixture->gate), i + 1);
	}
	no_message_must_have_come(fixture);
}

/* Once for the codes to check the file against, once for the report, which stays spooled. */
static void a_report_of_one_who_is_not_enrolled_stays_spooled(void **state)
{
	struct fixture *fixture = *state;
	char csv[256], line[512], expected[1024];

	put_csv(fixture, csv);
	print_into(line, sizeof line, "suanpan-report push %s --reporter liwan --timeout 3600", csv);
	print_into(
	    expected, sizeof expected,
	    "suanpan-report: the daemon at %s does not know the key %s (public key %s); ask its operator "
	    "to enrol it\n1 report is spooled and will be sent by the next push or drain\n",
	    fixture->daemon.intake, fixture->key_file, fixture->own);
	must_say(run_with_keys(fixture, line), 1, expected);
	must_say(run_with_keys(fixture, "suanpan-report drain --timeout 3600"), 1, expected);
	assert_int_equal(gate_count_turned_away(&fixture->gate), 3);
	no_message_must_have_come(fixture);
}

static void a_daemon_with_another_key_is_not_trusted(void **state)
{
	struct fixture *fixture = *state;
	const struct gate_pair other = gate_new_pair();
	char line[512], expected[512];

	gate_admit(&fixture->gate, fixture->own);
	print_into(line, sizeof line, "suanpan status --timeout 0.5 --key %s --server-key '%s'",
	           fixture->key_file, other.public);
	print_into(expected, sizeof expected,
	           "suanpan: the daemon at %s breaks the handshake off: %s is not its public key",
	           fixture->daemon.query, other.public);
	must_say(daemon_run(&fixture->daemon, "liwan", line), 3, expected);
	no_message_must_have_come(fixture);
}

/* For sure (1) where the client reads the greeting before the daemon hangs up, else as what may be (3). */
static void who_has_no_key_is_told_that_one_is_needed(void **state)
{
	struct fixture *fixture = *state;
	struct run run = daemon_run(&fixture->daemon, "liwan", "suanpan status --timeout 2");

	must_say(run, run.status == 1 ? 1 : 3, "only to those with a key");
	no_message_must_have_come(fixture);
}

/* ---- let in */

static void must_hear_from(struct fixture *fixture, void *socket)
{
	zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
	zmq_msg_t frame;

	assert_int_equal(zmq_poll(&item, 1, PATIENCE_MS), 1);
	zmq_msg_init(&frame);
	assert_true(zmq_msg_recv(&frame, socket, 0) > 0);
	assert_true(zmq_msg_more(&frame));
	assert_true(zmq_msg_recv(&frame, socket, 0) > 0);
	assert_string_equal(zmq_msg_gets(&frame, "User-Id"), fixture->own);
	zmq_msg_close(&frame);
}

static void who_is_enrolled_is_heard_under_the_key(void **state)
{
	struct fixture *fixture = *state;
	char csv[256], line[512];

	gate_admit(&fixture->gate, fixture->own);
	must_say(run_with_keys(fixture, "suanpan status --timeout 3"), 3, "nobody answers at ");
	must_hear_from(fixture, fixture->query);
	put_csv(fixture, csv);
	print_into(line, sizeof line, "suanpan-report push %s --reporter liwan --timeout 3", csv);
	must_say(run_with_keys(fixture, line), 3, "nobody answers at ");
	must_hear_from(fixture, fixture->query);
	must_hear_from(fixture, fixture->intake);
}

/* From the environment, and with the daemon's next key beside the one in use. */
static void keys_may_come_from_the_environment_and_a_file(void **state)
{
	struct fixture *fixture = *state;
	const struct gate_pair next = gate_new_pair();
	char path[256], text[256];

	gate_admit(&fixture->gate, fixture->own);
	print_into(path, sizeof path, "%s/server.pub", fixture->daemon.folder);
	print_into(text, sizeof text, "public: %s\npublic: %s\n", next.public, fixture->server.public);
	scratch_write(path, text, strlen(text));
	assert_int_equal(chmod(path, 0644), 0);
	setenv("SUANPAN_KEY", fixture->key_file, 1);
	setenv("SUANPAN_SERVER_KEY", path, 1);
	struct run run = daemon_run(&fixture->daemon, "liwan", "suanpan status --timeout 1");
	unsetenv("SUANPAN_KEY");
	unsetenv("SUANPAN_SERVER_KEY");
	must_say(run, 3, "nobody answers at ");
	must_hear_from(fixture, fixture->query);
}

/* ---- watching */

/* Its rows come through the pipe as they are printed; what it says beside goes to a file. */
static FILE *start_watch(struct fixture *fixture)
{
	const char *build = getenv("SUANPAN_BUILD");
	char line[2048];

	print_into(line, sizeof line,
	           "exec %s/suanpan watch --count 2 --format csv --query %s --live %s %s 2>%s/err",
	           build ? build : "build/release", fixture->daemon.query, fixture->daemon.live,
	           fixture->options, fixture->daemon.folder);
	FILE *stream = popen(line, "r");
	assert_non_null(stream);
	return stream;
}

static void must_print(FILE *stream, const char *start)
{
	char line[512] = "";

	if (!fgets(line, sizeof line, stream) || strncmp(line, start, strlen(start)) != 0)
		fail_msg("expected '%s...', not '%s'", start, line);
}

static char *read_err(const struct fixture *fixture)
{
	char path[256], *text = calloc(1, 8192);

	print_into(path, sizeof path, "%s/err", fixture->daemon.folder);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, 8191, file) < 8191);
	fclose(file);
	return text;
}

static void wait_for(void *socket)
{
	zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};

	assert_int_equal(zmq_poll(&item, 1, PATIENCE_MS), 1);
}

/* Grants what is subscribed to, as the daemon does. */
static void grant(struct fixture *fixture)
{
	Suanpan__Update update = SUANPAN__UPDATE__INIT;
	uint8_t bytes[64];
	char frame[64];

	update.major = 1;
	update.epoch = 1;
	wait_for(fixture->live);
	assert_int_equal(zmq_recv(fixture->live, frame, sizeof frame, 0), 6);
	assert_memory_equal(frame, "\1code.", 6);
	assert_int_equal(zmq_setsockopt(fixture->live, ZMQ_SUBSCRIBE, "code.", 5), 0);
	assert_int_equal(zmq_send(fixture->live, "code.", 5, ZMQ_SNDMORE), 5);
	assert_true(zmq_send(fixture->live, bytes, suanpan__update__pack(&update, bytes), 0) > 0);
}

static void publish(struct fixture *fixture, uint64_t sequence)
{
	Suanpan__Update update = SUANPAN__UPDATE__INIT;
	Suanpan__Value value = SUANPAN__VALUE__INIT;
	char code[] = "residents", area[] = "440100", period[] = "2020", number[] = "5";
	uint8_t bytes[256];

	value.code = code;
	value.area = area;
	value.period = period;
	value.value = number;
	update.major = 1;
	update.epoch = 1;
	update.sequence = sequence;
	update.value = &value;
	assert_int_equal(zmq_send(fixture->live, "code.residents.440100", 21, ZMQ_SNDMORE), 21);
	assert_true(zmq_send(fixture->live, bytes, suanpan__update__pack(&update, bytes), 0) > 0);
}

/* Connected again, a watch asks what changed, and first which areas there are. There are none. */
static void answer_with_no_areas(struct fixture *fixture)
{
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	zmq_msg_t peer, frame;
	uint8_t bytes[64];

	wait_for(fixture->query);
	zmq_msg_init(&peer);
	zmq_msg_init(&frame);
	assert_true(zmq_msg_recv(&peer, fixture->query, 0) > 0);
	assert_true(zmq_msg_recv(&frame, fixture->query, 0) > 0);
	Suanpan__Query *query = suanpan__query__unpack(NULL, zmq_msg_size(&frame), zmq_msg_data(&frame));
	assert_true(query && query->list);
	answer.major = 1;
	answer.number = query->number;
	answer.last = true;
	suanpan__query__free_unpacked(query, NULL);
	zmq_msg_close(&frame);
	assert_true(zmq_msg_send(&peer, fixture->query, ZMQ_SNDMORE) > 0);
	assert_true(zmq_send(fixture->query, bytes, suanpan__answer__pack(&answer, bytes), 0) > 0);
}

static void wait_until_turned_away(struct fixture *fixture, int times)
{
	for (int i = 0; gate_count_turned_away(&fixture->gate) < times; i++) {
		assert_true(i < PATIENCE_MS / 50);
		zmq_poll(NULL, 0, 50);
	}
}

/* Struck out and enrolled again under a watch that goes on: said once, and everything is subscribed to again. */
static void a_watch_outlives_the_loss_of_its_key(void **state)
{
	struct fixture *fixture = *state;
	char expected[512];

	gate_admit(&fixture->gate, fixture->own);
	FILE *stream = start_watch(fixture);
	grant(fixture);
	publish(fixture, 1);
	must_print(stream, "code,");
	must_print(stream, "residents,");
	close_daemon(fixture);
	open_daemon(fixture);
	wait_until_turned_away(fixture, 2);
	gate_admit(&fixture->gate, fixture->own);
	grant(fixture);
	answer_with_no_areas(fixture);
	publish(fixture, 2);
	must_print(stream, "residents,");
	assert_int_equal(pclose(stream), 0);
	char *err = read_err(fixture);
	print_into(expected, sizeof expected,
	           "suanpan: the connection to %s is lost; waiting for it\n"
	           "suanpan: the daemon at %s does not know the key %s (public key %s); ask its operator to "
	           "enrol it; "
	           "trying again until then\n"
	           "suanpan: connected to %s again; asking for what changed\n",
	           fixture->daemon.live, fixture->daemon.live, fixture->key_file, fixture->own,
	           fixture->daemon.live);
	assert_string_equal(err, expected);
	free(err);
}

/* ---- usage */

static void must_refuse(struct fixture *fixture, const char *words, const char *err)
{
	struct run run = daemon_run(&fixture->daemon, "liwan", words);

	if (run.status != 2 || !strstr(run.err, err))
		fail_msg("%s: expected exit 2 and '%s', not exit %d and '%s'", words, err, run.status,
		         run.err);
	run_free(&run);
}

static void wrong_keys_are_a_usage_error_before_anything_is_sent(void **state)
{
	struct fixture *fixture = *state;
	static const char *const PROGRAMS[] = {"suanpan status", "suanpan watch", "suanpan-report drain",
	                                       "suanpan-report push /dev/null --reporter liwan"};

	for (size_t i = 0; i < sizeof PROGRAMS / sizeof PROGRAMS[0]; i++) {
		char line[512];

		print_into(line, sizeof line, "%s --key %s", PROGRAMS[i], fixture->key_file);
		must_refuse(fixture, line, ": --key without --server-key: ");
		print_into(line, sizeof line, "%s --server-key '%s'", PROGRAMS[i], fixture->server.public);
		must_refuse(fixture, line, ": --server-key without --key: ");
		print_into(line, sizeof line, "%s --key %s --server-key nowhere.pub", PROGRAMS[i],
		           fixture->key_file);
		must_refuse(fixture, line, ": nowhere.pub: No such file or directory\n");
		print_into(line, sizeof line, "%s --key nowhere.key --server-key '%s'", PROGRAMS[i],
		           fixture->server.public);
		must_refuse(fixture, line, ": nowhere.key: No such file or directory\n");
		print_into(line, sizeof line, "%s --query tcp://192.0.2.1:5812", PROGRAMS[i]);
		must_refuse(fixture, line,
		            ": 'tcp://192.0.2.1:5812' is not on this machine, and without keys ");
	}
	must_refuse(fixture, "suanpan watch --live tcp://192.0.2.1:5813",
	            "'tcp://192.0.2.1:5813' is not on this ");
	must_refuse(fixture, "suanpan-report drain --intake tcp://192.0.2.1:5811",
	            "'tcp://192.0.2.1:5811' is not on this ");
	assert_int_equal(chmod(fixture->key_file, 0644), 0);
	char line[1024];
	print_into(line, sizeof line, "suanpan status %s", fixture->options);
	must_refuse(fixture, line, "its mode is 0644, so others may use the key");
	assert_int_equal(gate_count_let_in(&fixture->gate) + gate_count_turned_away(&fixture->gate), 0);
}

#define FLOW_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(who_is_not_enrolled_is_told_so),
	    FLOW_TEST(a_report_of_one_who_is_not_enrolled_stays_spooled),
	    FLOW_TEST(a_daemon_with_another_key_is_not_trusted),
	    FLOW_TEST(who_has_no_key_is_told_that_one_is_needed),
	    FLOW_TEST(who_is_enrolled_is_heard_under_the_key),
	    FLOW_TEST(keys_may_come_from_the_environment_and_a_file),
	    FLOW_TEST(a_watch_outlives_the_loss_of_its_key),
	    FLOW_TEST(wrong_keys_are_a_usage_error_before_anything_is_sent),
	};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
