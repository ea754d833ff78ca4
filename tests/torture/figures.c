#include "tests/torture/figures.h"

#include "proto/decimal.h"
#include "proto/envelope.h"
#include "tests/lib/little_city.h"
#include "tests/lib/world_naive.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define ANSWER_MS 20000

/* ---- what is asked ---- */

static const struct question {
	const char *code, *frequency, *from, *to;
	uint32_t statistic; /* CATALOGUE_NONE: it is the indicator */
	enum period_frequency as;
} questions[] = {
    {"beds", "M", "2021-01", "2022-12", BEDS, PERIOD_MONTH},
    {"beds", "A", "2021", "2022", BEDS, PERIOD_ANNUAL},
    {"people", "A", "2019", "2022", PEOPLE, PERIOD_ANNUAL},
    {"births", "M", "2021-01", "2022-12", BIRTHS, PERIOD_MONTH},
    {"births", "Q", "2021-Q1", "2022-Q4", BIRTHS, PERIOD_QUARTER},
    {"births", "A", "2021", "2022", BIRTHS, PERIOD_ANNUAL},
    {"beds_per_1000", "M", "2021-01", "2022-12", CATALOGUE_NONE, PERIOD_MONTH},
    {"beds_per_1000", "A", "2021", "2022", CATALOGUE_NONE, PERIOD_ANNUAL},
};
#define QUESTIONS (sizeof questions / sizeof *questions)

static const char *const areas[] = {[CITY] = "city", [NORTH] = "north", [SOUTH] = "south", [BOTH] = "both"};
#define AREAS (sizeof areas / sizeof *areas)

struct figures {
	Suanpan__Answer *status, *reporters, *series[QUESTIONS][AREAS];
};

static char *borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* All answers here fit into one chunk. */
static Suanpan__Answer *ask(void *socket, Suanpan__Query *query)
{
	void *bytes;
	size_t size;
	query->major = ENVELOPE_MAJOR;
	query->number = 1;
	if (envelope_pack(&query->base, ENVELOPE_REQUEST_MAX, &bytes, &size) != 0)
		return NULL;
	int sent = zmq_send(socket, bytes, size, 0);
	free(bytes);
	zmq_msg_t message;
	zmq_msg_init(&message);
	Suanpan__Answer *answer = NULL;
	if (sent >= 0 && zmq_msg_recv(&message, socket, 0) >= 0)
		answer = suanpan__answer__unpack(NULL, zmq_msg_size(&message), zmq_msg_data(&message));
	zmq_msg_close(&message);
	return answer;
}

static Suanpan__Answer *ask_series(void *socket, const struct question *question, const char *area)
{
	Suanpan__SeriesQuery series = SUANPAN__SERIES_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	series.code = borrow(question->code);
	series.area = borrow(area);
	series.frequency = borrow(question->frequency);
	series.from = borrow(question->from);
	series.to = borrow(question->to);
	query.series = &series;
	return ask(socket, &query);
}

static Suanpan__Answer *ask_status(void *socket)
{
	Suanpan__StatusQuery status = SUANPAN__STATUS_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	query.status = &status;
	return ask(socket, &query);
}

static Suanpan__Answer *ask_reporters(void *socket)
{
	Suanpan__ListQuery list = SUANPAN__LIST_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	list.kind = SUANPAN__LIST_KIND__LIST_REPORTERS;
	query.list = &list;
	return ask(socket, &query);
}

static bool is_good(const Suanpan__Answer *answer)
{
	return answer && !answer->failure && answer->last;
}

static bool ask_all(void *socket, struct figures *figures)
{
	figures->status = ask_status(socket);
	bool good = is_good(figures->status) && figures->status->status;
	for (size_t i = 0; i < QUESTIONS && good; i++)
		for (size_t j = 0; j < AREAS && good; j++) {
			figures->series[i][j] = ask_series(socket, &questions[i], areas[j]);
			good = is_good(figures->series[i][j]);
		}
	if (good)
		figures->reporters = ask_reporters(socket);
	return good && is_good(figures->reporters);
}

static const char *failure_of(const struct figures *figures)
{
	for (size_t i = 0; i < QUESTIONS; i++)
		for (size_t j = 0; j < AREAS; j++)
			if (figures->series[i][j] && figures->series[i][j]->failure)
				return figures->series[i][j]->failure->text;
	return "no answer";
}

