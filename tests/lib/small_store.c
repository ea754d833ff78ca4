#include "tests/lib/small_store.h"

#include "daemon/pipeline.h"
#include "proto/envelope.h"
#include "tests/lib/adopt.h"
#include "tests/lib/little_city.h"
#include "tests/lib/scratch.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct small_store {
	struct catalogue *catalogue;
	struct store *store;
	struct reception *reception;
	struct writer *writer;
	int64_t now_ms;
};

static void give_up(const char *what)
{
	fprintf(stderr, "tests/lib/small_store: %s\n", what);
	abort();
}

struct small_store *small_store_open(const char *folder, const char *path)
{
	struct small_store *small = calloc(1, sizeof *small);
	small->now_ms = 1700000000000;
	small->catalogue = little_city_load(folder);
	if (store_open(path, &small->store) != 0)
		give_up("cannot open");
	adopt_folder(small->store, small->catalogue, folder, small->now_ms);
	if (reception_new(small->catalogue, &small->reception) != 0 ||
	    writer_new(small->catalogue, small->store, &small->writer) != 0)
		give_up("cannot begin");
	return small;
}

void small_store_report(struct small_store *small, const struct peer_report *report, Suanpan__Outcome outcome)
{
	struct passage *passage = calloc(1, sizeof *passage);
	const struct changed_value *changed;
	size_t count;
	peer_pack(report, &passage->payload, &passage->payload_size);
	small->now_ms += 60000;
	if (pipeline_receive(small->reception, passage) != 0 ||
	    pipeline_decide(small->writer, &passage->mail, small->now_ms, false, &changed, &count) != 0)
		give_up("not decided");
	Suanpan__Ack *ack = suanpan__ack__unpack(NULL, passage->ack_size, passage->ack);
	if (!ack || ack->outcome != outcome)
		give_up("decided otherwise");
	suanpan__ack__free_unpacked(ack, NULL);
	passage_free(passage);
}

void small_store_live(struct small_store *small)
{
	static const char *const months[] = {"2024-01", "2024-02", "2024-03",
	                                     "2024-04", "2024-05", "2024-06"};
	enum { MONTHS = sizeof months / sizeof months[0] };
	struct peer_report north = {.reporter = "north_office", .area = "north", .stream = 7};
	struct peer_report south = {.reporter = "south_office", .area = "south", .stream = 8};
	north.statistic = south.statistic = "people";
	north.period = south.period = "2023";
	north.value = 1000;
	north.sequence++;
	small_store_report(small, &north, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
	south.value = 2000;
	south.sequence++;
	small_store_report(small, &south, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
	for (int i = 0; i < MONTHS; i++) {
		north.statistic = "beds";
		south.statistic = i % 2 ? "beds" : "births";
		north.period = south.period = months[i];
		north.value = 10 + i;
		south.value = 20 + i;
		north.sequence++;
		south.sequence++;
		small_store_report(small, &north, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
		small_store_report(small, &south, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
	}
	north.value = 99; /* a correction */
	north.sequence++;
	small_store_report(small, &north, SUANPAN__OUTCOME__OUTCOME_ACCEPTED);
	north.area = "south"; /* not its own */
	north.sequence++;
	small_store_report(small, &north, SUANPAN__OUTCOME__OUTCOME_REFUSED);
}

struct store *small_store_of(struct small_store *small)
{
	return small->store;
}

void small_store_close(struct small_store *small)
{
	writer_free(small->writer);
	reception_free(small->reception);
	store_close(small->store);
	catalogue_free(small->catalogue);
	free(small);
}

void small_store_unseal(const char *path)
{
	char *seal = scratch_path(path, "data.seal");
	if (unlink(seal) != 0)
		give_up("it was not sealed");
	free(seal);
}
