#include "tests/lib/mutate_report.h"

#include "proto/envelope.h"
#include <string.h>

#define WORDS_MAX 1024
#define ROWS_MAX  (ENVELOPE_OBSERVATIONS_MAX + 2)

static char *strings[3][WORDS_MAX];
static int64_t columns[4][ROWS_MAX];
static uint64_t status_rows[ROWS_MAX], status_codes[ROWS_MAX], decimals[WORDS_MAX];

static void copy_numbers(void *to, const void *from, size_t count, size_t room)
{
	if (count > 0)
		memcpy(to, from, (count < room ? count : room) * sizeof(uint64_t));
}

static bool has_sane_shape(const Suanpan__Report *report)
{
	return report->n_value > 0 && report->n_value < ROWS_MAX - 1 &&
	       report->n_statistic_delta == report->n_value && report->n_period_delta == report->n_value &&
	       report->n_area_delta == report->n_value && report->n_statistic < WORDS_MAX - 1 &&
	       report->n_decimals == report->n_statistic && report->n_period < WORDS_MAX - 1 &&
	       report->n_area < WORDS_MAX - 1 && report->n_status_row < ROWS_MAX - 1 &&
	       report->n_status_code == report->n_status_row;
}

static void borrow_columns(Suanpan__Report *draft)
{
	int64_t **const lists[] = {&draft->statistic_delta, &draft->period_delta, &draft->area_delta,
	                           &draft->value};
	char ***const dictionaries[] = {&draft->statistic, &draft->period, &draft->area};
	const size_t counts[] = {draft->n_statistic, draft->n_period, draft->n_area};
	for (size_t i = 0; i < 4; i++) {
		copy_numbers(columns[i], *lists[i], draft->n_value, ROWS_MAX);
		*lists[i] = columns[i];
	}
	for (size_t i = 0; i < 3; i++) {
		if (counts[i] > 0)
			memcpy(strings[i], *dictionaries[i], counts[i] * sizeof(char *));
		*dictionaries[i] = strings[i];
	}
	copy_numbers(decimals, draft->decimals, draft->n_decimals, WORDS_MAX);
	copy_numbers(status_rows, draft->status_row, draft->n_status_row, ROWS_MAX);
	copy_numbers(status_codes, draft->status_code, draft->n_status_code, ROWS_MAX);
	draft->decimals = decimals;
	draft->status_row = status_rows;
	draft->status_code = status_codes;
}

static void set_rows(Suanpan__Report *draft, size_t rows)
{
	draft->n_value = draft->n_statistic_delta = draft->n_period_delta = draft->n_area_delta = rows;
}

static void insert_row(Suanpan__Report *draft, struct dice *dice)
{
	size_t row = dice_below(dice, draft->n_value + 1), behind = draft->n_value - row;
	for (size_t i = 0; i < 4; i++) {
		memmove(&columns[i][row + 1], &columns[i][row], behind * sizeof(int64_t));
		columns[i][row] = i == 3 ? (int64_t)dice_number(dice) : (int64_t)dice_below(dice, 3) - 1;
	}
	set_rows(draft, draft->n_value + 1);
}

static void drop_row(Suanpan__Report *draft, struct dice *dice)
{
	size_t row = dice_below(dice, draft->n_value), behind = draft->n_value - row - 1;
	for (size_t i = 0; i < 4; i++)
		memmove(&columns[i][row], &columns[i][row + 1], behind * sizeof(int64_t));
	set_rows(draft, draft->n_value - 1);
}

static void add_status(Suanpan__Report *draft, struct dice *dice)
{
	static const char letters[] = "APEFBVOLQX";
	size_t row = dice_below(dice, draft->n_value), at = 0;
	while (at < draft->n_status_row && status_rows[at] < row)
		at++;
	size_t behind = draft->n_status_row - at;
	memmove(&status_rows[at + 1], &status_rows[at], behind * sizeof *status_rows);
	memmove(&status_codes[at + 1], &status_codes[at], behind * sizeof *status_codes);
	status_rows[at] = row;
	status_codes[at] = (uint64_t)letters[dice_below(dice, sizeof letters)];
	draft->n_status_row = draft->n_status_code = draft->n_status_row + 1;
	if (dice_below(dice, 2))
		columns[3][row] = 0;
}

static void change_words(const struct mutation *mutation, Suanpan__Report *draft, struct dice *dice)
{
	const char *word = mutation->words[dice_below(dice, mutation->word_count)];
	size_t which = dice_below(dice, 3);
	size_t *counts[] = {&draft->n_statistic, &draft->n_period, &draft->n_area};
	size_t at = dice_below(dice, *counts[which] + 1);
	strings[which][at] = (char *)(uintptr_t)word;
	if (which == 0)
		decimals[at] = dice_below(dice, 4) ? 0 : dice_below(dice, 11);
	*counts[which] += at == *counts[which];
	draft->n_decimals = draft->n_statistic;
}

static void nudge(int64_t *number, int64_t by)
{
	*number = (int64_t)((uint64_t)*number + (uint64_t)by);
}

static void change_draft(const struct mutation *mutation, Suanpan__Report *draft, struct dice *dice)
{
	static const uint64_t sequences[] = {0, 1, 2, UINT64_MAX};
	size_t row = dice_below(dice, draft->n_value);
	switch (dice_below(dice, 8)) {
	case 0:
	case 1:
		insert_row(draft, dice);
		break;
	case 2:
		if (draft->n_value > 1)
			drop_row(draft, dice);
		break;
	case 3:
		add_status(draft, dice);
		break;
	case 4:
		columns[3][row] = (int64_t)dice_number(dice);
		break;
	case 5:
		nudge(&columns[dice_below(dice, 3)][row], (int64_t)dice_below(dice, 5) - 2);
		break;
	case 6:
		draft->sequence = sequences[dice_below(dice, 4)];
		break;
	default:
		change_words(mutation, draft, dice);
		break;
	}
}

static size_t mutate_rows(const struct mutation *mutation, uint8_t *bytes, size_t size, size_t room,
                          struct dice *dice)
{
	Suanpan__Report *report = suanpan__report__unpack(NULL, size, bytes);
	size_t packed = 0;
	if (report && has_sane_shape(report)) {
		Suanpan__Report draft = *report;
		borrow_columns(&draft);
		for (size_t times = 1 + dice_below(dice, 4); times > 0 && has_sane_shape(&draft); times--)
			change_draft(mutation, &draft, dice);
		packed = suanpan__report__get_packed_size(&draft);
		packed = packed <= room ? suanpan__report__pack(&draft, bytes) : 0;
	}
	if (report)
		suanpan__report__free_unpacked(report, NULL);
	return packed;
}

size_t mutate_report(const struct mutation *mutation, uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
	struct dice dice = dice_of(seed ^ 0x5a5a);
	size_t packed = dice_below(&dice, 2) ? mutate_rows(mutation, bytes, size, room, &dice) : 0;
	return packed > 0 ? packed : mutate_message(mutation, bytes, size, room, seed);
}
