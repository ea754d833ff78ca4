#include "daemon/query/past.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 4

struct kept_catalogue {
	uint8_t hash[STORE_HASH_SIZE];
	struct catalogue *catalogue; /* NULL: the place is free */
	struct evaluator *evaluator;
};

struct past {
	struct kept_catalogue kept[KEPT]; /* the one used last comes first */
};

int past_new(struct past **ret_past)
{
	struct past *past = calloc(1, sizeof *past);
	if (!past)
		return -ENOMEM;
	*ret_past = past;
	return 0;
}

static void forget(struct kept_catalogue *kept)
{
	evaluator_free(kept->evaluator);
	catalogue_free(kept->catalogue);
	*kept = (struct kept_catalogue){.catalogue = NULL};
}

void past_free(struct past *past)
{
	if (!past)
		return;
	for (size_t i = 0; i < KEPT; i++)
		forget(&past->kept[i]);
	free(past);
}

/* It was in force, so it was right: what is wrong with it now are the bytes. */
static int build(struct snapshot *snapshot, const void *bytes, size_t size, struct kept_catalogue *kept)
{
	struct catalogue_files files;
	int result = catalogue_files_unpack(bytes, size, &files);
	if (result != 0)
		return result;
	result = catalogue_build(&files, "journal", stderr, &kept->catalogue);
	catalogue_files_done(&files);
	if (result == 0)
		result = snapshot_bind_catalogue(snapshot, kept->catalogue);
	if (result == 0)
		result = evaluator_new(kept->catalogue, &kept->evaluator);
	if (result != 0)
		forget(kept);
	return result > 0 ? (int)FAULT_CORRUPT : result;
}

/* To the front, those before it one back. */
static void use(struct past *past, size_t at)
{
	struct kept_catalogue used = past->kept[at];
	memmove(&past->kept[1], &past->kept[0], at * sizeof used);
	past->kept[0] = used;
}

int past_find(struct past *past, struct snapshot *snapshot, const struct catalogue **ret_catalogue,
              struct evaluator **ret_evaluator)
{
	struct kept_catalogue fresh = {.catalogue = NULL};
	const void *bytes;
	size_t size, at = 0;
	int result = snapshot_catalogue(snapshot, &bytes, &size, fresh.hash);
	if (result != 0)
		return result;
	while (at < KEPT &&
	       (!past->kept[at].catalogue || memcmp(past->kept[at].hash, fresh.hash, sizeof fresh.hash) != 0))
		at++;
	if (at == KEPT) {
		result = build(snapshot, bytes, size, &fresh);
		if (result != 0)
			return result;
		at = KEPT - 1;
		forget(&past->kept[at]);
		past->kept[at] = fresh;
	}
	use(past, at);
	*ret_catalogue = past->kept[0].catalogue;
	*ret_evaluator = past->kept[0].evaluator;
	return 0;
}
