#include "tests/unit/little_vocabulary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scripted_daemon.h"

static void an_area_is_found_by_code_and_by_any_name(void **state)
{
	(void)state;
	struct vocabulary *vocabulary = little_vocabulary();
	static const struct {
		const char *text, *code;
	} rows[] = {
	    {"440103", "440103"},
	    {"Liwan", "440103"},
	    {"liwan", "440103"},
	    {"LIWAN", "440103"},
	    {"Liwan District", "440103"},
	    {"荔湾区", "440103"},
	    {"荔湾", "440103"},
	    {"荔灣區", "440103"},
	    {"荔灣", "440103"},
	    {"广州", "440100"},
	    {"廣州市", "440100"},
	    {"Guangzhou City", "440100"},
	    {"central", "central"},
	    {"中心城區", "central"},
	    {"Liwa", NULL},
	    {"", NULL},
	    {"区", NULL},
	    {"District", NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool ambiguous;
		uint32_t area =
		    vocabulary_find_area(vocabulary, rows[i].text, strlen(rows[i].text), &ambiguous);
		assert_false(ambiguous);
		if (rows[i].code && area == WORDS_NONE)
			print_error("%s\n", rows[i].text);
		if (rows[i].code)
			assert_string_equal(vocabulary->areas[area].code, rows[i].code);
		else
			assert_int_equal(area, WORDS_NONE);
	}
	vocabulary_free(vocabulary);
}

static void a_name_of_two_areas_is_ambiguous(void **state)
{
	(void)state;
	struct little_bytes bytes = little_bytes();
	Suanpan__ListRow more[] = {little_area("440105001", "street", "Liwan", "荔湾街道", "荔灣街道")};
	little_add_answer(&bytes, SUANPAN__LIST_KIND__LIST_AREAS, more, 1);
	struct vocabulary *vocabulary;
	bool ambiguous;
	assert_int_equal(vocabulary_new(bytes.bytes, bytes.size, &vocabulary), 0);
	assert_int_equal(vocabulary_find_area(vocabulary, "liwan", 5, &ambiguous), WORDS_NONE);
	assert_true(ambiguous);
	uint32_t district = vocabulary_find_area(vocabulary, "荔湾区", strlen("荔湾区"), &ambiguous);
	assert_string_equal(vocabulary->areas[district].code, "440103");
	uint32_t street = vocabulary_find_area(vocabulary, "荔湾街道", strlen("荔湾街道"), &ambiguous);
	assert_string_equal(vocabulary->areas[street].code, "440105001");
	vocabulary_free(vocabulary);
}

static void a_scope_is_exact(void **state)
{
	(void)state;
	struct vocabulary *vocabulary = little_vocabulary();
	uint32_t bureau = words_find(&vocabulary->reporters, "bureau", 6);
	for (uint32_t i = 0; i < vocabulary->area_codes.count; i++)
		assert_int_equal(vocabulary_may_report_area(vocabulary, bureau, i),
		                 strcmp(vocabulary->areas[i].code, "440100") == 0);
	for (uint32_t i = 0; i < vocabulary->statistic_codes.count; i++)
		assert_int_equal(vocabulary_may_report_statistic(vocabulary, bureau, i),
		                 strcmp(vocabulary->statistics[i].code, "expectancy") == 0);
	vocabulary_free(vocabulary);
}

static void bytes_that_are_cut_short_or_twice_are_malformed(void **state)
{
	(void)state;
	struct little_bytes bytes = little_bytes();
	struct vocabulary *vocabulary;
	size_t accepted = 0;
	for (size_t size = 0; size < bytes.size; size++) {
		int answer = vocabulary_new(bytes.bytes, size, &vocabulary);
		assert_true(answer == 0 || answer == VOCABULARY_MALFORMED);
		if (answer == 0) {
			accepted++;
			vocabulary_free(vocabulary);
		}
	}
	assert_int_equal(accepted, 4); /* cut between the parts */
	Suanpan__ListRow again[] = {little_statistic("residents", "A", 0, "district")};
	little_add_answer(&bytes, SUANPAN__LIST_KIND__LIST_STATISTICS, again, 1);
	assert_int_equal(vocabulary_new(bytes.bytes, bytes.size, &vocabulary), VOCABULARY_MALFORMED);
}

/* ---- asking ---- */

/* Answers each kind with one row in a chunk of its own and one in the last; numbers and commits differ every
 * time. */
static void answer_lists(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	static uint64_t commit;
	assert_non_null(query->list);
	for (int i = 0; i < 2; i++) {
		Suanpan__ListRow row = little_statistic(i ? "one" : "two", "A", 0, "district");
		Suanpan__ListRow *rows[] = {&row};
		Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
		row.kind = (char[]){"district"};
		row.has_reports = 1;
		row.reports = commit;
		answer.major = 1;
		answer.number = query->number;
		answer.last = i == 1;
		answer.has_commit = 1;
		answer.commit = ++commit;
		answer.n_list = 1;
		answer.list = rows;
		scripted_send(daemon, &answer);
	}
}

static void asking_twice_gives_the_same_bytes(void **state)
{
	(void)state;
	struct scripted_daemon daemon;
	struct sentence why;
	void *context = zmq_ctx_new(), *bytes[2];
	size_t sizes[2];
	scripted_start(&daemon, answer_lists);
	for (int i = 0; i < 2; i++)
		assert_int_equal(vocabulary_ask(context, daemon.url, NULL, 5000, &why, &bytes[i], &sizes[i]),
		                 0);
	scripted_stop(&daemon);
	zmq_ctx_term(context);
	assert_int_equal(daemon.asked, 6);
	assert_int_equal(sizes[0], sizes[1]);
	assert_memory_equal(bytes[0], bytes[1], sizes[0]);
	struct vocabulary *vocabulary;
	assert_int_equal(vocabulary_new(bytes[0], sizes[0], &vocabulary), 0);
	assert_int_equal(vocabulary->statistic_codes.count, 2);
	assert_int_equal(vocabulary->reporters.count, 2);
	vocabulary_free(vocabulary);
	free(bytes[0]);
	free(bytes[1]);
}

static void a_daemon_that_is_not_there_is_a_sentence(void **state)
{
	(void)state;
	struct sentence why = {.text = ""};
	void *context = zmq_ctx_new(), *bytes;
	size_t size;
	assert_int_equal(
	    vocabulary_ask(context, "ipc:///tmp/suanpan-nobody-here", NULL, 50, &why, &bytes, &size),
	    VOCABULARY_UNREACHABLE);
	assert_non_null(strstr(why.text, "nobody answers at ipc:///tmp/suanpan-nobody-here"));
	zmq_ctx_term(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_area_is_found_by_code_and_by_any_name),
	    cmocka_unit_test(a_name_of_two_areas_is_ambiguous),
	    cmocka_unit_test(a_scope_is_exact),
	    cmocka_unit_test(bytes_that_are_cut_short_or_twice_are_malformed),
	    cmocka_unit_test(asking_twice_gives_the_same_bytes),
	    cmocka_unit_test(a_daemon_that_is_not_there_is_a_sentence),
	};
	return cmocka_run_group_tests_name("report_vocabulary", tests, NULL, NULL);
}
