/* Acks as suanpan-report gets them while it delivers a spool: whatever comes, no report is lost, none is taken for decided that no
 * ack decided on, and what is left is counted.
 *
 * The spool holds seven reports, of which three are decided and kept. An input is frames, each as a part of mutate.h; its number
 * says whether another turn begins with it, and whether it is an Ack in which the stream and the sequences are to be read from
 * the spool's point of view: a stream of 16 sevens is its own, sequence 1 its first. Nobody is connected: this file is what
 * clients/report/line.h promises. The spool is in memory where there is such a place. */
#include "clients/report/deliver.h"
#include "clients/report/line.h"
#include "proto/envelope.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/mutate.h"
#include "tests/lib/scratch.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HELD    7
#define KEPT    3
#define WALL_MS INT64_C(1714536000000)

enum { BEGINS_A_TURN = 1, IS_RAW = 2 };

static struct spool *spool;
static struct sentence why;
static FILE *messages;
static char *folder;

/* ---- what comes in ---- */

static struct {
	const uint8_t *bytes;
	size_t size, at;
	bool has_paused;
	uint64_t first; /* sequence of the spool's first report */
	uint8_t stream[SPOOL_STREAM_SIZE];
	size_t decisions; /* acks that decide on a report of ours */
} input;

int line_open(void *zmq_context, const char *url, const struct identity *identity, struct sentence *reason,
              struct line **ret_line)
{
	(void)identity;
	(void)zmq_context;
	(void)url;
	(void)reason;
	*ret_line = NULL;
	return 0;
}

void line_close(struct line *line)
{
	(void)line;
}

int line_send(struct line *line, const void *bytes, size_t size)
{
	(void)line;
	assert(bytes && size > 0);
	return 0;
}

int line_wait(struct line *line, bool or_writable, int timeout_ms)
{
	(void)line;
	(void)or_writable;
	assert(timeout_ms >= 0);
	return 0;
}

const char *line_trouble(const struct line *line)
{
	(void)line;
	return NULL;
}

static uint64_t as_ours(uint64_t sequence)
{
	return sequence > 0 && sequence < 100 ? input.first + sequence - 1 : sequence;
}

static void adapt(Suanpan__Ack *ack)
{
	static const uint8_t sevens[SPOOL_STREAM_SIZE] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
	if (ack->has_stream && ack->stream.len == sizeof sevens &&
	    memcmp(ack->stream.data, sevens, sizeof sevens) == 0)
		memcpy(ack->stream.data, input.stream, sizeof sevens);
	ack->sequence = as_ours(ack->sequence);
	ack->resend_from = as_ours(ack->resend_from);
}

static void count_decision(const void *bytes, size_t size)
{
	Suanpan__Ack *ack = suanpan__ack__unpack(NULL, size, bytes);
	if (ack && ack->has_sequence && ack->sequence >= input.first && ack->sequence < input.first + HELD &&
	    (ack->outcome == SUANPAN__OUTCOME__OUTCOME_ACCEPTED ||
	     ack->outcome == SUANPAN__OUTCOME__OUTCOME_REFUSED))
		input.decisions++;
	if (ack)
		suanpan__ack__free_unpacked(ack, NULL);
}

/* A copy from malloc, as it would come from a daemon that knows this spool. */
static void *make_frame(uint32_t number, const uint8_t *part, uint32_t length, size_t *ret_size)
{
	Suanpan__Ack *ack = number & IS_RAW ? NULL : suanpan__ack__unpack(NULL, length, part);
	uint8_t *bytes;
	*ret_size = length;
	if (ack) {
		adapt(ack);
		*ret_size = suanpan__ack__get_packed_size(ack);
		bytes = malloc(*ret_size + 1);
		assert(bytes);
		suanpan__ack__pack(ack, bytes);
		suanpan__ack__free_unpacked(ack, NULL);
		return bytes;
	}
	bytes = malloc(length + 1);
	assert(bytes);
	memcpy(bytes, part, length);
	return bytes;
}

/* When nothing more comes the connection fails: a timeout would take its time. */
int line_receive(struct line *line, void **ret_bytes, size_t *ret_size)
{
	size_t at = input.at;
	const uint8_t *part;
	uint32_t number, length;
	(void)line;
	if (!next_part(input.bytes, input.size, &at, &number, &part, &length))
		return FAULT_SOCKET;
	if ((number & BEGINS_A_TURN) && !input.has_paused) {
		input.has_paused = true;
		return LINE_NOTHING;
	}
	input.has_paused = false;
	input.at = at;
	*ret_bytes = make_frame(number, part, length, ret_size);
	count_decision(*ret_bytes, *ret_size);
	return 0;
}

