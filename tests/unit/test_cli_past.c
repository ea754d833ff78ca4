/* The commands about the past and about what stands behind a value, against a daemon that says what it is told to. */
#include "clients/query/commands.h"

#include "tests/unit/scripted_command.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void answer_nothing(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	send_answer(daemon, query, &answer);
}

/* ----------------------------------------------------------------------------------------------- as of */

#define MOMENT "2024-05-01T12:00+08:00"

static void expect_moment(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	assert(is_text(query->as_of, MOMENT));
	answer_nothing(daemon, query);
}

static void expect_now(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	assert(!query->as_of);
	answer_nothing(daemon, query);
}

static void every_question_of_the_past_carries_its_moment(void **state)
{
	(void)state;
	must_ask(expect_moment, "status --as-of " MOMENT);
	must_ask(expect_moment, "get beds --as-of " MOMENT);
	must_ask(expect_moment, "--as-of=" MOMENT " plan plan14");
	must_ask(expect_moment, "history beds Liwan 2020 --as-of " MOMENT);
	must_ask(expect_moment, "eval beds --as-of " MOMENT);
	must_ask(expect_moment, "coverage 2020 --as-of " MOMENT);
	must_ask(expect_moment, "explain beds Liwan 2020 --as-of " MOMENT);
	must_ask(expect_now, "get beds");
	must_ask(expect_now, "list areas");
}

static void moments_are_the_daemons_to_read_but_not_empty(void **state)
{
	(void)state;
	must_refuse("get beds --as-of=", "suanpan get: --as-of needs a value: --as-of COMMIT|DAY|TIME\n");
	must_refuse("get beds --as-of ''", "suanpan get: --as-of needs a value: --as-of COMMIT|DAY|TIME\n");
	must_refuse("status --as-off 1", "suanpan status: there is no option '--as-off'; did you mean "
	                                 "'--as-of'?\n");
	must_refuse("list streams --as-of 1",
	            "suanpan list: streams are known only as they are now, without --as-of\n");
	must_refuse("list reporters --as-of 1",
	            "suanpan list: reporters are known only as they are now, without --as-of\n");
}

/* ------------------------------------------------------------------------------------------------ eval */

static void expect_whole_eval(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	const Suanpan__EvalQuery *eval = query->eval;

	assert(eval && is_text(eval->formula, "1000 * beds / residents") && is_text(eval->area, "outer"));
	assert(is_text(eval->from, "2021") && is_text(eval->to, "2025-12"));
	assert(is_text(eval->frequency, "Q") && eval->has_decimals && eval->decimals == 9);
	assert(query->language == SUANPAN__LANGUAGE__LANGUAGE_SIMPLIFIED);
	answer_nothing(daemon, query);
}

static void expect_bare_eval(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	const Suanpan__EvalQuery *eval = query->eval;

	assert(eval && is_text(eval->formula, "-beds") && eval->decimals == 2);
	assert(!eval->area && !eval->from && !eval->to && !eval->frequency);
	answer_nothing(daemon, query);
}

static void eval_asks_what_was_typed(void **state)
{
	(void)state;
	must_ask(expect_whole_eval, "eval '1000 * beds / residents' --area outer --from 2021 --to 2025-M12 "
	                            "--frequency Q --decimals 9 --lang zh-hans");
	must_ask(expect_bare_eval, "-- eval -beds");
}

static Suanpan__Value beds_per_1000(void)
{
	Suanpan__Value value = SUANPAN__VALUE__INIT;
	static char code[] = "eval", area[] = "outer", name[] = "外围城区", period[] = "2020",
	            number[] = "5.43", unit[] = "", status[] = "A";

	value.code = code;
	value.area = area;
	value.area_name = name;
	value.period = period;
	value.value = number;
	value.unit = unit;
	value.status = status;
	value.reported = value.expected = 7;
	value.has_commit = true;
	value.commit = 12;
	return value;
}

