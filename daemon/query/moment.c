#include "daemon/query/moment.h"

#include "proto/period.h"
#include <string.h>

#define MS_A_MINUTE      60000
#define MS_A_DAY         ((int64_t)24 * 60 * MS_A_MINUTE)
#define CHINA_MINUTES    (8 * 60)
#define DAY_LENGTH       (sizeof "2024-05-01" - 1)
#define COMMIT_DIGITS    19 /* all that fit 64 bits */
#define OFFSET_HOURS_MAX 14

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

static int parse_commit(const char *text, struct written_moment *ret_moment)
{
	size_t length = strlen(text);
	uint64_t commit = 0;
	if (length > COMMIT_DIGITS)
		return MOMENT_OUT_OF_RANGE;
	for (size_t i = 0; i < length; i++)
		commit = commit * 10 + (uint64_t)(text[i] - '0');
	*ret_moment = (struct written_moment){.is_commit = true, .commit = commit};
	return 0;
}

static int parse_day(const char *text, int64_t *ret_day)
{
	struct period day;
	int verdict = period_parse(text, DAY_LENGTH, &day);
	if (verdict != 0)
		return verdict == PERIOD_OUT_OF_RANGE ? MOMENT_OUT_OF_RANGE : MOMENT_BAD_FORM;
	if (period_frequency_of(day) != PERIOD_DAY)
		return MOMENT_BAD_FORM;
	*ret_day = period_first_day(day);
	return 0;
}

/* Two digits and what must follow them ('\0': nothing is asked); moves on behind both. */
static bool take_two(const char **text, char then, int most, int *ret_number, bool *in_range)
{
	const char *at = *text;
	if (!is_digit(at[0]) || !is_digit(at[1]))
		return false;
	*ret_number = (at[0] - '0') * 10 + (at[1] - '0');
	*in_range &= *ret_number <= most;
	at += 2;
	if (then != '\0' && *at++ != then)
		return false;
	*text = at;
	return true;
}

/* Z, +08:00 or -05:30, to the end of the text. */
static bool take_offset(const char *text, int *ret_minutes, bool *in_range)
{
	int hours, minutes;
	if (strcmp(text, "Z") == 0) {
		*ret_minutes = 0;
		return true;
	}
	char sign = *text++;
	if ((sign != '+' && sign != '-') || !take_two(&text, ':', OFFSET_HOURS_MAX, &hours, in_range) ||
	    !take_two(&text, '\0', 59, &minutes, in_range) || *text != '\0')
		return false;
	*ret_minutes = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
	return true;
}

static int parse_time(const char *text, int64_t day, struct written_moment *ret_moment)
{
	int hour, minute, second = 0, offset;
	bool in_range = true;
	if (!take_two(&text, ':', 23, &hour, &in_range) || !take_two(&text, '\0', 59, &minute, &in_range))
		return MOMENT_BAD_FORM;
	if (*text == ':') {
		text++;
		if (!take_two(&text, '\0', 59, &second, &in_range))
			return MOMENT_BAD_FORM;
	}
	if (!take_offset(text, &offset, &in_range))
		return MOMENT_BAD_FORM;
	if (!in_range)
		return MOMENT_OUT_OF_RANGE;
	*ret_moment = (struct written_moment){
	    .wall_ms = day * MS_A_DAY + ((int64_t)hour * 60 + minute - offset) * MS_A_MINUTE +
	               (int64_t)second * 1000};
	return 0;
}

int moment_parse(const char *text, struct written_moment *ret_moment)
{
	size_t length = strlen(text);
	int64_t day;
	if (length > 0 && strspn(text, "0123456789") == length)
		return parse_commit(text, ret_moment);
	if (length < DAY_LENGTH)
		return MOMENT_BAD_FORM;
	int verdict = parse_day(text, &day);
	if (verdict != 0)
		return verdict;
	if (text[DAY_LENGTH] == 'T')
		return parse_time(text + DAY_LENGTH + 1, day, ret_moment);
	if (text[DAY_LENGTH] != '\0')
		return MOMENT_BAD_FORM;
	*ret_moment = (struct written_moment){.wall_ms = (day + 1) * MS_A_DAY -
	                                                 (int64_t)CHINA_MINUTES * MS_A_MINUTE - 1};
	return 0;
}
