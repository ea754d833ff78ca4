/* Who holds a key, and tries what it is not for: another's area, another's name, another's connection. And what a key holds
 * from the moment it is given until the moment it is taken out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/envelope.h"
#include "tests/lib/curve.h"
#include "tests/lib/raw.h"
#include "tests/lib/scratch.h"
#include "tests/lib/walled.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define WAIT_MS 20000

struct fixture {
	struct walled walled;
	struct peer liwan, yuexiu; /* at intake */
};

static int start_with(void **state, const char *more)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	walled_start(&fixture->walled, more);
	walled_open(&fixture->walled, LIWAN, fixture->walled.daemon.intake, &fixture->liwan);
	walled_open(&fixture->walled, YUEXIU, fixture->walled.daemon.intake, &fixture->yuexiu);
	*state = fixture;
	return 0;
}

static int start(void **state)
{
	return start_with(state, "");
}

static int start_strict(void **state)
{
	return start_with(state, "--set handshakes=12 --set connections_each=3");
}

static int stop(void **state)
{
	struct fixture *fixture = *state;
	peer_close(&fixture->liwan);
	peer_close(&fixture->yuexiu);
	walled_done(&fixture->walled);
	free(fixture);
	return 0;
}

/* What an attack must leave as it was. */
struct figures {
	uint64_t observations, revisions, values, changed;
};

static struct figures figures(struct walled *walled)
{
	return (struct figures){.observations = walled_status(walled, "observations"),
	                        .revisions = walled_status(walled, "revisions"),
	                        .values = walled_status(walled, "values"),
	                        .changed = walled_status(walled, "entries")};
}

static void must_answer(struct peer *peer, const struct peer_report *report, Suanpan__Outcome outcome,
                        const char *reason)
{
	Suanpan__Ack *ack = peer_report_one(peer, report);
	if (ack->outcome != outcome || !strstr(ack->reason ? ack->reason : "", reason))
		print_error("%d: %s\n", (int)ack->outcome, ack->reason ? ack->reason : "");
	assert_int_equal(ack->outcome, outcome);
	assert_non_null(strstr(ack->reason ? ack->reason : "", reason));
	assert_int_equal(ack->sequence, report->sequence);
	suanpan__ack__free_unpacked(ack, NULL);
}

/* ---- another's ---- */

static void a_report_for_anothers_area_is_refused_counted_and_logged(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	struct peer_report good = walled_report(LIWAN, 1, 900), bad = walled_report(YUEXIU, 1, 1);
	walled_must_accept(&fixture->liwan, &good);
	struct figures before = figures(walled);
	bad.area = good.area;
	Suanpan__Ack *ack = peer_report_one(&fixture->yuexiu, &bad);
	assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_REFUSED);
	assert_int_equal(ack->n_problem, 1);
	assert_int_equal(ack->problem[0]->reason, SUANPAN__REASON__REASON_AREA_OUT_OF_SCOPE);
	suanpan__ack__free_unpacked(ack, NULL);
	struct figures after = figures(walled);
	before.changed++; /* the journal holds that it was refused: the sequence is used up */
	assert_memory_equal(&before, &after, sizeof before);
	assert_int_equal(walled_status(walled, "refused"), 1);
	assert_int_equal(walled_status(walled, "reports_foreign"), 1);
	assert_true(walled_said(walled, "event=report-refused holder=yuexiu"));
	assert_false(walled_said(walled, walled->keys[YUEXIU].secret));
	bad = walled_report(YUEXIU, 2, 2); /* and goes on with its own */
	walled_must_accept(&fixture->yuexiu, &bad);
}

static void a_report_in_anothers_name_leaves_no_trace_but_in_the_log(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	struct peer_report report = walled_report(LIWAN, 1, 1);
	uint64_t commit = walled_status(walled, "commit");
	struct figures before = figures(walled);
	must_answer(&fixture->yuexiu, &report, SUANPAN__OUTCOME__OUTCOME_REFUSED,
	            "the report says it is from 'liwan', its key that it is from 'yuexiu'");
	struct figures after = figures(walled);
	assert_memory_equal(&before, &after, sizeof before);
	assert_int_equal(walled_status(walled, "commit"), commit);
	assert_int_equal(walled_status(walled, "reports_foreign"), 1);
	assert_true(walled_said(walled, "event=report-refused holder=yuexiu"));
	/* Liwan's own is what counts under this name, the first it ever sent. */
	report.value = 900;
	walled_must_accept(&fixture->liwan, &report);
}

