/* The whole engine against a second reckoning: random reports in random groups go through the pipeline into a real store, and
 * every kept value must be what the naive evaluator makes of the plain list of observations; whatever their order, their split and
 * their repetition; now, and as of every commit.
 *
 * PROPERTY=full looks at every value of many cities (hundreds of thousands of observations); without it some are sampled. */
#include "daemon/pipeline.h"

#include "daemon/store/write.h"
#include "proto/codes.h"
#include "proto/envelope.h"
#include "tests/lib/random_world.h"
#include "tests/lib/scratch.h"
#include "tests/lib/world_naive.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FIRST_YEAR (RANDOM_FIRST_YEAR - 1)
#define LAST_YEAR  (RANDOM_LAST_YEAR + 2)

struct size {
	unsigned cities, reports, observations; /* per city, per report */
	unsigned sampled;                       /* percent of the values that are compared */
	unsigned commits;                       /* of the run that is looked back on */
};
static const struct size quick = {
    .cities = 12, .reports = 60, .observations = 12, .sampled = 8, .commits = 400};
static const struct size full = {
    .cities = 200, .reports = 200, .observations = 15, .sampled = 100, .commits = 4000};

static const struct size *chosen(void)
{
	const char *property = getenv("PROPERTY");
	return property && strcmp(property, "full") == 0 ? &full : &quick;
}

/* A city with its store. */
struct scene {
	struct world *world;
	char *folder;
	struct store *store;
	struct writer *writer;
	uint64_t sequence;
	int32_t frontier[WORLD_STATISTICS];
	char codes[WORLD_AREAS + WORLD_STATISTICS + WORLD_INDICATORS][24];
};

static unsigned long observations_sent, values_compared, values_present, commits_made, commits_looked_back_on;

/* ---- up and down ---- */

static void name_everything(struct scene *scene)
{
	struct catalogue *catalogue = &scene->world->catalogue;
	size_t at = 0;
	for (uint32_t i = 0; i < catalogue->area_count; i++, at++) {
		snprintf(scene->codes[at], sizeof scene->codes[at], "area-%u", i);
		catalogue->areas[i].code = scene->codes[at];
	}
	for (uint32_t i = 0; i < catalogue->statistic_count; i++, at++) {
		snprintf(scene->codes[at], sizeof scene->codes[at], "statistic_%u", i);
		catalogue->statistics[i].code = scene->codes[at];
		catalogue->statistics[i].may_be_negative = true;
	}
	for (uint32_t i = 0; i < catalogue->indicator_count; i++, at++) {
		snprintf(scene->codes[at], sizeof scene->codes[at], "indicator_%u", i);
		catalogue->indicators[i].code = scene->codes[at];
	}
}

static void open_scene(struct scene *scene, uint64_t seed)
{
	struct random_source source = {seed};
	struct adoption *adoption = calloc(1, sizeof *adoption);
	const struct changed_value *changed;
	size_t count;
	*scene = (struct scene){.world = random_world(&source), .folder = scratch_new()};
	name_everything(scene);
	for (uint32_t i = 0; i < WORLD_STATISTICS; i++)
		scene->frontier[i] = INT32_MIN;
	char *path = scratch_path(scene->folder, "store");
	assert_int_equal(store_open(path, &scene->store), 0);
	free(path);
	adoption->catalogue = &scene->world->catalogue;
	adoption->files = strdup("random");
	adoption->files_size = strlen("random");
	adoption->totals_differ = true;
	assert_int_equal(writer_new(NULL, scene->store, &scene->writer), 0);
	assert_int_equal(pipeline_adopt(scene->writer, adoption, 1000, false, &changed, &count), 0);
	adoption_free(adoption);
}

static void close_scene(struct scene *scene)
{
	writer_free(scene->writer);
	store_close(scene->store);
	world_free(scene->world);
	scratch_free(scene->folder);
}

/* ---- reports ---- */

static bool is_in(const struct observation *observations, size_t count, const struct observation *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (observations[i].statistic == wanted->statistic && observations[i].area == wanted->area &&
		    observations[i].period.code == wanted->period.code)
			return true;
	return false;
}

