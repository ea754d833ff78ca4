/* The page that a plan is for people, against a daemon that says what it is told to. */
#include "clients/query/commands.h"

#include "tests/unit/scripted_command.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --------------------------------------------------------------------------------------- what it says */

/* protobuf-c wants `char *` where it only reads. */
static char *borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

static Suanpan__Value value_of(const char *number, const char *status, uint64_t reported, uint64_t expected)
{
	Suanpan__Value value = SUANPAN__VALUE__INIT;

	value.code = borrow("any");
	value.area = borrow("440100");
	value.area_name = borrow("Guangzhou");
	value.period = borrow("2023-06");
	value.value = borrow(number);
	value.unit = borrow("any");
	value.status = borrow(status);
	value.reported = reported;
	value.expected = expected;
	return value;
}

static Suanpan__PlanRow target_of(const char *row, const char *name, const char *unit, const char *comparison,
                                  const char *target, const char *nature, const char *verdict,
                                  Suanpan__Value *value)
{
	Suanpan__PlanRow made = SUANPAN__PLAN_ROW__INIT;

	made.row = borrow(row);
	made.indicator = borrow("any");
	made.name = borrow(name);
	made.unit = borrow(unit);
	made.value = value;
	made.comparison = borrow(comparison);
	made.target = borrow(target);
	made.nature = borrow(nature);
	made.verdict = borrow(verdict);
	made.has_provisional = true;
	made.year_end = borrow("2025");
	return made;
}

static void forecast(Suanpan__PlanRow *row, const char *mean, const char *low, const char *high,
                     uint64_t chance)
{
	row->forecast = borrow(mean);
	row->forecast_low = borrow(low);
	row->forecast_high = borrow(high);
	row->has_chance = true;
	row->chance = chance;
}

#define ROWS 8

/* One of each verdict, and most shapes. Readers of Chinese get the plan's own words for a target. */
static void answer_plan(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	const bool chinese = query->language != SUANPAN__LANGUAGE__LANGUAGE_ENGLISH;
	Suanpan__Value v[ROWS] = {
	    value_of("1881.06", "A", 11, 11), value_of("5.88", "P", 9, 11), value_of("1", "A", 11, 11),
	    value_of("62", "A", 11, 11),      value_of(NULL, "P", 0, 11),   value_of("6.1", "A", 11, 11),
	    value_of(NULL, "O", 0, 11),       value_of("34", "V", 1, 1),
	};
	Suanpan__PlanRow r[ROWS] = {
	    target_of("1", "Resident population", "10k persons", "about", chinese ? "2100左右" : "2100",
	              "anticipatory", "behind", &v[0]),
	    target_of("25", "Medical institution beds per 1000 residents", "beds",
	              "strive>=", chinese ? "力爭6.46" : "6.46", "anticipatory", "on track", &v[1]),
	    target_of("14", "Zero-employment families kept at zero", "", "hold=", chinese ? "動態清零" : "0",
	              "binding", "off track", &v[2]),
	    target_of("32", "养老机构护理型床位占比", "%", ">=", "75", "binding", "met", &v[3]),
	    target_of("15a", "Income", "%", "tracks-gdp", chinese ? "與經濟增長基本同步" : "gdp_growth",
	              "anticipatory", "no data", &v[4]),
	    target_of("23", "Maternal mortality ratio", "per 100k", "<", chinese ? "<7.5" : "7.5",
	              "anticipatory", "met", &v[5]),
	    target_of("8", "Living support", "%", "=", chinese ? "應保盡保" : "100", "binding", "no data",
	              &v[6]),
	    target_of("10", "Colleges", "%", ">=", "50", "anticipatory", "cancelled", &v[7]),
	};
	Suanpan__PlanRow *rows[ROWS];
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	char *residents[] = {TEXT("1867.66"), TEXT("1873.60"), TEXT("1881.06")},
	     *beds[] = {TEXT("5.42"), TEXT(""), TEXT("5.88")};

	for (size_t i = 0; i < ROWS; i++)
		rows[i] = &r[i];
	r[0].baseline = TEXT("1867.66");
	r[0].path = TEXT("1981.20");
	r[0].way = residents;
	r[0].n_way = 3;
	r[0].reached = TEXT("2040-03");
	forecast(&r[0], "1899.20", "1880.11", "1918.29", 0);
	r[1].provisional = true;
	r[1].note = TEXT("provisional: 9 of 11 reported, missing Liwan, Yuexiu");
	r[1].way = beds;
	r[1].n_way = 3;
	forecast(&r[1], "6.50", "6.40", "6.60", 71);
	r[2].baseline = borrow(chinese ? "動態清零" : "0");
	forecast(&r[3], "80", "78", "82", 100);
	v[4].reason = TEXT("computed yearly only");
	v[6].reason = TEXT("no data");
	r[5].note = r[1].note;
	r[7].note = TEXT("the province ended it");
	answer.plan = rows;
	answer.n_plan = ROWS;
	send_answer(daemon, query, &answer);
}

