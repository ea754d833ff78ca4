#include "daemon/query/question.h"
#include <errno.h>
#include <stdlib.h>

static Suanpan__ListRow named_row(const struct wording *words, const char *code, const struct names *names)
{
	Suanpan__ListRow row = SUANPAN__LIST_ROW__INIT;
	row.code = wording_borrow(code);
	row.name = wording_name(words, names);
	row.name_en = wording_borrow(names->in[LANGUAGE_EN]);
	row.name_zh_hans = wording_borrow(names->in[LANGUAGE_ZH_HANS]);
	row.name_zh_hant = wording_borrow(names->in[LANGUAGE_ZH_HANT]);
	return row;
}

/* ---- areas ---- */

static bool list_holds(const struct area_list *list, uint32_t area)
{
	uint32_t low = 0, high = list->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (list->area[middle] == area)
			return true;
		if (list->area[middle] < area)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* A group knows every area inside it; its members are those that no other one of them contains. */
static bool is_member(const struct catalogue *catalogue, const struct area *group, uint32_t area)
{
	uint32_t parent = catalogue->areas[area].parent;
	return parent == CATALOGUE_NONE ||
	       !list_holds(&group->inside[catalogue->areas[parent].level], parent);
}

static size_t group_members(struct wording *words, const struct area *group, char ***ret_codes)
{
	const struct catalogue *catalogue = words->catalogue;
	size_t inside = 0, count = 0;
	for (int level = LEVEL_CITY; level < LEVEL_COUNT; level++)
		inside += group->inside[level].count;
	char **codes = inside > 0 ? wording_take(words, inside * sizeof *codes) : NULL;
	*ret_codes = codes;
	if (!codes)
		return 0;
	for (int level = LEVEL_CITY; level < LEVEL_COUNT; level++)
		for (uint32_t i = 0; i < group->inside[level].count; i++)
			if (is_member(catalogue, group, group->inside[level].area[i]))
				codes[count++] =
				    wording_borrow(catalogue->areas[group->inside[level].area[i]].code);
	return count;
}

static void add_validity(struct wording *words, const struct area *area, Suanpan__ListRow *row)
{
	if (area->first_day != INT32_MIN)
		row->valid_from = wording_period(words, period_of_day(area->first_day, PERIOD_DAY));
	if (area->last_day != INT32_MAX)
		row->valid_to = wording_period(words, period_of_day(area->last_day, PERIOD_DAY));
	row->n_successor =
	    wording_area_codes(words, area->successors.area, area->successors.count, &row->successor);
}

static int add_area(struct question *question, uint32_t index)
{
	const struct area *area = &question->catalogue->areas[index];
	Suanpan__ListRow row = named_row(&question->words, area->code, &area->names);
	row.kind = wording_borrow(area->level == LEVEL_GROUP ? "group" : area_level_name(area->level));
	if (area->parent != CATALOGUE_NONE)
		row.parent = wording_borrow(question->catalogue->areas[area->parent].code);
	if (area->level == LEVEL_GROUP)
		row.n_member = group_members(&question->words, area, &row.member);
	add_validity(&question->words, area, &row);
	return question_add(question, &row.base);
}

/* ---- what is reported and computed ---- */

static int add_statistic(struct question *question, uint32_t index)
{
	const struct statistic *statistic = &question->catalogue->statistics[index];
	struct wording *words = &question->words;
	Suanpan__ListRow row = named_row(words, statistic->code, &statistic->names);
	row.kind = wording_borrow(statistic_kind_name(statistic->kind));
	row.unit = wording_name(words, &statistic->unit);
	row.has_decimals = 1;
	row.decimals = statistic->decimals;
	row.frequency = wording_letter(words, period_frequency_letter(statistic->frequency));
	row.level = wording_borrow(area_level_name(statistic->level));
	row.has_deadline_days = 1;
	row.deadline_days = statistic->deadline_days;
	row.has_carry_months = statistic->kind == KIND_STOCK || statistic->kind == KIND_LEVEL;
	row.carry_months = statistic->carry_months;
	return question_add(question, &row.base);
}

static int add_indicator(struct question *question, uint32_t index)
{
	const struct indicator *indicator = &question->catalogue->indicators[index];
	struct wording *words = &question->words;
	Suanpan__ListRow row = named_row(words, indicator->code, &indicator->names);
	row.unit = wording_name(words, &indicator->unit);
	row.has_decimals = 1;
	row.decimals = indicator->decimals;
	row.frequency = wording_letter(words, period_frequency_letter(indicator->frequency));
	row.formula = wording_borrow(indicator->formula_text);
	row.coverage = wording_borrow(indicator->coverage == COVERAGE_COMPLETE ? "complete" : "matched");
	return question_add(question, &row.base);
}

static int add_plan(struct question *question, uint32_t index)
{
	const struct plan *plan = &question->catalogue->plans[index];
	struct wording *words = &question->words;
	Suanpan__ListRow row = named_row(words, plan->code, &plan->names);
	row.from = wording_period(words, period_make(PERIOD_ANNUAL, plan->first_year, 0));
	row.to = wording_period(words, period_make(PERIOD_ANNUAL, plan->last_year, 0));
	row.has_targets = 1;
	row.targets = plan->target_count;
	return question_add(question, &row.base);
}

/* ---- reporters ---- */

static size_t scope_statistics(struct wording *words, const struct reporter *reporter, char ***ret_codes)
{
	const struct catalogue *catalogue = words->catalogue;
	size_t count = 0;
	char **codes = catalogue->statistic_count > 0
	                   ? wording_take(words, catalogue->statistic_count * sizeof *codes)
	                   : NULL;
	*ret_codes = codes;
	for (uint32_t i = 0; codes && i < catalogue->statistic_count; i++)
		if (reporter->statistics[i])
			codes[count++] = wording_borrow(catalogue->statistics[i].code);
	return count;
}

static int add_reporter(struct question *question, uint32_t index)
{
	const struct reporter *reporter = &question->catalogue->reporters[index];
	struct wording *words = &question->words;
	struct reporter_summary summary;
	int result = snapshot_reporter(question->snapshot, reporter->id, &summary);
	if (result != 0)
		return result;
	Suanpan__ListRow row = named_row(words, reporter->code, &reporter->names);
	row.n_scope_area =
	    wording_area_codes(words, reporter->areas.area, reporter->areas.count, &row.scope_area);
	row.n_scope_statistic = scope_statistics(words, reporter, &row.scope_statistic);
	row.has_keys = 1;
	row.keys = reporter->key_count;
	row.has_reports = 1;
	row.reports = summary.reports;
	if (summary.last_wall_ms != 0)
		row.last_report = wording_time(words, summary.last_wall_ms);
	return question_add(question, &row.base);
}

/* ---- streams ---- */

/* The reporter as it is named now; of one that is no longer in the catalogue the code is left. */
static Suanpan__ListRow reporter_row(struct question *question, uint32_t id)
{
	const struct catalogue *catalogue = question->catalogue;
	struct wording *words = &question->words;
	for (uint32_t i = 0; i < catalogue->reporter_count; i++)
		if (catalogue->reporters[i].id == id)
			return named_row(words, catalogue->reporters[i].code, &catalogue->reporters[i].names);
	const char *code = snapshot_reporter_code(question->snapshot, id);
	Suanpan__ListRow row = SUANPAN__LIST_ROW__INIT;
	row.code = row.name = wording_copy(words, code ? code : "?");
	return row;
}

/* The one of the same reporter that began first after this one's last report; NULL: none did. Streams stand in the order
 * in which they began. */
static const struct stream_summary *find_follower(const struct stream_summary *stream,
                                                  const struct stream_summary *end)
{
	for (const struct stream_summary *other = stream + 1;
	     other < end && other->reporter_id == stream->reporter_id; other++)
		if (other->first_entry > stream->last_entry)
			return other;
	return NULL;
}

static int add_stream(struct question *question, const struct stream_summary *stream,
                      const struct stream_summary *end)
{
	struct wording *words = &question->words;
	const struct stream_summary *follower = find_follower(stream, end);
	Suanpan__ListRow row = reporter_row(question, stream->reporter_id);
	row.stream = wording_hex(words, stream->stream, sizeof stream->stream);
	row.has_last_sequence = row.has_gaps = 1;
	row.last_sequence = stream->last_sequence;
	row.gaps = stream->gaps;
	row.first_report = wording_time(words, stream->first_wall_ms);
	row.last_report = wording_time(words, stream->last_wall_ms);
	if (follower)
		row.followed_by = wording_hex(words, follower->stream, sizeof follower->stream);
	return question_add(question, &row.base);
}

static int add_streams(struct question *question)
{
	struct stream_summary *streams;
	size_t count;
	int result = snapshot_streams(question->snapshot, &streams, &count);
	if (result != 0)
		return result;
	for (size_t i = 0; i < count && result == 0; i++)
		result = add_stream(question, &streams[i], streams + count);
	free(streams);
	return result;
}

/* ---- closed periods ---- */

/* The operator's words, from the journal. */
static int add_closed(struct question *question, const struct closed_period *closed)
{
	struct wording *words = &question->words;
	struct journal_entry entry;
	int result = snapshot_entry(question->snapshot, closed->entry, &entry);
	if (result != 0)
		return result == SNAPSHOT_NOTHING ? (int)FAULT_CORRUPT : result;
	Suanpan__Act *act = suanpan__act__unpack(NULL, entry.payload_size, entry.payload);
	if (!act)
		return -ENOMEM; /* the daemon packed it */
	Suanpan__ListRow row = SUANPAN__LIST_ROW__INIT;
	row.code = wording_period(words, closed->period);
	row.name = wording_copy(words, act->why ? act->why : "");
	row.actor = act->actor ? wording_copy(words, act->actor) : NULL;
	row.time = wording_time(words, entry.wall_ms);
	suanpan__act__free_unpacked(act, NULL);
	return question_add(question, &row.base);
}

static int add_all_closed(struct question *question)
{
	struct closed_period *periods;
	size_t count;
	int result = snapshot_closed(question->snapshot, &periods, &count);
	if (result != 0)
		return result;
	for (size_t i = 0; i < count && result == 0; i++)
		result = add_closed(question, &periods[i]);
	free(periods);
	return result;
}

/* ---- */

static int add_each(struct question *question, uint32_t count, int (*add)(struct question *, uint32_t index))
{
	for (uint32_t i = 0; i < count; i++) {
		int result = add(question, i);
		if (result != 0)
			return result;
	}
	return 0;
}

int answer_list(struct question *question, const Suanpan__ListQuery *query)
{
	const struct catalogue *catalogue = question->catalogue;
	const struct {
		uint32_t count;
		int (*add)(struct question *, uint32_t index);
	} lists[] = {
	    [SUANPAN__LIST_KIND__LIST_AREAS] = {catalogue->area_count, add_area},
	    [SUANPAN__LIST_KIND__LIST_STATISTICS] = {catalogue->statistic_count, add_statistic},
	    [SUANPAN__LIST_KIND__LIST_INDICATORS] = {catalogue->indicator_count, add_indicator},
	    [SUANPAN__LIST_KIND__LIST_PLANS] = {catalogue->plan_count, add_plan},
	    [SUANPAN__LIST_KIND__LIST_REPORTERS] = {catalogue->reporter_count, add_reporter},
	};
	if (query->kind == SUANPAN__LIST_KIND__LIST_STREAMS)
		return add_streams(question);
	if (query->kind == SUANPAN__LIST_KIND__LIST_CLOSED)
		return add_all_closed(question);
	/* protobuf-c passes on whatever number stood there. */
	if (query->kind < SUANPAN__LIST_KIND__LIST_AREAS || query->kind > SUANPAN__LIST_KIND__LIST_REPORTERS)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_MALFORMED, NULL,
		                       "There is no list %d; the kinds go from 1 to %d.", (int)query->kind,
		                       SUANPAN__LIST_KIND__LIST_CLOSED);
	return add_each(question, lists[query->kind].count, lists[query->kind].add);
}
