#include "tests/torture/ledger.h"

#include "proto/envelope.h"
#include "tests/lib/little_city.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ledger_pool {
	unsigned users;
	struct ledger_body *bodies;
	FILE *file;
};

#define FIRST_MONTH_YEAR 2021
#define FIRST_YEAR       2019
#define ROWS_MAX         (2 * (2 * LEDGER_MONTHS + LEDGER_YEARS))

static const char *const statistics[] = {[BEDS] = "beds", [PEOPLE] = "people", [BIRTHS] = "births"};
static const char *const areas[] = {[NORTH] = "north", [SOUTH] = "south"};

static void give_up(const char *what)
{
	fprintf(stderr, "tests/torture/ledger: %s: %s\n", what, strerror(errno));
	abort();
}

static void *must(void *memory)
{
	if (!memory)
		give_up("memory");
	return memory;
}

static char *PRINTF_LIKE(1, 2) sentence(const char *format, ...)
{
	char *text;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		give_up("memory");
	va_end(arguments);
	return text;
}

void ledger_period_text(const struct ledger_row *row, char text[16])
{
	if (row->statistic == PEOPLE)
		snprintf(text, 16, "%d", FIRST_YEAR + row->period);
	else
		snprintf(text, 16, "%d-%02d", FIRST_MONTH_YEAR + row->period / 12, 1 + row->period % 12);
}

/* ---- keeping ---- */

struct ledger *ledger_new(const char *path)
{
	struct ledger *ledger = must(calloc(1, sizeof *ledger));
	ledger->pool = must(calloc(1, sizeof *ledger->pool));
	ledger->pool->users = 1;
	ledger->pool->file = must(fopen(path, "we"));
	return ledger;
}

static void drop_pool(struct ledger_pool *pool)
{
	if (--pool->users > 0)
		return;
	while (pool->bodies) {
		struct ledger_body *body = pool->bodies;
		pool->bodies = body->next;
		free(body->bytes);
		free(body);
	}
	fclose(pool->file);
	free(pool);
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	for (size_t i = 0; i < ledger->stream_count; i++)
		free(ledger->streams[i].reports);
	free(ledger->streams);
	drop_pool(ledger->pool);
	free(ledger);
}

size_t ledger_stream(struct ledger *ledger, const char *reporter, const uint8_t name[LEDGER_STREAM_SIZE],
                     bool is_own)
{
	for (size_t i = 0; i < ledger->stream_count; i++)
		if (memcmp(ledger->streams[i].name, name, LEDGER_STREAM_SIZE) == 0)
			return i;
	if (ledger->stream_count == ledger->stream_capacity) {
		ledger->stream_capacity = 2 * ledger->stream_capacity + 4;
		ledger->streams =
		    must(realloc(ledger->streams, ledger->stream_capacity * sizeof *ledger->streams));
	}
	struct ledger_stream *stream = &ledger->streams[ledger->stream_count];
	*stream = (struct ledger_stream){.reporter = reporter, .is_own = is_own};
	memcpy(stream->name, name, sizeof stream->name);
	return ledger->stream_count++;
}

static struct ledger_report *add_report(struct ledger_stream *stream, const struct ledger_body *body)
{
	if (stream->count == stream->capacity) {
		stream->capacity = 2 * stream->capacity + 32;
		stream->reports = must(realloc(stream->reports, stream->capacity * sizeof *stream->reports));
	}
	stream->reports[stream->count] = (struct ledger_report){.body = body};
	return &stream->reports[stream->count++];
}

static void fork_stream(struct ledger *copy, const struct ledger_stream *from, uint64_t position,
                        bool keeps_reports)
{
	if (!keeps_reports && (from->count == 0 || from->reports[0].seen_at > position))
		return;
	size_t at = ledger_stream(copy, from->reporter, from->name, from->is_own);
	struct ledger_stream *stream = &copy->streams[at];
	for (size_t i = 0; i < from->count; i++) {
		const struct ledger_report *report = &from->reports[i];
		if (report->seen_at > position && !keeps_reports)
			break; /* numbers come in order */
		struct ledger_report *kept = add_report(stream, report->body);
		if (report->is_acked && report->acked_at <= position) {
			*kept = *report;
			stream->acked++;
			copy->due += kept->is_due;
		}
	}
}

