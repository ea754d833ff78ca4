/* What the writer asks of a report, through the whole pipeline: rules that refuse, rules that question, closed periods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/archive/archive.h"
#include "daemon/pipeline.h"
#include "daemon/scrutiny.h"
#include "daemon/store/internal.h"
#include "daemon/store/write.h"
#include "daemon/upkeep/compare.h"
#include "daemon/upkeep/rebuild.h"
#include "proto/envelope.h"
#include "tests/lib/adopt.h"
#include "tests/lib/little_city.h"
#include "tests/lib/scratch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCEPTED SUANPAN__OUTCOME__OUTCOME_ACCEPTED
#define REFUSED  SUANPAN__OUTCOME__OUTCOME_REFUSED

#define NAMES    "names: {en: births need beds, zh_hans: a, zh_hant: a}"
static const char rules[] = "relations:\n  - {code: beds_for_births, " NAMES ", holds: births <= beds}\n"
                            "jump:\n  - {statistics: [people], least: 4}\n"
                            "unchanged:\n  - {statistics: [people], least: 4}\n"
                            "peers:\n  - {statistics: [beds], per: people, least: 1, margin: '50'}\n";

enum { GROUP_MAX = 8, ROWS_MAX = 64 };

struct fixture {
	char *folder, *path;
	struct catalogue *catalogue;
	struct store *store;
	struct reception *reception;
	struct writer *writer;
	uint64_t sequences[2]; /* of the offices */
	struct passage *passages[GROUP_MAX];
	Suanpan__Ack *acks[GROUP_MAX];
	size_t count;
	int64_t wall_ms;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "store");
	catalogue_free(little_city_load(fixture->folder));
	char *path = scratch_path(fixture->folder, "rules.yaml");
	scratch_write(path, rules, strlen(rules));
	free(path);
	assert_int_equal(catalogue_load(fixture->folder, stderr, &fixture->catalogue), 0);
	assert_int_equal(store_open(fixture->path, &fixture->store), 0);
	adopt_folder(fixture->store, fixture->catalogue, fixture->folder, 1000);
	assert_int_equal(reception_new(fixture->catalogue, &fixture->reception), 0);
	assert_int_equal(writer_new(fixture->catalogue, fixture->store, &fixture->writer), 0);
	fixture->wall_ms = 2000;
	*state = fixture;
	return 0;
}

static void forget_group(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->count; i++) {
		passage_free(fixture->passages[i]);
		suanpan__ack__free_unpacked(fixture->acks[i], NULL);
	}
	fixture->count = 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	forget_group(fixture);
	writer_free(fixture->writer);
	reception_free(fixture->reception);
	store_close(fixture->store);
	catalogue_free(fixture->catalogue);
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

/* ---- reports ---- */

struct row {
	const char *statistic, *area, *period;
	int64_t value;
	char status;
};

struct letter {
	const char *confirm, *correction;
	const struct row *rows;
	size_t count;
};

static char *text(const char *literal)
{
	return (char *)(uintptr_t)literal; /* protobuf-c's structs have no const */
}

/* Each row has entries of its own in the dictionaries of areas and periods as it comes: equal ones must be one. */
static size_t look_up(char **dictionary, size_t *count, const char *word)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(dictionary[i], word) == 0)
			return i;
	dictionary[*count] = text(word);
	return (*count)++;
}

