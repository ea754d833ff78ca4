#include "clients/lib/options.h"
#include "clients/report/sender.h"
#include "clients/report/session.h"
#include "daemon/base/clock.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_identity(const struct session *session)
{
	const struct spool_state *state = &session->state;
	printf("spool     %s\n", session->path);
	printf("reporter  %s\n", state->has_identity ? state->reporter : "none yet");
	if (state->has_identity) {
		fputs("stream    ", stdout);
		for (size_t i = 0; i < sizeof state->stream; i++)
			printf("%02x", state->stream[i]);
		putchar('\n');
	}
	printf("next      %" PRIu64 "\n", state->next);
	printf("pending   %" PRIu64 "\n", state->pending);
	if (state->pending)
		printf("oldest    %" PRIu64 "\n", state->oldest);
}

static void print_report(const struct spool_report *report)
{
	char time[CLOCK_TEXT_SIZE];
	clock_format(report->wall_ms, time);
	printf("  report %" PRIu64 ": spooled %s, %s observation%s, %s bytes", report->sequence, time,
	       group_digits(report->row_count).text, report->row_count == 1 ? "" : "s",
	       group_digits(report->payload_size).text);
	for (size_t i = 0; i < report->file_count; i++)
		printf("%s%s", i ? ", " : ", from ", report->files[i]);
	putchar('\n');
}

static int print_pending(struct session *session)
{
	uint64_t *sequences;
	size_t count;
	int fault = spool_list(session->spool, UINT64_MAX, &sequences, &count);
	if (fault)
		return session_say_fault(session, fault);
	int status = 0;
	for (size_t i = 0; i < count; i++) {
		struct spool_report *report;
		int answer = spool_read(session->spool, sequences[i], &report);
		if (answer) {
			if (answer != SPOOL_NOTHING) /* else it was delivered just now */
				status = session_say_fault(session, answer);
			continue;
		}
		print_report(report);
		free(report);
	}
	free(sequences);
	return status;
}

static int print_spool(struct session *session)
{
	int status = session_open_spool(session);
	if (status)
		return status;
	print_identity(session);
	return session->state.pending ? print_pending(session) : 0;
}

int sender_status(void *settings, int count, char *arguments[])
{
	(void)count;
	(void)arguments;
	struct session session;
	int status = session_init(&session, settings);
	if (!status && spool_exists(session.path))
		status = print_spool(&session);
	else if (!status)
		printf("nothing was ever spooled in %s\n", session.path);
	session_done(&session);
	return status;
}
