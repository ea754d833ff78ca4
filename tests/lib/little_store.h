/* A store of the little city: its catalogue is adopted as commit 1, at 1000 ms. */
#ifndef SUANPAN_TESTS_LIB_LITTLE_STORE_H
#define SUANPAN_TESTS_LIB_LITTLE_STORE_H

#include "daemon/store/store.h"
#include "tests/lib/little_city.h"

struct little_store {
	char *folder, *path;
	struct catalogue *catalogue;
	struct store *store;
	uint64_t sequence; /* of the last report: the test's own to count */
};

/* Fails the test if it cannot. */
void little_store_init(struct little_store *little);
void little_store_done(struct little_store *little);

/* The same for cmocka, as the whole of a test's state. */
int little_store_set_up(void **state);
int little_store_tear_down(void **state);

#endif
