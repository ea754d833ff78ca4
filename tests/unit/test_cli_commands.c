/* The commands as they are typed, against a daemon that says what it is told to. */
#include "clients/query/commands.h"

#include "tests/unit/scripted_command.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --------------------------------------------------------------------------------------- what it says */

static Suanpan__Value residents(void)
{
	Suanpan__Value value = SUANPAN__VALUE__INIT;
	static char code[] = "residents", area[] = "440100", name[] = "广州市", period[] = "2020",
	            number[] = "18676605", unit[] = "persons", status[] = "A";

	value.code = code;
	value.area = area;
	value.area_name = name;
	value.period = period;
	value.value = number;
	value.unit = unit;
	value.status = status;
	value.reported = value.expected = 11;
	value.has_commit = true;
	value.commit = 7;
	return value;
}

static void answer_series(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Value first = residents(), second = residents(), third = residents();
	Suanpan__Value *rows[] = {&first, &second, &third};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	char *missing[] = {TEXT("荔湾区"), TEXT("Zengcheng")};

	second.period = TEXT("2021");
	second.value = TEXT("15000000");
	second.status = TEXT("P");
	second.reported = 9;
	second.missing = missing;
	second.n_missing = 2;
	third.period = TEXT("2022");
	third.value = NULL;
	third.reason = TEXT("division by zero");
	third.status = TEXT("P");
	third.reported = 0;
	third.has_commit = false;
	answer.series = rows;
	answer.n_series = 3;
	send_answer(daemon, query, &answer);
}

static void answer_nothing(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	send_answer(daemon, query, &answer);
}

static void answer_failure(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Failure failure = SUANPAN__FAILURE__INIT;
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	failure.kind = SUANPAN__FAILURE_KIND__FAILURE_NOT_FOUND;
	failure.text = TEXT("there is no statistic or indicator 'bedz'; did you mean 'beds'?");
	answer.failure = &failure;
	send_answer(daemon, query, &answer);
}

static void get_prints_its_series_in_every_form(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_series);
	must_answer(&daemon, "get residents --format csv", EXIT_DONE,
	            "code,area,period,value,unit,status,reported,expected,missing,commit\n"
	            "residents,440100,2020,18676605,persons,A,11,11,,7\n"
	            "residents,440100,2021,15000000,persons,P,9,11,荔湾区;Zengcheng,7\n"
	            "residents,440100,2022,,persons,P,0,11,,\n",
	            "");
	must_answer(
	    &daemon, "get residents --format json", EXIT_DONE,
	    "[\n"
	    "{\"code\": \"residents\", \"area\": \"440100\", \"period\": \"2020\", \"value\": 18676605, "
	    "\"unit\": \"persons\", \"status\": \"A\", \"reported\": 11, \"expected\": 11, \"missing\": "
	    "[], \"commit\": 7},\n"
	    "{\"code\": \"residents\", \"area\": \"440100\", \"period\": \"2021\", \"value\": 15000000, "
	    "\"unit\": \"persons\", \"status\": \"P\", \"reported\": 9, \"expected\": 11, \"missing\": "
	    "[\"荔湾区\", \"Zengcheng\"], \"commit\": 7},\n"
	    "{\"code\": \"residents\", \"area\": \"440100\", \"period\": \"2022\", \"value\": null, "
	    "\"unit\": \"persons\", \"status\": \"P\", \"reported\": 0, \"expected\": 11, \"missing\": "
	    "[], \"commit\": null}\n"
	    "]\n",
	    "");
	must_answer(&daemon, "get residents", EXIT_DONE,
	            "Area   Period            Value Unit    Coverage Missing\n"
	            "广州市 2020           18676605 persons 11/11    \n"
	            "广州市 2021           15000000 persons 9/11 P   荔湾区, Zengcheng\n"
	            "广州市 2022   division by zero persons 0/11 P   \n",
	            "");
	scripted_stop(&daemon);
}

static void empty_answer_is_no_error(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_nothing);
	must_answer(&daemon, "get residents", EXIT_DONE, "", "nothing reported yet\n");
	must_answer(&daemon, "get residents --format json", EXIT_DONE, "[]\n", "");
	must_answer(&daemon, "get residents --format csv", EXIT_DONE,
	            "code,area,period,value,unit,status,reported,expected,missing,commit\n", "");
	must_answer(&daemon, "plan plan14", EXIT_DONE, "", "the plan has no targets\n");
	must_answer(&daemon, "history residents Liwan 2020", EXIT_DONE, "", "nothing reported yet\n");
	must_answer(&daemon, "list plans", EXIT_DONE, "", "there are no plans\n");
	scripted_stop(&daemon);
}

