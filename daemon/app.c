#include "daemon/app.h"

#include "daemon/acts.h"
#include "daemon/base/arena.h"
#include "daemon/base/clock.h"
#include "daemon/base/file.h"
#include "daemon/base/log.h"
#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/change.h"
#include "daemon/desk.h"
#include "daemon/loops.h"
#include "daemon/query/past.h"
#include "daemon/service.h"
#include "daemon/wire/accept.h"
#include "proto/endpoint.h"
#include "proto/envelope.h"
#include "proto/keys.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* Everything that runs, in the order it is built. */
struct app {
	const struct config *config;
	struct clock_reading started;
	struct service *service; /* NULL: no service manager */
	uint64_t epoch;
	struct catalogue *catalogue; /* in force at the start */
	/* Every one loaded: what is in the threads' hands may be of an older one, so all stay until the end. */
	struct catalogue **catalogues;
	size_t catalogue_count;
	struct store *store;
	struct archiver *archiver; /* NULL: none is kept */
	void *context;
	struct key_pair key; /* the daemon's own, until the sockets are open */
	struct keyring keyring;
	struct peers *peers;
	struct counters counters;
	struct followers followers;
	struct mailbox *to_writer, *from_writer, *to_desk, *to_door;
	atomic_bool failed;
	struct door door;
	struct door_mail watches[PEERS_SOCKET_COUNT], stop_door;
	struct front front;
	struct writer_loop writer;
	struct desk desk;
	pthread_t writer_thread, desk_thread, door_thread;
	bool writer_runs, desk_runs, door_runs;
};

static int complain(const char *what, const char *which, const char *why)
{
	fprintf(stderr, "suanpand: %s %s: %s\n", what, which, why);
	return FAULT_CONFIG;
}

static enum log_level log_level_of(const char *name)
{
	if (strcmp(name, "error") == 0)
		return LOG_LEVEL_ERROR;
	if (strcmp(name, "warning") == 0)
		return LOG_LEVEL_WARNING;
	return strcmp(name, "debug") == 0 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

/* ---- what the service manager is told ---- */

/* 0 where there is none yet. */
static uint64_t store_bytes(const struct app *app)
{
	char path[FILE_PATH_SIZE];
	struct stat status;
	if (file_path(app->config->store, "data.mdb", path) != 0 || stat(path, &status) != 0)
		return 0;
	return (uint64_t)status.st_size;
}

static int64_t allowance_ms(const struct app *app)
{
	return service_allowance_ms(store_bytes(app));
}

static int count_heard(struct snapshot *snapshot, const struct catalogue *catalogue, uint64_t *ret_heard)
{
	struct reporter_summary summary;
	int result = 0;
	*ret_heard = 0;
	for (uint32_t i = 0; i < catalogue->reporter_count && result == 0; i++) {
		result = snapshot_reporter(snapshot, catalogue->reporters[i].id, &summary);
		*ret_heard += result == 0 && summary.reports > 0;
	}
	return result;
}

/* As a query would find it. */
static int read_facts(struct app *app, struct service_facts *facts)
{
	const struct catalogue *catalogue = atomic_load(&app->keyring.in_force);
	struct store_summary summary;
	struct snapshot *snapshot;
	int result = snapshot_open(app->store, &snapshot);
	if (result != 0)
		return result;
	result = snapshot_summary(snapshot, &summary);
	if (result == 0)
		result = count_heard(snapshot, catalogue, &facts->reporters_heard);
	snapshot_close(snapshot);
	if (result != 0)
		return result;
	facts->commit = summary.commit;
	facts->reporters = catalogue->reporter_count;
	return 0;
}

static int tell_facts(void *closure, struct service_facts *ret_facts)
{
	struct app *app = closure;
	struct store_disk disk;
	int result = read_facts(app, ret_facts);
	if (result == 0)
		result = store_look_at_disk(app->store, &disk);
	if (result != 0)
		return result;
	ret_facts->disk_is_low = disk.is_low;
	ret_facts->free_mib = disk.free_bytes >> 20;
	ret_facts->reserve_mib = disk.reserve_bytes >> 20;
	ret_facts->fault = atomic_load(&app->writer.fault);
	ret_facts->connections = counted(&app->counters, COUNTER_CONNECTIONS);
	return 0;
}

static int open_service(struct app *app)
{
	app->writer.pulse.loop = "writer";
	app->door.pulse.loop = "door";
	int result = service_new(tell_facts, app, &app->service);
	service_watch(app->service, &app->writer.pulse);
	service_watch(app->service, &app->door.pulse);
	app->front.service = app->service;
	return result;
}

/* ---- building ---- */

/* Threads inherit the mask: only the front hears these signals, as input of its loop. */
static int open_signals(struct app *app)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	app->front.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	app->desk.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return app->front.signal_fd < 0 || app->desk.stop_fd < 0 ? -errno : 0;
}

