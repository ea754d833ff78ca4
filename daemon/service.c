#include "daemon/service.h"

#include "daemon/base/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX   512
#define TURN_MS    1000 /* between two looks; sooner where the watchdog is impatient */
#define FEEDS      4    /* in one interval of the watchdog */
#define URL_MAX    160
#define CREDENTIAL "keys_server.key" /* LoadCredential=keys:FOLDER, in which there is a server.key */

/* ---- what the manager gives ---- */

/* Where it listens, as endpoint_open would be told. */
static int url_of(int fd, char ret_url[URL_MAX])
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
		struct sockaddr_un local;
		char room[sizeof(struct sockaddr_un) + 1]; /* a path may fill all of it, without an end */
	} address = {.room = ""};
	char host[INET6_ADDRSTRLEN];
	socklen_t length = sizeof(struct sockaddr_un);
	if (getsockname(fd, &address.any, &length) != 0)
		return -errno;
	switch (address.any.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &address.four.sin_addr, host, sizeof host);
		snprintf(ret_url, URL_MAX, "tcp://%s:%u", host, ntohs(address.four.sin_port));
		return 0;
	case AF_INET6:
		inet_ntop(AF_INET6, &address.six.sin6_addr, host, sizeof host);
		snprintf(ret_url, URL_MAX, "tcp://[%s]:%u", host, ntohs(address.six.sin6_port));
		return 0;
	case AF_UNIX:
		snprintf(ret_url, URL_MAX, "ipc://%s", address.local.sun_path);
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}

static int refuse_socket(FILE *errors, const char *name, const char *why)
{
	fprintf(errors, "socket '%s' of the service manager: %s\n", name, why);
	return CONFIG_REFUSED;
}

/* libzmq polls before it accepts, but a peer may have gone in between. */
static bool unblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static int take_socket(struct config *config, int fd, const char *name, FILE *errors)
{
	char url[URL_MAX], assignment[URL_MAX + 16];
	int *const given = strcmp(name, "intake") == 0  ? &config->intake_fd
	                   : strcmp(name, "query") == 0 ? &config->query_fd
	                   : strcmp(name, "live") == 0  ? &config->live_fd
	                                                : NULL;
	if (!given)
		return refuse_socket(errors, name, "expected FileDescriptorName=intake, query or live");
	if (*given >= 0)
		return refuse_socket(errors, name, "given twice; expected one ListenStream=");
	if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0 || !unblock(fd))
		return refuse_socket(errors, name, "expected one that listens (ListenStream=)");
	int result = url_of(fd, url);
	if (result != 0)
		return refuse_socket(errors, name, strerror(-result));
	snprintf(assignment, sizeof assignment, "%s=%s", name, url);
	result = config_set(config, assignment, errors);
	if (result == 0)
		*given = fd;
	return result;
}

static int take_sockets(struct config *config, FILE *errors)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names), result = 0;
	if (count < 0)
		return count;
	for (int i = 0; i < count; i++) {
		int answer = take_socket(config, SD_LISTEN_FDS_START + i, names[i], errors);
		result = result != 0 ? result : answer;
	}
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return result;
}

static int take_key(struct config *config, FILE *errors)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char *assignment;
	if (!folder || config->key[0] != '\0')
		return 0;
	if (asprintf(&assignment, "key=%s/" CREDENTIAL, folder) < 0)
		return -ENOMEM;
	int result =
	    access(assignment + strlen("key="), F_OK) == 0 ? config_set(config, assignment, errors) : 0;
	free(assignment);
	return result;
}

int service_configure(struct config *config, FILE *errors)
{
	int result = take_sockets(config, errors);
	return result != 0 ? result : take_key(config, errors);
}

/* ---- pulses ---- */

void pulse_beat(struct pulse *pulse, int64_t monotonic_ms, int64_t may_take_ms)
{
	atomic_store(&pulse->until_ms, monotonic_ms + may_take_ms);
}

void pulse_rest(struct pulse *pulse)
{
	atomic_store(&pulse->until_ms, PULSE_RESTS);
}

/* ---- what is said ---- */

struct service {
	int (*facts)(void *closure, struct service_facts *ret_facts);
	void *closure;
	int64_t watchdog_ms; /* 0: there is none */
	int64_t next_ms;
	const struct pulse *pulses[SERVICE_PULSES_MAX];
	size_t pulse_count;
	const struct pulse *hung; /* that was said */
	char status[TEXT_MAX];    /* that was said last */
	char kept[TEXT_MAX];      /* why the last reload changed nothing; empty: it did */
};

int service_new(int (*facts)(void *closure, struct service_facts *ret_facts), void *closure,
                struct service **ret_service)
{
	uint64_t watchdog_us = 0;
	*ret_service = NULL;
	if (!getenv("NOTIFY_SOCKET"))
		return 0;
	struct service *service = calloc(1, sizeof *service);
	if (!service)
		return -ENOMEM;
	service->facts = facts;
	service->closure = closure;
	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		service->watchdog_ms = watchdog_us < 1000 ? 1 : (int64_t)(watchdog_us / 1000);
	*ret_service = service;
	return 0;
}

void service_free(struct service *service)
{
	free(service);
}

