#include "tests/lib/adopt.h"

#include "daemon/store/write.h"
#include "proto/envelope.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give_up(const char *what)
{
	fprintf(stderr, "tests/lib/adopt: %s\n", what);
	abort();
}

static bool is_in_force(struct store *store, const void *files, size_t size)
{
	struct snapshot *snapshot;
	uint8_t hash[STORE_HASH_SIZE], then[STORE_HASH_SIZE];
	const void *bytes;
	size_t stored;
	if (snapshot_open(store, &snapshot) != 0)
		give_up("no snapshot");
	bool found = snapshot_catalogue(snapshot, &bytes, &stored, then) == 0;
	envelope_hash(files, size, hash);
	snapshot_close(snapshot);
	return found && memcmp(hash, then, sizeof hash) == 0;
}

static void adopt_bytes(struct store *store, struct catalogue *catalogue, const void *files, size_t size,
                        int64_t wall_ms)
{
	struct write *write;
	if (is_in_force(store, files, size)) {
		if (store_bind_catalogue(store, catalogue) != 0)
			give_up("cannot bind");
		return;
	}
	if (write_begin(store, wall_ms, &write) != 0 ||
	    write_adopt_catalogue(write, catalogue, files, size, true) != 0 || write_commit(write) != 0)
		give_up("cannot adopt");
}

void adopt_catalogue(struct store *store, struct catalogue *catalogue, const char *files, int64_t wall_ms)
{
	adopt_bytes(store, catalogue, files, strlen(files), wall_ms);
}

void adopt_folder(struct store *store, struct catalogue *catalogue, const char *folder, int64_t wall_ms)
{
	struct catalogue_files files;
	void *bytes = NULL;
	size_t size = 0;
	if (catalogue_files_read(folder, stderr, &files) != 0 ||
	    catalogue_files_pack(&files, &bytes, &size) != 0)
		give_up("cannot pack");
	adopt_bytes(store, catalogue, bytes, size, wall_ms);
	catalogue_files_done(&files);
	free(bytes);
}
