/* What looks.c and looks_calendar.c share about a look. */
#ifndef SUANPAN_LOOKS_INTERNAL_H
#define SUANPAN_LOOKS_INTERNAL_H

#include "daemon/alert/due.h"
#include "daemon/alert/target.h"
#include "daemon/alert/watch.h"
#include "daemon/looks.h"
#include "daemon/store/alerts.h"
#include "daemon/store/stirred.h"

struct look {
	struct write *write;
	const struct catalogue *catalogue;
	struct look_memory *memory;
	struct alert_scene scene;
	int32_t first_day, today; /* in China: of the store's first commit, and of this one */
};

/* What follows for a subject. `facts` are those of now; `settled` is what the next look is to know. */
int MUST_CHECK look_follow(struct look *look, const struct alert_subject *subject,
                           const struct watched *before, unsigned settled, int32_t calm_days,
                           const struct alert_facts *facts);
void look_copy_code(char field[CODE_LENGTH_MAX + 1], const char *code);

/* ---- the calendar ---- */

/* A look that has seen so many periods of reporters is worth a commit,
 * so that the next one need not. It decides which looks are in the journal: another number is for stores to come. */
#define LOOK_SEEN_MAX 1000

struct calendar_look {
	struct looked before, now;
	size_t seen; /* periods of reporters */
	struct dues *dues;
	bool catalogue_differs;
	/* Only where it does; one for each reporter. */
	uint8_t (*duties)[STORE_HASH_SIZE];
	bool *anew;                    /* whether everything of the reporter must be seen */
	const struct reporter **by_id; /* ascending */
};

/* `calendar` is all zero before, and done with in any case. */
int MUST_CHECK look_begin_calendar(struct look *look, struct calendar_look *calendar);
/* NULL: there is none. Where the catalogue differs. */
const struct reporter *look_find_reporter(const struct look *look, const struct calendar_look *calendar,
                                          uint32_t id);
int MUST_CHECK look_at_calendar(struct look *look, struct calendar_look *calendar);
/* So that the next look begins where this one ends. */
int MUST_CHECK look_keep_calendar(struct look *look, const struct calendar_look *calendar);
void calendar_look_done(struct calendar_look *calendar);

#endif
