#include "daemon/pipeline.h"

#include "daemon/acts.h"
#include "daemon/base/arena.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/catalogue/change.h"
#include "daemon/indicator/affected.h"
#include "daemon/indicator/evaluate.h"
#include "daemon/intake/check.h"
#include "daemon/journal/journal.h"
#include "daemon/looks.h"
#include "daemon/scrutiny.h"
#include "daemon/store/alerts.h"
#include "daemon/store/write.h"
#include "proto/envelope.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void passage_free(struct passage *passage)
{
	if (!passage)
		return;
	free(passage->payload);
	free(passage->observations);
	free(passage->ack);
	free(passage);
}

/* ------------------------------------------------------------------------------------------------ acks */

static void init_ack(Suanpan__Ack *ack, struct passage *passage, Suanpan__Outcome outcome, const char *reason)
{
	suanpan__ack__init(ack);
	ack->major = ENVELOPE_MAJOR;
	ack->outcome = outcome;
	/* protobuf-c's structs have no const; packing does not write. */
	ack->reason = (char *)(uintptr_t)reason;
	if (passage->name.sequence == 0)
		return;
	ack->has_stream = ack->has_sequence = 1;
	ack->stream = (ProtobufCBinaryData){.len = REPORT_STREAM_SIZE, .data = passage->name.stream};
	ack->sequence = passage->name.sequence;
}

/* Replaces the passage's ack. */
static int pack_ack(struct passage *passage, const Suanpan__Ack *ack)
{
	free(passage->ack);
	passage->ack = NULL;
	return envelope_pack(&ack->base, ENVELOPE_ANSWER_MAX, &passage->ack, &passage->ack_size);
}

static int ack_plainly(struct passage *passage, Suanpan__Outcome outcome, const char *reason)
{
	Suanpan__Ack ack;
	init_ack(&ack, passage, outcome, reason);
	return pack_ack(passage, &ack);
}

/* What is kept of an accepted report's ack: its warnings as they stand at its end. */
struct packed_warnings {
	void *bytes;
	size_t size;
};

/* A field that is appended to a packed message belongs to it. */
static int append_to_ack(struct passage *passage, const struct packed_warnings *warnings)
{
	if (warnings->size == 0)
		return 0;
	uint8_t *longer = realloc(passage->ack, passage->ack_size + warnings->size);
	if (!longer)
		return -ENOMEM;
	memcpy(longer + passage->ack_size, warnings->bytes, warnings->size);
	passage->ack = longer;
	passage->ack_size += warnings->size;
	return 0;
}

static int ack_accepted(struct passage *passage, uint64_t commit, uint64_t entry, bool repeated,
                        const struct packed_warnings *warnings)
{
	Suanpan__Ack ack;
	init_ack(&ack, passage, SUANPAN__OUTCOME__OUTCOME_ACCEPTED, NULL);
	ack.has_commit = ack.has_entry = 1;
	ack.commit = commit;
	ack.entry = entry;
	ack.has_repeated_report = repeated;
	ack.repeated_report = repeated;
	int result = pack_ack(passage, &ack);
	return result == 0 ? append_to_ack(passage, warnings) : result;
}

static int ack_resend(struct passage *passage, uint64_t from)
{
	char reason[96];
	Suanpan__Ack ack;
	snprintf(reason, sizeof reason, "sequence %" PRIu64 " is expected next, not %" PRIu64, from,
	         passage->name.sequence);
	init_ack(&ack, passage, SUANPAN__OUTCOME__OUTCOME_RESEND, reason);
	ack.has_resend_from = 1;
	ack.resend_from = from;
	return pack_ack(passage, &ack);
}

static int ack_forgotten(struct passage *passage, uint64_t commit)
{
	Suanpan__Ack ack;
	init_ack(&ack, passage, SUANPAN__OUTCOME__OUTCOME_REFUSED,
	         "this report was refused before; the reasons are no longer kept");
	ack.has_repeated_report = ack.repeated_report = true;
	ack.has_commit = 1;
	ack.commit = commit;
	return pack_ack(passage, &ack);
}

enum ack_field { ACK_REPEATED = 5, ACK_COMMIT = 6, ACK_WARNING = 12 };
#define FIELD_SIZE_MAX   11 /* a tag, and a varint of 64 bits */
#define LENGTH_DELIMITED 2

static size_t pack_varint(uint8_t *at, uint64_t value)
{
	size_t size = 0;
	for (; value > 0x7f; value >>= 7)
		at[size++] = (uint8_t)(value | 0x80);
	at[size++] = (uint8_t)value;
	return size;
}

