/* The tables of the store. The names are on disk; their order is not. */
#ifndef SUANPAN_DB_TABLES_H
#define SUANPAN_DB_TABLES_H

enum table {
	TABLE_META, /* "format" -> u32 */
	TABLE_COMMITS, /* commit -> struct head_record: how the store stood right after it; the last is the head */
	TABLE_NAMES,      /* (kind, code) -> permanent id, and (kind | 0x80, id) -> code */
	TABLE_JOURNAL,    /* entry -> struct journal_record, payload */
	TABLE_CATALOGUES, /* commit -> struct catalogue_record: the catalogue in force from then on */
	TABLE_DECISIONS,  /* (reporter, stream, sequence) -> struct decision_record */
	TABLE_STREAMS,    /* (reporter, stream) -> struct stream_record */
	TABLE_REPORTERS,  /* reporter -> struct reporter_record */
	TABLE_REFUSALS,   /* entry -> the refused payload and the answer it got; the newest ones only */
	TABLE_CELLS,      /* (statistic, period, area / 32) -> 32 x struct slot_record */
	TABLE_REVISIONS,  /* (statistic, period, area, entry) -> struct revision_record: superseded
	                    observations */
	TABLE_TOTALS,     /* (statistic, period, aggregate) -> struct total_record */
	TABLE_VALUES,     /* (indicator, area, period) -> struct value_record, area ids */
	TABLE_PAST_VALUES, /* (indicator, area, period, commit) -> what TABLE_VALUES held from that commit on; empty: nothing */
	TABLE_EXTENTS,  /* (statistic, commit) -> struct extent from that commit on */
	TABLE_WARNINGS, /* entry -> the warnings of an accepted report, packed as in its ack */
	TABLE_CLOSED, /* (period, commit) -> struct closed_record: closed or open again from that commit on */
	TABLE_ALERTS, /* (number, commit) -> struct alert_record, texts: as the alert stands from that commit on */
	TABLE_WATCHED, /* (kind, subject) -> struct watched_record: what is remembered of it between two looks */
	TABLE_STIRRED, /* (1) -> struct looked_record; (2, reporter) -> hash of its duties; (3, period, area / 32) -> nothing: figures
	                  that came in or were taken back since the last look that was noted */
	TABLE_COUNT
};

#define TABLE_NAMES_ON_DISK                                                                                  \
	{                                                                                                    \
		[TABLE_META] = "meta", [TABLE_COMMITS] = "commits", [TABLE_NAMES] = "names",                 \
		[TABLE_JOURNAL] = "journal", [TABLE_CATALOGUES] = "catalogues",                              \
		[TABLE_DECISIONS] = "decisions", [TABLE_STREAMS] = "streams",                                \
		[TABLE_REPORTERS] = "reporters", [TABLE_REFUSALS] = "refusals", [TABLE_CELLS] = "cells",     \
		[TABLE_REVISIONS] = "revisions", [TABLE_TOTALS] = "totals", [TABLE_VALUES] = "values",       \
		[TABLE_PAST_VALUES] = "past-values", [TABLE_EXTENTS] = "extents",                            \
		[TABLE_WARNINGS] = "warnings", [TABLE_CLOSED] = "closed", [TABLE_ALERTS] = "alerts",         \
		[TABLE_WATCHED] = "watched", [TABLE_STIRRED] = "stirred",                                    \
	}

#endif