static void failure_is_exit_1_and_its_sentence(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_failure);
	must_answer(&daemon, "get bedz --format csv", EXIT_REFUSED, "",
	            "suanpan: there is no statistic or indicator 'bedz'; did you mean 'beds'?\n");
	scripted_stop(&daemon);
}

static void absent_daemon_is_exit_3(void **state)
{
	(void)state;
	must_say("status --query ipc:///tmp/suanpan-test-nobody --timeout 0.05", EXIT_UNREACHABLE, "",
	         "suanpan: nobody answers at ipc:///tmp/suanpan-test-nobody; is suanpand running there?\n");
}

/* ------------------------------------------------------------------------------------ what is asked */

static void expect_whole_get(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	const Suanpan__SeriesQuery *series = query->series;

	assert(series && is_text(series->code, "beds") && is_text(series->area, "荔湾区"));
	assert(is_text(series->from, "2020-06") && is_text(series->to, "2021-Q1"));
	assert(is_text(series->frequency, "M"));
	assert(query->language == SUANPAN__LANGUAGE__LANGUAGE_TRADITIONAL);
	answer_nothing(daemon, query);
}

static void expect_bare_get(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	const Suanpan__SeriesQuery *series = query->series;

	assert(series && !series->area && !series->from && !series->to && !series->frequency);
	assert(query->language == SUANPAN__LANGUAGE__LANGUAGE_ENGLISH);
	answer_nothing(daemon, query);
}

static void expect_plan(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	assert(query->plan && is_text(query->plan->plan, "plan14") && is_text(query->plan->period, "2020"));
	assert(is_text(query->plan->area, "central"));
	answer_nothing(daemon, query);
}

static void expect_history(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	const Suanpan__HistoryQuery *history = query->history;

	assert(history && is_text(history->statistic, "beds") && is_text(history->area, "Liwan"));
	assert(is_text(history->period, "2020-06"));
	answer_nothing(daemon, query);
}

static void options_reach_the_daemon(void **state)
{
	(void)state;
	must_ask(expect_whole_get,
	         "get beds --area 荔湾区 --from 2020-M06 --to 2021-Q1 --frequency M --lang zh-hant");
	must_ask(expect_bare_get, "get beds");
	must_ask(expect_plan, "--period 2020 plan plan14 --area central");
	must_ask(expect_history, "history beds Liwan 2020-06");
}

/* ----------------------------------------------------------------------------------- other answers */

static void answer_plan(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Value value = residents(), none = residents();
	Suanpan__PlanRow first = SUANPAN__PLAN_ROW__INIT, second = SUANPAN__PLAN_ROW__INIT;
	Suanpan__PlanRow *rows[] = {&first, &second};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	char *missing[] = {TEXT("荔湾区"), TEXT("Zengcheng")},
	     *way[] = {TEXT("5.10"), TEXT(""), TEXT("5.68")};

	value.value = TEXT("5.68");
	value.status = TEXT("P");
	value.reported = 9;
	value.missing = missing;
	value.n_missing = 2;
	first.row = TEXT("15a");
	first.indicator = TEXT("beds_per_1000");
	first.name = TEXT("Hospital beds");
	first.unit = TEXT("beds");
	first.baseline = TEXT("5.10");
	first.value = &value;
	first.comparison = TEXT(">=");
	first.target = TEXT("6.00");
	first.nature = TEXT("binding");
	first.verdict = TEXT("on track");
	none.value = NULL;
	none.reported = 0;
	none.status = TEXT("P");
	second = first;
	second.row = TEXT("8");
	second.indicator = TEXT("income");
	second.name = TEXT("居民收入");
	second.baseline = NULL;
	second.value = &none;
	second.comparison = TEXT("tracks-gdp");
	second.target = NULL;
	second.nature = TEXT("anticipatory");
	second.verdict = TEXT("no data");
	first.has_provisional = first.provisional = true;
	first.path = TEXT("5.60");
	first.pace = TEXT("0.290");
	first.pace_needed = TEXT("0.320");
	first.reached = TEXT("2021-11");
	first.year_end = TEXT("2025");
	first.forecast = TEXT("5.90");
	first.forecast_low = TEXT("5.70");
	first.forecast_high = TEXT("6.10");
	first.has_chance = true;
	first.chance = 30;
	first.way = way;
	first.n_way = 3;
	first.note = TEXT("9 of 11, so far");
	answer.plan = rows;
	answer.n_plan = 2;
	send_answer(daemon, query, &answer);
}