static void answer_nothing(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	send_answer(daemon, query, &answer);
}

static void answer_one(struct scripted_daemon *daemon, const Suanpan__Query *query)
{
	Suanpan__Value value = value_of("1", "A", 1, 1);
	Suanpan__PlanRow row = target_of("1", "One", "", ">", "0", "other", "never heard of", &value),
	                 *rows[] = {&row};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;

	row.comparison = TEXT("unlike");
	answer.plan = rows;
	answer.n_plan = 1;
	send_answer(daemon, query, &answer);
}

/* ------------------------------------------------------------------------------------------ how it looks */

static void must_print(const char *line, const char *out)
{
	struct scripted_daemon daemon;

	scripted_start(&daemon, answer_plan);
	must_answer(&daemon, line, EXIT_DONE, out, "");
	scripted_stop(&daemon);
}

static void what_binds_is_first_and_the_rest_below(void **state)
{
	(void)state;
	must_print("plan plan14",
	           "  Row Indicator                                   Baseline   Value    Path         "
	           "Target Way   Verdict   Reached                  Forecast Chance Coverage\n"
	           "*  14 Zero-employment families kept at zero              0       1               hold = "
	           "0       off track                                          11/11\n"
	           "*  32 养老机构护理型床位占比 (%)                                62                  >= "
	           "75       met                              80 (78–82)   >99% 11/11\n"
	           "*   8 Living support (%)                                         -                  = "
	           "100       no data                                            0/11\n"
	           "    1 Resident population (10k persons)            1867.66 1881.06 1981.20     about "
	           "2100 ▁▁▁ █ behind    2040-03 1899.20 (1880.11–1918.29)    <1% 11/11\n"
	           "   25 Medical institution beds per 1000 residents             5.88         strive >= "
	           "6.46 ▁ ▄ █ on track                   6.50 (6.40–6.60)    71% 9/11 P\n"
	           "      (beds)\n"
	           "  15a Income (%)                                                 -          as "
	           "gdp_growth       no data                                            0/11 P\n"
	           "   23 Maternal mortality ratio (per 100k)                      6.1                  < "
	           "7.5       met                                                11/11\n"
	           "   10 Colleges (%)                                              34                  >= "
	           "50       cancelled                                          1/1 V\n"
	           "25, 23: provisional: 9 of 11 reported, missing Liwan, Yuexiu\n"
	           "15a: computed yearly only\n"
	           "10: the province ended it\n"
	           "* binding.  P: provisional, not from all or not over yet.  Way: the figures so far, and "
	           "after a blank the target.  Forecast: for 2025, with the 80% interval and\n"
	           "the chance to meet the target.\n"
	           "plan14 at 2023-06, 8 targets: 2 met, 1 on track, 1 behind, 1 off track, 2 no data, 1 "
	           "cancelled; provisional: 1\n"
	           "of 3 binding: 1 met, 0 on track, 0 behind, 1 off track, 1 no data\n");
}

