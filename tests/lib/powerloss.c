#include "tests/lib/powerloss.h"

#include "tests/fault/record.h"
#include "tests/lib/random_world.h"
#include "tests/lib/scratch.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTHING  SIZE_MAX
#define VOLATILE "lock.mdb"

struct bytes {
	uint8_t *at;
	size_t size, capacity;
};

/* A write, or (data NULL) a new length, that is not on the disk yet. */
struct change {
	const uint8_t *data;
	uint64_t offset;
	size_t size;
	uint64_t position; /* in the log */
};

/* A name in a folder. */
struct name {
	char text[NAME_MAX + 1];
	size_t object;
};

/* A file or a folder, as it is on the disk, and what is not there yet. */
struct object {
	uint64_t inode;
	bool is_folder, is_volatile;
	struct bytes durable;
	struct change *changes;
	size_t change_count, change_capacity;
	struct name *names;
	size_t name_count, name_capacity;
};

/* What happened to a name and is not on the disk yet. */
struct naming {
	enum record_kind kind;
	size_t folder, from_folder; /* objects */
	char name[NAME_MAX + 1], from_name[NAME_MAX + 1];
	size_t object;
	uint64_t position;
};

struct state {
	struct object *objects;
	size_t object_count, object_capacity;
	struct naming *namings;
	size_t naming_count, naming_capacity;
};

struct powerloss {
	char *folder;
	struct state base, now; /* object 0 is the folder itself */
	struct bytes log;
	size_t *starts; /* of each record in the log; and its end */
	size_t count;
	size_t moment; /* `now` is what it is at */
};

static void give_up(const char *what, const char *path)
{
	fprintf(stderr, "tests/lib/powerloss: %s %s: %s\n", what, path, strerror(errno));
	abort();
}

static void *must(void *memory)
{
	if (!memory)
		give_up("out of", "memory");
	return memory;
}

/* Room for one more in an array that grows by doubling. */
static void *grow(void *array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return array;
	*capacity = *capacity ? 2 * *capacity : 16;
	return must(realloc(array, *capacity * size));
}

/* ---- bytes ---- */

static void bytes_set_size(struct bytes *bytes, size_t size)
{
	if (size > bytes->capacity) {
		size_t capacity = 2 * bytes->capacity > size ? 2 * bytes->capacity : size;
		bytes->at = must(realloc(bytes->at, capacity));
		bytes->capacity = capacity;
	}
	if (size > bytes->size)
		memset(bytes->at + bytes->size, 0, size - bytes->size);
	bytes->size = size;
}

static void bytes_put(struct bytes *bytes, uint64_t offset, const uint8_t *data, size_t size)
{
	if (offset + size > bytes->size)
		bytes_set_size(bytes, offset + size);
	memcpy(bytes->at + offset, data, size);
}

static struct bytes bytes_copy(const struct bytes *from)
{
	struct bytes copy = {0};
	bytes_set_size(&copy, from->size);
	if (from->size > 0)
		memcpy(copy.at, from->at, from->size);
	return copy;
}

static struct bytes read_file(const char *path)
{
	struct bytes bytes = {0};
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) != 0)
		give_up("read", path);
	bytes_set_size(&bytes, (size_t)status.st_size);
	size_t done = 0;
	while (done < bytes.size) {
		ssize_t part = read(fd, bytes.at + done, bytes.size - done);
		if (part <= 0)
			give_up("read", path);
		done += (size_t)part;
	}
	close(fd);
	return bytes;
}

/* ---- what there is ---- */

static size_t add_object(struct state *state, uint64_t inode, bool is_folder, const char *name)
{
	state->objects =
	    grow(state->objects, state->object_count, &state->object_capacity, sizeof *state->objects);
	state->objects[state->object_count] = (struct object){
	    .inode = inode, .is_folder = is_folder, .is_volatile = strcmp(name, VOLATILE) == 0};
	return state->object_count++;
}

/* The newest of that number: numbers are used again. */
static size_t find_object(const struct state *state, uint64_t inode)
{
	for (size_t i = state->object_count; i > 0; i--)
		if (state->objects[i - 1].inode == inode)
			return i - 1;
	return NOTHING;
}

