/* Who holds a key and sends too much of something: frames, subscriptions, bytes that unpack to more, reports. The daemon stays
 * small, says so, and serves the others. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/envelope.h"
#include "tests/lib/curve.h"
#include "tests/lib/raw.h"
#include "tests/lib/walled.h"
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#define WAIT_MS 20000

/* In KiB, what the daemon may take for the attack and for good. The sanitizers keep freed memory for a while. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WHILE_IT_LASTS 1500000
#define FOR_GOOD       600000
#else
#define WHILE_IT_LASTS 250000
#define FOR_GOOD       100000
#endif

struct fixture {
	struct walled walled;
	struct peer yuexiu; /* at intake: who is to be served */
	struct peer_report next;
	long idle;
};

static int start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	walled_start(&fixture->walled, "");
	walled_open(&fixture->walled, YUEXIU, fixture->walled.daemon.intake, &fixture->yuexiu);
	fixture->next = walled_report(YUEXIU, 1, 1);
	walled_must_accept(&fixture->yuexiu, &fixture->next);
	fixture->idle = walled_resident(&fixture->walled);
	*state = fixture;
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;
	peer_close(&fixture->yuexiu);
	walled_done(&fixture->walled);
	free(fixture);
	return 0;
}

/* One more report of yuexiu's; answers how long it took. */
static long serve(struct fixture *fixture)
{
	int64_t began = walled_now_ms();
	fixture->next.sequence++;
	fixture->next.value++;
	walled_must_accept(&fixture->yuexiu, &fixture->next);
	return (long)(walled_now_ms() - began);
}

static long more_resident(const struct fixture *fixture)
{
	return walled_resident(&fixture->walled) - fixture->idle;
}

static void open_curve(const struct fixture *fixture, struct curve *curve, enum walled_who who,
                       const char *url, const char *type)
{
	struct endpoint_keys keys = walled_keys(&fixture->walled, who);
	assert_true(curve_open(curve, url, &keys, type, NULL, NULL));
}

/* ---- frames ---- */

static void pour_without_an_end(struct fixture *fixture)
{
	static const char frame[1000];
	struct curve curve;
	long most = 0, slowest = 0;
	size_t sent = 0;
	uint64_t closed = walled_status(&fixture->walled, "connections_closed");
	open_curve(fixture, &curve, LIWAN, fixture->walled.daemon.intake, "DEALER");
	while (sent < (size_t)2 << 30 && curve_send(&curve, frame, sizeof frame, true)) {
		sent += sizeof frame;
		if (sent % (8000 * sizeof frame) != 0)
			continue;
		long took = serve(fixture), now = more_resident(fixture);
		most = now > most ? now : most;
		slowest = took > slowest ? took : slowest;
	}
	curve_close(&curve);
	walled_await(&fixture->walled, "connections_closed", closed + 1);
	print_message("cut off after %zu MB; %ld KiB more at most, %ld after; slowest ack %ld ms\n",
	              sent / 1000000, most, more_resident(fixture), slowest);
	assert_true(sent < (size_t)2 << 30);
	assert_true(most < WHILE_IT_LASTS);
}

static void a_message_without_an_end_is_cut_off(void **state)
{
	struct fixture *fixture = *state;
	for (int round = 0; round < 3; round++)
		pour_without_an_end(fixture);
	assert_true(more_resident(fixture) < WHILE_IT_LASTS);
	assert_true(walled_said(&fixture->walled, "reason='a message without an end'"));
	serve(fixture);
}

static void a_frame_that_is_too_long_ends_its_connection(void **state)
{
	struct fixture *fixture = *state;
	static const char frame[65537];
	struct curve curve;
	const char *const urls[] = {fixture->walled.daemon.intake, fixture->walled.daemon.query};
	for (int i = 0; i < 2; i++) {
		open_curve(fixture, &curve, LIWAN, urls[i], "DEALER");
		(void)curve_send(&curve, frame, sizeof frame, false);
		assert_true(raw_await_close(curve.fd, WAIT_MS) >= 0);
		curve_close(&curve);
	}
	/* As long as may be is taken, and answered: it is no report. */
	unsigned char bytes[1024];
	size_t size;
	open_curve(fixture, &curve, LIWAN, urls[0], "DEALER");
	assert_true(curve_send(&curve, frame, 65536, false));
	assert_true(curve_receive(&curve, WAIT_MS, bytes, sizeof bytes, &size));
	curve_close(&curve);
	serve(fixture);
}

