#include "daemon/archive/archiver.h"

#include "daemon/archive/archive.h"
#include "daemon/archive/segment.h"
#include "daemon/base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Packed and written at once; a snapshot is open only while so much is copied. */
#define BYTES_AT_ONCE   ((size_t)1 << 20)
/* Commits that follow each other closely are synced together: the disk has acks to serve. */
#define GATHER_MS       200
#define RETRY_MS        2000
#define REST_SLICE_MS   50
/* What is left when the daemon stops is archived then, or if it is more, at the next start. */
#define LAST_PASS_BYTES ((uint64_t)64 << 20)
/* No journal gets there; it tells a record from noise. */
#define ENTRY_MAX       ((uint64_t)1 << 48)

struct archiver {
	char *folder;
	uint64_t segment_bytes;
	struct store *store;
	int folder_fd;            /* with the lock */
	int mark_fd;              /* -1: there was no room for one */
	int fd;                   /* of the segment that is written; -1: the next entry begins one */
	struct segment_mark mark; /* as it was found at the start */
	uint64_t segment, offset, synced_offset;
	/* Of the last entry written, and of the last one that is on disk. */
	struct journal_head head, synced;
	atomic_uint_least64_t entry; /* synced.entry, for others */
	uint8_t *buffer;
	size_t capacity;
	bool stalled; /* and it was said */
	int wake_fd;
	atomic_bool stops;
	pthread_t thread;
	bool runs;
};

/* ---- files ---- */

static int make_path(const struct archiver *archiver, uint64_t segment, char **ret_path)
{
	char name[SEGMENT_NAME_SIZE];
	segment_name(segment, name);
	return asprintf(ret_path, "%s/%s", archiver->folder, name) < 0 ? -ENOMEM : 0;
}

static int sync_fd(int fd)
{
	return fsync(fd) < 0 ? -errno : 0;
}

static int write_all(int fd, const uint8_t *bytes, size_t size, uint64_t offset)
{
	while (size > 0) {
		ssize_t written = pwrite(fd, bytes, size, (off_t)offset);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		bytes += written;
		offset += (uint64_t)written;
		size -= (size_t)written;
	}
	return 0;
}

static void close_segment(struct archiver *archiver)
{
	if (archiver->fd >= 0)
		close(archiver->fd);
	archiver->fd = -1;
}

static int open_segment(struct archiver *archiver, uint64_t segment, int flags)
{
	char *path;
	int result = make_path(archiver, segment, &path);
	if (result != 0)
		return result;
	archiver->fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0600);
	result = archiver->fd < 0 ? -errno : 0;
	free(path);
	archiver->segment = segment;
	return result;
}

static int remove_segment(struct archiver *archiver, uint64_t segment)
{
	char *path;
	int result = make_path(archiver, segment, &path);
	if (result != 0)
		return result;
	result = unlink(path) < 0 ? -errno : 0;
	free(path);
	return result == 0 ? sync_fd(archiver->folder_fd) : result;
}

/* ---- at start: where it ends, and whether that is this store's ---- */

static int PRINTF_LIKE(2, 3) refuse(const struct archiver *archiver, const char *format, ...)
{
	va_list arguments;
	fprintf(stderr, "suanpand: archive %s: ", archiver->folder);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return ARCHIVER_REFUSED;
}

static int refuse_damaged(const struct archiver *archiver, const struct archive_reader *reader)
{
	return refuse(
	    archiver,
	    "%s. Keep its files for an examination, and set `archive` to another folder: the store's "
	    "journal, where `suanpand check` finds it whole, is archived there anew",
	    archive_reader_text(reader));
}

/* ---- what is on disk for certain ---- */

