/* A Report as it comes in from anyone: envelope and intake_check against the catalogue that Suanpan ships, and where that does
 * not know the reporter, against one of a city whose codes changed.
 *
 * What is refused has reasons that can be sent; what is accepted could be stored, and is the same again when its
 * sender's key names the reporter, and when its fields are packed anew. */
#include "daemon/intake/check.h"
#include "proto/envelope.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/mutate_report.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 1024

static struct catalogue *shipped, *changed;
static const struct catalogue *catalogue; /* in force */
static struct arena *arena, *second;
static const char *words[WORDS_MAX];
static size_t word_count;

static void add_word(const char *word)
{
	if (word_count < WORDS_MAX)
		words[word_count++] = word;
}

static void collect_words(const struct catalogue *from)
{
	static const char *const others[] = {
	    "2020",       "2021",       "2019",    "1899",    "2024-S1",
	    "2024-S2",    "2024-Q1",    "2024-Q4", "2020-12", "2021-01",
	    "2024-06",    "2024-02-29", "2024-13", "2014-02", "2021-06",
	    "2021-07",    "2020-S2",    "2019",    "",        "a note",
	    "数量的注释", "\t",         "\x1b[2J", "440103-", "9999999999999999",
	};
	for (uint32_t i = 0; i < from->statistic_count; i++)
		add_word(from->statistics[i].code);
	for (uint32_t i = 0; i < from->area_count; i++)
		add_word(from->areas[i].code);
	for (uint32_t i = 0; i < from->reporter_count; i++)
		add_word(from->reporters[i].code);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		add_word(others[i]);
}

static struct catalogue *load(const char *name)
{
	struct catalogue *loaded;
	const char *source = getenv("SUANPAN_SOURCE");
	char folder[4096];
	snprintf(folder, sizeof folder, "%s/%s", source ? source : ".", name);
	if (catalogue_load(folder, stderr, &loaded) != 0)
		abort();
	for (uint32_t i = 0; i < loaded->reporter_count; i++)
		loaded->reporters[i].id = 70 + i; /* as the store would */
	collect_words(loaded);
	return loaded;
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	shipped = load("config/catalogue");
	changed = load("tests/data/catalogue/changed");
	if (arena_new(ENVELOPE_UNPACK_BUDGET, &arena) != 0 || arena_new(ENVELOPE_UNPACK_BUDGET, &second) != 0)
		abort();
	return 0;
}

/* ---- what must hold ---- */

static void check_sentence(const char *text)
{
	assert(text && *text && text_is_valid(text, strlen(text)));
}

static void check_refusal(const struct checked_report *checked)
{
	Suanpan__Ack ack = SUANPAN__ACK__INIT;
	uint8_t stream[REPORT_STREAM_SIZE];
	void *bytes;
	size_t size;
	check_sentence(checked->reason);
	assert(!checked->observations && checked->observation_count == 0);
	for (size_t i = 0; i < checked->problem_count; i++) {
		check_sentence(checked->problems[i]->text);
		assert(i == 0 || checked->problems[i - 1]->row <= checked->problems[i]->row);
	}
	memcpy(stream, checked->name.stream, sizeof stream);
	ack.major = ENVELOPE_MAJOR;
	ack.has_stream = ack.has_sequence = ack.has_commit = ack.has_entry = 1;
	ack.stream = (ProtobufCBinaryData){.len = sizeof stream, .data = stream};
	ack.sequence = ack.commit = ack.entry = UINT64_MAX;
	ack.outcome = SUANPAN__OUTCOME__OUTCOME_REFUSED;
	ack.reason = (char *)(uintptr_t)checked->reason;
	ack.n_problem = checked->problem_count;
	ack.problem = checked->problems;
	if (envelope_pack(&ack.base, ENVELOPE_ANSWER_MAX, &bytes, &size) != 0)
		abort();
	free(bytes);
}