static void answer_eval(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Value first = beds_per_1000(), second = beds_per_1000();
	Suanpan__Value *rows[] = {&first, &second};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	char *names[] = {TEXT("南沙区")};

	first.carried = names;
	first.n_carried = 1;
	second.period = TEXT("2021");
	second.value = NULL;
	second.reason = TEXT("division by zero");
	second.status = TEXT("P");
	second.reported = 6;
	second.missing = names;
	second.n_missing = 1;
	second.has_commit = false;
	answer.series = rows;
	answer.n_series = 2;
	send_answer(daemon, query, &answer);
}

static void eval_prints_what_get_does_without_a_code(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_eval);
	must_answer(&daemon, "eval x", EXIT_DONE,
	            "Area     Period            Value Coverage Missing Carried\n"
	            "外围城区 2020               5.43 7/7              南沙区\n"
	            "外围城区 2021   division by zero 6/7 P    南沙区  \n",
	            "");
	must_answer(&daemon, "eval x --format csv", EXIT_DONE,
	            "area,period,value,status,reported,expected,missing,commit\n"
	            "outer,2020,5.43,A,7,7,,12\n"
	            "outer,2021,,P,6,7,南沙区,\n",
	            "");
	must_answer(&daemon, "eval x --format json", EXIT_DONE,
	            "[\n"
	            "{\"area\": \"outer\", \"period\": \"2020\", \"value\": 5.43, \"status\": \"A\", "
	            "\"reported\": 7, \"expected\": 7, \"missing\": [], \"commit\": 12},\n"
	            "{\"area\": \"outer\", \"period\": \"2021\", \"value\": null, \"status\": \"P\", "
	            "\"reported\": 6, \"expected\": 7, \"missing\": [\"南沙区\"], \"commit\": null}\n"
	            "]\n",
	            "");
	scripted_stop(&daemon);
}

/* -------------------------------------------------------------------------------------------- coverage */

static void expect_whole_coverage(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	const Suanpan__CoverageQuery *coverage = query->coverage;

	assert(coverage && is_text(coverage->period, "2020-Q1"));
	assert(is_text(coverage->statistic, "beds") && is_text(coverage->reporter, "liwan"));
	answer_nothing(daemon, query);
}

static void expect_bare_coverage(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	const Suanpan__CoverageQuery *coverage = query->coverage;

	assert(coverage && is_text(coverage->period, "2020") && !coverage->statistic && !coverage->reporter);
	answer_nothing(daemon, query);
}

static void coverage_asks_what_was_typed_not_the_senders_environment(void **state)
{
	(void)state;
	must_ask(expect_whole_coverage, "coverage 2020-Q1 --statistic beds --reporter liwan");
	must_ask(expect_whole_coverage, "--reporter liwan coverage 2020-Q1 --statistic beds");
	setenv("SUANPAN_REPORTER", "yuexiu", 1);
	must_ask(expect_bare_coverage, "coverage 2020");
	unsetenv("SUANPAN_REPORTER");
}

static void answer_coverage(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__CoverageRow first = SUANPAN__COVERAGE_ROW__INIT, second;
	Suanpan__CoverageRow *rows[] = {&first, &second};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	char *names[] = {TEXT("荔湾区"), TEXT("Nansha")};

	first.statistic = TEXT("beds");
	first.name = TEXT("Hospital beds");
	first.period = TEXT("2020-06");
	first.due = TEXT("2020-07-15");
	first.expected = first.received = first.on_time = 11;
	second = first;
	second.period = TEXT("2020-07");
	second.due = TEXT("2020-08-15");
	second.received = 8;
	second.on_time = 7;
	second.late = 1;
	second.has_days_late = true;
	second.days_late = 12;
	second.missing = names;
	second.n_missing = 2; /* an answer names only so many */
	second.revised = 3;
	answer.coverage = rows;
	answer.n_coverage = 2;
	send_answer(daemon, query, &answer);
}