static void without_a_name_a_report_is_its_keys(void **state)
{
	struct fixture *fixture = *state;
	struct peer_report report = walled_report(LIWAN, 1, 1);
	report.reporter = NULL;
	walled_must_accept(&fixture->liwan, &report);
	report.stream = 9;
	report.sequence = 1;
	Suanpan__Ack *ack = peer_report_one(&fixture->yuexiu, &report); /* of liwan's area */
	assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_REFUSED);
	assert_int_equal(ack->n_problem, 1);
	suanpan__ack__free_unpacked(ack, NULL);
}

/* The same stream and sequence under two keys are two reports: one reporter cannot use another's numbers up. */
static void anothers_stream_is_another_stream(void **state)
{
	struct fixture *fixture = *state;
	struct peer_report mine = walled_report(YUEXIU, 1, 1), theirs = walled_report(LIWAN, 1, 2);
	mine.stream = theirs.stream;
	walled_must_accept(&fixture->yuexiu, &mine);
	walled_must_accept(&fixture->liwan, &theirs);
	assert_int_equal(walled_status(&fixture->walled, "observations"), 2);
}

/* A property of the connection, which libzmq would hand on as User-Id if nobody answered for keys. */
static void the_name_that_a_peer_gives_itself_in_its_handshake_counts_for_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	struct endpoint_keys keys = walled_keys(walled, YUEXIU);
	struct curve curve;
	static unsigned char bytes[65536];
	struct peer_report report = walled_report(LIWAN, 1, 1);
	size_t size;
	void *packed;
	assert_true(curve_open(&curve, walled->daemon.intake, &keys, "DEALER", "User-Id",
	                       walled->keys[LIWAN].public));
	report.reporter = NULL;
	peer_pack(&report, &packed, &size);
	assert_true(curve_send(&curve, packed, size, false));
	free(packed);
	assert_true(curve_receive(&curve, WAIT_MS, bytes, sizeof bytes, &size));
	Suanpan__Ack *ack = suanpan__ack__unpack(NULL, size, bytes);
	assert_non_null(ack);
	assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_REFUSED);
	assert_int_equal(ack->n_problem, 1);
	assert_int_equal(ack->problem[0]->reason, SUANPAN__REASON__REASON_AREA_OUT_OF_SCOPE);
	suanpan__ack__free_unpacked(ack, NULL);
	curve_close(&curve);
	assert_int_equal(walled_status(walled, "observations"), 0);
	assert_true(walled_said(walled, "holder=yuexiu"));
	assert_false(walled_said(walled, "holder=liwan"));
}

static void what_was_heard_on_the_wire_cannot_be_said_again(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	struct endpoint_keys keys = walled_keys(walled, LIWAN);
	struct curve curve;
	static unsigned char bytes[65536];
	struct peer_report report = walled_report(LIWAN, 1, 1);
	size_t size;
	void *packed;
	assert_true(curve_open(&curve, walled->daemon.intake, &keys, "DEALER", NULL, NULL));
	peer_pack(&report, &packed, &size);
	assert_true(curve_send(&curve, packed, size, false));
	free(packed);
	assert_true(curve_receive(&curve, WAIT_MS, bytes, sizeof bytes, &size));
	curve_replay(&curve);
	/* Not even the answer of a repetition: libzmq ends the connection. */
	assert_false(curve_receive(&curve, WAIT_MS, bytes, sizeof bytes, &size));
	assert_true(raw_is_closed(curve.fd));
	curve_close(&curve);
	assert_int_equal(walled_status(walled, "observations"), 1);
}

/* ---- another's connection ---- */

static void *claim_route(const struct walled *walled, void *context, const void *id, size_t size)
{
	int zero = 0;
	struct endpoint_keys keys = walled_keys(walled, YUEXIU);
	void *socket = zmq_socket(context, ZMQ_DEALER);
	zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
	zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, size);
	zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys.server_public, KEYS_TEXT_SIZE);
	zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys.own_public, KEYS_TEXT_SIZE);
	zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys.own_secret, KEYS_TEXT_SIZE);
	assert_int_equal(zmq_connect(socket, walled->daemon.intake), 0);
	return socket;
}

