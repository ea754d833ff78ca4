#include "daemon/upkeep/records.h"

#include "daemon/alert/alert.h"
#include "daemon/base/clock.h"
#include "daemon/base/int128.h"
#include "daemon/store/layout.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- one table each; false: not of its size ---- */

static bool take(struct db_value value, void *ret_record, size_t size)
{
	if (value.size < size)
		return false;
	memcpy(ret_record, value.bytes, size);
	return true;
}

static bool describe_commit(struct db_value value, char text[RECORDS_SIZE])
{
	struct head_record head;
	if (!take(value, &head, sizeof head))
		return false;
	snprintf(text, RECORDS_SIZE,
	         "entry %" PRIu64 ", %" PRIu64 " observations, %" PRIu64 " revisions, %" PRIu64
	         " values, %" PRIu64 " refused, %" PRIu64 " recomputed, %" PRIu64 " changed",
	         head.journal.entry, head.observations, head.revisions, head.values, head.refused,
	         head.recomputed, head.changed);
	return true;
}

static bool describe_decision(struct db_value value, char text[RECORDS_SIZE])
{
	struct decision_record record;
	if (!take(value, &record, sizeof record))
		return false;
	snprintf(text, RECORDS_SIZE, "%s in commit %" PRIu64 ", entry %" PRIu64,
	         record.accepted ? "accepted" : "refused", record.commit, record.entry);
	return true;
}

static bool describe_stream(struct db_value value, char text[RECORDS_SIZE])
{
	struct stream_record record;
	if (!take(value, &record, sizeof record))
		return false;
	snprintf(text, RECORDS_SIZE, "sequence %" PRIu64 ", %" PRIu64 " lost", record.last_sequence,
	         record.gaps);
	return true;
}

static bool describe_reporter(struct db_value value, char text[RECORDS_SIZE])
{
	struct reporter_record record;
	char when[CLOCK_TEXT_SIZE];
	if (!take(value, &record, sizeof record))
		return false;
	clock_format(record.last_wall_ms, when);
	snprintf(text, RECORDS_SIZE, "%" PRIu64 " reports, the last %s", record.reports, when);
	return true;
}

static bool describe_catalogue(struct db_value value, char text[RECORDS_SIZE])
{
	struct catalogue_record record;
	if (!take(value, &record, sizeof record))
		return false;
	snprintf(text, RECORDS_SIZE, "entry %" PRIu64, record.entry);
	return true;
}

static char letter_of(uint64_t status)
{
	return status >= 'A' && status <= 'Z' ? (char)status : '?';
}

static bool describe_revision(struct db_value value, char text[RECORDS_SIZE])
{
	struct revision_record record;
	if (!take(value, &record, sizeof record))
		return false;
	snprintf(text, RECORDS_SIZE, "%" PRId64 ", status %c", record.value, letter_of(record.status));
	return true;
}

/* No printf knows 128 bits; a sum that needs them is told apart by its halves. */
static bool describe_total(struct db_value value, char text[RECORDS_SIZE])
{
	struct total_record record;
	if (!take(value, &record, sizeof record))
		return false;
	int128 sum = record.sum_high * ((int128)1 << 64) + record.sum_low;
	if (sum >= INT64_MIN && sum <= INT64_MAX)
		snprintf(text, RECORDS_SIZE, "%" PRId64 " of %" PRIu64 " areas", (int64_t)sum, record.count);
	else
		snprintf(text, RECORDS_SIZE, "%" PRId64 " * 2^64 + %" PRIu64 " of %" PRIu64 " areas",
		         record.sum_high, record.sum_low, record.count);
	return true;
}

static bool describe_value(struct db_value value, char text[RECORDS_SIZE])
{
	struct value_record record;
	char what[48] = "nothing";
	if (value.size == 0) { /* of the past: from here on there was none */
		snprintf(text, RECORDS_SIZE, "nothing");
		return true;
	}
	if (!take(value, &record, sizeof record))
		return false;
	if (record.state == VALUE_PRESENT)
		snprintf(what, sizeof what, "%" PRId64, record.units);
	else if (record.state <= VALUE_UNDEFINED)
		snprintf(what, sizeof what, "%s", value_state_text(record.state));
	snprintf(text, RECORDS_SIZE, "%s, status %c, coverage %" PRIu32 "/%" PRIu32 ", of commit %" PRIu64,
	         what, letter_of(record.status), record.reported, record.expected, record.commit);
	return true;
}

static void format_day(int32_t day, char ret_text[PERIOD_TEXT_SIZE])
{
	period_format(period_of_day(day, PERIOD_DAY), ret_text);
}

static bool describe_extent(struct db_value value, char text[RECORDS_SIZE])
{
	struct extent extent;
	char first[PERIOD_TEXT_SIZE], last[PERIOD_TEXT_SIZE];
	if (!take(value, &extent, sizeof extent))
		return false;
	format_day(extent.first_day, first);
	format_day(extent.last_day, last);
	snprintf(text, RECORDS_SIZE, "%s to %s", first, last);
	return true;
}

