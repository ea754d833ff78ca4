#include "tests/lib/curve.h"

#include "tests/lib/raw.h"
#include "tests/lib/walled.h"
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#define WAIT_MS      20000
#define FLAG_LONG    2
#define FLAG_COMMAND 4
#define BOX_MORE     1 /* inside a box the flags are others */
#define BOX_COMMAND  2
#define BODY_MAX     70000

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "tests/lib/curve: %s\n", what);
	abort();
}

/* ---- frames ---- */

static bool read_all(int fd, unsigned char *bytes, size_t size, int64_t until)
{
	while (size > 0) {
		struct pollfd polled = {.fd = fd, .events = POLLIN};
		int64_t left = until - walled_now_ms();
		if (left <= 0 || poll(&polled, 1, (int)left) != 1)
			return false;
		ssize_t got = recv(fd, bytes, size, 0);
		if (got <= 0)
			return false;
		bytes += got;
		size -= (size_t)got;
	}
	return true;
}

static bool read_frame(int fd, unsigned char *body, size_t *ret_size, int64_t until)
{
	unsigned char head[9] = {0};
	if (!read_all(fd, head, 2, until))
		return false;
	size_t size = head[1];
	if (head[0] & FLAG_LONG) {
		if (!read_all(fd, head + 2, 7, until))
			return false;
		size = 0;
		for (int i = 1; i < 9; i++)
			size = size << 8 | head[i];
	}
	*ret_size = size;
	return size <= BODY_MAX && read_all(fd, body, size, until);
}

/* False: the other side has closed. Nothing of what it said before is taken away. */
static bool send_all(int fd, const unsigned char *bytes, size_t size)
{
	for (size_t sent = 0; sent < size;) {
		struct pollfd polled = {.fd = fd, .events = POLLOUT | POLLRDHUP};
		if (poll(&polled, 1, WAIT_MS) != 1)
			give_up("nobody takes what is sent");
		if (polled.revents & (POLLRDHUP | POLLHUP | POLLERR))
			return false;
		ssize_t went = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
		if (went < 0 && errno != EAGAIN)
			return false;
		sent += went > 0 ? (size_t)went : 0;
	}
	return true;
}

static bool send_frame(struct curve *curve, unsigned flags, const unsigned char *body, size_t size)
{
	size_t head = size > 255 ? 9 : 2;
	curve->frame[0] = (unsigned char)(flags | (size > 255 ? FLAG_LONG : 0));
	for (size_t i = 1; i < head; i++)
		curve->frame[i] = (unsigned char)((uint64_t)size >> 8 * (head - 1 - i));
	memcpy(curve->frame + head, body, size);
	curve->frame_size = head + size;
	return send_all(curve->fd, curve->frame, curve->frame_size);
}

/* ---- boxes ---- */

struct nonce {
	unsigned char bytes[crypto_box_NONCEBYTES];
};

static struct nonce make_nonce(const char *prefix, const unsigned char *rest)
{
	struct nonce nonce;
	memcpy(nonce.bytes, prefix, strlen(prefix));
	memcpy(nonce.bytes + strlen(prefix), rest, sizeof nonce.bytes - strlen(prefix));
	return nonce;
}

static struct nonce next_nonce(struct curve *curve, const char *prefix, unsigned char ret_short[8])
{
	curve->nonce++;
	for (int i = 0; i < 8; i++)
		ret_short[i] = (unsigned char)(curve->nonce >> 8 * (7 - i));
	return make_nonce(prefix, ret_short);
}

struct keys {
	unsigned char own_public[32], own_secret[32], server[32];
	unsigned char brief_public[32], brief_secret[32]; /* for this connection */
	unsigned char server_brief[32], cookie[96];
};

static void say_hello(struct curve *curve, const struct keys *keys)
{
	unsigned char body[200] = "\5HELLO\1", zeros[64] = {0};
	memcpy(body + 80, keys->brief_public, 32);
	struct nonce nonce = next_nonce(curve, "CurveZMQHELLO---", body + 112);
	if (crypto_box_easy(body + 120, zeros, sizeof zeros, nonce.bytes, keys->server, keys->brief_secret) !=
	    0)
		give_up("crypto_box");
	(void)send_frame(curve, FLAG_COMMAND, body, sizeof body);
}

static bool be_welcomed(const struct curve *curve, struct keys *keys)
{
	static unsigned char body[BODY_MAX];
	unsigned char plain[128];
	size_t size;
	if (!read_frame(curve->fd, body, &size, walled_now_ms() + WAIT_MS) || size != 168 ||
	    memcmp(body, "\7WELCOME", 8) != 0)
		return false;
	struct nonce nonce = make_nonce("WELCOME-", body + 8);
	if (crypto_box_open_easy(plain, body + 24, 144, nonce.bytes, keys->server, keys->brief_secret) != 0)
		return false;
	memcpy(keys->server_brief, plain, 32);
	memcpy(keys->cookie, plain + 32, 96);
	return true;
}