static void a_route_that_somebody_has_cannot_be_claimed(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	void *context = zmq_ctx_new();
	struct peer first = {.socket = claim_route(walled, context, "liwan", 5)};
	struct peer_report report = walled_report(YUEXIU, 1, 1), own = walled_report(LIWAN, 1, 1);
	walled_must_accept(&first, &report);
	uint64_t handshakes = walled_status(walled, "handshakes");
	void *second = claim_route(walled, context, "liwan", 5);
	walled_await(walled, "handshakes", handshakes + 1);
	/* The answers of the first stay the first's. */
	for (report.sequence = 2; report.sequence < 20; report.sequence++)
		walled_must_accept(&first, &report);
	walled_must_accept(&fixture->liwan, &own);
	zmq_close(second);
	zmq_close(first.socket);
	zmq_ctx_term(context);
}

/* libzmq numbers those who claim none from rand(), which nobody had seeded: whoever claimed the next number aborted the daemon
 * at the next connection. */
static void the_numbers_that_libzmq_gives_cannot_be_guessed(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	void *context = zmq_ctx_new(), *sockets[40];
	static const uint32_t unseeded[] = {0x6b8b4567, 0xe43c9869};
	uint64_t handshakes = walled_status(walled, "handshakes");
	for (uint32_t i = 0; i < 40; i++) {
		uint32_t number = unseeded[i % 2] + i / 2;
		unsigned char id[5] = {0, (unsigned char)(number >> 24), (unsigned char)(number >> 16),
		                       (unsigned char)(number >> 8), (unsigned char)number};
		sockets[i] = claim_route(walled, context, id, sizeof id);
	}
	walled_await(walled, "handshakes", handshakes + 40);
	for (uint64_t i = 1; i <= 30; i++) {
		struct peer_report report = walled_report(LIWAN, i, 1);
		struct peer peer;
		walled_open(walled, LIWAN, walled->daemon.intake, &peer);
		walled_must_accept(&peer, &report);
		peer_close(&peer);
	}
	for (int i = 0; i < 40; i++)
		zmq_close(sockets[i]);
	zmq_ctx_term(context);
	assert_int_equal(kill(walled->daemon.pid, 0), 0);
}

/* ---- old, early and other reports ---- */

static void numbers_count_once_in_their_order_and_for_the_same_bytes(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	struct peer_report report = walled_report(LIWAN, 1, 5), later = walled_report(LIWAN, 3, 6);
	walled_must_accept(&fixture->liwan, &report);
	uint64_t commit = walled_status(walled, "commit");
	Suanpan__Ack *ack = peer_report_one(&fixture->liwan, &report);
	assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
	assert_true(ack->repeated_report);
	suanpan__ack__free_unpacked(ack, NULL);
	report.value = 7;
	must_answer(&fixture->liwan, &report, SUANPAN__OUTCOME__OUTCOME_CONFLICT,
	            "was used for another report");
	must_answer(&fixture->liwan, &later, SUANPAN__OUTCOME__OUTCOME_RESEND, "sequence 2 is expected");
	assert_int_equal(walled_status(walled, "commit"), commit);
}

/* ---- roles ---- */

static void a_readers_key_reports_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	for (int who = OFFICE; who <= OPERATOR; who++) {
		struct peer peer;
		struct peer_report report = walled_report(LIWAN, 1, 1);
		walled_open(walled, (enum walled_who)who, walled->daemon.intake, &peer);
		must_answer(&peer, &report, SUANPAN__OUTCOME__OUTCOME_FORBIDDEN,
		            "one to ask with, not to report with");
		report.reporter = NULL;
		must_answer(&peer, &report, SUANPAN__OUTCOME__OUTCOME_FORBIDDEN, "");
		peer_close(&peer);
	}
	assert_int_equal(walled_status(walled, "messages_forbidden"), 4);
	assert_int_equal(walled_status(walled, "entries"), 1);
	assert_true(walled_said(walled, "event=report-forbidden holder=planning_office"));
}