static int pack_warnings(const struct remarks *warnings, struct packed_warnings *ret_packed)
{
	size_t size = 0;
	*ret_packed = (struct packed_warnings){.size = 0};
	if (warnings->count == 0)
		return 0;
	for (size_t i = 0; i < warnings->count; i++)
		size += FIELD_SIZE_MAX + suanpan__warning__get_packed_size(warnings->warnings[i]);
	uint8_t *bytes = malloc(size), *at = bytes;
	if (!bytes)
		return -ENOMEM;
	for (size_t i = 0; i < warnings->count; i++) {
		*at++ = ACK_WARNING << 3 | LENGTH_DELIMITED;
		at += pack_varint(at, suanpan__warning__get_packed_size(warnings->warnings[i]));
		at += suanpan__warning__pack(warnings->warnings[i], at);
	}
	*ret_packed = (struct packed_warnings){.bytes = bytes, .size = (size_t)(at - bytes)};
	return 0;
}

/* Makes a copy of a packed ack with one more number the passage's. */
static int extend_ack(struct passage *passage, const void *bytes, size_t size, enum ack_field field,
                      uint64_t value)
{
	uint8_t *longer = malloc(size + FIELD_SIZE_MAX);
	if (!longer)
		return -ENOMEM;
	memcpy(longer, bytes, size);
	longer[size++] = (uint8_t)(field << 3);
	size += pack_varint(longer + size, value);
	free(passage->ack);
	passage->ack = longer;
	passage->ack_size = size;
	return 0;
}

/* ------------------------------------------------------------------------------------------------ front */

struct reception {
	const struct catalogue *catalogue;
	bool demands_keys;
	struct arena *arena;
	struct log_quota forbidden, refused;
};

int reception_new(const struct catalogue *catalogue, struct reception **ret_reception)
{
	struct reception *reception = calloc(1, sizeof *reception);
	if (!reception)
		return -ENOMEM;
	reception->catalogue = catalogue;
	int result = arena_new(ENVELOPE_UNPACK_BUDGET, &reception->arena);
	if (result != 0) {
		free(reception);
		return result;
	}
	*ret_reception = reception;
	return 0;
}

void reception_free(struct reception *reception)
{
	if (!reception)
		return;
	arena_free(reception->arena);
	free(reception);
}

void reception_switch(struct reception *reception, const struct catalogue *catalogue)
{
	reception->catalogue = catalogue;
}

void reception_demand_keys(struct reception *reception)
{
	reception->demands_keys = true;
}

/* Without unpacking it: a flood of these must cost less than what it is sent for. The sender still learns which report it was. */
static int turn_away(struct passage *passage, Suanpan__Outcome outcome, const char *reason)
{
	if (!envelope_find_name(passage->payload, passage->payload_size, passage->name.stream,
	                        &passage->name.sequence))
		passage->name.sequence = 0;
	int result = ack_plainly(passage, outcome, reason);
	return result == 0 ? (int)PIPELINE_ANSWERED : result;
}

int pipeline_put_off(struct passage *passage, const char *reason)
{
	return turn_away(passage, SUANPAN__OUTCOME__OUTCOME_OVERLOADED, reason);
}

int pipeline_admit(struct reception *reception, struct passage *passage)
{
	if (!reception->demands_keys)
		return 0;
	passage->holder = catalogue_find_key(reception->catalogue, passage->route.key);
	if (passage->holder && passage->holder->role == ROLE_REPORTER)
		return 0;
	if (log_may_say(&reception->forbidden, "report-forbidden", clock_read().monotonic_ms))
		log_event(LOG_LEVEL_WARNING, "report-forbidden", "holder=%s key='%s' reason='%s'",
		          passage->holder ? passage->holder->code : "", passage->route.key,
		          passage->holder ? "not a reporter" : "this key is nobody's any more");
	return turn_away(passage, SUANPAN__OUTCOME__OUTCOME_FORBIDDEN,
	                 passage->holder ? "this key is one to ask with, not to report with"
	                                 : "this key is not, or no longer, enrolled");
}

static bool is_foreign(int verdict, const struct checked_report *checked)
{
	if (verdict == CHECK_NAMELESS)
		return checked->names_another;
	for (size_t i = 0; i < checked->problem_count; i++)
		if (checked->problems[i]->reason == SUANPAN__REASON__REASON_AREA_OUT_OF_SCOPE ||
		    checked->problems[i]->reason == SUANPAN__REASON__REASON_STATISTIC_OUT_OF_SCOPE)
			return true;
	return false;
}