/* Not even a place for it is worth stopping for: it is then behind. */
static void open_mark(struct archiver *archiver)
{
	uint8_t bytes[SEGMENT_MARK_SIZE];
	archiver->mark_fd =
	    openat(archiver->folder_fd, SEGMENT_MARK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ssize_t size = archiver->mark_fd < 0 ? 0 : pread(archiver->mark_fd, bytes, sizeof bytes, 0);
	if (size < 0 || !segment_unpack_mark(bytes, (size_t)size, &archiver->mark))
		archiver->mark = (struct segment_mark){.segment = 0};
}

static int write_mark(struct archiver *archiver)
{
	const struct segment_mark mark = {.segment = archiver->segment, .offset = archiver->synced_offset};
	uint8_t bytes[SEGMENT_MARK_SIZE];
	segment_pack_mark(&mark, bytes);
	return archiver->mark_fd < 0 ? 0 : write_all(archiver->mark_fd, bytes, sizeof bytes, 0);
}

static bool is_marked(const struct archiver *archiver, uint64_t segment, uint64_t offset)
{
	return archiver->mark.segment > segment ||
	       (archiver->mark.segment == segment && archiver->mark.offset > offset);
}

/* After a cut the place may be before the mark; what will be written from there on is not on disk yet. */
static int set_mark_back(struct archiver *archiver)
{
	if (!is_marked(archiver, archiver->segment, archiver->offset))
		return 0;
	int result = write_mark(archiver);
	return result == 0 ? sync_fd(archiver->mark_fd) : result;
}

/* ---- the end of the last segment ---- */

static bool is_all_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* What an append left that did not come to its end is the end of a record. Where the power failed as well it may be whole records
 * behind missing ones, or nothing but zeros: as far as that was not on disk for certain. Anything else is damage. */
static bool is_torn(const struct archiver *archiver, int verdict, const struct archive_place *place,
                    const uint8_t *rest, size_t size)
{
	bool marked = is_marked(archiver, place->segment, place->offset);
	if (verdict == ARCHIVE_DAMAGED && place->offset == 0) /* a header lies in one block */
		return is_all_zero(rest, marked || size < SEGMENT_HEADER_SIZE ? size : SEGMENT_HEADER_SIZE);
	return !marked || !segment_holds_record(rest, size, 1, ENTRY_MAX);
}

static int cut(struct archiver *archiver, const struct archive_place *place, size_t size)
{
	char name[SEGMENT_NAME_SIZE];
	segment_name(place->segment, name);
	log_event(LOG_LEVEL_WARNING, "archive-cut", "segment=%s at=%" PRIu64 " bytes=%zu", name,
	          place->offset, size);
	if (place->offset == 0)
		return remove_segment(archiver, place->segment);
	int result = open_segment(archiver, place->segment, 0);
	if (result == 0 && ftruncate(archiver->fd, (off_t)place->offset) < 0)
		result = -errno;
	if (result == 0)
		result = sync_fd(archiver->fd);
	close_segment(archiver);
	return result;
}

enum { SCAN_AGAIN = 100 };

static int read_store(struct archiver *archiver, uint64_t entry, uint64_t *ret_newest,
                      struct journal_record *ret_record)
{
	struct snapshot *snapshot;
	struct store_summary summary;
	const void *payload;
	size_t size;
	int result = snapshot_open(archiver->store, &snapshot);
	if (result != 0)
		return result;
	result = snapshot_summary(snapshot, &summary);
	if (result == 0)
		*ret_newest = summary.entries;
	if (result == 0 && entry > 0 && entry <= summary.entries)
		result = snapshot_record(snapshot, entry, ret_record, &payload, &size);
	snapshot_close(snapshot);
	return result > 0 ? (int)FAULT_CORRUPT : result;
}

static int settle_end(struct archiver *archiver, struct archive_reader *reader, int verdict)
{
	const struct archive_place place = archive_reader_place(reader);
	uint64_t newest = 0;
	void *rest;
	size_t size;
	int result = read_store(archiver, 0, &newest, NULL);
	if (result == 0)
		result = archive_reader_rest(reader, &rest, &size);
	if (result != 0)
		return result;
	/* What is cut off is written again from the journal, which must have it. */
	bool torn = is_torn(archiver, verdict, &place, rest, size) &&
	            !segment_holds_record(rest, size, newest + 1, ENTRY_MAX);
	free(rest);
	if (!torn)
		return refuse_damaged(archiver, reader);
	result = cut(archiver, &place, size);
	return result == 0 ? (int)SCAN_AGAIN : result;
}

static int scan_segment(struct archiver *archiver, uint64_t segment)
{
	struct archive_reader *reader;
	struct journal_item item;
	int verdict = 0;
	int result = archive_reader_open(archiver->folder, segment, &reader);
	if (result != 0)
		return result;
	while (verdict == 0)
		verdict = archive_reader_next(reader, &item);
	const struct archive_place place = archive_reader_place(reader);
	if (verdict == JOURNAL_END) {
		archiver->segment = segment;
		archiver->offset = place.offset;
		archiver->head.entry = place.entry;
		memcpy(archiver->head.chain, place.chain, sizeof place.chain);
	} else {
		result = verdict < 0 ? verdict : settle_end(archiver, reader, verdict);
	}
	archive_reader_close(reader);
	return result;
}

static int scan_last(struct archiver *archiver)
{
	uint64_t *segments;
	size_t count;
	int result = archive_list(archiver->folder, &segments, &count);
	if (result != 0)
		return result;
	uint64_t last = count > 0 ? segments[count - 1] : 0;
	free(segments);
	return last > 0 ? scan_segment(archiver, last) : 0;
}

static int compare_with_store(struct archiver *archiver)
{
	struct journal_record record = {.commit = 0};
	uint64_t newest = 0, entry = archiver->head.entry;
	int result = read_store(archiver, entry, &newest, &record);
	if (result != 0)
		return result;
	if (entry > newest)
		return refuse(archiver,
		              "holds entries up to %" PRIu64 ", but the store ends at %" PRIu64
		              ": either it was restored without them, and `suanpand restore BACKUP --archive "
		              "%s` into an empty store brings them back; or this is the archive of another "
		              "store, and `archive` must be another folder",
		              entry, newest, archiver->folder);
	if (entry > 0 && memcmp(record.chain, archiver->head.chain, sizeof record.chain) != 0)
		return refuse(archiver,
		              "is the archive of another store: its entry %" PRIu64
		              " is not this store's. Set `archive` to another folder",
		              entry);
	return 0;
}

static int open_last(struct archiver *archiver)
{
	int result = SCAN_AGAIN;
	while (result == SCAN_AGAIN)
		result = scan_last(archiver);
	if (result == 0)
		result = compare_with_store(archiver);
	if (result == 0 && archiver->offset > 0)
		result = open_segment(archiver, archiver->segment, 0);
	if (result == 0 && archiver->fd >= 0) /* what a killed daemon wrote may not be on disk yet */
		result = sync_fd(archiver->fd);
	archiver->synced = archiver->head;
	archiver->synced_offset = archiver->offset;
	atomic_store(&archiver->entry, archiver->synced.entry);
	return result == 0 ? set_mark_back(archiver) : result;
}

static int open_folder(struct archiver *archiver)
{
	if (mkdir(archiver->folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	archiver->folder_fd = open(archiver->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (archiver->folder_fd < 0)
		return -errno;
	if (flock(archiver->folder_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? refuse(archiver, "another suanpand writes to it") : -errno;
	open_mark(archiver);
	return 0;
}

int archiver_open(const char *folder, uint64_t segment_bytes, struct store *store,
                  struct archiver **ret_archiver)
{
	struct archiver *archiver = calloc(1, sizeof *archiver);
	if (!archiver)
		return -ENOMEM;
	archiver->segment_bytes = segment_bytes;
	archiver->store = store;
	archiver->fd = archiver->folder_fd = archiver->mark_fd = archiver->wake_fd = -1;
	archiver->folder = strdup(folder);
	int result = archiver->folder ? open_folder(archiver) : -ENOMEM;
	if (result == 0)
		result = open_last(archiver);
	if (result != 0) {
		archiver_close(archiver);
		return result;
	}
	*ret_archiver = archiver;
	return 0;
}

/* ---- writing ---- */

static int begin_segment(struct archiver *archiver)
{
	struct segment_header header = {.first_entry = archiver->head.entry + 1};
	uint8_t bytes[SEGMENT_HEADER_SIZE];
	memcpy(header.chain_before, archiver->head.chain, sizeof header.chain_before);
	segment_pack_header(&header, bytes);
	archiver->offset = archiver->synced_offset = 0;
	int result = open_segment(archiver, header.first_entry, O_CREAT | O_EXCL);
	if (result == 0)
		result = write_all(archiver->fd, bytes, sizeof bytes, 0);
	if (result == 0)
		result = sync_fd(archiver->folder_fd);
	if (result == 0)
		archiver->offset = sizeof bytes;
	return result;
}

static int sync_segment(struct archiver *archiver)
{
	if (archiver->synced_offset == archiver->offset)
		return 0;
	int result = sync_fd(archiver->fd);
	if (result != 0)
		return result;
	archiver->synced = archiver->head;
	archiver->synced_offset = archiver->offset;
	atomic_store(&archiver->entry, archiver->synced.entry);
	/* A mark that is behind asks for more trust in the journal, no more. */
	if (write_mark(archiver) != 0)
		log_event(LOG_LEVEL_WARNING, "archive-not-marked", "entry=%" PRIu64, archiver->synced.entry);
	return 0;
}

/* Back to what is on disk for certain: whatever was written since is written again, for a sync that failed
 * once may have dropped it. */
static void fall_back(struct archiver *archiver)
{
	archiver->head = archiver->synced;
	archiver->offset = archiver->synced_offset;
	if (archiver->fd < 0)
		return;
	if (archiver->synced_offset > 0) {
		if (ftruncate(archiver->fd, (off_t)archiver->synced_offset) < 0)
			log_event(LOG_LEVEL_ERROR, "archive-not-cut", "reason='%s'", strerror(errno));
		return;
	}
	close_segment(archiver);
	if (remove_segment(archiver, archiver->segment) != 0)
		log_event(LOG_LEVEL_ERROR, "archive-not-cut", "segment=%" PRIu64, archiver->segment);
}

static int make_room_for(struct archiver *archiver, size_t size)
{
	if (size <= archiver->capacity)
		return 0;
	uint8_t *grown = realloc(archiver->buffer, size);
	if (!grown)
		return -ENOMEM;
	archiver->buffer = grown;
	archiver->capacity = size;
	return 0;
}

/* Entries behind the head into the buffer, until that or the segment is full. */
static int pack_entries(struct archiver *archiver, struct snapshot *snapshot, uint64_t newest,
                        struct journal_head *head, size_t *ret_size)
{
	size_t filled = 0;
	while (head->entry < newest && filled < BYTES_AT_ONCE &&
	       archiver->offset + filled < archiver->segment_bytes) {
		struct journal_item item = {.entry = head->entry + 1};
		int result = snapshot_record(snapshot, item.entry, &item.record, &item.payload, &item.size);
		if (result == 0)
			result = make_room_for(archiver, filled + segment_record_size(item.size));
		if (result != 0)
			return result > 0 ? (int)FAULT_CORRUPT : result;
		segment_pack_record(&item, archiver->buffer + filled);
		filled += segment_record_size(item.size);
		head->entry = item.entry;
		memcpy(head->chain, item.record.chain, sizeof head->chain);
	}
	*ret_size = filled;
	return 0;
}

static int copy_entries(struct archiver *archiver, struct journal_head *head, size_t *ret_size)
{
	struct snapshot *snapshot;
	struct store_summary summary;
	int result = snapshot_open(archiver->store, &snapshot);
	if (result != 0)
		return result;
	result = snapshot_summary(snapshot, &summary);
	if (result == 0)
		result = pack_entries(archiver, snapshot, summary.entries, head, ret_size);
	snapshot_close(snapshot);
	return result;
}

/* A segment that is full is synced, and the next one begun when there is something to put into it. */
static int end_if_full(struct archiver *archiver)
{
	if (archiver->fd < 0 || archiver->offset < archiver->segment_bytes)
		return 0;
	int result = sync_segment(archiver);
	if (result == 0)
		close_segment(archiver);
	return result;
}

/* Some entries more; *ret_size is 0 once there are none. */
static int append_some(struct archiver *archiver, size_t *ret_size)
{
	struct journal_head head = archiver->head;
	*ret_size = 0;
	int result = end_if_full(archiver);
	if (archiver->fd < 0)
		archiver->offset = 0;
	if (result == 0)
		result = copy_entries(archiver, &head, ret_size);
	if (result != 0 || *ret_size == 0)
		return result;
	if (archiver->fd < 0)
		result = begin_segment(archiver);
	if (result == 0)
		result = write_all(archiver->fd, archiver->buffer, *ret_size, archiver->offset);
	if (result != 0)
		return result;
	archiver->offset += *ret_size;
	archiver->head = head;
	return 0;
}

static int append_all(struct archiver *archiver, uint64_t bytes_max)
{
	uint64_t bytes = 0;
	size_t size;
	int result;
	do {
		result = append_some(archiver, &size);
		bytes += size;
	} while (result == 0 && size > 0 && bytes < bytes_max && !atomic_load(&archiver->stops));
	return result == 0 && archiver->fd >= 0 ? sync_segment(archiver) : result;
}

/* Says once that it stalls, and once that it goes on. */
static int pass(struct archiver *archiver, uint64_t bytes_max)
{
	int result = append_all(archiver, bytes_max);
	if (result != 0) {
		fall_back(archiver);
		if (!archiver->stalled)
			log_event(LOG_LEVEL_ERROR, "archive-stalled", "entry=%" PRIu64 " reason='%s'",
			          archiver->synced.entry, fault_text(result));
	} else if (archiver->stalled) {
		log_event(LOG_LEVEL_INFO, "archive-goes-on", "entry=%" PRIu64, archiver->synced.entry);
	}
	archiver->stalled = result != 0;
	return result;
}

/* ---- the thread ---- */

static void wait_for_notice(struct archiver *archiver)
{
	struct pollfd item = {.fd = archiver->wake_fd, .events = POLLIN};
	uint64_t times;
	if (poll(&item, 1, -1) > 0 && read(archiver->wake_fd, &times, sizeof times) < 0)
		return; /* it will be readable again */
}

/* Whatever it is told meanwhile, save to stop. */
static void rest(const struct archiver *archiver, int milliseconds)
{
	for (; milliseconds > 0 && !atomic_load(&archiver->stops); milliseconds -= REST_SLICE_MS)
		poll(NULL, 0, REST_SLICE_MS);
}

static void *run(void *closure)
{
	struct archiver *archiver = closure;
	while (!atomic_load(&archiver->stops)) {
		if (pass(archiver, UINT64_MAX) != 0) {
			rest(archiver, RETRY_MS);
			continue;
		}
		wait_for_notice(archiver);
		rest(archiver, GATHER_MS);
	}
	return NULL;
}

int archiver_start(struct archiver *archiver)
{
	archiver->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (archiver->wake_fd < 0)
		return -errno;
	int result = -pthread_create(&archiver->thread, NULL, run, archiver);
	archiver->runs = result == 0;
	return result;
}

void archiver_notify(struct archiver *archiver)
{
	uint64_t one = 1;
	if (write(archiver->wake_fd, &one, sizeof one) < 0)
		return; /* full: it has been told often enough */
}

static void stop(struct archiver *archiver)
{
	atomic_store(&archiver->stops, true);
	archiver_notify(archiver);
	pthread_join(archiver->thread, NULL);
	/* What the last commits were, in this thread: the loop's own has been told to stop wherever it
	 * was. */
	atomic_store(&archiver->stops, false);
	if (pass(archiver, LAST_PASS_BYTES) != 0)
		log_event(LOG_LEVEL_WARNING, "archive-behind", "entry=%" PRIu64, archiver->synced.entry);
}

void archiver_close(struct archiver *archiver)
{
	if (!archiver)
		return;
	if (archiver->runs)
		stop(archiver);
	close_segment(archiver);
	if (archiver->wake_fd >= 0)
		close(archiver->wake_fd);
	if (archiver->mark_fd >= 0)
		close(archiver->mark_fd);
	if (archiver->folder_fd >= 0)
		close(archiver->folder_fd);
	free(archiver->folder);
	free(archiver->buffer);
	free(archiver);
}

const atomic_uint_least64_t *archiver_entry(const struct archiver *archiver)
{
	return &archiver->entry;
}