/* ---- a key from its beginning to its end ---- */

static void pack_series(uint64_t number, void **ret_bytes, size_t *ret_size)
{
	Suanpan__SeriesQuery series = SUANPAN__SERIES_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	char code[] = "hospital_beds", area[] = "440103";
	series.code = code;
	series.area = area;
	query.major = ENVELOPE_MAJOR;
	query.number = number;
	query.series = &series;
	assert_int_equal(envelope_pack(&query.base, ENVELOPE_REQUEST_MAX, ret_bytes, ret_size), 0);
}

static Suanpan__Answer *ask_series(struct peer *peer, uint64_t number)
{
	void *bytes;
	size_t size;
	pack_series(number, &bytes, &size);
	peer_send(peer, bytes, size);
	free(bytes);
	return peer_receive_answer(peer, 2000);
}

/* As below, of a question. */
static void must_not_be_answered(struct peer *peer)
{
	void *bytes;
	size_t size;
	pack_series(99, &bytes, &size);
	if (zmq_send(peer->socket, bytes, size, ZMQ_DONTWAIT) > 0) {
		Suanpan__Answer *answer = peer_receive_answer(peer, 1000);
		if (answer) {
			assert_non_null(answer->failure);
			assert_int_equal(answer->failure->kind, SUANPAN__FAILURE_KIND__FAILURE_FORBIDDEN);
			suanpan__answer__free_unpacked(answer, NULL);
		}
	}
	free(bytes);
}

static void *subscribe(const struct walled *walled, void *context, enum walled_who who, const char *topic)
{
	struct endpoint_keys keys = walled_keys(walled, who);
	const char *error;
	void *socket;
	assert_int_equal(
	    endpoint_open(context, ENDPOINT_LIVE_CLIENT, walled->daemon.live, &keys, &socket, &error), 0);
	assert_int_equal(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic, strlen(topic)), 0);
	return socket;
}

/* The commit of the next update; 0: it is the welcome. -1: none came in time. */
static int64_t next_update(void *socket, int timeout_ms)
{
	zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
	static char topic[256], bytes[65536];
	if (zmq_poll(&item, 1, timeout_ms) != 1)
		return -1;
	assert_true(zmq_recv(socket, topic, sizeof topic, 0) > 0);
	int size = zmq_recv(socket, bytes, sizeof bytes, 0);
	Suanpan__Update *update = suanpan__update__unpack(NULL, (size_t)size, (uint8_t *)bytes);
	assert_non_null(update);
	int64_t commit = update->value ? (int64_t)update->value->commit : 0;
	suanpan__update__free_unpacked(update, NULL);
	return commit;
}

/* Whether the connection was ended, or what is said on it is refused: either will do. */
static void must_be_shut_out(struct peer *peer, const struct peer_report *report)
{
	void *bytes;
	size_t size;
	peer_pack(report, &bytes, &size);
	if (zmq_send(peer->socket, bytes, size, ZMQ_DONTWAIT) > 0) {
		Suanpan__Ack *ack = peer_receive_ack(peer, 1000);
		if (ack)
			assert_int_equal(ack->outcome, SUANPAN__OUTCOME__OUTCOME_FORBIDDEN);
		if (ack)
			suanpan__ack__free_unpacked(ack, NULL);
	}
	free(bytes);
}