static void a_narrow_page_leaves_out_what_it_can_and_goes_on_below(void **state)
{
	(void)state;
	setenv("COLUMNS", "100", 1);
	must_print("plan plan14", "  Row Indicator        Baseline   Value         Target Way   Verdict      "
	                          "              Forecast Chance Coverage\n"
	                          "*  14 Zero-employment         0       1       hold = 0       off track    "
	                          "                              11/11\n"
	                          "      families kept at\n"
	                          "      zero\n"
	                          "*  32 养老机构护理型床               62          >= 75       met          "
	                          "            80 (78–82)   >99% 11/11\n"
	                          "      位占比 (%)\n"
	                          "*   8 Living support                  -          = 100       no data      "
	                          "                              0/11\n"
	                          "      (%)\n"
	                          "    1 Resident          1867.66 1881.06     about 2100 ▁▁▁ █ behind    "
	                          "1899.20 (1880.11–1918.29)    <1% 11/11\n"
	                          "      population (10k\n"
	                          "      persons)\n"
	                          "   25 Medical                      5.88 strive >= 6.46 ▁ ▄ █ on track     "
	                          "      6.50 (6.40–6.60)    71% 9/11 P\n"
	                          "      institution beds\n"
	                          "      per 1000\n"
	                          "      residents (beds)\n"
	                          "  15a Income (%)                      -  as gdp_growth       no data      "
	                          "                              0/11 P\n"
	                          "   23 Maternal                      6.1          < 7.5       met          "
	                          "                              11/11\n"
	                          "      mortality ratio\n"
	                          "      (per 100k)\n"
	                          "   10 Colleges (%)                   34          >= 50       cancelled    "
	                          "                              1/1 V\n"
	                          "25, 23: provisional: 9 of 11 reported, missing Liwan, Yuexiu\n"
	                          "15a: computed yearly only\n"
	                          "10: the province ended it\n"
	                          "* binding.  P: provisional, not from all or not over yet.  Way: the "
	                          "figures so far, and after a\n"
	                          "blank the target.  Forecast: for 2025, with the 80% interval and the "
	                          "chance to meet the target.\n"
	                          "plan14 at 2023-06, 8 targets: 2 met, 1 on track, 1 behind, 1 off track, 2 "
	                          "no data, 1 cancelled; provisional: 1\n"
	                          "of 3 binding: 1 met, 0 on track, 0 behind, 1 off track, 1 no data\n");
	unsetenv("COLUMNS");
}

static void it_speaks_simplified(void **state)
{
	(void)state;
	must_print(
	    "plan plan14 --lang zh-hans",
	    "  序号 指标                                    基期值    数值 进度要求             目标值 走势  "
	    "进度     预计达标                    预测值 达标概率 覆盖情况\n"
	    "*   14 Zero-employment families kept at zero 动态清零       1                    动态清零       "
	    "偏离目标                                             11/11\n"
	    "*   32 养老机构护理型床位占比（%）                         62                         ≥75       "
	    "已达标                           80 (78–82)     >99% 11/11\n"
	    "*    8 Living support（%）                                  -                    应保尽保       "
	    "无数据                                               0/11\n"
	    "     1 Resident population（10k persons）     1867.66 1881.06  1981.20           2100左右 ▁▁▁ █ "
	    "进度滞后 2040-03  1899.20 (1880.11–1918.29)      <1% 11/11\n"
	    "    25 Medical institution beds per 1000                 5.88                    力争6.46 ▁ ▄ █ "
	    "符合进度                   6.50 (6.40–6.60)      71% 9/11 P\n"
	    "       residents（beds）\n"
	    "   15a Income（%）                                          -          与经济增长基本同步       "
	    "无数据                                               0/11 P\n"
	    "    23 Maternal mortality ratio（per 100k）               6.1                        <7.5       "
	    "已达标                                               11/11\n"
	    "    10 Colleges（%）                                       34                         ≥50       "
	    "已取消                                               1/1 V\n"
	    "25、23：provisional: 9 of 11 reported, missing Liwan, Yuexiu\n"
	    "15a：仅按年计算\n"
	    "10：the province ended it\n"
	    "* 约束性指标。  P：初步数，尚未报齐或时期未终了。  走势：历次数值，空格后为目标值。  "
	    "预测值：2025 年的预测及其 80% 区间，以及达标概率。\n"
	    "plan14 2023-06，共 8 项指标：已达标 2 项、符合进度 1 项、进度滞后 1 项、偏离目标 1 项、无数据 2 "
	    "项、已取消 1 项；其中初步 1 项\n"
	    "其中约束性 3 项：已达标 1 项、符合进度 0 项、进度滞后 0 项、偏离目标 1 项、无数据 1 项\n");
}