/* ---- the catalogue ---- */

static int keep_catalogue(struct app *app, struct catalogue *catalogue)
{
	struct catalogue **grown =
	    realloc(app->catalogues, (app->catalogue_count + 1) * sizeof(struct catalogue *));
	if (!grown) {
		catalogue_free(catalogue);
		return -ENOMEM;
	}
	app->catalogues = grown;
	app->catalogues[app->catalogue_count++] = catalogue;
	return 0;
}

/* Reads the folder. What is wrong is said on standard error. */
static int load_catalogue(struct app *app, struct adoption *adoption)
{
	struct catalogue_files files;
	int result = catalogue_files_read(app->config->catalogue, stderr, &files);
	if (result != 0)
		return result;
	result = catalogue_build(&files, app->config->catalogue, stderr, &adoption->catalogue);
	if (result == 0)
		result = keep_catalogue(app, adoption->catalogue);
	if (result == 0)
		result = catalogue_files_pack(&files, &adoption->files, &adoption->files_size);
	catalogue_files_done(&files);
	return result;
}

/* The one that was in force last, from the journal. SNAPSHOT_NOTHING in a new store. */
static int build_last_catalogue(struct app *app, struct snapshot *snapshot, struct catalogue **ret_catalogue)
{
	struct catalogue_files files;
	uint8_t hash[STORE_HASH_SIZE];
	const void *bytes;
	size_t size;
	int result = snapshot_catalogue(snapshot, &bytes, &size, hash);
	if (result == 0)
		result = catalogue_files_unpack(bytes, size, &files);
	if (result != 0)
		return result;
	result = catalogue_build(&files, "journal", stderr, ret_catalogue);
	catalogue_files_done(&files);
	if (result == 0)
		result = keep_catalogue(app, *ret_catalogue);
	if (result == 0)
		result = snapshot_bind_catalogue(snapshot, *ret_catalogue);
	return result > 0 ? (int)FAULT_CORRUPT : result;
}

struct reported {
	struct snapshot *snapshot;
	const struct catalogue *catalogue;
};

static bool is_reported(void *context, uint32_t statistic)
{
	const struct reported *reported = context;
	struct extent extent;
	return snapshot_extent(reported->snapshot, reported->catalogue->statistics[statistic].id, &extent) ==
	       0;
}

/* Compares with what is in force: the very same, or one that the new one may not follow. */
enum comparison_verdict { CATALOGUE_UNCHANGED = 3 };

static int compare_with(struct app *app, struct snapshot *snapshot, struct adoption *adoption)
{
	struct catalogue *before;
	uint8_t now[STORE_HASH_SIZE], then[STORE_HASH_SIZE];
	const void *bytes;
	size_t size;
	int result = snapshot_catalogue(snapshot, &bytes, &size, then);
	if (result != 0)
		return result == SNAPSHOT_NOTHING ? adoption_compare(adoption, NULL, snapshot) : result;
	envelope_hash(adoption->files, adoption->files_size, now);
	if (memcmp(now, then, sizeof now) == 0)
		return CATALOGUE_UNCHANGED;
	result = build_last_catalogue(app, snapshot, &before);
	if (result != 0)
		return result;
	struct reported reported = {.snapshot = snapshot, .catalogue = before};
	result = adoption_compare(adoption, before, snapshot);
	if (result != 0)
		return result;
	return catalogue_check_change(before, adoption->catalogue, is_reported, &reported, stderr);
}