static void a_key_that_is_taken_out_is_refused_on_its_open_connections(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	struct peer_report report = walled_report(LIWAN, 1, 1), other = walled_report(YUEXIU, 1, 1);
	struct peer asking;
	void *context = zmq_ctx_new();
	walled_must_accept(&fixture->liwan, &report);
	walled_must_accept(&fixture->yuexiu, &other);
	walled_open(walled, LIWAN, walled->daemon.query, &asking);
	Suanpan__Answer *answer = ask_series(&asking, 1);
	assert_non_null(answer);
	assert_null(answer->failure);
	suanpan__answer__free_unpacked(answer, NULL);
	void *out = subscribe(walled, context, LIWAN, "code."),
	     *in = subscribe(walled, context, OFFICE, "code.");
	assert_int_equal(next_update(out, WAIT_MS), 0);
	assert_int_equal(next_update(in, WAIT_MS), 0);

	uint64_t values = walled_status(walled, "recomputed_in_all");
	walled->enrolled[LIWAN] = false;
	walled_reload(walled);
	assert_int_equal(walled_status(walled, "recomputed_in_all"), values); /* keys are no figures */
	assert_true(walled_status(walled, "connections_closed") >= 3);
	assert_true(walled_said(walled, "event=keys-taken-out connections=3"));

	report.sequence = 2;
	must_be_shut_out(&fixture->liwan, &report);
	must_not_be_answered(&asking);
	/* The others are not disturbed, and what was reported stays. */
	other.sequence = 2;
	other.value = 2;
	walled_must_accept(&fixture->yuexiu, &other);
	int64_t commit;
	while ((commit = next_update(in, WAIT_MS)) == 0)
		; /* everybody's welcome goes to all who asked for the same */
	assert_true(commit > 0);
	while ((commit = next_update(out, 300)) >= 0)
		assert_int_equal(commit, 0);
	assert_int_equal(walled_status(walled, "observations"), 2);
	zmq_close(out);
	zmq_close(in);
	peer_close(&asking);
	zmq_ctx_term(context);
}

/* However fast it is: nothing that was acked after the reload is liwan's. */
static void a_key_is_out_from_one_commit_on(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	struct peer_report report = walled_report(LIWAN, 1, 1);
	uint64_t newest = 0, acks = 0;
	for (uint64_t sequence = 1; sequence <= 200; sequence++) {
		void *bytes;
		size_t size;
		report.sequence = sequence;
		report.value = (int64_t)sequence;
		peer_pack(&report, &bytes, &size);
		int sent = zmq_send(fixture->liwan.socket, bytes, size, ZMQ_DONTWAIT);
		free(bytes);
		if (sent < 0)
			break;
		if (sequence == 20) {
			walled->enrolled[LIWAN] = false;
			walled_reload(walled);
		}
	}
	uint64_t catalogue = walled_status(walled, "commit"); /* no commit comes behind it */
	for (Suanpan__Ack *ack; (ack = peer_receive_ack(&fixture->liwan, 500)); acks++) {
		if (ack->outcome == SUANPAN__OUTCOME__OUTCOME_ACCEPTED && ack->commit > newest)
			newest = ack->commit;
		suanpan__ack__free_unpacked(ack, NULL);
	}
	walled_pause(200);
	assert_int_equal(walled_status(walled, "commit"), catalogue);
	assert_true(newest < catalogue);
}

static void two_keys_of_one_reporter_overlap_while_they_are_changed(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	struct peer_report report = walled_report(LIWAN, 1, 1);
	struct key_pair old = walled->keys[LIWAN], new;
	struct peer fresh;
	char both[2 * KEYS_TEXT_SIZE + 8];
	walled_must_accept(&fixture->liwan, &report);
	assert_int_equal(keys_make(&new), 0);
	snprintf(both, sizeof both, "%s\", \"%s", old.public, new.public);
	walled_reload_with(walled, LIWAN, both);
	report.sequence = 2;
	walled_must_accept(&fixture->liwan, &report);
	walled->keys[LIWAN] = new;
	walled_open(walled, LIWAN, walled->daemon.intake, &fresh);
	report.sequence = 3; /* the stream is the reporter's, not the key's */
	walled_must_accept(&fresh, &report);
	walled_reload(walled); /* the new one alone */
	report.sequence = 4;
	must_be_shut_out(&fixture->liwan, &report);
	walled_must_accept(&fresh, &report);
	peer_close(&fresh);
}

static void a_reload_with_other_figures_computes_them(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	struct peer_report report = walled_report(LIWAN, 1, 1);
	char *path;
	walled_must_accept(&fixture->liwan, &report);
	uint64_t values = walled_status(walled, "recomputed_in_all");
	assert_true(asprintf(&path, "%s/indicators.yaml", walled->daemon.catalogue) > 0);
	FILE *file = fopen(path, "a");
	fputs("# a remark\n", file);
	fclose(file);
	free(path);
	walled_reload(walled);
	assert_true(walled_status(walled, "recomputed_in_all") > values);
}

/* ---- the real clients ---- */

