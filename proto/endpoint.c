#include "proto/endpoint.h"

#include "proto/envelope.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/un.h>
#include <zmq.h>

#define HOST_MAX   255
#define INPROC_MAX 255

/* Still a draft of libzmq's and so not in its header; Debian's build takes it all the same. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
/* What CURVE adds to a frame: the command's name (8 bytes), a nonce (8), the box's authenticator (16), flags
 * (1). libzmq counts them in. */
#define CURVE_FRAMING 33

/* ---- urls */

enum scheme { SCHEME_TCP, SCHEME_IPC, SCHEME_INPROC, SCHEME_UNKNOWN };

static const struct scheme_row {
	const char *prefix;
	const char *expected;
} SCHEMES[] = {
    [SCHEME_TCP] = {.prefix = "tcp://",
                    .expected = "tcp://HOST:PORT with a port from 1 to 65535, such as tcp://127.0.0.1:5811"},
    [SCHEME_IPC] = {.prefix = "ipc://",
                    .expected =
                        "ipc://PATH with a path of at most 107 bytes, such as ipc:///run/suanpan/intake"},
    [SCHEME_INPROC] = {.prefix = "inproc://", .expected = "inproc://NAME"},
    [SCHEME_UNKNOWN] = {.prefix = "", .expected = "tcp://HOST:PORT or ipc://PATH"},
};

static enum scheme scheme_of(const char *url, const char **ret_rest)
{
	int scheme = SCHEME_TCP;

	while (strncmp(url, SCHEMES[scheme].prefix, strlen(SCHEMES[scheme].prefix)) != 0)
		scheme++;
	*ret_rest = url + strlen(SCHEMES[scheme].prefix);
	return (enum scheme)scheme;
}

/* No wildcard port: it would be one that nobody is told. */
static bool is_port(const char *text)
{
	unsigned port = 0;
	size_t length = strspn(text, "0123456789");

	if (length < 1 || length > 5 || text[length] != '\0' || text[0] == '0')
		return false;
	for (size_t i = 0; i < length; i++)
		port = port * 10 + (unsigned)(text[i] - '0');
	return port <= 65535;
}

/* "host:port" or "[address]:port", taken apart; ret_host has no brackets. */
static bool split_tcp(const char *rest, char ret_host[HOST_MAX + 1], bool *ret_is_ipv6)
{
	const char *colon = strrchr(rest, ':');
	bool is_ipv6 = rest[0] == '[';

	if (!colon || !is_port(colon + 1))
		return false;
	const char *host = rest + is_ipv6, *end = colon;
	if (is_ipv6 && (end - host < 1 || *--end != ']'))
		return false;
	if (end <= host || end - host > HOST_MAX)
		return false;
	memcpy(ret_host, host, (size_t)(end - host));
	ret_host[end - host] = '\0';
	*ret_is_ipv6 = is_ipv6;
	return true;
}