static bool random_observation(struct random_source *source, const struct scene *scene,
                               struct observation *ret)
{
	const struct catalogue *catalogue = &scene->world->catalogue;
	*ret = (struct observation){.question = 0};
	ret->statistic = random_below(source, catalogue->statistic_count);
	if (!random_reporting_area(source, scene->world, ret->statistic, &ret->area))
		return false;
	ret->period = random_period(source, catalogue->statistics[ret->statistic].frequency,
	                            RANDOM_FIRST_YEAR, RANDOM_LAST_YEAR);
	ret->status = random_status(source);
	ret->value = status_has_value(ret->status) ? random_value(source) : 0;
	return true;
}

static struct passage *new_passage(uint64_t sequence, const struct observation *observations, size_t count)
{
	struct passage *passage = calloc(1, sizeof *passage);
	assert_non_null(passage);
	passage->payload = strdup("as received");
	passage->payload_size = 11;
	passage->name = (struct report_name){.reporter_id = 1, .sequence = sequence};
	memcpy(passage->hash, &sequence, sizeof sequence);
	passage->observations = malloc(count * sizeof *observations);
	memcpy(passage->observations, observations, count * sizeof *observations);
	passage->observation_count = count;
	return passage;
}

static void append(struct mail **group, struct passage *passage)
{
	while (*group)
		group = &(*group)->next;
	*group = &passage->mail;
}

static void decide(struct scene *scene, struct mail *group)
{
	const struct changed_value *changed;
	size_t count;
	assert_int_equal(pipeline_decide(scene->writer, group, 2000, false, &changed, &count), 0);
	commits_made++;
	for (struct mail *mail = group, *next; mail; mail = next) {
		struct passage *passage = (struct passage *)mail;
		next = mail->next;
		assert_non_null(passage->ack);
		passage_free(passage);
	}
}

/* What the second reckoning is told, at once. */
static void tell_world(struct scene *scene, const struct observation *observations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct observation *one = &observations[i];
		int32_t last_day = period_last_day(one->period);
		world_report(scene->world, one->statistic, one->area, one->period, one->value, one->status);
		if (last_day > scene->frontier[one->statistic])
			scene->frontier[one->statistic] = last_day;
	}
}

/* One random report, sometimes followed by its repetition; told to the world as well. */
static void add_report(struct random_source *source, struct scene *scene, unsigned most, struct mail **group)
{
	struct observation observations[64];
	size_t count = 0, wanted = 1 + random_below(source, most);
	for (size_t tries = 0; tries < 4 * wanted && count < wanted; tries++)
		if (random_observation(source, scene, &observations[count]) &&
		    !is_in(observations, count, &observations[count]))
			count++;
	if (count == 0)
		return;
	append(group, new_passage(++scene->sequence, observations, count));
	if (random_percent(source, 15))
		append(group, new_passage(scene->sequence, observations, count));
	tell_world(scene, observations, count);
	observations_sent += count;
}

static void send_reports(struct random_source *source, struct scene *scene, const struct size *size)
{
	for (unsigned i = 0; i < size->reports;) {
		struct mail *group = NULL;
		for (unsigned in_group = 1 + random_below(source, 6); in_group > 0 && i < size->reports;
		     in_group--, i++)
			add_report(source, scene, size->observations, &group);
		if (group)
			decide(scene, group);
	}
}

/* ---- comparing ---- */

static int32_t frontier_of(const struct scene *scene, uint32_t indicator)
{
	const struct formula *formula = scene->world->indicators[indicator].formula;
	int32_t frontier = INT32_MIN;
	for (uint32_t i = 0; i < formula->atom_count; i++)
		if (scene->frontier[formula->atoms[i].statistic] > frontier)
			frontier = scene->frontier[formula->atoms[i].statistic];
	return frontier;
}

static bool same_areas(const struct catalogue *catalogue, const uint32_t *ids, uint32_t count,
                       const bool *areas)
{
	uint32_t found = 0, wanted = 0;
	for (uint32_t i = 0; i < catalogue->area_count; i++) {
		wanted += areas[i];
		for (uint32_t j = 0; j < count && areas[i]; j++)
			found += ids[j] == catalogue->areas[i].id;
	}
	return found == count && wanted == count;
}

static bool agree(const struct scene *scene, const struct stored_value *kept,
                  const struct naive_answer *naive)
{
	const struct catalogue *catalogue = &scene->world->catalogue;
	return kept->state == naive->state && (kept->state != VALUE_PRESENT || kept->units == naive->units) &&
	       kept->status == naive->status && kept->reported == naive->reported &&
	       kept->expected == naive->expected &&
	       same_areas(catalogue, kept->missing, kept->missing_count, naive->missing) &&
	       same_areas(catalogue, kept->carried, kept->carried_count, naive->carried);
}