static void pack(struct fixture *fixture, const struct letter *letter, void **ret_bytes, size_t *ret_size)
{
	static char *statistics[ROWS_MAX], *periods[ROWS_MAX], *areas[ROWS_MAX];
	static int64_t deltas[3][ROWS_MAX], values[ROWS_MAX];
	static uint64_t decimals[ROWS_MAX], status_rows[ROWS_MAX], status_codes[ROWS_MAX];
	int64_t before[3] = {0};
	bool south = strcmp(letter->rows[0].area, "south") == 0;
	uint8_t stream[ENVELOPE_STREAM_SIZE] = {south ? 2 : 1};
	Suanpan__Report report = SUANPAN__REPORT__INIT;
	report.major = ENVELOPE_MAJOR;
	report.stream = (ProtobufCBinaryData){.len = sizeof stream, .data = stream};
	report.sequence = ++fixture->sequences[south];
	report.reporter = text(south ? "south_office" : "north_office");
	report.statistic = statistics;
	report.period = periods;
	report.area = areas;
	report.decimals = decimals;
	report.confirm = text(letter->confirm);
	report.correction = text(letter->correction);
	for (size_t i = 0; i < letter->count; i++) {
		const struct row *row = &letter->rows[i];
		const int64_t now[3] = {(int64_t)look_up(statistics, &report.n_statistic, row->statistic),
		                        (int64_t)look_up(periods, &report.n_period, row->period),
		                        (int64_t)look_up(areas, &report.n_area, row->area)};
		for (int column = 0; column < 3; column++) {
			deltas[column][i] = now[column] - before[column];
			before[column] = now[column];
		}
		values[i] = row->value;
		if (row->status == 'A')
			continue;
		status_rows[report.n_status_row] = i;
		status_codes[report.n_status_row++] = (uint64_t)row->status;
	}
	report.n_decimals = report.n_statistic;
	report.statistic_delta = deltas[0];
	report.period_delta = deltas[1];
	report.area_delta = deltas[2];
	report.value = values;
	report.status_row = status_rows;
	report.status_code = status_codes;
	report.n_status_code = report.n_status_row;
	report.n_statistic_delta = report.n_period_delta = report.n_area_delta = report.n_value =
	    letter->count;
	assert_int_equal(envelope_pack(&report.base, ENVELOPE_REQUEST_MAX, ret_bytes, ret_size), 0);
}

static int receive(struct fixture *fixture, const void *bytes, size_t size)
{
	struct passage *passage = calloc(1, sizeof *passage);
	passage->payload = malloc(size);
	memcpy(passage->payload, bytes, size);
	passage->payload_size = size;
	assert_true(fixture->count < GROUP_MAX);
	fixture->passages[fixture->count] = passage;
	fixture->acks[fixture->count++] = NULL;
	return pipeline_receive(fixture->reception, passage);
}

/* One more report of the group. */
static void post(struct fixture *fixture, const struct letter *letter)
{
	void *bytes;
	size_t size;
	pack(fixture, letter, &bytes, &size);
	assert_int_equal(receive(fixture, bytes, size), 0);
	free(bytes);
}

static void decide(struct fixture *fixture)
{
	const struct changed_value *changed;
	size_t count;
	for (size_t i = 0; i < fixture->count; i++)
		fixture->passages[i]->mail.next =
		    i + 1 < fixture->count ? &fixture->passages[i + 1]->mail : NULL;
	assert_int_equal(pipeline_decide(fixture->writer, &fixture->passages[0]->mail,
	                                 fixture->wall_ms += 1000, false, &changed, &count),
	                 0);
	for (size_t i = 0; i < fixture->count; i++) {
		fixture->acks[i] =
		    suanpan__ack__unpack(NULL, fixture->passages[i]->ack_size, fixture->passages[i]->ack);
		assert_non_null(fixture->acks[i]);
	}
}

static const Suanpan__Ack *send_letter(struct fixture *fixture, const struct letter *letter)
{
	forget_group(fixture);
	post(fixture, letter);
	decide(fixture);
	return fixture->acks[0];
}

#define LETTER(...)                                                                                          \
	&(struct letter)                                                                                     \
	{                                                                                                    \
		.rows = (const struct row[]){__VA_ARGS__},                                                   \
		.count = sizeof(const struct row[]){__VA_ARGS__} / sizeof(struct row)                        \
	}
#define CONFIRMED(why, ...)                                                                                  \
	&(struct letter)                                                                                     \
	{                                                                                                    \
		.confirm = why, .rows = (const struct row[]){__VA_ARGS__},                                   \
		.count = sizeof(const struct row[]){__VA_ARGS__} / sizeof(struct row)                        \
	}
