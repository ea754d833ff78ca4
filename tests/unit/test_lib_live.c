#include "clients/lib/live.h"

#include "proto/endpoint.h"
#include "tests/unit/scripted_publisher.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>

#include <cmocka.h>

#define LONG_MS  5000 /* never waited for unless something is wrong */
#define SHORT_MS 30   /* waited for where silence is the point */

struct fixture {
	struct scripted_publisher publisher;
	void *context;
	struct live *live;
};

static void start(struct fixture *fixture)
{
	const char *error;

	scripted_publish_start(&fixture->publisher);
	assert_int_equal(endpoint_context_new(&fixture->context), 0);
	assert_int_equal(live_open(fixture->context, fixture->publisher.url, NULL, &fixture->live, &error),
	                 0);
}

static void stop(struct fixture *fixture)
{
	live_close(fixture->live);
	endpoint_context_free(fixture->context);
	scripted_publish_stop(&fixture->publisher);
}

static int wait_for(struct live *live, int timeout_ms, const Suanpan__Update **ret_update)
{
	return live_wait(live, timeout_ms, -1, ret_update);
}

static void following_a_code_subscribes_to_all_of_its_areas(void **state)
{
	const Suanpan__Update *update;
	struct fixture fixture;

	(void)state;
	start(&fixture);
	assert_int_equal(live_follow(fixture.live, "beds"), 0);
	scripted_expect_subscription(&fixture.publisher, "code.beds.");
	assert_int_equal(wait_for(fixture.live, LONG_MS, &update), LIVE_READY);
	scripted_publish(&fixture.publisher, "beds_per_1000", 1, 1, 8);
	scripted_publish(&fixture.publisher, "beds", 1, 3, 9);
	assert_int_equal(wait_for(fixture.live, LONG_MS, &update), 0);
	assert_string_equal(update->value->code, "beds");
	assert_int_equal(update->sequence, 3);
	assert_int_equal(update->value->commit, 9);
	assert_int_equal(wait_for(fixture.live, SHORT_MS, &update), LIVE_QUIET);
	stop(&fixture);
}

static void following_nothing_is_following_everything(void **state)
{
	const Suanpan__Update *update;
	struct fixture fixture;

	(void)state;
	start(&fixture);
	assert_int_equal(live_follow(fixture.live, NULL), 0);
	scripted_expect_subscription(&fixture.publisher, "code.");
	assert_int_equal(wait_for(fixture.live, LONG_MS, &update), LIVE_READY);
	scripted_publish(&fixture.publisher, "beds", 1, 1, 8);
	scripted_publish(&fixture.publisher, "residents", 1, 1, 8);
	assert_int_equal(wait_for(fixture.live, LONG_MS, &update), 0);
	assert_string_equal(update->value->code, "beds");
	assert_int_equal(wait_for(fixture.live, LONG_MS, &update), 0);
	assert_string_equal(update->value->code, "residents");
	stop(&fixture);
}

static void ready_is_when_every_code_is_granted(void **state)
{
	const Suanpan__Update *update;
	struct fixture fixture;

	(void)state;
	start(&fixture);
	assert_int_equal(live_follow(fixture.live, "beds"), 0);
	assert_int_equal(live_follow(fixture.live, "births"), 0);
	scripted_expect_subscription(&fixture.publisher, "code.beds.");
	scripted_welcome(&fixture.publisher, "code.beds."); /* to another subscriber of the same */
	assert_int_equal(wait_for(fixture.live, SHORT_MS, &update), LIVE_QUIET);
	scripted_expect_subscription(&fixture.publisher, "code.births.");
	assert_int_equal(wait_for(fixture.live, LONG_MS, &update), LIVE_READY);
	scripted_welcome(&fixture.publisher, "code.beds.");
	assert_int_equal(wait_for(fixture.live, SHORT_MS, &update), LIVE_QUIET);
	stop(&fixture);
}

static void garbage_is_dropped_and_the_next_update_is_read(void **state)
{
	static const char *const garbage[][4] = {
	    {"code.beds.x", NULL},                    /* no update */
	    {"code.beds.x", "HTTP/1.1", NULL},        /* not one */
	    {"code.beds.x", "", NULL},                /* nor this */
	    {"code.beds.x", "\x08\x07", "more", NULL} /* too many frames */
	};
	const Suanpan__Update *update;
	struct fixture fixture;

	(void)state;
	start(&fixture);
	assert_int_equal(live_follow(fixture.live, "beds"), 0);
	scripted_expect_subscription(&fixture.publisher, "code.beds.");
	assert_int_equal(wait_for(fixture.live, LONG_MS, &update), LIVE_READY);
	for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
		scripted_publish_frames(&fixture.publisher, garbage[i]);
		scripted_publish(&fixture.publisher, "beds", 1, i, 8);
		assert_int_equal(wait_for(fixture.live, LONG_MS, &update), LIVE_GARBLED);
		assert_int_equal(wait_for(fixture.live, LONG_MS, &update), 0);
		assert_int_equal(update->sequence, i);
	}
	stop(&fixture);
}