static void messages_of_more_than_one_frame_are_dropped_and_counted(void **state)
{
	struct fixture *fixture = *state;
	struct curve curve;
	open_curve(fixture, &curve, LIWAN, fixture->walled.daemon.intake, "DEALER");
	for (int i = 0; i < 1000; i++) {
		assert_true(curve_send(&curve, "a", 1, true));
		assert_true(curve_send(&curve, "b", 1, true));
		assert_true(curve_send(&curve, "c", 1, false));
	}
	walled_await(&fixture->walled, "messages_dropped", 1000);
	assert_true(walled_said(&fixture->walled, fixture->walled.keys[LIWAN].public));
	curve_close(&curve);
	serve(fixture);
}

/* ---- what unpacks to more than it is ---- */

static uint64_t refusals(struct curve *curve, const unsigned char *bytes, size_t size, int count)
{
	static unsigned char answer[1 << 20];
	uint64_t refused = 0;
	for (int i = 0; i < count; i++) {
		size_t answer_size;
		assert_true(curve_send(curve, bytes, size, false));
		assert_true(curve_receive(curve, WAIT_MS, answer, sizeof answer, &answer_size));
		Suanpan__Ack *ack = suanpan__ack__unpack(NULL, answer_size, answer);
		assert_non_null(ack);
		refused += ack->outcome == SUANPAN__OUTCOME__OUTCOME_REFUSED;
		suanpan__ack__free_unpacked(ack, NULL);
	}
	return refused;
}

/* A good report's head, and then `piece` again and again. */
static size_t make_bomb(unsigned char *bytes, const unsigned char *piece, size_t piece_size)
{
	struct peer_report report = walled_report(LIWAN, 1, 1);
	static uint8_t stream;
	report.stream = ++stream;
	void *head;
	size_t size;
	peer_pack(&report, &head, &size);
	memcpy(bytes, head, size);
	free(head);
	for (; size + piece_size <= ENVELOPE_REQUEST_MAX; size += piece_size)
		memcpy(bytes + size, piece, piece_size);
	return size;
}

static void bombs_of_64_kib_are_refused_and_leave_nothing(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		unsigned char bytes[8];
		size_t size;
	} pieces[] = {
	    {{0x82, 1, 4, 8, 0, 0x12, 0}, 7}, /* notes of nothing */
	    {{0x82, 1, 0}, 3},                /* notes that lack what they must have */
	    {{0x32, 0}, 2},                   /* empty codes */
	    {{0x98, 6, 0}, 3},                /* a field that nobody knows */
	    {{0x68, 0}, 2},                   /* values, one by one */
	    {{0x2a, 0}, 2},                   /* who it is from, thirty thousand times */
	};
	static unsigned char bomb[ENVELOPE_REQUEST_MAX];
	struct curve curve;
	open_curve(fixture, &curve, LIWAN, fixture->walled.daemon.intake, "DEALER");
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		size_t size = make_bomb(bomb, pieces[i].bytes, pieces[i].size);
		assert_int_equal(refusals(&curve, bomb, size, 50), 50);
	}
	curve_close(&curve);
	assert_int_equal(walled_status(&fixture->walled, "observations"), 1);
	print_message("%ld KiB more resident\n", more_resident(fixture));
	assert_true(more_resident(fixture) < FOR_GOOD);
	serve(fixture);
}

/* ---- values that are none ---- */