/* Runs a command with somebody's key, and a spool of its own. */
static struct run run_as(struct walled *walled, enum walled_who who, const char *words)
{
	char name[32], *path, *key, *server;
	struct keys_reason reason;
	snprintf(name, sizeof name, "holder-%d.key", (int)who);
	path = scratch_path(walled->daemon.folder, name);
	(void)!keys_write(path, &walled->keys[who], NULL, &reason); /* it may be there already */
	assert_true(asprintf(&key, "SUANPAN_KEY=%s", path) > 0);
	assert_true(asprintf(&server, "SUANPAN_SERVER_KEY=%s", walled->server.public) > 0);
	const char *const environment[] = {key, server, NULL};
	walled->daemon.command_environment = environment;
	struct run run = daemon_run(&walled->daemon, name, words);
	walled->daemon.command_environment = NULL;
	free(path);
	free(key);
	free(server);
	return run;
}

static void must_end(struct walled *walled, enum walled_who who, const char *words, int status,
                     const char *out, const char *err)
{
	struct run run = run_as(walled, who, words);
	if (run.status != status || !strstr(run.out, out) || !strstr(run.err, err))
		print_error("%s: %d\n%s%s", words, run.status, run.out, run.err);
	assert_int_equal(run.status, status);
	assert_non_null(strstr(run.out, out));
	assert_non_null(strstr(run.err, err));
	run_free(&run);
}

static void the_clients_do_what_their_keys_are_for(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	char *path = scratch_path(walled->daemon.folder, "push.csv"), *push;
	static const char csv[] = "statistic,area,period,value\nhospital_beds,440103,2020-12,900\n";
	static const char get[] =
	    "suanpan get hospital_beds --area liwan --from 2020-12 --format csv --timeout 10";
	scratch_write(path, csv, sizeof csv - 1);
	assert_true(asprintf(&push, "suanpan-report push --reporter liwan '%s'", path) > 0);
	must_end(walled, LIWAN, push, 0, "1 report, all accepted", "");
	must_end(walled, OFFICE, get, 0, "hospital_beds,440103,2020-12,900,beds,A,1,1,,2", "");
	must_end(walled, YUEXIU, get, 0, ",900,beds", ""); /* reporters may ask as well */
	must_end(walled, STRANGER, get, 1, "", "does not know the key");
	must_end(walled, OFFICE, push, 1, "", "one to ask with, not to report with");
	must_end(walled, LIWAN, "suanpan list reporters --format csv", 0, "liwan", "");
	/* Taken out by mistake: what is pushed meanwhile stays in the spool, and goes out when it is put right. */
	walled->enrolled[LIWAN] = false;
	walled_reload(walled);
	struct run run = run_as(walled, LIWAN, push);
	assert_int_not_equal(run.status, 0);
	run_free(&run);
	assert_int_equal(walled_status(walled, "observations"), 1);
	walled->enrolled[LIWAN] = true;
	walled_reload(walled);
	must_end(walled, LIWAN, "suanpan-report drain", 0, "", "");
	free(push);
	free(path);
}

/* Whoever he says he is: who did it is the key's holder. */
static void only_an_operator_closes_a_period_and_in_his_own_name(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	static const char close[] = "suanpan close 2020-12 --why 'in the yearbook'";
	must_end(walled, LIWAN, close, 1, "", "This key is not an operator's");
	must_end(walled, OFFICE, close, 1, "", "This key is not an operator's");
	must_end(walled, OFFICE, "suanpan reopen 2020-12 --why why", 1, "", "This key is not an operator's");
	must_end(walled, STRANGER, close, 1, "", "does not know the key");
	must_end(walled, OFFICE, "suanpan list closed", 0, "", "no period is closed");
	must_end(walled, OPERATOR, close, 0, "2020-12 is closed", "");
	must_end(walled, OFFICE, "suanpan list closed --format csv", 0,
	         "\n2020-12,in the yearbook,operations,", "");
	assert_int_equal(walled_status(walled, "acts"), 1);
}