static void it_speaks_traditional(void **state)
{
	(void)state;
	must_print(
	    "plan plan14 --lang zh_HK",
	    "  序號 指標                                    基期值    數值 進度要求             目標值 走勢  "
	    "進度     預計達標                    預測值 達標概率 覆蓋情況\n"
	    "*   14 Zero-employment families kept at zero 動態清零       1                    動態清零       "
	    "偏離目標                                             11/11\n"
	    "*   32 养老机构护理型床位占比（%）                         62                         ≥75       "
	    "已達標                           80 (78–82)     >99% 11/11\n"
	    "*    8 Living support（%）                                  -                    應保盡保       "
	    "無數據                                               0/11\n"
	    "     1 Resident population（10k persons）     1867.66 1881.06  1981.20           2100左右 ▁▁▁ █ "
	    "進度滯後 2040-03  1899.20 (1880.11–1918.29)      <1% 11/11\n"
	    "    25 Medical institution beds per 1000                 5.88                    力爭6.46 ▁ ▄ █ "
	    "符合進度                   6.50 (6.40–6.60)      71% 9/11 P\n"
	    "       residents（beds）\n"
	    "   15a Income（%）                                          -          與經濟增長基本同步       "
	    "無數據                                               0/11 P\n"
	    "    23 Maternal mortality ratio（per 100k）               6.1                        <7.5       "
	    "已達標                                               11/11\n"
	    "    10 Colleges（%）                                       34                         ≥50       "
	    "已取消                                               1/1 V\n"
	    "25、23：provisional: 9 of 11 reported, missing Liwan, Yuexiu\n"
	    "15a：僅按年計算\n"
	    "10：the province ended it\n"
	    "* 約束性指標。  P：初步數，尚未報齊或時期未終了。  走勢：歷次數值，空格後為目標值。  "
	    "預測值：2025 年的預測及其 80% 區間，以及達標概率。\n"
	    "plan14 2023-06，共 8 項指標：已達標 2 項、符合進度 1 項、進度滯後 1 項、偏離目標 1 項、無數據 2 "
	    "項、已取消 1 項；其中初步 1 項\n"
	    "其中約束性 3 項：已達標 1 項、符合進度 0 項、進度滯後 0 項、偏離目標 1 項、無數據 1 項\n");
}

static void what_a_newer_daemon_says_goes_out_as_it_came(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_one);
	must_answer(&daemon, "plan plan14", EXIT_DONE,
	            "Row Indicator Value Target Verdict        Coverage\n"
	            "  1 One           1      0 never heard of 1/1\n"
	            "plan14 at 2023-06, 1 target: 0 met, 0 on track, 0 behind, 0 off track, 0 no data\n",
	            "");
	scripted_stop(&daemon);
}

static void an_empty_plan_is_said(void **state)
{
	struct scripted_daemon daemon;

	(void)state;
	scripted_start(&daemon, answer_nothing);
	must_answer(&daemon, "plan plan14", EXIT_DONE, "", "the plan has no targets\n");
	must_answer(&daemon, "plan plan14 --lang zh", EXIT_DONE, "", "该规划没有指标\n");
	scripted_stop(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_binds_is_first_and_the_rest_below),
	    cmocka_unit_test(a_narrow_page_leaves_out_what_it_can_and_goes_on_below),
	    cmocka_unit_test(it_speaks_simplified),
	    cmocka_unit_test(it_speaks_traditional),
	    cmocka_unit_test(what_a_newer_daemon_says_goes_out_as_it_came),
	    cmocka_unit_test(an_empty_plan_is_said),
	};
	char folder[512];

	snprintf(folder, sizeof folder, "%s/locale", getenv("SUANPAN_BUILD"));
	setenv("SUANPAN_LOCALE", folder, 1);
	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests_name("cli_page", tests, NULL, NULL);
}