static void coverage_prints_who_is_late_and_who_is_missing(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_coverage);
	must_answer(&daemon, "coverage 2020", EXIT_DONE,
	            "Statistic     Period  Due        Expected Received On time Late Days late "
	            "Missing                   Revised\n"
	            "Hospital beds 2020-06 2020-07-15       11       11      11    0           "
	            "                                0\n"
	            "Hospital beds 2020-07 2020-08-15       11        8       7    1        12 "
	            "荔湾区, Nansha and 1 more       3\n"
	            "complete: 1 of 2; missing: 3 in all\n",
	            "");
	must_answer(&daemon, "coverage 2020 --format csv", EXIT_DONE,
	            "statistic,period,due,expected,received,on_time,late,days_late,missing,revised\n"
	            "beds,2020-06,2020-07-15,11,11,11,0,,,0\n"
	            "beds,2020-07,2020-08-15,11,8,7,1,12,荔湾区;Nansha,3\n",
	            "");
	must_answer(&daemon, "coverage 2020 --format json", EXIT_DONE,
	            "[\n"
	            "{\"statistic\": \"beds\", \"period\": \"2020-06\", \"due\": \"2020-07-15\", "
	            "\"expected\": 11, \"received\": 11, \"on_time\": 11, \"late\": 0, \"days_late\": null, "
	            "\"missing\": [], \"revised\": 0},\n"
	            "{\"statistic\": \"beds\", \"period\": \"2020-07\", \"due\": \"2020-08-15\", "
	            "\"expected\": 11, \"received\": 8, \"on_time\": 7, \"late\": 1, \"days_late\": 12, "
	            "\"missing\": [\"荔湾区\", \"Nansha\"], \"revised\": 3}\n"
	            "]\n",
	            "");
	scripted_stop(&daemon);
}

/* --------------------------------------------------------------------------------------------- explain */

static void expect_explain(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	const Suanpan__ExplainQuery *explain = query->explain;

	assert(explain && is_text(explain->code, "beds") && is_text(explain->area, "荔湾区"));
	assert(is_text(explain->period, "2020-06"));
	answer_nothing(daemon, query);
}

static void explain_asks_what_was_typed(void **state)
{
	(void)state;
	must_ask(expect_explain, "explain beds 荔湾区 2020-M06");
}

static Suanpan__Input liwans_beds(void)
{
	Suanpan__Input input = SUANPAN__INPUT__INIT;
	static char statistic[] = "beds", area[] = "440103", name[] = "荔湾区", period[] = "2020-06",
	            value[] = "6512", status[] = "A", reporter[] = "liwan",
	            stream[] = "00112233445566778899aabbccddeeff", time[] = "2020-07-02T09:00:00+08:00";

	input.statistic = statistic;
	input.area = area;
	input.area_name = name;
	input.period = period;
	input.value = value;
	input.status = status;
	input.revision = 2;
	input.reporter = reporter;
	input.stream = stream;
	input.sequence = 12;
	input.entry = 40;
	input.commit = 9;
	input.time = time;
	input.counted = true;
	return input;
}

static Suanpan__Part part_of(char *text, char *total)
{
	Suanpan__Part part = SUANPAN__PART__INIT;
	static char unit[] = "beds", from[] = "2020-06";

	part.text = text;
	part.total = total;
	part.unit = unit;
	part.from = part.to = from;
	return part;
}

/* In chunks, the second of which begins inside of a part: rows die with their chunk. */
static void answer_explain(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Value value = beds_per_1000();
	Suanpan__Part beds = part_of(TEXT("beds"), TEXT("6512")),
	              jobs = part_of(TEXT("cumulative(jobs)"), NULL), none = part_of(TEXT("residents"), NULL);
	Suanpan__Input first = liwans_beds(), second = liwans_beds(), third = liwans_beds();
	Suanpan__ExplainRow all[7], *rows[7];
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT, more = SUANPAN__ANSWER__INIT;
	char *names[] = {TEXT("南沙区")};

	for (size_t i = 0; i < 7; i++) {
		suanpan__explain_row__init(&all[i]);
		rows[i] = &all[i];
	}
	value.code = TEXT("beds_per_1000");
	value.unit = TEXT("beds");
	value.status = TEXT("P");
	value.reported = 6;
	value.missing = value.carried = names;
	value.n_missing = value.n_carried = 1;
	second.area = TEXT("440115");
	second.area_name = TEXT("Nansha");
	second.period = TEXT("2019-12");
	second.value = NULL;
	second.status = TEXT("O");
	second.counted = false;
	second.carried = true;
	second.sequence = 3;
	third.statistic = TEXT("jobs");
	third.carried = true;
	jobs.from = TEXT("2016");
	all[0].value = &value;
	all[0].formula = TEXT("1000 * beds / residents");
	all[1].part = &beds;
	all[2].input = &first;
	all[3].input = &second;
	all[4].part = &jobs;
	all[5].input = &third;
	all[6].part = &none;
	answer.major = 1;
	answer.number = query->number;
	answer.explain = rows;
	answer.n_explain = 3;
	scripted_send(daemon, &answer);
	more.explain = rows + 3;
	more.n_explain = 4;
	send_answer(daemon, query, &more);
}