struct figures *figures_ask(void *zmq_context, const char *url, char **ret_complaint)
{
	const int timeout = ANSWER_MS, linger = 0;
	struct figures *figures = calloc(1, sizeof *figures);
	void *socket = zmq_socket(zmq_context, ZMQ_DEALER);
	zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
	zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
	zmq_setsockopt(socket, ZMQ_SNDTIMEO, &timeout, sizeof timeout);
	bool good = figures && zmq_connect(socket, url) == 0 && ask_all(socket, figures);
	zmq_close(socket);
	if (good)
		return figures;
	if (asprintf(ret_complaint, "the daemon does not tell its figures: %s",
	             figures ? failure_of(figures) : "out of memory") < 0)
		abort();
	figures_free(figures);
	return NULL;
}

static void free_answer(Suanpan__Answer *answer)
{
	if (answer)
		suanpan__answer__free_unpacked(answer, NULL);
}

void figures_free(struct figures *figures)
{
	if (!figures)
		return;
	free_answer(figures->status);
	free_answer(figures->reporters);
	for (size_t i = 0; i < QUESTIONS; i++)
		for (size_t j = 0; j < AREAS; j++)
			free_answer(figures->series[i][j]);
	free(figures);
}

uint64_t figures_entries(const struct figures *figures)
{
	return figures->status->status->entries;
}

/* ---- what the ledger makes of it ---- */

/* The little city once more, in memory. */
static struct world *make_city(void)
{
	struct world *world = world_new();
	const uint32_t city = world_area(world, LEVEL_CITY, CATALOGUE_NONE);
	const uint32_t north = world_area(world, LEVEL_DISTRICT, city),
	               south = world_area(world, LEVEL_DISTRICT, city);
	const uint32_t members[] = {north, south};
	world_group(world, members, 2);
	world_finish(world);
	world_statistic(world, (struct statistic){.kind = KIND_STOCK,
	                                          .frequency = PERIOD_MONTH,
	                                          .level = LEVEL_DISTRICT,
	                                          .carry_months = 6});
	world_statistic(world, (struct statistic){.kind = KIND_STOCK,
	                                          .frequency = PERIOD_ANNUAL,
	                                          .level = LEVEL_DISTRICT,
	                                          .carry_months = 24});
	world_statistic(
	    world, (struct statistic){.kind = KIND_FLOW, .frequency = PERIOD_MONTH, .level = LEVEL_DISTRICT});
	const struct formula_atom ratio[] = {world_atom(BEDS), world_atom(PEOPLE)};
	world_indicator(world, ratio, 2, "1000 a * b /", PERIOD_MONTH, 2);
	for (uint32_t i = 0; i <= BIRTHS; i++) {
		const struct formula_atom lone = world_atom(i);
		world_indicator(world, &lone, 1, "a", world->statistics[i].frequency, 0);
	}
	return world;
}

static int compare_entries(const void *left, const void *right)
{
	const struct ledger_report *a = *(const struct ledger_report *const *)left,
	                           *b = *(const struct ledger_report *const *)right;
	return (a->entry > b->entry) - (a->entry < b->entry);
}

/* The accepted ones up to an entry, in the journal's order. */
static const struct ledger_report **list_accepted(const struct ledger *ledger, uint64_t entries,
                                                  size_t *ret_count)
{
	const struct ledger_report **list = calloc(ledger_reports(ledger) + 1, sizeof *list);
	size_t count = 0;
	if (!list)
		abort();
	for (size_t i = 0; i < ledger->stream_count; i++)
		for (size_t j = 0; j < ledger->streams[i].count; j++) {
			const struct ledger_report *report = &ledger->streams[i].reports[j];
			if (report->is_acked && !report->body->is_bad && report->entry <= entries)
				list[count++] = report;
		}
	qsort(list, count, sizeof *list, compare_entries);
	*ret_count = count;
	return list;
}

struct reckoning {
	struct world *world;
	int32_t last_day[3]; /* that was ever reported, per statistic */
};

