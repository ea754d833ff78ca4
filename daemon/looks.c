#include "daemon/looks.h"

#include "daemon/alert/due.h"
#include "daemon/alert/watch.h"
#include "daemon/catalogue/calendar.h"
#include "daemon/store/alerts.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct look {
	struct write *write;
	const struct catalogue *catalogue;
	struct evaluator *evaluator;
	struct cell_source source;
	int32_t first_day, today; /* in China: of the store's first commit, and of this one */
};

/* ---- what follows ---- */

static int resolve(struct look *look, uint64_t number)
{
	int result = write_change_alert(look->write, number, ALERT_RESOLVED, NULL, NULL);
	if (result == ALERTS_SO_ALREADY || result == ALERTS_RESOLVED)
		return 0; /* somebody has done it by hand */
	return result == ALERTS_NO_SUCH ? (int)FAULT_CORRUPT : result;
}

/* `facts` are those of now; `settled` is what the next look is to know. */
static int follow(struct look *look, const struct alert_subject *subject, const struct watched *before,
                  unsigned settled, const struct alert_facts *facts)
{
	const enum alert_step step = alert_decide(before, facts->severity);
	struct watched after = *before;
	int result = 0;
	after.settled = settled;
	if (step == ALERT_STEP_RESOLVE || step == ALERT_STEP_REPLACE) {
		result = resolve(look, before->number);
		after.number = 0;
		after.severity = ALERT_FINE;
	}
	if (result == 0 && (step == ALERT_STEP_RAISE || step == ALERT_STEP_REPLACE)) {
		result = write_raise_alert(look->write, facts, &after.number);
		after.severity = facts->severity;
	}
	return result == 0 ? write_watch(look->write, subject, &after) : result;
}

static void copy_code(char field[CODE_LENGTH_MAX + 1], const char *code)
{
	snprintf(field, CODE_LENGTH_MAX + 1, "%s", code);
}

/* ---- overdue ---- */

/* The one area that all of a reporter's lie in; NULL: there is none. */
static const char *area_of(const struct catalogue *catalogue, const struct reporter *reporter)
{
	const struct area *first =
	    reporter->areas.count > 0 ? &catalogue->areas[reporter->areas.area[0]] : NULL;
	uint32_t inside = 0;
	for (int level = LEVEL_CITY; first && level < LEVEL_COUNT; level++)
		inside += first->inside[level].count;
	return first && inside >= reporter->areas.count ? first->code : NULL;
}

static int look_at_owed(struct look *look, const struct reporter *reporter, struct period period)
{
	const struct alert_subject subject = {
	    .kind = ALERT_OVERDUE, .reporter_id = reporter->id, .period = period};
	struct watched before;
	struct owed owed;
	int result = alert_find_owed(look->catalogue, reporter, period, look->today, &look->source, &owed);
	if (result == 0)
		result = write_watched(look->write, &subject, &before);
	if (result != 0)
		return result;
	struct alert_facts facts = {
	    .kind = ALERT_OVERDUE,
	    .severity = owed.missing > 0 ? ALERT_BAD : ALERT_FINE,
	    .period = period,
	    .due_day = owed.due_day,
	    .part = owed.missing,
	    .whole = owed.due,
	};
	const char *area = area_of(look->catalogue, reporter);
	copy_code(facts.reporter, reporter->code);
	copy_code(facts.area, area ? area : "");
	return follow(look, &subject, &before, 0, &facts);
}

static bool is_reported_at(const struct catalogue *catalogue, enum period_frequency frequency)
{
	for (uint32_t i = 0; i < catalogue->statistic_count; i++)
		if (catalogue->statistics[i].frequency == frequency)
			return true;
	return false;
}

static int look_at_period(struct look *look, struct period period)
{
	int result = 0;
	for (uint32_t i = 0; i < look->catalogue->reporter_count && result == 0; i++)
		result = look_at_owed(look, &look->catalogue->reporters[i], period);
	return result;
}

