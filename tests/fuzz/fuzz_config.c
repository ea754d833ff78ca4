/* The daemon's configuration: the bytes as a file, and each of its lines as KEY=VALUE. Whatever is refused is refused in words,
 * and what is left behind is a whole configuration. The file is one in memory. */
#include "daemon/config.h"
#include "tests/fuzz/fuzz.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int file;
static char path[64];
static FILE *errors;
static char *said;
static size_t said_size;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	file = memfd_create("config", MFD_CLOEXEC);
	errors = open_memstream(&said, &said_size);
	if (file < 0 || !errors)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	return 0;
}

static void write_file(const uint8_t *bytes, size_t size)
{
	if (ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != (ssize_t)size)
		abort();
}

/* Whether anything was said since the last call. */
static int was_said(void)
{
	long size = ftell(errors);
	rewind(errors);
	return size > 0;
}

static void check_answer(int result)
{
	assert(result == 0 || result == CONFIG_REFUSED);
	assert((result != 0) == was_said());
}

static void set_lines(struct config *config, const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1), *rest = text;
	if (!text)
		abort();
	memcpy(text, bytes, size);
	text[size] = '\0';
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		check_answer(config_set(config, line, errors));
	free(text);
}

static void check_whole(const struct config *config)
{
	assert(config->store && config->catalogue && config->intake && config->query && config->live &&
	       config->log);
	assert(config->group > 0 && config->queue > 0);
	check_answer(config_check(config, errors));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct config *config;
	if (config_new(&config) != 0)
		abort();
	write_file(bytes, size);
	check_answer(config_read(config, path, errors));
	check_whole(config);
	set_lines(config, bytes, size);
	check_whole(config);
	config_free(config);
	return 0;
}