static void log_refusal(struct log_quota *quota, const struct passage *passage, const char *reason)
{
	if (log_may_say(quota, "report-refused", clock_read().monotonic_ms))
		log_event(LOG_LEVEL_WARNING, "report-refused",
		          "holder=%s reporter_id=%" PRIu32 " sequence=%" PRIu64 " foreign=%d reason='%s'",
		          passage->holder ? passage->holder->code : "", passage->name.reporter_id,
		          passage->name.sequence, passage->foreign, reason);
}

static int ack_check(struct passage *passage, int verdict, const struct checked_report *checked)
{
	Suanpan__Ack ack;
	init_ack(&ack, passage,
	         verdict == CHECK_UNSUPPORTED ? SUANPAN__OUTCOME__OUTCOME_UNSUPPORTED
	                                      : SUANPAN__OUTCOME__OUTCOME_REFUSED,
	         checked->reason);
	if (verdict == CHECK_UNSUPPORTED) {
		ack.has_newest_major = 1;
		ack.newest_major = ENVELOPE_MAJOR;
	}
	ack.n_problem = checked->problem_count;
	ack.problem = checked->problems;
	return pack_ack(passage, &ack);
}

int pipeline_receive(struct reception *reception, struct passage *passage)
{
	struct checked_report checked;
	int result = pipeline_admit(reception, passage);
	if (result != 0)
		return result;
	envelope_hash(passage->payload, passage->payload_size, passage->hash);
	arena_reset(reception->arena);
	int verdict =
	    intake_check(reception->catalogue, passage->holder ? passage->holder->reporter : CATALOGUE_NONE,
	                 passage->payload, passage->payload_size, reception->arena, &checked);
	if (checked.has_stream)
		passage->name = checked.name;
	passage->oldest = checked.oldest;
	passage->observations = checked.observations;
	passage->observation_count = checked.observation_count;
	passage->confirms = checked.confirms;
	passage->corrects = checked.corrects;
	passage->mail.weight = 1 + checked.observation_count;
	if (verdict == -ENOMEM) {
		/* One message too large for the memory there is: it may fit later. */
		result = ack_plainly(passage, SUANPAN__OUTCOME__OUTCOME_OVERLOADED, "out of memory");
		return result == 0 ? (int)PIPELINE_ANSWERED : result;
	}
	if (verdict <= 0)
		return verdict;
	passage->foreign = is_foreign(verdict, &checked);
	log_refusal(&reception->refused, passage, checked.reason);
	result = ack_check(passage, verdict, &checked);
	if (result != 0)
		return result;
	/* A refusal with a name uses its sequence up: the store must remember it, in its turn. */
	passage->refused = verdict == CHECK_REFUSED;
	return passage->refused ? 0 : (int)PIPELINE_ANSWERED;
}

static uint32_t find_reporter_by_id(const struct catalogue *catalogue, uint32_t id)
{
	for (uint32_t i = 0; i < catalogue->reporter_count; i++)
		if (catalogue->reporters[i].id == id)
			return i;
	return CATALOGUE_NONE;
}

int pipeline_receive_again(struct reception *reception, const struct journal_record *record,
                           struct passage *passage)
{
	struct checked_report checked;
	passage->name =
	    (struct report_name){.reporter_id = record->reporter_id, .sequence = record->sequence};
	memcpy(passage->name.stream, record->stream, sizeof passage->name.stream);
	memcpy(passage->hash, record->payload_hash, sizeof passage->hash);
	passage->oldest = record->sequence; /* it was its turn, whatever lies before it */
	passage->refused = record->kind == JOURNAL_REFUSED;
	if (passage->refused)
		return 0;
	arena_reset(reception->arena);
	uint32_t reporter = find_reporter_by_id(reception->catalogue, record->reporter_id);
	int verdict = intake_check(reception->catalogue, reporter, passage->payload, passage->payload_size,
	                           reception->arena, &checked);
	passage->observations = checked.observations;
	passage->observation_count = checked.observation_count;
	passage->confirms = checked.confirms;
	passage->corrects = checked.corrects;
	if (verdict <= 0)
		return verdict;
	int result = ack_check(passage, verdict, &checked);
	return result != 0 ? result : (int)PIPELINE_ANSWERED;
}

/* ------------------------------------------------------------------------------------------------ writer */

/* What computing takes, for one catalogue. */
struct engine {
	const struct catalogue *catalogue;
	struct evaluator *evaluator;
	struct affected *affected;
	struct scrutiny *scrutiny;
	struct look_memory *memory;
};

struct writer {
	struct store *store;
	struct engine engine;
	struct changed_value *changed;
	size_t changed_count, changed_capacity;
	struct changed_value *followed; /* of statistics, before they are evaluated */
	size_t followed_count, followed_capacity;
	struct alert *alerts; /* of the last commit */
	size_t alert_count;
	struct log_quota refused;
};

