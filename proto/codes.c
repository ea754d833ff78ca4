#include "proto/codes.h"

#include <stdint.h>
#include <string.h>

/* Longer words are not worth a suggestion, and a peer's word must not cost more than this squared. */
#define WORD_MAX 96

bool code_is_valid(const char *text, size_t length)
{
	if (length < 1 || length > CODE_LENGTH_MAX || text[0] == '_' || text[0] == '-')
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return false;
	}
	return true;
}

/* One character of well-formed UTF-8 (Unicode 15, table 3-7): its length in bytes, or 0. */
static size_t read_character(const unsigned char *at, size_t left, uint32_t *ret_character)
{
	static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = at[0] < 0x80   ? 1
	                : at[0] < 0xc0 ? 0
	                : at[0] < 0xe0 ? 2
	                : at[0] < 0xf0 ? 3
	                : at[0] < 0xf8 ? 4
	                               : 0;

	if (length == 0 || length > left)
		return 0;
	uint32_t character = length == 1 ? at[0] : at[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (at[i] & 0x3f);
	}
	bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
	if (character < LEAST[length] || character > 0x10ffff || is_surrogate)
		return 0;
	*ret_character = character;
	return length;
}

static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

bool text_is_valid(const char *text, size_t length)
{
	const unsigned char *at = (const unsigned char *)text;
	uint32_t character;

	while (length > 0) {
		size_t step = read_character(at, length, &character);
		if (step == 0 || (is_control(character) && character != '\t'))
			return false;
		at += step;
		length -= step;
	}
	return true;
}

static const struct status_row {
	char letter;
	bool has_value;
	const char *name;
} STATUSES[] = {
    {.letter = 'A', .has_value = true, .name = "normal"},
    {.letter = 'P', .has_value = true, .name = "provisional"},
    {.letter = 'E', .has_value = true, .name = "estimated"},
    {.letter = 'F', .has_value = true, .name = "forecast"},
    {.letter = 'B', .has_value = true, .name = "break"},
    {.letter = 'V', .has_value = true, .name = "unvalidated"},
    {.letter = 'O', .has_value = false, .name = "missing"},
    {.letter = 'L', .has_value = false, .name = "not collected"},
    {.letter = 'Q', .has_value = false, .name = "suppressed"},
};

static const struct status_row *find_status(char letter)
{
	for (size_t i = 0; i < sizeof STATUSES / sizeof STATUSES[0]; i++)
		if (STATUSES[i].letter == letter)
			return &STATUSES[i];
	return NULL;
}

bool status_is_valid(char status)
{
	return find_status(status) != NULL;
}

bool status_has_value(char status)
{
	const struct status_row *row = find_status(status);

	return row && row->has_value;
}

const char *status_name(char status)
{
	const struct status_row *row = find_status(status);

	return row ? row->name : NULL;
}

/* ---- nearest word */

struct word {
	uint32_t characters[WORD_MAX];
	size_t length;
};

/* Characters, not bytes, so that one Chinese character is one difference. Bad bytes count as themselves. */
static bool read_word(const char *text, struct word *ret_word)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t left = strnlen(text, WORD_MAX * 4 + 1);

	ret_word->length = 0;
	while (left > 0) {
		uint32_t character = *at;
		size_t step = read_character(at, left, &character);
		if (ret_word->length == WORD_MAX)
			return false;
		if (character >= 'A' && character <= 'Z')
			character += 'a' - 'A';
		ret_word->characters[ret_word->length++] = character;
		at += step ? step : 1;
		left -= step ? step : 1;
	}
	return true;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, with two neighbours in the wrong order as one mistake (optimal string alignment).
 */
static size_t distance(const struct word *a, const struct word *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b->length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a->length; i++) {
		size_t *oldest = before;
		before = above;
		above = row;
		row = oldest;
		row[0] = i;
		for (size_t j = 1; j <= b->length; j++) {
			const uint32_t *x = &a->characters[i - 1], *y = &b->characters[j - 1];
			row[j] = least(above[j - 1] + (*x != *y), least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && x[0] == y[-1] && x[-1] == y[0])
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return row[b->length];
}

const char *nearest_word(const char *word, const char *const words[], size_t count)
{
	struct word wanted, known;
	const char *nearest = NULL;
	size_t nearest_distance = SIZE_MAX;

	if (!read_word(word, &wanted))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (!read_word(words[i], &known))
			continue;
		size_t longer = wanted.length > known.length ? wanted.length : known.length;
		size_t shorter = least(wanted.length, known.length);
		if ((longer - shorter) * 3 > longer)
			continue;
		size_t d = distance(&wanted, &known);
		if (d * 3 <= longer && d < nearest_distance) {
			nearest = words[i];
			nearest_distance = d;
		}
	}
	return nearest;
}