static int check_change(struct app *app, struct adoption *adoption)
{
	struct snapshot *snapshot;
	int result = snapshot_open(app->store, &snapshot);
	if (result != 0)
		return result;
	result = compare_with(app, snapshot, adoption);
	snapshot_close(snapshot);
	return result;
}

/* At start: the folder's catalogue, adopted if it is not the one in force. */
static int start_with(struct app *app, struct adoption *adoption)
{
	const struct changed_value *changed;
	size_t count;
	int result = load_catalogue(app, adoption);
	if (result == 0)
		result = check_change(app, adoption);
	bool other = result == 0;
	if (result == CATALOGUE_UNCHANGED)
		result = store_bind_catalogue(app->store, adoption->catalogue);
	if (result == 0)
		result = writer_new(other ? NULL : adoption->catalogue, app->store, &app->writer.writer);
	if (result == 0 && other)
		result = pipeline_adopt(app->writer.writer, adoption, app->started.wall_ms, false, &changed,
		                        &count);
	if (result == 0 && other)
		log_event(LOG_LEVEL_INFO, "catalogue-adopted", "commit=%" PRIu64, adoption->commit);
	app->catalogue = adoption->catalogue;
	return result > 0 ? (int)FAULT_CONFIG : result;
}

static int open_catalogue(struct app *app)
{
	struct adoption *adoption = calloc(1, sizeof *adoption);
	int result = adoption ? start_with(app, adoption) : -ENOMEM;
	adoption_free(adoption);
	return result;
}

/* On SIGHUP, from the front's thread. */
static struct adoption *reload(void *closure, const char **ret_kept)
{
	struct app *app = closure;
	atomic_store(&app->writer.pulse.long_ms, allowance_ms(app));
	service_reloading(app->service, allowance_ms(app));
	struct adoption *adoption = calloc(1, sizeof *adoption);
	int result = adoption ? load_catalogue(app, adoption) : -ENOMEM;
	if (result == 0)
		result = check_change(app, adoption);
	if (result == 0)
		return adoption;
	*ret_kept = result == CATALOGUE_UNCHANGED ? NULL
	            : result > 0                  ? "the new one is refused; the log says why"
	                                          : fault_text(result);
	if (result == CATALOGUE_UNCHANGED)
		log_event(LOG_LEVEL_INFO, "catalogue-unchanged", "folder='%s'", app->config->catalogue);
	else
		log_event(LOG_LEVEL_ERROR, "catalogue-kept", "reason='%s'",
		          result > 0 ? "the new one is refused; see above" : fault_text(result));
	adoption_free(adoption);
	return NULL;
}

/* ---- store and sockets ---- */

static int open_store(struct app *app)
{
	int result = store_open(app->config->store, &app->store);
	if (result == -EBUSY)
		return complain("store", app->config->store, "another suanpand has it open");
	if (result == FAULT_CORRUPT)
		return complain(
		    "store", app->config->store,
		    "damaged; see above, and `suanpand check`. `suanpand rebuild` makes a new one of its "
		    "journal, `suanpand restore` one of a backup");
	if (result < 0)
		return complain("store", app->config->store, fault_text(result));
	if (result == 0)
		store_set_reserve(app->store, (uint64_t)app->config->reserve << 20);
	return result;
}

static int open_archive(struct app *app)
{
	char *folder;
	int result = config_archive(app->config, &folder);
	if (result != 0 || !folder)
		return result;
	result = archiver_open(folder, ARCHIVER_SEGMENT_BYTES, app->store, &app->archiver);
	if (result < 0)
		result = complain("archive", folder, fault_text(result));
	free(folder);
	return result == ARCHIVER_REFUSED ? (int)FAULT_CONFIG : result;
}