static void must_refuse(struct fixture *fixture, struct curve *curve, void (*spoil)(Suanpan__Report *report))
{
	struct peer_report good = walled_report(LIWAN, 1, 5);
	static uint8_t stream;
	void *bytes;
	size_t size;
	good.stream = (uint8_t)(100 + stream++);
	peer_pack(&good, &bytes, &size);
	Suanpan__Report *report = suanpan__report__unpack(NULL, size, bytes);
	free(bytes);
	spoil(report);
	assert_int_equal(envelope_pack(&report->base, ENVELOPE_REQUEST_MAX, &bytes, &size), 0);
	if (refusals(curve, bytes, size, 1) != 1)
		print_error("the spoilt report of stream %d was not refused\n", good.stream);
	assert_int_equal(walled_status(&fixture->walled, "observations"), 1);
	free(bytes);
	suanpan__report__free_unpacked(report, NULL);
}

static void replace(char **text, const char *with)
{
	free(*text);
	*text = strdup(with);
}

static void beyond_32_bits(Suanpan__Report *report)
{
	report->statistic_delta[0] = ((int64_t)1 << 32) + 5;
}

static void wraps_to_zero(Suanpan__Report *report)
{
	report->area_delta[0] = (int64_t)1 << 32;
}

static void negative_index(Suanpan__Report *report)
{
	report->period_delta[0] = -1;
}

static void too_many_decimals(Suanpan__Report *report)
{
	report->decimals[0] = ((uint64_t)1 << 32);
}

static void finer_than_kept(Suanpan__Report *report)
{
	report->decimals[0] = 9;
	report->value[0] = 1;
}

static void add_status(Suanpan__Report *report, uint64_t row, uint64_t code)
{
	report->n_status_row = report->n_status_code = 1;
	report->status_row = calloc(1, sizeof *report->status_row);
	report->status_code = calloc(1, sizeof *report->status_code);
	report->status_row[0] = row;
	report->status_code[0] = code;
}

static void unknown_status(Suanpan__Report *report)
{
	add_status(report, 0, 'Z');
}

static void status_beyond_32_bits(Suanpan__Report *report)
{
	add_status(report, 0, ((uint64_t)1 << 32) + 'A');
}

static void status_of_no_row(Suanpan__Report *report)
{
	add_status(report, (uint64_t)1 << 32, 'A');
}

static void broken_utf8(Suanpan__Report *report)
{
	replace(&report->statistic[0], "\xff\xfe");
}

static void broken_utf8_in_the_source(Suanpan__Report *report)
{
	report->source = strdup("a\xc3(");
}

static void line_in_the_source(Suanpan__Report *report)
{
	report->source = strdup("a\nevent=forged");
}

static void no_period(Suanpan__Report *report)
{
	replace(&report->period[0], "2020-13");
}

static void foreign_digits(Suanpan__Report *report)
{
	replace(&report->period[0], "２０２０-12");
}

static void anothers_code(Suanpan__Report *report)
{
	replace(&report->area[0], "440104");
}

static void path_as_a_code(Suanpan__Report *report)
{
	replace(&report->area[0], "../../etc/passwd");
}

static void no_rows(Suanpan__Report *report)
{
	report->n_value = 0;
}

static void columns_that_differ(Suanpan__Report *report)
{
	report->n_area_delta = 0;
}

static void values_that_are_none_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct curve curve;
	static void (*const spoils[])(Suanpan__Report *) = {
	    beyond_32_bits,        wraps_to_zero,
	    negative_index,        too_many_decimals,
	    finer_than_kept,       unknown_status,
	    status_beyond_32_bits, status_of_no_row,
	    broken_utf8,           broken_utf8_in_the_source,
	    line_in_the_source,    no_period,
	    foreign_digits,        anothers_code,
	    path_as_a_code,        no_rows,
	    columns_that_differ,
	};
	open_curve(fixture, &curve, LIWAN, fixture->walled.daemon.intake, "DEALER");
	for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++)
		must_refuse(fixture, &curve, spoils[i]);
	/* A NUL inside a code, and a number of eleven bytes: packing would not make them. */
	static const unsigned char nul[] = {8, 1, 0x12, 16, 1, 1, 1,    1, 1,    1, 1,   1, 1,  1,
	                                    1, 1, 1,    1,  1, 1, 0x18, 1, 0x32, 3, 'a', 0, 'b'};
	static const unsigned char eleven[] = {8,    0xff, 0xff, 0xff, 0xff, 0xff,
	                                       0xff, 0xff, 0xff, 0xff, 0xff, 1};
	assert_int_equal(refusals(&curve, nul, sizeof nul, 1), 1);
	assert_int_equal(refusals(&curve, eleven, sizeof eleven, 1), 1);
	assert_int_equal(refusals(&curve, (const unsigned char *)"", 0, 1), 1);
	curve_close(&curve);
	assert_false(walled_said(&fixture->walled, "\nevent=forged"));
	assert_int_equal(walled_status(&fixture->walled, "observations"), 1);
	serve(fixture);
}

