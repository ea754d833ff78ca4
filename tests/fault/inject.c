#include "tests/fault/inject.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static const char *const names[INJECT_CALL_COUNT] = {
    [INJECT_WRITE] = "write",         [INJECT_WRITEV] = "writev", [INJECT_PWRITE] = "pwrite",
    [INJECT_PWRITEV] = "pwritev",     [INJECT_FSYNC] = "fsync",   [INJECT_FDATASYNC] = "fdatasync",
    [INJECT_FTRUNCATE] = "ftruncate", [INJECT_MALLOC] = "malloc", [INJECT_CALLOC] = "calloc",
    [INJECT_REALLOC] = "realloc",     [INJECT_MMAP] = "mmap",     [INJECT_SOCKET] = "socket",
    [INJECT_ACCEPT] = "accept4",
};

static struct inject_board own_board, *board = &own_board;
static const char *files; /* NULL: every one */

/* The program text that INJECT_CALLERS names. */
#define RANGES_MAX 64
static struct {
	uintptr_t from, to;
} callers[RANGES_MAX];
static size_t caller_count;
static bool any_caller = true;

static __attribute__((noreturn)) void give_up(const char *what, const char *why)
{
	fprintf(stderr, "inject: %s: %s\n", what, why);
	_exit(125);
}

/* What looks a function up may itself ask for memory: that is answered from first_bytes. (The sanitizer's own
 * __tls_get_addr is not there yet when memory is first asked for; this model does without.) */
static __thread bool is_looking __attribute__((tls_model("initial-exec")));

/* `ret_next`: where a pointer to a function is, which no standard lets one assign from a void *. */
static void look_up(const char *name, void *ret_next)
{
	is_looking = true;
	void *next = dlsym(RTLD_NEXT, name);
	is_looking = false;
	if (!next)
		give_up(name, "not to be found");
	memcpy(ret_next, &next, sizeof next);
}

/* `next` is the function behind ours, looked up once. */
#define NEXT(name)                                                                                           \
	static __typeof__(&name) next;                                                                       \
	if (!next)                                                                                           \
	look_up(#name, &next)

/* ---- what is to fail ---- */

static bool is_in_set(const char *word, enum inject_call call)
{
	if (strcmp(word, "io") == 0)
		return INJECT_IO & INJECT_BIT(call);
	if (strcmp(word, "memory") == 0)
		return INJECT_MEMORY & INJECT_BIT(call);
	return strcmp(word, names[call]) == 0;
}

static int error_of(const char *word)
{
	static const struct {
		const char *name;
		int error;
	} errors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EINTR", EINTR},  {"ENOMEM", ENOMEM},
	              {"EMFILE", EMFILE}, {"ENFILE", ENFILE}, {"EDQUOT", EDQUOT}};
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (strcmp(word, errors[i].name) == 0)
			return errors[i].error;
	give_up(word, "not an error that is known here");
}

static void read_fault(const char *text)
{
	char call[16], what[16];
	uint64_t at;
	if (sscanf(text, "%15[a-z0-9]:%" SCNu64 ":%15[A-Za-z+]", call, &at, what) != 3)
		give_up(text, "expected CALL:N:WHAT");
	size_t length = strlen(what);
	board->forever = length > 0 && what[length - 1] == '+';
	if (board->forever)
		what[length - 1] = '\0';
	for (int i = 0; i < INJECT_CALL_COUNT; i++)
		board->calls |= is_in_set(call, (enum inject_call)i) ? INJECT_BIT(i) : 0;
	if (board->calls == 0)
		give_up(call, "not a call that is known here");
	board->manner = strcmp(what, "short") == 0  ? INJECT_SHORT
	                : strcmp(what, "late") == 0 ? INJECT_LATE
	                                            : INJECT_ERROR;
	board->error = board->manner == INJECT_ERROR ? error_of(what) : EIO;
	atomic_store(&board->left, (int64_t)at);
}

/* ---- who asks for memory ---- */

static bool is_listed(const char *list, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	for (size_t length; *list; list += length + (list[length] == ',')) {
		length = strcspn(list, ",");
		if (length > 0 && strncmp(name, list, length) == 0)
			return true;
	}
	return false;
}

static int note_object(struct dl_phdr_info *object, size_t size, void *list)
{
	static char own[4096];
	const char *path = object->dlpi_name;
	(void)size;
	if (path[0] == '\0' && readlink("/proc/self/exe", own, sizeof own - 1) > 0)
		path = own; /* the program itself */
	if (!is_listed(list, path))
		return 0;
	for (int i = 0; i < object->dlpi_phnum && caller_count < RANGES_MAX; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
			continue;
		callers[caller_count].from = object->dlpi_addr + part->p_vaddr;
		callers[caller_count++].to = object->dlpi_addr + part->p_vaddr + part->p_memsz;
	}
	return 0;
}

