#include "daemon/query/note.h"

#include "proto/codes.h"

#define NAMES_MAX 5

/* Text of our own, in each language. */
static char *say(const struct wording *words, const char *english, const char *simplified,
                 const char *traditional)
{
	const struct names names = {{
	    [LANGUAGE_EN] = english,
	    [LANGUAGE_ZH_HANS] = simplified,
	    [LANGUAGE_ZH_HANT] = traditional,
	}};
	return wording_name(words, &names);
}

static char *say_status(const struct wording *words, char status)
{
	switch (status) {
	case 'P':
		return say(words, status_name(status), "初步数", "初步數");
	case 'E':
		return say(words, status_name(status), "估计数", "估計數");
	case 'F':
		return say(words, status_name(status), "预测数", "預測數");
	case 'B':
		return say(words, status_name(status), "口径有变", "口徑有變");
	case 'V':
		return say(words, status_name(status), "未经核实", "未經核實");
	default:
		return wording_borrow(status_name(status));
	}
}

static char *count_reported(struct wording *words, const char *state, const struct value *value)
{
	if (words->language == LANGUAGE_EN)
		return wording_format(words, "%s: %u of %u reported", state, value->reported,
		                      value->expected);
	return wording_format(words, "%s：%s %u，%s %u", state, say(words, "", "应报", "應報"),
	                      value->expected, say(words, "", "已报", "已報"), value->reported);
}

static char *name_missing(struct wording *words, char *note, const struct kept_value *kept)
{
	const struct value *value = &kept->value;
	const uint32_t shown = value->missing_count < NAMES_MAX ? value->missing_count : NAMES_MAX;
	const char *first = say(words, ", missing ", "，未报：", "，未報："),
	           *next = say(words, ", ", "、", "、");
	for (uint32_t i = 0; note && i < shown; i++)
		note = wording_format(words, "%s%s%s", note, i == 0 ? first : next,
		                      wording_name(words, &words->catalogue->areas[value->missing[i]].names));
	if (note && kept->missing_total > shown)
		note = wording_format(words, "%s%s%u%s", note, say(words, " and ", "，另有 ", "，另有 "),
		                      kept->missing_total - shown, say(words, " more", " 个", " 個"));
	return note;
}

/* How far the value can be relied on; NULL: wholly, or there is none. */
static char *state_note(struct wording *words, const struct kept_value *kept)
{
	const struct value *value = &kept->value;
	const bool present = value->state == VALUE_PRESENT;
	const char *state = present ? say_status(words, value->status)
	                            : say(words, value_state_text(VALUE_INCOMPLETE), "数据不全", "數據不全");
	if (kept->missing_total > 0 && value->reported > 0)
		return name_missing(
		    words, count_reported(words, state ? state : say_status(words, 'P'), value), kept);
	return present && value->status != 'A' ? wording_borrow(state) : NULL;
}

static char *starts_later(struct wording *words, int year)
{
	return wording_format(words, "%s%d%s", say(words, "this plan counts from ", "本规划自 ", "本規劃自 "),
	                      year, say(words, " on", " 年起累计", " 年起累計"));
}

static char *set_elsewhere(struct wording *words, const struct target *target)
{
	return wording_format(words, "%s%s",
	                      say(words, "the target is set for ", "目标所属地区：", "目標所屬地區："),
	                      wording_name(words, &words->catalogue->areas[target->area].names));
}

static char *join(struct wording *words, char *one, char *other)
{
	return one && other ? wording_format(words, "%s%s%s", one, say(words, "; ", "；", "；"), other)
	                    : other;
}

/* Of another period than was asked for. */
static char *is_of(struct wording *words, struct period period)
{
	return wording_format(words, "%s%s", say(words, "of ", "截至 ", "截至 "),
	                      wording_period(words, period));
}

char *note_on_target(struct wording *words, const struct note_basis *basis)
{
	const struct target *target = basis->target;
	if (target->cancelled)
		return wording_borrow(target->cancelled);
	char *state = state_note(words, basis->kept);
	if (basis->period.code != basis->asked.code)
		state = state ? join(words, is_of(words, basis->period), state) : is_of(words, basis->period);
	if (target->starts_at_zero && period_year(basis->period) < basis->plan->first_year)
		return join(words, state, starts_later(words, basis->plan->first_year));
	return basis->area == target->area ? state : join(words, state, set_elsewhere(words, target));
}
