/* An alert: what somebody should look at, in facts. The sentence about it is made where it is shown (query/wording_alert.h).
 *
 * An alert is about a subject: a reporter's period, an observation, a plan's target. While it is not resolved, the subject gets no
 * other one; once it is, it never opens again, and should the same befall its subject anew, that is another alert with another
 * number. The facts are those it was raised from, and stay. Codes are kept as text: what is said must not change with the
 * catalogue. */
#ifndef SUANPAN_ALERT_ALERT_H
#define SUANPAN_ALERT_ALERT_H

#include "proto/codes.h"
#include "proto/period.h"
#include <stdbool.h>
#include <stdint.h>

/* The numbers are on disk, and in suanpan.proto. */
enum alert_kind {
	ALERT_OVERDUE = 1,  /* a reporter's figures for a period are not in, and were due */
	ALERT_RULE = 2,     /* a soft rule questions an observation */
	ALERT_VERDICT = 3,  /* a target has slipped to behind or off track */
	ALERT_FORECAST = 4, /* a target's chance has fallen below what was agreed */
	ALERT_MISSED = 5,   /* the plan is over, and a binding target was not met */
	ALERT_KIND_END,
};
const char *alert_kind_name(enum alert_kind kind); /* "overdue"; static storage */

enum alert_state { ALERT_OPEN = 1, ALERT_ACKNOWLEDGED = 2, ALERT_RESOLVED = 3, ALERT_STATE_END };
const char *alert_state_name(enum alert_state state); /* "open"; static storage */

/* How bad it is. 0 is fine; of a verdict 1 is behind and 2 off track; of everything else 1 is what it is. */
enum alert_severity { ALERT_FINE, ALERT_BAD, ALERT_WORSE, ALERT_SEVERITY_END };

#define ALERT_TEXT_MAX 256 /* bytes, as of every line that people write */

struct alert_facts {
	enum alert_kind kind;
	enum alert_severity severity;
	bool provisional; /* raised from figures that are not from all areas */
	bool binding;     /* the target is */
	/* Codes; empty where it has none. */
	char code[CODE_LENGTH_MAX + 1]; /* statistic (rule) or indicator (verdict, forecast, missed) */
	char area[CODE_LENGTH_MAX + 1];
	char reporter[CODE_LENGTH_MAX + 1]; /* overdue */
	char plan[CODE_LENGTH_MAX + 1];
	char row[CODE_LENGTH_MAX + 1];
	char rule[CODE_LENGTH_MAX + 1]; /* rule: jump, unchanged, peers */
	struct period period;           /* code 0: none */
	int32_t due_day;                /* overdue */
	/* overdue: figures that are missing, of those that were due; else: areas behind the figure, of those expected */
	uint32_t part, whole;
	bool has_value;
	int64_t units; /* the observation's or the indicator's, with so many decimals */
	uint32_t decimals;
	unsigned chance, agreed; /* forecast: percent */
};

/* As it stands after some commit. */
struct alert {
	uint64_t number;
	enum alert_state state;
	struct alert_facts facts;
	uint64_t raised_commit, changed_commit; /* changed: it came into its present state */
	int64_t raised_ms, changed_ms;
	/* Who acknowledged or resolved it, and why; empty where it resolved by itself, or nobody has done anything. */
	char actor[CODE_LENGTH_MAX + 1];
	char why[ALERT_TEXT_MAX + 1];
};

#endif