static void remove_name(struct object *folder, const char *text)
{
	for (size_t i = 0; i < folder->name_count; i++)
		if (strcmp(folder->names[i].text, text) == 0) {
			folder->names[i] = folder->names[--folder->name_count];
			return;
		}
}

static void set_name(struct object *folder, const char *text, size_t object)
{
	remove_name(folder, text);
	folder->names =
	    grow(folder->names, folder->name_count, &folder->name_capacity, sizeof *folder->names);
	struct name *name = &folder->names[folder->name_count++];
	snprintf(name->text, sizeof name->text, "%s", text);
	name->object = object;
}

static void apply_naming(struct object *objects, const struct naming *naming)
{
	if (naming->kind == RECORD_RENAME)
		remove_name(&objects[naming->from_folder], naming->from_name);
	if (naming->kind == RECORD_REMOVE)
		remove_name(&objects[naming->folder], naming->name);
	else
		set_name(&objects[naming->folder], naming->name, naming->object);
}

static void apply_change(struct bytes *bytes, const struct change *change)
{
	if (change->data)
		bytes_put(bytes, change->offset, change->data, change->size);
	else
		bytes_set_size(bytes, change->offset);
}

static void free_state(struct state *state)
{
	for (size_t i = 0; i < state->object_count; i++) {
		free(state->objects[i].durable.at);
		free(state->objects[i].changes);
		free(state->objects[i].names);
	}
	free(state->objects);
	free(state->namings);
	*state = (struct state){0};
}

/* Of a state in which all is on the disk. */
static struct state copy_state(const struct state *from)
{
	struct state copy = {0};
	for (size_t i = 0; i < from->object_count; i++) {
		const struct object *object = &from->objects[i];
		add_object(&copy, object->inode, object->is_folder, object->is_volatile ? VOLATILE : "");
		copy.objects[i].durable = bytes_copy(&object->durable);
		for (size_t j = 0; j < object->name_count; j++)
			set_name(&copy.objects[i], object->names[j].text, object->names[j].object);
	}
	return copy;
}

/* ---- looking at a folder ---- */

static void scan_folder(struct state *state, size_t at, const char *path);

static void scan_entry(struct state *state, size_t folder, const char *path, const char *name)
{
	struct stat status;
	char *inside = scratch_path(path, name);
	if (lstat(inside, &status) != 0)
		give_up("stat", inside);
	if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) {
		size_t object = add_object(state, status.st_ino, S_ISDIR(status.st_mode), name);
		set_name(&state->objects[folder], name, object);
		if (S_ISDIR(status.st_mode))
			scan_folder(state, object, inside);
		else
			state->objects[object].durable = read_file(inside);
	}
	free(inside);
}