void service_watch(struct service *service, const struct pulse *pulse)
{
	if (service && service->pulse_count < SERVICE_PULSES_MAX)
		service->pulses[service->pulse_count++] = pulse;
}

/* 1.2 million observations, 217 MB, were computed anew in 14 seconds on two busy cores: fifteen times as long as that, and a minute. */
int64_t service_allowance_ms(uint64_t store_bytes)
{
	return 60000 + (int64_t)(store_bytes >> 20) * 1000;
}

static uint64_t us(int64_t ms)
{
	return (uint64_t)ms * 1000;
}

static uint64_t monotonic_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void service_starting(struct service *service, const char *what, int64_t may_take_ms)
{
	if (service)
		sd_notifyf(0, "STATUS=%s\nEXTEND_TIMEOUT_USEC=%" PRIu64, what, us(may_take_ms));
}

void service_reloading(struct service *service, int64_t may_take_ms)
{
	if (service)
		sd_notifyf(0,
		           "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nEXTEND_TIMEOUT_USEC=%" PRIu64
		           "\nSTATUS=reads the catalogue anew",
		           monotonic_us(), us(may_take_ms));
}

void service_stopping(struct service *service, int64_t may_take_ms)
{
	if (service)
		sd_notifyf(0,
		           "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64
		           "\nSTATUS=stops: what was taken is decided, acked and sealed",
		           us(may_take_ms));
}

static void add(char text[TEXT_MAX], const char *format, ...) PRINTF_LIKE(2, 3);
static void add(char text[TEXT_MAX], const char *format, ...)
{
	size_t length = strlen(text);
	va_list list;
	va_start(list, format);
	vsnprintf(text + length, TEXT_MAX - length, format, list);
	va_end(list);
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void word_status(const struct service *service, const struct service_facts *facts, char text[TEXT_MAX])
{
	text[0] = '\0';
	if (service->hung)
		add(text, "the %s hangs; ", service->hung->loop);
	if (facts->disk_is_low)
		add(text,
		    "refuses reports: the disk has %" PRIu64 " MiB free, and %" PRIu64 " are to be left; ",
		    facts->free_mib, facts->reserve_mib);
	else if (facts->fault != 0)
		add(text, "refused the last reports: %s; ", fault_text(facts->fault));
	if (service->kept[0] != '\0')
		add(text, "the old catalogue stays in force: %s; ", service->kept);
	add(text, "commit %" PRIu64 ", %" PRIu64 " of %" PRIu64 " reporter%s heard, %" PRIu64 " connection%s",
	    facts->commit, facts->reporters_heard, facts->reporters, plural(facts->reporters),
	    facts->connections, plural(facts->connections));
}

/* Answers whether text is what was not said yet. */
static bool compose(struct service *service, char text[TEXT_MAX])
{
	struct service_facts facts = {.commit = 0};
	if (service->facts(service->closure, &facts) != 0)
		return false;
	word_status(service, &facts, text);
	if (strcmp(text, service->status) == 0)
		return false;
	snprintf(service->status, sizeof service->status, "%s", text);
	return true;
}

void service_ready(struct service *service)
{
	char text[TEXT_MAX];
	if (!service)
		return;
	if (compose(service, text))
		sd_notifyf(0, "READY=1\nSTATUS=%s", text);
	else
		sd_notify(0, "READY=1");
}

void service_reloaded(struct service *service, const char *kept)
{
	if (!service)
		return;
	snprintf(service->kept, sizeof service->kept, "%s", kept ? kept : "");
	service->status[0] = '\0'; /* "reads the catalogue anew" was */
	service_ready(service);
}

/* NULL: all of them are well. Before a loop has begun there is nothing to be late with. */
static const struct pulse *find_hung(const struct service *service, int64_t now_ms)
{
	for (size_t i = 0; i < service->pulse_count; i++) {
		int64_t until_ms = atomic_load(&service->pulses[i]->until_ms);
		if (until_ms != 0 && until_ms != PULSE_RESTS && now_ms - until_ms > service->watchdog_ms)
			return service->pulses[i];
	}
	return NULL;
}

static void check_pulses(struct service *service, int64_t now_ms)
{
	const struct pulse *hung = find_hung(service, now_ms);
	if (!hung)
		sd_notify(0, "WATCHDOG=1");
	if (hung && hung != service->hung)
		log_event(LOG_LEVEL_ERROR, "loop-hangs", "loop=%s ms=%" PRId64, hung->loop,
		          now_ms - atomic_load(&hung->until_ms));
	service->hung = hung;
}

void service_turn(struct service *service, int64_t monotonic_ms)
{
	char text[TEXT_MAX];
	if (!service || monotonic_ms < service->next_ms)
		return;
	int64_t turn_ms = TURN_MS;
	if (service->watchdog_ms > 0) {
		check_pulses(service, monotonic_ms);
		if (service->watchdog_ms / FEEDS < turn_ms)
			turn_ms = service->watchdog_ms / FEEDS;
	}
	service->next_ms = monotonic_ms + turn_ms;
	if (compose(service, text))
		sd_notifyf(0, "STATUS=%s", text);
}

long service_patience(const struct service *service, int64_t monotonic_ms)
{
	if (!service)
		return -1;
	return monotonic_ms < service->next_ms ? (long)(service->next_ms - monotonic_ms) : 0;
}