static void compare_one(const struct scene *scene, struct snapshot *snapshot, uint64_t seed,
                        uint32_t indicator, uint32_t area, struct period period)
{
	const struct catalogue *catalogue = &scene->world->catalogue;
	const struct naive_question question = {.world = scene->world,
	                                        .formula = catalogue->indicators[indicator].formula,
	                                        .decimals = catalogue->indicators[indicator].decimals,
	                                        .complete = catalogue->indicators[indicator].coverage ==
	                                                    COVERAGE_COMPLETE,
	                                        .area = area,
	                                        .period = period};
	struct naive_answer naive;
	struct stored_value kept;
	int result = snapshot_value(snapshot, catalogue->indicators[indicator].id, catalogue->areas[area].id,
	                            period, &kept);
	assert_true(result == 0 || result == SNAPSHOT_NOTHING);
	naive_evaluate(&question, &naive);
	bool wanted = naive.cells > 0 && period_first_day(period) <= frontier_of(scene, indicator);
	values_compared++;
	values_present += wanted;
	if (wanted == (result == 0) && (!wanted || agree(scene, &kept, &naive)))
		return;
	char text[PERIOD_TEXT_SIZE];
	period_format(period, text);
	print_error("city %llu: indicator %u area %u %s: kept %s %lld %c %u/%u, naive %s %lld %c %u/%u\n",
	            (unsigned long long)seed, indicator, area, text,
	            result ? "nothing" : value_state_text(kept.state), result ? 0 : (long long)kept.units,
	            result ? '-' : kept.status, result ? 0 : kept.reported, result ? 0 : kept.expected,
	            wanted ? value_state_text(naive.state) : "nothing", (long long)naive.units, naive.status,
	            naive.reported, naive.expected);
	fail();
}

static void compare_everything(struct random_source *sample, const struct scene *scene, uint64_t seed,
                               unsigned percent)
{
	const struct catalogue *catalogue = &scene->world->catalogue;
	struct snapshot *snapshot;
	assert_int_equal(snapshot_open(scene->store, &snapshot), 0);
	for (uint32_t i = 0; i < catalogue->indicator_count; i++)
		for (uint32_t area = 0; area < catalogue->area_count; area++)
			for (enum period_frequency frequency = PERIOD_ANNUAL;
			     frequency <= catalogue->indicators[i].frequency && frequency <= PERIOD_MONTH;
			     frequency++) {
				struct period period = period_make(frequency, FIRST_YEAR, 0);
				const struct period end = period_make(frequency, LAST_YEAR, 0);
				for (; period.code < end.code; period.code++)
					if (random_percent(sample, percent))
						compare_one(scene, snapshot, seed, i, area, period);
			}
	snapshot_close(snapshot);
}

static void every_kept_value_is_what_the_naive_evaluator_says(void **state)
{
	const struct size *size = chosen();
	(void)state;
	for (uint64_t seed = 1; seed <= size->cities; seed++) {
		struct random_source source = {seed * 77};
		struct scene scene;
		open_scene(&scene, seed);
		send_reports(&source, &scene, size);
		compare_everything(&source, &scene, seed, size->sampled);
		close_scene(&scene);
	}
	print_message("%lu observations in %lu commits; %lu places compared, %lu of them with a value\n",
	              observations_sent, commits_made, values_compared, values_present);
}

/* ---- order, split and repetition ---- */

