#include "clients/report/vocabulary.h"
#include "clients/lib/ask.h"
#include "daemon/base/arena.h"
#include "proto/envelope.h"
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MEMORY_BUDGET ((size_t)256 << 20)

/* The bytes are one after the other: kind u32, size u32, a packed Answer. */
static const Suanpan__ListKind kinds[] = {SUANPAN__LIST_KIND__LIST_STATISTICS, SUANPAN__LIST_KIND__LIST_AREAS,
                                          SUANPAN__LIST_KIND__LIST_REPORTERS};
#define KIND_COUNT (sizeof kinds / sizeof *kinds)
#define PART_HEAD  (2 * sizeof(uint32_t))

/* ---- asking ---- */

struct parts {
	uint8_t *bytes;
	size_t size;
	Suanpan__ListKind kind;
};

static int add_part(struct parts *parts, const void *answer, size_t size)
{
	uint8_t *bytes = realloc(parts->bytes, parts->size + PART_HEAD + size);
	if (!bytes)
		return -ENOMEM;
	const uint32_t head[] = {htole32((uint32_t)parts->kind), htole32((uint32_t)size)};
	memcpy(bytes + parts->size, head, sizeof head);
	memcpy(bytes + parts->size + sizeof head, answer, size);
	parts->bytes = bytes;
	parts->size += sizeof head + size;
	return 0;
}

/* What differs between two answers that say the same is left out. */
static int keep_answer(void *closure, const Suanpan__Answer *answer)
{
	Suanpan__Answer plain = *answer;
	plain.number = 0;
	plain.has_commit = 0;
	for (size_t i = 0; i < plain.n_list; i++) {
		plain.list[i]->has_reports = 0;
		plain.list[i]->last_report = NULL;
	}
	void *bytes;
	size_t size;
	int fault = envelope_pack(&plain.base, ENVELOPE_ANSWER_MAX, &bytes, &size);
	if (fault)
		return fault < 0 ? fault : -EMSGSIZE;
	fault = add_part(closure, bytes, size);
	free(bytes);
	return fault;
}

static int ask_kind(struct ask *ask, struct parts *parts, int timeout_ms)
{
	Suanpan__ListQuery list = SUANPAN__LIST_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	list.kind = parts->kind;
	query.list = &list;
	return ask_query(ask, &query, timeout_ms, keep_answer, parts);
}

static int ask_all(struct ask *ask, int timeout_ms, struct parts *parts)
{
	int answer = 0;
	for (size_t i = 0; i < KIND_COUNT && !answer; i++) {
		parts->kind = kinds[i];
		answer = ask_kind(ask, parts, timeout_ms);
	}
	return answer;
}

int vocabulary_ask(void *zmq_context, const char *url, const struct identity *identity, int timeout_ms,
                   struct sentence *why, void **ret_bytes, size_t *ret_size)
{
	struct ask *ask;
	int answer = ask_open(zmq_context, url, identity, &ask);
	if (answer)
		return answer;
	struct parts parts = {0};
	answer = ask_all(ask, timeout_ms, &parts);
	if (answer > 0)
		sentence_set(why, "%s", ask_failure(ask));
	ask_close(ask);
	if (answer) {
		free(parts.bytes);
		if (answer < 0)
			return answer;
		return answer == ASK_UNREACHABLE ? VOCABULARY_UNREACHABLE : VOCABULARY_REFUSED;
	}
	*ret_bytes = parts.bytes;
	*ret_size = parts.size;
	return 0;
}

/* ---- reading ---- */

struct rows {
	const Suanpan__ListRow **list;
	size_t count;
};

static int add_rows(struct rows *rows, const Suanpan__Answer *answer)
{
	if (answer->n_list == 0)
		return 0;
	const Suanpan__ListRow **list = realloc(rows->list, (rows->count + answer->n_list) * sizeof *list);
	if (!list)
		return -ENOMEM;
	rows->list = list;
	for (size_t i = 0; i < answer->n_list; i++)
		list[rows->count++] = answer->list[i];
	return 0;
}

