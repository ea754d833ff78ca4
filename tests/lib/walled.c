#include "tests/lib/walled.h"

#include "proto/envelope.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRIES    2000
#define PAUSE_MS 10
#define WAIT_MS  20000

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "tests/lib/walled: %s\n", what);
	abort();
}

void walled_pause(int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

int64_t walled_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the catalogue ---- */

static const char *const codes[] = {[LIWAN] = "liwan", [YUEXIU] = "yuexiu"};

static char *read_text(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = calloc(1, 1 << 20);
	if (!file || !text || fread(text, 1, (1 << 20) - 1, file) == 0)
		give_up(path);
	fclose(file);
	return text;
}

/* Behind the reporter's code, where it is enrolled. */
static void write_reporters(const struct walled *walled, int special, const char *keys)
{
	const char *source = getenv("SUANPAN_SOURCE");
	char *from = scratch_path(source ? source : ".", "config/catalogue/reporters.yaml");
	char *to = scratch_path(walled->daemon.catalogue, "reporters.yaml"), *text = read_text(from);
	for (int who = LIWAN; who <= YUEXIU; who++) {
		char *line, *longer, *at = NULL;
		if (!walled->enrolled[who])
			continue;
		if (asprintf(&line, "  - code: %s\n", codes[who]) < 0 || !(at = strstr(text, line)))
			give_up("no such reporter");
		at += strlen(line);
		if (asprintf(&longer, "%.*s    keys: [\"%s\"]\n%s", (int)(at - text), text,
		             who == special ? keys : walled->keys[who].public, at) < 0)
			give_up("asprintf");
		free(line);
		free(text);
		text = longer;
	}
	scratch_write(to, text, strlen(text));
	free(from);
	free(to);
	free(text);
}

static void write_readers(const struct walled *walled)
{
	static const char *const rows[] = {
	    [OFFICE] =
	        "  - {code: planning_office, names: {en: Office, zh_hans: 规划, zh_hant: 規劃}, keys: [\"",
	    [OPERATOR] = "  - {code: operations, names: {en: Operations, zh_hans: 运维, zh_hant: 運維}, "
	                 "operator: true, "
	                 "keys: [\"",
	};
	char *path = scratch_path(walled->daemon.catalogue, "readers.yaml");
	FILE *file = fopen(path, "w");
	if (!file)
		give_up(path);
	fputs(walled->enrolled[OFFICE] || walled->enrolled[OPERATOR] ? "readers:\n" : "readers: []\n", file);
	for (int who = OFFICE; who <= OPERATOR; who++)
		if (walled->enrolled[who])
			fprintf(file, "%s%s\"]}\n", rows[who], walled->keys[who].public);
	fclose(file);
	free(path);
}

static char *copy_catalogue(const char *folder)
{
	const char *source = getenv("SUANPAN_SOURCE");
	char *to = scratch_path(folder, "catalogue"), *words;
	if (asprintf(&words, "cp -R '%s/config/catalogue' '%s'", source ? source : ".", to) < 0 ||
	    system(words) != 0) /* NOLINT(cert-env33-c): a test's own words */
		give_up(words);
	free(words);
	return to;
}

/* ---- the daemon ---- */

/* 127.X.Y.Z of the process: others test at the same time. */
static char *make_url(int port)
{
	unsigned pid = (unsigned)getpid();
	char *url;
	if (asprintf(&url, "tcp://127.%u.%u.%u:%d", 100 + (pid >> 16 & 63), pid >> 8 & 255, 1 + pid % 254,
	             port) < 0)
		give_up("asprintf");
	return url;
}

static unsigned times_said(const struct walled *walled, const char *text)
{
	char *log = daemon_log(&walled->daemon);
	unsigned count = 0;
	for (const char *at = log; (at = strstr(at, text)); at++)
		count++;
	free(log);
	return count;
}

bool walled_said(const struct walled *walled, const char *text)
{
	return times_said(walled, text) > 0;
}

static void await_said(struct walled *walled, const char *text, unsigned times)
{
	for (int i = 0; i < TRIES && times_said(walled, text) < times; i++) {
		if (waitpid(walled->daemon.pid, NULL, WNOHANG) == walled->daemon.pid)
			break;
		walled_pause(PAUSE_MS);
	}
	if (times_said(walled, text) < times) {
		char *log = daemon_log(&walled->daemon);
		fprintf(stderr, "%s", log);
		give_up(text);
	}
}

static void launch(struct walled *walled, bool again)
{
	unsigned before = again ? times_said(walled, "event=ready") : 0;
	daemon_launch(&walled->daemon);
	await_said(walled, "event=ready", before + 1);
}

long walled_restart(struct walled *walled)
{
	int64_t began = walled_now_ms();
	launch(walled, true);
	return (long)(walled_now_ms() - began);
}

void walled_start(struct walled *walled, const char *more)
{
	struct keys_reason reason;
	char *folder = scratch_new(), *catalogue = copy_catalogue(folder),
	     *key = scratch_path(folder, "server.key");
	*walled = (struct walled){.asked = 0};
	daemon_prepare(&walled->daemon, folder, catalogue);
	free(catalogue);
	char **urls[] = {&walled->daemon.intake, &walled->daemon.query, &walled->daemon.live};
	for (int i = 0; i < 3; i++) {
		free(*urls[i]);
		*urls[i] = make_url(5811 + i);
	}
	if (keys_make(&walled->server) != 0 || keys_write(key, &walled->server, NULL, &reason) != 0)
		give_up("cannot make a key");
	for (int who = 0; who < WALLED_WHO_COUNT; who++) {
		if (keys_make(&walled->keys[who]) != 0)
			give_up("cannot make a key");
		walled->enrolled[who] = who != STRANGER;
	}
	write_reporters(walled, -1, "");
	write_readers(walled);
	if (asprintf(&walled->more, "--set 'key=%s' %s", key, more) < 0)
		give_up("asprintf");
	free(key);
	walled->daemon.more = walled->more;
	launch(walled, false);
	walled_open(walled, OPERATOR, walled->daemon.query, &walled->asker);
}

void walled_done(struct walled *walled)
{
	peer_close(&walled->asker);
	daemon_done(&walled->daemon);
	free(walled->more);
}

static void reload(struct walled *walled, int special, const char *keys)
{
	unsigned before = times_said(walled, "event=catalogue-adopted");
	write_reporters(walled, special, keys);
	write_readers(walled);
	kill(walled->daemon.pid, SIGHUP);
	await_said(walled, "event=catalogue-adopted", before + 1);
}

void walled_reload(struct walled *walled)
{
	reload(walled, -1, "");
}

void walled_reload_with(struct walled *walled, enum walled_who who, const char *keys)
{
	reload(walled, (int)who, keys);
}

/* ---- key holders ---- */

struct endpoint_keys walled_keys(const struct walled *walled, enum walled_who who)
{
	return (struct endpoint_keys){.own_public = walled->keys[who].public,
	                              .own_secret = walled->keys[who].secret,
	                              .server_public = walled->server.public};
}

void walled_open(const struct walled *walled, enum walled_who who, const char *url, struct peer *peer)
{
	struct endpoint_keys keys = walled_keys(walled, who);
	peer_open_as(peer, url, &keys);
}

static Suanpan__Answer *ask_status(struct walled *walled)
{
	Suanpan__StatusQuery status = SUANPAN__STATUS_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	void *bytes;
	size_t size;
	query.major = ENVELOPE_MAJOR;
	query.number = ++walled->asked;
	query.status = &status;
	if (envelope_pack(&query.base, ENVELOPE_REQUEST_MAX, &bytes, &size) != 0)
		give_up("cannot pack");
	peer_send(&walled->asker, bytes, size);
	free(bytes);
	Suanpan__Answer *answer;
	while ((answer = peer_receive_answer(&walled->asker, WAIT_MS)) && answer->number != walled->asked)
		suanpan__answer__free_unpacked(answer, NULL); /* of a question that was given up */
	if (!answer || !answer->status)
		give_up("no status");
	return answer;
}

uint64_t walled_status(struct walled *walled, const char *field)
{
	const ProtobufCFieldDescriptor *which =
	    protobuf_c_message_descriptor_get_field_by_name(&suanpan__status__descriptor, field);
	if (!which || which->type != PROTOBUF_C_TYPE_UINT64)
		give_up(field);
	Suanpan__Answer *answer = ask_status(walled);
	uint64_t number;
	memcpy(&number, (const char *)answer->status + which->offset, sizeof number);
	suanpan__answer__free_unpacked(answer, NULL);
	return number;
}

void walled_await(struct walled *walled, const char *field, uint64_t least)
{
	for (int64_t until = walled_now_ms() + WAIT_MS; walled_now_ms() < until; walled_pause(PAUSE_MS))
		if (walled_status(walled, field) >= least)
			return;
	fprintf(stderr, "%s is %" PRIu64 ", not %" PRIu64 "\n", field, walled_status(walled, field), least);
	give_up("waited in vain");
}

long walled_resident(const struct walled *walled)
{
	char path[64], line[256];
	long kib = -1;
	snprintf(path, sizeof path, "/proc/%d/status", (int)walled->daemon.pid);
	FILE *file = fopen(path, "r");
	while (file && kib < 0 && fgets(line, sizeof line, file))
		(void)!sscanf(line, "VmRSS: %ld", &kib);
	if (file)
		fclose(file);
	return kib;
}

struct peer_report walled_report(enum walled_who who, uint64_t sequence, int64_t value)
{
	return (struct peer_report){.reporter = codes[who],
	                            .statistic = "hospital_beds",
	                            .area = who == LIWAN ? "440103" : "440104",
	                            .period = "2020-12",
	                            .value = value,
	                            .stream = (uint8_t)(1 + who),
	                            .sequence = sequence};
}

void walled_must_accept(struct peer *peer, const struct peer_report *report)
{
	Suanpan__Ack *ack = peer_report_one(peer, report);
	if (ack->outcome != SUANPAN__OUTCOME__OUTCOME_ACCEPTED) {
		fprintf(stderr, "outcome %d: %s\n", (int)ack->outcome, ack->reason ? ack->reason : "");
		give_up("not accepted");
	}
	suanpan__ack__free_unpacked(ack, NULL);
}
