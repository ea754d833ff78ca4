/* The main of a target where there is no libFuzzer: gives it every file of its corpus, or those that are named. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#pragma weak LLVMFuzzerInitialize

/* Nothing is mutated here; the mutators of the targets are only linked. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room)
{
	(void)bytes;
	(void)room;
	return size;
}

static void give_up(const char *what)
{
	fprintf(stderr, "replay: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* Exactly as long as the file, so that a read beyond its end is one beyond the memory. */
static uint8_t *read_whole(const char *path, size_t *ret_size)
{
	struct stat status;
	FILE *file = fopen(path, "rb");
	if (!file || fstat(fileno(file), &status) != 0)
		give_up(path);
	size_t size = (size_t)status.st_size;
	uint8_t *bytes = malloc(size > 0 ? size : 1);
	if (!bytes || fread(bytes, 1, size, file) != size)
		give_up(path);
	fclose(file);
	*ret_size = size;
	return bytes;
}

/* Its name comes first: if this one ends the process, it was the last one named. */
static void replay(const char *path)
{
	size_t size;
	uint8_t *bytes = read_whole(path, &size);
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int replay_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_visible, alphasort);
	if (count < 0)
		give_up(folder);
	for (int i = 0; i < count; i++) {
		char *path;
		if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
			give_up(folder);
		replay(path);
		free(path);
		free(entries[i]);
	}
	free(entries);
	return count;
}

/* build/asan/tests/fuzz/fuzz_report has its corpus in tests/fuzz/corpus/report. */
static int replay_corpus(const char *program)
{
	const char *source = getenv("SUANPAN_SOURCE"), *name = strrchr(program, '/');
	char *folder;
	name = name ? name + 1 : program;
	if (strncmp(name, "fuzz_", 5) == 0)
		name += 5;
	if (asprintf(&folder, "%s/tests/fuzz/corpus/%s", source ? source : ".", name) < 0)
		give_up(name);
	int count = replay_folder(folder);
	free(folder);
	return count;
}

int main(int count, char *arguments[])
{
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&count, &arguments);
	int files = count - 1;
	for (int i = 1; i < count; i++)
		replay(arguments[i]);
	if (count == 1)
		files = replay_corpus(arguments[0]);
	printf("[==========] %d files replayed.\n", files);
	if (files == 0) /* an empty corpus proves nothing */
		return 1;
	puts("[  PASSED  ] 1 test(s).");
	return 0;
}
