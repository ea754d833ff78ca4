#include "tests/lib/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAIRS_MAX 64
#define READ_MAX  16384
#define HELD_MAX  (256 * 1024) /* bytes of one direction, before it is no longer read */

struct piece {
	struct piece *next;
	int64_t due_ms;
	size_t size, done;
	char bytes[];
};

struct way {
	int from, to;
	struct piece *first, **last;
	size_t held;
	int64_t turn_ms; /* now, and what was passed on in it */
	size_t in_turn;
	bool is_up, ended; /* nothing more comes */
};

struct pair {
	struct way up, down;
	int client, server; /* -1: not in use */
};

static void give_up(const char *what)
{
	fprintf(stderr, "tests/lib/proxy: %s: %s\n", what, strerror(errno));
	abort();
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct sockaddr_in address_of(const char *text, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
		give_up(text);
	return address;
}

/* ---- connections ---- */

static void way_init(struct way *way, int from, int to, bool is_up)
{
	*way = (struct way){.from = from, .to = to, .is_up = is_up};
	way->last = &way->first;
}

static void way_done(struct way *way)
{
	while (way->first) {
		struct piece *piece = way->first;
		way->first = piece->next;
		free(piece);
	}
}

/* With a reset, not a farewell. */
static void pair_close(struct pair *pair)
{
	const struct linger abruptly = {.l_onoff = 1, .l_linger = 0};
	if (pair->client < 0)
		return;
	setsockopt(pair->client, SOL_SOCKET, SO_LINGER, &abruptly, sizeof abruptly);
	setsockopt(pair->server, SOL_SOCKET, SO_LINGER, &abruptly, sizeof abruptly);
	close(pair->client);
	close(pair->server);
	way_done(&pair->up);
	way_done(&pair->down);
	pair->client = pair->server = -1;
}

static int connect_to(const struct sockaddr_in *server)
{
	const int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)server, sizeof *server) != 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static void take_client(struct pair pairs[PAIRS_MAX], struct proxy_rules *rules, int listener,
                        const struct sockaddr_in *server)
{
	const int one = 1;
	struct pair *pair = pairs;
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC),
	    other = client < 0 ? -1 : connect_to(server);
	while (pair < pairs + PAIRS_MAX && pair->client >= 0)
		pair++;
	if (other < 0 || pair == pairs + PAIRS_MAX) {
		if (client >= 0)
			close(client);
		if (other >= 0)
			close(other);
		return;
	}
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	pair->client = client;
	pair->server = other;
	way_init(&pair->up, client, other, true);
	way_init(&pair->down, other, client, false);
	rules->connections++;
}

/* ---- bytes ---- */

static void hold(struct way *way, const struct proxy_rules *rules, const char *bytes, size_t size,
                 int64_t now)
{
	struct piece *piece = malloc(sizeof *piece + size);
	if (!piece)
		give_up("memory");
	*piece = (struct piece){.size = size, .due_ms = now + rules->delay_ms};
	if (rules->jitter_ms > 0)
		piece->due_ms += rand() % (rules->jitter_ms + 1);
	memcpy(piece->bytes, bytes, size);
	*way->last = piece;
	way->last = &piece->next;
	way->held += size;
}

static bool take_bytes(struct way *way, const struct proxy_rules *rules, int64_t now)
{
	char bytes[READ_MAX];
	ssize_t size = recv(way->from, bytes, sizeof bytes, MSG_DONTWAIT);
	if (size < 0)
		return errno == EAGAIN || errno == EINTR;
	way->ended = size == 0;
	size_t most = rules->piece > 0 ? (size_t)rules->piece : sizeof bytes;
	for (size_t at = 0; at < (size_t)size; at += most)
		hold(way, rules, bytes + at, (size_t)size - at < most ? (size_t)size - at : most, now);
	return true;
}

static bool may_pass(struct way *way, const struct proxy_rules *rules, int64_t now)
{
	if (way->turn_ms != now)
		way->in_turn = 0;
	way->turn_ms = now;
	return way->first && way->first->due_ms <= now &&
	       !(way->is_up ? rules->holds_up : rules->holds_down) &&
	       (rules->per_ms == 0 || way->in_turn < (size_t)rules->per_ms);
}