static void scan_folder(struct state *state, size_t at, const char *path)
{
	DIR *folder = opendir(path);
	if (!folder)
		give_up("open", path);
	for (const struct dirent *entry; (entry = readdir(folder));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			scan_entry(state, at, path, entry->d_name);
	closedir(folder);
}

static struct state scan(const char *path)
{
	struct state state = {0};
	struct stat status;
	if (stat(path, &status) != 0)
		give_up("stat", path);
	add_object(&state, status.st_ino, true, "");
	scan_folder(&state, 0, path);
	return state;
}

struct powerloss *powerloss_new(const char *folder)
{
	struct powerloss *loss = must(calloc(1, sizeof *loss));
	loss->folder = must(strdup(folder));
	loss->base = scan(folder);
	loss->now = copy_state(&loss->base);
	return loss;
}

void powerloss_free(struct powerloss *loss)
{
	if (!loss)
		return;
	free_state(&loss->base);
	free_state(&loss->now);
	free(loss->log.at);
	free(loss->starts);
	free(loss->folder);
	free(loss);
}

/* ---- the log ---- */

static struct record record_at(const struct powerloss *loss, size_t call)
{
	struct record record;
	memcpy(&record, loss->log.at + loss->starts[call], sizeof record);
	return record;
}

static const uint8_t *data_at(const struct powerloss *loss, size_t call)
{
	return loss->log.at + loss->starts[call] + sizeof(struct record);
}

/* A process that was killed may have left half a record at the end. */
void powerloss_read(struct powerloss *loss, const char *log)
{
	size_t at = 0, capacity = 0;
	struct record record;
	loss->log = read_file(log);
	while (at + sizeof record <= loss->log.size) {
		memcpy(&record, loss->log.at + at, sizeof record);
		if (record.size > loss->log.size - at - sizeof record)
			break;
		loss->starts = grow(loss->starts, loss->count + 1, &capacity, sizeof *loss->starts);
		loss->starts[loss->count++] = at;
		at += sizeof record + record.size;
	}
	loss->starts = grow(loss->starts, loss->count + 1, &capacity, sizeof *loss->starts);
	loss->starts[loss->count] = at;
}

size_t powerloss_count(const struct powerloss *loss)
{
	return loss->count;
}

uint64_t powerloss_position(const struct powerloss *loss, size_t moment)
{
	return loss->starts[moment];
}

bool powerloss_is_sync(const struct powerloss *loss, size_t moment)
{
	if (moment >= loss->count)
		return false;
	struct record record = record_at(loss, moment);
	return record.kind == RECORD_SYNC || (record.flags & RECORD_DURABLE);
}

/* ---- going through it ---- */

static void add_change(struct object *object, struct change change)
{
	object->changes =
	    grow(object->changes, object->change_count, &object->change_capacity, sizeof *object->changes);
	object->changes[object->change_count++] = change;
}

static void copy_text(char *target, const uint8_t *text, size_t size)
{
	if (size > NAME_MAX)
		give_up("a name in", "the log");
	memcpy(target, text, size);
	target[size] = '\0';
}

static void add_naming(struct powerloss *loss, size_t call, const struct record *record)
{
	struct state *now = &loss->now;
	const uint8_t *text = data_at(loss, call);
	size_t first =
	    record->kind == RECORD_RENAME ? strnlen((const char *)text, record->size) : record->size;
	struct naming naming = {.kind = (enum record_kind)record->kind,
	                        .folder = find_object(now, record->folder),
	                        .object = NOTHING,
	                        .from_folder = NOTHING,
	                        .position = loss->starts[call]};
	copy_text(naming.name, text, first);
	if (record->kind == RECORD_MAKE)
		naming.object = add_object(now, record->file, record->flags & RECORD_FOLDER, naming.name);
	if (record->kind == RECORD_RENAME) {
		copy_text(naming.from_name, text + first + 1, record->size - first - 1);
		naming.from_folder = find_object(now, record->from_folder);
		naming.object = find_object(now, record->file);
	}
	if (naming.folder == NOTHING || (record->kind == RECORD_RENAME && naming.from_folder == NOTHING))
		give_up("a folder nobody made:", naming.name);
	now->namings = grow(now->namings, now->naming_count, &now->naming_capacity, sizeof *now->namings);
	now->namings[now->naming_count++] = naming;
}

static void sync_folder(struct state *now, size_t folder, uint64_t position)
{
	size_t kept = 0;
	for (size_t i = 0; i < now->naming_count; i++) {
		const struct naming *naming = &now->namings[i];
		bool covered = naming->position < position &&
		               (naming->folder == folder ||
		                (naming->kind == RECORD_RENAME && naming->from_folder == folder));
		if (covered)
			apply_naming(now->objects, naming);
		else
			now->namings[kept++] = *naming;
	}
	now->naming_count = kept;
}

static void sync_file(struct object *file, uint64_t position)
{
	size_t kept = 0;
	for (size_t i = 0; i < file->change_count; i++)
		if (file->changes[i].position < position)
			apply_change(&file->durable, &file->changes[i]);
		else
			file->changes[kept++] = file->changes[i];
	file->change_count = kept;
}

static struct change change_of(const struct powerloss *loss, size_t call, const struct record *record)
{
	return (struct change){.data = record->kind == RECORD_WRITE ? data_at(loss, call) : NULL,
	                       .offset = record->offset,
	                       .size = record->size,
	                       .position = loss->starts[call]};
}

/* What is not on the disk yet of a place that something newer is on the disk of. */
static void cut_out(struct object *file, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < file->change_count; i++) {
		struct change *change = &file->changes[i];
		uint64_t end = change->offset + change->size;
		if (!change->data || end <= from || change->offset >= to)
			continue;
		struct change tail = *change;
		change->size = from > change->offset ? from - change->offset : 0;
		if (end <= to)
			continue;
		tail.data += to - tail.offset;
		tail.size = end - to;
		tail.offset = to;
		add_change(file, tail); /* for the room, then to its place */
		memmove(&file->changes[i + 2], &file->changes[i + 1],
		        (file->change_count - i - 2) * sizeof *file->changes);
		file->changes[++i] = tail;
	}
}

