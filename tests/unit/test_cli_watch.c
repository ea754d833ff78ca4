/* Following changes against a daemon that loses some of them on purpose. */
#include "clients/query/commands.h"

#include "clients/query/settings.h"
#include "tests/unit/scripted_daemon.h"
#include "tests/unit/scripted_publisher.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* protobuf-c knows no const. */
#define TEXT(literal) ((char[]){literal})

/* Belongs to the welcomer until that has granted the subscription, and then to the daemon's thread. */
static struct scripted_publisher publisher;
static pthread_t welcomer;
static int snapshots; /* how often the city was asked for */

struct outcome {
	int status;
	char *out, *err;
};

static struct outcome watch(const struct scripted_daemon *daemon, char *arguments[])
{
	struct outcome outcome;
	char name[] = "suanpan", command[] = "watch", query[] = "--query", live[] = "--live";
	char query_url[64], live_url[64];
	char *argv[16] = {name, command, query, query_url, live, live_url};
	struct settings settings = {0};
	FILE *out = stdout, *err = stderr;
	size_t size;
	int argc = 6;

	strcpy(query_url, daemon->url);
	strcpy(live_url, publisher.url);
	while (*arguments)
		argv[argc++] = *arguments++;
	stdout = open_memstream(&outcome.out, &size);
	stderr = open_memstream(&outcome.err, &size);
	outcome.status = options_run(&suanpan_program, argc, argv, &settings);
	fclose(stdout);
	fclose(stderr);
	stdout = out;
	stderr = err;
	return outcome;
}

static void *welcome(void *unused)
{
	scripted_expect_subscription(&publisher, "code.residents.");
	return unused;
}

static void start_publisher(void)
{
	snapshots = 0;
	scripted_publish_start(&publisher);
	assert(pthread_create(&welcomer, NULL, welcome, NULL) == 0);
}

static void must_watch(void (*script)(struct scripted_daemon *, const Suanpan__Query *), char *arguments[],
                       int status, const char *out, const char *err)
{
	struct scripted_daemon daemon;
	struct outcome outcome;

	start_publisher();
	scripted_start(&daemon, script);
	outcome = watch(&daemon, arguments);
	scripted_stop(&daemon);
	scripted_publish_stop(&publisher);
	assert_string_equal(outcome.err, err);
	assert_string_equal(outcome.out, out);
	assert_int_equal(outcome.status, status);
	free(outcome.out);
	free(outcome.err);
}

/* ------------------------------------------------------------------------------------------- answers */

static void send_answer(struct scripted_daemon *daemon, const Suanpan__Query *query, uint64_t commit,
                        Suanpan__Answer *answer)
{
	answer->major = 1;
	answer->number = query->number;
	answer->last = true;
	answer->has_commit = true;
	answer->commit = commit;
	scripted_send(daemon, answer);
}

/* The city, two communities that report nothing of this, and a group. Asked for once, before all else. */
static void answer_areas(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	static char codes[][8] = {"440100", "c1", "c2", "central"};
	static char kinds[][10] = {"city", "community", "community", "group"};
	Suanpan__ListRow rows[4], *list[4];
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	pthread_join(welcomer, NULL);
	for (size_t i = 0; i < 4; i++) {
		rows[i] = (Suanpan__ListRow)SUANPAN__LIST_ROW__INIT;
		rows[i].code = rows[i].name = codes[i];
		rows[i].kind = kinds[i];
		list[i] = &rows[i];
	}
	answer.list = list;
	answer.n_list = 4;
	send_answer(daemon, query, 7, &answer);
}

static void refuse(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Failure failure = SUANPAN__FAILURE__INIT;
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	failure.kind = SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE;
	failure.text = TEXT("not reported there");
	answer.failure = &failure;
	send_answer(daemon, query, 7, &answer);
}

/* A year for every commit in `commits`, up to a 0; that of commit 99 has no value. */
static void answer_series(struct scripted_daemon *daemon, const Suanpan__Query *query, uint64_t snapshot,
                          const uint64_t commits[])
{
	Suanpan__Value rows[8], *series[8];
	char years[8][12], numbers[8][8], unit[] = "persons", status[] = "A";
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	for (size_t i = 0; commits[i]; i++) {
		snprintf(years[i], sizeof years[i], "%d", 2013 + (int)i);
		snprintf(numbers[i], sizeof numbers[i], "%d", (int)commits[i] * 100);
		rows[i] = (Suanpan__Value)SUANPAN__VALUE__INIT;
		rows[i].code = query->series->code;
		rows[i].area = rows[i].area_name = query->series->area;
		rows[i].period = years[i];
		rows[i].value = commits[i] == 99 ? NULL : numbers[i];
		rows[i].unit = unit;
		rows[i].status = status;
		rows[i].reported = rows[i].expected = 11;
		rows[i].has_commit = true;
		rows[i].commit = commits[i];
		series[i] = &rows[i];
		answer.n_series = i + 1;
	}
	answer.series = series;
	send_answer(daemon, query, snapshot, &answer);
}

static bool is_area(const Suanpan__Query *query, const char *area)
{
	return query->series && strcmp(query->series->area, area) == 0;
}

/* ------------------------------------------------------------------------------------------- the cases */