struct ledger *ledger_fork(const struct ledger *ledger, uint64_t position, bool keeps_reports)
{
	struct ledger *copy = must(calloc(1, sizeof *copy));
	copy->pool = ledger->pool;
	copy->pool->users++;
	for (size_t i = 0; i < ledger->stream_count; i++)
		fork_stream(copy, &ledger->streams[i], position, keeps_reports);
	fprintf(copy->pool->file, "fork at %" PRIu64 "\n", position);
	return copy;
}

void ledger_settle(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->stream_count; i++)
		for (size_t j = 0; j < ledger->streams[i].count; j++)
			ledger->streams[i].reports[j].seen_at = ledger->streams[i].reports[j].acked_at = 0;
}

static void note(const struct ledger *ledger, const struct ledger_stream *stream, uint64_t sequence,
                 const char *what, uint64_t commit, uint64_t entry)
{
	fprintf(ledger->pool->file, "%s %02x%02x%02x%02x/%" PRIu64 " %s %" PRIu64 " %" PRIu64 "\n",
	        stream->reporter, stream->name[0], stream->name[1], stream->name[2], stream->name[3],
	        sequence, what, commit, entry);
}

static char *complain(const struct ledger_stream *stream, uint64_t sequence, char *what)
{
	char *text =
	    sentence("report %" PRIu64 " of the %s stream %02x%02x%02x%02x: %s", sequence, stream->reporter,
	             stream->name[0], stream->name[1], stream->name[2], stream->name[3], what);
	free(what);
	return text;
}

/* ---- making ---- */

static struct ledger_body *add_body(struct ledger *ledger, size_t row_count)
{
	struct ledger_body *body = must(calloc(1, sizeof *body + row_count * sizeof body->rows[0]));
	body->row_count = row_count;
	body->next = ledger->pool->bodies;
	ledger->pool->bodies = body;
	return body;
}

/* The n-th of all the cells there are. */
static struct ledger_row cell_at(size_t at, uint8_t area)
{
	if (at < LEDGER_MONTHS)
		return (struct ledger_row){.statistic = BEDS, .area = area, .period = (uint8_t)at};
	if (at < 2 * LEDGER_MONTHS)
		return (struct ledger_row){
		    .statistic = BIRTHS, .area = area, .period = (uint8_t)(at - LEDGER_MONTHS)};
	return (struct ledger_row){
	    .statistic = PEOPLE, .area = area, .period = (uint8_t)(at - 2 * LEDGER_MONTHS)};
}

/* Mostly a few cells side by side, now and then everything there is. */
static void choose_rows(struct ledger_body *body, uint8_t area, struct random_source *random)
{
	const uint32_t cells = ROWS_MAX / 2;
	uint32_t first = random_below(random, cells);
	for (size_t i = 0; i < body->row_count; i++) {
		body->rows[i] = cell_at((first + i) % cells, area);
		body->rows[i].value = 1 + random_below(random, 100000);
	}
}

/* The columns of a report, as the contract wants them. */
struct columns {
	char period_text[ROWS_MAX][16];
	char *statistic[3], *area[2], *period[ROWS_MAX];
	uint64_t decimals[3];
	int64_t statistic_delta[ROWS_MAX], area_delta[ROWS_MAX], period_delta[ROWS_MAX], value[ROWS_MAX];
};

static char *borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

static void make_columns(const struct ledger_body *body, struct columns *columns, Suanpan__Report *report)
{
	const struct ledger_row *row = body->rows;
	for (size_t i = 0; i < 3; i++)
		columns->statistic[i] = borrow(statistics[i]);
	columns->area[0] = borrow(areas[row[0].area]);
	for (size_t i = 0; i < body->row_count; i++) {
		ledger_period_text(&row[i], columns->period_text[i]);
		size_t known = 0;
		while (known < report->n_period &&
		       strcmp(columns->period[known], columns->period_text[i]) != 0)
			known++;
		if (known == report->n_period)
			columns->period[report->n_period++] = columns->period_text[i];
		columns->statistic_delta[i] = row[i].statistic;
		columns->period_delta[i] = (int64_t)known;
		columns->value[i] = row[i].value;
	}
	for (size_t i = body->row_count; i-- > 1;) {
		columns->statistic_delta[i] -= columns->statistic_delta[i - 1];
		columns->period_delta[i] -= columns->period_delta[i - 1];
	}
	if (body->is_bad)
		columns->period[0] = borrow("2021-13");
	report->n_statistic = report->n_decimals = 3;
	report->n_area = 1;
	report->statistic = columns->statistic;
	report->decimals = columns->decimals;
	report->period = columns->period;
	report->area = columns->area;
	report->n_statistic_delta = report->n_period_delta = report->n_area_delta = report->n_value =
	    body->row_count;
	report->statistic_delta = columns->statistic_delta;
	report->period_delta = columns->period_delta;
	report->area_delta = columns->area_delta;
	report->value = columns->value;
}