#define CORRECTION(why, ...)                                                                                 \
	&(struct letter)                                                                                     \
	{                                                                                                    \
		.correction = why, .rows = (const struct row[]){__VA_ARGS__},                                \
		.count = sizeof(const struct row[]){__VA_ARGS__} / sizeof(struct row)                        \
	}

static void must_take(struct fixture *fixture, const struct letter *letter)
{
	const Suanpan__Ack *ack = send_letter(fixture, letter);
	if (ack->outcome != ACCEPTED)
		fail_msg("%s", ack->n_problem > 0 ? ack->problem[0]->text : ack->reason);
	assert_int_equal(ack->n_warning, 0);
}

static void must_refuse(struct fixture *fixture, const struct letter *letter, Suanpan__Reason reason,
                        const char *problem)
{
	const Suanpan__Ack *ack = send_letter(fixture, letter);
	assert_int_equal(ack->outcome, REFUSED);
	assert_true(ack->n_problem > 0);
	assert_int_equal(ack->problem[0]->reason, reason);
	assert_string_equal(ack->problem[0]->text, problem);
}

static void must_question(struct fixture *fixture, const struct letter *letter, const char *rule,
                          const char *warning)
{
	const Suanpan__Ack *ack = send_letter(fixture, letter);
	assert_int_equal(ack->outcome, ACCEPTED);
	assert_int_equal(ack->n_warning, 1);
	assert_string_equal(ack->warning[0]->rule, rule);
	assert_string_equal(ack->warning[0]->text, warning);
}

/* ---- what stands then ---- */

static struct revision stands(struct fixture *fixture, uint32_t statistic, uint32_t area, const char *period,
                              size_t *ret_count)
{
	struct snapshot *snapshot;
	struct revision *revisions, newest = {.status = 0};
	struct period parsed;
	assert_int_equal(period_parse(period, strlen(period), &parsed), 0);
	assert_int_equal(snapshot_open(fixture->store, &snapshot), 0);
	assert_int_equal(snapshot_revisions(snapshot, fixture->catalogue->statistics[statistic].id,
	                                    fixture->catalogue->areas[area].id, parsed, &revisions,
	                                    ret_count),
	                 0);
	if (*ret_count > 0)
		newest = revisions[*ret_count - 1];
	free(revisions);
	snapshot_close(snapshot);
	return newest;
}

static void must_stand(struct fixture *fixture, uint32_t statistic, const char *period, int64_t value,
                       char status)
{
	size_t count;
	struct revision newest = stands(fixture, statistic, NORTH, period, &count);
	assert_int_equal(newest.value, value);
	assert_int_equal(newest.status, status);
}

/* ---- relations ---- */

static void births_are_held_against_beds(void **state)
{
	struct fixture *fixture = *state;
	static const char broken[] = "births <= beds does not hold: 11 against 10 (births need beds)";
	must_take(fixture, LETTER({"births", "north", "2024-01", 500, 'A'})); /* alone it waits */
	must_take(fixture, LETTER({"beds", "north", "2024-02", 10, 'A'}));
	must_take(fixture, LETTER({"births", "north", "2024-02", 10, 'A'})); /* just so */
	must_refuse(fixture, LETTER({"births", "north", "2024-02", 11, 'A'}), SUANPAN__REASON__REASON_RULE,
	            broken);
	must_refuse(fixture, LETTER({"births", "north", "2024-02", 11, 'E'}), SUANPAN__REASON__REASON_RULE,
	            broken);
	must_refuse(fixture, LETTER({"beds", "north", "2024-01", 499, 'A'}), SUANPAN__REASON__REASON_RULE,
	            "births <= beds does not hold: 500 against 499 (births need beds)"); /* the later half */
	must_take(fixture, LETTER({"beds", "north", "2024-01", 500, 'A'}));
	must_take(fixture, LETTER({"births", "south", "2024-02", 11, 'A'})); /* another area */
	must_take(fixture, LETTER({"births", "north", "2024-03", 11, 'A'})); /* another period */
	must_take(fixture,
	          LETTER({"births", "north", "2024-02", 11, 'A'}, {"beds", "north", "2024-02", 11, 'A'}));
	must_take(fixture, LETTER({"beds", "north", "2024-02", 0, 'O'})); /* taken back: it waits again */
	must_take(fixture, LETTER({"births", "north", "2024-02", 99, 'A'}));
	must_stand(fixture, BIRTHS, "2024-02", 99, 'A');
	must_stand(fixture, BEDS, "2024-01", 500, 'A');
}

