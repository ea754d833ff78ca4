/* suanpan forecast and suanpan backtest as they are typed, against a daemon that says what it is told to. */
#include "clients/query/commands.h"

#include "tests/unit/scripted_command.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --------------------------------------------------------------------------------------------- forecast */

/* TEXT lives as long as its block; this as long as the test. */
static char *lasting(const char *text)
{
	return (char *)(uintptr_t)text;
}

static Suanpan__OutlookRow outlook(char *period, char *value)
{
	Suanpan__OutlookRow row = SUANPAN__OUTLOOK_ROW__INIT;

	row.period = period;
	row.value = value;
	row.low_80 = lasting("6.24");
	row.high_80 = lasting("6.26");
	row.low_95 = lasting("6.20");
	row.high_95 = lasting("6.30");
	row.unit = lasting("beds");
	return row;
}

static Suanpan__OutlookRow of_target(char *row_name, uint64_t chance)
{
	Suanpan__OutlookRow row = outlook(lasting("2025"), lasting("6.25"));

	row.plan = lasting("plan14");
	row.row = row_name;
	row.comparison = lasting(">=");
	row.target = lasting("6.3");
	row.nature = lasting("binding");
	row.has_chance = true;
	row.chance = chance;
	return row;
}

static void answer_outlook(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__OutlookRow first = outlook(lasting("2024"), lasting("6.25")),
	                    second = SUANPAN__OUTLOOK_ROW__INIT, hopeless = of_target(lasting("1"), 0),
	                    open = of_target(lasting("2"), 37), sure = of_target(lasting("3a"), 100);
	Suanpan__OutlookRow *rows[] = {&first, &second, &hopeless, &open, &sure};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	first.method = TEXT("beds: damped trend with season; residents: drift");
	first.has_history = first.has_provisional = true;
	first.history = 36;
	first.from = TEXT("2023-12");
	first.provisional = true;
	second.period = TEXT("2025");
	second.reason = TEXT("it cannot be computed there");
	answer.outlook = rows;
	answer.n_outlook = 5;
	send_answer(daemon, query, &answer);
}

static void forecast_prints_intervals_and_chances_in_every_form(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_outlook);
	must_answer(&daemon, "forecast beds_per_1000", EXIT_DONE,
	            "Period                       Value Unit Status         80 %         95 % Target of "
	            "Target Nature      Chance\n"
	            "2024                          6.25 beds F      6.24 to 6.26 6.20 to 6.30                "
	            "          \n"
	            "2025   it cannot be computed there                                                      "
	            "          \n"
	            "2025                          6.25 beds F      6.24 to 6.26 6.20 to 6.30 plan14 1  "
	            ">= 6.3 binding  below 1 %\n"
	            "2025                          6.25 beds F      6.24 to 6.26 6.20 to 6.30 plan14 2  "
	            ">= 6.3 binding       37 %\n"
	            "2025                          6.25 beds F      6.24 to 6.26 6.20 to 6.30 plan14 3a "
	            ">= 6.3 binding above 99 %\n"
	            "from 36 periods up to 2023-12, provisional as later ones are incomplete: "
	            "beds: damped trend with season; residents: drift\n",
	            "");
	must_answer(&daemon, "forecast beds_per_1000 --format csv", EXIT_DONE,
	            "period,value,unit,status,low_80,high_80,low_95,high_95,plan,row,comparison,target,"
	            "nature,chance,method,history,from,provisional,reason\n"
	            "2024,6.25,beds,F,6.24,6.26,6.20,6.30,,,,,,,"
	            "beds: damped trend with season; residents: drift,36,2023-12,true,\n"
	            "2025,,,,,,,,,,,,,,,,,,it cannot be computed there\n"
	            "2025,6.25,beds,F,6.24,6.26,6.20,6.30,plan14,1,>=,6.3,binding,0,,,,,\n"
	            "2025,6.25,beds,F,6.24,6.26,6.20,6.30,plan14,2,>=,6.3,binding,37,,,,,\n"
	            "2025,6.25,beds,F,6.24,6.26,6.20,6.30,plan14,3a,>=,6.3,binding,100,,,,,\n",
	            "");
	scripted_stop(&daemon);
}

static void answer_reason(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__OutlookRow row = SUANPAN__OUTLOOK_ROW__INIT;
	Suanpan__OutlookRow *rows[] = {&row};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	row.reason = TEXT("too little history: residents has 3 whole periods");
	answer.outlook = rows;
	answer.n_outlook = 1;
	send_answer(daemon, query, &answer);
}

static void too_little_history_stands_where_the_value_would(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_reason);
	must_answer(&daemon, "forecast residents", EXIT_DONE,
	            "Period                                             Value Unit\n"
	            "       too little history: residents has 3 whole periods \n",
	            "");
	must_answer(&daemon, "forecast residents --format json", EXIT_DONE,
	            "[\n"
	            "{\"period\": null, \"value\": null, \"unit\": null, \"status\": null, \"low_80\": null, "
	            "\"high_80\": null, \"low_95\": null, \"high_95\": null, \"plan\": null, \"row\": null, "
	            "\"comparison\": null, \"target\": null, \"nature\": null, \"chance\": null, "
	            "\"method\": null, \"history\": null, \"from\": null, \"provisional\": null, "
	            "\"reason\": \"too little history: residents has 3 whole periods\"}\n"
	            "]\n",
	            "");
	scripted_stop(&daemon);
}