static bool pass_on(struct way *way, struct proxy_rules *rules, int64_t now)
{
	while (may_pass(way, rules, now)) {
		struct piece *piece = way->first;
		ssize_t size = send(way->to, piece->bytes + piece->done, piece->size - piece->done,
		                    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (size < 0)
			return errno == EAGAIN || errno == EINTR;
		piece->done += (size_t)size;
		way->in_turn += (size_t)size;
		way->held -= (size_t)size;
		*(way->is_up ? &rules->bytes_up : &rules->bytes_down) += (uint64_t)size;
		if (piece->done < piece->size)
			return true;
		way->first = piece->next;
		if (!way->first)
			way->last = &way->first;
		free(piece);
	}
	return !way->ended || way->first;
}

static bool serve_pair(struct pair *pair, struct proxy_rules *rules, const struct pollfd *polls, int64_t now)
{
	if (((polls[0].revents & ~POLLOUT) && !take_bytes(&pair->up, rules, now)) ||
	    ((polls[1].revents & ~POLLOUT) && !take_bytes(&pair->down, rules, now)))
		return false;
	return pass_on(&pair->up, rules, now) && pass_on(&pair->down, rules, now);
}

static short wanted(const struct way *way)
{
	return !way->ended && way->held < HELD_MAX ? POLLIN : 0;
}

/* Two descriptors per pair. */
static void turn(struct pair pairs[PAIRS_MAX], struct proxy_rules *rules, int listener,
                 const struct sockaddr_in *server)
{
	struct pollfd polls[1 + 2 * PAIRS_MAX] = {{.fd = listener, .events = POLLIN}};
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		polls[1 + 2 * i] = (struct pollfd){.fd = pairs[i].client, .events = wanted(&pairs[i].up)};
		polls[2 + 2 * i] = (struct pollfd){.fd = pairs[i].server, .events = wanted(&pairs[i].down)};
	}
	poll(polls, 1 + 2 * PAIRS_MAX, 1);
	int64_t now = now_ms();
	for (size_t i = 0; i < PAIRS_MAX; i++)
		if (pairs[i].client >= 0 && !serve_pair(&pairs[i], rules, &polls[1 + 2 * i], now))
			pair_close(&pairs[i]);
	if (polls[0].revents)
		take_client(pairs, rules, listener, server);
}

/* ---- the process ---- */

static void run(struct proxy_rules *rules, int listener, const struct sockaddr_in *server)
{
	static struct pair pairs[PAIRS_MAX];
	int resets = 0;
	for (size_t i = 0; i < PAIRS_MAX; i++)
		pairs[i].client = pairs[i].server = -1;
	for (;;) {
		int64_t limit = rules->reset_after;
		turn(pairs, rules, listener, server);
		bool is_far = limit > 0 && (int64_t)rules->bytes_up >= limit;
		if (resets == rules->resets && !is_far)
			continue;
		resets = rules->resets;
		if (is_far)
			rules->reset_after = 0;
		for (size_t i = 0; i < PAIRS_MAX; i++)
			pair_close(&pairs[i]);
	}
}

static int listen_on(const char *address, uint16_t port)
{
	const int one = 1;
	const struct sockaddr_in here = address_of(address, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	    bind(fd, (const struct sockaddr *)&here, sizeof here) != 0 || listen(fd, 64) != 0)
		give_up("listen");
	return fd;
}

void proxy_start(struct proxy *proxy, int namespace_fd, const char *address, uint16_t port,
                 const char *server_address, uint16_t server_port)
{
	const struct sockaddr_in server = address_of(server_address, server_port);
	char ready;
	int ends[2];
	proxy->rules =
	    mmap(NULL, sizeof *proxy->rules, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (proxy->rules == MAP_FAILED || pipe(ends) != 0)
		give_up("memory");
	fflush(NULL);
	proxy->pid = fork();
	if (proxy->pid < 0)
		give_up("fork");
	if (proxy->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (namespace_fd >= 0 && setns(namespace_fd, CLONE_NEWNET) != 0)
			give_up("setns");
		int listener = listen_on(address, port);
		if (write(ends[1], "", 1) != 1)
			give_up("pipe");
		run(proxy->rules, listener, &server);
	}
	close(ends[1]);
	if (read(ends[0], &ready, 1) != 1)
		give_up("start");
	close(ends[0]);
}

void proxy_stop(struct proxy *proxy)
{
	kill(proxy->pid, SIGKILL);
	while (waitpid(proxy->pid, NULL, 0) < 0 && errno == EINTR)
		;
	munmap(proxy->rules, sizeof *proxy->rules);
	proxy->pid = 0;
}
