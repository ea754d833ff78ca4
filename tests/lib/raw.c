#include "tests/lib/raw.h"

#include "tests/lib/walled.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int raw_connect(const char *url)
{
	char host[64];
	int port;
	struct sockaddr_in address = {.sin_family = AF_INET};
	if (sscanf(url, "tcp://%63[0-9.]:%d", host, &port) != 2 ||
	    inet_pton(AF_INET, host, &address.sin_addr) != 1)
		abort();
	address.sin_port = htons((in_port_t)port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		abort();
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		close(fd);
		return -1;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

size_t raw_send(int fd, const void *bytes, size_t size)
{
	ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
	return sent > 0 ? (size_t)sent : 0;
}

bool raw_is_closed(int fd)
{
	char bytes[4096];
	for (;;) {
		ssize_t got = recv(fd, bytes, sizeof bytes, 0);
		if (got <= 0)
			return got == 0 || (errno != EAGAIN && errno != EINTR);
	}
}

long raw_await_close(int fd, int timeout_ms)
{
	int64_t began = walled_now_ms();
	while (walled_now_ms() - began < timeout_ms) {
		struct pollfd polled = {.fd = fd, .events = POLLIN};
		if (raw_is_closed(fd))
			return (long)(walled_now_ms() - began);
		poll(&polled, 1, 20);
	}
	return -1;
}

void raw_greeting(const char *mechanism, unsigned char ret_bytes[64])
{
	memset(ret_bytes, 0, 64);
	ret_bytes[0] = 0xff;
	ret_bytes[9] = 0x7f;
	ret_bytes[10] = 3;
	memcpy(ret_bytes + 12, mechanism, strlen(mechanism));
}