/* The pause before a second attempt. */
int nanosleep(const struct timespec *time, struct timespec *ret_left)
{
	(void)time;
	(void)ret_left;
	return 0;
}

/* ---- the spool ---- */

static void leave(void)
{
	spool_close(spool);
	scratch_free(folder);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	folder = scratch_new();
	messages = fopen("/dev/null", "w");
	if (!messages || spool_open(folder, &why, &spool) != 0 || spool_lock(spool, 0) != 0)
		abort();
	atexit(leave);
	return 0;
}

static void put_report(struct spool_batch *batch)
{
	static const char *const files[] = {"a.csv"};
	static const struct spool_place places[] = {{.file = 0, .line = 2}, {.file = 0, .line = 3}};
	Suanpan__Report report = SUANPAN__REPORT__INIT;
	uint8_t bytes[64];
	report.major = ENVELOPE_MAJOR;
	report.stream = (ProtobufCBinaryData){.len = sizeof batch->state.stream, .data = batch->state.stream};
	report.sequence = batch->state.next;
	spool_put(batch, &(struct spool_report){.wall_ms = WALL_MS,
	                                        .payload = bytes,
	                                        .payload_size = suanpan__report__pack(&report, bytes),
	                                        .places = places,
	                                        .row_count = 2,
	                                        .files = files,
	                                        .file_count = 1});
}

static void decide_pending(size_t most, const struct spool_bounds *bounds)
{
	struct spool_decision decisions[256];
	uint64_t *sequences;
	size_t count;
	spool_set_bounds(spool, bounds);
	if (spool_list(spool, UINT64_MAX, &sequences, &count) != 0)
		abort();
	for (size_t i = 0; i < count && i < 256; i++)
		decisions[i] = (struct spool_decision){.sequence = sequences[i], .accepted = i % 2};
	if (spool_decide(spool, decisions, count < most ? count : most, WALL_MS) != 0)
		abort();
	free(sequences);
}

/* Three are kept, four are pending, and nothing else is held. */
static void refill(struct spool_state *state)
{
	static const struct spool_bounds nothing = {.keep_ms = 0, .room = SPOOL_ROOM};
	static const struct spool_bounds century = {.keep_ms = INT64_C(36500) * 24 * 3600 * 1000,
	                                            .room = SPOOL_ROOM};
	struct spool_batch batch;
	decide_pending(256, &nothing);
	if (spool_begin(spool, "liwan", &batch) != 0)
		abort();
	for (size_t i = 0; i < HELD; i++)
		put_report(&batch);
	if (spool_commit(&batch) != 0)
		abort();
	decide_pending(KEPT, &century);
	if (spool_read_state(spool, state) != 0)
		abort();
	assert(state->pending == HELD - KEPT && state->kept == KEPT);
}

/* ---- what must hold ---- */

static uint64_t decided(const struct deliver_tally *tally)
{
	return tally->accepted + tally->refused;
}

static void check_delivery(const struct delivery *delivery, const struct spool_state *after)
{
	uint64_t conflicts =
	    delivery->own.conflicts + delivery->earlier.conflicts + delivery->again.conflicts;
	assert(after->pending == delivery->left + conflicts);
	assert(delivery->end != DELIVER_ALL || delivery->left == 0);
	assert(decided(&delivery->own) + decided(&delivery->earlier) <= HELD);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct spool_state before, after;
	struct delivery delivery;
	refill(&before);
	input.bytes = bytes;
	input.size = size;
	input.at = 0;
	input.has_paused = false;
	input.first = before.next - HELD;
	input.decisions = 0;
	memcpy(input.stream, before.stream, sizeof input.stream);
	const struct deliver_settings settings = {.url = "inproc://nobody",
	                                          .timeout_ms = 60000,
	                                          .spool = spool,
	                                          .why = &why,
	                                          .own_first = input.first + KEPT + 1,
	                                          .last = UINT64_MAX,
	                                          .messages = messages};
	int result = deliver(&settings, &delivery);
	assert(result == 0 || result == FAULT_SOCKET);
	if (spool_read_state(spool, &after) != 0)
		abort();
	assert(after.pending + after.kept == HELD);
	assert(after.pending + input.decisions >= HELD - KEPT);
	if (result == 0)
		check_delivery(&delivery, &after);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
	static const char *const words[] = {"no such area", "", "\xff", "the disk is full", "beds"};
	const struct mutation mutation = {.descriptor = &suanpan__ack__descriptor,
	                                  .words = words,
	                                  .word_count = sizeof words / sizeof *words};
	return mutate_parts(&mutation, 0, bytes, size, room, seed);
}
