#include "tests/lib/city_check.h"

#include "daemon/base/arena.h"
#include "daemon/intake/check.h"
#include <stdio.h>
#include <stdlib.h>

bool city_would_accept(const struct city *city, const void *bytes, size_t size)
{
	struct checked_report checked;
	arena_reset(city->arena);
	int result = intake_check(city->catalogue, CATALOGUE_NONE, bytes, size, city->arena, &checked);
	if (result != 0)
		fprintf(stderr, "%d: %s\n", result, checked.reason);
	for (size_t i = 0; i < checked.problem_count; i++)
		fprintf(stderr, "row %llu: %s\n", (unsigned long long)checked.problems[i]->row,
		        checked.problems[i]->text);
	free(checked.observations);
	return result == 0;
}