/* What is refused is not there for the next report to lean on. */
static void a_relation_spans_the_reports_of_a_commit(void **state)
{
	struct fixture *fixture = *state;
	forget_group(fixture);
	post(fixture, LETTER({"births", "north", "2024-02", 11, 'A'}));
	post(fixture, LETTER({"beds", "north", "2024-02", 10, 'A'})); /* refused */
	post(fixture, LETTER({"births", "north", "2024-02", 12, 'A'}));
	post(fixture, LETTER({"beds", "north", "2024-02", 12, 'A'}));
	post(fixture, LETTER({"births", "north", "2024-02", 13, 'A'})); /* refused */
	post(fixture, LETTER({"beds", "north", "2024-02", 13, 'A'}, {"births", "north", "2024-02", 13, 'A'}));
	decide(fixture);
	static const Suanpan__Outcome expected[] = {ACCEPTED, REFUSED, ACCEPTED, ACCEPTED, REFUSED, ACCEPTED};
	for (size_t i = 0; i < fixture->count; i++)
		assert_int_equal(fixture->acks[i]->outcome, expected[i]);
	assert_string_equal(fixture->acks[1]->problem[0]->text,
	                    "births <= beds does not hold: 11 against 10 (births need beds)");
	assert_string_equal(fixture->acks[4]->problem[0]->text,
	                    "births <= beds does not hold: 13 against 12 (births need beds)");
	must_stand(fixture, BEDS, "2024-02", 13, 'A');
}

static void a_report_with_forty_bad_rows_lists_all_forty(void **state)
{
	struct fixture *fixture = *state;
	static char months[20][PERIOD_TEXT_SIZE];
	struct row rows[41] = {{"births", "north", "2019-01", 1, 'A'}};
	for (size_t i = 0; i < 20; i++) {
		period_format(period_make(PERIOD_MONTH, 2020 + (int)i / 12, (int)i % 12), months[i]);
		rows[1 + 2 * i] = (struct row){"births", "north", months[i], 100 + (int64_t)i, 'A'};
		rows[2 + 2 * i] = (struct row){"beds", "north", months[i], 50, 'A'};
	}
	const Suanpan__Ack *ack = send_letter(fixture, &(struct letter){.rows = rows, .count = 41});
	assert_int_equal(ack->outcome, REFUSED);
	assert_string_equal(ack->reason, "40 problems in 41 observations");
	assert_int_equal(ack->n_problem, 40);
	for (size_t i = 0; i < 40; i++) {
		assert_int_equal(ack->problem[i]->row, i + 1);
		assert_int_equal(ack->problem[i]->reason, SUANPAN__REASON__REASON_RULE);
	}
	size_t count;
	assert_int_equal(stands(fixture, BIRTHS, NORTH, "2019-01", &count).status, 0);
	assert_int_equal(count, 0);
}

/* ---- what is questioned ---- */

#define PEOPLE_OF(year, value)                                                                               \
	{                                                                                                    \
		"people", "north", year, value, 'A'                                                          \
	}

static void report_history(struct fixture *fixture)
{
	must_take(fixture, LETTER(PEOPLE_OF("2015", 1000), PEOPLE_OF("2016", 1010), PEOPLE_OF("2017", 1021),
	                          PEOPLE_OF("2018", 1030), PEOPLE_OF("2019", 1040)));
}

