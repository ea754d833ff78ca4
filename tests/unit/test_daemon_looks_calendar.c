/* A look at the calendar sees again only what may have changed. Whatever has happened before, it must leave what a walk through
 * everybody's periods would: an alert for each in which figures are owed, and no other. So random lives are lived, in which figures
 * come, are taken back and come again, days pass, catalogues change and come back, and the daemon is started again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/catalogue/calendar.h"
#include "daemon/pipeline.h"
#include "daemon/store/alerts.h"
#include "daemon/store/stirred.h"
#include "tests/lib/adopt.h"
#include "tests/lib/little_city.h"
#include "tests/lib/random_world.h"
#include "tests/lib/scratch.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CATALOGUES_MAX 64

struct life {
	struct random_source source;
	char *folder;
	struct catalogue *catalogues[CATALOGUES_MAX]; /* the last one is in force */
	size_t catalogue_count;
	struct store *store;
	struct writer *writer;
	int32_t first_day, day;
	uint64_t sequence, raised, settled;
};

static uint32_t below(struct life *life, uint32_t bound)
{
	return random_below(&life->source, bound);
}

static int64_t noon_of(int32_t day)
{
	return ((int64_t)day * 24 + 4) * 3600000;
}

/* ---- catalogues ---- */

#define NAMES "names: {en: x, zh_hans: x, zh_hant: x}"
#define UNIT  "unit: {en: x, zh_hans: x, zh_hant: x}"

static FILE *open_file(const struct life *life, const char *name)
{
	char *path = scratch_path(life->folder, name);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	free(path);
	return out;
}

/* South's code may have an end. */
static void write_areas(struct life *life)
{
	FILE *out = open_file(life, "areas.yaml");
	fprintf(out,
	        "areas:\n  - {code: city, level: city, " NAMES
	        "}\n  - {code: north, level: district, parent: city, " NAMES
	        "}\n  - {code: south, level: district, parent: city, " NAMES "%s}\n"
	        "  - {code: west, level: district, parent: city, " NAMES "}\n"
	        "groups:\n  - {code: both, " NAMES ", members: [north, south]}\n",
	        below(life, 3) == 0 ? ", to: 2021-06-30, successors: [west]" : "");
	fclose(out);
}

static void write_statistics(struct life *life)
{
	FILE *out = open_file(life, "statistics.yaml");
	fprintf(out,
	        "statistics:\n  - {code: beds, " NAMES ", " UNIT
	        ", decimals: 0, kind: stock, frequency: M, level: district, carry: 6, deadline: %u}\n"
	        "  - {code: people, " NAMES ", " UNIT
	        ", decimals: 0, kind: stock, frequency: %s, level: district, carry: 24, deadline: %u}\n",
	        below(life, 2) ? 15 : 3, below(life, 4) ? "A" : "Q", below(life, 2) ? 60 : 10);
	if (below(life, 3))
		fprintf(out, "  - {code: births, " NAMES ", " UNIT
		             ", decimals: 0, kind: flow, frequency: M, level: district, deadline: 15}\n");
	if (below(life, 2))
		fprintf(out,
		        "  - {code: visits, " NAMES ", " UNIT
		        ", decimals: 0, kind: flow, frequency: D, level: district, deadline: %u}\n",
		        below(life, 3));
	fclose(out);
}

static void write_reporters(struct life *life)
{
	FILE *out = open_file(life, "reporters.yaml");
	fprintf(out, "reporters:\n  - {code: north_office, " NAMES ", areas: [north], statistics: [all]}\n");
	if (below(life, 4))
		fprintf(out, "  - {code: south_office, " NAMES ", areas: [%s], statistics: [%s]}\n",
		        below(life, 3) ? "south" : "south, west", below(life, 2) ? "all" : "beds");
	if (below(life, 2))
		fprintf(out,
		        "  - {code: bureau, " NAMES ", areas: [north, south, west], statistics: [people]}\n");
	fclose(out);
}

