#include "tests/torture/lane.h"

#include "proto/envelope.h"
#include "tests/lib/powerloss.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define IMAGES   8
#define RUNS_MAX 4
#define LOG      "run/recorded"
#define INTAKE   "ipc://run/intake-of-one"
#define FILE_CSV "run/cut.csv"
#define TIMEOUT  "0.3"

/* A sender's machine loses its power. Its reports go to a daemon of our own making, a page long, so that it can be put back to
 * the moment of the cut as well; what the sender needs to know to check files comes from the real one. */
struct spools {
	struct lane *lane;
	struct ledger *ledger; /* of the little daemon */
	void *server;
	uint64_t entries;
	bool is_silent; /* it hears and does not answer */
	unsigned marks; /* pushes so far */
	/* What the sender has said to be spooled, by when (in the recorder's log). */
	struct claim {
		uint64_t position, next;
	} claims[RUNS_MAX];
	size_t claim_count;
};

static void give_up(const char *what)
{
	fprintf(stderr, "tests/torture/spools: %s: %s\n", what, strerror(errno));
	abort();
}

static uint64_t position(void)
{
	struct stat status;
	return stat(LOG, &status) == 0 ? (uint64_t)status.st_size : 0;
}

/* ---- the little daemon ---- */

static void answer(struct spools *spools, struct ledger_stream *stream, const Suanpan__Report *report,
                   zmq_msg_t *peer)
{
	Suanpan__Ack ack = SUANPAN__ACK__INIT;
	uint8_t bytes[256];
	ack.major = ENVELOPE_MAJOR;
	ack.has_stream = ack.has_sequence = 1;
	ack.stream = report->stream;
	ack.sequence = report->sequence;
	if (report->sequence > stream->acked + 1) {
		ack.outcome = SUANPAN__OUTCOME__OUTCOME_RESEND;
		ack.has_resend_from = 1;
		ack.resend_from = stream->acked + 1;
	} else {
		struct ledger_report *known = &stream->reports[report->sequence - 1];
		ack.outcome = SUANPAN__OUTCOME__OUTCOME_ACCEPTED;
		ack.has_repeated_report = ack.repeated_report = known->is_acked;
		if (!known->is_acked) {
			known->is_acked = true;
			known->acked_at = position();
			known->commit = known->entry = ++spools->entries;
			stream->acked++;
		}
		ack.has_commit = ack.has_entry = 1;
		ack.commit = ack.entry = known->entry;
	}
	size_t size = suanpan__ack__pack(&ack, bytes);
	zmq_send(spools->server, zmq_msg_data(peer), zmq_msg_size(peer), ZMQ_SNDMORE | ZMQ_DONTWAIT);
	zmq_send(spools->server, bytes, size, ZMQ_DONTWAIT);
}

static void take(struct spools *spools, zmq_msg_t *peer, zmq_msg_t *message)
{
	size_t at;
	const struct ledger_body *body;
	if (!lane_agrees(spools->lane, "a sender whose power was cut",
	                 ledger_see(spools->ledger, zmq_msg_data(message), zmq_msg_size(message), position(),
	                            &at, &body)))
		return;
	Suanpan__Report *report = suanpan__report__unpack(NULL, zmq_msg_size(message), zmq_msg_data(message));
	if (report && !spools->is_silent)
		answer(spools, &spools->ledger->streams[at], report, peer);
	if (report)
		suanpan__report__free_unpacked(report, NULL);
}

static void serve(struct spools *spools, int ms)
{
	zmq_pollitem_t item = {.socket = spools->server, .events = ZMQ_POLLIN};
	zmq_poll(&item, 1, ms);
	for (;;) {
		zmq_msg_t peer, message;
		zmq_msg_init(&peer);
		zmq_msg_init(&message);
		bool whole = zmq_msg_recv(&peer, spools->server, ZMQ_DONTWAIT) >= 0 &&
		             zmq_msg_recv(&message, spools->server, ZMQ_DONTWAIT) >= 0;
		if (whole)
			take(spools, &peer, &message);
		zmq_msg_close(&peer);
		zmq_msg_close(&message);
		if (!whole)
			return;
	}
}

