#include "tests/lib/little_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/adopt.h"
#include "tests/lib/scratch.h"
#include <stdlib.h>

void little_store_init(struct little_store *little)
{
	char *folder = scratch_new();
	*little = (struct little_store){
	    .folder = folder, .path = scratch_path(folder, "store"), .catalogue = little_city_load(folder)};
	assert_int_equal(store_open(little->path, &little->store), 0);
	adopt_catalogue(little->store, little->catalogue, "one", 1000);
}

void little_store_done(struct little_store *little)
{
	store_close(little->store);
	catalogue_free(little->catalogue);
	free(little->path);
	scratch_free(little->folder);
}

int little_store_set_up(void **state)
{
	struct little_store *little = calloc(1, sizeof *little);
	assert_non_null(little);
	little_store_init(little);
	*state = little;
	return 0;
}

int little_store_tear_down(void **state)
{
	little_store_done(*state);
	free(*state);
	return 0;
}