/* A write that syncs itself brings nothing else along. */
static void apply_to_file(struct powerloss *loss, size_t call, const struct record *record, size_t at)
{
	struct object *object = &loss->now.objects[at];
	struct change change = change_of(loss, call, record);
	if (record->kind != RECORD_WRITE || !(record->flags & RECORD_DURABLE)) {
		add_change(object, change);
		return;
	}
	cut_out(object, change.offset, change.offset + change.size);
	apply_change(&object->durable, &change);
}

static void apply_call(struct powerloss *loss, size_t call)
{
	const struct record record = record_at(loss, call);
	size_t object = find_object(&loss->now, record.file);
	switch ((enum record_kind)record.kind) {
	case RECORD_WRITE:
	case RECORD_LENGTH:
		if (object != NOTHING)
			apply_to_file(loss, call, &record, object);
		break;
	case RECORD_SYNC:
		if (object != NOTHING && loss->now.objects[object].is_folder)
			sync_folder(&loss->now, object, record.offset);
		else if (object != NOTHING)
			sync_file(&loss->now.objects[object], record.offset);
		break;
	case RECORD_MAKE:
	case RECORD_REMOVE:
	case RECORD_RENAME:
		add_naming(loss, call, &record);
		break;
	default:
		give_up("not a record in", "the log");
	}
}

static void go_to(struct powerloss *loss, size_t moment)
{
	if (moment < loss->moment) {
		free_state(&loss->now);
		loss->now = copy_state(&loss->base);
		loss->moment = 0;
	}
	for (; loss->moment < moment; loss->moment++)
		apply_call(loss, loss->moment);
}

/* ---- what is left ---- */

/* How the un-synced part of something fared. */
enum fate { FATE_LOST, FATE_KEPT, FATE_PREFIX, FATE_HALF, FATE_FEW, FATE_MOST, FATE_COUNT };

static unsigned percent_of(enum fate fate)
{
	static const unsigned percents[FATE_COUNT] = {
	    [FATE_LOST] = 0, [FATE_KEPT] = 100, [FATE_HALF] = 50, [FATE_FEW] = 10, [FATE_MOST] = 90};
	return percents[fate];
}

static void put_sectors(struct random_source *random, enum fate fate, size_t sector, struct bytes *bytes,
                        const struct change *change)
{
	for (size_t done = 0; done < change->size;) {
		size_t part = sector - (change->offset + done) % sector;
		if (part > change->size - done)
			part = change->size - done;
		if (random_percent(random, percent_of(fate)))
			bytes_put(bytes, change->offset + done, change->data + done, part);
		done += part;
	}
}

static void leave_change(struct random_source *random, enum fate fate, size_t sector, struct bytes *bytes,
                         const struct change *change)
{
	if (change->data)
		put_sectors(random, fate, sector, bytes, change);
	else if (random_percent(random, percent_of(fate)))
		apply_change(bytes, change);
}

static size_t longest(const struct object *file)
{
	size_t length = file->durable.size;
	for (size_t i = 0; i < file->change_count; i++)
		if (file->changes[i].offset + file->changes[i].size > length)
			length = file->changes[i].offset + file->changes[i].size;
	return length;
}

static bool only_grew(const struct object *file)
{
	for (size_t i = 0; i < file->change_count; i++)
		if (!file->changes[i].data && file->changes[i].offset < file->durable.size)
			return false;
	return true;
}

