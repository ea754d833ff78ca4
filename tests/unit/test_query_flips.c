/* Answers from a damaged store: the right figure, or that there is none to be had. Never a wrong one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/base/arena.h"
#include "daemon/base/log.h"
#include "daemon/db/db.h"
#include "daemon/db/pages.h"
#include "daemon/query/answer.h"
#include "daemon/query/past.h"
#include "daemon/upkeep/backup.h"
#include "proto/envelope.h"
#include "tests/lib/flips.h"
#include "tests/lib/scratch.h"
#include "tests/lib/small_store.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUESTIONS_MAX = 24, ANSWER_MAX = 65536 };

struct question {
	void *bytes;
	size_t size;
	uint8_t *right;
	size_t right_size;
};

struct fixture {
	char *folder, *path;
	struct answer_context context;
	struct question questions[QUESTIONS_MAX];
	size_t count;
	uint8_t answer[ANSWER_MAX];
	size_t answer_size;
	bool failed; /* the answer says so */
};

/* ---- asking */

static int keep(void *closure, const void *bytes, size_t size)
{
	struct fixture *fixture = closure;
	Suanpan__Answer *answer = suanpan__answer__unpack(NULL, size, bytes);
	if (!answer)
		abort();
	if (answer->failure && answer->failure->kind == SUANPAN__FAILURE_KIND__FAILURE_INTERNAL)
		fixture->failed = true;
	suanpan__answer__free_unpacked(answer, NULL);
	if (fixture->answer_size + size > ANSWER_MAX)
		abort();
	memcpy(fixture->answer + fixture->answer_size, bytes, size);
	fixture->answer_size += size;
	return 0;
}

static int ask(struct fixture *fixture, const struct question *question)
{
	fixture->answer_size = 0;
	fixture->failed = false;
	return query_answer(&fixture->context, question->bytes, question->size, keep, fixture);
}

static void add_question(struct fixture *fixture, Suanpan__Query *query)
{
	struct question *question = &fixture->questions[fixture->count++];
	assert_true(fixture->count <= QUESTIONS_MAX);
	query->major = ENVELOPE_MAJOR;
	query->number = fixture->count;
	assert_int_equal(envelope_pack(&query->base, ENVELOPE_REQUEST_MAX, &question->bytes, &question->size),
	                 0);
	assert_int_equal(ask(fixture, question), 0);
	assert_false(fixture->failed);
	question->right_size = fixture->answer_size;
	question->right = malloc(fixture->answer_size);
	memcpy(question->right, fixture->answer, fixture->answer_size);
}

static void add_series(struct fixture *fixture, char *code, char *area, char *as_of)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__SeriesQuery series = SUANPAN__SERIES_QUERY__INIT;
	query.series = &series;
	query.as_of = as_of;
	series.code = code;
	series.area = area;
	add_question(fixture, &query);
}