/* test_cli_page.c has the table. */
static void plan_prints_targets_and_how_they_stand(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_plan);
	must_answer(
	    &daemon, "plan plan14 --format csv", EXIT_DONE,
	    "row,indicator,name,unit,baseline,value,comparison,target,nature,verdict,status,reported,"
	    "expected,period,area,provisional,missing,path,pace,pace_needed,reached,worst_period,worst,"
	    "forecast_for,forecast,forecast_low,forecast_high,chance,way,note,commit\n"
	    "15a,beds_per_1000,Hospital beds,beds,5.10,5.68,>=,6.00,binding,on track,P,9,11,2020,"
	    "440100,true,荔湾区;Zengcheng,5.60,0.290,0.320,2021-11,,,2025,5.90,5.70,6.10,30,5.10;;5.68,"
	    "\"9 of 11, so far\",7\n"
	    "8,income,居民收入,beds,,,tracks-gdp,,anticipatory,no data,P,0,11,2020,440100,,,,,,,,,,,"
	    ",,,,,7\n",
	    "");
	must_answer(&daemon, "plan plan14 --format json --lang zh-hant", EXIT_DONE,
	            "[\n"
	            "{\"row\": \"15a\", \"indicator\": \"beds_per_1000\", \"name\": \"Hospital beds\", "
	            "\"unit\": \"beds\", \"baseline\": 5.10, \"value\": 5.68, \"comparison\": \">=\", "
	            "\"target\": 6.00, \"nature\": \"binding\", \"verdict\": \"on track\", "
	            "\"status\": \"P\", \"reported\": 9, \"expected\": 11, \"period\": \"2020\", "
	            "\"area\": \"440100\", \"provisional\": true, \"missing\": [\"荔湾区\", \"Zengcheng\"], "
	            "\"path\": 5.60, \"pace\": 0.290, \"pace_needed\": 0.320, \"reached\": \"2021-11\", "
	            "\"worst_period\": null, \"worst\": null, \"forecast_for\": \"2025\", "
	            "\"forecast\": 5.90, \"forecast_low\": 5.70, \"forecast_high\": 6.10, \"chance\": 30, "
	            "\"way\": [\"5.10\", \"\", \"5.68\"], \"note\": \"9 of 11, so far\", \"commit\": 7},\n"
	            "{\"row\": \"8\", \"indicator\": \"income\", \"name\": \"居民收入\", "
	            "\"unit\": \"beds\", \"baseline\": null, \"value\": null, "
	            "\"comparison\": \"tracks-gdp\", \"target\": null, \"nature\": \"anticipatory\", "
	            "\"verdict\": \"no data\", \"status\": \"P\", \"reported\": 0, \"expected\": 11, "
	            "\"period\": \"2020\", \"area\": \"440100\", \"provisional\": null, \"missing\": [], "
	            "\"path\": null, \"pace\": null, \"pace_needed\": null, \"reached\": null, "
	            "\"worst_period\": null, \"worst\": null, \"forecast_for\": null, \"forecast\": null, "
	            "\"forecast_low\": null, \"forecast_high\": null, \"chance\": null, \"way\": [], "
	            "\"note\": null, \"commit\": 7}\n"
	            "]\n",
	            "");
	scripted_stop(&daemon);
}

static void answer_history(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Revision first = SUANPAN__REVISION__INIT, second;
	Suanpan__Revision *rows[] = {&first, &second};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	first.revision = 1;
	first.value = TEXT("12.50");
	first.unit = TEXT("persons");
	first.status = TEXT("A");
	first.time = TEXT("2021-01-05T09:00:00+08:00");
	first.reporter = TEXT("liwan");
	first.stream = TEXT("00ff");
	first.sequence = 3;
	first.entry = 12;
	first.commit = 9;
	second = first;
	second.revision = 2;
	second.value = NULL;
	second.status = TEXT("O");
	second.note = TEXT("taken back, \"sorry\"");
	second.source = TEXT("beds.csv");
	second.confirm = TEXT("counted twice");
	second.correction = TEXT("a survey, then a census");
	answer.history = rows;
	answer.n_history = 2;
	send_answer(daemon, query, &answer);
}