static void engine_done(struct engine *engine)
{
	evaluator_free(engine->evaluator);
	affected_free(engine->affected);
	scrutiny_free(engine->scrutiny);
	look_memory_free(engine->memory);
	*engine = (struct engine){.catalogue = NULL};
}

static int engine_init(struct engine *engine, const struct catalogue *catalogue)
{
	*engine = (struct engine){.catalogue = catalogue};
	int result = evaluator_new(catalogue, &engine->evaluator);
	if (result == 0)
		result = affected_new(catalogue, &engine->affected);
	if (result == 0)
		result = scrutiny_new(catalogue, &engine->scrutiny);
	if (result == 0)
		result = look_memory_new(catalogue, &engine->memory);
	if (result != 0)
		engine_done(engine);
	return result;
}

int writer_new(const struct catalogue *catalogue, struct store *store, struct writer **ret_writer)
{
	struct writer *writer = calloc(1, sizeof *writer);
	if (!writer)
		return -ENOMEM;
	writer->store = store;
	int result = catalogue ? engine_init(&writer->engine, catalogue) : 0;
	if (result != 0) {
		free(writer);
		return result;
	}
	*ret_writer = writer;
	return 0;
}

void writer_free(struct writer *writer)
{
	if (!writer)
		return;
	engine_done(&writer->engine);
	free(writer->changed);
	free(writer->followed);
	free(writer->alerts);
	free(writer);
}

static int accept_again(struct write *write, struct passage *passage, const struct decision *decision)
{
	const void *bytes = NULL;
	struct packed_warnings warnings = {.size = 0};
	int result = write_find_warnings(write, decision->entry, &bytes, &warnings.size);
	if (result < 0)
		return result;
	warnings.bytes = (void *)(uintptr_t)bytes; /* only read */
	return ack_accepted(passage, decision->commit, decision->entry, true, &warnings);
}

/* It was decided before. The same bytes get the same answer; other bytes under the same name are a conflict.
 */
static int answer_again(struct write *write, struct passage *passage, const struct decision *decision)
{
	const void *bytes;
	size_t size;
	if (memcmp(decision->hash, passage->hash, sizeof passage->hash) != 0)
		return ack_plainly(passage, SUANPAN__OUTCOME__OUTCOME_CONFLICT,
		                   "this sequence was used for another report; nothing was changed");
	if (decision->accepted)
		return accept_again(write, passage, decision);
	int result = write_refusal_answer(write, decision->entry, &bytes, &size);
	if (result == WRITE_UNDECIDED)
		return ack_forgotten(passage, decision->commit);
	return result != 0 ? result : extend_ack(passage, bytes, size, ACK_REPEATED, true);
}

/* A stream is decided in order, because a later report may correct an earlier one. A sender that no longer
 * holds what is missing says so with `oldest`, and the gap is recorded. */
static bool is_its_turn(const struct passage *passage, uint64_t last)
{
	return passage->name.sequence == last + 1 ||
	       (passage->name.sequence > last && passage->oldest == passage->name.sequence);
}

/* A refusal from the journal has no ack: only its sequence is used up, its reasons are no longer kept. */
static int remember_refusal(struct write *write, struct passage *passage)
{
	uint64_t entry;
	int result = !passage->ack ? 0
	                           : extend_ack(passage, passage->ack, passage->ack_size, ACK_COMMIT,
	                                        write_commit_number(write));
	if (result != 0)
		return result;
	struct refused_report report = {
	    .name = passage->name,
	    .payload = passage->payload,
	    .payload_size = passage->payload_size,
	    .answer = passage->ack,
	    .answer_size = passage->ack_size,
	};
	memcpy(report.hash, passage->hash, sizeof report.hash);
	return write_refuse(write, &report, &entry);
}

static int accept_with(struct write *write, struct passage *passage, const struct packed_warnings *warnings)
{
	uint64_t entry;
	struct accepted_report report = {
	    .name = passage->name,
	    .payload = passage->payload,
	    .payload_size = passage->payload_size,
	    .observations = passage->observations,
	    .observation_count = passage->observation_count,
	    .warnings = warnings->bytes,
	    .warnings_size = warnings->size,
	};
	memcpy(report.hash, passage->hash, sizeof report.hash);
	int result = write_accept(write, &report, &entry);
	return result != 0 ? result
	                   : ack_accepted(passage, write_commit_number(write), entry, false, warnings);
}

static int accept(struct writer *writer, struct write *write, struct passage *passage,
                  const struct remarks *warnings)
{
	struct packed_warnings packed;
	int result = pack_warnings(warnings, &packed);
	if (result == 0)
		result = accept_with(write, passage, &packed);
	if (result == 0)
		result = scrutiny_accept(writer->engine.scrutiny);
	free(packed.bytes);
	return result;
}

