/* The packed files of a catalogue, as the journal holds them: what can be unpacked is the same when it is packed again, and
 * can be built or is refused in words. */
#include "daemon/catalogue/catalogue.h"
#include "tests/fuzz/fuzz.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static FILE *errors;
static char *said;
static size_t said_size;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	errors = open_memstream(&said, &said_size);
	if (!errors)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct catalogue_files files;
	struct catalogue *catalogue;
	void *again;
	size_t packed;
	int result = catalogue_files_unpack(bytes, size, &files);
	assert(result == 0 || result == FAULT_CORRUPT);
	if (result != 0)
		return 0;
	if (catalogue_files_pack(&files, &again, &packed) != 0)
		abort();
	assert(packed == size && memcmp(again, bytes, size) == 0);
	free(again);
	result = catalogue_build(&files, "journal", errors, &catalogue);
	assert(result == 0 || (result == CATALOGUE_REFUSED && ftell(errors) > 0));
	rewind(errors);
	if (result == 0)
		catalogue_free(catalogue);
	catalogue_files_done(&files);
	return 0;
}