static void publish_alert(struct scripted_publisher *publisher, const char *topic)
{
	char text[] = "something", when[] = "2024-06-01T00:00:00+08:00";
	Suanpan__Update update = SUANPAN__UPDATE__INIT;
	Suanpan__Alert alert = SUANPAN__ALERT__INIT;
	uint8_t bytes[256];

	alert.kind = SUANPAN__ALERT_KIND__ALERT_RULE;
	alert.state = SUANPAN__ALERT_STATE__ALERT_OPEN;
	alert.text = text;
	alert.raised = alert.changed = when;
	update.major = 1;
	update.alert = &alert;
	assert_true(suanpan__update__get_packed_size(&update) <= sizeof bytes);
	assert_true(zmq_send(publisher->socket, topic, strlen(topic), ZMQ_SNDMORE) >= 0);
	assert_true(zmq_send(publisher->socket, bytes, suanpan__update__pack(&update, bytes), 0) >= 0);
}

static void an_alert_comes_under_its_own_topic_or_not_at_all(void **state)
{
	const Suanpan__Update *update;
	struct fixture fixture;

	(void)state;
	start(&fixture);
	assert_int_equal(live_follow(fixture.live, "beds"), 0);
	scripted_expect_subscription(&fixture.publisher, "code.beds.");
	assert_int_equal(live_follow_alerts(fixture.live), 0);
	scripted_expect_subscription(&fixture.publisher, "alert.");
	assert_int_equal(wait_for(fixture.live, LONG_MS, &update), LIVE_READY);
	publish_alert(&fixture.publisher, "code.beds.x");
	assert_int_equal(wait_for(fixture.live, LONG_MS, &update), LIVE_GARBLED);
	publish_alert(&fixture.publisher, "alert.1");
	assert_int_equal(wait_for(fixture.live, LONG_MS, &update), 0);
	assert_null(update->value);
	assert_string_equal(update->alert->text, "something");
	stop(&fixture);
}

static void losing_the_daemon_and_finding_it_again_is_told(void **state)
{
	const Suanpan__Update *update;
	struct fixture fixture;

	(void)state;
	start(&fixture);
	assert_int_equal(live_follow(fixture.live, "beds"), 0);
	scripted_expect_subscription(&fixture.publisher, "code.beds.");
	assert_int_equal(wait_for(fixture.live, LONG_MS, &update), LIVE_READY);
	scripted_publish_unbind(&fixture.publisher);
	assert_int_equal(wait_for(fixture.live, LONG_MS, &update), LIVE_LOST);
	scripted_publish_bind(&fixture.publisher);
	/* libzmq subscribes anew only while the subscriber's own thread is in one of its calls. */
	while (!scripted_has_subscription(&fixture.publisher))
		assert_int_equal(wait_for(fixture.live, SHORT_MS, &update), LIVE_QUIET);
	scripted_expect_subscription(&fixture.publisher, "code.beds.");
	assert_int_equal(wait_for(fixture.live, LONG_MS, &update), LIVE_READY);
	stop(&fixture);
}

static void stop_ends_the_waiting(void **state)
{
	const int fd = eventfd(1, EFD_CLOEXEC);
	const Suanpan__Update *update;
	struct fixture fixture;

	(void)state;
	start(&fixture);
	assert_int_equal(live_wait(fixture.live, -1, fd, &update), LIVE_STOPPED);
	close(fd);
	stop(&fixture);
}

static void code_that_is_too_long_is_not_followed(void **state)
{
	struct fixture fixture;
	char code[200];

	(void)state;
	start(&fixture);
	memset(code, 'x', sizeof code - 1);
	code[sizeof code - 1] = '\0';
	assert_int_equal(live_follow(fixture.live, code), -ENAMETOOLONG);
	stop(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(following_a_code_subscribes_to_all_of_its_areas),
	    cmocka_unit_test(following_nothing_is_following_everything),
	    cmocka_unit_test(ready_is_when_every_code_is_granted),
	    cmocka_unit_test(garbage_is_dropped_and_the_next_update_is_read),
	    cmocka_unit_test(an_alert_comes_under_its_own_topic_or_not_at_all),
	    cmocka_unit_test(losing_the_daemon_and_finding_it_again_is_told),
	    cmocka_unit_test(stop_ends_the_waiting),
	    cmocka_unit_test(code_that_is_too_long_is_not_followed),
	};

	return cmocka_run_group_tests_name("lib_live", tests, NULL, NULL);
}
