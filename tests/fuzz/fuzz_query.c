/* A Query as it comes in from anyone, asked of a small city's store with reports, revisions and a second catalogue in it.
 *
 * Whatever it is, it is answered: by messages that can be read, of our major, with its number, each text fit to be printed, the
 * last one and only that marked so; and never by "the daemon failed". */
#include "daemon/acts.h"
#include "proto/envelope.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/adopt.h"
#include "tests/lib/city.h"
#include "tests/lib/mutate.h"
#include "tests/lib/scratch.h"
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/codes.h"

static struct city *city;
static struct arena *arena; /* for reading the answers */

static const char *const words[] = {
    /* codes */
    "residents",
    "beds",
    "births",
    "rain",
    "life_expectancy",
    "gdp",
    "income",
    "residents_10k",
    "beds_per_1000",
    "gdp_growth",
    "income_growth",
    "births_per_1000",
    "440100",
    "440103",
    "440103001",
    "440104",
    "440113",
    "central",
    "plan14",
    "liwan",
    "bureau",
    /* names */
    "Guangzhou",
    "Liwan",
    "荔湾",
    "荔湾区",
    "中心城区",
    "Shamian",
    "liwan ",
    "Residents",
    "bed",
    "44010",
    /* periods */
    "2019",
    "2020",
    "2021",
    "2022",
    "2025",
    "2026",
    "1900",
    "2199",
    "2200",
    "2020-S1",
    "2021-S2",
    "2020-Q1",
    "2021-Q4",
    "2020-12",
    "2021-01",
    "2021-06",
    "2021-12",
    "2022-05",
    "2021-06-15",
    "2021-06-30",
    "2020-02-29",
    "2021-02-29",
    "1900-01-01",
    "2199-12-31",
    "2021-M06",
    "2021-A1",
    /* frequencies */
    "A",
    "S",
    "Q",
    "M",
    "D",
    "a",
    "W",
    /* moments */
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "9999999999999999999",
    "2024-05-01",
    "2024-05-01T12:00+08:00",
    "2024-05-01T12:00:03+08:00",
    "2024-05-01T04:00Z",
    "2024-05-01T12:00:04-14:00",
    "1969-12-31",
    "2200-01-01",
    /* formulas */
    "1000 * beds / residents",
    "growth(gdp)",
    "cumulative(births)",
    "year_to_date(births)",
    "rolling(births, 12)",
    "previous(residents)",
    "baseline(gdp)",
    "average_growth(gdp)",
    "share_of(residents, central)",
    "min(gdp, income)",
    "max(1, -2)",
    "rain",
    "rolling(rain, 400)",
    "1 / 0",
    "beds -",
    "((((1))))",
    "growth(births / residents)",
    "0.000000001 * gdp",
    /* other */
    "",
    "\x1b[2J",
    "\xff\xfe",
    "\n",
    "'",
    "a very long word that is nobody's name and goes on for a while, and on",
};

static void fill_city(void)
{
	CITY_REPORT(city, "liwan", "first.csv", {"residents", "440103", "2020", 1238305, 0, NULL},
	            {"beds", "440103", "2020-12", 8897, 'P', "a note"},
	            {"births", "440103", "2021-01", 801, 0, NULL},
	            {"births", "440103", "2021-02", 733, 0, NULL});
	CITY_REPORT(city, "bureau", "city.csv", {"gdp", "440100", "2020", 25019, 0, NULL},
	            {"gdp", "440100", "2021", 28232, 'E', NULL}, {"income", "440100", "2020", 63289, 0, NULL},
	            {"income", "440100", "2021", 68908, 0, NULL},
	            {"life_expectancy", "440100", "2020", 8290, 0, NULL},
	            {"residents", "440104", "2020", 1038643, 0, NULL},
	            {"residents", "440113", "2020", 2658397, 0, NULL},
	            {"rain", "440100", "2021-06-15", 123, 0, NULL},
	            {"rain", "440100", "2021-06-16", 0, 0, NULL});
	CITY_REPORT(city, "bureau", NULL, {"beds", "440104", "2020-12", 20911, 0, NULL},
	            {"beds", "440113", "2021-03", 7000, 0, NULL}, {"gdp", "440100", "2022", 28839, 0, NULL},
	            {"residents", "440104", "2021", 1040000, 'F', NULL},
	            {"residents", "440113", "2021", -5, 'B', NULL});
	CITY_REPORT(city, "liwan", "fix.csv", {"beds", "440103", "2020-12", 9100, 0, "recount"},
	            {"births", "440103", "2021-02", 0, 'O', NULL},
	            {"residents", "440103", "2021", 0, 'L', "later"});
	CITY_REPORT(city, "bureau", "edge.csv", {"income", "440100", "2022", INT64_MAX, 0, NULL},
	            {"gdp", "440100", "2023", INT64_MIN + 1, 0, NULL});
}