/* The length is kept apart from the bytes: it may be further than they are, or not as far. */
static void leave_length(struct random_source *random, const struct object *file, struct bytes *bytes)
{
	size_t most = longest(file);
	if (file->change_count == 0 || !only_grew(file))
		return;
	if (random_percent(random, 20) && most > bytes->size)
		bytes_set_size(bytes, most);
	else if (random_percent(random, 20) && bytes->size > file->durable.size)
		bytes_set_size(bytes, file->durable.size +
		                          random_below(random, (uint32_t)(bytes->size - file->durable.size)));
}

static enum fate choose_fate(struct random_source *random)
{
	const uint32_t fate = random_below(random, FATE_COUNT);
	return (enum fate)fate;
}

static struct bytes leave_file(struct random_source *random, const struct object *file)
{
	struct bytes bytes = bytes_copy(&file->durable);
	enum fate fate = choose_fate(random);
	size_t sector = random_percent(random, 50) ? 512 : 4096;
	size_t whole = file->change_count;
	if (fate == FATE_PREFIX && whole > 0)
		whole = random_below(random, (uint32_t)whole);
	for (size_t i = 0; i < file->change_count; i++) {
		enum fate one = fate != FATE_PREFIX ? fate
		                : i < whole         ? FATE_KEPT
		                : i == whole        ? FATE_HALF
		                                    : FATE_LOST;
		leave_change(random, one, sector, &bytes, &file->changes[i]);
	}
	leave_length(random, file, &bytes);
	return bytes;
}

/* Which namings made it; journalling file systems keep their order, others need not. */
static void leave_names(struct random_source *random, const struct state *now, struct object *objects)
{
	enum fate fate = choose_fate(random);
	size_t whole = fate == FATE_PREFIX ? random_below(random, (uint32_t)now->naming_count + 1) : 0;
	for (size_t i = 0; i < now->naming_count; i++)
		if (fate == FATE_PREFIX ? i < whole : random_percent(random, percent_of(fate)))
			apply_naming(objects, &now->namings[i]);
}

static void write_file(const char *path, const struct bytes *bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t done = 0;
	if (fd < 0)
		give_up("make", path);
	while (done < bytes->size) {
		ssize_t part = write(fd, bytes->at + done, bytes->size - done);
		if (part <= 0)
			give_up("write", path);
		done += (size_t)part;
	}
	close(fd);
}

/* What a file that is mapped may hold, beside what was written to it. */
static void fill_volatile(struct random_source *random, const char *folder, const char *name,
                          struct bytes *bytes)
{
	char *path = scratch_path(folder, name);
	if (random_percent(random, 50) && access(path, R_OK) == 0) {
		struct bytes current = read_file(path);
		size_t size = current.size < bytes->size ? current.size : bytes->size;
		if (size > 0)
			memcpy(bytes->at, current.at, size);
		free(current.at);
	}
	free(path);
}

struct drawing {
	struct random_source *random; /* NULL: everything that was recorded is there */
	struct object *objects;       /* with the names that are left */
};

static struct bytes left_of(const struct drawing *drawing, const struct object *file)
{
	if (drawing->random)
		return leave_file(drawing->random, file);
	struct bytes bytes = bytes_copy(&file->durable);
	for (size_t i = 0; i < file->change_count; i++)
		apply_change(&bytes, &file->changes[i]);
	return bytes;
}

/* `path` is to be made, `original` is where it stood. */
static void draw_folder(const struct drawing *drawing, size_t at, const char *path, const char *original)
{
	if (mkdir(path, 0700) != 0)
		give_up("make", path);
	for (size_t i = 0; i < drawing->objects[at].name_count; i++) {
		const struct name *name = &drawing->objects[at].names[i];
		const struct object *object = &drawing->objects[name->object];
		char *inside = scratch_path(path, name->text), *before = scratch_path(original, name->text);
		if (object->is_folder) {
			draw_folder(drawing, name->object, inside, before);
		} else {
			struct bytes bytes = left_of(drawing, object);
			if (object->is_volatile && drawing->random)
				fill_volatile(drawing->random, original, name->text, &bytes);
			write_file(inside, &bytes);
			free(bytes.at);
		}
		free(inside);
		free(before);
	}
}

