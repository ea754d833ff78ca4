/* The tables of the store. The names are on disk; their order is not. */
#ifndef SUANPAN_DB_TABLES_H
#define SUANPAN_DB_TABLES_H

enum table {
	TABLE_META,      /* "format" -> u32; "head" -> struct head_record */
	TABLE_NAMES,     /* (kind, code) -> permanent id, and (kind | 0x80, id) -> code */
	TABLE_JOURNAL,   /* entry -> struct journal_record, payload */
	TABLE_DECISIONS, /* (reporter, stream, sequence) -> struct decision_record */
	TABLE_STREAMS,   /* (reporter, stream) -> struct stream_record */
	TABLE_REPORTERS, /* reporter -> struct reporter_record */
	TABLE_REFUSALS,  /* entry -> the refused payload and the answer it got; the newest ones only */
	TABLE_CELLS,     /* (statistic, period, area / 32) -> 32 x struct slot_record */
	TABLE_REVISIONS, /* (statistic, period, area, entry) -> struct revision_record: superseded
	                    observations */
	TABLE_TOTALS,    /* (statistic, period, aggregate) -> struct total_record */
	TABLE_VALUES,    /* (indicator, area, period) -> struct value_record, area ids */
	TABLE_EXTENTS,   /* statistic -> struct extent */
	TABLE_COUNT
};

#define TABLE_NAMES_ON_DISK                                                                                  \
	{                                                                                                    \
		[TABLE_META] = "meta", [TABLE_NAMES] = "names", [TABLE_JOURNAL] = "journal",                 \
		[TABLE_DECISIONS] = "decisions", [TABLE_STREAMS] = "streams",                                \
		[TABLE_REPORTERS] = "reporters", [TABLE_REFUSALS] = "refusals", [TABLE_CELLS] = "cells",     \
		[TABLE_REVISIONS] = "revisions", [TABLE_TOTALS] = "totals", [TABLE_VALUES] = "values",       \
		[TABLE_EXTENTS] = "extents",                                                                 \
	}

#endif