static void explain_prints_each_part_and_what_is_in_it(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_explain);
	must_answer(
	    &daemon, "explain beds_per_1000 outer 2020", EXIT_DONE,
	    "beds_per_1000, 外围城区, 2020\n"
	    "  formula  1000 * beds / residents\n"
	    "  value    5.43 beds\n"
	    "  coverage 6/7 P\n"
	    "  missing  南沙区\n"
	    "  carried  南沙区\n"
	    "\n"
	    "beds = 6512 beds (2020-06)\n"
	    "  Area   Period  Value Status Revision Reporter Report      Commit Time                   "
	    "   Remark\n"
	    "  荔湾区 2020-06  6512 A             2 liwan    00112233/12      9 2020-07-02T09:00:00+08:"
	    "00 \n"
	    "  Nansha 2019-12  none O             2 liwan    00112233/3       9 2020-07-02T09:00:00+08:"
	    "00 carried, not counted\n"
	    "\n"
	    "cumulative(jobs): no data (2016 to 2020-06)\n"
	    "  Area   Period  Value Status Revision Reporter Report      Commit Time                   "
	    "   Remark\n"
	    "  荔湾区 2020-06  6512 A             2 liwan    00112233/12      9 2020-07-02T09:00:00+08:"
	    "00 carried\n"
	    "\n"
	    "residents: no data (2020-06)\n"
	    "  nothing reported\n",
	    "");
	must_answer(
	    &daemon, "explain beds_per_1000 outer 2020 --format csv", EXIT_DONE,
	    "part,statistic,area,period,value,status,revision,reporter,stream,sequence,entry,commit,time,"
	    "counted,carried\n"
	    "beds,beds,440103,2020-06,6512,A,2,liwan,00112233445566778899aabbccddeeff,12,40,9,"
	    "2020-07-02T09:00:00+08:00,true,false\n"
	    "beds,beds,440115,2019-12,,O,2,liwan,00112233445566778899aabbccddeeff,3,40,9,"
	    "2020-07-02T09:00:00+08:00,false,true\n"
	    "cumulative(jobs),jobs,440103,2020-06,6512,A,2,liwan,00112233445566778899aabbccddeeff,12,40,9,"
	    "2020-07-02T09:00:00+08:00,true,true\n",
	    "");
	scripted_stop(&daemon);
}