static bool is_caller(const void *caller)
{
	if (any_caller)
		return true;
	for (size_t i = 0; i < caller_count; i++)
		if ((uintptr_t)caller >= callers[i].from && (uintptr_t)caller < callers[i].to)
			return true;
	return false;
}

/* ---- begin and end ---- */

static void open_board(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *map =
	    fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		give_up(path, strerror(errno));
	close(fd);
	board = map;
}

static __attribute__((constructor)) void begin(void)
{
	const char *path = getenv("INJECT_BOARD"), *fault = getenv("INJECT"),
	           *list = getenv("INJECT_CALLERS");
	files = getenv("INJECT_FILES");
	if (list) {
		dl_iterate_phdr(note_object, (void *)(uintptr_t)list);
		any_caller = false;
	}
	if (path)
		open_board(path);
	if (fault)
		read_fault(fault);
}

static __attribute__((destructor)) void end(void)
{
	if (!getenv("INJECT_COUNT"))
		return;
	for (int i = 0; i < INJECT_CALL_COUNT; i++)
		fprintf(stderr, "inject: %s %" PRIu64 "\n", names[i], atomic_load(&board->count[i]));
}

/* ---- does this one fail? ---- */

/* Counts the call, and answers whether it is to fail. */
static bool fails(enum inject_call call)
{
	atomic_fetch_add(&board->count[call], 1);
	int64_t left = atomic_load(&board->left), then;
	if (!(board->calls & INJECT_BIT(call)))
		return false;
	do {
		if (left <= 0)
			return false;
		then = left > 1 ? left - 1 : board->forever ? 1 : 0;
	} while (!atomic_compare_exchange_weak(&board->left, &left, then));
	if (left > 1)
		return false;
	atomic_fetch_add(&board->failed, 1);
	errno = board->error;
	return true;
}

/* Whether it is a file that counts, or a folder, which may be synced. */
static bool is_file(int fd)
{
	char link[64], path[4096];
	struct stat status;
	if (fd <= 2 || fstat(fd, &status) != 0 || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
		return false;
	if (!files)
		return true;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof path - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	return strstr(path, files) != NULL;
}

/* What was late is done; if all that follow fail, they fail at once. */
static bool is_late(void)
{
	return board->manner == INJECT_LATE && atomic_load(&board->failed) == 1;
}

/* What a write that fails answers; `half` writes the first half of it, `whole` all. */
#define FAIL_WRITE(half, whole)                                                                              \
	do {                                                                                                 \
		if (board->manner == INJECT_SHORT)                                                           \
			return half;                                                                         \
		if (is_late() && (whole) >= 0)                                                               \
			errno = board->error;                                                                \
		return -1;                                                                                   \
	} while (0)

#define FAIL_OTHER(whole)                                                                                    \
	do {                                                                                                 \
		if (is_late() && (whole) == 0)                                                               \
			errno = board->error;                                                                \
		return -1;                                                                                   \
	} while (0)

/* ---- files ---- */

EXPORTED ssize_t write(int fd, const void *bytes, size_t size)
{
	NEXT(write);
	if (is_file(fd) && fails(INJECT_WRITE))
		FAIL_WRITE(next(fd, bytes, size / 2), next(fd, bytes, size));
	return next(fd, bytes, size);
}

EXPORTED ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	NEXT(pwrite);
	if (is_file(fd) && fails(INJECT_PWRITE))
		FAIL_WRITE(next(fd, bytes, size / 2, offset), next(fd, bytes, size, offset));
	return next(fd, bytes, size, offset);
}

/* The first half of many pieces: whole pieces, and a part of the one in which the middle lies. */
static size_t halve(const struct iovec *pieces, int count, struct iovec *ret_half)
{
	size_t size = 0, kept = 0;
	for (int i = 0; i < count; i++)
		size += pieces[i].iov_len;
	for (size_t left = size / 2; left > 0; kept++) {
		ret_half[kept] = pieces[kept];
		if (ret_half[kept].iov_len > left)
			ret_half[kept].iov_len = left;
		left -= ret_half[kept].iov_len;
	}
	return kept;
}