static void check_observation(const struct reporter *reporter, const struct observation *observation)
{
	assert(observation->statistic < catalogue->statistic_count);
	assert(observation->area < catalogue->group_first);
	const struct statistic *statistic = &catalogue->statistics[observation->statistic];
	const struct area *area = &catalogue->areas[observation->area];
	assert(reporter->statistics[observation->statistic]);
	assert(catalogue_reporter_may_report_area(reporter, observation->area));
	assert(period_is_code(observation->period.code));
	assert(period_frequency_of(observation->period) == statistic->frequency);
	assert(area->level == statistic->level);
	assert(period_first_day(observation->period) >= area->first_day);
	assert(period_last_day(observation->period) <= area->last_day);
	assert(status_is_valid(observation->status));
	assert(status_has_value(observation->status) || observation->value == 0);
}

static void check_same(const struct checked_report *checked, uint32_t reporter, const void *payload,
                       size_t size)
{
	struct checked_report again;
	arena_reset(second);
	if (intake_check(catalogue, reporter, payload, size, second, &again) != 0)
		abort();
	assert(again.observation_count == checked->observation_count);
	assert(again.name.reporter_id == checked->name.reporter_id);
	assert(again.name.sequence == checked->name.sequence);
	assert(memcmp(again.name.stream, checked->name.stream, REPORT_STREAM_SIZE) == 0);
	for (size_t i = 0; i < again.observation_count; i++) {
		const struct observation *a = &again.observations[i], *b = &checked->observations[i];
		assert(a->statistic == b->statistic && a->area == b->area);
		assert(a->period.code == b->period.code && a->status == b->status && a->value == b->value);
	}
	free(again.observations);
}

static void check_packed_anew(const struct checked_report *checked, uint32_t reporter, const uint8_t *payload,
                              size_t size)
{
	Suanpan__Report *report = suanpan__report__unpack(NULL, size, payload);
	void *bytes;
	size_t packed;
	assert(report);
	if (envelope_pack(&report->base, ENVELOPE_REQUEST_MAX, &bytes, &packed) == 0) {
		check_same(checked, reporter, bytes, packed);
		free(bytes);
	}
	suanpan__report__free_unpacked(report, NULL);
}

static void check_acceptance(const struct checked_report *checked, const uint8_t *payload, size_t size)
{
	uint32_t who = 0;
	while (who < catalogue->reporter_count && catalogue->reporters[who].id != checked->name.reporter_id)
		who++;
	assert(who < catalogue->reporter_count);
	assert(!checked->reason && checked->problem_count == 0);
	assert(checked->has_stream && checked->name.sequence > 0);
	assert(checked->oldest <= checked->name.sequence);
	assert(checked->observation_count > 0 && checked->observation_count <= ENVELOPE_OBSERVATIONS_MAX);
	for (size_t i = 0; i < checked->observation_count; i++)
		check_observation(&catalogue->reporters[who], &checked->observations[i]);
	check_same(checked, who, payload, size);
	check_packed_anew(checked, CATALOGUE_NONE, payload, size);
}

static int check(const struct catalogue *in_force, const uint8_t *bytes, size_t size)
{
	struct checked_report checked;
	catalogue = in_force;
	arena_reset(arena);
	int result = intake_check(catalogue, CATALOGUE_NONE, bytes, size, arena, &checked);
	assert(result >=
	       0); /* the machine has memory, and the budget must do for anything that fits a frame */
	if (result == 0)
		check_acceptance(&checked, bytes, size);
	else
		check_refusal(&checked);
	assert(result != CHECK_REFUSED || (checked.has_stream && checked.name.reporter_id > 0));
	free(checked.observations);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (check(shipped, bytes, size) == CHECK_NAMELESS)
		check(changed, bytes, size);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
	const struct mutation mutation = {
	    .descriptor = &suanpan__report__descriptor, .words = words, .word_count = word_count};
	return mutate_report(&mutation, bytes, size, room, seed);
}