/* They are numbers, and each is its sender's to say; but no sum of them is wrong. */
static void the_largest_values_give_no_wrong_sum(void **state)
{
	struct fixture *fixture = *state;
	struct peer liwan, asking;
	struct peer_report report = walled_report(LIWAN, 1, INT64_MAX);
	walled_open(&fixture->walled, LIWAN, fixture->walled.daemon.intake, &liwan);
	walled_must_accept(&liwan, &report);
	fixture->next.value = INT64_MAX - 1;
	serve(fixture);
	Suanpan__SeriesQuery series = SUANPAN__SERIES_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	char code[] = "hospital_beds";
	void *bytes;
	size_t size;
	series.code = code;
	query.major = ENVELOPE_MAJOR;
	query.number = 1;
	query.series = &series;
	assert_int_equal(envelope_pack(&query.base, ENVELOPE_REQUEST_MAX, &bytes, &size), 0);
	walled_open(&fixture->walled, OFFICE, fixture->walled.daemon.query, &asking);
	peer_send(&asking, bytes, size);
	free(bytes);
	Suanpan__Answer *answer = peer_receive_answer(&asking, WAIT_MS);
	assert_non_null(answer);
	assert_null(answer->failure);
	assert_int_equal(answer->n_series, 1);
	assert_null(answer->series[0]->value);
	assert_string_equal(answer->series[0]->reason, "too large to compute");
	suanpan__answer__free_unpacked(answer, NULL);
	peer_close(&asking);
	peer_close(&liwan);
}

/* ---- subscriptions ---- */

static void await_welcome(void *socket)
{
	zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
	char bytes[65536];
	assert_int_equal(zmq_poll(&item, 1, WAIT_MS), 1);
	(void)!zmq_recv(socket, bytes, sizeof bytes, 0);
	(void)!zmq_recv(socket, bytes, sizeof bytes, 0);
}

static bool is_update(void *socket)
{
	zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
	static char topic[256], bytes[65536];
	for (;;) {
		if (zmq_poll(&item, 1, WAIT_MS) != 1)
			return false;
		(void)!zmq_recv(socket, topic, sizeof topic, 0);
		int size = zmq_recv(socket, bytes, sizeof bytes, 0);
		Suanpan__Update *update = suanpan__update__unpack(NULL, (size_t)size, (uint8_t *)bytes);
		assert_non_null(update);
		bool has_value = update->value != NULL;
		suanpan__update__free_unpacked(update, NULL);
		if (has_value)
			return true;
	}
}

static void *follow(struct fixture *fixture, void *context)
{
	struct endpoint_keys keys = walled_keys(&fixture->walled, OPERATOR);
	const char *error;
	void *socket;
	assert_int_equal(
	    endpoint_open(context, ENDPOINT_LIVE_CLIENT, fixture->walled.daemon.live, &keys, &socket, &error),
	    0);
	zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "code.hospital_beds.", strlen("code.hospital_beds."));
	await_welcome(socket);
	return socket;
}

/* Until it is closed; `granted` says whether the topics are ones that there could be. */
static size_t flood_subscriptions(struct fixture *fixture, bool granted, size_t most, long *ret_resident)
{
	struct curve curve;
	char topic[151];
	size_t count = 0;
	*ret_resident = 0;
	open_curve(fixture, &curve, OFFICE, fixture->walled.daemon.live, "SUB");
	for (; count < most; count++) {
		int size =
		    snprintf(topic, sizeof topic, "\1%s%0*zu", granted ? "code." : "node.", 140, count);
		if (!curve_send(&curve, topic, (size_t)size, false))
			break;
		if (count % 2000 == 0 && more_resident(fixture) > *ret_resident)
			*ret_resident = more_resident(fixture);
	}
	if (count == most)
		raw_await_close(curve.fd, 2000);
	curve_close(&curve);
	return count;
}

