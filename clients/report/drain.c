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

static void print_commit(const struct delivery *delivery)
{
	if (delivery->commit)
		printf(" (commit %" PRIu64 ")", delivery->commit);
	putchar('\n');
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
	session_print_tally("; of those sent again: ", &delivery->again);
	print_commit(delivery);
}

static int deliver_pending(struct session *session)
{
	struct delivery delivery;
	int status = session_deliver(session, 0, UINT64_MAX, &delivery);
	if (status)
		return status;
	if (!session->settings->quiet)
		print_summary(&delivery, session->state.pending);
	return session_exit_status(&delivery);
}

static void print_nothing(const struct session *session)
{
	if (!session->settings->quiet)
		printf("nothing is spooled in %s\n", session->path);
}

static void print_again(const struct delivery *delivery)
{
	printf("%s report%s sent again", group_digits(delivery->asked_again).text,
	       delivery->asked_again == 1 ? "" : "s");
	session_print_tally(": ", &delivery->again);
	if (delivery->left)
		printf(", %s not delivered", group_digits(delivery->left).text);
	print_commit(delivery);
}

static int ask_newest(struct session *session)
{
	struct delivery delivery;
	int status = session_ask_newest(session, &delivery);
	if (status)
		return status;
	if (!delivery.asked_again)
		print_nothing(session);
	else if (!session->settings->quiet)
		print_again(&delivery);
	return session_exit_status(&delivery);
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
	return session->state.pending ? deliver_pending(session) : ask_newest(session);
}

int sender_drain(void *settings, int count, char *arguments[])
{
	(void)count;
	(void)arguments;
	struct session session;
	int status = session_init(&session, settings);
	if (!status && spool_exists(session.path))
		status = session_open_spool(&session);
	if (!status && (session.state.pending || session.state.kept))
		status = drain(&session);
	else if (!status)
		print_nothing(&session);
	session_done(&session);
	return status;
}
