/* Reports through the whole pipeline into a store, with the changed values as they are published.
 *
 * Every report gets an ack that can be read; the same reports again get the same answers and change nothing; and whatever is
 * kept of an indicator afterwards is what evaluating it anew gives. An input is Reports, each as a part of mutate.h, whose number says
 * whether the group ends with it. A stream of sixteen sevens is a new one for every input, so that what came before does not
 * matter; but the store holds what some hundred inputs brought. It is in memory where there is such a place. */
#include "daemon/base/log.h"
#include "daemon/pipeline.h"
#include "daemon/publish/update.h"
#include "proto/envelope.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/mutate_report.h"
#include "tests/lib/scratch.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUP_MAX    8
#define RUNS_A_STORE 300
#define WORDS_MAX    256
#define WALL_MS      INT64_C(1714536000000)

static struct catalogue *catalogue;
static struct evaluator *evaluator;
static struct store *store;
static struct writer *writer;
static struct reception *reception;
static struct publisher *publisher;
static char *folder;
static uint64_t runs;
static const char *words[WORDS_MAX];
static size_t word_count;

/* ---- a store for some hundred runs ---- */

static void load(void)
{
	const char *source = getenv("SUANPAN_SOURCE");
	char path[4096];
	snprintf(path, sizeof path, "%s/tests/data/catalogue/changed", source ? source : ".");
	if (catalogue_load(path, stderr, &catalogue) != 0)
		abort();
}

static void open_store(void)
{
	struct adoption *adoption = calloc(1, sizeof *adoption);
	const struct changed_value *changed;
	size_t count;
	load();
	folder = scratch_new();
	char *path = scratch_path(folder, "store");
	if (!adoption || store_open(path, &store) != 0 || writer_new(NULL, store, &writer) != 0)
		abort();
	free(path);
	adoption->catalogue = catalogue;
	adoption->files = strdup("changed");
	adoption->files_size = strlen("changed");
	adoption->totals_differ = true;
	if (pipeline_adopt(writer, adoption, WALL_MS, false, &changed, &count) != 0 || !adoption->adopted)
		abort();
	adoption_free(adoption);
	if (reception_new(catalogue, &reception) != 0 || evaluator_new(catalogue, &evaluator) != 0 ||
	    publisher_new(catalogue, 1, &publisher) != 0)
		abort();
}

static void close_store(void)
{
	publisher_free(publisher);
	evaluator_free(evaluator);
	reception_free(reception);
	writer_free(writer);
	store_close(store);
	catalogue_free(catalogue);
	scratch_free(folder);
}

static void add_word(const char *word)
{
	char *copy = strdup(word);
	assert(copy && word_count < WORDS_MAX);
	words[word_count++] = copy;
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	static const char *const others[] = {"2019",       "2020",       "2021",    "2022",    "2018-S2",
	                                     "2021-S1",    "2021-S2",    "2020-Q4", "2021-Q3", "2021-06",
	                                     "2021-07",    "2020-12",    "2022-01", "2024-02", "2021-06-30",
	                                     "2021-07-01", "2020-02-29", "",        "a note"};
	(void)count;
	(void)arguments;
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	log_set_level(LOG_LEVEL_ERROR); /* every refusal is a line */
	open_store();
	for (uint32_t i = 0; i < catalogue->statistic_count; i++)
		add_word(catalogue->statistics[i].code);
	for (uint32_t i = 0; i < catalogue->area_count; i++)
		add_word(catalogue->areas[i].code);
	for (uint32_t i = 0; i < catalogue->reporter_count; i++)
		add_word(catalogue->reporters[i].code);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		add_word(others[i]);
	atexit(close_store);
	return 0;
}

/* ---- one group ---- */

struct group {
	struct passage *passages[GROUP_MAX];
	size_t count;
};

/* The stream of sevens becomes this run's own, and the bytes a copy from malloc. */
static void *make_payload(const uint8_t *part, size_t length, size_t *ret_size)
{
	static const uint8_t sevens[REPORT_STREAM_SIZE] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
	uint8_t *payload = malloc(length > 0 ? length : 1);
	assert(payload);
	memcpy(payload, part, length);
	uint8_t *stream = memmem(payload, length, sevens, sizeof sevens);
	if (stream)
		memcpy(stream, &runs, sizeof runs);
	*ret_size = length;
	return payload;
}

static Suanpan__Ack *unpack_ack(const struct passage *passage)
{
	assert(passage->ack && passage->ack_size <= ENVELOPE_ANSWER_MAX);
	Suanpan__Ack *ack = suanpan__ack__unpack(NULL, passage->ack_size, passage->ack);
	assert(ack && ack->major == ENVELOPE_MAJOR);
	assert((ack->outcome == SUANPAN__OUTCOME__OUTCOME_ACCEPTED) == (ack->reason == NULL));
	assert(!ack->reason || text_is_valid(ack->reason, strlen(ack->reason)));
	return ack;
}

static void free_group(struct group *group)
{
	for (size_t i = 0; i < group->count; i++)
		passage_free(group->passages[i]);
	group->count = 0;
}

/* Those that go on to the writer; the others have been answered. */
static void receive(struct group *group, void *payload, size_t size)
{
	struct passage *passage = calloc(1, sizeof *passage);
	assert(passage);
	passage->payload = payload;
	passage->payload_size = size;
	int result = pipeline_receive(reception, passage);
	assert(result == 0 || result == PIPELINE_ANSWERED);
	if (result == 0) {
		group->passages[group->count++] = passage;
		return;
	}
	suanpan__ack__free_unpacked(unpack_ack(passage), NULL);
	passage_free(passage);
}

