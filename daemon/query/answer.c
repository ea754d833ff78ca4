#include "daemon/query/answer.h"

#include "daemon/base/arena.h"
#include "daemon/base/clock.h"
#include "daemon/query/moment.h"
#include "daemon/query/past.h"
#include "daemon/query/question.h"
#include "proto/envelope.h"
#include <errno.h>
#include <inttypes.h>

/* ---- decoding ---- */

static int refuse_undecoded(struct question *question, int verdict, uint64_t major)
{
	if (verdict == ENVELOPE_UNSUPPORTED)
		return question_refuse(
		    question, SUANPAN__FAILURE_KIND__FAILURE_UNSUPPORTED, NULL,
		    "This daemon understands major %d of the protocol; the query is of major "
		    "%" PRIu64 ".",
		    ENVELOPE_MAJOR, major);
	if (verdict == ENVELOPE_TOO_LARGE)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_MALFORMED, NULL,
		                       "The query is larger than the %d bytes that are allowed.",
		                       ENVELOPE_REQUEST_MAX);
	return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_MALFORMED, NULL,
	                       "These bytes are not a Query.");
}

static int decode(struct question *question, const void *request, size_t size,
                  const Suanpan__Query **ret_query)
{
	ProtobufCMessage *message;
	uint64_t major = 0;
	if (size > ENVELOPE_REQUEST_MAX)
		return refuse_undecoded(question, ENVELOPE_TOO_LARGE, 0);
	int result = envelope_unpack(&suanpan__query__descriptor, request, size, question->context->arena,
	                             &major, &message);
	if (result > 0)
		return refuse_undecoded(question, result, major);
	if (result == 0)
		*ret_query = (const Suanpan__Query *)message;
	return result;
}

static int check_one_kind(struct question *question, const Suanpan__Query *query)
{
	int kinds = (query->status != NULL) + (query->list != NULL) + (query->series != NULL) +
	            (query->plan != NULL) + (query->history != NULL) + (query->eval != NULL) +
	            (query->coverage != NULL) + (query->explain != NULL) + (query->diff != NULL) +
	            (query->forecast != NULL) + (query->backtest != NULL) + (query->alerts != NULL) +
	            (query->calendar != NULL) + (query->act != NULL);
	if (kinds == 1)
		return 0;
	return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_MALFORMED, NULL,
	                       "A query asks for exactly one thing; this one asks for %s.",
	                       kinds == 0 ? "nothing that is known here" : "several");
}

static int read_language(struct question *question, const Suanpan__Query *query)
{
	static const enum catalogue_language languages[] = {
	    [SUANPAN__LANGUAGE__LANGUAGE_ENGLISH] = LANGUAGE_EN,
	    [SUANPAN__LANGUAGE__LANGUAGE_SIMPLIFIED] = LANGUAGE_ZH_HANS,
	    [SUANPAN__LANGUAGE__LANGUAGE_TRADITIONAL] = LANGUAGE_ZH_HANT,
	};
	if (!query->has_language)
		return 0;
	/* protobuf-c passes on whatever number stood there. */
	if (query->language < SUANPAN__LANGUAGE__LANGUAGE_ENGLISH ||
	    query->language > SUANPAN__LANGUAGE__LANGUAGE_TRADITIONAL)
		return question_refuse(
		    question, SUANPAN__FAILURE_KIND__FAILURE_MALFORMED, NULL,
		    "There is no language %d; 1 is English, 2 Simplified and 3 Traditional "
		    "Chinese.",
		    (int)query->language);
	question->words.language = languages[query->language];
	return 0;
}

/* ---- answering ---- */

static int dispatch(struct question *question, const Suanpan__Query *query)
{
	if (query->status)
		return answer_status(question);
	if (query->list)
		return answer_list(question, query->list);
	if (query->series)
		return answer_series(question, query->series);
	if (query->plan)
		return answer_plan(question, query->plan);
	if (query->history)
		return answer_history(question, query->history);
	if (query->eval)
		return answer_eval(question, query->eval);
	if (query->coverage)
		return answer_coverage(question, query->coverage);
	if (query->explain)
		return answer_explain(question, query->explain);
	if (query->forecast)
		return answer_forecast(question, query->forecast);
	if (query->backtest)
		return answer_backtest(question, query->backtest);
	if (query->alerts)
		return answer_alerts(question, query->alerts);
	if (query->calendar)
		return answer_calendar(question, query->calendar);
	return answer_diff(question, query->diff);
}

/* A moment is the commit that was the newest one at a time of day: it is over from then on, but the day goes on, and what is due by
 * then is due. What is still to come is not a moment. */
static int64_t find_time(const char *as_of, const struct moment *moment, int64_t now_ms)
{
	struct written_moment written;
	if (moment_parse(as_of, &written) != 0 || written.is_commit)
		return moment->wall_ms;
	return written.wall_ms < now_ms ? written.wall_ms : now_ms;
}