EXPORTED ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	NEXT(writev);
	if (is_file(fd) && fails(INJECT_WRITEV)) {
		struct iovec half[1024];
		FAIL_WRITE(next(fd, half, (int)halve(pieces, count, half)), next(fd, pieces, count));
	}
	return next(fd, pieces, count);
}

EXPORTED ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset)
{
	NEXT(pwritev);
	if (is_file(fd) && fails(INJECT_PWRITEV)) {
		struct iovec half[1024];
		FAIL_WRITE(next(fd, half, (int)halve(pieces, count, half), offset),
		           next(fd, pieces, count, offset));
	}
	return next(fd, pieces, count, offset);
}

EXPORTED int fsync(int fd)
{
	NEXT(fsync);
	if (is_file(fd) && fails(INJECT_FSYNC))
		FAIL_OTHER(next(fd));
	return next(fd);
}

EXPORTED int fdatasync(int fd)
{
	NEXT(fdatasync);
	if (is_file(fd) && fails(INJECT_FDATASYNC))
		FAIL_OTHER(next(fd));
	return next(fd);
}

EXPORTED int ftruncate(int fd, off_t length)
{
	NEXT(ftruncate);
	if (is_file(fd) && fails(INJECT_FTRUNCATE))
		FAIL_OTHER(next(fd, length));
	return next(fd, length);
}

EXPORTED void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	NEXT(mmap);
	return is_file(fd) && fails(INJECT_MMAP) ? MAP_FAILED : next(at, size, protection, flags, fd, offset);
}

/* Who was compiled for large files calls them by these names. */
#define ALSO(name, type, arguments, call)                                                                    \
	EXPORTED type name arguments;                                                                        \
	type name arguments                                                                                  \
	{                                                                                                    \
		return call;                                                                                 \
	}
ALSO(pwrite64, ssize_t, (int fd, const void *bytes, size_t size, off_t offset),
     pwrite(fd, bytes, size, offset))
ALSO(pwritev64, ssize_t, (int fd, const struct iovec *pieces, int count, off_t offset),
     pwritev(fd, pieces, count, offset))
ALSO(ftruncate64, int, (int fd, off_t length), ftruncate(fd, length))
ALSO(mmap64, void *, (void *at, size_t size, int protection, int flags, int fd, off_t offset),
     mmap(at, size, protection, flags, fd, offset))

/* ---- memory ---- */

/* Never given back. */
static char first_bytes[16384];
static size_t first_used;

static void *take_first(size_t size)
{
	void *bytes = first_bytes + first_used;
	first_used += (size + 15) / 16 * 16;
	if (first_used > sizeof first_bytes)
		give_up("memory", "too much asked for before the start");
	return bytes;
}

static bool is_first(const void *bytes)
{
	return (const char *)bytes >= first_bytes && (const char *)bytes < first_bytes + sizeof first_bytes;
}

static __typeof__(&malloc) next_malloc;
static __typeof__(&calloc) next_calloc;
static __typeof__(&realloc) next_realloc;
static __typeof__(&free) next_free;

/* All at once: looking one up gives memory back, too. */
static void look_memory_up(void)
{
	if (next_free)
		return;
	look_up("malloc", &next_malloc);
	look_up("calloc", &next_calloc);
	look_up("realloc", &next_realloc);
	look_up("free", &next_free);
}

EXPORTED void *malloc(size_t size)
{
	if (is_looking)
		return take_first(size);
	look_memory_up();
	return is_caller(__builtin_return_address(0)) && fails(INJECT_MALLOC) ? NULL : next_malloc(size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
	if (is_looking)
		return take_first(count * size);
	look_memory_up();
	return is_caller(__builtin_return_address(0)) && fails(INJECT_CALLOC) ? NULL
	                                                                      : next_calloc(count, size);
}

EXPORTED void *realloc(void *bytes, size_t size)
{
	look_memory_up();
	return is_caller(__builtin_return_address(0)) && fails(INJECT_REALLOC) ? NULL
	                                                                       : next_realloc(bytes, size);
}

EXPORTED void free(void *bytes)
{
	if (is_first(bytes))
		return;
	look_memory_up();
	next_free(bytes);
}

/* ---- sockets ---- */

EXPORTED int socket(int domain, int type, int protocol)
{
	NEXT(socket);
	return fails(INJECT_SOCKET) ? -1 : next(domain, type, protocol);
}

EXPORTED int accept4(int fd, __SOCKADDR_ARG address, socklen_t *length, int flags)
{
	NEXT(accept4);
	return fails(INJECT_ACCEPT) ? -1 : next(fd, address, length, flags);
}