/* It is right in itself, and does not agree with what else is known. */
static int refuse(struct writer *writer, struct write *write, struct passage *passage,
                  const struct remarks *problems)
{
	const char *reason = remarks_sum_up(problems);
	if (!reason)
		return -ENOMEM;
	Suanpan__Ack ack;
	init_ack(&ack, passage, SUANPAN__OUTCOME__OUTCOME_REFUSED, reason);
	ack.n_problem = problems->count;
	ack.problem = problems->problems;
	int result = pack_ack(passage, &ack);
	if (result != 0)
		return result;
	log_refusal(&writer->refused, passage, reason);
	return remember_refusal(write, passage);
}

static int scrutinise(struct writer *writer, struct write *write, struct passage *passage)
{
	const struct remarks *remarks;
	const struct scrutinised report = {.observations = passage->observations,
	                                   .count = passage->observation_count,
	                                   .confirms = passage->confirms,
	                                   .corrects = passage->corrects};
	int result = scrutiny_look(writer->engine.scrutiny, write, &report, &remarks);
	if (result < 0)
		return result;
	return result == SCRUTINY_REFUSED ? refuse(writer, write, passage, remarks)
	                                  : accept(writer, write, passage, remarks);
}

static int decide_one(struct writer *writer, struct write *write, struct passage *passage)
{
	struct decision decision;
	uint64_t last;
	int result = write_find_decision(write, &passage->name, &decision);
	if (result == 0)
		return answer_again(write, passage, &decision);
	if (result < 0)
		return result;
	result = write_last_sequence(write, &passage->name, &last);
	if (result != 0)
		return result;
	if (passage->name.sequence <= last)
		return ack_plainly(
		    passage, SUANPAN__OUTCOME__OUTCOME_CONFLICT,
		    "this sequence lies in a gap that the sender declared lost; nothing was changed");
	if (!is_its_turn(passage, last))
		return ack_resend(passage, last + 1);
	return passage->refused ? remember_refusal(write, passage) : scrutinise(writer, write, passage);
}

/* ---- what changed, for those who follow ---- */

static int append_changed(struct changed_value **array, size_t *count, size_t *capacity,
                          const struct changed_value *changed)
{
	if (*count == *capacity) {
		size_t wanted = *capacity ? *capacity * 2 : 256;
		struct changed_value *grown = realloc(*array, wanted * sizeof *grown);
		if (!grown)
			return -ENOMEM;
		*array = grown;
		*capacity = wanted;
	}
	(*array)[(*count)++] = *changed;
	return 0;
}

static void fill_changed(const struct catalogue *catalogue, const struct value *value, uint64_t commit,
                         struct changed_value *changed)
{
	changed->value = (struct stored_value){
	    .state = value->state,
	    .units = value->units,
	    .status = value->status,
	    .reported = value->reported,
	    .expected = value->expected,
	    .commit = commit,
	    .missing_count = value->missing_count,
	    .carried_count = value->carried_count,
	};
	const uint32_t most = sizeof changed->value.missing / sizeof changed->value.missing[0];
	for (uint32_t i = 0; i < value->missing_count && i < most; i++)
		changed->value.missing[i] = catalogue->areas[value->missing[i]].id;
	for (uint32_t i = 0; i < value->carried_count && i < most; i++)
		changed->value.carried[i] = catalogue->areas[value->carried[i]].id;
}

static int note_changed(struct writer *writer, const struct engine *engine,
                        const struct affected_value *which, const struct value *value, uint64_t commit)
{
	struct changed_value changed = {
	    .which = which->indicator, .area = which->area, .period = which->period};
	fill_changed(engine->catalogue, value, commit, &changed);
	return append_changed(&writer->changed, &writer->changed_count, &writer->changed_capacity, &changed);
}

static int compare_changed(const void *left, const void *right)
{
	const struct changed_value *a = left, *b = right;
	if (a->which != b->which)
		return a->which < b->which ? -1 : 1;
	if (a->area != b->area)
		return a->area < b->area ? -1 : 1;
	return (a->period.code > b->period.code) - (a->period.code < b->period.code);
}

static int list_followed(struct writer *writer, struct write *write)
{
	size_t count;
	const struct touched *touched = write_touched(write, &count);
	writer->followed_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct area_list *aggregates =
		    &writer->engine.catalogue->areas[touched[i].area].counts_towards;
		for (uint32_t j = 0; j < aggregates->count; j++) {
			struct changed_value changed = {.is_statistic = true,
			                                .which = touched[i].statistic,
			                                .area = aggregates->area[j],
			                                .period = touched[i].period};
			int result = append_changed(&writer->followed, &writer->followed_count,
			                            &writer->followed_capacity, &changed);
			if (result != 0)
				return result;
		}
	}
	if (writer->followed_count > 0)
		qsort(writer->followed, writer->followed_count, sizeof *writer->followed, compare_changed);
	return 0;
}