/* The objects with names of their own; the rest is borrowed. */
static struct object *copy_objects(const struct state *now)
{
	struct object *objects = must(calloc(now->object_count, sizeof *objects));
	for (size_t i = 0; i < now->object_count; i++) {
		objects[i] = now->objects[i];
		objects[i].names = NULL;
		objects[i].name_count = objects[i].name_capacity = 0;
		for (size_t j = 0; j < now->objects[i].name_count; j++)
			set_name(&objects[i], now->objects[i].names[j].text, now->objects[i].names[j].object);
	}
	return objects;
}

static void free_objects(struct object *objects, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(objects[i].names);
	free(objects);
}

void powerloss_image(struct powerloss *loss, size_t moment, uint64_t seed, const char *folder)
{
	struct random_source random = {.state = seed};
	struct change *under_way = NULL;
	struct object *written = NULL;
	go_to(loss, moment);
	/* A write that syncs itself is as torn as any other until it returns. */
	if (moment < loss->count && powerloss_is_sync(loss, moment)) {
		const struct record record = record_at(loss, moment);
		size_t object = find_object(&loss->now, record.file);
		if (record.kind == RECORD_WRITE && object != NOTHING) {
			written = &loss->now.objects[object];
			add_change(written, change_of(loss, moment, &record));
			under_way = &written->changes[written->change_count - 1];
		}
	}
	struct drawing drawing = {.random = &random, .objects = copy_objects(&loss->now)};
	leave_names(&random, &loss->now, drawing.objects);
	draw_folder(&drawing, 0, folder, loss->folder);
	free_objects(drawing.objects, loss->now.object_count);
	if (under_way)
		written->change_count--;
}

/* ---- is the recorder to be trusted? ---- */

static bool says(char **ret_what, const char *path, const char *text)
{
	if (!*ret_what && asprintf(ret_what, "%s: %s", path, text) < 0)
		give_up("out of", "memory");
	return false;
}

static size_t object_of_name(const struct object *folder, const char *text)
{
	for (size_t i = 0; i < folder->name_count; i++)
		if (strcmp(folder->names[i].text, text) == 0)
			return folder->names[i].object;
	return NOTHING;
}

static bool is_same_file(const struct drawing *drawing, const struct object *recorded,
                         const struct object *found, const char *path, char **ret_what)
{
	if (recorded->is_volatile)
		return true;
	struct bytes bytes = left_of(drawing, recorded);
	bool same = bytes.size == found->durable.size &&
	            (bytes.size == 0 || memcmp(bytes.at, found->durable.at, bytes.size) == 0);
	free(bytes.at);
	return same || says(ret_what, path, "holds something else than was recorded");
}

static bool is_same_folder(const struct drawing *drawing, size_t recorded, const struct state *found,
                           size_t at, const char *path, char **ret_what)
{
	const struct object *folder = &drawing->objects[recorded];
	bool same = folder->name_count == found->objects[at].name_count;
	if (!same)
		says(ret_what, path, "holds other names than were recorded");
	for (size_t i = 0; i < folder->name_count; i++) {
		char *inside = scratch_path(path, folder->names[i].text);
		size_t there = object_of_name(&found->objects[at], folder->names[i].text);
		const struct object *object = &drawing->objects[folder->names[i].object];
		if (there == NOTHING || found->objects[there].is_folder != object->is_folder)
			same = says(ret_what, inside, "is not there");
		else if (object->is_folder)
			same &=
			    is_same_folder(drawing, folder->names[i].object, found, there, inside, ret_what);
		else
			same &= is_same_file(drawing, object, &found->objects[there], inside, ret_what);
		free(inside);
	}
	return same;
}

bool powerloss_is_complete(struct powerloss *loss, char **ret_what)
{
	*ret_what = NULL;
	go_to(loss, loss->count);
	struct drawing drawing = {.objects = copy_objects(&loss->now)};
	for (size_t i = 0; i < loss->now.naming_count; i++)
		apply_naming(drawing.objects, &loss->now.namings[i]);
	struct state found = scan(loss->folder);
	bool same = is_same_folder(&drawing, 0, &found, 0, loss->folder, ret_what);
	free_state(&found);
	free_objects(drawing.objects, loss->now.object_count);
	return same;
}
