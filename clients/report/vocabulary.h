/* What the daemon knows, as far as a sender needs it to check files: statistics, areas, and who may report
 * what.
 *
 * It comes as Answers to three ListQuerys and is kept as their bytes, so that checks work without the daemon.
 */
#ifndef SUANPAN_CLIENTS_REPORT_VOCABULARY_H
#define SUANPAN_CLIENTS_REPORT_VOCABULARY_H

#include "clients/lib/identity.h"
#include "clients/report/sentence.h"
#include "clients/report/words.h"
#include "daemon/base/fault.h"
#include "proto/period.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct known_statistic {
	const char *code;
	const char *level; /* "district"; "" if the daemon did not say */
	unsigned decimals;
	enum period_frequency frequency;
};

struct known_area {
	const char *code, *name;
	const char *level; /* "district", or "group" */
};

struct vocabulary {
	struct known_statistic *statistics;
	struct words statistic_codes; /* same indexes as statistics */
	struct known_area *areas;
	struct words area_codes; /* same indexes as areas */
	struct words area_names; /* every name in every script, also without "District" and its like */
	uint32_t *named;         /* per name: the area; WORDS_NONE if it may be one of several */
	struct words reporters;
	struct scope {
		uint64_t *areas, *statistics; /* one bit each */
	} * scopes;                           /* per reporter */
	struct arena *memory;                 /* the Answers, which the strings live in */
};

enum vocabulary_verdict {
	VOCABULARY_UNREACHABLE = 1, /* nobody answered */
	VOCABULARY_REFUSED = 2,     /* somebody did, and no list came of it */
	VOCABULARY_MALFORMED = 3,   /* bytes that are not what vocabulary_ask made */
};

/* Asks the daemon. The bytes (malloc, the caller's to free) are what vocabulary_new reads and the spool
 * caches; they are equal as long as the daemon's lists are. `why` gets the reason of a verdict. */
int MUST_CHECK vocabulary_ask(void *zmq_context, const char *url, const struct identity *identity,
                              int timeout_ms, struct sentence *why, void **ret_bytes, size_t *ret_size);

int MUST_CHECK vocabulary_new(const void *bytes, size_t size, struct vocabulary **ret_vocabulary);
void vocabulary_free(struct vocabulary *vocabulary); /* NULL is fine */

/* By code, else by name in any script (ASCII case folded; 荔湾区, 荔湾 and "Liwan District" all do).
 * WORDS_NONE if there is none, or if it may be one of several (*ret_ambiguous). */
uint32_t vocabulary_find_area(const struct vocabulary *vocabulary, const char *text, size_t length,
                              bool *ret_ambiguous);

/* `reporter`: an index from vocabulary->reporters. */
bool vocabulary_may_report_area(const struct vocabulary *vocabulary, uint32_t reporter, uint32_t area);
bool vocabulary_may_report_statistic(const struct vocabulary *vocabulary, uint32_t reporter,
                                     uint32_t statistic);

#endif
