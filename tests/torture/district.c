#include "tests/torture/lane.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INTAKE       "ipc://run/senders"
#define PUSHES_MAX   4096
#define KILL_PERCENT 60

struct push {
	size_t rows, seen;
	bool
	    must_arrive; /* its sender said so; else it was killed, and all of it may have been spooled or nothing */
};

struct district {
	unsigned number;
	char spool[64], file[64], output[64];
	struct child sender;
	const char *command;
	int64_t kill_us; /* 0: it may live */
	bool is_settled; /* begins nothing */
	struct push *pushes;
	size_t count;
};

struct district *district_new(struct lane *lane, unsigned number)
{
	struct district *district = calloc(1, sizeof *district);
	if (!district)
		abort();
	district->number = number;
	district->sender.output = -1;
	district->pushes = calloc(PUSHES_MAX, sizeof *district->pushes);
	if (!district->pushes)
		abort();
	(void)lane;
	snprintf(district->spool, sizeof district->spool, "spool-%u", number);
	snprintf(district->file, sizeof district->file, "run/push-%u.csv", number);
	snprintf(district->output, sizeof district->output, "run/sender-%u", number);
	return district;
}

void district_free(struct district *district)
{
	if (!district)
		return;
	free(district->pushes);
	free(district);
}

static struct sender_run run_of(const struct district *district, const char *timeout)
{
	return (struct sender_run){.command = district->command,
	                           .file = strcmp(district->command, "push") == 0 ? district->file : NULL,
	                           .spool = district->spool,
	                           .timeout = timeout,
	                           .intake = INTAKE,
	                           .output = district->output};
}

/* ---- beginning ---- */

static void begin_push(struct lane *lane, struct district *district)
{
	struct push *push = &district->pushes[district->count];
	push->rows = 1 + random_below(&lane->random, 20);
	district->command = "push";
	sender_write_file(&lane->random, district->file, push->rows,
	                  district->number * PUSHES_MAX + (uint32_t)district->count);
	district->count++;
}

static void begin(struct lane *lane, struct district *district)
{
	if (random_percent(&lane->random, 70) && district->count < PUSHES_MAX)
		begin_push(lane, district);
	else
		district->command = "drain";
	const struct sender_run run = run_of(district, "0.2");
	sender_start(lane, &district->sender, &run);
	district->kill_us =
	    random_percent(&lane->random, KILL_PERCENT) ? now_us() + random_below(&lane->random, 14000) : 0;
}

/* ---- ending ---- */

void district_see(struct lane *lane, const struct ledger_body *body)
{
	for (size_t i = 0; i < body->row_count; i++) {
		uint32_t mark = sender_mark(&body->rows[i]), number = mark / PUSHES_MAX;
		if (number < LANE_DISTRICTS && lane->districts[number] &&
		    mark % PUSHES_MAX < lane->districts[number]->count)
			lane->districts[number]->pushes[mark % PUSHES_MAX].seen++;
		else
			lane_find(lane, "a sender sent a value that nobody gave it: %" PRId64,
			          body->rows[i].value);
	}
}

static void find_sender(struct lane *lane, const struct district *district, int status)
{
	const struct sender_run run = run_of(district, "");
	char *said = sender_said(&run);
	lane_find(lane, "suanpan-report %s of %s: exit %d\n%s", district->command, district->spool, status,
	          said);
	free(said);
}

/* 0: all were accepted. 3: nobody answered, and they are spooled if it says so. */
static void end(struct lane *lane, struct district *district, int status)
{
	const struct sender_run run = run_of(district, "");
	char *said = sender_said(&run);
	bool spooled = status == 0 || (status == 3 && strstr(said, "spooled and will be sent"));
	free(said);
	if (status != 0 && status != 3) {
		find_sender(lane, district, status);
		return;
	}
	if (strcmp(district->command, "push") != 0)
		return;
	struct push *push = &district->pushes[district->count - 1];
	push->must_arrive = spooled;
	if (status == 0 && push->seen != push->rows)
		lane_find(lane, "a push of %zu rows from %s says that all were accepted, and %zu went by",
		          push->rows, district->spool, push->seen);
}

void district_kill(struct lane *lane, struct district *district)
{
	if (district->sender.pid == 0)
		return;
	int status = child_kill(&district->sender, SIGKILL);
	district->kill_us = 0;
	if (status == 128 + SIGKILL)
		lane->counts->sender_kills++;
	else
		end(lane, district, status);
}

void district_turn(struct lane *lane, struct district *district)
{
	int status;
	if (district->sender.pid == 0) {
		if (!district->is_settled && random_percent(&lane->random, 30))
			begin(lane, district);
	} else if (child_has_ended(&district->sender, &status)) {
		end(lane, district, status);
	} else if (district->kill_us && now_us() >= district->kill_us) {
		district_kill(lane, district);
	}
}

/* ---- settling ---- */

static bool wait_for_sender(struct lane *lane, struct district *district)
{
	while (!lane->failed && district->sender.pid != 0)
		talk_turn(lane, 1);
	return !lane->failed;
}

static bool drain(struct lane *lane, struct district *district)
{
	struct stat status;
	if (stat(district->spool, &status) != 0)
		return true;
	district->command = "drain";
	district->kill_us = 0;
	const struct sender_run run = run_of(district, "10");
	sender_start(lane, &district->sender, &run);
	return wait_for_sender(lane, district);
}

static const struct ledger_stream *find_stream(const struct ledger *ledger,
                                               const uint8_t name[LEDGER_STREAM_SIZE])
{
	for (size_t i = 0; i < ledger->stream_count; i++)
		if (memcmp(ledger->streams[i].name, name, LEDGER_STREAM_SIZE) == 0)
			return &ledger->streams[i];
	return NULL;
}

static bool is_spool_empty(struct lane *lane, const struct district *district)
{
	struct spool_sight sight;
	char *said;
	if (!sender_look(lane, district->spool, &sight, &said)) {
		lane_find(lane, "%s cannot be read: %s", district->spool, said);
		free(said);
		return false;
	}
	if (!sight.has_stream)
		return true;
	const struct ledger_stream *stream = find_stream(lane->ledger, sight.stream);
	size_t sent = stream ? stream->count : 0;
	if (sight.pending == 0 && sight.next == sent + 1 && (!stream || stream->acked == sent))
		return true;
	lane_find(lane,
	          "%s was drained, holds %" PRIu64 " reports, will go on with %" PRIu64
	          ", and sent %zu of which %zu were acked",
	          district->spool, sight.pending, sight.next, sent, stream ? stream->acked : 0);
	return false;
}

static bool have_all_arrived(struct lane *lane, const struct district *district)
{
	for (size_t i = 0; i < district->count; i++) {
		const struct push *push = &district->pushes[i];
		if (push->seen == push->rows || (push->seen == 0 && !push->must_arrive))
			continue;
		lane_find(lane, "push %zu from %s had %zu rows, and %zu arrived", i, district->spool,
		          push->rows, push->seen);
		return false;
	}
	return true;
}

bool district_settle(struct lane *lane, struct district *district)
{
	district->is_settled = true;
	/* One that lost the daemon waits for its timeout; there is not always time for that. */
	if (random_percent(&lane->random, 80))
		district_kill(lane, district);
	return wait_for_sender(lane, district) && drain(lane, district) && is_spool_empty(lane, district) &&
	       have_all_arrived(lane, district);
}

void district_resume(struct district *district)
{
	district->is_settled = false;
}