/* Around the days on which months are due. */
static void write_calendar(struct life *life)
{
	FILE *out = open_file(life, "calendar.yaml");
	fprintf(out, "holidays: [2021-01-01");
	for (int month = 1; month <= 12; month++)
		for (int day = 15; day <= 17 && below(life, 2); day++)
			fprintf(out, ", 2021-%02d-%02d", month, day);
	fprintf(out, "]\n");
	fclose(out);
}

static void adopt(struct life *life)
{
	struct catalogue *catalogue;
	if (below(life, 4) == 0)
		write_areas(life);
	if (below(life, 4) == 0)
		write_statistics(life);
	if (below(life, 2) == 0)
		write_reporters(life);
	if (below(life, 2) == 0)
		write_calendar(life);
	assert_int_equal(catalogue_load(life->folder, stderr, &catalogue), 0);
	adopt_folder(life->store, catalogue, life->folder, noon_of(life->day));
	writer_free(life->writer);
	assert_true(life->catalogue_count < CATALOGUES_MAX);
	life->catalogues[life->catalogue_count++] = catalogue;
	assert_int_equal(writer_new(catalogue, life->store, &life->writer), 0);
}

static const struct catalogue *catalogue_of(const struct life *life)
{
	return life->catalogues[life->catalogue_count - 1];
}

/* ---- what happens ---- */

/* A figure of a period that is over, or is not yet; now and then it is taken back. */
static void report_one(struct life *life, struct write *write, struct observation *observation)
{
	const struct catalogue *catalogue = catalogue_of(life);
	uint64_t entry;
	const uint32_t statistic = below(life, catalogue->statistic_count),
	               days = (uint32_t)(life->day - life->first_day) + 30;
	*observation = (struct observation){
	    .statistic = statistic,
	    .area = 1 + below(life, 3),
	    .period = period_of_day(life->first_day - 10 + (int32_t)below(life, days),
	                            catalogue->statistics[statistic].frequency),
	    .status = below(life, 4) ? 'A' : 'O',
	};
	observation->value = observation->status == 'A' ? below(life, 3) : 0;
	const struct accepted_report accepted = {
	    .name = {.reporter_id = 1, .sequence = ++life->sequence},
	    .observations = observation,
	    .observation_count = 1,
	};
	assert_int_equal(write_accept(write, &accepted, &entry), 0);
}

static void report(struct life *life)
{
	struct observation observations[24];
	struct write *write;
	const uint32_t count = 1 + below(life, 24);
	assert_int_equal(write_begin(life->store, noon_of(life->day), &write), 0);
	for (uint32_t i = 0; i < count; i++)
		report_one(life, write, &observations[i]);
	assert_int_equal(write_apply(write), 0);
	assert_int_equal(write_commit(write), 0);
}

/* Somebody resolves an alert, whichever it is. */
static void resolve(struct life *life)
{
	struct write *write;
	assert_int_equal(write_begin(life->store, noon_of(life->day), &write), 0);
	int result = write_change_alert(write, 1 + below(life, 40), ALERT_RESOLVED, "office", "known");
	assert_true(result >= 0);
	if (result == 0)
		assert_int_equal(write_commit(write), 0);
	else
		write_abort(write);
}

static void start_again(struct life *life)
{
	writer_free(life->writer);
	assert_int_equal(writer_new(catalogue_of(life), life->store, &life->writer), 0);
}

/* ---- what must be ---- */

/* What was due before today, looked at figure by figure. */
static uint32_t count_owed(struct life *life, struct write *write, const struct reporter *reporter,
                           struct period period)
{
	const struct catalogue *catalogue = catalogue_of(life);
	const struct cell_source source = write_cells(write);
	uint32_t owed = 0;
	for (uint32_t i = 0; i < catalogue->statistic_count; i++) {
		const struct statistic *statistic = &catalogue->statistics[i];
		if (!reporter->statistics[i] || statistic->frequency != period_frequency_of(period) ||
		    calendar_due_day(catalogue, statistic, period) >= life->day)
			continue;
		for (uint32_t j = 0; j < reporter->areas.count; j++) {
			const struct area *area = &catalogue->areas[reporter->areas.area[j]];
			const struct cell_row *row;
			if (area->level != statistic->level || area->first_day > period_first_day(period) ||
			    area->last_day < period_last_day(period))
				continue;
			assert_int_equal(
			    source.row(source.context, statistic->id, period, area->id / CELLS_PER_ROW, &row),
			    0);
			const struct cell *cell = row ? &row->cell[area->id % CELLS_PER_ROW] : NULL;
			owed += !cell || cell->entry == 0 || cell->status == 'O';
		}
	}
	return owed;
}