/* ---- another catalogue, in force from now on: Yuexiu has become part of Liwan, and beds are counted otherwise ---- */

static const char ended[] =
    "areas:\n"
    "  - {code: '440100', level: city, names: {en: Guangzhou, zh_hans: 广州市, zh_hant: 廣州市}}\n"
    "  - {code: '440103', level: district, parent: '440100',\n"
    "     names: {en: Liwan, zh_hans: 荔湾区, zh_hant: 荔灣區}}\n"
    "  - {code: '440104', level: district, parent: '440100', to: '2021-06-30',\n"
    "     successors: ['440103'], names: {en: Yuexiu, zh_hans: 越秀区, zh_hant: 越秀區}}\n"
    "  - {code: '440113', level: district, parent: '440100',\n"
    "     names: {en: Panyu, zh_hans: 番禺区, zh_hant: 番禺區}}\n"
    "groups:\n"
    "  - {code: central, members: ['440103', '440104'],\n"
    "     names: {en: Central districts, zh_hans: 中心城区, zh_hant: 中心城區}}\n";

static char *folder;
static struct catalogue *newer;

static void write_changed(const struct catalogue_file *file)
{
	static const char before[] = "1000 * beds / residents", after[] = "1001 * beds / residents";
	char *path = scratch_path(folder, file->name),
	     *formula = memmem(file->bytes, file->size, before, sizeof before - 1);
	if (formula)
		memcpy(formula, after, sizeof after - 1);
	if (strcmp(file->name, "areas.yaml") == 0)
		scratch_write(path, ended, sizeof ended - 1);
	else
		scratch_write(path, file->bytes, file->size);
	free(path);
}

static void adopt_newer(void)
{
	struct catalogue_files files;
	folder = scratch_new();
	if (catalogue_files_read(city->folder, stderr, &files) != 0)
		abort();
	for (size_t i = 0; i < files.count; i++)
		write_changed(&files.files[i]);
	catalogue_files_done(&files);
	if (catalogue_load(folder, stderr, &newer) != 0)
		abort();
	adopt_folder(city->store, newer, folder, CITY_WALL_MS + 60000);
}

static void leave(void)
{
	void *state = city;
	catalogue_free(newer);
	scratch_free(folder);
	arena_free(arena);
	city_tear_down(&state);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	void *state;
	(void)count;
	(void)arguments;
	if (city_set_up(&state) != 0 || arena_new(4 * ENVELOPE_UNPACK_BUDGET, &arena) != 0)
		abort();
	city = state;
	fill_city();
	adopt_newer();
	atexit(leave);
	return 0;
}

/* ---- what must hold ---- */

#define CHUNKS_MAX 2 /* then nobody listens any more: the day's values of centuries would take too long */

struct hearing {
	unsigned chunks;
	uint64_t number;
	bool is_numbered; /* the query could be read, so its number is echoed */
	bool is_over;
};

static void check_text(const char *text)
{
	assert(text && text_is_valid(text, strlen(text)));
}

static void check_value(const Suanpan__Value *value)
{
	check_text(value->code);
	check_text(value->area);
	check_text(value->area_name);
	check_text(value->period);
	check_text(value->unit);
	assert(strlen(value->status) == 1 && status_is_valid(value->status[0]));
	assert(value->reported <= value->expected);
	assert(value->n_missing <= 64 && value->n_carried <= 64);
	assert(value->value || value->reason);
	if (value->value)
		check_text(value->value);
}

static void check_calendar(const Suanpan__CalendarRow *row)
{
	check_text(row->reporter);
	check_text(row->name);
	check_text(row->period);
	check_text(row->due);
	assert(row->received <= row->expected && row->n_missing <= 64);
	assert((row->received < row->expected) == (row->n_missing > 0));
	assert(row->n_missing > 0 || row->days >= 0); /* what was due and is in is left out */
}

static void check_failure(const Suanpan__Failure *failure)
{
	check_text(failure->text);
	if (failure->suggestion)
		check_text(failure->suggestion);
	assert(failure->kind != SUANPAN__FAILURE_KIND__FAILURE_INTERNAL);
}

