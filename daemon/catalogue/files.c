/* A catalogue's files as bytes: read from a folder, packed for the journal, unpacked again.
 *
 * Packed: "SPC1", then for each file, by name, two lengths (u32, little-endian) and the name and bytes they measure. */
#include "daemon/catalogue/catalogue.h"

#include "daemon/catalogue/mistakes.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_SIZE_MAX (16u << 20)

static const char magic[4] = {'S', 'P', 'C', '1'};

void catalogue_files_done(struct catalogue_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->files[i].name);
		free(files->files[i].bytes);
	}
	free(files->files);
	*files = (struct catalogue_files){.count = 0};
}

/* Takes name and bytes (from malloc) whatever happens. */
static int append_file(struct catalogue_files *files, char *name, char *bytes, size_t size)
{
	struct catalogue_file *grown = NULL;
	if (name && bytes)
		grown = realloc(files->files, (files->count + 1) * sizeof *grown);
	if (!grown) {
		free(name);
		free(bytes);
		return -ENOMEM;
	}
	files->files = grown;
	files->files[files->count++] = (struct catalogue_file){.name = name, .bytes = bytes, .size = size};
	return 0;
}

/* ---- reading ---- */

static int is_yaml(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return entry->d_name[0] != '.' && length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_all(FILE *file, char **ret_bytes, size_t *ret_size)
{
	struct stat status;
	if (fstat(fileno(file), &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_size > (off_t)FILE_SIZE_MAX)
		return -EFBIG;
	char *bytes = malloc((size_t)status.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	*ret_size = fread(bytes, 1, (size_t)status.st_size, file);
	*ret_bytes = bytes;
	if (!ferror(file))
		return 0;
	free(bytes);
	return -EIO;
}

static int read_file(const char *path, const char *name, struct mistakes *mistakes,
                     struct catalogue_files *files)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *file = fopen(path, "re");
	int result = file ? read_all(file, &bytes, &size) : -errno;
	if (file)
		fclose(file);
	if (result == 0)
		return append_file(files, strdup(name), bytes, size);
	if (result == -ENOMEM)
		return result;
	mistake_at(mistakes, (struct place){.file = path}, "cannot be read: %s", strerror(-result));
	return 0;
}

static int read_entries(const char *folder, struct dirent *const *entries, int count,
                        struct mistakes *mistakes, struct catalogue_files *files)
{
	int result = 0;
	for (int i = 0; i < count && result == 0; i++) {
		char *path;
		if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
			return -ENOMEM;
		result = read_file(path, entries[i]->d_name, mistakes, files);
		free(path);
	}
	return result;
}

int catalogue_files_read(const char *folder, FILE *errors, struct catalogue_files *ret_files)
{
	struct mistakes mistakes = {.errors = errors};
	struct catalogue_files files = {.count = 0};
	struct dirent **entries;
	int count = scandir(folder, &entries, is_yaml, by_name);
	if (count < 0 && errno == ENOMEM)
		return -ENOMEM;
	if (count < 0) {
		mistake_at(&mistakes, (struct place){.file = folder},
		           "cannot be read: %s, expected the catalogue's folder", strerror(errno));
		return CATALOGUE_REFUSED;
	}
	int result = read_entries(folder, entries, count, &mistakes, &files);
	while (count)
		free(entries[--count]);
	free(entries);
	if (result == 0 && mistakes.count)
		result = CATALOGUE_REFUSED;
	if (result != 0)
		catalogue_files_done(&files);
	else
		*ret_files = files;
	return result;
}

/* ---- packing ---- */

static char *pack_piece(char *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

int catalogue_files_pack(const struct catalogue_files *files, void **ret_bytes, size_t *ret_size)
{
	size_t size = sizeof magic;
	for (size_t i = 0; i < files->count; i++)
		size += 2 * sizeof(uint32_t) + strlen(files->files[i].name) + files->files[i].size;
	char *bytes = malloc(size), *at = bytes;
	if (!bytes)
		return -ENOMEM;
	at = pack_piece(at, magic, sizeof magic);
	for (size_t i = 0; i < files->count; i++) {
		const struct catalogue_file *file = &files->files[i];
		const uint32_t lengths[2] = {(uint32_t)strlen(file->name), (uint32_t)file->size};
		at = pack_piece(at, lengths, sizeof lengths);
		at = pack_piece(at, file->name, lengths[0]);
		at = pack_piece(at, file->bytes, lengths[1]);
	}
	*ret_bytes = bytes;
	*ret_size = size;
	return 0;
}

/* A copy with a NUL behind it. */
static char *copy_piece(const char *bytes, size_t size)
{
	char *copy = malloc(size + 1);
	if (copy) {
		memcpy(copy, bytes, size);
		copy[size] = '\0';
	}
	return copy;
}

static int unpack_all(const char *at, size_t left, struct catalogue_files *files)
{
	while (left > 0) {
		uint32_t lengths[2];
		if (left < sizeof lengths)
			return FAULT_CORRUPT;
		memcpy(lengths, at, sizeof lengths);
		at += sizeof lengths;
		left -= sizeof lengths;
		if (lengths[0] > left || lengths[1] > left - lengths[0] || memchr(at, '\0', lengths[0]))
			return FAULT_CORRUPT;
		int result = append_file(files, copy_piece(at, lengths[0]),
		                         copy_piece(at + lengths[0], lengths[1]), lengths[1]);
		if (result != 0)
			return result;
		at += (size_t)lengths[0] + lengths[1];
		left -= (size_t)lengths[0] + lengths[1];
	}
	return 0;
}

int catalogue_files_unpack(const void *bytes, size_t size, struct catalogue_files *ret_files)
{
	struct catalogue_files files = {.count = 0};
	if (size < sizeof magic || memcmp(bytes, magic, sizeof magic) != 0)
		return FAULT_CORRUPT;
	int result = unpack_all((const char *)bytes + sizeof magic, size - sizeof magic, &files);
	if (result != 0)
		catalogue_files_done(&files);
	else
		*ret_files = files;
	return result;
}
