/* A small city for tests: its catalogue, a real store in a temporary folder, reports that go into it as the
 * daemon's writer would put them there, and queries that come out of it.
 *
 * Three districts (liwan and yuexiu are the group central, panyu is outside), the city's bureau, a plan from
 * 2021 to 2025. Everything a test gets from here lives until city_tear_down. */
#ifndef SUANPAN_TESTS_LIB_CITY_H
#define SUANPAN_TESTS_LIB_CITY_H

#include "daemon/query/answer.h"
#include "proto/suanpan.pb-c.h"

#define CITY_WALL_MS INT64_C(1714536000000) /* 2024-05-01T12:00:00+08:00; every report a second later */

struct city {
	struct catalogue *catalogue;
	struct store *store;
	struct evaluator *evaluator;
	struct past *past;
	struct arena *arena;
	char *folder;
	uint64_t sequence;
	/* Of the last query: all its chunks, and how the sink behaved. */
	Suanpan__Answer **answers;
	size_t answer_count;
	size_t fail_at; /* the chunk that the sink refuses; 0: none */
	int failure;    /* what it answers then */
};

/* For cmocka: *state is a struct city. */
int city_set_up(void **state);
int city_tear_down(void **state);

struct sighting {
	const char *statistic, *area, *period;
	int64_t value;
	char status; /* 0 stands for A */
	const char *note;
};
/* One report, accepted and committed, with all indicators evaluated anew. */
void city_report(struct city *city, const char *reporter, const char *source,
                 const struct sighting *sightings, size_t count);
#define CITY_REPORT(city, reporter, source, ...)                                                             \
	city_report(city, reporter, source, (const struct sighting[]){__VA_ARGS__},                          \
	            sizeof(const struct sighting[]){__VA_ARGS__} / sizeof(struct sighting))

/* Raw bytes, and what query_answer answered. */
int city_ask_bytes(struct city *city, const void *bytes, size_t size);
/* Sets major and number, asserts that all is well with the chunks as such, and answers the first of them. */
const Suanpan__Answer *city_ask(struct city *city, Suanpan__Query *query);
/* Asserts that the query is refused so, and that the sentence holds `part`; answers the failure. */
const Suanpan__Failure *city_must_refuse(struct city *city, Suanpan__Query *query, Suanpan__FailureKind kind,
                                         const char *part);

#endif