/* Commit 9 comes as update 4, after 2 and the lost 3; it is in the second snapshot, as is what was lost. */
static void lose_an_update(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	if (query->list)
		answer_areas(daemon, query);
	else if (is_area(query, "440100") && ++snapshots == 1)
		answer_series(daemon, query, 7, (const uint64_t[]){5, 7, 99, 0});
	else if (is_area(query, "440100"))
		answer_series(daemon, query, 9, (const uint64_t[]){5, 9, 8, 0});
	else if (is_area(query, "central"))
		answer_series(daemon, query, snapshots == 1 ? 7 : 9, (const uint64_t[]){6, 0});
	else
		refuse(daemon, query);
	if (!is_area(query, "central"))
		return;
	if (snapshots == 1) {
		scripted_publish(&publisher, "residents", 1, 1, 7);
		scripted_publish(&publisher, "residents", 1, 2, 8);
		scripted_publish(&publisher, "residents", 1, 4, 9);
	} else {
		scripted_publish(&publisher, "residents", 1, 5, 10);
	}
}

static void lost_updates_are_asked_for_again(void **state)
{
	(void)state;
	must_watch(
	    lose_an_update,
	    (char *[]){TEXT("residents"), TEXT("residents"), TEXT("--count"), TEXT("2"), NULL}, EXIT_DONE,
	    "residents  440100  2014  700  persons  11/11  commit 7\n" /* the newest with a value */
	    "residents  central  2013  600  persons  11/11  commit 6\n"
	    "residents  Guangzhou  2020  800  persons  11/11  commit 8\n" /* not 7: it was in the answer */
	    "residents  440100  2014  900  persons  11/11  commit 9\n"    /* what was missed, and 8 again */
	    "residents  440100  2015  800  persons  11/11  commit 8\n"
	    "residents  Guangzhou  2020  1000  persons  11/11  commit 10\n",
	    "suanpan: updates of residents were lost (4 came after 2); asking again\n");
}

static void start_again(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	if (query->list)
		answer_areas(daemon, query);
	else if (is_area(query, "440100") && ++snapshots == 1)
		answer_series(daemon, query, 7, (const uint64_t[]){7, 0});
	else if (is_area(query, "440100"))
		answer_series(daemon, query, 8, (const uint64_t[]){7, 8, 0});
	else
		refuse(daemon, query);
	if (!is_area(query, "central"))
		return;
	if (snapshots == 1) {
		scripted_publish(&publisher, "residents", 1, 9, 7);
		scripted_publish(&publisher, "residents", 2, 1, 9);
	}
}

static void new_epoch_is_asked_for_again(void **state)
{
	(void)state;
	must_watch(
	    start_again,
	    (char *[]){TEXT("residents"), TEXT("--count"), TEXT("1"), TEXT("--format"), TEXT("csv"), NULL},
	    EXIT_DONE,
	    "code,area,period,value,unit,status,reported,expected,missing,commit\n"
	    "residents,440100,2013,700,persons,A,11,11,,7\n"
	    "residents,440100,2014,800,persons,A,11,11,,8\n"
	    "residents,440100,2020,900,persons,A,11,11,,9\n",
	    "suanpan: the daemon started again; asking for residents again\n");
}

static void refuse_all(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	if (query->list)
		answer_areas(daemon, query);
	else
		refuse(daemon, query);
}

static void code_without_any_series_is_refused(void **state)
{
	(void)state;
	must_watch(refuse_all, (char *[]){TEXT("residents"), NULL}, EXIT_REFUSED, "",
	           "suanpan: not reported there\n");
}

static void interrupt_oneself(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	lose_an_update(daemon, query);
	if (is_area(query, "central"))
		kill(getpid(), SIGINT);
}

static void interrupt_ends_the_watching_well(void **state)
{
	char *arguments[] = {TEXT("residents"), TEXT("--format"), TEXT("json"), NULL};
	struct scripted_daemon daemon;
	struct outcome outcome;
	sigset_t signals, before;

	(void)state;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, &before); /* as it is for every thread from here on */
	start_publisher();
	scripted_start(&daemon, interrupt_oneself);
	outcome = watch(&daemon, arguments);
	scripted_stop(&daemon);
	scripted_publish_stop(&publisher);
	assert_int_equal(outcome.status, EXIT_DONE);
	assert_memory_equal(outcome.out, "{\"code\": \"residents\", ", strlen("{\"code\": \"residents\", "));
	free(outcome.out);
	free(outcome.err);
	signal(SIGINT, SIG_IGN); /* takes the pending one away */
	signal(SIGINT, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void absent_publisher_is_exit_3(void **state)
{
	char name[] = "suanpan", command[] = "watch", option[] = "--live",
	     url[] = "ipc:///tmp/suanpan-test-nobody", timeout[] = "--timeout=0.05";
	char *argv[] = {name, command, option, url, timeout, NULL}, *said;
	struct settings settings = {0};
	FILE *err = stderr;
	size_t size;
	int status;

	(void)state;
	stderr = open_memstream(&said, &size);
	status = options_run(&suanpan_program, 5, argv, &settings);
	fclose(stderr);
	stderr = err;
	assert_int_equal(status, EXIT_UNREACHABLE);
	assert_string_equal(
	    said, "suanpan: nobody answers at ipc:///tmp/suanpan-test-nobody; is suanpand running there?\n");
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lost_updates_are_asked_for_again),
	    cmocka_unit_test(new_epoch_is_asked_for_again),
	    cmocka_unit_test(code_without_any_series_is_refused),
	    cmocka_unit_test(interrupt_ends_the_watching_well),
	    cmocka_unit_test(absent_publisher_is_exit_3),
	};

	return cmocka_run_group_tests_name("cli_watch", tests, NULL, NULL);
}