static void a_jump_is_taken_with_status_v_and_a_warning(void **state)
{
	struct fixture *fixture = *state;
	report_history(fixture);
	must_take(fixture, LETTER(PEOPLE_OF("2020", 1050)));
	must_question(fixture, LETTER(PEOPLE_OF("2020", 10500)), "jump",
	              "10500 after 1040 in 2019; by its 4 changes before, 989 to 1111 was to be expected");
	must_stand(fixture, PEOPLE, "2020", 10500, 'V');
	must_question(fixture, LETTER({"people", "north", "2020", 9999, 'P'}), "jump",
	              "9999 after 1040 in 2019; by its 4 changes before, 989 to 1111 was to be expected");
	must_stand(fixture, PEOPLE, "2020", 9999, 'V');
	must_take(fixture, LETTER(PEOPLE_OF("2020", 1051))); /* corrected */
	must_stand(fixture, PEOPLE, "2020", 1051, 'A');
}

/* Who says that a figure is no ordinary one has said it. */
static void other_statuses_are_not_questioned(void **state)
{
	struct fixture *fixture = *state;
	report_history(fixture);
	for (const char *status = "EFBV"; *status; status++) {
		must_take(fixture, LETTER({"people", "north", "2020", 5000, *status}));
		must_stand(fixture, PEOPLE, "2020", 5000, *status);
	}
}

/* What is questioned still, or forecast, is no history; with a break it begins anew. */
static void history_is_what_nobody_doubts(void **state)
{
	struct fixture *fixture = *state;
	report_history(fixture);
	must_take(fixture, LETTER({"people", "north", "2020", 9000, 'V'}));
	must_question(fixture, LETTER(PEOPLE_OF("2021", 9001)), "jump",
	              "9001 after 1040 in 2019; by its 4 changes before, 989 to 1111 was to be expected");
	must_take(fixture, LETTER({"people", "north", "2020", 9000, 'F'}));
	must_take(fixture, LETTER(PEOPLE_OF("2021", 1060)));
	must_take(fixture, LETTER({"people", "north", "2020", 9000, 'B'}));
	must_take(fixture, LETTER(PEOPLE_OF("2021", 99000))); /* one figure since the break: too little */
}

static void a_standstill_is_questioned_where_it_always_moved(void **state)
{
	struct fixture *fixture = *state;
	report_history(fixture);
	must_question(fixture, LETTER(PEOPLE_OF("2020", 1040)), "unchanged",
	              "1040 again, as in 2019; it had moved in each of the 4 changes before");
	must_take(fixture, LETTER(PEOPLE_OF("2020", 1041)));
}

/* The two of a report are looked at as they leave the state: the other area's share counts. */
static void a_stranger_among_its_peers_is_questioned(void **state)
{
	struct fixture *fixture = *state;
	must_take(fixture,
	          LETTER({"people", "south", "2023", 1000, 'A'}, {"beds", "south", "2024-06", 10, 'A'}));
	must_take(fixture, LETTER(PEOPLE_OF("2023", 2000), {"beds", "north", "2024-06", 20, 'A'}));
	/* One peer: no deviation of its own; six times 50 percent of 10 per 1000. */
	must_take(fixture, LETTER({"beds", "north", "2024-06", 80, 'A'}));
	must_question(fixture, LETTER({"beds", "north", "2024-06", 81, 'A'}), "peers",
	              "81 for 2000 of people; as its 1 peers are, 0 to 80 was to be expected");
	must_take(fixture, LETTER({"beds", "north", "2027-06", 8100, 'A'})); /* no people are that old */
}

static void little_history_questions_nothing(void **state)
{
	struct fixture *fixture = *state;
	must_take(fixture, LETTER(PEOPLE_OF("2015", 1000), PEOPLE_OF("2016", 1010), PEOPLE_OF("2017", 1020),
	                          PEOPLE_OF("2018", 1030)));
	must_take(fixture, LETTER(PEOPLE_OF("2019", 90000)));
}