static void explain_is_one_object_in_json(void **state)
{
	const char *expected =
	    "{\"code\": \"beds_per_1000\", \"area\": \"outer\", \"period\": \"2020\", \"value\": 5.43, "
	    "\"unit\": \"beds\", \"status\": \"P\", \"reported\": 6, \"expected\": 7, \"missing\": "
	    "[\"南沙区\"], \"commit\": 12, \"formula\": \"1000 * beds / residents\", \"parts\": [\n"
	    "{\"text\": \"beds\", \"total\": 6512, \"unit\": \"beds\", \"from\": \"2020-06\", \"to\": "
	    "\"2020-06\", \"inputs\": [\n"
	    "{\"statistic\": \"beds\", \"area\": \"440103\", \"period\": \"2020-06\", \"value\": 6512, "
	    "\"status\": \"A\", \"revision\": 2, \"reporter\": \"liwan\", \"stream\": "
	    "\"00112233445566778899aabbccddeeff\", \"sequence\": 12, \"entry\": 40, \"commit\": 9, \"time\": "
	    "\"2020-07-02T09:00:00+08:00\", \"counted\": true, \"carried\": false},\n"
	    "{\"statistic\": \"beds\", \"area\": \"440115\", \"period\": \"2019-12\", \"value\": null, "
	    "\"status\": \"O\", \"revision\": 2, \"reporter\": \"liwan\", \"stream\": "
	    "\"00112233445566778899aabbccddeeff\", \"sequence\": 3, \"entry\": 40, \"commit\": 9, \"time\": "
	    "\"2020-07-02T09:00:00+08:00\", \"counted\": false, \"carried\": true}\n"
	    "]},\n"
	    "{\"text\": \"cumulative(jobs)\", \"total\": null, \"unit\": \"beds\", \"from\": \"2016\", "
	    "\"to\": "
	    "\"2020-06\", \"inputs\": [\n"
	    "{\"statistic\": \"jobs\", \"area\": \"440103\", \"period\": \"2020-06\", \"value\": 6512, "
	    "\"status\": \"A\", \"revision\": 2, \"reporter\": \"liwan\", \"stream\": "
	    "\"00112233445566778899aabbccddeeff\", \"sequence\": 12, \"entry\": 40, \"commit\": 9, \"time\": "
	    "\"2020-07-02T09:00:00+08:00\", \"counted\": true, \"carried\": true}\n"
	    "]},\n"
	    "{\"text\": \"residents\", \"total\": null, \"unit\": \"beds\", \"from\": \"2020-06\", \"to\": "
	    "\"2020-06\", \"inputs\": []}\n"
	    "]}\n";
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_explain);
	must_answer(&daemon, "explain beds_per_1000 outer 2020 --format json", EXIT_DONE, expected, "");
	scripted_stop(&daemon);
}

/* Then silence: what came so far is not printed. */
static void answer_half(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Value value = beds_per_1000();
	Suanpan__ExplainRow row = SUANPAN__EXPLAIN_ROW__INIT, *rows[] = {&row};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	row.value = &value;
	answer.major = 1;
	answer.number = query->number;
	answer.explain = rows;
	answer.n_explain = 1;
	scripted_send(daemon, &answer);
}

static void half_an_explanation_is_none(void **state)
{
	struct scripted_daemon daemon;
	struct outcome outcome;
	char line[256];

	(void)state;
	scripted_start(&daemon, answer_half);
	snprintf(line, sizeof line, "--query %s --timeout 0.2 explain beds outer 2020", daemon.url);
	outcome = run(line);
	assert_int_equal(outcome.status, EXIT_UNREACHABLE);
	assert_string_equal(outcome.out, "");
	free(outcome.out);
	free(outcome.err);
	scripted_stop(&daemon);
}

/* ------------------------------------------------------------------------------------------------ diff */

static void expect_diff(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	const Suanpan__DiffQuery *diff = query->diff;

	assert(diff && is_text(diff->code, "beds") && is_text(diff->area, "outer"));
	assert(is_text(diff->period, "2020") && is_text(diff->from, "17") && is_text(diff->to, MOMENT));
	assert(!query->as_of);
	answer_nothing(daemon, query);
}

static void expect_diff_to_now(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	assert(query->diff && is_text(query->diff->from, "2024-05-01") && !query->diff->to);
	answer_nothing(daemon, query);
}

static void diff_asks_what_was_typed(void **state)
{
	(void)state;
	must_ask(expect_diff, "diff beds outer 2020-A1 --from 17 --to " MOMENT);
	must_ask(expect_diff_to_now, "diff beds outer 2020 --from 2024-05-01");
}

static Suanpan__DiffRow nanshas_beds(void)
{
	Suanpan__DiffRow row = SUANPAN__DIFF_ROW__INIT;
	static char area[] = "440115", name[] = "南沙区", statistic[] = "beds", period[] = "2020-06",
	            before[] = "3120", after[] = "3150", reporter[] = "nansha";

	row.area = area;
	row.area_name = name;
	row.statistic = statistic;
	row.period = period;
	row.before = before;
	row.after = after;
	row.reporter = reporter;
	row.has_entry = row.has_commit = true;
	row.entry = 52;
	row.commit = 31;
	return row;
}