static void must_stand_as_owed(struct life *life, struct write *write, const struct reporter *reporter,
                               struct period period, size_t *stand)
{
	const struct alert_subject subject = {
	    .kind = ALERT_OVERDUE, .reporter_id = reporter->id, .period = period};
	const uint32_t owed = count_owed(life, write, reporter, period);
	struct watched watched;
	char text[PERIOD_TEXT_SIZE];
	assert_int_equal(write_watched(write, &subject, &watched), 0);
	period_format(period, text);
	if ((watched.number != 0) != (owed > 0))
		fail_msg("%s %s: %u are missing, and the alert is %" PRIu64, reporter->code, text, owed,
		         watched.number);
	*stand += watched.number != 0;
}

static int count_overdue(void *context, const struct alert_subject *subject, const struct watched *watched)
{
	size_t *count = context;
	*count += subject->kind == ALERT_OVERDUE && watched->number != 0;
	return 0;
}

/* A walk through everything, and nothing stands besides. */
static void must_be_as_if_all_had_been_seen(struct life *life)
{
	struct write *write;
	size_t stand = 0, there = 0;
	assert_int_equal(write_begin(life->store, noon_of(life->day), &write), 0);
	for (uint32_t i = 0; i < catalogue_of(life)->reporter_count; i++)
		for (enum period_frequency frequency = PERIOD_ANNUAL; frequency <= PERIOD_DAY; frequency++) {
			struct period period = period_of_day(life->first_day, frequency);
			for (; period_last_day(period) < life->day; period.code++)
				must_stand_as_owed(life, write, &catalogue_of(life)->reporters[i], period,
				                   &stand);
		}
	assert_int_equal(write_walk_watched(write, count_overdue, &there), 0);
	assert_int_equal(there, stand);
	write_abort(write);
}

/* ---- lives ---- */

static void look(struct life *life)
{
	uint64_t commit;
	assert_int_equal(pipeline_look(life->writer, noon_of(life->day), &commit), 0);
	size_t count;
	struct alert *alerts = writer_take_alerts(life->writer, &count);
	for (size_t i = 0; i < count; i++) {
		life->raised += alerts[i].state == ALERT_OPEN;
		life->settled += alerts[i].state == ALERT_RESOLVED;
	}
	free(alerts);
	must_be_as_if_all_had_been_seen(life);
}

static struct life *begin_life(uint64_t seed)
{
	struct life *life = calloc(1, sizeof *life);
	life->source.state = seed;
	life->folder = scratch_new();
	char *path = scratch_path(life->folder, "store");
	catalogue_free(little_city_load(life->folder));
	write_areas(life);
	write_statistics(life);
	write_reporters(life);
	assert_int_equal(store_open_unsynced(path, &life->store), 0);
	free(path);
	life->first_day = life->day = period_first_day(period_make(PERIOD_MONTH, 2021, 0)) + 4;
	adopt(life);
	return life;
}

static void end_life(struct life *life)
{
	writer_free(life->writer);
	store_close(life->store);
	for (size_t i = 0; i < life->catalogue_count; i++)
		catalogue_free(life->catalogues[i]);
	scratch_free(life->folder);
	free(life);
}

static void live_on(struct life *life)
{
	const uint32_t what = below(life, 100);
	life->day += what % 3 == 0 ? (int32_t)below(life, 12) : 0;
	if (what < 60)
		report(life);
	else if (what < 72 && life->catalogue_count < CATALOGUES_MAX)
		adopt(life);
	else if (what < 80)
		resolve(life);
	else if (what < 85)
		start_again(life);
	if (below(life, 3))
		look(life);
}

