#include "daemon/upkeep/words.h"

#include "daemon/alert/alert.h"
#include "daemon/store/internal.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a key is made of, in order. */
enum part {
	PART_NONE,
	PART_COMMIT,
	PART_ENTRY,
	PART_STATISTIC,
	PART_INDICATOR,
	PART_AREA,
	PART_PERIOD,
	PART_ROW,
	PART_REPORTER,
	PART_STREAM,
	PART_SEQUENCE,
	PART_ALERT,   /* its number */
	PART_SUBJECT, /* of an alert: a kind, and what it needs */
	PART_STIRRED, /* what the next look sees to */
	PART_KIND,    /* of a name: the rest is its code or its id */
	PART_TEXT,
};
#define PARTS_MAX 4

static const enum part shapes[TABLE_COUNT][PARTS_MAX] = {
    [TABLE_META] = {PART_TEXT},
    [TABLE_COMMITS] = {PART_COMMIT},
    [TABLE_NAMES] = {PART_KIND},
    [TABLE_JOURNAL] = {PART_ENTRY},
    [TABLE_CATALOGUES] = {PART_COMMIT},
    [TABLE_DECISIONS] = {PART_REPORTER, PART_STREAM, PART_SEQUENCE},
    [TABLE_STREAMS] = {PART_REPORTER, PART_STREAM},
    [TABLE_REPORTERS] = {PART_REPORTER},
    [TABLE_REFUSALS] = {PART_ENTRY},
    [TABLE_CELLS] = {PART_STATISTIC, PART_PERIOD, PART_ROW},
    [TABLE_REVISIONS] = {PART_STATISTIC, PART_PERIOD, PART_AREA, PART_ENTRY},
    [TABLE_TOTALS] = {PART_STATISTIC, PART_PERIOD, PART_AREA},
    [TABLE_VALUES] = {PART_INDICATOR, PART_AREA, PART_PERIOD},
    [TABLE_PAST_VALUES] = {PART_INDICATOR, PART_AREA, PART_PERIOD, PART_COMMIT},
    [TABLE_EXTENTS] = {PART_STATISTIC, PART_COMMIT},
    [TABLE_WARNINGS] = {PART_ENTRY},
    [TABLE_CLOSED] = {PART_PERIOD, PART_COMMIT},
    [TABLE_ALERTS] = {PART_ALERT, PART_COMMIT},
    [TABLE_WATCHED] = {PART_SUBJECT},
    [TABLE_STIRRED] = {PART_STIRRED},
};

const char *words_of_table(enum table table)
{
	static const char *const names[TABLE_COUNT] = TABLE_NAMES_ON_DISK;
	return names[table];
}

struct wording {
	struct db_txn *txn;
	const struct db_key *key;
	size_t offset;
	char *text; /* WORDS_SIZE */
	size_t length;
};

static void PRINTF_LIKE(2, 3) add(struct wording *wording, const char *format, ...)
{
	size_t room = WORDS_SIZE - wording->length;
	va_list arguments;
	va_start(arguments, format);
	int wanted = vsnprintf(wording->text + wording->length, room, format, arguments);
	va_end(arguments);
	if (wanted > 0)
		wording->length += (size_t)wanted < room ? (size_t)wanted : room - 1;
}

/* Bytes that may be damaged: nothing of them may move a terminal. */
static void add_text(struct wording *wording, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	for (size_t i = 0; i < size; i++)
		add(wording, "%c", at[i] < 0x20 || at[i] > 0x7e ? '?' : at[i]);
}

static size_t size_of(enum part part)
{
	switch (part) {
	case PART_COMMIT:
	case PART_ENTRY:
	case PART_SEQUENCE:
	case PART_ALERT:
		return sizeof(uint64_t);
	case PART_STATISTIC:
	case PART_INDICATOR:
	case PART_AREA:
	case PART_PERIOD:
	case PART_ROW:
	case PART_REPORTER:
		return sizeof(uint32_t);
	case PART_STREAM:
		return STORE_STREAM_SIZE;
	case PART_KIND:
	case PART_SUBJECT:
	case PART_STIRRED:
	case PART_TEXT:
		return 1; /* at least */
	case PART_NONE:
		break;
	}
	return 0;
}