static void pack(struct ledger_body *body, struct ledger_stream *stream)
{
	struct columns columns = {.decimals = {0}};
	Suanpan__Report report = SUANPAN__REPORT__INIT;
	report.major = ENVELOPE_MAJOR;
	report.stream = (ProtobufCBinaryData){.len = sizeof stream->name, .data = stream->name};
	report.sequence = stream->count + 1;
	report.reporter = borrow(stream->reporter);
	make_columns(body, &columns, &report);
	if (envelope_pack(&report.base, ENVELOPE_REQUEST_MAX, &body->bytes, &body->size) != 0)
		give_up("packing");
}

void ledger_make(struct ledger *ledger, size_t at, struct random_source *random)
{
	struct ledger_stream *stream = &ledger->streams[at];
	bool is_large = random_percent(random, 5);
	struct ledger_body *body = add_body(ledger, 1 + random_below(random, is_large ? ROWS_MAX / 2 : 8));
	body->is_bad = random_percent(random, 3);
	choose_rows(body, strcmp(stream->reporter, "north_office") == 0 ? NORTH : SOUTH, random);
	pack(body, stream);
	add_report(stream, body);
	note(ledger, stream, stream->count, "made", 0, 0);
}

/* ---- seeing what senders send ---- */

static uint8_t index_of(const char *word, const char *const words[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (words[i] && strcmp(word, words[i]) == 0)
			return (uint8_t)i;
	return UINT8_MAX;
}

static uint8_t period_index(const char *text, uint8_t statistic)
{
	int year = 0, month = 1;
	if (sscanf(text, "%d-%d", &year, &month) < 1)
		return UINT8_MAX;
	return (uint8_t)(statistic == PEOPLE ? year - FIRST_YEAR
	                                     : 12 * (year - FIRST_MONTH_YEAR) + month - 1);
}

static void read_rows(struct ledger_body *body, const Suanpan__Report *report)
{
	int64_t statistic = 0, area = 0, period = 0;
	for (size_t i = 0; i < body->row_count; i++) {
		statistic += report->statistic_delta[i];
		area += report->area_delta[i];
		period += report->period_delta[i];
		struct ledger_row *row = &body->rows[i];
		row->statistic = index_of(report->statistic[statistic], statistics, 3);
		row->area = index_of(report->area[area], areas, sizeof areas / sizeof *areas);
		row->period = period_index(report->period[period], row->statistic);
		row->value = report->value[i];
	}
}

static char *see_report(struct ledger *ledger, const Suanpan__Report *report, const void *bytes, size_t size,
                        uint64_t position, size_t *ret_stream, const struct ledger_body **ret_body)
{
	size_t at = ledger_stream(ledger, "south_office", report->stream.data, false);
	struct ledger_stream *stream = &ledger->streams[at];
	*ret_stream = at;
	/* What went before it was lost with a connection; the daemon will ask for that, and then it comes again. */
	if (report->sequence > stream->count + 1)
		return NULL;
	if (report->sequence > 0 && report->sequence <= stream->count) {
		const struct ledger_body *known = stream->reports[report->sequence - 1].body;
		return known->size == size && memcmp(known->bytes, bytes, size) == 0
		           ? NULL
		           : complain(stream, report->sequence,
		                      sentence("the sender used its number for two reports"));
	}
	struct ledger_body *body = add_body(ledger, report->n_value);
	body->bytes = must(malloc(size));
	body->size = size;
	memcpy(body->bytes, bytes, size);
	read_rows(body, report);
	add_report(stream, body)->seen_at = position;
	note(ledger, stream, report->sequence, "seen", position, 0);
	*ret_body = body;
	return NULL;
}

char *ledger_see(struct ledger *ledger, const void *bytes, size_t size, uint64_t position, size_t *ret_stream,
                 const struct ledger_body **ret_body)
{
	*ret_stream = SIZE_MAX;
	*ret_body = NULL;
	Suanpan__Report *report = suanpan__report__unpack(NULL, size, bytes);
	if (!report || report->stream.len != LEDGER_STREAM_SIZE) {
		if (report)
			suanpan__report__free_unpacked(report, NULL);
		return sentence("a sender sent what is not a report");
	}
	char *complaint = see_report(ledger, report, bytes, size, position, ret_stream, ret_body);
	suanpan__report__free_unpacked(report, NULL);
	return complaint;
}

/* ---- hearing ---- */

static char *hear_again(struct ledger *ledger, struct ledger_stream *stream, struct ledger_report *report,
                        const Suanpan__Ack *ack)
{
	if (!ack->repeated_report || ack->commit != report->commit || ack->entry != report->entry)
		return complain(stream, ack->sequence,
		                sentence("it was acked in commit %" PRIu64 ", entry %" PRIu64
		                         ", and is now %s in commit %" PRIu64 ", entry %" PRIu64,
		                         report->commit, report->entry,
		                         ack->repeated_report ? "said to have been decided" : "decided anew",
		                         ack->commit, ack->entry));
	ledger->due -= report->is_due;
	report->is_due = false;
	return NULL;
}

static char *hear_decision(struct ledger *ledger, struct ledger_stream *stream, const Suanpan__Ack *ack,
                           uint64_t position)
{
	struct ledger_report *report = &stream->reports[ack->sequence - 1];
	bool refused = ack->outcome == SUANPAN__OUTCOME__OUTCOME_REFUSED;
	if (refused != report->body->is_bad)
		return complain(stream, ack->sequence,
		                sentence("it was %s%s%s", refused ? "refused" : "accepted",
		                         ack->reason ? ": " : "", ack->reason ? ack->reason : ""));
	if (report->is_acked)
		return hear_again(ledger, stream, report, ack);
	report->is_acked = true;
	report->acked_at = position;
	report->commit = ack->commit;
	report->entry = ack->entry;
	stream->acked++;
	note(ledger, stream, ack->sequence, refused ? "refused" : "accepted", ack->commit, ack->entry);
	return NULL;
}

/* Right for a stream of a sender whose reports were lost with a connection; own ones are sent in order. */
static char *hear_resend(const struct ledger_stream *stream, const Suanpan__Ack *ack)
{
	if (!stream->is_own && ack->resend_from > 0 && ack->resend_from <= stream->count &&
	    !stream->reports[ack->resend_from - 1].is_acked)
		return NULL;
	return complain(stream, ack->sequence,
	                sentence("the daemon asks for %" PRIu64 ", which %s", ack->resend_from,
	                         ack->resend_from > 0 && ack->resend_from <= stream->count &&
	                                 stream->reports[ack->resend_from - 1].is_acked
	                             ? "it had acked"
	                             : "was sent before this one"));
}

char *ledger_hear(struct ledger *ledger, const Suanpan__Ack *ack, uint64_t position, size_t *ret_stream)
{
	*ret_stream = SIZE_MAX;
	for (size_t i = 0; i < ledger->stream_count && ack->stream.len == LEDGER_STREAM_SIZE; i++)
		if (memcmp(ledger->streams[i].name, ack->stream.data, LEDGER_STREAM_SIZE) == 0)
			*ret_stream = i;
	if (*ret_stream == SIZE_MAX || ack->sequence == 0 ||
	    (ack->sequence > ledger->streams[*ret_stream].count &&
	     ack->outcome != SUANPAN__OUTCOME__OUTCOME_RESEND))
		return sentence("an answer to a report that was never sent: %" PRIu64 "%s%s", ack->sequence,
		                ack->reason ? ": " : "", ack->reason ? ack->reason : "");
	struct ledger_stream *stream = &ledger->streams[*ret_stream];
	switch (ack->outcome) {
	case SUANPAN__OUTCOME__OUTCOME_ACCEPTED:
	case SUANPAN__OUTCOME__OUTCOME_REFUSED:
		return hear_decision(ledger, stream, ack, position);
	case SUANPAN__OUTCOME__OUTCOME_RESEND:
		return hear_resend(stream, ack);
	case SUANPAN__OUTCOME__OUTCOME_OVERLOADED:
		ledger->overloaded++;
		return NULL;
	case SUANPAN__OUTCOME__OUTCOME_CONFLICT:
	case SUANPAN__OUTCOME__OUTCOME_UNSUPPORTED:
	case SUANPAN__OUTCOME__OUTCOME_FORBIDDEN:
	case _SUANPAN__OUTCOME_IS_INT_SIZE:
	default:
		return complain(
		    stream, ack->sequence,
		    sentence("outcome %d: %s", (int)ack->outcome, ack->reason ? ack->reason : ""));
	}
}

/* ---- asking again ---- */

static void doubt_one(struct ledger *ledger, struct ledger_report *report)
{
	if (!report->is_acked || report->is_due)
		return;
	report->is_due = true;
	ledger->due++;
}

#define DOUBT_NEWEST 48
#define DOUBT_OTHERS 4

void ledger_doubt(struct ledger *ledger, bool all, struct random_source *random)
{
	for (size_t i = 0; i < ledger->stream_count; i++) {
		struct ledger_stream *stream = &ledger->streams[i];
		size_t from = all || stream->acked < DOUBT_NEWEST ? 0 : stream->acked - DOUBT_NEWEST;
		for (size_t j = from; j < stream->count; j++)
			doubt_one(ledger, &stream->reports[j]);
		for (size_t j = 0; j < DOUBT_OTHERS && from > 0; j++)
			doubt_one(ledger, &stream->reports[random_below(random, (uint32_t)from)]);
	}
}

bool ledger_is_quiet(const struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->stream_count; i++)
		if (ledger->streams[i].acked != ledger->streams[i].count)
			return false;
	return ledger->due == 0;
}

