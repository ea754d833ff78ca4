#include "daemon/looks.h"

#include "daemon/catalogue/calendar.h"
#include "daemon/catalogue/formula.h"
#include "daemon/catalogue/rules.h"
#include "daemon/looks_internal.h"
#include "daemon/plan/outlook.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the writer remembers ---- */

#define NO_ENTRY UINT64_MAX

/* After the journal's entry `entry`: how the targets stand was found on `day`, and since then only those statistics have figures
 * that changed. */
struct look_memory {
	uint64_t entry;
	int32_t day, day_now;
	uint32_t statistic_count;
	bool stirred[];
};

int look_memory_new(const struct catalogue *catalogue, struct look_memory **ret_memory)
{
	struct look_memory *memory =
	    calloc(1, sizeof *memory + catalogue->statistic_count * sizeof memory->stirred[0]);
	if (!memory)
		return -ENOMEM;
	memory->statistic_count = catalogue->statistic_count;
	memory->entry = NO_ENTRY;
	*ret_memory = memory;
	return 0;
}

void look_memory_free(struct look_memory *memory)
{
	free(memory);
}

void look_memory_begin(struct look_memory *memory, const struct write *write)
{
	if (write_entry_number(write) != memory->entry)
		memory->entry = NO_ENTRY;
}

void look_memory_end(struct look_memory *memory, const struct write *write)
{
	size_t count;
	const struct touched *touched = write_touched(write, &count);
	for (size_t i = 0; i < count; i++)
		memory->stirred[touched[i].statistic] = true;
	if (memory->entry != NO_ENTRY)
		memory->entry = write_entry_number(write);
}

void look_memory_settle(struct look_memory *memory, const struct write *write)
{
	memset(memory->stirred, 0, memory->statistic_count * sizeof memory->stirred[0]);
	memory->day = memory->day_now;
	memory->entry = write_entry_number(write);
}

/* ---- what follows ---- */

static int resolve(struct look *look, uint64_t number)
{
	int result = write_change_alert(look->write, number, ALERT_RESOLVED, NULL, NULL);
	if (result == ALERTS_SO_ALREADY || result == ALERTS_RESOLVED)
		return 0; /* somebody has done it by hand */
	return result == ALERTS_NO_SUCH ? (int)FAULT_CORRUPT : result;
}

int look_follow(struct look *look, const struct alert_subject *subject, const struct watched *before,
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

void look_copy_code(char field[CODE_LENGTH_MAX + 1], const char *code)
{
	snprintf(field, CODE_LENGTH_MAX + 1, "%s", code);
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
	look_copy_code(facts.code, catalogue->indicators[target->indicator].code);
	look_copy_code(facts.area, catalogue->areas[target->area].code);
	look_copy_code(facts.plan, plan->code);
	look_copy_code(facts.row, target->row);
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
	return look_follow(look, &subject, &before, remember(verdict), calm_days_of(sight), &facts);
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
	return look_follow(look, &subject, &before, 0, 0, &facts);
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
	return look_follow(look, &subject, &before, is_low, calm_days_of(sight), &facts);
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

static bool is_stirred(const struct look *look, uint32_t indicator)
{
	const struct formula *formula = look->catalogue->indicators[indicator].formula;
	for (uint32_t i = 0; i < formula->atom_count; i++)
		if (look->memory->stirred[formula->atoms[i].statistic])
			return true;
	return false;
}

/* Of the same figures, on the same day, after what was known of it before, a target is what it was. */
static bool may_differ(const struct look *look, const struct target *target)
{
	const struct look_memory *memory = look->memory;
	return memory->entry == NO_ENTRY || memory->day != look->today ||
	       is_stirred(look, target->indicator) ||
	       (target->comparison == COMPARE_TRACKS_GDP && is_stirred(look, target->follows));
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
		if (may_differ(look, &plan->targets[i]))
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
	look_copy_code(facts.code, statistic->code);
	look_copy_code(facts.area, catalogue->areas[questioned->area].code);
	look_copy_code(facts.rule, soft_rule_name(questioned->rule));
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
	const struct look *look;
	const struct calendar_look *calendar;
	struct gone *gone;
	size_t count, capacity;
};

/* Somebody who reports anything so often; otherwise nobody will ever see to that period again. */
static bool has_duty(const struct catalogue *catalogue, const struct reporter *reporter,
                     enum period_frequency frequency)
{
	for (uint32_t i = 0; reporter && i < catalogue->statistic_count; i++)
		if (reporter->statistics[i] && catalogue->statistics[i].frequency == frequency)
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

static bool is_there(const struct sweep *sweep, const struct alert_subject *subject)
{
	const struct catalogue *catalogue = sweep->look->catalogue;
	switch (subject->kind) {
	case ALERT_OVERDUE:
		return has_duty(catalogue,
		                look_find_reporter(sweep->look, sweep->calendar, subject->reporter_id),
		                period_frequency_of(subject->period));
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
	if (is_there(sweep, subject))
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
	look_copy_code(gone->plan, subject->plan ? subject->plan : "");
	look_copy_code(gone->row, subject->row ? subject->row : "");
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

static int sweep(struct look *look, const struct calendar_look *calendar)
{
	struct sweep sweep = {.look = look, .calendar = calendar};
	int result = write_walk_watched(look->write, note_gone, &sweep);
	for (size_t i = 0; i < sweep.count && result == 0; i++)
		result = forget(look, &sweep.gone[i]);
	free(sweep.gone);
	return result;
}

/* ---- the whole ---- */

int look_around(struct write *write, const struct catalogue *catalogue, struct evaluator *evaluator,
                struct look_memory *memory)
{
	struct calendar_look calendar = {.seen = 0};
	int64_t first_ms;
	int result = write_began(write, &first_ms);
	if (result != 0)
		return result;
	struct look look = {
	    .write = write,
	    .catalogue = catalogue,
	    .memory = memory,
	    .scene = {.catalogue = catalogue, .evaluator = evaluator, .source = write_cells(write)},
	    .first_day = calendar_day_of(first_ms),
	    .today = calendar_day_of(write_wall_ms(write)),
	};
	look.scene.today = memory->day_now = look.today;
	result = look_begin_calendar(&look, &calendar);
	if (result == 0 && calendar.catalogue_differs)
		result = sweep(&look, &calendar);
	if (result == 0)
		result = look_at_calendar(&look, &calendar);
	if (result == 0)
		result = look_at_plans(&look);
	if (result == 0 && (write_came_to_something(write) || calendar.seen >= LOOK_SEEN_MAX)) {
		result = look_keep_calendar(&look, &calendar);
		if (result == 0)
			result = write_note_look(write);
	}
	calendar_look_done(&calendar);
	return result;
}