static void a_confirmation_settles_it(void **state)
{
	struct fixture *fixture = *state;
	size_t count;
	report_history(fixture);
	must_take(fixture, CONFIRMED("a new town", PEOPLE_OF("2020", 10500))); /* said at once */
	must_stand(fixture, PEOPLE, "2020", 10500, 'A');
	must_take(fixture, LETTER(PEOPLE_OF("2020", 1050)));
	must_question(fixture, LETTER(PEOPLE_OF("2020", 10500)), "jump",
	              "10500 after 1040 in 2019; by its 4 changes before, 989 to 1111 was to be expected");
	stands(fixture, PEOPLE, NORTH, "2020", &count);
	must_take(fixture, CONFIRMED("a new town, counted twice", PEOPLE_OF("2020", 10500)));
	must_stand(fixture, PEOPLE, "2020", 10500, 'A');
	size_t then = count;
	stands(fixture, PEOPLE, NORTH, "2020", &count);
	assert_int_equal(count, then + 1); /* a revision */
}

/* The same again changes nothing, and says the same; so does the very same report. */
static void what_is_sent_again_is_warned_of_again(void **state)
{
	struct fixture *fixture = *state;
	void *bytes;
	size_t size, count, again;
	report_history(fixture);
	forget_group(fixture);
	pack(fixture, LETTER(PEOPLE_OF("2020", 10500), PEOPLE_OF("2021", 1)), &bytes, &size);
	assert_int_equal(receive(fixture, bytes, size), 0);
	assert_int_equal(receive(fixture, bytes, size), 0); /* in the same commit */
	decide(fixture);
	assert_int_equal(fixture->acks[0]->n_warning, 2);
	assert_int_equal(fixture->acks[0]->warning[1]->row, 1);
	char *first = strdup(fixture->acks[0]->warning[0]->text);
	assert_true(fixture->acks[1]->repeated_report);
	assert_string_equal(fixture->acks[1]->warning[0]->text, first);
	forget_group(fixture);
	assert_int_equal(receive(fixture, bytes, size), 0); /* in a later one */
	decide(fixture);
	assert_true(fixture->acks[0]->repeated_report);
	assert_int_equal(fixture->acks[0]->n_warning, 2);
	assert_string_equal(fixture->acks[0]->warning[0]->text, first);
	assert_string_equal(fixture->acks[0]->warning[1]->rule, "jump");
	stands(fixture, PEOPLE, NORTH, "2020", &count);
	must_question(fixture, LETTER(PEOPLE_OF("2020", 10500)), "jump", first); /* the figure, newly */
	stands(fixture, PEOPLE, NORTH, "2020", &again);
	assert_int_equal(count, again);
	free(first);
	free(bytes);
}

/* ---- what the write keeps for those who raise alerts ---- */

static void accept_directly(struct write *write, const struct observation *observations, size_t count,
                            uint64_t sequence)
{
	uint64_t entry;
	const struct accepted_report report = {.name = {.reporter_id = 9, .sequence = sequence},
	                                       .payload = "x",
	                                       .payload_size = 1,
	                                       .observations = observations,
	                                       .observation_count = count};
	assert_int_equal(write_accept(write, &report, &entry), 0);
}