static int read_key(const struct config *config, struct key_pair *ret_key)
{
	struct keys_reason reason;
	int result = config->key[0] == '\0' ? 0 : keys_read_pair(config->key, ret_key, &reason);
	if (result != KEYS_UNUSABLE)
		return result;
	fprintf(stderr, "suanpand: key: %s\n", reason.text);
	return FAULT_CONFIG;
}

/* ---- the door: open before any socket that others can reach */

static int start_door(struct app *app)
{
	struct door *door = &app->door;
	const struct peers_limits limits = {.all = app->config->connections,
	                                    .each = app->config->connections_each,
	                                    .subscriptions = app->config->subscriptions,
	                                    .answers = app->config->answers * 1024};
	atomic_store(&app->keyring.in_force, app->catalogue);
	app->keyring.demanded = app->config->key[0] != '\0';
	int result = peers_new(&limits, &app->counters, &app->peers);
	if (result == 0)
		result = mailbox_new(&app->to_door);
	if (result == 0 && app->keyring.demanded)
		result = zap_open(app->context, &door->zap);
	if (result != 0)
		return result;
	door->news = app->to_door;
	door->keyring = &app->keyring;
	door->peers = app->peers;
	door->counters = &app->counters;
	door->followers = &app->followers;
	door->handshakes = app->config->handshakes;
	door->failed = &app->failed;
	result = -pthread_create(&app->door_thread, NULL, door_run, door);
	app->door_runs = result == 0;
	return result;
}

/* A door that lets everybody in would look the same from outside as one that works. */
static int try_door(struct app *app, const struct endpoint_keys *keys)
{
	const char *error = "";
	int result = app->keyring.demanded ? zap_self_test(app->context, keys, &error) : 0;
	if (result != 0)
		return complain("cannot start under", app->config->key, error);
	atomic_store(&app->door.open, true);
	return 0;
}

static int open_socket(struct app *app, enum peers_socket which, enum endpoint_kind kind, const char *url,
                       int fd, const struct endpoint_keys *keys, void **ret_socket)
{
	const char *error = "";
	struct door_mail *watch = &app->watches[which];
	int result =
	    endpoint_open_listening(app->context, kind, url, fd, keys, ret_socket, &watch->events, &error);
	if (result != 0)
		return complain("cannot bind", url, error);
	watch->mail.kind = DOOR_WATCH;
	watch->socket = which;
	mailbox_post(app->to_door, &watch->mail);
	return 0;
}

static int open_sockets(struct app *app)
{
	const struct endpoint_keys server = {.own_public = app->key.public, .own_secret = app->key.secret};
	const struct endpoint_keys *keys = app->config->key[0] != '\0' ? &server : NULL;
	const struct config *config = app->config;
	int result = accept_keep_descriptors();
	if (result == 0)
		result = endpoint_context_new(&app->context);
	if (result == 0)
		result = start_door(app);
	if (result == 0)
		result = try_door(app, keys);
	if (result == 0)
		result = open_socket(app, PEERS_QUERY, ENDPOINT_QUERY_SERVER, config->query, config->query_fd,
		                     keys, &app->desk.query);
	if (result == 0)
		result = open_socket(app, PEERS_LIVE, ENDPOINT_LIVE_SERVER, config->live, config->live_fd,
		                     keys, &app->front.live);
	if (result == 0)
		result = open_socket(app, PEERS_INTAKE, ENDPOINT_INTAKE_SERVER, config->intake,
		                     config->intake_fd, keys, &app->front.intake);
	keys_wipe(&app->key); /* libzmq has what it needs */
	return result;
}

static int make_front(struct app *app)
{
	int result = mailbox_new(&app->to_writer);
	if (result == 0)
		result = mailbox_new(&app->from_writer);
	if (result == 0)
		result = mailbox_new(&app->to_desk);
	if (result == 0)
		result = reception_new(app->catalogue, &app->front.reception);
	if (result == 0 && app->keyring.demanded)
		reception_demand_keys(app->front.reception);
	if (result == 0)
		result = lines_new(app->config->share * 1024, app->config->lines * 1024, &app->front.lines);
	if (result == 0)
		result = publisher_new(app->catalogue, app->epoch, &app->front.publisher);
	app->front.queue = app->config->queue;
	app->front.to_writer = app->to_writer;
	app->front.from_writer = app->from_writer;
	app->front.keyring = &app->keyring;
	app->front.peers = app->peers;
	app->front.counters = &app->counters;
	app->front.followers = &app->followers;
	app->front.failed = &app->failed;
	app->front.reload = reload;
	app->front.closure = app;
	return result;
}