static void open_server(struct spools *spools)
{
	const int linger = 0;
	spools->server = zmq_socket(spools->lane->zmq_context, ZMQ_ROUTER);
	char url[96];
	/* A new name each time; see talk.c. */
	snprintf(url, sizeof url, "ipc://run/one-%" PRIu64, ++spools->lane->connections);
	unlink("run/intake-of-one");
	if (!spools->server || zmq_setsockopt(spools->server, ZMQ_LINGER, &linger, sizeof linger) != 0 ||
	    zmq_bind(spools->server, url) != 0 ||
	    symlink(url + strlen("ipc://run/"), "run/intake-of-one") != 0)
		give_up("server");
}

/* ---- senders ---- */

/* One run to its end, or (kill_us > 0) to its death. Answers its status; what it said is in *ret_said. */
static int run_sender(struct spools *spools, const struct sender_run *run, int64_t kill_us, char **ret_said)
{
	struct child child;
	int status;
	sender_start(spools->lane, &child, run);
	int64_t until = kill_us > 0 ? now_us() + kill_us : INT64_MAX, limit = now_us() + 30000000;
	while (!child_has_ended(&child, &status)) {
		serve(spools, 1);
		if (now_us() < until && now_us() < limit)
			continue;
		status = child_kill(&child, SIGKILL);
		break;
	}
	*ret_said = sender_said(run);
	return status;
}

static struct sender_run run_of(struct spools *spools, const char *command, const char *spool)
{
	struct sender_run run = {.command = command,
	                         .spool = spool,
	                         .timeout = TIMEOUT,
	                         .intake = INTAKE,
	                         .output = "run/cut-said"};
	if (strcmp(command, "push") == 0) {
		sender_write_file(&spools->lane->random, FILE_CSV,
		                  1 + random_below(&spools->lane->random, 30), ++spools->marks);
		run.file = FILE_CSV;
	}
	return run;
}

/* ---- the recorded runs ---- */

static void claim(struct spools *spools)
{
	struct spool_sight sight;
	char *said;
	if (sender_look(spools->lane, "cut/deep/spool", &sight, &said)) {
		spools->claims[spools->claim_count++] = (struct claim){position(), sight.next};
		return;
	}
	lane_find(spools->lane, "a spool cannot be read: %s", said);
	free(said);
}

/* Answers whether the sender ended by itself. */
static bool record_one(struct spools *spools, const char *const environment[], bool may_die)
{
	struct lane *lane = spools->lane;
	const char *command = random_percent(&lane->random, 75) ? "push" : "drain";
	struct sender_run run = run_of(spools, command, "cut/deep/spool");
	char *said;
	run.environment = environment;
	spools->is_silent = random_percent(&lane->random, 25);
	int status = run_sender(
	    spools, &run,
	    may_die && random_percent(&lane->random, 50) ? 1 + random_below(&lane->random, 16000) : 0, &said);
	if (status == 128 + SIGKILL)
		lane->counts->sender_kills++;
	else if (status != 0 && status != 3)
		lane_find(lane, "suanpan-report %s: exit %d\n%s", command, status, said);
	else if (status == 0 || strstr(said, "spooled and will be sent"))
		claim(spools);
	free(said);
	return status != 128 + SIGKILL;
}

static struct powerloss *record(struct spools *spools)
{
	char library[4096], log[4096], under[4096], *what;
	struct lane *lane = spools->lane;
	snprintf(library, sizeof library, "LD_PRELOAD=%s/record.so", lane->settings->build);
	snprintf(log, sizeof log, "RECORD_LOG=%s/" LOG, lane->folder);
	snprintf(under, sizeof under, "RECORD_UNDER=%s/cut", lane->folder);
	const char *const environment[] = {library,
	                                   log,
	                                   under,
	                                   "ASAN_OPTIONS=verify_asan_link_order=0",
	                                   lane->settings->nosync ? "RECORD_NOSYNC=1" : NULL,
	                                   NULL};
	struct powerloss *loss = powerloss_new("cut");
	unlink(LOG);
	close(creat(LOG, 0600));
	unsigned runs = 1 + random_below(&lane->random, RUNS_MAX);
	bool lives = true;
	for (unsigned i = 0; i < runs && lives && !lane->failed; i++)
		lives = record_one(spools, environment, i + 1 == runs);
	spools->is_silent = false;
	powerloss_read(loss, LOG);
	if (lives && !lane->failed && !powerloss_is_complete(loss, &what))
		lane_agrees(lane, "the recorder missed something", what);
	return loss;
}