/* The values of the touched statistics, at every area they count towards: kept nowhere, evaluated only for those who
 * follow. */
static int follow_statistics(struct writer *writer, struct write *write)
{
	struct cell_source source = write_cells(write);
	int result = list_followed(writer, write);
	for (size_t i = 0; i < writer->followed_count && result == 0; i++) {
		struct changed_value *changed = &writer->followed[i];
		struct value value;
		if (i > 0 && compare_changed(changed, changed - 1) == 0)
			continue;
		result = evaluate_statistic(writer->engine.evaluator, changed->which, changed->area,
		                            changed->period, &source, &value);
		if (result != 0 || value.state == VALUE_NOT_HERE)
			continue;
		fill_changed(writer->engine.catalogue, &value, write_commit_number(write), changed);
		result = append_changed(&writer->changed, &writer->changed_count, &writer->changed_capacity,
		                        changed);
	}
	return result;
}

/* ---- what the group's observations mean for the indicators ---- */

static int find_affected(struct engine *engine, struct write *write)
{
	size_t count;
	affected_reset(engine->affected);
	for (uint32_t i = 0; i < engine->catalogue->statistic_count; i++) {
		struct extent extent;
		int result = write_extent(write, i, &extent);
		if (result < 0)
			return result;
		int32_t day = result == SNAPSHOT_NOTHING ? INT32_MIN : extent.last_day;
		affected_set_frontier(engine->affected, i, day, day);
	}
	const struct extent_move *moves = write_extent_moves(write, &count);
	for (size_t i = 0; i < count; i++)
		affected_set_frontier(engine->affected, moves[i].statistic, moves[i].last_day_before,
		                      moves[i].last_day_now);
	const struct touched *touched = write_touched(write, &count);
	for (size_t i = 0; i < count; i++) {
		int result =
		    affected_add(engine->affected, touched[i].statistic, touched[i].area, touched[i].period);
		if (result != 0)
			return result;
	}
	return 0;
}

static int recompute_one(struct writer *writer, const struct engine *engine, struct write *write,
                         const struct cell_source *source, const struct affected_value *which)
{
	struct value value;
	bool changed = false;
	int result = evaluate_indicator(engine->evaluator, which->indicator, which->area, which->period,
	                                source, &value);
	if (result == 0)
		result = write_value(write, which->indicator, which->area, which->period, &value, &changed);
	if (result == 0 && changed)
		result = note_changed(writer, engine, which, &value, write_commit_number(write));
	return result;
}

static int recompute(struct writer *writer, struct write *write)
{
	const struct affected_value *values;
	size_t count;
	struct cell_source source = write_cells(write);
	int result = find_affected(&writer->engine, write);
	if (result == 0)
		result = affected_list(writer->engine.affected, &source, &values, &count);
	for (size_t i = 0; result == 0 && i < count; i++)
		result = recompute_one(writer, &writer->engine, write, &source, &values[i]);
	return result;
}

/* ---- everything, under a new catalogue ---- */

/* First and last day that any statistic of the formula was ever reported for. SNAPSHOT_NOTHING: none was. */
static int find_reach(struct write *write, const struct formula *formula, struct extent *ret_reach)
{
	bool any = false;
	for (uint32_t i = 0; i < formula->atom_count; i++) {
		struct extent extent;
		int result = write_extent(write, formula->atoms[i].statistic, &extent);
		if (result < 0)
			return result;
		if (result != 0)
			continue;
		if (!any || extent.first_day < ret_reach->first_day)
			ret_reach->first_day = extent.first_day;
		if (!any || extent.last_day > ret_reach->last_day)
			ret_reach->last_day = extent.last_day;
		any = true;
	}
	return any ? 0 : SNAPSHOT_NOTHING;
}

static int recompute_series(struct writer *writer, const struct engine *engine, struct write *write,
                            struct affected_value which, enum period_frequency frequency, struct extent reach)
{
	struct cell_source source = write_cells(write);
	struct period last = period_of_day(reach.last_day, frequency);
	which.period = period_of_day(reach.first_day, frequency);
	for (;;) {
		int result = recompute_one(writer, engine, write, &source, &which);
		if (result != 0 || which.period.code == last.code ||
		    !period_shift(which.period, 1, &which.period))
			return result;
	}
}

