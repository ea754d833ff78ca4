#include "daemon/publish/update.h"

#include "daemon/base/arena.h"
#include "daemon/query/wording.h"
#include "proto/envelope.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define UPDATE_BUDGET (1u << 20)

struct publisher {
	const struct catalogue *catalogue;
	uint64_t epoch;
	uint64_t *sequences; /* one per indicator */
	struct arena *arena;
	struct wording words;
	char topic[ENVELOPE_TOPIC_MAX + 1];
	void *bytes;
};

int publisher_new(const struct catalogue *catalogue, uint64_t epoch, struct publisher **ret_publisher)
{
	struct publisher *publisher = calloc(1, sizeof *publisher);
	if (!publisher)
		return -ENOMEM;
	publisher->catalogue = catalogue;
	publisher->epoch = epoch;
	publisher->sequences = calloc(catalogue->indicator_count + 1, sizeof *publisher->sequences);
	int result = publisher->sequences ? arena_new(UPDATE_BUDGET, &publisher->arena) : -ENOMEM;
	if (result != 0) {
		publisher_free(publisher);
		return result;
	}
	wording_init(&publisher->words, catalogue, publisher->arena, LANGUAGE_EN);
	*ret_publisher = publisher;
	return 0;
}

void publisher_free(struct publisher *publisher)
{
	if (!publisher)
		return;
	wording_done(&publisher->words);
	arena_free(publisher->arena);
	free(publisher->sequences);
	free(publisher->bytes);
	free(publisher);
}

static int pack(struct publisher *publisher, Suanpan__Value *value, uint64_t sequence, size_t *ret_size)
{
	Suanpan__Update update;
	suanpan__update__init(&update);
	update.major = ENVELOPE_MAJOR;
	update.epoch = publisher->epoch;
	update.sequence = sequence;
	update.value = value;
	free(publisher->bytes);
	publisher->bytes = NULL;
	return envelope_pack(&update.base, ENVELOPE_ANSWER_MAX, &publisher->bytes, ret_size);
}

int publisher_pack_welcome(struct publisher *publisher, const void **ret_bytes, size_t *ret_size)
{
	int result = pack(publisher, NULL, 0, ret_size);
	if (result == 0)
		*ret_bytes = publisher->bytes;
	return result;
}

int publisher_pack(struct publisher *publisher, const struct changed_value *changed, const char **ret_topic,
                   const void **ret_bytes, size_t *ret_size)
{
	const struct indicator *indicator = &publisher->catalogue->indicators[changed->indicator];
	const struct measure measure = measure_of_indicator(indicator);
	struct kept_value kept;
	/* Counted even if it is lost below: that is how its subscribers learn of it. */
	uint64_t sequence = ++publisher->sequences[changed->indicator];
	arena_reset(publisher->arena);
	wording_kept(&publisher->words, &changed->value, &kept);
	Suanpan__Value value = wording_value(&publisher->words, &measure, changed->area, changed->period,
	                                     &kept.value, changed->value.commit);
	if (publisher->words.exhausted) {
		publisher->words.exhausted = false;
		return -ENOMEM;
	}
	int result = pack(publisher, &value, sequence, ret_size);
	if (result != 0)
		return result;
	snprintf(publisher->topic, sizeof publisher->topic, ENVELOPE_TOPIC_PREFIX "%s.%s", indicator->code,
	         publisher->catalogue->areas[changed->area].code);
	*ret_topic = publisher->topic;
	*ret_bytes = publisher->bytes;
	return 0;
}