static void add_questions(struct fixture *fixture)
{
	char beds_per_1000[] = "beds_per_1000", beds[] = "beds", people[] = "people", births[] = "births";
	char north[] = "north", south[] = "south", month[] = "2024-06", half[] = "2024-S1", commit[] = "9";
	char plan_code[] = "little", formula[] = "beds + births";
	add_series(fixture, beds_per_1000, NULL, NULL);
	add_series(fixture, beds_per_1000, north, NULL);
	add_series(fixture, beds_per_1000, NULL, commit);
	add_series(fixture, beds, NULL, NULL);
	add_series(fixture, beds, south, NULL);
	add_series(fixture, people, NULL, NULL);
	add_series(fixture, births, NULL, commit);
	Suanpan__Query history_query = SUANPAN__QUERY__INIT;
	Suanpan__HistoryQuery history = SUANPAN__HISTORY_QUERY__INIT;
	history_query.history = &history;
	history.statistic = beds;
	history.area = north;
	history.period = month;
	add_question(fixture, &history_query);
	Suanpan__Query plan_query = SUANPAN__QUERY__INIT;
	Suanpan__PlanQuery plan = SUANPAN__PLAN_QUERY__INIT;
	plan_query.plan = &plan;
	plan.plan = plan_code;
	add_question(fixture, &plan_query);
	Suanpan__Query eval_query = SUANPAN__QUERY__INIT;
	Suanpan__EvalQuery eval = SUANPAN__EVAL_QUERY__INIT;
	eval_query.eval = &eval;
	eval.formula = formula;
	add_question(fixture, &eval_query);
	Suanpan__Query coverage_query = SUANPAN__QUERY__INIT;
	Suanpan__CoverageQuery coverage = SUANPAN__COVERAGE_QUERY__INIT;
	coverage_query.coverage = &coverage;
	coverage.period = half;
	add_question(fixture, &coverage_query);
	Suanpan__Query calendar_query = SUANPAN__QUERY__INIT;
	Suanpan__CalendarQuery due = SUANPAN__CALENDAR_QUERY__INIT;
	calendar_query.calendar = &due;
	calendar_query.as_of = commit; /* its day is today: the answer must not depend on when it is asked */
	add_question(fixture, &calendar_query);
	Suanpan__Query explain_query = SUANPAN__QUERY__INIT;
	Suanpan__ExplainQuery explain = SUANPAN__EXPLAIN_QUERY__INIT;
	explain_query.explain = &explain;
	explain.code = beds_per_1000;
	explain.area = north;
	explain.period = month;
	add_question(fixture, &explain_query);
	Suanpan__Query diff_query = SUANPAN__QUERY__INIT;
	Suanpan__DiffQuery diff = SUANPAN__DIFF_QUERY__INIT;
	diff_query.diff = &diff;
	diff.code = beds_per_1000;
	diff.period = month;
	diff.from = commit;
	add_question(fixture, &diff_query);
	Suanpan__Query list_query = SUANPAN__QUERY__INIT;
	Suanpan__ListQuery list = SUANPAN__LIST_QUERY__INIT;
	list_query.list = &list;
	list.kind = SUANPAN__LIST_KIND__LIST_STREAMS;
	add_question(fixture, &list_query);
}

/* ---- the store: a backup, as it has no pages that nobody uses */

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct backup_state made;
	log_set_level(LOG_LEVEL_ERROR);
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "backup");
	char *path = scratch_path(fixture->folder, "store");
	struct small_store *small = small_store_open(fixture->folder, path);
	small_store_live(small);
	small_store_close(small);
	assert_int_equal(backup_make(path, fixture->path, stderr, &made), 0);
	free(path);
	assert_int_equal(past_new(&fixture->context.past), 0);
	assert_int_equal(arena_new(ENVELOPE_UNPACK_BUDGET, &fixture->context.arena), 0);
	assert_int_equal(store_open_reader(fixture->path, &fixture->context.store), 0);
	add_questions(fixture);
	store_close(fixture->context.store);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;
	for (size_t i = 0; i < fixture->count; i++) {
		free(fixture->questions[i].bytes);
		free(fixture->questions[i].right);
	}
	past_free(fixture->context.past);
	arena_free(fixture->context.arena);
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

/* ---- the sweep */

enum answer { ALL_RIGHT, REFUSED, SOME_FAILED, WRONG /* and which question */ };

static void ignore(void *context, const char *finding)
{
	(void)context;
	(void)finding;
}

static uint8_t ask_all(struct fixture *fixture)
{
	uint8_t answer = ALL_RIGHT;
	for (size_t i = 0; i < fixture->count && answer < WRONG; i++) {
		const struct question *question = &fixture->questions[i];
		int result = ask(fixture, question);
		if (result != 0 || fixture->failed)
			answer = SOME_FAILED;
		else if (fixture->answer_size != question->right_size ||
		         memcmp(fixture->answer, question->right, question->right_size) != 0)
			answer = (uint8_t)(WRONG + i);
	}
	return answer;
}

/* Every third byte, to be done in a minute; SUANPAN_EVERY_BYTE=1 for all of them. */
static void begin(const struct fixture *fixture, struct flips *flips)
{
	flips_begin(flips, fixture->path, "data.mdb");
	if (flips->stride == 1 && !getenv("SUANPAN_EVERY_BYTE"))
		flips->stride = 3;
}

