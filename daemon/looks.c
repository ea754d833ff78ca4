#include "daemon/looks.h"

#include "daemon/alert/due.h"
#include "daemon/alert/target.h"
#include "daemon/alert/watch.h"
#include "daemon/catalogue/calendar.h"
#include "daemon/catalogue/rules.h"
#include "daemon/plan/outlook.h"
#include "daemon/store/alerts.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct look {
	struct write *write;
	const struct catalogue *catalogue;
	struct alert_scene scene;
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
                  unsigned settled, int32_t calm_days, const struct alert_facts *facts)
{
	struct watched after;
	const enum alert_step step = alert_decide(before, facts->severity, look->today, calm_days, &after);
	int result = 0;
	after.settled = settled;
	if (step == ALERT_STEP_RESOLVE || step == ALERT_STEP_REPLACE)
		result = resolve(look, before->number);
	if (result == 0 && (step == ALERT_STEP_RAISE || step == ALERT_STEP_REPLACE))
		result = write_raise_alert(look->write, facts, &after.number);
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

static int look_at_owed(struct look *look, const struct reporter *reporter, struct period period,
                        const struct dues *dues)
{
	const struct alert_subject subject = {
	    .kind = ALERT_OVERDUE, .reporter_id = reporter->id, .period = period};
	struct owed owed = {.due = 0};
	struct watched before;
	if (dues_are_owed_by(dues, reporter))
		owed = dues_owed(dues, reporter);
	int result = write_watched(look->write, &subject, &before);
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
	return follow(look, &subject, &before, 0, 0, &facts);
}

/* Of the period's frequency, what was due before today. */
static int find_dues(struct look *look, struct period period, struct dues *dues)
{
	const struct catalogue *catalogue = look->catalogue;
	const struct arrivals arrivals = write_arrivals(look->write);
	int result = 0;
	dues_begin(dues, period);
	for (uint32_t i = 0; i < catalogue->statistic_count && result == 0; i++) {
		if (catalogue->statistics[i].frequency != period_frequency_of(period))
			continue;
		const int32_t day = calendar_due_day(catalogue, &catalogue->statistics[i], period);
		if (day < look->today)
			result = dues_add(dues, i, day, &arrivals);
	}
	return result;
}

static int look_at_period(struct look *look, struct period period, struct dues *dues)
{
	int result = find_dues(look, period, dues);
	for (uint32_t i = 0; i < look->catalogue->reporter_count && result == 0; i++)
		result = look_at_owed(look, &look->catalogue->reporters[i], period, dues);
	return result;
}

static bool is_reported_at(const struct catalogue *catalogue, enum period_frequency frequency)
{
	for (uint32_t i = 0; i < catalogue->statistic_count; i++)
		if (catalogue->statistics[i].frequency == frequency)
			return true;
	return false;
}

/* From the period in which the store began to the last one that is over. */
static int look_at_periods(struct look *look, enum period_frequency frequency, struct dues *dues)
{
	struct period period = period_of_day(look->first_day, frequency);
	int result = 0;
	if (!is_reported_at(look->catalogue, frequency))
		return 0;
	while (result == 0 && period_last_day(period) < look->today) {
		result = look_at_period(look, period, dues);
		if (!period_shift(period, 1, &period))
			break;
	}
	return result;
}

static int look_at_calendar(struct look *look)
{
	struct dues *dues;
	int result = dues_new(look->catalogue, &dues);
	if (result != 0)
		return result;
	for (enum period_frequency frequency = PERIOD_ANNUAL; frequency <= PERIOD_DAY && result == 0;
	     frequency++)
		result = look_at_periods(look, frequency, dues);
	dues_free(dues);
	return result;
}

/* ---- targets ---- */

static struct alert_subject subject_of(enum alert_kind kind, const struct plan *plan,
                                       const struct target *target)
{
	return (struct alert_subject){.kind = kind, .plan = plan->code, .row = target->row};
}

static struct alert_facts facts_of(const struct look *look, enum alert_kind kind, const struct plan *plan,
                                   const struct target *target, const struct sight *sight)
{
	const struct catalogue *catalogue = look->catalogue;
	struct alert_facts facts = {
	    .kind = kind,
	    .provisional = sight->judgement.is_provisional,
	    .binding = target->nature == NATURE_BINDING,
	    .period = sight->period,
	    .part = sight->reported,
	    .whole = sight->expected,
	    .has_value = true,
	    .units = sight->units,
	    .decimals = catalogue->indicators[target->indicator].decimals,
	};
	copy_code(facts.code, catalogue->indicators[target->indicator].code);
	copy_code(facts.area, catalogue->areas[target->area].code);
	copy_code(facts.plan, plan->code);
	copy_code(facts.row, target->row);
	return facts;
}

/* When the plan is over there are no more figures to wait for, and `missed` says how it ended. */
static int32_t calm_days_of(const struct sight *sight)
{
	return sight->is_over ? 0 : ALERT_CALM_DAYS;
}

/* Of `hold` the worst period is what is told, not the newest. */
static void tell_worst(const struct plan_point *worst, struct alert_facts *facts)
{
	if (worst->period.code == 0)
		return;
	facts->period = worst->period;
	facts->units = worst->units;
}

/* Only what is bad has to be remembered: everything else is as if it were seen for the first time. */
static unsigned remember(enum verdict verdict)
{
	return verdict == VERDICT_BEHIND || verdict == VERDICT_OFF_TRACK ? (unsigned)verdict + 1 : 0;
}

static enum verdict remembered(const struct watched *watched)
{
	return watched->settled == remember(VERDICT_BEHIND)      ? VERDICT_BEHIND
	       : watched->settled == remember(VERDICT_OFF_TRACK) ? VERDICT_OFF_TRACK
	                                                         : VERDICT_NO_DATA;
}

static enum alert_severity severity_of(enum verdict verdict)
{
	return verdict == VERDICT_OFF_TRACK ? ALERT_WORSE
	       : verdict == VERDICT_BEHIND  ? ALERT_BAD
	                                    : ALERT_FINE;
}

/* A plan that is over is no longer slipping: what became of it, `missed` says. */
static int look_at_verdict(struct look *look, const struct plan *plan, const struct target *target,
                           const struct sight *sight)
{
	const struct alert_subject subject = subject_of(ALERT_VERDICT, plan, target);
	struct alert_facts facts = facts_of(look, ALERT_VERDICT, plan, target, sight);
	struct watched before;
	int result = write_watched(look->write, &subject, &before);
	if (result != 0)
		return result;
	const enum verdict verdict =
	    sight->is_over ? VERDICT_MET : plan_settle(remembered(&before), &sight->judgement);
	facts.severity = severity_of(verdict);
	tell_worst(&sight->judgement.worst, &facts);
	return follow(look, &subject, &before, remember(verdict), calm_days_of(sight), &facts);
}

static int look_at_end(struct look *look, const struct plan *plan, const struct target *target,
                       const struct sight *sight)
{
	const struct alert_subject subject = subject_of(ALERT_MISSED, plan, target);
	struct alert_facts facts = facts_of(look, ALERT_MISSED, plan, target, sight);
	struct watched before;
	int result = write_watched(look->write, &subject, &before);
	if (result != 0)
		return result;
	facts.severity = sight->is_over && facts.binding && sight->judgement.verdict == VERDICT_OFF_TRACK
	                     ? ALERT_BAD
	                     : ALERT_FINE;
	return follow(look, &subject, &before, 0, 0, &facts);
}

/* The chance as it is now, in percent; more than that where there is too little to say anything. */
#define CHANCE_UNKNOWN 101

static int find_chance(const struct look *look, const struct plan *plan, const struct target *target,
                       const struct sight *sight, struct outlook_target *ret_outlook)
{
	const struct outlook_basis basis = {
	    .catalogue = look->catalogue,
	    .evaluator = look->scene.evaluator,
	    .source = &look->scene.source,
	    .day = look->today - 1,
	};
	*ret_outlook = (struct outlook_target){.chance = CHANCE_UNKNOWN};
	int result = outlook_target(&basis, plan, target, target->area, &sight->judgement, ret_outlook);
	if (result > 0)
		ret_outlook->chance = CHANCE_UNKNOWN;
	return result > 0 ? 0 : result;
}

static int look_at_forecast(struct look *look, const struct plan *plan, const struct target *target,
                            const struct sight *sight)
{
	const struct alert_subject subject = subject_of(ALERT_FORECAST, plan, target);
	struct alert_facts facts = facts_of(look, ALERT_FORECAST, plan, target, sight);
	struct outlook_target outlook = {.chance = 100};
	struct watched before;
	bool is_low = false;
	int result = write_watched(look->write, &subject, &before);
	if (result == 0 && !sight->is_over && !target->cancelled)
		result = find_chance(look, plan, target, sight, &outlook);
	if (result != 0 || outlook.chance == CHANCE_UNKNOWN)
		return result; /* what was known stands */
	facts.chance = outlook.chance;
	facts.agreed = look->catalogue->agreed_chance[target->nature];
	facts.provisional |= outlook.end.is_provisional;
	if (!sight->is_over && !target->cancelled)
		is_low = plan_settle_chance(before.settled != 0, facts.chance, facts.agreed);
	facts.severity = is_low ? ALERT_BAD : ALERT_FINE;
	return follow(look, &subject, &before, is_low, calm_days_of(sight), &facts);
}

static int look_at_target(struct look *look, const struct plan *plan, const struct target *target)
{
	struct sight sight;
	int result = alert_see_target(&look->scene, plan, target, &sight);
	if (result != 0 || sight.period.code == 0 || sight.judgement.verdict == VERDICT_NO_DATA)
		return result; /* as long as nobody knows better, what was known stands */
	result = look_at_verdict(look, plan, target, &sight);
	if (result == 0)
		result = look_at_forecast(look, plan, target, &sight);
	return result == 0 ? look_at_end(look, plan, target, &sight) : result;
}

/* Of plans that have begun, and that were not over when the store began. */
static int look_at_plan(struct look *look, const struct plan *plan)
{
	const int32_t first = period_first_day(period_make(PERIOD_ANNUAL, plan->first_year, 0)),
	              last = period_last_day(period_make(PERIOD_ANNUAL, plan->last_year, 0));
	int result = 0;
	if (look->today < first || last < look->first_day)
		return 0;
	for (uint32_t i = 0; i < plan->target_count && result == 0; i++)
		result = look_at_target(look, plan, &plan->targets[i]);
	return result;
}

static int find_last_days(struct write *write, const struct catalogue *catalogue, int32_t *last_days)
{
	for (uint32_t i = 0; i < catalogue->statistic_count; i++) {
		struct extent extent;
		int result = write_extent(write, i, &extent);
		if (result < 0)
			return result;
		last_days[i] = result == SNAPSHOT_NOTHING ? INT32_MIN : extent.last_day;
	}
	return 0;
}

static int look_at_plans(struct look *look)
{
	const struct catalogue *catalogue = look->catalogue;
	int32_t *last_days = calloc((size_t)catalogue->statistic_count + 1, sizeof *last_days);
	if (!last_days)
		return -ENOMEM;
	look->scene.last_days = last_days;
	int result = find_last_days(look->write, catalogue, last_days);
	for (uint32_t i = 0; i < catalogue->plan_count && result == 0; i++)
		result = look_at_plan(look, &catalogue->plans[i]);
	look->scene.last_days = NULL;
	free(last_days);
	return result;
}

/* ---- what rules question ---- */

static struct alert_subject subject_at(const struct catalogue *catalogue, uint32_t statistic, uint32_t area,
                                       struct period period)
{
	return (struct alert_subject){.kind = ALERT_RULE,
	                              .statistic_id = catalogue->statistics[statistic].id,
	                              .area_id = catalogue->areas[area].id,
	                              .period = period};
}

static int read_figure(struct look *look, const struct alert_subject *subject, struct alert_facts *facts)
{
	const struct cell_source *source = &look->scene.source;
	const struct cell_row *row;
	int result = source->row(source->context, subject->statistic_id, subject->period,
	                         subject->area_id / CELLS_PER_ROW, &row);
	if (result != 0 || !row)
		return result;
	facts->has_value = true;
	facts->units = row->cell[subject->area_id % CELLS_PER_ROW].value;
	return 0;
}

static int raise_question(struct look *look, const struct questioned *questioned)
{
	const struct catalogue *catalogue = look->catalogue;
	const struct statistic *statistic = &catalogue->statistics[questioned->statistic];
	const struct alert_subject subject =
	    subject_at(catalogue, questioned->statistic, questioned->area, questioned->period);
	struct alert_facts facts = {
	    .kind = ALERT_RULE,
	    .severity = ALERT_BAD,
	    .period = questioned->period,
	    .decimals = statistic->decimals,
	};
	struct watched watched;
	copy_code(facts.code, statistic->code);
	copy_code(facts.area, catalogue->areas[questioned->area].code);
	copy_code(facts.rule, soft_rule_name(questioned->rule));
	int result = read_figure(look, &subject, &facts);
	if (result == 0)
		result = write_watched(look->write, &subject, &watched);
	if (result == 0 && watched.number != 0)
		result = resolve(look, watched.number); /* that was another figure */
	if (result == 0)
		result = write_raise_alert(look->write, &facts, &watched.number);
	watched.severity = ALERT_BAD;
	return result == 0 ? write_watch(look->write, &subject, &watched) : result;
}

static int settle_question(struct look *look, const struct touched *settled)
{
	const struct watched nothing = {.number = 0};
	const struct alert_subject subject =
	    subject_at(look->catalogue, settled->statistic, settled->area, settled->period);
	struct watched watched;
	int result = write_watched(look->write, &subject, &watched);
	if (result == 0 && watched.number != 0)
		result = resolve(look, watched.number);
	return result == 0 ? write_watch(look->write, &subject, &nothing) : result;
}

int look_at_questions(struct write *write, const struct catalogue *catalogue)
{
	size_t questioned_count, settled_count;
	const struct questioned *questioned = write_questioned(write, &questioned_count);
	const struct touched *settled = write_settled(write, &settled_count);
	struct look look = {.write = write, .catalogue = catalogue};
	int result = 0;
	look.scene.source = write_cells(write);
	for (size_t i = 0; i < settled_count && result == 0; i++)
		result = settle_question(&look, &settled[i]);
	for (size_t i = 0; i < questioned_count && result == 0; i++)
		result = raise_question(&look, &questioned[i]);
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
	    .scene = {.catalogue = catalogue, .evaluator = evaluator, .source = write_cells(write)},
	    .first_day = calendar_day_of(first_ms),
	    .today = calendar_day_of(write_wall_ms(write)),
	};
	look.scene.today = look.today;
	result = sweep(&look);
	if (result == 0)
		result = look_at_calendar(&look);
	if (result == 0)
		result = look_at_plans(&look);
	return result == 0 ? write_note_look(write) : result;
}
