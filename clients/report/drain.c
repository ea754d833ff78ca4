#include "clients/lib/options.h"
#include "clients/report/sender.h"
#include "clients/report/session.h"
#include <inttypes.h>
#include <stdio.h>

static int lock(struct session *session)
{
	int answer = spool_lock(session->spool, session->timeout_ms);
	if (!answer)
		return 0;
	session_say_fault(session, answer);
	if (answer != SPOOL_BUSY)
		return EXIT_REFUSED;
	session_say_left(session->state.pending);
	return EXIT_UNREACHABLE;
}

static void print_summary(const struct delivery *delivery, uint64_t pending)
{
	const struct deliver_tally *tally = &delivery->own;
	printf("%s report%s", group_digits(pending).text, pending == 1 ? "" : "s");
	if (tally->accepted == pending)
		fputs(", all accepted", stdout);
	else
		session_print_tally(": ", tally);
	if (delivery->left)
		printf(", %s not delivered", group_digits(delivery->left).text);
	if (delivery->commit)
		printf(" (commit %" PRIu64 ")", delivery->commit);
	putchar('\n');
}

static int drain(struct session *session)
{
	int status = lock(session);
	if (status)
		return status;
	/* Once more: another process may have delivered while we waited. */
	int fault = spool_read_state(session->spool, &session->state);
	if (fault)
		return session_say_fault(session, fault);
	struct delivery delivery;
	status = session_deliver(session, 0, UINT64_MAX, &delivery);
	if (status)
		return status;
	if (!session->settings->quiet)
		print_summary(&delivery, session->state.pending);
	return session_exit_status(&delivery);
}

int sender_drain(void *settings, int count, char *arguments[])
{
	(void)count;
	(void)arguments;
	struct session session;
	int status = session_init(&session, settings);
	if (!status && spool_exists(session.path))
		status = session_open_spool(&session);
	if (!status && session.state.pending)
		status = drain(&session);
	else if (!status && !session.settings->quiet)
		printf("nothing is spooled in %s\n", session.path);
	session_done(&session);
	return status;
}