/* --------------------------------------------------------------------------------------------- backtest */

static void answer_backtest(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__BacktestRow damped = SUANPAN__BACKTEST_ROW__INIT, drift;
	Suanpan__BacktestRow *rows[] = {&damped, &drift};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	damped.code = TEXT("residents");
	damped.area = TEXT("440100");
	damped.area_name = TEXT("广州市");
	damped.history = 7;
	drift = damped;
	damped.method = TEXT("damped trend");
	damped.reason = TEXT("too little history for a damped trend");
	drift.method = TEXT("drift");
	drift.origins = 2;
	drift.forecasts = 3;
	drift.mase = TEXT("1.03");
	drift.within_80 = TEXT("66.7");
	drift.within_95 = TEXT("100.0");
	answer.backtest = rows;
	answer.n_backtest = 2;
	send_answer(daemon, query, &answer);
}

static void backtest_prints_each_method(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_backtest);
	must_answer(&daemon, "backtest residents", EXIT_DONE,
	            "Code      Area   Method       Periods Origins Forecasts MASE In 80 % In 95 % Why not\n"
	            "residents 广州市 damped trend       7       0         0                      too little "
	            "history for a damped trend\n"
	            "residents 广州市 drift              7       2         3 1.03    66.7   100.0 \n",
	            "");
	must_answer(&daemon, "backtest --format csv", EXIT_DONE,
	            "code,area,method,history,origins,forecasts,mase,within_80,within_95,reason\n"
	            "residents,440100,damped trend,7,0,0,,,,too little history for a damped trend\n"
	            "residents,440100,drift,7,2,3,1.03,66.7,100.0,\n",
	            "");
	must_answer(&daemon, "backtest --format json", EXIT_DONE,
	            "[\n"
	            "{\"code\": \"residents\", \"area\": \"440100\", \"method\": \"damped trend\", "
	            "\"history\": 7, \"origins\": 0, \"forecasts\": 0, \"mase\": null, \"within_80\": null, "
	            "\"within_95\": null, \"reason\": \"too little history for a damped trend\"},\n"
	            "{\"code\": \"residents\", \"area\": \"440100\", \"method\": \"drift\", \"history\": 7, "
	            "\"origins\": 2, \"forecasts\": 3, \"mase\": 1.03, \"within_80\": 66.7, "
	            "\"within_95\": 100.0, \"reason\": null}\n"
	            "]\n",
	            "");
	scripted_stop(&daemon);
}

/* ------------------------------------------------------------------------------------ what is asked */

static void answer_nothing(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	send_answer(daemon, query, &answer);
}

static void expect_whole_forecast(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	const Suanpan__ForecastQuery *forecast = query->forecast;

	assert(forecast && is_text(forecast->code, "beds") && is_text(forecast->area, "荔湾区"));
	assert(is_text(forecast->to, "2025-Q1") && is_text(query->as_of, "17"));
	assert(query->language == SUANPAN__LANGUAGE__LANGUAGE_TRADITIONAL);
	answer_nothing(daemon, query);
}

static void expect_bare_forecast(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	assert(query->forecast && !query->forecast->area && !query->forecast->to && !query->as_of);
	answer_nothing(daemon, query);
}

static void expect_whole_backtest(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	const Suanpan__BacktestQuery *backtest = query->backtest;

	assert(backtest && is_text(backtest->code, "beds") && is_text(backtest->area, "central"));
	assert(backtest->has_horizon && backtest->horizon == 6 && is_text(query->as_of, "2024-05-01"));
	answer_nothing(daemon, query);
}

static void expect_bare_backtest(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	assert(query->backtest && !query->backtest->code && !query->backtest->area &&
	       !query->backtest->has_horizon);
	answer_nothing(daemon, query);
}

static void options_reach_the_daemon(void **state)
{
	(void)state;
	must_ask(expect_whole_forecast, "forecast beds --area 荔湾区 --to 2025-Q1 --as-of 17 --lang zh-hant");
	must_ask(expect_bare_forecast, "forecast beds");
	must_ask(expect_whole_backtest, "backtest beds --area central --horizon 6 --as-of 2024-05-01");
	must_ask(expect_bare_backtest, "backtest");
}

static void mistakes_are_found_before_anything_is_asked(void **state)
{
	(void)state;
	must_refuse("forecast beds --to x", "suanpan: --to 'x': not a period; expected 2024, 2024-S1, "
	                                    "2024-Q2, 2024-06 or 2024-06-15\n");
	must_refuse("backtest --horizon 0", "suanpan backtest: --horizon '0': expected a number above 0\n");
	must_refuse("backtest --horizon year",
	            "suanpan backtest: --horizon 'year': expected a number above 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(forecast_prints_intervals_and_chances_in_every_form),
	    cmocka_unit_test(too_little_history_stands_where_the_value_would),
	    cmocka_unit_test(backtest_prints_each_method),
	    cmocka_unit_test(options_reach_the_daemon),
	    cmocka_unit_test(mistakes_are_found_before_anything_is_asked),
	};
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("cli_forecast", tests, NULL, NULL);
}