/* From here on the question is about that moment. */
static int go_back(struct question *question, const char *as_of)
{
	struct moment moment;
	int result = question_find_moment(question, question->snapshot, as_of, &moment);
	if (result != 0)
		return result;
	snapshot_go_back(question->snapshot, &moment);
	question->chunk.commit = moment.commit;
	question->now_ms = find_time(as_of, &moment, question->now_ms);
	return 0;
}

static int answer_from_snapshot(struct question *question, const Suanpan__Query *query)
{
	struct store_summary summary = {.commit = 0};
	int result = snapshot_open(question->context->store, &question->snapshot);
	if (result != 0)
		return result;
	result = snapshot_summary(question->snapshot, &summary);
	question->chunk.commit = summary.commit;
	const char *as_of = query->diff ? query->diff->to : query->as_of;
	if (result == 0 && as_of)
		result = go_back(question, as_of);
	if (result == 0)
		result = past_find(question->context->past, question->snapshot, &question->catalogue,
		                   &question->evaluator);
	question->words.catalogue = question->catalogue;
	if (result == 0)
		result = dispatch(question, query);
	if (result == 0)
		result = snapshot_failure(question->snapshot);
	snapshot_close(question->snapshot);
	return result;
}

/* It is decided now and by the newest state, whatever that will be: no snapshot is looked at. */
static int pass_on_act(struct question *question, const Suanpan__Query *query)
{
	if (query->as_of)
		return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_MALFORMED, NULL,
		                       "What was done in the past cannot be changed: an act has no moment.");
	return answer_act(question, query->number, query->act);
}

static int answer_rows(struct question *question, const void *request, size_t size)
{
	const Suanpan__Query *query = NULL;
	int result = decode(question, request, size, &query);
	if (result != 0)
		return result;
	question->chunk.number = query->number;
	result = check_one_kind(question, query);
	if (result == 0)
		result = read_language(question, query);
	if (result == 0)
		result = query->act ? pass_on_act(question, query) : answer_from_snapshot(question, query);
	return result;
}

/* The last Answer, whatever came before it. */
static int conclude(struct question *question, int result)
{
	struct chunk *chunk = &question->chunk;
	if (chunk->sink_answer != 0)
		return chunk->sink_answer;
	if (result == QUESTION_TAKEN)
		return 0;
	if (result == 0)
		result = chunk_end(chunk);
	else if (result == QUESTION_REFUSED)
		return chunk_fail(chunk, question->refusal.kind, question->refusal.text,
		                  question->refusal.suggestion);
	if (result == 0 || chunk->sink_answer != 0)
		return result;
	int sent = chunk_fail(chunk, SUANPAN__FAILURE_KIND__FAILURE_INTERNAL,
	                      "The daemon failed to answer; its log says more.", NULL);
	return chunk->sink_answer != 0 ? sent : result;
}

static int refuse_forbidden(struct question *question, const void *request, size_t size)
{
	const Suanpan__Query *query = NULL;
	int result = decode(question, request, size, &query);
	if (result != 0)
		return result;
	question->chunk.number = query->number;
	return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_FORBIDDEN, NULL,
	                       "This key is not, or no longer, enrolled; ask the daemon's operator.");
}

static int answer_with(int (*rows)(struct question *, const void *request, size_t size),
                       const struct answer_context *context, const void *request, size_t size,
                       answer_sink *sink, void *closure)
{
	struct question question = {
	    .context = context,
	    .now_ms = clock_read().wall_ms,
	    .chunk = {.arena = context->arena, .sink = sink, .closure = closure},
	};
	arena_reset(context->arena);
	wording_init(&question.words, NULL, context->arena, LANGUAGE_EN);
	int result = conclude(&question, rows(&question, request, size));
	wording_done(&question.words);
	arena_reset(context->arena);
	return result;
}

int query_answer(const struct answer_context *context, const void *request, size_t size, answer_sink *sink,
                 void *closure)
{
	return answer_with(answer_rows, context, request, size, sink, closure);
}

int query_forbid(const struct answer_context *context, const void *request, size_t size, answer_sink *sink,
                 void *closure)
{
	return answer_with(refuse_forbidden, context, request, size, sink, closure);
}

int query_answer_act(const struct answer_context *context, uint64_t number, const struct act_result *outcome,
                     answer_sink *sink, void *closure)
{
	struct chunk chunk = {.arena = context->arena, .sink = sink, .closure = closure, .number = number};
	Suanpan__Done done = SUANPAN__DONE__INIT;
	if (outcome->failure != 0)
		return chunk_fail(&chunk, (Suanpan__FailureKind)outcome->failure, outcome->text, NULL);
	done.changed = outcome->changed;
	done.text = wording_borrow(outcome->text);
	done.has_commit = done.has_entry = outcome->changed;
	done.commit = outcome->commit;
	done.entry = outcome->entry;
	return chunk_done(&chunk, &done);
}