static bool is_host(const char *host, bool is_ipv6)
{
	static const char NAME[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	struct in6_addr address;

	if (is_ipv6)
		return inet_pton(AF_INET6, host, &address) == 1;
	return strcmp(host, "*") == 0 || host[strspn(host, NAME)] == '\0';
}

static bool is_path(const char *path)
{
	return *path && strcmp(path, "*") != 0 && strcmp(path, "@") != 0 &&
	       strlen(path) < sizeof((struct sockaddr_un *)NULL)->sun_path;
}

bool endpoint_is_valid(const char *url, const char **ret_expected)
{
	char host[HOST_MAX + 1];
	bool is_valid = false, is_ipv6;
	const char *rest;
	enum scheme scheme = scheme_of(url, &rest);

	switch (scheme) {
	case SCHEME_TCP:
		is_valid = split_tcp(rest, host, &is_ipv6) && is_host(host, is_ipv6);
		break;
	case SCHEME_IPC:
		is_valid = is_path(rest);
		break;
	case SCHEME_INPROC:
		is_valid = *rest && strlen(rest) <= INPROC_MAX;
		break;
	case SCHEME_UNKNOWN:
		break;
	}
	if (!is_valid)
		*ret_expected = SCHEMES[scheme].expected;
	return is_valid;
}

/* Spelt out in full or not at all: "127.1" and mapped addresses may be local, but nobody needs them. */
static bool is_loopback(const char *host, bool is_ipv6)
{
	struct in6_addr six;
	struct in_addr four;

	if (is_ipv6)
		return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
	if (strcasecmp(host, "localhost") == 0)
		return true;
	return inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool endpoint_is_local(const char *url)
{
	char host[HOST_MAX + 1];
	const char *rest, *expected;
	bool is_ipv6;

	if (!endpoint_is_valid(url, &expected))
		return false;
	if (scheme_of(url, &rest) != SCHEME_TCP)
		return true;
	return split_tcp(rest, host, &is_ipv6) && is_loopback(host, is_ipv6);
}

static bool is_ipv6_url(const char *url)
{
	return strncmp(url, "tcp://[", strlen("tcp://[")) == 0;
}

/* ---- options */

#define BIT(kind) (1u << (kind))
#define ROUTERS   (BIT(ENDPOINT_INTAKE_SERVER) | BIT(ENDPOINT_QUERY_SERVER))
#define SERVERS   (ROUTERS | BIT(ENDPOINT_LIVE_SERVER))
#define CLIENTS   (BIT(ENDPOINT_REQUEST) | BIT(ENDPOINT_LIVE_CLIENT))
#define ALL       (SERVERS | CLIENTS)

static const struct kind_row {
	int type;
	int send_queue;    /* messages for one peer, before sending to it is refused */
	int receive_queue; /* messages of one peer, before it is no longer read */
} KINDS[] = {
    /* 64 full reports are 4 MiB a peer, and as many as one sender has in flight. Acks are small, except
     * refusals of thousands of rows. */
    [ENDPOINT_INTAKE_SERVER] = {.type = ZMQ_ROUTER, .send_queue = 256, .receive_queue = 64},
    /* Chunks of 48 KiB: 12 MiB for a reader that does not read. */
    [ENDPOINT_QUERY_SERVER] = {.type = ZMQ_ROUTER, .send_queue = 256, .receive_queue = 64},
    /* Updates are small, come in bursts of one commit, and are lost to whoever is further behind; the
     * sequence tells them. What comes in is subscriptions. */
    [ENDPOINT_LIVE_SERVER] = {.type = ZMQ_XPUB, .send_queue = 1000, .receive_queue = 64},
    /* What does not fit waits in the spool, where it is safe. */
    [ENDPOINT_REQUEST] = {.type = ZMQ_DEALER, .send_queue = 64, .receive_queue = 256},
    [ENDPOINT_LIVE_CLIENT] = {.type = ZMQ_SUB, .send_queue = 64, .receive_queue = 1000},
};

static const struct option_row {
	unsigned kinds;
	int option;
	int value;
} OPTIONS[] = {
    /* Closing must not wait for peers: what matters was acked, and is sent again otherwise. (Default:
     * for ever.) */
    {ALL, ZMQ_LINGER, 0},
    /* A peer that dribbles its handshake is let go after this, not after 30 s. */
    {ALL, ZMQ_HANDSHAKE_IVL, 3000},
    /* Without heartbeats neither end notices a partition, and a peer that dribbles a frame stays. The
     * TTL asks the peer to hold the same view of us. */
    {ALL, ZMQ_HEARTBEAT_IVL, 5000},
    {ALL, ZMQ_HEARTBEAT_TIMEOUT, 15000},
    {ALL, ZMQ_HEARTBEAT_TTL, 15000},
    /* With the default of 100 thousands of connects at once took 25 s instead of half a second. */
    {SERVERS, ZMQ_BACKLOG, 1024},
    /* An answer to a peer that has gone or does not read is an error at once; otherwise it would be
     * dropped and called sent. */
    {ROUTERS, ZMQ_ROUTER_MANDATORY, 1},
    /* A second peer must not take over the answers of the first by claiming its routing id. */
    {ROUTERS, ZMQ_ROUTER_HANDOVER, 0},
    /* The daemon decides what a subscription may be, and how many there are: 100,000 of them by one
     * reader took 1.2 GB. */
    {BIT(ENDPOINT_LIVE_SERVER), ZMQ_XPUB_MANUAL, 1},
    /* Nor is there more on its way when a connection is cut off for asking too much. */
    {BIT(ENDPOINT_LIVE_SERVER), ZMQ_RCVBUF, 65536},
    /* Nothing queues for a daemon that is not there: the send fails and the report stays spooled. */
    {BIT(ENDPOINT_REQUEST), ZMQ_IMMEDIATE, 1},
    /* Eleven districts must not knock ten times a second while the daemon is down: the interval doubles
     * up to this. A connect that hangs is begun again. */
    {CLIENTS, ZMQ_RECONNECT_IVL_MAX, 2000},
    {CLIENTS, ZMQ_CONNECT_TIMEOUT, 5000},
};

static bool set_number(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

/* Unset, a header that promises a gigabyte is believed before any handshake. Beyond this the peer is cut off.
 */
static bool set_size_limit(void *socket, enum endpoint_kind kind, bool is_curve)
{
	int64_t limit = SERVERS & BIT(kind) ? ENVELOPE_REQUEST_MAX : ENVELOPE_ANSWER_MAX;

	if (is_curve)
		limit += CURVE_FRAMING;
	return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &limit, sizeof limit) == 0;
}

static bool set_options(void *socket, enum endpoint_kind kind, const char *url, bool is_curve)
{
	bool is_set = set_size_limit(socket, kind, is_curve) &&
	              set_number(socket, ZMQ_SNDHWM, KINDS[kind].send_queue) &&
	              set_number(socket, ZMQ_RCVHWM, KINDS[kind].receive_queue);

	/* Off unless the address itself is one: a name that resolves to IPv6 first must not open another
	 * door. */
	is_set = is_set && set_number(socket, ZMQ_IPV6, is_ipv6_url(url));
	for (size_t i = 0; i < sizeof OPTIONS / sizeof OPTIONS[0]; i++)
		if (OPTIONS[i].kinds & BIT(kind))
			is_set = is_set && set_number(socket, OPTIONS[i].option, OPTIONS[i].value);
	return is_set;
}

/* ---- keys */

static bool set_text(void *socket, int option, const char *text)
{
	return zmq_setsockopt(socket, option, text, strlen(text)) == 0;
}

/* A server without a ZAP handler lets every stranger in, unless the last of these says otherwise. Answers
 * NULL, or what went wrong. */
static const char *set_server_keys(void *socket, const struct endpoint_keys *keys)
{
	if (!set_number(socket, ZMQ_CURVE_SERVER, 1) ||
	    !set_text(socket, ZMQ_CURVE_SECRETKEY, keys->own_secret) ||
	    !set_text(socket, ZMQ_ZAP_DOMAIN, ENDPOINT_ZAP_DOMAIN))
		return "libzmq does not take the server's key";
	if (!set_number(socket, ZMQ_ZAP_ENFORCE_DOMAIN, 1))
		return "this libzmq cannot be told to keep strangers out (ZMQ_ZAP_ENFORCE_DOMAIN)";
	return NULL;
}

static const char *set_client_keys(void *socket, const struct endpoint_keys *keys)
{
	if (!set_text(socket, ZMQ_CURVE_SERVERKEY, keys->server_public))
		return "libzmq does not take the server's public key";
	if (!set_text(socket, ZMQ_CURVE_PUBLICKEY, keys->own_public) ||
	    !set_text(socket, ZMQ_CURVE_SECRETKEY, keys->own_secret))
		return "libzmq does not take the key";
	return NULL;
}

static const char *set_keys(void *socket, enum endpoint_kind kind, const struct endpoint_keys *keys)
{
	if (!zmq_has("curve"))
		return "this libzmq was built without CURVE";
	return SERVERS & BIT(kind) ? set_server_keys(socket, keys) : set_client_keys(socket, keys);
}

/* ---- context and sockets */

static int fault_of_zmq(int number)
{
	return number > 0 && number < ZMQ_HAUSNUMERO ? -number : FAULT_SOCKET;
}

int endpoint_context_new(void **ret_context)
{
	unsigned seed;

	/* libzmq 4.3.4 counts its routing ids up from an unseeded rand(): a peer that claims the next one as
	 * its own would abort the daemon. */
	if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
		return -errno;
	srand(seed);
	void *context = zmq_ctx_new();
	if (!context)
		return fault_of_zmq(errno);
	/* Otherwise new sockets linger for ever and ending the context hangs. */
	if (zmq_ctx_set(context, ZMQ_BLOCKY, 0) != 0) {
		int fault = fault_of_zmq(errno);
		endpoint_context_free(context);
		return fault;
	}
	*ret_context = context;
	return 0;
}

void endpoint_context_free(void *context)
{
	if (!context)
		return;
	while (zmq_ctx_term(context) != 0 && errno == EINTR)
		; /* a signal came first */
}

static int explain_failure(void *socket, const char **ret_error)
{
	int number = errno;

	endpoint_close(socket);
	*ret_error = zmq_strerror(number);
	return fault_of_zmq(number);
}

/* All but bound or connected. */
static int make_socket(void *context, enum endpoint_kind kind, const char *url,
                       const struct endpoint_keys *keys, void **ret_socket, const char **ret_error)
{
	if (!endpoint_is_valid(url, ret_error))
		return -EINVAL;
	void *socket = zmq_socket(context, KINDS[kind].type);
	if (!socket || !set_options(socket, kind, url, keys != NULL))
		return explain_failure(socket, ret_error);
	const char *error = keys ? set_keys(socket, kind, keys) : NULL;
	if (error) {
		endpoint_close(socket);
		*ret_error = error;
		return FAULT_SOCKET;
	}
	*ret_socket = socket;
	return 0;
}

int endpoint_open(void *context, enum endpoint_kind kind, const char *url, const struct endpoint_keys *keys,
                  void **ret_socket, const char **ret_error)
{
	bool is_server = SERVERS & BIT(kind);
	void *socket = NULL;
	int result = make_socket(context, kind, url, keys, &socket, ret_error);

	if (result)
		return result;
	if ((is_server ? zmq_bind(socket, url) : zmq_connect(socket, url)) != 0)
		return explain_failure(socket, ret_error);
	*ret_socket = socket;
	return 0;
}

/* What libzmq is to tell of a client's connection, and of those of a server. */
#define CLIENT_EVENTS                                                                                        \
	(ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |          \
	 ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
/* Of failed handshakes a server is not told: telling it of one changes errno, and libzmq 4.3.4 then takes the failure for
 * "nothing to read for now" and keeps the connection, after the handshake until its heartbeats fail. */
#define SERVER_EVENTS (ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED)

/* Before it connects or is bound: what happened sooner would go unnoticed. */
static void *watch_socket(void *context, void *socket, bool is_server)
{
	static atomic_uint
	    watched; /* no name twice: libzmq gives a socket's up some time after it is closed */
	char name[sizeof "inproc://watch-4294967295"];

	snprintf(name, sizeof name, "inproc://watch-%u", atomic_fetch_add(&watched, 1u));
	if (zmq_socket_monitor(socket, name, is_server ? SERVER_EVENTS : CLIENT_EVENTS))
		return NULL;
	void *events = zmq_socket(context, ZMQ_PAIR);
	/* No limit for a client: news that it does not read while it has nothing to ask would stop libzmq's own
	 * thread. A server's is read all the time. */
	if (events && set_number(events, ZMQ_LINGER, 0) && (is_server || set_number(events, ZMQ_RCVHWM, 0)) &&
	    zmq_connect(events, name) == 0)
		return events;
	int number = errno;
	endpoint_close(events);
	errno = number;
	return NULL;
}

int endpoint_open_watched(void *context, enum endpoint_kind kind, const char *url,
                          const struct endpoint_keys *keys, void **ret_socket, void **ret_events,
                          const char **ret_error)
{
	return endpoint_open_listening(context, kind, url, -1, keys, ret_socket, ret_events, ret_error);
}

int endpoint_open_listening(void *context, enum endpoint_kind kind, const char *url, int fd,
                            const struct endpoint_keys *keys, void **ret_socket, void **ret_events,
                            const char **ret_error)
{
	bool is_server = SERVERS & BIT(kind);
	void *socket = NULL;
	int result = make_socket(context, kind, url, keys, &socket, ret_error);

	if (result)
		return result;
	void *events = watch_socket(context, socket, is_server);
	/* libzmq then neither makes a socket nor binds one, and unlinks no path. */
	bool is_given = fd < 0 || set_number(socket, ZMQ_USE_FD, fd);
	if (events && is_given && (is_server ? zmq_bind(socket, url) : zmq_connect(socket, url)) == 0) {
		*ret_socket = socket;
		*ret_events = events;
		return 0;
	}
	int number = errno;
	zmq_socket_monitor(socket, NULL, 0);
	endpoint_close(events);
	errno = number;
	return explain_failure(socket, ret_error);
}

static enum endpoint_news news_of(uint16_t event, uint32_t value)
{
	switch (event) {
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		return ENDPOINT_CONNECTED;
	case ZMQ_EVENT_DISCONNECTED:
		return ENDPOINT_DISCONNECTED;
	case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
		return value == 400 ? ENDPOINT_UNKNOWN_KEY : ENDPOINT_BROKEN_OFF;
	case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
		return value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH ? ENDPOINT_MISMATCHED
		                                                           : ENDPOINT_BROKEN_OFF;
	case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
		return ENDPOINT_BROKEN_OFF;
	default:
		return ENDPOINT_NO_NEWS;
	}
}

/* Two frames, zmq_socket_monitor(3): the event's number and its value in the machine's order; the address. */
enum endpoint_news endpoint_read_news(void *events)
{
	enum endpoint_news news = ENDPOINT_NO_NEWS;
	uint16_t event;
	uint32_t value;
	zmq_msg_t frame;

	zmq_msg_init(&frame);
	if (zmq_msg_recv(&frame, events, ZMQ_DONTWAIT) == (int)(sizeof event + sizeof value)) {
		const uint8_t *bytes = zmq_msg_data(&frame);
		memcpy(&event, bytes, sizeof event);
		memcpy(&value, bytes + sizeof event, sizeof value);
		news = news_of(event, value);
	}
	while (zmq_msg_more(&frame) && zmq_msg_recv(&frame, events, ZMQ_DONTWAIT) >= 0)
		continue;
	zmq_msg_close(&frame);
	return news;
}

void endpoint_watch_no_more(void *socket)
{
	zmq_socket_monitor(socket, NULL, 0);
}

void endpoint_close_watched(void *socket, void *events)
{
	if (socket)
		endpoint_watch_no_more(socket);
	endpoint_close(events);
	endpoint_close(socket);
}

void endpoint_close(void *socket)
{
	if (socket)
		zmq_close(socket);
}