static void a_look_leaves_what_a_walk_through_everything_would(void **state)
{
	const uint64_t seed = getenv("SUANPAN_SEED") ? strtoull(getenv("SUANPAN_SEED"), NULL, 0) : 1;
	uint64_t raised = 0, settled = 0;
	(void)state;
	for (uint64_t i = 0; i < 12; i++) {
		struct life *life = begin_life(seed + i);
		print_message("life %" PRIu64 "\n", seed + i);
		for (int step = 0; step < 150; step++)
			live_on(life);
		raised += life->raised;
		settled += life->settled;
		end_life(life);
	}
	print_message("%" PRIu64 " raised, %" PRIu64 " settled\n", raised, settled);
	assert_true(raised > 1000 && settled > 500);
}

/* ---- looks that are much work ---- */

/* Every day's visits in the north, for so many days. */
static void report_days(struct life *life, uint32_t statistic, int32_t days)
{
	struct observation *observations = calloc((size_t)days, sizeof *observations);
	const struct accepted_report accepted = {
	    .name = {.reporter_id = 1, .sequence = ++life->sequence},
	    .observations = observations,
	    .observation_count = (size_t)days,
	};
	struct write *write;
	uint64_t entry;
	for (int32_t i = 0; i < days; i++)
		observations[i] =
		    (struct observation){.statistic = statistic,
		                         .area = NORTH,
		                         .period = period_of_day(life->first_day + i, PERIOD_DAY),
		                         .status = 'A'};
	assert_int_equal(write_begin(life->store, noon_of(life->day), &write), 0);
	assert_int_equal(write_accept(write, &accepted, &entry), 0);
	assert_int_equal(write_apply(write), 0);
	assert_int_equal(write_commit(write), 0);
	free(observations);
}

static bool is_noted(struct life *life)
{
	uint64_t commit;
	assert_int_equal(pipeline_look(life->writer, noon_of(life->day), &commit), 0);
	return commit != 0;
}

/* A city in which only visits are reported, every day by one office. */
static struct life *begin_daily_life(void)
{
	struct life *life = begin_life(1);
	struct catalogue *catalogue;
	FILE *out = open_file(life, "statistics.yaml");
	fprintf(out, "statistics:\n  - {code: visits, " NAMES ", " UNIT
	             ", decimals: 0, kind: flow, frequency: D, level: district, deadline: 1}\n");
	fclose(out);
	out = open_file(life, "reporters.yaml");
	fprintf(out, "reporters:\n  - {code: north_office, " NAMES ", areas: [north], statistics: [all]}\n");
	fclose(out);
	out = open_file(life, "indicators.yaml");
	fprintf(out, "indicators:\n  - {code: visits_so_far, " NAMES ", " UNIT
	             ", decimals: 0, formula: visits, frequency: M}\n");
	fclose(out);
	out = open_file(life, "plan-little.yaml");
	fprintf(out, "plan: little\n" NAMES "\nfrom: 2031\nto: 2035\ntargets:\n  - {row: \"1\", indicator: "
	             "visits_so_far, comparison: \">=\", target: \"1\", nature: binding}\n");
	fclose(out);
	assert_int_equal(catalogue_load(life->folder, stderr, &catalogue), 0);
	adopt_folder(life->store, catalogue, life->folder, noon_of(life->day));
	life->catalogues[life->catalogue_count++] = catalogue;
	start_again(life);
	return life;
}

/* What was little is seen again by the next look, and leaves no trace; what was much is not. */
static void a_look_that_was_much_work_is_noted_though_nothing_came_of_it(void **state)
{
	struct life *life = begin_daily_life();
	(void)state;
	life->day = life->first_day + 900;
	report_days(life, 0, 900);
	assert_false(is_noted(life));
	assert_false(is_noted(life));
	life->day = life->first_day + 1100;
	report_days(life, 0, 1100);
	assert_true(is_noted(life));
	assert_false(is_noted(life));
	start_again(life);
	assert_false(is_noted(life));
	must_be_as_if_all_had_been_seen(life);
	end_life(life);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_look_leaves_what_a_walk_through_everything_would),
	    cmocka_unit_test(a_look_that_was_much_work_is_noted_though_nothing_came_of_it),
	};
	return cmocka_run_group_tests_name("daemon_looks_calendar", tests, NULL, NULL);
}