static bool has_shape(enum table table, const struct db_key *key)
{
	size_t wanted = 0;
	for (size_t i = 0; i < PARTS_MAX; i++)
		wanted += size_of(shapes[table][i]);
	bool open_ended = shapes[table][0] == PART_KIND || shapes[table][0] == PART_TEXT ||
	                  shapes[table][0] == PART_SUBJECT || shapes[table][0] == PART_STIRRED;
	return open_ended ? key->size >= wanted : key->size == wanted;
}

static void add_code(struct wording *wording, enum name_kind kind, const char *what, uint32_t id)
{
	struct db_value text;
	int result = store_read_name(wording->txn, kind, id, &text);
	db_forgive(wording->txn);
	if (result == 0)
		add_text(wording, text.bytes, text.size);
	else
		add(wording, "%s %" PRIu32, what, id);
}

static bool is_named(struct wording *wording, uint32_t id)
{
	struct db_value text;
	int result = store_read_name(wording->txn, NAME_AREA, id, &text);
	db_forgive(wording->txn);
	return result == 0;
}

/* The areas whose cells stand together: from the first that there is to the last. */
static void add_row(struct wording *wording, uint32_t row)
{
	uint32_t first = row * CELLS_PER_ROW, last = first + CELLS_PER_ROW - 1;
	while (first < last && !is_named(wording, first))
		first++;
	while (last > first && !is_named(wording, last))
		last--;
	add(wording, "areas ");
	add_code(wording, NAME_AREA, "number", first);
	add(wording, " to ");
	add_code(wording, NAME_AREA, "number", last);
}

static void add_period(struct wording *wording, uint32_t code)
{
	char text[PERIOD_TEXT_SIZE];
	if (!period_is_code(code)) {
		add(wording, "period %08" PRIx32, code);
		return;
	}
	period_format((struct period){code}, text);
	add(wording, "%s", text);
}

static void add_name(struct wording *wording)
{
	static const char *const kinds[] = {[NAME_AREA] = "area",
	                                    [NAME_STATISTIC] = "statistic",
	                                    [NAME_INDICATOR] = "indicator",
	                                    [NAME_REPORTER] = "reporter"};
	const struct db_key *key = wording->key;
	uint8_t kind = key->bytes[0] & 0x7f;
	const char *what = kind >= NAME_AREA && kind <= NAME_REPORTER ? kinds[kind] : "name";
	size_t offset = 1;
	add(wording, "%s ", what);
	if (key->bytes[0] & 0x80 && key->size == 1 + sizeof(uint32_t))
		add(wording, "number %" PRIu32, db_key_take_u32(key, &offset));
	else
		add_text(wording, key->bytes + 1, key->size - 1);
}

static void add_stream(struct wording *wording)
{
	add(wording, "stream ");
	for (size_t i = 0; i < 4; i++) /* as much as other commands show of it */
		add(wording, "%02x", wording->key->bytes[wording->offset + i]);
	wording->offset += STORE_STREAM_SIZE;
}

static uint32_t take_u32(struct wording *wording)
{
	return db_key_take_u32(wording->key, &wording->offset);
}

static uint64_t take_u64(struct wording *wording)
{
	return db_key_take_u64(wording->key, &wording->offset);
}

/* "overdue, liwan, 2024-05", "verdict, plan14/15a" */
static void add_subject(struct wording *wording)
{
	const struct db_key *key = wording->key;
	const uint8_t kind = key->bytes[0];
	wording->offset = 1;
	add(wording, "%s, ", kind > 0 && kind < ALERT_KIND_END ? alert_kind_name(kind) : "alert");
	if (kind == ALERT_OVERDUE && key->size == 1 + 2 * sizeof(uint32_t)) {
		add_code(wording, NAME_REPORTER, "reporter", take_u32(wording));
	} else if (kind == ALERT_RULE && key->size == 1 + 3 * sizeof(uint32_t)) {
		add_code(wording, NAME_STATISTIC, "statistic", take_u32(wording));
		add(wording, ", ");
		add_code(wording, NAME_AREA, "area", take_u32(wording));
	} else {
		add_text(wording, key->bytes + 1, key->size - 1);
		return;
	}
	add(wording, ", ");
	add_period(wording, take_u32(wording));
}