/* A hash of everything that a reader sees and that does not say when: cells, kept values and coverage. */
static void digest(const struct scene *scene, uint8_t ret_hash[ENVELOPE_HASH_SIZE])
{
	const struct catalogue *catalogue = &scene->world->catalogue;
	struct snapshot *snapshot;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	assert_int_equal(snapshot_open(scene->store, &snapshot), 0);
	for (uint32_t i = 0; i < catalogue->indicator_count; i++)
		for (uint32_t area = 0; area < catalogue->area_count; area++)
			for (enum period_frequency frequency = PERIOD_ANNUAL; frequency <= PERIOD_MONTH;
			     frequency++) {
				struct period period = period_make(frequency, FIRST_YEAR, 0);
				const struct period end = period_make(frequency, LAST_YEAR, 0);
				for (; period.code < end.code; period.code++) {
					struct stored_value kept;
					if (snapshot_value(snapshot, catalogue->indicators[i].id,
					                   catalogue->areas[area].id, period, &kept) != 0)
						continue;
					kept.commit = 0;
					fwrite(&period, sizeof period, 1, out);
					fprintf(out, "%u %u %d %lld %c %u %u %u %u", i, area, kept.state,
					        (long long)kept.units, kept.status, kept.reported,
					        kept.expected, kept.missing_count, kept.carried_count);
					fwrite(kept.missing, sizeof kept.missing[0], kept.missing_count, out);
					fwrite(kept.carried, sizeof kept.carried[0], kept.carried_count, out);
				}
			}
	snapshot_close(snapshot);
	fclose(out);
	envelope_hash(text, size, ret_hash);
	free(text);
}

/* What is current in a store, as observations. */
static size_t list_current(const struct scene *scene, struct observation *ret, size_t most)
{
	const struct catalogue *catalogue = &scene->world->catalogue;
	struct snapshot *snapshot;
	size_t count = 0;
	assert_int_equal(snapshot_open(scene->store, &snapshot), 0);
	struct cell_source cells = snapshot_cells(snapshot);
	for (uint32_t i = 0; i < catalogue->statistic_count; i++) {
		enum period_frequency frequency = catalogue->statistics[i].frequency;
		struct period period = period_make(frequency, RANDOM_FIRST_YEAR, 0);
		const struct period end = period_make(frequency, RANDOM_LAST_YEAR + 1, 0);
		for (; period.code < end.code; period.code++)
			for (uint32_t area = 0; area < catalogue->group_first; area++) {
				const struct cell_row *row;
				uint32_t id = catalogue->areas[area].id;
				assert_int_equal(cells.row(cells.context, catalogue->statistics[i].id, period,
				                           id / CELLS_PER_ROW, &row),
				                 0);
				if (!row || row->cell[id % CELLS_PER_ROW].entry == 0)
					continue;
				assert_true(count < most);
				ret[count++] =
				    (struct observation){.statistic = i,
				                         .area = area,
				                         .period = period,
				                         .status = row->cell[id % CELLS_PER_ROW].status,
				                         .value = row->cell[id % CELLS_PER_ROW].value};
			}
	}
	snapshot_close(snapshot);
	return count;
}

static void shuffle(struct random_source *source, struct observation *observations, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = random_below(source, (uint32_t)i);
		struct observation swapped = observations[i - 1];
		observations[i - 1] = observations[other];
		observations[other] = swapped;
	}
}

static void send_shuffled(struct random_source *source, struct scene *scene, struct observation *observations,
                          size_t count)
{
	shuffle(source, observations, count);
	for (size_t at = 0; at < count;) {
		struct mail *group = NULL;
		for (uint32_t reports = 1 + random_below(source, 9); reports > 0 && at < count; reports--) {
			size_t size = 1 + random_below(source, 40);
			size = size < count - at ? size : count - at;
			append(&group, new_passage(++scene->sequence, observations + at, size));
			at += size;
		}
		decide(scene, group);
	}
}

static void another_order_and_split_gives_the_same_store(void **state)
{
	enum { MOST = 20000 };
	const struct size *size = chosen();
	struct observation *current = malloc(MOST * sizeof *current);
	(void)state;
	for (uint64_t seed = 1; seed <= size->cities / 2; seed++) {
		struct random_source source = {seed * 991};
		struct scene first, second;
		uint8_t before[ENVELOPE_HASH_SIZE], after[ENVELOPE_HASH_SIZE];
		open_scene(&first, seed);
		send_reports(&source, &first, size);
		size_t count = list_current(&first, current, MOST);
		open_scene(&second, seed);
		send_shuffled(&source, &second, current, count);
		digest(&first, before);
		digest(&second, after);
		assert_memory_equal(before, after, sizeof before);
		close_scene(&first);
		close_scene(&second);
	}
	free(current);
}

/* ---- the past ---- */

struct sight {
	FILE *out;
};

static int write_sight(void *context, struct period period, const struct stored_value *value)
{
	struct sight *sight = context;
	fwrite(&period, sizeof period, 1, sight->out);
	fprintf(sight->out, "%d %lld %c %u %u %llu;", value->state, (long long)value->units, value->status,
	        value->reported, value->expected, (unsigned long long)value->commit);
	return 0;
}

