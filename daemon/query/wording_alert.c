#include "daemon/query/wording_alert.h"

#include <assert.h>
#include <string.h>

#define SAME_NUMBER(ours, theirs)                                                                            \
	_Static_assert((int)(ours) == (int)(theirs), "stored as it is written down in suanpan.proto")
SAME_NUMBER(ALERT_OVERDUE, SUANPAN__ALERT_KIND__ALERT_OVERDUE);
SAME_NUMBER(ALERT_RULE, SUANPAN__ALERT_KIND__ALERT_RULE);
SAME_NUMBER(ALERT_VERDICT, SUANPAN__ALERT_KIND__ALERT_VERDICT);
SAME_NUMBER(ALERT_FORECAST, SUANPAN__ALERT_KIND__ALERT_FORECAST);
SAME_NUMBER(ALERT_MISSED, SUANPAN__ALERT_KIND__ALERT_MISSED);
SAME_NUMBER(ALERT_OPEN, SUANPAN__ALERT_STATE__ALERT_OPEN);
SAME_NUMBER(ALERT_ACKNOWLEDGED, SUANPAN__ALERT_STATE__ALERT_ACKNOWLEDGED);
SAME_NUMBER(ALERT_RESOLVED, SUANPAN__ALERT_STATE__ALERT_RESOLVED);

/* ---- names ---- */

static const char *area_name(const struct wording *words, const char *code)
{
	const uint32_t area = catalogue_find_area(words->catalogue, code);
	return area == CATALOGUE_NONE ? code : wording_name(words, &words->catalogue->areas[area].names);
}

static const char *reporter_name(const struct wording *words, const char *code)
{
	const uint32_t reporter = catalogue_find_reporter(words->catalogue, code);
	return reporter == CATALOGUE_NONE ? code
	                                  : wording_name(words, &words->catalogue->reporters[reporter].names);
}

static const char *code_name(const struct wording *words, const char *code, enum alert_kind kind)
{
	const struct catalogue *catalogue = words->catalogue;
	const uint32_t found = kind == ALERT_RULE ? catalogue_find_statistic(catalogue, code)
	                                          : catalogue_find_indicator(catalogue, code);
	if (found == CATALOGUE_NONE)
		return code;
	return wording_name(words, kind == ALERT_RULE ? &catalogue->statistics[found].names
	                                              : &catalogue->indicators[found].names);
}

/* The rules that the daemon knows (daemon/catalogue/rules.h); another goes by its own name. */
static const char *rule_name(const struct wording *words, const char *rule)
{
	static const struct {
		const char *rule;
		const char *name[LANGUAGE_COUNT];
	} names[] = {
	    {"jump", {"a jump against its own past", "较自身历史突变", "較自身歷史突變"}},
	    {"unchanged", {"unchanged where it always moves", "一向变动而此次未变", "一向變動而此次未變"}},
	    {"peers", {"far from its peers", "与同类地区相差悬殊", "與同類地區相差懸殊"}},
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i].rule, rule) == 0)
			return names[i].name[words->language];
	return rule;
}

/* ---- sentences: one for each kind and language ---- */

/* What a sentence is put together from. */
struct said {
	const char *name, *area, *period, *value;
};

static char *say_overdue(struct wording *words, const struct alert_facts *facts, const struct said *said)
{
	char day[PERIOD_TEXT_SIZE];
	const char *who = reporter_name(words, facts->reporter);
	period_format(period_of_day(facts->due_day, PERIOD_DAY), day);
	switch (words->language) {
	case LANGUAGE_ZH_HANS:
		return wording_format(words, "%s：%s 应报 %u 项，%u 项逾期未报（最早应于 %s 报送）", who,
		                      said->period, facts->whole, facts->part, day);
	case LANGUAGE_ZH_HANT:
		return wording_format(words, "%s：%s 應報 %u 項，%u 項逾期未報（最早應於 %s 報送）", who,
		                      said->period, facts->whole, facts->part, day);
	case LANGUAGE_EN:
	case LANGUAGE_COUNT:
		break;
	}
	return wording_format(words, "%s: %u of %u figures for %s overdue, the first since %s", who,
	                      facts->part, facts->whole, said->period, day);
}

static char *say_rule(struct wording *words, const struct alert_facts *facts, const struct said *said)
{
	const char *rule = rule_name(words, facts->rule);
	switch (words->language) {
	case LANGUAGE_ZH_HANS:
	case LANGUAGE_ZH_HANT:
		return wording_format(words, "%s，%s，%s：%s 可疑（%s）", said->name, said->area,
		                      said->period, said->value, rule);
	case LANGUAGE_EN:
	case LANGUAGE_COUNT:
		break;
	}
	return wording_format(words, "%s, %s, %s: %s looks wrong (%s)", said->name, said->area, said->period,
	                      said->value, rule);
}

static char *say_verdict(struct wording *words, const struct alert_facts *facts, const struct said *said)
{
	const bool off = facts->severity == ALERT_WORSE;
	switch (words->language) {
	case LANGUAGE_ZH_HANS:
		return wording_format(words, "%s（%s 第 %s 项）%s %s：%s", said->name, facts->plan,
		                      facts->row, said->period, off ? "偏离目标路径" : "落后于目标路径",
		                      said->value);
	case LANGUAGE_ZH_HANT:
		return wording_format(words, "%s（%s 第 %s 項）%s %s：%s", said->name, facts->plan,
		                      facts->row, said->period, off ? "偏離目標路徑" : "落後於目標路徑",
		                      said->value);
	case LANGUAGE_EN:
	case LANGUAGE_COUNT:
		break;
	}
	return wording_format(words, "%s (%s, row %s) has slipped to %s in %s: %s", said->name, facts->plan,
	                      facts->row, off ? "off track" : "behind", said->period, said->value);
}