/* "the last look", "duties of liwan", "2024-05, areas liwan to zengcheng" */
static void add_stirred(struct wording *wording)
{
	const struct db_key *key = wording->key;
	const uint8_t kind = key->bytes[0];
	wording->offset = 1;
	if (kind == STIRRED_DUTIES && key->size == 1 + sizeof(uint32_t)) {
		add(wording, "duties of ");
		add_code(wording, NAME_REPORTER, "reporter", take_u32(wording));
	} else if (kind == STIRRED_ROW && key->size == 1 + 2 * sizeof(uint32_t)) {
		add_period(wording, take_u32(wording));
		add(wording, ", ");
		add_row(wording, take_u32(wording));
	} else {
		add(wording, "the last look");
	}
}

static void add_part(struct wording *wording, enum part part)
{
	switch (part) {
	case PART_COMMIT:
		add(wording, "commit %" PRIu64, take_u64(wording));
		return;
	case PART_ENTRY:
		add(wording, "entry %" PRIu64, take_u64(wording));
		return;
	case PART_SEQUENCE:
		add(wording, "sequence %" PRIu64, take_u64(wording));
		return;
	case PART_STATISTIC:
		add_code(wording, NAME_STATISTIC, "statistic", take_u32(wording));
		return;
	case PART_INDICATOR:
		add_code(wording, NAME_INDICATOR, "indicator", take_u32(wording));
		return;
	case PART_AREA:
		add_code(wording, NAME_AREA, "area", take_u32(wording));
		return;
	case PART_REPORTER:
		add_code(wording, NAME_REPORTER, "reporter", take_u32(wording));
		return;
	case PART_PERIOD:
		add_period(wording, take_u32(wording));
		return;
	case PART_ROW:
		add_row(wording, take_u32(wording));
		return;
	case PART_STREAM:
		add_stream(wording);
		return;
	case PART_ALERT:
		add(wording, "alert %" PRIu64, take_u64(wording));
		return;
	case PART_SUBJECT:
		add_subject(wording);
		return;
	case PART_STIRRED:
		add_stirred(wording);
		return;
	case PART_KIND:
		add_name(wording);
		return;
	case PART_TEXT:
		add_text(wording, wording->key->bytes, wording->key->size);
		return;
	case PART_NONE:
		return;
	}
}

static void add_hex(struct wording *wording)
{
	add(wording, "key ");
	for (size_t i = 0; i < wording->key->size; i++)
		add(wording, "%02x", wording->key->bytes[i]);
}

void words_of_key(struct db_txn *txn, enum table table, const struct db_key *key, char ret_text[WORDS_SIZE])
{
	struct wording wording = {.txn = txn, .key = key, .text = ret_text};
	ret_text[0] = '\0';
	if (!has_shape(table, key)) {
		add_hex(&wording);
		return;
	}
	for (size_t i = 0; i < PARTS_MAX && shapes[table][i] != PART_NONE; i++) {
		if (i > 0)
			add(&wording, ", ");
		add_part(&wording, shapes[table][i]);
	}
}

void words_of_cell(struct db_txn *txn, const struct db_key *key, uint32_t slot, char ret_text[WORDS_SIZE])
{
	struct wording wording = {.txn = txn, .key = key, .text = ret_text};
	ret_text[0] = '\0';
	add_part(&wording, PART_STATISTIC);
	uint32_t period = take_u32(&wording);
	add(&wording, ", ");
	add_code(&wording, NAME_AREA, "area", take_u32(&wording) * CELLS_PER_ROW + slot);
	add(&wording, ", ");
	add_period(&wording, period);
}