static void decide(struct group *group, const struct changed_value **ret_changed, size_t *ret_count)
{
	for (size_t i = 0; i < group->count; i++)
		group->passages[i]->mail.next = i + 1 < group->count ? &group->passages[i + 1]->mail : NULL;
	if (pipeline_decide(writer, &group->passages[0]->mail, WALL_MS + (int64_t)runs, true, ret_changed,
	                    ret_count) != 0)
		abort();
}

/* ---- what must hold ---- */

static void check_published(const struct changed_value *changed, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *topic;
		const void *bytes;
		size_t size;
		int result = publisher_pack(publisher, &changed[i], &topic, &bytes, &size);
		assert(result == 0 || result == PUBLISHER_HIDDEN);
		assert(result != 0 || (size > 0 && strncmp(topic, ENVELOPE_TOPIC_PREFIX, 5) == 0));
	}
}

static void check_kept(struct snapshot *snapshot, uint32_t which, uint32_t area, struct period period)
{
	const struct indicator *indicator = &catalogue->indicators[which];
	struct cell_source source = snapshot_cells(snapshot);
	struct stored_value kept;
	struct value value;
	int result = snapshot_value(snapshot, indicator->id, catalogue->areas[area].id, period, &kept);
	assert(result == 0 || result == SNAPSHOT_NOTHING);
	if (result != 0)
		return;
	if (evaluate_indicator(evaluator, which, area, period, &source, &value) != 0)
		abort();
	assert(kept.state == value.state && kept.status == value.status);
	assert(kept.state != VALUE_PRESENT || kept.units == value.units);
	assert(kept.reported == value.reported && kept.expected == value.expected);
}

/* Around every touched place: its own year, the next, and its month. */
static void check_around(struct snapshot *snapshot, const struct observation *observation)
{
	struct period year = period_containing(observation->period, PERIOD_ANNUAL), next;
	for (uint32_t which = 0; which < catalogue->indicator_count; which++)
		for (uint32_t area = 0; area < catalogue->area_count; area++) {
			check_kept(snapshot, which, area, year);
			if (period_shift(year, 1, &next))
				check_kept(snapshot, which, area, next);
			if (catalogue->indicators[which].frequency >= PERIOD_MONTH)
				check_kept(snapshot, which, area,
				           period_of_day(period_last_day(observation->period), PERIOD_MONTH));
		}
}

static void check_values(const struct group *group)
{
	struct snapshot *snapshot;
	size_t looked = 0;
	if (snapshot_open(store, &snapshot) != 0)
		abort();
	for (size_t i = 0; i < group->count; i++)
		for (size_t j = 0; j < group->passages[i]->observation_count && looked < 2; j++, looked++)
			check_around(snapshot, &group->passages[i]->observations[j]);
	snapshot_close(snapshot);
}

static struct group copy_group(const struct group *group)
{
	struct group copy = {.count = 0};
	for (size_t i = 0; i < group->count; i++) {
		const struct passage *passage = group->passages[i];
		void *payload = malloc(passage->payload_size);
		assert(payload);
		memcpy(payload, passage->payload, passage->payload_size);
		receive(&copy, payload, passage->payload_size);
	}
	return copy;
}

static bool is_decided(const Suanpan__Ack *ack)
{
	return ack->outcome == SUANPAN__OUTCOME__OUTCOME_ACCEPTED ||
	       ack->outcome == SUANPAN__OUTCOME__OUTCOME_REFUSED;
}

/* The whole group a second time: what was decided then is not decided anew. Answers whether all of it was; a report that came too
 * early the first time may be accepted now. */
static bool check_repeated(const struct group *group, const struct group *again)
{
	bool were_all_decided = true;
	assert(again->count == group->count);
	for (size_t i = 0; i < group->count; i++) {
		Suanpan__Ack *first = unpack_ack(group->passages[i]),
		             *second = unpack_ack(again->passages[i]);
		bool was_decided = is_decided(first);
		assert(!was_decided || (second->outcome == first->outcome && second->repeated_report));
		assert(!was_decided || (second->commit == first->commit && second->entry == first->entry));
		assert(!was_decided || second->n_problem == first->n_problem);
		were_all_decided &= was_decided;
		suanpan__ack__free_unpacked(first, NULL);
		suanpan__ack__free_unpacked(second, NULL);
	}
	return were_all_decided;
}

static void end_group(struct group *group)
{
	const struct changed_value *changed;
	size_t count;
	if (group->count == 0)
		return;
	struct group again = copy_group(group);
	decide(group, &changed, &count);
	check_published(changed, count);
	check_values(group);
	decide(&again, &changed, &count);
	bool were_all_decided = check_repeated(group, &again);
	assert(count == 0 || !were_all_decided);
	free_group(&again);
	free_group(group);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct group group = {.count = 0};
	const uint8_t *part;
	uint32_t number, length;
	size_t at = 0;
	if (++runs % RUNS_A_STORE == 0) {
		close_store();
		open_store();
	}
	for (size_t parts = 0; parts < 6 && next_part(bytes, size, &at, &number, &part, &length); parts++) {
		size_t payload_size;
		void *payload = make_payload(part, length, &payload_size);
		receive(&group, payload, payload_size);
		if (number % 2)
			end_group(&group);
	}
	end_group(&group);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
	const struct mutation mutation = {.descriptor = &suanpan__report__descriptor,
	                                  .words = words,
	                                  .word_count = word_count,
	                                  .mutate = mutate_report};
	return mutate_parts(&mutation, 0, bytes, size, room, seed);
}
