#include "tests/lib/manager.h"

#include "daemon/base/clock.h"
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void give_up(const char *what)
{
	fprintf(stderr, "tests/lib/manager: %s: %s\n", what, strerror(errno));
	abort();
}

/* An abstract name: no path could be too long for it. */
void manager_init(struct manager *manager)
{
	static unsigned number;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length =
	    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "suanpan-%d-%u", getpid(), number++);
	manager->message[0] = '\0';
	snprintf(manager->environment, sizeof manager->environment, "NOTIFY_SOCKET=@%s",
	         address.sun_path + 1);
	manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (manager->fd < 0 || bind(manager->fd, (struct sockaddr *)&address,
	                            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) != 0)
		give_up("bind");
}

void manager_done(struct manager *manager)
{
	close(manager->fd);
}

bool manager_hear(struct manager *manager, int timeout_ms)
{
	struct pollfd polled = {.fd = manager->fd, .events = POLLIN};
	if (poll(&polled, 1, timeout_ms > 0 ? timeout_ms : 0) <= 0)
		return false;
	ssize_t length = recv(manager->fd, manager->message, sizeof manager->message - 1, 0);
	if (length < 0)
		give_up("recv");
	manager->message[length] = '\0';
	return true;
}

static int left_of(int64_t end_ms)
{
	return (int)(end_ms - clock_read().monotonic_ms);
}

bool manager_hear_of(struct manager *manager, const char *text, int timeout_ms)
{
	int64_t end_ms = clock_read().monotonic_ms + timeout_ms;
	while (manager_hear(manager, left_of(end_ms)))
		if (strstr(manager->message, text))
			return true;
	return false;
}

unsigned manager_count(struct manager *manager, const char *text, int for_ms)
{
	int64_t end_ms = clock_read().monotonic_ms + for_ms;
	unsigned count = 0;
	while (manager_hear(manager, left_of(end_ms)))
		count += strstr(manager->message, text) != NULL;
	return count;
}
