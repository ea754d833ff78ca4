/* A CSV file given to suanpan-report: reader, rows, complaints, and the reports that are made of it.
 *
 * What the sender lets pass with a vocabulary, the daemon it came from accepts. The first byte says whether there is a
 * vocabulary, who reports, whether a header is put before the text, and whether the file is given twice. */
#include "clients/report/build.h"
#include "clients/report/rows.h"
#include "proto/envelope.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/city_check.h"
#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { HAS_VOCABULARY = 1, HAS_HEADER = 2, IS_BUREAU = 4, IS_TWICE = 8, HAS_REPORTER = 16 };

static const char header[] = "statistic,area,period,value,status,note\n";
static const char *const files[] = {"a.csv", "b.csv"};

static struct city *city;
static struct vocabulary *vocabulary;
static FILE *messages;
static char *said;
static size_t said_size;

/* ---- the vocabulary, as the sender would have asked for it ---- */

struct parts {
	Suanpan__ListKind kind;
	uint8_t *bytes;
	size_t size;
};

static int hear(void *closure, const void *bytes, size_t size)
{
	struct parts *parts = closure;
	const uint32_t head[] = {htole32((uint32_t)parts->kind), htole32((uint32_t)size)};
	parts->bytes = realloc(parts->bytes, parts->size + sizeof head + size);
	assert(parts->bytes);
	memcpy(parts->bytes + parts->size, head, sizeof head);
	memcpy(parts->bytes + parts->size + sizeof head, bytes, size);
	parts->size += sizeof head + size;
	return 0;
}

static void ask(struct parts *parts, Suanpan__ListKind kind)
{
	const struct answer_context context = {
	    .store = city->store, .past = city->past, .arena = city->arena};
	Suanpan__ListQuery list = SUANPAN__LIST_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	uint8_t bytes[64];
	parts->kind = list.kind = kind;
	query.major = ENVELOPE_MAJOR;
	query.list = &list;
	size_t size = suanpan__query__pack(&query, bytes);
	if (query_answer(&context, bytes, size, hear, parts) != 0)
		abort();
}

static void leave(void)
{
	void *state = city;
	vocabulary_free(vocabulary);
	city_tear_down(&state);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	struct parts parts = {.bytes = NULL};
	void *state;
	(void)count;
	(void)arguments;
	if (city_set_up(&state) != 0)
		abort();
	city = state;
	ask(&parts, SUANPAN__LIST_KIND__LIST_STATISTICS);
	ask(&parts, SUANPAN__LIST_KIND__LIST_AREAS);
	ask(&parts, SUANPAN__LIST_KIND__LIST_REPORTERS);
	messages = open_memstream(&said, &said_size);
	if (!messages || vocabulary_new(parts.bytes, parts.size, &vocabulary) != 0)
		abort();
	free(parts.bytes);
	for (uint32_t i = 0; i < city->catalogue->reporter_count; i++)
		city->catalogue->reporters[i].id = 1 + i;
	atexit(leave);
	return 0;
}

/* ---- what must hold ---- */

static void check_rows(const struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct observation *row = &rows->list[i];
		assert(row->statistic < rows->statistics.count && row->area < rows->areas.count);
		assert(period_is_code(row->period.code) && row->line > 0 && row->decimals <= 9);
	}
}

static void check_reports(const struct rows *rows, const char *reporter, bool is_checked)
{
	struct spool_state state = {.has_identity = true, .stream = {7}, .next = 3, .oldest = 1};
	struct build *build;
	if (build_new(rows, files, 2, &(struct build_words){.reporter = reporter}, &build) != 0)
		abort();
	for (size_t i = 0; i < build_report_count(build); i++) {
		void *bytes;
		size_t size;
		if (build_pack_report(build, i, &state, &bytes, &size) != 0)
			abort();
		assert(size <= ENVELOPE_REQUEST_MAX);
		assert(!is_checked || city_would_accept(city, bytes, size));
		free(bytes);
	}
	build_free(build);
}

static void print_complaints(struct complaints *complaints)
{
	complaints_print(complaints, files, messages);
	fflush(messages);
	assert(!complaints->incomplete);
	for (long i = 0; i < ftell(messages); i++)
		assert((unsigned char)said[i] >= ' ' || said[i] == '\n'); /* it goes to a terminal */
	rewind(messages);
}

static char *copy_text(const uint8_t *bytes, size_t size, unsigned flags, size_t *ret_size)
{
	size_t before = flags & HAS_HEADER ? sizeof header - 1 : 0;
	char *text = malloc(before + size + 1);
	if (!text)
		abort();
	memcpy(text, header, before);
	memcpy(text + before, bytes, size);
	*ret_size = before + size;
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct complaints complaints = {.list = NULL};
	struct rows *rows;
	if (size < 1)
		return 0;
	unsigned flags = bytes[0];
	uint32_t file_count = flags & IS_TWICE ? 2 : 1;
	const char *reporter = flags & IS_BUREAU ? "bureau" : "liwan";
	const struct vocabulary *known = flags & HAS_VOCABULARY ? vocabulary : NULL;
	bool is_checked = known && (flags & HAS_REPORTER);
	uint32_t who = is_checked ? words_find(&known->reporters, reporter, strlen(reporter)) : WORDS_NONE;
	char *texts[2] = {NULL, NULL};
	if (rows_new(known, who, &complaints, &rows) != 0)
		abort();
	for (uint32_t i = 0; i < file_count; i++) {
		size_t length;
		texts[i] = copy_text(bytes + 1, size - 1, flags, &length);
		if (rows_read(rows, i, texts[i], length) != 0)
			abort();
	}
	if (rows_finish(rows, files) != 0)
		abort();
	if (complaints.count == 0) {
		check_rows(rows);
		check_reports(rows, reporter, is_checked);
	}
	print_complaints(&complaints);
	rows_free(rows);
	complaints_done(&complaints);
	free(texts[0]);
	free(texts[1]);
	return 0;
}