static size_t add_property(unsigned char *at, const char *name, const char *value)
{
	size_t name_size = strlen(name), value_size = strlen(value);
	*at++ = (unsigned char)name_size;
	memcpy(at, name, name_size);
	at += name_size;
	memcpy(at, (unsigned char[]){0, 0, 0, (unsigned char)value_size}, 4);
	memcpy(at + 4, value, value_size);
	return 1 + name_size + 4 + value_size;
}

static void initiate(struct curve *curve, const struct keys *keys, const char *type, const char *name,
                     const char *value)
{
	unsigned char body[1024] = "\10INITIATE", plain[512], vouch[64];
	size_t size = 128;
	memcpy(plain, keys->own_public, 32);
	randombytes_buf(plain + 32, 16);
	memcpy(vouch, keys->brief_public, 32);
	memcpy(vouch + 32, keys->server, 32);
	struct nonce vouching = make_nonce("VOUCH---", plain + 32);
	if (crypto_box_easy(plain + 48, vouch, sizeof vouch, vouching.bytes, keys->server_brief,
	                    keys->own_secret) != 0)
		give_up("crypto_box");
	size += add_property(plain + size, "Socket-Type", type);
	size += add_property(plain + size, "Identity", "");
	if (name)
		size += add_property(plain + size, name, value);
	memcpy(body + 9, keys->cookie, 96);
	struct nonce nonce = next_nonce(curve, "CurveZMQINITIATE", body + 105);
	if (crypto_box_easy(body + 113, plain, size, nonce.bytes, keys->server_brief, keys->brief_secret) !=
	    0)
		give_up("crypto_box");
	(void)send_frame(curve, FLAG_COMMAND, body, 113 + size + crypto_box_MACBYTES);
}

static bool be_ready(const struct curve *curve)
{
	static unsigned char body[BODY_MAX];
	size_t size;
	return read_frame(curve->fd, body, &size, walled_now_ms() + WAIT_MS) && size > 6 &&
	       memcmp(body, "\5READY", 6) == 0;
}

bool curve_open(struct curve *curve, const char *url, const struct endpoint_keys *own, const char *type,
                const char *name, const char *value)
{
	struct keys keys;
	unsigned char greeting[64];
	*curve = (struct curve){.fd = raw_connect(url)};
	zmq_z85_decode(keys.own_public, own->own_public);
	zmq_z85_decode(keys.own_secret, own->own_secret);
	zmq_z85_decode(keys.server, own->server_public);
	crypto_box_keypair(keys.brief_public, keys.brief_secret);
	raw_greeting("CURVE", greeting);
	(void)send_all(curve->fd, greeting, sizeof greeting);
	if (!read_all(curve->fd, greeting, sizeof greeting, walled_now_ms() + WAIT_MS))
		return false;
	say_hello(curve, &keys);
	if (!be_welcomed(curve, &keys))
		return false;
	initiate(curve, &keys, type, name, value);
	return be_ready(curve) &&
	       crypto_box_beforenm(curve->shared, keys.server_brief, keys.brief_secret) == 0;
}

void curve_close(struct curve *curve)
{
	close(curve->fd);
}

/* ---- messages ---- */

bool curve_send(struct curve *curve, const void *bytes, size_t size, bool more)
{
	unsigned char *body = calloc(1, 16 + crypto_box_MACBYTES + 1 + size), *plain = calloc(1, 1 + size);
	if (!body || !plain)
		give_up("calloc");
	memcpy(body, "\7MESSAGE", 8);
	plain[0] = more ? BOX_MORE : 0;
	memcpy(plain + 1, bytes, size);
	struct nonce nonce = next_nonce(curve, "CurveZMQMESSAGEC", body + 8);
	if (crypto_box_easy_afternm(body + 16, plain, 1 + size, nonce.bytes, curve->shared) != 0)
		give_up("crypto_box");
	/* Outside the box no flag tells that there is more. */
	bool sent = send_frame(curve, 0, body, 16 + crypto_box_MACBYTES + 1 + size);
	free(body);
	free(plain);
	return sent;
}

void curve_replay(struct curve *curve)
{
	(void)send_all(curve->fd, curve->frame, curve->frame_size);
}

bool curve_receive(struct curve *curve, int timeout_ms, unsigned char *ret_bytes, size_t room,
                   size_t *ret_size)
{
	static unsigned char body[BODY_MAX], plain[BODY_MAX];
	int64_t until = walled_now_ms() + timeout_ms;
	size_t size;
	while (read_frame(curve->fd, body, &size, until)) {
		if (size < 33 || memcmp(body, "\7MESSAGE", 8) != 0)
			continue;
		struct nonce nonce = make_nonce("CurveZMQMESSAGES", body + 8);
		if (crypto_box_open_easy_afternm(plain, body + 16, size - 16, nonce.bytes, curve->shared) !=
		    0)
			give_up("a message that cannot be opened");
		if (plain[0] & BOX_COMMAND) /* PING */
			continue;
		*ret_size = size - 33;
		if (*ret_size > room)
			give_up("no room");
		memcpy(ret_bytes, plain + 1, *ret_size);
		return true;
	}
	return false;
}