static int start_writer(struct app *app)
{
	app->writer.group = app->config->group;
	app->writer.look_out.patience_ms = (int64_t)app->config->look * 1000;
	app->writer.to_writer = app->to_writer;
	app->writer.from_writer = app->from_writer;
	app->writer.to_desk = app->to_desk;
	app->writer.archiver = app->archiver;
	app->writer.followers = &app->followers;
	app->writer.failed = &app->failed;
	int result = -pthread_create(&app->writer_thread, NULL, writer_run, &app->writer);
	app->writer_runs = result == 0;
	return result;
}

static int start_desk(struct app *app)
{
	struct answer_context *answer = &app->desk.answer;
	answer->store = app->store;
	answer->live_epoch = app->epoch;
	answer->started_wall_ms = app->started.wall_ms;
	answer->counters = &app->counters;
	app->desk.to_writer = app->to_writer;
	app->desk.to_desk = app->to_desk;
	app->desk.keyring = &app->keyring;
	app->desk.peers = app->peers;
	app->desk.counters = &app->counters;
	answer->archived = app->archiver ? archiver_entry(app->archiver) : NULL;
	app->desk.failed = &app->failed;
	int result = past_new(&answer->past);
	if (result == 0)
		result = arena_new(ENVELOPE_UNPACK_BUDGET, &answer->arena);
	if (result == 0)
		result = -pthread_create(&app->desk_thread, NULL, desk_run, &app->desk);
	app->desk_runs = result == 0;
	return result;
}

static int build(struct app *app)
{
	if (getrandom(&app->epoch, sizeof app->epoch, 0) != (ssize_t)sizeof app->epoch)
		return -errno;
	int result = open_signals(app);
	if (result == 0)
		result = open_service(app);
	if (result == 0)
		result = read_key(app->config, &app->key);
	service_starting(app->service, "looks at the store", allowance_ms(app));
	if (result == 0)
		result = open_store(app);
	service_starting(app->service, "looks at the archive", allowance_ms(app));
	if (result == 0)
		result = open_archive(app);
	service_starting(app->service, "reads the catalogue, and computes what it changes",
	                 allowance_ms(app));
	if (result == 0)
		result = open_catalogue(app);
	service_starting(app->service, "opens its sockets", allowance_ms(app));
	if (result == 0)
		result = open_sockets(app);
	if (result == 0)
		result = make_front(app);
	if (result == 0 && app->archiver)
		result = archiver_start(app->archiver);
	if (result == 0)
		result = start_writer(app);
	if (result == 0)
		result = start_desk(app);
	return result;
}

/* ---- taking down ---- */

static void stop_threads(struct app *app)
{
	uint64_t one = 1;
	if (app->writer_runs) {
		mailbox_close(app->to_writer);
		pthread_join(app->writer_thread, NULL);
	}
	if (app->desk_runs) {
		if (write(app->desk.stop_fd, &one, sizeof one) < 0)
			log_event(LOG_LEVEL_ERROR, "stop-failed", "reason='%s'", strerror(errno));
		pthread_join(app->desk_thread, NULL);
	}
}