static void history_prints_every_revision(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_history);
	must_answer(&daemon, "history residents Liwan 2020 --format csv", EXIT_DONE,
	            "revision,value,unit,status,time,reporter,stream,sequence,entry,commit,note,source,"
	            "confirm,correction\n"
	            "1,12.50,persons,A,2021-01-05T09:00:00+08:00,liwan,00ff,3,12,9,,,,\n"
	            "2,,persons,O,2021-01-05T09:00:00+08:00,liwan,00ff,3,12,9,\"taken back, "
	            "\"\"sorry\"\"\",beds.csv,counted twice,\"a survey, then a census\"\n",
	            "");
	scripted_stop(&daemon);
}

static void answer_status(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Status status = SUANPAN__STATUS__INIT;
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	status.version = TEXT("0.1.0");
	status.head = TEXT("00ff");
	status.started = TEXT("2021-01-05T09:00:00+08:00");
	status.commit = 7;
	answer.status = &status;
	send_answer(daemon, query, &answer);
}

static void status_prints_keys_and_values(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_status);
	must_answer(&daemon, "status --format csv", EXIT_DONE,
	            "key,value\nversion,0.1.0\nformat,0\ncommit,7\nentries,0\nobservations,0\nrevisions,0\n"
	            "values,0\nrefused,0\nhead,00ff\nepoch,0\nstarted,2021-01-05T09:00:00+08:00\n"
	            "map_bytes,0\nused_bytes,0\n",
	            "");
	scripted_stop(&daemon);
}

static void answer_list(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__ListRow city = SUANPAN__LIST_ROW__INIT, group = SUANPAN__LIST_ROW__INIT;
	Suanpan__ListRow *rows[] = {&city, &group};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	char *members[] = {TEXT("440103"), TEXT("440104")};

	city.code = TEXT("440100");
	city.name = TEXT("广州市");
	city.name_en = TEXT("Guangzhou");
	city.kind = TEXT("city");
	group.code = TEXT("central");
	group.name = TEXT("中心城区");
	group.kind = TEXT("group");
	group.member = members;
	group.n_member = 2;
	answer.list = rows;
	answer.n_list = 2;
	send_answer(daemon, query, &answer);
}

static void list_prints_areas_and_groups(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_list);
	must_answer(&daemon, "list areas", EXIT_DONE,
	            "Code    Name     Kind  Parent Members\n"
	            "440100  广州市   city         \n"
	            "central 中心城区 group        440103, 440104\n",
	            "");
	must_answer(&daemon, "list areas --format csv", EXIT_DONE,
	            "code,name,kind,parent,members,name_en,name_zh_hans,name_zh_hant,valid_from,valid_to,"
	            "successors\n"
	            "440100,广州市,city,,,Guangzhou,,,,,\n"
	            "central,中心城区,group,,440103;440104,,,,,,\n",
	            "");
	scripted_stop(&daemon);
}

static void answer_streams(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__ListRow lost = SUANPAN__LIST_ROW__INIT, now = SUANPAN__LIST_ROW__INIT;
	Suanpan__ListRow *rows[] = {&lost, &now};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	assert(query->list->kind == SUANPAN__LIST_KIND__LIST_STREAMS);
	lost.code = now.code = TEXT("liwan");
	lost.name = now.name = TEXT("Liwan");
	lost.stream = TEXT("6fa8ab0600000000000000000000000f");
	now.stream = lost.followed_by = TEXT("0123456700000000000000000000000f");
	lost.has_last_sequence = lost.has_gaps = now.has_last_sequence = now.has_gaps = true;
	lost.last_sequence = 12;
	lost.gaps = 3;
	now.last_sequence = 1;
	lost.first_report = TEXT("2021-01-05T09:00:00+08:00");
	lost.last_report = TEXT("2021-02-05T09:00:00+08:00");
	now.first_report = now.last_report = TEXT("2021-03-05T09:00:00+08:00");
	answer.list = rows;
	answer.n_list = 2;
	send_answer(daemon, query, &answer);
}