static int recompute_everything(struct writer *writer, const struct engine *engine, struct write *write)
{
	const struct catalogue *catalogue = engine->catalogue;
	for (uint32_t i = 0; i < catalogue->indicator_count; i++) {
		struct extent reach = {.first_day = 0};
		int result = find_reach(write, catalogue->indicators[i].formula, &reach);
		if (result < 0)
			return result;
		for (uint32_t area = 0; area < catalogue->area_count && result == 0; area++)
			for (enum period_frequency frequency = PERIOD_ANNUAL;
			     frequency <= catalogue->indicators[i].frequency && result == 0; frequency++)
				result = recompute_series(
				    writer, engine, write,
				    (struct affected_value){.indicator = i, .area = area}, frequency, reach);
		if (result < 0)
			return result;
	}
	return 0;
}

/* ---- the group ---- */

static int decide_all(struct writer *writer, struct write *write, struct mail *group, bool follow)
{
	int result = 0;
	look_memory_begin(writer->engine.memory, write);
	scrutiny_begin(writer->engine.scrutiny);
	for (struct mail *mail = group; mail && result == 0; mail = mail->next)
		result = decide_one(writer, write, (struct passage *)mail);
	if (result == 0)
		result = write_apply(write);
	if (result == 0)
		result = look_at_questions(write, writer->engine.catalogue);
	if (result == 0)
		result = recompute(writer, write);
	if (result == 0 && follow)
		result = follow_statistics(writer, write);
	look_memory_end(writer->engine.memory, write);
	return result;
}

static bool nothing_was_written(int result)
{
	return result == -ENOSPC || result == -ENOMEM || result == FAULT_MAP_FULL || result == FAULT_DISK_LOW;
}

/* The store is as it was before the group: every sender may try again. */
static int postpone(struct mail *group, int fault)
{
	if (fault != FAULT_DISK_LOW) /* said once, not for each group */
		log_event(LOG_LEVEL_ERROR, "group-postponed", "reason='%s'", fault_text(fault));
	for (struct mail *mail = group; mail; mail = mail->next) {
		struct passage *passage = (struct passage *)mail;
		if (ack_plainly(passage, SUANPAN__OUTCOME__OUTCOME_OVERLOADED, fault_text(fault)) != 0)
			passage->ack = NULL; /* no memory even for that: the sender asks again by itself */
	}
	return fault;
}

/* Whoever called only hears PIPELINE_STOP. */
static int stop(int fault)
{
	log_event(LOG_LEVEL_ERROR, "commit-failed", "reason='%s'", fault_text(fault));
	return PIPELINE_STOP;
}

/* Before the write ends, and they with it. */
static int keep_alerts(struct writer *writer, const struct write *write)
{
	size_t count;
	const struct alert *alerts = write_alerts(write, &count);
	if (count == 0)
		return 0;
	writer->alerts = malloc(count * sizeof *alerts);
	if (!writer->alerts)
		return -ENOMEM;
	memcpy(writer->alerts, alerts, count * sizeof *alerts);
	writer->alert_count = count;
	return 0;
}

static void forget_alerts(struct writer *writer)
{
	free(writer->alerts);
	writer->alerts = NULL;
	writer->alert_count = 0;
}

struct alert *writer_take_alerts(struct writer *writer, size_t *ret_count)
{
	struct alert *alerts = writer->alerts;
	*ret_count = writer->alert_count;
	writer->alerts = NULL;
	writer->alert_count = 0;
	return alerts;
}

static int finish(struct writer *writer, struct write *write, int result)
{
	forget_alerts(writer);
	if (result == 0)
		result = keep_alerts(writer, write);
	if (result == 0 && write_has_changes(write))
		result = write_commit(write);
	else
		write_abort(write);
	if (result != 0)
		forget_alerts(writer);
	return result;
}

static void tell_changed(const struct writer *writer, int result, bool follow,
                         const struct changed_value **ret_changed, size_t *ret_count)
{
	*ret_changed = writer->changed;
	*ret_count = result == 0 && follow ? writer->changed_count : 0;
}

struct changed_value *writer_take_changed(struct writer *writer)
{
	struct changed_value *changed = writer->changed;
	writer->changed = NULL;
	writer->changed_count = writer->changed_capacity = 0;
	return changed;
}

int pipeline_decide(struct writer *writer, struct mail *group, int64_t wall_ms, bool follow,
                    const struct changed_value **ret_changed, size_t *ret_count)
{
	struct write *write;
	writer->changed_count = 0;
	int result = write_begin(writer->store, wall_ms, &write);
	if (result == 0)
		result = finish(writer, write, decide_all(writer, write, group, follow));
	tell_changed(writer, result, follow, ret_changed, ret_count);
	if (result != 0 && nothing_was_written(result))
		return postpone(group, result);
	return result != 0 ? stop(result) : 0;
}