/* Unpacks one part; its rows go to those of its kind. */
static int read_part(const uint8_t **at, const uint8_t *end, struct arena *memory,
                     struct rows rows[KIND_COUNT])
{
	uint32_t head[2];
	if ((size_t)(end - *at) < sizeof head)
		return VOCABULARY_MALFORMED;
	memcpy(head, *at, sizeof head);
	*at += sizeof head;
	size_t size = le32toh(head[1]);
	if (size > (size_t)(end - *at))
		return VOCABULARY_MALFORMED;
	uint64_t major;
	ProtobufCMessage *message;
	int answer = envelope_unpack(&suanpan__answer__descriptor, *at, size, memory, &major, &message);
	*at += size;
	for (size_t i = 0; i < KIND_COUNT && !answer; i++)
		if (le32toh(head[0]) == (uint32_t)kinds[i])
			answer = add_rows(&rows[i], (const Suanpan__Answer *)message);
	return answer > 0 ? VOCABULARY_MALFORMED : answer;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static int add_word(struct words *words, const char *text, uint32_t *ret_index)
{
	uint32_t before = words->count;
	int fault = words_add(words, text, strlen(text), ret_index);
	return fault ? fault : words->count == before ? VOCABULARY_MALFORMED : 0; /* a code listed twice */
}

static int read_statistics(struct vocabulary *vocabulary, const struct rows *rows)
{
	vocabulary->statistics = calloc(rows->count + 1, sizeof *vocabulary->statistics);
	if (!vocabulary->statistics)
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++) {
		const Suanpan__ListRow *row = rows->list[i];
		uint32_t index;
		int answer = add_word(&vocabulary->statistic_codes, row->code, &index);
		if (answer)
			return answer;
		struct known_statistic *statistic = &vocabulary->statistics[index];
		*statistic = (struct known_statistic){.code = row->code, .level = or_empty(row->level)};
		if (!row->has_decimals || row->decimals > 9 || !row->frequency ||
		    period_frequency_parse(row->frequency, &statistic->frequency))
			return VOCABULARY_MALFORMED;
		statistic->decimals = (unsigned)row->decimals;
	}
	return 0;
}

/* ---- names of areas ---- */

static size_t fold(const char *text, size_t length, char *ret_folded)
{
	for (size_t i = 0; i < length; i++)
		ret_folded[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + ('a' - 'A') : text[i]);
	return length;
}

/* Length without the word for what kind of area it is, or `length` if there is no such word. */
static size_t length_of_stem(const char *folded, size_t length)
{
	static const char *const kinds_of_area[] = {"区",    "區",      "市",           "县",   "縣",
	                                            "街道",  "镇",      "鎮",           "街",   " district",
	                                            " city", " street", " subdistrict", " town"};
	for (size_t i = 0; i < sizeof kinds_of_area / sizeof *kinds_of_area; i++) {
		size_t tail = strlen(kinds_of_area[i]);
		if (length > tail && memcmp(folded + length - tail, kinds_of_area[i], tail) == 0)
			return length - tail;
	}
	return length;
}

#define NAME_SIZE 256

static int add_spelling(struct vocabulary *vocabulary, const char *folded, size_t length, uint32_t area)
{
	uint32_t before = vocabulary->area_names.count, name;
	int fault = words_add(&vocabulary->area_names, folded, length, &name);
	if (fault)
		return fault;
	if (name == before)
		vocabulary->named[name] = area;
	else if (vocabulary->named[name] != area)
		vocabulary->named[name] = WORDS_NONE;
	return 0;
}

static int add_name(struct vocabulary *vocabulary, const char *text, uint32_t area)
{
	char folded[NAME_SIZE];
	size_t length = text ? strlen(text) : 0;
	if (length == 0 || length > sizeof folded)
		return 0;
	fold(text, length, folded);
	int fault = add_spelling(vocabulary, folded, length, area);
	return fault ? fault : add_spelling(vocabulary, folded, length_of_stem(folded, length), area);
}

#define SPELLINGS_MAX 8 /* of one area: four names, each with and without its kind */

static int read_areas(struct vocabulary *vocabulary, const struct rows *rows)
{
	vocabulary->areas = calloc(rows->count + 1, sizeof *vocabulary->areas);
	vocabulary->named = calloc(SPELLINGS_MAX * rows->count + 1, sizeof *vocabulary->named);
	if (!vocabulary->areas || !vocabulary->named)
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++) {
		const Suanpan__ListRow *row = rows->list[i];
		uint32_t index;
		int answer = add_word(&vocabulary->area_codes, row->code, &index);
		if (answer)
			return answer;
		vocabulary->areas[index] =
		    (struct known_area){.code = row->code, .name = row->name, .level = or_empty(row->kind)};
		const char *names[] = {row->name, row->name_en, row->name_zh_hans, row->name_zh_hant};
		for (size_t k = 0; k < sizeof names / sizeof *names && !answer; k++)
			answer = add_name(vocabulary, names[k], index);
		if (answer)
			return answer;
	}
	return 0;
}