static void answer_diff(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__DiffRow first = nanshas_beds(), second = nanshas_beds(), third = nanshas_beds(),
	                 whole = SUANPAN__DIFF_ROW__INIT;
	Suanpan__DiffRow *rows[] = {&first, &second, &third, &whole};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	second.statistic = TEXT("residents");
	second.before = NULL;
	second.moved = TEXT("0.0231");
	third.area = TEXT("440103");
	third.area_name = TEXT("Liwan");
	third.moved = TEXT("-0.0100");
	whole.before = TEXT("5.43");
	whole.after = TEXT("5.44");
	whole.moved = TEXT("0.0131");
	answer.diff = rows;
	answer.n_diff = 4;
	send_answer(daemon, query, &answer);
}

static void diff_prints_the_parts_and_the_whole(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_diff);
	must_answer(&daemon, "diff beds_per_1000 outer 2020 --from 17", EXIT_DONE,
	            "Area   Statistic Period  Before After Reporter Commit   Moved\n"
	            "南沙区 beds      2020-06   3120  3150 nansha       31 \n"
	            "南沙区 residents 2020-06   none  3150 nansha       31 +0.0231\n"
	            "Liwan  beds      2020-06   3120  3150 nansha       31 -0.0100\n"
	            "in all                     5.43  5.44                 +0.0131\n",
	            "");
	must_answer(&daemon, "diff beds_per_1000 outer 2020 --from 17 --format csv", EXIT_DONE,
	            "area,statistic,period,before,after,reporter,entry,commit,moved\n"
	            "440115,beds,2020-06,3120,3150,nansha,52,31,\n"
	            "440115,residents,2020-06,,3150,nansha,52,31,0.0231\n"
	            "440103,beds,2020-06,3120,3150,nansha,52,31,-0.0100\n"
	            ",,,5.43,5.44,,,,0.0131\n",
	            "");
	must_answer(&daemon, "diff beds_per_1000 outer 2020 --from 17 --format json", EXIT_DONE,
	            "[\n"
	            "{\"area\": \"440115\", \"statistic\": \"beds\", \"period\": \"2020-06\", \"before\": "
	            "3120, \"after\": 3150, \"reporter\": \"nansha\", \"entry\": 52, \"commit\": 31, "
	            "\"moved\": null},\n"
	            "{\"area\": \"440115\", \"statistic\": \"residents\", \"period\": \"2020-06\", "
	            "\"before\": null, \"after\": 3150, \"reporter\": \"nansha\", \"entry\": 52, \"commit\": "
	            "31, \"moved\": 0.0231},\n"
	            "{\"area\": \"440103\", \"statistic\": \"beds\", \"period\": \"2020-06\", \"before\": "
	            "3120, \"after\": 3150, \"reporter\": \"nansha\", \"entry\": 52, \"commit\": 31, "
	            "\"moved\": -0.0100},\n"
	            "{\"area\": null, \"statistic\": null, \"period\": null, \"before\": 5.43, \"after\": "
	            "5.44, \"reporter\": null, \"entry\": null, \"commit\": null, \"moved\": 0.0131}\n"
	            "]\n",
	            "");
	scripted_stop(&daemon);
}

/* ------------------------------------------------------------------------------------ none and mistakes */

static void empty_answer_is_no_error(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_nothing);
	must_answer(&daemon, "eval beds", EXIT_DONE, "", "nothing reported yet\n");
	must_answer(&daemon, "coverage 2020", EXIT_DONE, "", "nothing is due in that period\n");
	must_answer(&daemon, "explain beds Liwan 2020", EXIT_DONE, "", "nothing to explain\n");
	must_answer(&daemon, "explain beds Liwan 2020 --format json", EXIT_DONE, "null\n", "");
	must_answer(&daemon, "diff beds Liwan 2020 --from 1", EXIT_DONE, "", "nothing changed\n");
	scripted_stop(&daemon);
}