static void a_flood_of_subscriptions_ends_its_connection_and_nobody_elses(void **state)
{
	struct fixture *fixture = *state;
	void *context = zmq_ctx_new(), *follower = follow(fixture, context);
	for (int granted = 0; granted < 2; granted++) {
		long most;
		uint64_t closed = walled_status(&fixture->walled, "connections_closed");
		size_t count = flood_subscriptions(fixture, granted, 300000, &most);
		walled_await(&fixture->walled, "connections_closed", closed + 1);
		print_message("closed after %zu sent; %ld KiB more at most, %ld after\n", count, most,
		              more_resident(fixture));
		assert_true(most < WHILE_IT_LASTS);
		serve(fixture);
		assert_true(is_update(follower));
	}
	assert_true(walled_status(&fixture->walled, "subscriptions_denied") > 0);
	assert_true(walled_said(&fixture->walled, "reason='too many subscriptions'"));
	zmq_close(follower);
	zmq_ctx_term(context);
}

static void a_topic_that_is_none_is_denied_and_the_next_one_counts(void **state)
{
	struct fixture *fixture = *state;
	struct curve curve;
	unsigned char bytes[65536];
	size_t size;
	open_curve(fixture, &curve, OFFICE, fixture->walled.daemon.live, "SUB");
	assert_true(curve_send(&curve, "\1", 1, false)); /* everything there is */
	assert_true(curve_send(&curve, "\1report.", 8, false));
	assert_true(curve_send(&curve, "\1code.\0x", 8, false));
	walled_await(&fixture->walled, "subscriptions_denied", 3);
	serve(fixture);
	assert_false(curve_receive(&curve, 300, bytes, sizeof bytes, &size));
	assert_true(curve_send(&curve, "\1code.hospital_beds.", 20, false));
	assert_true(curve_receive(&curve, WAIT_MS, bytes, sizeof bytes, &size));
	curve_close(&curve);
}

/* A subscriber that talks, or takes back what it never had, changes nothing for the others. */
static void what_no_subscriber_sends_ends_its_connection(void **state)
{
	struct fixture *fixture = *state;
	void *context = zmq_ctx_new(), *follower = follow(fixture, context);
	struct curve curve;
	open_curve(fixture, &curve, OFFICE, fixture->walled.daemon.live, "SUB");
	for (int i = 0; i < 100; i++)
		assert_true(curve_send(&curve, "\0code.hospital_beds.", 20, false));
	serve(fixture);
	assert_true(is_update(follower));
	(void)curve_send(&curve, "hello", 5, false);
	assert_true(raw_await_close(curve.fd, WAIT_MS) >= 0);
	curve_close(&curve);
	serve(fixture);
	assert_true(is_update(follower));
	zmq_close(follower);
	zmq_ctx_term(context);
}

/* ---- those who do not read ---- */

/* A report each of whose rows is wrong: its ack is many times as long. */
static size_t make_hopeless(unsigned char *bytes)
{
	enum { ROWS = ENVELOPE_OBSERVATIONS_MAX };
	static int64_t zeros[ROWS];
	static uint8_t stream[ENVELOPE_STREAM_SIZE];
	char statistic_text[] = "hospital_bods", area_text[] = "440103", period_text[] = "2020-12";
	char *statistic = statistic_text, *area = area_text, *period = period_text;
	uint64_t decimals = 0;
	Suanpan__Report report = SUANPAN__REPORT__INIT;
	void *packed;
	size_t size;
	(void)!getrandom(stream, sizeof stream, 0);
	report.major = ENVELOPE_MAJOR;
	report.stream = (ProtobufCBinaryData){.len = sizeof stream, .data = stream};
	report.sequence = 1;
	report.n_statistic = report.n_area = report.n_period = report.n_decimals = 1;
	report.statistic = &statistic;
	report.area = &area;
	report.period = &period;
	report.decimals = &decimals;
	report.n_statistic_delta = report.n_period_delta = report.n_area_delta = report.n_value = ROWS;
	report.statistic_delta = report.period_delta = report.area_delta = report.value = zeros;
	assert_int_equal(envelope_pack(&report.base, ENVELOPE_REQUEST_MAX, &packed, &size), 0);
	memcpy(bytes, packed, size);
	free(packed);
	return size;
}