/* Nothing is told to a reader that has left: libzmq would wait for it. So first no more is told, then the door leaves. */
static void close_sockets(struct app *app)
{
	void *const sockets[PEERS_SOCKET_COUNT] = {[PEERS_INTAKE] = app->front.intake,
	                                           [PEERS_QUERY] = app->desk.query,
	                                           [PEERS_LIVE] = app->front.live};
	for (int i = 0; i < PEERS_SOCKET_COUNT; i++)
		if (sockets[i])
			endpoint_watch_no_more(sockets[i]);
	if (app->door_runs) {
		app->stop_door.mail.kind = DOOR_STOP;
		mailbox_post(app->to_door, &app->stop_door.mail);
		pthread_join(app->door_thread, NULL);
	}
	for (int i = 0; i < PEERS_SOCKET_COUNT; i++) {
		endpoint_close(app->watches[i].events);
		endpoint_close(sockets[i]);
	}
	endpoint_close(app->door.zap);
	door_done(&app->door);
}

/* Left by a desk that gave up. */
static void forget_acts(struct mailbox *mailbox)
{
	for (struct mail *mail = mailbox ? mailbox_take(mailbox, SIZE_MAX) : NULL, *next; mail; mail = next) {
		next = mail->next;
		act_free((struct act *)mail);
	}
}

static void take_down(struct app *app)
{
	stop_threads(app);
	close_sockets(app);
	past_free(app->desk.answer.past);
	arena_free(app->desk.answer.arena);
	writer_free(app->writer.writer);
	publisher_free(app->front.publisher);
	reception_free(app->front.reception);
	lines_free(app->front.lines);
	peers_free(app->peers);
	forget_acts(app->to_desk);
	forget_acts(app->to_writer);
	mailbox_free(app->to_door);
	mailbox_free(app->to_desk);
	mailbox_free(app->from_writer);
	mailbox_free(app->to_writer);
	if (app->context)
		endpoint_context_free(app->context);
	archiver_close(app->archiver);
	store_close(app->store);
	for (size_t i = 0; i < app->catalogue_count; i++)
		catalogue_free(app->catalogues[i]);
	free(app->catalogues);
	if (app->desk.stop_fd >= 0)
		close(app->desk.stop_fd);
	if (app->front.signal_fd >= 0)
		close(app->front.signal_fd);
}

static void log_started(const struct app *app)
{
	log_event(LOG_LEVEL_INFO, "ready",
	          "version=%s store='%s' intake=%s query=%s live=%s areas=%" PRIu32 " statistics=%" PRIu32
	          " indicators=%" PRIu32,
	          SUANPAN_VERSION, app->config->store, app->config->intake, app->config->query,
	          app->config->live, app->catalogue->area_count, app->catalogue->statistic_count,
	          app->catalogue->indicator_count);
}

int app_run(const struct config *config)
{
	struct app app = {
	    .config = config, .started = clock_read(), .front = {.signal_fd = -1}, .desk = {.stop_fd = -1}};
	log_set_level(log_level_of(config->log));
	int result = build(&app);
	if (result == 0) {
		log_started(&app);
		service_ready(app.service);
		result = front_run(&app.front);
		if (result != 0)
			log_event(LOG_LEVEL_ERROR, "front-failed", "reason='%s'", fault_text(result));
	} else if (result != FAULT_CONFIG) {
		fprintf(stderr, "suanpand: cannot start: %s\n", fault_text(result));
	}
	bool failed = atomic_load(&app.failed);
	take_down(&app);
	service_free(app.service);
	if (result == 0 && !failed)
		log_event(LOG_LEVEL_INFO, "stopped", NULL);
	return result == 0 && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

int app_check(const struct config *config)
{
	struct catalogue *catalogue;
	struct key_pair key = {.secret = ""};
	int result = read_key(config, &key);
	keys_wipe(&key);
	if (catalogue_load(config->catalogue, stderr, &catalogue) != 0)
		return EXIT_FAILURE;
	printf("%s: %" PRIu32 " areas and groups, %" PRIu32 " statistics, %" PRIu32 " indicators, %" PRIu32
	       " plans, %" PRIu32 " reporters, %" PRIu32 " readers, %" PRIu32 " keys: all right\n",
	       config->catalogue, catalogue->area_count, catalogue->statistic_count,
	       catalogue->indicator_count, catalogue->plan_count, catalogue->reporter_count,
	       catalogue->reader_count, catalogue->key_holder_count);
	catalogue_free(catalogue);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