uint32_t vocabulary_find_area(const struct vocabulary *vocabulary, const char *text, size_t length,
                              bool *ret_ambiguous)
{
	*ret_ambiguous = false;
	uint32_t area = words_find(&vocabulary->area_codes, text, length);
	char folded[NAME_SIZE];
	if (area != WORDS_NONE || length == 0 || length > sizeof folded)
		return area;
	fold(text, length, folded);
	uint32_t name = words_find(&vocabulary->area_names, folded, length);
	if (name == WORDS_NONE)
		name = words_find(&vocabulary->area_names, folded, length_of_stem(folded, length));
	if (name == WORDS_NONE)
		return WORDS_NONE;
	*ret_ambiguous = vocabulary->named[name] == WORDS_NONE;
	return vocabulary->named[name];
}

/* ---- scopes ---- */

static bool has_bit(const uint64_t *bits, uint32_t at)
{
	return bits[at / 64] >> (at % 64) & 1;
}

/* The daemon lists exactly what a reporter may report; a code that this list does not hold is none of ours.
 */
static uint64_t *read_scope(const struct words *codes, char *const list[], size_t count)
{
	uint64_t *bits = calloc(codes->count / 64 + 1, sizeof *bits);
	if (!bits)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		uint32_t at = words_find(codes, list[i], strlen(list[i]));
		if (at != WORDS_NONE)
			bits[at / 64] |= UINT64_C(1) << (at % 64);
		else if (strcmp(list[i], "all") == 0)
			memset(bits, 0xff, (codes->count / 64 + 1) * sizeof *bits);
	}
	return bits;
}

static int read_reporters(struct vocabulary *vocabulary, const struct rows *rows)
{
	vocabulary->scopes = calloc(rows->count + 1, sizeof *vocabulary->scopes);
	if (!vocabulary->scopes)
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++) {
		const Suanpan__ListRow *row = rows->list[i];
		uint32_t index;
		int answer = add_word(&vocabulary->reporters, row->code, &index);
		if (answer)
			return answer;
		struct scope *scope = &vocabulary->scopes[index];
		scope->areas = read_scope(&vocabulary->area_codes, row->scope_area, row->n_scope_area);
		scope->statistics =
		    read_scope(&vocabulary->statistic_codes, row->scope_statistic, row->n_scope_statistic);
		if (!scope->areas || !scope->statistics)
			return -ENOMEM;
	}
	return 0;
}

bool vocabulary_may_report_area(const struct vocabulary *vocabulary, uint32_t reporter, uint32_t area)
{
	return has_bit(vocabulary->scopes[reporter].areas, area);
}

bool vocabulary_may_report_statistic(const struct vocabulary *vocabulary, uint32_t reporter,
                                     uint32_t statistic)
{
	return has_bit(vocabulary->scopes[reporter].statistics, statistic);
}

/* ---- all of it ---- */

static int read_all(struct vocabulary *vocabulary, const void *bytes, size_t size,
                    struct rows rows[KIND_COUNT])
{
	const uint8_t *at = bytes, *end = at + size;
	int answer = 0;
	while (at < end && !answer)
		answer = read_part(&at, end, vocabulary->memory, rows);
	if (!answer)
		answer = read_statistics(vocabulary, &rows[0]);
	if (!answer)
		answer = read_areas(vocabulary, &rows[1]);
	return answer ? answer : read_reporters(vocabulary, &rows[2]);
}

int vocabulary_new(const void *bytes, size_t size, struct vocabulary **ret_vocabulary)
{
	struct vocabulary *vocabulary = calloc(1, sizeof *vocabulary);
	if (!vocabulary)
		return -ENOMEM;
	struct rows rows[KIND_COUNT] = {0};
	int answer = arena_new(MEMORY_BUDGET, &vocabulary->memory);
	if (!answer)
		answer = read_all(vocabulary, bytes, size, rows);
	for (size_t i = 0; i < KIND_COUNT; i++)
		free(rows[i].list);
	if (answer) {
		vocabulary_free(vocabulary);
		return answer;
	}
	*ret_vocabulary = vocabulary;
	return 0;
}

void vocabulary_free(struct vocabulary *vocabulary)
{
	if (!vocabulary)
		return;
	for (uint32_t i = 0; i < vocabulary->reporters.count && vocabulary->scopes; i++) {
		free(vocabulary->scopes[i].areas);
		free(vocabulary->scopes[i].statistics);
	}
	free(vocabulary->scopes);
	free(vocabulary->statistics);
	free(vocabulary->areas);
	free(vocabulary->named);
	words_done(&vocabulary->statistic_codes);
	words_done(&vocabulary->area_codes);
	words_done(&vocabulary->area_names);
	words_done(&vocabulary->reporters);
	arena_free(vocabulary->memory);
	free(vocabulary);
}