static void a_list_of_reporters_says_how_many_keys_and_not_which(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	struct run run = run_as(walled, OPERATOR, "suanpan list reporters --format csv");
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.out, "last_report,name_en,name_zh_hans,name_zh_hant,keys\n"));
	const char *liwan = strstr(run.out, "\nliwan,"), *haizhu = strstr(run.out, "\nhaizhu,");
	assert_non_null(liwan);
	assert_non_null(haizhu);
	assert_memory_equal(strchr(liwan + 1, '\n') - 2, ",1", 2);
	assert_memory_equal(strchr(haizhu + 1, '\n') - 2, ",0", 2);
	assert_null(strstr(run.out, walled->keys[LIWAN].public));
	run_free(&run);
}

/* ---- how often, and how many ---- */

static void a_key_knocks_only_so_often_in_a_minute(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	struct peer_report report = walled_report(YUEXIU, 1, 1);
	struct peer peers[16];
	walled_must_accept(&fixture->yuexiu, &report);
	for (int i = 0; i < 16; i++)
		walled_open(walled, LIWAN, walled->daemon.intake, &peers[i]);
	walled_await(walled, "handshakes_limited", 4);
	assert_true(walled_said(walled, "event=handshake-limited address='127."));
	report.sequence = 2;
	walled_must_accept(&fixture->yuexiu, &report); /* who is in stays in */
	struct peer other;
	walled_open(walled, YUEXIU, walled->daemon.intake, &other);
	report.sequence = 3;
	walled_must_accept(&other, &report); /* and other keys knock as they like */
	peer_close(&other);
	for (int i = 0; i < 16; i++)
		peer_close(&peers[i]);
}

static void a_key_has_only_so_many_connections(void **state)
{
	struct fixture *fixture = *state;
	struct walled *walled = &fixture->walled;
	struct peer_report report = walled_report(LIWAN, 1, 1);
	struct peer peers[2];
	walled_must_accept(&fixture->liwan, &report);
	for (int i = 0; i < 2; i++) {
		walled_open(walled, LIWAN, walled->daemon.intake, &peers[i]);
		report.sequence++;
		walled_must_accept(&peers[i], &report);
	}
	struct peer beyond;
	void *bytes;
	size_t size;
	report.sequence++;
	walled_open(walled, LIWAN, walled->daemon.query, &beyond);
	Suanpan__Answer *answer = ask_series(&beyond, 1);
	if (answer) /* it may have been on its way before the connection was ended */
		suanpan__answer__free_unpacked(answer, NULL);
	walled_await(walled, "connections_closed", 1);
	assert_true(walled_said(walled, "reason='too many connections of one key'"));
	peer_pack(&report, &bytes, &size);
	free(bytes);
	walled_must_accept(&fixture->liwan, &report); /* the older ones stay */
	for (int i = 0; i < 2; i++)
		peer_close(&peers[i]);
	peer_close(&beyond);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
	    CASE(a_report_for_anothers_area_is_refused_counted_and_logged),
	    CASE(a_report_in_anothers_name_leaves_no_trace_but_in_the_log),
	    CASE(without_a_name_a_report_is_its_keys),
	    CASE(anothers_stream_is_another_stream),
	    CASE(the_name_that_a_peer_gives_itself_in_its_handshake_counts_for_nothing),
	    CASE(what_was_heard_on_the_wire_cannot_be_said_again),
	    CASE(a_route_that_somebody_has_cannot_be_claimed),
	    CASE(the_numbers_that_libzmq_gives_cannot_be_guessed),
	    CASE(numbers_count_once_in_their_order_and_for_the_same_bytes),
	    CASE(a_readers_key_reports_nothing),
	    CASE(a_key_that_is_taken_out_is_refused_on_its_open_connections),
	    CASE(a_key_is_out_from_one_commit_on),
	    CASE(two_keys_of_one_reporter_overlap_while_they_are_changed),
	    CASE(a_reload_with_other_figures_computes_them),
	    CASE(the_clients_do_what_their_keys_are_for),
	    CASE(only_an_operator_closes_a_period_and_in_his_own_name),
	    CASE(a_list_of_reporters_says_how_many_keys_and_not_which),
	    cmocka_unit_test_setup_teardown(a_key_knocks_only_so_often_in_a_minute, start_strict, stop),
	    cmocka_unit_test_setup_teardown(a_key_has_only_so_many_connections, start_strict, stop),
	};
	cmocka_set_test_filter(getenv("CASE"));
	return cmocka_run_group_tests_name("key_holders", tests, NULL, NULL);
}
