#include "daemon/publish/update.h"

#include "daemon/base/arena.h"
#include "daemon/query/wording_alert.h"
#include "proto/envelope.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define UPDATE_BUDGET (1u << 20)

struct publisher {
	const struct catalogue *catalogue;
	uint64_t epoch;
	uint64_t *sequences;      /* one per indicator, then one per statistic */
	uint64_t *next_sequences; /* for the catalogue to come */
	struct arena *arena;
	uint64_t alert_sequence;
	struct wording words;
	char topic[ENVELOPE_TOPIC_MAX + 1];
	void *bytes;
};

static uint64_t *new_sequences(const struct catalogue *catalogue)
{
	return calloc((size_t)catalogue->indicator_count + catalogue->statistic_count + 1, sizeof(uint64_t));
}

int publisher_new(const struct catalogue *catalogue, uint64_t epoch, struct publisher **ret_publisher)
{
	struct publisher *publisher = calloc(1, sizeof *publisher);
	if (!publisher)
		return -ENOMEM;
	publisher->catalogue = catalogue;
	publisher->epoch = epoch;
	publisher->sequences = new_sequences(catalogue);
	int result = publisher->sequences ? arena_new(UPDATE_BUDGET, &publisher->arena) : -ENOMEM;
	if (result != 0) {
		publisher_free(publisher);
		return result;
	}
	wording_init(&publisher->words, catalogue, publisher->arena, LANGUAGE_EN);
	*ret_publisher = publisher;
	return 0;
}

/* The counts of the codes that both know go on. */
static void carry_sequences(const struct publisher *publisher, const struct catalogue *catalogue,
                            uint64_t *sequences)
{
	const struct catalogue *before = publisher->catalogue;
	for (uint32_t i = 0; i < before->indicator_count; i++) {
		uint32_t now = catalogue_find_indicator(catalogue, before->indicators[i].code);
		if (now != CATALOGUE_NONE)
			sequences[now] = publisher->sequences[i];
	}
	for (uint32_t i = 0; i < before->statistic_count; i++) {
		uint32_t now = catalogue_find_statistic(catalogue, before->statistics[i].code);
		if (now != CATALOGUE_NONE)
			sequences[catalogue->indicator_count + now] =
			    publisher->sequences[before->indicator_count + i];
	}
}

int publisher_prepare(struct publisher *publisher, const struct catalogue *catalogue)
{
	free(publisher->next_sequences);
	publisher->next_sequences = new_sequences(catalogue);
	return publisher->next_sequences ? 0 : -ENOMEM;
}

void publisher_switch(struct publisher *publisher, const struct catalogue *catalogue)
{
	carry_sequences(publisher, catalogue, publisher->next_sequences);
	free(publisher->sequences);
	publisher->sequences = publisher->next_sequences;
	publisher->next_sequences = NULL;
	publisher->catalogue = catalogue;
	wording_done(&publisher->words);
	wording_init(&publisher->words, catalogue, publisher->arena, LANGUAGE_EN);
}

void publisher_free(struct publisher *publisher)
{
	if (!publisher)
		return;
	wording_done(&publisher->words);
	arena_free(publisher->arena);
	free(publisher->sequences);
	free(publisher->next_sequences);
	free(publisher->bytes);
	free(publisher);
}

static int pack(struct publisher *publisher, Suanpan__Update update, size_t *ret_size)
{
	update.major = ENVELOPE_MAJOR;
	update.epoch = publisher->epoch;
	free(publisher->bytes);
	publisher->bytes = NULL;
	return envelope_pack(&update.base, ENVELOPE_ANSWER_MAX, &publisher->bytes, ret_size);
}

int publisher_pack_welcome(struct publisher *publisher, const void **ret_bytes, size_t *ret_size)
{
	int result = pack(publisher, (Suanpan__Update)SUANPAN__UPDATE__INIT, ret_size);
	if (result == 0)
		*ret_bytes = publisher->bytes;
	return result;
}

/* What changed, by the code people know it under. */
struct subject {
	struct measure measure;
	uint64_t *sequence;
	bool hidden; /* an indicator of the same code stands in front of the statistic */
};

static struct subject find_subject(struct publisher *publisher, const struct changed_value *changed)
{
	const struct catalogue *catalogue = publisher->catalogue;
	if (!changed->is_statistic)
		return (struct subject){.measure =
		                            measure_of_indicator(&catalogue->indicators[changed->which]),
		                        .sequence = &publisher->sequences[changed->which]};
	const struct statistic *statistic = &catalogue->statistics[changed->which];
	return (struct subject){
	    .measure = measure_of_statistic(statistic),
	    .sequence = &publisher->sequences[catalogue->indicator_count + changed->which],
	    .hidden = catalogue_find_indicator(catalogue, statistic->code) != CATALOGUE_NONE,
	};
}

int publisher_pack(struct publisher *publisher, const struct changed_value *changed, const char **ret_topic,
                   const void **ret_bytes, size_t *ret_size)
{
	const struct subject subject = find_subject(publisher, changed);
	struct kept_value kept;
	if (subject.hidden)
		return PUBLISHER_HIDDEN;
	/* Counted even if it is lost below: that is how its subscribers learn of it. */
	uint64_t sequence = ++*subject.sequence;
	arena_reset(publisher->arena);
	wording_kept(&publisher->words, &changed->value, &kept);
	Suanpan__Value value = wording_value(&publisher->words, &subject.measure, changed->area,
	                                     changed->period, &kept.value, changed->value.commit);
	if (publisher->words.exhausted) {
		publisher->words.exhausted = false;
		return -ENOMEM;
	}
	Suanpan__Update update = SUANPAN__UPDATE__INIT;
	update.sequence = sequence;
	update.value = &value;
	int result = pack(publisher, update, ret_size);
	if (result != 0)
		return result;
	snprintf(publisher->topic, sizeof publisher->topic, ENVELOPE_TOPIC_PREFIX "%s.%s",
	         subject.measure.code, publisher->catalogue->areas[changed->area].code);
	*ret_topic = publisher->topic;
	*ret_bytes = publisher->bytes;
	return 0;
}

int publisher_pack_alert(struct publisher *publisher, const struct alert *alert, const char **ret_topic,
                         const void **ret_bytes, size_t *ret_size)
{
	Suanpan__Update update = SUANPAN__UPDATE__INIT;
	update.sequence = ++publisher->alert_sequence;
	arena_reset(publisher->arena);
	Suanpan__Alert row = wording_alert(&publisher->words, alert);
	update.alert = &row;
	if (publisher->words.exhausted) {
		publisher->words.exhausted = false;
		return -ENOMEM;
	}
	int result = pack(publisher, update, ret_size);
	if (result != 0)
		return result;
	snprintf(publisher->topic, sizeof publisher->topic, ENVELOPE_TOPIC_ALERT "%" PRIu64, alert->number);
	*ret_topic = publisher->topic;
	*ret_bytes = publisher->bytes;
	return 0;
}