/* ---- what may be left ---- */

static uint64_t claimed_by(const struct spools *spools, uint64_t at)
{
	uint64_t next = 0;
	for (size_t i = 0; i < spools->claim_count; i++)
		if (spools->claims[i].position <= at && spools->claims[i].next > next)
			next = spools->claims[i].next;
	return next;
}

/* Everything that was sent, or said to be spooled, must still have its number. */
static bool is_all_there(struct spools *spools, uint64_t claimed)
{
	struct spool_sight sight;
	char *said;
	if (!sender_look(spools->lane, "image/deep/spool", &sight, &said)) {
		lane_find(spools->lane, "after a power cut a spool cannot be read: %s", said);
		free(said);
		return false;
	}
	const struct ledger *ledger = spools->ledger;
	if (ledger->stream_count > 1) {
		lane_find(spools->lane, "a sender began a second stream");
		return false;
	}
	size_t sent = ledger->stream_count > 0 ? ledger->streams[0].count : 0;
	if (sight.next > sent && sight.next >= claimed)
		return true;
	lane_find(spools->lane,
	          "after a power cut a spool goes on with report %" PRIu64
	          ", though %zu had been sent and it was said to go on with %" PRIu64,
	          sight.next, sent, claimed);
	return false;
}

static bool must_end_well(struct spools *spools, const char *command)
{
	const struct sender_run run = run_of(spools, command, "image/deep/spool");
	char *said;
	int status = run_sender(spools, &run, 0, &said);
	if (status != 0)
		lane_find(spools->lane, "after a power cut, suanpan-report %s: exit %d\n%s", command, status,
		          said);
	free(said);
	return status == 0 && !spools->lane->failed;
}

static bool is_all_delivered(struct spools *spools)
{
	const struct ledger *ledger = spools->ledger;
	if (ledger->stream_count == 1 && ledger_is_quiet(ledger) && ledger->streams[0].count > 0)
		return true;
	lane_find(spools->lane,
	          "after a power cut, a drain and a push: %zu streams, %zu reports, not all acked",
	          ledger->stream_count, ledger_reports(ledger));
	return false;
}

static void look_at_image(struct spools *spools, struct powerloss *loss)
{
	struct lane *lane = spools->lane;
	struct ledger *all = spools->ledger;
	size_t moment = random_below(&lane->random, (uint32_t)powerloss_count(loss) + 1);
	uint64_t seed = ((uint64_t)random_below(&lane->random, UINT32_MAX) << 32) | lane->number;
	uint64_t entries = spools->entries, at = powerloss_position(loss, moment);
	remove_folder("image");
	powerloss_image(loss, moment, seed, "image");
	if (lane->settings->keeps) {
		remove_folder("before");
		powerloss_image(loss, moment, seed, "before");
	}
	spools->ledger = ledger_fork(all, at, false);
	lane->counts->sender_losses++;
	if (is_all_there(spools, claimed_by(spools, at)) && must_end_well(spools, "drain") &&
	    must_end_well(spools, "push"))
		is_all_delivered(spools);
	ledger_free(spools->ledger);
	spools->ledger = all;
	spools->entries = entries;
}

static void cut(struct spools *spools)
{
	struct powerloss *loss = record(spools);
	for (unsigned i = 0; i < IMAGES && !spools->lane->failed && !lane_is_over(spools->lane); i++)
		look_at_image(spools, loss);
	powerloss_free(loss);
}

void spools_run(struct lane *lane)
{
	struct spools spools = {.lane = lane, .ledger = ledger_new("run/ledger-of-one")};
	talk_start(lane);
	if (talk_wait_ready(lane)) {
		remove_folder("cut");
		if (mkdir("cut", 0700) != 0)
			give_up("cut");
		open_server(&spools);
		cut(&spools);
		zmq_close(spools.server);
		talk_kill(lane, SIGKILL);
	}
	ledger_free(spools.ledger);
}