static char *say_forecast(struct wording *words, const struct alert_facts *facts, const struct said *said)
{
	switch (words->language) {
	case LANGUAGE_ZH_HANS:
		return wording_format(
		    words, "%s（%s 第 %s 项）据 %s 数据，达标可能性为 %u%%，低于约定的 %u%%", said->name,
		    facts->plan, facts->row, said->period, facts->chance, facts->agreed);
	case LANGUAGE_ZH_HANT:
		return wording_format(
		    words, "%s（%s 第 %s 項）據 %s 數據，達標可能性為 %u%%，低於約定的 %u%%", said->name,
		    facts->plan, facts->row, said->period, facts->chance, facts->agreed);
	case LANGUAGE_EN:
	case LANGUAGE_COUNT:
		break;
	}
	return wording_format(words,
	                      "%s (%s, row %s): the chance to meet the target is %u %% by the figures up to "
	                      "%s, below the %u %% agreed",
	                      said->name, facts->plan, facts->row, facts->chance, said->period,
	                      facts->agreed);
}

static char *say_missed(struct wording *words, const struct alert_facts *facts, const struct said *said)
{
	switch (words->language) {
	case LANGUAGE_ZH_HANS:
		return wording_format(words, "%s（%s 第 %s 项，约束性）规划期满未达标：%s 为 %s", said->name,
		                      facts->plan, facts->row, said->period, said->value);
	case LANGUAGE_ZH_HANT:
		return wording_format(words, "%s（%s 第 %s 項，約束性）規劃期滿未達標：%s 為 %s", said->name,
		                      facts->plan, facts->row, said->period, said->value);
	case LANGUAGE_EN:
	case LANGUAGE_COUNT:
		break;
	}
	return wording_format(words,
	                      "%s (%s, row %s, binding): the plan is over and the target not met: %s in %s",
	                      said->name, facts->plan, facts->row, said->value, said->period);
}

static char *add_provisional(struct wording *words, const struct alert_facts *facts, char *text)
{
	switch (words->language) {
	case LANGUAGE_ZH_HANS:
		return wording_format(words, "%s（暂定，%u 个地区中 %u 个已报）", text, facts->whole,
		                      facts->part);
	case LANGUAGE_ZH_HANT:
		return wording_format(words, "%s（暫定，%u 個地區中 %u 個已報）", text, facts->whole,
		                      facts->part);
	case LANGUAGE_EN:
	case LANGUAGE_COUNT:
		break;
	}
	return wording_format(words, "%s; provisional, from %u of %u areas", text, facts->part, facts->whole);
}

/* NULL where the memory is spent. */
static char *say(struct wording *words, const struct alert_facts *facts)
{
	static char *(*const sentences[ALERT_KIND_END])(struct wording *, const struct alert_facts *,
	                                                const struct said *) = {
	    [ALERT_OVERDUE] = say_overdue,   [ALERT_RULE] = say_rule,     [ALERT_VERDICT] = say_verdict,
	    [ALERT_FORECAST] = say_forecast, [ALERT_MISSED] = say_missed,
	};
	const struct said said = {
	    .name = code_name(words, facts->code, facts->kind),
	    .area = area_name(words, facts->area),
	    .period = facts->period.code != 0 ? wording_period(words, facts->period) : "",
	    .value = facts->has_value ? wording_number(words, facts->units, facts->decimals) : "-",
	};
	assert(facts->kind > 0 && facts->kind < ALERT_KIND_END);
	if (!said.period || !said.value)
		return NULL;
	char *text = sentences[facts->kind](words, facts, &said);
	return text && facts->provisional ? add_provisional(words, facts, text) : text;
}

/* ---- the row ---- */

static char *copy_filled(struct wording *words, const char *text)
{
	return text[0] != '\0' ? wording_copy(words, text) : NULL;
}

static void add_subject(struct wording *words, const struct alert_facts *facts, Suanpan__Alert *row)
{
	row->code = copy_filled(words, facts->code);
	row->area = copy_filled(words, facts->area);
	if (row->area)
		row->area_name = wording_copy(words, area_name(words, facts->area));
	if (facts->period.code != 0)
		row->period = wording_period(words, facts->period);
	row->plan = copy_filled(words, facts->plan);
	row->row = copy_filled(words, facts->row);
	if (row->plan)
		row->nature =
		    wording_borrow(nature_name(facts->binding ? NATURE_BINDING : NATURE_ANTICIPATORY));
	row->reporter = copy_filled(words, facts->reporter);
	row->rule = copy_filled(words, facts->rule);
}

Suanpan__Alert wording_alert(struct wording *words, const struct alert *alert)
{
	Suanpan__Alert row = SUANPAN__ALERT__INIT;
	row.number = alert->number;
	row.kind = (Suanpan__AlertKind)alert->facts.kind;
	row.state = (Suanpan__AlertState)alert->state;
	row.text = say(words, &alert->facts);
	row.raised = wording_time(words, alert->raised_ms);
	row.raised_commit = alert->raised_commit;
	row.changed = wording_time(words, alert->changed_ms);
	row.changed_commit = alert->changed_commit;
	add_subject(words, &alert->facts, &row);
	row.provisional = alert->facts.provisional;
	row.actor = copy_filled(words, alert->actor);
	row.why = copy_filled(words, alert->why);
	return row;
}