static int hear(void *closure, const void *bytes, size_t size)
{
	struct hearing *hearing = closure;
	ProtobufCMessage *message;
	uint64_t major;
	arena_reset(arena);
	if (envelope_unpack(&suanpan__answer__descriptor, bytes, size, arena, &major, &message) != 0)
		abort();
	const Suanpan__Answer *answer = (const Suanpan__Answer *)message;
	assert(!hearing->is_over);
	assert(answer->number == (hearing->is_numbered ? hearing->number : 0));
	hearing->is_over = answer->last;
	if (answer->failure) {
		assert(answer->last);
		check_failure(answer->failure);
	}
	for (size_t i = 0; i < answer->n_series; i++)
		check_value(answer->series[i]);
	for (size_t i = 0; i < answer->n_plan; i++)
		check_value(answer->plan[i]->value);
	for (size_t i = 0; i < answer->n_calendar; i++)
		check_calendar(answer->calendar[i]);
	for (size_t i = 0; i < answer->n_explain; i++)
		if (answer->explain[i]->value)
			check_value(answer->explain[i]->value);
	return ++hearing->chunks == CHUNKS_MAX && !hearing->is_over ? -ECANCELED : 0;
}

/* What can be read of it by the very same rules. */
static struct hearing hearing_for(const uint8_t *bytes, size_t size)
{
	struct hearing hearing = {.number = 0};
	ProtobufCMessage *message;
	uint64_t major;
	arena_reset(arena);
	if (envelope_unpack(&suanpan__query__descriptor, bytes, size, arena, &major, &message) == 0) {
		hearing.is_numbered = true;
		hearing.number = ((const Suanpan__Query *)message)->number;
	}
	return hearing;
}

/* ---- acts: what is passed on makes sense, and can be read again from the journal ---- */

static bool taken;

static void check_act(const Suanpan__Act *act)
{
	const bool is_look = act->kind == SUANPAN__ACT_KIND__ACT_LOOK;
	const bool has_period =
	    act->kind == SUANPAN__ACT_KIND__ACT_CLOSE || act->kind == SUANPAN__ACT_KIND__ACT_REOPEN;
	struct period period;
	char canonical[PERIOD_TEXT_SIZE];
	assert(act->kind >= SUANPAN__ACT_KIND__ACT_ACKNOWLEDGE && act->kind <= SUANPAN__ACT_KIND__ACT_LOOK);
	assert((act->period != NULL) == has_period && act->has_alert == (!has_period && !is_look));
	assert(act->why || is_look);
	if (act->why)
		check_text(act->why);
	if (act->actor)
		check_text(act->actor);
	if (act->period) {
		assert(period_parse(act->period, strlen(act->period), &period) == 0);
		period_format(period, canonical);
		assert(strcmp(act->period, canonical) == 0);
	}
}

static int take_act(void *closure, uint64_t number, const Suanpan__Act *given)
{
	const struct hearing *hearing = closure;
	const size_t size = suanpan__act__get_packed_size(given);
	uint8_t *packed = malloc(size + 1);
	struct act *act;
	assert(packed && hearing->number == number);
	check_act(given);
	suanpan__act__pack(given, packed);
	assert(act_new(packed, size, &act) == 0);
	check_act(act->message);
	act_free(act);
	free(packed);
	taken = number % 4 == 0;
	return (int)(number % 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct answer_context context = {
	    .act = take_act,
	    .store = city->store,
	    .past = city->past,
	    .arena = city->arena,
	    .live_epoch = 99,
	    .started_wall_ms = CITY_WALL_MS,
	};
	struct hearing hearing = hearing_for(bytes, size);
	taken = false;
	int result = query_answer(&context, bytes, size, hear, &hearing);
	if (taken) {
		const struct act_result outcome = {.changed = true, .commit = 1, .entry = 1, .text = "Done."};
		assert(result == 0 && hearing.chunks == 0);
		result = query_answer_act(&context, hearing.number, &outcome, hear, &hearing);
	}
	assert(hearing.is_over ? result == 0 : result == -ECANCELED && hearing.chunks == CHUNKS_MAX);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
	const struct mutation mutation = {.descriptor = &suanpan__query__descriptor,
	                                  .words = words,
	                                  .word_count = sizeof words / sizeof *words};
	return mutate_message(&mutation, bytes, size, room, seed);
}