static void mistakes_are_found_before_anything_is_asked(void **state)
{
	(void)state;
	must_refuse("eval beds --decimals 10",
	            "suanpan eval: --decimals '10': expected a number from 0 to 9\n");
	must_refuse("eval beds --decimals -1",
	            "suanpan eval: --decimals '-1': expected a number from 0 to 9\n");
	must_refuse("eval beds --decimals two",
	            "suanpan eval: --decimals 'two': expected a number from 0 to 9\n");
	must_refuse("eval beds --from 2021 --to 2020", "suanpan: --from 2021 is after --to 2020\n");
	must_refuse("eval 1000 * beds", "suanpan eval: '*' is one argument too many; expected FORMULA\n");
	must_refuse("coverage lately", "suanpan: PERIOD 'lately': not a period; expected 2024, 2024-S1, "
	                               "2024-Q2, 2024-06 or 2024-06-15\n");
	must_refuse("coverage 2020 --statistics beds",
	            "suanpan coverage: there is no option '--statistics'; did you mean '--statistic'?\n");
	must_refuse("explain beds 2020", "suanpan explain: expected CODE AREA PERIOD, and that is too few\n");
	must_refuse("explian beds", "suanpan: there is no command 'explian'; did you mean 'explain'?\n");
	must_refuse("diff beds Liwan 2020",
	            "suanpan diff: since when? expected --from with a commit, a day or a time: --from "
	            "2024-05-01\n");
	must_refuse("diff beds Liwan 20 --from 1", "suanpan: PERIOD '20': not a period; expected 2024, "
	                                           "2024-S1, 2024-Q2, 2024-06 or 2024-06-15\n");
}

/* ----------------------------------------------------------------------------------- status and lists */

static void answer_status(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Status status = SUANPAN__STATUS__INIT;
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	status.version = TEXT("0.1.0");
	status.head = TEXT("00ff");
	status.started = TEXT("2021-01-05T09:00:00+08:00");
	status.has_recomputed = status.has_recomputed_in_all = status.has_changed = true;
	status.recomputed = 12;
	status.recomputed_in_all = 3400;
	status.changed = 0;
	status.catalogue = TEXT("c0ffee");
	status.has_disk_free_bytes = status.has_disk_reserve_bytes = true;
	status.disk_free_bytes = 4096;
	status.disk_reserve_bytes = 8192;
	status.refusing = TEXT("the disk is nearly full");
	answer.status = &status;
	send_answer(daemon, query, &answer);
}

static void status_tells_what_a_commit_cost(void **state)
{
	struct scripted_daemon daemon;
	struct outcome outcome;
	char line[256];

	(void)state;
	scripted_start(&daemon, answer_status);
	snprintf(line, sizeof line, "--query %s status --format csv", daemon.url);
	outcome = run(line);
	assert_int_equal(outcome.status, EXIT_DONE);
	assert_non_null(strstr(outcome.out,
	                       "\nused_bytes,0\nrecomputed,12\nrecomputed_in_all,3400\nchanged,0\n"
	                       "catalogue,c0ffee\ndisk_free_bytes,4096\ndisk_reserve_bytes,8192\n"
	                       "refusing,the disk is nearly full\n"));
	free(outcome.out);
	free(outcome.err);
	scripted_stop(&daemon);
}

static void answer_areas(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__ListRow old = SUANPAN__LIST_ROW__INIT, district = SUANPAN__LIST_ROW__INIT;
	Suanpan__ListRow *rows[] = {&old, &district};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	char *successors[] = {TEXT("440112"), TEXT("440118")};

	old.code = TEXT("440116");
	old.name = TEXT("萝岗区");
	old.kind = TEXT("district");
	old.parent = TEXT("440100");
	old.valid_from = TEXT("2005-04-28");
	old.valid_to = TEXT("2014-12-31");
	old.successor = successors;
	old.n_successor = 2;
	district.code = TEXT("440112");
	district.name = TEXT("Huangpu");
	district.kind = TEXT("district");
	district.parent = TEXT("440100");
	answer.list = rows;
	answer.n_list = 2;
	send_answer(daemon, query, &answer);
}

static void list_of_areas_shows_when_a_code_was_in_force(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_areas);
	must_answer(&daemon, "list areas", EXIT_DONE,
	            "Code   Name    Kind     Parent From       To         Successors\n"
	            "440116 萝岗区  district 440100 2005-04-28 2014-12-31 440112, 440118\n"
	            "440112 Huangpu district 440100                       \n",
	            "");
	must_answer(&daemon, "list areas --format csv", EXIT_DONE,
	            "code,name,kind,parent,members,name_en,name_zh_hans,name_zh_hant,valid_from,valid_to,"
	            "successors\n"
	            "440116,萝岗区,district,440100,,,,,2005-04-28,2014-12-31,440112;440118\n"
	            "440112,Huangpu,district,440100,,,,,,,\n",
	            "");
	scripted_stop(&daemon);
}

