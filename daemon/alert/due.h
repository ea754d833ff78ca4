/* What reporters owe: which figures are due, and who has not sent theirs. Pure: what is in it hears from `arrivals`.
 *
 * A figure is (statistic, area, native period). It is *expected* of every reporter that may send it, where the area's code holds
 * for the whole period; it is *in* once it was sent, also as one without a value (L, Q), until it is taken back (O).
 *
 *     dues_new
 *       dues_begin, dues_add ...                    for a period: the statistics that matter, each with all areas at once
 *         dues_expected, dues_missing, dues_owed    for each reporter
 *     dues_free                                                                                                      */
#ifndef SUANPAN_ALERT_DUE_H
#define SUANPAN_ALERT_DUE_H

#include "daemon/catalogue/catalogue.h"

/* Where it is read which figures are in.
 *   count   in how many areas inside `area_id` there is a figure with a value, or fewer where that is not at hand
 *   find    sets bit id % 64 of word id / 64 for each area whose figure is in, by its permanent id; ids from `ids` on are nobody's */
struct arrivals {
	void *context;
	int (*count)(void *context, uint32_t statistic_id, struct period period, uint32_t area_id,
	             uint64_t *ret_count);
	int (*find)(void *context, uint32_t statistic_id, struct period period, uint64_t *bits, uint32_t ids);
};

struct dues;
int MUST_CHECK dues_new(const struct catalogue *catalogue, struct dues **ret_dues);
void dues_free(struct dues *dues); /* NULL is fine */

/* Forgets what it held. */
void dues_begin(struct dues *dues, struct period period);
/* One more statistic (an index) of the period's frequency, due on that day. */
int MUST_CHECK dues_add(struct dues *dues, uint32_t statistic, int32_t due_day,
                        const struct arrivals *arrivals);

uint32_t dues_count(const struct dues *dues); /* statistics that were added */
uint32_t dues_statistic(const struct dues *dues, uint32_t at);
/* Figures of the statistic at that place: all that the reporter is to send, and those of them that are not in. */
uint32_t dues_expected(const struct dues *dues, uint32_t at, const struct reporter *reporter);
uint32_t dues_missing(const struct dues *dues, uint32_t at, const struct reporter *reporter);

/* Whether a figure of any statistic that was added is not in: of anybody; of this reporter. Quicker than to count them. */
bool dues_are_owed(const struct dues *dues);
bool dues_are_owed_by(const struct dues *dues, const struct reporter *reporter);

struct owed {
	uint32_t due, missing; /* figures */
	int32_t due_day;       /* the earliest with a figure missing; without one, nothing */
};
/* Of all statistics that were added. */
struct owed dues_owed(const struct dues *dues, const struct reporter *reporter);

/* ---- in the order of days ---- */

/* The figures of a period that are due on one day, and after them those due next. */
struct agenda;
/* Of periods that end on `first_day` or later, what is due up to `last_day`; `reporter`: only statistics that it may report,
 * NULL: all. Days in China (calendar_day_of). */
int MUST_CHECK agenda_new(const struct catalogue *catalogue, const struct reporter *reporter,
                          int32_t first_day, int32_t last_day, struct agenda **ret_agenda);
void agenda_free(struct agenda *agenda); /* NULL is fine */

enum agenda_verdict { AGENDA_END = 1 };
/* The next day and period, and all that is due then, which the dues hold from here on. */
int MUST_CHECK agenda_next(struct agenda *agenda, const struct arrivals *arrivals, struct dues *dues,
                           struct period *ret_period, int32_t *ret_day);

#endif