size_t ledger_reports(const struct ledger *ledger)
{
	size_t count = 0;
	for (size_t i = 0; i < ledger->stream_count; i++)
		count += ledger->streams[i].count;
	return count;
}

void ledger_lie(struct ledger *ledger, size_t at, struct random_source *random)
{
	ledger_make(ledger, at, random);
	struct ledger_stream *stream = &ledger->streams[at];
	struct ledger_report *report = &stream->reports[stream->count - 1];
	report->is_acked = true;
	report->commit = report->entry = 1;
	stream->acked++;
	doubt_one(ledger, report);
}

/* ---- looking at the whole ---- */

size_t ledger_accepted(const struct ledger *ledger, const char *reporter)
{
	size_t count = 0;
	for (size_t i = 0; i < ledger->stream_count; i++)
		for (size_t j = 0; j < ledger->streams[i].count; j++) {
			const struct ledger_report *report = &ledger->streams[i].reports[j];
			count += report->is_acked && !report->body->is_bad &&
			         (!reporter || strcmp(reporter, ledger->streams[i].reporter) == 0);
		}
	return count;
}

size_t ledger_refused(const struct ledger *ledger)
{
	size_t count = 0;
	for (size_t i = 0; i < ledger->stream_count; i++)
		for (size_t j = 0; j < ledger->streams[i].count; j++)
			count += ledger->streams[i].reports[j].is_acked &&
			         ledger->streams[i].reports[j].body->is_bad;
	return count;
}