static void a_write_knows_what_is_questioned_and_what_is_settled(void **state)
{
	struct fixture *fixture = *state;
	const struct observation doubted = {.statistic = PEOPLE,
	                                    .area = NORTH,
	                                    .period = period_make(PERIOD_ANNUAL, 2020, 0),
	                                    .status = 'V',
	                                    .question = 1,
	                                    .said = 'A',
	                                    .value = 7};
	struct observation settled = doubted, other = doubted, other_settled;
	settled.status = 'A';
	settled.question = 0;
	other_settled = settled;
	other.area = other_settled.area = SOUTH;
	struct write *write;
	size_t count;
	/* In one commit the last word counts. */
	assert_int_equal(write_begin(fixture->store, 9000, &write), 0);
	accept_directly(write, &settled, 1, 1);
	accept_directly(write, &doubted, 1, 2);
	accept_directly(write, &other, 1, 3);
	assert_int_equal(write_apply(write), 0);
	const struct questioned *questioned = write_questioned(write, &count);
	assert_int_equal(count, 2);
	assert_int_equal(questioned[0].area, NORTH);
	assert_int_equal(questioned[0].rule, 1);
	assert_int_equal(questioned[1].area, SOUTH);
	assert_int_equal(questioned[1].entry, questioned[0].entry + 1);
	(void)write_settled(write, &count);
	assert_int_equal(count, 0);
	assert_int_equal(write_commit(write), 0);

	assert_int_equal(write_begin(fixture->store, 9000, &write), 0);
	accept_directly(write, &doubted, 1, 4); /* as it is: nothing */
	accept_directly(write, &settled, 1, 5);
	accept_directly(write, &doubted, 1, 6);
	accept_directly(write, &other_settled, 1, 7);
	assert_int_equal(write_apply(write), 0);
	(void)write_questioned(write, &count);
	assert_int_equal(count, 1);
	const struct touched *done = write_settled(write, &count);
	assert_int_equal(count, 1);
	assert_int_equal(done[0].area, SOUTH);
	write_abort(write);
}

/* ---- closed periods ---- */

static void set_closed(struct fixture *fixture, const char *text, bool closed)
{
	struct write *write;
	struct period period;
	assert_int_equal(period_parse(text, strlen(text), &period), 0);
	assert_int_equal(write_begin(fixture->store, 9000, &write), 0);
	assert_int_equal(write_journal_act(write, "x", 1), 0);
	assert_int_equal(closed ? write_close(write, period) : write_reopen(write, period), 0);
	assert_int_equal(write_commit(write), 0);
}

static void a_closed_period_changes_only_by_a_correction(void **state)
{
	struct fixture *fixture = *state;
	static const char closed[] =
	    "2024-03 is closed with 2024-Q1; only a correction that says why changes it";
	must_take(fixture,
	          LETTER({"beds", "north", "2024-03", 10, 'A'}, {"beds", "north", "2024-04", 10, 'A'}));
	set_closed(fixture, "2024-Q1", true);
	must_take(fixture, LETTER({"beds", "north", "2024-04", 11, 'A'})); /* outside */
	must_take(fixture, LETTER({"beds", "north", "2024-03", 10, 'A'})); /* changes nothing */
	must_refuse(fixture, LETTER({"beds", "north", "2024-03", 11, 'A'}),
	            SUANPAN__REASON__REASON_PERIOD_CLOSED, closed);
	must_refuse(fixture, LETTER({"beds", "north", "2024-03", 10, 'P'}),
	            SUANPAN__REASON__REASON_PERIOD_CLOSED, closed);
	must_refuse(fixture, LETTER({"beds", "south", "2024-03", 11, 'A'}),
	            SUANPAN__REASON__REASON_PERIOD_CLOSED, closed);       /* late is too late, too */
	must_take(fixture, LETTER({"people", "north", "2024", 11, 'A'})); /* the year around it is open */
	must_take(fixture, CORRECTION("recount", {"beds", "north", "2024-03", 12, 'A'}));
	must_stand(fixture, BEDS, "2024-03", 12, 'A');
	/* In one commit: the correction counts already for what comes after it. */
	forget_group(fixture);
	post(fixture, CORRECTION("again", {"beds", "north", "2024-03", 13, 'A'}));
	post(fixture, LETTER({"beds", "north", "2024-03", 12, 'A'}));
	post(fixture, LETTER({"beds", "north", "2024-03", 13, 'A'}));
	decide(fixture);
	assert_int_equal(fixture->acks[0]->outcome, ACCEPTED);
	assert_int_equal(fixture->acks[1]->outcome, REFUSED);
	assert_int_equal(fixture->acks[2]->outcome, ACCEPTED);
	set_closed(fixture, "2024-Q1", false);
	must_take(fixture, LETTER({"beds", "north", "2024-03", 14, 'A'}));
}

