#include "daemon/wire/accept.h"

#include "daemon/base/log.h"
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* For the catalogue's files, a segment of the archive, a clock: what is opened while the daemon runs. */
#define KEPT 16
/* More than anyone needs; some machines allow a billion. */
#define MOST 65536

static atomic_int first_kept = INT_MAX; /* descriptors from here on are not for peers */
static atomic_bool is_short;

static void keep_some(rlim_t limit)
{
	int most = limit < INT_MAX ? (int)limit : INT_MAX;
	atomic_store(&first_kept, most > 2 * KEPT ? most - KEPT : most);
}

int accept_keep_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return -errno;
	if (limit.rlim_cur < limit.rlim_max && limit.rlim_cur < MOST) {
		limit.rlim_cur = limit.rlim_max < MOST ? limit.rlim_max : MOST;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			return -errno;
	}
	keep_some(limit.rlim_cur);
	return 0;
}

static void note_shortage(void)
{
	if (!atomic_exchange(&is_short, true))
		log_event(LOG_LEVEL_ERROR, "descriptors-short", "most=%d peers=refused",
		          atomic_load(&first_kept));
}

/* Not at the first that gets in again: there may be a crowd behind it. */
static void note_peer(int peer)
{
	if (peer < atomic_load(&first_kept) / 4 * 3 && atomic_exchange(&is_short, false))
		log_event(LOG_LEVEL_INFO, "descriptors-suffice", "peers=taken");
}

/* The limit may have been lowered or raised meanwhile (prlimit). */
static void look_at_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		keep_some(limit.rlim_cur);
}

static bool is_one_too_many(int peer)
{
	if (peer < atomic_load(&first_kept))
		return false;
	look_at_limit();
	return peer >= atomic_load(&first_kept);
}

static int let_go(int peer)
{
	close(peer);
	note_shortage();
	errno = ECONNABORTED;
	return -1;
}

/* Out of descriptors after all (another limit than this process's own, or one that was lowered), or of the kernel's memory. The
 * pause is what keeps libzmq from spinning; it delays the peers that are served by as much. */
static int call_it_nothing(void)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	look_at_limit();
	note_shortage();
	nanosleep(&pause, NULL);
	errno = EAGAIN;
	return -1;
}

/* The way it is declared, whatever stands before the C library's. */
static __typeof__(&accept4) next_accept(void)
{
	static __typeof__(&accept4) _Atomic known;
	__typeof__(&accept4) next = atomic_load(&known);
	if (!next) {
		void *found = dlsym(RTLD_NEXT, "accept4");
		memcpy(&next, &found, sizeof next);
		atomic_store(&known, next);
	}
	return next;
}

/* Called by libzmq's I/O thread, and by nobody else in this process. */
__attribute__((visibility("default"))) int accept4(int fd, __SOCKADDR_ARG address, socklen_t *length,
                                                   int flags)
{
	int peer = next_accept()(fd, address, length, flags);
	if (peer >= 0 && is_one_too_many(peer))
		return let_go(peer);
	if (peer >= 0)
		note_peer(peer);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		return call_it_nothing();
	return peer;
}
