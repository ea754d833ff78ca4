#include "clients/report/resend.h"
#include "clients/report/notices.h"
#include "daemon/base/arena.h"
#include "proto/envelope.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* Field 4 of a Report, `oldest`, as it stands in the bytes: tag, then the number in groups of seven bits. */
#define OLDEST_TAG      (4 << 3)
#define OLDEST_SIZE_MAX 11

static size_t pack_oldest(uint64_t oldest, uint8_t bytes[OLDEST_SIZE_MAX])
{
	size_t size = 0;
	bytes[size++] = OLDEST_TAG;
	for (; oldest > 0x7f; oldest >>= 7)
		bytes[size++] = (uint8_t)(oldest | 0x80);
	bytes[size++] = (uint8_t)oldest;
	return size;
}

/* What a report says of the lowest number that the spool held when it was packed; 0: nothing. */
static int read_oldest(const struct spool_report *report, uint64_t *ret_oldest)
{
	struct arena *arena;
	ProtobufCMessage *message;
	uint64_t major;
	int answer = arena_new(ENVELOPE_UNPACK_BUDGET, &arena);
	if (answer)
		return answer;
	answer = envelope_unpack(&suanpan__report__descriptor, report->payload, report->payload_size, arena,
	                         &major, &message);
	if (!answer) {
		const Suanpan__Report *packed = (const Suanpan__Report *)message;
		*ret_oldest = packed->has_oldest ? packed->oldest : 0;
	}
	arena_free(arena);
	return answer > 0 ? FAULT_CORRUPT : answer;
}

/* Lets the report say that there is nothing before it. One that says so already was lost on its way. */
static int declare_gap(const struct deliver_settings *settings, uint64_t sequence)
{
	struct spool_report *report;
	uint64_t oldest = 0;
	int answer = spool_read(settings->spool, sequence, &report);
	if (answer)
		return answer;
	answer = read_oldest(report, &oldest);
	free(report);
	if (answer) {
		sentence_set(settings->why, "report %" PRIu64 " in the spool: %s", sequence,
		             fault_text(answer));
		return answer;
	}
	if (oldest == sequence)
		return 0;
	uint8_t bytes[OLDEST_SIZE_MAX];
	size_t size = pack_oldest(sequence, bytes);
	return spool_amend(settings->spool, sequence, bytes, size);
}

int resend_prepare(const struct deliver_settings *settings, uint64_t from, struct resend *ret_resend)
{
	struct resend resend = {.first = 0};
	int answer = spool_go_back(settings->spool, from, &resend.first, &resend.again);
	if (answer == SPOOL_NOTHING) {
		sentence_set(
		    settings->why,
		    "the daemon at %s expects report %" PRIu64
		    " of this spool's stream, which the spool has not made: was the spool restored from "
		    "an old copy? Ask the daemon's operator, then push from a new spool (--spool)",
		    settings->url, from);
		return RESEND_IMPOSSIBLE;
	}
	if (!answer && resend.first > from)
		answer = declare_gap(settings, resend.first);
	if (answer)
		return answer > 0 ? FAULT_CORRUPT : answer; /* we hold the lock: nobody else moves anything */
	notice_again(settings->messages, settings->url, from, resend.first, resend.again);
	*ret_resend = resend;
	return 0;
}