/* ------------------------------------------------------------------------------------------------ acts */

static int look(struct writer *writer, struct write *write)
{
	struct engine *engine = &writer->engine;
	look_memory_begin(engine->memory, write);
	int result = look_around(write, engine->catalogue, engine->evaluator, engine->memory);
	if (result == 0)
		look_memory_settle(engine->memory, write);
	return result;
}

static int do_act(struct writer *writer, struct write *write, struct act *act)
{
	int result;
	if (act_is_look(act)) {
		result = look(writer, write);
		act_tell_look(write, act);
		return result;
	}
	look_memory_begin(writer->engine.memory, write);
	result = acts_apply(write, act);
	look_memory_end(writer->engine.memory, write);
	return result;
}

int pipeline_act(struct writer *writer, struct act *act, int64_t wall_ms)
{
	struct write *write;
	int result = write_begin(writer->store, wall_ms, &write);
	if (result == 0)
		result = finish(writer, write, do_act(writer, write, act));
	if (result == 0)
		return 0;
	act_postpone(act, fault_text(result));
	act->unanswerable = !nothing_was_written(result);
	return act->unanswerable ? stop(result) : result;
}

/* ------------------------------------------------------------------------------------------------ catalogue */

void adoption_free(struct adoption *adoption)
{
	if (!adoption)
		return;
	free(adoption->files);
	free(adoption);
}

static int compare_files(struct adoption *adoption, const void *before, size_t size)
{
	struct catalogue_files was, is;
	int result = catalogue_files_unpack(before, size, &was);
	if (result != 0)
		return result;
	result = catalogue_files_unpack(adoption->files, adoption->files_size, &is);
	if (result == 0) {
		adoption->figures_stay = !catalogue_figures_may_differ(&was, &is);
		catalogue_files_done(&is);
	}
	catalogue_files_done(&was);
	return result;
}

int adoption_compare(struct adoption *adoption, const struct catalogue *before, struct snapshot *snapshot)
{
	uint8_t hash[STORE_HASH_SIZE];
	const void *bytes;
	size_t size;
	adoption->totals_differ = !before || catalogue_totals_differ(before, adoption->catalogue);
	int result = before ? snapshot_catalogue(snapshot, &bytes, &size, hash) : 0;
	if (!before || result != 0)
		return result > 0 ? (int)FAULT_CORRUPT : result;
	return compare_files(adoption, bytes, size);
}

static int adopt(struct writer *writer, struct engine *engine, struct write *write, struct adoption *adoption)
{
	int result = adoption->figures_stay
	                 ? write_adopt_keys(write, adoption->catalogue, adoption->files, adoption->files_size)
	                 : write_adopt_catalogue(write, adoption->catalogue, adoption->files,
	                                         adoption->files_size, adoption->totals_differ);
	/* Only now, with their ids given, can areas be looked up. */
	if (result == 0)
		result = engine_init(engine, adoption->catalogue);
	if (result == 0 && !adoption->figures_stay)
		result = recompute_everything(writer, engine, write);
	adoption->commit = write_commit_number(write);
	return result;
}

int pipeline_adopt(struct writer *writer, struct adoption *adoption, int64_t wall_ms, bool follow,
                   const struct changed_value **ret_changed, size_t *ret_count)
{
	struct engine engine = {.catalogue = NULL};
	struct write *write;
	writer->changed_count = 0;
	adoption->adopted = false;
	int result = write_begin(writer->store, wall_ms, &write);
	if (result == 0)
		result = finish(writer, write, adopt(writer, &engine, write, adoption));
	tell_changed(writer, result, follow, ret_changed, ret_count);
	if (result != 0) {
		engine_done(&engine);
		return nothing_was_written(result) ? result : stop(result);
	}
	engine_done(&writer->engine);
	writer->engine = engine;
	adoption->adopted = true;
	return 0;
}

/* ------------------------------------------------------------------------------------------------ looks */

static int look_alone(struct writer *writer, struct write *write, uint64_t *ret_commit)
{
	int result = look(writer, write);
	*ret_commit = write_has_changes(write) ? write_commit_number(write) : 0;
	return result;
}

int pipeline_look(struct writer *writer, int64_t wall_ms, uint64_t *ret_commit)
{
	struct write *write;
	uint64_t commit = 0;
	writer->changed_count = 0;
	int result = write_begin(writer->store, wall_ms, &write);
	if (result == 0)
		result = finish(writer, write, look_alone(writer, write, &commit));
	if (result != 0)
		return nothing_was_written(result) ? result : stop(result);
	*ret_commit = commit;
	return 0;
}