static void list_prints_streams_and_which_ended(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_streams);
	must_answer(&daemon, "list streams", EXIT_DONE,
	            "Reporter Name  Stream   Last Lost First report              Last report               "
	            "Ended\n"
	            "liwan    Liwan 6fa8ab06   12    3 2021-01-05T09:00:00+08:00 2021-02-05T09:00:00+08:00 "
	            "followed by 01234567\n"
	            "liwan    Liwan 01234567    1    0 2021-03-05T09:00:00+08:00 2021-03-05T09:00:00+08:00 "
	            "\n",
	            "");
	must_answer(&daemon, "list streams --format csv", EXIT_DONE,
	            "reporter,name,stream,last_sequence,gaps,first_report,last_report,followed_by\n"
	            "liwan,Liwan,6fa8ab0600000000000000000000000f,12,3,2021-01-05T09:00:00+08:00,"
	            "2021-02-05T09:00:00+08:00,0123456700000000000000000000000f\n"
	            "liwan,Liwan,0123456700000000000000000000000f,1,0,2021-03-05T09:00:00+08:00,"
	            "2021-03-05T09:00:00+08:00,\n",
	            "");
	scripted_stop(&daemon);
}

/* ---------------------------------------------------------------------------------------- mistakes */

static void mistakes_are_found_before_anything_is_asked(void **state)
{
	(void)state;
	must_refuse("get beds --from 2024-13",
	            "suanpan: --from '2024-13': there is no such period; expected 2024, 2024-S1, 2024-Q2, "
	            "2024-06 or 2024-06-15\n");
	must_refuse("get beds --to lately", "suanpan: --to 'lately': not a period; expected 2024, 2024-S1, "
	                                    "2024-Q2, 2024-06 or 2024-06-15\n");
	must_refuse("get beds --from 2021 --to 2020-12", "suanpan: --from 2021 is after --to 2020-12\n");
	must_refuse("get beds --frequency W", "suanpan: --frequency 'W': expected A (years), S (half-years), "
	                                      "Q (quarters), M (months) or D (days)\n");
	must_refuse("plan plan14 --period x", "suanpan: --period 'x': not a period; expected 2024, 2024-S1, "
	                                      "2024-Q2, 2024-06 or 2024-06-15\n");
	must_refuse("history beds Liwan 20", "suanpan: PERIOD '20': not a period; expected 2024, 2024-S1, "
	                                     "2024-Q2, 2024-06 or 2024-06-15\n");
	must_refuse("list area", "suanpan list: there is no list of 'area'; did you mean 'areas'?\n");
	must_refuse("list xyzzy", "suanpan list: there is no list of 'xyzzy'; expected areas, statistics, "
	                          "indicators, plans, reporters, streams or closed\n");
	must_refuse("status --format xml", "suanpan: --format 'xml': expected table, csv or json\n");
	must_refuse("status --lang de", "suanpan: --lang 'de': expected en, zh-hans or zh-hant\n");
	must_refuse("status --timeout 0", "suanpan: --timeout '0': expected seconds, such as 5 or 0.5\n");
	must_refuse("status --timeout soon",
	            "suanpan: --timeout 'soon': expected seconds, such as 5 or 0.5\n");
	must_refuse("watch Beds!", "suanpan watch: 'Beds!' is not a code (a-z, 0-9, _ and -)\n");
	must_refuse("watch --count 0", "suanpan watch: --count '0': expected a number above 0\n");
}

static void every_command_and_option_is_documented(void **state)
{
	const struct program *program = &suanpan_program;

	(void)state;
	for (const struct command_row *row = program->commands; row->name; row++) {
		assert_non_null(row->sentence);
		assert_non_null(row->arguments);
		assert_memory_equal(row->example, "suanpan ", strlen("suanpan "));
		for (const struct option_row *option = row->options; option->name; option++)
			assert_non_null(option->sentence);
	}
	for (const struct option_row *option = program->common; option->name; option++)
		assert_non_null(option->sentence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(get_prints_its_series_in_every_form),
	    cmocka_unit_test(empty_answer_is_no_error),
	    cmocka_unit_test(failure_is_exit_1_and_its_sentence),
	    cmocka_unit_test(absent_daemon_is_exit_3),
	    cmocka_unit_test(options_reach_the_daemon),
	    cmocka_unit_test(plan_prints_targets_and_how_they_stand),
	    cmocka_unit_test(history_prints_every_revision),
	    cmocka_unit_test(status_prints_keys_and_values),
	    cmocka_unit_test(list_prints_areas_and_groups),
	    cmocka_unit_test(list_prints_streams_and_which_ended),
	    cmocka_unit_test(mistakes_are_found_before_anything_is_asked),
	    cmocka_unit_test(every_command_and_option_is_documented),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests_name("cli_commands", tests, NULL, NULL);
}