static void reckon(struct reckoning *reckoning, const struct ledger *ledger, uint64_t entries)
{
	size_t count;
	const struct ledger_report **list = list_accepted(ledger, entries, &count);
	*reckoning = (struct reckoning){make_city(), {INT32_MIN, INT32_MIN, INT32_MIN}};
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < list[i]->body->row_count; j++) {
			const struct ledger_row *row = &list[i]->body->rows[j];
			char text[16];
			ledger_period_text(row, text);
			struct period period = world_period(text);
			world_report(reckoning->world, row->statistic, row->area, period, row->value, 'A');
			if (period_last_day(period) > reckoning->last_day[row->statistic])
				reckoning->last_day[row->statistic] = period_last_day(period);
		}
	free(list);
}

/* ---- comparing ---- */

static char *differ(const Suanpan__Value *said, const struct naive_answer *reckoned, const char *expected)
{
	char *text;
	if (asprintf(&text,
	             "%s of %s in %s is %s %s, %" PRIu64 "/%" PRIu64
	             " (%s), and by the ledger %s %c, %" PRIu32 "/%" PRIu32,
	             said->code, said->area, said->period, said->value ? said->value : "nothing",
	             said->status, said->reported, said->expected, said->reason ? said->reason : "", expected,
	             reckoned->status, reckoned->reported, reckoned->expected) < 0)
		abort();
	return text;
}

/* An indicator is kept up to the newest period that anything was reported for. */
static bool is_kept(const struct reckoning *reckoning, const struct question *question, struct period period)
{
	int32_t last = reckoning->last_day[BEDS] > reckoning->last_day[PEOPLE] ? reckoning->last_day[BEDS]
	                                                                       : reckoning->last_day[PEOPLE];
	return question->statistic != CATALOGUE_NONE || period_first_day(period) <= last;
}

static char *compare_one(const struct reckoning *reckoning, const struct question *question, uint32_t area,
                         const Suanpan__Value *said)
{
	const struct catalogue *catalogue = &reckoning->world->catalogue;
	const uint32_t indicator = question->statistic == CATALOGUE_NONE ? 0 : 1 + question->statistic;
	const struct naive_question task = {.world = reckoning->world,
	                                    .formula = catalogue->indicators[indicator].formula,
	                                    .decimals = catalogue->indicators[indicator].decimals,
	                                    .area = area,
	                                    .period = world_period(said->period)};
	struct naive_answer reckoned;
	char expected[DECIMAL_TEXT_SIZE] = "nothing";
	naive_evaluate(&task, &reckoned);
	bool present = reckoned.state == VALUE_PRESENT && is_kept(reckoning, question, task.period);
	if (present)
		decimal_format(reckoned.units, task.decimals, expected);
	if (!present != !said->value || (present && strcmp(expected, said->value) != 0))
		return differ(said, &reckoned, expected);
	if (present && (said->reported != reckoned.reported || said->expected != reckoned.expected ||
	                said->status[0] != reckoned.status))
		return differ(said, &reckoned, expected);
	return NULL;
}

char *figures_compare(const struct figures *figures, const struct ledger *ledger, unsigned percent,
                      struct random_source *random)
{
	struct reckoning reckoning;
	char *complaint = NULL;
	reckon(&reckoning, ledger, figures_entries(figures));
	for (size_t i = 0; i < QUESTIONS; i++)
		for (size_t j = 0; j < AREAS; j++)
			for (size_t k = 0; k < figures->series[i][j]->n_series && !complaint; k++)
				if (random_percent(random, percent))
					complaint = compare_one(&reckoning, &questions[i], (uint32_t)j,
					                        figures->series[i][j]->series[k]);
	world_free(reckoning.world);
	return complaint;
}

char *figures_count(const struct figures *figures, const struct ledger *ledger)
{
	char *complaint = NULL;
	const Suanpan__Answer *list = figures->reporters;
	for (size_t i = 0; i < list->n_list && !complaint; i++) {
		size_t expected = ledger_accepted(ledger, list->list[i]->code);
		if (list->list[i]->reports != expected &&
		    asprintf(&complaint, "the daemon holds %" PRIu64 " reports of %s, and %zu were acked",
		             list->list[i]->reports, list->list[i]->code, expected) < 0)
			abort();
	}
	if (!complaint && figures->status->status->refused != ledger_refused(ledger) &&
	    asprintf(&complaint, "the daemon counts %" PRIu64 " refused reports, and %zu were answered so",
	             figures->status->status->refused, ledger_refused(ledger)) < 0)
		abort();
	return complaint;
}