static void who_reads_no_acks_costs_little_and_delays_nobody(void **state)
{
	struct fixture *fixture = *state;
	static unsigned char bytes[ENVELOPE_REQUEST_MAX];
	struct curve curves[4];
	long most = 0, slowest = 0;
	for (int i = 0; i < 4; i++)
		open_curve(fixture, &curves[i], LIWAN, fixture->walled.daemon.intake, "DEALER");
	for (int i = 0; i < 200; i++) {
		size_t size = make_hopeless(bytes);
		assert_true(curve_send(&curves[i % 4], bytes, size, false));
		if (i % 10 != 9)
			continue;
		long took = serve(fixture);
		slowest = took > slowest ? took : slowest;
		most = more_resident(fixture) > most ? more_resident(fixture) : most;
	}
	walled_await(&fixture->walled, "answers_unread", 1);
	print_message("%ld KiB more at most; slowest ack %ld ms\n", most, slowest);
	assert_true(most < WHILE_IT_LASTS);
	for (int i = 0; i < 4; i++)
		curve_close(&curves[i]);
	serve(fixture);
}

static void who_asks_and_does_not_read_costs_little_and_delays_nobody(void **state)
{
	struct fixture *fixture = *state;
	Suanpan__ListQuery list = SUANPAN__LIST_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	struct curve curves[4];
	void *bytes;
	size_t size;
	long most = 0, slowest = 0;
	list.kind = SUANPAN__LIST_KIND__LIST_STATISTICS;
	query.major = ENVELOPE_MAJOR;
	query.number = 1;
	query.list = &list;
	assert_int_equal(envelope_pack(&query.base, ENVELOPE_REQUEST_MAX, &bytes, &size), 0);
	for (int i = 0; i < 4; i++)
		open_curve(fixture, &curves[i], OFFICE, fixture->walled.daemon.query, "DEALER");
	for (int i = 0; i < 8000; i++) {
		assert_true(curve_send(&curves[i % 4], bytes, size, false));
		if (i % 500 != 499)
			continue;
		int64_t began = walled_now_ms();
		(void)walled_status(&fixture->walled, "commit");
		long took = (long)(walled_now_ms() - began);
		slowest = took > slowest ? took : slowest;
		most = more_resident(fixture) > most ? more_resident(fixture) : most;
	}
	free(bytes);
	walled_await(&fixture->walled, "answers_unread", 1);
	print_message("%ld KiB more at most; slowest answer to another %ld ms\n", most, slowest);
	assert_true(most < WHILE_IT_LASTS);
	for (int i = 0; i < 4; i++)
		curve_close(&curves[i]);
	serve(fixture);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
	    CASE(a_message_without_an_end_is_cut_off),
	    CASE(a_frame_that_is_too_long_ends_its_connection),
	    CASE(messages_of_more_than_one_frame_are_dropped_and_counted),
	    CASE(bombs_of_64_kib_are_refused_and_leave_nothing),
	    CASE(values_that_are_none_are_refused),
	    CASE(the_largest_values_give_no_wrong_sum),
	    CASE(a_flood_of_subscriptions_ends_its_connection_and_nobody_elses),
	    CASE(a_topic_that_is_none_is_denied_and_the_next_one_counts),
	    CASE(what_no_subscriber_sends_ends_its_connection),
	    CASE(who_reads_no_acks_costs_little_and_delays_nobody),
	    CASE(who_asks_and_does_not_read_costs_little_and_delays_nobody),
	};
	cmocka_set_test_filter(getenv("CASE"));
	return cmocka_run_group_tests_name("floods", tests, NULL, NULL);
}