/* As a daemon starts on a store that was not closed. */
static uint8_t start_and_ask(void *closure)
{
	struct fixture *fixture = closure;
	struct pages_report report;
	if (store_open_reader(fixture->path, &fixture->context.store) != 0)
		return REFUSED;
	uint8_t answer = db_verify_pages(store_db(fixture->context.store), ignore, NULL, &report) == 0
	                     ? ask_all(fixture)
	                     : REFUSED;
	store_close(fixture->context.store);
	return answer;
}

static void begin_serving(void *closure)
{
	struct fixture *fixture = closure;
	if (store_open_reader(fixture->path, &fixture->context.store) != 0)
		abort();
}

static uint8_t go_on_asking(void *closure)
{
	return ask_all(closure);
}

static bool is_wrong(const struct flips *flips, size_t at)
{
	return flips->answers[at] >= WRONG && flips->answers[at] != FLIPS_ENDED;
}

static size_t count_wrong(const struct fixture *fixture, const struct flips *flips)
{
	size_t wrong = 0;
	for (size_t at = 0; at < flips->size; at += flips->stride)
		if (is_wrong(flips, at)) {
			wrong++;
			print_message("byte %zu of page %zu: question %d is answered wrongly\n", at % 4096,
			              at / 4096, flips->answers[at] - WRONG + 1);
		}
	print_message("%zu flips: %zu ended the reader, %zu were refused at once, %zu made a query fail, %zu "
	              "left all %zu answers right, %zu wrong\n",
	              flips_total(flips), flips_count(flips, FLIPS_ENDED), flips_count(flips, REFUSED),
	              flips_count(flips, SOME_FAILED), flips_count(flips, ALL_RIGHT), fixture->count, wrong);
	return wrong;
}

static void a_daemon_that_starts_on_a_flipped_store_gives_no_wrong_answer(void **state)
{
	struct fixture *fixture = *state;
	struct flips flips;
	begin(fixture, &flips);
	flips_sweep(&flips, start_and_ask, fixture);
	assert_int_equal(count_wrong(fixture, &flips), 0);
	flips_done(&flips);
}

/* Does the byte lie in a leaf of a table, where the values are? The rest are pages above them: branches,
 * the list of tables (a leaf, too, here a single one), meta pages. */
static bool is_among_values(const struct flips *flips, size_t at)
{
	const uint8_t *page = flips->bytes + at / 4096 * 4096;
	uint64_t list; /* the root of the tree of tables, in the newer meta page: in a copy the second */
	uint16_t page_flags;
	memcpy(&list, flips->bytes + 4096 + 16 + 24 + 48 + 40, sizeof list);
	memcpy(&page_flags, page + 10, sizeof page_flags);
	return at / 4096 >= 2 && at / 4096 != list && page_flags == 2;
}

/* The pages above the values are looked at when the daemon starts. One of their bytes that is flipped
 * later, a number of another page, can make a table seem to end early: `suanpand check` finds it, an
 * answer does not always. */
static void a_flip_among_the_values_of_a_daemon_that_serves_gives_no_wrong_answer(void **state)
{
	struct fixture *fixture = *state;
	struct flips flips;
	size_t among = 0, above = 0;
	begin(fixture, &flips);
	flips.begin = begin_serving;
	flips_sweep(&flips, go_on_asking, fixture);
	count_wrong(fixture, &flips);
	for (size_t at = 0; at < flips.size; at += flips.stride)
		if (is_wrong(&flips, at))
			*(is_among_values(&flips, at) ? &among : &above) += 1;
	assert_int_equal(among, 0);
	assert_true(above <= 20);
	flips_done(&flips);
}

#define FLIP_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FLIP_TEST(a_daemon_that_starts_on_a_flipped_store_gives_no_wrong_answer),
	    FLIP_TEST(a_flip_among_the_values_of_a_daemon_that_serves_gives_no_wrong_answer),
	};
	return cmocka_run_group_tests_name("query_flips", tests, NULL, NULL);
}