static int compare_entries(const void *left, const void *right)
{
	const struct ledger_report *a = *(const struct ledger_report *const *)left,
	                           *b = *(const struct ledger_report *const *)right;
	return (a->entry > b->entry) - (a->entry < b->entry);
}

static char *audit_stream(const struct ledger_stream *stream)
{
	uint64_t newest = 0;
	for (size_t i = 0; i < stream->count; i++) {
		const struct ledger_report *report = &stream->reports[i];
		if (!report->is_acked || report->body->is_bad)
			continue;
		if (report->entry <= newest)
			return complain(stream, i + 1,
			                sentence("its entry %" PRIu64
			                         " is not behind that of an earlier one, %" PRIu64,
			                         report->entry, newest));
		newest = report->entry;
	}
	return NULL;
}

char *ledger_audit(const struct ledger *ledger)
{
	char *complaint = NULL;
	for (size_t i = 0; i < ledger->stream_count && !complaint; i++)
		complaint = audit_stream(&ledger->streams[i]);
	const struct ledger_report **all = must(calloc(ledger_reports(ledger) + 1, sizeof *all));
	size_t count = 0;
	for (size_t i = 0; i < ledger->stream_count; i++)
		for (size_t j = 0; j < ledger->streams[i].count; j++)
			if (ledger->streams[i].reports[j].is_acked &&
			    !ledger->streams[i].reports[j].body->is_bad)
				all[count++] = &ledger->streams[i].reports[j];
	qsort(all, count, sizeof *all, compare_entries);
	for (size_t i = 1; i < count && !complaint; i++)
		if (all[i]->entry == all[i - 1]->entry || all[i]->commit < all[i - 1]->commit)
			complaint = sentence(
			    "entries %" PRIu64 " and %" PRIu64 " are of commits %" PRIu64 " and %" PRIu64,
			    all[i - 1]->entry, all[i]->entry, all[i - 1]->commit, all[i]->commit);
	free(all);
	return complaint;
}