static bool describe_alert(struct db_value value, char text[RECORDS_SIZE])
{
	struct alert_record record;
	if (!take(value, &record, sizeof record))
		return false;
	snprintf(text, RECORDS_SIZE, "%s, %s, severity %u, raised in commit %" PRIu64,
	         record.kind > 0 && record.kind < ALERT_KIND_END ? alert_kind_name(record.kind) : "?",
	         record.state > 0 && record.state < ALERT_STATE_END ? alert_state_name(record.state) : "?",
	         record.severity, record.raised);
	return true;
}

static bool describe_watched(struct db_value value, char text[RECORDS_SIZE])
{
	struct watched_record record;
	if (!take(value, &record, sizeof record))
		return false;
	snprintf(text, RECORDS_SIZE, "alert %" PRIu64 ", severity %u, settled %u, fine since day %" PRId32,
	         record.number, record.severity, record.settled, record.fine_day);
	return true;
}

static bool describe_stirred(struct db_value value, char text[RECORDS_SIZE])
{
	struct looked_record record;
	char day[PERIOD_TEXT_SIZE];
	if (value.size != sizeof record)
		return false;
	memcpy(&record, value.bytes, sizeof record);
	format_day(record.day, day);
	snprintf(text, RECORDS_SIZE, "looked on %s, by the catalogue of entry %" PRIu64, day,
	         record.catalogue);
	return true;
}

static bool describe_closed(struct db_value value, char text[RECORDS_SIZE])
{
	struct closed_record record;
	if (!take(value, &record, sizeof record))
		return false;
	snprintf(text, RECORDS_SIZE, "%s by entry %" PRIu64, record.closed ? "closed" : "open again",
	         record.entry);
	return true;
}

/* As they stand in an ack: each a tag, its length, and so many bytes. */
static bool describe_warnings(struct db_value value, char text[RECORDS_SIZE])
{
	const uint8_t *bytes = value.bytes;
	size_t at = 0;
	unsigned count = 0;
	for (; at < value.size; count++) {
		size_t length = 0;
		unsigned shift = 0;
		for (at++; at < value.size && bytes[at] & 0x80 && shift < 28; shift += 7)
			length |= (size_t)(bytes[at++] & 0x7f) << shift;
		if (at >= value.size)
			return false;
		length |= (size_t)bytes[at++] << shift;
		if (length > value.size - at)
			return false;
		at += length;
	}
	snprintf(text, RECORDS_SIZE, "%u warning%s, %zu bytes", count, count == 1 ? "" : "s", value.size);
	return true;
}

static bool describe_entry(struct db_value value, char text[RECORDS_SIZE])
{
	struct journal_record record;
	if (!take(value, &record, sizeof record))
		return false;
	snprintf(text, RECORDS_SIZE, "of commit %" PRIu64 ", %zu bytes", record.commit,
	         value.size - sizeof record);
	return true;
}

void records_describe(enum table table, struct db_value value, char ret_text[RECORDS_SIZE])
{
	static bool (*const describe[TABLE_COUNT])(struct db_value, char[RECORDS_SIZE]) = {
	    [TABLE_COMMITS] = describe_commit,       [TABLE_JOURNAL] = describe_entry,
	    [TABLE_CATALOGUES] = describe_catalogue, [TABLE_DECISIONS] = describe_decision,
	    [TABLE_STREAMS] = describe_stream,       [TABLE_REPORTERS] = describe_reporter,
	    [TABLE_REVISIONS] = describe_revision,   [TABLE_TOTALS] = describe_total,
	    [TABLE_VALUES] = describe_value,         [TABLE_PAST_VALUES] = describe_value,
	    [TABLE_EXTENTS] = describe_extent,       [TABLE_WARNINGS] = describe_warnings,
	    [TABLE_CLOSED] = describe_closed,        [TABLE_ALERTS] = describe_alert,
	    [TABLE_WATCHED] = describe_watched,      [TABLE_STIRRED] = describe_stirred,
	};
	if (!describe[table] || !describe[table](value, ret_text))
		snprintf(ret_text, RECORDS_SIZE, "%zu bytes", value.size);
}

/* ---- rows ---- */

static bool read_slot(struct db_value row, uint32_t slot, struct slot_record *ret_slot)
{
	if (row.size != sizeof(struct row_record))
		return false;
	memcpy(ret_slot, (const char *)row.bytes + slot * sizeof *ret_slot, sizeof *ret_slot);
	return true;
}

void records_describe_cell(struct db_value row, uint32_t slot, char ret_text[RECORDS_SIZE])
{
	struct slot_record record;
	if (!read_slot(row, slot, &record))
		snprintf(ret_text, RECORDS_SIZE, "%zu bytes", row.size);
	else if (record.origin == 0)
		snprintf(ret_text, RECORDS_SIZE, "nothing");
	else
		snprintf(ret_text, RECORDS_SIZE, "%" PRId64 ", status %c, entry %" PRIu64, record.value,
		         letter_of((uint8_t)slot_status(record)), slot_entry(record));
}

uint32_t records_first_unlike(struct db_value row, struct db_value other)
{
	struct slot_record mine, its;
	for (uint32_t slot = 0; slot < CELLS_PER_ROW; slot++)
		if (read_slot(row, slot, &mine) && read_slot(other, slot, &its) &&
		    (mine.value != its.value || mine.origin != its.origin))
			return slot;
	return CELLS_PER_ROW;
}