static void write_cells_seen(const struct scene *scene, struct snapshot *snapshot, FILE *out)
{
	const struct catalogue *catalogue = &scene->world->catalogue;
	struct cell_source cells = snapshot_cells(snapshot);
	for (uint32_t i = 0; i < catalogue->statistic_count; i++) {
		struct extent extent;
		if (snapshot_extent(snapshot, catalogue->statistics[i].id, &extent) != 0)
			continue;
		enum period_frequency frequency = catalogue->statistics[i].frequency;
		struct period period = period_of_day(extent.first_day, frequency);
		const struct period last = period_of_day(extent.last_day, frequency);
		for (; period.code <= last.code; period.code++) {
			const struct cell_row *row;
			assert_int_equal(
			    cells.row(cells.context, catalogue->statistics[i].id, period, 0, &row), 0);
			for (unsigned at = 0; row && at < CELLS_PER_ROW; at++)
				if (row->cell[at].entry != 0)
					fprintf(out, "%u %u %lld %llu;", period.code, at,
					        (long long)row->cell[at].value,
					        (unsigned long long)row->cell[at].entry);
		}
	}
}

static void hash_moment(const struct scene *scene, struct snapshot *snapshot,
                        uint8_t ret_hash[ENVELOPE_HASH_SIZE])
{
	const struct catalogue *catalogue = &scene->world->catalogue;
	char *text;
	size_t size;
	struct sight sight = {.out = open_memstream(&text, &size)};
	for (uint32_t i = 0; i < catalogue->indicator_count; i++)
		for (uint32_t area = 0; area < catalogue->area_count; area++)
			for (enum period_frequency frequency = PERIOD_ANNUAL; frequency <= PERIOD_QUARTER;
			     frequency++)
				assert_int_equal(snapshot_walk_values(snapshot, catalogue->indicators[i].id,
				                                      catalogue->areas[area].id,
				                                      period_make(frequency, FIRST_YEAR, 0),
				                                      period_make(frequency, LAST_YEAR, 0),
				                                      write_sight, &sight),
				                 0);
	write_cells_seen(scene, snapshot, sight.out);
	fclose(sight.out);
	envelope_hash(text, size, ret_hash);
	free(text);
}

static void look_back(const struct scene *scene, uint64_t commit, const uint8_t live[ENVELOPE_HASH_SIZE])
{
	struct snapshot *snapshot;
	struct moment moment;
	uint8_t then[ENVELOPE_HASH_SIZE];
	assert_int_equal(snapshot_open(scene->store, &snapshot), 0);
	assert_int_equal(snapshot_find_commit(snapshot, commit, &moment), 0);
	snapshot_go_back(snapshot, &moment);
	hash_moment(scene, snapshot, then);
	snapshot_close(snapshot);
	if (memcmp(live, then, sizeof then) != 0)
		print_error("commit %llu looks otherwise now than it did\n", (unsigned long long)commit);
	assert_memory_equal(live, then, sizeof then);
	commits_looked_back_on++;
}

static void every_commit_looks_back_as_it_was_live(void **state)
{
	enum { FIRST_COMMIT = 2 };
	const unsigned commits = chosen()->commits;
	uint8_t(*live)[ENVELOPE_HASH_SIZE] = calloc(commits, sizeof *live);
	struct random_source source = {4711};
	struct scene scene;
	(void)state;
	open_scene(&scene, 3);
	for (unsigned i = 0; i < commits; i++) {
		struct mail *group = NULL;
		struct snapshot *snapshot;
		while (!group)
			add_report(&source, &scene, 4, &group);
		decide(&scene, group);
		assert_int_equal(snapshot_open(scene.store, &snapshot), 0);
		hash_moment(&scene, snapshot, live[i]);
		snapshot_close(snapshot);
	}
	for (unsigned i = 0; i < commits; i++)
		look_back(&scene, FIRST_COMMIT + i, live[i]);
	print_message("%lu commits looked back on\n", commits_looked_back_on);
	close_scene(&scene);
	free(live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_kept_value_is_what_the_naive_evaluator_says),
	    cmocka_unit_test(another_order_and_split_gives_the_same_store),
	    cmocka_unit_test(every_commit_looks_back_as_it_was_live),
	};
	return cmocka_run_group_tests_name("daemon_engine", tests, NULL, NULL);
}