static void answer_reporters(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__ListRow one = SUANPAN__LIST_ROW__INIT, two = SUANPAN__LIST_ROW__INIT;
	Suanpan__ListRow *rows[] = {&one, &two};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	char *statistics[] = {TEXT("a"), TEXT("b"), TEXT("c"), TEXT("d"), TEXT("e"), TEXT("f"), TEXT("g")};
	char *areas[] = {TEXT("1"), TEXT("2"), TEXT("3"), TEXT("4"), TEXT("5"), TEXT("6")};

	one.code = TEXT("liwan");
	one.name = TEXT("Liwan");
	one.scope_area = areas;
	one.n_scope_area = 6;
	one.scope_statistic = two.scope_statistic = statistics;
	one.n_scope_statistic = 7;
	two.code = two.name = TEXT("bureau");
	two.n_scope_statistic = 5;
	answer.list = rows;
	answer.n_list = 2;
	send_answer(daemon, query, &answer);
}

static void list_of_reporters_cuts_a_long_scope_in_tables_only(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_reporters);
	must_answer(&daemon, "list reporters", EXIT_DONE,
	            "Code   Name   Areas            Statistics               Reports Last report\n"
	            "liwan  Liwan  1, 2, 3, 4, 5, 6 a, b, c, d, e and 2 more         \n"
	            "bureau bureau                  a, b, c, d, e                    \n",
	            "");
	must_answer(&daemon, "list reporters --format csv", EXIT_DONE,
	            "code,name,areas,statistics,reports,last_report,name_en,name_zh_hans,name_zh_hant,keys\n"
	            "liwan,Liwan,1;2;3;4;5;6,a;b;c;d;e;f;g,,,,,,\n"
	            "bureau,bureau,,a;b;c;d;e,,,,,,\n",
	            "");
	scripted_stop(&daemon);
}

/* ------------------------------------------------------------------------------------------------ help */

static void help_shows_an_example_and_each_option_once(void **state)
{
	const char *commands[] = {"eval", "coverage", "explain", "diff"};

	(void)state;
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		char line[64], example[64];
		struct outcome outcome;
		const char *reporter;

		snprintf(line, sizeof line, "%s --help", commands[i]);
		snprintf(example, sizeof example, "\nexample:\n  suanpan %s ", commands[i]);
		outcome = run(line);
		assert_int_equal(outcome.status, EXIT_DONE);
		assert_non_null(strstr(outcome.out, example));
		reporter = strstr(outcome.out, "--reporter NAME");
		assert_non_null(reporter);
		assert_null(strstr(reporter + 1, "--reporter NAME"));
		free(outcome.out);
		free(outcome.err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_question_of_the_past_carries_its_moment),
	    cmocka_unit_test(moments_are_the_daemons_to_read_but_not_empty),
	    cmocka_unit_test(eval_asks_what_was_typed),
	    cmocka_unit_test(eval_prints_what_get_does_without_a_code),
	    cmocka_unit_test(coverage_asks_what_was_typed_not_the_senders_environment),
	    cmocka_unit_test(coverage_prints_who_is_late_and_who_is_missing),
	    cmocka_unit_test(explain_asks_what_was_typed),
	    cmocka_unit_test(explain_prints_each_part_and_what_is_in_it),
	    cmocka_unit_test(explain_is_one_object_in_json),
	    cmocka_unit_test(half_an_explanation_is_none),
	    cmocka_unit_test(diff_asks_what_was_typed),
	    cmocka_unit_test(diff_prints_the_parts_and_the_whole),
	    cmocka_unit_test(empty_answer_is_no_error),
	    cmocka_unit_test(mistakes_are_found_before_anything_is_asked),
	    cmocka_unit_test(status_tells_what_a_commit_cost),
	    cmocka_unit_test(list_of_areas_shows_when_a_code_was_in_force),
	    cmocka_unit_test(list_of_reporters_cuts_a_long_scope_in_tables_only),
	    cmocka_unit_test(help_shows_an_example_and_each_option_once),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests_name("cli_past", tests, NULL, NULL);
}