/* Every bad row, of whatever kind, in its order. */
static void a_refusal_names_rules_and_closed_periods_together(void **state)
{
	struct fixture *fixture = *state;
	set_closed(fixture, "2023", true);
	const Suanpan__Ack *ack = send_letter(
	    fixture, LETTER({"beds", "north", "2023-12", 1, 'A'}, {"births", "north", "2024-01", 5, 'A'},
	                    {"beds", "north", "2024-01", 4, 'A'}, {"births", "north", "2023-12", 2, 'A'}));
	assert_int_equal(ack->outcome, REFUSED);
	static const struct {
		uint64_t row;
		Suanpan__Reason reason;
	} expected[] = {{0, SUANPAN__REASON__REASON_RULE}, {0, SUANPAN__REASON__REASON_PERIOD_CLOSED},
	                {1, SUANPAN__REASON__REASON_RULE}, {2, SUANPAN__REASON__REASON_RULE},
	                {3, SUANPAN__REASON__REASON_RULE}, {3, SUANPAN__REASON__REASON_PERIOD_CLOSED}};
	assert_int_equal(ack->n_problem, sizeof expected / sizeof expected[0]);
	for (size_t i = 0; i < ack->n_problem; i++) {
		assert_int_equal(ack->problem[i]->row, expected[i].row);
		assert_int_equal(ack->problem[i]->reason, expected[i].reason);
	}
}

/* ---- again from the journal ---- */

static void a_replay_questions_the_same(void **state)
{
	struct fixture *fixture = *state;
	struct db_txn *mine, *its;
	struct progress progress;
	struct findings findings = {.out = stderr};
	struct store *again;
	uint64_t entry;
	report_history(fixture);
	a_relation_spans_the_reports_of_a_commit(state);
	send_letter(fixture, LETTER(PEOPLE_OF("2020", 10500), PEOPLE_OF("2021", 10500)));
	must_take(fixture, CONFIRMED("so it is", PEOPLE_OF("2020", 10500)));
	send_letter(fixture, LETTER(PEOPLE_OF("2022", 1), {"beds", "north", "2024-02", 300, 'A'}));
	char *path = scratch_path(fixture->folder, "again");
	progress_begin(&progress, NULL, "", "", 0);
	assert_int_equal(db_begin_read(store_db(fixture->store), &mine), 0);
	struct store_entries entries = {.txn = mine, .entry = 1};
	const struct journal_source source = store_entries_source(&entries);
	assert_int_equal(rebuild_store(path, &source, UINT64_MAX, stderr, &progress, &entry), 0);
	assert_int_equal(store_open_reader(path, &again), 0);
	assert_int_equal(db_begin_read(store_db(again), &its), 0);
	assert_true(db_count(its, TABLE_WARNINGS) >= 2);
	assert_int_equal(compare_stores(mine, its, &progress, &findings), 0);
	assert_int_equal(findings.count, 0);
	db_abort(its);
	db_abort(mine);
	store_close(again);
	free(path);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(births_are_held_against_beds),
	    CASE(a_relation_spans_the_reports_of_a_commit),
	    CASE(a_report_with_forty_bad_rows_lists_all_forty),
	    CASE(a_jump_is_taken_with_status_v_and_a_warning),
	    CASE(other_statuses_are_not_questioned),
	    CASE(history_is_what_nobody_doubts),
	    CASE(a_standstill_is_questioned_where_it_always_moved),
	    CASE(a_stranger_among_its_peers_is_questioned),
	    CASE(little_history_questions_nothing),
	    CASE(a_confirmation_settles_it),
	    CASE(what_is_sent_again_is_warned_of_again),
	    CASE(a_write_knows_what_is_questioned_and_what_is_settled),
	    CASE(a_closed_period_changes_only_by_a_correction),
	    CASE(a_refusal_names_rules_and_closed_periods_together),
	    CASE(a_replay_questions_the_same),
	};
	return cmocka_run_group_tests_name("daemon_scrutiny", tests, NULL, NULL);
}
