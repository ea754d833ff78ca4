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
		printf("oldest    %" PRIu64 "\n", state->first_pending);
	printf("kept      %" PRIu64, state->kept);
	if (state->kept)
		printf(" (from %" PRIu64 " to %" PRIu64 ", %s bytes)", state->first_kept, state->last_kept,
		       group_digits(state->kept_bytes).text);
	putchar('\n');
}

static void print_decision(const struct spool_report *report)
{
	char time[CLOCK_TEXT_SIZE];
	clock_format(report->decided_ms, time);
	printf(", %s %s", report->accepted ? "accepted" : "refused", time);
}

static void print_report(const struct spool_report *report)
{
	char time[CLOCK_TEXT_SIZE];
	clock_format(report->wall_ms, time);
	printf("  report %" PRIu64 ": spooled %s", report->sequence, time);
	if (report->kept)
		print_decision(report);
	printf(", %s observation%s, %s bytes", group_digits(report->row_count).text,
	       report->row_count == 1 ? "" : "s", group_digits(report->payload_size).text);
	for (size_t i = 0; i < report->file_count; i++)
		printf("%s%s", i ? ", " : ", from ", report->files[i]);
	putchar('\n');
}

static int print_reports(struct session *session, const uint64_t sequences[], size_t count)
{
	int status = 0;
	for (size_t i = 0; i < count; i++) {
		struct spool_report *report;
		int answer = spool_read(session->spool, sequences[i], &report);
		if (answer) {
			if (answer != SPOOL_NOTHING) /* else it went just now */
				status = session_say_fault(session, answer);
			continue;
		}
		print_report(report);
		free(report);
	}
	return status;
}

static int print_list(struct session *session,
                      int (*list)(struct spool *, uint64_t last, uint64_t **, size_t *))
{
	uint64_t *sequences = NULL;
	size_t count = 0;
	int fault = list(session->spool, UINT64_MAX, &sequences, &count);
	if (fault)
		return session_say_fault(session, fault);
	int status = print_reports(session, sequences, count);
	free(sequences);
	return status;
}

static int print_spool(struct session *session)
{
	int status = session_open_spool(session);
	if (status)
		return status;
	print_identity(session);
	status = print_list(session, spool_list);
	if (session->settings->list_kept && !status)
		status = print_list(session, spool_list_kept);
	return status;
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