/* From the period in which the store began to the last one that is over. */
static int look_at_calendar(struct look *look)
{
	int result = 0;
	for (enum period_frequency frequency = PERIOD_ANNUAL; frequency <= PERIOD_DAY && result == 0;
	     frequency++) {
		struct period period = period_of_day(look->first_day, frequency);
		if (!is_reported_at(look->catalogue, frequency))
			continue;
		while (result == 0 && period_last_day(period) < look->today) {
			result = look_at_period(look, period);
			if (!period_shift(period, 1, &period))
				break;
		}
	}
	return result;
}

/* ---- what is no more ---- */

/* A subject that left the catalogue, with its texts. */
struct gone {
	struct alert_subject subject;
	struct watched watched;
	char plan[CODE_LENGTH_MAX + 1], row[CODE_LENGTH_MAX + 1];
};

struct sweep {
	const struct catalogue *catalogue;
	struct gone *gone;
	size_t count, capacity;
};

static bool has_reporter(const struct catalogue *catalogue, uint32_t id)
{
	for (uint32_t i = 0; i < catalogue->reporter_count; i++)
		if (catalogue->reporters[i].id == id)
			return true;
	return false;
}

static bool has_statistic(const struct catalogue *catalogue, uint32_t id)
{
	for (uint32_t i = 0; i < catalogue->statistic_count; i++)
		if (catalogue->statistics[i].id == id)
			return true;
	return false;
}

static bool has_target(const struct catalogue *catalogue, const char *code, const char *row)
{
	const uint32_t plan = catalogue_find_plan(catalogue, code);
	for (uint32_t i = 0; plan != CATALOGUE_NONE && i < catalogue->plans[plan].target_count; i++)
		if (strcmp(catalogue->plans[plan].targets[i].row, row) == 0)
			return true;
	return false;
}

static bool is_there(const struct catalogue *catalogue, const struct alert_subject *subject)
{
	switch (subject->kind) {
	case ALERT_OVERDUE:
		return has_reporter(catalogue, subject->reporter_id);
	case ALERT_RULE:
		return has_statistic(catalogue, subject->statistic_id);
	case ALERT_VERDICT:
	case ALERT_FORECAST:
	case ALERT_MISSED:
		return has_target(catalogue, subject->plan, subject->row);
	case ALERT_KIND_END:
		break;
	}
	return false;
}

static int note_gone(void *context, const struct alert_subject *subject, const struct watched *watched)
{
	struct sweep *sweep = context;
	if (is_there(sweep->catalogue, subject))
		return 0;
	if (sweep->count == sweep->capacity) {
		size_t capacity = sweep->capacity ? sweep->capacity * 2 : 16;
		struct gone *grown = realloc(sweep->gone, capacity * sizeof *grown);
		if (!grown)
			return -ENOMEM;
		sweep->gone = grown;
		sweep->capacity = capacity;
	}
	struct gone *gone = &sweep->gone[sweep->count++];
	*gone = (struct gone){.subject = *subject, .watched = *watched};
	copy_code(gone->plan, subject->plan ? subject->plan : "");
	copy_code(gone->row, subject->row ? subject->row : "");
	return 0;
}

static int forget(struct look *look, struct gone *gone)
{
	const struct watched nothing = {.number = 0};
	gone->subject.plan = gone->plan;
	gone->subject.row = gone->row;
	int result = gone->watched.number != 0 ? resolve(look, gone->watched.number) : 0;
	return result == 0 ? write_watch(look->write, &gone->subject, &nothing) : result;
}

static int sweep(struct look *look)
{
	struct sweep sweep = {.catalogue = look->catalogue};
	int result = write_walk_watched(look->write, note_gone, &sweep);
	for (size_t i = 0; i < sweep.count && result == 0; i++)
		result = forget(look, &sweep.gone[i]);
	free(sweep.gone);
	return result;
}

/* ---- the whole ---- */

int look_around(struct write *write, const struct catalogue *catalogue, struct evaluator *evaluator)
{
	int64_t first_ms;
	int result = write_began(write, &first_ms);
	if (result != 0)
		return result;
	struct look look = {
	    .write = write,
	    .catalogue = catalogue,
	    .evaluator = evaluator,
	    .source = write_cells(write),
	    .first_day = calendar_day_of(first_ms),
	    .today = calendar_day_of(write_wall_ms(write)),
	};
	result = sweep(&look);
	if (result == 0)
		result = look_at_calendar(&look);
	return result == 0 ? write_note_look(write) : result;
}
